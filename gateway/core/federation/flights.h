/* Chunks of cached contents on their way from upstream: one flight for a chunk, whoever wants it. */
#ifndef SKERRY_CORE_FLIGHTS_H
#define SKERRY_CORE_FLIGHTS_H

#include "waiting.h"

#define SKR_CHUNK_BYTES (UINT64_C(4) << 20) /* of a cached content: what is fetched, kept and evicted at once */
#define SKR_FLIGHT_BUCKETS 256

struct skr_ingest;

enum skr_flight_state {
    SKR_FLIGHT_COMING,
    SKR_FLIGHT_WHOLE,  /* all bytes are in memory, on their way to flash */
    SKR_FLIGHT_KEPT,   /* they are durable and known: read them from the store */
    SKR_FLIGHT_UNKEPT, /* all bytes are in memory, and will not be anywhere else */
    SKR_FLIGHT_FAILED,
};

/* Owned by the thread of its worker, which fetches; readers on any thread look at it under its lock. */
struct skr_flight {
    struct skr_flight *next; /* in its bucket; guarded by the flights' lock, as `listed` */
    bool listed;
    bool hurries; /* immutable */
    _Atomic unsigned references;
    uint64_t content_id, chunk; /* immutable */
    struct skr_bound *bound;    /* immutable */

    pthread_mutex_t lock; /* guards what follows, but for the bytes of `buffer` below `filled`, which do not change */
    enum skr_flight_state state;
    enum skr_upstream_outcome outcome; /* FAILED */
    bool has_head;
    size_t filled, size;                      /* of this chunk; `size` is SKR_CHUNK_BYTES until `has_head` */
    struct skr_waiter *waiters, *end_waiters; /* for bytes; for the end */
    char *buffer;

    /* the worker's thread only */
    struct skr_worker *worker;
    struct skr_upstream_call call;
    struct skr_bytes key, etag; /* malloc'd; the ETag may be empty until the head came */
    size_t attempt_filled;      /* when the last attempt began */
    unsigned fruitless;         /* attempts that brought nothing */
    struct skr_ingest *ingest;
    size_t ingested;
    size_t reserved;        /* of space, for what is to be kept */
    int64_t waits_since_ms; /* for room; 0: it does not */
    /* For whoever began it without knowing the object: called once with its head, or not at all. */
    void (*head)(void *context, const struct skr_upstream_object *object);
    /* Called once after it, or in its place: how the first answer was. */
    void (*answered)(void *context, const struct skr_upstream_result *result);
    void *context;
};

struct skr_flights {
    pthread_mutex_t lock; /* guards what follows */
    struct skr_flight *buckets[SKR_FLIGHT_BUCKETS];
    struct skr_waiter *room_waiters; /* for memory */
    _Atomic size_t count;            /* buffers in memory */
    size_t most;
};

/* In a view: is the byte of a cached content here? */
bool skr_cached_has(struct skr_view *view, const struct skr_content *content, uint64_t offset);

void skr_flights_open(struct skr_flights *flights, uint64_t memory_bytes);
void skr_flights_close(struct skr_flights *flights);

/* Where bytes of a content that are not here come from; with a reference. SKR_UPSTREAM_FAILED: they cannot be had. */
enum skr_status skr_flight_source(struct skr_worker *worker, const struct skr_origin *origin, struct skr_bound **out,
                                  struct skr_error *err);

/* What a flight is to fetch. */
struct skr_flight_plan {
    struct skr_bound *bound;
    uint64_t content_id, chunk;
    uint64_t size; /* of the content; UINT64_MAX: not known yet */
    struct skr_bytes key, etag;
    bool hurries; /* whoever wants it was not answered anything yet: given up soon when upstream does not answer */
    bool ahead;   /* nobody waits for it: only where there is plenty of memory */
    void (*head)(void *context, const struct skr_upstream_object *object);
    void (*answered)(void *context, const struct skr_upstream_result *result);
    void *context;
};
/* That of a chunk of a content which is known. */
static inline struct skr_flight_plan skr_flight_plan_of(struct skr_bound *bound, const struct skr_content *content,
                                                        const struct skr_origin *origin, uint64_t chunk)
{
    return (struct skr_flight_plan){.bound = bound,
                                    .content_id = content->id,
                                    .chunk = chunk,
                                    .size = content->size_bytes,
                                    .key = origin->key,
                                    .etag = origin->etag};
}
/* Joins the flight of that chunk, or begins it; with a reference. NULL: no memory for it now, see skr_flight_await_room(). */
struct skr_flight *skr_flight_join(struct skr_worker *worker, const struct skr_flight_plan *plan);
/* Joins it if there is one. */
struct skr_flight *skr_flight_find(struct skr_flights *flights, uint64_t content_id, uint64_t chunk);
struct skr_flight *skr_flight_ref(struct skr_flight *flight);
void skr_flight_leave(struct skr_flight *flight); /* any thread. NULL-safe */
/* `waiter` is woken when there may be room for another flight. */
void skr_flight_await_room(struct skr_worker *worker, struct skr_waiter *waiter);

/* Bytes from `offset` of the chunk that are there: copied, their count is returned. Else 0, and `state` says why; with COMING
 * or WHOLE the waiter that `wait` makes is in its list. */
size_t skr_flight_copy(struct skr_flight *flight, size_t offset, void *buffer, size_t size, enum skr_flight_state *state,
                       enum skr_upstream_outcome *outcome);
/* Puts `waiter` into the list unless there is something to see by now: bytes behind `offset`, or an end. False: there is. */
bool skr_flight_await(struct skr_flight *flight, size_t offset, struct skr_waiter *waiter);
/* Likewise until it has ended, well or not. False: it has. */
bool skr_flight_await_end(struct skr_flight *flight, struct skr_waiter *waiter);
/* Nobody wants what was begun without knowing the object; its callbacks do not come any more. On the worker's thread. */
void skr_flight_disown(struct skr_flight *flight);

/* The worker's client of upstreams, opened when it is first needed. NULL: it cannot be opened (logged). */
struct skr_upstream_client *skr_worker_upstreams(struct skr_worker *worker);

#endif
