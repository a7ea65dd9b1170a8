/* /api/v1/bindings: which container stands in front of which upstream. A secret goes in and never comes out. */
#include <inttypes.h>

#include "admin_private.h"
#include "skerry/encoding.h"
#include "skerry/log.h"

#define SKR_BINDING_UNUSABLE "unusable"

/* ---- showing ---- */

static const char *skr_binding_mode_text(enum skr_binding_mode mode)
{
    static const char *const names[] = {[SKR_BINDING_READ_ONLY] = "read-only",
                                        [SKR_BINDING_WRITE_THROUGH] = "write-through",
                                        [SKR_BINDING_WRITE_BACK] = "write-back"};
    return (unsigned)mode < sizeof names / sizeof *names && names[mode] != NULL ? names[mode] : "unknown";
}

static const char *skr_binding_credential_text(enum skr_binding_credential credential)
{
    static const char *const names[] = {"anonymous",        "account_key",       "sas",          "s3_keys",
                                        "managed_identity", "workload_identity", "client_secret"};
    return (unsigned)credential < sizeof names / sizeof *names ? names[credential] : "unknown";
}

/* "ready"; "failing": the last call did; "unusable": it could not be opened when the server started. */
static const char *skr_binding_state_text(const struct skr_binding_state *state)
{
    bool all = skr_bytes_equal(state->container, SKR_BYTES(SKR_ALL_CONTAINERS));
    return state->upstream[0] == '\0' && !all ? SKR_BINDING_UNUSABLE : state->is_well ? "ready" : "failing";
}

static json_t *skr_json_bytes(struct skr_bytes text)
{
    return json_stringn(text.size == 0 ? "" : text.data, text.size);
}

static json_t *skr_binding_json(const struct skr_binding_state *state)
{
    const struct skr_binding *binding = state->binding;
    char failed[36] = "";
    if (state->last_failure_ns != 0)
        failed[skr_iso8601_format(failed, state->last_failure_ns, 0)] = '\0';
    return json_pack(
        "{s:o,s:o,s:o,s:s,s:s,s:s,s:s,s:I,s:I,s:b,s:b,s:s,s:s,s:s,s:I,s:I,s:I,s:I,s:I,s:I,s:I}", "account",
        skr_json_bytes(state->account), "container", skr_json_bytes(state->container), "upstream",
        state->upstream[0] != '\0' ? json_string(state->upstream) : skr_json_bytes(binding->texts[SKR_BINDING_URL]), "kind",
        binding->is_s3 ? "s3" : "azure", "mode", skr_binding_mode_text(binding->mode), "listing",
        binding->listing == SKR_LISTING_MIRROR ? "mirror" : "upstream", "credential",
        skr_binding_credential_text(binding->credential), "ttl_s", (json_int_t)(binding->ttl_ms / 1000), "capacity_bytes",
        (json_int_t)binding->capacity_bytes, "allow_http", binding->allow_http, "derived", state->is_derived, "state",
        skr_binding_state_text(state), "last_failure", state->last_failure, "last_failure_at", failed, "fetched_bytes",
        (json_int_t)state->fetched_bytes, "fetches", (json_int_t)state->fetches, "failures", (json_int_t)state->failures,
        "refreshes", (json_int_t)state->refreshes, "stale_answers", (json_int_t)state->stale_answers, "mirror_rounds",
        (json_int_t)state->mirror_rounds, "mirrored_objects", (json_int_t)state->mirrored_objects);
}

struct skr_binding_search {
    json_t *list; /* all are appended */
    bool no_memory;
    struct skr_bytes account, container; /* or this one is looked for */
    bool is_there;
    json_t *found; /* NULL: no memory, where it is there */
};

static bool skr_binding_append(void *context, const struct skr_binding_state *state)
{
    struct skr_binding_search *search = context;
    search->no_memory = json_array_append_new(search->list, skr_binding_json(state)) != 0;
    return !search->no_memory;
}

json_t *skr_admin_bindings(struct skr_admin *admin)
{
    struct skr_binding_search search = {.list = json_array()};
    if (search.list != NULL)
        skr_visit_bindings(admin->options.core, skr_binding_append, &search);
    if (!search.no_memory)
        return search.list;
    json_decref(search.list);
    return NULL;
}

static bool skr_binding_seek(void *context, const struct skr_binding_state *state)
{
    struct skr_binding_search *search = context;
    if (!skr_bytes_equal(state->account, search->account) || !skr_bytes_equal(state->container, search->container))
        return true;
    search->is_there = true;
    search->found = skr_binding_json(state);
    return false;
}

/* ---- the handlers ---- */

void skr_admin_list_bindings(struct skr_admin_call *call)
{
    json_t *list = skr_admin_bindings(call->admin);
    skr_admin_reply_json(call->exchange, 200, list == NULL ? NULL : json_pack("{s:o}", "bindings", list));
}

/* Takes account and container out of the path. False: it has replied. */
static bool skr_binding_name(struct skr_admin_call *call)
{
    struct skr_error error;
    if (skr_admin_find_account(call->admin, call->parameters[0], &call->parameters[0], &error) == SKR_OK &&
        skr_binding_name_check(call->parameters[1], &error) == SKR_OK)
        return true;
    skr_admin_reply_error(call->exchange, &error);
    return false;
}

static json_t *skr_binding_name_json(const struct skr_admin_call *call)
{
    return json_pack("{s:o,s:o}", "account", skr_json_bytes(call->parameters[0]), "container",
                     skr_json_bytes(call->parameters[1]));
}

/* As it is in force now. Another request may have ended it already: then the name alone. */
static void skr_binding_reply(struct skr_admin_call *call)
{
    struct skr_binding_search search = {.account = call->parameters[0], .container = call->parameters[1]};
    skr_visit_bindings(call->admin->options.core, skr_binding_seek, &search);
    skr_admin_reply_json(call->exchange, 200, search.is_there ? search.found : skr_binding_name_json(call));
}

static void skr_binding_done(struct skr_admin_call *call, const struct skr_result *result, const char *what)
{
    call->pending = NULL;
    if (result->status == SKR_OK)
        skr_log(SKR_LOG_INFO, "admin", "%.*s/%.*s was %s: %s asked for it", SKR_PRINT(call->parameters[0]),
                SKR_PRINT(call->parameters[1]), what, skr_exchange_request(call->exchange)->peer);
    else
        skr_admin_reply_error(call->exchange, result->error);
}

static void skr_binding_attached(void *context, const struct skr_result *result)
{
    struct skr_admin_call *call = context;
    skr_binding_done(call, result, "attached");
    if (result->status == SKR_OK)
        skr_binding_reply(call);
}

/* In exactly this way, and not as one that could not be opened when the server started: that is tried again. */
static bool skr_binding_is_in_force(struct skr_admin_call *call, const struct skr_binding *binding)
{
    struct skr_binding_search search = {.account = call->parameters[0], .container = call->parameters[1]};
    if (!skr_is_attached(skr_exchange_worker(call->exchange), search.account, search.container, binding))
        return false;
    skr_visit_bindings(call->admin->options.core, skr_binding_seek, &search);
    const char *state = json_string_value(json_object_get(search.found, "state"));
    bool usable = state != NULL && strcmp(state, SKR_BINDING_UNUSABLE) != 0;
    json_decref(search.found);
    return usable;
}

void skr_admin_put_binding(struct skr_admin_call *call)
{
    struct skr_worker *worker = skr_exchange_worker(call->exchange);
    struct skr_binding_request request;
    struct skr_error error;
    if (!skr_binding_name(call))
        return;
    enum skr_status status = skr_binding_request_read(&request, (struct skr_bytes){call->body, call->body_size}, &error);
    if (status != SKR_OK)
        skr_admin_reply_error(call->exchange, &error);
    else if (skr_binding_is_in_force(call, &request.binding)) /* another attachment would begin with nothing of what is here */
        skr_binding_reply(call);
    else if ((call->pending = skr_attach(worker, call->parameters[0], call->parameters[1], &request.binding,
                                         skr_binding_attached, call)) == NULL)
        skr_admin_reply_json(call->exchange, 503, NULL);
    skr_binding_request_free(&request);
}

static void skr_binding_detached(void *context, const struct skr_result *result)
{
    struct skr_admin_call *call = context;
    struct skr_error absent;
    struct skr_result told = *result;
    if (result->status == SKR_NOT_FOUND) {
        skr_fail(&absent, SKR_NOT_FOUND, "%.*s/%.*s has no binding of its own: GET /api/v1/bindings lists all",
                 SKR_PRINT(call->parameters[0]), SKR_PRINT(call->parameters[1]));
        told.error = &absent;
    }
    skr_binding_done(call, &told, "detached");
    if (result->status == SKR_OK)
        skr_admin_reply_json(call->exchange, 200, skr_binding_name_json(call));
}

void skr_admin_delete_binding(struct skr_admin_call *call)
{
    struct skr_worker *worker = skr_exchange_worker(call->exchange);
    if (!skr_binding_name(call))
        return;
    call->pending = skr_detach(worker, call->parameters[0], call->parameters[1], skr_binding_detached, call);
    if (call->pending == NULL)
        skr_admin_reply_json(call->exchange, 503, NULL);
}
