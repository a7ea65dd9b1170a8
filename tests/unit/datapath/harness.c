#include "harness.h"

#include <check.h>
#include <errno.h>
#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "store_private.h"

struct seam_log seam_log;

static struct {
    struct skr_io_fault fault;
    pthread_t thread;
    enum skr_io_call call;
    int os_errno;
    _Atomic long skip, times;
    bool own_thread_only;
    _Atomic bool others_out;
} seam;

static int decide(struct skr_io_fault *fault, enum skr_io_call call)
{
    (void)fault;
    bool own = pthread_equal(pthread_self(), seam.thread) != 0;
    if (own && seam_log.count < sizeof seam_log.calls / sizeof *seam_log.calls)
        seam_log.calls[seam_log.count++] = call;
    if (!own && call == SKR_IO_MKDIR && atomic_load(&seam.others_out))
        return -EACCES;
    if (atomic_load(&seam.times) <= 0 || call != seam.call || (seam.own_thread_only && !own))
        return 0;
    if (atomic_fetch_sub(&seam.skip, 1) > 0)
        return 0;
    return atomic_fetch_sub(&seam.times, 1) > 0 ? -seam.os_errno : 0;
}

void seam_fail(enum skr_io_call call, int os_errno, long skip, long times, bool own_thread_only)
{
    seam.call = call;
    seam.os_errno = os_errno;
    seam.own_thread_only = own_thread_only;
    atomic_store(&seam.skip, skip);
    atomic_store(&seam.times, times);
}

void seam_keep_others_out(bool out)
{
    atomic_store(&seam.others_out, out);
}

void seam_heal(void)
{
    atomic_store(&seam.times, 0);
}

long seam_find(enum skr_io_call call, size_t n)
{
    for (size_t i = 0; i < seam_log.count; i++)
        if (seam_log.calls[i] == call && n-- == 0)
            return (long)i;
    return -1;
}

size_t seam_count(enum skr_io_call call)
{
    size_t count = 0;
    while (seam_find(call, count) >= 0)
        count++;
    return count;
}

static void store_open(struct store_harness *harness, uint64_t boot)
{
    struct skr_error error = {.status = SKR_OK};
    struct skr_io_options io_options = {.entries = 16, .fault = &seam.fault};
    struct skr_store_options options = {.directory = harness->directory,
                                        .boot = boot,
                                        .direct_io = harness->direct_io,
                                        .max_open_files = 16,
                                        .reserve_bytes = harness->reserve_bytes};
    seam.fault.decide = decide;
    seam.thread = pthread_self();
    seam_log.count = 0;
    ck_assert_int_eq(skr_io_open(&harness->io, &io_options, &error), SKR_OK);
    ck_assert_msg(skr_store_open(&harness->store, &options, harness->io, &error) == SKR_OK, "%s", error.message);
}

void store_make(struct store_harness *harness)
{
    const char *base = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    snprintf(harness->directory, sizeof harness->directory, "%.40s/skr-store-XXXXXX", base);
    ck_assert_ptr_nonnull(mkdtemp(harness->directory));
    store_open(harness, BOOT);
}

static void store_close(struct store_harness *harness)
{
    skr_store_close(harness->store);
    skr_io_close(harness->io);
}

void store_reopen(struct store_harness *harness, uint64_t boot)
{
    store_close(harness);
    store_open(harness, boot);
}

static int unlink_entry(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info, (void)type, (void)walk;
    return remove(path);
}

void store_remove(struct store_harness *harness)
{
    seam_heal();
    store_close(harness);
    nftw(harness->directory, unlink_entry, 16, FTW_DEPTH | FTW_PHYS);
}

void store_fill(unsigned char *bytes, size_t size, unsigned seed)
{
    uint32_t state = seed * 2654435761u + 1;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        bytes[i] = (unsigned char)(state >> 24);
    }
}

static void is_ready(void *context)
{
    *(bool *)context = true;
}

struct skr_writer *store_write(struct store_harness *harness, size_t size, unsigned seed, uint64_t expected,
                               struct skr_slots *slots, enum skr_status *status)
{
    static bool ready;
    struct skr_error error = {.status = SKR_OK};
    struct skr_writer *writer;
    struct skr_writer_options options = {.expected_size = expected, .slots = slots, .ready = is_ready, .context = &ready};
    *status = skr_writer_open(harness->store, harness->io, &options, &writer, &error);
    if (*status != SKR_OK) {
        ck_assert_int_eq(error.status, *status);
        return NULL;
    }
    unsigned char *bytes = malloc(size + 1);
    store_fill(bytes, size, seed);
    for (size_t at = 0; at < size;) {
        size_t offered = size - at < 100003 ? size - at : 100003;
        ready = false;
        size_t taken = skr_writer_write(writer, bytes + at, offered);
        at += taken;
        while (taken < offered && !ready)
            skr_io_run(harness->io, 1000);
    }
    free(bytes);
    return writer;
}

struct finished {
    bool called;
    enum skr_status status;
};

static void has_finished(void *context, enum skr_status status, const struct skr_error *err)
{
    struct finished *finished = context;
    ck_assert(!finished->called);
    ck_assert(err != NULL && (status == SKR_OK || err->status == status));
    finished->called = true;
    finished->status = status;
}

enum skr_status store_finish(struct store_harness *harness, struct skr_writer *writer)
{
    struct finished finished = {.called = false};
    skr_writer_finish(writer, has_finished, &finished);
    ck_assert(!finished.called); /* never inside the call */
    while (!finished.called)
        skr_io_run(harness->io, 1000);
    return finished.status;
}

struct waiting_read {
    struct skr_read read; /* first */
    bool called;
    enum skr_status status;
};

static void has_read(struct skr_read *read, enum skr_status status)
{
    ((struct waiting_read *)read)->called = true;
    ((struct waiting_read *)read)->status = status;
}

enum skr_status store_read(struct store_harness *harness, const struct skr_written *written, uint64_t offset, size_t size,
                           void *buffer)
{
    struct waiting_read waiting = {.called = false};
    struct skr_error error;
    enum skr_status status = skr_file_acquire(harness->store, written->file_id, &waiting.read.file, &error);
    if (status != SKR_OK)
        return status;
    waiting.read.offset_bytes = written->offset_bytes + offset;
    waiting.read.size_bytes = size;
    waiting.read.end_bytes = written->offset_bytes + written->size_bytes;
    waiting.read.crc32c = written->crc32c + offset / SKR_CRC_CHUNK_BYTES;
    waiting.read.buffer = buffer;
    waiting.read.done = has_read;
    status = skr_store_read(harness->store, harness->io, &waiting.read);
    while (status == SKR_PENDING && !waiting.called)
        skr_io_run(harness->io, 1000);
    skr_file_release(waiting.read.file);
    return status == SKR_PENDING ? waiting.status : status;
}

void store_file_path(struct store_harness *harness, uint64_t file_id, char path[160])
{
    char below[SKR_PATH_SIZE];
    skr_store_path(below, file_id);
    snprintf(path, 160, "%s/contents/%s", harness->directory, below);
}

bool store_file_exists(struct store_harness *harness, uint64_t file_id)
{
    char path[160];
    store_file_path(harness, file_id, path);
    return access(path, F_OK) == 0;
}

void store_await_gone(struct store_harness *harness, uint64_t file_id)
{
    for (int i = 0; i < 1000 && store_file_exists(harness, file_id); i++)
        skr_io_run(harness->io, 10);
    ck_assert(!store_file_exists(harness, file_id));
}
