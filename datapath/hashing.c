/* Why threads: MD5 takes longer than everything else that is done with an upload's bytes together. On a reactor it would hold
 * up all of the reactor's connections, and one stream could use one core only. A thread takes all jobs that wait, up to as many
 * as there are lanes: the busier it is, the more it does at once.
 */
#include "hashing.h"

#include <string.h>
#include <unistd.h>

static void *skr_hashing_run(void *argument)
{
    struct skr_hashing *hashing = argument;
    pthread_setname_np(pthread_self(), "skr-hashing");
    pthread_mutex_lock(&hashing->lock);
    for (;;) {
        struct skr_hash_job *jobs[SKR_MD5_LANES];
        struct skr_md5_work work[SKR_MD5_LANES];
        size_t count = 0;
        while (hashing->first == NULL && !hashing->stopping) {
            hashing->waiting++;
            pthread_cond_wait(&hashing->filled, &hashing->lock);
            hashing->waiting--;
        }
        if (hashing->first == NULL)
            break;
        while (hashing->first != NULL && count < SKR_MD5_LANES) {
            jobs[count] = hashing->first;
            work[count] = hashing->first->work;
            hashing->first = hashing->first->next;
            count++;
        }
        if (hashing->first == NULL)
            hashing->last = &hashing->first;
        pthread_mutex_unlock(&hashing->lock);
        skr_md5_update_many(work, count);
        for (size_t i = 0; i < count; i++)
            skr_io_complete(jobs[i]->io, &jobs[i]->op, 0);
        pthread_mutex_lock(&hashing->lock);
    }
    pthread_mutex_unlock(&hashing->lock);
    return NULL;
}

enum skr_status skr_hashing_open(struct skr_hashing *hashing, struct skr_error *err)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned wanted = cores < 4 ? 1 : (unsigned)cores / 4;
    const unsigned most = sizeof hashing->threads / sizeof *hashing->threads;
    pthread_mutex_init(&hashing->lock, NULL);
    pthread_cond_init(&hashing->filled, NULL);
    hashing->last = &hashing->first;
    hashing->opened = true;
    for (wanted = wanted > most ? most : wanted; hashing->thread_count < wanted; hashing->thread_count++) {
        int failed = pthread_create(&hashing->threads[hashing->thread_count], NULL, skr_hashing_run, hashing);
        if (failed != 0)
            return skr_fail_os(err, SKR_NO_MEMORY, failed, "cannot start a hashing thread: %s", strerror(failed));
    }
    return SKR_OK;
}

void skr_hashing_close(struct skr_hashing *hashing)
{
    if (!hashing->opened)
        return;
    pthread_mutex_lock(&hashing->lock);
    hashing->stopping = true;
    pthread_cond_broadcast(&hashing->filled);
    pthread_mutex_unlock(&hashing->lock);
    for (unsigned i = 0; i < hashing->thread_count; i++)
        pthread_join(hashing->threads[i], NULL);
    pthread_cond_destroy(&hashing->filled);
    pthread_mutex_destroy(&hashing->lock);
    hashing->opened = false;
}

void skr_hashing_submit(struct skr_hashing *hashing, struct skr_hash_job *job)
{
    job->next = NULL;
    pthread_mutex_lock(&hashing->lock);
    *hashing->last = job;
    hashing->last = &job->next;
    if (hashing->waiting > 0)
        pthread_cond_signal(&hashing->filled);
    pthread_mutex_unlock(&hashing->lock);
}
