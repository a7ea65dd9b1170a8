/* Versions of objects. The current one lies in the objects' tree, so that reading, listing and replacing cost the same whether
 * versions are kept or not. All others, and every delete marker, lie in a tree of their own under the name and an inverted
 * order number: the newest first.
 *
 * The order number is the tick at which the version was made. The null version's identity is 0, and when it becomes one of the
 * others its number is its time of last change: later than all that were made before it, earlier than all that come.
 * Invariants: a name has at most one null version; the newest of the others is a delete marker where there is no current one.
 */
#include "contents.h"
#include "journal.h"
#include "names.h"
#include "records.h"
#include "tree.h"

/* What is current at a key. Its record is a copy: it outlives writes. */
struct skr_current {
    bool exists;
    struct skr_bytes record;
    struct skr_object_head head;
};

static enum skr_status skr_current_load(struct skr_view *view, struct skr_arena *arena, const struct skr_container *container,
                                        struct skr_bytes key, struct skr_current *out, struct skr_error *err)
{
    struct skr_bytes record;
    *out = (struct skr_current){.exists = false};
    enum skr_status status = skr_tree_check_key(key, err);
    if (status == SKR_OK)
        status = skr_tree_get(view, container->objects_node, key, &record, err);
    if (status == SKR_NOT_FOUND)
        return SKR_OK;
    if (status == SKR_OK)
        status = skr_object_head_decode(record, &out->head, err);
    if (status != SKR_OK)
        return status;
    out->record = skr_arena_copy(arena, record);
    out->exists = true;
    return out->record.data == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory for a record") : SKR_OK;
}

static bool skr_is_wanted(const struct skr_object_head *head, bool only_null)
{
    return !only_null || head->version_ns == 0;
}

/* The newest of a key's versions that are not current, or the null one among them. SKR_VERSION_NOT_FOUND. The record lies in
 * the map. */
static enum skr_status skr_versions_first(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                          bool only_null, struct skr_bytes *record, uint64_t *number, struct skr_error *err)
{
    struct skr_walk_options options = {.prefix = key, .from = key, .numbered = true};
    struct skr_walk_entry entry;
    struct skr_object_head head;
    struct skr_walk *walk;
    if (container->versions_node == 0)
        return skr_fail(err, SKR_VERSION_NOT_FOUND, "there is no such version");
    enum skr_status status = skr_walk_open(view, container->versions_node, &options, &walk, err);
    if (status != SKR_OK)
        return status;
    while ((status = skr_walk_next(walk, &entry, err)) == SKR_OK && skr_bytes_equal(entry.key, key)) {
        status = skr_object_head_decode(entry.record, &head, err);
        if (status != SKR_OK || skr_is_wanted(&head, only_null))
            break;
    }
    bool found = status == SKR_OK && skr_bytes_equal(entry.key, key);
    *record = entry.record;
    *number = entry.number;
    skr_walk_close(walk);
    if (found || (status != SKR_OK && status != SKR_NOT_FOUND))
        return status;
    return skr_fail(err, SKR_VERSION_NOT_FOUND, "there is no such version");
}

static enum skr_status skr_versions_get(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                        uint64_t number, struct skr_bytes *record, struct skr_error *err)
{
    struct skr_numbered_key tree_key;
    enum skr_status status =
        container->versions_node == 0
            ? SKR_NOT_FOUND
            : skr_tree_get(view, container->versions_node, skr_tree_number_key(&tree_key, key, number), record, err);
    return status == SKR_NOT_FOUND ? skr_fail(err, SKR_VERSION_NOT_FOUND, "there is no such version") : status;
}

uint64_t skr_version_number(int64_t version_ns)
{
    return ~(uint64_t)version_ns;
}

enum skr_status skr_version_find(struct skr_view *view, struct skr_arena *arena, const struct skr_container *container,
                                 struct skr_bytes key, int64_t version_ns, struct skr_object *out,
                                 struct skr_version_place *place, struct skr_error *err)
{
    struct skr_object_head head;
    struct skr_bytes record;
    *place = (struct skr_version_place){.is_current = true};
    enum skr_status status = skr_tree_check_key(key, err);
    if (status == SKR_OK)
        status = skr_tree_get(view, container->objects_node, key, &record, err);
    if (status == SKR_OK)
        status = skr_object_head_decode(record, &head, err);
    if (status == SKR_OK && head.version_ns == version_ns)
        return skr_object_decode(arena, record, out, err);
    if (status != SKR_OK && status != SKR_NOT_FOUND)
        return status;
    place->is_current = false;
    place->number = skr_version_number(version_ns);
    status = version_ns == 0 ? skr_versions_first(view, container, key, true, &record, &place->number, err)
                             : skr_versions_get(view, container, key, place->number, &record, err);
    if (status == SKR_OK)
        status = skr_object_decode(arena, record, out, err);
    if (status == SKR_OK && out->version_ns != version_ns) /* a null version that has this number */
        return skr_fail(err, SKR_VERSION_NOT_FOUND, "there is no such version");
    return status;
}

enum skr_status skr_version_newest(struct skr_view *view, struct skr_arena *arena, const struct skr_container *container,
                                   struct skr_bytes key, struct skr_object *out, struct skr_version_place *place,
                                   struct skr_error *err)
{
    struct skr_bytes record;
    *place = (struct skr_version_place){.is_current = false};
    enum skr_status status = skr_tree_check_key(key, err);
    if (status == SKR_OK)
        status = skr_versions_first(view, container, key, false, &record, &place->number, err);
    return status != SKR_OK ? status : skr_object_decode(arena, record, out, err);
}

/* ---- changes ---- */

/* Moves what is current among the others; its entry in the objects' tree is the caller's to replace or remove. */
static enum skr_status skr_version_archive(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                           const struct skr_current *current, struct skr_error *err)
{
    struct skr_numbered_key tree_key;
    struct skr_bytes record;
    int64_t order_ns = current->head.version_ns != 0 ? current->head.version_ns : current->head.modified_ns;
    uint64_t number = skr_version_number(order_ns);
    enum skr_status status = skr_versions_get(view, container, key, number, &record, err);
    if (status != SKR_VERSION_NOT_FOUND)
        return status == SKR_OK ? skr_fail(err, SKR_CORRUPT, "two versions of a name were made at one time") : status;
    status = skr_view_grow(view, current->record.size + key.size, err);
    return status != SKR_OK ? status
                            : skr_tree_put(view, container->versions_node, skr_tree_number_key(&tree_key, key, number),
                                           current->record, err);
}

static enum skr_status skr_versions_remove(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                           uint64_t number, struct skr_error *err)
{
    struct skr_numbered_key tree_key;
    struct skr_content content;
    struct skr_bytes record;
    enum skr_status status = skr_versions_get(view, container, key, number, &record, err);
    if (status == SKR_OK)
        status = skr_object_content(record, &content, err);
    if (status == SKR_OK)
        status = skr_tree_remove(view, container->versions_node, skr_tree_number_key(&tree_key, key, number), err);
    return status != SKR_OK ? status : skr_content_release(view, &content, err);
}

/* Where a null version is about to be made: the one among the others goes. There is none when the current one is it. */
static enum skr_status skr_version_drop_null(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                             struct skr_error *err)
{
    struct skr_bytes record;
    uint64_t number;
    enum skr_status status = skr_versions_first(view, container, key, true, &record, &number, err);
    if (status == SKR_VERSION_NOT_FOUND)
        return SKR_OK;
    return status != SKR_OK ? status : skr_versions_remove(view, container, key, number, err);
}

/* Does what is current stay as a version when something is put on top of it? */
static bool skr_version_stays(const struct skr_container *container, const struct skr_current *current)
{
    return current->exists && (container->versioning == SKR_VERSIONING_ENABLED ||
                               (container->versioning == SKR_VERSIONING_SUSPENDED && current->head.version_ns != 0));
}

/* The steps before a new version, common to objects and delete markers. */
static enum skr_status skr_version_make_room(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                             const struct skr_current *current, struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    if (container->versioning != SKR_VERSIONING_OFF && container->versions_node == 0)
        return skr_fail(err, SKR_CORRUPT, "a container that keeps versions has no tree for them");
    if (container->versioning == SKR_VERSIONING_SUSPENDED && !(current->exists && current->head.version_ns == 0))
        status = skr_version_drop_null(view, container, key, err);
    if (status == SKR_OK && skr_version_stays(container, current))
        status = skr_version_archive(view, container, key, current, err);
    return status;
}

enum skr_status skr_version_put(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                struct skr_object *object, struct skr_error *err)
{
    object->version_ns = container->versioning == SKR_VERSIONING_ENABLED ? object->modified_ns : 0;
    if (container->versioning == SKR_VERSIONING_OFF)
        return skr_object_put(view, container->objects_node, key, object, err);
    struct skr_arena arena = {.blocks = NULL};
    struct skr_current current;
    enum skr_status status = skr_current_load(view, &arena, container, key, &current, err);
    if (status == SKR_OK)
        status = skr_version_make_room(view, container, key, &current, err);
    if (status == SKR_OK)
        status = skr_version_stays(container, &current) ? skr_object_update(view, container->objects_node, key, object, err)
                                                        : skr_object_put(view, container->objects_node, key, object, err);
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_version_mark(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                 struct skr_object *marker, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_encoder encoder = {.arena = &arena};
    struct skr_numbered_key tree_key;
    struct skr_current current;
    marker->kind = SKR_OBJECT_DELETE_MARKER;
    marker->version_ns = container->versioning == SKR_VERSIONING_ENABLED ? marker->modified_ns : 0;
    enum skr_status status = skr_current_load(view, &arena, container, key, &current, err);
    if (status == SKR_OK && !skr_object_encode(&encoder, marker))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for a delete marker");
    if (status == SKR_OK)
        status = skr_view_grow(view, encoder.size + key.size, err);
    if (status == SKR_OK)
        status = skr_version_make_room(view, container, key, &current, err);
    if (status == SKR_OK && current.exists)
        status = skr_journal_part(view, key, current.head.journal_sequence, err);
    if (status == SKR_OK && current.exists)
        status = skr_version_stays(container, &current) ? skr_tree_remove(view, container->objects_node, key, err)
                                                        : skr_object_remove(view, container->objects_node, key, err);
    if (status == SKR_OK)
        status = skr_tree_put(view, container->versions_node,
                              skr_tree_number_key(&tree_key, key, skr_version_number(marker->modified_ns)),
                              (struct skr_bytes){encoder.data, encoder.size}, err);
    if (status == SKR_OK)
        skr_names_note(view, container->objects_node, key);
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_version_promote(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                    struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_numbered_key tree_key;
    struct skr_object_head head;
    struct skr_bytes record;
    uint64_t number;
    enum skr_status status = skr_tree_get(view, container->objects_node, key, &record, err);
    if (status != SKR_NOT_FOUND)
        return status;
    status = skr_versions_first(view, container, key, false, &record, &number, err);
    if (status == SKR_VERSION_NOT_FOUND)
        return SKR_OK;
    if (status == SKR_OK)
        status = skr_object_head_decode(record, &head, err);
    if (status != SKR_OK || head.kind == SKR_OBJECT_DELETE_MARKER)
        return status;
    record = skr_arena_copy(&arena, record);
    status = record.data == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory for a record")
                                 : skr_tree_put(view, container->objects_node, key, record, err);
    if (status == SKR_OK)
        status = skr_tree_remove(view, container->versions_node, skr_tree_number_key(&tree_key, key, number), err);
    if (status == SKR_OK)
        skr_names_note(view, container->objects_node, key);
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_version_remove(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                   const struct skr_version_place *place, struct skr_error *err)
{
    enum skr_status status = place->is_current ? skr_object_remove(view, container->objects_node, key, err)
                                               : skr_versions_remove(view, container, key, place->number, err);
    return status != SKR_OK ? status : skr_version_promote(view, container, key, err);
}

enum skr_status skr_version_update(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                   const struct skr_version_place *place, const struct skr_object *object,
                                   struct skr_error *err)
{
    struct skr_numbered_key tree_key;
    return place->is_current ? skr_object_update(view, container->objects_node, key, object, err)
                             : skr_object_write(view, container->versions_node,
                                                skr_tree_number_key(&tree_key, key, place->number), object, 0, err);
}
