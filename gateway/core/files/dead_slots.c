/* See dead_slots.h. */
#include "dead_slots.h"

#include <stdlib.h>

#include "grow.h"

#define SKR_MOST_COMPARED 1000000 /* pairs of an extent and a place: some milliseconds */

bool skr_dead_slots_publish(struct skr_dead_slots *dead, const struct skr_published *published)
{
    struct skr_published *grown =
        skr_grow(dead->published, dead->published_count, &dead->published_capacity, sizeof *dead->published);
    if (grown == NULL)
        return false;
    dead->published = grown;
    dead->published[dead->published_count++] = *published;
    return true;
}

bool skr_dead_slots_add(struct skr_dead_slots *dead, const struct skr_dead_slot *slot)
{
    struct skr_dead_slot *grown = skr_grow(dead->slots, dead->count, &dead->capacity, sizeof *dead->slots);
    if (grown == NULL)
        return false;
    dead->slots = grown;
    dead->slots[dead->count++] = *slot;
    return true;
}

void skr_dead_slots_free(struct skr_dead_slots *dead)
{
    free(dead->published);
    free(dead->slots);
    *dead = (struct skr_dead_slots){.count = 0};
}

static bool skr_is_published(const struct skr_dead_slots *dead, uint64_t content_id)
{
    for (size_t i = 0; i < dead->published_count; i++)
        if (dead->published[i].content_id == content_id)
            return true;
    return false;
}

/* Forgets the contents that are gone. `own`: how many of the rest refer to each file. */
static void skr_published_reap(struct skr_dead_slots *dead, struct skr_view *view, uint64_t own[SKR_DRAFT_FILES])
{
    struct skr_content_state state;
    size_t left = 0;
    for (size_t i = 0; i < dead->published_count; i++) {
        if (skr_content_state(view, dead->published[i].content_id, &state, NULL) == SKR_NOT_FOUND)
            continue;
        for (unsigned file = 0; file < SKR_DRAFT_FILES; file++)
            own[file] += dead->published[i].has[file];
        dead->published[left++] = dead->published[i];
    }
    dead->published_count = left;
}

void skr_dead_slots_reap(struct skr_dead_slots *dead, struct skr_meta_reader *reader,
                         bool (*freed)(void *context, const struct skr_dead_slot *slot), void *context)
{
    uint64_t own[SKR_DRAFT_FILES] = {0}, references[SKR_DRAFT_FILES] = {0};
    struct skr_view *view;
    size_t left = 0;
    if (skr_view_begin(reader, &view, NULL) != SKR_OK)
        return;
    skr_published_reap(dead, view, own);
    for (unsigned file = 0; file < SKR_DRAFT_FILES; file++)
        if (dead->file_ids[file] != 0 &&
            skr_file_record_references(view, dead->file_ids[file], &references[file], NULL) != SKR_OK)
            references[file] = UINT64_MAX;
    skr_view_end(view);
    for (size_t i = 0; i < dead->count; i++) {
        const struct skr_dead_slot *slot = &dead->slots[i];
        bool is_free = references[slot->file] == own[slot->file] && !skr_is_published(dead, slot->content_id);
        if (!is_free || !freed(context, slot))
            dead->slots[left++] = *slot;
    }
    dead->count = left;
}

/* ---- of drafts that were closed ---- */

struct skr_left {
    struct skr_left *next;
    struct skr_dead_slots dead;
};

void skr_left_slots_open(struct skr_left_slots *left)
{
    pthread_mutex_init(&left->lock, NULL);
    left->first = NULL;
}

static void skr_left_free(struct skr_left *entry)
{
    skr_dead_slots_free(&entry->dead);
    free(entry);
}

void skr_left_slots_close(struct skr_left_slots *left)
{
    while (left->first != NULL) {
        struct skr_left *next = left->first->next;
        skr_left_free(left->first);
        left->first = next;
    }
    pthread_mutex_destroy(&left->lock);
}

void skr_left_slots_add(struct skr_left_slots *left, struct skr_dead_slots *dead)
{
    struct skr_left *entry = dead->count > 0 ? malloc(sizeof *entry) : NULL;
    if (entry == NULL) { /* without memory for it, the room comes back with the file */
        skr_dead_slots_free(dead);
        return;
    }
    entry->dead = *dead;
    *dead = (struct skr_dead_slots){.count = 0};
    pthread_mutex_lock(&left->lock);
    entry->next = left->first;
    left->first = entry;
    pthread_mutex_unlock(&left->lock);
}

static bool skr_extents_have(const struct skr_extent *extents, size_t count, uint64_t file_id)
{
    for (size_t i = 0; file_id != 0 && i < count; i++)
        if (extents[i].file_id == file_id)
            return true;
    return false;
}

/* Does it have a place that is dead for the draft that left it? It may have got it by reference, when the place was none. Where
 * that would take long to find out, it is taken to have one. */
static bool skr_extents_have_dead(const struct skr_extent *extents, size_t count, const struct skr_dead_slots *dead)
{
    if (count > SKR_MOST_COMPARED / (dead->count + 1))
        return true;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < dead->count; j++) {
            uint64_t begin = (uint64_t)dead->slots[j].slot * SKR_CRC_CHUNK_BYTES;
            if (extents[i].file_id == dead->file_ids[dead->slots[j].file] && extents[i].file_id != 0 &&
                extents[i].offset_bytes < begin + SKR_CRC_CHUNK_BYTES &&
                extents[i].offset_bytes + extents[i].length_bytes > begin)
                return true;
        }
    }
    return false;
}

void skr_left_slots_note(struct skr_left_slots *left, uint64_t content_id, const struct skr_extent *extents, size_t count)
{
    pthread_mutex_lock(&left->lock);
    for (struct skr_left *entry = left->first; entry != NULL; entry = entry->next) {
        struct skr_published published = {.content_id = content_id};
        bool any = false;
        for (unsigned file = 0; file < SKR_DRAFT_FILES; file++)
            any |= published.has[file] = skr_extents_have(extents, count, entry->dead.file_ids[file]);
        if (any && !skr_extents_have_dead(extents, count, &entry->dead))
            skr_dead_slots_publish(&entry->dead, &published);
    }
    pthread_mutex_unlock(&left->lock);
}

struct skr_punching {
    struct skr_store *store;
    struct skr_io *io;
    const struct skr_dead_slots *dead;
};

static bool skr_punch_slot(void *context, const struct skr_dead_slot *slot)
{
    const struct skr_punching *punching = context;
    struct skr_error error;
    skr_store_punch(punching->store, punching->io, punching->dead->file_ids[slot->file],
                    (uint64_t)slot->slot * SKR_CRC_CHUNK_BYTES, SKR_CRC_CHUNK_BYTES, &error);
    return true; /* where the disk cannot do it, the room comes back with the file */
}

void skr_left_slots_collect(struct skr_left_slots *left, struct skr_store *store, struct skr_io *io,
                            struct skr_meta_reader *reader)
{
    pthread_mutex_lock(&left->lock); /* over the punching, too: whoever publishes may have to be noted */
    for (struct skr_left **link = &left->first; *link != NULL;) {
        struct skr_left *entry = *link;
        struct skr_punching punching = {.store = store, .io = io, .dead = &entry->dead};
        skr_dead_slots_reap(&entry->dead, reader, skr_punch_slot, &punching);
        if (entry->dead.count > 0) {
            link = &entry->next;
        } else {
            *link = entry->next;
            skr_left_free(entry);
        }
    }
    pthread_mutex_unlock(&left->lock);
}
