/* Service SAS for a container or a blob. The text to sign grew with the versions; a parameter that a version does not sign is
 * not taken from the query either, or whoever holds a link could set it. Source: "Create a service SAS". */
#include "accounts.h"
#include "schemes.h"
#include "text.h"

static struct skr_bytes skr_service_sas_text(const struct skr_sas *sas, const struct skr_target *target,
                                             struct skr_arena *arena)
{
    struct skr_signing_text text = {.arena = arena};
    bool is_blob = skr_bytes_equal(sas->resource, SKR_BYTES("b"));
    skr_signing_line(&text, sas->permissions);
    skr_signing_line(&text, sas->start);
    skr_signing_line(&text, sas->expiry);
    skr_signing_add(&text, skr_sas_since(sas, "2015-02-21") ? SKR_BYTES("/blob/") : SKR_BYTES("/"));
    skr_signing_add(&text, target->account);
    skr_signing_add(&text, SKR_BYTES("/"));
    skr_signing_add(&text, target->container);
    if (is_blob) {
        skr_signing_add(&text, SKR_BYTES("/"));
        skr_signing_add(&text, target->object);
    }
    skr_signing_line(&text, SKR_BYTES(""));
    skr_signing_line(&text, sas->identifier);
    if (skr_sas_since(sas, "2015-04-05")) {
        skr_signing_line(&text, sas->ip);
        skr_signing_line(&text, sas->protocol);
    }
    if (!skr_sas_since(sas, "2013-08-15")) { /* the version line ends the oldest form */
        skr_signing_add(&text, sas->version);
        return text.failed ? SKR_NO_BYTES : skr_signing_bytes(&text);
    }
    skr_signing_line(&text, sas->version);
    if (skr_sas_since(sas, "2018-11-09")) {
        skr_signing_line(&text, sas->resource);
        skr_signing_line(&text, SKR_BYTES("")); /* the snapshot's time, of sr=bs alone */
    }
    if (skr_sas_since(sas, "2020-12-06"))
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
    struct skr_stored_policy policy = {SKR_NO_BYTES, SKR_NO_BYTES, SKR_NO_BYTES};
    if (sas->identifier.size == 0)
        return SKR_AUTH_ALLOWED;
    if (options->policy == NULL || options->policy(options->policy_context, target, sas->identifier, &policy) != SKR_OK)
        return skr_refuse(err, SKR_AUTH_FAILED, "The stored access policy that the signature names does not exist.");
    if (!skr_take_from_policy(&sas->start, policy.start) || !skr_take_from_policy(&sas->expiry, policy.expiry) ||
        !skr_take_from_policy(&sas->permissions, policy.permission))
        return skr_refuse(err, SKR_AUTH_FAILED,
                          "A field stands both in the signature and in the stored access policy it names.");
    return SKR_AUTH_ALLOWED;
}

/* sr=c and sr=b. Others are documented, and their resources are not here: bs (snapshot), bv (version), d (directory). */
static enum skr_auth_refusal skr_check_resource(const struct skr_sas *sas, const struct skr_target *target,
                                                struct skr_error *err)
{
    bool is_blob = skr_bytes_equal(sas->resource, SKR_BYTES("b")),
         is_container = skr_bytes_equal(sas->resource, SKR_BYTES("c"));
    if (skr_bytes_equal(sas->resource, SKR_BYTES("bs")) || skr_bytes_equal(sas->resource, SKR_BYTES("bv")) ||
        skr_bytes_equal(sas->resource, SKR_BYTES("d")))
        return skr_refuse(err, SKR_AUTH_FAILED, "Signatures for snapshots, versions and directories are not offered here.");
    if (!is_blob && !is_container)
        return skr_refuse(err, SKR_AUTH_FAILED, "sr is mandatory, and is 'c' or 'b'.");
    /* a slash in a container's name would let "container c/b" pass for "blob b of container c" in the text to sign */
    if (target->container.size == 0 || memchr(target->container.data, '/', target->container.size) != NULL ||
        (is_blob && target->object.size == 0))
        return skr_refuse(err, SKR_AUTH_FAILED, "The signature is not for this kind of resource.");
    return SKR_AUTH_ALLOWED;
}

static void skr_service_principal(const struct skr_sas *sas, const struct skr_target *target, uint32_t permissions,
                                  struct skr_principal *out)
{
    *out = (struct skr_principal){
        .scheme = SKR_AUTH_SERVICE_SAS,
        .account = target->account,
        .permissions = permissions,
        .resource_types = UINT32_MAX,
        .scope_container = target->container,
        .scope_object = skr_bytes_equal(sas->resource, SKR_BYTES("b")) ? target->object : SKR_NO_BYTES,
    };
    if (!skr_sas_since(sas, "2013-08-15"))
        return;
    out->cache_control = sas->cache_control;
    out->content_disposition = sas->content_disposition;
    out->content_encoding = sas->content_encoding;
    out->content_language = sas->content_language;
    out->content_type = sas->content_type;
}

enum skr_auth_refusal skr_service_sas_check(const struct skr_auth_options *options, const struct skr_request *request,
                                            const struct skr_target *target, struct skr_sas *sas, struct skr_arena *arena,
                                            struct skr_principal *out, struct skr_error *err)
{
    enum skr_auth_refusal refusal = skr_sas_check_form(sas, "2012-02-12", err);
    if (refusal == SKR_AUTH_ALLOWED)
        refusal = skr_check_resource(sas, target, err);
    if (refusal != SKR_AUTH_ALLOWED)
        return refusal;
    struct skr_bytes text = skr_service_sas_text(sas, target, arena);
    if (text.data == NULL || !skr_accounts_verify(options->accounts, target->account, text, sas->signature))
        return skr_refuse(err, SKR_AUTH_FAILED, "Signature did not match.");
    refusal = skr_apply_policy(options, target, sas, err);
    if (refusal == SKR_AUTH_ALLOWED)
        refusal = skr_sas_check_limits(sas, request, err);
    if (refusal != SKR_AUTH_ALLOWED)
        return refusal;
    uint32_t permissions;
    if (!skr_sas_permissions(sas->permissions, false, &permissions))
        return skr_refuse(err, SKR_AUTH_FAILED,
                          "sp is mandatory, here or in the stored access policy, and may hold known letters only.");
    skr_service_principal(sas, target, permissions, out);
    return SKR_AUTH_ALLOWED;
}
