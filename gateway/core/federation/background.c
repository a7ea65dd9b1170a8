/* Why: what goes on behind requests, uploading for one, needs what a reactor has, without a reactor's requests: a ring to
 * sleep in, a worker for the operations of core, and an executor on which they end.
 */
#include "background.h"

#include <stdlib.h>

void skr_background_wake(struct skr_background *background)
{
    skr_inbox_wake(&background->inbox);
}

bool skr_background_is_ending(struct skr_background *background)
{
    return atomic_load(&background->stopping);
}

static void *skr_background_run(void *argument)
{
    struct skr_background *background = argument;
    pthread_setname_np(pthread_self(), background->name);
    for (skr_inbox_run(&background->inbox); !atomic_load(&background->stopping); skr_inbox_run(&background->inbox))
        skr_io_run(background->inbox.io, background->turn(background));
    skr_worker_let_go(background->worker); /* nobody waits for what is under way */
    while ((background->wind_down != NULL && !background->wind_down(background)) || !skr_worker_is_idle(background->worker))
        skr_inbox_turn(&background->inbox, 20);
    skr_worker_close(background->worker); /* here: a ring is its thread's */
    background->worker = NULL;
    skr_inbox_leave(&background->inbox);
    return NULL;
}

enum skr_status skr_background_open(struct skr_background *background, struct skr_core *core, struct skr_error *err)
{
    struct skr_io_options options = {.entries = 128, .fault = core->options.fault};
    background->core = core;
    enum skr_status status = skr_inbox_open(&background->inbox, &options, err);
    if (status == SKR_OK)
        status = skr_worker_open(core, background->inbox.io, &background->inbox.executor, &background->worker, err);
    if (status != SKR_OK)
        return status;
    int failed = pthread_create(&background->thread, NULL, skr_background_run, background);
    background->has_thread = failed == 0;
    return failed == 0 ? SKR_OK
                       : skr_fail_os(err, SKR_NO_MEMORY, failed, "cannot start %s: %s", background->name, strerror(failed));
}

void skr_background_close(struct skr_background *background)
{
    if (background->has_thread) {
        atomic_store(&background->stopping, true);
        skr_inbox_wake(&background->inbox);
        pthread_join(background->thread, NULL);
    }
    skr_worker_close(background->worker);
    skr_inbox_close(&background->inbox);
}
