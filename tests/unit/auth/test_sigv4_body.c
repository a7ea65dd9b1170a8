/* Bodies of S3 requests: aws-chunked in every cut, through sinks that take what they like, with every byte altered. */
#include <check.h>
#include <openssl/evp.h>

#include "run.h"
#include "s3_harness.h"
#include "sigv4_vectors.h"
#include "skerry/encoding.h"

static struct {
    char data[70000];
    size_t size;
    size_t most;   /* takes no more at once */
    bool stubborn; /* takes nothing every second time */
    unsigned calls;
} sink;

static size_t take(void *context, const void *data, size_t size)
{
    ck_assert_ptr_eq(context, &sink);
    ck_assert_uint_gt(size, 0);
    if (sink.stubborn && sink.calls++ % 2 == 0)
        return 0;
    size = size < sink.most ? size : sink.most;
    ck_assert(sink.size + size <= sizeof sink.data);
    memcpy(sink.data + sink.size, data, size);
    sink.size += size;
    return size;
}

static struct skr_s3_payload payload_of(enum skr_s3_payload_kind kind, uint64_t decoded)
{
    struct skr_s3_payload made = {.kind = kind,
                                  .has_decoded_length = true,
                                  .decoded_length = decoded,
                                  .timestamp = SKR_BYTES(SIGV4_STAMP),
                                  .scope = SKR_BYTES("20260615/us-east-1/s3/aws4_request")};
    memcpy(made.signing_key, sigv4_signing_key, sizeof made.signing_key);
    memset(made.seed_signature, '0', sizeof made.seed_signature);
    return made;
}

static struct skr_s3_body *open_body(const struct skr_s3_payload *made, const char *trailer)
{
    struct skr_s3_body *body;
    ck_assert_int_eq(skr_s3_body_open(&body, made, skr_text(trailer), &error), SKR_OK);
    sink.size = sink.calls = 0;
    sink.most = sizeof sink.data;
    sink.stubborn = false;
    return body;
}

static struct skr_s3_body *open_vector(const struct body_vector *vector)
{
    struct skr_s3_payload made = payload_of(vector->kind, vector->data_size);
    return open_body(&made, vector->announced);
}

/* Until all is used up. The piece is copied, so that a sanitizer sees when more is read. */
static void feed(struct skr_s3_body *body, const char *data, size_t size)
{
    char *piece = malloc(size > 0 ? size : 1);
    ck_assert_ptr_nonnull(piece);
    memcpy(piece, data, size);
    for (size_t used = 0; used < size;) {
        size_t now = skr_s3_body_decode(body, piece + used, size - used, take, &sink);
        ck_assert_uint_le(now, size - used);
        used += now;
    }
    free(piece);
}

static void must_be_whole(struct skr_s3_body *body, const struct body_vector *vector, const char *how, size_t cut)
{
    enum skr_s3_body_problem problem = skr_s3_body_finish(body);
    ck_assert_msg(problem == SKR_S3_BODY_FINE, "%s: %s %zu: problem %d", vector->name, how, cut, problem);
    ck_assert_int_eq(skr_s3_body_finish(body), SKR_S3_BODY_FINE);
    ck_assert_uint_eq(sink.size, vector->data_size);
    ck_assert(memcmp(sink.data, vector->data, sink.size) == 0);
    skr_s3_body_close(body);
}

START_TEST(every_cut)
{
    const struct body_vector *vector = &body_vectors[_i];
    for (size_t cut = 0; cut <= vector->wire_size; cut++) {
        struct skr_s3_body *body = open_vector(vector);
        feed(body, vector->wire, cut);
        feed(body, vector->wire + cut, vector->wire_size - cut);
        must_be_whole(body, vector, "cut at", cut);
    }
    for (size_t step = 1; step < 20; step++)
        for (size_t most = 1; most < 10; most += 2) {
            struct skr_s3_body *body = open_vector(vector);
            sink.most = most;
            sink.stubborn = step % 2 == 0;
            for (size_t at = 0; at < vector->wire_size; at += step)
                feed(body, vector->wire + at, vector->wire_size - at < step ? vector->wire_size - at : step);
            must_be_whole(body, vector, "step", step);
        }
}
END_TEST

START_TEST(trailers_are_told)
{
    const struct body_vector *vector = &body_vectors[_i];
    struct skr_s3_body *body = open_vector(vector);
    const char *first =
        strncmp(vector->announced, "x-amz-checksum-sha256", 21) == 0 ? "x-amz-checksum-sha256" : "x-amz-checksum-crc32";
    feed(body, vector->wire, vector->wire_size);
    ck_assert_ptr_null(skr_s3_body_trailer(body, first).data); /* not before it is known to be whole */
    ck_assert_int_eq(skr_s3_body_finish(body), SKR_S3_BODY_FINE);
    struct skr_bytes value = skr_s3_body_trailer(body, first);
    ck_assert_int_eq(value.data != NULL, *vector->announced != '\0');
    ck_assert(skr_bytes_equal(value, skr_text(vector->value)));
    ck_assert_ptr_null(skr_s3_body_trailer(body, "x-amz-checksum-sha1").data);
    ck_assert_ptr_null(skr_s3_body_trailer(body, "x-amz-trailer-signature").data);
    skr_s3_body_close(body);
}
END_TEST

/* Everything up to the end is needed; but what clients do without may be missing. */
START_TEST(no_beginning_is_whole)
{
    const struct body_vector *vector = &body_vectors[_i];
    size_t needed = vector->wire_size;
    while (needed > 2 && (vector->wire[needed - 1] == '\n' || vector->wire[needed - 1] == '\r'))
        needed--;
    for (size_t size = 0; size <= needed; size++) {
        struct skr_s3_body *body = open_vector(vector);
        feed(body, vector->wire, size);
        ck_assert_msg(skr_s3_body_finish(body) != SKR_S3_BODY_FINE, "%s: whole after %zu of %zu", vector->name, size,
                      vector->wire_size);
        ck_assert_ptr_null(skr_s3_body_trailer(body, "x-amz-checksum-crc32").data);
        skr_s3_body_close(body);
    }
}
END_TEST

/* Is this byte white space around lines of a trailer? It means nothing. */
static bool is_idle(const struct body_vector *vector, size_t at)
{
    char c = vector->wire[at];
    return c == '\r' || c == '\n' || c == ' ' || c == '\t';
}

START_TEST(every_byte_of_a_signed_body_counts)
{
    const struct body_vector *vector = &body_vectors[_i];
    if (vector->kind == SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER)
        return;
    char *wire = malloc(vector->wire_size);
    ck_assert_ptr_nonnull(wire);
    for (size_t at = 0; at < vector->wire_size; at++) {
        if (is_idle(vector, at) && at + 200 > vector->wire_size)
            continue;
        for (int flip = 1; flip < 256; flip <<= 1) {
            memcpy(wire, vector->wire, vector->wire_size);
            wire[at] ^= (char)flip;
            bool is_letter = (vector->wire[at] | 0x20) >= 'a' && (vector->wire[at] | 0x20) <= 'z';
            if (flip == 0x20 && is_letter && at + 200 > vector->wire_size)
                continue; /* names of trailers compare in any case */
            struct skr_s3_body *body = open_vector(vector);
            feed(body, wire, vector->wire_size);
            ck_assert_msg(skr_s3_body_finish(body) != SKR_S3_BODY_FINE, "%s: byte %zu altered by %d", vector->name, at, flip);
            skr_s3_body_close(body);
        }
    }
    struct skr_s3_payload made = payload_of(vector->kind, vector->data_size);
    made.seed_signature[63] = '1';
    struct skr_s3_body *body = open_body(&made, vector->announced);
    feed(body, vector->wire, vector->wire_size);
    ck_assert_int_eq(skr_s3_body_finish(body), SKR_S3_BODY_SIGNATURE_MISMATCH);
    skr_s3_body_close(body);
    free(wire);
}
END_TEST

START_TEST(the_announced_length_is_exact)
{
    const struct body_vector *vector = &body_vectors[_i];
    for (int off = -1; off <= 1; off += 2) {
        if (off < 0 && vector->data_size == 0)
            continue;
        struct skr_s3_payload made = payload_of(vector->kind, vector->data_size + (uint64_t)off);
        struct skr_s3_body *body = open_body(&made, vector->announced);
        feed(body, vector->wire, vector->wire_size);
        ck_assert_int_eq(skr_s3_body_finish(body), SKR_S3_BODY_INCOMPLETE);
        ck_assert_uint_le(sink.size, made.decoded_length);
        skr_s3_body_close(body);
    }
}
END_TEST

static enum skr_s3_body_problem run(enum skr_s3_payload_kind kind, uint64_t decoded, const char *trailer, const char *wire)
{
    struct skr_s3_payload made = payload_of(kind, decoded);
    struct skr_s3_body *body = open_body(&made, trailer);
    feed(body, wire, strlen(wire));
    enum skr_s3_body_problem problem = skr_s3_body_finish(body);
    skr_s3_body_close(body);
    return problem;
}

START_TEST(forms)
{
#define CRC "x-amz-checksum-crc32"
#define SIXTEEN "0123456789abcdef"
    static const struct {
        const char *wire, *announced;
        uint64_t decoded;
        enum skr_s3_body_problem problem;
    } cases[] = {
        {"3\r\nabc\r\n0\r\n\r\n", "", 3, SKR_S3_BODY_FINE},
        {"0003\r\nabc\r\n000\r\n\r\n", "", 3, SKR_S3_BODY_FINE},
        {"A\r\n0123456789\r\n0\r\n", "", 10, SKR_S3_BODY_FINE},
        {"a\r\n0123456789\r\n0\r\n\r\n\r\n", "", 10, SKR_S3_BODY_FINE},
        {"3\nabc\r\n0\r\n\r\n", "", 3, SKR_S3_BODY_MALFORMED},
        {"3\r\nabc\n0\r\n\r\n", "", 3, SKR_S3_BODY_MALFORMED},
        {"3\r\nabc0\r\n\r\n", "", 3, SKR_S3_BODY_MALFORMED},
        {"3\r\nabcd\r\n0\r\n\r\n", "", 4, SKR_S3_BODY_MALFORMED},
        {"\r\n3\r\nabc\r\n0\r\n\r\n", "", 3, SKR_S3_BODY_MALFORMED},
        {"3;x=1\r\nabc\r\n0\r\n\r\n", "", 3, SKR_S3_BODY_MALFORMED},
        {"3 \r\nabc\r\n0\r\n\r\n", "", 3, SKR_S3_BODY_MALFORMED},
        {"0x3\r\nabc\r\n0\r\n\r\n", "", 3, SKR_S3_BODY_MALFORMED},
        {"-3\r\nabc\r\n0\r\n\r\n", "", 3, SKR_S3_BODY_MALFORMED},
        {"g\r\nabc\r\n0\r\n\r\n", "", 3, SKR_S3_BODY_MALFORMED},
        {"10000000000000003\r\nabc\r\n0\r\n\r\n", "", 3, SKR_S3_BODY_MALFORMED},
        {"ffffffffffffffff\r\nabc\r\n0\r\n\r\n", "", 3, SKR_S3_BODY_INCOMPLETE},
        {SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN SIXTEEN, "", 3, SKR_S3_BODY_MALFORMED},
        {"3\r\nabc\r\n", "", 3, SKR_S3_BODY_INCOMPLETE},
        {"", "", 0, SKR_S3_BODY_INCOMPLETE},
        {"0\r\n\r\n3\r\nabc\r\n", "", 0, SKR_S3_BODY_TRAILER_MALFORMED},
        {"0\r\n" CRC ":AA==\r\n\r\n", CRC, 0, SKR_S3_BODY_FINE},
        {"0\r\nX-Amz-Checksum-Crc32 : AA== \n\n", CRC, 0, SKR_S3_BODY_FINE},
        {"0\r\n" CRC ":\r\n\r\n", CRC, 0, SKR_S3_BODY_FINE},
        {"0\r\n" CRC ":AA==", CRC, 0, SKR_S3_BODY_INCOMPLETE},
        {"0\r\n\r\n", CRC, 0, SKR_S3_BODY_TRAILER_MALFORMED},
        {"0\r\n" CRC ":AA==\r\n\r\n", "", 0, SKR_S3_BODY_TRAILER_MALFORMED},
        {"0\r\n" CRC "c:AA==\r\n\r\n", CRC, 0, SKR_S3_BODY_TRAILER_MALFORMED},
        {"0\r\n" CRC ":AA==\r\n" CRC ":AA==\r\n\r\n", CRC, 0, SKR_S3_BODY_TRAILER_MALFORMED},
        {"0\r\n" CRC ":AA==\r\nx-amz-trailer-signature:00\r\n\r\n", CRC, 0, SKR_S3_BODY_TRAILER_MALFORMED},
        {"0\r\n" CRC "\r\n\r\n", CRC, 0, SKR_S3_BODY_TRAILER_MALFORMED},
        {"0\r\nx-amz-acl:private\r\n\r\n", "x-amz-acl", 0, SKR_S3_BODY_TRAILER_MALFORMED},
        {"0\r\n" CRC ":AA==\r\n\r\n", CRC "," CRC, 0, SKR_S3_BODY_TRAILER_MALFORMED},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum skr_s3_body_problem problem =
            run(SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER, cases[i].decoded, cases[i].announced, cases[i].wire);
        ck_assert_msg(problem == cases[i].problem, "'%s': problem %d, not %d", cases[i].wire, problem, cases[i].problem);
    }
    /* a signature is needed where one is announced, and one without it is no chunk */
    ck_assert_int_eq(run(SKR_PAYLOAD_CHUNKS_SIGNED, 3, "", "3\r\nabc\r\n0\r\n\r\n"), SKR_S3_BODY_MALFORMED);
    ck_assert_int_eq(run(SKR_PAYLOAD_CHUNKS_SIGNED, 3, "", "3;chunk-signature=00\r\nabc\r\n0\r\n\r\n"), SKR_S3_BODY_MALFORMED);
}
END_TEST

START_TEST(a_trailer_has_a_bound)
{
    struct skr_s3_payload made = payload_of(SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER, 0);
    struct skr_s3_body *body = open_body(&made, CRC);
    feed(body, "0\r\n", 3);
    for (int i = 0; i < 3000; i++)
        feed(body, "\n", 1);
    ck_assert_int_eq(skr_s3_body_finish(body), SKR_S3_BODY_TRAILER_MALFORMED);
    skr_s3_body_close(body);
    char names[1024];
    memset(names, 'x', sizeof names);
    names[sizeof names - 1] = '\0';
    ck_assert_int_eq(run(SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER, 0, names, "0\r\n\r\n"), SKR_S3_BODY_TRAILER_MALFORMED);
}
END_TEST

START_TEST(the_trailers_signature_must_come_last)
{
    const struct body_vector *vector = NULL;
    for (size_t i = 0; i < COUNT(body_vectors); i++)
        if (strcmp(body_vectors[i].name, "signed, trailer, short") == 0)
            vector = &body_vectors[i];
    ck_assert_ptr_nonnull(vector);
    const char *signature = strstr(vector->wire, "x-amz-trailer-signature");
    struct skr_s3_body *body = open_vector(vector);
    feed(body, vector->wire, (size_t)(signature - vector->wire));
    ck_assert_int_eq(skr_s3_body_finish(body), SKR_S3_BODY_TRAILER_MALFORMED); /* missing */
    skr_s3_body_close(body);
    body = open_vector(vector);
    feed(body, vector->wire, vector->wire_size);
    feed(body, signature, strlen(signature));
    ck_assert_int_eq(skr_s3_body_finish(body), SKR_S3_BODY_TRAILER_MALFORMED); /* twice */
    skr_s3_body_close(body);
}
END_TEST

START_TEST(bodies_that_are_not_chunked)
{
    struct skr_s3_payload made = {.kind = SKR_PAYLOAD_SIGNED};
    ck_assert_int_eq(EVP_Digest("hello", 5, made.sha256, NULL, EVP_sha256(), NULL), 1);
    struct skr_s3_body *body = open_body(&made, "");
    sink.most = 2;
    feed(body, "hello", 5);
    ck_assert_int_eq(skr_s3_body_finish(body), SKR_S3_BODY_FINE);
    ck_assert(sink.size == 5 && memcmp(sink.data, "hello", 5) == 0);
    skr_s3_body_close(body);
    static const char *const others[] = {"", "hell", "hello!", "hellO"};
    for (size_t i = 0; i < COUNT(others); i++) {
        body = open_body(&made, "");
        feed(body, others[i], strlen(others[i]));
        ck_assert_int_eq(skr_s3_body_finish(body), SKR_S3_BODY_HASH_MISMATCH);
        skr_s3_body_close(body);
    }
    made.kind = SKR_PAYLOAD_UNSIGNED;
    body = open_body(&made, CRC);
    sink.most = 1;
    feed(body, "3\r\nabc", 6);
    ck_assert_int_eq(skr_s3_body_finish(body), SKR_S3_BODY_FINE);
    ck_assert(sink.size == 6);
    ck_assert_ptr_null(skr_s3_body_trailer(body, CRC).data);
    skr_s3_body_close(body);
    skr_s3_body_close(NULL);
    char scope[300];
    memset(scope, 'x', sizeof scope);
    made = payload_of(SKR_PAYLOAD_CHUNKS_SIGNED, 0);
    made.scope = (struct skr_bytes){scope, sizeof scope};
    ck_assert_int_eq(skr_s3_body_open(&body, &made, SKR_BYTES(""), &error), SKR_INVALID_ARGUMENT);
    ck_assert_ptr_null(body);
}
END_TEST

/* Amazon's: 66560 letters 'a' in chunks of 64 KiB and 1 KiB. */
static void run_example(enum skr_s3_payload_kind kind, const char *seed, const char *const signatures[3],
                        const char *trailer_signature)
{
    static char wire[68000];
    struct skr_s3_payload made = {.kind = kind,
                                  .decoded_length = 66560,
                                  .timestamp = SKR_BYTES("20130524T000000Z"),
                                  .scope = SKR_BYTES("20130524/us-east-1/s3/aws4_request")};
    const size_t sizes[] = {65536, 1024, 0};
    size_t size = 0;
    ck_assert(
        skr_hex_decode(SKR_BYTES("dbb893acc010964918f1fd433add87c70e8b0db6be30c1fbeafefa5ec6ba8378"), made.signing_key, 32));
    memcpy(made.seed_signature, seed, 64);
    for (int i = 0; i < 3; i++) {
        size += (size_t)sprintf(wire + size, "%zx;chunk-signature=%s\r\n", sizes[i], signatures[i]);
        memset(wire + size, 'a', sizes[i]);
        size += sizes[i];
        if (sizes[i] > 0)
            size += (size_t)sprintf(wire + size, "\r\n");
    }
    if (trailer_signature != NULL)
        size +=
            (size_t)sprintf(wire + size, "x-amz-checksum-crc32c:sOO8/Q==\r\nx-amz-trailer-signature:%s\r\n", trailer_signature);
    size += (size_t)sprintf(wire + size, "\r\n");
    if (trailer_signature == NULL)
        ck_assert_uint_eq(size, 66824); /* the documented Content-Length */
    for (size_t step = 1000; step < 100000; step += 12345) {
        struct skr_s3_body *body = open_body(&made, "x-amz-checksum-crc32c");
        for (size_t at = 0; at < size; at += step)
            feed(body, wire + at, size - at < step ? size - at : step);
        ck_assert_int_eq(skr_s3_body_finish(body), SKR_S3_BODY_FINE);
        ck_assert_uint_eq(sink.size, 66560);
        ck_assert(skr_bytes_equal(skr_s3_body_trailer(body, "x-amz-checksum-crc32c"),
                                  trailer_signature != NULL ? SKR_BYTES("sOO8/Q==") : SKR_NO_BYTES));
        skr_s3_body_close(body);
    }
    wire[40000] = 'b';
    struct skr_s3_body *body = open_body(&made, "x-amz-checksum-crc32c");
    feed(body, wire, size);
    ck_assert_int_eq(skr_s3_body_finish(body), SKR_S3_BODY_SIGNATURE_MISMATCH);
    ck_assert_uint_eq(sink.size, 65536); /* nothing after the chunk that is not good */
    skr_s3_body_close(body);
}

START_TEST(documented_examples)
{
    run_example(SKR_PAYLOAD_CHUNKS_SIGNED, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
                (const char *const[]){"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
                                      "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
                                      "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"},
                NULL);
    run_example(SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER, "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
                (const char *const[]){"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
                                      "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
                                      "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"},
                "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("auth_sigv4_body");
    TCase *tests = tcase_create("body");
    const int count = (int)COUNT(body_vectors);
    tcase_add_loop_test(tests, every_cut, 0, count);
    tcase_add_loop_test(tests, trailers_are_told, 0, count);
    tcase_add_loop_test(tests, no_beginning_is_whole, 0, count);
    tcase_add_loop_test(tests, every_byte_of_a_signed_body_counts, 0, count);
    tcase_add_loop_test(tests, the_announced_length_is_exact, 0, count);
    tcase_add_test(tests, forms);
    tcase_add_test(tests, a_trailer_has_a_bound);
    tcase_add_test(tests, the_trailers_signature_must_come_last);
    tcase_add_test(tests, bodies_that_are_not_chunked);
    tcase_add_test(tests, documented_examples);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
