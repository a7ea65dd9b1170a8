/* The signing key: four HMACs in a row over date, region, service and a constant. The first one's key block is hashed when the
 * access key is added. What is left is a third of what a request's verification costs, so no derived key is kept: there is none
 * to share between threads, and none to wipe later. */
#include <openssl/crypto.h>

#include "sigv4.h"

void skr_sigv4_key(const struct skr_s3_key *key, const struct skr_sigv4 *signature, uint8_t out[SKR_SHA256_SIZE])
{
    const struct skr_bytes parts[] = {signature->region, signature->service, SKR_BYTES("aws4_request")};
    struct skr_hmac hmac;
    skr_hmac_sign(&key->secret, signature->date, out);
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        skr_hmac_prepare(&hmac, out, SKR_SHA256_SIZE);
        skr_hmac_sign(&hmac, parts[i], out);
    }
    OPENSSL_cleanse(&hmac, sizeof hmac);
}
