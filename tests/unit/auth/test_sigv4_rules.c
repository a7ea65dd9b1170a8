/* Rules of S3 requests beside the signature: forms, times, scopes, what must be signed, payloads, keys, and what a key may do.
 */
#include <check.h>
#include <openssl/hmac.h>

#include "run.h"
#include "s3_harness.h"
#include "sigv4_vectors.h"
#include "skerry/encoding.h"

#define HOST "Host: h\n"
#define DATED "x-amz-date: " SIGV4_STAMP "\n"
#define PLAIN "x-amz-content-sha256: UNSIGNED-PAYLOAD\n"
#define SCOPE "20260615/us-east-1/s3/aws4_request"
#define ZEROS "0000000000000000000000000000000000000000000000000000000000000000"
#define CREDENTIAL "Credential=" SIGV4_ACCESS "/" SCOPE
#define NAMES "SignedHeaders=host;x-amz-content-sha256;x-amz-date"
#define AUTHORIZATION "Authorization: AWS4-HMAC-SHA256 "
#define WHOLE AUTHORIZATION CREDENTIAL "," NAMES ",Signature=" ZEROS "\n"
#define QUERY_WITHOUT_CREDENTIAL "X-Amz-Date=" SIGV4_STAMP "&X-Amz-Expires=60&X-Amz-SignedHeaders=host&X-Amz-Signature=" ZEROS
#define QUERY_CREDENTIAL "X-Amz-Credential=" SIGV4_ACCESS "%2F20260615%2Fus-east-1%2Fs3%2Faws4_request"
#define QUERY "X-Amz-Algorithm=AWS4-HMAC-SHA256&" QUERY_CREDENTIAL "&" QUERY_WITHOUT_CREDENTIAL

static char text[4096];

static const struct sigv4_vector *vector_named(const char *name)
{
    for (size_t i = 0; i < COUNT(sigv4_vectors); i++)
        if (strcmp(sigv4_vectors[i].name, name) == 0)
            return &sigv4_vectors[i];
    ck_abort_msg("no vector '%s'", name);
}

START_TEST(forms_of_the_header)
{
    static const struct {
        const char *value;
        enum skr_auth_refusal refusal;
    } cases[] = {
        {"AWS4-HMAC-SHA256 " CREDENTIAL "," NAMES ",Signature=" ZEROS, SKR_AUTH_SIGNATURE_MISMATCH},
        {"AWS4-HMAC-SHA256   " CREDENTIAL " , " NAMES ",\tSignature=" ZEROS, SKR_AUTH_SIGNATURE_MISMATCH},
        {"AWS4-HMAC-SHA256 Signature=" ZEROS "," NAMES "," CREDENTIAL, SKR_AUTH_SIGNATURE_MISMATCH},
        {"AWS4-HMAC-SHA256 " CREDENTIAL "," NAMES ",Signature=00", SKR_AUTH_SIGNATURE_MISMATCH},
        {"AWS4-HMAC-SHA256 " CREDENTIAL "," NAMES ",Signature=", SKR_AUTH_SIGNATURE_MISMATCH},
        {"", SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256", SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 ", SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 " CREDENTIAL "," NAMES, SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 " CREDENTIAL ",Signature=" ZEROS, SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 " NAMES ",Signature=" ZEROS, SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 " CREDENTIAL "," CREDENTIAL "," NAMES ",Signature=" ZEROS, SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 " CREDENTIAL "," NAMES ",Signature=" ZEROS ",Signature=" ZEROS, SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 " CREDENTIAL "," NAMES ",Signature=" ZEROS ",More=1", SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 " CREDENTIAL ",,," NAMES ",Signature=" ZEROS, SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 " CREDENTIAL ",SignedHeaders=,Signature=" ZEROS, SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 " CREDENTIAL ",SignedHeaders=host;;x-amz-date,Signature=" ZEROS, SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 " CREDENTIAL ",SignedHeaders=host;x-amz-date;,Signature=" ZEROS, SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 " CREDENTIAL ",SignedHeaders=host;x-amz-date;Host,Signature=" ZEROS, SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 " CREDENTIAL ",SignedHeaders=ho st,Signature=" ZEROS, SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=," NAMES ",Signature=" ZEROS, SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=/" SCOPE "," NAMES ",Signature=" ZEROS, SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=" SIGV4_ACCESS "," NAMES ",Signature=" ZEROS, SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=" SIGV4_ACCESS "/20260615/us-east-1/s3," NAMES ",Signature=" ZEROS,
         SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=" SIGV4_ACCESS "/" SCOPE "/more," NAMES ",Signature=" ZEROS, SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=" SIGV4_ACCESS "/20260615/us-east-1/s3/aws5_request," NAMES ",Signature=" ZEROS,
         SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=" SIGV4_ACCESS "/2026061/us-east-1/s3/aws4_request," NAMES ",Signature=" ZEROS,
         SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=" SIGV4_ACCESS "/20260615/" ZEROS "0/s3/aws4_request," NAMES ",Signature=" ZEROS,
         SKR_AUTH_HEADER_MALFORMED},
        {"AWS4-HMAC-SHA256 Credential=AKIDOTHER/" SCOPE "," NAMES ",Signature=" ZEROS, SKR_AUTH_ACCESS_KEY_UNKNOWN},
        {"AWS4-HMAC-SHA256 Credential=" SIGV4_ACCESS "X/" SCOPE "," NAMES ",Signature=" ZEROS, SKR_AUTH_ACCESS_KEY_UNKNOWN},
        {"AWS4-ECDSA-P256-SHA256 " CREDENTIAL "," NAMES ",Signature=" ZEROS, SKR_AUTH_HEADER_MALFORMED},
        {"aws4-hmac-sha256 " CREDENTIAL "," NAMES ",Signature=" ZEROS, SKR_AUTH_HEADER_MALFORMED},
        {"AWS " SIGV4_ACCESS ":frJIUN8DYpKDtOLCwo//yllqDzg=", SKR_AUTH_SIGNATURE_VERSION},
        {"SharedKey first:AAAA", SKR_AUTH_HEADER_MALFORMED},
        {"Bearer x", SKR_AUTH_HEADER_MALFORMED},
        {"Basic x", SKR_AUTH_HEADER_MALFORMED},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(text, sizeof text, HOST DATED PLAIN "Authorization: %s\n", cases[i].value);
        s3_must_refuse(cases[i].refusal, "GET", "/key", text);
        ck_assert_ptr_null(strstr(error.message, SIGV4_SECRET));
    }
    s3_must_refuse(SKR_AUTH_HEADER_MALFORMED, "GET", "/key", HOST DATED PLAIN WHOLE WHOLE);
    size_t size = (size_t)snprintf(text, sizeof text,
                                   HOST DATED PLAIN AUTHORIZATION CREDENTIAL ",Signature=" ZEROS ",SignedHeaders=host");
    for (int i = 0; i < SKR_MAX_HEADERS; i++)
        size += (size_t)snprintf(text + size, sizeof text - size, ";h%d", i);
    snprintf(text + size, sizeof text - size, "\n");
    s3_must_refuse(SKR_AUTH_HEADER_MALFORMED, "GET", "/key", text);
    ck_assert_ptr_nonnull(strstr(error.message, "more headers"));
}
END_TEST

START_TEST(forms_of_the_query)
{
    static const struct {
        const char *query;
        enum skr_auth_refusal refusal;
    } cases[] = {
        {QUERY, SKR_AUTH_SIGNATURE_MISMATCH},
        {"X-Amz-Signature=" ZEROS, SKR_AUTH_QUERY_MALFORMED},
        {"X-Amz-Algorithm=AWS4-HMAC-SHA256", SKR_AUTH_QUERY_MALFORMED},
        {QUERY_CREDENTIAL, SKR_AUTH_QUERY_MALFORMED},
        {"X-Amz-Algorithm=AWS4-HMAC-SHA256&" QUERY_WITHOUT_CREDENTIAL, SKR_AUTH_QUERY_MALFORMED},
        {QUERY "&X-Amz-Signature=" ZEROS, SKR_AUTH_QUERY_MALFORMED},
        {QUERY "&X-Amz-Expires=60", SKR_AUTH_QUERY_MALFORMED},
        {QUERY "&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD&x-amz-content-sha256=UNSIGNED-PAYLOAD", SKR_AUTH_PAYLOAD_HASH_MALFORMED},
        {"X-Amz-Algorithm=AWS4-ECDSA-P256-SHA256&" QUERY_CREDENTIAL "&" QUERY_WITHOUT_CREDENTIAL, SKR_AUTH_QUERY_MALFORMED},
        {"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x&" QUERY_WITHOUT_CREDENTIAL, SKR_AUTH_QUERY_MALFORMED},
        {"AWSAccessKeyId=" SIGV4_ACCESS "&Expires=1893456000&Signature=x", SKR_AUTH_SIGNATURE_MISMATCH},
        {QUERY "&X-Amz-Security-Token=abc", SKR_AUTH_TOKEN_INVALID},
        {QUERY "&X-Amz-Security-Token=", SKR_AUTH_SIGNATURE_MISMATCH},
    };
    static const struct {
        const char *date, *expires, *names;
    } values[] = {{SIGV4_STAMP, "0", "host"},
                  {SIGV4_STAMP, "604801", "host"},
                  {SIGV4_STAMP, "-1", "host"},
                  {SIGV4_STAMP, "", "host"},
                  {SIGV4_STAMP, "1e3", "host"},
                  {SIGV4_STAMP, "99999999999999999999", "host"},
                  {"20260615T120000", "60", "host"},
                  {"2026-06-15T12:00:00Z", "60", "host"},
                  {"20261315T120000Z", "60", "host"},
                  {"", "60", "host"},
                  {SIGV4_STAMP, "60", ""},
                  {SIGV4_STAMP, "60", "host%0Ax"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(text, sizeof text, "/key?%s", cases[i].query);
        s3_must_refuse(cases[i].refusal, "GET", text, HOST);
    }
    for (size_t i = 0; i < COUNT(values); i++) {
        snprintf(
            text, sizeof text,
            "/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&%s&X-Amz-Date=%s&X-Amz-Expires=%s&X-Amz-SignedHeaders=%s&X-Amz-Signature=%s",
            QUERY_CREDENTIAL, values[i].date, values[i].expires, values[i].names, ZEROS);
        s3_must_refuse(SKR_AUTH_QUERY_MALFORMED, "GET", text, HOST);
    }
    s3_must_refuse(SKR_AUTH_QUERY_MALFORMED, "GET", "/key?" QUERY, HOST DATED PLAIN WHOLE);
    s3_must_refuse(SKR_AUTH_QUERY_MALFORMED, "GET", "/key?AWSAccessKeyId=x&Signature=y&Expires=1", HOST DATED PLAIN WHOLE);
}
END_TEST

static enum skr_auth_refusal at(const struct sigv4_vector *vector, int64_t away_s)
{
    s3_request(vector->method, vector->target, vector->headers);
    request.received_ns = (TEST_NOW_S + away_s) * 1000000000;
    return s3_check();
}

START_TEST(times)
{
    static const char *const dated[] = {"get", "date, HTTP", "date, ISO"};
    for (size_t i = 0; i < COUNT(dated); i++) {
        ck_assert_int_eq(at(vector_named(dated[i]), 900), SKR_AUTH_ALLOWED);
        ck_assert_int_eq(at(vector_named(dated[i]), -900), SKR_AUTH_ALLOWED);
        ck_assert_int_eq(at(vector_named(dated[i]), 901), SKR_AUTH_TIME_SKEWED);
        ck_assert_int_eq(at(vector_named(dated[i]), -901), SKR_AUTH_TIME_SKEWED);
        ck_assert_int_eq(at(vector_named(dated[i]), 86400), SKR_AUTH_TIME_SKEWED);
    }
    ck_assert_int_eq(at(vector_named("presigned get"), 3600), SKR_AUTH_ALLOWED);
    ck_assert_int_eq(at(vector_named("presigned get"), 3601), SKR_AUTH_EXPIRED);
    ck_assert_int_eq(at(vector_named("presigned get"), -900), SKR_AUTH_ALLOWED);
    ck_assert_int_eq(at(vector_named("presigned get"), -901), SKR_AUTH_NOT_YET_VALID);
    ck_assert_int_eq(at(vector_named("presigned for a week"), 604800), SKR_AUTH_ALLOWED);
    ck_assert_int_eq(at(vector_named("presigned for a week"), 604801), SKR_AUTH_EXPIRED);
    s3_options.clock_skew_s = 60;
    ck_assert_int_eq(at(vector_named("get"), 61), SKR_AUTH_TIME_SKEWED);
    s3_must_refuse(SKR_AUTH_DATE_MISSING, "GET", "/key", HOST PLAIN WHOLE);
    s3_must_refuse(SKR_AUTH_DATE_MISSING, "GET", "/key", HOST PLAIN "x-amz-date: yesterday\n" WHOLE);
    s3_must_refuse(SKR_AUTH_DATE_MISSING, "GET", "/key", HOST PLAIN "x-amz-date: Mon, 15 Jun 2026 12:00:00 GMT\n" WHOLE);
    s3_must_refuse(SKR_AUTH_DATE_MISSING, "GET", "/key", HOST PLAIN "Date: yesterday\n" WHOLE);
    static const char *const far[] = {"Date: Thu, 15 Jun 7119 12:00:00 GMT\n", "Date: Sun, 15 Jun 1600 12:00:00 GMT\n",
                                      "Date: 71190615T120000Z\n", "x-amz-date: 99991231T235959Z\n",
                                      "x-amz-date: 00010101T000000Z\n"};
    for (size_t i = 0; i < COUNT(far); i++) {
        snprintf(text, sizeof text, HOST PLAIN "%s" WHOLE, far[i]);
        ck_assert_int_ne(s3_run("GET", "/key", text), SKR_AUTH_ALLOWED);
    }
    s3_must_refuse(SKR_AUTH_DATE_MISSING, "GET", "/key", HOST PLAIN DATED DATED WHOLE);
    /* a good Date does not make up for a bad x-amz-date */
    s3_must_refuse(SKR_AUTH_DATE_MISSING, "GET", "/key", HOST PLAIN "x-amz-date:\nDate: " SIGV4_STAMP "\n" WHOLE);
    s3_must_refuse(SKR_AUTH_SCOPE_WRONG, "GET", "/key",
                   HOST PLAIN DATED AUTHORIZATION "Credential=" SIGV4_ACCESS "/20260614/us-east-1/s3/aws4_request," NAMES
                                                  ",Signature=" ZEROS "\n");
    /* a clock that is wrong is told before a scope that is */
    s3_must_refuse(SKR_AUTH_TIME_SKEWED, "GET", "/key", HOST PLAIN "x-amz-date: 20200101T000000Z\n" WHOLE);
}
END_TEST

START_TEST(scopes)
{
    static const struct {
        const char *ours, *theirs;
        bool good;
    } cases[] = {{"us-east-1", "us-east-1", true},
                 {"us-east-1", "US", true},
                 {"us-east-1", "", true},
                 {"", "us-east-1", true},
                 {"us-east-1", "eu-west-1", false},
                 {"eu-west-1", "eu-west-1", true},
                 {"eu-west-1", "US", false},
                 {"eu-west-1", "", false},
                 {"eu-west-1", "us-east-1", false},
                 {"*", "eu-west-1", true},
                 {"*", "", true},
                 {"us-east-1", "us-east-10", false}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        s3_options.region = skr_text(cases[i].ours);
        snprintf(text, sizeof text,
                 HOST PLAIN DATED AUTHORIZATION "Credential=" SIGV4_ACCESS "/20260615/%s/s3/aws4_request," NAMES
                                                ",Signature=" ZEROS "\n",
                 cases[i].theirs);
        s3_must_refuse(cases[i].good ? SKR_AUTH_SIGNATURE_MISMATCH : SKR_AUTH_SCOPE_WRONG, "GET", "/key", text);
        if (!cases[i].good)
            ck_assert_msg(strstr(error.message, cases[i].ours) != NULL, "%s", error.message);
    }
    s3_options.region = SKR_BYTES("eu-west-1");
    s3_must_refuse(SKR_AUTH_QUERY_SCOPE_WRONG, "GET", "/key?" QUERY, HOST);
    s3_options.region = SKR_BYTES("*");
    s3_must_refuse(SKR_AUTH_SCOPE_WRONG, "GET", "/key",
                   HOST PLAIN DATED AUTHORIZATION "Credential=" SIGV4_ACCESS "/20260615/us-east-1/iam/aws4_request," NAMES
                                                  ",Signature=" ZEROS "\n");
}
END_TEST

START_TEST(what_must_be_signed)
{
    s3_must_refuse(SKR_AUTH_UNSIGNED_HEADER, "GET", "/key",
                   HOST PLAIN DATED AUTHORIZATION CREDENTIAL ",SignedHeaders=x-amz-date,Signature=" ZEROS "\n");
    s3_must_refuse(SKR_AUTH_UNSIGNED_HEADER, "GET", "/key",
                   HOST PLAIN DATED AUTHORIZATION CREDENTIAL ",SignedHeaders=host,Signature=" ZEROS "\n");
    s3_must_refuse(SKR_AUTH_UNSIGNED_HEADER, "PUT", "/key", HOST PLAIN DATED "X-Amz-Copy-Source: /b/k\n" WHOLE);
    ck_assert_ptr_nonnull(strstr(error.message, "X-Amz-Copy-Source"));
    s3_must_refuse(SKR_AUTH_UNSIGNED_HEADER, "PUT", "/key?" QUERY, HOST "x-amz-acl: public-read\n");
    s3_must_refuse(SKR_AUTH_UNSIGNED_HEADER, "PUT", "/key?" QUERY, HOST DATED);
    s3_must_refuse(SKR_AUTH_UNSIGNED_HEADER, "PUT", "/key?" QUERY,
                   HOST "x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\n");
    s3_must_refuse(SKR_AUTH_UNSIGNED_HEADER, "PUT",
                   "/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&" QUERY_CREDENTIAL "&X-Amz-Date=" SIGV4_STAMP
                   "&X-Amz-Expires=60&X-Amz-SignedHeaders=range&X-Amz-Signature=" ZEROS,
                   HOST);
    /* what proxies add is nobody's business */
    s3_must_refuse(SKR_AUTH_SIGNATURE_MISMATCH, "GET", "/key",
                   HOST PLAIN DATED "X-Amzn-Trace-Id: 1\nX-Forwarded-For: 10.0.0.1\n" WHOLE);
    s3_must_refuse(SKR_AUTH_TOKEN_INVALID, "GET", "/key", HOST PLAIN DATED "x-amz-security-token: t\n" WHOLE);
}
END_TEST

START_TEST(payloads)
{
    static const struct {
        const char *headers;
        enum skr_auth_refusal refusal;
    } cases[] = {
        {"", SKR_AUTH_PAYLOAD_HASH_MISSING},
        {"x-amz-content-sha256:\n", SKR_AUTH_PAYLOAD_HASH_MALFORMED},
        {"x-amz-content-sha256: unsigned-payload\n", SKR_AUTH_PAYLOAD_HASH_MALFORMED},
        {"x-amz-content-sha256: 00\n", SKR_AUTH_PAYLOAD_HASH_MALFORMED},
        {"x-amz-content-sha256: " ZEROS "0\n", SKR_AUTH_PAYLOAD_HASH_MALFORMED},
        {"x-amz-content-sha256: STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD\n", SKR_AUTH_PAYLOAD_HASH_MALFORMED},
        {"x-amz-content-sha256: STREAMING-AWS4-ECDSA-P256-SHA256-PAYLOAD-TRAILER\n", SKR_AUTH_PAYLOAD_HASH_MALFORMED},
        {PLAIN PLAIN, SKR_AUTH_PAYLOAD_HASH_MALFORMED},
        {"x-amz-content-sha256: " ZEROS "\n", SKR_AUTH_SIGNATURE_MISMATCH},
        {"x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\n", SKR_AUTH_DECODED_LENGTH_MISSING},
        {"x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER\n", SKR_AUTH_DECODED_LENGTH_MISSING},
        {"x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\n", SKR_AUTH_DECODED_LENGTH_MISSING},
        {"x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\nx-amz-decoded-content-length: x\n",
         SKR_AUTH_DECODED_LENGTH_MISSING},
        {"x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\nx-amz-decoded-content-length: -1\n",
         SKR_AUTH_DECODED_LENGTH_MISSING},
        {"x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\nx-amz-decoded-content-length: 9223372036854775808\n",
         SKR_AUTH_DECODED_LENGTH_MISSING},
        {"x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\nx-amz-decoded-content-length: "
         "1\nx-amz-decoded-content-length: 2\n",
         SKR_AUTH_DECODED_LENGTH_MISSING},
        {"x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\nx-amz-decoded-content-length: 1\n",
         SKR_AUTH_SIGNATURE_MISMATCH},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        snprintf(text, sizeof text,
                 HOST DATED "%s" AUTHORIZATION CREDENTIAL "," NAMES ";x-amz-decoded-content-length,Signature=" ZEROS "\n",
                 cases[i].headers);
        s3_must_refuse(cases[i].refusal, "PUT", "/key", text);
    }
}
END_TEST

START_TEST(anonymous_requests)
{
    ck_assert_int_eq(s3_run("GET", "/key", HOST), SKR_AUTH_ALLOWED);
    ck_assert_int_eq(principal.scheme, SKR_AUTH_ANONYMOUS);
    ck_assert_uint_eq(principal.permissions, 0);
    ck_assert_int_eq(payload.kind, SKR_PAYLOAD_UNSIGNED);
    ck_assert_int_eq(s3_run("PUT", "/key", HOST "x-amz-acl: private\nx-amz-content-sha256: " ZEROS "\n"), SKR_AUTH_ALLOWED);
    ck_assert_int_eq(payload.kind, SKR_PAYLOAD_SIGNED);
    ck_assert_int_eq(s3_run("PUT", "/key",
                            HOST "x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER\nx-amz-decoded-content-length: 7\n"),
                     SKR_AUTH_ALLOWED);
    ck_assert_int_eq(payload.kind, SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER);
    ck_assert_uint_eq(payload.decoded_length, 7);
    s3_must_refuse(SKR_AUTH_PAYLOAD_HASH_MALFORMED, "PUT", "/key",
                   HOST "x-amz-content-sha256: STREAMING-AWS4-HMAC-SHA256-PAYLOAD\nx-amz-decoded-content-length: 7\n");
}
END_TEST

/* ---- keys ---- */

static void mac(unsigned char key[32], size_t key_size, const char *message)
{
    unsigned size = 32;
    ck_assert_ptr_nonnull(HMAC(EVP_sha256(), key, (int)key_size, (const unsigned char *)message, strlen(message), key, &size));
}

/* A GET of /key signed by `access` with `secret`, by OpenSSL's HMAC(). */
static enum skr_auth_refusal run_signed(const char *access, const char *secret)
{
    unsigned char key[300], digest[32];
    char hexadecimal[65] = "";
    const char *canonical = "GET\n/key\n\nhost:h\nx-amz-content-sha256:UNSIGNED-PAYLOAD\nx-amz-date:" SIGV4_STAMP
                            "\n\nhost;x-amz-content-sha256;x-amz-date\nUNSIGNED-PAYLOAD";
    size_t size = (size_t)snprintf((char *)key, sizeof key, "AWS4%s", secret);
    mac(key, size, "20260615");
    mac(key, 32, "us-east-1");
    mac(key, 32, "s3");
    mac(key, 32, "aws4_request");
    ck_assert_int_eq(EVP_Digest(canonical, strlen(canonical), digest, NULL, EVP_sha256(), NULL), 1);
    skr_hex_encode(hexadecimal, digest, 32);
    snprintf(text, sizeof text, "AWS4-HMAC-SHA256\n" SIGV4_STAMP "\n" SCOPE "\n%s", hexadecimal);
    mac(key, 32, text);
    skr_hex_encode(hexadecimal, key, 32);
    snprintf(text, sizeof text, HOST PLAIN DATED AUTHORIZATION "Credential=%s/" SCOPE "," NAMES ",Signature=%s\n", access,
             hexadecimal);
    return s3_run("GET", "/key", text);
}

START_TEST(each_key_has_its_own_secret_and_rights)
{
    ck_assert_int_eq(run_signed(SIGV4_ACCESS, SIGV4_SECRET), SKR_AUTH_ALLOWED);
    ck_assert_uint_eq(principal.permissions, UINT32_MAX);
    ck_assert_int_eq(run_signed("AKIDREADER", TEST_KEY), SKR_AUTH_ALLOWED);
    ck_assert_uint_eq(principal.permissions, SKR_PERMISSION_READ | SKR_PERMISSION_LIST | SKR_PERMISSION_POLICY);
    ck_assert(skr_bytes_equal(principal.account, SKR_BYTES("first")));
    ck_assert_int_eq(run_signed("AKIDREADER", SIGV4_SECRET), SKR_AUTH_SIGNATURE_MISMATCH);
    ck_assert_int_eq(run_signed(SIGV4_ACCESS, TEST_KEY), SKR_AUTH_SIGNATURE_MISMATCH);
    ck_assert_int_eq(run_signed("first", "AAAA"),
                     SKR_AUTH_ACCESS_KEY_UNKNOWN); /* an account's name is no access key by itself */
}
END_TEST

static enum skr_auth_refusal may(enum skr_method method, uint32_t permissions)
{
    struct skr_operation operation = {.method = method, .permissions = permissions, .resource = SKR_RESOURCE_OBJECT};
    struct skr_target where = {
        .account = principal.account, .container = SKR_BYTES("c"), .object = SKR_BYTES("o"), .resource = SKR_RESOURCE_OBJECT};
    return skr_auth_authorize(&principal, &operation, &where, 0);
}

START_TEST(a_full_key_does_what_a_row_asks_and_a_read_only_key_reads)
{
    static const struct {
        enum skr_method method;
        uint32_t permissions;
        bool reads;
    } rows[] = {{SKR_GET, SKR_PERMISSION_READ, true},
                {SKR_GET, SKR_PERMISSION_LIST, true},
                {SKR_HEAD, SKR_PERMISSION_READ, true},
                {SKR_GET, 0, true},
                {SKR_POST, SKR_PERMISSION_READ, true},
                {SKR_GET, SKR_PERMISSION_TAGS, false},
                {SKR_GET, SKR_PERMISSION_OWNER, false},
                {SKR_GET, SKR_PERMISSION_POLICY, true},
                {SKR_PUT, SKR_PERMISSION_POLICY, false},
                {SKR_PUT, 0, false},
                {SKR_POST, 0, false},
                {SKR_PUT, SKR_PERMISSION_WRITE, false},
                {SKR_DELETE, SKR_PERMISSION_DELETE, false},
                {SKR_PUT, SKR_PERMISSION_READ | SKR_PERMISSION_WRITE, false},
                {SKR_PUT, SKR_PERMISSION_OWNER, false}};
    for (size_t i = 0; i < COUNT(rows); i++) {
        ck_assert_int_eq(run_signed(SIGV4_ACCESS, SIGV4_SECRET), SKR_AUTH_ALLOWED);
        ck_assert_int_eq(may(rows[i].method, rows[i].permissions), SKR_AUTH_ALLOWED);
        ck_assert_int_eq(run_signed("AKIDREADER", TEST_KEY), SKR_AUTH_ALLOWED);
        ck_assert_msg(may(rows[i].method, rows[i].permissions) ==
                          (rows[i].reads ? SKR_AUTH_ALLOWED : SKR_AUTH_PERMISSION_MISMATCH),
                      "row %zu", i);
    }
    principal.account = SKR_BYTES("second");
    struct skr_operation operation = {.method = SKR_GET, .permissions = SKR_PERMISSION_READ};
    ck_assert_int_eq(skr_auth_authorize(&principal, &operation, &(struct skr_target){.account = SKR_BYTES("first")}, 2),
                     SKR_AUTH_FAILED);
}
END_TEST

START_TEST(access_keys_are_checked)
{
    static const char *const bad[] = {"", "a/b", "a b", "a,b", "a:b", "a\tb", "a\177", ZEROS ZEROS "0"};
    struct skr_accounts *accounts;
    char secret[258] = "";
    memset(secret, 's', 257);
    ck_assert_int_eq(skr_accounts_open(&accounts, &error), SKR_OK);
    ck_assert_int_eq(skr_accounts_add(accounts, SKR_BYTES("one"), SKR_BYTES("AAAA"), &error), SKR_OK);
    ck_assert_int_eq(skr_accounts_add(accounts, SKR_BYTES("two"), SKR_BYTES("AAAA"), &error), SKR_OK);
#define ADD(key, secret, account, read_only)                                                                                   \
    skr_accounts_add_s3_key(accounts, skr_text(key), skr_text(secret), skr_text(account), read_only, &error)
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_int_eq(ADD(bad[i], "secret", "one", false), SKR_INVALID_ARGUMENT);
    ck_assert_int_eq(ADD("a", "", "one", false), SKR_INVALID_ARGUMENT);
    ck_assert_int_eq(ADD("a", secret, "one", false), SKR_INVALID_ARGUMENT);
    ck_assert_ptr_null(strstr(error.message, secret));
    ck_assert_int_eq(ADD("a", "secret", "three", false), SKR_ACCOUNT_NOT_FOUND);
    ck_assert_int_eq(ADD("a", secret + 1, "one", false), SKR_OK);
    ck_assert_int_eq(ADD(ZEROS ZEROS, "secret", "one", false), SKR_OK);
    ck_assert_int_eq(ADD("a", secret + 1, "one", false), SKR_OK);
    ck_assert_int_eq(ADD("a", secret + 2, "one", false), SKR_INVALID_ARGUMENT);
    ck_assert_int_eq(ADD("a", secret + 1, "two", false), SKR_INVALID_ARGUMENT);
    ck_assert_int_eq(ADD("a", secret + 1, "one", true), SKR_INVALID_ARGUMENT);
    ck_assert(!skr_accounts_has_well_known_key(accounts));
    ck_assert_int_eq(ADD("b", SKR_WELL_KNOWN_KEY, "one", true), SKR_OK);
    ck_assert(skr_accounts_has_well_known_key(accounts));
    skr_accounts_close(accounts);
}
END_TEST

START_TEST(accounts_have_an_order)
{
    static const char *const names[] = {"zulu", "alpha", "zulu", "mike", "alpha"};
    struct skr_accounts *accounts;
    struct skr_bytes name;
    ck_assert_int_eq(skr_accounts_open(&accounts, &error), SKR_OK);
    ck_assert(!skr_accounts_name(accounts, 0, &name));
    for (size_t i = 0; i < COUNT(names); i++)
        ck_assert_int_eq(skr_accounts_add(accounts, skr_text(names[i]), SKR_BYTES("AAAA"), &error), SKR_OK);
    ck_assert(skr_accounts_name(accounts, 0, &name) && skr_bytes_equal(name, SKR_BYTES("zulu")));
    ck_assert(skr_accounts_name(accounts, 1, &name) && skr_bytes_equal(name, SKR_BYTES("alpha")));
    ck_assert(skr_accounts_name(accounts, 2, &name) && skr_bytes_equal(name, SKR_BYTES("mike")));
    ck_assert(!skr_accounts_name(accounts, 3, &name));
    skr_accounts_close(accounts);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("auth_sigv4_rules");
    TCase *tests = tcase_create("rules");
    tcase_add_checked_fixture(tests, s3_open, s3_close);
    tcase_add_test(tests, forms_of_the_header);
    tcase_add_test(tests, forms_of_the_query);
    tcase_add_test(tests, times);
    tcase_add_test(tests, scopes);
    tcase_add_test(tests, what_must_be_signed);
    tcase_add_test(tests, payloads);
    tcase_add_test(tests, anonymous_requests);
    tcase_add_test(tests, each_key_has_its_own_secret_and_rights);
    tcase_add_test(tests, a_full_key_does_what_a_row_asks_and_a_read_only_key_reads);
    tcase_add_test(tests, access_keys_are_checked);
    tcase_add_test(tests, accounts_have_an_order);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
