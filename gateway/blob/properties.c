/* Changes of a blob that leave its bytes alone: properties, metadata, tier, removal. */
#include "call.h"

static void skr_properties_changed(void *context, const struct skr_result *result)
{
    struct skr_call *call = context;
    if (!skr_call_settled(call, result))
        return;
    skr_call_common_headers(call);
    skr_call_etag_headers(call, result->object->etag, result->object->modified_ns);
    skr_call_reply(call, 200);
}

/* Of a page blob. False: answered. */
static bool skr_call_page_headers(struct skr_call *call)
{
    static const char *const names[] = {"x-ms-blob-content-length", "x-ms-sequence-number-action", "x-ms-blob-sequence-number"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (skr_call_header(call, names[i]).size > 0) {
            skr_call_refuse(call, SKR_BLOB_INVALID_OPERATION);
            return false;
        }
    return true;
}

SKR_HANDLER(set_blob_properties)
{
    struct skr_call *call = context;
    struct skr_object_settings settings = {.set_md5 = true};
    struct skr_bytes md5 = skr_call_header(call, "x-ms-blob-content-md5");
    static const enum skr_property set[] = {SKR_PROPERTY_CONTENT_TYPE, SKR_PROPERTY_CONTENT_ENCODING,
                                            SKR_PROPERTY_CONTENT_LANGUAGE, SKR_PROPERTY_CONTENT_DISPOSITION,
                                            SKR_PROPERTY_CACHE_CONTROL};
    /* One of these headers sets them all: what is not given is cleared. */
    for (size_t i = 0; i < sizeof set / sizeof *set; i++)
        settings.set_properties |= 1u << set[i];
    settings.has_md5 = md5.size > 0;
    if (settings.has_md5 && !skr_md5_parse(md5, settings.md5)) {
        skr_call_refuse(call, SKR_BLOB_INVALID_MD5);
        return;
    }
    if (skr_call_page_headers(call) && skr_call_content_properties(call, false, settings.properties))
        skr_call_wait(call,
                      skr_update_object(call->worker, &call->name, &call->conditions, &settings, skr_properties_changed, call));
}

static void skr_metadata_changed(void *context, const struct skr_result *result)
{
    struct skr_call *call = context;
    if (result->status == SKR_OK) {
        skr_exchange_header(call->exchange, "x-ms-request-server-encrypted", SKR_BYTES("false"));
        skr_call_version_headers(call, result->object, false);
    }
    skr_properties_changed(call, result);
}

SKR_HANDLER(set_blob_metadata)
{
    struct skr_call *call = context;
    struct skr_object_settings settings = {.set_metadata = true};
    if (skr_call_metadata(call, &settings.metadata, &settings.metadata_count))
        skr_call_wait(call,
                      skr_update_object(call->worker, &call->name, &call->conditions, &settings, skr_metadata_changed, call));
}

static void skr_tier_changed(void *context, const struct skr_result *result)
{
    struct skr_call *call = context;
    if (!skr_call_settled(call, result))
        return;
    skr_call_common_headers(call);
    skr_call_reply(call, 200);
}

SKR_HANDLER(set_blob_tier)
{
    struct skr_call *call = context;
    struct skr_object_settings settings = {.set_properties = 1u << SKR_PROPERTY_ACCESS_TIER};
    if (skr_call_header(call, "x-ms-access-tier").size == 0)
        skr_call_fail_header(call, "x-ms-access-tier");
    else if (skr_call_content_properties(call, false, settings.properties))
        skr_call_wait(call, skr_update_object(call->worker, &call->name, &call->conditions, &settings, skr_tier_changed, call));
}

static void skr_blob_deleted(void *context, const struct skr_result *result)
{
    struct skr_call *call = context;
    if (!skr_call_settled(call, result))
        return;
    skr_call_common_headers(call);
    /* where versions are kept it stays as one, under a delete marker */
    skr_exchange_header(call->exchange, "x-ms-delete-type-permanent",
                        result->object == NULL ? SKR_BYTES("true") : SKR_BYTES("false"));
    skr_call_reply(call, 202);
}

SKR_HANDLER(delete_blob)
{
    struct skr_call *call = context;
    struct skr_bytes snapshots = skr_call_header(call, "x-ms-delete-snapshots");
    if (snapshots.data != NULL && !skr_bytes_equal(snapshots, SKR_BYTES("include")) &&
        !skr_bytes_equal(snapshots, SKR_BYTES("only"))) {
        skr_call_fail_header(call, "x-ms-delete-snapshots");
        return;
    }
    if (skr_bytes_equal(snapshots, SKR_BYTES("only"))) { /* there are none: the blob stays */
        struct skr_error error;
        enum skr_status status =
            skr_open_object(call->worker, call->arena, &call->name, &call->conditions, &call->object, NULL, &error);
        if (status != SKR_OK) {
            skr_call_fail_status(call, status);
            return;
        }
        skr_call_common_headers(call);
        skr_exchange_header(call->exchange, "x-ms-delete-type-permanent", SKR_BYTES("true"));
        skr_call_reply(call, 202);
        return;
    }
    skr_call_wait(call, skr_delete_object(call->worker, &call->name, &call->conditions, false, skr_blob_deleted, call));
}
