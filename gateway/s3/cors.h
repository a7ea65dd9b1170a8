/* Cross-origin rules of a bucket. */
#ifndef SKERRY_S3_CORS_H
#define SKERRY_S3_CORS_H

#include "call.h"

/* For a request with an Origin that a rule of its bucket allows: the headers that tell the browser so. */
void skr_s3_cors_headers(struct skr_s3_call *call);

/* The document CORSConfiguration, in and out. Pure. */
struct skr_s3_cors;
bool skr_s3_cors_parse(struct skr_arena *arena, struct skr_bytes document, struct skr_s3_cors **out);
void skr_s3_cors_render(struct skr_xml *xml, const struct skr_s3_cors *cors); /* opened and ended */

#endif
