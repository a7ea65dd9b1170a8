/* Names seen as files: kinds, making, removing, renaming, attributes. */
#include <check.h>

#include "harness.h"
#include "run.h"
#include "skerry/files.h"

static struct harness harness;
static struct skr_arena arena;
static struct skr_error error;
static const struct skr_file_attributes none;

static void begin(void)
{
    harness_begin(&harness);
}

static void end(void)
{
    skr_arena_release(&arena);
    harness_end(&harness);
}

static struct skr_file_name file(const char *path)
{
    return (struct skr_file_name){.account = SKR_BYTES("acct"), .container = SKR_BYTES("box"), .path = skr_text(path)};
}

/* 0: nothing is there. */
static int kind(const char *path)
{
    struct skr_entry entry;
    struct skr_file_name name = file(path);
    enum skr_status status = skr_find_file(harness.worker, &arena, &name, &entry, NULL, &error);
    ck_assert(status == SKR_OK || status == SKR_OBJECT_NOT_FOUND);
    return status == SKR_OK ? (int)entry.kind : 0;
}

#define WAIT(call)                                                                                                             \
    ({                                                                                                                         \
        struct outcome outcome = {.called = false};                                                                            \
        harness_wait(&harness, &outcome, call);                                                                                \
    })

static enum skr_status make(const char *path, bool exclusive)
{
    struct skr_file_name name = file(path);
    return WAIT(skr_make_file(harness.worker, &name, &none, exclusive, harness_done, &outcome));
}

static enum skr_status make_directory(const char *path)
{
    struct skr_file_name name = file(path);
    return WAIT(skr_make_directory(harness.worker, &name, &none, harness_done, &outcome));
}

static enum skr_status remove_file(const char *path)
{
    struct skr_file_name name = file(path);
    return WAIT(skr_remove_file(harness.worker, &name, harness_done, &outcome));
}

static enum skr_status remove_directory(const char *path)
{
    struct skr_file_name name = file(path);
    return WAIT(skr_remove_directory(harness.worker, &name, harness_done, &outcome));
}

static enum skr_status rename_to(const char *from, const char *to, enum skr_rename_mode mode)
{
    struct skr_file_name a = file(from), b = file(to);
    return WAIT(skr_rename_file(harness.worker, &a, &b, mode, harness_done, &outcome));
}

START_TEST(kinds)
{
    ck_assert_int_eq(harness_put(&harness, "box", "a/b/c", 10, 1), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "a", 10, 2), SKR_OK);
    ck_assert_int_eq(kind(""), SKR_FILE_DIRECTORY);
    ck_assert_int_eq(kind("a"), SKR_FILE_DIRECTORY); /* it hides the object */
    ck_assert_int_eq(kind("a/b"), SKR_FILE_DIRECTORY);
    ck_assert_int_eq(kind("a/b/c"), SKR_FILE_REGULAR);
    ck_assert_int_eq(kind("a/b/c/d"), 0);
    ck_assert_int_eq(kind("a/x"), 0);
    struct skr_entry entry;
    struct skr_file_name odd = file("a//b"), dots = file("a/../b");
    ck_assert_int_eq(skr_find_file(harness.worker, &arena, &odd, &entry, NULL, &error), SKR_INVALID_NAME);
    ck_assert_int_eq(skr_find_file(harness.worker, &arena, &dots, &entry, NULL, &error), SKR_INVALID_NAME);
}
END_TEST

START_TEST(making)
{
    ck_assert_int_eq(make("f", true), SKR_OK);
    ck_assert_int_eq(make("f", true), SKR_OBJECT_EXISTS);
    ck_assert_int_eq(make("f", false), SKR_OK);
    ck_assert_int_eq(make("f/g", false), SKR_NOT_A_DIRECTORY);
    ck_assert_int_eq(make("d/g", false), SKR_OBJECT_NOT_FOUND);
    ck_assert_int_eq(make_directory("d"), SKR_OK);
    ck_assert_int_eq(make_directory("d"), SKR_OBJECT_EXISTS);
    ck_assert_int_eq(make_directory("f"), SKR_OBJECT_EXISTS);
    ck_assert_int_eq(make("d", false), SKR_IS_A_DIRECTORY);
    ck_assert_int_eq(make("d/g", true), SKR_OK);
    struct skr_file_name link = file("d/link");
    ck_assert_int_eq(WAIT(skr_make_symlink(harness.worker, &link, SKR_BYTES("../f"), &none, harness_done, &outcome)), SKR_OK);
    ck_assert_int_eq(kind("d/link"), SKR_FILE_SYMLINK);
    struct skr_entry entry;
    struct skr_held *held;
    char target[8] = "";
    ck_assert_int_eq(skr_find_file(harness.worker, &arena, &link, &entry, &held, &error), SKR_OK);
    ck_assert_int_eq(skr_held_read(harness.worker, held, 0, target, sizeof target, 0, &error), 4);
    ck_assert_str_eq(target, "../f");
    skr_held_release(held);
}
END_TEST

START_TEST(removing)
{
    ck_assert_int_eq(harness_put(&harness, "box", "d/e/f", 10, 1), SKR_OK);
    ck_assert_int_eq(remove_directory("d"), SKR_DIRECTORY_NOT_EMPTY);
    ck_assert_int_eq(remove_file("d"), SKR_IS_A_DIRECTORY);
    ck_assert_int_eq(remove_directory("d/e/f"), SKR_NOT_A_DIRECTORY);
    ck_assert_int_eq(remove_file("d/e/f"), SKR_OK);
    ck_assert_int_eq(kind("d/e"), SKR_FILE_DIRECTORY); /* its last entry does not take it along */
    ck_assert_int_eq(remove_file("d/e/f"), SKR_OBJECT_NOT_FOUND);
    ck_assert_int_eq(remove_directory("d/e"), SKR_OK);
    ck_assert_int_eq(kind("d"), SKR_FILE_DIRECTORY);
    ck_assert_int_eq(remove_directory("d"), SKR_OK);
    ck_assert_int_eq(kind("d"), 0);
    ck_assert_int_eq(remove_directory("d"), SKR_OBJECT_NOT_FOUND);
}
END_TEST

START_TEST(renaming)
{
    ck_assert_int_eq(harness_put(&harness, "box", "d/e/f", 100000, 1), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "g", 10, 2), SKR_OK);
    ck_assert_int_eq(rename_to("d", "d/e/x", SKR_RENAME_REPLACE), SKR_INVALID_ARGUMENT);
    ck_assert_int_eq(rename_to("d", "g", SKR_RENAME_REPLACE), SKR_NOT_A_DIRECTORY);
    ck_assert_int_eq(rename_to("g", "d", SKR_RENAME_REPLACE), SKR_IS_A_DIRECTORY);
    ck_assert_int_eq(rename_to("g", "d/e/f", SKR_RENAME_NO_REPLACE), SKR_OBJECT_EXISTS);
    ck_assert_int_eq(rename_to("no", "x", SKR_RENAME_REPLACE), SKR_OBJECT_NOT_FOUND);
    ck_assert_int_eq(rename_to("g", "no/x", SKR_RENAME_REPLACE), SKR_OBJECT_NOT_FOUND);
    ck_assert_int_eq(rename_to("d/e", "n", SKR_RENAME_REPLACE), SKR_OK);
    ck_assert(harness_holds(&harness, "box", "n/f", 100000, 1));
    ck_assert_int_eq(kind("d"), SKR_FILE_DIRECTORY);
    ck_assert_int_eq(rename_to("n", "d", SKR_RENAME_REPLACE), SKR_OK); /* an empty one */
    ck_assert(harness_holds(&harness, "box", "d/f", 100000, 1));
    ck_assert_int_eq(make_directory("n"), SKR_OK);
    ck_assert_int_eq(rename_to("n", "d", SKR_RENAME_REPLACE), SKR_DIRECTORY_NOT_EMPTY);
    ck_assert_int_eq(rename_to("g", "d/f", SKR_RENAME_EXCHANGE), SKR_OK);
    ck_assert(harness_holds(&harness, "box", "g", 100000, 1));
    ck_assert(harness_holds(&harness, "box", "d/f", 10, 2));
    ck_assert_int_eq(rename_to("g", "d", SKR_RENAME_EXCHANGE), SKR_OK);
    ck_assert(harness_holds(&harness, "box", "d", 100000, 1));
    ck_assert(harness_holds(&harness, "box", "g/f", 10, 2));
    ck_assert_int_eq(rename_to("g", "n", SKR_RENAME_EXCHANGE), SKR_OK);
    ck_assert(harness_holds(&harness, "box", "n/f", 10, 2));
    ck_assert_int_eq(rename_to("d", "n/f", SKR_RENAME_REPLACE), SKR_OK);
    ck_assert(harness_holds(&harness, "box", "n/f", 100000, 1));
}
END_TEST

START_TEST(renaming_where_versions_are_kept)
{
    ck_assert_int_eq(harness_set_versioning(&harness, "box", SKR_VERSIONING_ENABLED), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "d/f", 100000, 1), SKR_OK);
    ck_assert_int_eq(rename_to("d", "n", SKR_RENAME_REPLACE), SKR_OTHER_CONTAINER);
    ck_assert_int_eq(rename_to("d/f", "d/g", SKR_RENAME_REPLACE), SKR_OK);
    ck_assert(harness_holds(&harness, "box", "d/g", 100000, 1));
    ck_assert_int_eq(kind("d/f"), 0);
}
END_TEST

START_TEST(attributes)
{
    struct skr_entry before, after;
    struct skr_file_name name = file("f"), directory = file("d");
    struct skr_file_attributes mode = {.given = SKR_ATTRIBUTE_MODE, .mode = 0640},
                               times = {.given = SKR_ATTRIBUTE_MODIFIED, .modified_ns = -1};
    ck_assert_int_eq(harness_put(&harness, "box", "f", 10, 1), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "d/x", 10, 1), SKR_OK);
    ck_assert_int_eq(skr_find_file(harness.worker, &arena, &name, &before, NULL, &error), SKR_OK);
    ck_assert_int_eq(WAIT(skr_set_file_attributes(harness.worker, &name, &mode, harness_done, &outcome)), SKR_OK);
    ck_assert_int_eq(WAIT(skr_set_file_attributes(harness.worker, &name, &times, harness_done, &outcome)), SKR_OK);
    ck_assert_int_eq(skr_find_file(harness.worker, &arena, &name, &after, NULL, &error), SKR_OK);
    ck_assert_uint_eq(after.attributes.mode, 0640);
    ck_assert_int_eq(after.attributes.modified_ns, -1);
    ck_assert(skr_bytes_equal(before.object.etag, after.object.etag));
    ck_assert_int_eq(before.object.modified_ns, after.object.modified_ns);
    ck_assert_int_eq(WAIT(skr_set_file_attributes(harness.worker, &directory, &mode, harness_done, &outcome)), SKR_OK);
    ck_assert_int_eq(skr_find_file(harness.worker, &arena, &directory, &after, NULL, &error), SKR_OK);
    ck_assert_int_eq(after.kind, SKR_FILE_DIRECTORY);
    ck_assert_uint_eq(after.attributes.mode, 0640);
}
END_TEST

START_TEST(attributes_of_a_container)
{
    struct skr_entry entry;
    struct skr_container before, after;
    struct skr_file_name name = file("");
    struct skr_file_attributes mode = {.given = SKR_ATTRIBUTE_MODE, .mode = 0700};
    ck_assert_int_eq(skr_get_container(harness.worker, &arena, name.account, name.container, NULL, &before, &error), SKR_OK);
    ck_assert_int_eq(WAIT(skr_set_file_attributes(harness.worker, &name, &mode, harness_done, &outcome)), SKR_OK);
    ck_assert_int_eq(skr_find_file(harness.worker, &arena, &name, &entry, NULL, &error), SKR_OK);
    ck_assert_uint_eq(entry.attributes.mode, 0700);
    ck_assert_int_eq(skr_get_container(harness.worker, &arena, name.account, name.container, NULL, &after, &error), SKR_OK);
    ck_assert(skr_bytes_equal(before.etag, after.etag));
    ck_assert_int_eq(before.modified_ns, after.modified_ns);
}
END_TEST

START_TEST(xattrs)
{
    struct skr_entry entry;
    struct skr_file_name name = file("f");
    struct skr_name_value xattr = {.name = SKR_BYTES("colour"), .value = SKR_BYTES("blue")};
    ck_assert_int_eq(harness_put(&harness, "box", "f", 10, 1), SKR_OK);
    ck_assert_int_eq(WAIT(skr_set_file_xattr(harness.worker, &name, &xattr, SKR_XATTR_REPLACE, harness_done, &outcome)),
                     SKR_NOT_FOUND);
    ck_assert_int_eq(WAIT(skr_set_file_xattr(harness.worker, &name, &xattr, SKR_XATTR_CREATE, harness_done, &outcome)), SKR_OK);
    ck_assert_int_eq(WAIT(skr_set_file_xattr(harness.worker, &name, &xattr, SKR_XATTR_CREATE, harness_done, &outcome)),
                     SKR_OBJECT_EXISTS);
    ck_assert_int_eq(skr_find_file(harness.worker, &arena, &name, &entry, NULL, &error), SKR_OK);
    ck_assert_uint_eq(entry.object.metadata_count, 1);
    ck_assert(skr_bytes_equal(entry.object.metadata[0].value, SKR_BYTES("blue")));
    ck_assert_int_eq(WAIT(skr_set_file_xattr(harness.worker, &name, &xattr, SKR_XATTR_REMOVE, harness_done, &outcome)), SKR_OK);
    ck_assert_int_eq(skr_find_file(harness.worker, &arena, &name, &entry, NULL, &error), SKR_OK);
    ck_assert_uint_eq(entry.object.metadata_count, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core_files");
    TCase *cases = tcase_create("files");
    tcase_add_checked_fixture(cases, begin, end);
    tcase_add_test(cases, kinds);
    tcase_add_test(cases, making);
    tcase_add_test(cases, removing);
    tcase_add_test(cases, renaming);
    tcase_add_test(cases, renaming_where_versions_are_kept);
    tcase_add_test(cases, attributes);
    tcase_add_test(cases, attributes_of_a_container);
    tcase_add_test(cases, xattrs);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
