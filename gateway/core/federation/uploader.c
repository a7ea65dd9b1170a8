/* Why: a change is acknowledged in the speed of local flash, and upstream gets it in upstream's. One thread goes through the
 * journal in order and has a number of objects on their way at a time.
 *
 * Invariants: of a name at most one job is under way. The cursor has passed only what was taken up or will be looked at again:
 * whatever is passed over sets the time, or the event, of the next sweep. Upstream that is away costs one attempt in a while
 * for each container, whatever waits for it. No view is held while anything is waited for.
 */
#include "uploader.h"

#include <stdlib.h>

#include "clock.h"
#include "skerry/hash.h"
#include "skerry/log.h"
#include "upload.h"

#define SKR_PICK_LOOKS 2000 /* entries looked at in one turn */
#define SKR_NEVER_NS INT64_MAX
#define SKR_OTHERS_FIRST_NS (200 * INT64_C(1000000))
#define SKR_CLAIM_NS (60 * INT64_C(1000000000))
#define SKR_DEPENDENT_PAUSE_NS (500 * INT64_C(1000000))

static uint64_t skr_hash_text(uint64_t hash, struct skr_bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(0x100000001B3);
    return (hash ^ 0xFF) * UINT64_C(0x100000001B3);
}

uint64_t skr_upload_name_hash(struct skr_bytes account, struct skr_bytes container, struct skr_bytes key)
{
    return skr_hash_text(skr_hash_text(skr_hash_text(UINT64_C(0xCBF29CE484222325), account), container), key);
}

/* ---- from other threads ---- */

void skr_uploader_kick(struct skr_uploader *uploader)
{
    skr_background_wake(&uploader->background);
}

void skr_uploader_noted(struct skr_uploader *uploader)
{
    if (!atomic_load(&uploader->is_full)) /* else one wake-up a change, to do nothing: half of what the uploader takes */
        skr_uploader_kick(uploader);
}

void skr_uploader_look_again(struct skr_uploader *uploader)
{
    atomic_store(&uploader->looks_again, true);
    skr_uploader_kick(uploader);
}

void skr_uploader_hand(struct skr_uploader *uploader, struct skr_pending *pending)
{
    pthread_mutex_lock(&uploader->lock);
    pending->awaited.next = uploader->arrivals;
    uploader->arrivals = pending;
    pthread_mutex_unlock(&uploader->lock);
    skr_uploader_kick(uploader);
}

/* ---- jobs ---- */

struct skr_upload_job *skr_upload_job_new(struct skr_uploader *uploader, const struct skr_journal_entry *entry)
{
    struct skr_upload_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return NULL;
    struct skr_bytes *texts[] = {&job->entry.account, &job->entry.container,  &job->entry.key,        &job->entry.base_etag,
                                 &job->entry.reason,  &job->entry.source_key, &job->entry.source_etag};
    job->uploader = uploader;
    job->entry = *entry;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        *texts[i] = skr_arena_copy(&job->arena, *texts[i]);
        if (texts[i]->data == NULL) {
            skr_arena_release(&job->arena);
            free(job);
            return NULL;
        }
    }
    job->next = uploader->jobs;
    uploader->jobs = job;
    uploader->job_count++;
    return job;
}

void skr_upload_job_free(struct skr_upload_job *job)
{
    struct skr_uploader *uploader = job->uploader;
    struct skr_upload_job **link = &uploader->jobs;
    while (*link != job)
        link = &(*link)->next;
    *link = job->next;
    uploader->job_count--;
    if (uploader->sweep_after_job) {
        uploader->sweep_after_job = false;
        uploader->sweep_ns = 0;
    }
    if (job->lane != NULL)
        job->lane->under_way--;
    skr_upload_drop_bytes(job);
    skr_md5_close(job->digest_md5);
    skr_reader_close(job->reader);
    skr_bound_release(job->bound);
    skr_arena_release(&job->arena);
    free(job);
    skr_uploader_kick(uploader); /* there is room for another one */
}

struct skr_upload_job *skr_upload_job_find(const struct skr_uploader *uploader, uint64_t sequence)
{
    struct skr_upload_job *job = uploader->jobs;
    while (job != NULL && job->entry.sequence != sequence)
        job = job->next;
    return job;
}

static bool skr_is_under_way(const struct skr_uploader *uploader, const struct skr_journal_entry *entry)
{
    for (const struct skr_upload_job *job = uploader->jobs; job != NULL; job = job->next)
        if (job->entry.journal_node == entry->journal_node && skr_bytes_equal(job->entry.key, entry->key))
            return true;
    return false;
}

struct skr_lane *skr_upload_lane(struct skr_uploader *uploader, struct skr_bytes account, struct skr_bytes container)
{
    struct skr_lane *lane = uploader->lanes;
    while (lane != NULL &&
           !(skr_bytes_equal(skr_text(lane->container), container) && skr_bytes_equal(skr_text(lane->account), account)))
        lane = lane->next;
    if (lane != NULL || (lane = calloc(1, sizeof *lane)) == NULL)
        return lane;
    lane->account = strndup(account.data, account.size);
    lane->container = strndup(container.data, container.size);
    if (lane->account == NULL || lane->container == NULL) {
        free(lane->account);
        free(lane->container);
        free(lane);
        return NULL;
    }
    lane->next = uploader->lanes;
    uploader->lanes = lane;
    return lane;
}

/* ---- picking ---- */

static void skr_sweep_at(struct skr_uploader *uploader, int64_t at_ns)
{
    if (at_ns < uploader->sweep_ns)
        uploader->sweep_ns = at_ns;
}

/* Does another object, a copy say, still need what upstream has under the entry's name, and under the entity tag that it has?
 * The object itself does, where its bytes are the same still, and is none of them. */
static bool skr_is_needed(struct skr_view *view, const struct skr_journal_entry *entry)
{
    struct skr_origin origin;
    uint64_t references = 0, own = entry->what & (SKR_JOURNAL_CONTENT | SKR_JOURNAL_DELETE) ? 0 : 1;
    return entry->after_content != 0 && skr_content_origin(view, entry->after_content, &origin, NULL) == SKR_OK &&
           skr_bytes_equal(origin.key, entry->key) && skr_bytes_equal(origin.container, entry->container) &&
           skr_content_references(view, entry->after_content, &references, NULL) == SKR_OK && references > own;
}

/* Whoever made the change is about to come and wait for it, and it does not go before. Who does not come within a minute has
 * been given up. */
static bool skr_is_unclaimed(struct skr_uploader *uploader, const struct skr_journal_entry *entry, int64_t now_ns)
{
    int64_t left_ns = entry->changed_ns + SKR_CLAIM_NS - skr_wall_ns();
    if (!entry->is_awaited || entry->sequence >> 40 != skr_meta_boot(uploader->background.core->meta) || left_ns <= 0 ||
        skr_awaiting_has(uploader, entry->sequence))
        return false;
    skr_sweep_at(uploader, now_ns + left_ns);
    return true;
}

/* May it go now? If not, when to look at it again is taken care of. */
static bool skr_is_due(struct skr_uploader *uploader, struct skr_view *view, const struct skr_journal_entry *entry,
                       int64_t now_ns)
{
    int64_t wait_ns = entry->not_before_ns == 0 ? 0 : entry->not_before_ns - skr_wall_ns();
    if (entry->state == SKR_JOURNAL_CONFLICT && !entry->overwrites)
        return false; /* until somebody decides */
    if (wait_ns > 0) {
        skr_sweep_at(uploader, now_ns + wait_ns);
        return false;
    }
    if (skr_is_unclaimed(uploader, entry, now_ns))
        return false;
    struct skr_lane *lane = skr_upload_lane(uploader, entry->account, entry->container);
    if (lane == NULL || skr_is_under_way(uploader, entry) || (lane->failures > 0 && lane->under_way > 0)) {
        uploader->sweep_after_job = true;
        return false;
    }
    /* What fails for itself alone, every time, must not be the only one that tries. */
    int64_t until_ns = lane->failed == entry->sequence ? lane->until_ns + SKR_OTHERS_FIRST_NS : lane->until_ns;
    if (until_ns > now_ns) {
        skr_sweep_at(uploader, until_ns);
        return false;
    }
    if (skr_is_needed(view, entry)) {
        skr_sweep_at(uploader, now_ns + SKR_DEPENDENT_PAUSE_NS);
        return false;
    }
    return true;
}

/* The next entry that may go, as a job. NULL: none, or none in this turn. */
static struct skr_upload_job *skr_pick(struct skr_uploader *uploader, unsigned *looks)
{
    struct skr_upload_job *job = NULL;
    struct skr_journal_entry entry;
    struct skr_view *view;
    int64_t now_ns = skr_clock_ns();
    if (skr_view_begin(uploader->background.worker->reader, &view, NULL) != SKR_OK)
        return NULL;
    while (job == NULL && *looks < SKR_PICK_LOOKS) {
        enum skr_status status = skr_journal_next(view, uploader->cursor, &entry, NULL);
        if (status == SKR_NOT_FOUND)
            break;
        ++*looks;
        uploader->cursor = entry.sequence;
        if (status == SKR_OK && skr_is_due(uploader, view, &entry, now_ns)) {
            job = skr_upload_job_new(uploader, &entry);
            if (job == NULL)
                skr_sweep_at(uploader, now_ns + 1000000000);
        }
    }
    skr_view_end(view);
    return job;
}

bool skr_uploader_open_client(struct skr_uploader *uploader)
{
    struct skr_error error;
    if (uploader->client != NULL ||
        skr_upstream_client_open(&uploader->client, uploader->background.inbox.io, &error) == SKR_OK)
        return true;
    skr_log(SKR_LOG_ERROR, "uploader", "nothing can be uploaded: %s", error.message);
    skr_sweep_at(uploader, skr_clock_ns() + 10 * INT64_C(1000000000));
    return false;
}

static bool skr_uploader_has_client(struct skr_uploader *uploader)
{
    struct skr_journal_entry entry;
    struct skr_view *view;
    if (uploader->client != NULL)
        return true;
    if (skr_view_begin(uploader->background.worker->reader, &view, NULL) != SKR_OK)
        return false;
    bool is_idle = skr_journal_next(view, 0, &entry, NULL) == SKR_NOT_FOUND;
    skr_view_end(view);
    return !is_idle && skr_uploader_open_client(uploader);
}

void skr_uploader_go_back(struct skr_uploader *uploader, uint64_t sequence)
{
    if (uploader->cursor >= sequence)
        uploader->cursor = sequence - 1;
}

static void skr_uploader_pick(struct skr_uploader *uploader)
{
    unsigned looks = 0;
    if (skr_store_is_read_only(uploader->background.core->store))
        return; /* what would come of it could not be noted */
    if (atomic_exchange(&uploader->looks_again, false) || uploader->sweep_ns <= skr_clock_ns()) {
        uploader->cursor = 0;
        uploader->sweep_ns = SKR_NEVER_NS;
    }
    if (!skr_uploader_has_client(uploader))
        return;
    atomic_store(&uploader->is_full, false); /* before the look: what comes after it kicks */
    while (uploader->job_count < uploader->limit && looks < SKR_PICK_LOOKS) {
        struct skr_upload_job *job = skr_pick(uploader, &looks);
        if (job == NULL)
            break;
        job->lane = skr_upload_lane(uploader, job->entry.account, job->entry.container);
        if (job->lane != NULL)
            job->lane->under_way++;
        skr_upload_begin(job);
    }
    atomic_store(&uploader->is_full, uploader->job_count >= uploader->limit);
    if (looks >= SKR_PICK_LOOKS) /* go on after what else there is to do */
        skr_uploader_kick(uploader);
}

/* ---- the thread ---- */

static void skr_uploader_publish(struct skr_uploader *uploader)
{
    struct skr_journal_entry first = {.since_ns = 0};
    struct skr_view *view;
    if (skr_view_begin(uploader->background.worker->reader, &view, NULL) != SKR_OK)
        return;
    enum skr_status status = skr_journal_next(view, 0, &first, NULL);
    skr_view_end(view);
    if (status == SKR_OK || status == SKR_NOT_FOUND)
        atomic_store(&uploader->background.core->dirty_oldest_ns, status == SKR_OK ? first.since_ns : 0);
}

/* Takes over what other threads handed in. */
static void skr_uploader_take(struct skr_uploader *uploader)
{
    pthread_mutex_lock(&uploader->lock);
    struct skr_pending *arrivals = uploader->arrivals;
    struct skr_early_arrival *staged = uploader->staged;
    uploader->arrivals = NULL;
    uploader->staged = NULL;
    pthread_mutex_unlock(&uploader->lock);
    skr_awaiting_take(uploader, arrivals);
    skr_early_take(uploader, staged);
}

static int skr_timeout_ms(int64_t until_ns, int64_t now_ns)
{
    if (until_ns == SKR_NEVER_NS)
        return -1;
    int64_t ms = until_ns <= now_ns ? 0 : (until_ns - now_ns) / 1000000 + 1;
    return ms > 60000 ? 60000 : (int)ms;
}

static int skr_uploader_turn(struct skr_background *background)
{
    struct skr_uploader *uploader = (struct skr_uploader *)background;
    skr_uploader_take(uploader);
    skr_uploader_pick(uploader);
    skr_uploader_publish(uploader);
    int64_t now_ns = skr_clock_ns(), until_ns = skr_awaiting_turn(uploader, now_ns);
    int64_t copies_ns = skr_upload_copies_turn(uploader, now_ns), early_ns = skr_early_turn(uploader, now_ns);
    if (copies_ns < until_ns)
        until_ns = copies_ns;
    if (early_ns < until_ns)
        until_ns = early_ns;
    if (uploader->sweep_ns < until_ns)
        until_ns = uploader->sweep_ns;
    return skr_timeout_ms(until_ns, now_ns);
}

/* Nothing more is sent; what is being noted is waited for. */
static bool skr_uploader_wind_down(struct skr_background *background)
{
    struct skr_uploader *uploader = (struct skr_uploader *)background;
    struct skr_upload_job *job = uploader->jobs, *next;
    skr_early_close(uploader);
    for (; job != NULL; job = next) {
        next = job->next;
        if (job->was_committed)
            continue;
        skr_upstream_cancel(&job->call);
        skr_upload_job_free(job);
    }
    skr_upstream_client_close(uploader->client); /* here: a ring is its thread's */
    uploader->client = NULL;
    return uploader->jobs == NULL;
}

/* A tenth of the disk, where nothing else was said. */
static void skr_default_limits(struct skr_core *core)
{
    uint64_t free_bytes, total_bytes;
    if (core->options.upload_concurrency == 0)
        core->options.upload_concurrency = 8;
    if (core->options.dirty_limit_bytes == 0)
        core->options.dirty_limit_bytes =
            skr_store_space(core->store, &free_bytes, &total_bytes, NULL) == SKR_OK ? total_bytes / 10 : UINT64_C(1) << 30;
}

enum skr_status skr_uploader_open(struct skr_uploader **out, struct skr_core *core, struct skr_error *err)
{
    struct skr_uploader *uploader = calloc(1, sizeof *uploader);
    if (uploader == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the uploader");
    skr_default_limits(core);
    uploader->background.name = "skr-uploader";
    uploader->background.turn = skr_uploader_turn;
    uploader->background.wind_down = skr_uploader_wind_down;
    uploader->limit = core->options.upload_concurrency;
    uploader->sweep_ns = SKR_NEVER_NS;
    pthread_mutex_init(&uploader->lock, NULL);
    enum skr_status status = skr_background_open(&uploader->background, core, err);
    if (status != SKR_OK) {
        skr_uploader_close(uploader);
        return status;
    }
    *out = uploader;
    return SKR_OK;
}

void skr_uploader_close(struct skr_uploader *uploader)
{
    if (uploader == NULL)
        return;
    skr_background_close(&uploader->background);
    while (uploader->lanes != NULL) {
        struct skr_lane *next = uploader->lanes->next;
        free(uploader->lanes->account);
        free(uploader->lanes->container);
        free(uploader->lanes);
        uploader->lanes = next;
    }
    skr_early_arrivals_free(uploader->staged);
    pthread_mutex_destroy(&uploader->lock);
    free(uploader);
}
