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

void skr_hmac_prepare(struct skr_hmac *hmac, const void *key, size_t size)
{
    uint8_t block[SHA256_CBLOCK] = {0}, pad[SHA256_CBLOCK];
    if (size > sizeof block)
        SHA256(key, size, block);
    else
        memcpy(block, key, size);
    for (size_t i = 0; i < sizeof block; i++)
        pad[i] = block[i] ^ 0x36;
    SHA256_Init(&hmac->inner);
    SHA256_Update(&hmac->inner, pad, sizeof pad);
    for (size_t i = 0; i < sizeof block; i++)
        pad[i] = block[i] ^ 0x5C;
    SHA256_Init(&hmac->outer);
    SHA256_Update(&hmac->outer, pad, sizeof pad);
    OPENSSL_cleanse(block, sizeof block);
    OPENSSL_cleanse(pad, sizeof pad);
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
    uint8_t block[SHA_CBLOCK] = {0}, pad[SHA_CBLOCK];
    if (size > sizeof block)
        SHA1(key, size, block);
    else
        memcpy(block, key, size);
    for (size_t i = 0; i < sizeof block; i++)
        pad[i] = block[i] ^ 0x36;
    SHA1_Init(&hmac->inner);
    SHA1_Update(&hmac->inner, pad, sizeof pad);
    for (size_t i = 0; i < sizeof block; i++)
        pad[i] = block[i] ^ 0x5C;
    SHA1_Init(&hmac->outer);
    SHA1_Update(&hmac->outer, pad, sizeof pad);
    OPENSSL_cleanse(block, sizeof block);
    OPENSSL_cleanse(pad, sizeof pad);
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
