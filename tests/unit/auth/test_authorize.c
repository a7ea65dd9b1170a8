/* Who may do what: the whole matrix of schemes, rights, resources and rows, against rules that are stated here once more and
 * differently; and the table of accounts. */
#include <check.h>

#include "harness.h"
#include "run.h"
#include "skerry/encoding.h"

static const struct skr_target places[] = {
    {.account = {"handmade", 8}, .resource = SKR_RESOURCE_SERVICE},
    {.account = {"handmade", 8}, .container = {"c", 1}, .resource = SKR_RESOURCE_CONTAINER},
    {.account = {"handmade", 8}, .container = {"c", 1}, .object = {"b", 1}, .resource = SKR_RESOURCE_OBJECT},
};
static const uint32_t rights[] = {SKR_PERMISSION_READ,           SKR_PERMISSION_ADD,    SKR_PERMISSION_CREATE,
                                  SKR_PERMISSION_WRITE,          SKR_PERMISSION_DELETE, SKR_PERMISSION_LIST,
                                  SKR_PERMISSION_TAGS,           SKR_PERMISSION_FILTER, SKR_PERMISSION_OWNER,
                                  SKR_PERMISSION_DELETE_VERSION, SKR_PERMISSION_POLICY, SKR_PERMISSION_IMMUTABILITY};
static const enum skr_method methods[] = {SKR_GET, SKR_HEAD, SKR_PUT, SKR_POST, SKR_DELETE};

static enum skr_auth_refusal ask(const struct skr_principal *who, uint32_t permissions, enum skr_method method,
                                 struct skr_target where, int access)
{
    struct skr_operation row = {.name = "a row", .method = method, .resource = where.resource, .permissions = permissions};
    return skr_auth_authorize(who, &row, &where, access);
}

static struct skr_principal with(enum skr_auth_scheme scheme, uint32_t permissions)
{
    return (struct skr_principal){
        .scheme = scheme, .account = SKR_BYTES("handmade"), .permissions = permissions, .resource_types = UINT32_MAX};
}

START_TEST(the_key_may_all)
{
    struct skr_principal who = with(SKR_AUTH_SHARED_KEY, UINT32_MAX);
    for (size_t p = 0; p < COUNT(places); p++)
        for (size_t m = 0; m < COUNT(methods); m++) {
            ck_assert_int_eq(ask(&who, 0, methods[m], places[p], 0), SKR_AUTH_ALLOWED);
            for (size_t r = 0; r < COUNT(rights); r++)
                ck_assert_int_eq(ask(&who, rights[r], methods[m], places[p], 0), SKR_AUTH_ALLOWED);
        }
    struct skr_target elsewhere = places[2];
    elsewhere.account = SKR_BYTES("stranger");
    ck_assert_int_eq(ask(&who, SKR_PERMISSION_READ, SKR_GET, elsewhere, 2), SKR_AUTH_FAILED);
    ck_assert_int_eq(ask(&who, 0, SKR_GET, elsewhere, 0), SKR_AUTH_FAILED);
}
END_TEST

START_TEST(an_account_sas_may_what_its_letters_and_types_say)
{
    for (size_t held = 0; held < COUNT(rights); held++)
        for (size_t asked = 0; asked < COUNT(rights); asked++)
            for (uint32_t types = 0; types < 8; types++)
                for (size_t p = 0; p < COUNT(places); p++) {
                    struct skr_principal who = with(SKR_AUTH_ACCOUNT_SAS, rights[held] & ~(uint32_t)SKR_PERMISSION_OWNER);
                    who.resource_types = types;
                    enum skr_auth_refusal expected = (types >> p & 1) == 0 ? SKR_AUTH_RESOURCE_TYPE_MISMATCH
                                                     : held == asked && rights[asked] != SKR_PERMISSION_OWNER
                                                         ? SKR_AUTH_ALLOWED
                                                         : SKR_AUTH_PERMISSION_MISMATCH;
                    ck_assert_int_eq(ask(&who, rights[asked], SKR_PUT, places[p], 0), expected);
                    ck_assert_int_eq(ask(&who, 0, SKR_GET, places[p], 0), SKR_AUTH_ALLOWED);
                }
}
END_TEST

START_TEST(no_sas_reaches_what_is_the_owners)
{
    const uint32_t all_letters = UINT32_MAX & ~(uint32_t)SKR_PERMISSION_OWNER;
    for (size_t p = 0; p < COUNT(places); p++) {
        struct skr_principal account = with(SKR_AUTH_ACCOUNT_SAS, all_letters),
                             service = with(SKR_AUTH_SERVICE_SAS, all_letters);
        service.scope_container = SKR_BYTES("c");
        ck_assert_int_eq(ask(&account, SKR_PERMISSION_OWNER, SKR_GET, places[p], 2), SKR_AUTH_PERMISSION_MISMATCH);
        ck_assert_int_eq(ask(&service, SKR_PERMISSION_OWNER, SKR_GET, places[p], 2), SKR_AUTH_PERMISSION_MISMATCH);
    }
}
END_TEST

START_TEST(a_service_sas_stays_in_its_scope)
{
    struct skr_principal container = with(SKR_AUTH_SERVICE_SAS, 0), blob = container;
    struct skr_target other_container = places[2], other_blob = places[2];
    container.scope_container = blob.scope_container = SKR_BYTES("c");
    blob.scope_object = SKR_BYTES("b");
    other_container.container = SKR_BYTES("d");
    other_blob.object = SKR_BYTES("bb");
    for (size_t r = 0; r < COUNT(rights); r++) {
        if (rights[r] == SKR_PERMISSION_OWNER)
            continue;
        container.permissions = blob.permissions = rights[r];
        bool lists = rights[r] == SKR_PERMISSION_LIST || rights[r] == SKR_PERMISSION_FILTER;
        ck_assert_int_eq(ask(&container, rights[r], SKR_PUT, places[2], 0), SKR_AUTH_ALLOWED);
        ck_assert_int_eq(ask(&container, rights[r], SKR_PUT, other_blob, 0), SKR_AUTH_ALLOWED);
        ck_assert_int_eq(ask(&container, rights[r], SKR_PUT, other_container, 0), SKR_AUTH_PERMISSION_MISMATCH);
        ck_assert_int_eq(ask(&container, rights[r], SKR_GET, places[0], 0), SKR_AUTH_PERMISSION_MISMATCH);
        ck_assert_int_eq(ask(&container, rights[r], SKR_GET, places[1], 0),
                         lists ? SKR_AUTH_ALLOWED : SKR_AUTH_PERMISSION_MISMATCH);
        ck_assert_int_eq(ask(&blob, rights[r], SKR_PUT, places[2], 0), SKR_AUTH_ALLOWED);
        ck_assert_int_eq(ask(&blob, rights[r], SKR_PUT, other_blob, 0), SKR_AUTH_PERMISSION_MISMATCH);
        ck_assert_int_eq(ask(&blob, rights[r], SKR_PUT, other_container, 0), SKR_AUTH_PERMISSION_MISMATCH);
        ck_assert_int_eq(ask(&blob, rights[r], SKR_GET, places[0], 0), SKR_AUTH_PERMISSION_MISMATCH);
        ck_assert_int_eq(ask(&blob, rights[r], SKR_GET, places[1], 0), SKR_AUTH_PERMISSION_MISMATCH);
    }
}
END_TEST

START_TEST(nobody_may_what_is_public)
{
    struct skr_principal nobody = {.scheme = SKR_AUTH_ANONYMOUS};
    for (int access = 0; access <= 2; access++)
        for (size_t p = 0; p < COUNT(places); p++)
            for (size_t m = 0; m < COUNT(methods); m++) {
                bool fetch = methods[m] == SKR_GET || methods[m] == SKR_HEAD;
                ck_assert_int_eq(ask(&nobody, 0, methods[m], places[p], access), SKR_AUTH_PUBLIC_ACCESS_DENIED);
                for (size_t r = 0; r < COUNT(rights); r++) {
                    bool reads = fetch && rights[r] == SKR_PERMISSION_READ, lists = fetch && rights[r] == SKR_PERMISSION_LIST;
                    bool allowed = p == 2 ? access >= 1 && reads : p == 1 && access == 2 && (reads || lists);
                    ck_assert_int_eq(ask(&nobody, rights[r], methods[m], places[p], access),
                                     allowed ? SKR_AUTH_ALLOWED : SKR_AUTH_PUBLIC_ACCESS_DENIED);
                }
            }
}
END_TEST

START_TEST(a_secondary_is_read_only)
{
    struct skr_principal key = with(SKR_AUTH_SHARED_KEY, UINT32_MAX), sas = with(SKR_AUTH_ACCOUNT_SAS, 0x7FFF);
    for (size_t p = 0; p < COUNT(places); p++) {
        struct skr_target where = places[p];
        where.secondary = true;
        ck_assert_int_eq(ask(&key, SKR_PERMISSION_READ, SKR_GET, where, 0), SKR_AUTH_ALLOWED);
        ck_assert_int_eq(ask(&key, SKR_PERMISSION_READ, SKR_POST, where, 0),
                         SKR_AUTH_ALLOWED); /* a query of a blob's content */
        ck_assert_int_eq(ask(&key, SKR_PERMISSION_LIST, SKR_GET, where, 0), SKR_AUTH_ALLOWED);
        ck_assert_int_eq(ask(&key, SKR_PERMISSION_OWNER, SKR_GET, where, 0), SKR_AUTH_ALLOWED);
        ck_assert_int_eq(ask(&sas, SKR_PERMISSION_READ, SKR_HEAD, where, 0), SKR_AUTH_ALLOWED);
        static const uint32_t changing[] = {SKR_PERMISSION_WRITE,
                                            SKR_PERMISSION_CREATE | SKR_PERMISSION_WRITE,
                                            SKR_PERMISSION_DELETE,
                                            SKR_PERMISSION_ADD,
                                            SKR_PERMISSION_OWNER,
                                            SKR_PERMISSION_TAGS,
                                            SKR_PERMISSION_READ | SKR_PERMISSION_WRITE,
                                            0};
        for (size_t i = 0; i < COUNT(changing); i++) {
            ck_assert_int_eq(ask(&key, changing[i], SKR_PUT, where, 0), SKR_AUTH_PERMISSION_MISMATCH);
            ck_assert_int_eq(ask(&sas, changing[i], SKR_DELETE, where, 0), SKR_AUTH_PERMISSION_MISMATCH);
        }
    }
}
END_TEST

START_TEST(create_is_not_write)
{
    struct skr_principal who = with(SKR_AUTH_ACCOUNT_SAS, SKR_PERMISSION_CREATE);
    ck_assert(skr_principal_create_only(&who));
    ck_assert_int_eq(ask(&who, SKR_PERMISSION_CREATE | SKR_PERMISSION_WRITE, SKR_PUT, places[2], 0), SKR_AUTH_ALLOWED);
    ck_assert_int_eq(ask(&who, SKR_PERMISSION_WRITE, SKR_PUT, places[2], 0), SKR_AUTH_PERMISSION_MISMATCH);
    who.permissions |= SKR_PERMISSION_WRITE;
    ck_assert(!skr_principal_create_only(&who));
    who = with(SKR_AUTH_SHARED_KEY, UINT32_MAX);
    ck_assert(!skr_principal_create_only(&who));
}
END_TEST

START_TEST(accounts_have_names_and_keys)
{
    static const struct {
        const char *name, *key;
        enum skr_status status;
    } cases[] = {
        {"abc", "AA==", SKR_OK},
        {"abcdefghijklmnopqrstuvwx", "AA==", SKR_OK},
        {"abcdefghijklmnopqrstuvwxy", "AA==", SKR_INVALID_NAME},
        {"ab", "AA==", SKR_INVALID_NAME},
        {"", "AA==", SKR_INVALID_NAME},
        {"Abc", "AA==", SKR_INVALID_NAME},
        {"a-c", "AA==", SKR_INVALID_NAME},
        {"a/c", "AA==", SKR_INVALID_NAME},
        {"abd", "", SKR_INVALID_ARGUMENT},
        {"abd", "AA", SKR_INVALID_ARGUMENT},
        {"abd", "AB==", SKR_INVALID_ARGUMENT},
        {"abd", "A A=", SKR_INVALID_ARGUMENT},
        {"abd", "secretsecret!", SKR_INVALID_ARGUMENT},
    };
    struct skr_accounts *accounts;
    static char key[SKR_BASE64_SIZE(257)];
    static const char bytes[257];
    ck_assert_int_eq(skr_accounts_open(&accounts, &error), SKR_OK);
    for (size_t i = 0; i < COUNT(cases); i++) {
        ck_assert_msg(skr_accounts_add(accounts, skr_text(cases[i].name), skr_text(cases[i].key), &error) == cases[i].status,
                      "%s %s", cases[i].name, cases[i].key);
        ck_assert(cases[i].status == SKR_OK || cases[i].key[0] != 's' || strstr(error.message, "secret") == NULL);
        ck_assert_int_eq(skr_accounts_known(accounts, skr_text(cases[i].name)), cases[i].status == SKR_OK);
    }
    skr_base64_encode(key, bytes, 257);
    ck_assert_int_eq(skr_accounts_add(accounts, SKR_BYTES("abd"), (struct skr_bytes){key, sizeof key}, &error),
                     SKR_INVALID_ARGUMENT);
    skr_base64_encode(key, bytes, 256);
    ck_assert_int_eq(skr_accounts_add(accounts, SKR_BYTES("abd"), (struct skr_bytes){key, SKR_BASE64_SIZE(256)}, &error),
                     SKR_OK);
    ck_assert(!skr_accounts_has_well_known_key(accounts));
    ck_assert_int_eq(skr_accounts_add(accounts, SKR_BYTES("other"), SKR_BYTES(SKR_WELL_KNOWN_KEY), &error), SKR_OK);
    ck_assert(skr_accounts_has_well_known_key(accounts));
    skr_accounts_close(accounts);
    skr_accounts_close(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("auth_authorize");
    TCase *tests = tcase_create("authorize");
    tcase_add_test(tests, the_key_may_all);
    tcase_add_test(tests, an_account_sas_may_what_its_letters_and_types_say);
    tcase_add_test(tests, no_sas_reaches_what_is_the_owners);
    tcase_add_test(tests, a_service_sas_stays_in_its_scope);
    tcase_add_test(tests, nobody_may_what_is_public);
    tcase_add_test(tests, a_secondary_is_read_only);
    tcase_add_test(tests, create_is_not_write);
    tcase_add_test(tests, accounts_have_names_and_keys);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
