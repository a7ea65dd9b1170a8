/* S3: each operation as a request, and the documents in its answers. Path-style. Source: Amazon S3 API Reference.
 *
 * CompleteMultipartUpload and CopyObject answer 200 before they know how they end: an error may stand in the document.
 */
#include <stdio.h>

#include "skerry/encoding.h"
#include "skerry/hash.h"
#include "skerry/xml.h"
#include "upstream_private.h"

/* ---- requests ---- */

static void skr_s3_attributes(struct skr_message *message, const struct skr_upstream_attributes *attributes, bool tags)
{
    static const struct {
        const char *header;
        enum skr_property property;
    } headers[] = {
        {"content-type", SKR_PROPERTY_CONTENT_TYPE},         {"content-encoding", SKR_PROPERTY_CONTENT_ENCODING},
        {"content-language", SKR_PROPERTY_CONTENT_LANGUAGE}, {"content-disposition", SKR_PROPERTY_CONTENT_DISPOSITION},
        {"cache-control", SKR_PROPERTY_CACHE_CONTROL},       {"expires", SKR_PROPERTY_EXPIRES},
        {"x-amz-storage-class", SKR_PROPERTY_STORAGE_CLASS},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        skr_message_header_if(message, headers[i].header, attributes->properties[headers[i].property]);
    for (size_t i = 0; i < attributes->metadata_count; i++)
        skr_message_header_named(message, "x-amz-meta-", attributes->metadata[i].name,
                                 skr_header_text(message->arena, attributes->metadata[i].value));
    if (tags && attributes->tag_count > 0) {
        struct skr_bytes text = skr_tags_query(message->arena, attributes->tags, attributes->tag_count);
        skr_message_header(message, "x-amz-tagging", text.data == NULL ? SKR_BYTES("") : text);
    }
}

static void skr_s3_list(struct skr_message *message, const struct skr_upstream *upstream, const struct skr_upstream_list *list)
{
    char number[16];
    unsigned most = upstream->driver->limits.list_entries;
    snprintf(number, sizeof number, "%u", list->max == 0 || list->max > most ? most : list->max);
    message->path = upstream->url.base;
    skr_message_query(message, "list-type", SKR_BYTES("2"));
    skr_message_query(message, "encoding-type", SKR_BYTES("url"));
    skr_message_query(message, "max-keys", skr_text(number));
    skr_message_query_if(message, "prefix",
                         skr_arena_print(message->arena, "%.*s%.*s", SKR_PRINT(upstream->url.prefix), SKR_PRINT(list->prefix)));
    skr_message_query_if(message, "delimiter", list->delimiter);
    skr_message_query_if(message, "continuation-token", list->marker);
}

/* Where a bucket lies is told by those who are not in the first region, which is where one without a place goes. */
static void skr_s3_create_bucket(struct skr_message *message, const struct skr_upstream *upstream, struct skr_made *made)
{
    struct skr_xml xml;
    if (upstream->region.size == 0 || skr_bytes_equal(upstream->region, SKR_BYTES("us-east-1")) ||
        skr_bytes_equal(upstream->region, SKR_BYTES("auto")))
        return;
    skr_xml_open(&xml);
    skr_xml_begin(&xml, "CreateBucketConfiguration");
    skr_xml_element(&xml, "LocationConstraint", upstream->region);
    skr_xml_end(&xml, "CreateBucketConfiguration");
    made->document = xml.failed ? SKR_NO_BYTES : skr_arena_copy(message->arena, skr_xml_bytes(&xml));
    skr_xml_close(&xml);
    if (made->document.data == NULL)
        skr_message_problem(message, "no memory");
}

static void skr_s3_bucket(const struct skr_upstream *upstream, const struct skr_upstream_operation *operation,
                          struct skr_message *message, struct skr_made *made)
{
    message->path = upstream->url.base;
    message->method = operation->kind == SKR_OP_CREATE_CONTAINER ? "PUT" : "DELETE";
    if (operation->kind == SKR_OP_CREATE_CONTAINER)
        skr_s3_create_bucket(message, upstream, made);
    if (operation->kind != SKR_OP_LIST_CONTAINERS)
        return;
    message->method = "GET";
    skr_message_account(message, upstream);
    skr_message_query(message, "max-buckets", SKR_BYTES("1000"));
    skr_message_query_if(message, "continuation-token", operation->list->marker);
}

static void skr_s3_copy_from(struct skr_message *message, const struct skr_upstream *upstream, struct skr_bytes source,
                             struct skr_bytes if_match)
{
    struct skr_message other = {.arena = message->arena};
    skr_message_object(&other, upstream, source);
    if (other.problem != NULL)
        skr_message_problem(message, other.problem);
    skr_message_header(message, "x-amz-copy-source", other.path);
    if (if_match.size > 0)
        skr_message_header(message, "x-amz-copy-source-if-match", skr_quoted_etag(message->arena, if_match));
}

static void skr_s3_complete(struct skr_message *message, const struct skr_upstream_operation *operation, struct skr_made *made)
{
    struct skr_xml xml;
    skr_message_query(message, "uploadId", operation->upload);
    skr_xml_open(&xml);
    skr_xml_begin(&xml, "CompleteMultipartUpload");
    for (size_t i = 0; i < operation->part_count; i++) {
        struct skr_bytes etag = skr_quoted_etag(message->arena, operation->parts[i].part);
        skr_xml_begin(&xml, "Part");
        skr_xml_element_u64(&xml, "PartNumber", operation->parts[i].number);
        skr_xml_element(&xml, "ETag", etag.data == NULL ? SKR_BYTES("") : etag);
        skr_xml_end(&xml, "Part");
    }
    skr_xml_end(&xml, "CompleteMultipartUpload");
    made->document = xml.failed ? SKR_NO_BYTES : skr_arena_copy(message->arena, skr_xml_bytes(&xml));
    skr_xml_close(&xml);
    if (made->document.data == NULL)
        skr_message_problem(message, "no memory");
}

static void skr_s3_set_tags(struct skr_message *message, const struct skr_upstream_operation *operation, struct skr_made *made)
{
    uint8_t md5[16];
    skr_message_query(message, "tagging", SKR_NO_BYTES);
    if (operation->tag_count == 0) {
        message->method = "DELETE";
        return;
    }
    made->document = skr_tag_document(message->arena, "Tagging", operation->tags, operation->tag_count);
    if (made->document.data == NULL) {
        skr_message_problem(message, "no memory");
        return;
    }
    skr_md5_of(made->document.data, made->document.size, md5);
    skr_message_md5(message, "content-md5", md5);
}

static void skr_s3_part(struct skr_message *message, const struct skr_upstream_operation *operation)
{
    char number[16];
    snprintf(number, sizeof number, "%u", operation->number);
    if (operation->number == 0 || operation->number > SKR_MAX_PARTS)
        skr_message_problem(message, "the number of a part is 1 to 10000");
    skr_message_query(message, "partNumber", skr_text(number));
    skr_message_query(message, "uploadId", operation->upload);
    if (operation->body->md5 != NULL)
        skr_message_md5(message, "content-md5", operation->body->md5);
}

/* What has no method of its own yet is a PUT. */
static void skr_s3_object_request(const struct skr_upstream *upstream, const struct skr_upstream_operation *operation,
                                  struct skr_message *message, struct skr_made *made)
{
    switch (operation->kind) {
    case SKR_OP_GET:
        message->method = "GET";
        skr_message_range(message, operation->get);
        break;
    case SKR_OP_HEAD:
        message->method = "HEAD";
        break;
    case SKR_OP_GET_TAGS:
        message->method = "GET";
        skr_message_query(message, "tagging", SKR_NO_BYTES);
        break;
    case SKR_OP_PUT:
        skr_s3_attributes(message, operation->attributes, true);
        if (operation->body->md5 != NULL)
            skr_message_md5(message, "content-md5", operation->body->md5);
        break;
    case SKR_OP_BEGIN:
        message->method = "POST";
        skr_message_query(message, "uploads", SKR_NO_BYTES);
        skr_s3_attributes(message, operation->attributes, true);
        break;
    case SKR_OP_PART:
        skr_s3_part(message, operation);
        break;
    case SKR_OP_COMPLETE:
        message->method = "POST";
        skr_s3_complete(message, operation, made);
        break;
    case SKR_OP_ABORT:
        message->method = "DELETE";
        skr_message_query(message, "uploadId", operation->upload);
        break;
    case SKR_OP_DELETE:
        message->method = "DELETE";
        break;
    case SKR_OP_SET_METADATA:
    case SKR_OP_SET_PROPERTIES:
        skr_s3_copy_from(message, upstream, operation->key, operation->conditions.if_match);
        skr_message_header(message, "x-amz-metadata-directive", SKR_BYTES("REPLACE"));
        skr_s3_attributes(message, operation->attributes, false);
        break;
    case SKR_OP_SET_TAGS:
        skr_s3_set_tags(message, operation, made);
        break;
    case SKR_OP_COPY:
        skr_s3_copy_from(message, upstream, operation->source, operation->source_if_match);
        break;
    default: /* what is not about an object */
        break;
    }
}

static void skr_s3_build(const struct skr_upstream *upstream, const struct skr_upstream_operation *operation,
                         struct skr_message *message, struct skr_made *made)
{
    bool onto_itself = operation->kind == SKR_OP_SET_METADATA || operation->kind == SKR_OP_SET_PROPERTIES;
    if (operation->kind == SKR_OP_LIST) {
        message->method = "GET";
        skr_s3_list(message, upstream, operation->list);
        return;
    }
    if (skr_is_of_container(operation->kind)) {
        skr_s3_bucket(upstream, operation, message, made);
        return;
    }
    message->method = "PUT";
    skr_message_object(message, upstream, operation->key);
    if (!onto_itself) /* there the condition is one of the source */
        skr_message_conditions(message, &operation->conditions);
    skr_s3_object_request(upstream, operation, message, made);
}

/* ---- who we are ---- */

static bool skr_s3_sign(const struct skr_upstream *upstream, struct skr_message *message, uint64_t body_bytes,
                        const uint8_t *sha256, int64_t now_s)
{
    char hexadecimal[64];
    struct skr_bytes hash = SKR_BYTES("UNSIGNED-PAYLOAD");
    (void)body_bytes;
    if (upstream->credential != SKR_UPSTREAM_S3_KEYS)
        return true;
    if (sha256 != NULL) {
        skr_hex_encode(hexadecimal, sha256, 32);
        hash = (struct skr_bytes){hexadecimal, sizeof hexadecimal};
    }
    skr_message_header_if(message, "x-amz-security-token", upstream->session_token);
    return skr_sigv4_sign(message, upstream->url.authority, upstream->access_key, upstream->secret_key, upstream->region, hash,
                          now_s);
}

/* ---- answers ---- */

struct skr_s3_reading {
    struct skr_reading *out;
    bool fine;
};

/* An ETag may be missing: radosgw tells none when an upload is complete. */
static bool skr_visit_result(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_s3_reading *reading = context;
    struct skr_reading *out = reading->out;
    if (skr_bytes_equal(path, SKR_BYTES("CompleteMultipartUploadResult")) ||
        skr_bytes_equal(path, SKR_BYTES("CopyObjectResult")))
        reading->fine = true;
    if (!ends || text.data == NULL)
        return true;
    if (skr_bytes_equal(path, SKR_BYTES("InitiateMultipartUploadResult/UploadId"))) {
        out->upload = skr_arena_copy(out->arena, text);
        reading->fine = text.size > 0 && text.size <= 2048 && out->upload.data != NULL;
    } else if (skr_bytes_equal(path, SKR_BYTES("CompleteMultipartUploadResult/ETag")) ||
               skr_bytes_equal(path, SKR_BYTES("CopyObjectResult/ETag"))) {
        out->object.etag = skr_arena_copy(out->arena, skr_etag_without_quotes(text));
    }
    return true;
}

/* A document with a result, or with an error instead. */
static bool skr_s3_result(const struct skr_answer *answer, struct skr_reading *reading)
{
    struct skr_s3_reading state = {.out = reading};
    reading->code = skr_error_code(reading->arena, answer);
    if (reading->code.size > 0)
        return true;
    return skr_xml_parse((struct skr_bytes){answer->document, answer->document_size}, skr_visit_result, &state) && state.fine;
}

static bool skr_s3_read(const struct skr_upstream *upstream, enum skr_operation_kind kind, const struct skr_message *message,
                        const struct skr_answer *answer, struct skr_reading *reading)
{
    struct skr_bytes document = {answer->document, answer->document_size};
    (void)message;
    switch (kind) {
    case SKR_OP_LIST:
        return skr_s3_list_read(reading->arena, document, upstream->url.prefix, reading);
    case SKR_OP_LIST_CONTAINERS:
        return skr_s3_buckets_read(reading->arena, document, reading);
    case SKR_OP_GET_TAGS:
        return skr_tag_document_read(reading->arena, document, "Tagging", &reading->object);
    case SKR_OP_PART:
        reading->part = reading->object.etag;
        return reading->part.size > 0;
    case SKR_OP_BEGIN:
    case SKR_OP_COMPLETE:
    case SKR_OP_COPY:
    case SKR_OP_SET_METADATA:
    case SKR_OP_SET_PROPERTIES:
        return skr_s3_result(answer, reading);
    default:
        return true;
    }
}

const struct skr_driver skr_s3_driver = {
    .metadata_prefix = "x-amz-meta-",
    .encoded_words = true,
    .request_id_header = "x-amz-request-id",
    .limits = {.put_bytes = UINT64_C(5) << 30,
               .part_bytes = UINT64_C(5) << 30,
               .part_least_bytes = UINT64_C(5) << 20,
               .parts = SKR_MAX_PARTS,
               .list_entries = 1000},
    .build = skr_s3_build,
    .sign = skr_s3_sign,
    .read = skr_s3_read,
};
