/* Why: many readers may want the same bytes of upstream's at once, and upstream is far and costs money. A chunk in flight is
 * found by all of them, whichever thread fetches it; they read its bytes out of memory as they come, while it goes to flash.
 *
 * Invariants: a flight stays listed until its bytes are durable and known to metadata, or it has failed, so that a reader finds
 * a chunk in the list or in the store. Bytes of two states of an object never meet: every request but the first of an unknown
 * object names the ETag. A reader that goes away ends nothing: the flight goes on, and is kept.
 *
 * Locks: the list's, then a flight's.
 */
#include "flights.h"

#include <stdlib.h>

#include "federation.h"
#include "fill.h"
#include "skerry/log.h"

#define SKR_FRUITLESS_ATTEMPTS 4

static const struct skr_upstream_retry skr_flight_retry = {
    .attempts = 4, .first_ms = 100, .most_ms = 2000, .patience_ms = 10000};
static const struct skr_upstream_retry skr_hurried_retry = {
    .attempts = 4, .first_ms = 100, .most_ms = 2000, .patience_ms = 10000, .not_after_timeout = true};

void skr_flights_open(struct skr_flights *flights, uint64_t memory_bytes)
{
    pthread_mutex_init(&flights->lock, NULL);
    flights->most = memory_bytes / SKR_CHUNK_BYTES < 2 ? 2 : (size_t)(memory_bytes / SKR_CHUNK_BYTES);
}

void skr_flights_close(struct skr_flights *flights)
{
    pthread_mutex_destroy(&flights->lock);
}

struct skr_upstream_client *skr_worker_upstreams(struct skr_worker *worker)
{
    struct skr_error error;
    if (worker->upstreams == NULL && skr_upstream_client_open(&worker->upstreams, worker->io, &error) != SKR_OK) {
        worker->upstreams = NULL;
        skr_log(SKR_LOG_ERROR, "federation", "nothing can be fetched: %s", error.message);
    }
    return worker->upstreams;
}

bool skr_cached_has(struct skr_view *view, const struct skr_content *content, uint64_t offset)
{
    struct skr_extent extent;
    struct skr_bytes payload;
    struct skr_error error;
    uint32_t crc32c;
    size_t count;
    if (skr_content_resident(view, content, offset, 1, &extent, 1, &count, &error) == SKR_OK && count > 0)
        return true;
    enum skr_status status = skr_content_cached_payload(view, content, &payload, &crc32c, &error);
    return status == SKR_OK || status == SKR_CORRUPT; /* whoever reads it finds that out */
}

/* ---- the list ---- */

static struct skr_flight **skr_flight_bucket(struct skr_flights *flights, uint64_t content_id, uint64_t chunk)
{
    uint64_t hash = (content_id * UINT64_C(0x9E3779B97F4A7C15)) ^ (chunk * UINT64_C(0xC2B2AE3D27D4EB4F));
    return &flights->buckets[(hash >> 32) % SKR_FLIGHT_BUCKETS];
}

struct skr_flight *skr_flight_ref(struct skr_flight *flight)
{
    atomic_fetch_add_explicit(&flight->references, 1, memory_order_relaxed);
    return flight;
}

/* Under the list's lock. */
static struct skr_flight *skr_flight_look(struct skr_flights *flights, uint64_t content_id, uint64_t chunk)
{
    struct skr_flight *flight = *skr_flight_bucket(flights, content_id, chunk);
    while (flight != NULL && (flight->content_id != content_id || flight->chunk != chunk))
        flight = flight->next;
    return flight == NULL ? NULL : skr_flight_ref(flight);
}

struct skr_flight *skr_flight_find(struct skr_flights *flights, uint64_t content_id, uint64_t chunk)
{
    if (atomic_load_explicit(&flights->count, memory_order_acquire) == 0)
        return NULL;
    pthread_mutex_lock(&flights->lock);
    struct skr_flight *flight = skr_flight_look(flights, content_id, chunk);
    pthread_mutex_unlock(&flights->lock);
    return flight;
}

void skr_flight_leave(struct skr_flight *flight)
{
    if (flight == NULL || atomic_fetch_sub_explicit(&flight->references, 1, memory_order_acq_rel) > 1)
        return;
    struct skr_flights *flights = &flight->worker->core->federation->flights;
    free(flight->buffer);
    free((char *)flight->key.data);
    free((char *)flight->etag.data);
    skr_bound_release(flight->bound);
    pthread_mutex_destroy(&flight->lock);
    free(flight);
    pthread_mutex_lock(&flights->lock);
    atomic_fetch_sub(&flights->count, 1);
    skr_waiters_wake(&flights->room_waiters);
    pthread_mutex_unlock(&flights->lock);
}

void skr_flight_await_room(struct skr_worker *worker, struct skr_waiter *waiter)
{
    struct skr_flights *flights = &worker->core->federation->flights;
    pthread_mutex_lock(&flights->lock);
    waiter->next = flights->room_waiters;
    flights->room_waiters = waiter;
    if (atomic_load(&flights->count) < flights->most) /* meanwhile there is */
        skr_waiters_wake(&flights->room_waiters);
    pthread_mutex_unlock(&flights->lock);
}

/* ---- readers ---- */

size_t skr_flight_copy(struct skr_flight *flight, size_t offset, void *buffer, size_t size, enum skr_flight_state *state,
                       enum skr_upstream_outcome *outcome)
{
    pthread_mutex_lock(&flight->lock);
    size_t filled = flight->filled;
    *state = flight->state;
    *outcome = flight->outcome;
    pthread_mutex_unlock(&flight->lock);
    if (filled <= offset)
        return 0;
    size_t taken = filled - offset < size ? filled - offset : size;
    memcpy(buffer, flight->buffer + offset, taken);
    return taken;
}

bool skr_flight_await(struct skr_flight *flight, size_t offset, struct skr_waiter *waiter)
{
    pthread_mutex_lock(&flight->lock);
    bool waits = flight->filled <= offset && flight->state == SKR_FLIGHT_COMING;
    if (waits) {
        waiter->next = flight->waiters;
        flight->waiters = waiter;
    }
    pthread_mutex_unlock(&flight->lock);
    return waits;
}

bool skr_flight_await_end(struct skr_flight *flight, struct skr_waiter *waiter)
{
    pthread_mutex_lock(&flight->lock);
    bool waits = flight->state == SKR_FLIGHT_COMING || flight->state == SKR_FLIGHT_WHOLE;
    if (waits) {
        waiter->next = flight->end_waiters;
        flight->end_waiters = waiter;
    }
    pthread_mutex_unlock(&flight->lock);
    return waits;
}

/* ---- the end ---- */

void skr_flight_end(struct skr_flight *flight, enum skr_flight_state state)
{
    struct skr_flights *flights = &flight->worker->core->federation->flights;
    pthread_mutex_lock(&flights->lock);
    for (struct skr_flight **link = skr_flight_bucket(flights, flight->content_id, flight->chunk); *link != NULL;
         link = &(*link)->next)
        if (*link == flight) {
            *link = flight->next;
            break;
        }
    pthread_mutex_lock(&flight->lock);
    flight->state = state;
    skr_waiters_wake(&flight->waiters);
    skr_waiters_wake(&flight->end_waiters);
    pthread_mutex_unlock(&flight->lock);
    pthread_mutex_unlock(&flights->lock);
    flight->worker->under_way--;
    skr_flight_leave(flight);
}

void skr_flight_disown(struct skr_flight *flight)
{
    flight->head = NULL;
    flight->answered = NULL;
}

static void skr_flight_answered(struct skr_flight *flight, const struct skr_upstream_result *result)
{
    void (*answered)(void *, const struct skr_upstream_result *) = flight->answered;
    flight->head = NULL;
    flight->answered = NULL;
    if (answered != NULL)
        answered(flight->context, result);
}

static void skr_flight_fail(struct skr_flight *flight, const struct skr_upstream_result *result)
{
    pthread_mutex_lock(&flight->lock);
    flight->outcome = result->outcome;
    pthread_mutex_unlock(&flight->lock);
    skr_flight_answered(flight, result);
    skr_flight_end(flight, SKR_FLIGHT_FAILED);
}

/* ---- fetching ---- */

static void skr_flight_head(struct skr_upstream_call *call, const struct skr_upstream_object *object)
{
    struct skr_flight *flight = (struct skr_flight *)((char *)call - offsetof(struct skr_flight, call));
    if (flight->etag.size == 0 && object->etag.size > 0) {
        char *etag = malloc(object->etag.size);
        if (etag != NULL) {
            memcpy(etag, object->etag.data, object->etag.size);
            flight->etag = (struct skr_bytes){etag, object->etag.size};
        }
    }
    pthread_mutex_lock(&flight->lock);
    if (!flight->has_head) {
        uint64_t begin = flight->chunk * SKR_CHUNK_BYTES, left = object->size_bytes > begin ? object->size_bytes - begin : 0;
        flight->has_head = true;
        flight->size = left < SKR_CHUNK_BYTES ? (size_t)left : SKR_CHUNK_BYTES;
    }
    pthread_mutex_unlock(&flight->lock);
    if (flight->head != NULL) {
        flight->head(flight->context, object);
        flight->head = NULL;
    }
}

static size_t skr_flight_write(struct skr_upstream_call *call, const void *data, size_t size)
{
    struct skr_flight *flight = (struct skr_flight *)((char *)call - offsetof(struct skr_flight, call));
    size_t left = flight->size - flight->filled, taken = size < left ? size : left; /* more than the range: told as PROTOCOL */
    memcpy(flight->buffer + flight->filled, data, taken);
    pthread_mutex_lock(&flight->lock);
    flight->filled += taken;
    skr_waiters_wake(&flight->waiters);
    pthread_mutex_unlock(&flight->lock);
    atomic_fetch_add_explicit(&flight->bound->fetched_bytes, taken, memory_order_relaxed);
    return size;
}

static void skr_flight_done(struct skr_upstream_call *call, const struct skr_upstream_result *result);

static void skr_flight_fetch(struct skr_flight *flight)
{
    uint64_t begin = flight->chunk * SKR_CHUNK_BYTES;
    struct skr_upstream_get get = {
        .key = flight->key,
        .ranged = true,
        .offset_bytes = begin + flight->filled,
        .length_bytes = flight->size - flight->filled,
        .conditions = {.if_match = flight->etag},
        .head = skr_flight_head,
        .write = skr_flight_write,
    };
    flight->call.done = skr_flight_done;
    flight->call.retry = flight->hurries ? &skr_hurried_retry : &skr_flight_retry;
    flight->attempt_filled = flight->filled;
    struct skr_upstream *upstream = flight->hurries ? flight->bound->quick : flight->bound->upstream;
    skr_upstream_get(flight->worker->upstreams, upstream, &flight->call, &get);
}

/* May what broke off in the middle go on from there? */
static bool skr_flight_goes_on(struct skr_flight *flight, const struct skr_upstream_result *result)
{
    bool broken = result->outcome == SKR_UPSTREAM_TRUNCATED || result->outcome == SKR_UPSTREAM_UNAVAILABLE ||
                  result->outcome == SKR_UPSTREAM_TIMEOUT;
    bool begun = flight->filled > 0 || result->outcome == SKR_UPSTREAM_TRUNCATED; /* else the call tried often enough itself */
    flight->fruitless = flight->filled > flight->attempt_filled ? 0 : flight->fruitless + 1;
    return broken && begun && flight->etag.size > 0 && flight->fruitless < SKR_FRUITLESS_ATTEMPTS;
}

static void skr_flight_done(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_flight *flight = (struct skr_flight *)((char *)call - offsetof(struct skr_flight, call));
    struct skr_upstream_result short_one = *result;
    skr_bound_note(flight->bound, result);
    if (result->outcome != SKR_UPSTREAM_OK && skr_flight_goes_on(flight, result)) {
        skr_flight_fetch(flight);
        return;
    }
    if (result->outcome == SKR_UPSTREAM_OK && flight->filled < flight->size)
        short_one.outcome = SKR_UPSTREAM_PROTOCOL; /* the end of the object is not where it was */
    if (short_one.outcome != SKR_UPSTREAM_OK) {
        skr_flight_fail(flight, &short_one);
        return;
    }
    skr_flight_answered(flight, result);
    pthread_mutex_lock(&flight->lock);
    flight->state = SKR_FLIGHT_WHOLE;
    pthread_mutex_unlock(&flight->lock);
    skr_flight_keep(flight);
}

/* ---- beginning ---- */

enum skr_status skr_flight_source(struct skr_worker *worker, const struct skr_origin *origin, struct skr_bound **out,
                                  struct skr_error *err)
{
    *out = skr_bound_of_origin(&worker->core->bindings, origin);
    bool is_attached = *out != NULL && (*out)->upstream != NULL;
    if (is_attached && skr_worker_upstreams(worker) != NULL)
        return SKR_OK;
    skr_bound_release(*out);
    *out = NULL;
    return skr_fail(err, SKR_UPSTREAM_FAILED, "its bytes are not here, and %s",
                    is_attached ? "upstream cannot be asked" : "their container was detached");
}

static struct skr_flight *skr_flight_new(struct skr_worker *worker, const struct skr_flight_plan *plan)
{
    uint64_t begin = plan->chunk * SKR_CHUNK_BYTES;
    uint64_t left = plan->size == UINT64_MAX ? SKR_CHUNK_BYTES : plan->size - begin;
    struct skr_flight *flight = calloc(1, sizeof *flight);
    if (flight == NULL)
        return NULL;
    flight->size = left < SKR_CHUNK_BYTES ? (size_t)left : SKR_CHUNK_BYTES;
    flight->buffer = malloc(flight->size);
    flight->key = (struct skr_bytes){strndup(plan->key.data, plan->key.size), plan->key.size};
    if (plan->etag.size > 0)
        flight->etag = (struct skr_bytes){strndup(plan->etag.data, plan->etag.size), plan->etag.size};
    if (flight->buffer == NULL || flight->key.data == NULL || (plan->etag.size > 0 && flight->etag.data == NULL)) {
        free(flight->buffer);
        free((char *)flight->key.data);
        free((char *)flight->etag.data);
        free(flight);
        return NULL;
    }
    pthread_mutex_init(&flight->lock, NULL);
    atomic_store(&flight->references, 2); /* its own, until it ends, and the caller's */
    flight->content_id = plan->content_id;
    flight->chunk = plan->chunk;
    flight->has_head = plan->size != UINT64_MAX;
    flight->hurries = plan->hurries;
    flight->bound = skr_bound_ref(plan->bound);
    flight->worker = worker;
    flight->head = plan->head;
    flight->answered = plan->answered;
    flight->context = plan->context;
    return flight;
}

/* Between a look into the store and now the flight of this very chunk may have come to its end. */
static bool skr_flight_is_needless(const struct skr_flight *flight, uint64_t size)
{
    struct skr_content content = {.id = flight->content_id, .size_bytes = size, .layout = SKR_CONTENT_CACHED};
    struct skr_error error;
    struct skr_view *view;
    if (size == UINT64_MAX || skr_view_begin(flight->worker->reader, &view, &error) != SKR_OK)
        return false;
    bool is_here = skr_cached_has(view, &content, flight->chunk * SKR_CHUNK_BYTES);
    skr_view_end(view);
    return is_here;
}

struct skr_flight *skr_flight_join(struct skr_worker *worker, const struct skr_flight_plan *plan)
{
    struct skr_flights *flights = &worker->core->federation->flights;
    if (plan->bound->upstream == NULL || skr_worker_upstreams(worker) == NULL)
        return NULL;
    pthread_mutex_lock(&flights->lock);
    struct skr_flight *flight = skr_flight_look(flights, plan->content_id, plan->chunk);
    size_t most = plan->ahead ? flights->most * 3 / 4 : flights->most;
    bool begins = flight == NULL && atomic_load(&flights->count) < most;
    if (begins && (flight = skr_flight_new(worker, plan)) != NULL) {
        struct skr_flight **bucket = skr_flight_bucket(flights, plan->content_id, plan->chunk);
        flight->next = *bucket;
        *bucket = flight;
        atomic_fetch_add(&flights->count, 1);
    }
    pthread_mutex_unlock(&flights->lock);
    if (begins && flight != NULL) {
        worker->under_way++;
        if (skr_flight_is_needless(flight, plan->size)) {
            skr_flight_end(flight, SKR_FLIGHT_KEPT);
            return flight;
        }
        atomic_fetch_add_explicit(&plan->bound->fetches, 1, memory_order_relaxed);
        skr_flight_fetch(flight);
    }
    return flight;
}
