/* SHA-256, HMAC-SHA256 and HMAC-SHA1 with states that are plain memory: they can be copied, kept and wiped without an
 * allocation. */
#ifndef SKERRY_AUTH_DIGEST_H
#define SKERRY_AUTH_DIGEST_H

#include <openssl/sha.h>

#include "skerry/bytes.h"

#define SKR_SHA256_SIZE 32

struct skr_sha256 {
    SHA256_CTX state;
};

void skr_sha256_begin(struct skr_sha256 *hash);
void skr_sha256_add(struct skr_sha256 *hash, const void *data, size_t size);
/* The state is used up; skr_sha256_begin() makes it new. */
void skr_sha256_end(struct skr_sha256 *hash, uint8_t digest[SKR_SHA256_SIZE]);

/* A key's states after its padded block: a text under it costs the hashing of the text, and one block. As secret as the key. */
struct skr_hmac {
    SHA256_CTX inner, outer;
};

void skr_hmac_prepare(struct skr_hmac *hmac, const void *key, size_t size);
void skr_hmac_sign(const struct skr_hmac *hmac, struct skr_bytes text, uint8_t digest[SKR_SHA256_SIZE]);

/* The same with SHA-1. */
#define SKR_SHA1_SIZE 20
struct skr_hmac_sha1 {
    SHA_CTX inner, outer;
};

void skr_hmac_sha1_prepare(struct skr_hmac_sha1 *hmac, const void *key, size_t size);
void skr_hmac_sha1_sign(const struct skr_hmac_sha1 *hmac, struct skr_bytes text, uint8_t digest[SKR_SHA1_SIZE]);

#endif
