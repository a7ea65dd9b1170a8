/* The account as a whole: service properties, stats, account information, CORS preflight. */
#include "call.h"
#include "service_properties.h"

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

/* ---- setting ---- */

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
    struct skr_call *call = context;
    struct skr_bytes stored;
    struct skr_xml xml;
    bool bad_value;
    enum skr_status status = skr_load_properties(call, &stored);
    if (status != SKR_OK) {
        skr_call_fail_status(call, status);
        return;
    }
    if (!skr_properties_merge(body, stored, &xml, &bad_value)) {
        skr_call_refuse(call, bad_value ? SKR_BLOB_INVALID_XML_VALUE : SKR_BLOB_INVALID_XML);
        return;
    }
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
