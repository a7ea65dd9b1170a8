/* Why: a request must not ask upstream what it said a moment ago. A table of bounded size, of sets of four; the oldest of a set
 * makes room. What is pushed out is asked again, nothing worse.
 *
 * Names are checksums over binding, container and key: two names that share one share their time, and one of them may be
 * believed up to a time to live too long. Whoever makes such names on purpose gains nothing else.
 */
#include "known.h"

#include <stdlib.h>

#include "clock.h"
#include "skerry/hash.h"

#define SKR_KNOWN_SETS 16384 /* of a shard: 6 MiB when all are in use */
#define SKR_KNOWN_WAYS 4
#define SKR_ABSENT_MS 2000 /* what is not there may be made at any moment, by those who wait for it */

void skr_known_open(struct skr_known *known)
{
    for (size_t i = 0; i < SKR_KNOWN_SHARDS; i++)
        pthread_mutex_init(&known->shards[i].lock, NULL);
}

void skr_known_close(struct skr_known *known)
{
    for (size_t i = 0; i < SKR_KNOWN_SHARDS; i++) {
        free(known->shards[i].entries);
        pthread_mutex_destroy(&known->shards[i].lock);
    }
}

uint64_t skr_known_name(const struct skr_bound *bound, struct skr_bytes key)
{
    uint64_t name = skr_crc64(bound->binding.id, bound->container, strlen(bound->container) + 1);
    name = skr_crc64(name, key.data, key.size);
    return name == 0 ? 1 : name;
}

/* The set of a name, under the shard's lock. NULL: nothing was ever noted. */
static struct skr_known_entry *skr_known_set(struct skr_known_shard *shard, uint64_t name)
{
    return shard->entries == NULL ? NULL : &shard->entries[(name >> 8) % SKR_KNOWN_SETS * SKR_KNOWN_WAYS];
}

static struct skr_known_shard *skr_known_shard(struct skr_known *known, uint64_t name)
{
    return &known->shards[name % SKR_KNOWN_SHARDS];
}

/* What was noted of a name; `name` 0: nothing. */
static struct skr_known_entry skr_known_look(struct skr_known *known, uint64_t name)
{
    struct skr_known_shard *shard = skr_known_shard(known, name);
    struct skr_known_entry found = {.name = 0};
    pthread_mutex_lock(&shard->lock);
    const struct skr_known_entry *set = skr_known_set(shard, name);
    for (size_t i = 0; i < SKR_KNOWN_WAYS && set != NULL; i++)
        if (set[i].name == name)
            found = set[i];
    pthread_mutex_unlock(&shard->lock);
    return found;
}

bool skr_known_is_fresh(struct skr_known *known, const struct skr_bound *bound, uint64_t name)
{
    struct skr_known_entry found = skr_known_look(known, name);
    int64_t ttl_ms = (int64_t)bound->binding.ttl_ms;
    if (!found.is_there && ttl_ms > SKR_ABSENT_MS)
        ttl_ms = SKR_ABSENT_MS;
    return found.name != 0 && skr_clock_ms() - found.checked_ms < ttl_ms;
}

bool skr_known_is_absent(struct skr_known *known, uint64_t name)
{
    struct skr_known_entry found = skr_known_look(known, name);
    return found.name != 0 && !found.is_there && skr_clock_ms() - found.checked_ms < SKR_ABSENT_MS;
}

void skr_known_note(struct skr_known *known, uint64_t name, bool is_there)
{
    struct skr_known_shard *shard = skr_known_shard(known, name);
    pthread_mutex_lock(&shard->lock);
    if (shard->entries == NULL)
        shard->entries = calloc((size_t)SKR_KNOWN_SETS * SKR_KNOWN_WAYS, sizeof *shard->entries);
    struct skr_known_entry *set = skr_known_set(shard, name), *place = set;
    for (size_t i = 0; i < SKR_KNOWN_WAYS && set != NULL; i++) {
        if (set[i].name == name) {
            place = &set[i];
            break;
        }
        if (set[i].checked_ms < place->checked_ms)
            place = &set[i];
    }
    if (place != NULL)
        *place = (struct skr_known_entry){.name = name, .checked_ms = skr_clock_ms(), .is_there = is_there};
    pthread_mutex_unlock(&shard->lock);
}

void skr_known_forget(struct skr_known *known, uint64_t name)
{
    struct skr_known_shard *shard = skr_known_shard(known, name);
    pthread_mutex_lock(&shard->lock);
    struct skr_known_entry *set = skr_known_set(shard, name);
    for (size_t i = 0; i < SKR_KNOWN_WAYS && set != NULL; i++)
        if (set[i].name == name)
            set[i] = (struct skr_known_entry){.name = 0};
    pthread_mutex_unlock(&shard->lock);
}
