/* How much of what upstream has is here, for those who keep account of it: contents in the order of their ids, and the extents
 * of one that are here. An ordinary content that was uploaded has its origin in its row, behind all else, so that a content
 * tells by itself whether it can be had again.
 */
#include "contents.h"
#include "records.h"

enum skr_status skr_content_state(struct skr_view *view, uint64_t content_id, struct skr_content_state *out,
                                  struct skr_error *err)
{
    struct skr_content_row row;
    enum skr_status status = skr_content_row_get(view, content_id, &row, err);
    if (status == SKR_OK)
        *out = (struct skr_content_state){row.content, row.references, row.origin};
    return status;
}

enum skr_status skr_content_visit(struct skr_view *view, uint64_t after, size_t limit,
                                  bool (*visit)(void *context, const struct skr_content_state *state), void *context,
                                  uint64_t *last, struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes found, value;
    struct skr_content_row row;
    MDB_cursor *cursor;
    *last = 0;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_CONTENTS, &cursor, err);
    if (status != SKR_OK)
        return status;
    status = skr_cursor_seek(cursor, skr_key_1(&key, after + 1), &found, &value, err);
    while (status == SKR_OK && limit-- > 0) {
        uint64_t id = found.size == 8 ? skr_get_be64(found.data) : 0;
        *last = id;
        if (id != 0 && skr_content_row_decode(value, id, &row, err) == SKR_OK) { /* a damaged one is a check's business */
            struct skr_content_state state = {row.content, row.references, row.origin};
            if (!visit(context, &state))
                break;
        }
        status = skr_cursor_next(cursor, &found, &value, err);
    }
    mdb_cursor_close(cursor);
    if (status == SKR_NOT_FOUND)
        *last = 0;
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

enum skr_status skr_content_visit_resident(struct skr_view *view, const struct skr_content *content, uint64_t offset_bytes,
                                           bool (*visit)(void *context, uint64_t offset_bytes, uint64_t length_bytes),
                                           void *context, struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes payload;
    struct skr_extent extent;
    MDB_cursor *cursor;
    uint64_t next = offset_bytes, at;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_EXTENTS, &cursor, err);
    if (status != SKR_OK)
        return status;
    bool more = true, any = false;
    while (more && (status = skr_chunk_find(cursor, content->id, next, true, &at, &extent, err)) == SKR_OK) {
        any = true;
        next = at + extent.length_bytes;
        more = visit(context, at, extent.length_bytes);
    }
    mdb_cursor_close(cursor);
    if (status != SKR_OK && status != SKR_NOT_FOUND)
        return status;
    if (any || offset_bytes > 0)
        return SKR_OK;
    status = skr_row_get(view, SKR_TABLE_PAYLOADS, skr_key_1(&key, content->id), &payload, err);
    if (status == SKR_OK)
        visit(context, 0, payload.size);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

static bool skr_add_resident(void *context, uint64_t offset_bytes, uint64_t length_bytes)
{
    (void)offset_bytes;
    *(uint64_t *)context += length_bytes;
    return true;
}

enum skr_status skr_content_resident_bytes(struct skr_view *view, const struct skr_content *content, uint64_t *out,
                                           struct skr_error *err)
{
    *out = content->layout == SKR_CONTENT_CACHED ? 0 : content->size_bytes;
    return content->layout == SKR_CONTENT_CACHED ? skr_content_visit_resident(view, content, 0, skr_add_resident, out, err)
                                                 : SKR_OK;
}

enum skr_status skr_content_uploaded(struct skr_view *view, uint64_t content_id, const struct skr_origin *origin,
                                     struct skr_error *err)
{
    struct skr_content_row row;
    enum skr_status status = skr_content_row_get(view, content_id, &row, err);
    if (status != SKR_OK || row.content.layout == SKR_CONTENT_CACHED)
        return status;
    row.origin = *origin;
    status = skr_view_grow(view, 128 + origin->key.size, err);
    return status != SKR_OK ? status : skr_content_row_put(view, &row, err);
}
