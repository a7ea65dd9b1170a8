/* A file of names, a line each, in pieces that the server takes as one job each. */
#ifndef SKERRY_CLI_MANIFEST_H
#define SKERRY_CLI_MANIFEST_H

#include <jansson.h>

#include "skerry/status.h"

/* An array of arrays of texts; "-": standard input. Empty lines are passed over. SKR_INVALID_ARGUMENT says which line. */
enum skr_status skr_manifest_read(json_t **pieces, const char *path, struct skr_error *err);

#endif
