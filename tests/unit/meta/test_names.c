/* What a listener is told of names that change. */
#include <check.h>
#include <pthread.h>
#include <stdlib.h>

#include "environment.h"
#include "run.h"

static struct environment environment;
static struct skr_container box;

/* ---- the listener: what it was told, as text ---- */

struct told {
    struct skr_meta_listener listener; /* first */
    size_t count, lost;
    char text[4096]; /* a line each: the origin's number, the key */
    uint64_t last_node;
};
static struct told told;
static const char origins[4]; /* their addresses */

static void changed(struct skr_meta_listener *listener, const void *origin, uint64_t objects_node, struct skr_bytes key)
{
    struct told *into = (struct told *)listener;
    size_t used = strlen(into->text);
    if (objects_node == 0 && key.size == 0) {
        into->lost++;
        return;
    }
    into->count++;
    into->last_node = objects_node;
    if (used + key.size + 8 < sizeof into->text)
        snprintf(into->text + used, sizeof into->text - used, "%d %.*s\n",
                 origin == NULL ? -1 : (int)((const char *)origin - origins), SKR_PRINT(key));
}

static void listen_anew(void)
{
    skr_meta_listen(environment.meta, NULL);
    told = (struct told){.listener = {changed}};
    skr_meta_listen(environment.meta, &told.listener);
}

/* ---- changes ---- */

struct work {
    struct skr_change change; /* first */
    enum skr_status (*work)(struct skr_view *view, struct work *work, struct skr_error *err);
    const char *key, *to;
    size_t count;
    bool fails;
};

static enum skr_status apply_work(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct work *work = (struct work *)change;
    enum skr_status status = work->work(view, work, err);
    return status == SKR_OK && work->fails ? skr_fail(err, SKR_INTERNAL, "on purpose") : status;
}

static enum skr_status run(struct work work, const void *origin)
{
    struct skr_error error;
    work.change = (struct skr_change){.apply = apply_work, .origin = origin};
    return skr_meta_apply(environment.meta, &work.change, &error);
}

static enum skr_status create(struct skr_view *view, struct work *work, struct skr_error *err)
{
    box = (struct skr_container){.etag = SKR_BYTES("e")};
    return skr_container_create(view, SKR_BYTES("acct"), skr_text(work->key), &box, err);
}

static enum skr_status update_container(struct skr_view *view, struct work *work, struct skr_error *err)
{
    return skr_container_update(view, SKR_BYTES("acct"), skr_text(work->key), &box, err);
}

static enum skr_status drop_container(struct skr_view *view, struct work *work, struct skr_error *err)
{
    return skr_container_remove(view, SKR_BYTES("acct"), skr_text(work->key), err);
}

static struct skr_object make_object(struct skr_view *view)
{
    return (struct skr_object){.id = 7,
                               .kind = SKR_OBJECT_BLOCK,
                               .etag = SKR_BYTES("e"),
                               .modified_ns = skr_view_tick(view),
                               .content = {.layout = SKR_CONTENT_EMPTY}};
}

static enum skr_status put(struct skr_view *view, struct work *work, struct skr_error *err)
{
    struct skr_object object = make_object(view);
    return skr_object_put(view, box.objects_node, skr_text(work->key), &object, err);
}

static enum skr_status put_and_update(struct skr_view *view, struct work *work, struct skr_error *err)
{
    struct skr_object object = make_object(view);
    enum skr_status status = skr_object_put(view, box.objects_node, skr_text(work->key), &object, err);
    return status != SKR_OK ? status : skr_object_update(view, box.objects_node, skr_text(work->key), &object, err);
}

static enum skr_status put_many(struct skr_view *view, struct work *work, struct skr_error *err)
{
    struct skr_object object = make_object(view);
    enum skr_status status = SKR_OK;
    for (size_t i = 0; i < work->count && status == SKR_OK; i++) {
        char key[32];
        snprintf(key, sizeof key, "many/%zu", i);
        status = skr_object_put(view, box.objects_node, skr_text(key), &object, err);
    }
    return status;
}

static enum skr_status take(struct skr_view *view, struct work *work, struct skr_error *err)
{
    return skr_object_remove(view, box.objects_node, skr_text(work->key), err);
}

static enum skr_status move(struct skr_view *view, struct work *work, struct skr_error *err)
{
    return skr_object_move(view, box.objects_node, skr_text(work->key), skr_text(work->to), err);
}

static enum skr_status move_directory(struct skr_view *view, struct work *work, struct skr_error *err)
{
    return skr_directory_move(view, box.objects_node, skr_text(work->key), skr_text(work->to), err);
}

static enum skr_status exchange_directories(struct skr_view *view, struct work *work, struct skr_error *err)
{
    return skr_directory_exchange(view, box.objects_node, skr_text(work->key), skr_text(work->to), err);
}

static enum skr_status put_version(struct skr_view *view, struct work *work, struct skr_error *err)
{
    struct skr_object object = make_object(view);
    return skr_version_put(view, &box, skr_text(work->key), &object, err);
}

static enum skr_status mark(struct skr_view *view, struct work *work, struct skr_error *err)
{
    struct skr_object object = make_object(view);
    return skr_version_mark(view, &box, skr_text(work->key), &object, err);
}

static enum skr_status update_newest(struct skr_view *view, struct work *work, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_version_place place;
    struct skr_object object;
    enum skr_status status = skr_version_newest(view, &arena, &box, skr_text(work->key), &object, &place, err);
    if (status == SKR_OK)
        status = skr_version_update(view, &box, skr_text(work->key), &place, &object, err);
    skr_arena_release(&arena);
    return status;
}

static enum skr_status remove_newest(struct skr_view *view, struct work *work, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_version_place place;
    struct skr_object object;
    enum skr_status status = skr_version_newest(view, &arena, &box, skr_text(work->key), &object, &place, err);
    if (status == SKR_OK)
        status = skr_version_remove(view, &box, skr_text(work->key), &place, err);
    skr_arena_release(&arena);
    return status;
}

static enum skr_status bind(struct skr_view *view, struct work *work, struct skr_error *err)
{
    struct skr_binding binding = {.id = 5, .mode = SKR_BINDING_READ_ONLY};
    return skr_binding_put(view, SKR_BYTES("acct"), skr_text(work->key), &binding, err);
}

static enum skr_status unbind(struct skr_view *view, struct work *work, struct skr_error *err)
{
    return skr_binding_remove(view, SKR_BYTES("acct"), skr_text(work->key), err);
}

static void setup(void)
{
    environment_make(&environment, 0, 0);
    ck_assert_int_eq(run((struct work){.work = create, .key = "box"}, NULL), SKR_OK);
    listen_anew();
}

static void teardown(void)
{
    skr_meta_listen(environment.meta, NULL);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    environment_remove(&environment);
}

START_TEST(names_of_objects_and_directories)
{
    ck_assert_int_eq(run((struct work){.work = put, .key = "a/b"}, NULL), SKR_OK);
    ck_assert_uint_eq(told.last_node, box.objects_node);
    ck_assert_int_eq(run((struct work){.work = put_and_update, .key = "c"}, &origins[1]), SKR_OK); /* once */
    ck_assert_int_eq(run((struct work){.work = move, .key = "c", .to = "d"}, &origins[2]), SKR_OK);
    ck_assert_int_eq(run((struct work){.work = move_directory, .key = "a/", .to = "e/f/"}, NULL), SKR_OK);
    ck_assert_int_eq(run((struct work){.work = put, .key = "g/"}, NULL), SKR_OK);
    ck_assert_int_eq(run((struct work){.work = exchange_directories, .key = "g/", .to = "e/f/"}, NULL), SKR_OK);
    ck_assert_int_eq(run((struct work){.work = take, .key = "d"}, &origins[3]), SKR_OK);
    ck_assert_str_eq(told.text, "-1 a/b\n1 c\n2 c\n2 d\n-1 a/\n-1 e/f/\n-1 g/\n-1 g/\n-1 e/f/\n3 d\n");
    ck_assert_uint_eq(told.lost, 0);
}
END_TEST

START_TEST(what_fails_is_not_told)
{
    ck_assert_int_eq(run((struct work){.work = take, .key = "none"}, NULL), SKR_OBJECT_NOT_FOUND);
    ck_assert_int_eq(run((struct work){.work = put, .key = "a", .fails = true}, NULL), SKR_INTERNAL);
    ck_assert_int_eq(run((struct work){.work = move, .key = "a", .to = "b"}, NULL), SKR_OBJECT_NOT_FOUND);
    ck_assert_int_eq(run((struct work){.work = move_directory, .key = "a/", .to = "b/"}, NULL), SKR_OBJECT_NOT_FOUND);
    ck_assert_uint_eq(told.count + told.lost, 0);
}
END_TEST

START_TEST(containers_and_bindings)
{
    ck_assert_int_eq(run((struct work){.work = create, .key = "two"}, &origins[1]), SKR_OK);
    ck_assert_uint_eq(told.last_node, 0);
    ck_assert_int_eq(run((struct work){.work = update_container, .key = "two"}, NULL), SKR_OK);
    ck_assert_int_eq(run((struct work){.work = bind, .key = "two"}, NULL), SKR_OK);
    ck_assert_int_eq(run((struct work){.work = unbind, .key = "two"}, NULL), SKR_OK);
    ck_assert_int_eq(run((struct work){.work = drop_container, .key = "two"}, NULL), SKR_OK);
    ck_assert_str_eq(told.text, "1 acct/two\n-1 acct/two\n-1 acct/two\n-1 acct/two\n-1 acct/two\n");
    ck_assert_uint_eq(told.lost, 0);
    ck_assert_int_eq(run((struct work){.work = bind, .key = SKR_ALL_CONTAINERS}, NULL), SKR_OK);
    ck_assert_uint_eq(told.lost, 1);
}
END_TEST

START_TEST(versions_that_are_current)
{
    box.versioning = SKR_VERSIONING_ENABLED;
    ck_assert_int_eq(run((struct work){.work = put_version, .key = "v"}, NULL), SKR_OK);
    ck_assert_int_eq(run((struct work){.work = put_version, .key = "v"}, NULL), SKR_OK);
    ck_assert_uint_eq(told.count, 2);
    ck_assert_int_eq(run((struct work){.work = update_newest, .key = "v"}, NULL), SKR_OK); /* which is not the current one */
    ck_assert_uint_eq(told.count, 2);
    ck_assert_int_eq(run((struct work){.work = mark, .key = "v"}, NULL), SKR_OK);
    ck_assert_uint_eq(told.count, 3);
    ck_assert_int_eq(run((struct work){.work = remove_newest, .key = "v"}, NULL), SKR_OK); /* the mark: one is current again */
    ck_assert_str_eq(told.text, "-1 v\n-1 v\n-1 v\n-1 v\n");
    ck_assert_uint_eq(told.last_node, box.objects_node);
}
END_TEST

START_TEST(very_many_are_told_as_any)
{
    ck_assert_int_eq(run((struct work){.work = put_many, .count = 4000}, NULL), SKR_OK);
    ck_assert_uint_eq(told.count, 4000);
    ck_assert_uint_eq(told.lost, 0);
    ck_assert_int_eq(run((struct work){.work = put_many, .count = 10000}, NULL), SKR_OK);
    ck_assert_uint_eq(told.count, 4000);
    ck_assert_uint_eq(told.lost, 1);
    ck_assert_int_eq(run((struct work){.work = put, .key = "a"}, NULL), SKR_OK);
    ck_assert_uint_eq(told.count, 4001);
}
END_TEST

START_TEST(nobody_is_told_after_the_listener_left)
{
    skr_meta_listen(environment.meta, NULL);
    ck_assert_int_eq(run((struct work){.work = put, .key = "a"}, NULL), SKR_OK);
    ck_assert_uint_eq(told.count + told.lost, 0);
}
END_TEST

static enum skr_status listen_within(struct skr_view *view, struct work *work, struct skr_error *err)
{
    listen_anew();
    return put(view, work, err);
}

START_TEST(who_comes_during_a_transaction_learns_that_any_name_may_have_changed)
{
    skr_meta_listen(environment.meta, NULL);
    ck_assert_int_eq(run((struct work){.work = listen_within, .key = "a"}, NULL), SKR_OK);
    ck_assert_uint_eq(told.lost, 1);
    ck_assert_uint_eq(told.count, 0);
}
END_TEST

#define THREADS 4
#define ROUNDS 200

static void *write_some(void *argument)
{
    for (int i = 0; i < ROUNDS; i++) {
        char key[32];
        snprintf(key, sizeof key, "t%d/%d", (int)(intptr_t)argument, i);
        ck_assert_int_eq(run((struct work){.work = put, .key = key, .fails = i % 4 == 0}, &origins[(intptr_t)argument]),
                         i % 4 == 0 ? SKR_INTERNAL : SKR_OK);
    }
    return NULL;
}

START_TEST(batches_that_run_again_tell_once)
{
    pthread_t threads[THREADS];
    for (intptr_t i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, write_some, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    ck_assert_uint_eq(told.count, THREADS * ROUNDS * 3 / 4);
    ck_assert_uint_eq(told.lost, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("meta names");
    TCase *cases = tcase_create("names");
    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, names_of_objects_and_directories);
    tcase_add_test(cases, what_fails_is_not_told);
    tcase_add_test(cases, containers_and_bindings);
    tcase_add_test(cases, versions_that_are_current);
    tcase_add_test(cases, very_many_are_told_as_any);
    tcase_add_test(cases, nobody_is_told_after_the_listener_left);
    tcase_add_test(cases, who_comes_during_a_transaction_learns_that_any_name_may_have_changed);
    tcase_add_test(cases, batches_that_run_again_tell_once);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
