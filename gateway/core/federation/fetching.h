/* Bringing a range of a content here: before an operation that needs its bytes in the store, or before anybody reads it. Owned
 * by its worker's thread. */
#ifndef SKERRY_CORE_FETCHING_H
#define SKERRY_CORE_FETCHING_H

#include "flights.h"

struct skr_fetching;

/* SKR_OK, or SKR_UPSTREAM_FAILED, SKR_NO_SPACE, or another failure. */
typedef void (*skr_fetched)(void *context, enum skr_status status, const struct skr_error *err);

struct skr_fetching_plan {
    const struct skr_object_name *name; /* of what it leads to, its version included; lives during the call; or: */
    const struct skr_content *content;
    uint64_t offset, length; /* a length of SKR_SIZE_ANY reaches to the end */
    /* Nobody waits for it: it takes only what memory there is plenty of, and fewer chunks at a time. Where there is none, or
     * there are no tokens, it stands still until skr_fetching_go_on(). */
    bool ahead;
    int64_t *tokens;        /* ahead only: while there are any, chunks are asked for, which costs their bytes. NULL: no limit */
    uint64_t *landed_bytes; /* what came is added. NULL: nobody counts */
    skr_fetched ready;
    void *context;
};

/* SKR_OK: all of the range is here, or it never was upstream's, or there is no such object: the operation says so itself.
 * SKR_PENDING: `ready` is called once, unless it is cancelled before. What is here may be evicted again before it is used,
 * unless the caller pins the content. */
enum skr_status skr_fetching_begin(struct skr_worker *worker, const struct skr_fetching_plan *plan, struct skr_fetching **out,
                                   struct skr_error *err);
/* There may be tokens or memory again. It may come to its end inside. NULL-safe */
void skr_fetching_go_on(struct skr_fetching *fetching);
void skr_fetching_cancel(struct skr_fetching *fetching); /* NULL-safe */

#endif
