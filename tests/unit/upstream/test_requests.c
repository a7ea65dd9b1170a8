/* Requests and their signatures, beside those that another implementation made. */
#include <check.h>
#include <openssl/sha.h>

#include "harness.h"
#include "run.h"
#include "skerry/hash.h"
#include "vectors.h"

static const struct skr_upstream_attributes plain = {
    .properties = {[SKR_PROPERTY_CONTENT_TYPE] = {"text/plain", 10}},
};
static uint8_t md5[16], sha256[32];
static struct skr_upstream_body hello = {.data = "hello world", .size_bytes = 11, .md5 = md5};

static void open_all(void)
{
    harness_open();
    skr_md5_of("hello world", 11, md5);
    SHA256((const unsigned char *)"hello world", 11, sha256);
}

static const char *authorization(void)
{
    struct skr_bytes value = skr_message_header_of(&message, "authorization");
    ck_assert_msg(value.data != NULL, "%s", message.problem == NULL ? "no authorization" : message.problem);
    return skr_arena_copy(&arena, value).data;
}

START_TEST(shared_key)
{
    struct skr_upstream_get get = {.ranged = true, .offset_bytes = 5, .length_bytes = 10};
    struct skr_upstream_list list = {.prefix = SKR_BYTES("a/\xC3\xBC"), .delimiter = SKR_BYTES("/"), .metadata = true};
    static const struct skr_name_value metadata[] = {{{"A1", 2}, {"one", 3}}, {{"a_b", 3}, {" two  spaces ", 13}}};
    struct skr_upstream_attributes attributes = plain;
    attributes.metadata = metadata;
    attributes.metadata_count = 2;
    harness_build(
        azure,
        &(struct skr_upstream_operation){
            .kind = SKR_OP_GET, .key = SKR_BYTES("a b/\xC3\xBC"), .get = &get, .conditions = {.if_match = SKR_BYTES("0x1")}},
        0, NULL, VECTOR_NOW_S);
    ck_assert_str_eq(authorization(), SHARED_KEY_GET);
    harness_build(azure, &(struct skr_upstream_operation){.kind = SKR_OP_LIST, .list = &list}, 0, NULL, VECTOR_NOW_S);
    ck_assert_str_eq(authorization(), SHARED_KEY_LIST);
    harness_build(azure,
                  &(struct skr_upstream_operation){.kind = SKR_OP_PUT,
                                                   .key = SKR_BYTES("k"),
                                                   .body = &hello,
                                                   .attributes = &attributes,
                                                   .conditions = {.if_none_match_any = true}},
                  11, NULL, VECTOR_NOW_S);
    ck_assert_str_eq(authorization(), SHARED_KEY_PUT);
    attributes = (struct skr_upstream_attributes){.has_md5 = false};
    harness_build(
        azure, &(struct skr_upstream_operation){.kind = SKR_OP_SET_METADATA, .key = SKR_BYTES("k"), .attributes = &attributes},
        0, NULL, VECTOR_NOW_S);
    ck_assert_str_eq(authorization(), SHARED_KEY_EMPTY);
}
END_TEST

START_TEST(sigv4)
{
    static const struct skr_name_value metadata[] = {{{"A", 1}, {"two  spaces", 11}}};
    struct skr_upstream_attributes attributes = plain;
    attributes.metadata = metadata;
    attributes.metadata_count = 1;
    struct skr_upstream_get get = {.ranged = true, .offset_bytes = 5, .length_bytes = 10};
    struct skr_upstream_list list = {.prefix = SKR_BYTES("a+b/\xC3\xBC"), .delimiter = SKR_BYTES("/")};
    uint8_t empty[32];
    SHA256((const unsigned char *)"", 0, empty);
    harness_build(
        s3,
        &(struct skr_upstream_operation){
            .kind = SKR_OP_GET, .key = SKR_BYTES("a b/\xC3\xBC+"), .get = &get, .conditions = {.if_match = SKR_BYTES("0x1")}},
        0, empty, VECTOR_NOW_S);
    ck_assert_str_eq(authorization(), SIGV4_GET);
    harness_build(s3, &(struct skr_upstream_operation){.kind = SKR_OP_LIST, .list = &list}, 0, empty, VECTOR_NOW_S);
    ck_assert_str_eq(authorization(), SIGV4_LIST);
    harness_build(s3,
                  &(struct skr_upstream_operation){.kind = SKR_OP_PUT,
                                                   .key = SKR_BYTES("k"),
                                                   .body = &hello,
                                                   .attributes = &attributes,
                                                   .conditions = {.if_none_match_any = true}},
                  11, sha256, VECTOR_NOW_S);
    ck_assert_str_eq(authorization(), SIGV4_PUT);
    attributes = (struct skr_upstream_attributes){.has_md5 = false};
    harness_build(s3, &(struct skr_upstream_operation){.kind = SKR_OP_BEGIN, .key = SKR_BYTES("k"), .attributes = &attributes},
                  0, NULL, VECTOR_NOW_S);
    ck_assert_str_eq(authorization(), SIGV4_BEGIN);
}
END_TEST

static void must_be_a_problem(struct skr_upstream *upstream, const struct skr_upstream_operation *operation)
{
    harness_build(upstream, operation, 0, NULL, VECTOR_NOW_S);
    ck_assert(message.problem != NULL);
}

START_TEST(what_cannot_be_sent)
{
    static char longest[1026];
    memset(longest, 'k', sizeof longest);
    static const struct skr_bytes keys[] = {{"", 0}, {"a\0b", 3}, {"\xFF", 1}, {longest, 1025}, {NULL, 0}};
    static const struct skr_name_value odd[] = {{{"a", 1}, {"b\r\nx-ms-blob-type: PageBlob", 27}},
                                                {{"a\r\nb", 4}, {"c", 1}},
                                                {{"a b", 3}, {"c", 1}},
                                                {{"", 0}, {"c\n", 2}},
                                                {{"a:b", 3}, {"c", 1}},
                                                {{"a", 1}, {"\xC3\xBC", 2}}};
    for (size_t i = 0; i < COUNT(keys); i++) {
        must_be_a_problem(azure, &(struct skr_upstream_operation){.kind = SKR_OP_HEAD, .key = keys[i]});
        must_be_a_problem(s3, &(struct skr_upstream_operation){.kind = SKR_OP_HEAD, .key = keys[i]});
    }
    for (size_t i = 0; i < COUNT(odd); i++) {
        struct skr_upstream_attributes attributes = {.metadata = &odd[i], .metadata_count = 1};
        struct skr_upstream_operation operation = {
            .kind = SKR_OP_SET_METADATA, .key = SKR_BYTES("k"), .attributes = &attributes};
        must_be_a_problem(azure, &operation);
    }
    struct skr_upstream_attributes attributes = plain;
    attributes.properties[SKR_PROPERTY_CONTENT_TYPE] = SKR_BYTES("a\nb");
    must_be_a_problem(s3, &(struct skr_upstream_operation){
                              .kind = SKR_OP_PUT, .key = SKR_BYTES("k"), .attributes = &attributes, .body = &hello});
    must_be_a_problem(
        azure,
        &(struct skr_upstream_operation){
            .kind = SKR_OP_PART, .key = SKR_BYTES("k"), .upload = SKR_BYTES("not one of ours"), .number = 1, .body = &hello});
    must_be_a_problem(azure, &(struct skr_upstream_operation){
                                 .kind = SKR_OP_HEAD, .key = SKR_BYTES("k"), .conditions = {.if_match = SKR_BYTES("a\r\nb")}});
}
END_TEST

START_TEST(containers)
{
    static const struct {
        enum skr_operation_kind kind;
        const char *method, *azure_path, *azure_query, *s3_path, *s3_query;
    } wanted[] = {
        {SKR_OP_LIST_CONTAINERS, "GET", "/", "comp=list&marker=a%20b", "/", "max-buckets=1000&continuation-token=a%20b"},
        {SKR_OP_CREATE_CONTAINER, "PUT", "/data", "restype=container", "/data", ""},
        {SKR_OP_DELETE_CONTAINER, "DELETE", "/data", "restype=container", "/data", ""},
    };
    struct skr_upstream_list list = {.marker = SKR_BYTES("a b")};
    struct skr_upstream *upstreams[2];
    struct skr_upstream_settings settings = {.url = "https://lake.blob.core.windows.net/data/p"};
    ck_assert_int_eq(skr_upstream_open(&upstreams[0], &settings, NULL), SKR_OK);
    ck_assert(!skr_upstream_is_whole(upstreams[0]));
    settings = (struct skr_upstream_settings){.kind = SKR_UPSTREAM_S3,
                                              .url = "https://s3.example.net/data",
                                              .credential = SKR_UPSTREAM_S3_KEYS,
                                              .access_key = "a",
                                              .secret_key = "b",
                                              .region = "eu-west-1"};
    ck_assert_int_eq(skr_upstream_open(&upstreams[1], &settings, NULL), SKR_OK);
    ck_assert(skr_upstream_is_whole(upstreams[1]));
    for (size_t i = 0; i < 2 * sizeof wanted / sizeof *wanted; i++) {
        bool is_s3 = i % 2 == 1;
        struct skr_upstream_operation operation = {.kind = wanted[i / 2].kind, .list = &list};
        harness_build(upstreams[i % 2], &operation, 0, sha256, VECTOR_NOW_S);
        ck_assert_str_eq(message.method, wanted[i / 2].method);
        ck_assert(skr_bytes_equal(message.path, skr_text(is_s3 ? wanted[i / 2].s3_path : wanted[i / 2].azure_path)));
        ck_assert(skr_bytes_equal(skr_message_query_text(&message),
                                  skr_text(is_s3 ? wanted[i / 2].s3_query : wanted[i / 2].azure_query)));
        ck_assert((made.document.size > 0) == (is_s3 && operation.kind == SKR_OP_CREATE_CONTAINER));
    }
    skr_upstream_close(upstreams[0]);
    skr_upstream_close(upstreams[1]);
}
END_TEST

START_TEST(block_ids_are_of_one_size_and_in_no_other_upload)
{
    struct skr_bytes ids[3];
    harness_build(azure, &(struct skr_upstream_operation){.kind = SKR_OP_BEGIN, .key = SKR_BYTES("k")}, 0, NULL, VECTOR_NOW_S);
    struct skr_bytes upload = made.upload, other;
    ck_assert(made.local && upload.size == 32);
    harness_build(azure, &(struct skr_upstream_operation){.kind = SKR_OP_BEGIN, .key = SKR_BYTES("k")}, 0, NULL, VECTOR_NOW_S);
    other = made.upload;
    static const unsigned numbers[] = {1, 50000, 1};
    for (size_t i = 0; i < 3; i++) {
        harness_build(azure,
                      &(struct skr_upstream_operation){.kind = SKR_OP_PART,
                                                       .key = SKR_BYTES("k"),
                                                       .upload = i == 2 ? other : upload,
                                                       .number = numbers[i],
                                                       .body = &hello},
                      11, NULL, VECTOR_NOW_S);
        ids[i] = made.part;
        ck_assert_uint_eq(ids[i].size, 64);
    }
    ck_assert(!skr_bytes_equal(ids[0], ids[1]) && !skr_bytes_equal(ids[0], ids[2]));
}
END_TEST

START_TEST(a_sas_is_in_no_signed_header_but_the_source_of_a_copy)
{
    struct skr_upstream *upstream;
    struct skr_upstream_settings settings = {
        .url = "https://lake.blob.core.windows.net/data/p", .credential = SKR_UPSTREAM_SAS, .sas = "sv=2021-12-02&sig=AbC%3D"};
    ck_assert_int_eq(skr_upstream_open(&upstream, &settings, NULL), SKR_OK);
    harness_build(upstream,
                  &(struct skr_upstream_operation){.kind = SKR_OP_COPY, .key = SKR_BYTES("k"), .source = SKR_BYTES("s t")}, 0,
                  NULL, VECTOR_NOW_S);
    ck_assert(skr_bytes_equal(skr_message_header_of(&message, "x-ms-copy-source"),
                              SKR_BYTES("https://lake.blob.core.windows.net/data/p/s%20t?sv=2021-12-02&sig=AbC%3D")));
    ck_assert(skr_message_header_of(&message, "authorization").data == NULL);
    ck_assert(skr_bytes_equal(message.path, SKR_BYTES("/data/p/k")));
    skr_upstream_close(upstream);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("upstream_requests");
    TCase *tests = tcase_create("requests");
    tcase_add_checked_fixture(tests, open_all, harness_close);
    tcase_add_test(tests, shared_key);
    tcase_add_test(tests, sigv4);
    tcase_add_test(tests, what_cannot_be_sent);
    tcase_add_test(tests, containers);
    tcase_add_test(tests, block_ids_are_of_one_size_and_in_no_other_upload);
    tcase_add_test(tests, a_sas_is_in_no_signed_header_but_the_source_of_a_copy);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
