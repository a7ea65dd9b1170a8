/* Writing into open files. */
#include "handles.h"

#include "handlers.h"

static int skr_written(struct skr_errand *errand, struct skr_opened *opened, enum skr_status status)
{
    if (status != SKR_OK)
        return skr_errand_fail(errand, status, "writing a file");
    skr_opened_touch(opened);
    return 0;
}

/* The draft that a handle writes to, in use. An open handle that writes has one. */
static struct skr_source *skr_draft_of(struct skr_handle *handle)
{
    return handle->writes ? skr_opened_source(handle->opened) : NULL;
}

static int skr_write(struct skr_errand *errand, struct skr_handle *handle, const char *data, size_t size, uint64_t offset,
                     bool from_pages)
{
    struct skr_worker *worker = errand->caller->worker;
    struct skr_source *source = skr_opened_source(handle->opened); /* of pages the kernel only guesses the handle */
    enum skr_status status;
    if (source == NULL || source->draft == NULL) {
        skr_source_drop(source);
        return EBADF;
    }
    if (handle->appends && !from_pages) /* another mount's server may be at the same file: its end is known here only */
        status = skr_draft_append(worker, source->draft, data, size, &offset, &errand->error);
    else
        status = skr_draft_write(worker, source->draft, offset, data, size, &errand->error);
    skr_source_drop(source);
    int failed = skr_written(errand, handle->opened, status);
    if (failed == 0)
        fuse_reply_write(errand->request, size);
    return failed;
}

void skr_handle_write(fuse_req_t request, fuse_ino_t number, const char *data, size_t size, off_t offset,
                      struct fuse_file_info *info)
{
    struct skr_errand errand;
    (void)number;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_write))
        skr_errand_end(&errand, skr_write(&errand, skr_handle_of(info), data, size, (uint64_t)offset, info->writepage));
}

void skr_handle_fsync(fuse_req_t request, fuse_ino_t number, int data_only, struct fuse_file_info *info)
{
    struct skr_errand errand;
    (void)number;
    (void)data_only;
    if (!skr_errand_begin(&errand, request, SKR_OPERATION_fsync))
        return;
    int failed = skr_publish(&errand, skr_handle_of(info)->opened);
    skr_errand_end(&errand, failed == 0 ? SKR_DONE : failed);
}

/* ---- room and holes ---- */

static int skr_fallocate(struct skr_errand *errand, struct skr_handle *handle, int mode, uint64_t offset, uint64_t size)
{
    const int zeros = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE;
    struct skr_worker *worker = errand->caller->worker;
    bool keeps_size = mode & FALLOC_FL_KEEP_SIZE;
    if (mode & ~(zeros | FALLOC_FL_KEEP_SIZE) || mode == FALLOC_FL_KEEP_SIZE)
        return EOPNOTSUPP; /* room is not set aside: what is written takes new room each time */
    struct skr_source *source = skr_draft_of(handle);
    if (source == NULL)
        return EBADF;
    enum skr_status status = SKR_OK;
    if (!keeps_size && offset + size > skr_draft_size(source->draft))
        status = skr_draft_resize(worker, source->draft, offset + size, &errand->error);
    if (status == SKR_OK && mode & zeros)
        status = skr_draft_punch(worker, source->draft, offset, size, &errand->error);
    skr_source_drop(source);
    int failed = skr_written(errand, handle->opened, status);
    return failed == 0 ? SKR_DONE : failed;
}

void skr_handle_fallocate(fuse_req_t request, fuse_ino_t number, int mode, off_t offset, off_t size,
                          struct fuse_file_info *info)
{
    struct skr_errand errand;
    (void)number;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_fallocate))
        skr_errand_end(&errand, skr_fallocate(&errand, skr_handle_of(info), mode, (uint64_t)offset, (uint64_t)size));
}

/* ---- copying ---- */

/* A whole file into an empty one: by reference. False: it is not that, or does not go. */
static bool skr_copy_whole(struct skr_errand *errand, struct skr_handle *from, struct skr_source *into, uint64_t size,
                           uint64_t *copied)
{
    struct skr_source *source = skr_opened_source(from->opened);
    struct skr_held *held = NULL;
    if (source != NULL && source->held != NULL)
        held = skr_held_retain(source->held);
    else if (source != NULL && !skr_draft_is_dirty(source->draft))
        held = skr_draft_held(source->draft);
    skr_source_drop(source);
    if (held == NULL)
        return false;
    *copied = skr_held_content(held)->size_bytes;
    bool done = *copied <= size && skr_draft_size(into->draft) == 0 &&
                skr_draft_replace(errand->caller->worker, into->draft, held, &errand->error) == SKR_OK;
    skr_held_release(held);
    return done;
}

static int skr_copy_bytes(struct skr_errand *errand, struct skr_handle *from, uint64_t offset, struct skr_source *into,
                          uint64_t to, uint64_t size, uint64_t *copied)
{
    char *buffer = skr_this_buffer();
    enum skr_status status = SKR_OK;
    *copied = 0;
    while (*copied < size && status == SKR_OK) {
        size_t step = size - *copied < SKR_BUFFER_BYTES ? (size_t)(size - *copied) : SKR_BUFFER_BYTES;
        struct skr_source *source = skr_opened_source(from->opened);
        ssize_t got = source == NULL ? 0 : skr_source_read(errand, source, offset + *copied, buffer, step, step);
        skr_source_drop(source);
        if (got == 0)
            break;
        status = got < 0
                     ? errand->error.status
                     : skr_draft_write(errand->caller->worker, into->draft, to + *copied, buffer, (size_t)got, &errand->error);
        *copied += got > 0 && status == SKR_OK ? (uint64_t)got : 0;
    }
    return *copied > 0 || status == SKR_OK ? 0 : skr_errand_fail(errand, status, "copying a file");
}

static int skr_copy(struct skr_errand *errand, struct skr_handle *from, uint64_t offset, struct skr_handle *to, uint64_t at,
                    uint64_t size)
{
    const uint64_t most = UINT64_C(1) << 26; /* an answer tells how much; the kernel comes again */
    uint64_t copied = 0;
    int failed = 0;
    struct skr_source *into = skr_draft_of(to);
    if (into == NULL)
        return EBADF;
    if (offset != 0 || at != 0 || !skr_copy_whole(errand, from, into, size, &copied))
        failed = skr_copy_bytes(errand, from, offset, into, at, size < most ? size : most, &copied);
    skr_source_drop(into);
    if (failed == 0 && copied > 0)
        skr_opened_touch(to->opened);
    if (failed == 0)
        fuse_reply_write(errand->request, copied);
    return failed;
}

void skr_handle_copy_file_range(fuse_req_t request, fuse_ino_t from, off_t offset, struct fuse_file_info *from_info,
                                fuse_ino_t to, off_t at, struct fuse_file_info *to_info, size_t size, int flags)
{
    struct skr_errand errand;
    (void)from;
    (void)to;
    (void)flags;
    if (skr_errand_begin(&errand, request, SKR_OPERATION_copy_file_range))
        skr_errand_end(
            &errand, skr_copy(&errand, skr_handle_of(from_info), (uint64_t)offset, skr_handle_of(to_info), (uint64_t)at, size));
}
