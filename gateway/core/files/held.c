/* Reading any bytes of a content, whoever asks: for callers that wait.
 *
 * What is in content files is pinned. A small content's bytes are copied: its row goes at once with its last name.
 */
#include "held.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

struct skr_held {
    struct skr_core *core;
    _Atomic size_t references;
    struct skr_content content;
    bool pinned;
    char payload[]; /* INLINE */
};

static struct skr_held *skr_held_alloc(struct skr_core *core, const struct skr_content *content, struct skr_bytes payload)
{
    struct skr_held *held = malloc(sizeof *held + payload.size);
    if (held == NULL)
        return NULL;
    *held = (struct skr_held){.core = core, .references = 1, .content = *content};
    if (payload.size > 0)
        memcpy(held->payload, payload.data, payload.size);
    return held;
}

enum skr_status skr_held_new_payload(struct skr_core *core, const struct skr_content *content, struct skr_bytes payload,
                                     struct skr_held **out, struct skr_error *err)
{
    *out = skr_held_alloc(core, content, payload);
    return *out != NULL ? SKR_OK : skr_fail(err, SKR_NO_MEMORY, "no memory for a content");
}

enum skr_status skr_held_new_pinned(struct skr_core *core, const struct skr_content *content, struct skr_held **out,
                                    struct skr_error *err)
{
    *out = skr_held_alloc(core, content, SKR_NO_BYTES);
    if (*out != NULL && content->id != 0)
        (*out)->pinned = skr_pins_add(&core->pins, content->id);
    if (*out != NULL && (content->id == 0 || (*out)->pinned))
        return SKR_OK;
    free(*out);
    *out = NULL;
    return skr_fail(err, SKR_NO_MEMORY, "no memory for a content");
}

enum skr_status skr_held_new(struct skr_core *core, struct skr_view *view, const struct skr_content *content,
                             struct skr_held **out, struct skr_error *err)
{
    struct skr_bytes payload;
    if (content->layout != SKR_CONTENT_INLINE)
        return skr_held_new_pinned(core, content, out, err);
    enum skr_status status = skr_content_payload(view, content, &payload, err);
    if (status == SKR_OK && skr_crc32c(0, payload.data, payload.size) != content->crc32c)
        status = skr_fail(err, SKR_CORRUPT, "the bytes of content %016llx do not match their checksum",
                          (unsigned long long)content->id);
    return status != SKR_OK ? status : skr_held_new_payload(core, content, payload, out, err);
}

struct skr_held *skr_held_retain(struct skr_held *held)
{
    atomic_fetch_add_explicit(&held->references, 1, memory_order_relaxed);
    return held;
}

void skr_held_release(struct skr_held *held)
{
    if (held == NULL || atomic_fetch_sub_explicit(&held->references, 1, memory_order_acq_rel) != 1)
        return;
    if (held->pinned)
        skr_pins_drop(&held->core->pins, held->content.id);
    free(held);
}

void skr_held_assign(struct skr_held *held, const struct skr_content *content)
{
    held->content = *content;
}

const struct skr_content *skr_held_content(const struct skr_held *held)
{
    return &held->content;
}

void skr_wait(struct skr_worker *worker)
{
    worker->executor->wait(worker->executor);
}

static void skr_held_ready(void *context)
{
    *(bool *)context = true;
}

/* A new reader each time: it belongs to a worker, and what is held to none. It costs less than the read. */
static ssize_t skr_held_stream(struct skr_worker *worker, const struct skr_held *held, uint64_t offset, char *buffer,
                               size_t size, uint64_t ahead, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    const struct skr_content *content = &held->content;
    uint64_t left = content->size_bytes - offset;
    struct skr_reader *reader;
    size_t got = 0;
    if (skr_open_content(worker, &arena, content, &reader, err) != SKR_OK)
        return -1;
    skr_reader_expect(reader, offset, size + ahead < left ? size + ahead : left);
    while (got < size) {
        bool ready = false;
        ssize_t result = skr_reader_read(reader, offset + got, buffer + got, size - got, skr_held_ready, &ready);
        if (result < 0) {
            skr_fail(err, SKR_IO, "the bytes of content %016llx cannot be read", (unsigned long long)content->id);
            break;
        }
        got += (size_t)result;
        while (result == 0 && !ready)
            skr_wait(worker);
    }
    skr_reader_close(reader);
    skr_arena_release(&arena);
    return got == size ? (ssize_t)got : -1;
}

ssize_t skr_held_read(struct skr_worker *worker, const struct skr_held *held, uint64_t offset, void *buffer, size_t size,
                      uint64_t ahead, struct skr_error *err)
{
    const struct skr_content *content = &held->content;
    if (offset >= content->size_bytes || size == 0)
        return 0;
    if (size > content->size_bytes - offset)
        size = (size_t)(content->size_bytes - offset);
    if (content->layout != SKR_CONTENT_INLINE)
        return skr_held_stream(worker, held, offset, buffer, size, ahead, err);
    memcpy(buffer, held->payload + offset, size);
    return (ssize_t)size;
}

enum skr_status skr_held_open_file(struct skr_worker *worker, const struct skr_held *held, int *fd, struct skr_error *err)
{
    struct skr_store *store = worker->core->store;
    const struct skr_content *content = &held->content;
    struct skr_file *file;
    uint64_t size_bytes = 0;
    if (content->layout != SKR_CONTENT_EXTENT || content->extent.offset_bytes != 0 || content->extent.file_id == 0)
        return skr_fail(err, SKR_UNSUPPORTED, "the content is not one file");
    enum skr_status status = skr_store_file_size(store, content->extent.file_id, &size_bytes, err);
    if (status == SKR_OK && size_bytes != content->size_bytes)
        status = skr_fail(err, SKR_UNSUPPORTED, "the content is not all of a file");
    if (status == SKR_OK)
        status = skr_file_acquire(store, content->extent.file_id, &file, err);
    if (status != SKR_OK)
        return status;
    *fd = fcntl(skr_file_descriptor(file), F_DUPFD_CLOEXEC, 0);
    skr_file_release(file);
    return *fd >= 0 ? SKR_OK : skr_fail_os(err, SKR_NO_DESCRIPTORS, errno, "no descriptor for a content file");
}
