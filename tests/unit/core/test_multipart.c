/* Multipart uploads: parts, completing, what completing refuses, checksums of the whole, listings, and their life beside
 * uncommitted blocks. */
#include <check.h>
#include <stdlib.h>

#include "harness.h"
#include "run.h"
#include "skerry/hash.h"

#define LEAST 50000

static struct harness harness;

static void setup(void)
{
    harness_begin(&harness);
}

static void teardown(void)
{
    harness_end(&harness);
}

static uint64_t begin(const char *key, enum skr_checksum_kind kind, enum skr_checksum_form form)
{
    struct outcome outcome = {.called = false};
    struct skr_name_value tag = {SKR_BYTES("tag"), SKR_BYTES("t")}, metadata = {SKR_BYTES("meta"), SKR_BYTES("m")};
    struct skr_put draft = {.name = harness_name("box", key),
                            .properties = {[SKR_PROPERTY_CONTENT_TYPE] = SKR_BYTES("text/x")},
                            .metadata = &metadata,
                            .metadata_count = 1,
                            .tags = &tag,
                            .tag_count = 1,
                            .checksum = {.kind = kind},
                            .checksum_form = form};
    ck_assert_int_eq(harness_wait(&harness, &outcome, skr_create_multipart(harness.worker, &draft, harness_done, &outcome)),
                     SKR_OK);
    ck_assert_uint_ne(outcome.upload_id, 0);
    return outcome.upload_id;
}

static enum skr_status put_part(const char *key, uint64_t upload_id, unsigned number, size_t size, uint64_t seed,
                                enum skr_checksum_kind kind, struct skr_block *part)
{
    enum skr_status status;
    struct outcome outcome = {.called = false};
    struct skr_object_name name = harness_name("box", key);
    struct skr_ingest_options options = {
        .expected_size = size, .md5 = true, .checksum = kind, .block_of = &name, .upload_id = upload_id};
    struct skr_ingest *ingest = harness_ingest_with(&harness, options, size, seed, &status);
    if (ingest == NULL)
        return status;
    harness_wait(&harness, &outcome, skr_put_part(harness.worker, &name, upload_id, number, ingest, harness_done, &outcome));
    if (outcome.status == SKR_OK)
        ck_assert(outcome.block.has_md5 && outcome.block.size_bytes == size && outcome.block.modified_ns != 0);
    *part = outcome.block;
    return outcome.status;
}

/* Parts 1 to `count`, of sizes in `sizes` and seeds from `seed` on. */
static void put_parts(const char *key, uint64_t upload_id, const size_t *sizes, size_t count, uint64_t seed,
                      enum skr_checksum_kind kind, struct skr_part_choice *choices)
{
    for (size_t i = 0; i < count; i++) {
        struct skr_block part;
        ck_assert_int_eq(put_part(key, upload_id, (unsigned)i + 1, sizes[i], seed + i, kind, &part), SKR_OK);
        choices[i] = (struct skr_part_choice){.number = (unsigned)i + 1, .has_md5 = true, .checksum = part.checksum};
        memcpy(choices[i].md5, part.md5, 16);
    }
}

static struct skr_completion completion_of(const char *key, uint64_t upload_id, const struct skr_part_choice *choices,
                                           size_t count)
{
    return (struct skr_completion){.name = harness_name("box", key),
                                   .upload_id = upload_id,
                                   .parts = choices,
                                   .count = count,
                                   .least_part_bytes = LEAST,
                                   .expected_size = SKR_SIZE_ANY};
}

static struct outcome complete(const struct skr_completion *completion)
{
    struct outcome outcome = {.called = false};
    harness_wait(&harness, &outcome, skr_complete_multipart(harness.worker, completion, harness_done, &outcome));
    return outcome;
}

static enum skr_status give_up(const char *key, uint64_t upload_id)
{
    struct outcome outcome = {.called = false};
    struct skr_object_name name = harness_name("box", key);
    return harness_wait(&harness, &outcome, skr_abort_multipart(harness.worker, &name, upload_id, harness_done, &outcome));
}

static char *concatenation(const size_t *sizes, size_t count, uint64_t seed, size_t *total)
{
    *total = 0;
    for (size_t i = 0; i < count; i++)
        *total += sizes[i];
    char *bytes = malloc(*total + 1);
    size_t at = 0;
    for (size_t i = 0; i < count; at += sizes[i++])
        harness_fill(bytes + at, sizes[i], seed + i);
    return bytes;
}

static void expect_object(const char *key, const size_t *sizes, size_t count, uint64_t seed)
{
    char *bytes;
    size_t size, total;
    char *expected = concatenation(sizes, count, seed, &total);
    ck_assert_int_eq(harness_get(&harness, "box", key, &bytes, &size), SKR_OK);
    ck_assert_uint_eq(size, total);
    ck_assert_int_eq(memcmp(bytes, expected, total), 0);
    free(bytes);
    free(expected);
}

static void expect_upload_gone(const char *key, uint64_t upload_id)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_multipart multipart;
    struct skr_error error;
    struct skr_object_name name = harness_name("box", key);
    ck_assert_int_eq(skr_get_multipart(harness.worker, &arena, &name, upload_id, &multipart, &error), SKR_UPLOAD_NOT_FOUND);
    skr_arena_release(&arena);
}

START_TEST(parts_become_an_object)
{
    static const size_t sizes[] = {100000, 65536, 5};
    struct skr_arena arena = {.blocks = NULL};
    struct skr_part_choice choices[3];
    struct skr_multipart multipart;
    struct skr_object object;
    struct skr_error error;
    struct skr_object_name name = harness_name("box", "dir/a"), other = harness_name("box", "dir/b");
    uint64_t id = begin("dir/a", SKR_CHECKSUM_NONE, SKR_CHECKSUM_FULL_OBJECT);
    ck_assert_int_eq(skr_get_multipart(harness.worker, &arena, &name, id, &multipart, &error), SKR_OK);
    ck_assert(skr_bytes_equal(multipart.draft.properties[SKR_PROPERTY_CONTENT_TYPE], SKR_BYTES("text/x")));
    ck_assert_uint_eq(multipart.draft.tag_count, 1);
    ck_assert_int_eq(skr_get_multipart(harness.worker, &arena, &other, id, &multipart, &error), SKR_UPLOAD_NOT_FOUND);
    struct skr_block replaced;
    ck_assert_int_eq(put_part("dir/a", id, 2, 300000, 99, SKR_CHECKSUM_NONE, &replaced), SKR_OK);
    put_parts("dir/a", id, sizes, 3, 10, SKR_CHECKSUM_NONE, choices);
    ck_assert_int_eq(put_part("dir/a", id, 7, 1000, 98, SKR_CHECKSUM_NONE, &replaced), SKR_OK); /* goes unused */
    harness_close(&harness);
    ck_assert_uint_eq(harness_problems(&harness, true), 0);
    ck_assert_int_eq(harness_open(&harness), SKR_OK);
    struct skr_completion completion = completion_of("dir/a", id, choices, 3);
    struct outcome outcome = complete(&completion);
    ck_assert_int_eq(outcome.status, SKR_OK);
    uint8_t md5s[48], digest[16];
    struct skr_md5 *md5;
    char etag[64] = "";
    for (size_t i = 0; i < 3; i++)
        memcpy(md5s + 16 * i, choices[i].md5, 16);
    ck_assert_int_eq(skr_md5_open(&md5, &error), SKR_OK);
    skr_md5_update(md5, md5s, sizeof md5s);
    skr_md5_finish(md5, digest);
    skr_md5_close(md5);
    for (size_t i = 0; i < 16; i++)
        snprintf(etag + 2 * i, 3, "%02x", digest[i]);
    strcat(etag, "-3");
    ck_assert_str_eq(outcome.etag, etag);
    expect_object("dir/a", sizes, 3, 10);
    expect_upload_gone("dir/a", id);
    ck_assert_int_eq(skr_open_object(harness.worker, &arena, &name, NULL, &object, NULL, &error), SKR_OK);
    ck_assert_uint_eq(object.metadata_count + object.tag_count, 2);
    ck_assert_uint_eq(object.upload_id, id);
    ck_assert(!object.has_md5 && object.checksum.kind == SKR_CHECKSUM_NONE);
    /* once more: the same result, whatever the conditions, and no more once the object is another */
    struct skr_conditions absent = {.if_none_match_any = true};
    completion.conditions = &absent;
    outcome = complete(&completion);
    ck_assert_int_eq(outcome.status, SKR_OK);
    ck_assert_str_eq(outcome.etag, etag);
    ck_assert_int_eq(harness_put(&harness, "box", "dir/a", 10, 2), SKR_OK);
    ck_assert_int_eq(complete(&completion).status, SKR_UPLOAD_NOT_FOUND);
    ck_assert_int_eq(give_up("dir/a", id), SKR_UPLOAD_NOT_FOUND);
    skr_arena_release(&arena);
}
END_TEST

struct part_list {
    size_t count;
    unsigned last;
    uint64_t offset;
};

static bool see_object_part(void *context, size_t index, const struct skr_block *part, uint64_t offset_bytes)
{
    struct part_list *list = context;
    ck_assert_uint_eq(index, list->count++);
    ck_assert_uint_eq(offset_bytes, list->offset);
    ck_assert(part->has_md5 && part->checksum.kind == SKR_CHECKSUM_CRC64NVME);
    list->offset += part->size_bytes;
    return true;
}

START_TEST(the_checksum_of_the_whole_is_that_of_its_bytes)
{
    static const size_t sizes[] = {100000, 70001, 65536, 0};
    static const enum skr_checksum_kind kinds[] = {SKR_CHECKSUM_CRC32, SKR_CHECKSUM_CRC32C, SKR_CHECKSUM_CRC64NVME};
    struct skr_part_choice choices[4];
    struct skr_checksummer *checksummer;
    struct skr_checksum expected;
    struct skr_error error;
    enum skr_checksum_kind kind = kinds[_i];
    uint64_t id = begin("c", kind, SKR_CHECKSUM_FULL_OBJECT);
    struct skr_block part;
    ck_assert_int_eq(put_part("c", id, 1, 10, 1, SKR_CHECKSUM_SHA1, &part), SKR_INVALID_ARGUMENT);
    put_parts("c", id, sizes, 4, 20, kind, choices);
    size_t total;
    char *bytes = concatenation(sizes, 4, 20, &total);
    ck_assert_int_eq(skr_checksummer_open(&checksummer, kind, &error), SKR_OK);
    skr_checksummer_update(checksummer, bytes, total);
    skr_checksummer_finish(checksummer, &expected);
    skr_checksummer_close(checksummer);
    free(bytes);
    struct skr_completion completion = completion_of("c", id, choices, 4);
    completion.checksum = expected;
    completion.checksum.bytes[1] ^= 4;
    ck_assert_int_eq(complete(&completion).status, SKR_CHECKSUM_MISMATCH);
    completion.checksum = expected;
    completion.expected_size = total + 1;
    ck_assert_int_eq(complete(&completion).status, SKR_INVALID_ARGUMENT);
    completion.expected_size = total;
    struct outcome outcome = complete(&completion);
    ck_assert_int_eq(outcome.status, SKR_OK);
    ck_assert_int_eq(outcome.checksum.kind, kind);
    ck_assert_int_eq(memcmp(outcome.checksum.bytes, expected.bytes, skr_checksum_size(kind)), 0);
    expect_object("c", sizes, 4, 20);
    if (kind == SKR_CHECKSUM_CRC64NVME) {
        struct skr_arena arena = {.blocks = NULL};
        struct part_list list = {.count = 0};
        struct skr_object object;
        struct skr_object_name name = harness_name("box", "c");
        ck_assert_int_eq(skr_open_object(harness.worker, &arena, &name, NULL, &object, NULL, &error), SKR_OK);
        ck_assert_int_eq(skr_object_parts(harness.worker, &object, see_object_part, &list, &error), SKR_OK);
        ck_assert_uint_eq(list.count, 4);
        ck_assert_uint_eq(list.offset, total);
        skr_arena_release(&arena);
    }
}
END_TEST

START_TEST(a_composite_is_the_checksum_of_checksums)
{
    static const size_t sizes[] = {60000, 60000, 7};
    struct skr_part_choice choices[3];
    struct skr_checksummer *checksummer;
    struct skr_checksum expected;
    struct skr_error error;
    struct outcome refused = {.called = false};
    struct skr_put impossible = {.name = harness_name("box", "s"), .checksum = {.kind = SKR_CHECKSUM_SHA256}};
    harness_wait(&harness, &refused, skr_create_multipart(harness.worker, &impossible, harness_done, &refused));
    ck_assert_int_eq(refused.status, SKR_INVALID_ARGUMENT);
    uint64_t id = begin("s", SKR_CHECKSUM_SHA256, SKR_CHECKSUM_COMPOSITE);
    put_parts("s", id, sizes, 3, 30, SKR_CHECKSUM_SHA256, choices);
    ck_assert_int_eq(skr_checksummer_open(&checksummer, SKR_CHECKSUM_SHA256, &error), SKR_OK);
    for (size_t i = 0; i < 3; i++)
        skr_checksummer_update(checksummer, choices[i].checksum.bytes, 32);
    skr_checksummer_finish(checksummer, &expected);
    skr_checksummer_close(checksummer);
    struct skr_completion completion = completion_of("s", id, choices, 3);
    struct outcome outcome = complete(&completion);
    ck_assert_int_eq(outcome.status, SKR_OK);
    ck_assert_int_eq(outcome.checksum.kind, SKR_CHECKSUM_SHA256);
    ck_assert_int_eq(memcmp(outcome.checksum.bytes, expected.bytes, 32), 0);
}
END_TEST

START_TEST(what_completing_refuses)
{
    static const size_t sizes[] = {LEAST, LEAST - 1, 10};
    struct skr_part_choice choices[3], wrong[3];
    struct skr_conditions absent = {.if_none_match_any = true};
    uint64_t id = begin("r", SKR_CHECKSUM_CRC32, SKR_CHECKSUM_FULL_OBJECT);
    put_parts("r", id, sizes, 3, 40, SKR_CHECKSUM_CRC32, choices);
    struct skr_completion completion = completion_of("r", id, choices, 3);
    ck_assert_int_eq(complete(&completion).status, SKR_PART_TOO_SMALL);
    completion.least_part_bytes = 0;
    completion.parts = wrong;
    memcpy(wrong, choices, sizeof wrong);
    wrong[2].number = 9;
    ck_assert_int_eq(complete(&completion).status, SKR_INVALID_PART);
    memcpy(wrong, choices, sizeof wrong);
    wrong[1].md5[3] ^= 1;
    ck_assert_int_eq(complete(&completion).status, SKR_INVALID_PART);
    memcpy(wrong, choices, sizeof wrong);
    wrong[1].has_md5 = false;
    ck_assert_int_eq(complete(&completion).status, SKR_INVALID_PART);
    memcpy(wrong, choices, sizeof wrong);
    wrong[0].checksum.bytes[0] ^= 1;
    ck_assert_int_eq(complete(&completion).status, SKR_INVALID_PART);
    memcpy(wrong, choices, sizeof wrong);
    wrong[0].number = 2;
    ck_assert_int_eq(complete(&completion).status, SKR_INVALID_ARGUMENT);
    completion.count = 0;
    ck_assert_int_eq(complete(&completion).status, SKR_INVALID_ARGUMENT);
    completion = completion_of("r", id, choices, 1);
    completion.conditions = &absent;
    ck_assert_int_eq(harness_put(&harness, "box", "r", 10, 2), SKR_OK);
    ck_assert_int_eq(complete(&completion).status, SKR_OBJECT_EXISTS);
    completion.conditions = NULL;
    completion.upload_id = id + 1;
    ck_assert_int_eq(complete(&completion).status, SKR_UPLOAD_NOT_FOUND);
    completion.upload_id = id;
    ck_assert_int_eq(complete(&completion).status, SKR_OK);
    expect_object("r", sizes, 1, 40);
    struct skr_block part;
    ck_assert_int_eq(put_part("r", id, 4, 10, 1, SKR_CHECKSUM_CRC32, &part), SKR_UPLOAD_NOT_FOUND);
    uint64_t other = begin("r", SKR_CHECKSUM_NONE, SKR_CHECKSUM_FULL_OBJECT);
    ck_assert_int_eq(put_part("r", other, 0, 10, 1, SKR_CHECKSUM_NONE, &part), SKR_INVALID_ARGUMENT);
    ck_assert_int_eq(put_part("r", other, SKR_MAX_PARTS + 1, 10, 1, SKR_CHECKSUM_NONE, &part), SKR_INVALID_ARGUMENT);
    ck_assert_int_eq(put_part("r", other, SKR_MAX_PARTS, 10, 1, SKR_CHECKSUM_NONE, &part), SKR_OK);
}
END_TEST

static enum skr_status copy_part(const char *key, uint64_t upload_id, unsigned number, const char *from, uint64_t offset,
                                 uint64_t length, struct skr_part_choice *choice)
{
    struct outcome outcome = {.called = false};
    struct skr_object_name name = harness_name("box", key);
    struct skr_copy_source source = {.name = harness_name("box", from), .offset = offset, .length = length};
    *choice = (struct skr_part_choice){.number = number, .has_md5 = true, .md5 = {(uint8_t)number, 7}};
    return harness_wait(
        &harness, &outcome,
        skr_put_part_from(harness.worker, &name, upload_id, number, &source, choice->md5, NULL, harness_done, &outcome));
}

START_TEST(parts_are_copied_by_reference)
{
    struct skr_part_choice choices[3];
    struct skr_core_numbers before, after;
    ck_assert_int_eq(harness_put(&harness, "box", "large", 1000000, 2), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "small", 1000, 4), SKR_OK);
    uint64_t id = begin("p", SKR_CHECKSUM_NONE, SKR_CHECKSUM_FULL_OBJECT);
    skr_core_read_numbers(harness.core, &before);
    ck_assert_int_eq(copy_part("p", id, 1, "large", 100, 500000, &choices[0]), SKR_OK);
    skr_core_read_numbers(harness.core, &after);
    ck_assert_uint_eq(before.written_bytes, after.written_bytes);
    ck_assert_int_eq(copy_part("p", id, 2, "large", 0, SKR_SIZE_ANY, &choices[1]), SKR_OK);
    ck_assert_int_eq(copy_part("p", id, 3, "small", 10, 900, &choices[2]), SKR_OK);
    ck_assert_int_eq(copy_part("p", id, 4, "nothing", 0, SKR_SIZE_ANY, &choices[2]), SKR_SOURCE_NOT_FOUND);
    ck_assert_int_eq(copy_part("p", id, 4, "small", 10, 991, &choices[2]), SKR_INVALID_RANGE);
    ck_assert_int_eq(copy_part("p", id, 3, "small", 10, 900, &choices[2]), SKR_OK);
    ck_assert_int_eq(harness_delete(&harness, "box", "large"), SKR_OK);
    struct skr_completion completion = completion_of("p", id, choices, 3);
    ck_assert_int_eq(complete(&completion).status, SKR_OK);
    char *bytes, *expected = malloc(1000000);
    size_t size;
    ck_assert_int_eq(harness_get(&harness, "box", "p", &bytes, &size), SKR_OK);
    ck_assert_uint_eq(size, 1500900);
    harness_fill(expected, 1000000, 2);
    ck_assert_int_eq(memcmp(bytes, expected + 100, 500000), 0);
    ck_assert_int_eq(memcmp(bytes + 500000, expected, 1000000), 0);
    harness_fill(expected, 1000, 4);
    ck_assert_int_eq(memcmp(bytes + 1500000, expected + 10, 900), 0);
    free(expected);
    free(bytes);
}
END_TEST

static bool see_part(void *context, unsigned number, const struct skr_block *part)
{
    struct part_list *list = context;
    ck_assert_uint_gt(number, list->last);
    ck_assert(part->has_md5 && part->modified_ns > 0);
    list->last = number;
    list->count++;
    return list->count < 2;
}

static bool collect_upload(void *context, const struct skr_multipart_entry *entry)
{
    char text[80];
    snprintf(text, sizeof text, "%s%.*s ", entry->is_prefix ? "+" : "", SKR_PRINT(entry->key));
    strcat(context, text);
    if (!entry->is_prefix)
        ck_assert(skr_bytes_equal(entry->upload->key, entry->key) && entry->upload->draft.tag_count == 1);
    return true;
}

static void expect_uploads(const char *prefix, const char *delimiter, const char *from, uint64_t after, const char *expected)
{
    char seen[512] = "";
    struct skr_error error;
    struct skr_list_multiparts_options options = {.account = SKR_BYTES("acct"),
                                                  .container = SKR_BYTES("box"),
                                                  .prefix = skr_text(prefix),
                                                  .delimiter = skr_text(delimiter),
                                                  .from = skr_text(from),
                                                  .after_upload = after};
    ck_assert_int_eq(skr_list_multiparts(harness.worker, &options, collect_upload, seen, &error), SKR_OK);
    ck_assert_str_eq(seen, expected);
}

static bool collect_key(void *context, const struct skr_list_entry *entry)
{
    strcat(context, entry->is_uncommitted ? "~" : "");
    strncat(context, entry->key.data, entry->key.size);
    strcat(context, " ");
    return true;
}

START_TEST(uploads_and_parts_are_listed)
{
    struct part_list list = {.count = 0};
    struct skr_error error;
    struct skr_block part;
    struct skr_object_name name = harness_name("box", "d/a");
    uint64_t first = begin("d/a", SKR_CHECKSUM_NONE, SKR_CHECKSUM_FULL_OBJECT);
    uint64_t second = begin("d/a", SKR_CHECKSUM_NONE, SKR_CHECKSUM_FULL_OBJECT);
    begin("d/b", SKR_CHECKSUM_NONE, SKR_CHECKSUM_FULL_OBJECT);
    begin("a", SKR_CHECKSUM_NONE, SKR_CHECKSUM_FULL_OBJECT);
    begin("d/a0", SKR_CHECKSUM_NONE, SKR_CHECKSUM_FULL_OBJECT);
    ck_assert_int_eq(put_part("d/a", first, 300, 10, 1, SKR_CHECKSUM_NONE, &part), SKR_OK);
    ck_assert_int_eq(put_part("d/a", first, 2, 10, 1, SKR_CHECKSUM_NONE, &part), SKR_OK);
    ck_assert_int_eq(put_part("d/a", first, 256, 10, 1, SKR_CHECKSUM_NONE, &part), SKR_OK);
    ck_assert_int_eq(skr_list_parts(harness.worker, &name, first, 0, see_part, &list, &error), SKR_OK);
    ck_assert_uint_eq(list.last, 256);
    ck_assert_int_eq(skr_list_parts(harness.worker, &name, first, 256, see_part, &list, &error), SKR_OK);
    ck_assert_uint_eq(list.last, 300);
    ck_assert_int_eq(skr_list_parts(harness.worker, &name, first + 999, 0, see_part, &list, &error), SKR_UPLOAD_NOT_FOUND);
    expect_uploads("", "", "", 0, "a d/a d/a d/a0 d/b ");
    expect_uploads("", "/", "", 0, "a +d/ ");
    expect_uploads("d", "0", "", 0, "d/a d/a +d/a0 d/b "); /* ids are not a part of names */
    expect_uploads("d/a", "", "", 0, "d/a d/a d/a0 ");
    expect_uploads("", "", "d/a", first, "d/a d/a0 d/b ");
    expect_uploads("", "", "d/a", second, "d/a0 d/b ");
    expect_uploads("d/a0", "", "d/a", first, "d/a0 ");
    /* Blob's uncommitted blocks know nothing of them */
    char seen[256] = "";
    struct skr_list_options options = {
        .account = SKR_BYTES("acct"), .container = SKR_BYTES("box"), .include_uncommitted = true};
    ck_assert_int_eq(harness_put_block(&harness, "box", "d/b", "01", 100000, 5), SKR_OK);
    ck_assert_int_eq(skr_list_objects(harness.worker, &options, collect_key, seen, &error), SKR_OK);
    ck_assert_str_eq(seen, "~d/b ");
    const char *blocks[] = {"01", NULL};
    ck_assert_int_eq(harness_commit(&harness, "box", "d/b", blocks), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "d/a", 10, 2), SKR_OK);
    expect_uploads("", "", "", 0, "a d/a d/a d/a0 d/b ");
    ck_assert_int_eq(give_up("d/a", first), SKR_OK);
    expect_uploads("", "", "", 0, "a d/a d/a0 d/b ");
    expect_upload_gone("d/a", first);
    ck_assert(harness_holds(&harness, "box", "d/b", 100000, 5));
}
END_TEST

START_TEST(uploads_of_one_name_do_not_meet)
{
    static const size_t sizes[] = {60000, 60001};
    struct skr_part_choice first[2], second[2];
    uint64_t a = begin("n", SKR_CHECKSUM_NONE, SKR_CHECKSUM_FULL_OBJECT),
             b = begin("n", SKR_CHECKSUM_NONE, SKR_CHECKSUM_FULL_OBJECT);
    put_parts("n", a, sizes, 2, 50, SKR_CHECKSUM_NONE, first);
    put_parts("n", b, sizes, 2, 60, SKR_CHECKSUM_NONE, second);
    struct skr_completion completion = completion_of("n", b, second, 2);
    ck_assert_int_eq(complete(&completion).status, SKR_OK);
    expect_object("n", sizes, 2, 60);
    completion = completion_of("n", a, first, 2);
    ck_assert_int_eq(complete(&completion).status, SKR_OK);
    expect_object("n", sizes, 2, 50);
}
END_TEST

START_TEST(completing_makes_a_version)
{
    static const size_t sizes[] = {60000, 1};
    struct skr_part_choice choices[2];
    ck_assert_int_eq(harness_set_versioning(&harness, "box", SKR_VERSIONING_ENABLED), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "v", 70000, 2), SKR_OK);
    uint64_t id = begin("v", SKR_CHECKSUM_NONE, SKR_CHECKSUM_FULL_OBJECT);
    put_parts("v", id, sizes, 2, 70, SKR_CHECKSUM_NONE, choices);
    struct skr_completion completion = completion_of("v", id, choices, 2);
    struct outcome outcome = complete(&completion), deleted = {.called = false};
    ck_assert_int_eq(outcome.status, SKR_OK);
    ck_assert_int_ne(outcome.version_ns, 0);
    ck_assert_int_eq(complete(&completion).version_ns, outcome.version_ns);
    struct skr_object_name version = harness_version("box", "v", outcome.version_ns);
    harness_wait(&harness, &deleted, skr_delete_object(harness.worker, &version, NULL, false, harness_done, &deleted));
    ck_assert_int_eq(deleted.status, SKR_OK);
    ck_assert(harness_holds(&harness, "box", "v", 70000, 2));
}
END_TEST

/* The limit of what one name may have is none; each further one costs the same. */
START_TEST(a_name_may_have_many_uploads)
{
    uint64_t ids[300];
    for (size_t i = 0; i < 300; i++)
        ids[i] = begin("many", SKR_CHECKSUM_NONE, SKR_CHECKSUM_FULL_OBJECT);
    for (size_t i = 0; i < 300; i += 2)
        ck_assert_int_eq(give_up("many", ids[i]), SKR_OK);
    for (size_t i = 0; i < 300; i += 2)
        expect_upload_gone("many", ids[i]);
    expect_uploads("many", "", "many", ids[293], "many many many ");
}
END_TEST

START_TEST(an_upload_without_a_new_part_expires)
{
    struct skr_block part;
    char seen[64];
    struct skr_error error;
    struct skr_list_multiparts_options options = {.account = SKR_BYTES("acct"), .container = SKR_BYTES("box")};
    uint64_t id = begin("old", SKR_CHECKSUM_NONE, SKR_CHECKSUM_FULL_OBJECT);
    ck_assert_int_eq(put_part("old", id, 1, 100000, 1, SKR_CHECKSUM_NONE, &part), SKR_OK);
    harness_close(&harness);
    harness.upload_lifetime_s = 1;
    ck_assert_int_eq(harness_open(&harness), SKR_OK);
    do {
        harness_run(&harness);
        seen[0] = '\0';
        ck_assert_int_eq(skr_list_multiparts(harness.worker, &options, collect_upload, seen, &error), SKR_OK);
    } while (seen[0] != '\0');
    expect_upload_gone("old", id);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core multipart");
    TCase *cases = tcase_create("multipart");
    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, parts_become_an_object);
    tcase_add_loop_test(cases, the_checksum_of_the_whole_is_that_of_its_bytes, 0, 3);
    tcase_add_test(cases, a_composite_is_the_checksum_of_checksums);
    tcase_add_test(cases, what_completing_refuses);
    tcase_add_test(cases, parts_are_copied_by_reference);
    tcase_add_test(cases, uploads_and_parts_are_listed);
    tcase_add_test(cases, uploads_of_one_name_do_not_meet);
    tcase_add_test(cases, completing_makes_a_version);
    tcase_add_test(cases, a_name_may_have_many_uploads);
    tcase_add_test(cases, an_upload_without_a_new_part_expires);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
