/* GET /api/v1/residency and POST /api/v1/evict: how much of a container is here, and taking it away. Both go through all the
 * names in the background, and the request is answered when they are through; a client that goes away ends them.
 */
#include "admin_private.h"
#include "skerry/log.h"

#define SKR_MOST_DEPTH 16
#define SKR_MOST_DELIMITER 64

struct skr_survey_call {
    struct skr_admin_call *call;
    struct skr_survey_options options; /* texts of the request */
};

static json_t *skr_residency_row(const struct skr_residency *row)
{
    return json_pack("{s:o,s:I,s:I,s:I,s:I,s:I,s:I}", "prefix", skr_admin_json_name(row->prefix), "objects",
                     (json_int_t)row->objects, "bytes", (json_int_t)row->bytes, "local_objects", (json_int_t)row->local_objects,
                     "local_bytes", (json_int_t)row->local_bytes, "pinned_bytes", (json_int_t)row->pinned_bytes, "own_bytes",
                     (json_int_t)row->own_bytes);
}

/* It is over. False: answered with why it failed. */
static bool skr_survey_settled(struct skr_admin_call *call, const struct skr_survey_result *result)
{
    call->survey = NULL;
    if (result->status != SKR_OK)
        skr_admin_reply_error(call->exchange, result->error);
    return result->status == SKR_OK;
}

static void skr_residency_done(void *context, const struct skr_survey_result *result)
{
    struct skr_survey_call *survey = context;
    struct skr_admin_call *call = survey->call;
    if (!skr_survey_settled(call, result))
        return;
    json_t *rows = json_array();
    bool no_memory = rows == NULL;
    for (size_t i = 0; i < result->count && !no_memory; i++)
        no_memory = json_array_append_new(rows, skr_residency_row(&result->rows[i])) != 0;
    skr_admin_reply_json(call->exchange, 200,
                         no_memory ? NULL
                                   : json_pack("{s:o,s:o,s:O,s:b}", "account", skr_admin_json_name(survey->options.account),
                                               "container", skr_admin_json_name(survey->options.container), "rows", rows,
                                               "is_truncated", result->is_truncated));
    json_decref(rows);
}

static void skr_evict_done(void *context, const struct skr_survey_result *result)
{
    struct skr_survey_call *survey = context;
    struct skr_admin_call *call = survey->call;
    if (!skr_survey_settled(call, result))
        return;
    skr_log(SKR_LOG_INFO, "admin", "%llu bytes of %.*s/%.*s were evicted: %s asked for it",
            (unsigned long long)result->evicted_bytes, SKR_PRINT(survey->options.account), SKR_PRINT(survey->options.container),
            skr_exchange_request(call->exchange)->peer);
    skr_admin_reply_json(call->exchange, 200,
                         json_pack("{s:I,s:I,s:I}", "evicted_bytes", (json_int_t)result->evicted_bytes, "evicted_items",
                                   (json_int_t)result->evicted_items, "spared_bytes", (json_int_t)result->spared_bytes));
}

/* Reads the request, then begins. */
static void skr_survey_begin(struct skr_admin_call *call, bool evicts)
{
    struct skr_survey_call *survey = skr_arena_alloc_zero(skr_exchange_arena(call->exchange), sizeof *survey);
    struct skr_worker *worker = skr_exchange_worker(call->exchange);
    struct skr_admin_scope scope = {.account = SKR_NO_BYTES};
    struct skr_bytes delimiter = SKR_BYTES("/");
    uint64_t depth = 0;
    const struct skr_admin_field fields[] = {
        SKR_ADMIN_SCOPE_FIELDS(&scope),
        {"depth", SKR_ADMIN_NUMBER, &depth, 0, SKR_MOST_DEPTH, NULL},
        {"delimiter", SKR_ADMIN_TEXT, &delimiter, 1, SKR_MOST_DELIMITER, NULL},
    };
    struct skr_error error;
    enum skr_status status = evicts ? skr_admin_read_body(call, fields, SKR_ADMIN_SCOPE_FIELD_COUNT, &error)
                                    : skr_admin_read_query(call, fields, sizeof fields / sizeof *fields, &error);
    if (status == SKR_OK)
        status = skr_admin_scope_find(call, &scope, &error);
    if (status == SKR_PENDING)
        return;
    if (status == SKR_OK && survey == NULL)
        status = skr_fail(&error, SKR_NO_MEMORY, "no memory for a survey");
    if (status != SKR_OK) {
        skr_admin_reply_error(call->exchange, &error);
        return;
    }
    *survey = (struct skr_survey_call){
        call, {scope.account, scope.container, scope.prefix, evicts ? SKR_NO_BYTES : delimiter, (unsigned)depth}};
    call->survey = evicts ? skr_evict_prefix(worker, &survey->options, skr_evict_done, survey)
                          : skr_survey_residency(worker, &survey->options, skr_residency_done, survey);
    if (call->survey == NULL)
        skr_admin_reply_json(call->exchange, 503, NULL);
}

void skr_admin_residency(struct skr_admin_call *call)
{
    skr_survey_begin(call, false);
}

void skr_admin_evict(struct skr_admin_call *call)
{
    skr_survey_begin(call, true);
}
