/* The operations of core against the real metadata and content store. */
#include <check.h>
#include <stdlib.h>

#include "harness.h"
#include "run.h"
#include "skerry/hash.h"

static struct harness harness;

static void setup(void)
{
    harness_begin(&harness);
}

static void teardown(void)
{
    harness_end(&harness);
}

START_TEST(puts_of_every_size_read_back)
{
    static const size_t sizes[] = {0, 1, 4096, 16383, 16384, 16385, 65535, 65536, 65537, 1 << 20, (1 << 20) + 1, 5000003};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char key[32];
        for (unsigned known = 0; known < 2; known++) {
            snprintf(key, sizeof key, "size/%zu-%u", sizes[i], known);
            ck_assert_int_eq(harness_put(&harness, "box", key, sizes[i], i * 2 + known), SKR_OK);
            ck_assert(harness_holds(&harness, "box", key, sizes[i], i * 2 + known));
        }
    }
    harness_close(&harness);
    ck_assert_int_eq(harness_open(&harness), SKR_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char key[32];
        snprintf(key, sizeof key, "size/%zu-%u", sizes[i], 1);
        ck_assert(harness_holds(&harness, "box", key, sizes[i], i * 2 + 1));
    }
}
END_TEST

START_TEST(names_that_are_not_there)
{
    char *bytes;
    size_t size;
    ck_assert_int_eq(harness_get(&harness, "box", "nothing", &bytes, &size), SKR_OBJECT_NOT_FOUND);
    ck_assert_int_eq(harness_get(&harness, "nobox", "nothing", &bytes, &size), SKR_CONTAINER_NOT_FOUND);
    ck_assert_int_eq(harness_put(&harness, "nobox", "a", 10, 1), SKR_CONTAINER_NOT_FOUND);
    ck_assert_int_eq(harness_put(&harness, "nobox", "a", 100000, 2), SKR_CONTAINER_NOT_FOUND);
    ck_assert_int_eq(harness_delete(&harness, "box", "nothing"), SKR_OBJECT_NOT_FOUND);
    ck_assert_int_eq(harness_copy(&harness, "box", "nothing", "b"), SKR_SOURCE_NOT_FOUND);
    ck_assert_int_eq(harness_create_container(&harness, "box"), SKR_CONTAINER_EXISTS);
}
END_TEST

static void expect_concatenation(const char *key, const size_t *sizes, const uint64_t *seeds, size_t count)
{
    char *bytes;
    size_t size, offset = 0;
    ck_assert_int_eq(harness_get(&harness, "box", key, &bytes, &size), SKR_OK);
    for (size_t i = 0; i < count; i++) {
        char *expected = malloc(sizes[i] + 1);
        harness_fill(expected, sizes[i], seeds[i]);
        ck_assert_uint_le(offset + sizes[i], size);
        ck_assert_int_eq(memcmp(bytes + offset, expected, sizes[i]), 0);
        free(expected);
        offset += sizes[i];
    }
    ck_assert_uint_eq(offset, size);
    free(bytes);
}

START_TEST(blocks_are_committed_in_the_order_of_the_list)
{
    ck_assert_int_eq(harness_put_block(&harness, "box", "b", "aa", 200000, 1), SKR_OK);
    ck_assert_int_eq(harness_put_block(&harness, "box", "b", "bb", 65536, 2), SKR_OK);
    ck_assert_int_eq(harness_put_block(&harness, "box", "b", "cc", 10, 3), SKR_OK);
    ck_assert_int_eq(harness_put_block(&harness, "box", "b", "longer", 10, 3), SKR_INVALID_BLOCK_ID);
    ck_assert_int_eq(harness_put_block(&harness, "box", "b", "dd", 1 << 20, 4), SKR_OK);
    const char *list[] = {"dd", "aa", "cc", "aa", NULL};
    ck_assert_int_eq(harness_commit(&harness, "box", "b", list), SKR_OK);
    expect_concatenation("b", (size_t[]){1 << 20, 200000, 10, 200000}, (uint64_t[]){4, 1, 3, 1}, 4);
    const char *gone[] = {"bb", NULL}; /* not in the list, so it was discarded */
    ck_assert_int_eq(harness_commit(&harness, "box", "b", gone), SKR_INVALID_BLOCK_LIST);
    /* committed and new blocks together */
    ck_assert_int_eq(harness_put_block(&harness, "box", "b", "aa", 70000, 9), SKR_OK);
    const char *mixed[] = {"aa", "dd", NULL};
    ck_assert_int_eq(harness_commit(&harness, "box", "b", mixed), SKR_OK);
    expect_concatenation("b", (size_t[]){70000, 1 << 20}, (uint64_t[]){9, 4}, 2);
}
END_TEST

START_TEST(uncommitted_blocks_survive_a_restart)
{
    ck_assert_int_eq(harness_put_block(&harness, "box", "late", "01", 300000, 5), SKR_OK);
    harness_close(&harness);
    ck_assert_int_eq(harness_open(&harness), SKR_OK);
    ck_assert_int_eq(harness_put_block(&harness, "box", "late", "02", 300001, 6), SKR_OK);
    const char *list[] = {"01", "02", NULL};
    ck_assert_int_eq(harness_commit(&harness, "box", "late", list), SKR_OK);
    expect_concatenation("late", (size_t[]){300000, 300001}, (uint64_t[]){5, 6}, 2);
}
END_TEST

START_TEST(copies_outlive_their_source)
{
    ck_assert_int_eq(harness_put(&harness, "box", "large", 3000000, 11), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "small", 100, 12), SKR_OK);
    ck_assert_int_eq(harness_copy(&harness, "box", "large", "dir/large"), SKR_OK);
    ck_assert_int_eq(harness_copy(&harness, "box", "small", "dir/small"), SKR_OK);
    ck_assert_int_eq(harness_copy(&harness, "box", "large", "large"), SKR_OK);
    ck_assert_int_eq(harness_delete(&harness, "box", "large"), SKR_OK);
    ck_assert_int_eq(harness_delete(&harness, "box", "small"), SKR_OK);
    harness_close(&harness);
    ck_assert_int_eq(harness_open(&harness), SKR_OK);
    ck_assert(harness_holds(&harness, "box", "dir/large", 3000000, 11));
    ck_assert(harness_holds(&harness, "box", "dir/small", 100, 12));
}
END_TEST

static void note_ready(void *context)
{
    *(bool *)context = true;
}

START_TEST(a_reader_sees_one_version_while_the_name_changes)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_error error;
    struct skr_object object;
    struct skr_reader *reader;
    struct skr_object_name name = {.account = SKR_BYTES("acct"), .container = SKR_BYTES("box"), .key = SKR_BYTES("v")};
    ck_assert_int_eq(harness_put(&harness, "box", "v", 4000000, 20), SKR_OK);
    ck_assert_int_eq(skr_open_object(harness.worker, &arena, &name, NULL, &object, &reader, &error), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "v", 100000, 22), SKR_OK);
    ck_assert_int_eq(harness_delete(&harness, "box", "v"), SKR_OK);
    struct skr_core_numbers numbers;
    do { /* the collector has had its turn: the second version is gone from the disk */
        harness_run(&harness);
        skr_core_read_numbers(harness.core, &numbers);
    } while (numbers.garbage_collected == 0);
    char *expected = malloc(4000000), *bytes = malloc(4000000);
    harness_fill(expected, 4000000, 20);
    for (size_t offset = 0; offset < 4000000;) {
        bool ready = false;
        ssize_t taken = skr_reader_read(reader, offset, bytes + offset, 300001, note_ready, &ready);
        ck_assert_int_ge(taken, 0);
        if (taken == 0)
            harness_run(&harness);
        offset += (size_t)taken;
    }
    ck_assert_int_eq(memcmp(bytes, expected, 4000000), 0);
    skr_reader_close(reader);
    skr_arena_release(&arena);
    free(expected);
    free(bytes);
}
END_TEST

static bool collect_key(void *context, const struct skr_list_entry *entry)
{
    strncat(context, entry->is_uncommitted ? "~" : entry->is_prefix ? "+" : "", 2);
    strncat(context, entry->key.data, entry->key.size);
    strcat(context, " ");
    return true;
}

START_TEST(listing_merges_uncommitted_names_in_order)
{
    struct skr_error error;
    char seen[256] = "";
    struct skr_list_options options = {
        .account = SKR_BYTES("acct"), .container = SKR_BYTES("box"), .include_uncommitted = true};
    ck_assert_int_eq(harness_put(&harness, "box", "a", 1, 1), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "d/e", 1, 1), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "z", 1, 1), SKR_OK);
    ck_assert_int_eq(harness_put_block(&harness, "box", "b", "01", 1, 1), SKR_OK);
    ck_assert_int_eq(harness_put_block(&harness, "box", "d/c", "01", 1, 1), SKR_OK);
    ck_assert_int_eq(harness_put_block(&harness, "box", "z", "01", 1, 1), SKR_OK);
    ck_assert_int_eq(skr_list_objects(harness.worker, &options, collect_key, seen, &error), SKR_OK);
    ck_assert_str_eq(seen, "a ~b ~d/c d/e z ");
    seen[0] = '\0';
    options.delimiter = SKR_BYTES("/");
    ck_assert_int_eq(skr_list_objects(harness.worker, &options, collect_key, seen, &error), SKR_OK);
    ck_assert_str_eq(seen, "a ~b +d/ z ");
}
END_TEST

/* Small payloads that come in together are hashed together; one of them is given up before, and one is not what was announced.
 */
START_TEST(digests_of_small_payloads_that_come_together)
{
    enum { COUNT = 90 };
    struct skr_ingest *ingests[COUNT];
    struct outcome outcomes[COUNT] = {{.called = false}};
    struct skr_error error = {.status = SKR_OK};
    size_t pending = 0;
    char bytes[6000];
    for (size_t i = 0; i < COUNT; i++) {
        struct skr_ingest_options options = {.expected_size = 300 + i * 60, .md5 = true};
        ck_assert_int_eq(skr_ingest_open(harness.worker, &options, &ingests[i], &error), SKR_OK);
        harness_fill(bytes, options.expected_size, i);
        ck_assert_uint_eq(skr_ingest_write(ingests[i], bytes, options.expected_size), options.expected_size);
    }
    for (size_t i = 0; i < COUNT; i++) {
        struct skr_digests wrong = {.has_md5 = true};
        enum skr_status status = skr_ingest_finish(ingests[i], i == 7 ? &wrong : NULL, harness_done, &outcomes[i], &error);
        ck_assert_int_eq(status, SKR_PENDING);
        ck_assert(!outcomes[i].called);
        pending++;
    }
    skr_ingest_discard(ingests[0]);
    skr_ingest_discard(ingests[40]);
    skr_ingest_discard(ingests[COUNT - 1]);
    for (pending -= 3; pending > 0;) {
        harness_run(&harness);
        pending = COUNT - 3;
        for (size_t i = 0; i < COUNT; i++)
            pending -= outcomes[i].called;
    }
    for (size_t i = 0; i < COUNT; i++) {
        uint8_t md5[SKR_MD5_SIZE];
        if (i == 0 || i == 40 || i == COUNT - 1) {
            ck_assert(!outcomes[i].called);
            continue;
        }
        ck_assert_int_eq(outcomes[i].status, i == 7 ? SKR_CHECKSUM_MISMATCH_MD5 : SKR_OK);
        harness_fill(bytes, 300 + i * 60, i);
        skr_md5_of(bytes, 300 + i * 60, md5);
        ck_assert(skr_ingest_digests(ingests[i])->has_md5);
        ck_assert_mem_eq(skr_ingest_digests(ingests[i])->md5, md5, sizeof md5);
        skr_ingest_discard(ingests[i]);
    }
}
END_TEST

START_TEST(garbage_gives_its_space_back)
{
    struct skr_core_numbers before, now;
    ck_assert_int_eq(harness_put(&harness, "box", "a", 2000000, 2), SKR_OK);
    skr_core_read_numbers(harness.core, &before);
    for (int i = 0; i < 5; i++)
        ck_assert_int_eq(harness_put(&harness, "box", "a", 2000000, 2), SKR_OK);
    do { /* a content and its file for each that was replaced */
        harness_run(&harness);
        skr_core_read_numbers(harness.core, &now);
    } while (now.garbage_collected < before.garbage_collected + 10);
    ck_assert(harness_holds(&harness, "box", "a", 2000000, 2));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core operations");
    TCase *cases = tcase_create("operations");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, puts_of_every_size_read_back);
    tcase_add_test(cases, names_that_are_not_there);
    tcase_add_test(cases, blocks_are_committed_in_the_order_of_the_list);
    tcase_add_test(cases, uncommitted_blocks_survive_a_restart);
    tcase_add_test(cases, copies_outlive_their_source);
    tcase_add_test(cases, a_reader_sees_one_version_while_the_name_changes);
    tcase_add_test(cases, listing_merges_uncommitted_names_in_order);
    tcase_add_test(cases, digests_of_small_payloads_that_come_together);
    tcase_add_test(cases, garbage_gives_its_space_back);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
