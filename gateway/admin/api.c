/* One table of what the admin listener answers. Routing and the question for the token derive from it, and what is below /api
 * without being in the table is asked for the token all the same: no path can skip it.
 *
 * A handler is called with the whole body, if its row takes one. Bodies may hold secrets: they are kept in one place, which is
 * wiped when the exchange closes.
 */
#include <stdlib.h>

#include "admin_private.h"
#include "skerry/encoding.h"

#define SKR_ADMIN_BODY_LIMIT (1 << 20)
#define SKR_ADMIN_NO_BODY 0
#define SKR_ADMIN_MANIFEST_LIMIT (32 << 20) /* names of 16 MiB, which is what core takes, in JSON */

struct skr_admin_route {
    const char *name; /* in metrics */
    enum skr_method method;
    const char *path; /* {...} stands for one segment */
    bool needs_token;
    uint64_t body_limit_bytes; /* 0: it takes none */
    void (*handle)(struct skr_admin_call *call);
};

static const struct skr_admin_route skr_admin_routes[] = {
    {"admin", SKR_GET, "/", false, SKR_ADMIN_NO_BODY, skr_admin_get_console},
    {"admin", SKR_GET, "/healthz", false, SKR_ADMIN_NO_BODY, skr_admin_get_health},
    {"admin", SKR_GET, "/readyz", false, SKR_ADMIN_NO_BODY, skr_admin_get_ready},
    {"admin", SKR_GET, "/metrics", false, SKR_ADMIN_NO_BODY, skr_admin_get_metrics},
    {"admin", SKR_GET, "/status", false, SKR_ADMIN_NO_BODY, skr_admin_get_status},
    {"List Bindings", SKR_GET, "/api/v1/bindings", true, SKR_ADMIN_NO_BODY, skr_admin_list_bindings},
    {"Put Binding", SKR_PUT, "/api/v1/bindings/{account}/{container}", true, SKR_ADMIN_BODY_LIMIT, skr_admin_put_binding},
    {"Delete Binding", SKR_DELETE, "/api/v1/bindings/{account}/{container}", true, SKR_ADMIN_NO_BODY, skr_admin_delete_binding},
    {"List Mounts", SKR_GET, "/api/v1/mounts", true, SKR_ADMIN_NO_BODY, skr_admin_list_mounts},
    {"List Journal", SKR_GET, "/api/v1/journal", true, SKR_ADMIN_NO_BODY, skr_admin_list_journal},
    {"Resolve", SKR_POST, "/api/v1/journal/resolve", true, SKR_ADMIN_BODY_LIMIT, skr_admin_resolve},
    {"Flush", SKR_POST, "/api/v1/flush", true, SKR_ADMIN_BODY_LIMIT, skr_admin_flush},
    {"List Pins", SKR_GET, "/api/v1/pins", true, SKR_ADMIN_NO_BODY, skr_admin_list_pins},
    {"Pin", SKR_POST, "/api/v1/pin", true, SKR_ADMIN_BODY_LIMIT, skr_admin_pin},
    {"Unpin", SKR_POST, "/api/v1/unpin", true, SKR_ADMIN_BODY_LIMIT, skr_admin_unpin},
    {"Evict", SKR_POST, "/api/v1/evict", true, SKR_ADMIN_BODY_LIMIT, skr_admin_evict},
    {"Residency", SKR_GET, "/api/v1/residency", true, SKR_ADMIN_NO_BODY, skr_admin_residency},
    {"Prefetch", SKR_POST, "/api/v1/prefetch", true, SKR_ADMIN_MANIFEST_LIMIT, skr_admin_prefetch},
    {"List Jobs", SKR_GET, "/api/v1/jobs", true, SKR_ADMIN_NO_BODY, skr_admin_list_jobs},
    {"Get Job", SKR_GET, "/api/v1/jobs/{id}", true, SKR_ADMIN_NO_BODY, skr_admin_get_job},
    {"Delete Job", SKR_DELETE, "/api/v1/jobs/{id}", true, SKR_ADMIN_NO_BODY, skr_admin_delete_job},
};
#define SKR_ADMIN_ROUTE_COUNT (sizeof skr_admin_routes / sizeof *skr_admin_routes)

static const char *skr_admin_method(enum skr_method method)
{
    static const char *const names[] = {[SKR_GET] = "GET", [SKR_PUT] = "PUT", [SKR_POST] = "POST", [SKR_DELETE] = "DELETE"};
    return names[method];
}

bool skr_admin_row(size_t index, struct skr_admin_row *out)
{
    if (index >= SKR_ADMIN_ROUTE_COUNT)
        return false;
    const struct skr_admin_route *route = &skr_admin_routes[index];
    *out = (struct skr_admin_row){route->name, skr_admin_method(route->method), route->path, route->needs_token};
    return true;
}

/* ---- answers ---- */

void skr_admin_reply(struct skr_exchange *exchange, int http_status, const char *type, struct skr_bytes body)
{
    skr_exchange_header(exchange, "Content-Type", skr_text(type));
    skr_exchange_header(exchange, "Cache-Control", SKR_BYTES("no-store"));
    skr_exchange_header(exchange, "X-Content-Type-Options", SKR_BYTES("nosniff"));
    skr_exchange_send(exchange, http_status, body, false);
}

void skr_admin_reply_json(struct skr_exchange *exchange, int http_status, json_t *document)
{
    char *text = document == NULL ? NULL : json_dumps(document, JSON_COMPACT);
    if (text == NULL)
        skr_admin_reply(exchange, 503, "application/json",
                        SKR_BYTES("{\"error\":{\"code\":\"no_memory\",\"message\":\"no memory for an answer\"}}"));
    else
        skr_admin_reply(exchange, http_status, "application/json", skr_text(text));
    free(text);
    json_decref(document);
}

/* A message may quote a name that was cut short, or never was text. */
static void skr_admin_reply_code(struct skr_exchange *exchange, int http_status, const char *code, const char *message)
{
    char text[sizeof((struct skr_error *)0)->message];
    snprintf(text, sizeof text, "%s", message);
    if (!skr_is_utf8(skr_text(text)))
        for (char *c = text; *c != '\0'; c++)
            *c = (unsigned char)*c >= 0x80 ? '?' : *c;
    skr_admin_reply_json(exchange, http_status, json_pack("{s:{s:s,s:s}}", "error", "code", code, "message", text));
}

static int skr_admin_http_status(enum skr_status status)
{
    switch (status) {
    case SKR_INVALID_ARGUMENT:
    case SKR_INVALID_NAME:
    case SKR_NAME_TOO_LONG:
        return 400;
    case SKR_ACCOUNT_NOT_FOUND:
    case SKR_CONTAINER_NOT_FOUND:
    case SKR_NOT_FOUND:
        return 404;
    case SKR_UNSUPPORTED:
    case SKR_CONDITION_FAILED:
        return 409;
    case SKR_TOO_LARGE:
        return 413;
    case SKR_READ_ONLY:
    case SKR_BUSY:
    case SKR_NO_MEMORY:
    case SKR_NO_DESCRIPTORS:
    case SKR_CANCELLED:
    case SKR_UPSTREAM_FAILED:
        return 503;
    case SKR_NO_SPACE:
        return 507;
    default:
        return 500;
    }
}

void skr_admin_reply_error(struct skr_exchange *exchange, const struct skr_error *error)
{
    skr_admin_reply_code(exchange, skr_admin_http_status(error->status), skr_status_text(error->status), error->message);
}

static bool skr_admin_is_api(const struct skr_request *request)
{
    return skr_bytes_starts_with(request->uri.raw_path, SKR_BYTES("/api"));
}

void skr_admin_refuse(void *context, struct skr_exchange *exchange, int http_status, enum skr_status status)
{
    (void)context;
    if (skr_admin_is_api(skr_exchange_request(exchange)))
        skr_admin_reply_code(exchange, http_status, skr_status_text(status),
                             http_status == 413 ? "the body is larger than this request may have"
                                                : "the request cannot be taken as it is");
    else
        skr_admin_reply(exchange, http_status, "text/plain; charset=utf-8", skr_text(skr_status_text(status)));
}

/* ---- routing ---- */

/* Up to the next slash. */
static struct skr_bytes skr_admin_cut(struct skr_bytes *path)
{
    const char *slash = path->size == 0 ? NULL : memchr(path->data, '/', path->size);
    struct skr_bytes segment = {path->data, slash == NULL ? path->size : (size_t)(slash - path->data)};
    size_t used = segment.size + (slash != NULL);
    *path = (struct skr_bytes){path->data + used, path->size - used};
    return segment;
}

static bool skr_admin_path_matches(const struct skr_admin_route *route, struct skr_bytes path, struct skr_arena *arena,
                                   struct skr_bytes parameters[SKR_ADMIN_MAX_PARAMETERS])
{
    struct skr_bytes pattern = skr_text(route->path);
    size_t count = 0;
    while (pattern.size > 0 && path.size > 0) {
        bool more = memchr(pattern.data, '/', pattern.size) != NULL, more_of_path = memchr(path.data, '/', path.size) != NULL;
        struct skr_bytes wanted = skr_admin_cut(&pattern), segment = skr_admin_cut(&path);
        if (more != more_of_path)
            return false;
        if (wanted.size == 0 || wanted.data[0] != '{') {
            if (!skr_bytes_equal(wanted, segment))
                return false;
        } else if (count == SKR_ADMIN_MAX_PARAMETERS || segment.size == 0 ||
                   !skr_percent_decode(arena, segment, false, &parameters[count++])) {
            return false;
        }
    }
    return pattern.size == 0 && path.size == 0;
}

static void skr_admin_call_close(void *context)
{
    struct skr_admin_call *call = context;
    skr_pending_detach(call->pending);
    for (size_t i = 0; i < call->pending_count; i++)
        skr_pending_detach(call->pendings[i]);
    skr_survey_cancel(call->survey);
    skr_remote_listing_close(call->remote);
    json_decref(call->document);
    if (call->body != NULL)
        explicit_bzero(call->body, call->body_capacity);
    free(call->body);
}

static size_t skr_admin_body_write(void *context, const void *data, size_t size)
{
    struct skr_admin_call *call = context;
    if (size > call->body_capacity - call->body_size) {
        const struct skr_request *request = skr_exchange_request(call->exchange);
        size_t capacity = request->has_content_length ? (size_t)request->content_length : 2 * (call->body_size + size);
        char *grown = malloc(capacity);
        if (grown == NULL) {
            skr_admin_reply_json(call->exchange, 503, NULL);
            return size;
        }
        if (call->body != NULL) { /* not realloc, which would leave what it held behind */
            memcpy(grown, call->body, call->body_size);
            explicit_bzero(call->body, call->body_capacity);
            free(call->body);
        }
        call->body = grown;
        call->body_capacity = capacity;
    }
    memcpy(call->body + call->body_size, data, size);
    call->body_size += size;
    return size;
}

static void skr_admin_body_end(void *context)
{
    struct skr_admin_call *call = context;
    call->route->handle(call);
}

void skr_admin_call_again(struct skr_admin_call *call)
{
    json_decref(call->document);
    call->document = NULL;
    call->route->handle(call);
}

static void skr_admin_body_abort(void *context)
{
    (void)context; /* nothing was begun */
}

static void skr_admin_run(struct skr_admin_call *call)
{
    static const struct skr_body_sink sink = {skr_admin_body_write, skr_admin_body_end, skr_admin_body_abort};
    skr_exchange_label(call->exchange, call->route->name, SKR_BYTES(""));
    skr_exchange_on_close(call->exchange, skr_admin_call_close, call);
    if (call->route->body_limit_bytes > 0 && skr_exchange_request(call->exchange)->has_body)
        skr_exchange_receive(call->exchange, &sink, call, call->route->body_limit_bytes);
    else
        call->route->handle(call);
}

/* No row has this path and method. */
static void skr_admin_no_route(struct skr_exchange *exchange, const char *allowed)
{
    bool is_api = skr_admin_is_api(skr_exchange_request(exchange));
    if (allowed[0] != '\0')
        skr_exchange_header(exchange, "Allow", skr_text(allowed));
    if (is_api)
        skr_admin_reply_code(exchange, allowed[0] != '\0' ? 405 : 404, allowed[0] != '\0' ? "method_not_allowed" : "not_found",
                             allowed[0] != '\0'
                                 ? "not with this method: see the Allow header"
                                 : "there is nothing at this path: skerry operations --protocol admin lists all");
    else if (allowed[0] != '\0')
        skr_admin_reply(exchange, 405, "text/plain; charset=utf-8", SKR_BYTES("only GET\n"));
    else
        skr_admin_reply(exchange, 404, "text/plain; charset=utf-8",
                        SKR_BYTES("/, /status, /metrics, /healthz, /readyz, /api/v1\n"));
}

void skr_admin_handle(void *context, struct skr_exchange *exchange)
{
    struct skr_admin *admin = context;
    const struct skr_request *request = skr_exchange_request(exchange);
    enum skr_method method = request->method == SKR_HEAD ? SKR_GET : request->method;
    const struct skr_admin_route *found = NULL;
    struct skr_bytes parameters[SKR_ADMIN_MAX_PARAMETERS] = {SKR_NO_BYTES};
    bool needs_token = skr_admin_is_api(request);
    char allowed[64] = "";
    skr_exchange_label(exchange, "admin", SKR_BYTES(""));
    for (size_t i = 0; i < SKR_ADMIN_ROUTE_COUNT; i++) {
        const struct skr_admin_route *route = &skr_admin_routes[i];
        if (!skr_admin_path_matches(route, request->uri.raw_path, skr_exchange_arena(exchange), parameters))
            continue;
        needs_token = needs_token || route->needs_token;
        size_t used = strlen(allowed);
        snprintf(allowed + used, sizeof allowed - used, "%s%s", used > 0 ? ", " : "", skr_admin_method(route->method));
        if (route->method == method)
            found = route;
    }
    struct skr_admin_call *call = skr_arena_alloc_zero(skr_exchange_arena(exchange), sizeof *call);
    if (needs_token && !skr_admin_token_matches(&admin->token, request)) {
        skr_exchange_header(exchange, "WWW-Authenticate", SKR_BYTES("Bearer"));
        skr_exchange_header(exchange, "Cache-Control", SKR_BYTES("no-store"));
        skr_exchange_send(exchange, 401, SKR_NO_BYTES, false);
    } else if (found == NULL) {
        skr_admin_no_route(exchange, allowed);
    } else if (call == NULL) {
        skr_admin_reply_json(exchange, 503, NULL);
    } else {
        *call = (struct skr_admin_call){.admin = admin, .exchange = exchange, .route = found};
        memcpy(call->parameters, parameters, sizeof parameters);
        skr_admin_run(call);
    }
}
