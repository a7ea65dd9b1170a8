/* Settings of token providers, what is taken from the environment, and the requests that come of them. Each test is a process
 * of its own (Check forks), so what it puts into the environment goes with it.
 */
#include <check.h>

#include "harness.h"
#include "run.h"
#include "tokens.h"

static struct skr_token_source source;
static struct skr_token_request request;
static struct skr_error error;

static void forget_environment(void)
{
    static const char *const names[] = {"IDENTITY_ENDPOINT",   "IDENTITY_HEADER",     "IDENTITY_SERVER_THUMBPRINT",
                                        "AZURE_TENANT_ID",     "AZURE_CLIENT_ID",     "AZURE_FEDERATED_TOKEN_FILE",
                                        "AZURE_CLIENT_SECRET", "AZURE_AUTHORITY_HOST"};
    for (size_t i = 0; i < COUNT(names); i++)
        unsetenv(names[i]);
}

static enum skr_status take(struct skr_token_settings settings)
{
    memset(&error, 0, sizeof error);
    enum skr_status status = skr_token_source_take(&source, &settings, &error);
    ck_assert_msg(status == SKR_OK || strlen(error.message) > 10, "%d without a message", status);
    ck_assert_msg(strstr(error.message, "s3cret") == NULL, "%s", error.message);
    return status;
}

static void build(struct skr_token_settings settings)
{
    ck_assert_msg(take(settings) == SKR_OK, "%s", error.message);
    ck_assert_msg(skr_token_request_build(&request, &source, &error) == SKR_OK, "%s", error.message);
}

static void forget(void)
{
    skr_token_request_wipe(&request);
    skr_token_source_release(&source);
}

#define ASSERT_BYTES(bytes, text) ck_assert_msg(skr_bytes_equal(bytes, skr_text(text)), "%.*s", SKR_PRINT(bytes))

START_TEST(managed_identity)
{
    build((struct skr_token_settings){.kind = SKR_TOKEN_MANAGED_IDENTITY});
    ASSERT_BYTES(request.url, "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01"
                              "&resource=https%3A%2F%2Fstorage.azure.com%2F");
    ASSERT_BYTES(request.header, "Metadata: true");
    ck_assert_ptr_null(request.body.data);
    forget();
    build((struct skr_token_settings){.kind = SKR_TOKEN_MANAGED_IDENTITY,
                                      .client_id = "a&b=c",
                                      .endpoint = "http://127.0.0.1:81/x",
                                      .client_secret = "s3cret"});
    ASSERT_BYTES(request.url, "http://127.0.0.1:81/x?api-version=2018-02-01&resource=https%3A%2F%2Fstorage.azure.com%2F"
                              "&client_id=a%26b%3Dc");
    ASSERT_BYTES(source.name, "http://127.0.0.1:81");
    forget();
}
END_TEST

START_TEST(managed_identity_of_an_app_service)
{
    setenv("IDENTITY_ENDPOINT", "http://169.254.129.4:8081/msi/token", 1);
    ck_assert_int_eq(take((struct skr_token_settings){.kind = SKR_TOKEN_MANAGED_IDENTITY}), SKR_UNSUPPORTED);
    setenv("IDENTITY_HEADER", "s3cret", 1);
    build((struct skr_token_settings){.kind = SKR_TOKEN_MANAGED_IDENTITY, .client_id = "c"});
    ASSERT_BYTES(request.url, "http://169.254.129.4:8081/msi/token?api-version=2019-08-01"
                              "&resource=https%3A%2F%2Fstorage.azure.com%2F&client_id=c");
    ASSERT_BYTES(request.header, "X-IDENTITY-HEADER: s3cret");
    forget();
    /* an endpoint of the settings is sent nothing of the platform's */
    build((struct skr_token_settings){.kind = SKR_TOKEN_MANAGED_IDENTITY, .endpoint = "http://127.0.0.1:81/x"});
    ASSERT_BYTES(request.header, "Metadata: true");
    forget();
    setenv("IDENTITY_HEADER", "s3cret\r\nX-Evil: 1", 1);
    ck_assert_int_eq(take((struct skr_token_settings){.kind = SKR_TOKEN_MANAGED_IDENTITY}), SKR_INVALID_ARGUMENT);
    setenv("IDENTITY_HEADER", "s3cret", 1);
    setenv("IDENTITY_SERVER_THUMBPRINT", "00", 1);
    ck_assert_int_eq(take((struct skr_token_settings){.kind = SKR_TOKEN_MANAGED_IDENTITY}), SKR_UNSUPPORTED);
    unsetenv("IDENTITY_SERVER_THUMBPRINT");
    setenv("IDENTITY_ENDPOINT", "http://192.0.2.1/msi/token", 1);
    ck_assert_int_eq(take((struct skr_token_settings){.kind = SKR_TOKEN_MANAGED_IDENTITY}), SKR_INVALID_ARGUMENT);
}
END_TEST

START_TEST(client_secret)
{
    struct skr_token_settings settings = {
        .kind = SKR_TOKEN_CLIENT_SECRET, .tenant = "contoso.example", .client_id = "c d", .client_secret = "s3cret&~+%/="};
    ck_assert_int_eq(take(settings), SKR_INVALID_ARGUMENT);
    settings.client_id = "c+d";
    build(settings);
    ASSERT_BYTES(request.url, "https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token");
    ASSERT_BYTES(request.body, "grant_type=client_credentials&scope=https%3A%2F%2Fstorage.azure.com%2F.default&client_id=c%2Bd"
                               "&client_secret=s3cret%26~%2B%25%2F%3D");
    ck_assert_uint_eq(request.header.size, 0);
    forget();
    /* the environment is a workload identity's */
    setenv("AZURE_TENANT_ID", "other", 1);
    setenv("AZURE_CLIENT_SECRET", "s3cret", 1);
    settings.client_secret = NULL;
    ck_assert_int_eq(take(settings), SKR_INVALID_ARGUMENT);
    settings.client_secret = "s3cret";
    settings.tenant = "";
    ck_assert_int_eq(take(settings), SKR_INVALID_ARGUMENT);
    settings.tenant = "t";
    settings.client_secret = "s3cret\n";
    ck_assert_int_eq(take(settings), SKR_INVALID_ARGUMENT);
}
END_TEST

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
}

START_TEST(workload_identity)
{
    char path[] = "/tmp/skerry-token-XXXXXX", large[40000];
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(take((struct skr_token_settings){.kind = SKR_TOKEN_WORKLOAD_IDENTITY}), SKR_INVALID_ARGUMENT);
    setenv("AZURE_FEDERATED_TOKEN_FILE", path, 1);
    setenv("AZURE_CLIENT_ID", "client", 1);
    setenv("AZURE_TENANT_ID", "tenant", 1);
    setenv("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/", 1);
    write_file(path, "s3cret.of.kubernetes_-\n");
    build((struct skr_token_settings){.kind = SKR_TOKEN_WORKLOAD_IDENTITY});
    ASSERT_BYTES(request.url, "https://login.microsoftonline.us/tenant/oauth2/v2.0/token");
    ASSERT_BYTES(request.body, "grant_type=client_credentials&scope=https%3A%2F%2Fstorage.azure.com%2F.default&client_id=client"
                               "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"
                               "&client_assertion=s3cret.of.kubernetes_-");
    skr_token_request_wipe(&request);
    memset(large, 'a', sizeof large);
    large[sizeof large - 1] = '\0';
    const char *const bad[] = {"", "\n", "s3cret of", "s3cret\r\n\r\nx", large};
    for (size_t i = 0; i < COUNT(bad); i++) {
        write_file(path, bad[i]);
        ck_assert_int_eq(skr_token_request_build(&request, &source, &error), SKR_INVALID_ARGUMENT);
        ck_assert(strstr(error.message, path) != NULL && strstr(error.message, "s3cret") == NULL);
        skr_token_request_wipe(&request);
    }
    remove(path);
    ck_assert_int_eq(skr_token_request_build(&request, &source, &error), SKR_IO);
    forget();
    /* what is said goes before the environment; and what is no file does not make anybody wait */
    build((struct skr_token_settings){.kind = SKR_TOKEN_MANAGED_IDENTITY});
    forget();
    ck_assert_int_eq(take((struct skr_token_settings){.kind = SKR_TOKEN_WORKLOAD_IDENTITY,
                                                      .tenant = "t",
                                                      .client_id = "i",
                                                      .authority = "https://127.0.0.1:7/base",
                                                      .token_file = "/dev/zero"}),
                     SKR_OK);
    ASSERT_BYTES(source.url, "https://127.0.0.1:7/base/t/oauth2/v2.0/token");
    ck_assert_int_eq(skr_token_request_build(&request, &source, &error), SKR_IO);
    forget();
}
END_TEST

START_TEST(urls)
{
    static const char *const good[] = {
        "https://login.example", "https://login.example/",   "http://127.0.0.1:1", "http://localhost:80",
        "http://[::1]:8080",     "https://[2001:db8::1]/x/", "http://a.localhost", "HTTPS://login.example:443/a/b"};
    static const char *const bad[] = {"login.example",
                                      "http://login.example",
                                      "http://127.0.0.1.example",
                                      "http://169.254.169.254", /* only where managed identities are */
                                      "http://10.0.0.1",
                                      "http://[fe80::1]",
                                      "ftp://127.0.0.1",
                                      "file:///etc/passwd",
                                      "https://user@login.example",
                                      "https://user:s3cret@login.example",
                                      "https://login.example?sig=s3cret",
                                      "https://login.example/#s3cret",
                                      "https://",
                                      "https://login.example:99999",
                                      "https://login.example/ s3cret",
                                      "https://login.example\r\n/s3cret"};
    struct skr_token_settings settings = {
        .kind = SKR_TOKEN_CLIENT_SECRET, .tenant = "t", .client_id = "c", .client_secret = "s3cret"};
    for (size_t i = 0; i < COUNT(good); i++) {
        settings.authority = good[i];
        ck_assert_msg(take(settings) == SKR_OK, "%s: %s", good[i], error.message);
        ck_assert(strstr(source.url.data, "//t/") == NULL && strstr(source.url.data, "/t/oauth2/v2.0/token") != NULL);
        skr_token_source_release(&source);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        settings.authority = bad[i];
        ck_assert_msg(take(settings) == SKR_INVALID_ARGUMENT, "%s", bad[i]);
    }
}
END_TEST

START_TEST(other_settings)
{
    static const char *const tenants[] = {"a/b", "..", ".x", "a b", "t\xC3\xA9", "a?b", "a%2fb"};
    struct skr_token_settings settings = {
        .kind = SKR_TOKEN_CLIENT_SECRET, .tenant = "t", .client_id = "c", .client_secret = "s3cret"};
    ck_assert_int_eq(take((struct skr_token_settings){.kind = (enum skr_token_kind)9}), SKR_INVALID_ARGUMENT);
    for (size_t i = 0; i < COUNT(tenants); i++) {
        settings.tenant = tenants[i];
        ck_assert_msg(take(settings) == SKR_INVALID_ARGUMENT, "%s", tenants[i]);
    }
    settings.tenant = "t";
    settings.ca_file = "/nowhere/ca.pem";
    ck_assert_int_eq(take(settings), SKR_IO);
    settings.ca_file = NULL;
    settings.proxy = "socks5://u:s3cret@p";
    ck_assert_int_eq(take(settings), SKR_INVALID_ARGUMENT);
    settings.proxy = "http://u:s3cret@p:1";
    ck_assert_int_eq(take(settings), SKR_OK);
    skr_token_source_release(&source);
}
END_TEST

static Suite *suite(void)
{
    Suite *all = suite_create("token settings");
    TCase *test = tcase_create("settings");
    tcase_add_checked_fixture(test, forget_environment, NULL);
    tcase_add_test(test, managed_identity);
    tcase_add_test(test, managed_identity_of_an_app_service);
    tcase_add_test(test, client_secret);
    tcase_add_test(test, workload_identity);
    tcase_add_test(test, urls);
    tcase_add_test(test, other_settings);
    suite_add_tcase(all, test);
    return all;
}

int main(void)
{
    return run_suite(suite());
}
