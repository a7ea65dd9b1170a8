/* Why: whatever changes an object in a container that writes to an upstream has to be in the journal when it is acknowledged,
 * by whichever operation. Each operation that writes asks here before and tells here after; nothing else knows of upstreams.
 */
#include "journal_note.h"

#include "../state.h"
#include "skerry/hash.h"

uint64_t skr_metadata_hash(const struct skr_name_value *metadata, size_t count)
{
    uint64_t sum = count;
    for (size_t i = 0; i < count; i++) {
        uint64_t hash = UINT64_C(0xCBF29CE484222325);
        for (size_t j = 0; j < metadata[i].name.size; j++) {
            unsigned char letter = (unsigned char)metadata[i].name.data[j];
            hash = (hash ^ (letter >= 'A' && letter <= 'Z' ? letter | 0x20 : letter)) * UINT64_C(0x100000001B3);
        }
        hash = (hash ^ ':') * UINT64_C(0x100000001B3);
        struct skr_bytes value = skr_bytes_trim(metadata[i].value);
        for (size_t j = 0; j < value.size; j++)
            hash = (hash ^ (unsigned char)value.data[j]) * UINT64_C(0x100000001B3);
        sum += hash;
    }
    return sum;
}

#define SKR_DIGEST_MOST_BYTES (UINT64_C(1) << 30) /* some tens of milliseconds on the commit thread */
#define SKR_DIGEST_EXTENTS 16
#define SKR_DIGEST_CHUNKS 256

static void skr_crc32c_append(struct skr_checksum *sum, uint32_t crc32c, uint64_t size)
{
    struct skr_checksum next = {.kind = SKR_CHECKSUM_CRC32C};
    for (unsigned i = 0; i < 4; i++)
        next.bytes[i] = (uint8_t)(crc32c >> (24 - 8 * i));
    skr_checksum_combine(sum, &next, size);
}

static void skr_crc32c_append_zeros(struct skr_checksum *sum, uint64_t size)
{
    static const char zero[1] = {0};
    struct skr_checksum zeros = {.kind = SKR_CHECKSUM_NONE}; /* of as many as the bit stands for */
    skr_crc32c_append(&zeros, skr_crc32c(0, zero, 1), 1);
    for (uint64_t bit = 1; bit <= size; bit <<= 1) {
        struct skr_checksum half = zeros;
        if ((size & bit) != 0)
            skr_checksum_combine(sum, &zeros, bit);
        skr_checksum_combine(&zeros, &half, bit);
    }
}

/* False: it begins or ends inside of what one checksum is of. */
static bool skr_crc32c_of_extent(struct skr_view *view, const struct skr_extent *extent, struct skr_checksum *sum)
{
    uint32_t crc32c[SKR_DIGEST_CHUNKS];
    uint64_t at = extent->offset_bytes, end = at + extent->length_bytes;
    if (extent->file_id == 0) {
        skr_crc32c_append_zeros(sum, extent->length_bytes);
        return true;
    }
    if (at % SKR_CRC_CHUNK_BYTES != 0 || (end != extent->end_bytes && end % SKR_CRC_CHUNK_BYTES != 0))
        return false;
    while (at < end) {
        uint64_t left = (end - at + SKR_CRC_CHUNK_BYTES - 1) / SKR_CRC_CHUNK_BYTES;
        size_t count = left < SKR_DIGEST_CHUNKS ? (size_t)left : SKR_DIGEST_CHUNKS;
        if (skr_checksums_get(view, extent->file_id, at / SKR_CRC_CHUNK_BYTES, crc32c, count, NULL) != SKR_OK)
            return false;
        for (size_t i = 0; i < count; i++) {
            uint64_t size = end - at < SKR_CRC_CHUNK_BYTES ? end - at : SKR_CRC_CHUNK_BYTES;
            skr_crc32c_append(sum, crc32c[i], size);
            at += size;
        }
    }
    return true;
}

bool skr_content_crc32c(struct skr_view *view, const struct skr_content *content, uint32_t *out)
{
    struct skr_checksum sum = {.kind = SKR_CHECKSUM_NONE};
    struct skr_extent extents[SKR_DIGEST_EXTENTS];
    size_t count;
    *out = content->crc32c;
    if (content->layout == SKR_CONTENT_INLINE)
        return true;
    if ((content->layout != SKR_CONTENT_EXTENT && content->layout != SKR_CONTENT_EXTENTS) ||
        content->size_bytes > SKR_DIGEST_MOST_BYTES)
        return false;
    for (uint64_t at = 0; at < content->size_bytes;) {
        if (skr_content_extents(view, content, at, content->size_bytes - at, extents, SKR_DIGEST_EXTENTS, &count, NULL) !=
                SKR_OK ||
            count == 0)
            return false;
        for (size_t i = 0; i < count; i++) {
            if (!skr_crc32c_of_extent(view, &extents[i], &sum))
                return false;
            at += extents[i].length_bytes;
        }
    }
    *out = (uint32_t)sum.bytes[0] << 24 | (uint32_t)sum.bytes[1] << 16 | (uint32_t)sum.bytes[2] << 8 | sum.bytes[3];
    return true;
}

/* What a dirty name was: by it our own work is known again upstream, when its answer was lost. */
static void skr_note_trace(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                           const struct skr_object *there, struct skr_journal_trace *trace)
{
    struct skr_journal_entry entry;
    trace->is_absent = there == NULL;
    if (there == NULL)
        return;
    trace->has_md5 = there->has_md5;
    memcpy(trace->md5, there->md5, sizeof trace->md5);
    trace->size_bytes = there->content.size_bytes;
    trace->metadata_hash = skr_metadata_hash(there->metadata, there->metadata_count);
    if (!there->has_md5 && skr_journal_get(view, container, key, &entry, NULL) == SKR_OK)
        trace->has_crc32c = skr_content_crc32c(view, &there->content, &trace->crc32c);
}

/* Is there room for more that waits to be uploaded? What is awaited is uploaded at once. */
static enum skr_status skr_note_admit(struct skr_view *view, const struct skr_core *core, struct skr_error *err)
{
    struct skr_journal_numbers numbers;
    enum skr_status status = skr_journal_numbers(view, &numbers, err);
    if (status == SKR_OK && numbers.bytes >= core->options.dirty_limit_bytes)
        return skr_fail(err, SKR_DIRTY_FULL, "%llu bytes wait to be uploaded, which is as many as may",
                        (unsigned long long)numbers.bytes);
    return status;
}

/* A container that is not bound any more, and names of it that were dirty when that ended: what is told of them has to stay
 * true, for when it is bound again. Other names are nobody's business: SKR_NOT_FOUND. */
static enum skr_status skr_note_left(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                     struct skr_binding *binding, struct skr_error *err)
{
    struct skr_journal_entry entry;
    if (container->journal_node == 0 || container->versioning != SKR_VERSIONING_OFF) /* never bound, or never again */
        return SKR_NOT_FOUND;
    enum skr_status status = skr_journal_get(view, container, key, &entry, err);
    if (status == SKR_OK)
        *binding = (struct skr_binding){.id = entry.binding, .mode = SKR_BINDING_WRITE_BACK};
    return status;
}

enum skr_status skr_note_begin(struct skr_view *view, struct skr_pending *pending, const struct skr_container *container,
                               const struct skr_object_name *name, const struct skr_object *there, bool grows,
                               struct skr_note *note, struct skr_error *err)
{
    struct skr_binding binding;
    *note = (struct skr_note){.is_noted = false};
    if (skr_is_being_deleted(&pending->worker->core->bindings, name->account, name->container))
        return skr_fail(err, SKR_CONTAINER_NOT_FOUND, "the container is being deleted");
    enum skr_status status = skr_binding_of(view, name->account, name->container, &binding, NULL);
    bool is_bound = status == SKR_OK && binding.mode != SKR_BINDING_READ_ONLY;
    if (status != SKR_OK && status != SKR_NOT_FOUND)
        return skr_fail(err, status, "the binding of a container cannot be read");
    if (!is_bound)
        status = skr_note_left(view, container, name->key, &binding, err);
    if (status != SKR_OK)
        return status == SKR_NOT_FOUND ? SKR_OK : status;
    struct skr_journal_change *change = &note->change;
    note->is_noted = true;
    change->objects_node = container->objects_node;
    change->journal_node = container->journal_node;
    change->binding = binding.id;
    change->is_awaited = binding.mode == SKR_BINDING_WRITE_THROUGH;
    change->has_trace = true;
    skr_note_trace(view, container, name->key, there, &change->trace);
    change->base_known = pending->awaited.is_absent_upstream;
    if (there != NULL && there->content.layout == SKR_CONTENT_CACHED)
        change->after_content = there->content.id;
    if (there != NULL && there->upstream_etag.size > 0) {
        change->base_known = true;
        change->base_etag = skr_arena_copy(&pending->arena, there->upstream_etag);
        if (change->base_etag.data == NULL)
            return skr_fail(err, SKR_NO_MEMORY, "no memory for an entity tag");
    }
    return grows && is_bound && !change->is_awaited ? skr_note_admit(view, pending->worker->core, err) : SKR_OK;
}

enum skr_status skr_note_source(struct skr_view *view, struct skr_pending *pending, const struct skr_container *container,
                                struct skr_bytes key, const struct skr_object *source, struct skr_note *note,
                                struct skr_error *err)
{
    struct skr_journal_entry entry;
    if (!note->is_noted || source->content.layout == SKR_CONTENT_CACHED) /* whose content tells where it comes from */
        return SKR_OK;
    enum skr_status status = skr_journal_get(view, container, key, &entry, err);
    bool is_there = status == SKR_NOT_FOUND || (status == SKR_OK && !(entry.what & SKR_JOURNAL_CONTENT));
    if (status != SKR_OK && status != SKR_NOT_FOUND)
        return status;
    note->change.source_key = skr_arena_copy(&pending->arena, key);
    note->change.source_etag = is_there ? skr_arena_copy(&pending->arena, source->upstream_etag) : SKR_NO_BYTES;
    if (note->change.source_key.data == NULL || (is_there && note->change.source_etag.data == NULL))
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the source of a copy");
    return SKR_OK;
}

enum skr_status skr_note_finish(struct skr_view *view, struct skr_pending *pending, const struct skr_object_name *name,
                                const struct skr_note *note, unsigned what, uint64_t size_bytes, struct skr_error *err)
{
    struct skr_awaited *awaited = &pending->awaited;
    if (!note->is_noted) {
        awaited->count = 0;
        return SKR_OK;
    }
    struct skr_journal_change change = note->change;
    change.what = what;
    change.size_bytes = size_bytes;
    change.changed_ns = skr_view_tick(view);
    awaited->names[note->index] = *name;
    awaited->count = note->index + 1;
    awaited->waits = change.is_awaited;
    return skr_journal_note(view, name->account, name->container, name->key, &change, &awaited->sequences[note->index], err);
}
