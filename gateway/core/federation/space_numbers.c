/* What the account of space says, for metrics and operators. */
#include "space.h"

/* Without a setting: what is here already, and what the disk has above the reserve. */
static uint64_t skr_space_capacity(struct skr_core *core, uint64_t cached_bytes)
{
    struct skr_error error;
    uint64_t free_bytes, total_bytes, reserve_bytes = core->options.reserve_bytes;
    if (core->options.cache_capacity_bytes != 0)
        return core->options.cache_capacity_bytes;
    if (skr_store_space(core->store, &free_bytes, &total_bytes, &error) != SKR_OK)
        return 0;
    return cached_bytes + (free_bytes > reserve_bytes ? free_bytes - reserve_bytes : 0);
}

void skr_space_read_numbers(struct skr_core *core, struct skr_space_numbers *out)
{
    struct skr_space *space = core->space;
    pthread_mutex_lock(&space->lock);
    *out = (struct skr_space_numbers){
        .cached_bytes = space->policy.bytes,
        .cached_items = space->policy.count,
        .held_bytes = space->policy.held_bytes,
        .evicted_bytes = space->evicted_bytes,
        .evicted_items = space->evicted,
        .hit_bytes = space->hit_bytes,
        .miss_bytes = space->miss_bytes,
        .untracked_items = space->policy.untracked,
        .is_counted = atomic_load(&space->is_counted),
    };
    for (const struct skr_accesses *accesses = space->accesses; accesses != NULL; accesses = accesses->next) {
        out->hit_bytes += atomic_load_explicit(&accesses->hit_bytes, memory_order_relaxed);
        out->miss_bytes += atomic_load_explicit(&accesses->miss_bytes, memory_order_relaxed);
    }
    pthread_mutex_unlock(&space->lock);
    out->capacity_bytes = skr_space_capacity(core, out->cached_bytes);
}

void skr_visit_container_space(struct skr_core *core, bool (*visit)(void *context, const struct skr_container_space *space),
                               void *context)
{
    struct skr_space *space = core->space;
    bool more = true;
    pthread_mutex_lock(&space->lock);
    for (uint32_t i = 0; i < space->lane_count && more; i++) {
        const struct skr_space_lane *lane = space->lanes[i];
        struct skr_container_space one = {
            .account = skr_text(lane->account),
            .container = skr_text(lane->container),
            .cached_bytes = space->policy.lanes[i].bytes,
            .cached_items = space->policy.lanes[i].count,
            .capacity_bytes = lane->capacity_bytes,
            .evicted_bytes = lane->evicted_bytes,
            .evicted_items = lane->evicted,
        };
        more = lane->is_gone || visit(context, &one);
    }
    pthread_mutex_unlock(&space->lock);
}
