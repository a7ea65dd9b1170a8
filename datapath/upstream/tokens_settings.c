/* Where tokens come from: settings, what the platform says in the environment, and the URL that is asked. Secrets go to the
 * endpoint only, so an endpoint that is not reached over TLS has to be on this machine.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <unistd.h>

#include "tokens.h"

#define SKR_TOKEN_TEXT_BYTES 4096

static bool skr_is_said(const char *text)
{
    return text != NULL && *text != '\0';
}

static bool skr_is_plain(const char *text)
{
    size_t size = 0;
    for (; text[size] != '\0'; size++)
        if ((unsigned char)text[size] <= ' ' || (unsigned char)text[size] >= 0x7F)
            return false;
    return size > 0 && size < SKR_TOKEN_TEXT_BYTES;
}

static const char *skr_said_or_environment(const char *text, const char *variable)
{
    return skr_is_said(text) ? text : secure_getenv(variable);
}

static enum skr_status skr_source_no_memory(struct skr_error *err)
{
    return skr_fail(err, SKR_NO_MEMORY, "no memory for a token's source");
}

/* In the heap, for skr_secret_free(). */
static bool skr_take_secret(struct skr_bytes *out, const char *text)
{
    *out = skr_text(strdup(text));
    return out->data != NULL;
}

static enum skr_status skr_take_text(struct skr_token_source *source, struct skr_bytes *out, const char *what, const char *text,
                                     struct skr_error *err)
{
    if (!skr_is_said(text) || !skr_is_plain(text))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the token's %s is missing or malformed", what);
    *out = skr_arena_copy(&source->arena, skr_text(text));
    return out->data != NULL ? SKR_OK : skr_source_no_memory(err);
}

/* ---- the URL ---- */

/* 169.254.0.0/16: it does not leave the host. There the platforms have their endpoints. */
static bool skr_is_link_local(struct skr_bytes host)
{
    struct in_addr address;
    return inet_pton(AF_INET, host.data, &address) == 1 && ntohl(address.s_addr) >> 16 == 0xA9FE;
}

static bool skr_url_lacks(CURLU *parsed, CURLUPart part)
{
    char *text = NULL;
    CURLUcode code = curl_url_get(parsed, part, &text, 0);
    if (code == CURLUE_OK)
        explicit_bzero(text, strlen(text));
    curl_free(text);
    return code != CURLUE_OK;
}

/* Copies a part; `normal` is what it is where the URL does not say. */
static struct skr_bytes skr_url_part(struct skr_token_source *source, CURLU *parsed, CURLUPart part, const char *normal)
{
    char *text = NULL;
    struct skr_bytes copy = skr_text(normal);
    if (curl_url_get(parsed, part, &text, 0) == CURLUE_OK)
        copy = skr_arena_copy(&source->arena, skr_text(text));
    curl_free(text);
    return copy;
}

/* `path` goes behind the URL's own. */
static enum skr_status skr_take_url_parts(struct skr_token_source *source, CURLU *parsed, const char *what, const char *path,
                                          struct skr_error *err)
{
    struct skr_bytes scheme = skr_url_part(source, parsed, CURLUPART_SCHEME, ""),
                     host = skr_url_part(source, parsed, CURLUPART_HOST, ""),
                     port = skr_url_part(source, parsed, CURLUPART_PORT, ""),
                     first = skr_url_part(source, parsed, CURLUPART_PATH, "/");
    if (scheme.data == NULL || host.data == NULL || port.data == NULL || first.data == NULL)
        return skr_source_no_memory(err);
    source->tls = skr_bytes_equal(scheme, SKR_BYTES("https"));
    bool odd = host.size == 0 || !skr_url_lacks(parsed, CURLUPART_USER) || !skr_url_lacks(parsed, CURLUPART_PASSWORD) ||
               !skr_url_lacks(parsed, CURLUPART_QUERY) || !skr_url_lacks(parsed, CURLUPART_FRAGMENT);
    if (odd || (!source->tls && !skr_bytes_equal(scheme, SKR_BYTES("http"))))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the token's %s is not a URL like https://HOST/PATH", what);
    struct skr_bytes bare = host;
    if (host.data[0] == '[' && host.size > 2)
        bare = (struct skr_bytes){host.data + 1, host.size - 2};
    bool here = skr_upstream_is_loopback(bare) || (source->kind == SKR_TOKEN_MANAGED_IDENTITY && skr_is_link_local(host));
    if (!source->tls && !here)
        return skr_fail(err, SKR_INVALID_ARGUMENT,
                        "the token's %s is plain http to another machine, which shows secrets to the network: use https", what);
    while (*path == '/' && first.size > 0 && first.data[first.size - 1] == '/')
        first.size--;
    source->name = skr_arena_print(&source->arena, "%.*s://%.*s%s%.*s", SKR_PRINT(scheme), SKR_PRINT(host),
                                   port.size > 0 ? ":" : "", SKR_PRINT(port));
    source->url = skr_arena_print(&source->arena, "%.*s%.*s%s", SKR_PRINT(source->name), SKR_PRINT(first), path);
    return source->name.data != NULL && source->url.data != NULL ? SKR_OK : skr_source_no_memory(err);
}

/* libcurl takes the URL apart, for it is libcurl that will use what comes out. */
static enum skr_status skr_take_url(struct skr_token_source *source, const char *what, const char *text, const char *path,
                                    struct skr_error *err)
{
    CURLU *parsed = skr_curl_begin() ? curl_url() : NULL;
    enum skr_status status = SKR_OK;
    if (parsed == NULL)
        return skr_source_no_memory(err);
    if (!skr_is_plain(text) || curl_url_set(parsed, CURLUPART_URL, text, CURLU_PATH_AS_IS) != CURLUE_OK)
        status = skr_fail(err, SKR_INVALID_ARGUMENT, "the token's %s is not a URL like https://HOST/PATH", what);
    else
        status = skr_take_url_parts(source, parsed, what, path, err);
    curl_url_cleanup(parsed);
    return status;
}

/* ---- kinds ---- */

static enum skr_status skr_take_managed(struct skr_token_source *source, const struct skr_token_settings *settings,
                                        struct skr_error *err)
{
    const char *endpoint = settings->endpoint, *header = secure_getenv("IDENTITY_HEADER");
    enum skr_status status = SKR_OK;
    if (skr_is_said(settings->client_id))
        status = skr_take_text(source, &source->client_id, "client id", settings->client_id, err);
    if (status != SKR_OK)
        return status;
    /* The platform's header goes to the platform's endpoint only. */
    if (!skr_is_said(endpoint) && skr_is_said(secure_getenv("IDENTITY_ENDPOINT"))) {
        if (!skr_is_said(header) || skr_is_said(secure_getenv("IDENTITY_SERVER_THUMBPRINT")))
            return skr_fail(err, SKR_UNSUPPORTED,
                            "managed identities of this platform (Azure Arc or Service Fabric) are not supported");
        if (!skr_is_plain(header))
            return skr_fail(err, SKR_INVALID_ARGUMENT, "IDENTITY_HEADER is malformed");
        endpoint = secure_getenv("IDENTITY_ENDPOINT");
        source->app_service = true;
        if (!skr_take_secret(&source->identity_header, header))
            return skr_source_no_memory(err);
    }
    if (!skr_is_said(endpoint))
        endpoint = "http://169.254.169.254/metadata/identity/oauth2/token";
    return skr_take_url(source, "endpoint", endpoint, "", err);
}

static bool skr_is_tenant(const char *text)
{
    size_t size = strlen(text);
    for (size_t i = 0; i < size; i++)
        if (!isascii((unsigned char)text[i]) || (!isalnum((unsigned char)text[i]) && text[i] != '-' && text[i] != '.'))
            return false;
    return size > 0 && size < 254 && text[0] != '.';
}

static enum skr_status skr_take_authority(struct skr_token_source *source, const char *authority, const char *tenant,
                                          const char *client_id, struct skr_error *err)
{
    char path[300];
    if (!skr_is_said(tenant) || !skr_is_tenant(tenant))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the token's tenant is missing, or neither an id nor a domain");
    snprintf(path, sizeof path, "/%s/oauth2/v2.0/token", tenant);
    enum skr_status status = skr_take_text(source, &source->client_id, "client id", client_id, err);
    if (status != SKR_OK)
        return status;
    return skr_take_url(source, "authority", skr_is_said(authority) ? authority : "https://login.microsoftonline.com", path,
                        err);
}

static enum skr_status skr_take_workload(struct skr_token_source *source, const struct skr_token_settings *settings,
                                         struct skr_error *err)
{
    const char *file = skr_said_or_environment(settings->token_file, "AZURE_FEDERATED_TOKEN_FILE");
    if (!skr_is_said(file) || strlen(file) >= SKR_TOKEN_TEXT_BYTES)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the file with the federated token is not said");
    source->token_file = skr_arena_copy(&source->arena, skr_text(file));
    if (source->token_file.data == NULL)
        return skr_source_no_memory(err);
    return skr_take_authority(source, skr_said_or_environment(settings->authority, "AZURE_AUTHORITY_HOST"),
                              skr_said_or_environment(settings->tenant, "AZURE_TENANT_ID"),
                              skr_said_or_environment(settings->client_id, "AZURE_CLIENT_ID"), err);
}

static enum skr_status skr_take_client_secret(struct skr_token_source *source, const struct skr_token_settings *settings,
                                              struct skr_error *err)
{
    if (!skr_is_said(settings->client_secret) || !skr_is_plain(settings->client_secret))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the token's client secret is missing or malformed");
    if (!skr_take_secret(&source->client_secret, settings->client_secret))
        return skr_source_no_memory(err);
    return skr_take_authority(source, settings->authority, settings->tenant, settings->client_id, err);
}

static enum skr_status skr_take_route(struct skr_token_source *source, const struct skr_token_settings *settings,
                                      struct skr_error *err)
{
    if (skr_is_said(settings->ca_file)) {
        if (access(settings->ca_file, R_OK) != 0)
            return skr_fail_os(err, SKR_IO, errno, "cannot read the authorities in %s: %s", settings->ca_file, strerror(errno));
        source->ca_file = skr_arena_copy(&source->arena, skr_text(settings->ca_file));
        if (source->ca_file.data == NULL)
            return skr_source_no_memory(err);
    }
    if (!skr_is_said(settings->proxy))
        return SKR_OK;
    if (!skr_is_plain(settings->proxy) ||
        (strncmp(settings->proxy, "http://", 7) != 0 && strncmp(settings->proxy, "https://", 8) != 0))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the token's proxy is not a URL that begins with http:// or https://");
    return skr_take_secret(&source->proxy, settings->proxy) ? SKR_OK : skr_source_no_memory(err);
}

enum skr_status skr_token_source_take(struct skr_token_source *source, const struct skr_token_settings *settings,
                                      struct skr_error *err)
{
    enum skr_status status = SKR_INVALID_ARGUMENT;
    *source = (struct skr_token_source){.kind = settings->kind};
    switch (settings->kind) {
    case SKR_TOKEN_MANAGED_IDENTITY:
        status = skr_take_managed(source, settings, err);
        break;
    case SKR_TOKEN_WORKLOAD_IDENTITY:
        status = skr_take_workload(source, settings, err);
        break;
    case SKR_TOKEN_CLIENT_SECRET:
        status = skr_take_client_secret(source, settings, err);
        break;
    default:
        skr_fail(err, SKR_INVALID_ARGUMENT, "the token is of no known kind");
    }
    if (status == SKR_OK)
        status = skr_take_route(source, settings, err);
    if (status != SKR_OK)
        skr_token_source_release(source);
    return status;
}

void skr_token_source_release(struct skr_token_source *source)
{
    skr_secret_free(&source->client_secret);
    skr_secret_free(&source->identity_header);
    skr_secret_free(&source->proxy);
    skr_arena_release(&source->arena);
}
