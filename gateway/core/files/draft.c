/* Reading and changing a draft. See draft.h; where its chunks lie is in draft_slots.c.
 *
 * Invariant: in a slot of an OWN chunk all that lies behind the draft's bytes is zeros, so that growing needs no write.
 */
#include "draft.h"

#include <stdlib.h>

enum skr_status skr_draft_open(struct skr_worker *worker, struct skr_held *held, struct skr_draft **out, struct skr_error *err)
{
    struct skr_draft *draft = calloc(1, sizeof *draft);
    if (draft != NULL)
        draft->buffer = malloc(SKR_DRAFT_CHUNK);
    if (draft == NULL || draft->buffer == NULL) {
        free(draft);
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a file that is written");
    }
    draft->core = worker->core;
    draft->base = skr_held_retain(held);
    draft->size_bytes = draft->base_bytes = skr_held_content(held)->size_bytes;
    pthread_mutex_init(&draft->lock, NULL);
    *out = draft;
    return SKR_OK;
}

static void skr_draft_file_close(struct skr_worker *worker, struct skr_draft_file *file)
{
    if (file->scratch == NULL)
        return;
    skr_scratch_close(file->scratch);
    file->scratch = NULL;
    if (!file->is_known)
        skr_store_remove(worker->core->store, worker->io, file->id, NULL); /* what stays is found after a restart */
    skr_pins_drop(&worker->core->pins, file->id);
}

void skr_draft_close(struct skr_worker *worker, struct skr_draft *draft)
{
    if (draft == NULL)
        return;
    skr_draft_file_close(worker, &draft->home);
    skr_draft_file_close(worker, &draft->spill);
    skr_left_slots_add(&draft->core->left_slots, &draft->dead);
    skr_held_release(draft->base);
    skr_draft_forget_chunks(draft);
    pthread_mutex_destroy(&draft->lock);
    free(draft->home_taken);
    free(draft->free_slots);
    free(draft->places);
    free(draft->buffer);
    free(draft->memory);
    free(draft);
}

uint64_t skr_draft_size(struct skr_draft *draft)
{
    pthread_mutex_lock(&draft->lock);
    uint64_t size = draft->size_bytes;
    pthread_mutex_unlock(&draft->lock);
    return size;
}

bool skr_draft_is_dirty(struct skr_draft *draft)
{
    pthread_mutex_lock(&draft->lock);
    bool is_dirty = draft->is_dirty;
    pthread_mutex_unlock(&draft->lock);
    return is_dirty;
}

struct skr_held *skr_draft_held(struct skr_draft *draft)
{
    pthread_mutex_lock(&draft->lock);
    struct skr_held *held = skr_held_retain(draft->base);
    pthread_mutex_unlock(&draft->lock);
    return held;
}

/* ---- reading ---- */

static enum skr_draft_state skr_draft_state_at(struct skr_draft *draft, uint64_t index)
{
    const struct skr_draft_chunk *chunk = skr_draft_chunk(draft, index);
    return chunk == NULL ? SKR_DRAFT_BASE : (enum skr_draft_state)chunk->state;
}

/* How many bytes from `offset` on, at most `size`, are of one kind and, where they are OWN, side by side in one file. */
static size_t skr_draft_run(struct skr_draft *draft, uint64_t offset, size_t size)
{
    uint64_t index = offset / SKR_DRAFT_CHUNK;
    const struct skr_draft_chunk *first = skr_draft_chunk(draft, index);
    enum skr_draft_state state = skr_draft_state_at(draft, index);
    size_t run = SKR_DRAFT_CHUNK - (size_t)(offset % SKR_DRAFT_CHUNK);
    for (uint32_t i = 1; run < size && skr_draft_state_at(draft, index + i) == state; i++, run += SKR_DRAFT_CHUNK) {
        const struct skr_draft_chunk *next = skr_draft_chunk(draft, index + i);
        if (state == SKR_DRAFT_OWN && (next->is_spilled != first->is_spilled || next->slot != first->slot + i))
            break;
    }
    return run < size ? run : size;
}

static enum skr_status skr_draft_read_base(struct skr_worker *worker, struct skr_draft *draft, uint64_t offset, char *buffer,
                                           size_t size, struct skr_error *err)
{
    size_t there = 0;
    if (offset < draft->base_bytes)
        there = draft->base_bytes - offset < size ? (size_t)(draft->base_bytes - offset) : size;
    memset(buffer + there, 0, size - there);
    return there == 0 || skr_held_read(worker, draft->base, offset, buffer, there, 0, err) == (ssize_t)there ? SKR_OK
                                                                                                             : err->status;
}

static void skr_draft_recall(const struct skr_draft *draft, uint64_t offset, char *buffer, size_t size)
{
    uint64_t limit = draft->core->options.inline_limit_bytes;
    size_t there = offset >= limit ? 0 : limit - offset < size ? (size_t)(limit - offset) : size;
    memcpy(buffer, draft->memory + offset, there);
    memset(buffer + there, 0, size - there);
}

ssize_t skr_draft_read_locked(struct skr_worker *worker, struct skr_draft *draft, uint64_t offset, void *buffer, size_t size,
                              struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    if (offset >= draft->size_bytes)
        return 0;
    if (size > draft->size_bytes - offset)
        size = (size_t)(draft->size_bytes - offset);
    for (size_t got = 0, run; got < size && status == SKR_OK; got += run) {
        uint64_t at = offset + got;
        const struct skr_draft_chunk *chunk = skr_draft_chunk(draft, at / SKR_DRAFT_CHUNK);
        char *to = (char *)buffer + got;
        run = skr_draft_run(draft, at, size - got);
        switch (chunk == NULL ? SKR_DRAFT_BASE : chunk->state) {
        case SKR_DRAFT_BASE:
            status = skr_draft_read_base(worker, draft, at, to, run, err);
            break;
        case SKR_DRAFT_HOLE:
            memset(to, 0, run);
            break;
        case SKR_DRAFT_MEMORY:
            skr_draft_recall(draft, at, to, run);
            break;
        default:
            status = skr_scratch_read(skr_draft_file_of(draft, chunk)->scratch, worker->io, to, run,
                                      (uint64_t)chunk->slot * SKR_DRAFT_CHUNK + at % SKR_DRAFT_CHUNK, err);
        }
    }
    return status == SKR_OK ? (ssize_t)size : -1;
}

ssize_t skr_draft_read(struct skr_worker *worker, struct skr_draft *draft, uint64_t offset, void *buffer, size_t size,
                       struct skr_error *err)
{
    pthread_mutex_lock(&draft->lock);
    ssize_t got = skr_draft_read_locked(worker, draft, offset, buffer, size, err);
    pthread_mutex_unlock(&draft->lock);
    return got;
}

/* ---- writing ---- */

/* The checksum of an OWN chunk after `size` bytes were written at `inside` of it. */
static void skr_draft_cover(struct skr_draft_chunk *chunk, size_t inside, const unsigned char *data, size_t size)
{
    if (inside == 0) {
        chunk->crc32c = skr_crc32c(0, data, size);
        chunk->covered = size >= chunk->covered ? (uint32_t)size : 0;
    } else if (inside == chunk->covered) {
        chunk->crc32c = skr_crc32c(chunk->crc32c, data, size);
        chunk->covered += (uint32_t)size;
    } else {
        chunk->covered = 0;
    }
}

static enum skr_status skr_draft_write_own(struct skr_worker *worker, struct skr_draft *draft, uint64_t offset,
                                           const unsigned char *data, size_t size, struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    for (size_t done = 0, run; done < size && status == SKR_OK; done += run) {
        uint64_t at = offset + done;
        const struct skr_draft_chunk *chunk = skr_draft_chunk(draft, at / SKR_DRAFT_CHUNK);
        if (chunk->state == SKR_DRAFT_MEMORY) { /* what is small enough to be there ends there */
            memcpy(draft->memory + at, data + done, size - done);
            break;
        }
        struct skr_draft_file *file = skr_draft_file_of(draft, chunk);
        run = skr_draft_run(draft, at, size - done);
        status = skr_scratch_write(file->scratch, worker->io, data + done, run,
                                   (uint64_t)chunk->slot * SKR_DRAFT_CHUNK + at % SKR_DRAFT_CHUNK, err);
        file->unsynced = true;
        for (size_t part = 0, piece; part < run; part += piece) {
            size_t inside = (size_t)((at + part) % SKR_DRAFT_CHUNK);
            piece = SKR_DRAFT_CHUNK - inside < run - part ? SKR_DRAFT_CHUNK - inside : run - part;
            struct skr_draft_chunk *covered = skr_draft_chunk(draft, (at + part) / SKR_DRAFT_CHUNK);
            if (status == SKR_OK)
                skr_draft_cover(covered, inside, data + done + part, piece);
            else
                covered->covered = 0;
        }
    }
    return status;
}

static enum skr_status skr_draft_write_locked(struct skr_worker *worker, struct skr_draft *draft, uint64_t offset,
                                              const void *data, size_t size, struct skr_error *err)
{
    uint64_t end = offset + size, last = (end - 1) / SKR_DRAFT_CHUNK;
    enum skr_status status = SKR_OK;
    if (size == 0)
        return SKR_OK;
    if (end < offset || end > SKR_STORE_MAX_FILE_BYTES)
        return skr_fail(err, SKR_TOO_LARGE, "a file has at most %llu bytes", (unsigned long long)SKR_STORE_MAX_FILE_BYTES);
    bool is_small =
        end <= draft->core->options.inline_limit_bytes && draft->size_bytes <= draft->core->options.inline_limit_bytes;
    status = is_small ? skr_draft_enter_memory(worker, draft, err) : skr_draft_leave_memory(worker, draft, err);
    for (uint64_t index = offset / SKR_DRAFT_CHUNK; index <= last && status == SKR_OK; index++)
        status =
            skr_draft_own(worker, draft, index, index * SKR_DRAFT_CHUNK >= offset && (index + 1) * SKR_DRAFT_CHUNK <= end, err);
    if (status == SKR_OK)
        status = skr_draft_write_own(worker, draft, offset, data, size, err);
    draft->is_dirty = true;
    if (status == SKR_OK && end > draft->size_bytes)
        draft->size_bytes = end;
    return status;
}

enum skr_status skr_draft_write(struct skr_worker *worker, struct skr_draft *draft, uint64_t offset, const void *data,
                                size_t size, struct skr_error *err)
{
    pthread_mutex_lock(&draft->lock);
    enum skr_status status = skr_draft_write_locked(worker, draft, offset, data, size, err);
    pthread_mutex_unlock(&draft->lock);
    return status;
}

enum skr_status skr_draft_append(struct skr_worker *worker, struct skr_draft *draft, const void *data, size_t size,
                                 uint64_t *at, struct skr_error *err)
{
    pthread_mutex_lock(&draft->lock);
    *at = draft->size_bytes;
    enum skr_status status = skr_draft_write_locked(worker, draft, *at, data, size, err);
    pthread_mutex_unlock(&draft->lock);
    return status;
}

/* Zeros over a part of one chunk, which has them already where it is a hole. */
static enum skr_status skr_draft_clear(struct skr_worker *worker, struct skr_draft *draft, uint64_t offset, size_t size,
                                       struct skr_error *err)
{
    static const unsigned char zeros[SKR_DRAFT_CHUNK];
    enum skr_draft_state state = skr_draft_state_at(draft, offset / SKR_DRAFT_CHUNK);
    if (size == 0 || state == SKR_DRAFT_HOLE || (state == SKR_DRAFT_BASE && offset >= draft->base_bytes))
        return SKR_OK;
    if (state == SKR_DRAFT_MEMORY) {
        uint64_t limit = draft->core->options.inline_limit_bytes;
        if (offset < limit)
            memset(draft->memory + offset, 0, limit - offset < size ? (size_t)(limit - offset) : size);
        return SKR_OK;
    }
    enum skr_status status = skr_draft_own(worker, draft, offset / SKR_DRAFT_CHUNK, false, err);
    return status != SKR_OK ? status : skr_draft_write_own(worker, draft, offset, zeros, size, err);
}

static enum skr_status skr_draft_cut(struct skr_worker *worker, struct skr_draft *draft, uint64_t size, struct skr_error *err)
{
    uint64_t tail = (size + SKR_DRAFT_CHUNK - 1) / SKR_DRAFT_CHUNK * SKR_DRAFT_CHUNK; /* where the last chunk ends */
    if (tail > draft->size_bytes)
        tail = draft->size_bytes;
    enum skr_draft_state state = skr_draft_state_at(draft, size / SKR_DRAFT_CHUNK);
    uint64_t limit = draft->core->options.inline_limit_bytes;
    if (state == SKR_DRAFT_MEMORY && size < limit)
        memset(draft->memory + size, 0, (size_t)(limit - size));
    if (state == SKR_DRAFT_OWN && tail > size) { /* see the invariant */
        enum skr_status status = skr_draft_clear(worker, draft, size, (size_t)(tail - size), err);
        if (status != SKR_OK)
            return status;
        skr_draft_chunk(draft, size / SKR_DRAFT_CHUNK)->covered = 0;
    }
    for (uint64_t index = (size + SKR_DRAFT_CHUNK - 1) / SKR_DRAFT_CHUNK;
         index < draft->page_count * (uint64_t)SKR_DRAFT_PAGE_CHUNKS;) {
        struct skr_draft_chunk *chunk = skr_draft_chunk(draft, index);
        if (chunk != NULL)
            skr_draft_drop(draft, chunk);
        index = chunk != NULL ? index + 1 : (index / SKR_DRAFT_PAGE_CHUNKS + 1) * SKR_DRAFT_PAGE_CHUNKS;
    }
    if (draft->base_bytes > size)
        draft->base_bytes = size;
    if (size == 0)
        skr_draft_begin_anew(worker, draft);
    return SKR_OK;
}

enum skr_status skr_draft_resize(struct skr_worker *worker, struct skr_draft *draft, uint64_t size, struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    pthread_mutex_lock(&draft->lock);
    if (size > SKR_STORE_MAX_FILE_BYTES)
        status = skr_fail(err, SKR_TOO_LARGE, "a file has at most %llu bytes", (unsigned long long)SKR_STORE_MAX_FILE_BYTES);
    else if (size < draft->size_bytes)
        status = skr_draft_cut(worker, draft, size, err);
    if (status == SKR_OK) {
        draft->is_dirty |= size != draft->size_bytes;
        draft->size_bytes = size;
    }
    pthread_mutex_unlock(&draft->lock);
    return status;
}

enum skr_status skr_draft_punch(struct skr_worker *worker, struct skr_draft *draft, uint64_t offset, uint64_t size,
                                struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    pthread_mutex_lock(&draft->lock);
    uint64_t end = offset + size < offset || offset + size > draft->size_bytes ? draft->size_bytes : offset + size;
    for (uint64_t at = offset; at < end && status == SKR_OK;) {
        uint64_t next = (at / SKR_DRAFT_CHUNK + 1) * SKR_DRAFT_CHUNK;
        bool is_whole = at % SKR_DRAFT_CHUNK == 0 && (next <= end || end == draft->size_bytes);
        if (next > end)
            next = end;
        draft->is_dirty = true;
        if (!is_whole) {
            status = skr_draft_clear(worker, draft, at, (size_t)(next - at), err);
        } else {
            struct skr_draft_chunk *chunk = skr_draft_chunk_make(draft, at / SKR_DRAFT_CHUNK);
            if (chunk == NULL) {
                status = skr_fail(err, SKR_NO_MEMORY, "no memory for a file's chunks");
                break;
            }
            skr_draft_drop(draft, chunk);
            chunk->state = SKR_DRAFT_HOLE;
        }
        at = next;
    }
    pthread_mutex_unlock(&draft->lock);
    return status;
}

enum skr_status skr_draft_seek(struct skr_draft *draft, uint64_t offset, bool data, uint64_t *out, struct skr_error *err)
{
    enum skr_status status = SKR_NOT_FOUND;
    pthread_mutex_lock(&draft->lock);
    for (uint64_t at = offset; at < draft->size_bytes && status != SKR_OK;) {
        enum skr_draft_state state = skr_draft_state_at(draft, at / SKR_DRAFT_CHUNK);
        bool is_hole = state == SKR_DRAFT_HOLE || (state == SKR_DRAFT_BASE && at >= draft->base_bytes);
        *out = at;
        if (is_hole != data)
            status = SKR_OK;
        at = (at / SKR_DRAFT_CHUNK + 1) * SKR_DRAFT_CHUNK;
    }
    if (status != SKR_OK && !data && offset < draft->size_bytes) {
        *out = draft->size_bytes;
        status = SKR_OK;
    }
    pthread_mutex_unlock(&draft->lock);
    return status == SKR_OK ? SKR_OK : skr_fail(err, SKR_NOT_FOUND, "there is nothing of that kind behind it");
}

enum skr_status skr_draft_replace(struct skr_worker *worker, struct skr_draft *draft, struct skr_held *held,
                                  struct skr_error *err)
{
    pthread_mutex_lock(&draft->lock);
    enum skr_status status = skr_draft_cut(worker, draft, 0, err);
    if (status == SKR_OK) {
        skr_draft_bury(draft, skr_held_content(draft->base)->id);
        skr_held_release(draft->base);
        draft->base = skr_held_retain(held);
        draft->size_bytes = draft->base_bytes = skr_held_content(held)->size_bytes;
        draft->is_dirty = true;
    }
    pthread_mutex_unlock(&draft->lock);
    return status;
}
