/* What the files of the uploader share. All of it belongs to the uploader's thread unless it says otherwise.
 *
 * A job is one entry of the journal on its way upstream:
 *   begin   opens the object, looks at what upstream has where that is not known (upload_job.c)
 *   send    bytes, attributes or the deletion, under the condition that upstream has what we believe (upload_bytes.c)
 *           in parts, of which some may be there already (upload_plan.c, upload_early.c),
 *           or a copy that upstream makes itself (upload_copy.c)
 *   look    after a refusal, or an answer that was lost: is what is there ours? (upload_state.c)
 *   outcome one change in metadata, or none when upstream is away (upload_outcome.c)
 */
#ifndef SKERRY_CORE_UPLOAD_H
#define SKERRY_CORE_UPLOAD_H

#include "background.h"
#include "journal_note.h"
#include "skerry/upstream.h"
#include "upload_early.h"
#include "uploader.h"

#define SKR_UPLOAD_PART_BYTES                                                                                                  \
    (UINT64_C(8) << 20)    /* what is larger goes in parts of this, or of more where they would be too many */
#define SKR_UPLOAD_PARTS 4 /* of one object, at a time */
#define SKR_UPLOAD_BUFFER_BYTES (UINT64_C(128) << 20)
#define SKR_UPLOAD_REFUSED_MS 60000 /* until something that upstream refuses is tried again */
#define SKR_UPLOAD_AWAY_MOST_MS 10000
#define SKR_UPLOAD_LOOKS 4

/* One container, as far as trying is concerned. */
struct skr_lane {
    struct skr_lane *next;
    char *account, *container;
    unsigned under_way;
    unsigned failures;      /* in a row, of upstream as a whole */
    int64_t until_ns;       /* monotonic: nothing is tried before */
    int64_t early_until_ns; /* nothing is sent early before */
    uint64_t failed;        /* the entry that failed last: others may try before it does again */
};

/* What an object is made of upstream, in its order. */
struct skr_upload_piece {
    uint64_t offset, size;
    unsigned number;
    struct skr_bytes part; /* empty: still to be sent */
};

struct skr_upload_part {
    struct skr_upstream_call call;
    struct skr_upload_job *job;
    unsigned number; /* of the piece, from 1; 0: free */
    size_t size_bytes;
    char *buffer;
    bool is_sent; /* the call is under way */
};

enum skr_upload_end {
    SKR_UPLOAD_DONE,     /* upstream has it */
    SKR_UPLOAD_OBSOLETE, /* there is nothing to do any more, or something else: look at the journal again */
    SKR_UPLOAD_CONFLICT, /* upstream has something that is not ours */
    SKR_UPLOAD_REFUSED,  /* this one fails, others may not */
    SKR_UPLOAD_AWAY,     /* upstream as a whole: later */
};

struct skr_upload_job {
    struct skr_change change; /* first: the outcome */
    struct skr_uploader *uploader;
    struct skr_upload_job *next;
    struct skr_lane *lane;
    struct skr_bound *bound;
    struct skr_arena arena;
    struct skr_journal_entry entry; /* as it was when the job began */
    struct skr_object object;
    struct skr_content evictable; /* what its outcome made so; id 0: nothing */
    struct skr_reader *reader;
    struct skr_upstream_call call;

    /* what upstream is believed to have: */
    bool is_conditional; /* else whatever is there */
    bool base_none;
    struct skr_bytes base_etag;

    unsigned left; /* what is to be sent: SKR_JOURNAL_... */
    bool is_whole; /* whatever changed: upstream has nothing of it */
    unsigned looks;
    bool etag_unknown; /* upstream has it, under an entity tag that it did not tell */

    /* bytes on their way */
    struct {
        char *buffer;
        uint64_t offset;
        size_t size, filled;
        bool is_under_way;
        void (*done)(struct skr_upload_job *job, bool good);
    } load;
    struct skr_bytes upload; /* upstream's name of it */
    uint64_t part_bytes;
    unsigned part_count, part_next, parts_left;
    struct skr_upload_piece *pieces;
    struct skr_early *early; /* whose parts are used */
    bool no_early;           /* they turned out to be of no use */
    bool was_listed;         /* upstream was asked to make an object of the parts */
    struct skr_upload_part parts[SKR_UPLOAD_PARTS];
    struct skr_upload_part *loading;
    char *single; /* of a small one */
    size_t single_bytes;

    /* a copy upstream */
    struct skr_bytes copy_key, copy_etag;
    bool copy_failed;     /* the bytes are sent, then */
    bool copy_is_pending; /* it takes a while */
    int64_t copy_look_ns; /* when to ask how far it is (monotonic); 0: not at present */
    unsigned copy_looks;

    /* comparing with what upstream has */
    uint64_t compare_offset; /* of the local bytes in `single` */
    size_t compare_size;
    uint64_t compare_at;
    bool compare_loading, compare_waits, compare_differs, compare_unreadable;
    bool compare_is_of_copy; /* its attributes may be another's */
    struct skr_bytes compare_etag;
    struct skr_md5 *digest_md5; /* of what upstream has, where what it may be is here no more */
    uint32_t digest_crc32c;
    uint64_t digest_size, digest_metadata;

    /* the outcome */
    enum skr_upload_end end;
    bool takes_back; /* nobody acknowledged it: the local change goes */
    bool was_committed;
    unsigned retry_after_ms;
    char reason[200];
};

struct skr_uploader {
    struct skr_background background; /* first */
    /* Not the worker's: an object may be compared with what upstream has while its own bytes are fetched, and neither may wait
     * for the other's connection. */
    struct skr_upstream_client *client;
    _Atomic bool looks_again;
    _Atomic bool is_full; /* as many jobs as may be: what is new is seen when one of them ends */
    pthread_mutex_t lock; /* guards the next two */
    struct skr_pending *arrivals;
    struct skr_early_arrival *staged;

    unsigned limit; /* of jobs */
    struct skr_upload_job *jobs;
    unsigned job_count;
    struct skr_lane *lanes;
    uint64_t buffered_bytes;
    uint64_t cursor;      /* entries up to this sequence were looked at since the last sweep */
    int64_t sweep_ns;     /* when to look at all of them again (monotonic) */
    bool sweep_after_job; /* something was passed over that a job's end may make possible */
    struct skr_earlies earlies;
    struct skr_pending *awaiting;
    struct skr_upload_fate {
        uint64_t name_hash, sequence;
        enum skr_status status;
    } fates[256]; /* what was taken back of late, for those that come to wait for it too late */
    unsigned next_fate;
};

uint64_t skr_upload_name_hash(struct skr_bytes account, struct skr_bytes container, struct skr_bytes key);

/* ---- uploader.c ---- */
/* A job of an entry, whose texts are copied. NULL: no memory. */
struct skr_upload_job *skr_upload_job_new(struct skr_uploader *uploader, const struct skr_journal_entry *entry);
void skr_upload_job_free(struct skr_upload_job *job);
/* The entry was passed over, and may go now. */
void skr_uploader_go_back(struct skr_uploader *uploader, uint64_t sequence);
/* The lane of a container; NULL: no memory. */
struct skr_lane *skr_upload_lane(struct skr_uploader *uploader, struct skr_bytes account, struct skr_bytes container);
/* Opened by the thread that uses it, when there is something to do. */
bool skr_uploader_open_client(struct skr_uploader *uploader);
/* The job that has this sequence. NULL: none. */
struct skr_upload_job *skr_upload_job_find(const struct skr_uploader *uploader, uint64_t sequence);

/* ---- upload_job.c ---- */
void skr_upload_begin(struct skr_upload_job *job);
/* Goes on with what is left, or ends. */
void skr_upload_send(struct skr_upload_job *job);
/* After a call that writes: goes on, looks, or ends. */
void skr_upload_wrote(struct skr_upload_job *job, const struct skr_upstream_result *result, unsigned what);
/* Asks upstream what it has. */
void skr_upload_look(struct skr_upload_job *job,
                     void (*looked)(struct skr_upstream_call *, const struct skr_upstream_result *));
/* Ends as upstream's answer says. */
void skr_upload_fail(struct skr_upload_job *job, const struct skr_upstream_result *result);
/* Waited for long enough: ends, with what was sent perhaps done. */
void skr_upload_give_up(struct skr_upload_job *job);
static inline struct skr_upload_job *skr_upload_job_of(struct skr_upstream_call *call)
{
    return (struct skr_upload_job *)((char *)call - offsetof(struct skr_upload_job, call));
}
struct skr_upstream_conditions skr_upload_conditions(const struct skr_upload_job *job);
struct skr_upstream_attributes skr_upload_attributes_of(const struct skr_object *object);
uint64_t skr_upload_attributes_hash(const struct skr_object *object);
struct skr_upstream_attributes skr_upload_attributes(const struct skr_upload_job *job);
extern const struct skr_upstream_retry skr_upload_retry;

/* ---- upload_plan.c ---- */
/* Parts that are large enough for their number to suffice. False: the job has ended. */
bool skr_upload_divide(struct skr_upload_job *job, const struct skr_upstream_limits *limits);
/* With what `job->early` has there. False: that is of no use. */
bool skr_upload_plan_early(struct skr_upload_job *job, const struct skr_upstream_limits *limits);

/* ---- upload_copy.c ---- */
/* Upstream has the bytes under another name: has it copy them. False: they must be sent. */
bool skr_upload_copy(struct skr_upload_job *job);
/* Is the entry one whose bytes upstream may have copied? */
bool skr_upload_may_copy(struct skr_upload_job *job);
/* Upstream has the bytes, with attributes that may be those of the source: goes on with what differs. */
void skr_upload_copy_go_on(struct skr_upload_job *job, const struct skr_upstream_object *there);
/* Asks how far copies are. Returns when to do so again (monotonic). */
int64_t skr_upload_copies_turn(struct skr_uploader *uploader, int64_t now_ns);

/* ---- upload_bytes.c ---- */
void skr_upload_send_bytes(struct skr_upload_job *job);
/* Nothing of `job->early` is on its way any more. */
void skr_upload_early_ready(struct skr_upload_job *job);
/* Fills a buffer with verified bytes of the object; `done` may be called inside. One at a time. */
void skr_upload_load(struct skr_upload_job *job, char *buffer, uint64_t offset, size_t size,
                     void (*done)(struct skr_upload_job *job, bool good));
/* No part is on its way any more, and no buffer is held. What was being read into one cannot be read again. */
void skr_upload_drop_bytes(struct skr_upload_job *job);
/* The parts of an upload that came to nothing cost room upstream until somebody ends it: asks for that, once, and concludes
 * then. False: there are none. */
bool skr_upload_abort(struct skr_upload_job *job);

/* ---- upload_state.c ---- */
/* Upstream refused, or its answer was lost: what is there decides. */
void skr_upload_recover(struct skr_upload_job *job);
/* The first look, where it is not known what upstream has. */
void skr_upload_look_first(struct skr_upload_job *job);
/* What is known of what upstream has: nothing, where the tag is empty. False: the job has ended. */
bool skr_upload_base(struct skr_upload_job *job, struct skr_bytes etag);

/* ---- journal_admin.c ---- */
/* Is a flush over? Its change then has the outcome. Else when to ask again. */
bool skr_flush_turn(struct skr_uploader *uploader, struct skr_pending *pending, int64_t now_ns, int64_t *look_ns);

/* ---- upload_outcome.c ---- */
__attribute__((format(printf, 3, 4))) void skr_upload_end(struct skr_upload_job *job, enum skr_upload_end end,
                                                          const char *format, ...);
void skr_upload_conclude(struct skr_upload_job *job);
/* Upstream has what the job was for. */
void skr_upload_done(struct skr_upload_job *job);
/* Undoes the local change of an entry that nobody acknowledged. */
void skr_upload_take_back(struct skr_uploader *uploader, const struct skr_journal_entry *entry);

#endif
