/* Changes that wait: for room among what is to be uploaded, or for upstream. */
#ifndef SKERRY_CORE_AWAITING_H
#define SKERRY_CORE_AWAITING_H

#include <stdatomic.h>

#include "skerry/core.h"
#include "skerry/meta.h"

struct skr_pending;
struct skr_uploader;

/* Part of a pending. */
struct skr_awaited {
    bool is_absent_upstream; /* set before submission by whoever looked: upstream has nothing of the name that is written */
    bool waits;              /* the change is done when upstream has it */
    bool was_full;           /* it waited for room once */
    unsigned count, done;    /* of what it noted: how many entries, and how many of them were waited for */
    uint64_t sequences[2];
    struct skr_object_name names[2]; /* in the pending's memory */
    /* while the uploader has it */
    struct skr_pending *next;
    int64_t until_ns; /* monotonic */
    enum { SKR_AWAITS_ROOM, SKR_AWAITS_UPSTREAM, SKR_AWAITS_FLUSH } what;
};

/* On the worker's thread, when a change was applied. True: the uploader has taken the pending. */
bool skr_await_room(struct skr_pending *pending);
bool skr_await_upstream(struct skr_pending *pending);

/* ---- on the uploader's thread ---- */

/* Takes over what workers handed in. */
void skr_awaiting_take(struct skr_uploader *uploader, struct skr_pending *arrivals);
/* Lets go of those that waited long enough, or for what came about. Returns when to look again (monotonic). */
int64_t skr_awaiting_turn(struct skr_uploader *uploader, int64_t now_ns);
/* Does somebody wait for the entry of this sequence? */
bool skr_awaiting_has(const struct skr_uploader *uploader, uint64_t sequence);
/* The entry's upload ended: those that waited for it are told. */
void skr_awaiting_settle(struct skr_uploader *uploader, const struct skr_journal_entry *entry, enum skr_status status,
                         const char *message);

#endif
