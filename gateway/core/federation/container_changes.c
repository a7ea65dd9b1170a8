/* Why: behind a binding of all containers a container is the same one here and upstream, so it is made upstream first, and is
 * here when upstream has it; it is deleted upstream first, and is here until upstream has no more of it. That an answer was
 * lost leaves it on one side at worst, and doing it again brings both together.
 *
 * A deletion takes nothing away that upstream lacks: it is refused while the journal has names of the container. From the
 * moment that this is certain, on the commit thread, writes are refused as if the container was gone. What is in the container
 * is upstream's question: Azure deletes it with the container, S3 refuses. For those who ask by S3 upstream is listed first.
 */
#include "container_changes.h"

#include <stdlib.h>

#include "flights.h"

static const struct skr_upstream_retry skr_container_retry = {
    .attempts = 3, .first_ms = 100, .most_ms = 1000, .patience_ms = 10000, .not_after_timeout = true};

static void skr_container_fail(struct skr_container_upstream *upstream, const struct skr_upstream_result *result)
{
    enum skr_status status = SKR_UPSTREAM_FAILED;
    if (result->outcome == SKR_UPSTREAM_CONDITION_FAILED)
        status = SKR_CONTAINER_EXISTS;
    else if (result->outcome == SKR_UPSTREAM_CONTAINER_NOT_FOUND) /* being deleted */
        status = SKR_BUSY;
    else if (result->outcome == SKR_UPSTREAM_CONFLICT && upstream->bound->binding.is_s3)
        status = SKR_CONTAINER_NOT_EMPTY;
    skr_pending_fail(upstream->pending, status, result->message);
}

static struct skr_container_upstream *skr_container_answer(struct skr_upstream_call *call,
                                                           const struct skr_upstream_result *result)
{
    struct skr_container_upstream *upstream =
        (struct skr_container_upstream *)((char *)call - offsetof(struct skr_container_upstream, call));
    if (result->outcome != SKR_UPSTREAM_CONTAINER_NOT_FOUND) /* which is what was to be found out */
        skr_bound_note(upstream->bound, result);
    return upstream;
}

static void skr_container_done(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_container_upstream *upstream = skr_container_answer(call, result);
    bool is_gone = upstream->is_marked &&
                   (result->outcome == SKR_UPSTREAM_CONTAINER_NOT_FOUND || result->outcome == SKR_UPSTREAM_NOT_FOUND);
    if (result->outcome != SKR_UPSTREAM_OK && !is_gone) {
        skr_container_fail(upstream, result);
        return;
    }
    upstream->is_ready = true;
    skr_pending_submit(upstream->pending);
}

/* Upstream was asked what is in the container. */
static void skr_container_listed(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_container_upstream *upstream = skr_container_answer(call, result);
    bool is_there = result->outcome == SKR_UPSTREAM_OK, is_absent = result->outcome == SKR_UPSTREAM_CONTAINER_NOT_FOUND;
    struct skr_upstream_client *client = upstream->pending->worker->upstreams;
    call->done = skr_container_done;
    if (!is_there && !is_absent)
        skr_pending_fail(upstream->pending, SKR_UPSTREAM_FAILED, result->message);
    else if (upstream->is_marked && is_absent)
        skr_container_done(call, result);
    else if (upstream->is_marked && result->entry_count > 0)
        skr_pending_fail(upstream->pending, SKR_CONTAINER_NOT_EMPTY, "upstream's container holds objects");
    else if (upstream->is_marked)
        skr_upstream_delete_container(client, upstream->bound->upstream, call);
    else if (is_there)
        skr_pending_fail(upstream->pending, SKR_CONTAINER_EXISTS, "upstream has a container of that name");
    else
        skr_upstream_create_container(client, upstream->bound->upstream, call);
}

static void skr_container_look(struct skr_container_upstream *upstream)
{
    struct skr_upstream_list list = {.prefix = SKR_BYTES(""), .delimiter = SKR_BYTES(""), .marker = SKR_BYTES(""), .max = 1};
    upstream->call.done = skr_container_listed;
    upstream->call.retry = &skr_container_retry;
    skr_upstream_list(upstream->pending->worker->upstreams, upstream->bound->upstream, &upstream->call, &list);
}

/* Has upstream a part in it, and can it be asked? False: it was failed. */
static bool skr_container_begin(struct skr_container_upstream *upstream, struct skr_pending *pending, struct skr_bytes account,
                                struct skr_bytes name)
{
    struct skr_bound *bound = skr_bound_find(&pending->worker->core->bindings, pending->worker->reader, account, name);
    upstream->pending = pending;
    bool has_part = bound != NULL && bound->is_derived && (bound->upstream == NULL || skr_upstream_is_whole(bound->upstream));
    if (!has_part) {
        skr_bound_release(bound);
        return true;
    }
    upstream->bound = bound;
    const char *problem = bound->binding.mode == SKR_BINDING_READ_ONLY ? "the account is bound to an upstream for reading only"
                          : bound->upstream == NULL                    ? "upstream cannot be used, or cannot have that name"
                          : skr_bound_is_away(bound) || skr_worker_upstreams(pending->worker) == NULL
                              ? "upstream cannot be asked"
                              : NULL;
    if (problem != NULL)
        skr_pending_fail(pending, bound->binding.mode == SKR_BINDING_READ_ONLY ? SKR_BOUND_READ_ONLY : SKR_UPSTREAM_FAILED,
                         problem);
    return problem == NULL;
}

void skr_container_create_upstream(struct skr_container_upstream *upstream, struct skr_pending *pending,
                                   struct skr_bytes account, struct skr_bytes name)
{
    if (!skr_container_begin(upstream, pending, account, name))
        return;
    if (upstream->bound != NULL)
        skr_container_look(upstream);
    else
        skr_pending_submit(pending);
}

/* ---- deleting ---- */

void skr_container_ask_deletion(struct skr_container_upstream *upstream)
{
    upstream->call.done = skr_container_done;
    upstream->call.retry = &skr_container_retry;
    if (upstream->only_if_empty || upstream->bound->binding.is_s3)
        skr_container_look(upstream);
    else
        skr_upstream_delete_container(upstream->pending->worker->upstreams, upstream->bound->upstream, &upstream->call);
}

void skr_container_delete_upstream(struct skr_container_upstream *upstream, struct skr_pending *pending,
                                   struct skr_bytes account, struct skr_bytes name, bool only_if_empty)
{
    upstream->only_if_empty = only_if_empty;
    if (skr_container_begin(upstream, pending, account, name))
        skr_pending_submit(pending);
}

enum skr_status skr_container_may_go(struct skr_container_upstream *upstream, struct skr_view *view,
                                     const struct skr_container *container, struct skr_error *err)
{
    bool is_clean;
    enum skr_status status = skr_journal_is_empty(view, container, &is_clean, err);
    if (status == SKR_OK && !is_clean)
        return skr_fail(err, SKR_CONTAINER_DIRTY, "changes of the container wait to be sent upstream");
    if (status == SKR_OK && !upstream->is_marked) {
        skr_bound_begin_deletion(&upstream->pending->worker->core->bindings, upstream->bound);
        upstream->is_marked = true;
    }
    return status;
}

void skr_container_upstream_settle(struct skr_container_upstream *upstream)
{
    struct skr_pending *pending = upstream->pending;
    if (upstream->bound == NULL)
        return;
    if (pending->change.status == SKR_OK && upstream->is_marked && !upstream->is_ready) {
        pending->again = true;
        return;
    }
    if (upstream->is_marked)
        skr_bound_end_deletion(&pending->worker->core->bindings, upstream->bound);
    skr_bound_release(upstream->bound);
    upstream->bound = NULL;
}
