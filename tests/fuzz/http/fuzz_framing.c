/* Any bytes on a connection, through libmicrohttpd and the checks behind it, beside a second reader that is strict and simple.
 * Each request that reaches a handler must be one that the second reader finds at the same place, with the same target, headers
 * and body: so no two readers of the bytes can disagree about what was asked for, or where the next request begins.
 */
#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "reactor.h"
#include "skerry/encoding.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct skr_bytes left; /* what the second reader has not read yet */
static uint64_t body_seen;

static bool take_line(struct skr_bytes *line)
{
    const char *end = memmem(left.data, left.size, "\r\n", 2);
    if (end == NULL)
        return false;
    *line = (struct skr_bytes){left.data, (size_t)(end - left.data)};
    left.data += line->size + 2;
    left.size -= line->size + 2;
    return memchr(line->data, '\r', line->size) == NULL && memchr(line->data, '\n', line->size) == NULL &&
           memchr(line->data, '\0', line->size) == NULL;
}

/* Before a request libmicrohttpd skips lines that are empty, ended by CRLF or LF, and those that begin with a zero byte. */
static void skip_empty_lines(void)
{
    while (left.size > 0 && (left.data[0] == '\r' || left.data[0] == '\n' || left.data[0] == '\0')) {
        const char *end = memchr(left.data, '\n', left.size);
        assert(end != NULL);
        left.size -= (size_t)(end + 1 - left.data);
        left.data = end + 1;
    }
}

static void check_request_line(const struct skr_request *request, struct skr_bytes line)
{
    const char *first = memchr(line.data, ' ', line.size), *last = memrchr(line.data, ' ', line.size);
    assert(first != NULL && last > first);
    assert(skr_bytes_equal((struct skr_bytes){line.data, (size_t)(first - line.data)}, request->method_name));
    struct skr_bytes target = {first + 1, (size_t)(last - first - 1)}, own = request->uri.raw_target;
    bool whole = skr_bytes_equal(own, SKR_BYTES("/")); /* an absolute target without a path */
    assert(memchr(target.data, ' ', target.size) == NULL && target.size > 0);
    assert(whole || (target.size >= own.size && memcmp(target.data + target.size - own.size, own.data, own.size) == 0));
    assert(target.data[0] != '/' || skr_bytes_equal(target, own));
    struct skr_bytes version = {last + 1, (size_t)(line.data + line.size - last - 1)};
    assert(skr_bytes_equal(version, SKR_BYTES("HTTP/1.1")) || skr_bytes_equal(version, SKR_BYTES("HTTP/1.0")));
}

static void check_header(const struct skr_header *header, struct skr_bytes line)
{
    const char *colon = memchr(line.data, ':', line.size);
    assert(colon != NULL && skr_bytes_equal(header->name, (struct skr_bytes){line.data, (size_t)(colon - line.data)}));
    struct skr_bytes value = {colon + 1, (size_t)(line.data + line.size - colon - 1)};
    while (value.size > 0 && (value.data[0] == ' ' || value.data[0] == '\t'))
        value.data++, value.size--;
    while (value.size > 0 && (value.data[value.size - 1] == ' ' || value.data[value.size - 1] == '\t'))
        value.size--;
    assert(skr_bytes_equal(header->value, value));
}

static size_t sink_write(void *context, const void *data, size_t size)
{
    (void)context;
    const struct skr_request *request = skr_exchange_request(context);
    if (!request->chunked) {
        assert(size <= left.size && memcmp(left.data, data, size) == 0);
        left.data += size;
        left.size -= size;
    }
    body_seen += size;
    return size;
}

/* The second reader's chunks: sizes in hexadecimal, perhaps extensions, and trailers that it skips. */
static void skip_chunks(void)
{
    struct skr_bytes line;
    uint64_t total = 0, size;
    do {
        size = 0;
        const char *end = memchr(left.data, '\n', left.size);
        assert(end != NULL);
        line = (struct skr_bytes){left.data, (size_t)(end - left.data)};
        size_t digits = 0;
        for (uint8_t value; digits < line.size; digits++) {
            char pair[2] = {'0', line.data[digits]};
            if (!skr_hex_decode((struct skr_bytes){pair, 2}, &value, 1))
                break;
            size = size * 16 + value;
        }
        assert(digits > 0);
        left.size -= line.size + 1;
        left.data += line.size + 1;
        assert(size <= left.size);
        left.data += size;
        left.size -= size;
        total += size;
        if (size > 0) { /* the end of the chunk's data */
            size_t skip = left.size > 0 && left.data[0] == '\r' ? 2 : 1;
            assert(left.size >= skip && left.data[skip - 1] == '\n');
            left.data += skip;
            left.size -= skip;
        }
    } while (size > 0);
    assert(total == body_seen);
    left.size = 0; /* trailers are libmicrohttpd's: what follows is not compared */
    left.data = NULL;
}

static void sink_end(void *context)
{
    struct skr_exchange *exchange = context;
    const struct skr_request *request = skr_exchange_request(exchange);
    if (request->chunked)
        skip_chunks();
    else
        assert(body_seen == request->content_length);
    skr_exchange_send(exchange, 200, SKR_BYTES(""), true);
}

static void sink_abort(void *context)
{
    (void)context;
}

static void handle(void *context, struct skr_exchange *exchange)
{
    static const struct skr_body_sink sink = {sink_write, sink_end, sink_abort};
    const struct skr_request *request = skr_exchange_request(exchange);
    struct skr_bytes line;
    unsigned lengths = 0, encodings = 0, hosts = 0;
    (void)context;
    if (left.data != NULL) {
        skip_empty_lines();
        assert(take_line(&line));
        check_request_line(request, line);
        for (size_t i = 0; i < request->header_count; i++) {
            assert(take_line(&line));
            check_header(&request->headers[i], line);
        }
        assert(take_line(&line) && line.size == 0);
    }
    for (size_t i = 0; i < request->header_count; i++) {
        lengths += skr_bytes_equal_nocase(request->headers[i].name, SKR_BYTES("content-length"));
        encodings += skr_bytes_equal_nocase(request->headers[i].name, SKR_BYTES("transfer-encoding"));
        hosts += skr_bytes_equal_nocase(request->headers[i].name, SKR_BYTES("host"));
    }
    assert(lengths + encodings <= 1 && hosts <= 1 && request->has_content_length == lengths && request->chunked == encodings);
    body_seen = 0;
    if (left.data == NULL && !request->chunked) /* after trailers nothing is compared */
        skr_exchange_send(exchange, 200, SKR_BYTES(""), true);
    else
        skr_exchange_receive(exchange, &sink, exchange, UINT64_MAX);
    if (left.data == NULL && request->chunked)
        skr_exchange_send(exchange, 200, SKR_BYTES(""), true);
}

static void refuse(void *context, struct skr_exchange *exchange, int http_status, enum skr_status status)
{
    (void)context, (void)status;
    skr_exchange_send(exchange, http_status, SKR_BYTES(""), true);
}

static struct skr_reactor *open_reactor(void)
{
    static struct skr_http http = {.options = {.max_connections = 10, .connection_memory_bytes = 32768}};
    static struct skr_reactor reactor = {.http = &http};
    static const struct skr_face face = {.name = "fuzz", .handle = handle, .refuse = refuse};
    static const struct skr_listener listener = {.face = &face, .fd = -1};
    struct skr_error error;
    pthread_mutex_init(&reactor.label_lock, NULL);
    if (skr_reactor_open_face(&reactor, &listener, &error) != SKR_OK)
        abort();
    return &reactor;
}

/* What cannot be told from CRLF, since libmicrohttpd overwrites it all with zeros: a zero byte before a line feed, and zero
 * bytes or colons within the two line ends that close the headers. All are turned into CRLF for both readers; the README of the
 * room says what that leaves open. */
static bool is_like_the_closing_line_ends(const uint8_t *at)
{
    unsigned line_feeds = 0;
    for (int i = 0; i < 4; i++) {
        if (at[i] != '\r' && at[i] != '\n' && at[i] != '\0' && at[i] != ':')
            return false;
        line_feeds += at[i] == '\n';
    }
    return line_feeds == 2 && at[3] == '\n';
}

static const uint8_t *without_likenesses_of_crlf(const uint8_t *data, size_t size)
{
    static uint8_t copy[1 << 20];
    if (size > sizeof copy)
        return NULL;
    memcpy(copy, data, size);
    for (size_t i = 0; i + 1 < size; i++)
        if (copy[i] == '\0' && copy[i + 1] == '\n')
            copy[i] = '\r';
    for (size_t i = 0; i + 3 < size; i++)
        if (is_like_the_closing_line_ends(copy + i))
            memcpy(copy + i, "\r\n\r\n", 4);
    return copy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct skr_reactor *reactor;
    static char answer[65536];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int ends[2];
    if (reactor == NULL)
        reactor = open_reactor();
    data = without_likenesses_of_crlf(data, size);
    if (data == NULL || size == 0 || socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0)
        return 0;
    left = (struct skr_bytes){(const char *)data, size};
    MHD_add_connection(reactor->faces[0].daemon, ends[0], (struct sockaddr *)&address, sizeof address);
    size_t first = size > 1 ? data[size - 1] % size : size; /* in two segments, cut where the input says */
    ssize_t ignored = send(ends[1], data, first, MSG_NOSIGNAL);
    for (int i = 0; i < 4; i++)
        MHD_run(reactor->faces[0].daemon);
    ignored = send(ends[1], data + first, size - first, MSG_NOSIGNAL);
    shutdown(ends[1], SHUT_WR);
    for (int i = 0; i < 200 && reactor->connections != NULL; i++) {
        MHD_run(reactor->faces[0].daemon);
        ignored = recv(ends[1], answer, sizeof answer, MSG_DONTWAIT);
    }
    (void)ignored;
    close(ends[1]);
    for (int i = 0; i < 100 && reactor->connections != NULL; i++)
        MHD_run(reactor->faces[0].daemon);
    while (reactor->connections != NULL) {
        skr_connections_cut_all(reactor);
        MHD_run(reactor->faces[0].daemon);
    }
    return 0;
}
