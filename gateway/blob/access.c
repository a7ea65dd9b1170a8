/* Who may reach a container: public access and stored access policies. */
#include "access.h"

#include "call.h"
#include "skerry/xml.h"

/* ---- reading the document ---- */

static struct skr_bytes skr_tail(struct skr_bytes path)
{
    const char *slash = path.size == 0 ? NULL : memrchr(path.data, '/', path.size);
    return slash == NULL ? path : (struct skr_bytes){slash + 1, path.size - (size_t)(slash + 1 - path.data)};
}

static bool skr_visit_policy(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_policy_list *list = context;
    int64_t when;
    if (!skr_bytes_starts_with(path, SKR_BYTES("SignedIdentifiers")))
        return false;
    if (skr_bytes_equal(path, SKR_BYTES("SignedIdentifiers/SignedIdentifier"))) {
        if (!ends && list->count == SKR_MAX_ACCESS_POLICIES)
            return false;
        if (!ends)
            list->policies[list->count++] = (struct skr_access_policy){SKR_BYTES(""), SKR_BYTES(""), SKR_BYTES(""), SKR_BYTES("")};
        return !ends || list->policies[list->count - 1].id.size > 0;
    }
    if (!ends || text.data == NULL || list->count == 0)
        return true;
    struct skr_access_policy *policy = &list->policies[list->count - 1];
    struct skr_bytes name = skr_tail(path), copy = skr_arena_copy(list->arena, text);
    if (copy.data == NULL)
        return false;
    if (skr_bytes_equal(name, SKR_BYTES("Id"))) {
        policy->id = copy;
        for (size_t i = 0; i + 1 < list->count; i++)
            if (skr_bytes_equal(list->policies[i].id, copy))
                return false;
        return copy.size >= 1 && copy.size <= 64;
    }
    if (skr_bytes_equal(name, SKR_BYTES("Start"))) {
        policy->start = copy;
        return copy.size == 0 || skr_iso8601_parse(copy, &when);
    }
    if (skr_bytes_equal(name, SKR_BYTES("Expiry"))) {
        policy->expiry = copy;
        return copy.size == 0 || skr_iso8601_parse(copy, &when);
    }
    if (skr_bytes_equal(name, SKR_BYTES("Permission"))) {
        policy->permission = copy;
        for (size_t i = 0; i < copy.size; i++)
            if (copy.data[i] == '\0' || strchr("racwdxltmeopfyi", copy.data[i]) == NULL)
                return false;
    }
    return true;
}

bool skr_policies_parse(struct skr_arena *arena, struct skr_bytes document, struct skr_policy_list *list)
{
    *list = (struct skr_policy_list){.arena = arena};
    if (document.size == 0)
        return true;
    return skr_xml_parse(document, skr_visit_policy, list);
}

/* ---- operations ---- */

SKR_HANDLER(get_container_acl)
{
    struct skr_call *call = context;
    struct skr_container container;
    struct skr_error error;
    struct skr_xml xml;
    enum skr_status status = skr_get_container(call->worker, call->arena, call->target.account, call->target.container,
                                               NULL, &container, &error);
    if (status != SKR_OK) {
        skr_call_fail_status(call, status);
        return;
    }
    skr_call_common_headers(call);
    skr_call_etag_headers(call, container.etag, container.modified_ns);
    const char *access = skr_public_access_text(container.public_access);
    if (access != NULL)
        skr_exchange_header(call->exchange, "x-ms-blob-public-access", skr_text(access));
    skr_xml_open(&xml);
    skr_xml_begin(&xml, "SignedIdentifiers");
    for (size_t i = 0; i < container.policy_count; i++) {
        const struct skr_access_policy *policy = &container.policies[i];
        skr_xml_begin(&xml, "SignedIdentifier");
        skr_xml_element(&xml, "Id", policy->id);
        skr_xml_begin(&xml, "AccessPolicy");
        if (policy->start.size > 0)
            skr_xml_element(&xml, "Start", policy->start);
        if (policy->expiry.size > 0)
            skr_xml_element(&xml, "Expiry", policy->expiry);
        if (policy->permission.size > 0)
            skr_xml_element(&xml, "Permission", policy->permission);
        skr_xml_end(&xml, "AccessPolicy");
        skr_xml_end(&xml, "SignedIdentifier");
    }
    skr_xml_end(&xml, "SignedIdentifiers");
    skr_exchange_header(call->exchange, "Content-Type", SKR_BYTES("application/xml"));
    skr_exchange_send(call->exchange, 200, skr_xml_bytes(&xml), false);
    skr_xml_close(&xml);
}

static void skr_acl_changed(void *context, const struct skr_result *result)
{
    struct skr_call *call = context;
    if (!skr_call_settled(call, result))
        return;
    skr_call_common_headers(call);
    skr_call_etag_headers(call, result->container->etag, result->container->modified_ns);
    skr_call_reply(call, 200);
}

static void skr_acl_received(void *context, struct skr_bytes body)
{
    struct skr_call *call = context;
    struct skr_container_settings settings = {.set_access = true};
    struct skr_policy_list list;
    if (!skr_parse_public_access(skr_call_header(call, "x-ms-blob-public-access"), &settings.public_access)) {
        skr_call_fail_header(call, "x-ms-blob-public-access");
        return;
    }
    if (!skr_policies_parse(call->arena, body, &list)) {
        skr_call_refuse(call, SKR_BLOB_INVALID_XML);
        return;
    }
    settings.policies = list.policies;
    settings.policy_count = list.count;
    skr_call_wait(call, skr_update_container(call->worker, call->target.account, call->target.container, &call->conditions,
                                             &settings, skr_acl_changed, call));
}

SKR_HANDLER(set_container_acl)
{
    struct skr_call *call = context;
    skr_exchange_receive_all(call->exchange, (size_t)call->operation->body_limit_bytes, skr_acl_received, call);
}
