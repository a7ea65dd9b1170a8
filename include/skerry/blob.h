/* The Azure Blob face. Source: "Blob service REST API". */
#ifndef SKERRY_BLOB_H
#define SKERRY_BLOB_H

#include "skerry/auth.h"
#include "skerry/http.h"
#include "skerry/operation.h"

struct skr_blob;

struct skr_blob_options {
    const struct skr_accounts *accounts; /* outlives the face */
    unsigned clock_skew_s;
};

enum skr_status skr_blob_open(struct skr_blob **out, const struct skr_blob_options *options, struct skr_error *err);
/* For skr_http_listen. Its reactors' worker is a struct skr_worker. */
const struct skr_face *skr_blob_face(const struct skr_blob *blob);
void skr_blob_close(struct skr_blob *blob); /* NULL-safe */

/* The table of operations, for the feature list. */
const struct skr_operation *skr_blob_operations(size_t *count);

#endif
