/* TLS on the reactors' connections. Inside of the HTTP room. */
#ifndef SKERRY_HTTP_TLS_H
#define SKERRY_HTTP_TLS_H

#include <microhttpd.h>

#include "skerry/bytes.h"
#include "skerry/status.h"

struct skr_connection;
/* The certificate that new connections get. Any thread. */
struct skr_tls;
/* A certificate chain and its key, counted: a reload replaces it while handshakes still use it. */
struct skr_tls_certificate;

/* What TLS adds to a connection. Owned by the reactor's thread. */
struct skr_tls_connection;

enum skr_status skr_tls_open(struct skr_tls **out, const char *certificate_file, const char *key_file, struct skr_error *err);
/* Reads the files again. What is wrong with them is in `err`, and the certificate stays as it was. */
enum skr_status skr_tls_reload(struct skr_tls *tls, struct skr_error *err);
void skr_tls_close(struct skr_tls *tls);

/* What a libmicrohttpd daemon is started with, also when `tls` is NULL. */
unsigned skr_tls_daemon_flags(const struct skr_tls *tls);
const struct MHD_OptionItem *skr_tls_daemon_options(const struct skr_tls *tls);

/* libmicrohttpd has a new connection for us, or has ended one. Sets connection->tls, which stays NULL on a plain connection. */
void skr_tls_begin(struct skr_tls *tls, struct skr_connection *connection);
void skr_tls_end(struct skr_connection *connection);
/* Has the TLS layer bytes that were received and not yet read from it? */
bool skr_tls_has_pending(const struct skr_connection *connection);
/* Was the socket left before it was empty? libmicrohttpd goes on by itself, except after a record that carries no data, such as
 * a change of keys: it takes that for an empty socket, and would wait for bytes that came long ago. */
bool skr_tls_left_data(const struct skr_connection *connection);
/* Makes libmicrohttpd read once more. Not from inside of its callbacks, and not while the connection is suspended. */
void skr_tls_nudge(struct skr_connection *connection);

#endif
