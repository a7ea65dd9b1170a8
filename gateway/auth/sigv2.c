/* Signature Version 2 in the query: presigned URLs that older clients make, and today's where they are not told otherwise
 * (s3cmd's signurl, boto3 with an endpoint of its own). Only there: in the Authorization header it is refused.
 *
 * What Version 2 does not sign it must not matter: Host is not signed, so the bucket comes from the target that was parsed
 * already; of the query only some parameters are signed, so others than those, and than what merely shapes a listing, are
 * refused. Source: "Authenticating requests using the REST API" (Signature Version 2).
 */
#include <openssl/crypto.h>
#include <stdlib.h>

#include "accounts.h"
#include "schemes.h"
#include "sigv2.h"
#include "skerry/encoding.h"

#define SKR_SIGV2_SIGNATURE SKR_BASE64_SIZE(SKR_SHA1_SIZE)

struct skr_signed_text {
    char *data;
    size_t size, capacity;
    bool failed;
};

static void skr_signed_text_add(struct skr_signed_text *text, struct skr_bytes bytes)
{
    text->failed |= bytes.size > text->capacity - text->size;
    if (text->failed || bytes.size == 0)
        return;
    memcpy(text->data + text->size, bytes.data, bytes.size);
    text->size += bytes.size;
}

static bool skr_is_among(struct skr_bytes name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (skr_bytes_equal(name, skr_text(names[i])))
            return true;
    return false;
}
#define SKR_AMONG(name, names) skr_is_among(name, names, sizeof names / sizeof *names)

/* Parameters that are part of the text. */
static const char *const skr_sub_resources[] = {
    "accelerate",
    "acl",
    "cors",
    "delete",
    "lifecycle",
    "location",
    "logging",
    "notification",
    "partNumber",
    "policy",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
};
static const char *const skr_own_parameters[] = {"AWSAccessKeyId", "Expires", "Signature"};
/* Not signed, and harmless: they shape a listing that the URL is good for anyway. x-id names the operation for readers of logs.
 */
static const char *const skr_listing_parameters[] = {"prefix",        "delimiter",   "marker",      "max-keys",
                                                     "list-type",     "start-after", "fetch-owner", "continuation-token",
                                                     "encoding-type", "x-id"};

bool skr_sigv2_is_used(const struct skr_request *request)
{
    return skr_request_query(request, "AWSAccessKeyId") != NULL;
}

/* The one value of a parameter; SKR_NO_BYTES: none, or several. */
static struct skr_bytes skr_only_value(const struct skr_request *request, const char *name)
{
    struct skr_bytes value = SKR_NO_BYTES;
    size_t count = 0;
    for (size_t i = 0; i < request->uri.query_count; i++)
        if (skr_bytes_equal(request->uri.query[i].name, skr_text(name))) {
            value = request->uri.query[i].value;
            count++;
        }
    return count == 1 && value.size > 0 ? value : SKR_NO_BYTES;
}

static int skr_pair_order(const void *a, const void *b)
{
    const struct skr_name_value *x = a, *y = b;
    int order = skr_bytes_compare(x->name, y->name);
    return order != 0 ? order : skr_bytes_compare(x->value, y->value);
}

/* Small letters in an arena's copy; SKR_NO_BYTES: no memory. */
static struct skr_bytes skr_lower(struct skr_arena *arena, struct skr_bytes text)
{
    struct skr_bytes copy = skr_arena_copy(arena, text);
    for (size_t i = 0; copy.data != NULL && i < copy.size; i++)
        if (copy.data[i] >= 'A' && copy.data[i] <= 'Z')
            ((char *)copy.data)[i] |= 0x20;
    return copy;
}

/* x-amz- headers in the order of their names, repeated ones joined by commas. */
static void skr_add_amz_headers(struct skr_signed_text *text, const struct skr_request *request, struct skr_arena *arena)
{
    struct skr_name_value pairs[SKR_MAX_HEADERS];
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        struct skr_bytes name = request->headers[i].name;
        if (!skr_bytes_starts_with_nocase(name, SKR_BYTES("x-amz-")))
            continue;
        pairs[count] = (struct skr_name_value){skr_lower(arena, name), request->headers[i].value};
        text->failed |= pairs[count++].name.data == NULL;
    }
    qsort(pairs, count, sizeof *pairs, skr_pair_order);
    for (size_t i = 0; i < count && !text->failed; i++) {
        if (i > 0 && skr_bytes_equal(pairs[i].name, pairs[i - 1].name)) {
            text->size--; /* the line goes on */
            skr_signed_text_add(text, SKR_BYTES(","));
        } else {
            skr_signed_text_add(text, pairs[i].name);
            skr_signed_text_add(text, SKR_BYTES(":"));
        }
        skr_signed_text_add(text, pairs[i].value);
        skr_signed_text_add(text, SKR_BYTES("\n"));
    }
}

static void skr_add_resource(struct skr_signed_text *text, const struct skr_request *request, struct skr_bytes host_bucket,
                             bool ends)
{
    struct skr_name_value pairs[SKR_MAX_QUERY_PARAMETERS];
    size_t count = 0;
    if (host_bucket.size > 0) {
        skr_signed_text_add(text, SKR_BYTES("/"));
        skr_signed_text_add(text, host_bucket);
    }
    skr_signed_text_add(text, request->uri.raw_path);
    if (ends)
        skr_signed_text_add(text, SKR_BYTES("/"));
    for (size_t i = 0; i < request->uri.query_count; i++)
        if (SKR_AMONG(request->uri.query[i].name, skr_sub_resources))
            pairs[count++] = (struct skr_name_value){request->uri.query[i].name, request->uri.query[i].value};
    qsort(pairs, count, sizeof *pairs, skr_pair_order);
    for (size_t i = 0; i < count; i++) {
        skr_signed_text_add(text, i == 0 ? SKR_BYTES("?") : SKR_BYTES("&"));
        skr_signed_text_add(text, pairs[i].name);
        if (pairs[i].value.size > 0) {
            skr_signed_text_add(text, SKR_BYTES("="));
            skr_signed_text_add(text, pairs[i].value);
        }
    }
}

/* `ends`: with a slash behind the path. SKR_NO_BYTES: no memory. */
static struct skr_bytes skr_sigv2_text(const struct skr_request *request, struct skr_bytes expires,
                                       struct skr_bytes host_bucket, bool ends, struct skr_arena *arena)
{
    struct skr_signed_text text = {.capacity = request->uri.raw_target.size * 2 + host_bucket.size + expires.size + 64};
    for (size_t i = 0; i < request->header_count; i++)
        text.capacity += request->headers[i].name.size + request->headers[i].value.size + 4;
    text.data = skr_arena_alloc(arena, text.capacity);
    if (text.data == NULL)
        return SKR_NO_BYTES;
    const struct skr_bytes lines[] = {request->method_name, skr_request_header(request, "content-md5"),
                                      skr_request_header(request, "content-type"), expires};
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        skr_signed_text_add(&text, lines[i]);
        skr_signed_text_add(&text, SKR_BYTES("\n"));
    }
    skr_add_amz_headers(&text, request, arena);
    skr_add_resource(&text, request, host_bucket, ends);
    return text.failed ? SKR_NO_BYTES : (struct skr_bytes){text.data, text.size};
}

/* boto3 repeats the headers that it signed as parameters. They mean nothing there: what counts is the header, which is part of
 * the text. */
static bool skr_repeats_header(struct skr_bytes name)
{
    return skr_bytes_starts_with(name, SKR_BYTES("x-amz-")) || skr_bytes_equal(name, SKR_BYTES("content-type")) ||
           skr_bytes_equal(name, SKR_BYTES("content-md5"));
}

/* A parameter that is not signed could turn the request into another one. */
static bool skr_query_is_covered(const struct skr_request *request)
{
    bool reads = request->method == SKR_GET || request->method == SKR_HEAD;
    for (size_t i = 0; i < request->uri.query_count; i++) {
        struct skr_bytes name = request->uri.query[i].name;
        if (!SKR_AMONG(name, skr_sub_resources) && !SKR_AMONG(name, skr_own_parameters) && !skr_repeats_header(name) &&
            !(reads && SKR_AMONG(name, skr_listing_parameters)))
            return false;
    }
    return true;
}

bool skr_sigv2_matches(const struct skr_s3_key *key, struct skr_bytes text, struct skr_bytes signature)
{
    uint8_t digest[SKR_SHA1_SIZE];
    char expected[SKR_SIGV2_SIGNATURE];
    skr_hmac_sha1_sign(&key->old_secret, text, digest);
    skr_base64_encode(expected, digest, sizeof digest);
    bool matches = skr_secret_equal((struct skr_bytes){expected, sizeof expected}, signature);
    OPENSSL_cleanse(digest, sizeof digest);
    OPENSSL_cleanse(expected, sizeof expected);
    return matches;
}

enum skr_auth_refusal skr_sigv2_check(const struct skr_s3_auth_options *options, const struct skr_request *request,
                                      struct skr_arena *arena, const struct skr_s3_key **out, struct skr_error *err)
{
    struct skr_bytes access_key = skr_only_value(request, "AWSAccessKeyId"), expires = skr_only_value(request, "Expires");
    struct skr_bytes signature = skr_only_value(request, "Signature");
    uint64_t expires_s;
    if (access_key.data == NULL || signature.data == NULL || !skr_parse_u64(expires, &expires_s))
        return skr_refuse(
            err, SKR_AUTH_QUERY_MALFORMED,
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters, each once.");
    if (!skr_query_is_covered(request))
        return skr_refuse(err, SKR_AUTH_QUERY_MALFORMED,
                          "The URL has a parameter that its signature does not cover. Sign it with Version 4 (s3v4).");
    *out = skr_accounts_s3_key(options->accounts, access_key);
    if (*out == NULL)
        return skr_refuse(err, SKR_AUTH_ACCESS_KEY_UNKNOWN,
                          "The AWS Access Key Id you provided does not exist in our records.");
    if (request->received_ns / 1000000000 >
        (int64_t)(expires_s > INT32_MAX * UINT64_C(4) ? INT32_MAX * UINT64_C(4) : expires_s))
        return skr_refuse(err, SKR_AUTH_EXPIRED, "Request has expired");
    /* A bucket is one with and without a slash behind it: clients sign the former and may send the latter. */
    struct skr_bytes path = request->uri.raw_path;
    bool is_bucket = options->host_bucket.size == 0 && memchr(path.data + 1, '/', path.size - 1) == NULL;
    for (int ends = 0; ends <= is_bucket; ends++) {
        struct skr_bytes text = skr_sigv2_text(request, expires, options->host_bucket, ends, arena);
        if (text.data != NULL && skr_sigv2_matches(*out, text, signature))
            return SKR_AUTH_ALLOWED;
    }
    return skr_refuse(err, SKR_AUTH_SIGNATURE_MISMATCH,
                      "The request signature we calculated does not match the signature you provided. Check your key and "
                      "signing method.");
}
