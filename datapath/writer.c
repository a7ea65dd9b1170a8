/* One stream of bytes on its way into a content file: buffered, checksummed, several writes in flight, then made durable. A
 * full buffer is written and hashed at the same time, and free when both are done; buffers are hashed one after the other.
 *
 * Invariants: every write begins on a checksum boundary of the file and, with O_DIRECT, on its alignment; only the last one is
 * padded, inside the writer's own file or slot. `finish` completes after all writes, then the cut to the true size, then a sync
 * that began after them. A discarded writer lives until nothing of it is in flight. Owned by its ring's thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "skerry/log.h"
#include "store_private.h"

#define SKR_WRITES_IN_FLIGHT 4
#define SKR_ALLOCATE_FROM_BYTES (1u << 20)
#define SKR_HASH_AWAY_BYTES (192u << 10)

/* A buffer that fills up, or that is being written. */
struct skr_write_buffer {
    struct skr_io_op op; /* first */
    struct skr_writer *writer;
    unsigned char *bytes; /* NULL: the place is free */
    size_t capacity, used;
    size_t size, written; /* to write, with padding; written so far */
    uint64_t offset;      /* in the file */
    bool pooled, writing, unhashed;
    struct skr_hash_job hash;
    struct skr_write_buffer *next_unhashed;
};

struct skr_writer {
    struct skr_store *store;
    struct skr_io *io;
    uint64_t expected_size;
    struct skr_slots *slots;   /* holds a reference, or NULL */
    struct skr_pool_file file; /* own file, when there are no slots */
    uint64_t base;             /* of the slot in the file */
    uint64_t size;             /* bytes taken */
    uint32_t *crc32c;
    size_t crc_capacity;
    struct skr_write_buffer buffers[SKR_WRITES_IN_FLIGHT];
    struct skr_write_buffer *current; /* filling */
    size_t in_flight;                 /* buffers that are being written or hashed */
    struct skr_md5 *md5;              /* NULL: not asked for */
    struct skr_write_buffer *unhashed,
        **last_unhashed; /* full ones, in their order; the first is being hashed while `hashing` */
    size_t unhashed_count;
    bool hashing;
    bool stalled;       /* took less than offered */
    uint64_t allocated; /* from `base` on; fewer bytes may come than were announced */
    bool padded;
    bool discarded, syncing;
    struct skr_error failure;
    void (*ready)(void *context);
    void *context;
    void (*done)(void *context, enum skr_status, const struct skr_error *); /* finishing */
    void *done_context;
    struct skr_io_op done_op; /* reports a failure or an empty stream, not inside the call */
    struct skr_sync_waiter sync;
    struct skr_written result;
};

static int skr_writer_descriptor(const struct skr_writer *writer)
{
    return writer->slots != NULL ? skr_slots_descriptor(writer->slots) : writer->file.fd;
}

static void skr_writer_fail(struct skr_writer *writer, int result, const char *what)
{
    if (writer->failure.status == SKR_OK)
        skr_fail_os(&writer->failure, skr_store_status(result), -result, "cannot %s: %s", what, strerror(-result));
}

/* ---- opening ---- */

static enum skr_status skr_writer_place(struct skr_writer *writer, struct skr_slots *slots, struct skr_error *err)
{
    if (slots != NULL && writer->expected_size != SKR_SIZE_UNKNOWN &&
        skr_slots_reserve(slots, writer->expected_size, &writer->base)) {
        skr_slots_retain(slots);
        writer->slots = slots;
        return SKR_OK;
    }
    return skr_pool_take(writer->store, writer->io, &writer->file, err);
}

/* Room on the disk, asked for ahead: running out shows before the bytes were sent, and the file is laid out in one piece. */
static enum skr_status skr_writer_allocate(struct skr_writer *writer, struct skr_error *err)
{
    if (writer->expected_size == SKR_SIZE_UNKNOWN || writer->expected_size < SKR_ALLOCATE_FROM_BYTES)
        return SKR_OK;
    uint64_t size = (writer->expected_size + SKR_DIRECT_ALIGNMENT - 1) / SKR_DIRECT_ALIGNMENT * SKR_DIRECT_ALIGNMENT;
    int result = writer->slots != NULL ? skr_slots_allocate(writer->slots, writer->io, writer->base + size, size)
                                       : skr_io_allocate(writer->io, writer->file.fd, writer->base, size);
    if (result < 0 && result != -EOPNOTSUPP && result != -ENOSYS)
        return skr_fail_os(err, skr_store_status(result), -result, "cannot reserve %llu bytes: %s", (unsigned long long)size,
                           strerror(-result));
    writer->allocated = result == 0 ? size : 0;
    return SKR_OK;
}

enum skr_status skr_writer_open(struct skr_store *store, struct skr_io *io, const struct skr_writer_options *options,
                                struct skr_writer **out, struct skr_error *err)
{
    enum skr_status status =
        skr_store_take(store, options->expected_size == SKR_SIZE_UNKNOWN ? 0 : options->expected_size, err);
    if (status != SKR_OK)
        return status;
    struct skr_writer *writer = calloc(1, sizeof *writer);
    if (writer == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a writer");
    atomic_fetch_add_explicit(&store->counters.writers_open, 1, memory_order_relaxed);
    writer->store = store;
    writer->io = io;
    writer->expected_size = options->expected_size;
    writer->file.fd = -1;
    writer->last_unhashed = &writer->unhashed;
    writer->ready = options->ready;
    writer->context = options->context;
    writer->crc_capacity = options->expected_size == SKR_SIZE_UNKNOWN
                               ? 64
                               : (size_t)((options->expected_size + SKR_CRC_CHUNK_BYTES - 1) / SKR_CRC_CHUNK_BYTES);
    writer->crc32c = calloc(writer->crc_capacity + 1, sizeof *writer->crc32c);
    if (writer->crc32c == NULL)
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for checksums");
    if (status == SKR_OK && options->md5)
        status = skr_md5_open(&writer->md5, err);
    if (status == SKR_OK)
        status = skr_writer_place(writer, options->slots, err);
    if (status == SKR_OK)
        status = skr_writer_allocate(writer, err);
    if (status != SKR_OK) {
        skr_writer_discard(writer);
        return status;
    }
    *out = writer;
    return SKR_OK;
}

/* ---- buffers ---- */

static void skr_buffer_release(struct skr_writer *writer, struct skr_write_buffer *buffer)
{
    if (buffer->pooled)
        skr_buffers_give(&writer->store->buffers, buffer->bytes);
    else
        free(buffer->bytes);
    buffer->bytes = NULL;
}

/* A free place with memory: a large buffer for long streams while there are some, else a small one, and only one of those. */
static struct skr_write_buffer *skr_buffer_take(struct skr_writer *writer)
{
    struct skr_write_buffer *place = NULL;
    for (size_t i = 0; i < SKR_WRITES_IN_FLIGHT && place == NULL; i++)
        if (writer->buffers[i].bytes == NULL)
            place = &writer->buffers[i];
    if (place == NULL)
        return NULL;
    uint64_t left = writer->expected_size == SKR_SIZE_UNKNOWN ? SKR_LARGE_BUFFER_BYTES : writer->expected_size - writer->size;
    *place = (struct skr_write_buffer){.writer = writer, .offset = writer->base + writer->size};
    if (left > SKR_LARGE_BUFFER_BYTES / 2) {
        place->bytes = skr_buffers_take(&writer->store->buffers);
        place->capacity = SKR_LARGE_BUFFER_BYTES;
        place->pooled = place->bytes != NULL;
    }
    if (place->bytes == NULL && (writer->in_flight == 0 || left <= SKR_LARGE_BUFFER_BYTES / 2)) {
        place->capacity = left < SKR_CRC_CHUNK_BYTES ? SKR_CRC_CHUNK_BYTES : SKR_LARGE_BUFFER_BYTES / 2;
        place->bytes = aligned_alloc(SKR_DIRECT_ALIGNMENT, place->capacity);
        if (place->bytes == NULL && writer->in_flight == 0)
            skr_writer_fail(writer, -ENOMEM, "buffer bytes");
    }
    return place->bytes == NULL ? NULL : place;
}

static bool skr_writer_reserve_crc(struct skr_writer *writer, size_t count)
{
    if (count <= writer->crc_capacity)
        return true;
    size_t capacity = count * 2;
    uint32_t *grown = realloc(writer->crc32c, capacity * sizeof *grown);
    if (grown == NULL)
        return false;
    memset(grown + writer->crc_capacity, 0, (capacity - writer->crc_capacity) * sizeof *grown);
    writer->crc32c = grown;
    writer->crc_capacity = capacity;
    return true;
}

/* Continues the checksums of the chunks that [size, size + length) touches. */
static void skr_writer_sum(struct skr_writer *writer, const unsigned char *bytes, size_t length)
{
    uint64_t at = writer->size;
    if (!skr_writer_reserve_crc(writer, (size_t)((at + length) / SKR_CRC_CHUNK_BYTES + 1))) {
        skr_writer_fail(writer, -ENOMEM, "keep checksums");
        return;
    }
    while (length > 0) {
        size_t chunk = (size_t)(at / SKR_CRC_CHUNK_BYTES), room = SKR_CRC_CHUNK_BYTES - (size_t)(at % SKR_CRC_CHUNK_BYTES);
        size_t piece = length < room ? length : room;
        writer->crc32c[chunk] = skr_crc32c(writer->crc32c[chunk], bytes, piece);
        at += piece;
        bytes += piece;
        length -= piece;
    }
}

/* ---- writing ---- */

static void skr_writer_advance(struct skr_writer *writer);

static void skr_buffer_submit(struct skr_write_buffer *buffer)
{
    struct skr_writer *writer = buffer->writer;
    skr_io_write(writer->io, &buffer->op, skr_writer_descriptor(writer), buffer->bytes + buffer->written,
                 buffer->size - buffer->written, buffer->offset + buffer->written);
}

/* O_DIRECT was accepted at open and refused now, or a short write left it unaligned: go on through the page cache. */
static bool skr_writer_leave_direct(struct skr_writer *writer)
{
    int fd = skr_writer_descriptor(writer);
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || (flags & O_DIRECT) == 0)
        return false;
    return fcntl(fd, F_SETFL, flags & ~O_DIRECT) == 0;
}

/* ---- hashing ---- */

static void skr_buffer_settle(struct skr_write_buffer *buffer)
{
    struct skr_writer *writer = buffer->writer;
    if (buffer->writing || buffer->unhashed)
        return;
    skr_buffer_release(writer, buffer);
    writer->in_flight--;
    skr_writer_advance(writer);
}

static void skr_writer_hash_next(struct skr_writer *writer);

/* Nothing more can be done, or soon, before the next buffer is hashed. While hashing is what bounds the stream, that is so
 * again whenever a buffer was hashed, and the thread never waits. */
static bool skr_writer_needs_hash(const struct skr_writer *writer)
{
    return writer->stalled || writer->discarded || writer->done != NULL || writer->unhashed_count >= SKR_WRITES_IN_FLIGHT - 1;
}

static void skr_writer_hurry(struct skr_writer *writer)
{
    if (writer->hashing && skr_writer_needs_hash(writer))
        skr_hashing_hurry(&writer->store->hashing, &writer->unhashed->hash);
}

static void skr_buffer_hashed(struct skr_io_op *op, int result)
{
    struct skr_write_buffer *buffer = (struct skr_write_buffer *)((char *)op - offsetof(struct skr_write_buffer, hash));
    struct skr_writer *writer = buffer->writer;
    (void)result;
    writer->unhashed = buffer->next_unhashed;
    writer->unhashed_count--;
    if (writer->unhashed == NULL)
        writer->last_unhashed = &writer->unhashed;
    writer->hashing = false;
    buffer->unhashed = false;
    if (writer->discarded)
        writer->unhashed = NULL;
    skr_writer_hash_next(writer);
    skr_buffer_settle(buffer); /* may free the writer */
}

static void skr_writer_hash_next(struct skr_writer *writer)
{
    struct skr_write_buffer *buffer = writer->unhashed;
    if (writer->hashing || buffer == NULL)
        return;
    writer->hashing = true;
    buffer->hash.op.done = skr_buffer_hashed;
    buffer->hash.io = writer->io;
    buffer->hash.work = (struct skr_md5_work){writer->md5, buffer->bytes, buffer->used};
    skr_hashing_submit(&writer->store->hashing, &buffer->hash, skr_writer_needs_hash(writer));
}

/* What is small, and has nothing before it, is hashed at once: handing it over would cost as much. */
static void skr_buffer_hash(struct skr_write_buffer *buffer)
{
    struct skr_writer *writer = buffer->writer;
    if (writer->md5 == NULL)
        return;
    if (writer->unhashed == NULL && buffer->used < SKR_HASH_AWAY_BYTES) {
        skr_md5_update(writer->md5, buffer->bytes, buffer->used);
        return;
    }
    buffer->unhashed = true;
    buffer->next_unhashed = NULL;
    *writer->last_unhashed = buffer;
    writer->last_unhashed = &buffer->next_unhashed;
    writer->unhashed_count++;
    if (writer->hashing)
        skr_writer_hurry(writer);
    else
        skr_writer_hash_next(writer);
}

/* Nobody wants the rest hashed. The one that a thread is at stays until it is done. */
static void skr_writer_forget_hashes(struct skr_writer *writer)
{
    struct skr_write_buffer *first = writer->hashing ? writer->unhashed->next_unhashed : writer->unhashed;
    for (struct skr_write_buffer *buffer = first; buffer != NULL; buffer = buffer->next_unhashed) {
        buffer->unhashed = false;
        writer->unhashed_count--;
    }
    skr_writer_hurry(writer);
    for (struct skr_write_buffer *buffer = first; buffer != NULL; buffer = buffer->next_unhashed)
        if (!buffer->writing) {
            skr_buffer_release(writer, buffer);
            writer->in_flight--;
        }
    if (writer->hashing)
        writer->unhashed->next_unhashed = NULL;
    else
        writer->unhashed = NULL;
}

/* ---- writing, continued ---- */

static void skr_buffer_written(struct skr_io_op *op, int result)
{
    struct skr_write_buffer *buffer = (struct skr_write_buffer *)op;
    struct skr_writer *writer = buffer->writer;
    if (result > 0)
        buffer->written += (size_t)result;
    bool again = result > 0 || result == -EAGAIN || result == -EINTR;
    if (result == -EINVAL || (result > 0 && buffer->written % SKR_DIRECT_ALIGNMENT != 0))
        again = skr_writer_leave_direct(writer) || result > 0;
    if (buffer->written < buffer->size && again && !writer->discarded) {
        skr_buffer_submit(buffer);
        return;
    }
    if (buffer->written < buffer->size && !writer->discarded)
        skr_writer_fail(writer, result == 0 ? -ENOSPC : result, "write");
    atomic_fetch_add_explicit(&writer->store->counters.written_bytes, buffer->used, memory_order_relaxed);
    buffer->writing = false;
    skr_buffer_settle(buffer);
}

static void skr_writer_flush(struct skr_writer *writer)
{
    struct skr_write_buffer *buffer = writer->current;
    writer->current = NULL;
    buffer->size = (buffer->used + SKR_DIRECT_ALIGNMENT - 1) / SKR_DIRECT_ALIGNMENT * SKR_DIRECT_ALIGNMENT;
    if (buffer->size != buffer->used) {
        memset(buffer->bytes + buffer->used, 0, buffer->size - buffer->used);
        writer->padded = true;
    }
    buffer->op.done = skr_buffer_written;
    buffer->writing = true;
    writer->in_flight++;
    skr_buffer_hash(buffer);
    skr_buffer_submit(buffer);
}

size_t skr_writer_write(struct skr_writer *writer, const void *data, size_t size)
{
    const unsigned char *bytes = data;
    size_t taken = 0;
    if (writer->failure.status == SKR_OK && writer->expected_size != SKR_SIZE_UNKNOWN &&
        size > writer->expected_size - writer->size)
        skr_fail(&writer->failure, SKR_INVALID_ARGUMENT, "more bytes than announced");
    while (taken < size && writer->failure.status == SKR_OK) {
        if (writer->current == NULL)
            writer->current = skr_buffer_take(writer);
        struct skr_write_buffer *buffer = writer->current;
        if (buffer == NULL) {
            if (writer->failure.status != SKR_OK)
                break;
            writer->stalled = true;
            skr_writer_hurry(writer);
            return taken;
        }
        size_t room = buffer->capacity - buffer->used, piece = size - taken < room ? size - taken : room;
        skr_writer_sum(writer, bytes + taken, piece); /* of the bytes that just came in, which are in the cache still */
        skr_buffers_fill(buffer->bytes + buffer->used, bytes + taken, piece);
        buffer->used += piece;
        writer->size += piece;
        taken += piece;
        if (buffer->used == buffer->capacity)
            skr_writer_flush(writer);
    }
    return size;
}

/* ---- finishing ---- */

static void skr_writer_free(struct skr_writer *writer)
{
    for (size_t i = 0; i < SKR_WRITES_IN_FLIGHT; i++)
        if (writer->buffers[i].bytes != NULL)
            skr_buffer_release(writer, &writer->buffers[i]);
    if (atomic_fetch_sub_explicit(&writer->store->counters.writers_open, 1, memory_order_relaxed) == 1)
        skr_buffers_trim(&writer->store->buffers, 8);
    if (writer->file.fd >= 0)
        close(writer->file.fd);
    skr_slots_release(writer->slots);
    skr_md5_close(writer->md5);
    free(writer->crc32c);
    free(writer);
}

/* The bytes are given back as far as that is possible: what stays is garbage without a record. */
static void skr_writer_undo(struct skr_writer *writer)
{
    char path[SKR_PATH_SIZE];
    if (writer->slots != NULL) {
        uint64_t size = writer->expected_size;
        if (size > 0)
            skr_io_punch(writer->io, skr_slots_descriptor(writer->slots), writer->base,
                         (size + SKR_CRC_CHUNK_BYTES - 1) / SKR_CRC_CHUNK_BYTES * SKR_CRC_CHUNK_BYTES);
    } else if (writer->file.fd >= 0) {
        skr_store_path(path, writer->file.id);
        skr_io_unlink_file(writer->io, writer->store->root_fd, path);
    }
}

static void skr_writer_report(struct skr_writer *writer)
{
    void (*done)(void *, enum skr_status, const struct skr_error *) = writer->done;
    writer->done = NULL;
    done(writer->done_context, writer->failure.status, &writer->failure);
}

static void skr_writer_synced(struct skr_io_op *op, int result)
{
    struct skr_writer *writer =
        (struct skr_writer *)((char *)op - offsetof(struct skr_sync_waiter, op) - offsetof(struct skr_writer, sync));
    writer->syncing = false;
    if (result < 0) {
        if (writer->slots == NULL)
            skr_store_sync_failed(writer->store, result);
        skr_writer_fail(writer, result, "make bytes durable");
        writer->failure.status = SKR_READ_ONLY;
    }
    skr_writer_advance(writer);
}

static void skr_writer_sync(struct skr_writer *writer)
{
    writer->syncing = true;
    writer->sync.io = writer->io;
    writer->sync.op.done = skr_writer_synced;
    if (writer->slots != NULL) {
        skr_slots_sync(writer->slots, &writer->sync);
    } else {
        atomic_fetch_add_explicit(&writer->store->counters.syncs, 1, memory_order_relaxed);
        skr_io_sync_data(writer->io, &writer->sync.op, writer->file.fd);
    }
}

static void skr_writer_begin_sync(struct skr_writer *writer)
{
    if (writer->slots == NULL && (writer->padded || writer->allocated > writer->size)) {
        int result = skr_io_truncate(writer->io, writer->file.fd, writer->size);
        if (result < 0) {
            skr_writer_fail(writer, result, "cut a file to its size");
            return;
        }
    }
    writer->result = (struct skr_written){
        .file_id = writer->slots != NULL ? skr_slots_file_id(writer->slots) : writer->file.id,
        .offset_bytes = writer->base,
        .size_bytes = writer->size,
        .crc32c = writer->crc32c,
        .crc_count = (size_t)((writer->size + SKR_CRC_CHUNK_BYTES - 1) / SKR_CRC_CHUNK_BYTES),
    };
    if (writer->md5 != NULL)
        skr_md5_finish(writer->md5, writer->result.md5);
    skr_writer_sync(writer);
}

/* What comes next, after a write or a sync completed. */
static void skr_writer_advance(struct skr_writer *writer)
{
    if (writer->discarded) {
        if (writer->in_flight == 0 && !writer->syncing) {
            skr_writer_undo(writer);
            skr_writer_free(writer);
        }
        return;
    }
    if (writer->stalled) {
        writer->stalled = false;
        writer->ready(writer->context);
        return;
    }
    if (writer->done == NULL || writer->in_flight > 0 || writer->syncing)
        return;
    if (writer->failure.status == SKR_OK && writer->result.file_id == 0)
        skr_writer_begin_sync(writer);
    if (!writer->syncing)
        skr_writer_report(writer);
}

static void skr_writer_done_later(struct skr_io_op *op, int result)
{
    struct skr_writer *writer = (struct skr_writer *)((char *)op - offsetof(struct skr_writer, done_op));
    (void)result;
    writer->in_flight--;
    skr_writer_advance(writer);
}

void skr_writer_finish(struct skr_writer *writer, void (*done)(void *context, enum skr_status, const struct skr_error *),
                       void *context)
{
    writer->done = done;
    writer->done_context = context;
    if (writer->current != NULL && writer->failure.status == SKR_OK)
        skr_writer_flush(writer);
    skr_writer_hurry(writer);
    if (writer->in_flight == 0) {
        writer->in_flight++;
        writer->done_op.done = skr_writer_done_later;
        skr_io_complete(writer->io, &writer->done_op, 0);
    }
}

const struct skr_written *skr_writer_result(const struct skr_writer *writer)
{
    return &writer->result;
}

void skr_writer_keep(struct skr_writer *writer)
{
    if (writer != NULL)
        skr_writer_free(writer);
}

void skr_writer_discard(struct skr_writer *writer)
{
    if (writer == NULL)
        return;
    writer->discarded = true;
    writer->done = NULL;
    skr_writer_forget_hashes(writer);
    skr_writer_advance(writer);
}
