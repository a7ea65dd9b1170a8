/* The accounts that the server knows. A key's HMAC state after its padded key block is computed once, so that a signature costs the hashing of
 * its text alone. Keys and states are wiped when the table closes.
 */
#include "accounts.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>

#include "skerry/encoding.h"

#define SKR_MAX_KEY 256

struct skr_account_key {
    struct skr_account_key *next;
    char name[25];
    size_t name_size;
    bool well_known;
    SHA256_CTX inner, outer; /* states after the padded key */
};

struct skr_accounts {
    struct skr_account_key *keys;
};

/* OpenSSL marks these calls as old. They are the only ones that let a state be copied without an allocation, and stay in its 3.x line. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

static void skr_key_prepare(struct skr_account_key *key, const uint8_t *secret, size_t size)
{
    uint8_t block[SHA256_CBLOCK] = {0}, pad[SHA256_CBLOCK];
    if (size > sizeof block)
        SHA256(secret, size, block);
    else
        memcpy(block, secret, size);
    for (size_t i = 0; i < sizeof block; i++)
        pad[i] = block[i] ^ 0x36;
    SHA256_Init(&key->inner);
    SHA256_Update(&key->inner, pad, sizeof pad);
    for (size_t i = 0; i < sizeof block; i++)
        pad[i] = block[i] ^ 0x5C;
    SHA256_Init(&key->outer);
    SHA256_Update(&key->outer, pad, sizeof pad);
    OPENSSL_cleanse(block, sizeof block);
    OPENSSL_cleanse(pad, sizeof pad);
}

static void skr_key_sign(const struct skr_account_key *key, struct skr_bytes text, char signature[SKR_SIGNATURE_SIZE])
{
    uint8_t digest[SHA256_DIGEST_LENGTH];
    SHA256_CTX state = key->inner;
    SHA256_Update(&state, text.data, text.size);
    SHA256_Final(digest, &state);
    state = key->outer;
    SHA256_Update(&state, digest, sizeof digest);
    SHA256_Final(digest, &state);
    skr_base64_encode(signature, digest, sizeof digest);
    OPENSSL_cleanse(&state, sizeof state);
    OPENSSL_cleanse(digest, sizeof digest);
}

#pragma GCC diagnostic pop

enum skr_status skr_accounts_open(struct skr_accounts **out, struct skr_error *err)
{
    *out = calloc(1, sizeof **out);
    return *out != NULL ? SKR_OK : skr_fail(err, SKR_NO_MEMORY, "no memory for accounts");
}

void skr_accounts_close(struct skr_accounts *accounts)
{
    if (accounts == NULL)
        return;
    while (accounts->keys != NULL) {
        struct skr_account_key *next = accounts->keys->next;
        OPENSSL_cleanse(accounts->keys, sizeof *accounts->keys);
        free(accounts->keys);
        accounts->keys = next;
    }
    free(accounts);
}

static bool skr_account_name_is_valid(struct skr_bytes name)
{
    if (name.size < 3 || name.size > 24)
        return false;
    for (size_t i = 0; i < name.size; i++)
        if (!((name.data[i] >= 'a' && name.data[i] <= 'z') || (name.data[i] >= '0' && name.data[i] <= '9')))
            return false;
    return true;
}

enum skr_status skr_accounts_add(struct skr_accounts *accounts, struct skr_bytes name, struct skr_bytes base64_key,
                                 struct skr_error *err)
{
    uint8_t secret[SKR_MAX_KEY];
    size_t size;
    if (!skr_account_name_is_valid(name))
        return skr_fail(err, SKR_INVALID_NAME, "an account's name has 3 to 24 lower-case letters and digits");
    if (!skr_base64_decode(base64_key, secret, sizeof secret, &size) || size == 0) {
        OPENSSL_cleanse(secret, sizeof secret);
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the key of account '%.*s' is not base64 of 1 to %d bytes", SKR_PRINT(name),
                        SKR_MAX_KEY);
    }
    struct skr_account_key *key = calloc(1, sizeof *key);
    if (key == NULL) {
        OPENSSL_cleanse(secret, sizeof secret);
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an account");
    }
    memcpy(key->name, name.data, name.size);
    key->name_size = name.size;
    key->well_known = skr_bytes_equal(base64_key, SKR_BYTES(SKR_WELL_KNOWN_KEY));
    skr_key_prepare(key, secret, size);
    OPENSSL_cleanse(secret, sizeof secret);
    key->next = accounts->keys;
    accounts->keys = key;
    return SKR_OK;
}

static bool skr_key_is_of(const struct skr_account_key *key, struct skr_bytes name)
{
    return key->name_size == name.size && memcmp(key->name, name.data, name.size) == 0;
}

bool skr_accounts_known(const struct skr_accounts *accounts, struct skr_bytes name)
{
    for (const struct skr_account_key *key = accounts->keys; key != NULL; key = key->next)
        if (skr_key_is_of(key, name))
            return true;
    return false;
}

bool skr_accounts_has_well_known_key(const struct skr_accounts *accounts)
{
    for (const struct skr_account_key *key = accounts->keys; key != NULL; key = key->next)
        if (key->well_known)
            return true;
    return false;
}

bool skr_accounts_verify(const struct skr_accounts *accounts, struct skr_bytes account, struct skr_bytes text,
                         struct skr_bytes signature)
{
    bool matches = false;
    for (const struct skr_account_key *key = accounts->keys; key != NULL; key = key->next) {
        char expected[SKR_SIGNATURE_SIZE];
        if (!skr_key_is_of(key, account))
            continue;
        skr_key_sign(key, text, expected);
        matches |= skr_secret_equal((struct skr_bytes){expected, sizeof expected}, signature);
        OPENSSL_cleanse(expected, sizeof expected);
    }
    return matches;
}

enum skr_status skr_accounts_make_sas(const struct skr_accounts *accounts, struct skr_bytes account, int64_t expiry_s,
                                      struct skr_arena *arena, struct skr_bytes *out, struct skr_error *err)
{
    char expiry[36], text[256], query[400], signature[SKR_SIGNATURE_SIZE];
    const struct skr_account_key *key = accounts->keys;
    while (key != NULL && !skr_key_is_of(key, account))
        key = key->next;
    if (key == NULL)
        return skr_fail(err, SKR_ACCOUNT_NOT_FOUND, "there is no such account");
    int expiry_size = (int)skr_iso8601_format(expiry, expiry_s * 1000000000, 0);
    int size = snprintf(text, sizeof text, "%.*s\nrwdlacx\nb\nsco\n\n%.*s\n\n\n2021-12-02\n\n", SKR_PRINT(account), expiry_size, expiry);
    skr_key_sign(key, (struct skr_bytes){text, (size_t)size}, signature);
    struct skr_bytes encoded = skr_percent_encode(arena, (struct skr_bytes){signature, sizeof signature}, "");
    size = snprintf(query, sizeof query, "sv=2021-12-02&ss=b&srt=sco&sp=rwdlacx&se=%.*s&sig=%.*s", expiry_size, expiry,
                    SKR_PRINT(encoded));
    *out = skr_arena_copy(arena, (struct skr_bytes){query, (size_t)size});
    return out->data != NULL ? SKR_OK : skr_fail(err, SKR_NO_MEMORY, "no memory for a signature");
}
