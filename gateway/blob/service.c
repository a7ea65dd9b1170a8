/* The account as a whole: stats and account information. */
#include "call.h"
#include "skerry/xml.h"

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
