/* Why: who lists the containers of an account that is bound as a whole wants to see upstream's, too. They become known here, a
 * page of upstream's in one change, so that everything that lists, pins or fetches goes by metadata as with any other
 * container, also after a restart and while upstream is away.
 *
 * What came this way, has gone upstream and holds nothing here goes here, too. What still holds something stays and is listed:
 * whoever took it away may bring it back. What was made here before the binding, or after the round began, is left alone.
 */
#include "account_listing.h"

#include <stdlib.h>
#include <time.h>

#include "clock.h"
#include "federation.h"
#include "skerry/log.h"

#define SKR_MOST_CONTAINERS 100000 /* behind one account: the rest shows when it is used */

static const struct skr_upstream_retry skr_account_retry = {
    .attempts = 3, .first_ms = 100, .most_ms = 1000, .patience_ms = 5000, .not_after_timeout = true};

void skr_account_rounds_open(struct skr_account_rounds *rounds)
{
    pthread_mutex_init(&rounds->lock, NULL);
}

void skr_account_rounds_close(struct skr_account_rounds *rounds)
{
    pthread_mutex_destroy(&rounds->lock);
}

bool skr_container_of_upstream(struct skr_arena *arena, const struct skr_bound *bound, int64_t tick_ns,
                               struct skr_container *out)
{
    char id[24];
    snprintf(id, sizeof id, "%llu", (unsigned long long)bound->binding.id);
    *out = (struct skr_container){.created_ns = tick_ns, .modified_ns = tick_ns, .etag = skr_etag_of_tick(arena, tick_ns)};
    out->documents[SKR_DOCUMENT_UPSTREAM] = skr_arena_copy(arena, skr_text(id));
    return out->etag.data != NULL && out->documents[SKR_DOCUMENT_UPSTREAM].data != NULL;
}

bool skr_container_came_through(const struct skr_container *container, uint64_t binding)
{
    char id[24];
    snprintf(id, sizeof id, "%llu", (unsigned long long)binding);
    return skr_bytes_equal(container->documents[SKR_DOCUMENT_UPSTREAM], skr_text(id));
}

/* ---- one for all ---- */

static void skr_account_leave(struct skr_account_round *round)
{
    struct skr_account_rounds *rounds = &round->worker->core->federation->rounds;
    pthread_mutex_lock(&rounds->lock);
    bool last = --round->references == 0;
    pthread_mutex_unlock(&rounds->lock);
    if (!last)
        return;
    skr_bound_release(round->bound);
    skr_arena_release(&round->arena);
    free(round);
}

static void skr_account_end(struct skr_account_round *round, enum skr_status status)
{
    struct skr_account_rounds *rounds = &round->worker->core->federation->rounds;
    if (status == SKR_OK)
        atomic_store(&round->bound->listed_ms, skr_clock_ms());
    round->status = status;
    pthread_mutex_lock(&rounds->lock);
    for (struct skr_account_round **link = &rounds->first; *link != NULL; link = &(*link)->next)
        if (*link == round) {
            *link = round->next;
            break;
        }
    round->is_done = true;
    skr_waiters_wake(&round->waiters);
    pthread_mutex_unlock(&rounds->lock);
    round->worker->under_way--;
    skr_account_leave(round);
}

/* ---- taking a page over ---- */

struct skr_account_change {
    struct skr_pending pending;
    struct skr_account_round *round;
};

/* A container that is here, inside of the page. */
struct skr_account_gathered {
    struct skr_account_round *round;
    struct skr_view *view;
    struct skr_arena *arena;
    struct skr_bytes end; /* the last name of the page; empty: it reaches to the end of all */
    struct skr_bytes *gone;
    size_t next, gone_count, gone_capacity, new_count;
    bool *is_here; /* of each name of the page */
    bool no_memory;
};

static bool skr_account_is_gone(struct skr_account_gathered *gathered, struct skr_bytes name,
                                const struct skr_container *container)
{
    const struct skr_account_round *round = gathered->round;
    struct skr_binding binding;
    bool is_unused = false;
    return skr_container_came_through(container, round->bound->binding.id) && container->created_ns < round->began_ns &&
           skr_binding_get(gathered->view, skr_text(round->bound->account), name, &binding, NULL) == SKR_NOT_FOUND &&
           skr_container_is_unused(gathered->view, container, &is_unused, NULL) == SKR_OK && is_unused;
}

static bool skr_account_compare(void *context, struct skr_bytes name, const struct skr_container *container)
{
    struct skr_account_gathered *gathered = context;
    const struct skr_account_round *round = gathered->round;
    if (gathered->end.size > 0 && skr_bytes_compare(name, gathered->end) > 0)
        return false;
    while (gathered->next < round->count && skr_bytes_compare(round->names[gathered->next].name, name) < 0)
        gathered->next++;
    if (gathered->next < round->count && skr_bytes_equal(round->names[gathered->next].name, name)) {
        gathered->is_here[gathered->next] = true;
        return true;
    }
    if (!skr_account_is_gone(gathered, name, container))
        return true;
    if (gathered->gone_count == gathered->gone_capacity) {
        size_t capacity = gathered->gone_capacity == 0 ? 16 : gathered->gone_capacity * 2;
        struct skr_bytes *grown = skr_arena_alloc(gathered->arena, capacity * sizeof *grown);
        if (grown == NULL) {
            gathered->no_memory = true;
            return false;
        }
        if (gathered->gone_count > 0)
            memcpy(grown, gathered->gone, gathered->gone_count * sizeof *grown);
        gathered->gone = grown;
        gathered->gone_capacity = capacity;
    }
    struct skr_bytes copy = skr_arena_copy(gathered->arena, name);
    gathered->no_memory = copy.data == NULL;
    if (!gathered->no_memory)
        gathered->gone[gathered->gone_count++] = copy;
    return !gathered->no_memory;
}

/* What differs between the page and what is here. */
static enum skr_status skr_account_gather(struct skr_view *view, struct skr_arena *arena, struct skr_account_round *round,
                                          struct skr_account_gathered *out, struct skr_error *err)
{
    char from[sizeof round->last + 1];
    size_t size = strlen(round->last);
    memcpy(from, round->last, size);
    from[size] = '\0'; /* behind the last name: none holds a zero byte */
    *out = (struct skr_account_gathered){.round = round, .view = view, .arena = arena};
    if (round->marker.size > 0 && round->count > 0)
        out->end = round->names[round->count - 1].name;
    out->is_here = skr_arena_alloc_zero(arena, round->count + 1);
    if (out->is_here == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for names of containers");
    enum skr_status status =
        skr_container_list(view, arena, skr_text(round->bound->account), SKR_BYTES(""),
                           (struct skr_bytes){from, size == 0 ? 0 : size + 1}, skr_account_compare, out, err);
    if (status == SKR_OK && out->no_memory)
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for names of containers");
    for (size_t i = 0; i < round->count; i++)
        out->new_count += !out->is_here[i];
    return status;
}

static enum skr_status skr_apply_account(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_account_change *op = (struct skr_account_change *)change;
    struct skr_account_round *round = op->round;
    struct skr_bytes account = skr_text(round->bound->account);
    struct skr_account_gathered gathered;
    struct skr_binding binding;
    enum skr_status status = skr_binding_get(view, account, SKR_BYTES(SKR_ALL_CONTAINERS), &binding, err);
    if (status == SKR_NOT_FOUND || (status == SKR_OK && binding.id != round->bound->binding.id))
        return SKR_OK; /* detached meanwhile */
    if (status == SKR_OK)
        status = skr_account_gather(view, &op->pending.arena, round, &gathered, err);
    for (size_t i = 0; status == SKR_OK && i < round->count; i++) {
        const struct skr_account_name *name = &round->names[i];
        struct skr_container container;
        if (gathered.is_here[i] || skr_is_being_deleted(&op->pending.worker->core->bindings, account, name->name))
            continue;
        if (!skr_container_of_upstream(&op->pending.arena, round->bound, skr_view_tick(view), &container))
            return skr_fail(err, SKR_NO_MEMORY, "no memory for a container");
        if (name->modified_ns > 0)
            container.modified_ns = name->modified_ns;
        status = skr_container_create(view, account, name->name, &container, err);
    }
    for (size_t i = 0; status == SKR_OK && i < gathered.gone_count; i++)
        status = skr_container_remove(view, account, gathered.gone[i], err);
    return status;
}

static void skr_account_ask(struct skr_account_round *round);

static void skr_account_go_on(struct skr_account_round *round)
{
    if (round->count > 0) {
        struct skr_bytes last = round->names[round->count - 1].name;
        snprintf(round->last, sizeof round->last, "%.*s", SKR_PRINT(last));
    }
    round->known += round->count;
    if (round->marker.size == 0 || round->known >= SKR_MOST_CONTAINERS)
        skr_account_end(round, SKR_OK);
    else
        skr_account_ask(round);
}

static void skr_account_applied(void *context, const struct skr_result *result)
{
    struct skr_account_round *round = context;
    if (result->status == SKR_OK)
        skr_account_go_on(round);
    else
        skr_account_end(round, result->status);
}

/* Most rounds find nothing new, and cost no commit. */
static void skr_account_take_over(struct skr_account_round *round)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_account_gathered gathered;
    struct skr_error error;
    struct skr_view *view;
    enum skr_status status = skr_view_begin(round->worker->reader, &view, &error);
    if (status == SKR_OK) {
        status = skr_account_gather(view, &arena, round, &gathered, &error);
        skr_view_end(view);
    }
    bool is_same = status == SKR_OK && gathered.new_count == 0 && gathered.gone_count == 0;
    skr_arena_release(&arena);
    if (status != SKR_OK) {
        skr_account_end(round, status);
        return;
    }
    if (is_same) {
        skr_account_go_on(round);
        return;
    }
    struct skr_account_change *op = skr_pending_new(round->worker, sizeof *op, skr_apply_account, skr_account_applied, round);
    if (op == NULL) {
        skr_account_end(round, SKR_NO_MEMORY);
        return;
    }
    op->round = round;
    skr_pending_submit(&op->pending);
}

/* ---- asking ---- */

/* Names that no container of ours could have are left out. */
static bool skr_account_keep(struct skr_account_round *round, const struct skr_upstream_result *result)
{
    struct skr_arena *arena = &round->arena;
    struct skr_bytes marker = result->next_marker;
    skr_arena_release(arena); /* the page before; the marker lies with the answer */
    round->count = 0;
    round->names = skr_arena_alloc(arena, (result->entry_count + 1) * sizeof *round->names);
    round->marker = skr_arena_copy(arena, marker);
    if (round->names == NULL || (round->marker.data == NULL && marker.size > 0))
        return false;
    for (size_t i = 0; i < result->entry_count; i++) {
        const struct skr_upstream_object *entry = &result->entries[i];
        if (entry->key.size > SKR_ACCOUNT_NAME_BYTES || memchr(entry->key.data, '\0', entry->key.size) != NULL ||
            skr_bytes_equal(entry->key, SKR_BYTES(SKR_ALL_CONTAINERS)))
            continue;
        struct skr_account_name *name = &round->names[round->count++];
        *name = (struct skr_account_name){skr_arena_copy(arena, entry->key), entry->modified_ns};
        if (name->name.data == NULL)
            return false;
    }
    return true;
}

static void skr_account_answered(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_account_round *round = (struct skr_account_round *)((char *)call - offsetof(struct skr_account_round, call));
    /* A credential that is of some containers only is no trouble. Without a token nothing was asked. */
    if (result->outcome == SKR_UPSTREAM_FORBIDDEN && result->http_status == 403) {
        skr_log(SKR_LOG_DEBUG, "federation", "the containers behind %s/* may not be listed: %s", round->bound->account,
                result->message);
        skr_account_end(round, SKR_OK);
        return;
    }
    skr_bound_note(round->bound, result);
    if (result->outcome != SKR_UPSTREAM_OK) {
        atomic_store(&round->bound->ill_until_ms, skr_clock_ms() + SKR_ILL_MS);
        skr_account_end(round, SKR_UPSTREAM_FAILED);
    } else if (skr_account_keep(round, result)) {
        skr_account_take_over(round);
    } else {
        skr_account_end(round, SKR_NO_MEMORY);
    }
}

static void skr_account_ask(struct skr_account_round *round)
{
    bool can_wait = atomic_load(&round->bound->listed_ms) == 0;
    round->call.done = skr_account_answered;
    round->call.retry = can_wait ? &skr_account_retry : NULL; /* with something to show, soon is better than sure */
    skr_upstream_list_containers(round->worker->upstreams, round->bound->all, &round->call, round->marker);
}

/* ---- who wants to know ---- */

struct skr_account_listing {
    struct skr_worker *worker;
    struct skr_account_round *round;
    struct skr_waiter *waiter;
    skr_prepared ready;
    void *context;
};

void skr_account_listing_cancel(struct skr_account_listing *listing)
{
    if (listing == NULL)
        return;
    skr_waiter_forget(listing->waiter);
    skr_account_leave(listing->round);
    free(listing);
}

static bool skr_account_is_first(void *context, struct skr_bytes name, const struct skr_container *container)
{
    bool *found = context;
    (void)name;
    *found = container->documents[SKR_DOCUMENT_UPSTREAM].data != NULL;
    return !*found;
}

/* Upstream does not say. What was known of it before is shown; where that is nothing, an empty listing would be a lie. */
static enum skr_status skr_account_stale(struct skr_worker *worker, struct skr_bound *bound, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    bool is_known = atomic_load(&bound->listed_ms) != 0;
    if (!is_known)
        skr_list_containers(worker, &arena, skr_text(bound->account), SKR_BYTES(""), SKR_BYTES(""), skr_account_is_first,
                            &is_known, err);
    skr_arena_release(&arena);
    if (!is_known)
        return skr_fail(err, SKR_UPSTREAM_FAILED, "upstream does not say which containers it has");
    atomic_fetch_add(&bound->stale_answers, 1);
    return SKR_OK;
}

static void skr_account_woken(void *context)
{
    struct skr_account_listing *listing = context;
    struct skr_error error;
    listing->waiter = NULL;
    enum skr_status status = listing->round->status;
    if (status == SKR_UPSTREAM_FAILED)
        status = skr_account_stale(listing->worker, listing->round->bound, &error);
    skr_prepared ready = listing->ready;
    context = listing->context;
    skr_account_listing_cancel(listing);
    ready(context, status);
}

/* Joins the round that is under way, or begins one. NULL: no memory. */
static struct skr_account_round *skr_account_join(struct skr_worker *worker, struct skr_bound *bound, struct skr_waiter *waiter)
{
    struct skr_account_rounds *rounds = &worker->core->federation->rounds;
    struct timespec now;
    bool begins = false;
    pthread_mutex_lock(&rounds->lock);
    struct skr_account_round *round = rounds->first;
    while (round != NULL && round->bound != bound)
        round = round->next;
    if (round == NULL && (round = calloc(1, sizeof *round)) != NULL) {
        clock_gettime(CLOCK_REALTIME, &now);
        round->bound = skr_bound_ref(bound);
        round->worker = worker;
        round->references = 1; /* its own, until it ends */
        round->marker = SKR_BYTES("");
        round->began_ns = (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
        round->next = rounds->first;
        rounds->first = round;
        begins = true;
    }
    if (round != NULL) {
        round->references++;
        waiter->next = round->waiters;
        round->waiters = waiter;
    }
    pthread_mutex_unlock(&rounds->lock);
    if (begins) {
        worker->under_way++;
        atomic_fetch_add_explicit(&bound->refreshes, 1, memory_order_relaxed);
        skr_account_ask(round);
    }
    return round;
}

static bool skr_account_is_fresh(const struct skr_bound *bound)
{
    int64_t listed_ms = atomic_load(&bound->listed_ms);
    return listed_ms != 0 && skr_clock_ms() - listed_ms < (int64_t)bound->binding.ttl_ms;
}

static enum skr_status skr_account_begin(struct skr_worker *worker, struct skr_bound *bound, skr_prepared ready, void *context,
                                         struct skr_account_listing **out, struct skr_error *err)
{
    if (bound->all == NULL || skr_account_is_fresh(bound))
        return SKR_OK;
    if (skr_worker_upstreams(worker) == NULL || skr_bound_is_away(bound) || skr_clock_ms() < atomic_load(&bound->ill_until_ms))
        return skr_account_stale(worker, bound, err);
    struct skr_account_listing *listing = calloc(1, sizeof *listing);
    struct skr_waiter *waiter = listing == NULL ? NULL : skr_waiter_new(worker, skr_account_woken, listing);
    struct skr_account_round *round = waiter == NULL ? NULL : skr_account_join(worker, bound, waiter);
    if (round == NULL) {
        if (waiter != NULL)
            skr_waiter_drop(waiter);
        free(listing);
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a listing of containers");
    }
    *listing = (struct skr_account_listing){worker, round, waiter, ready, context};
    *out = listing;
    return SKR_PENDING;
}

enum skr_status skr_prepare_containers(struct skr_worker *worker, struct skr_bytes account, skr_prepared ready, void *context,
                                       struct skr_account_listing **out, struct skr_error *err)
{
    struct skr_bound *bound = skr_bound_find_all(&worker->core->bindings, account);
    *out = NULL;
    if (bound == NULL)
        return SKR_OK;
    enum skr_status status = skr_account_begin(worker, bound, ready, context, out, err);
    skr_bound_release(bound);
    return status;
}
