/* Staging blocks, committing a list of them, reading lists. A commit moves no byte: it writes an extent list. */
#include <stdlib.h>

#include "ingest.h"
#include "put.h"
#include "source.h"

/* ---- staging ---- */

struct skr_block_change {
    struct skr_pending pending;
    struct skr_object_name name;
    struct skr_bytes block_name;
    bool create_only;
    struct skr_ingest *ingest; /* NULL: by reference from `source` */
    struct skr_copy_source source;
    struct skr_conditions source_conditions;
};

/* The upload that the block belongs to, made when it is the first. */
static enum skr_status skr_open_upload(struct skr_view *view, struct skr_block_change *op, struct skr_container *container,
                                       struct skr_upload *upload, struct skr_error *err)
{
    enum skr_status status = skr_upload_get(view, container, op->name.key, upload, err);
    if (status == SKR_OK) {
        upload->key = op->name.key;
        if (upload->name_size != 0 && upload->name_size != op->block_name.size)
            return skr_fail(err, SKR_INVALID_BLOCK_ID, "block ids of one object have one length");
        if (upload->block_count >= SKR_MAX_UNCOMMITTED_BLOCKS)
            return skr_fail(err, SKR_TOO_MANY_BLOCKS, "too many uncommitted blocks");
        return SKR_OK;
    }
    if (status != SKR_UPLOAD_NOT_FOUND)
        return status;
    *upload = (struct skr_upload){.kind = SKR_UPLOAD_BLOCKS};
    return skr_upload_create(view, container, op->name.key, upload, err);
}

static enum skr_status skr_stage_written(struct skr_view *view, struct skr_block_change *op, struct skr_container *container,
                                         struct skr_error *err)
{
    struct skr_upload upload;
    struct skr_extent extent;
    bool created = false;
    enum skr_status status = skr_open_upload(view, op, container, &upload, err);
    if (status == SKR_OK && op->ingest->size == 0)
        return skr_block_put(view, &upload, op->block_name, NULL, 0, true, err);
    if (status == SKR_OK)
        status = skr_ingest_register(view, op->ingest, &extent, &created, err);
    if (status == SKR_OK)
        status = skr_block_put(view, &upload, op->block_name, &extent, 1, true, err);
    if (status == SKR_OK && created)
        status = skr_file_record_release(view, extent.file_id, err);
    return status;
}

/* All extents of a range, in the pending's arena. */
static enum skr_status skr_collect_extents(struct skr_view *view, struct skr_arena *arena, const struct skr_content *content,
                                           uint64_t offset, uint64_t length, struct skr_extent **out, size_t *out_count,
                                           struct skr_error *err)
{
    size_t capacity = content->layout == SKR_CONTENT_EXTENT ? 1 : content->extent_count, count = 0;
    *out = skr_arena_alloc(arena, (capacity == 0 ? 1 : capacity) * sizeof **out);
    if (*out == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for %zu extents", capacity);
    enum skr_status status = SKR_OK;
    if (length > 0)
        status = skr_content_extents(view, content, offset, length, *out, capacity, &count, err);
    *out_count = count;
    return status;
}

static enum skr_status skr_stage_reference(struct skr_view *view, struct skr_block_change *op, struct skr_container *container,
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
        status = skr_block_put(view, &upload, op->block_name, extents, count, false, err);
    return status;
}

static enum skr_status skr_apply_put_block(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_block_change *op = (struct skr_block_change *)change;
    struct skr_container container;
    struct skr_object there;
    bool exists;
    enum skr_status status = skr_find_object(view, &op->pending.arena, &op->name, &container, &there, &exists, err);
    if (status != SKR_OK)
        return status;
    if (exists && op->create_only)
        return skr_fail(err, SKR_FORBIDDEN, "the right to create does not cover replacing");
    return op->ingest != NULL ? skr_stage_written(view, op, &container, err) : skr_stage_reference(view, op, &container, err);
}

static void skr_settle_block(struct skr_pending *pending)
{
    struct skr_block_change *op = (struct skr_block_change *)pending;
    if (op->ingest != NULL)
        skr_ingest_settle(op->ingest, pending->change.status);
}

static struct skr_block_change *skr_block_change_new(struct skr_worker *worker, const struct skr_object_name *name,
                                                     struct skr_bytes block_name, bool create_only, skr_done done, void *context)
{
    struct skr_block_change *op = skr_pending_new(worker, sizeof *op, skr_apply_put_block, done, context);
    if (op == NULL)
        return NULL;
    op->name = *name;
    op->create_only = create_only;
    op->block_name = skr_arena_copy(&op->pending.arena, block_name);
    op->pending.settle = skr_settle_block;
    return op;
}

struct skr_pending *skr_put_block(struct skr_worker *worker, const struct skr_object_name *name, struct skr_bytes block_name,
                                  bool create_only, struct skr_ingest *ingest, skr_done done, void *context)
{
    struct skr_block_change *op = skr_block_change_new(worker, name, block_name, create_only, done, context);
    if (op == NULL) {
        skr_ingest_discard(ingest);
        return NULL;
    }
    op->ingest = ingest;
    if (op->block_name.data == NULL || !skr_name_copy(&op->pending.arena, &op->name))
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for a block");
    if (block_name.size == 0 || block_name.size > SKR_MAX_BLOCK_NAME_BYTES)
        return skr_pending_fail(&op->pending, SKR_INVALID_BLOCK_ID, "a block id has 1 to 64 bytes");
    return skr_pending_submit(&op->pending);
}

/* ---- staging from an object ---- */

/* A small source is kept inside metadata: its bytes are written to flash first, then staged like any block. */
static void skr_small_source_written(void *context, const struct skr_result *result)
{
    struct skr_block_change *op = context;
    if (result->status == SKR_OK)
        skr_pending_submit(&op->pending);
    else
        skr_pending_fail(&op->pending, result->status, result->error->message);
}

/* Reads the payload of an inline source into the pending's arena. `*is_inline` false: go by reference. */
static enum skr_status skr_read_small_source(struct skr_worker *worker, struct skr_block_change *op, struct skr_bytes *bytes,
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
    if (*is_inline)
        status = skr_content_payload(view, &source.content, &payload, err);
    if (status == SKR_OK && *is_inline) {
        uint64_t length = op->source.length == SKR_SIZE_ANY ? payload.size - op->source.offset : op->source.length;
        *bytes = skr_arena_copy(&op->pending.arena, (struct skr_bytes){payload.data + op->source.offset, length});
        if (bytes->data == NULL)
            status = skr_fail(err, SKR_NO_MEMORY, "no memory for a block");
    }
    skr_view_end(view);
    return status;
}

static struct skr_pending *skr_stage_small_source(struct skr_worker *worker, struct skr_block_change *op, struct skr_bytes bytes)
{
    struct skr_error error = {.status = SKR_OK};
    struct skr_ingest_options options = {.expected_size = bytes.size, .block_of = &op->name};
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

struct skr_pending *skr_put_block_from(struct skr_worker *worker, const struct skr_object_name *name, struct skr_bytes block_name,
                                       bool create_only, const struct skr_copy_source *source, skr_done done, void *context)
{
    struct skr_block_change *op = skr_block_change_new(worker, name, block_name, create_only, done, context);
    if (op == NULL)
        return NULL;
    if (op->block_name.data == NULL || !skr_name_copy(&op->pending.arena, &op->name) ||
        !skr_source_copy(&op->pending.arena, source, &op->source, &op->source_conditions))
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for a block");
    if (block_name.size == 0 || block_name.size > SKR_MAX_BLOCK_NAME_BYTES)
        return skr_pending_fail(&op->pending, SKR_INVALID_BLOCK_ID, "a block id has 1 to 64 bytes");
    struct skr_error error = {.status = SKR_OK};
    struct skr_bytes bytes;
    bool is_inline;
    enum skr_status status = skr_read_small_source(worker, op, &bytes, &is_inline, &error);
    if (status != SKR_OK)
        return skr_pending_fail(&op->pending, status, error.message);
    return is_inline ? skr_stage_small_source(worker, op, bytes) : skr_pending_submit(&op->pending);
}

/* ---- committing ---- */

struct skr_commit_change {
    struct skr_pending pending;
    struct skr_put put;
    struct skr_conditions conditions;
    const struct skr_block_choice *choices;
    size_t count;
    uint64_t content_id;
};

/* A committed block of the object that is there: where it lies. */
struct skr_committed_block {
    struct skr_bytes name;
    uint64_t offset_bytes, size_bytes;
};

/* What a commit gathers; in the pending's arena. */
struct skr_gathering {
    struct skr_view *view;
    struct skr_arena *arena;
    struct skr_put_state state;
    struct skr_committed_block *committed; /* sorted by name once `is_sorted` */
    size_t committed_count, committed_capacity;
    struct skr_extent *extents;
    size_t extent_count, extent_capacity;
    struct skr_block *blocks; /* the new committed list */
    uint64_t size_bytes;
    bool has_committed, failed;
};

static int skr_committed_order(const void *a, const void *b)
{
    return skr_bytes_compare(((const struct skr_committed_block *)a)->name, ((const struct skr_committed_block *)b)->name);
}

static bool skr_gather_committed_block(void *context, const struct skr_block *block, uint64_t offset_bytes)
{
    struct skr_gathering *gathering = context;
    if (gathering->committed_count >= gathering->committed_capacity) {
        gathering->failed = true; /* more than its record says */
        return false;
    }
    gathering->committed[gathering->committed_count++] = (struct skr_committed_block){block->name, offset_bytes, block->size_bytes};
    return true;
}

/* The committed blocks of the object that is there, loaded once and sorted by name. */
static enum skr_status skr_gather_committed(struct skr_gathering *gathering, struct skr_error *err)
{
    if (gathering->has_committed)
        return SKR_OK;
    gathering->has_committed = true;
    const struct skr_content *content = &gathering->state.there.content;
    if (!gathering->state.exists || content->block_count == 0)
        return SKR_OK;
    gathering->committed_capacity = content->block_count;
    gathering->committed = skr_arena_alloc(gathering->arena, content->block_count * sizeof *gathering->committed);
    if (gathering->committed == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a block list");
    enum skr_status status = skr_block_list_visit(gathering->view, content, skr_gather_committed_block, gathering, err);
    if (status == SKR_OK && gathering->failed)
        status = skr_fail(err, SKR_CORRUPT, "a committed block list is longer than its record says");
    if (gathering->committed_count > 1)
        qsort(gathering->committed, gathering->committed_count, sizeof *gathering->committed, skr_committed_order);
    return status;
}

static enum skr_status skr_gather_extents(struct skr_gathering *gathering, const struct skr_extent *extents, size_t count,
                                          struct skr_error *err)
{
    if (gathering->extent_count + count > gathering->extent_capacity) {
        size_t capacity = (gathering->extent_count + count) * 2;
        struct skr_extent *grown = skr_arena_alloc(gathering->arena, capacity * sizeof *grown);
        if (grown == NULL)
            return skr_fail(err, SKR_NO_MEMORY, "no memory for %zu extents", capacity);
        if (gathering->extent_count > 0)
            memcpy(grown, gathering->extents, gathering->extent_count * sizeof *grown);
        gathering->extents = grown;
        gathering->extent_capacity = capacity;
    }
    if (count > 0)
        memcpy(gathering->extents + gathering->extent_count, extents, count * sizeof *extents);
    gathering->extent_count += count;
    return SKR_OK;
}

/* SKR_NOT_FOUND: no such committed block. */
static enum skr_status skr_gather_from_committed(struct skr_gathering *gathering, struct skr_bytes name, uint64_t *size_bytes,
                                                 struct skr_error *err)
{
    enum skr_status status = skr_gather_committed(gathering, err);
    if (status != SKR_OK)
        return status;
    struct skr_committed_block wanted = {.name = name};
    const struct skr_committed_block *block =
        gathering->committed_count == 0 ? NULL
                                        : bsearch(&wanted, gathering->committed, gathering->committed_count,
                                                  sizeof *gathering->committed, skr_committed_order);
    if (block == NULL)
        return skr_fail(err, SKR_NOT_FOUND, "no committed block of that name");
    struct skr_extent *extents;
    size_t count;
    status = skr_collect_extents(gathering->view, gathering->arena, &gathering->state.there.content, block->offset_bytes,
                                 block->size_bytes, &extents, &count, err);
    *size_bytes = block->size_bytes;
    return status != SKR_OK ? status : skr_gather_extents(gathering, extents, count, err);
}

static enum skr_status skr_gather_from_upload(struct skr_gathering *gathering, struct skr_bytes name, uint64_t *size_bytes,
                                              struct skr_error *err)
{
    if (!gathering->state.has_upload)
        return skr_fail(err, SKR_NOT_FOUND, "no uncommitted block of that name");
    const struct skr_extent *extents;
    size_t count;
    enum skr_status status = skr_block_get(gathering->view, gathering->arena, &gathering->state.upload, name, size_bytes, &extents,
                                           &count, err);
    return status != SKR_OK ? status : skr_gather_extents(gathering, extents, count, err);
}

static enum skr_status skr_gather_choice(struct skr_gathering *gathering, const struct skr_block_choice *choice,
                                         struct skr_block *block, struct skr_error *err)
{
    enum skr_status status = SKR_NOT_FOUND;
    block->name = choice->name;
    if (choice->from != SKR_BLOCK_COMMITTED)
        status = skr_gather_from_upload(gathering, choice->name, &block->size_bytes, err);
    if (status == SKR_NOT_FOUND && choice->from != SKR_BLOCK_UNCOMMITTED)
        status = skr_gather_from_committed(gathering, choice->name, &block->size_bytes, err);
    if (status == SKR_NOT_FOUND)
        return skr_fail(err, SKR_INVALID_BLOCK_LIST, "the list names a block that is not there");
    if (status == SKR_OK && __builtin_add_overflow(gathering->size_bytes, block->size_bytes, &gathering->size_bytes))
        return skr_fail(err, SKR_TOO_LARGE, "the object would be too large");
    return status;
}

static enum skr_status skr_apply_commit(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_commit_change *op = (struct skr_commit_change *)change;
    struct skr_gathering gathering = {.view = view, .arena = &op->pending.arena};
    enum skr_status status = skr_put_begin(view, &op->pending, &op->put, &gathering.state, err);
    if (status != SKR_OK)
        return status;
    gathering.blocks = skr_arena_alloc(gathering.arena, (op->count + 1) * sizeof *gathering.blocks);
    if (gathering.blocks == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a block list");
    for (size_t i = 0; i < op->count && status == SKR_OK; i++)
        status = skr_gather_choice(&gathering, &op->choices[i], &gathering.blocks[i], err);
    if (status != SKR_OK)
        return status;
    struct skr_content content = {.layout = SKR_CONTENT_EMPTY};
    if (op->count > 0)
        status = skr_content_create_extents(view, op->content_id, gathering.extents, gathering.extent_count, &content, err);
    if (status == SKR_OK && op->count > 0) {
        content.block_count = (uint32_t)op->count;
        status = skr_block_list_put(view, op->content_id, gathering.blocks, op->count, err);
    }
    return status != SKR_OK ? status : skr_put_finish(view, &op->pending, &op->put, &gathering.state, &content, err);
}

static void skr_settle_commit(struct skr_pending *pending)
{
    struct skr_commit_change *op = (struct skr_commit_change *)pending;
    if (pending->change.status == SKR_OK)
        skr_upload_slots_forget(pending->worker->core, &op->put.name);
}

static bool skr_choices_copy(struct skr_arena *arena, const struct skr_block_choice **choices, size_t count)
{
    struct skr_block_choice *copy = skr_arena_alloc(arena, (count + 1) * sizeof *copy);
    if (copy == NULL)
        return false;
    for (size_t i = 0; i < count; i++) {
        copy[i] = (*choices)[i];
        copy[i].name = skr_arena_copy(arena, copy[i].name);
        if (copy[i].name.data == NULL)
            return false;
    }
    *choices = copy;
    return true;
}

struct skr_pending *skr_commit_blocks(struct skr_worker *worker, const struct skr_put *put, const struct skr_block_choice *choices,
                                      size_t count, skr_done done, void *context)
{
    struct skr_commit_change *op = skr_pending_new(worker, sizeof *op, skr_apply_commit, done, context);
    if (op == NULL)
        return NULL;
    op->put = *put;
    op->choices = choices;
    op->count = count;
    op->content_id = skr_meta_next_id(worker->core->meta);
    op->pending.settle = skr_settle_commit;
    if (!skr_put_copy(&op->pending.arena, &op->put, &op->conditions) ||
        !skr_choices_copy(&op->pending.arena, &op->choices, count))
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for a block list");
    if (count > SKR_MAX_BLOCKS)
        return skr_pending_fail(&op->pending, SKR_TOO_MANY_BLOCKS, "an object has at most 50000 blocks");
    return skr_pending_submit(&op->pending);
}

/* ---- reading lists ---- */

struct skr_list_reading {
    bool (*visit)(void *context, bool is_committed, const struct skr_block *block);
    void *context;
};

static bool skr_visit_committed(void *context, const struct skr_block *block, uint64_t offset_bytes)
{
    const struct skr_list_reading *reading = context;
    (void)offset_bytes;
    return reading->visit(reading->context, true, block);
}

static bool skr_visit_uncommitted(void *context, const struct skr_block *block)
{
    const struct skr_list_reading *reading = context;
    return reading->visit(reading->context, false, block);
}

enum skr_status skr_read_block_list(struct skr_worker *worker, struct skr_arena *arena, const struct skr_object_name *name,
                                    const struct skr_conditions *conditions, bool committed, bool uncommitted,
                                    struct skr_object *object,
                                    bool (*visit)(void *context, bool is_committed, const struct skr_block *block), void *context,
                                    struct skr_error *err)
{
    struct skr_view *view;
    struct skr_container container;
    struct skr_upload upload;
    struct skr_list_reading reading = {visit, context};
    bool exists;
    enum skr_status status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_find_object(view, arena, name, &container, object, &exists, err);
    if (status == SKR_OK)
        status = skr_upload_get(view, &container, name->key, &upload, err);
    bool has_upload = status == SKR_OK;
    if (status == SKR_UPLOAD_NOT_FOUND)
        status = exists ? SKR_OK : skr_fail(err, SKR_OBJECT_NOT_FOUND, "there is neither an object nor a block");
    if (status == SKR_OK)
        status = skr_conditions_check(conditions, exists, object->etag, object->modified_ns, true, err);
    if (status == SKR_OK && !skr_object_copy(arena, object))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    if (status == SKR_OK && committed && exists)
        status = skr_block_list_visit(view, &object->content, skr_visit_committed, &reading, err);
    if (status == SKR_OK && uncommitted && has_upload)
        status = skr_block_visit(view, &upload, skr_visit_uncommitted, &reading, err);
    skr_view_end(view);
    return status;
}
