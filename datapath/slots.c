/* A file that several writers fill side by side, and one sync for all that wait at the same time.
 *
 * Crash order: a waiter is told only after a sync that began when its writes were complete. The sync runs on the ring of
 * whoever started it; others are told on their own rings.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "skerry/log.h"
#include "store_private.h"

/* Laying out room waits for all writes of the file that are under way, so it is done for several slots at once. What is left
 * over at the end is given back; after a crash it stays with the file. */
#define SKR_SLOTS_AHEAD 16
#define SKR_AHEAD_MOST_BYTES (UINT64_C(128) << 20)

/* Shared by threads; guarded by `lock` but for the immutable file and the atomic count. */
struct skr_slots {
    struct skr_store *store;
    struct skr_pool_file file;
    _Atomic unsigned references;
    pthread_mutex_t lock;
    uint64_t next_offset;
    uint64_t allocated; /* the disk has room laid out up to here */
    int failure;        /* of a sync: the kernel tells it once, and the next sync would succeed without the bytes */
    bool syncing;
    struct skr_sync_waiter *covered; /* by the sync that runs */
    struct skr_sync_waiter *waiting; /* for the next one */
    struct skr_io *sync_io;
    struct skr_io_op sync_op;
};

enum skr_status skr_slots_open(struct skr_store *store, struct skr_slots **out, struct skr_error *err)
{
    struct skr_slots *slots = calloc(1, sizeof *slots);
    if (slots == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an upload");
    enum skr_status status = skr_store_admit(store, err);
    if (status == SKR_OK)
        status = skr_pool_take(store, NULL, &slots->file, err);
    if (status != SKR_OK) {
        free(slots);
        return status;
    }
    slots->store = store;
    atomic_store(&slots->references, 1);
    pthread_mutex_init(&slots->lock, NULL);
    *out = slots;
    return SKR_OK;
}

void skr_slots_retain(struct skr_slots *slots)
{
    atomic_fetch_add(&slots->references, 1);
}

void skr_slots_release(struct skr_slots *slots)
{
    if (slots == NULL || atomic_fetch_sub(&slots->references, 1) != 1)
        return;
    if (slots->allocated > slots->next_offset && ftruncate(slots->file.fd, (off_t)slots->next_offset) != 0)
        skr_log(SKR_LOG_WARNING, "store", "room laid out ahead stays with a file until that is removed: %s", strerror(errno));
    close(slots->file.fd);
    pthread_mutex_destroy(&slots->lock);
    free(slots);
}

uint64_t skr_slots_file_id(const struct skr_slots *slots)
{
    return slots->file.id;
}

int skr_slots_descriptor(const struct skr_slots *slots)
{
    return slots->file.fd;
}

bool skr_slots_reserve(struct skr_slots *slots, uint64_t size, uint64_t *offset)
{
    if (size > SKR_STORE_MAX_FILE_BYTES)
        return false;
    uint64_t rounded = (size + SKR_CRC_CHUNK_BYTES - 1) / SKR_CRC_CHUNK_BYTES * SKR_CRC_CHUNK_BYTES;
    pthread_mutex_lock(&slots->lock);
    bool fits = rounded <= SKR_STORE_MAX_FILE_BYTES - slots->next_offset;
    if (fits) {
        *offset = slots->next_offset;
        slots->next_offset += rounded;
    }
    pthread_mutex_unlock(&slots->lock);
    return fits;
}

/* How far ahead: a small part of what is free above the reserve, so that a disk that fills up is not full any earlier. */
static uint64_t skr_slots_ahead(const struct skr_slots *slots, uint64_t size)
{
    struct statvfs space;
    uint64_t ahead = size * SKR_SLOTS_AHEAD < SKR_AHEAD_MOST_BYTES ? size * SKR_SLOTS_AHEAD : SKR_AHEAD_MOST_BYTES;
    if (fstatvfs(slots->file.fd, &space) != 0)
        return 0;
    uint64_t available = (uint64_t)space.f_bavail * space.f_frsize, reserve = slots->store->reserve_bytes;
    uint64_t part = available > reserve ? (available - reserve) / 256 : 0;
    return ahead < part ? ahead : part;
}

int skr_slots_allocate(struct skr_slots *slots, struct skr_io *io, uint64_t end, uint64_t size)
{
    int result = 0;
    pthread_mutex_lock(&slots->lock);
    if (end > slots->allocated) {
        uint64_t wanted =
            (end + skr_slots_ahead(slots, size) + SKR_CRC_CHUNK_BYTES - 1) / SKR_CRC_CHUNK_BYTES * SKR_CRC_CHUNK_BYTES;
        result = skr_io_allocate(io, slots->file.fd, slots->allocated, wanted - slots->allocated);
        if (result < 0) { /* what is needed now, then */
            wanted = end;
            result = skr_io_allocate(io, slots->file.fd, slots->allocated, wanted - slots->allocated);
        }
        if (result == 0)
            slots->allocated = wanted;
    }
    pthread_mutex_unlock(&slots->lock);
    return result;
}

static void skr_slots_start_sync(struct skr_slots *slots, struct skr_io *io);

/* Tells waiters, on the ring of each; `io` is the caller's. */
static void skr_slots_tell(struct skr_sync_waiter *waiter, struct skr_io *io, int result)
{
    while (waiter != NULL) {
        struct skr_sync_waiter *next = waiter->next;
        if (waiter->io == io)
            waiter->op.done(&waiter->op, result);
        else
            skr_io_complete(waiter->io, &waiter->op, result);
        waiter = next;
    }
}

static void skr_slots_synced(struct skr_io_op *op, int result)
{
    struct skr_slots *slots = (struct skr_slots *)((char *)op - offsetof(struct skr_slots, sync_op));
    struct skr_io *io = slots->sync_io;
    if (result < 0)
        skr_store_sync_failed(slots->store, result);
    atomic_fetch_add_explicit(&slots->store->counters.syncs, 1, memory_order_relaxed);
    pthread_mutex_lock(&slots->lock);
    struct skr_sync_waiter *covered = slots->covered, *failed = NULL;
    if (result < 0) {
        slots->failure = result;
        failed = slots->waiting;
    }
    slots->covered = result < 0 ? NULL : slots->waiting;
    slots->waiting = NULL;
    slots->syncing = slots->covered != NULL;
    bool again = slots->syncing;
    pthread_mutex_unlock(&slots->lock);
    if (again)
        skr_slots_start_sync(slots, io);
    skr_slots_tell(covered, io, result);
    skr_slots_tell(failed, io, result);
    skr_slots_release(slots);
}

/* `syncing` is set: nobody else starts one. The sync holds a reference. */
static void skr_slots_start_sync(struct skr_slots *slots, struct skr_io *io)
{
    skr_slots_retain(slots);
    slots->sync_io = io;
    slots->sync_op.done = skr_slots_synced;
    skr_io_sync_data(io, &slots->sync_op, slots->file.fd);
}

void skr_slots_sync(struct skr_slots *slots, struct skr_sync_waiter *waiter)
{
    pthread_mutex_lock(&slots->lock);
    int failure = slots->failure;
    bool start = failure == 0 && !slots->syncing;
    if (failure == 0) {
        struct skr_sync_waiter **list = start ? &slots->covered : &slots->waiting;
        waiter->next = *list;
        *list = waiter;
        slots->syncing = true;
    }
    pthread_mutex_unlock(&slots->lock);
    if (failure != 0)
        skr_io_complete(waiter->io, &waiter->op, failure);
    else if (start)
        skr_slots_start_sync(slots, waiter->io);
}
