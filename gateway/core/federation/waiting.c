/* See waiting.h. A waiter is of its own memory, because it may be on its way to its thread when its owner goes. */
#include "waiting.h"

#include <stdlib.h>

static void skr_waiter_run(struct skr_task *task)
{
    struct skr_waiter *waiter = (struct skr_waiter *)task;
    if (waiter->run != NULL)
        waiter->run(waiter->context);
    waiter->worker->under_way--;
    free(waiter);
}

struct skr_waiter *skr_waiter_new(struct skr_worker *worker, void (*run)(void *context), void *context)
{
    struct skr_waiter *waiter = malloc(sizeof *waiter);
    if (waiter == NULL)
        return NULL;
    *waiter = (struct skr_waiter){.task = {.run = skr_waiter_run}, .worker = worker, .run = run, .context = context};
    worker->under_way++;
    return waiter;
}

void skr_waiter_forget(struct skr_waiter *waiter)
{
    if (waiter != NULL)
        waiter->run = NULL;
}

void skr_waiter_drop(struct skr_waiter *waiter)
{
    waiter->worker->under_way--;
    free(waiter);
}

void skr_waiters_wake(struct skr_waiter **list)
{
    struct skr_waiter *waiter = *list;
    *list = NULL;
    while (waiter != NULL) {
        struct skr_waiter *next = waiter->next; /* it may be gone as soon as it was posted */
        waiter->worker->executor->post(waiter->worker->executor, &waiter->task);
        waiter = next;
    }
}
