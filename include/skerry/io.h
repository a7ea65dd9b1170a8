/* The one seam through which every file operation passes: a real side over io_uring, and a side for tests in which a
 * chosen call fails. Also what a reactor sleeps in: descriptors are polled and other threads wake it through the same ring.
 *
 * A `struct skr_io` is owned by the thread that opened it; every call here is made on that thread, unless said otherwise.
 * Results follow the kernel: >= 0 on success, -errno on failure. Partial reads and writes are returned as they are.
 * Sources: io_uring(7), io_uring_enter(2), preadv2(2).
 */
#ifndef SKERRY_IO_H
#define SKERRY_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "skerry/status.h"

struct skr_io;

enum skr_io_call {
    SKR_IO_OPEN,
    SKR_IO_READ,
    SKR_IO_WRITE,
    SKR_IO_SYNC,
    SKR_IO_SYNC_DIRECTORY,
    SKR_IO_UNLINK,
    SKR_IO_ALLOCATE,
    SKR_IO_PUNCH,
    SKR_IO_MKDIR,
    SKR_IO_TRUNCATE,
    SKR_IO_CALL_COUNT
};

/* Asked before each call when set. Returns 0 to let the call happen, or -errno to fail it without touching the file.
 * May be called on several threads when several rings share it. */
struct skr_io_fault {
    int (*decide)(struct skr_io_fault *fault, enum skr_io_call call);
};

/* One operation in flight. Embedded in the caller's state, which must live, unmoved, until `done` was called. */
struct skr_io_op {
    void (*done)(struct skr_io_op *op, int result); /* called inside skr_io_run(), on the owner's thread */
    int result;                                     /* private */
    struct skr_io_op *next;                         /* private */
};

struct skr_io_options {
    unsigned entries;           /* submission queue size, 8 to 4096; more operations in flight than that are queued */
    struct skr_io_fault *fault; /* NULL in production; outlives the ring */
};

/* Errors: SKR_IO (no io_uring: the message says what to enable), SKR_NO_MEMORY, SKR_NO_DESCRIPTORS. */
enum skr_status skr_io_open(struct skr_io **out, const struct skr_io_options *options, struct skr_error *err);
/* Waits until nothing is in flight any more: before an owner's thread ends, if another one is to close the ring. */
void skr_io_settle(struct skr_io *io);
/* Waits for what is in flight. NULL-safe. */
void skr_io_close(struct skr_io *io);

/* Submits what is queued, waits for at least one completion or `timeout_ms` (-1: without limit, 0: only look), and calls
 * the `done` of everything that completed. Returns the number of completions. */
int skr_io_run(struct skr_io *io, int timeout_ms);

/* Makes a running or the next skr_io_run() return early. Any thread, async-signal-safe. */
void skr_io_wake(struct skr_io *io);

/* Asynchronous calls. `op->done` is set by the caller before. They cannot fail at once: every failure goes to `done`. */
void skr_io_read(struct skr_io *io, struct skr_io_op *op, int fd, void *buffer, size_t size, uint64_t offset);
void skr_io_write(struct skr_io *io, struct skr_io_op *op, int fd, const void *buffer, size_t size, uint64_t offset);
void skr_io_sync_data(struct skr_io *io, struct skr_io_op *op, int fd);      /* fdatasync */
void skr_io_sync_directory(struct skr_io *io, struct skr_io_op *op, int fd); /* fsync of a directory */
/* Readable once (POLLIN); arm again in `done`. */
void skr_io_poll(struct skr_io *io, struct skr_io_op *op, int fd);
void skr_io_cancel(struct skr_io *io, struct skr_io_op *op); /* `done` comes with -ECANCELED or the true result */

/* Bytes that are in the page cache, without blocking: bytes read (0 at the end of the file) or -EAGAIN when it would block.
 * Where the file system does not support the question, -EOPNOTSUPP: the caller reads through the ring. */
ssize_t skr_io_read_cached(struct skr_io *io, int fd, void *buffer, size_t size, uint64_t offset);

/* Calls that block, for opening and for background threads; they pass the same fault side. >= 0 or -errno. */
int skr_io_open_file(struct skr_io *io, int directory_fd, const char *path, int flags, unsigned mode);
int skr_io_unlink_file(struct skr_io *io, int directory_fd, const char *path);
int skr_io_make_directory(struct skr_io *io, int directory_fd, const char *path, unsigned mode);
int skr_io_allocate(struct skr_io *io, int fd, uint64_t offset,
                    uint64_t size); /* fallocate, the file grows; -EOPNOTSUPP is normal */
int skr_io_truncate(struct skr_io *io, int fd, uint64_t size);
/* pwrite: where it goes to the page cache, so that there is nothing to wait for. */
ssize_t skr_io_write_blocking(struct skr_io *io, int fd, const void *buffer, size_t size, uint64_t offset);
int skr_io_punch(struct skr_io *io, int fd, uint64_t offset, uint64_t size); /* hole; -EOPNOTSUPP is normal */
/* The asynchronous call and then waiting for it: for threads that have nothing else to do, or for calls that are rare. What
 * else completes meanwhile is told as in skr_io_run(), which returns early the next time. */
int skr_io_read_wait(struct skr_io *io, int fd, void *buffer, size_t size, uint64_t offset);
int skr_io_sync_data_wait(struct skr_io *io, int fd);
int skr_io_sync_directory_wait(struct skr_io *io, int fd);

#endif
