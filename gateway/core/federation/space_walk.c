/* Why: after a restart memory knows nothing of what is here. The contents are gone through in the order of their ids, which is
 * that in which they came, while requests are served already. All count as settled: what was left by the last run is not pushed
 * out by the first scan of this one, and what is not read goes in that order.
 */
#include "space.h"

#include "flights.h"
#include "skerry/log.h"

#define SKR_WALK_CONTENTS 2000

struct skr_space_walker {
    struct skr_space *space;
    struct skr_view *view;
    uint32_t lane; /* of the content before. UINT32_MAX: its binding is gone */
    uint64_t binding;
    char container[256];
    uint64_t content_id;
};

static void skr_walk_add(struct skr_space_walker *walker, uint64_t chunk, uint64_t bytes)
{
    struct skr_policy_key key = {walker->content_id, (uint32_t)chunk};
    pthread_mutex_lock(&walker->space->lock);
    skr_policy_add(&walker->space->policy, &key, bytes, walker->lane, true, skr_space_now());
    pthread_mutex_unlock(&walker->space->lock);
}

static bool skr_walk_extent(void *context, uint64_t offset_bytes, uint64_t length_bytes)
{
    skr_walk_add(context, offset_bytes / SKR_CHUNK_BYTES, length_bytes);
    return true;
}

/* The lane of the content's container; the one before is mostly the same. */
static void skr_walk_lane(struct skr_space_walker *walker, const struct skr_origin *origin)
{
    struct skr_space *space = walker->space;
    char account[256];
    uint64_t capacity_bytes;
    if (walker->binding == origin->binding && skr_bytes_equal(skr_text(walker->container), origin->container))
        return;
    walker->binding = origin->binding;
    snprintf(walker->container, sizeof walker->container, "%.*s", SKR_PRINT(origin->container));
    walker->lane = UINT32_MAX;
    if (!skr_bindings_have(&space->core->bindings, origin->binding, account, sizeof account, &capacity_bytes))
        return;
    pthread_mutex_lock(&space->lock);
    walker->lane = skr_space_lane_of(space, origin->binding, skr_text(account), skr_text(walker->container), capacity_bytes);
    pthread_mutex_unlock(&space->lock);
}

static bool skr_walk_content(void *context, const struct skr_content_state *state)
{
    struct skr_space_walker *walker = context;
    struct skr_space *space = walker->space;
    struct skr_error error;
    space->walked = state->content.id;
    if (state->origin.binding == 0 || state->references == 0)
        return true;
    skr_walk_lane(walker, &state->origin);
    walker->content_id = state->content.id;
    if (walker->lane == UINT32_MAX) /* detached */
        return true;
    if (state->content.layout != SKR_CONTENT_CACHED)
        skr_walk_add(walker, 0, state->content.size_bytes);
    else if (skr_content_visit_resident(walker->view, &state->content, 0, skr_walk_extent, walker, &error) != SKR_OK)
        skr_log(SKR_LOG_WARNING, "space", "content %016llx is not counted: %s", (unsigned long long)state->content.id,
                error.message);
    return true;
}

bool skr_space_walk(struct skr_space *space)
{
    struct skr_space_walker walker = {.space = space, .lane = UINT32_MAX};
    struct skr_error error;
    uint64_t last = 0;
    if (skr_view_begin(space->background.worker->reader, &walker.view, &error) != SKR_OK)
        return true;
    enum skr_status status =
        skr_content_visit(walker.view, space->walked, SKR_WALK_CONTENTS, skr_walk_content, &walker, &last, &error);
    skr_view_end(walker.view);
    if (status == SKR_OK && last != 0) {
        space->walked = last;
        return true;
    }
    if (status != SKR_OK)
        skr_log(SKR_LOG_WARNING, "space", "what is here of upstreams' could not all be counted: %s", error.message);
    atomic_store(&space->is_counted, true);
    return false;
}
