/* Waiting, on one thread, for what another thread brings about. */
#ifndef SKERRY_CORE_WAITING_H
#define SKERRY_CORE_WAITING_H

#include "../state.h"

/* Waits once: `run` is called on its worker's thread after it was woken, and it is gone. Its list is guarded by whoever owns
 * the list; the rest is touched on the worker's thread only. */
struct skr_waiter {
    struct skr_task task; /* first */
    struct skr_waiter *next;
    struct skr_worker *worker;
    void (*run)(void *context); /* NULL: nobody is interested any more */
    void *context;
};

struct skr_waiter *skr_waiter_new(struct skr_worker *worker, void (*run)(void *context), void *context); /* NULL: no memory */
/* `run` will not be called. The waiter stays in its list until that is woken. On the worker's thread. NULL-safe. */
void skr_waiter_forget(struct skr_waiter *waiter);
/* One that came into no list is not wanted. On the worker's thread. */
void skr_waiter_drop(struct skr_waiter *waiter);
/* Wakes all of a list, and empties it. Any thread. */
void skr_waiters_wake(struct skr_waiter **list);

#endif
