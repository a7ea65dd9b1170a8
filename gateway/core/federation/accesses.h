/* What a worker read of bytes that upstream has, too: told to the thread that keeps account, at the cost of two stores. */
#ifndef SKERRY_CORE_ACCESSES_H
#define SKERRY_CORE_ACCESSES_H

#include <stdatomic.h>

#include "policy.h"

#define SKR_ACCESSES 1024 /* between two looks; what is more is not told */

/* The worker writes, the thread of space reads. */
struct skr_accesses {
    struct skr_accesses *next; /* guarded by the lock of space */
    _Atomic uint32_t written, taken;
    struct skr_policy_key keys[SKR_ACCESSES];
    _Atomic uint64_t hit_bytes, miss_bytes; /* served out of the store, and out of flights */
};

static inline void skr_accesses_note(struct skr_accesses *accesses, uint64_t content_id, uint64_t chunk)
{
    uint32_t written = atomic_load_explicit(&accesses->written, memory_order_relaxed);
    uint32_t waiting = written - atomic_load_explicit(&accesses->taken, memory_order_acquire);
    struct skr_policy_key *last = &accesses->keys[(written - 1) % SKR_ACCESSES];
    if (waiting >= SKR_ACCESSES || (waiting > 0 && last->content_id == content_id && last->chunk == chunk))
        return;
    accesses->keys[written % SKR_ACCESSES] = (struct skr_policy_key){content_id, (uint32_t)chunk};
    atomic_store_explicit(&accesses->written, written + 1, memory_order_release);
}

static inline void skr_accesses_count(_Atomic uint64_t *sum, uint64_t bytes)
{
    atomic_store_explicit(sum, atomic_load_explicit(sum, memory_order_relaxed) + bytes, memory_order_relaxed);
}

#endif
