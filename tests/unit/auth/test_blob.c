/* Authentication and authorization of Blob requests. The signatures below were made independently, with Python's hmac module
 * over strings to sign that were written by hand from the documentation (Authorize with Shared Key; Create an account SAS;
 * Create a service SAS). */
#include <check.h>

#include "run.h"
#include "skerry/auth.h"
#include "skerry/encoding.h"

#define KEY "c2tlcnJ5LXRlc3Qta2V5LTAxMjM0NTY3ODk=" /* "skerry-test-key-0123456789" */
#define NOW_S INT64_C(1767323045)                  /* Fri, 02 Jan 2026 03:04:05 GMT */

static struct skr_accounts *accounts;
static struct skr_arena arena;
static struct skr_request request;
static struct skr_target target;
static struct skr_stored_policy policy;

static void setup(void)
{
    struct skr_error error;
    ck_assert_int_eq(skr_accounts_open(&accounts, &error), SKR_OK);
    ck_assert_int_eq(skr_accounts_add(accounts, SKR_BYTES("myaccount"), SKR_BYTES(KEY), &error), SKR_OK);
    memset(&request, 0, sizeof request);
    request.received_ns = NOW_S * 1000000000;
    strcpy(request.peer, "127.0.0.1");
    target = (struct skr_target){SKR_BYTES("myaccount"), false, false, SKR_BYTES("mycontainer"), SKR_BYTES("my blob"),
                                 SKR_RESOURCE_OBJECT};
    policy = (struct skr_stored_policy){SKR_BYTES(""), SKR_BYTES(""), SKR_BYTES("")};
}

static void teardown(void)
{
    skr_accounts_close(accounts);
    skr_arena_release(&arena);
}

static void line(const char *method, const char *raw_target)
{
    struct skr_error error;
    request.method_name = skr_text(method);
    ck_assert_int_eq(skr_uri_parse(&arena, skr_text(raw_target), &request.uri, &error), SKR_OK);
}

static void header(const char *name, const char *value)
{
    request.headers[request.header_count++] = (struct skr_header){skr_text(name), skr_text(value)};
}

static enum skr_status find_policy(void *context, const struct skr_target *where, struct skr_bytes id,
                                   struct skr_stored_policy *out)
{
    (void)context, (void)where;
    *out = policy;
    return skr_bytes_equal(id, SKR_BYTES("known")) ? SKR_OK : SKR_NOT_FOUND;
}

static enum skr_auth_refusal authenticate(struct skr_principal *principal)
{
    struct skr_error error;
    struct skr_auth_options options = {.accounts = accounts, .policy = find_policy, .clock_skew_s = 900};
    return skr_auth_blob(&options, &request, &target, &arena, principal, &error);
}

/* GET of a blob with a range and a custom header, path-style: the account stands twice. */
static void shared_key_request(const char *signature)
{
    line("GET", "/myaccount/mycontainer/my%20blob?comp=metadata&timeout=20");
    header("Host", "127.0.0.1:10000");
    header("x-ms-version", "2021-12-02");
    header("X-Ms-Date", "Fri, 02 Jan 2026 03:04:05 GMT");
    header("Range", "bytes=0-9");
    header("Content-Length", "0");
    header("Authorization", signature);
}

START_TEST(shared_key)
{
    struct skr_principal principal;
    shared_key_request("SharedKey myaccount:GDMoXmSaaII2KufzKDES4x3ZmAK/HUEjEaSJut/xd2g=");
    ck_assert_int_eq(authenticate(&principal), SKR_AUTH_ALLOWED);
    ck_assert_int_eq(principal.scheme, SKR_AUTH_SHARED_KEY);
}
END_TEST

START_TEST(shared_key_lite)
{
    struct skr_principal principal;
    shared_key_request("SharedKeyLite myaccount:x2S7I/uDnRBDJg60VC5S+GmuZ4oX1rCumHi9/UXltG0=");
    ck_assert_int_eq(authenticate(&principal), SKR_AUTH_ALLOWED);
}
END_TEST

START_TEST(whatever_is_altered_is_refused)
{
    struct skr_principal principal;
    shared_key_request("SharedKey myaccount:GDMoXmSaaII2KufzKDES4x3ZmAK/HUEjEaSJut/xd2g=");
    switch (_i) {
    case 0:
        request.method_name = SKR_BYTES("PUT");
        break;
    case 1:
        line("GET", "/myaccount/mycontainer/my%20blob2?comp=metadata&timeout=20");
        break;
    case 2:
        line("GET", "/myaccount/mycontainer/my%20blob?comp=metadata&timeout=21");
        break;
    case 3:
        line("GET", "/myaccount/mycontainer/my%20blob?comp=metadata&timeout=20&x=y");
        break;
    case 4:
        line("GET", "/myaccount/mycontainer/my+blob?comp=metadata&timeout=20");
        break;
    case 5:
        request.headers[1].value = SKR_BYTES("2021-12-03");
        break;
    case 6:
        request.headers[3].value = SKR_BYTES("bytes=0-8");
        break;
    case 7:
        header("x-ms-meta-more", "1");
        break;
    case 8:
        header("If-Match", "*");
        break;
    case 9:
        header("Content-MD5", "AAAAAAAAAAAAAAAAAAAAAA==");
        break;
    case 10:
        request.headers[5].value = SKR_BYTES("SharedKey otheraccount:GDMoXmSaaII2KufzKDES4x3ZmAK/HUEjEaSJut/xd2g=");
        break;
    case 11:
        request.received_ns += INT64_C(901) * 1000000000;
        break;
    case 12:
        request.received_ns -= INT64_C(901) * 1000000000;
        break;
    case 13:
        request.headers[2].value = SKR_BYTES("yesterday");
        break;
    case 14:
        request.headers[4].value = SKR_BYTES("1");
        break;
    case 15:
        target.account = SKR_BYTES("unknown");
        break;
    }
    ck_assert_int_ne(authenticate(&principal), SKR_AUTH_ALLOWED);
}
END_TEST

START_TEST(malformed_authorization)
{
    static const char *const values[] = {"",
                                         "Basic eA==",
                                         "Bearer x",
                                         "SharedKey",
                                         "SharedKey ",
                                         "SharedKey myaccount",
                                         "SharedKey myaccount:",
                                         "SharedKey :abc",
                                         "sharedkey myaccount:abc"};
    struct skr_principal principal;
    shared_key_request(values[_i]);
    ck_assert_int_eq(authenticate(&principal), SKR_AUTH_MALFORMED);
}
END_TEST

#define ACCOUNT_SAS                                                                                                            \
    "sv=2021-12-02&ss=b&srt=co&sp=rl&se=2026-01-02T04:00:00Z&sip=127.0.0.1-127.0.0.9&spr=https,http&sig="                      \
    "1L6K86hKqxI8fNW9SFncVNEPeEUjdFsSU4vHQq0HuxE%3D"

START_TEST(account_sas)
{
    struct skr_principal principal;
    line("GET", "/myaccount/mycontainer/my%20blob?" ACCOUNT_SAS);
    ck_assert_int_eq(authenticate(&principal), SKR_AUTH_ALLOWED);
    ck_assert_uint_eq(principal.permissions, SKR_PERMISSION_READ | SKR_PERMISSION_LIST);
    ck_assert_uint_eq(principal.resource_types, 1u << SKR_RESOURCE_CONTAINER | 1u << SKR_RESOURCE_OBJECT);
    strcpy(request.peer, "127.0.0.10");
    ck_assert_int_eq(authenticate(&principal), SKR_AUTH_SOURCE_IP_MISMATCH);
    strcpy(request.peer, "127.0.0.9");
    request.received_ns = INT64_C(1767326400) * 1000000000; /* its last moment */
    ck_assert_int_eq(authenticate(&principal), SKR_AUTH_ALLOWED);
    request.received_ns += 1;
    ck_assert_int_eq(authenticate(&principal), SKR_AUTH_FAILED);
}
END_TEST

START_TEST(an_altered_account_sas)
{
    static const char *const targets[] = {
        "/a?sv=2021-12-02&ss=b&srt=co&sp=rwl&se=2026-01-02T04:00:00Z&sip=127.0.0.1-127.0.0.9&spr=https,http&sig="
        "1L6K86hKqxI8fNW9SFncVNEPeEUjdFsSU4vHQq0HuxE%3D",
        "/a?sv=2021-12-02&ss=b&srt=sco&sp=rl&se=2026-01-02T04:00:00Z&sip=127.0.0.1-127.0.0.9&spr=https,http&sig="
        "1L6K86hKqxI8fNW9SFncVNEPeEUjdFsSU4vHQq0HuxE%3D",
        "/a?sv=2021-12-02&ss=b&srt=co&sp=rl&se=2027-01-02T04:00:00Z&sip=127.0.0.1-127.0.0.9&spr=https,http&sig="
        "1L6K86hKqxI8fNW9SFncVNEPeEUjdFsSU4vHQq0HuxE%3D",
        "/a?sv=2021-12-02&ss=b&srt=co&sp=rl&se=2026-01-02T04:00:00Z&spr=https,http&sig="
        "1L6K86hKqxI8fNW9SFncVNEPeEUjdFsSU4vHQq0HuxE%3D",
        "/a?sv=2020-10-02&ss=b&srt=co&sp=rl&se=2026-01-02T04:00:00Z&sip=127.0.0.1-127.0.0.9&spr=https,http&sig="
        "1L6K86hKqxI8fNW9SFncVNEPeEUjdFsSU4vHQq0HuxE%3D",
        "/a?" ACCOUNT_SAS "&sp=rwdl",
        "/a?ss=b&srt=co&sp=rl&se=2026-01-02T04:00:00Z&sig=1L6K86hKqxI8fNW9SFncVNEPeEUjdFsSU4vHQq0HuxE%3D",
        "/a?" ACCOUNT_SAS "&skoid=x",
    };
    struct skr_principal principal;
    line("GET", targets[_i]);
    ck_assert_int_ne(authenticate(&principal), SKR_AUTH_ALLOWED);
}
END_TEST

START_TEST(service_sas_for_a_blob)
{
    struct skr_principal principal;
    line("GET", "/myaccount/mycontainer/"
                "my%20blob?sv=2021-12-02&sr=b&sp=r&se=2026-01-02T04:00:00Z&rscd=attachment&sig=xgPfERW2JJ1ie%"
                "2Bz1JlcGgrn85VwOyYcuOVacNwHn9w8%3D");
    ck_assert_int_eq(authenticate(&principal), SKR_AUTH_ALLOWED);
    ck_assert(skr_bytes_equal(principal.content_disposition, SKR_BYTES("attachment")));
    ck_assert(skr_bytes_equal(principal.scope_object, SKR_BYTES("my blob")));
    target.object = SKR_BYTES("other");
    ck_assert_int_eq(authenticate(&principal), SKR_AUTH_FAILED);
}
END_TEST

START_TEST(service_sas_with_a_stored_policy)
{
    struct skr_principal principal;
    line("GET",
         "/myaccount/mycontainer/my%20blob?sv=2021-12-02&sr=c&si=known&sig=5mxL0ki994Cd2WijGKb%2FZqtnIQFwrv%2FgctB2UTEW9X8%3D");
    policy = (struct skr_stored_policy){SKR_BYTES("2026-01-01"), SKR_BYTES("2026-01-03"), SKR_BYTES("rl")};
    ck_assert_int_eq(authenticate(&principal), SKR_AUTH_ALLOWED);
    ck_assert_uint_eq(principal.permissions, SKR_PERMISSION_READ | SKR_PERMISSION_LIST);
    policy.expiry = SKR_BYTES("2026-01-02");
    ck_assert_int_eq(authenticate(&principal), SKR_AUTH_FAILED);
    policy.expiry = SKR_BYTES("");
    ck_assert_int_eq(authenticate(&principal), SKR_AUTH_FAILED); /* no expiry anywhere */
}
END_TEST

static enum skr_auth_refusal authorize(enum skr_auth_scheme scheme, uint32_t held, uint32_t asked, enum skr_method method,
                                       enum skr_resource resource, int public_access)
{
    struct skr_principal principal = {.scheme = scheme,
                                      .account = scheme == SKR_AUTH_ANONYMOUS ? SKR_BYTES("") : SKR_BYTES("myaccount"),
                                      .permissions = held,
                                      .resource_types = 1u << SKR_RESOURCE_OBJECT | 1u << SKR_RESOURCE_CONTAINER,
                                      .scope_container = SKR_BYTES("mycontainer")};
    struct skr_operation operation = {.method = method, .resource = resource, .permissions = asked};
    target.resource = resource;
    return skr_auth_authorize(&principal, &operation, &target, public_access);
}

START_TEST(authorization)
{
    const uint32_t read = SKR_PERMISSION_READ, write = SKR_PERMISSION_WRITE, create = SKR_PERMISSION_CREATE,
                   list = SKR_PERMISSION_LIST;
    const uint32_t owner = SKR_PERMISSION_OWNER;
    ck_assert_int_eq(authorize(SKR_AUTH_SHARED_KEY, UINT32_MAX, owner, SKR_PUT, SKR_RESOURCE_CONTAINER, 0), SKR_AUTH_ALLOWED);
    ck_assert_int_eq(authorize(SKR_AUTH_ACCOUNT_SAS, read, read, SKR_GET, SKR_RESOURCE_OBJECT, 0), SKR_AUTH_ALLOWED);
    ck_assert_int_eq(authorize(SKR_AUTH_ACCOUNT_SAS, read, write | create, SKR_PUT, SKR_RESOURCE_OBJECT, 0),
                     SKR_AUTH_PERMISSION_MISMATCH);
    ck_assert_int_eq(authorize(SKR_AUTH_ACCOUNT_SAS, create, write | create, SKR_PUT, SKR_RESOURCE_OBJECT, 0),
                     SKR_AUTH_ALLOWED);
    ck_assert_int_eq(authorize(SKR_AUTH_ACCOUNT_SAS, 0x7FFF, owner, SKR_PUT, SKR_RESOURCE_CONTAINER, 0),
                     SKR_AUTH_PERMISSION_MISMATCH);
    ck_assert_int_eq(authorize(SKR_AUTH_ACCOUNT_SAS, list, list, SKR_GET, SKR_RESOURCE_SERVICE, 0),
                     SKR_AUTH_RESOURCE_TYPE_MISMATCH);
    ck_assert_int_eq(authorize(SKR_AUTH_SERVICE_SAS, list, list, SKR_GET, SKR_RESOURCE_CONTAINER, 0), SKR_AUTH_ALLOWED);
    ck_assert_int_eq(authorize(SKR_AUTH_SERVICE_SAS, read, read, SKR_GET, SKR_RESOURCE_CONTAINER, 0),
                     SKR_AUTH_PERMISSION_MISMATCH);
    ck_assert_int_eq(authorize(SKR_AUTH_SERVICE_SAS, list, list, SKR_GET, SKR_RESOURCE_SERVICE, 0),
                     SKR_AUTH_PERMISSION_MISMATCH);
    ck_assert_int_ne(authorize(SKR_AUTH_ANONYMOUS, 0, read, SKR_GET, SKR_RESOURCE_OBJECT, 0), SKR_AUTH_ALLOWED);
    ck_assert_int_eq(authorize(SKR_AUTH_ANONYMOUS, 0, read, SKR_GET, SKR_RESOURCE_OBJECT, 1), SKR_AUTH_ALLOWED);
    ck_assert_int_ne(authorize(SKR_AUTH_ANONYMOUS, 0, list, SKR_GET, SKR_RESOURCE_CONTAINER, 1), SKR_AUTH_ALLOWED);
    ck_assert_int_eq(authorize(SKR_AUTH_ANONYMOUS, 0, list, SKR_GET, SKR_RESOURCE_CONTAINER, 2), SKR_AUTH_ALLOWED);
    ck_assert_int_ne(authorize(SKR_AUTH_ANONYMOUS, 0, write, SKR_PUT, SKR_RESOURCE_OBJECT, 2), SKR_AUTH_ALLOWED);
    ck_assert_int_ne(authorize(SKR_AUTH_ANONYMOUS, 0, 0, SKR_GET, SKR_RESOURCE_OBJECT, 2), SKR_AUTH_ALLOWED);
    target.secondary = true;
    ck_assert_int_ne(authorize(SKR_AUTH_SHARED_KEY, UINT32_MAX, write, SKR_PUT, SKR_RESOURCE_OBJECT, 0), SKR_AUTH_ALLOWED);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("auth");
    TCase *cases = tcase_create("blob");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, shared_key);
    tcase_add_test(cases, shared_key_lite);
    tcase_add_loop_test(cases, whatever_is_altered_is_refused, 0, 16);
    tcase_add_loop_test(cases, malformed_authorization, 0, 9);
    tcase_add_test(cases, account_sas);
    tcase_add_loop_test(cases, an_altered_account_sas, 0, 8);
    tcase_add_test(cases, service_sas_for_a_blob);
    tcase_add_test(cases, service_sas_with_a_stored_policy);
    tcase_add_test(cases, authorization);
    suite_add_tcase(suite, cases);
    return run_suite(suite);
}
