/* The operator's face: health, readiness, metrics, console, and the administration API with a token. */
#ifndef SKERRY_ADMIN_H
#define SKERRY_ADMIN_H

#include "skerry/core.h"
#include "skerry/http.h"
#include "skerry/mount.h"

struct skr_admin;

struct skr_admin_options {
    struct skr_core *core;
    const char *directory; /* the data folder: the token is in SKR_ADMIN_TOKEN_FILE there, made when it is not */
    /* The names of the accounts, in order; false after the last. Any thread. */
    bool (*account)(void *context, size_t index, struct skr_bytes *name);
    void *account_context;
    /* Calls `visit` for each mount. NULL: there are none. Any thread. */
    void (*mounts)(void *context, void (*visit)(void *context, const struct skr_mount *mount), void *visitor);
    void *mounts_context;
};
#define SKR_ADMIN_TOKEN_FILE "admin-token"
#define SKR_ADMIN_TOKEN_LEAST 32 /* characters; 64 of those that are made */
#define SKR_ADMIN_TOKEN_MOST 512

/* After core: its lock on the data folder guards the token's file. */
enum skr_status skr_admin_open(struct skr_admin **out, const struct skr_admin_options *options, struct skr_error *err);
/* Before the listeners start. */
void skr_admin_set_http(struct skr_admin *admin, const struct skr_http *http);
const struct skr_face *skr_admin_face(const struct skr_admin *admin);
void skr_admin_close(struct skr_admin *admin); /* wipes the token. NULL-safe */

/* The rows of its table, for printing. */
struct skr_admin_row {
    const char *name, *method, *path;
    bool needs_token;
};
bool skr_admin_row(size_t index, struct skr_admin_row *out); /* false after the last */

/* ---- a binding, as the API takes it; also for settings and commands that say it in other words ---- */

enum skr_binding_field_type {
    SKR_FIELD_TEXT,
    SKR_FIELD_SECONDS,
    SKR_FIELD_SIZE,
    SKR_FIELD_BOOL,
    SKR_FIELD_MODE,
    SKR_FIELD_LISTING,
    SKR_FIELD_KIND
};
struct skr_binding_field {
    const char *name;       /* "ttl_s"; a dot stands before what is in an object: "workload_identity.tenant" */
    const char *short_name; /* for texts that people write; NULL: none */
    enum skr_binding_field_type type;
    bool is_secret;
    enum skr_binding_text text;             /* TEXT: where it goes */
    enum skr_binding_credential credential; /* TEXT, BOOL: what it is a part of; ANONYMOUS: of none */
    bool is_needed;                         /* by its credential */
};
/* By name or short name. NULL: not known. */
const struct skr_binding_field *skr_binding_field_find(struct skr_bytes name);

struct skr_binding_request {
    struct skr_binding binding; /* texts in the document */
    void *document;
};
/* From JSON. Strict: SKR_INVALID_ARGUMENT, and the message says what to do and shows no value. */
enum skr_status skr_binding_request_read(struct skr_binding_request *out, struct skr_bytes json, struct skr_error *err);
void skr_binding_request_free(struct skr_binding_request *request);
/* A container's name as one of the protocols takes it, or SKR_ALL_CONTAINERS. SKR_INVALID_NAME. */
enum skr_status skr_binding_name_check(struct skr_bytes container, struct skr_error *err);

#endif
