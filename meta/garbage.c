/* What removed records leave behind, as rows in the order it came about, and taking it apart in bounded steps. */
#include <stdlib.h>

#include "contents.h"
#include "journal.h"
#include "records.h"
#include "tree.h"
#include "uploads.h"

#define SKR_GARBAGE_ROW_BYTES 33

enum skr_status skr_garbage_add(struct skr_view *view, const struct skr_garbage *garbage, uint64_t committed_content,
                                struct skr_error *err)
{
    struct skr_row_key key;
    char row[SKR_GARBAGE_ROW_BYTES] = {(char)garbage->kind};
    skr_put_be64(row + 1, garbage->id);
    skr_put_be64(row + 9, garbage->offset_bytes);
    skr_put_be64(row + 17, garbage->size_bytes);
    skr_put_be64(row + 25, committed_content);
    return skr_row_append(view, SKR_TABLE_GARBAGE, skr_key_1(&key, skr_meta_next_id(view->meta)),
                          (struct skr_bytes){row, sizeof row}, err);
}

enum skr_status skr_garbage_next(struct skr_view *view, uint64_t after, struct skr_garbage *out, struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes found, value;
    MDB_cursor *cursor;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_GARBAGE, &cursor, err);
    if (status != SKR_OK)
        return status;
    status = skr_cursor_seek(cursor, skr_key_1(&key, after + 1), &found, &value, err);
    if (status == SKR_OK && (value.size != SKR_GARBAGE_ROW_BYTES || found.size != 8))
        status = skr_fail(err, SKR_CORRUPT, "a garbage row is damaged");
    if (status == SKR_OK)
        *out = (struct skr_garbage){.row = skr_get_be64(found.data),
                                    .kind = (unsigned char)value.data[0],
                                    .id = skr_get_be64(value.data + 1),
                                    .offset_bytes = skr_get_be64(value.data + 9),
                                    .size_bytes = skr_get_be64(value.data + 17)};
    mdb_cursor_close(cursor);
    return status;
}

enum skr_status skr_garbage_forget(struct skr_view *view, uint64_t row, struct skr_error *err)
{
    struct skr_row_key key;
    enum skr_status status = skr_row_remove(view, SKR_TABLE_GARBAGE, skr_key_1(&key, row), err);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

/* ---- blocks of an upload that ended ---- */

/* Bytes that a committed content lives in, sorted: a discarded block's slot is punched only outside of them. */
struct skr_living {
    struct skr_extent *extents;
    size_t count;
    bool unknown; /* the content is gone again: punch nothing */
};

static int skr_extent_order(const void *a, const void *b)
{
    const struct skr_extent *x = a, *y = b;
    if (x->file_id != y->file_id)
        return x->file_id < y->file_id ? -1 : 1;
    return (x->offset_bytes > y->offset_bytes) - (x->offset_bytes < y->offset_bytes);
}

static enum skr_status skr_living_load(struct skr_view *view, uint64_t content_id, struct skr_living *living,
                                       struct skr_error *err)
{
    struct skr_content_row row;
    *living = (struct skr_living){.extents = NULL};
    if (content_id == 0)
        return SKR_OK;
    enum skr_status status = skr_content_row_get(view, content_id, &row, err);
    living->unknown = status == SKR_NOT_FOUND || (status == SKR_OK && row.references == 0);
    if (living->unknown)
        return SKR_OK;
    if (status == SKR_OK && row.content.layout != SKR_CONTENT_CACHED) /* whose files are never an upload's */
        status = skr_content_load_extents(view, &row.content, &living->extents, &living->count, err);
    if (status == SKR_OK && living->count > 1)
        qsort(living->extents, living->count, sizeof *living->extents, skr_extent_order);
    return status;
}

static bool skr_living_has(const struct skr_living *living, const struct skr_extent *extent)
{
    size_t low = 0, high = living->count;
    while (low < high) { /* the first that begins at or after the extent */
        size_t middle = low + (high - low) / 2;
        if (skr_extent_order(&living->extents[middle], extent) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    const struct skr_extent *next = low < living->count ? &living->extents[low] : NULL;
    const struct skr_extent *previous = low > 0 ? &living->extents[low - 1] : NULL;
    uint64_t end = extent->offset_bytes + extent->length_bytes;
    return (next != NULL && next->file_id == extent->file_id && next->offset_bytes < end) ||
           (previous != NULL && previous->file_id == extent->file_id &&
            previous->offset_bytes + previous->length_bytes > extent->offset_bytes);
}

static enum skr_status skr_step_block(struct skr_view *view, struct skr_bytes key, struct skr_bytes value,
                                      const struct skr_living *living, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_block_row row;
    char key_copy[SKR_MAX_ROW_KEY];
    memcpy(key_copy, key.data, key.size);
    enum skr_status status = skr_block_row_decode(&arena, value, &row, err);
    bool punch = status == SKR_OK && !living->unknown;
    for (size_t i = 0; punch && i < row.extent_count; i++)
        punch = !skr_living_has(living, &row.extents[i]);
    if (status == SKR_OK)
        status = skr_row_remove(view, SKR_TABLE_BLOCKS, (struct skr_bytes){key_copy, key.size}, err);
    if (status == SKR_OK)
        status = skr_block_row_release(view, &row, punch, err);
    skr_arena_release(&arena);
    return status;
}

/* Removes up to `limit` rows of a table that begin with `number`, by `step`. */
static enum skr_status skr_step_upload(struct skr_view *view, uint64_t upload_id, uint64_t committed_content, size_t limit,
                                       bool *done, struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes found, value;
    struct skr_living living;
    MDB_cursor *cursor;
    *done = false;
    enum skr_status status = skr_living_load(view, committed_content, &living, err);
    if (status == SKR_OK)
        status = skr_cursor_open(view, SKR_TABLE_BLOCKS, &cursor, err);
    if (status != SKR_OK) {
        free(living.extents);
        return status;
    }
    while (limit-- > 0 && status == SKR_OK) {
        status = skr_cursor_seek(cursor, skr_key_1(&key, upload_id), &found, &value, err);
        *done = status == SKR_NOT_FOUND || (status == SKR_OK && skr_get_be64(found.data) != upload_id);
        if (*done || status != SKR_OK)
            break;
        status = skr_step_block(view, found, value, &living, err);
    }
    mdb_cursor_close(cursor);
    free(living.extents);
    return *done ? SKR_OK : status;
}

/* ---- the tree of a removed container ---- */

/* What the leaves of a tree are, as its garbage row says it. */
enum skr_leaves { SKR_LEAVES_OBJECTS = 0, SKR_LEAVES_UPLOADS = 1, SKR_LEAVES_JOURNAL = 2 };

static enum skr_status skr_step_entry(struct skr_view *view, struct skr_bytes value, enum skr_leaves leaves,
                                      struct skr_error *err)
{
    struct skr_dirent dirent;
    struct skr_row_key key;
    struct skr_object_head head;
    uint64_t sequence;
    enum skr_status status = skr_dirent_decode(value, &dirent, err);
    if (status != SKR_OK)
        return status;
    if (dirent.interior) {
        struct skr_garbage below = {.kind = SKR_GARBAGE_TREE, .id = dirent.child, .offset_bytes = leaves};
        status = skr_row_remove(view, SKR_TABLE_NODES, skr_key_1(&key, dirent.child), err);
        return status != SKR_OK ? status : skr_garbage_add(view, &below, 0, err);
    }
    if (leaves == SKR_LEAVES_OBJECTS) {
        status = skr_object_head_decode(dirent.record, &head, err);
        if (status == SKR_OK)
            status = skr_journal_forget(view, head.journal_sequence, err);
        return status != SKR_OK ? status : skr_content_release(view, &head.content, err);
    }
    if (leaves == SKR_LEAVES_JOURNAL)
        return skr_journal_leaf_sequence(dirent.record, &sequence)
                   ? skr_journal_forget(view, sequence, err)
                   : skr_fail(err, SKR_CORRUPT, "a name in the journal is damaged");
    return dirent.record.size == 8 ? skr_upload_forget(view, skr_get_be64(dirent.record.data), 0, err)
                                   : skr_fail(err, SKR_CORRUPT, "the entry of an upload is damaged");
}

static enum skr_status skr_step_tree(struct skr_view *view, uint64_t node, enum skr_leaves leaves, size_t limit, bool *done,
                                     struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes found, value;
    MDB_cursor *cursor;
    *done = false;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_DIRENTS, &cursor, err);
    if (status != SKR_OK)
        return status;
    while (limit-- > 0 && status == SKR_OK) {
        char key_copy[SKR_MAX_ROW_KEY], value_copy[4096];
        status = skr_cursor_seek(cursor, skr_key_1(&key, node), &found, &value, err);
        *done = status == SKR_NOT_FOUND || (status == SKR_OK && skr_get_be64(found.data) != node);
        if (*done || status != SKR_OK)
            break;
        size_t key_size = found.size;
        memcpy(key_copy, found.data, key_size);
        if (value.size <= sizeof value_copy) { /* what it says is needed after the map changed */
            memcpy(value_copy, value.data, value.size);
            value.data = value_copy;
            status = skr_row_remove(view, SKR_TABLE_DIRENTS, (struct skr_bytes){key_copy, key_size}, err);
            if (status == SKR_OK)
                status = skr_step_entry(view, value, leaves, err);
        } else {
            status = skr_step_entry(view, value, leaves, err);
            if (status == SKR_OK)
                status = skr_row_remove(view, SKR_TABLE_DIRENTS, (struct skr_bytes){key_copy, key_size}, err);
        }
    }
    mdb_cursor_close(cursor);
    return *done ? SKR_OK : status;
}

enum skr_status skr_garbage_step(struct skr_view *view, const struct skr_garbage *garbage, size_t limit, bool *done,
                                 struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes value;
    *done = true;
    enum skr_status status = skr_row_get(view, SKR_TABLE_GARBAGE, skr_key_1(&key, garbage->row), &value, err);
    if (status == SKR_NOT_FOUND)
        return SKR_OK;
    if (status == SKR_OK && value.size != SKR_GARBAGE_ROW_BYTES)
        status = skr_fail(err, SKR_CORRUPT, "a garbage row is damaged");
    if (status != SKR_OK)
        return status;
    uint64_t committed_content = skr_get_be64(value.data + 25);
    switch (garbage->kind) {
    case SKR_GARBAGE_CONTENT:
        status = skr_content_destroy(view, garbage->id, err);
        break;
    case SKR_GARBAGE_TREE:
        status = skr_step_tree(view, garbage->id, (enum skr_leaves)garbage->offset_bytes, limit, done, err);
        break;
    case SKR_GARBAGE_UPLOAD:
        status = skr_step_upload(view, garbage->id, committed_content, limit, done, err);
        break;
    case SKR_GARBAGE_FILE:
    case SKR_GARBAGE_RANGE:
        return skr_fail(err, SKR_INVALID_ARGUMENT, "files are not taken apart in metadata");
    }
    return status == SKR_OK && *done ? skr_garbage_forget(view, garbage->row, err) : status;
}
