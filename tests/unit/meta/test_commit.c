/* Group commit, replay, growth of the map, references and garbage, ticks and ids over restarts, locks and formats. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>

#include "environment.h"
#include "run.h"

static struct environment environment;
static struct skr_container box;

static enum skr_status make_box(struct skr_view *view, void *context, struct skr_error *err)
{
    (void)context;
    return skr_container_create(view, SKR_BYTES("acct"), SKR_BYTES("box"), &box, err);
}

static void make(uint64_t initial, uint64_t max)
{
    environment_make(&environment, initial, max);
    box = (struct skr_container){.etag = SKR_BYTES("e")};
    ck_assert_int_eq(environment_change(&environment, make_box, NULL), SKR_OK);
}

struct put {
    char key[32];
    size_t size;
    bool fail_after_writing;
};

static enum skr_status put_inline(struct skr_view *view, void *context, struct skr_error *err)
{
    static char payload[65536];
    struct put *put = context;
    struct skr_object object = {.kind = SKR_OBJECT_BLOCK, .etag = SKR_BYTES("e")};
    enum skr_status status = skr_content_create_inline(view, skr_meta_next_id(environment.meta),
                                                       (struct skr_bytes){payload, put->size}, 0, &object.content, err);
    if (status == SKR_OK)
        status = skr_object_put(view, box.objects_node, skr_text(put->key), &object, err);
    return status == SKR_OK && put->fail_after_writing ? skr_fail(err, SKR_INTERNAL, "on purpose") : status;
}

static enum skr_status remove_object(struct skr_view *view, void *context, struct skr_error *err)
{
    return skr_object_remove(view, box.objects_node, skr_text(((struct put *)context)->key), err);
}

static bool exists(const char *key)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_object object;
    struct skr_error error;
    struct skr_view *view;
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, &error), SKR_OK);
    enum skr_status status = skr_object_get(view, &arena, box.objects_node, skr_text(key), &object, &error);
    skr_view_end(view);
    skr_arena_release(&arena);
    return status == SKR_OK;
}

static void *write_many(void *argument)
{
    for (int i = 0; i < 300; i++) {
        struct put put = {.size = 100, .fail_after_writing = i % 3 == 0};
        snprintf(put.key, sizeof put.key, "t%d/%d", (int)(intptr_t)argument, i);
        ck_assert_int_eq(environment_change(&environment, put_inline, &put), i % 3 == 0 ? SKR_INTERNAL : SKR_OK);
    }
    return NULL;
}

START_TEST(a_failing_change_undoes_only_itself)
{
    pthread_t threads[4];
    make(0, 0);
    for (intptr_t i = 0; i < 4; i++)
        pthread_create(&threads[i], NULL, write_many, (void *)i);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    for (int t = 0; t < 4; t++)
        for (int i = 0; i < 300; i++) {
            char key[32];
            snprintf(key, sizeof key, "t%d/%d", t, i);
            ck_assert_int_eq(exists(key), i % 3 != 0);
        }
    ck_assert_uint_eq(environment_problems(&environment), 0);
    environment_remove(&environment);
}
END_TEST

START_TEST(the_map_grows_under_readers)
{
    make(1 << 20, 0);
    for (int i = 0; i < 400; i++) {
        struct put put = {.size = 30000};
        snprintf(put.key, sizeof put.key, "k%03d", i);
        ck_assert_int_eq(environment_change(&environment, put_inline, &put), SKR_OK);
        ck_assert(exists("k000"));
    }
    ck_assert_uint_gt(atomic_load(&skr_meta_counters(environment.meta)->map_bytes), 8 << 20);
    environment_remove(&environment);
}
END_TEST

START_TEST(at_its_limit_the_map_refuses_growth_and_takes_removals)
{
    make(1 << 20, 4 << 20);
    struct put put = {.size = 8000};
    enum skr_status status = SKR_OK;
    int count = 0;
    for (; count < 2000 && status == SKR_OK; count++) {
        snprintf(put.key, sizeof put.key, "k%04d", count);
        status = environment_change(&environment, put_inline, &put);
    }
    ck_assert_int_eq(status, SKR_NO_SPACE);
    ck_assert(exists("k0000"));
    for (int i = 0; i < count / 2; i++) {
        snprintf(put.key, sizeof put.key, "k%04d", i);
        ck_assert_int_eq(environment_change(&environment, remove_object, &put), SKR_OK);
    }
    snprintf(put.key, sizeof put.key, "again");
    ck_assert_int_eq(environment_change(&environment, put_inline, &put), SKR_OK);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    environment_remove(&environment);
}
END_TEST

static enum skr_status take_tick(struct skr_view *view, void *context, struct skr_error *err)
{
    (void)err;
    int64_t tick = skr_view_tick(view);
    ck_assert_int_gt(tick, *(int64_t *)context);
    *(int64_t *)context = tick;
    return skr_account_document_put(view, SKR_BYTES("acct"), "d", SKR_BYTES("x"), err);
}

START_TEST(ticks_and_ids_increase_over_restarts)
{
    int64_t tick = 0;
    uint64_t id = 0;
    make(0, 0);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(environment_change(&environment, take_tick, &tick), SKR_OK);
        ck_assert_uint_gt(skr_meta_next_id(environment.meta), id);
        id = skr_meta_next_id(environment.meta);
        environment_reopen(&environment);
        ck_assert(skr_meta_was_clean(environment.meta));
    }
    environment_remove(&environment);
}
END_TEST

/* A content of many extents over two files. */
struct many {
    size_t count;
    struct skr_content content;
};

static enum skr_status put_extents(struct skr_view *view, void *context, struct skr_error *err)
{
    struct many *many = context;
    struct skr_extent *extents = calloc(many->count, sizeof *extents);
    struct skr_object object = {.kind = SKR_OBJECT_BLOCK, .etag = SKR_BYTES("e")};
    enum skr_status status = skr_file_record_create(view, 11, err);
    uint32_t crc[2] = {1, 2};
    if (status == SKR_OK)
        status = skr_file_record_create(view, 12, err);
    for (size_t i = 0; i < many->count && status == SKR_OK; i++) {
        extents[i] = (struct skr_extent){11 + i % 2, (i / 2) * 131072, 65537, (i / 2) * 131072 + 65537};
        status = skr_checksums_put(view, extents[i].file_id, extents[i].offset_bytes / 65536, crc, 2, err);
    }
    if (status == SKR_OK)
        status =
            skr_content_create_extents(view, skr_meta_next_id(environment.meta), extents, many->count, &object.content, err);
    if (status == SKR_OK)
        status = skr_object_put(view, box.objects_node, SKR_BYTES("many"), &object, err);
    if (status == SKR_OK)
        status = skr_file_record_release(view, 11, err);
    if (status == SKR_OK)
        status = skr_file_record_release(view, 12, err);
    many->content = object.content;
    free(extents);
    return status;
}

static enum skr_status step_garbage(struct skr_view *view, void *context, struct skr_error *err)
{
    bool done;
    return skr_garbage_step(view, context, 100, &done, err);
}

START_TEST(many_extents_are_found_by_offset_and_become_garbage)
{
    struct many many = {.count = 5000};
    struct skr_error error;
    struct skr_view *view;
    struct put put = {.key = "many"};
    make(0, 0);
    ck_assert_int_eq(environment_change(&environment, put_extents, &many), SKR_OK);
    ck_assert_uint_eq(many.content.size_bytes, 5000u * 65537u);
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, &error), SKR_OK);
    for (size_t i = 0; i < 5000; i += 37) {
        struct skr_extent found[2];
        size_t count;
        ck_assert_int_eq(skr_content_extents(view, &many.content, i * 65537 + 5, 65537, found, 2, &count, &error), SKR_OK);
        ck_assert_uint_eq(count, i == 4999 ? 1 : 2);
        ck_assert_uint_eq(found[0].file_id, 11 + i % 2);
        ck_assert_uint_eq(found[0].offset_bytes, (i / 2) * 131072 + 5);
        ck_assert_uint_eq(found[0].length_bytes, 65532);
    }
    skr_view_end(view);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    ck_assert_int_eq(environment_change(&environment, remove_object, &put), SKR_OK);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    struct skr_garbage garbage;
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, &error), SKR_OK);
    ck_assert_int_eq(skr_garbage_next(view, 0, &garbage, &error), SKR_OK);
    skr_view_end(view);
    ck_assert_int_eq(garbage.kind, SKR_GARBAGE_CONTENT);
    ck_assert_int_eq(environment_change(&environment, step_garbage, &garbage), SKR_OK);
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, &error), SKR_OK);
    ck_assert_int_eq(skr_garbage_next(view, 0, &garbage, &error), SKR_OK);
    ck_assert_int_eq(garbage.kind, SKR_GARBAGE_FILE);
    skr_view_end(view);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    environment_remove(&environment);
}
END_TEST

START_TEST(one_server_a_folder)
{
    struct skr_meta *second;
    struct skr_error error;
    make(0, 0);
    struct skr_meta_options options = {.directory = environment.directory, .max_readers = 2};
    ck_assert_int_eq(skr_meta_open(&second, &options, &error), SKR_BUSY);
    environment_remove(&environment);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("meta commit");
    TCase *cases = tcase_create("commit");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, a_failing_change_undoes_only_itself);
    tcase_add_test(cases, the_map_grows_under_readers);
    tcase_add_test(cases, at_its_limit_the_map_refuses_growth_and_takes_removals);
    tcase_add_test(cases, ticks_and_ids_increase_over_restarts);
    tcase_add_test(cases, many_extents_are_found_by_offset_and_become_garbage);
    tcase_add_test(cases, one_server_a_folder);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
