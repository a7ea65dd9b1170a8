/* What a request names: bucket and key, from the path or from the host. The path is decoded once; "//" and dots stay as they
 * are. */
#include "call.h"

static struct skr_bytes skr_s3_host_bucket(const struct skr_s3_options *options, struct skr_bytes host)
{
    for (size_t i = 0; i < options->domain_count; i++) {
        struct skr_bytes domain = skr_text(options->domains[i]);
        if (host.size <= domain.size + 1 || host.data[host.size - domain.size - 1] != '.')
            continue;
        struct skr_bytes end = {host.data + host.size - domain.size, domain.size};
        if (skr_bytes_equal_nocase(end, domain))
            return (struct skr_bytes){host.data, host.size - domain.size - 1};
    }
    return SKR_NO_BYTES;
}

bool skr_s3_target_parse(struct skr_arena *arena, const struct skr_s3_options *options, const struct skr_request *request,
                         struct skr_target *out)
{
    struct skr_bytes path = request->uri.raw_path, bucket = skr_s3_host_bucket(options, request->host), key = SKR_NO_BYTES;
    *out = (struct skr_target){.host_style = bucket.data != NULL};
    if (path.size > 0 && path.data[0] == '/') {
        path.data++;
        path.size--;
    }
    if (bucket.data != NULL) {
        key = path;
    } else {
        const char *slash = path.size == 0 ? NULL : memchr(path.data, '/', path.size);
        bucket = (struct skr_bytes){path.data, slash == NULL ? path.size : (size_t)(slash - path.data)};
        if (slash != NULL)
            key = (struct skr_bytes){slash + 1, path.size - bucket.size - 1};
    }
    if (!skr_percent_decode(arena, bucket, false, &out->container) || !skr_percent_decode(arena, key, false, &out->object))
        return false;
    if (!skr_is_utf8(out->object) || !skr_is_utf8(out->container) ||
        (out->object.size > 0 && memchr(out->object.data, '\0', out->object.size) != NULL))
        return false;
    out->resource = out->object.size > 0      ? SKR_RESOURCE_OBJECT
                    : out->container.size > 0 ? SKR_RESOURCE_CONTAINER
                                              : SKR_RESOURCE_SERVICE;
    return true;
}

static bool skr_s3_is_address(struct skr_bytes name)
{
    unsigned dots = 0;
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '.')
            dots++;
        else if (name.data[i] < '0' || name.data[i] > '9')
            return false;
    }
    return dots == 3;
}

/* Kept for names that the service makes itself. Source: "General purpose bucket naming rules". */
static bool skr_s3_is_reserved(struct skr_bytes name)
{
    static const char *const prefixes[] = {"xn--", "sthree-", "amzn-s3-demo-"};
    static const char *const suffixes[] = {"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (skr_bytes_starts_with(name, skr_text(prefixes[i])))
            return true;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        struct skr_bytes suffix = skr_text(suffixes[i]);
        if (name.size >= suffix.size &&
            skr_bytes_equal((struct skr_bytes){name.data + name.size - suffix.size, suffix.size}, suffix))
            return true;
    }
    return false;
}

bool skr_s3_bucket_name_is_valid(struct skr_bytes name)
{
    if (name.size < 3 || name.size > 63 || skr_s3_is_address(name) || skr_s3_is_reserved(name))
        return false;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool alphanumeric = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        bool edge = i == 0 || i + 1 == name.size;
        if (!alphanumeric && (edge || (c != '-' && c != '.') || (c == '.' && name.data[i - 1] == '.')))
            return false;
    }
    return true;
}
