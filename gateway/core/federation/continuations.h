/* Where upstream's listings go on, by the name at which ours do. In memory only, bounded. */
#ifndef SKERRY_CORE_CONTINUATIONS_H
#define SKERRY_CORE_CONTINUATIONS_H

#include "remote_listing.h"

#define SKR_CONTINUATIONS 64

struct skr_continuation {
    struct skr_arena arena;
    uint64_t binding;
    struct skr_bytes container, prefix, delimiter, from; /* data NULL: free */
    struct skr_bytes before;                             /* the name before that one */
    struct skr_bytes marker;                             /* upstream's, behind `entry` */
    struct skr_remote_entry *entry;                      /* in the arena: the one at `from`, which was read already */
    uint64_t used;                                       /* the greater, the later */
};

struct skr_continuations {
    pthread_mutex_t lock; /* guards what follows */
    struct skr_continuation places[SKR_CONTINUATIONS];
    uint64_t clock;
};

void skr_continuations_open(struct skr_continuations *continuations);
void skr_continuations_close(struct skr_continuations *continuations);

/* A listing ended before upstream's did: the last of its entries is where it goes on. */
void skr_continuations_keep(struct skr_continuations *continuations, const struct skr_bound *bound,
                            const struct skr_list_options *options, struct skr_bytes marker,
                            const struct skr_remote_entries *found);
/* One that goes on at options->from: fills the marker, and the list, empty so far, with the entry that was read already (texts
 * in `arena`). Without, nothing is changed. */
void skr_continuations_take(struct skr_continuations *continuations, const struct skr_bound *bound,
                            const struct skr_list_options *options, struct skr_arena *arena, struct skr_bytes *marker,
                            struct skr_remote_entries *found);

#endif
