/* Hashing threads: MD5 of large streams, away from the reactors and several streams at once. */
#ifndef SKERRY_DATAPATH_HASHING_H
#define SKERRY_DATAPATH_HASHING_H

#include <pthread.h>

#include "io_private.h"
#include "md5.h"

/* One piece of one stream. Embedded in the caller's state, which must live until `op.done` was called on the thread of `io`.
 * The caller hands in the pieces of a stream one after the other. */
struct skr_hash_job {
    struct skr_io_op op; /* first. `done` is set by the caller */
    struct skr_io *io;
    struct skr_md5_work work;
    struct skr_hash_job *next; /* private */
};

struct skr_hashing {
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t filled;
    struct skr_hash_job *first, **last;
    bool stopping, opened;
    unsigned thread_count, waiting;
    pthread_t threads[16];
};

enum skr_status skr_hashing_open(struct skr_hashing *hashing, struct skr_error *err);
/* No job may be under way. Harmless when it was not opened. */
void skr_hashing_close(struct skr_hashing *hashing);
void skr_hashing_submit(struct skr_hashing *hashing, struct skr_hash_job *job);

#endif
