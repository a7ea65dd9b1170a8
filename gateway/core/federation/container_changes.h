/* Making and deleting containers that come with a binding of all: upstream's, too. */
#ifndef SKERRY_CORE_CONTAINER_CHANGES_H
#define SKERRY_CORE_CONTAINER_CHANGES_H

#include "../state.h"

/* Part of a container's change. Owned by the worker's thread, but for the time that the commit thread has the pending. */
struct skr_container_upstream {
    struct skr_pending *pending;
    struct skr_bound *bound; /* NULL: upstream has no part in it */
    struct skr_upstream_call call;
    bool only_if_empty;
    bool is_marked; /* nothing is written to the container until this is over */
    bool is_ready;  /* upstream did its part */
};

/* Has upstream make the container, then submits the pending. It fails with SKR_CONTAINER_EXISTS where upstream has it,
 * SKR_BOUND_READ_ONLY, SKR_BUSY while upstream still deletes one of that name, or SKR_UPSTREAM_FAILED. Where no binding of all
 * has a part in it, it is submitted at once. */
void skr_container_create_upstream(struct skr_container_upstream *upstream, struct skr_pending *pending,
                                   struct skr_bytes account, struct skr_bytes name);
/* Submits the pending, whose change calls skr_container_may_go(), and after that once more when upstream has deleted the
 * container. It fails with SKR_CONTAINER_NOT_EMPTY, too. */
void skr_container_delete_upstream(struct skr_container_upstream *upstream, struct skr_pending *pending,
                                   struct skr_bytes account, struct skr_bytes name, bool only_if_empty);
/* After the first of these two submissions: the pending goes to upstream in place of the second one. */
void skr_container_ask_deletion(struct skr_container_upstream *upstream);
/* On the commit thread. SKR_OK: the container is to be removed now if `is_ready`, else upstream is asked first.
 * SKR_CONTAINER_DIRTY: upstream lacks changes, which would be lost. */
enum skr_status skr_container_may_go(struct skr_container_upstream *upstream, struct skr_view *view,
                                     const struct skr_container *container, struct skr_error *err);
/* On the worker's thread, when the change was applied or has failed: goes on, or is over. */
void skr_container_upstream_settle(struct skr_container_upstream *upstream);

#endif
