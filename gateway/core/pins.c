/* Why: a content that lost its last name may still be on its way to a reader, and a file that blocks are being written to
 * may have no record yet. Both are counted here, in memory: after a crash nobody reads or writes. */
#include "pins.h"

#include <assert.h>
#include <stdlib.h>

static struct skr_pin_shard *skr_pins_shard(struct skr_pins *pins, uint64_t id)
{
    return &pins->shards[(id * UINT64_C(0x9E3779B97F4A7C15)) >> 60];
}

static size_t skr_pins_slot(const struct skr_pin_shard *shard, uint64_t id)
{
    size_t slot = (size_t)((id * UINT64_C(0xD6E8FEB86659FD93)) >> 32) & (shard->capacity - 1);
    while (shard->slots[slot].id != 0 && shard->slots[slot].id != id)
        slot = (slot + 1) & (shard->capacity - 1);
    return slot;
}

static bool skr_pins_grow(struct skr_pin_shard *shard)
{
    struct skr_pin_shard grown = {.capacity = shard->capacity == 0 ? 64 : shard->capacity * 2};
    grown.slots = calloc(grown.capacity, sizeof *grown.slots);
    if (grown.slots == NULL)
        return false;
    for (size_t i = 0; i < shard->capacity; i++)
        if (shard->slots[i].id != 0)
            grown.slots[skr_pins_slot(&grown, shard->slots[i].id)] = shard->slots[i];
    free(shard->slots);
    shard->slots = grown.slots;
    shard->capacity = grown.capacity;
    return true;
}

/* Closes the gap that a removed entry leaves, so that probing needs no markers. */
static void skr_pins_close_gap(struct skr_pin_shard *shard, size_t gap)
{
    size_t mask = shard->capacity - 1;
    for (size_t next = (gap + 1) & mask; shard->slots[next].id != 0; next = (next + 1) & mask) {
        struct skr_pin moved = shard->slots[next];
        shard->slots[next] = (struct skr_pin){.id = 0}; /* whoever takes this place begins to count at nothing */
        shard->slots[skr_pins_slot(shard, moved.id)] = moved;
    }
}

void skr_pins_open(struct skr_pins *pins)
{
    for (size_t i = 0; i < SKR_PIN_SHARDS; i++) {
        pins->shards[i] = (struct skr_pin_shard){.slots = NULL};
        pthread_mutex_init(&pins->shards[i].lock, NULL);
    }
}

void skr_pins_close(struct skr_pins *pins)
{
    for (size_t i = 0; i < SKR_PIN_SHARDS; i++) {
        free(pins->shards[i].slots);
        pthread_mutex_destroy(&pins->shards[i].lock);
    }
}

bool skr_pins_add(struct skr_pins *pins, uint64_t id)
{
    struct skr_pin_shard *shard = skr_pins_shard(pins, id);
    pthread_mutex_lock(&shard->lock);
    bool room = (shard->used + 1) * 2 <= shard->capacity || skr_pins_grow(shard);
    if (room) {
        struct skr_pin *pin = &shard->slots[skr_pins_slot(shard, id)];
        shard->used += pin->id == 0;
        pin->id = id;
        pin->count++;
    }
    pthread_mutex_unlock(&shard->lock);
    return room;
}

void skr_pins_drop(struct skr_pins *pins, uint64_t id)
{
    struct skr_pin_shard *shard = skr_pins_shard(pins, id);
    pthread_mutex_lock(&shard->lock);
    assert(shard->capacity > 0);
    size_t slot = skr_pins_slot(shard, id);
    assert(shard->slots[slot].id == id && shard->slots[slot].count > 0);
    if (--shard->slots[slot].count == 0) {
        shard->slots[slot].id = 0;
        shard->used--;
        skr_pins_close_gap(shard, slot);
    }
    pthread_mutex_unlock(&shard->lock);
}

bool skr_pins_has(struct skr_pins *pins, uint64_t id)
{
    struct skr_pin_shard *shard = skr_pins_shard(pins, id);
    pthread_mutex_lock(&shard->lock);
    bool has = shard->capacity > 0 && shard->slots[skr_pins_slot(shard, id)].id == id;
    pthread_mutex_unlock(&shard->lock);
    return has;
}
