/* What an operator does with the journal: looking at it, waiting for it, deciding what two sides disagree on. */
#include "clock.h"
#include "upload.h"

#define SKR_FLUSH_LOOK_NS (100 * INT64_C(1000000))

enum skr_status skr_list_dirty(struct skr_worker *worker, uint64_t after, enum skr_dirty_state state,
                               bool (*visit)(void *context, const struct skr_dirty *dirty), void *context,
                               struct skr_error *err)
{
    struct skr_journal_entry entry;
    struct skr_view *view;
    enum skr_status status = skr_view_begin(worker->reader, &view, err);
    if (status != SKR_OK)
        return status;
    bool more = true;
    while (more && (status = skr_journal_next(view, after, &entry, err)) == SKR_OK) {
        after = entry.sequence;
        if (state != 0 && (unsigned)state != (unsigned)entry.state)
            continue;
        struct skr_dirty dirty = {
            .sequence = entry.sequence,
            .account = entry.account,
            .container = entry.container,
            .key = entry.key,
            .state = (enum skr_dirty_state)entry.state, /* the same values */
            .reason = entry.reason,
            .is_deletion = (entry.what & SKR_JOURNAL_DELETE) != 0,
            .size_bytes = entry.size_bytes,
            .since_ns = entry.since_ns,
            .changed_ns = entry.changed_ns,
            .not_before_ns = entry.not_before_ns,
            .attempts = entry.attempts,
        };
        more = visit(context, &dirty);
    }
    skr_view_end(view);
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

/* ---- waiting for it ---- */

struct skr_flush_change {
    struct skr_pending pending;
    struct skr_bytes account, container, prefix;
    struct skr_flush_numbers numbers;
};

/* Its only purpose is a time between the changes that were made before it and those after. */
static enum skr_status skr_apply_flush(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_flush_change *op = (struct skr_flush_change *)change;
    (void)err;
    if (op->numbers.mark_ns == 0)
        op->numbers.mark_ns = skr_view_tick(view);
    return SKR_OK;
}

struct skr_pending *skr_flush(struct skr_worker *worker, const struct skr_flush_options *options, skr_done done, void *context)
{
    struct skr_flush_change *op = skr_pending_new(worker, sizeof *op, skr_apply_flush, done, context);
    if (op == NULL)
        return NULL;
    op->pending.awaited.what = SKR_AWAITS_FLUSH;
    op->pending.awaited.until_ns = skr_clock_ns() + options->patience_ms * INT64_C(1000000);
    op->pending.flush = &op->numbers;
    op->numbers.mark_ns = options->mark_ns;
    op->account = skr_arena_copy(&op->pending.arena, options->account);
    op->container = skr_arena_copy(&op->pending.arena, options->container);
    op->prefix = skr_arena_copy(&op->pending.arena, options->prefix);
    if (op->account.data == NULL || op->container.data == NULL || op->prefix.data == NULL)
        return skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory to wait for uploads");
    return skr_pending_submit(&op->pending);
}

static bool skr_flush_concerns(const struct skr_flush_change *op, const struct skr_journal_entry *entry)
{
    return entry->since_ns < op->numbers.mark_ns && (op->account.size == 0 || skr_bytes_equal(op->account, entry->account)) &&
           (op->container.size == 0 || skr_bytes_equal(op->container, entry->container)) &&
           skr_bytes_starts_with(entry->key, op->prefix);
}

bool skr_flush_turn(struct skr_uploader *uploader, struct skr_pending *pending, int64_t now_ns, int64_t *look_ns)
{
    struct skr_flush_change *op = (struct skr_flush_change *)pending;
    struct skr_journal_entry entry;
    struct skr_view *view;
    uint64_t after = 0, bytes = 0, counts[SKR_JOURNAL_CONFLICT + 1] = {0};
    bool is_late = pending->awaited.until_ns <= now_ns;
    *look_ns = now_ns + SKR_FLUSH_LOOK_NS;
    if (skr_view_begin(uploader->background.worker->reader, &view, NULL) != SKR_OK)
        return false;
    enum skr_status status;
    while ((status = skr_journal_next(view, after, &entry, NULL)) == SKR_OK &&
           (is_late || counts[SKR_JOURNAL_PENDING] == 0)) { /* one is enough to go on waiting */
        after = entry.sequence;
        if (!skr_flush_concerns(op, &entry))
            continue;
        counts[entry.state]++;
        bytes += entry.state == SKR_JOURNAL_PENDING ? entry.size_bytes : 0;
    }
    skr_view_end(view);
    if (status != SKR_OK && status != SKR_NOT_FOUND) { /* what could not be looked at is not known to be upstream */
        pending->change.status = skr_fail(&pending->change.error, status, "the journal cannot be read");
        return is_late;
    }
    if (counts[SKR_JOURNAL_PENDING] > 0 && !is_late)
        return false;
    op->numbers.pending_objects = counts[SKR_JOURNAL_PENDING];
    op->numbers.pending_bytes = bytes;
    op->numbers.failed_objects = counts[SKR_JOURNAL_FAILED];
    op->numbers.conflict_objects = counts[SKR_JOURNAL_CONFLICT];
    status = counts[SKR_JOURNAL_PENDING] > 0    ? SKR_BUSY
             : counts[SKR_JOURNAL_CONFLICT] > 0 ? SKR_CONDITION_FAILED
             : counts[SKR_JOURNAL_FAILED] > 0   ? SKR_UPSTREAM_FAILED
                                                : SKR_OK;
    pending->change.status =
        status == SKR_OK
            ? SKR_OK
            : skr_fail(&pending->change.error, status, "%llu wait, %llu are refused, %llu are in conflict",
                       (unsigned long long)counts[SKR_JOURNAL_PENDING], (unsigned long long)counts[SKR_JOURNAL_FAILED],
                       (unsigned long long)counts[SKR_JOURNAL_CONFLICT]);
    return true;
}

/* ---- deciding ---- */

struct skr_resolve_change {
    struct skr_pending pending;
    struct skr_object_name name;
    uint64_t sequence;
    enum skr_resolution resolution;
};

static enum skr_status skr_apply_resolve(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_resolve_change *op = (struct skr_resolve_change *)change;
    struct skr_container container;
    struct skr_journal_entry entry;
    enum skr_status status = skr_container_get(view, &op->pending.arena, op->name.account, op->name.container, &container, err);
    if (status == SKR_OK)
        status = skr_journal_get(view, &container, op->name.key, &entry, err);
    if (status == SKR_NOT_FOUND)
        return skr_fail(err, SKR_NOT_FOUND, "upstream has this name as it is here");
    if (status != SKR_OK)
        return status;
    if (op->sequence != 0 && op->sequence != entry.sequence)
        return skr_fail(err, SKR_CONDITION_FAILED, "this name was changed meanwhile");
    if (op->resolution == SKR_RESOLVE_KEEP_REMOTE) {
        bool deletes = entry.what & SKR_JOURNAL_DELETE;
        status = skr_journal_remove(view, entry.sequence, err);
        return status != SKR_OK || deletes ? status : skr_object_remove(view, container.objects_node, op->name.key, err);
    }
    entry.state = SKR_JOURNAL_PENDING;
    entry.reason = SKR_NO_BYTES;
    entry.not_before_ns = 0;
    entry.is_awaited = false;
    entry.overwrites |= op->resolution == SKR_RESOLVE_KEEP_LOCAL;
    return skr_journal_update(view, &entry, err);
}

static void skr_settle_resolve(struct skr_pending *pending)
{
    skr_uploader_look_again(pending->worker->core->uploader);
}

struct skr_pending *skr_resolve(struct skr_worker *worker, const struct skr_object_name *name, uint64_t sequence,
                                enum skr_resolution resolution, skr_done done, void *context)
{
    struct skr_resolve_change *op = skr_pending_new(worker, sizeof *op, skr_apply_resolve, done, context);
    if (op == NULL)
        return NULL;
    op->name = *name;
    op->sequence = sequence;
    op->resolution = resolution;
    op->pending.settle = skr_settle_resolve;
    return skr_name_copy(&op->pending.arena, &op->name)
               ? skr_pending_submit(&op->pending)
               : skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory to decide about an object");
}
