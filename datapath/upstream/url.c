/* The URL of an upstream, taken apart strictly: what is odd is refused rather than repaired, and nothing that might be a secret
 * (user information, a query) is repeated in an error.
 */
#include <arpa/inet.h>
#include <stdio.h>

#include "skerry/encoding.h"
#include "upstream_private.h"

static bool skr_is_address(struct skr_bytes host)
{
    char text[64];
    unsigned char address[16];
    if (host.size >= sizeof text)
        return false;
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    return inet_pton(AF_INET, text, address) == 1 || inet_pton(AF_INET6, text, address) == 1;
}

bool skr_upstream_is_loopback(struct skr_bytes host)
{
    struct skr_bytes suffix = SKR_BYTES(".localhost");
    if (skr_bytes_equal_nocase(host, SKR_BYTES("localhost")) || skr_bytes_equal(host, SKR_BYTES("::1")))
        return true;
    if (host.size > suffix.size &&
        skr_bytes_equal_nocase((struct skr_bytes){host.data + host.size - suffix.size, suffix.size}, suffix))
        return true;
    return skr_is_address(host) && skr_bytes_starts_with(host, SKR_BYTES("127."));
}

static bool skr_is_host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
}

/* Fills authority and host from "host[:port]", in lower case. */
static bool skr_take_authority(struct skr_arena *arena, struct skr_bytes text, struct skr_upstream_url *out)
{
    struct skr_bytes copy = skr_arena_copy(arena, text), port = SKR_NO_BYTES;
    if (copy.data == NULL)
        return false;
    for (size_t i = 0; i < copy.size; i++)
        if (copy.data[i] >= 'A' && copy.data[i] <= 'Z')
            ((char *)copy.data)[i] |= 0x20;
    out->authority = copy;
    bool bracket = copy.size > 0 && copy.data[0] == '[';
    const char *end = copy.size == 0 ? NULL : memchr(copy.data, bracket ? ']' : ':', copy.size);
    if (bracket) {
        if (end == NULL)
            return false;
        out->host = (struct skr_bytes){copy.data + 1, (size_t)(end - copy.data) - 1};
        port = (struct skr_bytes){end + 1, copy.size - out->host.size - 2};
        if (!skr_is_address(out->host) || (port.size > 0 && port.data[0] != ':'))
            return false;
    } else {
        out->host = (struct skr_bytes){copy.data, end == NULL ? copy.size : (size_t)(end - copy.data)};
        port = (struct skr_bytes){copy.data + out->host.size, copy.size - out->host.size};
        for (size_t i = 0; i < out->host.size; i++)
            if (!skr_is_host_character(out->host.data[i]))
                return false;
    }
    uint64_t number;
    return out->host.size > 0 && out->host.size < 254 &&
           (port.size == 0 ||
            (skr_parse_u64((struct skr_bytes){port.data + 1, port.size - 1}, &number) && number > 0 && number < 65536));
}

/* The next segment of a path, decoded; empty at the end. */
static bool skr_take_segment(struct skr_arena *arena, struct skr_bytes *path, struct skr_bytes *out)
{
    if (path->size > 0 && path->data[0] == '/') {
        path->data++;
        path->size--;
    }
    const char *slash = path->size == 0 ? NULL : memchr(path->data, '/', path->size);
    struct skr_bytes raw = {path->data, slash == NULL ? path->size : (size_t)(slash - path->data)};
    path->data += raw.size;
    path->size -= raw.size;
    return skr_percent_decode(arena, raw, false, out);
}

static bool skr_is_container_name(struct skr_bytes name, enum skr_upstream_kind kind)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool common = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
        bool other = kind == SKR_UPSTREAM_AZURE ? c == '$' && i == 0 : c == '.' || c == '_' || (c >= 'A' && c <= 'Z');
        if (!common && !other)
            return false;
    }
    return name.size >= 3 && name.size <= (kind == SKR_UPSTREAM_AZURE ? 63u : 255u);
}

static bool skr_is_account_name(struct skr_bytes name)
{
    for (size_t i = 0; i < name.size; i++)
        if (!((name.data[i] >= 'a' && name.data[i] <= 'z') || (name.data[i] >= '0' && name.data[i] <= '9') ||
              name.data[i] == '-'))
            return false;
    return name.size > 0 && name.size < 64;
}

/* Is the account in the host's name, or the path's first segment? */
static bool skr_account_in_host(const struct skr_upstream_url *url, struct skr_bytes path, struct skr_bytes account)
{
    const char *dot = memchr(url->host.data, '.', url->host.size);
    if (dot == NULL || skr_is_address(url->host))
        return false;
    struct skr_bytes label = {url->host.data, (size_t)(dot - url->host.data)};
    if (account.size == 0 || skr_bytes_equal(label, account))
        return true;
    return !(path.size > account.size + 1 && skr_bytes_starts_with((struct skr_bytes){path.data + 1, path.size - 1}, account) &&
             path.data[account.size + 1] == '/');
}

static enum skr_status skr_take_path(struct skr_arena *arena, enum skr_upstream_kind kind, struct skr_bytes path,
                                     struct skr_bytes account, struct skr_upstream_url *out, struct skr_error *err)
{
    struct skr_bytes container, segment = SKR_NO_BYTES;
    bool decoded = true, in_path = kind == SKR_UPSTREAM_AZURE && !skr_account_in_host(out, path, account);
    if (in_path) {
        decoded = skr_take_segment(arena, &path, &segment);
        out->account = segment;
    } else if (kind == SKR_UPSTREAM_AZURE) {
        out->account =
            (struct skr_bytes){out->host.data, (size_t)((char *)memchr(out->host.data, '.', out->host.size) - out->host.data)};
    }
    if (!decoded || (kind == SKR_UPSTREAM_AZURE && !skr_is_account_name(out->account)))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the upstream's URL does not name an account");
    if (!skr_take_segment(arena, &path, &container) || !skr_is_container_name(container, kind))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the upstream's URL does not name a %s",
                        kind == SKR_UPSTREAM_AZURE ? "container" : "bucket");
    while (path.size > 0 && path.data[path.size - 1] == '/')
        path.size--;
    struct skr_bytes prefix = SKR_BYTES("");
    if (path.size > 1 && !skr_percent_decode(arena, (struct skr_bytes){path.data + 1, path.size - 1}, false, &prefix))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the upstream's URL has a malformed escape in its prefix");
    if (prefix.size > 0 && (!skr_is_utf8(prefix) || prefix.size > 512))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the prefix in the upstream's URL is too long or not UTF-8");
    struct skr_bytes encoded = skr_percent_encode(arena, container, "$");
    out->base = in_path ? skr_arena_print(arena, "/%.*s/%.*s", SKR_PRINT(out->account), SKR_PRINT(encoded))
                        : skr_arena_print(arena, "/%.*s", SKR_PRINT(encoded));
    if (prefix.size > 0)
        prefix = skr_arena_print(arena, "%.*s/", SKR_PRINT(prefix));
    out->prefix = prefix;
    struct skr_bytes readable = skr_percent_encode(arena, prefix, "/");
    out->name = skr_arena_print(arena, "%s://%.*s%.*s%s%.*s", out->tls ? "https" : "http", SKR_PRINT(out->authority),
                                SKR_PRINT(out->base), readable.size > 0 ? "/" : "", SKR_PRINT(readable));
    if (out->base.data == NULL || out->prefix.data == NULL || out->name.data == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an upstream");
    return SKR_OK;
}

enum skr_status skr_upstream_url_parse(struct skr_arena *arena, enum skr_upstream_kind kind, struct skr_bytes text,
                                       struct skr_bytes account, struct skr_upstream_url *out, struct skr_error *err)
{
    *out = (struct skr_upstream_url){.tls = skr_bytes_starts_with(text, SKR_BYTES("https://"))};
    if (!out->tls && !skr_bytes_starts_with(text, SKR_BYTES("http://")))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the upstream's URL does not begin with https:// or http://");
    if (text.size > 4096)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the upstream's URL is too long");
    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 0x7F || text.data[i] == '\\')
            return skr_fail(err, SKR_INVALID_ARGUMENT, "the upstream's URL has a space or another character that no URL has");
        if (text.data[i] == '?' || text.data[i] == '#')
            return skr_fail(err, SKR_INVALID_ARGUMENT,
                            "the upstream's URL has a query or a fragment: a shared access signature is given apart");
    }
    text.data += out->tls ? 8 : 7;
    text.size -= out->tls ? 8 : 7;
    const char *slash = memchr(text.data, '/', text.size);
    struct skr_bytes authority = {text.data, slash == NULL ? text.size : (size_t)(slash - text.data)};
    struct skr_bytes path = {text.data + authority.size, text.size - authority.size};
    if (authority.size > 0 && memchr(authority.data, '@', authority.size) != NULL)
        return skr_fail(err, SKR_INVALID_ARGUMENT,
                        "the upstream's URL has a user name or password: credentials are given apart");
    if (!skr_take_authority(arena, authority, out))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the upstream's URL has a malformed host or port");
    return skr_take_path(arena, kind, path, account, out, err);
}
