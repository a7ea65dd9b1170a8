/* Of which parts an object is made upstream: of what was sent while it arrived, where that fits, and of what is still to be
 * sent. */
#include <stdlib.h>

#include "../gather.h"
#include "upload.h"

/* ---- of equal parts ---- */

bool skr_upload_divide(struct skr_upload_job *job, const struct skr_upstream_limits *limits)
{
    uint64_t size = job->object.content.size_bytes;
    job->part_bytes = SKR_UPLOAD_PART_BYTES;
    while ((size - 1) / job->part_bytes >= limits->parts)
        job->part_bytes *= 2;
    job->part_count = (unsigned)((size - 1) / job->part_bytes + 1);
    job->part_next = 0;
    job->parts_left = job->part_count;
    if (job->part_bytes > limits->part_bytes) {
        skr_upload_end(job, SKR_UPLOAD_REFUSED, "it is too large for upstream");
        return false;
    }
    job->pieces = skr_arena_alloc_zero(&job->arena, job->part_count * sizeof *job->pieces);
    if (job->pieces == NULL) {
        skr_upload_end(job, SKR_UPLOAD_AWAY, "no memory to upload");
        return false;
    }
    for (unsigned i = 0; i < job->part_count; i++) {
        uint64_t offset = i * job->part_bytes, left = size - offset;
        job->pieces[i] = (struct skr_upload_piece){
            .offset = offset, .size = left < job->part_bytes ? left : job->part_bytes, .number = i + 1};
    }
    return true;
}

/* ---- of what was sent early ---- */

/* The blocks of the object, and where each lies. */
struct skr_planning {
    struct skr_upload_job *job;
    struct skr_early_part *early; /* in the order of their places */
    size_t early_count;
    const struct skr_extent *extents;
    size_t extent_count, extent;
    uint64_t extent_offset; /* of that extent in the object */
    size_t piece_capacity;
    unsigned found;
    bool failed;
};

static int skr_place_order(const void *a, const void *b)
{
    const struct skr_extent *x = &((const struct skr_early_part *)a)->extent, *y = &((const struct skr_early_part *)b)->extent;
    if (x->file_id != y->file_id)
        return x->file_id < y->file_id ? -1 : 1;
    return x->offset_bytes < y->offset_bytes ? -1 : x->offset_bytes > y->offset_bytes;
}

/* What was sent of the block at this place. NULL: nothing, or it was another one. */
static const struct skr_early_part *skr_plan_find(struct skr_planning *planning, uint64_t offset, uint64_t size)
{
    while (planning->extent < planning->extent_count &&
           planning->extent_offset + planning->extents[planning->extent].length_bytes <= offset)
        planning->extent_offset += planning->extents[planning->extent++].length_bytes;
    if (planning->extent == planning->extent_count)
        return NULL;
    const struct skr_extent *extent = &planning->extents[planning->extent];
    uint64_t inside = offset - planning->extent_offset;
    if (extent->file_id == 0 || extent->length_bytes - inside < size) /* no block is in a hole */
        return NULL;
    struct skr_early_part wanted = {.extent = {.file_id = extent->file_id, .offset_bytes = extent->offset_bytes + inside}};
    const struct skr_early_part *found =
        bsearch(&wanted, planning->early, planning->early_count, sizeof *planning->early, skr_place_order);
    return found != NULL && found->state == SKR_EARLY_SENT && found->extent.length_bytes == size ? found : NULL;
}

static void skr_plan_piece(struct skr_planning *planning, const struct skr_upload_piece *piece)
{
    struct skr_upload_job *job = planning->job;
    if (job->part_count == planning->piece_capacity) {
        size_t capacity = planning->piece_capacity == 0 ? 64 : 2 * planning->piece_capacity;
        struct skr_upload_piece *grown = skr_arena_alloc(&job->arena, capacity * sizeof *grown);
        if (grown == NULL) {
            planning->failed = true;
            return;
        }
        if (job->part_count > 0)
            memcpy(grown, job->pieces, job->part_count * sizeof *grown);
        job->pieces = grown;
        planning->piece_capacity = capacity;
    }
    job->pieces[job->part_count++] = *piece;
    job->parts_left += piece->part.size == 0;
}

/* Azure: what is still to be sent goes in parts of the usual size, whatever the blocks are. */
static void skr_plan_rest(struct skr_planning *planning, uint64_t offset, uint64_t size)
{
    struct skr_upload_job *job = planning->job;
    struct skr_upload_piece *last = job->part_count == 0 ? NULL : &job->pieces[job->part_count - 1];
    if (last != NULL && last->part.size == 0 && last->size < SKR_UPLOAD_PART_BYTES) {
        uint64_t room = SKR_UPLOAD_PART_BYTES - last->size, taken = size < room ? size : room;
        last->size += taken;
        offset += taken;
        size -= taken;
    }
    while (size > 0 && !planning->failed) {
        uint64_t taken = size < SKR_UPLOAD_PART_BYTES ? size : SKR_UPLOAD_PART_BYTES;
        skr_plan_piece(planning,
                       &(struct skr_upload_piece){.offset = offset, .size = taken, .number = job->early->next_number++});
        offset += taken;
        size -= taken;
    }
}

/* A part's name is its number. */
static unsigned skr_plan_number(struct skr_bytes name)
{
    const unsigned char *byte = (const unsigned char *)name.data;
    return (unsigned)byte[0] << 24 | (unsigned)byte[1] << 16 | (unsigned)byte[2] << 8 | byte[3];
}

static bool skr_plan_block(void *context, const struct skr_block *block, uint64_t offset_bytes)
{
    struct skr_planning *planning = context;
    bool is_s3 = planning->job->bound->binding.is_s3;
    const struct skr_early_part *early =
        block->size_bytes == 0 ? NULL : skr_plan_find(planning, offset_bytes, block->size_bytes);
    struct skr_upload_piece piece = {.offset = offset_bytes, .size = block->size_bytes};
    planning->found += early != NULL;
    if (early != NULL) {
        piece.number = early->number;
        piece.part = early->part;
        skr_plan_piece(planning, &piece);
    } else if (!is_s3) {
        skr_plan_rest(planning, offset_bytes, block->size_bytes);
    } else {
        piece.number = block->name.size == 4 ? skr_plan_number(block->name) : 0;
        planning->failed |= piece.number == 0 || piece.size == 0 || piece.size > SKR_EARLY_MOST_BYTES;
        skr_plan_piece(planning, &piece);
    }
    return !planning->failed;
}

/* Does it keep to what upstream asks of parts? */
static bool skr_plan_fits(const struct skr_planning *planning, const struct skr_upstream_limits *limits)
{
    const struct skr_upload_job *job = planning->job;
    bool fits = !planning->failed && planning->found > 0 && job->part_count <= limits->parts;
    for (unsigned i = 0; fits && i + 1 < job->part_count; i++)
        fits = job->pieces[i].size >= limits->part_least_bytes &&
               (!job->bound->binding.is_s3 || job->pieces[i].number < job->pieces[i + 1].number);
    return fits;
}

bool skr_upload_plan_early(struct skr_upload_job *job, const struct skr_upstream_limits *limits)
{
    struct skr_planning planning = {.job = job, .early = job->early->parts, .early_count = job->early->count};
    struct skr_extent *extents;
    struct skr_view *view;
    struct skr_error error;
    const struct skr_content *content = &job->object.content;
    job->pieces = NULL;
    job->part_count = job->part_next = job->parts_left = 0;
    if (job->early->upload.size == 0 || content->block_count == 0 ||
        (job->bound->binding.is_s3 && job->early->attributes_hash != skr_upload_attributes_hash(&job->object)))
        return false;
    qsort(job->early->parts, job->early->count, sizeof *job->early->parts, skr_place_order);
    job->early->first_queued = 0;
    if (skr_view_begin(job->uploader->background.worker->reader, &view, NULL) != SKR_OK)
        return false;
    enum skr_status status =
        skr_collect_extents(view, &job->arena, content, 0, content->size_bytes, &extents, &planning.extent_count, &error);
    planning.extents = extents;
    if (status == SKR_OK)
        status = skr_block_list_visit(view, content, skr_plan_block, &planning, &error);
    skr_view_end(view);
    return status == SKR_OK && skr_plan_fits(&planning, limits);
}
