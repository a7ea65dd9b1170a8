/* Why: deleting and overwriting answer in constant time and leave garbage behind; a crash leaves files that no record knows;
 * uploads are abandoned. One thread takes care of all three, in the order that can lose nothing: the record is gone durably,
 * nobody can see it any more (quiesce, pins), the bytes go, the garbage row goes.
 */
#include "collector.h"

#include <stdlib.h>
#include <time.h>

#include "federation/space.h"
#include "room.h"
#include "skerry/log.h"

#define SKR_COLLECT_BATCH 256
#define SKR_COLLECT_PAUSE_MS 500
#define SKR_STEP_RECORDS 2000
#define SKR_SLOTS_IDLE_S 600

struct skr_collector {
    struct skr_core *core;
    struct skr_io *io;              /* owned by the thread */
    struct skr_meta_reader *reader; /* owned by the thread */
    pthread_t thread;
    _Atomic uint64_t begun, ended; /* rounds */
    pthread_mutex_t lock;          /* guards what follows */
    pthread_cond_t wake;
    bool stopping, kicked;
};

/* A change that the collector makes; it waits for each. */
struct skr_collector_change {
    struct skr_change change;
    struct skr_garbage garbage[SKR_COLLECT_BATCH];
    size_t count;
    bool done;
    int64_t before_ns;
    struct skr_upload expired;
};

static bool skr_collector_stopping(struct skr_collector *collector)
{
    pthread_mutex_lock(&collector->lock);
    bool stopping = collector->stopping;
    pthread_mutex_unlock(&collector->lock);
    return stopping;
}

/* ---- garbage ---- */

/* The next rows after `after`, at most a batch. */
static enum skr_status skr_collect_rows(struct skr_collector *collector, uint64_t after, struct skr_garbage *rows,
                                        size_t *count, struct skr_error *err)
{
    struct skr_view *view;
    *count = 0;
    enum skr_status status = skr_view_begin(collector->reader, &view, err);
    if (status != SKR_OK)
        return status;
    while (*count < SKR_COLLECT_BATCH && (status = skr_garbage_next(view, after, &rows[*count], err)) == SKR_OK)
        after = rows[(*count)++].row;
    skr_view_end(view);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

static enum skr_status skr_apply_step(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_collector_change *op = (struct skr_collector_change *)change;
    return skr_garbage_step(view, &op->garbage[0], SKR_STEP_RECORDS, &op->done, err);
}

/* 0: it is gone already. */
static uint64_t skr_content_size(struct skr_collector *collector, uint64_t content_id)
{
    struct skr_content_state state = {.references = 0};
    struct skr_error error;
    struct skr_view *view;
    if (skr_view_begin(collector->reader, &view, &error) != SKR_OK)
        return 0;
    enum skr_status status = skr_content_state(view, content_id, &state, &error);
    skr_view_end(view);
    return status == SKR_OK && state.origin.binding != 0 ? state.content.size_bytes : 0;
}

/* Contents, trees and uploads: records, taken apart in bounded steps so that the commit thread stays responsive. */
static void skr_collect_records(struct skr_collector *collector, const struct skr_garbage *row)
{
    struct skr_collector_change op = {.change = {.apply = skr_apply_step}};
    struct skr_error error;
    if (row->kind == SKR_GARBAGE_CONTENT && skr_pins_has(&collector->core->pins, row->id))
        return;
    op.garbage[0] = *row;
    uint64_t size_bytes = row->kind == SKR_GARBAGE_CONTENT ? skr_content_size(collector, row->id) : 0;
    do {
        op.change.next = NULL;
        enum skr_status status = skr_meta_apply(collector->core->meta, &op.change, &error);
        if (status != SKR_OK) {
            skr_log(SKR_LOG_WARNING, "collector", "garbage row %llu stays for now: %s", (unsigned long long)row->row,
                    error.message);
            return;
        }
    } while (!op.done && !skr_collector_stopping(collector));
    if (size_bytes > 0)
        skr_space_forget_content(collector->core, row->id, size_bytes);
    atomic_fetch_add(&collector->core->garbage_collected, 1);
}

/* False: leave the row for later. A file that is known again, or has writers under way, is no garbage (any more). */
static bool skr_collect_file(struct skr_collector *collector, const struct skr_garbage *row)
{
    struct skr_error error;
    struct skr_view *view;
    bool exists = true;
    if (skr_pins_has(&collector->core->pins, row->id))
        return false;
    if (row->kind == SKR_GARBAGE_RANGE)
        return skr_store_punch(collector->core->store, collector->io, row->id, row->offset_bytes, row->size_bytes, &error) ==
               SKR_OK;
    if (skr_view_begin(collector->reader, &view, &error) != SKR_OK)
        return false;
    enum skr_status status = skr_file_record_exists(view, row->id, &exists, &error);
    skr_view_end(view);
    if (status != SKR_OK)
        return false;
    if (!exists)
        status = skr_store_remove(collector->core->store, collector->io, row->id, &error);
    if (status != SKR_OK)
        skr_log(SKR_LOG_WARNING, "collector", "content file %016llx stays for now: %s", (unsigned long long)row->id,
                error.message);
    return status == SKR_OK;
}

static enum skr_status skr_apply_forget(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_collector_change *op = (struct skr_collector_change *)change;
    enum skr_status status = SKR_OK;
    for (size_t i = 0; i < op->count && status == SKR_OK; i++)
        status = skr_garbage_forget(view, op->garbage[i].row, err);
    return status;
}

static void skr_collect_garbage(struct skr_collector *collector)
{
    struct skr_garbage rows[SKR_COLLECT_BATCH];
    struct skr_error error;
    uint64_t after = 0;
    size_t count;
    while (!skr_collector_stopping(collector) && skr_collect_rows(collector, after, rows, &count, &error) == SKR_OK &&
           count > 0) {
        struct skr_collector_change forget = {.change = {.apply = skr_apply_forget}};
        skr_meta_quiesce(collector->core->meta);
        for (size_t i = 0; i < count && !skr_collector_stopping(collector); i++) {
            if (rows[i].kind == SKR_GARBAGE_FILE || rows[i].kind == SKR_GARBAGE_RANGE) {
                if (skr_collect_file(collector, &rows[i]))
                    forget.garbage[forget.count++] = rows[i];
            } else {
                skr_collect_records(collector, &rows[i]);
            }
        }
        if (forget.count > 0 && skr_meta_apply(collector->core->meta, &forget.change, &error) == SKR_OK)
            atomic_fetch_add(&collector->core->garbage_collected, forget.count);
        after = rows[count - 1].row;
    }
}

/* ---- abandoned uploads ---- */

static enum skr_status skr_apply_expire(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_collector_change *op = (struct skr_collector_change *)change;
    enum skr_status status = skr_upload_expired(view, op->before_ns, &op->expired, err);
    op->done = status == SKR_UPLOAD_NOT_FOUND || status == SKR_NOT_FOUND;
    if (op->done)
        return SKR_OK;
    return status != SKR_OK ? status : skr_upload_remove(view, &op->expired, 0, err);
}

static void skr_expire_slots(struct skr_collector *collector)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    skr_upload_slots_expire(collector->core, now.tv_sec - SKR_SLOTS_IDLE_S);
}

/* Uploads without a new block since then are abandoned. */
static int64_t skr_expiry_ns(const struct skr_collector *collector)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME_COARSE, &now);
    return (now.tv_sec - (int64_t)collector->core->options.upload_lifetime_s) * 1000000000;
}

static void skr_expire_uploads(struct skr_collector *collector)
{
    struct skr_collector_change op = {.change = {.apply = skr_apply_expire}, .before_ns = skr_expiry_ns(collector)};
    struct skr_error error;
    do {
        op.change.next = NULL;
    } while (skr_meta_apply(collector->core->meta, &op.change, &error) == SKR_OK && !op.done &&
             !skr_collector_stopping(collector));
}

/* Is there anything to expire? Asked in a view, so that an idle server commits nothing. */
static bool skr_has_expired_upload(struct skr_collector *collector)
{
    struct skr_view *view;
    struct skr_error error;
    struct skr_upload upload;
    if (skr_view_begin(collector->reader, &view, &error) != SKR_OK)
        return false;
    bool found = skr_upload_expired(view, skr_expiry_ns(collector), &upload, &error) == SKR_OK;
    skr_view_end(view);
    return found;
}

/* ---- files without a record, after a crash ---- */

static bool skr_sweep_file(void *context, uint64_t file_id, uint64_t size_bytes)
{
    struct skr_collector *collector = context;
    struct skr_garbage row = {.kind = SKR_GARBAGE_FILE, .id = file_id};
    struct skr_view *view;
    struct skr_error error;
    bool exists = true;
    (void)size_bytes;
    if (skr_view_begin(collector->reader, &view, &error) != SKR_OK)
        return false;
    enum skr_status status = skr_file_record_exists(view, file_id, &exists, &error);
    skr_view_end(view);
    if (status == SKR_OK && !exists && skr_collect_file(collector, &row))
        atomic_fetch_add(&collector->core->garbage_collected, 1);
    return !skr_collector_stopping(collector);
}

static void skr_sweep_orphans(struct skr_collector *collector)
{
    struct skr_error error;
    uint64_t boot = skr_meta_boot(collector->core->meta);
    if (skr_meta_was_clean(collector->core->meta) || boot <= 1)
        return;
    if (skr_store_scan(collector->core->store, 1, boot - 1, skr_sweep_file, collector, &error) != SKR_OK)
        skr_log(SKR_LOG_WARNING, "collector", "looking for files without a record failed: %s", error.message);
}

/* ---- the thread ---- */

static bool skr_collector_pause(struct skr_collector *collector)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += SKR_COLLECT_PAUSE_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    pthread_mutex_lock(&collector->lock);
    while (!collector->stopping && !collector->kicked &&
           pthread_cond_timedwait(&collector->wake, &collector->lock, &until) == 0)
        ;
    bool stopping = collector->stopping;
    collector->kicked = false;
    pthread_mutex_unlock(&collector->lock);
    return !stopping;
}

static void *skr_collector_run(void *argument)
{
    struct skr_collector *collector = argument;
    pthread_setname_np(pthread_self(), "skr-collector");
    skr_sweep_orphans(collector);
    do {
        if (skr_store_is_read_only(collector->core->store))
            continue; /* nothing can be committed: leave the disk as it is */
        atomic_fetch_add(&collector->begun, 1);
        skr_collect_garbage(collector);
        skr_left_slots_collect(&collector->core->left_slots, collector->core->store, collector->io, collector->reader);
        atomic_fetch_add(&collector->ended, 1);
        skr_room_measure(collector->core, collector->reader);
        skr_expire_slots(collector);
        if (skr_has_expired_upload(collector))
            skr_expire_uploads(collector);
    } while (skr_collector_pause(collector));
    return NULL;
}

enum skr_status skr_collector_open(struct skr_collector **out, struct skr_core *core, struct skr_error *err)
{
    struct skr_collector *collector = calloc(1, sizeof *collector);
    if (collector == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the collector");
    collector->core = core;
    struct skr_io_options options = {.entries = 16, .fault = core->options.fault};
    enum skr_status status = skr_io_open(&collector->io, &options, err);
    if (status == SKR_OK)
        status = skr_meta_reader_open(core->meta, &collector->reader, err);
    if (status == SKR_OK) {
        pthread_condattr_t attributes;
        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&collector->wake, &attributes);
        pthread_condattr_destroy(&attributes);
        pthread_mutex_init(&collector->lock, NULL);
        int failed = pthread_create(&collector->thread, NULL, skr_collector_run, collector);
        if (failed != 0)
            status = skr_fail_os(err, SKR_NO_MEMORY, failed, "cannot start the collector: %s", strerror(failed));
    }
    if (status != SKR_OK) {
        skr_meta_reader_close(collector->reader);
        skr_io_close(collector->io);
        free(collector);
        return status;
    }
    *out = collector;
    return SKR_OK;
}

void skr_collector_kick(struct skr_collector *collector)
{
    pthread_mutex_lock(&collector->lock);
    collector->kicked = true;
    pthread_cond_signal(&collector->wake);
    pthread_mutex_unlock(&collector->lock);
}

uint64_t skr_collector_next_round(const struct skr_collector *collector)
{
    return atomic_load(&collector->begun) + 1;
}

bool skr_collector_has_ended(const struct skr_collector *collector, uint64_t round)
{
    return atomic_load(&collector->ended) >= round;
}

void skr_collector_close(struct skr_collector *collector)
{
    if (collector == NULL)
        return;
    pthread_mutex_lock(&collector->lock);
    collector->stopping = true;
    pthread_cond_signal(&collector->wake);
    pthread_mutex_unlock(&collector->lock);
    pthread_join(collector->thread, NULL);
    pthread_cond_destroy(&collector->wake);
    pthread_mutex_destroy(&collector->lock);
    skr_meta_reader_close(collector->reader);
    skr_io_close(collector->io);
    free(collector);
}
