/* A draft becomes the content of its file. Crash order as everywhere: its bytes are durable before the change that names them
 * is submitted; the change makes the new content, its checksums and the object visible together.
 */
#include <stdlib.h>

#include "../federation/journal_note.h"
#include "draft.h"
#include "grow.h"
#include "names.h"

struct skr_publish_change {
    struct skr_pending pending;
    struct skr_file_name name;
    struct skr_object_name object_name;
    uint64_t object_id;
    struct skr_file_attributes attributes;
    struct skr_draft *draft; /* locked by who submitted this, and waits */
    bool has_content;        /* else only attributes change */
    bool is_copy;            /* the bytes are those of the base: of the object nothing changes that can be seen */
    uint64_t content_id;
    struct skr_held *held;      /* what the draft goes on from, when this is done */
    struct skr_bytes payload;   /* of a small one */
    struct skr_extent *extents; /* of a large one; malloc'd. NULL beside no payload: all of the base, or nothing */
    size_t extent_count, extent_capacity;
    uint64_t *own; /* indices of the chunks whose checksums metadata does not have yet; malloc'd */
    size_t own_count, own_capacity;
    bool home_created, spill_created;
};

/* ---- what is to be published ---- */

static bool skr_publish_extent(struct skr_publish_change *op, const struct skr_extent *extent)
{
    struct skr_extent *grown = skr_grow(op->extents, op->extent_count, &op->extent_capacity, sizeof *grown);
    if (grown == NULL)
        return false;
    op->extents = grown;
    struct skr_extent *last = op->extent_count > 0 ? &op->extents[op->extent_count - 1] : NULL;
    if (last != NULL && extent->file_id == 0 && last->file_id == 0)
        last->length_bytes += extent->length_bytes;
    else
        op->extents[op->extent_count++] = *extent;
    return true;
}

static bool skr_publish_hole(struct skr_publish_change *op, uint64_t length)
{
    return length == 0 || skr_publish_extent(op, &(struct skr_extent){.length_bytes = length});
}

static bool skr_publish_own(struct skr_publish_change *op, uint64_t index)
{
    uint64_t *grown = skr_grow(op->own, op->own_count, &op->own_capacity, sizeof *grown);
    if (grown == NULL)
        return false;
    op->own = grown;
    op->own[op->own_count++] = index;
    return true;
}

/* The base's extents of a range, in a view. */
static enum skr_status skr_publish_base(struct skr_view *view, struct skr_publish_change *op, uint64_t offset, uint64_t length,
                                        struct skr_error *err)
{
    const struct skr_content *base = skr_held_content(op->draft->base);
    struct skr_extent extents[32];
    size_t count;
    while (length > 0) {
        enum skr_status status = skr_content_extents(view, base, offset, length, extents, 32, &count, err);
        if (status != SKR_OK)
            return status;
        for (size_t i = 0; i < count; i++) {
            if (!skr_publish_extent(op, &extents[i]))
                return skr_fail(err, SKR_NO_MEMORY, "no memory for a file's extents");
            offset += extents[i].length_bytes;
            length -= extents[i].length_bytes;
        }
    }
    return SKR_OK;
}

/* A range of which nothing was changed. */
static enum skr_status skr_publish_unchanged(struct skr_view *view, struct skr_publish_change *op, uint64_t offset,
                                             uint64_t length, struct skr_error *err)
{
    uint64_t there = offset < op->draft->base_bytes ? op->draft->base_bytes - offset : 0;
    if (there > length)
        there = length;
    enum skr_status status = skr_publish_base(view, op, offset, there, err);
    if (status == SKR_OK && !skr_publish_hole(op, length - there))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for a file's extents");
    return status;
}

static enum skr_status skr_publish_list(struct skr_view *view, struct skr_publish_change *op, struct skr_error *err)
{
    struct skr_draft *draft = op->draft;
    enum skr_status status = SKR_OK;
    for (uint64_t at = 0, next; at < draft->size_bytes && status == SKR_OK; at = next) {
        uint64_t index = at / SKR_DRAFT_CHUNK;
        const struct skr_draft_chunk *chunk = skr_draft_chunk(draft, index);
        uint64_t page_end = (index / SKR_DRAFT_PAGE_CHUNKS + 1) * SKR_DRAFT_PAGE_CHUNKS * (uint64_t)SKR_DRAFT_CHUNK;
        next = chunk == NULL ? page_end : at + SKR_DRAFT_CHUNK;
        if (next > draft->size_bytes)
            next = draft->size_bytes;
        if (chunk == NULL || chunk->state == SKR_DRAFT_BASE) {
            status = skr_publish_unchanged(view, op, at, next - at, err);
        } else if (chunk->state == SKR_DRAFT_HOLE) {
            if (!skr_publish_hole(op, next - at))
                status = skr_fail(err, SKR_NO_MEMORY, "no memory for a file's extents");
        } else {
            uint64_t begin = (uint64_t)chunk->slot * SKR_DRAFT_CHUNK;
            struct skr_extent extent = {.file_id = skr_draft_file_of(draft, chunk)->id,
                                        .offset_bytes = begin,
                                        .length_bytes = next - at,
                                        .end_bytes = begin + (next - at)};
            if (!skr_publish_extent(op, &extent) || !skr_publish_own(op, index))
                status = skr_fail(err, SKR_NO_MEMORY, "no memory for a file's extents");
        }
    }
    return status;
}

/* Bytes of a base that has no extents of its own to refer to. */
static enum skr_status skr_publish_take_base(struct skr_worker *worker, struct skr_draft *draft, struct skr_error *err)
{
    const struct skr_content *base = skr_held_content(draft->base);
    enum skr_status status = SKR_OK;
    if (base->layout != SKR_CONTENT_INLINE && base->layout != SKR_CONTENT_CACHED)
        return SKR_OK;
    for (uint64_t index = 0; index * SKR_DRAFT_CHUNK < draft->base_bytes && status == SKR_OK; index++) {
        const struct skr_draft_chunk *chunk = skr_draft_chunk(draft, index);
        if (chunk == NULL || chunk->state == SKR_DRAFT_BASE)
            status = skr_draft_own(worker, draft, index, false, err);
    }
    return status;
}

/* Checksums of what was not written in one go; and where a chunk grew without being written, its file does, too. */
static enum skr_status skr_publish_checksum(struct skr_worker *worker, struct skr_draft *draft, struct skr_draft_chunk *chunk,
                                            size_t bytes, struct skr_error *err)
{
    struct skr_scratch *scratch = skr_draft_file_of(draft, chunk)->scratch;
    uint64_t begin = (uint64_t)chunk->slot * SKR_DRAFT_CHUNK;
    enum skr_status status = skr_scratch_extend(scratch, worker->io, begin + bytes, err);
    if (status == SKR_OK)
        status = skr_scratch_read(scratch, worker->io, draft->buffer, bytes, begin, err);
    if (status != SKR_OK)
        return status;
    chunk->crc32c = skr_crc32c(0, draft->buffer, bytes);
    chunk->covered = (uint32_t)bytes;
    skr_draft_file_of(draft, chunk)->unsynced = true;
    return SKR_OK;
}

static enum skr_status skr_publish_checksums(struct skr_worker *worker, struct skr_draft *draft, struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    for (size_t page = 0; page < draft->page_count && status == SKR_OK; page++) {
        for (uint64_t i = 0; draft->pages[page] != NULL && i < SKR_DRAFT_PAGE_CHUNKS && status == SKR_OK; i++) {
            struct skr_draft_chunk *chunk = &draft->pages[page]->chunks[i];
            size_t bytes = skr_draft_chunk_bytes(draft, page * SKR_DRAFT_PAGE_CHUNKS + i);
            if (chunk->state == SKR_DRAFT_OWN && bytes > 0 && chunk->covered != bytes)
                status = skr_publish_checksum(worker, draft, chunk, bytes, err);
        }
    }
    return status;
}

static enum skr_status skr_publish_sync(struct skr_worker *worker, struct skr_draft_file *file, struct skr_error *err)
{
    enum skr_status status =
        file->scratch != NULL && file->unsynced ? skr_scratch_sync(file->scratch, worker->io, err) : SKR_OK;
    if (status == SKR_OK)
        file->unsynced = false;
    return status;
}

/* Where the file's last chunk is in its own place, `home` ends with the file: then it is all of it, and nothing else. */
static enum skr_status skr_publish_trim(struct skr_worker *worker, struct skr_draft *draft, struct skr_error *err)
{
    uint64_t last = (draft->size_bytes - 1) / SKR_DRAFT_CHUNK;
    const struct skr_draft_chunk *chunk = skr_draft_chunk(draft, last);
    if (chunk == NULL || chunk->state != SKR_DRAFT_OWN || chunk->is_spilled ||
        (draft->home.is_known && !skr_draft_home_ends(draft, last + 1)))
        return SKR_OK;
    return skr_scratch_truncate(draft->home.scratch, worker->io, draft->size_bytes, err);
}

static enum skr_status skr_publish_small(struct skr_worker *worker, struct skr_publish_change *op, struct skr_error *err)
{
    struct skr_draft *draft = op->draft;
    char *payload = skr_arena_alloc(&op->pending.arena, (size_t)draft->size_bytes);
    if (payload == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a small file's bytes");
    op->payload = (struct skr_bytes){payload, (size_t)draft->size_bytes};
    return skr_draft_read_locked(worker, draft, 0, payload, op->payload.size, err) == (ssize_t)op->payload.size ? SKR_OK
                                                                                                                : err->status;
}

/* Is it the base, whole, as another file's content that it became by reference may be? */
static bool skr_publish_is_base(const struct skr_draft *draft)
{
    const struct skr_content *base = skr_held_content(draft->base);
    return draft->page_count == 0 && draft->base_bytes == draft->size_bytes && draft->size_bytes == base->size_bytes &&
           base->layout != SKR_CONTENT_INLINE && base->layout != SKR_CONTENT_CACHED;
}

/* Taken before, so that nothing can fail once the change is made. */
static enum skr_status skr_publish_hold(struct skr_publish_change *op, struct skr_error *err)
{
    struct skr_core *core = op->draft->core;
    struct skr_content content = {.id = op->draft->size_bytes == 0 ? 0 : op->content_id, .size_bytes = op->draft->size_bytes};
    if (op->payload.size > 0)
        return skr_held_new_payload(core, &content, op->payload, &op->held, err);
    if (op->extent_count > 0 || content.id == 0)
        return skr_held_new_pinned(core, &content, &op->held, err);
    op->held = skr_held_retain(op->draft->base);
    return SKR_OK;
}

static enum skr_status skr_publish_gather(struct skr_worker *worker, struct skr_publish_change *op, struct skr_error *err)
{
    struct skr_draft *draft = op->draft;
    struct skr_view *view;
    if (draft->size_bytes == 0 || skr_publish_is_base(draft))
        return SKR_OK;
    if (draft->size_bytes <= worker->core->options.inline_limit_bytes)
        return skr_publish_small(worker, op, err);
    enum skr_status status = skr_draft_leave_memory(worker, draft, err);
    if (status == SKR_OK)
        status = skr_publish_take_base(worker, draft, err);
    if (status == SKR_OK)
        status = skr_publish_checksums(worker, draft, err);
    if (status == SKR_OK)
        status = skr_publish_trim(worker, draft, err);
    if (status == SKR_OK)
        status = skr_publish_sync(worker, &draft->home, err);
    if (status == SKR_OK)
        status = skr_publish_sync(worker, &draft->spill, err);
    if (status == SKR_OK)
        status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_publish_list(view, op, err);
    skr_view_end(view);
    return status;
}

/* ---- the change ---- */

/* A record for a file of the draft's, until the content refers to it. */
static enum skr_status skr_publish_file(struct skr_view *view, const struct skr_draft_file *file, bool *created,
                                        struct skr_error *err)
{
    bool exists = true;
    enum skr_status status = file->scratch == NULL ? SKR_OK : skr_file_record_exists(view, file->id, &exists, err);
    *created = status == SKR_OK && !exists;
    return *created ? skr_file_record_create(view, file->id, err) : status;
}

static enum skr_status skr_publish_put_checksums(struct skr_view *view, struct skr_publish_change *op, struct skr_error *err)
{
    uint32_t crc32c[64];
    enum skr_status status = SKR_OK;
    for (size_t i = 0, run; i < op->own_count && status == SKR_OK; i += run) {
        const struct skr_draft_chunk *first = skr_draft_chunk(op->draft, op->own[i]);
        for (run = 0; run < 64 && i + run < op->own_count; run++) { /* those side by side, at once */
            const struct skr_draft_chunk *chunk = skr_draft_chunk(op->draft, op->own[i + run]);
            if (chunk->is_spilled != first->is_spilled || chunk->slot != first->slot + run)
                break;
            crc32c[run] = chunk->crc32c;
        }
        status = skr_checksums_put(view, skr_draft_file_of(op->draft, first)->id, first->slot, crc32c, run, err);
    }
    return status;
}

static enum skr_status skr_publish_content(struct skr_view *view, struct skr_publish_change *op, struct skr_content *out,
                                           struct skr_error *err)
{
    struct skr_draft *draft = op->draft;
    *out = (struct skr_content){.layout = SKR_CONTENT_EMPTY};
    if (draft->size_bytes == 0)
        return SKR_OK;
    if (op->payload.size > 0)
        return skr_content_create_inline(view, op->content_id, op->payload, skr_crc32c(0, op->payload.data, op->payload.size),
                                         out, err);
    if (op->extent_count == 0) {
        *out = *skr_held_content(draft->base);
        return skr_content_retain(view, out, err);
    }
    enum skr_status status = skr_publish_file(view, &draft->home, &op->home_created, err);
    if (status == SKR_OK)
        status = skr_publish_file(view, &draft->spill, &op->spill_created, err);
    if (status == SKR_OK)
        status = skr_publish_put_checksums(view, op, err);
    if (status == SKR_OK)
        status = skr_content_create_extents(view, op->content_id, op->extents, op->extent_count, out, err);
    if (status == SKR_OK && op->home_created)
        status = skr_file_record_release(view, draft->home.id, err);
    if (status == SKR_OK && op->spill_created)
        status = skr_file_record_release(view, draft->spill.id, err);
    return status;
}

static enum skr_status skr_publish_object(struct skr_publish_change *op, int64_t tick_ns, struct skr_error *err)
{
    struct skr_object *object = &op->pending.object;
    struct skr_file_attributes there;
    skr_file_attributes_of(object, &there);
    if (op->has_content) {
        there.given &= ~(unsigned)SKR_ATTRIBUTE_MODIFIED; /* as Last-Modified from now on, unless it is given */
        object->kind = SKR_OBJECT_BLOCK;
        object->modified_ns = tick_ns;
        object->etag = skr_etag_of_tick(&op->pending.arena, tick_ns);
        object->has_md5 = false;
        object->checksum = (struct skr_checksum){.kind = SKR_CHECKSUM_NONE};
        object->upload_id = 0;
        object->is_partial = false;
    }
    object->properties[SKR_PROPERTY_FILE_ATTRIBUTES] =
        skr_file_attributes_encode(&op->pending.arena, &there, &op->attributes, tick_ns);
    return object->etag.data == NULL || object->properties[SKR_PROPERTY_FILE_ATTRIBUTES].data == NULL
               ? skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record")
               : SKR_OK;
}

struct skr_block_copies {
    struct skr_arena *arena;
    struct skr_block *blocks;
    size_t count, capacity;
};

static bool skr_block_copy(void *context, const struct skr_block *block, uint64_t offset_bytes)
{
    struct skr_block_copies *copies = context;
    (void)offset_bytes;
    if (copies->count == copies->capacity)
        return false;
    copies->blocks[copies->count] = *block;
    copies->blocks[copies->count].name = skr_arena_copy(copies->arena, block->name);
    return copies->blocks[copies->count++].name.data != NULL;
}

/* The blocks that the bytes were committed as stay what they were. */
static enum skr_status skr_publish_blocks(struct skr_view *view, struct skr_publish_change *op, const struct skr_content *base,
                                          struct skr_content *content, struct skr_error *err)
{
    struct skr_block_copies copies = {.arena = &op->pending.arena, .capacity = base->block_count};
    if (base->block_count == 0)
        return SKR_OK;
    copies.blocks = skr_arena_alloc(copies.arena, copies.capacity * sizeof *copies.blocks);
    if (copies.blocks == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a block list");
    enum skr_status status = skr_block_list_visit(view, base, skr_block_copy, &copies, err);
    if (status == SKR_OK && copies.count != base->block_count)
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for a block list");
    content->block_count = base->block_count;
    return status != SKR_OK ? status : skr_block_list_put(view, content->id, copies.blocks, copies.count, err);
}

static enum skr_status skr_apply_copy(struct skr_view *view, struct skr_publish_change *op, struct skr_error *err)
{
    struct skr_pending *pending = &op->pending;
    struct skr_object *object = &pending->object;
    struct skr_content base = object->content;
    if (base.id != skr_held_content(op->draft->base)->id)
        return skr_fail(err, SKR_OBJECT_NOT_FOUND, "the object has another content now");
    enum skr_status status = skr_publish_content(view, op, &object->content, err);
    if (status == SKR_OK)
        status = skr_publish_blocks(view, op, &base, &object->content, err);
    pending->has_object = true;
    return status != SKR_OK ? status : skr_object_put(view, pending->container.objects_node, op->name.path, object, err);
}

static enum skr_status skr_apply_publish(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_publish_change *op = (struct skr_publish_change *)change;
    struct skr_pending *pending = &op->pending;
    struct skr_container *container = &pending->container;
    struct skr_object *object = &pending->object;
    struct skr_note note;
    bool exists;
    enum skr_status status = skr_find_object(view, &pending->arena, &op->object_name, container, object, &exists, err);
    if (status == SKR_OK && (!exists || object->id != op->object_id))
        status = skr_fail(err, SKR_OBJECT_NOT_FOUND, "another file has this name, or none");
    if (status == SKR_OK && !skr_object_copy(&pending->arena, object))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    if (status == SKR_OK && op->is_copy)
        return skr_apply_copy(view, op, err);
    if (status == SKR_OK)
        status = skr_note_begin(view, pending, container, &op->object_name, object, op->has_content, &note, err);
    if (status != SKR_OK)
        return status;
    bool makes_version = op->has_content && container->versioning != SKR_VERSIONING_OFF && !op->draft->was_published &&
                         object->content.layout != SKR_CONTENT_EMPTY;
    status = skr_publish_object(op, skr_view_tick(view), err);
    if (status == SKR_OK && op->has_content)
        status = skr_publish_content(view, op, &object->content, err);
    pending->has_object = true;
    if (status != SKR_OK)
        return status;
    if (!op->has_content)
        return skr_object_update(view, container->objects_node, op->name.path, object, err);
    if (note.is_noted)
        object->upstream_etag = note.change.base_etag;
    if (makes_version) {
        object->id = skr_meta_next_id(pending->worker->core->meta);
        status = skr_version_put(view, container, op->name.path, object, err);
    } else {
        status = skr_object_put(view, container->objects_node, op->name.path, object, err);
    }
    return status != SKR_OK
               ? status
               : skr_note_finish(view, pending, &op->object_name, &note, SKR_JOURNAL_CONTENT, object->content.size_bytes, err);
}

/* ---- after it ---- */

/* The draft goes on from what it was published as. */
static void skr_publish_settle(struct skr_worker *worker, struct skr_publish_change *op, const struct skr_content *content)
{
    struct skr_draft *draft = op->draft;
    uint64_t old_content_id = skr_held_content(draft->base)->id;
    struct skr_published published = {.content_id = content->id};
    for (size_t i = 0; i < op->own_count; i++)
        *(skr_draft_chunk(draft, op->own[i])->is_spilled ? &draft->spill.is_known : &draft->home.is_known) = true;
    for (size_t i = 0; i < op->extent_count; i++) {
        published.has[SKR_HOME] |= draft->home.id != 0 && op->extents[i].file_id == draft->home.id;
        published.has[SKR_SPILL] |= draft->spill.id != 0 && op->extents[i].file_id == draft->spill.id;
    }
    if (published.has[SKR_HOME] || published.has[SKR_SPILL])
        skr_dead_slots_publish(&draft->dead, &published);
    skr_left_slots_note(&draft->core->left_slots, content->id, op->extents, op->extent_count);
    if (op->extent_count == 0) {
        skr_draft_forget_chunks(draft);
        skr_draft_begin_anew(worker, draft);
    }
    if (op->extent_count == 0 && op->held != draft->base)
        draft->base_bytes = 0;
    skr_draft_bury(draft, old_content_id);
    skr_draft_forget_chunks(draft);
    skr_held_release(draft->base);
    draft->base = op->held;
    op->held = NULL;
    if (op->extent_count > 0 || op->payload.size > 0)
        skr_held_assign(draft->base, content);
    draft->base_bytes = content->size_bytes;
    draft->is_dirty = false;
    draft->was_published = true;
}

/* What the caller of the change waits for. */
struct skr_publishing {
    struct skr_publish_change *op;
    struct skr_arena *arena;
    struct skr_object *out;
    struct skr_error *err;
    enum skr_status status;
    bool done;
};

static void skr_published(void *context, const struct skr_result *result)
{
    struct skr_publishing *publishing = context;
    struct skr_publish_change *op = publishing->op;
    publishing->done = true;
    publishing->status = result->status;
    if (result->status != SKR_OK) {
        *publishing->err = *result->error;
        publishing->err->status = result->status;
    } else {
        *publishing->out = *result->object;
        if (op->has_content)
            skr_publish_settle(op->pending.worker, op, &result->object->content);
        if (!skr_object_copy(publishing->arena, publishing->out))
            publishing->status = skr_fail(publishing->err, SKR_NO_MEMORY, "no memory for an object's record");
    }
    skr_held_release(op->held);
    free(op->extents);
    free(op->own);
}

static enum skr_status skr_draft_publish_locked(struct skr_worker *worker, struct skr_draft *draft,
                                                const struct skr_file_name *name, uint64_t object_id,
                                                const struct skr_file_attributes *attributes, bool is_copy,
                                                struct skr_publishing *publishing)
{
    struct skr_publish_change *op = skr_pending_new(worker, sizeof *op, skr_apply_publish, skr_published, publishing);
    if (op == NULL)
        return skr_fail(publishing->err, SKR_NO_MEMORY, "no memory to publish a file");
    publishing->op = op;
    op->draft = draft;
    op->name = *name;
    op->object_id = object_id;
    op->attributes = *attributes;
    op->has_content = draft->is_dirty;
    op->is_copy = is_copy;
    op->content_id = skr_meta_next_id(worker->core->meta);
    enum skr_status status = skr_path_check(name->path, publishing->err);
    if (status == SKR_OK && !skr_file_name_copy(&op->pending.arena, &op->name))
        status = skr_fail(publishing->err, SKR_NO_MEMORY, "no memory to publish a file");
    op->object_name = skr_object_name_of(&op->name, op->name.path);
    if (status == SKR_OK && op->has_content)
        status = skr_publish_gather(worker, op, publishing->err);
    if (status == SKR_OK && op->has_content)
        status = skr_publish_hold(op, publishing->err);
    if (status != SKR_OK)
        skr_pending_fail(&op->pending, status, publishing->err->message);
    else
        skr_pending_submit_object(&op->pending, &op->object_name, false, NULL);
    while (!publishing->done)
        skr_wait(worker);
    return publishing->status;
}

enum skr_status skr_draft_publish(struct skr_worker *worker, struct skr_arena *arena, struct skr_draft *draft,
                                  const struct skr_file_name *name, uint64_t object_id,
                                  const struct skr_file_attributes *attributes, struct skr_object *out, struct skr_error *err)
{
    struct skr_publishing publishing = {.arena = arena, .out = out, .err = err};
    pthread_mutex_lock(&draft->lock);
    enum skr_status status = skr_draft_publish_locked(worker, draft, name, object_id, attributes, false, &publishing);
    pthread_mutex_unlock(&draft->lock);
    return status;
}

enum skr_status skr_draft_publish_copy(struct skr_worker *worker, struct skr_draft *draft, const struct skr_file_name *name,
                                       uint64_t object_id, struct skr_error *err)
{
    static const struct skr_file_attributes none;
    struct skr_arena arena = {.blocks = NULL};
    struct skr_object object;
    struct skr_publishing publishing = {.arena = &arena, .out = &object, .err = err};
    pthread_mutex_lock(&draft->lock);
    enum skr_status status = skr_draft_publish_locked(worker, draft, name, object_id, &none, true, &publishing);
    pthread_mutex_unlock(&draft->lock);
    skr_arena_release(&arena);
    return status;
}
