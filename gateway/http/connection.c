/* Clients, and how long they may take. libmicrohttpd's own time-out is off: it does not see suspended connections and takes
 * every byte for progress, so that headers could trickle in for ever. Here each phase has its own deadline, looked at about
 * once a second.
 */
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>

#include "reactor.h"

struct skr_connection *skr_connection_of(struct MHD_Connection *handle)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info == NULL ? NULL : info->socket_context;
}

static void skr_connection_begin(struct skr_reactor_face *face, struct MHD_Connection *handle, void **socket_context)
{
    struct skr_reactor *reactor = face->reactor;
    struct skr_connection *connection = calloc(1, sizeof *connection);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(handle, MHD_CONNECTION_INFO_CONNECTION_FD);
    *socket_context = connection;
    if (connection == NULL)
        return; /* its first request is refused */
    connection->face = face;
    connection->handle = handle;
    connection->fd = info == NULL ? -1 : info->connect_fd;
    connection->since_ms = reactor->now_ms;
    connection->next = reactor->connections;
    if (connection->next != NULL)
        connection->next->previous = connection;
    reactor->connections = connection;
    skr_tls_begin(reactor->http->tls, connection);
}

static void skr_connection_end(struct skr_connection *connection)
{
    struct skr_reactor *reactor = connection->face->reactor;
    if (connection->exchange != NULL) /* the request line came, the rest never did */
        skr_exchange_free(connection->exchange);
    *(connection->previous == NULL ? &reactor->connections : &connection->previous->next) = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    skr_tls_end(connection);
    free(connection);
}

void skr_connection_notify(void *cls, struct MHD_Connection *handle, void **socket_context,
                           enum MHD_ConnectionNotificationCode code)
{
    struct skr_reactor_face *face = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        skr_connection_begin(face, handle, socket_context);
        return;
    }
    if (*socket_context != NULL)
        skr_connection_end(*socket_context);
    *socket_context = NULL;
    atomic_fetch_sub_explicit(&face->reactor->load, 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(&face->reactor->http->open_connections, 1, memory_order_relaxed);
}

void skr_connection_cut(struct skr_connection *connection)
{
    connection->cut = true;
    shutdown(connection->fd, SHUT_RDWR);
    struct skr_exchange *exchange = connection->exchange;
    if (exchange != NULL && exchange->suspended)
        skr_exchange_kick(exchange); /* a suspended connection does not notice */
    connection->face->runnable = true;
}

/* Has the client's TCP taken more of the response since this was last asked? */
static bool skr_connection_moves(struct skr_connection *connection, struct skr_exchange *exchange)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    if (getsockopt(connection->fd, IPPROTO_TCP, TCP_INFO, &info, &size) != 0 ||
        size < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof info.tcpi_bytes_acked)
        return false;
    bool moves = info.tcpi_bytes_acked > exchange->acknowledged_bytes;
    exchange->acknowledged_bytes = info.tcpi_bytes_acked;
    return moves;
}

/* What libmicrohttpd does not notice: that a suspended connection was reset, and an end of stream that arrived together with
 * data, since it takes a short read for an empty socket. A client that only closed its sending side may still wait for its
 * reply. */
static bool skr_connection_is_gone(struct skr_connection *connection)
{
    struct skr_exchange *exchange = connection->exchange;
    char byte;
    if (exchange != NULL && exchange->suspended) {
        struct pollfd polled = {.fd = connection->fd, .events = 0};
        return poll(&polled, 1, 0) == 1 && (polled.revents & (POLLHUP | POLLERR)) != 0;
    }
    if (exchange == NULL && connection->probed)
        return false; /* nothing arrived since */
    if (exchange != NULL && exchange->phase == SKR_PHASE_REPLYING)
        return false;
    connection->probed = true;
    if (skr_tls_has_pending(connection))
        return false; /* the end of the stream comes after them */
    return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

static bool skr_connection_is_late(struct skr_connection *connection)
{
    const struct skr_http_options *options = &connection->face->reactor->http->options;
    struct skr_exchange *exchange = connection->exchange;
    int64_t now_ms = connection->face->reactor->now_ms;
    if (exchange == NULL)
        return now_ms - connection->since_ms > (connection->served ? options->idle_timeout_ms : options->header_timeout_ms);
    if (exchange->phase == SKR_PHASE_TARGET) /* absolute: `progress_ms` is when the request line came */
        return now_ms - (connection->served ? exchange->progress_ms : connection->since_ms) > options->header_timeout_ms;
    if (exchange->suspended)
        return false; /* it waits for us, not we for it */
    if (now_ms - exchange->progress_ms <= options->body_timeout_ms)
        return false;
    if (exchange->phase == SKR_PHASE_REPLYING && skr_connection_moves(connection, exchange)) {
        exchange->progress_ms = now_ms;
        return false;
    }
    return true;
}

/* Is it libmicrohttpd's turn to read? */
static bool skr_connection_reads(const struct skr_connection *connection)
{
    const struct skr_exchange *exchange = connection->exchange;
    return exchange == NULL || (!exchange->suspended && exchange->phase != SKR_PHASE_REPLYING);
}

void skr_connections_sweep(struct skr_reactor *reactor)
{
    for (struct skr_connection *connection = reactor->connections; connection != NULL; connection = connection->next) {
        if (connection->cut)
            continue;
        bool late = skr_connection_is_late(connection);
        if (late)
            atomic_fetch_add_explicit(&reactor->timeouts, 1, memory_order_relaxed);
        if (late || skr_connection_is_gone(connection))
            skr_connection_cut(connection);
        else if (skr_connection_reads(connection) && skr_tls_left_data(connection))
            skr_tls_nudge(connection);
    }
}

void skr_connections_close_idle(struct skr_reactor *reactor)
{
    for (struct skr_connection *connection = reactor->connections; connection != NULL; connection = connection->next)
        if (!connection->cut && (connection->exchange == NULL || connection->exchange->phase == SKR_PHASE_TARGET))
            skr_connection_cut(connection);
}

void skr_connections_cut_all(struct skr_reactor *reactor)
{
    for (struct skr_connection *connection = reactor->connections; connection != NULL; connection = connection->next)
        if (!connection->cut)
            skr_connection_cut(connection);
}
