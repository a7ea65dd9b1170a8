/* The files that the blocks of open uploads go to: one for the uncommitted blocks of a name (upload_id 0) and one a multipart
 * upload, shared by all threads, forgotten when the upload is committed or has been quiet. After a restart an upload's further
 * blocks go to a new file. */
#ifndef SKERRY_CORE_SLOTS_H
#define SKERRY_CORE_SLOTS_H

#include <pthread.h>

#include "skerry/core.h"
#include "skerry/store.h"

struct skr_upload_file;

struct skr_upload_slots {
    pthread_mutex_t lock;             /* guards the table and every entry in it */
    struct skr_upload_file **buckets; /* chains, a power of two */
    size_t bucket_count, entry_count;
};

enum skr_status skr_upload_slots_open(struct skr_upload_slots *uploads, struct skr_error *err);
void skr_upload_slots_close(struct skr_upload_slots *uploads);

/* The file for a block of `name`; give it back when the block has its record or was discarded. Its file id is pinned in
 * between, and as long as the upload is open, so that the collector does not take it for garbage. */
enum skr_status skr_upload_slots_acquire(struct skr_core *core, const struct skr_object_name *name, uint64_t upload_id,
                                         struct skr_upload_file **out, struct skr_error *err);
struct skr_slots *skr_upload_file_slots(struct skr_upload_file *file);
void skr_upload_slots_give_back(struct skr_core *core, struct skr_upload_file *file);
/* The upload ended: its next block begins a new file. */
void skr_upload_slots_forget(struct skr_core *core, const struct skr_object_name *name, uint64_t upload_id);
/* Forgets files that had no block since `before_s` (CLOCK_MONOTONIC). */
void skr_upload_slots_expire(struct skr_core *core, int64_t before_s);

#endif
