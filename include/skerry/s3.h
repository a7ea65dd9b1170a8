/* The S3 face. Source: "Amazon S3 API Reference". */
#ifndef SKERRY_S3_H
#define SKERRY_S3_H

#include "skerry/auth.h"
#include "skerry/http.h"
#include "skerry/operation.h"

struct skr_s3;

struct skr_s3_options {
    const struct skr_accounts *accounts; /* outlives the face */
    struct skr_bytes region;             /* outlives the face. See struct skr_s3_auth_options */
    const char *const *domains;          /* "s3.example.org": BUCKET.s3.example.org is virtual-host style. Outlive the face */
    size_t domain_count;
    unsigned clock_skew_s;
};

enum skr_status skr_s3_open(struct skr_s3 **out, const struct skr_s3_options *options, struct skr_error *err);
/* For skr_http_listen. Its reactors' worker is a struct skr_worker. */
const struct skr_face *skr_s3_face(const struct skr_s3 *s3);
void skr_s3_close(struct skr_s3 *s3); /* NULL-safe */

/* The table of operations, for the feature list. */
const struct skr_operation *skr_s3_operations(size_t *count);

#endif
