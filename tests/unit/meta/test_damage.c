/* Damaged rows and records: told as such, never a crash, an endless loop or a wrong answer. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "contents.h"
#include "environment.h"
#include "records.h"
#include "run.h"
#include "tree.h"
#include "uploads.h"

static struct environment environment;
static struct skr_arena arena;
static struct skr_error error;

/* ---- records ---- */

static const struct skr_name_value pairs[] = {{{"a", 1}, {"first", 5}}, {{"b", 1}, {"", 0}}};

/* The record of an object with everything set. */
static struct skr_bytes whole_object(void)
{
    struct skr_encoder encoder = {.arena = &arena};
    struct skr_object object = {.id = 5,
                                .kind = SKR_OBJECT_BLOCK,
                                .created_ns = 6,
                                .modified_ns = 7,
                                .etag = SKR_BYTES("0x8D"),
                                .has_md5 = true,
                                .content = {.id = 9, .size_bytes = 10, .layout = SKR_CONTENT_EXTENT, .extent = {1, 0, 10, 10}},
                                .metadata = pairs,
                                .metadata_count = 2};
    object.properties[SKR_PROPERTY_CONTENT_TYPE] = SKR_BYTES("text/plain");
    ck_assert(skr_object_encode(&encoder, &object));
    return (struct skr_bytes){encoder.data, encoder.size};
}

static struct skr_bytes whole_container(void)
{
    struct skr_encoder encoder = {.arena = &arena};
    struct skr_container container = {.objects_node = 1,
                                      .uploads_node = 2,
                                      .etag = SKR_BYTES("0x8D"),
                                      .public_access = SKR_PUBLIC_CONTAINER,
                                      .policy_count = 1,
                                      .metadata = pairs,
                                      .metadata_count = 2};
    container.policies[0] = (struct skr_access_policy){SKR_BYTES("id"), SKR_BYTES("s"), SKR_BYTES("e"), SKR_BYTES("r")};
    ck_assert(skr_container_encode(&encoder, &container));
    return (struct skr_bytes){encoder.data, encoder.size};
}

static struct skr_bytes whole_upload(void)
{
    struct skr_encoder encoder = {.arena = &arena};
    struct skr_upload upload = {.kind = SKR_UPLOAD_BLOCKS, .key = SKR_BYTES("k")};
    ck_assert(skr_upload_encode(&encoder, &upload));
    return (struct skr_bytes){encoder.data, encoder.size};
}

/* A copy that ends where the memory ends, so that a sanitizer sees a read beyond it; `at` changed to `value`. */
static struct skr_bytes changed(struct skr_bytes record, size_t size, size_t at, int value)
{
    static char *copy;
    free(copy);
    copy = malloc(size + (size == 0));
    memcpy(copy, record.data, size);
    if (at < size)
        copy[at] = (char)value;
    return (struct skr_bytes){copy, size};
}

START_TEST(records_cut_short_are_corrupt)
{
    struct skr_object object;
    struct skr_container container;
    struct skr_upload upload;
    struct skr_bytes record = whole_object();
    ck_assert_int_eq(skr_object_decode(&arena, record, &object, &error), SKR_OK);
    for (size_t size = 0; size < record.size; size++)
        ck_assert_int_eq(skr_object_decode(&arena, changed(record, size, size, 0), &object, &error), SKR_CORRUPT);
    record = whole_container();
    ck_assert_int_eq(skr_container_decode(&arena, record, &container, &error), SKR_OK);
    for (size_t size = 0; size < record.size; size++)
        ck_assert_int_eq(skr_container_decode(&arena, changed(record, size, size, 0), &container, &error), SKR_CORRUPT);
    record = whole_upload();
    ck_assert_int_eq(skr_upload_record_decode(record, 1, &upload, &error), SKR_OK);
    for (size_t size = 0; size < record.size; size++)
        ck_assert_int_eq(skr_upload_record_decode(changed(record, size, size, 0), 1, &upload, &error), SKR_CORRUPT);
    skr_arena_release(&arena);
}
END_TEST

START_TEST(values_that_mean_nothing_are_corrupt)
{
    struct skr_object object;
    struct skr_container container;
    struct skr_bytes record = whole_object();
    const size_t kind = 1 + 29 + 32 + 8; /* after version, content and its extent, and the version of the object */
    ck_assert_int_eq(record.data[kind], SKR_OBJECT_BLOCK);
    ck_assert_int_eq(skr_object_decode(&arena, changed(record, record.size, 0, 4), &object, &error), SKR_CORRUPT);
    ck_assert_int_eq(skr_object_decode(&arena, changed(record, record.size, 1, 4), &object, &error), SKR_CORRUPT);
    ck_assert_int_eq(skr_object_decode(&arena, changed(record, record.size, kind, 0), &object, &error), SKR_CORRUPT);
    ck_assert_int_eq(skr_object_decode(&arena, changed(record, record.size, kind, 6), &object, &error), SKR_CORRUPT);
    record = whole_container();
    const size_t access = 1 + 4 * 8 + 1 + 4; /* after version, numbers and the entity tag */
    ck_assert_int_eq(record.data[access], SKR_PUBLIC_CONTAINER);
    for (int value = 3; value < 256; value += 63) /* nobody may take it for public */
        ck_assert_int_eq(skr_container_decode(&arena, changed(record, record.size, access, value), &container, &error),
                         SKR_CORRUPT);
    ck_assert_int_eq(skr_container_decode(&arena, changed(record, record.size, access + 1, 6), &container, &error),
                     SKR_CORRUPT);
    skr_arena_release(&arena);
}
END_TEST

/* Every byte changed: decoding says something, and reads nothing beyond the record. */
START_TEST(any_changed_byte_is_survived)
{
    struct skr_object object;
    struct skr_container container;
    struct skr_upload upload;
    struct skr_bytes object_record = whole_object(), container_record = whole_container(), upload_record = whole_upload();
    struct skr_arena scratch = {.blocks = NULL};
    for (size_t at = 0; at < object_record.size; at++)
        for (int value = 0; value < 256; value++)
            skr_object_decode(&scratch, changed(object_record, object_record.size, at, value), &object, &error);
    for (size_t at = 0; at < container_record.size; at++)
        for (int value = 0; value < 256; value++)
            skr_container_decode(&scratch, changed(container_record, container_record.size, at, value), &container, &error);
    for (size_t at = 0; at < upload_record.size; at++)
        for (int value = 0; value < 256; value++)
            skr_upload_record_decode(changed(upload_record, upload_record.size, at, value), 1, &upload, &error);
    skr_arena_release(&scratch);
    skr_arena_release(&arena);
}
END_TEST

/* ---- rows ---- */

/* A container, to have roots that a check knows. */
static struct skr_container box;

static enum skr_status make_box(struct skr_view *view, void *context, struct skr_error *err)
{
    (void)context;
    return skr_container_create(view, SKR_BYTES("acct"), SKR_BYTES("box"), &box, err);
}

static void make(void)
{
    environment_make(&environment, 0, 0);
    box = (struct skr_container){.etag = SKR_BYTES("e")};
    ck_assert_int_eq(environment_change(&environment, make_box, NULL), SKR_OK);
}

/* A content that claims extents and has none; and an upload's garbage that asks what of it lives. */
static enum skr_status make_content_without_extents(struct skr_view *view, void *context, struct skr_error *err)
{
    struct skr_content_row row = {.references = 1,
                                  .content = {.id = 77, .size_bytes = 100, .layout = SKR_CONTENT_EXTENTS, .extent_count = 2}};
    struct skr_garbage garbage = {.kind = SKR_GARBAGE_UPLOAD, .id = 88};
    (void)context;
    enum skr_status status = skr_content_row_put(view, &row, err);
    return status != SKR_OK ? status : skr_garbage_add(view, &garbage, 77, err);
}

static enum skr_status step_first_garbage(struct skr_view *view, void *context, struct skr_error *err)
{
    struct skr_garbage garbage;
    bool done;
    (void)context;
    enum skr_status status = skr_garbage_next(view, 0, &garbage, err);
    return status != SKR_OK ? status : skr_garbage_step(view, &garbage, 10, &done, err);
}

START_TEST(garbage_of_an_upload_whose_content_lost_its_extents)
{
    make();
    ck_assert_int_eq(environment_change(&environment, make_content_without_extents, NULL), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, step_first_garbage, NULL), SKR_CORRUPT);
    environment_remove(&environment);
}
END_TEST

/* A directory without a name that is its own child. */
static enum skr_status make_circle(struct skr_view *view, void *context, struct skr_error *err)
{
    struct skr_row_key key;
    char value[9] = {1};
    (void)context;
    skr_put_be64(value + 1, box.objects_node);
    return skr_row_put(view, SKR_TABLE_DIRENTS, skr_key_1(&key, box.objects_node), (struct skr_bytes){value, sizeof value},
                       err);
}

START_TEST(a_walk_in_a_circle_ends)
{
    struct skr_view *view;
    struct skr_walk *walk;
    struct skr_walk_entry entry;
    struct skr_walk_options options = {.prefix = SKR_NO_BYTES};
    make();
    ck_assert_int_eq(environment_change(&environment, make_circle, NULL), SKR_OK);
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, &error), SKR_OK);
    ck_assert_int_eq(skr_walk_open(view, box.objects_node, &options, &walk, &error), SKR_OK);
    ck_assert_int_eq(skr_walk_next(walk, &entry, &error), SKR_CORRUPT);
    skr_walk_close(walk);
    skr_view_end(view);
    environment_remove(&environment);
}
END_TEST

/* Extents that reach beyond what a file can hold. */
static enum skr_status make_endless_content(struct skr_view *view, void *context, struct skr_error *err)
{
    uint64_t length = *(uint64_t *)context;
    struct skr_content_row row = {
        .references = 1,
        .content = {.id = 77, .size_bytes = length, .layout = SKR_CONTENT_EXTENT, .extent = {5, 0, length, length}}};
    return skr_content_row_put(view, &row, err);
}

START_TEST(a_check_of_endless_extents_ends)
{
    static const uint64_t lengths[] = {UINT64_MAX, UINT64_MAX / 2, UINT64_C(1) << 50};
    uint64_t length = lengths[_i];
    make();
    ck_assert_int_eq(environment_change(&environment, make_endless_content, &length), SKR_OK);
    ck_assert_uint_gt(environment_problems(&environment), 0);
    environment_remove(&environment);
}
END_TEST

static enum skr_status make_short_block(struct skr_view *view, void *context, struct skr_error *err)
{
    struct skr_row_key key;
    (void)context;
    return skr_row_put(view, SKR_TABLE_BLOCKS, skr_key_tail(&key, 99, SKR_BYTES("b")), SKR_BYTES("\1\2\3"), err);
}

static bool visit_block(void *context, const struct skr_block *block)
{
    (void)block;
    *(bool *)context = true;
    return true;
}

START_TEST(a_block_cut_short_is_not_an_empty_one)
{
    struct skr_view *view;
    struct skr_upload upload = {.id = 99};
    bool visited = false;
    make();
    ck_assert_int_eq(environment_change(&environment, make_short_block, NULL), SKR_OK);
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, &error), SKR_OK);
    ck_assert_int_eq(skr_block_visit(view, &upload, SKR_NO_BYTES, visit_block, &visited, &error), SKR_CORRUPT);
    ck_assert(!visited);
    skr_view_end(view);
    environment_remove(&environment);
}
END_TEST

/* ---- the folder ---- */

static enum skr_status damage_boot(struct skr_view *view, void *context, struct skr_error *err)
{
    (void)context;
    return skr_row_put(view, SKR_TABLE_CONFIG, SKR_BYTES("boot"), SKR_BYTES("\0\0\1"), err);
}

/* Taken for 0 it would give ids out a second time. */
START_TEST(a_damaged_boot_number_is_not_zero)
{
    struct skr_meta *meta;
    make();
    ck_assert_int_eq(environment_change(&environment, damage_boot, NULL), SKR_OK);
    environment_close(&environment);
    struct skr_meta_options options = {.directory = environment.directory, .max_readers = 2};
    ck_assert_int_eq(skr_meta_open(&meta, &options, &error), SKR_CORRUPT);
    environment_delete(&environment);
}
END_TEST

/* Only a format that is not there may be written. */
START_TEST(a_format_that_cannot_be_read_is_left_alone)
{
    struct skr_meta *meta;
    char path[128], target[16];
    make();
    environment_close(&environment);
    snprintf(path, sizeof path, "%s/format", environment.directory);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(symlink("format", path), 0); /* to itself: reading it fails for root, too */
    struct skr_meta_options options = {.directory = environment.directory, .max_readers = 2};
    ck_assert_int_eq(skr_meta_open(&meta, &options, &error), SKR_IO);
    ck_assert_int_eq(readlink(path, target, sizeof target), 6);
    environment_delete(&environment);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("meta damage");
    TCase *cases = tcase_create("damage");
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, records_cut_short_are_corrupt);
    tcase_add_test(cases, values_that_mean_nothing_are_corrupt);
    tcase_add_test(cases, any_changed_byte_is_survived);
    tcase_add_test(cases, garbage_of_an_upload_whose_content_lost_its_extents);
    tcase_add_test(cases, a_walk_in_a_circle_ends);
    tcase_add_loop_test(cases, a_check_of_endless_extents_ends, 0, 3);
    tcase_add_test(cases, a_block_cut_short_is_not_an_empty_one);
    tcase_add_test(cases, a_damaged_boot_number_is_not_zero);
    tcase_add_test(cases, a_format_that_cannot_be_read_is_left_alone);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
