/* Targets, ranges, and finding the row of an operation: pure functions of the request. */
#include <check.h>
#include <stdlib.h>

#include "run.h"
#include "skerry/operation.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct skr_arena arena;
static struct skr_request request;

static void release(void)
{
    skr_arena_release(&arena);
}

static enum skr_status parse(const char *target)
{
    struct skr_error error;
    return skr_uri_parse(&arena, skr_text(target), &request.uri, &error);
}

START_TEST(targets_stay_as_they_were_sent)
{
    ck_assert_int_eq(parse("/a%2Fb/../c//d%20e?x=%41+b&y&z=&=v&&x=2"), SKR_OK);
    ck_assert(skr_bytes_equal(request.uri.raw_path, SKR_BYTES("/a%2Fb/../c//d%20e")));
    ck_assert(skr_bytes_equal(request.uri.raw_query, SKR_BYTES("x=%41+b&y&z=&=v&&x=2")));
    ck_assert_uint_eq(request.uri.query_count, 5);
    const struct skr_query_parameter *x = skr_request_query(&request, "x"), *y = skr_request_query(&request, "y");
    ck_assert(skr_bytes_equal(x->value, SKR_BYTES("A b")) && skr_bytes_equal(x->raw_value, SKR_BYTES("%41+b")) && x->has_value);
    ck_assert(y != NULL && !y->has_value && y->value.size == 0);
    ck_assert(skr_request_query(&request, "z")->has_value);
    ck_assert(skr_request_query(&request, "")->value.size == 1);
    ck_assert_ptr_null(skr_request_query(&request, "X"));
    ck_assert_int_eq(parse("/"), SKR_OK);
    ck_assert(request.uri.query_count == 0 && request.uri.raw_query.size == 0);
    ck_assert_int_eq(parse("/?"), SKR_OK);
    ck_assert_uint_eq(request.uri.query_count, 0);
}
END_TEST

START_TEST(absolute_targets_lose_their_authority)
{
    ck_assert_int_eq(parse("HTTP://h:1/a?b"), SKR_OK);
    ck_assert(skr_bytes_equal(request.uri.raw_target, SKR_BYTES("/a?b")));
    ck_assert_int_eq(parse("https://h"), SKR_OK);
    ck_assert(skr_bytes_equal(request.uri.raw_path, SKR_BYTES("/")));
    ck_assert_int_eq(parse("http://h?x"), SKR_INVALID_ARGUMENT);
    ck_assert_int_eq(parse("ftp://h/a"), SKR_INVALID_ARGUMENT);
}
END_TEST

START_TEST(bad_targets_are_refused)
{
    static const char *const bad[] = {"",   "a",   "*",    "/a b", "/a\tb",   "/a\x01", "/a\x7f", "/a\xe4",
                                      "/%", "/%4", "/%GG", "/%00", "/a?b=%0", "/a#b",   "?a"};
    char many[1024] = "/?";
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(parse(bad[i]) == SKR_INVALID_ARGUMENT, "'%s' was taken", bad[i]);
    for (int i = 0; i < SKR_MAX_QUERY_PARAMETERS; i++)
        strcat(many, "a=1&");
    ck_assert_int_eq(parse(many), SKR_OK);
    ck_assert_int_eq(parse(strcat(many, "b")), SKR_INVALID_ARGUMENT);
    char *large = malloc(SKR_MAX_TARGET_BYTES + 2);
    ck_assert_ptr_nonnull(large);
    memset(large, '/', SKR_MAX_TARGET_BYTES + 1);
    large[SKR_MAX_TARGET_BYTES + 1] = '\0';
    ck_assert_int_eq(parse(large), SKR_TOO_LARGE);
    ck_assert_int_eq(parse(large + 1), SKR_OK);
    free(large);
}
END_TEST

static bool resolves(const char *text, uint64_t size, uint64_t offset, uint64_t length)
{
    struct skr_range range;
    uint64_t got_offset, got_length;
    return skr_range_parse(skr_text(text), &range) && skr_range_resolve(&range, size, &got_offset, &got_length) &&
           got_offset == offset && got_length == length;
}

START_TEST(ranges)
{
    static const char *const bad[] = {"",
                                      "bytes=",
                                      "bytes=-",
                                      "bytes",
                                      "bytes=a-b",
                                      "bytes=5-4",
                                      "bytes=1-2,3-4",
                                      "bytes= 1-2",
                                      "bytes=1 -2",
                                      "items=1-2",
                                      "bytes=+1-2",
                                      "bytes=1--2",
                                      "bytes=18446744073709551616a-"};
    struct skr_range range;
    uint64_t offset, length;
    for (size_t i = 0; i < COUNT(bad); i++) {
        ck_assert_msg(!skr_range_parse(skr_text(bad[i]), &range), "'%s' was taken", bad[i]);
        ck_assert_int_eq(range.kind, SKR_RANGE_NONE);
    }
    ck_assert(resolves("bytes=0-0", 10, 0, 1) && resolves("bytes=0-9", 10, 0, 10) && resolves("bytes=9-100", 10, 9, 1));
    ck_assert(resolves("BYTES=3-", 10, 3, 7) && resolves("bytes=-3", 10, 7, 3) && resolves("bytes=-30", 10, 0, 10));
    ck_assert(resolves("bytes=0-18446744073709551615", UINT64_MAX, 0, UINT64_MAX));
    ck_assert(resolves("bytes=18446744073709551614-", UINT64_MAX, UINT64_MAX - 1, 1));
    ck_assert(resolves("bytes=2-18446744073709551616", 10, 2, 8) && resolves("bytes=-18446744073709551616", 10, 0, 10));
    ck_assert(!resolves("bytes=18446744073709551616-", 10, 0, 0) &&
              !resolves("bytes=99999999999999999999-99999999999999999999", 10, 0, 0));
    ck_assert(!resolves("bytes=10-", 10, 0, 0) && !resolves("bytes=-0", 10, 0, 0) && !resolves("bytes=0-0", 0, 0, 0));
    ck_assert(skr_range_parse(SKR_BYTES("bytes=-1"), &range) && !skr_range_resolve(&range, 0, &offset, &length));
    range = (struct skr_range){.kind = SKR_RANGE_NONE};
    ck_assert(skr_range_resolve(&range, 7, &offset, &length) && offset == 0 && length == 7);
}
END_TEST

static const struct skr_operation rows[] = {
    {.name = "Get", .method = SKR_GET, .resource = SKR_RESOURCE_OBJECT},
    {.name = "Head", .method = SKR_HEAD, .resource = SKR_RESOURCE_OBJECT},
    {.name = "Get Tags", .method = SKR_GET, .resource = SKR_RESOURCE_OBJECT, .selectors = {{SKR_SELECT_QUERY, "comp", "tags"}}},
    {.name = "List", .method = SKR_GET, .resource = SKR_RESOURCE_CONTAINER, .selectors = {{SKR_SELECT_QUERY, "comp", "list"}}},
    {.name = "Put", .method = SKR_PUT, .resource = SKR_RESOURCE_OBJECT},
    {.name = "Copy", .method = SKR_PUT, .resource = SKR_RESOURCE_OBJECT, .selectors = {{SKR_SELECT_HEADER, "x-copy", NULL}}},
    {.name = "Copy Block",
     .method = SKR_PUT,
     .resource = SKR_RESOURCE_OBJECT,
     .selectors = {{SKR_SELECT_QUERY, "comp", "block"}, {SKR_SELECT_HEADER, "X-Copy", NULL}}},
    {.name = "Page",
     .method = SKR_PUT,
     .resource = SKR_RESOURCE_OBJECT,
     .selectors = {{SKR_SELECT_HEADER, "x-type", "PageBlob"}}},
    {.name = "Later", .method = SKR_PUT, .resource = SKR_RESOURCE_OBJECT, .selectors = {{SKR_SELECT_QUERY, "restype", NULL}}},
};

static const char *found(enum skr_method method, const char *target, const char *header, const char *value,
                         enum skr_resource resource)
{
    request.method = method;
    ck_assert_int_eq(parse(target), SKR_OK);
    request.header_count = header == NULL ? 0 : 1;
    request.headers[0] = (struct skr_header){skr_text(header), skr_text(value)};
    const struct skr_operation *row = skr_operation_find(rows, COUNT(rows), &request, resource);
    return row == NULL ? "none" : row->name;
}

START_TEST(rows_are_found_by_most_selectors)
{
    const enum skr_resource object = SKR_RESOURCE_OBJECT;
    ck_assert_str_eq(found(SKR_GET, "/a", NULL, NULL, object), "Get");
    ck_assert_str_eq(found(SKR_GET, "/a?comp=tags", NULL, NULL, object), "Get Tags");
    ck_assert_str_eq(found(SKR_GET, "/a?comp=TAGS", NULL, NULL, object), "Get");
    ck_assert_str_eq(found(SKR_HEAD, "/a", NULL, NULL, object), "Head");
    ck_assert_str_eq(found(SKR_HEAD, "/a?comp=tags", NULL, NULL, object), "Get Tags");
    ck_assert_str_eq(found(SKR_HEAD, "/a?comp=list", NULL, NULL, SKR_RESOURCE_CONTAINER), "List");
    ck_assert_str_eq(found(SKR_GET, "/a", NULL, NULL, SKR_RESOURCE_CONTAINER), "none");
    ck_assert_str_eq(found(SKR_PUT, "/a?comp=block", "x-COPY", "y", object), "Copy Block");
    ck_assert_str_eq(found(SKR_PUT, "/a?comp=block", NULL, NULL, object), "Put");
    ck_assert_str_eq(found(SKR_PUT, "/a", "X-Type", "pageblob", object), "Page");
    ck_assert_str_eq(found(SKR_PUT, "/a?restype", "x-copy", "", object), "Copy");
    ck_assert_str_eq(found(SKR_DELETE, "/a", NULL, NULL, object), "none");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request");
    TCase *all = tcase_create("request");
    tcase_add_checked_fixture(all, NULL, release);
    tcase_add_test(all, targets_stay_as_they_were_sent);
    tcase_add_test(all, absolute_targets_lose_their_authority);
    tcase_add_test(all, bad_targets_are_refused);
    tcase_add_test(all, ranges);
    tcase_add_test(all, rows_are_found_by_most_selectors);
    suite_add_tcase(suite, all);
    return run_suite(suite);
}
