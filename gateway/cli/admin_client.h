/* Asks a running server's administration API: for every command that does. */
#ifndef SKERRY_CLI_ADMIN_CLIENT_H
#define SKERRY_CLI_ADMIN_CLIENT_H

#include <jansson.h>
#include <stdbool.h>

#include "skerry/status.h"

/* Which server. `admin` NULL: that of the data folder, whose token is there too. Else "ADDR:PORT" or "https://HOST:PORT", with
 * the token in SKERRY_ADMIN_TOKEN; then `ca_file` (may be NULL) is the authority of its certificate. */
struct skr_admin_place {
    const char *data, *admin, *ca_file;
};

struct skr_admin_client;

/* SKR_NOT_FOUND: no server is there. Messages say what to do. */
enum skr_status skr_admin_client_open(struct skr_admin_client **out, const struct skr_admin_place *place,
                                      struct skr_error *err);
void skr_admin_client_close(struct skr_admin_client *client); /* wipes the token. NULL-safe */
/* How long an answer may take. 120 unless said. */
void skr_admin_client_set_patience(struct skr_admin_client *client, unsigned seconds);
/* One request, waited for. `path` begins with '/'; `body` may be NULL and is not changed. On success `*answer` is what the
 * server said, for json_decref. A server that refuses fails as SKR_FORBIDDEN, with its message. */
enum skr_status skr_admin_client_call(struct skr_admin_client *client, const char *method, const char *path, const json_t *body,
                                      json_t **answer, struct skr_error *err);

#endif
