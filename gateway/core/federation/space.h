/* How much is here of what upstreams have, too, how much may be, and making room. Shared by all threads. */
#ifndef SKERRY_CORE_SPACE_H
#define SKERRY_CORE_SPACE_H

#include "accesses.h"
#include "background.h"
#include "operator_pins.h"
#include "waiting.h"

struct skr_survey;

/* One bound container, as long as the server runs. */
struct skr_space_lane {
    uint64_t binding;
    char *account, *container; /* immutable */
    uint64_t capacity_bytes;   /* 0: no limit of its own */
    uint64_t reserved_bytes;   /* on their way to flash */
    uint64_t wanted_bytes;     /* the most that did not find room since the last look */
    uint64_t evicted_bytes, evicted;
    bool is_gone; /* detached */
};

struct skr_space {
    struct skr_background background; /* first */
    bool has_background;
    struct skr_core *core;
    struct skr_operator_pins pins; /* guards itself */

    pthread_mutex_t lock; /* guards what follows; before the background's */
    struct skr_policy policy;
    struct skr_space_lane **lanes; /* as many as the policy has */
    uint32_t lane_count;
    uint64_t reserved_bytes, wanted_bytes;
    struct skr_waiter *waiters; /* for room */
    struct skr_accesses *accesses;
    uint64_t hit_bytes, miss_bytes; /* of workers that were closed */
    uint64_t evicted_bytes, evicted;
    struct skr_survey *surveys, **last_survey;

    _Atomic bool is_counted;   /* all that was here at the start is in the account */
    _Atomic bool is_exhausted; /* room is needed, and nothing may be evicted */

    /* the thread only */
    bool is_walking;
    uint64_t walked;          /* contents up to this id are in the account */
    uint64_t collected_round; /* of the collector's: the disk is looked at again after it */
    int64_t collected_by_ms;  /* or after this time */
    int64_t released_ms, reviewed_ms, woke_ms;
};

enum skr_status skr_space_open(struct skr_space **out, struct skr_core *core, struct skr_error *err);
/* The thread, once the collector runs, and until before it ends. */
enum skr_status skr_space_start(struct skr_space *space, struct skr_error *err);
void skr_space_stop(struct skr_space *space);  /* NULL-safe. All workers are closed */
void skr_space_close(struct skr_space *space); /* NULL-safe */

/* A worker begins and ends. False: no memory. */
bool skr_space_join(struct skr_worker *worker);
void skr_space_part(struct skr_worker *worker);

/* May so many bytes of a container of upstream's be kept? True: they are reserved until skr_space_settle(). False: not now, see
 * skr_space_await(). */
bool skr_space_admit(struct skr_core *core, struct skr_bound *bound, uint64_t bytes);
/* `waiter` is woken when it is worth asking again: soon, whatever happens. */
void skr_space_await(struct skr_core *core, struct skr_waiter *waiter);
/* There is no use in waiting. */
bool skr_space_is_exhausted(const struct skr_core *core);
/* What was reserved is here now, or will not be. */
void skr_space_settle(struct skr_core *core, struct skr_bound *bound, uint64_t content_id, uint64_t chunk, uint64_t bytes,
                      bool is_kept);
/* An ordinary content is upstream now, too (skr_content_uploaded() was committed): it may be evicted. */
void skr_space_uploaded(struct skr_core *core, struct skr_bound *bound, uint64_t content_id, uint64_t bytes);
/* A chunk went for another reason. */
void skr_space_forget(struct skr_core *core, uint64_t content_id, uint64_t chunk);
/* A content went as a whole. */
void skr_space_forget_content(struct skr_core *core, uint64_t content_id, uint64_t size_bytes);
/* Pins were changed: what was held for them is looked at again. */
void skr_space_release(struct skr_core *core);

/* ---- inside ---- */

uint32_t skr_space_now(void); /* ticks of the policy */
/* The lane of a container, made when it is not there. UINT32_MAX: no memory. Under the lock. */
uint32_t skr_space_lane_of(struct skr_space *space, uint64_t binding, struct skr_bytes account, struct skr_bytes container,
                           uint64_t capacity_bytes);
uint32_t skr_space_lane(struct skr_space *space, struct skr_bound *bound);
struct skr_evict_batch;
/* Takes over what became of a batch; `status` is that of its change. */
void skr_space_note_evicted(struct skr_space *space, const struct skr_evict_batch *batch, enum skr_status status);
/* The walk at the start: a bounded step. False: it has come to its end (space_walk.c). */
bool skr_space_walk(struct skr_space *space);

#endif
