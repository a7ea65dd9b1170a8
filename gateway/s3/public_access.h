/* What keeps a bucket from being public, whatever its access control lists say. */
#ifndef SKERRY_S3_PUBLIC_ACCESS_H
#define SKERRY_S3_PUBLIC_ACCESS_H

#include "skerry/records.h"

struct skr_s3_call;

/* PublicAccessBlockConfiguration. There are no bucket policies here: what is about them is kept, and has nothing to block. */
struct skr_s3_access_block {
    bool block_acls, ignore_acls, block_policy, restrict_buckets;
};
/* False: not such a document. Pure. */
bool skr_s3_access_block_parse(struct skr_bytes document, struct skr_s3_access_block *out);
/* OwnershipControls: the rule's value, one of the three that S3 has. False: not such a document. Pure. */
bool skr_s3_ownership_parse(struct skr_arena *arena, struct skr_bytes document, struct skr_bytes *out);
/* What is kept with the bucket. */
struct skr_s3_access_block skr_s3_access_block_of(const struct skr_container *container);

/* The bucket's list as far as it means anything. Empty: private. */
struct skr_bytes skr_s3_bucket_acl(const struct skr_container *container);
/* Access control lists of the bucket and of its objects mean nothing: all is its owner's. */
bool skr_s3_is_enforced(const struct skr_container *container);
/* Nobody but its owner gets anything of the bucket. */
bool skr_s3_is_closed(const struct skr_container *container);
/* Gives something to all, or to all that have an account. */
bool skr_s3_acl_is_public(struct skr_bytes canned);
/* May a list of this name be put on the call's bucket, or on an object of it? Empty: none was named. False: answered. */
bool skr_s3_acl_may_be_put(struct skr_s3_call *call, struct skr_bytes canned);

#define SKR_S3_OWNERS_ACL "bucket-owner-full-control" /* the one that is left where lists mean nothing */

#define SKR_S3_OWNER_ENFORCED "BucketOwnerEnforced"
#define SKR_S3_OWNER_PREFERRED "BucketOwnerPreferred"

#endif
