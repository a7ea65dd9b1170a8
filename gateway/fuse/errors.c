/* The table from our failures to errno. */
#include "errors.h"

#include <errno.h>

static const int skr_errnos[SKR_STATUS_COUNT] = {
    [SKR_INVALID_ARGUMENT] = EINVAL,
    [SKR_INVALID_NAME] = EINVAL,
    [SKR_NAME_TOO_LONG] = ENAMETOOLONG,
    [SKR_INVALID_RANGE] = EINVAL,
    [SKR_TOO_LARGE] = EFBIG,
    [SKR_ACCOUNT_NOT_FOUND] = ENOENT,
    [SKR_CONTAINER_NOT_FOUND] = ENOENT,
    [SKR_CONTAINER_EXISTS] = EEXIST,
    [SKR_CONTAINER_NOT_EMPTY] = ENOTEMPTY,
    [SKR_OBJECT_NOT_FOUND] = ENOENT,
    [SKR_OBJECT_EXISTS] = EEXIST,
    [SKR_SOURCE_NOT_FOUND] = ENOENT,
    [SKR_NOT_FOUND] = ENOENT,
    [SKR_IS_A_DIRECTORY] = EISDIR,
    [SKR_NOT_A_DIRECTORY] = ENOTDIR,
    [SKR_DIRECTORY_NOT_EMPTY] = ENOTEMPTY,
    [SKR_OTHER_CONTAINER] = EXDEV,
    [SKR_CONDITION_FAILED] = ESTALE,
    [SKR_SOURCE_CONDITION_FAILED] = ESTALE,
    [SKR_UNAUTHENTICATED] = EACCES,
    [SKR_FORBIDDEN] = EACCES,
    [SKR_NO_SPACE] = ENOSPC,
    [SKR_READ_ONLY] = EROFS,
    [SKR_NO_MEMORY] = ENOMEM,
    [SKR_NO_DESCRIPTORS] = ENFILE,
    [SKR_BUSY] = EBUSY,
    [SKR_DIRTY_FULL] = EDQUOT, /* as a quota it goes away when something else does: what waits to be uploaded */
    [SKR_CONTAINER_BOUND] = EBUSY,
    [SKR_BOUND_READ_ONLY] = EROFS,
    [SKR_CANCELLED] = EINTR,
    [SKR_UNSUPPORTED] = EOPNOTSUPP,
};

int skr_errno_of(enum skr_status status)
{
    if (status == SKR_OK)
        return 0;
    return (unsigned)status < SKR_STATUS_COUNT && skr_errnos[status] != 0 ? skr_errnos[status] : EIO;
}
