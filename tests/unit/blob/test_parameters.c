/* Headers and query parameters that many operations share. */
#include <check.h>

#include "blocks.h"
#include "exchange.h"
#include "run.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct skr_exchange exchange;
static struct skr_call call;

static void parse(const char *headers)
{
    char text[20000];
    exchange_release(&exchange);
    snprintf(text, sizeof text, "PUT /acct/box/blob?comp=block&blockid=%s\n%s\n", "QUFB", headers);
    ck_assert(exchange_parse(&exchange, skr_text(text)));
    call = (struct skr_call){.exchange = &exchange,
                             .request = &exchange.request,
                             .arena = &exchange.arena,
                             .target = {.resource = SKR_RESOURCE_OBJECT}};
}

static void release(void)
{
    exchange_release(&exchange);
}

static void expect_code(const char *code)
{
    struct skr_bytes sent = exchange_header(&exchange, "x-ms-error-code");
    ck_assert_uint_eq(exchange.replies, 1);
    ck_assert_msg(skr_bytes_equal(sent, skr_text(code)), "%.*s instead of %s", SKR_PRINT(sent), code);
}

START_TEST(conditions)
{
    parse("If-Match: \"0x1\", W/\"0x2\" ,0x3\nIf-None-Match: *\nIf-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\n");
    exchange.request.method = SKR_GET; /* reads take any combination */
    ck_assert(skr_call_conditions(&call));
    ck_assert_uint_eq(call.conditions.if_match_count, 3);
    ck_assert(!call.conditions.if_match_any && call.conditions.if_none_match_any);
    for (size_t i = 0; i < 3; i++) {
        char expected[8];
        snprintf(expected, sizeof expected, "0x%zu", i + 1);
        ck_assert(skr_bytes_equal(call.conditions.if_match[i], skr_text(expected)));
    }
    ck_assert(call.conditions.has_modified_since && call.conditions.modified_since_s == 784111777);
    ck_assert(!call.conditions.has_unmodified_since);
    parse("");
    ck_assert(skr_call_conditions(&call) && call.conditions.if_match_count == 0 && !call.conditions.if_match_any);
}
END_TEST

START_TEST(writes_take_one_condition)
{
    parse("If-Match: \"0x1\"\nIf-None-Match: *\n");
    exchange.request.method = SKR_PUT;
    ck_assert(!skr_call_conditions(&call));
    expect_code("MultipleConditionHeadersNotSupported");
    parse("If-Match: \"0x1\"\nIf-Unmodified-Since: Sun, 06 Nov 1994 08:49:37 GMT\n"); /* the tag goes before its date */
    exchange.request.method = SKR_PUT;
    ck_assert(skr_call_conditions(&call));
}
END_TEST

START_TEST(bad_conditions)
{
    static const char *const bad[] = {
        "If-Match: ,\n",       "If-Match: \"a\",,\"b\"\n",       "If-None-Match: \"\"\n",
        "If-None-Match: W/\n", "If-Modified-Since: yesterday\n", "If-Unmodified-Since: 784111777\n"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        parse(bad[i]);
        ck_assert_msg(!skr_call_conditions(&call), "%s", bad[i]);
        expect_code("InvalidHeaderValue");
    }
    char many[2000] = "If-Match: \"a\"";
    for (int i = 0; i < 64; i++)
        strcat(many, ",\"a\"");
    parse(strcat(many, "\n"));
    ck_assert(!skr_call_conditions(&call));
}
END_TEST

START_TEST(metadata)
{
    const struct skr_name_value *pairs;
    size_t count;
    parse("x-ms-meta-a: 1\nX-MS-Meta-Big_Name9: two words \nx-ms-metadata: no\nx-ms-meta-_: \n");
    ck_assert(skr_call_metadata(&call, &pairs, &count));
    ck_assert_uint_eq(count, 3);
    ck_assert(skr_bytes_equal(pairs[1].name, SKR_BYTES("Big_Name9")) &&
              skr_bytes_equal(pairs[1].value, SKR_BYTES("two words")));
    static const struct {
        const char *headers, *code;
    } bad[] = {{"x-ms-meta-: v\n", "EmptyMetadataKey"},
               {"x-ms-meta-9a: v\n", "InvalidMetadata"},
               {"x-ms-meta-a-b: v\n", "InvalidMetadata"},
               {"x-ms-meta-a.b: v\n", "InvalidMetadata"},
               {"x-ms-meta-\xC3\xA4: v\nx-ms-meta-a$: v\n", "InvalidMetadata"}};
    for (size_t i = 0; i < COUNT(bad); i++) {
        parse(bad[i].headers);
        ck_assert_msg(!skr_call_metadata(&call, &pairs, &count), "%s", bad[i].headers);
        expect_code(bad[i].code);
    }
    static char large[9000];
    for (int over = 0; over < 2; over++) {
        size_t size = (size_t)sprintf(large, "x-ms-meta-a: ");
        memset(large + size, 'v', 8191 + (size_t)over);
        strcpy(large + size + 8191 + over, "\n");
        parse(large);
        ck_assert(skr_call_metadata(&call, &pairs, &count) == (over == 0));
    }
    expect_code("MetadataTooLarge");
}
END_TEST

START_TEST(digests)
{
    struct skr_digests got;
    parse("Content-MD5: AAECAwQFBgcICQoLDA0ODw==\n");
    ck_assert(skr_call_digests(&call, "content-md5", "x-ms-content-crc64", &got));
    ck_assert(got.has_md5 && !got.has_crc64 && got.md5[15] == 15);
    parse("x-ms-content-crc64: AQIDBAUGBwg=\n");
    ck_assert(skr_call_digests(&call, "content-md5", "x-ms-content-crc64", &got));
    ck_assert_uint_eq(got.crc64, UINT64_C(0x0807060504030201));
    static const struct {
        const char *headers, *code;
    } bad[] = {{"Content-MD5: AAAA\n", "InvalidMd5"},
               {"Content-MD5: AAECAwQFBgcICQoLDA0ODw\n", "InvalidMd5"},
               {"Content-MD5: AAECAwQFBgcICQoLDA0ODxA=\n", "InvalidMd5"},
               {"x-ms-content-crc64: AQIDBAUGBwgJ\n", "InvalidCrc64"},
               {"x-ms-content-crc64: x\n", "InvalidCrc64"},
               {"Content-MD5: AAECAwQFBgcICQoLDA0ODw==\nx-ms-content-crc64: AQIDBAUGBwg=\n", "BothCrc64AndMd5HeaderPresent"}};
    for (size_t i = 0; i < COUNT(bad); i++) {
        parse(bad[i].headers);
        ck_assert_msg(!skr_call_digests(&call, "content-md5", "x-ms-content-crc64", &got), "%s", bad[i].headers);
        expect_code(bad[i].code);
    }
}
END_TEST

START_TEST(content_properties)
{
    struct skr_bytes properties[SKR_PROPERTY_COUNT] = {{NULL, 0}};
    parse("Content-Type: plain\nx-ms-blob-content-type: own\nContent-Encoding: gzip\nx-ms-access-tier: Cool\n");
    ck_assert(skr_call_content_properties(&call, true, properties));
    ck_assert(skr_bytes_equal(properties[SKR_PROPERTY_CONTENT_TYPE], SKR_BYTES("own")));
    ck_assert(skr_bytes_equal(properties[SKR_PROPERTY_CONTENT_ENCODING], SKR_BYTES("gzip")));
    ck_assert(skr_bytes_equal(properties[SKR_PROPERTY_ACCESS_TIER], SKR_BYTES("Cool")));
    struct skr_bytes own[SKR_PROPERTY_COUNT] = {{NULL, 0}};
    ck_assert(skr_call_content_properties(&call, false, own));
    ck_assert_ptr_null(own[SKR_PROPERTY_CONTENT_ENCODING].data);
    parse("x-ms-access-tier: Warm\n");
    ck_assert(!skr_call_content_properties(&call, true, own));
    expect_code("InvalidHeaderValue");
}
END_TEST

/* What is not offered is refused, never taken and ignored. */
START_TEST(what_is_not_offered)
{
    static const struct {
        const char *header, *code;
    } refused[] = {
        {"x-ms-lease-id: 1\n", "LeaseNotPresentWithBlobOperation"}, {"x-ms-encryption-key: k\n", "UnsupportedHeader"},
        {"x-ms-encryption-scope: s\n", "UnsupportedHeader"},        {"x-ms-tags: a=b\n", "UnsupportedHeader"},
        {"x-ms-legal-hold: true\n", "UnsupportedHeader"},           {"x-ms-if-tags: a\n", "UnsupportedHeader"}};
    parse("x-ms-date: today\n");
    ck_assert(!skr_call_unsupported(&call));
    for (size_t i = 0; i < COUNT(refused); i++) {
        parse(refused[i].header);
        ck_assert_msg(skr_call_unsupported(&call), "%s", refused[i].header);
        expect_code(refused[i].code);
    }
}
END_TEST

START_TEST(block_ids)
{
    struct skr_arena arena = {.blocks = NULL};
    struct skr_bytes name;
    char longest[SKR_BASE64_SIZE(65)];
    parse("");
    ck_assert(skr_call_block_id(&call) && skr_bytes_equal(call.block_name, SKR_BYTES("AAA")));
    ck_assert(!skr_parse_block_id(&arena, SKR_BYTES(""), &name));
    ck_assert(!skr_parse_block_id(&arena, SKR_BYTES("QUF"), &name));
    ck_assert(!skr_parse_block_id(&arena, SKR_BYTES("QUF\n"), &name));
    for (size_t size = 1; size <= 65; size++) {
        skr_base64_encode(longest, "0123456789012345678901234567890123456789012345678901234567890123456789", size);
        ck_assert(skr_parse_block_id(&arena, (struct skr_bytes){longest, SKR_BASE64_SIZE(size)}, &name) == (size <= 64));
    }
    skr_arena_release(&arena);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("parameters");
    TCase *cases = tcase_create("parameters");
    tcase_add_checked_fixture(cases, NULL, release);
    tcase_add_test(cases, conditions);
    tcase_add_test(cases, writes_take_one_condition);
    tcase_add_test(cases, bad_conditions);
    tcase_add_test(cases, metadata);
    tcase_add_test(cases, digests);
    tcase_add_test(cases, content_properties);
    tcase_add_test(cases, what_is_not_offered);
    tcase_add_test(cases, block_ids);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
