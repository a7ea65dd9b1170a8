/* Versions against a model: a list of versions a key, the newest first. Random changes, then every listing, also from every
 * position in it, every version's bytes, and the check of the folder. */
#include <check.h>
#include <stdlib.h>

#include "harness.h"
#include "run.h"

#define KEYS 10
#define MOST_VERSIONS 40

struct version {
    int64_t ns;
    bool is_marker;
    size_t size;
    uint64_t seed;
};

static struct harness harness;
static char keys[KEYS][SKR_MAX_KEY_BYTES + 1]; /* in byte order */
static struct version model[KEYS][MOST_VERSIONS];
static size_t counts[KEYS];
static enum skr_versioning versioning;

static int key_order(const void *a, const void *b)
{
    return skr_bytes_compare(skr_text(a), skr_text(b));
}

/* Neighbours and beginnings of each other, around the length at which a piece of a name is cut, and the longest. */
static void make_keys(void)
{
    static const char *const few[] = {"a", "a/", "a/b", "a/0", "ab", "a\1"};
    for (size_t i = 0; i < 6; i++)
        snprintf(keys[i], sizeof keys[i], "%s", few[i]);
    static const size_t lengths[] = {490, 483, 500, SKR_MAX_KEY_BYTES};
    for (size_t i = 0; i < 4; i++) {
        memset(keys[6 + i], "b0cd"[i], lengths[i]);
        keys[6 + i][lengths[i]] = '\0';
    }
    qsort(keys, KEYS, sizeof *keys, key_order);
}

static void setup(void)
{
    memset(counts, 0, sizeof counts);
    versioning = SKR_VERSIONING_OFF;
    make_keys();
    harness_begin(&harness);
}

static void teardown(void)
{
    harness_end(&harness);
}

/* ---- the model ---- */

static const struct version *model_current(size_t key)
{
    return counts[key] > 0 && !model[key][0].is_marker ? &model[key][0] : NULL;
}

static void model_remove(size_t key, size_t at)
{
    counts[key]--;
    memmove(&model[key][at], &model[key][at + 1], (counts[key] - at) * sizeof(struct version));
}

static void model_on_top(size_t key, struct version version)
{
    if (versioning != SKR_VERSIONING_ENABLED) {
        version.ns = 0;
        for (size_t i = 0; i < counts[key]; i++)
            if (model[key][i].ns == 0) {
                model_remove(key, i);
                break;
            }
    }
    memmove(&model[key][1], &model[key][0], counts[key] * sizeof version);
    model[key][0] = version;
    counts[key]++;
}

/* ---- changes ---- */

static void change_put(size_t key)
{
    enum skr_status status;
    struct outcome outcome = {.called = false};
    struct version version = {.size = (size_t)(rand() % 3 == 0 ? 20000 + rand() % 90000 : rand() % 500),
                              .seed = (uint64_t)rand()};
    struct skr_put put = {.name = harness_name("box", keys[key])};
    struct skr_ingest *ingest = harness_ingest(&harness, version.size, version.seed, true, NULL, &status);
    ck_assert_ptr_nonnull(ingest);
    ck_assert_int_eq(harness_wait(&harness, &outcome, skr_put_object(harness.worker, &put, ingest, harness_done, &outcome)),
                     SKR_OK);
    version.ns = outcome.version_ns;
    ck_assert_int_eq(version.ns != 0, versioning == SKR_VERSIONING_ENABLED);
    model_on_top(key, version);
}

static void change_delete(size_t key)
{
    struct outcome outcome = {.called = false};
    struct skr_object_name name = harness_name("box", keys[key]);
    bool mark_absent = rand() % 2 == 0, exists = model_current(key) != NULL;
    enum skr_status status =
        harness_wait(&harness, &outcome, skr_delete_object(harness.worker, &name, NULL, mark_absent, harness_done, &outcome));
    if (!exists && (versioning == SKR_VERSIONING_OFF || !mark_absent)) {
        ck_assert_int_eq(status, SKR_OBJECT_NOT_FOUND);
        return;
    }
    ck_assert_int_eq(status, SKR_OK);
    if (versioning == SKR_VERSIONING_OFF) {
        model_remove(key, 0);
        return;
    }
    ck_assert_int_eq(outcome.kind, SKR_OBJECT_DELETE_MARKER);
    model_on_top(key, (struct version){.ns = outcome.version_ns, .is_marker = true});
}

static void change_delete_version(size_t key)
{
    struct outcome outcome = {.called = false};
    size_t at = counts[key] == 0 ? 0 : (size_t)rand() % counts[key];
    int64_t ns = counts[key] == 0 || rand() % 8 == 0 ? 12345 : model[key][at].ns;
    struct skr_object_name name = harness_version("box", keys[key], ns);
    enum skr_status status =
        harness_wait(&harness, &outcome, skr_delete_object(harness.worker, &name, NULL, true, harness_done, &outcome));
    ck_assert_int_eq(status, ns == 12345 ? SKR_VERSION_NOT_FOUND : SKR_OK);
    if (status != SKR_OK)
        return;
    ck_assert_int_eq(outcome.version_ns, ns);
    ck_assert_int_eq(outcome.kind == SKR_OBJECT_DELETE_MARKER, model[key][at].is_marker);
    model_remove(key, at);
}

static void change_copy(size_t key)
{
    size_t from = (size_t)rand() % KEYS;
    struct outcome outcome = {.called = false};
    if (counts[from] == 0)
        return;
    struct version source = model[from][(size_t)rand() % counts[from]];
    struct skr_put put = {.name = harness_name("box", keys[key])};
    struct skr_copy_source copy = {.name = harness_version("box", keys[from], source.ns), .length = SKR_SIZE_ANY};
    enum skr_status status =
        harness_wait(&harness, &outcome, skr_copy_object(harness.worker, &put, &copy, 0, harness_done, &outcome));
    ck_assert_int_eq(status, source.is_marker ? SKR_IS_DELETE_MARKER : SKR_OK);
    source.ns = outcome.version_ns;
    if (status == SKR_OK)
        model_on_top(key, source);
}

/* In place, which also gives it a new time: its place among the versions stays. */
static void change_update(size_t key)
{
    struct skr_name_value tag = {SKR_BYTES("k"), SKR_BYTES("v")};
    struct skr_object_settings settings = {.set_tags = rand() % 2 == 0, .tags = &tag, .tag_count = 1};
    struct outcome outcome = {.called = false};
    if (counts[key] == 0)
        return;
    settings.set_metadata = !settings.set_tags;
    const struct version *version = &model[key][(size_t)rand() % counts[key]];
    struct skr_object_name name = harness_version("box", keys[key], version->ns);
    enum skr_status status =
        harness_wait(&harness, &outcome, skr_update_object(harness.worker, &name, NULL, &settings, harness_done, &outcome));
    ck_assert_int_eq(status, version->is_marker ? SKR_IS_DELETE_MARKER : SKR_OK);
}

/* Of what is current: a new version with the same bytes, where versions are kept. */
static void change_metadata(size_t key)
{
    struct skr_name_value pair = {SKR_BYTES("k"), SKR_BYTES("v")};
    struct skr_object_settings settings = {.set_metadata = true, .metadata = &pair, .metadata_count = 1};
    struct outcome outcome = {.called = false};
    struct skr_object_name name = harness_name("box", keys[key]);
    const struct version *current = model_current(key);
    enum skr_status status =
        harness_wait(&harness, &outcome, skr_update_object(harness.worker, &name, NULL, &settings, harness_done, &outcome));
    ck_assert_int_eq(status, current != NULL ? SKR_OK : SKR_OBJECT_NOT_FOUND);
    if (current == NULL || versioning == SKR_VERSIONING_OFF)
        return;
    struct version version = *current;
    version.ns = outcome.version_ns;
    ck_assert_int_eq(version.ns != 0, versioning == SKR_VERSIONING_ENABLED);
    model_on_top(key, version);
}

static void change_versioning(void)
{
    versioning = rand() % 2 == 0 ? SKR_VERSIONING_ENABLED : SKR_VERSIONING_SUSPENDED;
    ck_assert_int_eq(harness_set_versioning(&harness, "box", versioning), SKR_OK);
    ck_assert_int_eq(harness_set_versioning(&harness, "box", SKR_VERSIONING_OFF), SKR_INVALID_ARGUMENT);
}

static void random_change(void)
{
    size_t key = (size_t)rand() % KEYS;
    int what = rand() % 20;
    if (counts[key] >= MOST_VERSIONS - 1 || what >= 17)
        change_delete_version(key);
    else if (what < 8)
        change_put(key);
    else if (what < 11)
        change_delete(key);
    else if (what < 13)
        change_copy(key);
    else if (what < 14)
        change_update(key);
    else if (what < 16)
        change_metadata(key);
    else
        change_delete_version(key);
}

/* ---- comparing ---- */

struct row {
    size_t key;
    size_t version; /* SIZE_MAX: a common prefix */
    struct skr_bytes name;
};
static struct row rows[KEYS * MOST_VERSIONS];
static size_t row_count;

/* What a listing shows, in order. */
static void model_list(struct skr_bytes prefix, struct skr_bytes delimiter)
{
    struct skr_bytes last_group = SKR_NO_BYTES;
    row_count = 0;
    for (size_t key = 0; key < KEYS; key++) {
        struct skr_bytes name = skr_text(keys[key]);
        if (counts[key] == 0 || !skr_bytes_starts_with(name, prefix))
            continue;
        const char *found = delimiter.size == 0
                                ? NULL
                                : memmem(name.data + prefix.size, name.size - prefix.size, delimiter.data, delimiter.size);
        if (found == NULL) {
            for (size_t i = 0; i < counts[key]; i++)
                rows[row_count++] = (struct row){key, i, name};
            continue;
        }
        struct skr_bytes group = {name.data, (size_t)(found - name.data) + delimiter.size};
        if (!skr_bytes_equal(group, last_group))
            rows[row_count++] = (struct row){key, SIZE_MAX, group};
        last_group = group;
    }
}

struct comparison {
    size_t at, stop;
};

static bool compare_row(void *context, const struct skr_version_entry *entry)
{
    struct comparison *comparison = context;
    ck_assert_msg(comparison->at < row_count, "'%.40s' is more than was expected", entry->key.data);
    const struct row *row = &rows[comparison->at++];
    ck_assert_msg(skr_bytes_equal(entry->key, row->name), "another name");
    ck_assert_int_eq(entry->is_prefix, row->version == SIZE_MAX);
    if (!entry->is_prefix) {
        const struct version *version = &model[row->key][row->version];
        ck_assert_int_eq(entry->object->version_ns, version->ns);
        ck_assert_int_eq(entry->object->kind == SKR_OBJECT_DELETE_MARKER, version->is_marker);
        ck_assert_uint_eq(entry->object->content.size_bytes, version->size);
        ck_assert_int_eq(entry->is_latest, row->version == 0);
        ck_assert_int_eq(entry->object->versioning, versioning);
    }
    return comparison->at != comparison->stop;
}

static void compare_from(struct skr_list_versions_options *options, size_t at)
{
    struct skr_error error;
    struct comparison comparison = {.at = at, .stop = SIZE_MAX};
    ck_assert_int_eq(skr_list_versions(harness.worker, options, compare_row, &comparison, &error), SKR_OK);
    ck_assert_uint_eq(comparison.at, row_count);
}

static void compare_listing(struct skr_bytes prefix, struct skr_bytes delimiter)
{
    char after_group[SKR_MAX_KEY_BYTES + 1], after_key[SKR_MAX_KEY_BYTES + 1];
    struct skr_list_versions_options options = {
        .account = SKR_BYTES("acct"), .container = SKR_BYTES("box"), .prefix = prefix, .delimiter = delimiter};
    model_list(prefix, delimiter);
    compare_from(&options, 0);
    for (size_t i = 0; i < row_count; i++) { /* a page that begins after each entry */
        options.after_version.is_given = rows[i].version != SIZE_MAX;
        options.from = rows[i].name;
        if (rows[i].version != SIZE_MAX) {
            options.after_version.ns = model[rows[i].key][rows[i].version].ns;
        } else {
            memcpy(after_group, rows[i].name.data, rows[i].name.size);
            after_group[rows[i].name.size] = '\xFF';
            options.from.data = after_group;
            options.from.size++;
        }
        compare_from(&options, i + 1);
        if (rows[i].version != SIZE_MAX && rows[i].version == counts[rows[i].key] - 1) { /* the first key after this one */
            memcpy(after_key, rows[i].name.data, rows[i].name.size);
            after_key[rows[i].name.size] = '\0';
            options.from = (struct skr_bytes){after_key, rows[i].name.size + 1};
            options.after_version.is_given = false;
            compare_from(&options, i + 1);
        }
    }
}

static bool compare_object(void *context, const struct skr_list_entry *entry)
{
    size_t *key = context;
    while (*key < KEYS && model_current(*key) == NULL)
        (*key)++;
    ck_assert_uint_lt(*key, KEYS);
    ck_assert(skr_bytes_equal(entry->key, skr_text(keys[*key])));
    ck_assert_int_eq(entry->object->version_ns, model[*key][0].ns);
    (*key)++;
    return true;
}

static void compare_objects(void)
{
    struct skr_list_options options = {.account = SKR_BYTES("acct"), .container = SKR_BYTES("box")};
    struct skr_error error;
    size_t key = 0;
    ck_assert_int_eq(skr_list_objects(harness.worker, &options, compare_object, &key, &error), SKR_OK);
    while (key < KEYS)
        ck_assert_ptr_null(model_current(key++));
}

static void expect_bytes(const struct skr_object_name *name, const struct version *version)
{
    char *bytes, *expected = malloc(version->size + 1);
    size_t size;
    ck_assert_int_eq(harness_read(&harness, name, &bytes, &size), SKR_OK);
    harness_fill(expected, version->size, version->seed);
    ck_assert_uint_eq(size, version->size);
    ck_assert_int_eq(memcmp(bytes, expected, size), 0);
    free(expected);
    free(bytes);
}

static void compare_bytes(void)
{
    char *bytes;
    size_t size;
    for (size_t key = 0; key < KEYS; key++) {
        struct skr_object_name name = harness_name("box", keys[key]);
        if (model_current(key) != NULL)
            expect_bytes(&name, model_current(key));
        else
            ck_assert_int_eq(harness_read(&harness, &name, &bytes, &size), SKR_OBJECT_NOT_FOUND);
        for (size_t i = 0; i < counts[key]; i++) {
            name = harness_version("box", keys[key], model[key][i].ns);
            if (model[key][i].is_marker)
                ck_assert_int_eq(harness_read(&harness, &name, &bytes, &size), SKR_IS_DELETE_MARKER);
            else
                expect_bytes(&name, &model[key][i]);
        }
    }
}

static void compare_all(void)
{
    static const char *const prefixes[] = {"", "a", "a/", "b", "0", "ddd", "zz"}, *const delimiters[] = {"", "/", "0", "b",
                                                                                                         "bb0"};
    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        compare_listing(skr_text(prefixes[i]), skr_text(delimiters[(size_t)rand() % 5]));
    compare_listing(SKR_NO_BYTES, SKR_NO_BYTES);
    compare_listing(SKR_NO_BYTES, SKR_BYTES("/"));
    compare_listing(SKR_NO_BYTES, (struct skr_bytes){"\0", 1}); /* not a part of any name */
    compare_objects();
    compare_bytes();
}

START_TEST(versions_are_those_of_a_list)
{
    srand((unsigned)_i + 1);
    for (int i = 0; i < 20; i++)
        random_change();
    compare_all();
    for (int round = 0; round < 4; round++) {
        change_versioning();
        for (int i = 0; i < 60; i++)
            random_change();
        compare_all();
    }
    harness_close(&harness);
    ck_assert_uint_eq(harness_problems(&harness, true), 0);
    ck_assert_int_eq(harness_open(&harness), SKR_OK);
    compare_all();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core versions");
    TCase *cases = tcase_create("versions");
    tcase_set_timeout(cases, 240);
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_loop_test(cases, versions_are_those_of_a_list, 0, 6);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
