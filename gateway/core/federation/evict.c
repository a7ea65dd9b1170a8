/* Why: what may go is decided where nothing can change meanwhile, on the commit thread, whatever an account in memory says.
 *
 * Invariant: nothing goes that could not be had again just as it is: its binding is in force, the object of that name still has
 * this content and no other object has, and what is here of it is what upstream has. An ordinary content, written here and
 * uploaded since, is replaced by one of upstream's in the object's record, of which nothing else changes.
 */
#include "evict.h"

#include "flights.h"

static enum skr_status skr_evict_cached(struct skr_view *view, struct skr_evict_item *item, struct skr_error *err)
{
    enum skr_status status = skr_content_evict(view, item->key.content_id, (uint64_t)item->key.chunk * SKR_CHUNK_BYTES,
                                               SKR_CHUNK_BYTES, &item->freed_bytes, err);
    item->outcome = item->freed_bytes > 0 ? SKR_EVICT_DONE : SKR_EVICT_GONE;
    return status;
}

static enum skr_status skr_evict_ordinary(struct skr_view *view, struct skr_evict_item *item, const struct skr_origin *origin,
                                          uint64_t node, struct skr_object *object, struct skr_error *err)
{
    struct skr_content content;
    uint64_t size_bytes = object->content.size_bytes;
    enum skr_status status = skr_content_create_cached(view, item->new_content_id, size_bytes, origin, &content, err);
    object->content = content;
    if (status == SKR_OK)
        status = skr_object_put(view, node, origin->key, object, err);
    item->freed_bytes = size_bytes;
    item->outcome = SKR_EVICT_DONE;
    return status;
}

/* The object that the content is of, if it is the one it was fetched or uploaded as. */
static enum skr_status skr_evict_object(struct skr_view *view, struct skr_arena *arena, const struct skr_evict_item *item,
                                        const struct skr_content_state *state, struct skr_container *container,
                                        struct skr_object *object, bool *may_go, struct skr_error *err)
{
    struct skr_bytes account = skr_text(item->lane->account), name = skr_text(item->lane->container);
    *may_go = false;
    enum skr_status status = skr_container_get(view, arena, account, name, container, err);
    if (status == SKR_OK)
        status = skr_object_get(view, arena, container->objects_node, state->origin.key, object, err);
    if (status == SKR_CONTAINER_NOT_FOUND || status == SKR_OBJECT_NOT_FOUND)
        return SKR_OK;
    if (status != SKR_OK)
        return status;
    struct skr_journal_entry entry;
    status = skr_journal_get(view, container, state->origin.key, &entry, err);
    if (status != SKR_NOT_FOUND) /* upstream does not have it as it is here */
        return status;
    bool is_ordinary = state->content.layout != SKR_CONTENT_CACHED;
    *may_go = object->content.id == item->key.content_id && object->upstream_etag.size > 0 &&
              (!is_ordinary || skr_bytes_equal(object->upstream_etag, state->origin.etag));
    return SKR_OK;
}

static enum skr_status skr_evict_one(struct skr_view *view, struct skr_arena *arena, struct skr_core *core,
                                     struct skr_evict_item *item, struct skr_error *err)
{
    struct skr_content_state state;
    struct skr_container container;
    struct skr_object object;
    struct skr_binding binding;
    bool may_go;
    item->freed_bytes = 0;
    item->outcome = SKR_EVICT_GONE;
    enum skr_status status = skr_content_state(view, item->key.content_id, &state, err);
    if (status == SKR_NOT_FOUND || (status == SKR_OK && (state.references == 0 || state.origin.binding == 0)))
        return SKR_OK;
    if (status == SKR_OK)
        status = skr_binding_of(view, skr_text(item->lane->account), skr_text(item->lane->container), &binding, err);
    if (status == SKR_NOT_FOUND || (status == SKR_OK && binding.id != state.origin.binding))
        return SKR_OK;
    if (status == SKR_OK)
        status = skr_evict_object(view, arena, item, &state, &container, &object, &may_go, err);
    if (status != SKR_OK)
        return status;
    item->outcome = SKR_EVICT_HELD;
    if (!may_go || state.references != 1 ||
        skr_operator_pins_have(&core->space->pins, skr_text(item->lane->account), skr_text(item->lane->container),
                               state.origin.key))
        return SKR_OK;
    item->outcome = SKR_EVICT_BUSY;
    if (skr_pins_has(&core->pins, item->key.content_id))
        return SKR_OK;
    if (state.content.layout == SKR_CONTENT_CACHED)
        return skr_evict_cached(view, item, err);
    if (!skr_origin_copy(arena, &state.origin) ||
        !skr_object_copy(arena, &object)) /* all of it points into the map, which is about to change */
        return skr_fail(err, SKR_NO_MEMORY, "no memory to evict an object");
    return skr_evict_ordinary(view, item, &state.origin, container.objects_node, &object, err);
}

static enum skr_status skr_apply_evict(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_evict_batch *batch = (struct skr_evict_batch *)change;
    struct skr_arena arena = {.blocks = NULL};
    _Alignas(16) char memory[4096];
    enum skr_status status = SKR_OK;
    for (size_t i = 0; i < batch->count && status == SKR_OK; i++) {
        skr_arena_seed(&arena, memory, sizeof memory);
        status = skr_evict_one(view, &arena, batch->core, &batch->items[i], err);
        skr_arena_release(&arena);
    }
    return status;
}

enum skr_status skr_evict_apply(struct skr_core *core, struct skr_evict_batch *batch, struct skr_error *err)
{
    batch->core = core;
    batch->change = (struct skr_change){.apply = skr_apply_evict};
    for (size_t i = 0; i < batch->count; i++)
        batch->items[i].new_content_id = skr_meta_next_id(core->meta);
    return skr_meta_apply(core->meta, &batch->change, err);
}
