/* One attempt: the message signed for now, libcurl's options, and its callbacks. In a callback libcurl is inside itself:
 * nothing here removes a transfer, and a caller's cancellation shows as a call that is gone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "client.h"

#define SKR_LIST_DOCUMENT_BYTES (64u << 20)
#define SKR_DOCUMENT_BYTES (1u << 20)
#define SKR_READ_BUFFER_BYTES (64L << 10)
#define SKR_UPLOAD_BUFFER_BYTES (256L << 10)

static void skr_attempt_fail(struct skr_upstream_transfer *transfer, enum skr_upstream_outcome outcome, const char *problem)
{
    if (transfer->failure == SKR_UPSTREAM_OK) {
        transfer->failure = outcome;
        transfer->problem = problem;
    }
}

/* ---- the answer ---- */

static bool skr_is_wanted_body(const struct skr_upstream_transfer *transfer)
{
    return transfer->kind == SKR_OP_GET && (transfer->answer.status == 200 || transfer->answer.status == 206);
}

/* The headers are complete: is the body what was asked for? */
static bool skr_attempt_head(struct skr_upstream_transfer *transfer)
{
    const char *problem = "the answer's headers contradict each other";
    enum skr_upstream_outcome outcome = SKR_UPSTREAM_PROTOCOL;
    if (!skr_is_wanted_body(transfer))
        return true;
    if (skr_answer_object(&transfer->answer, transfer->lane->upstream->driver, &transfer->object))
        outcome = skr_answer_range(&transfer->answer, &transfer->get, &transfer->object, &problem);
    if (outcome != SKR_UPSTREAM_OK) {
        skr_attempt_fail(transfer, outcome, problem);
        return false;
    }
    if (transfer->get.head != NULL) {
        transfer->delivered = true;
        transfer->get.head(transfer->call, &transfer->object);
    }
    return transfer->call != NULL;
}

static size_t skr_attempt_header(char *data, size_t size, size_t count, void *context)
{
    struct skr_upstream_transfer *transfer = context;
    bool was_complete = transfer->answer.complete;
    transfer->progress_ms = skr_client_clock_ms();
    if (transfer->call == NULL)
        return 0;
    if (!skr_answer_line(&transfer->answer, (struct skr_bytes){data, size * count})) {
        skr_attempt_fail(transfer, SKR_UPSTREAM_PROTOCOL, "the answer's headers are malformed or too many");
        return 0;
    }
    if (!was_complete && transfer->answer.complete && !skr_attempt_head(transfer))
        return 0;
    return size * count;
}

/* libcurl delivers all of a block again of which a part was taken. */
static size_t skr_attempt_deliver(struct skr_upstream_transfer *transfer, const char *data, size_t size)
{
    if (!skr_client_allows(transfer)) {
        transfer->paused = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    size_t skip = transfer->redelivered < size ? transfer->redelivered : size;
    transfer->redelivered -= skip;
    if (skip == size)
        return size;
    size_t taken = transfer->get.write(transfer->call, data + skip, size - skip);
    transfer->turn_bytes += taken;
    transfer->client->counters.received_bytes += taken;
    transfer->delivered |= taken > 0;
    if (transfer->call == NULL)
        return 0;
    if (taken == size - skip)
        return size;
    transfer->redelivered = skip + taken;
    transfer->paused = true;
    return CURL_WRITEFUNC_PAUSE;
}

static size_t skr_attempt_write(char *data, size_t size, size_t count, void *context)
{
    struct skr_upstream_transfer *transfer = context;
    transfer->progress_ms = skr_client_clock_ms();
    if (transfer->call == NULL || transfer->failure != SKR_UPSTREAM_OK)
        return 0;
    if (skr_is_wanted_body(transfer))
        return skr_attempt_deliver(transfer, data, size * count);
    bool list = (transfer->kind == SKR_OP_LIST || transfer->kind == SKR_OP_LIST_CONTAINERS) && transfer->answer.status == 200;
    if (!skr_answer_document(&transfer->answer, data, size * count, list ? SKR_LIST_DOCUMENT_BYTES : SKR_DOCUMENT_BYTES)) {
        skr_attempt_fail(transfer, SKR_UPSTREAM_PROTOCOL, "the answer is too long");
        return 0;
    }
    return size * count;
}

/* ---- the body that is sent ---- */

static size_t skr_attempt_read(char *buffer, size_t size, size_t count, void *context)
{
    struct skr_upstream_transfer *transfer = context;
    const struct skr_upstream_body *body = &transfer->body;
    uint64_t left = body->size_bytes - transfer->sent_bytes;
    size_t wanted = left < size * count ? (size_t)left : size * count;
    transfer->progress_ms = skr_client_clock_ms();
    if (transfer->call == NULL || transfer->failure != SKR_UPSTREAM_OK)
        return CURL_READFUNC_ABORT;
    if (wanted == 0)
        return 0;
    ssize_t got = (ssize_t)wanted;
    if (body->data != NULL)
        memcpy(buffer, (const char *)body->data + transfer->sent_bytes, wanted);
    else
        got = body->read(transfer->call, transfer->sent_bytes, buffer, wanted);
    if (transfer->call == NULL)
        return CURL_READFUNC_ABORT;
    if (got == 0) {
        transfer->paused = true;
        return CURL_READFUNC_PAUSE;
    }
    if (got < 0 || (size_t)got > wanted) {
        skr_attempt_fail(transfer, SKR_UPSTREAM_CANCELLED, "the source of the body failed");
        return CURL_READFUNC_ABORT;
    }
    transfer->body_was_read = true;
    transfer->sent_bytes += (uint64_t)got;
    transfer->client->counters.sent_bytes += (uint64_t)got;
    return (size_t)got;
}

/* libcurl begins again when a connection that was kept turns out to be closed. */
static int skr_attempt_seek(void *context, curl_off_t offset, int origin)
{
    struct skr_upstream_transfer *transfer = context;
    if (origin != SEEK_SET || offset < 0 || (uint64_t)offset > transfer->body.size_bytes)
        return CURL_SEEKFUNC_FAIL;
    if (transfer->body.once && (uint64_t)offset != transfer->sent_bytes)
        return CURL_SEEKFUNC_CANTSEEK;
    transfer->sent_bytes = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

/* The request is about to be sent. libcurl sends it once more, unasked, when a kept connection ends without an answer, which
 * may be the end of a request that upstream has carried out. */
static int skr_attempt_sending(void *context, char *remote, char *local, int remote_port, int local_port)
{
    struct skr_upstream_transfer *transfer = context;
    (void)remote, (void)local, (void)remote_port, (void)local_port;
    if (transfer->call == NULL)
        return CURL_PREREQFUNC_ABORT;
    if (transfer->sendings++ == 0 || transfer->repeatable)
        return CURL_PREREQFUNC_OK;
    skr_attempt_fail(transfer, SKR_UPSTREAM_UNAVAILABLE, "the connection ended before the answer");
    return CURL_PREREQFUNC_ABORT;
}

/* ---- the request ---- */

/* A UUID by which upstream's operator finds the request. */
static void skr_attempt_name(struct skr_upstream_transfer *transfer)
{
    uint64_t a = skr_client_random(transfer->client), b = skr_client_random(transfer->client);
    char text[37];
    snprintf(text, sizeof text, "%08x-%04x-4%03x-%04x-%012llx", (unsigned)(a >> 32), (unsigned)(a >> 16 & 0xFFFF),
             (unsigned)(a & 0xFFF), (unsigned)(b >> 48 & 0x3FFF) | 0x8000, (unsigned long long)(b & 0xFFFFFFFFFFFF));
    skr_message_header(&transfer->signed_message, "x-ms-client-request-id", skr_text(text));
}

static bool skr_attempt_sign(struct skr_upstream_transfer *transfer)
{
    const struct skr_upstream *upstream = transfer->lane->upstream;
    struct skr_message *message = &transfer->signed_message;
    *message = transfer->message;
    message->arena = &transfer->attempt_arena;
    if (upstream->kind == SKR_UPSTREAM_AZURE)
        skr_attempt_name(transfer);
    if (!upstream->driver->sign(upstream, message, transfer->body.size_bytes, transfer->body.sha256, time(NULL)) ||
        message->problem != NULL) {
        bool token = upstream->credential == SKR_UPSTREAM_TOKEN;
        skr_attempt_fail(transfer, token ? SKR_UPSTREAM_FORBIDDEN : SKR_UPSTREAM_NO_MEMORY,
                         token ? "there is no token for upstream at present" : "no memory to sign a request");
        return false;
    }
    struct skr_bytes query = skr_message_query_text(message);
    bool both = query.size > 0 && upstream->sas.size > 0;
    transfer->url = skr_arena_print(&transfer->attempt_arena, "%s://%.*s%.*s%s%.*s%s%.*s", upstream->url.tls ? "https" : "http",
                                    SKR_PRINT(upstream->url.authority), SKR_PRINT(message->path),
                                    query.size > 0 || upstream->sas.size > 0 ? "?" : "", SKR_PRINT(query), both ? "&" : "",
                                    SKR_PRINT(upstream->sas));
    if (query.data == NULL || transfer->url.data == NULL)
        skr_attempt_fail(transfer, SKR_UPSTREAM_NO_MEMORY, "no memory for a request");
    return transfer->failure == SKR_UPSTREAM_OK;
}

static bool skr_attempt_line(struct skr_upstream_transfer *transfer, const char *line)
{
    struct curl_slist *grown = curl_slist_append(transfer->lines, line);
    if (grown != NULL)
        transfer->lines = grown;
    return grown != NULL;
}

static bool skr_attempt_lines(struct skr_upstream_transfer *transfer)
{
    /* Without a value libcurl leaves a header of its own out. */
    bool fine = skr_attempt_line(transfer, "Accept:") && skr_attempt_line(transfer, "Expect:");
    for (size_t i = 0; i < transfer->signed_message.header_count && fine; i++) {
        const struct skr_name_value *header = &transfer->signed_message.headers[i];
        struct skr_bytes line = skr_arena_print(&transfer->attempt_arena, header->value.size > 0 ? "%.*s: %.*s" : "%.*s;%.*s",
                                                SKR_PRINT(header->name), SKR_PRINT(header->value));
        fine = line.data != NULL && skr_attempt_line(transfer, line.data);
    }
    return fine;
}

static void skr_attempt_options(struct skr_upstream_transfer *transfer)
{
    const struct skr_upstream *upstream = transfer->lane->upstream;
    CURL *easy = transfer->easy;
    const char *method = transfer->message.method;
    curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer->error);
    curl_easy_setopt(easy, CURLOPT_SHARE, transfer->client->share);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, upstream->url.tls ? "https" : "http");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "skerry/" SKERRY_VERSION);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)upstream->connect_timeout_ms);
    curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, SKR_READ_BUFFER_BYTES);
    /* Only what the settings say: nothing of the environment. */
    curl_easy_setopt(easy, CURLOPT_PROXY, upstream->proxy.size > 0 ? upstream->proxy.data : "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (upstream->ca_file.size > 0) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, upstream->ca_file.data);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(easy, CURLOPT_PREREQFUNCTION, skr_attempt_sending);
    curl_easy_setopt(easy, CURLOPT_PREREQDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, skr_attempt_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, skr_attempt_write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
    if (strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (strcmp(method, "PUT") == 0 || strcmp(method, "POST") == 0) {
        curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L);
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, SKR_UPLOAD_BUFFER_BYTES);
        curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t)transfer->body.size_bytes);
        curl_easy_setopt(easy, CURLOPT_READFUNCTION, skr_attempt_read);
        curl_easy_setopt(easy, CURLOPT_READDATA, transfer);
        curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, skr_attempt_seek);
        curl_easy_setopt(easy, CURLOPT_SEEKDATA, transfer);
    }
    curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, strcmp(method, "HEAD") == 0 ? NULL : method);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->lines);
}

static void skr_attempt_reset(struct skr_upstream_transfer *transfer)
{
    skr_answer_reset(&transfer->answer);
    transfer->object = (struct skr_upstream_object){.size_bytes = 0};
    transfer->error[0] = '\0';
    transfer->sent_bytes = 0;
    transfer->redelivered = 0;
    transfer->sendings = 0;
    transfer->paused = transfer->resume_wanted = false;
    transfer->progress_ms = transfer->client->now_ms;
}

bool skr_attempt_start(struct skr_upstream_transfer *transfer)
{
    struct skr_upstream_client *client = transfer->client;
    skr_attempt_reset(transfer);
    if (!skr_attempt_sign(transfer))
        return false;
    transfer->easy = client->spare_count > 0 ? client->spare[--client->spare_count] : curl_easy_init();
    bool fine = transfer->easy != NULL && skr_attempt_lines(transfer) &&
                curl_easy_setopt(transfer->easy, CURLOPT_URL, transfer->url.data) == CURLE_OK;
    if (fine) {
        skr_attempt_options(transfer);
        fine = curl_multi_add_handle(client->multi, transfer->easy) == CURLM_OK;
    }
    if (!fine) {
        if (transfer->easy != NULL)
            curl_easy_cleanup(transfer->easy);
        transfer->easy = NULL;
        skr_attempt_wipe(transfer);
        skr_attempt_fail(transfer, SKR_UPSTREAM_NO_MEMORY, "no memory for a request");
    }
    return fine;
}
