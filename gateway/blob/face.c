/* The entry of every Blob request: what does it name, which row is it, who asks, may they; then the row's handler. There is no
 * other way to a handler.
 */
#include <stdlib.h>

#include "call.h"

/* ---- version and ids ---- */

/* "2015-02-21" or later, in that form. A newer one than any we know is fine. */
static bool skr_version_is_valid(struct skr_bytes version)
{
    int64_t ns;
    return version.size == 10 && skr_iso8601_parse(version, &ns) && skr_bytes_compare(version, SKR_BYTES("2011-08-18")) >= 0;
}

static bool skr_call_version(struct skr_call *call)
{
    struct skr_bytes header = skr_call_header(call, "x-ms-version"), parameter = skr_call_query(call, "sv");
    struct skr_bytes api = skr_call_query(call, "api-version");
    call->version = header.data != NULL ? header : api.data != NULL ? api : parameter;
    if (call->version.data == NULL) {
        call->version = SKR_BYTES("2021-12-02"); /* what an old client that names none is answered with */
        return true;
    }
    if (skr_version_is_valid(call->version))
        return true;
    call->version = SKR_NO_BYTES;
    skr_call_fail(call, header.data != NULL ? SKR_BLOB_INVALID_HEADER : SKR_BLOB_INVALID_QUERY,
                  header.data != NULL ? "x-ms-version" : "sv", header.data != NULL ? header : parameter, NULL);
    return false;
}

static bool skr_call_client_id(struct skr_call *call)
{
    struct skr_bytes id = skr_call_header(call, "x-ms-client-request-id");
    bool fine = id.size <= 1024;
    for (size_t i = 0; i < id.size && fine; i++)
        fine = id.data[i] >= 0x20 && id.data[i] < 0x7F;
    if (!fine)
        skr_call_fail(call, SKR_BLOB_INVALID_HEADER, "x-ms-client-request-id", SKR_NO_BYTES, NULL);
    return fine;
}

/* ---- who and what ---- */

static enum skr_status skr_find_policy(void *context, const struct skr_target *target, struct skr_bytes id,
                                       struct skr_stored_policy *out)
{
    struct skr_call *call = context;
    struct skr_container container;
    struct skr_error error;
    enum skr_status status =
        skr_get_container(call->worker, call->arena, target->account, target->container, NULL, &container, &error);
    for (size_t i = 0; status == SKR_OK && i < container.policy_count; i++)
        if (skr_bytes_equal(container.policies[i].id, id)) {
            *out = (struct skr_stored_policy){container.policies[i].start, container.policies[i].expiry,
                                              container.policies[i].permission};
            return SKR_OK;
        }
    return SKR_NOT_FOUND;
}

enum skr_auth_refusal skr_call_authenticate(struct skr_call *call, const struct skr_request *request,
                                            const struct skr_target *target, struct skr_principal *out, struct skr_error *err)
{
    struct skr_auth_options options = {.accounts = call->blob->options.accounts,
                                       .policy = skr_find_policy,
                                       .policy_context = call,
                                       .clock_skew_s = call->blob->options.clock_skew_s};
    return skr_auth_blob(&options, request, target, call->arena, out, err);
}

int skr_call_public_access(struct skr_call *call, const struct skr_target *target)
{
    struct skr_container container;
    struct skr_error error;
    if (target->container.size == 0 ||
        skr_get_container(call->worker, call->arena, target->account, target->container, NULL, &container, &error) != SKR_OK)
        return 0;
    return (int)container.public_access;
}

/* Default deny: true only when the row's permission is held. */
static bool skr_call_authorized(struct skr_call *call)
{
    struct skr_error error;
    enum skr_auth_refusal refusal = skr_call_authenticate(call, call->request, &call->target, &call->principal, &error);
    if (refusal == SKR_AUTH_ALLOWED) {
        bool anonymous = call->principal.scheme == SKR_AUTH_ANONYMOUS;
        int public_access = anonymous ? skr_call_public_access(call, &call->target) : 0;
        refusal = skr_auth_authorize(&call->principal, call->operation, &call->target, public_access);
        error.message[0] = '\0';
        if (refusal == SKR_AUTH_PUBLIC_ACCESS_DENIED && call->request->method != SKR_GET && call->request->method != SKR_HEAD)
            refusal = SKR_AUTH_MISSING;
    }
    if (refusal != SKR_AUTH_ALLOWED)
        skr_call_fail_auth(call, refusal, &error);
    return refusal == SKR_AUTH_ALLOWED;
}

/* ---- the call ---- */

static void skr_call_closed(void *context)
{
    struct skr_call *call = context;
    skr_preparation_cancel(call->preparation);
    skr_remote_listing_close(call->remote);
    skr_account_listing_cancel(call->containers);
    skr_pending_detach(call->pending);
    skr_ingest_discard(call->ingest);
    skr_reader_close(call->reader);
    free(call->range_bytes);
}

/* A comp that the row does not select by is one that this kind of resource does not have. A preflight is of a request of any
 * kind. */
static bool skr_call_comp_is_known(const struct skr_call *call)
{
    if (call->operation->method == SKR_OPTIONS || skr_request_query(call->request, "comp") == NULL)
        return true;
    for (size_t i = 0; i < SKR_MAX_SELECTORS && call->operation->selectors[i].kind != SKR_SELECT_END; i++)
        if (call->operation->selectors[i].kind == SKR_SELECT_QUERY && strcmp(call->operation->selectors[i].name, "comp") == 0)
            return true;
    return false;
}

static bool skr_verb_is_known(const struct skr_call *call)
{
    for (size_t i = 0; i < skr_blob_row_count; i++)
        if (skr_blob_rows[i].resource == call->target.resource &&
            (skr_blob_rows[i].method == call->request->method ||
             (call->request->method == SKR_HEAD && skr_blob_rows[i].method == SKR_GET)))
            return true;
    return false;
}

/* No row, or not with this comp: what of it is it? */
static void skr_call_fail_operation(struct skr_call *call)
{
    static const char reason[] = "It is not a value that this kind of resource has.";
    if (!skr_verb_is_known(call))
        skr_call_refuse(call, SKR_BLOB_METHOD_NOT_ALLOWED);
    else if (skr_request_query(call->request, "comp") == NULL && skr_request_query(call->request, "restype") != NULL)
        skr_call_fail_query(call, "restype", reason);
    else
        skr_call_fail(call, SKR_BLOB_INVALID_QUERY, "comp", skr_call_query(call, "comp"), reason);
}

static bool skr_call_find_target(struct skr_call *call)
{
    enum skr_target_problem problem = skr_target_parse(call->arena, call->blob->options.accounts, call->request->uri.raw_path,
                                                       call->request->host, &call->target);
    if (problem == SKR_TARGET_BAD_URI)
        skr_call_refuse(call, SKR_BLOB_INVALID_URI);
    else if (problem == SKR_TARGET_TOO_LONG)
        skr_call_fail_status(call, SKR_NAME_TOO_LONG);
    else if (problem == SKR_TARGET_BAD_NAME)
        skr_call_refuse(call, SKR_BLOB_INVALID_RESOURCE_NAME);
    if (problem != SKR_TARGET_OK)
        return false;
    /* "/account/blob" without a container: the blob lies in $root */
    if (call->target.resource == SKR_RESOURCE_CONTAINER && skr_request_query(call->request, "restype") == NULL &&
        skr_request_query(call->request, "comp") == NULL && call->request->method != SKR_POST) {
        call->target.object = call->target.container;
        call->target.container = SKR_BYTES("$root");
        call->target.resource = SKR_RESOURCE_OBJECT;
    }
    call->name = (struct skr_object_name){
        .account = call->target.account, .container = call->target.container, .key = call->target.object};
    return true;
}

/* A bucket of S3 may have a name that no container could be given here: it is served all the same. */
static bool skr_call_container_exists(struct skr_call *call)
{
    struct skr_container container;
    struct skr_error error;
    return skr_get_container(call->worker, call->arena, call->target.account, call->target.container, NULL, &container,
                             &error) == SKR_OK;
}

/* What was prepared stays for the handler to open. */
static void skr_call_opens(void *context, enum skr_status status)
{
    struct skr_call *call = context;
    if (status == SKR_OK)
        call->operation->handle(call);
    else
        skr_call_fail_status(call, status);
}

static void skr_call_prepared(void *context, enum skr_status status)
{
    struct skr_call *call = context;
    call->preparation = NULL;
    skr_call_opens(call, status);
}

static void skr_call_run(struct skr_call *call);

static void skr_call_container_prepared(void *context, enum skr_status status)
{
    struct skr_call *call = context;
    skr_remote_listing_close(call->remote);
    call->remote = NULL;
    call->looked = true;
    if (status == SKR_OK)
        skr_call_run(call);
    else
        skr_call_fail_status(call, status);
}

/* A request waits until as much is known of the container and the blob as there is to know. Who makes a container does not. */
static void skr_call_run(struct skr_call *call)
{
    struct skr_error error;
    bool is_made = call->operation->handle == skr_blob_create_container || call->request->method == SKR_OPTIONS;
    if (!is_made && !call->looked && call->target.resource != SKR_RESOURCE_SERVICE &&
        skr_prepare_container(call->worker, call->target.account, call->target.container, skr_call_container_prepared, call,
                              &call->remote, &error) == SKR_PENDING)
        return;
    enum skr_status status = SKR_OK;
    struct skr_bytes range = skr_call_header(call, "x-ms-range");
    if (range.data == NULL)
        range = skr_call_header(call, "range");
    if (skr_operation_reads_bytes(call->operation))
        status = skr_prepare_open(call->worker, call->arena, &call->name, skr_range_begin(range), skr_call_opens, call,
                                  &call->preparation, &error);
    else if (skr_operation_reads_object(call->operation))
        status = skr_prepare_object(call->worker, &call->name, SKR_INTENT_LOOK, SKR_OFFSET_UNKNOWN, skr_call_prepared, call,
                                    &call->preparation, &error);
    if (status != SKR_PENDING)
        skr_call_opens(call, status);
}

static void skr_blob_handle(void *context, struct skr_exchange *exchange)
{
    struct skr_call *call = skr_arena_alloc_zero(skr_exchange_arena(exchange), sizeof *call);
    if (call == NULL) {
        skr_blob_refuse(NULL, exchange, 503, SKR_NO_MEMORY);
        return;
    }
    call->blob = context;
    call->exchange = exchange;
    call->request = skr_exchange_request(exchange);
    call->arena = skr_exchange_arena(exchange);
    call->worker = skr_exchange_worker(exchange);
    skr_exchange_on_close(exchange, skr_call_closed, call);
    if (!skr_call_version(call) || !skr_call_client_id(call) || !skr_call_find_target(call))
        return;
    if (call->request->method != SKR_OPTIONS)
        skr_call_cors(call);
    call->operation = skr_operation_find(skr_blob_rows, skr_blob_row_count, call->request, call->target.resource);
    if (call->operation == NULL) {
        skr_exchange_label(exchange, "unknown", call->target.account);
        struct skr_operation any = {.name = "unknown", .method = SKR_PUT, .permissions = SKR_PERMISSION_OWNER};
        call->operation = &any; /* whoever may not see the account learns nothing from it */
        if (skr_call_authorized(call))
            skr_call_fail_operation(call);
        return;
    }
    skr_exchange_label(exchange, call->operation->name, call->target.account);
    if (call->operation->method != SKR_OPTIONS && !skr_call_authorized(call))
        return;
    if (!skr_call_comp_is_known(call)) {
        skr_call_fail_operation(call);
        return;
    }
    if (call->target.resource != SKR_RESOURCE_SERVICE && !skr_container_name_is_valid(call->target.container) &&
        !skr_call_container_exists(call)) {
        if (skr_container_name_length_is_valid(call->target.container))
            skr_call_refuse(call, SKR_BLOB_INVALID_RESOURCE_NAME);
        else
            skr_call_fail_status(call, SKR_NAME_TOO_LONG);
        return;
    }
    if (skr_call_timeout(call) && !skr_call_unsupported(call) && skr_call_version_parameter(call) && skr_call_conditions(call))
        skr_call_run(call);
}

SKR_HANDLER(not_implemented)
{
    skr_call_refuse(context, SKR_BLOB_NOT_IMPLEMENTED);
}

/* ---- waiting for core ---- */

bool skr_call_settled(struct skr_call *call, const struct skr_result *result)
{
    call->pending = NULL;
    if (result->status == SKR_OK)
        return true;
    skr_call_fail_status(call, result->status);
    return false;
}

void skr_call_wait(struct skr_call *call, struct skr_pending *pending)
{
    call->pending = pending;
    if (pending == NULL)
        skr_call_fail_status(call, SKR_BUSY);
}

/* ---- opening ---- */

enum skr_status skr_blob_open(struct skr_blob **out, const struct skr_blob_options *options, struct skr_error *err)
{
    struct skr_blob *blob = calloc(1, sizeof *blob);
    if (blob == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the Blob face");
    blob->options = *options;
    blob->face = (struct skr_face){.name = "blob", .context = blob, .handle = skr_blob_handle, .refuse = skr_blob_refuse};
    *out = blob;
    return SKR_OK;
}

const struct skr_face *skr_blob_face(const struct skr_blob *blob)
{
    return &blob->face;
}

void skr_blob_close(struct skr_blob *blob)
{
    free(blob);
}
