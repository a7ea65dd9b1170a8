/* Uploads: uncommitted blocks of Blob, and later multipart uploads of S3. Names lie in a tree beside the objects' so that they list in the
 * same order; a leaf holds the ids of the uploads of its name.
 */
#include "uploads.h"

#include "contents.h"
#include "records.h"
#include "tree.h"

static enum skr_status skr_upload_load(struct skr_view *view, uint64_t id, struct skr_upload *out, struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes value;
    enum skr_status status = skr_row_get(view, SKR_TABLE_UPLOADS, skr_key_1(&key, id), &value, err);
    if (status == SKR_NOT_FOUND)
        return skr_fail(err, SKR_CORRUPT, "upload %016llx has no record", (unsigned long long)id);
    return status != SKR_OK ? status : skr_upload_record_decode(value, id, out, err);
}

static enum skr_status skr_upload_store(struct skr_view *view, const struct skr_upload *upload, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_encoder encoder = {.arena = &arena};
    struct skr_row_key key;
    enum skr_status status = !skr_upload_encode(&encoder, upload)
                                 ? skr_fail(err, SKR_NO_MEMORY, "no memory for an upload's record")
                                 : skr_row_append(view, SKR_TABLE_UPLOADS, skr_key_1(&key, upload->id),
                                                  (struct skr_bytes){encoder.data, encoder.size}, err);
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_upload_decode(struct skr_view *view, struct skr_bytes record, struct skr_upload *out, struct skr_error *err)
{
    if (record.size < 8 || record.size % 8 != 0)
        return skr_fail(err, SKR_CORRUPT, "a name's list of uploads is damaged");
    return skr_upload_load(view, skr_get_be64(record.data), out, err);
}

enum skr_status skr_upload_get(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                               struct skr_upload *out, struct skr_error *err)
{
    struct skr_bytes record;
    enum skr_status status = skr_tree_check_key(key, err);
    if (status == SKR_OK)
        status = skr_tree_get(view, container->uploads_node, key, &record, err);
    for (size_t at = 0; status == SKR_OK && at + 8 <= record.size; at += 8) {
        status = skr_upload_load(view, skr_get_be64(record.data + at), out, err);
        if (status == SKR_OK && out->kind == SKR_UPLOAD_BLOCKS)
            return SKR_OK;
    }
    return status == SKR_OK || status == SKR_NOT_FOUND ? skr_fail(err, SKR_UPLOAD_NOT_FOUND, "there are no uncommitted blocks")
                                                       : status;
}

enum skr_status skr_upload_create(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                  struct skr_upload *upload, struct skr_error *err)
{
    struct skr_bytes others;
    enum skr_status status = skr_tree_check_key(key, err);
    if (status == SKR_OK)
        status = skr_view_grow(view, key.size * 2 + 128, err);
    if (status != SKR_OK)
        return status;
    status = skr_tree_get(view, container->uploads_node, key, &others, err);
    if (status != SKR_OK && status != SKR_NOT_FOUND)
        return status;
    size_t count = status == SKR_OK ? others.size / 8 : 0;
    char list[8 * 64];
    if (count >= 63)
        return skr_fail(err, SKR_BUSY, "too many uploads of one name");
    if (count > 0)
        memcpy(list, others.data, count * 8);
    upload->id = skr_meta_next_id(view->meta);
    upload->created_ns = upload->touched_ns = skr_view_tick(view);
    upload->object_node = container->objects_node;
    upload->upload_node = container->uploads_node;
    upload->key = key;
    skr_put_be64(list + count * 8, upload->id);
    status = skr_tree_put(view, container->uploads_node, key, (struct skr_bytes){list, (count + 1) * 8}, err);
    return status != SKR_OK ? status : skr_upload_store(view, upload, err);
}

enum skr_status skr_upload_forget(struct skr_view *view, uint64_t upload_id, uint64_t committed_content, struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_garbage garbage = {.kind = SKR_GARBAGE_UPLOAD, .id = upload_id};
    enum skr_status status = skr_row_remove(view, SKR_TABLE_UPLOADS, skr_key_1(&key, upload_id), err);
    if (status == SKR_NOT_FOUND)
        return skr_fail(err, SKR_CORRUPT, "upload %016llx has no record", (unsigned long long)upload_id);
    return status != SKR_OK ? status : skr_garbage_add(view, &garbage, committed_content, err);
}

enum skr_status skr_upload_remove(struct skr_view *view, const struct skr_upload *upload, uint64_t committed_content_id,
                                  struct skr_error *err)
{
    struct skr_bytes record;
    char key_copy[SKR_MAX_KEY_BYTES], list[8 * 64];
    if (upload->key.size > sizeof key_copy)
        return skr_fail(err, SKR_CORRUPT, "an upload's name is too long");
    memcpy(key_copy, upload->key.data, upload->key.size); /* it may lie in the map, which is about to change */
    struct skr_bytes key = {key_copy, upload->key.size};
    enum skr_status status = skr_tree_get(view, upload->upload_node, key, &record, err);
    if (status != SKR_OK || record.size > sizeof list)
        return status == SKR_OK || status == SKR_NOT_FOUND ? skr_fail(err, SKR_CORRUPT, "an upload has no name") : status;
    size_t left = 0;
    for (size_t at = 0; at + 8 <= record.size; at += 8)
        if (skr_get_be64(record.data + at) != upload->id) {
            memcpy(list + left, record.data + at, 8);
            left += 8;
        }
    status = left > 0 ? skr_tree_put(view, upload->upload_node, key, (struct skr_bytes){list, left}, err)
                      : skr_tree_remove(view, upload->upload_node, key, err);
    return status != SKR_OK ? status : skr_upload_forget(view, upload->id, committed_content_id, err);
}

enum skr_status skr_upload_expired(struct skr_view *view, int64_t before_ns, struct skr_upload *out, struct skr_error *err)
{
    struct skr_bytes found, value;
    MDB_cursor *cursor;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_UPLOADS, &cursor, err);
    if (status != SKR_OK)
        return status;
    status = skr_cursor_seek(cursor, SKR_NO_BYTES, &found, &value, err);
    while (status == SKR_OK) {
        status = skr_upload_record_decode(value, skr_get_be64(found.data), out, err);
        if (status != SKR_OK || out->touched_ns < before_ns)
            break;
        status = skr_cursor_next(cursor, &found, &value, err);
    }
    mdb_cursor_close(cursor);
    return status == SKR_NOT_FOUND ? SKR_UPLOAD_NOT_FOUND : status;
}

/* ---- blocks ---- */

enum skr_status skr_block_row_decode(struct skr_arena *arena, struct skr_bytes value, struct skr_block_row *out,
                                     struct skr_error *err)
{
    struct skr_decoder decoder = skr_decoder_of(value);
    *out = (struct skr_block_row){.owned = skr_decode_number(&decoder, 1) != 0};
    out->size_bytes = skr_decode_number(&decoder, 8);
    out->extent_count = skr_decoder_left(&decoder) / SKR_EXTENT_RECORD_BYTES;
    if (decoder.failed || skr_decoder_left(&decoder) % SKR_EXTENT_RECORD_BYTES != 0)
        return skr_fail(err, SKR_CORRUPT, "a block's record is damaged");
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
        status = skr_file_references(view, extent->file_id, &references, err);
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

static enum skr_status skr_block_replace(struct skr_view *view, struct skr_bytes row_key, bool *existed, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_bytes value;
    struct skr_block_row row;
    enum skr_status status = skr_row_get(view, SKR_TABLE_BLOCKS, row_key, &value, err);
    *existed = status == SKR_OK;
    if (status == SKR_NOT_FOUND)
        return SKR_OK;
    if (status == SKR_OK)
        status = skr_block_row_decode(&arena, value, &row, err);
    if (status == SKR_OK)
        status = skr_block_row_release(view, &row, true, err);
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_block_put(struct skr_view *view, struct skr_upload *upload, struct skr_bytes name,
                              const struct skr_extent *extents, size_t extent_count, bool owned, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_encoder encoder = {.arena = &arena};
    struct skr_row_key key;
    bool existed = false;
    uint64_t size = 0;
    if (name.size == 0 || name.size > SKR_MAX_BLOCK_NAME_BYTES)
        return skr_fail(err, SKR_INVALID_BLOCK_ID, "a block's name has 1 to %d bytes", SKR_MAX_BLOCK_NAME_BYTES);
    struct skr_bytes row_key = skr_key_tail(&key, upload->id, name);
    for (size_t i = 0; i < extent_count; i++)
        size += extents[i].length_bytes;
    skr_encode_number(&encoder, owned, 1);
    skr_encode_number(&encoder, size, 8);
    for (size_t i = 0; i < extent_count; i++)
        skr_encode_extent(&encoder, &extents[i]);
    enum skr_status status = encoder.failed ? skr_fail(err, SKR_NO_MEMORY, "no memory for a block") : SKR_OK;
    if (status == SKR_OK)
        status = skr_view_grow(view, encoder.size, err);
    if (status == SKR_OK) /* first, so that a file that both blocks lie in keeps a reference throughout */
        status = skr_files_refer(view, extents, extent_count, 1, err);
    if (status == SKR_OK)
        status = skr_block_replace(view, row_key, &existed, err);
    if (status == SKR_OK)
        status = skr_row_put(view, SKR_TABLE_BLOCKS, row_key, (struct skr_bytes){encoder.data, encoder.size}, err);
    skr_arena_release(&arena);
    if (status != SKR_OK)
        return status;
    upload->block_count += !existed;
    upload->name_size = (uint32_t)name.size;
    upload->touched_ns = skr_view_tick(view);
    return skr_upload_store(view, upload, err);
}

enum skr_status skr_block_get(struct skr_view *view, struct skr_arena *arena, const struct skr_upload *upload,
                              struct skr_bytes name, uint64_t *size_bytes, const struct skr_extent **out, size_t *count,
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
    *size_bytes = row.size_bytes;
    *out = row.extents;
    *count = row.extent_count;
    return SKR_OK;
}

enum skr_status skr_block_visit(struct skr_view *view, const struct skr_upload *upload,
                                bool (*visit)(void *context, const struct skr_block *block), void *context,
                                struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes found, value;
    MDB_cursor *cursor;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_BLOCKS, &cursor, err);
    if (status != SKR_OK)
        return status;
    status = skr_cursor_seek(cursor, skr_key_1(&key, upload->id), &found, &value, err);
    while (status == SKR_OK && skr_get_be64(found.data) == upload->id) {
        struct skr_decoder decoder = skr_decoder_of(value);
        struct skr_block block = {.name = {found.data + 8, found.size - 8}};
        skr_decode_number(&decoder, 1);
        block.size_bytes = skr_decode_number(&decoder, 8);
        if (decoder.failed) {
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
