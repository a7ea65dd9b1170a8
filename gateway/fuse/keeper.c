/* Why: a program may write for hours and never close its file. What it wrote is published every few seconds, so that a crash of
 * the machine takes no more than that, and others see it.
 */
#include <time.h>

#include "handles.h"

#define SKR_LONG_NS (INT64_C(5) * 1000000000)

struct skr_keeper {
    struct skr_mount *mount;
    struct skr_caller caller;
    pthread_t thread;
    bool is_started;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t wakes;
    bool stopping;
};

void skr_keeper_publish_all(struct skr_errand *errand, int64_t before_ns)
{
    struct skr_nodes *nodes = &errand->mount->nodes;
    for (struct skr_opened *opened = NULL; (opened = skr_opened_next_drafted(nodes, opened)) != NULL;) {
        pthread_mutex_lock(&opened->lock);
        bool is_due = opened->dirty_since_ns != 0 && opened->dirty_since_ns <= before_ns;
        pthread_mutex_unlock(&opened->lock);
        if (is_due)
            skr_publish(errand, opened);
    }
}

/* False: it is to end. */
static bool skr_keeper_sleep(struct skr_keeper *keeper)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    pthread_mutex_lock(&keeper->lock);
    if (!keeper->stopping)
        pthread_cond_timedwait(&keeper->wakes, &keeper->lock, &until);
    bool goes_on = !keeper->stopping;
    pthread_mutex_unlock(&keeper->lock);
    return goes_on;
}

static void *skr_keeper_run(void *argument)
{
    struct skr_keeper *keeper = argument;
    pthread_setname_np(pthread_self(), "skerry-keeper");
    skr_caller_use(&keeper->caller);
    while (skr_keeper_sleep(keeper)) {
        struct skr_errand errand;
        skr_errand_prepare(&errand, keeper->mount, &keeper->caller);
        skr_keeper_publish_all(&errand, skr_monotonic_ns() - SKR_LONG_NS);
        skr_errand_end(&errand, 0);
        skr_caller_settle(&keeper->caller);
    }
    skr_caller_close(&keeper->caller);
    return NULL;
}

enum skr_status skr_keeper_start(struct skr_mount *mount, struct skr_error *err)
{
    struct skr_keeper *keeper = calloc(1, sizeof *keeper);
    pthread_condattr_t attributes;
    if (keeper == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a mount");
    mount->keeper = keeper;
    keeper->mount = mount;
    pthread_mutex_init(&keeper->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&keeper->wakes, &attributes);
    pthread_condattr_destroy(&attributes);
    enum skr_status status = skr_caller_open(&keeper->caller, mount->options.core, mount->options.fault, &mount->watcher, err);
    if (status != SKR_OK)
        return status;
    int failed = pthread_create(&keeper->thread, NULL, skr_keeper_run, keeper);
    keeper->is_started = failed == 0;
    return failed == 0 ? SKR_OK
                       : skr_fail_os(err, SKR_NO_MEMORY, failed, "cannot start a thread of a mount: %s", strerror(failed));
}

void skr_keeper_stop(struct skr_mount *mount)
{
    struct skr_keeper *keeper = mount->keeper;
    if (keeper == NULL)
        return;
    pthread_mutex_lock(&keeper->lock);
    keeper->stopping = true;
    pthread_cond_signal(&keeper->wakes);
    pthread_mutex_unlock(&keeper->lock);
    if (keeper->is_started)
        pthread_join(keeper->thread, NULL);
    else
        skr_caller_close(&keeper->caller);
    pthread_cond_destroy(&keeper->wakes);
    pthread_mutex_destroy(&keeper->lock);
    free(keeper);
    mount->keeper = NULL;
}
