/* The canonical request and the text to sign.
 *
 * S3 takes the object's name as it is: nothing is removed from a path, and it is encoded once. The path enters the text in two
 * readings:
 * - normalized: each byte that need not be escaped is not, and each other one is. That is the documented form.
 * - as it was sent, for clients that sign what they send.
 * Either one, decoded, is the name that the request means. So no text stands for two names.
 */
#include <stdlib.h>

#include "sigv4.h"
#include "skerry/encoding.h"
#include "text.h"

/* The first name of a list "a;b;c", which it is taken off. */
static bool skr_signed_next(struct skr_bytes *list, struct skr_bytes *name)
{
    if (list->size == 0)
        return false;
    const char *end = memchr(list->data, ';', list->size);
    *name = (struct skr_bytes){list->data, end == NULL ? list->size : (size_t)(end - list->data)};
    size_t used = end == NULL ? list->size : name->size + 1;
    list->data += used;
    list->size -= used;
    return true;
}

bool skr_sigv4_is_signed(struct skr_bytes signed_headers, struct skr_bytes name)
{
    struct skr_bytes one;
    while (skr_signed_next(&signed_headers, &one))
        if (skr_bytes_equal_nocase(one, name))
            return true;
    return false;
}

/* ---- path and query ---- */

static struct skr_bytes skr_normal_path(const struct skr_request *request, struct skr_arena *arena)
{
    struct skr_bytes decoded;
    if (!skr_percent_decode(arena, request->uri.raw_path, false, &decoded))
        return SKR_NO_BYTES;
    return skr_percent_encode(arena, decoded, "/");
}

bool skr_sigv4_path_differs(const struct skr_request *request, struct skr_arena *arena)
{
    return !skr_bytes_equal(skr_normal_path(request, arena), request->uri.raw_path);
}

static int skr_query_order(const void *a, const void *b)
{
    const struct skr_name_value *x = a, *y = b;
    int order = skr_bytes_compare(x->name, y->name);
    return order != 0 ? order : skr_bytes_compare(x->value, y->value);
}

/* Sorted by what is signed: encoded names, then encoded values. A parameter without a value has an empty one. */
static void skr_add_query(struct skr_signing_text *text, const struct skr_sigv4 *signature, const struct skr_uri *uri)
{
    struct skr_name_value pairs[SKR_MAX_QUERY_PARAMETERS];
    size_t count = 0;
    for (size_t i = 0; i < uri->query_count; i++) {
        if (signature->presigned && skr_bytes_equal(uri->query[i].name, SKR_BYTES("X-Amz-Signature")))
            continue;
        pairs[count].name = skr_percent_encode(text->arena, uri->query[i].name, "");
        pairs[count].value = skr_percent_encode(text->arena, uri->query[i].value, "");
        text->failed |= pairs[count].name.data == NULL || pairs[count].value.data == NULL;
        count++;
    }
    qsort(pairs, count, sizeof *pairs, skr_query_order);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            skr_signing_add(text, SKR_BYTES("&"));
        skr_signing_add(text, pairs[i].name);
        skr_signing_add(text, SKR_BYTES("="));
        skr_signing_add(text, pairs[i].value);
    }
    skr_signing_add(text, SKR_BYTES("\n"));
}

/* ---- headers ---- */

/* Runs of white space are one space. */
static void skr_add_value(struct skr_signing_text *text, struct skr_bytes value)
{
    for (size_t i = 0; i < value.size;) {
        size_t begin = i;
        while (i < value.size && value.data[i] != ' ' && value.data[i] != '\t')
            i++;
        skr_signing_add(text, (struct skr_bytes){value.data + begin, i - begin});
        size_t blank = i;
        while (i < value.size && (value.data[i] == ' ' || value.data[i] == '\t'))
            i++;
        if (i > blank && blank > 0 && i < value.size)
            skr_signing_add(text, SKR_BYTES(" "));
    }
}

/* In the order of the list, which its signer sorted. Values of one name stay in order of arrival. One that is not there is
 * signed as empty. */
static void skr_add_headers(struct skr_signing_text *text, struct skr_bytes signed_headers, const struct skr_request *request)
{
    struct skr_bytes list = signed_headers, name;
    while (skr_signed_next(&list, &name)) {
        bool more = false;
        skr_signing_add(text, name);
        skr_signing_add(text, SKR_BYTES(":"));
        for (size_t i = 0; i < request->header_count; i++) {
            if (!skr_bytes_equal_nocase(request->headers[i].name, name))
                continue;
            if (more)
                skr_signing_add(text, SKR_BYTES(","));
            skr_add_value(text, request->headers[i].value);
            more = true;
        }
        skr_signing_add(text, SKR_BYTES("\n"));
    }
    skr_signing_add(text, SKR_BYTES("\n"));
    skr_signing_line(text, signed_headers);
}

/* ---- the whole text ---- */

static struct skr_bytes skr_canonical_request(const struct skr_sigv4 *signature, const struct skr_request *request,
                                              bool path_as_sent, struct skr_arena *arena)
{
    struct skr_signing_text text = {.arena = arena};
    struct skr_bytes path = path_as_sent ? request->uri.raw_path : skr_normal_path(request, arena);
    text.failed = path.data == NULL;
    skr_signing_line(&text, request->method_name);
    skr_signing_line(&text, path);
    skr_add_query(&text, signature, &request->uri);
    skr_add_headers(&text, signature->signed_headers, request);
    skr_signing_add(&text, signature->payload_hash);
    return text.failed ? SKR_NO_BYTES : skr_signing_bytes(&text);
}

struct skr_bytes skr_sigv4_text(const struct skr_sigv4 *signature, const struct skr_request *request, bool path_as_sent,
                                struct skr_arena *arena)
{
    struct skr_bytes canonical = skr_canonical_request(signature, request, path_as_sent, arena);
    struct skr_signing_text text = {.arena = arena, .failed = canonical.data == NULL};
    struct skr_sha256 hash;
    uint8_t digest[SKR_SHA256_SIZE];
    char hexadecimal[2 * SKR_SHA256_SIZE];
    skr_sha256_begin(&hash);
    skr_sha256_add(&hash, canonical.data, canonical.size);
    skr_sha256_end(&hash, digest);
    skr_hex_encode(hexadecimal, digest, sizeof digest);
    skr_signing_line(&text, SKR_BYTES("AWS4-HMAC-SHA256"));
    skr_signing_line(&text, signature->timestamp);
    skr_signing_line(&text, signature->scope);
    skr_signing_add(&text, (struct skr_bytes){hexadecimal, sizeof hexadecimal});
    return text.failed ? SKR_NO_BYTES : skr_signing_bytes(&text);
}
