/* Changes of an object, or of one of its versions, that leave its bytes alone: properties, metadata, tags. */
#include "federation/journal_note.h"
#include "state.h"

/* Matters of storage and permission: they change neither time nor entity tag. */
#define SKR_QUIET_PROPERTIES                                                                                                   \
    (1u << SKR_PROPERTY_ACCESS_TIER | 1u << SKR_PROPERTY_CANNED_ACL | 1u << SKR_PROPERTY_FILE_ATTRIBUTES)

struct skr_object_change {
    struct skr_pending pending;
    struct skr_object_name name;
    struct skr_conditions conditions;
    struct skr_object_settings settings;
};

/* The object as it is, in the pending's memory, conditions checked. */
static enum skr_status skr_load_object(struct skr_view *view, struct skr_object_change *op, struct skr_container *container,
                                       struct skr_version_place *place, struct skr_error *err)
{
    struct skr_object *object = &op->pending.object;
    enum skr_status status = skr_find_version(view, &op->pending.arena, &op->name, container, object, place, err);
    if (status == SKR_OK)
        status = skr_conditions_check(&op->conditions, true, object->etag, object->modified_ns, false, err);
    if (status == SKR_OBJECT_EXISTS)
        status = skr_fail(err, SKR_CONDITION_FAILED, "it exists");
    if (status == SKR_OK && !skr_object_copy(&op->pending.arena, object))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    return status;
}

/* Where versions are kept, other metadata of what is current makes a new one: versions do not change under their readers. The
 * bytes are shared. */
static bool skr_makes_version(const struct skr_object_change *op, const struct skr_container *container)
{
    return op->settings.set_metadata && !op->name.version.is_given && container->versioning != SKR_VERSIONING_OFF;
}

static enum skr_status skr_update_as_version(struct skr_view *view, struct skr_object_change *op,
                                             const struct skr_container *container, struct skr_error *err)
{
    struct skr_object *object = &op->pending.object;
    enum skr_status status = SKR_OK;
    object->id = skr_meta_next_id(op->pending.worker->core->meta);
    if (object->content.layout != SKR_CONTENT_EMPTY)
        status = skr_content_retain(view, &object->content, err);
    return status != SKR_OK ? status : skr_version_put(view, container, op->name.key, object, err);
}

/* What upstream lacks then. Matters of storage and permission stay ours. */
static unsigned skr_update_touches(const struct skr_object_settings *settings)
{
    return (settings->set_metadata ? SKR_JOURNAL_METADATA : 0) |
           (settings->set_md5 || (settings->set_properties & SKR_UPSTREAM_PROPERTIES) != 0 ? SKR_JOURNAL_PROPERTIES : 0) |
           (settings->set_tags ? SKR_JOURNAL_TAGS : 0);
}

static enum skr_status skr_apply_update(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_object_change *op = (struct skr_object_change *)change;
    const struct skr_object_settings *settings = &op->settings;
    struct skr_object *object = &op->pending.object;
    struct skr_version_place place;
    struct skr_container container;
    struct skr_note note;
    enum skr_status status = skr_load_object(view, op, &container, &place, err);
    if (status == SKR_OK)
        status = skr_note_begin(view, &op->pending, &container, &op->name, object, false, &note, err);
    if (status != SKR_OK)
        return status;
    if (settings->set_tags) {
        object->tags = settings->tags;
        object->tag_count = settings->tag_count;
    }
    if (settings->set_metadata) {
        object->metadata = settings->metadata;
        object->metadata_count = settings->metadata_count;
    }
    struct skr_bytes tier = object->properties[SKR_PROPERTY_ACCESS_TIER],
                     changed = object->properties[SKR_PROPERTY_TIER_CHANGED];
    for (size_t i = 0; i < SKR_PROPERTY_COUNT; i++)
        if (settings->set_properties & (1u << i))
            object->properties[i] = settings->properties[i];
    if (skr_bytes_equal(tier, object->properties[SKR_PROPERTY_ACCESS_TIER]))
        object->properties[SKR_PROPERTY_TIER_CHANGED] = changed;
    else if (!skr_tier_changed(&op->pending.arena, object->properties, skr_view_tick(view)))
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a tier's time");
    if (settings->set_md5) {
        object->has_md5 = settings->has_md5;
        memcpy(object->md5, settings->md5, sizeof object->md5);
    }
    if (settings->set_metadata || settings->set_md5 || (settings->set_properties & ~SKR_QUIET_PROPERTIES) != 0) {
        object->modified_ns = skr_view_tick(view);
        object->etag = skr_etag_of_tick(&op->pending.arena, object->modified_ns);
        if (object->etag.data == NULL)
            return skr_fail(err, SKR_NO_MEMORY, "no memory for an entity tag");
    }
    op->pending.has_object = true;
    status = skr_makes_version(op, &container) ? skr_update_as_version(view, op, &container, err)
                                               : skr_version_update(view, &container, op->name.key, &place, object, err);
    unsigned what = skr_update_touches(settings);
    return status != SKR_OK || what == 0 || !place.is_current
               ? status
               : skr_note_finish(view, &op->pending, &op->name, &note, what, 0, err);
}

struct skr_pending *skr_update_object(struct skr_worker *worker, const struct skr_object_name *name,
                                      const struct skr_conditions *conditions, const struct skr_object_settings *settings,
                                      skr_done done, void *context)
{
    struct skr_object_change *op = skr_pending_new(worker, sizeof *op, skr_apply_update, done, context);
    if (op == NULL)
        return NULL;
    struct skr_arena *arena = &op->pending.arena;
    op->name = *name;
    op->settings = *settings;
    if (conditions != NULL)
        op->conditions = *conditions;
    if (!skr_name_copy(arena, &op->name) || !skr_conditions_copy(arena, &op->conditions) ||
        !skr_properties_copy(arena, op->settings.properties) ||
        !skr_metadata_copy(arena, &op->settings.metadata, op->settings.metadata_count) ||
        !skr_metadata_copy(arena, &op->settings.tags, op->settings.tag_count))
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for a change of an object");
    if (settings->set_tags && settings->tag_count > SKR_MAX_TAGS)
        return skr_pending_fail(&op->pending, SKR_INVALID_ARGUMENT, "too many tags");
    return skr_pending_submit_object(&op->pending, &op->name, true, NULL);
}
