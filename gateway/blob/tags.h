/* Tags of blobs, for the operations that write and show blobs. */
#ifndef SKERRY_BLOB_TAGS_H
#define SKERRY_BLOB_TAGS_H

#include "call.h"

/* The right to see or set tags, which a signature names with a letter of its own. False: answered. */
bool skr_call_may_tag(struct skr_call *call);
/* x-ms-tags of an operation that writes a blob, into call->put. False: answered. */
bool skr_call_tags_header(struct skr_call *call);
void skr_call_tag_count_header(struct skr_call *call, const struct skr_object *object);

#endif
