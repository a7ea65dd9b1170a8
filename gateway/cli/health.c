/* skerry health: asks a running server's admin face, for health checks where there is no curl. */
#include <netdb.h>
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
    if (getaddrinfo(strcmp(host, "*") == 0 || strcmp(host, "0.0.0.0") == 0 ? "127.0.0.1" : host, colon + 1, &hints, &found) != 0)
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

int skr_command_health(int argc, char **argv)
{
    const char *address = getenv("SKERRY_ADMIN");
    char answer[1024];
    size_t size = 0;
    if (argc == 2 && strcmp(argv[0], "--admin") == 0)
        address = argv[1];
    else if (argc != 0)
        return fprintf(stderr, "Usage: skerry health [--admin ADDR:PORT]\n"), 1;
    if (address == NULL)
        address = "127.0.0.1:9001";
    static const char request[] = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    int fd = skr_connect(address);
    if (fd < 0 || write(fd, request, sizeof request - 1) != (ssize_t)sizeof request - 1)
        return fprintf(stderr, "skerry health: nobody answers on %s\n", address), 1;
    for (ssize_t got; size < sizeof answer - 1 && (got = read(fd, answer + size, sizeof answer - 1 - size)) > 0;)
        size += (size_t)got;
    close(fd);
    answer[size] = '\0';
    const char *body = strstr(answer, "\r\n\r\n");
    printf("%s", body == NULL ? "no answer\n" : body + 4);
    return strncmp(answer, "HTTP/1.1 200", 12) == 0 ? 0 : 1;
}
