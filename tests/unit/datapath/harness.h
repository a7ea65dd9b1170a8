/* A content store in a temporary folder behind a seam that logs calls and fails chosen ones. */
#ifndef SKERRY_TESTS_DATAPATH_HARNESS_H
#define SKERRY_TESTS_DATAPATH_HARNESS_H

#include "skerry/store.h"

#define BOOT 1

struct store_harness {
    struct skr_io *io;
    struct skr_store *store;
    char directory[64];
    bool direct_io;
    uint64_t reserve_bytes;
};

/* Calls of the test's own thread, in order. */
struct seam_log {
    enum skr_io_call calls[512];
    size_t count;
};
extern struct seam_log seam_log;
/* From now on, the calls of one kind after the next `skip` fail, `times` of them; on every thread, or on the test's own only.
 */
void seam_fail(enum skr_io_call call, int os_errno, long skip, long times, bool own_thread_only);
void seam_heal(void);
/* The thread that makes files ahead can make none, so that the test's own does it all. Before a store is opened. */
void seam_keep_others_out(bool out);
/* Position of the n-th call (from 0) of a kind in the log, or -1. */
long seam_find(enum skr_io_call call, size_t n);
size_t seam_count(enum skr_io_call call);

void store_make(struct store_harness *harness);
void store_reopen(struct store_harness *harness, uint64_t boot);
void store_remove(struct store_harness *harness);

/* Deterministic bytes. */
void store_fill(unsigned char *bytes, size_t size, unsigned seed);
/* Opens a writer and gives it bytes, waiting when it is full. NULL and *status when it cannot be opened. */
struct skr_writer *store_write(struct store_harness *harness, size_t size, unsigned seed, uint64_t expected,
                               struct skr_slots *slots, enum skr_status *status);
/* Finishes and waits. */
enum skr_status store_finish(struct store_harness *harness, struct skr_writer *writer);
/* Reads [offset, offset + size) of what was written and waits. */
enum skr_status store_read(struct store_harness *harness, const struct skr_written *written, uint64_t offset, size_t size,
                           void *buffer);
/* Path of a content file. */
void store_file_path(struct store_harness *harness, uint64_t file_id, char path[160]);
bool store_file_exists(struct store_harness *harness, uint64_t file_id);
/* Waits until a file is gone. */
void store_await_gone(struct store_harness *harness, uint64_t file_id);

#endif
