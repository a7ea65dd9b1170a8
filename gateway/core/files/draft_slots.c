/* Where the chunks of a draft lie. See draft.h. */
#include <stdlib.h>

#include "draft.h"
#include "grow.h"

struct skr_draft_chunk *skr_draft_chunk(struct skr_draft *draft, uint64_t index)
{
    uint64_t page = index / SKR_DRAFT_PAGE_CHUNKS;
    if (page >= draft->page_count || draft->pages[page] == NULL)
        return NULL;
    return &draft->pages[page]->chunks[index % SKR_DRAFT_PAGE_CHUNKS];
}

struct skr_draft_chunk *skr_draft_chunk_make(struct skr_draft *draft, uint64_t index)
{
    size_t page = (size_t)(index / SKR_DRAFT_PAGE_CHUNKS);
    if (page >= draft->page_count) {
        size_t count = page < 8 ? 8 : page + page / 2 + 1;
        struct skr_draft_page **grown = realloc(draft->pages, count * sizeof *grown);
        if (grown == NULL)
            return NULL;
        memset(grown + draft->page_count, 0, (count - draft->page_count) * sizeof *grown);
        draft->pages = grown;
        draft->page_count = count;
    }
    if (draft->pages[page] == NULL)
        draft->pages[page] = calloc(1, sizeof *draft->pages[page]);
    return draft->pages[page] == NULL ? NULL : &draft->pages[page]->chunks[index % SKR_DRAFT_PAGE_CHUNKS];
}

void skr_draft_forget_chunks(struct skr_draft *draft)
{
    for (size_t i = 0; i < draft->page_count; i++)
        free(draft->pages[i]);
    free(draft->pages);
    draft->pages = NULL;
    draft->page_count = 0;
}

size_t skr_draft_chunk_bytes(const struct skr_draft *draft, uint64_t index)
{
    uint64_t begin = index * SKR_DRAFT_CHUNK;
    if (begin >= draft->size_bytes)
        return 0;
    return draft->size_bytes - begin < SKR_DRAFT_CHUNK ? (size_t)(draft->size_bytes - begin) : SKR_DRAFT_CHUNK;
}

struct skr_draft_file *skr_draft_file_of(struct skr_draft *draft, const struct skr_draft_chunk *chunk)
{
    return chunk->is_spilled ? &draft->spill : &draft->home;
}

/* ---- slots ---- */

static bool skr_home_is_taken(const struct skr_draft *draft, uint64_t slot)
{
    return slot / 64 < draft->home_words && (draft->home_taken[slot / 64] >> slot % 64 & 1) != 0;
}

bool skr_draft_home_ends(const struct skr_draft *draft, uint64_t slots)
{
    for (size_t word = (size_t)(slots / 64); word < draft->home_words; word++)
        if ((word == slots / 64 ? draft->home_taken[word] >> slots % 64 : draft->home_taken[word]) != 0)
            return false;
    return true;
}

static bool skr_home_take(struct skr_draft *draft, uint64_t slot)
{
    if (slot / 64 >= draft->home_words) {
        size_t words = (size_t)(slot / 64 + slot / 128 + 8);
        uint64_t *grown = realloc(draft->home_taken, words * sizeof *grown);
        if (grown == NULL)
            return false;
        memset(grown + draft->home_words, 0, (words - draft->home_words) * sizeof *grown);
        draft->home_taken = grown;
        draft->home_words = words;
    }
    draft->home_taken[slot / 64] |= UINT64_C(1) << slot % 64;
    return true;
}

static bool skr_slot_free(struct skr_draft *draft, uint32_t slot)
{
    uint32_t *grown = skr_grow(draft->free_slots, draft->free_count, &draft->free_capacity, sizeof *grown);
    if (grown == NULL)
        return false;
    draft->free_slots = grown;
    draft->free_slots[draft->free_count++] = slot;
    return true;
}

static bool skr_slot_freed(void *context, const struct skr_dead_slot *slot)
{
    return slot->file == SKR_SPILL && skr_slot_free(context, slot->slot); /* `home` gets its room back when all is over */
}

/* `*fresh`: nothing was ever there, so that it reads as zeros. */
static bool skr_spill_take(struct skr_worker *worker, struct skr_draft *draft, uint32_t *slot, bool *fresh)
{
    if (draft->free_count == 0 && draft->may_reap) {
        draft->may_reap = false;
        skr_dead_slots_reap(&draft->dead, worker->reader, skr_slot_freed, draft);
    }
    *fresh = draft->free_count == 0;
    if (*fresh && draft->spill_slots == SKR_NO_SLOT)
        return false;
    *slot = *fresh ? draft->spill_slots++ : draft->free_slots[--draft->free_count];
    return true;
}

/* Where the published chunk is. False: no memory. */
static bool skr_place_note(struct skr_draft *draft, uint64_t index, uint32_t place)
{
    if (index >= draft->place_count) {
        size_t count = (size_t)(index + index / 2 + 16);
        uint32_t *grown = realloc(draft->places, count * sizeof *grown);
        if (grown == NULL)
            return false;
        memset(grown + draft->place_count, 0xFF, (count - draft->place_count) * sizeof *grown);
        draft->places = grown;
        draft->place_count = count;
    }
    draft->places[index] = place;
    return true;
}

static void skr_place_bury(struct skr_draft *draft, uint64_t index, uint64_t content_id)
{
    uint32_t place = index < draft->place_count ? draft->places[index] : SKR_NO_SLOT;
    if (place == SKR_NO_SLOT)
        return;
    skr_dead_slots_add(&draft->dead, &(struct skr_dead_slot){.content_id = content_id,
                                                             .slot = place == SKR_AT_HOME ? (uint32_t)index : place,
                                                             .file = place == SKR_AT_HOME ? SKR_HOME : SKR_SPILL});
    draft->places[index] = SKR_NO_SLOT;
}

void skr_draft_bury(struct skr_draft *draft, uint64_t old_content_id)
{
    for (size_t page = 0; page < draft->page_count; page++) {
        for (uint64_t i = 0; draft->pages[page] != NULL && i < SKR_DRAFT_PAGE_CHUNKS; i++) {
            const struct skr_draft_chunk *chunk = &draft->pages[page]->chunks[i];
            uint64_t index = page * SKR_DRAFT_PAGE_CHUNKS + i;
            if (chunk->state == SKR_DRAFT_BASE)
                continue;
            skr_place_bury(draft, index, old_content_id);
            if (chunk->state == SKR_DRAFT_OWN)
                skr_place_note(draft, index, chunk->is_spilled ? chunk->slot : SKR_AT_HOME);
        }
    }
    for (uint64_t index = (draft->base_bytes + SKR_DRAFT_CHUNK - 1) / SKR_DRAFT_CHUNK; index < draft->place_count; index++) {
        const struct skr_draft_chunk *chunk = skr_draft_chunk(draft, index);
        if (chunk == NULL || chunk->state != SKR_DRAFT_OWN)
            skr_place_bury(draft, index, old_content_id);
    }
    draft->may_reap = true;
}

void skr_draft_drop(struct skr_draft *draft, struct skr_draft_chunk *chunk)
{
    if (chunk->state == SKR_DRAFT_OWN && chunk->is_spilled)
        skr_slot_free(draft, chunk->slot); /* without memory for it the slot stays unused until the draft ends */
    *chunk = (struct skr_draft_chunk){.state = SKR_DRAFT_BASE};
}

/* ---- making a chunk the draft's own ---- */

static enum skr_status skr_draft_file_open(struct skr_worker *worker, struct skr_draft *draft, struct skr_draft_file *file,
                                           struct skr_error *err)
{
    if (file->scratch != NULL)
        return SKR_OK;
    enum skr_status status = skr_scratch_open(draft->core->store, worker->io, &file->scratch, err);
    if (status != SKR_OK)
        return status;
    file->id = skr_scratch_file_id(file->scratch);
    draft->dead.file_ids[file == &draft->home ? SKR_HOME : SKR_SPILL] = file->id;
    if (skr_pins_add(&draft->core->pins, file->id)) /* so that it stays while nothing of it is published */
        return SKR_OK;
    skr_scratch_close(file->scratch);
    file->scratch = NULL;
    skr_store_remove(draft->core->store, worker->io, file->id, NULL);
    return skr_fail(err, SKR_NO_MEMORY, "no memory for a pin");
}

static enum skr_status skr_draft_place(struct skr_worker *worker, struct skr_draft *draft, uint64_t index,
                                       struct skr_draft_chunk *out, bool *fresh, struct skr_error *err)
{
    *out = (struct skr_draft_chunk){.state = SKR_DRAFT_OWN, .is_spilled = skr_home_is_taken(draft, index)};
    enum skr_status status = skr_draft_file_open(worker, draft, skr_draft_file_of(draft, out), err);
    if (status != SKR_OK)
        return status;
    if (!out->is_spilled) {
        *fresh = true;
        out->slot = (uint32_t)index;
        return skr_home_take(draft, index) ? SKR_OK : skr_fail(err, SKR_NO_MEMORY, "no memory for a file's chunks");
    }
    return skr_spill_take(worker, draft, &out->slot, fresh) ? SKR_OK : skr_fail(err, SKR_TOO_LARGE, "the file is too large");
}

enum skr_status skr_draft_own(struct skr_worker *worker, struct skr_draft *draft, uint64_t index, bool whole,
                              struct skr_error *err)
{
    struct skr_draft_chunk *chunk = skr_draft_chunk_make(draft, index), own;
    bool fresh;
    if (chunk == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a file's chunks");
    if (chunk->state == SKR_DRAFT_OWN || chunk->state == SKR_DRAFT_MEMORY)
        return SKR_OK;
    size_t bytes = whole ? 0 : skr_draft_chunk_bytes(draft, index);
    memset(draft->buffer, 0, SKR_DRAFT_CHUNK);
    if (bytes > 0 && skr_draft_read_locked(worker, draft, index * SKR_DRAFT_CHUNK, draft->buffer, bytes, err) < 0)
        return err->status;
    enum skr_status status = skr_draft_place(worker, draft, index, &own, &fresh, err);
    if (status != SKR_OK)
        return status;
    struct skr_draft_file *file = skr_draft_file_of(draft, &own);
    size_t size = fresh ? bytes : SKR_DRAFT_CHUNK;
    if (size > 0 && !whole) /* a slot that was in use is zeros behind the draft's bytes, too */
        status = skr_scratch_write(file->scratch, worker->io, draft->buffer, size, (uint64_t)own.slot * SKR_DRAFT_CHUNK, err);
    if (status != SKR_OK) { /* its place in `home` stays taken: who knows what is there */
        skr_draft_drop(draft, &own);
        return status;
    }
    file->unsynced = true;
    if (bytes > 0) {
        own.crc32c = skr_crc32c(0, draft->buffer, bytes);
        own.covered = (uint32_t)bytes;
    }
    *chunk = own;
    return SKR_OK;
}

/* ---- small files ---- */

enum skr_status skr_draft_enter_memory(struct skr_worker *worker, struct skr_draft *draft, struct skr_error *err)
{
    size_t limit = (size_t)draft->core->options.inline_limit_bytes;
    struct skr_draft_chunk *chunk = skr_draft_chunk_make(draft, 0);
    if (chunk != NULL && chunk->state == SKR_DRAFT_MEMORY)
        return SKR_OK;
    if (draft->memory == NULL)
        draft->memory = malloc(limit);
    if (chunk == NULL || draft->memory == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a small file's bytes");
    memset(draft->memory, 0, limit);
    if (draft->size_bytes > 0 && skr_draft_read_locked(worker, draft, 0, draft->memory, (size_t)draft->size_bytes, err) < 0)
        return err->status;
    skr_draft_drop(draft, chunk);
    chunk->state = SKR_DRAFT_MEMORY;
    return SKR_OK;
}

enum skr_status skr_draft_leave_memory(struct skr_worker *worker, struct skr_draft *draft, struct skr_error *err)
{
    struct skr_draft_chunk *chunk = skr_draft_chunk(draft, 0);
    if (chunk == NULL || chunk->state != SKR_DRAFT_MEMORY)
        return SKR_OK;
    struct skr_draft_chunk own;
    bool fresh;
    enum skr_status status = skr_draft_place(worker, draft, 0, &own, &fresh, err);
    size_t limit = (size_t)draft->core->options.inline_limit_bytes, size = skr_draft_chunk_bytes(draft, 0);
    memset(draft->buffer, 0, SKR_DRAFT_CHUNK);
    memcpy(draft->buffer, draft->memory, size < limit ? size : limit);
    if (status == SKR_OK && (size > 0 || !fresh))
        status = skr_scratch_write(skr_draft_file_of(draft, &own)->scratch, worker->io, draft->buffer,
                                   fresh ? size : SKR_DRAFT_CHUNK, (uint64_t)own.slot * SKR_DRAFT_CHUNK, err);
    if (status != SKR_OK) {
        chunk->state = SKR_DRAFT_MEMORY;
        return status;
    }
    skr_draft_file_of(draft, &own)->unsynced = true;
    own.crc32c = skr_crc32c(0, draft->buffer, size);
    own.covered = (uint32_t)size;
    *chunk = own;
    return SKR_OK;
}

void skr_draft_begin_anew(struct skr_worker *worker, struct skr_draft *draft)
{
    struct skr_error error;
    if (draft->home.is_known || draft->home.scratch == NULL ||
        skr_scratch_truncate(draft->home.scratch, worker->io, 0, &error) != SKR_OK)
        return;
    memset(draft->home_taken, 0, draft->home_words * sizeof *draft->home_taken);
}
