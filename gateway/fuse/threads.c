/* Why so: a request is served on one thread from beginning to end, and may wait for an upstream there. Were all of them to
 * wait, nothing could be closed or forgotten meanwhile; so some threads never do: what may wait and would be the last is put
 * aside, and taken up by whoever gets free.
 *
 * What comes from an upstream comes through the ring of the thread that asked for it, also after the request is over, and for
 * whoever else waits for it. While something is under way the thread therefore sleeps in its ring, where it hears of requests,
 * too; otherwise in the kernel, which wakes one thread for one request.
 */
#include <fcntl.h>
#include <linux/fuse.h>
#include <signal.h>
#include <unistd.h>

#include "mount_state.h"

#define SKR_NEVER_WAITING 2 /* threads */
#define SKR_WAKE_MS 10
#define SKR_DRIVE_MS 100 /* how often it looks whether it is to end */

/* A request that was read and not begun. */
struct skr_deferred {
    struct skr_deferred *next;
    int fd; /* where it was read, and is to be answered */
    size_t size;
    _Alignas(16) char bytes[];
};

struct skr_thread {
    struct skr_mount *mount;
    struct skr_caller caller; /* owned by the thread while it runs */
    struct fuse_buf request;
    char *buffer; /* SKR_BUFFER_BYTES */
    int fd;       /* its own descriptor; -1: the one that was mounted */
    bool is_nonblocking;
    struct skr_io_op poll; /* whether there is a request */
    bool is_polled;        /* that is asked */
    pthread_t thread;
    bool is_started;
    _Atomic bool has_ended;
};

struct skr_threads {
    struct skr_thread *threads;
    unsigned count;
    _Atomic bool stopping;
    pthread_mutex_t lock; /* guards what follows */
    unsigned waiting;     /* threads with a request that may wait */
    struct skr_deferred *first, **last;
    unsigned running;
};

static _Thread_local char *skr_threads_buffer;

char *skr_this_buffer(void)
{
    return skr_threads_buffer;
}

/* ---- putting aside ---- */

static bool skr_may_wait(const void *request, size_t size)
{
    const struct fuse_in_header *header = request;
    if (size < sizeof *header)
        return false;
    for (size_t i = 0; i < SKR_OPERATION_COUNT; i++)
        if (skr_operation_rows[i].number == header->opcode)
            return skr_operation_rows[i].waits;
    return header->opcode == FUSE_RENAME2;
}

/* False: it was put aside. */
static bool skr_begin_waiting(struct skr_threads *threads, struct skr_thread *thread, size_t size)
{
    bool begins = true;
    struct skr_deferred *deferred = NULL;
    pthread_mutex_lock(&threads->lock);
    if (threads->waiting + SKR_NEVER_WAITING >= threads->count)
        deferred = malloc(sizeof *deferred + size); /* without memory it begins all the same */
    if (deferred != NULL) {
        begins = false;
        deferred->next = NULL;
        deferred->fd = thread->fd;
        deferred->size = size;
        memcpy(deferred->bytes, thread->request.mem, size);
        *threads->last = deferred;
        threads->last = &deferred->next;
    } else {
        threads->waiting++;
    }
    pthread_mutex_unlock(&threads->lock);
    return begins;
}

/* One that may wait is over: the next of those that were put aside, in its place. */
static struct skr_deferred *skr_end_waiting(struct skr_threads *threads)
{
    pthread_mutex_lock(&threads->lock);
    struct skr_deferred *next = threads->first;
    if (next == NULL) {
        threads->waiting--;
    } else {
        threads->first = next->next;
        if (threads->first == NULL)
            threads->last = &threads->first;
    }
    pthread_mutex_unlock(&threads->lock);
    return next;
}

/* ---- the loop ---- */

static void skr_thread_process(struct skr_thread *thread, size_t size)
{
    struct skr_mount *mount = thread->mount;
    struct skr_threads *threads = mount->threads;
    if (!skr_may_wait(thread->request.mem, size)) {
        fuse_session_process_buf(mount->session, &thread->request);
        return;
    }
    if (!skr_begin_waiting(threads, thread, size))
        return;
    fuse_session_process_buf(mount->session, &thread->request);
    for (struct skr_deferred *next; (next = skr_end_waiting(threads)) != NULL;) {
        struct fuse_buf request = {.mem = next->bytes, .size = next->size};
        skr_transport_use(next->fd);
        fuse_session_process_buf(mount->session, &request);
        skr_transport_use(thread->fd);
        free(next);
    }
}

/* ---- with something under way from an upstream ---- */

static void skr_thread_polled(struct skr_io_op *op, int result)
{
    (void)result; /* reading tells */
    ((struct skr_thread *)((char *)op - offsetof(struct skr_thread, poll)))->is_polled = false;
}

static void skr_thread_set_nonblocking(struct skr_thread *thread, bool nonblocking)
{
    if (thread->fd < 0 || thread->is_nonblocking == nonblocking)
        return;
    int flags = fcntl(thread->fd, F_GETFL);
    fcntl(thread->fd, F_SETFL, nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK);
    thread->is_nonblocking = nonblocking;
}

/* Until there is a request, or nothing is under way any more. With a descriptor that it shares it takes no request meanwhile.
 */
static void skr_thread_drive(struct skr_thread *thread)
{
    struct skr_caller *caller = &thread->caller;
    if (thread->fd >= 0 && !thread->is_polled) {
        thread->is_polled = true;
        thread->poll.done = skr_thread_polled;
        skr_io_poll(caller->inbox.io, &thread->poll, thread->fd);
    }
    while (!skr_worker_is_idle(caller->worker) && (thread->fd < 0 || thread->is_polled) &&
           !atomic_load(&thread->mount->threads->stopping))
        skr_inbox_turn(&caller->inbox, SKR_DRIVE_MS);
}

/* As fuse_session_receive_buf(). */
static int skr_thread_receive(struct skr_thread *thread)
{
    if (!skr_worker_is_idle(thread->caller.worker))
        skr_thread_drive(thread);
    skr_thread_set_nonblocking(thread, !skr_worker_is_idle(thread->caller.worker));
    return fuse_session_receive_buf(thread->mount->session, &thread->request);
}

static void skr_thread_ends(struct skr_thread *thread)
{
    struct skr_threads *threads = thread->mount->threads;
    pthread_mutex_lock(&threads->lock);
    bool is_last = --threads->running == 0;
    pthread_mutex_unlock(&threads->lock);
    if (is_last && !atomic_load(&thread->mount->is_closing))
        skr_log(SKR_LOG_WARNING, "mount", "%s was unmounted from outside: the server goes on without it",
                thread->mount->directory);
    atomic_store(&thread->has_ended, true);
}

static void *skr_thread_run(void *argument)
{
    struct skr_thread *thread = argument;
    struct skr_mount *mount = thread->mount;
    pthread_setname_np(pthread_self(), "skerry-mount");
    skr_transport_use(thread->fd);
    skr_caller_use(&thread->caller);
    skr_threads_buffer = thread->buffer;
    while (!atomic_load(&mount->threads->stopping)) {
        int size = skr_thread_receive(thread);
        if (size > 0)
            skr_thread_process(thread, (size_t)size);
        else if (size != -EINTR && size != -EAGAIN && size != -EIO)
            break; /* it was unmounted */
    }
    if (thread->is_polled)
        skr_io_cancel(thread->caller.inbox.io, &thread->poll);
    skr_caller_close(&thread->caller); /* here: a ring is its thread's */
    skr_thread_ends(thread);
    return NULL;
}

static void skr_woken(int number)
{
    (void)number; /* reading has been interrupted: that was all */
}

/* Threads that read sleep in the kernel: a signal wakes them. */
static void skr_take_wake_signal(void)
{
    struct sigaction action = {.sa_handler = skr_woken};
    sigemptyset(&action.sa_mask);
    sigaction(SIGURG, &action, NULL);
}

static enum skr_status skr_thread_start(struct skr_mount *mount, struct skr_thread *thread, struct skr_error *err)
{
    thread->mount = mount;
    thread->fd = skr_transport_clone(&mount->transport);
    thread->buffer = aligned_alloc(4096, SKR_BUFFER_BYTES);
    if (thread->buffer == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the threads of a mount");
    enum skr_status status = skr_caller_open(&thread->caller, mount->options.core, mount->options.fault, &mount->watcher, err);
    if (status != SKR_OK)
        return status;
    mount->threads->running++;
    int failed = pthread_create(&thread->thread, NULL, skr_thread_run, thread);
    thread->is_started = failed == 0;
    if (failed == 0)
        return SKR_OK;
    mount->threads->running--;
    return skr_fail_os(err, SKR_NO_MEMORY, failed, "cannot start a thread of a mount: %s", strerror(failed));
}

enum skr_status skr_threads_start(struct skr_mount *mount, struct skr_error *err)
{
    struct skr_threads *threads = calloc(1, sizeof *threads);
    if (threads != NULL)
        threads->threads = calloc(mount->options.threads, sizeof *threads->threads);
    if (threads == NULL || threads->threads == NULL) {
        free(threads);
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the threads of a mount");
    }
    threads->count = mount->options.threads;
    threads->last = &threads->first;
    pthread_mutex_init(&threads->lock, NULL);
    for (unsigned i = 0; i < threads->count; i++)
        threads->threads[i].fd = -1;
    mount->threads = threads;
    skr_take_wake_signal();
    pthread_mutex_lock(&threads->lock); /* none of them ends before all are counted */
    enum skr_status status = SKR_OK;
    for (unsigned i = 0; i < threads->count && status == SKR_OK; i++)
        status = skr_thread_start(mount, &threads->threads[i], err);
    pthread_mutex_unlock(&threads->lock);
    return status;
}

static void skr_thread_stop(struct skr_thread *thread)
{
    while (thread->is_started && !atomic_load(&thread->has_ended)) {
        pthread_kill(thread->thread, SIGURG); /* again and again: it may come just before the thread reads */
        usleep(SKR_WAKE_MS * 1000);
    }
    if (thread->is_started)
        pthread_join(thread->thread, NULL);
    else
        skr_caller_close(&thread->caller);
    if (thread->fd >= 0)
        close(thread->fd);
    free(thread->request.mem);
    free(thread->buffer);
}

void skr_threads_stop(struct skr_mount *mount)
{
    struct skr_threads *threads = mount->threads;
    if (threads == NULL)
        return;
    atomic_store(&threads->stopping, true);
    for (unsigned i = 0; i < threads->count; i++)
        skr_thread_stop(&threads->threads[i]);
    while (threads->first != NULL) {
        struct skr_deferred *next = threads->first->next;
        free(threads->first);
        threads->first = next;
    }
    pthread_mutex_destroy(&threads->lock);
    free(threads->threads);
    free(threads);
    mount->threads = NULL;
}
