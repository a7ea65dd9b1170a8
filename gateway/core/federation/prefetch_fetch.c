/* Why: an object that is fetched ahead goes the way of one that is read, by the same flights, but nobody takes its bytes: a
 * chunk is waited for until it is kept, and no buffer is filled.
 *
 * Invariants: the content is pinned by a reader of it from the time it is known, so that it stays the one that is fetched, and
 * is not evicted before it is whole. Chunks are asked for as those of a reader ahead: memory for what somebody waits for is
 * left alone. A fetch is its job's until that frees it.
 */
#include <stdarg.h>
#include <stdlib.h>

#include "cached_reader.h"
#include "federation.h"
#include "prefetch.h"

#define SKR_FETCH_MOST_ATTEMPTS 5
#define SKR_FETCH_FIRST_PAUSE_MS 500

static void skr_fetch_step(struct skr_prefetch_fetch *fetch);

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
    skr_waiter_forget(fetch->waiter);
    fetch->waiter = NULL;
    while (fetch->flight_count > 0)
        skr_flight_leave(fetch->flights[--fetch->flight_count]);
    skr_reader_close(fetch->reader);
    fetch->reader = NULL;
    skr_bound_release(fetch->bound);
    fetch->bound = NULL;
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

/* ---- chunks ---- */

static void skr_fetch_woken(void *context)
{
    struct skr_prefetch_fetch *fetch = context;
    fetch->waiter = NULL;
    skr_fetch_step(fetch);
}

static bool skr_fetch_await(struct skr_prefetch_fetch *fetch)
{
    fetch->waiter = skr_waiter_new(skr_fetch_worker(fetch), skr_fetch_woken, fetch);
    if (fetch->waiter == NULL)
        skr_fetch_failed(fetch, "no memory");
    return fetch->waiter != NULL;
}

static bool skr_fetch_has(struct skr_view *view, const struct skr_content *content, uint64_t chunk)
{
    struct skr_bytes payload;
    struct skr_error error;
    uint32_t crc32c;
    return content->layout != SKR_CONTENT_CACHED || skr_cached_has(view, content, chunk * SKR_CHUNK_BYTES) ||
           (chunk == 0 && skr_content_cached_payload(view, content, &payload, &crc32c, &error) == SKR_OK);
}

/* Is the chunk here? What is in flight was looked for before. */
static bool skr_fetch_is_here(struct skr_prefetch_fetch *fetch, uint64_t chunk)
{
    struct skr_view *view;
    if (skr_view_begin(skr_fetch_worker(fetch)->reader, &view, NULL) != SKR_OK)
        return false;
    bool is_here = skr_fetch_has(view, &fetch->content, chunk);
    skr_view_end(view);
    return is_here;
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
                   skr_fetch_has(view, &object.content, 0);
    skr_view_end(view);
    skr_arena_release(&arena);
    return is_here;
}

static uint64_t skr_fetch_chunk_bytes(const struct skr_prefetch_fetch *fetch, uint64_t chunk)
{
    uint64_t left = fetch->content.size_bytes - chunk * SKR_CHUNK_BYTES;
    return left < SKR_CHUNK_BYTES ? left : SKR_CHUNK_BYTES;
}

/* Joins or begins the flight of the next chunk. False: not now. */
static bool skr_fetch_fly(struct skr_prefetch_fetch *fetch)
{
    struct skr_worker *worker = skr_fetch_worker(fetch);
    uint64_t chunk = fetch->next_chunk;
    struct skr_flight *flight = skr_flight_find(&worker->core->federation->flights, fetch->content.id, chunk);
    if (flight == NULL && skr_fetch_is_here(fetch, chunk)) {
        if (chunk == 0 && !fetch->had_first) {
            fetch->fetched_bytes += skr_fetch_chunk_bytes(fetch, 0);
            fetch->job->tokens -= (int64_t)skr_fetch_chunk_bytes(fetch, 0);
        }
        fetch->next_chunk++;
        return true;
    }
    if (flight == NULL && fetch->job->record.bytes_per_s > 0 && fetch->job->tokens <= 0)
        return false;
    struct skr_flight_plan plan = {
        .bound = fetch->bound,
        .content_id = fetch->content.id,
        .chunk = chunk,
        .size = fetch->content.size_bytes,
        .key = fetch->origin.key,
        .etag = fetch->origin.etag,
        .ahead = true,
    };
    if (flight == NULL)
        flight = skr_flight_join(worker, &plan);
    if (flight == NULL)
        return false;
    fetch->job->tokens -= (int64_t)skr_fetch_chunk_bytes(fetch, chunk);
    fetch->flights[fetch->flight_count++] = flight;
    fetch->next_chunk++;
    return true;
}

/* The oldest flight has come to its end. False: the fetch has, too. */
static bool skr_fetch_landed(struct skr_prefetch_fetch *fetch)
{
    struct skr_flight *flight = fetch->flights[0];
    enum skr_flight_state state;
    enum skr_upstream_outcome outcome;
    char unused;
    skr_flight_copy(flight, SKR_CHUNK_BYTES, &unused, 0, &state, &outcome);
    fetch->fetched_bytes += skr_fetch_chunk_bytes(fetch, flight->chunk);
    skr_flight_leave(flight);
    memmove(fetch->flights, fetch->flights + 1, --fetch->flight_count * sizeof *fetch->flights);
    if (state == SKR_FLIGHT_UNKEPT)
        skr_fetch_failed(fetch, "there is no room for it");
    else if (state == SKR_FLIGHT_FAILED)
        skr_fetch_failed(fetch, "upstream does not give its bytes: %s", skr_upstream_outcome_text(outcome));
    return state == SKR_FLIGHT_KEPT;
}

static void skr_fetch_step(struct skr_prefetch_fetch *fetch)
{
    uint64_t chunks = (fetch->content.size_bytes + SKR_CHUNK_BYTES - 1) / SKR_CHUNK_BYTES;
    for (;;) {
        while (fetch->flight_count < SKR_PREFETCH_CHUNKS && fetch->next_chunk < chunks && skr_fetch_fly(fetch))
            ;
        if (fetch->flight_count == 0 && fetch->next_chunk >= chunks) {
            skr_fetch_done(fetch);
            return;
        }
        if (fetch->flight_count == 0) { /* no tokens, or no memory: the job comes back to it */
            fetch->not_before_ms = 0;
            return;
        }
        if (!skr_fetch_await(fetch))
            return;
        if (skr_flight_await_end(fetch->flights[0], fetch->waiter))
            return;
        skr_waiter_drop(fetch->waiter);
        fetch->waiter = NULL;
        if (!skr_fetch_landed(fetch))
            return;
    }
}

void skr_prefetch_fetch_go_on(struct skr_prefetch_fetch *fetch)
{
    if (fetch->state == SKR_FETCH_RUNS && fetch->reader != NULL && fetch->waiter == NULL)
        skr_fetch_step(fetch);
}

/* ---- the object ---- */

static enum skr_status skr_fetch_origin(struct skr_prefetch_fetch *fetch, struct skr_error *err)
{
    struct skr_worker *worker = skr_fetch_worker(fetch);
    struct skr_view *view;
    enum skr_status status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_content_origin(view, fetch->content.id, &fetch->origin, err);
    if (status == SKR_OK) {
        fetch->origin.container = skr_arena_copy(&fetch->arena, fetch->origin.container);
        fetch->origin.key = skr_arena_copy(&fetch->arena, fetch->origin.key);
        fetch->origin.etag = skr_arena_copy(&fetch->arena, fetch->origin.etag);
        if (fetch->origin.container.data == NULL || fetch->origin.key.data == NULL || fetch->origin.etag.data == NULL)
            status = skr_fail(err, SKR_NO_MEMORY, "no memory");
    }
    skr_view_end(view);
    if (status == SKR_OK)
        fetch->bound = skr_bound_of_origin(&worker->core->bindings, &fetch->origin);
    return status == SKR_OK && (fetch->bound == NULL || fetch->bound->upstream == NULL)
               ? skr_fail(err, SKR_UPSTREAM_FAILED, "its container was detached")
               : status;
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
        fetch->content = object.content;
        fetch->size_bytes = object.content.size_bytes;
        if (object.content.layout != SKR_CONTENT_CACHED) { /* all of it is here */
            skr_fetch_done(fetch);
            return;
        }
        status = skr_fetch_origin(fetch, &error);
    }
    if (status != SKR_OK)
        skr_fetch_failed(fetch, "%s", error.message);
    else
        skr_fetch_step(fetch);
}

void skr_prefetch_fetch_begin(struct skr_prefetch_fetch *fetch)
{
    struct skr_error error = {.message = ""};
    fetch->state = SKR_FETCH_RUNS;
    fetch->next_chunk = 0;
    fetch->fetched_bytes = 0;
    fetch->had_first = fetch->attempts == 0 && skr_fetch_has_first(fetch);
    fetch->job->running++;
    enum skr_status status = skr_prepare_object(skr_fetch_worker(fetch), &fetch->name, SKR_INTENT_READ, 0, skr_fetch_prepared,
                                                fetch, &fetch->preparation, &error);
    if (status != SKR_PENDING)
        skr_fetch_prepared(fetch, status);
}
