/* GetObjectAttributes. */
#include "objects.h"

enum { /* one bit an attribute that can be asked for */
       SKR_S3_ATTRIBUTE_ETAG = 1 << 0,
       SKR_S3_ATTRIBUTE_CHECKSUM = 1 << 1,
       SKR_S3_ATTRIBUTE_PARTS = 1 << 2,
       SKR_S3_ATTRIBUTE_CLASS = 1 << 3,
       SKR_S3_ATTRIBUTE_SIZE = 1 << 4,
};

void skr_s3_xml_checksum(struct skr_xml *xml, const struct skr_checksum *checksum, struct skr_bytes text)
{
    static const char *const elements[SKR_CHECKSUM_KIND_COUNT] = {[SKR_CHECKSUM_CRC32] = "ChecksumCRC32",
                                                                  [SKR_CHECKSUM_CRC32C] = "ChecksumCRC32C",
                                                                  [SKR_CHECKSUM_CRC64NVME] = "ChecksumCRC64NVME",
                                                                  [SKR_CHECKSUM_SHA1] = "ChecksumSHA1",
                                                                  [SKR_CHECKSUM_SHA256] = "ChecksumSHA256"};
    if (checksum->kind != SKR_CHECKSUM_NONE)
        skr_xml_element(xml, elements[checksum->kind], text);
}

/* ---- what is asked for ---- */

static bool skr_s3_attribute(struct skr_bytes name, unsigned *wanted)
{
    static const struct {
        const char *name;
        unsigned bit;
    } names[] = {{"ETag", SKR_S3_ATTRIBUTE_ETAG},
                 {"Checksum", SKR_S3_ATTRIBUTE_CHECKSUM},
                 {"ObjectParts", SKR_S3_ATTRIBUTE_PARTS},
                 {"StorageClass", SKR_S3_ATTRIBUTE_CLASS},
                 {"ObjectSize", SKR_S3_ATTRIBUTE_SIZE}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (skr_bytes_equal(name, skr_text(names[i].name))) {
            *wanted |= names[i].bit;
            return true;
        }
    return false;
}

static bool skr_s3_attribute_list(struct skr_bytes text, unsigned *wanted)
{
    while (text.size > 0) {
        const char *comma = memchr(text.data, ',', text.size);
        struct skr_bytes name = {text.data, comma == NULL ? text.size : (size_t)(comma - text.data)};
        text.data += name.size + (comma != NULL);
        text.size -= name.size + (comma != NULL);
        while (name.size > 0 && name.data[0] == ' ')
            name = (struct skr_bytes){name.data + 1, name.size - 1};
        while (name.size > 0 && name.data[name.size - 1] == ' ')
            name.size--;
        if (!skr_s3_attribute(name, wanted))
            return false;
    }
    return true;
}

/* One header with a list, or several. False: answered. */
static bool skr_s3_attributes_wanted(struct skr_s3_call *call, unsigned *wanted)
{
    *wanted = 0;
    for (size_t i = 0; i < call->request->header_count; i++) {
        const struct skr_header *header = &call->request->headers[i];
        if (!skr_bytes_equal_nocase(header->name, SKR_BYTES("x-amz-object-attributes")) ||
            skr_s3_attribute_list(header->value, wanted))
            continue;
        skr_s3_fail_argument(call, "Invalid attribute name specified.", "x-amz-object-attributes", header->value);
        return false;
    }
    if (*wanted != 0)
        return true;
    skr_s3_invalid_request(
        call, "The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty");
    return false;
}

/* ---- parts ---- */

struct skr_s3_attribute_parts {
    struct skr_s3_call *call;
    struct skr_xml *xml;
    unsigned marker, limit, shown;
    bool truncated;
};

static bool skr_s3_attribute_part(void *context, size_t index, const struct skr_block *part, uint64_t offset_bytes)
{
    struct skr_s3_attribute_parts *parts = context;
    (void)offset_bytes;
    if (index < parts->marker)
        return true;
    if (parts->shown == parts->limit) {
        parts->truncated = parts->limit > 0; /* a page of none leads to no other */
        return false;
    }
    parts->shown++;
    skr_xml_begin(parts->xml, "Part");
    skr_s3_xml_checksum(parts->xml, &part->checksum,
                        skr_s3_checksum_text(parts->call->arena, &part->checksum, SKR_CHECKSUM_FULL_OBJECT, 0));
    skr_xml_element_u64(parts->xml, "PartNumber", index + 1);
    skr_xml_element_u64(parts->xml, "Size", part->size_bytes);
    skr_xml_end(parts->xml, "Part");
    return !parts->xml->failed;
}

/* Only an object that was put in parts has them; the service lists them one by one where they have checksums. */
static enum skr_status skr_s3_render_parts(struct skr_s3_attribute_parts *parts, const struct skr_object *object)
{
    struct skr_error error;
    enum skr_status status = SKR_OK;
    if (object->content.block_count == 0)
        return SKR_OK;
    skr_xml_begin(parts->xml, "ObjectParts");
    skr_xml_element_u64(parts->xml, "PartsCount", object->content.block_count);
    if (object->checksum.kind != SKR_CHECKSUM_NONE) {
        skr_xml_element_u64(parts->xml, "PartNumberMarker", parts->marker);
        skr_xml_element_u64(parts->xml, "MaxParts", parts->limit);
        status = skr_object_parts(parts->call->worker, object, skr_s3_attribute_part, parts, &error);
        skr_xml_element_u64(parts->xml, "NextPartNumberMarker", parts->shown == 0 ? 0 : parts->marker + parts->shown);
        skr_xml_element(parts->xml, "IsTruncated", parts->truncated ? SKR_BYTES("true") : SKR_BYTES("false"));
    }
    skr_xml_end(parts->xml, "ObjectParts");
    return status;
}

/* ---- the answer ---- */

static enum skr_status skr_s3_render_attributes(struct skr_s3_attribute_parts *parts, const struct skr_object *object,
                                                unsigned wanted)
{
    struct skr_xml *xml = parts->xml;
    struct skr_bytes storage_class = object->properties[SKR_PROPERTY_STORAGE_CLASS];
    enum skr_status status = SKR_OK;
    skr_s3_xml_open(xml, "GetObjectAttributesOutput");
    if (wanted & SKR_S3_ATTRIBUTE_ETAG)
        skr_xml_element(xml, "ETag", object->etag);
    if ((wanted & SKR_S3_ATTRIBUTE_CHECKSUM) && object->checksum.kind != SKR_CHECKSUM_NONE) {
        skr_xml_begin(xml, "Checksum");
        skr_s3_xml_checksum(xml, &object->checksum,
                            skr_s3_checksum_text(parts->call->arena, &object->checksum, SKR_CHECKSUM_FULL_OBJECT, 0));
        skr_xml_element(xml, "ChecksumType",
                        object->checksum_form == SKR_CHECKSUM_COMPOSITE ? SKR_BYTES("COMPOSITE") : SKR_BYTES("FULL_OBJECT"));
        skr_xml_end(xml, "Checksum");
    }
    if (wanted & SKR_S3_ATTRIBUTE_PARTS)
        status = skr_s3_render_parts(parts, object);
    if (wanted & SKR_S3_ATTRIBUTE_CLASS)
        skr_xml_element(xml, "StorageClass", storage_class.size > 0 ? storage_class : SKR_BYTES("STANDARD"));
    if (wanted & SKR_S3_ATTRIBUTE_SIZE)
        skr_xml_element_u64(xml, "ObjectSize", object->content.size_bytes);
    skr_xml_end(xml, "GetObjectAttributesOutput");
    return status;
}

SKR_S3_HANDLER(get_object_attributes)
{
    struct skr_s3_call *call = context;
    struct skr_object object;
    struct skr_xml xml;
    struct skr_s3_attribute_parts parts = {.call = call, .xml = &xml};
    unsigned wanted;
    if (!skr_s3_bucket_exists(call) || !skr_s3_attributes_wanted(call, &wanted) ||
        !skr_s3_count(call, "part-number-marker", skr_s3_header(call, "x-amz-part-number-marker"), 0, &parts.marker) ||
        !skr_s3_count(call, "max-parts", skr_s3_header(call, "x-amz-max-parts"), SKR_S3_PAGE, &parts.limit))
        return;
    if (parts.limit > SKR_S3_PAGE)
        parts.limit = SKR_S3_PAGE;
    if (!skr_s3_open_object(call, &call->conditions, &object,
                            &call->reader)) /* the reader keeps the parts' list as it is now */
        return;
    enum skr_status status = skr_s3_render_attributes(&parts, &object, wanted);
    if (status != SKR_OK) {
        skr_xml_close(&xml);
        skr_s3_fail_status(call, status);
        return;
    }
    skr_s3_date_header(call, "Last-Modified", object.modified_ns);
    skr_s3_version_header(call, "x-amz-version-id", &object);
    skr_s3_send_xml(call, 200, &xml);
}
