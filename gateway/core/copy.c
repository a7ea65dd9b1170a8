/* Copies inside the gateway: one more reference on the content, whatever its size. */
#include "gather.h"
#include "put.h"
#include "source.h"

bool skr_source_copy(struct skr_arena *arena, const struct skr_copy_source *source, struct skr_copy_source *out,
                     struct skr_conditions *conditions)
{
    *out = *source;
    if (source->conditions != NULL) {
        *conditions = *source->conditions;
        if (!skr_conditions_copy(arena, conditions))
            return false;
    }
    out->conditions = conditions;
    return skr_name_copy(arena, &out->name);
}

enum skr_status skr_find_source(struct skr_view *view, struct skr_arena *arena, const struct skr_copy_source *source,
                                struct skr_container *container, struct skr_object *object, struct skr_error *err)
{
    struct skr_version_place place;
    enum skr_status status = skr_find_version(view, arena, &source->name, container, object, &place, err);
    if (status == SKR_CONTAINER_NOT_FOUND || status == SKR_OBJECT_NOT_FOUND)
        return skr_fail(err, SKR_SOURCE_NOT_FOUND, "the source of the copy does not exist");
    if (status != SKR_OK)
        return status;
    if (skr_conditions_check(source->conditions, true, object->etag, object->modified_ns, false, err) != SKR_OK)
        return skr_fail(err, SKR_SOURCE_CONDITION_FAILED, "the source does not meet its conditions");
    uint64_t size = object->content.size_bytes;
    if (source->offset > size || (source->length != SKR_SIZE_ANY && source->length > size - source->offset) ||
        (source->offset == size && source->offset > 0))
        return skr_fail(err, SKR_INVALID_RANGE, "the range is not inside the source");
    return SKR_OK;
}

struct skr_copy_change {
    struct skr_pending pending;
    struct skr_put put;
    struct skr_conditions conditions;
    struct skr_copy_source source;
    struct skr_conditions source_conditions;
    unsigned take;
};

/* Who may read it, where it lies and where it points to is said anew for every object. */
static bool skr_property_is_taken(enum skr_property property, const struct skr_put *put)
{
    switch (property) {
    case SKR_PROPERTY_COPY_ID:
    case SKR_PROPERTY_COPY_SOURCE:
    case SKR_PROPERTY_STORAGE_CLASS:
    case SKR_PROPERTY_CANNED_ACL:
    case SKR_PROPERTY_WEBSITE_REDIRECT:
        return false;
    case SKR_PROPERTY_ACCESS_TIER:
        return put->properties[property].data == NULL;
    default:
        return true;
    }
}

/* What the new object takes from the source, copied out of the view before anything is written. */
static enum skr_status skr_take_from_source(struct skr_copy_change *op, const struct skr_object *source, struct skr_put *put,
                                            struct skr_bytes *etag, struct skr_error *err)
{
    if (op->take & SKR_COPY_PROPERTIES)
        for (size_t i = 0; i < SKR_PROPERTY_COUNT; i++)
            if (skr_property_is_taken((enum skr_property)i, put))
                put->properties[i] = source->properties[i];
    if (op->take & SKR_COPY_METADATA) {
        put->metadata = source->metadata;
        put->metadata_count = source->metadata_count;
    }
    if (op->take & SKR_COPY_TAGS) {
        put->tags = source->tags;
        put->tag_count = source->tag_count;
    }
    if (!put->has_md5 && source->has_md5) {
        put->has_md5 = true;
        memcpy(put->md5, source->md5, sizeof put->md5);
    }
    if (put->checksum.kind == SKR_CHECKSUM_NONE) {
        put->checksum = source->checksum;
        put->checksum_form = source->checksum_form;
    }
    if (put->etag_kind == SKR_ETAG_KEEP && !source->has_md5) {
        *etag = skr_arena_copy(&op->pending.arena, source->etag);
        if (etag->data == NULL)
            return skr_fail(err, SKR_NO_MEMORY, "no memory for a copy");
    }
    if (!skr_properties_copy(&op->pending.arena, put->properties) ||
        !skr_metadata_copy(&op->pending.arena, &put->metadata, put->metadata_count) ||
        !skr_metadata_copy(&op->pending.arena, &put->tags, put->tag_count))
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a copy");
    return SKR_OK;
}

static bool skr_is_one_container(const struct skr_object_name *a, const struct skr_object_name *b)
{
    return skr_bytes_equal(a->account, b->account) && skr_bytes_equal(a->container, b->container);
}

/* What upstream has, and is here: the copy shares the files, and no longer depends on upstream. */
static enum skr_status skr_copy_cached(struct skr_view *view, struct skr_copy_change *op, const struct skr_content *source,
                                       struct skr_content *out, struct skr_error *err)
{
    uint64_t content_id = skr_meta_next_id(op->pending.worker->core->meta);
    struct skr_bytes payload;
    struct skr_extent *extents;
    uint32_t crc32c;
    size_t count;
    enum skr_status status = skr_content_cached_payload(view, source, &payload, &crc32c, err);
    if (status == SKR_OK) {
        payload = skr_arena_copy(&op->pending.arena, payload); /* it lies in the map, which is about to change */
        return payload.data == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory for a copy")
                                    : skr_content_create_inline(view, content_id, payload, crc32c, out, err);
    }
    if (status == SKR_NOT_FOUND)
        status = skr_collect_extents(view, &op->pending.arena, source, 0, source->size_bytes, &extents, &count, err);
    return status != SKR_OK ? status : skr_content_create_extents(view, content_id, extents, count, out, err);
}

static enum skr_status skr_apply_copy(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_copy_change *op = (struct skr_copy_change *)change;
    struct skr_container source_container;
    struct skr_object source;
    struct skr_put_state state;
    struct skr_put put = op->put;
    enum skr_status status = skr_find_source(view, &op->pending.arena, &op->source, &source_container, &source, err);
    if (status == SKR_OK)
        status = skr_put_begin(view, &op->pending, &put, &state, err);
    if (status == SKR_OK)
        status = skr_take_from_source(op, &source, &put, &state.etag, err);
    if (status == SKR_OK && !op->source.name.version.is_given && skr_is_one_container(&op->source.name, &put.name))
        status = skr_note_source(view, &op->pending, &source_container, op->source.name.key, &source, &state.note, err);
    struct skr_content content = source.content;
    if (status == SKR_OK && content.layout == SKR_CONTENT_CACHED && !skr_is_one_container(&op->source.name, &put.name))
        status = skr_copy_cached(view, op, &source.content, &content, err);
    else if (status == SKR_OK && content.layout != SKR_CONTENT_EMPTY)
        status = skr_content_retain(view, &content, err);
    return status != SKR_OK ? status : skr_put_finish(view, &op->pending, &put, &state, &content, err);
}

static void skr_settle_copy(struct skr_pending *pending)
{
    struct skr_copy_change *op = (struct skr_copy_change *)pending;
    if (pending->change.status == SKR_OK)
        skr_upload_slots_forget(pending->worker->core, &op->put.name, 0);
}

struct skr_pending *skr_copy_object(struct skr_worker *worker, const struct skr_put *put, const struct skr_copy_source *source,
                                    unsigned take, skr_done done, void *context)
{
    struct skr_copy_change *op = skr_pending_new(worker, sizeof *op, skr_apply_copy, done, context);
    if (op == NULL)
        return NULL;
    op->put = *put;
    op->take = take;
    op->pending.settle = skr_settle_copy;
    if (!skr_put_copy(&op->pending.arena, &op->put, &op->conditions) ||
        !skr_source_copy(&op->pending.arena, source, &op->source, &op->source_conditions))
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for a copy");
    return skr_pending_submit_copy(&op->pending, &op->put.name, !skr_conditions_are_empty(&op->conditions) || put->create_only,
                                   &op->source, true);
}
