/* Public access and stored access policies of a container. */
#ifndef SKERRY_BLOB_ACCESS_H
#define SKERRY_BLOB_ACCESS_H

#include "skerry/records.h"

struct skr_policy_list {
    struct skr_arena *arena;
    struct skr_access_policy policies[SKR_MAX_ACCESS_POLICIES];
    size_t count;
};
/* The body of Set Container ACL; empty: no policies. */
bool skr_policies_parse(struct skr_arena *arena, struct skr_bytes document, struct skr_policy_list *list);
/* x-ms-blob-public-access. False: not a value it has. */
bool skr_parse_public_access(struct skr_bytes text, enum skr_public_access *access);
/* NULL: no public access. */
const char *skr_public_access_text(enum skr_public_access access);

#endif
