/* Inside of the HTTP room: reactors, connections, exchanges. */
#ifndef SKERRY_HTTP_REACTOR_H
#define SKERRY_HTTP_REACTOR_H

#include <microhttpd.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "skerry/http.h"
#include "skerry/inbox.h"
#include "tls.h"

#define SKR_MAX_FACES 8
#define SKR_MAX_LABELS 128
#define SKR_CONNECTION_MEMORY_BYTES (64u << 10)

struct skr_reactor;
struct skr_exchange;

/* One face on one reactor: a libmicrohttpd daemon without a socket to listen on. Owned by the reactor's thread. */
struct skr_reactor_face {
    struct skr_reactor *reactor;
    const struct skr_face *face;
    const struct skr_listener *listener; /* the first of the face */
    struct MHD_Daemon *daemon;
    struct skr_io_op poll; /* of the daemon's epoll descriptor */
    int epoll_fd;
    bool armed, runnable;
};

/* One client. Owned by the reactor's thread. */
struct skr_connection {
    struct skr_connection *next, *previous;
    struct skr_reactor_face *face;
    struct MHD_Connection *handle;
    struct skr_exchange *exchange; /* the request under way, NULL between requests */
    int fd;
    int64_t since_ms;               /* accepted, or the last request ended */
    bool served;                    /* has had a request */
    bool probed;                    /* looked for an end of stream since the last request ended */
    bool cut;                       /* shut down, libmicrohttpd will notice */
    struct skr_tls_connection *tls; /* NULL: plain */
};

/* Counts of one operation of one face by class of status. */
struct skr_label {
    const char *face, *operation;
    uint64_t count[6];
    double seconds[6];
};

struct skr_reactor {
    struct skr_inbox inbox; /* its ring is the thread's */
    struct skr_http *http;
    unsigned number;
    void *worker;
    pthread_t thread;
    bool prepared, started;
    sem_t opened;                /* posted once the worker was opened or not */
    enum skr_status open_status; /* written before `opened` is posted */
    struct skr_error open_error;
    struct skr_reactor_face faces[SKR_MAX_FACES];
    size_t face_count;
    struct skr_connection *connections;
    _Atomic uint32_t load;      /* connections, also those on their way here */
    struct skr_exchange *spare; /* free list */
    size_t spare_count;
    int64_t now_ms, swept_ms;
    bool draining;
    int64_t drain_until_ms;
    uint64_t id_state[2]; /* of request ids */
    _Atomic uint64_t requests, refused, timeouts, received_bytes, sent_bytes;
    pthread_mutex_t label_lock; /* guards labels */
    struct skr_label labels[SKR_MAX_LABELS];
    size_t label_count;
};

struct skr_http {
    struct skr_http_options options;
    struct skr_tls *tls; /* NULL: plain HTTP */
    struct skr_reactor *reactors;
    size_t reactor_count;
    struct skr_listener {
        const struct skr_face *face;
        int fd;
        char bound[48]; /* "address:port" */
    } listeners[SKR_MAX_FACES];
    size_t listener_count;
    int wake_fd;    /* ends the acceptor */
    int reserve_fd; /* given up for a moment to refuse a client when descriptors run out */
    pthread_t acceptor;
    bool accepting;
    _Atomic uint64_t accepted, shed;
    _Atomic uint32_t open_connections;
};

/* ---- one request (exchange.c, response.c) ---- */

enum skr_phase {
    SKR_PHASE_TARGET,     /* the request line was read */
    SKR_PHASE_DECIDED,    /* `handle` ran; what comes next is the handler's */
    SKR_PHASE_RECEIVING,  /* a body goes to the sink */
    SKR_PHASE_RECEIVED,   /* the sink has all of it */
    SKR_PHASE_DISCARDING, /* answered already: the body is read to drop it */
    SKR_PHASE_REPLYING    /* the response is libmicrohttpd's */
};

struct skr_response_header {
    struct skr_response_header *next;
    const char *name, *value; /* zero-terminated, in the arena or literal */
};

/* A block of a response that libmicrohttpd believes to have in a buffer of its own. On the reactor's thread. */
struct skr_lent {
    struct skr_lent *next; /* in its bucket */
    int fd;
    const char *buffer; /* libmicrohttpd's, which stays as it is. NULL: nothing is lent */
    size_t size;        /* of the block */
    uint64_t position;  /* of its begin in the body */
    const char *bytes;  /* what is sent for [begin, end) of the block */
    size_t begin, end;
    int64_t since_ms; /* when they were verified */
    bool used;
};

struct skr_exchange {
    struct skr_exchange *next_spare;
    struct skr_connection *connection;
    struct skr_reactor *reactor;
    struct skr_arena arena;
    enum skr_phase phase;
    bool begins_late; /* the body was asked for after a wait: what comes next of it is still the headers */
    bool in_callback; /* libmicrohttpd is calling us: what we queue is picked up on return */
    bool suspended, wake_pending;
    bool close_after;    /* the body was not read, or framing is in doubt */
    bool framing_broken; /* where this request ends is not known */
    bool aborted;        /* the sink was told */
    struct skr_bytes raw_target;
    bool target_truncated;
    uint64_t body_bytes, body_limit, discarded_bytes;
    const struct skr_body_sink *sink;
    void *sink_context;
    const struct skr_body_source *source;
    void *source_context;
    struct skr_lent lent;
    bool is_slow; /* left lent bytes lying about */
    struct MHD_Response *response;
    int http_status;
    uint64_t response_bytes;
    uint64_t block_bytes; /* of a stream: given to libmicrohttpd, and not yet to the socket (TLS only) */
    bool head_sent;       /* TLS only */
    struct skr_response_header *headers;
    void (*prepare)(void *context); /* before the reply; NULL: was called, or there is none */
    void *prepare_context;
    void (*closed)(void *context);
    void *closed_context;
    const char *operation;
    struct skr_bytes account;
    int64_t started_ns, progress_ms;
    uint64_t acknowledged_bytes; /* by the client's TCP when progress was last looked for */
    /* collecting a small body */
    char *collected;
    size_t collected_size, collected_capacity;
    void (*collected_done)(void *context, struct skr_bytes body);
    void *collected_context;
    char id[37];
    struct skr_request request;
    _Alignas(16) char memory[10240]; /* what a request takes, and an object of 4 KiB */
};

struct skr_exchange *skr_exchange_new(struct skr_reactor *reactor, struct skr_connection *connection);
void skr_exchange_free(struct skr_exchange *exchange);
/* libmicrohttpd's callbacks. */
enum MHD_Result skr_exchange_step(void *cls, struct MHD_Connection *handle, const char *url, const char *method,
                                  const char *version, const char *upload_data, size_t *upload_data_size, void **con_cls);
void skr_exchange_completed(void *cls, struct MHD_Connection *handle, void **con_cls, enum MHD_RequestTerminationCode code);
/* Lets libmicrohttpd go on with a suspended connection, or notes that it need not be suspended. */
void skr_exchange_kick(struct skr_exchange *exchange);
/* Suspends unless something happened meanwhile. */
void skr_exchange_pause(struct skr_exchange *exchange);
void skr_exchange_refuse(struct skr_exchange *exchange, int http_status, enum skr_status status);
/* Lends libmicrohttpd the next bytes of a source instead of copying them to `buffer` (lending.c): how many; 0: read them. */
size_t skr_lending_lend(struct skr_exchange *exchange, uint64_t position, const char *buffer, size_t size);
/* It asks for what comes after them. False: it did not send them, but what was in its buffer. */
bool skr_lending_was_sent(struct skr_exchange *exchange);
/* It has no use for them any more, whether they were sent or not. */
void skr_lending_end(struct skr_exchange *exchange);
/* Queues the response that a send call prepared. Inside a callback. */
enum MHD_Result skr_response_queue(struct skr_exchange *exchange);

/* Fills exchange->request from what libmicrohttpd parsed. 0, or the HTTP status to refuse with (request.c). */
int skr_request_build(struct skr_exchange *exchange, struct MHD_Connection *handle, const char *method, const char *version);

/* ---- connections (connection.c) ---- */
void skr_connection_notify(void *cls, struct MHD_Connection *handle, void **socket_context,
                           enum MHD_ConnectionNotificationCode code);
struct skr_connection *skr_connection_of(struct MHD_Connection *handle);
void skr_connection_cut(struct skr_connection *connection);
/* Cuts what exceeded its time. About once a second. */
void skr_connections_sweep(struct skr_reactor *reactor);
/* Closes what is between requests. */
void skr_connections_close_idle(struct skr_reactor *reactor);
void skr_connections_cut_all(struct skr_reactor *reactor);

/* ---- reactors (reactor.c) ---- */
/* Adds a libmicrohttpd daemon for the face. */
enum skr_status skr_reactor_open_face(struct skr_reactor *reactor, const struct skr_listener *listener, struct skr_error *err);
enum skr_status skr_reactor_start(struct skr_reactor *reactor, struct skr_error *err);
/* Frees what the reactor has; its thread has ended or never began. */
void skr_reactor_release(struct skr_reactor *reactor);
/* Hands a new connection over. Any thread. The descriptor is the reactor's from then on. */
void skr_reactor_adopt(struct skr_reactor *reactor, const struct skr_face *face, int fd, const struct sockaddr *address,
                       socklen_t address_size);
void skr_reactor_drain(struct skr_reactor *reactor); /* any thread */
void skr_reactor_count(struct skr_reactor *reactor, const char *face, const char *operation, int http_status, double seconds);

/* ---- the acceptor (acceptor.c) ---- */
enum skr_status skr_acceptor_start(struct skr_http *http, struct skr_error *err);
void skr_acceptor_stop(struct skr_http *http);

#endif
