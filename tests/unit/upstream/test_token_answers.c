/* What token endpoints answer, read without a network; and when the next fetch is. */
#include <check.h>

#include "harness.h"
#include "run.h"
#include "tokens.h"

#define NOW_S 1800000000

static struct skr_token_grant grant;
static struct skr_error error;

static enum skr_status answer(int http_status, const char *body)
{
    memset(&grant, 0xAA, sizeof grant);
    memset(&error, 0, sizeof error);
    return skr_token_answer_read(&grant, http_status, skr_text(body), NOW_S, &error);
}

START_TEST(what_endpoints_answer)
{
    ck_assert_int_eq(answer(200, "{\"token_type\":\"Bearer\",\"expires_in\":3599,\"ext_expires_in\":3599,"
                                 "\"access_token\":\"eyJ0.eyJ-_~+/x.sig==\"}"),
                     SKR_OK);
    ck_assert_str_eq(grant.token, "eyJ0.eyJ-_~+/x.sig==");
    ck_assert_uint_eq(grant.life_ms, 3599000);
    ck_assert_uint_eq(grant.refresh_ms, 0);
    /* a virtual machine's */
    ck_assert_int_eq(
        answer(200, "{\"access_token\":\"t\",\"client_id\":\"c\",\"expires_in\":\"86399\",\"expires_on\":\"1800086390\","
                    "\"ext_expires_in\":\"86399\",\"not_before\":\"1799999690\",\"refresh_in\":\"43199\","
                    "\"resource\":\"https://storage.azure.com/\",\"token_type\":\"Bearer\"}"),
        SKR_OK);
    ck_assert_uint_eq(grant.life_ms, 86390000);
    ck_assert_uint_eq(grant.refresh_ms, 43199000);
    /* an App Service's */
    ck_assert_int_eq(answer(200, "{\"access_token\":\"t\",\"expires_on\":\"1800001000\",\"token_type\":\"bearer\"}"), SKR_OK);
    ck_assert_uint_eq(grant.life_ms, 1000000);
    /* kept by the endpoint for a while: the life that is told began earlier */
    ck_assert_int_eq(answer(200, "{\"access_token\":\"t\",\"expires_in\":3600,\"expires_on\":1800000100}"), SKR_OK);
    ck_assert_uint_eq(grant.life_ms, 100000);
    /* a time to refresh that means nothing */
    ck_assert_int_eq(answer(200, "{\"access_token\":\"t\",\"expires_in\":3600,\"refresh_in\":\"soon\"}"), SKR_OK);
    ck_assert_uint_eq(grant.refresh_ms, 0);
    ck_assert_int_eq(answer(200, "{\"access_token\":\"t\",\"expires_in\":3600,\"refresh_in\":3601}"), SKR_OK);
    ck_assert_uint_eq(grant.refresh_ms, 0);
}
END_TEST

static const char *const garbage[] = {
    "",
    "null",
    "[]",
    "\"text\"",
    "{",
    "{}",
    "<html>t0p</html>",
    "{\"access_token\":\"t0p\"}",
    "{\"access_token\":\"t0p\",\"expires_in\":null}",
    "{\"access_token\":\"t0p\",\"expires_in\":-3600}",
    "{\"access_token\":\"t0p\",\"expires_in\":0}",
    "{\"access_token\":\"t0p\",\"expires_in\":60}",
    "{\"access_token\":\"t0p\",\"expires_in\":1e9}",
    "{\"access_token\":\"t0p\",\"expires_in\":3600.5}",
    "{\"access_token\":\"t0p\",\"expires_in\":true}",
    "{\"access_token\":\"t0p\",\"expires_in\":\"\"}",
    "{\"access_token\":\"t0p\",\"expires_in\":\"3600s\"}",
    "{\"access_token\":\"t0p\",\"expires_in\":\" 3600\"}",
    "{\"access_token\":\"t0p\",\"expires_in\":[3600]}",
    "{\"access_token\":\"t0p\",\"expires_in\":99999999999}",
    "{\"access_token\":\"t0p\",\"expires_in\":99999999999999999999999}",
    "{\"access_token\":\"t0p\",\"expires_in\":\"18446744073709551615\"}",
    "{\"access_token\":\"t0p\",\"expires_in\":3600,\"expires_on\":\"tomorrow\"}",
    "{\"access_token\":\"t0p\",\"expires_in\":3600,\"expires_on\":1799999999}",
    "{\"access_token\":\"t0p\",\"expires_on\":18446744073709551615}",
    "{\"access_token\":\"t0p\",\"access_token\":\"t0p\",\"expires_in\":3600}",
    "{\"access_token\":\"t0p\",\"expires_in\":3600}x",
    "{\"access_token\":\"t0p\",\"expires_in\":3600,\"token_type\":\"pop\"}",
    "{\"access_token\":\"t0p\",\"expires_in\":3600,\"token_type\":7}",
    "{\"access_token\":\"\",\"expires_in\":3600}",
    "{\"access_token\":7,\"expires_in\":3600}",
    "{\"access_token\":[\"t0p\"],\"expires_in\":3600}",
    "{\"access_token\":\"t0p x\",\"expires_in\":3600}",
    "{\"access_token\":\"t0p\\r\\nX-Evil: 1\",\"expires_in\":3600}",
    "{\"access_token\":\"t0p\\u0000\",\"expires_in\":3600}",
    "{\"access_token\":\"t0p\\u007f\",\"expires_in\":3600}",
    "{\"access_token\":\"t0p\\u00e9\",\"expires_in\":3600}",
    "{\"access_token\":\"t0p=x\",\"expires_in\":3600}",
    "{\"access_token\":\"=\",\"expires_in\":3600}",
};

START_TEST(garbage_is_not_taken)
{
    ck_assert_msg(answer(200, garbage[_i]) == SKR_CORRUPT, "%s", garbage[_i]);
    ck_assert_msg(strlen(error.message) > 10 && strstr(error.message, "t0p") == NULL, "%s: %s", garbage[_i], error.message);
}
END_TEST

START_TEST(length_of_a_token)
{
    static char body[2 * SKR_UPSTREAM_TOKEN_SIZE];
    for (int size = SKR_UPSTREAM_TOKEN_SIZE - 1; size <= SKR_UPSTREAM_TOKEN_SIZE; size++) {
        snprintf(body, sizeof body, "{\"expires_in\":3600,\"access_token\":\"%0*d\"}", size, 0);
        ck_assert_int_eq(answer(200, body), size < SKR_UPSTREAM_TOKEN_SIZE ? SKR_OK : SKR_CORRUPT);
    }
}
END_TEST

/* Codes that are known, for an operator; nothing that might be our secret, sent back to us. */
START_TEST(refusals)
{
    ck_assert_int_eq(
        answer(401, "{\"error\":\"invalid_client\",\"error_description\":\"AADSTS7000215: Invalid client secret s3cret.\"}"),
        SKR_FORBIDDEN);
    ck_assert_str_eq(error.message, "it answered 401 invalid_client AADSTS7000215");
    ck_assert_int_eq(answer(400, "{\"error\":\"s3cret\",\"error_description\":\"s3cret\"}"), SKR_FORBIDDEN);
    ck_assert_str_eq(error.message, "it answered 400");
    ck_assert_int_eq(answer(500, "s3cret"), SKR_FORBIDDEN);
    ck_assert_str_eq(error.message, "it answered 500");
    ck_assert_int_eq(answer(201, "{\"access_token\":\"t\",\"expires_in\":3600}"), SKR_FORBIDDEN);
    ck_assert_int_eq(answer(302, ""), SKR_FORBIDDEN);
    ck_assert_int_eq(answer(400, "{\"error\":7,\"error_description\":\"AADSTS99999999999999999999\"}"), SKR_FORBIDDEN);
    ck_assert_str_eq(error.message, "it answered 400 AADSTS99999999");
    static const int passing[] = {0, 404, 408, 410, 429, 500, 502, 503, 504}, lasting[] = {200, 302, 400, 401, 403, 405, 600};
    for (size_t i = 0; i < COUNT(passing); i++)
        ck_assert_msg(skr_token_may_pass(passing[i]), "%d", passing[i]);
    for (size_t i = 0; i < COUNT(lasting); i++)
        ck_assert_msg(!skr_token_may_pass(lasting[i]), "%d", lasting[i]);
}
END_TEST

static uint64_t refresh(uint64_t life_s, uint64_t refresh_s, uint64_t random)
{
    grant.life_ms = life_s * 1000;
    grant.refresh_ms = refresh_s * 1000;
    return skr_token_refresh_after(&skr_token_pace_default, &grant, random);
}

START_TEST(when_a_token_is_refreshed)
{
    ck_assert_uint_eq(refresh(3600, 0, 0), 1800000);
    ck_assert_uint_eq(refresh(86400, 43200, 0), 43200000);
    ck_assert_uint_eq(refresh(3600, 600, 0), 600000);
    ck_assert_uint_eq(refresh(3600, 3590, 0), 3300000); /* five minutes before the end */
    ck_assert_uint_eq(refresh(601, 600, 0), 301000);
    ck_assert_uint_eq(refresh(600, 0, 0), 300000);
    ck_assert_uint_eq(refresh(400, 0, 0), 200000);
    ck_assert_uint_eq(refresh(61, 1, 0), 30000);
    ck_assert_uint_eq(refresh(3600, 1, 0), 30000); /* nobody has us ask all the time */
    ck_assert_uint_eq(refresh(365 * 86400, 0, 0), 12 * 3600000);
    for (uint64_t life_s = 61; life_s < 100000; life_s += 7)
        for (uint64_t random = 1; random < UINT64_MAX >> 17; random *= 0x9E37) {
            uint64_t after = refresh(life_s, 0, random);
            ck_assert(after >= 30000 && after < life_s * 1000 && after <= life_s * 500 + 30000);
            if (life_s > 600)
                ck_assert_uint_le(after, life_s * 1000 - 300000);
        }
}
END_TEST

START_TEST(when_it_is_tried_again)
{
    const struct skr_token_pace *pace = &skr_token_pace_default;
    uint64_t most = 0;
    for (uint64_t random = 0; random < 200000; random += 997) {
        uint64_t first = skr_token_retry_after(pace, 1, true, 0, random),
                 late = skr_token_retry_after(pace, 1000, true, 0, random);
        ck_assert_uint_le(first, 1000);
        ck_assert_uint_le(late, 60000);
        most = late > most ? late : most;
        ck_assert_uint_ge(skr_token_retry_after(pace, 3, true, 7000, random), 7000); /* what the endpoint asked for */
        ck_assert_uint_le(skr_token_retry_after(pace, 3, true, 7000, random), 11000);
        ck_assert_uint_ge(skr_token_retry_after(pace, 1, false, 0, random), 60000); /* nothing that passes by itself */
        ck_assert_uint_ge(skr_token_retry_after(pace, 1, false, 3600000, random), 3600000);
    }
    ck_assert_uint_gt(most, 40000);
    ck_assert_uint_le(skr_token_retry_after(pace, UINT32_MAX, true, 0, UINT64_MAX), 60000);
}
END_TEST

static Suite *suite(void)
{
    Suite *all = suite_create("token answers");
    TCase *test = tcase_create("answers");
    tcase_add_test(test, what_endpoints_answer);
    tcase_add_loop_test(test, garbage_is_not_taken, 0, (int)COUNT(garbage));
    tcase_add_test(test, length_of_a_token);
    tcase_add_test(test, refusals);
    tcase_add_test(test, when_a_token_is_refreshed);
    tcase_add_test(test, when_it_is_tried_again);
    suite_add_tcase(all, test);
    return all;
}

int main(void)
{
    return run_suite(suite());
}
