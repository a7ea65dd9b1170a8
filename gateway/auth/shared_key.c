/* Shared Key and Shared Key Lite for Blob. The text that is signed follows "Authorize with Shared Key"; the path enters it as it was sent,
 * still encoded, because clients sign what they send.
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

static int skr_pair_order(const void *a, const void *b)
{
    const struct skr_name_value *x = a, *y = b;
    int order = skr_bytes_compare(x->name, y->name);
    return order != 0 ? order : (x->value.data > y->value.data) - (x->value.data < y->value.data);
}

static void skr_sign_headers(struct skr_signing_text *text, const struct skr_request *request)
{
    struct skr_name_value pairs[SKR_MAX_HEADERS];
    size_t count = 0;
    for (size_t i = 0; i < request->header_count; i++) {
        const struct skr_header *header = &request->headers[i];
        if (header->name.size < 5 || !skr_bytes_equal_nocase((struct skr_bytes){header->name.data, 5}, SKR_BYTES("x-ms-")))
            continue;
        pairs[count].name = skr_lower(text->arena, header->name);
        pairs[count].value = header->value;
        text->failed |= pairs[count++].name.data == NULL;
    }
    qsort(pairs, count, sizeof *pairs, skr_pair_order);
    for (size_t i = 0; i < count; i++) {
        skr_signing_add(text, pairs[i].name);
        skr_signing_add(text, SKR_BYTES(":"));
        skr_signing_add(text, pairs[i].value);
        for (; i + 1 < count && skr_bytes_equal(pairs[i].name, pairs[i + 1].name); i++) {
            skr_signing_add(text, SKR_BYTES(","));
            skr_signing_add(text, pairs[i + 1].value);
        }
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

static struct skr_bytes skr_shared_key_text(const struct skr_request *request, struct skr_bytes account, bool lite,
                                            struct skr_arena *arena)
{
    struct skr_signing_text text = {.arena = arena};
    bool dated = skr_request_header(request, "x-ms-date").data != NULL;
    struct skr_bytes length = skr_header_or_empty(request, "content-length");
    skr_signing_line(&text, request->method_name);
    if (!lite) {
        skr_signing_line(&text, skr_header_or_empty(request, "content-encoding"));
        skr_signing_line(&text, skr_header_or_empty(request, "content-language"));
        skr_signing_line(&text, skr_bytes_equal(length, SKR_BYTES("0")) ? SKR_BYTES("") : length);
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
    skr_sign_headers(&text, request);
    skr_sign_resource(&text, request, account, lite);
    return text.failed ? SKR_NO_BYTES : skr_signing_bytes(&text);
}

static bool skr_date_is_near(const struct skr_request *request, unsigned skew_s)
{
    struct skr_bytes text = skr_request_header(request, "x-ms-date");
    int64_t seconds, now_s = request->received_ns / 1000000000;
    if (text.data == NULL)
        text = skr_request_header(request, "date");
    if (text.data == NULL || !skr_http_date_parse(text, &seconds))
        return false;
    return seconds - now_s <= (int64_t)skew_s && now_s - seconds <= (int64_t)skew_s;
}

enum skr_auth_refusal skr_shared_key_check(const struct skr_auth_options *options, const struct skr_request *request,
                                           const struct skr_target *target, struct skr_bytes authorization,
                                           struct skr_arena *arena, struct skr_principal *out, struct skr_error *err)
{
    bool lite = skr_bytes_starts_with(authorization, SKR_BYTES("SharedKeyLite "));
    struct skr_bytes scheme = lite ? SKR_BYTES("SharedKeyLite ") : SKR_BYTES("SharedKey ");
    if (!skr_bytes_starts_with(authorization, scheme)) {
        skr_fail(err, SKR_UNAUTHENTICATED, "The Authorization header is not of a scheme that this server offers.");
        return SKR_AUTH_MALFORMED;
    }
    struct skr_bytes rest = {authorization.data + scheme.size, authorization.size - scheme.size};
    const char *colon = memchr(rest.data, ':', rest.size);
    if (colon == NULL || colon == rest.data || colon + 1 == rest.data + rest.size) {
        skr_fail(err, SKR_UNAUTHENTICATED, "The Authorization header has no account and signature.");
        return SKR_AUTH_MALFORMED;
    }
    struct skr_bytes account = {rest.data, (size_t)(colon - rest.data)};
    struct skr_bytes signature = {colon + 1, rest.size - account.size - 1};
    if (!skr_date_is_near(request, options->clock_skew_s)) {
        skr_fail(err, SKR_UNAUTHENTICATED, "Request date header is missing, not a date, or too far from the server's time.");
        return SKR_AUTH_FAILED;
    }
    struct skr_bytes text = skr_shared_key_text(request, account, lite, arena);
    if (!skr_bytes_equal(account, target->account) || text.data == NULL ||
        !skr_accounts_verify(options->accounts, target->account, text, signature)) {
        skr_fail(err, SKR_UNAUTHENTICATED, "The MAC signature found in the HTTP request is not the same as any computed signature.");
        return SKR_AUTH_FAILED;
    }
    *out = (struct skr_principal){.scheme = SKR_AUTH_SHARED_KEY,
                                  .account = target->account,
                                  .permissions = UINT32_MAX,
                                  .resource_types = UINT32_MAX};
    return SKR_AUTH_ALLOWED;
}
