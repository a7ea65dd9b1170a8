/* /api/v1/jobs: what is being brought here, how far it is, and ending it. */
#include "admin_private.h"
#include "skerry/encoding.h"
#include "skerry/log.h"

static json_t *skr_job_json(const struct skr_prefetch_state *state)
{
    static const char *const phases[] = {[SKR_PREFETCH_RUNS] = "running",
                                         [SKR_PREFETCH_DONE] = "done",
                                         [SKR_PREFETCH_CANCELLED] = "cancelled",
                                         [SKR_PREFETCH_FAILED] = "failed"};
    return json_pack(
        "{s:o,s:s,s:o,s:o,s:o,s:b,s:b,s:I,s:I,s:I,s:I,s:I,s:I,s:I,s:o,s:o,s:o,s:o}", "id", skr_admin_json_id(state->job_id),
        "phase", phases[state->phase], "account", skr_admin_json_name(state->account), "container",
        skr_admin_json_name(state->container), "prefix", skr_admin_json_name(state->prefix), "is_manifest", state->is_manifest,
        "is_counted", state->is_counted, "objects_done", (json_int_t)state->objects_done, "objects_total",
        (json_int_t)state->objects_total, "objects_failed", (json_int_t)state->objects_failed, "bytes_done",
        (json_int_t)state->bytes_done, "bytes_total", (json_int_t)state->bytes_total, "fetched_bytes",
        (json_int_t)state->fetched_bytes, "bytes_per_s", (json_int_t)state->bytes_per_s, "left_s",
        state->left_s < 0 ? json_null() : json_integer(state->left_s), "created", skr_admin_json_time(state->created_ns),
        "ended", skr_admin_json_time(state->ended_ns), "last_failure", skr_admin_json_name(state->last_failure));
}

struct skr_job_search {
    json_t *list; /* all are appended */
    bool no_memory;
    uint64_t wanted; /* or this one is looked for */
    bool is_there;
    json_t *found;
};

static bool skr_job_append(void *context, const struct skr_prefetch_state *state)
{
    struct skr_job_search *search = context;
    search->no_memory = json_array_append_new(search->list, skr_job_json(state)) != 0;
    return !search->no_memory;
}

static bool skr_job_seek(void *context, const struct skr_prefetch_state *state)
{
    struct skr_job_search *search = context;
    if (state->job_id != search->wanted)
        return true;
    search->is_there = true;
    search->found = skr_job_json(state);
    return false;
}

void skr_admin_list_jobs(struct skr_admin_call *call)
{
    struct skr_job_search search = {.list = json_array()};
    struct skr_error error;
    if (skr_admin_read_query(call, NULL, 0, &error) != SKR_OK) {
        skr_admin_reply_error(call->exchange, &error);
    } else {
        if (search.list != NULL)
            skr_visit_prefetches(call->admin->options.core, skr_job_append, &search);
        skr_admin_reply_json(call->exchange, 200,
                             search.list == NULL || search.no_memory ? NULL : json_pack("{s:O}", "jobs", search.list));
    }
    json_decref(search.list);
}

static void skr_job_absent(struct skr_admin_call *call)
{
    struct skr_error error;
    skr_fail(&error, SKR_NOT_FOUND, "there is no such job: GET /api/v1/jobs lists all");
    skr_admin_reply_error(call->exchange, &error);
}

void skr_admin_get_job(struct skr_admin_call *call)
{
    struct skr_job_search search = {.list = NULL};
    if (skr_parse_u64(call->parameters[0], &search.wanted))
        skr_visit_prefetches(call->admin->options.core, skr_job_seek, &search);
    if (search.is_there)
        skr_admin_reply_json(call->exchange, 200, search.found);
    else
        skr_job_absent(call);
}

static void skr_job_ended(void *context, const struct skr_result *result)
{
    struct skr_admin_call *call = context;
    call->pending = NULL;
    if (result->status == SKR_NOT_FOUND) {
        skr_job_absent(call);
    } else if (result->status != SKR_OK) {
        skr_admin_reply_error(call->exchange, result->error);
    } else {
        skr_log(SKR_LOG_INFO, "admin", "job %.*s was ended or forgotten: %s asked for it", SKR_PRINT(call->parameters[0]),
                skr_exchange_request(call->exchange)->peer);
        skr_admin_reply_json(call->exchange, 200, json_pack("{s:o}", "id", skr_admin_json_name(call->parameters[0])));
    }
}

void skr_admin_delete_job(struct skr_admin_call *call)
{
    uint64_t id;
    if (!skr_parse_u64(call->parameters[0], &id)) {
        skr_job_absent(call);
        return;
    }
    call->pending = skr_prefetch_cancel(skr_exchange_worker(call->exchange), id, skr_job_ended, call);
    if (call->pending == NULL)
        skr_admin_reply_json(call->exchange, 503, NULL);
}
