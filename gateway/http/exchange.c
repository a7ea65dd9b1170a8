/* One request from its request line to its end: libmicrohttpd's callbacks turned into decide, stream, apply, reply.
 *
 * libmicrohttpd calls back whenever it can go on. While the handler has neither replied nor room for body bytes, the connection
 * is suspended; whoever makes progress possible kicks it. A kick that comes before the suspension is remembered. "100 Continue"
 * is libmicrohttpd's: it sends one after the first callback that neither queued a response nor suspended, so it goes out
 * exactly when a handler has asked for the body.
 */
#include <stdlib.h>
#include <time.h>

#include "reactor.h"

#define SKR_SPARE_EXCHANGES 256
#define SKR_MAX_DISCARDED_BYTES (64u << 20)
#define SKR_KEPT_DISCARDED_BYTES (64u << 10) /* a longer unread body costs the client its connection */
#define SKR_MAX_COLLECTED_BYTES (8u << 20)

static int64_t skr_now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* ---- life ---- */

/* A random (version 4) UUID, from a generator that is seeded once a reactor: unique, not secret. */
static void skr_exchange_make_id(struct skr_exchange *exchange)
{
    uint64_t *state = exchange->reactor->id_state, words[2];
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 2; i++) { /* splitmix64 on two states */
        uint64_t z = state[i] += UINT64_C(0x9E3779B97F4A7C15);
        z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
        z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
        words[i] = z ^ z >> 31;
    }
    words[0] = (words[0] & ~UINT64_C(0xF000)) | UINT64_C(0x4000);
    words[1] = (words[1] & ~(UINT64_C(3) << 62)) | UINT64_C(2) << 62;
    char *out = exchange->id;
    for (int i = 0; i < 32; i++) {
        if (i == 8 || i == 12 || i == 16 || i == 20)
            *out++ = '-';
        *out++ = digits[words[i / 16] >> (60 - 4 * (i % 16)) & 15];
    }
    *out = '\0';
}

struct skr_exchange *skr_exchange_new(struct skr_reactor *reactor, struct skr_connection *connection)
{
    struct skr_exchange *exchange = reactor->spare;
    if (exchange != NULL) {
        reactor->spare = exchange->next_spare;
        reactor->spare_count--;
    } else {
        exchange = aligned_alloc(64, (sizeof *exchange + 63) & ~(size_t)63);
        if (exchange == NULL)
            return NULL;
    }
    memset(exchange, 0, offsetof(struct skr_exchange, id));
    skr_arena_seed(&exchange->arena, exchange->memory, sizeof exchange->memory);
    exchange->reactor = reactor;
    exchange->connection = connection;
    exchange->started_ns = skr_now_ns();
    exchange->progress_ms = reactor->now_ms;
    skr_exchange_make_id(exchange);
    connection->exchange = exchange;
    return exchange;
}

void skr_exchange_free(struct skr_exchange *exchange)
{
    struct skr_reactor *reactor = exchange->reactor;
    exchange->connection->exchange = NULL;
    skr_lending_end(exchange);
    if (exchange->response != NULL)
        MHD_destroy_response(exchange->response);
    free(exchange->collected);
    skr_arena_release(&exchange->arena);
    if (reactor->spare_count >= SKR_SPARE_EXCHANGES) {
        free(exchange);
        return;
    }
    exchange->next_spare = reactor->spare;
    reactor->spare = exchange;
    reactor->spare_count++;
}

/* ---- suspending and going on ---- */

void skr_exchange_kick(struct skr_exchange *exchange)
{
    if (!exchange->suspended) {
        exchange->wake_pending = true;
        return;
    }
    exchange->suspended = false;
    exchange->connection->face->runnable = true;
    MHD_resume_connection(exchange->connection->handle);
}

void skr_exchange_pause(struct skr_exchange *exchange)
{
    if (exchange->wake_pending) {
        exchange->wake_pending = false;
        return;
    }
    exchange->suspended = true;
    MHD_suspend_connection(exchange->connection->handle);
}

/* Suspends until skr_response_ready(): a wake-up of a sink or source is none of the reply's business, and letting libmicrohttpd
 * go on would send "100 Continue" for a body that nobody asked for. */
static void skr_exchange_await_reply(struct skr_exchange *exchange)
{
    if (exchange->connection->cut)
        return;
    exchange->wake_pending = false;
    skr_exchange_pause(exchange);
}

void skr_exchange_wake(struct skr_exchange *exchange)
{
    exchange->progress_ms = exchange->reactor->now_ms;
    skr_exchange_kick(exchange);
}

/* ---- receiving ---- */

void skr_exchange_receive(struct skr_exchange *exchange, const struct skr_body_sink *sink, void *context, uint64_t limit_bytes)
{
    exchange->sink = sink;
    exchange->sink_context = context;
    exchange->body_limit = limit_bytes;
    exchange->phase = SKR_PHASE_RECEIVING;
    if (!exchange->in_callback) { /* the handler had to wait for something: libmicrohttpd shows the headers once more */
        exchange->begins_late = true;
        skr_exchange_kick(exchange);
    }
    if (exchange->request.has_content_length && exchange->request.content_length > limit_bytes)
        skr_exchange_refuse(exchange, 413, SKR_TOO_LARGE);
}

static size_t skr_collect_write(void *context, const void *data, size_t size)
{
    struct skr_exchange *exchange = context;
    if (exchange->collected_size + size > exchange->collected_capacity) {
        size_t capacity = (exchange->collected_size + size) * 2;
        char *grown = realloc(exchange->collected, capacity);
        if (grown == NULL) {
            skr_exchange_refuse(exchange, 503, SKR_NO_MEMORY);
            return size;
        }
        exchange->collected = grown;
        exchange->collected_capacity = capacity;
    }
    memcpy(exchange->collected + exchange->collected_size, data, size);
    exchange->collected_size += size;
    return size;
}

static void skr_collect_end(void *context)
{
    struct skr_exchange *exchange = context;
    exchange->collected_done(exchange->collected_context, (struct skr_bytes){exchange->collected, exchange->collected_size});
}

static void skr_collect_abort(void *context)
{
    (void)context; /* nothing was begun */
}

void skr_exchange_receive_all(struct skr_exchange *exchange, size_t limit_bytes,
                              void (*done)(void *context, struct skr_bytes body), void *context)
{
    static const struct skr_body_sink sink = {skr_collect_write, skr_collect_end, skr_collect_abort};
    exchange->collected_done = done;
    exchange->collected_context = context;
    skr_exchange_receive(exchange, &sink, exchange,
                         limit_bytes < SKR_MAX_COLLECTED_BYTES ? limit_bytes : SKR_MAX_COLLECTED_BYTES);
}

/* Body bytes for the sink: as many as it takes. What it does not take stays with libmicrohttpd while the connection is
 * suspended. */
static void skr_exchange_feed(struct skr_exchange *exchange, const char *data, size_t *size)
{
    while (*size > 0 && exchange->response == NULL) {
        exchange->wake_pending = false;
        if (*size > exchange->body_limit - exchange->body_bytes) {
            exchange->sink->abort(exchange->sink_context);
            exchange->aborted = true;
            skr_exchange_refuse(exchange, 413, SKR_TOO_LARGE);
            return;
        }
        size_t taken = exchange->sink->write(exchange->sink_context, data, *size);
        exchange->body_bytes += taken;
        atomic_fetch_add_explicit(&exchange->reactor->received_bytes, taken, memory_order_relaxed);
        data += taken;
        *size -= taken;
        if (taken > 0)
            exchange->progress_ms = exchange->reactor->now_ms;
        if (*size > 0 && exchange->response == NULL && !exchange->wake_pending) {
            skr_exchange_pause(exchange);
            return;
        }
    }
}

static void skr_exchange_begin(struct skr_exchange *exchange, struct MHD_Connection *handle, const char *method,
                               const char *version)
{
    const struct skr_face *face = exchange->connection->face->face;
    exchange->phase = SKR_PHASE_DECIDED;
    atomic_fetch_add_explicit(&exchange->reactor->requests, 1, memory_order_relaxed);
    int refuse = skr_request_build(exchange, handle, method, version);
    if (refuse != 0) {
        exchange->framing_broken = exchange->close_after = true;
        skr_exchange_refuse(exchange, refuse, refuse == 414 || refuse == 431 ? SKR_TOO_LARGE : SKR_INVALID_ARGUMENT);
        return;
    }
    face->handle(face->context, exchange);
}

/* A reply that comes before the body was read. While the client sends, closing would reset the connection and could take the
 * reply with it: the body is read and dropped first. Not when it may be long, waits for "100 Continue", or its end is in doubt.
 */
static bool skr_exchange_discards_first(const struct skr_exchange *exchange)
{
    const struct skr_request *request = &exchange->request;
    if (exchange->framing_broken)
        return false;
    if (!request->has_body)
        return true;
    return !request->expects_continue && (request->chunked || request->content_length <= SKR_MAX_DISCARDED_BYTES);
}

/* libmicrohttpd takes a response before the body or after it, not in between. */
static enum MHD_Result skr_exchange_discard(struct skr_exchange *exchange, size_t *size)
{
    exchange->discarded_bytes += *size;
    exchange->progress_ms = exchange->reactor->now_ms;
    *size = 0;
    if (exchange->discarded_bytes > SKR_KEPT_DISCARDED_BYTES)
        exchange->close_after = true;
    return exchange->discarded_bytes > SKR_MAX_DISCARDED_BYTES ? MHD_NO : MHD_YES;
}

/* The headers are complete, nothing of the body was read. A response that is queued here makes libmicrohttpd close the
 * connection whether there is a body or not; so it waits for the next callback wherever the connection shall live on. */
static enum MHD_Result skr_exchange_reply_early(struct skr_exchange *exchange)
{
    if (skr_exchange_discards_first(exchange)) {
        exchange->phase = SKR_PHASE_DISCARDING;
        return MHD_YES;
    }
    exchange->close_after = true; /* what comes next on this connection is a body that nobody reads */
    return skr_response_queue(exchange);
}

/* Later callbacks: body bytes, or `*size` 0 for its end. */
static enum MHD_Result skr_exchange_continue(struct skr_exchange *exchange, const char *data, size_t *size)
{
    if (exchange->phase == SKR_PHASE_REPLYING)
        return MHD_YES;
    bool is_before_body = exchange->phase == SKR_PHASE_DECIDED || exchange->begins_late;
    exchange->begins_late = false;
    if (is_before_body && exchange->response != NULL)
        return skr_exchange_reply_early(exchange);
    if (is_before_body && exchange->phase == SKR_PHASE_RECEIVING)
        return MHD_YES;
    if (exchange->phase == SKR_PHASE_RECEIVING && exchange->response == NULL && *size > 0) {
        skr_exchange_feed(exchange, data, size);
        return exchange->response == NULL ? MHD_YES : skr_exchange_discard(exchange, size);
    } else if (exchange->phase == SKR_PHASE_RECEIVING && exchange->response == NULL) {
        exchange->phase = SKR_PHASE_RECEIVED;
        exchange->sink->end(exchange->sink_context);
    }
    if (exchange->response == NULL) {
        skr_exchange_await_reply(exchange);
        return MHD_YES;
    }
    return *size > 0 ? skr_exchange_discard(exchange, size) : skr_response_queue(exchange);
}

enum MHD_Result skr_exchange_step(void *cls, struct MHD_Connection *handle, const char *url, const char *method,
                                  const char *version, const char *upload_data, size_t *upload_data_size, void **con_cls)
{
    struct skr_exchange *exchange = *con_cls;
    enum MHD_Result result = MHD_YES;
    (void)cls, (void)url;
    if (exchange == NULL || exchange->connection->cut)
        return MHD_NO; /* no memory for it at the request line, or given up: nothing more may happen */
    exchange->in_callback = true;
    if (exchange->phase == SKR_PHASE_TARGET) {
        skr_exchange_begin(exchange, handle, method, version);
        if (exchange->response != NULL)
            result = skr_exchange_reply_early(exchange);
        else if (exchange->phase != SKR_PHASE_RECEIVING)
            skr_exchange_await_reply(exchange);
    } else {
        result = skr_exchange_continue(exchange, upload_data, upload_data_size);
    }
    exchange->in_callback = false;
    return exchange->connection->cut ? MHD_NO : result;
}

void skr_exchange_completed(void *cls, struct MHD_Connection *handle, void **con_cls, enum MHD_RequestTerminationCode code)
{
    struct skr_exchange *exchange = *con_cls;
    (void)cls, (void)handle;
    if (exchange == NULL)
        return;
    *con_cls = NULL;
    struct skr_connection *connection = exchange->connection;
    if (exchange->phase == SKR_PHASE_RECEIVING && !exchange->aborted && exchange->response == NULL)
        exchange->sink->abort(exchange->sink_context);
    if (exchange->closed != NULL)
        exchange->closed(exchange->closed_context);
    if (exchange->phase == SKR_PHASE_REPLYING && code == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        atomic_fetch_add_explicit(&exchange->reactor->sent_bytes, exchange->response_bytes, memory_order_relaxed);
    if (exchange->phase != SKR_PHASE_TARGET)
        skr_reactor_count(exchange->reactor, connection->face->face->name,
                          exchange->operation == NULL ? "none" : exchange->operation, exchange->http_status,
                          (double)(skr_now_ns() - exchange->started_ns) * 1e-9);
    connection->since_ms = exchange->reactor->now_ms;
    connection->served = true;
    connection->probed = false;
    skr_exchange_free(exchange);
}

void skr_exchange_refuse(struct skr_exchange *exchange, int http_status, enum skr_status status)
{
    const struct skr_face *face = exchange->connection->face->face;
    if (exchange->response != NULL)
        return;
    atomic_fetch_add_explicit(&exchange->reactor->refused, 1, memory_order_relaxed);
    face->refuse(face->context, exchange, http_status, status);
}

/* ---- what handlers ask ---- */

const struct skr_request *skr_exchange_request(const struct skr_exchange *exchange)
{
    return &exchange->request;
}

struct skr_arena *skr_exchange_arena(struct skr_exchange *exchange)
{
    return &exchange->arena;
}

void *skr_exchange_worker(const struct skr_exchange *exchange)
{
    return exchange->reactor->worker;
}

struct skr_io *skr_exchange_io(struct skr_exchange *exchange)
{
    return exchange->reactor->inbox.io;
}

struct skr_bytes skr_exchange_id(const struct skr_exchange *exchange)
{
    return (struct skr_bytes){exchange->id, 36};
}

void skr_exchange_label(struct skr_exchange *exchange, const char *operation, struct skr_bytes account)
{
    exchange->operation = operation;
    exchange->account = skr_arena_copy(&exchange->arena, account);
}

void skr_exchange_on_close(struct skr_exchange *exchange, void (*closed)(void *context), void *context)
{
    exchange->closed = closed;
    exchange->closed_context = context;
}
