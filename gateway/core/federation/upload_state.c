/* What upstream has, against what we have: after a refusal or an answer that was lost, and where nothing was known. What is
 * there is one of three: what we believed, and then nothing happened; our own work, whose answer we did not get, and then we go
 * on from it; or somebody else's, which is a conflict and stays.
 */
#include <stdlib.h>

#include "skerry/hash.h"
#include "upload.h"

/* Where we do not know what upstream had when a name was changed here, times decide, and those are of two clocks: upstream's,
 * told in whole seconds, and ours. What was changed there less than this before our change may have been changed after it. An
 * error in one direction costs somebody a decision, in the other it costs data. */
#define SKR_CLOCK_TOLERANCE_NS (5 * INT64_C(1000000000))
#define SKR_COMPARE_BYTES (UINT64_C(1) << 20)

/* ---- is it the same? ---- */

static bool skr_properties_match(const struct skr_object *ours, const struct skr_upstream_object *there)
{
    for (unsigned i = 0; i < SKR_PROPERTY_COUNT; i++)
        if (SKR_UPSTREAM_PROPERTIES & (1u << i) && ours->properties[i].size > 0 && i != SKR_PROPERTY_EXPIRES &&
            !skr_bytes_equal(ours->properties[i], there->properties[i]))
            return false;
    return true;
}

/* Entity tags of S3 are MD5s for what was put whole and without encryption: no promise, but no accident either. */
static bool skr_etag_is_md5(struct skr_upload_job *job, const uint8_t md5[16], struct skr_bytes etag)
{
    struct skr_bytes text = skr_etag_of_md5(&job->arena, md5);
    return job->bound->binding.is_s3 && text.data != NULL && skr_bytes_equal_nocase(text, etag);
}

enum skr_likeness { SKR_ANOTHER, SKR_SAME, SKR_SAME_IF_BYTES_ARE };

static enum skr_likeness skr_compare_state(struct skr_upload_job *job, const struct skr_upstream_object *there)
{
    const struct skr_object *ours = &job->object;
    if (there->size_bytes != ours->content.size_bytes || !skr_properties_match(ours, there) ||
        skr_metadata_hash(ours->metadata, ours->metadata_count) != skr_metadata_hash(there->metadata, there->metadata_count))
        return SKR_ANOTHER;
    if (ours->content.size_bytes == 0)
        return SKR_SAME;
    if (ours->has_md5 && there->has_md5)
        return memcmp(ours->md5, there->md5, sizeof ours->md5) == 0 ? SKR_SAME : SKR_ANOTHER;
    return ours->has_md5 && skr_etag_is_md5(job, ours->md5, there->etag) ? SKR_SAME : SKR_SAME_IF_BYTES_ARE;
}

static bool skr_trace_resembles(const struct skr_journal_trace *trace, uint64_t size_bytes, uint64_t metadata)
{
    return !trace->is_absent && trace->size_bytes == size_bytes && (trace->metadata_hash == metadata || trace->is_copy);
}

/* Is it an earlier state of the entry, which may have been sent before a crash? */
static bool skr_is_trace(struct skr_upload_job *job, const struct skr_upstream_object *there)
{
    uint64_t hash = skr_metadata_hash(there->metadata, there->metadata_count);
    for (size_t i = 0; i < job->entry.trace_count; i++) {
        const struct skr_journal_trace *trace = &job->entry.traces[i];
        if (!skr_trace_resembles(trace, there->size_bytes, hash))
            continue;
        if (trace->size_bytes == 0)
            return true;
        if (!trace->has_md5)
            continue;
        if (there->has_md5 ? memcmp(trace->md5, there->md5, sizeof trace->md5) == 0
                           : skr_etag_is_md5(job, trace->md5, there->etag))
            return true;
    }
    return false;
}

/* May it be what upstream copied for us, before its attributes were set? */
static enum skr_likeness skr_compare_copy(struct skr_upload_job *job, const struct skr_upstream_object *there)
{
    const struct skr_object *ours = &job->object;
    if (!skr_upload_may_copy(job) || there->size_bytes != ours->content.size_bytes)
        return SKR_ANOTHER;
    if (ours->has_md5 && there->has_md5)
        return memcmp(ours->md5, there->md5, sizeof ours->md5) == 0 ? SKR_SAME : SKR_ANOTHER;
    if (job->bound->binding.is_s3 && skr_bytes_equal(there->etag, job->copy_etag)) /* a copy in one piece keeps it */
        return SKR_SAME;
    return ours->has_md5 && skr_etag_is_md5(job, ours->md5, there->etag) ? SKR_SAME : SKR_SAME_IF_BYTES_ARE;
}

static bool skr_was_absent(const struct skr_upload_job *job)
{
    for (size_t i = 0; i < job->entry.trace_count; i++)
        if (job->entry.traces[i].is_absent)
            return true;
    return false;
}

/* ---- what follows ---- */

bool skr_upload_base(struct skr_upload_job *job, struct skr_bytes etag)
{
    job->base_etag = etag.size == 0 ? SKR_NO_BYTES : skr_arena_copy(&job->arena, etag);
    job->base_none = etag.size == 0;
    if (etag.size > 0 && job->base_etag.data == NULL) {
        skr_upload_end(job, SKR_UPLOAD_AWAY, "no memory to upload");
        return false;
    }
    return true;
}

/* Sends it all, on top of what is there. */
static void skr_upload_send_on(struct skr_upload_job *job, struct skr_bytes etag, bool whole)
{
    if (job->looks >= SKR_UPLOAD_LOOKS) {
        skr_upload_end(job, SKR_UPLOAD_REFUSED, "upstream refuses a condition that it meets, or changes all the time");
        return;
    }
    job->is_whole |= whole && !(job->entry.what & SKR_JOURNAL_DELETE);
    job->left = job->is_whole ? SKR_JOURNAL_CONTENT : job->entry.what;
    if (skr_upload_base(job, etag))
        skr_upload_send(job);
}

/* It is there already. Tags are not a part of what can be compared. */
static void skr_upload_found(struct skr_upload_job *job, struct skr_bytes etag)
{
    job->left = job->entry.what & (SKR_JOURNAL_CONTENT | SKR_JOURNAL_TAGS) && job->object.tag_count > 0 ? SKR_JOURNAL_TAGS : 0;
    if (job->entry.what == SKR_JOURNAL_TAGS)
        job->left = SKR_JOURNAL_TAGS;
    job->etag_unknown = false;
    if (skr_upload_base(job, etag))
        skr_upload_send(job);
}

/* The bytes are there, under attributes that may be the source's. */
static void skr_upload_found_copy(struct skr_upload_job *job)
{
    job->left = SKR_JOURNAL_METADATA | SKR_JOURNAL_PROPERTIES | SKR_JOURNAL_TAGS;
    job->etag_unknown = false;
    if (skr_upload_base(job, job->compare_etag))
        skr_upload_send(job);
}

/* Reads what upstream has under `compare_etag`. Once: whoever tries again begins with what is there then. */
static void skr_read_there(struct skr_upload_job *job,
                           size_t (*write)(struct skr_upstream_call *call, const void *data, size_t size),
                           void (*done)(struct skr_upstream_call *call, const struct skr_upstream_result *result))
{
    struct skr_upstream_get get = {.key = job->entry.key, .write = write, .conditions = {.if_match = job->compare_etag}};
    job->call.retry = NULL;
    job->call.done = done;
    skr_upstream_get(job->uploader->client, job->bound->upstream, &job->call, &get);
}

static void skr_upload_conflict(struct skr_upload_job *job)
{
    if (job->entry.what & SKR_JOURNAL_DELETE && job->entry.base_known && job->entry.base_etag.size == 0) {
        job->base_etag = SKR_NO_BYTES; /* what was made and deleted here was never there: it is somebody else's */
        skr_upload_done(job);
        return;
    }
    skr_upload_end(job, SKR_UPLOAD_CONFLICT, "upstream has another version that did not come from here");
}

/* ---- comparing with what is here no more ---- */

static size_t skr_digest_write(struct skr_upstream_call *call, const void *data, size_t size)
{
    struct skr_upload_job *job = skr_upload_job_of(call);
    skr_md5_update(job->digest_md5, data, size);
    job->digest_crc32c = skr_crc32c(job->digest_crc32c, data, size);
    return size;
}

static void skr_digest_done(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_upload_job *job = skr_upload_job_of(call);
    uint8_t md5[SKR_MD5_SIZE];
    bool is_ours = false;
    skr_bound_note(job->bound, result);
    skr_md5_finish(job->digest_md5, md5);
    skr_md5_close(job->digest_md5);
    job->digest_md5 = NULL;
    for (size_t i = 0; i < job->entry.trace_count; i++) {
        const struct skr_journal_trace *trace = &job->entry.traces[i];
        if (skr_trace_resembles(trace, job->digest_size, job->digest_metadata))
            is_ours |= trace->has_md5 ? memcmp(trace->md5, md5, sizeof md5) == 0
                                      : trace->has_crc32c && trace->crc32c == job->digest_crc32c;
    }
    if (result->outcome == SKR_UPSTREAM_OK && is_ours)
        skr_upload_send_on(job, job->compare_etag, true);
    else if (result->outcome == SKR_UPSTREAM_OK)
        skr_upload_conflict(job);
    else if (result->outcome == SKR_UPSTREAM_NOT_FOUND || result->outcome == SKR_UPSTREAM_CONDITION_FAILED ||
             result->outcome == SKR_UPSTREAM_CHANGED)
        skr_upload_recover(job);
    else
        skr_upload_fail(job, result);
}

/* What upstream has may be an earlier state of the entry, of which only digests are known here: then its bytes tell. */
static void skr_digest_or_conflict(struct skr_upload_job *job, struct skr_bytes etag, uint64_t size_bytes, uint64_t metadata)
{
    bool may_be = false;
    for (size_t i = 0; i < job->entry.trace_count; i++) {
        const struct skr_journal_trace *trace = &job->entry.traces[i];
        may_be |= skr_trace_resembles(trace, size_bytes, metadata) && (trace->has_md5 || trace->has_crc32c);
    }
    if (!may_be) {
        skr_upload_conflict(job);
        return;
    }
    skr_upload_drop_bytes(job);
    job->compare_etag = skr_arena_copy(&job->arena, etag);
    if (job->compare_etag.data == NULL || skr_md5_open(&job->digest_md5, NULL) != SKR_OK) {
        skr_upload_end(job, SKR_UPLOAD_AWAY, "no memory to compare");
        return;
    }
    job->digest_crc32c = 0;
    job->digest_size = size_bytes;
    job->digest_metadata = metadata;
    skr_read_there(job, skr_digest_write, skr_digest_done);
}

static void skr_digest_of(struct skr_upload_job *job, const struct skr_upstream_object *there)
{
    skr_digest_or_conflict(job, there->etag, there->size_bytes, skr_metadata_hash(there->metadata, there->metadata_count));
}

/* ---- comparing bytes ---- */

static void skr_compare_loaded(struct skr_upload_job *job, bool good)
{
    job->compare_loading = false;
    job->compare_unreadable = !good; /* told by the next write: this may be inside of one */
    if (job->compare_waits) {
        job->compare_waits = false;
        skr_upstream_resume(&job->call);
    }
}

/* Are the local bytes at `compare_at` in the buffer? Begins to load them when they are not. */
static bool skr_compare_ready(struct skr_upload_job *job)
{
    uint64_t left = job->object.content.size_bytes - job->compare_at;
    if (!job->compare_loading && job->compare_at - job->compare_offset >= job->compare_size) {
        job->compare_offset = job->compare_at;
        job->compare_size = (size_t)(left < SKR_COMPARE_BYTES ? left : SKR_COMPARE_BYTES);
        job->compare_loading = true;
        skr_upload_load(job, job->single, job->compare_offset, job->compare_size, skr_compare_loaded);
    }
    return !job->compare_loading;
}

static size_t skr_compare_write(struct skr_upstream_call *call, const void *data, size_t size)
{
    struct skr_upload_job *job = skr_upload_job_of(call);
    for (size_t done = 0; done < size;) {
        if (job->compare_differs || job->compare_unreadable || job->compare_at >= job->object.content.size_bytes)
            return size; /* to its end, which comes soon enough */
        if (!skr_compare_ready(job)) {
            job->compare_waits = true;
            return done;
        }
        size_t inside = (size_t)(job->compare_at - job->compare_offset);
        size_t taken = job->compare_size - inside < size - done ? job->compare_size - inside : size - done;
        job->compare_differs = !job->compare_unreadable && memcmp(job->single + inside, (const char *)data + done, taken) != 0;
        job->compare_at += taken;
        done += taken;
    }
    return size;
}

static void skr_compare_done(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_upload_job *job = skr_upload_job_of(call);
    skr_bound_note(job->bound, result);
    if (job->compare_unreadable)
        skr_upload_end(job, SKR_UPLOAD_REFUSED, "its bytes cannot be read here");
    else if (result->outcome == SKR_UPSTREAM_OK && (job->compare_differs || job->compare_at != job->object.content.size_bytes))
        skr_digest_or_conflict(job, job->compare_etag, job->object.content.size_bytes, job->digest_metadata);
    else if (result->outcome == SKR_UPSTREAM_OK && job->compare_is_of_copy)
        skr_upload_found_copy(job);
    else if (result->outcome == SKR_UPSTREAM_OK)
        skr_upload_found(job, job->compare_etag);
    else if (result->outcome == SKR_UPSTREAM_NOT_FOUND || result->outcome == SKR_UPSTREAM_CONDITION_FAILED ||
             result->outcome == SKR_UPSTREAM_CHANGED)
        skr_upload_recover(job);
    else
        skr_upload_fail(job, result);
}

/* The size is the same, and nobody has kept an MD5: only the bytes can tell. */
static void skr_compare_begin(struct skr_upload_job *job, const struct skr_upstream_object *there, bool is_of_copy)
{
    job->compare_is_of_copy = is_of_copy;
    job->digest_metadata = skr_metadata_hash(there->metadata, there->metadata_count);
    skr_upload_drop_bytes(job);
    job->single_bytes = SKR_COMPARE_BYTES;
    job->single = malloc(job->single_bytes);
    job->compare_etag = skr_arena_copy(&job->arena, there->etag);
    if (job->single == NULL || job->compare_etag.data == NULL || job->reader == NULL) {
        free(job->single);
        job->single = NULL;
        skr_upload_end(job, SKR_UPLOAD_AWAY, "no memory to compare");
        return;
    }
    job->uploader->buffered_bytes += job->single_bytes;
    job->compare_offset = job->compare_at = 0;
    job->compare_size = 0;
    job->compare_loading = job->compare_waits = job->compare_differs = job->compare_unreadable = false;
    skr_read_there(job, skr_compare_write, skr_compare_done);
}

/* ---- after a refusal, or a success whose entity tag was not told ---- */

/* Is it at least what upstream was asked to copy? If not, it is somebody else's. */
static void skr_recover_copy(struct skr_upload_job *job, const struct skr_upstream_object *there)
{
    bool sends = job->is_whole || job->entry.what & SKR_JOURNAL_CONTENT;
    enum skr_likeness likeness = sends ? skr_compare_copy(job, there) : SKR_ANOTHER;
    if (likeness == SKR_SAME)
        skr_upload_copy_go_on(job, there);
    else if (likeness == SKR_SAME_IF_BYTES_ARE)
        skr_compare_begin(job, there, true);
    else
        skr_digest_of(job, there);
}

static void skr_recover_present(struct skr_upload_job *job, const struct skr_upstream_object *there)
{
    bool deletes = job->entry.what & SKR_JOURNAL_DELETE;
    enum skr_likeness likeness = deletes ? SKR_ANOTHER : skr_compare_state(job, there);
    if (!job->base_none && skr_bytes_equal(there->etag, job->base_etag) && !job->etag_unknown)
        skr_upload_send_on(job, there->etag, false); /* nothing happened */
    else if (likeness == SKR_SAME || (job->etag_unknown && likeness == SKR_SAME_IF_BYTES_ARE))
        skr_upload_found(job, there->etag);
    else if (likeness == SKR_SAME_IF_BYTES_ARE)
        skr_compare_begin(job, there, false);
    else if (job->entry.overwrites || skr_is_trace(job, there))
        skr_upload_send_on(job, there->etag, true);
    else
        skr_recover_copy(job, there);
}

static void skr_recover_looked(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_upload_job *job = skr_upload_job_of(call);
    skr_bound_note(job->bound, result);
    if (result->outcome == SKR_UPSTREAM_OK && result->object->copy_pending)
        skr_upload_end(job, SKR_UPLOAD_REFUSED, "somebody else's copy to this name is under way upstream");
    else if (result->outcome == SKR_UPSTREAM_OK)
        skr_recover_present(job, result->object);
    else if (result->outcome != SKR_UPSTREAM_NOT_FOUND)
        skr_upload_fail(job, result);
    else if (job->entry.what & SKR_JOURNAL_DELETE) {
        job->base_etag = SKR_NO_BYTES;
        skr_upload_done(job);
    } else if (job->entry.overwrites || job->base_none || skr_was_absent(job))
        skr_upload_send_on(job, SKR_NO_BYTES, true);
    else
        skr_upload_end(job, SKR_UPLOAD_CONFLICT, "it was deleted upstream, but not from here");
}

void skr_upload_recover(struct skr_upload_job *job)
{
    if (job->looks >= 2 * SKR_UPLOAD_LOOKS)
        skr_upload_end(job, SKR_UPLOAD_REFUSED, "what upstream has changes all the time");
    else
        skr_upload_look(job, skr_recover_looked);
}

/* ---- the first look ---- */

static bool skr_is_newer(const struct skr_upload_job *job, const struct skr_upstream_object *there)
{
    return there->modified_ns + SKR_CLOCK_TOLERANCE_NS > job->entry.since_ns;
}

static void skr_first_present(struct skr_upload_job *job, const struct skr_upstream_object *there)
{
    bool deletes = job->entry.what & SKR_JOURNAL_DELETE;
    if (job->entry.overwrites) {
        skr_upload_send_on(job, there->etag, true);
    } else if (!job->entry.base_known) {
        enum skr_likeness likeness = deletes ? SKR_ANOTHER : skr_compare_state(job, there);
        if (likeness == SKR_SAME)
            skr_upload_found(job, there->etag);
        else if (skr_is_newer(job, there) && likeness == SKR_SAME_IF_BYTES_ARE)
            skr_compare_begin(job, there, false);
        else if (skr_is_newer(job, there) && !skr_is_trace(job, there))
            skr_recover_copy(job, there);
        else
            skr_upload_send_on(job, there->etag, true);
    } else if (deletes) { /* what was never upstream is gone: is it there after all, sent before a crash? */
        if (skr_is_trace(job, there))
            skr_upload_send_on(job, there->etag, true);
        else
            skr_digest_of(job, there);
    } else if (skr_bytes_equal(there->etag, job->base_etag)) {
        skr_upload_send(job); /* tags, which have no condition */
    } else {
        skr_recover_present(job, there);
    }
}

static void skr_first_looked(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_upload_job *job = skr_upload_job_of(call);
    skr_bound_note(job->bound, result);
    if (result->outcome == SKR_UPSTREAM_OK)
        skr_first_present(job, result->object);
    else if (result->outcome != SKR_UPSTREAM_NOT_FOUND)
        skr_upload_fail(job, result);
    else if (job->entry.what & SKR_JOURNAL_DELETE) {
        job->base_etag = SKR_NO_BYTES;
        skr_upload_done(job);
    } else if (job->entry.overwrites || !job->entry.base_known || job->base_none || skr_was_absent(job))
        skr_upload_send_on(job, SKR_NO_BYTES, true);
    else
        skr_upload_end(job, SKR_UPLOAD_CONFLICT, "it was deleted upstream, but not from here");
}

void skr_upload_look_first(struct skr_upload_job *job)
{
    skr_upload_look(job, skr_first_looked);
}
