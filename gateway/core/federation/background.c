/* Why: what goes on behind requests, uploading for one, needs what a reactor has, without a reactor's requests: a ring to
 * sleep in, a worker for the operations of core, and an executor on which they end.
 */
#include "background.h"

#include <stdlib.h>

static void skr_background_post(struct skr_executor *executor, struct skr_task *task)
{
    struct skr_background *background = (struct skr_background *)executor;
    task->next = NULL;
    pthread_mutex_lock(&background->lock);
    *background->last = task;
    background->last = &task->next;
    skr_io_wake(background->io); /* under the lock: the thread may run the task, and close the ring, as soon as it has it */
    pthread_mutex_unlock(&background->lock);
}

void skr_background_wake(struct skr_background *background)
{
    pthread_mutex_lock(&background->lock);
    if (background->io != NULL)
        skr_io_wake(background->io);
    pthread_mutex_unlock(&background->lock);
}

bool skr_background_is_ending(struct skr_background *background)
{
    pthread_mutex_lock(&background->lock);
    bool stopping = background->stopping;
    pthread_mutex_unlock(&background->lock);
    return stopping;
}

/* Runs what ended. False: the thread is to end. */
static bool skr_background_drain(struct skr_background *background)
{
    pthread_mutex_lock(&background->lock);
    struct skr_task *task = background->first;
    background->first = NULL;
    background->last = &background->first;
    bool stopping = background->stopping;
    pthread_mutex_unlock(&background->lock);
    while (task != NULL) {
        struct skr_task *next = task->next;
        task->run(task);
        task = next;
    }
    return !stopping;
}

static void *skr_background_run(void *argument)
{
    struct skr_background *background = argument;
    pthread_setname_np(pthread_self(), background->name);
    while (skr_background_drain(background))
        skr_io_run(background->io, background->turn(background));
    skr_worker_let_go(background->worker); /* nobody waits for what is under way */
    while ((background->wind_down != NULL && !background->wind_down(background)) || !skr_worker_is_idle(background->worker)) {
        skr_io_run(background->io, 20);
        skr_background_drain(background);
    }
    skr_worker_close(background->worker); /* here: a ring is its thread's */
    background->worker = NULL;
    pthread_mutex_lock(&background->lock);
    struct skr_io *io = background->io;
    background->io = NULL;
    pthread_mutex_unlock(&background->lock);
    skr_io_close(io);
    return NULL;
}

enum skr_status skr_background_open(struct skr_background *background, struct skr_core *core, struct skr_error *err)
{
    background->executor.post = skr_background_post;
    background->core = core;
    background->last = &background->first;
    pthread_mutex_init(&background->lock, NULL);
    struct skr_io_options options = {.entries = 128, .fault = core->options.fault};
    enum skr_status status = skr_io_open(&background->io, &options, err);
    if (status == SKR_OK)
        status = skr_worker_open(core, background->io, &background->executor, &background->worker, err);
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
        pthread_mutex_lock(&background->lock);
        background->stopping = true;
        if (background->io != NULL)
            skr_io_wake(background->io);
        pthread_mutex_unlock(&background->lock);
        pthread_join(background->thread, NULL);
    }
    skr_worker_close(background->worker);
    skr_io_close(background->io);
    pthread_mutex_destroy(&background->lock);
}
