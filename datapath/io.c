/* The io seam over io_uring. Invariants: the ring is touched by its owner's thread only; other threads reach it through
 * `posted` (under its lock) and the eventfd. A submission queue that is full is flushed, so that an operation never waits in
 * user space for a place. A call that the fault side fails, or that another thread finished, completes like any other.
 */
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "io_private.h"

/* Owned by the thread that runs it, but for what `lock` guards and the atomics. */
struct skr_io {
    struct io_uring ring;
    bool ring_ready;
    bool enabled; /* the ring was claimed by its owner's thread */
    struct skr_io_fault *fault;
    int wake_fd;
    bool wake_armed;
    uint64_t wake_value;
    struct skr_io_op wake_op;
    _Atomic bool awake;      /* a wake-up is on its way already */
    size_t in_flight;        /* without the wake-up's own read */
    struct skr_io_op *ready; /* failed by the fault side: completes at the next run */
    pthread_mutex_t lock;
    struct skr_io_op *posted; /* guarded by lock: completed by other threads, newest first */
};

static int skr_io_setup_ring(struct skr_io *io, unsigned entries)
{
    /* Started disabled, so that the thread that runs it first becomes the single issuer. */
    struct io_uring_params params = {.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                                              IORING_SETUP_R_DISABLED | IORING_SETUP_CLAMP};
    int failed = io_uring_queue_init_params(entries, &io->ring, &params);
    if (failed == -EINVAL) { /* a kernel before 6.1 */
        params = (struct io_uring_params){.flags = IORING_SETUP_CLAMP};
        failed = io_uring_queue_init_params(entries, &io->ring, &params);
        io->enabled = failed == 0;
    }
    return failed;
}

enum skr_status skr_io_open(struct skr_io **out, const struct skr_io_options *options, struct skr_error *err)
{
    struct skr_io *io = calloc(1, sizeof *io);
    if (io == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a ring");
    io->fault = options->fault;
    pthread_mutex_init(&io->lock, NULL);
    io->wake_fd = eventfd(0, EFD_CLOEXEC);
    if (io->wake_fd < 0) {
        int os_errno = errno;
        skr_io_close(io);
        return skr_fail_os(err, SKR_NO_DESCRIPTORS, os_errno, "cannot make an eventfd: %s", strerror(os_errno));
    }
    int failed = skr_io_setup_ring(io, options->entries);
    if (failed != 0) {
        skr_io_close(io);
        return skr_fail_os(
            err, failed == -EMFILE || failed == -ENFILE ? SKR_NO_DESCRIPTORS : SKR_IO, -failed,
            "cannot set up io_uring: %s. It needs Linux 5.19 or later, sysctl kernel.io_uring_disabled=0, and in a "
            "container a seccomp profile that allows it (docker/README.md)",
            strerror(-failed));
    }
    io->ring_ready = true;
    *out = io;
    return SKR_OK;
}

static void skr_io_enable(struct skr_io *io)
{
    if (!io->enabled) {
        syscall(__NR_io_uring_register, io->ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL,
                0); /* liburing 2.3 hides its call */
        io->enabled = true;
    }
}

static bool skr_io_has_posted(struct skr_io *io)
{
    pthread_mutex_lock(&io->lock);
    bool has = io->posted != NULL;
    pthread_mutex_unlock(&io->lock);
    return has;
}

void skr_io_settle(struct skr_io *io)
{
    while (io->in_flight > 0 || io->ready != NULL || skr_io_has_posted(io))
        skr_io_run(io, 100);
}

void skr_io_close(struct skr_io *io)
{
    if (io == NULL)
        return;
    if (io->ring_ready) {
        skr_io_settle(io);
        io_uring_queue_exit(&io->ring);
    }
    if (io->wake_fd >= 0)
        close(io->wake_fd);
    pthread_mutex_destroy(&io->lock);
    free(io);
}

struct skr_io_fault *skr_io_fault_of(const struct skr_io *io)
{
    return io->fault;
}

/* ---- submitting ---- */

static int skr_io_decide(struct skr_io *io, enum skr_io_call call)
{
    return io->fault == NULL ? 0 : io->fault->decide(io->fault, call);
}

static struct io_uring_sqe *skr_io_entry(struct skr_io *io)
{
    skr_io_enable(io);
    struct io_uring_sqe *entry = io_uring_get_sqe(&io->ring);
    while (entry == NULL) { /* the queue is full of what was not submitted yet */
        io_uring_submit(&io->ring);
        entry = io_uring_get_sqe(&io->ring);
    }
    return entry;
}

/* Not inlined: the compiler would take the addresses that waiting callers pass, and outlive, for dangling ones. */
__attribute__((noinline)) static void skr_io_fail_later(struct skr_io *io, struct skr_io_op *op, int result)
{
    op->result = result;
    op->next = io->ready;
    io->ready = op;
}

/* An entry for `op`, or NULL when the fault side fails the call. */
static struct io_uring_sqe *skr_io_begin(struct skr_io *io, struct skr_io_op *op, enum skr_io_call call)
{
    int fault = skr_io_decide(io, call);
    if (fault != 0) {
        skr_io_fail_later(io, op, fault);
        return NULL;
    }
    io->in_flight++;
    return skr_io_entry(io);
}

void skr_io_read(struct skr_io *io, struct skr_io_op *op, int fd, void *buffer, size_t size, uint64_t offset)
{
    struct io_uring_sqe *entry = skr_io_begin(io, op, SKR_IO_READ);
    if (entry == NULL)
        return;
    io_uring_prep_read(entry, fd, buffer, (unsigned)size, offset);
    io_uring_sqe_set_data(entry, op);
}

void skr_io_write(struct skr_io *io, struct skr_io_op *op, int fd, const void *buffer, size_t size, uint64_t offset)
{
    struct io_uring_sqe *entry = skr_io_begin(io, op, SKR_IO_WRITE);
    if (entry == NULL)
        return;
    io_uring_prep_write(entry, fd, buffer, (unsigned)size, offset);
    io_uring_sqe_set_data(entry, op);
}

void skr_io_sync_data(struct skr_io *io, struct skr_io_op *op, int fd)
{
    struct io_uring_sqe *entry = skr_io_begin(io, op, SKR_IO_SYNC);
    if (entry == NULL)
        return;
    io_uring_prep_fsync(entry, fd, IORING_FSYNC_DATASYNC);
    io_uring_sqe_set_data(entry, op);
}

void skr_io_sync_directory(struct skr_io *io, struct skr_io_op *op, int fd)
{
    struct io_uring_sqe *entry = skr_io_begin(io, op, SKR_IO_SYNC_DIRECTORY);
    if (entry == NULL)
        return;
    io_uring_prep_fsync(entry, fd, 0);
    io_uring_sqe_set_data(entry, op);
}

void skr_io_poll(struct skr_io *io, struct skr_io_op *op, int fd)
{
    io->in_flight++;
    struct io_uring_sqe *entry = skr_io_entry(io);
    io_uring_prep_poll_add(entry, fd, POLLIN);
    io_uring_sqe_set_data(entry, op);
}

void skr_io_cancel(struct skr_io *io, struct skr_io_op *op)
{
    struct io_uring_sqe *entry = skr_io_entry(io);
    io_uring_prep_cancel(entry, op, 0);
    io_uring_sqe_set_data(entry, NULL);
}

/* ---- running ---- */

static void skr_io_woken(struct skr_io_op *op, int result)
{
    struct skr_io *io = (struct skr_io *)((char *)op - offsetof(struct skr_io, wake_op));
    (void)result;
    io->wake_armed = false;
}

static void skr_io_arm_wake(struct skr_io *io)
{
    if (io->wake_armed)
        return;
    io->wake_armed = true;
    io->wake_op.done = skr_io_woken;
    struct io_uring_sqe *entry = skr_io_entry(io);
    io_uring_prep_read(entry, io->wake_fd, &io->wake_value, sizeof io->wake_value, 0);
    io_uring_sqe_set_data(entry, &io->wake_op);
}

static int skr_io_finish_list(struct skr_io_op *op)
{
    int count = 0;
    while (op != NULL) {
        struct skr_io_op *next = op->next;
        op->done(op, op->result);
        op = next;
        count++;
    }
    return count;
}

/* Completions that did not come from the kernel. */
static int skr_io_finish_ready(struct skr_io *io)
{
    struct skr_io_op *ready = io->ready;
    io->ready = NULL;
    int count = skr_io_finish_list(ready);
    atomic_store(&io->awake, false);
    pthread_mutex_lock(&io->lock);
    struct skr_io_op *posted = io->posted;
    io->posted = NULL;
    pthread_mutex_unlock(&io->lock);
    return count + skr_io_finish_list(posted);
}

static int skr_io_reap(struct skr_io *io)
{
    struct io_uring_cqe *batch[64];
    int count = 0;
    unsigned got;
    do {
        got = io_uring_peek_batch_cqe(&io->ring, batch, 64);
        struct skr_io_op *ops[64];
        int results[64];
        for (unsigned i = 0; i < got; i++) {
            ops[i] = io_uring_cqe_get_data(batch[i]);
            results[i] = batch[i]->res;
        }
        io_uring_cq_advance(&io->ring, got); /* `done` may submit more */
        for (unsigned i = 0; i < got; i++) {
            if (ops[i] == NULL)
                continue;
            if (ops[i] != &io->wake_op) {
                io->in_flight--;
                count++;
            }
            ops[i]->done(ops[i], results[i]);
        }
    } while (got == 64);
    return count;
}

int skr_io_run(struct skr_io *io, int timeout_ms)
{
    skr_io_enable(io);
    skr_io_arm_wake(io);
    int count = skr_io_finish_ready(io);
    struct __kernel_timespec timeout = {.tv_sec = timeout_ms / 1000, .tv_nsec = timeout_ms % 1000 * 1000000L};
    struct io_uring_cqe *first;
    if (count > 0 || timeout_ms == 0) {
        io_uring_submit_and_get_events(&io->ring);
    } else {
        int failed = io_uring_submit_and_wait_timeout(&io->ring, &first, 1, timeout_ms < 0 ? NULL : &timeout, NULL);
        if (failed < 0 && failed != -ETIME && failed != -EINTR && failed != -EAGAIN && failed != -EBUSY)
            abort(); /* the ring is unusable: nothing that is in flight would ever complete */
    }
    count += skr_io_reap(io);
    return count + skr_io_finish_ready(io);
}

void skr_io_wake(struct skr_io *io)
{
    if (atomic_exchange(&io->awake, true))
        return;
    uint64_t one = 1;
    ssize_t ignored = write(io->wake_fd, &one, sizeof one);
    (void)ignored;
}

void skr_io_complete(struct skr_io *io, struct skr_io_op *op, int result)
{
    op->result = result;
    pthread_mutex_lock(&io->lock);
    op->next = io->posted;
    io->posted = op;
    skr_io_wake(io); /* under the lock: the ring may be freed as soon as its owner has seen `op` and can take it */
    pthread_mutex_unlock(&io->lock);
}

/* ---- without the ring ---- */

ssize_t skr_io_read_cached(struct skr_io *io, int fd, void *buffer, size_t size, uint64_t offset)
{
    int fault = skr_io_decide(io, SKR_IO_READ);
    if (fault != 0)
        return fault;
    struct iovec vector = {buffer, size};
    ssize_t got = preadv2(fd, &vector, 1, (off_t)offset, RWF_NOWAIT);
    return got < 0 ? -errno : got;
}

int skr_io_open_file(struct skr_io *io, int directory_fd, const char *path, int flags, unsigned mode)
{
    int fault = skr_io_decide(io, SKR_IO_OPEN);
    if (fault != 0)
        return fault;
    int fd = openat(directory_fd, path, flags | O_CLOEXEC, (mode_t)mode);
    return fd < 0 ? -errno : fd;
}

int skr_io_unlink_file(struct skr_io *io, int directory_fd, const char *path)
{
    int fault = skr_io_decide(io, SKR_IO_UNLINK);
    if (fault != 0)
        return fault;
    return unlinkat(directory_fd, path, 0) == 0 ? 0 : -errno;
}

int skr_io_make_directory(struct skr_io *io, int directory_fd, const char *path, unsigned mode)
{
    int fault = skr_io_decide(io, SKR_IO_MKDIR);
    if (fault != 0)
        return fault;
    return mkdirat(directory_fd, path, (mode_t)mode) == 0 ? 0 : -errno;
}

int skr_io_allocate(struct skr_io *io, int fd, uint64_t offset, uint64_t size)
{
    int fault = skr_io_decide(io, SKR_IO_ALLOCATE);
    if (fault != 0)
        return fault;
    return fallocate(fd, 0, (off_t)offset, (off_t)size) == 0 ? 0 : -errno;
}

int skr_io_truncate(struct skr_io *io, int fd, uint64_t size)
{
    int fault = skr_io_decide(io, SKR_IO_TRUNCATE);
    if (fault != 0)
        return fault;
    return ftruncate(fd, (off_t)size) == 0 ? 0 : -errno;
}

ssize_t skr_io_write_blocking(struct skr_io *io, int fd, const void *buffer, size_t size, uint64_t offset)
{
    int fault = skr_io_decide(io, SKR_IO_WRITE);
    ssize_t result;
    if (fault != 0)
        return fault;
    do
        result = pwrite(fd, buffer, size, (off_t)offset);
    while (result < 0 && errno == EINTR);
    return result < 0 ? -errno : result;
}

int skr_io_punch(struct skr_io *io, int fd, uint64_t offset, uint64_t size)
{
    int fault = skr_io_decide(io, SKR_IO_PUNCH);
    if (fault != 0)
        return fault;
    return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)size) == 0 ? 0 : -errno;
}

/* ---- waiting ---- */

struct skr_io_waiter {
    struct skr_io_op op;
    bool done;
    int result;
};

static void skr_io_waited(struct skr_io_op *op, int result)
{
    struct skr_io_waiter *waiter = (struct skr_io_waiter *)op;
    waiter->done = true;
    waiter->result = result;
}

static int skr_io_await(struct skr_io *io, struct skr_io_waiter *waiter)
{
    while (!waiter->done)
        skr_io_run(io, -1);
    skr_io_wake(io); /* one that came meanwhile was for the owner's loop, which has not looked yet */
    return waiter->result;
}

int skr_io_read_wait(struct skr_io *io, int fd, void *buffer, size_t size, uint64_t offset)
{
    struct skr_io_waiter waiter = {.op.done = skr_io_waited};
    skr_io_read(io, &waiter.op, fd, buffer, size, offset);
    return skr_io_await(io, &waiter);
}

int skr_io_sync_data_wait(struct skr_io *io, int fd)
{
    struct skr_io_waiter waiter = {.op.done = skr_io_waited};
    skr_io_sync_data(io, &waiter.op, fd);
    return skr_io_await(io, &waiter);
}

int skr_io_sync_directory_wait(struct skr_io *io, int fd)
{
    struct skr_io_waiter waiter = {.op.done = skr_io_waited};
    skr_io_sync_directory(io, &waiter.op, fd);
    return skr_io_await(io, &waiter);
}
