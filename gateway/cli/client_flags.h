/* One table of the flags of the commands that ask a running server. Reading, help and the man page derive from it. */
#ifndef SKERRY_CLI_CLIENT_FLAGS_H
#define SKERRY_CLI_CLIENT_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "admin_client.h"

/* Bits: which commands take a flag. */
enum {
    SKR_FOR_ATTACH = 1 << 0,
    SKR_FOR_DETACH = 1 << 1,
    SKR_FOR_BINDINGS = 1 << 2,
    SKR_FOR_STATUS = 1 << 3,
    SKR_FOR_JOURNAL = 1 << 4,
    SKR_FOR_FLUSH = 1 << 5,
    SKR_FOR_RESOLVE = 1 << 6,
    SKR_FOR_PINS = 1 << 7,
    SKR_FOR_PIN = 1 << 8,
    SKR_FOR_UNPIN = 1 << 9,
    SKR_FOR_EVICT = 1 << 10,
    SKR_FOR_RESIDENCY = 1 << 11,
    SKR_FOR_PREFETCH = 1 << 12,
    SKR_FOR_JOBS = 1 << 13,
    SKR_FOR_ALL = (1 << 14) - 1
};

enum skr_flag {
    SKR_FLAG_UPSTREAM,
    SKR_FLAG_KIND,
    SKR_FLAG_MODE,
    SKR_FLAG_LISTING,
    SKR_FLAG_TTL,
    SKR_FLAG_CAPACITY,
    SKR_FLAG_KEY_FILE,
    SKR_FLAG_SAS_FILE,
    SKR_FLAG_S3_KEY_FILE,
    SKR_FLAG_REGION,
    SKR_FLAG_MANAGED_IDENTITY,
    SKR_FLAG_WORKLOAD_IDENTITY,
    SKR_FLAG_CLIENT_SECRET_FILE,
    SKR_FLAG_TENANT,
    SKR_FLAG_CLIENT_ID,
    SKR_FLAG_TOKEN_FILE,
    SKR_FLAG_AUTHORITY,
    SKR_FLAG_UPSTREAM_ACCOUNT,
    SKR_FLAG_CA_FILE,
    SKR_FLAG_PROXY,
    SKR_FLAG_PROXY_FILE,
    SKR_FLAG_ALLOW_HTTP,
    SKR_FLAG_PREFIX,
    SKR_FLAG_STATE,
    SKR_FLAG_DEPTH,
    SKR_FLAG_MANIFEST,
    SKR_FLAG_RATE,
    SKR_FLAG_CONCURRENCY,
    SKR_FLAG_WAIT,
    SKR_FLAG_CANCEL,
    SKR_FLAG_TIMEOUT,
    SKR_FLAG_RETRY,
    SKR_FLAG_KEEP_LOCAL,
    SKR_FLAG_KEEP_REMOTE,
    SKR_FLAG_ACCOUNT,
    SKR_FLAG_DATA,
    SKR_FLAG_ADMIN,
    SKR_FLAG_ADMIN_CA,
    SKR_FLAG_JSON,
    SKR_FLAG_COUNT
};

struct skr_flag_row {
    const char *name, *argument; /* argument NULL: a switch */
    const char *text;
    unsigned commands;
    const char *field; /* of a binding, which the value is; NULL: the command knows what it is */
};
extern const struct skr_flag_row skr_flag_table[SKR_FLAG_COUNT];

/* What a command takes besides flags. */
enum skr_positionals {
    SKR_TAKES_NOTHING,
    SKR_TAKES_BINDING,      /* a container, or * for all */
    SKR_MAY_TAKE_CONTAINER, /* none: all that the server has */
    SKR_TAKES_CONTAINER,
    SKR_MAY_TAKE_KEY, /* a container, and perhaps an object of it */
};

struct skr_arguments {
    const char *command;
    const char *name, *key;             /* NULL: not given */
    const char *values[SKR_FLAG_COUNT]; /* NULL: not given; "" for a switch */
};

/* True: go on. False: help was asked for, or something is wrong and was said; `*code` is the exit code. */
bool skr_arguments_read(struct skr_arguments *out, const char *command, unsigned bit, enum skr_positionals positionals,
                        int argc, char **argv, int *code);
/* The commands that take a flag, for the man page: "attach, detach". Empty: all. */
void skr_flag_commands(const struct skr_flag_row *row, char out[128]);
/* Where the arguments, or the environment, say that the server is. */
struct skr_admin_place skr_arguments_place(const struct skr_arguments *arguments);
/* GET of a path there. NULL: it has said why not. `patience_s` 0: as usual. */
json_t *skr_ask(const struct skr_arguments *arguments, const char *path, unsigned patience_s);

#endif
