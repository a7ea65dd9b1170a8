/* The names that a command is about, in the body of a request. */
#ifndef SKERRY_CLI_SCOPE_H
#define SKERRY_CLI_SCOPE_H

#include <jansson.h>

#include "client_flags.h"

/* Fields account, container, prefix of what was given. NULL, and `err` says why: no memory, or not UTF-8. */
json_t *skr_scope_body(const struct skr_arguments *arguments, struct skr_error *err);
/* Sets a text; SKR_INVALID_ARGUMENT: it is not UTF-8. NULL: left out. */
enum skr_status skr_scope_set(json_t *body, const char *field, const char *value, struct skr_error *err);
/* "?name=value", or with &, behind a path where there is a value. SKR_INVALID_ARGUMENT: too long. */
enum skr_status skr_scope_query(char *path, size_t capacity, const char *name, const char *value, struct skr_error *err);
/* The same of account, container and prefix. */
enum skr_status skr_scope_query_all(char *path, size_t capacity, const struct skr_arguments *arguments, struct skr_error *err);
#define SKR_SCOPE_PATH 15000

#endif
