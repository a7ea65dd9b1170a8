/* Which names a request is about: an account, a container, a prefix. */
#include <inttypes.h>

#include "admin_private.h"
#include "skerry/encoding.h"

enum skr_status skr_admin_find_account(struct skr_admin *admin, struct skr_bytes wanted, struct skr_bytes *name,
                                       struct skr_error *err)
{
    const struct skr_admin_options *options = &admin->options;
    struct skr_bytes one;
    bool any = skr_bytes_equal(wanted, SKR_BYTES(SKR_ADMIN_FIRST_ACCOUNT));
    for (size_t i = 0; options->account(options->account_context, i, &one); i++)
        if (any || skr_bytes_equal(one, wanted)) {
            *name = one;
            return SKR_OK;
        }
    return skr_fail(err, SKR_ACCOUNT_NOT_FOUND, "there is no account '%.*s' here: name one that the server was started with",
                    wanted.size > 40 ? 40 : (int)wanted.size, wanted.data);
}

enum skr_status skr_admin_scope_check(struct skr_admin_call *call, struct skr_admin_scope *scope, bool needs_container,
                                      struct skr_error *err)
{
    struct skr_container container;
    enum skr_status status = SKR_OK;
    if (needs_container && scope->container.size == 0)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "'container' is missing");
    if (scope->prefix.size > 0 && scope->container.size == 0)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "'prefix' needs a 'container'");
    if (scope->account.size > 0 || scope->container.size > 0)
        status = skr_admin_find_account(
            call->admin, scope->account.size > 0 ? scope->account : SKR_BYTES(SKR_ADMIN_FIRST_ACCOUNT), &scope->account, err);
    if (status != SKR_OK || scope->container.size == 0)
        return status;
    status = skr_get_container(skr_exchange_worker(call->exchange), skr_exchange_arena(call->exchange), scope->account,
                               scope->container, NULL, &container, err);
    return status != SKR_CONTAINER_NOT_FOUND
               ? status
               : skr_fail(err, SKR_CONTAINER_NOT_FOUND, "there is no container '%.*s' in account '%.*s'",
                          scope->container.size > 64 ? 64 : (int)scope->container.size, scope->container.data,
                          SKR_PRINT(scope->account));
}

static void skr_admin_scope_found(void *context, enum skr_status status)
{
    struct skr_admin_call *call = context;
    struct skr_error error;
    skr_remote_listing_close(call->remote);
    call->remote = NULL;
    call->looked = true;
    if (status == SKR_OK) {
        skr_admin_call_again(call);
        return;
    }
    skr_fail(&error, status, "upstream does not say whether it has the container");
    skr_admin_reply_error(call->exchange, &error);
}

enum skr_status skr_admin_scope_find(struct skr_admin_call *call, struct skr_admin_scope *scope, struct skr_error *err)
{
    struct skr_error other;
    enum skr_status status = skr_admin_scope_check(call, scope, true, err);
    if (status == SKR_CONTAINER_NOT_FOUND && !call->looked &&
        skr_prepare_container(skr_exchange_worker(call->exchange), scope->account, scope->container, skr_admin_scope_found,
                              call, &call->remote, &other) == SKR_PENDING)
        return SKR_PENDING;
    return status;
}

json_t *skr_admin_json_name(struct skr_bytes name)
{
    json_t *text = json_stringn(name.size == 0 ? "" : name.data, name.size);
    char *plain = text == NULL && name.size > 0 ? malloc(name.size) : NULL;
    if (plain == NULL)
        return text;
    for (size_t i = 0; i < name.size; i++)
        plain[i] = (unsigned char)name.data[i] >= 0x80 ? '?' : name.data[i];
    text = json_stringn(plain, name.size);
    free(plain);
    return text;
}

json_t *skr_admin_json_id(uint64_t id)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, id);
    return json_string(text);
}

json_t *skr_admin_json_time(int64_t unix_ns)
{
    char text[36] = "";
    if (unix_ns != 0)
        text[skr_iso8601_format(text, unix_ns, 3)] = '\0';
    return json_string(text);
}
