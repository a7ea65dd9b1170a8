/* S3 requests: Signature Version 4, a URL presigned with Version 2, or nobody. Nothing of a request counts before the signature
 * was compared, but for what says how to compute it. Source: "Authenticating Requests (AWS Signature Version 4)". */
#include <openssl/crypto.h>
#include <stdio.h>

#include "sigv2.h"
#include "sigv4.h"
#include "skerry/encoding.h"

#define SKR_DEFAULT_REGION "us-east-1"

/* The region's oldest one had no name of its own, and clients still send it so. */
static bool skr_region_matches(struct skr_bytes ours, struct skr_bytes theirs)
{
    if (skr_bytes_equal(ours, SKR_BYTES("*")) || skr_bytes_equal(ours, theirs))
        return true;
    bool is_default = ours.size == 0 || skr_bytes_equal(ours, SKR_BYTES(SKR_DEFAULT_REGION));
    return is_default && (theirs.size == 0 || skr_bytes_equal(theirs, SKR_BYTES("US")) ||
                          skr_bytes_equal(theirs, SKR_BYTES(SKR_DEFAULT_REGION)));
}

enum skr_auth_refusal skr_sigv4_check_scope(const struct skr_sigv4 *signature, struct skr_bytes region, struct skr_error *err)
{
    if (!skr_bytes_equal(signature->service, SKR_BYTES("s3"))) {
        skr_fail(err, SKR_UNAUTHENTICATED, "%s; incorrect service '%.*s'. This endpoint belongs to 's3'.",
                 skr_sigv4_malformed(signature), SKR_PRINT(signature->service));
        return skr_sigv4_scope_wrong(signature);
    }
    if (!skr_region_matches(region, signature->region)) {
        region = region.size > 0 ? region : SKR_BYTES(SKR_DEFAULT_REGION);
        skr_fail(err, SKR_UNAUTHENTICATED, "%s; the region '%.*s' is wrong; expecting '%.*s'", skr_sigv4_malformed(signature),
                 SKR_PRINT(signature->region), SKR_PRINT(region));
        return skr_sigv4_scope_wrong(signature);
    }
    return SKR_AUTH_ALLOWED;
}

/* The host that is signed is the Host header; the one that is addressed may stand in an absolute target. They must be one. */
static bool skr_host_is_addressed(const struct skr_request *request)
{
    struct skr_bytes header = skr_request_header(request, "host"), host = request->host;
    if (!skr_bytes_starts_with_nocase(header, host))
        return false;
    return header.size == host.size || header.data[host.size] == ':';
}

/* Host, and whatever has a meaning for S3 only, must be signed. x-amz-content-sha256 is part of the text as it is. */
static enum skr_auth_refusal skr_check_signed(const struct skr_sigv4 *signature, const struct skr_request *request,
                                              struct skr_error *err)
{
    static const char message[] = "There were headers present in the request which were not signed: %.*s";
    if (!skr_sigv4_is_signed(signature->signed_headers, SKR_BYTES("host"))) {
        skr_fail(err, SKR_UNAUTHENTICATED, message, 4, "host");
        return SKR_AUTH_UNSIGNED_HEADER;
    }
    for (size_t i = 0; i < request->header_count; i++) {
        struct skr_bytes name = request->headers[i].name;
        if (!skr_bytes_starts_with_nocase(name, SKR_BYTES("x-amz-")) ||
            skr_bytes_equal_nocase(name, SKR_BYTES("x-amz-content-sha256")) ||
            skr_sigv4_is_signed(signature->signed_headers, name))
            continue;
        skr_fail(err, SKR_UNAUTHENTICATED, message, name.size > 100 ? 100 : (int)name.size, name.data);
        return SKR_AUTH_UNSIGNED_HEADER;
    }
    return SKR_AUTH_ALLOWED;
}

/* There are no sessions here, so no session's token is one of ours. */
static bool skr_has_token(const struct skr_request *request)
{
    const struct skr_query_parameter *parameter = skr_request_query(request, "X-Amz-Security-Token");
    return skr_request_header(request, "x-amz-security-token").size > 0 || (parameter != NULL && parameter->value.size > 0);
}

/* Either reading of the path (sigv4_canonical.c). */
static bool skr_signature_matches(const struct skr_sigv4 *signature, const struct skr_request *request,
                                  const uint8_t key[SKR_SHA256_SIZE], struct skr_arena *arena)
{
    struct skr_hmac hmac;
    bool matches = false;
    skr_hmac_prepare(&hmac, key, SKR_SHA256_SIZE);
    for (int as_sent = 0; as_sent < 2 && !matches; as_sent++) {
        uint8_t digest[SKR_SHA256_SIZE];
        char expected[SKR_SIGV4_SIGNATURE];
        if (as_sent && !skr_sigv4_path_differs(request, arena))
            break;
        struct skr_bytes text = skr_sigv4_text(signature, request, as_sent, arena);
        if (text.data == NULL)
            break;
        skr_hmac_sign(&hmac, text, digest);
        skr_hex_encode(expected, digest, sizeof digest);
        matches = skr_secret_equal((struct skr_bytes){expected, sizeof expected}, signature->signature);
        OPENSSL_cleanse(digest, sizeof digest);
        OPENSSL_cleanse(expected, sizeof expected);
    }
    OPENSSL_cleanse(&hmac, sizeof hmac);
    return matches;
}

/* What the chunks' signatures begin with. */
static void skr_payload_key(struct skr_s3_payload *payload, const struct skr_sigv4 *signature,
                            const uint8_t key[SKR_SHA256_SIZE])
{
    if (payload->kind != SKR_PAYLOAD_CHUNKS_SIGNED && payload->kind != SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER)
        return;
    memcpy(payload->signing_key, key, SKR_SHA256_SIZE);
    memcpy(payload->seed_signature, signature->signature.data, SKR_SIGV4_SIGNATURE);
    payload->timestamp = signature->timestamp;
    payload->scope = signature->scope;
}

static enum skr_auth_refusal skr_sigv4_verify(const struct skr_s3_key *owner, const struct skr_sigv4 *signature,
                                              const struct skr_request *request, struct skr_arena *arena,
                                              struct skr_s3_payload *payload, struct skr_error *err)
{
    uint8_t key[SKR_SHA256_SIZE];
    skr_sigv4_key(owner, signature, key);
    bool matches = skr_signature_matches(signature, request, key, arena);
    if (matches)
        skr_payload_key(payload, signature, key);
    OPENSSL_cleanse(key, sizeof key);
    return matches ? SKR_AUTH_ALLOWED
                   : skr_refuse(err, SKR_AUTH_SIGNATURE_MISMATCH,
                                "The request signature we calculated does not match the signature you provided. Check your key "
                                "and signing method.");
}

void skr_s3_principal(const struct skr_s3_key *key, struct skr_principal *out)
{
    const uint32_t readers = SKR_PERMISSION_READ | SKR_PERMISSION_LIST | SKR_PERMISSION_POLICY;
    *out = (struct skr_principal){.scheme = SKR_AUTH_SIGV4,
                                  .account = key->account,
                                  .permissions = key->read_only ? readers : UINT32_MAX,
                                  .resource_types = UINT32_MAX};
}

static enum skr_auth_refusal skr_sigv4_check(const struct skr_s3_auth_options *options, const struct skr_request *request,
                                             const struct skr_sigv4 *signature, struct skr_arena *arena,
                                             struct skr_principal *out, struct skr_s3_payload *payload, struct skr_error *err)
{
    const struct skr_s3_key *key = skr_accounts_s3_key(options->accounts, signature->access_key);
    if (key == NULL)
        return skr_refuse(err, SKR_AUTH_ACCESS_KEY_UNKNOWN,
                          "The AWS Access Key Id you provided does not exist in our records.");
    if (skr_has_token(request))
        return skr_refuse(err, SKR_AUTH_TOKEN_INVALID,
                          "The provided token is malformed or otherwise invalid: there are no session tokens here.");
    enum skr_auth_refusal refusal = skr_sigv4_check_scope(signature, options->region, err);
    if (refusal == SKR_AUTH_ALLOWED)
        refusal = skr_sigv4_check_times(signature, request->received_ns / 1000000000, options->clock_skew_s, err);
    if (refusal == SKR_AUTH_ALLOWED)
        refusal = skr_check_signed(signature, request, err);
    if (refusal == SKR_AUTH_ALLOWED)
        refusal = skr_sigv4_payload(request, signature->body_hash, true, payload, err);
    if (refusal == SKR_AUTH_ALLOWED && !skr_host_is_addressed(request))
        refusal = skr_refuse(err, SKR_AUTH_SIGNATURE_MISMATCH,
                             "The Host header that is signed is not the host that the request addresses.");
    if (refusal == SKR_AUTH_ALLOWED)
        refusal = skr_sigv4_verify(key, signature, request, arena, payload, err);
    if (refusal == SKR_AUTH_ALLOWED)
        skr_s3_principal(key, out);
    return refusal;
}

/* A body without a signature; a hash of it may have been announced. */
static enum skr_auth_refusal skr_plain_payload(const struct skr_request *request, struct skr_s3_payload *payload,
                                               struct skr_error *err)
{
    struct skr_bytes hash = skr_request_header(request, "x-amz-content-sha256");
    return skr_sigv4_payload(request, hash.data == NULL ? SKR_BYTES("UNSIGNED-PAYLOAD") : hash, false, payload, err);
}

static enum skr_auth_refusal skr_old_url_check(const struct skr_s3_auth_options *options, const struct skr_request *request,
                                               struct skr_arena *arena, struct skr_principal *out,
                                               struct skr_s3_payload *payload, struct skr_error *err)
{
    const struct skr_s3_key *key;
    if (skr_request_header(request, "authorization").data != NULL)
        return skr_refuse(err, SKR_AUTH_QUERY_MALFORMED,
                          "Only one auth mechanism allowed: a signature in the query, or the "
                          "Authorization header.");
    if (skr_has_token(request) || skr_request_query(request, "x-amz-security-token") != NULL)
        return skr_refuse(err, SKR_AUTH_TOKEN_INVALID,
                          "The provided token is malformed or otherwise invalid: there are no session tokens here.");
    enum skr_auth_refusal refusal = skr_sigv2_check(options, request, arena, &key, err);
    if (refusal == SKR_AUTH_ALLOWED)
        refusal = skr_plain_payload(request, payload, err);
    if (refusal == SKR_AUTH_ALLOWED)
        skr_s3_principal(key, out);
    return refusal;
}

enum skr_auth_refusal skr_auth_s3(const struct skr_s3_auth_options *options, const struct skr_request *request,
                                  struct skr_arena *arena, struct skr_principal *out, struct skr_s3_payload *payload,
                                  struct skr_error *err)
{
    struct skr_sigv4 signature;
    bool found;
    *err = (struct skr_error){.status = SKR_UNAUTHENTICATED};
    *payload = (struct skr_s3_payload){.kind = SKR_PAYLOAD_UNSIGNED};
    if (skr_sigv2_is_used(request))
        return skr_old_url_check(options, request, arena, out, payload, err);
    enum skr_auth_refusal refusal = skr_sigv4_read(request, arena, &found, &signature, err);
    if (refusal != SKR_AUTH_ALLOWED)
        return refusal;
    if (found)
        return skr_sigv4_check(options, request, &signature, arena, out, payload, err);
    *out = (struct skr_principal){.scheme = SKR_AUTH_ANONYMOUS};
    return skr_plain_payload(request, payload, err);
}
