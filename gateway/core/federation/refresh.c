/* Why: metadata holds what upstream said; this asks again. The answer is taken over in one change, which looks again at what is
 * there: what was written here meanwhile, or never came from upstream, is not touched.
 *
 * An object that is not known yet is asked for together with the chunk that its reader wants: one way there and back, not two.
 * Its record is committed as soon as the head is there, while the bytes still come. A reader need not wait for that: to it the
 * answer is offered as it is in memory.
 *
 * Upstream in trouble: what metadata has is served as it is (stale), and for a while nobody waits for the next answer.
 */
#include "refresh.h"

#include <stdlib.h>

#include "account_listing.h"
#include "clock.h"
#include "federation.h"
#include "skerry/log.h"

static const struct skr_upstream_retry skr_refresh_retry = {
    .attempts = 4, .first_ms = 100, .most_ms = 2000, .patience_ms = 10000, .not_after_timeout = true};

void skr_refreshes_open(struct skr_refreshes *refreshes)
{
    pthread_mutex_init(&refreshes->lock, NULL);
}

void skr_refreshes_close(struct skr_refreshes *refreshes)
{
    pthread_mutex_destroy(&refreshes->lock);
}

static struct skr_refreshes *skr_refreshes_of(const struct skr_worker *worker)
{
    return &worker->core->federation->refreshes;
}

void skr_refresh_leave(struct skr_refresh *refresh)
{
    if (refresh == NULL)
        return;
    struct skr_refreshes *refreshes = skr_refreshes_of(refresh->worker);
    pthread_mutex_lock(&refreshes->lock);
    bool last = --refresh->references == 0;
    pthread_mutex_unlock(&refreshes->lock);
    if (!last)
        return;
    skr_bound_release(refresh->bound);
    skr_arena_release(&refresh->arena);
    free(refresh);
}

static void skr_refresh_end(struct skr_refresh *refresh, enum skr_status status)
{
    struct skr_refreshes *refreshes = skr_refreshes_of(refresh->worker);
    refresh->status = status;
    if (refresh->flight != NULL)
        skr_flight_leave(refresh->flight);
    refresh->flight = NULL;
    pthread_mutex_lock(&refreshes->lock);
    for (struct skr_refresh **link = &refreshes->buckets[refresh->name % SKR_REFRESH_BUCKETS]; *link != NULL;
         link = &(*link)->next)
        if (*link == refresh) {
            *link = refresh->next;
            break;
        }
    refresh->is_done = true;
    skr_waiters_wake(&refresh->waiters);
    skr_waiters_wake(&refresh->offer_waiters);
    pthread_mutex_unlock(&refreshes->lock);
    refresh->worker->under_way--;
    skr_refresh_leave(refresh);
}

bool skr_refresh_offers(struct skr_refresh *refresh)
{
    struct skr_refreshes *refreshes = skr_refreshes_of(refresh->worker);
    pthread_mutex_lock(&refreshes->lock);
    bool offers = refresh->offered_ms != 0 && !(refresh->is_done && refresh->status == SKR_OK);
    pthread_mutex_unlock(&refreshes->lock);
    return offers;
}

/* Under the list's lock. */
static void skr_refresh_enlist(struct skr_refresh *refresh, struct skr_waiter *waiter, bool takes_offer)
{
    struct skr_waiter **list = takes_offer ? &refresh->offer_waiters : &refresh->waiters;
    waiter->next = *list;
    *list = waiter;
    if (refresh->is_done || (takes_offer && refresh->offered_ms != 0))
        skr_waiters_wake(list);
}

void skr_refresh_await(struct skr_refresh *refresh, struct skr_waiter *waiter)
{
    struct skr_refreshes *refreshes = skr_refreshes_of(refresh->worker);
    pthread_mutex_lock(&refreshes->lock);
    skr_refresh_enlist(refresh, waiter, false);
    pthread_mutex_unlock(&refreshes->lock);
}

/* ---- taking the answer over ---- */

struct skr_refresh_change {
    struct skr_pending pending;
    struct skr_refresh *refresh;
    uint64_t object_id;
};

struct skr_origin skr_refresh_origin(const struct skr_refresh *refresh)
{
    return (struct skr_origin){.binding = refresh->bound->binding.id,
                               .container = skr_text(refresh->bound->container),
                               .key = refresh->key,
                               .etag = refresh->found->etag};
}

static enum skr_status skr_put_found(struct skr_view *view, struct skr_refresh_change *op, struct skr_container *container,
                                     const struct skr_object *there, bool exists, struct skr_error *err)
{
    struct skr_refresh *refresh = op->refresh;
    const struct skr_upstream_object *found = refresh->found;
    struct skr_object object;
    if (!skr_object_of_upstream(&op->pending.arena, found, &object))
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    object.id = exists ? there->id : op->object_id;
    object.content = (struct skr_content){.layout = SKR_CONTENT_EMPTY};
    struct skr_origin origin = skr_refresh_origin(refresh);
    enum skr_status status = SKR_OK;
    if (found->size_bytes > 0)
        status = skr_content_create_cached(view, refresh->content_id, found->size_bytes, &origin, &object.content, err);
    return status != SKR_OK ? status : skr_object_put(view, container->objects_node, refresh->key, &object, err);
}

/* It is the same, and now all is known of it. */
static enum skr_status skr_complete_found(struct skr_view *view, struct skr_refresh_change *op,
                                          const struct skr_container *container, const struct skr_object *there,
                                          struct skr_error *err)
{
    struct skr_object object;
    if (!skr_object_of_upstream(&op->pending.arena, op->refresh->found, &object))
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    object.id = there->id;
    object.content = there->content;
    return skr_object_update(view, container->objects_node, op->refresh->key, &object, err);
}

/* The container of ours: one that came with a binding of all containers is made when something is found in it. */
static enum skr_status skr_refresh_container(struct skr_view *view, struct skr_refresh_change *op,
                                             struct skr_container *container, struct skr_error *err)
{
    const struct skr_bound *bound = op->refresh->bound;
    struct skr_bytes account = skr_text(bound->account), name = skr_text(bound->container);
    enum skr_status status = skr_container_get(view, &op->pending.arena, account, name, container, err);
    if (status != SKR_CONTAINER_NOT_FOUND || !bound->is_derived || op->refresh->found == NULL ||
        skr_is_being_deleted(&op->pending.worker->core->bindings, account, name))
        return status;
    return !skr_container_of_upstream(&op->pending.arena, bound, skr_view_tick(view), container)
               ? skr_fail(err, SKR_NO_MEMORY, "no memory for a container")
               : skr_container_create(view, account, name, container, err);
}

static enum skr_status skr_apply_refresh(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_refresh_change *op = (struct skr_refresh_change *)change;
    struct skr_refresh *refresh = op->refresh;
    struct skr_container container;
    struct skr_object there = {.id = 0};
    enum skr_status status = skr_refresh_container(view, op, &container, err);
    if (status == SKR_OK)
        status = skr_object_get(view, &op->pending.arena, container.objects_node, refresh->key, &there, err);
    bool exists = status == SKR_OK;
    if (status == SKR_CONTAINER_NOT_FOUND)
        return SKR_OK; /* deleted here meanwhile */
    if (status != SKR_OK && status != SKR_OBJECT_NOT_FOUND)
        return status;
    if (skr_is_ours(view, &container, refresh->key, exists ? &there : NULL))
        return SKR_OK;          /* what is here, or is not, is for upstream to learn */
    if (refresh->found == NULL) /* it is gone there: what is here is what was asked about, or newer */
        return exists && skr_bytes_equal(there.upstream_etag, refresh->etag)
                   ? skr_object_remove(view, container.objects_node, refresh->key, err)
                   : SKR_OK;
    if (exists && skr_bytes_equal(there.upstream_etag, refresh->found->etag) &&
        !skr_is_of_another(view, refresh->bound, &there))
        return there.is_partial ? skr_complete_found(view, op, &container, &there, err) : SKR_OK;
    return skr_put_found(view, op, &container, &there, exists, err);
}

static void skr_refresh_applied(void *context, const struct skr_result *result)
{
    struct skr_refresh *refresh = context;
    if (result->status == SKR_OK)
        skr_known_note(&refresh->worker->core->federation->known, refresh->name, refresh->found != NULL);
    skr_refresh_end(refresh, result->status);
}

/* What came with the bytes can be read before its record is durable. */
static void skr_refresh_offer(struct skr_refresh *refresh)
{
    struct skr_refreshes *refreshes = skr_refreshes_of(refresh->worker);
    pthread_mutex_lock(&refreshes->lock);
    refresh->offered_ms = skr_clock_ms();
    skr_waiters_wake(&refresh->offer_waiters);
    pthread_mutex_unlock(&refreshes->lock);
}

static void skr_refresh_apply(struct skr_refresh *refresh)
{
    struct skr_refresh_change *op =
        skr_pending_new(refresh->worker, sizeof *op, skr_apply_refresh, skr_refresh_applied, refresh);
    if (op == NULL) {
        skr_refresh_end(refresh, SKR_NO_MEMORY);
        return;
    }
    op->refresh = refresh;
    op->pending.change.origin = NULL; /* upstream's change, not the worker's: everybody is told */
    op->object_id = skr_meta_next_id(refresh->worker->core->meta);
    skr_pending_submit(&op->pending); /* before the offer: chunks are noted after the record that they belong to */
    if (refresh->flight != NULL && refresh->found != NULL && refresh->found->size_bytes > 0)
        skr_refresh_offer(refresh);
}

/* ---- the answer ---- */

/* A deep copy: what a call hands out lives until its callback returns. */
static bool skr_refresh_keep(struct skr_refresh *refresh, const struct skr_upstream_object *object)
{
    struct skr_arena *arena = &refresh->arena;
    struct skr_upstream_object *copy = skr_arena_alloc(arena, sizeof *copy);
    if (copy == NULL || object->etag.size == 0 || object->etag.size > SKR_ETAG_SIZE)
        return false;
    *copy = *object;
    copy->key = refresh->key;
    copy->tags = NULL;
    copy->etag = skr_arena_copy(arena, object->etag);
    refresh->found = copy;
    return copy->etag.data != NULL && skr_properties_copy(arena, copy->properties) &&
           skr_metadata_copy(arena, &copy->metadata, copy->metadata_count);
}

static void skr_refresh_tagged(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_refresh *refresh = (struct skr_refresh *)((char *)call - offsetof(struct skr_refresh, call));
    skr_bound_note(refresh->bound, result);
    if (result->outcome == SKR_UPSTREAM_OK && result->object != NULL) {
        refresh->found->tags = result->object->tags;
        refresh->found->tag_count = result->object->tag_count;
        if (!skr_metadata_copy(&refresh->arena, &refresh->found->tags, refresh->found->tag_count))
            refresh->found->tags = NULL;
    }
    skr_refresh_apply(refresh); /* a credential that may not see the tags is no reason to hide the object */
}

/* Upstream has it, and it is not as metadata says. */
static void skr_refresh_found(struct skr_refresh *refresh, const struct skr_upstream_object *object)
{
    if (!skr_refresh_keep(refresh, object)) {
        skr_refresh_end(refresh, SKR_UPSTREAM_FAILED);
        return;
    }
    if (object->tag_count == 0 || object->tags != NULL) {
        skr_refresh_apply(refresh);
        return;
    }
    refresh->call.done = skr_refresh_tagged;
    skr_upstream_get_tags(refresh->worker->upstreams, refresh->bound->upstream, &refresh->call, refresh->key);
}

/* ---- S3 answers HEAD without a body, and so does not say whether the object or its bucket is missing ---- */

static void skr_refresh_ask(struct skr_refresh *refresh);
static void skr_refresh_done(struct skr_upstream_call *call, const struct skr_upstream_result *result);

static void skr_refresh_ignore_head(struct skr_upstream_call *call, const struct skr_upstream_object *object)
{
    (void)call, (void)object;
}

static size_t skr_refresh_ignore(struct skr_upstream_call *call, const void *data, size_t size)
{
    (void)call, (void)data;
    return size;
}

static void skr_refresh_confirmed(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_refresh *refresh = (struct skr_refresh *)((char *)call - offsetof(struct skr_refresh, call));
    if (result->outcome == SKR_UPSTREAM_OK || result->outcome == SKR_UPSTREAM_INVALID_RANGE) /* it is back */
        skr_refresh_ask(refresh);
    else
        skr_refresh_done(call, result);
}

static void skr_refresh_confirm(struct skr_refresh *refresh)
{
    struct skr_upstream_get get = {
        .key = refresh->key, .ranged = true, .length_bytes = 1, .head = skr_refresh_ignore_head, .write = skr_refresh_ignore};
    refresh->is_confirmed = true;
    refresh->call.done = skr_refresh_confirmed;
    skr_upstream_get(refresh->worker->upstreams, refresh->bound->upstream, &refresh->call, &get);
}

/* Upstream cannot say. */
static void skr_refresh_failed(struct skr_refresh *refresh)
{
    atomic_store(&refresh->bound->ill_until_ms, skr_clock_ms() + SKR_ILL_MS);
    if (refresh->has_object)
        atomic_fetch_add(&refresh->bound->stale_answers, 1);
    skr_refresh_end(refresh, refresh->has_object ? SKR_OK : SKR_UPSTREAM_FAILED);
}

static void skr_refresh_done(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_refresh *refresh = (struct skr_refresh *)((char *)call - offsetof(struct skr_refresh, call));
    struct skr_known *known = &refresh->worker->core->federation->known;
    skr_bound_note(refresh->bound, result);
    switch (result->outcome) {
    case SKR_UPSTREAM_OK:
        if (refresh->has_object && skr_bytes_equal(result->object->etag, refresh->etag)) {
            skr_known_note(known, refresh->name, true);
            skr_refresh_end(refresh, SKR_OK);
        } else {
            skr_refresh_found(refresh, result->object);
        }
        return;
    case SKR_UPSTREAM_NOT_MODIFIED:
        skr_known_note(known, refresh->name, true);
        skr_refresh_end(refresh, SKR_OK);
        return;
    case SKR_UPSTREAM_NOT_FOUND:
        if (refresh->has_object && refresh->bound->binding.is_s3 && !refresh->is_confirmed) {
            skr_refresh_confirm(refresh);
            return;
        }
        if (refresh->has_object) {
            skr_refresh_apply(refresh);
            return;
        }
        skr_known_note(known, refresh->name, false);
        skr_refresh_end(refresh, SKR_OK);
        return;
    case SKR_UPSTREAM_CONTAINER_NOT_FOUND: /* whoever took it away may bring it back: what is here stays */
        skr_refresh_end(refresh, SKR_OK);
        return;
    default:
        skr_refresh_failed(refresh);
    }
}

/* ---- the question ---- */

static void skr_refresh_ask(struct skr_refresh *refresh)
{
    struct skr_upstream_conditions conditions = {.if_none_match = refresh->etag};
    refresh->call.done = skr_refresh_done;
    refresh->call.retry =
        refresh->has_object ? NULL : &skr_refresh_retry; /* with something to serve, soon is better than sure */
    skr_upstream_head(refresh->worker->upstreams, refresh->bound->quick, &refresh->call, refresh->key, &conditions);
}

static void skr_refresh_flight_head(void *context, const struct skr_upstream_object *object)
{
    struct skr_refresh *refresh = context;
    skr_flight_disown(refresh->flight); /* the bytes are their readers' business */
    skr_refresh_found(refresh, object);
}

static void skr_refresh_flight_answered(void *context, const struct skr_upstream_result *result)
{
    struct skr_refresh *refresh = context;
    if (result->outcome == SKR_UPSTREAM_INVALID_RANGE) /* an empty object has no range */
        skr_refresh_ask(refresh);
    else
        skr_refresh_done(&refresh->call, result);
}

/* Asks for the first bytes at once. False: not now. */
static bool skr_refresh_fly(struct skr_refresh *refresh, uint64_t offset)
{
    struct skr_flight_plan plan = {
        .bound = refresh->bound,
        .content_id = refresh->content_id,
        .chunk = offset / SKR_CHUNK_BYTES,
        .size = UINT64_MAX,
        .key = refresh->key,
        .hurries = true,
        .head = skr_refresh_flight_head,
        .answered = skr_refresh_flight_answered,
        .context = refresh,
    };
    refresh->flight = skr_flight_join(refresh->worker, &plan);
    return refresh->flight != NULL;
}

static struct skr_refresh *skr_refresh_new(struct skr_worker *worker, const struct skr_refresh_question *question)
{
    struct skr_refresh *refresh = aligned_alloc(16, (sizeof *refresh + 15) & ~(size_t)15);
    if (refresh == NULL)
        return NULL;
    memset(refresh, 0, offsetof(struct skr_refresh, memory));
    skr_arena_seed(&refresh->arena, refresh->memory, sizeof refresh->memory);
    refresh->key = skr_arena_copy(&refresh->arena, question->key);
    refresh->etag = skr_arena_copy(&refresh->arena, question->etag);
    if (refresh->key.data == NULL || refresh->etag.data == NULL) {
        skr_arena_release(&refresh->arena);
        free(refresh);
        return NULL;
    }
    refresh->references = 2; /* its own, until it ends, and the caller's */
    refresh->name = question->name;
    refresh->has_object = question->has_object;
    refresh->bound = skr_bound_ref(question->bound);
    refresh->worker = worker;
    refresh->content_id = skr_meta_next_id(worker->core->meta);
    return refresh;
}

/* Between a look into metadata, which had nothing, and now another one may have come to its end. */
static bool skr_refresh_is_needless(struct skr_refresh *refresh)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_container container;
    struct skr_object object;
    struct skr_error error;
    struct skr_view *view;
    if (refresh->has_object || skr_view_begin(refresh->worker->reader, &view, &error) != SKR_OK)
        return false;
    bool is_there = skr_container_get(view, &arena, skr_text(refresh->bound->account), skr_text(refresh->bound->container),
                                      &container, &error) == SKR_OK &&
                    skr_object_get(view, &arena, container.objects_node, refresh->key, &object, &error) == SKR_OK;
    skr_view_end(view);
    skr_arena_release(&arena);
    return is_there;
}

struct skr_refresh *skr_refresh_join(struct skr_worker *worker, const struct skr_refresh_question *question,
                                     struct skr_waiter *waiter, bool *is_late)
{
    struct skr_refreshes *refreshes = skr_refreshes_of(worker);
    int64_t ttl_ms = (int64_t)question->bound->binding.ttl_ms;
    *is_late = false;
    struct skr_refresh **bucket = &refreshes->buckets[question->name % SKR_REFRESH_BUCKETS];
    bool asks = false;
    if (question->bound->upstream == NULL || skr_worker_upstreams(worker) == NULL)
        return NULL;
    pthread_mutex_lock(&refreshes->lock);
    struct skr_refresh *refresh = *bucket;
    while (refresh != NULL && (refresh->name != question->name || !skr_bytes_equal(refresh->key, question->key) ||
                               refresh->bound->binding.id != question->bound->binding.id))
        refresh = refresh->next;
    if (refresh != NULL) {
        refresh->references++;
        *is_late = refresh->offered_ms != 0 && skr_clock_ms() - refresh->offered_ms >= ttl_ms;
    } else if ((refresh = skr_refresh_new(worker, question)) != NULL) {
        refresh->next = *bucket;
        *bucket = refresh;
        asks = true;
    }
    if (refresh != NULL)
        skr_refresh_enlist(refresh, waiter, question->takes_offer && !*is_late);
    pthread_mutex_unlock(&refreshes->lock);
    if (!asks)
        return refresh;
    worker->under_way++;
    if (skr_refresh_is_needless(refresh)) {
        skr_refresh_end(refresh, SKR_OK);
        return refresh;
    }
    atomic_fetch_add_explicit(&question->bound->refreshes, 1, memory_order_relaxed);
    if (!question->with_bytes || question->has_object || !skr_refresh_fly(refresh, question->offset))
        skr_refresh_ask(refresh);
    return refresh;
}
