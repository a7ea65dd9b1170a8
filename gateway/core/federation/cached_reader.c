/* Why: a reader of a cached content goes through what is in the store, what is on its way, and what nobody has asked for yet.
 * This joins or begins the flight of the chunk that it stands at, and, where it goes on from one chunk to the next, those of
 * the chunks ahead: the more it has read in order, the more at once, so that a single reader is not bound to what one request
 * at a time brings.
 *
 * Invariant: it holds one flight at most, that of the chunk it stands at. Those ahead fly on their own.
 */
#include "cached_reader.h"

#include <stdlib.h>

#include "accesses.h"
#include "skerry/log.h"
#include "space.h"

#define SKR_FIRST_DEPTH 2
#define SKR_MOST_DEPTH 16
#define SKR_MOST_REPAIRS 3

struct skr_cached_reader {
    struct skr_worker *worker;
    struct skr_content content;
    struct skr_arena arena;
    bool has_origin; /* the next two are filled */
    struct skr_origin origin;
    struct skr_bound *bound;   /* NULL: it was detached */
    struct skr_flight *flight; /* of the chunk that is read from */
    struct skr_waiter *waiter; /* what the reader waits for */
    struct skr_pending *repair;
    uint64_t repaired; /* the chunk that was damaged last, and how often */
    unsigned repairs;
    void (*ready)(void *context);
    void *context;
    uint64_t end;        /* of what is wanted */
    uint64_t ahead;      /* the chunks before this one were asked for, or are here */
    unsigned depth;      /* chunks ahead */
    uint64_t last_chunk; /* UINT64_MAX: none was read yet */
};

enum skr_status skr_cached_reader_new(struct skr_worker *worker, const struct skr_content *content,
                                      struct skr_cached_reader **out, struct skr_error *err)
{
    struct skr_cached_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a reader");
    reader->worker = worker;
    reader->content = *content;
    reader->end = content->size_bytes;
    reader->last_chunk = UINT64_MAX;
    *out = reader;
    return SKR_OK;
}

enum skr_status skr_cached_reader_arriving(struct skr_worker *worker, const struct skr_arrival *arrival,
                                           struct skr_cached_reader **out, struct skr_error *err)
{
    struct skr_cached_reader *reader;
    enum skr_status status = skr_cached_reader_new(worker, &arrival->content, &reader, err);
    if (status != SKR_OK)
        return status;
    reader->origin = arrival->origin;
    reader->has_origin = skr_origin_copy(&reader->arena, &reader->origin);
    if (!reader->has_origin) {
        skr_cached_reader_free(reader);
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a reader");
    }
    reader->bound = skr_bound_ref(arrival->bound);
    reader->flight = skr_flight_ref(arrival->flight);
    *out = reader;
    return SKR_OK;
}

/* Where its bytes come from: asked for when one of them is missing, which is never for most readers. No view is open. False: it
 * was detached, or this cannot be found out. */
static bool skr_cached_find_origin(struct skr_cached_reader *reader)
{
    struct skr_view *view;
    struct skr_error error;
    if (reader->has_origin)
        return reader->bound != NULL;
    if (skr_view_begin(reader->worker->reader, &view, &error) != SKR_OK)
        return false;
    enum skr_status status = skr_content_origin(view, reader->content.id, &reader->origin, &error);
    reader->has_origin = status == SKR_OK && skr_origin_copy(&reader->arena, &reader->origin);
    skr_view_end(view);
    if (!reader->has_origin)
        reader->origin = (struct skr_origin){.binding = 0};
    else
        reader->bound = skr_bound_of_origin(&reader->worker->core->bindings, &reader->origin);
    return reader->bound != NULL;
}

void skr_cached_reader_free(struct skr_cached_reader *reader)
{
    if (reader == NULL)
        return;
    skr_waiter_forget(reader->waiter);
    skr_pending_detach(reader->repair);
    skr_flight_leave(reader->flight);
    skr_bound_release(reader->bound);
    skr_arena_release(&reader->arena);
    free(reader);
}

void skr_cached_reader_expect(struct skr_cached_reader *reader, uint64_t end)
{
    reader->end = end < reader->content.size_bytes ? end : reader->content.size_bytes;
}

/* ---- waiting ---- */

static void skr_cached_woken(void *context)
{
    struct skr_cached_reader *reader = context;
    reader->waiter = NULL;
    reader->ready(reader->context);
}

static struct skr_waiter *skr_cached_waiter(struct skr_cached_reader *reader, void (*ready)(void *context), void *context)
{
    reader->ready = ready;
    reader->context = context;
    return skr_waiter_new(reader->worker, skr_cached_woken, reader);
}

/* ---- ahead ---- */

static struct skr_flight *skr_cached_fly(struct skr_cached_reader *reader, uint64_t chunk, bool ahead)
{
    struct skr_flight_plan plan = skr_flight_plan_of(reader->bound, &reader->content, &reader->origin, chunk);
    plan.ahead = ahead;
    return skr_flight_join(reader->worker, &plan);
}

/* The reader came to `chunk`: asks for those that it will come to. */
static void skr_cached_look_ahead(struct skr_cached_reader *reader, uint64_t chunk)
{
    struct skr_error error;
    struct skr_view *view;
    bool in_order = chunk == reader->last_chunk + 1 || reader->last_chunk == UINT64_MAX;
    if (chunk == reader->last_chunk)
        return;
    reader->depth = !in_order ? 0 : reader->depth == 0 ? SKR_FIRST_DEPTH : reader->depth * 2;
    if (reader->depth > SKR_MOST_DEPTH)
        reader->depth = SKR_MOST_DEPTH;
    reader->last_chunk = chunk;
    if (reader->ahead <= chunk || !in_order)
        reader->ahead = chunk + 1;
    uint64_t last = (reader->end + SKR_CHUNK_BYTES - 1) / SKR_CHUNK_BYTES;
    if (reader->depth == 0 || reader->ahead >= last || skr_view_begin(reader->worker->reader, &view, &error) != SKR_OK)
        return;
    uint64_t wanted[SKR_MOST_DEPTH];
    size_t count = 0;
    for (; reader->ahead < last && reader->ahead <= chunk + reader->depth; reader->ahead++)
        if (!skr_cached_has(view, &reader->content, reader->ahead * SKR_CHUNK_BYTES))
            wanted[count++] = reader->ahead;
    skr_view_end(view);
    if (count > 0 && !skr_cached_find_origin(reader))
        return;
    for (size_t i = 0; i < count; i++) {
        struct skr_flight *flight = skr_cached_fly(reader, wanted[i], true);
        if (flight == NULL) { /* no memory for it now: again at the next chunk */
            reader->ahead = wanted[i];
            return;
        }
        skr_flight_leave(flight);
    }
}

/* ---- reading ---- */

static ssize_t skr_cached_failed(struct skr_cached_reader *reader, const char *why)
{
    skr_log(SKR_LOG_WARNING, "federation", "reading %.*s behind %.*s failed: %s", SKR_PRINT(reader->origin.key),
            SKR_PRINT(reader->origin.container), why);
    return -1;
}

/* Waits for the flight to bring the byte, and for the end of a flight that has brought it already. */
static ssize_t skr_cached_wait(struct skr_cached_reader *reader, size_t inside, void (*ready)(void *context), void *context)
{
    struct skr_waiter *waiter = skr_cached_waiter(reader, ready, context);
    if (waiter == NULL)
        return skr_cached_failed(reader, "no memory");
    reader->waiter = waiter;
    if (skr_flight_await(reader->flight, inside, waiter))
        return 0;
    waiter->next = NULL; /* it came meanwhile */
    skr_waiters_wake(&waiter);
    return 0;
}

/* Joins or begins the flight of the chunk. */
static ssize_t skr_cached_join(struct skr_cached_reader *reader, uint64_t chunk, void (*ready)(void *context), void *context)
{
    if (!skr_cached_find_origin(reader) || reader->bound->upstream == NULL)
        return skr_cached_failed(reader, "its container was detached");
    reader->flight = skr_cached_fly(reader, chunk, false);
    if (reader->flight != NULL)
        return SKR_CACHED_IS_HERE; /* go on */
    if (reader->worker->upstreams == NULL)
        return -1;
    reader->waiter = skr_cached_waiter(reader, ready, context);
    if (reader->waiter == NULL)
        return skr_cached_failed(reader, "no memory");
    skr_flight_await_room(reader->worker, reader->waiter);
    return 0;
}

ssize_t skr_cached_read(struct skr_cached_reader *reader, uint64_t offset, void *buffer, size_t size, bool missing,
                        void (*ready)(void *context), void *context)
{
    uint64_t chunk = offset / SKR_CHUNK_BYTES;
    size_t inside = (size_t)(offset % SKR_CHUNK_BYTES);
    enum skr_flight_state state;
    enum skr_upstream_outcome outcome;
    if (reader->waiter != NULL || reader->repair != NULL)
        return 0;
    if (reader->flight != NULL && reader->flight->chunk != chunk) {
        skr_flight_leave(reader->flight);
        reader->flight = NULL;
    }
    if (reader->flight == NULL && !missing) {
        skr_cached_look_ahead(reader, chunk);
        return SKR_CACHED_IS_HERE;
    }
    if (reader->flight == NULL) {
        ssize_t joined = skr_cached_join(reader, chunk, ready, context);
        if (joined != SKR_CACHED_IS_HERE)
            return joined;
    }
    skr_cached_look_ahead(reader, chunk);
    size_t taken = skr_flight_copy(reader->flight, inside, buffer, size, &state, &outcome);
    if (state == SKR_FLIGHT_KEPT) { /* memory is for what is not in the store */
        skr_flight_leave(reader->flight);
        reader->flight = NULL;
    }
    skr_accesses_count(&reader->worker->accesses->miss_bytes, taken);
    if (taken > 0)
        return (ssize_t)taken;
    if (state == SKR_FLIGHT_COMING)
        return skr_cached_wait(reader, inside, ready, context);
    if (state == SKR_FLIGHT_KEPT)
        return SKR_CACHED_IS_HERE;
    skr_flight_leave(reader->flight);
    reader->flight = NULL;
    return skr_cached_failed(reader, skr_upstream_outcome_text(outcome));
}

/* ---- repairing ---- */

struct skr_evict_change {
    struct skr_pending pending;
    uint64_t content_id, chunk, freed;
};

static enum skr_status skr_apply_evict_chunk(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_evict_change *op = (struct skr_evict_change *)change;
    return skr_content_evict(view, op->content_id, op->chunk * SKR_CHUNK_BYTES, SKR_CHUNK_BYTES, &op->freed, err);
}

static void skr_settle_evict_chunk(struct skr_pending *pending)
{
    struct skr_evict_change *op = (struct skr_evict_change *)pending;
    if (pending->change.status == SKR_OK)
        skr_space_forget(pending->worker->core, op->content_id, op->chunk);
}

static void skr_cached_repaired(void *context, const struct skr_result *result)
{
    struct skr_cached_reader *reader = context;
    (void)result; /* where it failed, the bytes are still wrong, and the repairs come to their end */
    reader->repair = NULL;
    reader->ready(reader->context);
}

bool skr_cached_repair(struct skr_cached_reader *reader, uint64_t offset, void (*ready)(void *context), void *context)
{
    if (reader->repaired != offset / SKR_CHUNK_BYTES)
        reader->repairs = 0;
    reader->repaired = offset / SKR_CHUNK_BYTES;
    if (!skr_cached_find_origin(reader) || reader->repairs++ >= SKR_MOST_REPAIRS)
        return false;
    struct skr_evict_change *op =
        skr_pending_new(reader->worker, sizeof *op, skr_apply_evict_chunk, skr_cached_repaired, reader);
    if (op == NULL)
        return false;
    skr_log(SKR_LOG_WARNING, "federation", "%.*s behind %.*s: damaged here near byte %llu, it is fetched anew",
            SKR_PRINT(reader->origin.key), SKR_PRINT(reader->origin.container), (unsigned long long)offset);
    op->pending.settle = skr_settle_evict_chunk;
    op->content_id = reader->content.id;
    op->chunk = offset / SKR_CHUNK_BYTES;
    reader->ready = ready;
    reader->context = context;
    reader->repair = skr_pending_submit(&op->pending);
    return true;
}
