/* Status values and errors that every layer shares.
 *
 * A function that can fail returns `enum skr_status` and, when given one, fills a `struct skr_error` at the place where
 * the failure occurs. Front ends map a status to their protocol's error table; no other layer knows a protocol's codes.
 */
#ifndef SKERRY_STATUS_H
#define SKERRY_STATUS_H

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum skr_status {
    SKR_OK = 0,
    SKR_PENDING, /* not an error: the operation goes on, its callback will be called */

    /* what the caller asked for is wrong */
    SKR_INVALID_ARGUMENT, /* malformed or contradictory input */
    SKR_INVALID_NAME,     /* an account, container or object name that the namespace does not allow */
    SKR_NAME_TOO_LONG,
    SKR_INVALID_RANGE,         /* a byte range outside the object */
    SKR_INVALID_BLOCK_ID,      /* a block id with another length than the upload's other blocks */
    SKR_INVALID_BLOCK_LIST,    /* a block list names a block that is not there */
    SKR_TOO_MANY_BLOCKS,       /* more blocks than an object or an upload may have */
    SKR_TOO_LARGE,             /* a body or an object above its limit */
    SKR_CHECKSUM_MISMATCH_MD5, /* bytes received do not have the MD5 that the caller announced */
    SKR_CHECKSUM_MISMATCH_CRC64,
    SKR_CHECKSUM_MISMATCH, /* likewise for a checksum of another kind, or of a whole multipart object */
    SKR_INVALID_PART,      /* a part that is not there, or with another entity tag or checksum */
    SKR_PART_TOO_SMALL,    /* a part below the least size that is not the last one */

    /* what is there, and what is not */
    SKR_ACCOUNT_NOT_FOUND,
    SKR_CONTAINER_NOT_FOUND,
    SKR_CONTAINER_EXISTS,
    SKR_CONTAINER_NOT_EMPTY,
    SKR_OBJECT_NOT_FOUND,
    SKR_OBJECT_EXISTS,
    SKR_VERSION_NOT_FOUND,
    SKR_IS_DELETE_MARKER, /* the version that was asked for is a delete marker */
    SKR_UPLOAD_NOT_FOUND,
    SKR_SOURCE_NOT_FOUND, /* the source object of a copy */
    SKR_NOT_FOUND,        /* anything else: a row, a file */

    /* names seen as files */
    SKR_IS_A_DIRECTORY,
    SKR_NOT_A_DIRECTORY,
    SKR_DIRECTORY_NOT_EMPTY,
    SKR_OTHER_CONTAINER, /* what would have to be copied to get its new name */

    /* conditions of the request */
    SKR_CONDITION_FAILED, /* a write condition, or a read condition that asks for 412 */
    SKR_NOT_MODIFIED,     /* a read condition that asks for 304 */
    SKR_SOURCE_CONDITION_FAILED,

    /* permissions */
    SKR_UNAUTHENTICATED,
    SKR_FORBIDDEN,

    /* the machine */
    SKR_NO_SPACE,  /* disk full, quota, or the metadata map at its limit; reads go on */
    SKR_READ_ONLY, /* an fsync failed earlier: the store takes no more writes until restart */
    SKR_IO,        /* a system call failed; os_errno says how */
    SKR_CORRUPT,   /* stored bytes or records do not verify */
    SKR_NO_MEMORY,
    SKR_NO_DESCRIPTORS,  /* out of file descriptors */
    SKR_BUSY,            /* a bounded queue is full; try again later */
    SKR_DIRTY_FULL,      /* too much that upstream lacks waits here already; try again later */
    SKR_UPSTREAM_FAILED, /* what is behind the container does not answer, or refuses; try again later */
    SKR_CONTAINER_BOUND, /* not while the container is bound to an upstream */
    SKR_CONTAINER_DIRTY, /* not while upstream lacks changes of the container's */
    SKR_BOUND_READ_ONLY, /* the container shows an upstream that is not to be changed from here */
    SKR_CANCELLED,       /* the caller gave up, or the server drains */
    SKR_UNSUPPORTED,
    SKR_FORMAT_TOO_NEW, /* the data folder was written by a newer Skerry */
    SKR_INTERNAL,
    SKR_STATUS_COUNT
};

struct skr_error {
    enum skr_status status;
    int os_errno;      /* errno of the failed call, 0 when there was none */
    char message[240]; /* for logs and operators; never holds a secret */
};

/* A short lower-case word for logs and tests, such as "container_not_found". Never NULL. */
static inline const char *skr_status_text(enum skr_status status)
{
    static const char *const text[SKR_STATUS_COUNT] = {
        "ok",
        "pending",
        "invalid_argument",
        "invalid_name",
        "name_too_long",
        "invalid_range",
        "invalid_block_id",
        "invalid_block_list",
        "too_many_blocks",
        "too_large",
        "checksum_mismatch_md5",
        "checksum_mismatch_crc64",
        "checksum_mismatch",
        "invalid_part",
        "part_too_small",
        "account_not_found",
        "container_not_found",
        "container_exists",
        "container_not_empty",
        "object_not_found",
        "object_exists",
        "version_not_found",
        "is_delete_marker",
        "upload_not_found",
        "source_not_found",
        "not_found",
        "is_a_directory",
        "not_a_directory",
        "directory_not_empty",
        "other_container",
        "condition_failed",
        "not_modified",
        "source_condition_failed",
        "unauthenticated",
        "forbidden",
        "no_space",
        "read_only",
        "io",
        "corrupt",
        "no_memory",
        "no_descriptors",
        "busy",
        "dirty_full",
        "upstream_failed",
        "container_bound",
        "container_dirty",
        "bound_read_only",
        "cancelled",
        "unsupported",
        "format_too_new",
        "internal",
    };
    return (unsigned)status < SKR_STATUS_COUNT ? text[status] : "unknown";
}

/* Fills `err` (may be NULL) and returns `status`, so that a failure reads `return skr_fail(err, ...)`. */
__attribute__((format(printf, 4, 5))) static inline enum skr_status skr_fail_os(struct skr_error *err, enum skr_status status,
                                                                                int os_errno, const char *format, ...)
{
    if (err != NULL) {
        err->status = status;
        err->os_errno = os_errno;
        size_t size = strcspn(format, "%");
        if (format[size] == '\0' && size < sizeof err->message) { /* as looking up what may be absent has it, often */
            memcpy(err->message, format, size + 1);
            return status;
        }
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(err->message, sizeof err->message, format, arguments);
        va_end(arguments);
    }
    return status;
}

#define skr_fail(err, status, ...) skr_fail_os((err), (status), 0, __VA_ARGS__)

#endif
