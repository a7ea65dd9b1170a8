/* What is stored of a job, and when. A job that is interrupted goes on from what was stored last: what it did since then is
 * here already, and is passed over quickly.
 */
#include <stdlib.h>

#include "clock.h"
#include "operator_pins.h"
#include "prefetch.h"
#include "skerry/log.h"

#define SKR_PREFETCH_VERSION 1
#define SKR_SAVE_MS 3000
#define SKR_PREFETCH_NUMBERS 11
#define SKR_PREFETCH_TEXTS 6

/* The numbers of a record in the order in which they are stored. */
static void skr_prefetch_numbers(struct skr_prefetch_record *record, uint64_t **numbers)
{
    uint64_t *all[SKR_PREFETCH_NUMBERS] = {
        &record->concurrency,          &record->bytes_per_s,  (uint64_t *)&record->created_ns,
        (uint64_t *)&record->ended_ns, &record->objects_done, &record->objects_total,
        &record->objects_failed,       &record->bytes_done,   &record->bytes_total,
        &record->fetched_bytes,        &record->position,
    };
    memcpy(numbers, all, sizeof all);
}

static void skr_prefetch_texts(struct skr_prefetch_record *record, struct skr_bytes **texts)
{
    struct skr_bytes *all[SKR_PREFETCH_TEXTS] = {&record->account,  &record->container, &record->prefix,
                                                 &record->last_key, &record->marker,    &record->last_failure};
    memcpy(texts, all, sizeof all);
}

struct skr_bytes skr_prefetch_encode(struct skr_arena *arena, const struct skr_prefetch_record *given)
{
    struct skr_prefetch_record record = *given;
    uint64_t *numbers[SKR_PREFETCH_NUMBERS];
    struct skr_bytes *texts[SKR_PREFETCH_TEXTS];
    skr_prefetch_numbers(&record, numbers);
    skr_prefetch_texts(&record, texts);
    size_t size = 4 + SKR_PREFETCH_NUMBERS * 8;
    for (size_t i = 0; i < SKR_PREFETCH_TEXTS; i++)
        size += 8 + texts[i]->size;
    char *out = skr_arena_alloc(arena, size), *at = out;
    if (out == NULL)
        return SKR_NO_BYTES;
    *at++ = SKR_PREFETCH_VERSION;
    *at++ = (char)record.phase;
    *at++ = record.is_manifest;
    *at++ = record.is_counted;
    for (size_t i = 0; i < SKR_PREFETCH_NUMBERS; i++, at += 8) {
        uint64_t value = numbers[i] == NULL ? 0 : *numbers[i];
        memcpy(at, &value, 8);
    }
    for (size_t i = 0; i < SKR_PREFETCH_TEXTS; i++) {
        uint64_t length = texts[i]->size;
        memcpy(at, &length, 8);
        if (length > 0)
            memcpy(at + 8, texts[i]->data, length);
        at += 8 + length;
    }
    return (struct skr_bytes){out, size};
}

bool skr_prefetch_decode(struct skr_bytes document, struct skr_prefetch_record *out)
{
    uint64_t *numbers[SKR_PREFETCH_NUMBERS];
    struct skr_bytes *texts[SKR_PREFETCH_TEXTS];
    const char *at = document.data, *end = document.data + document.size;
    if (document.size < 4 + SKR_PREFETCH_NUMBERS * 8 || at[0] != SKR_PREFETCH_VERSION)
        return false;
    *out = (struct skr_prefetch_record){
        .phase = (enum skr_prefetch_phase)at[1], .is_manifest = at[2] != 0, .is_counted = at[3] != 0};
    skr_prefetch_numbers(out, numbers);
    skr_prefetch_texts(out, texts);
    at += 4;
    for (size_t i = 0; i < SKR_PREFETCH_NUMBERS; i++, at += 8)
        if (numbers[i] != NULL)
            memcpy(numbers[i], at, 8);
    for (size_t i = 0; i < SKR_PREFETCH_TEXTS; i++) {
        uint64_t length;
        if (end - at < 8)
            return false;
        memcpy(&length, at, 8);
        at += 8;
        if ((uint64_t)(end - at) < length)
            return false;
        *texts[i] = (struct skr_bytes){at, length};
        at += length;
    }
    return out->phase >= SKR_PREFETCH_RUNS && out->phase <= SKR_PREFETCH_FAILED;
}

/* ---- storing ---- */

struct skr_prefetch_save {
    struct skr_pending pending;
    struct skr_prefetch_job *job;
    uint64_t number;
    bool has_ended;
    struct skr_bytes document;
};

static enum skr_status skr_apply_save(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_prefetch_save *op = (struct skr_prefetch_save *)change;
    struct skr_note_key key = {.kind = SKR_NOTE_PREFETCH, .number = op->number};
    struct skr_prefetch_record there;
    struct skr_bytes document;
    enum skr_status status = skr_note_get(view, &key, &document, err);
    if (status != SKR_OK || !skr_prefetch_decode(document, &there) || there.phase != SKR_PREFETCH_RUNS)
        return status == SKR_NOT_FOUND ? SKR_OK : status; /* it was cancelled, or forgotten */
    status = skr_note_put(view, &key, op->document, err);
    struct skr_note_key part = {.kind = SKR_NOTE_MANIFEST, .number = op->number};
    while (op->has_ended && status == SKR_OK) {
        status = skr_note_remove(view, &part, err);
        part.part++;
    }
    return status == SKR_NOT_FOUND ? SKR_OK : status;
}

static void skr_settle_save(struct skr_pending *pending)
{
    struct skr_prefetch_job *job = ((struct skr_prefetch_save *)pending)->job;
    job->is_saving = false;
    if (pending->change.status != SKR_OK) {
        job->is_changed = true;
        skr_log(SKR_LOG_WARNING, "prefetch", "how far a job is could not be stored: %s", pending->change.error.message);
    }
}

void skr_prefetch_save(struct skr_prefetch_job *job, bool now)
{
    int64_t now_ms = skr_clock_ms();
    if (job->is_saving || !job->is_changed || (!now && now_ms - job->saved_ms < SKR_SAVE_MS))
        return;
    struct skr_worker *worker = skr_prefetcher_of(job)->background.worker;
    struct skr_prefetch_save *op = skr_pending_new(worker, sizeof *op, skr_apply_save, NULL, NULL);
    if (op == NULL)
        return;
    op->pending.settle = skr_settle_save;
    op->job = job;
    op->number = job->number;
    op->has_ended = job->record.phase != SKR_PREFETCH_RUNS;
    op->document = skr_prefetch_encode(&op->pending.arena, &job->record);
    job->is_saving = true;
    job->is_changed = false;
    job->saved_ms = now_ms;
    if (op->document.data == NULL)
        skr_pending_fail(&op->pending, SKR_NO_MEMORY, "no memory for a job");
    else
        skr_pending_submit(&op->pending);
}
