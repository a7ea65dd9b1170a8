/* The account as a whole: service properties, stats, account information, CORS preflight. */
#include <stdio.h>

#include "call.h"
#include "skerry/xml.h"

#define SKR_PROPERTIES_DOCUMENT "blob-service-properties"

static const char skr_default_properties[] =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?><StorageServiceProperties>"
    "<Logging><Version>1.0</Version><Read>false</Read><Write>false</Write><Delete>false</Delete>"
    "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></Logging>"
    "<HourMetrics><Version>1.0</Version><Enabled>false</Enabled><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></HourMetrics>"
    "<MinuteMetrics><Version>1.0</Version><Enabled>false</Enabled><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></MinuteMetrics>"
    "<Cors /><DefaultServiceVersion>2021-12-02</DefaultServiceVersion>"
    "<DeleteRetentionPolicy><Enabled>false</Enabled></DeleteRetentionPolicy>"
    "<StaticWebsite><Enabled>false</Enabled></StaticWebsite></StorageServiceProperties>";

static enum skr_status skr_load_properties(struct skr_call *call, struct skr_bytes *document)
{
    struct skr_error error;
    enum skr_status status = skr_get_account_document(call->worker, call->arena, call->target.account, SKR_PROPERTIES_DOCUMENT,
                                                      document, &error);
    if (status == SKR_NOT_FOUND) {
        *document = skr_text(skr_default_properties);
        return SKR_OK;
    }
    return status;
}

SKR_HANDLER(get_service_properties)
{
    struct skr_call *call = context;
    struct skr_bytes document;
    enum skr_status status = skr_load_properties(call, &document);
    if (status != SKR_OK) {
        skr_call_fail_status(call, status);
        return;
    }
    skr_call_common_headers(call);
    skr_exchange_header(call->exchange, "Content-Type", SKR_BYTES("application/xml"));
    skr_exchange_send(call->exchange, 200, document, true);
}

/* ---- setting: sections that are given replace those that are there ---- */

/* A top-level section of a document, with its tags. */
static struct skr_bytes skr_section(struct skr_bytes document, const char *name)
{
    char tag[64];
    int size = snprintf(tag, sizeof tag, "<%s", name);
    for (const char *at = document.data; at != NULL;) {
        at = memmem(at, document.size - (size_t)(at - document.data), tag, (size_t)size);
        if (at == NULL)
            break;
        char next = at[size];
        if (next == '>' || next == ' ' || next == '/') {
            size_t left = document.size - (size_t)(at - document.data);
            const char *close = memchr(at, '>', left);
            if (close == NULL)
                break;
            if (close[-1] == '/')
                return (struct skr_bytes){at, (size_t)(close - at) + 1};
            char end[64];
            int end_size = snprintf(end, sizeof end, "</%s>", name);
            const char *found = memmem(at, left, end, (size_t)end_size);
            return found == NULL ? SKR_NO_BYTES : (struct skr_bytes){at, (size_t)(found - at) + (size_t)end_size};
        }
        at += size;
    }
    return SKR_NO_BYTES;
}

struct skr_properties_check {
    unsigned rules, rule_fields;
    bool bad_value;
};

/* A rule has each of five elements, once. */
static bool skr_check_cors_rule(struct skr_properties_check *check, struct skr_bytes field, bool ends)
{
    static const char *const fields[] = {"AllowedOrigins", "AllowedMethods", "MaxAgeInSeconds", "ExposedHeaders", "AllowedHeaders"};
    if (field.size == 0) {
        bool whole = !ends || check->rule_fields == 31;
        check->rules += !ends;
        check->rule_fields = 0;
        return whole && check->rules <= 5;
    }
    for (unsigned i = 0; i < 5; i++)
        if (skr_bytes_equal(field, skr_text(fields[i]))) {
            bool first = (check->rule_fields & 1u << i) == 0;
            check->rule_fields |= 1u << i;
            return first;
        }
    return false;
}

static bool skr_check_days(struct skr_properties_check *check, struct skr_bytes text)
{
    uint64_t days;
    check->bad_value = !skr_parse_u64(text, &days) || days < 1 || days > 365;
    return !check->bad_value;
}

static bool skr_visit_properties(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    static const struct skr_bytes rule = {"StorageServiceProperties/Cors/CorsRule", 38};
    static const char *const sections[] = {"Logging", "HourMetrics", "MinuteMetrics", "Cors", "DefaultServiceVersion",
                                           "DeleteRetentionPolicy", "StaticWebsite"};
    struct skr_properties_check *check = context;
    if (skr_bytes_equal(path, SKR_BYTES("StorageServiceProperties")))
        return true;
    if (!skr_bytes_starts_with(path, SKR_BYTES("StorageServiceProperties/")))
        return false;
    if (skr_bytes_starts_with(path, rule) && (path.size == rule.size || path.data[rule.size] == '/')) {
        size_t skip = rule.size + (path.size > rule.size);
        if (!skr_check_cors_rule(check, (struct skr_bytes){path.data + skip, path.size - skip}, ends))
            return false;
    }
    if (path.size > 5 && memcmp(path.data + path.size - 5, "/Days", 5) == 0 && !skr_check_days(check, text))
        return false;
    struct skr_bytes rest = {path.data + 25, path.size - 25};
    const char *slash = memchr(rest.data, '/', rest.size);
    if (slash != NULL)
        rest.size = (size_t)(slash - rest.data);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        if (skr_bytes_equal(rest, skr_text(sections[i])))
            return true;
    return false;
}

static void skr_properties_stored(void *context, const struct skr_result *result)
{
    struct skr_call *call = context;
    if (!skr_call_settled(call, result))
        return;
    skr_call_common_headers(call);
    skr_call_reply(call, 202);
}

static void skr_properties_received(void *context, struct skr_bytes body)
{
    static const char *const order[] = {"Logging", "HourMetrics", "MinuteMetrics", "Cors", "DefaultServiceVersion",
                                        "DeleteRetentionPolicy", "StaticWebsite"};
    struct skr_call *call = context;
    struct skr_bytes stored;
    struct skr_xml xml;
    struct skr_properties_check check = {.bad_value = false};
    if (!skr_xml_parse(body, skr_visit_properties, &check)) {
        skr_call_refuse(call, check.bad_value ? SKR_BLOB_INVALID_XML_VALUE : SKR_BLOB_INVALID_XML);
        return;
    }
    enum skr_status status = skr_load_properties(call, &stored);
    if (status != SKR_OK) {
        skr_call_fail_status(call, status);
        return;
    }
    skr_xml_open(&xml);
    skr_xml_begin(&xml, "StorageServiceProperties");
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        struct skr_bytes section = skr_section(body, order[i]);
        skr_xml_raw(&xml, section.data != NULL ? section : skr_section(stored, order[i]));
    }
    skr_xml_end(&xml, "StorageServiceProperties");
    if (xml.failed)
        skr_call_fail_status(call, SKR_NO_MEMORY);
    else
        skr_call_wait(call, skr_put_account_document(call->worker, call->target.account, SKR_PROPERTIES_DOCUMENT,
                                                     skr_xml_bytes(&xml), skr_properties_stored, call));
    skr_xml_close(&xml);
}

SKR_HANDLER(set_service_properties)
{
    struct skr_call *call = context;
    skr_exchange_receive_all(call->exchange, (size_t)call->operation->body_limit_bytes, skr_properties_received, call);
}

/* ---- stats and account ---- */

SKR_HANDLER(get_service_stats)
{
    struct skr_call *call = context;
    struct skr_xml xml;
    char date[SKR_HTTP_DATE_SIZE];
    if (!call->target.secondary) {
        skr_call_fail_query(call, "comp", "Stats are asked of the secondary endpoint.");
        return;
    }
    skr_http_date_format(date, call->request->received_ns / 1000000000);
    skr_xml_open(&xml);
    skr_xml_begin(&xml, "StorageServiceStats");
    skr_xml_begin(&xml, "GeoReplication");
    skr_xml_element(&xml, "Status", SKR_BYTES("live")); /* both endpoints are this server */
    skr_xml_element(&xml, "LastSyncTime", (struct skr_bytes){date, sizeof date});
    skr_xml_end(&xml, "GeoReplication");
    skr_xml_end(&xml, "StorageServiceStats");
    skr_call_common_headers(call);
    skr_exchange_header(call->exchange, "Content-Type", SKR_BYTES("application/xml"));
    skr_exchange_send(call->exchange, 200, skr_xml_bytes(&xml), false);
    skr_xml_close(&xml);
}

SKR_HANDLER(get_account_information)
{
    struct skr_call *call = context;
    skr_call_common_headers(call);
    skr_exchange_header(call->exchange, "x-ms-sku-name", SKR_BYTES("Standard_LRS"));
    skr_exchange_header(call->exchange, "x-ms-account-kind", SKR_BYTES("StorageV2"));
    skr_exchange_header(call->exchange, "x-ms-is-hns-enabled", SKR_BYTES("false"));
    skr_call_reply(call, 200);
}

/* ---- CORS ---- */

struct skr_cors_search {
    struct skr_call *call;
    struct skr_bytes origin, method, headers;
    bool origin_ok, method_ok, headers_ok, found;
    struct skr_bytes max_age;
};

static bool skr_cors_list_has(struct skr_bytes list, struct skr_bytes wanted)
{
    while (list.size > 0) {
        struct skr_bytes item = skr_list_cut(&list);
        if (skr_bytes_equal(item, SKR_BYTES("*")) || skr_bytes_equal_nocase(item, wanted))
            return true;
    }
    return false;
}

/* Of headers, an item that ends with a star stands for all that begin so. */
static bool skr_cors_header_allowed(struct skr_bytes list, struct skr_bytes header)
{
    while (list.size > 0) {
        struct skr_bytes item = skr_list_cut(&list), begin = header;
        if (item.size > 0 && item.data[item.size - 1] == '*') {
            item.size--;
            begin.size = item.size < begin.size ? item.size : begin.size;
        }
        if (skr_bytes_equal_nocase(item, begin))
            return true;
    }
    return false;
}

static bool skr_cors_headers_allowed(struct skr_bytes list, struct skr_bytes headers)
{
    while (headers.size > 0)
        if (!skr_cors_header_allowed(list, skr_list_cut(&headers)))
            return false;
    return true;
}

static bool skr_visit_cors(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_cors_search *search = context;
    if (search->found || !skr_bytes_starts_with(path, SKR_BYTES("StorageServiceProperties/Cors/CorsRule")))
        return true;
    if (path.size == 38) {
        search->found = ends && search->origin_ok && search->method_ok && search->headers_ok;
        if (!ends)
            search->origin_ok = search->method_ok = search->headers_ok = false;
        return true;
    }
    struct skr_bytes name = {path.data + 39, path.size - 39};
    if (skr_bytes_equal(name, SKR_BYTES("AllowedOrigins")))
        search->origin_ok = skr_cors_list_has(text, search->origin);
    else if (skr_bytes_equal(name, SKR_BYTES("AllowedMethods")))
        search->method_ok = skr_cors_list_has(text, search->method);
    else if (skr_bytes_equal(name, SKR_BYTES("AllowedHeaders")))
        search->headers_ok = skr_cors_headers_allowed(text, search->headers);
    else if (skr_bytes_equal(name, SKR_BYTES("MaxAgeInSeconds")))
        search->max_age = skr_arena_copy(search->call->arena, text);
    return true;
}

SKR_HANDLER(preflight)
{
    struct skr_call *call = context;
    struct skr_cors_search search = {.call = call, .origin = skr_call_header(call, "origin"),
                                     .method = skr_call_header(call, "access-control-request-method"),
                                     .headers = skr_call_header(call, "access-control-request-headers")};
    struct skr_bytes document;
    if (search.origin.size == 0 || search.method.size == 0) {
        skr_call_fail(call, SKR_BLOB_INVALID_HEADER, search.origin.size == 0 ? "Origin" : "Access-Control-Request-Method",
                      SKR_NO_BYTES, NULL);
        return;
    }
    if (!skr_accounts_known(call->blob->options.accounts, call->target.account) || skr_load_properties(call, &document) != SKR_OK ||
        !skr_xml_parse(document, skr_visit_cors, &search) || !search.found) {
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
