/* What a path and a host name: account, container, blob. Nothing in a blob's name is normalized. Source: "Naming and
 * referencing containers, blobs, and metadata". */
#include "call.h"

#define SKR_MAX_BLOB_CHARACTERS 1024

bool skr_container_name_length_is_valid(struct skr_bytes name)
{
    return name.size >= 3 && name.size <= 63;
}

bool skr_container_name_is_valid(struct skr_bytes name)
{
    if (skr_bytes_equal(name, SKR_BYTES("$root")) || skr_bytes_equal(name, SKR_BYTES("$logs")) ||
        skr_bytes_equal(name, SKR_BYTES("$web")))
        return true;
    if (!skr_container_name_length_is_valid(name))
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        bool is_dash = c == '-' && i > 0 && i + 1 < name.size && name.data[i - 1] != '-';
        if (!is_letter && !is_dash)
            return false;
    }
    return true;
}

/* The account in "account.blob.example.net". False: the host names none, so the path does. */
static bool skr_host_account(const struct skr_accounts *accounts, struct skr_bytes host, struct skr_bytes *account,
                             bool *secondary)
{
    const char *dot = host.size == 0 ? NULL : memchr(host.data, '.', host.size);
    if (dot == NULL || host.data[0] == '[')
        return false;
    struct skr_bytes label = {host.data, (size_t)(dot - host.data)};
    *secondary = label.size > 10 && memcmp(label.data + label.size - 10, "-secondary", 10) == 0;
    if (*secondary)
        label.size -= 10;
    *account = label;
    return skr_accounts_known(accounts, label);
}

struct skr_bytes skr_host_without_account(const struct skr_accounts *accounts, struct skr_bytes host)
{
    struct skr_bytes account;
    bool secondary;
    if (!skr_host_account(accounts, host, &account, &secondary))
        return host;
    const char *dot = memchr(host.data, '.', host.size);
    return (struct skr_bytes){dot + 1, host.size - (size_t)(dot + 1 - host.data)};
}

/* Cuts the next segment off an encoded path that begins with '/'. */
static struct skr_bytes skr_path_segment(struct skr_bytes *path)
{
    if (path->size == 0)
        return SKR_NO_BYTES;
    path->data++;
    path->size--;
    const char *slash = path->size == 0 ? NULL : memchr(path->data, '/', path->size);
    struct skr_bytes segment = {path->data, slash == NULL ? path->size : (size_t)(slash - path->data)};
    path->data += segment.size;
    path->size -= segment.size;
    return segment;
}

static size_t skr_utf16_length(struct skr_bytes text)
{
    size_t length = 0;
    for (size_t i = 0; i < text.size; i++)
        length += ((unsigned char)text.data[i] & 0xC0) != 0x80 ? 1 + ((unsigned char)text.data[i] >= 0xF0) : 0;
    return length;
}

static enum skr_target_problem skr_target_blob(struct skr_arena *arena, struct skr_bytes raw, struct skr_target *out)
{
    if (!skr_percent_decode(arena, raw, false, &out->object) || !skr_is_utf8(out->object))
        return SKR_TARGET_BAD_URI;
    out->resource = SKR_RESOURCE_OBJECT;
    return skr_utf16_length(out->object) > SKR_MAX_BLOB_CHARACTERS ? SKR_TARGET_TOO_LONG : SKR_TARGET_OK;
}

enum skr_target_problem skr_target_parse(struct skr_arena *arena, const struct skr_accounts *accounts,
                                         struct skr_bytes raw_path, struct skr_bytes host, struct skr_target *out)
{
    struct skr_bytes rest = raw_path;
    *out = (struct skr_target){.container = SKR_BYTES(""), .object = SKR_BYTES(""), .resource = SKR_RESOURCE_SERVICE};
    out->host_style = skr_host_account(accounts, host, &out->account, &out->secondary);
    if (!out->host_style) {
        struct skr_bytes segment = skr_path_segment(&rest);
        if (segment.size == 0 || !skr_percent_decode(arena, segment, false, &out->account))
            return SKR_TARGET_BAD_URI;
        out->secondary = out->account.size > 10 && memcmp(out->account.data + out->account.size - 10, "-secondary", 10) == 0;
        if (out->secondary)
            out->account.size -= 10;
    }
    struct skr_bytes container = skr_path_segment(&rest);
    if (container.size == 0 && rest.size == 0)
        return SKR_TARGET_OK;
    if (!skr_percent_decode(arena, container, false, &out->container))
        return SKR_TARGET_BAD_URI;
    if (rest.size <= 1) {
        out->resource = SKR_RESOURCE_CONTAINER;
        return SKR_TARGET_OK;
    }
    return skr_target_blob(arena, (struct skr_bytes){rest.data + 1, rest.size - 1}, out);
}
