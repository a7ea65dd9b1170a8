/* CORS: the rules as a document of the bucket, preflight requests, and headers on ordinary responses.
 * Source: "Using cross-origin resource sharing (CORS)" of Amazon S3; the Fetch standard. */
#include "cors.h"

#include <stdio.h>

#include "listing.h"

#define SKR_S3_MAX_CORS_RULES 100

/* One rule; texts in the arena. */
struct skr_s3_cors_rule {
    struct skr_bytes id, max_age;
    struct skr_s3_cors_text {
        struct skr_s3_cors_text *next;
        struct skr_bytes text;
    } * origins, *methods, *headers, *exposed;
};

struct skr_s3_cors {
    struct skr_arena *arena;
    size_t count;
    struct skr_s3_cors_rule rules[SKR_S3_MAX_CORS_RULES];
};

/* ---- the document ---- */

static bool skr_s3_cors_add(struct skr_arena *arena, struct skr_s3_cors_text **list, struct skr_bytes text)
{
    struct skr_s3_cors_text *item = skr_arena_alloc(arena, sizeof *item);
    if (item == NULL)
        return false;
    *item = (struct skr_s3_cors_text){.text = skr_arena_copy(arena, text)};
    while (*list != NULL)
        list = &(*list)->next;
    *list = item;
    return item->text.data != NULL;
}

static bool skr_s3_one_star(struct skr_bytes text)
{
    const char *star = text.size == 0 ? NULL : memchr(text.data, '*', text.size);
    return text.size > 0 && (star == NULL || memchr(star + 1, '*', (size_t)(text.data + text.size - star - 1)) == NULL);
}

static bool skr_s3_cors_method_known(struct skr_bytes text)
{
    static const char *const methods[] = {"GET", "PUT", "POST", "DELETE", "HEAD"};
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++)
        if (skr_bytes_equal(text, skr_text(methods[i])))
            return true;
    return false;
}

static bool skr_s3_visit_cors(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_s3_cors *cors = context;
    uint64_t seconds;
    if (skr_bytes_equal(path, SKR_BYTES("CORSConfiguration")))
        return text.data == NULL;
    if (skr_bytes_equal(path, SKR_BYTES("CORSConfiguration/CORSRule"))) {
        if (ends)
            return text.data == NULL && cors->rules[cors->count - 1].origins != NULL &&
                   cors->rules[cors->count - 1].methods != NULL;
        if (cors->count == SKR_S3_MAX_CORS_RULES)
            return false;
        cors->rules[cors->count++] = (struct skr_s3_cors_rule){.origins = NULL};
        return true;
    }
    if (!ends || cors->count == 0 || !skr_bytes_starts_with(path, SKR_BYTES("CORSConfiguration/CORSRule/")))
        return false;
    struct skr_s3_cors_rule *rule = &cors->rules[cors->count - 1];
    struct skr_bytes name = {path.data + 27, path.size - 27};
    if (skr_bytes_equal(name, SKR_BYTES("AllowedOrigin")))
        return skr_s3_one_star(text) && skr_s3_cors_add(cors->arena, &rule->origins, text);
    if (skr_bytes_equal(name, SKR_BYTES("AllowedMethod")))
        return skr_s3_cors_method_known(text) && skr_s3_cors_add(cors->arena, &rule->methods, text);
    if (skr_bytes_equal(name, SKR_BYTES("AllowedHeader")))
        return skr_s3_one_star(text) && skr_s3_cors_add(cors->arena, &rule->headers, text);
    if (skr_bytes_equal(name, SKR_BYTES("ExposeHeader")))
        return skr_s3_cors_add(cors->arena, &rule->exposed, text);
    struct skr_bytes copy = skr_arena_copy(cors->arena, text);
    if (skr_bytes_equal(name, SKR_BYTES("MaxAgeSeconds")) && skr_parse_u64(text, &seconds))
        rule->max_age = copy;
    else if (skr_bytes_equal(name, SKR_BYTES("ID")) && text.size <= 255)
        rule->id = copy;
    else
        return false;
    return copy.data != NULL;
}

bool skr_s3_cors_parse(struct skr_arena *arena, struct skr_bytes document, struct skr_s3_cors **out)
{
    *out = skr_arena_alloc(arena, sizeof **out);
    if (*out == NULL)
        return false;
    (*out)->arena = arena;
    (*out)->count = 0;
    return skr_xml_parse(document, skr_s3_visit_cors, *out) && (*out)->count > 0;
}

static void skr_s3_cors_render_list(struct skr_xml *xml, const char *element, const struct skr_s3_cors_text *list)
{
    for (; list != NULL; list = list->next)
        skr_xml_element(xml, element, list->text);
}

void skr_s3_cors_render(struct skr_xml *xml, const struct skr_s3_cors *cors)
{
    skr_s3_xml_open(xml, "CORSConfiguration");
    for (size_t i = 0; i < cors->count; i++) {
        const struct skr_s3_cors_rule *rule = &cors->rules[i];
        skr_xml_begin(xml, "CORSRule");
        if (rule->id.size > 0)
            skr_xml_element(xml, "ID", rule->id);
        skr_s3_cors_render_list(xml, "AllowedOrigin", rule->origins);
        skr_s3_cors_render_list(xml, "AllowedMethod", rule->methods);
        skr_s3_cors_render_list(xml, "AllowedHeader", rule->headers);
        skr_s3_cors_render_list(xml, "ExposeHeader", rule->exposed);
        if (rule->max_age.size > 0)
            skr_xml_element(xml, "MaxAgeSeconds", rule->max_age);
        skr_xml_end(xml, "CORSRule");
    }
    skr_xml_end(xml, "CORSConfiguration");
}

static void skr_s3_cors_received(struct skr_s3_call *call, struct skr_bytes document)
{
    struct skr_container_settings settings = {.set_documents = 1u << SKR_DOCUMENT_CORS};
    struct skr_s3_cors *cors;
    struct skr_xml xml;
    if (!skr_s3_cors_parse(call->arena, document, &cors)) {
        skr_s3_refuse_document(call, document);
        return;
    }
    skr_s3_cors_render(&xml, cors);
    settings.documents[SKR_DOCUMENT_CORS] = skr_xml_bytes(&xml);
    if (xml.failed)
        skr_s3_fail_status(call, SKR_NO_MEMORY);
    else
        skr_s3_wait(call, skr_update_container(call->worker, call->target.account, call->target.container, NULL, &settings,
                                               skr_s3_bucket_changed, call));
    skr_xml_close(&xml);
}

SKR_S3_HANDLER(put_bucket_cors)
{
    struct skr_s3_call *call = context;
    if (skr_s3_bucket_exists(call))
        skr_s3_receive_document(call, skr_s3_cors_received);
}

SKR_S3_HANDLER(get_bucket_cors)
{
    struct skr_s3_call *call = context;
    if (!skr_s3_bucket_exists(call))
        return;
    struct skr_bytes document = call->container.documents[SKR_DOCUMENT_CORS];
    if (document.size == 0) {
        skr_s3_fail(call, SKR_S3_NO_SUCH_CORS, NULL, (struct skr_s3_detail){"BucketName", call->target.container},
                    SKR_S3_NO_DETAIL);
        return;
    }
    skr_s3_common_headers(call);
    skr_exchange_header(call->exchange, "Content-Type", SKR_BYTES("application/xml"));
    skr_exchange_send(call->exchange, 200, document, true);
}

SKR_S3_HANDLER(delete_bucket_cors)
{
    struct skr_s3_call *call = context;
    struct skr_container_settings settings = {.set_documents = 1u << SKR_DOCUMENT_CORS};
    if (skr_s3_bucket_exists(call))
        skr_s3_wait(call, skr_update_container(call->worker, call->target.account, call->target.container, NULL, &settings,
                                               skr_s3_bucket_changed, call));
}

/* ---- matching ---- */

static const struct skr_s3_cors_text *skr_s3_cors_find(const struct skr_s3_cors_text *list, struct skr_bytes text,
                                                       bool any_case)
{
    while (list != NULL && !skr_wildcard_matches(list->text, text, any_case))
        list = list->next;
    return list;
}

/* Every header of a comma-separated list is allowed. */
static bool skr_s3_cors_headers_allowed(const struct skr_s3_cors_rule *rule, struct skr_bytes names)
{
    while (names.size > 0) {
        struct skr_bytes name = skr_list_cut(&names);
        if (name.size > 0 && skr_s3_cors_find(rule->headers, name, true) == NULL)
            return false;
    }
    return true;
}

static const struct skr_s3_cors_rule *skr_s3_cors_match(const struct skr_s3_cors *cors, struct skr_bytes origin,
                                                        struct skr_bytes method, struct skr_bytes headers, bool *any_origin)
{
    for (size_t i = 0; i < cors->count; i++) {
        const struct skr_s3_cors_rule *rule = &cors->rules[i];
        const struct skr_s3_cors_text *matched = skr_s3_cors_find(rule->origins, origin, false);
        if (matched == NULL || skr_s3_cors_find(rule->methods, method, false) == NULL ||
            !skr_s3_cors_headers_allowed(rule, headers))
            continue;
        *any_origin = skr_bytes_equal(matched->text, SKR_BYTES("*"));
        return rule;
    }
    return NULL;
}

static struct skr_bytes skr_s3_cors_joined(struct skr_arena *arena, const struct skr_s3_cors_text *list)
{
    size_t size = 0;
    for (const struct skr_s3_cors_text *item = list; item != NULL; item = item->next)
        size += item->text.size + 2;
    char *text = size == 0 ? NULL : skr_arena_alloc(arena, size);
    if (text == NULL)
        return SKR_NO_BYTES;
    size = 0;
    for (const struct skr_s3_cors_text *item = list; item != NULL; item = item->next) {
        memcpy(text + size, item->text.data, item->text.size);
        size += item->text.size;
        if (item->next != NULL) {
            memcpy(text + size, ", ", 2);
            size += 2;
        }
    }
    return (struct skr_bytes){text, size};
}

static void skr_s3_cors_answer(struct skr_s3_call *call, const struct skr_s3_cors_rule *rule, bool any_origin,
                               struct skr_bytes asked_headers)
{
    struct skr_exchange *exchange = call->exchange;
    struct skr_bytes exposed = skr_s3_cors_joined(call->arena, rule->exposed);
    skr_exchange_header(exchange, "Access-Control-Allow-Origin",
                        any_origin ? SKR_BYTES("*") : skr_request_header(call->request, "origin"));
    skr_exchange_header(exchange, "Access-Control-Allow-Methods", skr_s3_cors_joined(call->arena, rule->methods));
    if (asked_headers.size > 0)
        skr_exchange_header(exchange, "Access-Control-Allow-Headers", asked_headers);
    if (exposed.size > 0)
        skr_exchange_header(exchange, "Access-Control-Expose-Headers", exposed);
    if (rule->max_age.size > 0)
        skr_exchange_header(exchange, "Access-Control-Max-Age", rule->max_age);
    if (!any_origin)
        skr_exchange_header(exchange, "Access-Control-Allow-Credentials", SKR_BYTES("true"));
    skr_exchange_header(exchange, "Vary", SKR_BYTES("Origin, Access-Control-Request-Headers, Access-Control-Request-Method"));
}

void skr_s3_cors_headers(struct skr_s3_call *call)
{
    struct skr_bytes origin = skr_request_header(call->request, "origin");
    struct skr_s3_cors *cors;
    bool any_origin;
    if (origin.size == 0 || !call->has_container || call->container.documents[SKR_DOCUMENT_CORS].size == 0 ||
        !skr_s3_cors_parse(call->arena, call->container.documents[SKR_DOCUMENT_CORS], &cors))
        return;
    const struct skr_s3_cors_rule *rule =
        skr_s3_cors_match(cors, origin, call->request->method_name, SKR_NO_BYTES, &any_origin);
    if (rule != NULL)
        skr_s3_cors_answer(call, rule, any_origin, SKR_NO_BYTES);
}

static void skr_s3_cors_forbid(struct skr_s3_call *call, struct skr_bytes method, const char *message)
{
    struct skr_bytes type = call->target.resource == SKR_RESOURCE_OBJECT ? SKR_BYTES("OBJECT") : SKR_BYTES("BUCKET");
    skr_s3_fail(call, SKR_S3_CORS_FORBIDDEN, message, (struct skr_s3_detail){"Method", method},
                (struct skr_s3_detail){"ResourceType", type});
}

SKR_S3_HANDLER(preflight)
{
    struct skr_s3_call *call = context;
    struct skr_bytes origin = skr_request_header(call->request, "origin"),
                     method = skr_s3_header(call, "access-control-request-method");
    struct skr_bytes headers = skr_s3_header(call, "access-control-request-headers");
    struct skr_s3_detail none = SKR_S3_NO_DETAIL;
    struct skr_s3_cors *cors;
    bool any_origin;
    if (origin.size == 0) {
        skr_s3_fail(call, SKR_S3_BAD_REQUEST, "Insufficient information. Origin request header needed.", none, none);
        return;
    }
    if (!skr_s3_cors_method_known(method)) {
        skr_s3_fail(call, SKR_S3_BAD_REQUEST, "Invalid Access-Control-Request-Method", none, none);
        return;
    }
    if (!skr_s3_bucket_exists(call))
        return;
    if (call->container.documents[SKR_DOCUMENT_CORS].size == 0) {
        skr_s3_cors_forbid(call, method, "CORSResponse: CORS is not enabled for this bucket.");
        return;
    }
    const struct skr_s3_cors_rule *rule = skr_s3_cors_parse(call->arena, call->container.documents[SKR_DOCUMENT_CORS], &cors)
                                              ? skr_s3_cors_match(cors, origin, method, headers, &any_origin)
                                              : NULL;
    if (rule == NULL) {
        skr_s3_cors_forbid(call, method, NULL);
        return;
    }
    skr_s3_common_headers(call);
    skr_s3_cors_answer(call, rule, any_origin, headers);
    skr_s3_reply(call, 200);
}
