/* Who is told of names that change. */
#include <check.h>

#include "harness.h"
#include "run.h"
#include "skerry/files.h"

static struct harness harness;

struct seen {
    struct skr_watcher watcher;
    pthread_mutex_t lock; /* the commit thread tells */
    size_t count;
    uint64_t node;
    char key[64];
};

static void changed(void *context, uint64_t objects_node, struct skr_bytes key)
{
    struct seen *seen = context;
    pthread_mutex_lock(&seen->lock);
    seen->count++;
    seen->node = objects_node;
    snprintf(seen->key, sizeof seen->key, "%.*s", SKR_PRINT(key));
    pthread_mutex_unlock(&seen->lock);
}

static void watch(struct seen *seen)
{
    *seen = (struct seen){.watcher = {.changed = changed, .context = seen}};
    pthread_mutex_init(&seen->lock, NULL);
    skr_watch(harness.core, &seen->watcher);
}

static void saw(struct seen *seen, size_t count, const char *key)
{
    pthread_mutex_lock(&seen->lock);
    ck_assert_uint_eq(seen->count, count);
    ck_assert_str_eq(seen->key, key);
    pthread_mutex_unlock(&seen->lock);
}

static void setup(void)
{
    harness_begin(&harness);
}

static void teardown(void)
{
    harness_end(&harness);
}

START_TEST(everybody_is_told_but_who_changed_it)
{
    struct seen one, two;
    watch(&one);
    watch(&two);
    ck_assert_int_eq(harness_put(&harness, "box", "a/b", 10, 1), SKR_OK);
    saw(&one, 1, "a/b");
    saw(&two, 1, "a/b");
    ck_assert_uint_ne(one.node, 0);
    skr_worker_set_watcher(harness.worker, &one.watcher);
    ck_assert_int_eq(harness_put(&harness, "box", "c", 10, 1), SKR_OK);
    saw(&one, 1, "a/b");
    saw(&two, 2, "c");
    skr_worker_set_watcher(harness.worker, NULL);
    ck_assert_int_eq(harness_create_container(&harness, "new"), SKR_OK);
    ck_assert_uint_eq(one.node, 0);
    ck_assert_ptr_nonnull(strstr(one.key, "/new"));
    skr_unwatch(harness.core, &one.watcher);
    ck_assert_int_eq(harness_delete(&harness, "box", "c"), SKR_OK);
    ck_assert_uint_eq(one.count, 2);
    saw(&two, 4, "c");
    skr_unwatch(harness.core, &two.watcher);
    skr_unwatch(harness.core, &two.watcher); /* nobody minds */
    ck_assert_int_eq(harness_delete(&harness, "box", "a/b"), SKR_OK);
    ck_assert_uint_eq(two.count, 4);
}
END_TEST

START_TEST(what_is_refused_is_not_told)
{
    struct seen seen;
    watch(&seen);
    ck_assert_int_ne(harness_put(&harness, "none", "a", 10, 1), SKR_OK);
    ck_assert_int_ne(harness_delete(&harness, "box", "a"), SKR_OK);
    saw(&seen, 0, "");
    skr_unwatch(harness.core, &seen.watcher);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core watch");
    TCase *cases = tcase_create("watch");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, everybody_is_told_but_who_changed_it);
    tcase_add_test(cases, what_is_refused_is_not_told);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
