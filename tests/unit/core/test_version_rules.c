/* What Amazon documents of versions, rule by rule, and what else objects and containers have come to have: tags, checksums,
 * entity tags that are kept, renaming, settings. */
#include <check.h>

#include "harness.h"
#include "run.h"

static struct harness harness;

static void setup(void)
{
    harness_begin(&harness);
}

static void teardown(void)
{
    harness_end(&harness);
}

static enum skr_status find(const struct skr_object_name *name, struct skr_arena *arena, struct skr_object *object)
{
    struct skr_error error;
    return skr_open_object(harness.worker, arena, name, NULL, object, NULL, &error);
}

static struct outcome delete_object(struct skr_object_name name, bool mark_absent)
{
    struct outcome outcome = {.called = false};
    harness_wait(&harness, &outcome, skr_delete_object(harness.worker, &name, NULL, mark_absent, harness_done, &outcome));
    return outcome;
}

START_TEST(what_was_there_before_versions_is_the_null_version)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_object object;
    struct skr_object_name null_version = harness_version("box", "a", 0);
    ck_assert_int_eq(harness_put(&harness, "box", "a", 100, 2), SKR_OK);
    ck_assert_int_eq(find(&null_version, &arena, &object), SKR_OK);
    ck_assert_int_eq(object.versioning, SKR_VERSIONING_OFF);
    ck_assert_int_eq(harness_set_versioning(&harness, "box", SKR_VERSIONING_ENABLED), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "a", 200, 4), SKR_OK);
    ck_assert_int_eq(find(&null_version, &arena, &object), SKR_OK);
    ck_assert_uint_eq(object.content.size_bytes, 100);
    ck_assert_int_eq(object.versioning, SKR_VERSIONING_ENABLED);
    ck_assert(harness_holds(&harness, "box", "a", 200, 4));
    skr_arena_release(&arena);
}
END_TEST

START_TEST(a_delete_marker_hides_and_its_removal_shows_again)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_object object;
    struct skr_object_name name = harness_name("box", "a");
    ck_assert_int_eq(harness_set_versioning(&harness, "box", SKR_VERSIONING_ENABLED), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "a", 100000, 2), SKR_OK);
    struct outcome marker = delete_object(name, false);
    ck_assert_int_eq(marker.status, SKR_OK);
    ck_assert_int_eq(marker.kind, SKR_OBJECT_DELETE_MARKER);
    ck_assert_int_eq(find(&name, &arena, &object), SKR_OBJECT_NOT_FOUND);
    ck_assert_int_eq(object.kind, SKR_OBJECT_DELETE_MARKER);
    ck_assert_int_eq(object.version_ns, marker.version_ns);
    struct skr_object_name by_version = harness_version("box", "a", marker.version_ns);
    ck_assert_int_eq(find(&by_version, &arena, &object), SKR_IS_DELETE_MARKER);
    ck_assert_int_eq(object.modified_ns, marker.version_ns);
    struct skr_object_name nothing = harness_name("box", "nothing"), no_version = harness_version("box", "a", 77);
    ck_assert_int_eq(find(&nothing, &arena, &object), SKR_OBJECT_NOT_FOUND);
    ck_assert_int_eq(object.kind, 0);
    ck_assert_int_eq(find(&no_version, &arena, &object), SKR_VERSION_NOT_FOUND);
    ck_assert_int_eq(delete_object(name, false).status, SKR_OBJECT_NOT_FOUND);
    struct outcome removed = delete_object(by_version, false);
    ck_assert_int_eq(removed.status, SKR_OK);
    ck_assert_int_eq(removed.kind, SKR_OBJECT_DELETE_MARKER);
    ck_assert(harness_holds(&harness, "box", "a", 100000, 2));
    skr_arena_release(&arena);
}
END_TEST

START_TEST(only_an_empty_container_goes_when_asked)
{
    struct outcome outcome = {.called = false}, again = {.called = false};
    ck_assert_int_eq(harness_set_versioning(&harness, "box", SKR_VERSIONING_ENABLED), SKR_OK);
    struct outcome marker = delete_object(harness_name("box", "a"), true);
    struct skr_pending *pending =
        skr_delete_container(harness.worker, SKR_BYTES("acct"), SKR_BYTES("box"), NULL, true, harness_done, &outcome);
    ck_assert_int_eq(harness_wait(&harness, &outcome, pending), SKR_CONTAINER_NOT_EMPTY);
    ck_assert_int_eq(delete_object(harness_version("box", "a", marker.version_ns), false).status, SKR_OK);
    pending = skr_delete_container(harness.worker, SKR_BYTES("acct"), SKR_BYTES("box"), NULL, true, harness_done, &again);
    ck_assert_int_eq(harness_wait(&harness, &again, pending), SKR_OK);
}
END_TEST

START_TEST(a_removed_container_takes_its_versions_and_uploads_along)
{
    struct outcome outcome = {.called = false}, upload = {.called = false};
    struct skr_core_numbers numbers;
    struct skr_put draft = {.name = harness_name("box", "m")};
    ck_assert_int_eq(harness_set_versioning(&harness, "box", SKR_VERSIONING_ENABLED), SKR_OK);
    for (unsigned i = 0; i < 4; i++)
        ck_assert_int_eq(harness_put(&harness, "box", "a/b", 100000, i * 2), SKR_OK);
    ck_assert_int_eq(harness_wait(&harness, &upload, skr_create_multipart(harness.worker, &draft, harness_done, &upload)),
                     SKR_OK);
    struct skr_pending *pending =
        skr_delete_container(harness.worker, SKR_BYTES("acct"), SKR_BYTES("box"), NULL, false, harness_done, &outcome);
    ck_assert_int_eq(harness_wait(&harness, &outcome, pending), SKR_OK);
    do { /* four trees, two directories, an upload, four contents and their files */
        harness_run(&harness);
        skr_core_read_numbers(harness.core, &numbers);
    } while (numbers.garbage_collected < 4 + 2 + 1 + 4 + 4);
}
END_TEST

START_TEST(tags_and_permissions_change_neither_time_nor_entity_tag)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_object before, after;
    struct skr_name_value tags[] = {{SKR_BYTES("a"), SKR_BYTES("1")}, {SKR_BYTES("b"), SKR_BYTES("")}};
    struct skr_object_settings settings = {.set_tags = true,
                                           .tags = tags,
                                           .tag_count = 2,
                                           .set_properties = 1u << SKR_PROPERTY_CANNED_ACL,
                                           .properties = {[SKR_PROPERTY_CANNED_ACL] = SKR_BYTES("public-read")}};
    struct skr_object_name name = harness_name("box", "a");
    ck_assert_int_eq(harness_put(&harness, "box", "a", 100, 2), SKR_OK);
    ck_assert_int_eq(find(&name, &arena, &before), SKR_OK);
    for (unsigned round = 0; round < 2; round++) {
        struct outcome outcome = {.called = false};
        struct skr_pending *pending = skr_update_object(harness.worker, &name, NULL, &settings, harness_done, &outcome);
        ck_assert_int_eq(harness_wait(&harness, &outcome, pending), SKR_OK);
        ck_assert_int_eq(find(&name, &arena, &after), SKR_OK);
        ck_assert_int_eq(skr_bytes_equal(before.etag, after.etag) && before.modified_ns == after.modified_ns, round == 0);
        ck_assert_uint_eq(after.tag_count, 2);
        ck_assert(skr_bytes_equal(after.tags[1].name, tags[1].name) && after.tags[1].value.size == 0);
        ck_assert(skr_bytes_equal(after.properties[SKR_PROPERTY_CANNED_ACL], SKR_BYTES("public-read")));
        settings.set_metadata = true; /* this does */
    }
    struct outcome outcome = {.called = false};
    settings.tag_count = SKR_MAX_TAGS + 1;
    struct skr_name_value many[SKR_MAX_TAGS + 1];
    for (size_t i = 0; i <= SKR_MAX_TAGS; i++)
        many[i] = tags[0];
    settings.tags = many;
    struct skr_pending *pending = skr_update_object(harness.worker, &name, NULL, &settings, harness_done, &outcome);
    ck_assert_int_eq(harness_wait(&harness, &outcome, pending), SKR_INVALID_ARGUMENT);
    skr_arena_release(&arena);
}
END_TEST

START_TEST(a_put_keeps_the_checksum_that_its_bytes_had_and_a_copy_keeps_all)
{
    enum skr_status status;
    struct skr_arena arena = {.blocks = NULL};
    struct skr_error error;
    struct skr_object source, copy;
    struct outcome put_outcome = {.called = false}, copy_outcome = {.called = false};
    struct skr_ingest_options options = {.expected_size = 70000, .md5 = true, .checksum = SKR_CHECKSUM_CRC32C};
    struct skr_name_value tag = {SKR_BYTES("k"), SKR_BYTES("v")};
    struct skr_put put = {
        .name = harness_name("box", "a"), .has_md5 = true, .etag_kind = SKR_ETAG_MD5, .tags = &tag, .tag_count = 1};
    struct skr_ingest *ingest = harness_ingest_with(&harness, options, 70000, 2, &status);
    memcpy(put.md5, skr_ingest_digests(ingest)->md5, 16);
    struct skr_checksum checksum = skr_ingest_digests(ingest)->checksum;
    ck_assert_int_eq(checksum.kind, SKR_CHECKSUM_CRC32C);
    harness_wait(&harness, &put_outcome, skr_put_object(harness.worker, &put, ingest, harness_done, &put_outcome));
    ck_assert_int_eq(put_outcome.status, SKR_OK);
    struct skr_put to = {.name = harness_name("box", "b"), .etag_kind = SKR_ETAG_KEEP};
    struct skr_copy_source from = {.name = harness_name("box", "a"), .length = SKR_SIZE_ANY};
    harness_wait(&harness, &copy_outcome,
                 skr_copy_object(harness.worker, &to, &from, SKR_COPY_TAGS | SKR_COPY_METADATA, harness_done, &copy_outcome));
    ck_assert_int_eq(copy_outcome.status, SKR_OK);
    ck_assert_int_eq(find(&put.name, &arena, &source), SKR_OK);
    ck_assert_int_eq(find(&to.name, &arena, &copy), SKR_OK);
    ck_assert_uint_eq(source.etag.size, 32);
    ck_assert(skr_bytes_equal(source.etag, copy.etag));
    ck_assert_int_eq(copy.checksum.kind, SKR_CHECKSUM_CRC32C);
    ck_assert_int_eq(memcmp(copy.checksum.bytes, checksum.bytes, 4), 0);
    ck_assert_uint_eq(copy.tag_count, 1);
    /* a checksum that is not the one announced */
    struct skr_digests wrong = {.checksum = checksum};
    wrong.checksum.bytes[0] ^= 1;
    options.expected_size = 3;
    ck_assert_int_eq(skr_ingest_open(harness.worker, &options, &ingest, &error), SKR_OK);
    ck_assert_uint_eq(skr_ingest_write(ingest, "abc", 3), 3);
    ck_assert_int_eq(skr_ingest_finish(ingest, &wrong, NULL, NULL, &error), SKR_CHECKSUM_MISMATCH);
    skr_ingest_discard(ingest);
    skr_arena_release(&arena);
}
END_TEST

static enum skr_status rename_object(const char *from, const char *to, const struct skr_conditions *conditions)
{
    struct outcome outcome = {.called = false};
    struct skr_copy_source source = {.name = harness_name("box", from)};
    struct skr_object_name name = harness_name("box", to);
    return harness_wait(&harness, &outcome,
                        skr_rename_object(harness.worker, &source, &name, conditions, harness_done, &outcome));
}

START_TEST(a_renamed_object_is_the_same_object)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_object before, after;
    struct skr_object_name a = harness_name("box", "a"), b = harness_name("box", "dir/b");
    struct skr_conditions absent = {.if_none_match_any = true};
    char *bytes;
    size_t size;
    ck_assert_int_eq(harness_put(&harness, "box", "a", 100000, 2), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "dir/b", 50000, 4), SKR_OK);
    ck_assert_int_eq(harness_put_block(&harness, "box", "dir/b", "01", 70000, 6), SKR_OK);
    ck_assert_int_eq(find(&a, &arena, &before), SKR_OK);
    ck_assert_int_eq(rename_object("a", "dir/b", &absent), SKR_CONDITION_FAILED);
    ck_assert_int_eq(rename_object("a", "a", NULL), SKR_OK);
    ck_assert_int_eq(rename_object("a", "dir/b", NULL), SKR_OK);
    ck_assert_int_eq(rename_object("a", "dir/b", NULL), SKR_OBJECT_NOT_FOUND);
    ck_assert_int_eq(find(&b, &arena, &after), SKR_OK);
    ck_assert_uint_eq(before.id, after.id);
    ck_assert_int_eq(before.modified_ns, after.modified_ns);
    ck_assert(skr_bytes_equal(before.etag, after.etag));
    ck_assert(harness_holds(&harness, "box", "dir/b", 100000, 2));
    ck_assert_int_eq(harness_get(&harness, "box", "a", &bytes, &size), SKR_OBJECT_NOT_FOUND);
    ck_assert_int_eq(rename_object("dir/b", "dir/c/d", NULL), SKR_OK);
    ck_assert(harness_holds(&harness, "box", "dir/c/d", 100000, 2));
    ck_assert_int_eq(harness_set_versioning(&harness, "box", SKR_VERSIONING_SUSPENDED), SKR_OK);
    ck_assert_int_eq(rename_object("dir/c/d", "a", NULL), SKR_UNSUPPORTED);
    skr_arena_release(&arena);
}
END_TEST

START_TEST(a_container_keeps_its_documents)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_container container;
    struct skr_error error;
    static char large[SKR_MAX_DOCUMENT_BYTES + 1];
    struct skr_container_settings settings = {.set_documents = 1u << SKR_DOCUMENT_CORS | 1u << SKR_DOCUMENT_TAGGING};
    settings.documents[SKR_DOCUMENT_CORS] = (struct skr_bytes){large, SKR_MAX_DOCUMENT_BYTES};
    settings.documents[SKR_DOCUMENT_TAGGING] = SKR_BYTES("<Tagging/>");
    for (unsigned round = 0; round < 3; round++) {
        struct outcome outcome = {.called = false};
        struct skr_pending *pending =
            skr_update_container(harness.worker, SKR_BYTES("acct"), SKR_BYTES("box"), NULL, &settings, harness_done, &outcome);
        ck_assert_int_eq(harness_wait(&harness, &outcome, pending), round == 2 ? SKR_INVALID_ARGUMENT : SKR_OK);
        ck_assert_int_eq(
            skr_get_container(harness.worker, &arena, SKR_BYTES("acct"), SKR_BYTES("box"), NULL, &container, &error), SKR_OK);
        ck_assert(skr_bytes_equal(container.documents[SKR_DOCUMENT_TAGGING], SKR_BYTES("<Tagging/>")));
        ck_assert_uint_eq(container.documents[SKR_DOCUMENT_CORS].size, round == 0 ? SKR_MAX_DOCUMENT_BYTES : 0);
        ck_assert_int_eq(container.documents[SKR_DOCUMENT_CORS].data != NULL, round == 0);
        settings.set_documents = 1u << SKR_DOCUMENT_CORS;
        settings.documents[SKR_DOCUMENT_CORS] = round == 0 ? SKR_NO_BYTES : (struct skr_bytes){large, sizeof large};
    }
    skr_arena_release(&arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core version rules");
    TCase *cases = tcase_create("rules");
    tcase_set_timeout(cases, 60);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, what_was_there_before_versions_is_the_null_version);
    tcase_add_test(cases, a_delete_marker_hides_and_its_removal_shows_again);
    tcase_add_test(cases, only_an_empty_container_goes_when_asked);
    tcase_add_test(cases, a_removed_container_takes_its_versions_and_uploads_along);
    tcase_add_test(cases, tags_and_permissions_change_neither_time_nor_entity_tag);
    tcase_add_test(cases, a_put_keeps_the_checksum_that_its_bytes_had_and_a_copy_keeps_all);
    tcase_add_test(cases, a_renamed_object_is_the_same_object);
    tcase_add_test(cases, a_container_keeps_its_documents);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
