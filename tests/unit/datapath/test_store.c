/* Writing, verified reading, slots, removing, scanning, and how the store gives way when something is short. */
#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness.h"
#include "run.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct store_harness harness;

static void make(void)
{
    harness = (struct store_harness){.direct_io = true};
    store_make(&harness);
}

static void clean(void)
{
    store_remove(&harness);
}

static struct skr_writer *written(size_t size, unsigned seed, struct skr_slots *slots)
{
    enum skr_status status;
    struct skr_writer *writer = store_write(&harness, size, seed, size, slots, &status);
    ck_assert_int_eq(status, SKR_OK);
    ck_assert_int_eq(store_finish(&harness, writer), SKR_OK);
    return writer;
}

static void expect_bytes(const struct skr_written *result, uint64_t offset, size_t size, unsigned seed)
{
    unsigned char *expected = malloc(result->size_bytes + 1), *got = malloc(size + 1);
    store_fill(expected, result->size_bytes, seed);
    ck_assert_int_eq(store_read(&harness, result, offset, size, got), SKR_OK);
    ck_assert(memcmp(expected + offset, got, size) == 0);
    free(expected);
    free(got);
}

static const size_t sizes[] = {1, 4095, 4096, 65535, 65536, 65537, 524288, 1048575, 1048577, 3000001, 9437184};

/* Loops over sizes, known and unknown, through the page cache and around it. */
START_TEST(what_is_written_is_read)
{
    size_t size = sizes[_i / 4];
    enum skr_status status;
    uint64_t file_size;
    struct skr_error error;
    harness = (struct store_harness){.direct_io = _i & 1};
    store_make(&harness);
    struct skr_writer *writer = store_write(&harness, size, 7, _i & 2 ? size : SKR_SIZE_UNKNOWN, NULL, &status);
    ck_assert_int_eq(status, SKR_OK);
    ck_assert_int_eq(store_finish(&harness, writer), SKR_OK);
    const struct skr_written *result = skr_writer_result(writer);
    ck_assert_uint_eq(result->size_bytes, size);
    ck_assert_uint_eq(result->offset_bytes, 0);
    ck_assert_uint_eq(result->crc_count, (size + 65535) / 65536);
    ck_assert_int_eq(skr_store_file_size(harness.store, result->file_id, &file_size, &error), SKR_OK);
    ck_assert_uint_eq(file_size, size);
    for (uint64_t at = 0; at < size; at += 4 << 20)
        expect_bytes(result, at, size - at < 4 << 20 ? size - at : 4 << 20, 7);
    for (int i = 0; i < 20; i++) {
        uint64_t offset = (uint64_t)rand() % size;
        expect_bytes(result, offset, 1 + (size_t)rand() % (size - offset < 200000 ? size - offset : 200000), 7);
    }
    skr_writer_keep(writer);
    store_remove(&harness);
}
END_TEST

/* ---- streams side by side, hashed in the lanes of one thread ---- */

struct hashed_stream {
    struct skr_writer *writer;
    size_t size, sent;
    bool full, finished, given_up;
    enum skr_status status;
};

static void stream_ready(void *context)
{
    ((struct hashed_stream *)context)->full = false;
}

static void stream_done(void *context, enum skr_status status, const struct skr_error *err)
{
    struct hashed_stream *stream = context;
    (void)err;
    stream->finished = true;
    stream->status = status;
}

/* A stream that stops for a while must not hold up the others, nor one that is given up. */
START_TEST(many_streams_have_the_digests_of_each)
{
    enum { STREAMS = 11, STOPPED = 3, GIVEN_UP = 6 };
    static struct hashed_stream streams[STREAMS];
    struct skr_error error;
    size_t most = 9000000;
    unsigned char *bytes = malloc(most);
    make();
    store_fill(bytes, most, 5);
    for (size_t i = 0; i < STREAMS; i++) {
        streams[i] = (struct hashed_stream){.size = i == 0 ? 200000 : 1000001 + i * 700000};
        struct skr_writer_options options = {
            .expected_size = streams[i].size, .md5 = true, .ready = stream_ready, .context = &streams[i]};
        ck_assert_int_eq(skr_writer_open(harness.store, harness.io, &options, &streams[i].writer, &error), SKR_OK);
    }
    for (size_t left = STREAMS - 1; left > 0;) {
        for (size_t i = 0; i < STREAMS; i++) {
            struct hashed_stream *stream = &streams[i];
            size_t until = i == STOPPED && left > 1 ? 1500000 : stream->size;
            if (stream->given_up || stream->full || stream->sent >= until)
                continue;
            size_t piece = 70001 + i * 13000 < until - stream->sent ? 70001 + i * 13000 : until - stream->sent;
            size_t taken = skr_writer_write(stream->writer, bytes + stream->sent, piece);
            stream->full = taken < piece;
            stream->sent += taken;
            if (i == GIVEN_UP && stream->sent > 2500000) {
                skr_writer_discard(stream->writer);
                stream->given_up = true;
            } else if (stream->sent == stream->size) {
                skr_writer_finish(stream->writer, stream_done, stream);
            }
        }
        skr_io_run(harness.io, 1);
        left = STREAMS - 1;
        for (size_t i = 0; i < STREAMS; i++)
            left -= streams[i].finished;
    }
    for (size_t i = 0; i < STREAMS; i++) {
        uint8_t md5[SKR_MD5_SIZE];
        if (i == GIVEN_UP)
            continue;
        ck_assert_int_eq(streams[i].status, SKR_OK);
        skr_md5_of(bytes, streams[i].size, md5);
        ck_assert_mem_eq(skr_writer_result(streams[i].writer)->md5, md5, sizeof md5);
        skr_writer_keep(streams[i].writer);
    }
    free(bytes);
    clean();
}
END_TEST

/* A reactor waits on its ring at times. What woke it meanwhile was for its loop: without that wake-up the last line waits for
 * ever. */
START_TEST(waiting_on_the_ring_leaves_a_wake_up_for_the_loop)
{
    make();
    int folder = open(harness.directory, O_RDONLY | O_DIRECTORY);
    while (skr_io_run(harness.io, 0) > 0)
        ;
    skr_io_wake(harness.io);
    ck_assert_int_eq(skr_io_sync_directory_wait(harness.io, folder), 0);
    skr_io_run(harness.io, -1);
    close(folder);
    clean();
}
END_TEST

START_TEST(an_empty_stream_is_fine)
{
    make();
    struct skr_writer *writer = written(0, 1, NULL);
    ck_assert_uint_eq(skr_writer_result(writer)->size_bytes, 0);
    ck_assert_uint_eq(skr_writer_result(writer)->crc_count, 0);
    skr_writer_discard(writer);
    clean();
}
END_TEST

START_TEST(a_flipped_byte_is_never_served)
{
    char path[160];
    unsigned char byte, buffer[200000];
    make();
    struct skr_writer *writer = written(200000, 3, NULL);
    const struct skr_written *result = skr_writer_result(writer);
    store_file_path(&harness, result->file_id, path);
    int fd = open(path, O_RDWR);
    ck_assert_int_eq(pread(fd, &byte, 1, 70000), 1);
    byte ^= 0x10;
    ck_assert_int_eq(pwrite(fd, &byte, 1, 70000), 1);
    memset(buffer, 0xEE, sizeof buffer);
    ck_assert_int_eq(store_read(&harness, result, 65536, 10, buffer), SKR_CORRUPT); /* the chunk's other bytes are no better */
    ck_assert_uint_eq(buffer[0], 0xEE);
    ck_assert_int_eq(store_read(&harness, result, 69999, 3, buffer), SKR_CORRUPT);
    ck_assert_int_eq(store_read(&harness, result, 0, 200000, buffer), SKR_CORRUPT);
    fsync(fd);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    ck_assert_int_eq(store_read(&harness, result, 69999, 3, buffer), SKR_CORRUPT); /* from the disk, too */
    ck_assert_uint_eq(atomic_load(&skr_store_counters(harness.store)->checksum_failures), 4);
    expect_bytes(result, 0, 65536, 3);
    expect_bytes(result, 131072, 68928, 3);
    byte ^= 0x10;
    ck_assert_int_eq(pwrite(fd, &byte, 1, 70000), 1);
    expect_bytes(result, 0, 200000, 3);
    ck_assert_int_eq(ftruncate(fd, 199999), 0);
    ck_assert_int_eq(store_read(&harness, result, 199990, 5, buffer), SKR_CORRUPT);
    close(fd);
    skr_writer_keep(writer);
    clean();
}
END_TEST

START_TEST(a_lost_file_is_corrupt_and_a_bad_range_is_refused)
{
    unsigned char buffer[16];
    make();
    struct skr_writer *writer = written(100000, 3, NULL);
    struct skr_written result = *skr_writer_result(writer);
    ck_assert_int_eq(store_read(&harness, &result, 99995, 6, buffer), SKR_INVALID_ARGUMENT);
    result.file_id += 1000;
    ck_assert_int_eq(store_read(&harness, &result, 0, 5, buffer), SKR_CORRUPT);
    skr_writer_keep(writer);
    clean();
}
END_TEST

START_TEST(a_cancelled_read_touches_nothing)
{
    char path[160];
    struct skr_error error;
    unsigned char *buffer = malloc(1 << 20);
    make();
    struct skr_writer *writer = written(1 << 20, 3, NULL);
    const struct skr_written *result = skr_writer_result(writer);
    store_file_path(&harness, result->file_id, path);
    int fd = open(path, O_RDONLY);
    posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
    struct skr_read read = {.size_bytes = 1 << 20, .end_bytes = 1 << 20, .crc32c = result->crc32c, .buffer = buffer};
    ck_assert_int_eq(skr_file_acquire(harness.store, result->file_id, &read.file, &error), SKR_OK);
    if (skr_store_read(harness.store, harness.io, &read) == SKR_PENDING) {
        skr_read_cancel(&read);
        memset(buffer, 0x5A, 1 << 20);
        for (int i = 0; i < 5; i++)
            skr_io_run(harness.io, 20);
        for (size_t i = 0; i < 1 << 20; i++)
            ck_assert_uint_eq(buffer[i], 0x5A);
    }
    skr_file_release(read.file);
    close(fd);
    free(buffer);
    skr_writer_keep(writer);
    clean();
}
END_TEST

START_TEST(announced_sizes_are_kept)
{
    enum skr_status status;
    uint64_t file_size;
    struct skr_error error;
    make();
    struct skr_writer *writer = store_write(&harness, 1001, 1, 1000, NULL, &status);
    ck_assert_int_eq(store_finish(&harness, writer), SKR_INVALID_ARGUMENT);
    skr_writer_discard(writer);
    /* fewer than announced: the room that was reserved is given back */
    writer = store_write(&harness, 1 << 20, 1, 4 << 20, NULL, &status);
    ck_assert_int_eq(store_finish(&harness, writer), SKR_OK);
    ck_assert_int_eq(skr_store_file_size(harness.store, skr_writer_result(writer)->file_id, &file_size, &error), SKR_OK);
    ck_assert_uint_eq(file_size, 1 << 20);
    skr_writer_keep(writer);
    clean();
}
END_TEST

START_TEST(slots_lie_side_by_side)
{
    struct skr_error error;
    struct skr_slots *slots;
    struct skr_writer *writers[5];
    static const size_t slot_sizes[] = {70000, 65536, 1, 2500000, 131072};
    uint64_t next = 0;
    enum skr_status status;
    make();
    ck_assert_int_eq(skr_slots_open(harness.store, &slots, &error), SKR_OK);
    for (unsigned i = 0; i < 5; i++) { /* all under way before the first is finished */
        writers[i] = store_write(&harness, slot_sizes[i], i, slot_sizes[i], slots, &status);
        ck_assert_int_eq(status, SKR_OK);
    }
    for (unsigned i = 0; i < 5; i++) {
        ck_assert_int_eq(store_finish(&harness, writers[i]), SKR_OK);
        const struct skr_written *result = skr_writer_result(writers[i]);
        ck_assert_uint_eq(result->file_id, skr_slots_file_id(slots));
        ck_assert_uint_eq(result->offset_bytes, next);
        ck_assert_uint_eq(result->offset_bytes % 65536, 0);
        next += (slot_sizes[i] + 65535) / 65536 * 65536;
    }
    for (unsigned i = 0; i < 5; i++)
        expect_bytes(skr_writer_result(writers[i]), 0, slot_sizes[i], i);
    /* a hole in one leaves the others alone */
    const struct skr_written *first = skr_writer_result(writers[0]);
    unsigned char byte;
    ck_assert_int_eq(skr_store_punch(harness.store, harness.io, first->file_id, first->offset_bytes, 131072, &error), SKR_OK);
    ck_assert_int_eq(store_read(&harness, first, 0, 1, &byte), SKR_CORRUPT);
    expect_bytes(skr_writer_result(writers[1]), 0, 65536, 1);
    ck_assert_int_eq(skr_store_punch(harness.store, harness.io, first->file_id, 0, 0, &error), SKR_OK);
    ck_assert_int_eq(skr_store_punch(harness.store, harness.io, first->file_id + 999, 0, 65536, &error), SKR_OK);
    /* and so does a slot that is discarded */
    uint64_t discarded = skr_writer_result(writers[4])->offset_bytes;
    skr_writer_discard(writers[4]);
    expect_bytes(skr_writer_result(writers[3]), 0, slot_sizes[3], 3);
    struct skr_written gone = {.file_id = first->file_id, .offset_bytes = discarded, .size_bytes = 1, .crc32c = &(uint32_t){0}};
    ck_assert_int_eq(store_read(&harness, &gone, 0, 1, &byte), SKR_CORRUPT);
    for (unsigned i = 0; i < 4; i++)
        skr_writer_keep(writers[i]);
    skr_slots_release(slots);
    clean();
}
END_TEST

/* Without a size there is no slot: writers would lie upon each other. */
START_TEST(a_stream_of_unknown_size_gets_no_slot)
{
    struct skr_error error;
    struct skr_slots *slots;
    enum skr_status status;
    make();
    ck_assert_int_eq(skr_slots_open(harness.store, &slots, &error), SKR_OK);
    struct skr_writer *first = store_write(&harness, 100000, 1, SKR_SIZE_UNKNOWN, slots, &status);
    ck_assert_int_eq(status, SKR_OK);
    struct skr_writer *second = store_write(&harness, 100000, 2, 100000, slots, &status);
    ck_assert_int_eq(store_finish(&harness, first), SKR_OK);
    ck_assert_int_eq(store_finish(&harness, second), SKR_OK);
    ck_assert_uint_ne(skr_writer_result(first)->file_id, skr_writer_result(second)->file_id);
    expect_bytes(skr_writer_result(first), 0, 100000, 1);
    expect_bytes(skr_writer_result(second), 0, 100000, 2);
    skr_writer_keep(first);
    skr_writer_keep(second);
    skr_slots_release(slots);
    clean();
}
END_TEST

START_TEST(removed_files_go_and_open_ones_are_read_on)
{
    struct skr_error error;
    struct skr_file *file;
    char byte;
    seam_keep_others_out(true); /* nobody else takes the number of a descriptor that was closed */
    make();
    struct skr_writer *writer = written(5000, 1, NULL);
    uint64_t id = skr_writer_result(writer)->file_id;
    skr_writer_keep(writer);
    ck_assert_int_eq(skr_file_acquire(harness.store, id, &file, &error), SKR_OK);
    ck_assert_int_eq(skr_store_remove(harness.store, harness.io, id, &error), SKR_OK);
    ck_assert(!store_file_exists(&harness, id));
    ck_assert_int_eq(pread(skr_file_descriptor(file), &byte, 1, 0), 1);
    int fd = skr_file_descriptor(file);
    skr_file_release(file);
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1); /* closed at once: it held the space */
    ck_assert_int_eq(skr_store_remove(harness.store, harness.io, id, &error), SKR_OK);
    uint64_t size;
    ck_assert_int_eq(skr_store_file_size(harness.store, id, &size, &error), SKR_NOT_FOUND);
    clean();
}
END_TEST

START_TEST(discarding_in_mid_write_removes_the_file)
{
    enum skr_status status;
    make();
    struct skr_writer *writer = written(10, 1, NULL); /* its neighbour is next in the pool, or made after it */
    uint64_t pooled = skr_writer_result(writer)->file_id;
    skr_writer_discard(writer);
    store_await_gone(&harness, pooled);
    writer = store_write(&harness, 8 << 20, 1, SKR_SIZE_UNKNOWN, NULL, &status);
    skr_writer_discard(writer);
    for (int i = 0; i < 100 && atomic_load(&skr_store_counters(harness.store)->writers_open) > 0; i++)
        skr_io_run(harness.io, 10);
    ck_assert_uint_eq(atomic_load(&skr_store_counters(harness.store)->writers_open), 0);
    clean();
}
END_TEST

struct found {
    uint64_t ids[400];
    size_t count, stop_at;
};

static bool find(void *context, uint64_t file_id, uint64_t size_bytes)
{
    struct found *found = context;
    (void)size_bytes;
    found->ids[found->count++] = file_id;
    return found->count != found->stop_at;
}

static bool has(const struct found *found, uint64_t id)
{
    for (size_t i = 0; i < found->count; i++)
        if (found->ids[i] == id)
            return true;
    return false;
}

START_TEST(scans_find_what_is_there)
{
    struct skr_error error;
    struct found found = {.count = 0};
    uint64_t ids[2];
    char path[200];
    make();
    for (int boot = 0; boot < 2; boot++) {
        struct skr_writer *writer = written(5000, 1, NULL);
        ids[boot] = skr_writer_result(writer)->file_id;
        skr_writer_keep(writer);
        if (boot == 0)
            store_reopen(&harness, BOOT + 1);
    }
    snprintf(path, sizeof path, "%s/contents/00000001/notes.txt", harness.directory);
    close(open(path, O_CREAT | O_WRONLY, 0600));
    ck_assert_int_eq(skr_store_scan(harness.store, 1, 1, find, &found, &error), SKR_OK);
    ck_assert_uint_eq(found.count, 1); /* what was made ahead was taken away at closing */
    ck_assert_uint_eq(found.ids[0], ids[0]);
    found.count = 0;
    ck_assert_int_eq(skr_store_scan(harness.store, 0, UINT64_MAX, find, &found, &error), SKR_OK);
    ck_assert(has(&found, ids[0]) && has(&found, ids[1]));
    found = (struct found){.stop_at = 1};
    ck_assert_int_eq(skr_store_scan(harness.store, 0, UINT64_MAX, find, &found, &error), SKR_OK);
    ck_assert_uint_eq(found.count, 1);
    /* folders that are empty go with the scan that finds them so */
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(skr_store_remove(harness.store, harness.io, ids[0], &error), SKR_OK);
    found = (struct found){.count = 0};
    ck_assert_int_eq(skr_store_scan(harness.store, 1, 1, find, &found, &error), SKR_OK);
    snprintf(path, sizeof path, "%s/contents/00000001", harness.directory);
    ck_assert_int_eq(access(path, F_OK), -1);
    clean();
}
END_TEST

/* A folder that could not be opened may hold anything: the scan does not say that it saw all. */
START_TEST(a_scan_that_missed_something_says_so)
{
    struct skr_error error;
    struct found found = {.count = 0};
    struct rlimit limit, tight;
    seam_keep_others_out(true);
    make();
    struct skr_writer *writer = written(5000, 1, NULL);
    int next = dup(0);
    close(next);
    getrlimit(RLIMIT_NOFILE, &limit);
    tight = limit;
    tight.rlim_cur = (rlim_t)next + 1;
    setrlimit(RLIMIT_NOFILE, &tight);
    enum skr_status status = skr_store_scan(harness.store, 0, UINT64_MAX, find, &found, &error);
    setrlimit(RLIMIT_NOFILE, &limit);
    ck_assert_int_eq(status, SKR_NO_DESCRIPTORS);
    ck_assert_int_eq(skr_store_scan(harness.store, 0, UINT64_MAX, find, &found, &error), SKR_OK);
    ck_assert_uint_gt(found.count, 0);
    skr_writer_keep(writer);
    clean();
}
END_TEST

START_TEST(the_reserve_is_left_alone)
{
    enum skr_status status;
    harness = (struct store_harness){.reserve_bytes = UINT64_C(1) << 60};
    store_make(&harness);
    ck_assert_ptr_null(store_write(&harness, 10, 1, 10, NULL, &status));
    ck_assert_int_eq(status, SKR_NO_SPACE);
    ck_assert(!skr_store_is_read_only(harness.store));
    clean();
}
END_TEST

/* Neither one writer that is larger than what is there, nor many at once. */
START_TEST(the_reserve_is_left_alone_by_those_who_begin_above_it)
{
    enum skr_status status;
    uint64_t free_bytes, total_bytes;
    make();
    ck_assert_int_eq(skr_store_space(harness.store, &free_bytes, &total_bytes, NULL), SKR_OK);
    clean();
    harness = (struct store_harness){.reserve_bytes = free_bytes / 2};
    store_make(&harness);
    ck_assert_ptr_null(store_write(&harness, 10, 1, free_bytes / 4 * 3, NULL, &status));
    ck_assert_int_eq(status, SKR_NO_SPACE);
    struct skr_writer *writer = store_write(&harness, 10, 1, 10, NULL, &status);
    ck_assert_ptr_nonnull(writer);
    ck_assert_int_eq(store_finish(&harness, writer), SKR_OK);
    skr_writer_discard(writer);
    clean();
}
END_TEST

/* The disk is full: a clear answer, nothing left behind, and writes go on when there is room again. */
START_TEST(a_full_disk_is_no_disaster)
{
    static const enum skr_io_call calls[] = {SKR_IO_WRITE, SKR_IO_ALLOCATE, SKR_IO_TRUNCATE};
    enum skr_status status;
    make();
    seam_fail(calls[_i], ENOSPC, 0, 1, true);
    struct skr_writer *writer = store_write(&harness, 3000001, 1, 3000001, NULL, &status);
    if (writer != NULL) {
        status = store_finish(&harness, writer);
        skr_writer_discard(writer);
    }
    ck_assert_int_eq(status, SKR_NO_SPACE);
    ck_assert(!skr_store_is_read_only(harness.store));
    for (int i = 0; i < 10; i++)
        skr_io_run(harness.io, 1);
    ck_assert_uint_eq(seam_count(SKR_IO_UNLINK), 1);
    ck_assert_uint_eq(atomic_load(&skr_store_counters(harness.store)->writers_open), 0);
    writer = written(3000001, 1, NULL);
    expect_bytes(skr_writer_result(writer), 0, 3000001, 1);
    skr_writer_keep(writer);
    clean();
}
END_TEST

static int open_descriptors(void)
{
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

START_TEST(the_cache_of_descriptors_is_bounded)
{
    struct skr_error error;
    uint64_t ids[100];
    make();
    for (int i = 0; i < 100; i++) {
        struct skr_writer *writer = written(100, 1, NULL);
        ids[i] = skr_writer_result(writer)->file_id;
        skr_writer_keep(writer);
    }
    int before = open_descriptors();
    for (int i = 0; i < 100; i++) {
        struct skr_file *file;
        ck_assert_int_eq(skr_file_acquire(harness.store, ids[i], &file, &error), SKR_OK);
        skr_file_release(file);
    }
    ck_assert_int_le(open_descriptors(), before + 32 + 2 * 64); /* 16 shards of at most 2; the pool may fill meanwhile */
    clean();
}
END_TEST

/* No descriptor left: what needs one is refused, what was made ahead is still good. */
START_TEST(running_out_of_descriptors)
{
    struct skr_error error;
    struct skr_file *file;
    struct skr_slots *slots;
    struct rlimit limit, tight;
    make();
    struct skr_writer *writer = written(5000, 1, NULL);
    do { /* until files were made ahead: this thread need not make its own */
        usleep(10000);
        seam_log.count = 0;
        ck_assert_int_eq(skr_slots_open(harness.store, &slots, &error), SKR_OK);
        skr_slots_release(slots);
    } while (seam_count(SKR_IO_OPEN) > 0);
    getrlimit(RLIMIT_NOFILE, &limit);
    tight = limit;
    tight.rlim_cur = 3;
    setrlimit(RLIMIT_NOFILE, &tight);
    enum skr_status read = skr_file_acquire(harness.store, skr_writer_result(writer)->file_id, &file, &error);
    enum skr_status upload = skr_slots_open(harness.store, &slots, &error);
    setrlimit(RLIMIT_NOFILE, &limit);
    ck_assert_int_eq(read, SKR_NO_DESCRIPTORS);
    ck_assert_int_eq(upload, SKR_OK);
    skr_slots_release(slots);
    expect_bytes(skr_writer_result(writer), 0, 5000, 1);
    skr_writer_keep(writer);
    clean();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *cases = tcase_create("store");
    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, what_is_written_is_read, 0, 4 * COUNT(sizes));
    tcase_add_test(cases, many_streams_have_the_digests_of_each);
    tcase_add_test(cases, waiting_on_the_ring_leaves_a_wake_up_for_the_loop);
    tcase_add_test(cases, an_empty_stream_is_fine);
    tcase_add_test(cases, a_flipped_byte_is_never_served);
    tcase_add_test(cases, a_lost_file_is_corrupt_and_a_bad_range_is_refused);
    tcase_add_test(cases, a_cancelled_read_touches_nothing);
    tcase_add_test(cases, announced_sizes_are_kept);
    tcase_add_test(cases, slots_lie_side_by_side);
    tcase_add_test(cases, a_stream_of_unknown_size_gets_no_slot);
    tcase_add_test(cases, removed_files_go_and_open_ones_are_read_on);
    tcase_add_test(cases, discarding_in_mid_write_removes_the_file);
    tcase_add_test(cases, scans_find_what_is_there);
    tcase_add_test(cases, a_scan_that_missed_something_says_so);
    tcase_add_test(cases, the_reserve_is_left_alone);
    tcase_add_test(cases, the_reserve_is_left_alone_by_those_who_begin_above_it);
    tcase_add_loop_test(cases, a_full_disk_is_no_disaster, 0, 3);
    tcase_add_test(cases, the_cache_of_descriptors_is_bounded);
    tcase_add_test(cases, running_out_of_descriptors);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
