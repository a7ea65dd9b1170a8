/* POST /api/v1/flush: waits a while until upstream has what was changed before, and says what is left of it.
 *
 * Whoever waits longer asks again with the mark of the first answer: nothing is kept here between the requests, so that nothing
 * is left behind by those who go away, and a restart of the server ends nobody's waiting.
 */
#include "admin_private.h"

#define SKR_MOST_WAIT_MS 10000 /* a server that ends waits for it */

static void skr_flush_replied(void *context, const struct skr_result *result)
{
    struct skr_admin_call *call = context;
    const struct skr_flush_numbers *left = result->flush;
    call->pending = NULL;
    if (left == NULL || (result->status != SKR_OK && result->status != SKR_BUSY && result->status != SKR_CONDITION_FAILED &&
                         result->status != SKR_UPSTREAM_FAILED)) {
        skr_admin_reply_error(call->exchange, result->error);
        return;
    }
    skr_admin_reply_json(call->exchange, 200,
                         json_pack("{s:b,s:b,s:I,s:I,s:I,s:I,s:o}", "ended", left->pending_objects == 0, "is_upstream",
                                   result->status == SKR_OK, "pending_objects", (json_int_t)left->pending_objects,
                                   "pending_bytes", (json_int_t)left->pending_bytes, "failed_objects",
                                   (json_int_t)left->failed_objects, "conflict_objects", (json_int_t)left->conflict_objects,
                                   "mark", skr_admin_json_id((uint64_t)left->mark_ns)));
}

void skr_admin_flush(struct skr_admin_call *call)
{
    struct skr_admin_scope scope = {.account = SKR_NO_BYTES};
    uint64_t wait_ms = 1000, mark_ns = 0;
    const struct skr_admin_field fields[] = {
        SKR_ADMIN_SCOPE_FIELDS(&scope),
        {"mark", SKR_ADMIN_ID, &mark_ns, 0, 0, NULL},
        {"wait_ms", SKR_ADMIN_NUMBER, &wait_ms, 0, SKR_MOST_WAIT_MS, NULL},
    };
    struct skr_error error;
    enum skr_status status = skr_admin_read_body(call, fields, sizeof fields / sizeof *fields, &error);
    if (status == SKR_OK)
        status = skr_admin_scope_check(call, &scope, false, &error);
    if (status != SKR_OK) {
        skr_admin_reply_error(call->exchange, &error);
        return;
    }
    const struct skr_flush_options options = {scope.account, scope.container, scope.prefix, (int64_t)mark_ns,
                                              (unsigned)wait_ms};
    call->pending = skr_flush(skr_exchange_worker(call->exchange), &options, skr_flush_replied, call);
    if (call->pending == NULL)
        skr_admin_reply_json(call->exchange, 503, NULL);
}
