/* POST /api/v1/prefetch: begins a job that brings objects here before anybody reads them. */
#include <inttypes.h>

#include "admin_private.h"
#include "skerry/log.h"

#define SKR_MOST_CONCURRENCY 64

struct skr_prefetch_call {
    struct skr_admin_call *call;
    struct skr_admin_scope scope;
};

static void skr_prefetch_begun(void *context, const struct skr_result *result)
{
    struct skr_prefetch_call *prefetch = context;
    struct skr_admin_call *call = prefetch->call;
    call->pending = NULL;
    if (result->status != SKR_OK) {
        skr_admin_reply_error(call->exchange, result->error);
        return;
    }
    skr_log(SKR_LOG_INFO, "admin", "job %" PRIu64 " fetches %.*s/%.*s ahead: %s asked for it", result->job_id,
            SKR_PRINT(prefetch->scope.account), SKR_PRINT(prefetch->scope.container),
            skr_exchange_request(call->exchange)->peer);
    skr_admin_reply_json(call->exchange, 200, json_pack("{s:o}", "id", skr_admin_json_id(result->job_id)));
}

void skr_admin_prefetch(struct skr_admin_call *call)
{
    struct skr_prefetch_call *prefetch = skr_arena_alloc_zero(skr_exchange_arena(call->exchange), sizeof *prefetch);
    struct skr_admin_texts keys = {.texts = NULL};
    uint64_t bytes_per_s = 0, concurrency = 0;
    struct skr_error error;
    if (prefetch == NULL) {
        skr_admin_reply_json(call->exchange, 503, NULL);
        return;
    }
    prefetch->call = call;
    struct skr_admin_scope *scope = &prefetch->scope;
    const struct skr_admin_field fields[] = {
        SKR_ADMIN_SCOPE_FIELDS(scope),
        {"keys", SKR_ADMIN_TEXTS, &keys, 1, SKR_MOST_PREFETCH_KEYS, NULL},
        {"rate_bytes_s", SKR_ADMIN_NUMBER, &bytes_per_s, 0, INT64_MAX, NULL},
        {"concurrency", SKR_ADMIN_NUMBER, &concurrency, 1, SKR_MOST_CONCURRENCY, NULL},
    };
    enum skr_status status = skr_admin_read_body(call, fields, sizeof fields / sizeof *fields, &error);
    if (status == SKR_OK && keys.texts != NULL && scope->prefix.data != NULL)
        status = skr_fail(&error, SKR_INVALID_ARGUMENT, "give 'prefix' or 'keys', not both");
    if (status == SKR_OK)
        status = skr_admin_scope_find(call, scope, &error);
    if (status == SKR_PENDING)
        return;
    if (status != SKR_OK) {
        skr_admin_reply_error(call->exchange, &error);
        return;
    }
    const struct skr_prefetch_options options = {.account = scope->account,
                                                 .container = scope->container,
                                                 .prefix = scope->prefix,
                                                 .keys = keys.texts,
                                                 .key_count = keys.count,
                                                 .bytes_per_s = bytes_per_s,
                                                 .concurrency = (unsigned)concurrency};
    call->pending = skr_prefetch_begin(skr_exchange_worker(call->exchange), &options, skr_prefetch_begun, prefetch);
    if (call->pending == NULL)
        skr_admin_reply_json(call->exchange, 503, NULL);
}
