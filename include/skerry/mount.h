/* The front end of files: a container, or all of an account, as a folder of this machine, through the kernel's FUSE.
 *
 * A mount opens workers of its own: see skr_mount_workers(). It is served by its threads until it is closed, or until somebody
 * unmounts it from outside.
 */
#ifndef SKERRY_MOUNT_H
#define SKERRY_MOUNT_H

#include "skerry/core.h"

struct skr_mount;

#define SKR_MOUNT_LEAST_THREADS 4
#define SKR_MOUNT_MOST_THREADS 256

/* Texts live as long as the mount. */
struct skr_mount_options {
    struct skr_core *core;
    const char *directory; /* where; it is there */
    const char *data;      /* the data folder: neither may lie in the other */
    struct skr_bytes account;
    struct skr_bytes container; /* its directory is the root; empty: the root lists the account's containers */
    struct skr_bytes path;      /* a directory of the container, which is the root instead */
    bool read_only;
    bool allow_other;            /* users other than the server's own */
    bool passthrough;            /* where kernel and rights allow it, large files are read without asking the server */
    uint32_t user, group, umask; /* of what has none of its own */
    uint64_t passthrough_from_bytes;
    unsigned threads;
    struct skr_io_fault *fault; /* NULL in production */
};

/* How many workers of core a mount with so many threads opens. */
unsigned skr_mount_workers(unsigned threads);
/* SKR_INVALID_ARGUMENT: the message says what to do about the directory. SKR_UNSUPPORTED: this machine has no FUSE, or not for
 * this user. SKR_CONTAINER_NOT_FOUND, SKR_NOT_A_DIRECTORY. */
enum skr_status skr_mount_open(struct skr_mount **out, const struct skr_mount_options *options, struct skr_error *err);
/* Publishes what was written, unmounts, and ends its threads; before core is closed. NULL-safe. */
void skr_mount_close(struct skr_mount *mount);

struct skr_mount_numbers {
    const char *directory; /* as long as the mount */
    struct skr_bytes account, container, path;
    bool read_only, is_mounted;
    uint64_t open_files, drafts, passthrough_opens; /* now */
    uint64_t passthrough_opens_total;
    uint64_t known_names;  /* that the kernel may ask about */
    uint64_t hidden_names; /* that listings came across and no path can say, the last time that each directory was listed */
};
void skr_mount_read_numbers(const struct skr_mount *mount, struct skr_mount_numbers *out); /* any thread */
/* What the kernel asked for, a call an operation. Any thread. */
void skr_mount_read_operations(const struct skr_mount *mount,
                               void (*visit)(void *context, const char *operation, uint64_t count, uint64_t failed),
                               void *context);

#endif
