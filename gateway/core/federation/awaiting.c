/* Why: some changes are not done when they are durable here. In write-through the caller is told when upstream has it, or that
 * it has not; in write-back one for which there is no room waits a while for what is before it. Neither may block a worker.
 *
 * Invariant: a pending is with its worker, with the commit thread, or here, and handed on by posting its task; `done` stays the
 * worker's. Whoever waits is answered in bounded time.
 */
#include "awaiting.h"

#include "clock.h"
#include "upload.h"

#define SKR_ROOM_PATIENCE_NS (10 * INT64_C(1000000000))
#define SKR_UPSTREAM_PATIENCE_NS (30 * INT64_C(1000000000))
#define SKR_ROOM_LOOK_NS (100 * INT64_C(1000000))

/* ---- on the worker's thread ---- */

bool skr_await_room(struct skr_pending *pending)
{
    struct skr_awaited *awaited = &pending->awaited;
    int64_t now_ns = skr_clock_ns();
    if (pending->change.status != SKR_DIRTY_FULL)
        return false;
    if (!awaited->was_full)
        awaited->until_ns = now_ns + SKR_ROOM_PATIENCE_NS;
    if (awaited->was_full && now_ns >= awaited->until_ns)
        return false;
    awaited->was_full = true;
    awaited->what = SKR_AWAITS_ROOM;
    skr_uploader_hand(pending->worker->core->uploader, pending);
    return true;
}

bool skr_await_upstream(struct skr_pending *pending)
{
    struct skr_awaited *awaited = &pending->awaited;
    if (pending->change.status == SKR_OK && awaited->what == SKR_AWAITS_FLUSH && awaited->done++ == 0) {
        skr_uploader_hand(pending->worker->core->uploader, pending);
        return true;
    }
    if (pending->change.status != SKR_OK || awaited->count == 0)
        return false;
    if (!awaited->waits || awaited->done == awaited->count) {
        skr_uploader_noted(pending->worker->core->uploader);
        return false;
    }
    awaited->what = SKR_AWAITS_UPSTREAM;
    awaited->until_ns = skr_clock_ns() + SKR_UPSTREAM_PATIENCE_NS;
    skr_uploader_hand(pending->worker->core->uploader, pending);
    return true;
}

/* ---- on the uploader's thread ---- */

static void skr_awaiting_release(struct skr_pending *pending)
{
    pending->worker->executor->post(pending->worker->executor, &pending->change.task);
}

static void skr_awaiting_answer(struct skr_pending *pending, enum skr_status status, const char *message)
{
    pending->awaited.done++;
    pending->change.status = status == SKR_OK ? SKR_OK : skr_fail(&pending->change.error, status, "%s", message);
    skr_awaiting_release(pending);
}

/* The entry that a change waits for: its own, or the one that a later change of the name made of it. */
static enum skr_status skr_awaited_entry(struct skr_uploader *uploader, struct skr_awaited *awaited,
                                         struct skr_journal_entry *entry)
{
    const struct skr_object_name *name = &awaited->names[awaited->done];
    struct skr_arena arena = {.blocks = NULL};
    struct skr_container container;
    struct skr_view *view;
    enum skr_status status = skr_view_begin(uploader->background.worker->reader, &view, NULL);
    if (status != SKR_OK)
        return status;
    status = skr_journal_at(view, awaited->sequences[awaited->done], entry, NULL);
    if (status == SKR_NOT_FOUND) {
        status = skr_container_get(view, &arena, name->account, name->container, &container, NULL);
        if (status == SKR_OK)
            status = skr_journal_get(view, &container, name->key, entry, NULL);
    }
    entry->account = entry->container = entry->key = entry->base_etag = entry->reason = SKR_NO_BYTES;
    entry->source_key = entry->source_etag = SKR_NO_BYTES;
    skr_view_end(view);
    skr_arena_release(&arena);
    return status;
}

/* One that came to wait for an entry. False: it is answered. */
static bool skr_awaiting_begin(struct skr_uploader *uploader, struct skr_pending *pending)
{
    struct skr_awaited *awaited = &pending->awaited;
    const struct skr_object_name *name = &awaited->names[awaited->done];
    struct skr_journal_entry entry;
    if (skr_upload_job_find(uploader, awaited->sequences[awaited->done]) != NULL)
        return true;
    if (skr_awaited_entry(uploader, awaited, &entry) == SKR_OK) {
        awaited->sequences[awaited->done] = entry.sequence;
        if (entry.state == SKR_JOURNAL_CONFLICT) {
            skr_awaiting_answer(pending, SKR_UPSTREAM_FAILED, "what is behind the container is in conflict with this name");
            return false;
        }
        if (skr_upload_job_find(uploader, entry.sequence) == NULL)
            skr_uploader_go_back(uploader, entry.sequence);
        return true;
    }
    /* It is done already, as a part of a later change; unless that one was taken back. */
    uint64_t hash = skr_upload_name_hash(name->account, name->container, name->key);
    for (size_t i = 0; i < sizeof uploader->fates / sizeof *uploader->fates; i++)
        if (uploader->fates[i].name_hash == hash && uploader->fates[i].sequence >= awaited->sequences[awaited->done]) {
            skr_awaiting_answer(pending, uploader->fates[i].status, "a later change of this name was taken back");
            return false;
        }
    skr_awaiting_answer(pending, SKR_OK, "");
    return false;
}

void skr_awaiting_take(struct skr_uploader *uploader, struct skr_pending *arrivals)
{
    while (arrivals != NULL) {
        struct skr_pending *pending = arrivals;
        arrivals = pending->awaited.next;
        if (pending->awaited.what == SKR_AWAITS_UPSTREAM && !skr_awaiting_begin(uploader, pending))
            continue;
        pending->awaited.next = uploader->awaiting;
        uploader->awaiting = pending;
    }
}

bool skr_awaiting_has(const struct skr_uploader *uploader, uint64_t sequence)
{
    for (const struct skr_pending *pending = uploader->awaiting; pending != NULL; pending = pending->awaited.next)
        if (pending->awaited.what == SKR_AWAITS_UPSTREAM && pending->awaited.sequences[pending->awaited.done] == sequence)
            return true;
    return false;
}

/* Does it wait for this entry, or for an earlier change of the name that the entry took along? */
static bool skr_waits_for(const struct skr_pending *pending, const struct skr_journal_entry *entry)
{
    const struct skr_awaited *awaited = &pending->awaited;
    const struct skr_object_name *name = &awaited->names[awaited->done];
    return awaited->what == SKR_AWAITS_UPSTREAM && awaited->sequences[awaited->done] <= entry->sequence &&
           skr_bytes_equal(name->key, entry->key) && skr_bytes_equal(name->container, entry->container) &&
           skr_bytes_equal(name->account, entry->account);
}

void skr_awaiting_settle(struct skr_uploader *uploader, const struct skr_journal_entry *entry, enum skr_status status,
                         const char *message)
{
    if (status != SKR_OK)
        uploader->fates[uploader->next_fate++ % 256] = (struct skr_upload_fate){
            skr_upload_name_hash(entry->account, entry->container, entry->key), entry->sequence, status};
    for (struct skr_pending **link = &uploader->awaiting; *link != NULL;) {
        struct skr_pending *pending = *link;
        if (!skr_waits_for(pending, entry)) {
            link = &pending->awaited.next;
            continue;
        }
        *link = pending->awaited.next;
        skr_awaiting_answer(pending, status, message);
    }
}

/* Upstream did not come to it in time. */
static void skr_awaiting_expire(struct skr_uploader *uploader, struct skr_pending *pending)
{
    struct skr_awaited *awaited = &pending->awaited;
    struct skr_journal_entry entry;
    struct skr_view *view;
    uint64_t sequence = awaited->sequences[awaited->done];
    struct skr_upload_job *job = skr_upload_job_find(uploader, sequence);
    awaited->until_ns = INT64_MAX; /* its end answers */
    if (job != NULL) {
        skr_upload_give_up(job);
        return;
    }
    enum skr_status status = skr_view_begin(uploader->background.worker->reader, &view, NULL);
    if (status != SKR_OK) {
        awaited->until_ns = skr_clock_ns() + 1000000000;
        return;
    }
    status = skr_journal_at(view, sequence, &entry, NULL);
    if (status == SKR_OK)
        skr_upload_take_back(uploader, &entry);
    skr_view_end(view);
    if (status != SKR_OK) { /* a later change of the name has taken it along: that one is waited for */
        awaited->until_ns = skr_clock_ns() + SKR_UPSTREAM_PATIENCE_NS;
        if (skr_awaited_entry(uploader, awaited, &entry) == SKR_OK)
            awaited->sequences[awaited->done] = entry.sequence;
        else
            skr_awaiting_settle(uploader,
                                &(struct skr_journal_entry){.sequence = sequence,
                                                            .account = awaited->names[awaited->done].account,
                                                            .container = awaited->names[awaited->done].container,
                                                            .key = awaited->names[awaited->done].key},
                                SKR_OK, "");
    }
}

static bool skr_has_room(struct skr_uploader *uploader)
{
    struct skr_journal_numbers numbers;
    struct skr_view *view;
    if (skr_view_begin(uploader->background.worker->reader, &view, NULL) != SKR_OK)
        return false;
    enum skr_status status = skr_journal_numbers(view, &numbers, NULL);
    skr_view_end(view);
    return status != SKR_OK || numbers.bytes < uploader->background.core->options.dirty_limit_bytes;
}

/* Applied once more, now that there may be room, or to fail for good. */
static void skr_awaiting_submit(struct skr_pending *pending)
{
    if (skr_meta_submit(pending->worker->core->meta, &pending->change) != SKR_OK) {
        pending->awaited.until_ns = 0;
        skr_awaiting_release(pending); /* as it failed before */
    }
}

int64_t skr_awaiting_turn(struct skr_uploader *uploader, int64_t now_ns)
{
    int64_t until_ns = INT64_MAX;
    struct skr_pending *expired = NULL; /* one in a turn: what becomes of it may change the list */
    int room = -1;
    for (struct skr_pending **link = &uploader->awaiting; *link != NULL;) {
        struct skr_pending *pending = *link;
        struct skr_awaited *awaited = &pending->awaited;
        int64_t look_ns = awaited->until_ns;
        bool goes = false;
        if (awaited->what == SKR_AWAITS_ROOM) {
            room = room < 0 ? skr_has_room(uploader) : room;
            goes = room || awaited->until_ns <= now_ns;
            look_ns = now_ns + SKR_ROOM_LOOK_NS;
        } else if (awaited->what == SKR_AWAITS_FLUSH) {
            goes = skr_flush_turn(uploader, pending, now_ns, &look_ns);
        } else if (awaited->until_ns <= now_ns) {
            expired = pending;
        }
        if (look_ns < until_ns)
            until_ns = look_ns;
        if (!goes) {
            link = &awaited->next;
            continue;
        }
        *link = awaited->next;
        if (awaited->what == SKR_AWAITS_ROOM)
            skr_awaiting_submit(pending);
        else
            skr_awaiting_release(pending);
    }
    if (expired != NULL)
        skr_awaiting_expire(uploader, expired);
    return expired != NULL ? now_ns : until_ns;
}
