/* What settings are taken, what becomes of a URL, and that no refusal tells a secret. */
#include <check.h>

#include "harness.h"
#include "run.h"

#define SECRET_KEY "aHVzaGh1c2g="

static struct skr_upstream *upstream;
static struct skr_error error;

static struct skr_upstream_settings settings_of(const char *url)
{
    return (struct skr_upstream_settings){.url = url, .credential = SKR_UPSTREAM_ACCOUNT_KEY, .account_key = SECRET_KEY};
}

static void must_open(const struct skr_upstream_settings *settings)
{
    ck_assert_msg(skr_upstream_open(&upstream, settings, &error) == SKR_OK, "%s: %s", settings->url, error.message);
}

static void must_refuse(const struct skr_upstream_settings *settings, const char *why)
{
    memset(&error, 0, sizeof error);
    ck_assert_int_ne(skr_upstream_open(&upstream, settings, &error), SKR_OK);
    ck_assert_msg(strstr(error.message, why) != NULL, "'%s' does not say '%s'", error.message, why);
    ck_assert_msg(strstr(error.message, "hush") == NULL && strstr(error.message, "aHVzaGh") == NULL, "%s", error.message);
}

START_TEST(urls_are_taken_apart)
{
    static const struct {
        const char *url, *set_account, *account, *base, *prefix, *name;
    } cases[] = {
        {"https://lake.blob.core.windows.net/data", NULL, "lake", "/data", "", "https://lake.blob.core.windows.net/data"},
        {"https://lake.blob.core.windows.net/data/a/b/", NULL, "lake", "/data", "a/b/",
         "https://lake.blob.core.windows.net/data/a/b/"},
        {"https://Lake.Blob.Core.windows.net:443/$root", NULL, "lake", "/$root", "",
         "https://lake.blob.core.windows.net:443/$root"},
        {"http://127.0.0.1:10000/devstoreaccount1/data", NULL, "devstoreaccount1", "/devstoreaccount1/data", "",
         "http://127.0.0.1:10000/devstoreaccount1/data"},
        {"http://localhost:1/acc/data/p%20q", NULL, "acc", "/acc/data", "p q/", "http://localhost:1/acc/data/p%20q/"},
        {"http://[::1]:10000/acc/data", NULL, "acc", "/acc/data", "", "http://[::1]:10000/acc/data"},
        {"http://acc.blob.localhost:10000/data", NULL, "acc", "/data", "", "http://acc.blob.localhost:10000/data"},
        {"https://skerry.example.org/training/data", "training", "training", "/training/data", "",
         "https://skerry.example.org/training/data"},
        {"https://training.example.org/data/training/x", "training", "training", "/data", "training/x/",
         "https://training.example.org/data/training/x/"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct skr_upstream_settings settings = settings_of(cases[i].url);
        settings.account = cases[i].set_account;
        must_open(&settings);
        ck_assert_str_eq(upstream->account.data == NULL ? "" : skr_arena_copy(&upstream->arena, upstream->account).data,
                         cases[i].account);
        ck_assert_str_eq(upstream->url.base.data, cases[i].base);
        ck_assert_str_eq(upstream->url.prefix.data, cases[i].prefix);
        ck_assert_str_eq(skr_upstream_name(upstream), cases[i].name);
        skr_upstream_close(upstream);
    }
}
END_TEST

START_TEST(odd_urls_are_refused)
{
    static const struct {
        const char *url, *why;
    } cases[] = {
        {NULL, "https://"},
        {"", "https://"},
        {"ftp://lake/data", "https://"},
        {"https://", "host"},
        {"https:///data", "host"},
        {"https://lake.blob.core.windows.net", "container"},
        {"https://lake.blob.core.windows.net/", "container"},
        {"https://lake.blob.core.windows.net/Data", "container"},
        {"https://lake.blob.core.windows.net/da%2Fta", "container"},
        {"https://lake.blob.core.windows.net/..", "container"},
        {"https://127.0.0.1/lake", "container"},
        {"https://127.0.0.1/", "account"},
        {"https://lake.blob.core.windows.net/data?sv=1&sig=hush", "apart"},
        {"https://lake.blob.core.windows.net/data#hush", "apart"},
        {"https://me:hush@lake.blob.core.windows.net/data", "apart"},
        {"https://lake.blob.core.windows.net:0/data", "host"},
        {"https://lake.blob.core.windows.net:65536/data", "host"},
        {"https://lake.blob.core.windows.net:/data", "host"},
        {"https://la%6be.blob.core.windows.net/data", "host"},
        {"https://[::1/data/x", "host"},
        {"https://[::1]x/data/x", "host"},
        {"https://lake.blob.core.windows.net/data/a b", "space"},
        {"https://lake.blob.core.windows.net/data/a\nb", "space"},
        {"https://lake.blob.core.windows.net/data/%zz", "escape"},
        {"https://lake.blob.core.windows.net/data/%ff", "UTF-8"},
        {"http://lake.blob.core.windows.net/data", "plain http"},
        {"http://192.0.2.1/lake/data", "plain http"},
        {"http://127.0.0.1.example.org/data", "plain http"},
        {"http://localhost.example.org/data", "plain http"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct skr_upstream_settings settings = settings_of(cases[i].url);
        must_refuse(&settings, cases[i].why);
    }
    struct skr_upstream_settings settings = settings_of("http://192.0.2.1/lake/data");
    settings.allow_http = true;
    must_open(&settings);
    skr_upstream_close(upstream);
}
END_TEST

START_TEST(credentials_are_checked)
{
    struct skr_upstream_settings settings = settings_of("https://lake.blob.core.windows.net/data");
    settings.account_key = "hush that is no base64";
    must_refuse(&settings, "account key");
    settings.account_key = NULL;
    must_refuse(&settings, "account key");
    settings.credential = SKR_UPSTREAM_SAS;
    must_refuse(&settings, "signature");
    static const char *const bad[] = {"", "?", "sv=1&hush", "sv=1&sig=hush hush", "sv=1&sig=hush#", "sv=1&sig=hu\nsh"};
    for (size_t i = 0; i < COUNT(bad); i++) {
        settings.sas = bad[i];
        must_refuse(&settings, "signature");
    }
    settings.sas = "?sv=1&sig=hush%3D";
    must_open(&settings);
    ck_assert_str_eq(upstream->sas.data, "sv=1&sig=hush%3D");
    skr_upstream_close(upstream);
    settings.credential = SKR_UPSTREAM_TOKEN;
    must_refuse(&settings, "credential");
    settings.credential = SKR_UPSTREAM_S3_KEYS;
    must_refuse(&settings, "credential");
}
END_TEST

START_TEST(s3_credentials_are_checked)
{
    struct skr_upstream_settings settings = {
        .kind = SKR_UPSTREAM_S3, .url = "https://s3.example.org/Bucket.1/p", .credential = SKR_UPSTREAM_S3_KEYS};
    must_refuse(&settings, "access key");
    settings.access_key = "AKID";
    must_refuse(&settings, "secret key");
    settings.secret_key = "hush hush";
    must_refuse(&settings, "secret key");
    settings.secret_key = "hush";
    settings.region = "eu north";
    must_refuse(&settings, "region");
    settings.region = NULL;
    settings.session_token = "hush\r\nx: y";
    must_refuse(&settings, "session token");
    settings.session_token = NULL;
    must_open(&settings);
    ck_assert_str_eq(upstream->region.data, "us-east-1");
    ck_assert_str_eq(upstream->url.base.data, "/Bucket.1");
    skr_upstream_close(upstream);
    settings.credential = SKR_UPSTREAM_ACCOUNT_KEY;
    settings.account_key = SECRET_KEY;
    must_refuse(&settings, "credential");
}
END_TEST

START_TEST(connections_are_checked)
{
    struct skr_upstream_settings settings = settings_of("https://lake.blob.core.windows.net/data");
    must_open(&settings);
    ck_assert_uint_eq(upstream->connect_timeout_ms, 10000);
    ck_assert_uint_eq(upstream->stall_timeout_ms, 30000);
    ck_assert_uint_eq(upstream->max_connections, 16);
    skr_upstream_close(upstream);
    settings.connect_timeout_ms = 99;
    must_refuse(&settings, "connect timeout");
    settings.connect_timeout_ms = 0;
    settings.stall_timeout_ms = 3600001;
    must_refuse(&settings, "stall timeout");
    settings.stall_timeout_ms = 0;
    settings.max_connections = 1025;
    must_refuse(&settings, "connections");
    settings.max_connections = 0;
    settings.ca_file = "/nowhere/ca.pem";
    must_refuse(&settings, "/nowhere/ca.pem");
    settings.ca_file = NULL;
    settings.proxy = "socks5://me:hush@proxy";
    must_refuse(&settings, "proxy");
}
END_TEST

START_TEST(references_are_counted)
{
    struct skr_upstream_settings settings = settings_of("https://lake.blob.core.windows.net/data");
    must_open(&settings);
    struct skr_upstream *again = skr_upstream_ref(upstream);
    skr_upstream_close(upstream);
    ck_assert_str_eq(skr_upstream_name(again), "https://lake.blob.core.windows.net/data");
    skr_upstream_close(again);
    skr_upstream_close(NULL);
}
END_TEST

START_TEST(delays_stay_below_their_bounds)
{
    struct skr_upstream_retry retry = {.attempts = 6, .first_ms = 100, .most_ms = 500, .patience_ms = 10000};
    static const unsigned bounds[] = {100, 200, 400, 500, 500};
    unsigned delay_ms;
    for (unsigned failed = 1; failed < 6; failed++) {
        ck_assert(skr_upstream_retry_delay(&retry, failed, 0, 0, bounds[failed - 1], &delay_ms) &&
                  delay_ms == bounds[failed - 1]);
        ck_assert(skr_upstream_retry_delay(&retry, failed, 0, 0, bounds[failed - 1] + 1, &delay_ms) && delay_ms == 0);
        ck_assert(skr_upstream_retry_delay(&retry, failed, 0, 3000, 7, &delay_ms) && delay_ms == 3007);
    }
    ck_assert(!skr_upstream_retry_delay(&retry, 6, 0, 0, 0, &delay_ms));
    ck_assert(!skr_upstream_retry_delay(&retry, 1, 10001, 0, 0, &delay_ms));
    ck_assert(!skr_upstream_retry_delay(&retry, 1, 9000, 1001, 0, &delay_ms));
    ck_assert(skr_upstream_retry_delay(&retry, 1, 9000, 1000, 0, &delay_ms));
    retry =
        (struct skr_upstream_retry){.attempts = 100, .first_ms = UINT32_MAX, .most_ms = UINT32_MAX, .patience_ms = UINT32_MAX};
    ck_assert(skr_upstream_retry_delay(&retry, 99, 0, 0, UINT32_MAX, &delay_ms) && delay_ms == UINT32_MAX);
    ck_assert(!skr_upstream_retry_delay(&retry, 99, 0, 1, UINT32_MAX, &delay_ms));
    retry = (struct skr_upstream_retry){.attempts = 2};
    ck_assert(skr_upstream_retry_delay(&retry, 1, 0, 0, 12345, &delay_ms) && delay_ms == 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("upstream_settings");
    TCase *tests = tcase_create("settings");
    tcase_add_test(tests, urls_are_taken_apart);
    tcase_add_test(tests, odd_urls_are_refused);
    tcase_add_test(tests, credentials_are_checked);
    tcase_add_test(tests, s3_credentials_are_checked);
    tcase_add_test(tests, connections_are_checked);
    tcase_add_test(tests, references_are_counted);
    tcase_add_test(tests, delays_stay_below_their_bounds);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
