/* What LMDB asks of the kernel, and when, seen and failed from between them: this program's calls come before the C library's.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "environment.h"
#include "meta_private.h"
#include "run.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

/* ---- the calls ---- */

enum event { WROTE_PAGES, SYNCED_FILE, WROTE_META, SYNCED_FOLDER, SYNCED_DATA_FOLDER, SYNCED_PARENT, NO_EVENT };
static struct {
    pthread_mutex_t lock; /* guards what follows */
    char directory[64];
    enum event events[256];
    size_t count;
    enum event failing;
    int os_errno;
} trace = {.lock = PTHREAD_MUTEX_INITIALIZER, .failing = NO_EVENT};

/* What a call on `fd` means, by the path it was opened with. */
static enum event classify(int fd, bool is_write)
{
    char link[64], path[512];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t size = readlink(link, path, sizeof path - 1);
    size_t directory_size = strlen(trace.directory);
    if (size < 0 || directory_size == 0)
        return NO_EVENT;
    path[size] = '\0';
    const char *last = strrchr(trace.directory, '/');
    if (!is_write && strncmp(path, trace.directory, (size_t)(last - trace.directory)) == 0 &&
        path[last - trace.directory] == '\0')
        return SYNCED_PARENT;
    if (strncmp(path, trace.directory, directory_size) != 0)
        return NO_EVENT;
    if (strcmp(path + directory_size, "/meta/data.mdb") == 0)
        return !is_write ? SYNCED_FILE : (fcntl(fd, F_GETFL) & O_DSYNC) != 0 ? WROTE_META : WROTE_PAGES;
    if (!is_write && strcmp(path + directory_size, "/meta") == 0)
        return SYNCED_FOLDER;
    return !is_write && path[directory_size] == '\0' ? SYNCED_DATA_FOLDER : NO_EVENT;
}

/* Notes the call; -1 and errno when it is to fail. */
static int note(int fd, bool is_write)
{
    pthread_mutex_lock(&trace.lock);
    enum event event = classify(fd, is_write);
    if (event != NO_EVENT && trace.count < sizeof trace.events / sizeof *trace.events)
        trace.events[trace.count++] = event;
    int failed = event != NO_EVENT && event == trace.failing ? trace.os_errno : 0;
    if (failed != 0)
        trace.failing = NO_EVENT;
    pthread_mutex_unlock(&trace.lock);
    errno = failed;
    return failed == 0 ? 0 : -1;
}

int traced_fdatasync(int fd) __asm__("fdatasync");
int traced_fsync(int fd) __asm__("fsync");
ssize_t traced_pwrite(int fd, const void *data, size_t size, off_t offset) __asm__("pwrite");
ssize_t traced_writev(int fd, const struct iovec *parts, int count) __asm__("writev");

int traced_fdatasync(int fd)
{
    return note(fd, false) != 0 ? -1 : (int)syscall(SYS_fdatasync, fd);
}

int traced_fsync(int fd)
{
    return note(fd, false) != 0 ? -1 : (int)syscall(SYS_fsync, fd);
}

ssize_t traced_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    return note(fd, true) != 0 ? -1 : syscall(SYS_pwrite64, fd, data, size, offset);
}

ssize_t traced_writev(int fd, const struct iovec *parts, int count)
{
    return note(fd, true) != 0 ? -1 : syscall(SYS_writev, fd, parts, count);
}

static void trace_begin(const char *directory, enum event failing, int os_errno)
{
    pthread_mutex_lock(&trace.lock);
    snprintf(trace.directory, sizeof trace.directory, "%s", directory);
    trace.count = 0;
    trace.failing = failing;
    trace.os_errno = os_errno;
    pthread_mutex_unlock(&trace.lock);
}

static long last_event(enum event event)
{
    for (size_t i = trace.count; i-- > 0;)
        if (trace.events[i] == event)
            return (long)i;
    return -1;
}

/* ---- tests ---- */

static struct environment environment;

static enum skr_status put_document(struct skr_view *view, void *context, struct skr_error *err)
{
    static char document[9000];
    return skr_account_document_put(view, SKR_BYTES("acct"), context, (struct skr_bytes){document, sizeof document}, err);
}

static enum skr_status put(const char *name)
{
    return environment_change(&environment, put_document, (void *)name);
}

static bool is_there(const char *name)
{
    struct skr_error error;
    struct skr_view *view;
    struct skr_bytes document;
    ck_assert_int_eq(skr_view_begin(environment.reader, &view, &error), SKR_OK);
    enum skr_status status = skr_account_document_get(view, SKR_BYTES("acct"), name, &document, &error);
    skr_view_end(view);
    return status == SKR_OK;
}

START_TEST(a_commit_is_durable_before_it_is_told)
{
    environment_make(&environment, 0, 0);
    trace_begin(environment.directory, NO_EVENT, 0);
    ck_assert_int_eq(put("a"), SKR_OK);
    ck_assert_int_ge(last_event(WROTE_PAGES), 0);
    ck_assert_int_lt(last_event(WROTE_PAGES), last_event(SYNCED_FILE));
    ck_assert_int_lt(last_event(SYNCED_FILE), last_event(WROTE_META)); /* which is written through */
    environment_remove(&environment);
}
END_TEST

/* LMDB syncs its file and not the way to it. */
START_TEST(the_way_to_the_file_is_durable)
{
    struct skr_meta *meta;
    struct skr_error error;
    char directory[64], path[128];
    const char *base = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
    snprintf(directory, sizeof directory, "%.40s/skr-meta-XXXXXX", base);
    ck_assert_ptr_nonnull(mkdtemp(directory));
    struct skr_meta_options options = {.directory = directory, .max_readers = 2};
    trace_begin(directory, NO_EVENT, 0);
    ck_assert_int_eq(skr_meta_open(&meta, &options, &error), SKR_OK);
    ck_assert_int_ge(last_event(SYNCED_PARENT), 0);
    ck_assert_int_ge(last_event(SYNCED_FOLDER), 0);
    ck_assert_int_lt(last_event(SYNCED_FOLDER), last_event(SYNCED_DATA_FOLDER)); /* `meta` was made after `format` */
    ck_assert_int_lt(last_event(SYNCED_DATA_FOLDER), last_event(WROTE_META));    /* the first boot counts after that */
    skr_meta_close(meta);
    trace_begin("", NO_EVENT, 0);
    for (int i = 0; i < 4; i++) {
        static const char *const names[] = {"meta/data.mdb", "meta/lock.mdb", "format", "lock"};
        snprintf(path, sizeof path, "%s/%s", directory, names[i]);
        unlink(path);
    }
    snprintf(path, sizeof path, "%s/meta", directory);
    rmdir(path);
    rmdir(directory);
}
END_TEST

static const struct {
    enum event event;
    int os_errno;
    enum skr_status status;
    bool goes_on;
} failures[] = {
    {WROTE_PAGES, ENOSPC, SKR_NO_SPACE, true}, {WROTE_PAGES, EIO, SKR_IO, false},
    {SYNCED_FILE, ENOSPC, SKR_NO_SPACE, true}, /* all pages are written anew the next time */
    {SYNCED_FILE, EIO, SKR_IO, false},         {WROTE_META, EIO, SKR_IO, false},
    {WROTE_META, ENOSPC, SKR_IO, false}, /* nobody knows what is on disk: never told as a clean lack of space */
};

START_TEST(a_commit_that_fails)
{
    environment_make(&environment, 0, 0);
    ck_assert_int_eq(put("before"), SKR_OK);
    trace_begin(environment.directory, failures[_i].event, failures[_i].os_errno);
    ck_assert_int_eq(put("failed"), failures[_i].status);
    trace_begin(environment.directory, NO_EVENT, 0);
    ck_assert_int_eq(put("after"), failures[_i].goes_on ? SKR_OK : SKR_READ_ONLY);
    if (failures[_i].event != WROTE_META) { /* then LMDB refuses to read, too */
        ck_assert(is_there("before"));
        ck_assert(!is_there("failed"));
    }
    environment_reopen(&environment);
    ck_assert(is_there("before"));
    ck_assert(is_there("after") == failures[_i].goes_on);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    ck_assert_int_eq(put("restarted"), SKR_OK);
    environment_remove(&environment);
}
END_TEST

/* Fills the file to its last page in one transaction, so that the next finds no free one. */
static size_t fill_file(const char *directory, size_t rows, size_t map_bytes)
{
    MDB_env *env;
    MDB_txn *txn;
    MDB_dbi table;
    char path[128], value[3000] = {0};
    size_t done = 0;
    snprintf(path, sizeof path, "%s/meta", directory);
    ck_assert_int_eq(mdb_env_create(&env), 0);
    ck_assert_int_eq(mdb_env_set_maxdbs(env, 32), 0);
    ck_assert_int_eq(mdb_env_set_mapsize(env, map_bytes), 0);
    ck_assert_int_eq(mdb_env_open(env, path, MDB_NOTLS, 0600), 0);
    ck_assert_int_eq(mdb_txn_begin(env, NULL, 0, &txn), 0);
    ck_assert_int_eq(mdb_dbi_open(txn, "filling", MDB_CREATE, &table), 0);
    int result = 0;
    while (result == 0 && done < rows) {
        char key[16];
        snprintf(key, sizeof key, "%08zu", done);
        MDB_val k = {8, key}, v = {sizeof value, value};
        result = mdb_put(txn, table, &k, &v, MDB_APPEND);
        done += result == 0;
    }
    if (result == 0)
        result = mdb_txn_commit(txn);
    else
        mdb_txn_abort(txn);
    mdb_env_close(env);
    return result == 0 ? done : 0;
}

START_TEST(a_file_without_a_free_page_is_opened)
{
    struct skr_error error;
    environment_make(&environment, 1 << 20, 0);
    environment_close(&environment);
    size_t rows = 400;
    while (rows > 0 && fill_file(environment.directory, rows, 1 << 20) == 0)
        rows--;
    ck_assert_uint_gt(rows, 100);
    struct skr_meta_options options = {.directory = environment.directory, .max_readers = 8, .map_initial_bytes = 1 << 20};
    ck_assert_msg(skr_meta_open(&environment.meta, &options, &error) == SKR_OK, "%s", error.message);
    ck_assert_int_eq(skr_meta_reader_open(environment.meta, &environment.reader, &error), SKR_OK);
    ck_assert_int_eq(put("a"), SKR_OK);
    environment_remove(&environment);
}
END_TEST

#ifndef SANITIZED /* which take address space by the terabyte */
START_TEST(no_address_space_for_a_larger_map)
{
    struct rlimit limit, tight;
    char name[16];
    unsigned long pages = 0;
    enum skr_status status = SKR_OK;
    environment_make(&environment, 1 << 20, 0);
    ck_assert_int_eq(put("first"), SKR_OK);
    FILE *statm = fopen("/proc/self/statm", "r");
    ck_assert_int_eq(fscanf(statm, "%lu", &pages), 1);
    fclose(statm);
    getrlimit(RLIMIT_AS, &limit);
    tight = limit;
    tight.rlim_cur = pages * (unsigned long)sysconf(_SC_PAGESIZE) + (3 << 20);
    setrlimit(RLIMIT_AS, &tight);
    for (int i = 0; i < 2000 && status == SKR_OK; i++) {
        snprintf(name, sizeof name, "d%d", i);
        status = put(name);
    }
    bool readable = is_there("first");
    setrlimit(RLIMIT_AS, &limit);
    ck_assert_int_eq(status, SKR_NO_SPACE);
    ck_assert(readable);
    ck_assert_int_eq(put(name), SKR_OK);
    ck_assert_uint_eq(environment_problems(&environment), 0);
    environment_remove(&environment);
}
END_TEST
#endif

int main(void)
{
    Suite *suite = suite_create("meta durability");
    TCase *cases = tcase_create("durability");
    tcase_set_timeout(cases, 120);
    tcase_add_test(cases, a_commit_is_durable_before_it_is_told);
    tcase_add_test(cases, the_way_to_the_file_is_durable);
    tcase_add_loop_test(cases, a_commit_that_fails, 0, sizeof failures / sizeof *failures);
    tcase_add_test(cases, a_file_without_a_free_page_is_opened);
#ifndef SANITIZED
    tcase_add_test(cases, no_address_space_for_a_larger_map);
#endif
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
