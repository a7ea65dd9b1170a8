/* What the listings share: limits, tokens, encoded names, owners. */
#ifndef SKERRY_S3_LISTING_H
#define SKERRY_S3_LISTING_H

#include "acl.h"
#include "call.h"

/* A number of entries a page: `most` when it is not given or larger. False: answered. */
bool skr_s3_page_limit(struct skr_s3_call *call, const char *parameter, uint64_t most, uint64_t *out);
/* encoding-type. False: answered. */
bool skr_s3_encoding_type(struct skr_s3_call *call, bool *url);
/* An opaque token for the name to go on with. */
struct skr_bytes skr_s3_token_text(struct skr_arena *arena, struct skr_bytes name);
/* Leaves `name` alone when there is no token. False: answered. */
bool skr_s3_token_parse(struct skr_s3_call *call, const char *parameter, struct skr_bytes *name);
/* The least name that comes after `marker`, or after all names that `marker` is the common prefix of. NULL data: no memory, or
 * no marker. */
struct skr_bytes skr_s3_after(struct skr_arena *arena, struct skr_bytes marker);

/* A key or prefix, percent-encoded when that was asked for. */
void skr_s3_xml_name(struct skr_s3_call *call, struct skr_xml *xml, const char *element, struct skr_bytes name, bool url);
void skr_s3_xml_bool(struct skr_xml *xml, const char *element, bool value);
void skr_s3_xml_storage_class(struct skr_xml *xml, const struct skr_object *object);
void skr_s3_xml_checksum_kind(struct skr_xml *xml, const struct skr_object *object);
void skr_s3_xml_common_prefix(struct skr_s3_call *call, struct skr_xml *xml, struct skr_bytes prefix, bool url);

/* buckets.c */
struct skr_bytes skr_s3_bucket_region(const struct skr_s3_call *call, const struct skr_container *container);
/* Keeps a document with the bucket (bucket_settings.c); `data` NULL: removes it. Ends the call. */
void skr_s3_set_bucket_document(struct skr_s3_call *call, enum skr_container_document which, struct skr_bytes document);
/* A skr_done: 200, or 204 after a removal. */
void skr_s3_bucket_changed(void *context, const struct skr_result *result);

#endif
