/* The content store: ordinary files under hexadecimal ids, written durably, verified when read.
 *
 * Layout in the data folder: contents/<boot, 8 hex digits>/<shard, 2 hex digits>/<file id, 16 hex digits>. The boot number
 * is the upper 24 bits of an id. A file is whole and durable (its bytes and its directory entry) before its id is handed to
 * metadata; it is unlinked only after metadata forgot it. A file without a record is garbage.
 *
 * A struct skr_store is shared by all threads. A writer, a read and a file handle belong to the thread whose `struct skr_io`
 * they use. An fsync that fails makes the whole store read-only (SKR_READ_ONLY) until restart.
 *
 * Checksums: CRC32C of each SKR_CRC_CHUNK_BYTES of a file, counted from the file's beginning. Every written range begins on
 * such a boundary; its last chunk may be short. The store computes them while writing, metadata keeps them, the store
 * checks them while reading.
 */
#ifndef SKERRY_STORE_H
#define SKERRY_STORE_H

#include <stdatomic.h>

#include "skerry/bytes.h"
#include "skerry/hash.h"
#include "skerry/io.h"
#include "skerry/status.h"

#define SKR_SIZE_UNKNOWN UINT64_MAX
#define SKR_STORE_MAX_FILE_BYTES (UINT64_C(1) << 43) /* 8 TiB */

struct skr_store;

struct skr_store_options {
    const char *directory;   /* the data folder; exists. `contents` is made in it */
    uint64_t boot;           /* 1 to 2^24 - 1: the number of this opening of the data folder, from metadata */
    bool direct_io;          /* write with O_DIRECT where the file system allows it */
    bool read_only;          /* for fsck: nothing is created */
    unsigned max_open_files; /* descriptors kept open for reading, 16 to 65536 */
    uint64_t reserve_bytes;  /* free space below which new writers are refused with SKR_NO_SPACE */
};

/* `io` belongs to the calling thread and is used only during the call. */
enum skr_status skr_store_open(struct skr_store **out, const struct skr_store_options *options, struct skr_io *io,
                               struct skr_error *err);
void skr_store_close(struct skr_store *store); /* no writer, read or file may be open. NULL-safe */

/* True after a failed fsync: writers fail with SKR_READ_ONLY. Any thread. */
bool skr_store_is_read_only(const struct skr_store *store);
/* For metadata whose commit failed in the same way. Any thread. */
void skr_store_set_read_only(struct skr_store *store, const char *reason);

/* Free and total bytes of the file system. Any thread. */
enum skr_status skr_store_space(struct skr_store *store, uint64_t *free_bytes, uint64_t *total_bytes, struct skr_error *err);

/* May something be written now? SKR_NO_SPACE below the reserve, SKR_READ_ONLY. Writers ask by themselves; for bytes that go
 * elsewhere on the same disk. Any thread. */
enum skr_status skr_store_admit(struct skr_store *store, struct skr_error *err);

/* ---- writing ---- */

/* A file that several writers, on any threads, fill in slots in order of arrival: the blocks of one upload.
 * Reference-counted: a writer holds one. */
struct skr_slots;
enum skr_status skr_slots_open(struct skr_store *store, struct skr_slots **out, struct skr_error *err);
void skr_slots_release(struct skr_slots *slots);           /* any thread. NULL-safe */
uint64_t skr_slots_file_id(const struct skr_slots *slots); /* any thread */

struct skr_writer;

struct skr_writer_options {
    uint64_t expected_size;  /* bytes to come, or SKR_SIZE_UNKNOWN. More than announced: SKR_INVALID_ARGUMENT */
    struct skr_slots *slots; /* write into a slot of this file (expected_size must be known), or NULL: a file of its own */
    bool md5;                /* compute it too: on a hashing thread, side by side with other streams, where a stream is large */
    void (*ready)(void *context); /* there is room again, or the writer failed, after a write took less than offered */
    void *context;
};

/* What a finished writer left on disk, durable. Owned by the writer. */
struct skr_written {
    uint64_t file_id;
    uint64_t offset_bytes; /* multiple of SKR_CRC_CHUNK_BYTES */
    uint64_t size_bytes;
    const uint32_t *crc32c; /* one a chunk, `crc_count` = ceil(size / SKR_CRC_CHUNK_BYTES) */
    size_t crc_count;
    uint8_t md5[SKR_MD5_SIZE]; /* when it was asked for */
};

/* Errors: SKR_NO_SPACE, SKR_READ_ONLY, SKR_NO_DESCRIPTORS, SKR_IO, SKR_NO_MEMORY. */
enum skr_status skr_writer_open(struct skr_store *store, struct skr_io *io, const struct skr_writer_options *options,
                                struct skr_writer **out, struct skr_error *err);
/* Takes up to `size` bytes and returns how many; less than `size` means that all buffers are in flight: wait for `ready`.
 * After a failure it takes everything and skr_writer_finish() reports. */
size_t skr_writer_write(struct skr_writer *writer, const void *data, size_t size);
/* Writes the rest, makes it durable, then calls `done` once (never inside this call). No write may follow. */
void skr_writer_finish(struct skr_writer *writer, void (*done)(void *context, enum skr_status, const struct skr_error *),
                       void *context);
/* After a successful finish. */
const struct skr_written *skr_writer_result(const struct skr_writer *writer);
/* Metadata now refers to the bytes: only memory is freed. NULL-safe. */
void skr_writer_keep(struct skr_writer *writer);
/* The bytes are not wanted (at any time, also in mid-write or with a finish outstanding, whose `done` then is not called):
 * removes the file or punches the slot. NULL-safe. */
void skr_writer_discard(struct skr_writer *writer);

/* ---- a file that is written at any place ---- */

/* A content file of one's own, through the page cache. Of its bytes nothing is verified, and nothing is durable before a sync:
 * what metadata is told of them is its owner's business. All calls block; any thread, but not two at once on the same bytes. */
struct skr_scratch;
/* Empty. SKR_NO_SPACE, SKR_READ_ONLY, SKR_NO_DESCRIPTORS, SKR_IO, SKR_NO_MEMORY. */
enum skr_status skr_scratch_open(struct skr_store *store, struct skr_io *io, struct skr_scratch **out, struct skr_error *err);
uint64_t skr_scratch_file_id(const struct skr_scratch *scratch);
enum skr_status skr_scratch_write(struct skr_scratch *scratch, struct skr_io *io, const void *data, size_t size,
                                  uint64_t offset, struct skr_error *err);
/* Zeros where nothing was written. */
enum skr_status skr_scratch_read(struct skr_scratch *scratch, struct skr_io *io, void *buffer, size_t size, uint64_t offset,
                                 struct skr_error *err);
enum skr_status skr_scratch_truncate(struct skr_scratch *scratch, struct skr_io *io, uint64_t size, struct skr_error *err);
/* Where it is shorter, zeros behind its end. */
enum skr_status skr_scratch_extend(struct skr_scratch *scratch, struct skr_io *io, uint64_t size, struct skr_error *err);
/* A failure makes the store read-only. */
enum skr_status skr_scratch_sync(struct skr_scratch *scratch, struct skr_io *io, struct skr_error *err);
void skr_scratch_close(struct skr_scratch *scratch); /* the file stays. NULL-safe */

/* ---- reading ---- */

/* An open content file. Reference-counted and shared by all threads through a bounded cache of descriptors. */
struct skr_file;
/* Errors: SKR_CORRUPT when it is missing (metadata says it must be there), SKR_NO_DESCRIPTORS, SKR_IO. */
enum skr_status skr_file_acquire(struct skr_store *store, uint64_t file_id, struct skr_file **out, struct skr_error *err);
void skr_file_release(struct skr_file *file);         /* any thread. NULL-safe */
int skr_file_descriptor(const struct skr_file *file); /* for sendfile; valid while the handle is held */

/* One verified read. Embedded in the caller's state. */
struct skr_read {
    /* set by the caller */
    struct skr_file *file;
    uint64_t offset_bytes;  /* any offset and size inside one extent */
    size_t size_bytes;      /* 1 to 4 MiB */
    uint64_t end_bytes;     /* end of the written range that holds it: where the last chunk is cut short */
    const uint32_t *crc32c; /* of the chunks that [offset, offset + size) touches, the first one first; copied by the call */
    void *buffer;           /* `size_bytes` */
    void (*done)(struct skr_read *read, enum skr_status status); /* inside skr_io_run() */
    struct skr_error error;                                      /* why, when it failed */
    void *state;                                                 /* private */
};
/* SKR_OK: the bytes were in the page cache and are in `buffer`. SKR_PENDING: `done` comes. SKR_CORRUPT: checksum mismatch.
 * SKR_IO, SKR_NO_MEMORY. */
enum skr_status skr_store_read(struct skr_store *store, struct skr_io *io, struct skr_read *read);
/* Smaller files are not lent: mapping them costs more than copying. */
#define SKR_STORE_MIN_LENT_BYTES (512u << 10)
/* The bytes of a read where they lie in the page cache, verified and not copied: `buffer` and `done` play no part. False: not
 * all of them are in memory, or they do not match, or the file is not mapped; skr_store_read() tells more, and once it found
 * bytes in memory their file is. With `wait` they are taken from the disk, blocking, where they are not in memory. They stay
 * while the file's handle is held. But memory may be short: then the kernel takes pages away and reads them anew, and nobody
 * looks at those bytes. So they are to be used at once, or lent again after a while; by system calls, since a disk that fails
 * then is SIGBUS. */
bool skr_store_lend(struct skr_store *store, const struct skr_read *read, bool wait, const void **bytes);
/* The caller is not interested any more: `done` will not be called. The buffer is not touched after this returns. */
void skr_read_cancel(struct skr_read *read);

/* ---- removing and checking: background threads, blocking ---- */

/* Unlinks a content file; SKR_OK when it is gone already. Descriptors still open go on reading it. */
enum skr_status skr_store_remove(struct skr_store *store, struct skr_io *io, uint64_t file_id, struct skr_error *err);
/* Gives a range of a file back to the file system, where that can do it. */
enum skr_status skr_store_punch(struct skr_store *store, struct skr_io *io, uint64_t file_id, uint64_t offset_bytes,
                                uint64_t size_bytes, struct skr_error *err);
/* Size of a content file: SKR_NOT_FOUND when it is missing. */
enum skr_status skr_store_file_size(struct skr_store *store, uint64_t file_id, uint64_t *size_bytes, struct skr_error *err);
/* Calls `visit` for each content file on disk with boot number in [first_boot, last_boot]; stops when it returns false. */
enum skr_status skr_store_scan(struct skr_store *store, uint64_t first_boot, uint64_t last_boot,
                               bool (*visit)(void *context, uint64_t file_id, uint64_t size_bytes), void *context,
                               struct skr_error *err);
/* Numbers for metrics: bytes written, read, and of those lent, writers open, failed checksums. Any thread. */
struct skr_store_counters {
    _Atomic uint64_t written_bytes, read_bytes, lent_bytes, writers_open, checksum_failures, syncs;
};
const struct skr_store_counters *skr_store_counters(const struct skr_store *store);

#endif
