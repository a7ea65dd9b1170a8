/* Verified reads: the page cache first, the ring for what is not there. Bytes whose checksum does not match never reach the
 * caller.
 *
 * What the kernel reads asynchronously goes to memory that the read owns, so that a caller may walk away at any time.
 */
#include <errno.h>
#include <stdlib.h>

#include "files.h"
#include "skerry/log.h"

/* A read that is under way, or its buffer. Owned by the ring's thread. */
struct skr_read_state {
    struct skr_io_op op; /* first */
    struct skr_store *store;
    struct skr_io *io;
    struct skr_read *read; /* NULL: cancelled */
    int fd;
    uint64_t begin, end; /* whole chunks of the file */
    size_t filled;
    uint32_t crc32c[SKR_MAX_CHUNKS];
    unsigned char *bytes;
};

bool skr_read_span(const struct skr_read *read, uint64_t *begin, uint64_t *end)
{
    uint64_t wanted_end = read->offset_bytes + read->size_bytes;
    *begin = read->offset_bytes / SKR_CRC_CHUNK_BYTES * SKR_CRC_CHUNK_BYTES;
    *end = (wanted_end + SKR_CRC_CHUNK_BYTES - 1) / SKR_CRC_CHUNK_BYTES * SKR_CRC_CHUNK_BYTES;
    if (*end > read->end_bytes)
        *end = read->end_bytes;
    return *end >= wanted_end && (*end - *begin) / SKR_CRC_CHUNK_BYTES + 1 <= SKR_MAX_CHUNKS;
}

bool skr_chunks_match(const unsigned char *bytes, size_t size, const uint32_t *crc32c)
{
    for (size_t at = 0, i = 0; at < size; at += SKR_CRC_CHUNK_BYTES, i++) {
        size_t length = size - at < SKR_CRC_CHUNK_BYTES ? size - at : SKR_CRC_CHUNK_BYTES;
        if (skr_crc32c(0, bytes + at, length) != crc32c[i])
            return false;
    }
    return true;
}

static enum skr_status skr_read_mismatch(struct skr_store *store, struct skr_read *read)
{
    atomic_fetch_add_explicit(&store->counters.checksum_failures, 1, memory_order_relaxed);
    skr_log(SKR_LOG_ERROR, "store", "checksum mismatch in content file %016llx near byte %llu",
            (unsigned long long)read->file->id, (unsigned long long)read->offset_bytes);
    return skr_fail(&read->error, SKR_CORRUPT, "content file %016llx does not match its checksum near byte %llu",
                    (unsigned long long)read->file->id, (unsigned long long)read->offset_bytes);
}

static enum skr_status skr_read_failed(struct skr_read *read, int result)
{
    if (result == 0)
        return skr_fail(&read->error, SKR_CORRUPT, "content file %016llx is too short", (unsigned long long)read->file->id);
    return skr_fail_os(&read->error, skr_store_status(result), -result, "cannot read content file %016llx: %s",
                       (unsigned long long)read->file->id, strerror(-result));
}

/* As much as is in the page cache: bytes, or a failure other than "would block". */
static ssize_t skr_read_from_cache(struct skr_io *io, int fd, unsigned char *bytes, size_t size, uint64_t offset)
{
    size_t filled = 0;
    while (filled < size) {
        ssize_t got = skr_io_read_cached(io, fd, bytes + filled, size - filled, offset + filled);
        if (got == -EAGAIN || got == -EOPNOTSUPP || got == -EINTR || (got == 0 && filled > 0))
            break;
        if (got < 0)
            return got;
        if (got == 0)
            break;
        filled += (size_t)got;
    }
    return (ssize_t)filled;
}

/* Verifies and hands out. */
static enum skr_status skr_read_deliver(struct skr_read_state *state)
{
    struct skr_read *read = state->read;
    size_t size = (size_t)(state->end - state->begin);
    if (!skr_chunks_match(state->bytes, size, state->crc32c))
        return skr_read_mismatch(state->store, read);
    memcpy(read->buffer, state->bytes + (read->offset_bytes - state->begin), read->size_bytes);
    atomic_fetch_add_explicit(&state->store->counters.read_bytes, read->size_bytes, memory_order_relaxed);
    return SKR_OK;
}

static void skr_read_continue(struct skr_io_op *op, int result)
{
    struct skr_read_state *state = (struct skr_read_state *)op;
    struct skr_read *read = state->read;
    size_t size = (size_t)(state->end - state->begin);
    if (result > 0)
        state->filled += (size_t)result;
    if (read != NULL && state->filled < size && (result > 0 || result == -EAGAIN || result == -EINTR)) {
        skr_io_read(state->io, op, state->fd, state->bytes + state->filled, size - state->filled, state->begin + state->filled);
        return;
    }
    enum skr_status status = SKR_OK;
    if (read != NULL) {
        read->state = NULL;
        status = state->filled < size ? skr_read_failed(read, result) : skr_read_deliver(state);
    }
    free(state->bytes);
    free(state);
    if (read != NULL)
        read->done(read, status);
}

static enum skr_status skr_read_later(struct skr_store *store, struct skr_io *io, struct skr_read *read, uint64_t begin,
                                      uint64_t end, const unsigned char *filled_bytes, size_t filled, unsigned char *bounce)
{
    struct skr_read_state *state = calloc(1, sizeof *state);
    unsigned char *bytes = bounce != NULL ? bounce : malloc((size_t)(end - begin));
    if (state == NULL || bytes == NULL) {
        free(state);
        free(bytes);
        return skr_fail(&read->error, SKR_NO_MEMORY, "no memory to read");
    }
    if (bounce == NULL)
        memcpy(bytes, filled_bytes, filled);
    state->op.done = skr_read_continue;
    state->store = store;
    state->io = io;
    state->read = read;
    state->fd = read->file->fd;
    state->begin = begin;
    state->end = end;
    state->filled = filled;
    state->bytes = bytes;
    memcpy(state->crc32c, read->crc32c,
           (size_t)((end - begin + SKR_CRC_CHUNK_BYTES - 1) / SKR_CRC_CHUNK_BYTES) * sizeof *state->crc32c);
    read->state = state;
    skr_io_read(io, &state->op, state->fd, bytes + filled, (size_t)(end - begin) - filled, begin + filled);
    return SKR_PENDING;
}

enum skr_status skr_store_read(struct skr_store *store, struct skr_io *io, struct skr_read *read)
{
    uint64_t begin, end;
    if (!skr_read_span(read, &begin, &end))
        return skr_fail(&read->error, SKR_INVALID_ARGUMENT, "a read outside its range");
    size_t size = (size_t)(end - begin);
    bool whole = size == read->size_bytes;
    unsigned char *bounce = whole ? NULL : malloc(size);
    if (!whole && bounce == NULL)
        return skr_fail(&read->error, SKR_NO_MEMORY, "no memory to read");
    unsigned char *bytes = whole ? read->buffer : bounce;
    ssize_t filled = skr_read_from_cache(io, read->file->fd, bytes, size, begin);
    if (filled >= 0 && (size_t)filled < size)
        return skr_read_later(store, io, read, begin, end, bytes, (size_t)filled, bounce);
    enum skr_status status = SKR_OK;
    if (filled < 0)
        status = skr_read_failed(read, (int)filled);
    else if (!skr_chunks_match(bytes, size, read->crc32c))
        status = skr_read_mismatch(store, read);
    else if (!whole)
        memcpy(read->buffer, bounce + (read->offset_bytes - begin), read->size_bytes);
    free(bounce);
    if (status == SKR_OK) {
        atomic_fetch_add_explicit(&store->counters.read_bytes, read->size_bytes, memory_order_relaxed);
        if (!atomic_load_explicit(&read->file->in_memory, memory_order_relaxed))
            atomic_store_explicit(&read->file->in_memory, true, memory_order_relaxed);
    }
    return status;
}

void skr_read_cancel(struct skr_read *read)
{
    struct skr_read_state *state = read->state;
    if (state != NULL)
        state->read = NULL;
    read->state = NULL;
}
