/* Why: core works for threads that sleep in a ring and are called back. The kernel's requests are served one at a time a
 * thread, from beginning to end; so the thread sleeps in its ring in the middle of a request.
 */
#include "caller.h"

#define SKR_GIVE_UP_MS 200 /* how often a long wait asks whether anybody still wants to know */

static _Thread_local struct skr_caller *skr_callers_own;

struct skr_caller *skr_this_caller(void)
{
    return skr_callers_own;
}

void skr_caller_use(struct skr_caller *caller)
{
    skr_callers_own = caller;
}

static void skr_caller_post(struct skr_executor *executor, struct skr_task *task)
{
    struct skr_caller *caller = (struct skr_caller *)executor;
    task->next = NULL;
    pthread_mutex_lock(&caller->lock);
    *caller->last = task;
    caller->last = &task->next;
    skr_io_wake(caller->io); /* under the lock: the thread may run the task, and close the ring, as soon as it has it */
    pthread_mutex_unlock(&caller->lock);
}

/* Runs what ended. False: nothing had. */
static bool skr_caller_drain(struct skr_caller *caller)
{
    pthread_mutex_lock(&caller->lock);
    struct skr_task *task = caller->first;
    caller->first = NULL;
    caller->last = &caller->first;
    pthread_mutex_unlock(&caller->lock);
    bool any = task != NULL;
    while (task != NULL) {
        struct skr_task *next = task->next;
        task->run(task);
        task = next;
    }
    return any;
}

void skr_caller_turn(struct skr_caller *caller, int timeout_ms)
{
    if (!skr_caller_drain(caller))
        skr_io_run(caller->io, timeout_ms);
}

/* As the executor's `wait`. */
static void skr_caller_sleep(struct skr_executor *executor)
{
    skr_caller_turn((struct skr_caller *)executor, -1);
}

enum skr_status skr_caller_open(struct skr_caller *caller, struct skr_core *core, struct skr_io_fault *fault,
                                struct skr_watcher *watcher, struct skr_error *err)
{
    struct skr_io_options options = {.entries = 64, .fault = fault};
    *caller = (struct skr_caller){.executor = {.post = skr_caller_post, .wait = skr_caller_sleep}};
    caller->last = &caller->first;
    pthread_mutex_init(&caller->lock, NULL);
    enum skr_status status = skr_io_open(&caller->io, &options, err);
    if (status == SKR_OK)
        status = skr_worker_open(core, caller->io, &caller->executor, &caller->worker, err);
    if (status == SKR_OK)
        skr_worker_set_watcher(caller->worker, watcher);
    return status;
}

void skr_caller_close(struct skr_caller *caller)
{
    if (caller->worker != NULL) {
        skr_worker_let_go(caller->worker);
        while (!skr_worker_is_idle(caller->worker))
            skr_caller_turn(caller, 20);
        skr_worker_close(caller->worker);
    }
    skr_io_close(caller->io);
    if (caller->executor.post != NULL)
        pthread_mutex_destroy(&caller->lock);
    *caller = (struct skr_caller){.io = NULL};
}

void skr_caller_settle(struct skr_caller *caller)
{
    while (!skr_worker_is_idle(caller->worker))
        skr_caller_turn(caller, SKR_GIVE_UP_MS);
}

void skr_facts_of_object(struct skr_facts *out, enum skr_file_kind kind, const struct skr_object *object)
{
    *out = (struct skr_facts){
        .kind = kind, .object_id = object->id, .content = object->content, .modified_ns = object->modified_ns};
    skr_file_attributes_of(object, &out->attributes);
}

void skr_outcome_done(void *context, const struct skr_result *result)
{
    struct skr_outcome *outcome = context;
    outcome->called = true;
    outcome->status = result->status;
    if (result->status != SKR_OK)
        outcome->error = *result->error;
    outcome->has_facts = result->object != NULL;
    if (result->object != NULL)
        skr_facts_of_object(&outcome->facts, skr_file_kind_of(SKR_NO_BYTES, result->object), result->object);
}

enum skr_status skr_caller_wait(struct skr_caller *caller, const struct skr_pending *pending, struct skr_outcome *outcome)
{
    if (pending == NULL)
        return outcome->status = skr_fail(&outcome->error, SKR_NO_MEMORY, "no memory for a change");
    while (!outcome->called)
        skr_caller_turn(caller, -1);
    return outcome->status;
}

void skr_signal_set(void *context, enum skr_status status)
{
    struct skr_signal *signal = context;
    signal->called = true;
    signal->status = status;
}

bool skr_caller_await(struct skr_caller *caller, const struct skr_signal *signal, bool (*gave_up)(void *context), void *context)
{
    while (!signal->called) {
        if (gave_up != NULL && gave_up(context))
            return false;
        skr_caller_turn(caller, gave_up == NULL ? -1 : SKR_GIVE_UP_MS);
    }
    return true;
}
