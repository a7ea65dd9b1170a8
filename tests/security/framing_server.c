/* A server for tests of the HTTP room alone: its face tells what it understood of a request, so that a test with a raw socket
 * can compare that with what it sent. Ends at the end of its standard input. Paths: /echo...      receives the body; answers
 * method, raw target, query, headers, body length and MD5 as JSON /paused...    as /echo, with a sink that takes at most 1000
 * bytes and is woken through the reactor's inbox /collect...   as /echo, through skr_exchange_receive_all /limit/N      as
 * /echo, with a body limit of N /early/S      answers S without receiving /hold         answers 403 when /release is asked for
 * on the same reactor /memory/N     N bytes from the arena;   /bytes/N  streams N bytes;   /stalling/N  streams, pausing before
 * each block /broken       streams less than it announced;   /discard  takes a body without looking;   /named  odd response
 * headers /status/S     answers S with a body;   /stats    what happened so far
 */
#include <openssl/evp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "skerry/encoding.h"
#include "skerry/http.h"
#include "skerry/log.h"

struct call {
    struct skr_task task; /* first */
    struct skr_exchange *exchange;
    EVP_MD_CTX *md5;
    uint64_t received, stall_at;
    bool paused, task_posted, closed, woken;
};

static _Atomic uint64_t handled, ended, aborted, closed_count, refused;
static __thread struct skr_exchange *held;
static __thread struct skr_executor *own_executor;
static char pattern[1 << 20];
static struct skr_http *server;
static unsigned failing_worker; /* 1: the first; 0: none */

/* ---- answering ---- */

struct text {
    char *data;
    size_t size, capacity;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text->data + text->size, text->capacity - text->size, format, arguments);
    va_end(arguments);
    text->size += (size_t)size < text->capacity - text->size ? (size_t)size : text->capacity - text->size - 1;
}

static void add_string(struct text *text, struct skr_bytes bytes)
{
    add(text, "\"");
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char c = (unsigned char)bytes.data[i];
        if (c < 0x20 || c >= 0x7F || c == '"' || c == '\\')
            add(text, "\\u%04x", c);
        else
            add(text, "%c", c);
    }
    add(text, "\"");
}

static void add_request(struct text *text, const struct skr_request *request)
{
    add(text, "{\"method\":");
    add_string(text, request->method_name);
    add(text, ",\"target\":");
    add_string(text, request->uri.raw_target);
    add(text, ",\"path\":");
    add_string(text, request->uri.raw_path);
    add(text, ",\"host\":");
    add_string(text, request->host);
    add(text, ",\"peer\":\"%s\",\"query\":[", request->peer);
    for (size_t i = 0; i < request->uri.query_count; i++) {
        add(text, i == 0 ? "[" : ",[");
        add_string(text, request->uri.query[i].name);
        add(text, ",");
        add_string(text, request->uri.query[i].value);
        add(text, "]");
    }
    add(text, "],\"headers\":[");
    for (size_t i = 0; i < request->header_count; i++) {
        add(text, i == 0 ? "[" : ",[");
        add_string(text, request->headers[i].name);
        add(text, ",");
        add_string(text, request->headers[i].value);
        add(text, "]");
    }
    add(text, "]");
}

static void reply_echo(struct call *call)
{
    const struct skr_request *request = skr_exchange_request(call->exchange);
    struct text text = {.capacity = 512 * 1024};
    unsigned char digest[EVP_MAX_MD_SIZE];
    char hex[33] = "";
    text.data = skr_arena_alloc(skr_exchange_arena(call->exchange), text.capacity);
    if (text.data == NULL)
        abort();
    EVP_DigestFinal_ex(call->md5, digest, NULL);
    skr_hex_encode(hex, digest, 16);
    hex[32] = '\0';
    add_request(&text, request);
    add(&text, ",\"body\":%llu,\"md5\":\"%s\",\"chunked\":%s,\"id\":\"%.*s\"}\n", (unsigned long long)call->received, hex,
        request->chunked ? "true" : "false", SKR_PRINT(skr_exchange_id(call->exchange)));
    skr_exchange_header(call->exchange, "Content-Type", SKR_BYTES("application/json"));
    skr_exchange_send(call->exchange, 200, (struct skr_bytes){text.data, text.size}, true);
}

/* ---- bodies ---- */

static void call_free(struct call *call)
{
    EVP_MD_CTX_free(call->md5);
    free(call);
}

static void call_closed(void *context)
{
    struct call *call = context;
    atomic_fetch_add(&closed_count, 1);
    if (held == call->exchange)
        held = NULL;
    call->closed = true;
    if (!call->task_posted)
        call_free(call);
}

static void call_woken(struct skr_task *task)
{
    struct call *call = (struct call *)task;
    call->task_posted = false;
    call->woken = true;
    if (call->closed)
        call_free(call);
    else
        skr_exchange_wake(call->exchange);
}

static void call_wake_later(struct call *call)
{
    if (call->task_posted)
        return;
    call->task_posted = true;
    call->task.run = call_woken;
    own_executor->post(own_executor, &call->task);
}

static size_t sink_write(void *context, const void *data, size_t size)
{
    struct call *call = context;
    if (call->paused && !call->woken) {
        call_wake_later(call);
        return 0;
    }
    call->woken = false;
    size_t taken = call->paused && size > 1000 ? 1000 : size;
    EVP_DigestUpdate(call->md5, data, taken);
    call->received += taken;
    if (call->paused)
        call_wake_later(call);
    return taken;
}

static size_t sink_discard(void *context, const void *data, size_t size)
{
    struct call *call = context;
    (void)data;
    call->received += size;
    return size;
}

static void sink_end(void *context)
{
    atomic_fetch_add(&ended, 1);
    reply_echo(context);
}

static void sink_abort(void *context)
{
    (void)context;
    atomic_fetch_add(&aborted, 1);
}

static void collected(void *context, struct skr_bytes body)
{
    struct call *call = context;
    sink_write(call, body.data, body.size);
    sink_end(call);
}

static ssize_t source_read(void *context, uint64_t offset, void *buffer, size_t size)
{
    struct call *call = context;
    if (call->paused && call->stall_at != offset) {
        call->stall_at = offset;
        call_wake_later(call);
        return 0;
    }
    size_t at = offset % 4096, taken = size < sizeof pattern - at ? size : sizeof pattern - at;
    memcpy(buffer, pattern + at, taken);
    return (ssize_t)taken;
}

static ssize_t source_broken(void *context, uint64_t offset, void *buffer, size_t size)
{
    (void)context;
    if (offset >= 1000)
        return -1;
    memset(buffer, 'x', size < 1000 - offset ? size : 1000 - offset);
    return (ssize_t)(size < 1000 - offset ? size : 1000 - offset);
}

/* ---- routes ---- */

static const struct skr_body_sink hashing = {sink_write, sink_end, sink_abort};
static const struct skr_body_sink discarding = {sink_discard, sink_end, sink_abort};
static const struct skr_body_source streaming = {source_read, NULL};
static const struct skr_body_source breaking = {source_broken, NULL};

static uint64_t number_after(struct skr_bytes path, const char *prefix)
{
    uint64_t value = 0;
    size_t size = strlen(prefix);
    return path.size > size && skr_parse_u64((struct skr_bytes){path.data + size, path.size - size}, &value) ? value : 0;
}

static void reply_stats(struct skr_exchange *exchange)
{
    struct skr_http_counters counters;
    char text[400];
    skr_http_read_counters(server, &counters);
    int size =
        snprintf(text, sizeof text,
                 "{\"handled\":%llu,\"ended\":%llu,\"aborted\":%llu,\"closed\":%llu,\"refused\":%llu,\"open\":%llu,"
                 "\"shed\":%llu,\"timeouts\":%llu}\n",
                 (unsigned long long)handled, (unsigned long long)ended, (unsigned long long)aborted,
                 (unsigned long long)closed_count, (unsigned long long)refused, (unsigned long long)counters.connections_open,
                 (unsigned long long)counters.connections_shed, (unsigned long long)counters.timeouts);
    skr_exchange_send(exchange, 200, (struct skr_bytes){text, (size_t)size}, false);
}

static void reply_memory(struct skr_exchange *exchange, uint64_t size)
{
    char *body = skr_arena_alloc(skr_exchange_arena(exchange), size + 1);
    if (body == NULL)
        abort();
    for (uint64_t at = 0; at < size; at += 4096)
        memcpy(body + at, pattern, size - at < 4096 ? size - at : 4096);
    skr_exchange_send(exchange, 200, (struct skr_bytes){body, size}, true);
}

static void reply_named(struct skr_exchange *exchange)
{
    skr_exchange_header_named(exchange, SKR_BYTES("x-ms-meta-a"), SKR_BYTES("one\r\nEvil: yes"));
    skr_exchange_header_named(exchange, SKR_BYTES("x-ms-meta-b"), SKR_BYTES(""));
    skr_exchange_header_named(exchange, SKR_BYTES("bad name"), SKR_BYTES("dropped"));
    skr_exchange_header_u64(exchange, "x-number", UINT64_MAX);
    skr_exchange_send(exchange, 200, SKR_BYTES("named"), false);
}

static bool handle_body(struct call *call, struct skr_bytes path)
{
    struct skr_exchange *exchange = call->exchange;
    if (skr_bytes_starts_with(path, SKR_BYTES("/limit/"))) {
        skr_exchange_receive(exchange, &hashing, call, number_after(path, "/limit/"));
    } else if (skr_bytes_starts_with(path, SKR_BYTES("/paused"))) {
        call->paused = true;
        skr_exchange_receive(exchange, &hashing, call, UINT64_MAX);
    } else if (skr_bytes_starts_with(path, SKR_BYTES("/collect"))) {
        skr_exchange_receive_all(exchange, 1 << 20, collected, call);
    } else if (skr_bytes_starts_with(path, SKR_BYTES("/discard"))) {
        skr_exchange_receive(exchange, &discarding, call, UINT64_MAX);
    } else if (skr_bytes_starts_with(path, SKR_BYTES("/echo"))) {
        skr_exchange_receive(exchange, &hashing, call, UINT64_MAX);
    } else {
        return false;
    }
    return true;
}

static void handle_reply(struct call *call, struct skr_bytes path)
{
    struct skr_exchange *exchange = call->exchange;
    if (skr_bytes_starts_with(path, SKR_BYTES("/memory/"))) {
        reply_memory(exchange, number_after(path, "/memory/"));
    } else if (skr_bytes_starts_with(path, SKR_BYTES("/bytes/"))) {
        skr_exchange_send_stream(exchange, 200, number_after(path, "/bytes/"), &streaming, call);
    } else if (skr_bytes_starts_with(path, SKR_BYTES("/stalling/"))) {
        call->paused = true;
        call->stall_at = UINT64_MAX;
        skr_exchange_send_stream(exchange, 200, number_after(path, "/stalling/"), &streaming, call);
    } else if (skr_bytes_equal(path, SKR_BYTES("/broken"))) {
        skr_exchange_send_stream(exchange, 200, 100000, &breaking, call);
    } else if (skr_bytes_equal(path, SKR_BYTES("/named"))) {
        reply_named(exchange);
    } else if (skr_bytes_starts_with(path, SKR_BYTES("/early/"))) {
        skr_exchange_send(exchange, (int)number_after(path, "/early/"), SKR_BYTES("early"), false);
    } else if (skr_bytes_starts_with(path, SKR_BYTES("/status/"))) {
        skr_exchange_send(exchange, (int)number_after(path, "/status/"), SKR_BYTES("body"), false);
    } else if (skr_bytes_equal(path, SKR_BYTES("/head"))) {
        skr_exchange_send_head(exchange, 200, UINT64_C(1) << 40);
    } else {
        skr_exchange_send(exchange, 404, SKR_BYTES("not found"), false);
    }
}

static void handle(void *context, struct skr_exchange *exchange)
{
    struct skr_bytes path = skr_exchange_request(exchange)->uri.raw_path;
    (void)context;
    if (skr_bytes_equal(path, SKR_BYTES("/stats"))) {
        reply_stats(exchange);
        return;
    }
    atomic_fetch_add(&handled, 1);
    struct call *call = calloc(1, sizeof *call);
    if (call == NULL || (call->md5 = EVP_MD_CTX_new()) == NULL || EVP_DigestInit_ex(call->md5, EVP_md5(), NULL) != 1)
        abort();
    call->exchange = exchange;
    skr_exchange_label(exchange, "test", SKR_BYTES("account"));
    skr_exchange_on_close(exchange, call_closed, call);
    if (skr_bytes_equal(path, SKR_BYTES("/hold"))) {
        held = exchange;
    } else if (skr_bytes_equal(path, SKR_BYTES("/release"))) {
        struct skr_exchange *waiting = held;
        held = NULL;
        skr_exchange_send(exchange, 200, waiting == NULL ? SKR_BYTES("none") : SKR_BYTES("released"), false);
        if (waiting != NULL)
            skr_exchange_send(waiting, 403, SKR_BYTES("held"), false);
    } else if (!handle_body(call, path)) {
        handle_reply(call, path);
    }
}

static void refuse(void *context, struct skr_exchange *exchange, int http_status, enum skr_status status)
{
    (void)context;
    atomic_fetch_add(&refused, 1);
    skr_exchange_send(exchange, http_status, skr_text(skr_status_text(status)), false);
}

static enum skr_status worker_open(void *context, struct skr_io *io, struct skr_executor *executor, void **worker,
                                   struct skr_error *err)
{
    static _Atomic unsigned opened;
    (void)context, (void)io;
    if (++opened == failing_worker)
        return skr_fail(err, SKR_CORRUPT, "this worker was asked to fail");
    own_executor = executor;
    *worker = executor;
    return SKR_OK;
}

int main(int argc, char **argv)
{
    struct skr_http_options options = {.reactors = 1,
                                       .max_connections = 20000,
                                       .header_timeout_ms = 10000,
                                       .body_timeout_ms = 10000,
                                       .idle_timeout_ms = 60000,
                                       .drain_timeout_ms = 5000,
                                       .worker_open = worker_open};
    struct skr_face face = {.name = "test", .handle = handle, .refuse = refuse};
    struct skr_error error;
    char bound[48], end[64];
    for (int i = 1; i + 1 < argc; i += 2) {
        unsigned value = (unsigned)strtoul(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--tls-cert") == 0)
            options.tls_certificate_file = argv[i + 1];
        else if (strcmp(argv[i], "--tls-key") == 0)
            options.tls_key_file = argv[i + 1];
        else if (strcmp(argv[i], "--reactors") == 0)
            options.reactors = value;
        else if (strcmp(argv[i], "--max-connections") == 0)
            options.max_connections = value;
        else if (strcmp(argv[i], "--header-ms") == 0)
            options.header_timeout_ms = value;
        else if (strcmp(argv[i], "--body-ms") == 0)
            options.body_timeout_ms = value;
        else if (strcmp(argv[i], "--idle-ms") == 0)
            options.idle_timeout_ms = value;
        else if (strcmp(argv[i], "--drain-ms") == 0)
            options.drain_timeout_ms = value;
        else if (strcmp(argv[i], "--fail-worker") == 0)
            failing_worker = value;
        else if (strcmp(argv[i], "--pool") == 0)
            options.connection_memory_bytes = value;
    }
    for (size_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (char)('a' + i % 4096 % 26);
    if (skr_http_open(&server, &options, &error) != SKR_OK ||
        skr_http_listen(server, &face, "127.0.0.1:0", bound, &error) != SKR_OK || skr_http_start(server, &error) != SKR_OK) {
        fprintf(stderr, "%s\n", error.message);
        skr_http_close(server);
        return 1;
    }
    printf("%s\n", bound);
    fflush(stdout);
    while (read(STDIN_FILENO, end, sizeof end) > 0)
        ;
    skr_http_close(server);
    printf("handled %llu closed %llu\n", (unsigned long long)handled, (unsigned long long)closed_count);
    return handled == closed_count ? 0 : 2;
}
