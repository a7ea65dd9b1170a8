/* Why: commands find the server through its data folder, and send it a token and secrets: they must not send them to somebody
 * else who has the port by now.
 *
 * The file's first line is the URL, the second, with TLS, what the server's public key must be, so that its certificate need
 * not be signed by anybody. The server keeps the file locked: one without a lock was left by a server that was killed. A server
 * that ends removes it.
 */
#include "admin_address.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "skerry/encoding.h"

static bool skr_address_key_hash(gnutls_x509_crt_t certificate, const char *path, uint8_t hash[32])
{
    gnutls_datum_t text;
    size_t size = 32;
    if (gnutls_load_file(path, &text) != GNUTLS_E_SUCCESS)
        return false;
    bool done = gnutls_x509_crt_import(certificate, &text, GNUTLS_X509_FMT_PEM) == GNUTLS_E_SUCCESS &&
                gnutls_x509_crt_get_key_id(certificate, GNUTLS_KEYID_USE_SHA256, hash, &size) == GNUTLS_E_SUCCESS;
    gnutls_free(text.data);
    return done;
}

/* As curl wants it. */
static bool skr_address_pin(const char *certificate_file, char pin[64])
{
    gnutls_x509_crt_t certificate;
    uint8_t hash[32];
    char base64[SKR_BASE64_SIZE(sizeof hash)];
    if (gnutls_x509_crt_init(&certificate) != GNUTLS_E_SUCCESS)
        return false;
    bool done = skr_address_key_hash(certificate, certificate_file, hash);
    gnutls_x509_crt_deinit(certificate);
    if (!done)
        return false;
    skr_base64_encode(base64, hash, sizeof hash);
    snprintf(pin, 64, "sha256//%.*s", (int)sizeof base64, base64);
    return true;
}

/* Who listens on all addresses is reached by loopback. */
static void skr_address_url(const char *bound, bool tls, char url[64])
{
    static const char *const all[][2] = {{"0.0.0.0:", "127.0.0.1"}, {"*:", "127.0.0.1"}, {"[::]:", "[::1]"}};
    const char *host = "", *rest = bound;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strncmp(bound, all[i][0], strlen(all[i][0])) == 0) {
            host = all[i][1];
            rest = strrchr(bound, ':');
        }
    snprintf(url, 64, "%s://%s%.47s", tls ? "https" : "http", host, rest);
}

enum skr_status skr_admin_address_write(int *fd, const char *directory, const char *bound, const char *tls_certificate_file,
                                        struct skr_error *err)
{
    struct skr_admin_address address = {.pin = ""};
    char unfinished[4096], path[4096];
    skr_address_url(bound, tls_certificate_file != NULL, address.url);
    if (tls_certificate_file != NULL && !skr_address_pin(tls_certificate_file, address.pin))
        return skr_fail(err, SKR_IO, "cannot tell commands the public key of %s", tls_certificate_file);
    snprintf(path, sizeof path, "%.4000s/" SKR_ADMIN_ADDRESS_FILE, directory);
    snprintf(unfinished, sizeof unfinished, "%.4000s/" SKR_ADMIN_ADDRESS_FILE ".new", directory);
    unlink(unfinished); /* what a crash may have left */
    int opened = open(unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (opened < 0 || flock(opened, LOCK_EX | LOCK_NB) != 0 || dprintf(opened, "%s\n%s\n", address.url, address.pin) < 0 ||
        rename(unfinished, path) != 0) {
        int os_errno = errno;
        if (opened >= 0)
            close(opened);
        return skr_fail_os(err, SKR_IO, os_errno, "cannot write %s: %s", path, strerror(os_errno));
    }
    if (*fd >= 0)
        close(*fd);
    *fd = opened;
    return SKR_OK;
}

void skr_admin_address_remove(int *fd, const char *directory)
{
    char path[4096];
    if (*fd < 0)
        return;
    snprintf(path, sizeof path, "%.4000s/" SKR_ADMIN_ADDRESS_FILE, directory);
    unlink(path);
    close(*fd);
    *fd = -1;
}

enum skr_status skr_admin_address_read(struct skr_admin_address *out, const char *directory, struct skr_error *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%.4000s/" SKR_ADMIN_ADDRESS_FILE, directory);
    FILE *file = fopen(path, "re");
    if (file == NULL && errno == ENOENT)
        return skr_fail(
            err, SKR_NOT_FOUND,
            "no server runs on the data folder %s: start it with skerry serve --data %s, or name another with --data",
            directory, directory);
    if (file == NULL)
        return skr_fail_os(err, SKR_IO, errno, "cannot read %s: %s; be the user that the server runs as", path,
                           strerror(errno));
    bool left = flock(fileno(file), LOCK_SH | LOCK_NB) == 0;
    bool whole = fgets(out->url, sizeof out->url, file) != NULL && fgets(out->pin, sizeof out->pin, file) != NULL;
    fclose(file);
    if (left)
        return skr_fail(err, SKR_NOT_FOUND,
                        "the server on the data folder %s ended without saying so: start it with skerry serve --data %s",
                        directory, directory);
    if (!whole)
        return skr_fail(err, SKR_CORRUPT, "%s does not hold an address: restart the server", path);
    out->url[strcspn(out->url, "\n")] = '\0';
    out->pin[strcspn(out->pin, "\n")] = '\0';
    return SKR_OK;
}
