/* Forms that browsers post: whose signature is it, before anything that the form says counts.
 * Source: "Browser-Based Uploads Using POST (AWS Signature Version 4)"; for Version 2 "Browser-Based Uploads Using POST". */
#include <openssl/crypto.h>

#include "post_policy.h"
#include "sigv2.h"
#include "sigv4.h"
#include "skerry/encoding.h"

#define SKR_SIGNING_KEY_DAYS 7 /* so long the key that is derived for a day is good */

struct skr_form_credentials {
    struct skr_bytes policy, token;
    struct skr_bytes algorithm, credential, date, signature; /* Version 4 */
    struct skr_bytes old_key, old_signature;                 /* Version 2 */
};

static void skr_form_read(const struct skr_s3_form_fields *form, struct skr_form_credentials *out)
{
    const struct {
        const char *name;
        struct skr_bytes *value;
    } known[] = {{"policy", &out->policy},
                 {"x-amz-security-token", &out->token},
                 {"x-amz-algorithm", &out->algorithm},
                 {"x-amz-credential", &out->credential},
                 {"x-amz-date", &out->date},
                 {"x-amz-signature", &out->signature},
                 {"AWSAccessKeyId", &out->old_key},
                 {"signature", &out->old_signature}};
    for (size_t i = 0; i < form->count; i++)
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            if (skr_bytes_equal_nocase(form->fields[i].name, skr_text(known[k].name)))
                *known[k].value = form->fields[i].value;
}

static enum skr_auth_refusal skr_form_lacks(const char *field, struct skr_error *err)
{
    skr_fail(err, SKR_UNAUTHENTICATED,
             "Bucket POST must contain a field named '%s'.  If it is specified, please check the order of the fields.", field);
    return SKR_AUTH_FORM_FIELD;
}

static enum skr_auth_refusal skr_form_mismatch(struct skr_error *err)
{
    return skr_refuse(err, SKR_AUTH_SIGNATURE_MISMATCH,
                      "The request signature we calculated does not match the signature you provided. Check your key and "
                      "signing method.");
}

static enum skr_auth_refusal skr_form_key(const struct skr_s3_auth_options *options, struct skr_bytes access_key,
                                          const struct skr_s3_key **out, struct skr_error *err)
{
    *out = skr_accounts_s3_key(options->accounts, access_key);
    return *out != NULL ? SKR_AUTH_ALLOWED
                        : skr_refuse(err, SKR_AUTH_ACCESS_KEY_UNKNOWN,
                                     "The AWS Access Key Id you provided does not exist in our records.");
}

static bool skr_form_signature_matches(const struct skr_s3_key *key, const struct skr_sigv4 *signature, struct skr_bytes policy)
{
    struct skr_hmac hmac;
    uint8_t digest[SKR_SHA256_SIZE];
    char expected[SKR_SIGV4_SIGNATURE];
    skr_sigv4_key(key, signature, digest);
    skr_hmac_prepare(&hmac, digest, sizeof digest);
    skr_hmac_sign(&hmac, policy, digest);
    skr_hex_encode(expected, digest, sizeof digest);
    bool matches = skr_secret_equal((struct skr_bytes){expected, sizeof expected}, signature->signature);
    OPENSSL_cleanse(&hmac, sizeof hmac);
    OPENSSL_cleanse(digest, sizeof digest);
    OPENSSL_cleanse(expected, sizeof expected);
    return matches;
}

/* The policy says how long the form is good; its signing key is good for a week at most. */
static enum skr_auth_refusal skr_form_times(const struct skr_sigv4 *signature, int64_t now_s, unsigned skew_s,
                                            struct skr_error *err)
{
    if (!skr_bytes_equal(signature->date, (struct skr_bytes){signature->timestamp.data, 8}))
        return skr_refuse(err, SKR_AUTH_SCOPE_WRONG, "The date in x-amz-credential is not that of x-amz-date.");
    if (signature->time_s > now_s + (int64_t)skew_s)
        return skr_refuse(err, SKR_AUTH_NOT_YET_VALID, "Request is not valid yet");
    if (now_s - signature->time_s > SKR_SIGNING_KEY_DAYS * 86400)
        return skr_refuse(err, SKR_AUTH_EXPIRED, "Request has expired");
    return SKR_AUTH_ALLOWED;
}

static enum skr_auth_refusal skr_form_check_v4(const struct skr_s3_auth_options *options,
                                               const struct skr_form_credentials *given, int64_t now_s,
                                               const struct skr_s3_key **key, struct skr_error *err)
{
    struct skr_sigv4 signature = {.signature = given->signature, .timestamp = given->date};
    const char *missing = given->algorithm.data == NULL    ? "x-amz-algorithm"
                          : given->credential.data == NULL ? "x-amz-credential"
                          : given->date.data == NULL       ? "x-amz-date"
                          : given->signature.data == NULL  ? "x-amz-signature"
                                                           : NULL;
    if (missing != NULL)
        return skr_form_lacks(missing, err);
    if (!skr_bytes_equal(given->algorithm, SKR_BYTES(SKR_SIGV4_ALGORITHM)))
        return skr_refuse(err, SKR_AUTH_FORM_FIELD, "x-amz-algorithm only supports \"" SKR_SIGV4_ALGORITHM "\".");
    const char *wrong = skr_sigv4_read_credential(given->credential, &signature);
    if (wrong != NULL)
        return skr_refuse(err, SKR_AUTH_FORM_FIELD, wrong);
    if (!skr_sigv4_read_timestamp(given->date, &signature.time_s))
        return skr_refuse(err, SKR_AUTH_FORM_FIELD, "x-amz-date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\".");
    enum skr_auth_refusal refusal = skr_form_key(options, signature.access_key, key, err);
    if (refusal == SKR_AUTH_ALLOWED)
        refusal = skr_sigv4_check_scope(&signature, options->region, err);
    if (refusal == SKR_AUTH_ALLOWED)
        refusal = skr_form_times(&signature, now_s, options->clock_skew_s, err);
    if (refusal == SKR_AUTH_ALLOWED && !skr_form_signature_matches(*key, &signature, given->policy))
        refusal = skr_form_mismatch(err);
    return refusal;
}

static enum skr_auth_refusal skr_form_check_v2(const struct skr_s3_auth_options *options,
                                               const struct skr_form_credentials *given, const struct skr_s3_key **key,
                                               struct skr_error *err)
{
    if (given->old_key.data == NULL)
        return skr_form_lacks("AWSAccessKeyId", err);
    if (given->old_signature.data == NULL)
        return skr_form_lacks("signature", err);
    enum skr_auth_refusal refusal = skr_form_key(options, given->old_key, key, err);
    if (refusal == SKR_AUTH_ALLOWED && !skr_sigv2_matches(*key, given->policy, given->old_signature))
        refusal = skr_form_mismatch(err);
    return refusal;
}

enum skr_auth_refusal skr_auth_s3_form(const struct skr_s3_auth_options *options, const struct skr_s3_form_fields *form,
                                       struct skr_arena *arena, struct skr_principal *out, struct skr_s3_form_range *range,
                                       struct skr_error *err)
{
    struct skr_form_credentials given = {.policy = SKR_NO_BYTES};
    const struct skr_s3_key *key;
    *err = (struct skr_error){.status = SKR_UNAUTHENTICATED};
    *out = (struct skr_principal){.scheme = SKR_AUTH_ANONYMOUS};
    *range = (struct skr_s3_form_range){0, UINT64_MAX};
    skr_form_read(form, &given);
    bool is_v4 = given.algorithm.data != NULL || given.credential.data != NULL || given.date.data != NULL ||
                 given.signature.data != NULL;
    bool is_v2 = given.old_key.data != NULL || given.old_signature.data != NULL;
    if (given.token.size > 0)
        return skr_refuse(err, SKR_AUTH_TOKEN_INVALID,
                          "The provided token is malformed or otherwise invalid: there are no session tokens here.");
    if (!is_v4 && !is_v2 && given.policy.data == NULL)
        return SKR_AUTH_ALLOWED;
    if (is_v4 && is_v2)
        return skr_refuse(err, SKR_AUTH_FORM_FIELD, "Only one auth mechanism allowed: fields of Version 4 or of Version 2.");
    if (given.policy.data == NULL)
        return skr_form_lacks("policy", err);
    enum skr_auth_refusal refusal = is_v4 ? skr_form_check_v4(options, &given, form->received_ns / 1000000000, &key, err)
                                          : skr_form_check_v2(options, &given, &key, err);
    if (refusal == SKR_AUTH_ALLOWED)
        refusal = skr_post_policy_check(given.policy, form, arena, range, err);
    if (refusal == SKR_AUTH_ALLOWED)
        skr_s3_principal(key, out);
    return refusal;
}
