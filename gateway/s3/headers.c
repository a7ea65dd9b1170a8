/* Response headers and documents that many operations share. */
#include <stdio.h>

#include "call.h"

void skr_s3_common_headers(struct skr_s3_call *call)
{
    skr_exchange_header(call->exchange, "Server", SKR_BYTES("Skerry/" SKERRY_VERSION));
    skr_exchange_header(call->exchange, "x-amz-request-id", skr_exchange_id(call->exchange));
    skr_exchange_header(call->exchange, "x-amz-id-2", skr_exchange_id(call->exchange));
}

void skr_s3_etag_header(struct skr_s3_call *call, struct skr_bytes etag)
{
    char quoted[SKR_ETAG_SIZE + 3];
    int size = snprintf(quoted, sizeof quoted, "\"%.*s\"", SKR_PRINT(etag));
    skr_exchange_header(call->exchange, "ETag", (struct skr_bytes){quoted, (size_t)size});
}

void skr_s3_date_header(struct skr_s3_call *call, const char *name, int64_t unix_ns)
{
    char text[SKR_HTTP_DATE_SIZE];
    skr_http_date_format(text, unix_ns / 1000000000);
    skr_exchange_header(call->exchange, name, (struct skr_bytes){text, sizeof text});
}

void skr_s3_version_header(struct skr_s3_call *call, const char *name, const struct skr_object *object)
{
    if (object->versioning != SKR_VERSIONING_OFF || object->version_ns != 0)
        skr_exchange_header(call->exchange, name, skr_s3_version_text(call->arena, object->version_ns));
}

void skr_s3_checksum_headers(struct skr_s3_call *call, const struct skr_object *object)
{
    if (object->checksum.kind == SKR_CHECKSUM_NONE)
        return;
    struct skr_bytes text =
        skr_s3_checksum_text(call->arena, &object->checksum, object->checksum_form, object->content.block_count);
    skr_exchange_header(call->exchange, skr_s3_checksum_header(object->checksum.kind), text);
    skr_exchange_header(call->exchange, "x-amz-checksum-type",
                        object->checksum_form == SKR_CHECKSUM_COMPOSITE ? SKR_BYTES("COMPOSITE") : SKR_BYTES("FULL_OBJECT"));
}

void skr_s3_reply(struct skr_s3_call *call, int http_status)
{
    skr_exchange_send(call->exchange, http_status, SKR_BYTES(""), true);
}

void skr_s3_xml_open(struct skr_xml *xml, const char *root)
{
    skr_xml_open(xml);
    skr_xml_begin_with(xml, root, "xmlns", SKR_BYTES(SKR_S3_NAMESPACE));
}

void skr_s3_xml_date(struct skr_xml *xml, const char *name, int64_t unix_ns)
{
    char text[36];
    size_t size = skr_iso8601_format(text, unix_ns, 3);
    skr_xml_element(xml, name, (struct skr_bytes){text, size});
}

void skr_s3_xml_etag(struct skr_xml *xml, struct skr_bytes etag)
{
    char quoted[SKR_ETAG_SIZE + 3];
    int size = snprintf(quoted, sizeof quoted, "\"%.*s\"", SKR_PRINT(etag));
    skr_xml_element(xml, "ETag", (struct skr_bytes){quoted, (size_t)size});
}

void skr_s3_send_xml(struct skr_s3_call *call, int http_status, struct skr_xml *xml)
{
    if (xml->failed) {
        skr_xml_close(xml);
        skr_s3_fail_status(call, SKR_NO_MEMORY);
        return;
    }
    skr_s3_common_headers(call);
    skr_exchange_header(call->exchange, "Content-Type", SKR_BYTES("application/xml"));
    skr_exchange_send(call->exchange, http_status, skr_xml_bytes(xml), false);
    skr_xml_close(xml);
}
