/* A ring that a thread sleeps in, and an executor for that thread: what other threads post wakes it, and it runs them.
 *
 * Embedded in its owner. Calls are made on the thread whose ring it is, unless said otherwise.
 */
#ifndef SKERRY_INBOX_H
#define SKERRY_INBOX_H

#include <pthread.h>

#include "skerry/executor.h"
#include "skerry/io.h"

struct skr_inbox {
    struct skr_executor executor; /* `wait` is skr_inbox_turn() without a limit: whoever serves several at a time clears it */
    pthread_mutex_t lock;         /* guards what follows; `io` is changed by its thread alone */
    struct skr_io *io;            /* the ring; NULL once its thread left */
    struct skr_task *first, **last;
};

/* Errors as of skr_io_open(). To be closed in any case. */
enum skr_status skr_inbox_open(struct skr_inbox *inbox, const struct skr_io_options *options, struct skr_error *err);
/* Runs what was posted. False: nothing had been. */
bool skr_inbox_run(struct skr_inbox *inbox);
/* The same; where nothing had been posted after a sleep in the ring, of `timeout_ms` at most (-1: until something ends). */
void skr_inbox_turn(struct skr_inbox *inbox, int timeout_ms);
/* Ends such a sleep. Any thread. */
void skr_inbox_wake(struct skr_inbox *inbox);
/* Closes the ring: nothing is posted any more, and waking does nothing. */
void skr_inbox_leave(struct skr_inbox *inbox);
/* Any thread, when no other one knows of it: closes the ring, where that was not done. Nothing where it was never opened. */
void skr_inbox_close(struct skr_inbox *inbox);

#endif
