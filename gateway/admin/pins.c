/* /api/v1/pins, /api/v1/pin, /api/v1/unpin: what stays here, whatever the room. */
#include "admin_private.h"
#include "skerry/log.h"

struct skr_pin_call {
    struct skr_admin_call *call;
    struct skr_admin_scope scope;
    const char *what;
};

static json_t *skr_pin_json(struct skr_bytes account, struct skr_bytes container, struct skr_bytes prefix)
{
    return json_pack("{s:o,s:o,s:o}", "account", skr_admin_json_name(account), "container", skr_admin_json_name(container),
                     "prefix", skr_admin_json_name(prefix));
}

static void skr_pin_done(void *context, const struct skr_result *result)
{
    struct skr_pin_call *pin = context;
    const struct skr_admin_scope *scope = &pin->scope;
    struct skr_exchange *exchange = pin->call->exchange;
    pin->call->pending = NULL;
    if (result->status != SKR_OK) {
        skr_admin_reply_error(exchange, result->error);
        return;
    }
    skr_log(SKR_LOG_INFO, "admin", "%.*s/%.*s was %s: %s asked for it", SKR_PRINT(scope->account), SKR_PRINT(scope->container),
            pin->what, skr_exchange_request(exchange)->peer);
    skr_admin_reply_json(exchange, 200, skr_pin_json(scope->account, scope->container, scope->prefix));
}

static void skr_pin_begin(struct skr_admin_call *call, const char *what,
                          struct skr_pending *(*begin)(struct skr_worker *, struct skr_bytes, struct skr_bytes,
                                                       struct skr_bytes, skr_done, void *))
{
    struct skr_pin_call *pin = skr_arena_alloc_zero(skr_exchange_arena(call->exchange), sizeof *pin);
    struct skr_error error;
    if (pin == NULL) {
        skr_admin_reply_json(call->exchange, 503, NULL);
        return;
    }
    *pin = (struct skr_pin_call){.call = call, .what = what};
    const struct skr_admin_field fields[] = {SKR_ADMIN_SCOPE_FIELDS(&pin->scope)};
    enum skr_status status = skr_admin_read_body(call, fields, sizeof fields / sizeof *fields, &error);
    if (status == SKR_OK)
        status = skr_admin_scope_find(call, &pin->scope, &error);
    if (status == SKR_PENDING)
        return;
    if (status != SKR_OK) {
        skr_admin_reply_error(call->exchange, &error);
        return;
    }
    call->pending = begin(skr_exchange_worker(call->exchange), pin->scope.account, pin->scope.container, pin->scope.prefix,
                          skr_pin_done, pin);
    if (call->pending == NULL)
        skr_admin_reply_json(call->exchange, 503, NULL);
}

void skr_admin_pin(struct skr_admin_call *call)
{
    skr_pin_begin(call, "pinned", skr_pin_prefix);
}

void skr_admin_unpin(struct skr_admin_call *call)
{
    skr_pin_begin(call, "unpinned", skr_unpin_prefix);
}

struct skr_pin_list {
    json_t *list;
    bool no_memory;
};

static bool skr_pin_append(void *context, struct skr_bytes account, struct skr_bytes container, struct skr_bytes prefix)
{
    struct skr_pin_list *pins = context;
    pins->no_memory = json_array_append_new(pins->list, skr_pin_json(account, container, prefix)) != 0;
    return !pins->no_memory;
}

void skr_admin_list_pins(struct skr_admin_call *call)
{
    struct skr_pin_list pins = {.list = json_array()};
    struct skr_error error;
    if (skr_admin_read_query(call, NULL, 0, &error) != SKR_OK) {
        skr_admin_reply_error(call->exchange, &error);
    } else {
        if (pins.list != NULL)
            skr_visit_pins(call->admin->options.core, skr_pin_append, &pins);
        skr_admin_reply_json(call->exchange, 200,
                             pins.list == NULL || pins.no_memory ? NULL : json_pack("{s:O}", "pins", pins.list));
    }
    json_decref(pins.list);
}
