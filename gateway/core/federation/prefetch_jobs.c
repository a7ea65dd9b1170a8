/* Jobs as an operator has them: begun, ended and looked at. Beginning and ending are changes like any other; the thread takes
 * over what they left in metadata.
 */
#include "prefetch_jobs.h"

#include "clock.h"
#include "operator_pins.h"

#define SKR_MOST_JOBS 1000
#define SKR_MOST_MANIFEST_BYTES (UINT64_C(16) << 20)
#define SKR_MOST_CONCURRENCY 64

struct skr_prefetch_change {
    struct skr_pending pending;
    struct skr_prefetch_record record;
    struct skr_bytes document;
    struct skr_bytes *parts; /* of the manifest */
    size_t part_count;
    uint64_t number;
};

static bool skr_count_job(void *context, const struct skr_note_key *key, struct skr_bytes document)
{
    (void)key, (void)document;
    ++*(uint64_t *)context;
    return true;
}

static enum skr_status skr_apply_begin(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_prefetch_change *op = (struct skr_prefetch_change *)change;
    struct skr_note_key key = {.kind = SKR_NOTE_PREFETCH};
    struct skr_binding binding;
    uint64_t count = 0;
    if (skr_binding_of(view, op->record.account, op->record.container, &binding, err) == SKR_NOT_FOUND)
        return skr_fail(err, SKR_NOT_FOUND, "the container is not attached to an upstream");
    enum skr_status status = skr_note_list(view, &key, skr_count_job, &count, err);
    if (status == SKR_OK && count >= SKR_MOST_JOBS)
        status = skr_fail(err, SKR_INVALID_ARGUMENT, "there are %d jobs already: cancel some that have ended", SKR_MOST_JOBS);
    key.number = op->number;
    if (status == SKR_OK)
        status = skr_note_put(view, &key, op->document, err);
    for (size_t i = 0; i < op->part_count && status == SKR_OK; i++) {
        struct skr_note_key part = {.kind = SKR_NOTE_MANIFEST, .number = op->number, .part = i};
        status = skr_note_put(view, &part, op->parts[i], err);
    }
    return status;
}

static enum skr_status skr_apply_cancel(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_prefetch_change *op = (struct skr_prefetch_change *)change;
    struct skr_note_key key = {.kind = SKR_NOTE_PREFETCH, .number = op->number};
    struct skr_note_key part = {.kind = SKR_NOTE_MANIFEST, .number = op->number};
    struct skr_prefetch_record record;
    struct skr_bytes document;
    enum skr_status status = skr_note_get(view, &key, &document, err);
    if (status == SKR_NOT_FOUND)
        return skr_fail(err, SKR_NOT_FOUND, "there is no such job");
    if (status != SKR_OK)
        return status;
    if (skr_prefetch_decode(document, &record) && record.phase == SKR_PREFETCH_RUNS) {
        record.phase = SKR_PREFETCH_CANCELLED;
        record.ended_ns = skr_view_tick(view);
        document = skr_prefetch_encode(&op->pending.arena, &record);
        status = document.data == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory for a job")
                                       : skr_note_put(view, &key, document, err);
    } else {
        status = skr_note_remove(view, &key, err);
    }
    while (status == SKR_OK) {
        status = skr_note_remove(view, &part, err);
        part.part++;
    }
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

static void skr_settle_job(struct skr_pending *pending)
{
    struct skr_prefetcher *prefetcher = pending->worker->core->prefetcher;
    if (pending->change.status != SKR_OK)
        return;
    atomic_store(&prefetcher->reloads, true);
    skr_background_wake(&prefetcher->background);
}

/* The keys, a zero byte behind each, so many to a row. */
static enum skr_status skr_manifest_parts(struct skr_prefetch_change *op, const struct skr_prefetch_options *options,
                                          struct skr_error *err)
{
    struct skr_arena *arena = &op->pending.arena;
    uint64_t whole = 0;
    if (options->key_count == 0 || options->key_count > SKR_MOST_PREFETCH_KEYS)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "a manifest names 1 to %d objects", SKR_MOST_PREFETCH_KEYS);
    op->part_count = (options->key_count + SKR_MANIFEST_PART_KEYS - 1) / SKR_MANIFEST_PART_KEYS;
    op->parts = skr_arena_alloc(arena, op->part_count * sizeof *op->parts);
    for (size_t part = 0; part < op->part_count && op->parts != NULL; part++) {
        size_t first = part * SKR_MANIFEST_PART_KEYS, end = first + SKR_MANIFEST_PART_KEYS, size = 0;
        end = end < options->key_count ? end : options->key_count;
        for (size_t i = first; i < end; i++) {
            const struct skr_bytes *key = &options->keys[i];
            if (key->size == 0 || key->size > SKR_MAX_KEY_BYTES || memchr(key->data, '\0', key->size) != NULL)
                return skr_fail(err, SKR_INVALID_ARGUMENT, "line %zu of the manifest is no name of an object", i + 1);
            size += key->size + 1;
        }
        whole += size;
        char *text = whole > SKR_MOST_MANIFEST_BYTES ? NULL : skr_arena_alloc(arena, size), *at = text;
        if (text == NULL)
            return skr_fail(err, whole > SKR_MOST_MANIFEST_BYTES ? SKR_INVALID_ARGUMENT : SKR_NO_MEMORY,
                            "the manifest is too large: divide it");
        for (size_t i = first; i < end; i++) {
            memcpy(at, options->keys[i].data, options->keys[i].size);
            at += options->keys[i].size;
            *at++ = '\0';
        }
        op->parts[part] = (struct skr_bytes){text, size};
    }
    return op->parts == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory for a manifest") : SKR_OK;
}

struct skr_pending *skr_prefetch_begin(struct skr_worker *worker, const struct skr_prefetch_options *options, skr_done done,
                                       void *context)
{
    struct skr_error error = {.message = ""};
    struct skr_prefetch_change *op = skr_pending_new(worker, sizeof *op, skr_apply_begin, done, context);
    if (op == NULL)
        return NULL;
    unsigned concurrency = options->concurrency == 0 ? 8 : options->concurrency;
    op->pending.settle = skr_settle_job;
    op->pending.job_id = op->number = skr_meta_next_id(worker->core->meta);
    op->record = (struct skr_prefetch_record){
        .phase = SKR_PREFETCH_RUNS,
        .is_manifest = options->keys != NULL,
        .is_counted = options->keys != NULL,
        .concurrency = concurrency > SKR_MOST_CONCURRENCY ? SKR_MOST_CONCURRENCY : concurrency,
        .bytes_per_s = options->bytes_per_s,
        .created_ns = skr_wall_ns(),
        .objects_total = options->keys != NULL ? options->key_count : 0,
        .account = skr_arena_copy(&op->pending.arena, options->account),
        .container = skr_arena_copy(&op->pending.arena, options->container),
        .prefix = skr_arena_copy(&op->pending.arena, options->keys != NULL ? SKR_BYTES("") : options->prefix),
    };
    enum skr_status status = options->keys != NULL ? skr_manifest_parts(op, options, &error) : SKR_OK;
    if (status != SKR_OK)
        return skr_pending_fail(&op->pending, status, error.message);
    if (options->prefix.size > SKR_MAX_KEY_BYTES)
        return skr_pending_fail(&op->pending, SKR_INVALID_ARGUMENT, "no name is as long as that");
    if (op->record.account.data != NULL && op->record.container.data != NULL && op->record.prefix.data != NULL)
        op->document = skr_prefetch_encode(&op->pending.arena, &op->record);
    if (op->document.data == NULL)
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for a job");
    return skr_pending_submit(&op->pending);
}

struct skr_pending *skr_prefetch_cancel(struct skr_worker *worker, uint64_t job_id, skr_done done, void *context)
{
    struct skr_prefetch_change *op = skr_pending_new(worker, sizeof *op, skr_apply_cancel, done, context);
    if (op == NULL)
        return NULL;
    op->pending.settle = skr_settle_job;
    op->number = job_id;
    return skr_pending_submit(&op->pending);
}

/* At the rate of late: of bytes where their total is known. */
static int64_t skr_left_s(const struct skr_prefetch_record *record, uint64_t rate)
{
    if (record->phase != SKR_PREFETCH_RUNS || !record->is_counted || record->is_manifest || rate == 0 ||
        record->bytes_total < record->bytes_done)
        return -1;
    return (int64_t)((record->bytes_total - record->bytes_done) / rate);
}

void skr_visit_prefetches(struct skr_core *core, bool (*visit)(void *context, const struct skr_prefetch_state *state),
                          void *context)
{
    struct skr_prefetcher *prefetcher = core->prefetcher;
    bool more = true;
    pthread_mutex_lock(&prefetcher->lock);
    for (const struct skr_prefetch_job *job = prefetcher->jobs; job != NULL && more; job = job->next) {
        const struct skr_prefetch_record *record = &job->record;
        struct skr_prefetch_state state = {
            .job_id = job->number,
            .phase = record->phase,
            .account = record->account,
            .container = record->container,
            .prefix = record->prefix,
            .is_manifest = record->is_manifest,
            .is_counted = record->is_counted,
            .objects_done = record->objects_done,
            .objects_total = record->objects_total,
            .objects_failed = record->objects_failed,
            .bytes_done = record->bytes_done,
            .bytes_total = record->bytes_total,
            .fetched_bytes = record->fetched_bytes,
            .bytes_per_s = job->rate,
            .left_s = skr_left_s(record, job->rate),
            .created_ns = record->created_ns,
            .ended_ns = record->ended_ns,
            .last_failure = record->last_failure,
        };
        more = job->is_gone || visit(context, &state);
    }
    pthread_mutex_unlock(&prefetcher->lock);
}
