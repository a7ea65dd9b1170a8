/* The tree against a model: a sorted list of keys. */
#include <check.h>
#include <stdlib.h>

#include "environment.h"
#include "run.h"

#define MAX_KEYS 1200
#define LONGEST 1100

struct key {
    char data[LONGEST];
    size_t size;
};

static struct environment environment;
static struct key model[MAX_KEYS]; /* sorted, distinct */
static size_t model_count;
static struct skr_container box;

static struct skr_bytes bytes_of(const struct key *key)
{
    return (struct skr_bytes){key->data, key->size};
}

static size_t model_find(struct skr_bytes wanted, bool *there)
{
    size_t low = 0, high = model_count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (skr_bytes_compare(bytes_of(&model[middle]), wanted) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *there = low < model_count && skr_bytes_equal(bytes_of(&model[low]), wanted);
    return low;
}

/* Keys that like to be each other's neighbours, beginnings and directories. */
static void random_key(struct key *key)
{
    static const char *const pieces[] = {"a", "b", "/", "-", ".", "0", "a/", "/a", "..", "a.b", "\xC3\xA9", "\xF0\x9F\x98\x80",
                                         "~", "z/"};
    key->size = 0;
    size_t wanted = 1 + (size_t)(rand() % 6);
    for (size_t i = 0; i < wanted; i++) {
        const char *piece = pieces[(size_t)rand() % (sizeof pieces / sizeof *pieces)];
        memcpy(key->data + key->size, piece, strlen(piece));
        key->size += strlen(piece);
    }
    if (rand() % 12 == 0) { /* around the length at which a component is cut */
        static const size_t lengths[] = {498, 499, 500, 501, 999, 1000, 1001, 1024};
        size_t length = lengths[(size_t)rand() % 8];
        memset(key->data, 'a' + rand() % 2, length);
        if (rand() % 2 == 0)
            key->data[length - 1] = '/';
        if (rand() % 2 == 0)
            key->data[length - 1 - (size_t)(rand() % 3)] = '/';
        key->size = length;
    }
}

static enum skr_status make_box(struct skr_view *view, void *context, struct skr_error *err)
{
    (void)context;
    return skr_container_create(view, SKR_BYTES("acct"), SKR_BYTES("box"), &box, err);
}

static enum skr_status put_key(struct skr_view *view, void *context, struct skr_error *err)
{
    struct skr_object object = {
        .id = 7, .kind = SKR_OBJECT_BLOCK, .etag = SKR_BYTES("e"), .content = {.layout = SKR_CONTENT_EMPTY}};
    return skr_object_put(view, box.objects_node, bytes_of(context), &object, err);
}

static enum skr_status remove_key(struct skr_view *view, void *context, struct skr_error *err)
{
    return skr_object_remove(view, box.objects_node, bytes_of(context), err);
}

static void model_put(const struct key *key)
{
    bool there;
    size_t at = model_find(bytes_of(key), &there);
    ck_assert_int_eq(environment_change(&environment, put_key, (void *)key), SKR_OK);
    if (there)
        return;
    memmove(&model[at + 1], &model[at], (model_count - at) * sizeof *model);
    model[at] = *key;
    model_count++;
}

static void model_remove(size_t at)
{
    struct key key = model[at];
    ck_assert_int_eq(environment_change(&environment, remove_key, &key), SKR_OK);
    memmove(&model[at], &model[at + 1], (model_count - at - 1) * sizeof *model);
    model_count--;
    ck_assert_int_eq(environment_change(&environment, remove_key, &key), SKR_OBJECT_NOT_FOUND);
}

/* What the model says comes next: a key or a common prefix, from `*at` on. */
static bool model_next(size_t *at, struct skr_bytes prefix, struct skr_bytes delimiter, struct skr_bytes from,
                       struct skr_bytes *out, bool *is_prefix)
{
    while (*at < model_count) {
        struct skr_bytes key = bytes_of(&model[*at]);
        if (!skr_bytes_starts_with(key, prefix)) {
            (*at)++;
            continue;
        }
        const char *found = delimiter.size == 0 || key.size <= prefix.size
                                ? NULL
                                : memmem(key.data + prefix.size, key.size - prefix.size, delimiter.data, delimiter.size);
        *is_prefix = found != NULL;
        *out = found == NULL ? key : (struct skr_bytes){key.data, (size_t)(found - key.data) + delimiter.size};
        if (found == NULL)
            (*at)++;
        else
            while (*at < model_count && skr_bytes_starts_with(bytes_of(&model[*at]), *out))
                (*at)++;
        if (skr_bytes_compare(*out, from) >= 0)
            return true;
    }
    return false;
}

static void compare_listing(struct skr_bytes prefix, struct skr_bytes delimiter, struct skr_bytes from)
{
    struct skr_walk_options options = {.prefix = prefix, .delimiter = delimiter, .from = from};
    struct skr_walk_entry entry;
    struct skr_error error;
    struct skr_walk *walk;
    struct skr_view *view;
    struct skr_bytes expected;
    bool is_prefix;
    size_t at = 0;
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, &error), SKR_OK);
    ck_assert_int_eq(skr_walk_open(view, box.objects_node, &options, &walk, &error), SKR_OK);
    while (model_next(&at, prefix, delimiter, from, &expected, &is_prefix)) {
        enum skr_status status = skr_walk_next(walk, &entry, &error);
        ck_assert_msg(status == SKR_OK, "the walk ended before '%.*s'", SKR_PRINT(expected));
        ck_assert_msg(skr_bytes_equal(entry.key, expected), "'%.*s' instead of '%.*s'", SKR_PRINT(entry.key),
                      SKR_PRINT(expected));
        ck_assert_int_eq(entry.is_prefix, is_prefix);
    }
    ck_assert_int_eq(skr_walk_next(walk, &entry, &error), SKR_NOT_FOUND);
    skr_walk_close(walk);
    skr_view_end(view);
}

static void setup(void)
{
    environment_make(&environment, 0, 0);
    box = (struct skr_container){.etag = SKR_BYTES("e")};
    model_count = 0;
    ck_assert_int_eq(environment_change(&environment, make_box, NULL), SKR_OK);
}

static void teardown(void)
{
    ck_assert_uint_eq(environment_problems(&environment), 0);
    environment_remove(&environment);
}

START_TEST(lists_like_a_sorted_list)
{
    static const char *const delimiters[] = {"", "/", "a", ".", "/a", "//"};
    srand((unsigned)_i + 1);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < 60 && model_count < MAX_KEYS - 1; i++) {
            struct key key;
            if (model_count > 40 && rand() % 4 == 0) {
                model_remove((size_t)rand() % model_count);
            } else {
                random_key(&key);
                model_put(&key);
            }
        }
        for (int i = 0; i < 60; i++) {
            struct key prefix = {.size = 0}, from = {.size = 0};
            if (rand() % 2 == 0)
                random_key(&prefix);
            if (rand() % 2 == 0 && model_count > 0) {
                from = model[(size_t)rand() % model_count];
                if (rand() % 2 == 0)
                    from.size = 1 + (size_t)rand() % from.size;
            }
            compare_listing(bytes_of(&prefix), skr_text(delimiters[(size_t)rand() % 6]), bytes_of(&from));
        }
        compare_listing(SKR_NO_BYTES, SKR_NO_BYTES, SKR_NO_BYTES);
    }
}
END_TEST

START_TEST(directories_vanish_with_their_last_child)
{
    struct key deep = {.size = 9}, sibling = {.size = 1}, marker = {.size = 2};
    memcpy(deep.data, "a/b/c/d/e", 9);
    memcpy(sibling.data, "a", 1);
    memcpy(marker.data, "a/", 2);
    model_put(&deep);
    model_put(&sibling);
    model_put(&marker);
    compare_listing(SKR_NO_BYTES, SKR_BYTES("/"), SKR_NO_BYTES);
    while (model_count > 0)
        model_remove(model_count - 1);
    struct skr_meta_check check;
    struct skr_meta_check_options options = {.repair = false};
    struct skr_error error;
    ck_assert_int_eq(skr_meta_check_all(environment.meta, &options, &check, &error), SKR_OK);
    ck_assert_uint_eq(check.directories, 0);
}
END_TEST

START_TEST(names_that_are_refused)
{
    struct key empty = {.size = 0}, zero = {.data = "a\0b", .size = 3};
    ck_assert_int_eq(environment_change(&environment, put_key, &empty), SKR_INVALID_NAME);
    ck_assert_int_eq(environment_change(&environment, put_key, &zero), SKR_INVALID_NAME);
}
END_TEST

START_TEST(a_listing_goes_on_where_it_stopped_while_names_change)
{
    for (int i = 0; i < 300; i++) {
        struct key key;
        key.size = (size_t)snprintf(key.data, sizeof key.data, "d%d/%03d", i % 7, i);
        model_put(&key);
    }
    struct key from = {.size = 0};
    for (size_t page = 0; page < 10; page++) { /* each page from the last key on, with changes in between */
        compare_listing(SKR_NO_BYTES, SKR_NO_BYTES, bytes_of(&from));
        from = model[page * 20];
        model_remove((size_t)rand() % model_count);
        struct key key;
        random_key(&key);
        model_put(&key);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("meta tree");
    TCase *cases = tcase_create("tree");
    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, lists_like_a_sorted_list, 0, 8);
    tcase_add_test(cases, directories_vanish_with_their_last_child);
    tcase_add_test(cases, names_that_are_refused);
    tcase_add_test(cases, a_listing_goes_on_where_it_stopped_while_names_change);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
