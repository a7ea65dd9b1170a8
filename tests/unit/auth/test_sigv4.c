/* S3 requests that were signed by another implementation, and what becomes of them when anything that was signed changes. */
#include <check.h>

#include "run.h"
#include "s3_harness.h"
#include "sigv4_vectors.h"

static char text[8192];

static void begin(const struct sigv4_vector *vector)
{
    s3_request(vector->method, vector->target, vector->headers);
}

static bool is_presigned(void)
{
    return skr_request_query(&request, "X-Amz-Signature") != NULL;
}

START_TEST(signed_requests_are_allowed)
{
    const struct sigv4_vector *vector = &sigv4_vectors[_i];
    begin(vector);
    enum skr_auth_refusal refusal = s3_check();
    ck_assert_msg(refusal == SKR_AUTH_ALLOWED, "%s: refusal %d: %s", vector->name, refusal, error.message);
    ck_assert_int_eq(principal.scheme, SKR_AUTH_SIGV4);
    ck_assert(skr_bytes_equal(principal.account, SKR_BYTES("first")));
    ck_assert_msg(payload.kind == vector->kind, "%s: payload %d, not %d", vector->name, payload.kind, vector->kind);
    bool streams = vector->kind != SKR_PAYLOAD_SIGNED && vector->kind != SKR_PAYLOAD_UNSIGNED;
    bool keyed = streams && vector->kind != SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER;
    ck_assert_int_eq(payload.has_decoded_length, streams);
    ck_assert_uint_eq(payload.decoded_length, streams ? 5 : 0);
    ck_assert_int_eq(memcmp(payload.signing_key, sigv4_signing_key, sizeof payload.signing_key) == 0, keyed);
    if (keyed) {
        ck_assert(skr_bytes_equal(payload.timestamp, SKR_BYTES(SIGV4_STAMP)));
        ck_assert(skr_bytes_equal(payload.scope, SKR_BYTES("20260615/us-east-1/s3/aws4_request")));
        ck_assert_ptr_nonnull(strstr(vector->headers, "Signature="));
        ck_assert(memcmp(strstr(vector->headers, "Signature=") + 10, payload.seed_signature, 64) == 0);
    }
}
END_TEST

static void must_refuse(const struct sigv4_vector *vector, const char *what, struct skr_bytes part)
{
    ck_assert_msg(s3_check() != SKR_AUTH_ALLOWED, "%s: allowed with another %s '%.*s'", vector->name, what, SKR_PRINT(part));
    ck_assert(payload.kind != SKR_PAYLOAD_CHUNKS_SIGNED || memcmp(payload.signing_key, sigv4_signing_key, 32) != 0);
}

/* A copy with one character changed, `at` from its beginning. */
static struct skr_bytes altered(struct skr_bytes part, size_t at)
{
    ck_assert(part.size < sizeof text && at < part.size);
    memcpy(text, part.data, part.size);
    text[at] = text[at] == 'x' ? 'y' : 'x';
    return (struct skr_bytes){text, part.size};
}

static struct skr_bytes longer(struct skr_bytes part)
{
    ck_assert(part.size + 1 < sizeof text);
    if (part.size > 0)
        memcpy(text, part.data, part.size);
    text[part.size] = '1';
    return (struct skr_bytes){text, part.size + 1};
}

/* Where the Authorization header's value stands. */
static struct skr_bytes *authorization(void)
{
    return &request.headers[request.header_count - 1].value;
}

START_TEST(every_character_of_a_signature_counts)
{
    const struct sigv4_vector *vector = &sigv4_vectors[_i];
    begin(vector);
    struct skr_bytes *where = is_presigned()
                                  ? &((struct skr_query_parameter *)skr_request_query(&request, "X-Amz-Signature"))->value
                                  : authorization();
    struct skr_bytes whole = *where;
    for (size_t at = whole.size - 64; at < whole.size; at++) {
        *where = altered(whole, at);
        must_refuse(vector, "signature", *where);
        text[at] = (char)(whole.data[at] ^ 0x20); /* upper case is another text */
        must_refuse(vector, "signature", *where);
    }
    *where = longer(whole);
    must_refuse(vector, "signature", *where);
    where->size = whole.size - 1;
    must_refuse(vector, "signature", *where);
    *where = (struct skr_bytes){whole.data, whole.size - 64};
    must_refuse(vector, "signature", *where);
    *where = whole;
    ck_assert_int_eq(s3_check(), SKR_AUTH_ALLOWED);
}
END_TEST

START_TEST(every_character_of_an_authorization_counts)
{
    const struct sigv4_vector *vector = &sigv4_vectors[_i];
    begin(vector);
    if (is_presigned())
        return;
    struct skr_bytes whole = *authorization();
    for (size_t at = 0; at < whole.size; at++) {
        *authorization() = altered(whole, at);
        must_refuse(vector, "authorization", *authorization());
    }
}
END_TEST

static bool is_signed(struct skr_bytes name)
{
    struct skr_bytes list = is_presigned() ? skr_request_query(&request, "X-Amz-SignedHeaders")->value : *authorization();
    char lower[128] = "";
    for (size_t i = 0; i < name.size; i++)
        lower[i] = (char)(name.data[i] | (name.data[i] >= 'A' && name.data[i] <= 'Z' ? 0x20 : 0));
    return memmem(list.data, list.size, lower, name.size) != NULL;
}

START_TEST(every_signed_header_counts)
{
    const struct sigv4_vector *vector = &sigv4_vectors[_i];
    begin(vector);
    for (size_t i = 0; i < request.header_count; i++) {
        struct skr_header whole = request.headers[i];
        if (skr_bytes_equal(whole.name, SKR_BYTES("Authorization")) || !is_signed(whole.name))
            continue;
        bool spent = skr_bytes_equal(whole.name, SKR_BYTES("Date")) &&
                     strstr(vector->headers, "x-amz-date") == NULL; /* decides the time */
        for (size_t at = 0; at < whole.value.size; at++) {
            if (whole.value.data[at] == ' ' && !spent)
                continue;
            request.headers[i].value = altered(whole.value, at);
            must_refuse(vector, "value of header", whole.name);
        }
        request.headers[i].value = longer(whole.value);
        must_refuse(vector, "value of header", whole.name);
        request.headers[i].value = whole.value;
        request.headers[i].name = longer(whole.name);
        must_refuse(vector, "name of header", whole.name);
        request.headers[i] = whole;
        request.headers[request.header_count++] = request.headers[i]; /* the same twice; the last one must stay Authorization */
        if (!is_presigned()) {
            struct skr_header last = request.headers[request.header_count - 1];
            request.headers[request.header_count - 1] = request.headers[request.header_count - 2];
            request.headers[request.header_count - 2] = last;
        }
        must_refuse(vector, "repeated header", whole.name);
        begin(vector);
    }
    request.headers[request.header_count++] = (struct skr_header){SKR_BYTES("X-Amz-Added"), SKR_BYTES("")};
    ck_assert_int_ne(s3_check(), SKR_AUTH_ALLOWED);
}
END_TEST

START_TEST(method_path_and_query_count)
{
    const struct sigv4_vector *vector = &sigv4_vectors[_i];
    begin(vector);
    request.method_name = SKR_BYTES("DELETE");
    must_refuse(vector, "method", request.method_name);
    request.method_name = skr_text(vector->method);
    struct skr_bytes path = request.uri.raw_path;
    for (size_t at = 1; at < path.size; at++) {
        if (path.data[at] == '%' || (at > 1 && path.data[at - 1] == '%') || (at > 2 && path.data[at - 2] == '%'))
            continue; /* no escape any more: the request would not come so far */
        request.uri.raw_path = altered(path, at);
        must_refuse(vector, "path", request.uri.raw_path);
    }
    request.uri.raw_path = longer(path);
    must_refuse(vector, "path", request.uri.raw_path);
    request.uri.raw_path = path;
    for (size_t i = 0; i < request.uri.query_count; i++) {
        struct skr_query_parameter whole = request.uri.query[i];
        for (size_t at = 0; at < whole.value.size; at++) {
            request.uri.query[i].value = altered(whole.value, at);
            must_refuse(vector, "value of parameter", whole.name);
        }
        request.uri.query[i].value = longer(whole.value);
        must_refuse(vector, "value of parameter", whole.name);
        request.uri.query[i] = whole;
        request.uri.query[i].name = longer(whole.name);
        must_refuse(vector, "name of parameter", whole.name);
        request.uri.query[i] = whole;
        request.uri.query[request.uri.query_count++] = whole;
        must_refuse(vector, "repeated parameter", whole.name);
        request.uri.query_count--;
    }
    request.uri.query[request.uri.query_count++] = (struct skr_query_parameter){
        .name = SKR_BYTES("acl"), .value = SKR_BYTES(""), .raw_name = SKR_BYTES("acl"), .raw_value = SKR_BYTES("")};
    must_refuse(vector, "parameter", SKR_BYTES("acl"));
    request.uri.query_count--;
    ck_assert_int_eq(s3_check(), SKR_AUTH_ALLOWED);
}
END_TEST

START_TEST(nothing_is_signed_for_another_host)
{
    const struct sigv4_vector *vector = &sigv4_vectors[_i];
    static const char *const others[] = {"other.s3.example.org", "bucket.s3.example.or", "bucket.s3.example.org:9", "b",
                                         "127.0.0.2"};
    begin(vector);
    for (size_t i = 0; i < COUNT(others); i++) {
        request.host = skr_text(others[i]);
        must_refuse(vector, "host that is addressed", request.host);
    }
}
END_TEST

/* ---- Amazon's examples ---- */

START_TEST(documented_examples)
{
#define EXAMPLE(signed_headers, signature)                                                                                     \
    "x-amz-date: 20130524T000000Z\nAuthorization: AWS4-HMAC-SHA256 Credential=" EXAMPLE_ACCESS                                 \
    "/20130524/us-east-1/s3/aws4_request,SignedHeaders=" signed_headers ",Signature=" signature "\n"
#define EXAMPLE_HOST "Host: examplebucket.s3.amazonaws.com\n"
#define EXAMPLE_EMPTY "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
    static const struct sigv4_vector examples[] = {
        {"GET Object", "GET", "/test.txt",
         EXAMPLE_HOST EXAMPLE_EMPTY "Range: bytes=0-9\n" EXAMPLE(
             "host;range;x-amz-content-sha256;x-amz-date", "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
         SKR_PAYLOAD_SIGNED},
        {"PUT Object", "PUT", "/test$file.text",
         EXAMPLE_HOST "Date: Fri, 24 May 2013 00:00:00 GMT\nx-amz-storage-class: REDUCED_REDUNDANCY\n"
                      "x-amz-content-sha256: 44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072\n" EXAMPLE(
                          "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                          "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
         SKR_PAYLOAD_SIGNED},
        {"GET Bucket Lifecycle", "GET", "/?lifecycle",
         EXAMPLE_HOST EXAMPLE_EMPTY EXAMPLE("host;x-amz-content-sha256;x-amz-date",
                                            "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
         SKR_PAYLOAD_SIGNED},
        {"List Objects", "GET", "/?max-keys=2&prefix=J",
         EXAMPLE_HOST EXAMPLE_EMPTY EXAMPLE("host;x-amz-content-sha256;x-amz-date",
                                            "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
         SKR_PAYLOAD_SIGNED},
        {"presigned", "GET",
         "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=" EXAMPLE_ACCESS
         "%2F20130524%2Fus-east-1%2Fs3%2Faws4_request"
         "&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&X-Amz-SignedHeaders=host"
         "&X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
         EXAMPLE_HOST, SKR_PAYLOAD_UNSIGNED},
        {"chunked upload", "PUT", "/examplebucket/chunkObject.txt",
         "Host: s3.amazonaws.com\nx-amz-storage-class: REDUCED_REDUNDANCY\nx-amz-content-sha256: "
         "STREAMING-AWS4-HMAC-SHA256-PAYLOAD\n"
         "Content-Encoding: aws-chunked\nx-amz-decoded-content-length: 66560\nContent-Length: 66824\n" EXAMPLE(
             "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-"
             "class",
             "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"),
         SKR_PAYLOAD_CHUNKS_SIGNED},
        {"chunked upload, trailer", "PUT", "/examplebucket/chunkObject.txt",
         "Host: s3.amazonaws.com\nx-amz-storage-class: REDUCED_REDUNDANCY\nx-amz-content-sha256: "
         "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER\n"
         "Content-Encoding: aws-chunked\nx-amz-decoded-content-length: 66560\nx-amz-trailer: x-amz-checksum-crc32c\n" EXAMPLE(
             "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;x-amz-storage-class;x-amz-"
             "trailer",
             "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e"),
         SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER},
    };
    for (size_t i = 0; i < COUNT(examples); i++) {
        begin(&examples[i]);
        request.received_ns = EXAMPLE_NOW_S * 1000000000;
        ck_assert_msg(s3_check() == SKR_AUTH_ALLOWED, "%s: %s", examples[i].name, error.message);
        ck_assert(skr_bytes_equal(principal.account, SKR_BYTES("second")));
        ck_assert_int_eq(payload.kind, examples[i].kind);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("auth_sigv4");
    TCase *tests = tcase_create("vectors");
    const int count = (int)COUNT(sigv4_vectors);
    tcase_add_checked_fixture(tests, s3_open, s3_close);
    tcase_add_loop_test(tests, signed_requests_are_allowed, 0, count);
    tcase_add_loop_test(tests, every_character_of_a_signature_counts, 0, count);
    tcase_add_loop_test(tests, every_character_of_an_authorization_counts, 0, count);
    tcase_add_loop_test(tests, every_signed_header_counts, 0, count);
    tcase_add_loop_test(tests, method_path_and_query_count, 0, count);
    tcase_add_loop_test(tests, nothing_is_signed_for_another_host, 0, count);
    tcase_add_test(tests, documented_examples);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
