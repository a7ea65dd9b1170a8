/* What the files of the store share. */
#ifndef SKERRY_DATAPATH_STORE_PRIVATE_H
#define SKERRY_DATAPATH_STORE_PRIVATE_H

#include <pthread.h>

#include "hashing.h"
#include "io_private.h"
#include "skerry/store.h"

#define SKR_DIRECT_ALIGNMENT 4096u
#define SKR_LARGE_BUFFER_BYTES (1u << 20)
#define SKR_FILE_SHARDS 16
#define SKR_PATH_SIZE 40 /* of a content file below `contents` */

/* Empty content files whose directory entries are durable already, made ahead by a thread of their own. */
struct skr_pool_file {
    uint64_t id;
    int fd; /* open for writing; -1: none */
};
#define SKR_POOL_SIZE 64
struct skr_pool {
    pthread_mutex_t lock; /* guards all but `thread` and `io` */
    pthread_cond_t wake;
    struct skr_pool_file files[2 * SKR_POOL_SIZE];
    size_t count;
    uint64_t next_sequence;
    bool wanted, stopping, started;
    pthread_mutex_t folders_lock;           /* guards what follows; held while folders are made and synced */
    bool boot_folder_made, shard_made[256]; /* their entries are durable */
    int64_t failed_at_ms;                   /* CLOCK_MONOTONIC; making files ahead failed: leave it alone for a while */
    pthread_t thread;
    struct skr_io *io; /* owned by the thread */
};

/* Large aligned buffers that writers pass around. */
#define SKR_BUFFERS_MAX 256
struct skr_buffers {
    void *region; /* immutable: what was reserved, and the first buffer in it */
    size_t region_bytes;
    char *first;
    pthread_mutex_t lock;           /* guards what follows */
    uint16_t free[SKR_BUFFERS_MAX]; /* a stack of numbers */
    size_t free_count;
    bool touched[SKR_BUFFERS_MAX]; /* has memory behind it */
    size_t touched_count;
};

/* Mappings of content files. */
struct skr_mappings {
    size_t page_bytes;    /* immutable, as what follows */
    uint64_t limit_bytes; /* of all mappings together */
    _Atomic uint64_t mapped_bytes, mapped_files;
};

/* A shard of the cache of descriptors: those in use and, least recently used first, those that are idle. */
struct skr_file_shard {
    pthread_mutex_t lock; /* guards what follows */
    struct skr_file *buckets[64];
    struct skr_file *idle_first, *idle_last;
    size_t count, capacity;
};

/* Shared by all threads; what is not guarded by a lock of its own is atomic or immutable after opening. */
struct skr_store {
    uint64_t boot;
    bool read_only_folder;
    uint64_t reserve_bytes;
    int root_fd; /* DIR/contents; -1 when it is not there and the folder is opened read-only */
    _Atomic bool direct_io;
    _Atomic bool read_only;
    _Atomic int64_t space_checked_ms;
    _Atomic uint64_t free_bytes, total_bytes;
    struct skr_io_fault *fault;
    struct skr_pool pool;
    struct skr_buffers buffers;
    struct skr_hashing hashing;
    struct skr_mappings mappings;
    struct skr_file_shard shards[SKR_FILE_SHARDS];
    struct skr_store_counters counters;
};

/* SKR_NO_SPACE, SKR_NO_DESCRIPTORS, SKR_NO_MEMORY or SKR_IO for a negative result of the io seam. */
enum skr_status skr_store_status(int result);
void skr_store_path(char path[SKR_PATH_SIZE], uint64_t file_id);
/* As skr_store_admit for so many bytes more, which count as taken until free space is measured again. */
enum skr_status skr_store_take(struct skr_store *store, uint64_t size, struct skr_error *err);
/* An fsync failed: no more writes. */
void skr_store_sync_failed(struct skr_store *store, int result);
int64_t skr_now_ms(void);

enum skr_status skr_pool_open(struct skr_store *store, struct skr_error *err);
void skr_pool_close(struct skr_store *store);
/* An empty content file of one's own, durable in its directory. `io` NULL: a ring is opened when no file was made ahead. */
enum skr_status skr_pool_take(struct skr_store *store, struct skr_io *io, struct skr_pool_file *out, struct skr_error *err);

/* A large buffer; NULL when the bound is reached or there is no memory. */
enum skr_status skr_buffers_open(struct skr_buffers *buffers, struct skr_error *err);
void skr_buffers_close(struct skr_buffers *buffers); /* harmless when it was not opened */
void *skr_buffers_take(struct skr_buffers *buffers); /* SKR_LARGE_BUFFER_BYTES, or NULL: all are in use */
void skr_buffers_give(struct skr_buffers *buffers, void *buffer);
/* Copies into a buffer that will be written by DMA and not be read again: past the caches, where the processor offers it. */
void skr_buffers_fill(void *to, const void *from, size_t size);
/* Gives the memory of free ones back to the system, down to `keep`. */
void skr_buffers_trim(struct skr_buffers *buffers, size_t keep);

void skr_files_open(struct skr_store *store, unsigned max_open_files);
void skr_files_close(struct skr_store *store);
/* Closes an idle descriptor, so that an unlinked file gives its space back. */
void skr_files_forget(struct skr_store *store, uint64_t file_id);
/* Closes every idle descriptor. */
void skr_files_shrink(struct skr_store *store);

/* ---- slots, seen by writers ---- */

/* One that waits for its bytes to be durable. */
struct skr_sync_waiter {
    struct skr_sync_waiter *next;
    struct skr_io *io;
    struct skr_io_op op; /* `done` runs on `io` with the result of the sync */
};

int skr_slots_descriptor(const struct skr_slots *slots);
void skr_slots_retain(struct skr_slots *slots);
/* Room for `size` bytes. False: the file is as large as it may get. */
bool skr_slots_reserve(struct skr_slots *slots, uint64_t size, uint64_t *offset);
/* Lays out room on the disk for a slot of `size` that ends at `end`, and for some to come. 0 or -errno. */
int skr_slots_allocate(struct skr_slots *slots, struct skr_io *io, uint64_t end, uint64_t size);
/* A sync that begins after this call; several waiters share one. */
void skr_slots_sync(struct skr_slots *slots, struct skr_sync_waiter *waiter);

#endif
