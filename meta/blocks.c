/* Staged blocks: rows of their upload's number and their name. A row of format 1 has a first byte of 0 or 1 (owned) and neither
 * digests nor time.
 */
#include "contents.h"
#include "records.h"
#include "uploads.h"

#define SKR_BLOCK_OWNED 1
#define SKR_BLOCK_HAS_ATTRIBUTES 2

static bool skr_block_row_begin(struct skr_decoder *decoder, bool *owned, struct skr_block *block)
{
    unsigned flags = (unsigned)skr_decode_number(decoder, 1);
    *owned = flags & SKR_BLOCK_OWNED;
    block->size_bytes = skr_decode_number(decoder, 8);
    if (flags & SKR_BLOCK_HAS_ATTRIBUTES) {
        block->modified_ns = (int64_t)skr_decode_number(decoder, 8);
        skr_decode_block_digests(decoder, block);
    }
    return !decoder->failed && flags <= (SKR_BLOCK_OWNED | SKR_BLOCK_HAS_ATTRIBUTES);
}

enum skr_status skr_block_row_decode(struct skr_arena *arena, struct skr_bytes value, struct skr_block_row *out,
                                     struct skr_error *err)
{
    struct skr_decoder decoder = skr_decoder_of(value);
    *out = (struct skr_block_row){.owned = false};
    if (!skr_block_row_begin(&decoder, &out->owned, &out->block) || skr_decoder_left(&decoder) % SKR_EXTENT_RECORD_BYTES != 0)
        return skr_fail(err, SKR_CORRUPT, "a block's record is damaged");
    out->extent_count = skr_decoder_left(&decoder) / SKR_EXTENT_RECORD_BYTES;
    out->extents = skr_arena_alloc(arena, (out->extent_count + 1) * sizeof *out->extents);
    if (out->extents == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a block");
    for (size_t i = 0; i < out->extent_count; i++)
        out->extents[i] = skr_decode_extent(&decoder);
    return SKR_OK;
}

enum skr_status skr_block_row_release(struct skr_view *view, const struct skr_block_row *row, bool punch, struct skr_error *err)
{
    enum skr_status status = skr_files_refer(view, row->extents, row->extent_count, -1, err);
    for (size_t i = 0; punch && row->owned && i < row->extent_count && status == SKR_OK; i++) {
        const struct skr_extent *extent = &row->extents[i];
        uint64_t references;
        status = skr_file_record_references(view, extent->file_id, &references, err);
        if (status == SKR_OK && references > 0) {
            struct skr_garbage range = {.kind = SKR_GARBAGE_RANGE,
                                        .id = extent->file_id,
                                        .offset_bytes = extent->offset_bytes,
                                        .size_bytes = (extent->length_bytes + 65535) / 65536 * 65536};
            status = skr_garbage_add(view, &range, 0, err);
        }
    }
    return status;
}

/* Gives up what a block of the same name holds. */
static enum skr_status skr_block_replace(struct skr_view *view, struct skr_bytes row_key, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_bytes value;
    struct skr_block_row row;
    enum skr_status status = skr_row_get(view, SKR_TABLE_BLOCKS, row_key, &value, err);
    if (status == SKR_NOT_FOUND)
        return SKR_OK;
    if (status == SKR_OK)
        status = skr_block_row_decode(&arena, value, &row, err);
    if (status == SKR_OK)
        status = skr_block_row_release(view, &row, true, err);
    skr_arena_release(&arena);
    return status;
}

static enum skr_status skr_block_encode(struct skr_encoder *encoder, const struct skr_block *block,
                                        const struct skr_extent *extents, size_t extent_count, bool owned,
                                        struct skr_error *err)
{
    skr_encode_number(encoder, SKR_BLOCK_HAS_ATTRIBUTES | (owned ? SKR_BLOCK_OWNED : 0), 1);
    skr_encode_number(encoder, block->size_bytes, 8);
    skr_encode_number(encoder, (uint64_t)block->modified_ns, 8);
    skr_encode_block_digests(encoder, block);
    for (size_t i = 0; i < extent_count; i++)
        skr_encode_extent(encoder, &extents[i]);
    return encoder->failed ? skr_fail(err, SKR_NO_MEMORY, "no memory for a block") : SKR_OK;
}

enum skr_status skr_block_put(struct skr_view *view, struct skr_upload *upload, struct skr_block *block,
                              const struct skr_extent *extents, size_t extent_count, bool owned, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_encoder encoder = {.arena = &arena}, upload_encoder = {.arena = &arena};
    struct skr_row_key key, upload_key;
    struct skr_bytes value;
    if (block->name.size == 0 || block->name.size > SKR_MAX_BLOCK_NAME_BYTES)
        return skr_fail(err, SKR_INVALID_BLOCK_ID, "a block's name has 1 to %d bytes", SKR_MAX_BLOCK_NAME_BYTES);
    struct skr_bytes row_key = skr_key_tail(&key, upload->id, block->name);
    enum skr_status status = skr_row_get(view, SKR_TABLE_BLOCKS, row_key, &value, err);
    if (status != SKR_OK && status != SKR_NOT_FOUND)
        return status;
    upload->block_count += status == SKR_NOT_FOUND;
    upload->name_size = (uint32_t)block->name.size;
    upload->touched_ns = block->modified_ns = skr_view_tick(view);
    block->size_bytes = 0;
    for (size_t i = 0; i < extent_count; i++)
        block->size_bytes += extents[i].length_bytes;
    status = skr_block_encode(&encoder, block, extents, extent_count, owned, err);
    if (status == SKR_OK && !skr_upload_encode(&upload_encoder, upload)) /* now: its texts may lie in the map */
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for an upload's record");
    if (status == SKR_OK)
        status = skr_view_grow(view, encoder.size, err);
    if (status == SKR_OK) /* first, so that a file that both blocks lie in keeps a reference throughout */
        status = skr_files_refer(view, extents, extent_count, 1, err);
    if (status == SKR_OK)
        status = skr_block_replace(view, row_key, err);
    if (status == SKR_OK)
        status = skr_row_put(view, SKR_TABLE_BLOCKS, row_key, (struct skr_bytes){encoder.data, encoder.size}, err);
    if (status == SKR_OK)
        status = skr_row_put(view, SKR_TABLE_UPLOADS, skr_key_1(&upload_key, upload->id),
                             (struct skr_bytes){upload_encoder.data, upload_encoder.size}, err);
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_block_get(struct skr_view *view, struct skr_arena *arena, const struct skr_upload *upload,
                              struct skr_bytes name, struct skr_block *block, const struct skr_extent **out, size_t *count,
                              struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes value;
    struct skr_block_row row;
    if (name.size > SKR_MAX_BLOCK_NAME_BYTES)
        return skr_fail(err, SKR_NOT_FOUND, "there is no such block");
    enum skr_status status = skr_row_get(view, SKR_TABLE_BLOCKS, skr_key_tail(&key, upload->id, name), &value, err);
    if (status == SKR_OK)
        status = skr_block_row_decode(arena, value, &row, err);
    if (status != SKR_OK)
        return status;
    *block = row.block;
    block->name = name;
    *out = row.extents;
    *count = row.extent_count;
    return SKR_OK;
}

enum skr_status skr_block_visit(struct skr_view *view, const struct skr_upload *upload, struct skr_bytes after,
                                bool (*visit)(void *context, const struct skr_block *block), void *context,
                                struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes found, value;
    MDB_cursor *cursor;
    if (after.size > SKR_MAX_BLOCK_NAME_BYTES)
        return skr_fail(err, SKR_INVALID_BLOCK_ID, "a block's name has 1 to %d bytes", SKR_MAX_BLOCK_NAME_BYTES);
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_BLOCKS, &cursor, err);
    if (status != SKR_OK)
        return status;
    struct skr_bytes start = skr_key_tail(&key, upload->id, after);
    status = skr_cursor_seek(cursor, start, &found, &value, err);
    if (status == SKR_OK && skr_bytes_equal(found, start))
        status = skr_cursor_next(cursor, &found, &value, err);
    while (status == SKR_OK && skr_get_be64(found.data) == upload->id) {
        struct skr_decoder decoder = skr_decoder_of(value);
        struct skr_block block = {.name = {found.data + 8, found.size - 8}};
        bool owned;
        if (!skr_block_row_begin(&decoder, &owned, &block)) {
            status = skr_fail(err, SKR_CORRUPT, "a block's record is damaged");
            break;
        }
        if (!visit(context, &block))
            break;
        status = skr_cursor_next(cursor, &found, &value, err);
    }
    mdb_cursor_close(cursor);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}
