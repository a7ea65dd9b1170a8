/* Upstream's containers behind a binding of all: known here, one round for all who want to list them. */
#ifndef SKERRY_CORE_ACCOUNT_LISTING_H
#define SKERRY_CORE_ACCOUNT_LISTING_H

#include "waiting.h"

#define SKR_ACCOUNT_NAME_BYTES 255

/* A round through upstream's containers. Owned by its worker's thread, but for what the lock guards. */
struct skr_account_round {
    struct skr_account_round *next; /* guarded by the lock, as the next three */
    struct skr_waiter *waiters;
    bool is_done;
    unsigned references;
    enum skr_status status; /* written before it is done */
    struct skr_bound *bound;
    struct skr_worker *worker;
    struct skr_upstream_call call;
    struct skr_arena arena; /* of the page */
    struct skr_account_name {
        struct skr_bytes name;
        int64_t modified_ns;
    } * names; /* in byte order */
    size_t count;
    struct skr_bytes marker;               /* of the next page; empty: there is none */
    char last[SKR_ACCOUNT_NAME_BYTES + 1]; /* names up to it are known; "": none yet */
    uint64_t known;                        /* names in the pages so far */
    int64_t began_ns;                      /* Unix: what is younger here was not there to be listed */
};

struct skr_account_rounds {
    pthread_mutex_t lock; /* guards the list */
    struct skr_account_round *first;
};
void skr_account_rounds_open(struct skr_account_rounds *rounds);
void skr_account_rounds_close(struct skr_account_rounds *rounds);

/* A container of ours as it is made when upstream has it. False: no memory. */
bool skr_container_of_upstream(struct skr_arena *arena, const struct skr_bound *bound, int64_t tick_ns,
                               struct skr_container *out);
/* Did it come through this binding? */
bool skr_container_came_through(const struct skr_container *container, uint64_t binding);

#endif
