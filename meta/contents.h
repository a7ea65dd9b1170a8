/* Contents and files inside metadata: who refers to what. */
#ifndef SKERRY_META_CONTENTS_H
#define SKERRY_META_CONTENTS_H

#include "meta_private.h"

/* A content's own row. */
struct skr_content_row {
    uint64_t references;
    struct skr_content content; /* CACHED: extent_count is how many are here, crc32c that of a payload */
    struct skr_origin origin;   /* CACHED, or of what was uploaded; points into the map. Binding 0: ours alone */
};
enum skr_status skr_content_row_get(struct skr_view *view, uint64_t content_id, struct skr_content_row *out,
                                    struct skr_error *err);
enum skr_status skr_content_row_put(struct skr_view *view, const struct skr_content_row *row, struct skr_error *err);
enum skr_status skr_content_row_decode(struct skr_bytes value, uint64_t content_id, struct skr_content_row *out,
                                       struct skr_error *err);
/* One reference less. Inline ones go at once, others become garbage at 0. */
enum skr_status skr_content_release(struct skr_view *view, const struct skr_content *content, struct skr_error *err);
/* All extents of a content, in malloc'd memory. */
enum skr_status skr_content_load_extents(struct skr_view *view, const struct skr_content *content, struct skr_extent **out,
                                         size_t *count, struct skr_error *err);
/* Likewise of a cached one: those that are here, with gaps between them; `offsets` (malloc'd, may be NULL) where each begins.
 */
enum skr_status skr_content_load_cached(struct skr_view *view, const struct skr_content_row *row, struct skr_extent **out,
                                        uint64_t **offsets, size_t *count, struct skr_error *err);
/* Of a cached content the row that covers `offset` or, with `or_next`, the first one behind it. `at` is where it begins.
 * SKR_NOT_FOUND. */
enum skr_status skr_chunk_find(MDB_cursor *cursor, uint64_t content_id, uint64_t offset, bool or_next, uint64_t *at,
                               struct skr_extent *extent, struct skr_error *err);
/* Takes a content without references apart. */
enum skr_status skr_content_destroy(struct skr_view *view, uint64_t content_id, struct skr_error *err);

/* Sorts file ids and drops repeats, and the 0 of holes; returns how many are left. */
size_t skr_distinct_files(const struct skr_extent *extents, size_t count, uint64_t *out);
/* `delta` 1 or -1 for each distinct file of the extents. */
enum skr_status skr_files_refer(struct skr_view *view, const struct skr_extent *extents, size_t count, int delta,
                                struct skr_error *err);
/* Removes every row whose key begins with this number. */
enum skr_status skr_rows_remove(struct skr_view *view, enum skr_table table, uint64_t number, struct skr_error *err);

#endif
