/* The policy of a form. */
#ifndef SKERRY_AUTH_POST_POLICY_H
#define SKERRY_AUTH_POST_POLICY_H

#include "skerry/auth.h"

/* Is the form one that the policy allows? `policy`: base64, as it was signed. `range`: what it says of the file's size. */
enum skr_auth_refusal skr_post_policy_check(struct skr_bytes policy, const struct skr_s3_form_fields *form,
                                            struct skr_arena *arena, struct skr_s3_form_range *range, struct skr_error *err);

#endif
