/* One fetch of a token, on the provider's own thread. libcurl's easy interface cannot be woken when the provider is closed, so
 * its one request goes through a multi handle, which can.
 */
#include <stdlib.h>
#include <time.h>

#include "tokens.h"

#define SKR_TOKEN_HEADER_BYTES 65536
#define SKR_TOKEN_MOST_WAIT_S 3600

struct skr_token_exchange {
    struct skr_token_request request;
    struct curl_slist *lines;
    char *body; /* SKR_TOKEN_ANSWER_BYTES */
    size_t size, header_bytes;
    bool too_large;
};

bool skr_token_may_pass(int http_status)
{
    return http_status == 0 || http_status == 404 || http_status == 408 || http_status == 410 || http_status == 429 ||
           (http_status >= 500 && http_status < 600);
}

static size_t skr_exchange_write(char *data, size_t one, size_t size, void *context)
{
    struct skr_token_exchange *exchange = context;
    (void)one;
    exchange->too_large |= size > SKR_TOKEN_ANSWER_BYTES - exchange->size;
    if (exchange->too_large)
        return 0;
    memcpy(exchange->body + exchange->size, data, size);
    exchange->size += size;
    return size;
}

static size_t skr_exchange_header(char *data, size_t one, size_t size, void *context)
{
    struct skr_token_exchange *exchange = context;
    (void)one, (void)data;
    exchange->header_bytes += size;
    exchange->too_large |= exchange->header_bytes > SKR_TOKEN_HEADER_BYTES;
    return exchange->too_large ? 0 : size;
}

static bool skr_exchange_line(struct skr_token_exchange *exchange, struct skr_bytes line)
{
    struct curl_slist *grown = line.size == 0 ? exchange->lines : curl_slist_append(exchange->lines, line.data);
    if (grown != NULL)
        exchange->lines = grown;
    return grown != NULL;
}

static bool skr_exchange_options(const struct skr_token_fetch *fetch, struct skr_token_exchange *exchange, CURL *easy)
{
    const struct skr_token_source *source = fetch->source;
    /* Without a value libcurl leaves a header of its own out. */
    bool fine = skr_exchange_line(exchange, SKR_BYTES("Expect:")) &&
                skr_exchange_line(exchange, SKR_BYTES("Accept: application/json")) &&
                skr_exchange_line(exchange, exchange->request.header) &&
                curl_easy_setopt(easy, CURLOPT_URL, exchange->request.url.data) == CURLE_OK;
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, source->tls ? "https" : "http");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "skerry/" SKERRY_VERSION);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)fetch->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)fetch->timeout_ms);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L); /* the next fetch is hours away */
    /* Only what the settings say: nothing of the environment. What is not encrypted goes through no proxy. */
    curl_easy_setopt(easy, CURLOPT_PROXY, source->tls && source->proxy.size > 0 ? source->proxy.data : "");
    curl_easy_setopt(easy, CURLOPT_NOPROXY, "");
    curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 2L);
    if (source->ca_file.size > 0) {
        curl_easy_setopt(easy, CURLOPT_CAINFO, source->ca_file.data);
        curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
    }
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, skr_exchange_header);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, skr_exchange_write);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, exchange->lines);
    if (exchange->request.body.data != NULL) { /* not copied */
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)exchange->request.body.size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, exchange->request.body.data);
    }
    return fine;
}

static CURLcode skr_exchange_perform(const struct skr_token_fetch *fetch, CURL *easy)
{
    CURLcode code = CURLE_ABORTED_BY_CALLBACK;
    CURLMsg *message;
    int running = 1, left;
    if (curl_multi_add_handle(fetch->multi, easy) != CURLM_OK)
        return CURLE_OUT_OF_MEMORY;
    while (running > 0 && !atomic_load(fetch->closing))
        if (curl_multi_perform(fetch->multi, &running) != CURLM_OK ||
            (running > 0 && curl_multi_poll(fetch->multi, NULL, 0, 1000, NULL) != CURLM_OK))
            break;
    while ((message = curl_multi_info_read(fetch->multi, &left)) != NULL)
        if (message->msg == CURLMSG_DONE)
            code = message->data.result;
    curl_multi_remove_handle(fetch->multi, easy);
    return code;
}

static enum skr_status skr_exchange_read(struct skr_token_fetch *fetch, struct skr_token_exchange *exchange, CURL *easy,
                                         CURLcode code, struct skr_token_grant *out, struct skr_error *err)
{
    long http_status = 0;
    curl_off_t wait_s = 0;
    if (exchange->too_large)
        return skr_fail(err, SKR_TOO_LARGE, "the answer is too large for one with a token");
    if (code != CURLE_OK) /* libcurl's longer texts might have pieces of what was sent or received */
        return skr_fail(err, SKR_IO, "%s", curl_easy_strerror(code));
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &http_status);
    curl_easy_getinfo(easy, CURLINFO_RETRY_AFTER, &wait_s);
    if (http_status != 200) {
        fetch->may_pass = skr_token_may_pass((int)http_status);
        wait_s = wait_s < 0 ? 0 : wait_s > SKR_TOKEN_MOST_WAIT_S ? SKR_TOKEN_MOST_WAIT_S : wait_s;
        fetch->retry_after_ms = (unsigned)wait_s * 1000;
    }
    return skr_token_answer_read(out, (int)http_status, (struct skr_bytes){exchange->body, exchange->size}, time(NULL), err);
}

enum skr_status skr_token_fetch(struct skr_token_fetch *fetch, struct skr_token_grant *out, struct skr_error *err)
{
    struct skr_token_exchange exchange = {.body = malloc(SKR_TOKEN_ANSWER_BYTES)};
    CURL *easy = curl_easy_init();
    fetch->may_pass = true;
    fetch->retry_after_ms = 0;
    enum skr_status status = skr_token_request_build(&exchange.request, fetch->source, err);
    if (status == SKR_OK && (exchange.body == NULL || easy == NULL || !skr_exchange_options(fetch, &exchange, easy)))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory to ask for a token");
    if (status == SKR_OK)
        status = skr_exchange_read(fetch, &exchange, easy, skr_exchange_perform(fetch, easy), out, err);
    if (easy != NULL)
        curl_easy_cleanup(easy);
    for (struct curl_slist *line = exchange.lines; line != NULL; line = line->next)
        explicit_bzero(line->data, strlen(line->data));
    curl_slist_free_all(exchange.lines);
    skr_token_request_wipe(&exchange.request);
    if (exchange.body != NULL)
        explicit_bzero(exchange.body, exchange.size);
    free(exchange.body);
    return status;
}
