/* A bounded cache of descriptors for reading, shared by all threads. Opening a file for each read of it costs more than the
 * read. Sharded by id; an idle descriptor is closed when its shard is full, or when its file is removed. */
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "mapping.h"

static struct skr_file_shard *skr_files_shard(struct skr_store *store, uint64_t file_id)
{
    return &store->shards[file_id % SKR_FILE_SHARDS];
}

static struct skr_file **skr_files_bucket(struct skr_file_shard *shard, uint64_t file_id)
{
    return &shard->buckets[file_id / SKR_FILE_SHARDS % 64];
}

static void skr_files_leave_idle(struct skr_file_shard *shard, struct skr_file *file)
{
    *(file->idle_previous == NULL ? &shard->idle_first : &file->idle_previous->idle_next) = file->idle_next;
    *(file->idle_next == NULL ? &shard->idle_last : &file->idle_next->idle_previous) = file->idle_previous;
}

static void skr_files_enter_idle(struct skr_file_shard *shard, struct skr_file *file)
{
    file->idle_next = NULL;
    file->idle_previous = shard->idle_last;
    *(shard->idle_last == NULL ? &shard->idle_first : &shard->idle_last->idle_next) = file;
    shard->idle_last = file;
}

/* Closes an idle file. Under the lock. */
static void skr_files_close_idle(struct skr_file_shard *shard, struct skr_file *file)
{
    struct skr_file **link = skr_files_bucket(shard, file->id);
    while (*link != file)
        link = &(*link)->next;
    *link = file->next;
    skr_files_leave_idle(shard, file);
    shard->count--;
    skr_mapping_unmap(file->store, file);
    close(file->fd);
    free(file);
}

void skr_files_open(struct skr_store *store, unsigned max_open_files)
{
    for (size_t i = 0; i < SKR_FILE_SHARDS; i++) {
        pthread_mutex_init(&store->shards[i].lock, NULL);
        store->shards[i].capacity = max_open_files / SKR_FILE_SHARDS + 1;
    }
}

void skr_files_shrink(struct skr_store *store)
{
    for (size_t i = 0; i < SKR_FILE_SHARDS; i++) {
        struct skr_file_shard *shard = &store->shards[i];
        pthread_mutex_lock(&shard->lock);
        while (shard->idle_first != NULL)
            skr_files_close_idle(shard, shard->idle_first);
        pthread_mutex_unlock(&shard->lock);
    }
}

void skr_files_close(struct skr_store *store)
{
    skr_files_shrink(store);
    for (size_t i = 0; i < SKR_FILE_SHARDS; i++)
        pthread_mutex_destroy(&store->shards[i].lock);
}

static struct skr_file *skr_files_find(struct skr_file_shard *shard, uint64_t file_id)
{
    struct skr_file *file = *skr_files_bucket(shard, file_id);
    while (file != NULL && file->id != file_id)
        file = file->next;
    return file;
}

/* Takes a reference on a file of the cache. Under the lock. */
static struct skr_file *skr_files_take(struct skr_file_shard *shard, uint64_t file_id)
{
    struct skr_file *file = skr_files_find(shard, file_id);
    if (file != NULL && file->references++ == 0)
        skr_files_leave_idle(shard, file);
    return file;
}

static int skr_files_open_descriptor(struct skr_store *store, uint64_t file_id)
{
    char path[SKR_PATH_SIZE];
    skr_store_path(path, file_id);
    int fd = openat(store->root_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
        skr_files_shrink(store);
        fd = openat(store->root_fd, path, O_RDONLY | O_CLOEXEC);
    }
    if (fd >= 0) /* read ahead in larger pieces, which lie in larger folios: those are copied faster ever after */
        posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    return fd < 0 ? -errno : fd;
}

enum skr_status skr_file_acquire(struct skr_store *store, uint64_t file_id, struct skr_file **out, struct skr_error *err)
{
    struct skr_file_shard *shard = skr_files_shard(store, file_id);
    pthread_mutex_lock(&shard->lock);
    *out = skr_files_take(shard, file_id);
    pthread_mutex_unlock(&shard->lock);
    if (*out != NULL)
        return SKR_OK;
    int fault = store->fault == NULL ? 0 : store->fault->decide(store->fault, SKR_IO_OPEN);
    int fd = fault != 0 ? fault : skr_files_open_descriptor(store, file_id);
    if (fd < 0)
        return skr_fail_os(err, fd == -ENOENT ? SKR_CORRUPT : skr_store_status(fd), -fd, "cannot open content file %016llx: %s",
                           (unsigned long long)file_id, strerror(-fd));
    struct skr_file *file = calloc(1, sizeof *file);
    if (file == NULL) {
        close(fd);
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a file");
    }
    *file = (struct skr_file){.store = store, .id = file_id, .fd = fd, .references = 1};
    pthread_mutex_lock(&shard->lock);
    *out = skr_files_take(shard, file_id); /* another thread may have been quicker */
    if (*out == NULL) {
        struct skr_file **bucket = skr_files_bucket(shard, file_id);
        file->next = *bucket;
        *bucket = *out = file;
        shard->count++;
        while (shard->count > shard->capacity && shard->idle_first != NULL)
            skr_files_close_idle(shard, shard->idle_first);
    }
    pthread_mutex_unlock(&shard->lock);
    if (*out != file) {
        close(fd);
        free(file);
    }
    return SKR_OK;
}

void skr_file_release(struct skr_file *file)
{
    if (file == NULL)
        return;
    struct skr_file_shard *shard = skr_files_shard(file->store, file->id);
    pthread_mutex_lock(&shard->lock);
    if (--file->references == 0) {
        skr_files_enter_idle(shard, file);
        if (file->removed || shard->count > shard->capacity)
            skr_files_close_idle(shard, file);
    }
    pthread_mutex_unlock(&shard->lock);
}

int skr_file_descriptor(const struct skr_file *file)
{
    return file->fd;
}

void skr_files_forget(struct skr_store *store, uint64_t file_id)
{
    struct skr_file_shard *shard = skr_files_shard(store, file_id);
    pthread_mutex_lock(&shard->lock);
    struct skr_file *file = skr_files_find(shard, file_id);
    if (file != NULL && file->references == 0)
        skr_files_close_idle(shard, file);
    else if (file != NULL)
        file->removed = true;
    pthread_mutex_unlock(&shard->lock);
}
