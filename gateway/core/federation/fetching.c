/* Why: some operations take bytes by reference, a copy into another container, say: they have to be in the store, and stay
 * right whatever becomes of upstream. Flights bring them there; this keeps a number of them in the air until none is missing.
 */
#include "fetching.h"

#include <stdlib.h>

#include "cached_reader.h"
#include "federation.h"

#define SKR_FETCHING_DEPTH 8

struct skr_fetching {
    struct skr_worker *worker;
    struct skr_arena arena;
    struct skr_content content;
    struct skr_origin origin;
    struct skr_bound *bound;
    uint64_t next, last; /* chunks that were not looked at yet: [next, last) */
    struct skr_flight *flights[SKR_FETCHING_DEPTH];
    struct skr_waiter *waiter;
    skr_prepared ready;
    void *context;
};

void skr_fetching_cancel(struct skr_fetching *fetching)
{
    if (fetching == NULL)
        return;
    skr_waiter_forget(fetching->waiter);
    for (size_t i = 0; i < SKR_FETCHING_DEPTH; i++)
        skr_flight_leave(fetching->flights[i]);
    skr_bound_release(fetching->bound);
    skr_arena_release(&fetching->arena);
    free(fetching);
}

static enum skr_status skr_fetching_step(struct skr_fetching *fetching, struct skr_error *err);

static void skr_fetching_woken(void *context)
{
    struct skr_fetching *fetching = context;
    struct skr_error error;
    fetching->waiter = NULL;
    enum skr_status status = skr_fetching_step(fetching, &error);
    if (status == SKR_PENDING)
        return;
    skr_prepared ready = fetching->ready;
    void *ready_context = fetching->context;
    skr_fetching_cancel(fetching);
    ready(ready_context, status);
}

/* Lets go of those that landed. False: one of them failed. */
static bool skr_fetching_land(struct skr_fetching *fetching, enum skr_status *status, struct skr_error *err)
{
    for (size_t i = 0; i < SKR_FETCHING_DEPTH; i++) {
        enum skr_flight_state state;
        enum skr_upstream_outcome outcome;
        if (fetching->flights[i] == NULL)
            continue;
        skr_flight_copy(fetching->flights[i], SKR_CHUNK_BYTES, NULL, 0, &state, &outcome);
        if (state == SKR_FLIGHT_COMING || state == SKR_FLIGHT_WHOLE)
            continue;
        skr_flight_leave(fetching->flights[i]);
        fetching->flights[i] = NULL;
        if (state == SKR_FLIGHT_FAILED)
            *status =
                skr_fail(err, SKR_UPSTREAM_FAILED, "upstream does not give its bytes: %s", skr_upstream_outcome_text(outcome));
        else if (state == SKR_FLIGHT_UNKEPT)
            *status = skr_fail(err, SKR_NO_SPACE, "what is fetched cannot be kept");
        if (state != SKR_FLIGHT_KEPT)
            return false;
    }
    return true;
}

/* The next chunk that is not here. False: there is none. */
static bool skr_fetching_missing(struct skr_fetching *fetching, uint64_t *chunk)
{
    struct skr_view *view;
    struct skr_error error;
    bool found = false;
    if (skr_view_begin(fetching->worker->reader, &view, &error) != SKR_OK)
        return false;
    while (!found && fetching->next < fetching->last) {
        *chunk = fetching->next++;
        found = !skr_cached_has(view, &fetching->content, *chunk * SKR_CHUNK_BYTES);
    }
    skr_view_end(view);
    return found;
}

/* Begins as many as may fly at once. False: there is no memory for another one now. */
static bool skr_fetching_launch(struct skr_fetching *fetching)
{
    for (size_t i = 0; i < SKR_FETCHING_DEPTH; i++) {
        uint64_t chunk;
        if (fetching->flights[i] != NULL || !skr_fetching_missing(fetching, &chunk))
            continue;
        struct skr_flight_plan plan = {.bound = fetching->bound,
                                       .content_id = fetching->content.id,
                                       .chunk = chunk,
                                       .size = fetching->content.size_bytes,
                                       .key = fetching->origin.key,
                                       .etag = fetching->origin.etag};
        fetching->flights[i] = skr_flight_join(fetching->worker, &plan);
        if (fetching->flights[i] == NULL) {
            fetching->next = chunk;
            return false;
        }
    }
    return true;
}

static enum skr_status skr_fetching_step(struct skr_fetching *fetching, struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    for (;;) {
        if (!skr_fetching_land(fetching, &status, err))
            return status;
        bool has_room = skr_fetching_launch(fetching);
        struct skr_flight *first = NULL;
        for (size_t i = 0; i < SKR_FETCHING_DEPTH && first == NULL; i++)
            first = fetching->flights[i];
        if (first == NULL && has_room)
            return SKR_OK;
        fetching->waiter = skr_waiter_new(fetching->worker, skr_fetching_woken, fetching);
        if (fetching->waiter == NULL)
            return skr_fail(err, SKR_NO_MEMORY, "no memory to fetch");
        if (first == NULL) {
            skr_flight_await_room(fetching->worker, fetching->waiter);
            return SKR_PENDING;
        }
        if (skr_flight_await_end(first, fetching->waiter))
            return SKR_PENDING;
        skr_waiter_drop(fetching->waiter);
        fetching->waiter = NULL;
    }
}

/* What the name leads to. `*is_cached` false: nothing is to be fetched. */
static enum skr_status skr_fetching_look(struct skr_fetching *fetching, const struct skr_object_name *name, uint64_t offset,
                                         uint64_t length, bool *is_cached, struct skr_error *err)
{
    struct skr_version_place place;
    struct skr_container container;
    struct skr_object object;
    struct skr_bytes payload;
    struct skr_view *view;
    uint32_t crc32c;
    *is_cached = false;
    enum skr_status status = skr_view_begin(fetching->worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    bool found = skr_find_version(view, &fetching->arena, name, &container, &object, &place, err) == SKR_OK;
    fetching->content = object.content;
    if (found && object.content.layout == SKR_CONTENT_CACHED && offset < object.content.size_bytes &&
        skr_content_cached_payload(view, &object.content, &payload, &crc32c, err) == SKR_NOT_FOUND) {
        uint64_t left = object.content.size_bytes - offset, end = offset + (length < left ? length : left);
        *is_cached = true;
        fetching->next = offset / SKR_CHUNK_BYTES;
        fetching->last = (end + SKR_CHUNK_BYTES - 1) / SKR_CHUNK_BYTES;
        status = skr_content_origin(view, object.content.id, &fetching->origin, err);
        fetching->origin.container = skr_arena_copy(&fetching->arena, fetching->origin.container);
        fetching->origin.key = skr_arena_copy(&fetching->arena, fetching->origin.key);
        fetching->origin.etag = skr_arena_copy(&fetching->arena, fetching->origin.etag);
        if (status == SKR_OK && (fetching->origin.container.data == NULL || fetching->origin.key.data == NULL ||
                                 fetching->origin.etag.data == NULL))
            status = skr_fail(err, SKR_NO_MEMORY, "no memory to fetch");
    }
    skr_view_end(view);
    return status;
}

enum skr_status skr_fetching_begin(struct skr_worker *worker, const struct skr_object_name *name, uint64_t offset,
                                   uint64_t length, skr_prepared ready, void *context, struct skr_fetching **out,
                                   struct skr_error *err)
{
    bool is_cached;
    *out = NULL;
    struct skr_fetching *fetching = calloc(1, sizeof *fetching);
    if (fetching == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory to fetch");
    fetching->worker = worker;
    fetching->ready = ready;
    fetching->context = context;
    enum skr_status status = skr_fetching_look(fetching, name, offset, length, &is_cached, err);
    if (status == SKR_OK && is_cached) {
        fetching->bound = skr_bound_of_origin(&worker->core->bindings, &fetching->origin);
        status = fetching->bound == NULL
                     ? skr_fail(err, SKR_UPSTREAM_FAILED, "its bytes are not here, and their container was detached")
                     : skr_fetching_step(fetching, err);
    }
    if (status == SKR_PENDING)
        *out = fetching;
    else
        skr_fetching_cancel(fetching);
    return status;
}
