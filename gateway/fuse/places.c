/* What a container is bound to, as far as it decides for how long the kernel may believe what it was told. */
#include <time.h>

#include "mount_state.h"

#define SKR_LOOK_AGAIN_NS INT64_C(1000000000)
#define SKR_LOCAL_PATIENCE_S 3600.0 /* what changes here is told: the kernel need not ask */
#define SKR_ABSENT_PATIENCE_S 60.0  /* likewise; but not all kernels can be told that any name may have come */
#define SKR_UPSTREAM_PATIENCE_S 1.0 /* what is not upstream may be there soon */
#define SKR_LEAST_TTL_MS 1000
#define SKR_MOST_TTL_MS 5000

static int64_t skr_clock_ns(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t skr_monotonic_ns(void)
{
    return skr_clock_ns(CLOCK_MONOTONIC);
}

int64_t skr_now_ns(void)
{
    return skr_clock_ns(CLOCK_REALTIME);
}

struct skr_binding_look {
    const struct skr_mount *mount;
    struct skr_bytes container;
    bool found;
    uint64_t ttl_ms;
};

static bool skr_look_at_binding(void *context, const struct skr_binding_state *state)
{
    struct skr_binding_look *look = context;
    if (!skr_bytes_equal(state->account, look->mount->options.account) || !skr_bytes_equal(state->container, look->container))
        return true;
    look->found = true;
    look->ttl_ms = state->binding->ttl_ms;
    return false;
}

/* Only one of those who come at the same time looks. */
static bool skr_is_time_to_look(_Atomic int64_t *looked_ns)
{
    int64_t before = atomic_load_explicit(looked_ns, memory_order_relaxed), now = skr_monotonic_ns();
    return (before == 0 || now - before > SKR_LOOK_AGAIN_NS) && atomic_compare_exchange_strong(looked_ns, &before, now);
}

bool skr_place_is_bound(struct skr_mount *mount, struct skr_place *place)
{
    if (skr_is_time_to_look(&place->looked_ns)) {
        struct skr_binding_look look = {.mount = mount, .container = place->container};
        skr_visit_bindings(mount->options.core, skr_look_at_binding, &look);
        atomic_store(&place->ttl_ms, look.ttl_ms);
        atomic_store(&place->is_bound, look.found);
    }
    return atomic_load(&place->is_bound);
}

double skr_place_patience(struct skr_mount *mount, struct skr_place *place, bool is_there)
{
    if (!skr_place_is_bound(mount, place))
        return is_there ? SKR_LOCAL_PATIENCE_S : SKR_ABSENT_PATIENCE_S;
    if (!is_there)
        return SKR_UPSTREAM_PATIENCE_S;
    uint64_t ttl_ms = atomic_load(&place->ttl_ms);
    ttl_ms = ttl_ms < SKR_LEAST_TTL_MS ? SKR_LEAST_TTL_MS : ttl_ms > SKR_MOST_TTL_MS ? SKR_MOST_TTL_MS : ttl_ms;
    return (double)ttl_ms / 1000;
}

double skr_containers_patience(struct skr_mount *mount)
{
    if (skr_is_time_to_look(&mount->looked_ns)) {
        struct skr_binding_look look = {.mount = mount, .container = SKR_BYTES(SKR_ALL_CONTAINERS)};
        skr_visit_bindings(mount->options.core, skr_look_at_binding, &look);
        atomic_store(&mount->all_are_bound, look.found);
    }
    return atomic_load(&mount->all_are_bound) ? SKR_UPSTREAM_PATIENCE_S : SKR_ABSENT_PATIENCE_S;
}

struct skr_object_name skr_mounted_object(const struct skr_mount *mount, const struct skr_place *place, struct skr_bytes path)
{
    return (struct skr_object_name){.account = mount->options.account, .container = place->container, .key = path};
}

struct skr_file_name skr_mounted_file(const struct skr_mount *mount, const struct skr_place *place, struct skr_bytes path)
{
    return (struct skr_file_name){.account = mount->options.account, .container = place->container, .path = path};
}
