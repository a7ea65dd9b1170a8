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
    struct skr_pending *pending; /* a change under way */
};

/* token.c: reads the file, or makes it. */
enum skr_status skr_admin_token_open(struct skr_admin_token *token, const char *directory, struct skr_error *err);
/* Does the request carry it? Takes the same time wherever a wrong one differs. */
bool skr_admin_token_matches(const struct skr_admin_token *token, const struct skr_request *request);

/* api.c: routing and answers. */
void skr_admin_handle(void *context, struct skr_exchange *exchange);
void skr_admin_refuse(void *context, struct skr_exchange *exchange, int http_status, enum skr_status status);
void skr_admin_reply(struct skr_exchange *exchange, int http_status, const char *type, struct skr_bytes body);
/* Takes the document over; NULL: there was no memory for it. */
void skr_admin_reply_json(struct skr_exchange *exchange, int http_status, json_t *document);
void skr_admin_reply_error(struct skr_exchange *exchange, const struct skr_error *error);

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

/* Why the server cannot take writes now; NULL: it can. */
const char *skr_admin_trouble(struct skr_admin *admin);
void skr_admin_metrics(struct skr_admin *admin, FILE *out); /* Prometheus text format */
void skr_admin_status(struct skr_admin *admin, FILE *out);  /* JSON */
extern const char skr_admin_console[];

#endif
