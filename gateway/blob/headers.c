/* Response headers that many operations share. */
#include <stdio.h>

#include "tags.h"

void skr_call_common_headers(struct skr_call *call)
{
    struct skr_bytes client_id = skr_call_header(call, "x-ms-client-request-id");
    skr_exchange_header(call->exchange, "Server", SKR_BYTES("Windows-Azure-Blob/1.0 Skerry/" SKERRY_VERSION));
    skr_exchange_header(call->exchange, "x-ms-request-id", skr_exchange_id(call->exchange));
    if (call->version.data != NULL)
        skr_exchange_header(call->exchange, "x-ms-version", call->version);
    if (client_id.data != NULL && client_id.size <= 1024)
        skr_exchange_header(call->exchange, "x-ms-client-request-id", client_id);
}

void skr_call_date_header(struct skr_call *call, const char *name, int64_t unix_ns)
{
    char text[SKR_HTTP_DATE_SIZE];
    skr_http_date_format(text, unix_ns / 1000000000);
    skr_exchange_header(call->exchange, name, (struct skr_bytes){text, sizeof text});
}

void skr_call_etag_headers(struct skr_call *call, struct skr_bytes etag, int64_t modified_ns)
{
    char quoted[SKR_ETAG_SIZE + 3];
    int size = snprintf(quoted, sizeof quoted, "\"%.*s\"", SKR_PRINT(etag));
    skr_exchange_header(call->exchange, "ETag", (struct skr_bytes){quoted, (size_t)size});
    skr_call_date_header(call, "Last-Modified", modified_ns);
}

void skr_call_metadata_headers(struct skr_call *call, const struct skr_name_value *metadata, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char name[300];
        int size = snprintf(name, sizeof name, "x-ms-meta-%.*s", SKR_PRINT(metadata[i].name));
        if (size > 0 && (size_t)size < sizeof name)
            skr_exchange_header_named(call->exchange, (struct skr_bytes){name, (size_t)size},
                                      skr_header_text(call->arena, metadata[i].value));
    }
}

void skr_call_md5_header(struct skr_call *call, const char *name, const uint8_t md5[16])
{
    char text[SKR_BASE64_SIZE(16)];
    skr_base64_encode(text, md5, 16);
    skr_exchange_header(call->exchange, name, (struct skr_bytes){text, sizeof text});
}

/* The eight bytes of the sum, lowest first, in base64. */
void skr_call_crc64_header(struct skr_call *call, uint64_t crc64)
{
    char text[SKR_BASE64_SIZE(8)];
    uint8_t bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(crc64 >> (8 * i));
    skr_base64_encode(text, bytes, sizeof bytes);
    skr_exchange_header(call->exchange, "x-ms-content-crc64", (struct skr_bytes){text, sizeof text});
}

static void skr_property_header(struct skr_call *call, const char *name, struct skr_bytes stored, struct skr_bytes override)
{
    if (override.data != NULL)
        stored = override;
    if (stored.size > 0)
        skr_exchange_header(call->exchange, name, stored);
}

static void skr_copy_headers(struct skr_call *call, const struct skr_object *object)
{
    char progress[48];
    if (object->properties[SKR_PROPERTY_COPY_ID].data == NULL)
        return;
    skr_exchange_header(call->exchange, "x-ms-copy-id", object->properties[SKR_PROPERTY_COPY_ID]);
    if (object->properties[SKR_PROPERTY_COPY_SOURCE].data != NULL)
        skr_exchange_header(call->exchange, "x-ms-copy-source", object->properties[SKR_PROPERTY_COPY_SOURCE]);
    skr_exchange_header(call->exchange, "x-ms-copy-status", SKR_BYTES("success"));
    int size = snprintf(progress, sizeof progress, "%llu/%llu", (unsigned long long)object->content.size_bytes,
                        (unsigned long long)object->content.size_bytes);
    skr_exchange_header(call->exchange, "x-ms-copy-progress", (struct skr_bytes){progress, (size_t)size});
    skr_call_date_header(call, "x-ms-copy-completion-time", object->copied_ns);
}

void skr_call_object_headers(struct skr_call *call, const struct skr_object *object, bool ranged)
{
    const struct skr_bytes *properties = object->properties;
    const struct skr_principal *principal = &call->principal;
    skr_call_common_headers(call);
    skr_call_etag_headers(call, object->etag, object->modified_ns);
    skr_call_date_header(call, "x-ms-creation-time", object->created_ns);
    skr_call_metadata_headers(call, object->metadata, object->metadata_count);
    skr_property_header(call, "Content-Type",
                        properties[SKR_PROPERTY_CONTENT_TYPE].size > 0 ? properties[SKR_PROPERTY_CONTENT_TYPE]
                                                                       : SKR_BYTES("application/octet-stream"),
                        principal->content_type);
    skr_property_header(call, "Content-Encoding", properties[SKR_PROPERTY_CONTENT_ENCODING], principal->content_encoding);
    skr_property_header(call, "Content-Language", properties[SKR_PROPERTY_CONTENT_LANGUAGE], principal->content_language);
    skr_property_header(call, "Content-Disposition", properties[SKR_PROPERTY_CONTENT_DISPOSITION],
                        principal->content_disposition);
    skr_property_header(call, "Cache-Control", properties[SKR_PROPERTY_CACHE_CONTROL], principal->cache_control);
    if (object->has_md5)
        skr_call_md5_header(call, ranged ? "x-ms-blob-content-md5" : "Content-MD5", object->md5);
    skr_exchange_header(call->exchange, "x-ms-blob-type", SKR_BYTES("BlockBlob"));
    skr_exchange_header(call->exchange, "x-ms-lease-status", SKR_BYTES("unlocked"));
    skr_exchange_header(call->exchange, "x-ms-lease-state", SKR_BYTES("available"));
    skr_exchange_header(call->exchange, "x-ms-server-encrypted", SKR_BYTES("false"));
    skr_exchange_header(call->exchange, "Accept-Ranges", SKR_BYTES("bytes"));
    skr_copy_headers(call, object);
    skr_call_tag_count_header(call, object);
    skr_call_version_headers(call, object, true);
}

bool skr_tier_time(const struct skr_object *object, int64_t *unix_ns)
{
    uint64_t ns;
    bool is_set = skr_parse_u64(object->properties[SKR_PROPERTY_TIER_CHANGED], &ns) && ns <= INT64_MAX;
    *unix_ns = is_set ? (int64_t)ns : 0;
    return is_set;
}

void skr_call_reply(struct skr_call *call, int http_status)
{
    skr_exchange_send(call->exchange, http_status, SKR_BYTES(""), true);
}
