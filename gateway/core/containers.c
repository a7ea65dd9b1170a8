/* Operations on containers, and on the documents of an account. */
#include "federation/account_listing.h"
#include "federation/container_changes.h"
#include "state.h"

enum skr_status skr_get_container(struct skr_worker *worker, struct skr_arena *arena, struct skr_bytes account,
                                  struct skr_bytes container, const struct skr_conditions *conditions,
                                  struct skr_container *out, struct skr_error *err)
{
    struct skr_view *view;
    enum skr_status status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_container_get(view, arena, account, container, out, err);
    if (status == SKR_OK && !skr_container_copy(arena, out))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for a container's record");
    skr_view_end(view);
    return status != SKR_OK ? status : skr_conditions_check(conditions, true, out->etag, out->modified_ns, true, err);
}

enum skr_status skr_list_containers(struct skr_worker *worker, struct skr_arena *arena, struct skr_bytes account,
                                    struct skr_bytes prefix, struct skr_bytes from,
                                    bool (*visit)(void *context, struct skr_bytes name, const struct skr_container *container),
                                    void *context, struct skr_error *err)
{
    struct skr_view *view;
    enum skr_status status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_container_list(view, arena, account, prefix, from, visit, context, err);
    skr_view_end(view);
    return status;
}

/* A change of one container: which one, and what it becomes. */
struct skr_container_change {
    struct skr_pending pending;
    struct skr_bytes account, name;
    struct skr_conditions conditions;
    struct skr_container_settings settings;
    bool only_if_empty;
    struct skr_container_upstream upstream;
};

static bool skr_settings_copy(struct skr_arena *arena, struct skr_container_settings *settings)
{
    if (settings->set_access && settings->policy_count > 0) {
        struct skr_access_policy *policies = skr_arena_alloc(arena, settings->policy_count * sizeof *policies);
        if (policies == NULL)
            return false;
        for (size_t i = 0; i < settings->policy_count; i++) {
            const struct skr_access_policy *from = &settings->policies[i];
            policies[i].id = skr_arena_copy(arena, from->id);
            policies[i].start = skr_arena_copy(arena, from->start);
            policies[i].expiry = skr_arena_copy(arena, from->expiry);
            policies[i].permission = skr_arena_copy(arena, from->permission);
            if (policies[i].id.data == NULL || policies[i].start.data == NULL || policies[i].expiry.data == NULL ||
                policies[i].permission.data == NULL)
                return false;
        }
        settings->policies = policies;
    }
    for (size_t i = 0; i < SKR_DOCUMENT_COUNT; i++) {
        struct skr_bytes *document = &settings->documents[i];
        if (!(settings->set_documents & 1u << i) || document->data == NULL)
            continue;
        *document = skr_arena_copy(arena, *document);
        if (document->data == NULL)
            return false;
    }
    return !settings->set_metadata || skr_metadata_copy(arena, &settings->metadata, settings->metadata_count);
}

static void skr_settings_apply(struct skr_container *container, const struct skr_container_settings *settings)
{
    if (settings->set_metadata) {
        container->metadata = settings->metadata;
        container->metadata_count = settings->metadata_count;
    }
    if (settings->set_access) {
        container->public_access = settings->public_access;
        container->policy_count = settings->policy_count;
        for (size_t i = 0; i < settings->policy_count; i++)
            container->policies[i] = settings->policies[i];
    }
    if (settings->set_versioning)
        container->versioning = settings->versioning;
    for (size_t i = 0; i < SKR_DOCUMENT_COUNT; i++)
        if (settings->set_documents & 1u << i)
            container->documents[i] = settings->documents[i];
}

/* Why the settings cannot be. NULL: they can. */
static const char *skr_settings_refusal(const struct skr_container_settings *settings)
{
    if (settings->set_access && settings->policy_count > SKR_MAX_ACCESS_POLICIES)
        return "too many stored access policies";
    for (size_t i = 0; i < SKR_DOCUMENT_COUNT; i++)
        if (settings->set_documents & 1u << i && settings->documents[i].size > SKR_MAX_DOCUMENT_BYTES)
            return "a container's document is too large";
    return NULL;
}

static enum skr_status skr_stamp_container(struct skr_view *view, struct skr_pending *pending, struct skr_error *err)
{
    pending->container.modified_ns = skr_view_tick(view);
    pending->container.etag = skr_etag_of_tick(&pending->arena, pending->container.modified_ns);
    if (pending->container.etag.data == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an entity tag");
    pending->has_container = true;
    return SKR_OK;
}

/* Upstream made it just now: what is here of one that it had before is asked for anew, name by name. */
static enum skr_status skr_create_with_upstream(struct skr_view *view, struct skr_container_change *op, struct skr_error *err)
{
    struct skr_container *container = &op->pending.container, there, made;
    if (!skr_container_of_upstream(&op->pending.arena, op->upstream.bound, container->created_ns, &made))
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a container");
    container->documents[SKR_DOCUMENT_UPSTREAM] = made.documents[SKR_DOCUMENT_UPSTREAM];
    enum skr_status status = skr_container_get(view, &op->pending.arena, op->account, op->name, &there, err);
    if (status == SKR_CONTAINER_NOT_FOUND)
        return skr_container_create(view, op->account, op->name, container, err);
    container->objects_node = there.objects_node;
    container->uploads_node = there.uploads_node;
    container->versions_node = there.versions_node;
    container->multiparts_node = there.multiparts_node;
    container->journal_node = there.journal_node;
    return status != SKR_OK ? status : skr_container_update(view, op->account, op->name, container, err);
}

static enum skr_status skr_apply_create_container(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_container_change *op = (struct skr_container_change *)change;
    op->pending.container = (struct skr_container){.public_access = SKR_PUBLIC_NONE};
    skr_settings_apply(&op->pending.container, &op->settings);
    enum skr_status status = skr_stamp_container(view, &op->pending, err);
    if (status != SKR_OK)
        return status;
    op->pending.container.created_ns = op->pending.container.modified_ns;
    if (op->upstream.bound == NULL)
        return skr_container_create(view, op->account, op->name, &op->pending.container, err);
    return skr_create_with_upstream(view, op, err);
}

static enum skr_status skr_apply_adopt_container(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_container_change *op = (struct skr_container_change *)change;
    if (skr_is_being_deleted(&op->pending.worker->core->bindings, op->account, op->name))
        return skr_fail(err, SKR_CONTAINER_NOT_FOUND, "the container is being deleted");
    if (!skr_container_of_upstream(&op->pending.arena, op->upstream.bound, skr_view_tick(view), &op->pending.container))
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a container");
    return skr_container_create(view, op->account, op->name, &op->pending.container, err);
}

/* The container as it is, in the pending's own memory, conditions checked. */
static enum skr_status skr_load_container(struct skr_view *view, struct skr_container_change *op, struct skr_error *err)
{
    struct skr_container *container = &op->pending.container;
    enum skr_status status = skr_container_get(view, &op->pending.arena, op->account, op->name, container, err);
    if (status == SKR_OK)
        status = skr_conditions_check(&op->conditions, true, container->etag, container->modified_ns, false, err);
    if (status == SKR_OBJECT_EXISTS)
        status = skr_fail(err, SKR_CONDITION_FAILED, "it exists");
    if (status == SKR_OK && !skr_container_copy(&op->pending.arena, container))
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for a container's record");
    return status;
}

static enum skr_status skr_apply_update_container(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_container_change *op = (struct skr_container_change *)change;
    enum skr_status status = skr_load_container(view, op, err);
    if (status == SKR_OK && op->settings.set_versioning && op->settings.versioning == SKR_VERSIONING_OFF &&
        op->pending.container.versioning !=
            SKR_VERSIONING_OFF) /* what it kept would be in nobody's way and in nobody's reach */
        status = skr_fail(err, SKR_INVALID_ARGUMENT, "versioning can be suspended, but not be turned off again");
    struct skr_binding binding;
    if (status == SKR_OK && op->settings.set_versioning && op->settings.versioning != SKR_VERSIONING_OFF &&
        skr_binding_of(view, op->account, op->name, &binding, NULL) == SKR_OK)
        status = skr_fail(err, SKR_CONTAINER_BOUND, "a container that is bound to an upstream keeps no versions here");
    if (status == SKR_OK)
        status = skr_stamp_container(view, &op->pending, err);
    if (status != SKR_OK)
        return status;
    skr_settings_apply(&op->pending.container, &op->settings);
    return skr_container_update(view, op->account, op->name, &op->pending.container, err);
}

static enum skr_status skr_apply_delete_container(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_container_change *op = (struct skr_container_change *)change;
    struct skr_binding binding;
    bool empty = true;
    enum skr_status status = skr_load_container(view, op, err);
    if (status == SKR_OK && op->upstream.bound != NULL) {
        status = skr_container_may_go(&op->upstream, view, &op->pending.container, err);
        return status != SKR_OK || !op->upstream.is_ready ? status : skr_container_remove(view, op->account, op->name, err);
    }
    if (status == SKR_OK && skr_binding_of(view, op->account, op->name, &binding, err) == SKR_OK)
        return skr_fail(err, SKR_CONTAINER_BOUND, "the container is bound to an upstream: detach it first");
    if (status == SKR_OK && op->only_if_empty)
        status = skr_container_is_empty(view, &op->pending.container, &empty, err);
    if (status == SKR_OK && !empty)
        status = skr_fail(err, SKR_CONTAINER_NOT_EMPTY, "the container holds objects or versions of them");
    return status != SKR_OK ? status : skr_container_remove(view, op->account, op->name, err);
}

static struct skr_pending *skr_change_container(
    struct skr_worker *worker, enum skr_status (*apply)(struct skr_view *, struct skr_change *, struct skr_error *),
    struct skr_bytes account, struct skr_bytes name, const struct skr_conditions *conditions,
    const struct skr_container_settings *settings, void (*begin)(struct skr_container_change *op), skr_done done, void *context)
{
    struct skr_container_change *op = skr_pending_new(worker, sizeof *op, apply, done, context);
    if (op == NULL)
        return NULL;
    struct skr_arena *arena = &op->pending.arena;
    op->account = skr_arena_copy(arena, account);
    op->name = skr_arena_copy(arena, name);
    if (conditions != NULL)
        op->conditions = *conditions;
    if (settings != NULL)
        op->settings = *settings;
    if (op->account.data == NULL || op->name.data == NULL || !skr_conditions_copy(arena, &op->conditions) ||
        !skr_settings_copy(arena, &op->settings))
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for a change of a container");
    const char *refusal = skr_settings_refusal(&op->settings);
    if (refusal != NULL)
        return skr_pending_fail(&op->pending, SKR_INVALID_ARGUMENT, refusal);
    begin(op);
    return &op->pending;
}

static void skr_begin_here(struct skr_container_change *op)
{
    skr_pending_submit(&op->pending);
}

/* ---- containers that upstream has, too ---- */

static void skr_settle_container(struct skr_pending *pending)
{
    skr_container_upstream_settle(&((struct skr_container_change *)pending)->upstream);
}

static void skr_begin_creation(struct skr_container_change *op)
{
    op->pending.settle = skr_settle_container;
    skr_container_create_upstream(&op->upstream, &op->pending, op->account, op->name);
}

static void skr_go_on_deleting(struct skr_pending *pending)
{
    skr_container_ask_deletion(&((struct skr_container_change *)pending)->upstream);
}

static void skr_begin_deletion(struct skr_container_change *op)
{
    op->pending.settle = skr_settle_container;
    op->pending.go = skr_go_on_deleting;
    skr_container_delete_upstream(&op->upstream, &op->pending, op->account, op->name, op->only_if_empty);
}

static void skr_begin_deletion_if_empty(struct skr_container_change *op)
{
    op->only_if_empty = true;
    skr_begin_deletion(op);
}

static void skr_release_adopted(struct skr_pending *pending)
{
    struct skr_container_change *op = (struct skr_container_change *)pending;
    skr_bound_release(op->upstream.bound);
    op->upstream.bound = NULL;
}

struct skr_pending *skr_adopt_container(struct skr_worker *worker, struct skr_bound *bound, skr_done done, void *context)
{
    struct skr_container_change *op = skr_pending_new(worker, sizeof *op, skr_apply_adopt_container, done, context);
    if (op == NULL)
        return NULL;
    op->pending.settle = skr_release_adopted;
    op->upstream.bound = skr_bound_ref(bound);
    op->account = skr_text(bound->account);
    op->name = skr_text(bound->container);
    return skr_pending_submit(&op->pending);
}

/* ---- what front ends ask for ---- */

struct skr_pending *skr_create_container(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container,
                                         const struct skr_container_settings *settings, skr_done done, void *context)
{
    return skr_change_container(worker, skr_apply_create_container, account, container, NULL, settings, skr_begin_creation,
                                done, context);
}

struct skr_pending *skr_update_container(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container,
                                         const struct skr_conditions *conditions, const struct skr_container_settings *settings,
                                         skr_done done, void *context)
{
    return skr_change_container(worker, skr_apply_update_container, account, container, conditions, settings, skr_begin_here,
                                done, context);
}

struct skr_pending *skr_delete_container(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container,
                                         const struct skr_conditions *conditions, bool only_if_empty, skr_done done,
                                         void *context)
{
    return skr_change_container(worker, skr_apply_delete_container, account, container, conditions, NULL,
                                only_if_empty ? skr_begin_deletion_if_empty : skr_begin_deletion, done, context);
}

/* ---- documents of an account ---- */

enum skr_status skr_get_account_document(struct skr_worker *worker, struct skr_arena *arena, struct skr_bytes account,
                                         const char *name, struct skr_bytes *out, struct skr_error *err)
{
    struct skr_view *view;
    enum skr_status status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_account_document_get(view, account, name, out, err);
    if (status == SKR_OK) {
        *out = skr_arena_copy(arena, *out);
        if (out->data == NULL)
            status = skr_fail(err, SKR_NO_MEMORY, "no memory for a document");
    }
    skr_view_end(view);
    return status;
}

struct skr_document_change {
    struct skr_pending pending;
    struct skr_bytes account, name, document;
};

static enum skr_status skr_apply_put_document(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_document_change *op = (struct skr_document_change *)change;
    return skr_account_document_put(view, op->account, op->name.data, op->document, err);
}

struct skr_pending *skr_put_account_document(struct skr_worker *worker, struct skr_bytes account, const char *name,
                                             struct skr_bytes document, skr_done done, void *context)
{
    struct skr_document_change *op = skr_pending_new(worker, sizeof *op, skr_apply_put_document, done, context);
    if (op == NULL)
        return NULL;
    op->account = skr_arena_copy(&op->pending.arena, account);
    op->name = skr_arena_copy(&op->pending.arena, skr_text(name));
    op->document = skr_arena_copy(&op->pending.arena, document);
    if (op->account.data == NULL || op->name.data == NULL || op->document.data == NULL)
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for a document");
    return skr_pending_submit(&op->pending);
}
