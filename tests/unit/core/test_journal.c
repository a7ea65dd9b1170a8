/* What is noted of which operation in a container in front of an upstream that is not there, and what an operator does about
 * it. */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"
#include "run.h"
#include "skerry/files.h"

#define ACCOUNT SKR_BYTES("acct")

static struct harness harness;

static enum skr_status attach(const char *container, enum skr_binding_mode mode)
{
    struct outcome outcome = {.called = false};
    struct skr_binding binding = {.mode = mode, .ttl_ms = 60000};
    binding.texts[SKR_BINDING_URL] = SKR_BYTES("http://127.0.0.1:1/upstream/box"); /* nobody listens there */
    return harness_wait(&harness, &outcome,
                        skr_attach(harness.worker, ACCOUNT, skr_text(container), &binding, harness_done, &outcome));
}

static void setup(void)
{
    harness_begin(&harness);
    ck_assert_int_eq(attach("box", SKR_BINDING_WRITE_BACK), SKR_OK);
}

static void teardown(void)
{
    harness_end(&harness);
}

static bool list(void *context, const struct skr_dirty *dirty)
{
    char *out = context;
    ck_assert(dirty->state == SKR_DIRTY_PENDING && dirty->since_ns <= dirty->changed_ns);
    ck_assert(skr_bytes_equal(dirty->account, ACCOUNT));
    snprintf(out + strlen(out), 500 - strlen(out), "%.*s%s%llu ", SKR_PRINT(dirty->key), dirty->is_deletion ? "-" : "+",
             (unsigned long long)dirty->size_bytes);
    return true;
}

/* Names in the order of the queue: "+" and the bytes to be uploaded, "-0" for one to be deleted. */
static void dirty_are(const char *expected)
{
    char found[500] = "";
    struct skr_error error;
    ck_assert_int_eq(skr_list_dirty(harness.worker, 0, 0, list, found, &error), SKR_OK);
    ck_assert_str_eq(found, expected);
}

static void dirty_count(uint64_t objects, uint64_t bytes)
{
    struct skr_core_numbers numbers;
    skr_core_read_numbers(harness.core, &numbers);
    ck_assert_uint_eq(numbers.dirty_objects, objects);
    ck_assert_uint_eq(numbers.dirty_bytes, bytes);
}

static enum skr_status set(const char *key, const struct skr_object_settings *settings)
{
    struct outcome outcome = {.called = false};
    struct skr_object_name name = harness_name("box", key);
    return harness_wait(&harness, &outcome, skr_update_object(harness.worker, &name, NULL, settings, harness_done, &outcome));
}

START_TEST(test_operations)
{
    const char *const blocks[] = {"1", "2", NULL};
    ck_assert_int_eq(harness_create_container(&harness, "free"), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "free", "x", 10, 1), SKR_OK);
    dirty_are("");
    ck_assert_int_eq(harness_put(&harness, "box", "small", 10, 1), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "large", 100000, 2), SKR_OK);
    dirty_are("small+10 large+100000 ");
    dirty_count(2, 100010);
    ck_assert_int_eq(harness_put(&harness, "box", "small", 20, 1), SKR_OK);
    dirty_are("large+100000 small+20 ");
    ck_assert_int_eq(harness_put_block(&harness, "box", "blocks", "1", 70000, 3), SKR_OK);
    ck_assert_int_eq(harness_put_block(&harness, "box", "blocks", "2", 70000, 4), SKR_OK);
    dirty_are("large+100000 small+20 "); /* blocks are nothing yet */
    ck_assert_int_eq(harness_commit(&harness, "box", "blocks", blocks), SKR_OK);
    ck_assert_int_eq(harness_copy(&harness, "box", "small", "copy"), SKR_OK);
    dirty_are("large+100000 small+20 blocks+140000 copy+20 ");
    ck_assert_int_eq(harness_delete(&harness, "box", "large"), SKR_OK);
    dirty_are("small+20 blocks+140000 copy+20 large-0 ");
    ck_assert_int_eq(harness_put(&harness, "box", "large", 5, 2), SKR_OK);
    dirty_are("small+20 blocks+140000 copy+20 large+5 ");
    dirty_count(4, 140045);
    ck_assert_int_eq(harness_delete(&harness, "box", "nothing"), SKR_UPSTREAM_FAILED); /* nobody can say */
    dirty_count(4, 140045);
    harness_close(&harness);
    ck_assert_uint_eq(harness_problems(&harness, true), 0);
    ck_assert_int_eq(harness_open(&harness), SKR_OK);
    dirty_are("small+20 blocks+140000 copy+20 large+5 ");
    dirty_count(4, 140045);
    ck_assert(harness_holds(&harness, "box", "large", 5, 2));
}
END_TEST

START_TEST(test_settings)
{
    struct skr_name_value pair = {SKR_BYTES("n"), SKR_BYTES("v")};
    struct skr_object_settings tags = {.set_tags = true, .tags = &pair, .tag_count = 1};
    struct skr_object_settings metadata = {.set_metadata = true, .metadata = &pair, .metadata_count = 1};
    struct skr_object_settings tier = {.set_properties = 1u << SKR_PROPERTY_ACCESS_TIER};
    ck_assert_int_eq(harness_put(&harness, "box", "a", 10, 1), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "b", 10, 1), SKR_OK);
    ck_assert_int_eq(set("a", &metadata), SKR_OK);
    dirty_are("b+10 a+10 "); /* its bytes are to be uploaded still */
    ck_assert_int_eq(set("b", &tags), SKR_OK);
    dirty_are("a+10 b+10 ");
    tier.properties[SKR_PROPERTY_ACCESS_TIER] = SKR_BYTES("Cool");
    ck_assert_int_eq(set("a", &tier), SKR_OK);
    dirty_are("a+10 b+10 "); /* a matter of ours */
}
END_TEST

static enum skr_status rename_object(const char *from, const char *to)
{
    struct outcome outcome = {.called = false};
    struct skr_copy_source source = {.name = harness_name("box", from), .length = SKR_SIZE_ANY};
    struct skr_object_name name = harness_name("box", to);
    return harness_wait(&harness, &outcome, skr_rename_object(harness.worker, &source, &name, NULL, harness_done, &outcome));
}

START_TEST(test_renaming)
{
    ck_assert_int_eq(harness_put(&harness, "box", "from", 10, 1), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "to", 3, 1), SKR_OK);
    ck_assert_int_eq(rename_object("from", "to"), SKR_OK);
    dirty_are("to+10 from-0 "); /* in this order */
    ck_assert(harness_holds(&harness, "box", "to", 10, 1));
}
END_TEST

static enum skr_status rename_file(const char *from, const char *to, enum skr_rename_mode mode)
{
    struct outcome outcome = {.called = false};
    struct skr_file_name a = {.account = ACCOUNT, .container = SKR_BYTES("box"), .path = skr_text(from)};
    struct skr_file_name b = {.account = ACCOUNT, .container = SKR_BYTES("box"), .path = skr_text(to)};
    return harness_wait(&harness, &outcome, skr_rename_file(harness.worker, &a, &b, mode, harness_done, &outcome));
}

/* What was dirty when its container was detached: its entries say what is true, whatever happens to the names until it is bound
 * again. Names that were not are nobody's business. */
START_TEST(test_detached)
{
    static const char *const names[] = {"kept", "gone", "over", "meta", "from", "to", "first", "second", "third", "dir/x"};
    struct outcome outcome = {.called = false};
    struct skr_name_value pair = {SKR_BYTES("n"), SKR_BYTES("v")};
    struct skr_object_settings metadata = {.set_metadata = true, .metadata = &pair, .metadata_count = 1};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_int_eq(harness_put(&harness, "box", names[i], 10 + i, i), SKR_OK);
    dirty_are("kept+10 gone+11 over+12 meta+13 from+14 to+15 first+16 second+17 third+18 dir/x+19 ");
    ck_assert_int_eq(
        harness_wait(&harness, &outcome, skr_detach(harness.worker, ACCOUNT, SKR_BYTES("box"), harness_done, &outcome)),
        SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "clean", 5, 1), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "other", 6, 1), SKR_OK);
    dirty_are("kept+10 gone+11 over+12 meta+13 from+14 to+15 first+16 second+17 third+18 dir/x+19 ");
    ck_assert_int_eq(harness_delete(&harness, "box", "gone"), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "over", 100, 3), SKR_OK);
    ck_assert_int_eq(set("meta", &metadata), SKR_OK);
    dirty_are("kept+10 from+14 to+15 first+16 second+17 third+18 dir/x+19 gone-0 over+100 meta+13 ");
    ck_assert_int_eq(rename_object("from", "elsewhere"), SKR_OK);
    ck_assert_int_eq(rename_file("clean", "to", SKR_RENAME_REPLACE), SKR_OK);
    dirty_are("kept+10 first+16 second+17 third+18 dir/x+19 gone-0 over+100 meta+13 from-0 to+5 ");
    ck_assert_int_eq(rename_file("first", "second", SKR_RENAME_EXCHANGE), SKR_OK);
    ck_assert_int_eq(rename_file("other", "third", SKR_RENAME_EXCHANGE), SKR_OK);
    dirty_are("kept+10 dir/x+19 gone-0 over+100 meta+13 from-0 to+5 first+17 second+16 third+6 ");
    ck_assert_int_eq(rename_file("second", "kept", SKR_RENAME_REPLACE), SKR_OK);
    ck_assert_int_eq(rename_object("over", "over"), SKR_OK);
    dirty_are("dir/x+19 gone-0 over+100 meta+13 from-0 to+5 first+17 third+6 kept+16 second-0 ");
    ck_assert_int_eq(rename_file("dir", "moved", SKR_RENAME_REPLACE), SKR_OTHER_CONTAINER);
    ck_assert_int_eq(harness_put(&harness, "box", "gone", 1, 1), SKR_OK);
    dirty_are("dir/x+19 over+100 meta+13 from-0 to+5 first+17 third+6 kept+16 second-0 gone+1 ");
    harness_close(&harness);
    ck_assert_uint_eq(harness_problems(&harness, true), 0);
    ck_assert_int_eq(harness_open(&harness), SKR_OK);
    ck_assert(harness_holds(&harness, "box", "elsewhere", 14, 4) && harness_holds(&harness, "box", "third", 6, 1) &&
              harness_holds(&harness, "box", "other", 18, 8) && harness_holds(&harness, "box", "kept", 16, 6));
    ck_assert_int_eq(attach("box", SKR_BINDING_WRITE_BACK), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "late", 2, 1), SKR_OK);
    dirty_are("dir/x+19 over+100 meta+13 from-0 to+5 first+17 third+6 kept+16 second-0 gone+1 late+2 ");
}
END_TEST

static enum skr_status resolve(const char *key, enum skr_resolution resolution)
{
    struct outcome outcome = {.called = false};
    struct skr_object_name name = harness_name("box", key);
    return harness_wait(&harness, &outcome, skr_resolve(harness.worker, &name, 0, resolution, harness_done, &outcome));
}

static enum skr_status flush(const char *container, const char *prefix)
{
    struct outcome outcome = {.called = false};
    struct skr_flush_options options = {
        .account = ACCOUNT, .container = skr_text(container), .prefix = skr_text(prefix), .patience_ms = 200};
    return harness_wait(&harness, &outcome, skr_flush(harness.worker, &options, harness_done, &outcome));
}

START_TEST(test_operator)
{
    char *bytes;
    size_t size;
    ck_assert_int_eq(flush("", ""), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "dir/a", 10, 1), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "dir/b", 10, 1), SKR_OK);
    ck_assert_int_eq(flush("box", ""), SKR_BUSY);
    ck_assert_int_eq(flush("box", "dir/"), SKR_BUSY);
    ck_assert_int_eq(flush("box", "other/"), SKR_OK);
    ck_assert_int_eq(flush("free", ""), SKR_OK);
    ck_assert_int_eq(resolve("dir/a", SKR_RESOLVE_RETRY), SKR_OK);
    ck_assert_int_eq(resolve("dir/a", SKR_RESOLVE_KEEP_LOCAL), SKR_OK);
    dirty_are("dir/a+10 dir/b+10 ");
    ck_assert_int_eq(resolve("dir/a", SKR_RESOLVE_KEEP_REMOTE), SKR_OK);
    dirty_are("dir/b+10 ");
    dirty_count(1, 10);
    ck_assert_int_ne(harness_get(&harness, "box", "dir/a", &bytes, &size), SKR_OK);
    ck_assert_int_eq(resolve("dir/a", SKR_RESOLVE_RETRY), SKR_NOT_FOUND);
    ck_assert_int_eq(harness_delete(&harness, "box", "dir/b"), SKR_OK);
    ck_assert_int_eq(resolve("dir/b", SKR_RESOLVE_KEEP_REMOTE), SKR_OK);
    dirty_are("");
    ck_assert_int_eq(flush("", ""), SKR_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("journal in core");
    TCase *cases = tcase_create("journal");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, test_operations);
    tcase_add_test(cases, test_settings);
    tcase_add_test(cases, test_renaming);
    tcase_add_test(cases, test_detached);
    tcase_add_test(cases, test_operator);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
