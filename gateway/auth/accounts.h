/* Keys of accounts and what is signed with them. */
#ifndef SKERRY_AUTH_ACCOUNTS_H
#define SKERRY_AUTH_ACCOUNTS_H

#include "digest.h"
#include "skerry/auth.h"

#define SKR_SIGNATURE_SIZE 44 /* base64 of an HMAC-SHA256 */
#define SKR_MAX_ACCESS_KEY 128

/* Is `signature` the base64 of HMAC-SHA256 of `text` under one of the account's keys? Constant time in the keys. */
bool skr_accounts_verify(const struct skr_accounts *accounts, struct skr_bytes account, struct skr_bytes text,
                         struct skr_bytes signature);

struct skr_s3_key {
    struct skr_s3_key *next;
    char access_key[SKR_MAX_ACCESS_KEY];
    size_t access_key_size;
    struct skr_bytes account; /* lives as long as the accounts */
    bool read_only, well_known;
    struct skr_hmac secret;          /* of "AWS4" and the secret: where the derivation of a signing key begins */
    struct skr_hmac_sha1 old_secret; /* of the secret, for Signature Version 2 */
};
/* NULL: no such access key. */
const struct skr_s3_key *skr_accounts_s3_key(const struct skr_accounts *accounts, struct skr_bytes access_key);

#endif
