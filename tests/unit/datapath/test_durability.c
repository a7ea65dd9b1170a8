/* The order in which things become durable, and that a sync which failed is never taken back. */
#include <check.h>
#include <errno.h>
#include <sys/stat.h>

#include "harness.h"
#include "run.h"

static struct store_harness harness;

static struct skr_writer *begun(size_t size, struct skr_slots *slots)
{
    enum skr_status status;
    struct skr_writer *writer = store_write(&harness, size, 1, size, slots, &status);
    ck_assert_int_eq(status, SKR_OK);
    return writer;
}

/* The first file is made on the writer's thread: folders, each with a sync of the one above, the file, a sync of its folder;
 * then bytes, the cut to size, the sync of bytes. Only then `done`. */
START_TEST(everything_is_durable_before_done)
{
    seam_keep_others_out(true);
    harness = (struct store_harness){.direct_io = true};
    store_make(&harness);
    ck_assert_uint_eq(seam_count(SKR_IO_SYNC_DIRECTORY), 1); /* `contents` itself */
    seam_log.count = 0;
    struct skr_writer *writer = begun(3000001, NULL);
    ck_assert_uint_eq(seam_count(SKR_IO_MKDIR), 2);
    ck_assert_uint_eq(seam_count(SKR_IO_SYNC_DIRECTORY), 3);
    ck_assert_int_lt(seam_find(SKR_IO_MKDIR, 0), seam_find(SKR_IO_SYNC_DIRECTORY, 0));
    ck_assert_int_lt(seam_find(SKR_IO_MKDIR, 1), seam_find(SKR_IO_SYNC_DIRECTORY, 1));
    ck_assert_int_lt(seam_find(SKR_IO_OPEN, seam_count(SKR_IO_OPEN) - 1), seam_find(SKR_IO_SYNC_DIRECTORY, 2));
    ck_assert_int_eq(store_finish(&harness, writer), SKR_OK);
    long last_write = seam_find(SKR_IO_WRITE, seam_count(SKR_IO_WRITE) - 1);
    ck_assert_int_lt(seam_find(SKR_IO_SYNC_DIRECTORY, 2), seam_find(SKR_IO_WRITE, 0));
    ck_assert_uint_eq(seam_count(SKR_IO_TRUNCATE), 1);
    ck_assert_int_lt(last_write, seam_find(SKR_IO_TRUNCATE, 0));
    ck_assert_uint_eq(seam_count(SKR_IO_SYNC), 1);
    ck_assert_int_lt(seam_find(SKR_IO_TRUNCATE, 0), seam_find(SKR_IO_SYNC, 0));
    skr_writer_keep(writer);
    store_remove(&harness);
}
END_TEST

/* A process that died after mkdir and before the sync leaves folders whose entries are not durable. */
START_TEST(folders_that_are_there_are_synced_all_the_same)
{
    char path[160];
    seam_keep_others_out(true);
    harness = (struct store_harness){.direct_io = true};
    store_make(&harness);
    snprintf(path, sizeof path, "%s/contents/00000002", harness.directory);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/contents/00000002/00", harness.directory);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    store_reopen(&harness, 2);
    ck_assert_uint_eq(seam_count(SKR_IO_SYNC_DIRECTORY), 1);
    struct skr_writer *writer = begun(10, NULL);
    ck_assert_uint_eq(seam_count(SKR_IO_SYNC_DIRECTORY), 4);
    skr_writer_discard(writer);
    store_remove(&harness);
}
END_TEST

/* The n-th directory sync fails; the kernel would let the next one succeed. */
START_TEST(a_failed_directory_sync_is_final)
{
    enum skr_status status;
    seam_keep_others_out(true);
    harness = (struct store_harness){.direct_io = true};
    store_make(&harness);
    seam_fail(SKR_IO_SYNC_DIRECTORY, EIO, _i, 1, true);
    ck_assert_ptr_null(store_write(&harness, 10, 1, 10, NULL, &status));
    ck_assert_int_eq(status, SKR_READ_ONLY);
    ck_assert(skr_store_is_read_only(harness.store));
    ck_assert_ptr_null(store_write(&harness, 10, 1, 10, NULL, &status));
    ck_assert_int_eq(status, SKR_READ_ONLY);
    store_remove(&harness);
}
END_TEST

START_TEST(a_failed_sync_is_final)
{
    enum skr_status status;
    harness = (struct store_harness){.direct_io = false};
    store_make(&harness);
    struct skr_writer *writer = begun(100000, NULL);
    seam_fail(SKR_IO_SYNC, EIO, 0, 1, true);
    ck_assert_int_eq(store_finish(&harness, writer), SKR_READ_ONLY);
    skr_writer_discard(writer);
    ck_assert_ptr_null(store_write(&harness, 10, 1, 10, NULL, &status));
    ck_assert_int_eq(status, SKR_READ_ONLY);
    store_remove(&harness);
}
END_TEST

static void count_done(void *context, enum skr_status status, const struct skr_error *err)
{
    (void)err;
    ck_assert_int_eq(status, SKR_READ_ONLY);
    ++*(int *)context;
}

/* Blocks of one upload share a file and its syncs. After one that failed the kernel reports the next as a success, although
 * bytes of any of them may be lost: neither who waited for the next one nor who comes later may be told so. */
START_TEST(a_failed_sync_of_shared_slots_is_final)
{
    struct skr_error error;
    struct skr_slots *slots;
    struct skr_writer *writers[3];
    int done = 0;
    harness = (struct store_harness){.direct_io = false};
    store_make(&harness);
    ck_assert_int_eq(skr_slots_open(harness.store, &slots, &error), SKR_OK);
    for (int i = 0; i < 3; i++)
        writers[i] = begun(65536, slots);
    skr_io_run(harness.io, 100);
    seam_fail(SKR_IO_SYNC, EIO, 0, 1, true);
    skr_writer_finish(writers[0], count_done, &done); /* its sync fails */
    skr_writer_finish(writers[1], count_done, &done); /* waits for that one or for the next */
    for (int i = 0; i < 100 && done < 2; i++)
        skr_io_run(harness.io, 20);
    ck_assert_int_eq(done, 2);
    skr_writer_finish(writers[2], count_done, &done); /* comes later */
    for (int i = 0; i < 100 && done < 3; i++)
        skr_io_run(harness.io, 20);
    ck_assert_int_eq(done, 3);
    for (int i = 0; i < 3; i++)
        skr_writer_discard(writers[i]);
    skr_slots_release(slots);
    store_remove(&harness);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("durability");
    TCase *cases = tcase_create("durability");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, everything_is_durable_before_done);
    tcase_add_test(cases, folders_that_are_there_are_synced_all_the_same);
    tcase_add_loop_test(cases, a_failed_directory_sync_is_final, 0, 3);
    tcase_add_test(cases, a_failed_sync_is_final);
    tcase_add_test(cases, a_failed_sync_of_shared_slots_is_final);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
