/* Small documents that bucket operations take (buckets.c). Pure. */
#ifndef SKERRY_S3_BUCKET_DOCUMENTS_H
#define SKERRY_S3_BUCKET_DOCUMENTS_H

#include "skerry/records.h"

/* CreateBucketConfiguration. `location` in the arena; empty: not named. `unsupported`: asks for more than a
 * location. False: not such a document. */
bool skr_s3_creation_parse(struct skr_arena *arena, struct skr_bytes document, struct skr_bytes *location, bool *unsupported);

/* VersioningConfiguration. False: not such a document, or with another status. */
struct skr_s3_versioning_request {
    enum skr_versioning versioning; /* OFF: not named */
    bool invalid, mfa_delete;
};
bool skr_s3_versioning_parse(struct skr_bytes document, struct skr_s3_versioning_request *out);

#endif
