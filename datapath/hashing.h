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
    /* private */
    struct skr_hash_job *next;
    bool waits, urgent;
};

struct skr_hashing {
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t filled, gathered;
    struct skr_hash_job *first, **last;
    size_t queued, urgent;
    bool stopping, opened;
    unsigned thread_count, waiting, gathering;
    pthread_t threads[16];
};

enum skr_status skr_hashing_open(struct skr_hashing *hashing, struct skr_error *err);
/* No job may be under way. Harmless when it was not opened. */
void skr_hashing_close(struct skr_hashing *hashing);
/* A job that is not urgent waits for others, so that all lanes are in use. Whoever can do nothing more before it is done
 * hurries it, now or later; that is harmless when it is under way. */
void skr_hashing_submit(struct skr_hashing *hashing, struct skr_hash_job *job, bool urgent);
void skr_hashing_hurry(struct skr_hashing *hashing, struct skr_hash_job *job);

#endif
