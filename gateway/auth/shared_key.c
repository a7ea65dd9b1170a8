/* Shared Key and Shared Key Lite for Blob. The text that is signed follows "Authorize with Shared Key"; the path enters it as
 * it was sent, still encoded, because clients sign what they send.
 *
 * Two steps of the documented text are read in two ways by clients in use, so a signature is good if it matches any of these
 * readings:
 * - x-ms- headers sort in the order of bytes (Go, and what is built on it) or as words, which is what the service itself does
 *   (.NET, Java, JavaScript, Python). The two differ only for metadata names such as "a_b" beside "a1".
 * - runs of white space in their values stay (SDKs) or become one space (the documentation).
 * Every reading holds the same headers with the same words, so none lets a request through that another would not have meant.
 */
#include <stdlib.h>

#include "accounts.h"
#include "schemes.h"
#include "skerry/encoding.h"
#include "text.h"

static struct skr_bytes skr_header_or_empty(const struct skr_request *request, const char *name)
{
    struct skr_bytes value = skr_request_header(request, name);
    return value.data == NULL ? SKR_BYTES("") : value;
}

/* ---- canonicalized headers ---- */

static struct skr_bytes skr_lower(struct skr_arena *arena, struct skr_bytes text)
{
    struct skr_bytes copy = skr_arena_copy(arena, text);
    for (size_t i = 0; i < copy.size; i++)
        if (copy.data[i] >= 'A' && copy.data[i] <= 'Z')
            ((char *)copy.data)[i] |= 0x20;
    return copy;
}

struct skr_signed_header {
    struct skr_bytes name, value;
    size_t place; /* among the request's headers: values of one name stay in order of arrival */
};

/* How the headers are read: see above. */
enum { SKR_READING_WORDS = 1 << 0, SKR_READING_ONE_SPACE = 1 << 1, SKR_READING_END = 1 << 2 };

static int skr_place_order(const struct skr_signed_header *x, const struct skr_signed_header *y)
{
    return (x->place > y->place) - (x->place < y->place);
}

static int skr_byte_order(const void *a, const void *b)
{
    const struct skr_signed_header *x = a, *y = b;
    int order = skr_bytes_compare(x->name, y->name);
    return order != 0 ? order : skr_place_order(x, y);
}

static int skr_word_order(const void *a, const void *b)
{
    const struct skr_signed_header *x = a, *y = b;
    int order = skr_word_compare(x->name, y->name);
    return order != 0 ? order : skr_place_order(x, y);
}

static bool skr_is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Linear white space becomes one space, but not inside a quoted string. */
static struct skr_bytes skr_one_space(struct skr_arena *arena, struct skr_bytes value)
{
    char *out = skr_arena_alloc(arena, value.size + 1);
    size_t size = 0;
    bool quoted = false;
    if (out == NULL)
        return SKR_NO_BYTES;
    for (size_t i = 0; i < value.size; i++) {
        char c = value.data[i];
        quoted ^= c == '"';
        if (!quoted && skr_is_blank(c)) {
            while (i + 1 < value.size && skr_is_blank(value.data[i + 1]))
                i++;
            c = ' ';
        }
        out[size++] = c;
    }
    return (struct skr_bytes){out, size};
}

struct skr_signed_headers {
    struct skr_signed_header list[SKR_MAX_HEADERS];
    size_t count;
    bool failed;
};

static void skr_signed_headers_take(struct skr_signed_headers *headers, const struct skr_request *request,
                                    struct skr_arena *arena)
{
    headers->count = 0;
    headers->failed = false;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct skr_header *header = &request->headers[i];
        if (!skr_bytes_starts_with_nocase(header->name, SKR_BYTES("x-ms-")))
            continue;
        struct skr_signed_header *taken = &headers->list[headers->count++];
        *taken = (struct skr_signed_header){skr_lower(arena, header->name), header->value, i};
        headers->failed |= taken->name.data == NULL;
    }
    qsort(headers->list, headers->count, sizeof *headers->list, skr_byte_order);
}

/* Which steps make a difference for these headers? Most requests: none. */
static unsigned skr_readings(const struct skr_signed_headers *headers)
{
    unsigned readings = 0;
    for (size_t i = 0; i < headers->count; i++) {
        struct skr_bytes value = headers->list[i].value;
        if (i > 0 && skr_word_order(&headers->list[i - 1], &headers->list[i]) > 0)
            readings |= SKR_READING_WORDS;
        for (size_t k = 0; k < value.size; k++)
            if (skr_is_blank(value.data[k]) && (value.data[k] != ' ' || (k > 0 && value.data[k - 1] == ' ')))
                readings |= SKR_READING_ONE_SPACE;
    }
    return readings;
}

static void skr_sign_headers(struct skr_signing_text *text, struct skr_signed_headers *headers, unsigned reading)
{
    const struct skr_signed_header *list = headers->list;
    qsort(headers->list, headers->count, sizeof *headers->list, reading & SKR_READING_WORDS ? skr_word_order : skr_byte_order);
    for (size_t i = 0; i < headers->count; i++) {
        bool same = i > 0 && skr_bytes_equal(list[i].name, list[i - 1].name);
        bool last = i + 1 == headers->count || !skr_bytes_equal(list[i].name, list[i + 1].name);
        struct skr_bytes value = list[i].value;
        if (reading & SKR_READING_ONE_SPACE) {
            value = skr_one_space(text->arena, value);
            text->failed |= value.data == NULL;
        }
        if (!same)
            skr_signing_add(text, list[i].name);
        skr_signing_add(text, same ? SKR_BYTES(",") : SKR_BYTES(":"));
        skr_signing_add(text, value);
        if (last)
            skr_signing_add(text, SKR_BYTES("\n"));
    }
}

/* ---- canonicalized resource ---- */

static int skr_query_order(const void *a, const void *b)
{
    const struct skr_name_value *x = a, *y = b;
    int order = skr_bytes_compare(x->name, y->name);
    return order != 0 ? order : skr_bytes_compare(x->value, y->value);
}

static void skr_sign_query(struct skr_signing_text *text, const struct skr_uri *uri)
{
    struct skr_name_value pairs[SKR_MAX_QUERY_PARAMETERS];
    for (size_t i = 0; i < uri->query_count; i++) {
        pairs[i].name = skr_lower(text->arena, uri->query[i].name);
        pairs[i].value = uri->query[i].value;
        text->failed |= pairs[i].name.data == NULL;
    }
    qsort(pairs, uri->query_count, sizeof *pairs, skr_query_order);
    for (size_t i = 0; i < uri->query_count; i++) {
        bool same = i > 0 && skr_bytes_equal(pairs[i].name, pairs[i - 1].name);
        skr_signing_add(text, same ? SKR_BYTES(",") : SKR_BYTES("\n"));
        if (!same) {
            skr_signing_add(text, pairs[i].name);
            skr_signing_add(text, SKR_BYTES(":"));
        }
        skr_signing_add(text, pairs[i].value);
    }
}

static void skr_sign_resource(struct skr_signing_text *text, const struct skr_request *request, struct skr_bytes account,
                              bool lite)
{
    skr_signing_add(text, SKR_BYTES("/"));
    skr_signing_add(text, account);
    skr_signing_add(text, request->uri.raw_path);
    if (!lite) {
        skr_sign_query(text, &request->uri);
        return;
    }
    const struct skr_query_parameter *comp = skr_request_query(request, "comp");
    if (comp != NULL) {
        skr_signing_add(text, SKR_BYTES("?comp="));
        skr_signing_add(text, comp->value);
    }
}

/* ---- the whole text ---- */

/* An empty body signs as no length since version 2015-02-21; a request that names no version is taken for a recent one. */
static struct skr_bytes skr_signed_length(const struct skr_request *request)
{
    struct skr_bytes length = skr_header_or_empty(request, "content-length"),
                     version = skr_header_or_empty(request, "x-ms-version");
    bool old = version.size > 0 && skr_bytes_compare(version, SKR_BYTES("2015-02-21")) < 0;
    return skr_bytes_equal(length, SKR_BYTES("0")) && !old ? SKR_BYTES("") : length;
}

static struct skr_bytes skr_shared_key_text(const struct skr_request *request, struct skr_signed_headers *headers,
                                            struct skr_bytes account, bool lite, unsigned reading, struct skr_arena *arena)
{
    struct skr_signing_text text = {.arena = arena, .failed = headers->failed};
    bool dated = skr_request_header(request, "x-ms-date").data != NULL;
    skr_signing_line(&text, request->method_name);
    if (!lite) {
        skr_signing_line(&text, skr_header_or_empty(request, "content-encoding"));
        skr_signing_line(&text, skr_header_or_empty(request, "content-language"));
        skr_signing_line(&text, skr_signed_length(request));
    }
    skr_signing_line(&text, skr_header_or_empty(request, "content-md5"));
    skr_signing_line(&text, skr_header_or_empty(request, "content-type"));
    skr_signing_line(&text, dated ? SKR_BYTES("") : skr_header_or_empty(request, "date"));
    if (!lite) {
        skr_signing_line(&text, skr_header_or_empty(request, "if-modified-since"));
        skr_signing_line(&text, skr_header_or_empty(request, "if-match"));
        skr_signing_line(&text, skr_header_or_empty(request, "if-none-match"));
        skr_signing_line(&text, skr_header_or_empty(request, "if-unmodified-since"));
        skr_signing_line(&text, skr_header_or_empty(request, "range"));
    }
    skr_sign_headers(&text, headers, reading);
    skr_sign_resource(&text, request, account, lite);
    return text.failed ? SKR_NO_BYTES : skr_signing_bytes(&text);
}

static bool skr_shared_key_matches(const struct skr_auth_options *options, const struct skr_request *request,
                                   struct skr_bytes account, struct skr_bytes signature, bool lite, struct skr_arena *arena)
{
    struct skr_signed_headers headers;
    skr_signed_headers_take(&headers, request, arena);
    unsigned readings = skr_readings(&headers);
    for (unsigned reading = 0; reading < SKR_READING_END; reading++) {
        if ((reading & ~readings) != 0)
            continue;
        struct skr_bytes text = skr_shared_key_text(request, &headers, account, lite, reading, arena);
        if (text.data != NULL && skr_accounts_verify(options->accounts, account, text, signature))
            return true;
    }
    return false;
}

/* ---- the Authorization header ---- */

static enum skr_auth_refusal skr_date_check(const struct skr_request *request, unsigned skew_s, struct skr_error *err)
{
    struct skr_bytes text = skr_request_header(request, "x-ms-date");
    int64_t seconds, now_s = request->received_ns / 1000000000;
    if (text.data == NULL)
        text = skr_request_header(request, "date");
    if (text.data == NULL)
        return skr_refuse(err, SKR_AUTH_FAILED, "The request has neither an x-ms-date nor a Date header.");
    if (!skr_http_date_parse(text, &seconds))
        return skr_refuse(err, SKR_AUTH_FAILED, "The date in the request's headers is not an HTTP date.");
    if (seconds - now_s > (int64_t)skew_s || now_s - seconds > (int64_t)skew_s)
        return skr_refuse(err, SKR_AUTH_FAILED, "Request date header too old or too far ahead of the server's time.");
    return SKR_AUTH_ALLOWED;
}

/* "Scheme account:signature". A header of another form is malformed (400), as the service answers it; a signature that is not
 * base64 is one that does not match (403). */
static enum skr_auth_refusal skr_authorization_parse(struct skr_bytes header, bool *lite, struct skr_bytes *account,
                                                     struct skr_bytes *signature, struct skr_error *err)
{
    *lite = skr_bytes_starts_with(header, SKR_BYTES("SharedKeyLite "));
    struct skr_bytes scheme = *lite ? SKR_BYTES("SharedKeyLite ") : SKR_BYTES("SharedKey ");
    if (skr_bytes_starts_with_nocase(header, SKR_BYTES("Bearer ")))
        return skr_refuse(err, SKR_AUTH_MALFORMED,
                          "Bearer tokens are not offered here: use Shared Key or a shared access signature.");
    if (!skr_bytes_starts_with(header, scheme))
        return skr_refuse(err, SKR_AUTH_MALFORMED, "The Authorization header is not of a scheme that this server offers.");
    struct skr_bytes rest = {header.data + scheme.size, header.size - scheme.size};
    const char *colon = rest.size == 0 ? NULL : memchr(rest.data, ':', rest.size);
    if (colon == NULL || colon == rest.data || colon + 1 == rest.data + rest.size)
        return skr_refuse(err, SKR_AUTH_MALFORMED,
                          "The Authorization header does not have the form 'SharedKey account:signature'.");
    *account = (struct skr_bytes){rest.data, (size_t)(colon - rest.data)};
    *signature = (struct skr_bytes){colon + 1, rest.size - account->size - 1};
    return SKR_AUTH_ALLOWED;
}

enum skr_auth_refusal skr_shared_key_check(const struct skr_auth_options *options, const struct skr_request *request,
                                           const struct skr_target *target, struct skr_bytes authorization,
                                           struct skr_arena *arena, struct skr_principal *out, struct skr_error *err)
{
    struct skr_bytes account, signature;
    bool lite;
    enum skr_auth_refusal refusal = skr_authorization_parse(authorization, &lite, &account, &signature, err);
    if (refusal == SKR_AUTH_ALLOWED)
        refusal = skr_date_check(request, options->clock_skew_s, err);
    if (refusal != SKR_AUTH_ALLOWED)
        return refusal;
    if (!skr_bytes_equal(account, target->account))
        return skr_refuse(err, SKR_AUTH_FAILED,
                          "The account in the Authorization header is not the one that the request addresses.");
    if (!skr_shared_key_matches(options, request, target->account, signature, lite, arena))
        return skr_refuse(err, SKR_AUTH_FAILED,
                          "The MAC signature found in the HTTP request is not the same as any computed signature.");
    *out = (struct skr_principal){
        .scheme = SKR_AUTH_SHARED_KEY, .account = target->account, .permissions = UINT32_MAX, .resource_types = UINT32_MAX};
    return SKR_AUTH_ALLOWED;
}
