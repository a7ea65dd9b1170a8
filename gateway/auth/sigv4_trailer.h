/* The lines after the last chunk of an aws-chunked body. Zero-initialize; part of a body's decoder. */
#ifndef SKERRY_AUTH_SIGV4_TRAILER_H
#define SKERRY_AUTH_SIGV4_TRAILER_H

#include "digest.h"
#include "skerry/auth.h"

#define SKR_MAX_TRAILERS 8

struct skr_trailer {
    char announced[512];                            /* copy of x-amz-trailer */
    struct skr_name_value fields[SKR_MAX_TRAILERS]; /* names in `announced`, values in `text`: data NULL until they come */
    size_t count;
    char text[2048];   /* all lines */
    size_t size, line; /* bytes, and where the last line begins that has no end yet */
    bool is_signed, has_signature;
    char signature[64];
};

/* From the header x-amz-trailer, or empty. Only checksums can be announced. `is_signed`: x-amz-trailer-signature must follow
 * them. */
enum skr_s3_body_problem skr_trailer_announce(struct skr_trailer *trailer, struct skr_bytes header, bool is_signed);
enum skr_s3_body_problem skr_trailer_take(struct skr_trailer *trailer, const char *data, size_t size);
/* Are they all there? */
enum skr_s3_body_problem skr_trailer_finish(struct skr_trailer *trailer);
/* Adds them as they are signed: "name:value\n" each, sorted. */
void skr_trailer_hash(const struct skr_trailer *trailer, struct skr_sha256 *hash);
struct skr_bytes skr_trailer_value(const struct skr_trailer *trailer, struct skr_bytes name);

#endif
