/* Which scheme does a Blob request use? An Authorization header goes before a signature in the query; neither makes it
 * anonymous. */
#include "schemes.h"

enum skr_auth_refusal skr_auth_blob(const struct skr_auth_options *options, const struct skr_request *request,
                                    const struct skr_target *target, struct skr_arena *arena, struct skr_principal *out,
                                    struct skr_error *err)
{
    struct skr_bytes authorization = skr_request_header(request, "authorization");
    struct skr_sas sas;
    *err = (struct skr_error){.status = SKR_UNAUTHENTICATED};
    if (!skr_accounts_known(options->accounts, target->account))
        return skr_refuse(err, SKR_AUTH_ACCOUNT_UNKNOWN, "The account is not known here.");
    if (authorization.data != NULL)
        return skr_shared_key_check(options, request, target, authorization, arena, out, err);
    if (!skr_sas_read(request, &sas)) {
        *out = (struct skr_principal){.scheme = SKR_AUTH_ANONYMOUS};
        return SKR_AUTH_ALLOWED;
    }
    return sas.is_account ? skr_account_sas_check(options, request, target, &sas, arena, out, err)
                          : skr_service_sas_check(options, request, target, &sas, arena, out, err);
}
