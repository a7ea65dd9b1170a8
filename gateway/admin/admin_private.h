/* Inside of the admin room. */
#ifndef SKERRY_ADMIN_PRIVATE_H
#define SKERRY_ADMIN_PRIVATE_H

#include <jansson.h>
#include <stdio.h>
#include <time.h>

#include "skerry/admin.h"

#define SKR_ADMIN_MAX_PARAMETERS 2

struct skr_admin_token {
    char text[SKR_ADMIN_TOKEN_MOST + 1];
    size_t size;
};

/* Immutable once requests come. */
struct skr_admin {
    struct skr_admin_options options;
    const struct skr_http *http;
    struct skr_face face;
    time_t started;
    struct skr_admin_token token;
};

/* One request, in the exchange's arena. */
struct skr_admin_call {
    struct skr_admin *admin;
    struct skr_exchange *exchange;
    const struct skr_admin_route *route;
    struct skr_bytes parameters[SKR_ADMIN_MAX_PARAMETERS]; /* what stands for {...} in the path, decoded */
    char *body;                                            /* wiped when the exchange closes */
    size_t body_size, body_capacity;
    json_t *document;              /* what the body was read into: texts of fields lie in it */
    struct skr_pending *pending;   /* a change under way */
    struct skr_pending **pendings; /* or several, in the exchange's arena; those that ended are NULL */
    size_t pending_count;
    struct skr_survey *survey;         /* or names that are gone through */
    struct skr_remote_listing *remote; /* or upstream is asked for a container that is not known yet */
    bool looked;                       /* it was */
};

/* token.c: reads the file, or makes it. */
enum skr_status skr_admin_token_open(struct skr_admin_token *token, const char *directory, struct skr_error *err);
/* Does the request carry it? Takes the same time wherever a wrong one differs. */
bool skr_admin_token_matches(const struct skr_admin_token *token, const struct skr_request *request);

/* api.c: routing and answers. */
void skr_admin_call_again(struct skr_admin_call *call);
void skr_admin_handle(void *context, struct skr_exchange *exchange);
void skr_admin_refuse(void *context, struct skr_exchange *exchange, int http_status, enum skr_status status);
void skr_admin_reply(struct skr_exchange *exchange, int http_status, const char *type, struct skr_bytes body);
/* Takes the document over; NULL: there was no memory for it. */
void skr_admin_reply_json(struct skr_exchange *exchange, int http_status, json_t *document);
void skr_admin_reply_error(struct skr_exchange *exchange, const struct skr_error *error);

/* fields.c: what a request asks for, in the fields of a JSON body or the parameters of a query. Strict. */
enum skr_admin_field_type {
    SKR_ADMIN_TEXT,   /* struct skr_bytes; `data` NULL: not there */
    SKR_ADMIN_NUMBER, /* uint64_t from `least` to `most` */
    SKR_ADMIN_ID,     /* uint64_t from 1 on: a text of digits, since numbers above 2^53 are not safe in JSON */
    SKR_ADMIN_WORD,   /* int: which of `words` */
    SKR_ADMIN_TEXTS,  /* struct skr_admin_texts, in a body only */
};
struct skr_admin_texts {
    const struct skr_bytes *texts; /* in the exchange's arena; NULL: not there */
    size_t count;
};
struct skr_admin_field {
    const char *name;
    enum skr_admin_field_type type;
    void *out;                /* left as it is when the field is not there */
    uint64_t least, most;     /* of a number; of a text: bytes; of texts: how many */
    const char *const *words; /* NULL after the last */
};
/* SKR_INVALID_ARGUMENT with a message that says what to do: unknown, twice, of another type, out of bounds. */
enum skr_status skr_admin_read_body(struct skr_admin_call *call, const struct skr_admin_field *fields, size_t count,
                                    struct skr_error *err);
enum skr_status skr_admin_read_query(struct skr_admin_call *call, const struct skr_admin_field *fields, size_t count,
                                     struct skr_error *err);

/* scope.c: which names a request is about. */
#define SKR_ADMIN_FIRST_ACCOUNT "-" /* no account has this name */
struct skr_admin_scope {
    struct skr_bytes account, container, prefix;
};
#define SKR_ADMIN_SCOPE_FIELDS(scope)                                                                                          \
    {"account", SKR_ADMIN_TEXT, &(scope)->account, 1, SKR_ADMIN_MOST_NAME, NULL},                                              \
        {"container", SKR_ADMIN_TEXT, &(scope)->container, 1, SKR_ADMIN_MOST_NAME, NULL},                                      \
    {                                                                                                                          \
        "prefix", SKR_ADMIN_TEXT, &(scope)->prefix, 0, SKR_MAX_KEY_BYTES, NULL                                                 \
    }
#define SKR_ADMIN_SCOPE_FIELD_COUNT 3
#define SKR_ADMIN_MOST_NAME 255
/* The name of an account that the server was started with; "-" is the first. */
enum skr_status skr_admin_find_account(struct skr_admin *admin, struct skr_bytes wanted, struct skr_bytes *name,
                                       struct skr_error *err);
/* Looks whether account and container are there; a container without account is the first account's, and a prefix has a
 * container. `needs_container`: SKR_INVALID_ARGUMENT without one. */
enum skr_status skr_admin_scope_check(struct skr_admin_call *call, struct skr_admin_scope *scope, bool needs_container,
                                      struct skr_error *err);
/* Likewise with a container. One that is not known yet, but may come with a binding of all, becomes known first: SKR_PENDING,
 * and the request's handler is called once more. */
enum skr_status skr_admin_scope_find(struct skr_admin_call *call, struct skr_admin_scope *scope, struct skr_error *err);
/* A name in JSON; bytes that are not UTF-8 become '?'. NULL: no memory. */
json_t *skr_admin_json_name(struct skr_bytes name);
/* A text of digits. */
json_t *skr_admin_json_id(uint64_t id);
/* Unix time as text; empty for 0. */
json_t *skr_admin_json_time(int64_t unix_ns);

/* journal.c, resolve.c, flush.c */
void skr_admin_list_journal(struct skr_admin_call *call);
void skr_admin_resolve(struct skr_admin_call *call);
void skr_admin_flush(struct skr_admin_call *call);
/* pins.c, residency.c */
void skr_admin_list_pins(struct skr_admin_call *call);
void skr_admin_pin(struct skr_admin_call *call);
void skr_admin_unpin(struct skr_admin_call *call);
void skr_admin_residency(struct skr_admin_call *call);
void skr_admin_evict(struct skr_admin_call *call);
/* prefetch.c, jobs.c */
void skr_admin_prefetch(struct skr_admin_call *call);
void skr_admin_list_jobs(struct skr_admin_call *call);
void skr_admin_get_job(struct skr_admin_call *call);
void skr_admin_delete_job(struct skr_admin_call *call);
/* The words for enum skr_dirty_state, the first at 1; as words of a field from `+ 1`. */
extern const char *const skr_admin_dirty_words[];
#define SKR_ADMIN_MOST_LOOKED_AT 20000 /* entries of the journal in one request: it holds up others on its thread */

/* pages.c: what needs no token. */
void skr_admin_get_console(struct skr_admin_call *call);
void skr_admin_get_health(struct skr_admin_call *call);
void skr_admin_get_ready(struct skr_admin_call *call);
void skr_admin_get_metrics(struct skr_admin_call *call);
void skr_admin_get_status(struct skr_admin_call *call);

/* bindings.c */
void skr_admin_list_bindings(struct skr_admin_call *call);
void skr_admin_put_binding(struct skr_admin_call *call);
void skr_admin_delete_binding(struct skr_admin_call *call);
/* All of them as an array, never a secret. NULL: no memory. */
json_t *skr_admin_bindings(struct skr_admin *admin);

/* mounts.c */
void skr_admin_list_mounts(struct skr_admin_call *call);
json_t *skr_admin_mounts(struct skr_admin *admin); /* all of them as an array. NULL: no memory */
void skr_metrics_of_mounts(struct skr_admin *admin, FILE *out);

/* Why the server cannot take writes now; NULL: it can. */
const char *skr_admin_trouble(struct skr_admin *admin);
void skr_admin_metrics(struct skr_admin *admin, FILE *out); /* Prometheus text format */
void skr_admin_status(struct skr_admin *admin, FILE *out);  /* JSON */
extern const char skr_admin_console[];

#endif
