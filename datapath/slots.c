/* A file that several writers fill side by side, and one sync for all that wait at the same time.
 *
 * Crash order: a waiter is told only after a sync that began when its writes were complete. The sync runs on the ring of whoever
 * started it; others are told on their own rings.
 */
#include <stdlib.h>
#include <unistd.h>

#include "skerry/log.h"
#include "store_private.h"

/* Shared by threads; guarded by `lock` but for the immutable file and the atomic count. */
struct skr_slots {
    struct skr_store *store;
    struct skr_pool_file file;
    _Atomic unsigned references;
    pthread_mutex_t lock;
    uint64_t next_offset;
    bool syncing;
    struct skr_sync_waiter *covered; /* by the sync that runs */
    struct skr_sync_waiter *waiting; /* for the next one */
    struct skr_io *sync_io;
    struct skr_io_op sync_op;
};

enum skr_status skr_slots_open(struct skr_store *store, struct skr_slots **out, struct skr_error *err)
{
    struct skr_io_options options = {.entries = 8, .fault = store->fault};
    struct skr_slots *slots = calloc(1, sizeof *slots);
    if (slots == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an upload");
    enum skr_status status = skr_store_admit(store, err);
    struct skr_io *io = NULL; /* only for the rare case that no file was made ahead */
    if (status == SKR_OK)
        status = skr_io_open(&io, &options, err);
    if (status == SKR_OK)
        status = skr_pool_take(store, io, &slots->file, err);
    skr_io_close(io);
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

static void skr_slots_start_sync(struct skr_slots *slots, struct skr_io *io);

static void skr_slots_synced(struct skr_io_op *op, int result)
{
    struct skr_slots *slots = (struct skr_slots *)((char *)op - offsetof(struct skr_slots, sync_op));
    struct skr_io *io = slots->sync_io;
    if (result < 0)
        skr_store_sync_failed(slots->store, result);
    atomic_fetch_add_explicit(&slots->store->counters.syncs, 1, memory_order_relaxed);
    pthread_mutex_lock(&slots->lock);
    struct skr_sync_waiter *covered = slots->covered;
    slots->covered = slots->waiting;
    slots->waiting = NULL;
    slots->syncing = slots->covered != NULL;
    bool again = slots->syncing;
    pthread_mutex_unlock(&slots->lock);
    if (again)
        skr_slots_start_sync(slots, io);
    while (covered != NULL) {
        struct skr_sync_waiter *next = covered->next;
        if (covered->io == io)
            covered->op.done(&covered->op, result);
        else
            skr_io_complete(covered->io, &covered->op, result);
        covered = next;
    }
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
    bool start = !slots->syncing;
    struct skr_sync_waiter **list = start ? &slots->covered : &slots->waiting;
    waiter->next = *list;
    *list = waiter;
    slots->syncing = true;
    pthread_mutex_unlock(&slots->lock);
    if (start)
        skr_slots_start_sync(slots, waiter->io);
}
