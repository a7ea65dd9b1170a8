/* Keys of accounts and what is signed with them. */
#ifndef SKERRY_AUTH_ACCOUNTS_H
#define SKERRY_AUTH_ACCOUNTS_H

#include "skerry/auth.h"

#define SKR_SIGNATURE_SIZE 44 /* base64 of an HMAC-SHA256 */

/* Is `signature` the base64 of HMAC-SHA256 of `text` under one of the account's keys? Constant time in the keys. */
bool skr_accounts_verify(const struct skr_accounts *accounts, struct skr_bytes account, struct skr_bytes text,
                         struct skr_bytes signature);

#endif
