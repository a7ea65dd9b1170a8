/* Why: a request that reads finds in metadata what upstream said of its object; before that, this sees to it that it is there
 * and still believed, and that the first bytes it wants are here or on their way. Everything after that, in every front end,
 * is as with any other object.
 */
#include <stdlib.h>

#include "cached_reader.h"
#include "clock.h"
#include "federation.h"
#include "skerry/log.h"

#define SKR_MOST_PREPARATIONS 3 /* how often an object may change under a request */

/* Owned by its worker's thread. */
struct skr_preparation {
    struct skr_worker *worker;
    struct skr_object_name name; /* its texts are the caller's */
    enum skr_intent intent;
    uint64_t offset;
    skr_prepared ready;
    void *context;
    struct skr_bound *bound;
    uint64_t known_name;
    struct skr_waiter *waiter;
    struct skr_refresh *refresh;
    struct skr_flight *flight;
    bool refreshed;
    bool spurns_offer; /* what upstream offered was of no use: its record is waited for */
    bool is_late;      /* for what is asked to be over, and then asked again */
    unsigned rounds;
    /* for who opens the object: */
    struct skr_arena *arena; /* NULL: nobody does */
    struct skr_object found;
    struct skr_reader *reader; /* of what was found; NULL: it is to be looked for */
};

/* What metadata has. Texts in the arena. */
struct skr_prepared_state {
    struct skr_object object;
    bool exists;
    bool is_believed; /* upstream need not be asked */
    bool is_unsure;   /* what is here does not tell all, or came from somewhere else: upstream is to tell it anew */
    bool is_cached;   /* and what is wanted of it is not here */
    struct skr_origin origin;
};

static enum skr_status skr_preparation_step(struct skr_preparation *preparation, struct skr_error *err);

/* Of all that it took to come to an end, or would have. */
static void skr_preparation_let_go(struct skr_preparation *preparation)
{
    skr_waiter_forget(preparation->waiter);
    skr_refresh_leave(preparation->refresh);
    skr_flight_leave(preparation->flight);
    skr_bound_release(preparation->bound);
    preparation->waiter = NULL;
    preparation->refresh = NULL;
    preparation->flight = NULL;
    preparation->bound = NULL;
}

void skr_preparation_cancel(struct skr_preparation *preparation)
{
    if (preparation == NULL)
        return;
    skr_preparation_let_go(preparation);
    skr_reader_close(preparation->reader);
    if (preparation->arena == NULL) /* else it lies there */
        free(preparation);
}

/* Goes on after something came; tells the caller when that was all. */
static void skr_preparation_go_on(struct skr_preparation *preparation)
{
    struct skr_error error = {.message = ""};
    enum skr_status status = skr_preparation_step(preparation, &error);
    if (status == SKR_PENDING)
        return;
    skr_prepared ready = preparation->ready;
    void *context = preparation->context;
    if (status == SKR_UPSTREAM_FAILED)
        skr_log(SKR_LOG_DEBUG, "federation", "%.*s/%.*s: %s", SKR_PRINT(preparation->name.container),
                SKR_PRINT(preparation->name.key), error.message);
    if (preparation->arena == NULL)
        skr_preparation_cancel(preparation);
    else
        skr_preparation_let_go(preparation);
    ready(context, status);
}

/* ---- what metadata has ---- */

/* Whether upstream need be asked about what was found: whose it is matters only where what it said is too old. */
static void skr_preparation_judge(struct skr_preparation *preparation, struct skr_view *view,
                                  const struct skr_container *container, bool is_fresh, struct skr_prepared_state *out)
{
    const struct skr_object *object = out->exists ? &out->object : NULL;
    out->is_unsure = out->exists && object->is_partial;
    out->is_believed = preparation->refreshed || (is_fresh && !out->is_unsure);
    if (!out->is_believed)
        out->is_believed = skr_is_ours(view, container, preparation->name.key, object);
    if (!out->is_believed && out->exists)
        out->is_unsure |= skr_is_of_another(view, preparation->bound, object);
}

/* Opens what was found, where it can be read as it is. One that cannot be opened is left to the request, which says why. */
static void skr_preparation_open(struct skr_preparation *preparation, struct skr_view *view,
                                 const struct skr_prepared_state *state)
{
    struct skr_error error;
    preparation->found = state->object;
    preparation->found.is_current = true;
    if (skr_open_found(preparation->worker, view, preparation->arena, &state->object, &preparation->reader, &error) != SKR_OK)
        preparation->reader = NULL;
    else if (preparation->offset < state->object.content.size_bytes &&
             !skr_reader_has(view, preparation->reader, preparation->offset)) {
        skr_reader_close(preparation->reader);
        preparation->reader = NULL;
    }
}

/* Is the byte that is wanted not here? */
static bool skr_preparation_lacks(const struct skr_preparation *preparation, struct skr_view *view,
                                  const struct skr_content *content)
{
    return preparation->intent == SKR_INTENT_READ && preparation->offset < content->size_bytes &&
           content->layout == SKR_CONTENT_CACHED && !skr_cached_has(view, content, preparation->offset);
}

static enum skr_status skr_preparation_look(struct skr_preparation *preparation, struct skr_arena *arena,
                                            struct skr_prepared_state *out, struct skr_error *err)
{
    struct skr_container container = {.journal_node = 0};
    struct skr_view *view;
    bool is_fresh =
        skr_known_is_fresh(&preparation->worker->core->federation->known, preparation->bound, preparation->known_name);
    *out = (struct skr_prepared_state){.exists = false};
    enum skr_status status = skr_view_begin(preparation->worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_find_object(view, arena, &preparation->name, &container, &out->object, &out->exists, err);
    if (status == SKR_CONTAINER_NOT_FOUND) /* of a binding of all containers: perhaps upstream has it */
        status = preparation->bound->is_derived ? SKR_OK : status;
    if (status == SKR_OK)
        skr_preparation_judge(preparation, view, &container, is_fresh, out);
    if (status == SKR_OK && out->exists && !skr_object_copy(arena, &out->object))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    if (status == SKR_OK && out->exists && out->is_believed && preparation->arena != NULL)
        skr_preparation_open(preparation, view, out);
    if (status == SKR_OK && preparation->reader == NULL && skr_preparation_lacks(preparation, view, &out->object.content)) {
        out->is_cached = true;
        status = skr_content_origin(view, out->object.content.id, &out->origin, err);
        if (status == SKR_OK && !skr_origin_copy(arena, &out->origin))
            status = skr_fail(err, SKR_NO_MEMORY, "no memory for a preparation");
    }
    skr_view_end(view);
    return status;
}

/* ---- the first bytes ---- */

static void skr_preparation_woken(void *context)
{
    struct skr_preparation *preparation = context;
    preparation->waiter = NULL;
    skr_preparation_go_on(preparation);
}

/* The waiter of what comes next. */
static enum skr_status skr_preparation_wait(struct skr_preparation *preparation, struct skr_error *err)
{
    preparation->waiter = skr_waiter_new(preparation->worker, skr_preparation_woken, preparation);
    return preparation->waiter == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory for a preparation") : SKR_OK;
}

/* Upstream's offer is of no use: what becomes of its record counts. */
static enum skr_status skr_preparation_spurn(struct skr_preparation *preparation, struct skr_error *err)
{
    preparation->spurns_offer = true;
    enum skr_status status = skr_preparation_wait(preparation, err);
    if (status != SKR_OK)
        return status;
    skr_refresh_await(preparation->refresh, preparation->waiter);
    return SKR_PENDING;
}

/* Is there still nothing here of that name, and nothing for upstream to learn about it? */
static bool skr_preparation_is_vacant(struct skr_preparation *preparation, enum skr_versioning *versioning)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_container container = {.journal_node = 0};
    struct skr_object object;
    struct skr_error error;
    struct skr_view *view;
    bool exists = true;
    if (skr_view_begin(preparation->worker->reader, &view, &error) != SKR_OK)
        return false;
    bool is_vacant = skr_find_object(view, &arena, &preparation->name, &container, &object, &exists, &error) == SKR_OK &&
                     !exists && !skr_is_ours(view, &container, preparation->name.key, NULL);
    *versioning = container.versioning;
    skr_view_end(view);
    skr_arena_release(&arena);
    return is_vacant;
}

/* The bytes come before the record of their object is durable, or there is no room for it: the object is read as it is offered.
 * Unless the name was changed here meanwhile. */
static enum skr_status skr_preparation_take(struct skr_preparation *preparation, struct skr_error *err)
{
    struct skr_refresh *refresh = preparation->refresh;
    enum skr_versioning versioning;
    if (!skr_refresh_offers(refresh)) {
        skr_flight_leave(preparation->flight);
        preparation->flight = NULL;
        return skr_preparation_step(preparation, err);
    }
    if (!skr_preparation_is_vacant(preparation, &versioning)) {
        skr_flight_leave(preparation->flight);
        preparation->flight = NULL;
        return skr_preparation_spurn(preparation, err);
    }
    if (!skr_object_of_upstream(preparation->arena, refresh->found, &preparation->found))
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    struct skr_arrival arrival = {
        .content = {.id = refresh->content_id, .size_bytes = refresh->found->size_bytes, .layout = SKR_CONTENT_CACHED},
        .origin = skr_refresh_origin(refresh),
        .bound = refresh->bound,
        .flight = preparation->flight,
    };
    preparation->found.content = arrival.content;
    preparation->found.versioning = versioning;
    preparation->found.is_current = true;
    return skr_open_arriving(preparation->worker, &arrival, &preparation->reader, err);
}

/* The flight that was waited for has brought bytes, or ended. */
static enum skr_status skr_preparation_landed(struct skr_preparation *preparation, struct skr_error *err)
{
    enum skr_flight_state state;
    enum skr_upstream_outcome outcome;
    char byte;
    struct skr_flight *flight = preparation->flight;
    size_t inside = (size_t)(preparation->offset % SKR_CHUNK_BYTES);
    if (skr_flight_copy(flight, inside, &byte, 1, &state, &outcome) > 0 || state != SKR_FLIGHT_FAILED)
        return preparation->refresh != NULL
                   ? skr_preparation_take(preparation, err)
                   : SKR_OK; /* the flight stays in the list until its bytes are kept: the reader finds it there */
    skr_flight_leave(flight);
    preparation->flight = NULL;
    skr_refresh_leave(preparation->refresh);
    preparation->refresh = NULL;
    preparation->spurns_offer = true;
    bool changed = outcome == SKR_UPSTREAM_CHANGED || outcome == SKR_UPSTREAM_CONDITION_FAILED ||
                   outcome == SKR_UPSTREAM_NOT_FOUND || outcome == SKR_UPSTREAM_INVALID_RANGE;
    if (!changed || ++preparation->rounds >= SKR_MOST_PREPARATIONS)
        return skr_fail(err, SKR_UPSTREAM_FAILED, "upstream does not give its bytes: %s", skr_upstream_outcome_text(outcome));
    skr_known_forget(&preparation->worker->core->federation->known, preparation->known_name);
    preparation->refreshed = false;
    return skr_preparation_step(preparation, err);
}

static enum skr_status skr_preparation_fly(struct skr_preparation *preparation, const struct skr_prepared_state *state,
                                           struct skr_error *err)
{
    struct skr_bound *bound;
    enum skr_status status = skr_flight_source(preparation->worker, &state->origin, &bound, err);
    if (status != SKR_OK)
        return status;
    struct skr_flight_plan plan =
        skr_flight_plan_of(bound, &state->object.content, &state->origin, preparation->offset / SKR_CHUNK_BYTES);
    plan.hurries = true;
    preparation->flight = skr_flight_join(preparation->worker, &plan);
    skr_bound_release(bound);
    status = skr_preparation_wait(preparation, err);
    if (status != SKR_OK)
        return status;
    if (preparation->flight == NULL) {
        skr_flight_await_room(preparation->worker, preparation->waiter);
        return SKR_PENDING;
    }
    size_t inside = (size_t)(preparation->offset % SKR_CHUNK_BYTES);
    if (skr_flight_await(preparation->flight, inside, preparation->waiter))
        return SKR_PENDING;
    skr_waiter_drop(preparation->waiter);
    preparation->waiter = NULL;
    return skr_preparation_landed(preparation, err);
}

/* Upstream's answer is in memory: the first bytes are waited for, as with any other object. */
static enum skr_status skr_preparation_take_offer(struct skr_preparation *preparation, struct skr_error *err)
{
    const struct skr_refresh *refresh = preparation->refresh;
    if (preparation->offset >= refresh->found->size_bytes)
        return skr_preparation_spurn(preparation, err);
    struct skr_prepared_state state = {
        .object = {.content = {.id = refresh->content_id, .size_bytes = refresh->found->size_bytes}},
        .origin = skr_refresh_origin(refresh),
    };
    return skr_preparation_fly(preparation, &state, err);
}

/* ---- the steps ---- */

static enum skr_status skr_preparation_ask(struct skr_preparation *preparation, const struct skr_prepared_state *state,
                                           struct skr_error *err)
{
    struct skr_refresh_question question = {
        .bound = preparation->bound,
        .name = preparation->known_name,
        .key = preparation->name.key,
        .etag = state->exists && !state->is_unsure ? state->object.upstream_etag : SKR_BYTES(""),
        .has_object = state->exists,
        .with_bytes = preparation->intent == SKR_INTENT_READ && preparation->offset != SKR_OFFSET_UNKNOWN,
        .offset = preparation->offset,
        .takes_offer = preparation->arena != NULL && !state->exists && !preparation->spurns_offer,
    };
    enum skr_status status = skr_preparation_wait(preparation, err);
    if (status != SKR_OK)
        return status;
    preparation->refresh = skr_refresh_join(preparation->worker, &question, preparation->waiter, &preparation->is_late);
    if (preparation->refresh != NULL)
        return SKR_PENDING;
    skr_waiter_drop(preparation->waiter);
    preparation->waiter = NULL;
    if (state->exists) /* as it is */
        return SKR_OK;
    return skr_fail(err, SKR_UPSTREAM_FAILED, "its upstream cannot be asked");
}

/* The last that was heard of upstream was that it does not answer: who has something to serve does not wait for it. Now and
 * then it is asked all the same, so that it is noticed when it is back. */
static bool skr_preparation_is_stale(struct skr_preparation *preparation, const struct skr_prepared_state *state)
{
    struct skr_bound *bound = preparation->bound;
    int64_t ill_until_ms = atomic_load(&bound->ill_until_ms);
    bool is_away = skr_bound_is_away(bound); /* then it is asked by others */
    if (!state->exists || (ill_until_ms == 0 && !is_away))
        return false;
    int64_t now_ms = skr_clock_ms();
    if (!is_away && now_ms >= ill_until_ms &&
        atomic_compare_exchange_strong(&bound->ill_until_ms, &ill_until_ms, now_ms + SKR_ILL_MS)) {
        struct skr_refresh_question question = {.bound = bound,
                                                .name = preparation->known_name,
                                                .key = preparation->name.key,
                                                .etag = state->object.upstream_etag,
                                                .has_object = true};
        bool is_late;
        struct skr_waiter *nobody = skr_waiter_new(preparation->worker, NULL, NULL);
        struct skr_refresh *refresh =
            nobody == NULL ? NULL : skr_refresh_join(preparation->worker, &question, nobody, &is_late);
        if (refresh == NULL && nobody != NULL)
            skr_waiter_drop(nobody);
        skr_refresh_leave(refresh);
    }
    atomic_fetch_add(&bound->stale_answers, 1);
    return true;
}

static enum skr_status skr_preparation_decide(struct skr_preparation *preparation, const struct skr_prepared_state *state,
                                              struct skr_error *err)
{
    bool is_served = state->is_believed || skr_preparation_is_stale(preparation, state);
    if ((!is_served || state->is_cached) && skr_bound_is_away(preparation->bound))
        return skr_fail(err, SKR_UPSTREAM_FAILED, "its upstream does not answer");
    if (!is_served)
        return skr_preparation_ask(preparation, state, err);
    return state->is_cached ? skr_preparation_fly(preparation, state, err) : SKR_OK;
}

static enum skr_status skr_preparation_step(struct skr_preparation *preparation, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    _Alignas(16) char memory[4096];
    struct skr_prepared_state state;
    if (preparation->flight != NULL)
        return skr_preparation_landed(preparation, err);
    if (preparation->refresh != NULL && preparation->arena != NULL && !preparation->spurns_offer && !preparation->is_late &&
        skr_refresh_offers(preparation->refresh))
        return skr_preparation_take_offer(preparation, err);
    if (preparation->refresh != NULL) {
        enum skr_status answer = preparation->refresh->status;
        skr_refresh_leave(preparation->refresh);
        preparation->refresh = NULL;
        preparation->refreshed = !preparation->is_late;
        if (answer != SKR_OK && preparation->refreshed)
            return skr_fail(err, answer, "upstream did not say how it is");
    }
    skr_arena_seed(&arena, memory, sizeof memory);
    struct skr_arena *texts = preparation->arena == NULL ? &arena : preparation->arena;
    enum skr_status status = skr_preparation_look(preparation, texts, &state, err);
    if (status == SKR_OK)
        status = skr_preparation_decide(preparation, &state, err);
    else if (status == SKR_CONTAINER_NOT_FOUND)
        status = SKR_OK; /* the request will say so itself */
    skr_arena_release(&arena);
    return status;
}

/* `arena` NULL: nobody opens the object. */
static enum skr_status skr_preparation_begin(struct skr_worker *worker, struct skr_arena *arena,
                                             const struct skr_object_name *name, enum skr_intent intent, uint64_t offset,
                                             skr_prepared ready, void *context, struct skr_preparation **out,
                                             struct skr_error *err)
{
    *out = NULL;
    struct skr_bound *bound =
        name->version.is_given ? NULL : skr_bound_find(&worker->core->bindings, worker->reader, name->account, name->container);
    if (bound == NULL)
        return SKR_OK;
    struct skr_preparation *preparation =
        arena == NULL ? malloc(sizeof *preparation) : skr_arena_alloc(arena, sizeof *preparation);
    if (preparation == NULL) {
        skr_bound_release(bound);
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a preparation");
    }
    *preparation = (struct skr_preparation){
        .worker = worker,
        .name = *name,
        .intent = intent,
        .offset = offset,
        .ready = ready,
        .context = context,
        .bound = bound,
        .known_name = skr_known_name(bound, name->key),
        .arena = arena,
    };
    enum skr_status status = skr_preparation_step(preparation, err);
    if (status == SKR_OK)
        skr_preparation_let_go(preparation);
    if (status == SKR_PENDING || (status == SKR_OK && preparation->reader != NULL))
        *out = preparation;
    else
        skr_preparation_cancel(preparation);
    return status;
}

enum skr_status skr_prepare_object(struct skr_worker *worker, const struct skr_object_name *name, enum skr_intent intent,
                                   uint64_t offset, skr_prepared ready, void *context, struct skr_preparation **out,
                                   struct skr_error *err)
{
    return skr_preparation_begin(worker, NULL, name, intent, offset, ready, context, out, err);
}

enum skr_status skr_prepare_open(struct skr_worker *worker, struct skr_arena *arena, const struct skr_object_name *name,
                                 uint64_t offset, skr_prepared ready, void *context, struct skr_preparation **out,
                                 struct skr_error *err)
{
    return skr_preparation_begin(worker, arena, name, SKR_INTENT_READ, offset, ready, context, out, err);
}

enum skr_status skr_open_prepared(struct skr_worker *worker, struct skr_preparation *preparation, struct skr_arena *arena,
                                  const struct skr_object_name *name, const struct skr_conditions *conditions,
                                  struct skr_object *object, struct skr_reader **reader, struct skr_error *err)
{
    if (preparation == NULL || preparation->reader == NULL)
        return skr_open_object(worker, arena, name, conditions, object, reader, err);
    *object = preparation->found;
    enum skr_status status = skr_conditions_check(conditions, true, object->etag, object->modified_ns, true, err);
    if (status == SKR_OK && reader != NULL) {
        *reader = preparation->reader;
        preparation->reader = NULL;
    }
    return status;
}

bool skr_is_absent_upstream(struct skr_worker *worker, const struct skr_object_name *name)
{
    struct skr_bound *bound = skr_bound_find(&worker->core->bindings, worker->reader, name->account, name->container);
    if (bound == NULL)
        return false;
    bool is_absent = skr_known_is_absent(&worker->core->federation->known, skr_known_name(bound, name->key));
    skr_bound_release(bound);
    return is_absent;
}
