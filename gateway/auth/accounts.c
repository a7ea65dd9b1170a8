/* The accounts that the server knows, and their S3 access keys. A key's HMAC state after its padded key block is computed once,
 * so that a signature costs the hashing of its text alone. Keys and states are wiped when the table closes.
 */
#include "accounts.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

#include "skerry/encoding.h"

#define SKR_MAX_KEY 256
#define SKR_MAX_SECRET 256

struct skr_account_key {
    struct skr_account_key *next;
    char name[25];
    size_t name_size;
    bool well_known;
    struct skr_hmac hmac;
};

struct skr_accounts {
    struct skr_account_key *keys; /* in order of adding */
    struct skr_s3_key *s3_keys;
};

static void skr_key_sign(const struct skr_account_key *key, struct skr_bytes text, char signature[SKR_SIGNATURE_SIZE])
{
    uint8_t digest[SKR_SHA256_SIZE];
    skr_hmac_sign(&key->hmac, text, digest);
    skr_base64_encode(signature, digest, sizeof digest);
    OPENSSL_cleanse(digest, sizeof digest);
}

enum skr_status skr_accounts_open(struct skr_accounts **out, struct skr_error *err)
{
    *out = calloc(1, sizeof **out);
    return *out != NULL ? SKR_OK : skr_fail(err, SKR_NO_MEMORY, "no memory for accounts");
}

void skr_accounts_close(struct skr_accounts *accounts)
{
    if (accounts == NULL)
        return;
    while (accounts->s3_keys != NULL) {
        struct skr_s3_key *next = accounts->s3_keys->next;
        OPENSSL_cleanse(accounts->s3_keys, sizeof *accounts->s3_keys);
        free(accounts->s3_keys);
        accounts->s3_keys = next;
    }
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
    skr_hmac_prepare(&key->hmac, secret, size);
    OPENSSL_cleanse(secret, sizeof secret);
    struct skr_account_key **end = &accounts->keys;
    while (*end != NULL)
        end = &(*end)->next;
    *end = key;
    return SKR_OK;
}

static bool skr_key_is_of(const struct skr_account_key *key, struct skr_bytes name)
{
    return key->name_size == name.size && memcmp(key->name, name.data, name.size) == 0;
}

static const struct skr_account_key *skr_account_find(const struct skr_accounts *accounts, struct skr_bytes name)
{
    const struct skr_account_key *key = accounts->keys;
    while (key != NULL && !skr_key_is_of(key, name))
        key = key->next;
    return key;
}

bool skr_accounts_known(const struct skr_accounts *accounts, struct skr_bytes name)
{
    return skr_account_find(accounts, name) != NULL;
}

bool skr_accounts_name(const struct skr_accounts *accounts, size_t index, struct skr_bytes *out)
{
    for (const struct skr_account_key *key = accounts->keys; key != NULL; key = key->next) {
        *out = (struct skr_bytes){key->name, key->name_size};
        if (skr_account_find(accounts, *out) == key && index-- == 0) /* not a further key of one that was there */
            return true;
    }
    return false;
}

bool skr_accounts_has_well_known_key(const struct skr_accounts *accounts)
{
    for (const struct skr_account_key *key = accounts->keys; key != NULL; key = key->next)
        if (key->well_known)
            return true;
    for (const struct skr_s3_key *key = accounts->s3_keys; key != NULL; key = key->next)
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
    const struct skr_account_key *key = skr_account_find(accounts, account);
    if (key == NULL)
        return skr_fail(err, SKR_ACCOUNT_NOT_FOUND, "there is no such account");
    int expiry_size = (int)skr_iso8601_format(expiry, expiry_s * 1000000000, 0);
    int size = snprintf(text, sizeof text, "%.*s\nrwdlacx\nb\nsco\n\n%.*s\n\n\n2021-12-02\n\n", SKR_PRINT(account), expiry_size,
                        expiry);
    skr_key_sign(key, (struct skr_bytes){text, (size_t)size}, signature);
    struct skr_bytes encoded = skr_percent_encode(arena, (struct skr_bytes){signature, sizeof signature}, "");
    size = snprintf(query, sizeof query, "sv=2021-12-02&ss=b&srt=sco&sp=rwdlacx&se=%.*s&sig=%.*s", expiry_size, expiry,
                    SKR_PRINT(encoded));
    *out = skr_arena_copy(arena, (struct skr_bytes){query, (size_t)size});
    return out->data != NULL ? SKR_OK : skr_fail(err, SKR_NO_MEMORY, "no memory for a signature");
}

/* ---- S3 ---- */

/* It stands between slashes in a credential, and in lists of settings between colons, commas and spaces. */
static bool skr_access_key_is_valid(struct skr_bytes access_key)
{
    if (access_key.size == 0 || access_key.size > SKR_MAX_ACCESS_KEY)
        return false;
    for (size_t i = 0; i < access_key.size; i++) {
        unsigned char c = (unsigned char)access_key.data[i];
        if (c <= ' ' || c == 0x7F || c == '/' || c == ',' || c == ':')
            return false;
    }
    return true;
}

static void skr_s3_secret_prepare(struct skr_hmac *out, struct skr_bytes secret)
{
    char begun[4 + SKR_MAX_SECRET] = "AWS4";
    memcpy(begun + 4, secret.data, secret.size);
    skr_hmac_prepare(out, begun, 4 + secret.size);
    OPENSSL_cleanse(begun, sizeof begun);
}

const struct skr_s3_key *skr_accounts_s3_key(const struct skr_accounts *accounts, struct skr_bytes access_key)
{
    for (const struct skr_s3_key *key = accounts->s3_keys; key != NULL; key = key->next)
        if (skr_bytes_equal((struct skr_bytes){key->access_key, key->access_key_size}, access_key))
            return key;
    return NULL;
}

/* The same key may be named twice, but must mean the same. */
static enum skr_status skr_s3_key_repeat(const struct skr_s3_key *old, const struct skr_s3_key *new, struct skr_error *err)
{
    if (CRYPTO_memcmp(&old->secret, &new->secret, sizeof new->secret) != 0)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "S3 access key '%.*s' is given twice, with two secrets",
                        (int)new->access_key_size, new->access_key);
    if (!skr_bytes_equal(old->account, new->account) || old->read_only != new->read_only)
        return skr_fail(err, SKR_INVALID_ARGUMENT,
                        "S3 access key '%.*s' is given twice, for two accounts or with two sets of rights",
                        (int)new->access_key_size, new->access_key);
    return SKR_OK;
}

enum skr_status skr_accounts_add_s3_key(struct skr_accounts *accounts, struct skr_bytes access_key, struct skr_bytes secret,
                                        struct skr_bytes account, bool read_only, struct skr_error *err)
{
    const struct skr_account_key *owner = skr_account_find(accounts, account);
    if (!skr_access_key_is_valid(access_key))
        return skr_fail(err, SKR_INVALID_ARGUMENT, "an S3 access key has 1 to %d bytes, and no space, slash, comma or colon",
                        SKR_MAX_ACCESS_KEY);
    if (secret.size == 0 || secret.size > SKR_MAX_SECRET)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "the secret of S3 access key '%.*s' does not have 1 to %d bytes",
                        SKR_PRINT(access_key), SKR_MAX_SECRET);
    if (owner == NULL)
        return skr_fail(err, SKR_ACCOUNT_NOT_FOUND, "S3 access key '%.*s' is for an account that is not there: '%.*s'",
                        SKR_PRINT(access_key), account.size > 40 ? 40 : (int)account.size, account.data);
    struct skr_s3_key *key = calloc(1, sizeof *key);
    if (key == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for an S3 key");
    memcpy(key->access_key, access_key.data, access_key.size);
    key->access_key_size = access_key.size;
    key->account = (struct skr_bytes){owner->name, owner->name_size};
    key->read_only = read_only;
    key->well_known = skr_bytes_equal(secret, SKR_BYTES(SKR_WELL_KNOWN_KEY));
    skr_s3_secret_prepare(&key->secret, secret);
    skr_hmac_sha1_prepare(&key->old_secret, secret.data, secret.size);
    const struct skr_s3_key *old = skr_accounts_s3_key(accounts, access_key);
    if (old == NULL) {
        key->next = accounts->s3_keys;
        accounts->s3_keys = key;
        return SKR_OK;
    }
    enum skr_status status = skr_s3_key_repeat(old, key, err);
    OPENSSL_cleanse(key, sizeof *key);
    free(key);
    return status;
}
