/* What the fuzz targets of authentication share: one account whose key the fuzzer does not have. */
#ifndef FUZZ_AUTH_HARNESS_H
#define FUZZ_AUTH_HARNESS_H

#include <assert.h>

#include "skerry/auth.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline enum skr_status fuzz_policy(void *context, const struct skr_target *target, struct skr_bytes id,
                                          struct skr_stored_policy *out)
{
    (void)context, (void)target, (void)id;
    *out = (struct skr_stored_policy){SKR_NO_BYTES, SKR_BYTES("2100-01-01"), SKR_BYTES("r")};
    return SKR_OK;
}

static inline void fuzz_random_letters(char *out, size_t size)
{
    FILE *random = fopen("/dev/urandom", "r");
    assert(random != NULL);
    for (size_t i = 0; i < size; i++)
        out[i] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"[fgetc(random) & 63];
    fclose(random);
}

/* The key is a fresh random one: a request of the fuzzer's that passes for signed is a fault. */
static inline const struct skr_auth_options *fuzz_options(void)
{
    static struct skr_auth_options options;
    static char key[45] = "";
    struct skr_accounts *accounts;
    struct skr_error error;
    if (options.accounts != NULL)
        return &options;
    fuzz_random_letters(key, 44);
    if (skr_accounts_open(&accounts, &error) != SKR_OK ||
        skr_accounts_add(accounts, SKR_BYTES("fuzz"), SKR_BYTES(key), &error) != SKR_OK)
        abort();
    options = (struct skr_auth_options){accounts, fuzz_policy, NULL, 900};
    return &options;
}

/* Authenticates; only nobody may come of it. */
static inline void fuzz_check(const struct skr_request *request, struct skr_arena *arena)
{
    const struct skr_target target = {
        .account = {"fuzz", 4}, .container = {"c", 1}, .object = {"b", 1}, .resource = SKR_RESOURCE_OBJECT};
    struct skr_principal principal;
    struct skr_error error;
    enum skr_auth_refusal refusal = skr_auth_blob(fuzz_options(), request, &target, arena, &principal, &error);
    if (refusal == SKR_AUTH_ALLOWED && principal.scheme != SKR_AUTH_ANONYMOUS)
        abort();
    if (refusal != SKR_AUTH_ALLOWED && (error.message[0] == '\0' || memchr(error.message, '\0', sizeof error.message) == NULL))
        abort();
}

#endif
