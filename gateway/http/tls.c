/* TLS: which certificate is served, and what libmicrohttpd's use of GnuTLS leaves open.
 *
 * Each connection takes a reference to the certificate that was current when it came, and gives it back after its session is
 * gone. So a reload is one pointer, and no handshake sees a certificate that is freed or half replaced.
 *
 * libmicrohttpd takes a socket for readable until a read of *application data* finds it empty. A handshake does not count, so
 * that while a client is silent in the middle of one it asks GnuTLS again and again, with a whole core, until the header
 * time-out. Therefore the socket is read here: an empty one suspends the connection until the ring says that there is more.
 */
#include "tls.h"

#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>

#include "reactor.h"
#include "skerry/log.h"

#define SKR_TLS_AHEAD_BYTES 4096
#define SKR_TLS_HELD_BYTES 2048
#define SKR_TLS_RECORD_BYTES 16384 /* of content */
#define SKR_TLS_MAX_PARTS 32       /* of one call of GnuTLS */

/* TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only; the fastest cipher that the client has, by our order.
 */
static const char skr_tls_priorities[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:"
    "-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD:%SERVER_PRECEDENCE";

struct skr_tls_connection {
    struct skr_io_op readable; /* first; in flight while `waiting` */
    struct skr_connection *connection;
    gnutls_session_t session;                /* libmicrohttpd's */
    struct skr_tls_certificate *certificate; /* outlives the session */
    bool established;                        /* the handshake is over */
    bool waiting;                            /* suspended until the client goes on with its handshake */
    bool drained;                            /* the socket was empty when it was last read */
    size_t ahead_at, ahead_size;
    size_t held_size;
    char ahead[SKR_TLS_AHEAD_BYTES]; /* received, and not yet asked for */
    char held[SKR_TLS_HELD_BYTES];   /* the head of a response, until its body comes */
};

struct skr_tls_certificate {
    _Atomic unsigned references;
    gnutls_certificate_credentials_t credentials;
};

struct skr_tls {
    char *certificate_file, *key_file;
    pthread_mutex_t lock; /* guards `current` and taking a reference to it */
    struct skr_tls_certificate *current;
};

/* ---- certificates ---- */

static struct skr_tls_certificate *skr_tls_take(struct skr_tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    struct skr_tls_certificate *certificate = tls->current;
    atomic_fetch_add_explicit(&certificate->references, 1, memory_order_relaxed);
    pthread_mutex_unlock(&tls->lock);
    return certificate;
}

static void skr_tls_give_back(struct skr_tls_certificate *certificate)
{
    if (certificate == NULL || atomic_fetch_sub_explicit(&certificate->references, 1, memory_order_acq_rel) > 1)
        return;
    gnutls_certificate_free_credentials(certificate->credentials);
    free(certificate);
}

static enum skr_status skr_tls_load(const char *path, const char *what, const char *flag, gnutls_datum_t *text,
                                    struct skr_error *err)
{
    errno = 0;
    if (gnutls_load_file(path, text) == GNUTLS_E_SUCCESS)
        return SKR_OK;
    int os_errno = errno;
    return skr_fail_os(err, SKR_INVALID_ARGUMENT, os_errno, "cannot read the %s %s: %s. Name a readable PEM file with %s", what,
                       path, os_errno == 0 ? "it is no ordinary file" : strerror(os_errno), flag);
}

static enum skr_status skr_tls_read_chain(const char *path, gnutls_x509_crt_t **chain, unsigned *count, struct skr_error *err)
{
    gnutls_datum_t text;
    enum skr_status status = skr_tls_load(path, "certificate", "--tls-cert", &text, err);
    if (status != SKR_OK)
        return status;
    int failed = gnutls_x509_crt_list_import2(chain, count, &text, GNUTLS_X509_FMT_PEM, 0);
    gnutls_free(text.data);
    if (failed < 0)
        return skr_fail(
            err, SKR_INVALID_ARGUMENT,
            "%s is no certificate: %s. --tls-cert takes a PEM file: the server's certificate, then those that signed it", path,
            gnutls_strerror(failed));
    return SKR_OK;
}

static enum skr_status skr_tls_read_key(const char *path, gnutls_x509_privkey_t *key, struct skr_error *err)
{
    gnutls_datum_t text;
    enum skr_status status = skr_tls_load(path, "key", "--tls-key", &text, err);
    if (status != SKR_OK)
        return status;
    int failed = gnutls_x509_privkey_init(key);
    if (failed == GNUTLS_E_SUCCESS) {
        failed = gnutls_x509_privkey_import2(*key, &text, GNUTLS_X509_FMT_PEM, NULL, 0);
        if (failed != GNUTLS_E_SUCCESS)
            gnutls_x509_privkey_deinit(*key);
    }
    explicit_bzero(text.data, text.size);
    gnutls_free(text.data);
    if (failed != GNUTLS_E_SUCCESS)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "%s is no private key: %s. --tls-key takes a PEM file without a password",
                        path, gnutls_strerror(failed));
    return SKR_OK;
}

/* Says what is served from now on, and when that will be refused by clients. */
static void skr_tls_announce(gnutls_x509_crt_t certificate, const char *path)
{
    unsigned char serial[64];
    char hex[2 * sizeof serial + 1] = "", until[32] = "?";
    size_t size = sizeof serial;
    time_t expires = gnutls_x509_crt_get_expiration_time(certificate);
    struct tm utc;
    if (gnutls_x509_crt_get_serial(certificate, serial, &size) == GNUTLS_E_SUCCESS)
        for (size_t i = 0; i < size; i++)
            snprintf(hex + 2 * i, 3, "%02x", serial[i]);
    if (gmtime_r(&expires, &utc) != NULL)
        strftime(until, sizeof until, "%Y-%m-%dT%H:%M:%SZ", &utc);
    bool expired = expires < time(NULL);
    skr_log(expired ? SKR_LOG_WARNING : SKR_LOG_INFO, "http", "serving the certificate %s, serial %s, which %s %s", path, hex,
            expired ? "has EXPIRED; clients will refuse it. It was valid until" : "is valid until", until);
}

static enum skr_status skr_tls_pair(struct skr_tls_certificate *certificate, const struct skr_tls *tls,
                                    gnutls_x509_crt_t *chain, unsigned count, gnutls_x509_privkey_t key, struct skr_error *err)
{
    int failed = gnutls_certificate_allocate_credentials(&certificate->credentials);
    if (failed != GNUTLS_E_SUCCESS)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the certificate");
    failed = gnutls_certificate_set_x509_key(certificate->credentials, chain, (int)count, key);
    if (failed >= 0) {
        skr_tls_announce(chain[0], tls->certificate_file);
        return SKR_OK;
    }
    gnutls_certificate_free_credentials(certificate->credentials);
    if (failed == GNUTLS_E_CERTIFICATE_KEY_MISMATCH)
        return skr_fail(
            err, SKR_INVALID_ARGUMENT,
            "the key %s does not belong to the first certificate in %s. Give the pair that was made together, the server's "
            "certificate first",
            tls->key_file, tls->certificate_file);
    return skr_fail(err, SKR_INVALID_ARGUMENT, "%s and %s cannot be served: %s", tls->certificate_file, tls->key_file,
                    gnutls_strerror(failed));
}

static enum skr_status skr_tls_read(const struct skr_tls *tls, struct skr_tls_certificate **out, struct skr_error *err)
{
    gnutls_x509_crt_t *chain;
    gnutls_x509_privkey_t key;
    unsigned count;
    enum skr_status status = skr_tls_read_chain(tls->certificate_file, &chain, &count, err);
    if (status != SKR_OK)
        return status;
    status = skr_tls_read_key(tls->key_file, &key, err);
    if (status == SKR_OK) {
        *out = calloc(1, sizeof **out);
        status = *out == NULL ? skr_fail(err, SKR_NO_MEMORY, "no memory for the certificate")
                              : skr_tls_pair(*out, tls, chain, count, key, err);
        if (status == SKR_OK)
            (*out)->references = 1;
        else
            free(*out);
        gnutls_x509_privkey_deinit(key);
    }
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crt_deinit(chain[i]);
    gnutls_free(chain);
    return status;
}

enum skr_status skr_tls_reload(struct skr_tls *tls, struct skr_error *err)
{
    struct skr_tls_certificate *fresh = NULL;
    enum skr_status status = skr_tls_read(tls, &fresh, err);
    if (status != SKR_OK)
        return status;
    pthread_mutex_lock(&tls->lock);
    struct skr_tls_certificate *old = tls->current;
    tls->current = fresh;
    pthread_mutex_unlock(&tls->lock);
    skr_tls_give_back(old);
    return SKR_OK;
}

enum skr_status skr_tls_open(struct skr_tls **out, const char *certificate_file, const char *key_file, struct skr_error *err)
{
    if (certificate_file == NULL || key_file == NULL)
        return skr_fail(err, SKR_INVALID_ARGUMENT,
                        "HTTPS needs a certificate and its key: give both --tls-cert FILE and --tls-key FILE");
    if (MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        return skr_fail(err, SKR_INVALID_ARGUMENT,
                        "this libmicrohttpd was built without TLS: no --tls-cert, or another libmicrohttpd");
    struct skr_tls *tls = calloc(1, sizeof *tls);
    if (tls == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for TLS");
    pthread_mutex_init(&tls->lock, NULL);
    tls->certificate_file = strdup(certificate_file);
    tls->key_file = strdup(key_file);
    enum skr_status status = tls->certificate_file == NULL || tls->key_file == NULL
                                 ? skr_fail(err, SKR_NO_MEMORY, "no memory for TLS")
                                 : skr_tls_reload(tls, err);
    if (status == SKR_OK)
        *out = tls;
    else
        skr_tls_close(tls);
    return status;
}

void skr_tls_close(struct skr_tls *tls)
{
    if (tls == NULL)
        return;
    skr_tls_give_back(tls->current);
    pthread_mutex_destroy(&tls->lock);
    free(tls->certificate_file);
    free(tls->key_file);
    free(tls);
}

/* ---- what libmicrohttpd is told ---- */

/* libmicrohttpd insists on a certificate of its own; each session has been given another by the time one is looked for. */
static int skr_tls_no_certificate(gnutls_session_t session, const gnutls_datum_t *authorities, int authority_count,
                                  const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **certificates,
                                  unsigned int *certificate_count, gnutls_privkey_t *key)
{
    (void)session, (void)authorities, (void)authority_count, (void)algorithms, (void)algorithm_count;
    (void)certificates, (void)certificate_count, (void)key;
    return -1;
}

unsigned skr_tls_daemon_flags(const struct skr_tls *tls)
{
    return tls == NULL ? 0 : MHD_USE_TLS;
}

const struct MHD_OptionItem *skr_tls_daemon_options(const struct skr_tls *tls)
{
    static const struct MHD_OptionItem plain[] = {{MHD_OPTION_END, 0, NULL}};
    static const struct MHD_OptionItem encrypted[] = {{MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)skr_tls_priorities},
                                                      {MHD_OPTION_HTTPS_CERT_CALLBACK, 0, (void *)skr_tls_no_certificate},
                                                      {MHD_OPTION_END, 0, NULL}};
    return tls == NULL ? plain : encrypted;
}

/* ---- receiving ---- */

static void skr_tls_readable(struct skr_io_op *op, int result)
{
    struct skr_tls_connection *tls = (struct skr_tls_connection *)op;
    (void)result; /* whatever it is, the next read tells */
    tls->waiting = false;
    tls->connection->face->runnable = true;
    MHD_resume_connection(tls->connection->handle);
}

/* A client's "Finished" is the last that a server's handshake reads. */
static int skr_tls_finished(gnutls_session_t session, unsigned int type, unsigned when, unsigned int incoming,
                            const gnutls_datum_t *message)
{
    struct skr_tls_connection *tls = gnutls_transport_get_ptr(session);
    (void)type, (void)when, (void)message;
    if (incoming)
        tls->established = true;
    return 0;
}

/* The socket is empty. In the middle of a handshake that suspends: see above. */
static ssize_t skr_tls_drained(struct skr_tls_connection *tls)
{
    tls->drained = true;
    if (!tls->established && !tls->connection->cut) {
        tls->waiting = true;
        MHD_suspend_connection(tls->connection->handle);
        skr_io_poll(tls->connection->face->reactor->inbox.io, &tls->readable, tls->connection->fd);
    }
    gnutls_transport_set_errno(tls->session, EAGAIN);
    return -1;
}

/* Reads for GnuTLS, which asks for the five bytes of each record's head first: what comes with them is read at once. */
static ssize_t skr_tls_pull(gnutls_transport_ptr_t pointer, void *buffer, size_t size)
{
    struct skr_tls_connection *tls = pointer;
    size_t ready = tls->ahead_size - tls->ahead_at;
    if (ready > 0) {
        size_t taken = ready < size ? ready : size;
        memcpy(buffer, tls->ahead + tls->ahead_at, taken);
        tls->ahead_at += taken;
        return (ssize_t)taken;
    }
    struct iovec parts[2] = {{buffer, size}, {tls->ahead, sizeof tls->ahead}};
    ssize_t got = readv(tls->connection->fd, parts, 2);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return skr_tls_drained(tls);
    if (got < 0) {
        gnutls_transport_set_errno(tls->session, errno);
        return got;
    }
    tls->drained = false;
    tls->ahead_at = 0;
    tls->ahead_size = (size_t)got > size ? (size_t)got - size : 0;
    return (size_t)got > size ? (ssize_t)size : got;
}

bool skr_tls_has_pending(const struct skr_connection *connection)
{
    const struct skr_tls_connection *tls = connection->tls;
    return tls != NULL && (tls->ahead_at < tls->ahead_size || gnutls_record_check_pending(tls->session) > 0);
}

bool skr_tls_left_data(const struct skr_connection *connection)
{
    return connection->tls != NULL && !connection->tls->waiting && !connection->tls->drained;
}

void skr_tls_nudge(struct skr_connection *connection)
{
    MHD_suspend_connection(connection->handle); /* a resumed connection is taken for readable */
    MHD_resume_connection(connection->handle);
    connection->face->runnable = true;
}

/* ---- sending ---- */

/* Is this the head of a response whose body is in memory? libmicrohttpd sends that next, in the same breath. */
static bool skr_tls_is_head(const struct skr_exchange *exchange)
{
    return exchange != NULL && exchange->phase == SKR_PHASE_REPLYING && !exchange->head_sent && exchange->source == NULL &&
           exchange->response_bytes > 0 && exchange->http_status != 204 && exchange->http_status != 304;
}

/* Writes for GnuTLS, which has no more than one record at a time. Sent one by one they are packets one by one, which cost more
 * than the encryption: a head is held back for its body, and of a streamed block all but the last record say that more is
 * coming. */
static ssize_t skr_tls_push(gnutls_transport_ptr_t pointer, const giovec_t *parts, int count)
{
    struct skr_tls_connection *tls = pointer;
    struct skr_exchange *exchange = tls->connection->exchange;
    struct iovec all[SKR_TLS_MAX_PARTS + 1] = {{tls->held, tls->held_size}};
    size_t size = 0;
    int taken = count < SKR_TLS_MAX_PARTS ? count : SKR_TLS_MAX_PARTS;
    for (int i = 0; i < taken; i++) {
        all[i + 1] = parts[i];
        size += parts[i].iov_len;
    }
    if (tls->held_size == 0 && size <= sizeof tls->held && skr_tls_is_head(exchange)) {
        for (int i = 0; i < taken; tls->held_size += parts[i++].iov_len)
            memcpy(tls->held + tls->held_size, parts[i].iov_base, parts[i].iov_len);
        exchange->head_sent = true;
        return (ssize_t)size;
    }
    bool more = exchange != NULL && exchange->block_bytes > SKR_TLS_RECORD_BYTES;
    struct msghdr message = {.msg_iov = all, .msg_iovlen = (size_t)taken + 1};
    ssize_t sent = sendmsg(tls->connection->fd, &message, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    if (sent < 0) {
        gnutls_transport_set_errno(tls->session, errno);
        return sent;
    }
    if ((size_t)sent < tls->held_size) {
        tls->held_size -= (size_t)sent;
        memmove(tls->held, tls->held + sent, tls->held_size);
        gnutls_transport_set_errno(tls->session, EAGAIN);
        return -1;
    }
    sent -= (ssize_t)tls->held_size;
    tls->held_size = 0;
    if (exchange != NULL && (size_t)sent == size)
        exchange->block_bytes -= more ? SKR_TLS_RECORD_BYTES : exchange->block_bytes;
    return sent;
}

/* ---- connections ---- */

void skr_tls_begin(struct skr_tls *tls, struct skr_connection *connection)
{
    const union MHD_ConnectionInfo *info =
        tls == NULL ? NULL : MHD_get_connection_info(connection->handle, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    struct skr_tls_connection *own = info == NULL || info->tls_session == NULL ? NULL : malloc(sizeof *own);
    if (own == NULL)
        return; /* no memory: the handshake fails, for lack of a certificate */
    memset(own, 0, offsetof(struct skr_tls_connection, ahead));
    own->readable.done = skr_tls_readable;
    own->connection = connection;
    own->session = info->tls_session;
    own->certificate = skr_tls_take(tls);
    connection->tls = own;
    gnutls_transport_set_ptr(own->session, own);
    gnutls_transport_set_pull_function(own->session, skr_tls_pull);
    gnutls_transport_set_vec_push_function(own->session, skr_tls_push);
    gnutls_handshake_set_hook_function(own->session, GNUTLS_HANDSHAKE_FINISHED, GNUTLS_HOOK_POST, skr_tls_finished);
    if (gnutls_credentials_set(own->session, GNUTLS_CRD_CERTIFICATE, own->certificate->credentials) != GNUTLS_E_SUCCESS)
        skr_log(SKR_LOG_WARNING, "http", "no memory for a TLS session: its handshake will fail");
}

void skr_tls_end(struct skr_connection *connection)
{
    if (connection->tls == NULL)
        return;
    skr_tls_give_back(connection->tls->certificate);
    free(connection->tls);
}
