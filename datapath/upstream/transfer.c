/* One call from its beginning to `done`: queueing for a connection, attempts, what their end means, trying again.
 *
 * A transfer is freed at four places only, all of them in the client's loop: when it is looked at after a cancellation, when
 * libcurl is done with it, when a scan finds its time over, and at the client's end. Callbacks of callers only mark.
 */
#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "client.h"

/* Stands in a call for which there was no memory. */
static struct skr_upstream_transfer skr_no_transfer;

static void skr_arena_wipe(struct skr_arena *arena)
{
    for (struct skr_arena_block *block = arena->blocks; block != NULL; block = block->next)
        OPENSSL_cleanse(block->data, block->used);
    skr_arena_release(arena);
}

void skr_attempt_wipe(struct skr_upstream_transfer *transfer)
{
    for (struct curl_slist *line = transfer->lines; line != NULL; line = line->next)
        OPENSSL_cleanse(line->data, strlen(line->data));
    curl_slist_free_all(transfer->lines);
    transfer->lines = NULL;
    transfer->url = SKR_NO_BYTES;
    skr_arena_wipe(&transfer->attempt_arena);
}

/* ---- lanes ---- */

static struct skr_lane *skr_lane_of(struct skr_upstream_client *client, struct skr_upstream *upstream)
{
    struct skr_lane *lane = client->lanes;
    while (lane != NULL && lane->upstream != upstream)
        lane = lane->next;
    if (lane == NULL) {
        lane = calloc(1, sizeof *lane);
        if (lane == NULL)
            return NULL;
        lane->upstream = skr_upstream_ref(upstream);
        lane->queue.last = &lane->queue.first;
        lane->next = client->lanes;
        client->lanes = lane;
    }
    return lane;
}

static void skr_lane_leave(struct skr_upstream_client *client, struct skr_lane *lane)
{
    if (--lane->transfers > 0)
        return;
    struct skr_lane **link = &client->lanes;
    while (*link != lane)
        link = &(*link)->next;
    *link = lane->next;
    skr_upstream_close(lane->upstream);
    free(lane);
}

static void skr_lane_enqueue(struct skr_upstream_transfer *transfer)
{
    struct skr_lane *lane = transfer->lane;
    transfer->state = SKR_TRANSFER_QUEUED;
    transfer->queue_next = NULL;
    *lane->queue.last = transfer;
    lane->queue.last = &transfer->queue_next;
}

static void skr_lane_dequeue(struct skr_upstream_transfer *transfer)
{
    struct skr_lane *lane = transfer->lane;
    struct skr_upstream_transfer **link = &lane->queue.first;
    while (*link != NULL && *link != transfer)
        link = &(*link)->queue_next;
    if (*link == NULL)
        return;
    *link = transfer->queue_next;
    if (*link == NULL)
        lane->queue.last = link;
}

void skr_lane_feed(struct skr_lane *lane)
{
    while (lane->queue.first != NULL && lane->active < lane->upstream->max_connections) {
        struct skr_upstream_transfer *transfer = lane->queue.first;
        struct skr_upstream_client *client = transfer->client;
        if (client->closing)
            return;
        skr_lane_dequeue(transfer);
        if (transfer->attempts++ == 0)
            transfer->first_ms = client->now_ms;
        transfer->failure = SKR_UPSTREAM_OK;
        transfer->problem = NULL;
        if (skr_attempt_start(transfer)) {
            transfer->state = SKR_TRANSFER_ACTIVE;
            lane->active++;
            client->active++;
            client->counters.attempts++;
            skr_client_scan_by(client, client->now_ms + lane->upstream->stall_timeout_ms);
        } else {
            transfer->state = SKR_TRANSFER_ENDED;
            skr_client_look(transfer);
        }
    }
}

/* ---- beginning ---- */

static bool skr_is_write(enum skr_operation_kind kind)
{
    return kind != SKR_OP_GET && kind != SKR_OP_HEAD && kind != SKR_OP_LIST && kind != SKR_OP_GET_TAGS &&
           kind != SKR_OP_LIST_CONTAINERS;
}

/* What is sent, and what must be kept of what the caller passed. False: no memory. */
static bool skr_transfer_keep(struct skr_upstream_transfer *transfer, const struct skr_upstream_operation *operation)
{
    if (transfer->made.document.data != NULL) {
        transfer->body =
            (struct skr_upstream_body){.data = transfer->made.document.data, .size_bytes = transfer->made.document.size};
    } else if (operation->body != NULL) {
        transfer->body = *operation->body;
        transfer->body.md5 = NULL; /* it is in the message */
        if (transfer->body.sha256 != NULL)
            transfer->body.sha256 = memcpy(transfer->sha256, transfer->body.sha256, sizeof transfer->sha256);
    }
    const struct skr_upstream *upstream = transfer->lane->upstream;
    bool is_bare = upstream->kind == SKR_UPSTREAM_S3 && !upstream->url.tls && transfer->body.sha256 == NULL;
    if (is_bare && (transfer->body.data != NULL || transfer->body.size_bytes == 0)) {
        SHA256(transfer->body.data, transfer->body.size_bytes, transfer->sha256);
        transfer->body.sha256 = transfer->sha256;
    }
    if (operation->get != NULL) {
        transfer->get = *operation->get;
        transfer->get.key = SKR_NO_BYTES;
        transfer->get.conditions.if_match = skr_arena_copy(&transfer->arena, operation->get->conditions.if_match);
        transfer->get.conditions.if_none_match = SKR_NO_BYTES;
        return transfer->get.conditions.if_match.data != NULL;
    }
    return true;
}

static void skr_transfer_link(struct skr_upstream_client *client, struct skr_upstream_transfer *transfer)
{
    transfer->client = client;
    transfer->next = client->transfers;
    if (transfer->next != NULL)
        transfer->next->previous = transfer;
    client->transfers = transfer;
}

static void skr_transfer_no_memory(struct skr_upstream_client *client, struct skr_upstream_call *call)
{
    call->transfer = &skr_no_transfer;
    call->next = client->failed;
    client->failed = call;
    skr_client_hurry(client);
}

void skr_transfer_tell_failed(struct skr_upstream_client *client)
{
    while (client->failed != NULL) {
        struct skr_upstream_call *call = client->failed;
        client->failed = call->next;
        call->transfer = NULL;
        call->done(call, &(struct skr_upstream_result){.outcome = SKR_UPSTREAM_NO_MEMORY,
                                                       .may_retry = true,
                                                       .message = "no memory for a call to upstream"});
    }
}

void skr_transfer_begin(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                        const struct skr_upstream_operation *operation)
{
    struct skr_upstream_transfer *transfer = calloc(1, sizeof *transfer);
    struct skr_lane *lane = transfer == NULL ? NULL : skr_lane_of(client, upstream);
    call->client = client;
    client->counters.calls++;
    if (lane == NULL) {
        free(transfer);
        skr_transfer_no_memory(client, call);
        return;
    }
    transfer->lane = lane;
    lane->transfers++;
    transfer->call = call;
    call->transfer = transfer;
    transfer->kind = operation->kind;
    transfer->conditional = operation->conditions.if_match.size > 0 || operation->conditions.if_none_match_any;
    transfer->has_retry = call->retry != NULL;
    if (call->retry != NULL)
        transfer->retry = *call->retry;
    transfer->repeatable =
        !skr_is_write(operation->kind) || (transfer->has_retry && !transfer->conditional &&
                                           operation->kind != SKR_OP_COMPLETE && !skr_is_of_container(operation->kind));
    skr_transfer_link(client, transfer);
    transfer->message.arena = &transfer->arena;
    upstream->driver->build(upstream, operation, &transfer->message, &transfer->made);
    bool kept = skr_transfer_keep(transfer, operation);
    if (transfer->message.problem != NULL || !kept || transfer->made.local || client->closing) {
        transfer->problem = transfer->message.problem;
        transfer->failure = client->closing     ? SKR_UPSTREAM_CANCELLED
                            : !kept             ? SKR_UPSTREAM_NO_MEMORY
                            : transfer->problem ? SKR_UPSTREAM_INVALID
                                                : SKR_UPSTREAM_OK;
        transfer->state = SKR_TRANSFER_ENDED;
    } else {
        skr_lane_enqueue(transfer);
    }
    skr_client_look(transfer);
}

/* ---- ending ---- */

void skr_transfer_free(struct skr_upstream_transfer *transfer)
{
    struct skr_upstream_client *client = transfer->client;
    if (transfer->is_ready) {
        struct skr_upstream_transfer **link = &client->ready;
        while (*link != transfer)
            link = &(*link)->ready_next;
        *link = transfer->ready_next;
    }
    if (transfer->has_yielded) {
        struct skr_upstream_transfer **link = &client->yielded;
        while (*link != transfer)
            link = &(*link)->yielded_next;
        *link = transfer->yielded_next;
    }
    if (transfer->previous != NULL)
        transfer->previous->next = transfer->next;
    else
        client->transfers = transfer->next;
    if (transfer->next != NULL)
        transfer->next->previous = transfer->previous;
    skr_attempt_wipe(transfer);
    skr_arena_wipe(&transfer->arena);
    skr_answer_reset(&transfer->answer);
    skr_lane_leave(client, transfer->lane);
    free(transfer);
}

/* Takes an attempt away from libcurl. */
static void skr_attempt_close(struct skr_upstream_transfer *transfer)
{
    struct skr_upstream_client *client = transfer->client;
    long connections = 0;
    curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connections);
    client->counters.connections_opened += (uint64_t)connections;
    curl_multi_remove_handle(client->multi, transfer->easy);
    curl_easy_reset(transfer->easy);
    if (client->spare_count < sizeof client->spare / sizeof *client->spare)
        client->spare[client->spare_count++] = transfer->easy;
    else
        curl_easy_cleanup(transfer->easy);
    transfer->easy = NULL;
    skr_attempt_wipe(transfer);
    transfer->lane->active--;
    client->active--;
    skr_lane_feed(transfer->lane);
}

static void skr_transfer_reading(struct skr_upstream_transfer *transfer, struct skr_upstream_result *result,
                                 const struct skr_reading *reading)
{
    result->entries = reading->entries;
    result->entry_count = reading->entry_count;
    result->next_marker = reading->next_marker.data == NULL ? SKR_BYTES("") : reading->next_marker;
    result->upload = reading->upload;
    result->part = reading->part;
    if (transfer->kind != SKR_OP_LIST && !skr_is_of_container(transfer->kind)) {
        transfer->object = reading->object;
        result->object = &transfer->object;
    }
}

/* Tells the caller, and frees. */
static void skr_transfer_tell(struct skr_upstream_transfer *transfer, struct skr_upstream_result *result)
{
    struct skr_upstream_call *call = transfer->call;
    result->attempts = transfer->attempts;
    if (transfer->easy != NULL)
        skr_attempt_close(transfer);
    if (transfer->state == SKR_TRANSFER_QUEUED)
        skr_lane_dequeue(transfer);
    transfer->state = SKR_TRANSFER_ENDED;
    transfer->call = NULL;
    if (call != NULL) {
        call->transfer = NULL;
        call->done(call, result);
    }
    skr_transfer_free(transfer);
}

void skr_transfer_end(struct skr_upstream_transfer *transfer, enum skr_upstream_outcome outcome, const char *message)
{
    struct skr_upstream_result result = {
        .outcome = outcome,
        .message = message == NULL ? skr_upstream_outcome_text(outcome) : message,
        .code = SKR_BYTES(""),
        .request_id = SKR_BYTES(""),
        .may_retry = skr_outcome_may_pass(outcome) ||
                     (outcome == SKR_UPSTREAM_FORBIDDEN && transfer->lane->upstream->credential == SKR_UPSTREAM_TOKEN),
        .upload = transfer->made.upload,
        .part = transfer->made.part};
    skr_transfer_tell(transfer, &result);
}

/* ---- what an attempt's end means ---- */

static enum skr_upstream_outcome skr_outcome_of_curl(const struct skr_upstream_transfer *transfer, CURLcode code)
{
    switch (code) {
    case CURLE_OPERATION_TIMEDOUT:
        return SKR_UPSTREAM_TIMEOUT;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_SSL_INVALIDCERTSTATUS:
    case CURLE_SSL_SHUTDOWN_FAILED:
        return SKR_UPSTREAM_TLS;
    case CURLE_PARTIAL_FILE:
        return SKR_UPSTREAM_TRUNCATED;
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
    case CURLE_GOT_NOTHING:
        return transfer->answer.complete ? SKR_UPSTREAM_TRUNCATED : SKR_UPSTREAM_UNAVAILABLE;
    case CURLE_SEND_FAIL_REWIND: /* likewise, on a connection that was kept */
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_CONNECT:
        return SKR_UPSTREAM_UNAVAILABLE;
    case CURLE_OUT_OF_MEMORY:
        return SKR_UPSTREAM_NO_MEMORY;
    default:
        return SKR_UPSTREAM_PROTOCOL;
    }
}

/* libcurl's messages name hosts and reasons; should one ever have a query in it, it ends there. */
static void skr_cut_query(char *text)
{
    char *query = strchr(text, '?');
    if (query != NULL)
        strcpy(query, "");
}

static const char *skr_transfer_explain(struct skr_upstream_transfer *transfer, CURLcode code, struct skr_bytes error_code)
{
    const char *name = skr_upstream_name(transfer->lane->upstream);
    struct skr_bytes text;
    skr_cut_query(transfer->error);
    if (transfer->problem != NULL)
        text = skr_arena_print(&transfer->arena, "%s: %s", name, transfer->problem);
    else if (code != CURLE_OK)
        text = skr_arena_print(&transfer->arena, "%s: %s", name,
                               transfer->error[0] != '\0' ? transfer->error : curl_easy_strerror(code));
    else
        text = skr_arena_print(&transfer->arena, "%s: answered %d%s%.*s", name, transfer->answer.status,
                               error_code.size > 0 ? " " : "", SKR_PRINT(error_code));
    return text.data == NULL ? "no memory" : text.data;
}

static bool skr_is_success(const struct skr_upstream_transfer *transfer)
{
    int status = transfer->answer.status;
    return status >= 200 && status < 300 && (status != 206 || transfer->kind == SKR_OP_GET);
}

/* Reads a successful answer. */
static enum skr_upstream_outcome skr_transfer_read(struct skr_upstream_transfer *transfer, struct skr_reading *reading)
{
    const struct skr_upstream *upstream = transfer->lane->upstream;
    if (transfer->kind == SKR_OP_GET)
        reading->object = transfer->object;
    else if (!skr_answer_object(&transfer->answer, upstream->driver, &reading->object))
        return SKR_UPSTREAM_PROTOCOL;
    if (transfer->kind != SKR_OP_GET &&
        transfer->kind != SKR_OP_HEAD) { /* these headers are of the answer, not of the object */
        memset(reading->object.properties, 0, sizeof reading->object.properties);
        reading->object.has_md5 = false;
        reading->object.size_bytes = transfer->kind == SKR_OP_PUT ? transfer->body.size_bytes : 0;
    }
    if (transfer->kind == SKR_OP_HEAD && skr_answer_header(&transfer->answer, "content-length").data == NULL)
        return SKR_UPSTREAM_PROTOCOL;
    reading->upload = transfer->made.upload;
    reading->part = transfer->made.part;
    if (!upstream->driver->read(upstream, transfer->kind, &transfer->message, &transfer->answer, reading))
        return SKR_UPSTREAM_PROTOCOL;
    return reading->code.size > 0 ? skr_answer_classify(500, reading->code) : SKR_UPSTREAM_OK;
}

static bool skr_transfer_may_repeat(const struct skr_upstream_transfer *transfer, const struct skr_upstream_result *result)
{
    if (!transfer->has_retry || !result->may_retry || transfer->delivered)
        return false;
    if (transfer->retry.not_after_timeout && result->outcome == SKR_UPSTREAM_TIMEOUT)
        return false;
    if (transfer->body.once && transfer->body_was_read)
        return false;
    return transfer->repeatable || !result->may_have_happened;
}

/* True: it waits for another attempt. */
static bool skr_transfer_again(struct skr_upstream_transfer *transfer, const struct skr_upstream_result *result)
{
    struct skr_upstream_client *client = transfer->client;
    unsigned delay_ms;
    if (client->closing || !skr_transfer_may_repeat(transfer, result) ||
        !skr_upstream_retry_delay(&transfer->retry, transfer->attempts, client->now_ms - transfer->first_ms,
                                  result->retry_after_ms, skr_client_random(client), &delay_ms))
        return false;
    skr_attempt_close(transfer);
    transfer->state = SKR_TRANSFER_WAITING;
    transfer->again_ms = client->now_ms + delay_ms;
    skr_client_scan_by(client, transfer->again_ms);
    return true;
}

static void skr_result_facts(struct skr_upstream_transfer *transfer, CURLcode code, struct skr_upstream_result *result)
{
    const struct skr_answer *answer = &transfer->answer;
    struct skr_upstream *upstream = transfer->lane->upstream;
    bool unclear = !answer->complete || result->outcome == SKR_UPSTREAM_TRUNCATED || result->outcome == SKR_UPSTREAM_PROTOCOL ||
                   answer->status == 408 || answer->status == 500 || answer->status == 502 || answer->status == 504;
    result->http_status = answer->complete ? answer->status : 0;
    result->may_have_happened =
        result->outcome != SKR_UPSTREAM_OK && skr_is_write(transfer->kind) && transfer->sendings > 0 && unclear;
    result->may_retry = skr_outcome_may_pass(result->outcome) || code == CURLE_SSL_CONNECT_ERROR;
    result->retry_after_ms = result->may_retry ? skr_answer_retry_after_ms(answer, time(NULL)) : 0;
    result->request_id = skr_answer_header(answer, upstream->driver->request_id_header);
    if (result->outcome == SKR_UPSTREAM_FORBIDDEN && answer->status == 401 && upstream->credential == SKR_UPSTREAM_TOKEN) {
        upstream->token_provider->refused(upstream->token_provider);
        result->may_retry = true;
    }
}

void skr_transfer_finished(struct skr_upstream_transfer *transfer, CURLcode code)
{
    struct skr_upstream_result result = {.outcome = transfer->failure};
    struct skr_reading reading = {.arena = &transfer->answer.arena, .code = SKR_BYTES("")};
    if (transfer->call == NULL) {
        skr_attempt_close(transfer);
        skr_transfer_free(transfer);
        return;
    }
    if (result.outcome != SKR_UPSTREAM_OK)
        code = CURLE_OK; /* we ended it ourselves, and know why */
    else if (code != CURLE_OK)
        result.outcome = skr_outcome_of_curl(transfer, code);
    else if (skr_is_success(transfer))
        result.outcome = skr_transfer_read(transfer, &reading);
    else {
        reading.code = skr_error_code(reading.arena, &transfer->answer);
        result.outcome = skr_answer_classify(transfer->answer.status, reading.code);
    }
    result.code = reading.code;
    skr_result_facts(transfer, code, &result);
    if (skr_transfer_again(transfer, &result))
        return;
    if (result.outcome == SKR_UPSTREAM_OK)
        skr_transfer_reading(transfer, &result, &reading);
    else if (result.outcome == SKR_UPSTREAM_INVALID_RANGE &&
             skr_answer_size_behind(&transfer->answer, &transfer->object.size_bytes))
        result.object = &transfer->object;
    if (result.outcome == SKR_UPSTREAM_PROTOCOL && transfer->problem == NULL && code == CURLE_OK && skr_is_success(transfer))
        transfer->problem = "the answer's headers or document are malformed";
    result.message = skr_transfer_explain(transfer, code, result.code);
    skr_transfer_tell(transfer, &result);
}

/* ---- looking and scanning ---- */

static void skr_transfer_resume_now(struct skr_upstream_transfer *transfer)
{
    transfer->resume_wanted = false;
    if (!transfer->paused)
        return;
    transfer->paused = false;
    transfer->progress_ms = transfer->client->now_ms;
    skr_client_scan_by(transfer->client, transfer->progress_ms + transfer->lane->upstream->stall_timeout_ms);
    CURLcode code = curl_easy_pause(transfer->easy, CURLPAUSE_CONT); /* may deliver at once */
    if (code != CURLE_OK)
        skr_transfer_finished(transfer, code);
}

void skr_transfer_look(struct skr_upstream_transfer *transfer)
{
    if (transfer->call == NULL) {
        skr_transfer_tell(transfer, &(struct skr_upstream_result){.outcome = SKR_UPSTREAM_CANCELLED});
        return;
    }
    switch (transfer->state) {
    case SKR_TRANSFER_QUEUED:
        skr_lane_feed(transfer->lane);
        break;
    case SKR_TRANSFER_ACTIVE:
        if (transfer->resume_wanted)
            skr_transfer_resume_now(transfer);
        break;
    case SKR_TRANSFER_WAITING:
        break;
    case SKR_TRANSFER_ENDED:
        skr_transfer_end(transfer, transfer->failure, transfer->problem);
        break;
    }
}

void skr_transfer_scan(struct skr_upstream_transfer *transfer)
{
    struct skr_upstream_client *client = transfer->client;
    if (transfer->state == SKR_TRANSFER_WAITING) {
        if (transfer->again_ms > client->now_ms) {
            skr_client_scan_by(client, transfer->again_ms);
            return;
        }
        skr_lane_enqueue(transfer);
        skr_lane_feed(transfer->lane);
    } else if (transfer->state == SKR_TRANSFER_ACTIVE && !transfer->paused) {
        uint64_t until_ms = transfer->progress_ms + transfer->lane->upstream->stall_timeout_ms;
        if (until_ms > client->now_ms) {
            skr_client_scan_by(client, until_ms);
            return;
        }
        transfer->failure = SKR_UPSTREAM_TIMEOUT;
        transfer->problem = "no byte went either way for the length of the stall timeout";
        skr_transfer_finished(transfer, CURLE_OK);
    }
}

/* ---- the caller's hand ---- */

void skr_upstream_cancel(struct skr_upstream_call *call)
{
    if (call == NULL || call->transfer == NULL)
        return;
    if (call->transfer == &skr_no_transfer) {
        struct skr_upstream_call **link = &call->client->failed;
        while (*link != call)
            link = &(*link)->next;
        *link = call->next;
    } else {
        call->transfer->call = NULL;
        skr_client_look(call->transfer);
    }
    call->transfer = NULL;
}

void skr_upstream_resume(struct skr_upstream_call *call)
{
    if (call->transfer == NULL || call->transfer == &skr_no_transfer)
        return;
    call->transfer->resume_wanted = true;
    skr_client_look(call->transfer);
}
