/* Which of the bytes that upstream has, too, go first when room is needed. Pure: no clock, no thread, no lock of its own. */
#ifndef SKERRY_CORE_POLICY_H
#define SKERRY_CORE_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SKR_POLICY_ANY UINT32_MAX
#define SKR_POLICY_MOST_LANES 65535
#define SKR_POLICY_TICK_MS 100 /* what `now` counts */
#define SKR_POLICY_MOST_ITEMS (8u << 20)

/* Values are in a field of two bits. */
enum skr_policy_queue {
    SKR_QUEUE_NONE = 0,
    SKR_QUEUE_NEW = 1,  /* came once: where a scan stays */
    SKR_QUEUE_MAIN = 2, /* came back */
    SKR_QUEUE_HELD = 3, /* may not go: pinned, or needed by what upstream does not have yet */
};

/* A chunk of a large content, or the whole of another one. */
struct skr_policy_key {
    uint64_t content_id;
    uint32_t chunk;
};

struct skr_policy_item {
    uint64_t content_id;
    uint64_t size_bytes : 48;
    uint64_t lane : 16;
    uint32_t chunk;
    uint32_t chain;          /* in its bucket; indices are 1 and up, 0 is none */
    uint32_t newer, older;   /* in its queue */
    uint32_t touched : 27;   /* ticks */
    uint32_t came_again : 1; /* while it was picked */
    uint32_t uses : 2;
    uint32_t queue : 2;
};

struct skr_policy_list {
    uint32_t newest, oldest;
    uint64_t bytes, count;
};

/* What is of one container. */
struct skr_policy_lane {
    struct skr_policy_list lists[4]; /* by enum skr_policy_queue; NONE is not used */
    uint64_t bytes, count;           /* picked ones too */
};

/* Zero it before the first use. */
struct skr_policy {
    struct skr_policy_item *items; /* [0] is not used */
    uint32_t capacity, used, first_free;
    uint32_t *buckets;
    uint32_t bucket_mask;
    struct skr_policy_lane *lanes;
    uint32_t lane_count;
    struct skr_policy_ghost {
        uint32_t mark, when;
    } * ghosts;
    uint32_t evictions; /* counts them: how old a ghost is */
    uint64_t bytes, count;
    uint64_t new_bytes, main_bytes, held_bytes;
    uint64_t untracked; /* items that were not taken for lack of memory */
};

void skr_policy_free(struct skr_policy *policy);
/* Makes the lanes 0 to `count` - 1. False: no memory. */
bool skr_policy_lanes(struct skr_policy *policy, uint32_t count);
/* It is here now. What is there already stays as it is: false, as when there is no memory. `settled`: not new, it has been here
 * for long. */
bool skr_policy_add(struct skr_policy *policy, const struct skr_policy_key *key, uint64_t size_bytes, uint32_t lane,
                    bool settled, uint32_t now);
/* It was read. Unknown ones are none of ours. */
void skr_policy_touch(struct skr_policy *policy, const struct skr_policy_key *key, uint32_t now);
/* It is gone, for whatever reason but eviction. Its size; 0: it was not known. */
uint64_t skr_policy_forget(struct skr_policy *policy, const struct skr_policy_key *key);

/* The next one to go, of a lane or of any: taken out of its queue until one of the three below settles it. False: there is none
 * but held ones. */
bool skr_policy_pick(struct skr_policy *policy, uint32_t lane, struct skr_policy_item *out);
void skr_policy_evicted(struct skr_policy *policy, const struct skr_policy_key *key);
void skr_policy_spare(struct skr_policy *policy, const struct skr_policy_key *key, uint32_t now); /* in use just now */
void skr_policy_hold(struct skr_policy *policy, const struct skr_policy_key *key);
/* All that is held is looked at again. */
void skr_policy_release(struct skr_policy *policy);
/* Nothing of a lane is ours any more. */
void skr_policy_clear(struct skr_policy *policy, uint32_t lane);

#endif
