/* A content file that is written at any place, before metadata knows of it or while it knows only of other parts of it: what a
 * file open for writing holds. Through the page cache: the next read of what was just written, or the next write of its
 * neighbour, is likely. Whoever uses it keeps two threads from writing the same bytes.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_private.h"

struct skr_scratch {
    struct skr_store *store;
    struct skr_pool_file file;
};

enum skr_status skr_scratch_open(struct skr_store *store, struct skr_io *io, struct skr_scratch **out, struct skr_error *err)
{
    struct skr_scratch *scratch = calloc(1, sizeof *scratch);
    if (scratch == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a file to write to");
    scratch->store = store;
    enum skr_status status = skr_store_admit(store, err);
    if (status == SKR_OK)
        status = skr_pool_take(store, io, &scratch->file, err);
    if (status != SKR_OK) {
        free(scratch);
        return status;
    }
    int flags = fcntl(scratch->file.fd, F_GETFL);
    if (flags >= 0 && (flags & O_DIRECT) != 0)
        fcntl(scratch->file.fd, F_SETFL, flags & ~O_DIRECT);
    *out = scratch;
    return SKR_OK;
}

uint64_t skr_scratch_file_id(const struct skr_scratch *scratch)
{
    return scratch->file.id;
}

void skr_scratch_close(struct skr_scratch *scratch)
{
    if (scratch == NULL)
        return;
    close(scratch->file.fd);
    free(scratch);
}

enum skr_status skr_scratch_write(struct skr_scratch *scratch, struct skr_io *io, const void *data, size_t size,
                                  uint64_t offset, struct skr_error *err)
{
    enum skr_status status = skr_store_take(scratch->store, size, err);
    if (status != SKR_OK)
        return status;
    if (offset + size > SKR_STORE_MAX_FILE_BYTES)
        return skr_fail(err, SKR_TOO_LARGE, "a content file has at most %llu bytes",
                        (unsigned long long)SKR_STORE_MAX_FILE_BYTES);
    for (size_t written = 0; written < size;) {
        ssize_t result =
            skr_io_write_blocking(io, scratch->file.fd, (const char *)data + written, size - written, offset + written);
        if (result < 0)
            return skr_fail_os(err, skr_store_status((int)result), (int)-result, "cannot write to content file %016llx: %s",
                               (unsigned long long)scratch->file.id, strerror((int)-result));
        written += (size_t)result;
    }
    scratch->store->counters.written_bytes += size;
    return SKR_OK;
}

enum skr_status skr_scratch_read(struct skr_scratch *scratch, struct skr_io *io, void *buffer, size_t size, uint64_t offset,
                                 struct skr_error *err)
{
    for (size_t got = 0; got < size;) {
        int result = skr_io_read_wait(io, scratch->file.fd, (char *)buffer + got, size - got, offset + got);
        if (result < 0)
            return skr_fail_os(err, skr_store_status(result), -result, "cannot read content file %016llx: %s",
                               (unsigned long long)scratch->file.id, strerror(-result));
        if (result == 0) { /* beyond what was written */
            memset((char *)buffer + got, 0, size - got);
            return SKR_OK;
        }
        got += (size_t)result;
    }
    return SKR_OK;
}

enum skr_status skr_scratch_truncate(struct skr_scratch *scratch, struct skr_io *io, uint64_t size, struct skr_error *err)
{
    int result = skr_io_truncate(io, scratch->file.fd, size);
    return result == 0 ? SKR_OK
                       : skr_fail_os(err, skr_store_status(result), -result, "cannot cut content file %016llx: %s",
                                     (unsigned long long)scratch->file.id, strerror(-result));
}

enum skr_status skr_scratch_extend(struct skr_scratch *scratch, struct skr_io *io, uint64_t size, struct skr_error *err)
{
    struct stat there;
    if (fstat(scratch->file.fd, &there) == 0 && (uint64_t)there.st_size >= size)
        return SKR_OK;
    return skr_scratch_truncate(scratch, io, size, err);
}

enum skr_status skr_scratch_sync(struct skr_scratch *scratch, struct skr_io *io, struct skr_error *err)
{
    if (skr_store_is_read_only(scratch->store))
        return skr_fail(err, SKR_READ_ONLY, "the store takes no more writes until it is restarted");
    int result = skr_io_sync_data_wait(io, scratch->file.fd);
    scratch->store->counters.syncs++;
    if (result >= 0)
        return SKR_OK;
    skr_store_sync_failed(scratch->store, result);
    return skr_fail_os(err, SKR_IO, -result, "content file %016llx cannot be made durable: %s",
                       (unsigned long long)scratch->file.id, strerror(-result));
}
