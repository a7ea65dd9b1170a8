/* CompleteMultipartUpload. */
#include <stdio.h>
#include <stdlib.h>

#include "objects.h"

struct skr_s3_completing {
    struct skr_completion completion;
    bool has_upload; /* false: it may have been completed already */
    struct skr_multipart upload;
};

/* ---- the answer ---- */

static struct skr_bytes skr_s3_location(struct skr_s3_call *call)
{
    struct skr_bytes host = skr_s3_header(call, "host"), path = call->request->uri.raw_path;
    size_t capacity = host.size + path.size + 16;
    char *text = skr_arena_alloc(call->arena, capacity);
    if (text == NULL)
        return SKR_BYTES("");
    int size =
        snprintf(text, capacity, "%s://%.*s%.*s", call->request->tls ? "https" : "http", SKR_PRINT(host), SKR_PRINT(path));
    return (struct skr_bytes){text, (size_t)size};
}

static void skr_s3_completing_failed(struct skr_s3_call *call, enum skr_status status)
{
    const struct skr_completion *completion = &((struct skr_s3_completing *)call->state)->completion;
    char least[24];
    if (status == SKR_PART_TOO_SMALL) {
        int size = snprintf(least, sizeof least, "%llu", (unsigned long long)completion->least_part_bytes);
        skr_s3_fail(call, SKR_S3_ENTITY_TOO_SMALL, NULL, (struct skr_s3_detail){"MinSizeAllowed", {least, (size_t)size}},
                    SKR_S3_NO_DETAIL);
    } else if (status == SKR_INVALID_ARGUMENT && completion->expected_size != SKR_SIZE_ANY) {
        skr_s3_invalid_request(call, "The value of x-amz-mp-object-size is not the size of the parts together.");
    } else {
        skr_s3_fail_write(call, status);
    }
}

static void skr_s3_upload_completed(void *context, const struct skr_result *result)
{
    struct skr_s3_call *call = context;
    const struct skr_object *object = result->object;
    struct skr_xml xml;
    call->pending = NULL;
    if (result->status != SKR_OK) {
        skr_s3_completing_failed(call, result->status);
        return;
    }
    skr_s3_xml_open(&xml, "CompleteMultipartUploadResult");
    skr_xml_element(&xml, "Location", skr_s3_location(call));
    skr_xml_element(&xml, "Bucket", call->target.container);
    skr_xml_element(&xml, "Key", call->target.object);
    skr_s3_xml_etag(&xml, object->etag);
    if (object->checksum.kind != SKR_CHECKSUM_NONE) {
        skr_s3_xml_checksum(
            &xml, &object->checksum,
            skr_s3_checksum_text(call->arena, &object->checksum, object->checksum_form, object->content.block_count));
        skr_xml_element(&xml, "ChecksumType",
                        object->checksum_form == SKR_CHECKSUM_COMPOSITE ? SKR_BYTES("COMPOSITE") : SKR_BYTES("FULL_OBJECT"));
    }
    skr_xml_end(&xml, "CompleteMultipartUploadResult");
    skr_s3_version_header(call, "x-amz-version-id", object);
    skr_s3_send_xml(call, 200, &xml);
}

/* ---- the request ---- */

static void skr_s3_part_list_refused(struct skr_s3_call *call, const struct skr_s3_part_list *list, struct skr_bytes document)
{
    if (list->problem == SKR_S3_PARTS_NO_MEMORY)
        skr_s3_fail_status(call, SKR_NO_MEMORY);
    else if (list->problem == SKR_S3_PARTS_ORDER)
        skr_s3_refuse(call, SKR_S3_INVALID_PART_ORDER);
    else if (list->problem == SKR_S3_PARTS_NUMBER)
        skr_s3_fail_argument(call, "PartNumber must be an integer between 1 and 10000, inclusive", "partNumber", SKR_BYTES(""));
    else
        skr_s3_refuse_document(call, document);
}

/* A checksum that is made of the parts' must be given with the parts' own. Those of other kinds were compared when the parts
 * came (see UploadPart), and are not there any more. False: answered. */
static bool skr_s3_parts_have_checksums(struct skr_s3_call *call, const struct skr_s3_completing *completing,
                                        struct skr_s3_part_list *list)
{
    const struct skr_object *draft = &completing->upload.draft;
    char message[192];
    for (size_t i = 0; i < list->count; i++)
        if (!completing->has_upload ||
            (draft->checksum.kind == SKR_CHECKSUM_CRC64NVME && list->parts[i].checksum.kind != SKR_CHECKSUM_CRC64NVME))
            list->parts[i].checksum = (struct skr_checksum){.kind = SKR_CHECKSUM_NONE};
    if (!completing->has_upload || draft->checksum_form != SKR_CHECKSUM_COMPOSITE)
        return true;
    for (size_t i = 0; i < list->count; i++)
        if (list->parts[i].checksum.kind == SKR_CHECKSUM_NONE) {
            snprintf(message, sizeof message,
                     "The upload was created using a %s checksum. The complete request must include the checksum for each "
                     "part. It was "
                     "missing for part %u in the request.",
                     skr_s3_checksum_name(draft->checksum.kind), list->parts[i].number);
            skr_s3_invalid_request(call, message);
            return false;
        }
    return true;
}

static void skr_s3_part_list_received(struct skr_s3_call *call, struct skr_bytes document)
{
    struct skr_s3_completing *completing = call->state;
    struct skr_s3_part_list list;
    if (!skr_s3_part_list_parse(document, &list)) {
        skr_s3_part_list_refused(call, &list, document);
    } else if (skr_s3_parts_have_checksums(call, completing, &list)) {
        completing->completion.parts = list.parts;
        completing->completion.count = list.count;
        skr_s3_wait(call, skr_complete_multipart(call->worker, &completing->completion, skr_s3_upload_completed, call));
    }
    free(list.parts);
}

/* Of the object, not of the document: base64, with "-" and the number of parts where it is made of the parts'. False: answered.
 */
static bool skr_s3_object_checksum(struct skr_s3_call *call, struct skr_checksum *out)
{
    for (int kind = SKR_CHECKSUM_CRC32; kind < SKR_CHECKSUM_KIND_COUNT; kind++) {
        const char *header = skr_s3_checksum_header((enum skr_checksum_kind)kind);
        struct skr_bytes text = skr_s3_header(call, header);
        if (text.data == NULL)
            continue;
        const char *dash = memchr(text.data, '-', text.size);
        struct skr_bytes base64 = {text.data, dash == NULL ? text.size : (size_t)(dash - text.data)};
        char message[96];
        if (out->kind == SKR_CHECKSUM_NONE && skr_s3_checksum_parse((enum skr_checksum_kind)kind, base64, out))
            continue;
        snprintf(message, sizeof message, "Value for %s header is invalid.", header);
        skr_s3_invalid_request(call, message);
        return false;
    }
    return true;
}

/* What is announced of the whole is of the upload's kind and form. False: answered. */
static bool skr_s3_completion_checksum(struct skr_s3_call *call, struct skr_s3_completing *completing)
{
    struct skr_checksum *announced = &completing->completion.checksum;
    const struct skr_object *draft = &completing->upload.draft;
    struct skr_bytes type = skr_s3_header(call, "x-amz-checksum-type");
    if (!skr_s3_object_checksum(call, announced))
        return false;
    bool composite = skr_bytes_equal_nocase(type, SKR_BYTES("COMPOSITE"));
    if (type.size > 0 && !composite && !skr_bytes_equal_nocase(type, SKR_BYTES("FULL_OBJECT"))) {
        skr_s3_invalid_request(call, "Value for x-amz-checksum-type header is invalid.");
        return false;
    }
    if (!completing->has_upload)
        return true;
    if ((type.size > 0 && composite != (draft->checksum_form == SKR_CHECKSUM_COMPOSITE)) ||
        (announced->kind != SKR_CHECKSUM_NONE && announced->kind != draft->checksum.kind)) {
        skr_s3_invalid_request(call, "The checksum is of another kind or type than the upload was created with.");
        return false;
    }
    return true;
}

static bool skr_s3_completion_size(struct skr_s3_call *call, uint64_t *size)
{
    struct skr_bytes text = skr_s3_header(call, "x-amz-mp-object-size");
    *size = SKR_SIZE_ANY;
    if (text.data == NULL || skr_parse_u64(text, size))
        return true;
    skr_s3_fail_argument(call, "Value for x-amz-mp-object-size header is invalid", "x-amz-mp-object-size", text);
    return false;
}

/* Content-MD5 alone is about the document. False: answered. */
static bool skr_s3_document_digest(struct skr_s3_call *call)
{
    struct skr_digests *expected = &call->incoming.expected;
    struct skr_bytes md5 = skr_s3_header(call, "content-md5");
    *expected = (struct skr_digests){.has_md5 = md5.data != NULL};
    if (!expected->has_md5 || skr_md5_parse(md5, expected->md5))
        return true;
    skr_s3_refuse(call, SKR_S3_INVALID_DIGEST);
    return false;
}

SKR_S3_HANDLER(complete_multipart_upload)
{
    struct skr_s3_call *call = context;
    struct skr_s3_completing *completing = skr_arena_alloc_zero(call->arena, sizeof *completing);
    struct skr_error error;
    if (completing == NULL) {
        skr_s3_fail_status(call, SKR_NO_MEMORY);
        return;
    }
    struct skr_completion *completion = &completing->completion;
    call->state = completing;
    *completion = (struct skr_completion){
        .name = call->name, .conditions = &call->conditions, .least_part_bytes = SKR_S3_LEAST_PART_BYTES};
    if (!skr_s3_upload_id(call, &completion->upload_id))
        return;
    completing->has_upload =
        skr_get_multipart(call->worker, call->arena, &call->name, completion->upload_id, &completing->upload, &error) == SKR_OK;
    if (skr_s3_completion_size(call, &completion->expected_size) && skr_s3_completion_checksum(call, completing) &&
        skr_s3_document_digest(call))
        skr_s3_receive_document_as(call, skr_s3_part_list_received);
}
