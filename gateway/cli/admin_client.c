/* The client of the administration API, over libcurl. The token goes to the server and to nobody else: no proxy, no
 * redirection, and over TLS only to the holder of the key that the server wrote down, or of a certificate that an authority
 * signed. */
#include "admin_client.h"

#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "admin_address.h"
#include "secret.h"
#include "skerry/admin.h"

#define SKR_ANSWER_LIMIT (64 << 20)

struct skr_admin_client {
    CURL *curl;
    struct skr_admin_address address;
    char token[SKR_ADMIN_TOKEN_MOST + 1];
    const char *ca_file;
    unsigned patience_s;
};

struct skr_answer_text {
    char *text;
    size_t size;
};

/* ---- opening ---- */

static bool skr_is_loopback_url(const char *url)
{
    const char *host = strstr(url, "://") + 3;
    return strncmp(host, "127.", 4) == 0 || strncmp(host, "[::1]", 5) == 0 || strncmp(host, "localhost:", 10) == 0;
}

static enum skr_status skr_client_by_address(struct skr_admin_client *client, const struct skr_admin_place *place,
                                             struct skr_error *err)
{
    const char *token = getenv("SKERRY_ADMIN_TOKEN");
    bool has_scheme = strncmp(place->admin, "http://", 7) == 0 || strncmp(place->admin, "https://", 8) == 0;
    int size = snprintf(client->address.url, sizeof client->address.url, "%s%s", has_scheme ? "" : "http://", place->admin);
    if (size >= (int)sizeof client->address.url || strchr(strstr(client->address.url, "://") + 3, ':') == NULL)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "--admin: give ADDR:PORT, or https://HOST:PORT");
    if (token == NULL || token[0] == '\0' || strlen(token) > SKR_ADMIN_TOKEN_MOST)
        return skr_fail(err, SKR_INVALID_ARGUMENT,
                        "--admin needs the server's token in SKERRY_ADMIN_TOKEN: it is in %s in its data folder",
                        SKR_ADMIN_TOKEN_FILE);
    strcpy(client->token, token);
    unsetenv("SKERRY_ADMIN_TOKEN");
    client->ca_file = place->ca_file;
    if (strncmp(client->address.url, "https://", 8) != 0 && !skr_is_loopback_url(client->address.url))
        fprintf(stderr, "skerry: the token and what it is for go to %s without encryption\n", client->address.url);
    return SKR_OK;
}

static enum skr_status skr_client_by_folder(struct skr_admin_client *client, const char *directory, struct skr_error *err)
{
    char path[4096];
    enum skr_status status = skr_admin_address_read(&client->address, directory, err);
    snprintf(path, sizeof path, "%.4000s/%s", directory, SKR_ADMIN_TOKEN_FILE);
    return status == SKR_OK ? skr_secret_read(path, client->token, sizeof client->token, err) : status;
}

enum skr_status skr_admin_client_open(struct skr_admin_client **out, const struct skr_admin_place *place, struct skr_error *err)
{
    struct skr_admin_client *client = calloc(1, sizeof *client);
    if (client == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0 || (client->curl = curl_easy_init()) == NULL) {
        free(client);
        return skr_fail(err, SKR_NO_MEMORY, "no memory to ask the server");
    }
    client->patience_s = 120;
    enum skr_status status =
        place->admin != NULL ? skr_client_by_address(client, place, err) : skr_client_by_folder(client, place->data, err);
    if (status != SKR_OK) {
        skr_admin_client_close(client);
        return status;
    }
    *out = client;
    return SKR_OK;
}

void skr_admin_client_close(struct skr_admin_client *client)
{
    if (client == NULL)
        return;
    curl_easy_cleanup(client->curl);
    explicit_bzero(client->token, sizeof client->token);
    free(client);
}

void skr_admin_client_set_patience(struct skr_admin_client *client, unsigned seconds)
{
    client->patience_s = seconds;
}

/* ---- asking ---- */

static size_t skr_answer_write(char *data, size_t one, size_t size, void *context)
{
    struct skr_answer_text *answer = context;
    (void)one;
    char *grown = answer->size + size > SKR_ANSWER_LIMIT ? NULL : realloc(answer->text, answer->size + size);
    if (grown == NULL)
        return 0;
    memcpy(grown + answer->size, data, size);
    answer->text = grown;
    answer->size += size;
    return size;
}

static enum skr_status skr_client_setup(struct skr_admin_client *client, const char *method, const char *path, const char *body,
                                        struct skr_answer_text *answer, struct skr_error *err)
{
    CURL *curl = client->curl;
    char url[20000];
    int size = snprintf(url, sizeof url, "%s%s", client->address.url, path);
    curl_easy_reset(curl);
    bool set = size < (int)sizeof url && curl_easy_setopt(curl, CURLOPT_URL, url) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https") == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_PROXY, "") == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, 10L) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)client->patience_s) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, skr_answer_write) == CURLE_OK &&
               curl_easy_setopt(curl, CURLOPT_WRITEDATA, answer) == CURLE_OK;
    if (set && body != NULL)
        set = curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(body)) == CURLE_OK &&
              curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body) == CURLE_OK;
    if (set && client->ca_file != NULL)
        set = curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_file) == CURLE_OK;
    if (set && client->address.pin[0] != '\0') /* who holds this key is the server, whatever its certificate says */
        set = curl_easy_setopt(curl, CURLOPT_PINNEDPUBLICKEY, client->address.pin) == CURLE_OK &&
              curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L) == CURLE_OK &&
              curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L) == CURLE_OK;
    return set ? SKR_OK : skr_fail(err, SKR_INTERNAL, "cannot ask the server: libcurl does not take the request");
}

static enum skr_status skr_client_failed(const struct skr_admin_client *client, CURLcode code, struct skr_error *err)
{
    const char *url = client->address.url;
    if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST)
        return skr_fail(err, SKR_NOT_FOUND, "no server answers on %s: is it running there?", url);
    if (code == CURLE_SSL_PINNEDPUBKEYNOTMATCH)
        return skr_fail(err, SKR_FORBIDDEN, "who answers on %s is not the server of this data folder", url);
    if (code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE)
        return skr_fail(err, SKR_FORBIDDEN, "the certificate of %s is not trusted: name its authority with --admin-ca FILE",
                        url);
    if (code == CURLE_GOT_NOTHING && strncmp(url, "http://", 7) == 0)
        return skr_fail(err, SKR_IO, "%s does not answer in HTTP: with a certificate say --admin https://HOST:PORT", url);
    return skr_fail(err, SKR_IO, "asking %s failed: %s", url, curl_easy_strerror(code));
}

/* What the server's answer comes to. */
static enum skr_status skr_client_outcome(struct skr_admin_client *client, const struct skr_answer_text *text, json_t **answer,
                                          struct skr_error *err)
{
    long http_status = 0;
    const char *message = NULL;
    curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &http_status);
    if (http_status == 401)
        return skr_fail(err, SKR_FORBIDDEN,
                        "the server on %s does not take this token: it is in %s in the data folder of that server",
                        client->address.url, SKR_ADMIN_TOKEN_FILE);
    *answer = text->size == 0 ? NULL : json_loadb(text->text, text->size, 0, NULL);
    if (http_status >= 200 && http_status < 300 && *answer != NULL)
        return SKR_OK;
    json_unpack(*answer, "{s:{s:s}}", "error", "message", &message);
    if (message != NULL)
        skr_fail(err, SKR_FORBIDDEN, "%s", message);
    else
        skr_fail(err, SKR_IO, "%s does not answer as a Skerry's administration does (HTTP status %ld)", client->address.url,
                 http_status);
    json_decref(*answer);
    *answer = NULL;
    return err->status;
}

enum skr_status skr_admin_client_call(struct skr_admin_client *client, const char *method, const char *path, const json_t *body,
                                      json_t **answer, struct skr_error *err)
{
    struct skr_answer_text text = {.text = NULL};
    char header[sizeof client->token + 32];
    char *document = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
    snprintf(header, sizeof header, "Authorization: Bearer %s", client->token);
    struct curl_slist *headers = curl_slist_append(NULL, header), *kept = headers;
    if (headers != NULL && body != NULL)
        kept = curl_slist_append(headers, "Content-Type: application/json");
    *answer = NULL;
    enum skr_status status = headers == NULL || kept == NULL || (body != NULL && document == NULL)
                                 ? skr_fail(err, SKR_NO_MEMORY, "no memory to ask the server")
                                 : skr_client_setup(client, method, path, document, &text, err);
    if (status == SKR_OK) {
        curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
        CURLcode code = curl_easy_perform(client->curl);
        status = code == CURLE_OK ? skr_client_outcome(client, &text, answer, err) : skr_client_failed(client, code, err);
    }
    curl_slist_free_all(headers);
    if (document != NULL)
        explicit_bzero(document, strlen(document));
    free(document);
    free(text.text);
    explicit_bzero(header, sizeof header);
    return status;
}
