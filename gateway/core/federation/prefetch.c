/* Why: who is about to read a data set wants it here before. One thread goes through all jobs of that kind; each has a number
 * of objects on their way at a time.
 *
 * Invariants: objects are begun in the order of their keys, and one counts as done when all before it are: where a job goes on
 * after a restart is one key. What metadata says of a job's phase goes before what is done here: an operator may end it.
 */
#include "prefetch.h"

#include <stdlib.h>

#include "clock.h"
#include "operator_pins.h"
#include "prefetch_jobs.h"
#include "skerry/log.h"

#define SKR_BEGUN_AHEAD 64 /* objects that may have ended behind one that has not */
#define SKR_RATE_MS 2000
#define SKR_TURN_MS 100

struct skr_prefetcher *skr_prefetcher_of(const struct skr_prefetch_job *job)
{
    return job->prefetcher;
}

static void skr_job_free(struct skr_prefetch_job *job)
{
    free(job->last_key);
    free(job->marker);
    free(job->texts);
    free(job->page_marker);
    free(job->next_marker);
    free(job->count_marker);
    skr_bound_release(job->bound);
    free(job);
}

/* Nothing is under way for it any more, but what is being stored. */
static void skr_job_drop(struct skr_prefetch_job *job)
{
    skr_upstream_cancel(&job->call);
    skr_upstream_cancel(&job->count_call);
    job->is_listing = job->is_counting = false;
    while (job->first != NULL) {
        struct skr_prefetch_fetch *next = job->first->next;
        skr_prefetch_fetch_free(job->first);
        job->first = next;
    }
    job->last = NULL;
    job->begun = job->running = 0;
    skr_prefetch_drop_keys(job);
}

static void skr_job_end(struct skr_prefetch_job *job, enum skr_prefetch_phase phase)
{
    pthread_mutex_lock(&job->prefetcher->lock);
    job->record.phase = phase;
    job->record.ended_ns = skr_wall_ns();
    job->rate = 0;
    pthread_mutex_unlock(&job->prefetcher->lock);
    job->is_changed = true;
    job->ends = true; /* what is under way is given up when nothing of it is on the stack */
    skr_background_wake(&job->prefetcher->background);
}

void skr_prefetch_job_failed(struct skr_prefetch_job *job, const char *reason)
{
    skr_log(SKR_LOG_WARNING, "prefetch", "job %llx of %.*s failed: %s", (unsigned long long)job->number,
            SKR_PRINT(job->record.container), reason);
    pthread_mutex_lock(&job->prefetcher->lock);
    snprintf(job->last_failure, sizeof job->last_failure, "%s", reason);
    job->record.last_failure = skr_text(job->last_failure);
    pthread_mutex_unlock(&job->prefetcher->lock);
    skr_job_end(job, SKR_PREFETCH_FAILED);
}

/* ---- what metadata says ---- */

static struct skr_prefetch_job *skr_job_new(struct skr_prefetcher *prefetcher, uint64_t number,
                                            const struct skr_prefetch_record *record)
{
    struct skr_prefetch_job *job = calloc(1, sizeof *job);
    size_t size = record->account.size + record->container.size + record->prefix.size;
    if (job == NULL || (job->texts = malloc(size + 1)) == NULL) {
        free(job);
        return NULL;
    }
    struct skr_bytes *texts[] = {&job->record.account, &job->record.container, &job->record.prefix};
    char *at = job->texts;
    job->prefetcher = prefetcher;
    job->number = number;
    job->record = *record;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i]->size > 0)
            memcpy(at, texts[i]->data, texts[i]->size);
        texts[i]->data = at;
        at += texts[i]->size;
    }
    snprintf(job->last_failure, sizeof job->last_failure, "%.*s", SKR_PRINT(record->last_failure));
    job->record.last_failure = skr_text(job->last_failure);
    job->last_key = strndup(record->last_key.data, record->last_key.size);
    job->marker = strndup(record->marker.data, record->marker.size);
    job->next_marker = record->marker.size == 0 ? NULL : strndup(record->marker.data, record->marker.size);
    job->record.last_key = skr_text(job->last_key == NULL ? "" : job->last_key);
    job->record.marker = skr_text(job->marker == NULL ? "" : job->marker);
    job->part = record->position / SKR_MANIFEST_PART_KEYS;
    job->saved_ms = job->tokens_ms = job->rated_ms = skr_clock_ms();
    job->rated_bytes = record->fetched_bytes;
    return job;
}

struct skr_jobs_loading {
    struct skr_prefetcher *prefetcher;
    struct skr_prefetch_job **link;
};

/* In the order of numbers, which is that of the list. */
static bool skr_job_load(void *context, const struct skr_note_key *key, struct skr_bytes document)
{
    struct skr_jobs_loading *loading = context;
    struct skr_prefetch_record record;
    if (!skr_prefetch_decode(document, &record))
        return true;
    while (*loading->link != NULL && (*loading->link)->number < key->number) {
        (*loading->link)->is_gone = true;
        loading->link = &(*loading->link)->next;
    }
    struct skr_prefetch_job *job = *loading->link;
    if (job == NULL || job->number != key->number) {
        job = skr_job_new(loading->prefetcher, key->number, &record);
        if (job == NULL)
            return true;
        job->next = *loading->link;
        *loading->link = job;
    } else if (record.phase == SKR_PREFETCH_CANCELLED && job->record.phase == SKR_PREFETCH_RUNS) {
        job->record.phase = record.phase;
        job->record.ended_ns = record.ended_ns;
        job->rate = 0;
        job->ends = true;
    }
    loading->link = &job->next;
    return true;
}

static void skr_prefetcher_reload(struct skr_prefetcher *prefetcher)
{
    struct skr_jobs_loading loading = {prefetcher, &prefetcher->jobs};
    struct skr_note_key from = {.kind = SKR_NOTE_PREFETCH};
    struct skr_error error;
    struct skr_view *view;
    if (skr_view_begin(prefetcher->background.worker->reader, &view, &error) != SKR_OK)
        return;
    pthread_mutex_lock(&prefetcher->lock);
    if (skr_note_list(view, &from, skr_job_load, &loading, &error) == SKR_OK)
        for (; *loading.link != NULL; loading.link = &(*loading.link)->next)
            (*loading.link)->is_gone = true;
    pthread_mutex_unlock(&prefetcher->lock);
    skr_view_end(view);
}

/* Those that were forgotten, when nothing refers to them. */
static void skr_prefetcher_sweep(struct skr_prefetcher *prefetcher)
{
    struct skr_prefetch_job **link = &prefetcher->jobs;
    while (*link != NULL) {
        struct skr_prefetch_job *job = *link;
        if (!job->is_gone || job->is_saving) {
            link = &job->next;
            continue;
        }
        skr_job_drop(job);
        pthread_mutex_lock(&prefetcher->lock);
        *link = job->next;
        pthread_mutex_unlock(&prefetcher->lock);
        skr_job_free(job);
    }
}

/* ---- a job's turn ---- */

static void skr_job_take_text(struct skr_bytes *text, char **memory, struct skr_bytes *from)
{
    free(*memory);
    *memory = (char *)from->data;
    *text = *from;
    *from = SKR_NO_BYTES;
}

/* The first ones that have ended are done. */
static void skr_job_settle(struct skr_prefetch_job *job)
{
    struct skr_prefetch_record *record = &job->record;
    pthread_mutex_lock(&job->prefetcher->lock);
    while (job->first != NULL && job->first->state == SKR_FETCH_ENDED) {
        struct skr_prefetch_fetch *fetch = job->first;
        job->first = fetch->next;
        if (job->first == NULL)
            job->last = NULL;
        record->objects_done++;
        record->position++;
        record->bytes_done += fetch->size_bytes;
        record->fetched_bytes += fetch->fetched_bytes;
        if (fetch->has_failed) {
            record->objects_failed++;
            snprintf(job->last_failure, sizeof job->last_failure, "%.*s: %s", fetch->key.size > 80 ? 80 : (int)fetch->key.size,
                     fetch->key.data, fetch->reason);
            record->last_failure = skr_text(job->last_failure);
        }
        skr_job_take_text(&record->last_key, &job->last_key, &fetch->key);
        skr_job_take_text(&record->marker, &job->marker, &fetch->marker);
        skr_prefetch_fetch_free(fetch);
        job->begun--;
        job->is_changed = true;
    }
    pthread_mutex_unlock(&job->prefetcher->lock);
}

/* The next key as one that waits to be begun. False: none at present. */
static bool skr_job_take_key(struct skr_prefetch_job *job)
{
    skr_prefetch_want_keys(job);
    if (job->key_next >= job->key_count || job->begun >= job->record.concurrency + SKR_BEGUN_AHEAD)
        return false;
    struct skr_prefetch_fetch *fetch = skr_prefetch_fetch_new(job, job->keys[job->key_next]);
    if (fetch == NULL)
        return false;
    job->key_next++;
    if (job->page_marker != NULL)
        fetch->marker = (struct skr_bytes){strdup(job->page_marker), strlen(job->page_marker)};
    if (fetch->marker.data == NULL)
        fetch->marker = SKR_NO_BYTES;
    if (job->last != NULL)
        job->last->next = fetch;
    else
        job->first = fetch;
    job->last = fetch;
    job->begun++;
    return true;
}

/* One more than run, so that there is always one to begin; what has ended behind one that has not is bounded. */
static bool skr_job_wants_more(const struct skr_prefetch_job *job)
{
    size_t waiting = 0;
    for (const struct skr_prefetch_fetch *fetch = job->first; fetch != NULL; fetch = fetch->next)
        waiting += fetch->state == SKR_FETCH_WAITS;
    return job->record.phase == SKR_PREFETCH_RUNS && job->running + waiting <= job->record.concurrency;
}

static void skr_job_refill(struct skr_prefetch_job *job, int64_t now_ms)
{
    uint64_t rate = job->record.bytes_per_s;
    int64_t most = rate > SKR_CHUNK_BYTES ? (int64_t)rate : (int64_t)SKR_CHUNK_BYTES, past_ms = now_ms - job->tokens_ms;
    job->tokens_ms = now_ms;
    if (rate == 0)
        return;
    past_ms = past_ms > 10000 ? 10000 : past_ms;
    job->tokens += (int64_t)(rate / 1000 * (uint64_t)past_ms + rate % 1000 * (uint64_t)past_ms / 1000);
    if (job->tokens > most)
        job->tokens = most;
}

/* Begins what waits, and lets go on what had no tokens or no memory. */
static void skr_job_advance(struct skr_prefetch_job *job, int64_t now_ms)
{
    struct skr_prefetch_fetch *fetch = job->first;
    for (; fetch != NULL && job->running < job->record.concurrency; fetch = fetch->next)
        if (fetch->state == SKR_FETCH_WAITS && fetch->not_before_ms <= now_ms &&
            (job->record.bytes_per_s == 0 || job->tokens > 0))
            skr_prefetch_fetch_begin(fetch);
    for (fetch = job->first; fetch != NULL; fetch = fetch->next)
        skr_prefetch_fetch_go_on(fetch);
}

static void skr_job_measure(struct skr_prefetch_job *job, int64_t now_ms)
{
    if (now_ms - job->rated_ms < SKR_RATE_MS)
        return;
    uint64_t rate = (job->record.fetched_bytes - job->rated_bytes) * 1000 / (uint64_t)(now_ms - job->rated_ms);
    pthread_mutex_lock(&job->prefetcher->lock);
    job->rate = job->rate == 0 ? rate : (job->rate * 3 + rate) / 4;
    pthread_mutex_unlock(&job->prefetcher->lock);
    job->rated_ms = now_ms;
    job->rated_bytes = job->record.fetched_bytes;
}

static bool skr_job_find_bound(struct skr_prefetch_job *job)
{
    struct skr_worker *worker = job->prefetcher->background.worker;
    if (job->bound == NULL)
        job->bound = skr_bound_find(&worker->core->bindings, worker->reader, job->record.account, job->record.container);
    if (job->bound == NULL)
        skr_prefetch_job_failed(job, "the container is not attached to an upstream");
    return job->bound != NULL;
}

static void skr_job_turn(struct skr_prefetch_job *job)
{
    int64_t now_ms = skr_clock_ms();
    if (job->record.phase == SKR_PREFETCH_RUNS && skr_job_find_bound(job)) {
        skr_prefetch_count(job);
        skr_job_settle(job);
        skr_job_refill(job, now_ms);
        while (skr_job_wants_more(job) && skr_job_take_key(job))
            ;
        skr_job_advance(job, now_ms);
        skr_job_settle(job);
        skr_job_measure(job, now_ms);
        if (job->record.phase == SKR_PREFETCH_RUNS && job->first == NULL && job->has_ended_keys &&
            job->key_next >= job->key_count)
            skr_job_end(job, SKR_PREFETCH_DONE);
    }
    if (job->ends) {
        job->ends = false;
        skr_job_drop(job);
        skr_log(SKR_LOG_INFO, "prefetch", "job %llx of %.*s ended: %llu objects, %llu bytes fetched, %llu failed",
                (unsigned long long)job->number, SKR_PRINT(job->record.container), (unsigned long long)job->record.objects_done,
                (unsigned long long)job->record.fetched_bytes, (unsigned long long)job->record.objects_failed);
        skr_prefetch_save(job, true);
    }
    skr_prefetch_save(job, job->record.phase != SKR_PREFETCH_RUNS);
}

static int skr_prefetcher_turn(struct skr_background *background)
{
    struct skr_prefetcher *prefetcher = (struct skr_prefetcher *)background;
    int timeout_ms = -1;
    if (atomic_exchange(&prefetcher->reloads, false))
        skr_prefetcher_reload(prefetcher);
    skr_prefetcher_sweep(prefetcher);
    for (struct skr_prefetch_job *job = prefetcher->jobs; job != NULL; job = job->next) {
        skr_job_turn(job);
        if (job->record.phase == SKR_PREFETCH_RUNS || job->is_changed)
            timeout_ms = SKR_TURN_MS;
    }
    return timeout_ms;
}

static bool skr_prefetcher_wind_down(struct skr_background *background)
{
    struct skr_prefetcher *prefetcher = (struct skr_prefetcher *)background;
    bool is_over = true;
    for (struct skr_prefetch_job *job = prefetcher->jobs; job != NULL; job = job->next) {
        if (job->record.phase == SKR_PREFETCH_RUNS && job->first != NULL)
            skr_job_settle(job);
        skr_job_drop(job);
        if (!job->was_saved) {
            job->was_saved = !job->is_saving;
            skr_prefetch_save(job, true);
        }
        is_over &= !job->is_saving && job->was_saved;
    }
    return is_over;
}

/* ---- the thread ---- */

enum skr_status skr_prefetcher_open(struct skr_prefetcher **out, struct skr_core *core, struct skr_error *err)
{
    struct skr_prefetcher *prefetcher = calloc(1, sizeof *prefetcher);
    if (prefetcher == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for prefetching");
    pthread_mutex_init(&prefetcher->lock, NULL);
    prefetcher->background.name = "skr-prefetch";
    prefetcher->background.turn = skr_prefetcher_turn;
    prefetcher->background.wind_down = skr_prefetcher_wind_down;
    atomic_store(&prefetcher->reloads, true);
    enum skr_status status = skr_background_open(&prefetcher->background, core, err);
    if (status != SKR_OK) {
        skr_prefetcher_close(prefetcher);
        return status;
    }
    *out = prefetcher;
    return SKR_OK;
}

void skr_prefetcher_close(struct skr_prefetcher *prefetcher)
{
    if (prefetcher == NULL)
        return;
    skr_background_close(&prefetcher->background);
    while (prefetcher->jobs != NULL) {
        struct skr_prefetch_job *next = prefetcher->jobs->next;
        skr_job_free(prefetcher->jobs);
        prefetcher->jobs = next;
    }
    pthread_mutex_destroy(&prefetcher->lock);
    free(prefetcher);
}
