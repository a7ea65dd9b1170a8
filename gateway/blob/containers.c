/* Create, read, describe and delete a container. */
#include "access.h"
#include "call.h"

static void skr_container_headers(struct skr_call *call, const struct skr_container *container)
{
    skr_call_common_headers(call);
    skr_call_etag_headers(call, container->etag, container->modified_ns);
}

static void skr_container_created(void *context, const struct skr_result *result)
{
    struct skr_call *call = context;
    if (!skr_call_settled(call, result))
        return;
    skr_container_headers(call, result->container);
    skr_call_reply(call, 201);
}

bool skr_parse_public_access(struct skr_bytes text, enum skr_public_access *access)
{
    *access = skr_bytes_equal(text, SKR_BYTES("container")) ? SKR_PUBLIC_CONTAINER
              : skr_bytes_equal(text, SKR_BYTES("blob"))    ? SKR_PUBLIC_OBJECTS
                                                            : SKR_PUBLIC_NONE;
    return text.data == NULL || *access != SKR_PUBLIC_NONE;
}

SKR_HANDLER(create_container)
{
    struct skr_call *call = context;
    struct skr_container_settings settings = {.set_metadata = true, .set_access = true};
    if (!skr_parse_public_access(skr_call_header(call, "x-ms-blob-public-access"), &settings.public_access)) {
        skr_call_fail_header(call, "x-ms-blob-public-access");
        return;
    }
    if (skr_call_metadata(call, &settings.metadata, &settings.metadata_count))
        skr_call_wait(call, skr_create_container(call->worker, call->target.account, call->target.container, &settings,
                                                 skr_container_created, call));
}

const char *skr_public_access_text(enum skr_public_access access)
{
    return access == SKR_PUBLIC_CONTAINER ? "container" : access == SKR_PUBLIC_OBJECTS ? "blob" : NULL;
}

SKR_HANDLER(get_container)
{
    struct skr_call *call = context;
    struct skr_container container;
    struct skr_error error;
    struct skr_conditions none = {.if_match_any = false};
    enum skr_status status =
        skr_get_container(call->worker, call->arena, call->target.account, call->target.container, &none, &container, &error);
    if (status != SKR_OK) {
        skr_call_fail_status(call, status);
        return;
    }
    skr_container_headers(call, &container);
    skr_call_metadata_headers(call, container.metadata, container.metadata_count);
    if (!skr_bytes_equal(skr_call_query(call, "comp"), SKR_BYTES("metadata"))) {
        skr_exchange_header(call->exchange, "x-ms-lease-status", SKR_BYTES("unlocked"));
        skr_exchange_header(call->exchange, "x-ms-lease-state", SKR_BYTES("available"));
        skr_exchange_header(call->exchange, "x-ms-has-immutability-policy", SKR_BYTES("false"));
        skr_exchange_header(call->exchange, "x-ms-has-legal-hold", SKR_BYTES("false"));
        const char *access = skr_public_access_text(container.public_access);
        if (access != NULL)
            skr_exchange_header(call->exchange, "x-ms-blob-public-access", skr_text(access));
    }
    skr_call_reply(call, 200);
}

static void skr_container_deleted(void *context, const struct skr_result *result)
{
    struct skr_call *call = context;
    if (!skr_call_settled(call, result))
        return;
    skr_call_common_headers(call);
    skr_call_reply(call, 202);
}

SKR_HANDLER(delete_container)
{
    struct skr_call *call = context;
    skr_call_wait(call, skr_delete_container(call->worker, call->target.account, call->target.container, &call->conditions,
                                             false, skr_container_deleted, call));
}

static void skr_container_changed(void *context, const struct skr_result *result)
{
    struct skr_call *call = context;
    if (!skr_call_settled(call, result))
        return;
    skr_container_headers(call, result->container);
    skr_call_reply(call, 200);
}

SKR_HANDLER(set_container_metadata)
{
    struct skr_call *call = context;
    struct skr_container_settings settings = {.set_metadata = true};
    if (skr_call_metadata(call, &settings.metadata, &settings.metadata_count))
        skr_call_wait(call, skr_update_container(call->worker, call->target.account, call->target.container, &call->conditions,
                                                 &settings, skr_container_changed, call));
}
