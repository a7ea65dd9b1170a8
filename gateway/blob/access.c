/* Who may reach a container: public access and stored access policies. */
#include "access.h"

#include "call.h"
#include "skerry/xml.h"

/* ---- reading the document ---- */

#define SKR_POLICY_PATH "SignedIdentifiers/SignedIdentifier"

/* Begins a policy, or ends one, which must have got an id. */
static bool skr_visit_identifier(struct skr_policy_list *list, bool has_children, bool ends)
{
    if (!has_children)
        return false; /* not even an id */
    if (ends)
        return list->policies[list->count - 1].id.size > 0;
    if (list->count == SKR_MAX_ACCESS_POLICIES)
        return false;
    list->policies[list->count++] = (struct skr_access_policy){SKR_BYTES(""), SKR_BYTES(""), SKR_BYTES(""), SKR_BYTES("")};
    return true;
}

static bool skr_take_id(struct skr_policy_list *list, struct skr_bytes id)
{
    for (size_t i = 0; i + 1 < list->count; i++)
        if (skr_bytes_equal(list->policies[i].id, id))
            return false;
    list->policies[list->count - 1].id = id;
    return id.size >= 1 && id.size <= 64;
}

static bool skr_is_time(struct skr_bytes text)
{
    int64_t when;
    return text.size == 0 || skr_iso8601_parse(text, &when);
}

static bool skr_are_permissions(struct skr_bytes text)
{
    for (size_t i = 0; i < text.size; i++)
        if (text.data[i] == '\0' || strchr("racwdxltmeopfyi", text.data[i]) == NULL)
            return false;
    return true;
}

static bool skr_visit_policy(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct skr_policy_list *list = context;
    if (skr_bytes_equal(path, SKR_BYTES("SignedIdentifiers")))
        return true;
    if (skr_bytes_equal(path, SKR_BYTES(SKR_POLICY_PATH)))
        return skr_visit_identifier(list, text.data == NULL, ends);
    if (skr_bytes_equal(path, SKR_BYTES(SKR_POLICY_PATH "/AccessPolicy")))
        return true;
    if (text.data == NULL)
        return false; /* nothing else has elements in it */
    if (!skr_bytes_starts_with(path, SKR_BYTES(SKR_POLICY_PATH "/")))
        return false;
    struct skr_access_policy *policy = &list->policies[list->count - 1]; /* begun: it has a child */
    struct skr_bytes copy = skr_arena_copy(list->arena, text);
    if (copy.data == NULL)
        return false;
    if (skr_bytes_equal(path, SKR_BYTES(SKR_POLICY_PATH "/Id")))
        return skr_take_id(list, copy);
    if (skr_bytes_equal(path, SKR_BYTES(SKR_POLICY_PATH "/AccessPolicy/Start"))) {
        policy->start = copy;
        return skr_is_time(copy);
    }
    if (skr_bytes_equal(path, SKR_BYTES(SKR_POLICY_PATH "/AccessPolicy/Expiry"))) {
        policy->expiry = copy;
        return skr_is_time(copy);
    }
    if (skr_bytes_equal(path, SKR_BYTES(SKR_POLICY_PATH "/AccessPolicy/Permission"))) {
        policy->permission = copy;
        return skr_are_permissions(copy);
    }
    return false;
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
    enum skr_status status =
        skr_get_container(call->worker, call->arena, call->target.account, call->target.container, NULL, &container, &error);
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
