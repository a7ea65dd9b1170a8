/* The account as a whole: service properties, stats, account information. */
#include "call.h"
#include "service_properties.h"

#define SKR_PROPERTIES_DOCUMENT "blob-service-properties"

static const char skr_default_properties[] =
    "<?xml version=\"1.0\" encoding=\"utf-8\"?><StorageServiceProperties>"
    "<Logging><Version>1.0</Version><Read>false</Read><Write>false</Write><Delete>false</Delete>"
    "<RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></Logging>"
    "<HourMetrics><Version>1.0</Version><Enabled>false</Enabled><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></"
    "HourMetrics>"
    "<MinuteMetrics><Version>1.0</Version><Enabled>false</Enabled><RetentionPolicy><Enabled>false</Enabled></RetentionPolicy></"
    "MinuteMetrics>"
    "<Cors /><DefaultServiceVersion>2021-12-02</DefaultServiceVersion>"
    "<DeleteRetentionPolicy><Enabled>false</Enabled></DeleteRetentionPolicy>"
    "<StaticWebsite><Enabled>false</Enabled></StaticWebsite></StorageServiceProperties>";

enum skr_status skr_call_service_properties(struct skr_call *call, struct skr_bytes *document)
{
    struct skr_error error;
    enum skr_status status =
        skr_get_account_document(call->worker, call->arena, call->target.account, SKR_PROPERTIES_DOCUMENT, document, &error);
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
    enum skr_status status = skr_call_service_properties(call, &document);
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
    enum skr_status status = skr_call_service_properties(call, &stored);
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
