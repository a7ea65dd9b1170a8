/* UploadPart and UploadPartCopy. */
#include <stdio.h>

#include "objects.h"

struct skr_s3_part {
    uint64_t upload_id;
    struct skr_multipart upload;
    unsigned number;
    struct skr_s3_source source; /* of a copy */
};

/* Which part of which upload. False: answered. */
static bool skr_s3_begin_part(struct skr_s3_call *call)
{
    struct skr_s3_part *part = skr_arena_alloc_zero(call->arena, sizeof *part);
    if (part == NULL) {
        skr_s3_fail_status(call, SKR_NO_MEMORY);
        return false;
    }
    call->state = part;
    return skr_s3_part_number(call, &part->number) && skr_s3_find_upload(call, &part->upload_id, &part->upload);
}

/* ---- UploadPart ---- */

static void skr_s3_part_stored(void *context, const struct skr_result *result)
{
    struct skr_s3_call *call = context;
    char etag[2 * SKR_MD5_SIZE];
    if (!skr_s3_settled(call, result))
        return;
    const struct skr_block *block = result->block;
    const struct skr_checksum *announced = &call->incoming.expected.checksum;
    const struct skr_checksum *checksum = announced->kind != SKR_CHECKSUM_NONE ? announced : &block->checksum;
    skr_hex_encode(etag, block->md5, sizeof block->md5);
    skr_s3_common_headers(call);
    skr_s3_etag_header(call, (struct skr_bytes){etag, sizeof etag});
    if (checksum->kind != SKR_CHECKSUM_NONE)
        skr_exchange_header(call->exchange, skr_s3_checksum_header(checksum->kind),
                            skr_s3_checksum_text(call->arena, checksum, SKR_CHECKSUM_FULL_OBJECT, 0));
    skr_s3_reply(call, 200);
}

static void skr_s3_part_received(struct skr_s3_call *call)
{
    const struct skr_s3_part *part = call->state;
    struct skr_ingest *ingest = call->incoming.ingest;
    call->incoming.ingest = NULL;
    skr_s3_wait(call, skr_put_part(call->worker, &call->name, part->upload_id, part->number, ingest, skr_s3_part_stored, call));
}

/* A part's checksum is of the upload's kind. To an upload that was begun without one, clients send any: it is compared, and
 * another is kept. False: answered. */
static bool skr_s3_part_checksum(struct skr_s3_call *call, const struct skr_s3_part *part)
{
    enum skr_checksum_kind kind = part->upload.draft.checksum.kind, announced = call->incoming.expected.checksum.kind;
    char message[128];
    if (announced == SKR_CHECKSUM_NONE || announced == kind || kind == SKR_CHECKSUM_CRC64NVME)
        return true;
    snprintf(message, sizeof message, "Checksum Type mismatch occurred, expected checksum Type: %s, actual checksum Type: %s",
             kind == SKR_CHECKSUM_NONE ? "null" : skr_s3_checksum_name(kind), skr_s3_checksum_name(announced));
    skr_s3_invalid_request(call, message);
    return false;
}

SKR_S3_HANDLER(upload_part)
{
    struct skr_s3_call *call = context;
    if (!skr_s3_begin_part(call) || !skr_s3_expected_digests(call))
        return;
    const struct skr_s3_part *part = call->state;
    if (skr_s3_part_checksum(call, part))
        skr_s3_receive_object(call, part->upload.draft.checksum.kind, part->upload_id, skr_s3_part_received);
}

/* ---- UploadPartCopy ---- */

static void skr_s3_part_copied(void *context, const struct skr_result *result)
{
    struct skr_s3_call *call = context;
    const struct skr_s3_part *part = call->state;
    char etag[2 * SKR_MD5_SIZE];
    struct skr_xml xml;
    if (!skr_s3_settled(call, result))
        return;
    const struct skr_block *block = result->block;
    skr_hex_encode(etag, block->md5, sizeof block->md5);
    skr_s3_xml_open(&xml, "CopyPartResult");
    skr_s3_xml_date(&xml, "LastModified", block->modified_ns);
    skr_s3_xml_etag(&xml, (struct skr_bytes){etag, sizeof etag});
    skr_s3_xml_checksum(&xml, &block->checksum,
                        skr_s3_checksum_text(call->arena, &block->checksum, SKR_CHECKSUM_FULL_OBJECT, 0));
    skr_xml_end(&xml, "CopyPartResult");
    skr_s3_version_header(call, "x-amz-copy-source-version-id", &part->source.object);
    skr_s3_send_xml(call, 200, &xml);
}

static void skr_s3_part_digested(struct skr_s3_call *call, const uint8_t md5[16], const struct skr_checksum *checksum)
{
    struct skr_s3_part *part = call->state;
    bool has_checksum = part->upload.draft.checksum.kind != SKR_CHECKSUM_NONE;
    skr_s3_wait(call, skr_put_part_from(call->worker, &call->name, part->upload_id, part->number, &part->source.copy, md5,
                                        has_checksum ? checksum : NULL, skr_s3_part_copied, call));
}

/* Any part of the source, of any size: the service allows ranges of sources above 5 MiB only. False: answered. */
static bool skr_s3_part_range(struct skr_s3_call *call, struct skr_s3_source *source)
{
    struct skr_bytes text = skr_s3_header(call, "x-amz-copy-source-range");
    uint64_t size = source->object.content.size_bytes;
    char message[96];
    source->copy.length = size;
    if (text.data != NULL && !skr_s3_copy_range_parse(text, &source->copy.offset, &source->copy.length)) {
        skr_s3_fail_argument(
            call,
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
            "x-amz-copy-source-range", text);
        return false;
    }
    if (source->copy.offset > size || source->copy.length > size - source->copy.offset) {
        snprintf(message, sizeof message, "Range specified is not valid for source object of size: %llu",
                 (unsigned long long)size);
        skr_s3_fail_argument(call, message, "x-amz-copy-source-range", text);
        return false;
    }
    if (source->copy.length <= SKR_S3_MAX_PART_BYTES)
        return true;
    skr_s3_invalid_request(call,
                           "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120");
    return false;
}

SKR_S3_HANDLER(upload_part_copy)
{
    struct skr_s3_call *call = context;
    if (!skr_s3_begin_part(call))
        return;
    struct skr_s3_part *part = call->state;
    if (skr_s3_find_source(call, &part->source) && skr_s3_part_range(call, &part->source))
        skr_s3_digest_source(call, &part->source, part->upload.draft.checksum.kind, skr_s3_part_digested);
}
