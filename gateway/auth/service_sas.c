/* Service SAS for a container or a blob. The text to sign grew with the versions. Source: "Create a service SAS". */
#include "accounts.h"
#include "schemes.h"
#include "text.h"

static bool skr_since(const struct skr_sas *sas, const char *version)
{
    return skr_bytes_compare(sas->version, skr_text(version)) >= 0;
}

static struct skr_bytes skr_service_sas_text(const struct skr_sas *sas, const struct skr_target *target, struct skr_arena *arena)
{
    struct skr_signing_text text = {.arena = arena};
    bool is_blob = skr_bytes_equal(sas->resource, SKR_BYTES("b"));
    skr_signing_line(&text, sas->permissions);
    skr_signing_line(&text, sas->start);
    skr_signing_line(&text, sas->expiry);
    skr_signing_add(&text, skr_since(sas, "2015-02-21") ? SKR_BYTES("/blob/") : SKR_BYTES("/"));
    skr_signing_add(&text, target->account);
    skr_signing_add(&text, SKR_BYTES("/"));
    skr_signing_add(&text, target->container);
    if (is_blob) {
        skr_signing_add(&text, SKR_BYTES("/"));
        skr_signing_add(&text, target->object);
    }
    skr_signing_line(&text, SKR_BYTES(""));
    skr_signing_line(&text, sas->identifier);
    if (skr_since(sas, "2015-04-05")) {
        skr_signing_line(&text, sas->ip);
        skr_signing_line(&text, sas->protocol);
    }
    if (!skr_since(sas, "2013-08-15")) { /* the version line ends the oldest form */
        skr_signing_add(&text, sas->version);
        return text.failed ? SKR_NO_BYTES : skr_signing_bytes(&text);
    }
    skr_signing_line(&text, sas->version);
    if (skr_since(sas, "2018-11-09")) {
        skr_signing_line(&text, sas->resource);
        skr_signing_line(&text, sas->snapshot);
    }
    if (skr_since(sas, "2020-12-06"))
        skr_signing_line(&text, sas->encryption_scope);
    skr_signing_line(&text, sas->cache_control);
    skr_signing_line(&text, sas->content_disposition);
    skr_signing_line(&text, sas->content_encoding);
    skr_signing_line(&text, sas->content_language);
    skr_signing_add(&text, sas->content_type);
    return text.failed ? SKR_NO_BYTES : skr_signing_bytes(&text);
}

/* A field stands in the token or in the policy, not in both. */
static bool skr_take_from_policy(struct skr_bytes *field, struct skr_bytes policy)
{
    if (field->size > 0 && policy.size > 0)
        return false;
    if (policy.size > 0)
        *field = policy;
    return true;
}

static enum skr_auth_refusal skr_apply_policy(const struct skr_auth_options *options, const struct skr_target *target,
                                              struct skr_sas *sas, struct skr_error *err)
{
    struct skr_stored_policy policy;
    if (sas->identifier.size == 0)
        return SKR_AUTH_ALLOWED;
    if (options->policy == NULL || options->policy(options->policy_context, target, sas->identifier, &policy) != SKR_OK) {
        skr_fail(err, SKR_UNAUTHENTICATED, "The stored access policy that the signature names does not exist.");
        return SKR_AUTH_FAILED;
    }
    if (!skr_take_from_policy(&sas->start, policy.start) || !skr_take_from_policy(&sas->expiry, policy.expiry) ||
        !skr_take_from_policy(&sas->permissions, policy.permission)) {
        skr_fail(err, SKR_UNAUTHENTICATED, "A field stands both in the signature and in the stored access policy it names.");
        return SKR_AUTH_FAILED;
    }
    return SKR_AUTH_ALLOWED;
}

enum skr_auth_refusal skr_service_sas_check(const struct skr_auth_options *options, const struct skr_request *request,
                                            const struct skr_target *target, struct skr_sas *sas, struct skr_arena *arena,
                                            struct skr_principal *out, struct skr_error *err)
{
    bool is_blob = skr_bytes_equal(sas->resource, SKR_BYTES("b")), is_container = skr_bytes_equal(sas->resource, SKR_BYTES("c"));
    if ((!is_blob && !is_container) || target->container.size == 0 || (is_blob && target->object.size == 0)) {
        skr_fail(err, SKR_UNAUTHENTICATED, "The signature is not for this kind of resource.");
        return SKR_AUTH_FAILED;
    }
    struct skr_bytes text = skr_service_sas_text(sas, target, arena);
    if (text.data == NULL || !skr_accounts_verify(options->accounts, target->account, text, sas->signature)) {
        skr_fail(err, SKR_UNAUTHENTICATED, "Signature did not match.");
        return SKR_AUTH_FAILED;
    }
    enum skr_auth_refusal refusal = skr_apply_policy(options, target, sas, err);
    if (refusal == SKR_AUTH_ALLOWED)
        refusal = skr_sas_check_limits(sas, request, err);
    if (refusal != SKR_AUTH_ALLOWED)
        return refusal;
    *out = (struct skr_principal){
        .scheme = SKR_AUTH_SERVICE_SAS,
        .account = target->account,
        .resource_types = 1u << SKR_RESOURCE_CONTAINER | 1u << SKR_RESOURCE_OBJECT,
        .scope_container = target->container,
        .scope_object = is_blob ? target->object : SKR_NO_BYTES,
        .cache_control = sas->cache_control,
        .content_disposition = sas->content_disposition,
        .content_encoding = sas->content_encoding,
        .content_language = sas->content_language,
        .content_type = sas->content_type,
    };
    return skr_sas_permissions(sas->permissions, &out->permissions) ? SKR_AUTH_ALLOWED : SKR_AUTH_FAILED;
}
