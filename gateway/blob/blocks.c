/* Put Block and Put Block List. */
#include <stdlib.h>

#include "blocks.h"
#include "put_blob.h"
#include "skerry/xml.h"

bool skr_parse_block_id(struct skr_arena *arena, struct skr_bytes text, struct skr_bytes *name)
{
    size_t size;
    uint8_t *bytes = skr_arena_alloc(arena, SKR_MAX_BLOCK_NAME_BYTES + 2);
    if (bytes == NULL || !skr_base64_decode(text, bytes, SKR_MAX_BLOCK_NAME_BYTES, &size) || size == 0)
        return false;
    *name = (struct skr_bytes){(char *)bytes, size};
    return true;
}

bool skr_call_block_id(struct skr_call *call)
{
    struct skr_bytes id = skr_call_query(call, "blockid");
    uint8_t bytes[4 * SKR_MAX_BLOCK_NAME_BYTES];
    size_t size;
    if (id.size > 0 && skr_parse_block_id(call->arena, id, &call->block_name))
        return true;
    if (skr_base64_decode(id, bytes, sizeof bytes, &size) && size > SKR_MAX_BLOCK_NAME_BYTES)
        skr_call_refuse(call, SKR_BLOB_OUT_OF_RANGE_INPUT);
    else if (id.size == 0 && skr_request_query(call->request, "blockid") != NULL)
        skr_call_fail_status(call, SKR_INVALID_BLOCK_ID);
    else
        skr_call_fail_query(call, "blockid", "It is not base64 of 1 to 64 bytes.");
    return false;
}

void skr_call_block_headers(struct skr_call *call, const struct skr_digests *digests)
{
    skr_call_common_headers(call);
    if (call->expected.has_md5)
        skr_call_md5_header(call, "Content-MD5", call->expected.md5);
    else if (digests != NULL && digests->has_crc64)
        skr_call_crc64_header(call, digests->crc64);
    skr_exchange_header(call->exchange, "x-ms-request-server-encrypted", SKR_BYTES("false"));
}

static void skr_block_stored(void *context, const struct skr_result *result)
{
    struct skr_call *call = context;
    if (!skr_call_settled(call, result))
        return;
    skr_call_block_headers(call, &call->expected);
    skr_call_reply(call, 201);
}

static void skr_block_received(struct skr_call *call)
{
    struct skr_ingest *ingest = call->ingest;
    if (!call->expected.has_md5)
        call->expected = *skr_ingest_digests(ingest); /* what the answer tells */
    call->ingest = NULL;
    skr_call_wait(call, skr_put_block(call->worker, &call->name, call->block_name, ingest, skr_block_stored, call));
}

SKR_HANDLER(put_block)
{
    struct skr_call *call = context;
    struct skr_error error;
    if (!skr_call_block_id(call))
        return;
    if (!call->request->has_content_length) {
        skr_call_refuse(call, SKR_BLOB_LENGTH_REQUIRED);
        return;
    }
    if (call->request->content_length == 0) { /* the service takes no empty block */
        skr_call_fail(call, SKR_BLOB_INVALID_HEADER, "Content-Length", SKR_BYTES("0"), NULL);
        return;
    }
    if (!skr_call_digests(call, "content-md5", "x-ms-content-crc64", &call->expected))
        return;
    enum skr_status status = skr_precheck(call->worker, &call->name, NULL, false, &error);
    if (status != SKR_OK)
        skr_call_fail_status(call, status);
    else
        skr_call_ingest(call, &call->name, false, call->operation->body_limit_bytes, skr_block_received);
}

/* ---- Put Block List ---- */

static bool skr_visit_choice(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_choice_list *list = context;
    if (skr_bytes_equal(path, SKR_BYTES("BlockList")))
        return true;
    if (!ends || text.data == NULL || !skr_bytes_starts_with(path, SKR_BYTES("BlockList/")))
        return false;
    struct skr_bytes kind = {path.data + 10, path.size - 10};
    struct skr_block_choice choice = {.from = SKR_BLOCK_LATEST};
    if (skr_bytes_equal(kind, SKR_BYTES("Committed")))
        choice.from = SKR_BLOCK_COMMITTED;
    else if (skr_bytes_equal(kind, SKR_BYTES("Uncommitted")))
        choice.from = SKR_BLOCK_UNCOMMITTED;
    else if (!skr_bytes_equal(kind, SKR_BYTES("Latest")))
        return false;
    if (list->count == SKR_MAX_BLOCKS) {
        list->too_long = true;
        return false;
    }
    if (!skr_parse_block_id(list->arena, text, &choice.name)) {
        list->bad_id = true;
        return false;
    }
    if (list->count == list->capacity) {
        size_t capacity = list->capacity == 0 ? 64 : list->capacity * 2;
        struct skr_block_choice *grown = realloc(list->choices, capacity * sizeof *grown);
        if (grown == NULL)
            return false;
        list->choices = grown;
        list->capacity = capacity;
    }
    list->choices[list->count++] = choice;
    return true;
}

bool skr_block_list_parse(struct skr_arena *arena, struct skr_bytes document, struct skr_choice_list *list)
{
    *list = (struct skr_choice_list){.arena = arena};
    return skr_xml_parse(document, skr_visit_choice, list);
}

static void skr_list_committed(void *context, const struct skr_result *result)
{
    struct skr_call *call = context;
    if (!skr_call_settled(call, result))
        return;
    skr_call_common_headers(call);
    skr_call_etag_headers(call, result->object->etag, result->object->modified_ns);
    skr_call_version_headers(call, result->object, false);
    if (call->expected.has_md5)
        skr_call_md5_header(call, "Content-MD5", call->expected.md5);
    else
        skr_call_crc64_header(call, call->expected.crc64);
    skr_exchange_header(call->exchange, "x-ms-request-server-encrypted", SKR_BYTES("false"));
    skr_call_reply(call, 201);
}

bool skr_call_document_matches(struct skr_call *call, struct skr_bytes body)
{
    uint64_t crc64 = skr_crc64(0, body.data, body.size);
    uint8_t digest[16];
    if (call->expected.has_crc64 && crc64 != call->expected.crc64) {
        skr_call_fail_status(call, SKR_CHECKSUM_MISMATCH_CRC64);
        return false;
    }
    call->expected.crc64 = crc64;
    if (!call->expected.has_md5)
        return true;
    skr_md5_of(body.data, body.size, digest);
    if (memcmp(digest, call->expected.md5, sizeof digest) == 0)
        return true;
    skr_call_fail_status(call, SKR_CHECKSUM_MISMATCH_MD5);
    return false;
}

static void skr_list_received(void *context, struct skr_bytes body)
{
    struct skr_call *call = context;
    struct skr_choice_list list;
    if (!skr_call_document_matches(call, body))
        return;
    if (!skr_block_list_parse(call->arena, body, &list)) {
        if (list.too_long)
            skr_call_refuse(call, SKR_BLOB_BLOCK_LIST_TOO_LONG);
        else if (list.bad_id)
            skr_call_fail_status(call, SKR_INVALID_BLOCK_LIST);
        else
            skr_call_refuse(call, SKR_BLOB_INVALID_XML);
    } else {
        skr_call_wait(call, skr_commit_blocks(call->worker, &call->put, list.choices, list.count, skr_list_committed, call));
    }
    free(list.choices);
}

SKR_HANDLER(put_block_list)
{
    struct skr_call *call = context;
    if (!call->request->has_content_length && !call->request->chunked)
        skr_call_refuse(call, SKR_BLOB_LENGTH_REQUIRED);
    else if (skr_call_digests(call, "content-md5", "x-ms-content-crc64", &call->expected) && skr_call_blob_md5(call) &&
             skr_call_begin_put(call, false))
        skr_exchange_receive_all(call->exchange, (size_t)call->operation->body_limit_bytes, skr_list_received, call);
}
