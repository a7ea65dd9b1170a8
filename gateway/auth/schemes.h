/* The ways to authenticate, one function each. */
#ifndef SKERRY_AUTH_SCHEMES_H
#define SKERRY_AUTH_SCHEMES_H

#include "skerry/auth.h"

/* Refuses, and says why in a text that may go to the client. */
static inline enum skr_auth_refusal skr_refuse(struct skr_error *err, enum skr_auth_refusal refusal, const char *message)
{
    skr_fail(err, SKR_UNAUTHENTICATED, "%s", message);
    return refusal;
}

enum skr_auth_refusal skr_shared_key_check(const struct skr_auth_options *options, const struct skr_request *request,
                                           const struct skr_target *target, struct skr_bytes authorization,
                                           struct skr_arena *arena, struct skr_principal *out, struct skr_error *err);

/* A shared access signature as it stands in the query; texts decoded, data NULL where not given. */
struct skr_sas {
    struct skr_bytes version, services, resource_types, permissions, start, expiry, ip, protocol, encryption_scope, signature;
    struct skr_bytes resource, identifier, cache_control, content_disposition, content_encoding, content_language, content_type;
    bool is_account;   /* ss or srt was given */
    bool is_delegated; /* signed with a user delegation key */
    bool is_repeated;  /* a parameter stands there twice */
    bool is_dirty;     /* a value holds control bytes: a line break would move the lines of the text to sign */
};
/* False: the query carries none. */
bool skr_sas_read(const struct skr_request *request, struct skr_sas *sas);
/* Refuses what is no good whatever the signature says. `oldest`: the first version that has this kind. */
enum skr_auth_refusal skr_sas_check_form(const struct skr_sas *sas, const char *oldest, struct skr_error *err);
/* The signature's version is `version` or later. */
bool skr_sas_since(const struct skr_sas *sas, const char *version);
/* Times, protocol and address, common to both kinds. `start` and `expiry` may come from a stored policy. */
enum skr_auth_refusal skr_sas_check_limits(const struct skr_sas *sas, const struct skr_request *request, struct skr_error *err);
/* Letters to bits, in any order. False: none, or a letter that this kind does not have. */
bool skr_sas_permissions(struct skr_bytes letters, bool account, uint32_t *permissions);

enum skr_auth_refusal skr_account_sas_check(const struct skr_auth_options *options, const struct skr_request *request,
                                            const struct skr_target *target, const struct skr_sas *sas, struct skr_arena *arena,
                                            struct skr_principal *out, struct skr_error *err);
/* Fills what a stored policy gives into `sas`. */
enum skr_auth_refusal skr_service_sas_check(const struct skr_auth_options *options, const struct skr_request *request,
                                            const struct skr_target *target, struct skr_sas *sas, struct skr_arena *arena,
                                            struct skr_principal *out, struct skr_error *err);

#endif
