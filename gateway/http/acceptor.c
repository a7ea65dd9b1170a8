/* The acceptor: one thread that takes new connections from all listeners and hands each to the least loaded reactor. Limits and
 * shedding live here, before a connection costs anything.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "reactor.h"
#include "skerry/log.h"

#define SKR_ACCEPT_BURST 64
/* For clients on this machine (the kernel doubles it): there is no wire to fill, and what lies between sender and reader should
 * stay in the processor's cache. Measured ahead of 256 KiB, of 1 MiB, and, by a third, of the 4 MiB that the kernel grows to.
 * 64 KiB and less makes the two wait for each other's delayed acknowledgements. */
#define SKR_LOCAL_SEND_BYTES (512 << 10)

static const char skr_shed_answer[] =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\nConnection: close\r\n\r\n";

/* Says no and closes. What the client sent already is read away first, so that the answer is not lost to a reset. Over TLS
 * there is no cheap way to say anything: the end of the connection is the answer. */
static void skr_acceptor_shed(struct skr_http *http, int fd)
{
    char dropped[4096];
    atomic_fetch_add_explicit(&http->shed, 1, memory_order_relaxed);
    ssize_t ignored = recv(fd, dropped, sizeof dropped, MSG_DONTWAIT);
    if (http->tls == NULL)
        ignored = send(fd, skr_shed_answer, sizeof skr_shed_answer - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
    (void)ignored;
    shutdown(fd, SHUT_WR);
    close(fd);
}

static struct skr_reactor *skr_acceptor_choose(struct skr_http *http)
{
    struct skr_reactor *best = &http->reactors[0];
    for (size_t i = 1; i < http->reactor_count; i++)
        if (atomic_load_explicit(&http->reactors[i].load, memory_order_relaxed) <
            atomic_load_explicit(&best->load, memory_order_relaxed))
            best = &http->reactors[i];
    return best;
}

/* Out of descriptors: give up the reserve for a moment to refuse one client, instead of spinning on a listener that stays
 * readable. */
static void skr_acceptor_out_of_descriptors(struct skr_http *http, int listener)
{
    static time_t last_logged; /* the acceptor's thread only */
    time_t now = time(NULL);
    if (now != last_logged)
        skr_log(SKR_LOG_WARNING, "http", "out of file descriptors: refusing connections. Raise the limit (ulimit -n)");
    last_logged = now;
    if (http->reserve_fd >= 0)
        close(http->reserve_fd);
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0)
        skr_acceptor_shed(http, fd);
    http->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0 || http->reserve_fd < 0) { /* another thread took the descriptor: do not spin on the readable listener */
        struct timespec pause = {.tv_nsec = 10 * 1000 * 1000};
        nanosleep(&pause, NULL);
    }
}

static bool skr_acceptor_same_machine(const struct sockaddr_storage *client, const struct sockaddr_storage *own)
{
    const struct sockaddr_in *client4 = (const void *)client, *own4 = (const void *)own;
    const struct sockaddr_in6 *client6 = (const void *)client, *own6 = (const void *)own;
    if (client->ss_family != own->ss_family)
        return false;
    return client->ss_family == AF_INET6 ? memcmp(&client6->sin6_addr, &own6->sin6_addr, sizeof own6->sin6_addr) == 0
                                         : client->ss_family == AF_INET && client4->sin_addr.s_addr == own4->sin_addr.s_addr;
}

static void skr_acceptor_tune(int fd, const struct sockaddr_storage *client)
{
    struct sockaddr_storage own;
    socklen_t size = sizeof own;
    int one = 1, bytes = SKR_LOCAL_SEND_BYTES;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (getsockname(fd, (struct sockaddr *)&own, &size) == 0 && skr_acceptor_same_machine(client, &own))
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

static void skr_acceptor_take(struct skr_http *http, const struct skr_listener *listener)
{
    for (int i = 0; i < SKR_ACCEPT_BURST; i++) {
        struct sockaddr_storage address;
        socklen_t size = sizeof address;
        int fd = accept4(listener->fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)) {
            skr_acceptor_out_of_descriptors(http, listener->fd);
            return;
        }
        if (fd < 0)
            return;
        atomic_fetch_add_explicit(&http->accepted, 1, memory_order_relaxed);
        if (atomic_load_explicit(&http->open_connections, memory_order_relaxed) >= http->options.max_connections) {
            skr_acceptor_shed(http, fd);
            continue;
        }
        skr_acceptor_tune(fd, &address);
        skr_reactor_adopt(skr_acceptor_choose(http), listener->face, fd, (struct sockaddr *)&address, size);
    }
}

static void *skr_acceptor_run(void *argument)
{
    struct skr_http *http = argument;
    struct pollfd polled[SKR_MAX_FACES + 1];
    pthread_setname_np(pthread_self(), "skr-acceptor");
    for (size_t i = 0; i < http->listener_count; i++)
        polled[i] = (struct pollfd){.fd = http->listeners[i].fd, .events = POLLIN};
    polled[http->listener_count] = (struct pollfd){.fd = http->wake_fd, .events = POLLIN};
    for (;;) {
        if (poll(polled, http->listener_count + 1, -1) < 0 && errno != EINTR)
            return NULL;
        if (polled[http->listener_count].revents != 0)
            return NULL;
        for (size_t i = 0; i < http->listener_count; i++)
            if (polled[i].revents & POLLIN)
                skr_acceptor_take(http, &http->listeners[i]);
    }
}

enum skr_status skr_acceptor_start(struct skr_http *http, struct skr_error *err)
{
    http->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    http->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    int failed = http->wake_fd < 0 ? errno : pthread_create(&http->acceptor, NULL, skr_acceptor_run, http);
    if (failed != 0)
        return skr_fail_os(err, SKR_NO_DESCRIPTORS, failed, "cannot start to accept: %s", strerror(failed));
    http->accepting = true;
    return SKR_OK;
}

void skr_acceptor_stop(struct skr_http *http)
{
    uint64_t one = 1;
    if (http->accepting) {
        ssize_t ignored = write(http->wake_fd, &one, sizeof one);
        (void)ignored;
        pthread_join(http->acceptor, NULL);
    }
    if (http->wake_fd >= 0)
        close(http->wake_fd);
    if (http->reserve_fd >= 0)
        close(http->reserve_fd);
    for (size_t i = 0; i < http->listener_count; i++)
        close(http->listeners[i].fd);
}
