/* Content files as metadata knows them: counts of references, checksums of their chunks, and the block lists kept with
 * contents. */
#include <stdlib.h>

#include "contents.h"
#include "records.h"

#define SKR_CHECKSUMS_A_ROW 512
#define SKR_BLOCK_ROW_BYTES 2000

/* ---- references ---- */

enum skr_status skr_file_record_references(struct skr_view *view, uint64_t file_id, uint64_t *references, struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes value;
    enum skr_status status = skr_row_get(view, SKR_TABLE_FILES, skr_key_1(&key, file_id), &value, err);
    *references = 0;
    if (status == SKR_NOT_FOUND)
        return SKR_OK;
    if (status == SKR_OK && value.size != 8)
        return skr_fail(err, SKR_CORRUPT, "the record of content file %016llx is damaged", (unsigned long long)file_id);
    if (status == SKR_OK)
        *references = skr_get_be64(value.data);
    return status;
}

static enum skr_status skr_file_refer(struct skr_view *view, uint64_t file_id, int delta, struct skr_error *err)
{
    struct skr_row_key key;
    char data[8];
    uint64_t references;
    enum skr_status status = skr_file_record_references(view, file_id, &references, err);
    if (status == SKR_OK && references == 0)
        return skr_fail(err, SKR_CORRUPT, "content file %016llx has no record", (unsigned long long)file_id);
    if (status != SKR_OK)
        return status;
    references += (uint64_t)(int64_t)delta;
    if (references > 0) {
        skr_put_be64(data, references);
        return skr_row_put(view, SKR_TABLE_FILES, skr_key_1(&key, file_id), (struct skr_bytes){data, 8}, err);
    }
    struct skr_garbage garbage = {.kind = SKR_GARBAGE_FILE, .id = file_id};
    status = skr_row_remove(view, SKR_TABLE_FILES, skr_key_1(&key, file_id), err);
    if (status == SKR_OK)
        status = skr_rows_remove(view, SKR_TABLE_CHECKSUMS, file_id, err);
    return status != SKR_OK ? status : skr_garbage_add(view, &garbage, 0, err);
}

enum skr_status skr_file_record_create(struct skr_view *view, uint64_t file_id, struct skr_error *err)
{
    struct skr_row_key key;
    char data[8];
    skr_put_be64(data, 1);
    enum skr_status status = skr_view_grow(view, 64, err);
    return status != SKR_OK ? status
                            : skr_row_append(view, SKR_TABLE_FILES, skr_key_1(&key, file_id), (struct skr_bytes){data, 8}, err);
}

enum skr_status skr_file_record_exists(struct skr_view *view, uint64_t file_id, bool *exists, struct skr_error *err)
{
    uint64_t references;
    enum skr_status status = skr_file_record_references(view, file_id, &references, err);
    *exists = references > 0;
    return status;
}

enum skr_status skr_file_record_release(struct skr_view *view, uint64_t file_id, struct skr_error *err)
{
    return skr_file_refer(view, file_id, -1, err);
}

static int skr_number_order(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

size_t skr_distinct_files(const struct skr_extent *extents, size_t count, uint64_t *out)
{
    size_t distinct = 0;
    for (size_t i = 0; i < count; i++)
        if (extents[i].file_id != 0 && (distinct == 0 || out[distinct - 1] != extents[i].file_id))
            out[distinct++] = extents[i].file_id;
    if (distinct < 2)
        return distinct;
    qsort(out, distinct, sizeof *out, skr_number_order);
    size_t left = 1;
    for (size_t i = 1; i < distinct; i++)
        if (out[i] != out[left - 1])
            out[left++] = out[i];
    return left;
}

enum skr_status skr_files_refer(struct skr_view *view, const struct skr_extent *extents, size_t count, int delta,
                                struct skr_error *err)
{
    uint64_t few[16], *ids = count <= 16 ? few : malloc(count * sizeof *ids);
    if (ids == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for %zu extents", count);
    enum skr_status status = SKR_OK;
    size_t distinct = skr_distinct_files(extents, count, ids);
    for (size_t i = 0; i < distinct && status == SKR_OK; i++)
        status = skr_file_refer(view, ids[i], delta, err);
    if (ids != few)
        free(ids);
    return status;
}

enum skr_status skr_rows_remove(struct skr_view *view, enum skr_table table, uint64_t number, struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes found, value;
    MDB_cursor *cursor;
    enum skr_status status = skr_cursor_open(view, table, &cursor, err);
    if (status != SKR_OK)
        return status;
    while ((status = skr_cursor_seek(cursor, skr_key_1(&key, number), &found, &value, err)) == SKR_OK &&
           skr_get_be64(found.data) == number) {
        view->written = true;
        int result = mdb_cursor_del(cursor, 0);
        if (result != 0) {
            view->map_full |= result == MDB_MAP_FULL;
            status = skr_meta_status(result, err);
            break;
        }
    }
    mdb_cursor_close(cursor);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

/* ---- checksums ---- */

enum skr_status skr_checksums_put(struct skr_view *view, uint64_t file_id, uint64_t first_chunk, const uint32_t *crc32c,
                                  size_t count, struct skr_error *err)
{
    enum skr_status status = skr_view_grow(view, count * 4, err);
    while (count > 0 && status == SKR_OK) {
        unsigned char row[SKR_CHECKSUMS_A_ROW * 4];
        struct skr_row_key key;
        struct skr_bytes value, row_key = skr_key_2(&key, file_id, first_chunk / SKR_CHECKSUMS_A_ROW);
        size_t begin = (size_t)(first_chunk % SKR_CHECKSUMS_A_ROW), size = 0;
        size_t piece = count < SKR_CHECKSUMS_A_ROW - begin ? count : SKR_CHECKSUMS_A_ROW - begin;
        status = skr_row_get(view, SKR_TABLE_CHECKSUMS, row_key, &value, err);
        if (status == SKR_OK && value.size <= sizeof row) {
            memcpy(row, value.data, value.size);
            size = value.size;
        } else if (status != SKR_NOT_FOUND) {
            return status == SKR_OK ? skr_fail(err, SKR_CORRUPT, "a row of checksums is damaged") : status;
        }
        if (size < begin * 4)
            memset(row + size, 0, begin * 4 - size);
        for (size_t i = 0; i < piece; i++)
            for (unsigned b = 0; b < 4; b++)
                row[(begin + i) * 4 + b] = (unsigned char)(crc32c[i] >> (8 * b));
        if (size < (begin + piece) * 4)
            size = (begin + piece) * 4;
        status = skr_row_put(view, SKR_TABLE_CHECKSUMS, row_key, (struct skr_bytes){(char *)row, size}, err);
        first_chunk += piece;
        crc32c += piece;
        count -= piece;
    }
    return status;
}

enum skr_status skr_checksums_get(struct skr_view *view, uint64_t file_id, uint64_t first_chunk, uint32_t *crc32c, size_t count,
                                  struct skr_error *err)
{
    while (count > 0) {
        struct skr_row_key key;
        struct skr_bytes value;
        size_t begin = (size_t)(first_chunk % SKR_CHECKSUMS_A_ROW);
        size_t piece = count < SKR_CHECKSUMS_A_ROW - begin ? count : SKR_CHECKSUMS_A_ROW - begin;
        enum skr_status status =
            skr_row_get(view, SKR_TABLE_CHECKSUMS, skr_key_2(&key, file_id, first_chunk / SKR_CHECKSUMS_A_ROW), &value, err);
        if (status == SKR_NOT_FOUND || (status == SKR_OK && value.size < (begin + piece) * 4))
            return skr_fail(err, SKR_CORRUPT, "content file %016llx has no checksums at chunk %llu",
                            (unsigned long long)file_id, (unsigned long long)first_chunk);
        if (status != SKR_OK)
            return status;
        struct skr_decoder decoder = skr_decoder_of(value);
        decoder.at += begin * 4;
        for (size_t i = 0; i < piece; i++)
            crc32c[i] = (uint32_t)skr_decode_number(&decoder, 4);
        first_chunk += piece;
        crc32c += piece;
        count -= piece;
    }
    return SKR_OK;
}

/* ---- committed block lists: an entry is a name, a size and, where the length of the name has its highest bit set, digests
 * ---- */

#define SKR_ENTRY_HAS_DIGESTS 0x80u

static void skr_encode_entry(struct skr_encoder *encoder, const struct skr_block *block)
{
    bool has_digests = block->has_md5 || block->checksum.kind != SKR_CHECKSUM_NONE;
    skr_encode_number(encoder, block->name.size | (has_digests ? SKR_ENTRY_HAS_DIGESTS : 0), 1);
    skr_encode_bytes(encoder, block->name.data, block->name.size);
    skr_encode_number(encoder, block->size_bytes, 8);
    if (has_digests)
        skr_encode_block_digests(encoder, block);
}

static bool skr_decode_entry(struct skr_decoder *decoder, struct skr_block *block)
{
    size_t name_size = skr_decode_number(decoder, 1);
    *block = (struct skr_block){.name = skr_decode_bytes(decoder, name_size & ~(size_t)SKR_ENTRY_HAS_DIGESTS)};
    block->size_bytes = skr_decode_number(decoder, 8);
    if (name_size & SKR_ENTRY_HAS_DIGESTS)
        skr_decode_block_digests(decoder, block);
    return !decoder->failed;
}

enum skr_status skr_block_list_put(struct skr_view *view, uint64_t content_id, const struct skr_block *blocks, size_t count,
                                   struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    enum skr_status status = skr_view_grow(view, count * 64, err);
    for (size_t i = 0, row = 0; i < count && status == SKR_OK; row++) {
        struct skr_encoder encoder = {.arena = &arena};
        struct skr_row_key key;
        for (; i < count && encoder.size < SKR_BLOCK_ROW_BYTES && !encoder.failed; i++)
            skr_encode_entry(&encoder, &blocks[i]);
        status = encoder.failed ? skr_fail(err, SKR_NO_MEMORY, "no memory for a block list")
                                : skr_row_append(view, SKR_TABLE_BLOCKLISTS, skr_key_2(&key, content_id, row),
                                                 (struct skr_bytes){encoder.data, encoder.size}, err);
        skr_arena_release(&arena);
    }
    return status;
}

enum skr_status skr_block_list_visit(struct skr_view *view, const struct skr_content *content,
                                     bool (*visit)(void *context, const struct skr_block *block, uint64_t offset_bytes),
                                     void *context, struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes found, value;
    MDB_cursor *cursor;
    uint64_t offset = 0;
    bool more = content->block_count > 0;
    enum skr_status status = skr_cursor_open(view, SKR_TABLE_BLOCKLISTS, &cursor, err);
    if (status != SKR_OK)
        return status;
    status = skr_cursor_seek(cursor, skr_key_2(&key, content->id, 0), &found, &value, err);
    while (more && status == SKR_OK && skr_get_be64(found.data) == content->id) {
        struct skr_decoder decoder = skr_decoder_of(value);
        while (more && skr_decoder_left(&decoder) > 0) {
            struct skr_block block;
            if (!skr_decode_entry(&decoder, &block)) {
                mdb_cursor_close(cursor);
                return skr_fail(err, SKR_CORRUPT, "a block list is damaged");
            }
            more = visit(context, &block, offset);
            offset += block.size_bytes;
        }
        if (more)
            status = skr_cursor_next(cursor, &found, &value, err);
    }
    mdb_cursor_close(cursor);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}
