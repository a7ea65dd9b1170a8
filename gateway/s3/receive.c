/* Receiving a body: from the wire through the payload's decoder, which verifies signatures and hashes, to flash or into a small
 * buffer. Nothing is given a name before the decoder, the digests and flash have all said that it is whole. */
#include <stdio.h>
#include <stdlib.h>

#include "call.h"

/* ---- what the request announces ---- */

static bool skr_s3_trailer_checksum(struct skr_s3_call *call, enum skr_checksum_kind *kind)
{
    struct skr_bytes trailer = skr_s3_header(call, "x-amz-trailer");
    *kind = SKR_CHECKSUM_NONE;
    for (int i = SKR_CHECKSUM_CRC32; trailer.size > 0 && i < SKR_CHECKSUM_KIND_COUNT; i++)
        if (skr_bytes_equal_nocase(trailer, skr_text(skr_s3_checksum_header((enum skr_checksum_kind)i))))
            *kind = (enum skr_checksum_kind)i;
    if (trailer.size == 0 || *kind != SKR_CHECKSUM_NONE) {
        call->incoming.trailer = trailer;
        return true;
    }
    skr_s3_fail(call, SKR_S3_INVALID_REQUEST, "The value specified in the x-amz-trailer header is not supported",
                SKR_S3_NO_DETAIL, SKR_S3_NO_DETAIL);
    return false;
}

/* A checksum of a kind that this server does not compute must not pass for compared. False: answered. */
static bool skr_s3_checksums_known(struct skr_s3_call *call)
{
    static const struct skr_bytes prefix = {"x-amz-checksum-", 15};
    struct skr_name_value header;
    for (size_t i = 0; skr_s3_next_header(call, i, &header); i++) {
        struct skr_bytes name = header.name;
        if (name.size == prefix.size || !skr_bytes_starts_with_nocase(name, prefix))
            continue;
        struct skr_bytes rest = {name.data + prefix.size, name.size - prefix.size};
        if (skr_s3_checksum_kind(rest) != SKR_CHECKSUM_NONE || skr_bytes_equal_nocase(rest, SKR_BYTES("algorithm")) ||
            skr_bytes_equal_nocase(rest, SKR_BYTES("type")) || skr_bytes_equal_nocase(rest, SKR_BYTES("mode")))
            continue;
        skr_s3_fail(call, SKR_S3_NOT_IMPLEMENTED, NULL, (struct skr_s3_detail){"Header", name}, SKR_S3_NO_DETAIL);
        return false;
    }
    return true;
}

static bool skr_s3_refuse_two_checksums(struct skr_s3_call *call)
{
    skr_s3_fail(call, SKR_S3_INVALID_REQUEST,
                "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.", SKR_S3_NO_DETAIL,
                SKR_S3_NO_DETAIL);
    return false;
}

static bool skr_s3_header_checksum(struct skr_s3_call *call, struct skr_checksum *out)
{
    size_t found = 0;
    if (!skr_s3_checksums_known(call))
        return false;
    for (int kind = SKR_CHECKSUM_CRC32; kind < SKR_CHECKSUM_KIND_COUNT; kind++) {
        const char *header = skr_s3_checksum_header((enum skr_checksum_kind)kind);
        struct skr_bytes text = skr_s3_header(call, header);
        if (text.data == NULL)
            continue;
        if (++found > 1)
            return skr_s3_refuse_two_checksums(call);
        if (!skr_s3_checksum_parse((enum skr_checksum_kind)kind, text, out)) {
            char message[96];
            snprintf(message, sizeof message, "Value for %s header is invalid.", header);
            skr_s3_fail(call, SKR_S3_INVALID_REQUEST, message, SKR_S3_NO_DETAIL, SKR_S3_NO_DETAIL);
            return false;
        }
    }
    return true;
}

/* The algorithm that an SDK names must be that of the checksum which it sends. In a URL it stands for what was known when that
 * was signed, which was no checksum. */
static bool skr_s3_sdk_algorithm(struct skr_s3_call *call, enum skr_checksum_kind sent)
{
    static const char name[] = "x-amz-sdk-checksum-algorithm";
    struct skr_bytes algorithm = skr_s3_header(call, name);
    enum skr_checksum_kind kind = skr_s3_checksum_kind(algorithm);
    bool in_header = skr_request_header(call->request, name).size > 0;
    const char *message = NULL;
    if (in_header && kind != SKR_CHECKSUM_NONE && sent == SKR_CHECKSUM_NONE)
        message = "x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were "
                  "found.";
    else if (algorithm.size > 0 && (kind == SKR_CHECKSUM_NONE || (in_header && kind != sent)))
        message = "Value for x-amz-sdk-checksum-algorithm header is invalid.";
    if (message != NULL)
        skr_s3_fail(call, SKR_S3_INVALID_REQUEST, message, SKR_S3_NO_DETAIL, SKR_S3_NO_DETAIL);
    return message == NULL;
}

bool skr_s3_expected_digests(struct skr_s3_call *call)
{
    struct skr_digests *expected = &call->incoming.expected;
    struct skr_bytes md5 = skr_s3_header(call, "content-md5");
    enum skr_checksum_kind in_trailer;
    *expected = (struct skr_digests){.has_md5 = md5.data != NULL};
    if (expected->has_md5 && !skr_md5_parse(md5, expected->md5)) {
        skr_s3_fail(call, SKR_S3_INVALID_DIGEST, NULL, (struct skr_s3_detail){"Content-MD5", md5}, SKR_S3_NO_DETAIL);
        return false;
    }
    if (!skr_s3_header_checksum(call, &expected->checksum) || !skr_s3_trailer_checksum(call, &in_trailer))
        return false;
    if (in_trailer != SKR_CHECKSUM_NONE && expected->checksum.kind != SKR_CHECKSUM_NONE)
        return skr_s3_refuse_two_checksums(call);
    if (in_trailer != SKR_CHECKSUM_NONE)
        expected->checksum = (struct skr_checksum){.kind = in_trailer};
    return skr_s3_sdk_algorithm(call, expected->checksum.kind);
}

uint64_t skr_s3_body_length(const struct skr_s3_call *call)
{
    if (call->payload.has_decoded_length)
        return call->payload.decoded_length;
    return call->request->has_content_length ? call->request->content_length : SKR_SIZE_ANY;
}

/* ---- the sink ---- */

static void skr_s3_ingest_ready(void *context)
{
    struct skr_s3_call *call = context;
    skr_exchange_wake(call->exchange);
}

size_t skr_s3_receive_bytes(struct skr_s3_call *call, const void *data, size_t size)
{
    struct skr_s3_incoming *incoming = &call->incoming;
    size_t taken = skr_ingest_write(incoming->ingest, data, size);
    if (incoming->verifier != NULL)
        skr_checksummer_update(incoming->verifier, data, taken);
    return taken;
}

static size_t skr_s3_to_flash(void *context, const void *data, size_t size)
{
    return skr_s3_receive_bytes(context, data, size);
}

static size_t skr_s3_to_document(void *context, const void *data, size_t size)
{
    struct skr_s3_incoming *incoming = &((struct skr_s3_call *)context)->incoming;
    if (incoming->too_large || size > incoming->document_limit - incoming->document_size) {
        incoming->too_large = true;
        return size;
    }
    char *grown = realloc(incoming->document, incoming->document_size + size + 1);
    if (grown == NULL) {
        incoming->too_large = true;
        return size;
    }
    incoming->document = grown;
    memcpy(grown + incoming->document_size, data, size);
    incoming->document_size += size;
    return size;
}

static size_t skr_s3_sink_write(void *context, const void *data, size_t size)
{
    struct skr_s3_call *call = context;
    return skr_s3_body_decode(call->incoming.body, data, size, call->incoming.write, call);
}

static void skr_s3_sink_abort(void *context)
{
    struct skr_s3_call *call = context;
    skr_ingest_discard(call->incoming.ingest);
    call->incoming.ingest = NULL;
}

/* The checksum that came behind the body. False: answered. */
static bool skr_s3_take_trailer(struct skr_s3_call *call)
{
    struct skr_s3_incoming *incoming = &call->incoming;
    if (incoming->trailer.size == 0)
        return true;
    enum skr_checksum_kind kind = incoming->expected.checksum.kind;
    struct skr_bytes text = skr_s3_body_trailer(incoming->body, skr_s3_checksum_header(kind));
    if (skr_s3_checksum_parse(kind, text, &incoming->expected.checksum))
        return true;
    skr_s3_fail(call, SKR_S3_INVALID_REQUEST, "Value for the trailing checksum is invalid.", SKR_S3_NO_DETAIL,
                SKR_S3_NO_DETAIL);
    return false;
}

/* False: answered; what was received is given up. */
static bool skr_s3_body_whole(struct skr_s3_call *call)
{
    enum skr_s3_body_problem problem = skr_s3_body_finish(call->incoming.body);
    if (problem != SKR_S3_BODY_FINE) {
        skr_s3_fail_body(call, problem);
        return false;
    }
    return skr_s3_take_trailer(call);
}

/* ---- an object's bytes ---- */

static void skr_s3_durable(void *context, const struct skr_result *result)
{
    struct skr_s3_call *call = context;
    if (result->status == SKR_OK)
        call->incoming.received(call);
    else
        skr_s3_fail_status(call, result->status);
}

static bool skr_s3_verified(struct skr_s3_incoming *incoming)
{
    struct skr_checksum checksum;
    if (incoming->verifier == NULL)
        return true;
    skr_checksummer_finish(incoming->verifier, &checksum);
    return memcmp(checksum.bytes, incoming->expected.checksum.bytes, skr_checksum_size(checksum.kind)) == 0;
}

void skr_s3_received_all(struct skr_s3_call *call)
{
    struct skr_digests expected;
    struct skr_error error;
    if (!skr_s3_verified(&call->incoming)) {
        skr_s3_fail_status(call, SKR_CHECKSUM_MISMATCH);
        return;
    }
    expected = call->incoming.expected;
    if (call->incoming.verifier != NULL)
        expected.checksum = (struct skr_checksum){.kind = SKR_CHECKSUM_NONE};
    enum skr_status status = skr_ingest_finish(call->incoming.ingest, &expected, skr_s3_durable, call, &error);
    if (status == SKR_OK)
        call->incoming.received(call);
    else if (status == SKR_INVALID_ARGUMENT)
        skr_s3_refuse(call, SKR_S3_INCOMPLETE_BODY);
    else if (status != SKR_PENDING)
        skr_s3_fail_status(call, status);
}

static void skr_s3_object_end(void *context)
{
    struct skr_s3_call *call = context;
    if (skr_s3_body_whole(call))
        skr_s3_received_all(call);
}

static bool skr_s3_begin_body(struct skr_s3_call *call, size_t (*write)(void *call, const void *data, size_t size))
{
    struct skr_error error;
    call->incoming.write = write;
    enum skr_status status = skr_s3_body_open(&call->incoming.body, &call->payload, call->incoming.trailer, &error);
    if (status != SKR_OK)
        skr_s3_fail_status(call, status);
    return status == SKR_OK;
}

/* The length on the wire may exceed that of the bytes by what the chunks' headers and the trailer take. */
static uint64_t skr_s3_wire_limit(uint64_t limit)
{
    return limit + limit / 64 + 65536;
}

/* Opens what the object's bytes go into. False: answered. */
static bool skr_s3_begin_ingest(struct skr_s3_call *call, enum skr_checksum_kind checksum, uint64_t upload_id, uint64_t length,
                                void (*received)(struct skr_s3_call *call))
{
    struct skr_error error;
    struct skr_ingest_options options = {
        .expected_size = length,
        .md5 = true,
        .checksum = checksum,
        .block_of = upload_id != 0 ? &call->name : NULL,
        .upload_id = upload_id,
        .ready = skr_s3_ingest_ready,
        .context = call,
    };
    enum skr_checksum_kind announced = call->incoming.expected.checksum.kind;
    enum skr_status status = SKR_OK;
    if (announced != SKR_CHECKSUM_NONE && announced != checksum)
        status = skr_checksummer_open(&call->incoming.verifier, announced, &error);
    if (status == SKR_OK)
        status = skr_ingest_open(call->worker, &options, &call->incoming.ingest, &error);
    if (status != SKR_OK) {
        call->incoming.ingest = NULL;
        skr_s3_fail_status(call, status);
        return false;
    }
    call->incoming.received = received;
    return true;
}

/* The body's length is announced and within `limit`. False: answered. */
static bool skr_s3_length_is_fine(struct skr_s3_call *call, uint64_t limit)
{
    uint64_t length = skr_s3_body_length(call);
    if (length <= limit)
        return true;
    skr_s3_refuse(call, length == SKR_SIZE_ANY ? SKR_S3_MISSING_CONTENT_LENGTH : SKR_S3_ENTITY_TOO_LARGE);
    return false;
}

void skr_s3_receive_object(struct skr_s3_call *call, enum skr_checksum_kind checksum, uint64_t upload_id,
                           void (*received)(struct skr_s3_call *call))
{
    static const struct skr_body_sink sink = {skr_s3_sink_write, skr_s3_object_end, skr_s3_sink_abort};
    uint64_t limit = call->operation->body_limit_bytes;
    if (skr_s3_length_is_fine(call, limit) && skr_s3_begin_body(call, skr_s3_to_flash) &&
        skr_s3_begin_ingest(call, checksum, upload_id, skr_s3_body_length(call), received))
        skr_exchange_receive(call->exchange, &sink, call, skr_s3_wire_limit(limit));
}

/* ---- a form with a file ---- */

bool skr_s3_receive_file(struct skr_s3_call *call, enum skr_checksum_kind checksum, void (*received)(struct skr_s3_call *call))
{
    return skr_s3_begin_ingest(call, checksum, 0, SKR_SIZE_ANY, received);
}

static void skr_s3_form_end(void *context)
{
    struct skr_s3_call *call = context;
    if (skr_s3_body_whole(call))
        call->incoming.form_received(call);
}

void skr_s3_receive_form(struct skr_s3_call *call, size_t (*write)(void *call, const void *data, size_t size),
                         void (*end)(struct skr_s3_call *call))
{
    static const struct skr_body_sink sink = {skr_s3_sink_write, skr_s3_form_end, skr_s3_sink_abort};
    uint64_t limit = skr_s3_wire_limit(call->operation->body_limit_bytes); /* with what the form takes beside the file */
    if (!skr_s3_length_is_fine(call, limit) || !skr_s3_begin_body(call, write))
        return;
    call->incoming.form_received = end;
    skr_exchange_receive(call->exchange, &sink, call, skr_s3_wire_limit(limit));
}

/* ---- a document ---- */

static bool skr_s3_document_matches(struct skr_s3_call *call)
{
    struct skr_s3_incoming *incoming = &call->incoming;
    struct skr_checksummer *checksummer;
    struct skr_checksum checksum;
    struct skr_error error;
    uint8_t digest[16];
    if (incoming->expected.has_md5) {
        skr_md5_of(incoming->document, incoming->document_size, digest);
        if (memcmp(digest, incoming->expected.md5, sizeof digest) != 0) {
            skr_s3_fail_status(call, SKR_CHECKSUM_MISMATCH_MD5);
            return false;
        }
    }
    enum skr_checksum_kind kind = incoming->expected.checksum.kind;
    if (kind == SKR_CHECKSUM_NONE)
        return true;
    if (skr_checksummer_open(&checksummer, kind, &error) != SKR_OK) {
        skr_s3_fail_status(call, SKR_NO_MEMORY);
        return false;
    }
    skr_checksummer_update(checksummer, incoming->document, incoming->document_size);
    skr_checksummer_finish(checksummer, &checksum);
    skr_checksummer_close(checksummer);
    if (memcmp(checksum.bytes, incoming->expected.checksum.bytes, skr_checksum_size(kind)) == 0)
        return true;
    skr_s3_fail_status(call, SKR_CHECKSUM_MISMATCH);
    return false;
}

static void skr_s3_document_end(void *context)
{
    struct skr_s3_call *call = context;
    if (!skr_s3_body_whole(call))
        return;
    if (call->incoming.too_large)
        skr_s3_refuse(call, SKR_S3_MALFORMED_XML);
    else if (skr_s3_document_matches(call))
        call->incoming.document_received(call, (struct skr_bytes){call->incoming.document, call->incoming.document_size});
}

void skr_s3_receive_document_as(struct skr_s3_call *call, void (*received)(struct skr_s3_call *call, struct skr_bytes document))
{
    static const struct skr_body_sink sink = {skr_s3_sink_write, skr_s3_document_end, skr_s3_sink_abort};
    if (!skr_s3_begin_body(call, skr_s3_to_document))
        return;
    call->incoming.document_limit = (size_t)call->operation->body_limit_bytes;
    call->incoming.document_received = received;
    skr_exchange_receive(call->exchange, &sink, call, skr_s3_wire_limit(call->operation->body_limit_bytes));
}

void skr_s3_receive_document(struct skr_s3_call *call, void (*received)(struct skr_s3_call *call, struct skr_bytes document))
{
    if (skr_s3_expected_digests(call))
        skr_s3_receive_document_as(call, received);
}
