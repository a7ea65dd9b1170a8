/* The document of DeleteObjects. */
#ifndef SKERRY_S3_DELETION_LIST_H
#define SKERRY_S3_DELETION_LIST_H

#include "skerry/bytes.h"

#define SKR_S3_MAX_DELETIONS 1000

struct skr_s3_deletion_choice {
    struct skr_bytes key, version, etag; /* as they are written; empty: not there */
    bool unsupported;                    /* has a condition on time or size, which directory buckets have */
};

struct skr_s3_deletion_list {
    struct skr_arena *arena;
    bool quiet;
    size_t count;
    struct skr_s3_deletion_choice items[SKR_S3_MAX_DELETIONS];
};

/* False: not such a document, or of more than there may be. Texts in the arena. Pure. */
bool skr_s3_deletion_list_parse(struct skr_arena *arena, struct skr_bytes document, struct skr_s3_deletion_list *out);

#endif
