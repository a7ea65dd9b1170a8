/* Why: a large object arrives in blocks, over minutes; when it is committed most of it can be upstream already. Blocks are sent
 * as soon as they are durable here, behind everything that the journal has to do, and nothing depends on it: what was sent
 * early is remembered in memory only, and what was not is sent with the object.
 *
 * Invariants: a number upstream stands for one block of ours only, or, with S3, for what had this number last, whose entity
 * tag the list then names; so a request that comes late never changes what a list means. A job that claims an upload waits
 * for what is on its way and begins nothing new.
 */
#include "upload_early.h"

#include <stdlib.h>

#include "clock.h"
#include "skerry/hash.h"
#include "upload.h"

#define SKR_EARLY_SWEEP_NS (5 * INT64_C(1000000000))
#define SKR_EARLY_PAUSE_NS (10 * INT64_C(1000000000))

struct skr_early_arrival {
    struct skr_early_arrival *next;
    struct skr_bound *bound;
    struct skr_object_name name; /* texts behind this */
    uint64_t upload_id;
    unsigned number;
    struct skr_extent extent;
};

/* ---- on the worker's thread ---- */

static struct skr_bytes skr_lay_out(char **at, struct skr_bytes text)
{
    struct skr_bytes out = {*at, text.size};
    memcpy(*at, text.data, text.size);
    *at += text.size;
    return out;
}

void skr_early_staged(struct skr_worker *worker, const struct skr_object_name *name, uint64_t upload_id, unsigned number,
                      const struct skr_written *written)
{
    struct skr_uploader *uploader = worker->core->uploader;
    if (written->size_bytes < SKR_EARLY_LEAST_BYTES || written->size_bytes > SKR_EARLY_MOST_BYTES ||
        atomic_load_explicit(&worker->core->bindings.count, memory_order_acquire) == 0)
        return;
    struct skr_bound *bound = skr_bound_find(&worker->core->bindings, worker->reader, name->account, name->container);
    /* S3 has its parts in the order of their numbers, and the order of blocks is not known yet. */
    bool goes = bound != NULL && bound->upstream != NULL && bound->binding.mode != SKR_BINDING_READ_ONLY &&
                !(bound->binding.is_s3 && number == 0);
    struct skr_early_arrival *arrival =
        goes ? malloc(sizeof *arrival + name->account.size + name->container.size + name->key.size) : NULL;
    if (arrival == NULL) {
        skr_bound_release(bound);
        return;
    }
    char *at = (char *)(arrival + 1);
    *arrival = (struct skr_early_arrival){
        .bound = bound,
        .upload_id = upload_id,
        .number = number,
        .extent = {.file_id = written->file_id,
                   .offset_bytes = written->offset_bytes,
                   .length_bytes = written->size_bytes,
                   .end_bytes = written->offset_bytes + written->size_bytes},
    };
    arrival->name.account = skr_lay_out(&at, name->account);
    arrival->name.container = skr_lay_out(&at, name->container);
    arrival->name.key = skr_lay_out(&at, name->key);
    pthread_mutex_lock(&uploader->lock);
    arrival->next = uploader->staged;
    uploader->staged = arrival;
    pthread_mutex_unlock(&uploader->lock);
    skr_uploader_kick(uploader);
}

static void skr_early_arrival_free(struct skr_early_arrival *arrival)
{
    skr_bound_release(arrival->bound);
    free(arrival);
}

void skr_early_arrivals_free(struct skr_early_arrival *arrivals)
{
    while (arrivals != NULL) {
        struct skr_early_arrival *next = arrivals->next;
        skr_early_arrival_free(arrivals);
        arrivals = next;
    }
}

/* ---- the table ---- */

static bool skr_is_named(const struct skr_early *early, struct skr_bytes account, struct skr_bytes container,
                         struct skr_bytes key)
{
    return skr_bytes_equal(early->name.key, key) && skr_bytes_equal(early->name.container, container) &&
           skr_bytes_equal(early->name.account, account);
}

static void skr_early_free(struct skr_early *early)
{
    struct skr_earlies *earlies = &early->uploader->earlies;
    struct skr_early **link = &earlies->first;
    while (*link != early)
        link = &(*link)->next;
    *link = early->next;
    earlies->part_count -= early->count;
    skr_bound_release(early->bound);
    skr_arena_release(&early->arena);
    free(early->parts);
    free(early);
}

static struct skr_early *skr_early_new(struct skr_uploader *uploader, const struct skr_early_arrival *arrival)
{
    struct skr_early *early = calloc(1, sizeof *early);
    if (early == NULL)
        return NULL;
    early->uploader = uploader;
    early->name = arrival->name;
    if (!skr_name_copy(&early->arena, &early->name)) {
        skr_arena_release(&early->arena);
        free(early);
        return NULL;
    }
    early->bound = skr_bound_ref(arrival->bound);
    early->upload_id = arrival->upload_id;
    early->next_number = 1;
    early->next = uploader->earlies.first;
    uploader->earlies.first = early;
    return early;
}

static struct skr_early *skr_early_find(const struct skr_uploader *uploader, const struct skr_object_name *name,
                                        uint64_t upload_id)
{
    struct skr_early *early = uploader->earlies.first;
    while (early != NULL && (early->is_dropped || early->upload_id != upload_id ||
                             !skr_is_named(early, name->account, name->container, name->key)))
        early = early->next;
    return early;
}

/* S3: the part that has this number so far. */
static struct skr_early_part *skr_early_part_numbered(struct skr_early *early, unsigned number)
{
    for (size_t i = early->count; i-- > 0;)
        if (early->parts[i].number == number)
            return &early->parts[i];
    return NULL;
}

static void skr_early_add(struct skr_early *early, const struct skr_early_arrival *arrival)
{
    struct skr_early_part *part = early->bound->binding.is_s3 ? skr_early_part_numbered(early, arrival->number) : NULL;
    if (part != NULL) {
        part->extent = arrival->extent;
        part->part = SKR_NO_BYTES;
        part->was_replaced = part->state == SKR_EARLY_UNDER_WAY;
        if (!part->was_replaced)
            part->state = SKR_EARLY_QUEUED;
        early->first_queued = 0;
        return;
    }
    if (early->count == early->capacity) {
        size_t capacity = early->capacity == 0 ? 16 : 2 * early->capacity;
        struct skr_early_part *grown = realloc(early->parts, capacity * sizeof *grown);
        if (grown == NULL)
            return;
        early->parts = grown;
        early->capacity = capacity;
    }
    early->parts[early->count++] = (struct skr_early_part){
        .extent = arrival->extent,
        .number = early->bound->binding.is_s3 ? arrival->number : early->next_number++,
        .state = SKR_EARLY_QUEUED,
    };
    early->uploader->earlies.part_count++;
}

/* Not while upstream is away, and not behind the back of a job that makes an object of what there is. */
static bool skr_early_is_welcome(struct skr_uploader *uploader, const struct skr_early_arrival *arrival)
{
    struct skr_lane *lane = skr_upload_lane(uploader, arrival->name.account, arrival->name.container);
    return !uploader->earlies.is_closed && uploader->earlies.part_count < SKR_EARLY_MOST_PARTS && lane != NULL &&
           lane->failures == 0 && lane->early_until_ns <= skr_clock_ns();
}

void skr_early_take(struct skr_uploader *uploader, struct skr_early_arrival *arrivals)
{
    struct skr_early_arrival *inverse = NULL, *next;
    for (; arrivals != NULL; arrivals = next) { /* the last one comes first */
        next = arrivals->next;
        arrivals->next = inverse;
        inverse = arrivals;
    }
    for (; inverse != NULL; inverse = next) {
        next = inverse->next;
        struct skr_early *early = skr_early_find(uploader, &inverse->name, inverse->upload_id);
        bool takes = skr_early_is_welcome(uploader, inverse) && (early == NULL || early->job == NULL);
        if (takes && early != NULL && early->bound->binding.id != inverse->bound->binding.id)
            takes = false; /* of a binding that was: it goes with the next sweep */
        if (takes && early == NULL)
            early = skr_early_new(uploader, inverse);
        if (takes && early != NULL)
            skr_early_add(early, inverse);
        skr_early_arrival_free(inverse);
    }
}

/* ---- ending ---- */

static struct skr_early *skr_early_of(struct skr_upstream_call *call)
{
    return (struct skr_early *)((char *)call - offsetof(struct skr_early, call));
}

static void skr_early_aborted(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    (void)result; /* whether it worked or not */
    skr_early_free(skr_early_of(call));
}

static void skr_early_send_free(struct skr_early_send *send)
{
    struct skr_early *early = send->early;
    if (send->is_sent)
        skr_upstream_cancel(&send->call);
    skr_reader_close(send->reader);
    if (send->buffer != NULL)
        early->uploader->buffered_bytes -= send->size;
    free(send->buffer);
    early->under_way--;
    *send = (struct skr_early_send){.early = NULL};
}

static void skr_early_stop(struct skr_early *early)
{
    struct skr_earlies *earlies = &early->uploader->earlies;
    for (size_t i = 0; i < SKR_EARLY_SENDS; i++)
        if (earlies->sends[i].early == early)
            skr_early_send_free(&earlies->sends[i]);
    skr_upstream_cancel(&early->call);
    early->begins = false;
}

/* Nobody will use it. */
static void skr_early_drop(struct skr_early *early)
{
    skr_early_stop(early);
    early->job = NULL;
    if (early->upload.size == 0 || !early->bound->binding.is_s3) {
        skr_early_free(early);
        return;
    }
    early->is_dropped = true;
    early->call = (struct skr_upstream_call){.done = skr_early_aborted, .retry = &skr_upload_retry};
    skr_upstream_upload_abort(early->uploader->client, early->bound->upstream, &early->call, early->name.key, early->upload);
}

/* Is it still to become an object? */
static bool skr_early_is_wanted(struct skr_view *view, struct skr_early *early)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_container container;
    struct skr_journal_entry entry;
    struct skr_upload upload;
    enum skr_status status = skr_container_get(view, &arena, early->name.account, early->name.container, &container, NULL);
    if (status == SKR_OK)
        status = early->upload_id == 0 ? skr_upload_get(view, &container, early->name.key, &upload, NULL)
                                       : skr_upload_find(view, &container, early->name.key, early->upload_id, &upload, NULL);
    if (status == SKR_UPLOAD_NOT_FOUND)
        status = skr_journal_get(view, &container, early->name.key, &entry, NULL);
    skr_arena_release(&arena);
    return status != SKR_NOT_FOUND && status != SKR_CONTAINER_NOT_FOUND;
}

static void skr_early_sweep(struct skr_uploader *uploader)
{
    struct skr_early *next;
    struct skr_view *view;
    if (skr_view_begin(uploader->background.worker->reader, &view, NULL) != SKR_OK)
        return;
    for (struct skr_early *early = uploader->earlies.first; early != NULL; early = next) {
        next = early->next;
        if (early->job == NULL && !early->is_dropped && !skr_early_is_wanted(view, early))
            skr_early_drop(early);
    }
    skr_view_end(view);
}

void skr_early_forget(struct skr_uploader *uploader, const struct skr_journal_entry *entry)
{
    struct skr_early *next;
    for (struct skr_early *early = uploader->earlies.first; early != NULL; early = next) {
        next = early->next;
        if (early->job == NULL && !early->is_dropped && skr_is_named(early, entry->account, entry->container, entry->key))
            skr_early_drop(early);
    }
}

void skr_early_close(struct skr_uploader *uploader)
{
    uploader->earlies.is_closed = true;
    while (uploader->earlies.first != NULL) {
        skr_early_stop(uploader->earlies.first);
        skr_early_free(uploader->earlies.first);
    }
}

/* ---- for a job ---- */

struct skr_early *skr_early_claim(struct skr_upload_job *job)
{
    struct skr_object_name name = {.account = job->entry.account, .container = job->entry.container, .key = job->entry.key};
    struct skr_early *early = skr_early_find(job->uploader, &name, job->object.upload_id);
    if (early == NULL || early->job != NULL || early->upload.size + early->begins == 0 ||
        early->bound->binding.id != job->bound->binding.id)
        return NULL;
    early->job = job;
    return early;
}

void skr_early_release(struct skr_upload_job *job, bool keeps, bool is_used)
{
    struct skr_early *early = job->early;
    job->early = NULL;
    if (early == NULL)
        return;
    early->job = NULL;
    if (is_used)
        early->upload = SKR_NO_BYTES; /* there is nothing to abort */
    if (!keeps)
        skr_early_drop(early);
}

static void skr_early_settled(struct skr_early *early)
{
    if (early->job != NULL && early->under_way == 0 && !early->begins)
        skr_upload_early_ready(early->job);
}

/* ---- sending ---- */

static void skr_early_give_up(struct skr_early *early)
{
    struct skr_lane *lane = skr_upload_lane(early->uploader, early->name.account, early->name.container);
    if (lane != NULL)
        lane->early_until_ns = skr_clock_ns() + SKR_EARLY_PAUSE_NS;
    for (size_t i = 0; i < early->count; i++)
        if (early->parts[i].state == SKR_EARLY_QUEUED)
            early->parts[i].state = SKR_EARLY_DROPPED;
}

static void skr_early_send_done(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_early_send *send = (struct skr_early_send *)((char *)call - offsetof(struct skr_early_send, call));
    struct skr_early *early = send->early;
    struct skr_early_part *part = &early->parts[send->index];
    bool good = result->outcome == SKR_UPSTREAM_OK;
    skr_bound_note(early->bound, result);
    send->is_sent = false;
    if (good && !part->was_replaced) {
        part->part = skr_arena_copy(&early->arena, result->part);
        good = part->part.data != NULL;
    }
    part->state = part->was_replaced ? SKR_EARLY_QUEUED : good ? SKR_EARLY_SENT : SKR_EARLY_DROPPED;
    if (part->was_replaced && send->index < early->first_queued)
        early->first_queued = send->index;
    part->was_replaced = false;
    skr_early_send_free(send);
    if (!good)
        skr_early_give_up(early);
    skr_uploader_kick(early->uploader); /* there is room for another one */
    skr_early_settled(early);
}

/* It cannot be read, or there is no memory: it goes with the object. */
static void skr_early_send_fail(struct skr_early_send *send)
{
    struct skr_early *early = send->early;
    struct skr_early_part *part = &early->parts[send->index];
    part->state = SKR_EARLY_DROPPED; /* also one that was replaced */
    part->was_replaced = false;
    skr_early_send_free(send);
    skr_uploader_kick(early->uploader);
    skr_early_settled(early);
}

static void skr_early_load(void *context)
{
    struct skr_early_send *send = context;
    struct skr_early *early = send->early;
    uint8_t md5[SKR_MD5_SIZE];
    while (send->filled < send->size) {
        ssize_t taken = skr_reader_read(send->reader, send->filled, send->buffer + send->filled, send->size - send->filled,
                                        skr_early_load, send);
        if (taken == 0)
            return;
        if (taken < 0) {
            skr_early_send_fail(send);
            return;
        }
        send->filled += (size_t)taken;
    }
    skr_md5_of(send->buffer, send->size, md5);
    struct skr_upstream_body body = {.size_bytes = send->size, .data = send->buffer, .md5 = md5};
    send->call = (struct skr_upstream_call){.done = skr_early_send_done, .retry = &skr_upload_retry};
    send->is_sent = true;
    skr_upstream_upload_part(early->uploader->client, early->bound->upstream, &send->call, early->name.key, early->upload,
                             early->parts[send->index].number, &body);
}

/* Is the block's file still there? It may have been replaced, or given up. */
static bool skr_early_is_there(struct skr_early *early, uint64_t file_id)
{
    struct skr_view *view;
    bool exists = false;
    if (skr_view_begin(early->uploader->background.worker->reader, &view, NULL) != SKR_OK)
        return false;
    bool is_there = skr_file_record_exists(view, file_id, &exists, NULL) == SKR_OK && exists;
    skr_view_end(view);
    return is_there;
}

static void skr_early_send(struct skr_early *early, struct skr_early_send *send)
{
    struct skr_early_part *part = &early->parts[early->first_queued];
    struct skr_error error;
    *send = (struct skr_early_send){.early = early, .index = early->first_queued++, .size = (size_t)part->extent.length_bytes};
    early->under_way++;
    part->state = SKR_EARLY_UNDER_WAY;
    if (!skr_early_is_there(early, part->extent.file_id) ||
        skr_open_extent(early->uploader->background.worker, &part->extent, &send->reader, &error) != SKR_OK ||
        (send->buffer = malloc(send->size)) == NULL) {
        skr_early_send_fail(send);
        return;
    }
    early->uploader->buffered_bytes += send->size;
    skr_early_load(send);
}

static void skr_early_begun(struct skr_upstream_call *call, const struct skr_upstream_result *result)
{
    struct skr_early *early = skr_early_of(call);
    skr_bound_note(early->bound, result);
    early->begins = false;
    if (result->outcome == SKR_UPSTREAM_OK)
        early->upload = skr_arena_copy(&early->arena, result->upload);
    if (early->upload.size == 0)
        skr_early_give_up(early);
    skr_uploader_kick(early->uploader);
    skr_early_settled(early);
}

/* False: there is no such upload of ours any more. */
static bool skr_early_begin(struct skr_early *early)
{
    struct skr_multipart multipart = {.id = 0};
    struct skr_error error;
    if (early->upload_id != 0 && skr_get_multipart(early->uploader->background.worker, &early->arena, &early->name,
                                                   early->upload_id, &multipart, &error) != SKR_OK)
        return false;
    struct skr_upstream_attributes attributes = skr_upload_attributes_of(&multipart.draft);
    early->attributes_hash = skr_upload_attributes_hash(&multipart.draft);
    early->begins = true;
    early->call = (struct skr_upstream_call){.done = skr_early_begun, .retry = &skr_upload_retry};
    skr_upstream_upload_begin(early->uploader->client, early->bound->upstream, &early->call, early->name.key, &attributes);
    return true;
}

/* The next one that may be sent now. */
static bool skr_early_has_next(struct skr_early *early)
{
    if (early->job != NULL || early->begins || early->is_dropped)
        return false;
    while (early->first_queued < early->count && early->parts[early->first_queued].state != SKR_EARLY_QUEUED)
        early->first_queued++;
    if (early->first_queued == early->count)
        return false;
    for (const struct skr_upload_job *job = early->uploader->jobs; job != NULL; job = job->next)
        if (skr_is_named(early, job->entry.account, job->entry.container, job->entry.key))
            return false; /* which upstream may take for the end of uncommitted blocks */
    return true;
}

static struct skr_early_send *skr_early_free_send(struct skr_uploader *uploader)
{
    for (size_t i = 0; i < SKR_EARLY_SENDS; i++)
        if (uploader->earlies.sends[i].early == NULL)
            return &uploader->earlies.sends[i];
    return NULL;
}

/* The journal comes first: nothing begins while all of its places are taken, or half of the memory is. */
static bool skr_early_is_time(const struct skr_uploader *uploader)
{
    return uploader->job_count < uploader->limit && uploader->buffered_bytes < SKR_UPLOAD_BUFFER_BYTES / 2;
}

int64_t skr_early_turn(struct skr_uploader *uploader, int64_t now_ns)
{
    struct skr_earlies *earlies = &uploader->earlies;
    struct skr_early *early = earlies->first, *next;
    if (early == NULL)
        return INT64_MAX;
    if (!skr_uploader_open_client(uploader))
        return now_ns + SKR_EARLY_PAUSE_NS;
    if (earlies->sweep_ns <= now_ns) {
        skr_early_sweep(uploader);
        earlies->sweep_ns = now_ns + SKR_EARLY_SWEEP_NS;
    }
    for (early = earlies->first; early != NULL; early = next) {
        struct skr_early_send *send;
        next = early->next;
        if (early->upload.size == 0 && skr_early_has_next(early) && !skr_early_begin(early)) {
            skr_early_drop(early);
            continue;
        }
        while (early->upload.size > 0 && skr_early_is_time(uploader) && skr_early_has_next(early) &&
               (send = skr_early_free_send(uploader)) != NULL)
            skr_early_send(early, send);
    }
    return earlies->sweep_ns;
}
