/* Objects with holes, as core reads, copies, checks and uploads them. */
#include <arpa/inet.h>
#include <check.h>
#include <stdlib.h>
#include <unistd.h>

#include "federation/journal_note.h"
#include "harness.h"
#include "run.h"
#include "skerry/hash.h"
#include "state.h"

#define ACCOUNT SKR_BYTES("acct")
#define SOURCE_BYTES 200000
#define HOLE 300000

static struct harness harness;
static char source[SOURCE_BYTES];

/* 7 zeros, all of the source, many zeros, the source from 65536 on for 65536 bytes, 5 zeros. */
#define HOLED_BYTES (7 + SOURCE_BYTES + HOLE + 65536 + 5)
static char *holed;

struct holed_change {
    struct skr_change change; /* first */
    bool only_hole;
    const char *key;
    bool crc_is_right;
};

static enum skr_status source_extents(struct skr_view *view, uint64_t node, uint64_t offset, uint64_t length,
                                      struct skr_extent *out, struct skr_error *err)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_object object;
    size_t count = 0;
    enum skr_status status = skr_object_get(view, &arena, node, SKR_BYTES("source"), &object, err);
    if (status == SKR_OK)
        status = skr_content_extents(view, &object.content, offset, length, out, 1, &count, err);
    skr_arena_release(&arena);
    return status == SKR_OK && count != 1 ? skr_fail(err, SKR_INTERNAL, "the source is in pieces") : status;
}

static enum skr_status apply_holed(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct holed_change *op = (struct holed_change *)change;
    struct skr_arena arena = {.blocks = NULL};
    struct skr_container container;
    struct skr_extent extents[] = {
        {.length_bytes = 7}, {.length_bytes = 0}, {.length_bytes = HOLE}, {.length_bytes = 0}, {.length_bytes = 5}};
    struct skr_object object = {.id = skr_meta_next_id(harness.core->meta),
                                .kind = SKR_OBJECT_BLOCK,
                                .etag = SKR_BYTES("e"),
                                .modified_ns = skr_view_tick(view)};
    uint32_t crc32c;
    enum skr_status status = skr_container_get(view, &arena, ACCOUNT, SKR_BYTES("free"), &container, err);
    if (status == SKR_OK && !op->only_hole)
        status = source_extents(view, container.objects_node, 0, SOURCE_BYTES, &extents[1], err);
    if (status == SKR_OK && !op->only_hole)
        status = source_extents(view, container.objects_node, 65536, 65536, &extents[3], err);
    if (status == SKR_OK)
        status = skr_content_create_extents(view, skr_meta_next_id(harness.core->meta), extents, 5, &object.content, err);
    if (status == SKR_OK)
        op->crc_is_right = skr_content_crc32c(view, &object.content, &crc32c) &&
                           (op->only_hole || crc32c == skr_crc32c(0, holed, HOLED_BYTES));
    if (status == SKR_OK)
        status = skr_object_put(view, container.objects_node, skr_text(op->key), &object, err);
    skr_arena_release(&arena);
    return status;
}

static void make_holed(const char *key, bool only_hole)
{
    struct holed_change op = {.change = {.apply = apply_holed}, .key = key, .only_hole = only_hole};
    struct skr_error error;
    ck_assert_msg(skr_meta_apply(harness.core->meta, &op.change, &error) == SKR_OK, "%s", error.message);
    ck_assert(op.crc_is_right);
}

static void setup(void)
{
    harness_begin(&harness);
    ck_assert_int_eq(harness_create_container(&harness, "free"), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "free", "source", SOURCE_BYTES, 2), SKR_OK);
    harness_fill(source, SOURCE_BYTES, 2);
    holed = calloc(1, HOLED_BYTES);
    memcpy(holed + 7, source, SOURCE_BYTES);
    memcpy(holed + 7 + SOURCE_BYTES + HOLE, source + 65536, 65536);
}

static void teardown(void)
{
    free(holed);
    harness_end(&harness);
}

static void holds(const char *container, const char *key, const char *expected, size_t expected_size)
{
    char *bytes;
    size_t size;
    ck_assert_int_eq(harness_get(&harness, container, key, &bytes, &size), SKR_OK);
    ck_assert_uint_eq(size, expected_size);
    ck_assert_int_eq(memcmp(bytes, expected, size), 0);
    free(bytes);
}

static void ready(void *context)
{
    *(bool *)context = true;
}

/* Up to `size` bytes from `offset` on, in as many reads as it takes. */
static void range_holds(struct skr_reader *reader, uint64_t offset, size_t size)
{
    char *bytes = malloc(size);
    memset(bytes, 'x', size);
    for (size_t filled = 0; filled < size;) {
        bool is_ready = false;
        ssize_t taken = skr_reader_read(reader, offset + filled, bytes + filled, size - filled, ready, &is_ready);
        ck_assert_int_ge(taken, 0);
        while (taken == 0 && !is_ready)
            harness_run(&harness);
        filled += (size_t)taken;
    }
    ck_assert_int_eq(memcmp(bytes, holed + offset, size), 0);
    free(bytes);
}

START_TEST(any_range_is_read)
{
    static const size_t offsets[] = {0, 3, 7, 100, SOURCE_BYTES, SOURCE_BYTES + 7, SOURCE_BYTES + 70000, HOLED_BYTES - 65541};
    struct skr_arena arena = {.blocks = NULL};
    struct skr_object_name name = harness_name("free", "holed");
    struct skr_object object;
    struct skr_reader *reader;
    struct skr_error error;
    make_holed("holed", false);
    holds("free", "holed", holed, HOLED_BYTES);
    ck_assert_int_eq(skr_open_object(harness.worker, &arena, &name, NULL, &object, &reader, &error), SKR_OK);
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        range_holds(reader, offsets[i], 1);
        range_holds(reader, offsets[i], HOLED_BYTES - offsets[i] < 100000 ? HOLED_BYTES - offsets[i] : 100000);
    }
    skr_reader_close(reader);
    skr_arena_release(&arena);
}
END_TEST

START_TEST(nothing_but_a_hole_is_read)
{
    static char zeros[7 + HOLE + 5];
    make_holed("hole", true);
    holds("free", "hole", zeros, sizeof zeros);
    ck_assert_int_eq(harness_copy(&harness, "free", "hole", "copy"), SKR_OK);
    ck_assert_int_eq(harness_delete(&harness, "free", "hole"), SKR_OK);
    holds("free", "copy", zeros, sizeof zeros);
}
END_TEST

START_TEST(blocks_and_copies_are_taken_from_it)
{
    const char *const blocks[] = {"1", "2", NULL};
    struct skr_object_name name = harness_name("free", "blocks");
    struct skr_copy_source ranges[] = {
        {.name = harness_name("free", "holed"), .offset = 3, .length = 100},
        {.name = harness_name("free", "holed"), .offset = SOURCE_BYTES + 1000, .length = HOLE},
    };
    make_holed("holed", false);
    for (size_t i = 0; i < 2; i++) {
        struct outcome outcome = {.called = false};
        ck_assert_int_eq(
            harness_wait(&harness, &outcome,
                         skr_put_block_from(harness.worker, &name, skr_text(blocks[i]), &ranges[i], harness_done, &outcome)),
            SKR_OK);
    }
    ck_assert_int_eq(harness_commit(&harness, "free", "blocks", blocks), SKR_OK);
    char *expected = malloc(100 + HOLE);
    memcpy(expected, holed + 3, 100);
    memcpy(expected + 100, holed + SOURCE_BYTES + 1000, HOLE);
    holds("free", "blocks", expected, 100 + HOLE);
    free(expected);
    ck_assert_int_eq(harness_copy(&harness, "free", "holed", "copy"), SKR_OK);
    holds("free", "copy", holed, HOLED_BYTES);
    ck_assert_int_eq(harness_delete(&harness, "free", "holed"), SKR_OK);
    holds("free", "copy", holed, HOLED_BYTES);
    harness_close(&harness);
    ck_assert_uint_eq(harness_problems(&harness, true), 0);
    ck_assert_int_eq(harness_open(&harness), SKR_OK);
    holds("free", "copy", holed, HOLED_BYTES);
}
END_TEST

/* ---- an upstream that has nothing and takes everything ---- */

struct upstream {
    int listener;
    unsigned port;
    pthread_t thread;
    pthread_mutex_t lock; /* guards the body */
    char *body;           /* of the last PUT of an object */
    size_t body_size;
};

static size_t header_number(const char *head, const char *name)
{
    const char *found = strcasestr(head, name);
    return found == NULL ? 0 : strtoul(found + strlen(name), NULL, 10);
}

static bool receive(int fd, char *into, size_t size)
{
    while (size > 0) {
        ssize_t got = read(fd, into, size);
        if (got <= 0)
            return false;
        into += got;
        size -= (size_t)got;
    }
    return true;
}

static bool respond(int fd, const char *text)
{
    return write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

/* One request. False: the connection is over. */
static bool serve_one(struct upstream *upstream, int fd)
{
    char head[8192];
    size_t filled = 0;
    head[0] = '\0';
    while (strstr(head, "\r\n\r\n") == NULL) {
        if (filled + 1 >= sizeof head || !receive(fd, head + filled, 1))
            return false;
        head[++filled] = '\0';
    }
    bool puts = strncmp(head, "PUT ", 4) == 0;
    size_t size = header_number(head, "\r\ncontent-length:");
    if (strcasestr(head, "\r\nexpect:") != NULL && !respond(fd, "HTTP/1.1 100 Continue\r\n\r\n"))
        return false;
    char *body = malloc(size + 1);
    if (!receive(fd, body, size)) {
        free(body);
        return false;
    }
    if (!puts) {
        free(body);
        return respond(fd, "HTTP/1.1 404 Not Found\r\nx-ms-error-code: BlobNotFound\r\nContent-Length: 0\r\n\r\n");
    }
    pthread_mutex_lock(&upstream->lock);
    free(upstream->body);
    upstream->body = body;
    upstream->body_size = size;
    pthread_mutex_unlock(&upstream->lock);
    return respond(fd, "HTTP/1.1 201 Created\r\nETag: \"0x1\"\r\nLast-Modified: Thu, 01 Jan 2026 00:00:00 GMT\r\n"
                       "Content-Length: 0\r\n\r\n");
}

static void *serve(void *argument)
{
    struct upstream *upstream = argument;
    int fd;
    while ((fd = accept(upstream->listener, NULL, NULL)) >= 0) {
        while (serve_one(upstream, fd))
            ;
        close(fd);
    }
    return NULL;
}

static void upstream_begin(struct upstream *upstream)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof address;
    *upstream = (struct upstream){.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    pthread_mutex_init(&upstream->lock, NULL);
    ck_assert_int_eq(bind(upstream->listener, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(listen(upstream->listener, 8), 0);
    ck_assert_int_eq(getsockname(upstream->listener, (struct sockaddr *)&address, &size), 0);
    upstream->port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&upstream->thread, NULL, serve, upstream), 0);
}

START_TEST(it_is_uploaded)
{
    struct upstream upstream;
    struct outcome outcome = {.called = false}, copied = {.called = false}, flushed = {.called = false};
    struct skr_binding binding = {.mode = SKR_BINDING_WRITE_BACK, .ttl_ms = 60000, .allow_http = true};
    struct skr_put put = {.name = harness_name("box", "holed")};
    struct skr_copy_source from = {.name = harness_name("free", "holed"), .length = SKR_SIZE_ANY};
    struct skr_flush_options flush = {.account = ACCOUNT, .container = SKR_BYTES("box"), .patience_ms = 20000};
    char url[64];
    make_holed("holed", false);
    upstream_begin(&upstream);
    snprintf(url, sizeof url, "http://127.0.0.1:%u/upstream/box", upstream.port);
    binding.texts[SKR_BINDING_URL] = skr_text(url);
    ck_assert_int_eq(harness_wait(&harness, &outcome,
                                  skr_attach(harness.worker, ACCOUNT, SKR_BYTES("box"), &binding, harness_done, &outcome)),
                     SKR_OK);
    ck_assert_int_eq(harness_wait(&harness, &copied, skr_copy_object(harness.worker, &put, &from, 0, harness_done, &copied)),
                     SKR_OK);
    ck_assert_int_eq(harness_wait(&harness, &flushed, skr_flush(harness.worker, &flush, harness_done, &flushed)), SKR_OK);
    pthread_mutex_lock(&upstream.lock);
    ck_assert_uint_eq(upstream.body_size, HOLED_BYTES);
    ck_assert_int_eq(memcmp(upstream.body, holed, HOLED_BYTES), 0);
    pthread_mutex_unlock(&upstream.lock);
    harness_close(&harness); /* and its connections */
    shutdown(upstream.listener, SHUT_RDWR);
    pthread_join(upstream.thread, NULL);
    close(upstream.listener);
    free(upstream.body);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core holes");
    TCase *cases = tcase_create("holes");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_set_timeout(cases, 60);
    tcase_add_test(cases, any_range_is_read);
    tcase_add_test(cases, nothing_but_a_hole_is_read);
    tcase_add_test(cases, blocks_and_copies_are_taken_from_it);
    tcase_add_test(cases, it_is_uploaded);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
