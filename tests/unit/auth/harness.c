#include "harness.h"

#include <check.h>
#include <openssl/hmac.h>

#include "skerry/encoding.h"
#include "vectors.h"

struct skr_request request;
struct skr_target target;
struct skr_principal principal;
struct skr_error error;
struct skr_auth_options options;

static struct skr_arena arena;
static struct skr_accounts *accounts;

/* Policies of every container: "all" has everything, "times" and "letters" a part, "spent" is over, "bare" has nothing. */
static enum skr_status find_policy(void *context, const struct skr_target *where, struct skr_bytes id,
                                   struct skr_stored_policy *out)
{
    static const struct {
        const char *id, *start, *expiry, *permission;
    } policies[] = {
        {"all", "2026-06-15T00:00:00Z", "2026-06-16", "rl"},
        {"times", "2026-06-15", "2026-06-16T00:00:00.0000000Z", ""},
        {"letters", "", "", "r"},
        {"spent", "", "2026-06-15T11:59:59Z", "r"},
        {"bare", "", "", ""},
    };
    ck_assert_ptr_eq(context, &options);
    if (!skr_bytes_equal(where->container, SKR_BYTES("c")))
        return SKR_CONTAINER_NOT_FOUND;
    for (size_t i = 0; i < COUNT(policies); i++)
        if (skr_bytes_equal(id, skr_text(policies[i].id))) {
            *out = (struct skr_stored_policy){skr_text(policies[i].start), skr_text(policies[i].expiry),
                                              skr_text(policies[i].permission)};
            return SKR_OK;
        }
    return SKR_NOT_FOUND;
}

void harness_open(void)
{
    char key[SKR_BASE64_SIZE(sizeof TEST_KEY - 1)];
    skr_base64_encode(key, TEST_KEY, sizeof TEST_KEY - 1);
    ck_assert_int_eq(skr_accounts_open(&accounts, &error), SKR_OK);
    ck_assert_int_eq(skr_accounts_add(accounts, SKR_BYTES(VECTOR_ACCOUNT), SKR_BYTES(VECTOR_KEY_0), &error), SKR_OK);
    ck_assert_int_eq(skr_accounts_add(accounts, SKR_BYTES(VECTOR_ACCOUNT), SKR_BYTES(VECTOR_KEY_1), &error), SKR_OK);
    ck_assert_int_eq(skr_accounts_add(accounts, SKR_BYTES("handmade"), (struct skr_bytes){key, sizeof key}, &error), SKR_OK);
    options = (struct skr_auth_options){accounts, find_policy, &options, 900};
}

void harness_close(void)
{
    skr_accounts_close(accounts);
    skr_arena_release(&arena);
    accounts = NULL;
}

static enum skr_method method_of(const char *name)
{
    static const char *const names[] = {"GET", "HEAD", "PUT", "POST", "DELETE", "PATCH", "OPTIONS"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return (enum skr_method)i;
    return SKR_METHOD_OTHER;
}

static void add_headers(struct skr_bytes text)
{
    while (text.size > 0) {
        const char *end = memchr(text.data, '\n', text.size), *colon = memchr(text.data, ':', text.size);
        ck_assert(end != NULL && colon != NULL && colon < end && request.header_count < SKR_MAX_HEADERS);
        struct skr_bytes value = {colon + 1, (size_t)(end - colon - 1)};
        while (value.size > 0 && value.data[0] == ' ')
            value.data++, value.size--;
        request.headers[request.header_count++] = (struct skr_header){{text.data, (size_t)(colon - text.data)}, value};
        text.size -= (size_t)(end + 1 - text.data);
        text.data = end + 1;
    }
}

void harness_request(const struct vector *vector)
{
    skr_arena_release(&arena);
    memset(&request, 0, sizeof request);
    request.method = method_of(vector->method);
    request.method_name = skr_arena_copy(&arena, skr_text(vector->method));
    ck_assert_msg(skr_uri_parse(&arena, skr_arena_copy(&arena, skr_text(vector->target)), &request.uri, &error) == SKR_OK,
                  "%s: %s", vector->target, error.message);
    add_headers(skr_arena_copy(&arena, skr_text(vector->headers)));
    request.tls = vector->tls;
    strcpy(request.peer, "10.0.0.5");
    request.received_ns = TEST_NOW_S * 1000000000;
    /* the account is the path's first part, as the front end has it */
    const char *name = vector->host_style ? VECTOR_ACCOUNT : vector->target + 1;
    target = (struct skr_target){
        .account = {name, strcspn(name, "/?-")},
        .secondary = vector->secondary,
        .host_style = vector->host_style,
        .container = skr_text(vector->container),
        .object = skr_text(vector->object),
        .resource = *vector->object      ? SKR_RESOURCE_OBJECT
                    : *vector->container ? SKR_RESOURCE_CONTAINER
                                         : SKR_RESOURCE_SERVICE,
    };
}

enum skr_auth_refusal harness_check(void)
{
    memset(&principal, 0xAA, sizeof principal);
    error.message[0] = '\0';
    enum skr_auth_refusal refusal = skr_auth_blob(&options, &request, &target, &arena, &principal, &error);
    ck_assert_msg(refusal == SKR_AUTH_ALLOWED || error.message[0] != '\0', "a refusal (%d) without a reason", refusal);
    return refusal;
}

enum skr_auth_refusal harness_run(const struct vector *vector)
{
    harness_request(vector);
    return harness_check();
}

const char *harness_sign(const char *text)
{
    static char signature[SKR_BASE64_SIZE(32) + 1];
    unsigned char digest[32];
    unsigned size = sizeof digest;
    ck_assert_ptr_nonnull(
        HMAC(EVP_sha256(), TEST_KEY, sizeof TEST_KEY - 1, (const unsigned char *)text, strlen(text), digest, &size));
    skr_base64_encode(signature, digest, sizeof digest);
    return signature;
}

const char *harness_sign_query(const char *text)
{
    static char escaped[3 * SKR_BASE64_SIZE(32) + 1];
    size_t size = 0;
    for (const char *c = harness_sign(text); *c != '\0'; c++)
        size += (size_t)sprintf(escaped + size, strchr("+/=", *c) ? "%%%02X" : "%c", *c);
    return escaped;
}
