/* What upstreams said of objects, and when: in memory only. After a restart they are asked again. */
#ifndef SKERRY_CORE_KNOWN_H
#define SKERRY_CORE_KNOWN_H

#include <pthread.h>

#include "bindings.h"

#define SKR_KNOWN_SHARDS 16

struct skr_known_entry {
    uint64_t name;      /* 0: free */
    int64_t checked_ms; /* CLOCK_MONOTONIC */
    bool is_there;
};

struct skr_known {
    struct skr_known_shard {
        pthread_mutex_t lock;
        struct skr_known_entry *entries; /* guarded by the lock; NULL until the first is noted */
        char padding[64];
    } shards[SKR_KNOWN_SHARDS];
};

void skr_known_open(struct skr_known *known);
void skr_known_close(struct skr_known *known);

/* A number for a name behind a binding. */
uint64_t skr_known_name(const struct skr_bound *bound, struct skr_bytes key);
/* Is what was last heard of it still believed? What is there for the binding's time, what is not for a short one. */
bool skr_known_is_fresh(struct skr_known *known, const struct skr_bound *bound, uint64_t name);
/* Was it not there, when it was asked for a moment ago? */
bool skr_known_is_absent(struct skr_known *known, uint64_t name);
void skr_known_note(struct skr_known *known, uint64_t name, bool is_there);
void skr_known_forget(struct skr_known *known, uint64_t name);

#endif
