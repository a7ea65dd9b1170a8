/* DeleteObject. */
#include "objects.h"

/* Without If-Match it is the same whether something was there. */
static bool skr_s3_must_be_there(const struct skr_s3_call *call)
{
    return call->conditions.if_match_any || call->conditions.if_match_count > 0;
}

static void skr_s3_deleted(void *context, const struct skr_result *result)
{
    struct skr_s3_call *call = context;
    bool one_version = call->name.version.is_given;
    call->pending = NULL;
    bool gone = result->status == SKR_OBJECT_NOT_FOUND || result->status == SKR_VERSION_NOT_FOUND;
    if (result->status != SKR_OK && (!gone || skr_s3_must_be_there(call))) {
        skr_s3_fail_write(call, result->status);
        return;
    }
    skr_s3_common_headers(call);
    if (one_version)
        skr_exchange_header(call->exchange, "x-amz-version-id", skr_s3_version_text(call->arena, call->name.version.ns));
    if (result->status == SKR_OK && result->object != NULL && result->object->kind == SKR_OBJECT_DELETE_MARKER) {
        skr_exchange_header(call->exchange, "x-amz-delete-marker", SKR_BYTES("true"));
        if (!one_version)
            skr_s3_version_header(call, "x-amz-version-id", result->object);
    }
    skr_s3_reply(call, 204);
}

SKR_S3_HANDLER(delete_object)
{
    struct skr_s3_call *call = context;
    if (skr_s3_bucket_exists(call))
        skr_s3_wait(call, skr_delete_object(call->worker, &call->name, &call->conditions, !skr_s3_must_be_there(call),
                                            skr_s3_deleted, call));
}
