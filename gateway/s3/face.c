/* The entry of every S3 request: what does it name, which row is it, who asks, may they; then the row's handler. There is no
 * other way to a handler.
 */
#include <stdlib.h>

#include "call.h"
#include "cors.h"
#include "form.h"
#include "objects.h"

static void skr_s3_call_closed(void *context)
{
    struct skr_s3_call *call = context;
    skr_preparation_cancel(call->preparation);
    skr_remote_listing_close(call->remote);
    skr_account_listing_cancel(call->buckets);
    skr_pending_detach(call->pending);
    skr_ingest_discard(call->incoming.ingest);
    skr_s3_body_close(call->incoming.body);
    skr_checksummer_close(call->incoming.verifier);
    free(call->incoming.document);
    skr_s3_form_close(call->form);
    skr_reader_close(call->reader);
    if (call->state_closed != NULL)
        call->state_closed(call->state);
    explicit_bzero(call->payload.signing_key, sizeof call->payload.signing_key);
}

static bool skr_s3_find_target(struct skr_s3_call *call)
{
    if (!skr_s3_target_parse(call->arena, &call->s3->options, call->request, &call->target)) {
        skr_s3_refuse(call, SKR_S3_INVALID_URI);
        return false;
    }
    if (call->target.object.size > SKR_S3_MAX_KEY_BYTES) {
        skr_s3_refuse(call, SKR_S3_KEY_TOO_LONG);
        return false;
    }
    return true;
}

static struct skr_s3_auth_options skr_s3_auth_options(const struct skr_s3_call *call)
{
    return (struct skr_s3_auth_options){.accounts = call->s3->options.accounts,
                                        .region = call->s3->options.region,
                                        .host_bucket = call->target.host_style ? call->target.container : SKR_NO_BYTES,
                                        .clock_skew_s = call->s3->options.clock_skew_s};
}

static bool skr_s3_authenticated(struct skr_s3_call *call)
{
    struct skr_error error = {.message = ""};
    struct skr_s3_auth_options options = skr_s3_auth_options(call);
    enum skr_auth_refusal refusal = skr_auth_s3(&options, call->request, call->arena, &call->principal, &call->payload, &error);
    if (refusal != SKR_AUTH_ALLOWED)
        skr_s3_fail_auth(call, refusal, &error);
    call->presigned = refusal == SKR_AUTH_ALLOWED && skr_request_query(call->request, "X-Amz-Signature") != NULL;
    return refusal == SKR_AUTH_ALLOWED;
}

bool skr_s3_authenticate_form(struct skr_s3_call *call, const struct skr_s3_form_fields *fields,
                              struct skr_s3_form_range *range)
{
    struct skr_error error = {.message = ""};
    struct skr_s3_auth_options options = skr_s3_auth_options(call);
    enum skr_auth_refusal refusal = skr_auth_s3_form(&options, fields, call->arena, &call->principal, range, &error);
    if (refusal != SKR_AUTH_ALLOWED)
        skr_s3_fail_auth(call, refusal, &error);
    return refusal == SKR_AUTH_ALLOWED;
}

/* versionId names a version wherever an object is addressed. */
static bool skr_s3_find_version(struct skr_s3_call *call)
{
    struct skr_bytes text = skr_s3_query(call, "versionId");
    call->name = (struct skr_object_name){
        .account = call->target.account, .container = call->target.container, .key = call->target.object};
    if (text.data == NULL || call->target.resource != SKR_RESOURCE_OBJECT)
        return true;
    if (text.size == 0 || !skr_s3_version_parse(text, &call->name.version)) {
        skr_s3_fail_argument(call, text.size == 0 ? "Version id cannot be the empty string" : "Invalid version id specified",
                             "versionId", text);
        return false;
    }
    return true;
}

/* A method that nothing has. */
static void skr_s3_refuse_verb(struct skr_s3_call *call)
{
    static const char *const types[] = {
        [SKR_RESOURCE_SERVICE] = "SERVICE", [SKR_RESOURCE_CONTAINER] = "BUCKET", [SKR_RESOURCE_OBJECT] = "OBJECT"};
    skr_s3_fail(call, SKR_S3_METHOD_NOT_ALLOWED, NULL, (struct skr_s3_detail){"Method", call->request->method_name},
                (struct skr_s3_detail){"ResourceType", skr_text(types[call->target.resource])});
}

static void skr_s3_add_cors_headers(void *context)
{
    skr_s3_cors_headers(context);
}

/* What was prepared stays for the handler to open. */
static void skr_s3_opens(void *context, enum skr_status status)
{
    struct skr_s3_call *call = context;
    if (!call->has_container) /* it may have come with the object, out of a binding of all containers */
        skr_s3_find_owner(call);
    if (status == SKR_OK)
        call->operation->handle(call);
    else
        skr_s3_fail_status(call, status);
}

static void skr_s3_prepared(void *context, enum skr_status status)
{
    struct skr_s3_call *call = context;
    call->preparation = NULL;
    skr_s3_opens(call, status);
}

static void skr_s3_run(struct skr_s3_call *call);

static void skr_s3_container_prepared(void *context, enum skr_status status)
{
    struct skr_s3_call *call = context;
    skr_remote_listing_close(call->remote);
    call->remote = NULL;
    call->looked = true;
    skr_s3_find_owner(call);
    if (status == SKR_OK)
        skr_s3_run(call);
    else
        skr_s3_fail_status(call, status);
}

static void skr_s3_source_prepared(void *context, enum skr_status status)
{
    struct skr_s3_call *call = context;
    call->preparation = NULL;
    if (status == SKR_OK)
        call->operation->handle(call);
    else
        skr_s3_fail_status(call, status);
}

/* The source of a copy is read, too. True: it is waited for. What is wrong with it, its handler says. */
static bool skr_s3_prepares_source(struct skr_s3_call *call)
{
    struct skr_object_name name;
    struct skr_error error;
    struct skr_bytes text = skr_s3_header(call, "x-amz-copy-source");
    return call->request->method == SKR_PUT && !call->request->has_body && text.size > 0 &&
           skr_s3_copy_source_parse(call->arena, text, &name) == SKR_OK && skr_s3_may_read(call, &name) &&
           skr_prepare_object(call->worker, &name, SKR_INTENT_LOOK, SKR_OFFSET_UNKNOWN, skr_s3_source_prepared, call,
                              &call->preparation, &error) == SKR_PENDING;
}

/* A request waits until as much is known of the bucket and the object as there is to know. Who makes a bucket does not, nor
 * does a form, whose body is on its way. */
static void skr_s3_run(struct skr_s3_call *call)
{
    struct skr_error error;
    bool is_made = call->operation->handle == skr_s3_create_bucket || call->request->method == SKR_OPTIONS;
    if (!is_made && call->form == NULL && !call->looked && !call->has_container && call->target.container.size > 0 &&
        skr_prepare_container(call->worker, call->target.account, call->target.container, skr_s3_container_prepared, call,
                              &call->remote, &error) == SKR_PENDING)
        return;
    enum skr_status status = SKR_OK;
    if (skr_s3_prepares_source(call))
        return;
    if (skr_operation_reads_bytes(call->operation))
        status = skr_prepare_open(call->worker, call->arena, &call->name, skr_range_begin(skr_s3_header(call, "range")),
                                  skr_s3_opens, call, &call->preparation, &error);
    else if (skr_operation_reads_object(call->operation))
        status = skr_prepare_object(call->worker, &call->name, SKR_INTENT_LOOK, SKR_OFFSET_UNKNOWN, skr_s3_prepared, call,
                                    &call->preparation, &error);
    if (status == SKR_PENDING)
        return;
    if (status == SKR_OK)
        call->operation->handle(call);
    else
        skr_s3_fail_status(call, status);
}

void skr_s3_admit(struct skr_s3_call *call)
{
    bool preflight = call->request->method == SKR_OPTIONS && call->operation->handle != NULL;
    skr_s3_find_owner(call);
    skr_exchange_label(call->exchange, call->operation->name, call->target.account);
    if (!skr_s3_find_version(call) || (!preflight && !skr_s3_authorized(call)))
        return;
    if (call->operation->handle == NULL)
        skr_s3_refuse_verb(call);
    else if (preflight || (skr_s3_sub_resource_served(call) && !skr_s3_unsupported(call) && skr_s3_conditions(call)))
        skr_s3_run(call);
}

/* A row whose credentials are in the body: only the form's verifier makes somebody of its caller. */
static void skr_s3_await_form(struct skr_s3_call *call)
{
    skr_s3_find_owner(call); /* for the rules of cross-origin requests: a browser may read why its form is refused */
    skr_exchange_label(call->exchange, call->operation->name, call->target.account);
    if (!skr_s3_sub_resource_served(call))
        return;
    if (call->principal.scheme != SKR_AUTH_ANONYMOUS)
        skr_s3_fail(call, SKR_S3_INVALID_ARGUMENT, "Only one auth mechanism allowed: a form is signed by its fields.",
                    SKR_S3_NO_DETAIL, SKR_S3_NO_DETAIL);
    else
        skr_s3_form_receive(call);
}

static void skr_s3_handle(void *context, struct skr_exchange *exchange)
{
    struct skr_s3_call *call = skr_arena_alloc_zero(skr_exchange_arena(exchange), sizeof *call);
    if (call == NULL) {
        skr_s3_refuse_exchange(NULL, exchange, 503, SKR_NO_MEMORY);
        return;
    }
    call->s3 = context;
    call->exchange = exchange;
    call->request = skr_exchange_request(exchange);
    call->arena = skr_exchange_arena(exchange);
    call->worker = skr_exchange_worker(exchange);
    skr_exchange_on_close(exchange, skr_s3_call_closed, call);
    if (!skr_s3_find_target(call))
        return;
    static const struct skr_operation unknown = {.name = "unknown", .method = SKR_PUT, .permissions = SKR_PERMISSION_OWNER};
    const struct skr_operation *row = skr_operation_find(skr_s3_rows, skr_s3_row_count, call->request, call->target.resource);
    call->operation = row == NULL ? &unknown : row;
    bool preflight = call->request->method == SKR_OPTIONS && row != NULL;
    if (!preflight && !skr_s3_authenticated(call)) {
        skr_exchange_label(exchange, call->operation->name, SKR_BYTES(""));
        return;
    }
    if (!preflight)
        skr_exchange_before_send(exchange, skr_s3_add_cors_headers, call);
    if ((call->operation->permissions & SKR_PERMISSION_BY_FORM) != 0 && row != NULL)
        skr_s3_await_form(call);
    else
        skr_s3_admit(call);
}

/* ---- waiting for core ---- */

bool skr_s3_settled(struct skr_s3_call *call, const struct skr_result *result)
{
    call->pending = NULL;
    if (result->status == SKR_OK)
        return true;
    skr_s3_fail_status(call, result->status);
    return false;
}

void skr_s3_wait(struct skr_s3_call *call, struct skr_pending *pending)
{
    call->pending = pending;
    if (pending == NULL)
        skr_s3_fail_status(call, SKR_BUSY);
}

bool skr_s3_bucket_exists(struct skr_s3_call *call)
{
    if (!call->has_container)
        skr_s3_fail_status(call, SKR_CONTAINER_NOT_FOUND);
    return call->has_container;
}

/* ---- opening ---- */

enum skr_status skr_s3_open(struct skr_s3 **out, const struct skr_s3_options *options, struct skr_error *err)
{
    struct skr_s3 *s3 = calloc(1, sizeof *s3);
    if (s3 == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the S3 face");
    s3->options = *options;
    s3->face = (struct skr_face){.name = "s3", .context = s3, .handle = skr_s3_handle, .refuse = skr_s3_refuse_exchange};
    *out = s3;
    return SKR_OK;
}

const struct skr_face *skr_s3_face(const struct skr_s3 *s3)
{
    return &s3->face;
}

void skr_s3_close(struct skr_s3 *s3)
{
    free(s3);
}
