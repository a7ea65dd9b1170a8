/* Signature Version 4 between its files: what a request says of its signature, the text that is signed, the key. */
#ifndef SKERRY_AUTH_SIGV4_H
#define SKERRY_AUTH_SIGV4_H

#include "accounts.h"
#include "schemes.h"

#define SKR_SIGV4_SIGNATURE 64 /* hexadecimal of an HMAC-SHA256 */
#define SKR_SIGV4_REGION_MOST 64
#define SKR_SIGV4_ALGORITHM "AWS4-HMAC-SHA256"

/* A signature as it stands in the Authorization header or in the query; texts decoded, all checked for their form. */
struct skr_sigv4 {
    bool presigned;
    struct skr_bytes access_key;
    struct skr_bytes scope;                 /* "20130524/us-east-1/s3/aws4_request" */
    struct skr_bytes date, region, service; /* parts of it */
    struct skr_bytes signed_headers;        /* "host;x-amz-date" */
    struct skr_bytes signature;
    struct skr_bytes timestamp; /* "20130524T000000Z" */
    int64_t time_s;
    uint64_t expires_s;            /* presigned */
    struct skr_bytes payload_hash; /* as it is signed: "UNSIGNED-PAYLOAD", hexadecimal, ... */
    struct skr_bytes body_hash;    /* what the body must be: the same, but for a presigned URL with an unsigned header */
};

/* sigv4_read.c. Which way, if any, is the request signed? `*found` false: it is anonymous. */
enum skr_auth_refusal skr_sigv4_read(const struct skr_request *request, struct skr_arena *arena, bool *found,
                                     struct skr_sigv4 *out, struct skr_error *err);
/* "20130524T000000Z" */
bool skr_sigv4_read_timestamp(struct skr_bytes text, int64_t *seconds);
/* "ACCESS/20130524/us-east-1/s3/aws4_request". Says what is wrong, or NULL. */
const char *skr_sigv4_read_credential(struct skr_bytes text, struct skr_sigv4 *out);
/* How a refusal of the credential begins, and which it is: in the header or in the query. */
const char *skr_sigv4_malformed(const struct skr_sigv4 *signature);
enum skr_auth_refusal skr_sigv4_scope_wrong(const struct skr_sigv4 *signature);
/* Times: the clock's skew, or how long a presigned URL is good; then, whether the scope is of the same day. */
enum skr_auth_refusal skr_sigv4_check_times(const struct skr_sigv4 *signature, int64_t now_s, unsigned skew_s,
                                            struct skr_error *err);
/* How many headers of that name are there? */
size_t skr_sigv4_count_header(const struct skr_request *request, const char *name);

/* sigv4.c. Service and region. */
enum skr_auth_refusal skr_sigv4_check_scope(const struct skr_sigv4 *signature, struct skr_bytes region, struct skr_error *err);
/* What a key may. */
void skr_s3_principal(const struct skr_s3_key *key, struct skr_principal *out);

/* sigv4_canonical.c. Does the list hold this header's name? Any case. */
bool skr_sigv4_is_signed(struct skr_bytes signed_headers, struct skr_bytes name);
/* The text to sign. `path_as_sent`: without normalizing the path. SKR_NO_BYTES: no memory. */
struct skr_bytes skr_sigv4_text(const struct skr_sigv4 *signature, const struct skr_request *request, bool path_as_sent,
                                struct skr_arena *arena);
/* Is the path's normalized form another than the one that was sent? */
bool skr_sigv4_path_differs(const struct skr_request *request, struct skr_arena *arena);

/* sigv4_key.c. Wipe it after use. */
void skr_sigv4_key(const struct skr_s3_key *key, const struct skr_sigv4 *signature, uint8_t out[SKR_SHA256_SIZE]);

/* sigv4_payload.c. What is the body, by the hash that was signed and the headers around it? */
enum skr_auth_refusal skr_sigv4_payload(const struct skr_request *request, struct skr_bytes hash, bool has_key,
                                        struct skr_s3_payload *out, struct skr_error *err);

#endif
