/* See inbox.h. Waking is done under the lock: the thread may run the task, and close the ring, as soon as it has it. */
#include "skerry/inbox.h"

static void skr_inbox_post(struct skr_executor *executor, struct skr_task *task)
{
    struct skr_inbox *inbox = (struct skr_inbox *)executor;
    task->next = NULL;
    pthread_mutex_lock(&inbox->lock);
    *inbox->last = task;
    inbox->last = &task->next;
    skr_io_wake(inbox->io);
    pthread_mutex_unlock(&inbox->lock);
}

static void skr_inbox_wait(struct skr_executor *executor)
{
    skr_inbox_turn((struct skr_inbox *)executor, -1);
}

enum skr_status skr_inbox_open(struct skr_inbox *inbox, const struct skr_io_options *options, struct skr_error *err)
{
    *inbox = (struct skr_inbox){.executor = {.post = skr_inbox_post, .wait = skr_inbox_wait}};
    inbox->last = &inbox->first;
    pthread_mutex_init(&inbox->lock, NULL);
    return skr_io_open(&inbox->io, options, err);
}

bool skr_inbox_run(struct skr_inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    struct skr_task *task = inbox->first;
    inbox->first = NULL;
    inbox->last = &inbox->first;
    pthread_mutex_unlock(&inbox->lock);
    bool any = task != NULL;
    while (task != NULL) {
        struct skr_task *next = task->next; /* the task is its own's from here on */
        task->run(task);
        task = next;
    }
    return any;
}

void skr_inbox_turn(struct skr_inbox *inbox, int timeout_ms)
{
    if (skr_inbox_run(inbox))
        return;
    skr_io_run(inbox->io, timeout_ms);
    skr_inbox_run(inbox);
}

void skr_inbox_wake(struct skr_inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    if (inbox->io != NULL)
        skr_io_wake(inbox->io);
    pthread_mutex_unlock(&inbox->lock);
}

void skr_inbox_leave(struct skr_inbox *inbox)
{
    pthread_mutex_lock(&inbox->lock);
    struct skr_io *io = inbox->io;
    inbox->io = NULL;
    pthread_mutex_unlock(&inbox->lock);
    skr_io_close(io);
}

void skr_inbox_close(struct skr_inbox *inbox)
{
    if (inbox->executor.post == NULL)
        return;
    skr_io_close(inbox->io);
    pthread_mutex_destroy(&inbox->lock);
    *inbox = (struct skr_inbox){.io = NULL};
}
