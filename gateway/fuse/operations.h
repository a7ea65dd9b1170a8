/* One table of operations: a row an operation of FUSE. What libfuse calls, what a read-only mount refuses, and the labels of the
 * counts derive from it.
 */
#ifndef SKERRY_FUSE_OPERATIONS_H
#define SKERRY_FUSE_OPERATIONS_H

#include <linux/fuse.h>

#include "transport.h"

/* Name as libfuse has it; number; does it change anything; may it wait for an upstream? */
#define SKR_FUSE_OPERATIONS(X)                                                                                                 \
    X(lookup, FUSE_LOOKUP, false, true)                                                                                        \
    X(forget, FUSE_FORGET, false, false)                                                                                       \
    X(forget_multi, FUSE_BATCH_FORGET, false, false)                                                                           \
    X(getattr, FUSE_GETATTR, false, true)                                                                                      \
    X(readlink, FUSE_READLINK, false, true)                                                                                    \
    X(open, FUSE_OPEN, false, true)                                                                                            \
    X(read, FUSE_READ, false, true)                                                                                            \
    X(flush, FUSE_FLUSH, false, false)                                                                                         \
    X(release, FUSE_RELEASE, false, false)                                                                                     \
    X(statfs, FUSE_STATFS, false, false)                                                                                       \
    X(opendir, FUSE_OPENDIR, false, false)                                                                                     \
    X(readdir, FUSE_READDIR, false, true)                                                                                      \
    X(readdirplus, FUSE_READDIRPLUS, false, true)                                                                              \
    X(releasedir, FUSE_RELEASEDIR, false, false)                                                                               \
    X(lseek, FUSE_LSEEK, false, false)

#define SKR_OPERATION_ENUM(name, number, changes, waits) SKR_OPERATION_##name,
enum skr_operation { SKR_FUSE_OPERATIONS(SKR_OPERATION_ENUM) SKR_OPERATION_COUNT };
#undef SKR_OPERATION_ENUM

struct skr_operation_row {
    const char *name;
    uint32_t number; /* the protocol's */
    bool changes;    /* refused where the mount is read-only */
    bool waits;      /* perhaps for an upstream, for long */
};
extern const struct skr_operation_row skr_operation_rows[SKR_OPERATION_COUNT];
extern const struct fuse_lowlevel_ops skr_operations;

#endif
