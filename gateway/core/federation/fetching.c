/* Why: some operations take bytes by reference, a copy into another container, say: they have to be in the store, and stay
 * right whatever becomes of upstream. An operator wants a data set here before it is read. Flights bring both; this keeps a
 * number of them in the air until none is missing, and fills no buffer: a chunk is waited for until it is kept.
 */
#include "fetching.h"

#include <stdlib.h>

#include "federation.h"

#define SKR_FETCHING_DEPTH 8
#define SKR_FETCHING_DEPTH_AHEAD 4 /* a prefetching job has many objects on their way */

struct skr_fetching {
    struct skr_worker *worker;
    struct skr_fetching_plan plan;
    struct skr_arena arena;
    struct skr_content content;
    struct skr_origin origin;
    struct skr_bound *bound;                        /* NULL until something is missing */
    uint64_t next, last;                            /* chunks that were not looked at yet: [next, last) */
    struct skr_flight *flights[SKR_FETCHING_DEPTH]; /* the oldest first */
    size_t flight_count;
    struct skr_waiter *waiter; /* NULL: it stands still */
};

void skr_fetching_cancel(struct skr_fetching *fetching)
{
    if (fetching == NULL)
        return;
    skr_waiter_forget(fetching->waiter);
    while (fetching->flight_count > 0)
        skr_flight_leave(fetching->flights[--fetching->flight_count]);
    skr_bound_release(fetching->bound);
    skr_arena_release(&fetching->arena);
    free(fetching);
}

/* ---- chunks ---- */

static uint64_t skr_fetching_chunk_bytes(const struct skr_fetching *fetching, uint64_t chunk)
{
    uint64_t left = fetching->content.size_bytes - chunk * SKR_CHUNK_BYTES;
    return left < SKR_CHUNK_BYTES ? left : SKR_CHUNK_BYTES;
}

/* Lets go of those that landed. Fails when one of them failed. */
static enum skr_status skr_fetching_land(struct skr_fetching *fetching, struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    size_t coming = 0;
    for (size_t i = 0; i < fetching->flight_count; i++) {
        struct skr_flight *flight = fetching->flights[i];
        enum skr_flight_state state;
        enum skr_upstream_outcome outcome;
        skr_flight_copy(flight, SKR_CHUNK_BYTES, NULL, 0, &state, &outcome);
        if (state == SKR_FLIGHT_COMING || state == SKR_FLIGHT_WHOLE) {
            fetching->flights[coming++] = flight;
            continue;
        }
        if (state == SKR_FLIGHT_FAILED)
            status =
                skr_fail(err, SKR_UPSTREAM_FAILED, "upstream does not give its bytes: %s", skr_upstream_outcome_text(outcome));
        else if (fetching->plan.landed_bytes != NULL)
            *fetching->plan.landed_bytes += skr_fetching_chunk_bytes(fetching, flight->chunk);
        if (state == SKR_FLIGHT_UNKEPT)
            status = skr_fail(err, SKR_NO_SPACE, "there is no room for its bytes");
        skr_flight_leave(flight);
    }
    fetching->flight_count = coming;
    return status;
}

/* The next chunk that is on its way, whose flight is joined, or is not here, or of which that cannot be found out. One that
 * flies is joined though the store may have it by now: who counts what came sees it land. False: there is none. */
static bool skr_fetching_next(struct skr_fetching *fetching, uint64_t *chunk, struct skr_flight **flight)
{
    struct skr_flights *flights = &fetching->worker->core->federation->flights;
    struct skr_view *view;
    struct skr_error error;
    bool found = false;
    if (fetching->next == fetching->last)
        return false;
    bool can_look = skr_view_begin(fetching->worker->reader, &view, &error) == SKR_OK;
    while (!found && fetching->next < fetching->last) {
        *chunk = fetching->next++;
        *flight = skr_flight_find(flights, fetching->content.id, *chunk);
        found = *flight != NULL || !can_look || !skr_cached_has(view, &fetching->content, *chunk * SKR_CHUNK_BYTES);
    }
    if (can_look)
        skr_view_end(view);
    return found;
}

/* Begins the flight of a chunk. NULL: there is no memory, or are no tokens, for it now. */
static struct skr_flight *skr_fetching_fly(struct skr_fetching *fetching, uint64_t chunk)
{
    struct skr_flight_plan plan = skr_flight_plan_of(fetching->bound, &fetching->content, &fetching->origin, chunk);
    plan.ahead = fetching->plan.ahead;
    bool may = fetching->plan.tokens == NULL || *fetching->plan.tokens > 0;
    return may ? skr_flight_join(fetching->worker, &plan) : NULL;
}

/* Joins or begins as many as may fly at once. SKR_PENDING: there is no memory, or are no tokens, for another one now. */
static enum skr_status skr_fetching_launch(struct skr_fetching *fetching, struct skr_error *err)
{
    size_t most = fetching->plan.ahead ? SKR_FETCHING_DEPTH_AHEAD : SKR_FETCHING_DEPTH;
    struct skr_flight *flight;
    uint64_t chunk;
    while (fetching->flight_count < most && skr_fetching_next(fetching, &chunk, &flight)) {
        enum skr_status status = SKR_OK;
        if (flight == NULL && fetching->bound == NULL)
            status = skr_flight_source(fetching->worker, &fetching->origin, &fetching->bound, err);
        if (status == SKR_OK && flight == NULL && (flight = skr_fetching_fly(fetching, chunk)) == NULL)
            status = SKR_PENDING;
        if (status != SKR_OK) {
            fetching->next = chunk;
            return status;
        }
        if (fetching->plan.tokens != NULL)
            *fetching->plan.tokens -= (int64_t)skr_fetching_chunk_bytes(fetching, chunk);
        fetching->flights[fetching->flight_count++] = flight;
    }
    return SKR_OK;
}

/* ---- steps ---- */

static void skr_fetching_woken(void *context);

static enum skr_status skr_fetching_step(struct skr_fetching *fetching, struct skr_error *err)
{
    for (;;) {
        enum skr_status status = skr_fetching_land(fetching, err);
        if (status == SKR_OK)
            status = skr_fetching_launch(fetching, err);
        if (status != SKR_OK && status != SKR_PENDING)
            return status;
        if (fetching->flight_count == 0 && (status == SKR_OK || fetching->plan.ahead))
            return status; /* who fetches ahead must not queue for the memory that a reader waits for */
        fetching->waiter = skr_waiter_new(fetching->worker, skr_fetching_woken, fetching);
        if (fetching->waiter == NULL)
            return skr_fail(err, SKR_NO_MEMORY, "no memory to fetch");
        if (fetching->flight_count == 0) {
            skr_flight_await_room(fetching->worker, fetching->waiter);
            return SKR_PENDING;
        }
        if (skr_flight_await_end(fetching->flights[0], fetching->waiter))
            return SKR_PENDING;
        skr_waiter_drop(fetching->waiter);
        fetching->waiter = NULL;
    }
}

static void skr_fetching_woken(void *context)
{
    struct skr_fetching *fetching = context;
    struct skr_error error = {.message = ""};
    fetching->waiter = NULL;
    enum skr_status status = skr_fetching_step(fetching, &error);
    if (status == SKR_PENDING)
        return;
    skr_fetched ready = fetching->plan.ready;
    void *ready_context = fetching->plan.context;
    skr_fetching_cancel(fetching);
    ready(ready_context, status, &error);
}

void skr_fetching_go_on(struct skr_fetching *fetching)
{
    if (fetching != NULL && fetching->waiter == NULL)
        skr_fetching_woken(fetching);
}

/* ---- beginning ---- */

/* Which chunks it is about, and where they come from: none, where nothing is to be fetched. */
static enum skr_status skr_fetching_look(struct skr_fetching *fetching, struct skr_view *view,
                                         const struct skr_content *content, struct skr_error *err)
{
    uint64_t offset = fetching->plan.offset, length = fetching->plan.length;
    if (content->layout != SKR_CONTENT_CACHED || offset >= content->size_bytes)
        return SKR_OK;
    uint64_t left = content->size_bytes - offset, end = offset + (length < left ? length : left);
    fetching->content = *content;
    fetching->next = offset / SKR_CHUNK_BYTES;
    fetching->last = (end + SKR_CHUNK_BYTES - 1) / SKR_CHUNK_BYTES;
    enum skr_status status = skr_content_origin(view, content->id, &fetching->origin, err);
    if (status == SKR_OK && !skr_origin_copy(&fetching->arena, &fetching->origin))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory to fetch");
    return status;
}

/* Finds the content that the plan is about. */
static enum skr_status skr_fetching_find(struct skr_fetching *fetching, const struct skr_fetching_plan *plan,
                                         struct skr_error *err)
{
    struct skr_version_place place;
    struct skr_container container;
    struct skr_object object = {.content = {.id = 0}};
    const struct skr_content *content = plan->content;
    struct skr_view *view;
    enum skr_status status = skr_view_begin(fetching->worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    if (content == NULL && skr_find_version(view, &fetching->arena, plan->name, &container, &object, &place, err) == SKR_OK)
        content = &object.content;
    if (content != NULL)
        status = skr_fetching_look(fetching, view, content, err);
    skr_view_end(view);
    return status;
}

enum skr_status skr_fetching_begin(struct skr_worker *worker, const struct skr_fetching_plan *plan, struct skr_fetching **out,
                                   struct skr_error *err)
{
    struct skr_fetching *fetching = calloc(1, sizeof *fetching);
    *out = NULL;
    if (fetching == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory to fetch");
    fetching->worker = worker;
    fetching->plan = *plan;
    enum skr_status status = skr_fetching_find(fetching, plan, err);
    if (status == SKR_OK)
        status = skr_fetching_step(fetching, err);
    if (status == SKR_PENDING)
        *out = fetching;
    else
        skr_fetching_cancel(fetching);
    return status;
}
