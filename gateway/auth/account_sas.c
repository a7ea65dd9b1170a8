/* Account SAS: rights over services and kinds of resources of a whole account. Stored access policies do not exist for it, and
 * response headers are not signed, so neither is taken from its query. Source: "Create an account SAS". */
#include "accounts.h"
#include "schemes.h"
#include "text.h"

static struct skr_bytes skr_account_sas_text(const struct skr_sas *sas, struct skr_bytes account, struct skr_arena *arena)
{
    struct skr_signing_text text = {.arena = arena};
    skr_signing_line(&text, account);
    skr_signing_line(&text, sas->permissions);
    skr_signing_line(&text, sas->services);
    skr_signing_line(&text, sas->resource_types);
    skr_signing_line(&text, sas->start);
    skr_signing_line(&text, sas->expiry);
    skr_signing_line(&text, sas->ip);
    skr_signing_line(&text, sas->protocol);
    skr_signing_line(&text, sas->version);
    if (skr_sas_since(sas, "2020-12-06"))
        skr_signing_line(&text, sas->encryption_scope);
    return text.failed ? SKR_NO_BYTES : skr_signing_bytes(&text);
}

/* Every letter one of `known`, and at least one. */
static bool skr_letters_are(struct skr_bytes letters, const char *known)
{
    for (size_t i = 0; i < letters.size; i++)
        if (letters.data[i] == '\0' || strchr(known, letters.data[i]) == NULL)
            return false;
    return letters.size > 0;
}

static uint32_t skr_resource_types(struct skr_bytes letters)
{
    uint32_t types = 0;
    for (size_t i = 0; i < letters.size; i++)
        types |= 1u << (letters.data[i] == 's'   ? SKR_RESOURCE_SERVICE
                        : letters.data[i] == 'c' ? SKR_RESOURCE_CONTAINER
                                                 : SKR_RESOURCE_OBJECT);
    return types;
}

enum skr_auth_refusal skr_account_sas_check(const struct skr_auth_options *options, const struct skr_request *request,
                                            const struct skr_target *target, const struct skr_sas *sas, struct skr_arena *arena,
                                            struct skr_principal *out, struct skr_error *err)
{
    enum skr_auth_refusal refusal = skr_sas_check_form(sas, "2015-04-05", err);
    if (refusal != SKR_AUTH_ALLOWED)
        return refusal;
    struct skr_bytes text = skr_account_sas_text(sas, target->account, arena);
    if (text.data == NULL || !skr_accounts_verify(options->accounts, target->account, text, sas->signature))
        return skr_refuse(err, SKR_AUTH_FAILED, "Signature did not match.");
    refusal = skr_sas_check_limits(sas, request, err);
    if (refusal != SKR_AUTH_ALLOWED)
        return refusal;
    uint32_t permissions;
    if (!skr_sas_permissions(sas->permissions, true, &permissions))
        return skr_refuse(err, SKR_AUTH_FAILED, "sp is mandatory, and may hold the letters of an account SAS only.");
    if (!skr_letters_are(sas->services, "bqtf") || !skr_letters_are(sas->resource_types, "sco"))
        return skr_refuse(err, SKR_AUTH_FAILED,
                          "ss and srt are mandatory, and may hold the letters of services and resource types only.");
    if (memchr(sas->services.data, 'b', sas->services.size) == NULL)
        return skr_refuse(err, SKR_AUTH_SERVICE_MISMATCH, "The signature is not good for the Blob service.");
    *out = (struct skr_principal){.scheme = SKR_AUTH_ACCOUNT_SAS,
                                  .account = target->account,
                                  .permissions = permissions,
                                  .resource_types = skr_resource_types(sas->resource_types)};
    return SKR_AUTH_ALLOWED;
}
