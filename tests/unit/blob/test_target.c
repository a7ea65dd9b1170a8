/* What paths and hosts name. */
#include <check.h>

#include "call.h"
#include "run.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define SERVICE SKR_RESOURCE_SERVICE
#define CONTAINER SKR_RESOURCE_CONTAINER
#define BLOB SKR_RESOURCE_OBJECT

static struct skr_accounts *accounts;
static struct skr_arena arena;

static void open_accounts(void)
{
    struct skr_error error;
    ck_assert_int_eq(skr_accounts_open(&accounts, &error), SKR_OK);
    ck_assert_int_eq(skr_accounts_add(accounts, SKR_BYTES("known"), SKR_BYTES(SKR_WELL_KNOWN_KEY), &error), SKR_OK);
}

static void close_accounts(void)
{
    skr_accounts_close(accounts);
    skr_arena_release(&arena);
}

static const struct {
    const char *path, *host;
    enum skr_resource resource;
    const char *account, *container, *object;
    bool secondary, host_style;
} good[] = {
    /* the account in the path */
    {"/known", "127.0.0.1", SERVICE, "known", "", "", false, false},
    {"/known/", "127.0.0.1", SERVICE, "known", "", "", false, false},
    {"/known/box", "127.0.0.1", CONTAINER, "known", "box", "", false, false},
    {"/known/box/", "127.0.0.1", CONTAINER, "known", "box", "", false, false},
    {"/known/box/a", "127.0.0.1", BLOB, "known", "box", "a", false, false},
    {"/known-secondary/box/a", "localhost", BLOB, "known", "box", "a", true, false},
    {"/other/box", "127.0.0.1", CONTAINER, "other", "box", "", false, false},
    /* the account in the host name, where it is one that is known */
    {"/", "known.blob.example.net", SERVICE, "known", "", "", false, true},
    {"/box", "known.blob.example.net", CONTAINER, "known", "box", "", false, true},
    {"/box/a/b", "known.localhost", BLOB, "known", "box", "a/b", false, true},
    {"/box/a", "known-secondary.blob.example.net", BLOB, "known", "box", "a", true, true},
    {"/known/box", "other.example.net", CONTAINER, "known", "box", "", false, false},
    {"/known/box", "[::1]", CONTAINER, "known", "box", "", false, false},
    {"/known/box", "", CONTAINER, "known", "box", "", false, false},
    {"/known/known", "known", CONTAINER, "known", "known", "", false, false},
    /* nothing in a blob's name is normalized */
    {"/known/box//a", "h", BLOB, "known", "box", "/a", false, false},
    {"/known/box/a/", "h", BLOB, "known", "box", "a/", false, false},
    {"/known/box/a/../b", "h", BLOB, "known", "box", "a/../b", false, false},
    {"/known/box/./a", "h", BLOB, "known", "box", "./a", false, false},
    {"/known/box/a%2Fb%20c", "h", BLOB, "known", "box", "a/b c", false, false},
    {"/known/box/a+b", "h", BLOB, "known", "box", "a+b", false, false},
    {"/known/box/%E4%BD%A0", "h", BLOB, "known", "box", "\xE4\xBD\xA0", false, false},
    {"/known/%24root/a", "h", BLOB, "known", "$root", "a", false, false},
};

START_TEST(paths_and_hosts)
{
    struct skr_target target;
    ck_assert_int_eq(skr_target_parse(&arena, accounts, skr_text(good[_i].path), skr_text(good[_i].host), &target),
                     SKR_TARGET_OK);
    ck_assert_int_eq(target.resource, good[_i].resource);
    ck_assert(skr_bytes_equal(target.account, skr_text(good[_i].account)));
    ck_assert(skr_bytes_equal(target.container, skr_text(good[_i].container)));
    ck_assert(skr_bytes_equal(target.object, skr_text(good[_i].object)));
    ck_assert_int_eq(target.secondary, good[_i].secondary);
    ck_assert_int_eq(target.host_style, good[_i].host_style);
}
END_TEST

START_TEST(bad_paths)
{
    static const char *const bad[] = {
        "/", "//box/a", "/known/b%ZZ", "/known/box/%", "/known/box/%C3%28", "/known/box/%ED%A0%80"};
    struct skr_target target;
    for (size_t i = 0; i < COUNT(bad); i++)
        ck_assert_msg(skr_target_parse(&arena, accounts, skr_text(bad[i]), SKR_BYTES("h"), &target) == SKR_TARGET_BAD_URI, "%s",
                      bad[i]);
}
END_TEST

/* 1,024 characters as the service counts them: in UTF-16. */
START_TEST(long_names)
{
    char path[8192];
    struct skr_target target;
    for (int over = 0; over < 2; over++) {
        size_t size = (size_t)sprintf(path, "/known/box/");
        memset(path + size, 'a', 1024 + (size_t)over);
        ck_assert_int_eq(
            skr_target_parse(&arena, accounts, (struct skr_bytes){path, size + 1024 + (size_t)over}, SKR_BYTES("h"), &target),
            over ? SKR_TARGET_TOO_LONG : SKR_TARGET_OK);
        for (int i = 0; i < 512 + over; i++)
            size += (size_t)sprintf(path + size, "%%F0%%9F%%98%%80");
        ck_assert_int_eq(skr_target_parse(&arena, accounts, (struct skr_bytes){path, size}, SKR_BYTES("h"), &target),
                         over ? SKR_TARGET_TOO_LONG : SKR_TARGET_OK);
    }
}
END_TEST

START_TEST(container_names)
{
    static const char *const valid[] = {
        "abc",   "a-b",   "0ab",  "a1-b2-c3",
        "$root", "$logs", "$web", "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"};
    static const char *const invalid[] = {"",
                                          "ab",
                                          "-ab",
                                          "ab-",
                                          "a--b",
                                          "Abc",
                                          "a_b",
                                          "a.b",
                                          "a/b",
                                          "$rooT",
                                          "abc\n",
                                          "\xC3\xA4-bc",
                                          "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz01"};
    for (size_t i = 0; i < COUNT(valid); i++)
        ck_assert_msg(skr_container_name_is_valid(skr_text(valid[i])), "%s", valid[i]);
    for (size_t i = 0; i < COUNT(invalid); i++)
        ck_assert_msg(!skr_container_name_is_valid(skr_text(invalid[i])), "%s", invalid[i]);
}
END_TEST

static const struct {
    const char *host, *port; /* of the request */
    const char *source, *source_port;
    const char *listener;
    bool tls, https, here;
} hosts[] = {
    /* the host of the request */
    {"store.example.net", "10000", "store.example.net", "10000", "0.0.0.0:10000", false, false, true},
    {"store.example.net", "20000", "store.example.net", "20000", "0.0.0.0:10000", false, false, true},
    {"store.example.net", "10000", "store.example.net", "10001", "0.0.0.0:10000", false, false, false},
    {"store.example.net", "10000", "store.example.net", "", "0.0.0.0:10000", false, false, false},
    {"store.example.net", "10000", "other.example.net", "10000", "0.0.0.0:10000", false, false, false},
    {"store.example.net", "", "store.example.net", "80", "0.0.0.0:80", false, false, true},
    {"store.example.net", "", "store.example.net", "443", "0.0.0.0:10000", false, true, true}, /* behind a proxy with TLS */
    {"store.example.net", "443", "store.example.net", "", "0.0.0.0:443", true, true, true},
    /* with accounts in front of it */
    {"known.blob.example.net", "", "known.blob.example.net", "", "0.0.0.0:80", false, false, true},
    {"known.blob.example.net", "", "second.blob.example.net", "", "0.0.0.0:80", false, false, true},
    {"known.blob.example.net", "", "known-secondary.blob.example.net", "", "0.0.0.0:80", false, false, true},
    {"known.blob.example.net", "", "unknown.blob.example.net", "", "0.0.0.0:80", false, false, false},
    {"known.blob.example.net", "", "known.blob.example.org", "", "0.0.0.0:80", false, false, false},
    {"known.blob.example.net", "", "blob.example.net", "", "0.0.0.0:80", false, false, true},
    {"127.0.0.1", "10000", "known.example.org", "10000", "127.0.0.1:10000", false, false, false},
    /* the machine's own names */
    {"127.0.0.1", "10000", "localhost", "10000", "127.0.0.1:10000", false, false, true},
    {"127.0.0.1", "20000", "localhost", "20000", "172.17.0.2:10000", false, false, true},
    {"localhost", "10000", "known.localhost", "10000", "127.0.0.1:10000", false, false, true},
    {"localhost", "10000", "[::1]", "10000", "127.0.0.1:10000", false, false, true},
    {"store", "10000", "127.8.9.10", "10000", "0.0.0.0:10000", false, false, true},
    {"store", "10000", "127.0.0.1", "10000", "[::]:10000", false, false, true},
    {"store", "20000", "127.0.0.1", "20000", "0.0.0.0:10000", false, false, false},
    {"store", "10000", "127.0.0.1", "10000", "192.0.2.1:10000", false, false, false},
    {"127.0.0.1", "10000", "127.0.0.1", "10001", "127.0.0.1:10000", false, false, false},
    {"127.0.0.1", "10000", "127.0.0.1", "", "127.0.0.1:10000", false, false, false},
    {"127.0.0.1", "10000", "127.0.0.1.example.net", "10000", "127.0.0.1:10000", false, false, false},
    {"127.0.0.1", "10000", "notlocalhost", "10000", "127.0.0.1:10000", false, false, false},
    /* what is listened on */
    {"store", "20000", "192.0.2.1", "10000", "192.0.2.1:10000", false, false, true},
    {"store", "20000", "192.0.2.1", "", "192.0.2.1:80", false, false, true},
    {"store", "20000", "192.0.2.1", "", "192.0.2.1:443", true, true, true},
    {"store", "20000", "192.0.2.2", "10000", "192.0.2.1:10000", false, false, false},
};

START_TEST(hosts_that_are_here)
{
    struct skr_error error;
    ck_assert_int_eq(skr_accounts_add(accounts, SKR_BYTES("second"), SKR_BYTES(SKR_WELL_KNOWN_KEY), &error), SKR_OK);
    for (size_t i = 0; i < COUNT(hosts); i++) {
        static struct skr_request request;
        request.host = skr_text(hosts[i].host);
        request.port = skr_text(hosts[i].port);
        request.listener = skr_text(hosts[i].listener);
        request.tls = hosts[i].tls;
        ck_assert_msg(skr_host_is_here(accounts, &request, hosts[i].https, skr_text(hosts[i].source),
                                       skr_text(hosts[i].source_port)) == hosts[i].here,
                      "%s:%s of a request to %s:%s", hosts[i].source, hosts[i].source_port, hosts[i].host, hosts[i].port);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("target");
    TCase *cases = tcase_create("target");
    tcase_add_checked_fixture(cases, open_accounts, close_accounts);
    tcase_add_loop_test(cases, paths_and_hosts, 0, COUNT(good));
    tcase_add_test(cases, bad_paths);
    tcase_add_test(cases, long_names);
    tcase_add_test(cases, container_names);
    tcase_add_test(cases, hosts_that_are_here);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
