/* One thread's client. libcurl's sockets and one timer are in an epoll descriptor, which is polled through the thread's ring:
 * the thread sleeps in one place, and nothing is asked twice. Sockets do not go into the ring themselves, because a poll that
 * is still in flight would hold a socket that libcurl has closed.
 *
 * Everything happens in turns of the loop, inside skr_io_run(). What a call of the interface wants at once, it gets at the next
 * turn: the timer is set to now. So callbacks never run inside a call, and libcurl is never entered from one of its own
 * callbacks.
 *
 * libcurl reads a socket for as long as there is something in it, a hundred buffers deep. A fast upstream would keep the thread
 * from everything else, so each transfer has a share of what one turn may deliver; above it, it is paused until the next turn.
 */
#include "client.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define SKR_CLIENT_EVENTS 64
#define SKR_TURN_BYTES (2u << 20)
#define SKR_TURN_LEAST_BYTES (64u << 10) /* of one transfer */
#define SKR_TURN_MOST_BYTES (1u << 20)

/* The poll in flight. It outlives its client by the moment until the ring says that it is cancelled. */
struct skr_client_poll {
    struct skr_io_op op; /* first */
    struct skr_upstream_client *client;
    int epoll_fd;
};

uint64_t skr_client_clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t skr_client_random(struct skr_upstream_client *client)
{
    uint64_t z = client->random += 0x9E3779B97F4A7C15u; /* splitmix64 */
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

/* ---- the timer ---- */

static void skr_client_arm(struct skr_upstream_client *client, uint64_t at_ms)
{
    if (at_ms == client->armed_ms)
        return;
    struct itimerspec when = {.it_value = {0, 0}};
    if (at_ms != UINT64_MAX) {
        when.it_value.tv_sec = (time_t)(at_ms / 1000);
        when.it_value.tv_nsec = (long)(at_ms % 1000) * 1000000 + 1; /* zero would disarm it */
    }
    timerfd_settime(client->timer_fd, TFD_TIMER_ABSTIME, &when, NULL);
    client->armed_ms = at_ms;
}

void skr_client_hurry(struct skr_upstream_client *client)
{
    if (!client->running)
        skr_client_arm(client, 0);
}

void skr_client_look(struct skr_upstream_transfer *transfer)
{
    struct skr_upstream_client *client = transfer->client;
    if (!transfer->is_ready) {
        transfer->is_ready = true;
        transfer->ready_next = client->ready;
        client->ready = transfer;
    }
    skr_client_hurry(client);
}

bool skr_client_allows(struct skr_upstream_transfer *transfer)
{
    struct skr_upstream_client *client = transfer->client;
    uint64_t share = SKR_TURN_BYTES / (client->active > 0 ? client->active : 1);
    share = share < SKR_TURN_LEAST_BYTES ? SKR_TURN_LEAST_BYTES : share > SKR_TURN_MOST_BYTES ? SKR_TURN_MOST_BYTES : share;
    if (transfer->turn != client->turn) {
        transfer->turn = client->turn;
        transfer->turn_bytes = 0;
    }
    if (transfer->turn_bytes < share)
        return true;
    if (!transfer->has_yielded) {
        transfer->has_yielded = true;
        transfer->yielded_next = client->yielded;
        client->yielded = transfer;
    }
    return false;
}

/* Those that had their share in the last turn go on. */
static void skr_client_go_on(struct skr_upstream_client *client)
{
    client->turn++;
    while (client->yielded != NULL) {
        struct skr_upstream_transfer *transfer = client->yielded;
        client->yielded = transfer->yielded_next;
        transfer->has_yielded = false;
        transfer->resume_wanted = true;
        skr_client_look(transfer);
    }
}

void skr_client_scan_by(struct skr_upstream_client *client, uint64_t at_ms)
{
    if (at_ms < client->scan_ms)
        client->scan_ms = at_ms;
}

/* ---- what libcurl asks for ---- */

static int skr_client_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *known)
{
    struct skr_upstream_client *client = context;
    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        epoll_ctl(client->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
        curl_multi_assign(client->multi, fd, NULL);
        return 0;
    }
    struct epoll_event event = {.events = (what & CURL_POLL_IN ? (uint32_t)EPOLLIN : 0) |
                                          (what & CURL_POLL_OUT ? (uint32_t)EPOLLOUT : 0),
                                .data = {.fd = fd}};
    int failed = epoll_ctl(client->epoll_fd, known == NULL ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd, &event);
    if (failed != 0 && errno == EEXIST)
        failed = epoll_ctl(client->epoll_fd, EPOLL_CTL_MOD, fd, &event);
    curl_multi_assign(client->multi, fd, client);
    return failed == 0 ? 0 : -1;
}

static int skr_client_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct skr_upstream_client *client = context;
    (void)multi;
    client->curl_ms = timeout_ms < 0 ? UINT64_MAX : skr_client_clock_ms() + (uint64_t)timeout_ms;
    if (!client->running && client->curl_ms < client->armed_ms)
        skr_client_arm(client, client->curl_ms);
    return 0;
}

/* ---- the loop ---- */

static void skr_client_collect(struct skr_upstream_client *client)
{
    CURLMsg *message;
    int left;
    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        struct skr_upstream_transfer *transfer = NULL;
        CURLcode code = message->data.result;
        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        skr_transfer_finished(transfer, code);
    }
}

static void skr_client_look_at_ready(struct skr_upstream_client *client)
{
    while (client->ready != NULL) {
        struct skr_upstream_transfer *transfer = client->ready;
        client->ready = transfer->ready_next;
        transfer->is_ready = false;
        skr_transfer_look(transfer);
    }
}

/* A bound that was too early is corrected here: progress only moves stalls away. */
static void skr_client_scan(struct skr_upstream_client *client)
{
    client->scan_ms = UINT64_MAX;
    for (struct skr_upstream_transfer *transfer = client->transfers, *next; transfer != NULL; transfer = next) {
        next = transfer->next;
        skr_transfer_scan(transfer);
    }
}

static void skr_client_turn(struct skr_upstream_client *client)
{
    struct epoll_event events[SKR_CLIENT_EVENTS];
    int count, running;
    client->running = true;
    client->now_ms = skr_client_clock_ms();
    skr_client_go_on(client);
    count = epoll_wait(client->epoll_fd, events, SKR_CLIENT_EVENTS, 0);
    for (int i = 0; i < count; i++) {
        if (events[i].data.fd == client->timer_fd) {
            uint64_t expirations;
            ssize_t ignored = read(client->timer_fd, &expirations, sizeof expirations);
            (void)ignored;
            client->armed_ms = UINT64_MAX;
            continue;
        }
        int mask = (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) | (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0) |
                   (events[i].events & (EPOLLERR | EPOLLHUP) ? CURL_CSELECT_ERR : 0);
        curl_multi_socket_action(client->multi, events[i].data.fd, mask, &running);
    }
    do {
        if (client->curl_ms <= client->now_ms) {
            client->curl_ms = UINT64_MAX;
            curl_multi_socket_action(client->multi, CURL_SOCKET_TIMEOUT, 0, &running);
        }
        skr_client_collect(client);
        skr_client_look_at_ready(client);
        skr_transfer_tell_failed(client);
        client->now_ms = skr_client_clock_ms(); /* what was begun just now is to be sent now, not with the next turn */
        if (client->scan_ms <= client->now_ms)
            skr_client_scan(client);
    } while (client->ready != NULL || client->failed != NULL || client->curl_ms <= client->now_ms);
    client->running = false;
    skr_client_arm(client, client->yielded != NULL ? 0 : client->curl_ms < client->scan_ms ? client->curl_ms : client->scan_ms);
}

static void skr_client_readable(struct skr_io_op *op, int result)
{
    struct skr_client_poll *poll = (struct skr_client_poll *)op;
    if (poll->client == NULL) {
        close(poll->epoll_fd);
        free(poll);
        return;
    }
    struct skr_io *io = poll->client->io;
    if (result >= 0)
        skr_client_turn(poll->client);
    skr_io_poll(io, &poll->op, poll->epoll_fd);
}

/* ---- opening and closing ---- */

static pthread_once_t skr_curl_once = PTHREAD_ONCE_INIT;
static CURLcode skr_curl_state;

static void skr_curl_begin_once(void)
{
    skr_curl_state = curl_global_init(CURL_GLOBAL_DEFAULT);
}

bool skr_curl_begin(void)
{
    pthread_once(&skr_curl_once, skr_curl_begin_once);
    return skr_curl_state == CURLE_OK;
}

static bool skr_client_open_descriptors(struct skr_upstream_client *client)
{
    struct epoll_event event = {.events = EPOLLIN};
    client->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    client->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    event.data.fd = client->timer_fd;
    return client->epoll_fd >= 0 && client->timer_fd >= 0 &&
           epoll_ctl(client->epoll_fd, EPOLL_CTL_ADD, client->timer_fd, &event) == 0;
}

static bool skr_client_open_curl(struct skr_upstream_client *client)
{
    client->multi = skr_curl_begin() ? curl_multi_init() : NULL;
    client->share = client->multi == NULL ? NULL : curl_share_init();
    if (client->share == NULL)
        return false;
    curl_share_setopt(client->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, skr_client_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, skr_client_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    curl_multi_setopt(client->multi, CURLMOPT_MAXCONNECTS, 256L); /* idle ones that are kept */
    return true;
}

enum skr_status skr_upstream_client_open(struct skr_upstream_client **out, struct skr_io *io, struct skr_error *err)
{
    struct skr_upstream_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a client of upstreams");
    client->io = io;
    client->epoll_fd = client->timer_fd = -1;
    client->curl_ms = client->scan_ms = client->armed_ms = UINT64_MAX;
    if (getrandom(&client->random, sizeof client->random, 0) != (ssize_t)sizeof client->random)
        client->random = skr_client_clock_ms();
    client->poll = calloc(1, sizeof *client->poll);
    if (client->poll == NULL || !skr_client_open_curl(client)) {
        skr_upstream_client_close(client);
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a client of upstreams");
    }
    if (!skr_client_open_descriptors(client)) {
        int os_errno = errno;
        skr_upstream_client_close(client);
        return skr_fail_os(err, SKR_NO_DESCRIPTORS, os_errno, "no descriptors for a client of upstreams: %s",
                           strerror(os_errno));
    }
    *client->poll =
        (struct skr_client_poll){.op = {.done = skr_client_readable}, .client = client, .epoll_fd = client->epoll_fd};
    skr_io_poll(io, &client->poll->op, client->epoll_fd);
    *out = client;
    return SKR_OK;
}

static void skr_client_end_transfers(struct skr_upstream_client *client)
{
    client->running = true; /* nothing that callbacks do arms the timer any more */
    while (client->transfers != NULL)
        skr_transfer_end(client->transfers, SKR_UPSTREAM_CANCELLED, "the client is being closed");
    skr_transfer_tell_failed(client);
}

void skr_upstream_client_close(struct skr_upstream_client *client)
{
    if (client == NULL)
        return;
    client->closing = true;
    skr_client_end_transfers(client);
    for (unsigned i = 0; i < client->spare_count; i++)
        curl_easy_cleanup(client->spare[i]);
    if (client->multi != NULL)
        curl_multi_cleanup(client->multi);
    if (client->share != NULL)
        curl_share_cleanup(client->share);
    if (client->timer_fd >= 0)
        close(client->timer_fd);
    if (client->poll != NULL && client->poll->client != NULL) { /* in flight: it frees itself */
        client->poll->client = NULL;
        skr_io_cancel(client->io, &client->poll->op);
    } else {
        if (client->epoll_fd >= 0)
            close(client->epoll_fd);
        free(client->poll);
    }
    free(client);
}

void skr_upstream_client_read_counters(const struct skr_upstream_client *client, struct skr_upstream_client_counters *out)
{
    *out = client->counters;
    for (const struct skr_lane *lane = client->lanes; lane != NULL; lane = lane->next) {
        out->calls_under_way += lane->transfers;
        for (const struct skr_upstream_transfer *queued = lane->queue.first; queued != NULL; queued = queued->queue_next)
            out->calls_queued++;
    }
}
