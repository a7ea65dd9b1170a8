/* Mode, owner, times and extended attributes of what has a name. */
#include "../federation/journal_note.h"
#include "names.h"

#define SKR_MAX_METADATA_BYTES 8192 /* of names and values: what every face can show */

struct skr_attributes_change {
    struct skr_pending pending;
    struct skr_file_name name;
    struct skr_bytes directory;
    struct skr_file_attributes attributes;
    struct skr_name_value xattr;
    enum skr_xattr_mode mode;
    struct skr_object_name object_name; /* that is looked up before */
};

/* The object that carries the attributes of a name, in `pending->object`, made where a directory has none. */
static enum skr_status skr_carrier(struct skr_view *view, struct skr_attributes_change *op, struct skr_object_name *name,
                                   struct skr_error *err)
{
    static const struct skr_file_attributes none;
    struct skr_container *container = &op->pending.container;
    struct skr_place place;
    enum skr_status status = skr_container_get(view, &op->pending.arena, op->name.account, op->name.container, container, err);
    if (status == SKR_OK)
        status = skr_place_find(view, &op->pending.arena, container, op->name.path, &place, err);
    if (status == SKR_OK && place.kind == 0)
        status = skr_fail(err, SKR_OBJECT_NOT_FOUND, "there is no such file");
    if (status != SKR_OK)
        return status;
    bool uses_marker =
        place.kind == SKR_FILE_DIRECTORY &&
        (place.has_marker || !place.has_object || skr_file_kind_of(op->name.path, &place.object) != SKR_FILE_DIRECTORY);
    *name = skr_object_name_of(&op->name, uses_marker ? op->directory : op->name.path);
    op->pending.has_object = true;
    if (uses_marker && !place.has_marker) {
        struct skr_note note;
        status = skr_note_begin(view, &op->pending, container, name, NULL, true, &note, err);
        if (status == SKR_OK)
            status = skr_empty_object_put(view, &op->pending, container, name->key, &none, err);
        return status != SKR_OK ? status : skr_note_finish(view, &op->pending, name, &note, SKR_JOURNAL_CONTENT, 0, err);
    }
    op->pending.object = uses_marker ? place.marker : place.object;
    return skr_object_copy(&op->pending.arena, &op->pending.object)
               ? SKR_OK
               : skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
}

/* A container's own directory: the container carries them, and is otherwise as it was. */
static enum skr_status skr_apply_container_attributes(struct skr_view *view, struct skr_attributes_change *op,
                                                      struct skr_error *err)
{
    struct skr_container *container = &op->pending.container;
    struct skr_arena *arena = &op->pending.arena;
    struct skr_file_attributes there;
    enum skr_status status = skr_container_get(view, arena, op->name.account, op->name.container, container, err);
    if (status != SKR_OK)
        return status;
    skr_container_attributes_of(container, &there);
    struct skr_bytes text = skr_file_attributes_encode(arena, &there, &op->attributes, skr_view_tick(view));
    if (!skr_container_copy(arena, container) || text.data == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for attributes");
    container->documents[SKR_DOCUMENT_FILE_ATTRIBUTES] = text;
    return skr_container_update(view, op->name.account, op->name.container, container, err);
}

static enum skr_status skr_apply_attributes(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_attributes_change *op = (struct skr_attributes_change *)change;
    struct skr_object *object = &op->pending.object;
    struct skr_file_attributes there;
    struct skr_object_name name;
    if (op->name.path.size == 0)
        return skr_apply_container_attributes(view, op, err);
    enum skr_status status = skr_carrier(view, op, &name, err);
    if (status != SKR_OK)
        return status;
    skr_file_attributes_of(object, &there);
    object->properties[SKR_PROPERTY_FILE_ATTRIBUTES] =
        skr_file_attributes_encode(&op->pending.arena, &there, &op->attributes, skr_view_tick(view));
    if (object->properties[SKR_PROPERTY_FILE_ATTRIBUTES].data == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for attributes");
    return skr_object_update(view, op->pending.container.objects_node, name.key, object, err);
}

static size_t skr_metadata_bytes(const struct skr_name_value *metadata, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += metadata[i].name.size + metadata[i].value.size;
    return size;
}

/* The object's metadata with the one attribute set or gone. */
static enum skr_status skr_xattr_edit(struct skr_attributes_change *op, struct skr_error *err)
{
    struct skr_object *object = &op->pending.object;
    struct skr_name_value *edited = skr_arena_alloc(&op->pending.arena, (object->metadata_count + 1) * sizeof *edited);
    size_t count = 0;
    bool found = false;
    if (edited == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for metadata");
    for (size_t i = 0; i < object->metadata_count; i++) {
        bool is_it = skr_bytes_equal(object->metadata[i].name, op->xattr.name);
        found |= is_it;
        if (!is_it)
            edited[count++] = object->metadata[i];
        else if (op->mode != SKR_XATTR_REMOVE)
            edited[count++] = op->xattr;
    }
    if (found && op->mode == SKR_XATTR_CREATE)
        return skr_fail(err, SKR_OBJECT_EXISTS, "it has such an attribute");
    if (!found && (op->mode == SKR_XATTR_REPLACE || op->mode == SKR_XATTR_REMOVE))
        return skr_fail(err, SKR_NOT_FOUND, "it has no such attribute");
    if (!found)
        edited[count++] = op->xattr;
    if (op->mode != SKR_XATTR_REMOVE && skr_metadata_bytes(edited, count) > SKR_MAX_METADATA_BYTES)
        return skr_fail(err, SKR_TOO_LARGE, "all attributes of a file have %d bytes at most", SKR_MAX_METADATA_BYTES);
    object->metadata = edited;
    object->metadata_count = count;
    return SKR_OK;
}

static enum skr_status skr_apply_xattr(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_attributes_change *op = (struct skr_attributes_change *)change;
    struct skr_object *object = &op->pending.object;
    struct skr_file_attributes there, none = {.given = 0};
    struct skr_object_name name;
    struct skr_note note;
    enum skr_status status = skr_carrier(view, op, &name, err);
    if (status == SKR_OK)
        status = skr_note_begin(view, &op->pending, &op->pending.container, &name, object, false, &note, err);
    if (status == SKR_OK)
        status = skr_xattr_edit(op, err);
    if (status != SKR_OK)
        return status;
    skr_file_attributes_of(object, &there);
    int64_t tick_ns = skr_view_tick(view);
    if (!(there.given & SKR_ATTRIBUTE_MODIFIED)) { /* the file's bytes are as old as they were */
        there.given |= SKR_ATTRIBUTE_MODIFIED;
        there.modified_ns = object->modified_ns;
    }
    object->modified_ns = tick_ns;
    object->etag = skr_etag_of_tick(&op->pending.arena, tick_ns);
    object->properties[SKR_PROPERTY_FILE_ATTRIBUTES] = skr_file_attributes_encode(&op->pending.arena, &there, &none, tick_ns);
    if (object->etag.data == NULL || object->properties[SKR_PROPERTY_FILE_ATTRIBUTES].data == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for attributes");
    status = skr_object_update(view, op->pending.container.objects_node, name.key, object, err);
    return status != SKR_OK ? status : skr_note_finish(view, &op->pending, &name, &note, SKR_JOURNAL_METADATA, 0, err);
}

static struct skr_attributes_change *skr_attributes_new(struct skr_worker *worker, const struct skr_file_name *name,
                                                        enum skr_status (*apply)(struct skr_view *, struct skr_change *,
                                                                                 struct skr_error *),
                                                        skr_done done, void *context)
{
    struct skr_attributes_change *op = skr_pending_new(worker, sizeof *op, apply, done, context);
    if (op == NULL)
        return NULL;
    op->name = *name;
    if (skr_file_name_copy(&op->pending.arena, &op->name))
        op->directory = skr_directory_key(&op->pending.arena, op->name.path);
    op->object_name = skr_object_name_of(&op->name, op->name.path);
    return op;
}

static struct skr_pending *skr_attributes_submit(struct skr_attributes_change *op)
{
    struct skr_error error = {.message = ""};
    if (op->directory.data == NULL)
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for a change of attributes");
    enum skr_status status = op->name.path.size == 0
                                 ? skr_fail(&error, SKR_UNSUPPORTED, "a container's own directory keeps no extended attributes")
                                 : skr_path_check(op->name.path, &error);
    return status != SKR_OK ? skr_pending_fail(&op->pending, status, error.message)
                            : skr_pending_submit_object(&op->pending, &op->object_name, true, NULL);
}

struct skr_pending *skr_set_file_attributes(struct skr_worker *worker, const struct skr_file_name *name,
                                            const struct skr_file_attributes *attributes, skr_done done, void *context)
{
    struct skr_attributes_change *op = skr_attributes_new(worker, name, skr_apply_attributes, done, context);
    if (op == NULL)
        return NULL;
    op->attributes = *attributes;
    return name->path.size == 0 && op->directory.data != NULL ? skr_pending_submit(&op->pending) : skr_attributes_submit(op);
}

struct skr_pending *skr_set_file_xattr(struct skr_worker *worker, const struct skr_file_name *name,
                                       const struct skr_name_value *xattr, enum skr_xattr_mode mode, skr_done done,
                                       void *context)
{
    struct skr_attributes_change *op = skr_attributes_new(worker, name, skr_apply_xattr, done, context);
    if (op == NULL)
        return NULL;
    op->mode = mode;
    op->xattr.name = skr_arena_copy(&op->pending.arena, xattr->name);
    op->xattr.value = xattr->value.size == 0 ? SKR_BYTES("") : skr_arena_copy(&op->pending.arena, xattr->value);
    if (op->xattr.name.data == NULL || op->xattr.value.data == NULL)
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for a change of attributes");
    return skr_attributes_submit(op);
}
