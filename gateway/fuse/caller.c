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

enum skr_status skr_caller_open(struct skr_caller *caller, struct skr_core *core, struct skr_io_fault *fault,
                                struct skr_watcher *watcher, struct skr_error *err)
{
    struct skr_io_options options = {.entries = 64, .fault = fault};
    *caller = (struct skr_caller){.worker = NULL};
    enum skr_status status = skr_inbox_open(&caller->inbox, &options, err);
    if (status == SKR_OK)
        status = skr_worker_open(core, caller->inbox.io, &caller->inbox.executor, &caller->worker, err);
    if (status == SKR_OK)
        skr_worker_set_watcher(caller->worker, watcher);
    return status;
}

void skr_caller_close(struct skr_caller *caller)
{
    if (caller->worker != NULL) {
        skr_worker_let_go(caller->worker);
        while (!skr_worker_is_idle(caller->worker))
            skr_inbox_turn(&caller->inbox, 20);
        skr_worker_close(caller->worker);
    }
    skr_inbox_close(&caller->inbox);
    caller->worker = NULL;
}

void skr_caller_settle(struct skr_caller *caller)
{
    while (!skr_worker_is_idle(caller->worker))
        skr_inbox_turn(&caller->inbox, SKR_GIVE_UP_MS);
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
        skr_inbox_turn(&caller->inbox, -1);
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
        skr_inbox_turn(&caller->inbox, gave_up == NULL ? -1 : SKR_GIVE_UP_MS);
    }
    return true;
}
