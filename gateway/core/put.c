/* Giving finished bytes a name. Crash order: the bytes and their directory entry are durable before the change is submitted;
 * the change makes content, object and the end of an open upload visible together. */
#include "put.h"

#include "ingest.h"

bool skr_put_copy(struct skr_arena *arena, struct skr_put *put, struct skr_conditions *conditions)
{
    if (put->conditions != NULL) {
        *conditions = *put->conditions;
        if (!skr_conditions_copy(arena, conditions))
            return false;
    }
    put->conditions = conditions;
    return skr_name_copy(arena, &put->name) && skr_properties_copy(arena, put->properties) &&
           skr_metadata_copy(arena, &put->metadata, put->metadata_count) &&
           skr_metadata_copy(arena, &put->tags, put->tag_count);
}

enum skr_status skr_find_object(struct skr_view *view, struct skr_arena *arena, const struct skr_object_name *name,
                                struct skr_container *container, struct skr_object *object, bool *exists, struct skr_error *err)
{
    enum skr_status status = skr_container_get(view, arena, name->account, name->container, container, err);
    if (status != SKR_OK)
        return status;
    status = skr_object_get(view, arena, container->objects_node, name->key, object, err);
    *exists = status == SKR_OK;
    object->versioning = container->versioning;
    if (status == SKR_OBJECT_NOT_FOUND) {
        *object = (struct skr_object){.id = 0};
        return SKR_OK;
    }
    return status;
}

static enum skr_status skr_check_write(const struct skr_conditions *conditions, bool create_only, bool exists,
                                       const struct skr_object *there, struct skr_error *err)
{
    enum skr_status status = skr_conditions_check(conditions, exists, there->etag, there->modified_ns, false, err);
    if (status == SKR_OK && create_only && exists)
        status = skr_fail(err, SKR_FORBIDDEN, "the right to create does not cover replacing");
    return status;
}

enum skr_status skr_precheck(struct skr_worker *worker, const struct skr_object_name *name,
                             const struct skr_conditions *conditions, bool create_only, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    _Alignas(16) char memory[1024];
    skr_arena_seed(&arena, memory, sizeof memory);
    struct skr_container container;
    struct skr_object there;
    struct skr_view *view;
    bool exists;
    bool is_bound; /* what is there is known only after upstream was asked: the change itself sees to that */
    enum skr_status status = skr_bound_admit(worker, name, &is_bound, err);
    if (status == SKR_OK)
        status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    if (is_bound || (skr_conditions_are_empty(conditions) && !create_only)) {
        status = skr_container_get(view, &arena, name->account, name->container, &container, err);
    } else {
        status = skr_find_object(view, &arena, name, &container, &there, &exists, err);
        if (status == SKR_OK)
            status = skr_check_write(conditions, create_only, exists, &there, err);
    }
    skr_view_end(view);
    skr_arena_release(&arena);
    return status;
}

enum skr_status skr_put_begin(struct skr_view *view, struct skr_pending *pending, const struct skr_put *put,
                              struct skr_put_state *state, struct skr_error *err)
{
    enum skr_status status =
        skr_find_object(view, &pending->arena, &put->name, &state->container, &state->there, &state->exists, err);
    state->etag = SKR_NO_BYTES;
    state->upload_id = 0;
    if (status == SKR_OK && put->tag_count > SKR_MAX_TAGS)
        status = skr_fail(err, SKR_INVALID_ARGUMENT, "an object has at most %d tags", SKR_MAX_TAGS);
    if (status == SKR_OK)
        status = skr_check_write(put->conditions, put->create_only, state->exists, &state->there, err);
    if (status == SKR_OK)
        status = skr_note_begin(view, pending, &state->container, &put->name, state->exists ? &state->there : NULL, true,
                                &state->note, err);
    if (status != SKR_OK)
        return status;
    /* Who asks for no condition and waits for upstream gets what upstream itself would do. */
    state->note.change.overwrites =
        state->note.change.is_awaited && skr_conditions_are_empty(put->conditions) && !put->create_only;
    status = skr_upload_get(view, &state->container, put->name.key, &state->upload, err);
    state->has_upload = status == SKR_OK;
    state->upload.key = put->name.key; /* the record's own text ends with the first write */
    return status == SKR_UPLOAD_NOT_FOUND ? SKR_OK : status;
}

enum skr_status skr_put_finish(struct skr_view *view, struct skr_pending *pending, const struct skr_put *put,
                               const struct skr_put_state *state, const struct skr_content *content, struct skr_error *err)
{
    int64_t tick_ns = skr_view_tick(view);
    struct skr_object *object = &pending->object;
    *object = (struct skr_object){
        .id = skr_meta_next_id(pending->worker->core->meta),
        .kind = SKR_OBJECT_BLOCK,
        .created_ns = state->exists ? state->there.created_ns : tick_ns,
        .modified_ns = tick_ns,
        .copied_ns = put->properties[SKR_PROPERTY_COPY_ID].data != NULL ? tick_ns : 0,
        .etag = state->etag.size > 0                                ? state->etag
                : put->etag_kind != SKR_ETAG_OPAQUE && put->has_md5 ? skr_etag_of_md5(&pending->arena, put->md5)
                                                                    : skr_etag_of_tick(&pending->arena, tick_ns),
        .has_md5 = put->has_md5,
        .content = *content,
        .metadata = put->metadata,
        .metadata_count = put->metadata_count,
        .tags = put->tags,
        .tag_count = put->tag_count,
        .checksum = put->checksum,
        .checksum_form = put->checksum_form,
        .upload_id = state->upload_id,
        .versioning = state->container.versioning,
        .upstream_etag = state->note.change.base_etag,
    };
    memcpy(object->md5, put->md5, sizeof object->md5);
    memcpy(object->properties, put->properties, sizeof object->properties);
    if (object->etag.data == NULL || !skr_tier_changed(&pending->arena, object->properties, tick_ns))
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    enum skr_status status = skr_version_put(view, &state->container, put->name.key, object, err);
    if (status == SKR_OK && state->has_upload)
        status = skr_upload_remove(view, &state->upload, content->id, err);
    if (status == SKR_OK)
        status = skr_note_finish(view, pending, &put->name, &state->note, SKR_JOURNAL_CONTENT, content->size_bytes, err);
    pending->has_object = true;
    return status;
}

enum skr_status skr_ingest_register(struct skr_view *view, const struct skr_ingest *ingest, struct skr_extent *extent,
                                    bool *created, struct skr_error *err)
{
    const struct skr_written *written = skr_writer_result(ingest->writer);
    *extent = (struct skr_extent){
        .file_id = written->file_id,
        .offset_bytes = written->offset_bytes,
        .length_bytes = written->size_bytes,
        .end_bytes = written->offset_bytes + written->size_bytes,
    };
    bool exists = false;
    enum skr_status status = skr_file_record_exists(view, written->file_id, &exists, err);
    if (status == SKR_OK && !exists)
        status = skr_file_record_create(view, written->file_id, err);
    *created = !exists;
    if (status == SKR_OK)
        status = skr_checksums_put(view, written->file_id, written->offset_bytes / SKR_CRC_CHUNK_BYTES, written->crc32c,
                                   written->crc_count, err);
    return status;
}

enum skr_status skr_ingest_to_content(struct skr_view *view, const struct skr_ingest *ingest, uint64_t content_id,
                                      struct skr_content *out, struct skr_error *err)
{
    if (ingest->size == 0) {
        *out = (struct skr_content){.layout = SKR_CONTENT_EMPTY};
        return SKR_OK;
    }
    if (ingest->writer == NULL) {
        struct skr_bytes payload = {ingest->payload, ingest->payload_size};
        return skr_content_create_inline(view, content_id, payload, skr_crc32c(0, payload.data, payload.size), out, err);
    }
    struct skr_extent extent;
    bool created;
    enum skr_status status = skr_ingest_register(view, ingest, &extent, &created, err);
    if (status == SKR_OK)
        status = skr_content_create_extents(view, content_id, &extent, 1, out, err);
    if (status == SKR_OK && created)
        status = skr_file_record_release(view, extent.file_id, err);
    return status;
}

/* ---- Put ---- */

struct skr_put_change {
    struct skr_pending pending;
    struct skr_put put;
    struct skr_conditions conditions;
    struct skr_ingest *ingest;
    uint64_t content_id;
};

static enum skr_status skr_apply_put(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_put_change *op = (struct skr_put_change *)change;
    struct skr_put_state state;
    struct skr_content content;
    enum skr_status status = skr_put_begin(view, &op->pending, &op->put, &state, err);
    if (status == SKR_OK)
        status = skr_ingest_to_content(view, op->ingest, op->content_id, &content, err);
    if (status == SKR_OK)
        status = skr_put_finish(view, &op->pending, &op->put, &state, &content, err);
    return status;
}

static void skr_settle_put(struct skr_pending *pending)
{
    struct skr_put_change *op = (struct skr_put_change *)pending;
    if (pending->change.status == SKR_OK)
        skr_upload_slots_forget(pending->worker->core, &op->put.name, 0);
    skr_ingest_settle(op->ingest, pending->change.status);
}

struct skr_pending *skr_put_object(struct skr_worker *worker, const struct skr_put *put, struct skr_ingest *ingest,
                                   skr_done done, void *context)
{
    struct skr_put_change *op = skr_pending_new(worker, sizeof *op, skr_apply_put, done, context);
    if (op == NULL) {
        skr_ingest_discard(ingest);
        return NULL;
    }
    op->put = *put;
    op->ingest = ingest;
    if (put->checksum.kind == SKR_CHECKSUM_NONE) {
        op->put.checksum = ingest->digests.checksum;
        op->put.checksum_form = SKR_CHECKSUM_FULL_OBJECT;
    }
    op->content_id = skr_meta_next_id(worker->core->meta);
    op->pending.settle = skr_settle_put;
    if (!skr_put_copy(&op->pending.arena, &op->put, &op->conditions))
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for a change of an object");
    return skr_pending_submit_object(&op->pending, &op->put.name,
                                     !skr_conditions_are_empty(&op->conditions) || put->create_only, NULL);
}
