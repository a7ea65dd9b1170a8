/* See gather.h. No byte moves: what is written is a list of extents and a list of blocks. */
#include "gather.h"

#include "federation/flights.h"

/* Of upstream's content: all of it was here when the operation began. */
static enum skr_status skr_collect_cached(struct skr_view *view, const struct skr_content *content, uint64_t offset,
                                          uint64_t length, struct skr_extent *out, size_t capacity, size_t *count,
                                          struct skr_error *err)
{
    uint64_t found = 0;
    enum skr_status status = skr_content_resident(view, content, offset, length, out, capacity, count, err);
    for (size_t i = 0; i < *count; i++)
        found += out[i].length_bytes;
    return status == SKR_OK && found != length ? skr_fail(err, SKR_BUSY, "bytes of the source were evicted meanwhile") : status;
}

enum skr_status skr_collect_extents(struct skr_view *view, struct skr_arena *arena, const struct skr_content *content,
                                    uint64_t offset, uint64_t length, struct skr_extent **out, size_t *out_count,
                                    struct skr_error *err)
{
    bool is_cached = content->layout == SKR_CONTENT_CACHED; /* whose extents are a chunk each */
    size_t capacity = is_cached                               ? (size_t)(length / SKR_CHUNK_BYTES) + 2
                      : content->layout == SKR_CONTENT_EXTENT ? 1
                                                              : content->extent_count,
           count = 0;
    *out = skr_arena_alloc(arena, (capacity == 0 ? 1 : capacity) * sizeof **out);
    if (*out == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for %zu extents", capacity);
    enum skr_status status = SKR_OK;
    if (length > 0 && is_cached)
        status = skr_collect_cached(view, content, offset, length, *out, capacity, &count, err);
    else if (length > 0)
        status = skr_content_extents(view, content, offset, length, *out, capacity, &count, err);
    *out_count = count;
    return status;
}

enum skr_status skr_gathering_begin(struct skr_gathering *gathering, struct skr_view *view, struct skr_arena *arena,
                                    size_t most_blocks, struct skr_error *err)
{
    *gathering = (struct skr_gathering){.view = view, .arena = arena};
    gathering->blocks = skr_arena_alloc(arena, (most_blocks + 1) * sizeof *gathering->blocks);
    return gathering->blocks == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory for a block list") : SKR_OK;
}

static enum skr_status skr_gather_room(struct skr_gathering *gathering, size_t count, struct skr_error *err)
{
    if (gathering->extent_count + count <= gathering->extent_capacity)
        return SKR_OK;
    size_t capacity = (gathering->extent_count + count) * 2;
    struct skr_extent *grown = skr_arena_alloc(gathering->arena, capacity * sizeof *grown);
    if (grown == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for %zu extents", capacity);
    if (gathering->extent_count > 0)
        memcpy(grown, gathering->extents, gathering->extent_count * sizeof *grown);
    gathering->extents = grown;
    gathering->extent_capacity = capacity;
    return SKR_OK;
}

enum skr_status skr_gather(struct skr_gathering *gathering, const struct skr_block *block, const struct skr_extent *extents,
                           size_t extent_count, struct skr_error *err)
{
    enum skr_status status = skr_gather_room(gathering, extent_count, err);
    if (status != SKR_OK)
        return status;
    if (__builtin_add_overflow(gathering->size_bytes, block->size_bytes, &gathering->size_bytes))
        return skr_fail(err, SKR_TOO_LARGE, "the object would be too large");
    if (extent_count > 0)
        memcpy(gathering->extents + gathering->extent_count, extents, extent_count * sizeof *extents);
    gathering->extent_count += extent_count;
    gathering->blocks[gathering->block_count++] = *block;
    return SKR_OK;
}

enum skr_status skr_gather_staged(struct skr_gathering *gathering, const struct skr_upload *upload, struct skr_bytes name,
                                  struct skr_block *block, struct skr_error *err)
{
    const struct skr_extent *extents;
    size_t count;
    enum skr_status status = skr_block_get(gathering->view, gathering->arena, upload, name, block, &extents, &count, err);
    return status != SKR_OK ? status : skr_gather(gathering, block, extents, count, err);
}

enum skr_status skr_gathering_to_content(struct skr_gathering *gathering, uint64_t content_id, struct skr_content *out,
                                         struct skr_error *err)
{
    *out = (struct skr_content){.layout = SKR_CONTENT_EMPTY};
    if (gathering->block_count == 0)
        return SKR_OK;
    enum skr_status status =
        skr_content_create_extents(gathering->view, content_id, gathering->extents, gathering->extent_count, out, err);
    if (status != SKR_OK)
        return status;
    out->block_count = (uint32_t)gathering->block_count;
    return skr_block_list_put(gathering->view, content_id, gathering->blocks, gathering->block_count, err);
}
