/* Bytes that are lent where they lie: the right ones, and nothing of what is not there or not right. */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness.h"
#include "run.h"

#define SIZE (3u << 20 | 12345)
#define SEED 11

static struct store_harness harness;
static struct skr_writer *writer;
static const struct skr_written *written;
static unsigned char *expected;
static struct skr_file *file; /* held, as a reader does */

static void make(void)
{
    enum skr_status status;
    struct skr_error error;
    harness = (struct store_harness){.direct_io = false};
    store_make(&harness);
    writer = store_write(&harness, SIZE, SEED, SIZE, NULL, &status);
    ck_assert_int_eq(status, SKR_OK);
    ck_assert_int_eq(store_finish(&harness, writer), SKR_OK);
    written = skr_writer_result(writer);
    expected = malloc(SIZE);
    store_fill(expected, SIZE, SEED);
    ck_assert_int_eq(skr_file_acquire(harness.store, written->file_id, &file, &error), SKR_OK);
}

static void clean(void)
{
    skr_file_release(file);
    skr_writer_keep(writer);
    free(expected);
    store_remove(&harness);
}

static bool lend_of(const struct skr_written *result, struct skr_file *of, uint64_t offset, size_t size, bool wait,
                    const void **bytes)
{
    struct skr_read read = {.file = of,
                            .offset_bytes = result->offset_bytes + offset,
                            .size_bytes = size,
                            .end_bytes = result->offset_bytes + result->size_bytes,
                            .crc32c = result->crc32c + offset / SKR_CRC_CHUNK_BYTES};
    return skr_store_lend(harness.store, &read, wait, bytes);
}

static bool lend(uint64_t offset, size_t size, bool wait, const void **bytes)
{
    return lend_of(written, file, offset, size, wait, bytes);
}

/* Once something of it was found in memory, it is mapped. */
static void warm(void)
{
    unsigned char byte;
    ck_assert_int_eq(store_read(&harness, written, 0, 1, &byte), SKR_OK);
}

static uint64_t lent_bytes(void)
{
    return atomic_load(&skr_store_counters(harness.store)->lent_bytes);
}

/* Where there are no page faults that read, as with memory file systems, all of it is always in memory. */
static void forget_pages(void)
{
    char path[160];
    store_file_path(&harness, written->file_id, path);
    int fd = open(path, O_RDONLY);
    ck_assert_int_eq(fdatasync(fd), 0);
    ck_assert_int_eq(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    close(fd);
}

static int open_for_damage(void)
{
    char path[160];
    store_file_path(&harness, written->file_id, path);
    int fd = open(path, O_RDWR);
    ck_assert_int_ge(fd, 0);
    return fd;
}

START_TEST(any_part_is_lent)
{
    const void *bytes;
    warm();
    for (int i = 0; i < 300; i++) {
        uint64_t offset = (uint64_t)rand() % SIZE;
        size_t size = 1 + (size_t)rand() % (SIZE - offset);
        ck_assert(lend(offset, size, i & 1, &bytes));
        ck_assert(memcmp(bytes, expected + offset, size) == 0);
    }
    ck_assert(lend(0, SIZE, false, &bytes) && memcmp(bytes, expected, SIZE) == 0);
    ck_assert(!lend(SIZE - 1, 2, false, &bytes));
}
END_TEST

START_TEST(what_was_never_found_in_memory_is_not_mapped)
{
    const void *bytes;
    ck_assert(!lend(0, 4096, false, &bytes));
    ck_assert(!lend(0, 4096, true, &bytes));
    ck_assert_uint_eq(lent_bytes(), 0);
    warm();
    ck_assert(lend(100, 4096, false, &bytes));
    ck_assert_uint_eq(lent_bytes(), 4096);
}
END_TEST

START_TEST(what_is_not_in_memory_is_lent_to_who_waits_only)
{
    const void *bytes;
    unsigned char resident = 0;
    warm();
    ck_assert(lend(0, 1, false, &bytes));
    const unsigned char *last = (const unsigned char *)bytes + (SIZE - 4096) / 4096 * 4096;
    ck_assert_int_eq(madvise((void *)bytes, SIZE, MADV_DONTNEED), 0); /* what is mapped is not forgotten */
    forget_pages();
    ck_assert_int_eq(mincore((void *)last, 4096, &resident), 0);
    if (!(resident & 1)) {
        uint64_t before = lent_bytes();
        ck_assert(!lend(SIZE - 4096, 4096, false, &bytes));
        ck_assert_uint_eq(lent_bytes(), before);
    }
    ck_assert(lend(SIZE - 4096, 4096, true, &bytes));
    ck_assert(memcmp(bytes, expected + SIZE - 4096, 4096) == 0);
    ck_assert(lend(SIZE - 4096, 4096, false, &bytes));
}
END_TEST

START_TEST(a_changed_byte_is_not_lent)
{
    const void *bytes;
    warm();
    ck_assert(lend(0, SIZE, false, &bytes));
    int fd = open_for_damage();
    unsigned char wrong = (unsigned char)~expected[1000000];
    ck_assert_int_eq(pwrite(fd, &wrong, 1, 1000000), 1);
    close(fd);
    ck_assert(!lend(0, SIZE, false, &bytes));
    ck_assert(!lend(1000000 / 65536 * 65536, 1, true, &bytes)); /* any byte of its chunk */
    ck_assert(lend(1000000 / 65536 * 65536 + 65536, 100000, false, &bytes));
}
END_TEST

/* Touching what a file has lost is SIGBUS. */
START_TEST(a_file_that_was_cut_ends_nothing)
{
    const void *bytes;
    warm();
    ck_assert(lend(0, SIZE, false, &bytes));
    int fd = open_for_damage();
    ck_assert_int_eq(ftruncate(fd, 1 << 20), 0);
    close(fd);
    ck_assert(!lend(2 << 20, 4096, false, &bytes));
    ck_assert(!lend(2 << 20, 4096, true, &bytes));
    ck_assert(!lend(0, SIZE, true, &bytes));
    ck_assert(lend(0, 1 << 20, true, &bytes));
    ck_assert(memcmp(bytes, expected, 1 << 20) == 0);
}
END_TEST

START_TEST(what_is_removed_stays_for_who_holds_it)
{
    const void *bytes;
    struct skr_error error;
    warm();
    ck_assert_int_eq(skr_store_remove(harness.store, harness.io, written->file_id, &error), SKR_OK);
    ck_assert(lend(5, SIZE - 5, false, &bytes));
    ck_assert(memcmp(bytes, expected + 5, SIZE - 5) == 0);
}
END_TEST

/* Files that a read fails on are not lent around it. */
START_TEST(a_failing_disk_is_not_bypassed)
{
    const void *bytes;
    warm();
    ck_assert(lend(0, 4096, false, &bytes));
    seam_fail(SKR_IO_READ, EIO, 0, 1, true);
    ck_assert(!lend(0, 4096, false, &bytes));
    seam_heal();
    ck_assert(lend(0, 4096, false, &bytes));
}
END_TEST

START_TEST(small_files_are_not_mapped)
{
    enum skr_status status;
    struct skr_error error;
    struct skr_file *small;
    const void *bytes;
    unsigned char byte;
    struct skr_writer *other = store_write(&harness, 100000, 3, 100000, NULL, &status);
    ck_assert_int_eq(store_finish(&harness, other), SKR_OK);
    const struct skr_written *result = skr_writer_result(other);
    ck_assert_int_eq(skr_file_acquire(harness.store, result->file_id, &small, &error), SKR_OK);
    ck_assert_int_eq(store_read(&harness, result, 0, 1, &byte), SKR_OK);
    ck_assert(!lend_of(result, small, 0, 100000, false, &bytes));
    skr_file_release(small);
    skr_writer_keep(other);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("datapath_lending");
    TCase *cases = tcase_create("lending");
    tcase_add_checked_fixture(cases, make, clean);
    tcase_add_test(cases, any_part_is_lent);
    tcase_add_test(cases, what_was_never_found_in_memory_is_not_mapped);
    tcase_add_test(cases, what_is_not_in_memory_is_lent_to_who_waits_only);
    tcase_add_test(cases, a_changed_byte_is_not_lent);
    tcase_add_test(cases, a_file_that_was_cut_ends_nothing);
    tcase_add_test(cases, what_is_removed_stays_for_who_holds_it);
    tcase_add_test(cases, a_failing_disk_is_not_bypassed);
    tcase_add_test(cases, small_files_are_not_mapped);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
