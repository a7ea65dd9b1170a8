/* Removing content files and ranges of them, and looking through what is on disk. Background threads; blocking. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store_private.h"

enum skr_status skr_store_remove(struct skr_store *store, struct skr_io *io, uint64_t file_id, struct skr_error *err)
{
    char path[SKR_PATH_SIZE];
    skr_store_path(path, file_id);
    int result = skr_io_unlink_file(io, store->root_fd, path);
    skr_files_forget(store, file_id);
    if (result < 0 && result != -ENOENT)
        return skr_fail_os(err, skr_store_status(result), -result, "cannot remove content file %016llx: %s",
                           (unsigned long long)file_id, strerror(-result));
    return SKR_OK;
}

enum skr_status skr_store_punch(struct skr_store *store, struct skr_io *io, uint64_t file_id, uint64_t offset_bytes,
                                uint64_t size_bytes, struct skr_error *err)
{
    char path[SKR_PATH_SIZE];
    if (size_bytes == 0)
        return SKR_OK; /* fallocate refuses a hole of no bytes */
    skr_store_path(path, file_id);
    int fd = skr_io_open_file(io, store->root_fd, path, O_WRONLY, 0);
    if (fd == -ENOENT)
        return SKR_OK;
    if (fd < 0)
        return skr_fail_os(err, skr_store_status(fd), -fd, "cannot open content file %016llx: %s", (unsigned long long)file_id,
                           strerror(-fd));
    int result = skr_io_punch(io, fd, offset_bytes, size_bytes);
    close(fd);
    if (result < 0 && result != -EOPNOTSUPP)
        return skr_fail_os(err, skr_store_status(result), -result, "cannot punch a hole: %s", strerror(-result));
    return SKR_OK;
}

enum skr_status skr_store_file_size(struct skr_store *store, uint64_t file_id, uint64_t *size_bytes, struct skr_error *err)
{
    char path[SKR_PATH_SIZE];
    struct stat info;
    skr_store_path(path, file_id);
    if (store->root_fd >= 0 && fstatat(store->root_fd, path, &info, 0) == 0) {
        *size_bytes = (uint64_t)info.st_size;
        return SKR_OK;
    }
    int os_errno = store->root_fd < 0 ? ENOENT : errno;
    return skr_fail_os(err, os_errno == ENOENT ? SKR_NOT_FOUND : SKR_IO, os_errno, "cannot look at content file %016llx: %s",
                       (unsigned long long)file_id, strerror(os_errno));
}

/* A folder as a stream of entries; NULL when it is not there. */
static DIR *skr_open_folder(int parent_fd, const char *name)
{
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = fd < 0 ? NULL : fdopendir(fd);
    if (fd >= 0 && folder == NULL)
        close(fd);
    return folder;
}

/* Parses a name of exactly `digits` hexadecimal digits. */
static bool skr_parse_name(const char *name, size_t digits, uint64_t *value)
{
    if (strlen(name) != digits || strspn(name, "0123456789abcdef") != digits)
        return false;
    *value = strtoull(name, NULL, 16);
    return true;
}

struct skr_scan {
    bool (*visit)(void *context, uint64_t file_id, uint64_t size_bytes);
    void *context;
    bool stopped;
    bool tidy;    /* remove folders that are empty */
    int os_errno; /* a folder could not be looked through: what was found is not all */
};

/* Notes why a folder was not opened, unless it is gone or was never one. */
static void skr_scan_missed(struct skr_scan *scan)
{
    if (errno != ENOENT && errno != ENOTDIR && scan->os_errno == 0)
        scan->os_errno = errno;
}

static void skr_scan_shard(struct skr_scan *scan, DIR *shard)
{
    struct dirent *entry;
    struct stat info;
    uint64_t id;
    while (!scan->stopped && (entry = readdir(shard)) != NULL)
        if (skr_parse_name(entry->d_name, 16, &id) && fstatat(dirfd(shard), entry->d_name, &info, 0) == 0)
            scan->stopped = !scan->visit(scan->context, id, (uint64_t)info.st_size);
}

static void skr_scan_boot(struct skr_scan *scan, DIR *boot)
{
    struct dirent *entry;
    uint64_t number;
    while (!scan->stopped && (entry = readdir(boot)) != NULL) {
        if (!skr_parse_name(entry->d_name, 2, &number))
            continue;
        DIR *shard = skr_open_folder(dirfd(boot), entry->d_name);
        if (shard == NULL) {
            skr_scan_missed(scan);
            continue;
        }
        skr_scan_shard(scan, shard);
        closedir(shard);
        if (!scan->stopped && scan->tidy)
            unlinkat(dirfd(boot), entry->d_name, AT_REMOVEDIR); /* goes only when it is empty */
    }
}

enum skr_status skr_store_scan(struct skr_store *store, uint64_t first_boot, uint64_t last_boot,
                               bool (*visit)(void *context, uint64_t file_id, uint64_t size_bytes), void *context,
                               struct skr_error *err)
{
    struct skr_scan scan = {.visit = visit, .context = context, .tidy = !store->read_only_folder};
    struct dirent *entry;
    uint64_t number;
    if (store->root_fd < 0)
        return SKR_OK;
    DIR *root = skr_open_folder(store->root_fd, ".");
    if (root == NULL)
        return skr_fail_os(err, SKR_IO, errno, "cannot read the folder of contents: %s", strerror(errno));
    while (!scan.stopped && (entry = readdir(root)) != NULL) {
        if (!skr_parse_name(entry->d_name, 8, &number) || number < first_boot || number > last_boot)
            continue;
        DIR *boot = skr_open_folder(dirfd(root), entry->d_name);
        if (boot == NULL) {
            skr_scan_missed(&scan);
            continue;
        }
        skr_scan_boot(&scan, boot);
        closedir(boot);
        if (!scan.stopped && scan.tidy)
            unlinkat(dirfd(root), entry->d_name, AT_REMOVEDIR);
    }
    closedir(root);
    return scan.os_errno == 0 ? SKR_OK
                              : skr_fail_os(err, skr_store_status(-scan.os_errno), scan.os_errno,
                                            "cannot look through all contents: %s", strerror(scan.os_errno));
}
