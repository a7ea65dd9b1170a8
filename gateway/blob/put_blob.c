/* Put Blob, and receiving a body for it and for blocks. */
#include "put_blob.h"
#include "call.h"
#include "tags.h"

/* ---- receiving ---- */

struct skr_body {
    struct skr_call *call;
    void (*done)(struct skr_call *call);
};

static void skr_body_ready(void *context)
{
    struct skr_call *call = context;
    skr_exchange_wake(call->exchange);
}

static size_t skr_body_write(void *context, const void *data, size_t size)
{
    struct skr_body *body = context;
    return skr_ingest_write(body->call->ingest, data, size);
}

static void skr_body_durable(void *context, const struct skr_result *result)
{
    struct skr_body *body = context;
    if (result->status == SKR_OK)
        body->done(body->call);
    else
        skr_call_fail_status(body->call, result->status);
}

static void skr_body_end(void *context)
{
    struct skr_body *body = context;
    struct skr_error error;
    enum skr_status status = skr_ingest_finish(body->call->ingest, &body->call->expected, skr_body_durable, body, &error);
    if (status == SKR_OK)
        body->done(body->call);
    else if (status != SKR_PENDING)
        skr_call_fail_status(body->call, status);
}

static void skr_body_abort(void *context)
{
    struct skr_body *body = context;
    skr_ingest_discard(body->call->ingest);
    body->call->ingest = NULL;
}

void skr_call_ingest(struct skr_call *call, const struct skr_object_name *block_of, bool md5, uint64_t limit,
                     void (*done)(struct skr_call *call))
{
    static const struct skr_body_sink sink = {skr_body_write, skr_body_end, skr_body_abort};
    struct skr_body *body = skr_arena_alloc(call->arena, sizeof *body);
    struct skr_error error;
    struct skr_ingest_options options = {
        .expected_size = skr_call_body_length(call),
        .md5 = md5 || call->expected.has_md5,
        .crc64 = call->expected.has_crc64 || !call->expected.has_md5,
        .block_of = block_of,
        .ready = skr_body_ready,
        .context = call,
    };
    if (options.expected_size != SKR_SIZE_ANY && options.expected_size > limit) {
        skr_call_fail_status(call, SKR_TOO_LARGE);
        return;
    }
    enum skr_status status = body == NULL ? SKR_NO_MEMORY : skr_ingest_open(call->worker, &options, &call->ingest, &error);
    if (status != SKR_OK) {
        call->ingest = NULL;
        skr_call_fail_status(call, status);
        return;
    }
    *body = (struct skr_body){call, done};
    skr_exchange_receive(call->exchange, &sink, body, limit);
}

/* ---- Put Blob ---- */

bool skr_call_begin_put(struct skr_call *call, bool plain_headers)
{
    struct skr_error error;
    call->put.name = call->name;
    call->put.conditions = &call->conditions;
    call->put.create_only = skr_principal_create_only(&call->principal);
    if (!skr_call_content_properties(call, plain_headers, call->put.properties) ||
        !skr_call_metadata(call, &call->put.metadata, &call->put.metadata_count) || !skr_call_tags_header(call))
        return false;
    enum skr_status status = skr_precheck(call->worker, &call->name, &call->conditions, call->put.create_only, &error);
    if (status != SKR_OK)
        skr_call_fail_status(call, status);
    return status == SKR_OK;
}

bool skr_call_blob_md5(struct skr_call *call)
{
    struct skr_bytes text = skr_call_header(call, "x-ms-blob-content-md5");
    call->put.has_md5 = text.size > 0;
    if (!call->put.has_md5 || skr_md5_parse(text, call->put.md5))
        return true;
    skr_call_refuse(call, SKR_BLOB_INVALID_MD5);
    return false;
}

static void skr_blob_stored(void *context, const struct skr_result *result)
{
    struct skr_call *call = context;
    if (!skr_call_settled(call, result))
        return;
    skr_call_common_headers(call);
    skr_call_etag_headers(call, result->object->etag, result->object->modified_ns);
    skr_call_version_headers(call, result->object, false);
    if (result->object->has_md5)
        skr_call_md5_header(call, "Content-MD5", result->object->md5);
    skr_exchange_header(call->exchange, "x-ms-request-server-encrypted", SKR_BYTES("false"));
    skr_call_reply(call, 201);
}

/* Clients of S3 can ask for it: the polynomial is the same. */
static void skr_keep_crc64(struct skr_put *put, const struct skr_digests *digests)
{
    if (!digests->has_crc64)
        return;
    put->checksum = (struct skr_checksum){.kind = SKR_CHECKSUM_CRC64NVME};
    put->checksum_form = SKR_CHECKSUM_FULL_OBJECT;
    for (int i = 0; i < 8; i++)
        put->checksum.bytes[i] = (uint8_t)(digests->crc64 >> (56 - 8 * i));
}

static void skr_blob_received(struct skr_call *call)
{
    struct skr_ingest *ingest = call->ingest;
    const struct skr_digests *digests = skr_ingest_digests(ingest);
    if (call->put.has_md5 && memcmp(call->put.md5, digests->md5, 16) != 0) {
        skr_call_fail_status(call, SKR_CHECKSUM_MISMATCH_MD5);
        return;
    }
    call->put.has_md5 = true;
    memcpy(call->put.md5, digests->md5, 16);
    skr_keep_crc64(&call->put, digests);
    call->ingest = NULL;
    skr_call_wait(call, skr_put_object(call->worker, &call->put, ingest, skr_blob_stored, call));
}

SKR_HANDLER(put_blob)
{
    struct skr_call *call = context;
    struct skr_bytes type = skr_call_header(call, "x-ms-blob-type");
    if (type.size == 0 || !(skr_bytes_equal(type, SKR_BYTES("BlockBlob")) || skr_bytes_equal(type, SKR_BYTES("PageBlob")) ||
                            skr_bytes_equal(type, SKR_BYTES("AppendBlob")))) {
        skr_call_fail_header(call, "x-ms-blob-type");
    } else if (!skr_bytes_equal(type, SKR_BYTES("BlockBlob"))) {
        skr_call_fail(call, SKR_BLOB_UNSUPPORTED_HEADER, "x-ms-blob-type", type, NULL);
    } else if (!call->request->has_content_length && !call->request->chunked) {
        skr_call_refuse(call, SKR_BLOB_LENGTH_REQUIRED);
    } else if (skr_call_digests(call, "content-md5", "x-ms-content-crc64", &call->expected) && skr_call_blob_md5(call) &&
               skr_call_begin_put(call, true)) {
        skr_call_ingest(call, NULL, true, call->operation->body_limit_bytes, skr_blob_received);
    }
}
