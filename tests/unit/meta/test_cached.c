/* Contents that are here in part, and the rows of bindings. */
#include <check.h>
#include <stdio.h>

#include "contents.h"
#include "environment.h"
#include "run.h"

#define CHUNK 65536
#define SIZE (10 * CHUNK + 100)

static struct environment environment;
static struct skr_container box;
static struct skr_content content; /* of the object "x" */
static const struct skr_origin origin = {5, {"box", 3}, {"x", 1}, {"etag", 4}};

struct making {
    uint64_t size_bytes;
    const char *key;
};

static enum skr_status make_box(struct skr_view *view, void *context, struct skr_error *err)
{
    (void)context;
    return skr_container_create(view, SKR_BYTES("acct"), SKR_BYTES("box"), &box, err);
}

static enum skr_status make_object(struct skr_view *view, void *context, struct skr_error *err)
{
    struct making *making = context;
    struct skr_object object = {.kind = SKR_OBJECT_BLOCK, .etag = SKR_BYTES("e"), .upstream_etag = SKR_BYTES("up")};
    enum skr_status status =
        skr_content_create_cached(view, skr_meta_next_id(environment.meta), making->size_bytes, &origin, &object.content, err);
    content = object.content;
    return status != SKR_OK ? status : skr_object_put(view, box.objects_node, skr_text(making->key), &object, err);
}

static void setup(void)
{
    struct making making = {SIZE, "x"};
    environment_make(&environment, 16 << 20, 0);
    box = (struct skr_container){.etag = SKR_BYTES("e")};
    ck_assert_int_eq(environment_change(&environment, make_box, NULL), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, make_object, &making), SKR_OK);
}

static void teardown(void)
{
    ck_assert_uint_eq(environment_problems(&environment), 0);
    environment_remove(&environment);
}

struct chunk {
    uint64_t offset, length;
    uint64_t file; /* out */
};

/* A chunk that arrived, in a file of its own. */
static enum skr_status fill(struct skr_view *view, void *context, struct skr_error *err)
{
    struct chunk *chunk = context;
    uint32_t crc[16] = {0};
    chunk->file = skr_meta_next_id(environment.meta);
    struct skr_extent extent = {.file_id = chunk->file, .length_bytes = chunk->length, .end_bytes = chunk->length};
    enum skr_status status = skr_file_record_create(view, chunk->file, err);
    if (status == SKR_OK)
        status = skr_checksums_put(view, chunk->file, 0, crc, (chunk->length + CHUNK - 1) / CHUNK, err);
    if (status == SKR_OK)
        status = skr_content_fill(view, content.id, chunk->offset, &extent, err);
    return status != SKR_OK ? status : skr_file_record_release(view, chunk->file, err);
}

static enum skr_status filled(uint64_t offset, uint64_t length)
{
    struct chunk chunk = {offset, length, 0};
    return environment_change(&environment, fill, &chunk);
}

struct eviction {
    uint64_t offset, length, freed;
};

static enum skr_status evict(struct skr_view *view, void *context, struct skr_error *err)
{
    struct eviction *eviction = context;
    return skr_content_evict(view, content.id, eviction->offset, eviction->length, &eviction->freed, err);
}

static uint64_t evicted(uint64_t offset, uint64_t length)
{
    struct eviction eviction = {offset, length, 0};
    ck_assert_int_eq(environment_change(&environment, evict, &eviction), SKR_OK);
    return eviction.freed;
}

static struct skr_view *view_of(void)
{
    struct skr_view *view;
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, NULL), SKR_OK);
    return view;
}

/* Bytes that follow each other from `offset` on, and in how many extents. */
static uint64_t resident(uint64_t offset, uint64_t length, size_t expected_count)
{
    struct skr_extent extents[16];
    size_t count;
    uint64_t sum = 0;
    struct skr_view *view = view_of();
    ck_assert_int_eq(skr_content_resident(view, &content, offset, length, extents, 16, &count, NULL), SKR_OK);
    skr_view_end(view);
    ck_assert_uint_eq(count, expected_count);
    for (size_t i = 0; i < count; i++)
        sum += extents[i].length_bytes;
    return sum;
}

static uint64_t resident_bytes(void)
{
    uint64_t bytes;
    struct skr_view *view = view_of();
    ck_assert_int_eq(skr_content_resident_bytes(view, &content, &bytes, NULL), SKR_OK);
    skr_view_end(view);
    return bytes;
}

START_TEST(test_filling)
{
    ck_assert_uint_eq(resident(0, SIZE, 0), 0);
    ck_assert_int_eq(filled(2 * CHUNK, 2 * CHUNK), SKR_OK);
    ck_assert_int_eq(filled(4 * CHUNK, CHUNK), SKR_OK);
    ck_assert_int_eq(filled(10 * CHUNK, 100), SKR_OK);
    ck_assert_uint_eq(resident(0, SIZE, 0), 0); /* the first byte is not here */
    ck_assert_uint_eq(resident(2 * CHUNK, SIZE - 2 * CHUNK, 2), 3 * CHUNK);
    ck_assert_uint_eq(resident(3 * CHUNK + 7, 2 * CHUNK, 2), 2 * CHUNK - 7); /* up to the gap */
    ck_assert_uint_eq(resident(3 * CHUNK, 10, 1), 10);
    ck_assert_uint_eq(resident(10 * CHUNK + 99, 1, 1), 1);
    ck_assert_uint_eq(resident_bytes(), 3 * CHUNK + 100);
    ck_assert_int_eq(filled(2 * CHUNK, CHUNK), SKR_OBJECT_EXISTS);
    ck_assert_int_eq(filled(3 * CHUNK, CHUNK), SKR_OBJECT_EXISTS);
    ck_assert_int_eq(filled(CHUNK, 2 * CHUNK), SKR_OBJECT_EXISTS); /* its end is here */
    ck_assert_int_eq(filled(10 * CHUNK, 101), SKR_INVALID_ARGUMENT);
    ck_assert_int_eq(filled(UINT64_MAX, 1), SKR_INVALID_ARGUMENT);
    ck_assert_int_eq(filled(0, 2 * CHUNK), SKR_OK);
    ck_assert_uint_eq(resident(0, SIZE, 3), 5 * CHUNK);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    environment_reopen(&environment);
    ck_assert_uint_eq(resident_bytes(), 5 * CHUNK + 100);
}
END_TEST

START_TEST(test_evicting)
{
    for (uint64_t i = 0; i < 5; i++)
        ck_assert_int_eq(filled(2 * i * CHUNK, 2 * CHUNK), SKR_OK);
    ck_assert_uint_eq(evicted(CHUNK, 2 * CHUNK), 0); /* whole extents only */
    ck_assert_uint_eq(evicted(CHUNK, 5 * CHUNK), 4 * CHUNK);
    ck_assert_uint_eq(resident(0, SIZE, 1), 2 * CHUNK);
    ck_assert_uint_eq(resident(2 * CHUNK, CHUNK, 0), 0);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    ck_assert_int_eq(filled(2 * CHUNK, 2 * CHUNK), SKR_OK); /* and here again */
    ck_assert_uint_eq(resident(0, SIZE, 2), 4 * CHUNK);
    ck_assert_uint_eq(evicted(0, UINT64_MAX), 8 * CHUNK);
    ck_assert_uint_eq(resident_bytes(), 0);
}
END_TEST

struct payload {
    struct skr_bytes bytes;
};

static enum skr_status fill_payload(struct skr_view *view, void *context, struct skr_error *err)
{
    return skr_content_fill_payload(view, content.id, ((struct payload *)context)->bytes, 77, err);
}

START_TEST(test_payload)
{
    struct payload payload = {SKR_BYTES("hello")};
    struct making small = {5, "small"};
    struct skr_bytes found;
    uint32_t crc32c = 0;
    ck_assert_int_eq(environment_change(&environment, fill_payload, &payload), SKR_INVALID_ARGUMENT); /* of another length */
    ck_assert_int_eq(environment_change(&environment, make_object, &small), SKR_OK);
    ck_assert_uint_eq(resident_bytes(), 0);
    ck_assert_int_eq(environment_change(&environment, fill_payload, &payload), SKR_OK);
    struct skr_view *view = view_of();
    ck_assert_int_eq(skr_content_cached_payload(view, &content, &found, &crc32c, NULL), SKR_OK);
    ck_assert(skr_bytes_equal(found, payload.bytes) && crc32c == 77);
    skr_view_end(view);
    ck_assert_uint_eq(resident_bytes(), 5);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    ck_assert_uint_eq(evicted(0, UINT64_MAX), 5);
    ck_assert_uint_eq(resident_bytes(), 0);
    ck_assert_int_eq(filled(0, 5), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, fill_payload, &payload), SKR_OBJECT_EXISTS);
}
END_TEST

static enum skr_status move_origin(struct skr_view *view, void *context, struct skr_error *err)
{
    return skr_content_set_origin(view, content.id, context, err);
}

static enum skr_status remove_object(struct skr_view *view, void *context, struct skr_error *err)
{
    return skr_object_remove(view, box.objects_node, skr_text(context), err);
}

static enum skr_status collect(struct skr_view *view, void *context, struct skr_error *err)
{
    bool done;
    return skr_garbage_step(view, context, 100, &done, err);
}

START_TEST(test_origin_and_end)
{
    struct skr_origin found, moved = {6, {"box", 3}, {"y", 1}, {"later", 5}};
    struct skr_garbage garbage;
    uint64_t references, files = 0;
    struct skr_view *view = view_of();
    ck_assert_int_eq(skr_content_origin(view, content.id, &found, NULL), SKR_OK);
    ck_assert(found.binding == 5 && skr_bytes_equal(found.key, origin.key) && skr_bytes_equal(found.etag, origin.etag) &&
              skr_bytes_equal(found.container, origin.container));
    ck_assert_int_eq(skr_content_references(view, content.id, &references, NULL), SKR_OK);
    ck_assert_uint_eq(references, 1);
    skr_view_end(view);
    ck_assert_int_eq(filled(0, CHUNK), SKR_OK);
    ck_assert_int_eq(environment_change(&environment, move_origin, &moved), SKR_OK);
    view = view_of();
    ck_assert_int_eq(skr_content_origin(view, content.id, &found, NULL), SKR_OK);
    ck_assert(found.binding == 6 && skr_bytes_equal(found.key, moved.key) && skr_bytes_equal(found.etag, moved.etag));
    skr_view_end(view);
    ck_assert_uint_eq(resident_bytes(), CHUNK); /* what is here stays */
    ck_assert_int_eq(environment_change(&environment, remove_object, "x"), SKR_OK);
    view = view_of();
    ck_assert_int_eq(skr_content_origin(view, content.id, &found, NULL), SKR_NOT_FOUND);
    ck_assert_int_eq(skr_content_references(view, content.id, &references, NULL), SKR_OK);
    ck_assert_uint_eq(references, 0);
    skr_view_end(view);
    ck_assert_int_eq(filled(2 * CHUNK, CHUNK), SKR_NOT_FOUND); /* a chunk that comes too late */
    ck_assert_uint_eq(environment_problems(&environment), 0);
    for (uint64_t after = 0;;) {
        view = view_of();
        enum skr_status status = skr_garbage_next(view, after, &garbage, NULL);
        skr_view_end(view);
        if (status == SKR_NOT_FOUND)
            break;
        after = garbage.row;
        files += garbage.kind == SKR_GARBAGE_FILE;
        if (garbage.kind == SKR_GARBAGE_CONTENT)
            ck_assert_int_eq(environment_change(&environment, collect, &garbage), SKR_OK);
    }
    ck_assert_uint_eq(files, 1);
    ck_assert_uint_eq(environment_problems(&environment), 0);
}
END_TEST

/* ---- bindings ---- */

struct binding_row {
    const char *account, *container;
    struct skr_binding binding;
};

static enum skr_status put_binding(struct skr_view *view, void *context, struct skr_error *err)
{
    struct binding_row *row = context;
    return skr_binding_put(view, skr_text(row->account), skr_text(row->container), &row->binding, err);
}

static enum skr_status remove_binding(struct skr_view *view, void *context, struct skr_error *err)
{
    struct binding_row *row = context;
    return skr_binding_remove(view, skr_text(row->account), skr_text(row->container), err);
}

static enum skr_status found_binding(bool falls_back, const char *account, const char *container, uint64_t *id)
{
    struct skr_binding binding;
    struct skr_view *view = view_of();
    enum skr_status status = falls_back ? skr_binding_of(view, skr_text(account), skr_text(container), &binding, NULL)
                                        : skr_binding_get(view, skr_text(account), skr_text(container), &binding, NULL);
    skr_view_end(view);
    *id = status == SKR_OK ? binding.id : 0;
    return status;
}

static bool list_binding(void *context, struct skr_bytes account, struct skr_bytes container, const struct skr_binding *binding)
{
    char *out = context;
    snprintf(out + strlen(out), 200 - strlen(out), "%.*s/%.*s=%d ", SKR_PRINT(account), SKR_PRINT(container), (int)binding->id);
    return binding->id != 3;
}

START_TEST(test_bindings)
{
    char listed[200] = "";
    uint64_t id;
    struct skr_binding found;
    struct binding_row rows[] = {
        {"one", "box", {.id = 1, .mode = SKR_BINDING_WRITE_BACK, .credential = SKR_BINDING_BY_S3_KEYS, .is_s3 = true}},
        {"one", SKR_ALL_CONTAINERS, {.id = 2, .mode = SKR_BINDING_READ_ONLY}},
        {"two", "a", {.id = 3, .mode = SKR_BINDING_WRITE_THROUGH}},
        {"two", "b", {.id = 4, .mode = SKR_BINDING_READ_ONLY, .listing = SKR_LISTING_MIRROR}},
    };
    rows[0].binding.ttl_ms = 1234;
    rows[0].binding.capacity_bytes = 1 << 30;
    rows[0].binding.allow_http = true;
    rows[0].binding.texts[SKR_BINDING_URL] = SKR_BYTES("https://s3.test/box");
    rows[0].binding.texts[SKR_BINDING_SECRET_KEY] = SKR_BYTES("secret");
    for (size_t i = 0; i < 4; i++)
        ck_assert_int_eq(environment_change(&environment, put_binding, &rows[i]), SKR_OK);
    environment_reopen(&environment);
    struct skr_view *view = view_of();
    ck_assert_int_eq(skr_binding_get(view, SKR_BYTES("one"), SKR_BYTES("box"), &found, NULL), SKR_OK);
    ck_assert(found.id == 1 && found.mode == SKR_BINDING_WRITE_BACK && found.is_s3 && found.allow_http &&
              found.credential == SKR_BINDING_BY_S3_KEYS && found.ttl_ms == 1234 && found.capacity_bytes == 1 << 30);
    for (unsigned i = 0; i < SKR_BINDING_TEXT_COUNT; i++)
        ck_assert(skr_bytes_equal(found.texts[i], rows[0].binding.texts[i]));
    ck_assert_int_eq(skr_binding_list(view, list_binding, listed, NULL), SKR_OK);
    ck_assert_str_eq(listed, "one/*=2 one/box=1 two/a=3 "); /* in order, until it was told to stop */
    skr_view_end(view);
    ck_assert(found_binding(true, "one", "box", &id) == SKR_OK && id == 1);
    ck_assert(found_binding(true, "one", "other", &id) == SKR_OK && id == 2);
    ck_assert_int_eq(found_binding(false, "one", "other", &id), SKR_NOT_FOUND);
    ck_assert_int_eq(found_binding(true, "two", "c", &id), SKR_NOT_FOUND);
    ck_assert_int_eq(found_binding(true, "on", "ebox", &id), SKR_NOT_FOUND);
    ck_assert_int_eq(environment_change(&environment, remove_binding, &rows[0]), SKR_OK);
    ck_assert(found_binding(true, "one", "box", &id) == SKR_OK && id == 2);
    ck_assert_int_eq(environment_change(&environment, remove_binding, &rows[0]), SKR_NOT_FOUND);
    rows[1].binding.mode = SKR_BINDING_READ_ONLY - 1;
    ck_assert_int_eq(environment_change(&environment, put_binding, &rows[1]), SKR_OK);
    ck_assert_int_eq(found_binding(true, "one", "box", &id), SKR_CORRUPT);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("cached");
    TCase *cases = tcase_create("cached contents and bindings");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, test_filling);
    tcase_add_test(cases, test_evicting);
    tcase_add_test(cases, test_payload);
    tcase_add_test(cases, test_origin_and_end);
    tcase_add_test(cases, test_bindings);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
