/* Why threads: MD5 takes longer than everything else that is done with an upload's bytes together. On a reactor it would hold
 * up all of the reactor's connections, and one stream could use one core only. A thread takes all jobs that wait, up to as many
 * as there are lanes. All lanes take as long as two streams one after the other, so a thread begins when the lanes are full or
 * somebody is in need of a result, not as soon as there is a job.
 */
#include "hashing.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

#define SKR_GATHER_NS 300000

/* Under the lock; there is one. */
static struct skr_hash_job *skr_hashing_next(struct skr_hashing *hashing)
{
    struct skr_hash_job *job = hashing->first;
    hashing->first = job->next;
    if (hashing->first == NULL)
        hashing->last = &hashing->first;
    hashing->queued--;
    hashing->urgent -= job->urgent;
    job->waits = false;
    return job;
}

/* What a thread hashed in one go. */
struct skr_hash_batch {
    struct skr_hash_job *jobs[SKR_MD5_LANES];
    struct skr_md5 *streams[SKR_MD5_LANES]; /* only to be compared: they may be gone */
    size_t count;
};

/* How many streams were in either of two batches. */
static size_t skr_hashing_streams(const struct skr_hash_batch *one, const struct skr_hash_batch *other)
{
    size_t streams = one->count;
    for (size_t i = 0; i < other->count; i++) {
        bool in_both = false;
        for (size_t j = 0; j < one->count; j++)
            in_both |= other->streams[i] == one->streams[j];
        streams += !in_both;
    }
    return streams < SKR_MD5_LANES ? streams : SKR_MD5_LANES;
}

/* Under the lock: until the lanes are full or a job is urgent. The streams that were hashed just now come back one shortly
 * after the other, so the first of `together` is not begun alone. */
static void skr_hashing_gather(struct skr_hashing *hashing, size_t together)
{
    struct timespec end;
    while (hashing->queued < SKR_MD5_LANES && hashing->urgent == 0 && !hashing->stopping) {
        hashing->waiting++;
        pthread_cond_wait(&hashing->filled, &hashing->lock);
        hashing->waiting--;
    }
    clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_nsec += SKR_GATHER_NS;
    end.tv_sec += end.tv_nsec / 1000000000;
    end.tv_nsec %= 1000000000;
    hashing->gathering++;
    while (hashing->queued > 0 && hashing->queued < together && !hashing->stopping)
        if (pthread_cond_clockwait(&hashing->gathered, &hashing->lock, CLOCK_MONOTONIC, &end) != 0)
            break;
    hashing->gathering--;
}

static void *skr_hashing_run(void *argument)
{
    struct skr_hashing *hashing = argument;
    struct skr_hash_batch batches[2] = {{.count = 0}, {.count = 0}}, *batch = &batches[0], *before = &batches[1];
    pthread_setname_np(pthread_self(), "skr-hashing");
    pthread_mutex_lock(&hashing->lock);
    for (;;) {
        struct skr_md5_work work[SKR_MD5_LANES];
        skr_hashing_gather(hashing, skr_hashing_streams(batch, before));
        if (hashing->first == NULL && hashing->stopping)
            break;
        struct skr_hash_batch *oldest = before;
        before = batch;
        batch = oldest;
        for (batch->count = 0; hashing->first != NULL && batch->count < SKR_MD5_LANES; batch->count++) {
            struct skr_hash_job *job = skr_hashing_next(hashing);
            batch->jobs[batch->count] = job;
            batch->streams[batch->count] = job->work.md5;
            work[batch->count] = job->work;
        }
        pthread_mutex_unlock(&hashing->lock);
        skr_md5_update_many(work, batch->count);
        for (size_t i = 0; i < batch->count; i++)
            skr_io_complete(batch->jobs[i]->io, &batch->jobs[i]->op, 0);
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
    pthread_cond_init(&hashing->gathered, NULL);
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
    pthread_cond_broadcast(&hashing->gathered);
    pthread_mutex_unlock(&hashing->lock);
    for (unsigned i = 0; i < hashing->thread_count; i++)
        pthread_join(hashing->threads[i], NULL);
    pthread_cond_destroy(&hashing->filled);
    pthread_cond_destroy(&hashing->gathered);
    pthread_mutex_destroy(&hashing->lock);
    hashing->opened = false;
}

/* Under the lock. */
static void skr_hashing_wake(struct skr_hashing *hashing)
{
    if (hashing->waiting > 0 && (hashing->urgent > 0 || hashing->queued >= SKR_MD5_LANES))
        pthread_cond_signal(&hashing->filled);
    if (hashing->gathering > 0)
        pthread_cond_broadcast(&hashing->gathered);
}

void skr_hashing_submit(struct skr_hashing *hashing, struct skr_hash_job *job, bool urgent)
{
    job->next = NULL;
    job->waits = true;
    job->urgent = urgent;
    pthread_mutex_lock(&hashing->lock);
    *hashing->last = job;
    hashing->last = &job->next;
    hashing->queued++;
    hashing->urgent += urgent;
    skr_hashing_wake(hashing);
    pthread_mutex_unlock(&hashing->lock);
}

void skr_hashing_hurry(struct skr_hashing *hashing, struct skr_hash_job *job)
{
    pthread_mutex_lock(&hashing->lock);
    if (job->waits && !job->urgent) {
        job->urgent = true;
        hashing->urgent++;
        skr_hashing_wake(hashing);
    }
    pthread_mutex_unlock(&hashing->lock);
}
