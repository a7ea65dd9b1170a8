/* New entries: files, directories, symbolic links. */
#include "../federation/journal_note.h"
#include "names.h"

struct skr_make_change {
    struct skr_pending pending;
    struct skr_file_name name;
    struct skr_file_attributes attributes;
    struct skr_bytes key; /* of the object that is made */
    struct skr_object_name object_name;
    bool exclusive, is_directory;
    struct skr_bytes target; /* of a symbolic link; else empty */
    uint64_t content_id;     /* likewise */
};

static const struct skr_name_value skr_symlink_mark = {.name = {"is_symlink", 10}, .value = {"true", 4}};

static enum skr_status skr_make_content(struct skr_view *view, struct skr_make_change *op, struct skr_error *err)
{
    struct skr_object *object = &op->pending.object;
    enum skr_status status = skr_content_create_inline(view, op->content_id, op->target,
                                                       skr_crc32c(0, op->target.data, op->target.size), &object->content, err);
    object->metadata = &skr_symlink_mark;
    object->metadata_count = 1;
    return status != SKR_OK ? status : skr_object_update(view, op->pending.container.objects_node, op->key, object, err);
}

/* Something is there. */
static enum skr_status skr_make_over(struct skr_make_change *op, struct skr_place *place, struct skr_error *err)
{
    if (op->is_directory || op->exclusive || op->target.size > 0)
        return skr_fail(err, SKR_OBJECT_EXISTS, "there is something of that name");
    if (place->kind == SKR_FILE_DIRECTORY)
        return skr_fail(err, SKR_IS_A_DIRECTORY, "it is a directory");
    op->pending.object = place->object;
    op->pending.has_object = true;
    return skr_object_copy(&op->pending.arena, &op->pending.object)
               ? SKR_OK
               : skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
}

static enum skr_status skr_apply_make(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_make_change *op = (struct skr_make_change *)change;
    struct skr_container *container = &op->pending.container;
    struct skr_place place;
    struct skr_note note;
    enum skr_status status = skr_container_get(view, &op->pending.arena, op->name.account, op->name.container, container, err);
    if (status == SKR_OK)
        status = skr_parent_check(view, &op->pending.arena, &op->name, container, err);
    if (status == SKR_OK)
        status = skr_place_find(view, &op->pending.arena, container, op->name.path, &place, err);
    if (status == SKR_OK && place.kind != 0)
        return skr_make_over(op, &place, err);
    if (status == SKR_OK)
        status = skr_note_begin(view, &op->pending, container, &op->object_name, NULL, true, &note, err);
    if (status == SKR_OK)
        status = skr_empty_object_put(view, &op->pending, container, op->key, &op->attributes, err);
    if (status == SKR_OK && op->target.size > 0)
        status = skr_make_content(view, op, err);
    return status != SKR_OK
               ? status
               : skr_note_finish(view, &op->pending, &op->object_name, &note, SKR_JOURNAL_CONTENT, op->target.size, err);
}

static struct skr_pending *skr_make(struct skr_worker *worker, const struct skr_make_change *what, skr_done done, void *context)
{
    struct skr_error error = {.message = ""};
    struct skr_make_change *op = skr_pending_new(worker, sizeof *op, skr_apply_make, done, context);
    if (op == NULL)
        return NULL;
    struct skr_arena *arena = &op->pending.arena;
    op->name = what->name;
    op->attributes = what->attributes;
    op->exclusive = what->exclusive;
    op->is_directory = what->is_directory;
    op->content_id = what->target.size > 0 ? skr_meta_next_id(worker->core->meta) : 0;
    op->target = what->target.size > 0 ? skr_arena_copy(arena, what->target) : SKR_NO_BYTES;
    enum skr_status status = what->name.path.size == 0 ? skr_fail(&error, SKR_OBJECT_EXISTS, "it is the container's directory")
                                                       : skr_path_check(what->name.path, &error);
    if (status != SKR_OK)
        return skr_pending_fail(&op->pending, status, error.message);
    if (!skr_file_name_copy(arena, &op->name) || (what->target.size > 0 && op->target.data == NULL))
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory to make a file");
    op->key = op->is_directory ? skr_directory_key(arena, op->name.path) : op->name.path;
    if (op->key.data == NULL)
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory to make a file");
    op->object_name = skr_object_name_of(&op->name, op->key);
    return skr_pending_submit_object(&op->pending, &op->object_name, true, NULL);
}

struct skr_pending *skr_make_file(struct skr_worker *worker, const struct skr_file_name *name,
                                  const struct skr_file_attributes *attributes, bool exclusive, skr_done done, void *context)
{
    struct skr_make_change what = {.name = *name, .attributes = *attributes, .exclusive = exclusive};
    return skr_make(worker, &what, done, context);
}

struct skr_pending *skr_make_symlink(struct skr_worker *worker, const struct skr_file_name *name, struct skr_bytes target,
                                     const struct skr_file_attributes *attributes, skr_done done, void *context)
{
    struct skr_make_change what = {.name = *name, .attributes = *attributes, .target = target};
    return skr_make(worker, &what, done, context);
}

struct skr_pending *skr_make_directory(struct skr_worker *worker, const struct skr_file_name *name,
                                       const struct skr_file_attributes *attributes, skr_done done, void *context)
{
    struct skr_make_change what = {.name = *name, .attributes = *attributes, .is_directory = true};
    return skr_make(worker, &what, done, context);
}
