/* The HTTP room: reactors, connections, and one request as an exchange. Knows no protocol above HTTP.
 *
 * Life of a request: framing checks -> the face's `handle` (decide: inline, on the reactor's thread) -> optionally
 * skr_exchange_receive (stream) -> optionally something asynchronous (apply) -> skr_exchange_send* (reply).
 * Every call on an exchange is made on its reactor's thread. Sources: RFC 9110, RFC 9112.
 */
#ifndef SKERRY_HTTP_H
#define SKERRY_HTTP_H

#include "skerry/bytes.h"
#include "skerry/executor.h"
#include "skerry/io.h"
#include "skerry/records.h"
#include "skerry/status.h"

#define SKR_MAX_HEADERS 100
#define SKR_MAX_QUERY_PARAMETERS 64
#define SKR_MAX_TARGET_BYTES 16384

enum skr_method { SKR_GET, SKR_HEAD, SKR_PUT, SKR_POST, SKR_DELETE, SKR_PATCH, SKR_OPTIONS, SKR_METHOD_OTHER };

struct skr_query_parameter {
    struct skr_bytes name, value;         /* decoded */
    struct skr_bytes raw_name, raw_value; /* as sent */
    bool has_value;                       /* "a=" and "a=b", but not "a" */
};

/* The request target, parsed once from its raw bytes. */
struct skr_uri {
    struct skr_bytes raw_target; /* as sent; absolute-form is reduced to path and query, its authority replaces Host */
    struct skr_bytes raw_path;   /* begins with '/', still encoded */
    struct skr_bytes raw_query;  /* without '?' */
    struct skr_query_parameter query[SKR_MAX_QUERY_PARAMETERS];
    size_t query_count;
};

struct skr_header {
    struct skr_bytes name, value; /* value without surrounding white space */
};

/* Immutable once handed out. Everything lives as long as the exchange. */
struct skr_request {
    enum skr_method method;
    struct skr_bytes method_name;
    struct skr_uri uri;
    struct skr_bytes host, port;                /* lower case; empty for HTTP/1.0 without Host. Digits; empty: none was given */
    struct skr_bytes listener;                  /* "address:port" that the request came in by, as skr_http_listen names it */
    struct skr_header headers[SKR_MAX_HEADERS]; /* in order of arrival; the same name may be there several times */
    size_t header_count;
    bool has_body; /* Content-Length > 0 or chunked */
    bool has_content_length;
    uint64_t content_length; /* valid when has_content_length */
    bool chunked;
    bool expects_continue;
    bool tls;            /* the client speaks HTTPS to us */
    char peer[48];       /* numeric address, IPv4-mapped addresses as IPv4 */
    int64_t received_ns; /* wall clock, Unix */
};

/* Value of the first header of that name (any case), or SKR_NO_BYTES (`data` NULL) when it is not there. */
struct skr_bytes skr_request_header(const struct skr_request *request, const char *name);
/* First query parameter with that decoded name, or NULL. */
const struct skr_query_parameter *skr_request_query(const struct skr_request *request, const char *name);

/* Conditions from four headers, named in lower case and in this order: match, none-match, modified-since, unmodified-since
 * ("if-match", or a protocol's own for the source of a copy). False: a malformed one, named in `bad_header`, or no memory. */
bool skr_request_conditions(struct skr_arena *arena, const struct skr_request *request, const char *const names[4],
                            struct skr_conditions *out, const char **bad_header);

/* "host:port" as in a Host header or a URL: in lower case, brackets stay. False: it holds what an authority may not hold. */
bool skr_authority_parse(struct skr_arena *arena, struct skr_bytes authority, struct skr_bytes *host, struct skr_bytes *port);
/* Parses a raw request target: fuzzed on its own. SKR_INVALID_ARGUMENT or SKR_TOO_LARGE. */
enum skr_status skr_uri_parse(struct skr_arena *arena, struct skr_bytes raw_target, struct skr_uri *uri, struct skr_error *err);

/* A byte range of a Range or x-ms-range header. */
struct skr_range {
    enum { SKR_RANGE_NONE, SKR_RANGE_FROM_TO, SKR_RANGE_FROM, SKR_RANGE_SUFFIX } kind;
    uint64_t first, last; /* FROM_TO: both; FROM: first; SUFFIX: `last` bytes from the end */
};
/* Syntax only. Not a single "bytes=" range, or malformed: false, and the caller treats it as its protocol says. */
bool skr_range_parse(struct skr_bytes text, struct skr_range *range);
/* Where what a range header asks for begins, before the size is known; UINT64_MAX: that depends on the size. */
uint64_t skr_range_begin(struct skr_bytes text);
/* Resolves against a size. False: unsatisfiable. */
bool skr_range_resolve(const struct skr_range *range, uint64_t size, uint64_t *offset, uint64_t *length);

/* ---- one request and its response ---- */

struct skr_exchange;

const struct skr_request *skr_exchange_request(const struct skr_exchange *exchange);
/* Memory that lives until the response is wholly sent or the connection is gone. */
struct skr_arena *skr_exchange_arena(struct skr_exchange *exchange);
/* What skr_http_options.worker_open returned for this reactor: core's per-thread handle. */
void *skr_exchange_worker(const struct skr_exchange *exchange);
/* A unique id of this request, 36 characters of a UUID, for logs and x-ms-request-id. */
struct skr_bytes skr_exchange_id(const struct skr_exchange *exchange);
/* Names the operation for metrics and the access log, as a string literal; and the account, copied (may be empty). */
void skr_exchange_label(struct skr_exchange *exchange, const char *operation, struct skr_bytes account);
/* `closed` is called exactly once, after the last byte of the response was handed to the kernel or the client is gone;
 * nothing of the exchange may be used after it returns. Asynchronous work that is still under way must be detached there. */
void skr_exchange_on_close(struct skr_exchange *exchange, void (*closed)(void *context), void *context);

/* Where a request body goes. Called on the reactor's thread. */
struct skr_body_sink {
    /* Takes up to `size` bytes and returns how many. Less than `size`: reading pauses until skr_exchange_wake(). It may reply,
     * which ends the receiving: what is still to come is dropped, and a connection with more than 64 MiB of it is ended. */
    size_t (*write)(void *context, const void *data, size_t size);
    /* The body is complete (and had the announced length). Reply now or later. */
    void (*end)(void *context);
    /* The client is gone or too slow, or its framing is broken: nothing may be applied. `closed` follows. */
    void (*abort)(void *context);
};
/* Starts to receive the body; sends "100 Continue" first if it was asked for. `limit_bytes` bounds the body: above it the
 * exchange answers through the face's `refuse` with SKR_TOO_LARGE. May be called from `handle` only (decide, then stream).
 * A request whose handler replies without receiving: its unread body is drained when small, else the connection closes. */
void skr_exchange_receive(struct skr_exchange *exchange, const struct skr_body_sink *sink, void *context, uint64_t limit_bytes);
/* Collects a small body (up to `limit_bytes` <= 8 MiB) in memory, then calls `done` with it (valid until close). */
void skr_exchange_receive_all(struct skr_exchange *exchange, size_t limit_bytes,
                              void (*done)(void *context, struct skr_bytes body), void *context);
/* Goes on with a paused sink or source. Cheap; may be called when nothing is paused. */
void skr_exchange_wake(struct skr_exchange *exchange);

/* Response headers, any order, before the send call. `name` must be a string literal; the value is copied. CR, LF and other
 * control bytes in a value are replaced by '?'. Content-Length, Connection and Date are the exchange's own business. */
void skr_exchange_header(struct skr_exchange *exchange, const char *name, struct skr_bytes value);
/* As above with a computed name (metadata); the name is copied. Invalid tokens are dropped. */
void skr_exchange_header_named(struct skr_exchange *exchange, struct skr_bytes name, struct skr_bytes value);
void skr_exchange_header_u64(struct skr_exchange *exchange, const char *name, uint64_t value);

/* `prepare` is called once, when the reply is sent and all its other headers are there: it may add more. */
void skr_exchange_before_send(struct skr_exchange *exchange, void (*prepare)(void *context), void *context);
/* The names of the headers set so far, in no order. */
void skr_exchange_visit_headers(const struct skr_exchange *exchange, void (*visit)(void *context, const char *name),
                                void *context);

/* Replies once. `body` is copied unless it lies in the exchange's arena (`in_arena`), which then serves it without a copy.
 * For HEAD, and for 204 and 304, the body is not sent; for HEAD Content-Length is body.size, or what skr_exchange_send_head
 * says. */
void skr_exchange_send(struct skr_exchange *exchange, int http_status, struct skr_bytes body, bool in_arena);
/* Headers only, with the Content-Length that a GET would have: HEAD. */
void skr_exchange_send_head(struct skr_exchange *exchange, int http_status, uint64_t content_length);

/* Where a streamed response body comes from. */
struct skr_body_source {
    /* Fills up to `size` bytes and returns how many (>= 1); 0: not yet, skr_exchange_wake() will follow; -1: failed, the
     * connection is cut so that the client notices a short body. `offset` counts from the body's beginning. */
    ssize_t (*read)(void *context, uint64_t offset, void *buffer, size_t size);
    /* May be NULL. The same bytes where they lie, until the source is asked again: how many (>= 1); 0: read them. What is lent
     * is sent at once, and asked for again, with `wait`, after it lay about for a while. `wait`: also when that takes the disk.
     */
    size_t (*lend)(void *context, uint64_t offset, size_t size, bool wait, const void **bytes);
};
void skr_exchange_send_stream(struct skr_exchange *exchange, int http_status, uint64_t length,
                              const struct skr_body_source *source, void *context);
/* The reactor's ring, for asynchronous file I/O on behalf of this exchange. */
struct skr_io *skr_exchange_io(struct skr_exchange *exchange);

/* ---- listening ---- */

/* A protocol that is served on a listener. Immutable. */
struct skr_face {
    const char *name; /* "blob", "s3", "admin": for logs and metrics */
    void *context;
    /* A request with valid framing. Runs on a reactor. Must lead to exactly one reply. */
    void (*handle)(void *context, struct skr_exchange *exchange);
    /* Answers in the protocol's error format a request that the HTTP room refuses by itself: `http_status` 400, 408, 413, 414,
     * 431, 501, 503, 505. */
    void (*refuse)(void *context, struct skr_exchange *exchange, int http_status, enum skr_status status);
};

struct skr_http_options {
    unsigned reactors;                /* 0: one a core */
    unsigned max_connections;         /* above it new connections get 503 (over TLS nothing) and are closed */
    unsigned header_timeout_ms;       /* from the first byte (or the accept) to the end of the headers */
    unsigned body_timeout_ms;         /* no progress of a request or response body for so long */
    unsigned idle_timeout_ms;         /* keep-alive without a request */
    unsigned drain_timeout_ms;        /* SIGTERM: how long requests under way may take to finish */
    size_t connection_memory_bytes;   /* libmicrohttpd's pool per connection: bounds the header section */
    const char *tls_certificate_file; /* PEM, the server's certificate first. With a key: every listener speaks HTTPS, TLS 1.2
                                         or later */
    const char *tls_key_file;         /* PEM; copied, as the other. Both NULL: plain HTTP */
    struct skr_io_fault *fault;       /* for the reactors' rings; NULL in production */
    /* Called on each reactor's thread at its start and end: core's per-thread handle. */
    enum skr_status (*worker_open)(void *context, struct skr_io *io, struct skr_executor *executor, void **worker,
                                   struct skr_error *err);
    /* May the handle be closed? While draining, a reactor goes on until it says true. */
    bool (*worker_idle)(void *context, void *worker);
    void (*worker_close)(void *context, void *worker);
    void *worker_context;
};

struct skr_http;

/* Starts the reactors. */
enum skr_status skr_http_open(struct skr_http **out, const struct skr_http_options *options, struct skr_error *err);
/* Listens on "127.0.0.1:10000", "[::1]:0", "*:80"; `bound` gets "address:port" (48 bytes). Before skr_http_start. */
enum skr_status skr_http_listen(struct skr_http *http, const struct skr_face *face, const char *address, char *bound,
                                struct skr_error *err);
/* Begins to accept. */
enum skr_status skr_http_start(struct skr_http *http, struct skr_error *err);
/* Reads the certificate and key again: connections from now on get the new one, those that are there live on. On failure the
 * old one is served further. Any thread, one call at a time. Nothing to do without TLS. */
enum skr_status skr_http_reload_tls(struct skr_http *http, struct skr_error *err);
/* Stops accepting, lets requests under way finish up to the drain time-out, closes idle connections, ends the threads. */
void skr_http_close(struct skr_http *http);

/* Counters over all reactors, for metrics. Any thread. */
struct skr_http_counters {
    uint64_t connections_accepted, connections_open, connections_shed, requests, requests_refused, timeouts;
    uint64_t received_bytes, sent_bytes;
};
void skr_http_read_counters(const struct skr_http *http, struct skr_http_counters *counters);
/* Per operation label: visits (face, operation, http status class 2..5, count, seconds in total). Any thread. */
void skr_http_read_operations(const struct skr_http *http,
                              void (*visit)(void *context, const char *face, const char *operation, unsigned status_class,
                                            uint64_t count, double seconds),
                              void *context);

#endif
