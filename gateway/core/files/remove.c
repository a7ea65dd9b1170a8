/* Removing files and directories. */
#include "../federation/journal_note.h"
#include "names.h"

struct skr_remove_change {
    struct skr_pending pending;
    struct skr_file_name name;
    struct skr_object_name file_name, marker_name; /* the keys that may go */
    bool is_directory;
};

/* The current object of a key goes, as any deletion of it would have it. */
static enum skr_status skr_remove_object(struct skr_view *view, struct skr_pending *pending, struct skr_container *container,
                                         const struct skr_object_name *name, const struct skr_object *there,
                                         struct skr_error *err)
{
    struct skr_note note;
    enum skr_status status = skr_note_begin(view, pending, container, name, there, false, &note, err);
    if (status == SKR_OK && container->versioning == SKR_VERSIONING_OFF) {
        status = skr_object_remove(view, container->objects_node, name->key, err);
    } else if (status == SKR_OK) {
        int64_t tick_ns = skr_view_tick(view);
        struct skr_object marker = {.id = skr_meta_next_id(pending->worker->core->meta),
                                    .kind = SKR_OBJECT_DELETE_MARKER,
                                    .created_ns = tick_ns,
                                    .modified_ns = tick_ns};
        status = skr_version_mark(view, container, name->key, &marker, err);
    }
    return status != SKR_OK ? status : skr_note_finish(view, pending, name, &note, SKR_JOURNAL_DELETE, 0, err);
}

static enum skr_status skr_check_directory(struct skr_view *view, struct skr_remove_change *op,
                                           const struct skr_container *container, const struct skr_place *place,
                                           struct skr_error *err)
{
    bool empty = true;
    if (place->kind != SKR_FILE_DIRECTORY)
        return skr_fail(err, SKR_NOT_A_DIRECTORY, "it is not a directory");
    enum skr_status status =
        place->has_node ? skr_directory_is_empty(view, container->objects_node, op->marker_name.key, &empty, err) : SKR_OK;
    if (status == SKR_OK && !empty)
        status = skr_fail(err, SKR_DIRECTORY_NOT_EMPTY, "there is something in the directory");
    return status;
}

static enum skr_status skr_apply_remove(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_remove_change *op = (struct skr_remove_change *)change;
    struct skr_container *container = &op->pending.container;
    struct skr_place place;
    enum skr_status status = skr_container_get(view, &op->pending.arena, op->name.account, op->name.container, container, err);
    if (status == SKR_OK)
        status = skr_place_find(view, &op->pending.arena, container, op->name.path, &place, err);
    if (status == SKR_OK && place.kind == 0)
        status = skr_fail(err, SKR_OBJECT_NOT_FOUND, "there is no such file");
    if (status == SKR_OK && op->is_directory)
        status = skr_check_directory(view, op, container, &place, err);
    else if (status == SKR_OK && place.kind == SKR_FILE_DIRECTORY)
        status = skr_fail(err, SKR_IS_A_DIRECTORY, "it is a directory");
    if (status != SKR_OK)
        return status;
    /* What hides behind a directory of the same name is not ours to remove: it is seen again. */
    bool takes_object =
        place.has_object && (!op->is_directory || skr_file_kind_of(op->name.path, &place.object) == SKR_FILE_DIRECTORY);
    if (!skr_object_copy(&op->pending.arena, &place.object))
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    if (op->is_directory && place.has_marker)
        status = skr_remove_object(view, &op->pending, container, &op->marker_name, &place.marker, err);
    if (status == SKR_OK && takes_object)
        status = skr_remove_object(view, &op->pending, container, &op->file_name, &place.object, err);
    return status != SKR_OK ? status : skr_parent_keep(view, &op->pending, &op->name, container, err);
}

static struct skr_pending *skr_remove(struct skr_worker *worker, const struct skr_file_name *name, bool is_directory,
                                      skr_done done, void *context)
{
    struct skr_error error = {.message = ""};
    struct skr_remove_change *op = skr_pending_new(worker, sizeof *op, skr_apply_remove, done, context);
    if (op == NULL)
        return NULL;
    op->name = *name;
    op->is_directory = is_directory;
    enum skr_status status = name->path.size == 0 ? skr_fail(&error, SKR_DIRECTORY_NOT_EMPTY, "it is the container's directory")
                                                  : skr_path_check(name->path, &error);
    if (status != SKR_OK)
        return skr_pending_fail(&op->pending, status, error.message);
    if (!skr_file_name_copy(&op->pending.arena, &op->name))
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory to remove a file");
    struct skr_bytes directory = skr_directory_key(&op->pending.arena, op->name.path);
    if (directory.data == NULL)
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory to remove a file");
    op->file_name = skr_object_name_of(&op->name, op->name.path);
    op->marker_name = skr_object_name_of(&op->name, directory);
    return skr_pending_submit_object(&op->pending, is_directory ? &op->marker_name : &op->file_name, true, NULL);
}

struct skr_pending *skr_remove_file(struct skr_worker *worker, const struct skr_file_name *name, skr_done done, void *context)
{
    return skr_remove(worker, name, false, done, context);
}

struct skr_pending *skr_remove_directory(struct skr_worker *worker, const struct skr_file_name *name, skr_done done,
                                         void *context)
{
    return skr_remove(worker, name, true, done, context);
}
