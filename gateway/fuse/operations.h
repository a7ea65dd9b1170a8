/* One table of operations: a row an operation of FUSE. What libfuse calls, what a read-only mount refuses, and the labels of
 * the counts derive from it.
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
    X(lseek, FUSE_LSEEK, false, false)                                                                                         \
    X(mknod, FUSE_MKNOD, true, true)                                                                                           \
    X(create, FUSE_CREATE, true, true)                                                                                         \
    X(mkdir, FUSE_MKDIR, true, true)                                                                                           \
    X(symlink, FUSE_SYMLINK, true, true)                                                                                       \
    X(link, FUSE_LINK, true, false)                                                                                            \
    X(unlink, FUSE_UNLINK, true, true)                                                                                         \
    X(rmdir, FUSE_RMDIR, true, true)                                                                                           \
    X(rename, FUSE_RENAME, true, true)                                                                                         \
    X(setattr, FUSE_SETATTR, true, true)                                                                                       \
    X(write, FUSE_WRITE, true, true)                                                                                           \
    X(fsync, FUSE_FSYNC, false, true)                                                                                          \
    X(fsyncdir, FUSE_FSYNCDIR, false, false)                                                                                   \
    X(fallocate, FUSE_FALLOCATE, true, true)                                                                                   \
    X(copy_file_range, FUSE_COPY_FILE_RANGE, true, true)                                                                       \
    X(getxattr, FUSE_GETXATTR, false, true)                                                                                    \
    X(listxattr, FUSE_LISTXATTR, false, true)                                                                                  \
    X(setxattr, FUSE_SETXATTR, true, true)                                                                                     \
    X(removexattr, FUSE_REMOVEXATTR, true, true)

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
