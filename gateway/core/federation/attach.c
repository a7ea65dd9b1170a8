/* Binding containers, and ending it. What is committed is taken over by the bindings in force before the caller is told.
 *
 * A container that is detached keeps what is wholly here, which becomes its own; the names of the rest go. That takes many
 * small changes, one after the other, after the one that ends the binding.
 */
#include "../state.h"
#include "account_listing.h"
#include "mirror.h"

#define SKR_RELEASE_STEP 200 /* objects looked at in one change */

struct skr_attach_change {
    struct skr_pending pending;
    struct skr_bytes account, container;
    struct skr_binding binding;
    bool detaches, is_detached;
    struct skr_release_place {
        char name[SKR_MAX_KEY_BYTES + 1];
        size_t size;
    } from, next; /* where this step begins, and the one after it */
    bool is_last; /* there is nothing behind this step */
};

static bool skr_is_all(struct skr_bytes container)
{
    return skr_bytes_equal(container, SKR_BYTES(SKR_ALL_CONTAINERS));
}

static enum skr_status skr_attach_container(struct skr_view *view, struct skr_attach_change *op, struct skr_error *err)
{
    struct skr_container container;
    enum skr_status status = skr_container_get(view, &op->pending.arena, op->account, op->container, &container, err);
    if (status == SKR_OK && container.versioning != SKR_VERSIONING_OFF)
        return skr_fail(err, SKR_UNSUPPORTED, "a container that keeps versions, or did, cannot be bound: make another one");
    if (status != SKR_CONTAINER_NOT_FOUND)
        return status;
    int64_t tick_ns = skr_view_tick(view);
    container = (struct skr_container){
        .created_ns = tick_ns, .modified_ns = tick_ns, .etag = skr_etag_of_tick(&op->pending.arena, tick_ns)};
    return container.etag.data == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory for a container")
                                       : skr_container_create(view, op->account, op->container, &container, err);
}

/* What was fetched stays good when the same upstream is attached again, with another credential, say. */
static void skr_attach_id(struct skr_view *view, struct skr_attach_change *op)
{
    struct skr_binding there;
    if (skr_binding_get(view, op->account, op->container, &there, NULL) == SKR_OK &&
        skr_bytes_equal(there.texts[SKR_BINDING_URL], op->binding.texts[SKR_BINDING_URL]) && there.is_s3 == op->binding.is_s3)
        op->binding.id = there.id;
}

/* ---- ending it ---- */

/* What is not here goes, and with it what was changed of it. */
static enum skr_status skr_release_missing(struct skr_view *view, const struct skr_container *container, struct skr_bytes key,
                                           struct skr_error *err)
{
    struct skr_journal_entry entry;
    enum skr_status status = skr_journal_get(view, container, key, &entry, err);
    if (status == SKR_OK)
        status = skr_journal_remove(view, entry.sequence, err);
    return status != SKR_OK && status != SKR_NOT_FOUND ? status : skr_object_remove(view, container->objects_node, key, err);
}

/* One object of a container that was bound until now. */
static enum skr_status skr_release_object(struct skr_view *view, const struct skr_attach_change *op,
                                          const struct skr_container *container, struct skr_bytes key, struct skr_arena *arena,
                                          struct skr_error *err)
{
    struct skr_object object;
    struct skr_origin origin;
    enum skr_status status = skr_object_get(view, arena, container->objects_node, key, &object, err);
    if (status != SKR_OK || object.upstream_etag.size == 0)
        return status;
    if (!skr_object_copy(arena, &object)) /* its texts end with the next write */
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    if (object.content.layout == SKR_CONTENT_CACHED) {
        struct skr_content adopted;
        status = skr_content_origin(view, object.content.id, &origin, err);
        if (status == SKR_OK && origin.binding != op->binding.id) /* of one before, which nobody asked about since */
            status = SKR_NOT_FOUND;
        if (status == SKR_OK)
            status = skr_content_adopt(view, object.content.id, &adopted, err);
        if (status == SKR_NOT_FOUND)
            return skr_release_missing(view, container, key, err);
        if (status != SKR_OK)
            return status;
        object.content = adopted;
    }
    object.upstream_etag = SKR_NO_BYTES;
    return skr_object_update(view, container->objects_node, key, &object, err);
}

/* The next names. They are gathered first: a walk does not survive changes. */
static enum skr_status skr_release_names(struct skr_view *view, struct skr_attach_change *op,
                                         const struct skr_container *container, struct skr_arena *arena,
                                         struct skr_bytes names[SKR_RELEASE_STEP], size_t *count, struct skr_error *err)
{
    struct skr_walk_options options = {.from = {op->from.name, op->from.size}};
    struct skr_walk_entry entry;
    struct skr_walk *walk;
    *count = 0;
    enum skr_status status = skr_walk_open(view, container->objects_node, &options, &walk, err);
    if (status != SKR_OK)
        return status;
    while (*count < SKR_RELEASE_STEP && (status = skr_walk_next(walk, &entry, err)) == SKR_OK) {
        names[*count] = skr_arena_copy(arena, entry.key);
        if (names[(*count)++].data == NULL)
            status = skr_fail(err, SKR_NO_MEMORY, "no memory for a name");
        if (status != SKR_OK)
            break;
    }
    skr_walk_close(walk);
    op->is_last = status == SKR_NOT_FOUND;
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

static enum skr_status skr_release_step(struct skr_view *view, struct skr_attach_change *op, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_bytes names[SKR_RELEASE_STEP];
    struct skr_container container;
    size_t count = 0;
    enum skr_status status = skr_container_get(view, &arena, op->account, op->container, &container, err);
    op->is_last = true;
    if (status == SKR_OK)
        status = skr_release_names(view, op, &container, &arena, names, &count, err);
    if (count > 0) { /* behind the last of them: no name holds a zero byte */
        memcpy(op->next.name, names[count - 1].data, names[count - 1].size);
        op->next.name[names[count - 1].size] = '\0';
        op->next.size = names[count - 1].size + 1;
    }
    for (size_t i = 0; i < count && status == SKR_OK; i++)
        status = skr_release_object(view, op, &container, names[i], &arena, err);
    skr_arena_release(&arena);
    return status == SKR_CONTAINER_NOT_FOUND ? SKR_OK : status;
}

/* Containers that were known through a binding of all, and hold nothing, go with it. */
struct skr_forgetting {
    struct skr_view *view;
    struct skr_arena *arena;
    struct skr_attach_change *op;
    struct skr_bytes gone[SKR_RELEASE_STEP];
    size_t looked_at, count;
    bool no_memory;
};

static bool skr_forget_look(void *context, struct skr_bytes name, const struct skr_container *container)
{
    struct skr_forgetting *forgetting = context;
    struct skr_attach_change *op = forgetting->op;
    struct skr_binding binding;
    bool is_unused = false;
    if (forgetting->looked_at++ == SKR_RELEASE_STEP)
        return false;
    memcpy(op->next.name, name.data, name.size);
    op->next.name[name.size] = '\0'; /* behind it: no name holds a zero byte */
    op->next.size = name.size + 1;
    if (!skr_container_came_through(container, op->binding.id) ||
        skr_binding_of(forgetting->view, op->account, name, &binding, NULL) != SKR_NOT_FOUND ||
        skr_container_is_unused(forgetting->view, container, &is_unused, NULL) != SKR_OK || !is_unused)
        return true;
    struct skr_bytes copy = skr_arena_copy(forgetting->arena, name);
    forgetting->no_memory = copy.data == NULL;
    if (!forgetting->no_memory)
        forgetting->gone[forgetting->count++] = copy;
    return !forgetting->no_memory;
}

static enum skr_status skr_forget_step(struct skr_view *view, struct skr_attach_change *op, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_forgetting forgetting = {.view = view, .arena = &arena, .op = op};
    enum skr_status status =
        skr_container_list(view, &arena, op->account, SKR_BYTES(""), (struct skr_bytes){op->from.name, op->from.size},
                           skr_forget_look, &forgetting, err);
    if (status == SKR_OK && forgetting.no_memory)
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for names of containers");
    op->is_last = forgetting.looked_at <= SKR_RELEASE_STEP;
    for (size_t i = 0; i < forgetting.count && status == SKR_OK; i++)
        status = skr_container_remove(view, op->account, forgetting.gone[i], err);
    skr_arena_release(&arena);
    return status;
}

/* A step is applied once more when another change of its batch fails: where the next one goes on is set when it is durable. */
static enum skr_status skr_detach_step(struct skr_view *view, struct skr_attach_change *op, struct skr_error *err)
{
    struct skr_binding there;
    if (op->is_detached)
        return skr_is_all(op->container) ? skr_forget_step(view, op, err) : skr_release_step(view, op, err);
    enum skr_status status = skr_binding_get(view, op->account, op->container, &there, err);
    op->binding.id = there.id;
    return status != SKR_OK ? status : skr_binding_remove(view, op->account, op->container, err);
}

static enum skr_status skr_apply_attach(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_attach_change *op = (struct skr_attach_change *)change;
    if (op->detaches)
        return skr_detach_step(view, op, err);
    skr_attach_id(view, op);
    enum skr_status status = skr_is_all(op->container) ? SKR_OK : skr_attach_container(view, op, err);
    return status != SKR_OK ? status : skr_binding_put(view, op->account, op->container, &op->binding, err);
}

/* The list of those in force is loaded anew. That it fails is a lack of memory: the caller may try again. */
static void skr_settle_attach(struct skr_pending *pending)
{
    struct skr_attach_change *op = (struct skr_attach_change *)pending;
    struct skr_core *core = pending->worker->core;
    struct skr_view *view;
    for (unsigned i = 0; i < SKR_BINDING_TEXT_COUNT; i++)
        if (op->binding.texts[i].size > 0)
            explicit_bzero((char *)op->binding.texts[i].data, op->binding.texts[i].size);
    if (pending->change.status != SKR_OK)
        return;
    enum skr_status status = skr_view_begin(pending->worker->reader, &view, &pending->change.error);
    if (status == SKR_OK) {
        status = skr_bindings_load(&core->bindings, view, &pending->change.error);
        skr_view_end(view);
    }
    pending->change.status = status;
    skr_mirrorer_wake(core->mirrorer);
    if (status != SKR_OK || !op->detaches || (op->is_detached && op->is_last))
        return;
    pending->again = true;
    op->is_detached = true;
    op->from = op->next;
}

static enum skr_status skr_attach_check(const struct skr_attach_change *op, struct skr_error *err)
{
    struct skr_bound trial = {.upstream = NULL};
    /* of all containers: a name that any upstream would have */
    enum skr_status status = skr_bound_open_upstream(&trial, &op->pending.worker->core->bindings, &op->binding,
                                                     skr_is_all(op->container) ? SKR_BYTES("container") : SKR_NO_BYTES, err);
    skr_bound_close_upstream(&trial);
    return status;
}

struct skr_pending *skr_attach(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container,
                               const struct skr_binding *binding, skr_done done, void *context)
{
    struct skr_attach_change *op = skr_pending_new(worker, sizeof *op, skr_apply_attach, done, context);
    if (op == NULL)
        return NULL;
    struct skr_arena *arena = &op->pending.arena;
    op->pending.settle = skr_settle_attach;
    op->account = skr_arena_copy(arena, account);
    op->container = skr_arena_copy(arena, container);
    op->binding = *binding;
    op->binding.id = op->binding.revision = skr_meta_next_id(worker->core->meta);
    bool copied = op->account.data != NULL && op->container.data != NULL;
    for (unsigned i = 0; i < SKR_BINDING_TEXT_COUNT; i++) {
        struct skr_bytes text = copied && binding->texts[i].size > 0 ? skr_arena_copy(arena, binding->texts[i]) : SKR_NO_BYTES;
        copied = copied && (binding->texts[i].size == 0 || text.data != NULL);
        op->binding.texts[i] = text;
    }
    if (!copied)
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for a binding");
    struct skr_error error = {.message = ""};
    enum skr_status status = skr_attach_check(op, &error);
    return status != SKR_OK ? skr_pending_fail(&op->pending, status, error.message) : skr_pending_submit(&op->pending);
}

struct skr_pending *skr_detach(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container, skr_done done,
                               void *context)
{
    struct skr_attach_change *op = skr_pending_new(worker, sizeof *op, skr_apply_attach, done, context);
    if (op == NULL)
        return NULL;
    op->detaches = true;
    op->pending.settle = skr_settle_attach;
    op->account = skr_arena_copy(&op->pending.arena, account);
    op->container = skr_arena_copy(&op->pending.arena, container);
    if (op->account.data == NULL || op->container.data == NULL)
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory to detach a container");
    return skr_pending_submit(&op->pending);
}

bool skr_is_attached(struct skr_worker *worker, struct skr_bytes account, struct skr_bytes container,
                     const struct skr_binding *binding)
{
    struct skr_view *view;
    struct skr_binding stored;
    if (skr_view_begin(worker->reader, &view, NULL) != SKR_OK)
        return false;
    bool same = skr_binding_get(view, account, container, &stored, NULL) == SKR_OK && stored.mode == binding->mode &&
                stored.listing == binding->listing && stored.is_s3 == binding->is_s3 &&
                stored.credential == binding->credential && stored.allow_http == binding->allow_http &&
                stored.ttl_ms == binding->ttl_ms && stored.capacity_bytes == binding->capacity_bytes;
    for (unsigned i = 0; i < SKR_BINDING_TEXT_COUNT && same; i++)
        same = skr_bytes_equal(stored.texts[i], binding->texts[i]);
    skr_view_end(view);
    return same;
}
