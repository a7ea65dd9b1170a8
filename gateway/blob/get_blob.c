/* Get Blob, Get Blob Properties, Get Blob Metadata. */
#include <stdio.h>
#include <stdlib.h>

#include "call.h"

#define SKR_MAX_DIGESTED_RANGE (4u << 20)

/* `has_body`: whether the answer to GET would have the blob for a body. */
static bool skr_call_open(struct skr_call *call, bool for_reading, bool has_body)
{
    struct skr_error error;
    enum skr_status status = skr_open_prepared(call->worker, call->preparation, call->arena, &call->name, &call->conditions,
                                               &call->object, for_reading ? &call->reader : NULL, &error);
    if (status == SKR_OK)
        return true;
    call->reader = NULL;
    if (status == SKR_NOT_MODIFIED)
        skr_call_not_modified(call, has_body ? call->object.content.size_bytes : 0);
    else
        skr_call_fail_status(call, status);
    return false;
}

/* ---- ranges ---- */

/* x-ms-range goes before Range; what is not one byte range is ignored, as the service does. False: answered. */
static bool skr_call_range(struct skr_call *call, bool *ranged)
{
    struct skr_bytes text = skr_call_header(call, "x-ms-range");
    struct skr_range range;
    if (text.data == NULL)
        text = skr_call_header(call, "range");
    *ranged = text.size > 0 && skr_range_parse(text, &range);
    call->offset = 0;
    call->length = call->object.content.size_bytes;
    if (!*ranged)
        return true;
    if (skr_range_resolve(&range, call->object.content.size_bytes, &call->offset, &call->length))
        return true;
    char total[48];
    int size = snprintf(total, sizeof total, "bytes */%llu", (unsigned long long)call->object.content.size_bytes);
    skr_exchange_header(call->exchange, "Content-Range", (struct skr_bytes){total, (size_t)size});
    skr_call_fail_status(call, SKR_INVALID_RANGE);
    return false;
}

static void skr_range_header(struct skr_call *call)
{
    char text[96];
    int size =
        snprintf(text, sizeof text, "bytes %llu-%llu/%llu", (unsigned long long)call->offset,
                 (unsigned long long)(call->offset + call->length - 1), (unsigned long long)call->object.content.size_bytes);
    skr_exchange_header(call->exchange, "Content-Range", (struct skr_bytes){text, (size_t)size});
}

/* A header that is "true", "false" or not there. False: answered. */
static bool skr_call_flag(struct skr_call *call, const char *header, bool *flag)
{
    struct skr_bytes text = skr_call_header(call, header);
    *flag = skr_bytes_equal_nocase(text, SKR_BYTES("true"));
    if (*flag || text.size == 0 || skr_bytes_equal_nocase(text, SKR_BYTES("false")))
        return true;
    skr_call_fail_header(call, header);
    return false;
}

/* Digests of a range are for ranges of up to 4 MiB, one at a time. False: answered. */
static bool skr_call_range_digests(struct skr_call *call, bool ranged)
{
    if (!skr_call_flag(call, "x-ms-range-get-content-md5", &call->range_md5) ||
        !skr_call_flag(call, "x-ms-range-get-content-crc64", &call->range_crc64))
        return false;
    if (!call->range_md5 && !call->range_crc64)
        return true;
    const char *header = call->range_md5 ? "x-ms-range-get-content-md5" : "x-ms-range-get-content-crc64";
    if (!ranged || (call->range_md5 && call->range_crc64)) {
        skr_call_fail(call, SKR_BLOB_INVALID_HEADER, header, SKR_BYTES("true"), NULL);
        return false;
    }
    if (call->length > SKR_MAX_DIGESTED_RANGE) {
        skr_call_fail(call, SKR_BLOB_RANGE_TOO_LARGE, header, SKR_BYTES("true"), NULL);
        return false;
    }
    return true;
}

/* ---- a range that is digested before it is sent ---- */

static void skr_range_continue(void *context);

static void skr_range_send(struct skr_call *call)
{
    uint8_t digest[16];
    if (call->range_crc64)
        skr_call_crc64_header(call, skr_crc64(0, call->range_bytes, (size_t)call->length));
    if (call->range_md5) {
        skr_md5_of(call->range_bytes, (size_t)call->length, digest);
        skr_call_md5_header(call, "Content-MD5", digest);
    }
    skr_call_object_headers(call, &call->object, true);
    skr_range_header(call);
    skr_exchange_send(call->exchange, 206, (struct skr_bytes){call->range_bytes, (size_t)call->length}, true);
}

static void skr_range_continue(void *context)
{
    struct skr_call *call = context;
    while (call->range_filled < call->length) {
        ssize_t taken = skr_reader_read(call->reader, call->offset + call->range_filled, call->range_bytes + call->range_filled,
                                        (size_t)call->length - call->range_filled, skr_range_continue, call);
        if (taken == 0)
            return;
        if (taken < 0) {
            skr_call_fail_status(call, SKR_CORRUPT);
            return;
        }
        call->range_filled += (size_t)taken;
    }
    skr_range_send(call);
}

/* ---- Get Blob ---- */

static void skr_get_ready(void *context)
{
    struct skr_call *call = context;
    skr_exchange_wake(call->exchange);
}

static ssize_t skr_get_read(void *context, uint64_t offset, void *buffer, size_t size)
{
    struct skr_call *call = context;
    uint64_t left = call->length - offset;
    return skr_reader_read(call->reader, call->offset + offset, buffer, size < left ? size : (size_t)left, skr_get_ready, call);
}

static size_t skr_get_lend(void *context, uint64_t offset, size_t size, bool wait, const void **bytes)
{
    struct skr_call *call = context;
    uint64_t left = call->length - offset;
    return skr_reader_lend(call->reader, call->offset + offset, size < left ? size : (size_t)left, wait, bytes);
}

static void skr_get_send(struct skr_call *call, bool ranged)
{
    static const struct skr_body_source source = {skr_get_read, skr_get_lend};
    struct skr_bytes payload;
    int http_status = ranged ? 206 : 200;
    skr_call_object_headers(call, &call->object, ranged);
    if (ranged)
        skr_range_header(call);
    if (skr_reader_payload(call->reader, &payload))
        skr_exchange_send(call->exchange, http_status, (struct skr_bytes){payload.data + call->offset, (size_t)call->length},
                          true);
    else
        skr_exchange_send_stream(call->exchange, http_status, call->length, &source, call);
}

SKR_HANDLER(get_blob)
{
    struct skr_call *call = context;
    bool ranged;
    if (!skr_call_open(call, true, true) || !skr_call_range(call, &ranged) || !skr_call_range_digests(call, ranged))
        return;
    skr_reader_expect(call->reader, call->offset, call->length);
    if (!call->range_md5 && !call->range_crc64) {
        skr_get_send(call, ranged);
        return;
    }
    call->range_bytes = malloc((size_t)call->length + 1);
    if (call->range_bytes == NULL)
        skr_call_fail_status(call, SKR_NO_MEMORY);
    else
        skr_range_continue(call);
}

SKR_HANDLER(get_blob_properties)
{
    struct skr_call *call = context;
    if (!skr_call_open(call, false, true))
        return;
    struct skr_bytes tier = call->object.properties[SKR_PROPERTY_ACCESS_TIER];
    int64_t tiered_ns;
    skr_call_object_headers(call, &call->object, false);
    skr_exchange_header(call->exchange, "x-ms-access-tier", tier.size > 0 ? tier : SKR_BYTES("Hot"));
    if (tier.size == 0)
        skr_exchange_header(call->exchange, "x-ms-access-tier-inferred", SKR_BYTES("true"));
    if (skr_tier_time(&call->object, &tiered_ns))
        skr_call_date_header(call, "x-ms-access-tier-change-time", tiered_ns);
    skr_exchange_send_head(call->exchange, 200, call->object.content.size_bytes);
}

SKR_HANDLER(get_blob_metadata)
{
    struct skr_call *call = context;
    if (!skr_call_open(call, false, false))
        return;
    skr_call_common_headers(call);
    skr_call_etag_headers(call, call->object.etag, call->object.modified_ns);
    skr_call_metadata_headers(call, call->object.metadata, call->object.metadata_count);
    skr_call_version_headers(call, &call->object, true);
    skr_call_reply(call, 200);
}
