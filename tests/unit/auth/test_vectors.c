/* Requests that were signed by another implementation, and what becomes of them when anything that was signed changes. */
#include <check.h>

#include "harness.h"
#include "run.h"
#include "vectors.h"

static char text[8192];

START_TEST(signed_requests_are_allowed)
{
    const struct vector *vector = &vectors[_i];
    enum skr_auth_refusal refusal = harness_run(vector);
    ck_assert_msg(refusal == SKR_AUTH_ALLOWED, "%s: refusal %d: %s", vector->name, refusal, error.message);
    ck_assert_int_eq(principal.scheme, vector->scheme);
    ck_assert(skr_bytes_equal(principal.account, SKR_BYTES(VECTOR_ACCOUNT)));
    ck_assert_int_eq((principal.permissions & SKR_PERMISSION_OWNER) != 0, vector->scheme == SKR_AUTH_SHARED_KEY);
    ck_assert(vector->scheme == SKR_AUTH_SERVICE_SAS ? skr_bytes_equal(principal.scope_container, skr_text(vector->container))
                                                     : principal.scope_container.size == 0);
}
END_TEST

static void must_refuse(const struct vector *vector, const char *what, struct skr_bytes part)
{
    ck_assert_msg(harness_check() != SKR_AUTH_ALLOWED, "%s: allowed with another %s '%.*s'", vector->name, what,
                  SKR_PRINT(part));
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
    memcpy(text, part.data, part.size);
    text[part.size] = '1';
    return (struct skr_bytes){text, part.size + 1};
}

static bool is_one_of(struct skr_bytes name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (skr_bytes_equal_nocase(name, skr_text(names[i])))
            return true;
    return false;
}

START_TEST(every_character_of_a_signature_counts)
{
    const struct vector *vector = &vectors[_i];
    harness_request(vector);
    bool key = vector->scheme == SKR_AUTH_SHARED_KEY;
    struct skr_bytes *where = key ? &request.headers[request.header_count - 1].value
                                  : &((struct skr_query_parameter *)skr_request_query(&request, "sig"))->value;
    struct skr_bytes whole = *where;
    size_t begin = key ? (size_t)((const char *)memchr(whole.data, ':', whole.size) + 1 - whole.data) : 0;
    ck_assert_uint_eq(whole.size - begin, 44);
    for (size_t at = begin; at < whole.size; at++) {
        *where = altered(whole, at);
        must_refuse(vector, "signature", *where);
    }
    *where = longer(whole);
    must_refuse(vector, "signature", *where);
    where->size = whole.size - 1;
    must_refuse(vector, "signature", *where);
    *where = (struct skr_bytes){whole.data, begin};
    must_refuse(vector, "signature", *where);
    *where = whole;
    ck_assert_int_eq(harness_check(), SKR_AUTH_ALLOWED);
}
END_TEST

/* Headers that Shared Key Lite leaves out of its text, and those that a date of its own makes irrelevant. */
static bool is_signed_header(struct skr_bytes name, bool lite)
{
    static const char *const both[] = {"content-md5", "content-type"};
    static const char *const full[] = {"content-encoding", "content-language", "content-length",      "if-modified-since",
                                       "if-match",         "if-none-match",    "if-unmodified-since", "range"};
    if (skr_bytes_equal_nocase(name, SKR_BYTES("date")))
        return skr_request_header(&request, "x-ms-date").data == NULL;
    return (name.size > 5 && skr_bytes_equal_nocase((struct skr_bytes){name.data, 5}, SKR_BYTES("x-ms-"))) ||
           is_one_of(name, both, COUNT(both)) || (!lite && is_one_of(name, full, COUNT(full)));
}

START_TEST(every_signed_header_counts)
{
    const struct vector *vector = &vectors[_i];
    if (vector->scheme != SKR_AUTH_SHARED_KEY)
        return;
    harness_request(vector);
    bool lite = strstr(vector->headers, "SharedKeyLite") != NULL;
    for (size_t i = 0; i < request.header_count; i++) {
        struct skr_header whole = request.headers[i];
        if (!is_signed_header(whole.name, lite))
            continue;
        for (size_t at = 0; at < whole.value.size; at++) {
            request.headers[i].value = altered(whole.value, at);
            must_refuse(vector, "value of header", whole.name);
        }
        request.headers[i].value = longer(whole.value);
        must_refuse(vector, "value of header", whole.name);
        request.headers[i].value = whole.value;
        request.headers[i].name = longer(whole.name);
        if (skr_bytes_equal(whole.name, SKR_BYTES("Content-Length")) && skr_bytes_equal(whole.value, SKR_BYTES("0")) &&
            strstr(vector->headers, "x-ms-version: 2014") == NULL)
            ck_assert_int_eq(harness_check(), SKR_AUTH_ALLOWED); /* no length signs as length 0 does */
        else
            must_refuse(vector, "name of header", whole.name);
        request.headers[i] = whole;
    }
    request.headers[request.header_count++] = (struct skr_header){SKR_BYTES("x-ms-added"), SKR_BYTES("")};
    must_refuse(vector, "header", SKR_BYTES("x-ms-added"));
    request.headers[--request.header_count] = (struct skr_header){SKR_NO_BYTES, SKR_NO_BYTES};
    if (!lite) {
        request.headers[request.header_count++] = (struct skr_header){SKR_BYTES("range"), SKR_BYTES("bytes=0-0")};
        if (strstr(vector->headers, "Range: ") == NULL)
            must_refuse(vector, "header", SKR_BYTES("range"));
        request.header_count--;
    }
    ck_assert_int_eq(harness_check(), SKR_AUTH_ALLOWED);
}
END_TEST

START_TEST(method_path_and_query_count)
{
    const struct vector *vector = &vectors[_i];
    if (vector->scheme != SKR_AUTH_SHARED_KEY)
        return;
    harness_request(vector);
    bool lite = strstr(vector->headers, "SharedKeyLite") != NULL;
    struct skr_bytes path = request.uri.raw_path, method = request.method_name;
    request.method_name = SKR_BYTES("DELETE");
    must_refuse(vector, "method", method);
    request.method_name = method;
    for (size_t at = 0; at < path.size; at++) {
        request.uri.raw_path = altered(path, at);
        must_refuse(vector, "path", path);
    }
    request.uri.raw_path = longer(path);
    must_refuse(vector, "path", path);
    request.uri.raw_path = path;
    for (size_t i = 0; i < request.uri.query_count; i++) {
        struct skr_query_parameter whole = request.uri.query[i];
        request.uri.query[i].value = longer(whole.value);
        must_refuse(vector, "value of parameter", whole.name);
        request.uri.query[i].value = whole.value;
        request.uri.query[i].name = longer(whole.name);
        must_refuse(vector, "name of parameter", whole.name);
        request.uri.query[i] = whole;
    }
    size_t added = request.uri.query_count++;
    request.uri.query[added] = (struct skr_query_parameter){.name = SKR_BYTES("snapshot"), .value = SKR_BYTES("2026")};
    if (!lite)
        must_refuse(vector, "parameter", SKR_BYTES("snapshot"));
    request.uri.query_count--;
    struct skr_bytes account = target.account;
    target.account = SKR_BYTES("handmade");
    must_refuse(vector, "account", account);
    target.account = account;
    ck_assert_int_eq(harness_check(), SKR_AUTH_ALLOWED);
}
END_TEST

START_TEST(every_parameter_of_a_sas_counts)
{
    static const char *const known[] = {"sv",  "ss", "srt", "sp",   "st",   "se",   "sip",  "spr",
                                        "ses", "sr", "si",  "rscc", "rscd", "rsce", "rscl", "rsct"};
    const struct vector *vector = &vectors[_i];
    if (vector->scheme == SKR_AUTH_SHARED_KEY)
        return;
    harness_request(vector);
    for (size_t i = 0; i < request.uri.query_count; i++) {
        struct skr_query_parameter whole = request.uri.query[i];
        if (!is_one_of(whole.name, known, COUNT(known)))
            continue;
        for (size_t at = 0; at < whole.value.size; at++) {
            request.uri.query[i].value = altered(whole.value, at);
            must_refuse(vector, "value of parameter", whole.name);
        }
        request.uri.query[i].value = longer(whole.value);
        must_refuse(vector, "value of parameter", whole.name);
        request.uri.query[i].value = SKR_BYTES("");
        must_refuse(vector, "empty value of parameter", whole.name);
        request.uri.query[i] = whole;
        request.uri.query[i].name = SKR_BYTES("unknown");
        must_refuse(vector, "name of parameter", whole.name);
        request.uri.query[i] = whole;
        request.uri.query[request.uri.query_count++] = whole; /* the same twice */
        must_refuse(vector, "repeated parameter", whole.name);
        request.uri.query_count--;
    }
    ck_assert_int_eq(harness_check(), SKR_AUTH_ALLOWED);
}
END_TEST

START_TEST(a_service_sas_is_good_where_it_was_made_for)
{
    const struct vector *vector = &vectors[_i];
    if (vector->scheme != SKR_AUTH_SERVICE_SAS)
        return;
    harness_request(vector);
    struct skr_target whole = target;
    bool is_blob = skr_bytes_equal(skr_request_query(&request, "sr")->value, SKR_BYTES("b"));
    target.container = SKR_BYTES("another");
    must_refuse(vector, "container", whole.container);
    target.container = SKR_BYTES("");
    must_refuse(vector, "container", whole.container);
    target.container = SKR_BYTES("c/d"); /* "c/d" + "e" spells the same resource as "c" + "d/e" */
    target.object = SKR_BYTES("e");
    must_refuse(vector, "container", whole.container);
    target = whole;
    target.object = SKR_BYTES("another");
    if (is_blob)
        must_refuse(vector, "object", whole.object);
    else
        ck_assert_int_eq(harness_check(), SKR_AUTH_ALLOWED);
    target = whole;
    target.account = SKR_BYTES("handmade");
    must_refuse(vector, "account", whole.account);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("auth_vectors");
    TCase *tests = tcase_create("vectors");
    const int count = (int)COUNT(vectors);
    tcase_add_checked_fixture(tests, harness_open, harness_close);
    tcase_add_loop_test(tests, signed_requests_are_allowed, 0, count);
    tcase_add_loop_test(tests, every_character_of_a_signature_counts, 0, count);
    tcase_add_loop_test(tests, every_signed_header_counts, 0, count);
    tcase_add_loop_test(tests, method_path_and_query_count, 0, count);
    tcase_add_loop_test(tests, every_parameter_of_a_sas_counts, 0, count);
    tcase_add_loop_test(tests, a_service_sas_is_good_where_it_was_made_for, 0, count);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
