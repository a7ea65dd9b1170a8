/* GetObject and HeadObject. */
#include <stdio.h>

#include "objects.h"

struct skr_s3_get {
    struct skr_object object;
    uint64_t offset, length;
    bool partial;  /* a range or a part */
    unsigned part; /* 0: not asked for */
    struct skr_checksum part_checksum;
};

/* ---- opening ---- */

static void skr_s3_marker_headers(struct skr_s3_call *call, const struct skr_object *marker, bool by_version)
{
    skr_exchange_header(call->exchange, "x-amz-delete-marker", SKR_BYTES("true"));
    skr_s3_version_header(call, "x-amz-version-id", marker);
    if (!by_version)
        return;
    skr_exchange_header(call->exchange, "Allow", SKR_BYTES("DELETE"));
    skr_s3_date_header(call, "Last-Modified", marker->modified_ns);
}

static void skr_s3_not_modified_headers(struct skr_s3_call *call, const struct skr_object *object)
{
    skr_s3_common_headers(call);
    skr_s3_etag_header(call, object->etag);
    skr_s3_date_header(call, "Last-Modified", object->modified_ns);
    skr_s3_version_header(call, "x-amz-version-id", object);
    if (object->properties[SKR_PROPERTY_CACHE_CONTROL].size > 0)
        skr_exchange_header(call->exchange, "Cache-Control", object->properties[SKR_PROPERTY_CACHE_CONTROL]);
    if (object->properties[SKR_PROPERTY_EXPIRES].size > 0)
        skr_exchange_header(call->exchange, "Expires", object->properties[SKR_PROPERTY_EXPIRES]);
}

static void skr_s3_read_condition_failed(struct skr_s3_call *call, const struct skr_conditions *conditions)
{
    bool match = conditions->if_match_any || conditions->if_match_count > 0;
    skr_s3_fail(call, SKR_S3_PRECONDITION_FAILED, NULL,
                (struct skr_s3_detail){"Condition", match ? SKR_BYTES("If-Match") : SKR_BYTES("If-Unmodified-Since")},
                SKR_S3_NO_DETAIL);
}

bool skr_s3_open_object(struct skr_s3_call *call, const struct skr_conditions *conditions, struct skr_object *object,
                        struct skr_reader **reader)
{
    struct skr_error error;
    *object = (struct skr_object){.id = 0};
    enum skr_status status =
        skr_open_prepared(call->worker, call->preparation, call->arena, &call->name, conditions, object, reader, &error);
    if (status == SKR_OK)
        return true;
    if (reader != NULL)
        *reader = NULL;
    if (status == SKR_IS_DELETE_MARKER || (status == SKR_OBJECT_NOT_FOUND && object->kind == SKR_OBJECT_DELETE_MARKER))
        skr_s3_marker_headers(call, object, status == SKR_IS_DELETE_MARKER);
    if (status == SKR_NOT_MODIFIED) {
        skr_s3_not_modified_headers(call, object);
        skr_exchange_send_head(call->exchange, 304,
                               object->content.size_bytes); /* a length, if any, is that of the 200: RFC 9110 section 8.6 */
    } else if (status == SKR_CONDITION_FAILED) {
        skr_s3_read_condition_failed(call, conditions);
    } else if (status == SKR_VERSION_NOT_FOUND) {
        skr_s3_fail(call, SKR_S3_NO_SUCH_VERSION, NULL, (struct skr_s3_detail){"Key", call->target.object},
                    (struct skr_s3_detail){"VersionId", skr_s3_query(call, "versionId")});
    } else {
        skr_s3_fail_status(call, status);
    }
    return false;
}

/* ---- parts and ranges ---- */

bool skr_s3_part_number(struct skr_s3_call *call, unsigned *number)
{
    struct skr_bytes text = skr_s3_query(call, "partNumber");
    uint64_t value;
    if (skr_parse_u64(text, &value) && value >= 1 && value <= SKR_S3_MAX_PARTS) {
        *number = (unsigned)value;
        return true;
    }
    skr_s3_fail_argument(call, "Part number must be an integer between 1 and 10000, inclusive", "partNumber", text);
    return false;
}

bool skr_s3_count(struct skr_s3_call *call, const char *name, struct skr_bytes text, unsigned otherwise, unsigned *count)
{
    uint64_t value = otherwise;
    if (text.data != NULL && text.size > 0 && (!skr_parse_u64(text, &value) || value > INT32_MAX)) {
        char message[96];
        snprintf(message, sizeof message, "Provided %s not an integer or within integer range", name);
        skr_s3_fail_argument(call, message, name, text);
        return false;
    }
    *count = (unsigned)value;
    return true;
}

static bool skr_s3_visit_part(void *context, size_t index, const struct skr_block *part, uint64_t offset_bytes)
{
    struct skr_s3_get *get = context;
    if (index + 1 != get->part)
        return true;
    get->offset = offset_bytes;
    get->length = part->size_bytes;
    get->part_checksum = part->checksum;
    return false;
}

/* Part n of an object that was put in parts; what was put whole is its own and only part. False: answered. */
static bool skr_s3_find_part(struct skr_s3_call *call, struct skr_s3_get *get)
{
    char count[16], number[16];
    struct skr_error error;
    unsigned parts = get->object.content.block_count > 0 ? get->object.content.block_count : 1;
    if (get->part <= parts) {
        get->part_checksum = get->object.checksum;
        enum skr_status status = get->object.content.block_count == 0
                                     ? SKR_OK
                                     : skr_object_parts(call->worker, &get->object, skr_s3_visit_part, get, &error);
        if (status != SKR_OK)
            skr_s3_fail_status(call, status);
        get->partial = get->length > 0; /* no byte: no range that a response could name */
        return status == SKR_OK;
    }
    int count_size = snprintf(count, sizeof count, "%u", parts), number_size = snprintf(number, sizeof number, "%u", get->part);
    skr_s3_fail(call, SKR_S3_INVALID_PART_NUMBER, NULL, (struct skr_s3_detail){"ActualPartCount", {count, (size_t)count_size}},
                (struct skr_s3_detail){"PartNumberRequested", {number, (size_t)number_size}});
    return false;
}

/* If-Range: the range counts only for what the client has part of already. RFC 9110 section 13.1.5. */
static bool skr_s3_if_range(struct skr_s3_call *call, const struct skr_object *object)
{
    struct skr_bytes text = skr_s3_header(call, "if-range");
    int64_t seconds;
    if (text.size == 0)
        return true;
    if (skr_http_date_parse(text, &seconds))
        return seconds == object->modified_ns / 1000000000;
    return text.size == object->etag.size + 2 && text.data[0] == '"' && text.data[text.size - 1] == '"' &&
           memcmp(text.data + 1, object->etag.data, object->etag.size) == 0;
}

/* What is not one range of bytes is ignored. False: answered. */
static bool skr_s3_find_range(struct skr_s3_call *call, struct skr_s3_get *get)
{
    struct skr_bytes text = skr_s3_header(call, "range");
    struct skr_range range;
    char total[40];
    if (text.size == 0 || !skr_range_parse(text, &range) || !skr_s3_if_range(call, &get->object))
        return true;
    get->partial = skr_range_resolve(&range, get->object.content.size_bytes, &get->offset, &get->length);
    if (get->partial)
        return true;
    int size = snprintf(total, sizeof total, "bytes */%llu", (unsigned long long)get->object.content.size_bytes);
    skr_exchange_header(call->exchange, "Content-Range", (struct skr_bytes){total, (size_t)size});
    skr_s3_fail(call, SKR_S3_INVALID_RANGE, NULL, (struct skr_s3_detail){"RangeRequested", text},
                (struct skr_s3_detail){"ActualObjectSize", {total + 8, (size_t)size - 8}});
    return false;
}

/* ---- headers ---- */

/* A property as a header; response-* of a signed request goes before it. */
static void skr_s3_property_header(struct skr_s3_call *call, const char *name, const char *override, struct skr_bytes value)
{
    struct skr_bytes wanted = skr_s3_query(call, override);
    if (wanted.data != NULL)
        value = wanted;
    if (value.size > 0)
        skr_exchange_header(call->exchange, name, value);
}

/* False: answered. */
static bool skr_s3_overrides_allowed(struct skr_s3_call *call)
{
    static const char *const names[] = {"response-content-type",  "response-content-language",    "response-expires",
                                        "response-cache-control", "response-content-disposition", "response-content-encoding"};
    if (call->principal.scheme != SKR_AUTH_ANONYMOUS)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (skr_s3_query(call, names[i]).data != NULL) {
            skr_s3_invalid_request(call, "Request specific response headers cannot be used for anonymous GET requests.");
            return false;
        }
    return true;
}

static void skr_s3_checksums_of(struct skr_s3_call *call, struct skr_s3_get *get)
{
    if (!skr_bytes_equal_nocase(skr_s3_header(call, "x-amz-checksum-mode"), SKR_BYTES("ENABLED")))
        return;
    if (get->part == 0 || get->object.content.block_count == 0) {
        if (!get->partial || get->part > 0)
            skr_s3_checksum_headers(call, &get->object);
    } else if (get->part_checksum.kind != SKR_CHECKSUM_NONE) { /* of the part alone: what is sent can be compared with it */
        struct skr_object part = get->object;
        part.checksum = get->part_checksum;
        part.checksum_form = SKR_CHECKSUM_FULL_OBJECT;
        skr_s3_checksum_headers(call, &part);
    }
}

static void skr_s3_object_headers(struct skr_s3_call *call, struct skr_s3_get *get)
{
    const struct skr_object *object = &get->object;
    const struct skr_bytes *properties = object->properties;
    struct skr_bytes type = properties[SKR_PROPERTY_CONTENT_TYPE];
    skr_s3_common_headers(call);
    skr_s3_etag_header(call, object->etag);
    skr_s3_date_header(call, "Last-Modified", object->modified_ns);
    skr_exchange_header(call->exchange, "Accept-Ranges", SKR_BYTES("bytes"));
    skr_s3_version_header(call, "x-amz-version-id", object);
    skr_s3_property_header(call, "Content-Type", "response-content-type",
                           type.size > 0 ? type : SKR_BYTES("binary/octet-stream"));
    skr_s3_property_header(call, "Content-Encoding", "response-content-encoding", properties[SKR_PROPERTY_CONTENT_ENCODING]);
    skr_s3_property_header(call, "Content-Language", "response-content-language", properties[SKR_PROPERTY_CONTENT_LANGUAGE]);
    skr_s3_property_header(call, "Content-Disposition", "response-content-disposition",
                           properties[SKR_PROPERTY_CONTENT_DISPOSITION]);
    skr_s3_property_header(call, "Cache-Control", "response-cache-control", properties[SKR_PROPERTY_CACHE_CONTROL]);
    skr_s3_property_header(call, "Expires", "response-expires", properties[SKR_PROPERTY_EXPIRES]);
    if (properties[SKR_PROPERTY_STORAGE_CLASS].size > 0)
        skr_exchange_header(call->exchange, "x-amz-storage-class", properties[SKR_PROPERTY_STORAGE_CLASS]);
    if (properties[SKR_PROPERTY_WEBSITE_REDIRECT].size > 0)
        skr_exchange_header(call->exchange, "x-amz-website-redirect-location", properties[SKR_PROPERTY_WEBSITE_REDIRECT]);
    if (object->tag_count > 0 && skr_bytes_equal(call->principal.account, call->target.account)) /* who may read the tags */
        skr_exchange_header_u64(call->exchange, "x-amz-tagging-count", object->tag_count);
    if (get->part > 0 && object->content.block_count > 0)
        skr_exchange_header_u64(call->exchange, "x-amz-mp-parts-count", object->content.block_count);
    skr_s3_metadata_headers(call, object);
    skr_s3_checksums_of(call, get);
    if (get->partial) {
        char text[96];
        int size =
            snprintf(text, sizeof text, "bytes %llu-%llu/%llu", (unsigned long long)get->offset,
                     (unsigned long long)(get->offset + get->length - 1), (unsigned long long)object->content.size_bytes);
        skr_exchange_header(call->exchange, "Content-Range", (struct skr_bytes){text, (size_t)size});
    }
}

/* ---- sending ---- */

static void skr_s3_get_ready(void *context)
{
    struct skr_s3_call *call = context;
    skr_exchange_wake(call->exchange);
}

static ssize_t skr_s3_get_read(void *context, uint64_t offset, void *buffer, size_t size)
{
    struct skr_s3_call *call = context;
    const struct skr_s3_get *get = call->state;
    uint64_t left = get->length - offset;
    return skr_reader_read(call->reader, get->offset + offset, buffer, size < left ? size : (size_t)left, skr_s3_get_ready,
                           call);
}

static size_t skr_s3_get_lend(void *context, uint64_t offset, size_t size, bool wait, const void **bytes)
{
    struct skr_s3_call *call = context;
    const struct skr_s3_get *get = call->state;
    uint64_t left = get->length - offset;
    return skr_reader_lend(call->reader, get->offset + offset, size < left ? size : (size_t)left, wait, bytes);
}

static void skr_s3_get_send(struct skr_s3_call *call, struct skr_s3_get *get)
{
    static const struct skr_body_source source = {skr_s3_get_read, skr_s3_get_lend};
    int http_status = get->partial ? 206 : 200;
    struct skr_bytes payload;
    skr_s3_object_headers(call, get);
    if (call->request->method == SKR_HEAD)
        skr_exchange_send_head(call->exchange, http_status, get->length);
    else if (skr_reader_payload(call->reader, &payload))
        skr_exchange_send(call->exchange, http_status, (struct skr_bytes){payload.data + get->offset, (size_t)get->length},
                          true);
    else
        skr_exchange_send_stream(call->exchange, http_status, get->length, &source, call);
}

SKR_S3_HANDLER(get_object)
{
    struct skr_s3_call *call = context;
    struct skr_s3_get *get = skr_arena_alloc_zero(call->arena, sizeof *get);
    bool head = call->request->method == SKR_HEAD, by_part = skr_s3_query(call, "partNumber").data != NULL;
    if (get == NULL) {
        skr_s3_fail_status(call, SKR_NO_MEMORY);
        return;
    }
    call->state = get;
    if (!skr_s3_bucket_exists(call) || !skr_s3_overrides_allowed(call) || (by_part && !skr_s3_part_number(call, &get->part)))
        return;
    if (by_part && skr_s3_header(call, "range").size > 0) {
        skr_s3_invalid_request(call, "Cannot specify both Range header and partNumber query parameter");
        return;
    }
    if (!skr_s3_open_object(call, &call->conditions, &get->object, head ? NULL : &call->reader))
        return;
    get->length = get->object.content.size_bytes;
    if (!(by_part ? skr_s3_find_part(call, get) : skr_s3_find_range(call, get)))
        return;
    if (!head)
        skr_reader_expect(call->reader, get->offset, get->length);
    skr_s3_get_send(call, get);
}
