/* A network link for benchmarks, between clients that connect to it and one server: a round trip takes time, and each
 * connection, and all of them together, carry so many bytes a second from the server. What arrives is handed on as late as it
 * would be over such a link. Prints the port that it listens on, then, for every line on its input, how many bytes it brought
 * from the server and to it.
 *
 *     link SERVER_PORT ROUND_TRIP_US BYTES_A_SECOND_OF_A_CONNECTION BYTES_A_SECOND_OF_ALL     (0: no limit)
 *
 * Two threads a direction of a connection: one reads and says when each piece is to leave, the other waits for that and writes.
 */
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PIECES 256
#define PIECE_BYTES 65536

struct piece {
    int64_t leaves_ns;
    ssize_t size; /* <= 0: the end */
    char bytes[PIECE_BYTES];
};

struct direction {
    int from, to;
    double rate; /* bytes a second; 0: no limit */
    bool of_all; /* shares the limit of all */
    _Atomic uint64_t *count;
    int64_t free_ns;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    size_t head, tail; /* guarded by the lock; the pieces between them belong to the writer */
    bool is_over;      /* nobody writes any more */
    struct piece pieces[PIECES];
};

struct connection {
    struct direction up, down;
    _Atomic int users;
};

static struct sockaddr_in server_address;
static int64_t one_way_ns;
static double connection_rate, total_rate;
static pthread_mutex_t total_lock = PTHREAD_MUTEX_INITIALIZER;
static int64_t total_free_ns;
static _Atomic uint64_t bytes_down, bytes_up;

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* When the last of `size` bytes has gone through something that carries `rate` bytes a second, and is free at `*free_ns`. */
static int64_t passed_ns(int64_t *free_ns, int64_t arrives_ns, ssize_t size, double rate)
{
    int64_t begins_ns = *free_ns > arrives_ns ? *free_ns : arrives_ns;
    *free_ns = rate <= 0 ? begins_ns : begins_ns + (int64_t)((double)size / rate * 1e9);
    return *free_ns;
}

static void release(struct connection *connection)
{
    if (atomic_fetch_sub(&connection->users, 1) > 1)
        return;
    close(connection->up.from);
    close(connection->up.to);
    free(connection);
}

static struct connection *connection_of(struct direction *direction, bool is_up)
{
    return (struct connection *)((char *)direction - (is_up ? 0 : offsetof(struct connection, down)));
}

static void read_on(struct direction *direction)
{
    for (bool more = true; more;) {
        pthread_mutex_lock(&direction->lock);
        while (direction->tail - direction->head == PIECES && !direction->is_over)
            pthread_cond_wait(&direction->changed, &direction->lock);
        bool is_over = direction->is_over;
        pthread_mutex_unlock(&direction->lock);
        if (is_over)
            return;
        struct piece *piece = &direction->pieces[direction->tail % PIECES];
        piece->size = recv(direction->from, piece->bytes, PIECE_BYTES, 0);
        piece->leaves_ns = now_ns();
        if (piece->size > 0) {
            piece->leaves_ns = passed_ns(&direction->free_ns, piece->leaves_ns, piece->size, direction->rate);
            if (direction->of_all) {
                pthread_mutex_lock(&total_lock);
                piece->leaves_ns = passed_ns(&total_free_ns, piece->leaves_ns, piece->size, total_rate);
                pthread_mutex_unlock(&total_lock);
            }
            atomic_fetch_add(direction->count, (uint64_t)piece->size);
        }
        piece->leaves_ns += one_way_ns;
        more = piece->size > 0;
        pthread_mutex_lock(&direction->lock);
        direction->tail++;
        pthread_cond_broadcast(&direction->changed);
        pthread_mutex_unlock(&direction->lock);
    }
}

static bool send_all(int socket, const char *bytes, ssize_t size)
{
    while (size > 0) {
        ssize_t sent = send(socket, bytes, (size_t)size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes += sent;
        size -= sent;
    }
    return true;
}

static void write_on(struct direction *direction)
{
    for (bool more = true; more;) {
        pthread_mutex_lock(&direction->lock);
        while (direction->head == direction->tail)
            pthread_cond_wait(&direction->changed, &direction->lock);
        pthread_mutex_unlock(&direction->lock);
        struct piece *piece = &direction->pieces[direction->head % PIECES];
        struct timespec until = {piece->leaves_ns / 1000000000, piece->leaves_ns % 1000000000};
        if (piece->leaves_ns > now_ns())
            clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
        more = piece->size > 0 && send_all(direction->to, piece->bytes, piece->size);
        pthread_mutex_lock(&direction->lock);
        direction->head++;
        direction->is_over = !more;
        pthread_cond_broadcast(&direction->changed);
        pthread_mutex_unlock(&direction->lock);
    }
    shutdown(direction->to, SHUT_WR);
    shutdown(direction->from, SHUT_RD); /* wakes the reader */
}

static void *read_up(void *context)
{
    read_on(context);
    release(connection_of(context, true));
    return NULL;
}

static void *write_up(void *context)
{
    write_on(context);
    release(connection_of(context, true));
    return NULL;
}

static void *read_down(void *context)
{
    read_on(context);
    release(connection_of(context, false));
    return NULL;
}

static void *write_down(void *context)
{
    write_on(context);
    release(connection_of(context, false));
    return NULL;
}

static void begin(int client)
{
    static void *(*const runs[4])(void *) = {read_up, write_up, read_down, write_down};
    int server = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    struct connection *connection = calloc(1, sizeof *connection);
    if (server < 0 || connection == NULL || connect(server, (struct sockaddr *)&server_address, sizeof server_address) != 0) {
        close(server);
        close(client);
        free(connection);
        return;
    }
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    struct direction *directions[2] = {&connection->up, &connection->down};
    for (int i = 0; i < 2; i++) {
        directions[i]->from = i == 0 ? client : server;
        directions[i]->to = i == 0 ? server : client;
        directions[i]->rate = i == 0 ? 0 : connection_rate;
        directions[i]->of_all = i == 1;
        directions[i]->count = i == 0 ? &bytes_up : &bytes_down;
        pthread_mutex_init(&directions[i]->lock, NULL);
        pthread_cond_init(&directions[i]->changed, NULL);
    }
    connection->up.free_ns = now_ns() + 2 * one_way_ns; /* shaking hands takes a round trip before the first byte */
    connection->users = 4;
    for (int i = 0; i < 4; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, runs[i], directions[i / 2]) != 0)
            abort();
        pthread_detach(thread);
    }
}

static void *accept_on(void *context)
{
    int listener = *(int *)context;
    for (;;) {
        int client = accept(listener, NULL, NULL);
        if (client >= 0)
            begin(client);
    }
    return NULL;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    char line[64];
    pthread_t thread;
    if (argc != 5)
        return 2;
    signal(SIGPIPE, SIG_IGN);
    server_address = address;
    server_address.sin_port = htons((uint16_t)atoi(argv[1]));
    one_way_ns = (int64_t)(atof(argv[2]) * 500);
    connection_rate = atof(argv[3]);
    total_rate = atof(argv[4]);
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) != 0 || listen(listener, 512) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &size) != 0 ||
        pthread_create(&thread, NULL, accept_on, &listener) != 0)
        return 1;
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    while (fgets(line, sizeof line, stdin) != NULL) {
        printf("%llu %llu\n", (unsigned long long)atomic_load(&bytes_down), (unsigned long long)atomic_load(&bytes_up));
        fflush(stdout);
    }
    return 0;
}
