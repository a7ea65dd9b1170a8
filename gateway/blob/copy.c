/* Copy Blob, Put Blob From URL, Put Block From URL, Abort Copy. Sources are on this server: a copy is one more reference, done
 * when it is answered.
 */
#include <stdlib.h>

#include "blocks.h"
#include "put_blob.h"
#include "tags.h"

#define SKR_VERIFY_BYTES (1u << 20)

/* What is not there is the source. */
static enum skr_status skr_source_status(enum skr_status status)
{
    bool missing = status == SKR_OBJECT_NOT_FOUND || status == SKR_VERSION_NOT_FOUND || status == SKR_IS_DELETE_MARKER;
    return missing ? SKR_SOURCE_NOT_FOUND : status;
}

/* Ends the call with core's outcome when it failed: false. */
static bool skr_copy_settled(struct skr_call *call, const struct skr_result *result)
{
    struct skr_result outcome = *result;
    outcome.status = skr_source_status(result->status);
    return skr_call_settled(call, &outcome);
}

static void skr_copied(void *context, const struct skr_result *result)
{
    struct skr_call *call = context;
    if (!skr_copy_settled(call, result))
        return;
    skr_call_common_headers(call);
    skr_call_etag_headers(call, result->object->etag, result->object->modified_ns);
    skr_call_version_headers(call, result->object, false);
    if (call->put.properties[SKR_PROPERTY_COPY_ID].data != NULL) {
        skr_exchange_header(call->exchange, "x-ms-copy-id", call->put.properties[SKR_PROPERTY_COPY_ID]);
        skr_exchange_header(call->exchange, "x-ms-copy-status", SKR_BYTES("success"));
    } else {
        skr_exchange_header(call->exchange, "x-ms-request-server-encrypted", SKR_BYTES("false"));
    }
    bool at_once = call->http_status == 201 || skr_call_header(call, "x-ms-requires-sync").size > 0;
    if (result->object->has_md5 && at_once)
        skr_call_md5_header(call, "Content-MD5", result->object->md5);
    skr_call_reply(call, call->http_status);
}

static void skr_copy_start(struct skr_call *call)
{
    skr_call_wait(call, skr_copy_object(call->worker, &call->put, &call->source, call->take, skr_copied, call));
}

static void skr_copy_take(struct skr_call *call)
{
    call->take |= SKR_COPY_PROPERTIES;
    if (call->put.metadata_count == 0)
        call->take |= SKR_COPY_METADATA;
}

/* x-ms-copy-source-tag-option: REPLACE, where nothing is said too, by what x-ms-tags has; or COPY. False: answered. */
static bool skr_call_source_tags(struct skr_call *call)
{
    struct skr_bytes option = skr_call_header(call, "x-ms-copy-source-tag-option");
    if (option.size == 0 || skr_bytes_equal(option, SKR_BYTES("REPLACE")))
        return true;
    if (!skr_bytes_equal(option, SKR_BYTES("COPY"))) {
        skr_call_fail_header(call, "x-ms-copy-source-tag-option");
        return false;
    }
    if (call->put.tag_count > 0) {
        skr_call_refuse(call, SKR_BLOB_TAGS_AND_SOURCE_TAGS);
        return false;
    }
    if (!call->source_tags_allowed) {
        skr_call_refuse(call, SKR_BLOB_SOURCE_FORBIDDEN);
        return false;
    }
    call->take = SKR_COPY_TAGS;
    return skr_call_may_tag(call);
}

SKR_HANDLER(abort_copy)
{
    struct skr_call *call = context;
    struct skr_error error;
    if (skr_call_query(call, "copyid").size == 0) {
        skr_call_fail_query(call, "copyid", NULL);
        return;
    }
    if (!skr_bytes_equal_nocase(skr_call_header(call, "x-ms-copy-action"), SKR_BYTES("abort"))) {
        skr_call_fail_header(call, "x-ms-copy-action");
        return;
    }
    enum skr_status status =
        skr_open_object(call->worker, call->arena, &call->name, &call->conditions, &call->object, NULL, &error);
    if (status != SKR_OK)
        skr_call_fail_status(call, status);
    else
        skr_call_refuse(call, SKR_BLOB_NO_PENDING_COPY);
}

/* ---- comparing a source's bytes with a digest that the caller announces ---- */

struct skr_source_check {
    struct skr_call *call;
    struct skr_digests announced;
    struct skr_bytes etag;
    struct skr_md5 *md5;
    uint64_t crc64, offset, end;
    void (*done)(struct skr_call *call);
};

static void skr_source_continue(void *context);

static void skr_source_checked(struct skr_source_check *check)
{
    struct skr_call *call = check->call;
    uint8_t digest[16];
    skr_reader_close(call->reader);
    call->reader = NULL;
    if (check->announced.has_crc64 && check->crc64 != check->announced.crc64) {
        skr_md5_close(check->md5);
        skr_call_fail_status(call, SKR_CHECKSUM_MISMATCH_CRC64);
        return;
    }
    skr_md5_finish(check->md5, digest);
    skr_md5_close(check->md5);
    if (check->announced.has_md5 && memcmp(digest, check->announced.md5, 16) != 0)
        skr_call_fail_status(call, SKR_CHECKSUM_MISMATCH_MD5);
    else
        check->done(call);
}

static void skr_source_continue(void *context)
{
    struct skr_source_check *check = context;
    struct skr_call *call = check->call;
    while (check->offset < check->end) {
        uint64_t left = check->end - check->offset;
        ssize_t taken = skr_reader_read(call->reader, check->offset, call->range_bytes,
                                        left < SKR_VERIFY_BYTES ? (size_t)left : SKR_VERIFY_BYTES, skr_source_continue, check);
        if (taken == 0)
            return;
        if (taken < 0) {
            skr_md5_close(check->md5);
            skr_call_fail_status(call, SKR_CORRUPT);
            return;
        }
        skr_md5_update(check->md5, call->range_bytes, (size_t)taken);
        check->crc64 = skr_crc64(check->crc64, call->range_bytes, (size_t)taken);
        check->offset += (uint64_t)taken;
    }
    skr_source_checked(check);
}

/* The source is known. */
static void skr_source_open(void *context, enum skr_status status)
{
    struct skr_source_check *check = context;
    struct skr_call *call = check->call;
    struct skr_error error;
    call->preparation = NULL;
    if (status == SKR_OK)
        status = skr_md5_open(&check->md5, &error);
    if (status == SKR_OK)
        status = skr_open_object(call->worker, call->arena, &call->source.name, NULL, &call->object, &call->reader, &error);
    uint64_t size = call->object.content.size_bytes;
    if (status == SKR_OK && (call->source.offset > size ||
                             (call->source.length != SKR_SIZE_ANY && call->source.length > size - call->source.offset)))
        status = SKR_INVALID_RANGE;
    if (status != SKR_OK) {
        skr_md5_close(check->md5);
        skr_call_fail_status(call, status == SKR_CONTAINER_NOT_FOUND ? SKR_SOURCE_NOT_FOUND : skr_source_status(status));
        return;
    }
    check->etag = call->object.etag;
    if (call->source_conditions.if_match_count == 0) {
        call->source_conditions.if_match = &check->etag;
        call->source_conditions.if_match_count = 1;
    }
    check->offset = call->source.offset;
    check->end = call->source.length == SKR_SIZE_ANY ? size : call->source.offset + call->source.length;
    skr_source_continue(check);
}

/* Reads the source's range when a digest was announced for it, then goes on. The range then belongs to exactly the version that
 * was read: its ETag becomes a condition of the copy. */
static void skr_source_verify(struct skr_call *call, void (*done)(struct skr_call *call))
{
    struct skr_source_check *check = skr_arena_alloc_zero(call->arena, sizeof *check);
    struct skr_error error;
    if (check == NULL) {
        skr_call_fail_status(call, SKR_NO_MEMORY);
        return;
    }
    check->call = call;
    check->done = done;
    if (!skr_call_digests(call, "x-ms-source-content-md5", "x-ms-source-content-crc64", &check->announced))
        return;
    if (!check->announced.has_md5 && !check->announced.has_crc64) {
        done(call);
        return;
    }
    call->range_bytes = malloc(SKR_VERIFY_BYTES);
    enum skr_status status = call->range_bytes == NULL ? SKR_NO_MEMORY : SKR_OK;
    if (status == SKR_OK)
        status = skr_prepare_object(call->worker, &call->source.name, SKR_INTENT_LOOK, SKR_OFFSET_UNKNOWN, skr_source_open,
                                    check, &call->preparation, &error);
    if (status != SKR_PENDING)
        skr_source_open(check, status);
}

SKR_HANDLER(copy_blob)
{
    struct skr_call *call = context;
    struct skr_bytes sync =
        skr_call_header(call, "x-ms-requires-sync"); /* "Copy Blob From URL"; here a copy is done at once anyway */
    if (sync.size > 0 && !skr_bytes_equal_nocase(sync, SKR_BYTES("true")) &&
        !skr_bytes_equal_nocase(sync, SKR_BYTES("false"))) {
        skr_call_fail_header(call, "x-ms-requires-sync");
        return;
    }
    if (!skr_source_parse(call) || !skr_call_begin_put(call, false) || !skr_call_source_tags(call))
        return;
    call->put.properties[SKR_PROPERTY_COPY_ID] = skr_exchange_id(call->exchange);
    call->http_status = 202;
    skr_copy_take(call);
    skr_source_verify(call, skr_copy_start);
}

/* The bytes come from the source: Content-Length must be 0. False: answered. */
static bool skr_call_empty_body(struct skr_call *call)
{
    if (call->request->content_length == 0)
        return true;
    skr_call_fail_header(call, "content-length");
    return false;
}

SKR_HANDLER(put_blob_from_url)
{
    struct skr_call *call = context;
    struct skr_bytes type = skr_call_header(call, "x-ms-blob-type");
    struct skr_bytes keep = skr_call_header(call, "x-ms-copy-source-blob-properties");
    if (!skr_bytes_equal(type, SKR_BYTES("BlockBlob"))) {
        skr_call_fail_header(call, "x-ms-blob-type");
        return;
    }
    if (!skr_call_empty_body(call) || !skr_source_parse(call) || !skr_call_blob_md5(call) || !skr_call_begin_put(call, false) ||
        !skr_call_source_tags(call))
        return;
    call->put.properties[SKR_PROPERTY_COPY_SOURCE] = SKR_NO_BYTES;
    call->http_status = 201;
    if (!skr_bytes_equal_nocase(keep, SKR_BYTES("false"))) {
        skr_copy_take(call);
        for (size_t i = 0; i < SKR_PROPERTY_ACCESS_TIER; i++) /* what the request sets goes before what the source has */
            if (call->put.properties[i].data != NULL)
                call->take &= ~(unsigned)SKR_COPY_PROPERTIES;
    }
    skr_source_verify(call, skr_copy_start);
}

/* ---- Put Block From URL ---- */

static void skr_block_copied(void *context, const struct skr_result *result)
{
    struct skr_call *call = context;
    if (!skr_copy_settled(call, result))
        return;
    skr_call_block_headers(call, NULL);
    skr_call_reply(call, 201);
}

static void skr_block_from_start(struct skr_call *call)
{
    skr_call_wait(call, skr_put_block_from(call->worker, &call->name, call->block_name, &call->source, skr_block_copied, call));
}

/* x-ms-source-range: both ends are given. False: answered. */
static bool skr_call_source_range(struct skr_call *call)
{
    struct skr_bytes text = skr_call_header(call, "x-ms-source-range");
    struct skr_range range;
    if (text.data == NULL)
        return true;
    if (!skr_range_parse(text, &range) || range.kind == SKR_RANGE_SUFFIX) {
        skr_call_fail_header(call, "x-ms-source-range");
        return false;
    }
    call->source.offset = range.first;
    if (range.kind == SKR_RANGE_FROM_TO) /* SKR_SIZE_ANY is "to the end", not a length */
        call->source.length = range.last - range.first < SKR_SIZE_ANY - 1 ? range.last - range.first + 1 : SKR_SIZE_ANY - 1;
    return true;
}

SKR_HANDLER(put_block_from_url)
{
    struct skr_call *call = context;
    if (skr_call_block_id(call) && skr_call_empty_body(call) && skr_source_parse(call) && skr_call_source_range(call))
        skr_source_verify(call, skr_block_from_start);
}
