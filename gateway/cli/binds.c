/* --bind [ACCOUNT/]CONTAINER=URL;mode=MODE;FIELD=VALUE...
 *
 * Applied at the start, on the main thread, with a worker, a ring and an executor that live as long as that takes. What is
 * attached stays so when the setting goes: `skerry detach` ends it.
 */
#include "binds.h"

#include <stdlib.h>

#include "binding_text.h"
#include "skerry/admin.h"
#include "skerry/inbox.h"
#include "skerry/log.h"

/* ---- reading one ---- */

struct skr_bind {
    struct skr_bytes account, container;
    struct skr_binding_request request;
};

/* Up to the next semicolon. */
static struct skr_bytes skr_bind_cut(struct skr_bytes *text)
{
    const char *end = text->size == 0 ? NULL : memchr(text->data, ';', text->size);
    struct skr_bytes part = {text->data, end == NULL ? text->size : (size_t)(end - text->data)};
    size_t used = part.size + (end != NULL);
    *text = (struct skr_bytes){text->data + used, text->size - used};
    return part;
}

static enum skr_status skr_bind_fields(json_t *document, struct skr_bytes text, struct skr_error *err)
{
    enum skr_status status = skr_binding_text_set(document, SKR_BYTES("upstream"), skr_bind_cut(&text), false, err);
    while (text.size > 0 && status == SKR_OK) {
        struct skr_bytes part = skr_bind_cut(&text);
        const char *equals = part.size == 0 ? NULL : memchr(part.data, '=', part.size);
        if (equals == NULL && part.size > 0)
            return skr_fail(err, SKR_INVALID_ARGUMENT, "after the URL come fields as FIELD=VALUE, with ';' between them");
        size_t size = equals == NULL ? 0 : (size_t)(equals - part.data);
        if (equals != NULL)
            status = skr_binding_text_set(document, (struct skr_bytes){part.data, size},
                                          (struct skr_bytes){equals + 1, part.size - size - 1}, true, err);
    }
    return status;
}

static enum skr_status skr_bind_request(struct skr_bind *bind, struct skr_bytes fields, struct skr_error *err)
{
    json_t *document = json_object();
    enum skr_status status =
        document == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory for a binding") : skr_bind_fields(document, fields, err);
    char *json = status == SKR_OK ? json_dumps(document, JSON_COMPACT) : NULL;
    if (json != NULL)
        status = skr_binding_request_read(&bind->request, skr_text(json), err);
    else if (status == SKR_OK)
        status = skr_fail(err, SKR_NO_MEMORY, "no memory for a binding");
    if (json != NULL)
        explicit_bzero(json, strlen(json));
    free(json);
    json_decref(document);
    return status;
}

static enum skr_status skr_bind_read(struct skr_bind *bind, const char *text, const struct skr_accounts *accounts,
                                     struct skr_error *err)
{
    const char *equals = strchr(text, '=');
    if (equals == NULL)
        return skr_fail(err, SKR_INVALID_ARGUMENT,
                        "a binding is given as CONTAINER=URL;mode=MODE;FIELD=VALUE..., or ACCOUNT/CONTAINER=...");
    bind->container = (struct skr_bytes){text, (size_t)(equals - text)};
    const char *slash = memchr(text, '/', bind->container.size);
    if (slash != NULL) {
        bind->account = (struct skr_bytes){text, (size_t)(slash - text)};
        bind->container = (struct skr_bytes){slash + 1, (size_t)(equals - slash - 1)};
    } else if (!skr_accounts_name(accounts, 0, &bind->account)) {
        bind->account = SKR_BYTES("");
    }
    if (!skr_accounts_known(accounts, bind->account))
        return skr_fail(err, SKR_ACCOUNT_NOT_FOUND, "there is no account '%.*s'",
                        bind->account.size > 40 ? 40 : (int)bind->account.size, bind->account.data);
    enum skr_status status = skr_binding_name_check(bind->container, err);
    return status == SKR_OK ? skr_bind_request(bind, skr_text(equals + 1), err) : status;
}

/* ---- applying ---- */

struct skr_bind_outcome {
    bool called;
    enum skr_status status;
    struct skr_error error;
};

static void skr_bind_done(void *context, const struct skr_result *result)
{
    struct skr_bind_outcome *outcome = context;
    outcome->called = true;
    outcome->status = result->status;
    if (result->status != SKR_OK)
        outcome->error = *result->error;
}

static enum skr_status skr_bind_attach(const struct skr_bind *bind, struct skr_worker *worker, struct skr_inbox *inbox,
                                       struct skr_error *err)
{
    struct skr_bind_outcome outcome = {.called = false};
    if (skr_is_attached(worker, bind->account, bind->container, &bind->request.binding))
        return SKR_OK;
    if (skr_attach(worker, bind->account, bind->container, &bind->request.binding, skr_bind_done, &outcome) == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for a binding");
    while (!outcome.called)
        skr_inbox_turn(inbox, -1);
    if (outcome.status == SKR_OK)
        skr_log(SKR_LOG_INFO, "serve", "%.*s/%.*s was attached, as a setting says", SKR_PRINT(bind->account),
                SKR_PRINT(bind->container));
    else
        *err = outcome.error;
    return outcome.status;
}

static enum skr_status skr_apply_bind(const char *text, const struct skr_accounts *accounts, struct skr_worker *worker,
                                      struct skr_inbox *inbox, struct skr_error *err)
{
    struct skr_bind bind = {.request = {.document = NULL}};
    struct skr_error error = {.message = ""};
    enum skr_status status = skr_bind_read(&bind, text, accounts, &error);
    if (status == SKR_OK)
        status = skr_bind_attach(&bind, worker, inbox, &error);
    if (status != SKR_OK) /* of the text only what names the container */
        skr_fail_os(err, status, error.os_errno, "bind %.*s: %.170s", (int)(strcspn(text, "=") < 50 ? strcspn(text, "=") : 50),
                    text, error.message);
    skr_binding_request_free(&bind.request);
    return status;
}

enum skr_status skr_apply_binds(const struct skr_settings *settings, const struct skr_accounts *accounts, struct skr_core *core,
                                struct skr_error *err)
{
    const struct skr_text_list *binds = &settings->binds;
    struct skr_inbox inbox;
    struct skr_io_options options = {.entries = 8};
    struct skr_worker *worker = NULL;
    if (binds->count == 0)
        return SKR_OK;
    enum skr_status status = skr_inbox_open(&inbox, &options, err);
    if (status == SKR_OK)
        status = skr_worker_open(core, inbox.io, &inbox.executor, &worker, err);
    for (size_t i = 0; i < binds->count && status == SKR_OK; i++)
        status = skr_apply_bind(binds->items[i], accounts, worker, &inbox, err);
    skr_worker_close(worker);
    skr_inbox_close(&inbox);
    return status;
}
