/* Every status, refusal and error of the protocol is answered with a code, a fitting HTTP status and a body that is
 * well-formed. */
#include <check.h>

#include "call.h"
#include "exchange.h"
#include "run.h"
#include "skerry/xml.h"

static struct skr_exchange exchange;
static struct skr_call call;

static void make(void)
{
    ck_assert(exchange_parse(&exchange,
                             SKR_BYTES("GET /acct/box/blob?comp=%3Cx%3E\nx-ms-client-request-id: mine\nx-ms-version: <&>\n")));
    call = (struct skr_call){
        .exchange = &exchange, .request = &exchange.request, .arena = &exchange.arena, .version = SKR_BYTES("2021-12-02")};
}

static void clean(void)
{
    exchange_release(&exchange);
}

struct seen {
    char code[80], message[600];
};

static bool visit(void *context, struct skr_bytes path, struct skr_bytes text, bool ends)
{
    struct seen *seen = context;
    (void)ends;
    if (skr_bytes_equal(path, SKR_BYTES("Error/Code")))
        snprintf(seen->code, sizeof seen->code, "%.*s", SKR_PRINT(text));
    else if (skr_bytes_equal(path, SKR_BYTES("Error/Message")))
        snprintf(seen->message, sizeof seen->message, "%.*s", SKR_PRINT(text));
    return true;
}

static void expect_error(void)
{
    struct seen seen = {.code = ""};
    char code[80];
    ck_assert_uint_eq(exchange.replies, 1);
    ck_assert_int_ge(exchange.status, 400);
    ck_assert_int_lt(exchange.status, 600);
    snprintf(code, sizeof code, "%.*s", SKR_PRINT(exchange_header(&exchange, "x-ms-error-code")));
    ck_assert_uint_gt(strlen(code), 0);
    ck_assert_uint_eq(exchange_header(&exchange, "x-ms-request-id").size, 36);
    ck_assert(skr_xml_parse(exchange.reply, visit, &seen));
    ck_assert_str_eq(seen.code, code);
    ck_assert(strlen(seen.message) > 0 && strstr(seen.message, "RequestId:") != NULL &&
              strstr(seen.message, "\nTime:") != NULL);
    ck_assert(skr_bytes_equal(exchange_header(&exchange, "content-type"), SKR_BYTES("application/xml")));
    exchange_again(&exchange);
}

START_TEST(every_status_has_an_answer)
{
    for (int status = SKR_PENDING + 1; status < SKR_STATUS_COUNT; status++) {
        ck_assert_msg(skr_blob_error_known((enum skr_status)status), "%s", skr_status_text((enum skr_status)status));
        skr_call_fail_status(&call, (enum skr_status)status);
        expect_error();
    }
}
END_TEST

START_TEST(every_error_of_the_protocol_has_one)
{
    for (int error = 0; error < SKR_BLOB_ERROR_COUNT; error++) {
        skr_call_refuse(&call, (enum skr_blob_error)error);
        expect_error();
    }
}
END_TEST

START_TEST(every_refusal_has_one)
{
    struct skr_error error = {.message = "the reason <&>"};
    for (int refusal = SKR_AUTH_ALLOWED + 1; refusal < SKR_AUTH_REFUSAL_COUNT; refusal++) {
        skr_call_fail_auth(&call, (enum skr_auth_refusal)refusal, &error);
        if (refusal == SKR_AUTH_MISSING)
            ck_assert_uint_gt(exchange_header(&exchange, "www-authenticate").size, 0);
        expect_error();
    }
}
END_TEST

START_TEST(names_and_values_come_back_escaped)
{
    skr_call_fail_query(&call, "comp", "Because <&>");
    ck_assert_int_eq(exchange.status, 400);
    ck_assert_ptr_nonnull(memmem(exchange.reply.data, exchange.reply.size, "&lt;x&gt;", 9));
    expect_error();
    skr_call_fail_header(&call, "x-ms-version");
    ck_assert_ptr_nonnull(memmem(exchange.reply.data, exchange.reply.size, "&lt;&amp;&gt;", 13));
    expect_error();
    /* whatever they are */
    exchange_release(&exchange);
    ck_assert(exchange_parse(&exchange, SKR_BYTES("GET /acct/box/blob?comp=%19%E4x\nx-ms-version: \xE4\n")));
    skr_call_fail_query(&call, "comp", NULL);
    ck_assert_ptr_nonnull(memmem(exchange.reply.data, exchange.reply.size, ">??x<", 5));
    expect_error();
    skr_call_fail_header(&call, "x-ms-version");
    expect_error();
    /* and one that is not there has no value */
    skr_call_fail_query(&call, "restype", NULL);
    ck_assert(skr_bytes_equal(exchange_header(&exchange, "x-ms-error-code"), SKR_BYTES("MissingRequiredQueryParameter")));
    expect_error();
    skr_call_fail_header(&call, "x-ms-date");
    ck_assert(skr_bytes_equal(exchange_header(&exchange, "x-ms-error-code"), SKR_BYTES("MissingRequiredHeader")));
    expect_error();
}
END_TEST

START_TEST(requests_that_never_became_a_call)
{
    static const int statuses[] = {400, 408, 413, 414, 431, 501, 503, 505};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        skr_blob_refuse(NULL, &exchange, statuses[i], SKR_INVALID_ARGUMENT);
        ck_assert_int_eq(exchange.status, statuses[i]);
        expect_error();
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("errors");
    TCase *cases = tcase_create("errors");
    tcase_add_checked_fixture(cases, make, clean);
    tcase_add_test(cases, every_status_has_an_answer);
    tcase_add_test(cases, every_error_of_the_protocol_has_one);
    tcase_add_test(cases, every_refusal_has_one);
    tcase_add_test(cases, names_and_values_come_back_escaped);
    tcase_add_test(cases, requests_that_never_became_a_call);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
