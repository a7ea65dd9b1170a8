/* The ways to authenticate, one function each. */
#ifndef SKERRY_AUTH_SCHEMES_H
#define SKERRY_AUTH_SCHEMES_H

#include "skerry/auth.h"

enum skr_auth_refusal skr_shared_key_check(const struct skr_auth_options *options, const struct skr_request *request,
                                           const struct skr_target *target, struct skr_bytes authorization,
                                           struct skr_arena *arena, struct skr_principal *out, struct skr_error *err);

/* A shared access signature as it stands in the query; texts decoded, data NULL where not given. */
struct skr_sas {
    struct skr_bytes version, services, resource_types, permissions, start, expiry, ip, protocol, encryption_scope, signature;
    struct skr_bytes resource, identifier, cache_control, content_disposition, content_encoding, content_language, content_type;
    struct skr_bytes snapshot, delegation;
    bool is_account; /* ss and srt were given */
    bool duplicate;
};
/* False: the query carries none. */
bool skr_sas_read(const struct skr_request *request, struct skr_sas *sas);
/* Times, address and protocol, common to both kinds. `start` and `expiry` may come from a stored policy. */
enum skr_auth_refusal skr_sas_check_limits(const struct skr_sas *sas, const struct skr_request *request, struct skr_error *err);
/* Letters to bits. False: a letter that is none. */
bool skr_sas_permissions(struct skr_bytes letters, uint32_t *permissions);
enum skr_auth_refusal skr_account_sas_check(const struct skr_auth_options *options, const struct skr_request *request,
                                            const struct skr_target *target, const struct skr_sas *sas, struct skr_arena *arena,
                                            struct skr_principal *out, struct skr_error *err);
enum skr_auth_refusal skr_service_sas_check(const struct skr_auth_options *options, const struct skr_request *request,
                                            const struct skr_target *target, struct skr_sas *sas, struct skr_arena *arena,
                                            struct skr_principal *out, struct skr_error *err);

#endif
