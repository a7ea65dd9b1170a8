/* Reading an object as it was when it was opened, verified, from the page cache where possible, never blocking a reactor.
 *
 * Invariant: a reader whose bytes are in content files pins the content, so that neither its records nor its files go while it
 * reads. A view is held only to look up extents and checksums, never over I/O.
 */
#include <stdlib.h>

#include "federation/accesses.h"
#include "federation/cached_reader.h"
#include "skerry/log.h"
#include "state.h"

#define SKR_EXTENT_WINDOW 16
#define SKR_MAX_READ_BYTES (1u << 20)
#define SKR_MAX_PAYLOAD_BYTES 65536 /* inline_limit_bytes at most */
#define SKR_MAX_READ_CHUNKS (SKR_MAX_READ_BYTES / SKR_CRC_CHUNK_BYTES + 2)

/* Owned by its worker's thread. */
struct skr_reader {
    struct skr_worker *worker;
    struct skr_content content;
    struct skr_bytes payload;         /* INLINE: in the arena of the open call */
    struct skr_cached_reader *cached; /* CACHED */
    bool pinned;
    struct skr_extent window[SKR_EXTENT_WINDOW]; /* consecutive extents */
    uint64_t window_offset;                      /* of the first one in the object */
    size_t window_count;
    struct skr_file *file; /* of the extent read last */
    uint64_t file_id;
    enum { SKR_READER_IDLE, SKR_READER_WAITING, SKR_READER_DONE } state;
    enum skr_status outcome; /* DONE */
    uint64_t offset;         /* of the read that is WAITING or DONE */
    struct skr_read read;
    uint32_t crc32c[SKR_MAX_READ_CHUNKS];
    void (*ready)(void *context);
    void *context;
};

static enum skr_status skr_open_payload(struct skr_view *view, struct skr_arena *arena, struct skr_reader *reader,
                                        struct skr_error *err)
{
    struct skr_bytes stored;
    enum skr_status status = reader->content.layout == SKR_CONTENT_CACHED
                                 ? skr_content_cached_payload(view, &reader->content, &stored, &reader->content.crc32c, err)
                                 : skr_content_payload(view, &reader->content, &stored, err);
    if (status != SKR_OK)
        return status;
    reader->payload = skr_arena_copy(arena, stored);
    if (reader->payload.data == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a small object's bytes");
    if (skr_crc32c(0, reader->payload.data, reader->payload.size) != reader->content.crc32c)
        return skr_fail(err, SKR_CORRUPT, "the bytes of content %016llx do not match their checksum",
                        (unsigned long long)reader->content.id);
    return SKR_OK;
}

/* A cached content that is here as a payload is read like any other that is. SKR_NOT_FOUND: it is not. */
static enum skr_status skr_open_cached_payload(struct skr_view *view, struct skr_arena *arena, struct skr_reader *reader,
                                               struct skr_error *err)
{
    if (reader->content.layout != SKR_CONTENT_CACHED || reader->content.size_bytes > SKR_MAX_PAYLOAD_BYTES)
        return SKR_NOT_FOUND;
    enum skr_status status = skr_open_payload(view, arena, reader, err);
    if (status == SKR_OK) {
        reader->content.layout = SKR_CONTENT_INLINE;
        skr_accesses_count(&reader->worker->accesses->hit_bytes, reader->content.size_bytes);
    }
    return status;
}

/* Of what is read from files, which stay as long as the content is pinned, or fetched. */
static enum skr_status skr_open_files(struct skr_reader *reader, struct skr_error *err)
{
    reader->pinned = skr_pins_add(&reader->worker->core->pins, reader->content.id);
    if (!reader->pinned)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a pin");
    return reader->content.layout == SKR_CONTENT_CACHED
               ? skr_cached_reader_new(reader->worker, &reader->content, &reader->cached, err)
               : SKR_OK;
}

static struct skr_reader *skr_reader_alloc(struct skr_worker *worker, const struct skr_content *content)
{
    struct skr_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return NULL;
    reader->worker = worker;
    reader->content = *content;
    worker->under_way++;
    return reader;
}

static enum skr_status skr_reader_new(struct skr_worker *worker, struct skr_view *view, struct skr_arena *arena,
                                      const struct skr_content *content, struct skr_reader **out, struct skr_error *err)
{
    struct skr_reader *reader = skr_reader_alloc(worker, content);
    if (reader == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a reader");
    enum skr_status status = SKR_OK;
    if (content->layout == SKR_CONTENT_INLINE) {
        status = skr_open_payload(view, arena, reader, err);
    } else if (content->layout != SKR_CONTENT_EMPTY) {
        status = skr_open_cached_payload(view, arena, reader, err);
        if (status == SKR_NOT_FOUND)
            status = skr_open_files(reader, err);
    }
    if (status != SKR_OK) {
        skr_reader_close(reader);
        return status;
    }
    *out = reader;
    return SKR_OK;
}

enum skr_status skr_open_found(struct skr_worker *worker, struct skr_view *view, struct skr_arena *arena,
                               const struct skr_object *object, struct skr_reader **out, struct skr_error *err)
{
    enum skr_status status = skr_reader_new(worker, view, arena, &object->content, out, err);
    if (status == SKR_OK && object->upstream_etag.size > 0 && (*out)->cached == NULL)
        skr_accesses_note(worker->accesses, object->content.id, 0);
    return status;
}

enum skr_status skr_open_arriving(struct skr_worker *worker, const struct skr_arrival *arrival, struct skr_reader **out,
                                  struct skr_error *err)
{
    struct skr_reader *reader = skr_reader_alloc(worker, &arrival->content);
    if (reader == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a reader");
    reader->pinned = skr_pins_add(&worker->core->pins, arrival->content.id);
    enum skr_status status = reader->pinned ? skr_cached_reader_arriving(worker, arrival, &reader->cached, err)
                                            : skr_fail(err, SKR_NO_MEMORY, "no memory for a pin");
    if (status != SKR_OK) {
        skr_reader_close(reader);
        return status;
    }
    *out = reader;
    return SKR_OK;
}

bool skr_reader_has(struct skr_view *view, const struct skr_reader *reader, uint64_t offset)
{
    return reader->cached == NULL || skr_cached_has(view, &reader->content, offset);
}

enum skr_status skr_open_object(struct skr_worker *worker, struct skr_arena *arena, const struct skr_object_name *name,
                                const struct skr_conditions *conditions, struct skr_object *object, struct skr_reader **reader,
                                struct skr_error *err)
{
    struct skr_version_place place;
    struct skr_container container;
    struct skr_view *view;
    *object = (struct skr_object){.id = 0};
    enum skr_status status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_find_version(view, arena, name, &container, object, &place, err);
    if (object->kind != 0 && !skr_object_copy(arena, object)) /* or the delete marker that is in its place */
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for an object's record");
    if (status == SKR_OK)
        status = skr_conditions_check(conditions, true, object->etag, object->modified_ns, true, err);
    if (status == SKR_OK && reader != NULL)
        status = skr_open_found(worker, view, arena, object, reader, err);
    skr_view_end(view);
    if (status == SKR_CORRUPT)
        skr_log(SKR_LOG_ERROR, "core", "%s", err->message);
    return status;
}

enum skr_status skr_open_extent(struct skr_worker *worker, const struct skr_extent *extent, struct skr_reader **out,
                                struct skr_error *err)
{
    /* It passes for a content under the file's id: the ids of all come from one counter, and a pinned file stays, too. */
    struct skr_content content = {
        .id = extent->file_id, .size_bytes = extent->length_bytes, .layout = SKR_CONTENT_EXTENT, .extent = *extent};
    return skr_reader_new(worker, NULL, NULL, &content, out, err);
}

enum skr_status skr_open_content(struct skr_worker *worker, struct skr_arena *arena, const struct skr_content *content,
                                 struct skr_reader **out, struct skr_error *err)
{
    struct skr_view *view;
    enum skr_status status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    status = skr_reader_new(worker, view, arena, content, out, err);
    skr_view_end(view);
    return status;
}

bool skr_reader_payload(const struct skr_reader *reader, struct skr_bytes *payload)
{
    *payload = reader->payload;
    return reader->content.layout == SKR_CONTENT_INLINE || reader->content.layout == SKR_CONTENT_EMPTY;
}

/* The extent in the window that holds `offset`, and where it begins in the object. NULL: outside the window. */
static const struct skr_extent *skr_window_find(const struct skr_reader *reader, uint64_t offset, uint64_t *begin)
{
    uint64_t at = reader->window_offset;
    for (size_t i = 0; i < reader->window_count; at += reader->window[i].length_bytes, i++) {
        if (offset >= at && offset - at < reader->window[i].length_bytes) {
            *begin = at;
            return &reader->window[i];
        }
    }
    return NULL;
}

/* Bytes to read at once: ends on a checksum boundary where that costs nothing, so that no chunk is verified twice. */
static size_t skr_read_size(const struct skr_extent *extent, uint64_t inside, size_t wanted)
{
    uint64_t left = extent->length_bytes - inside;
    size_t size = wanted < SKR_MAX_READ_BYTES ? wanted : SKR_MAX_READ_BYTES;
    if (size >= left)
        return (size_t)left;
    size_t beyond = (size_t)((extent->offset_bytes + inside + size) % SKR_CRC_CHUNK_BYTES);
    return beyond < size ? size - beyond : size;
}

static size_t skr_hole_size(uint64_t left, size_t wanted)
{
    size_t size = wanted < SKR_MAX_READ_BYTES ? wanted : SKR_MAX_READ_BYTES;
    return size < left ? size : (size_t)left;
}

/* Fills reader->read for the bytes at `offset`: extents, checksums, file, which is NULL where they are zeros of a hole.
 * SKR_NOT_FOUND: of a cached content, and not here. */
static enum skr_status skr_reader_prepare(struct skr_reader *reader, uint64_t offset, size_t wanted, struct skr_error *err)
{
    struct skr_view *view;
    uint64_t begin;
    enum skr_status status = skr_view_begin(reader->worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    /* what is cached may be evicted at any time: it is looked up in the view that its checksums are from */
    const struct skr_extent *extent = reader->cached != NULL ? NULL : skr_window_find(reader, offset, &begin);
    if (extent == NULL) {
        status = reader->cached != NULL
                     ? skr_content_resident(view, &reader->content, offset, reader->content.size_bytes - offset, reader->window,
                                            1, &reader->window_count, err)
                     : skr_content_extents(view, &reader->content, offset, reader->content.size_bytes - offset, reader->window,
                                           SKR_EXTENT_WINDOW, &reader->window_count, err);
        if (status == SKR_OK && reader->cached != NULL && reader->window_count == 0)
            status = SKR_NOT_FOUND;
        reader->window_offset = offset;
        extent = status == SKR_OK ? skr_window_find(reader, offset, &begin) : NULL;
        if (status == SKR_OK && extent == NULL)
            status = skr_fail(err, SKR_CORRUPT, "no extent of content %016llx covers byte %llu",
                              (unsigned long long)reader->content.id, (unsigned long long)offset);
    }
    reader->read.file = NULL;
    if (status == SKR_OK && extent->file_id == 0) {
        skr_view_end(view);
        reader->read.size_bytes = skr_hole_size(extent->length_bytes - (offset - begin), wanted);
        return SKR_OK;
    }
    if (status == SKR_OK) {
        uint64_t inside = offset - begin, at = extent->offset_bytes + inside;
        size_t size = skr_read_size(extent, inside, wanted);
        uint64_t first = at / SKR_CRC_CHUNK_BYTES, last = (at + size - 1) / SKR_CRC_CHUNK_BYTES;
        reader->read.offset_bytes = at;
        reader->read.size_bytes = size;
        reader->read.end_bytes = extent->end_bytes;
        reader->read.crc32c = reader->crc32c;
        status = skr_checksums_get(view, extent->file_id, first, reader->crc32c, (size_t)(last - first + 1), err);
    }
    skr_view_end(view);
    if (status == SKR_OK && (reader->file == NULL || reader->file_id != extent->file_id)) {
        skr_file_release(reader->file);
        reader->file = NULL;
        reader->file_id = extent->file_id;
        status = skr_file_acquire(reader->worker->core->store, extent->file_id, &reader->file, err);
    }
    reader->read.file = reader->file;
    return status;
}

static void skr_reader_arrived(struct skr_read *read, enum skr_status status)
{
    struct skr_reader *reader = (struct skr_reader *)((char *)read - offsetof(struct skr_reader, read));
    reader->state = SKR_READER_DONE;
    reader->outcome = status;
    reader->ready(reader->context);
}

/* Bytes of upstream's that are damaged here can be had again: 0, `ready` is called. */
static ssize_t skr_reader_failed(struct skr_reader *reader, uint64_t offset, const struct skr_error *err,
                                 void (*ready)(void *context), void *context)
{
    if (err->status == SKR_CORRUPT && reader->cached != NULL && skr_cached_repair(reader->cached, offset, ready, context))
        return 0;
    skr_log(SKR_LOG_ERROR, "core", "reading content %016llx failed: %s", (unsigned long long)reader->content.id, err->message);
    return -1;
}

/* A small object whose bytes came as a payload after it was opened. 0: they did not. */
static ssize_t skr_reader_payload_came(struct skr_reader *reader, uint64_t offset, void *buffer, size_t size)
{
    struct skr_bytes payload;
    struct skr_error error;
    struct skr_view *view;
    uint32_t crc32c;
    size_t taken = 0;
    if (reader->content.size_bytes > SKR_MAX_PAYLOAD_BYTES || skr_view_begin(reader->worker->reader, &view, &error) != SKR_OK)
        return 0;
    if (skr_content_cached_payload(view, &reader->content, &payload, &crc32c, &error) == SKR_OK &&
        skr_crc32c(0, payload.data, payload.size) == crc32c) {
        taken = payload.size - (size_t)offset < size ? payload.size - (size_t)offset : size;
        memcpy(buffer, payload.data + offset, taken);
    }
    skr_view_end(view);
    return (ssize_t)taken;
}

/* The store does not have them. Where a flight ended in the store between two looks, it has them now. */
static ssize_t skr_reader_fetch(struct skr_reader *reader, uint64_t offset, void *buffer, size_t size,
                                void (*ready)(void *context), void *context)
{
    ssize_t flown = skr_reader_payload_came(reader, offset, buffer, size);
    if (flown == 0)
        flown = skr_cached_read(reader->cached, offset, buffer, size, true, ready, context);
    return flown == SKR_CACHED_IS_HERE ? skr_reader_read(reader, offset, buffer, size, ready, context) : flown;
}

void skr_reader_expect(struct skr_reader *reader, uint64_t offset, uint64_t length)
{
    if (reader->cached != NULL)
        skr_cached_reader_expect(reader->cached, offset + length);
}

/* What upstream need not be asked for. */
static void skr_reader_count_hit(struct skr_reader *reader, uint64_t offset)
{
    if (reader->cached == NULL)
        return;
    skr_accesses_note(reader->worker->accesses, reader->content.id, offset / SKR_CHUNK_BYTES);
    skr_accesses_count(&reader->worker->accesses->hit_bytes, reader->read.size_bytes);
}

size_t skr_reader_lend(struct skr_reader *reader, uint64_t offset, size_t size, bool wait, const void **bytes)
{
    struct skr_error error;
    if (reader->state != SKR_READER_IDLE || size == 0 || offset >= reader->content.size_bytes ||
        reader->content.size_bytes < SKR_STORE_MIN_LENT_BYTES) /* most are alone in their file: two look-ups saved */
        return 0;
    if (skr_reader_prepare(reader, offset, size, &error) != SKR_OK || reader->read.file == NULL ||
        !skr_store_lend(reader->worker->core->store, &reader->read, wait, bytes))
        return 0; /* skr_reader_read() finds out why */
    skr_reader_count_hit(reader, offset);
    return reader->read.size_bytes;
}

ssize_t skr_reader_read(struct skr_reader *reader, uint64_t offset, void *buffer, size_t size, void (*ready)(void *context),
                        void *context)
{
    struct skr_error error = {.status = SKR_OK};
    if (reader->state == SKR_READER_WAITING)
        return 0;
    if (reader->state == SKR_READER_DONE) {
        reader->state = SKR_READER_IDLE;
        if (reader->outcome != SKR_OK)
            return skr_reader_failed(reader, reader->offset, &reader->read.error, ready, context);
        if (reader->offset == offset && reader->read.buffer == buffer && reader->read.size_bytes <= size)
            return (ssize_t)reader->read.size_bytes;
    }
    if (size == 0 || offset >= reader->content.size_bytes)
        return -1;
    if (reader->content.layout == SKR_CONTENT_INLINE) {
        size_t taken = reader->payload.size - (size_t)offset < size ? reader->payload.size - (size_t)offset : size;
        memcpy(buffer, reader->payload.data + offset, taken);
        return (ssize_t)taken;
    }
    ssize_t flown = SKR_CACHED_IS_HERE;
    if (reader->cached != NULL)
        flown = skr_cached_read(reader->cached, offset, buffer, size, false, ready, context);
    if (flown != SKR_CACHED_IS_HERE)
        return flown;
    enum skr_status status = skr_reader_prepare(reader, offset, size, &error);
    if (status == SKR_NOT_FOUND && reader->cached != NULL)
        return skr_reader_fetch(reader, offset, buffer, size, ready, context);
    if (status != SKR_OK)
        return skr_reader_failed(reader, offset, &error, ready, context);
    if (reader->read.file == NULL) {
        memset(buffer, 0, reader->read.size_bytes);
        return (ssize_t)reader->read.size_bytes;
    }
    reader->read.buffer = buffer;
    reader->read.done = skr_reader_arrived;
    reader->ready = ready;
    reader->context = context;
    reader->offset = offset;
    skr_reader_count_hit(reader, offset);
    status = skr_store_read(reader->worker->core->store, reader->worker->io, &reader->read);
    if (status == SKR_OK)
        return (ssize_t)reader->read.size_bytes;
    if (status != SKR_PENDING)
        return skr_reader_failed(reader, offset, &reader->read.error, ready, context);
    reader->state = SKR_READER_WAITING;
    return 0;
}

void skr_reader_close(struct skr_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->state == SKR_READER_WAITING)
        skr_read_cancel(&reader->read);
    skr_file_release(reader->file);
    skr_cached_reader_free(reader->cached);
    if (reader->pinned)
        skr_pins_drop(&reader->worker->core->pins, reader->content.id);
    reader->worker->under_way--;
    free(reader);
}
