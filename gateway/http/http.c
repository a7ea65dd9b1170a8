/* Opening, listening, starting, draining; and the counters of all reactors together. */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "reactor.h"

static void skr_raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

enum skr_status skr_http_open(struct skr_http **out, const struct skr_http_options *options, struct skr_error *err)
{
    struct skr_http *http = calloc(1, sizeof *http);
    if (http == NULL)
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the HTTP server");
    skr_raise_descriptor_limit();
    enum skr_status status = SKR_OK;
    if (options->tls_certificate_file != NULL || options->tls_key_file != NULL)
        status = skr_tls_open(&http->tls, options->tls_certificate_file, options->tls_key_file, err);
    if (status != SKR_OK) {
        free(http);
        return status;
    }
    http->options = *options;
    if (http->options.connection_memory_bytes == 0)
        http->options.connection_memory_bytes = SKR_CONNECTION_MEMORY_BYTES;
    http->wake_fd = http->reserve_fd = -1;
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    http->reactor_count = options->reactors > 0 ? options->reactors : cores > 0 ? (size_t)cores : 1;
    http->reactors = calloc(http->reactor_count, sizeof *http->reactors);
    if (http->reactors == NULL) {
        skr_tls_close(http->tls);
        free(http);
        return skr_fail(err, SKR_NO_MEMORY, "no memory for the reactors");
    }
    for (size_t i = 0; i < http->reactor_count; i++) {
        http->reactors[i].http = http;
        http->reactors[i].number = (unsigned)i;
    }
    *out = http;
    return SKR_OK;
}

/* "host:port", "[six]:port", "*:port" */
static enum skr_status skr_split_address(const char *address, char host[256], char port[8], struct skr_error *err)
{
    const char *colon = strrchr(address, ':');
    size_t size = colon == NULL ? 0 : (size_t)(colon - address);
    if (size == 0 || size >= 256 || strlen(colon + 1) == 0 || strlen(colon + 1) > 5)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "'%s' is not ADDRESS:PORT", address);
    bool bracketed = address[0] == '[' && address[size - 1] == ']';
    memcpy(host, address + bracketed, size - 2 * bracketed);
    host[size - 2 * bracketed] = '\0';
    snprintf(port, 8, "%s", colon + 1);
    return SKR_OK;
}

static void skr_name_bound(int fd, char *bound)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof address;
    char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";
    getsockname(fd, (struct sockaddr *)&address, &size);
    getnameinfo((struct sockaddr *)&address, size, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV);
    snprintf(bound, 48, address.ss_family == AF_INET6 ? "[%.38s]:%.5s" : "%.38s:%.5s", host, port);
}

enum skr_status skr_http_listen(struct skr_http *http, const struct skr_face *face, const char *address, char *bound,
                                struct skr_error *err)
{
    char host[256], port[8];
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM}, *found;
    enum skr_status status = skr_split_address(address, host, port, err);
    if (status != SKR_OK)
        return status;
    if (http->listener_count == SKR_MAX_FACES)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "too many listeners");
    int failed = getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, port, &hints, &found);
    if (failed != 0)
        return skr_fail(err, SKR_INVALID_ARGUMENT, "cannot listen on %s: %s", address, gai_strerror(failed));
    int one = 1, fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0 || listen(fd, 4096) != 0) {
        int os_errno = errno;
        freeaddrinfo(found);
        if (fd >= 0)
            close(fd);
        return skr_fail_os(err, SKR_IO, os_errno, "cannot listen on %s for %s: %s. Choose another with --%s ADDRESS:PORT",
                           address, face->name, strerror(os_errno), face->name);
    }
    freeaddrinfo(found);
    struct skr_listener *listener = &http->listeners[http->listener_count++];
    *listener = (struct skr_listener){.face = face, .fd = fd};
    skr_name_bound(fd, listener->bound);
    memcpy(bound, listener->bound, sizeof listener->bound);
    return SKR_OK;
}

enum skr_status skr_http_start(struct skr_http *http, struct skr_error *err)
{
    enum skr_status status = SKR_OK;
    for (size_t i = 0; i < http->reactor_count && status == SKR_OK; i++)
        status = skr_reactor_start(&http->reactors[i], err);
    return status == SKR_OK ? skr_acceptor_start(http, err) : status;
}

void skr_http_close(struct skr_http *http)
{
    if (http == NULL)
        return;
    skr_acceptor_stop(http);
    for (size_t i = 0; i < http->reactor_count; i++)
        if (http->reactors[i].started)
            skr_reactor_drain(&http->reactors[i]);
    for (size_t i = 0; i < http->reactor_count; i++) {
        if (http->reactors[i].started)
            pthread_join(http->reactors[i].thread, NULL);
        skr_reactor_release(&http->reactors[i]);
    }
    skr_tls_close(http->tls);
    free(http->reactors);
    free(http);
}

enum skr_status skr_http_reload_tls(struct skr_http *http, struct skr_error *err)
{
    return http->tls == NULL ? SKR_OK : skr_tls_reload(http->tls, err);
}

void skr_http_read_counters(const struct skr_http *http, struct skr_http_counters *counters)
{
    *counters = (struct skr_http_counters){
        .connections_accepted = atomic_load(&http->accepted),
        .connections_open = atomic_load(&http->open_connections),
        .connections_shed = atomic_load(&http->shed),
    };
    for (size_t i = 0; i < http->reactor_count; i++) {
        counters->requests += atomic_load(&http->reactors[i].requests);
        counters->requests_refused += atomic_load(&http->reactors[i].refused);
        counters->timeouts += atomic_load(&http->reactors[i].timeouts);
        counters->received_bytes += atomic_load(&http->reactors[i].received_bytes);
        counters->sent_bytes += atomic_load(&http->reactors[i].sent_bytes);
    }
}

/* Adds a reactor's labels to a table of all. */
static size_t skr_merge_labels(struct skr_label *all, size_t count, struct skr_reactor *reactor)
{
    pthread_mutex_lock(&reactor->label_lock);
    for (size_t i = 0; i < reactor->label_count; i++) {
        size_t at = 0;
        while (at < count && (all[at].operation != reactor->labels[i].operation || all[at].face != reactor->labels[i].face))
            at++;
        if (at == SKR_MAX_LABELS)
            continue;
        if (at == count)
            all[count++] = (struct skr_label){.face = reactor->labels[i].face, .operation = reactor->labels[i].operation};
        for (size_t class = 0; class < 6; class ++) {
            all[at].count[class] += reactor->labels[i].count[class];
            all[at].seconds[class] += reactor->labels[i].seconds[class];
        }
    }
    pthread_mutex_unlock(&reactor->label_lock);
    return count;
}

void skr_http_read_operations(const struct skr_http *http,
                              void (*visit)(void *context, const char *face, const char *operation, unsigned status_class,
                                            uint64_t count, double seconds),
                              void *context)
{
    struct skr_label *all = calloc(SKR_MAX_LABELS, sizeof *all);
    size_t count = 0;
    if (all == NULL)
        return;
    for (size_t i = 0; i < http->reactor_count; i++)
        count = skr_merge_labels(all, count, &http->reactors[i]);
    for (size_t i = 0; i < count; i++)
        for (unsigned class = 1; class < 6; class ++)
            if (all[i].count[class] > 0)
                visit(context, all[i].face, all[i].operation, class, all[i].count[class], all[i].seconds[class]);
    free(all);
}
