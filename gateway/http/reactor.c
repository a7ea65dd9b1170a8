/* A reactor: one thread, one ring, one libmicrohttpd daemon a face. It sleeps in the ring; libmicrohttpd's epoll descriptors
 * are polled through it, and other threads reach it through its inbox.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "reactor.h"
#include "skerry/log.h"

#define SKR_RING_ENTRIES 512
#define SKR_SWEEP_MS 1000

static int64_t skr_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- libmicrohttpd ---- */

static void *skr_reactor_request_line(void *cls, const char *uri, struct MHD_Connection *handle)
{
    struct skr_connection *connection = skr_connection_of(handle);
    struct skr_reactor_face *face = cls;
    struct skr_exchange *exchange =
        connection == NULL || connection->exchange != NULL ? NULL : skr_exchange_new(face->reactor, connection);
    if (exchange == NULL)
        return NULL;
    size_t size = strnlen(uri, SKR_MAX_TARGET_BYTES + 1);
    exchange->target_truncated = size > SKR_MAX_TARGET_BYTES;
    exchange->raw_target = skr_arena_copy(&exchange->arena, (struct skr_bytes){uri, size});
    return exchange;
}

/* Nothing is decoded behind our back. */
static size_t skr_reactor_keep_escapes(void *cls, struct MHD_Connection *handle, char *text)
{
    (void)cls, (void)handle;
    return strlen(text);
}

static void skr_reactor_log(void *cls, const char *format, va_list arguments)
{
    char text[400];
    (void)cls;
    vsnprintf(text, sizeof text, format, arguments);
    skr_log(SKR_LOG_DEBUG, "http", "libmicrohttpd: %s", text);
}

static void skr_reactor_readable(struct skr_io_op *op, int result)
{
    struct skr_reactor_face *face = (struct skr_reactor_face *)((char *)op - offsetof(struct skr_reactor_face, poll));
    (void)result;
    face->armed = false;
    face->runnable = true;
}

static struct skr_reactor_face *skr_reactor_face_of(struct skr_reactor *reactor, const struct skr_face *face)
{
    for (size_t i = 0; i < reactor->face_count; i++)
        if (reactor->faces[i].face == face)
            return &reactor->faces[i];
    return NULL;
}

enum skr_status skr_reactor_open_face(struct skr_reactor *reactor, const struct skr_listener *listener, struct skr_error *err)
{
    struct skr_reactor_face *own = &reactor->faces[reactor->face_count];
    const struct skr_http_options *options = &reactor->http->options;
    *own = (struct skr_reactor_face){.reactor = reactor, .face = listener->face, .listener = listener};
    own->poll.done = skr_reactor_readable;
    own->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC | MHD_USE_ERROR_LOG |
            skr_tls_daemon_flags(reactor->http->tls),
        0, NULL, NULL, skr_exchange_step, own, MHD_OPTION_EXTERNAL_LOGGER, skr_reactor_log, NULL,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, options->connection_memory_bytes, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)options->max_connections + 64, MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_URI_LOG_CALLBACK, skr_reactor_request_line, own, MHD_OPTION_UNESCAPE_CALLBACK, skr_reactor_keep_escapes,
        NULL, MHD_OPTION_NOTIFY_COMPLETED, skr_exchange_completed, own, MHD_OPTION_NOTIFY_CONNECTION, skr_connection_notify,
        own, MHD_OPTION_ARRAY, skr_tls_daemon_options(reactor->http->tls), MHD_OPTION_END);
    if (own->daemon == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "cannot start an HTTP daemon");
    reactor->face_count++;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(own->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || info->epoll_fd < 0)
        return skr_fail(err, SKR_INTERNAL, "the HTTP daemon has no epoll descriptor");
    own->epoll_fd = info->epoll_fd;
    return SKR_OK;
}

/* Runs the daemons that have something to do. True: one of them has more to do at once. */
static bool skr_reactor_run_faces(struct skr_reactor *reactor)
{
    bool more = false;
    for (size_t i = 0; i < reactor->face_count; i++) {
        struct skr_reactor_face *face = &reactor->faces[i];
        MHD_UNSIGNED_LONG_LONG timeout_ms;
        if (!face->runnable && !(MHD_get_timeout(face->daemon, &timeout_ms) == MHD_YES && timeout_ms == 0))
            continue;
        face->runnable = false;
        MHD_run(face->daemon);
        if (MHD_get_timeout(face->daemon, &timeout_ms) == MHD_YES && timeout_ms == 0)
            face->runnable = true;
        more |= face->runnable;
    }
    return more;
}

/* ---- new connections ---- */

struct skr_adoption {
    struct skr_task task; /* first */
    struct skr_reactor *reactor;
    const struct skr_face *face;
    int fd;
    struct sockaddr_storage address;
    socklen_t address_size;
};

static void skr_reactor_lost(struct skr_reactor *reactor)
{
    atomic_fetch_sub_explicit(&reactor->load, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&reactor->http->open_connections, 1, memory_order_relaxed);
}

static void skr_reactor_add(struct skr_task *task)
{
    struct skr_adoption *adoption = (struct skr_adoption *)task;
    struct skr_reactor *reactor = adoption->reactor;
    struct skr_reactor_face *own = skr_reactor_face_of(reactor, adoption->face);
    if (own == NULL || reactor->draining) {
        close(adoption->fd);
        skr_reactor_lost(reactor);
    } else if (MHD_add_connection(own->daemon, adoption->fd, (struct sockaddr *)&adoption->address, adoption->address_size) !=
               MHD_YES) {
        skr_reactor_lost(reactor); /* the descriptor was closed */
    } else {
        own->runnable = true;
    }
    free(adoption);
}

void skr_reactor_adopt(struct skr_reactor *reactor, const struct skr_face *face, int fd, const struct sockaddr *address,
                       socklen_t address_size)
{
    struct skr_adoption *adoption = calloc(1, sizeof *adoption);
    if (adoption == NULL) {
        close(fd);
        return;
    }
    adoption->task.run = skr_reactor_add;
    adoption->reactor = reactor;
    adoption->face = face;
    adoption->fd = fd;
    adoption->address_size = address_size;
    memcpy(&adoption->address, address, address_size);
    atomic_fetch_add_explicit(&reactor->load, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&reactor->http->open_connections, 1, memory_order_relaxed);
    reactor->inbox.executor.post(&reactor->inbox.executor, &adoption->task);
}

/* ---- draining ---- */

struct skr_drain_request {
    struct skr_task task; /* first */
    struct skr_reactor *reactor;
};

static void skr_reactor_begin_drain(struct skr_task *task)
{
    struct skr_reactor *reactor = ((struct skr_drain_request *)task)->reactor;
    reactor->draining = true;
    reactor->drain_until_ms = skr_clock_ms() + reactor->http->options.drain_timeout_ms;
    free(task);
}

void skr_reactor_drain(struct skr_reactor *reactor)
{
    struct skr_drain_request *request = calloc(1, sizeof *request);
    if (request == NULL)
        abort(); /* a server that cannot even end */
    request->task.run = skr_reactor_begin_drain;
    request->reactor = reactor;
    reactor->inbox.executor.post(&reactor->inbox.executor, &request->task);
}

/* True when nothing is left to do. */
static bool skr_reactor_drained(struct skr_reactor *reactor)
{
    const struct skr_http_options *options = &reactor->http->options;
    if (!reactor->draining)
        return false;
    skr_connections_close_idle(reactor);
    if (reactor->connections != NULL && reactor->now_ms > reactor->drain_until_ms)
        skr_connections_cut_all(reactor);
    return reactor->connections == NULL &&
           (options->worker_idle == NULL || options->worker_idle(options->worker_context, reactor->worker));
}

/* ---- the loop ---- */

static void skr_reactor_loop(struct skr_reactor *reactor)
{
    bool more = false;
    for (;;) {
        for (size_t i = 0; i < reactor->face_count; i++)
            if (!reactor->faces[i].armed) {
                reactor->faces[i].armed = true;
                skr_io_poll(reactor->inbox.io, &reactor->faces[i].poll, reactor->faces[i].epoll_fd);
            }
        skr_io_run(reactor->inbox.io, more ? 0 : reactor->draining ? 20 : SKR_SWEEP_MS);
        reactor->now_ms = skr_clock_ms();
        skr_inbox_run(&reactor->inbox);
        more = skr_reactor_run_faces(reactor);
        if (reactor->now_ms - reactor->swept_ms >= SKR_SWEEP_MS) {
            reactor->swept_ms = reactor->now_ms;
            skr_connections_sweep(reactor);
        }
        if (skr_reactor_drained(reactor))
            return;
    }
}

static void skr_reactor_close(struct skr_reactor *reactor)
{
    const struct skr_http_options *options = &reactor->http->options;
    for (size_t i = 0; i < reactor->face_count; i++) {
        if (reactor->faces[i].armed)
            skr_io_cancel(reactor->inbox.io, &reactor->faces[i].poll);
        while (reactor->faces[i].armed)
            skr_io_run(reactor->inbox.io, 100);
        MHD_stop_daemon(reactor->faces[i].daemon);
        reactor->faces[i].daemon = NULL;
    }
    skr_inbox_run(&reactor->inbox);
    if (options->worker_close != NULL)
        options->worker_close(options->worker_context, reactor->worker);
    skr_io_settle(reactor->inbox.io); /* the ring is this thread's */
    while (reactor->spare != NULL) {
        struct skr_exchange *next = reactor->spare->next_spare;
        free(reactor->spare);
        reactor->spare = next;
    }
}

static void *skr_reactor_run(void *argument)
{
    struct skr_reactor *reactor = argument;
    const struct skr_http_options *options = &reactor->http->options;
    char name[16];
    snprintf(name, sizeof name, "skr-reactor-%u", reactor->number % 1000);
    pthread_setname_np(pthread_self(), name);
    if (options->worker_open != NULL)
        reactor->open_status = options->worker_open(options->worker_context, reactor->inbox.io, &reactor->inbox.executor,
                                                    &reactor->worker, &reactor->open_error);
    bool opened = reactor->open_status == SKR_OK;
    sem_post(&reactor->opened);
    if (opened) {
        skr_reactor_loop(reactor);
        skr_reactor_close(reactor);
    }
    return NULL;
}

static enum skr_status skr_reactor_prepare(struct skr_reactor *reactor, struct skr_error *err)
{
    struct skr_io_options io_options = {.entries = SKR_RING_ENTRIES, .fault = reactor->http->options.fault};
    enum skr_status status = skr_inbox_open(&reactor->inbox, &io_options, err);
    reactor->inbox.executor.wait = NULL; /* it serves many at a time */
    pthread_mutex_init(&reactor->label_lock, NULL);
    sem_init(&reactor->opened, 0, 0);
    reactor->prepared = true;
    reactor->now_ms = skr_clock_ms();
    if (status == SKR_OK && getrandom(reactor->id_state, sizeof reactor->id_state, 0) != sizeof reactor->id_state)
        status = skr_fail_os(err, SKR_IO, errno, "no random numbers for request ids");
    for (size_t i = 0; i < reactor->http->listener_count && status == SKR_OK; i++)
        if (skr_reactor_face_of(reactor, reactor->http->listeners[i].face) == NULL)
            status = skr_reactor_open_face(reactor, &reactor->http->listeners[i], err);
    return status;
}

enum skr_status skr_reactor_start(struct skr_reactor *reactor, struct skr_error *err)
{
    enum skr_status status = skr_reactor_prepare(reactor, err);
    if (status != SKR_OK)
        return status;
    int failed = pthread_create(&reactor->thread, NULL, skr_reactor_run, reactor);
    if (failed != 0)
        return skr_fail_os(err, SKR_NO_MEMORY, failed, "cannot start a reactor: %s", strerror(failed));
    while (sem_wait(&reactor->opened) != 0 && errno == EINTR)
        ;
    if (reactor->open_status != SKR_OK) {
        pthread_join(reactor->thread, NULL);
        if (err != NULL)
            *err = reactor->open_error;
        return reactor->open_status;
    }
    reactor->started = true;
    return SKR_OK;
}

void skr_reactor_release(struct skr_reactor *reactor)
{
    if (!reactor->prepared)
        return;
    for (size_t i = 0; i < reactor->face_count; i++)
        if (reactor->faces[i].daemon != NULL)
            MHD_stop_daemon(reactor->faces[i].daemon);
    sem_destroy(&reactor->opened);
    skr_inbox_close(&reactor->inbox);
    pthread_mutex_destroy(&reactor->label_lock);
}

/* ---- counting ---- */

void skr_reactor_count(struct skr_reactor *reactor, const char *face, const char *operation, int http_status, double seconds)
{
    unsigned class = http_status >= 100 && http_status < 600 ? (unsigned)http_status / 100 : 0;
    pthread_mutex_lock(&reactor->label_lock);
    size_t i = 0;
    while (i < reactor->label_count && (reactor->labels[i].operation != operation || reactor->labels[i].face != face))
        i++;
    if (i == reactor->label_count && i < SKR_MAX_LABELS)
        reactor->labels[reactor->label_count++] = (struct skr_label){.face = face, .operation = operation};
    if (i < SKR_MAX_LABELS) {
        reactor->labels[i].count[class]++;
        reactor->labels[i].seconds[class] += seconds;
    }
    pthread_mutex_unlock(&reactor->label_lock);
}
