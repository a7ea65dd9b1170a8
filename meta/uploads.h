/* Rows of uploads and of their staged blocks, for each other, for garbage and for checks. */
#ifndef SKERRY_META_UPLOADS_H
#define SKERRY_META_UPLOADS_H

#include "meta_private.h"

struct skr_block_row {
    bool owned;                 /* its extents are a slot of its own */
    struct skr_block block;     /* without its name */
    struct skr_extent *extents; /* in the arena */
    size_t extent_count;
};
enum skr_status skr_block_row_decode(struct skr_arena *arena, struct skr_bytes value, struct skr_block_row *out,
                                     struct skr_error *err);
/* Gives up a block's files; its own slot in a file that lives on becomes garbage when `punch`. */
enum skr_status skr_block_row_release(struct skr_view *view, const struct skr_block_row *row, bool punch,
                                      struct skr_error *err);
/* Forgets an upload by its id: its row and, as garbage, its blocks. */
enum skr_status skr_upload_forget(struct skr_view *view, uint64_t upload_id, uint64_t committed_content, struct skr_error *err);

#endif
