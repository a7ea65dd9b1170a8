/* Checks of names: containers, directory entries and the nodes that lead back to them; and dropping what a lost file took with
 * it. */
#include <stdlib.h>

#include "checking.h"
#include "contents.h"
#include "names.h"
#include "records.h"
#include "tree.h"
#include "uploads.h"

static void skr_root_add(struct skr_check *check, uint64_t node, enum skr_root_kind kind, uint64_t objects_node)
{
    if (node == 0)
        return; /* a container of format 1 lacks some */
    if (check->root_count == check->root_capacity) {
        size_t capacity = check->root_capacity == 0 ? 64 : check->root_capacity * 2;
        struct skr_root *grown = realloc(check->roots, capacity * sizeof *grown);
        if (grown == NULL) {
            check->out_of_memory = true;
            return;
        }
        check->roots = grown;
        check->root_capacity = capacity;
    }
    check->roots[check->root_count++] = (struct skr_root){node, kind, objects_node};
}

static int skr_root_order(const void *a, const void *b)
{
    uint64_t x = ((const struct skr_root *)a)->node, y = ((const struct skr_root *)b)->node;
    return (x > y) - (x < y);
}

const struct skr_root *skr_root_find(const struct skr_check *check, uint64_t node)
{
    struct skr_root wanted = {.node = node};
    return check->root_count == 0 ? NULL : bsearch(&wanted, check->roots, check->root_count, sizeof wanted, skr_root_order);
}

static enum skr_status skr_visit_container(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                                           struct skr_error *err)
{
    struct skr_container container;
    (void)key;
    check->out->containers++;
    if (skr_container_decode(&check->arena, value, &container, err) != SKR_OK) {
        skr_check_problem(check, "%s", err->message);
        *keep = false;
        return SKR_OK;
    }
    skr_root_add(check, container.objects_node, SKR_ROOT_OBJECTS, 0);
    skr_root_add(check, container.versions_node, SKR_ROOT_VERSIONS, container.objects_node);
    skr_root_add(check, container.uploads_node, SKR_ROOT_UPLOADS, 0);
    skr_root_add(check, container.multiparts_node, SKR_ROOT_UPLOADS, 0);
    skr_root_add(check, container.journal_node, SKR_ROOT_JOURNAL, container.objects_node);
    return SKR_OK;
}

static enum skr_status skr_visit_garbage_root(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                                              struct skr_error *err)
{
    static const enum skr_root_kind kinds[] = {SKR_ROOT_GARBAGE, SKR_ROOT_UPLOADS, SKR_ROOT_JOURNAL};
    (void)key, (void)keep, (void)err;
    if (value.size == 33 && value.data[0] == SKR_GARBAGE_TREE && skr_get_be64(value.data + 9) < 3)
        skr_root_add(check, skr_get_be64(value.data + 1), kinds[skr_get_be64(value.data + 9)], 0);
    return SKR_OK;
}

const struct skr_root *skr_node_root(struct skr_check *check, uint64_t node)
{
    for (unsigned depth = 0; depth <= SKR_MAX_KEY_BYTES; depth++) {
        struct skr_row_key key;
        struct skr_bytes back;
        const struct skr_root *root = skr_root_find(check, node);
        if (root != NULL)
            return root;
        if (skr_row_get(check->view, SKR_TABLE_NODES, skr_key_1(&key, node), &back, NULL) != SKR_OK || back.size < 8)
            return NULL;
        node = skr_get_be64(back.data);
    }
    return NULL;
}

static void skr_check_leaf(struct skr_check *check, struct skr_bytes record, enum skr_root_kind kind, bool *keep)
{
    struct skr_object object;
    struct skr_content_row row;
    struct skr_error error;
    if (kind == SKR_ROOT_UPLOADS) {
        *keep = record.size == 8;
        if (*keep)
            skr_tally_add(check, &check->uploads, skr_get_be64(record.data));
        return;
    }
    if (kind == SKR_ROOT_JOURNAL) {
        *keep = skr_check_journal_leaf(check, record);
        return;
    }
    if (kind == SKR_ROOT_VERSIONS)
        check->out->versions++;
    else
        check->out->objects++;
    *keep = skr_object_decode(&check->arena, record, &object, &error) == SKR_OK;
    skr_arena_release(&check->arena);
    skr_check_journal_record(check, record);
    if (!*keep || object.content.layout == SKR_CONTENT_EMPTY)
        return;
    check->out->object_bytes += object.content.size_bytes;
    if (skr_content_row_get(check->view, object.content.id, &row, &error) != SKR_OK ||
        row.content.size_bytes != object.content.size_bytes || row.content.layout != object.content.layout) {
        skr_check_problem(check, "an object's content %016llx is missing or another", (unsigned long long)object.content.id);
        *keep = false;
        return;
    }
    skr_tally_add(check, &check->contents, object.content.id);
}

/* The entry of the directory that holds this one says how long names below it may be. */
static enum skr_status skr_check_longest(struct skr_check *check, struct skr_bytes key, const struct skr_dirent *dirent,
                                         struct skr_error *err)
{
    struct skr_row_key row;
    struct skr_bytes back, piece;
    struct skr_dirent holder;
    char entry[SKR_MAX_ROW_KEY];
    size_t longest = key.size - 8;
    if (dirent->interior && dirent->longest != SKR_LONGEST_UNKNOWN)
        longest += dirent->longest;
    if (skr_row_get(check->view, SKR_TABLE_NODES, skr_key_1(&row, skr_get_be64(key.data)), &back, err) != SKR_OK ||
        back.size < 8 || back.size > sizeof entry)
        return SKR_OK; /* a root, or told otherwise */
    piece = (struct skr_bytes){back.data + 8, back.size - 8};
    if (skr_dirent_get(check->view, skr_get_be64(back.data), piece, &holder, err) != SKR_OK || !holder.interior ||
        holder.longest >= longest)
        return SKR_OK;
    skr_check_problem(check, "directory '%.*s' holds names longer than it says", SKR_PRINT(piece));
    if (!check->repair)
        return SKR_OK;
    memcpy(entry, back.data, back.size);
    return skr_dirent_put_interior(check->view, skr_get_be64(entry), (struct skr_bytes){entry + 8, back.size - 8}, holder.child,
                                   longest, err);
}

static enum skr_status skr_visit_dirent(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                                        struct skr_error *err)
{
    struct skr_dirent dirent;
    struct skr_row_key row;
    struct skr_bytes back;
    const struct skr_root *root = key.size >= 8 ? skr_node_root(check, skr_get_be64(key.data)) : NULL;
    if (root == NULL || skr_dirent_decode(value, &dirent, err) != SKR_OK) {
        skr_check_problem(check, "a directory entry is damaged, or nothing leads to it");
        *keep = false;
        return SKR_OK;
    }
    if (!dirent.interior) {
        skr_check_leaf(check, dirent.record, root->kind, keep);
        if (!*keep)
            skr_check_problem(check, "the record of '%.*s' is not usable", (int)(key.size - 8), key.data + 8);
        return *keep ? skr_check_longest(check, key, &dirent, err) : SKR_OK;
    }
    check->out->directories++;
    *keep = skr_row_get(check->view, SKR_TABLE_NODES, skr_key_1(&row, dirent.child), &back, err) == SKR_OK &&
            skr_bytes_equal(back, key);
    if (!*keep)
        skr_check_problem(check, "directory '%.*s' has no way back to its entry", (int)(key.size - 8), key.data + 8);
    return *keep ? skr_check_longest(check, key, &dirent, err) : SKR_OK;
}

enum skr_status skr_visit_node(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                               struct skr_error *err)
{
    struct skr_bytes found;
    struct skr_dirent dirent;
    bool empty = true;
    uint64_t node = key.size == 8 ? skr_get_be64(key.data) : 0;
    *keep = node != 0 && value.size >= 8 && skr_row_get(check->view, SKR_TABLE_DIRENTS, value, &found, err) == SKR_OK &&
            skr_dirent_decode(found, &dirent, err) == SKR_OK && dirent.interior && dirent.child == node;
    if (!*keep) {
        skr_check_problem(check, "directory node %016llx has no entry", (unsigned long long)node);
        return SKR_OK;
    }
    enum skr_status status = skr_tree_is_empty(check->view, node, &empty, err);
    if (status == SKR_OK && empty) {
        skr_check_problem(check, "directory '%.*s' is empty", (int)(value.size - 8), value.data + 8);
        *keep = false;
        if (check->repair) {
            char entry[SKR_MAX_ROW_KEY];
            memcpy(entry, value.data, value.size);
            status = skr_row_remove(check->view, SKR_TABLE_DIRENTS, (struct skr_bytes){entry, value.size}, err);
        }
    }
    return status;
}

enum skr_status skr_check_names(struct skr_check *check, struct skr_error *err)
{
    enum skr_status status = skr_check_table(check, SKR_TABLE_CONTAINERS, skr_visit_container, err);
    if (status == SKR_OK)
        status = skr_check_table(check, SKR_TABLE_GARBAGE, skr_visit_garbage_root, err);
    if (check->root_count > 1)
        qsort(check->roots, check->root_count, sizeof *check->roots, skr_root_order);
    if (status == SKR_OK)
        status = skr_check_table(check, SKR_TABLE_DIRENTS, skr_visit_dirent, err);
    if (status == SKR_OK)
        status = skr_check_table(check, SKR_TABLE_NODES, skr_visit_node, err);
    if (status == SKR_OK)
        status = skr_check_versions(check, err);
    return status == SKR_OK ? skr_check_journal(check, err) : status;
}

/* ---- a content file is lost ---- */

struct skr_dropping {
    struct skr_check check; /* first: the table walk hands it back */
    uint64_t file_id;
    struct skr_tally contents; /* that lie in the file */
    uint64_t removed;
};

static bool skr_extents_use(const struct skr_extent *extents, size_t count, uint64_t file_id)
{
    for (size_t i = 0; i < count; i++)
        if (extents[i].file_id == file_id)
            return true;
    return false;
}

static enum skr_status skr_drop_content(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                                        struct skr_error *err)
{
    struct skr_dropping *dropping = (struct skr_dropping *)check;
    struct skr_content_row row;
    struct skr_extent *extents;
    size_t count;
    (void)keep;
    if (skr_content_row_decode(value, skr_get_be64(key.data), &row, err) != SKR_OK || row.content.layout == SKR_CONTENT_INLINE)
        return SKR_OK;
    enum skr_status status = row.content.layout == SKR_CONTENT_CACHED
                                 ? skr_content_load_cached(check->view, &row, &extents, NULL, &count, err)
                                 : skr_content_load_extents(check->view, &row.content, &extents, &count, err);
    if (status == SKR_OK) {
        if (skr_extents_use(extents, count, dropping->file_id))
            skr_tally_add(check, &dropping->contents, row.content.id);
        free(extents);
    }
    return status;
}

static enum skr_status skr_drop_object(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                                       struct skr_error *err)
{
    struct skr_dropping *dropping = (struct skr_dropping *)check;
    struct skr_dirent dirent;
    struct skr_content content;
    const struct skr_root *root = skr_node_root(check, skr_get_be64(key.data));
    if (root != NULL && root->kind == SKR_ROOT_JOURNAL && skr_dirent_decode(value, &dirent, err) == SKR_OK && !dirent.interior)
        skr_check_journal_leaf(check, dirent.record);
    if (root == NULL || root->kind == SKR_ROOT_UPLOADS || root->kind == SKR_ROOT_JOURNAL ||
        skr_dirent_decode(value, &dirent, err) != SKR_OK || dirent.interior ||
        skr_object_content(dirent.record, &content, err) != SKR_OK || content.layout == SKR_CONTENT_EMPTY ||
        skr_tally_count(&dropping->contents, content.id) == 0)
        return SKR_OK;
    *keep = false;
    dropping->removed++;
    return skr_content_release(check->view, &content, err);
}

static enum skr_status skr_drop_block(struct skr_check *check, struct skr_bytes key, struct skr_bytes value, bool *keep,
                                      struct skr_error *err)
{
    struct skr_dropping *dropping = (struct skr_dropping *)check;
    struct skr_arena arena = {.blocks = NULL};
    struct skr_block_row row;
    (void)key;
    enum skr_status status = skr_block_row_decode(&arena, value, &row, err);
    if (status == SKR_OK && skr_extents_use(row.extents, row.extent_count, dropping->file_id)) {
        *keep = false;
        dropping->removed++;
        status = skr_block_row_release(check->view, &row, false, err);
    }
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_meta_drop_file(struct skr_view *view, uint64_t file_id, uint64_t *removed, struct skr_error *err)
{
    struct skr_meta_check unused = {.problems = 0};
    struct skr_meta_check_options options = {.repair = true};
    struct skr_dropping dropping = {.check = {.view = view, .options = &options, .out = &unused, .repair = true},
                                    .file_id = file_id};
    struct skr_check *check = &dropping.check;
    enum skr_status status = skr_check_table(check, SKR_TABLE_CONTENTS, skr_drop_content, err);
    skr_tally_sort(&dropping.contents);
    if (status == SKR_OK)
        status = skr_check_table(check, SKR_TABLE_CONTAINERS, skr_visit_container, err);
    if (status == SKR_OK)
        status = skr_check_table(check, SKR_TABLE_GARBAGE, skr_visit_garbage_root, err);
    if (check->root_count > 1)
        qsort(check->roots, check->root_count, sizeof *check->roots, skr_root_order);
    if (status == SKR_OK)
        status = skr_check_table(check, SKR_TABLE_DIRENTS, skr_drop_object, err);
    if (status == SKR_OK) /* directories that this left empty */
        status = skr_check_table(check, SKR_TABLE_NODES, skr_visit_node, err);
    if (status == SKR_OK) /* an older version may be the newest one now */
        status = skr_check_versions(check, err);
    if (status == SKR_OK) /* what is lost is not uploaded */
        status = skr_check_journal(check, err);
    if (status == SKR_OK)
        status = skr_check_table(check, SKR_TABLE_BLOCKS, skr_drop_block, err);
    skr_names_lose(view);
    *removed = dropping.removed;
    free(check->roots);
    free(dropping.contents.numbers);
    free(check->journal_leaves.numbers);
    skr_arena_release(&check->arena);
    return status;
}
