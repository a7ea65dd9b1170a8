/* Headers and query parameters that many operations share, validated. */
#include "call.h"

#define SKR_MAX_METADATA_BYTES 8192

struct skr_bytes skr_call_header(const struct skr_call *call, const char *name)
{
    return skr_request_header(call->request, name);
}

struct skr_bytes skr_call_query(const struct skr_call *call, const char *name)
{
    const struct skr_query_parameter *parameter = skr_request_query(call->request, name);
    return parameter == NULL ? SKR_NO_BYTES : parameter->value;
}

uint64_t skr_call_body_length(const struct skr_call *call)
{
    return call->request->chunked ? SKR_SIZE_ANY : call->request->content_length;
}

/* ---- conditions ---- */

/* A read takes any combination of conditions. Anything else takes one, or a tag beside the date that it goes before. */
static bool skr_conditions_combine(const struct skr_conditions *conditions)
{
    bool match = conditions->if_match_any || conditions->if_match_count > 0;
    bool none_match = conditions->if_none_match_any || conditions->if_none_match_count > 0;
    bool positive = match || conditions->has_unmodified_since, negative = none_match || conditions->has_modified_since;
    return !(positive && negative);
}

bool skr_call_conditions(struct skr_call *call)
{
    static const char *const names[4] = {"if-match", "if-none-match", "if-modified-since", "if-unmodified-since"};
    const char *bad;
    if (!skr_request_conditions(call->arena, call->request, names, &call->conditions, &bad)) {
        skr_call_fail_header(call, bad);
        return false;
    }
    call->conditions.dates_beside_tags = call->request->method == SKR_GET || call->request->method == SKR_HEAD;
    if (call->conditions.dates_beside_tags || skr_conditions_combine(&call->conditions))
        return true;
    skr_call_refuse(call, SKR_BLOB_MULTIPLE_CONDITIONS);
    return false;
}

/* ---- metadata ---- */

/* A C# identifier, of which the service takes the ASCII ones: a letter or '_', then those and digits. */
static bool skr_is_identifier(struct skr_bytes name)
{
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
        if (!letter && !(i > 0 && c >= '0' && c <= '9'))
            return false;
    }
    return true;
}

/* Values are ASCII; what is not is to be encoded by the client, who knows how to read it. */
static bool skr_is_header_text(struct skr_bytes value)
{
    for (size_t i = 0; i < value.size; i++)
        if (((unsigned char)value.data[i] < ' ' && value.data[i] != '\t') || (unsigned char)value.data[i] >= 0x7F)
            return false;
    return true;
}

static bool skr_has_name(const struct skr_name_value *pairs, size_t count, struct skr_bytes name)
{
    for (size_t i = 0; i < count; i++)
        if (skr_bytes_equal_nocase(pairs[i].name, name))
            return true;
    return false;
}

bool skr_call_metadata(struct skr_call *call, const struct skr_name_value **metadata, size_t *count)
{
    struct skr_name_value *pairs = skr_arena_alloc(call->arena, SKR_MAX_HEADERS * sizeof *pairs);
    size_t total = 0, used = 0;
    if (pairs == NULL) {
        skr_call_fail_status(call, SKR_NO_MEMORY);
        return false;
    }
    for (size_t i = 0; i < call->request->header_count; i++) {
        const struct skr_header *header = &call->request->headers[i];
        if (!skr_bytes_starts_with_nocase(header->name, SKR_BYTES("x-ms-meta-")))
            continue;
        struct skr_bytes name = {header->name.data + 10, header->name.size - 10};
        if (name.size == 0 || !skr_is_identifier(name)) {
            skr_call_refuse(call, name.size == 0 ? SKR_BLOB_EMPTY_METADATA_NAME : SKR_BLOB_METADATA_INVALID);
            return false;
        }
        if (!skr_is_header_text(header->value) || skr_has_name(pairs, used, name)) {
            skr_call_refuse(call, SKR_BLOB_METADATA_INVALID);
            return false;
        }
        total += name.size + header->value.size;
        pairs[used++] = (struct skr_name_value){name, header->value};
    }
    if (total > SKR_MAX_METADATA_BYTES) {
        skr_call_refuse(call, SKR_BLOB_METADATA_TOO_LARGE);
        return false;
    }
    *metadata = pairs;
    *count = used;
    return true;
}

/* ---- content headers and digests ---- */

bool skr_call_content_properties(struct skr_call *call, bool plain_too, struct skr_bytes properties[SKR_PROPERTY_COUNT])
{
    static const struct {
        enum skr_property property;
        const char *own, *plain;
    } headers[] = {
        {SKR_PROPERTY_CONTENT_TYPE, "x-ms-blob-content-type", "content-type"},
        {SKR_PROPERTY_CONTENT_ENCODING, "x-ms-blob-content-encoding", "content-encoding"},
        {SKR_PROPERTY_CONTENT_LANGUAGE, "x-ms-blob-content-language", "content-language"},
        {SKR_PROPERTY_CONTENT_DISPOSITION, "x-ms-blob-content-disposition", NULL},
        {SKR_PROPERTY_CACHE_CONTROL, "x-ms-blob-cache-control", "cache-control"},
        {SKR_PROPERTY_ACCESS_TIER, "x-ms-access-tier", NULL},
    };
    static const char *const tiers[] = {"Hot", "Cool", "Cold", "Archive"};
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        struct skr_bytes value = skr_call_header(call, headers[i].own);
        if (value.data == NULL && plain_too && headers[i].plain != NULL)
            value = skr_call_header(call, headers[i].plain);
        if (value.size > 0)
            properties[headers[i].property] = value;
    }
    struct skr_bytes tier = properties[SKR_PROPERTY_ACCESS_TIER];
    bool known = tier.data == NULL;
    for (size_t i = 0; i < 4 && !known; i++)
        known = skr_bytes_equal(tier, skr_text(tiers[i]));
    struct skr_bytes priority = skr_call_header(call, "x-ms-rehydrate-priority");
    if (!known)
        skr_call_fail_header(call, "x-ms-access-tier");
    else if (priority.size > 0 && !skr_bytes_equal_nocase(priority, SKR_BYTES("Standard")) &&
             !skr_bytes_equal_nocase(priority, SKR_BYTES("High"))) {
        skr_call_fail_header(call, "x-ms-rehydrate-priority");
        known = false;
    }
    return known;
}

bool skr_call_digests(struct skr_call *call, const char *md5_header, const char *crc64_header, struct skr_digests *out)
{
    struct skr_bytes md5 = skr_call_header(call, md5_header), crc64 = skr_call_header(call, crc64_header);
    uint8_t bytes[9];
    size_t size;
    *out = (struct skr_digests){.has_md5 = md5.size > 0, .has_crc64 = crc64.size > 0};
    if (out->has_md5 && out->has_crc64) {
        skr_call_refuse(call, SKR_BLOB_BOTH_DIGESTS);
        return false;
    }
    if (out->has_md5 && !skr_md5_parse(md5, out->md5)) {
        skr_call_refuse(call, SKR_BLOB_INVALID_MD5);
        return false;
    }
    if (out->has_crc64 && (!skr_base64_decode(crc64, bytes, sizeof bytes, &size) || size != 8)) {
        skr_call_refuse(call, SKR_BLOB_INVALID_CRC64);
        return false;
    }
    for (int i = 0; out->has_crc64 && i < 8; i++)
        out->crc64 |= (uint64_t)bytes[i] << (8 * i);
    return true;
}

/* ---- timeout ---- */

bool skr_call_timeout(struct skr_call *call)
{
    const struct skr_query_parameter *timeout = skr_request_query(call->request, "timeout");
    uint64_t seconds;
    if (timeout == NULL || skr_parse_u64(timeout->value, &seconds))
        return true;
    skr_call_fail_query(call, "timeout", "It is not a number.");
    return false;
}

/* ---- what is not there ---- */

/* Put Blob, Put Block List, copies. */
static bool skr_call_writes_blob(const struct skr_call *call)
{
    return call->target.resource == SKR_RESOURCE_OBJECT && call->request->method == SKR_PUT &&
           (skr_request_query(call->request, "comp") == NULL ||
            skr_bytes_equal(skr_call_query(call, "comp"), SKR_BYTES("blocklist")));
}

/* Encryption, policies, expiry, tags as conditions, other forms of a body, tokens for sources. To do without them would keep or
 * show something else than was asked for. An algorithm without a key asks for nothing. */
static bool skr_asks_for_more(struct skr_bytes name, struct skr_bytes value)
{
    static const char *const refused[] = {
        "x-ms-encryption-key",
        "x-ms-encryption-scope",
        "x-ms-encryption-context",
        "x-ms-source-encryption-",
        "x-ms-immutability-policy-",
        "x-ms-legal-hold",
        "x-ms-expiry-",
        "x-ms-seal-blob",
        "x-ms-if-tags",
        "x-ms-source-if-tags",
        "x-ms-access-tier-if-",
        "x-ms-structured-",
        "x-ms-default-encryption",
        "x-ms-deny-encryption-scope-override",
        "x-ms-copy-source-authorization",
    };
    if (!skr_bytes_starts_with_nocase(name, SKR_BYTES("x-ms-")) || value.size == 0 ||
        skr_bytes_equal_nocase(value, SKR_BYTES("false")) || skr_bytes_equal_nocase(value, SKR_BYTES("NeverExpire")) ||
        skr_bytes_equal(value, SKR_BYTES("$account-encryption-key")))
        return false; /* what is so anyway */
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (skr_bytes_starts_with_nocase(name, skr_text(refused[i])))
            return true;
    return false;
}

bool skr_call_unsupported(struct skr_call *call)
{
    const struct skr_request *request = call->request;
    if (skr_call_header(call, "x-ms-lease-id").size > 0 || skr_call_header(call, "x-ms-source-lease-id").size > 0) {
        skr_call_refuse(call, call->target.resource == SKR_RESOURCE_OBJECT ? SKR_BLOB_LEASE_NOT_PRESENT
                                                                           : SKR_BLOB_LEASE_NOT_PRESENT_CONTAINER);
        return true;
    }
    for (size_t i = 0; i < request->header_count; i++)
        if (skr_asks_for_more(request->headers[i].name, request->headers[i].value)) {
            struct skr_bytes name = skr_arena_copy(call->arena, request->headers[i].name); /* ends with a zero byte */
            skr_call_fail(call, SKR_BLOB_UNSUPPORTED_HEADER, name.data, SKR_NO_BYTES, NULL);
            return true;
        }
    if (skr_call_header(call, "x-ms-tags").size > 0 && !skr_call_writes_blob(call)) {
        skr_call_fail(call, SKR_BLOB_UNSUPPORTED_HEADER, "x-ms-tags", SKR_NO_BYTES, NULL);
        return true;
    }
    if (skr_request_query(request, "deletetype") != NULL) {
        skr_call_fail_query(call, "deletetype", "It is for what was deleted softly, which nothing is here.");
        return true;
    }
    struct skr_version snapshot;
    if (call->target.resource == SKR_RESOURCE_OBJECT && skr_call_query(call, "snapshot").size > 0) {
        if (!skr_version_id_parse(skr_call_query(call, "snapshot"), &snapshot)) {
            skr_call_fail_query(call, "snapshot", "It is not the time of a snapshot.");
            return true;
        }
        if (call->request->method == SKR_GET || call->request->method == SKR_HEAD || call->request->method == SKR_DELETE)
            skr_call_fail_status(call, SKR_OBJECT_NOT_FOUND); /* there are no snapshots, so not this one */
        else
            skr_call_refuse(call, SKR_BLOB_NOT_IMPLEMENTED);
        return true;
    }
    return false;
}
