/* Keeping what was fetched. The order is that of every write: bytes durable in a file of their own, then the change that names
 * them. For room it waits a moment, with the bytes in memory, where readers have them: what is evicted meanwhile makes some.
 * Bytes that cannot be kept are served all the same.
 */
#include "fill.h"

#include "../ingest.h"
#include "clock.h"
#include "skerry/hash.h"
#include "skerry/log.h"
#include "space.h"

#define SKR_WAIT_FOR_ROOM_MS 3000

struct skr_fill_change {
    struct skr_pending pending;
    struct skr_flight *flight;
};

static bool skr_flight_is_small(const struct skr_flight *flight)
{
    return flight->chunk == 0 && flight->size < SKR_CHUNK_BYTES &&
           flight->size <= flight->worker->core->options.inline_limit_bytes;
}

static enum skr_status skr_apply_fill(struct skr_view *view, struct skr_change *change, struct skr_error *err)
{
    struct skr_flight *flight = ((struct skr_fill_change *)change)->flight;
    struct skr_extent extent;
    bool created;
    if (flight->ingest == NULL) {
        struct skr_bytes payload = {flight->buffer, flight->size};
        return skr_content_fill_payload(view, flight->content_id, payload, skr_crc32c(0, payload.data, payload.size), err);
    }
    struct skr_content content = {.id = flight->content_id, .layout = SKR_CONTENT_CACHED};
    size_t count;
    enum skr_status status = skr_content_resident(view, &content, flight->chunk * SKR_CHUNK_BYTES, 1, &extent, 1, &count, err);
    if (status == SKR_OK && count > 0) /* checked before anything is written: nothing is to be undone */
        status = skr_fail(err, SKR_OBJECT_EXISTS, "these bytes are here already");
    struct skr_origin origin;
    if (status == SKR_OK)
        status = skr_content_origin(view, flight->content_id, &origin, err);
    if (status == SKR_OK)
        status = skr_ingest_register(view, flight->ingest, &extent, &created, err);
    if (status == SKR_OK)
        status = skr_content_fill(view, flight->content_id, flight->chunk * SKR_CHUNK_BYTES, &extent, err);
    if (status == SKR_OK && created)
        status = skr_file_record_release(view, extent.file_id, err);
    return status;
}

static void skr_flight_finish(struct skr_flight *flight, enum skr_flight_state state, bool is_new)
{
    if (flight->reserved > 0)
        skr_space_settle(flight->worker->core, flight->bound, flight->content_id, flight->chunk, flight->reserved, is_new);
    skr_flight_end(flight, state);
}

static void skr_flight_keep_again(void *context)
{
    skr_flight_keep(context);
}

/* False: it waited long enough. */
static bool skr_flight_await_space(struct skr_flight *flight)
{
    int64_t now_ms = skr_clock_ms();
    if (flight->waits_since_ms == 0)
        flight->waits_since_ms = now_ms;
    else if (now_ms - flight->waits_since_ms > SKR_WAIT_FOR_ROOM_MS || skr_space_is_exhausted(flight->worker->core))
        return false;
    struct skr_waiter *waiter = skr_waiter_new(flight->worker, skr_flight_keep_again, flight);
    if (waiter != NULL)
        skr_space_await(flight->worker->core, waiter);
    return waiter != NULL;
}

static void skr_settle_fill(struct skr_pending *pending)
{
    struct skr_flight *flight = ((struct skr_fill_change *)pending)->flight;
    enum skr_status status = pending->change.status;
    if (flight->ingest != NULL)
        skr_ingest_settle(flight->ingest, status);
    flight->ingest = NULL;
    if (status != SKR_OK && status != SKR_NOT_FOUND && status != SKR_OBJECT_EXISTS)
        skr_log(SKR_LOG_WARNING, "federation", "what was fetched is not kept: %s", pending->change.error.message);
    skr_flight_finish(flight, status == SKR_OK || status == SKR_OBJECT_EXISTS ? SKR_FLIGHT_KEPT : SKR_FLIGHT_UNKEPT,
                      status == SKR_OK);
}

static void skr_flight_name(struct skr_flight *flight)
{
    struct skr_fill_change *fill = skr_pending_new(flight->worker, sizeof *fill, skr_apply_fill, NULL, NULL);
    if (fill == NULL) {
        skr_ingest_discard(flight->ingest);
        flight->ingest = NULL;
        skr_flight_finish(flight, SKR_FLIGHT_UNKEPT, false);
        return;
    }
    fill->flight = flight;
    fill->pending.settle = skr_settle_fill;
    skr_pending_submit(&fill->pending);
}

static void skr_flight_unkept(struct skr_flight *flight, const struct skr_error *err)
{
    skr_ingest_discard(flight->ingest);
    flight->ingest = NULL;
    flight->ingested = 0;
    if (err->status == SKR_NO_SPACE && skr_flight_await_space(flight))
        return;
    skr_log(SKR_LOG_DEBUG, "federation", "what was fetched is not kept: %s", err->message);
    skr_flight_finish(flight, SKR_FLIGHT_UNKEPT, false);
}

static void skr_flight_stored(void *context, const struct skr_result *result)
{
    struct skr_flight *flight = context;
    if (result->status == SKR_OK)
        skr_flight_name(flight);
    else
        skr_flight_unkept(flight, result->error);
}

/* Hands on as much as the store takes; it calls again when there is room. */
static void skr_flight_store(void *context)
{
    struct skr_flight *flight = context;
    struct skr_error error = {.message = ""};
    while (flight->ingested < flight->size) {
        size_t taken = skr_ingest_write(flight->ingest, flight->buffer + flight->ingested, flight->size - flight->ingested);
        flight->ingested += taken;
        if (taken == 0)
            return;
    }
    enum skr_status status = skr_ingest_finish(flight->ingest, NULL, skr_flight_stored, flight, &error);
    if (status == SKR_OK)
        skr_flight_name(flight);
    else if (status != SKR_PENDING)
        skr_flight_unkept(flight, &error);
}

void skr_flight_keep(struct skr_flight *flight)
{
    struct skr_error error = {.message = ""};
    if (flight->size == 0) {
        skr_flight_finish(flight, SKR_FLIGHT_UNKEPT, false);
        return;
    }
    if (flight->reserved == 0 && skr_space_admit(flight->worker->core, flight->bound, flight->size))
        flight->reserved = flight->size;
    if (flight->reserved == 0) {
        if (!skr_flight_await_space(flight))
            skr_flight_finish(flight, SKR_FLIGHT_UNKEPT, false);
        return;
    }
    if (skr_flight_is_small(flight)) {
        skr_flight_name(flight);
        return;
    }
    struct skr_ingest_options options = {.expected_size = flight->size, .ready = skr_flight_store, .context = flight};
    enum skr_status status = skr_ingest_open(flight->worker, &options, &flight->ingest, &error);
    if (status == SKR_OK && flight->ingest->writer == NULL) /* the short end of a large object: into a file, too */
        status = skr_ingest_to_flash(flight->ingest, &error);
    if (status == SKR_OK)
        skr_flight_store(flight);
    else
        skr_flight_unkept(flight, &error);
}
