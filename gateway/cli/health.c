/* skerry health: asks a running server's admin face, for health checks where there is no curl. It asks in plain HTTP, and where
 * that is closed without an answer, over TLS. It only wants to know whether the server is well, so it takes whatever
 * certificate there is.
 */
#include <gnutls/gnutls.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "commands.h"

static int skr_connect(const char *address)
{
    char host[256];
    const char *colon = strrchr(address, ':');
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found;
    if (colon == NULL || (size_t)(colon - address) >= sizeof host)
        return -1;
    size_t size = (size_t)(colon - address);
    bool bracketed = size > 1 && address[0] == '[';
    snprintf(host, sizeof host, "%.*s", (int)(size - 2 * bracketed), address + bracketed);
    if (getaddrinfo(strcmp(host, "*") == 0 || strcmp(host, "0.0.0.0") == 0 ? "127.0.0.1" : host, colon + 1, &hints, &found) !=
        0)
        return -1;
    int fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct timeval limit = {.tv_sec = 5};
    if (fd >= 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
        if (connect(fd, found->ai_addr, found->ai_addrlen) != 0) {
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(found);
    return fd;
}

static const char skr_health_request[] = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

static size_t skr_ask_plain(int fd, char *answer, size_t capacity)
{
    size_t size = 0;
    if (write(fd, skr_health_request, sizeof skr_health_request - 1) != (ssize_t)sizeof skr_health_request - 1)
        return 0;
    for (ssize_t got; size < capacity && (got = read(fd, answer + size, capacity - size)) > 0;)
        size += (size_t)got;
    return size;
}

static size_t skr_ask_session(gnutls_session_t session, char *answer, size_t capacity)
{
    size_t size = 0;
    if (gnutls_handshake(session) != GNUTLS_E_SUCCESS ||
        gnutls_record_send(session, skr_health_request, sizeof skr_health_request - 1) !=
            (ssize_t)sizeof skr_health_request - 1)
        return 0;
    for (ssize_t got; size < capacity && (got = gnutls_record_recv(session, answer + size, capacity - size)) > 0;)
        size += (size_t)got;
    return size;
}

static size_t skr_ask_tls(int fd, char *answer, size_t capacity)
{
    gnutls_certificate_credentials_t nobody;
    gnutls_session_t session;
    size_t size = 0;
    if (gnutls_certificate_allocate_credentials(&nobody) != GNUTLS_E_SUCCESS)
        return 0;
    if (gnutls_init(&session, GNUTLS_CLIENT) == GNUTLS_E_SUCCESS) {
        if (gnutls_set_default_priority(session) == GNUTLS_E_SUCCESS &&
            gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, nobody) == GNUTLS_E_SUCCESS) {
            gnutls_transport_set_int(session, fd);
            size = skr_ask_session(session, answer, capacity);
        }
        gnutls_deinit(session);
    }
    gnutls_certificate_free_credentials(nobody);
    return size;
}

int skr_command_health(int argc, char **argv)
{
    static size_t (*const ask[])(int fd, char *answer, size_t capacity) = {skr_ask_plain, skr_ask_tls};
    const char *address = getenv("SKERRY_ADMIN");
    char answer[1024];
    size_t size = 0;
    if (argc == 2 && strcmp(argv[0], "--admin") == 0)
        address = argv[1];
    else if (argc != 0)
        return fprintf(stderr, "Usage: skerry health [--admin ADDR:PORT]\n"), 1;
    if (address == NULL)
        address = "127.0.0.1:9001";
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < sizeof ask / sizeof *ask && size == 0; i++) {
        int fd = skr_connect(address);
        if (fd < 0)
            return fprintf(stderr, "skerry health: nobody answers on %s\n", address), 1;
        size = ask[i](fd, answer, sizeof answer - 1);
        close(fd);
    }
    answer[size] = '\0';
    const char *body = strstr(answer, "\r\n\r\n");
    printf("%s", body == NULL ? "no answer\n" : body + 4);
    return strncmp(answer, "HTTP/1.1 200", 12) == 0 ? 0 : 1;
}
