/* Gathering what an object will be made of: extents of staged blocks and parts, and of an object that is there. All run in a
 * change. */
#ifndef SKERRY_CORE_GATHER_H
#define SKERRY_CORE_GATHER_H

#include "state.h"

/* In the pending's arena. */
struct skr_gathering {
    struct skr_view *view;
    struct skr_arena *arena;
    struct skr_extent *extents;
    size_t extent_count, extent_capacity;
    struct skr_block *blocks; /* the object's block list */
    size_t block_count;
    uint64_t size_bytes;
};

/* All extents of a range, in the arena. */
enum skr_status skr_collect_extents(struct skr_view *view, struct skr_arena *arena, const struct skr_content *content,
                                    uint64_t offset, uint64_t length, struct skr_extent **out, size_t *out_count,
                                    struct skr_error *err);

enum skr_status skr_gathering_begin(struct skr_gathering *gathering, struct skr_view *view, struct skr_arena *arena,
                                    size_t most_blocks, struct skr_error *err);
/* Appends a block; its name must outlive the gathering. SKR_TOO_LARGE. */
enum skr_status skr_gather(struct skr_gathering *gathering, const struct skr_block *block, const struct skr_extent *extents,
                           size_t extent_count, struct skr_error *err);
/* Appends a staged block, which `block` becomes. SKR_NOT_FOUND. */
enum skr_status skr_gather_staged(struct skr_gathering *gathering, const struct skr_upload *upload, struct skr_bytes name,
                                  struct skr_block *block, struct skr_error *err);
/* The name of the block that a part is: its number, most significant byte first (multipart.c). */
struct skr_bytes skr_part_name(char buffer[4], unsigned number);
/* Makes the content and its block list. */
enum skr_status skr_gathering_to_content(struct skr_gathering *gathering, uint64_t content_id, struct skr_content *out,
                                         struct skr_error *err);

#endif
