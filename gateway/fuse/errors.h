#ifndef SKERRY_FUSE_ERRORS_H
#define SKERRY_FUSE_ERRORS_H

#include "skerry/status.h"

/* What POSIX calls a failure; 0 for SKR_OK. */
int skr_errno_of(enum skr_status status);

#endif
