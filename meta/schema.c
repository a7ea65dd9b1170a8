/* Rows of tables, with our statuses. Every write notes that its change has written, so that the commit thread knows what a
 * failed change leaves behind. */
#include <errno.h>

#include "meta_private.h"

enum skr_status skr_meta_status(int result, struct skr_error *err)
{
    switch (result) {
    case 0:
        return SKR_OK;
    case MDB_NOTFOUND:
        return skr_fail(err, SKR_NOT_FOUND, "no such row");
    case MDB_MAP_FULL:
        return skr_fail(err, SKR_NO_SPACE, "the metadata map is full");
    case MDB_TXN_FULL:
        return skr_fail(err, SKR_NO_SPACE, "a change is too large for one transaction");
    case ENOSPC:
    case EDQUOT:
        return skr_fail_os(err, SKR_NO_SPACE, result, "no space left for metadata");
    case ENOMEM:
        return skr_fail_os(err, SKR_NO_MEMORY, result, "no memory for metadata");
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_INVALID:
    case MDB_VERSION_MISMATCH:
    case MDB_PANIC:
        return skr_fail(err, SKR_CORRUPT, "metadata is damaged: %s", mdb_strerror(result));
    case MDB_READERS_FULL:
        return skr_fail(err, SKR_BUSY, "too many readers of metadata");
    default:
        return skr_fail_os(err, SKR_IO, result > 0 ? result : 0, "metadata: %s", mdb_strerror(result));
    }
}

static MDB_val skr_val(struct skr_bytes bytes)
{
    return (MDB_val){bytes.size, (void *)bytes.data};
}

enum skr_status skr_row_get(struct skr_view *view, enum skr_table table, struct skr_bytes key, struct skr_bytes *value,
                            struct skr_error *err)
{
    MDB_val k = skr_val(key), v;
    int result = mdb_get(view->txn, view->meta->tables[table], &k, &v);
    if (result != 0)
        return skr_meta_status(result, err);
    *value = (struct skr_bytes){v.mv_data, v.mv_size};
    return SKR_OK;
}

static enum skr_status skr_row_write(struct skr_view *view, enum skr_table table, struct skr_bytes key, struct skr_bytes value,
                                     unsigned flags, struct skr_error *err)
{
    MDB_val k = skr_val(key), v = skr_val(value);
    view->written = true;
    int result = mdb_put(view->txn, view->meta->tables[table], &k, &v, flags);
    if (result == MDB_MAP_FULL)
        view->map_full = true;
    if (result == MDB_KEYEXIST)
        return SKR_NOT_FOUND; /* not at the end: see skr_row_append */
    return skr_meta_status(result, err);
}

enum skr_status skr_row_put(struct skr_view *view, enum skr_table table, struct skr_bytes key, struct skr_bytes value,
                            struct skr_error *err)
{
    return skr_row_write(view, table, key, value, 0, err);
}

enum skr_status skr_row_append(struct skr_view *view, enum skr_table table, struct skr_bytes key, struct skr_bytes value,
                               struct skr_error *err)
{
    enum skr_status status = skr_row_write(view, table, key, value, MDB_APPEND, err);
    return status == SKR_NOT_FOUND ? skr_row_write(view, table, key, value, 0, err) : status;
}

enum skr_status skr_row_remove(struct skr_view *view, enum skr_table table, struct skr_bytes key, struct skr_error *err)
{
    MDB_val k = skr_val(key);
    int result = mdb_del(view->txn, view->meta->tables[table], &k, NULL);
    view->written |= result != MDB_NOTFOUND;
    if (result == MDB_MAP_FULL)
        view->map_full = true;
    return skr_meta_status(result, err);
}

enum skr_status skr_cursor_open(struct skr_view *view, enum skr_table table, MDB_cursor **out, struct skr_error *err)
{
    return skr_meta_status(mdb_cursor_open(view->txn, view->meta->tables[table], out), err);
}

static enum skr_status skr_cursor_get(MDB_cursor *cursor, MDB_cursor_op op, struct skr_bytes key, struct skr_bytes *found,
                                      struct skr_bytes *value, struct skr_error *err)
{
    MDB_val k = skr_val(key), v;
    int result = mdb_cursor_get(cursor, &k, &v, op);
    if (result == MDB_NOTFOUND)
        return SKR_NOT_FOUND;
    if (result != 0)
        return skr_meta_status(result, err);
    *found = (struct skr_bytes){k.mv_data, k.mv_size};
    *value = (struct skr_bytes){v.mv_data, v.mv_size};
    return SKR_OK;
}

enum skr_status skr_cursor_seek(MDB_cursor *cursor, struct skr_bytes key, struct skr_bytes *found, struct skr_bytes *value,
                                struct skr_error *err)
{
    /* LMDB has no empty keys to look for: the first row is the one after nothing. */
    return skr_cursor_get(cursor, key.size == 0 ? MDB_FIRST : MDB_SET_RANGE, key, found, value, err);
}

enum skr_status skr_cursor_next(MDB_cursor *cursor, struct skr_bytes *found, struct skr_bytes *value, struct skr_error *err)
{
    return skr_cursor_get(cursor, MDB_NEXT, SKR_NO_BYTES, found, value, err);
}

enum skr_status skr_view_grow(struct skr_view *view, size_t bytes, struct skr_error *err)
{
    const int64_t pages_touched = 8 * 4096; /* the path to a leaf and splits along it */
    view->room_bytes -= (int64_t)bytes + pages_touched;
    if (view->room_bytes < 0)
        return skr_fail(err, SKR_NO_SPACE, "metadata is at the limit set for it");
    return SKR_OK;
}

enum skr_status skr_pair_key(struct skr_row_key *key, struct skr_bytes first, struct skr_bytes second, struct skr_bytes *out,
                             struct skr_error *err)
{
    if (first.size > SKR_MAX_ACCOUNT_BYTES || second.size > SKR_MAX_CONTAINER_BYTES)
        return skr_fail(err, SKR_NAME_TOO_LONG, "a name is too long");
    if (first.size > 0)
        memcpy(key->data, first.data, first.size);
    key->data[first.size] = '\0';
    if (second.size > 0)
        memcpy(key->data + first.size + 1, second.data, second.size);
    *out = (struct skr_bytes){key->data, first.size + 1 + second.size};
    return SKR_OK;
}
