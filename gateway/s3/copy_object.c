/* CopyObject and RenameObject: by reference, in constant time at any size. */
#include "objects.h"

struct skr_s3_copy {
    struct skr_put put;
    struct skr_s3_source source;
    unsigned take;
};

/* ---- CopyObject ---- */

static void skr_s3_copied(void *context, const struct skr_result *result)
{
    struct skr_s3_call *call = context;
    const struct skr_s3_copy *copy = call->state;
    const struct skr_object *object = result->object;
    struct skr_xml xml;
    call->pending = NULL;
    if (result->status != SKR_OK) {
        skr_s3_fail_write(call, result->status);
        return;
    }
    skr_s3_xml_open(&xml, "CopyObjectResult");
    skr_s3_xml_date(&xml, "LastModified", object->modified_ns);
    skr_s3_xml_etag(&xml, object->etag);
    if (object->checksum.kind != SKR_CHECKSUM_NONE) {
        skr_xml_element(&xml, "ChecksumType",
                        object->checksum_form == SKR_CHECKSUM_COMPOSITE ? SKR_BYTES("COMPOSITE") : SKR_BYTES("FULL_OBJECT"));
        skr_s3_xml_checksum(
            &xml, &object->checksum,
            skr_s3_checksum_text(call->arena, &object->checksum, object->checksum_form, object->content.block_count));
    }
    skr_xml_end(&xml, "CopyObjectResult");
    skr_s3_version_header(call, "x-amz-copy-source-version-id", &copy->source.object);
    skr_s3_version_header(call, "x-amz-version-id", object);
    skr_s3_send_xml(call, 200, &xml);
}

static void skr_s3_copy_start(struct skr_s3_call *call)
{
    struct skr_s3_copy *copy = call->state;
    skr_s3_wait(call, skr_copy_object(call->worker, &copy->put, &copy->source.copy, copy->take, skr_s3_copied, call));
}

static void skr_s3_copy_digested(struct skr_s3_call *call, const uint8_t md5[16], const struct skr_checksum *checksum)
{
    struct skr_s3_copy *copy = call->state;
    (void)md5;
    copy->put.checksum = *checksum;
    copy->put.checksum_form = SKR_CHECKSUM_FULL_OBJECT;
    skr_s3_copy_start(call);
}

/* COPY or REPLACE. False: answered. */
static bool skr_s3_directive(struct skr_s3_call *call, const char *header, const char *message, bool *replace)
{
    struct skr_bytes text = skr_s3_header(call, header);
    *replace = skr_bytes_equal(text, SKR_BYTES("REPLACE"));
    if (text.size == 0 || *replace || skr_bytes_equal(text, SKR_BYTES("COPY")))
        return true;
    skr_s3_fail_argument(call, message, header, text);
    return false;
}

/* False: answered. */
static bool skr_s3_copy_take(struct skr_s3_call *call, struct skr_s3_copy *copy)
{
    bool replace_metadata, replace_tags;
    if (!skr_s3_directive(call, "x-amz-metadata-directive", "Unknown metadata directive.", &replace_metadata) ||
        !skr_s3_directive(call, "x-amz-tagging-directive", "Unknown tagging directive.", &replace_tags))
        return false;
    copy->take = (replace_metadata ? 0 : SKR_COPY_PROPERTIES | SKR_COPY_METADATA) | (replace_tags ? 0 : SKR_COPY_TAGS);
    return true;
}

/* Onto itself, and everything stays as it is: the service takes that for a mistake. */
static bool skr_s3_copy_changes_nothing(struct skr_s3_call *call, const struct skr_s3_copy *copy)
{
    const struct skr_object_name *from = &copy->source.copy.name, *to = &copy->put.name;
    return skr_bytes_equal(from->account, to->account) && skr_bytes_equal(from->container, to->container) &&
           skr_bytes_equal(from->key, to->key) && !from->version.is_given && (copy->take & SKR_COPY_METADATA) &&
           skr_s3_header(call, "x-amz-storage-class").size == 0 &&
           skr_s3_header(call, "x-amz-website-redirect-location").size == 0 &&
           skr_s3_header(call, "x-amz-checksum-algorithm").size == 0;
}

/* The kind that the request asks for, where the source has another. False: answered. */
static bool skr_s3_copy_checksum(struct skr_s3_call *call, const struct skr_object *source, enum skr_checksum_kind *kind)
{
    struct skr_bytes text = skr_s3_header(call, "x-amz-checksum-algorithm");
    *kind = skr_s3_checksum_kind(text);
    if (text.size > 0 && *kind == SKR_CHECKSUM_NONE) {
        skr_s3_unknown_algorithm(call);
        return false;
    }
    if (*kind == source->checksum.kind && source->checksum_form == SKR_CHECKSUM_FULL_OBJECT)
        *kind = SKR_CHECKSUM_NONE;
    return true;
}

SKR_S3_HANDLER(copy_object)
{
    struct skr_s3_call *call = context;
    struct skr_s3_copy *copy = skr_arena_alloc_zero(call->arena, sizeof *copy);
    enum skr_checksum_kind kind;
    if (copy == NULL) {
        skr_s3_fail_status(call, SKR_NO_MEMORY);
        return;
    }
    call->state = copy;
    if (!skr_s3_copy_take(call, copy) || !skr_s3_begin_put(call, &copy->put) || !skr_s3_find_source(call, &copy->source) ||
        !skr_s3_copy_checksum(call, &copy->source.object, &kind))
        return;
    copy->put.etag_kind = SKR_ETAG_KEEP;
    if (skr_s3_copy_changes_nothing(call, copy)) {
        skr_s3_invalid_request(
            call, "This copy request is illegal because it is trying to copy an object to itself without changing the "
                  "object's metadata, storage class, website redirect location or encryption attributes.");
    } else if (kind == SKR_CHECKSUM_NONE) {
        skr_s3_copy_start(call);
    } else {
        copy->source.copy.length = copy->source.object.content.size_bytes;
        skr_s3_digest_source(call, &copy->source, kind, skr_s3_copy_digested);
    }
}

/* ---- RenameObject ---- */

static void skr_s3_renamed(void *context, const struct skr_result *result)
{
    struct skr_s3_call *call = context;
    call->pending = NULL;
    if (result->status != SKR_OK) {
        skr_s3_fail_write(call, result->status);
        return;
    }
    skr_s3_common_headers(call);
    skr_s3_reply(call, 200);
}

/* A key of this bucket, percent-encoded; or "/bucket/key". False: answered. */
static bool skr_s3_rename_source(struct skr_s3_call *call, struct skr_object_name *name)
{
    struct skr_bytes text = skr_s3_header(call, "x-amz-rename-source"), key, bucket = call->target.container;
    *name = call->name;
    name->version = (struct skr_version){.is_given = false};
    bool fine = text.size > 0 && skr_percent_decode(call->arena, text, false, &key) && skr_is_utf8(key) && key.size > 0 &&
                memchr(key.data, '\0', key.size) == NULL;
    if (fine && key.data[0] == '/') {
        fine = key.size > bucket.size + 2 && skr_bytes_starts_with((struct skr_bytes){key.data + 1, key.size - 1}, bucket) &&
               key.data[bucket.size + 1] == '/';
        if (fine)
            key = (struct skr_bytes){key.data + bucket.size + 2, key.size - bucket.size - 2};
    }
    if (fine && key.size <= SKR_S3_MAX_KEY_BYTES) {
        name->key = key;
        return true;
    }
    skr_s3_fail_argument(call, "The source of a rename is a key of the same bucket.", "x-amz-rename-source", text);
    return false;
}

/* Renaming twice fails or does nothing, so the token has nothing to do; its form is checked. False: answered. */
static bool skr_s3_client_token(struct skr_s3_call *call)
{
    struct skr_bytes token = skr_s3_header(call, "x-amz-client-token");
    bool fine = token.size <= 64;
    for (size_t i = 0; i < token.size && fine; i++)
        fine = token.data[i] > ' ' && token.data[i] < 0x7F;
    if (!fine)
        skr_s3_fail_argument(call, "A client token has at most 64 characters of ASCII.", "x-amz-client-token", token);
    return fine;
}

SKR_S3_HANDLER(rename_object)
{
    static const char *const names[4] = {"x-amz-rename-source-if-match", "x-amz-rename-source-if-none-match",
                                         "x-amz-rename-source-if-modified-since", "x-amz-rename-source-if-unmodified-since"};
    struct skr_s3_call *call = context;
    struct skr_conditions conditions;
    struct skr_copy_source source = {.conditions = &conditions, .length = SKR_SIZE_ANY};
    if (!skr_s3_bucket_exists(call) || !skr_s3_makes_a_version(call) || !skr_s3_rename_source(call, &source.name) ||
        !skr_s3_client_token(call))
        return;
    if (!skr_s3_conditions_of(call, names, false, &conditions))
        return;
    if (skr_bytes_equal(source.name.key, call->name.key))
        skr_s3_invalid_request(call, "An object cannot be renamed to the name that it has.");
    else
        skr_s3_wait(call, skr_rename_object(call->worker, &source, &call->name, &call->conditions, skr_s3_renamed, call));
}
