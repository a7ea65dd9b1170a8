/* CreateMultipartUpload, AbortMultipartUpload, ListParts. */
#include <stdio.h>

#include "acl.h"
#include "objects.h"

static struct skr_bytes skr_s3_form_name(enum skr_checksum_form form)
{
    return form == SKR_CHECKSUM_COMPOSITE ? SKR_BYTES("COMPOSITE") : SKR_BYTES("FULL_OBJECT");
}

/* ---- CreateMultipartUpload ---- */

void skr_s3_unknown_algorithm(struct skr_s3_call *call)
{
    skr_s3_invalid_request(
        call, "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, "
              "CRC64NVME, SHA1, SHA256]");
}

/* Of which kind the object's checksum will be, and of what it will be made. Default: the kind that needs no client. False:
 * answered. */
static bool skr_s3_upload_checksum(struct skr_s3_call *call, struct skr_put *draft)
{
    struct skr_bytes algorithm = skr_s3_header(call, "x-amz-checksum-algorithm"),
                     type = skr_s3_header(call, "x-amz-checksum-type");
    enum skr_checksum_kind kind = algorithm.size == 0 ? SKR_CHECKSUM_CRC64NVME : skr_s3_checksum_kind(algorithm);
    bool is_sha = kind == SKR_CHECKSUM_SHA1 || kind == SKR_CHECKSUM_SHA256;
    enum skr_checksum_form form = kind == SKR_CHECKSUM_CRC64NVME ? SKR_CHECKSUM_FULL_OBJECT : SKR_CHECKSUM_COMPOSITE;
    char message[128];
    if (kind == SKR_CHECKSUM_NONE) {
        skr_s3_unknown_algorithm(call);
        return false;
    }
    if (type.size > 0 && algorithm.size == 0) {
        skr_s3_invalid_request(call,
                               "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.");
        return false;
    }
    if (skr_bytes_equal_nocase(type, SKR_BYTES("COMPOSITE"))) {
        form = SKR_CHECKSUM_COMPOSITE;
    } else if (skr_bytes_equal_nocase(type, SKR_BYTES("FULL_OBJECT"))) {
        form = SKR_CHECKSUM_FULL_OBJECT;
    } else if (type.size > 0) {
        skr_s3_invalid_request(call, "Value for x-amz-checksum-type header is invalid.");
        return false;
    }
    if ((is_sha && form == SKR_CHECKSUM_FULL_OBJECT) || (kind == SKR_CHECKSUM_CRC64NVME && form == SKR_CHECKSUM_COMPOSITE)) {
        snprintf(message, sizeof message, "The %s checksum type cannot be used with the %s checksum algorithm.",
                 skr_s3_form_name(form).data, skr_s3_checksum_name(kind));
        skr_s3_invalid_request(call, message);
        return false;
    }
    draft->checksum = (struct skr_checksum){.kind = kind};
    draft->checksum_form = form;
    return true;
}

static void skr_s3_upload_created(void *context, const struct skr_result *result)
{
    struct skr_s3_call *call = context;
    const struct skr_put *draft = call->state;
    struct skr_xml xml;
    if (!skr_s3_settled(call, result))
        return;
    skr_s3_xml_open(&xml, "InitiateMultipartUploadResult");
    skr_xml_element(&xml, "Bucket", call->target.container);
    skr_xml_element(&xml, "Key", call->target.object);
    skr_xml_element(&xml, "UploadId", skr_s3_upload_id_text(call->arena, result->upload_id));
    skr_xml_end(&xml, "InitiateMultipartUploadResult");
    if (skr_s3_header(call, "x-amz-checksum-algorithm").size > 0) {
        skr_exchange_header(call->exchange, "x-amz-checksum-algorithm", skr_text(skr_s3_checksum_name(draft->checksum.kind)));
        skr_exchange_header(call->exchange, "x-amz-checksum-type", skr_s3_form_name(draft->checksum_form));
    }
    skr_s3_send_xml(call, 200, &xml);
}

SKR_S3_HANDLER(create_multipart_upload)
{
    struct skr_s3_call *call = context;
    struct skr_put *draft = skr_arena_alloc(call->arena, sizeof *draft);
    if (draft == NULL) {
        skr_s3_fail_status(call, SKR_NO_MEMORY);
        return;
    }
    call->state = draft;
    if (skr_s3_begin_put(call, draft) && skr_s3_upload_checksum(call, draft))
        skr_s3_wait(call, skr_create_multipart(call->worker, draft, skr_s3_upload_created, call));
}

/* ---- finding one ---- */

bool skr_s3_upload_id(struct skr_s3_call *call, uint64_t *upload_id)
{
    struct skr_bytes text = skr_s3_query(call, "uploadId");
    if (!skr_s3_bucket_exists(call) || !skr_s3_makes_a_version(call))
        return false;
    if (skr_s3_upload_id_parse(text, upload_id))
        return true;
    skr_s3_fail(call, SKR_S3_NO_SUCH_UPLOAD, NULL, (struct skr_s3_detail){"UploadId", text}, SKR_S3_NO_DETAIL);
    return false;
}

bool skr_s3_find_upload(struct skr_s3_call *call, uint64_t *upload_id, struct skr_multipart *upload)
{
    struct skr_error error;
    if (!skr_s3_upload_id(call, upload_id))
        return false;
    enum skr_status status = skr_get_multipart(call->worker, call->arena, &call->name, *upload_id, upload, &error);
    if (status != SKR_OK)
        skr_s3_fail_status(call, status);
    return status == SKR_OK;
}

/* ---- AbortMultipartUpload ---- */

static void skr_s3_upload_aborted(void *context, const struct skr_result *result)
{
    struct skr_s3_call *call = context;
    if (!skr_s3_settled(call, result))
        return;
    skr_s3_common_headers(call);
    skr_s3_reply(call, 204);
}

SKR_S3_HANDLER(abort_multipart_upload)
{
    struct skr_s3_call *call = context;
    uint64_t upload_id;
    if (skr_s3_upload_id(call, &upload_id))
        skr_s3_wait(call, skr_abort_multipart(call->worker, &call->name, upload_id, skr_s3_upload_aborted, call));
}

/* ---- ListParts ---- */

struct skr_s3_part_page {
    struct skr_s3_call *call;
    struct skr_xml parts; /* rendered aside: what comes before them is known after them */
    unsigned limit, shown, last;
    bool truncated;
};

static bool skr_s3_page_part(void *context, unsigned part_number, const struct skr_block *part)
{
    struct skr_s3_part_page *page = context;
    struct skr_xml *xml = &page->parts;
    char etag[2 * SKR_MD5_SIZE];
    if (page->shown == page->limit) {
        page->truncated = page->limit > 0; /* a page of none leads to no other */
        return false;
    }
    page->shown++;
    page->last = part_number;
    skr_hex_encode(etag, part->md5, sizeof part->md5);
    skr_xml_begin(xml, "Part");
    skr_xml_element_u64(xml, "PartNumber", part_number);
    skr_s3_xml_date(xml, "LastModified", part->modified_ns);
    skr_s3_xml_etag(xml, (struct skr_bytes){etag, sizeof etag});
    skr_xml_element_u64(xml, "Size", part->size_bytes);
    skr_s3_xml_checksum(xml, &part->checksum,
                        skr_s3_checksum_text(page->call->arena, &part->checksum, SKR_CHECKSUM_FULL_OBJECT, 0));
    skr_xml_end(xml, "Part");
    return !xml->failed;
}

static void skr_s3_parts_send(struct skr_s3_part_page *page, const struct skr_multipart *upload, unsigned marker)
{
    struct skr_s3_call *call = page->call;
    struct skr_bytes storage_class = upload->draft.properties[SKR_PROPERTY_STORAGE_CLASS];
    struct skr_xml xml;
    skr_s3_xml_open(&xml, "ListPartsResult");
    skr_xml_element(&xml, "Bucket", call->target.container);
    skr_xml_element(&xml, "Key", call->target.object);
    skr_xml_element(&xml, "UploadId", skr_s3_upload_id_text(call->arena, upload->id));
    skr_xml_element_u64(&xml, "PartNumberMarker", marker);
    skr_xml_element_u64(&xml, "NextPartNumberMarker", page->last);
    skr_xml_element_u64(&xml, "MaxParts", page->limit);
    skr_xml_element(&xml, "IsTruncated", page->truncated ? SKR_BYTES("true") : SKR_BYTES("false"));
    skr_xml_raw(&xml, skr_xml_bytes(&page->parts));
    xml.failed |= page->parts.failed;
    skr_s3_owner_render(&xml, "Initiator", call->target.account);
    skr_s3_owner_render(&xml, "Owner", call->target.account);
    skr_xml_element(&xml, "StorageClass", storage_class.size > 0 ? storage_class : SKR_BYTES("STANDARD"));
    if (upload->draft.checksum.kind != SKR_CHECKSUM_NONE) {
        skr_xml_element(&xml, "ChecksumAlgorithm", skr_text(skr_s3_checksum_name(upload->draft.checksum.kind)));
        skr_xml_element(&xml, "ChecksumType", skr_s3_form_name(upload->draft.checksum_form));
    }
    skr_xml_end(&xml, "ListPartsResult");
    skr_s3_send_xml(call, 200, &xml);
}

SKR_S3_HANDLER(list_parts)
{
    struct skr_s3_call *call = context;
    struct skr_s3_part_page page = {.call = call};
    struct skr_multipart upload;
    struct skr_error error;
    uint64_t upload_id;
    unsigned marker;
    if (!skr_s3_find_upload(call, &upload_id, &upload) ||
        !skr_s3_count(call, "part-number-marker", skr_s3_query(call, "part-number-marker"), 0, &marker) ||
        !skr_s3_count(call, "max-parts", skr_s3_query(call, "max-parts"), SKR_S3_PAGE, &page.limit))
        return;
    if (page.limit > SKR_S3_PAGE)
        page.limit = SKR_S3_PAGE;
    enum skr_status status = skr_list_parts(call->worker, &call->name, upload_id, marker, skr_s3_page_part, &page, &error);
    if (status == SKR_OK)
        skr_s3_parts_send(&page, &upload, marker);
    else
        skr_s3_fail_status(call, status);
    skr_xml_close(&page.parts);
}
