/* Contents of upstream's, of which any part may be here. Each chunk that is here is an extent row of its own, keyed by its
 * offset, in a file of its own: what is filled and evicted is a row and a file, and nothing else moves. A small content may be
 * here as a payload instead. Objects' records never change for it; the content's row tells how much there is.
 */
#include <stdlib.h>

#include "contents.h"
#include "records.h"

#define SKR_EVICT_AT_ONCE 64

static enum skr_status skr_cached_row_get(struct skr_view *view, uint64_t content_id, struct skr_content_row *out,
                                          struct skr_error *err)
{
    enum skr_status status = skr_content_row_get(view, content_id, out, err);
    if (status == SKR_OK && (out->content.layout != SKR_CONTENT_CACHED || out->references == 0))
        return skr_fail(err, SKR_NOT_FOUND, "content %016llx is not cached any more", (unsigned long long)content_id);
    return status;
}

enum skr_status skr_content_create_cached(struct skr_view *view, uint64_t content_id, uint64_t size_bytes,
                                          const struct skr_origin *origin, struct skr_content *out, struct skr_error *err)
{
    struct skr_content_row row = {
        .references = 1,
        .content = {.id = content_id, .size_bytes = size_bytes, .layout = SKR_CONTENT_CACHED},
        .origin = *origin,
    };
    enum skr_status status = skr_view_grow(view, 256 + origin->key.size, err);
    *out = row.content;
    return status != SKR_OK ? status : skr_content_row_put(view, &row, err);
}

enum skr_status skr_content_origin(struct skr_view *view, uint64_t content_id, struct skr_origin *out, struct skr_error *err)
{
    struct skr_content_row row;
    enum skr_status status = skr_cached_row_get(view, content_id, &row, err);
    *out = row.origin;
    return status;
}

enum skr_status skr_content_set_origin(struct skr_view *view, uint64_t content_id, const struct skr_origin *origin,
                                       struct skr_error *err)
{
    struct skr_content_row row;
    enum skr_status status = skr_cached_row_get(view, content_id, &row, err);
    row.origin = *origin;
    if (status == SKR_OK)
        status = skr_view_grow(view, 256 + origin->key.size, err);
    return status != SKR_OK ? status : skr_content_row_put(view, &row, err);
}

/* ---- what is here ---- */

enum skr_status skr_chunk_find(MDB_cursor *cursor, uint64_t content_id, uint64_t offset, bool or_next, uint64_t *at,
                               struct skr_extent *extent, struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes found, value;
    MDB_val k, v;
    enum skr_status status = skr_cursor_seek(cursor, skr_key_2(&key, content_id, offset), &found, &value, err);
    if (status != SKR_OK && status != SKR_NOT_FOUND)
        return status;
    bool is_next = status == SKR_OK && skr_get_be64(found.data) == content_id;
    if (!is_next || skr_get_be64(found.data + 8) != offset) { /* the one before may reach here */
        int result = mdb_cursor_get(cursor, &k, &v, status == SKR_OK ? MDB_PREV : MDB_LAST);
        if (result != 0 && result != MDB_NOTFOUND)
            return skr_meta_status(result, err);
        if (result == 0 && k.mv_size == 16 && skr_get_be64(k.mv_data) == content_id) {
            struct skr_decoder decoder = skr_decoder_of((struct skr_bytes){v.mv_data, v.mv_size});
            *at = skr_get_be64((const char *)k.mv_data + 8);
            *extent = skr_decode_extent(&decoder);
            if (decoder.failed)
                return skr_fail(err, SKR_CORRUPT, "an extent of content %016llx is damaged", (unsigned long long)content_id);
            if (offset - *at < extent->length_bytes)
                return SKR_OK;
        }
        if (!is_next || !or_next)
            return SKR_NOT_FOUND;
        status = skr_cursor_seek(cursor, skr_key_2(&key, content_id, offset), &found, &value, err);
        if (status != SKR_OK)
            return status;
    }
    struct skr_decoder decoder = skr_decoder_of(value);
    *at = skr_get_be64(found.data + 8);
    *extent = skr_decode_extent(&decoder);
    return decoder.failed
               ? skr_fail(err, SKR_CORRUPT, "an extent of content %016llx is damaged", (unsigned long long)content_id)
               : SKR_OK;
}

enum skr_status skr_content_resident(struct skr_view *view, const struct skr_content *content, uint64_t offset_bytes,
                                     uint64_t length_bytes, struct skr_extent *out, size_t capacity, size_t *count,
                                     struct skr_error *err)
{
    uint64_t end = offset_bytes + length_bytes, next = offset_bytes;
    MDB_cursor *cursor;
    *count = 0;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_EXTENTS, &cursor, err);
    if (status != SKR_OK)
        return status;
    while (*count < capacity && next < end) {
        struct skr_extent extent;
        uint64_t at;
        status = skr_chunk_find(cursor, content->id, next, false, &at, &extent, err);
        if (status != SKR_OK)
            break;
        uint64_t skip = next - at, length = extent.length_bytes - skip;
        extent.offset_bytes += skip;
        extent.length_bytes = length < end - next ? length : end - next;
        out[(*count)++] = extent;
        next += extent.length_bytes;
    }
    mdb_cursor_close(cursor);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

enum skr_status skr_content_load_cached(struct skr_view *view, const struct skr_content_row *row, struct skr_extent **out,
                                        uint64_t **offsets, size_t *count, struct skr_error *err)
{
    size_t capacity = (size_t)row->content.extent_count + 1;
    uint64_t next = 0;
    MDB_cursor *cursor;
    *count = 0;
    *out = malloc(capacity * sizeof **out);
    uint64_t *begins = malloc(capacity * sizeof *begins);
    enum skr_status status = *out == NULL || begins == NULL
                                 ? skr_fail(err, SKR_NO_MEMORY, "no memory for %zu extents", capacity)
                                 : skr_cursor_open(view, SKR_TABLE_EXTENTS, &cursor, err);
    bool opened = status == SKR_OK;
    while (status == SKR_OK && *count < capacity) {
        status = skr_chunk_find(cursor, row->content.id, next, true, &begins[*count], &(*out)[*count], err);
        if (status == SKR_OK) {
            next = begins[*count] + (*out)[*count].length_bytes;
            ++*count;
        }
    }
    if (opened)
        mdb_cursor_close(cursor);
    if (status == SKR_OK || (status == SKR_NOT_FOUND && *count != row->content.extent_count))
        status = skr_fail(err, SKR_CORRUPT, "content %016llx claims %u extents and has %s", (unsigned long long)row->content.id,
                          row->content.extent_count, status == SKR_OK ? "more" : "fewer");
    if (status != SKR_NOT_FOUND) {
        free(*out);
        free(begins);
        *out = NULL;
        return status;
    }
    if (offsets != NULL)
        *offsets = begins;
    else
        free(begins);
    return SKR_OK;
}

enum skr_status skr_content_cached_payload(struct skr_view *view, const struct skr_content *content, struct skr_bytes *out,
                                           uint32_t *crc32c, struct skr_error *err)
{
    struct skr_content_row row;
    struct skr_row_key key;
    enum skr_status status = skr_cached_row_get(view, content->id, &row, err);
    if (status == SKR_OK)
        status = skr_row_get(view, SKR_TABLE_PAYLOADS, skr_key_1(&key, content->id), out, err);
    if (status == SKR_OK && out->size != content->size_bytes)
        return skr_fail(err, SKR_CORRUPT, "the bytes of content %016llx are of another length",
                        (unsigned long long)content->id);
    *crc32c = row.content.crc32c;
    return status;
}

/* ---- filling and evicting ---- */

enum skr_status skr_content_fill(struct skr_view *view, uint64_t content_id, uint64_t offset_bytes,
                                 const struct skr_extent *extent, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_content_row row;
    struct skr_extent there;
    struct skr_row_key key;
    MDB_cursor *cursor;
    uint64_t at;
    enum skr_status status = skr_cached_row_get(view, content_id, &row, err);
    if (status != SKR_OK)
        return status;
    if (offset_bytes > row.content.size_bytes || extent->length_bytes > row.content.size_bytes - offset_bytes)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "a chunk outside of its content");
    status = skr_cursor_open(view, SKR_TABLE_EXTENTS, &cursor, err);
    if (status != SKR_OK)
        return status;
    status = skr_chunk_find(cursor, content_id, offset_bytes, true, &at, &there, err);
    mdb_cursor_close(cursor);
    if (status == SKR_OK && at < offset_bytes + extent->length_bytes)
        return skr_fail(err, SKR_OBJECT_EXISTS, "these bytes are here already");
    if (status != SKR_OK && status != SKR_NOT_FOUND)
        return status;
    struct skr_encoder encoder = {.arena = &arena};
    skr_encode_extent(&encoder, extent);
    row.content.extent_count++;
    status = encoder.failed ? skr_fail(err, SKR_NO_MEMORY, "no memory for an extent") : skr_view_grow(view, 512, err);
    if (status == SKR_OK) /* first of all: it points into the map, which the other writes change */
        status = skr_content_row_put(view, &row, err);
    if (status == SKR_OK)
        status = skr_row_put(view, SKR_TABLE_EXTENTS, skr_key_2(&key, content_id, offset_bytes),
                             (struct skr_bytes){encoder.data, encoder.size}, err);
    if (status == SKR_OK)
        status = skr_files_refer(view, extent, 1, 1, err);
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_content_fill_payload(struct skr_view *view, uint64_t content_id, struct skr_bytes payload, uint32_t crc32c,
                                         struct skr_error *err)
{
    struct skr_content_row row;
    struct skr_row_key key;
    enum skr_status status = skr_cached_row_get(view, content_id, &row, err);
    if (status != SKR_OK)
        return status;
    if (payload.size != row.content.size_bytes)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "a payload of another length than its content");
    if (row.content.extent_count > 0)
        return skr_fail(err, SKR_OBJECT_EXISTS, "these bytes are here already");
    row.content.crc32c = crc32c;
    status = skr_view_grow(view, payload.size + 512, err);
    if (status == SKR_OK)
        status = skr_content_row_put(view, &row, err);
    return status != SKR_OK ? status : skr_row_put(view, SKR_TABLE_PAYLOADS, skr_key_1(&key, content_id), payload, err);
}

/* The next ones that lie in [*next, end) as a whole, at most SKR_EVICT_AT_ONCE: found before any is removed, which moves rows.
 */
static enum skr_status skr_evict_find(struct skr_view *view, uint64_t content_id, uint64_t *next, uint64_t end,
                                      uint64_t *offsets, struct skr_extent *extents, size_t *count, struct skr_error *err)
{
    MDB_cursor *cursor;
    *count = 0;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_EXTENTS, &cursor, err);
    if (status != SKR_OK)
        return status;
    while (*count < SKR_EVICT_AT_ONCE && *next < end) {
        uint64_t at;
        status = skr_chunk_find(cursor, content_id, *next, true, &at, &extents[*count], err);
        if (status != SKR_OK || at >= end)
            break;
        if (at >= *next && at + extents[*count].length_bytes <= end)
            offsets[(*count)++] = at;
        *next = at + extents[*count - (*count > 0)].length_bytes;
    }
    mdb_cursor_close(cursor);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

enum skr_status skr_content_evict(struct skr_view *view, uint64_t content_id, uint64_t offset_bytes, uint64_t length_bytes,
                                  uint64_t *freed, struct skr_error *err)
{
    struct skr_content_row row;
    struct skr_extent extents[SKR_EVICT_AT_ONCE];
    uint64_t offsets[SKR_EVICT_AT_ONCE];
    struct skr_row_key key;
    uint64_t next = offset_bytes, end = length_bytes > UINT64_MAX - offset_bytes ? UINT64_MAX : offset_bytes + length_bytes;
    size_t count;
    bool has_payload = false;
    *freed = 0;
    do {
        enum skr_status status = skr_cached_row_get(view, content_id, &row, err);
        has_payload = row.content.extent_count == 0 && *freed == 0;
        if (status == SKR_OK)
            status = skr_evict_find(view, content_id, &next, end, offsets, extents, &count, err);
        row.content.extent_count -= (uint32_t)count;
        if (status == SKR_OK && count > 0)
            status = skr_content_row_put(view, &row, err);
        for (size_t i = 0; i < count && status == SKR_OK; i++) {
            *freed += extents[i].length_bytes;
            status = skr_row_remove(view, SKR_TABLE_EXTENTS, skr_key_2(&key, content_id, offsets[i]), err);
        }
        if (status == SKR_OK && count > 0)
            status = skr_files_refer(view, extents, count, -1, err);
        if (status != SKR_OK)
            return status;
    } while (count == SKR_EVICT_AT_ONCE);
    if (!has_payload || offset_bytes > 0)
        return SKR_OK;
    enum skr_status status = skr_row_remove(view, SKR_TABLE_PAYLOADS, skr_key_1(&key, content_id), err);
    *freed = status == SKR_OK ? row.content.size_bytes : 0;
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

/* ---- making it ours ---- */

/* What its extents are, when they leave no gap. SKR_NOT_FOUND. */
static enum skr_status skr_adopt_extents(struct skr_view *view, struct skr_content_row *row, struct skr_error *err)
{
    struct skr_extent *extents;
    struct skr_row_key key;
    uint64_t *offsets, next = 0;
    size_t count;
    enum skr_status status = skr_content_load_cached(view, row, &extents, &offsets, &count, err);
    if (status != SKR_OK)
        return status;
    for (size_t i = 0; i < count && offsets[i] == next; i++)
        next += extents[i].length_bytes;
    struct skr_extent first = count > 0 ? extents[0] : (struct skr_extent){.file_id = 0};
    free(extents);
    free(offsets);
    if (next != row->content.size_bytes)
        return skr_fail(err, SKR_NOT_FOUND, "not all of it is here");
    row->content.layout = count == 1 ? SKR_CONTENT_EXTENT : SKR_CONTENT_EXTENTS;
    row->content.extent = first;
    return count == 1 ? skr_row_remove(view, SKR_TABLE_EXTENTS, skr_key_2(&key, row->content.id, 0), err) : SKR_OK;
}

enum skr_status skr_content_adopt(struct skr_view *view, uint64_t content_id, struct skr_content *out, struct skr_error *err)
{
    struct skr_content_row row;
    struct skr_bytes payload;
    uint32_t crc32c;
    enum skr_status status = skr_cached_row_get(view, content_id, &row, err);
    if (status == SKR_OK && row.references != 1)
        return skr_fail(err, SKR_NOT_FOUND, "others refer to it too");
    if (status == SKR_OK)
        status = skr_content_cached_payload(view, &row.content, &payload, &crc32c, err);
    if (status == SKR_OK)
        row.content.layout = SKR_CONTENT_INLINE;
    else if (status == SKR_NOT_FOUND && row.references == 1)
        status = skr_adopt_extents(view, &row, err);
    row.origin = (struct skr_origin){.binding = 0};
    *out = row.content;
    return status != SKR_OK ? status : skr_content_row_put(view, &row, err);
}
