/* The life of one asynchronous change: copied, submitted, applied on the commit thread, completed on the worker's thread.
 * Invariant: `done` runs at most once, on the worker's thread, never inside the call that started the change. */
#include <stdlib.h>

#include "federation/fetching.h"
#include "state.h"

static void skr_pending_free(struct skr_pending *pending)
{
    pending->worker->under_way--;
    skr_arena_release(&pending->arena);
    free(pending);
}

static void skr_note_room(struct skr_core *core, enum skr_status status)
{
    bool full = status == SKR_NO_SPACE;
    if ((full || status == SKR_OK) && atomic_load_explicit(&core->out_of_space, memory_order_relaxed) != full)
        atomic_store_explicit(&core->out_of_space, full, memory_order_relaxed);
}

static struct skr_pending *skr_pending_go(struct skr_pending *pending)
{
    if (pending->go == NULL)
        return skr_pending_submit(pending);
    pending->go(pending);
    return pending;
}

static void skr_pending_complete(struct skr_task *task)
{
    struct skr_pending *pending = (struct skr_pending *)((char *)task - offsetof(struct skr_change, task));
    enum skr_status status = pending->change.status;
    skr_note_room(pending->worker->core, status);
    if (skr_await_room(pending))
        return; /* it is submitted again */
    if (pending->settle != NULL)
        pending->settle(pending);
    status = pending->change.status; /* settling may have failed */
    if (pending->again) {
        pending->again = false;
        skr_pending_go(pending);
        return;
    }
    pending->settle = NULL;
    if (skr_await_upstream(pending))
        return; /* completed again when upstream has it, or does not take it */
    if (pending->done != NULL) {
        struct skr_result result = {
            .status = status,
            .error = &pending->change.error,
            .object = status == SKR_OK && pending->has_object ? &pending->object : NULL,
            .container = status == SKR_OK && pending->has_container ? &pending->container : NULL,
            .block = status == SKR_OK && pending->has_block ? &pending->block : NULL,
            .upload_id = status == SKR_OK ? pending->upload_id : 0,
            .flush = pending->flush,
            .job_id = status == SKR_OK ? pending->job_id : 0,
        };
        pending->done(pending->context, &result);
    }
    skr_pending_free(pending);
}

void *skr_pending_new(struct skr_worker *worker, size_t size,
                      enum skr_status (*apply)(struct skr_view *, struct skr_change *, struct skr_error *), skr_done done,
                      void *context)
{
    struct skr_pending *pending = aligned_alloc(16, (size + 15) & ~(size_t)15);
    if (pending == NULL)
        return NULL;
    memset(pending, 0, offsetof(struct skr_pending, memory));
    if (size > sizeof *pending)
        memset((char *)pending + sizeof *pending, 0, size - sizeof *pending);
    skr_arena_seed(&pending->arena, pending->memory, sizeof pending->memory);
    pending->worker = worker;
    pending->done = done;
    pending->context = context;
    pending->change.apply = apply;
    pending->change.origin = worker->watcher;
    pending->change.executor = worker->executor;
    pending->change.task.run = skr_pending_complete;
    worker->under_way++;
    return pending;
}

struct skr_pending *skr_pending_fail(struct skr_pending *pending, enum skr_status status, const char *message)
{
    pending->change.status = skr_fail(&pending->change.error, status, "%s", message);
    pending->worker->executor->post(pending->worker->executor, &pending->change.task);
    return pending;
}

struct skr_pending *skr_pending_submit(struct skr_pending *pending)
{
    enum skr_status status = skr_meta_submit(pending->worker->core->meta, &pending->change);
    if (status == SKR_OK)
        return pending;
    return skr_pending_fail(pending, status,
                            status == SKR_BUSY ? "too many changes are waiting"
                                               : "the store takes no changes until it is restarted");
}

void skr_pending_detach(struct skr_pending *pending)
{
    if (pending != NULL)
        pending->done = NULL;
}

/* ---- objects of bound containers ---- */

static void skr_pending_look(struct skr_pending *pending);

static void skr_pending_looked(void *context, enum skr_status status)
{
    struct skr_pending *pending = context;
    pending->preparation = NULL;
    if (status == SKR_OK)
        skr_pending_look(pending);
    else
        skr_pending_fail(pending, status, "what is behind the container does not say what is there");
}

static void skr_pending_fetched(void *context, enum skr_status status, const struct skr_error *err)
{
    struct skr_pending *pending = context;
    pending->fetching = NULL;
    if (status == SKR_OK)
        skr_pending_look(pending);
    else
        skr_pending_fail(pending, status, err->message);
}

/* False: it waits, or failed. */
static bool skr_pending_fetch(struct skr_pending *pending)
{
    const struct skr_copy_source *source = pending->fetches;
    struct skr_error error = {.message = ""};
    pending->fetches = NULL;
    if (source == NULL)
        return true;
    struct skr_fetching_plan plan = {.name = &source->name,
                                     .offset = source->offset,
                                     .length = source->length,
                                     .ready = skr_pending_fetched,
                                     .context = pending};
    enum skr_status status = skr_fetching_begin(pending->worker, &plan, &pending->fetching, &error);
    if (status != SKR_OK && status != SKR_PENDING)
        skr_pending_fail(pending, status, error.message);
    return status == SKR_OK;
}

/* Asks for the next of what must be known, then submits. */
static void skr_pending_look(struct skr_pending *pending)
{
    while (pending->look_count > 0) {
        const struct skr_object_name *name = pending->looks[--pending->look_count];
        struct skr_error error = {.message = ""};
        enum skr_status status = skr_prepare_object(pending->worker, name, SKR_INTENT_LOOK, SKR_OFFSET_UNKNOWN,
                                                    skr_pending_looked, pending, &pending->preparation, &error);
        if (status == SKR_PENDING)
            return;
        if (status != SKR_OK) {
            skr_pending_fail(pending, status, error.message);
            return;
        }
    }
    if (!skr_pending_fetch(pending))
        return;
    if (pending->written != NULL)
        pending->awaited.is_absent_upstream = skr_is_absent_upstream(pending->worker, pending->written);
    skr_pending_go(pending);
}

static bool skr_is_bound(struct skr_worker *worker, const struct skr_object_name *name)
{
    struct skr_bound *bound = skr_bound_find(&worker->core->bindings, worker->reader, name->account, name->container);
    skr_bound_release(bound);
    return bound != NULL;
}

enum skr_status skr_bound_admit(struct skr_worker *worker, const struct skr_object_name *name, bool *is_bound,
                                struct skr_error *err)
{
    struct skr_bound *bound = skr_bound_find(&worker->core->bindings, worker->reader, name->account, name->container);
    enum skr_status status = SKR_OK;
    *is_bound = bound != NULL;
    if (bound != NULL && bound->binding.mode == SKR_BINDING_READ_ONLY)
        status = skr_fail(err, SKR_BOUND_READ_ONLY, "the container is bound to an upstream for reading only");
    else if (bound != NULL && bound->binding.mode == SKR_BINDING_WRITE_THROUGH && skr_bound_is_away(bound))
        status = skr_fail(err, SKR_UPSTREAM_FAILED, "upstream does not answer, and has to have what is written");
    skr_bound_release(bound);
    return status;
}

struct skr_pending *skr_pending_submit_object(struct skr_pending *pending, const struct skr_object_name *name, bool looks,
                                              const struct skr_object_name *source)
{
    if (atomic_load_explicit(&pending->worker->core->bindings.count, memory_order_acquire) == 0)
        return skr_pending_go(pending); /* contents of a binding that was detached are whole, or gone */
    struct skr_error error = {.message = ""};
    bool is_bound;
    enum skr_status status = skr_bound_admit(pending->worker, name, &is_bound, &error);
    if (status != SKR_OK)
        return skr_pending_fail(pending, status, error.message);
    if (looks)
        pending->looks[pending->look_count++] = pending->written = name;
    if (source != NULL)
        pending->looks[pending->look_count++] = source;
    skr_pending_look(pending);
    return pending;
}

/* Are both behind one binding, which writes? */
static bool skr_is_one_binding(struct skr_worker *worker, const struct skr_object_name *a, const struct skr_object_name *b)
{
    return skr_bytes_equal(a->account, b->account) && skr_bytes_equal(a->container, b->container) && skr_is_bound(worker, a);
}

struct skr_pending *skr_pending_submit_copy(struct skr_pending *pending, const struct skr_object_name *name, bool looks,
                                            const struct skr_copy_source *source, bool whole)
{
    if (!whole || !skr_is_one_binding(pending->worker, name, &source->name))
        pending->fetches = source;
    return skr_pending_submit_object(pending, name, looks, &source->name);
}
