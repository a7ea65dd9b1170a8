#include "digest.h"

#include <openssl/crypto.h>

/* OpenSSL marks these calls as old. They are the only ones that let a state be copied without an allocation, and stay in
 * its 3.x line. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

void skr_sha256_begin(struct skr_sha256 *hash)
{
    SHA256_Init(&hash->state);
}

void skr_sha256_add(struct skr_sha256 *hash, const void *data, size_t size)
{
    if (size > 0)
        SHA256_Update(&hash->state, data, size);
}

void skr_sha256_end(struct skr_sha256 *hash, uint8_t digest[SKR_SHA256_SIZE])
{
    SHA256_Final(digest, &hash->state);
}

/* A key of one block, in the two disguises in which HMAC puts it before what it hashes. SHA-1 and SHA-256 have blocks of one
 * size. */
struct skr_hmac_pads {
    uint8_t key[SHA256_CBLOCK], inner[SHA256_CBLOCK], outer[SHA256_CBLOCK];
};
_Static_assert(SHA_CBLOCK == SHA256_CBLOCK, "one size of blocks");

static void skr_hmac_fill_pads(struct skr_hmac_pads *pads)
{
    for (size_t i = 0; i < sizeof pads->key; i++) {
        pads->inner[i] = pads->key[i] ^ 0x36;
        pads->outer[i] = pads->key[i] ^ 0x5C;
    }
}

void skr_hmac_prepare(struct skr_hmac *hmac, const void *key, size_t size)
{
    struct skr_hmac_pads pads = {.key = {0}};
    if (size > sizeof pads.key)
        SHA256(key, size, pads.key);
    else
        memcpy(pads.key, key, size);
    skr_hmac_fill_pads(&pads);
    SHA256_Init(&hmac->inner);
    SHA256_Update(&hmac->inner, pads.inner, sizeof pads.inner);
    SHA256_Init(&hmac->outer);
    SHA256_Update(&hmac->outer, pads.outer, sizeof pads.outer);
    OPENSSL_cleanse(&pads, sizeof pads);
}

void skr_hmac_sign(const struct skr_hmac *hmac, struct skr_bytes text, uint8_t digest[SKR_SHA256_SIZE])
{
    SHA256_CTX state = hmac->inner;
    SHA256_Update(&state, text.data, text.size);
    SHA256_Final(digest, &state);
    state = hmac->outer;
    SHA256_Update(&state, digest, SKR_SHA256_SIZE);
    SHA256_Final(digest, &state);
    OPENSSL_cleanse(&state, sizeof state);
}

void skr_hmac_sha1_prepare(struct skr_hmac_sha1 *hmac, const void *key, size_t size)
{
    struct skr_hmac_pads pads = {.key = {0}};
    if (size > sizeof pads.key)
        SHA1(key, size, pads.key);
    else
        memcpy(pads.key, key, size);
    skr_hmac_fill_pads(&pads);
    SHA1_Init(&hmac->inner);
    SHA1_Update(&hmac->inner, pads.inner, sizeof pads.inner);
    SHA1_Init(&hmac->outer);
    SHA1_Update(&hmac->outer, pads.outer, sizeof pads.outer);
    OPENSSL_cleanse(&pads, sizeof pads);
}

void skr_hmac_sha1_sign(const struct skr_hmac_sha1 *hmac, struct skr_bytes text, uint8_t digest[SKR_SHA1_SIZE])
{
    SHA_CTX state = hmac->inner;
    SHA1_Update(&state, text.data, text.size);
    SHA1_Final(digest, &state);
    state = hmac->outer;
    SHA1_Update(&state, digest, SKR_SHA1_SIZE);
    SHA1_Final(digest, &state);
    OPENSSL_cleanse(&state, sizeof state);
}

#pragma GCC diagnostic pop
