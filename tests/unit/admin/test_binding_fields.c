/* A binding out of JSON: each credential, what is set when nothing is said, and bytes that are no JSON. */
#include "run.h"
#include "skerry/admin.h"

#define START "{\"upstream\":\"https://a.test/b\",\"mode\":\"read-only\","

static struct skr_binding_request request;
static struct skr_error error;

static enum skr_status take(const char *json)
{
    skr_binding_request_free(&request);
    return skr_binding_request_read(&request, skr_text(json), &error);
}

static bool has(enum skr_binding_text text, const char *value)
{
    return skr_bytes_equal(request.binding.texts[text], skr_text(value));
}

START_TEST(nothing_said)
{
    ck_assert_int_eq(take("{\"upstream\":\"https://a.test/b\",\"mode\":\"write-back\"}"), SKR_OK);
    ck_assert_int_eq(request.binding.mode, SKR_BINDING_WRITE_BACK);
    ck_assert_int_eq(request.binding.listing, SKR_LISTING_UPSTREAM);
    ck_assert_int_eq(request.binding.credential, SKR_BINDING_ANONYMOUS);
    ck_assert(!request.binding.is_s3 && !request.binding.allow_http);
    ck_assert_uint_eq(request.binding.ttl_ms, 60000);
    ck_assert_uint_eq(request.binding.capacity_bytes, 0);
    ck_assert(has(SKR_BINDING_URL, "https://a.test/b"));
    for (unsigned i = SKR_BINDING_URL + 1; i < SKR_BINDING_TEXT_COUNT; i++)
        ck_assert_uint_eq(request.binding.texts[i].size, 0);
}
END_TEST

START_TEST(all_said)
{
    ck_assert_int_eq(take("{\"upstream\":\"u\",\"mode\":\"write-through\",\"listing\":\"mirror\",\"kind\":\"s3\",\"ttl_s\":0,"
                          "\"capacity_bytes\":9223372036854775807,\"allow_http\":true,\"upstream_account\":\"acct\","
                          "\"ca_file\":\"/ca\",\"proxy\":\"http://p\",\"region\":\"r\",\"access_key\":\"A\","
                          "\"secret_key\":\"S\",\"session_token\":\"T\"}"),
                     SKR_OK);
    ck_assert_int_eq(request.binding.mode, SKR_BINDING_WRITE_THROUGH);
    ck_assert_int_eq(request.binding.listing, SKR_LISTING_MIRROR);
    ck_assert_int_eq(request.binding.credential, SKR_BINDING_BY_S3_KEYS);
    ck_assert(request.binding.is_s3 && request.binding.allow_http);
    ck_assert_uint_eq(request.binding.ttl_ms, 0);
    ck_assert_uint_eq(request.binding.capacity_bytes, INT64_MAX);
    ck_assert(has(SKR_BINDING_ACCOUNT, "acct") && has(SKR_BINDING_CA_FILE, "/ca") && has(SKR_BINDING_PROXY, "http://p"));
    ck_assert(has(SKR_BINDING_REGION, "r") && has(SKR_BINDING_ACCESS_KEY, "A") && has(SKR_BINDING_SECRET_KEY, "S") &&
              has(SKR_BINDING_SESSION_TOKEN, "T"));
}
END_TEST

START_TEST(credentials)
{
    ck_assert_int_eq(take(START "\"account_key\":\"K\"}"), SKR_OK);
    ck_assert(request.binding.credential == SKR_BINDING_BY_ACCOUNT_KEY && has(SKR_BINDING_ACCOUNT_KEY, "K"));
    ck_assert_int_eq(take(START "\"sas\":\"sig=x\"}"), SKR_OK);
    ck_assert(request.binding.credential == SKR_BINDING_BY_SAS && has(SKR_BINDING_SAS, "sig=x"));
    ck_assert_int_eq(take(START "\"managed_identity\":true,\"client_id\":\"C\"}"), SKR_OK);
    ck_assert(request.binding.credential == SKR_BINDING_BY_MANAGED_IDENTITY && has(SKR_BINDING_CLIENT, "C"));
    ck_assert_int_eq(take(START "\"managed_identity\":false}"), SKR_OK);
    ck_assert_int_eq(request.binding.credential, SKR_BINDING_ANONYMOUS);
    ck_assert_int_eq(take(START "\"workload_identity\":{\"tenant\":\"T\",\"client_id\":\"C\",\"token_file\":\"/f\","
                                "\"authority\":\"https://l\"}}"),
                     SKR_OK);
    ck_assert_int_eq(request.binding.credential, SKR_BINDING_BY_WORKLOAD_IDENTITY);
    ck_assert(has(SKR_BINDING_TENANT, "T") && has(SKR_BINDING_CLIENT, "C") && has(SKR_BINDING_TOKEN_FILE, "/f") &&
              has(SKR_BINDING_AUTHORITY, "https://l"));
    ck_assert_int_eq(take(START "\"client_secret\":{\"tenant\":\"T\",\"client_id\":\"C\",\"secret\":\"S\"}}"), SKR_OK);
    ck_assert_int_eq(request.binding.credential, SKR_BINDING_BY_CLIENT_SECRET);
    ck_assert(has(SKR_BINDING_CLIENT_SECRET, "S") && has(SKR_BINDING_TENANT, "T") && has(SKR_BINDING_CLIENT, "C"));
    ck_assert_int_eq(take(START "\"managed_identity\":true,\"client_secret\":{\"tenant\":\"T\",\"client_id\":\"C\","
                                "\"secret\":\"S\"}}"),
                     SKR_INVALID_ARGUMENT);
}
END_TEST

START_TEST(hostile)
{
    static char deep[10000];
    memset(deep, '[', sizeof deep - 1);
    ck_assert_int_eq(take(deep), SKR_INVALID_ARGUMENT);
    memset(deep, '{', sizeof deep - 1);
    ck_assert_int_eq(take(deep), SKR_INVALID_ARGUMENT);
    for (size_t i = 0; i + 6 < sizeof deep; i += 5)
        memcpy(deep + i, "{\"a\":", 6);
    ck_assert_int_eq(take(deep), SKR_INVALID_ARGUMENT);
    ck_assert_int_eq(take(START "\"sas\":\"a\\u0000b\"}"), SKR_INVALID_ARGUMENT);
    ck_assert_int_eq(take(START "\"client_secret\":{\"tenant\":{\"x\":\"y\"}}}"), SKR_INVALID_ARGUMENT);
    skr_binding_request_free(&request);
    ck_assert_int_eq(skr_binding_request_read(&request, SKR_NO_BYTES, &error), SKR_INVALID_ARGUMENT);
    skr_binding_request_free(&request);
    ck_assert_int_eq(skr_binding_request_read(&request, (struct skr_bytes){START "\0\"", sizeof START + 1}, &error),
                     SKR_INVALID_ARGUMENT);
}
END_TEST

START_TEST(names)
{
    ck_assert_ptr_nonnull(skr_binding_field_find(SKR_BYTES("ttl_s")));
    ck_assert_ptr_eq(skr_binding_field_find(SKR_BYTES("ttl")), skr_binding_field_find(SKR_BYTES("ttl_s")));
    ck_assert_ptr_null(skr_binding_field_find(SKR_BYTES("tt")));
    ck_assert_ptr_null(skr_binding_field_find(SKR_NO_BYTES));
    ck_assert_int_eq(skr_binding_name_check(SKR_BYTES("*"), &error), SKR_OK);
    ck_assert_int_eq(skr_binding_name_check(SKR_BYTES("a.b-c"), &error), SKR_OK);
    ck_assert_int_eq(skr_binding_name_check(SKR_NO_BYTES, &error), SKR_INVALID_NAME);
    ck_assert_int_eq(skr_binding_name_check(SKR_BYTES("a_b"), &error), SKR_INVALID_NAME);
}
END_TEST

static void end(void)
{
    skr_binding_request_free(&request);
}

int main(void)
{
    Suite *suite = suite_create("admin_binding_fields");
    TCase *rules = tcase_create("rules");
    tcase_add_checked_fixture(rules, NULL, end);
    tcase_add_test(rules, nothing_said);
    tcase_add_test(rules, all_said);
    tcase_add_test(rules, credentials);
    tcase_add_test(rules, hostile);
    tcase_add_test(rules, names);
    suite_add_tcase(suite, rules);
    return run_suite(suite);
}
