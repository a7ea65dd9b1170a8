/* The bytes of an object on their way upstream: verified as they are read, with an MD5 that upstream compares. Small objects go
 * whole, large ones in parts, several at a time, each in a buffer of its own so that it can be sent again.
 */
#include <stdlib.h>

#include "skerry/hash.h"
#include "upload.h"

/* ---- reading ---- */

static void skr_upload_load_more(void *context)
{
    struct skr_upload_job *job = context;
    while (job->load.filled < job->load.size) {
        ssize_t taken = skr_reader_read(job->reader, job->load.offset + job->load.filled, job->load.buffer + job->load.filled,
                                        job->load.size - job->load.filled, skr_upload_load_more, job);
        if (taken == 0)
            return;
        if (taken < 0) {
            job->load.is_under_way = false;
            job->load.done(job, false);
            return;
        }
        job->load.filled += (size_t)taken;
    }
    job->load.is_under_way = false;
    job->load.done(job, true);
}

void skr_upload_load(struct skr_upload_job *job, char *buffer, uint64_t offset, size_t size,
                     void (*done)(struct skr_upload_job *job, bool good))
{
    job->load.buffer = buffer;
    job->load.offset = offset;
    job->load.size = size;
    job->load.filled = 0;
    job->load.done = done;
    job->load.is_under_way = true;
    skr_upload_load_more(job);
}

static char *skr_upload_buffer(struct skr_upload_job *job, uint64_t size)
{
    char *buffer = malloc(size == 0 ? 1 : (size_t)size);
    if (buffer != NULL)
        job->uploader->buffered_bytes += size;
    return buffer;
}

static void skr_upload_buffer_free(struct skr_upload_job *job, char **buffer, uint64_t size)
{
    if (*buffer == NULL)
        return;
    free(*buffer);
    *buffer = NULL;
    job->uploader->buffered_bytes -= size;
}

static void skr_upload_unreadable(struct skr_upload_job *job)
{
    skr_upload_end(job, SKR_UPLOAD_REFUSED, "its bytes cannot be read here");
}

/* ---- whole ---- */

static void skr_upload_put_done(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_upload_job *job = skr_upload_job_of(call);
    skr_upload_buffer_free(job, &job->single, job->single_bytes);
    skr_upload_wrote(job, result, SKR_JOURNAL_CONTENT);
}

static void skr_upload_put_loaded(struct skr_upload_job *job, bool good)
{
    uint8_t md5[SKR_MD5_SIZE];
    if (!good) {
        skr_upload_unreadable(job);
        return;
    }
    skr_md5_of(job->single, job->single_bytes, md5);
    struct skr_upstream_put put = {
        .key = job->entry.key,
        .body = {.size_bytes = job->single_bytes, .data = job->single, .md5 = md5},
        .attributes = skr_upload_attributes(job),
        .conditions = skr_upload_conditions(job),
    };
    job->call.retry = &skr_upload_retry;
    job->call.done = skr_upload_put_done;
    skr_upstream_put(job->uploader->client, job->bound->upstream, &job->call, &put);
}

static void skr_upload_put(struct skr_upload_job *job)
{
    job->single_bytes = (size_t)job->object.content.size_bytes;
    job->single = skr_upload_buffer(job, job->single_bytes);
    if (job->single == NULL)
        skr_upload_end(job, SKR_UPLOAD_AWAY, "no memory to upload");
    else
        skr_upload_load(job, job->single, 0, job->single_bytes, skr_upload_put_loaded);
}

/* ---- in parts ---- */

static void skr_upload_parts_go(struct skr_upload_job *job);

static void skr_upload_completed(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_upload_job *job = skr_upload_job_of(call);
    bool was_early = job->early != NULL;
    skr_early_release(job, false, result->outcome == SKR_UPSTREAM_OK);
    job->no_early = true; /* once is enough: another try sends all of it */
    if (was_early && result->outcome == SKR_UPSTREAM_INVALID) {
        skr_bound_note(job->bound, result); /* what was sent early is there no more */
        skr_upload_recover(job);
        return;
    }
    skr_upload_wrote(job, result, SKR_JOURNAL_CONTENT);
}

static void skr_upload_complete(struct skr_upload_job *job)
{
    struct skr_upstream_part *parts = skr_arena_alloc(&job->arena, job->part_count * sizeof *parts);
    if (parts == NULL) {
        skr_upload_end(job, SKR_UPLOAD_AWAY, "no memory to upload");
        return;
    }
    for (unsigned i = 0; i < job->part_count; i++)
        parts[i] = (struct skr_upstream_part){job->pieces[i].number, job->pieces[i].part};
    struct skr_upstream_complete complete = {
        .key = job->entry.key,
        .upload = job->early != NULL ? job->early->upload : job->upload,
        .parts = parts,
        .part_count = job->part_count,
        .attributes = skr_upload_attributes(job),
        .conditions = skr_upload_conditions(job),
    };
    job->was_listed = true;
    job->call.retry = &skr_upload_retry;
    job->call.done = skr_upload_completed;
    skr_upstream_upload_complete(job->uploader->client, job->bound->upstream, &job->call, &complete);
}

static void skr_upload_part_free(struct skr_upload_part *part)
{
    skr_upload_buffer_free(part->job, &part->buffer, part->size_bytes);
    part->number = 0;
    part->is_sent = false;
}

static void skr_upload_aborted(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_upload_job *job = skr_upload_job_of(call);
    (void)result; /* whether it worked or not */
    job->upload = SKR_NO_BYTES;
    skr_upload_conclude(job);
}

static void skr_upload_part_failed(struct skr_upload_job *job, const struct skr_upstream_result *result)
{
    if (result->outcome == SKR_UPSTREAM_NOT_FOUND) /* the upload, not the object */
        skr_upload_end(job, SKR_UPLOAD_AWAY, "upstream has lost an upload under way");
    else
        skr_upload_fail(job, result);
}

static void skr_upload_part_done(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_upload_part *part = (struct skr_upload_part *)((char *)call - offsetof(struct skr_upload_part, call));
    struct skr_upload_job *job = part->job;
    struct skr_upload_piece *piece = &job->pieces[part->number - 1];
    skr_bound_note(job->bound, result);
    skr_upload_part_free(part);
    if (result->outcome != SKR_UPSTREAM_OK) {
        skr_upload_part_failed(job, result);
        return;
    }
    piece->part = skr_arena_copy(&job->arena, result->part);
    if (piece->part.data == NULL) {
        skr_upload_end(job, SKR_UPLOAD_AWAY, "no memory to upload");
        return;
    }
    job->parts_left--;
    skr_upload_parts_go(job);
}

static void skr_upload_part_loaded(struct skr_upload_job *job, bool good)
{
    struct skr_upload_part *part = job->loading;
    uint8_t md5[SKR_MD5_SIZE];
    job->loading = NULL;
    if (!good) {
        skr_upload_unreadable(job);
        return;
    }
    skr_md5_of(part->buffer, part->size_bytes, md5);
    struct skr_upstream_body body = {.size_bytes = part->size_bytes, .data = part->buffer, .md5 = md5};
    part->is_sent = true;
    part->call = (struct skr_upstream_call){.done = skr_upload_part_done, .retry = &skr_upload_retry};
    skr_upstream_upload_part(job->uploader->client, job->bound->upstream, &part->call, job->entry.key,
                             job->early != NULL ? job->early->upload : job->upload, job->pieces[part->number - 1].number,
                             &body);
    skr_upload_parts_go(job);
}

/* Takes up the next part where there is room for it; the first one always has some. */
static void skr_upload_parts_go(struct skr_upload_job *job)
{
    struct skr_upload_part *part = NULL;
    bool is_alone = true;
    if (job->parts_left == 0) {
        skr_upload_complete(job);
        return;
    }
    while (job->part_next < job->part_count && job->pieces[job->part_next].part.size > 0)
        job->part_next++;
    if (job->loading != NULL || job->part_next == job->part_count)
        return;
    for (size_t i = 0; i < SKR_UPLOAD_PARTS; i++) {
        is_alone = is_alone && job->parts[i].number == 0;
        if (job->parts[i].number == 0)
            part = &job->parts[i];
    }
    uint64_t offset = job->pieces[job->part_next].offset, size = job->pieces[job->part_next].size;
    if (part == NULL || (!is_alone && job->uploader->buffered_bytes + size > SKR_UPLOAD_BUFFER_BYTES))
        return; /* a part that is done goes on */
    part->job = job;
    part->size_bytes = (size_t)size;
    part->buffer = skr_upload_buffer(job, size);
    if (part->buffer == NULL) {
        skr_upload_end(job, SKR_UPLOAD_AWAY, "no memory to upload");
        return;
    }
    part->number = ++job->part_next;
    job->loading = part;
    skr_upload_load(job, part->buffer, offset, part->size_bytes, skr_upload_part_loaded);
}

static void skr_upload_begun(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_upload_job *job = skr_upload_job_of(call);
    skr_bound_note(job->bound, result);
    if (result->outcome != SKR_UPSTREAM_OK) {
        skr_upload_part_failed(job, result);
        return;
    }
    job->upload = skr_arena_copy(&job->arena, result->upload);
    if (job->upload.data == NULL)
        skr_upload_end(job, SKR_UPLOAD_AWAY, "no memory to upload");
    else
        skr_upload_parts_go(job);
}

static struct skr_upstream_limits skr_upload_limits(const struct skr_upload_job *job)
{
    return skr_upstream_limits_of(job->bound->binding.is_s3 ? SKR_UPSTREAM_S3 : SKR_UPSTREAM_AZURE);
}

static void skr_upload_send_all(struct skr_upload_job *job)
{
    struct skr_upstream_limits limits = skr_upload_limits(job);
    /* Azurite takes a blob of which only blocks are there, left by an upload that was cut off, for one that exists; but not
     * when a block list is committed. */
    bool by_list = job->base_none && job->looks > 1 && job->object.content.size_bytes > 0;
    if (job->object.content.size_bytes <= SKR_UPLOAD_PART_BYTES && !by_list) {
        skr_upload_put(job);
        return;
    }
    if (!skr_upload_divide(job, &limits))
        return;
    struct skr_upstream_attributes attributes = skr_upload_attributes(job);
    job->call.retry = &skr_upload_retry;
    job->call.done = skr_upload_begun;
    skr_upstream_upload_begin(job->uploader->client, job->bound->upstream, &job->call, job->entry.key, &attributes);
}

void skr_upload_early_ready(struct skr_upload_job *job)
{
    struct skr_upstream_limits limits = skr_upload_limits(job);
    if (skr_upload_plan_early(job, &limits)) {
        skr_upload_parts_go(job);
        return;
    }
    skr_early_release(job, false, false);
    skr_upload_send_all(job);
}

void skr_upload_send_bytes(struct skr_upload_job *job)
{
    skr_upload_drop_bytes(job); /* of an earlier try */
    skr_early_release(job, false, false);
    if (skr_upload_copy(job))
        return;
    if (job->reader == NULL) {
        skr_upload_end(job, SKR_UPLOAD_AWAY, "it must be opened anew");
        return;
    }
    job->early = job->no_early ? NULL : skr_early_claim(job);
    if (job->early == NULL)
        skr_upload_send_all(job);
    else if (job->early->under_way == 0 && !job->early->begins)
        skr_upload_early_ready(job);
}

void skr_upload_drop_bytes(struct skr_upload_job *job)
{
    if (job->load.is_under_way) { /* it is reading into what goes */
        skr_reader_close(job->reader);
        job->reader = NULL;
        job->load.is_under_way = false;
    }
    for (size_t i = 0; i < SKR_UPLOAD_PARTS; i++) {
        struct skr_upload_part *part = &job->parts[i];
        if (part->is_sent)
            skr_upstream_cancel(&part->call);
        if (part->number != 0)
            skr_upload_part_free(part);
    }
    job->loading = NULL;
    skr_upload_buffer_free(job, &job->single, job->single_bytes);
}

bool skr_upload_abort(struct skr_upload_job *job)
{
    if (job->upload.size == 0 || job->end == SKR_UPLOAD_DONE)
        return false;
    job->call.retry = NULL;
    job->call.done = skr_upload_aborted;
    skr_upstream_upload_abort(job->uploader->client, job->bound->upstream, &job->call, job->entry.key, job->upload);
    return true;
}
