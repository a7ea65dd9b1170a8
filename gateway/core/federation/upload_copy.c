/* Why: what was copied here need not travel: upstream has the same bytes under another name, and copies them itself. It copies
 * the source's attributes with them, so that for a moment what is there is neither what was nor what is to be; after a crash
 * or a lost answer it is known by its bytes.
 *
 * Invariant: only what has the entity tag that goes with our bytes is copied. Where upstream does not do it the bytes are sent.
 */
#include "clock.h"
#include "upload.h"

#define SKR_COPY_LEAST_BYTES (UINT64_C(256) << 10) /* what is smaller goes in one request with its attributes */
#define SKR_COPY_MOST_S3_BYTES (UINT64_C(5) << 30)
#define SKR_COPY_LOOK_NS (100 * INT64_C(1000000))

/* ---- where from ---- */

/* Of an ordinary content: the name that it was copied from, as upstream has it now or had it then. */
static void skr_copy_find_ordinary(struct skr_upload_job *job, struct skr_view *view)
{
    struct skr_container container;
    struct skr_journal_entry dirty;
    struct skr_object source;
    struct skr_bytes etag = job->entry.source_etag;
    if (job->object.content.size_bytes < SKR_COPY_LEAST_BYTES || job->entry.source_key.size == 0 ||
        skr_container_get(view, &job->arena, job->entry.account, job->entry.container, &container, NULL) != SKR_OK)
        return;
    enum skr_status status = skr_journal_get(view, &container, job->entry.source_key, &dirty, NULL);
    bool is_clean = status == SKR_NOT_FOUND || (status == SKR_OK && !(dirty.what & (SKR_JOURNAL_CONTENT | SKR_JOURNAL_DELETE)));
    if (is_clean && skr_object_get(view, &job->arena, container.objects_node, job->entry.source_key, &source, NULL) == SKR_OK &&
        source.content.id == job->object.content.id)
        etag = source.upstream_etag;
    job->copy_key = job->entry.source_key;
    job->copy_etag = skr_arena_copy(&job->arena, etag);
}

static void skr_copy_find_cached(struct skr_upload_job *job, struct skr_view *view)
{
    struct skr_origin origin;
    if (skr_content_origin(view, job->object.content.id, &origin, NULL) != SKR_OK || origin.binding != job->bound->binding.id ||
        !skr_bytes_equal(origin.container, job->entry.container))
        return;
    job->copy_key = skr_arena_copy(&job->arena, origin.key);
    job->copy_etag = skr_arena_copy(&job->arena, origin.etag);
}

bool skr_upload_may_copy(struct skr_upload_job *job)
{
    const struct skr_content *content = &job->object.content;
    struct skr_view *view;
    if (job->copy_key.size == 0 && content->size_bytes > 0 &&
        skr_view_begin(job->uploader->background.worker->reader, &view, NULL) == SKR_OK) {
        if (content->layout == SKR_CONTENT_CACHED)
            skr_copy_find_cached(job, view);
        else
            skr_copy_find_ordinary(job, view);
        skr_view_end(view);
    }
    return job->copy_key.size > 0 && !skr_bytes_equal(job->copy_key, job->entry.key) &&
           (!job->bound->binding.is_s3 || content->size_bytes <= SKR_COPY_MOST_S3_BYTES);
}

/* ---- afterwards ---- */

static bool skr_is_usual_type(struct skr_bytes type)
{
    return type.size == 0 || skr_bytes_equal(type, SKR_BYTES("application/octet-stream")) ||
           skr_bytes_equal(type, SKR_BYTES("binary/octet-stream"));
}

static bool skr_property_differs(enum skr_property property, struct skr_bytes ours, struct skr_bytes theirs)
{
    if (property == SKR_PROPERTY_CONTENT_TYPE && skr_is_usual_type(ours) && skr_is_usual_type(theirs))
        return false;
    return !skr_bytes_equal(ours, theirs);
}

void skr_upload_copy_go_on(struct skr_upload_job *job, const struct skr_upstream_object *there)
{
    const struct skr_object *ours = &job->object;
    bool is_s3 = job->bound->binding.is_s3, differs = !is_s3 && ours->has_md5 && !there->has_md5;
    for (unsigned i = 0; i < SKR_PROPERTY_COUNT; i++)
        if (SKR_UPSTREAM_PROPERTIES & (1u << i) && (is_s3 || i != SKR_PROPERTY_EXPIRES))
            differs |= skr_property_differs((enum skr_property)i, ours->properties[i], there->properties[i]);
    job->left = differs ? SKR_JOURNAL_PROPERTIES : 0;
    if (skr_metadata_hash(ours->metadata, ours->metadata_count) != skr_metadata_hash(there->metadata, there->metadata_count))
        job->left |= SKR_JOURNAL_METADATA;
    if (ours->tag_count > 0 || there->tag_count > 0)
        job->left |= SKR_JOURNAL_TAGS;
    if (skr_upload_base(job, there->etag))
        skr_upload_send(job);
}

static void skr_copy_send_bytes(struct skr_upload_job *job)
{
    job->copy_failed = true;
    skr_upload_send(job);
}

static void skr_copy_looked(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_upload_job *job = skr_upload_job_of(call);
    skr_bound_note(job->bound, result);
    if (result->outcome == SKR_UPSTREAM_NOT_FOUND) {
        job->copy_failed = true;
        skr_upload_recover(job);
    } else if (result->outcome != SKR_UPSTREAM_OK) {
        skr_upload_fail(job, result);
    } else if (result->object->copy_pending) {
        unsigned shift = job->copy_looks < 6 ? job->copy_looks++ : 6;
        job->copy_is_pending = true;
        job->copy_look_ns = skr_clock_ns() + (SKR_COPY_LOOK_NS << shift);
    } else if (!job->copy_is_pending && !skr_bytes_equal(result->object->etag, job->base_etag)) {
        job->copy_failed = true; /* somebody has been faster: what is there is not our copy */
        skr_upload_recover(job);
    } else if (result->object->size_bytes == job->object.content.size_bytes) {
        skr_upload_copy_go_on(job, result->object);
    } else if (skr_upload_base(job, result->object->etag)) { /* it came to nothing, which is what is there now */
        skr_copy_send_bytes(job);
    }
}

static void skr_copy_look(struct skr_upload_job *job)
{
    struct skr_upstream_conditions none = {.if_none_match_any = false};
    job->call.retry = &skr_upload_retry;
    job->call.done = skr_copy_looked;
    skr_upstream_head(job->uploader->client, job->bound->upstream, &job->call, job->entry.key, &none);
}

int64_t skr_upload_copies_turn(struct skr_uploader *uploader, int64_t now_ns)
{
    int64_t next_ns = INT64_MAX;
    for (struct skr_upload_job *job = uploader->jobs; job != NULL; job = job->next) {
        if (job->copy_look_ns != 0 && job->copy_look_ns <= now_ns) {
            job->copy_look_ns = 0;
            skr_copy_look(job);
        }
        if (job->copy_look_ns != 0 && job->copy_look_ns < next_ns)
            next_ns = job->copy_look_ns;
    }
    return next_ns;
}

/* ---- copying ---- */

static void skr_copied(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_upload_job *job = skr_upload_job_of(call);
    skr_bound_note(job->bound, result);
    switch (result->outcome) {
    case SKR_UPSTREAM_OK:
        job->copy_is_pending = result->object == NULL || result->object->etag.size == 0 || result->object->copy_pending;
        if (!job->copy_is_pending && !skr_upload_base(job, result->object->etag))
            return;
        skr_copy_look(job);
        return;
    case SKR_UPSTREAM_CONDITION_FAILED: /* the source's or the destination's: a look tells */
    case SKR_UPSTREAM_CHANGED:
    case SKR_UPSTREAM_NOT_FOUND:
    case SKR_UPSTREAM_CONFLICT:
        job->copy_failed = true;
        skr_upload_recover(job);
        return;
    case SKR_UPSTREAM_THROTTLED:
    case SKR_UPSTREAM_UNAVAILABLE:
    case SKR_UPSTREAM_TIMEOUT:
    case SKR_UPSTREAM_TLS:
    case SKR_UPSTREAM_CANCELLED:
    case SKR_UPSTREAM_NO_MEMORY:
        skr_upload_fail(job, result);
        return;
    default:
        skr_copy_send_bytes(job);
        return;
    }
}

static void skr_copy_begin(struct skr_upload_job *job)
{
    struct skr_upstream_copy copy = {
        .source = job->copy_key,
        .key = job->entry.key,
        .source_if_match = job->copy_etag,
        .conditions = skr_upload_conditions(job),
    };
    job->call.retry = &skr_upload_retry;
    job->call.done = skr_copied;
    skr_upstream_copy(job->uploader->client, job->bound->upstream, &job->call, &copy);
}

static void skr_copy_looked_before(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_upload_job *job = skr_upload_job_of(call);
    skr_bound_note(job->bound, result);
    bool is_absent = result->outcome == SKR_UPSTREAM_NOT_FOUND;
    if (!is_absent && result->outcome != SKR_UPSTREAM_OK)
        skr_upload_fail(job, result);
    else if (is_absent ? job->base_none : !job->base_none && skr_bytes_equal(result->object->etag, job->base_etag))
        skr_copy_begin(job);
    else
        skr_upload_recover(job);
}

bool skr_upload_copy(struct skr_upload_job *job)
{
    struct skr_upstream_conditions none = {.if_none_match_any = false};
    if (job->copy_failed || !skr_upload_may_copy(job) || job->copy_etag.size == 0)
        return false;
    if (!job->bound->binding.is_s3) {
        skr_copy_begin(job);
        return true;
    }
    /* Many an S3 takes no notice of conditions on what a copy replaces. */
    job->call.retry = &skr_upload_retry;
    job->call.done = skr_copy_looked_before;
    skr_upstream_head(job->uploader->client, job->bound->upstream, &job->call, job->entry.key, &none);
    return true;
}
