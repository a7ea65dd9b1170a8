/* Bringing objects here before anybody reads them: jobs of an operator, one thread for all of them. */
#ifndef SKERRY_CORE_PREFETCH_H
#define SKERRY_CORE_PREFETCH_H

#include "background.h"
#include "fetching.h"

struct skr_prefetcher;
struct skr_prefetch_job;

/* What is stored of a job. Texts in its memory. */
struct skr_prefetch_record {
    enum skr_prefetch_phase phase;
    bool is_manifest, is_counted;
    uint64_t concurrency, bytes_per_s;
    int64_t created_ns, ended_ns;
    uint64_t objects_done, objects_total, objects_failed, bytes_done, bytes_total, fetched_bytes;
    uint64_t position;                               /* manifest: so many keys are done */
    struct skr_bytes account, container, prefix;     /* never change */
    struct skr_bytes last_key, marker, last_failure; /* all up to this key are done; the page of the listing that it is in */
};

/* One object of a job, in the list of those that were begun, in the order of their keys. */
struct skr_prefetch_fetch {
    struct skr_prefetch_fetch *next;
    struct skr_prefetch_job *job;
    struct skr_bytes key;    /* malloc'd */
    struct skr_bytes marker; /* of its page, malloc'd; may be empty */
    enum { SKR_FETCH_WAITS, SKR_FETCH_RUNS, SKR_FETCH_ENDED } state;
    int64_t not_before_ms; /* WAITS */
    unsigned attempts;
    uint64_t size_bytes, fetched_bytes;
    bool has_failed, had_first;
    char reason[160];

    struct skr_arena arena;
    struct skr_object_name name;
    struct skr_preparation *preparation;
    struct skr_reader *reader;
    struct skr_fetching *fetching;
};

struct skr_prefetch_job {
    struct skr_prefetch_job *next; /* guarded by the lock, as `record` and what it points to; both changed by the thread only */
    struct skr_prefetcher *prefetcher;
    uint64_t number;
    struct skr_prefetch_record record;
    char *last_key, *marker, last_failure[256]; /* malloc'd */
    char *texts;                                /* account, container, prefix */

    /* the thread only */
    bool has_ended_keys, is_saving, is_changed;
    bool ends;                               /* what is under way is to be given up */
    bool is_gone;                            /* an operator forgot it. Guarded by the lock */
    bool was_saved;                          /* at the end of the thread */
    struct skr_prefetch_fetch *first, *last; /* begun, in order */
    size_t begun, running;
    struct skr_bound *bound;
    int64_t saved_ms, tokens_ms, tokens; /* of the limit: bytes that may be asked for */
    int64_t rated_ms;
    uint64_t rated_bytes, rate; /* `rate` is guarded by the lock */

    /* its keys */
    struct skr_bytes *keys; /* of this page or part, malloc'd, as each */
    size_t key_count, key_next;
    char *page_marker, *next_marker; /* malloc'd; NULL: the beginning, and the end */
    uint64_t part;                   /* of a manifest: the next */
    struct skr_upstream_call call;
    bool is_listing;
    int64_t list_again_ms;
    unsigned list_failures;

    /* counting, beside it */
    struct skr_upstream_call count_call;
    bool is_counting;
    int64_t count_again_ms;
    char *count_marker; /* malloc'd; NULL: the beginning */
};

struct skr_prefetcher {
    struct skr_background background; /* first */
    _Atomic bool reloads;             /* metadata knows more */
    pthread_mutex_t lock;             /* guards the list */
    struct skr_prefetch_job *jobs;
};

enum skr_status skr_prefetcher_open(struct skr_prefetcher **out, struct skr_core *core, struct skr_error *err);
void skr_prefetcher_close(struct skr_prefetcher *prefetcher); /* NULL-safe */

/* ---- records (prefetch_record.c) ---- */

/* In the arena; NULL data: no memory. */
struct skr_bytes skr_prefetch_encode(struct skr_arena *arena, const struct skr_prefetch_record *record);
/* Texts point into `document`. False: it is damaged. */
bool skr_prefetch_decode(struct skr_bytes document, struct skr_prefetch_record *out);
/* Stores how far a job is, when that is worth it or `now`. On the thread. */
void skr_prefetch_save(struct skr_prefetch_job *job, bool now);

/* ---- keys (prefetch_keys.c) ---- */

/* Sees to it that there are keys in job->keys, or will be; sets has_ended_keys. */
void skr_prefetch_want_keys(struct skr_prefetch_job *job);
/* Counts what there is, once. */
void skr_prefetch_count(struct skr_prefetch_job *job);
void skr_prefetch_drop_keys(struct skr_prefetch_job *job);

/* ---- one object (prefetch_fetch.c) ---- */

/* `key` is malloc'd and taken over. NULL: no memory. */
struct skr_prefetch_fetch *skr_prefetch_fetch_new(struct skr_prefetch_job *job, struct skr_bytes key);
void skr_prefetch_fetch_begin(struct skr_prefetch_fetch *fetch);
void skr_prefetch_fetch_free(struct skr_prefetch_fetch *fetch);
/* It has tokens again. */
void skr_prefetch_fetch_go_on(struct skr_prefetch_fetch *fetch);

struct skr_prefetcher *skr_prefetcher_of(const struct skr_prefetch_job *job);

#endif
