/* What an answer's head is taken for: ranges, versions, statuses, and heads that are not believed. */
#include <check.h>

#include "harness.h"
#include "run.h"

static struct skr_answer answer;
static struct skr_upstream_object object;
static const char *problem;

static void release(void)
{
    skr_answer_reset(&answer);
    skr_arena_release(&arena);
}

/* Lines separated by '\n'. */
static bool take(const char *head)
{
    skr_answer_reset(&answer);
    for (const char *end; (end = strchr(head, '\n')) != NULL; head = end + 1)
        if (!skr_answer_line(&answer, (struct skr_bytes){head, (size_t)(end + 1 - head)}))
            return false;
    return true;
}

static enum skr_upstream_outcome check(const char *head, bool ranged, uint64_t offset, uint64_t length, const char *if_match)
{
    struct skr_upstream_get get = {
        .ranged = ranged, .offset_bytes = offset, .length_bytes = length, .conditions = {.if_match = skr_text(if_match)}};
    ck_assert(take(head) && answer.complete);
    problem = NULL;
    if (!skr_answer_object(&answer, &skr_azure_driver, &object))
        return SKR_UPSTREAM_PROTOCOL;
    enum skr_upstream_outcome outcome = skr_answer_range(&answer, &get, &object, &problem);
    ck_assert((outcome == SKR_UPSTREAM_OK) == (problem == NULL));
    return outcome;
}

START_TEST(ranges)
{
    static const struct {
        const char *head;
        bool ranged;
        uint64_t offset, length;
        const char *if_match;
        enum skr_upstream_outcome outcome;
        uint64_t size;
    } cases[] = {
        {"HTTP/1.1 200 OK\nContent-Length: 10\n\n", false, 0, 0, "", SKR_UPSTREAM_OK, 10},
        {"HTTP/1.1 200 OK\n\n", false, 0, 0, "", SKR_UPSTREAM_PROTOCOL, 0},
        {"HTTP/1.1 200 OK\nContent-Length: 1x\n\n", false, 0, 0, "", SKR_UPSTREAM_PROTOCOL, 0},
        {"HTTP/1.1 200 OK\nContent-Length: 10\nContent-Length: 11\n\n", false, 0, 0, "", SKR_UPSTREAM_PROTOCOL, 0},
        {"HTTP/1.1 200 OK\nContent-Length: 10\ncontent-length: 10\n\n", false, 0, 0, "", SKR_UPSTREAM_OK, 10},
        {"HTTP/1.1 206 P\nContent-Length: 10\nContent-Range: bytes 0-9/10\n\n", false, 0, 0, "", SKR_UPSTREAM_PROTOCOL, 0},
        {"HTTP/1.1 206 P\nContent-Length: 10\nContent-Range: bytes 5-14/100\n\n", true, 5, 10, "", SKR_UPSTREAM_OK, 100},
        {"HTTP/1.1 206 P\nContent-Length: 5\nContent-Range: bytes 5-9/10\n\n", true, 5, 10, "", SKR_UPSTREAM_OK, 10},
        {"HTTP/1.1 206 P\nContent-Length: 5\nContent-Range: bytes 5-9/10\n\n", true, 5, UINT64_MAX, "", SKR_UPSTREAM_OK, 10},
        {"HTTP/1.1 206 P\nContent-Length: 5\nContent-Range: bytes 5-9/100\n\n", true, 5, 10, "", SKR_UPSTREAM_PROTOCOL, 0},
        {"HTTP/1.1 206 P\nContent-Length: 10\nContent-Range: bytes 4-13/100\n\n", true, 5, 10, "", SKR_UPSTREAM_PROTOCOL, 0},
        {"HTTP/1.1 206 P\nContent-Length: 11\nContent-Range: bytes 5-14/100\n\n", true, 5, 10, "", SKR_UPSTREAM_PROTOCOL, 0},
        {"HTTP/1.1 206 P\nContent-Length: 10\n\n", true, 5, 10, "", SKR_UPSTREAM_PROTOCOL, 0},
        {"HTTP/1.1 206 P\nContent-Length: 0\nContent-Range: bytes 5-4/5\n\n", true, 5, 10, "", SKR_UPSTREAM_INVALID_RANGE, 0},
        {"HTTP/1.1 206 P\nContent-Length: 10\nContent-Range: bytes 5-14/*\n\n", true, 5, 10, "", SKR_UPSTREAM_PROTOCOL, 0},
        {"HTTP/1.1 206 P\nContent-Length: 10\nContent-Range: bytes 5-14/10\n\n", true, 5, 10, "", SKR_UPSTREAM_PROTOCOL, 0},
        {"HTTP/1.1 206 P\nContent-Length: 10\nContent-Range: bytes 14-5/100\n\n", true, 5, 10, "", SKR_UPSTREAM_PROTOCOL, 0},
        {"HTTP/1.1 206 P\nContent-Length: 10\nContent-Range: bytes 5-14/99999999999999999999\n\n", true, 5, 10, "",
         SKR_UPSTREAM_PROTOCOL, 0},
        {"HTTP/1.1 200 OK\nContent-Length: 100\n\n", true, 5, 10, "", SKR_UPSTREAM_PROTOCOL, 0},
        {"HTTP/1.1 200 OK\nContent-Length: 100\n\n", true, 0, 10, "", SKR_UPSTREAM_PROTOCOL, 0},
        {"HTTP/1.1 200 OK\nContent-Length: 10\n\n", true, 0, 10, "", SKR_UPSTREAM_OK, 10},
        {"HTTP/1.1 200 OK\nContent-Length: 10\nETag: \"a\"\n\n", false, 0, 0, "a", SKR_UPSTREAM_OK, 10},
        {"HTTP/1.1 200 OK\nContent-Length: 10\nETag: \"b\"\n\n", false, 0, 0, "a", SKR_UPSTREAM_CHANGED, 0},
        {"HTTP/1.1 206 P\nContent-Length: 1\nContent-Range: bytes 0-0/9\nETag: \"b\"\n\n", true, 0, 1, "a",
         SKR_UPSTREAM_CHANGED, 0},
        {"HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\nContent-Length: 1\n\n", false, 0, 0, "", SKR_UPSTREAM_OK, 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum skr_upstream_outcome got =
            check(cases[i].head, cases[i].ranged, cases[i].offset, cases[i].length, cases[i].if_match);
        ck_assert_msg(got == cases[i].outcome, "%s: %s", cases[i].head, skr_upstream_outcome_text(got));
        ck_assert(got != SKR_UPSTREAM_OK || object.size_bytes == cases[i].size);
    }
}
END_TEST

START_TEST(objects)
{
    ck_assert(
        take("HTTP/1.1 200 OK\r\nContent-Length: 7\r\nETag: \"0x1\"\r\nLast-Modified: Mon, 15 Jun 2026 12:00:00 GMT\r\n"
             "Content-Type: text/plain\r\nContent-MD5: XrY7u+Ae7tCTyyK7j1rNww==\r\nx-ms-meta-A_b: two\r\nx-ms-tag-count: 3\r\n"
             "x-ms-blob-type: AppendBlob\r\nx-ms-copy-status: pending\r\nx-ms-version-id: v\r\n\r\n"));
    ck_assert(skr_answer_object(&answer, &skr_azure_driver, &object));
    ck_assert(object.size_bytes == 7 && object.modified_ns == INT64_C(1781524800000000000) && object.has_md5);
    ck_assert(object.md5[0] == 0x5E && object.tag_count == 3 && object.kind == SKR_OBJECT_APPEND && object.copy_pending);
    ck_assert(skr_bytes_equal(object.etag, SKR_BYTES("0x1")) && skr_bytes_equal(object.version, SKR_BYTES("v")));
    ck_assert_uint_eq(object.metadata_count, 1);
    ck_assert(skr_bytes_equal(object.metadata[0].name, SKR_BYTES("a_b")) &&
              skr_bytes_equal(object.metadata[0].value, SKR_BYTES("two")));
    /* that of a range is not the object's */
    ck_assert(take("HTTP/1.1 206 P\nContent-Length: 7\nContent-MD5: XrY7u+Ae7tCTyyK7j1rNww==\n\n"));
    ck_assert(skr_answer_object(&answer, &skr_azure_driver, &object) && !object.has_md5);
    ck_assert(take("HTTP/1.1 200 OK\nContent-Length: 7\nContent-MD5: XrY7u+Ae7tCTyyK7j1rNww==\n"
                   "x-amz-meta-a: =?UTF-8?B?w7w=?=\nx-amz-meta-b: =?UTF-8?B?w7w?=\n\n"));
    ck_assert(skr_answer_object(&answer, &skr_s3_driver, &object) && !object.has_md5);
    ck_assert(skr_bytes_equal(object.metadata[0].value, SKR_BYTES("\xC3\xBC")));
    ck_assert(skr_bytes_equal(object.metadata[1].value, SKR_BYTES("=?UTF-8?B?w7w?=")));
    ck_assert(take("HTTP/1.1 200 OK\nContent-Length: 7\nETag: \"a\"\nETag: \"b\"\n\n"));
    ck_assert(!skr_answer_object(&answer, &skr_azure_driver, &object));
    ck_assert(take("HTTP/1.1 200 OK\nContent-Length: 7\nx-ms-tag-count: many\n\n"));
    ck_assert(!skr_answer_object(&answer, &skr_azure_driver, &object));
}
END_TEST

START_TEST(heads_are_bounded)
{
    static char line[70000];
    ck_assert(!take("HTTP/1.1 2000 OK\n"));
    ck_assert(!take("HTTP/1.1 20\n"));
    ck_assert(!take("HTTP/1.1\n"));
    ck_assert(!take("HTTP/1.1 099 OK\n"));
    ck_assert(!take("HTTP/1.1 200 OK\nno colon\n"));
    memset(line, 'a', sizeof line);
    line[1] = ':';
    ck_assert(take("HTTP/1.1 200 OK\n") && !skr_answer_line(&answer, (struct skr_bytes){line, sizeof line}));
    ck_assert(take("HTTP/1.1 200 OK\n"));
    for (size_t i = 0; i < SKR_ANSWER_HEADERS; i++)
        ck_assert(skr_answer_line(&answer, SKR_BYTES("a: b\n")));
    ck_assert(!skr_answer_line(&answer, SKR_BYTES("a: b\n")));
    /* what comes behind the end is no header */
    ck_assert(take("HTTP/1.1 200 OK\nContent-Length: 1\n\nContent-Length: 2\n") && answer.header_count == 1);
    ck_assert(skr_answer_document(&answer, "12345", 5, 6) && !skr_answer_document(&answer, "67", 2, 6));
}
END_TEST

START_TEST(statuses)
{
    static const struct {
        int status;
        const char *code;
        enum skr_upstream_outcome outcome;
        bool may_pass;
    } cases[] = {
        {304, "", SKR_UPSTREAM_NOT_MODIFIED, false},
        {400, "InvalidMetadata", SKR_UPSTREAM_INVALID, false},
        {400, "Md5Mismatch", SKR_UPSTREAM_CHECKSUM_MISMATCH, true},
        {400, "ExpiredToken", SKR_UPSTREAM_FORBIDDEN, false},
        {401, "", SKR_UPSTREAM_FORBIDDEN, false},
        {403, "AuthenticationFailed", SKR_UPSTREAM_FORBIDDEN, false},
        {404, "BlobNotFound", SKR_UPSTREAM_NOT_FOUND, false},
        {404, "ContainerNotFound", SKR_UPSTREAM_CONTAINER_NOT_FOUND, false},
        {404, "NoSuchBucket", SKR_UPSTREAM_CONTAINER_NOT_FOUND, false},
        {409, "BlobAlreadyExists", SKR_UPSTREAM_CONDITION_FAILED, false},
        {409, "LeaseIdMissing", SKR_UPSTREAM_CONFLICT, false},
        {409, "ConditionalRequestConflict", SKR_UPSTREAM_UNAVAILABLE, true},
        {412, "", SKR_UPSTREAM_CONDITION_FAILED, false},
        {416, "", SKR_UPSTREAM_INVALID_RANGE, false},
        {429, "", SKR_UPSTREAM_THROTTLED, true},
        {500, "InternalError", SKR_UPSTREAM_UNAVAILABLE, true},
        {501, "NotImplemented", SKR_UPSTREAM_INVALID, false},
        {503, "ServerBusy", SKR_UPSTREAM_THROTTLED, true},
        {503, "", SKR_UPSTREAM_THROTTLED, true},
        {302, "", SKR_UPSTREAM_PROTOCOL, true},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        enum skr_upstream_outcome got = skr_answer_classify(cases[i].status, skr_text(cases[i].code));
        ck_assert_msg(got == cases[i].outcome, "%d %s: %s", cases[i].status, cases[i].code, skr_upstream_outcome_text(got));
        ck_assert(skr_outcome_may_pass(got) == cases[i].may_pass);
    }
    for (int i = 0; i < SKR_UPSTREAM_OUTCOME_COUNT; i++)
        ck_assert_str_ne(skr_upstream_outcome_text((enum skr_upstream_outcome)i), "unknown");
}
END_TEST

START_TEST(retry_after)
{
    static const struct {
        const char *head;
        unsigned ms;
    } cases[] = {
        {"HTTP/1.1 503 B\n\n", 0},
        {"HTTP/1.1 503 B\nRetry-After: 3\n\n", 3000},
        {"HTTP/1.1 503 B\nRetry-After: 99999999999999999\n\n", 3600000},
        {"HTTP/1.1 503 B\nRetry-After: -3\n\n", 0},
        {"HTTP/1.1 503 B\nRetry-After: Mon, 15 Jun 2026 12:00:07 GMT\n\n", 7000},
        {"HTTP/1.1 503 B\nRetry-After: Mon, 15 Jun 2026 11:59:59 GMT\n\n", 0},
        {"HTTP/1.1 503 B\nRetry-After: Mon, 15 Jun 2099 11:59:59 GMT\n\n", 3600000},
        {"HTTP/1.1 503 B\nRetry-After: 3\nx-ms-retry-after-ms: 250\n\n", 250},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        ck_assert(take(cases[i].head));
        ck_assert_msg(skr_answer_retry_after_ms(&answer, 1781524800) == cases[i].ms, "%s", cases[i].head);
    }
}
END_TEST

START_TEST(error_codes)
{
    static const struct {
        const char *document, *code;
    } cases[] = {
        {"<Error><Code>NoSuchKey</Code><Message>m</Message></Error>", "NoSuchKey"},
        {"<Error><Code>two words</Code></Error>", ""},
        {"<Error><Code>&lt;b&gt;</Code></Error>", ""},
        {"<html><body>bad gateway</body></html>", ""},
        {"not a document", ""},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        ck_assert(take("HTTP/1.1 400 B\n\n"));
        ck_assert(skr_answer_document(&answer, cases[i].document, strlen(cases[i].document), 1000));
        ck_assert(skr_bytes_equal(skr_error_code(&arena, &answer), skr_text(cases[i].code)));
    }
    ck_assert(take("HTTP/1.1 404 N\nx-ms-error-code: BlobNotFound\n\n"));
    ck_assert(skr_bytes_equal(skr_error_code(&arena, &answer), SKR_BYTES("BlobNotFound")));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("upstream_answers");
    TCase *tests = tcase_create("answers");
    tcase_add_checked_fixture(tests, NULL, release);
    tcase_add_test(tests, ranges);
    tcase_add_test(tests, objects);
    tcase_add_test(tests, heads_are_bounded);
    tcase_add_test(tests, statuses);
    tcase_add_test(tests, retry_after);
    tcase_add_test(tests, error_codes);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
