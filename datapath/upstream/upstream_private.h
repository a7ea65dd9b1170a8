/* What an upstream, a message to it and its answer are inside. */
#ifndef SKERRY_UPSTREAM_PRIVATE_H
#define SKERRY_UPSTREAM_PRIVATE_H

#include <stdatomic.h>

#include "skerry/upstream.h"

/* ---- settings.c, url.c ---- */

/* Where requests go, taken apart. */
struct skr_upstream_url {
    bool tls;
    struct skr_bytes authority; /* "host[:port]", as in a Host header */
    struct skr_bytes host;      /* in lower case, without brackets */
    struct skr_bytes account;   /* Azure */
    struct skr_bytes base;      /* encoded path of the container: "/container", "/account/container", "/bucket" */
    struct skr_bytes prefix;    /* "PREFIX/", decoded; or empty */
    struct skr_bytes name;      /* the whole again, for people */
};
/* `account`: what the settings say it is, or empty. */
enum skr_status skr_upstream_url_parse(struct skr_arena *arena, enum skr_upstream_kind kind, struct skr_bytes text,
                                       struct skr_bytes account, struct skr_upstream_url *out, struct skr_error *err);
/* 127.0.0.0/8, ::1, localhost and what ends with .localhost. */
bool skr_upstream_is_loopback(struct skr_bytes host);

struct skr_driver;

/* Immutable but for the count. */
struct skr_upstream {
    _Atomic unsigned references;
    enum skr_upstream_kind kind;
    const struct skr_driver *driver;
    struct skr_arena arena;
    struct skr_upstream_url url;
    enum skr_upstream_credential credential;
    struct skr_upstream_token_provider *token_provider;
    struct skr_bytes account, access_key, region, ca_file;
    /* Secrets: in the heap, zero-terminated, wiped at close. */
    struct skr_bytes key, sas, secret_key, session_token, proxy;
    unsigned connect_timeout_ms, stall_timeout_ms, max_connections;
};

/* ---- message.c ---- */

#define SKR_MESSAGE_HEADERS 256
#define SKR_MESSAGE_QUERY 16

/* A request before it is signed. Texts lie in the arena or live longer. */
struct skr_message {
    struct skr_arena *arena;
    const char *method;
    struct skr_bytes path;                          /* encoded */
    struct skr_name_value query[SKR_MESSAGE_QUERY]; /* decoded; a value with data NULL: "name" without '=' */
    size_t query_count;
    struct skr_name_value headers[SKR_MESSAGE_HEADERS]; /* names in lower case */
    size_t header_count;
    const char *problem; /* the first thing that upstream cannot hold; NULL: none */
};
void skr_message_header(struct skr_message *message, const char *name, struct skr_bytes value);
/* An empty value is none. */
void skr_message_header_if(struct skr_message *message, const char *name, struct skr_bytes value);
/* `first` and `rest` are the name, in any case: "x-ms-meta-" and a client's own. */
void skr_message_header_named(struct skr_message *message, const char *first, struct skr_bytes rest, struct skr_bytes value);
void skr_message_query(struct skr_message *message, const char *name, struct skr_bytes value);
void skr_message_query_if(struct skr_message *message, const char *name, struct skr_bytes value);
void skr_message_problem(struct skr_message *message, const char *problem);
struct skr_bytes skr_message_header_of(const struct skr_message *message, const char *name); /* data NULL: not there */
void skr_message_md5(struct skr_message *message, const char *name, const uint8_t md5[16]);
/* base "/" prefix key. */
void skr_message_object(struct skr_message *message, const struct skr_upstream *upstream, struct skr_bytes key);
/* What the base is in: "/", "/account/". */
void skr_message_account(struct skr_message *message, const struct skr_upstream *upstream);
void skr_message_conditions(struct skr_message *message, const struct skr_upstream_conditions *conditions);
struct skr_bytes skr_quoted_etag(struct skr_arena *arena, struct skr_bytes etag);
void skr_message_range(struct skr_message *message, const struct skr_upstream_get *get);
/* "a=1&b=2", percent-encoded; data NULL when memory is short. */
struct skr_bytes skr_tags_query(struct skr_arena *arena, const struct skr_name_value *tags, size_t count);
/* The query as it is sent, without '?'; may be empty. */
struct skr_bytes skr_message_query_text(const struct skr_message *message);
/* A text put together in an arena. */
__attribute__((format(printf, 2, 3))) struct skr_bytes skr_arena_print(struct skr_arena *arena, const char *format, ...);

/* ---- an operation, and its answer ---- */

enum skr_operation_kind {
    SKR_OP_GET,
    SKR_OP_HEAD,
    SKR_OP_LIST,
    SKR_OP_GET_TAGS,
    SKR_OP_PUT,
    SKR_OP_BEGIN,
    SKR_OP_PART,
    SKR_OP_COMPLETE,
    SKR_OP_ABORT,
    SKR_OP_DELETE,
    SKR_OP_SET_METADATA,
    SKR_OP_SET_PROPERTIES,
    SKR_OP_SET_TAGS,
    SKR_OP_COPY,
    SKR_OP_LIST_CONTAINERS,
    SKR_OP_CREATE_CONTAINER,
    SKR_OP_DELETE_CONTAINER,
};

static inline bool skr_is_of_container(enum skr_operation_kind kind)
{
    return kind == SKR_OP_LIST_CONTAINERS || kind == SKR_OP_CREATE_CONTAINER || kind == SKR_OP_DELETE_CONTAINER;
}

/* What a public function was asked for. Lives as long as that function's call. */
struct skr_upstream_operation {
    enum skr_operation_kind kind;
    struct skr_bytes key, upload, source, source_if_match;
    unsigned number;
    const struct skr_upstream_get *get;
    const struct skr_upstream_list *list;
    const struct skr_upstream_body *body;
    const struct skr_upstream_attributes *attributes;
    struct skr_upstream_conditions conditions;
    const struct skr_upstream_part *parts;
    size_t part_count;
    const struct skr_name_value *tags;
    size_t tag_count;
};

#define SKR_ANSWER_HEADERS 256
#define SKR_ANSWER_HEADER_BYTES 65536

/* The head of an answer, and its body where that is a document. */
struct skr_answer {
    struct skr_arena arena;
    int status;                                        /* 0: none yet */
    bool complete;                                     /* the headers are at their end */
    struct skr_name_value headers[SKR_ANSWER_HEADERS]; /* names in lower case */
    size_t header_count, header_bytes;
    char *document;
    size_t document_size, document_capacity;
};
/* One line as it came, with its line end. False: too much, or no memory. */
bool skr_answer_line(struct skr_answer *answer, struct skr_bytes line);
struct skr_bytes skr_answer_header(const struct skr_answer *answer, const char *name); /* data NULL: not there */
bool skr_answer_document(struct skr_answer *answer, const void *data, size_t size, size_t limit);
void skr_answer_reset(struct skr_answer *answer);

/* What is the same for both kinds: fills an object from the headers. False: something is there twice and differs, or malformed.
 */
bool skr_answer_object(struct skr_answer *answer, const struct skr_driver *driver, struct skr_upstream_object *out);
/* For an answer 200 or 206 to `get`: is it the range that was asked for? Fills sizes. Not OK: `problem` says why. */
enum skr_upstream_outcome skr_answer_range(const struct skr_answer *answer, const struct skr_upstream_get *get,
                                           struct skr_upstream_object *object, const char **problem);
/* "bytes *" "/1000", as an answer 416 has it. */
bool skr_answer_size_behind(const struct skr_answer *answer, uint64_t *size);
struct skr_bytes skr_etag_without_quotes(struct skr_bytes etag);
/* By status, and by the error code where one status means several things. */
enum skr_upstream_outcome skr_answer_classify(int status, struct skr_bytes code);
bool skr_outcome_may_pass(enum skr_upstream_outcome outcome); /* worth trying again */
unsigned skr_answer_retry_after_ms(const struct skr_answer *answer, int64_t now_s);

/* ---- drivers ---- */

/* What the answer's document says, in the answer's arena. */
struct skr_reading {
    struct skr_arena *arena;
    struct skr_upstream_object object; /* already filled from the headers */
    struct skr_upstream_object *entries;
    size_t entry_count;
    struct skr_bytes next_marker, upload, part;
    struct skr_bytes code; /* of an error document, also in an answer 200 */
};

/* A body that the driver makes: a document. */
struct skr_made {
    struct skr_bytes document; /* in the message's arena; data NULL: none */
    bool local;                /* nothing is sent: the call is done */
    struct skr_bytes upload;
    struct skr_bytes part;
};

struct skr_driver {
    const char *metadata_prefix, *request_id_header;
    bool encoded_words; /* metadata that is not ASCII is a word in base64 (RFC 2047) */
    bool has_md5;       /* answers tell an MD5 */
    struct skr_upstream_limits limits;
    void (*build)(const struct skr_upstream *upstream, const struct skr_upstream_operation *operation,
                  struct skr_message *message, struct skr_made *made);
    /* Adds what proves who we are to a message that is complete but for that. `body_bytes` as Content-Length has it; `sha256`
     * may be NULL. False: no memory, or no token. */
    bool (*sign)(const struct skr_upstream *upstream, struct skr_message *message, uint64_t body_bytes, const uint8_t *sha256,
                 int64_t now_s);
    /* Reads the document of a successful answer. False: it is malformed. */
    bool (*read)(const struct skr_upstream *upstream, enum skr_operation_kind kind, const struct skr_message *message,
                 const struct skr_answer *answer, struct skr_reading *reading);
};
extern const struct skr_driver skr_azure_driver, skr_s3_driver;

/* The text of the element Code of an error document: letters and digits; else empty. */
struct skr_bytes skr_error_code(struct skr_arena *arena, const struct skr_answer *answer);
/* Listings, for fuzzing too. Entries lie in the arena. */
bool skr_azure_list_read(struct skr_arena *arena, struct skr_bytes document, struct skr_bytes prefix, struct skr_reading *out);
bool skr_s3_list_read(struct skr_arena *arena, struct skr_bytes document, struct skr_bytes prefix, struct skr_reading *out);
/* Of containers and buckets; likewise. */
bool skr_azure_containers_read(struct skr_arena *arena, struct skr_bytes document, struct skr_reading *out);
bool skr_s3_buckets_read(struct skr_arena *arena, struct skr_bytes document, struct skr_reading *out);
/* <Tags><TagSet>... or <Tagging><TagSet>...; into the object's tags. */
bool skr_tag_document_read(struct skr_arena *arena, struct skr_bytes document, const char *root,
                           struct skr_upstream_object *object);
struct skr_bytes skr_tag_document(struct skr_arena *arena, const char *root, const struct skr_name_value *tags, size_t count);

/* shared_key.c: "SharedKey account:signature". Also the text that is signed, for tests. */
struct skr_bytes skr_shared_key_text(const struct skr_message *message, struct skr_bytes account, uint64_t body_bytes);
struct skr_bytes skr_shared_key_authorization(const struct skr_message *message, struct skr_bytes account, struct skr_bytes key,
                                              uint64_t body_bytes);
/* sigv4.c: adds x-amz-date, x-amz-content-sha256 and authorization. */
bool skr_sigv4_sign(struct skr_message *message, struct skr_bytes host, struct skr_bytes access_key,
                    struct skr_bytes secret_key, struct skr_bytes region, struct skr_bytes payload_hash, int64_t now_s);

bool skr_curl_begin(void); /* client.c: before anything of libcurl; any thread */

void skr_wipe(struct skr_bytes secret);
void skr_secret_free(struct skr_bytes *secret); /* wipes and frees */

#endif
