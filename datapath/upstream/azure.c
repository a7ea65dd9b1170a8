/* Azure Blob: each operation as a request, and the documents in its answers. Source: Blob service REST API.
 *
 * An upload is a number of 16 random bytes, made here: nothing is sent to begin or to abort one. A block's id is the upload's
 * number, a word and the part's number in 48 bytes, which is also the size that azcopy and the SDKs of .NET and Java give
 * theirs: all uncommitted blocks of a blob must have ids of one size, also those that others left behind.
 */
#include <stdio.h>
#include <sys/random.h>

#include "skerry/encoding.h"
#include "skerry/tags.h"
#include "upstream_private.h"

#define SKR_UPLOAD_BYTES 16
#define SKR_BLOCK_ID_BYTES 48

/* ---- requests ---- */

static void skr_azure_properties(struct skr_message *message, const struct skr_upstream_attributes *attributes)
{
    static const struct {
        const char *header;
        enum skr_property property;
    } headers[] = {
        {"x-ms-blob-content-type", SKR_PROPERTY_CONTENT_TYPE},
        {"x-ms-blob-content-encoding", SKR_PROPERTY_CONTENT_ENCODING},
        {"x-ms-blob-content-language", SKR_PROPERTY_CONTENT_LANGUAGE},
        {"x-ms-blob-content-disposition", SKR_PROPERTY_CONTENT_DISPOSITION},
        {"x-ms-blob-cache-control", SKR_PROPERTY_CACHE_CONTROL},
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        skr_message_header_if(message, headers[i].header, attributes->properties[headers[i].property]);
    if (attributes->has_md5)
        skr_message_md5(message, "x-ms-blob-content-md5", attributes->md5);
}

static void skr_azure_metadata(struct skr_message *message, const struct skr_upstream_attributes *attributes)
{
    for (size_t i = 0; i < attributes->metadata_count; i++)
        skr_message_header_named(message, "x-ms-meta-", attributes->metadata[i].name, attributes->metadata[i].value);
}

/* What a new blob is made with. */
static void skr_azure_attributes(struct skr_message *message, const struct skr_upstream_attributes *attributes)
{
    skr_azure_properties(message, attributes);
    skr_azure_metadata(message, attributes);
    skr_message_header_if(message, "x-ms-access-tier", attributes->properties[SKR_PROPERTY_ACCESS_TIER]);
    if (attributes->tag_count > 0) {
        struct skr_bytes tags = skr_tags_query(message->arena, attributes->tags, attributes->tag_count);
        skr_message_header(message, "x-ms-tags", tags.data == NULL ? SKR_BYTES("") : tags);
    }
}

static void skr_azure_list(struct skr_message *message, const struct skr_upstream *upstream,
                           const struct skr_upstream_list *list)
{
    char number[16];
    snprintf(number, sizeof number, "%u", list->max == 0 ? upstream->driver->limits.list_entries : list->max);
    message->path = upstream->url.base;
    skr_message_query(message, "restype", SKR_BYTES("container"));
    skr_message_query(message, "comp", SKR_BYTES("list"));
    skr_message_query_if(message, "prefix",
                         skr_arena_print(message->arena, "%.*s%.*s", SKR_PRINT(upstream->url.prefix), SKR_PRINT(list->prefix)));
    skr_message_query_if(message, "delimiter", list->delimiter);
    skr_message_query_if(message, "marker", list->marker);
    skr_message_query(message, "maxresults", skr_text(number));
    if (list->metadata || list->tags)
        skr_message_query(message, "include",
                          skr_text(list->metadata && list->tags ? "metadata,tags"
                                   : list->metadata             ? "metadata"
                                                                : "tags"));
}

static void skr_azure_container(struct skr_message *message, const struct skr_upstream *upstream,
                                const struct skr_upstream_operation *operation)
{
    message->path = upstream->url.base;
    if (operation->kind != SKR_OP_LIST_CONTAINERS) {
        skr_message_query(message, "restype", SKR_BYTES("container"));
        return;
    }
    skr_message_account(message, upstream);
    skr_message_query(message, "comp", SKR_BYTES("list"));
    skr_message_query_if(message, "marker", operation->list->marker);
}

/* The upload's hexadecimal name, 32 characters, then "-skerry-" and the number in 8 digits: 48 in all. */
static struct skr_bytes skr_azure_block_id(struct skr_arena *arena, struct skr_bytes upload, unsigned number)
{
    char id[SKR_BLOCK_ID_BYTES + 1], encoded[SKR_BASE64_SIZE(SKR_BLOCK_ID_BYTES)];
    snprintf(id, sizeof id, "%.*s-skerry-%08u", 2 * SKR_UPLOAD_BYTES, upload.data, number % 100000000);
    skr_base64_encode(encoded, id, SKR_BLOCK_ID_BYTES);
    return skr_arena_copy(arena, (struct skr_bytes){encoded, sizeof encoded});
}

static void skr_azure_begin(struct skr_message *message, struct skr_made *made)
{
    uint8_t number[SKR_UPLOAD_BYTES];
    char text[2 * SKR_UPLOAD_BYTES];
    if (getrandom(number, sizeof number, 0) != (ssize_t)sizeof number)
        skr_message_problem(message, "no random numbers");
    skr_hex_encode(text, number, sizeof number);
    made->upload = skr_arena_copy(message->arena, (struct skr_bytes){text, sizeof text});
    made->local = true;
}

static bool skr_azure_is_upload(struct skr_message *message, struct skr_bytes upload)
{
    uint8_t number[SKR_UPLOAD_BYTES];
    bool fine = skr_hex_decode(upload, number, sizeof number);
    if (!fine)
        skr_message_problem(message, "an upload that was not begun here");
    return fine;
}

static void skr_azure_part(struct skr_message *message, const struct skr_upstream_operation *operation, struct skr_made *made)
{
    if (!skr_azure_is_upload(message, operation->upload))
        return;
    made->part = skr_azure_block_id(message->arena, operation->upload, operation->number);
    skr_message_query(message, "comp", SKR_BYTES("block"));
    skr_message_query(message, "blockid", made->part);
}

static void skr_azure_complete(struct skr_message *message, const struct skr_upstream_operation *operation,
                               struct skr_made *made)
{
    struct skr_xml xml;
    if (operation->part_count > SKR_MAX_BLOCKS)
        skr_message_problem(message, "too many parts");
    skr_message_query(message, "comp", SKR_BYTES("blocklist"));
    skr_azure_attributes(message, operation->attributes);
    skr_xml_open(&xml);
    skr_xml_begin(&xml, "BlockList");
    for (size_t i = 0; i < operation->part_count; i++)
        skr_xml_element(&xml, "Latest", operation->parts[i].part);
    skr_xml_end(&xml, "BlockList");
    made->document = xml.failed ? SKR_NO_BYTES : skr_arena_copy(message->arena, skr_xml_bytes(&xml));
    skr_xml_close(&xml);
    if (made->document.data == NULL)
        skr_message_problem(message, "no memory");
}

static void skr_azure_copy(struct skr_message *message, const struct skr_upstream *upstream,
                           const struct skr_upstream_operation *operation)
{
    struct skr_message source = {.arena = message->arena};
    skr_message_object(&source, upstream, operation->source);
    if (source.problem != NULL)
        skr_message_problem(message, source.problem);
    struct skr_bytes url = skr_arena_print(message->arena, "%s://%.*s%.*s%s%.*s", upstream->url.tls ? "https" : "http",
                                           SKR_PRINT(upstream->url.authority), SKR_PRINT(source.path),
                                           upstream->sas.size > 0 ? "?" : "", SKR_PRINT(upstream->sas));
    skr_message_header(message, "x-ms-copy-source", url);
    skr_wipe(url);
    if (operation->source_if_match.size > 0)
        skr_message_header(message, "x-ms-source-if-match", skr_quoted_etag(message->arena, operation->source_if_match));
}

static void skr_azure_tags(struct skr_message *message, const struct skr_upstream_operation *operation, struct skr_made *made)
{
    skr_message_query(message, "comp", SKR_BYTES("tags"));
    made->document = skr_tag_document(message->arena, "Tags", operation->tags, operation->tag_count);
    if (made->document.data == NULL)
        skr_message_problem(message, "no memory");
}

static const char *skr_azure_method(enum skr_operation_kind kind)
{
    switch (kind) {
    case SKR_OP_GET:
    case SKR_OP_LIST:
    case SKR_OP_GET_TAGS:
    case SKR_OP_LIST_CONTAINERS:
        return "GET";
    case SKR_OP_HEAD:
        return "HEAD";
    case SKR_OP_DELETE:
    case SKR_OP_DELETE_CONTAINER:
        return "DELETE";
    default:
        return "PUT";
    }
}

static void skr_azure_body_md5(struct skr_message *message, const struct skr_upstream_operation *operation)
{
    if (operation->body->md5 != NULL)
        skr_message_md5(message, "content-md5", operation->body->md5);
}

static void skr_azure_build(const struct skr_upstream *upstream, const struct skr_upstream_operation *operation,
                            struct skr_message *message, struct skr_made *made)
{
    message->method = skr_azure_method(operation->kind);
    if (operation->kind == SKR_OP_LIST) {
        skr_azure_list(message, upstream, operation->list);
        return;
    }
    if (skr_is_of_container(operation->kind)) {
        skr_azure_container(message, upstream, operation);
        return;
    }
    skr_message_object(message, upstream, operation->key);
    skr_message_conditions(message, &operation->conditions);
    switch (operation->kind) {
    case SKR_OP_GET:
        skr_message_range(message, operation->get);
        break;
    case SKR_OP_GET_TAGS:
        skr_message_query(message, "comp", SKR_BYTES("tags"));
        break;
    case SKR_OP_PUT:
        skr_message_header(message, "x-ms-blob-type", SKR_BYTES("BlockBlob"));
        skr_azure_attributes(message, operation->attributes);
        skr_azure_body_md5(message, operation);
        break;
    case SKR_OP_BEGIN:
        skr_azure_begin(message, made);
        break;
    case SKR_OP_PART:
        skr_azure_part(message, operation, made);
        skr_azure_body_md5(message, operation);
        break;
    case SKR_OP_COMPLETE:
        if (skr_azure_is_upload(message, operation->upload))
            skr_azure_complete(message, operation, made);
        break;
    case SKR_OP_ABORT:
        made->local = true;
        break;
    case SKR_OP_SET_METADATA:
        skr_message_query(message, "comp", SKR_BYTES("metadata"));
        skr_azure_metadata(message, operation->attributes);
        break;
    case SKR_OP_SET_PROPERTIES:
        skr_message_query(message, "comp", SKR_BYTES("properties"));
        skr_azure_properties(message, operation->attributes);
        break;
    case SKR_OP_SET_TAGS:
        skr_azure_tags(message, operation, made);
        break;
    case SKR_OP_COPY:
        skr_azure_copy(message, upstream, operation);
        break;
    default: /* HEAD, DELETE */
        break;
    }
}

/* ---- who we are ---- */

static bool skr_azure_sign(const struct skr_upstream *upstream, struct skr_message *message, uint64_t body_bytes,
                           const uint8_t *sha256, int64_t now_s)
{
    char date[SKR_HTTP_DATE_SIZE], token[SKR_UPSTREAM_TOKEN_SIZE];
    struct skr_bytes authorization;
    (void)sha256;
    skr_http_date_format(date, now_s);
    skr_message_header(message, "x-ms-date", (struct skr_bytes){date, sizeof date});
    skr_message_header(message, "x-ms-version", SKR_BYTES(SKR_UPSTREAM_BLOB_VERSION));
    switch (upstream->credential) {
    case SKR_UPSTREAM_ACCOUNT_KEY:
        authorization = skr_shared_key_authorization(message, upstream->account, upstream->key, body_bytes);
        break;
    case SKR_UPSTREAM_TOKEN:
        token[0] = '\0';
        if (!upstream->token_provider->token(upstream->token_provider, token, sizeof token))
            return false;
        token[sizeof token - 1] = '\0';
        authorization = skr_arena_print(message->arena, "Bearer %s", token);
        skr_wipe((struct skr_bytes){token, sizeof token});
        break;
    default: /* anonymous; a SAS goes into the URL */
        return true;
    }
    if (authorization.data == NULL)
        return false;
    skr_message_header(message, "authorization", authorization);
    skr_wipe(authorization);
    return true;
}

/* ---- answers ---- */

static bool skr_azure_read(const struct skr_upstream *upstream, enum skr_operation_kind kind, const struct skr_message *message,
                           const struct skr_answer *answer, struct skr_reading *reading)
{
    struct skr_bytes document = {answer->document, answer->document_size};
    (void)message;
    switch (kind) {
    case SKR_OP_LIST:
        return skr_azure_list_read(reading->arena, document, upstream->url.prefix, reading);
    case SKR_OP_LIST_CONTAINERS:
        return skr_azure_containers_read(reading->arena, document, reading);
    case SKR_OP_GET_TAGS:
        return skr_tag_document_read(reading->arena, document, "Tags", &reading->object);
    default:
        return true;
    }
}

const struct skr_driver skr_azure_driver = {
    .metadata_prefix = "x-ms-meta-",
    .has_md5 = true,
    .request_id_header = "x-ms-request-id",
    .limits = {.put_bytes = UINT64_C(5000) << 20,
               .part_bytes = UINT64_C(4000) << 20,
               .part_least_bytes = 1,
               .parts = SKR_MAX_BLOCKS,
               .list_entries = 5000},
    .build = skr_azure_build,
    .sign = skr_azure_sign,
    .read = skr_azure_read,
};
