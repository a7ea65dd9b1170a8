/* Contents: immutable bytes with a count of references. The row of a content repeats what objects' records say of it, so that a
 * check can compare, and so that a copy needs nothing but one more reference. Extent lists of more than one extent lie in rows
 * of their own, keyed by offset: a range is found by a seek.
 */
#include "contents.h"

#include <stdlib.h>

#include "records.h"

#define SKR_EXTENTS_A_ROW 60

enum skr_status skr_content_row_decode(struct skr_bytes value, uint64_t content_id, struct skr_content_row *out,
                                       struct skr_error *err)
{
    struct skr_decoder decoder = skr_decoder_of(value);
    bool known = skr_decode_number(&decoder, 1) == 1;
    *out = (struct skr_content_row){.references = skr_decode_number(&decoder, 8)};
    out->content.id = content_id;
    out->content.layout = (unsigned)skr_decode_number(&decoder, 1);
    out->content.size_bytes = skr_decode_number(&decoder, 8);
    out->content.crc32c = (uint32_t)skr_decode_number(&decoder, 4);
    out->content.extent_count = (uint32_t)skr_decode_number(&decoder, 4);
    if (out->content.layout == SKR_CONTENT_EXTENT)
        out->content.extent = skr_decode_extent(&decoder);
    if (out->content.layout == SKR_CONTENT_CACHED || skr_decoder_left(&decoder) > 0) { /* the latter: it was uploaded */
        out->origin.binding = skr_decode_number(&decoder, 8);
        out->origin.container = skr_decode_text(&decoder, 1);
        out->origin.key = skr_decode_text(&decoder, 2);
        out->origin.etag = skr_decode_text(&decoder, 1);
    }
    if (decoder.failed || !known || out->content.layout > SKR_CONTENT_CACHED)
        return skr_fail(err, SKR_CORRUPT, "the record of content %016llx is damaged", (unsigned long long)content_id);
    return SKR_OK;
}

enum skr_status skr_content_row_get(struct skr_view *view, uint64_t content_id, struct skr_content_row *out,
                                    struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes value;
    enum skr_status status = skr_row_get(view, SKR_TABLE_CONTENTS, skr_key_1(&key, content_id), &value, err);
    return status != SKR_OK ? status : skr_content_row_decode(value, content_id, out, err);
}

enum skr_status skr_content_row_put(struct skr_view *view, const struct skr_content_row *row, struct skr_error *err)
{
    _Alignas(16) char memory[1024];
    struct skr_arena arena = {.blocks = NULL};
    skr_arena_seed(&arena, memory, sizeof memory);
    struct skr_encoder encoder = {.arena = &arena};
    struct skr_row_key key;
    skr_encode_number(&encoder, 1, 1);
    skr_encode_number(&encoder, row->references, 8);
    skr_encode_number(&encoder, row->content.layout, 1);
    skr_encode_number(&encoder, row->content.size_bytes, 8);
    skr_encode_number(&encoder, row->content.crc32c, 4);
    skr_encode_number(&encoder, row->content.extent_count, 4);
    if (row->content.layout == SKR_CONTENT_EXTENT)
        skr_encode_extent(&encoder, &row->content.extent);
    if (row->content.layout == SKR_CONTENT_CACHED || row->origin.binding != 0) {
        skr_encode_number(&encoder, row->origin.binding, 8);
        skr_encode_text(&encoder, row->origin.container, 1);
        skr_encode_text(&encoder, row->origin.key, 2);
        skr_encode_text(&encoder, row->origin.etag, 1);
    }
    enum skr_status status = encoder.failed ? skr_fail(err, SKR_NO_MEMORY, "no memory for a record")
                                            : skr_row_append(view, SKR_TABLE_CONTENTS, skr_key_1(&key, row->content.id),
                                                             (struct skr_bytes){encoder.data, encoder.size}, err);
    skr_arena_release(&arena);
    return status;
}

/* ---- making ---- */

enum skr_status skr_content_create_inline(struct skr_view *view, uint64_t content_id, struct skr_bytes payload, uint32_t crc32c,
                                          struct skr_content *out, struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_content_row row = {
        .references = 1,
        .content = {.id = content_id, .size_bytes = payload.size, .layout = SKR_CONTENT_INLINE, .crc32c = crc32c}};
    enum skr_status status = skr_view_grow(view, payload.size, err);
    if (status == SKR_OK)
        status = skr_row_append(view, SKR_TABLE_PAYLOADS, skr_key_1(&key, content_id), payload, err);
    if (status == SKR_OK)
        status = skr_content_row_put(view, &row, err);
    *out = row.content;
    return status;
}

/* Two holes; or side by side in the file, and the first ends on a checksum boundary: one extent says the same. */
static bool skr_extents_join(const struct skr_extent *first, const struct skr_extent *second)
{
    if (first->file_id == 0 || second->file_id == 0)
        return first->file_id == second->file_id;
    return first->file_id == second->file_id && first->offset_bytes + first->length_bytes == second->offset_bytes &&
           first->end_bytes == second->offset_bytes && first->end_bytes % 65536 == 0;
}

/* Drops empty extents and joins neighbours, in place. */
static size_t skr_extents_merge(struct skr_extent *extents, size_t count)
{
    size_t merged = 0;
    for (size_t i = 0; i < count; i++) {
        if (extents[i].length_bytes == 0)
            continue;
        if (extents[i].file_id == 0) /* cut out of a longer one, maybe */
            extents[i] = (struct skr_extent){.length_bytes = extents[i].length_bytes};
        if (merged > 0 && skr_extents_join(&extents[merged - 1], &extents[i])) {
            extents[merged - 1].length_bytes += extents[i].length_bytes;
            extents[merged - 1].end_bytes = extents[i].end_bytes; /* 0 of holes */
        } else {
            extents[merged++] = extents[i];
        }
    }
    return merged;
}

static enum skr_status skr_extents_write(struct skr_view *view, uint64_t content_id, const struct skr_extent *extents,
                                         size_t count, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    uint64_t offset = 0;
    enum skr_status status = skr_view_grow(view, count * SKR_EXTENT_RECORD_BYTES, err);
    for (size_t i = 0; i < count && status == SKR_OK;) {
        struct skr_encoder encoder = {.arena = &arena};
        struct skr_row_key key;
        uint64_t row_offset = offset;
        for (size_t end = i + SKR_EXTENTS_A_ROW < count ? i + SKR_EXTENTS_A_ROW : count; i < end; i++) {
            skr_encode_extent(&encoder, &extents[i]);
            offset += extents[i].length_bytes;
        }
        status = encoder.failed ? skr_fail(err, SKR_NO_MEMORY, "no memory for extents")
                                : skr_row_append(view, SKR_TABLE_EXTENTS, skr_key_2(&key, content_id, row_offset),
                                                 (struct skr_bytes){encoder.data, encoder.size}, err);
        skr_arena_release(&arena);
    }
    return status;
}

enum skr_status skr_content_create_extents(struct skr_view *view, uint64_t content_id, const struct skr_extent *extents,
                                           size_t extent_count, struct skr_content *out, struct skr_error *err)
{
    struct skr_content_row row = {.references = 1, .content = {.id = content_id, .layout = SKR_CONTENT_EXTENTS}};
    struct skr_extent *merged = malloc((extent_count + 1) * sizeof *merged);
    if (merged == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for %zu extents", extent_count);
    if (extent_count > 0)
        memcpy(merged, extents, extent_count * sizeof *merged);
    size_t count = skr_extents_merge(merged, extent_count);
    for (size_t i = 0; i < count; i++)
        row.content.size_bytes += merged[i].length_bytes;
    row.content.extent_count = (uint32_t)count;
    enum skr_status status = skr_view_grow(view, 256, err);
    if (status == SKR_OK)
        status = skr_files_refer(view, merged, count, 1, err);
    if (count == 1) {
        row.content.layout = SKR_CONTENT_EXTENT;
        row.content.extent = merged[0];
    } else if (status == SKR_OK) {
        status = skr_extents_write(view, content_id, merged, count, err);
    }
    if (status == SKR_OK)
        status = skr_content_row_put(view, &row, err);
    free(merged);
    *out = row.content;
    return status;
}

/* ---- references ---- */

enum skr_status skr_content_retain(struct skr_view *view, const struct skr_content *content, struct skr_error *err)
{
    struct skr_content_row row;
    if (content->layout == SKR_CONTENT_EMPTY)
        return SKR_OK;
    enum skr_status status = skr_content_row_get(view, content->id, &row, err);
    if (status != SKR_OK || row.references == 0)
        return skr_fail(err, SKR_CORRUPT, "content %016llx has no record", (unsigned long long)content->id);
    row.references++;
    return skr_content_row_put(view, &row, err);
}

enum skr_status skr_content_release(struct skr_view *view, const struct skr_content *content, struct skr_error *err)
{
    struct skr_content_row row;
    struct skr_row_key key;
    if (content->layout == SKR_CONTENT_EMPTY)
        return SKR_OK;
    enum skr_status status = skr_content_row_get(view, content->id, &row, err);
    if (status != SKR_OK || row.references == 0)
        return skr_fail(err, SKR_CORRUPT, "content %016llx has no record", (unsigned long long)content->id);
    row.references--;
    if (row.references > 0)
        return skr_content_row_put(view, &row, err);
    if (row.content.layout == SKR_CONTENT_INLINE && row.origin.binding == 0) { /* what upstream has, too, is counted until it is
                                                                                  taken apart: see skr_garbage_step() */
        status = skr_row_remove(view, SKR_TABLE_PAYLOADS, skr_key_1(&key, content->id), err);
        return status != SKR_OK ? status : skr_row_remove(view, SKR_TABLE_CONTENTS, skr_key_1(&key, content->id), err);
    }
    struct skr_garbage garbage = {.kind = SKR_GARBAGE_CONTENT, .id = content->id};
    status = skr_content_row_put(view, &row, err);
    return status != SKR_OK ? status : skr_garbage_add(view, &garbage, 0, err);
}

enum skr_status skr_content_destroy(struct skr_view *view, uint64_t content_id, struct skr_error *err)
{
    struct skr_content_row row;
    struct skr_extent *extents;
    struct skr_row_key key;
    size_t count;
    enum skr_status status = skr_content_row_get(view, content_id, &row, err);
    if (status == SKR_NOT_FOUND || (status == SKR_OK && row.references > 0))
        return SKR_OK; /* nothing to take apart */
    bool is_cached = status == SKR_OK && row.content.layout == SKR_CONTENT_CACHED;
    bool has_payload = is_cached || (status == SKR_OK && row.content.layout == SKR_CONTENT_INLINE);
    if (status == SKR_OK)
        status = is_cached ? skr_content_load_cached(view, &row, &extents, NULL, &count, err)
                           : skr_content_load_extents(view, &row.content, &extents, &count, err);
    if (status != SKR_OK)
        return status;
    status = skr_files_refer(view, extents, count, -1, err);
    free(extents);
    if (status == SKR_OK && has_payload)
        status = skr_rows_remove(view, SKR_TABLE_PAYLOADS, content_id, err);
    if (status == SKR_OK)
        status = skr_rows_remove(view, SKR_TABLE_EXTENTS, content_id, err);
    if (status == SKR_OK)
        status = skr_rows_remove(view, SKR_TABLE_BLOCKLISTS, content_id, err);
    return status != SKR_OK ? status : skr_row_remove(view, SKR_TABLE_CONTENTS, skr_key_1(&key, content_id), err);
}

/* ---- reading ---- */

enum skr_status skr_content_payload(struct skr_view *view, const struct skr_content *content, struct skr_bytes *out,
                                    struct skr_error *err)
{
    struct skr_row_key key;
    enum skr_status status = skr_row_get(view, SKR_TABLE_PAYLOADS, skr_key_1(&key, content->id), out, err);
    if (status == SKR_NOT_FOUND || (status == SKR_OK && out->size != content->size_bytes))
        return skr_fail(err, SKR_CORRUPT, "the bytes of content %016llx are missing", (unsigned long long)content->id);
    return status;
}

/* Cuts an extent that begins at `at` in the content to [offset, end). False: it lies outside. */
static bool skr_extent_cut(struct skr_extent *extent, uint64_t at, uint64_t offset, uint64_t end)
{
    uint64_t extent_end = at + extent->length_bytes;
    if (extent_end <= offset || at >= end)
        return false;
    uint64_t skip = offset > at ? offset - at : 0;
    extent->offset_bytes += skip;
    extent->length_bytes = (extent_end < end ? extent_end : end) - at - skip;
    return true;
}

/* The row of the extents table that holds `offset`, with the cursor on it. */
static enum skr_status skr_extents_seek(MDB_cursor *cursor, uint64_t content_id, uint64_t offset, struct skr_bytes *found,
                                        struct skr_bytes *value, struct skr_error *err)
{
    struct skr_row_key key;
    enum skr_status status = skr_cursor_seek(cursor, skr_key_2(&key, content_id, offset), found, value, err);
    if (status == SKR_OK && found->size == 16 && skr_get_be64(found->data) == content_id &&
        skr_get_be64(found->data + 8) == offset)
        return SKR_OK;
    if (status != SKR_OK && status != SKR_NOT_FOUND)
        return status;
    MDB_val k, v;
    int result = mdb_cursor_get(cursor, &k, &v, status == SKR_OK ? MDB_PREV : MDB_LAST);
    if (result != 0)
        return skr_meta_status(result, err);
    *found = (struct skr_bytes){k.mv_data, k.mv_size};
    *value = (struct skr_bytes){v.mv_data, v.mv_size};
    return SKR_OK;
}

enum skr_status skr_content_extents(struct skr_view *view, const struct skr_content *content, uint64_t offset_bytes,
                                    uint64_t length_bytes, struct skr_extent *out, size_t capacity, size_t *count,
                                    struct skr_error *err)
{
    uint64_t end = offset_bytes + length_bytes;
    *count = 0;
    if (content->layout == SKR_CONTENT_EXTENT) {
        out[0] = content->extent;
        *count = skr_extent_cut(&out[0], 0, offset_bytes, end);
        return SKR_OK;
    }
    if (content->layout != SKR_CONTENT_EXTENTS)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "a content without extents");
    struct skr_bytes found, value;
    MDB_cursor *cursor;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_EXTENTS, &cursor, err);
    if (status != SKR_OK)
        return status;
    status = skr_extents_seek(cursor, content->id, offset_bytes, &found, &value, err);
    while (status == SKR_OK && *count < capacity && found.size == 16 && skr_get_be64(found.data) == content->id) {
        struct skr_decoder decoder = skr_decoder_of(value);
        uint64_t at = skr_get_be64(found.data + 8);
        if (at >= end)
            break;
        while (*count < capacity && skr_decoder_left(&decoder) >= SKR_EXTENT_RECORD_BYTES) {
            struct skr_extent extent = skr_decode_extent(&decoder);
            uint64_t length = extent.length_bytes;
            if (skr_extent_cut(&extent, at, offset_bytes, end))
                out[(*count)++] = extent;
            at += length;
        }
        status = skr_cursor_next(cursor, &found, &value, err);
    }
    mdb_cursor_close(cursor);
    if (status != SKR_OK && status != SKR_NOT_FOUND)
        return status;
    return *count == 0 && length_bytes > 0
               ? skr_fail(err, SKR_CORRUPT, "content %016llx has no extent there", (unsigned long long)content->id)
               : SKR_OK;
}

enum skr_status skr_content_load_extents(struct skr_view *view, const struct skr_content *content, struct skr_extent **out,
                                         size_t *count, struct skr_error *err)
{
    size_t capacity = content->layout == SKR_CONTENT_EXTENT ? 1 : content->extent_count;
    *count = 0;
    *out = malloc((capacity + 1) * sizeof **out);
    if (*out == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for %zu extents", capacity);
    enum skr_status status = SKR_OK;
    if (content->size_bytes > 0 && capacity > 0)
        status = skr_content_extents(view, content, 0, content->size_bytes, *out, capacity, count, err);
    if (status != SKR_OK) {
        free(*out);
        *out = NULL;
    }
    return status;
}
