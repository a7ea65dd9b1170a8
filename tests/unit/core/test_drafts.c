/* Drafts: what is written at any place in any order is what is read, before and after it is published, whoever reads. */
#include <check.h>
#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#include "harness.h"
#include "run.h"
#include "skerry/files.h"

#define MOST (UINT64_C(40) << 16)

static struct harness harness;
static struct skr_arena arena;
static struct skr_error error;

static const struct skr_file_name file = {.account = {"acct", 4}, .container = {"box", 3}, .path = {"dir/file", 8}};

static void begin(void)
{
    harness_begin(&harness);
}

static void end(void)
{
    skr_arena_release(&arena);
    harness_end(&harness);
}

static struct skr_held *find(uint64_t *id)
{
    struct skr_entry entry;
    struct skr_held *held;
    ck_assert_int_eq(skr_find_file(harness.worker, &arena, &file, &entry, &held, &error), SKR_OK);
    *id = entry.object.id;
    return held;
}

static struct skr_draft *open_draft(uint64_t *id)
{
    struct skr_draft *draft;
    struct skr_held *held = find(id);
    ck_assert_int_eq(skr_draft_open(harness.worker, held, &draft, &error), SKR_OK);
    skr_held_release(held);
    return draft;
}

static void publish(struct skr_draft *draft, uint64_t id)
{
    struct skr_file_attributes none = {.given = 0};
    struct skr_object object;
    ck_assert_msg(skr_draft_publish(harness.worker, &arena, draft, &file, id, &none, &object, &error) == SKR_OK, "%s",
                  error.message);
    ck_assert_uint_eq(object.id, id);
    ck_assert(!skr_draft_is_dirty(draft));
}

static void expect_held(const struct skr_held *held, const unsigned char *model, uint64_t size)
{
    unsigned char *bytes = malloc(size + 1);
    ck_assert_uint_eq(skr_held_content(held)->size_bytes, size);
    ck_assert_int_eq(skr_held_read(harness.worker, held, 0, bytes, size, 0, &error), (ssize_t)size);
    ck_assert(memcmp(bytes, model, size) == 0);
    free(bytes);
}

static void expect_object(const unsigned char *model, uint64_t size)
{
    char *bytes;
    size_t got;
    ck_assert_int_eq(harness_get(&harness, "box", "dir/file", &bytes, &got), SKR_OK);
    ck_assert_uint_eq(got, size);
    ck_assert(memcmp(bytes, model, size) == 0);
    free(bytes);
}

static void expect_draft(struct skr_draft *draft, const unsigned char *model, uint64_t size)
{
    unsigned char *bytes = malloc(size + 1);
    ck_assert_uint_eq(skr_draft_size(draft), size);
    ck_assert_int_eq(skr_draft_read(harness.worker, draft, 0, bytes, size + 1, &error), (ssize_t)size);
    uint64_t same = 0;
    while (same < size && bytes[same] == model[same])
        same++;
    ck_assert_msg(same == size, "byte %llu of %llu", (unsigned long long)same, (unsigned long long)size);
    free(bytes);
}

static uint64_t state;
static uint64_t chance(uint64_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

/* Places near the limits of chunks and of small files, or anywhere. */
static uint64_t place(void)
{
    uint64_t limits[] = {0, 16384, 65536, 2 * 65536, 9 * 65536};
    if (chance(3) == 0)
        return chance(MOST);
    uint64_t at = limits[chance(5)] + chance(7);
    return at < 3 ? 0 : at - 3;
}

/* One session: changes in random order, published now and then, beside a reader of an earlier state. */
static void session(unsigned char *model, uint64_t *size, unsigned steps)
{
    uint64_t id, old_size = 0;
    struct skr_draft *draft = open_draft(&id);
    struct skr_held *old = NULL;
    unsigned char *old_model = malloc(MOST), *data = malloc(MOST);
    expect_draft(draft, model, *size);
    for (unsigned step = 0; step < steps; step++) {
        uint64_t at = place(), length = chance(4) == 0 ? chance(300000) : chance(4) == 0 ? 65536 : chance(5000), where;
        if (at + length > MOST)
            length = MOST - at;
        harness_fill(data, length, state);
        switch (chance(8)) {
        case 0:
        case 1:
        case 2:
            ck_assert_int_eq(skr_draft_write(harness.worker, draft, at, data, length, &error), SKR_OK);
            memcpy(model + at, data, length);
            if (length > 0 && at + length > *size)
                *size = at + length;
            break;
        case 3:
            if (*size + length > MOST)
                break;
            ck_assert_int_eq(skr_draft_append(harness.worker, draft, data, length, &where, &error), SKR_OK);
            ck_assert_uint_eq(where, *size);
            memcpy(model + *size, data, length);
            *size += length;
            break;
        case 4:
            ck_assert_int_eq(skr_draft_resize(harness.worker, draft, at, &error), SKR_OK);
            if (at < *size)
                memset(model + at, 0, *size - at);
            *size = at;
            break;
        case 5:
            ck_assert_int_eq(skr_draft_punch(harness.worker, draft, at, length, &error), SKR_OK);
            memset(model + at, 0, length);
            break;
        case 6:
            publish(draft, id);
            expect_object(model, *size);
            if (old != NULL)
                expect_held(old, old_model, old_size);
            skr_held_release(old);
            old = skr_draft_held(draft);
            old_size = *size;
            memcpy(old_model, model, *size);
            break;
        default:
            expect_draft(draft, model, *size);
        }
    }
    expect_draft(draft, model, *size);
    publish(draft, id);
    skr_draft_close(harness.worker, draft);
    expect_object(model, *size);
    if (old != NULL)
        expect_held(old, old_model, old_size);
    skr_held_release(old);
    free(old_model);
    free(data);
}

START_TEST(reads_what_was_written)
{
    unsigned char *model = calloc(1, MOST);
    uint64_t size = 0;
    state = 0x9E3779B97F4A7C15u + (uint64_t)_i * 77;
    switch (_i % 4) { /* what there is at first: nothing, a small one, one file, blocks of odd sizes */
    case 0:
        size = 0;
        ck_assert_int_eq(harness_put(&harness, "box", "dir/file", size, 1), SKR_OK);
        break;
    case 1:
        size = 9000;
        ck_assert_int_eq(harness_put(&harness, "box", "dir/file", size, 1), SKR_OK);
        break;
    case 2:
        size = 700001;
        ck_assert_int_eq(harness_put(&harness, "box", "dir/file", size, 1), SKR_OK);
        break;
    default:
        size = 0;
        for (int i = 0; i < 3; i++) {
            static const char *const names[] = {"a", "b", "c"};
            static const size_t sizes[] = {70001, 200003, 5};
            ck_assert_int_eq(harness_put_block(&harness, "box", "dir/file", names[i], sizes[i], (uint64_t)i), SKR_OK);
            harness_fill(model + size, sizes[i], (uint64_t)i);
            size += sizes[i];
        }
        ck_assert_int_eq(harness_commit(&harness, "box", "dir/file", (const char *const[]){"a", "b", "c", NULL}), SKR_OK);
    }
    if (_i % 4 == 1 || _i % 4 == 2)
        harness_fill(model, size, 1);
    for (unsigned i = 0; i < 3; i++)
        session(model, &size, 40);
    harness_close(&harness); /* and from the disk */
    ck_assert_int_eq(harness_open(&harness), SKR_OK);
    expect_object(model, size);
    session(model, &size, 10);
    free(model);
}
END_TEST

START_TEST(a_file_written_once_is_one_piece)
{
    uint64_t id;
    int fd;
    unsigned char *data = malloc(3000000);
    harness_fill(data, 3000000, 5);
    ck_assert_int_eq(harness_put(&harness, "box", "dir/file", 0, 1), SKR_OK);
    struct skr_draft *draft = open_draft(&id);
    for (size_t at = 0; at < 3000000; at += 100000)
        ck_assert_int_eq(skr_draft_write(harness.worker, draft, at, data + at, 100000, &error), SKR_OK);
    publish(draft, id);
    skr_draft_close(harness.worker, draft);
    struct skr_held *held = find(&id);
    ck_assert_int_eq(skr_held_content(held)->layout, SKR_CONTENT_EXTENT);
    ck_assert_int_eq(skr_held_open_file(harness.worker, held, &fd, &error), SKR_OK);
    close(fd);
    skr_held_release(held);
    free(data);
}
END_TEST

static bool count_block(void *context, bool is_committed, const struct skr_block *block)
{
    (void)is_committed;
    *(uint64_t *)context += block->size_bytes;
    return true;
}

START_TEST(several_pieces_become_one)
{
    static const char *const names[] = {"a", "b", "c"};
    static const size_t sizes[] = {700001, 2000003, 5};
    struct skr_object_name name = harness_name("box", "dir/file");
    uint64_t same_id, size = 0, blocks = 0;
    int fd = -1;
    unsigned char *model = malloc(3000000);
    for (int i = 2; i >= 0; i--) /* the last one comes first */
        ck_assert_int_eq(harness_put_block(&harness, "box", "dir/file", names[i], sizes[i], (uint64_t)i), SKR_OK);
    for (int i = 0; i < 3; i++) {
        harness_fill(model + size, sizes[i], (uint64_t)i);
        size += sizes[i];
    }
    ck_assert_int_eq(harness_commit(&harness, "box", "dir/file", (const char *const[]){"a", "b", "c", NULL}), SKR_OK);
    struct skr_entry before, after;
    struct skr_held *held;
    ck_assert_int_eq(skr_find_file(harness.worker, &arena, &file, &before, &held, &error), SKR_OK);
    ck_assert_int_eq(skr_held_open_file(harness.worker, held, &fd, &error), SKR_UNSUPPORTED);
    skr_straighten_later(harness.core, &file, before.object.id, held);
    for (enum skr_status status = SKR_UNSUPPORTED; status != SKR_OK;) { /* in its own time */
        struct skr_held *now = find(&same_id);
        status = skr_held_open_file(harness.worker, now, &fd, &error);
        if (status == SKR_OK)
            expect_held(now, model, size);
        skr_held_release(now);
        harness_run(&harness);
    }
    close(fd);
    expect_held(held, model, size); /* who reads the old one goes on */
    skr_held_release(held);
    expect_object(model, size);
    ck_assert_int_eq(skr_find_file(harness.worker, &arena, &file, &after, NULL, &error), SKR_OK);
    ck_assert_uint_eq(after.object.id, before.object.id);
    ck_assert(skr_bytes_equal(after.object.etag, before.object.etag));
    ck_assert_int_eq(after.object.modified_ns, before.object.modified_ns);
    ck_assert_int_eq(
        skr_read_block_list(harness.worker, &arena, &name, NULL, true, false, &after.object, count_block, &blocks, &error),
        SKR_OK);
    ck_assert_uint_eq(blocks, size);
    free(model);
}
END_TEST

START_TEST(what_another_face_put_stays)
{
    uint64_t id;
    struct skr_file_attributes none = {.given = 0};
    struct skr_object object;
    ck_assert_int_eq(harness_put(&harness, "box", "dir/file", 100, 1), SKR_OK);
    struct skr_draft *draft = open_draft(&id);
    ck_assert_int_eq(skr_draft_write(harness.worker, draft, 0, "x", 1, &error), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "dir/file", 200, 2), SKR_OK);
    ck_assert_int_eq(skr_draft_publish(harness.worker, &arena, draft, &file, id, &none, &object, &error), SKR_OBJECT_NOT_FOUND);
    ck_assert(harness_holds(&harness, "box", "dir/file", 200, 2));
    ck_assert(skr_draft_is_dirty(draft));
    skr_draft_close(harness.worker, draft);
}
END_TEST

START_TEST(holes_take_no_room)
{
    uint64_t id, at;
    ck_assert_int_eq(harness_put(&harness, "box", "dir/file", 0, 1), SKR_OK);
    struct skr_draft *draft = open_draft(&id);
    ck_assert_int_eq(skr_draft_resize(harness.worker, draft, UINT64_C(1) << 42, &error), SKR_OK);
    ck_assert_int_eq(skr_draft_write(harness.worker, draft, UINT64_C(1) << 41, "middle", 6, &error), SKR_OK);
    ck_assert_int_eq(skr_draft_seek(draft, 0, true, &at, &error), SKR_OK);
    ck_assert_uint_eq(at, UINT64_C(1) << 41);
    publish(draft, id);
    skr_draft_close(harness.worker, draft);
    struct skr_held *held = find(&id);
    char bytes[8];
    ck_assert_uint_eq(skr_held_content(held)->size_bytes, UINT64_C(1) << 42);
    ck_assert_int_eq(skr_held_read(harness.worker, held, (UINT64_C(1) << 41) - 1, bytes, 8, 0, &error), 8);
    ck_assert(memcmp(bytes, "\0middle\0", 8) == 0);
    skr_held_release(held);
}
END_TEST

START_TEST(a_small_file_outlives_its_name)
{
    uint64_t id;
    char bytes[100], expected[100];
    harness_fill(expected, 100, 3);
    ck_assert_int_eq(harness_put(&harness, "box", "dir/file", 100, 3), SKR_OK);
    struct skr_held *held = find(&id);
    ck_assert_int_eq(harness_delete(&harness, "box", "dir/file"), SKR_OK);
    ck_assert_int_eq(skr_held_read(harness.worker, held, 0, bytes, 100, 0, &error), 100);
    ck_assert(memcmp(bytes, expected, 100) == 0);
    skr_held_release(held);
}
END_TEST

static uint64_t disk_bytes;

static int count_blocks(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)path, (void)walk;
    disk_bytes += type == FTW_F ? (uint64_t)info->st_blocks * 512 : 0;
    return 0;
}

static uint64_t contents_on_disk(void)
{
    char path[128];
    snprintf(path, sizeof path, "%s/contents", harness.directory);
    disk_bytes = 0;
    nftw(path, count_blocks, 16, FTW_PHYS);
    return disk_bytes;
}

START_TEST(what_is_overwritten_gives_its_room_back)
{
    uint64_t id, size = 64 * 65536;
    unsigned char *data = malloc(size);
    harness_fill(data, size, 5);
    ck_assert_int_eq(harness_put(&harness, "box", "dir/file", 0, 1), SKR_OK);
    for (unsigned session = 0; session < 3; session++) {
        struct skr_draft *draft = open_draft(&id);
        ck_assert_int_eq(skr_draft_write(harness.worker, draft, 0, data, size, &error), SKR_OK);
        for (unsigned i = 0; i < 40; i++) {
            data[i * 65536] ^= 1;
            ck_assert_int_eq(skr_draft_write(harness.worker, draft, i * 65536, data + i * 65536, 1, &error), SKR_OK);
            publish(draft, id);
        }
        if (session == 0) { /* somebody has a part of it by reference: that stays */
            struct outcome outcome = {.called = false};
            struct skr_object_name name = harness_name("box", "part");
            struct skr_copy_source source = {.name = harness_name("box", "dir/file"), .length = 65536};
            ck_assert_int_eq(
                harness_wait(&harness, &outcome,
                             skr_put_block_from(harness.worker, &name, SKR_BYTES("a"), &source, harness_done, &outcome)),
                SKR_OK);
            ck_assert_int_eq(harness_delete(&harness, "box", "dir/file"), SKR_OK);
            ck_assert_int_eq(harness_put(&harness, "box", "dir/file", 0, 1), SKR_OK);
        }
        skr_draft_close(harness.worker, draft);
    }
    expect_object(data, size);
    ck_assert_int_eq(harness_commit(&harness, "box", "part", (const char *const[]){"a", NULL}), SKR_OK);
    /* the collector does it in its own time; what is left are the file, one whole file behind `part`, and little else */
    while (contents_on_disk() > 3 * size)
        harness_run(&harness);
    free(data);
}
END_TEST

/* A round of the collector's, from its beginning to its end. */
static void wait_for_a_round(void)
{
    uint64_t before = contents_on_disk();
    ck_assert_int_eq(harness_put(&harness, "box", "passing", 1000000, 1), SKR_OK);
    ck_assert_int_eq(harness_delete(&harness, "box", "passing"), SKR_OK);
    while (contents_on_disk() > before + 500000)
        harness_run(&harness);
}

START_TEST(what_is_referred_to_is_not_given_back)
{
    uint64_t id, size = 8 * 65536;
    unsigned char *data = malloc(size);
    struct skr_file_name other = {.account = SKR_BYTES("acct"), .container = SKR_BYTES("box"), .path = SKR_BYTES("other")};
    struct skr_object_name name = harness_name("box", "other");
    struct skr_copy_source source = {.name = harness_name("box", "dir/file"), .length = size};
    struct outcome outcome = {.called = false};
    struct skr_file_attributes none = {.given = 0};
    struct skr_object object;
    struct skr_entry entry;
    struct skr_held *held;
    harness_fill(data, size, 5);
    ck_assert_int_eq(harness_put(&harness, "box", "dir/file", 0, 1), SKR_OK);
    struct skr_draft *draft = open_draft(&id);
    ck_assert_int_eq(skr_draft_write(harness.worker, draft, 0, data, size, &error), SKR_OK);
    publish(draft, id);
    ck_assert_int_eq(harness_wait(&harness, &outcome,
                                  skr_put_block_from(harness.worker, &name, SKR_BYTES("a"), &source, harness_done, &outcome)),
                     SKR_OK);
    ck_assert_int_eq(harness_commit(&harness, "box", "other", (const char *const[]){"a", NULL}), SKR_OK);
    ck_assert_int_eq(skr_draft_write(harness.worker, draft, 3 * 65536, "x", 1, &error), SKR_OK); /* not so of the other one */
    publish(draft, id);
    skr_draft_close(harness.worker, draft);
    ck_assert_int_eq(skr_find_file(harness.worker, &arena, &other, &entry, &held, &error), SKR_OK);
    ck_assert_int_eq(skr_draft_open(harness.worker, held, &draft, &error), SKR_OK);
    skr_held_release(held);
    ck_assert_int_eq(skr_draft_write(harness.worker, draft, 0, data, 1, &error), SKR_OK);
    ck_assert_int_eq(skr_draft_publish(harness.worker, &arena, draft, &other, entry.object.id, &none, &object, &error), SKR_OK);
    skr_draft_close(harness.worker, draft);
    for (int i = 0; i < 4; i++)
        wait_for_a_round();
    ck_assert(harness_holds(&harness, "box", "other", size, 5));
    free(data);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core_drafts");
    TCase *cases = tcase_create("drafts");
    tcase_add_checked_fixture(cases, begin, end);
    tcase_set_timeout(cases, 120);
    tcase_add_loop_test(cases, reads_what_was_written, 0, 8);
    tcase_add_test(cases, a_file_written_once_is_one_piece);
    tcase_add_test(cases, several_pieces_become_one);
    tcase_add_test(cases, what_another_face_put_stays);
    tcase_add_test(cases, what_is_overwritten_gives_its_room_back);
    tcase_add_test(cases, what_is_referred_to_is_not_given_back);
    tcase_add_test(cases, holes_take_no_room);
    tcase_add_test(cases, a_small_file_outlives_its_name);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
