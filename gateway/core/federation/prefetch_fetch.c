/* Why: an object that is fetched ahead goes the way of one that is read: upstream is asked how it is, and its chunks are
 * fetched as for whoever needs them here, but for what a job adds: its limit, and another try.
 *
 * Invariants: the content is pinned by a reader of it from the time it is known, so that it stays the one that is fetched, and
 * is not evicted before it is whole. A fetch is its job's until that frees it.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "clock.h"
#include "federation.h"
#include "prefetch.h"

#define SKR_FETCH_MOST_ATTEMPTS 5
#define SKR_FETCH_FIRST_PAUSE_MS 500

static struct skr_worker *skr_fetch_worker(const struct skr_prefetch_fetch *fetch)
{
    return skr_prefetcher_of(fetch->job)->background.worker;
}

struct skr_prefetch_fetch *skr_prefetch_fetch_new(struct skr_prefetch_job *job, struct skr_bytes key)
{
    struct skr_prefetch_fetch *fetch = calloc(1, sizeof *fetch);
    if (fetch == NULL)
        return NULL;
    fetch->job = job;
    fetch->key = key;
    fetch->name = (struct skr_object_name){.account = job->record.account, .container = job->record.container, .key = key};
    return fetch;
}

/* What is under way for it, given up. */
static void skr_fetch_drop(struct skr_prefetch_fetch *fetch)
{
    skr_preparation_cancel(fetch->preparation);
    fetch->preparation = NULL;
    skr_fetching_cancel(fetch->fetching);
    fetch->fetching = NULL;
    skr_reader_close(fetch->reader);
    fetch->reader = NULL;
    skr_arena_release(&fetch->arena);
}

void skr_prefetch_fetch_free(struct skr_prefetch_fetch *fetch)
{
    skr_fetch_drop(fetch);
    free((char *)fetch->key.data);
    free((char *)fetch->marker.data);
    free(fetch);
}

/* ---- the end ---- */

static void skr_fetch_over(struct skr_prefetch_fetch *fetch)
{
    skr_fetch_drop(fetch);
    fetch->job->running--;
    skr_background_wake(&skr_prefetcher_of(fetch->job)->background);
}

static void skr_fetch_done(struct skr_prefetch_fetch *fetch)
{
    fetch->state = SKR_FETCH_ENDED;
    skr_fetch_over(fetch);
}

/* Tried again a few times, and as long as its upstream is in trouble as a whole. */
__attribute__((format(printf, 2, 3))) static void skr_fetch_failed(struct skr_prefetch_fetch *fetch, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(fetch->reason, sizeof fetch->reason, format, arguments);
    va_end(arguments);
    bool is_ill = fetch->job->bound != NULL && atomic_load(&fetch->job->bound->is_ill);
    fetch->attempts += !is_ill || fetch->attempts == 0;
    fetch->has_failed = fetch->attempts >= SKR_FETCH_MOST_ATTEMPTS;
    fetch->state = fetch->has_failed ? SKR_FETCH_ENDED : SKR_FETCH_WAITS;
    fetch->not_before_ms = skr_clock_ms() + ((int64_t)SKR_FETCH_FIRST_PAUSE_MS << fetch->attempts);
    skr_fetch_over(fetch);
}

/* ---- the object ---- */

static void skr_fetch_fetched(void *context, enum skr_status status, const struct skr_error *err)
{
    struct skr_prefetch_fetch *fetch = context;
    fetch->fetching = NULL;
    if (status == SKR_OK)
        skr_fetch_done(fetch);
    else
        skr_fetch_failed(fetch, "%s", err->message);
}

void skr_prefetch_fetch_go_on(struct skr_prefetch_fetch *fetch)
{
    skr_fetching_go_on(fetch->fetching);
}

/* Was its beginning here before anything was asked? Else it comes with the question. */
static bool skr_fetch_has_first(struct skr_prefetch_fetch *fetch)
{
    struct skr_arena arena = {.blocks = NULL};
    _Alignas(16) char memory[4096];
    struct skr_container container;
    struct skr_object object;
    struct skr_error error;
    struct skr_view *view;
    bool exists = false;
    if (skr_view_begin(skr_fetch_worker(fetch)->reader, &view, NULL) != SKR_OK)
        return false;
    skr_arena_seed(&arena, memory, sizeof memory);
    bool is_here = skr_find_object(view, &arena, &fetch->name, &container, &object, &exists, &error) == SKR_OK && exists &&
                   (object.content.layout != SKR_CONTENT_CACHED || skr_cached_has(view, &object.content, 0));
    skr_view_end(view);
    skr_arena_release(&arena);
    return is_here;
}

/* The beginning may have come with the question. What of it is still on its way counts when it lands. */
static void skr_fetch_count_first(struct skr_prefetch_fetch *fetch, const struct skr_content *content)
{
    struct skr_worker *worker = skr_fetch_worker(fetch);
    uint64_t bytes = content->size_bytes < SKR_CHUNK_BYTES ? content->size_bytes : SKR_CHUNK_BYTES;
    struct skr_view *view;
    if (fetch->had_first || content->layout != SKR_CONTENT_CACHED)
        return;
    struct skr_flight *flight = skr_flight_find(&worker->core->federation->flights, content->id, 0);
    if (flight != NULL) {
        skr_flight_leave(flight);
        return;
    }
    if (skr_view_begin(worker->reader, &view, NULL) != SKR_OK)
        return;
    if (skr_cached_has(view, content, 0)) {
        fetch->fetched_bytes += bytes;
        fetch->job->tokens -= (int64_t)bytes;
    }
    skr_view_end(view);
}

static void skr_fetch_prepared(void *context, enum skr_status prepared)
{
    struct skr_prefetch_fetch *fetch = context;
    struct skr_error error = {.message = ""};
    struct skr_object object;
    fetch->preparation = NULL;
    if (prepared != SKR_OK) {
        skr_fetch_failed(fetch, "upstream does not say how it is");
        return;
    }
    enum skr_status status =
        skr_open_object(skr_fetch_worker(fetch), &fetch->arena, &fetch->name, NULL, &object, &fetch->reader, &error);
    if (status == SKR_OBJECT_NOT_FOUND || status == SKR_CONTAINER_NOT_FOUND) {
        fetch->attempts = SKR_FETCH_MOST_ATTEMPTS; /* it will not be there the next time */
        skr_fetch_failed(fetch, "there is no such object");
        return;
    }
    if (status == SKR_OK) {
        struct skr_fetching_plan plan = {
            .content = &object.content,
            .length = SKR_SIZE_ANY,
            .ahead = true,
            .tokens = fetch->job->record.bytes_per_s > 0 ? &fetch->job->tokens : NULL,
            .landed_bytes = &fetch->fetched_bytes,
            .ready = skr_fetch_fetched,
            .context = fetch,
        };
        fetch->size_bytes = object.content.size_bytes;
        skr_fetch_count_first(fetch, &object.content);
        status = skr_fetching_begin(skr_fetch_worker(fetch), &plan, &fetch->fetching, &error);
    }
    if (status == SKR_OK)
        skr_fetch_done(fetch);
    else if (status != SKR_PENDING)
        skr_fetch_failed(fetch, "%s", error.message);
}

void skr_prefetch_fetch_begin(struct skr_prefetch_fetch *fetch)
{
    struct skr_error error = {.message = ""};
    fetch->state = SKR_FETCH_RUNS;
    fetch->fetched_bytes = 0;
    fetch->had_first = fetch->attempts == 0 && skr_fetch_has_first(fetch);
    fetch->job->running++;
    enum skr_status status = skr_prepare_object(skr_fetch_worker(fetch), &fetch->name, SKR_INTENT_READ, 0, skr_fetch_prepared,
                                                fetch, &fetch->preparation, &error);
    if (status != SKR_PENDING)
        skr_fetch_prepared(fetch, status);
}
