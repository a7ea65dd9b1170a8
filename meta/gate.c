/* Why: LMDB's map may only be replaced while nobody reads. Readers pass a gate that costs them two writes to a cache line of
 * their own; the commit thread closes it for the moment that growing takes. The same places tell when all views of a moment
 * have ended. */
#include <sched.h>
#include <stdlib.h>

#include "meta_private.h"

enum skr_status skr_gate_make(struct skr_meta *meta, size_t places, struct skr_error *err)
{
    pthread_mutex_init(&meta->gate_lock, NULL);
    pthread_cond_init(&meta->gate_open, NULL);
    meta->places = aligned_alloc(64, places * sizeof *meta->places);
    meta->place_used = calloc(places, sizeof *meta->place_used);
    if (meta->places == NULL || meta->place_used == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for readers");
    meta->place_count = places;
    for (size_t i = 0; i < places; i++)
        atomic_init(&meta->places[i].state, 0);
    return SKR_OK;
}

void skr_gate_free(struct skr_meta *meta)
{
    free(meta->places);
    free(meta->place_used);
    pthread_mutex_destroy(&meta->gate_lock);
    pthread_cond_destroy(&meta->gate_open);
}

void skr_gate_enter(struct skr_meta *meta, size_t place)
{
    _Atomic uint64_t *state = &meta->places[place].state;
    for (;;) {
        atomic_fetch_add(state, 1); /* sequentially consistent: either we see the gate closed, or the closer sees us inside */
        if (!atomic_load(&meta->gate_closed))
            return;
        atomic_fetch_add(state, 1);
        pthread_mutex_lock(&meta->gate_lock);
        while (atomic_load(&meta->gate_closed))
            pthread_cond_wait(&meta->gate_open, &meta->gate_lock);
        pthread_mutex_unlock(&meta->gate_lock);
    }
}

void skr_gate_leave(struct skr_meta *meta, size_t place)
{
    atomic_fetch_add_explicit(&meta->places[place].state, 1, memory_order_release);
}

void skr_gate_close(struct skr_meta *meta)
{
    atomic_store(&meta->gate_closed, true);
    skr_meta_quiesce(meta);
}

void skr_gate_reopen(struct skr_meta *meta)
{
    pthread_mutex_lock(&meta->gate_lock);
    atomic_store(&meta->gate_closed, false);
    pthread_cond_broadcast(&meta->gate_open);
    pthread_mutex_unlock(&meta->gate_lock);
}

void skr_meta_quiesce(struct skr_meta *meta)
{
    for (size_t i = 0; i < meta->place_count; i++) {
        uint64_t seen = atomic_load(&meta->places[i].state);
        while (seen % 2 == 1 && atomic_load(&meta->places[i].state) == seen)
            sched_yield(); /* views are short */
    }
}
