/* What the client signs is what our own servers verify: two implementations of the same documents, one beside the other. */
#include <check.h>
#include <openssl/sha.h>

#include "../auth/s3_harness.h"
#include "run.h"
#include "upstream_private.h"

#define AZURE_KEY "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+Pw=="

static struct skr_upstream *upstream;
static struct skr_arena arena;
static struct skr_message message;
static struct skr_made made;
static const struct skr_upstream_body body = {.data = "hello world", .size_bytes = 11};
static const struct skr_name_value metadata[] = {
    {{"a_b", 3}, {"  two  spaces ", 14}}, {{"A1", 2}, {"x", 1}}, {{"a-b", 3}, {"", 0}}, {{"ab", 2}, {"\"q  q\"", 6}}};
static const struct skr_name_value tags[] = {{{"k 1", 3}, {"v=+/ ", 5}}};
static struct skr_upstream_attributes attributes = {.metadata = metadata, .metadata_count = 4, .tags = tags, .tag_count = 1};
static struct skr_upstream_get get = {.ranged = true, .offset_bytes = 7, .length_bytes = UINT64_MAX};
static struct skr_upstream_list list = {
    .prefix = SKR_BYTES("a b/\xC3\xBC+&="), .delimiter = SKR_BYTES("/"), .marker = SKR_BYTES("2!72!x=="), .metadata = true};
static struct skr_upstream_part parts[] = {{1, {"abc", 3}}};

static void open_upstream(const struct skr_upstream_settings *settings)
{
    ck_assert_msg(skr_upstream_open(&upstream, settings, &error) == SKR_OK, "%s", error.message);
    attributes.properties[SKR_PROPERTY_CONTENT_TYPE] = SKR_BYTES("text/plain; charset=utf-8");
    attributes.properties[SKR_PROPERTY_CONTENT_DISPOSITION] = SKR_BYTES("attachment;  filename=\"x  y\"");
}

static void open_azure(void)
{
    harness_open();
    open_upstream(&(struct skr_upstream_settings){
        .url = "http://127.0.0.1:10000/skerrytest/cont", .credential = SKR_UPSTREAM_ACCOUNT_KEY, .account_key = AZURE_KEY});
}

static void open_s3(void)
{
    s3_open();
    open_upstream(&(struct skr_upstream_settings){.kind = SKR_UPSTREAM_S3,
                                                  .url = "http://127.0.0.1:9000/bucket",
                                                  .credential = SKR_UPSTREAM_S3_KEYS,
                                                  .access_key = "AKIDSKERRY",
                                                  .secret_key = "not/a+real/secret"});
}

static void release(void)
{
    skr_upstream_close(upstream);
    skr_arena_release(&arena);
}

static void close_azure(void)
{
    release();
    harness_close();
}

static void close_s3(void)
{
    release();
    s3_close();
}

static const struct skr_upstream_operation operations[] = {
    {.kind = SKR_OP_GET, .key = SKR_BYTES("a b/\xC3\xBC+%25~.x"), .get = &get, .conditions = {.if_match = SKR_BYTES("0x1")}},
    {.kind = SKR_OP_HEAD, .key = SKR_BYTES("/a//b"), .conditions = {.if_none_match = SKR_BYTES("0x1")}},
    {.kind = SKR_OP_LIST, .list = &list},
    {.kind = SKR_OP_GET_TAGS, .key = SKR_BYTES("k")},
    {.kind = SKR_OP_PUT,
     .key = SKR_BYTES("k?x=1&y#z"),
     .body = &body,
     .attributes = &attributes,
     .conditions = {.if_none_match_any = true}},
    {.kind = SKR_OP_PART,
     .key = SKR_BYTES("k"),
     .upload = SKR_BYTES("00112233445566778899aabbccddeeff"),
     .number = 3,
     .body = &body},
    {.kind = SKR_OP_COMPLETE,
     .key = SKR_BYTES("k"),
     .upload = SKR_BYTES("00112233445566778899aabbccddeeff"),
     .parts = parts,
     .part_count = 1,
     .attributes = &attributes},
    {.kind = SKR_OP_DELETE, .key = SKR_BYTES("k"), .conditions = {.if_match = SKR_BYTES("0x1")}},
    {.kind = SKR_OP_SET_METADATA, .key = SKR_BYTES("k"), .attributes = &attributes},
    {.kind = SKR_OP_SET_PROPERTIES, .key = SKR_BYTES("k"), .attributes = &attributes},
    {.kind = SKR_OP_SET_TAGS, .key = SKR_BYTES("k"), .tags = tags, .tag_count = 1},
    {.kind = SKR_OP_COPY, .key = SKR_BYTES("k"), .source = SKR_BYTES("s \xC3\xBC")},
};

/* The request as its line and headers would reach a server. */
static void build(const struct skr_upstream_operation *operation, const char **target_text, const char **headers)
{
    uint8_t sha256[32];
    memset(&message, 0, sizeof message);
    memset(&made, 0, sizeof made);
    message.arena = &arena;
    upstream->driver->build(upstream, operation, &message, &made);
    ck_assert_msg(message.problem == NULL, "%s", message.problem);
    struct skr_bytes sent = made.document.data != NULL ? made.document
                            : operation->body != NULL  ? (struct skr_bytes){body.data, body.size_bytes}
                                                       : SKR_BYTES("");
    SHA256((const unsigned char *)sent.data, sent.size, sha256);
    ck_assert(upstream->driver->sign(upstream, &message, sent.size, sha256, TEST_NOW_S));
    struct skr_bytes query = skr_message_query_text(&message), text = SKR_BYTES("");
    *target_text =
        skr_arena_print(&arena, "%.*s%s%.*s", SKR_PRINT(message.path), query.size > 0 ? "?" : "", SKR_PRINT(query)).data;
    for (size_t i = 0; i < message.header_count; i++)
        text = skr_arena_print(&arena, "%.*s%.*s: %.*s\n", SKR_PRINT(text), SKR_PRINT(message.headers[i].name),
                               SKR_PRINT(message.headers[i].value));
    *headers = skr_arena_print(&arena, "%.*sHost: %.*s\nContent-Length: %zu\n", SKR_PRINT(text),
                               SKR_PRINT(upstream->url.authority), sent.size)
                   .data;
}

START_TEST(shared_key_is_verified)
{
    const char *target_text, *headers;
    build(&operations[_i], &target_text, &headers);
    struct vector vector = {
        .name = "", .method = message.method, .target = target_text, .headers = headers, .container = "cont", .object = "k"};
    ck_assert_msg(harness_run(&vector) == SKR_AUTH_ALLOWED, "%s %s\n%s%s", message.method, target_text, headers, error.message);
}
END_TEST

START_TEST(sigv4_is_verified)
{
    const char *target_text, *headers;
    build(&operations[_i], &target_text, &headers);
    ck_assert_msg(s3_run(message.method, target_text, headers) == SKR_AUTH_ALLOWED, "%s %s\n%s%s", message.method, target_text,
                  headers, error.message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("upstream_verified");
    TCase *key = tcase_create("shared key"), *v4 = tcase_create("version 4");
    tcase_add_checked_fixture(key, open_azure, close_azure);
    tcase_add_loop_test(key, shared_key_is_verified, 0, COUNT(operations));
    tcase_add_checked_fixture(v4, open_s3, close_s3);
    tcase_add_loop_test(v4, sigv4_is_verified, 0, COUNT(operations));
    suite_add_tcase(suite, key);
    suite_add_tcase(suite, v4);
    return run_suite(suite);
}
