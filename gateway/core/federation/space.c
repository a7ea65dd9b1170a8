/* Why: the disk is smaller than what is behind the containers. This keeps account of what of it is here, chunk by chunk, says
 * whether more may come, and on a thread of its own makes room before it is needed.
 *
 * The account is exact but for moments: what was fetched counts from when it is durable, what is evicted until that is, what
 * lost its object until the collector has taken it apart, so that the sum is what occupies the disk. At the start it grows
 * until the walk has seen all. Where a content is removed in the very moment in which it is filled, or seen by the walk, it
 * counts until its turn to be evicted comes; more than SKR_POLICY_MOST_ITEMS items are not counted.
 *
 * Room is what the settings leave (capacities, between two watermarks), and what the disk leaves: from the reserve on a stretch
 * is kept free, so that neither fetching nor writing here meets the reserve.
 */
#include "space.h"

#include <stdlib.h>

#include "../collector.h"
#include "clock.h"
#include "evict.h"
#include "flights.h"
#include "skerry/log.h"
#include "survey.h"

#define SKR_SPACE_PAUSE_MS 100
#define SKR_RELEASE_MS 30000 /* what is held is looked at again */
#define SKR_REVIEW_MS 1000   /* of the bindings */
#define SKR_COLLECT_MS 3000
#define SKR_WAKE_MS 50 /* of those who wait for room, when none was made */
#define SKR_MOST_STRETCH_BYTES (UINT64_C(1) << 30)

uint32_t skr_space_now(void)
{
    return (uint32_t)(skr_clock_ms() / SKR_POLICY_TICK_MS);
}

/* ---- containers ---- */

static uint32_t skr_lane_new(struct skr_space *space, uint64_t binding, struct skr_bytes account, struct skr_bytes container)
{
    uint32_t index = space->lane_count;
    struct skr_space_lane **lanes = realloc(space->lanes, (index + 1) * sizeof *lanes);
    if (lanes == NULL)
        return UINT32_MAX;
    space->lanes = lanes;
    struct skr_space_lane *lane = calloc(1, sizeof *lane);
    if (lane == NULL || !skr_policy_lanes(&space->policy, index + 1)) {
        free(lane);
        return UINT32_MAX;
    }
    *lane = (struct skr_space_lane){.binding = binding,
                                    .account = strndup(account.data, account.size),
                                    .container = strndup(container.data, container.size)};
    if (lane->account == NULL || lane->container == NULL) {
        free(lane->account);
        free(lane->container);
        free(lane);
        return UINT32_MAX;
    }
    lanes[index] = lane;
    space->lane_count++;
    return index;
}

uint32_t skr_space_lane_of(struct skr_space *space, uint64_t binding, struct skr_bytes account, struct skr_bytes container,
                           uint64_t capacity_bytes)
{
    uint32_t index = 0;
    while (index < space->lane_count &&
           !(space->lanes[index]->binding == binding && skr_bytes_equal(skr_text(space->lanes[index]->container), container)))
        index++;
    if (index == space->lane_count)
        index = skr_lane_new(space, binding, account, container);
    if (index != UINT32_MAX)
        space->lanes[index]->capacity_bytes = capacity_bytes;
    return index;
}

uint32_t skr_space_lane(struct skr_space *space, struct skr_bound *bound)
{
    uint32_t index = atomic_load_explicit(&bound->lane, memory_order_relaxed);
    if (index != 0)
        return index - 1;
    index = skr_space_lane_of(space, bound->binding.id, skr_text(bound->account), skr_text(bound->container),
                              bound->binding.capacity_bytes);
    if (index != UINT32_MAX)
        atomic_store_explicit(&bound->lane, index + 1, memory_order_relaxed);
    return index;
}

/* What was detached cannot be had again: it is none of the cache's any more, and stays. */
static void skr_space_review(struct skr_space *space)
{
    int64_t now_ms = skr_clock_ms();
    if (now_ms - space->reviewed_ms < SKR_REVIEW_MS)
        return;
    space->reviewed_ms = now_ms;
    for (uint32_t i = 0;; i++) {
        pthread_mutex_lock(&space->lock);
        struct skr_space_lane *lane = i < space->lane_count ? space->lanes[i] : NULL;
        pthread_mutex_unlock(&space->lock);
        if (lane == NULL)
            return;
        struct skr_binding binding;
        struct skr_view *view;
        if (lane->is_gone || skr_view_begin(space->background.worker->reader, &view, NULL) != SKR_OK)
            continue;
        enum skr_status status = skr_binding_of(view, skr_text(lane->account), skr_text(lane->container), &binding, NULL);
        bool is_gone = status == SKR_NOT_FOUND || (status == SKR_OK && binding.id != lane->binding);
        skr_view_end(view);
        pthread_mutex_lock(&space->lock);
        lane->is_gone = is_gone;
        if (is_gone)
            skr_policy_clear(&space->policy, i);
        pthread_mutex_unlock(&space->lock);
    }
}

/* ---- workers ---- */

bool skr_space_join(struct skr_worker *worker)
{
    struct skr_space *space = worker->core->space;
    worker->accesses = calloc(1, sizeof *worker->accesses);
    if (worker->accesses == NULL)
        return false;
    pthread_mutex_lock(&space->lock);
    worker->accesses->next = space->accesses;
    space->accesses = worker->accesses;
    pthread_mutex_unlock(&space->lock);
    return true;
}

void skr_space_part(struct skr_worker *worker)
{
    struct skr_space *space = worker->core->space;
    if (worker->accesses == NULL)
        return;
    pthread_mutex_lock(&space->lock);
    struct skr_accesses **link = &space->accesses;
    while (*link != worker->accesses)
        link = &(*link)->next;
    *link = worker->accesses->next;
    space->hit_bytes += worker->accesses->hit_bytes;
    space->miss_bytes += worker->accesses->miss_bytes;
    pthread_mutex_unlock(&space->lock);
    free(worker->accesses);
}

static void skr_space_drain(struct skr_space *space)
{
    uint32_t now = skr_space_now();
    pthread_mutex_lock(&space->lock);
    for (struct skr_accesses *accesses = space->accesses; accesses != NULL; accesses = accesses->next) {
        uint32_t taken = atomic_load_explicit(&accesses->taken, memory_order_relaxed);
        uint32_t written = atomic_load_explicit(&accesses->written, memory_order_acquire);
        for (; taken != written; taken++)
            skr_policy_touch(&space->policy, &accesses->keys[taken % SKR_ACCESSES], now);
        atomic_store_explicit(&accesses->taken, taken, memory_order_release);
    }
    pthread_mutex_unlock(&space->lock);
}

/* ---- coming and going ---- */

static uint64_t skr_part_of(uint64_t bytes, unsigned percent)
{
    return bytes / 100 * percent + bytes % 100 * percent / 100;
}

/* The disk's free space that is kept above the reserve: for what is written here, half of it, and to notice in time. */
static uint64_t skr_space_stretch(uint64_t reserve_bytes, uint64_t total_bytes)
{
    uint64_t most = reserve_bytes > SKR_MOST_STRETCH_BYTES ? reserve_bytes : SKR_MOST_STRETCH_BYTES;
    return total_bytes / 20 < most ? total_bytes / 20 : most;
}

/* Room that may be filled from upstream. */
static bool skr_space_disk_has(struct skr_core *core, uint64_t bytes)
{
    struct skr_error error;
    uint64_t free_bytes, total_bytes;
    if (skr_store_space(core->store, &free_bytes, &total_bytes, &error) != SKR_OK)
        return true; /* whoever writes will see */
    uint64_t kept = core->options.reserve_bytes + skr_space_stretch(core->options.reserve_bytes, total_bytes) / 2;
    return free_bytes >= kept && free_bytes - kept >= bytes;
}

bool skr_space_is_exhausted(const struct skr_core *core)
{
    return atomic_load_explicit(&core->space->is_exhausted, memory_order_relaxed);
}

bool skr_space_admit(struct skr_core *core, struct skr_bound *bound, uint64_t bytes)
{
    struct skr_space *space = core->space;
    uint64_t capacity = core->options.cache_capacity_bytes;
    pthread_mutex_lock(&space->lock);
    uint32_t index = skr_space_lane(space, bound);
    struct skr_space_lane *lane = index == UINT32_MAX ? NULL : space->lanes[index];
    uint64_t whole = space->policy.bytes + space->reserved_bytes + bytes;
    uint64_t of_lane = lane == NULL ? 0 : space->policy.lanes[index].bytes + lane->reserved_bytes + bytes;
    bool fits = capacity == 0 || whole <= capacity;
    bool fits_lane = lane == NULL || lane->capacity_bytes == 0 || of_lane <= lane->capacity_bytes;
    bool admitted = fits && fits_lane && skr_space_disk_has(core, bytes);
    if (!fits && bytes > space->wanted_bytes)
        space->wanted_bytes = bytes;
    if (!fits_lane && bytes > lane->wanted_bytes)
        lane->wanted_bytes = bytes;
    if (admitted) {
        space->reserved_bytes += bytes;
        if (lane != NULL)
            lane->reserved_bytes += bytes;
    }
    unsigned high = core->options.cache_high_percent;
    if (!admitted || (capacity != 0 && whole > skr_part_of(capacity, high)) ||
        (lane != NULL && lane->capacity_bytes != 0 && of_lane > skr_part_of(lane->capacity_bytes, high)))
        skr_background_wake(&space->background);
    pthread_mutex_unlock(&space->lock);
    return admitted;
}

void skr_space_await(struct skr_core *core, struct skr_waiter *waiter)
{
    struct skr_space *space = core->space;
    pthread_mutex_lock(&space->lock);
    waiter->next = space->waiters;
    space->waiters = waiter;
    skr_background_wake(&space->background);
    pthread_mutex_unlock(&space->lock);
}

void skr_space_settle(struct skr_core *core, struct skr_bound *bound, uint64_t content_id, uint64_t chunk, uint64_t bytes,
                      bool is_kept)
{
    struct skr_space *space = core->space;
    struct skr_policy_key key = {content_id, (uint32_t)chunk};
    pthread_mutex_lock(&space->lock);
    uint32_t index = skr_space_lane(space, bound);
    space->reserved_bytes -= bytes;
    if (index != UINT32_MAX)
        space->lanes[index]->reserved_bytes -= bytes;
    if (is_kept && index != UINT32_MAX)
        skr_policy_add(&space->policy, &key, bytes, index, false, skr_space_now());
    pthread_mutex_unlock(&space->lock);
}

void skr_space_uploaded(struct skr_core *core, struct skr_bound *bound, uint64_t content_id, uint64_t bytes)
{
    struct skr_space *space = core->space;
    struct skr_policy_key key = {content_id, 0};
    pthread_mutex_lock(&space->lock);
    uint32_t index = skr_space_lane(space, bound);
    if (index != UINT32_MAX)
        skr_policy_add(&space->policy, &key, bytes, index, false, skr_space_now());
    skr_background_wake(&space->background);
    pthread_mutex_unlock(&space->lock);
}

void skr_space_forget(struct skr_core *core, uint64_t content_id, uint64_t chunk)
{
    struct skr_policy_key key = {content_id, (uint32_t)chunk};
    pthread_mutex_lock(&core->space->lock);
    skr_policy_forget(&core->space->policy, &key);
    pthread_mutex_unlock(&core->space->lock);
}

void skr_space_forget_content(struct skr_core *core, uint64_t content_id, uint64_t size_bytes)
{
    uint64_t chunks = size_bytes / SKR_CHUNK_BYTES + 1;
    for (uint64_t chunk = 0; chunk < chunks; chunk++) /* the lock is taken anew for each: others come in between */
        skr_space_forget(core, content_id, chunk);
}

void skr_space_release(struct skr_core *core)
{
    struct skr_space *space = core->space;
    pthread_mutex_lock(&space->lock);
    skr_policy_release(&space->policy);
    skr_background_wake(&space->background);
    pthread_mutex_unlock(&space->lock);
}

/* ---- how much must go ---- */

/* What was evicted is on the disk until the collector has been there. */
static bool skr_space_awaits_collector(const struct skr_space *space)
{
    return !skr_collector_has_ended(space->core->collector, space->collected_round) && skr_clock_ms() < space->collected_by_ms;
}

static uint64_t skr_space_excess_of_disk(struct skr_space *space)
{
    struct skr_error error;
    uint64_t free_bytes, total_bytes, reserve_bytes = space->core->options.reserve_bytes;
    if (skr_space_awaits_collector(space) || skr_store_space(space->core->store, &free_bytes, &total_bytes, &error) != SKR_OK)
        return 0;
    uint64_t stretch = skr_space_stretch(reserve_bytes, total_bytes);
    uint64_t least = reserve_bytes + stretch / 2 + 2 * SKR_CHUNK_BYTES, most = least + stretch / 2;
    return free_bytes < least ? most - free_bytes : 0;
}

/* `wanted`: did not find room. */
static uint64_t skr_excess(const struct skr_core_options *options, uint64_t bytes, uint64_t wanted, uint64_t capacity)
{
    uint64_t low = skr_part_of(capacity, options->cache_low_percent), left = wanted < capacity ? capacity - wanted : 0;
    bool is_over =
        bytes > skr_part_of(capacity, options->cache_high_percent) || (wanted > 0 && wanted <= capacity && bytes > left);
    if (wanted > 0 && wanted <= capacity && left < low)
        low = left;
    return capacity != 0 && is_over && bytes > low ? bytes - low : 0;
}

/* The first that has too much: a container, or all together (SKR_POLICY_ANY). 0: none has. */
static uint64_t skr_space_excess(struct skr_space *space, uint32_t *lane, bool *of_disk)
{
    const struct skr_core_options *options = &space->core->options;
    uint64_t excess = 0;
    *of_disk = false;
    pthread_mutex_lock(&space->lock);
    for (*lane = 0; *lane < space->lane_count && excess == 0; ++*lane) {
        struct skr_space_lane *one = space->lanes[*lane];
        excess =
            skr_excess(options, space->policy.lanes[*lane].bytes + one->reserved_bytes, one->wanted_bytes, one->capacity_bytes);
        one->wanted_bytes = 0;
    }
    if (excess > 0)
        --*lane;
    else
        *lane = SKR_POLICY_ANY;
    if (excess == 0) {
        excess = skr_excess(options, space->policy.bytes + space->reserved_bytes, space->wanted_bytes,
                            options->cache_capacity_bytes);
        space->wanted_bytes = 0;
    }
    bool is_empty = space->policy.bytes == 0;
    pthread_mutex_unlock(&space->lock);
    if (excess == 0 && !is_empty) {
        excess = skr_space_excess_of_disk(space);
        *of_disk = excess > 0;
    }
    return excess;
}

/* ---- making room ---- */

static void skr_space_pick(struct skr_space *space, uint32_t lane, uint64_t wanted, struct skr_evict_batch *batch)
{
    struct skr_policy_item item;
    uint64_t picked = 0;
    batch->count = 0;
    pthread_mutex_lock(&space->lock);
    while (batch->count < SKR_EVICT_BATCH && picked < wanted && skr_policy_pick(&space->policy, lane, &item)) {
        batch->items[batch->count++] = (struct skr_evict_item){
            .key = {item.content_id, item.chunk}, .size_bytes = item.size_bytes, .lane = space->lanes[item.lane]};
        picked += item.size_bytes;
    }
    pthread_mutex_unlock(&space->lock);
}

void skr_space_note_evicted(struct skr_space *space, const struct skr_evict_batch *batch, enum skr_status status)
{
    uint32_t now = skr_space_now();
    pthread_mutex_lock(&space->lock);
    for (size_t i = 0; i < batch->count; i++) {
        const struct skr_evict_item *item = &batch->items[i];
        struct skr_space_lane *lane = (struct skr_space_lane *)item->lane;
        enum skr_evict_outcome outcome = status == SKR_OK ? item->outcome : SKR_EVICT_BUSY;
        if (outcome == SKR_EVICT_GONE) {
            skr_policy_forget(&space->policy, &item->key);
        } else if (outcome == SKR_EVICT_BUSY) {
            skr_policy_spare(&space->policy, &item->key, now);
        } else if (outcome == SKR_EVICT_HELD) {
            skr_policy_hold(&space->policy, &item->key);
        } else {
            skr_policy_evicted(&space->policy, &item->key);
            space->evicted_bytes += item->freed_bytes;
            space->evicted++;
            lane->evicted_bytes += item->freed_bytes;
            lane->evicted++;
        }
    }
    pthread_mutex_unlock(&space->lock);
}

/* One change. Bytes that went; `*spared`: of those picked, what is in use just now. */
static uint64_t skr_space_evict(struct skr_space *space, uint32_t lane, uint64_t wanted, uint64_t *spared, bool *any)
{
    struct skr_evict_batch batch;
    struct skr_error error = {.message = ""};
    uint64_t freed = 0;
    *spared = 0;
    skr_space_pick(space, lane, wanted, &batch);
    *any = batch.count > 0;
    if (!*any)
        return 0;
    enum skr_status status = skr_evict_apply(space->core, &batch, &error);
    skr_space_note_evicted(space, &batch, status);
    if (status != SKR_OK) {
        skr_log(SKR_LOG_WARNING, "space", "nothing could be evicted: %s", error.message);
        *any = false;
        return 0;
    }
    for (size_t i = 0; i < batch.count; i++) {
        if (batch.items[i].outcome == SKR_EVICT_DONE)
            freed += batch.items[i].freed_bytes;
        else if (batch.items[i].outcome == SKR_EVICT_BUSY)
            *spared += batch.items[i].size_bytes;
    }
    return freed;
}

/* Nothing but what is held is left: it is looked at again now and then. */
static void skr_space_exhausted(struct skr_space *space, bool is_exhausted)
{
    int64_t now_ms = skr_clock_ms();
    pthread_mutex_lock(&space->lock);
    uint64_t held_bytes = space->policy.held_bytes, bytes = space->policy.bytes;
    if (is_exhausted && held_bytes > 0 && now_ms - space->released_ms > SKR_RELEASE_MS) {
        space->released_ms = now_ms;
        skr_policy_release(&space->policy);
    }
    pthread_mutex_unlock(&space->lock);
    if (atomic_exchange(&space->is_exhausted, is_exhausted) != is_exhausted && is_exhausted)
        skr_log(SKR_LOG_WARNING, "space",
                "room is needed and nothing may be evicted: %llu bytes of upstreams' are here, %llu held",
                (unsigned long long)bytes, (unsigned long long)held_bytes);
}

static void skr_space_make_room(struct skr_space *space)
{
    uint32_t lane;
    bool of_disk, any = true;
    uint64_t excess = skr_space_excess(space, &lane, &of_disk), freed = 0, spared = 0, busy;
    uint64_t wanted = excess;
    pthread_mutex_lock(&space->lock);
    uint64_t patience = space->policy.bytes; /* what is in use all comes round again: once is enough */
    pthread_mutex_unlock(&space->lock);
    while (freed < wanted && any && spared <= patience && !skr_background_is_ending(&space->background)) {
        freed += skr_space_evict(space, lane, wanted - freed, &busy, &any);
        spared += busy;
        skr_space_drain(space);
    }
    skr_space_exhausted(space, freed == 0 && wanted > 0 && !any);
    if (freed == 0)
        return;
    space->woke_ms = 0;
    skr_log(SKR_LOG_DEBUG, "space", "evicted %llu bytes%s", (unsigned long long)freed, of_disk ? " for the disk" : "");
    space->collected_round = skr_collector_next_round(space->core->collector);
    space->collected_by_ms = skr_clock_ms() + SKR_COLLECT_MS;
    skr_collector_kick(space->core->collector);
}

/* ---- the thread ---- */

/* Those who wait for room ask again. */
static void skr_space_tell(struct skr_space *space)
{
    int64_t now_ms = skr_clock_ms();
    if (now_ms - space->woke_ms < SKR_WAKE_MS)
        return;
    space->woke_ms = now_ms;
    pthread_mutex_lock(&space->lock);
    skr_waiters_wake(&space->waiters);
    pthread_mutex_unlock(&space->lock);
}

static int skr_space_turn(struct skr_background *background)
{
    struct skr_space *space = (struct skr_space *)background;
    bool is_busy = false;
    skr_space_drain(space);
    if (space->is_walking)
        is_busy = space->is_walking = skr_space_walk(space);
    if (!skr_store_is_read_only(space->core->store)) {
        skr_space_review(space);
        skr_space_make_room(space);
    }
    is_busy |= skr_survey_step(space);
    skr_space_tell(space);
    return is_busy ? 0 : SKR_SPACE_PAUSE_MS;
}

static enum skr_status skr_space_load(struct skr_space *space, struct skr_error *err)
{
    struct skr_meta_reader *reader;
    struct skr_view *view;
    enum skr_status status = skr_meta_reader_open(space->core->meta, &reader, err);
    if (status != SKR_OK)
        return status;
    status = skr_view_begin(reader, &view, err);
    if (status == SKR_OK) {
        status = skr_operator_pins_load(&space->pins, view, err);
        skr_view_end(view);
    }
    skr_meta_reader_close(reader);
    return status;
}

enum skr_status skr_space_open(struct skr_space **out, struct skr_core *core, struct skr_error *err)
{
    struct skr_space *space = calloc(1, sizeof *space);
    if (space == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the account of space");
    pthread_mutex_init(&space->lock, NULL);
    skr_operator_pins_open(&space->pins);
    space->core = core;
    space->last_survey = &space->surveys;
    space->is_walking = atomic_load(&core->bindings.count) > 0;
    atomic_store(&space->is_counted, !space->is_walking);
    enum skr_status status = skr_space_load(space, err);
    if (status != SKR_OK) {
        skr_space_close(space);
        return status;
    }
    *out = space;
    return SKR_OK;
}

enum skr_status skr_space_start(struct skr_space *space, struct skr_error *err)
{
    space->background.name = "skr-space";
    space->background.turn = skr_space_turn;
    space->has_background = true;
    return skr_background_open(&space->background, space->core, err);
}

void skr_space_stop(struct skr_space *space)
{
    if (space == NULL || !space->has_background)
        return;
    skr_background_close(&space->background);
    space->has_background = false;
}

void skr_space_close(struct skr_space *space)
{
    if (space == NULL)
        return;
    skr_space_stop(space);
    for (uint32_t i = 0; i < space->lane_count; i++) {
        free(space->lanes[i]->account);
        free(space->lanes[i]->container);
        free(space->lanes[i]);
    }
    free(space->lanes);
    skr_policy_free(&space->policy);
    skr_operator_pins_close(&space->pins);
    pthread_mutex_destroy(&space->lock);
    free(space);
}
