/* Opening the content store, its state as a whole, and the space there is. */
#include "mapping.h"
#include "store_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "skerry/log.h"

#define SKR_SPACE_INTERVAL_MS 100

int64_t skr_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum skr_status skr_store_status(int result)
{
    switch (-result) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return SKR_NO_SPACE;
    case EMFILE:
    case ENFILE:
        return SKR_NO_DESCRIPTORS;
    case ENOMEM:
        return SKR_NO_MEMORY;
    default:
        return SKR_IO;
    }
}

/* 64 consecutive ids share a shard, so that a batch of new files needs one directory sync. */
void skr_store_path(char path[SKR_PATH_SIZE], uint64_t file_id)
{
    snprintf(path, SKR_PATH_SIZE, "%08x/%02x/%016llx", (unsigned)(file_id >> 40), (unsigned)(file_id >> 6 & 0xFF),
             (unsigned long long)file_id);
}

static enum skr_status skr_store_open_root(struct skr_store *store, const char *directory, struct skr_io *io,
                                           struct skr_error *err)
{
    int folder = skr_io_open_file(io, AT_FDCWD, directory, O_RDONLY | O_DIRECTORY, 0);
    if (folder < 0)
        return skr_fail_os(err, skr_store_status(folder), -folder, "cannot open %s: %s", directory, strerror(-folder));
    int made = store->read_only_folder ? 0 : skr_io_make_directory(io, folder, "contents", 0700);
    if ((made == 0 || made == -EEXIST) &&
        !store->read_only_folder) /* also when it was there: a crash may have come before its sync */
        made = skr_io_sync_directory_wait(io, folder);
    if (made < 0) {
        close(folder);
        return skr_fail_os(err, skr_store_status(made), -made, "cannot make %s/contents: %s", directory, strerror(-made));
    }
    store->root_fd = skr_io_open_file(io, folder, "contents", O_RDONLY | O_DIRECTORY, 0);
    close(folder);
    if (store->root_fd < 0 && !(store->read_only_folder && store->root_fd == -ENOENT))
        return skr_fail_os(err, skr_store_status(store->root_fd), -store->root_fd, "cannot open %s/contents: %s", directory,
                           strerror(-store->root_fd));
    return SKR_OK;
}

enum skr_status skr_store_open(struct skr_store **out, const struct skr_store_options *options, struct skr_io *io,
                               struct skr_error *err)
{
    struct skr_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the content store");
    store->boot = options->boot;
    store->read_only_folder = options->read_only;
    store->reserve_bytes = options->reserve_bytes;
    store->root_fd = -1;
    store->fault = skr_io_fault_of(io);
    atomic_store(&store->direct_io, options->direct_io);
    atomic_store(&store->space_checked_ms, INT64_MIN / 2);
    skr_files_open(store, options->max_open_files);
    skr_mapping_open(&store->mappings);
    enum skr_status status = skr_buffers_open(&store->buffers, err);
    if (status == SKR_OK && !options->read_only)
        status = skr_hashing_open(&store->hashing, err);
    if (status == SKR_OK)
        status = skr_store_open_root(store, options->directory, io, err);
    if (status == SKR_OK && !options->read_only)
        status = skr_pool_open(store, err);
    if (status != SKR_OK) {
        skr_store_close(store);
        return status;
    }
    *out = store;
    return SKR_OK;
}

void skr_store_close(struct skr_store *store)
{
    if (store == NULL)
        return;
    skr_pool_close(store);
    skr_files_close(store);
    skr_hashing_close(&store->hashing);
    skr_buffers_close(&store->buffers);
    if (store->root_fd >= 0)
        close(store->root_fd);
    free(store);
}

bool skr_store_is_read_only(const struct skr_store *store)
{
    return atomic_load_explicit(&store->read_only, memory_order_relaxed);
}

void skr_store_set_read_only(struct skr_store *store, const char *reason)
{
    if (!atomic_exchange(&store->read_only, true))
        skr_log(SKR_LOG_ERROR, "store", "takes no more writes until it is restarted: %s", reason);
}

void skr_store_sync_failed(struct skr_store *store, int result)
{
    skr_store_set_read_only(store, strerror(-result));
}

static enum skr_status skr_store_measure(struct skr_store *store, struct skr_error *err)
{
    struct statvfs info;
    int64_t now_ms = skr_now_ms();
    if (now_ms - atomic_load(&store->space_checked_ms) < SKR_SPACE_INTERVAL_MS)
        return SKR_OK;
    if (store->root_fd < 0 || fstatvfs(store->root_fd, &info) != 0)
        return skr_fail_os(err, SKR_IO, errno, "cannot ask for free space");
    atomic_store(&store->free_bytes, (uint64_t)info.f_bavail * info.f_frsize);
    atomic_store(&store->total_bytes, (uint64_t)info.f_blocks * info.f_frsize);
    atomic_store(&store->space_checked_ms, now_ms);
    return SKR_OK;
}

enum skr_status skr_store_space(struct skr_store *store, uint64_t *free_bytes, uint64_t *total_bytes, struct skr_error *err)
{
    enum skr_status status = skr_store_measure(store, err);
    *free_bytes = atomic_load(&store->free_bytes);
    *total_bytes = atomic_load(&store->total_bytes);
    return status;
}

static enum skr_status skr_store_admit_size(struct skr_store *store, uint64_t size, bool take, struct skr_error *err)
{
    if (skr_store_is_read_only(store) || store->read_only_folder)
        return skr_fail(err, SKR_READ_ONLY, "the store takes no more writes until it is restarted");
    if (store->reserve_bytes == 0)
        return SKR_OK;
    enum skr_status status = skr_store_measure(store, err);
    if (status != SKR_OK)
        return status;
    uint64_t free_bytes = atomic_load(&store->free_bytes);
    do {
        if (free_bytes < store->reserve_bytes || free_bytes - store->reserve_bytes < size)
            return skr_fail_os(err, SKR_NO_SPACE, ENOSPC, "free space would be below the reserve of %llu bytes",
                               (unsigned long long)store->reserve_bytes);
    } while (take && !atomic_compare_exchange_weak(&store->free_bytes, &free_bytes, free_bytes - size));
    return SKR_OK;
}

enum skr_status skr_store_admit(struct skr_store *store, struct skr_error *err)
{
    return skr_store_admit_size(store, 0, false, err);
}

enum skr_status skr_store_take(struct skr_store *store, uint64_t size, struct skr_error *err)
{
    return skr_store_admit_size(store, size, true, err);
}

const struct skr_store_counters *skr_store_counters(const struct skr_store *store)
{
    return &store->counters;
}
