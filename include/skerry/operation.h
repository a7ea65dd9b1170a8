/* An operation is a row. Each protocol has one table of rows: routing, authorization (default deny, before dispatch),
 * metric labels and the documented feature list all derive from it, so that no path can skip the check.
 */
#ifndef SKERRY_OPERATION_H
#define SKERRY_OPERATION_H

#include "skerry/http.h"

/* What the path names. */
enum skr_resource { SKR_RESOURCE_SERVICE, SKR_RESOURCE_CONTAINER, SKR_RESOURCE_OBJECT };

#define SKR_MAX_SELECTORS 4

struct skr_selector {
    enum { SKR_SELECT_END, SKR_SELECT_QUERY, SKR_SELECT_HEADER } kind;
    const char *name;
    const char *value; /* NULL: it is there, whatever its value. Query values compare exactly, headers in any case */
};

struct skr_operation {
    const char *name;       /* the protocol's documented name: "Put Blob" */
    enum skr_method method; /* SKR_GET rows serve HEAD too unless a SKR_HEAD row matches */
    enum skr_resource resource;
    struct skr_selector selectors[SKR_MAX_SELECTORS]; /* all must match; the row with most matching selectors wins */
    uint32_t permissions;      /* any one of these SKR_PERMISSION_ bits (auth.h) suffices; 0: any authenticated caller */
    uint64_t body_limit_bytes; /* 0: a body is not expected, and ignored */
    void (*handle)(void *request_context);
    const char *note; /* one line for the feature list, or NULL */
};

/* The best matching row, or NULL. Pure. */
const struct skr_operation *skr_operation_find(const struct skr_operation *rows, size_t row_count,
                                               const struct skr_request *request, enum skr_resource resource);

/* Does it send an object's bytes? The one that is asked for with nothing but the name. */
bool skr_operation_reads_bytes(const struct skr_operation *row);
/* Does it say something of an object, and change nothing? */
bool skr_operation_reads_object(const struct skr_operation *row);

#endif
