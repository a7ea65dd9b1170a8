/* Versions: what a name with a version leads to, and deleting. What is put on top of what is metadata's to know
 * (meta/versions.c). */
#include "federation/journal_note.h"
#include "state.h"

/* Nothing is current: was it deleted? Then `object` is the delete marker that says so. */
static enum skr_status skr_find_marker(struct skr_view *view, struct skr_arena *arena, const struct skr_container *container,
                                       struct skr_bytes key, struct skr_object *object, struct skr_error *err)
{
    struct skr_version_place place;
    enum skr_status status = container->versioning == SKR_VERSIONING_OFF /* never had one: nothing to look for */
                                 ? SKR_VERSION_NOT_FOUND
                                 : skr_version_newest(view, arena, container, key, object, &place, err);
    if (status == SKR_VERSION_NOT_FOUND)
        *object = (struct skr_object){.id = 0};
    if (status != SKR_OK && status != SKR_VERSION_NOT_FOUND)
        return status;
    object->versioning = container->versioning;
    return skr_fail(err, SKR_OBJECT_NOT_FOUND, "there is no such object");
}

enum skr_status skr_find_version(struct skr_view *view, struct skr_arena *arena, const struct skr_object_name *name,
                                 struct skr_container *container, struct skr_object *object, struct skr_version_place *place,
                                 struct skr_error *err)
{
    bool exists;
    enum skr_status status;
    *object = (struct skr_object){.id = 0};
    *place = (struct skr_version_place){.is_current = true};
    if (!name->version.is_given) {
        status = skr_find_object(view, arena, name, container, object, &exists, err);
        object->is_current = status == SKR_OK && exists;
        return status != SKR_OK || exists ? status : skr_find_marker(view, arena, container, name->key, object, err);
    }
    status = skr_container_get(view, arena, name->account, name->container, container, err);
    if (status == SKR_OK)
        status = skr_version_find(view, arena, container, name->key, name->version.ns, object, place, err);
    if (status != SKR_OK) {
        *object = (struct skr_object){.id = 0};
        return status;
    }
    object->versioning = container->versioning;
    object->is_current = place->is_current;
    return object->kind == SKR_OBJECT_DELETE_MARKER ? skr_fail(err, SKR_IS_DELETE_MARKER, "this version is a delete marker")
                                                    : SKR_OK;
}

/* ---- deleting ---- */

struct skr_delete_change {
    struct skr_pending pending;
    struct skr_object_name name;
    struct skr_conditions conditions;
    bool mark_absent;
};

static enum skr_status skr_check_delete(const struct skr_delete_change *op, bool exists, const struct skr_object *there,
                                        struct skr_error *err)
{
    enum skr_status status = skr_conditions_check(&op->conditions, exists, there->etag, there->modified_ns, false, err);
    return status == SKR_OBJECT_EXISTS ? skr_fail(err, SKR_CONDITION_FAILED, "it exists") : status;
}

static enum skr_status skr_delete_version(struct skr_view *view, struct skr_delete_change *op, struct skr_error *err)
{
    struct skr_object *object = &op->pending.object;
    struct skr_version_place place;
    struct skr_container container;
    enum skr_status status = skr_find_version(view, &op->pending.arena, &op->name, &container, object, &place, err);
    if (status == SKR_IS_DELETE_MARKER)
        status = SKR_OK;
    if (status == SKR_OK)
        status = skr_check_delete(op, true, object, err);
    if (status == SKR_OK && !skr_object_copy(&op->pending.arena, object))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    op->pending.has_object = true;
    return status != SKR_OK ? status : skr_version_remove(view, &container, op->name.key, &place, err);
}

static enum skr_status skr_delete_current(struct skr_view *view, struct skr_delete_change *op, struct skr_error *err)
{
    struct skr_container container;
    struct skr_object there;
    struct skr_note note;
    bool exists;
    enum skr_status status = skr_find_object(view, &op->pending.arena, &op->name, &container, &there, &exists, err);
    if (status != SKR_OK)
        return status;
    bool is_kept = container.versioning != SKR_VERSIONING_OFF;
    if (!exists && !(is_kept && op->mark_absent))
        return skr_fail(err, SKR_OBJECT_NOT_FOUND, "there is no such object");
    status = skr_check_delete(op, exists, &there, err);
    if (status == SKR_OK)
        status = skr_note_begin(view, &op->pending, &container, &op->name, exists ? &there : NULL, false, &note, err);
    if (status != SKR_OK)
        return status;
    if (!is_kept) {
        status = skr_object_remove(view, container.objects_node, op->name.key, err);
        return status != SKR_OK ? status : skr_note_finish(view, &op->pending, &op->name, &note, SKR_JOURNAL_DELETE, 0, err);
    }
    int64_t tick_ns = skr_view_tick(view);
    op->pending.object = (struct skr_object){
        .id = skr_meta_next_id(op->pending.worker->core->meta),
        .kind = SKR_OBJECT_DELETE_MARKER,
        .created_ns = tick_ns,
        .modified_ns = tick_ns,
        .versioning = container.versioning,
    };
    op->pending.has_object = true;
    status = skr_version_mark(view, &container, op->name.key, &op->pending.object, err);
    return status != SKR_OK || !exists ? status
                                       : skr_note_finish(view, &op->pending, &op->name, &note, SKR_JOURNAL_DELETE, 0, err);
}

static enum skr_status skr_apply_delete(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_delete_change *op = (struct skr_delete_change *)change;
    return op->name.version.is_given ? skr_delete_version(view, op, err) : skr_delete_current(view, op, err);
}

struct skr_pending *skr_delete_object(struct skr_worker *worker, const struct skr_object_name *name,
                                      const struct skr_conditions *conditions, bool mark_absent, skr_done done, void *context)
{
    struct skr_delete_change *op = skr_pending_new(worker, sizeof *op, skr_apply_delete, done, context);
    if (op == NULL)
        return NULL;
    op->name = *name;
    op->mark_absent = mark_absent;
    if (conditions != NULL)
        op->conditions = *conditions;
    if (!skr_name_copy(&op->pending.arena, &op->name) || !skr_conditions_copy(&op->pending.arena, &op->conditions))
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory to delete an object");
    return skr_pending_submit_object(&op->pending, &op->name, true, NULL);
}
