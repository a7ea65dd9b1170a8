/* What is the body? x-amz-content-sha256 says whether it is signed, by its hash or chunk by chunk, and whether it is
 * aws-chunked. */
#include "sigv4.h"
#include "skerry/encoding.h"

static bool skr_payload_kind(struct skr_bytes hash, enum skr_s3_payload_kind *kind)
{
    static const struct {
        const char *name;
        enum skr_s3_payload_kind kind;
    } kinds[] = {{"UNSIGNED-PAYLOAD", SKR_PAYLOAD_UNSIGNED},
                 {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD", SKR_PAYLOAD_CHUNKS_SIGNED},
                 {"STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER", SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER},
                 {"STREAMING-UNSIGNED-PAYLOAD-TRAILER", SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (skr_bytes_equal(hash, skr_text(kinds[i].name))) {
            *kind = kinds[i].kind;
            return true;
        }
    return false;
}

enum skr_auth_refusal skr_sigv4_payload(const struct skr_request *request, struct skr_bytes hash, bool has_key,
                                        struct skr_s3_payload *out, struct skr_error *err)
{
    *out = (struct skr_s3_payload){.kind = SKR_PAYLOAD_UNSIGNED};
    if (skr_hex_decode(hash, out->sha256, sizeof out->sha256)) {
        out->kind = SKR_PAYLOAD_SIGNED;
        return SKR_AUTH_ALLOWED;
    }
    if (!skr_payload_kind(hash, &out->kind))
        return skr_refuse(
            err, SKR_AUTH_PAYLOAD_HASH_MALFORMED,
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, the same with -TRAILER, "
            "STREAMING-UNSIGNED-PAYLOAD-TRAILER, or a valid sha256 value.");
    if (out->kind == SKR_PAYLOAD_UNSIGNED)
        return SKR_AUTH_ALLOWED;
    if (!has_key && out->kind != SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER)
        return skr_refuse(err, SKR_AUTH_PAYLOAD_HASH_MALFORMED,
                          "x-amz-content-sha256 announces signed chunks in a request without a signature.");
    if (skr_sigv4_count_header(request, "x-amz-decoded-content-length") != 1 ||
        !skr_parse_u64(skr_request_header(request, "x-amz-decoded-content-length"), &out->decoded_length) ||
        out->decoded_length > INT64_MAX)
        return skr_refuse(
            err, SKR_AUTH_DECODED_LENGTH_MISSING,
            "An aws-chunked body needs the header x-amz-decoded-content-length: the number of bytes before encoding.");
    out->has_decoded_length = true;
    return SKR_AUTH_ALLOWED;
}
