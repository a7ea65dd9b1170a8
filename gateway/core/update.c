/* Changes of an object that leave its bytes alone: properties, metadata, removal. */
#include "state.h"

struct skr_object_change {
    struct skr_pending pending;
    struct skr_object_name name;
    struct skr_conditions conditions;
    struct skr_object_settings settings;
};

/* The object as it is, in the pending's memory, conditions checked. */
static enum skr_status skr_load_object(struct skr_view *view, struct skr_object_change *op, struct skr_container *container,
                                       struct skr_error *err)
{
    struct skr_object *object = &op->pending.object;
    bool exists;
    enum skr_status status = skr_find_object(view, &op->pending.arena, &op->name, container, object, &exists, err);
    if (status == SKR_OK && !exists)
        status = skr_fail(err, SKR_OBJECT_NOT_FOUND, "there is no such object");
    if (status == SKR_OK)
        status = skr_conditions_check(&op->conditions, true, object->etag, object->modified_ns, false, err);
    if (status == SKR_OBJECT_EXISTS)
        status = skr_fail(err, SKR_CONDITION_FAILED, "it exists");
    if (status == SKR_OK && !skr_object_copy(&op->pending.arena, object))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    return status;
}

static enum skr_status skr_apply_update(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_object_change *op = (struct skr_object_change *)change;
    const struct skr_object_settings *settings = &op->settings;
    struct skr_object *object = &op->pending.object;
    struct skr_container container;
    enum skr_status status = skr_load_object(view, op, &container, err);
    if (status != SKR_OK)
        return status;
    if (settings->set_metadata) {
        object->metadata = settings->metadata;
        object->metadata_count = settings->metadata_count;
    }
    for (size_t i = 0; i < SKR_PROPERTY_COUNT; i++)
        if (settings->set_properties & (1u << i))
            object->properties[i] = settings->properties[i];
    if (settings->set_md5) {
        object->has_md5 = settings->has_md5;
        memcpy(object->md5, settings->md5, sizeof object->md5);
    }
    /* A tier is a matter of storage: it changes neither time nor entity tag. */
    if (settings->set_metadata || settings->set_md5 || (settings->set_properties & ~(1u << SKR_PROPERTY_ACCESS_TIER)) != 0) {
        object->modified_ns = skr_view_tick(view);
        object->etag = skr_etag_of_tick(&op->pending.arena, object->modified_ns);
        if (object->etag.data == NULL)
            return skr_fail(err, SKR_NO_MEMORY, "no memory for an entity tag");
    }
    op->pending.has_object = true;
    return skr_object_update(view, container.objects_node, op->name.key, object, err);
}

static enum skr_status skr_apply_delete(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_object_change *op = (struct skr_object_change *)change;
    struct skr_container container;
    enum skr_status status = skr_load_object(view, op, &container, err);
    return status != SKR_OK ? status : skr_object_remove(view, container.objects_node, op->name.key, err);
}

static struct skr_pending *skr_change_object(struct skr_worker *worker,
                                             enum skr_status (*apply)(struct skr_view *, struct skr_change *, struct skr_error *),
                                             const struct skr_object_name *name, const struct skr_conditions *conditions,
                                             const struct skr_object_settings *settings, skr_done done, void *context)
{
    struct skr_object_change *op = skr_pending_new(worker, sizeof *op, apply, done, context);
    if (op == NULL)
        return NULL;
    struct skr_arena *arena = &op->pending.arena;
    op->name = *name;
    if (conditions != NULL)
        op->conditions = *conditions;
    if (settings != NULL)
        op->settings = *settings;
    if (!skr_name_copy(arena, &op->name) || !skr_conditions_copy(arena, &op->conditions) ||
        !skr_properties_copy(arena, op->settings.properties) ||
        !skr_metadata_copy(arena, &op->settings.metadata, op->settings.metadata_count))
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for a change of an object");
    return skr_pending_submit(&op->pending);
}

struct skr_pending *skr_update_object(struct skr_worker *worker, const struct skr_object_name *name,
                                      const struct skr_conditions *conditions, const struct skr_object_settings *settings,
                                      skr_done done, void *context)
{
    return skr_change_object(worker, skr_apply_update, name, conditions, settings, done, context);
}

struct skr_pending *skr_delete_object(struct skr_worker *worker, const struct skr_object_name *name,
                                      const struct skr_conditions *conditions, bool mark_absent, skr_done done, void *context)
{
    (void)mark_absent;
    return skr_change_object(worker, skr_apply_delete, name, conditions, NULL, done, context);
}
