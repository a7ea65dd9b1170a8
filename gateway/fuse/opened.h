/* What is kept of a file while it is open: where its bytes come from, and who has it open how. */
#ifndef SKERRY_FUSE_OPENED_H
#define SKERRY_FUSE_OPENED_H

#include "nodes.h"
#include "transport.h"

/* Where the bytes of a file come from: a content that is held, or a draft. Does not change; shared by whoever reads. */
struct skr_source {
    _Atomic unsigned uses;
    struct skr_transport *transport;
    struct skr_held *held;   /* NULL: the draft */
    struct skr_draft *draft; /* NULL: the content */
    uint32_t backing;        /* by which the kernel reads the content itself; 0: it does not. Set under `opening` */
};
/* Takes the content or the draft over, also when there is no memory: NULL. */
struct skr_source *skr_source_new(struct skr_transport *transport, struct skr_held *held, struct skr_draft *draft);
void skr_source_drop(struct skr_source *source); /* on a thread with a caller. NULL-safe */

/* Locks in this order: opening, publishing, the table's, lock. */
struct skr_opened {
    struct skr_node *node;
    struct skr_opened *next_drafted,
        **drafted_link;                /* guarded by the table's lock; in its list when `drafted_link` is not NULL */
    unsigned uses;                     /* likewise */
    pthread_mutex_t opening;           /* who decides how it is opened; held while core works for that */
    pthread_mutex_t publishing;        /* one publishes at a time */
    pthread_mutex_t lock;              /* guards what follows; nothing waits under it */
    struct skr_source *source;         /* NULL: not yet */
    struct skr_facts facts;            /* as known last; of a draft, what it will be */
    unsigned readers, writers, backed; /* open handles: through us, for writing, and of those that the kernel reads */
    unsigned direct;                   /* of the first two kinds, those past the kernel's cache: all of them, or none */
    int64_t dirty_since_ns;            /* monotonic; 0: nothing was written since it was published */
    uint64_t writings;                 /* how often it was changed */
};

/* What is kept of it, made where nothing is. NULL: no memory; or, with `make` false, nothing is kept. */
struct skr_opened *skr_opened_use(struct skr_nodes *nodes, struct skr_node *node, bool make);
void skr_opened_done(struct skr_nodes *nodes, struct skr_opened *opened); /* likewise. NULL-safe */
/* Nobody will let it go any more. NULL-safe. */
void skr_opened_abandon(struct skr_opened *opened);
/* The same bytes? */
bool skr_is_same_content(const struct skr_content *a, const struct skr_content *b);
/* Can an open file go on as the file that was found? Under the table's lock. NULL-safe. */
bool skr_opened_suits(struct skr_opened *opened, const struct skr_facts *facts);

/* The source as it is now, in use. NULL: there is none. */
struct skr_source *skr_opened_source(struct skr_opened *opened);
/* Another source in its place, which is taken over; `facts` may be NULL: they stay. */
void skr_opened_set(struct skr_nodes *nodes, struct skr_opened *opened, struct skr_source *source,
                    const struct skr_facts *facts);
/* As they are now; false: nothing is known. */
bool skr_opened_facts(struct skr_opened *opened, struct skr_facts *facts);
/* The next file with a draft behind `after` (NULL: the first), in use; `after` is let go. */
struct skr_opened *skr_opened_next_drafted(struct skr_nodes *nodes, struct skr_opened *after);

#endif
