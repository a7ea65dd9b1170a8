/* An asynchronous client for one container of Azure Blob, or one bucket of S3, that stands behind a container of ours, and for
 * the list of those beside it.
 *
 * `struct skr_upstream` says where and with which credential: immutable, shared by threads, counted by reference.
 * `struct skr_upstream_client` does the talking: owned by one thread, driven by that thread's ring, for any number of
 * upstreams. A call is one operation on one object or listing. Its struct is embedded in the caller's state, which must live,
 * unmoved, until `done` was called or skr_upstream_cancel() returned. Everything that is passed by pointer when a call is made
 * is copied before the function returns, but for bodies (`struct skr_upstream_body`).
 *
 * Callbacks run inside skr_io_run() on the client's thread, never inside a function of this header but
 * skr_upstream_client_close(). They may make, resume and cancel calls, also their own. `done` is called exactly once and last,
 * unless the call was cancelled; what its result points to lives until it returns.
 *
 * Sources: Blob service REST API (version SKR_UPSTREAM_BLOB_VERSION), "Authorize with Shared Key", Amazon S3 API Reference,
 * "Signature Version 4", RFC 9110, RFC 9112.
 */
#ifndef SKERRY_UPSTREAM_H
#define SKERRY_UPSTREAM_H

#include "skerry/io.h"
#include "skerry/records.h"
#include "skerry/status.h"

#define SKR_UPSTREAM_BLOB_VERSION "2021-12-02"

/* ---- where, and as whom ---- */

enum skr_upstream_kind { SKR_UPSTREAM_AZURE, SKR_UPSTREAM_S3 };

enum skr_upstream_credential {
    SKR_UPSTREAM_ANONYMOUS,
    SKR_UPSTREAM_ACCOUNT_KEY, /* Azure: Shared Key */
    SKR_UPSTREAM_SAS,         /* Azure: a shared access signature is sent with each request */
    SKR_UPSTREAM_TOKEN,       /* Azure: bearer tokens of a provider: managed identity, workload identity, client secret */
    SKR_UPSTREAM_S3_KEYS,     /* S3: Signature Version 4 */
};

/* Where bearer tokens come from. Outlives the upstream. Both functions may be called on several threads at once. */
struct skr_upstream_token_provider {
    /* Copies a token that is good for at least a minute more, zero-terminated. Never blocks. False: there is none at present,
     * the call fails as SKR_UPSTREAM_FORBIDDEN and may be tried again. */
    bool (*token)(struct skr_upstream_token_provider *provider, char *out, size_t capacity);
    /* Upstream refused the token: a new one is wanted. */
    void (*refused)(struct skr_upstream_token_provider *provider);
};
#define SKR_UPSTREAM_TOKEN_SIZE 8192

/* Texts may be NULL or empty where nothing is said. All are copied. */
struct skr_upstream_settings {
    enum skr_upstream_kind kind;
    /* Azure: https://ACCOUNT.blob.core.windows.net/CONTAINER[/PREFIX] or, where the host is an address, localhost, or a name
     * without a dot, http://127.0.0.1:10000/ACCOUNT/CONTAINER[/PREFIX]; S3: https://ENDPOINT/BUCKET[/PREFIX], path-style. A
     * prefix is a folder: "PREFIX/" goes before every key, and off again. A query is refused: a SAS is a credential. */
    const char *url;
    enum skr_upstream_credential credential;
    const char *account;     /* ACCOUNT_KEY: NULL takes it from the URL */
    const char *account_key; /* base64 */
    const char *sas;         /* "sv=...&sig=...", with or without '?' */
    struct skr_upstream_token_provider *token_provider;
    const char *access_key, *secret_key, *session_token, *region; /* S3_KEYS; a NULL token: none; a NULL region: us-east-1 */
    const char *ca_file;                                          /* PEM, instead of the system's authorities */
    const char *proxy;           /* "http://[USER:PASSWORD@]HOST:PORT"; NULL: none, whatever the environment says */
    bool allow_http;             /* else http:// is refused but to loopback: it shows names and data to the network */
    unsigned connect_timeout_ms; /* 100 to 600,000; 0: 10,000 */
    unsigned stall_timeout_ms; /* no byte in either direction for so long, pauses of the caller's not counted: 100 to 3,600,000;
                                  0: 30,000 */
    unsigned max_connections;  /* of one client to this upstream, 1 to 1024; more calls queue. 0: 16 */
};

struct skr_upstream;

/* SKR_INVALID_ARGUMENT with a message that names what is wrong and shows no secret, SKR_NO_MEMORY, or SKR_IO for a `ca_file`
 * that cannot be read. */
enum skr_status skr_upstream_open(struct skr_upstream **out, const struct skr_upstream_settings *settings,
                                  struct skr_error *err);
struct skr_upstream *skr_upstream_ref(struct skr_upstream *upstream);
/* The last reference wipes the credential. Any thread; NULL-safe. */
void skr_upstream_close(struct skr_upstream *upstream);

/* For logs and status pages: "https://host[:port]/path", never a credential. Lives as long as the upstream. */
const char *skr_upstream_name(const struct skr_upstream *upstream);

/* Does its URL name a container as a whole, and no folder inside of it? */
bool skr_upstream_is_whole(const struct skr_upstream *upstream);

/* What an upload to this kind of upstream must keep to. */
struct skr_upstream_limits {
    uint64_t put_bytes;        /* the largest skr_upstream_put */
    uint64_t part_bytes;       /* the largest part */
    uint64_t part_least_bytes; /* the smallest part that is not the last */
    unsigned parts;            /* of one upload */
    unsigned list_entries;     /* of one page */
};
struct skr_upstream_limits skr_upstream_limits_of(enum skr_upstream_kind kind);

/* ---- how a call ended ---- */

enum skr_upstream_outcome {
    SKR_UPSTREAM_OK = 0,
    SKR_UPSTREAM_NOT_MODIFIED,        /* if_none_match names what is there */
    SKR_UPSTREAM_NOT_FOUND,           /* the object, or the upload */
    SKR_UPSTREAM_CONTAINER_NOT_FOUND, /* container or bucket, or it is being deleted */
    SKR_UPSTREAM_CONDITION_FAILED,    /* if_match names something else, or if_none_match_any finds something;
                                         a container that is to be made is there */
    SKR_UPSTREAM_INVALID_RANGE,       /* begins at or behind the end; the result's object has the size where upstream told it */
    SKR_UPSTREAM_FORBIDDEN,           /* the credential is refused, has expired, or may not do this; or there is no token */
    SKR_UPSTREAM_INVALID,             /* upstream cannot hold this name, metadata or size, or the call is contradictory */
    SKR_UPSTREAM_CONFLICT,            /* the object's state forbids it: a lease, an archive tier, a copy under way */
    SKR_UPSTREAM_CHECKSUM_MISMATCH,   /* upstream received other bytes than the MD5 is of */
    SKR_UPSTREAM_THROTTLED,           /* 429 or 503 */
    SKR_UPSTREAM_UNAVAILABLE,         /* no connection, one that broke before the answer, or 5xx */
    SKR_UPSTREAM_TIMEOUT,             /* connecting, or a stall */
    SKR_UPSTREAM_TLS,                 /* the handshake or the certificate */
    SKR_UPSTREAM_TRUNCATED,           /* the body ended before its announced length */
    SKR_UPSTREAM_CHANGED,             /* the answer has another ETag than if_match asked for */
    SKR_UPSTREAM_PROTOCOL,            /* an answer that is not one: wrong length or range, no length, malformed document */
    SKR_UPSTREAM_CANCELLED,           /* the client is closed, or the body's source failed */
    SKR_UPSTREAM_NO_MEMORY,
    SKR_UPSTREAM_OUTCOME_COUNT
};
/* A short lower-case word for logs, metrics and tests. Never NULL. */
const char *skr_upstream_outcome_text(enum skr_upstream_outcome outcome);

/* An object as upstream tells of it. What was not told is zero, NULL or false. */
struct skr_upstream_object {
    struct skr_bytes key; /* listings only; without the upstream's prefix */
    bool is_prefix;       /* listings with a delimiter: not an object, but where there are some */
    enum skr_object_kind kind;
    uint64_t size_bytes;                 /* of the whole object */
    uint64_t offset_bytes, length_bytes; /* get: which part of it this body is */
    struct skr_bytes etag;               /* without quotes */
    int64_t modified_ns, created_ns;     /* Unix; to the second */
    bool has_md5;                        /* of the whole object, Azure only: an ETag of S3 is no promise */
    uint8_t md5[16];
    struct skr_bytes properties[SKR_PROPERTY_COUNT]; /* the Content- ones, CACHE_CONTROL, EXPIRES, ACCESS_TIER, STORAGE_CLASS,
                                                        COPY_ID, COPY_SOURCE */
    const struct skr_name_value *metadata;           /* listings: when asked for, and Azure only */
    size_t metadata_count;
    const struct skr_name_value *tags; /* get_tags, and listings when asked for, Azure only */
    size_t tag_count;                  /* head and get: how many there are, with `tags` NULL */
    struct skr_bytes version;
    bool copy_pending; /* the bytes are still being copied: look again later */
};

struct skr_upstream_result {
    enum skr_upstream_outcome outcome;
    int http_status;         /* 0: there was no answer */
    bool may_retry;          /* the same call may succeed later */
    bool may_have_happened;  /* a call that writes failed after it was sent: upstream may have done it */
    unsigned retry_after_ms; /* what upstream asked for, at most an hour; 0: nothing */
    unsigned attempts;
    struct skr_bytes code;       /* upstream's own, such as "BlobNotFound"; may be empty */
    struct skr_bytes request_id; /* upstream's, for its operator; may be empty */
    const char *message;         /* for logs and operators; no secret, no query */

    /* head, get, get_tags: the object. What writes one: its etag, where upstream tells it (radosgw does not for a completed
     * upload), and perhaps `modified_ns`, `version`, `copy_pending`. NULL otherwise. */
    const struct skr_upstream_object *object;
    const struct skr_upstream_object *entries; /* list, in byte order of keys */
    size_t entry_count;
    struct skr_bytes next_marker; /* list: empty at the end */
    struct skr_bytes upload;      /* upload_begin: its name for the calls below */
    struct skr_bytes part;        /* upload_part: what upload_complete wants to know */
};

/* ---- trying again ---- */

/* Immutable. Delays are drawn from 0 to the bound, which doubles ("full jitter"); what upstream asked for comes on top. */
struct skr_upstream_retry {
    unsigned attempts;      /* in all, 1 to 100 */
    unsigned first_ms;      /* the first bound */
    unsigned most_ms;       /* the largest bound */
    bool not_after_timeout; /* whoever waits has waited long enough then */
    unsigned patience_ms;   /* gives up when the next attempt would begin later than so long after the first */
};
#define SKR_UPSTREAM_RETRY_DEFAULT                                                                                             \
    ((struct skr_upstream_retry){.attempts = 5, .first_ms = 200, .most_ms = 10000, .patience_ms = 60000})

/* Pure. `failed` attempts were made (at least 1), `elapsed_ms` since the first began; `random` is any number. False: give up.
 */
bool skr_upstream_retry_delay(const struct skr_upstream_retry *retry, unsigned failed, uint64_t elapsed_ms,
                              unsigned retry_after_ms, uint64_t random, unsigned *delay_ms);

/* ---- the client ---- */

struct skr_upstream_client;
struct skr_upstream_transfer;

/* Before `io` is closed the client must be. No thread of its own (but for a moment to look up a host's name), no busy waiting.
 * SKR_NO_MEMORY or SKR_NO_DESCRIPTORS. */
enum skr_status skr_upstream_client_open(struct skr_upstream_client **out, struct skr_io *io, struct skr_error *err);
/* Calls under way end with SKR_UPSTREAM_CANCELLED inside. NULL-safe. */
void skr_upstream_client_close(struct skr_upstream_client *client);

struct skr_upstream_client_counters {
    uint64_t calls, attempts, connections_opened; /* since the client was opened */
    uint64_t received_bytes, sent_bytes;          /* of bodies */
    unsigned calls_under_way, calls_queued;       /* now; queued ones wait for a connection and count among the others */
};
void skr_upstream_client_read_counters(const struct skr_upstream_client *client, struct skr_upstream_client_counters *out);

struct skr_upstream_call {
    void (*done)(struct skr_upstream_call *call, const struct skr_upstream_result *result); /* set by the caller */
    /* NULL: one attempt. Else what may succeed later is tried again, as long as nothing was delivered to `head` or `write` and
     * a repetition cannot do harm: a write with conditions whose answer was lost is not repeated. Copied. */
    const struct skr_upstream_retry *retry;
    /* private */
    struct skr_upstream_transfer *transfer; /* NULL when no call is under way */
    struct skr_upstream_client *client;
    struct skr_upstream_call *next;
};

/* No callback comes any more, and bodies are not touched. Whether a write was done upstream stays open. NULL-safe, and without
 * effect when no call is under way. */
void skr_upstream_cancel(struct skr_upstream_call *call);
/* Goes on after `write` took less than all, or `read` had nothing. Cheap; without effect when nothing is paused. */
void skr_upstream_resume(struct skr_upstream_call *call);

/* Conditions. Empty texts: none. ETags without quotes, as results have them. */
struct skr_upstream_conditions {
    struct skr_bytes if_match, if_none_match;
    bool if_none_match_any; /* writes: only if there is no such object ("If-None-Match: *") */
};

/* ---- reading ---- */

struct skr_upstream_get {
    struct skr_bytes key;
    bool ranged;                         /* else the whole */
    uint64_t offset_bytes, length_bytes; /* length UINT64_MAX: to the end; a range may reach beyond the end */
    struct skr_upstream_conditions conditions;
    /* Called once, before the first byte and also for an empty body. `object` lives until `done` returns. May be NULL. */
    void (*head)(struct skr_upstream_call *call, const struct skr_upstream_object *object);
    /* Takes up to `size` bytes and returns how many. Less than `size`: reading pauses until skr_upstream_resume(). */
    size_t (*write)(struct skr_upstream_call *call, const void *data, size_t size);
};
/* OK only when the body had exactly the length that was announced, that is the range that was asked for as far as it is there,
 * and the ETag of if_match. */
void skr_upstream_get(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                      const struct skr_upstream_get *options);
void skr_upstream_head(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                       struct skr_bytes key, const struct skr_upstream_conditions *conditions);

struct skr_upstream_list {
    struct skr_bytes prefix, delimiter; /* may be empty */
    struct skr_bytes marker;            /* a result's next_marker; empty: from the beginning */
    unsigned max;                       /* entries, at most what the limits say; 0: that many */
    bool metadata, tags;
};
void skr_upstream_list(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                       const struct skr_upstream_list *options);
void skr_upstream_get_tags(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                           struct skr_bytes key);

/* ---- containers and buckets ---- */

/* Those of the account that the credential may see, a page from `marker` on (empty: from the beginning), as a listing whose
 * entries have `key` and `modified_ns` (S3: when it was made). What the URL says behind the account counts for nothing. */
void skr_upstream_list_containers(struct skr_upstream_client *client, struct skr_upstream *upstream,
                                  struct skr_upstream_call *call, struct skr_bytes marker);
/* Makes the URL's. SKR_UPSTREAM_CONDITION_FAILED: it is there; but many an S3 answers OK to its owner then. */
void skr_upstream_create_container(struct skr_upstream_client *client, struct skr_upstream *upstream,
                                   struct skr_upstream_call *call);
/* Deletes the URL's: Azure with all that is in it; S3 only when nothing is, else SKR_UPSTREAM_CONFLICT. */
void skr_upstream_delete_container(struct skr_upstream_client *client, struct skr_upstream *upstream,
                                   struct skr_upstream_call *call);

/* ---- writing ---- */

/* Bytes to send, not copied: `data`, or when that is NULL what `read` gives. They live until `done` or cancellation. */
struct skr_upstream_body {
    uint64_t size_bytes;
    const void *data;
    /* Fills up to `size` bytes from `offset` of the body and returns how many; 0: not yet, skr_upstream_resume() follows; -1:
     * failed, the call ends as SKR_UPSTREAM_CANCELLED. Offsets go up, and begin again at 0 for another attempt. */
    ssize_t (*read)(struct skr_upstream_call *call, uint64_t offset, void *buffer, size_t size);
    bool once;          /* `read` cannot begin again: only one attempt */
    const uint8_t *md5; /* 16 bytes of MD5 of the body, which upstream then checks; copied. NULL: none */
    /* S3 over plain http: 32 bytes of SHA-256 of the body, to be signed; copied. NULL: computed for `data`, else the body is
     * not signed. Over https bodies are never signed, TLS protects them. */
    const uint8_t *sha256;
};

/* What an object is written with. Properties that upstream does not know are left out. */
struct skr_upstream_attributes {
    struct skr_bytes properties[SKR_PROPERTY_COUNT]; /* the Content- ones and CACHE_CONTROL; S3 also EXPIRES and STORAGE_CLASS;
                                                        Azure ACCESS_TIER */
    bool has_md5;                                    /* Azure: kept with the object as its MD5 */
    uint8_t md5[16];
    const struct skr_name_value *metadata;
    size_t metadata_count;
    const struct skr_name_value *tags;
    size_t tag_count;
};

struct skr_upstream_put {
    struct skr_bytes key;
    struct skr_upstream_body body;
    struct skr_upstream_attributes attributes;
    struct skr_upstream_conditions conditions;
};
void skr_upstream_put(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                      const struct skr_upstream_put *options);

/* Uploads in parts: blocks of Azure, multipart uploads of S3. Attributes are given at the beginning and at the end, the same
 * ones: S3 takes them there, Azure here. Azure's blocks need no beginning upstream, and no ending: those that are never
 * committed go by themselves after a week. */
void skr_upstream_upload_begin(struct skr_upstream_client *client, struct skr_upstream *upstream,
                               struct skr_upstream_call *call, struct skr_bytes key,
                               const struct skr_upstream_attributes *attributes);
/* `number` from 1; parts may be sent in any order and at the same time. A part that is sent again replaces the earlier one. */
void skr_upstream_upload_part(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                              struct skr_bytes key, struct skr_bytes upload, unsigned number,
                              const struct skr_upstream_body *body);
struct skr_upstream_part {
    unsigned number;
    struct skr_bytes part; /* as the result of upload_part has it */
};
struct skr_upstream_complete {
    struct skr_bytes key, upload;
    const struct skr_upstream_part *parts; /* in the order of the object */
    size_t part_count;
    struct skr_upstream_attributes attributes;
    struct skr_upstream_conditions conditions;
};
void skr_upstream_upload_complete(struct skr_upstream_client *client, struct skr_upstream *upstream,
                                  struct skr_upstream_call *call, const struct skr_upstream_complete *options);
void skr_upstream_upload_abort(struct skr_upstream_client *client, struct skr_upstream *upstream,
                               struct skr_upstream_call *call, struct skr_bytes key, struct skr_bytes upload);

/* Azure: NOT_FOUND when there is none. S3 tells no difference, and answers OK. Conditions: if_match. */
void skr_upstream_delete(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                         struct skr_bytes key, const struct skr_upstream_conditions *conditions);
/* Replace what the name says. Give all attributes: S3 can only replace properties and metadata together, and copies the object
 * onto itself (up to 5 GiB); Azure leaves alone what was not meant. Conditions: if_match. */
void skr_upstream_set_metadata(struct skr_upstream_client *client, struct skr_upstream *upstream,
                               struct skr_upstream_call *call, struct skr_bytes key,
                               const struct skr_upstream_attributes *attributes,
                               const struct skr_upstream_conditions *conditions);
void skr_upstream_set_properties(struct skr_upstream_client *client, struct skr_upstream *upstream,
                                 struct skr_upstream_call *call, struct skr_bytes key,
                                 const struct skr_upstream_attributes *attributes,
                                 const struct skr_upstream_conditions *conditions);
/* All tags are replaced; none: removed. */
void skr_upstream_set_tags(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                           struct skr_bytes key, const struct skr_name_value *tags, size_t tag_count);

struct skr_upstream_copy {
    struct skr_bytes source, key;              /* both in this upstream */
    struct skr_bytes source_if_match;          /* empty: whatever is there */
    struct skr_upstream_conditions conditions; /* of the destination */
};
/* Server side, with the source's properties and metadata. S3: up to 5 GiB. When the result's object says copy_pending the bytes
 * are not all there yet. */
void skr_upstream_copy(struct skr_upstream_client *client, struct skr_upstream *upstream, struct skr_upstream_call *call,
                       const struct skr_upstream_copy *options);

#endif
