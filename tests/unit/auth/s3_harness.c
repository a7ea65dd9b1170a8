#include "s3_harness.h"

#include <check.h>

#include "sigv4_vectors.h"

struct skr_s3_auth_options s3_options;
struct skr_s3_payload payload;

static struct skr_arena s3_arena;
static struct skr_accounts *s3_accounts;

void s3_open(void)
{
    ck_assert_int_eq(skr_accounts_open(&s3_accounts, &error), SKR_OK);
    ck_assert_int_eq(skr_accounts_add(s3_accounts, SKR_BYTES("first"), SKR_BYTES("AAAA"), &error), SKR_OK);
    ck_assert_int_eq(skr_accounts_add(s3_accounts, SKR_BYTES("second"), SKR_BYTES("AAAB"), &error), SKR_OK);
    ck_assert_int_eq(skr_accounts_add_s3_key(s3_accounts, SKR_BYTES(SIGV4_ACCESS), SKR_BYTES(SIGV4_SECRET), SKR_BYTES("first"),
                                             false, &error),
                     SKR_OK);
    ck_assert_int_eq(
        skr_accounts_add_s3_key(s3_accounts, SKR_BYTES("AKIDREADER"), SKR_BYTES(TEST_KEY), SKR_BYTES("first"), true, &error),
        SKR_OK);
    ck_assert_int_eq(skr_accounts_add_s3_key(s3_accounts, SKR_BYTES(EXAMPLE_ACCESS),
                                             SKR_BYTES("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), SKR_BYTES("second"), false,
                                             &error),
                     SKR_OK);
    s3_options = (struct skr_s3_auth_options){.accounts = s3_accounts, .region = SKR_BYTES("us-east-1"), .clock_skew_s = 900};
}

void s3_close(void)
{
    harness_close();
    skr_accounts_close(s3_accounts);
    skr_arena_release(&s3_arena);
    s3_accounts = NULL;
}

void s3_request(const char *method, const char *target_text, const char *headers)
{
    skr_arena_release(&s3_arena);
    harness_request(&(struct vector){
        .name = "", .method = method, .target = target_text, .headers = headers, .container = "", .object = ""});
    struct skr_bytes host = skr_request_header(&request, "host");
    const char *colon = host.size == 0 ? NULL : memchr(host.data, ':', host.size);
    request.host = (struct skr_bytes){host.data, colon == NULL ? host.size : (size_t)(colon - host.data)};
}

enum skr_auth_refusal s3_check(void)
{
    memset(&principal, 0xAA, sizeof principal);
    memset(&payload, 0xAA, sizeof payload);
    error.message[0] = '\0';
    enum skr_auth_refusal refusal = skr_auth_s3(&s3_options, &request, &s3_arena, &principal, &payload, &error);
    ck_assert_msg(refusal == SKR_AUTH_ALLOWED || error.message[0] != '\0', "a refusal (%d) without a reason", refusal);
    return refusal;
}

enum skr_auth_refusal s3_run(const char *method, const char *target_text, const char *headers)
{
    s3_request(method, target_text, headers);
    return s3_check();
}

void s3_must_refuse(enum skr_auth_refusal refusal, const char *method, const char *target_text, const char *headers)
{
    enum skr_auth_refusal got = s3_run(method, target_text, headers);
    ck_assert_msg(got == refusal, "%s %s: refusal %d, not %d: %s\n%s", method, target_text, got, refusal, error.message,
                  headers);
}
