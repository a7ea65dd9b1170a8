/* Sub-resources: a word in the query (?acl, ?uploads) that makes a request one about something else than the bucket or object
 * itself. A request that names one and has no row for it is refused, so that DELETE of a bucket's list is not taken for DELETE
 * of the bucket.
 */
#include <stdio.h>

#include "objects.h"

/* Does a row's selector name a sub-resource? Parts of an upload are named by two parameters that other requests have too
 * (GetObject's partNumber), and list-type chooses a form. */
static bool skr_s3_selects(const struct skr_selector *selector, struct skr_bytes name)
{
    static const char *const others[] = {"partNumber", "uploadId", "annotationName"};
    if (selector->kind != SKR_SELECT_QUERY || selector->value != NULL || !skr_bytes_equal(name, skr_text(selector->name)))
        return false;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (skr_bytes_equal(name, skr_text(others[i])))
            return false;
    return true;
}

static bool skr_s3_row_selects(const struct skr_operation *row, struct skr_bytes name)
{
    for (size_t i = 0; i < sizeof row->selectors / sizeof *row->selectors; i++)
        if (skr_s3_selects(&row->selectors[i], name))
            return true;
    return false;
}

/* Whatever the method. */
static bool skr_s3_is_sub_resource(enum skr_resource resource, struct skr_bytes name)
{
    for (size_t i = 0; i < skr_s3_row_count; i++)
        if (skr_s3_rows[i].resource == resource && skr_s3_row_selects(&skr_s3_rows[i], name))
            return true;
    return false;
}

/* Of what buckets have, the service looks for these only where a bucket is addressed: read with one of them, an object is read.
 */
static bool skr_s3_is_passed_over(const struct skr_s3_call *call, struct skr_bytes name)
{
    static const char *const names[] = {
        "abac",        "analytics",         "intelligent-tiering", "metadataConfiguration", "metadataTable", "metrics",
        "object-lock", "ownershipControls", "policyStatus",        "publicAccessBlock",     "session"};
    if (call->target.resource != SKR_RESOURCE_OBJECT || (call->request->method != SKR_GET && call->request->method != SKR_HEAD))
        return false;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (skr_bytes_equal(name, skr_text(names[i])))
            return true;
    return false;
}

/* Signatures' parameters, which are most of what there is, are none. */
static bool skr_s3_may_be_sub_resource(struct skr_bytes name)
{
    return name.size > 1 && name.data[0] >= 'a' && name.data[0] <= 'z' && name.data[1] != '-';
}

/* Two at once. */
static void skr_s3_refuse_conflict(struct skr_s3_call *call, struct skr_bytes first, struct skr_bytes second)
{
    char names[128], message[192];
    snprintf(names, sizeof names, "%.*s, %.*s", SKR_PRINT(first), SKR_PRINT(second));
    snprintf(message, sizeof message, "Conflicting query string parameters: %s", names);
    skr_s3_fail_argument(call, message, "ResourceType", skr_text(names));
}

/* What buckets have, of an object, or the other way round. */
static void skr_s3_refuse_foreign(struct skr_s3_call *call, struct skr_bytes name)
{
    char message[128];
    snprintf(message, sizeof message, "There is no sub-resource ?%.*s of a %s", SKR_PRINT(name),
             call->target.resource == SKR_RESOURCE_OBJECT ? "key" : "bucket");
    skr_s3_invalid_request(call, message);
}

/* Its methods in Allow, as the service does. */
static void skr_s3_refuse_method(struct skr_s3_call *call, struct skr_bytes name)
{
    static const struct {
        enum skr_method method;
        const char *name;
    } methods[] = {{SKR_GET, "GET"}, {SKR_PUT, "PUT"}, {SKR_POST, "POST"}, {SKR_DELETE, "DELETE"}};
    char allowed[32];
    size_t size = 0;
    for (size_t m = 0; m < sizeof methods / sizeof *methods; m++)
        for (size_t i = 0; i < skr_s3_row_count; i++)
            if (skr_s3_rows[i].resource == call->target.resource && skr_s3_rows[i].method == methods[m].method &&
                skr_s3_row_selects(&skr_s3_rows[i], name)) {
                size += (size_t)snprintf(allowed + size, sizeof allowed - size, "%s%s", size == 0 ? "" : ", ", methods[m].name);
                break;
            }
    skr_exchange_header(call->exchange, "Allow", (struct skr_bytes){allowed, size});
    skr_s3_fail(call, SKR_S3_METHOD_NOT_ALLOWED, NULL, (struct skr_s3_detail){"Method", call->request->method_name},
                (struct skr_s3_detail){"ResourceType", name});
}

bool skr_s3_sub_resource_served(struct skr_s3_call *call)
{
    const struct skr_uri *uri = &call->request->uri;
    enum skr_resource resource = call->target.resource;
    enum skr_resource another = resource == SKR_RESOURCE_OBJECT ? SKR_RESOURCE_CONTAINER : SKR_RESOURCE_OBJECT;
    struct skr_bytes served = SKR_NO_BYTES, other = SKR_NO_BYTES, foreign = SKR_NO_BYTES;
    for (size_t i = 0; i < uri->query_count && resource != SKR_RESOURCE_SERVICE; i++) {
        struct skr_bytes name = uri->query[i].name;
        if (!skr_s3_may_be_sub_resource(name))
            continue;
        if (skr_s3_row_selects(call->operation, name))
            served = name;
        else if (skr_s3_is_sub_resource(resource, name))
            other = name;
        else if (skr_s3_is_sub_resource(another, name) && !skr_s3_is_passed_over(call, name))
            foreign = name;
    }
    if (other.data != NULL && served.data != NULL)
        skr_s3_refuse_conflict(call, served, other);
    else if (other.data != NULL)
        skr_s3_refuse_method(call, other);
    else if (foreign.data != NULL)
        skr_s3_refuse_foreign(call, foreign);
    else if (served.data != NULL && call->request->method == SKR_HEAD) /* a GET row serves HEAD, but these have none */
        skr_s3_refuse_method(call, served);
    else
        return true;
    return false;
}
