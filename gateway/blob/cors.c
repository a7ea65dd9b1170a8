/* Cross-origin requests, by the rules in the account's service properties: the preflight, and the headers on the answer to an
 * actual request. Source: "Cross-Origin Resource Sharing (CORS) support for Azure Storage". Rules are looked at in their order,
 * the first that matches counts. */
#include "call.h"
#include "skerry/xml.h"

struct skr_cors_search {
    struct skr_arena *arena;
    struct skr_bytes origin, method, headers; /* what is asked for; headers: of a preflight */
    bool origin_ok, any_origin, method_ok, headers_ok;
    bool has_rules, found;
    struct skr_bytes max_age, exposed; /* of the rule that is being looked at, in the end of the one that was found */
};

/* ---- matching ---- */

static bool skr_cors_allows(struct skr_bytes list, struct skr_bytes wanted, bool any_case)
{
    while (list.size > 0)
        if (skr_wildcard_matches(skr_list_cut(&list), wanted, any_case))
            return true;
    return false;
}

static bool skr_cors_allows_headers(struct skr_bytes list, struct skr_bytes headers)
{
    while (headers.size > 0)
        if (!skr_cors_allows(list, skr_list_cut(&headers), true))
            return false;
    return true;
}

static bool skr_visit_cors(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    static const struct skr_bytes rule = {"StorageServiceProperties/Cors/CorsRule", 38};
    struct skr_cors_search *search = context;
    if (search->found || !skr_bytes_starts_with(path, rule))
        return true;
    if (path.size == rule.size) {
        search->found = ends && search->origin_ok && search->method_ok && search->headers_ok;
        search->has_rules = true;
        if (!ends)
            search->origin_ok = search->method_ok = search->headers_ok = false;
        return true;
    }
    struct skr_bytes name = {path.data + rule.size + 1, path.size - rule.size - 1};
    if (skr_bytes_equal(name, SKR_BYTES("AllowedOrigins"))) {
        search->any_origin = skr_bytes_equal(text, SKR_BYTES("*"));
        search->origin_ok = search->any_origin || (search->origin.size > 0 && skr_cors_allows(text, search->origin, false));
    } else if (skr_bytes_equal(name, SKR_BYTES("AllowedMethods"))) {
        search->method_ok = skr_cors_allows(text, search->method, false);
    } else if (skr_bytes_equal(name, SKR_BYTES("AllowedHeaders"))) {
        search->headers_ok = skr_cors_allows_headers(text, search->headers);
    } else if (skr_bytes_equal(name, SKR_BYTES("MaxAgeInSeconds"))) {
        search->max_age = skr_arena_copy(search->arena, text);
    } else if (skr_bytes_equal(name, SKR_BYTES("ExposedHeaders"))) {
        search->exposed = skr_arena_copy(search->arena, text);
    }
    return true;
}

/* False: there are no rules, or they could not be had. */
static bool skr_call_cors_search(struct skr_call *call, struct skr_cors_search *search)
{
    struct skr_bytes document;
    search->arena = call->arena;
    return skr_accounts_known(call->blob->options.accounts, call->target.account) &&
           skr_call_service_properties(call, &document) == SKR_OK &&
           memmem(document.data, document.size, "<CorsRule", 9) != NULL && skr_xml_parse(document, skr_visit_cors, search) &&
           search->has_rules;
}

/* ---- actual requests ---- */

struct skr_exposing {
    struct skr_call *call;
    struct skr_bytes rule;
    char *names; /* what is exposed, joined by commas */
    size_t size, capacity;
};

static void skr_expose(struct skr_exposing *exposing, struct skr_bytes name)
{
    if (exposing->size + name.size + 1 > exposing->capacity)
        return;
    if (exposing->size > 0)
        exposing->names[exposing->size++] = ',';
    memcpy(exposing->names + exposing->size, name.data, name.size);
    exposing->size += name.size;
}

/* A header of the answer: does an item of the rule with a star stand for it? Browsers know no such items, so names take their
 * place. */
static void skr_expose_header(void *context, const char *name)
{
    struct skr_exposing *exposing = context;
    struct skr_bytes list = exposing->rule, header = skr_text(name);
    bool of_cors = skr_bytes_starts_with(header, SKR_BYTES("Access-Control-")) || skr_bytes_equal(header, SKR_BYTES("Vary"));
    while (list.size > 0 && !of_cors) {
        struct skr_bytes item = skr_list_cut(&list);
        if (item.size > 0 && item.data[item.size - 1] == '*' && skr_wildcard_matches(item, header, true)) {
            skr_expose(exposing, header);
            return;
        }
    }
}

static void skr_expose_all(void *context)
{
    struct skr_exposing *exposing = context;
    struct skr_bytes list = exposing->rule;
    exposing->capacity = 8192;
    exposing->names = skr_arena_alloc(exposing->call->arena, exposing->capacity);
    if (exposing->names == NULL)
        return;
    while (list.size > 0) {
        struct skr_bytes item = skr_list_cut(&list);
        if (item.size > 0 && item.data[item.size - 1] != '*')
            skr_expose(exposing, item);
    }
    skr_exchange_visit_headers(exposing->call->exchange, skr_expose_header, exposing);
    skr_expose_header(exposing, "Content-Length");
    skr_expose_header(exposing, "Date");
    if (exposing->size > 0)
        skr_exchange_header(exposing->call->exchange, "Access-Control-Expose-Headers",
                            (struct skr_bytes){exposing->names, exposing->size});
}

void skr_call_cors(struct skr_call *call)
{
    struct skr_cors_search search = {.origin = skr_call_header(call, "origin"), .method = call->request->method_name};
    bool reads = call->request->method == SKR_GET || call->request->method == SKR_HEAD;
    if ((search.origin.size == 0 && !reads) || !skr_call_cors_search(call, &search))
        return;
    /* Caches are told where another origin gets another answer; only what reads is cached. */
    if (reads && !(search.found && search.any_origin))
        skr_exchange_header(call->exchange, "Vary", SKR_BYTES("Origin"));
    if (!search.found)
        return;
    skr_exchange_header(call->exchange, "Access-Control-Allow-Origin", search.any_origin ? SKR_BYTES("*") : search.origin);
    if (!search.any_origin)
        skr_exchange_header(call->exchange, "Access-Control-Allow-Credentials", SKR_BYTES("true"));
    struct skr_exposing *exposing = skr_arena_alloc_zero(call->arena, sizeof *exposing);
    if (exposing == NULL || search.exposed.size == 0)
        return;
    *exposing = (struct skr_exposing){.call = call, .rule = search.exposed};
    skr_exchange_before_send(call->exchange, skr_expose_all, exposing);
}

/* ---- preflight ---- */

SKR_HANDLER(preflight)
{
    struct skr_call *call = context;
    struct skr_cors_search search = {.origin = skr_call_header(call, "origin"),
                                     .method = skr_call_header(call, "access-control-request-method"),
                                     .headers = skr_call_header(call, "access-control-request-headers")};
    if (search.origin.size == 0 || search.method.size == 0) {
        skr_call_fail(call, SKR_BLOB_INVALID_HEADER, search.origin.size == 0 ? "Origin" : "Access-Control-Request-Method",
                      SKR_NO_BYTES, NULL);
        return;
    }
    if (!skr_call_cors_search(call, &search) || !search.found) {
        skr_call_refuse(call, SKR_BLOB_CORS_FAILED);
        return;
    }
    skr_call_common_headers(call);
    skr_exchange_header(call->exchange, "Access-Control-Allow-Origin", search.origin);
    skr_exchange_header(call->exchange, "Access-Control-Allow-Methods", search.method);
    skr_exchange_header(call->exchange, "Access-Control-Allow-Credentials", SKR_BYTES("true"));
    if (search.headers.size > 0)
        skr_exchange_header(call->exchange, "Access-Control-Allow-Headers", search.headers);
    if (search.max_age.size > 0)
        skr_exchange_header(call->exchange, "Access-Control-Max-Age", search.max_age);
    skr_call_reply(call, 200);
}
