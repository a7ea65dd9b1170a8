/* The reply of an exchange: headers gathered in the arena, a body from memory or from a source, handed to libmicrohttpd.
 *
 * A body in the arena is served without a copy: the arena lives until libmicrohttpd says that the request is over.
 */
#include <stdio.h>

#include "reactor.h"

/* Half of a core's cache: measured ahead of 256 KiB and of 1 MiB. */
#define SKR_STREAM_BLOCK_BYTES (512u << 10)

/* ---- headers ---- */

static void skr_response_header_add(struct skr_exchange *exchange, const char *name, struct skr_bytes value)
{
    struct skr_response_header *header = skr_arena_alloc(&exchange->arena, sizeof *header);
    struct skr_bytes copy = skr_arena_copy(&exchange->arena, value);
    if (header == NULL || copy.data == NULL || name == NULL)
        return; /* no memory: a response without this header is better than none */
    for (size_t i = 0; i < copy.size; i++)
        if (((unsigned char)copy.data[i] < 0x20 && copy.data[i] != '\t') || copy.data[i] == 0x7F)
            ((char *)copy.data)[i] = '?';
    *header = (struct skr_response_header){exchange->headers, name, copy.data};
    exchange->headers = header;
}

void skr_exchange_header(struct skr_exchange *exchange, const char *name, struct skr_bytes value)
{
    skr_response_header_add(exchange, name, value);
}

void skr_exchange_header_named(struct skr_exchange *exchange, struct skr_bytes name, struct skr_bytes value)
{
    for (size_t i = 0; i < name.size; i++)
        if ((unsigned char)name.data[i] <= 0x20 || (unsigned char)name.data[i] >= 0x7F ||
            strchr("\"(),/:;<=>?@[\\]{}", name.data[i]) != NULL)
            return;
    if (name.size > 0)
        skr_response_header_add(exchange, skr_arena_copy(&exchange->arena, name).data, value);
}

void skr_exchange_header_u64(struct skr_exchange *exchange, const char *name, uint64_t value)
{
    char text[24];
    int size = snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    skr_response_header_add(exchange, name, (struct skr_bytes){text, (size_t)size});
}

void skr_exchange_before_send(struct skr_exchange *exchange, void (*prepare)(void *context), void *context)
{
    exchange->prepare = prepare;
    exchange->prepare_context = context;
}

void skr_exchange_visit_headers(const struct skr_exchange *exchange, void (*visit)(void *context, const char *name),
                                void *context)
{
    for (const struct skr_response_header *header = exchange->headers; header != NULL; header = header->next)
        visit(context, header->name);
}

/* ---- sending ---- */

static void skr_response_prepare(struct skr_exchange *exchange)
{
    void (*prepare)(void *context) = exchange->prepare;
    exchange->prepare = NULL;
    if (prepare != NULL)
        prepare(exchange->prepare_context);
}

static void skr_response_ready(struct skr_exchange *exchange, struct MHD_Response *response, int http_status, uint64_t size)
{
    skr_response_prepare(exchange);
    exchange->response = response;
    exchange->http_status = http_status;
    exchange->response_bytes = size;
    exchange->progress_ms = exchange->reactor->now_ms;
    if (!exchange->in_callback)
        skr_exchange_kick(exchange);
}

void skr_exchange_send(struct skr_exchange *exchange, int http_status, struct skr_bytes body, bool in_arena)
{
    if (exchange->response != NULL)
        return;
    struct MHD_Response *response = MHD_create_response_from_buffer(
        body.size, (void *)body.data, in_arena || body.size == 0 ? MHD_RESPMEM_PERSISTENT : MHD_RESPMEM_MUST_COPY);
    if (response == NULL)
        skr_connection_cut(exchange->connection);
    else
        skr_response_ready(exchange, response, http_status, exchange->request.method == SKR_HEAD ? 0 : body.size);
}

static ssize_t skr_stream_read(void *cls, uint64_t position, char *buffer, size_t size)
{
    struct skr_exchange *exchange = cls;
    exchange->progress_ms = exchange->reactor->now_ms;
    if (!skr_lending_was_sent(exchange))
        return MHD_CONTENT_READER_END_WITH_ERROR;
    for (;;) {
        if (exchange->connection->cut)
            return MHD_CONTENT_READER_END_WITH_ERROR;
        size_t lent = skr_lending_lend(exchange, position, buffer, size);
        if (lent > 0)
            return (ssize_t)lent;
        exchange->wake_pending = false;
        ssize_t taken = exchange->source->read(exchange->source_context, position, buffer, size);
        if (taken > 0) {
            exchange->block_bytes = (uint64_t)taken;
            return taken;
        }
        if (taken < 0)
            return MHD_CONTENT_READER_END_WITH_ERROR;
        if (exchange->wake_pending)
            continue;
        skr_exchange_pause(exchange);
        return 0;
    }
}

static ssize_t skr_head_read(void *cls, uint64_t position, char *buffer, size_t size)
{
    (void)cls, (void)position, (void)buffer, (void)size;
    return MHD_CONTENT_READER_END_WITH_ERROR; /* a HEAD has no body to read */
}

void skr_exchange_send_head(struct skr_exchange *exchange, int http_status, uint64_t content_length)
{
    if (exchange->response != NULL)
        return;
    struct MHD_Response *response = MHD_create_response_from_callback(content_length, 1024, skr_head_read, NULL, NULL);
    if (response == NULL)
        skr_connection_cut(exchange->connection);
    else
        skr_response_ready(exchange, response, http_status, 0);
}

void skr_exchange_send_stream(struct skr_exchange *exchange, int http_status, uint64_t length,
                              const struct skr_body_source *source, void *context)
{
    if (length == 0) {
        skr_exchange_send(exchange, http_status, SKR_BYTES(""), true);
        return;
    }
    if (exchange->response != NULL)
        return;
    exchange->source = source;
    exchange->source_context = context;
    size_t block = length < SKR_STREAM_BLOCK_BYTES ? (size_t)length : SKR_STREAM_BLOCK_BYTES;
    struct MHD_Response *response = MHD_create_response_from_callback(length, block, skr_stream_read, exchange, NULL);
    if (response == NULL)
        skr_connection_cut(exchange->connection);
    else
        skr_response_ready(exchange, response, http_status, length);
}

enum MHD_Result skr_response_queue(struct skr_exchange *exchange)
{
    struct MHD_Response *response = exchange->response;
    for (struct skr_response_header *header = exchange->headers; header != NULL; header = header->next)
        MHD_add_response_header(response, header->name,
                                header->value[0] != '\0' ? header->value : " "); /* it adds no empty one */
    if (exchange->close_after || exchange->reactor->draining)
        MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    exchange->phase = SKR_PHASE_REPLYING;
    return MHD_queue_response(exchange->connection->handle, (unsigned)exchange->http_status, response);
}
