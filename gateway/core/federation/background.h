/* A thread of federation's own: a ring, a worker and an inbox, around what its owner does in turns. Whatever goes on behind
 * requests runs in one. */
#ifndef SKERRY_CORE_BACKGROUND_H
#define SKERRY_CORE_BACKGROUND_H

#include <stdatomic.h>

#include "../state.h"
#include "skerry/inbox.h"

/* Embedded in its owner. */
struct skr_background {
    struct skr_inbox inbox; /* its ring is the thread's */
    struct skr_core *core;
    struct skr_worker *worker; /* the thread's */
    const char *name;
    /* On the thread, after each wake-up, when what had ended was told: returns how many milliseconds it may be until the next;
     * -1: any time. A wake-up that comes meanwhile brings the next at once. */
    int (*turn)(struct skr_background *background);
    /* Likewise, when it is to end: gives up what is under way, and says whether that is over. NULL: nothing outlasts a turn. */
    bool (*wind_down)(struct skr_background *background);
    pthread_t thread;
    bool has_thread;
    atomic_bool stopping;
};

/* Of `background` the name and the functions are set. */
enum skr_status skr_background_open(struct skr_background *background, struct skr_core *core, struct skr_error *err);
/* In a turn that takes long: is it to be left off, because the thread is to end? */
bool skr_background_is_ending(struct skr_background *background);
/* Another turn soon. Any thread. */
void skr_background_wake(struct skr_background *background);
/* Ends the thread; also of one that could not be opened. */
void skr_background_close(struct skr_background *background);

#endif
