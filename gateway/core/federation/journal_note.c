/* Why: whatever changes an object in a container that writes to an upstream has to be in the journal when it is acknowledged,
 * by whichever operation. Each operation that writes asks here before and tells here after; nothing else knows of upstreams.
 */
#include "journal_note.h"

#include "../state.h"

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

enum skr_status skr_note_begin(struct skr_view *view, struct skr_pending *pending, const struct skr_object_name *name,
                               const struct skr_object *there, bool grows, struct skr_note *note, struct skr_error *err)
{
    struct skr_binding binding;
    *note = (struct skr_note){.is_noted = false};
    enum skr_status status = skr_binding_of(view, name->account, name->container, &binding, NULL);
    if (status == SKR_NOT_FOUND || (status == SKR_OK && binding.mode == SKR_BINDING_READ_ONLY))
        return SKR_OK;
    if (status != SKR_OK)
        return skr_fail(err, status, "the binding of a container cannot be read");
    struct skr_journal_change *change = &note->change;
    note->is_noted = true;
    change->binding = binding.id;
    change->is_awaited = binding.mode == SKR_BINDING_WRITE_THROUGH;
    change->has_trace = true;
    change->trace.is_absent = there == NULL;
    change->base_known = pending->awaited.is_absent_upstream;
    if (there != NULL) {
        change->trace.has_md5 = there->has_md5;
        memcpy(change->trace.md5, there->md5, sizeof change->trace.md5);
        change->trace.size_bytes = there->content.size_bytes;
        change->trace.metadata_hash = skr_metadata_hash(there->metadata, there->metadata_count);
        if (there->content.layout == SKR_CONTENT_CACHED)
            change->after_content = there->content.id;
    }
    if (there != NULL && there->upstream_etag.size > 0) {
        change->base_known = true;
        change->base_etag = skr_arena_copy(&pending->arena, there->upstream_etag);
        if (change->base_etag.data == NULL)
            return skr_fail(err, SKR_NO_MEMORY, "no memory for an entity tag");
    }
    return grows && !change->is_awaited ? skr_note_admit(view, pending->worker->core, err) : SKR_OK;
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
