/* Where the server of a data folder answers its operator: DIR/admin-address. */
#ifndef SKERRY_CLI_ADMIN_ADDRESS_H
#define SKERRY_CLI_ADMIN_ADDRESS_H

#include "skerry/status.h"

#define SKR_ADMIN_ADDRESS_FILE "admin-address"

struct skr_admin_address {
    char url[64]; /* "https://127.0.0.1:9001" */
    char pin[64]; /* "sha256//BASE64" of the public key that the server has for TLS; empty: plain HTTP */
};

/* The server's side. `*fd` is -1 at first, and then holds the lock that tells that the server lives; it is replaced when the
 * file is written anew. `bound` is "address:port". */
enum skr_status skr_admin_address_write(int *fd, const char *directory, const char *bound, const char *tls_certificate_file,
                                        struct skr_error *err);
void skr_admin_address_remove(int *fd, const char *directory);

/* The command's side. SKR_NOT_FOUND: no server runs on the folder, and the message says so. */
enum skr_status skr_admin_address_read(struct skr_admin_address *out, const char *directory, struct skr_error *err);

#endif
