/* Why: a new file is durable only when its directory entry is, and a directory sync for each upload would double its cost.
 * A thread makes files ahead, 64 with one directory sync. Those that are left over at a crash are garbage like any other.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "skerry/log.h"
#include "store_private.h"

#define SKR_POOL_LOW 32
#define SKR_POOL_RETRY_MS 1000

static int skr_pool_open_file(struct skr_store *store, struct skr_io *io, int shard_fd, uint64_t id)
{
    char name[20];
    snprintf(name, sizeof name, "%016llx", (unsigned long long)id);
    int flags = O_RDWR | O_CREAT | O_EXCL;
    bool direct = atomic_load_explicit(&store->direct_io, memory_order_relaxed);
    int fd = skr_io_open_file(io, shard_fd, name, flags | (direct ? O_DIRECT : 0), 0600);
    if (fd == -EINVAL && direct) { /* this file system has no O_DIRECT; the file may have been made all the same */
        atomic_store(&store->direct_io, false);
        skr_io_unlink_file(io, shard_fd, name);
        fd = skr_io_open_file(io, shard_fd, name, flags, 0600);
    }
    return fd;
}

/* A directory sync that failed is as final as any other: its entries may be lost although the next sync succeeds. */
static int skr_pool_sync(struct skr_store *store, struct skr_io *io, int folder_fd)
{
    int result = skr_io_sync_directory_wait(io, folder_fd);
    if (result < 0)
        skr_store_sync_failed(store, result);
    return result;
}

/* Makes a folder below `parent_fd` durable in it. That it is there already says nothing: whoever made it may not have synced
 * it. */
static int skr_pool_make_folder(struct skr_store *store, struct skr_io *io, int parent_fd, const char *name)
{
    int made = skr_io_make_directory(io, parent_fd, name, 0700);
    return made < 0 && made != -EEXIST ? made : skr_pool_sync(store, io, parent_fd);
}

/* Under the lock of folders. */
static int skr_pool_make_shard(struct skr_store *store, struct skr_io *io, const char *boot, const char *shard)
{
    struct skr_pool *pool = &store->pool;
    int made = pool->boot_folder_made ? 0 : skr_pool_make_folder(store, io, store->root_fd, boot);
    if (made < 0)
        return made;
    pool->boot_folder_made = true;
    int boot_fd = skr_io_open_file(io, store->root_fd, boot, O_RDONLY | O_DIRECTORY, 0);
    if (boot_fd < 0)
        return boot_fd;
    made = skr_pool_make_folder(store, io, boot_fd, shard);
    close(boot_fd);
    return made;
}

/* The directory of a shard, durable. The lock makes whoever finds it wait for the syncs of whoever makes it. */
static int skr_pool_open_shard(struct skr_store *store, struct skr_io *io, uint64_t id)
{
    struct skr_pool *pool = &store->pool;
    char boot[12], path[20];
    unsigned shard = (unsigned)(id >> 6 & 0xFF);
    snprintf(boot, sizeof boot, "%08x", (unsigned)(id >> 40));
    snprintf(path, sizeof path, "%s/%02x", boot, shard);
    pthread_mutex_lock(&pool->folders_lock);
    int made = pool->shard_made[shard] ? 0 : skr_pool_make_shard(store, io, boot, path + strlen(boot) + 1);
    pool->shard_made[shard] = made >= 0;
    pthread_mutex_unlock(&pool->folders_lock);
    return made < 0 ? made : skr_io_open_file(io, store->root_fd, path, O_RDONLY | O_DIRECTORY, 0);
}

static void skr_pool_drop(struct skr_store *store, struct skr_io *io, const struct skr_pool_file *file)
{
    char path[SKR_PATH_SIZE];
    close(file->fd);
    skr_store_path(path, file->id);
    skr_io_unlink_file(io, store->root_fd, path);
}

/* Makes up to `wanted` files of one shard, durable. Returns how many, or the first failure when there is none. */
static int skr_pool_make(struct skr_store *store, struct skr_io *io, uint64_t first_id, size_t wanted,
                         struct skr_pool_file *out)
{
    int shard_fd = skr_pool_open_shard(store, io, first_id);
    if (shard_fd < 0)
        return shard_fd;
    size_t count = 0;
    int failure = 0;
    while (count < wanted && failure == 0) {
        int fd = skr_pool_open_file(store, io, shard_fd, first_id + count);
        if (fd < 0)
            failure = fd;
        else
            out[count++].fd = fd;
    }
    for (size_t i = 0; i < count; i++)
        out[i].id = first_id + i;
    int synced = count > 0 ? skr_pool_sync(store, io, shard_fd) : 0;
    close(shard_fd);
    if (synced < 0) {
        for (size_t i = 0; i < count; i++)
            skr_pool_drop(store, io, &out[i]);
        return synced;
    }
    return count > 0 ? (int)count : failure;
}

/* The upper half of a boot's sequence, so that a file never has the number of a record. */
static uint64_t skr_pool_id(const struct skr_store *store, uint64_t sequence)
{
    return store->boot << 40 | UINT64_C(1) << 39 | sequence;
}

static void skr_pool_refill(struct skr_store *store)
{
    struct skr_pool *pool = &store->pool;
    struct skr_pool_file made[SKR_POOL_SIZE];
    pthread_mutex_lock(&pool->lock);
    uint64_t first = (pool->next_sequence + SKR_POOL_SIZE - 1) / SKR_POOL_SIZE * SKR_POOL_SIZE; /* a shard of its own */
    pool->next_sequence = first + SKR_POOL_SIZE;
    pthread_mutex_unlock(&pool->lock);
    int count = skr_pool_make(store, pool->io, skr_pool_id(store, first), SKR_POOL_SIZE, made);
    pthread_mutex_lock(&pool->lock);
    for (int i = 0; i < count; i++)
        pool->files[pool->count++] = made[i];
    pool->failed_at_ms = count < SKR_POOL_SIZE ? skr_now_ms() : 0;
    pool->wanted = false;
    pthread_mutex_unlock(&pool->lock);
}

static void *skr_pool_run(void *argument)
{
    struct skr_store *store = argument;
    struct skr_pool *pool = &store->pool;
    pthread_setname_np(pthread_self(), "skr-files");
    pthread_mutex_lock(&pool->lock);
    while (!pool->stopping) {
        if (!pool->wanted) {
            pthread_cond_wait(&pool->wake, &pool->lock);
            continue;
        }
        pthread_mutex_unlock(&pool->lock);
        skr_pool_refill(store);
        pthread_mutex_lock(&pool->lock);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

enum skr_status skr_pool_open(struct skr_store *store, struct skr_error *err)
{
    struct skr_pool *pool = &store->pool;
    struct skr_io_options options = {.entries = 8, .fault = store->fault};
    pthread_mutex_init(&pool->lock, NULL);
    pthread_mutex_init(&pool->folders_lock, NULL);
    pthread_cond_init(&pool->wake, NULL);
    enum skr_status status = skr_io_open(&pool->io, &options, err);
    if (status != SKR_OK)
        return status;
    int failed = pthread_create(&pool->thread, NULL, skr_pool_run, store);
    if (failed != 0)
        return skr_fail_os(err, SKR_NO_MEMORY, failed, "cannot start the thread that makes files ahead: %s", strerror(failed));
    pool->started = true;
    return SKR_OK;
}

/* Directories of this boot that stayed empty go too. */
static void skr_pool_remove_directories(struct skr_store *store)
{
    char path[20];
    for (unsigned shard = 0; shard < 256; shard++) {
        snprintf(path, sizeof path, "%08x/%02x", (unsigned)store->boot, shard);
        unlinkat(store->root_fd, path, AT_REMOVEDIR);
    }
    snprintf(path, sizeof path, "%08x", (unsigned)store->boot);
    unlinkat(store->root_fd, path, AT_REMOVEDIR);
}

void skr_pool_close(struct skr_store *store)
{
    struct skr_pool *pool = &store->pool;
    if (pool->started) {
        pthread_mutex_lock(&pool->lock);
        pool->stopping = true;
        pthread_cond_signal(&pool->wake);
        pthread_mutex_unlock(&pool->lock);
        pthread_join(pool->thread, NULL);
        while (pool->count > 0)
            skr_pool_drop(store, pool->io, &pool->files[--pool->count]);
        skr_pool_remove_directories(store);
    }
    if (pool->io != NULL) {
        skr_io_close(pool->io);
        pthread_cond_destroy(&pool->wake);
        pthread_mutex_destroy(&pool->folders_lock);
        pthread_mutex_destroy(&pool->lock);
    }
}

/* One file, now, on the caller's thread. */
static enum skr_status skr_pool_make_one(struct skr_store *store, struct skr_io *io, uint64_t id, struct skr_pool_file *out,
                                         struct skr_error *err)
{
    struct skr_io_options options = {.entries = 8, .fault = store->fault};
    struct skr_io *own = NULL;
    enum skr_status status = io != NULL ? SKR_OK : skr_io_open(&own, &options, err);
    if (status != SKR_OK)
        return status;
    int made = skr_pool_make(store, io != NULL ? io : own, id, 1, out);
    if (made < 0 && skr_store_status(made) == SKR_NO_DESCRIPTORS) {
        skr_files_shrink(store);
        made = skr_pool_make(store, io != NULL ? io : own, id, 1, out);
    }
    skr_io_close(own);
    if (made < 0)
        return skr_fail_os(err, skr_store_is_read_only(store) ? SKR_READ_ONLY : skr_store_status(made), -made,
                           "cannot make a content file: %s", strerror(-made));
    return SKR_OK;
}

enum skr_status skr_pool_take(struct skr_store *store, struct skr_io *io, struct skr_pool_file *out, struct skr_error *err)
{
    struct skr_pool *pool = &store->pool;
    pthread_mutex_lock(&pool->lock);
    bool found = pool->count > 0;
    if (found)
        *out = pool->files[--pool->count];
    uint64_t sequence = pool->next_sequence;
    pool->next_sequence += found ? 0 : 1;
    if (pool->count < SKR_POOL_LOW && !pool->wanted && skr_now_ms() - pool->failed_at_ms > SKR_POOL_RETRY_MS) {
        pool->wanted = true;
        pthread_cond_signal(&pool->wake);
    }
    pthread_mutex_unlock(&pool->lock);
    return found ? SKR_OK : skr_pool_make_one(store, io, skr_pool_id(store, sequence), out, err);
}
