#include "harness.h"

#include <check.h>
#include <ftw.h>
#include <stdlib.h>
#include <unistd.h>

#define ACCOUNT SKR_BYTES("acct")

void harness_run(struct harness *harness)
{
    skr_inbox_turn(&harness->inbox, 1000);
}

enum skr_status harness_open(struct harness *harness)
{
    struct skr_error error = {.status = SKR_OK};
    struct skr_core_options options = {.directory = harness->directory,
                                       .workers = 1,
                                       .inline_limit_bytes = 16384,
                                       .upload_lifetime_s =
                                           harness->upload_lifetime_s != 0 ? harness->upload_lifetime_s : 604800,
                                       .direct_io = true,
                                       .meta_map_initial_bytes = 16 << 20,
                                       .fault = harness->fault};
    struct skr_io_options io_options = {.entries = 64, .fault = harness->fault};
    enum skr_status status = skr_inbox_open(&harness->inbox, &io_options, &error);
    if (status == SKR_OK)
        status = skr_core_open(&harness->core, &options, &error);
    if (status == SKR_OK)
        status = skr_worker_open(harness->core, harness->inbox.io, &harness->inbox.executor, &harness->worker, &error);
    if (status != SKR_OK) {
        skr_core_close(harness->core);
        skr_inbox_close(&harness->inbox);
        harness->core = NULL;
        harness->worker = NULL;
    }
    return status;
}

void harness_make(struct harness *harness)
{
    const char *base = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    snprintf(harness->directory, sizeof harness->directory, "%.40s/skr-core-XXXXXX", base);
    ck_assert_ptr_nonnull(mkdtemp(harness->directory));
    ck_assert_int_eq(harness_open(harness), SKR_OK);
}

void harness_close(struct harness *harness)
{
    if (harness->worker == NULL)
        return;
    while (!skr_worker_is_idle(harness->worker))
        harness_run(harness);
    skr_worker_close(harness->worker);
    skr_core_close(harness->core);
    skr_inbox_close(&harness->inbox);
    harness->worker = NULL;
    harness->core = NULL;
}

static int harness_unlink(const char *path, const struct stat *info, int type, struct FTW *walk)
{
    (void)info, (void)type, (void)walk;
    return remove(path);
}

void harness_begin(struct harness *harness)
{
    *harness = (struct harness){.core = NULL};
    harness_make(harness);
    ck_assert_int_eq(harness_create_container(harness, "box"), SKR_OK);
}

void harness_end(struct harness *harness)
{
    harness_close(harness);
    ck_assert_uint_eq(harness_problems(harness, true), 0);
    harness_remove(harness);
}

void harness_remove(struct harness *harness)
{
    harness_close(harness);
    nftw(harness->directory, harness_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

void harness_done(void *context, const struct skr_result *result)
{
    struct outcome *outcome = context;
    outcome->called = true;
    outcome->status = result->status;
    if (result->status != SKR_OK)
        snprintf(outcome->message, sizeof outcome->message, "%s", result->error->message);
    if (result->object != NULL) {
        snprintf(outcome->etag, sizeof outcome->etag, "%.*s", SKR_PRINT(result->object->etag));
        outcome->size = result->object->content.size_bytes;
        outcome->has_object = true;
        outcome->kind = result->object->kind;
        outcome->version_ns = result->object->version_ns;
        outcome->checksum = result->object->checksum;
    }
    if (result->block != NULL)
        outcome->block = *result->block;
    outcome->upload_id = result->upload_id;
}

enum skr_status harness_wait(struct harness *harness, struct outcome *outcome, struct skr_pending *pending)
{
    ck_assert_ptr_nonnull(pending);
    while (!outcome->called)
        harness_run(harness);
    return outcome->status;
}

void harness_fill(void *buffer, size_t size, uint64_t seed)
{
    unsigned char *bytes = buffer;
    uint64_t state = seed * UINT64_C(0x9E3779B97F4A7C15) + 1;
    for (size_t i = 0; i < size; i++) {
        if (i % 8 == 0) {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
        }
        bytes[i] = (unsigned char)(state >> (i % 8 * 8));
    }
}

enum skr_status harness_create_container(struct harness *harness, const char *name)
{
    struct outcome outcome = {.called = false};
    struct skr_container_settings settings = {.set_metadata = false};
    return harness_wait(harness, &outcome,
                        skr_create_container(harness->worker, ACCOUNT, skr_text(name), &settings, harness_done, &outcome));
}

static void harness_ready(void *context)
{
    *(bool *)context = true;
}

struct skr_ingest *harness_ingest(struct harness *harness, size_t size, uint64_t seed, bool known_size,
                                  const struct skr_object_name *block_of, enum skr_status *status)
{
    struct skr_ingest_options options = {
        .expected_size = known_size ? size : SKR_SIZE_ANY, .md5 = true, .crc64 = true, .block_of = block_of};
    return harness_ingest_with(harness, options, size, seed, status);
}

struct skr_ingest *harness_ingest_with(struct harness *harness, struct skr_ingest_options options, size_t size, uint64_t seed,
                                       enum skr_status *status)
{
    bool ready = false;
    struct skr_error error = {.status = SKR_OK};
    struct skr_ingest *ingest;
    options.ready = harness_ready;
    options.context = &ready;
    *status = skr_ingest_open(harness->worker, &options, &ingest, &error);
    if (*status != SKR_OK)
        return NULL;
    char *bytes = malloc(size + 1);
    harness_fill(bytes, size, seed);
    for (size_t sent = 0; sent < size;) {
        size_t piece = size - sent < 100000 ? size - sent : 100000; /* as odd as network chunks are */
        ready = false;
        size_t taken = skr_ingest_write(ingest, bytes + sent, piece);
        sent += taken;
        while (taken < piece && !ready)
            harness_run(harness);
    }
    free(bytes);
    struct outcome outcome = {.called = false};
    *status = skr_ingest_finish(ingest, NULL, harness_done, &outcome, &error);
    if (*status == SKR_PENDING) {
        while (!outcome.called)
            harness_run(harness);
        *status = outcome.status;
    }
    if (*status != SKR_OK) {
        skr_ingest_discard(ingest);
        return NULL;
    }
    return ingest;
}

struct skr_object_name harness_name(const char *container, const char *key)
{
    return (struct skr_object_name){.account = ACCOUNT, .container = skr_text(container), .key = skr_text(key)};
}

struct skr_object_name harness_version(const char *container, const char *key, int64_t version_ns)
{
    struct skr_object_name name = harness_name(container, key);
    name.version = (struct skr_version){.is_given = true, .ns = version_ns};
    return name;
}

enum skr_status harness_set_versioning(struct harness *harness, const char *container, enum skr_versioning versioning)
{
    struct outcome outcome = {.called = false};
    struct skr_container_settings settings = {.set_versioning = true, .versioning = versioning};
    return harness_wait(
        harness, &outcome,
        skr_update_container(harness->worker, ACCOUNT, skr_text(container), NULL, &settings, harness_done, &outcome));
}

enum skr_status harness_put(struct harness *harness, const char *container, const char *key, size_t size, uint64_t seed)
{
    enum skr_status status;
    struct outcome outcome = {.called = false};
    struct skr_ingest *ingest = harness_ingest(harness, size, seed, seed % 2 == 0, NULL, &status);
    if (ingest == NULL)
        return status;
    struct skr_put put = {.name = harness_name(container, key), .has_md5 = true};
    memcpy(put.md5, skr_ingest_digests(ingest)->md5, sizeof put.md5);
    return harness_wait(harness, &outcome, skr_put_object(harness->worker, &put, ingest, harness_done, &outcome));
}

enum skr_status harness_put_block(struct harness *harness, const char *container, const char *key, const char *block,
                                  size_t size, uint64_t seed)
{
    enum skr_status status;
    struct outcome outcome = {.called = false};
    struct skr_object_name name = harness_name(container, key);
    struct skr_ingest *ingest = harness_ingest(harness, size, seed, true, &name, &status);
    if (ingest == NULL)
        return status;
    return harness_wait(harness, &outcome,
                        skr_put_block(harness->worker, &name, skr_text(block), ingest, harness_done, &outcome));
}

enum skr_status harness_commit(struct harness *harness, const char *container, const char *key, const char *const *blocks)
{
    struct skr_block_choice choices[64];
    size_t count = 0;
    struct outcome outcome = {.called = false};
    struct skr_put put = {.name = harness_name(container, key)};
    for (; blocks[count] != NULL; count++)
        choices[count] = (struct skr_block_choice){skr_text(blocks[count]), SKR_BLOCK_LATEST};
    return harness_wait(harness, &outcome, skr_commit_blocks(harness->worker, &put, choices, count, harness_done, &outcome));
}

enum skr_status harness_copy(struct harness *harness, const char *container, const char *from, const char *to)
{
    struct outcome outcome = {.called = false};
    struct skr_put put = {.name = harness_name(container, to)};
    struct skr_copy_source source = {.name = harness_name(container, from), .length = SKR_SIZE_ANY};
    return harness_wait(
        harness, &outcome,
        skr_copy_object(harness->worker, &put, &source, SKR_COPY_PROPERTIES | SKR_COPY_METADATA, harness_done, &outcome));
}

enum skr_status harness_delete(struct harness *harness, const char *container, const char *key)
{
    struct outcome outcome = {.called = false};
    struct skr_object_name name = harness_name(container, key);
    return harness_wait(harness, &outcome, skr_delete_object(harness->worker, &name, NULL, false, harness_done, &outcome));
}

enum skr_status harness_get(struct harness *harness, const char *container, const char *key, char **bytes, size_t *size)
{
    struct skr_object_name name = harness_name(container, key);
    return harness_read(harness, &name, bytes, size);
}

enum skr_status harness_read(struct harness *harness, const struct skr_object_name *name, char **bytes, size_t *size)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_error error;
    struct skr_object object;
    struct skr_reader *reader;
    enum skr_status status = skr_open_object(harness->worker, &arena, name, NULL, &object, &reader, &error);
    if (status == SKR_OK) {
        *size = object.content.size_bytes;
        *bytes = malloc(*size + 1);
        for (size_t offset = 0; offset < *size && status == SKR_OK;) {
            bool ready = false;
            ssize_t taken = skr_reader_read(reader, offset, *bytes + offset, *size - offset, harness_ready, &ready);
            while (taken == 0 && !ready)
                harness_run(harness);
            if (taken < 0)
                status = SKR_CORRUPT;
            else
                offset += (size_t)taken;
        }
        if (status != SKR_OK)
            free(*bytes);
        skr_reader_close(reader);
    }
    skr_arena_release(&arena);
    return status;
}

bool harness_holds(struct harness *harness, const char *container, const char *key, size_t size, uint64_t seed)
{
    char *bytes;
    size_t found;
    if (harness_get(harness, container, key, &bytes, &found) != SKR_OK)
        return false;
    char *expected = malloc(size + 1);
    harness_fill(expected, size, seed);
    bool same = found == size && memcmp(bytes, expected, size) == 0;
    free(expected);
    free(bytes);
    return same;
}

static void harness_report(void *context, const char *text)
{
    (void)context;
    printf("check: %s\n", text);
}

uint64_t harness_problems(struct harness *harness, bool verify_bytes)
{
    struct skr_error error = {.status = SKR_OK};
    struct skr_check_options options = {.verify_bytes = verify_bytes, .report = harness_report};
    struct skr_check_summary summary = {.problems = 0};
    enum skr_status status = skr_core_check(harness->directory, &options, &summary, &error);
    ck_assert_msg(status == SKR_OK, "check failed: %s", error.message);
    return summary.problems;
}
