/* What the operations on objects and uploads share. */
#ifndef SKERRY_S3_OBJECTS_H
#define SKERRY_S3_OBJECTS_H

#include "call.h"

#define SKR_S3_MAX_PARTS 10000
#define SKR_S3_MAX_PART_BYTES (UINT64_C(5) << 30)
#define SKR_S3_LEAST_PART_BYTES (UINT64_C(5) << 20)
#define SKR_S3_PAGE 1000 /* parts a page */

/* ---- making objects (put_object.c) ---- */
/* What the request's headers say of the object to be: properties, metadata, tags, conditions. False: answered. */
bool skr_s3_begin_put(struct skr_s3_call *call, struct skr_put *put);
/* What was received becomes the object that call->state, a struct skr_put, says. */
void skr_s3_store_object(struct skr_s3_call *call, skr_done done);
/* Ends the call with the outcome of a write: If-Match on a key that is not there is a missing key; else names the condition. */
void skr_s3_fail_write(struct skr_s3_call *call, enum skr_status status);
/* What makes an object makes a version of its own, and takes no id of one. False: answered. */
bool skr_s3_makes_a_version(struct skr_s3_call *call);
/* InvalidRequest with a message of its own. */
void skr_s3_invalid_request(struct skr_s3_call *call, const char *message);

/* ---- looking at objects (get_object.c) ---- */
/* skr_open_object with the protocol's answers to whatever is not an object, conditions included. */
bool skr_s3_open_object(struct skr_s3_call *call, const struct skr_conditions *conditions, struct skr_object *object,
                        struct skr_reader **reader);
/* partNumber of a query, 1 to 10000. False: answered. */
bool skr_s3_part_number(struct skr_s3_call *call, unsigned *number);
/* A header or query value that counts: from 0, `otherwise` when not given. False: answered. */
bool skr_s3_count(struct skr_s3_call *call, const char *name, struct skr_bytes text, unsigned otherwise, unsigned *count);
/* <ChecksumCRC32> and so on; nothing for NONE. */
void skr_s3_xml_checksum(struct skr_xml *xml, const struct skr_checksum *checksum, struct skr_bytes text);

/* ---- the source of a copy (copy_source.c) ---- */
struct skr_s3_source {
    struct skr_copy_source copy;
    struct skr_conditions conditions;
    struct skr_object object; /* as it was when looked at */
    struct skr_bytes etag;    /* of `object`, for a condition */
};
/* "/bucket/key?versionId=..." in parts, percent-decoded. SKR_INVALID_ARGUMENT: malformed. Pure. */
enum skr_status skr_s3_copy_source_parse(struct skr_arena *arena, struct skr_bytes text, struct skr_object_name *name);
/* x-amz-copy-source and its conditions; the caller may read it, and it is there. False: answered. */
bool skr_s3_find_source(struct skr_s3_call *call, struct skr_s3_source *source);
/* "bytes=first-last". Pure. */
bool skr_s3_copy_range_parse(struct skr_bytes text, uint64_t *offset, uint64_t *length);
/* Reads copy.offset and copy.length of the source through MD5 and a checksum (NONE: not), then calls `done`. The source's
 * entity tag becomes a condition of the copy, so that the digests belong to what is copied. */
void skr_s3_digest_source(struct skr_s3_call *call, struct skr_s3_source *source, enum skr_checksum_kind kind,
                          void (*done)(struct skr_s3_call *call, const uint8_t md5[16], const struct skr_checksum *checksum));

/* ---- uploads (multipart.c) ---- */
void skr_s3_unknown_algorithm(struct skr_s3_call *call); /* of x-amz-checksum-algorithm */
/* uploadId of the query. False: answered. */
bool skr_s3_upload_id(struct skr_s3_call *call, uint64_t *upload_id);
/* As above, and the upload is there. */
bool skr_s3_find_upload(struct skr_s3_call *call, uint64_t *upload_id, struct skr_multipart *upload);

/* The document of CompleteMultipartUpload (part_list.c). Pure. */
struct skr_s3_part_list {
    struct skr_part_choice *parts; /* malloc'd: freed by whoever parsed, also after a failure */
    size_t count, capacity;
    enum { SKR_S3_PARTS_FINE, SKR_S3_PARTS_MALFORMED, SKR_S3_PARTS_ORDER, SKR_S3_PARTS_NUMBER, SKR_S3_PARTS_NO_MEMORY } problem;
    unsigned seen; /* of the part that is being read */
};
bool skr_s3_part_list_parse(struct skr_bytes document, struct skr_s3_part_list *list);

#endif
