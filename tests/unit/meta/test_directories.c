/* Directories that move and change places, against a model: a sorted list of keys. */
#include <check.h>
#include <stdlib.h>

#include "environment.h"
#include "meta_private.h"
#include "run.h"
#include "tree.h"

#define MAX_KEYS 400
#define LONGEST 1400

struct key {
    char data[LONGEST];
    size_t size;
    uint64_t id; /* of its object: it comes along */
};

struct move {
    struct key from, to;
};

static struct environment environment;
static struct key model[MAX_KEYS];
static size_t model_count;
static uint64_t last_id;
static struct skr_container box;

static struct skr_bytes bytes_of(const struct key *key)
{
    return (struct skr_bytes){key->data, key->size};
}

static struct key key_of(const char *text)
{
    struct key key = {.size = strlen(text)};
    memcpy(key.data, text, key.size);
    return key;
}

static int key_order(const void *a, const void *b)
{
    return skr_bytes_compare(bytes_of(a), bytes_of(b));
}

static enum skr_status make_box(struct skr_view *view, void *context, struct skr_error *err)
{
    (void)context;
    return skr_container_create(view, SKR_BYTES("acct"), SKR_BYTES("box"), &box, err);
}

static enum skr_status put_key(struct skr_view *view, void *context, struct skr_error *err)
{
    const struct key *key = context;
    struct skr_object object = {
        .id = key->id, .kind = SKR_OBJECT_BLOCK, .etag = SKR_BYTES("e"), .content = {.layout = SKR_CONTENT_EMPTY}};
    return skr_object_put(view, box.objects_node, bytes_of(key), &object, err);
}

static enum skr_status remove_key(struct skr_view *view, void *context, struct skr_error *err)
{
    return skr_object_remove(view, box.objects_node, bytes_of(context), err);
}

static enum skr_status move_directory(struct skr_view *view, void *context, struct skr_error *err)
{
    const struct move *move = context;
    return skr_directory_move(view, box.objects_node, bytes_of(&move->from), bytes_of(&move->to), err);
}

static enum skr_status exchange_directories(struct skr_view *view, void *context, struct skr_error *err)
{
    const struct move *move = context;
    return skr_directory_exchange(view, box.objects_node, bytes_of(&move->from), bytes_of(&move->to), err);
}

/* ---- the model ---- */

static struct key *model_find(struct skr_bytes key)
{
    for (size_t i = 0; i < model_count; i++)
        if (skr_bytes_equal(bytes_of(&model[i]), key))
            return &model[i];
    return NULL;
}

static size_t model_below(struct skr_bytes directory)
{
    size_t count = 0;
    for (size_t i = 0; i < model_count; i++)
        count += skr_bytes_starts_with(bytes_of(&model[i]), directory);
    return count;
}

static void put(struct key key)
{
    key.id = ++last_id;
    ck_assert_int_eq(environment_change(&environment, put_key, &key), SKR_OK);
    struct key *there = model_find(bytes_of(&key));
    if (there == NULL)
        ck_assert_uint_lt(model_count, MAX_KEYS);
    *(there == NULL ? &model[model_count++] : there) = key;
}

static void put_text(const char *text)
{
    put(key_of(text));
}

static void rename_key(struct key *key, const struct key *from, const struct key *to)
{
    struct key renamed = {.id = key->id, .size = key->size - from->size + to->size};
    ck_assert_uint_le(renamed.size, LONGEST);
    memcpy(renamed.data, to->data, to->size);
    memcpy(renamed.data + to->size, key->data + from->size, key->size - from->size);
    *key = renamed;
}

static enum skr_status model_move(const struct move *move)
{
    struct skr_bytes from = bytes_of(&move->from), to = bytes_of(&move->to);
    if (model_below(from) == 0)
        return SKR_OBJECT_NOT_FOUND;
    if (skr_bytes_equal(from, to))
        return SKR_OK;
    if (skr_bytes_starts_with(to, from))
        return SKR_INVALID_ARGUMENT;
    if (model_below(to) > 0)
        return SKR_OBJECT_EXISTS;
    for (size_t i = 0; i < model_count; i++)
        if (skr_bytes_starts_with(bytes_of(&model[i]), from))
            rename_key(&model[i], &move->from, &move->to);
    return SKR_OK;
}

static enum skr_status model_exchange(const struct move *move)
{
    struct skr_bytes from = bytes_of(&move->from), to = bytes_of(&move->to);
    if (model_below(from) == 0 || model_below(to) == 0)
        return SKR_OBJECT_NOT_FOUND;
    if (skr_bytes_equal(from, to))
        return SKR_OK;
    if (skr_bytes_starts_with(to, from) || skr_bytes_starts_with(from, to))
        return SKR_INVALID_ARGUMENT;
    for (size_t i = 0; i < model_count; i++) {
        if (skr_bytes_starts_with(bytes_of(&model[i]), from))
            rename_key(&model[i], &move->from, &move->to);
        else if (skr_bytes_starts_with(bytes_of(&model[i]), to))
            rename_key(&model[i], &move->to, &move->from);
    }
    return SKR_OK;
}

static void compare_walk(struct skr_view *view)
{
    struct skr_walk_options options = {.prefix = SKR_NO_BYTES};
    struct skr_walk_entry entry;
    struct skr_error error;
    struct skr_walk *walk;
    qsort(model, model_count, sizeof *model, key_order);
    ck_assert_int_eq(skr_walk_open(view, box.objects_node, &options, &walk, &error), SKR_OK);
    for (size_t i = 0; i < model_count; i++) {
        struct skr_arena arena = {.blocks = NULL};
        struct skr_object object;
        ck_assert_int_eq(skr_walk_next(walk, &entry, &error), SKR_OK);
        ck_assert_msg(skr_bytes_equal(entry.key, bytes_of(&model[i])), "'%.*s' instead of '%.*s'", SKR_PRINT(entry.key),
                      SKR_PRINT(bytes_of(&model[i])));
        ck_assert_int_eq(skr_object_decode(&arena, entry.record, &object, &error), SKR_OK);
        ck_assert_uint_eq(object.id, model[i].id);
        skr_arena_release(&arena);
    }
    ck_assert_int_eq(skr_walk_next(walk, &entry, &error), SKR_NOT_FOUND);
    skr_walk_close(walk);
}

static void compare_directory(struct skr_view *view, struct skr_bytes directory)
{
    bool exists, empty;
    uint64_t node;
    struct skr_error error;
    size_t below = model_below(directory), marker = model_find(directory) != NULL;
    ck_assert_int_eq(skr_directory_get(view, box.objects_node, directory, &exists, &node, &error), SKR_OK);
    ck_assert_int_eq(exists, directory.size == 0 || below > 0);
    ck_assert_int_eq(node != 0, exists);
    ck_assert_int_eq(skr_directory_is_empty(view, box.objects_node, directory, &empty, &error), SKR_OK);
    ck_assert_int_eq(empty, below == marker);
}

static void compare(void)
{
    struct skr_error error;
    struct skr_view *view;
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, &error), SKR_OK);
    compare_walk(view);
    compare_directory(view, SKR_NO_BYTES);
    for (size_t i = 0; i < model_count; i++)
        for (size_t size = 1; size <= model[i].size; size++)
            if (model[i].data[size - 1] == '/')
                compare_directory(view, (struct skr_bytes){model[i].data, size});
    compare_directory(view, SKR_BYTES("no/"));
    skr_view_end(view);
    ck_assert_uint_eq(environment_problems(&environment), 0);
}

/* ---- names ---- */

/* Components that are each other's beginnings, and some that are longer than a piece. */
static void append_component(struct key *key)
{
    static const char *const components[] = {"a", "b", "a.", "a-", "", "ab", "\xC3\xA9"};
    if (rand() % 8 == 0 && key->size < 700) {
        static const size_t lengths[] = {498, 499, 500, 501, 530};
        size_t length = lengths[rand() % 5];
        memset(key->data + key->size, 'x', length);
        key->data[key->size + length - 1] = (char)('x' + rand() % 2);
        key->size += length;
    } else {
        const char *component = components[rand() % 7];
        memcpy(key->data + key->size, component, strlen(component));
        key->size += strlen(component);
    }
}

static struct key random_directory(void)
{
    struct key key = {.size = 0};
    for (int depth = 1 + rand() % 3; depth > 0; depth--) {
        append_component(&key);
        key.data[key.size++] = '/';
    }
    return key;
}

/* One that is there, mostly. */
static struct key some_directory(void)
{
    if (model_count == 0 || rand() % 5 == 0)
        return random_directory();
    struct key key = model[(size_t)rand() % model_count];
    size_t slashes = 0;
    for (size_t i = 0; i < key.size; i++)
        slashes += key.data[i] == '/';
    if (slashes == 0)
        return random_directory();
    slashes = (size_t)rand() % slashes + 1;
    key.size = 0;
    while (slashes > 0)
        slashes -= key.data[key.size++] == '/';
    return key;
}

static void put_random(void)
{
    struct key key = rand() % 3 == 0 ? (struct key){.size = 0} : rand() % 2 == 0 ? some_directory() : random_directory();
    if (key.size > 800)
        return;
    if (rand() % 6 != 0 || key.size == 0)
        append_component(&key);
    if (key.size > 0)
        put(key);
}

static void remove_random(void)
{
    if (model_count == 0)
        return;
    struct key *key = &model[(size_t)rand() % model_count];
    ck_assert_int_eq(environment_change(&environment, remove_key, key), SKR_OK);
    *key = model[--model_count];
}

/* Names do not grow beyond what the model holds. */
static bool too_long(const struct move *move)
{
    for (size_t i = 0; i < model_count; i++)
        if (model[i].size + move->from.size + move->to.size > LONGEST)
            return true;
    return false;
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

START_TEST(moves_like_a_list_of_keys)
{
    srand((unsigned)_i + 1);
    for (int step = 0; step < 150; step++) {
        struct move move = {.from = some_directory(), .to = rand() % 2 == 0 ? random_directory() : some_directory()};
        unsigned what = (unsigned)rand() % 10;
        if (what < 5)
            put_random();
        else if (what < 6)
            remove_random();
        else if (too_long(&move))
            remove_random();
        else if (what < 9)
            ck_assert_int_eq(environment_change(&environment, move_directory, &move), model_move(&move));
        else
            ck_assert_int_eq(environment_change(&environment, exchange_directories, &move), model_exchange(&move));
        compare();
    }
}
END_TEST

static enum skr_status try_move(const char *from, const char *to)
{
    struct move move = {.from = key_of(from), .to = key_of(to)};
    enum skr_status status = environment_change(&environment, move_directory, &move);
    if (status == SKR_OK)
        ck_assert_int_eq(model_move(&move), SKR_OK);
    compare();
    return status;
}

static enum skr_status try_exchange(const char *a, const char *b)
{
    struct move move = {.from = key_of(a), .to = key_of(b)};
    enum skr_status status = environment_change(&environment, exchange_directories, &move);
    if (status == SKR_OK)
        ck_assert_int_eq(model_exchange(&move), SKR_OK);
    compare();
    return status;
}

START_TEST(what_is_refused)
{
    put_text("a/b/c");
    put_text("a/d/");
    put_text("e");
    ck_assert_int_eq(try_move("x/", "y/"), SKR_OBJECT_NOT_FOUND);
    ck_assert_int_eq(try_move("e/", "y/"), SKR_OBJECT_NOT_FOUND);
    ck_assert_int_eq(try_move("a/b/", "a/d/"), SKR_OBJECT_EXISTS);
    ck_assert_int_eq(try_move("a/b/", "a/"), SKR_OBJECT_EXISTS);
    ck_assert_int_eq(try_move("a/b/", ""), SKR_OBJECT_EXISTS);
    ck_assert_int_eq(try_move("a/", "a/b/x/"), SKR_INVALID_ARGUMENT);
    ck_assert_int_eq(try_move("a/", "a/x/"), SKR_INVALID_ARGUMENT);
    ck_assert_int_eq(try_move("", "a/x/"), SKR_INVALID_ARGUMENT);
    ck_assert_int_eq(try_move("a/b", "c/"), SKR_INVALID_NAME);
    ck_assert_int_eq(try_move("a/b/", "c"), SKR_INVALID_NAME);
    ck_assert_int_eq(try_exchange("a/", "a/b/"), SKR_INVALID_ARGUMENT);
    ck_assert_int_eq(try_exchange("a/b/", "a/"), SKR_INVALID_ARGUMENT);
    ck_assert_int_eq(try_exchange("a/b/", "x/"), SKR_OBJECT_NOT_FOUND);
    ck_assert_int_eq(try_move("a/b/", "a/b/"), SKR_OK);
    ck_assert_int_eq(try_move("a/b/", "e/f/"), SKR_OK); /* an object "e" is not in the way: that is core's matter */
    ck_assert_int_eq(try_exchange("a/d/", "e/"), SKR_OK);
}
END_TEST

/* A directory's name of `size` bytes, of components "xx..x/" of 101. */
static struct skr_bytes long_directory(char *out, size_t size)
{
    for (size_t i = 0; i < size; i++)
        out[i] = i % 101 == 100 || i + 1 == size ? '/' : 'x';
    return (struct skr_bytes){out, size};
}

struct long_move {
    struct skr_bytes from, to;
};

static enum skr_status put_bytes(struct skr_view *view, void *context, struct skr_error *err)
{
    const struct skr_bytes *key = context;
    struct skr_object object = {
        .id = 7, .kind = SKR_OBJECT_BLOCK, .etag = SKR_BYTES("e"), .content = {.layout = SKR_CONTENT_EMPTY}};
    return skr_object_put(view, box.objects_node, *key, &object, err);
}

static enum skr_status remove_bytes(struct skr_view *view, void *context, struct skr_error *err)
{
    const struct skr_bytes *key = context;
    return skr_object_remove(view, box.objects_node, *key, err);
}

static enum skr_status move_bytes(struct skr_view *view, void *context, struct skr_error *err)
{
    const struct long_move *move = context;
    return skr_directory_move(view, box.objects_node, move->from, move->to, err);
}

START_TEST(no_name_becomes_too_long)
{
    static char to[SKR_MAX_KEY_BYTES], deep[SKR_MAX_KEY_BYTES];
    struct skr_bytes name = {deep, 1002}, short_name = SKR_BYTES("d/file");
    memset(deep, 'y', sizeof deep);
    memcpy(deep, "d/", 2);
    ck_assert_int_eq(environment_change(&environment, put_bytes, &name), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, put_bytes, &short_name), SKR_OK);
    struct long_move move = {SKR_BYTES("d/"), long_directory(to, SKR_MAX_KEY_BYTES - 999)};
    ck_assert_int_eq(environment_change(&environment, move_bytes, &move), SKR_NAME_TOO_LONG);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    move.to = long_directory(to, SKR_MAX_KEY_BYTES - 1000);
    ck_assert_int_eq(environment_change(&environment, move_bytes, &move), SKR_OK);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    struct long_move back = {move.to, move.from};
    ck_assert_int_eq(environment_change(&environment, move_bytes, &back), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, remove_bytes, &name), SKR_OK);
    move.to = long_directory(to, SKR_MAX_KEY_BYTES - 4); /* what is left is looked at */
    ck_assert_int_eq(environment_change(&environment, move_bytes, &move), SKR_OK);
}
END_TEST

#define MANY 100000

static enum skr_status put_many(struct skr_view *view, void *context, struct skr_error *err)
{
    const size_t *from = context;
    enum skr_status status = SKR_OK;
    for (size_t i = *from; i < *from + MANY / 10 && status == SKR_OK; i++) {
        struct key key;
        key.size = (size_t)snprintf(key.data, sizeof key.data, "much/%zu/%zu", i % 100, i);
        struct skr_bytes bytes = bytes_of(&key);
        status = put_bytes(view, &bytes, err);
    }
    return status;
}

/* The pages that the last transaction replaced: LMDB lists them as free under its number. */
static size_t pages_replaced(void)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    struct skr_error error;
    struct skr_view *view;
    size_t count;
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, &error), SKR_OK);
    ck_assert_int_eq(mdb_cursor_open(view->txn, 0, &cursor), 0);
    ck_assert_int_eq(mdb_cursor_get(cursor, &key, &value, MDB_LAST), 0);
    memcpy(&count, value.mv_data, sizeof count);
    mdb_cursor_close(cursor);
    skr_view_end(view);
    return count;
}

START_TEST(a_large_directory_moves_as_a_small_one_does)
{
    struct skr_bytes small = SKR_BYTES("small/one");
    struct long_move moves[] = {{SKR_BYTES("small/"), SKR_BYTES("else/where/small/")},
                                {SKR_BYTES("much/"), SKR_BYTES("where/else/much/")}};
    size_t pages[2];
    for (size_t from = 0; from < MANY; from += MANY / 10)
        ck_assert_int_eq(environment_change(&environment, put_many, &from), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, put_bytes, &small), SKR_OK);
    for (size_t i = 0; i < 2; i++) {
        uint64_t commits = atomic_load(&skr_meta_counters(environment.meta)->commits);
        ck_assert_int_eq(environment_change(&environment, move_bytes, &moves[i]), SKR_OK);
        ck_assert_uint_eq(atomic_load(&skr_meta_counters(environment.meta)->commits), commits + 1);
        pages[i] = pages_replaced();
    }
    ck_assert_uint_le(pages[1], pages[0] + 8);
    ck_assert_uint_le(pages[1], 40);
    struct skr_meta_check check;
    struct skr_error error;
    struct skr_meta_check_options options = {.repair = false};
    ck_assert_int_eq(skr_meta_check_all(environment.meta, &options, &check, &error), SKR_OK);
    ck_assert_uint_eq(check.objects, MANY + 1);
}
END_TEST

/* As format 3 wrote them: without the length of names below. */
static enum skr_status forget_lengths(struct skr_view *view, void *context, struct skr_error *err)
{
    struct skr_row_key key;
    struct skr_bytes value;
    char old[9];
    (void)context;
    struct skr_bytes row = skr_key_tail(&key, box.objects_node, SKR_BYTES("d/"));
    enum skr_status status = skr_row_get(view, SKR_TABLE_DIRENTS, row, &value, err);
    if (status != SKR_OK)
        return status;
    memcpy(old, value.data, sizeof old);
    return skr_row_put(view, SKR_TABLE_DIRENTS, row, (struct skr_bytes){old, sizeof old}, err);
}

START_TEST(a_directory_of_an_earlier_format)
{
    static char to[SKR_MAX_KEY_BYTES];
    struct skr_bytes name = SKR_BYTES("d/e/file");
    ck_assert_int_eq(environment_change(&environment, put_bytes, &name), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, forget_lengths, NULL), SKR_OK);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    struct long_move move = {SKR_BYTES("d/"), long_directory(to, SKR_MAX_KEY_BYTES - 5)};
    ck_assert_int_eq(environment_change(&environment, move_bytes, &move), SKR_NAME_TOO_LONG);
    move.to = long_directory(to, SKR_MAX_KEY_BYTES - 6);
    ck_assert_int_eq(environment_change(&environment, move_bytes, &move), SKR_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("meta directories");
    TCase *cases = tcase_create("directories");
    tcase_set_timeout(cases, 120);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, moves_like_a_list_of_keys, 0, 8);
    tcase_add_test(cases, what_is_refused);
    tcase_add_test(cases, no_name_becomes_too_long);
    tcase_add_test(cases, a_large_directory_moves_as_a_small_one_does);
    tcase_add_test(cases, a_directory_of_an_earlier_format);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
