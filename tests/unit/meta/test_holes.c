/* Contents with holes: extents that lie in no file. */
#include <check.h>

#include "environment.h"
#include "run.h"

#define MEBIBYTE (UINT64_C(1) << 20)
#define FILE_ID 11

static struct environment environment;
static struct skr_container box;

struct holed {
    const char *key;
    const struct skr_extent *extents;
    size_t count;
    struct skr_content content; /* out */
};

static enum skr_status make_box(struct skr_view *view, void *context, struct skr_error *err)
{
    (void)context;
    return skr_container_create(view, SKR_BYTES("acct"), SKR_BYTES("box"), &box, err);
}

static bool has_file(const struct holed *holed)
{
    for (size_t i = 0; i < holed->count; i++)
        if (holed->extents[i].file_id != 0)
            return true;
    return false;
}

static enum skr_status put_holed(struct skr_view *view, void *context, struct skr_error *err)
{
    struct holed *holed = context;
    struct skr_object object = {.kind = SKR_OBJECT_BLOCK, .etag = SKR_BYTES("e")};
    uint32_t crc32c[4] = {1, 2, 3, 4};
    enum skr_status status = SKR_OK;
    if (has_file(holed)) {
        status = skr_file_record_create(view, FILE_ID, err);
        if (status == SKR_OK)
            status = skr_checksums_put(view, FILE_ID, 0, crc32c, 4, err);
    }
    if (status == SKR_OK)
        status = skr_content_create_extents(view, skr_meta_next_id(environment.meta), holed->extents, holed->count,
                                            &object.content, err);
    if (status == SKR_OK)
        status = skr_object_put(view, box.objects_node, skr_text(holed->key), &object, err);
    if (status == SKR_OK && has_file(holed))
        status = skr_file_record_release(view, FILE_ID, err);
    holed->content = object.content;
    return status;
}

static enum skr_status remove_key(struct skr_view *view, void *context, struct skr_error *err)
{
    return skr_object_remove(view, box.objects_node, skr_text(context), err);
}

static enum skr_status step_garbage(struct skr_view *view, void *context, struct skr_error *err)
{
    bool done;
    return skr_garbage_step(view, context, 100, &done, err);
}

static enum skr_status drop_file(struct skr_view *view, void *context, struct skr_error *err)
{
    return skr_meta_drop_file(view, FILE_ID, context, err);
}

/* What a range of it is made of: "h" and a length, or "f", an offset in the file and a length. */
static void made_of(const struct skr_content *content, uint64_t offset, uint64_t length, const char *expected)
{
    struct skr_extent extents[8];
    struct skr_error error;
    struct skr_view *view;
    size_t count;
    char text[200] = "";
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, &error), SKR_OK);
    ck_assert_int_eq(skr_content_extents(view, content, offset, length, extents, 8, &count, &error), SKR_OK);
    skr_view_end(view);
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(text);
        if (extents[i].file_id == 0)
            snprintf(text + used, sizeof text - used, "h%llu ", (unsigned long long)extents[i].length_bytes);
        else
            snprintf(text + used, sizeof text - used, "f%llu+%llu ", (unsigned long long)extents[i].offset_bytes,
                     (unsigned long long)extents[i].length_bytes);
    }
    ck_assert_str_eq(text, expected);
}

static void forget_file(void *context, uint64_t file_id, uint64_t end_bytes)
{
    (void)end_bytes;
    ck_assert_uint_eq(file_id, FILE_ID);
    ++*(size_t *)context;
}

/* How often the check tells of the file. Nothing else is to be told. */
static size_t files_told(void)
{
    size_t count = 0;
    struct skr_meta_check check;
    struct skr_error error;
    struct skr_meta_check_options options = {.file = forget_file, .context = &count};
    ck_assert_int_eq(skr_meta_check_all(environment.meta, &options, &check, &error), SKR_OK);
    ck_assert_uint_eq(check.problems, 0);
    return count;
}

static void setup(void)
{
    environment_make(&environment, 0, 0);
    box = (struct skr_container){.etag = SKR_BYTES("e")};
    ck_assert_int_eq(environment_change(&environment, make_box, NULL), SKR_OK);
}

static void teardown(void)
{
    ck_assert_uint_eq(environment_problems(&environment), 0);
    environment_remove(&environment);
}

/* Takes apart what a removed content left; wants `files` of it to be left for unlinking. */
static void collect(const char *key, size_t files)
{
    struct skr_garbage garbage;
    struct skr_error error;
    struct skr_view *view;
    enum skr_status status;
    ck_assert_int_eq(environment_change(&environment, remove_key, (void *)key), SKR_OK);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, &error), SKR_OK);
    ck_assert_int_eq(skr_garbage_next(view, 0, &garbage, &error), SKR_OK);
    skr_view_end(view);
    ck_assert_int_eq(garbage.kind, SKR_GARBAGE_CONTENT);
    ck_assert_int_eq(environment_change(&environment, step_garbage, &garbage), SKR_OK);
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, &error), SKR_OK);
    uint64_t row = 0;
    while ((status = skr_garbage_next(view, row, &garbage, &error)) == SKR_OK) {
        ck_assert_int_eq(garbage.kind, SKR_GARBAGE_FILE);
        ck_assert_uint_eq(garbage.id, FILE_ID);
        ck_assert_uint_gt(files, 0);
        files--;
        row = garbage.row;
    }
    skr_view_end(view);
    ck_assert_int_eq(status, SKR_NOT_FOUND);
    ck_assert_uint_eq(files, 0);
}

START_TEST(nothing_but_a_hole)
{
    const struct skr_extent extents[] = {{.length_bytes = 5}, {.length_bytes = 0}, {.length_bytes = 1024 * MEBIBYTE}};
    struct holed holed = {.key = "hole", .extents = extents, .count = 3};
    ck_assert_int_eq(environment_change(&environment, put_holed, &holed), SKR_OK);
    ck_assert_uint_eq(holed.content.size_bytes, 1024 * MEBIBYTE + 5);
    ck_assert_int_eq(holed.content.layout, SKR_CONTENT_EXTENT);
    made_of(&holed.content, 0, holed.content.size_bytes, "h1073741829 ");
    made_of(&holed.content, 7, 100, "h100 ");
    ck_assert_uint_eq(files_told(), 0);
    environment_reopen(&environment);
    made_of(&holed.content, 1073741820, 100, "h9 ");
    collect("hole", 0);
}
END_TEST

START_TEST(holes_between_bytes)
{
    const struct skr_extent extents[] = {
        {.length_bytes = 10}, {FILE_ID, 0, 65536, 65536},      {0, 70, 20, 300}, /* cut out of a longer one */
        {.length_bytes = 30}, {FILE_ID, 65536, 65536, 131072}, {FILE_ID, 131072, 100, 131172},
        {.length_bytes = 1},
    };
    struct holed holed = {.key = "holed", .extents = extents, .count = 7};
    ck_assert_int_eq(environment_change(&environment, put_holed, &holed), SKR_OK);
    ck_assert_uint_eq(holed.content.extent_count, 5);
    made_of(&holed.content, 0, holed.content.size_bytes, "h10 f0+65536 h50 f65536+65636 h1 ");
    made_of(&holed.content, 5, 6, "h5 f0+1 ");
    made_of(&holed.content, 65540, 60, "f65530+6 h50 f65536+4 ");
    ck_assert_uint_eq(files_told(), 2);
    collect("holed", 1);
    ck_assert_uint_eq(files_told(), 0);
}
END_TEST

START_TEST(a_lost_file_takes_no_holes_along)
{
    const struct skr_extent hole = {.length_bytes = 10}, mixed[] = {{.length_bytes = 10}, {FILE_ID, 0, 10, 10}};
    struct holed holed = {.key = "mixed", .extents = mixed, .count = 2}, whole = {.key = "hole", .extents = &hole, .count = 1};
    uint64_t removed;
    ck_assert_int_eq(environment_change(&environment, put_holed, &holed), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, put_holed, &whole), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, drop_file, &removed), SKR_OK);
    ck_assert_uint_eq(removed, 1);
    ck_assert_int_eq(environment_change(&environment, remove_key, (void *)"mixed"), SKR_OBJECT_NOT_FOUND);
    ck_assert_int_eq(environment_change(&environment, remove_key, (void *)"hole"), SKR_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("meta holes");
    TCase *cases = tcase_create("holes");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, nothing_but_a_hole);
    tcase_add_test(cases, holes_between_bytes);
    tcase_add_test(cases, a_lost_file_takes_no_holes_along);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
