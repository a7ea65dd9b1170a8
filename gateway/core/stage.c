/* Staging: bytes become a block of a name's uncommitted blocks, or a part of one of its multipart uploads. Both are the same
 * rows; they differ in how their upload is found and in what is kept of them. */
#include <stdlib.h>

#include "federation/upload_early.h"
#include "gather.h"
#include "ingest.h"
#include "source.h"

struct skr_stage_change {
    struct skr_pending pending;
    struct skr_object_name name;
    struct skr_block block; /* its name, and digests of a part */
    bool is_part;
    uint64_t upload_id; /* is_part */
    unsigned number;    /* likewise; else 0 */
    char part_name[4];
    struct skr_ingest *ingest; /* NULL: by reference from `source` */
    struct skr_copy_source source;
    struct skr_conditions source_conditions;
};

/* ---- the upload that it belongs to ---- */

/* Made when it is the first block. */
static enum skr_status skr_open_blocks(struct skr_view *view, struct skr_stage_change *op, struct skr_container *container,
                                       struct skr_upload *upload, struct skr_error *err)
{
    enum skr_status status = skr_upload_get(view, container, op->name.key, upload, err);
    if (status == SKR_OK) {
        if (upload->name_size != 0 && upload->name_size != op->block.name.size)
            return skr_fail(err, SKR_INVALID_BLOCK_ID, "block ids of one object have one length");
        if (upload->block_count >= SKR_MAX_UNCOMMITTED_BLOCKS)
            return skr_fail(err, SKR_TOO_MANY_BLOCKS, "too many uncommitted blocks");
        return SKR_OK;
    }
    if (status != SKR_UPLOAD_NOT_FOUND)
        return status;
    *upload = (struct skr_upload){.kind = SKR_UPLOAD_BLOCKS};
    return skr_upload_create(view, container, op->name.key, upload, NULL, err);
}

/* The upload's draft says which checksum its parts have. */
static enum skr_status skr_open_multipart(struct skr_view *view, struct skr_stage_change *op, struct skr_container *container,
                                          struct skr_upload *upload, struct skr_error *err)
{
    struct skr_object draft;
    enum skr_status status = skr_upload_find(view, container, op->name.key, op->upload_id, upload, err);
    if (status == SKR_OK)
        status = skr_object_decode(&op->pending.arena, upload->draft, &draft, err);
    if (status == SKR_OK && draft.checksum.kind != SKR_CHECKSUM_NONE && draft.checksum.kind != op->block.checksum.kind)
        status = skr_fail(err, SKR_INVALID_ARGUMENT, "a part lacks the checksum that its upload has");
    return status;
}

static enum skr_status skr_open_upload(struct skr_view *view, struct skr_stage_change *op, struct skr_container *container,
                                       struct skr_upload *upload, struct skr_error *err)
{
    enum skr_status status =
        op->is_part ? skr_open_multipart(view, op, container, upload, err) : skr_open_blocks(view, op, container, upload, err);
    if (status != SKR_OK)
        return status;
    upload->key = op->name.key; /* the record's own texts end with the first write */
    upload->draft = skr_arena_copy(&op->pending.arena, upload->draft);
    return upload->draft.data == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory for an upload's record") : SKR_OK;
}

/* ---- the change ---- */

static enum skr_status skr_stage_written(struct skr_view *view, struct skr_stage_change *op, struct skr_container *container,
                                         struct skr_error *err)
{
    struct skr_upload upload;
    struct skr_extent extent;
    bool created = false;
    enum skr_status status = skr_open_upload(view, op, container, &upload, err);
    if (status == SKR_OK && op->ingest->size == 0)
        return skr_block_put(view, &upload, &op->block, NULL, 0, true, err);
    if (status == SKR_OK)
        status = skr_ingest_register(view, op->ingest, &extent, &created, err);
    if (status == SKR_OK)
        status = skr_block_put(view, &upload, &op->block, &extent, 1, true, err);
    if (status == SKR_OK && created)
        status = skr_file_record_release(view, extent.file_id, err);
    return status;
}

static enum skr_status skr_stage_reference(struct skr_view *view, struct skr_stage_change *op, struct skr_container *container,
                                           struct skr_error *err)
{
    struct skr_container source_container;
    struct skr_object source;
    struct skr_extent *extents;
    size_t count;
    enum skr_status status = skr_find_source(view, &op->pending.arena, &op->source, &source_container, &source, err);
    if (status != SKR_OK)
        return status;
    uint64_t length = op->source.length == SKR_SIZE_ANY ? source.content.size_bytes - op->source.offset : op->source.length;
    if (source.content.layout == SKR_CONTENT_INLINE)
        return skr_fail(err, SKR_BUSY, "the source changed while it was read");
    status = skr_collect_extents(view, &op->pending.arena, &source.content, op->source.offset, length, &extents, &count, err);
    struct skr_upload upload;
    if (status == SKR_OK)
        status = skr_open_upload(view, op, container, &upload, err);
    if (status == SKR_OK)
        status = skr_block_put(view, &upload, &op->block, extents, count, false, err);
    return status;
}

static enum skr_status skr_apply_stage(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_stage_change *op = (struct skr_stage_change *)change;
    struct skr_container container;
    enum skr_status status = skr_container_get(view, &op->pending.arena, op->name.account, op->name.container, &container, err);
    if (status != SKR_OK)
        return status;
    status = op->ingest != NULL ? skr_stage_written(view, op, &container, err) : skr_stage_reference(view, op, &container, err);
    op->pending.block = op->block;
    op->pending.has_block = op->is_part;
    return status;
}

static void skr_settle_stage(struct skr_pending *pending)
{
    struct skr_stage_change *op = (struct skr_stage_change *)pending;
    if (op->ingest != NULL && op->ingest->size > 0 && pending->change.status == SKR_OK)
        skr_early_staged(pending->worker, &op->name, op->is_part ? op->upload_id : 0, op->number,
                         skr_writer_result(op->ingest->writer));
    if (op->ingest != NULL)
        skr_ingest_settle(op->ingest, pending->change.status);
}

static struct skr_stage_change *skr_stage_new(struct skr_worker *worker, const struct skr_object_name *name, skr_done done,
                                              void *context)
{
    struct skr_stage_change *op = skr_pending_new(worker, sizeof *op, skr_apply_stage, done, context);
    if (op == NULL)
        return NULL;
    op->name = *name;
    op->pending.settle = skr_settle_stage;
    return op;
}

/* Why it cannot be staged. NULL: it can. */
static const char *skr_stage_name_block(struct skr_stage_change *op, struct skr_bytes block_name, enum skr_status *status)
{
    op->block.name = skr_arena_copy(&op->pending.arena, block_name);
    if (op->block.name.data == NULL || !skr_name_copy(&op->pending.arena, &op->name)) {
        *status = SKR_NO_MEMORY;
        return "no memory for a block";
    }
    *status = SKR_INVALID_BLOCK_ID;
    return block_name.size == 0 || block_name.size > SKR_MAX_BLOCK_NAME_BYTES ? "a block id has 1 to 64 bytes" : NULL;
}

static const char *skr_stage_name_part(struct skr_stage_change *op, uint64_t upload_id, unsigned number,
                                       enum skr_status *status)
{
    op->is_part = true;
    op->upload_id = upload_id;
    op->number = number;
    op->block.name = skr_part_name(op->part_name, number);
    if (!skr_name_copy(&op->pending.arena, &op->name)) {
        *status = SKR_NO_MEMORY;
        return "no memory for a part";
    }
    *status = SKR_INVALID_ARGUMENT;
    return number < 1 || number > SKR_MAX_PARTS ? "parts are numbered from 1 to 10000" : NULL;
}

struct skr_pending *skr_put_block(struct skr_worker *worker, const struct skr_object_name *name, struct skr_bytes block_name,
                                  struct skr_ingest *ingest, skr_done done, void *context)
{
    struct skr_stage_change *op = skr_stage_new(worker, name, done, context);
    enum skr_status status;
    if (op == NULL) {
        skr_ingest_discard(ingest);
        return NULL;
    }
    op->ingest = ingest;
    const char *refusal = skr_stage_name_block(op, block_name, &status);
    return refusal != NULL ? skr_pending_fail(&op->pending, status, refusal)
                           : skr_pending_submit_object(&op->pending, &op->name, false, NULL);
}

struct skr_pending *skr_put_part(struct skr_worker *worker, const struct skr_object_name *name, uint64_t upload_id,
                                 unsigned part_number, struct skr_ingest *ingest, skr_done done, void *context)
{
    struct skr_stage_change *op = skr_stage_new(worker, name, done, context);
    enum skr_status status;
    if (op == NULL) {
        skr_ingest_discard(ingest);
        return NULL;
    }
    op->ingest = ingest;
    const char *refusal = skr_stage_name_part(op, upload_id, part_number, &status);
    if (refusal == NULL && !ingest->digests.has_md5)
        refusal = "a part has an MD5";
    if (refusal != NULL)
        return skr_pending_fail(&op->pending, status, refusal);
    op->block.has_md5 = true;
    memcpy(op->block.md5, ingest->digests.md5, sizeof op->block.md5);
    op->block.checksum = ingest->digests.checksum;
    return skr_pending_submit_object(&op->pending, &op->name, false, NULL);
}

/* ---- staging from an object ---- */

/* A small source is kept inside metadata: its bytes are written to flash first, then staged like any block. */
static void skr_small_source_written(void *context, const struct skr_result *result)
{
    struct skr_stage_change *op = context;
    if (result->status == SKR_OK)
        skr_pending_submit(&op->pending);
    else
        skr_pending_fail(&op->pending, result->status, result->error->message);
}

/* Reads the payload of an inline source into the pending's arena. `*is_inline` false: go by reference. */
static enum skr_status skr_read_small_source(struct skr_worker *worker, struct skr_stage_change *op, struct skr_bytes *bytes,
                                             bool *is_inline, struct skr_error *err)
{
    struct skr_view *view;
    struct skr_container container;
    struct skr_object source;
    struct skr_bytes payload;
    enum skr_status status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_find_source(view, &op->pending.arena, &op->source, &container, &source, err);
    *is_inline = status == SKR_OK && source.content.layout == SKR_CONTENT_INLINE;
    if (*is_inline) {
        status = skr_content_payload(view, &source.content, &payload, err);
    } else if (status == SKR_OK && source.content.layout == SKR_CONTENT_CACHED) {
        uint32_t crc32c;
        *is_inline = skr_content_cached_payload(view, &source.content, &payload, &crc32c, err) == SKR_OK;
    }
    if (status == SKR_OK && *is_inline) {
        uint64_t length = op->source.length == SKR_SIZE_ANY ? payload.size - op->source.offset : op->source.length;
        *bytes = skr_arena_copy(&op->pending.arena, (struct skr_bytes){payload.data + op->source.offset, length});
        if (bytes->data == NULL)
            status = skr_fail(err, SKR_NO_MEMORY, "no memory for a block");
    }
    skr_view_end(view);
    return status;
}

static struct skr_pending *skr_stage_small_source(struct skr_worker *worker, struct skr_stage_change *op,
                                                  struct skr_bytes bytes)
{
    struct skr_error error = {.status = SKR_OK};
    struct skr_ingest_options options = {.expected_size = bytes.size, .block_of = &op->name, .upload_id = op->upload_id};
    enum skr_status status = skr_ingest_open(worker, &options, &op->ingest, &error);
    if (status != SKR_OK) {
        op->ingest = NULL;
        return skr_pending_fail(&op->pending, status, error.message);
    }
    if (skr_ingest_write(op->ingest, bytes.data, bytes.size) < bytes.size)
        return skr_pending_fail(&op->pending, SKR_INTERNAL, "a new writer did not take a small block");
    status = skr_ingest_finish(op->ingest, NULL, skr_small_source_written, op, &error);
    if (status == SKR_PENDING)
        return &op->pending;
    return status == SKR_OK ? skr_pending_submit(&op->pending) : skr_pending_fail(&op->pending, status, error.message);
}

/* The source is known, and its bytes are here. */
static void skr_stage_go(struct skr_pending *pending)
{
    struct skr_stage_change *op = (struct skr_stage_change *)pending;
    struct skr_error error = {.status = SKR_OK};
    struct skr_bytes bytes;
    bool is_inline;
    enum skr_status status = skr_read_small_source(pending->worker, op, &bytes, &is_inline, &error);
    if (status != SKR_OK)
        skr_pending_fail(pending, status, error.message);
    else if (is_inline)
        skr_stage_small_source(pending->worker, op, bytes);
    else
        skr_pending_submit(pending);
}

static struct skr_pending *skr_stage_from(struct skr_stage_change *op, const struct skr_copy_source *source)
{
    if (!skr_source_copy(&op->pending.arena, source, &op->source, &op->source_conditions))
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for a block");
    op->pending.go = skr_stage_go;
    return skr_pending_submit_copy(&op->pending, &op->name, false, &op->source, false);
}

struct skr_pending *skr_put_block_from(struct skr_worker *worker, const struct skr_object_name *name,
                                       struct skr_bytes block_name, const struct skr_copy_source *source, skr_done done,
                                       void *context)
{
    struct skr_stage_change *op = skr_stage_new(worker, name, done, context);
    enum skr_status status;
    if (op == NULL)
        return NULL;
    const char *refusal = skr_stage_name_block(op, block_name, &status);
    return refusal != NULL ? skr_pending_fail(&op->pending, status, refusal) : skr_stage_from(op, source);
}

struct skr_pending *skr_put_part_from(struct skr_worker *worker, const struct skr_object_name *name, uint64_t upload_id,
                                      unsigned part_number, const struct skr_copy_source *source, const uint8_t md5[16],
                                      const struct skr_checksum *checksum, skr_done done, void *context)
{
    struct skr_stage_change *op = skr_stage_new(worker, name, done, context);
    enum skr_status status;
    if (op == NULL)
        return NULL;
    const char *refusal = skr_stage_name_part(op, upload_id, part_number, &status);
    op->block.has_md5 = true;
    memcpy(op->block.md5, md5, sizeof op->block.md5);
    if (checksum != NULL)
        op->block.checksum = *checksum;
    return refusal != NULL ? skr_pending_fail(&op->pending, status, refusal) : skr_stage_from(op, source);
}
