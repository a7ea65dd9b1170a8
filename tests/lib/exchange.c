#include "exchange.h"

#include <stdio.h>
#include <stdlib.h>

#include "skerry/encoding.h"

static struct skr_bytes cut_line(struct skr_bytes *text)
{
    const char *end = text->size == 0 ? NULL : memchr(text->data, '\n', text->size);
    struct skr_bytes line = {text->data, end == NULL ? text->size : (size_t)(end - text->data)};
    text->data += line.size + (end != NULL);
    text->size -= line.size + (end != NULL);
    return line;
}

static enum skr_method method_of(struct skr_bytes name)
{
    static const char *const names[] = {"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"};
    for (int i = 0; i < SKR_METHOD_OTHER; i++)
        if (skr_bytes_equal(name, skr_text(names[i])))
            return (enum skr_method)i;
    return SKR_METHOD_OTHER;
}

static void add_header(struct skr_request *request, struct skr_bytes line)
{
    const char *colon = line.size == 0 ? NULL : memchr(line.data, ':', line.size);
    if (colon == NULL || colon == line.data || request->header_count == SKR_MAX_HEADERS)
        return;
    struct skr_bytes name = {line.data, (size_t)(colon - line.data)}, value = {colon + 1, line.size - name.size - 1};
    while (value.size > 0 && (*value.data == ' ' || *value.data == '\t')) {
        value.data++;
        value.size--;
    }
    while (value.size > 0 && (value.data[value.size - 1] == ' ' || value.data[value.size - 1] == '\t'))
        value.size--;
    for (size_t i = 0; i < name.size; i++)
        if ((unsigned char)name.data[i] <= 0x20 || (unsigned char)name.data[i] >= 0x7F)
            return;
    for (size_t i = 0; i < value.size; i++)
        if (((unsigned char)value.data[i] < 0x20 && value.data[i] != '\t') || value.data[i] == 0x7F)
            return;
    request->headers[request->header_count++] = (struct skr_header){name, value};
}

bool exchange_parse(struct skr_exchange *exchange, struct skr_bytes text)
{
    struct skr_request *request = &exchange->request;
    struct skr_error error;
    *exchange = (struct skr_exchange){.arena = {.blocks = NULL}};
    struct skr_bytes copy = skr_arena_copy(&exchange->arena, text);
    struct skr_bytes first = cut_line(&copy), line;
    const char *space = first.size == 0 ? NULL : memchr(first.data, ' ', first.size);
    if (space == NULL)
        return false;
    request->method_name = (struct skr_bytes){first.data, (size_t)(space - first.data)};
    request->method = method_of(request->method_name);
    struct skr_bytes target = {space + 1, first.size - request->method_name.size - 1};
    if (skr_uri_parse(&exchange->arena, target, &request->uri, &error) != SKR_OK)
        return false;
    while ((line = cut_line(&copy)).size > 0)
        add_header(request, line);
    exchange->body = copy;
    struct skr_bytes length = skr_request_header(request, "content-length"), host = skr_request_header(request, "host");
    request->has_content_length = length.data != NULL && skr_parse_u64(length, &request->content_length);
    request->has_body = request->content_length > 0;
    request->listener = SKR_BYTES("127.0.0.1:10000");
    if (!skr_authority_parse(&exchange->arena, host, &request->host, &request->port))
        return false;
    snprintf(request->peer, sizeof request->peer, "127.0.0.1");
    request->received_ns = INT64_C(1781524800000000000);
    return true;
}

void exchange_again(struct skr_exchange *exchange)
{
    exchange->prepare = NULL;
    exchange->replies = 0;
    exchange->header_count = 0;
    exchange->status = 0;
    exchange->reply = SKR_NO_BYTES;
}

void exchange_release(struct skr_exchange *exchange)
{
    skr_arena_release(&exchange->arena);
}

struct skr_bytes exchange_header(const struct skr_exchange *exchange, const char *name)
{
    for (size_t i = 0; i < exchange->header_count; i++)
        if (skr_bytes_equal_nocase(exchange->headers[i].name, skr_text(name)))
            return exchange->headers[i].value;
    return SKR_NO_BYTES;
}

/* ---- what the HTTP room offers to faces ---- */

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
    return exchange->worker;
}

struct skr_bytes skr_exchange_id(const struct skr_exchange *exchange)
{
    (void)exchange;
    return SKR_BYTES("00000000-0000-4000-8000-000000000000");
}

void skr_exchange_label(struct skr_exchange *exchange, const char *operation, struct skr_bytes account)
{
    (void)exchange, (void)operation, (void)account;
}

void skr_exchange_on_close(struct skr_exchange *exchange, void (*closed)(void *context), void *context)
{
    (void)exchange, (void)closed, (void)context;
}

void skr_exchange_receive(struct skr_exchange *exchange, const struct skr_body_sink *sink, void *context, uint64_t limit_bytes)
{
    (void)exchange, (void)sink, (void)context, (void)limit_bytes;
}

void skr_exchange_receive_all(struct skr_exchange *exchange, size_t limit_bytes,
                              void (*done)(void *context, struct skr_bytes body), void *context)
{
    if (exchange->body.size <= limit_bytes)
        done(context, exchange->body);
}

void skr_exchange_wake(struct skr_exchange *exchange)
{
    (void)exchange;
}

void skr_exchange_header_named(struct skr_exchange *exchange, struct skr_bytes name, struct skr_bytes value)
{
    if (exchange->header_count == sizeof exchange->headers / sizeof *exchange->headers)
        abort();
    exchange->headers[exchange->header_count++] =
        (struct skr_name_value){skr_arena_copy(&exchange->arena, name), skr_arena_copy(&exchange->arena, value)};
}

void skr_exchange_header(struct skr_exchange *exchange, const char *name, struct skr_bytes value)
{
    skr_exchange_header_named(exchange, skr_text(name), value);
}

void skr_exchange_header_u64(struct skr_exchange *exchange, const char *name, uint64_t value)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    skr_exchange_header(exchange, name, (struct skr_bytes){text, (size_t)size});
}

void skr_exchange_before_send(struct skr_exchange *exchange, void (*prepare)(void *context), void *context)
{
    exchange->prepare = prepare;
    exchange->prepare_context = context;
}

void skr_exchange_visit_headers(const struct skr_exchange *exchange, void (*visit)(void *context, const char *name),
                                void *context)
{
    for (size_t i = 0; i < exchange->header_count; i++)
        visit(context, exchange->headers[i].name.data);
}

void skr_exchange_send(struct skr_exchange *exchange, int http_status, struct skr_bytes body, bool in_arena)
{
    (void)in_arena;
    if (exchange->prepare != NULL)
        exchange->prepare(exchange->prepare_context);
    exchange->prepare = NULL;
    exchange->replies++;
    exchange->status = http_status;
    exchange->reply = skr_arena_copy(&exchange->arena, body);
}

void skr_exchange_send_head(struct skr_exchange *exchange, int http_status, uint64_t content_length)
{
    (void)content_length;
    skr_exchange_send(exchange, http_status, SKR_NO_BYTES, true);
}

void skr_exchange_send_stream(struct skr_exchange *exchange, int http_status, uint64_t length,
                              const struct skr_body_source *source, void *context)
{
    (void)length, (void)source, (void)context;
    skr_exchange_send(exchange, http_status, SKR_NO_BYTES, true);
}
