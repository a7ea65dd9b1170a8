/* Opening and closing an upstream. Secrets lie in blocks of their own and are wiped with the last reference; no message shows
 * one.
 */
#include <errno.h>
#include <openssl/crypto.h>
#include <unistd.h>

#include "skerry/encoding.h"
#include "upstream_private.h"

void skr_wipe(struct skr_bytes secret)
{
    if (secret.data != NULL)
        OPENSSL_cleanse((void *)secret.data, secret.size);
}

void skr_secret_free(struct skr_bytes *secret)
{
    skr_wipe(*secret);
    free((void *)secret->data);
    *secret = SKR_NO_BYTES;
}

static bool skr_secret_copy(struct skr_bytes *out, const char *text)
{
    *out = SKR_NO_BYTES;
    if (text == NULL || *text == '\0')
        return true;
    out->data = strdup(text);
    out->size = strlen(text);
    return out->data != NULL;
}

static bool skr_is_visible(const char *text)
{
    for (; text != NULL && *text != '\0'; text++)
        if ((unsigned char)*text <= ' ' || (unsigned char)*text >= 0x7F)
            return false;
    return true;
}

static bool skr_is_set(const char *text)
{
    return text != NULL && *text != '\0';
}

static enum skr_status skr_take_account_key(struct skr_upstream *upstream, const struct skr_upstream_settings *settings,
                                            struct skr_error *err)
{
    size_t size;
    struct skr_bytes text = skr_text(settings->account_key);
    uint8_t *key = malloc(text.size + 1);
    if (key == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an upstream");
    if (text.size == 0 || !skr_base64_decode(text, key, text.size, &size) || size == 0) {
        OPENSSL_cleanse(key, text.size);
        free(key);
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the upstream's account key is missing or not base64");
    }
    upstream->key = (struct skr_bytes){(char *)key, size};
    return SKR_OK;
}

static enum skr_status skr_take_sas(struct skr_upstream *upstream, const struct skr_upstream_settings *settings,
                                    struct skr_error *err)
{
    const char *text = skr_is_set(settings->sas) && settings->sas[0] == '?' ? settings->sas + 1 : settings->sas;
    if (!skr_is_set(text) || !skr_is_visible(text) || strpbrk(text, "?#\"<>\\") != NULL ||
        (strncmp(text, "sig=", 4) != 0 && strstr(text, "&sig=") == NULL))
        return skr_fail(err, SKR_INVALID_ARGUMENT,
                        "the upstream's shared access signature is missing or does not look like \"sv=...&sig=...\"");
    return skr_secret_copy(&upstream->sas, text) ? SKR_OK : skr_fail(err, SKR_NO_MEMORY, "no memory for an upstream");
}

static enum skr_status skr_take_s3_keys(struct skr_upstream *upstream, const struct skr_upstream_settings *settings,
                                        struct skr_error *err)
{
    const char *region = skr_is_set(settings->region) ? settings->region : "us-east-1";
    if (!skr_is_set(settings->access_key) || !skr_is_visible(settings->access_key) || strchr(settings->access_key, '/') != NULL)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the upstream's access key is missing or malformed");
    if (!skr_is_set(settings->secret_key) || !skr_is_visible(settings->secret_key))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the upstream's secret key is missing or malformed");
    if (!skr_is_visible(settings->session_token))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the upstream's session token is malformed");
    if (!skr_is_visible(region) || strchr(region, '/') != NULL)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the upstream's region is malformed");
    upstream->access_key = skr_arena_copy(&upstream->arena, skr_text(settings->access_key));
    upstream->region = skr_arena_copy(&upstream->arena, skr_text(region));
    bool fine = upstream->access_key.data != NULL && upstream->region.data != NULL &&
                skr_secret_copy(&upstream->secret_key, settings->secret_key) &&
                skr_secret_copy(&upstream->session_token, settings->session_token);
    return fine ? SKR_OK : skr_fail(err, SKR_NO_MEMORY, "no memory for an upstream");
}

static enum skr_status skr_take_credential(struct skr_upstream *upstream, const struct skr_upstream_settings *settings,
                                           struct skr_error *err)
{
    bool azure = settings->kind == SKR_UPSTREAM_AZURE;
    upstream->credential = settings->credential;
    upstream->account =
        skr_is_set(settings->account) ? skr_arena_copy(&upstream->arena, skr_text(settings->account)) : upstream->url.account;
    switch (settings->credential) {
    case SKR_UPSTREAM_ANONYMOUS:
        return SKR_OK;
    case SKR_UPSTREAM_ACCOUNT_KEY:
        if (azure)
            return skr_take_account_key(upstream, settings, err);
        break;
    case SKR_UPSTREAM_SAS:
        if (azure)
            return skr_take_sas(upstream, settings, err);
        break;
    case SKR_UPSTREAM_TOKEN:
        if (azure && !upstream->url.tls && !skr_upstream_is_loopback(upstream->url.host))
            return skr_fail(err, SKR_INVALID_ARGUMENT, "tokens are sent over https only");
        upstream->token_provider = settings->token_provider;
        if (azure && settings->token_provider != NULL)
            return SKR_OK;
        break;
    case SKR_UPSTREAM_S3_KEYS:
        if (!azure)
            return skr_take_s3_keys(upstream, settings, err);
        break;
    }
    return skr_fail(err, SKR_INVALID_ARGUMENT, "the upstream's credential is not of a kind that %s has",
                    azure ? "Azure" : "S3");
}

static enum skr_status skr_take_number(unsigned *out, const char *what, unsigned value, unsigned unset, unsigned least,
                                       unsigned most, struct skr_error *err)
{
    *out = value == 0 ? unset : value;
    if (*out < least || *out > most)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the upstream's %s is not between %u and %u", what, least, most);
    return SKR_OK;
}

static enum skr_status skr_take_connection(struct skr_upstream *upstream, const struct skr_upstream_settings *settings,
                                           struct skr_error *err)
{
    enum skr_status status = skr_take_number(&upstream->connect_timeout_ms, "connect timeout", settings->connect_timeout_ms,
                                             10000, 100, 600000, err);
    if (status == SKR_OK)
        status =
            skr_take_number(&upstream->stall_timeout_ms, "stall timeout", settings->stall_timeout_ms, 30000, 100, 3600000, err);
    if (status == SKR_OK)
        status =
            skr_take_number(&upstream->max_connections, "number of connections", settings->max_connections, 16, 1, 1024, err);
    if (status != SKR_OK)
        return status;
    if (skr_is_set(settings->ca_file)) {
        if (access(settings->ca_file, R_OK) != 0)
            return skr_fail_os(err, SKR_IO, errno, "cannot read the upstream's authorities in %s: %s", settings->ca_file,
                               strerror(errno));
        upstream->ca_file = skr_arena_copy(&upstream->arena, skr_text(settings->ca_file));
        if (upstream->ca_file.data == NULL)
            return skr_fail(err, SKR_NO_MEMORY, "no memory for an upstream");
    }
    if (skr_is_set(settings->proxy) && (!skr_is_visible(settings->proxy) || (strncmp(settings->proxy, "http://", 7) != 0 &&
                                                                             strncmp(settings->proxy, "https://", 8) != 0)))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the upstream's proxy is not a URL that begins with http:// or https://");
    return skr_secret_copy(&upstream->proxy, settings->proxy) ? SKR_OK
                                                              : skr_fail(err, SKR_NO_MEMORY, "no memory for an upstream");
}

static enum skr_status skr_take_settings(struct skr_upstream *upstream, const struct skr_upstream_settings *settings,
                                         struct skr_error *err)
{
    if (settings->kind != SKR_UPSTREAM_AZURE && settings->kind != SKR_UPSTREAM_S3)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the upstream is of no known kind");
    struct skr_bytes url = skr_arena_copy(&upstream->arena, skr_text(settings->url == NULL ? "" : settings->url));
    if (url.data == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an upstream");
    upstream->kind = settings->kind;
    upstream->driver = settings->kind == SKR_UPSTREAM_AZURE ? &skr_azure_driver : &skr_s3_driver;
    enum skr_status status =
        skr_upstream_url_parse(&upstream->arena, settings->kind, url, skr_text(settings->account), &upstream->url, err);
    if (status != SKR_OK)
        return status;
    if (!upstream->url.tls && !settings->allow_http && !skr_upstream_is_loopback(upstream->url.host))
        return skr_fail(
            err, SKR_INVALID_ARGUMENT,
            "the upstream's URL is plain http to another machine, which shows names and data to the network: use https, "
            "or allow http");
    status = skr_take_credential(upstream, settings, err);
    return status == SKR_OK ? skr_take_connection(upstream, settings, err) : status;
}

enum skr_status skr_upstream_open(struct skr_upstream **out, const struct skr_upstream_settings *settings,
                                  struct skr_error *err)
{
    struct skr_upstream *upstream = calloc(1, sizeof *upstream);
    if (upstream == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an upstream");
    atomic_init(&upstream->references, 1);
    enum skr_status status = skr_take_settings(upstream, settings, err);
    if (status != SKR_OK) {
        skr_upstream_close(upstream);
        return status;
    }
    *out = upstream;
    return SKR_OK;
}

struct skr_upstream *skr_upstream_ref(struct skr_upstream *upstream)
{
    atomic_fetch_add_explicit(&upstream->references, 1, memory_order_relaxed);
    return upstream;
}

void skr_upstream_close(struct skr_upstream *upstream)
{
    if (upstream == NULL || atomic_fetch_sub_explicit(&upstream->references, 1, memory_order_acq_rel) != 1)
        return;
    skr_secret_free(&upstream->key);
    skr_secret_free(&upstream->sas);
    skr_secret_free(&upstream->secret_key);
    skr_secret_free(&upstream->session_token);
    skr_secret_free(&upstream->proxy);
    skr_arena_release(&upstream->arena);
    free(upstream);
}

const char *skr_upstream_name(const struct skr_upstream *upstream)
{
    return upstream->url.name.data;
}

bool skr_upstream_is_whole(const struct skr_upstream *upstream)
{
    return upstream->url.prefix.size == 0;
}

struct skr_upstream_limits skr_upstream_limits_of(enum skr_upstream_kind kind)
{
    return kind == SKR_UPSTREAM_AZURE ? skr_azure_driver.limits : skr_s3_driver.limits;
}
