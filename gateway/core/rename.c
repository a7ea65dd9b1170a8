/* Giving an object another name in its container: its record moves, whatever its size. */
#include "put.h"
#include "source.h"

struct skr_rename_change {
    struct skr_pending pending;
    struct skr_copy_source source;
    struct skr_conditions source_conditions;
    struct skr_put put; /* where to: name and conditions */
    struct skr_conditions conditions;
};

static enum skr_status skr_apply_rename(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_rename_change *op = (struct skr_rename_change *)change;
    struct skr_object *object = &op->pending.object;
    struct skr_container container;
    struct skr_put_state state;
    struct skr_note gone; /* of the source */
    bool exists;
    enum skr_status status = skr_find_object(view, &op->pending.arena, &op->source.name, &container, object, &exists, err);
    if (status == SKR_OK && container.versioning != SKR_VERSIONING_OFF)
        status = skr_fail(err, SKR_UNSUPPORTED, "where versions are kept an object keeps its name");
    if (status == SKR_OK && !exists)
        status = skr_fail(err, SKR_OBJECT_NOT_FOUND, "there is no such object");
    if (status != SKR_OK)
        return status;
    if (skr_conditions_check(op->source.conditions, true, object->etag, object->modified_ns, false, err) != SKR_OK)
        return skr_fail(err, SKR_SOURCE_CONDITION_FAILED, "the source does not meet its conditions");
    status = skr_put_begin(view, &op->pending, &op->put, &state, err);
    if (status == SKR_OBJECT_EXISTS)
        status = skr_fail(err, SKR_CONDITION_FAILED, "there is an object of that name");
    if (status == SKR_OK && !skr_object_copy(&op->pending.arena, object))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    if (status == SKR_OK)
        status = skr_note_begin(view, &op->pending, &container, &op->source.name, object, false, &gone, err);
    if (status == SKR_OK)
        status = skr_note_source(view, &op->pending, &container, op->source.name.key, object, &state.note, err);
    if (status == SKR_OK)
        status = skr_object_move(view, container.objects_node, op->source.name.key, op->put.name.key, err);
    if (status == SKR_OK && state.has_upload)
        status = skr_upload_remove(view, &state.upload, object->content.id, err);
    op->pending.has_object = true;
    if (status != SKR_OK || skr_bytes_equal(op->source.name.key, op->put.name.key) || (!gone.is_noted && !state.note.is_noted))
        return status;
    object->upstream_etag = state.note.change.base_etag; /* what upstream has under the new name, not under the old one */
    gone.index = state.note.is_noted;
    status = skr_object_update(view, container.objects_node, op->put.name.key, object, err);
    if (status == SKR_OK) /* in this order: upstream loses the old name when it has the new one */
        status = skr_note_finish(view, &op->pending, &op->put.name, &state.note, SKR_JOURNAL_CONTENT,
                                 object->content.size_bytes, err);
    return status != SKR_OK ? status : skr_note_finish(view, &op->pending, &op->source.name, &gone, SKR_JOURNAL_DELETE, 0, err);
}

static void skr_settle_rename(struct skr_pending *pending)
{
    struct skr_rename_change *op = (struct skr_rename_change *)pending;
    if (pending->change.status == SKR_OK)
        skr_upload_slots_forget(pending->worker->core, &op->put.name, 0);
}

struct skr_pending *skr_rename_object(struct skr_worker *worker, const struct skr_copy_source *source,
                                      const struct skr_object_name *name, const struct skr_conditions *conditions,
                                      skr_done done, void *context)
{
    struct skr_rename_change *op = skr_pending_new(worker, sizeof *op, skr_apply_rename, done, context);
    if (op == NULL)
        return NULL;
    op->put = (struct skr_put){.name = *name, .conditions = conditions};
    op->pending.settle = skr_settle_rename;
    if (!skr_put_copy(&op->pending.arena, &op->put, &op->conditions) ||
        !skr_source_copy(&op->pending.arena, source, &op->source, &op->source_conditions))
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory to rename an object");
    if (!skr_bytes_equal(source->name.account, name->account) || !skr_bytes_equal(source->name.container, name->container))
        return skr_pending_fail(&op->pending, SKR_INVALID_ARGUMENT, "an object is renamed inside its container");
    return skr_pending_submit_object(&op->pending, &op->put.name, !skr_conditions_are_empty(&op->conditions), &op->source.name);
}
