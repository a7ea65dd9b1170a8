/* Request headers and query parameters, with the protocol's errors for what is malformed. */
#include <stdio.h>

#include "acl.h"
#include "call.h"
#include "form.h"
#include "public_access.h"

/* Presigners move headers into the URL: there they count as well, but for checksums, which stem from a body that was not there
 * when the URL was signed (the service leaves them out too). */
static bool skr_s3_may_be_in_query(struct skr_bytes name)
{
    return skr_bytes_starts_with(name, SKR_BYTES("x-amz-")) && !skr_bytes_starts_with(name, SKR_BYTES("x-amz-checksum-")) &&
           !skr_bytes_starts_with(name, SKR_BYTES("x-amz-sdk-")) && !skr_bytes_equal(name, SKR_BYTES("x-amz-trailer"));
}

struct skr_bytes skr_s3_header(const struct skr_s3_call *call, const char *name)
{
    const struct skr_request *request = call->request;
    if (call->form != NULL)
        return skr_s3_form_header(call->form, name);
    struct skr_bytes value = skr_request_header(request, name);
    if (value.data != NULL || !call->presigned || !skr_s3_may_be_in_query(skr_text(name)))
        return value;
    for (size_t i = 0; i < request->uri.query_count; i++)
        if (skr_bytes_equal_nocase(request->uri.query[i].name, skr_text(name)))
            return request->uri.query[i].value;
    return SKR_NO_BYTES;
}

bool skr_s3_next_header(const struct skr_s3_call *call, size_t index, struct skr_name_value *out)
{
    if (call->form != NULL)
        return skr_s3_form_field_at(call->form, index, out);
    if (index >= call->request->header_count)
        return false;
    *out = (struct skr_name_value){call->request->headers[index].name, call->request->headers[index].value};
    return true;
}

struct skr_bytes skr_s3_query(const struct skr_s3_call *call, const char *name)
{
    const struct skr_query_parameter *parameter = skr_request_query(call->request, name);
    if (parameter == NULL)
        return SKR_NO_BYTES;
    return parameter->value.data != NULL ? parameter->value : SKR_BYTES("");
}

/* ---- ids ---- */

/* The tick, and its complement: an id that was cut or typed wrong is not one. */
struct skr_bytes skr_s3_version_text(struct skr_arena *arena, int64_t version_ns)
{
    char text[40];
    if (version_ns == 0)
        return SKR_BYTES("null");
    int size = snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long)version_ns, ~(unsigned long long)version_ns);
    return skr_arena_copy(arena, (struct skr_bytes){text, (size_t)size});
}

static bool skr_s3_hex_u64(const char *digits, uint64_t *out)
{
    uint8_t bytes[8];
    if (!skr_hex_decode((struct skr_bytes){digits, 16}, bytes, sizeof bytes))
        return false;
    *out = 0;
    for (size_t i = 0; i < sizeof bytes; i++)
        *out = *out << 8 | bytes[i];
    return true;
}

bool skr_s3_version_parse(struct skr_bytes text, struct skr_version *out)
{
    uint64_t tick, check;
    *out = (struct skr_version){.is_given = true};
    if (skr_bytes_equal(text, SKR_BYTES("null")))
        return true;
    if (text.size != 32 || !skr_s3_hex_u64(text.data, &tick) || !skr_s3_hex_u64(text.data + 16, &check) || check != ~tick ||
        tick == 0)
        return false;
    out->ns = (int64_t)tick;
    return true;
}

struct skr_bytes skr_s3_upload_id_text(struct skr_arena *arena, uint64_t upload_id)
{
    char text[40];
    int size = snprintf(text, sizeof text, "%016llx%016llx", (unsigned long long)upload_id, ~(unsigned long long)upload_id);
    return skr_arena_copy(arena, (struct skr_bytes){text, (size_t)size});
}

bool skr_s3_upload_id_parse(struct skr_bytes text, uint64_t *out)
{
    uint64_t check;
    return text.size == 32 && skr_s3_hex_u64(text.data, out) && skr_s3_hex_u64(text.data + 16, &check) && check == ~*out &&
           *out != 0;
}

/* ---- checksums ---- */

static const struct {
    const char *name, *header;
} skr_s3_checksums[SKR_CHECKSUM_KIND_COUNT] = {
    [SKR_CHECKSUM_CRC32] = {"CRC32", "x-amz-checksum-crc32"},
    [SKR_CHECKSUM_CRC32C] = {"CRC32C", "x-amz-checksum-crc32c"},
    [SKR_CHECKSUM_CRC64NVME] = {"CRC64NVME", "x-amz-checksum-crc64nvme"},
    [SKR_CHECKSUM_SHA1] = {"SHA1", "x-amz-checksum-sha1"},
    [SKR_CHECKSUM_SHA256] = {"SHA256", "x-amz-checksum-sha256"},
};

enum skr_checksum_kind skr_s3_checksum_kind(struct skr_bytes algorithm)
{
    for (int kind = SKR_CHECKSUM_CRC32; kind < SKR_CHECKSUM_KIND_COUNT; kind++)
        if (skr_bytes_equal_nocase(algorithm, skr_text(skr_s3_checksums[kind].name)))
            return (enum skr_checksum_kind)kind;
    return SKR_CHECKSUM_NONE;
}

const char *skr_s3_checksum_name(enum skr_checksum_kind kind)
{
    return skr_s3_checksums[kind].name;
}

const char *skr_s3_checksum_header(enum skr_checksum_kind kind)
{
    return skr_s3_checksums[kind].header;
}

bool skr_s3_checksum_parse(enum skr_checksum_kind kind, struct skr_bytes text, struct skr_checksum *out)
{
    uint8_t bytes[SKR_CHECKSUM_MAX_BYTES + 3];
    size_t size;
    *out = (struct skr_checksum){.kind = kind};
    if (!skr_base64_decode(text, bytes, sizeof bytes, &size) || size != skr_checksum_size(kind))
        return false;
    memcpy(out->bytes, bytes, size);
    return true;
}

struct skr_bytes skr_s3_checksum_text(struct skr_arena *arena, const struct skr_checksum *checksum, enum skr_checksum_form form,
                                      size_t part_count)
{
    char text[SKR_BASE64_SIZE(SKR_CHECKSUM_MAX_BYTES) + 24];
    size_t size = skr_checksum_size(checksum->kind), length = SKR_BASE64_SIZE(size);
    skr_base64_encode(text, checksum->bytes, size);
    if (form == SKR_CHECKSUM_COMPOSITE)
        length += (size_t)snprintf(text + length, sizeof text - length, "-%zu", part_count);
    return skr_arena_copy(arena, (struct skr_bytes){text, length});
}

/* ---- conditions ---- */

bool skr_s3_conditions_of(struct skr_s3_call *call, const char *const names[4], bool reads, struct skr_conditions *out)
{
    const char *left[4] = {names[0], names[1], names[2], names[3]}, *bad;
    while (!skr_request_conditions(call->arena, call->request, left, out, &bad)) {
        size_t i = 0;
        while (left[i] != bad)
            i++;
        if (!reads || i < 2) {
            skr_s3_fail_argument(call, "The value of a conditional header is not valid.", bad, skr_s3_header(call, bad));
            return false;
        }
        left[i] = ""; /* no header has that name */
    }
    return true;
}

bool skr_s3_conditions(struct skr_s3_call *call)
{
    static const char *const names[4] = {"if-match", "if-none-match", "if-modified-since", "if-unmodified-since"};
    bool reads = call->request->method == SKR_GET || call->request->method == SKR_HEAD;
    return skr_s3_conditions_of(call, names, reads, &call->conditions);
}

/* ---- properties ---- */

static bool skr_s3_is_among(struct skr_bytes text, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (skr_bytes_equal(text, skr_text(names[i])))
            return true;
    return false;
}

/* aws-chunked says how the body travels, not what it is: it is not kept. */
static struct skr_bytes skr_s3_content_encoding(struct skr_s3_call *call)
{
    struct skr_bytes text = skr_s3_header(call, "content-encoding");
    char *kept = skr_arena_alloc(call->arena, text.size + 1);
    size_t size = 0;
    if (kept == NULL || text.size == 0)
        return SKR_NO_BYTES;
    while (text.size > 0) {
        struct skr_bytes item = skr_list_cut(&text);
        if (item.size == 0 || skr_bytes_equal_nocase(item, SKR_BYTES("aws-chunked")))
            continue;
        if (size > 0)
            kept[size++] = ',';
        memcpy(kept + size, item.data, item.size);
        size += item.size;
    }
    return size == 0 ? SKR_NO_BYTES : (struct skr_bytes){kept, size};
}

bool skr_s3_properties(struct skr_s3_call *call, struct skr_bytes properties[SKR_PROPERTY_COUNT])
{
    static const struct {
        enum skr_property property;
        const char *header;
    } headers[] = {
        {SKR_PROPERTY_CONTENT_TYPE, "content-type"},
        {SKR_PROPERTY_CONTENT_LANGUAGE, "content-language"},
        {SKR_PROPERTY_CONTENT_DISPOSITION, "content-disposition"},
        {SKR_PROPERTY_CACHE_CONTROL, "cache-control"},
        {SKR_PROPERTY_EXPIRES, "expires"},
        {SKR_PROPERTY_STORAGE_CLASS, "x-amz-storage-class"},
        {SKR_PROPERTY_CANNED_ACL, "x-amz-acl"},
        {SKR_PROPERTY_WEBSITE_REDIRECT, "x-amz-website-redirect-location"},
    };
    static const char *const classes[] = {"STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING",
                                          "GLACIER",  "GLACIER_IR",         "DEEP_ARCHIVE"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct skr_bytes value = skr_s3_header(call, headers[i].header);
        properties[headers[i].property] = value.size > 0 ? value : SKR_NO_BYTES;
    }
    properties[SKR_PROPERTY_CONTENT_ENCODING] = skr_s3_content_encoding(call);
    struct skr_bytes storage_class = properties[SKR_PROPERTY_STORAGE_CLASS], acl = properties[SKR_PROPERTY_CANNED_ACL];
    if (storage_class.data != NULL && !skr_s3_is_among(storage_class, classes, sizeof classes / sizeof *classes)) {
        skr_s3_refuse(call, SKR_S3_INVALID_STORAGE_CLASS);
        return false;
    }
    if (acl.data != NULL && !skr_s3_acl_is_canned(acl)) {
        skr_s3_fail_argument(call, NULL, "x-amz-acl", acl);
        return false;
    }
    if (skr_bytes_equal(storage_class, SKR_BYTES("STANDARD")))
        properties[SKR_PROPERTY_STORAGE_CLASS] = SKR_NO_BYTES;
    if (skr_bytes_equal(acl, SKR_BYTES("private")))
        properties[SKR_PROPERTY_CANNED_ACL] = SKR_NO_BYTES;
    return true;
}

/* Encryption, locks, grants to single accounts, appending; the source of a copy that was hidden in a URL, where it would make
 * an empty object; conditions of directory buckets, without which a deletion would take what must stay. */
static bool skr_s3_asks_for_more(struct skr_s3_call *call, struct skr_bytes name, struct skr_bytes value, bool in_query)
{
    static const char *const refused[] = {
        "x-amz-server-side-encryption", "x-amz-copy-source-server-side-encryption",
        "x-amz-object-lock-",           "x-amz-grant-",
        "x-amz-write-offset-bytes",     "x-amz-if-match-",
        "x-amz-bucket-object-lock-",    "x-amz-object-ownership",
    };
    if (!skr_bytes_starts_with_nocase(name, SKR_BYTES("x-amz-")) || value.size == 0 ||
        skr_bytes_equal_nocase(value, SKR_BYTES("false")))
        return false;
    if (skr_bytes_equal_nocase(name, SKR_BYTES("x-amz-object-ownership")))
        return call->operation->handle == skr_s3_create_bucket && !skr_bytes_equal(value, SKR_BYTES(SKR_S3_OWNER_PREFERRED)) &&
               !skr_bytes_equal(value, SKR_BYTES(SKR_S3_OWNER_ENFORCED));
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (skr_bytes_starts_with_nocase(name, skr_text(refused[i])))
            return true;
    return in_query && skr_bytes_equal_nocase(name, SKR_BYTES("x-amz-copy-source"));
}

static bool skr_s3_refuse_header(struct skr_s3_call *call, struct skr_bytes name)
{
    skr_s3_fail(call, SKR_S3_NOT_IMPLEMENTED, NULL, (struct skr_s3_detail){"Header", name}, SKR_S3_NO_DETAIL);
    return true;
}

bool skr_s3_unsupported(struct skr_s3_call *call)
{
    const struct skr_request *request = call->request;
    struct skr_name_value header;
    for (size_t i = 0; skr_s3_next_header(call, i, &header); i++)
        if (skr_s3_asks_for_more(call, header.name, header.value, false))
            return skr_s3_refuse_header(call, header.name);
    for (size_t i = 0; i < request->uri.query_count && call->presigned; i++)
        if (skr_s3_asks_for_more(call, request->uri.query[i].name, request->uri.query[i].value, true))
            return skr_s3_refuse_header(call, request->uri.query[i].name);
    return false;
}
