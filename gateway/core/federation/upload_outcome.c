/* How a job ends: what metadata is told, when to try again, and who is told that it waited for it.
 *
 * Invariant: an entry goes only in the change that says under which entity tag upstream has what it was for, and only when the
 * name was not changed since; if it was, the newer entry learns what upstream has now. Whoever waited is told after that is
 * durable.
 */
#include <stdarg.h>

#include "clock.h"
#include "skerry/log.h"
#include "space.h"
#include "upload.h"

/* ---- changes ---- */

/* The name as it is now: its container, its entry, its object. */
struct skr_upload_name {
    struct skr_container container;
    struct skr_journal_entry entry;
    struct skr_object object;
    bool exists;
};

static enum skr_status skr_upload_name_find(struct skr_view *view, struct skr_upload_job *job, struct skr_upload_name *name,
                                            struct skr_error *err)
{
    enum skr_status status =
        skr_container_get(view, &job->arena, job->entry.account, job->entry.container, &name->container, err);
    if (status == SKR_OK)
        status = skr_journal_get(view, &name->container, job->entry.key, &name->entry, err);
    if (status != SKR_OK)
        return status; /* NOT_FOUND: somebody decided meanwhile */
    status = skr_object_get(view, &job->arena, name->container.objects_node, job->entry.key, &name->object, err);
    name->exists = status == SKR_OK;
    return status == SKR_OBJECT_NOT_FOUND ? SKR_OK : status;
}

/* The bytes of a cached object are upstream's under this name and entity tag now. A content that others share stays theirs. */
static enum skr_status skr_upload_adopt(struct skr_view *view, struct skr_upload_job *job, struct skr_upload_name *name,
                                        struct skr_error *err)
{
    struct skr_origin there, origin = {job->bound->binding.id, job->entry.container, job->entry.key, job->base_etag};
    struct skr_content *content = &name->object.content;
    uint64_t references = 0;
    enum skr_status status = skr_content_origin(view, content->id, &there, err);
    if (status == SKR_OK)
        status = skr_content_references(view, content->id, &references, err);
    if (status != SKR_OK)
        return status;
    bool is_own = skr_bytes_equal(there.key, origin.key) && skr_bytes_equal(there.container, origin.container);
    if (is_own || references == 1)
        return skr_content_set_origin(view, content->id, &origin, err);
    return skr_content_create_cached(view, skr_meta_next_id(job->uploader->background.core->meta), content->size_bytes, &origin,
                                     content, err);
}

/* Bytes that were written here can be had from upstream from now on. */
static enum skr_status skr_upload_make_evictable(struct skr_view *view, struct skr_upload_job *job,
                                                 const struct skr_content *content, struct skr_error *err)
{
    struct skr_origin origin = {job->bound->binding.id, job->entry.container, job->entry.key, job->base_etag};
    if (content->layout == SKR_CONTENT_EMPTY || job->base_etag.size == 0)
        return SKR_OK;
    job->evictable = *content;
    return skr_content_uploaded(view, content->id, &origin, err);
}

/* The object's record says what upstream calls it. Its time and entity tag stay. */
static enum skr_status skr_upload_mark(struct skr_view *view, struct skr_upload_job *job, struct skr_upload_name *name,
                                       struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    uint64_t content_id = name->object.content.id;
    if (!skr_object_copy(&job->arena, &name->object))
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    name->object.upstream_etag = job->base_etag;
    if (name->object.content.layout == SKR_CONTENT_CACHED && content_id == job->object.content.id)
        status = skr_upload_adopt(view, job, name, err);
    else if (content_id == job->object.content.id)
        status = skr_upload_make_evictable(view, job, &name->object.content, err);
    if (status != SKR_OK)
        return status;
    return name->object.content.id == content_id
               ? skr_object_update(view, name->container.objects_node, job->entry.key, &name->object, err)
               : skr_object_put(view, name->container.objects_node, job->entry.key, &name->object, err);
}

static enum skr_status skr_apply_done(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_upload_job *job = (struct skr_upload_job *)change;
    struct skr_upload_name name;
    job->evictable = (struct skr_content){.id = 0};
    enum skr_status status = skr_upload_name_find(view, job, &name, err);
    if (status == SKR_NOT_FOUND || status == SKR_CONTAINER_NOT_FOUND)
        return SKR_OK;
    if (status != SKR_OK)
        return status;
    bool is_same = name.entry.sequence == job->entry.sequence;
    if (is_same) {
        status = skr_journal_remove(view, name.entry.sequence, err);
        if (status == SKR_OK) /* what pointed into the map may have moved */
            status = skr_object_get(view, &job->arena, name.container.objects_node, job->entry.key, &name.object, err);
        if (status == SKR_OBJECT_NOT_FOUND)
            return SKR_OK;
    } else {
        name.entry.base_known = true;
        name.entry.base_etag = job->base_etag;
        name.entry.trace_count = 0;
        name.entry.since_ns = name.entry.changed_ns;
        status = skr_journal_update(view, &name.entry, err);
        if (status == SKR_OK && name.exists)
            status = skr_object_get(view, &job->arena, name.container.objects_node, job->entry.key, &name.object, err);
    }
    return status != SKR_OK || !name.exists ? status : skr_upload_mark(view, job, &name, err);
}

static enum skr_status skr_apply_failed(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_upload_job *job = (struct skr_upload_job *)change;
    struct skr_journal_entry entry;
    enum skr_status status = skr_journal_at(view, job->entry.sequence, &entry, err);
    if (status != SKR_OK) /* changed meanwhile: what failed is not wanted any more */
        return status == SKR_NOT_FOUND ? SKR_OK : status;
    entry.state = job->end == SKR_UPLOAD_CONFLICT ? SKR_JOURNAL_CONFLICT : SKR_JOURNAL_FAILED;
    entry.attempts++;
    entry.reason = skr_text(job->reason);
    entry.overwrites = entry.overwrites && job->end != SKR_UPLOAD_CONFLICT;
    entry.not_before_ns = job->end == SKR_UPLOAD_CONFLICT ? 0 : skr_wall_ns() + SKR_UPLOAD_REFUSED_MS * INT64_C(1000000);
    return skr_journal_update(view, &entry, err);
}

/* The local change goes, as if it had not been: what upstream has is taken in again when somebody asks for it. */
static enum skr_status skr_apply_take_back(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_upload_job *job = (struct skr_upload_job *)change;
    struct skr_upload_name name;
    enum skr_status status = skr_upload_name_find(view, job, &name, err);
    if (status == SKR_NOT_FOUND || status == SKR_CONTAINER_NOT_FOUND)
        return SKR_OK;
    if (status != SKR_OK || name.entry.sequence != job->entry.sequence)
        return status;
    status = skr_journal_remove(view, name.entry.sequence, err);
    return status != SKR_OK || !name.exists ? status
                                            : skr_object_remove(view, name.container.objects_node, job->entry.key, err);
}

/* ---- ending ---- */

static void skr_upload_pause(struct skr_upload_job *job)
{
    struct skr_lane *lane = job->lane;
    if (lane == NULL)
        return;
    unsigned shift = lane->failures < 6 ? lane->failures : 6;
    int64_t pause_ms = INT64_C(250) << shift;
    lane->failures++;
    lane->failed = job->entry.sequence;
    pause_ms = pause_ms < SKR_UPLOAD_AWAY_MOST_MS ? pause_ms : SKR_UPLOAD_AWAY_MOST_MS;
    if (job->retry_after_ms > pause_ms)
        pause_ms = job->retry_after_ms;
    lane->until_ns = skr_clock_ns() + pause_ms * 1000000;
    if (lane->until_ns < job->uploader->sweep_ns)
        job->uploader->sweep_ns = lane->until_ns;
}

static void skr_upload_recovered(struct skr_upload_job *job)
{
    if (job->lane != NULL && job->end == SKR_UPLOAD_DONE)
        job->lane->early_until_ns = 0;
    if (job->lane == NULL || job->lane->failures == 0)
        return;
    job->lane->failures = 0;
    job->lane->until_ns = 0;
    job->uploader->sweep_ns = 0;
}

static void skr_upload_tell(struct skr_upload_job *job)
{
    static const enum skr_status statuses[] = {
        [SKR_UPLOAD_DONE] = SKR_OK,
        [SKR_UPLOAD_OBSOLETE] = SKR_UPSTREAM_FAILED,
        [SKR_UPLOAD_CONFLICT] = SKR_CONDITION_FAILED,
        [SKR_UPLOAD_REFUSED] = SKR_UPSTREAM_FAILED,
        [SKR_UPLOAD_AWAY] = SKR_UPSTREAM_FAILED,
    };
    skr_awaiting_settle(job->uploader, &job->entry, statuses[job->end], job->reason);
}

/* The outcome cannot be noted: the entry stays, and the next job finds what became of it. Who waits is not left without an
 * answer. */
static void skr_upload_unnoted(struct skr_upload_job *job, const char *why)
{
    skr_log(SKR_LOG_WARNING, "uploader", "the outcome of an upload could not be noted: %s", why);
    skr_upload_pause(job);
    skr_awaiting_settle(job->uploader, &job->entry, SKR_UPSTREAM_FAILED, why);
    skr_upload_job_free(job);
}

static void skr_upload_committed(struct skr_task *task)
{
    struct skr_upload_job *job = (struct skr_upload_job *)((char *)task - offsetof(struct skr_change, task));
    struct skr_uploader *uploader = job->uploader;
    int64_t retry_ns = skr_clock_ns() + SKR_UPLOAD_REFUSED_MS * INT64_C(1000000);
    if (job->change.status != SKR_OK) {
        skr_upload_unnoted(job, job->change.error.message);
        return;
    }
    if (job->evictable.id != 0)
        skr_space_uploaded(uploader->background.core, job->bound, job->evictable.id, job->evictable.size_bytes);
    if (job->end == SKR_UPLOAD_REFUSED && retry_ns < uploader->sweep_ns)
        uploader->sweep_ns = retry_ns;
    skr_upload_tell(job);
    skr_upload_job_free(job);
}

static void skr_upload_commit(struct skr_upload_job *job)
{
    job->was_committed = true;
    job->change.apply = job->takes_back ? skr_apply_take_back : job->end == SKR_UPLOAD_DONE ? skr_apply_done : skr_apply_failed;
    job->change.executor = &job->uploader->background.inbox.executor;
    job->change.task.run = skr_upload_committed;
    if (skr_meta_submit(job->uploader->background.core->meta, &job->change) != SKR_OK)
        skr_upload_unnoted(job, "the store takes no changes at present");
}

void skr_upload_conclude(struct skr_upload_job *job)
{
    bool failed = job->end == SKR_UPLOAD_CONFLICT || job->end == SKR_UPLOAD_REFUSED;
    /* What was awaited when the server was killed was never acknowledged, and gives way: it must not hide what came after. */
    job->takes_back |= failed && (skr_awaiting_has(job->uploader, job->entry.sequence) ||
                                  (job->end == SKR_UPLOAD_CONFLICT && job->entry.is_awaited));
    if (job->end == SKR_UPLOAD_AWAY)
        skr_upload_pause(job);
    else
        skr_upload_recovered(job);
    if (failed && !job->takes_back && job->entry.state == SKR_JOURNAL_PENDING)
        skr_log(SKR_LOG_WARNING, "uploader", "%.*s/%.*s/%.*s %s: %s", SKR_PRINT(job->entry.account),
                SKR_PRINT(job->entry.container), SKR_PRINT(job->entry.key),
                job->end == SKR_UPLOAD_CONFLICT ? "conflicts" : "cannot be uploaded", job->reason);
    if (failed || job->end == SKR_UPLOAD_DONE) {
        skr_upload_commit(job);
        return;
    }
    if (job->end == SKR_UPLOAD_OBSOLETE)
        skr_upload_tell(job);
    skr_upload_job_free(job);
}

void skr_upload_end(struct skr_upload_job *job, enum skr_upload_end end, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(job->reason, sizeof job->reason, format, arguments);
    va_end(arguments);
    job->end = end;
    skr_upstream_cancel(&job->call);
    job->copy_look_ns = 0;
    skr_reader_close(job->reader);
    job->reader = NULL;
    skr_upload_drop_bytes(job);
    skr_early_release(job, end == SKR_UPLOAD_AWAY && !job->was_listed, false);
    if (!skr_upload_abort(job))
        skr_upload_conclude(job);
}

void skr_upload_done(struct skr_upload_job *job)
{
    skr_upload_end(job, SKR_UPLOAD_DONE, "%s", "");
}

void skr_upload_take_back(struct skr_uploader *uploader, const struct skr_journal_entry *entry)
{
    struct skr_upload_job *job = skr_upload_job_new(uploader, entry);
    if (job == NULL)
        return;
    job->takes_back = true;
    skr_upload_end(job, SKR_UPLOAD_REFUSED, "upstream did not answer in time");
}
