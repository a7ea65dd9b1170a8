/* Which objects a job is about: what upstream lists, a page at a time, or the parts of a manifest. What is listed is counted in
 * a pass of its own beside it, so that it is known how much is left.
 */
#include <stdlib.h>

#include "clock.h"
#include "operator_pins.h"
#include "prefetch.h"
#include "prefetch_jobs.h"
#include "skerry/log.h"

#define SKR_LIST_MOST_FAILURES 10
#define SKR_LIST_PAUSE_MS 2000
#define SKR_MOST_MARKER_BYTES 16384

static const struct skr_upstream_retry skr_list_retry = {.attempts = 4, .first_ms = 200, .most_ms = 3000, .patience_ms = 20000};

void skr_prefetch_drop_keys(struct skr_prefetch_job *job)
{
    for (size_t i = job->key_next; i < job->key_count; i++)
        free((char *)job->keys[i].data);
    free(job->keys);
    job->keys = NULL;
    job->key_count = job->key_next = 0;
}

static bool skr_prefetch_add_key(struct skr_prefetch_job *job, struct skr_bytes key)
{
    char *copy = strndup(key.data, key.size);
    if (copy == NULL)
        return false;
    job->keys[job->key_count++] = (struct skr_bytes){copy, key.size};
    return true;
}

/* ---- a manifest ---- */

static enum skr_status skr_prefetch_read_part(struct skr_prefetch_job *job, struct skr_view *view, struct skr_error *err)
{
    struct skr_note_key key = {.kind = SKR_NOTE_MANIFEST, .number = job->number, .part = job->part};
    struct skr_bytes document;
    enum skr_status status = skr_note_get(view, &key, &document, err);
    if (status != SKR_OK)
        return status;
    job->keys = calloc(SKR_MANIFEST_PART_KEYS, sizeof *job->keys);
    if (job->keys == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the keys of a manifest");
    uint64_t position = job->part * SKR_MANIFEST_PART_KEYS;
    const char *at = document.data, *end = document.data + document.size;
    for (const char *zero; at < end && (zero = memchr(at, '\0', (size_t)(end - at))) != NULL; at = zero + 1, position++)
        if (position >= job->record.position && job->key_count < SKR_MANIFEST_PART_KEYS &&
            !skr_prefetch_add_key(job, (struct skr_bytes){at, (size_t)(zero - at)}))
            return skr_fail(err, SKR_NO_MEMORY, "no memory for the keys of a manifest");
    job->part++;
    return SKR_OK;
}

static void skr_prefetch_next_part(struct skr_prefetch_job *job)
{
    struct skr_error error = {.message = ""};
    struct skr_view *view;
    enum skr_status status = skr_view_begin(skr_prefetcher_of(job)->background.worker->reader, &view, &error);
    if (status == SKR_OK) {
        status = skr_prefetch_read_part(job, view, &error);
        skr_view_end(view);
    }
    job->has_ended_keys = status == SKR_NOT_FOUND;
    if (status != SKR_OK && status != SKR_NOT_FOUND)
        skr_prefetch_job_failed(job, error.message);
}

/* ---- a listing ---- */

static char *skr_marker_copy(struct skr_bytes marker)
{
    return marker.size == 0 || marker.size > SKR_MOST_MARKER_BYTES ? NULL : strndup(marker.data, marker.size);
}

static void skr_prefetch_list_failed(struct skr_prefetch_job *job, const struct skr_upstream_result *result)
{
    char reason[200];
    if (result->outcome == SKR_UPSTREAM_INVALID && job->page_marker != NULL) { /* it does not remember: from the beginning */
        free(job->next_marker);
        job->next_marker = NULL;
        free(job->page_marker);
        job->page_marker = NULL;
        return;
    }
    job->list_again_ms = skr_clock_ms() + SKR_LIST_PAUSE_MS;
    bool is_away = result->outcome == SKR_UPSTREAM_UNAVAILABLE || result->outcome == SKR_UPSTREAM_TIMEOUT ||
                   result->outcome == SKR_UPSTREAM_THROTTLED;
    if (is_away || ++job->list_failures < SKR_LIST_MOST_FAILURES)
        return;
    snprintf(reason, sizeof reason, "upstream cannot be listed: %s", skr_upstream_outcome_text(result->outcome));
    skr_prefetch_job_failed(job, reason);
}

static void skr_prefetch_listed(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_prefetch_job *job = (struct skr_prefetch_job *)((char *)call - offsetof(struct skr_prefetch_job, call));
    job->is_listing = false;
    skr_bound_note(job->bound, result);
    skr_background_wake(&skr_prefetcher_of(job)->background);
    if (result->outcome != SKR_UPSTREAM_OK) {
        skr_prefetch_list_failed(job, result);
        return;
    }
    job->list_failures = 0;
    skr_prefetch_drop_keys(job);
    job->keys = calloc(result->entry_count + 1, sizeof *job->keys);
    bool no_memory = job->keys == NULL;
    for (size_t i = 0; i < result->entry_count && !no_memory; i++) {
        const struct skr_upstream_object *entry = &result->entries[i];
        bool was_done = job->record.last_key.size > 0 && skr_bytes_compare(entry->key, job->record.last_key) <= 0;
        if (!entry->is_prefix && !was_done && entry->key.size > 0)
            no_memory = !skr_prefetch_add_key(job, entry->key);
    }
    free(job->page_marker);
    job->page_marker = job->next_marker;
    job->next_marker = skr_marker_copy(result->next_marker);
    job->has_ended_keys = job->next_marker == NULL; /* behind the keys of this page */
    if (no_memory)
        skr_prefetch_job_failed(job, "no memory for a page of the listing");
}

static void skr_prefetch_list(struct skr_prefetch_job *job)
{
    struct skr_upstream_list options = {.prefix = job->record.prefix,
                                        .marker = skr_text(job->next_marker == NULL ? "" : job->next_marker)};
    struct skr_upstream_client *client = skr_worker_upstreams(skr_prefetcher_of(job)->background.worker);
    if (client == NULL || job->bound->upstream == NULL) {
        skr_prefetch_job_failed(job, "its upstream cannot be used");
        return;
    }
    job->call.done = skr_prefetch_listed;
    job->call.retry = &skr_list_retry;
    job->is_listing = true;
    skr_upstream_list(client, job->bound->upstream, &job->call, &options);
}

void skr_prefetch_want_keys(struct skr_prefetch_job *job)
{
    if (job->key_next < job->key_count || job->has_ended_keys || job->is_listing || skr_clock_ms() < job->list_again_ms)
        return;
    skr_prefetch_drop_keys(job);
    if (job->record.is_manifest)
        skr_prefetch_next_part(job);
    else
        skr_prefetch_list(job);
}

/* ---- counting ---- */

static void skr_prefetch_counted(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_prefetch_job *job = (struct skr_prefetch_job *)((char *)call - offsetof(struct skr_prefetch_job, count_call));
    struct skr_prefetcher *prefetcher = skr_prefetcher_of(job);
    uint64_t objects = 0, bytes = 0;
    job->is_counting = false;
    skr_background_wake(&prefetcher->background);
    if (result->outcome != SKR_UPSTREAM_OK) {
        job->count_again_ms = skr_clock_ms() + SKR_LIST_PAUSE_MS;
        return;
    }
    for (size_t i = 0; i < result->entry_count; i++)
        if (!result->entries[i].is_prefix) {
            objects++;
            bytes += result->entries[i].size_bytes;
        }
    pthread_mutex_lock(&prefetcher->lock);
    if (job->count_marker == NULL)
        job->record.objects_total = job->record.bytes_total = 0;
    job->record.objects_total += objects;
    job->record.bytes_total += bytes;
    free(job->count_marker);
    job->count_marker = skr_marker_copy(result->next_marker);
    job->record.is_counted = job->count_marker == NULL;
    job->is_changed = true;
    pthread_mutex_unlock(&prefetcher->lock);
}

void skr_prefetch_count(struct skr_prefetch_job *job)
{
    struct skr_upstream_client *client = skr_worker_upstreams(skr_prefetcher_of(job)->background.worker);
    if (job->record.is_counted || job->is_counting || client == NULL || job->bound->upstream == NULL ||
        skr_clock_ms() < job->count_again_ms)
        return;
    struct skr_upstream_list options = {.prefix = job->record.prefix,
                                        .marker = skr_text(job->count_marker == NULL ? "" : job->count_marker)};
    job->count_call.done = skr_prefetch_counted;
    job->count_call.retry = &skr_list_retry;
    job->is_counting = true;
    skr_upstream_list(client, job->bound->upstream, &job->count_call, &options);
}
