/* See records.h. Layouts are given by the encoders; decoders follow them and reject what does not fit. */
#include "records.h"

#define SKR_RECORD_VERSION 4 /* that is written; those of earlier versions are read, and lack what came later */
#define SKR_OBJECT_VERSION 3 /* of an object, likewise */
#define SKR_OBJECT_LEADING 4 /* in front of an object's record: where in the journal its name is, then the record as it was */

/* 0: not one that is known. */
static unsigned skr_decode_version(struct skr_decoder *decoder)
{
    unsigned version = (unsigned)skr_decode_number(decoder, 1);
    return version <= SKR_RECORD_VERSION ? version : 0;
}

/* The version of an object's record, and what is in front of it. */
static unsigned skr_decode_object_version(struct skr_decoder *decoder, uint64_t *journal_sequence)
{
    unsigned version = (unsigned)skr_decode_number(decoder, 1);
    *journal_sequence = 0;
    if (version == SKR_OBJECT_LEADING) {
        *journal_sequence = skr_decode_number(decoder, 8);
        version = (unsigned)skr_decode_number(decoder, 1);
    }
    return version <= SKR_OBJECT_VERSION ? version : 0;
}

void skr_object_encode_leading(struct skr_encoder *encoder, struct skr_bytes record, uint64_t journal_sequence)
{
    struct skr_decoder decoder = skr_decoder_of(record);
    uint64_t earlier;
    if (record.size > 0 && record.data[0] == SKR_OBJECT_LEADING) {
        skr_decode_object_version(&decoder, &earlier);
        record = (struct skr_bytes){record.data + 9, decoder.failed ? 0 : record.size - 9};
    }
    if (journal_sequence != 0) {
        skr_encode_number(encoder, SKR_OBJECT_LEADING, 1);
        skr_encode_number(encoder, journal_sequence, 8);
    }
    skr_encode_bytes(encoder, record.data, record.size);
}

void skr_encode_extent(struct skr_encoder *encoder, const struct skr_extent *extent)
{
    skr_encode_number(encoder, extent->file_id, 8);
    skr_encode_number(encoder, extent->offset_bytes, 8);
    skr_encode_number(encoder, extent->length_bytes, 8);
    skr_encode_number(encoder, extent->end_bytes, 8);
}

struct skr_extent skr_decode_extent(struct skr_decoder *decoder)
{
    struct skr_extent extent;
    extent.file_id = skr_decode_number(decoder, 8);
    extent.offset_bytes = skr_decode_number(decoder, 8);
    extent.length_bytes = skr_decode_number(decoder, 8);
    extent.end_bytes = skr_decode_number(decoder, 8);
    return extent;
}

static void skr_encode_metadata(struct skr_encoder *encoder, const struct skr_name_value *metadata, size_t count)
{
    skr_encode_number(encoder, count, 2);
    for (size_t i = 0; i < count; i++) {
        skr_encode_text(encoder, metadata[i].name, 2);
        skr_encode_text(encoder, metadata[i].value, 4);
    }
}

static bool skr_decode_metadata(struct skr_decoder *decoder, struct skr_arena *arena, const struct skr_name_value **out,
                                size_t *count)
{
    *count = skr_decode_number(decoder, 2);
    *out = NULL;
    if (*count == 0 || *count * 6 > skr_decoder_left(decoder)) {
        decoder->failed |= *count != 0;
        *count = 0;
        return true;
    }
    struct skr_name_value *metadata = skr_arena_alloc(arena, *count * sizeof *metadata);
    if (metadata == NULL)
        return false;
    for (size_t i = 0; i < *count; i++) {
        metadata[i].name = skr_decode_text(decoder, 2);
        metadata[i].value = skr_decode_text(decoder, 4);
    }
    *out = metadata;
    return true;
}

static void skr_encode_checksum(struct skr_encoder *encoder, const struct skr_checksum *checksum)
{
    skr_encode_number(encoder, checksum->kind, 1);
    skr_encode_bytes(encoder, checksum->bytes, skr_checksum_size(checksum->kind));
}

static void skr_decode_checksum(struct skr_decoder *decoder, struct skr_checksum *out)
{
    *out = (struct skr_checksum){.kind = (unsigned)skr_decode_number(decoder, 1)};
    if (out->kind >= SKR_CHECKSUM_KIND_COUNT) {
        decoder->failed = true;
        out->kind = SKR_CHECKSUM_NONE;
    }
    struct skr_bytes bytes = skr_decode_bytes(decoder, skr_checksum_size(out->kind));
    if (bytes.size > 0)
        memcpy(out->bytes, bytes.data, bytes.size);
}

static void skr_decode_md5(struct skr_decoder *decoder, uint8_t md5[16])
{
    struct skr_bytes bytes = skr_decode_bytes(decoder, 16);
    if (bytes.data != NULL)
        memcpy(md5, bytes.data, 16);
}

void skr_encode_block_digests(struct skr_encoder *encoder, const struct skr_block *block)
{
    skr_encode_number(encoder, block->has_md5, 1);
    if (block->has_md5)
        skr_encode_bytes(encoder, block->md5, sizeof block->md5);
    skr_encode_checksum(encoder, &block->checksum);
}

void skr_decode_block_digests(struct skr_decoder *decoder, struct skr_block *block)
{
    block->has_md5 = skr_decode_number(decoder, 1) != 0;
    if (block->has_md5)
        skr_decode_md5(decoder, block->md5);
    skr_decode_checksum(decoder, &block->checksum);
}

/* ---- objects ---- */

static void skr_encode_content(struct skr_encoder *encoder, const struct skr_content *content)
{
    skr_encode_number(encoder, content->layout, 1);
    skr_encode_number(encoder, content->id, 8);
    skr_encode_number(encoder, content->size_bytes, 8);
    skr_encode_number(encoder, content->crc32c, 4);
    skr_encode_number(encoder, content->extent_count, 4);
    skr_encode_number(encoder, content->block_count, 4);
    if (content->layout == SKR_CONTENT_EXTENT)
        skr_encode_extent(encoder, &content->extent);
}

static void skr_decode_content(struct skr_decoder *decoder, struct skr_content *out)
{
    *out = (struct skr_content){.layout = (unsigned)skr_decode_number(decoder, 1)};
    decoder->failed |= out->layout > SKR_CONTENT_CACHED;
    out->id = skr_decode_number(decoder, 8);
    out->size_bytes = skr_decode_number(decoder, 8);
    out->crc32c = (uint32_t)skr_decode_number(decoder, 4);
    out->extent_count = (uint32_t)skr_decode_number(decoder, 4);
    out->block_count = (uint32_t)skr_decode_number(decoder, 4);
    if (out->layout == SKR_CONTENT_EXTENT)
        out->extent = skr_decode_extent(decoder);
}

bool skr_object_encode(struct skr_encoder *encoder, const struct skr_object *object)
{
    skr_encode_number(encoder, SKR_OBJECT_VERSION, 1);
    skr_encode_content(encoder, &object->content);
    skr_encode_number(encoder, (uint64_t)object->version_ns, 8);
    skr_encode_number(encoder, object->kind, 1);
    skr_encode_number(encoder, object->has_md5, 1);
    skr_encode_number(encoder, object->id, 8);
    skr_encode_number(encoder, (uint64_t)object->created_ns, 8);
    skr_encode_number(encoder, (uint64_t)object->modified_ns, 8);
    skr_encode_number(encoder, (uint64_t)object->copied_ns, 8);
    if (object->has_md5)
        skr_encode_bytes(encoder, object->md5, sizeof object->md5);
    skr_encode_text(encoder, object->etag, 1);
    unsigned count = 0;
    for (unsigned i = 0; i < SKR_PROPERTY_COUNT; i++)
        count += object->properties[i].data != NULL;
    skr_encode_number(encoder, count, 1);
    for (unsigned i = 0; i < SKR_PROPERTY_COUNT; i++) {
        if (object->properties[i].data == NULL)
            continue;
        skr_encode_number(encoder, i, 1);
        skr_encode_text(encoder, object->properties[i], 2);
    }
    skr_encode_metadata(encoder, object->metadata, object->metadata_count);
    skr_encode_metadata(encoder, object->tags, object->tag_count);
    skr_encode_checksum(encoder, &object->checksum);
    skr_encode_number(encoder, object->checksum_form, 1);
    skr_encode_number(encoder, object->upload_id, 8);
    skr_encode_text(encoder, object->upstream_etag, 1);
    skr_encode_number(encoder, object->is_partial, 1);
    return !encoder->failed;
}

enum skr_status skr_object_decode(struct skr_arena *arena, struct skr_bytes record, struct skr_object *out,
                                  struct skr_error *err)
{
    struct skr_decoder decoder = skr_decoder_of(record);
    uint64_t journal_sequence;
    *out = (struct skr_object){.id = 0};
    unsigned version = skr_decode_object_version(&decoder, &journal_sequence);
    skr_decode_content(&decoder, &out->content);
    if (version >= 2)
        out->version_ns = (int64_t)skr_decode_number(&decoder, 8);
    out->kind = (unsigned)skr_decode_number(&decoder, 1);
    out->has_md5 = skr_decode_number(&decoder, 1) != 0;
    out->id = skr_decode_number(&decoder, 8);
    out->created_ns = (int64_t)skr_decode_number(&decoder, 8);
    out->modified_ns = (int64_t)skr_decode_number(&decoder, 8);
    out->copied_ns = (int64_t)skr_decode_number(&decoder, 8);
    if (out->has_md5)
        skr_decode_md5(&decoder, out->md5);
    out->etag = skr_decode_text(&decoder, 1);
    for (size_t count = skr_decode_number(&decoder, 1); count > 0 && !decoder.failed; count--) {
        size_t property = skr_decode_number(&decoder, 1);
        struct skr_bytes value = skr_decode_text(&decoder, 2);
        if (property < SKR_PROPERTY_COUNT) /* a later version's property is not ours to lose: it stays in the record */
            out->properties[property] = value;
    }
    if (!skr_decode_metadata(&decoder, arena, &out->metadata, &out->metadata_count) ||
        (version >= 2 && !skr_decode_metadata(&decoder, arena, &out->tags, &out->tag_count)))
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a record");
    if (version >= 2) {
        skr_decode_checksum(&decoder, &out->checksum);
        out->checksum_form = (unsigned)skr_decode_number(&decoder, 1);
        out->upload_id = skr_decode_number(&decoder, 8);
    }
    if (version >= 3) {
        out->upstream_etag = skr_decode_text(&decoder, 1);
        out->is_partial = skr_decode_number(&decoder, 1) != 0;
    }
    if (decoder.failed || version == 0 || out->kind < SKR_OBJECT_BLOCK || out->kind > SKR_OBJECT_DELETE_MARKER ||
        out->checksum_form > SKR_CHECKSUM_COMPOSITE)
        return skr_fail(err, SKR_CORRUPT, "an object's record is damaged");
    return SKR_OK;
}

enum skr_status skr_object_head_decode(struct skr_bytes record, struct skr_object_head *out, struct skr_error *err)
{
    struct skr_decoder decoder = skr_decoder_of(record);
    *out = (struct skr_object_head){.version_ns = 0};
    unsigned version = skr_decode_object_version(&decoder, &out->journal_sequence);
    skr_decode_content(&decoder, &out->content);
    if (version >= 2)
        out->version_ns = (int64_t)skr_decode_number(&decoder, 8);
    out->kind = (unsigned)skr_decode_number(&decoder, 1);
    skr_decode_bytes(&decoder, 1 + 8 + 8); /* MD5 or not, id, creation */
    out->modified_ns = (int64_t)skr_decode_number(&decoder, 8);
    return decoder.failed || version == 0 ? skr_fail(err, SKR_CORRUPT, "an object's record is damaged") : SKR_OK;
}

enum skr_status skr_object_content(struct skr_bytes record, struct skr_content *out, struct skr_error *err)
{
    struct skr_object_head head;
    enum skr_status status = skr_object_head_decode(record, &head, err);
    *out = head.content;
    return status;
}

/* ---- containers ---- */

bool skr_container_encode(struct skr_encoder *encoder, const struct skr_container *container)
{
    skr_encode_number(encoder, SKR_RECORD_VERSION, 1);
    skr_encode_number(encoder, container->objects_node, 8);
    skr_encode_number(encoder, container->uploads_node, 8);
    skr_encode_number(encoder, (uint64_t)container->created_ns, 8);
    skr_encode_number(encoder, (uint64_t)container->modified_ns, 8);
    skr_encode_text(encoder, container->etag, 1);
    skr_encode_number(encoder, container->public_access, 1);
    skr_encode_number(encoder, container->policy_count, 1);
    for (size_t i = 0; i < container->policy_count; i++) {
        skr_encode_text(encoder, container->policies[i].id, 2);
        skr_encode_text(encoder, container->policies[i].start, 2);
        skr_encode_text(encoder, container->policies[i].expiry, 2);
        skr_encode_text(encoder, container->policies[i].permission, 2);
    }
    skr_encode_metadata(encoder, container->metadata, container->metadata_count);
    skr_encode_number(encoder, container->versions_node, 8);
    skr_encode_number(encoder, container->multiparts_node, 8);
    skr_encode_number(encoder, container->versioning, 1);
    unsigned count = 0;
    for (unsigned i = 0; i < SKR_DOCUMENT_COUNT; i++)
        count += container->documents[i].data != NULL;
    skr_encode_number(encoder, count, 1);
    for (unsigned i = 0; i < SKR_DOCUMENT_COUNT; i++) {
        if (container->documents[i].data == NULL)
            continue;
        skr_encode_number(encoder, i, 1);
        skr_encode_text(encoder, container->documents[i], 4);
    }
    skr_encode_number(encoder, container->journal_node, 8);
    return !encoder->failed;
}

static void skr_decode_container_2(struct skr_decoder *decoder, unsigned version, struct skr_container *out)
{
    out->versions_node = skr_decode_number(decoder, 8);
    out->multiparts_node = skr_decode_number(decoder, 8);
    out->versioning = (unsigned)skr_decode_number(decoder, 1);
    decoder->failed |= out->versioning > SKR_VERSIONING_SUSPENDED;
    for (size_t count = skr_decode_number(decoder, 1); count > 0 && !decoder->failed; count--) {
        size_t document = skr_decode_number(decoder, 1);
        struct skr_bytes text = skr_decode_text(decoder, 4);
        if (version < 4 && document == SKR_DOCUMENT_UPSTREAM && text.size > 0 && (text.data[0] < '0' || text.data[0] > '9'))
            document = SKR_DOCUMENT_FILE_ATTRIBUTES; /* the two had one number, whichever was written last */
        if (document < SKR_DOCUMENT_COUNT)
            out->documents[document] = text;
    }
}

enum skr_status skr_container_decode(struct skr_arena *arena, struct skr_bytes record, struct skr_container *out,
                                     struct skr_error *err)
{
    struct skr_decoder decoder = skr_decoder_of(record);
    *out = (struct skr_container){.objects_node = 0};
    unsigned version = skr_decode_version(&decoder);
    out->objects_node = skr_decode_number(&decoder, 8);
    out->uploads_node = skr_decode_number(&decoder, 8);
    out->created_ns = (int64_t)skr_decode_number(&decoder, 8);
    out->modified_ns = (int64_t)skr_decode_number(&decoder, 8);
    out->etag = skr_decode_text(&decoder, 1);
    out->public_access = (unsigned)skr_decode_number(&decoder, 1);
    out->policy_count = skr_decode_number(&decoder, 1);
    if (out->policy_count > SKR_MAX_ACCESS_POLICIES)
        return skr_fail(err, SKR_CORRUPT, "a container's record is damaged");
    for (size_t i = 0; i < out->policy_count; i++) {
        out->policies[i].id = skr_decode_text(&decoder, 2);
        out->policies[i].start = skr_decode_text(&decoder, 2);
        out->policies[i].expiry = skr_decode_text(&decoder, 2);
        out->policies[i].permission = skr_decode_text(&decoder, 2);
    }
    if (!skr_decode_metadata(&decoder, arena, &out->metadata, &out->metadata_count))
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a record");
    if (version >= 2)
        skr_decode_container_2(&decoder, version, out);
    if (version >= 3)
        out->journal_node = skr_decode_number(&decoder, 8);
    if (decoder.failed || version == 0 || out->public_access > SKR_PUBLIC_CONTAINER ||
        out->versioning > SKR_VERSIONING_SUSPENDED)
        return skr_fail(err, SKR_CORRUPT, "a container's record is damaged");
    return SKR_OK;
}

/* ---- uploads ---- */

bool skr_upload_encode(struct skr_encoder *encoder, const struct skr_upload *upload)
{
    skr_encode_number(encoder, SKR_RECORD_VERSION, 1);
    skr_encode_number(encoder, upload->kind, 1);
    skr_encode_number(encoder, (uint64_t)upload->created_ns, 8);
    skr_encode_number(encoder, (uint64_t)upload->touched_ns, 8);
    skr_encode_number(encoder, upload->object_node, 8);
    skr_encode_number(encoder, upload->upload_node, 8);
    skr_encode_number(encoder, upload->block_count, 4);
    skr_encode_number(encoder, upload->name_size, 4);
    skr_encode_text(encoder, upload->key, 2);
    skr_encode_text(encoder, upload->draft, 4);
    return !encoder->failed;
}

enum skr_status skr_upload_record_decode(struct skr_bytes record, uint64_t id, struct skr_upload *out, struct skr_error *err)
{
    struct skr_decoder decoder = skr_decoder_of(record);
    unsigned version = skr_decode_version(&decoder);
    *out = (struct skr_upload){.id = id, .kind = (unsigned)skr_decode_number(&decoder, 1)};
    out->created_ns = (int64_t)skr_decode_number(&decoder, 8);
    out->touched_ns = (int64_t)skr_decode_number(&decoder, 8);
    out->object_node = skr_decode_number(&decoder, 8);
    out->upload_node = skr_decode_number(&decoder, 8);
    out->block_count = (uint32_t)skr_decode_number(&decoder, 4);
    out->name_size = (uint32_t)skr_decode_number(&decoder, 4);
    out->key = skr_decode_text(&decoder, 2);
    if (version >= 2)
        out->draft = skr_decode_text(&decoder, 4);
    if (decoder.failed || version == 0 || out->key.size == 0 || out->key.size > SKR_MAX_KEY_BYTES)
        return skr_fail(err, SKR_CORRUPT, "an upload's record is damaged");
    return SKR_OK;
}
