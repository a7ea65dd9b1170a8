/* Reading files and links. */
#include "handles.h"

#include "handlers.h"

#define SKR_AHEAD_AFTER 2                        /* reads in a row */
#define SKR_MOST_AHEAD_BYTES (UINT64_C(8) << 20) /* of a file that is read from front to back */
#define SKR_NEAR_BYTES (UINT64_C(1) << 20)       /* the kernel reads ahead itself, and not always in order */

/* How much of upstream's bytes to ask for behind a read. */
static uint64_t skr_ahead_of(struct skr_handle *handle, uint64_t offset, size_t size)
{
    uint64_t expected = atomic_exchange_explicit(&handle->next_offset, offset + size, memory_order_relaxed);
    bool goes_on = offset + SKR_NEAR_BYTES >= expected && offset <= expected + SKR_NEAR_BYTES;
    uint32_t streak = goes_on ? atomic_fetch_add_explicit(&handle->streak, 1, memory_order_relaxed) + 1 : 0;
    if (!goes_on)
        atomic_store_explicit(&handle->streak, 0, memory_order_relaxed);
    if (streak < SKR_AHEAD_AFTER)
        return 0;
    uint64_t ahead = streak < 8 ? (uint64_t)size << streak : SKR_MOST_AHEAD_BYTES;
    return ahead < SKR_MOST_AHEAD_BYTES ? ahead : SKR_MOST_AHEAD_BYTES;
}

ssize_t skr_source_read(struct skr_errand *errand, const struct skr_source *source, uint64_t offset, void *buffer, size_t size,
                        uint64_t ahead)
{
    return source->draft != NULL
               ? skr_draft_read(errand->caller->worker, source->draft, offset, buffer, size, &errand->error)
               : skr_held_read(errand->caller->worker, source->held, offset, buffer, size, ahead, &errand->error);
}

static int skr_read(struct skr_errand *errand, struct skr_handle *handle, size_t size, uint64_t offset)
{
    struct skr_source *source = skr_opened_source(handle->opened);
    char *buffer = skr_this_buffer();
    if (source == NULL)
        return EIO;
    if (size > SKR_BUFFER_BYTES)
        size = SKR_BUFFER_BYTES;
    ssize_t got = skr_source_read(errand, source, offset, buffer, size, skr_ahead_of(handle, offset, size));
    skr_source_drop(source);
    if (got < 0)
        return skr_errand_fail(errand, errand->error.status, "reading a file");
    fuse_reply_buf(errand->request, buffer, (size_t)got);
    return 0;
}

void skr_handle_read(fuse_req_t request, fuse_ino_t number, size_t size, off_t offset, struct fuse_file_info *info)
{
    struct skr_errand errand;
    (void)number;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_read))
        skr_errand_end(&errand, skr_read(&errand, skr_handle_of(info), size, (uint64_t)offset));
}

static int skr_readlink(struct skr_errand *errand, struct skr_node *node)
{
    struct skr_facts facts;
    struct skr_held *held = NULL;
    char target[SKR_MAX_SYMLINK_BYTES + 1];
    enum skr_status status = skr_find_node(errand, node, &facts, &held);
    if (status == SKR_OBJECT_NOT_FOUND)
        return ESTALE;
    if (status != SKR_OK)
        return skr_errand_fail(errand, status, "reading a link");
    ssize_t got =
        held == NULL ? 0 : skr_held_read(errand->caller->worker, held, 0, target, SKR_MAX_SYMLINK_BYTES, 0, &errand->error);
    skr_held_release(held);
    if (got < 0)
        return skr_errand_fail(errand, errand->error.status, "reading a link");
    target[got] = '\0';
    fuse_reply_readlink(errand->request, target);
    return 0;
}

void skr_handle_readlink(fuse_req_t request, fuse_ino_t number)
{
    struct skr_errand errand;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_readlink))
        skr_errand_end(&errand, skr_readlink(&errand, skr_node_of(errand.mount, number)));
}

/* ---- holes ---- */

static int skr_seek(struct skr_errand *errand, struct skr_handle *handle, uint64_t offset, int whence)
{
    struct skr_facts facts;
    struct skr_source *source = skr_opened_source(handle->opened);
    uint64_t found = offset;
    if (source == NULL || (whence != SEEK_DATA && whence != SEEK_HOLE)) {
        skr_source_drop(source);
        return EINVAL;
    }
    skr_opened_facts(handle->opened, &facts);
    enum skr_status status = offset >= facts.content.size_bytes ? SKR_NOT_FOUND : SKR_OK;
    if (status == SKR_OK && source->draft != NULL)
        status = skr_draft_seek(source->draft, offset, whence == SEEK_DATA, &found, &errand->error);
    else if (whence == SEEK_HOLE) /* a content does not say where its holes are */
        found = facts.content.size_bytes;
    skr_source_drop(source);
    if (status == SKR_NOT_FOUND)
        return ENXIO;
    if (status != SKR_OK)
        return skr_errand_fail(errand, status, "looking for data");
    fuse_reply_lseek(errand->request, (off_t)found);
    return 0;
}

void skr_handle_lseek(fuse_req_t request, fuse_ino_t number, off_t offset, int whence, struct fuse_file_info *info)
{
    struct skr_errand errand;
    (void)number;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_lseek))
        skr_errand_end(&errand, skr_seek(&errand, skr_handle_of(info), (uint64_t)offset, whence));
}
