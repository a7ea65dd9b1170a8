/* The request target, taken apart once from its raw bytes. Nothing is normalized: "%2F", "..", "//" stay what they are. */
#include "skerry/encoding.h"
#include "skerry/http.h"

/* Printable ASCII, and every '%' begins an escape that is not %00. */
static bool skr_target_is_clean(struct skr_bytes target)
{
    for (size_t i = 0; i < target.size; i++) {
        unsigned char c = (unsigned char)target.data[i];
        uint8_t byte;
        if (c <= 0x20 || c >= 0x7F || c == '#')
            return false;
        if (c == '%' &&
            (i + 2 >= target.size || !skr_hex_decode((struct skr_bytes){target.data + i + 1, 2}, &byte, 1) || byte == 0))
            return false;
    }
    return true;
}

/* "http://host:port/path" becomes "/path". */
static struct skr_bytes skr_origin_form(struct skr_bytes target)
{
    size_t scheme = 0;
    if (skr_bytes_starts_with_nocase(target, SKR_BYTES("http://")))
        scheme = 7;
    else if (skr_bytes_starts_with_nocase(target, SKR_BYTES("https://")))
        scheme = 8;
    if (scheme == 0)
        return target;
    size_t at = scheme;
    while (at < target.size && target.data[at] != '/' && target.data[at] != '?')
        at++;
    if (at == target.size)
        return SKR_BYTES("/"); /* RFC 9112: an empty path is "/" */
    return target.data[at] == '/' ? (struct skr_bytes){target.data + at, target.size - at} : SKR_NO_BYTES;
}

static enum skr_status skr_query_parse(struct skr_arena *arena, struct skr_uri *uri, struct skr_error *err)
{
    struct skr_bytes rest = uri->raw_query;
    while (rest.size > 0) {
        const char *ampersand = memchr(rest.data, '&', rest.size);
        size_t size = ampersand == NULL ? rest.size : (size_t)(ampersand - rest.data);
        struct skr_bytes part = {rest.data, size};
        rest.data += ampersand == NULL ? size : size + 1;
        rest.size -= ampersand == NULL ? size : size + 1;
        if (part.size == 0)
            continue;
        if (uri->query_count == SKR_MAX_QUERY_PARAMETERS)
            return skr_fail(err, SKR_INVALID_ARGUMENT, "more than %d query parameters", SKR_MAX_QUERY_PARAMETERS);
        struct skr_query_parameter *parameter = &uri->query[uri->query_count++];
        const char *equals = memchr(part.data, '=', part.size);
        parameter->has_value = equals != NULL;
        parameter->raw_name = (struct skr_bytes){part.data, equals == NULL ? part.size : (size_t)(equals - part.data)};
        parameter->raw_value = equals == NULL ? (struct skr_bytes){part.data + part.size, 0}
                                              : (struct skr_bytes){equals + 1, part.size - parameter->raw_name.size - 1};
        if (!skr_percent_decode(arena, parameter->raw_name, true, &parameter->name) ||
            !skr_percent_decode(arena, parameter->raw_value, true, &parameter->value))
            return skr_fail(err, SKR_INVALID_ARGUMENT, "a query parameter is not well encoded");
    }
    return SKR_OK;
}

enum skr_status skr_uri_parse(struct skr_arena *arena, struct skr_bytes raw_target, struct skr_uri *uri, struct skr_error *err)
{
    uri->query_count = 0;
    if (raw_target.size > SKR_MAX_TARGET_BYTES)
        return skr_fail(err, SKR_TOO_LARGE, "the request target is longer than %d bytes", SKR_MAX_TARGET_BYTES);
    if (!skr_target_is_clean(raw_target))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the request target holds bytes that it may not hold");
    struct skr_bytes target = skr_origin_form(raw_target);
    if (target.size == 0 || target.data[0] != '/')
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the request target does not begin with a slash");
    const char *question = memchr(target.data, '?', target.size);
    uri->raw_target = target;
    uri->raw_path = (struct skr_bytes){target.data, question == NULL ? target.size : (size_t)(question - target.data)};
    uri->raw_query = question == NULL ? (struct skr_bytes){target.data + target.size, 0}
                                      : (struct skr_bytes){question + 1, target.size - uri->raw_path.size - 1};
    return skr_query_parse(arena, uri, err);
}

const struct skr_query_parameter *skr_request_query(const struct skr_request *request, const char *name)
{
    struct skr_bytes wanted = skr_text(name);
    for (size_t i = 0; i < request->uri.query_count; i++)
        if (skr_bytes_equal(request->uri.query[i].name, wanted))
            return &request->uri.query[i];
    return NULL;
}
