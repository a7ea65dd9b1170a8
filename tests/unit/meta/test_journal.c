/* The journal: one entry a name, merged, in the order of the last change, counted exactly, found again, and checked. */
#include <check.h>
#include <stdio.h>

#include "environment.h"
#include "journal.h"
#include "records.h"
#include "run.h"
#include "tree.h"

#define ACCOUNT SKR_BYTES("acct")
#define BOX SKR_BYTES("box")

static struct environment environment;
static struct skr_container box;

static enum skr_status make_box(struct skr_view *view, void *context, struct skr_error *err)
{
    (void)context;
    return skr_container_create(view, ACCOUNT, BOX, &box, err);
}

static void setup(void)
{
    environment_make(&environment, 16 << 20, 0);
    box = (struct skr_container){.etag = SKR_BYTES("e")};
    ck_assert_int_eq(environment_change(&environment, make_box, NULL), SKR_OK);
}

static void teardown(void)
{
    ck_assert_uint_eq(environment_problems(&environment), 0);
    environment_remove(&environment);
}

/* ---- one change of a name ---- */

struct noting {
    const char *key;
    struct skr_journal_change change;
    uint64_t sequence; /* out */
    bool fails;
};

static enum skr_status note(struct skr_view *view, void *context, struct skr_error *err)
{
    struct noting *noting = context;
    struct skr_object object = {.kind = SKR_OBJECT_BLOCK, .etag = SKR_BYTES("e")};
    struct skr_bytes key = skr_text(noting->key);
    enum skr_status status = SKR_OK;
    if (noting->change.what & SKR_JOURNAL_DELETE)
        skr_object_remove(view, box.objects_node, key, err);
    else
        status = skr_object_put(view, box.objects_node, key, &object, err);
    noting->change.objects_node = box.objects_node;
    noting->change.journal_node = box.journal_node;
    if (status == SKR_OK)
        status = skr_journal_note(view, ACCOUNT, BOX, key, &noting->change, &noting->sequence, err);
    return status == SKR_OK && noting->fails ? skr_fail(err, SKR_INTERNAL, "on purpose") : status;
}

static uint64_t noted(const char *key, unsigned what, uint64_t size, const char *base)
{
    struct noting noting = {.key = key,
                            .change = {.binding = 7,
                                       .what = what,
                                       .base_known = base != NULL,
                                       .base_etag = skr_text(base),
                                       .size_bytes = size,
                                       .changed_ns = 1000,
                                       .has_trace = true,
                                       .trace = {.size_bytes = size}}};
    ck_assert_int_eq(environment_change(&environment, note, &noting), SKR_OK);
    return noting.sequence;
}

static enum skr_status drop(struct skr_view *view, void *context, struct skr_error *err)
{
    return skr_journal_remove(view, *(uint64_t *)context, err);
}

static struct skr_view *view_of(void)
{
    struct skr_view *view;
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, NULL), SKR_OK);
    return view;
}

static enum skr_status get(const char *key, struct skr_journal_entry *entry)
{
    struct skr_view *view = view_of();
    enum skr_status status = skr_journal_get(view, &box, skr_text(key), entry, NULL);
    skr_view_end(view);
    return status;
}

static void counts(uint64_t entries, uint64_t bytes, uint64_t failed, uint64_t conflicts)
{
    struct skr_journal_numbers numbers;
    struct skr_view *view = view_of();
    ck_assert_int_eq(skr_journal_numbers(view, &numbers, NULL), SKR_OK);
    skr_view_end(view);
    ck_assert_uint_eq(numbers.entries, entries);
    ck_assert_uint_eq(numbers.bytes, bytes);
    ck_assert_uint_eq(numbers.failed, failed);
    ck_assert_uint_eq(numbers.conflicts, conflicts);
}

/* Names in the order of their sequences. */
static void in_order(const char *expected)
{
    char found[256] = "";
    struct skr_journal_entry entry;
    struct skr_view *view = view_of();
    for (uint64_t after = 0; skr_journal_next(view, after, &entry, NULL) == SKR_OK; after = entry.sequence)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%.*s ", SKR_PRINT(entry.key));
    skr_view_end(view);
    ck_assert_str_eq(found, expected);
}

START_TEST(test_merging)
{
    struct skr_journal_entry entry;
    ck_assert_int_eq(get("a", &entry), SKR_NOT_FOUND);
    uint64_t first = noted("a", SKR_JOURNAL_METADATA, 0, "base");
    noted("b", SKR_JOURNAL_CONTENT, 100, "");
    in_order("a b ");
    uint64_t second = noted("a", SKR_JOURNAL_TAGS, 0, "another");
    ck_assert_uint_gt(second, first);
    in_order("b a ");
    ck_assert_int_eq(get("a", &entry), SKR_OK);
    ck_assert_uint_eq(entry.sequence, second);
    ck_assert_uint_eq(entry.what, SKR_JOURNAL_METADATA | SKR_JOURNAL_TAGS);
    ck_assert(entry.base_known && skr_bytes_equal(entry.base_etag, SKR_BYTES("base"))); /* the first one's */
    counts(2, 100, 0, 0);
    noted("a", SKR_JOURNAL_CONTENT, 50, NULL);
    ck_assert_int_eq(get("a", &entry), SKR_OK);
    ck_assert_uint_eq(entry.what, SKR_JOURNAL_CONTENT); /* the rest goes with it */
    ck_assert(entry.base_known && skr_bytes_equal(entry.base_etag, SKR_BYTES("base")));
    counts(2, 150, 0, 0);
    noted("a", SKR_JOURNAL_METADATA, 0, NULL);
    ck_assert_int_eq(get("a", &entry), SKR_OK);
    ck_assert_uint_eq(entry.what, SKR_JOURNAL_CONTENT | SKR_JOURNAL_METADATA);
    counts(2, 150, 0, 0);
    noted("a", SKR_JOURNAL_DELETE, 0, NULL);
    ck_assert_int_eq(get("a", &entry), SKR_OK);
    ck_assert_uint_eq(entry.what, SKR_JOURNAL_DELETE);
    ck_assert(skr_bytes_equal(entry.base_etag, SKR_BYTES("base")));
    counts(2, 100, 0, 0);
    noted("a", SKR_JOURNAL_CONTENT, 10, NULL);
    ck_assert_int_eq(get("a", &entry), SKR_OK);
    ck_assert_uint_eq(entry.what, SKR_JOURNAL_CONTENT);
    ck_assert_uint_eq(entry.trace_count, 5); /* what it was each time */
    for (int i = 0; i < 40; i++)
        noted("a", SKR_JOURNAL_CONTENT, 1000 + (uint64_t)i, NULL);
    ck_assert_int_eq(get("a", &entry), SKR_OK);
    ck_assert_uint_eq(entry.trace_count, SKR_JOURNAL_TRACES); /* the first ones and the last ones */
    ck_assert_uint_eq(entry.traces[0].size_bytes, 0);
    ck_assert_uint_eq(entry.traces[SKR_JOURNAL_TRACES - 1].size_bytes, 1039);
}
END_TEST

START_TEST(test_another_binding)
{
    struct skr_journal_entry entry;
    struct noting other = {.key = "a", .change = {.binding = 8, .what = SKR_JOURNAL_CONTENT, .changed_ns = 2000}};
    noted("a", SKR_JOURNAL_CONTENT, 1, "base");
    ck_assert_int_eq(environment_change(&environment, note, &other), SKR_OK);
    ck_assert_int_eq(get("a", &entry), SKR_OK);
    ck_assert_uint_eq(entry.binding, 8);
    ck_assert(!entry.base_known && entry.base_etag.size == 0);
    ck_assert_int_eq(entry.since_ns, 1000);
    ck_assert_int_eq(entry.changed_ns, 2000);
}
END_TEST

struct setting {
    uint64_t sequence;
    enum skr_journal_state state;
};

static enum skr_status set_state(struct skr_view *view, void *context, struct skr_error *err)
{
    struct setting *setting = context;
    struct skr_journal_entry entry;
    enum skr_status status = skr_journal_at(view, setting->sequence, &entry, err);
    entry.state = setting->state;
    entry.reason = SKR_BYTES("because");
    entry.not_before_ns = 99;
    return status != SKR_OK ? status : skr_journal_update(view, &entry, err);
}

START_TEST(test_states)
{
    struct skr_journal_entry entry;
    struct setting setting = {noted("a", SKR_JOURNAL_CONTENT, 10, ""), SKR_JOURNAL_FAILED};
    ck_assert_int_eq(environment_change(&environment, set_state, &setting), SKR_OK);
    counts(1, 10, 1, 0);
    ck_assert_int_eq(get("a", &entry), SKR_OK);
    ck_assert_uint_eq(entry.sequence, setting.sequence);
    ck_assert(skr_bytes_equal(entry.reason, SKR_BYTES("because")) && entry.not_before_ns == 99);
    setting.sequence = noted("a", SKR_JOURNAL_CONTENT, 20, ""); /* a new chance */
    ck_assert_int_eq(get("a", &entry), SKR_OK);
    ck_assert(entry.state == SKR_JOURNAL_PENDING && entry.reason.size == 0 && entry.not_before_ns == 0);
    counts(1, 20, 0, 0);
    setting.state = SKR_JOURNAL_CONFLICT;
    ck_assert_int_eq(environment_change(&environment, set_state, &setting), SKR_OK);
    counts(1, 20, 0, 1);
    noted("a", SKR_JOURNAL_CONTENT, 30, ""); /* two sides are two sides still */
    counts(1, 30, 0, 1);
    setting.sequence = 12345;
    ck_assert_int_eq(environment_change(&environment, set_state, &setting), SKR_NOT_FOUND);
}
END_TEST

START_TEST(test_removing)
{
    struct skr_journal_entry entry;
    uint64_t old = noted("a", SKR_JOURNAL_CONTENT, 10, ""), now = noted("a", SKR_JOURNAL_CONTENT, 20, "");
    ck_assert_int_eq(environment_change(&environment, drop, &old), SKR_NOT_FOUND); /* it was changed since */
    counts(1, 20, 0, 0);
    ck_assert_int_eq(environment_change(&environment, drop, &now), SKR_OK);
    ck_assert_int_eq(get("a", &entry), SKR_NOT_FOUND);
    counts(0, 0, 0, 0);
    struct noting failing = {.key = "a", .fails = true, .change = {.what = SKR_JOURNAL_CONTENT, .size_bytes = 5}};
    ck_assert_int_eq(environment_change(&environment, note, &failing), SKR_INTERNAL);
    counts(0, 0, 0, 0);
}
END_TEST

START_TEST(test_restart)
{
    char long_name[SKR_MAX_KEY_BYTES + 1];
    struct skr_journal_entry entry;
    memset(long_name, 'z', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    const char *const names[] = {"d/2", "c", "d/1", "a", long_name};
    for (size_t i = 0; i < 5; i++)
        noted(names[i], SKR_JOURNAL_CONTENT, 1, "");
    environment_reopen(&environment);
    counts(5, 5, 0, 0);
    uint64_t before = noted("c", SKR_JOURNAL_METADATA, 0, NULL);
    for (size_t i = 0; i < 5; i++) {
        ck_assert_int_eq(get(names[i], &entry), SKR_OK);
        ck_assert(i == 1 ? entry.sequence == before : entry.sequence < before); /* later than all before the restart */
    }
    struct skr_view *view = view_of();
    ck_assert_int_eq(skr_journal_next(view, before, &entry, NULL), SKR_NOT_FOUND);
    skr_view_end(view);
}
END_TEST

/* ---- names keep their entries whatever happens to their objects ---- */

#define MODEL_NAMES 6
static const char *const model_names[MODEL_NAMES] = {"a", "b", "d/a", "d/b", "d/e/a", "z"};
struct model_name {
    bool exists;
    uint64_t sequence; /* 0: no entry */
};

struct model_step {
    enum { PUT, UPDATE, REMOVE, MOVE, NOTE_PUT, NOTE_UPDATE, NOTE_REMOVE, UPLOADED, STEP_KINDS } kind;
    const char *name, *to;
    uint64_t sequence; /* in: of UPLOADED. Out: noted */
};

static enum skr_status make_step(struct skr_view *view, void *context, struct skr_error *err)
{
    struct model_step *step = context;
    struct skr_object object = {.kind = SKR_OBJECT_BLOCK, .etag = SKR_BYTES("e")};
    struct skr_journal_change change = {.objects_node = box.objects_node,
                                        .journal_node = box.journal_node,
                                        .binding = 7,
                                        .changed_ns = 1000,
                                        .what = SKR_JOURNAL_CONTENT};
    struct skr_bytes key = skr_text(step->name);
    enum skr_status status = SKR_OK;
    switch (step->kind) {
    case PUT:
    case NOTE_PUT:
        status = skr_object_put(view, box.objects_node, key, &object, err);
        break;
    case UPDATE:
    case NOTE_UPDATE:
        change.what = SKR_JOURNAL_METADATA;
        status = skr_object_update(view, box.objects_node, key, &object, err);
        break;
    case REMOVE:
    case NOTE_REMOVE:
        change.what = SKR_JOURNAL_DELETE;
        status = skr_object_remove(view, box.objects_node, key, err);
        break;
    case MOVE:
        return skr_object_move(view, box.objects_node, key, skr_text(step->to), err);
    case UPLOADED:
    case STEP_KINDS:
        return skr_journal_remove(view, step->sequence, err);
    }
    return status != SKR_OK || step->kind < NOTE_PUT ? status
                                                     : skr_journal_note(view, ACCOUNT, BOX, key, &change, &step->sequence, err);
}

static void model_compare(const struct model_name model[MODEL_NAMES])
{
    struct skr_journal_entry entry;
    bool empty, is_whole = true;
    size_t dirty = 0;
    for (size_t i = 0; i < MODEL_NAMES; i++) {
        enum skr_status status = get(model_names[i], &entry);
        ck_assert_int_eq(status, model[i].sequence == 0 ? SKR_NOT_FOUND : SKR_OK);
        ck_assert(status != SKR_OK ||
                  (entry.sequence == model[i].sequence && skr_bytes_equal(entry.key, skr_text(model_names[i]))));
        dirty += status == SKR_OK;
        is_whole &= status != SKR_OK || model[i].exists || entry.what == SKR_JOURNAL_DELETE;
    }
    struct skr_view *view = view_of();
    ck_assert_int_eq(skr_journal_is_empty(view, &box, &empty, NULL), SKR_OK);
    skr_view_end(view);
    ck_assert(empty == (dirty == 0));
    if (is_whole) /* else an object is gone that its entry does not know to be */
        ck_assert_uint_eq(environment_problems(&environment), 0);
}

START_TEST(test_names_keep_their_entries)
{
    struct model_name model[MODEL_NAMES] = {{.exists = false}};
    srandom(7);
    for (int i = 0; i < 3000; i++) {
        size_t at = (size_t)random() % MODEL_NAMES, to = (size_t)random() % MODEL_NAMES;
        struct model_name *name = &model[at];
        struct model_step step = {.kind = (unsigned)random() % STEP_KINDS,
                                  .name = model_names[at],
                                  .to = model_names[to],
                                  .sequence = name->sequence};
        bool puts = step.kind == PUT || step.kind == NOTE_PUT;
        if (step.kind == UPLOADED ? name->sequence == 0 : !name->exists && !puts)
            continue;
        ck_assert_int_eq(environment_change(&environment, make_step, &step), SKR_OK);
        name->exists =
            step.kind == UPLOADED ? name->exists : step.kind != REMOVE && step.kind != NOTE_REMOVE && step.kind != MOVE;
        if (step.kind == MOVE)
            model[to].exists = true;
        if (step.kind >= NOTE_PUT)
            name->sequence = step.kind == UPLOADED ? 0 : step.sequence;
        model_compare(model);
    }
    for (size_t i = 0; i < MODEL_NAMES; i++) /* whole again, for the check at the end */
        if (model[i].sequence != 0)
            ck_assert_int_eq(environment_change(&environment, drop, &model[i].sequence), SKR_OK);
}
END_TEST

/* As format 4 had it: the tree leads to every entry, and no record does. */
static enum skr_status make_format_4(struct skr_view *view, void *context, struct skr_error *err)
{
    struct skr_object object = {.kind = SKR_OBJECT_BLOCK, .etag = SKR_BYTES("e")};
    struct skr_bytes key = SKR_BYTES("d/a");
    char leaf[8];
    skr_put_be64(leaf, *(uint64_t *)context);
    enum skr_status status = skr_object_write(view, box.objects_node, key, &object, 0, err);
    return status != SKR_OK ? status : skr_tree_put(view, box.journal_node, key, (struct skr_bytes){leaf, sizeof leaf}, err);
}

START_TEST(test_entries_of_format_4)
{
    struct skr_journal_entry entry;
    struct skr_bytes leaf;
    uint64_t sequence = noted("d/a", SKR_JOURNAL_CONTENT, 1, "base");
    ck_assert_int_eq(environment_change(&environment, make_format_4, &sequence), SKR_OK);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    ck_assert_int_eq(get("d/a", &entry), SKR_OK);
    ck_assert_uint_eq(entry.sequence, sequence);
    uint64_t later = noted("d/a", SKR_JOURNAL_CONTENT, 2, NULL);
    ck_assert_int_eq(get("d/a", &entry), SKR_OK);
    ck_assert(entry.sequence == later && skr_bytes_equal(entry.base_etag, SKR_BYTES("base")));
    counts(1, 2, 0, 0);
    struct skr_view *view = view_of(); /* it leads to what is gone, and went with it */
    ck_assert_int_eq(skr_tree_get(view, box.journal_node, SKR_BYTES("d/a"), &leaf, NULL), SKR_NOT_FOUND);
    skr_view_end(view);
    ck_assert_int_eq(environment_change(&environment, make_format_4, &later), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, drop, &later), SKR_OK);
    ck_assert_int_eq(get("d/a", &entry), SKR_NOT_FOUND);
}
END_TEST

/* ---- a container that goes, and damage ---- */

static enum skr_status remove_box(struct skr_view *view, void *context, struct skr_error *err)
{
    (void)context;
    return skr_container_remove(view, ACCOUNT, BOX, err);
}

static enum skr_status collect(struct skr_view *view, void *context, struct skr_error *err)
{
    bool done;
    return skr_garbage_step(view, context, 2, &done, err);
}

START_TEST(test_container_goes)
{
    struct skr_garbage garbage;
    char name[16];
    for (int i = 0; i < 10; i++) {
        snprintf(name, sizeof name, "dir%d/x", i);
        noted(name, i % 3 == 2 ? SKR_JOURNAL_DELETE : SKR_JOURNAL_CONTENT, 3, "");
    }
    ck_assert_int_eq(environment_change(&environment, remove_box, NULL), SKR_OK);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    for (int steps = 0;; steps++) {
        struct skr_view *view = view_of();
        enum skr_status status = skr_garbage_next(view, 0, &garbage, NULL);
        skr_view_end(view);
        if (status == SKR_NOT_FOUND)
            break;
        ck_assert_int_lt(steps, 200);
        ck_assert_int_eq(environment_change(&environment, collect, &garbage), SKR_OK);
        ck_assert_uint_eq(environment_problems(&environment), 0);
    }
    counts(0, 0, 0, 0);
    in_order("");
}
END_TEST

static enum skr_status lose_row(struct skr_view *view, void *context, struct skr_error *err)
{
    struct skr_row_key row;
    return skr_row_remove(view, SKR_TABLE_JOURNAL, skr_key_1(&row, *(uint64_t *)context), err);
}

static enum skr_status lose_lead(struct skr_view *view, void *context, struct skr_error *err)
{
    struct skr_object object = {.kind = SKR_OBJECT_BLOCK, .etag = SKR_BYTES("e")};
    return skr_object_write(view, box.objects_node, skr_text(context), &object, 0, err);
}

static enum skr_status lose_leaf(struct skr_view *view, void *context, struct skr_error *err)
{
    return skr_tree_remove(view, box.journal_node, skr_text(context), err);
}

static enum skr_status lose_object(struct skr_view *view, void *context, struct skr_error *err)
{
    return skr_object_remove(view, box.objects_node, skr_text(context), err);
}

static enum skr_status lose_sums(struct skr_view *view, void *context, struct skr_error *err)
{
    (void)context, (void)err;
    skr_journal_count(view, &(struct skr_journal_numbers){.entries = 77});
    return SKR_OK;
}

START_TEST(test_damage)
{
    struct skr_meta_check check;
    struct skr_error error;
    struct skr_journal_entry entry;
    uint64_t row = noted("d/a", SKR_JOURNAL_DELETE, 0, "x"), row_of_object = noted("d/c", SKR_JOURNAL_CONTENT, 1, "");
    noted("d/b", SKR_JOURNAL_CONTENT, 2, "");
    noted("e/c", SKR_JOURNAL_CONTENT, 4, "");
    noted("gone", SKR_JOURNAL_DELETE, 0, "x");
    noted("lost", SKR_JOURNAL_DELETE, 0, "x");
    noted("whole", SKR_JOURNAL_CONTENT, 8, "");
    ck_assert_uint_eq(environment_problems(&environment), 0);
    ck_assert_int_eq(environment_change(&environment, lose_row, &row), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, lose_row, &row_of_object), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, lose_lead, "d/b"), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, lose_leaf, "lost"), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, lose_object, "e/c"), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, lose_sums, NULL), SKR_OK);
    ck_assert_uint_ge(environment_problems(&environment), 4);
    struct skr_meta_check_options options = {.repair = true};
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(skr_meta_check_all(environment.meta, &options, &check, &error), SKR_OK);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    ck_assert_int_eq(get("d/a", &entry), SKR_NOT_FOUND);
    ck_assert_int_eq(get("d/c", &entry), SKR_NOT_FOUND);
    ck_assert_int_eq(get("e/c", &entry), SKR_NOT_FOUND);
    ck_assert_int_eq(get("gone", &entry), SKR_OK);
    in_order("gone whole ");
    counts(2, 8, 0, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("journal");
    TCase *cases = tcase_create("journal");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, test_merging);
    tcase_add_test(cases, test_another_binding);
    tcase_add_test(cases, test_states);
    tcase_add_test(cases, test_removing);
    tcase_add_test(cases, test_restart);
    tcase_add_test(cases, test_names_keep_their_entries);
    tcase_add_test(cases, test_entries_of_format_4);
    tcase_add_test(cases, test_container_goes);
    tcase_add_test(cases, test_damage);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
