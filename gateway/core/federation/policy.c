/* Why: what is read once must not push out what is read again and again, and a scan of a data set larger than the cache is what
 * such a cache sees every day. This is S3-FIFO (Yang et al., SOSP 2023): what comes waits in a small queue; read again there,
 * it moves to the main one, else it goes and leaves a mark (a ghost) by which it is known when it comes back soon. The main
 * queue gives whatever was read since its last turn another one. Reading only counts; nothing is moved on a hit.
 *
 * Two things differ. A chunk is read in several requests, one close to the other: reads within SKR_CORRELATED_TICKS of the last
 * are one. And each container has queues of its own, because it may have a limit of its own; between containers, the one
 * whose oldest has not been touched for longest gives first, which is what one queue of all would do.
 *
 * Invariants: an item is in one queue of its lane, or picked and in none; sums are of all items, picked ones too.
 */
#include "policy.h"

#include <stdlib.h>
#include <string.h>

#define SKR_NEW_SHARE 10 /* the queue of new ones: a tenth */
#define SKR_MOST_USES 3
#define SKR_CORRELATED_TICKS 10
#define SKR_TICK_MASK ((UINT32_C(1) << 27) - 1)
#define SKR_GHOSTS (UINT32_C(1) << 18) /* 2 MiB */
#define SKR_GHOST_WAYS 4

/* ---- items and their table ---- */

static uint64_t skr_policy_hash(const struct skr_policy_key *key)
{
    uint64_t hash = (key->content_id + 1) * UINT64_C(0x9E3779B97F4A7C15);
    hash = (hash ^ (hash >> 29) ^ key->chunk) * UINT64_C(0xBF58476D1CE4E5B9);
    return hash ^ (hash >> 32);
}

static struct skr_policy_key skr_policy_key_of(const struct skr_policy_item *item)
{
    return (struct skr_policy_key){item->content_id, item->chunk};
}

static uint32_t skr_policy_find(const struct skr_policy *policy, const struct skr_policy_key *key)
{
    if (policy->buckets == NULL)
        return 0;
    uint32_t at = policy->buckets[skr_policy_hash(key) & policy->bucket_mask];
    while (at != 0 && (policy->items[at].content_id != key->content_id || policy->items[at].chunk != key->chunk))
        at = policy->items[at].chain;
    return at;
}

/* Twice as many; one bucket an item. */
static bool skr_policy_grow(struct skr_policy *policy)
{
    uint32_t capacity = policy->capacity == 0 ? 1024 : policy->capacity * 2;
    if (policy->capacity >= SKR_POLICY_MOST_ITEMS)
        return false;
    struct skr_policy_item *items = realloc(policy->items, capacity * sizeof *items);
    if (items == NULL)
        return false;
    policy->items = items;
    uint32_t *buckets = calloc(capacity, sizeof *buckets);
    if (buckets == NULL)
        return false;
    free(policy->buckets);
    policy->buckets = buckets;
    policy->bucket_mask = capacity - 1;
    for (uint32_t i = 1; i < policy->used; i++) {
        struct skr_policy_key key = skr_policy_key_of(&items[i]);
        uint32_t *bucket = &buckets[skr_policy_hash(&key) & policy->bucket_mask];
        if (items[i].content_id == 0) /* free */
            continue;
        items[i].chain = *bucket;
        *bucket = i;
    }
    policy->capacity = capacity;
    if (policy->used == 0)
        policy->used = 1;
    return true;
}

static uint32_t skr_policy_take(struct skr_policy *policy)
{
    uint32_t at = policy->first_free;
    if (at != 0) {
        policy->first_free = policy->items[at].chain;
        return at;
    }
    if (policy->used >= policy->capacity && !skr_policy_grow(policy))
        return 0;
    return policy->used++;
}

static void skr_policy_drop(struct skr_policy *policy, uint32_t at)
{
    struct skr_policy_item *item = &policy->items[at];
    struct skr_policy_key key = skr_policy_key_of(item);
    uint32_t *link = &policy->buckets[skr_policy_hash(&key) & policy->bucket_mask];
    while (*link != at)
        link = &policy->items[*link].chain;
    *link = item->chain;
    policy->bytes -= item->size_bytes;
    policy->count--;
    policy->lanes[item->lane].bytes -= item->size_bytes;
    policy->lanes[item->lane].count--;
    item->content_id = 0;
    item->chain = policy->first_free;
    policy->first_free = at;
}

/* ---- queues ---- */

static uint64_t *skr_policy_sum(struct skr_policy *policy, unsigned queue)
{
    return queue == SKR_QUEUE_NEW ? &policy->new_bytes : queue == SKR_QUEUE_MAIN ? &policy->main_bytes : &policy->held_bytes;
}

static void skr_policy_push(struct skr_policy *policy, uint32_t at, enum skr_policy_queue queue)
{
    struct skr_policy_item *item = &policy->items[at];
    struct skr_policy_list *list = &policy->lanes[item->lane].lists[queue];
    item->queue = queue;
    item->came_again = false;
    item->newer = 0;
    item->older = list->newest;
    if (list->newest != 0)
        policy->items[list->newest].newer = at;
    else
        list->oldest = at;
    list->newest = at;
    list->bytes += item->size_bytes;
    list->count++;
    *skr_policy_sum(policy, queue) += item->size_bytes;
}

static void skr_policy_unlink(struct skr_policy *policy, uint32_t at)
{
    struct skr_policy_item *item = &policy->items[at];
    struct skr_policy_list *list = &policy->lanes[item->lane].lists[item->queue];
    if (item->queue == SKR_QUEUE_NONE)
        return;
    if (item->newer != 0)
        policy->items[item->newer].older = item->older;
    else
        list->newest = item->older;
    if (item->older != 0)
        policy->items[item->older].newer = item->newer;
    else
        list->oldest = item->newer;
    list->bytes -= item->size_bytes;
    list->count--;
    *skr_policy_sum(policy, item->queue) -= item->size_bytes;
    item->queue = SKR_QUEUE_NONE;
}

/* ---- ghosts ---- */

static struct skr_policy_ghost *skr_ghost_set(struct skr_policy *policy, uint64_t hash)
{
    if (policy->ghosts == NULL)
        policy->ghosts = calloc(SKR_GHOSTS, sizeof *policy->ghosts);
    return policy->ghosts == NULL ? NULL : &policy->ghosts[hash % (SKR_GHOSTS / SKR_GHOST_WAYS) * SKR_GHOST_WAYS];
}

static uint32_t skr_ghost_mark(uint64_t hash)
{
    uint32_t mark = (uint32_t)(hash >> 32);
    return mark == 0 ? 1 : mark;
}

static void skr_ghost_leave(struct skr_policy *policy, const struct skr_policy_key *key)
{
    uint64_t hash = skr_policy_hash(key) * UINT64_C(0xD6E8FEB86659FD93);
    struct skr_policy_ghost *set = skr_ghost_set(policy, hash), *place = set;
    policy->evictions++;
    for (size_t i = 1; i < SKR_GHOST_WAYS && set != NULL; i++)
        if (policy->evictions - set[i].when > policy->evictions - place->when)
            place = &set[i];
    if (place != NULL)
        *place = (struct skr_policy_ghost){skr_ghost_mark(hash), policy->evictions};
}

/* Did it go a short while ago? As many evictions ago at most as there are items: the cache would have to be twice as large. */
static bool skr_ghost_take(struct skr_policy *policy, const struct skr_policy_key *key)
{
    uint64_t hash = skr_policy_hash(key) * UINT64_C(0xD6E8FEB86659FD93);
    struct skr_policy_ghost *set = policy->ghosts == NULL ? NULL : skr_ghost_set(policy, hash);
    for (size_t i = 0; i < SKR_GHOST_WAYS && set != NULL; i++)
        if (set[i].mark == skr_ghost_mark(hash)) {
            bool is_young = policy->evictions - set[i].when <= policy->count;
            set[i].mark = 0;
            return is_young;
        }
    return false;
}

/* ---- coming, being read, going ---- */

void skr_policy_free(struct skr_policy *policy)
{
    free(policy->items);
    free(policy->buckets);
    free(policy->lanes);
    free(policy->ghosts);
    *policy = (struct skr_policy){.items = NULL};
}

bool skr_policy_lanes(struct skr_policy *policy, uint32_t count)
{
    if (count <= policy->lane_count)
        return true;
    if (count > SKR_POLICY_MOST_LANES)
        return false;
    struct skr_policy_lane *lanes = realloc(policy->lanes, count * sizeof *lanes);
    if (lanes == NULL)
        return false;
    memset(lanes + policy->lane_count, 0, (count - policy->lane_count) * sizeof *lanes);
    policy->lanes = lanes;
    policy->lane_count = count;
    return true;
}

bool skr_policy_add(struct skr_policy *policy, const struct skr_policy_key *key, uint64_t size_bytes, uint32_t lane,
                    bool settled, uint32_t now)
{
    uint32_t at = skr_policy_find(policy, key);
    if (at != 0)
        policy->items[at].came_again = policy->items[at].queue == SKR_QUEUE_NONE;
    if (at != 0 || lane >= policy->lane_count)
        return false;
    at = skr_policy_take(policy);
    if (at == 0) {
        policy->untracked++;
        return false;
    }
    struct skr_policy_item *item = &policy->items[at];
    uint32_t *bucket = &policy->buckets[skr_policy_hash(key) & policy->bucket_mask];
    *item = (struct skr_policy_item){
        .content_id = key->content_id,
        .size_bytes = size_bytes & ((UINT64_C(1) << 48) - 1),
        .lane = lane & 0xFFFF,
        .chunk = key->chunk,
        .chain = *bucket,
        .touched = now & SKR_TICK_MASK,
    };
    *bucket = at;
    policy->bytes += item->size_bytes;
    policy->count++;
    policy->lanes[lane].bytes += item->size_bytes;
    policy->lanes[lane].count++;
    skr_policy_push(policy, at, settled || skr_ghost_take(policy, key) ? SKR_QUEUE_MAIN : SKR_QUEUE_NEW);
    return true;
}

static uint32_t skr_ticks_since(uint32_t then, uint32_t now)
{
    return (now - then) & SKR_TICK_MASK;
}

void skr_policy_touch(struct skr_policy *policy, const struct skr_policy_key *key, uint32_t now)
{
    uint32_t at = skr_policy_find(policy, key);
    if (at == 0)
        return;
    struct skr_policy_item *item = &policy->items[at];
    if (skr_ticks_since(item->touched, now) >= SKR_CORRELATED_TICKS && item->uses < SKR_MOST_USES)
        item->uses++;
    item->touched = now & SKR_TICK_MASK;
}

uint64_t skr_policy_forget(struct skr_policy *policy, const struct skr_policy_key *key)
{
    uint32_t at = skr_policy_find(policy, key);
    if (at == 0)
        return 0;
    uint64_t size_bytes = policy->items[at].size_bytes;
    skr_policy_unlink(policy, at);
    skr_policy_drop(policy, at);
    return size_bytes;
}

/* ---- picking ---- */

/* The oldest of a queue of a lane or, for SKR_POLICY_ANY, of all: the one whose last read is longest ago. */
static uint32_t skr_policy_oldest(const struct skr_policy *policy, uint32_t lane, enum skr_policy_queue queue)
{
    uint32_t best = 0, latest = 0;
    if (lane != SKR_POLICY_ANY)
        return policy->lanes[lane].lists[queue].oldest;
    for (uint32_t i = 0; i < policy->lane_count; i++) { /* ages are told against the youngest of them: ticks wrap */
        uint32_t at = policy->lanes[i].lists[queue].oldest;
        if (at != 0 && (best == 0 || skr_ticks_since(latest, policy->items[at].touched) < SKR_TICK_MASK / 2))
            latest = policy->items[at].touched;
        if (at != 0 && best == 0)
            best = at;
    }
    for (uint32_t i = 0; i < policy->lane_count; i++) {
        uint32_t at = policy->lanes[i].lists[queue].oldest;
        if (at != 0 &&
            skr_ticks_since(policy->items[at].touched, latest) > skr_ticks_since(policy->items[best].touched, latest))
            best = at;
    }
    return best;
}

static bool skr_policy_new_first(const struct skr_policy *policy, uint32_t lane)
{
    uint64_t new_bytes = lane == SKR_POLICY_ANY ? policy->new_bytes : policy->lanes[lane].lists[SKR_QUEUE_NEW].bytes;
    uint64_t main_bytes = lane == SKR_POLICY_ANY ? policy->main_bytes : policy->lanes[lane].lists[SKR_QUEUE_MAIN].bytes;
    return new_bytes > 0 && (main_bytes == 0 || new_bytes > (new_bytes + main_bytes) / SKR_NEW_SHARE);
}

bool skr_policy_pick(struct skr_policy *policy, uint32_t lane, struct skr_policy_item *out)
{
    for (;;) { /* ends: a turn takes a use off, or moves one out of the queue of new ones */
        bool is_new = skr_policy_new_first(policy, lane);
        uint32_t at = skr_policy_oldest(policy, lane, is_new ? SKR_QUEUE_NEW : SKR_QUEUE_MAIN);
        if (at == 0 && !is_new)
            at = skr_policy_oldest(policy, lane, SKR_QUEUE_NEW);
        if (at == 0)
            return false;
        struct skr_policy_item *item = &policy->items[at];
        bool was_new = item->queue == SKR_QUEUE_NEW;
        skr_policy_unlink(policy, at);
        if (item->uses == 0) {
            *out = *item;
            out->queue = was_new ? SKR_QUEUE_NEW : SKR_QUEUE_MAIN;
            return true;
        }
        item->uses = was_new ? 0 : (item->uses - 1) & 3;
        skr_policy_push(policy, at, SKR_QUEUE_MAIN);
    }
}

void skr_policy_evicted(struct skr_policy *policy, const struct skr_policy_key *key)
{
    uint32_t at = skr_policy_find(policy, key);
    if (at == 0)
        return;
    if (policy->items[at].came_again) { /* it went, and is here again already */
        skr_policy_push(policy, at, SKR_QUEUE_MAIN);
        return;
    }
    skr_policy_unlink(policy, at);
    skr_policy_drop(policy, at);
    skr_ghost_leave(policy, key);
}

void skr_policy_spare(struct skr_policy *policy, const struct skr_policy_key *key, uint32_t now)
{
    uint32_t at = skr_policy_find(policy, key);
    if (at == 0)
        return;
    skr_policy_unlink(policy, at);
    policy->items[at].touched = now & SKR_TICK_MASK;
    skr_policy_push(policy, at, SKR_QUEUE_MAIN);
}

void skr_policy_hold(struct skr_policy *policy, const struct skr_policy_key *key)
{
    uint32_t at = skr_policy_find(policy, key);
    if (at == 0)
        return;
    skr_policy_unlink(policy, at);
    skr_policy_push(policy, at, SKR_QUEUE_HELD);
}

void skr_policy_release(struct skr_policy *policy)
{
    for (uint32_t lane = 0; lane < policy->lane_count; lane++) {
        uint32_t at;
        while ((at = policy->lanes[lane].lists[SKR_QUEUE_HELD].oldest) != 0) {
            skr_policy_unlink(policy, at);
            skr_policy_push(policy, at, SKR_QUEUE_MAIN);
        }
    }
}

void skr_policy_clear(struct skr_policy *policy, uint32_t lane)
{
    for (unsigned queue = SKR_QUEUE_NEW; queue <= SKR_QUEUE_HELD; queue++) {
        uint32_t at;
        while ((at = policy->lanes[lane].lists[queue].oldest) != 0) {
            skr_policy_unlink(policy, at);
            skr_policy_drop(policy, at);
        }
    }
}
