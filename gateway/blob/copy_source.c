/* The source of a copy: a URL of this server, which the caller must be allowed to read, by a signature in the URL, by being
 * public, or by being of the same account and signed with its key.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "call.h"

struct skr_source_url {
    bool https;
    struct skr_bytes host, port, target;
};

/* "http://host:port/path?query" in parts. */
static bool skr_split_url(struct skr_arena *arena, struct skr_bytes url, struct skr_source_url *out)
{
    const char *separator = memmem(url.data, url.size, "://", 3);
    out->https = skr_bytes_starts_with(url, SKR_BYTES("https://"));
    if (separator == NULL || !(out->https || skr_bytes_starts_with(url, SKR_BYTES("http://"))))
        return false;
    struct skr_bytes rest = {separator + 3, url.size - (size_t)(separator + 3 - url.data)};
    const char *slash = rest.size == 0 ? NULL : memchr(rest.data, '/', rest.size);
    if (slash == NULL)
        return false;
    struct skr_bytes authority = {rest.data, (size_t)(slash - rest.data)};
    out->target = (struct skr_bytes){slash, rest.size - authority.size};
    return skr_authority_parse(arena, authority, &out->host, &out->port) && out->host.size > 0;
}

/* ---- whose host it is ---- */

static bool skr_is_loopback(struct skr_bytes host)
{
    static const struct skr_bytes name = {"localhost", sizeof "localhost" - 1};
    char text[64];
    struct in_addr four;
    if (skr_bytes_equal(host, name) || skr_bytes_equal(host, SKR_BYTES("[::1]")))
        return true;
    if (host.size > name.size && host.data[host.size - name.size - 1] == '.' &&
        skr_bytes_equal((struct skr_bytes){host.data + host.size - name.size, name.size}, name))
        return true;
    int size = snprintf(text, sizeof text, "%.*s", SKR_PRINT(host));
    return size < (int)sizeof text && inet_pton(AF_INET, text, &four) == 1 && ntohl(four.s_addr) >> 24 == 127;
}

/* Empty for the scheme's own port. */
static struct skr_bytes skr_plain_port(struct skr_bytes port, bool https)
{
    return skr_bytes_equal(port, https ? SKR_BYTES("443") : SKR_BYTES("80")) ? SKR_BYTES("") : port;
}

/* Here is what the request was sent to, for any account that is known; what is listened on; and this machine's own names, where
 * the request came by one of them or they are listened on. */
bool skr_host_is_here(const struct skr_accounts *accounts, const struct skr_request *request, bool https, struct skr_bytes host,
                      struct skr_bytes port)
{
    struct skr_bytes base = skr_host_without_account(accounts, host);
    struct skr_bytes asked = skr_host_without_account(accounts, request->host);
    const char *colon = request->listener.size == 0 ? NULL : memrchr(request->listener.data, ':', request->listener.size);
    if (skr_bytes_equal(skr_plain_port(port, https), skr_plain_port(request->port, request->tls)) &&
        (skr_bytes_equal(base, asked) || (skr_is_loopback(base) && skr_is_loopback(asked))))
        return true;
    if (colon == NULL)
        return false;
    struct skr_bytes listened = {request->listener.data, (size_t)(colon - request->listener.data)};
    struct skr_bytes listened_port = {colon + 1, request->listener.size - listened.size - 1};
    bool everywhere = skr_bytes_equal(listened, SKR_BYTES("0.0.0.0")) || skr_bytes_equal(listened, SKR_BYTES("[::]"));
    return skr_bytes_equal(port.size > 0 ? port
                           : https       ? SKR_BYTES("443")
                                         : SKR_BYTES("80"),
                           listened_port) &&
           (skr_bytes_equal(base, listened) || (skr_is_loopback(base) && (everywhere || skr_is_loopback(listened))));
}

/* May the caller read it? The source is looked at as a GET of its own. */
static bool skr_source_allowed(struct skr_call *call, const struct skr_request *request, const struct skr_target *target)
{
    static const struct skr_operation reading = {
        .name = "Get Blob", .method = SKR_GET, .resource = SKR_RESOURCE_OBJECT, .permissions = SKR_PERMISSION_READ};
    struct skr_principal principal;
    struct skr_error error;
    if (skr_request_query(request, "sig") == NULL && skr_bytes_equal(target->account, call->principal.account) &&
        (call->principal.scheme == SKR_AUTH_SHARED_KEY ||
         skr_auth_authorize(&call->principal, &reading, target, 0) == SKR_AUTH_ALLOWED)) {
        call->source_tags_allowed = (call->principal.permissions & SKR_PERMISSION_TAGS) != 0;
        return true;
    }
    if (skr_call_authenticate(call, request, target, &principal, &error) != SKR_AUTH_ALLOWED)
        return false;
    call->source_tags_allowed = (principal.permissions & SKR_PERMISSION_TAGS) != 0;
    int public_access = principal.scheme == SKR_AUTH_ANONYMOUS ? skr_call_public_access(call, target) : 0;
    return skr_auth_authorize(&principal, &reading, target, public_access) == SKR_AUTH_ALLOWED;
}

/* True when the source is a blob of this server; then `*allowed` says whether the caller may read it. */
static bool skr_source_target(struct skr_call *call, const struct skr_source_url *url, bool *allowed)
{
    struct skr_target target;
    struct skr_error error;
    struct skr_request *request = skr_arena_alloc_zero(call->arena, sizeof *request);
    if (!skr_host_is_here(call->blob->options.accounts, call->request, url->https, url->host, url->port) || request == NULL ||
        skr_uri_parse(call->arena, url->target, &request->uri, &error) != SKR_OK)
        return false;
    const struct skr_query_parameter *version = skr_request_query(request, "versionid");
    struct skr_version wanted = {.is_given = false};
    if (skr_request_query(request, "snapshot") != NULL || (version != NULL && !skr_version_id_parse(version->value, &wanted)))
        return false; /* there are no snapshots, so not this one; the blob itself is not it */
    request->method = SKR_GET;
    request->method_name = SKR_BYTES("GET");
    request->host = url->host;
    request->port = url->port;
    request->tls = call->request->tls;
    request->received_ns = call->request->received_ns;
    memcpy(request->peer, call->request->peer, sizeof request->peer);
    if (skr_target_parse(call->arena, call->blob->options.accounts, request->uri.raw_path, url->host, &target) !=
            SKR_TARGET_OK ||
        !skr_accounts_known(call->blob->options.accounts, target.account))
        return false;
    if (target.resource == SKR_RESOURCE_CONTAINER) {
        target.object = target.container;
        target.container = SKR_BYTES("$root");
        target.resource = SKR_RESOURCE_OBJECT;
    }
    if (target.resource != SKR_RESOURCE_OBJECT)
        return false;
    *allowed = skr_source_allowed(call, request, &target);
    call->source.name = (struct skr_object_name){
        .account = target.account, .container = target.container, .key = target.object, .version = wanted};
    return true;
}

/* The URL without its signature, but with its version: what is kept with the copy and shown to whoever may read it. */
static struct skr_bytes skr_source_shown(struct skr_call *call, struct skr_bytes url)
{
    const char *question = memchr(url.data, '?', url.size);
    struct skr_bytes plain = {url.data, question == NULL ? url.size : (size_t)(question - url.data)};
    const size_t size = plain.size + 64;
    char *text = call->source.name.version.is_given ? skr_arena_alloc(call->arena, size) : NULL;
    if (text == NULL)
        return plain;
    struct skr_bytes id = skr_version_id(call->arena, call->source.name.version.ns);
    int used = snprintf(text, size, "%.*s?versionid=%.*s", SKR_PRINT(plain), SKR_PRINT(id));
    return (struct skr_bytes){text, (size_t)used};
}

bool skr_source_parse(struct skr_call *call)
{
    static const char *const names[4] = {"x-ms-source-if-match", "x-ms-source-if-none-match", "x-ms-source-if-modified-since",
                                         "x-ms-source-if-unmodified-since"};
    struct skr_bytes url = skr_call_header(call, "x-ms-copy-source");
    struct skr_source_url parts;
    const char *bad;
    bool allowed = false;
    if (url.size == 0 || url.size > 2048 || !skr_split_url(call->arena, url, &parts)) {
        skr_call_fail_header(call, "x-ms-copy-source");
        return false;
    }
    if (!skr_request_conditions(call->arena, call->request, names, &call->source_conditions, &bad)) {
        skr_call_fail_header(call, bad);
        return false;
    }
    call->source.conditions = &call->source_conditions;
    call->source.length = SKR_SIZE_ANY;
    bool local = skr_source_target(call, &parts, &allowed);
    if (!local || !allowed) {
        skr_call_refuse(call, local ? SKR_BLOB_SOURCE_FORBIDDEN : SKR_BLOB_CANNOT_VERIFY_SOURCE);
        return false;
    }
    call->put.properties[SKR_PROPERTY_COPY_SOURCE] = skr_source_shown(call, url);
    return true;
}
