/* The head of an answer: bounded, and hostile until it was looked at. What a status and an error code mean is decided here, for
 * both kinds of upstream.
 */
#include <stdio.h>
#include <strings.h>

#include "skerry/encoding.h"
#include "upstream_private.h"

#define SKR_RETRY_AFTER_MOST_MS 3600000u

void skr_answer_reset(struct skr_answer *answer)
{
    skr_arena_release(&answer->arena);
    free(answer->document);
    answer->document = NULL;
    answer->document_size = answer->document_capacity = 0;
    answer->status = 0;
    answer->complete = false;
    answer->header_count = answer->header_bytes = 0;
}

/* "HTTP/1.1 206 Partial Content" */
static bool skr_answer_status(struct skr_answer *answer, struct skr_bytes line)
{
    const char *space = memchr(line.data, ' ', line.size);
    size_t at = space == NULL ? line.size : (size_t)(space - line.data) + 1;
    if (at + 3 > line.size || (at + 3 < line.size && line.data[at + 3] != ' '))
        return false;
    int status = 0;
    for (size_t i = at; i < at + 3; i++) {
        if (line.data[i] < '0' || line.data[i] > '9')
            return false;
        status = status * 10 + line.data[i] - '0';
    }
    answer->status = status;
    return status >= 100;
}

bool skr_answer_line(struct skr_answer *answer, struct skr_bytes line)
{
    while (line.size > 0 && (line.data[line.size - 1] == '\n' || line.data[line.size - 1] == '\r'))
        line.size--;
    if (answer->complete)
        return true;                                       /* a trailer */
    if (skr_bytes_starts_with(line, SKR_BYTES("HTTP/"))) { /* also after an interim answer */
        answer->header_count = 0;
        return skr_answer_status(answer, line);
    }
    if (line.size == 0) {
        answer->complete = answer->status >= 200;
        return true;
    }
    answer->header_bytes += line.size;
    const char *colon = memchr(line.data, ':', line.size);
    if (colon == NULL || answer->header_count == SKR_ANSWER_HEADERS || answer->header_bytes > SKR_ANSWER_HEADER_BYTES)
        return false;
    struct skr_bytes name = skr_arena_copy(&answer->arena, (struct skr_bytes){line.data, (size_t)(colon - line.data)});
    struct skr_bytes value = skr_arena_copy(
        &answer->arena, skr_bytes_trim((struct skr_bytes){colon + 1, line.size - (size_t)(colon + 1 - line.data)}));
    if (name.data == NULL || value.data == NULL)
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (name.data[i] >= 'A' && name.data[i] <= 'Z')
            ((char *)name.data)[i] |= 0x20;
    answer->headers[answer->header_count++] = (struct skr_name_value){name, value};
    return true;
}

struct skr_bytes skr_answer_header(const struct skr_answer *answer, const char *name)
{
    for (size_t i = 0; i < answer->header_count; i++)
        if (skr_bytes_equal(answer->headers[i].name, skr_text(name)))
            return answer->headers[i].value;
    return SKR_NO_BYTES;
}

bool skr_answer_document(struct skr_answer *answer, const void *data, size_t size, size_t limit)
{
    if (size > limit || answer->document_size > limit - size)
        return false;
    if (answer->document_size + size > answer->document_capacity) {
        size_t capacity = (answer->document_size + size) * 2;
        char *grown = realloc(answer->document, capacity);
        if (grown == NULL)
            return false;
        answer->document = grown;
        answer->document_capacity = capacity;
    }
    if (size > 0)
        memcpy(answer->document + answer->document_size, data, size);
    answer->document_size += size;
    return true;
}

/* ---- an object ---- */

struct skr_bytes skr_etag_without_quotes(struct skr_bytes etag)
{
    if (etag.size >= 2 && etag.data[0] == '"' && etag.data[etag.size - 1] == '"')
        return (struct skr_bytes){etag.data + 1, etag.size - 2};
    return etag;
}

/* Headers of which there may not be two that differ. */
static bool skr_is_unambiguous(const struct skr_answer *answer, const char *name)
{
    struct skr_bytes first = skr_answer_header(answer, name);
    for (size_t i = 0; i < answer->header_count; i++)
        if (skr_bytes_equal(answer->headers[i].name, skr_text(name)) && !skr_bytes_equal(answer->headers[i].value, first))
            return false;
    return true;
}

static const struct {
    const char *header;
    enum skr_property property;
} skr_property_headers[] = {
    {"content-type", SKR_PROPERTY_CONTENT_TYPE},
    {"content-encoding", SKR_PROPERTY_CONTENT_ENCODING},
    {"content-language", SKR_PROPERTY_CONTENT_LANGUAGE},
    {"content-disposition", SKR_PROPERTY_CONTENT_DISPOSITION},
    {"cache-control", SKR_PROPERTY_CACHE_CONTROL},
    {"expires", SKR_PROPERTY_EXPIRES},
    {"x-ms-access-tier", SKR_PROPERTY_ACCESS_TIER},
    {"x-amz-storage-class", SKR_PROPERTY_STORAGE_CLASS},
    {"x-ms-copy-id", SKR_PROPERTY_COPY_ID},
    {"x-ms-copy-source", SKR_PROPERTY_COPY_SOURCE},
};

static struct skr_bytes skr_encoded_word(struct skr_arena *arena, struct skr_bytes value)
{
    struct skr_bytes begin = SKR_BYTES("=?UTF-8?B?");
    size_t size;
    if (value.size < 12 || !skr_bytes_equal_nocase((struct skr_bytes){value.data, begin.size}, begin) ||
        memcmp(value.data + value.size - 2, "?=", 2) != 0)
        return value;
    struct skr_bytes inner = {value.data + begin.size, value.size - begin.size - 2};
    uint8_t *decoded = skr_arena_alloc(arena, inner.size + 1);
    if (decoded == NULL || !skr_base64_decode(inner, decoded, inner.size, &size))
        return value;
    return (struct skr_bytes){(char *)decoded, size};
}

static bool skr_answer_metadata(struct skr_answer *answer, const struct skr_driver *driver, struct skr_upstream_object *out)
{
    struct skr_bytes prefix = skr_text(driver->metadata_prefix);
    struct skr_name_value *pairs = skr_arena_alloc(&answer->arena, answer->header_count * sizeof *pairs);
    if (pairs == NULL)
        return false;
    for (size_t i = 0; i < answer->header_count; i++) {
        struct skr_bytes name = answer->headers[i].name, value = answer->headers[i].value;
        if (name.size <= prefix.size || !skr_bytes_starts_with(name, prefix))
            continue;
        pairs[out->metadata_count].name = (struct skr_bytes){name.data + prefix.size, name.size - prefix.size};
        pairs[out->metadata_count++].value = driver->encoded_words ? skr_encoded_word(&answer->arena, value) : value;
    }
    out->metadata = pairs;
    return true;
}

static void skr_answer_times(const struct skr_answer *answer, struct skr_upstream_object *out)
{
    int64_t seconds;
    struct skr_bytes modified = skr_answer_header(answer, "last-modified"),
                     created = skr_answer_header(answer, "x-ms-creation-time");
    if (modified.data != NULL && skr_http_date_parse(modified, &seconds) && seconds > 0 && seconds < 9000000000)
        out->modified_ns = seconds * 1000000000;
    if (created.data != NULL && skr_http_date_parse(created, &seconds) && seconds > 0 && seconds < 9000000000)
        out->created_ns = seconds * 1000000000;
}

static bool skr_answer_version(const struct skr_answer *answer, struct skr_upstream_object *out)
{
    out->version = skr_answer_header(answer, "x-ms-version-id");
    if (out->version.data == NULL)
        out->version = skr_answer_header(answer, "x-amz-version-id");
    struct skr_bytes count = skr_answer_header(answer, "x-ms-tag-count");
    if (count.data == NULL)
        count = skr_answer_header(answer, "x-amz-tagging-count");
    uint64_t number = 0;
    if (count.data != NULL && (!skr_parse_u64(count, &number) || number > 10000))
        return false;
    out->tag_count = number;
    return true;
}

bool skr_answer_object(struct skr_answer *answer, const struct skr_driver *driver, struct skr_upstream_object *out)
{
    *out = (struct skr_upstream_object){.kind = SKR_OBJECT_BLOCK};
    if (!skr_is_unambiguous(answer, "content-length") || !skr_is_unambiguous(answer, "content-range") ||
        !skr_is_unambiguous(answer, "etag"))
        return false;
    out->etag = skr_etag_without_quotes(skr_answer_header(answer, "etag"));
    struct skr_bytes length = skr_answer_header(answer, "content-length");
    if (length.data != NULL && !skr_parse_u64(length, &out->size_bytes))
        return false;
    for (size_t i = 0; i < sizeof skr_property_headers / sizeof *skr_property_headers; i++)
        out->properties[skr_property_headers[i].property] = skr_answer_header(answer, skr_property_headers[i].header);
    struct skr_bytes type = skr_answer_header(answer, "x-ms-blob-type"), copy = skr_answer_header(answer, "x-ms-copy-status"),
                     md5 = skr_answer_header(answer, "x-ms-blob-content-md5");
    out->kind = type.data != NULL && skr_bytes_equal(type, SKR_BYTES("PageBlob"))     ? SKR_OBJECT_PAGE
                : type.data != NULL && skr_bytes_equal(type, SKR_BYTES("AppendBlob")) ? SKR_OBJECT_APPEND
                                                                                      : SKR_OBJECT_BLOCK;
    out->copy_pending = copy.data != NULL && skr_bytes_equal(copy, SKR_BYTES("pending"));
    if (md5.data == NULL && answer->status == 200)
        md5 = skr_answer_header(answer, "content-md5"); /* else it is that of a range */
    out->has_md5 = driver->has_md5 && md5.data != NULL && skr_md5_parse(md5, out->md5);
    skr_answer_times(answer, out);
    return skr_answer_version(answer, out) && skr_answer_metadata(answer, driver, out);
}

/* ---- the range that was asked for ---- */

/* "bytes 0-99/1000" */
static bool skr_content_range(struct skr_bytes text, uint64_t *first, uint64_t *last, uint64_t *size)
{
    if (text.data == NULL || !skr_bytes_starts_with(text, SKR_BYTES("bytes ")))
        return false;
    text.data += 6;
    text.size -= 6;
    const char *dash = memchr(text.data, '-', text.size), *slash = memchr(text.data, '/', text.size);
    if (dash == NULL || slash == NULL || slash < dash)
        return false;
    return skr_parse_u64((struct skr_bytes){text.data, (size_t)(dash - text.data)}, first) &&
           skr_parse_u64((struct skr_bytes){dash + 1, (size_t)(slash - dash - 1)}, last) &&
           skr_parse_u64((struct skr_bytes){slash + 1, text.size - (size_t)(slash + 1 - text.data)}, size) && *first <= *last &&
           *last < *size;
}

bool skr_answer_size_behind(const struct skr_answer *answer, uint64_t *size)
{
    struct skr_bytes text = skr_answer_header(answer, "content-range");
    return text.data != NULL && skr_bytes_starts_with(text, SKR_BYTES("bytes */")) &&
           skr_parse_u64((struct skr_bytes){text.data + 8, text.size - 8}, size);
}

static enum skr_upstream_outcome skr_check_part(const struct skr_answer *answer, const struct skr_upstream_get *get,
                                                uint64_t length, struct skr_upstream_object *object, const char **problem)
{
    uint64_t first, last, size;
    if (!get->ranged) {
        *problem = "a part was sent where the whole was asked for";
        return SKR_UPSTREAM_PROTOCOL;
    }
    if (length == 0) { /* Azurite's way to say 416 */
        *problem = "the range begins at or behind the end";
        return SKR_UPSTREAM_INVALID_RANGE;
    }
    if (!skr_content_range(skr_answer_header(answer, "content-range"), &first, &last, &size)) {
        *problem = "a part was sent without saying which";
        return SKR_UPSTREAM_PROTOCOL;
    }
    uint64_t left = size > get->offset_bytes ? size - get->offset_bytes : 0;
    uint64_t wanted = left < get->length_bytes ? left : get->length_bytes;
    if (first != get->offset_bytes || last - first + 1 != wanted) {
        *problem = "another part was sent than was asked for";
        return SKR_UPSTREAM_PROTOCOL;
    }
    if (length != wanted) {
        *problem = "the announced length is not that of the part";
        return SKR_UPSTREAM_PROTOCOL;
    }
    object->size_bytes = size;
    object->offset_bytes = first;
    object->length_bytes = wanted;
    return SKR_UPSTREAM_OK;
}

enum skr_upstream_outcome skr_answer_range(const struct skr_answer *answer, const struct skr_upstream_get *get,
                                           struct skr_upstream_object *object, const char **problem)
{
    uint64_t length;
    struct skr_bytes text = skr_answer_header(answer, "content-length");
    if (text.data == NULL || !skr_parse_u64(text, &length)) {
        *problem = "the body's length is not announced";
        return SKR_UPSTREAM_PROTOCOL;
    }
    if (get->conditions.if_match.size > 0 && object->etag.size > 0 &&
        !skr_bytes_equal(skr_etag_without_quotes(get->conditions.if_match), object->etag)) {
        *problem = "another version was sent than was asked for";
        return SKR_UPSTREAM_CHANGED;
    }
    if (answer->status == 206)
        return skr_check_part(answer, get, length, object, problem);
    /* RFC 9110 lets a server ignore a range; that is no harm when the whole is what the range asks for. */
    if (get->ranged && (get->offset_bytes > 0 || length > get->length_bytes)) {
        *problem = "the whole was sent where a part was asked for";
        return SKR_UPSTREAM_PROTOCOL;
    }
    object->offset_bytes = 0;
    object->size_bytes = object->length_bytes = length;
    return SKR_UPSTREAM_OK;
}

/* ---- what went wrong ---- */

static const struct {
    const char *code;
    enum skr_upstream_outcome outcome;
} skr_codes[] = {
    {"ContainerNotFound", SKR_UPSTREAM_CONTAINER_NOT_FOUND},
    {"ContainerBeingDeleted", SKR_UPSTREAM_CONTAINER_NOT_FOUND},
    {"ContainerDisabled", SKR_UPSTREAM_CONTAINER_NOT_FOUND},
    {"NoSuchBucket", SKR_UPSTREAM_CONTAINER_NOT_FOUND},
    {"BlobAlreadyExists", SKR_UPSTREAM_CONDITION_FAILED},
    {"ContainerAlreadyExists", SKR_UPSTREAM_CONDITION_FAILED},
    {"BucketAlreadyExists", SKR_UPSTREAM_CONDITION_FAILED},
    {"BucketAlreadyOwnedByYou", SKR_UPSTREAM_CONDITION_FAILED},
    {"SourceConditionNotMet", SKR_UPSTREAM_CONDITION_FAILED},
    {"TargetConditionNotMet", SKR_UPSTREAM_CONDITION_FAILED},
    {"Md5Mismatch", SKR_UPSTREAM_CHECKSUM_MISMATCH},
    {"BadDigest", SKR_UPSTREAM_CHECKSUM_MISMATCH},
    {"XAmzContentSHA256Mismatch", SKR_UPSTREAM_CHECKSUM_MISMATCH},
    {"ConditionalRequestConflict", SKR_UPSTREAM_UNAVAILABLE},
    {"OperationAborted", SKR_UPSTREAM_UNAVAILABLE},
    {"OperationTimedOut", SKR_UPSTREAM_UNAVAILABLE},
    {"InternalError", SKR_UPSTREAM_UNAVAILABLE},
    {"RequestTimeout", SKR_UPSTREAM_UNAVAILABLE},
    {"ServerBusy", SKR_UPSTREAM_THROTTLED},
    {"SlowDown", SKR_UPSTREAM_THROTTLED},
    {"InvalidObjectState", SKR_UPSTREAM_CONFLICT},
    {"PublicAccessNotPermitted", SKR_UPSTREAM_FORBIDDEN},
    {"InvalidAuthenticationInfo", SKR_UPSTREAM_FORBIDDEN},
    {"ExpiredToken", SKR_UPSTREAM_FORBIDDEN},
    {"InvalidToken", SKR_UPSTREAM_FORBIDDEN},
};

enum skr_upstream_outcome skr_answer_classify(int status, struct skr_bytes code)
{
    for (size_t i = 0; i < sizeof skr_codes / sizeof *skr_codes; i++)
        if (skr_bytes_equal(code, skr_text(skr_codes[i].code)))
            return skr_codes[i].outcome;
    switch (status) {
    case 304:
        return SKR_UPSTREAM_NOT_MODIFIED;
    case 401:
    case 403:
    case 407:
        return SKR_UPSTREAM_FORBIDDEN;
    case 404:
    case 410:
        return SKR_UPSTREAM_NOT_FOUND;
    case 408:
        return SKR_UPSTREAM_UNAVAILABLE;
    case 409:
        return SKR_UPSTREAM_CONFLICT;
    case 412:
        return SKR_UPSTREAM_CONDITION_FAILED;
    case 416:
        return SKR_UPSTREAM_INVALID_RANGE;
    case 429:
    case 503:
        return SKR_UPSTREAM_THROTTLED;
    case 501:
    case 505:
        return SKR_UPSTREAM_INVALID;
    default:
        return status >= 500 ? SKR_UPSTREAM_UNAVAILABLE : status >= 400 ? SKR_UPSTREAM_INVALID : SKR_UPSTREAM_PROTOCOL;
    }
}

bool skr_outcome_may_pass(enum skr_upstream_outcome outcome)
{
    switch (outcome) {
    case SKR_UPSTREAM_THROTTLED:
    case SKR_UPSTREAM_UNAVAILABLE:
    case SKR_UPSTREAM_TIMEOUT:
    case SKR_UPSTREAM_TRUNCATED:
    case SKR_UPSTREAM_PROTOCOL:
    case SKR_UPSTREAM_CHECKSUM_MISMATCH: /* bytes were altered on their way, or the MD5 is wrong: trying again tells */
        return true;
    default:
        return false;
    }
}

unsigned skr_answer_retry_after_ms(const struct skr_answer *answer, int64_t now_s)
{
    uint64_t value = 0;
    int64_t at_s;
    struct skr_bytes ms = skr_answer_header(answer, "x-ms-retry-after-ms"), text = skr_answer_header(answer, "retry-after");
    if (ms.data == NULL || !skr_parse_u64(ms, &value)) {
        value = 0;
        if (text.data != NULL && skr_parse_u64(text, &value))
            value = value > SKR_RETRY_AFTER_MOST_MS ? SKR_RETRY_AFTER_MOST_MS : value * 1000;
        else if (text.data != NULL && skr_http_date_parse(text, &at_s) && at_s > now_s)
            value = at_s - now_s > 3600 ? SKR_RETRY_AFTER_MOST_MS : (uint64_t)(at_s - now_s) * 1000;
        else
            value = 0;
    }
    return value > SKR_RETRY_AFTER_MOST_MS ? SKR_RETRY_AFTER_MOST_MS : (unsigned)value;
}

const char *skr_upstream_outcome_text(enum skr_upstream_outcome outcome)
{
    static const char *const text[SKR_UPSTREAM_OUTCOME_COUNT] = {
        "ok",
        "not_modified",
        "not_found",
        "container_not_found",
        "condition_failed",
        "invalid_range",
        "forbidden",
        "invalid",
        "conflict",
        "checksum_mismatch",
        "throttled",
        "unavailable",
        "timeout",
        "tls",
        "truncated",
        "changed",
        "protocol",
        "cancelled",
        "no_memory",
    };
    return (unsigned)outcome < SKR_UPSTREAM_OUTCOME_COUNT ? text[outcome] : "unknown";
}
