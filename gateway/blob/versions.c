/* Versions of blobs, where a container keeps them (it is told so through S3): their ids, and deleting one.
 *
 * A version's id is the time at which it was made, in steps of 100 ns; two versions of a blob never have the same. The null
 * version, made while the container kept none, has the time zero: its blob has only one. Source: "Blob versioning". */
#include "call.h"

struct skr_bytes skr_version_id(struct skr_arena *arena, int64_t version_ns)
{
    char text[36];
    size_t size = skr_iso8601_format(text, version_ns, 7);
    return skr_arena_copy(arena, (struct skr_bytes){text, size});
}

void skr_call_version_headers(struct skr_call *call, const struct skr_object *object, bool reading)
{
    if (object->versioning == SKR_VERSIONING_OFF && object->version_ns == 0)
        return;
    skr_exchange_header(call->exchange, "x-ms-version-id", skr_version_id(call->arena, object->version_ns));
    if (reading && object->is_current)
        skr_exchange_header(call->exchange, "x-ms-is-current-version", SKR_BYTES("true"));
}

bool skr_version_id_parse(struct skr_bytes text, struct skr_version *out)
{
    *out = (struct skr_version){.is_given = true};
    return text.size == sizeof "2026-01-02T03:04:05.1234567Z" - 1 && skr_iso8601_parse(text, &out->ns) && out->ns >= 0;
}

/* Versions are read and deleted; of one that is there only tags and tier change. */
static bool skr_call_takes_version(const struct skr_call *call)
{
    struct skr_bytes comp = skr_call_query(call, "comp");
    return call->request->method == SKR_GET || call->request->method == SKR_HEAD || call->request->method == SKR_DELETE ||
           skr_bytes_equal(comp, SKR_BYTES("tags")) || skr_bytes_equal(comp, SKR_BYTES("tier"));
}

bool skr_call_version_parameter(struct skr_call *call)
{
    const struct skr_query_parameter *id = skr_request_query(call->request, "versionid");
    if (id == NULL || call->target.resource != SKR_RESOURCE_OBJECT)
        return true;
    if (skr_call_takes_version(call) && skr_version_id_parse(id->value, &call->name.version))
        return true;
    skr_call_fail_query(call, "versionid",
                        skr_call_takes_version(call) ? "It is not the id of a version." : "A version does not change.");
    return false;
}

/* ---- Delete Blob with a version ---- */

static void skr_version_deleted(void *context, const struct skr_result *result)
{
    struct skr_call *call = context;
    if (!skr_call_settled(call, result))
        return;
    skr_call_common_headers(call);
    skr_exchange_header(call->exchange, "x-ms-delete-type-permanent", SKR_BYTES("true"));
    skr_call_reply(call, 202);
}

SKR_HANDLER(delete_version)
{
    struct skr_call *call = context;
    struct skr_error error;
    if (skr_call_header(call, "x-ms-delete-snapshots").data != NULL) { /* is of the blob as a whole */
        skr_call_fail_header(call, "x-ms-delete-snapshots");
        return;
    }
    enum skr_status status = skr_open_object(call->worker, call->arena, &call->name, NULL, &call->object, NULL, &error);
    if (status != SKR_OK)
        skr_call_fail_status(call, status); /* a delete marker of S3 is no version of Blob either */
    else if (call->object.is_current)
        skr_call_refuse(call, SKR_BLOB_ROOT_BLOB);
    else
        skr_call_wait(call, skr_delete_object(call->worker, &call->name, &call->conditions, false, skr_version_deleted, call));
}
