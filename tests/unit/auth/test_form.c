/* Forms of browsers: Amazon's own example, everything in it altered, and what policies say. */
#include <check.h>
#include <stdio.h>

#include "post_policy.h"
#include "run.h"
#include "s3_harness.h"
#include "skerry/encoding.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define MOST 20

/* "Example: Browser-Based Upload using HTTP POST (Using AWS Signature Version 4)": its policy and its signature. The one of
 * Version 2 was computed with Python's hmac. */
#define EXAMPLE_POLICY                                                                                                         \
    "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tl"                     \
    "dCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAg"                     \
    "ICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhh"                     \
    "bXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwg"                     \
    "IiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAg"                     \
    "ICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXot"                     \
    "bWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkv"                     \
    "dXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwN"                     \
    "CiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9"
#define EXAMPLE_SIGNATURE "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"
#define EXAMPLE_OLD_SIGNATURE "QyigO3Da7gYxPW1IXllc6C7gI74="
#define EXAMPLE_SIGNED_S INT64_C(1451347200)  /* 20151229T000000Z */
#define EXAMPLE_EXPIRES_S INT64_C(1451476800) /* 2015-12-30T12:00:00Z */

static const struct skr_name_value example[] = {
    {SKR_BYTES("key"), SKR_BYTES("user/user1/a.png")},
    {SKR_BYTES("acl"), SKR_BYTES("public-read")},
    {SKR_BYTES("success_action_redirect"), SKR_BYTES("http://sigv4examplebucket.s3.amazonaws.com/successful_upload.html")},
    {SKR_BYTES("Content-Type"), SKR_BYTES("image/png")},
    {SKR_BYTES("x-amz-meta-uuid"), SKR_BYTES("14365123651274")},
    {SKR_BYTES("x-amz-server-side-encryption"), SKR_BYTES("AES256")},
    {SKR_BYTES("X-Amz-Credential"), SKR_BYTES("AKIAIOSFODNN7EXAMPLE/20151229/us-east-1/s3/aws4_request")},
    {SKR_BYTES("X-Amz-Algorithm"), SKR_BYTES("AWS4-HMAC-SHA256")},
    {SKR_BYTES("X-Amz-Date"), SKR_BYTES("20151229T000000Z")},
    {SKR_BYTES("x-amz-meta-tag"), SKR_BYTES("")},
    {SKR_BYTES("Policy"), SKR_BYTES(EXAMPLE_POLICY)},
    {SKR_BYTES("X-Amz-Signature"), SKR_BYTES(EXAMPLE_SIGNATURE)},
};

static struct skr_arena arena;
static struct skr_s3_form_range range;
static struct skr_name_value fields[MOST];
static size_t field_count;

static void take_example(void)
{
    memcpy(fields, example, sizeof example);
    field_count = COUNT(example);
}

static struct skr_name_value *field(const char *name)
{
    for (size_t i = 0; i < field_count; i++)
        if (skr_bytes_equal_nocase(fields[i].name, skr_text(name)))
            return &fields[i];
    ck_abort_msg("no field %s", name);
}

static void drop(const char *name)
{
    struct skr_name_value *dropped = field(name);
    *dropped = fields[--field_count];
}

static void add(const char *name, const char *value)
{
    ck_assert_uint_lt(field_count, MOST);
    fields[field_count++] = (struct skr_name_value){skr_text(name), skr_text(value)};
}

static enum skr_auth_refusal check_at(int64_t now_s)
{
    struct skr_s3_form_fields form = {
        .fields = fields, .count = field_count, .bucket = SKR_BYTES("sigv4examplebucket"), .received_ns = now_s * 1000000000};
    memset(&principal, 0xAA, sizeof principal);
    skr_arena_release(&arena);
    error.message[0] = '\0';
    enum skr_auth_refusal refusal = skr_auth_s3_form(&s3_options, &form, &arena, &principal, &range, &error);
    ck_assert_msg(refusal == SKR_AUTH_ALLOWED || error.message[0] != '\0', "a refusal (%d) without a reason", refusal);
    ck_assert_msg(refusal == SKR_AUTH_ALLOWED || principal.scheme == SKR_AUTH_ANONYMOUS, "refused, and still somebody");
    return refusal;
}

static enum skr_auth_refusal check(void)
{
    return check_at(EXAMPLE_SIGNED_S + 60);
}

START_TEST(documented)
{
    s3_open();
    take_example();
    ck_assert_msg(check() == SKR_AUTH_ALLOWED, "%s", error.message);
    ck_assert(skr_bytes_equal(principal.account, SKR_BYTES("second")) && principal.scheme == SKR_AUTH_SIGV4);
    ck_assert(range.least_bytes == 0 && range.most_bytes == UINT64_MAX);
    drop("x-amz-signature");
    ck_assert_int_eq(check(), SKR_AUTH_FORM_FIELD);
    add("AWSAccessKeyId", EXAMPLE_ACCESS);
    add("signature", EXAMPLE_OLD_SIGNATURE);
    ck_assert_int_eq(check(), SKR_AUTH_FORM_FIELD); /* both versions */
    s3_close();
}
END_TEST

START_TEST(version_2)
{
    s3_open();
    take_example();
    drop("x-amz-signature");
    drop("x-amz-date");
    drop("x-amz-algorithm");
    drop("x-amz-credential");
    add("AWSAccessKeyId", EXAMPLE_ACCESS);
    add("signature", EXAMPLE_OLD_SIGNATURE);
    ck_assert_int_eq(check(), SKR_AUTH_POLICY_FAILED); /* whose conditions want the fields of Version 4 */
    ck_assert(strstr(error.message, "x-amz-credential") != NULL);
    char altered[] = EXAMPLE_OLD_SIGNATURE;
    for (size_t i = 0; i < sizeof altered - 1; i++) {
        char was = altered[i];
        altered[i] = was == 'A' ? 'B' : 'A';
        field("signature")->value = SKR_BYTES(altered);
        ck_assert_int_eq(check(), SKR_AUTH_SIGNATURE_MISMATCH);
        altered[i] = was;
    }
    field("AWSAccessKeyId")->value = SKR_BYTES("AKIDOTHER");
    ck_assert_int_eq(check(), SKR_AUTH_ACCESS_KEY_UNKNOWN);
    s3_close();
}
END_TEST

START_TEST(altered)
{
    static char policy[] = EXAMPLE_POLICY, signature[] = EXAMPLE_SIGNATURE;
    s3_open();
    take_example();
    field("policy")->value = SKR_BYTES(policy);
    for (size_t i = 0; i < sizeof policy - 1; i++) {
        char was = policy[i];
        policy[i] = was == 'A' ? 'B' : 'A';
        ck_assert_int_eq(check(), SKR_AUTH_SIGNATURE_MISMATCH);
        policy[i] = was;
    }
    field("x-amz-signature")->value = SKR_BYTES(signature);
    for (size_t i = 0; i < sizeof signature - 1; i++) {
        char was = signature[i];
        signature[i] = was == 'a' ? 'b' : 'a';
        ck_assert_int_eq(check(), SKR_AUTH_SIGNATURE_MISMATCH);
        signature[i] = was;
        field("x-amz-signature")->value.size = i;
        ck_assert_int_eq(check(), SKR_AUTH_SIGNATURE_MISMATCH);
        field("x-amz-signature")->value.size = sizeof signature - 1;
    }
    ck_assert_int_eq(check(), SKR_AUTH_ALLOWED);
    s3_close();
}
END_TEST

START_TEST(other_fields)
{
    static const struct {
        const char *name, *value;
        enum skr_auth_refusal refusal;
    } cases[] = {
        {"key", "user/user2/a.png", SKR_AUTH_POLICY_FAILED},
        {"acl", "public-read-write", SKR_AUTH_POLICY_FAILED},
        {"success_action_redirect", "http://elsewhere/", SKR_AUTH_POLICY_FAILED},
        {"content-type", "text/html", SKR_AUTH_POLICY_FAILED},
        {"content-type", "image/png, text/html", SKR_AUTH_POLICY_FAILED},
        {"content-type", "image/png, image/gif", SKR_AUTH_ALLOWED},
        {"x-amz-meta-uuid", "1", SKR_AUTH_POLICY_FAILED},
        {"x-amz-meta-tag", "anything", SKR_AUTH_ALLOWED},
        {"x-amz-algorithm", "AWS4-HMAC-SHA1", SKR_AUTH_FORM_FIELD},
        {"x-amz-date", "20151229T000001Z", SKR_AUTH_POLICY_FAILED},
        {"x-amz-date", "20151228T000000Z", SKR_AUTH_SCOPE_WRONG},
        {"x-amz-date", "2015-12-29", SKR_AUTH_FORM_FIELD},
        {"x-amz-credential", EXAMPLE_ACCESS "/20151229/us-east-1/s3", SKR_AUTH_FORM_FIELD},
        {"x-amz-credential", EXAMPLE_ACCESS "/20151229/us-west-1/s3/aws4_request", SKR_AUTH_SCOPE_WRONG},
        {"x-amz-credential", EXAMPLE_ACCESS "/20151229/us-east-1/ec2/aws4_request", SKR_AUTH_SCOPE_WRONG},
        {"x-amz-credential", "AKIDREADER/20151229/us-east-1/s3/aws4_request", SKR_AUTH_SIGNATURE_MISMATCH},
        {"x-amz-credential", "AKIDOTHER/20151229/us-east-1/s3/aws4_request", SKR_AUTH_ACCESS_KEY_UNKNOWN},
    };
    s3_open();
    for (size_t i = 0; i < COUNT(cases); i++) {
        take_example();
        field(cases[i].name)->value = skr_text(cases[i].value);
        enum skr_auth_refusal refusal = check();
        ck_assert_msg(refusal == cases[i].refusal, "%s: %s: %d (%s)", cases[i].name, cases[i].value, refusal, error.message);
    }
    for (size_t i = 0; i < COUNT(example); i++) { /* none may be missing; and none but the exempt may be added */
        take_example();
        fields[i] = fields[--field_count];
        ck_assert_int_ne(check(), SKR_AUTH_ALLOWED);
    }
    take_example();
    add("X-Ignore-this", "x");
    ck_assert_int_eq(check(), SKR_AUTH_ALLOWED);
    add("x-amz-meta-more", "");
    ck_assert_int_eq(check(), SKR_AUTH_POLICY_FAILED);
    ck_assert_str_eq(error.message, "Invalid according to Policy: Extra input fields: x-amz-meta-more");
    take_example();
    add("x-amz-security-token", "t");
    ck_assert_int_eq(check(), SKR_AUTH_TOKEN_INVALID);
    s3_close();
}
END_TEST

START_TEST(times)
{
    s3_open();
    take_example();
    ck_assert_int_eq(check_at(EXAMPLE_SIGNED_S - 901), SKR_AUTH_NOT_YET_VALID);
    ck_assert_int_eq(check_at(EXAMPLE_SIGNED_S - 900), SKR_AUTH_ALLOWED);
    ck_assert_int_eq(check_at(EXAMPLE_EXPIRES_S), SKR_AUTH_ALLOWED);
    ck_assert_int_eq(check_at(EXAMPLE_EXPIRES_S + 1), SKR_AUTH_POLICY_FAILED);
    ck_assert_str_eq(error.message, "Invalid according to Policy: Policy expired.");
    ck_assert_int_eq(check_at(EXAMPLE_SIGNED_S + 7 * 86400 + 1), SKR_AUTH_EXPIRED); /* the key's week */
    s3_close();
}
END_TEST

START_TEST(nobody)
{
    s3_open();
    field_count = 0;
    add("key", "k");
    ck_assert_int_eq(check(), SKR_AUTH_ALLOWED);
    ck_assert(principal.scheme == SKR_AUTH_ANONYMOUS && principal.account.size == 0 && principal.permissions == 0);
    static const char *const halves[] = {"policy",          "x-amz-algorithm", "x-amz-credential", "x-amz-date",
                                         "x-amz-signature", "AWSAccessKeyId",  "signature"};
    for (size_t i = 0; i < COUNT(halves); i++) { /* a half of credentials is not nobody */
        field_count = 0;
        add(halves[i], "");
        ck_assert_int_eq(check(), SKR_AUTH_FORM_FIELD);
    }
    s3_close();
}
END_TEST

/* ---- policies ---- */

static enum skr_auth_refusal apply(const char *text)
{
    static char encoded[65536];
    size_t size = strlen(text);
    struct skr_s3_form_fields form = {
        .fields = fields, .count = field_count, .bucket = SKR_BYTES("box"), .received_ns = EXAMPLE_SIGNED_S * 1000000000};
    ck_assert_uint_le(SKR_BASE64_SIZE(size), sizeof encoded);
    skr_base64_encode(encoded, text, size);
    range = (struct skr_s3_form_range){0, UINT64_MAX};
    skr_arena_release(&arena);
    return skr_post_policy_check((struct skr_bytes){encoded, SKR_BASE64_SIZE(size)}, &form, &arena, &range, &error);
}

#define UNTIL "{\"expiration\": \"2016-01-01T00:00:00Z\", \"conditions\": ["
#define GOOD UNTIL "{\"bucket\": \"box\"}, {\"key\": \"k\"}"

START_TEST(conditions)
{
    static const struct {
        const char *text;
        enum skr_auth_refusal refusal;
    } cases[] = {
        {GOOD "]}", SKR_AUTH_ALLOWED},
        {GOOD ", ]}", SKR_AUTH_ALLOWED},
        {GOOD ",\r\n\t],}", SKR_AUTH_ALLOWED},
        {GOOD ",,]}", SKR_AUTH_POLICY_MALFORMED},
        {GOOD ", [\"eq\", \"\\$key\", \"k\"]]}", SKR_AUTH_ALLOWED},
        {GOOD ", [\"starts-with\", \"$KEY\", \"\"]]}", SKR_AUTH_ALLOWED},
        {GOOD ", [\"Starts-With\", \"$key\", \"\\u006b\"]]}", SKR_AUTH_ALLOWED},
        {GOOD ", [\"eq\", \"$key\", \"K\"]]}", SKR_AUTH_POLICY_FAILED},
        {GOOD ", [\"eq\", \"$key\", \"\\v\"]]}", SKR_AUTH_POLICY_FAILED},
        {GOOD ", [\"eq\", \"$key\", \"k\\\\\"]]}", SKR_AUTH_POLICY_FAILED},
        {GOOD ", [\"eq\", \"$key\", \"\\u0000\"]]}", SKR_AUTH_POLICY_MALFORMED},
        {GOOD ", [\"eq\", \"$key\", \"\\x\"]]}", SKR_AUTH_POLICY_MALFORMED},
        {GOOD ", [\"eq\", \"$\", \"k\"]]}", SKR_AUTH_POLICY_MALFORMED},
        {GOOD ", [\"eq\", \"key\", \"k\"]]}", SKR_AUTH_POLICY_MALFORMED},
        {GOOD ", [\"eq\", 1, \"k\"]]}", SKR_AUTH_POLICY_MALFORMED},
        {GOOD ", [\"eq\", \"$key\", 1]]}", SKR_AUTH_POLICY_MALFORMED},
        {GOOD ", [\"eq\", \"$key\"]]}", SKR_AUTH_POLICY_MALFORMED},
        {GOOD ", [1, \"$key\", \"k\"]]}", SKR_AUTH_POLICY_MALFORMED},
        {GOOD ", []]}", SKR_AUTH_POLICY_MALFORMED},
        {GOOD ", {}]}", SKR_AUTH_POLICY_MALFORMED},
        {GOOD ", {\"key\": \"k\", \"bucket\": \"box\"}]}", SKR_AUTH_POLICY_MALFORMED},
        {GOOD ", {\"key\": 1}]}", SKR_AUTH_POLICY_MALFORMED},
        {GOOD ", null]}", SKR_AUTH_POLICY_MALFORMED},
        {GOOD ", {\"other\": \"\"}]}", SKR_AUTH_POLICY_FAILED},
        {GOOD ", {\"bucket\": \"bo\"}]}", SKR_AUTH_POLICY_FAILED},
        {GOOD "]} x", SKR_AUTH_POLICY_MALFORMED},
        {GOOD "], \"conditions\": []}", SKR_AUTH_POLICY_MALFORMED},
        {GOOD "], \"else\": 1}", SKR_AUTH_POLICY_MALFORMED},
        {UNTIL "{\"key\": \"k\"}]}", SKR_AUTH_POLICY_FAILED},
        {UNTIL "{\"bucket\": \"box\"}]}", SKR_AUTH_POLICY_FAILED},
        {"{\"expiration\": \"2016-01-01T00:00:00Z\"}", SKR_AUTH_POLICY_MALFORMED},
        {"{\"expiration\": \"2016-01-01T00:00:00Z\", \"conditions\": \"\"}", SKR_AUTH_POLICY_MALFORMED},
        {"{\"conditions\": []}", SKR_AUTH_POLICY_MALFORMED},
        {"{\"expiration\": \"2016-01-01\", \"conditions\": []}", SKR_AUTH_POLICY_MALFORMED},
        {"{\"expiration\": \"2016-01-01T00:00:00+00:00\", \"conditions\": []}", SKR_AUTH_POLICY_MALFORMED},
        {"{\"expiration\": \"2015-01-01T00:00:00Z\", \"conditions\": []}", SKR_AUTH_POLICY_FAILED},
        {"{\"expiration\": 1, \"conditions\": []}", SKR_AUTH_POLICY_MALFORMED},
        {"[]", SKR_AUTH_POLICY_MALFORMED},
        {"", SKR_AUTH_POLICY_MALFORMED},
        {"{", SKR_AUTH_POLICY_MALFORMED},
        {"\"\\", SKR_AUTH_POLICY_MALFORMED},
    };
    field_count = 0;
    add("key", "k");
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum skr_auth_refusal refusal = apply(cases[i].text);
        ck_assert_msg(refusal == cases[i].refusal, "%s: %d (%s)", cases[i].text, refusal, error.message);
    }
    apply(GOOD ", [\"starts-with\", \"$key\", \"x\"]]}");
    ck_assert_str_eq(error.message, "Invalid according to Policy: Policy Condition failed: [\"starts-with\", \"$key\", \"x\"]");
    skr_arena_release(&arena);
}
END_TEST

START_TEST(ranges)
{
    static const struct {
        const char *list;
        bool fine;
        uint64_t least, most;
    } cases[] = {
        {"0, 0", true, 0, 0},           {"1, 10", true, 1, 10},
        {"\"1\", \"10\"", true, 1, 10}, {"0, 9223372036854775807", true, 0, INT64_MAX},
        {"10, 1", false, 0, 0},         {"-1, 1", false, 0, 0},
        {"0, 1.5", false, 0, 0},        {"0, 9223372036854775808", false, 0, 0},
        {"\"\", \"1\"", false, 0, 0},   {"\"1 \", \"2\"", false, 0, 0},
        {"null, 1", false, 0, 0},       {"1", false, 0, 0},
        {"1, 2, 3", false, 0, 0},
    };
    char text[512];
    field_count = 0;
    add("key", "k");
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(text, sizeof text, GOOD ", [\"content-length-range\", %s]]}", cases[i].list);
        enum skr_auth_refusal refusal = apply(text);
        ck_assert_msg(refusal == (cases[i].fine ? SKR_AUTH_ALLOWED : SKR_AUTH_POLICY_MALFORMED), "%s: %d", text, refusal);
        ck_assert(!cases[i].fine || (range.least_bytes == cases[i].least && range.most_bytes == cases[i].most));
    }
    ck_assert_int_eq(apply(GOOD ", [\"content-length-range\", 1, 20], [\"Content-Length-Range\", 5, 30]]}"), SKR_AUTH_ALLOWED);
    ck_assert(range.least_bytes == 5 && range.most_bytes == 20);
    skr_arena_release(&arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("auth_form");
    TCase *tests = tcase_create("all");
    tcase_add_test(tests, documented);
    tcase_add_test(tests, version_2);
    tcase_add_test(tests, altered);
    tcase_add_test(tests, other_fields);
    tcase_add_test(tests, times);
    tcase_add_test(tests, nobody);
    tcase_add_test(tests, conditions);
    tcase_add_test(tests, ranges);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
