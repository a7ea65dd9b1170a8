/* Every single I/O call of the canonical operations fails in turn. What was acknowledged is there, whole, now and after a
 * restart; what was refused left nothing behind that a check would object to. */
#include <check.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "harness.h"
#include "run.h"

/* Fails the n-th call of one kind, once. The collector's thread has a ring of its own that shares it. */
struct counted_fault {
    struct skr_io_fault fault; /* first */
    enum skr_io_call call;
    int os_errno;
    _Atomic long countdown; /* fails when it reaches 0; negative: done */
};

static int decide(struct skr_io_fault *fault, enum skr_io_call call)
{
    struct counted_fault *counted = (struct counted_fault *)fault;
    if (call != counted->call || atomic_load(&counted->countdown) < 0)
        return 0;
    return atomic_fetch_sub(&counted->countdown, 1) == 0 ? -counted->os_errno : 0;
}

/* What the operations below acknowledged. */
struct acknowledged {
    bool small, large, blocks, copy, replaced, removed;
    bool multipart, new_version, marked, unmarked;
};

/* "multi" out of two parts. */
static bool run_multipart(struct harness *harness)
{
    static const size_t sizes[] = {1200000, 70000};
    struct outcome begun = {.called = false}, completed = {.called = false};
    struct skr_put draft = {.name = harness_name("box", "multi"), .checksum = {.kind = SKR_CHECKSUM_CRC32C}};
    struct skr_part_choice choices[2];
    struct skr_completion completion = {.name = draft.name, .parts = choices, .count = 2, .expected_size = SKR_SIZE_ANY};
    if (harness_wait(harness, &begun, skr_create_multipart(harness->worker, &draft, harness_done, &begun)) != SKR_OK)
        return false;
    for (unsigned i = 0; i < 2; i++) {
        enum skr_status status;
        struct outcome staged = {.called = false};
        struct skr_ingest_options options = {.expected_size = sizes[i],
                                             .md5 = true,
                                             .checksum = SKR_CHECKSUM_CRC32C,
                                             .block_of = &draft.name,
                                             .upload_id = begun.upload_id};
        struct skr_ingest *ingest = harness_ingest_with(harness, options, sizes[i], 20 + i, &status);
        if (ingest == NULL || harness_wait(harness, &staged,
                                           skr_put_part(harness->worker, &draft.name, begun.upload_id, i + 1, ingest,
                                                        harness_done, &staged)) != SKR_OK)
            return false;
        choices[i] = (struct skr_part_choice){.number = i + 1, .has_md5 = true, .checksum = staged.block.checksum};
        memcpy(choices[i].md5, staged.block.md5, sizeof choices[i].md5);
    }
    completion.upload_id = begun.upload_id;
    return harness_wait(harness, &completed, skr_complete_multipart(harness->worker, &completion, harness_done, &completed)) ==
           SKR_OK;
}

/* In a container that keeps versions: a new version of "kept", a marker on "marked", and its removal from "unmarked". */
static void run_versions(struct harness *harness, struct acknowledged *done)
{
    struct outcome marker = {.called = false}, removed = {.called = false};
    struct skr_object_name unmarked = harness_name("versions", "unmarked");
    done->new_version = harness_put(harness, "versions", "kept", 150000, 30) == SKR_OK;
    done->marked = harness_delete(harness, "versions", "marked") == SKR_OK;
    if (harness_wait(harness, &marker, skr_delete_object(harness->worker, &unmarked, NULL, false, harness_done, &marker)) ==
        SKR_OK) {
        unmarked.version = (struct skr_version){.is_given = true, .ns = marker.version_ns};
        harness_wait(harness, &removed, skr_delete_object(harness->worker, &unmarked, NULL, false, harness_done, &removed));
        done->unmarked = removed.status == SKR_OK;
    } else {
        done->unmarked = true; /* it never was marked */
    }
}

static void run_operations(struct harness *harness, struct acknowledged *done)
{
    const char *list[] = {"01", "02", NULL};
    done->small = harness_put(harness, "box", "small", 5000, 2) == SKR_OK;
    done->large = harness_put(harness, "box", "large", 3000001, 4) == SKR_OK;
    bool staged = harness_put_block(harness, "box", "blocks", "01", 1200000, 6) == SKR_OK;
    staged = harness_put_block(harness, "box", "blocks", "02", 70000, 8) == SKR_OK && staged;
    done->blocks = staged && harness_commit(harness, "box", "blocks", list) == SKR_OK;
    done->copy = harness_copy(harness, "box", "large", "copy") == SKR_OK;
    done->replaced = harness_put(harness, "box", "kept", 200000, 10) == SKR_OK;
    done->removed = harness_delete(harness, "box", "gone") == SKR_OK;
    done->multipart = run_multipart(harness);
    run_versions(harness, done);
    char *bytes;
    size_t size;
    if (harness_get(harness, "box", "large", &bytes, &size) == SKR_OK)
        free(bytes);
}

static void expect_versions(struct harness *harness, const struct acknowledged *done)
{
    char *bytes;
    size_t size;
    struct skr_object_name null_version = harness_version("versions", "kept", 0);
    ck_assert(harness_holds(harness, "versions", "kept", 150000, done->new_version ? 30 : 32));
    ck_assert_int_eq(harness_read(harness, &null_version, &bytes, &size), SKR_OK); /* current or not */
    ck_assert_uint_eq(size, 150000);
    free(bytes);
    ck_assert_int_eq(harness_holds(harness, "versions", "marked", 150000, 34), !done->marked);
    ck_assert_int_eq(harness_holds(harness, "versions", "unmarked", 150000, 36), done->unmarked);
    enum skr_status multi = harness_get(harness, "box", "multi", &bytes, &size);
    ck_assert_int_eq(multi, done->multipart ? SKR_OK : SKR_OBJECT_NOT_FOUND);
    if (multi == SKR_OK) {
        ck_assert_uint_eq(size, 1270000);
        free(bytes);
    }
}

static void expect_acknowledged(struct harness *harness, const struct acknowledged *done)
{
    char *bytes;
    size_t size;
    ck_assert(!done->small || harness_holds(harness, "box", "small", 5000, 2));
    ck_assert(!done->large || harness_holds(harness, "box", "large", 3000001, 4));
    ck_assert(!done->copy || harness_holds(harness, "box", "copy", 3000001, 4));
    ck_assert(harness_holds(harness, "box", "kept", 200000, done->replaced ? 10 : 12));
    enum skr_status gone = harness_get(harness, "box", "gone", &bytes, &size);
    ck_assert_int_eq(gone, done->removed ? SKR_OBJECT_NOT_FOUND : SKR_OK);
    if (gone == SKR_OK)
        free(bytes);
    enum skr_status blocks = harness_get(harness, "box", "blocks", &bytes, &size);
    ck_assert_int_eq(blocks, done->blocks ? SKR_OK : SKR_OBJECT_NOT_FOUND);
    if (blocks == SKR_OK) {
        ck_assert_uint_eq(size, 1270000);
        free(bytes);
    }
    expect_versions(harness, done);
}

/* One run with the n-th call of a kind failing. True: the fault was met. */
static bool run_with_fault(enum skr_io_call call, int os_errno, long countdown)
{
    struct counted_fault fault = {.fault = {decide}, .call = call, .os_errno = os_errno, .countdown = -1};
    struct harness harness = {.fault = &fault.fault};
    struct acknowledged done;
    harness_make(&harness);
    ck_assert_int_eq(harness_create_container(&harness, "box"), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "kept", 200000, 12), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "box", "gone", 200000, 14), SKR_OK);
    ck_assert_int_eq(harness_create_container(&harness, "versions"), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "versions", "kept", 150000, 32), SKR_OK);
    ck_assert_int_eq(harness_set_versioning(&harness, "versions", SKR_VERSIONING_ENABLED), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "versions", "marked", 150000, 34), SKR_OK);
    ck_assert_int_eq(harness_put(&harness, "versions", "unmarked", 150000, 36), SKR_OK);
    atomic_store(&fault.countdown, countdown);
    run_operations(&harness, &done);
    bool met = atomic_exchange(&fault.countdown, -1) < 0;
    enum skr_status after = harness_put(&harness, "box", "after", 100000, 16);
    if (met && call == SKR_IO_SYNC)
        ck_assert_int_eq(after, SKR_READ_ONLY);
    else if (met && call == SKR_IO_SYNC_DIRECTORY) /* on the thread that makes files ahead, perhaps a moment later */
        ck_assert(after == SKR_READ_ONLY || after == SKR_OK);
    else
        ck_assert_int_eq(after, SKR_OK);
    expect_acknowledged(&harness, &done);
    harness_close(&harness);
    ck_assert_uint_eq(harness_problems(&harness, true), 0);
    ck_assert_int_eq(harness_open(&harness), SKR_OK);
    expect_acknowledged(&harness, &done);
    ck_assert_int_eq(harness_put(&harness, "box", "restarted", 100000, 18), SKR_OK);
    harness_remove(&harness);
    return met;
}

static const struct {
    enum skr_io_call call;
    int os_errno;
} faults[] = {
    {SKR_IO_OPEN, EMFILE},        {SKR_IO_READ, EIO},     {SKR_IO_WRITE, ENOSPC},
    {SKR_IO_WRITE, EIO},          {SKR_IO_SYNC, EIO},     {SKR_IO_UNLINK, EACCES},
    {SKR_IO_ALLOCATE, ENOSPC},    {SKR_IO_PUNCH, EIO},    {SKR_IO_ALLOCATE, EOPNOTSUPP},
    {SKR_IO_SYNC_DIRECTORY, EIO}, {SKR_IO_MKDIR, ENOSPC}, {SKR_IO_TRUNCATE, EIO},
};

START_TEST(each_call_fails_in_turn)
{
    long n = 0;
    while (n < 80 && run_with_fault(faults[_i].call, faults[_i].os_errno, n))
        n++;
    ck_assert_int_lt(n, 80); /* the runs ended with one that met no fault */
    printf("fault %d: %ld calls failed in turn\n", _i, n);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("core faults");
    TCase *cases = tcase_create("faults");
    tcase_set_timeout(cases, 240);
    tcase_add_loop_test(cases, each_call_fails_in_turn, 0, sizeof faults / sizeof *faults);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
