/* The beginning of every operation that writes a blob. */
#ifndef SKERRY_BLOB_PUT_BLOB_H
#define SKERRY_BLOB_PUT_BLOB_H

#include "call.h"

/* Fills call->put from the request and asks core whether it would be refused. False: answered. */
bool skr_call_begin_put(struct skr_call *call, bool plain_headers);
/* x-ms-blob-content-md5: kept with the blob. False: answered. */
bool skr_call_blob_md5(struct skr_call *call);

#endif
