/* See continuations.h. A place is not given up when it is taken: a client may ask for the same page twice. */
#include "continuations.h"

#include <stdlib.h>

void skr_continuations_open(struct skr_continuations *continuations)
{
    pthread_mutex_init(&continuations->lock, NULL);
}

void skr_continuations_close(struct skr_continuations *continuations)
{
    for (size_t i = 0; i < SKR_CONTINUATIONS; i++)
        skr_arena_release(&continuations->places[i].arena);
    pthread_mutex_destroy(&continuations->lock);
}

static bool skr_entry_copy(struct skr_arena *arena, const struct skr_remote_entry *entry, struct skr_remote_entry *out)
{
    *out = *entry;
    out->key = skr_arena_copy(arena, entry->key);
    return out->key.data != NULL && (entry->is_prefix || skr_object_copy(arena, &out->object));
}

/* Behind this name: the entry that was read already is not wanted. */
static bool skr_is_behind(struct skr_bytes from, struct skr_bytes name)
{
    return from.size == name.size + 1 && from.data[name.size] == '\0' && skr_bytes_starts_with(from, name);
}

/* Clients go on at the first name that they were not shown, or behind the last one that they were. */
static bool skr_is_place(const struct skr_continuation *place, struct skr_bytes from)
{
    return (skr_bytes_compare(from, place->before) > 0 && skr_bytes_compare(from, place->from) <= 0) ||
           skr_is_behind(from, place->from);
}

/* Under the lock. */
static struct skr_continuation *skr_continuation_find(struct skr_continuations *continuations, const struct skr_bound *bound,
                                                      const struct skr_list_options *options, struct skr_bytes from)
{
    for (size_t i = 0; i < SKR_CONTINUATIONS; i++) {
        struct skr_continuation *place = &continuations->places[i];
        if (place->from.data != NULL && place->binding == bound->binding.id && skr_is_place(place, from) &&
            skr_bytes_equal(place->container, options->container) && skr_bytes_equal(place->prefix, options->prefix) &&
            skr_bytes_equal(place->delimiter, options->delimiter))
            return place;
    }
    return NULL;
}

void skr_continuations_keep(struct skr_continuations *continuations, const struct skr_bound *bound,
                            const struct skr_list_options *options, struct skr_bytes marker,
                            const struct skr_remote_entries *found)
{
    if (found->count == 0)
        return;
    const struct skr_remote_entry *last = &found->entries[found->count - 1];
    pthread_mutex_lock(&continuations->lock);
    struct skr_continuation *place = skr_continuation_find(continuations, bound, options, last->key);
    for (size_t i = 0; i < SKR_CONTINUATIONS && place == NULL; i++) {
        struct skr_continuation *other = &continuations->places[i];
        bool is_oldest = true;
        for (size_t j = 0; j < SKR_CONTINUATIONS && is_oldest; j++)
            is_oldest = continuations->places[j].used >= other->used;
        if (is_oldest)
            place = other;
    }
    skr_arena_release(&place->arena);
    *place = (struct skr_continuation){.used = ++continuations->clock, .binding = bound->binding.id};
    place->container = skr_arena_copy(&place->arena, options->container);
    place->prefix = skr_arena_copy(&place->arena, options->prefix);
    place->delimiter = skr_arena_copy(&place->arena, options->delimiter);
    place->marker = skr_arena_copy(&place->arena, marker);
    place->before = found->count < 2 ? last->key : found->entries[found->count - 2].key;
    place->before = skr_arena_copy(&place->arena, place->before);
    place->entry = skr_arena_alloc(&place->arena, sizeof *place->entry);
    if (place->container.data != NULL && place->prefix.data != NULL && place->delimiter.data != NULL &&
        place->marker.data != NULL && place->before.data != NULL && place->entry != NULL &&
        skr_entry_copy(&place->arena, last, place->entry))
        place->from = place->entry->key;
    pthread_mutex_unlock(&continuations->lock);
}

void skr_continuations_take(struct skr_continuations *continuations, const struct skr_bound *bound,
                            const struct skr_list_options *options, struct skr_arena *arena, struct skr_bytes *marker,
                            struct skr_remote_entries *found)
{
    if (options->from.size == 0)
        return;
    pthread_mutex_lock(&continuations->lock);
    struct skr_continuation *place = skr_continuation_find(continuations, bound, options, options->from);
    if (place != NULL) {
        struct skr_bytes copy = skr_arena_copy(arena, place->marker);
        struct skr_remote_entry *entry = malloc(sizeof *entry);
        if (copy.data != NULL && entry != NULL && skr_entry_copy(arena, place->entry, entry)) {
            *marker = copy;
            *found = (struct skr_remote_entries){
                .entries = entry, .count = skr_is_behind(options->from, place->from) ? 0 : 1, .capacity = 1};
            place->used = ++continuations->clock;
        } else {
            free(entry);
        }
    }
    pthread_mutex_unlock(&continuations->lock);
}
