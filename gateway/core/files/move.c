/* Renaming. A directory moves by its one entry in the tree, whatever is below it. What an upstream would have to do object by
 * object, and what versions keep under the names they were made with, is left to whoever asks: it copies.
 */
#include "../federation/journal_note.h"
#include "names.h"

struct skr_move_change {
    struct skr_pending pending;
    struct skr_file_name from, to;
    struct skr_bytes from_directory, to_directory;
    struct skr_object_name from_name, to_name;
    enum skr_rename_mode mode;
};

/* What both paths lead to; records are copies. */
struct skr_move_places {
    struct skr_place from, to;
};

/* ---- files ---- */

/* Where versions are kept: a new one under the new name, of the same bytes, and the old name is deleted. */
static enum skr_status skr_move_as_version(struct skr_view *view, struct skr_move_change *op, struct skr_error *err)
{
    struct skr_container *container = &op->pending.container;
    struct skr_object *object = &op->pending.object;
    int64_t tick_ns = skr_view_tick(view);
    struct skr_object marker = {.id = skr_meta_next_id(op->pending.worker->core->meta),
                                .kind = SKR_OBJECT_DELETE_MARKER,
                                .created_ns = tick_ns,
                                .modified_ns = tick_ns};
    enum skr_status status = SKR_OK;
    object->modified_ns = skr_view_tick(view);
    if (object->content.layout != SKR_CONTENT_EMPTY)
        status = skr_content_retain(view, &object->content, err);
    if (status == SKR_OK)
        status = skr_version_put(view, container, op->to.path, object, err);
    return status != SKR_OK ? status : skr_version_mark(view, container, op->from.path, &marker, err);
}

static enum skr_status skr_move_file(struct skr_view *view, struct skr_move_change *op, struct skr_move_places *places,
                                     struct skr_error *err)
{
    struct skr_container *container = &op->pending.container;
    struct skr_object *object = &op->pending.object;
    struct skr_note gone, came;
    *object = places->from.object;
    op->pending.has_object = true;
    enum skr_status status = skr_note_begin(view, &op->pending, container, &op->to_name,
                                            places->to.has_object ? &places->to.object : NULL, true, &came, err);
    if (status == SKR_OK)
        status = skr_note_begin(view, &op->pending, container, &op->from_name, object, false, &gone, err);
    if (status == SKR_OK)
        status = skr_note_source(view, &op->pending, container, op->from.path, object, &came, err);
    if (status == SKR_OK)
        status = container->versioning != SKR_VERSIONING_OFF
                     ? skr_move_as_version(view, op, err)
                     : skr_object_move(view, container->objects_node, op->from.path, op->to.path, err);
    if (status != SKR_OK || (!gone.is_noted && !came.is_noted))
        return status;
    object->upstream_etag = came.change.base_etag; /* what upstream has under the new name, not under the old one */
    gone.index = came.is_noted;
    status = skr_object_update(view, container->objects_node, op->to.path, object, err);
    if (status == SKR_OK) /* in this order: upstream loses the old name when it has the new one */
        status = skr_note_finish(view, &op->pending, &op->to_name, &came, SKR_JOURNAL_CONTENT, object->content.size_bytes, err);
    return status != SKR_OK ? status : skr_note_finish(view, &op->pending, &op->from_name, &gone, SKR_JOURNAL_DELETE, 0, err);
}

/* ---- directories ---- */

static bool skr_is_stub(struct skr_bytes path, const struct skr_place *place)
{
    return place->has_object && skr_file_kind_of(path, &place->object) == SKR_FILE_DIRECTORY;
}

/* An empty directory is in the way: its markers go. */
static enum skr_status skr_clear_directory(struct skr_view *view, struct skr_move_change *op, const struct skr_place *to,
                                           struct skr_error *err)
{
    uint64_t node = op->pending.container.objects_node;
    bool empty = true;
    enum skr_status status = to->has_node ? skr_directory_is_empty(view, node, op->to_directory, &empty, err) : SKR_OK;
    if (status == SKR_OK && !empty)
        status = skr_fail(err, SKR_DIRECTORY_NOT_EMPTY, "there is something in the directory");
    if (status == SKR_OK && to->has_marker)
        status = skr_object_remove(view, node, op->to_directory, err);
    if (status == SKR_OK && skr_is_stub(op->to.path, to))
        status = skr_object_remove(view, node, op->to.path, err);
    return status;
}

static enum skr_status skr_move_directory(struct skr_view *view, struct skr_move_change *op, struct skr_move_places *places,
                                          struct skr_error *err)
{
    uint64_t node = op->pending.container.objects_node;
    if (skr_bytes_starts_with(op->to.path, op->from_directory))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "a directory cannot be moved into itself");
    enum skr_status status = places->to.kind == 0 ? SKR_OK : skr_clear_directory(view, op, &places->to, err);
    if (status == SKR_OK && places->from.has_node)
        status = skr_directory_move(view, node, op->from_directory, op->to_directory, err);
    if (status == SKR_OK && skr_is_stub(op->from.path, &places->from))
        status = skr_object_move(view, node, op->from.path, op->to.path, err);
    return status;
}

/* ---- both ---- */

/* Two files change places: each record, with its hold on its content, goes to the other name. */
static enum skr_status skr_exchange_files(struct skr_view *view, struct skr_move_change *op, struct skr_move_places *places,
                                          struct skr_error *err)
{
    uint64_t node = op->pending.container.objects_node;
    struct skr_note first, second;
    struct skr_object a = places->from.object, b = places->to.object;
    enum skr_status status = skr_note_begin(view, &op->pending, &op->pending.container, &op->from_name, &a, true, &first, err);
    if (status == SKR_OK)
        status = skr_note_begin(view, &op->pending, &op->pending.container, &op->to_name, &b, true, &second, err);
    if (status != SKR_OK)
        return status;
    if (first.is_noted || second.is_noted) { /* what upstream has stays under its name */
        a.upstream_etag = second.change.base_etag;
        b.upstream_etag = first.change.base_etag;
    }
    second.index = first.is_noted;
    status = skr_object_update(view, node, op->to.path, &a, err);
    if (status == SKR_OK)
        status = skr_object_update(view, node, op->from.path, &b, err);
    if (status == SKR_OK)
        status = skr_note_finish(view, &op->pending, &op->from_name, &first, SKR_JOURNAL_CONTENT, b.content.size_bytes, err);
    return status != SKR_OK
               ? status
               : skr_note_finish(view, &op->pending, &op->to_name, &second, SKR_JOURNAL_CONTENT, a.content.size_bytes, err);
}

static enum skr_status skr_exchange(struct skr_view *view, struct skr_move_change *op, struct skr_move_places *places,
                                    struct skr_error *err)
{
    uint64_t node = op->pending.container.objects_node;
    bool from_is_directory = places->from.kind == SKR_FILE_DIRECTORY, to_is_directory = places->to.kind == SKR_FILE_DIRECTORY;
    if (op->pending.container.versioning != SKR_VERSIONING_OFF || skr_is_stub(op->from.path, &places->from) ||
        skr_is_stub(op->to.path, &places->to))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "these cannot change places");
    if (!from_is_directory && !to_is_directory)
        return skr_exchange_files(view, op, places, err);
    if (skr_bytes_starts_with(op->to.path, op->from_directory) || skr_bytes_starts_with(op->from.path, op->to_directory))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "a directory cannot be moved into itself");
    if (from_is_directory && to_is_directory)
        return skr_directory_exchange(view, node, op->from_directory, op->to_directory, err);
    /* A file and a directory of one name lie beside each other in the tree: neither is in the other's way. */
    struct skr_bytes directory = from_is_directory ? op->from_directory : op->to_directory;
    struct skr_bytes directory_to = from_is_directory ? op->to_directory : op->from_directory;
    struct skr_bytes file = from_is_directory ? op->to.path : op->from.path;
    struct skr_bytes file_to = from_is_directory ? op->from.path : op->to.path;
    enum skr_status status = skr_directory_move(view, node, directory, directory_to, err);
    return status != SKR_OK ? status : skr_object_move(view, node, file, file_to, err);
}

/* Every name below a directory would have to be noted. */
static bool skr_has_dirty_names(struct skr_view *view, const struct skr_container *container)
{
    bool is_clean;
    return skr_journal_is_empty(view, container, &is_clean, NULL) != SKR_OK || !is_clean;
}

/* What rename(2) asks of the kinds of what is there. */
static enum skr_status skr_move_check(struct skr_view *view, struct skr_move_change *op, const struct skr_move_places *places,
                                      struct skr_error *err)
{
    bool from_is_directory = places->from.kind == SKR_FILE_DIRECTORY, to_is_directory = places->to.kind == SKR_FILE_DIRECTORY;
    if (places->from.kind == 0 || (op->mode == SKR_RENAME_EXCHANGE && places->to.kind == 0))
        return skr_fail(err, SKR_OBJECT_NOT_FOUND, "there is no such file");
    if (op->mode == SKR_RENAME_NO_REPLACE && places->to.kind != 0)
        return skr_fail(err, SKR_OBJECT_EXISTS, "there is something of that name");
    if (op->mode == SKR_RENAME_REPLACE && places->to.kind != 0 && from_is_directory != to_is_directory)
        return from_is_directory ? skr_fail(err, SKR_NOT_A_DIRECTORY, "there is a file of that name")
                                 : skr_fail(err, SKR_IS_A_DIRECTORY, "there is a directory of that name");
    if ((from_is_directory || to_is_directory) &&
        (op->pending.container.versioning != SKR_VERSIONING_OFF || skr_file_is_bound(view, &op->from) ||
         skr_has_dirty_names(view, &op->pending.container)))
        return skr_fail(err, SKR_OTHER_CONTAINER, "what is in the directory has to be copied");
    return SKR_OK;
}

static enum skr_status skr_apply_move(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_move_change *op = (struct skr_move_change *)change;
    struct skr_container *container = &op->pending.container;
    struct skr_arena *arena = &op->pending.arena;
    struct skr_move_places places;
    enum skr_status status = skr_container_get(view, arena, op->from.account, op->from.container, container, err);
    if (status == SKR_OK)
        status = skr_place_find(view, arena, container, op->from.path, &places.from, err);
    if (status == SKR_OK)
        status = skr_parent_check(view, arena, &op->to, container, err);
    if (status == SKR_OK)
        status = skr_place_find(view, arena, container, op->to.path, &places.to, err);
    if (status == SKR_OK)
        status = skr_move_check(view, op, &places, err);
    if (status != SKR_OK || skr_bytes_equal(op->from.path, op->to.path))
        return status;
    if (!skr_object_copy(arena, &places.from.object) || !skr_object_copy(arena, &places.to.object))
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    if (op->mode == SKR_RENAME_EXCHANGE)
        return skr_exchange(view, op, &places, err);
    status = places.from.kind == SKR_FILE_DIRECTORY ? skr_move_directory(view, op, &places, err)
                                                    : skr_move_file(view, op, &places, err);
    return status != SKR_OK ? status : skr_parent_keep(view, &op->pending, &op->from, container, err);
}

struct skr_pending *skr_rename_file(struct skr_worker *worker, const struct skr_file_name *from, const struct skr_file_name *to,
                                    enum skr_rename_mode mode, skr_done done, void *context)
{
    struct skr_error error = {.message = ""};
    struct skr_move_change *op = skr_pending_new(worker, sizeof *op, skr_apply_move, done, context);
    if (op == NULL)
        return NULL;
    struct skr_arena *arena = &op->pending.arena;
    op->from = *from;
    op->to = *to;
    op->mode = mode;
    enum skr_status status = from->path.size == 0 || to->path.size == 0
                                 ? skr_fail(&error, SKR_INVALID_ARGUMENT, "a container's own directory keeps its place")
                                 : skr_path_check(from->path, &error);
    if (status == SKR_OK)
        status = skr_path_check(to->path, &error);
    if (status == SKR_OK && (!skr_bytes_equal(from->account, to->account) || !skr_bytes_equal(from->container, to->container)))
        status = skr_fail(&error, SKR_OTHER_CONTAINER, "a file keeps its container");
    if (status != SKR_OK)
        return skr_pending_fail(&op->pending, status, error.message);
    if (skr_file_name_copy(arena, &op->from) && skr_file_name_copy(arena, &op->to)) {
        op->from_directory = skr_directory_key(arena, op->from.path);
        op->to_directory = skr_directory_key(arena, op->to.path);
    }
    if (op->from_directory.data == NULL || op->to_directory.data == NULL)
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory to rename a file");
    op->from_name = skr_object_name_of(&op->from, op->from.path);
    op->to_name = skr_object_name_of(&op->to, op->to.path);
    return skr_pending_submit_object(&op->pending, &op->to_name, true, &op->from_name);
}
