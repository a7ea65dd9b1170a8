/* Taking bytes away that upstream has, too: a bounded number in one change. */
#ifndef SKERRY_CORE_EVICT_H
#define SKERRY_CORE_EVICT_H

#include "space.h"

#define SKR_EVICT_BATCH 64

enum skr_evict_outcome {
    SKR_EVICT_DONE,
    SKR_EVICT_GONE, /* it is not here, or cannot be had again: it is none of the cache's */
    SKR_EVICT_BUSY, /* somebody reads it */
    SKR_EVICT_HELD, /* it must stay: pinned, or upstream does not have it as it is here */
};

struct skr_evict_item {
    struct skr_policy_key key;
    uint64_t size_bytes;
    const struct skr_space_lane *lane; /* whose names live as long as space */
    uint64_t new_content_id;           /* for an ordinary content: of what takes its place */
    enum skr_evict_outcome outcome;
    uint64_t freed_bytes;
};

struct skr_evict_batch {
    struct skr_change change; /* first */
    struct skr_core *core;
    struct skr_evict_item items[SKR_EVICT_BATCH];
    size_t count;
};

/* Waits for the change. Not SKR_OK: nothing was taken away. */
enum skr_status skr_evict_apply(struct skr_core *core, struct skr_evict_batch *batch, struct skr_error *err);

#endif
