/* The commit thread: the only writer of the environment. It drains the queue into one transaction, commits it durably, then
 * tells each change's executor: one flush serves all that waited.
 *
 * A change that fails before it wrote costs nothing. When one fails after it wrote, or the transaction as a whole fails, the
 * batch is undone and each of its changes runs again in a transaction of its own, so that a failure undoes only itself. A full
 * map is replaced by one twice as large and the work done again. A commit that fails other than for lack of space latches the
 * environment: what is on disk is unclear, so nothing more is written.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "names.h"
#include "skerry/log.h"

#define SKR_TICK_NS 100

int64_t skr_view_tick(struct skr_view *view)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t now_ns = ((int64_t)now.tv_sec * 1000000000 + now.tv_nsec) / SKR_TICK_NS * SKR_TICK_NS;
    view->tick_ns = now_ns > view->tick_ns ? now_ns : view->tick_ns + SKR_TICK_NS;
    view->ticked = true;
    return view->tick_ns;
}

enum skr_status skr_meta_submit(struct skr_meta *meta, struct skr_change *change)
{
    pthread_mutex_lock(&meta->queue_lock);
    enum skr_status status = meta->latched || meta->stopping           ? SKR_READ_ONLY
                             : meta->queue_length >= meta->queue_limit ? SKR_BUSY
                                                                       : SKR_OK;
    bool wake = false;
    if (status == SKR_OK) {
        change->next = NULL;
        *meta->queue_last = change;
        meta->queue_last = &change->next;
        meta->queue_length++;
        atomic_store_explicit(&meta->counters.queue_length, meta->queue_length, memory_order_relaxed);
        wake = meta->commit_sleeps;
        meta->commit_sleeps = false;
    }
    pthread_mutex_unlock(&meta->queue_lock);
    if (wake)
        pthread_cond_signal(&meta->queue_filled);
    return status;
}

/* ---- one transaction ---- */

/* Free pages of the environment, in bytes. LMDB shows its list of them to readers only. */
uint64_t skr_view_free_bytes(struct skr_view *view)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t pages = 0;
    if (mdb_cursor_open(view->txn, 0, &cursor) != 0)
        return 0;
    while (mdb_cursor_get(cursor, &key, &value, MDB_NEXT) == 0)
        if (value.mv_size >= sizeof(size_t)) {
            size_t count;
            memcpy(&count, value.mv_data, sizeof count);
            pages += count;
        }
    mdb_cursor_close(cursor);
    return pages * 4096;
}

static int64_t skr_free_bytes(struct skr_meta *meta)
{
    struct skr_view view = {.meta = meta};
    if (mdb_txn_begin(meta->env, NULL, MDB_RDONLY, &view.txn) != 0)
        return 0;
    uint64_t bytes = skr_view_free_bytes(&view);
    mdb_txn_abort(view.txn);
    return (int64_t)bytes;
}

static int skr_transaction_begin(struct skr_meta *meta, struct skr_view *view)
{
    MDB_envinfo info;
    *view = (struct skr_view){.meta = meta, .tick_ns = meta->tick_ns, .room_bytes = INT64_MAX};
    skr_names_begin(view);
    int result = mdb_txn_begin(meta->env, NULL, 0, &view->txn);
    if (result != 0 || meta->map_max_bytes == 0)
        return result;
    mdb_env_info(meta->env, &info);
    const int64_t reserve = 8 << 20; /* kept for removals */
    view->room_bytes = (int64_t)meta->map_max_bytes - reserve - (int64_t)(info.me_last_pgno + 1) * 4096;
    if (view->room_bytes < 4 * reserve)
        view->room_bytes += skr_free_bytes(meta);
    return 0;
}

/* What changed in each of a transaction's changes, and is written once. */
static int skr_transaction_close(struct skr_view *view)
{
    char tick[8], sums[32];
    MDB_dbi table = view->meta->tables[SKR_TABLE_CONFIG];
    int result = 0;
    if (view->ticked) {
        MDB_val key = {4, "tick"}, value = {sizeof tick, tick};
        skr_put_be64(tick, (uint64_t)view->tick_ns);
        result = mdb_put(view->txn, table, &key, &value, 0);
    }
    if (view->journal_written && result == 0) {
        MDB_val key = {strlen(SKR_JOURNAL_SUMS), SKR_JOURNAL_SUMS}, value = {sizeof sums, sums};
        skr_journal_sums(&view->journal, sums);
        result = mdb_put(view->txn, table, &key, &value, 0);
    }
    return result;
}

static int skr_transaction_commit(struct skr_view *view)
{
    struct skr_meta *meta = view->meta;
    int result = skr_transaction_close(view);
    if (result != 0) {
        view->map_full = result == MDB_MAP_FULL;
        mdb_txn_abort(view->txn);
        return result;
    }
    result = mdb_txn_commit(view->txn);
    if (result == MDB_MAP_FULL)
        view->map_full = true;
    if (result == 0) {
        MDB_envinfo info;
        meta->tick_ns = view->tick_ns;
        if (view->journal_written)
            skr_journal_publish(meta, &view->journal);
        mdb_env_info(meta->env, &info);
        atomic_fetch_add_explicit(&meta->counters.commits, 1, memory_order_relaxed);
        atomic_store_explicit(&meta->counters.map_bytes, info.me_mapsize, memory_order_relaxed);
        atomic_store_explicit(&meta->counters.used_bytes, (info.me_last_pgno + 1) * 4096, memory_order_relaxed);
        skr_names_tell(view);
    }
    return result;
}

/* LMDB gives up the old map before it asks for the new one, and has none when that fails: so ask first. */
static int skr_probe_address_space(uint64_t bytes)
{
    void *probe = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (probe == MAP_FAILED)
        return errno;
    munmap(probe, bytes);
    return 0;
}

bool skr_grow_map(struct skr_meta *meta)
{
    uint64_t bytes = meta->map_bytes * 2;
    if (meta->map_max_bytes != 0 && bytes > meta->map_max_bytes)
        bytes = meta->map_max_bytes;
    if (bytes <= meta->map_bytes)
        return false;
    skr_gate_close(meta);
    int result = skr_probe_address_space(bytes);
    if (result == 0)
        result = mdb_env_set_mapsize(meta->env, bytes);
    skr_gate_reopen(meta);
    if (result != 0) {
        skr_log(SKR_LOG_ERROR, "meta", "the metadata map cannot grow to %llu bytes: %s", (unsigned long long)bytes,
                mdb_strerror(result));
        return false;
    }
    meta->map_bytes = bytes;
    skr_log(SKR_LOG_INFO, "meta", "the metadata map grew to %llu MiB", (unsigned long long)(bytes >> 20));
    return true;
}

static void skr_latch(struct skr_meta *meta, const struct skr_error *err)
{
    pthread_mutex_lock(&meta->queue_lock);
    bool first = !meta->latched;
    meta->latched = true;
    pthread_mutex_unlock(&meta->queue_lock);
    if (first && meta->on_commit_failure != NULL)
        meta->on_commit_failure(meta->failure_context, err);
}

static void skr_change_failed(struct skr_change *change, enum skr_status status, const struct skr_error *err)
{
    change->status = status;
    change->error = *err;
    change->error.status = status;
}

/* The status of a commit that failed. Lack of space is a clean failure unless it met the last page, the one that makes the
 * commit count: LMDB then refuses to go on, and nobody knows what is on disk. */
static enum skr_status skr_commit_status(struct skr_meta *meta, int result, struct skr_error *err)
{
    enum skr_status status = skr_meta_status(result, err);
    MDB_txn *probe;
    if (result == MDB_MAP_FULL || result == MDB_TXN_FULL || (status != SKR_NO_SPACE && status != SKR_NO_MEMORY))
        return status == SKR_CORRUPT ? SKR_IO : status; /* also in doubt */
    int begun = mdb_txn_begin(meta->env, NULL, 0, &probe);
    if (begun == 0)
        mdb_txn_abort(probe);
    return begun == MDB_PANIC ? skr_fail_os(err, SKR_IO, result, "metadata may be written in part: %s", mdb_strerror(result))
                              : status;
}

/* ---- batches ---- */

/* Runs one change in a transaction of its own, growing the map as often as it takes. */
static void skr_run_alone(struct skr_meta *meta, struct skr_change *change)
{
    for (;;) {
        struct skr_view view;
        struct skr_error error = {.status = SKR_OK};
        if (meta->latched) {
            skr_change_failed(change, SKR_READ_ONLY, &(struct skr_error){.message = "metadata takes no more writes"});
            return;
        }
        int result = skr_transaction_begin(meta, &view);
        if (result != 0) {
            skr_change_failed(change, skr_meta_status(result, &error), &error);
            return;
        }
        view.origin = change->origin;
        change->error = (struct skr_error){.status = SKR_OK};
        change->status = change->apply(&view, change, &change->error);
        if (change->status != SKR_OK)
            mdb_txn_abort(view.txn);
        else
            result = skr_transaction_commit(&view);
        if (view.map_full && skr_grow_map(meta))
            continue;
        if (change->status == SKR_OK && result != 0) {
            enum skr_status status = skr_commit_status(meta, result, &error);
            skr_change_failed(change, status, &error);
            if (status != SKR_NO_SPACE && status != SKR_NO_MEMORY)
                skr_latch(meta, &error);
        }
        return;
    }
}

/* True: the whole batch is durable, or failed cleanly change by change. False: undone, run each alone. */
static bool skr_run_together(struct skr_meta *meta, struct skr_change *first)
{
    struct skr_view view;
    bool wrote = false;
    if (first->next == NULL || skr_transaction_begin(meta, &view) != 0)
        return false;
    for (struct skr_change *change = first; change != NULL; change = change->next) {
        view.written = false;
        view.origin = change->origin;
        change->error = (struct skr_error){.status = SKR_OK};
        change->status = change->apply(&view, change, &change->error);
        wrote |= view.written;
        if (change->status != SKR_OK && view.written) {
            mdb_txn_abort(view.txn);
            return false;
        }
    }
    if (!wrote) {
        mdb_txn_abort(view.txn);
        return true;
    }
    struct skr_error error = {.status = SKR_OK};
    int result = skr_transaction_commit(&view);
    if (result == 0)
        return true;
    enum skr_status status = skr_commit_status(meta, result, &error);
    if (status == SKR_NO_SPACE || status == SKR_NO_MEMORY)
        return false;
    for (struct skr_change *change = first; change != NULL; change = change->next) /* never tried into success again */
        if (change->status == SKR_OK)
            skr_change_failed(change, status, &error);
    skr_latch(meta, &error);
    return true;
}

static void skr_run_batch(struct skr_meta *meta, struct skr_change *first)
{
    if (!skr_run_together(meta, first)) {
        if (first->next != NULL)
            atomic_fetch_add_explicit(&meta->counters.replays, 1, memory_order_relaxed);
        for (struct skr_change *change = first; change != NULL; change = change->next)
            skr_run_alone(meta, change);
    }
    while (first != NULL) { /* posting gives the change away */
        struct skr_change *change = first;
        first = change->next;
        atomic_fetch_add_explicit(change->status == SKR_OK ? &meta->counters.changes : &meta->counters.failed_changes, 1,
                                  memory_order_relaxed);
        change->executor->post(change->executor, &change->task);
    }
}

/* Waits for work and cuts a batch off the queue. NULL: stopping and nothing left. */
static struct skr_change *skr_take_batch(struct skr_meta *meta)
{
    pthread_mutex_lock(&meta->queue_lock);
    while (meta->queue_first == NULL && !meta->stopping) {
        meta->commit_sleeps = true;
        pthread_cond_wait(&meta->queue_filled, &meta->queue_lock);
    }
    meta->commit_sleeps = false;
    struct skr_change *first = meta->queue_first, *last = first;
    for (size_t count = 1; first != NULL; count++, last = last->next) {
        meta->queue_length--;
        if (last->next == NULL || count == meta->batch_limit)
            break;
    }
    if (first != NULL) {
        meta->queue_first = last->next;
        if (meta->queue_first == NULL)
            meta->queue_last = &meta->queue_first;
        last->next = NULL;
    }
    atomic_store_explicit(&meta->counters.queue_length, meta->queue_length, memory_order_relaxed);
    pthread_mutex_unlock(&meta->queue_lock);
    return first;
}

static void *skr_commit_run(void *argument)
{
    struct skr_meta *meta = argument;
    struct skr_change *batch;
    pthread_setname_np(pthread_self(), "skr-commit");
    while ((batch = skr_take_batch(meta)) != NULL)
        skr_run_batch(meta, batch);
    return NULL;
}

enum skr_status skr_commit_start(struct skr_meta *meta, struct skr_error *err)
{
    pthread_mutex_init(&meta->queue_lock, NULL);
    pthread_cond_init(&meta->queue_filled, NULL);
    meta->queue_last = &meta->queue_first;
    int failed = pthread_create(&meta->thread, NULL, skr_commit_run, meta);
    if (failed != 0)
        return skr_fail_os(err, SKR_NO_MEMORY, failed, "cannot start the commit thread: %s", strerror(failed));
    meta->thread_started = true;
    return SKR_OK;
}

void skr_commit_stop(struct skr_meta *meta)
{
    pthread_mutex_lock(&meta->queue_lock);
    meta->stopping = true;
    pthread_cond_signal(&meta->queue_filled);
    pthread_mutex_unlock(&meta->queue_lock);
    pthread_join(meta->thread, NULL);
    pthread_mutex_destroy(&meta->queue_lock);
    pthread_cond_destroy(&meta->queue_filled);
}

/* ---- waiting for one change ---- */

struct skr_waiting_executor {
    struct skr_executor executor; /* first */
    pthread_mutex_t lock;         /* guards done */
    pthread_cond_t finished;
    bool done;
};

static void skr_waiting_post(struct skr_executor *executor, struct skr_task *task)
{
    struct skr_waiting_executor *waiting = (struct skr_waiting_executor *)executor;
    (void)task;
    pthread_mutex_lock(&waiting->lock);
    waiting->done = true;
    pthread_cond_signal(&waiting->finished);
    pthread_mutex_unlock(&waiting->lock);
}

enum skr_status skr_meta_apply(struct skr_meta *meta, struct skr_change *change, struct skr_error *err)
{
    struct skr_waiting_executor waiting = {.executor = {.post = skr_waiting_post}};
    pthread_mutex_init(&waiting.lock, NULL);
    pthread_cond_init(&waiting.finished, NULL);
    change->executor = &waiting.executor;
    enum skr_status status;
    while ((status = skr_meta_submit(meta, change)) == SKR_BUSY)
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    if (status == SKR_OK) {
        pthread_mutex_lock(&waiting.lock);
        while (!waiting.done)
            pthread_cond_wait(&waiting.finished, &waiting.lock);
        pthread_mutex_unlock(&waiting.lock);
        status = change->status;
        if (status != SKR_OK && err != NULL)
            *err = change->error;
    } else {
        skr_fail(err, status, "metadata takes no more writes until the server is restarted");
    }
    pthread_mutex_destroy(&waiting.lock);
    pthread_cond_destroy(&waiting.finished);
    return status;
}
