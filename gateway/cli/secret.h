/* Secrets out of files. */
#ifndef SKERRY_CLI_SECRET_H
#define SKERRY_CLI_SECRET_H

#include <stddef.h>

#include "skerry/status.h"

/* The first line of a file, without what follows white space. The caller wipes `out`. SKR_INVALID_ARGUMENT. */
enum skr_status skr_secret_read(const char *path, char *out, size_t capacity, struct skr_error *err);

#endif
