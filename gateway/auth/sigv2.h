/* Signature Version 2 in the query, and the signature as such. */
#ifndef SKERRY_AUTH_SIGV2_H
#define SKERRY_AUTH_SIGV2_H

#include "accounts.h"

bool skr_sigv2_is_used(const struct skr_request *request);
/* Whose signature it is, when it is good. */
enum skr_auth_refusal skr_sigv2_check(const struct skr_s3_auth_options *options, const struct skr_request *request,
                                      struct skr_arena *arena, const struct skr_s3_key **out, struct skr_error *err);
/* Is `signature` the base64 of HMAC-SHA1 of the text? */
bool skr_sigv2_matches(const struct skr_s3_key *key, struct skr_bytes text, struct skr_bytes signature);

#endif
