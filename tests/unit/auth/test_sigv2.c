/* Signature Version 2 in URLs. The signatures were computed with Python's hmac over texts written by hand. */
#include <check.h>

#include "run.h"
#include "s3_harness.h"

#define OWN "AWSAccessKeyId=" EXAMPLE_ACCESS "&Expires=1369353700&Signature="
#define PUPPY "CGd8PjYDSZ0R9eXgmDB4y%2FNYKBA%3D"
#define HOST "Host: s3.example.org\n"
#define COUNT(array) (sizeof(array) / sizeof *(array))

static enum skr_auth_refusal run(const char *method, const char *url, const char *headers, int64_t now_s)
{
    s3_request(method, url, headers);
    request.received_ns = now_s * 1000000000;
    return s3_check();
}

START_TEST(urls_that_were_signed)
{
    static const struct {
        const char *method, *target, *headers;
    } cases[] = {
        {"GET", "/photos/puppy.jpg?" OWN PUPPY, HOST},
        {"GET", "/photos/puppy.jpg?x-id=GetObject&" OWN PUPPY, HOST},
        {"GET", "/photos/a%20b?versionId=null&response-content-type=text%2Fplain&" OWN "LyBpJ11cM4mbLnEiARdGFQF3BiQ%3D", HOST},
        {"GET", "/photos/?acl&" OWN "sLWitU%2B6nWsvbMfFWJ%2FIb0f%2BgFA%3D", HOST},
        {"GET", "/photos?acl&" OWN "sLWitU%2B6nWsvbMfFWJ%2FIb0f%2BgFA%3D", HOST}, /* signed with the slash */
        {"GET", "/photos/?acl=&" OWN "sLWitU%2B6nWsvbMfFWJ%2FIb0f%2BgFA%3D", HOST},
        {"GET", "/photos?prefix=p&" OWN "GlRLGYVllyOiR4sFSyFIfb9%2BmAs%3D", HOST},
        {"PUT", "/photos/puppy.jpg?" OWN "fqvZ4Vu%2BR2hQTHK76CNrxudijc0%3D",
         HOST "Content-MD5: c8fdb181845a4ca6b8fec737b3581d76\nContent-Type: text/html\nX-Amz-Meta-Author: a\nx-amz-magic: "
              "abracadabra\nx-amz-meta-author: b\n"},
        {"PUT", "/photos/puppy.jpg?content-type=text%2Fhtml&x-amz-magic=abracadabra&" OWN "fqvZ4Vu%2BR2hQTHK76CNrxudijc0%3D",
         HOST "Content-MD5: c8fdb181845a4ca6b8fec737b3581d76\nContent-Type: text/html\nX-Amz-Meta-Author: a\nx-amz-magic: "
              "abracadabra\nx-amz-meta-author: b\n"},
    };
    s3_open();
    for (size_t i = 0; i < COUNT(cases); i++) {
        ck_assert_msg(run(cases[i].method, cases[i].target, cases[i].headers, EXAMPLE_NOW_S) == SKR_AUTH_ALLOWED, "%s: %s",
                      cases[i].target, error.message);
        ck_assert(skr_bytes_equal(principal.account, SKR_BYTES("second")));
        ck_assert_int_eq(payload.kind, SKR_PAYLOAD_UNSIGNED);
    }
    s3_close();
}
END_TEST

START_TEST(urls_that_were_altered)
{
    static const struct {
        const char *method, *target, *headers;
        enum skr_auth_refusal refusal;
    } cases[] = {
        {"HEAD", "/photos/puppy.jpg?" OWN PUPPY, HOST, SKR_AUTH_SIGNATURE_MISMATCH},
        {"GET", "/photos/kitten.jpg?" OWN PUPPY, HOST, SKR_AUTH_SIGNATURE_MISMATCH},
        {"GET", "/photos/puppy%2Ejpg?" OWN PUPPY, HOST, SKR_AUTH_SIGNATURE_MISMATCH},
        {"GET", "/photos/puppy.jpg?versionId=null&" OWN PUPPY, HOST, SKR_AUTH_SIGNATURE_MISMATCH},
        {"GET", "/photos/puppy.jpg?uploadId=1&" OWN PUPPY, HOST, SKR_AUTH_SIGNATURE_MISMATCH},
        {"GET", "/photos/puppy.jpg?attributes&" OWN PUPPY, HOST, SKR_AUTH_QUERY_MALFORMED},
        {"GET", "/photos/puppy.jpg?renameObject&" OWN PUPPY, HOST, SKR_AUTH_QUERY_MALFORMED},
        {"PUT", "/photos/puppy.jpg?prefix=p&" OWN PUPPY, HOST, SKR_AUTH_QUERY_MALFORMED},
        {"GET", "/photos/puppy.jpg?" OWN PUPPY, HOST "x-amz-copy-source: /other/key\n", SKR_AUTH_SIGNATURE_MISMATCH},
        {"GET", "/photos/puppy.jpg?" OWN PUPPY, HOST "Content-Type: text/html\n", SKR_AUTH_SIGNATURE_MISMATCH},
        {"GET", "/photos/puppy.jpg?" OWN PUPPY "&Expires=1369353700", HOST, SKR_AUTH_QUERY_MALFORMED},
        {"GET", "/photos/puppy.jpg?AWSAccessKeyId=" EXAMPLE_ACCESS "&Expires=1369353701&Signature=" PUPPY, HOST,
         SKR_AUTH_SIGNATURE_MISMATCH},
        {"GET", "/photos/puppy.jpg?AWSAccessKeyId=AKIDOTHER&Expires=1369353700&Signature=" PUPPY, HOST,
         SKR_AUTH_ACCESS_KEY_UNKNOWN},
        {"GET", "/photos/puppy.jpg?AWSAccessKeyId=" EXAMPLE_ACCESS "&Signature=" PUPPY, HOST, SKR_AUTH_QUERY_MALFORMED},
        {"GET", "/photos/puppy.jpg?AWSAccessKeyId=" EXAMPLE_ACCESS "&Expires=soon&Signature=" PUPPY, HOST,
         SKR_AUTH_QUERY_MALFORMED},
        {"GET", "/photos/puppy.jpg?AWSAccessKeyId=" EXAMPLE_ACCESS "&Expires=1369353700", HOST, SKR_AUTH_QUERY_MALFORMED},
        {"GET", "/photos/puppy.jpg?" OWN PUPPY, HOST "x-amz-security-token: t\n", SKR_AUTH_TOKEN_INVALID},
        {"GET", "/photos/puppy.jpg?" OWN PUPPY, HOST "Authorization: AWS x:y\n", SKR_AUTH_QUERY_MALFORMED},
    };
    s3_open();
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum skr_auth_refusal refusal = run(cases[i].method, cases[i].target, cases[i].headers, EXAMPLE_NOW_S);
        ck_assert_msg(refusal == cases[i].refusal, "%s %s: %d", cases[i].method, cases[i].target, refusal);
        ck_assert_ptr_null(strstr(error.message, "wJalrXUtnFEMI"));
    }
    s3_close();
}
END_TEST

START_TEST(expiry)
{
    s3_open();
    ck_assert_int_eq(run("GET", "/photos/puppy.jpg?" OWN PUPPY, HOST, 1369353700), SKR_AUTH_ALLOWED);
    ck_assert_int_eq(run("GET", "/photos/puppy.jpg?" OWN PUPPY, HOST, 1369353701), SKR_AUTH_EXPIRED);
    s3_close();
}
END_TEST

/* The bucket that counts is the one of the target, not whatever stands in Host. */
START_TEST(the_bucket_of_the_host)
{
    s3_open();
    ck_assert_int_eq(run("GET", "/puppy.jpg?" OWN PUPPY, "Host: photos.s3.example.org\n", EXAMPLE_NOW_S),
                     SKR_AUTH_SIGNATURE_MISMATCH);
    s3_options.host_bucket = SKR_BYTES("photos");
    ck_assert_int_eq(run("GET", "/puppy.jpg?" OWN PUPPY, "Host: photos.s3.example.org\n", EXAMPLE_NOW_S), SKR_AUTH_ALLOWED);
    ck_assert_int_eq(run("GET", "/photos/puppy.jpg?" OWN PUPPY, "Host: photos.s3.example.org\n", EXAMPLE_NOW_S),
                     SKR_AUTH_SIGNATURE_MISMATCH);
    s3_close();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sigv2");
    TCase *cases = tcase_create("sigv2");
    tcase_add_test(cases, urls_that_were_signed);
    tcase_add_test(cases, urls_that_were_altered);
    tcase_add_test(cases, expiry);
    tcase_add_test(cases, the_bucket_of_the_host);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
