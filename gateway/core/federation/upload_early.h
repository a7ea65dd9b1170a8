/* Blocks and parts that go upstream while their object still arrives. All of it belongs to the uploader's thread, but for
 * skr_early_staged(). */
#ifndef SKERRY_CORE_UPLOAD_EARLY_H
#define SKERRY_CORE_UPLOAD_EARLY_H

#include "../state.h"
#include "skerry/upstream.h"

struct skr_uploader;
struct skr_upload_job;
struct skr_early_arrival;
struct skr_journal_entry;

#define SKR_EARLY_LEAST_BYTES (UINT64_C(1) << 20) /* what is smaller goes faster together with others */
#define SKR_EARLY_MOST_BYTES (UINT64_C(64) << 20) /* a buffer of this size is held for each that is on its way */
#define SKR_EARLY_SENDS 4                         /* at a time */
#define SKR_EARLY_MOST_PARTS 65536                /* remembered in all */

enum skr_early_state { SKR_EARLY_QUEUED, SKR_EARLY_UNDER_WAY, SKR_EARLY_SENT, SKR_EARLY_DROPPED };

/* One block of ours. No two have the same place: a block that replaces another is elsewhere. */
struct skr_early_part {
    struct skr_extent extent;
    unsigned number; /* upstream's */
    enum skr_early_state state;
    bool was_replaced; /* while it was under way: it goes again */
    struct skr_bytes part;
};

/* One upload of ours: the uncommitted blocks of a name, or a multipart upload. */
struct skr_early {
    struct skr_early *next;
    struct skr_uploader *uploader;
    struct skr_bound *bound;
    struct skr_arena arena;
    struct skr_object_name name;
    uint64_t upload_id; /* of a multipart upload, else 0 */
    struct skr_bytes upload;
    uint64_t attributes_hash; /* S3: it was begun with these */
    bool begins, is_dropped;  /* the call is under way; it waits to be aborted upstream */
    struct skr_upstream_call call;
    struct skr_early_part *parts;
    size_t count, capacity, first_queued; /* none before it is queued */
    unsigned under_way, next_number;
    struct skr_upload_job *job; /* that makes the object of it */
};

struct skr_early_send {
    struct skr_upstream_call call;
    struct skr_early *early; /* NULL: free */
    size_t index;
    struct skr_reader *reader;
    char *buffer;
    size_t size, filled;
    bool is_sent;
};

struct skr_earlies {
    struct skr_early *first;
    struct skr_early_send sends[SKR_EARLY_SENDS];
    size_t part_count;
    int64_t sweep_ns;
    bool is_closed;
};

/* On the worker's thread: a block of `name` is durable and has its record. `number`: of a part, else 0. */
void skr_early_staged(struct skr_worker *worker, const struct skr_object_name *name, uint64_t upload_id, unsigned number,
                      const struct skr_written *written);

void skr_early_take(struct skr_uploader *uploader, struct skr_early_arrival *arrivals);
void skr_early_arrivals_free(struct skr_early_arrival *arrivals);
/* Sends what may go. Returns when to look again (monotonic). */
int64_t skr_early_turn(struct skr_uploader *uploader, int64_t now_ns);
/* Those of the job's object, which are the job's from now on; nothing more is sent for them. `early->under_way` or `begins`:
 * not ready yet, skr_upload_early_ready() follows. NULL: there are none. */
struct skr_early *skr_early_claim(struct skr_upload_job *job);
/* The job has ended or does without. `keeps`: another job may use them. `is_used`: upstream has made an object of them. */
void skr_early_release(struct skr_upload_job *job, bool keeps, bool is_used);
/* Upstream drops uncommitted blocks of a name that it makes a blob of. */
void skr_early_forget(struct skr_uploader *uploader, const struct skr_journal_entry *entry);
void skr_early_close(struct skr_uploader *uploader);

#endif
