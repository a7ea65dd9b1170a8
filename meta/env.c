/* Opening and closing the data folder's metadata. The folder is locked by whoever opens it for writing; its format number is
 * looked at before anything is touched; the boot number is durable before the first id of this boot is given out. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "meta_private.h"

#define SKR_DEFAULT_MAP_BYTES (UINT64_C(256) << 20)
#define SKR_DEFAULT_QUEUE 65536
#define SKR_DEFAULT_BATCH 1024
/* Beyond the configured limit the map keeps this much for removals, which need room to make room. */
#define SKR_REMOVAL_RESERVE_BYTES (UINT64_C(8) << 20)

static enum skr_status skr_lock_folder(struct skr_meta *meta, const char *directory, struct skr_error *err)
{
    meta->folder_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (meta->folder_fd < 0)
        return skr_fail_os(err, SKR_IO, errno, "cannot open the data folder %s: %s", directory, strerror(errno));
    meta->lock_fd = openat(meta->folder_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (meta->lock_fd < 0 && meta->read_only && (errno == EROFS || errno == EACCES))
        return SKR_OK;
    if (meta->lock_fd < 0)
        return skr_fail_os(err, errno == ENOSPC ? SKR_NO_SPACE : SKR_IO, errno, "cannot write to the data folder %s: %s",
                           directory, strerror(errno));
    if (flock(meta->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return skr_fail_os(err, SKR_BUSY, errno, "the data folder %s is in use by another server", directory);
    return SKR_OK;
}

/* Makes a folder's entries durable. One that may not be read, such as the parent of the data folder, is somebody else's care.
 */
static bool skr_sync_folder(int parent_fd, const char *name)
{
    int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno == EACCES;
    bool synced = fsync(fd) == 0;
    int os_errno = errno;
    close(fd);
    errno = os_errno;
    return synced;
}

/* Durable before there is anything that it describes. */
static enum skr_status skr_write_format(struct skr_meta *meta, const char *directory, struct skr_error *err)
{
    char text[32];
    int fd = openat(meta->folder_fd, "format.new", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int size = snprintf(text, sizeof text, "%d\n", SKR_FORMAT_VERSION);
    bool written = fd >= 0 && write(fd, text, (size_t)size) == size && fsync(fd) == 0 &&
                   renameat(meta->folder_fd, "format.new", meta->folder_fd, "format") == 0 && fsync(meta->folder_fd) == 0 &&
                   skr_sync_folder(meta->folder_fd, "..");
    int os_errno = errno;
    if (fd >= 0)
        close(fd);
    if (!written)
        return skr_fail_os(err, os_errno == ENOSPC ? SKR_NO_SPACE : SKR_IO, os_errno, "cannot write %s/format: %s", directory,
                           strerror(os_errno));
    return SKR_OK;
}

/* DIR/format holds one number. Records of older formats are read as they are; the folder is marked before the first record of
 * this one is written, so that an older program does not open it. */
static enum skr_status skr_check_format(struct skr_meta *meta, const char *directory, struct skr_error *err)
{
    char text[32] = "";
    int fd = openat(meta->folder_fd, "format", O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno != ENOENT) /* it is there: nobody may write another */
        return skr_fail_os(err, SKR_IO, errno, "cannot read %s/format: %s", directory, strerror(errno));
    if (fd >= 0) {
        ssize_t got = read(fd, text, sizeof text - 1);
        close(fd);
        long number = got > 0 ? strtol(text, NULL, 10) : 0;
        if (number > SKR_FORMAT_VERSION)
            return skr_fail(err, SKR_FORMAT_TOO_NEW,
                            "the data folder %s has format %ld, this Skerry knows up to %d: use a newer one", directory, number,
                            SKR_FORMAT_VERSION);
        if (number >= 1)
            return number == SKR_FORMAT_VERSION || meta->read_only ? SKR_OK : skr_write_format(meta, directory, err);
        return skr_fail(err, SKR_CORRUPT, "%s/format does not hold a format number", directory);
    }
    if (meta->read_only)
        return skr_fail(err, SKR_NOT_FOUND, "%s is not a data folder: it has no file named format", directory);
    return skr_write_format(meta, directory, err);
}

static enum skr_status skr_open_environment(struct skr_meta *meta, const struct skr_meta_options *options,
                                            struct skr_error *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/meta", options->directory);
    if (!meta->read_only && mkdir(path, 0700) != 0 && errno != EEXIST)
        return skr_fail_os(err, errno == ENOSPC ? SKR_NO_SPACE : SKR_IO, errno, "cannot make %s: %s", path, strerror(errno));
    unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | MDB_NOMEMINIT | (meta->read_only ? MDB_RDONLY : 0);
    int result = mdb_env_create(&meta->env);
    if (result == 0)
        result = mdb_env_set_maxdbs(meta->env, SKR_TABLE_COUNT);
    if (result == 0)
        result = mdb_env_set_maxreaders(meta->env, options->max_readers + 16);
    if (result == 0)
        result = mdb_env_set_mapsize(meta->env, meta->map_bytes);
    if (result == 0)
        result = mdb_env_open(meta->env, path, flags, 0600);
    if (result != 0) {
        enum skr_status status = skr_meta_status(result, err);
        return skr_fail_os(err, status == SKR_OK ? SKR_IO : status, result > 0 ? result : 0, "cannot open %s: %s", path,
                           mdb_strerror(result));
    }
    /* LMDB syncs its file, not the way to it. */
    if (!meta->read_only && (!skr_sync_folder(meta->folder_fd, "meta") || fsync(meta->folder_fd) != 0))
        return skr_fail_os(err, SKR_IO, errno, "cannot make %s durable: %s", path, strerror(errno));
    int stale;
    mdb_reader_check(meta->env, &stale);
    MDB_envinfo info;
    mdb_env_info(meta->env, &info);
    meta->map_bytes = info.me_mapsize; /* LMDB raises it to what the file holds */
    return SKR_OK;
}

static enum skr_status skr_open_tables(struct skr_meta *meta, MDB_txn *txn, struct skr_error *err)
{
    static const char *const names[SKR_TABLE_COUNT] = {
        "config",    "accounts",   "containers", "dirents", "nodes",   "contents", "extents", "payloads", "files",
        "checksums", "blocklists", "uploads",    "blocks",  "garbage", "bindings", "journal", "notes",
    };
    for (size_t i = 0; i < SKR_TABLE_COUNT; i++) {
        int result = mdb_dbi_open(txn, names[i], meta->read_only ? 0 : MDB_CREATE, &meta->tables[i]);
        if (result == MDB_NOTFOUND && meta->read_only && i >= SKR_TABLE_BINDINGS) /* of a later format than the folder's */
            meta->tables[i] = 0;
        else if (result != 0)
            return skr_fail(err, result == MDB_NOTFOUND ? SKR_CORRUPT : skr_meta_status(result, NULL),
                            "cannot open the table %s: %s", names[i], mdb_strerror(result));
    }
    return SKR_OK;
}

static enum skr_status skr_config_get(struct skr_view *view, const char *name, uint64_t *value, struct skr_error *err)
{
    struct skr_bytes found;
    enum skr_status status = skr_row_get(view, SKR_TABLE_CONFIG, skr_text(name), &found, err);
    *value = 0;
    if (status == SKR_OK && found.size != 8)
        return skr_fail(err, SKR_CORRUPT, "the metadata's '%s' is damaged", name);
    if (status == SKR_OK)
        *value = skr_get_be64(found.data);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

static enum skr_status skr_config_put(struct skr_view *view, const char *name, uint64_t value, struct skr_error *err)
{
    char data[8];
    skr_put_be64(data, value);
    return skr_row_put(view, SKR_TABLE_CONFIG, skr_text(name), (struct skr_bytes){data, 8}, err);
}

/* Reads the state of the folder and, for writing, begins a boot. `*map_full`: there was no page left for that. */
static enum skr_status skr_try_boot(struct skr_meta *meta, bool *map_full, struct skr_error *err)
{
    struct skr_view view = {.meta = meta, .room_bytes = INT64_MAX};
    uint64_t boot, clean, tick;
    int result = mdb_txn_begin(meta->env, NULL, meta->read_only ? MDB_RDONLY : 0, &view.txn);
    if (result != 0)
        return skr_meta_status(result, err);
    enum skr_status status = skr_open_tables(meta, view.txn, err);
    if (status == SKR_OK)
        status = skr_config_get(&view, "boot", &boot, err);
    if (status == SKR_OK)
        status = skr_config_get(&view, "clean", &clean, err);
    if (status == SKR_OK)
        status = skr_config_get(&view, "tick", &tick, err);
    if (status == SKR_OK && !meta->read_only && boot + 1 >= UINT64_C(1) << 24)
        status = skr_fail(err, SKR_TOO_LARGE, "the data folder was opened too often: its boot numbers are used up");
    if (status == SKR_OK) {
        meta->was_clean = clean != 0 || boot == 0;
        meta->boot = boot + (meta->read_only ? 0 : 1);
        meta->tick_ns = (int64_t)tick;
        struct skr_journal_numbers numbers;
        if (skr_journal_numbers(&view, &numbers, NULL) == SKR_OK) /* damage is for those that need them, and for fsck */
            skr_journal_publish(meta, &numbers);
    }
    if (status == SKR_OK && !meta->read_only)
        status = skr_config_put(&view, "boot", meta->boot, err);
    if (status == SKR_OK && !meta->read_only)
        status = skr_config_put(&view, "clean", 0, err);
    *map_full = view.map_full;
    if (status != SKR_OK) {
        mdb_txn_abort(view.txn);
        return status;
    }
    result = mdb_txn_commit(view.txn);
    *map_full = result == MDB_MAP_FULL;
    return skr_meta_status(result, err);
}

/* The map may be as large as the file that the last boot left, without a page to spare. */
static enum skr_status skr_begin_boot(struct skr_meta *meta, struct skr_error *err)
{
    bool map_full = false;
    enum skr_status status = skr_try_boot(meta, &map_full, err);
    while (map_full && skr_grow_map(meta))
        status = skr_try_boot(meta, &map_full, err);
    return status;
}

enum skr_status skr_meta_open(struct skr_meta **out, const struct skr_meta_options *options, struct skr_error *err)
{
    struct skr_meta *meta = calloc(1, sizeof *meta);
    if (meta == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for metadata");
    meta->folder_fd = meta->lock_fd = -1;
    pthread_mutex_init(&meta->listener_lock, NULL);
    meta->read_only = options->read_only;
    meta->map_max_bytes = options->map_max_bytes == 0 ? 0 : options->map_max_bytes + SKR_REMOVAL_RESERVE_BYTES;
    meta->map_bytes = options->map_initial_bytes == 0 ? SKR_DEFAULT_MAP_BYTES : options->map_initial_bytes;
    if (meta->map_max_bytes != 0 && meta->map_bytes > meta->map_max_bytes)
        meta->map_bytes = meta->map_max_bytes;
    meta->queue_limit = options->queue_length == 0 ? SKR_DEFAULT_QUEUE : options->queue_length;
    meta->batch_limit = options->batch_length == 0 ? SKR_DEFAULT_BATCH : options->batch_length;
    meta->on_commit_failure = options->on_commit_failure;
    meta->failure_context = options->context;
    atomic_init(&meta->sequence, 1);
    enum skr_status status = skr_gate_make(meta, options->max_readers, err);
    if (status == SKR_OK)
        status = skr_lock_folder(meta, options->directory, err);
    if (status == SKR_OK)
        status = skr_check_format(meta, options->directory, err);
    if (status == SKR_OK)
        status = skr_open_environment(meta, options, err);
    if (status == SKR_OK)
        status = skr_begin_boot(meta, err);
    if (status == SKR_OK && !meta->read_only)
        status = skr_commit_start(meta, err);
    if (status != SKR_OK) {
        skr_meta_close(meta);
        return status;
    }
    *out = meta;
    return SKR_OK;
}

/* Nothing is under way: the next boot need not look for what a crash left. */
static void skr_mark_clean(struct skr_meta *meta)
{
    struct skr_view view = {.meta = meta, .room_bytes = INT64_MAX};
    if (mdb_txn_begin(meta->env, NULL, 0, &view.txn) != 0)
        return;
    if (skr_config_put(&view, "clean", 1, NULL) == SKR_OK)
        mdb_txn_commit(view.txn);
    else
        mdb_txn_abort(view.txn);
}

void skr_meta_close(struct skr_meta *meta)
{
    if (meta == NULL)
        return;
    if (meta->thread_started) {
        skr_commit_stop(meta);
        if (!meta->latched)
            skr_mark_clean(meta);
    }
    if (meta->env != NULL)
        mdb_env_close(meta->env);
    if (meta->lock_fd >= 0)
        close(meta->lock_fd);
    if (meta->folder_fd >= 0)
        close(meta->folder_fd);
    skr_gate_free(meta);
    pthread_mutex_destroy(&meta->listener_lock);
    free(meta->names);
    free(meta);
}

uint64_t skr_meta_boot(const struct skr_meta *meta)
{
    return meta->boot;
}

uint64_t skr_meta_next_id(struct skr_meta *meta)
{
    return meta->boot << 40 | atomic_fetch_add_explicit(&meta->sequence, 1, memory_order_relaxed);
}

bool skr_meta_was_clean(const struct skr_meta *meta)
{
    return meta->was_clean;
}

const struct skr_meta_counters *skr_meta_counters(const struct skr_meta *meta)
{
    return &meta->counters;
}

/* ---- readers ---- */

enum skr_status skr_meta_reader_open(struct skr_meta *meta, struct skr_meta_reader **out, struct skr_error *err)
{
    struct skr_meta_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a reader");
    pthread_mutex_lock(&meta->gate_lock);
    while (reader->place < meta->place_count && meta->place_used[reader->place])
        reader->place++;
    bool found = reader->place < meta->place_count;
    if (found)
        meta->place_used[reader->place] = true;
    pthread_mutex_unlock(&meta->gate_lock);
    if (!found) {
        free(reader);
        return skr_fail(err, SKR_BUSY, "too many threads read metadata");
    }
    reader->meta = meta;
    *out = reader;
    return SKR_OK;
}

void skr_meta_reader_close(struct skr_meta_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->txn != NULL)
        mdb_txn_abort(reader->txn);
    pthread_mutex_lock(&reader->meta->gate_lock);
    reader->meta->place_used[reader->place] = false;
    pthread_mutex_unlock(&reader->meta->gate_lock);
    free(reader);
}

enum skr_status skr_view_begin(struct skr_meta_reader *reader, struct skr_view **out, struct skr_error *err)
{
    skr_gate_enter(reader->meta, reader->place);
    int result =
        reader->txn != NULL ? mdb_txn_renew(reader->txn) : mdb_txn_begin(reader->meta->env, NULL, MDB_RDONLY, &reader->txn);
    if (result != 0) {
        skr_gate_leave(reader->meta, reader->place);
        return skr_meta_status(result, err);
    }
    reader->view = (struct skr_view){.meta = reader->meta, .txn = reader->txn, .reader = reader};
    *out = &reader->view;
    return SKR_OK;
}

void skr_view_end(struct skr_view *view)
{
    mdb_txn_reset(view->txn);
    skr_gate_leave(view->meta, view->reader->place);
}
