/* Response bodies that are sent from where they lie.
 *
 * libmicrohttpd wants a streamed body copied to its own buffer, and copies it to the socket from there. The first of the two
 * costs a fifth of what a large GET takes. So for bytes that are in memory it is told that they are in its buffer, and what it
 * passes to send() is looked up here. Its calls come here because a function of the program goes before one of the C library's
 * with the same name; where that is not so, nothing is lent. */
#include <dlfcn.h>
#include <errno.h>
#include <time.h>

#include "reactor.h"
#include "skerry/log.h"

#define SKR_LENT_MS 50 /* after which bytes are verified anew, and a client is slow */
#define SKR_LENT_BUCKETS 64

static _Thread_local struct skr_lent *skr_lent_of[SKR_LENT_BUCKETS]; /* by descriptor */

static int64_t skr_lending_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- on the way to the socket ---- */

static struct skr_lent *skr_lending_find(int fd, const char *bytes)
{
    struct skr_lent *lent = skr_lent_of[(unsigned)fd % SKR_LENT_BUCKETS];
    while (lent != NULL && (lent->fd != fd || bytes < lent->buffer || bytes >= lent->buffer + lent->size))
        lent = lent->next;
    return lent;
}

/* Bytes from `at` on once more, some of them at least. That may wait for the disk, so it is done for one block of a slow
 * client: the next ones are copied. */
static bool skr_lending_renew(struct skr_lent *lent, size_t at, int64_t now_ms)
{
    struct skr_exchange *exchange = (struct skr_exchange *)((char *)lent - offsetof(struct skr_exchange, lent));
    const void *bytes;
    size_t size = exchange->source->lend(exchange->source_context, lent->position + at, lent->size - at, true, &bytes);
    exchange->is_slow |= now_ms - lent->since_ms > SKR_LENT_MS;
    if (size == 0)
        return false;
    lent->bytes = bytes;
    lent->begin = at;
    lent->end = at + size;
    lent->since_ms = now_ms;
    return true;
}

/* Sends less than it was given only where the socket is full: that is what libmicrohttpd takes it for. */
static ssize_t skr_lending_send(struct skr_lent *lent, const char *bytes, size_t size, int flags)
{
    size_t first = (size_t)(bytes - lent->buffer), stop = first + size, at = first;
    int64_t now_ms = skr_lending_now_ms();
    while (at < stop) {
        if ((now_ms - lent->since_ms > SKR_LENT_MS || at >= lent->end) && !skr_lending_renew(lent, at, now_ms)) {
            errno = EIO; /* ends the connection */
            return -1;
        }
        size_t piece = (stop < lent->end ? stop : lent->end) - at;
        ssize_t sent = sendto(lent->fd, lent->bytes + (at - lent->begin), piece, flags, NULL, 0);
        if (sent < 0 && at == first)
            return -1;
        lent->used = true;
        at += sent < 0 ? 0 : (size_t)sent;
        if (sent < (ssize_t)piece)
            break;
    }
    return (ssize_t)(at - first);
}

/* The C library's, for everybody in this process. */
ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    struct skr_lent *lent = skr_lending_find(fd, bytes);
    return lent != NULL ? skr_lending_send(lent, bytes, size, flags) : sendto(fd, bytes, size, flags, NULL, 0);
}

/* ---- lending ---- */

static pthread_once_t skr_lending_once = PTHREAD_ONCE_INIT;
static _Atomic bool skr_lending_works;

static void skr_lending_probe(void)
{
    ssize_t (*found)(int, const void *, size_t, int);
    *(void **)&found = dlsym(RTLD_DEFAULT, "send");
    atomic_store(&skr_lending_works, found == send);
    if (found != send)
        skr_log(SKR_LOG_WARNING, "http", "large bodies are copied once more than needed: another library's send() goes first");
}

size_t skr_lending_lend(struct skr_exchange *exchange, uint64_t position, const char *buffer, size_t size)
{
    struct skr_lent *lent = &exchange->lent;
    const void *bytes;
    pthread_once(&skr_lending_once, skr_lending_probe);
    if (exchange->source->lend == NULL || exchange->is_slow || exchange->connection->tls != NULL ||
        !atomic_load(&skr_lending_works))
        return 0;
    size = exchange->source->lend(exchange->source_context, position, size, false, &bytes);
    if (size == 0)
        return 0;
    struct skr_lent **bucket = &skr_lent_of[(unsigned)exchange->connection->fd % SKR_LENT_BUCKETS];
    *lent = (struct skr_lent){.next = *bucket,
                              .fd = exchange->connection->fd,
                              .buffer = buffer,
                              .size = size,
                              .bytes = bytes,
                              .end = size,
                              .position = position,
                              .since_ms = skr_lending_now_ms()};
    *bucket = lent;
    return size;
}

void skr_lending_end(struct skr_exchange *exchange)
{
    struct skr_lent *lent = &exchange->lent;
    if (lent->buffer == NULL)
        return;
    struct skr_lent **link = &skr_lent_of[(unsigned)lent->fd % SKR_LENT_BUCKETS];
    while (*link != lent)
        link = &(*link)->next;
    *link = lent->next;
    lent->buffer = NULL;
}

bool skr_lending_was_sent(struct skr_exchange *exchange)
{
    bool sent = exchange->lent.buffer == NULL || exchange->lent.used;
    if (!sent) {
        atomic_store(&skr_lending_works, false);
        skr_log(SKR_LOG_ERROR, "http", "what was lent to libmicrohttpd was not sent; bodies are copied from now on");
    }
    skr_lending_end(exchange);
    return sent;
}
