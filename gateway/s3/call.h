/* One S3 request on its way through parse, core, render. */
#ifndef SKERRY_S3_CALL_H
#define SKERRY_S3_CALL_H

#include "errors.h"
#include "skerry/core.h"
#include "skerry/encoding.h"
#include "skerry/hash.h"
#include "skerry/s3.h"
#include "skerry/xml.h"

#define SKR_S3_MAX_KEY_BYTES 1024
#define SKR_S3_MAX_METADATA_BYTES 2048
#define SKR_S3_NAMESPACE "http://s3.amazonaws.com/doc/2006-03-01/"

struct skr_s3 {
    struct skr_s3_options options;
    struct skr_face face;
};

/* A body on its way in: how it is decoded and where its bytes go (receive.c). */
struct skr_s3_incoming {
    struct skr_s3_body *body;  /* undoes chunks, verifies signatures */
    struct skr_ingest *ingest; /* an object's or a part's bytes; or */
    char *document;            /* a small document, malloc'd */
    size_t document_size, document_limit;
    bool too_large;
    struct skr_digests expected;                /* announced in headers; the checksum may come with the trailer */
    struct skr_bytes trailer;                   /* name of the checksum's trailer, or empty */
    struct skr_checksummer *verifier;           /* of the announced kind, where another is kept with the object */
    void (*received)(struct skr_s3_call *call); /* all is durable and verified */
    void (*document_received)(struct skr_s3_call *call, struct skr_bytes document);
    size_t (*write)(void *call, const void *data, size_t size); /* where decoded bytes go */
    void (*form_received)(struct skr_s3_call *call);
};

struct skr_s3_form; /* form.h */

/* Lives in its exchange's arena. */
struct skr_s3_call {
    const struct skr_s3 *s3;
    struct skr_exchange *exchange;
    const struct skr_request *request;
    struct skr_arena *arena;
    struct skr_worker *worker;
    struct skr_target target; /* its account is the bucket's owner; the caller's where there is no bucket (yet) */
    struct skr_principal principal;
    bool presigned; /* by Version 4, which signs the whole query: headers may stand there */
    const struct skr_operation *operation;
    struct skr_s3_form *form;    /* a browser's: its fields stand for headers, which then count for nothing. Else NULL */
    struct skr_object_name name; /* of the object, with the version that was asked for */
    bool has_container;          /* `container` is filled: the bucket is there */
    struct skr_container container;
    struct skr_conditions conditions;
    struct skr_s3_payload payload;
    struct skr_s3_incoming incoming;
    /* what is under way; given up when the exchange closes */
    struct skr_preparation *preparation;
    struct skr_remote_listing *remote;
    struct skr_account_listing *buckets;
    bool looked; /* upstream was asked for the bucket */
    struct skr_pending *pending;
    struct skr_reader *reader;
    void *state;                       /* the operation's own, in the arena */
    void (*state_closed)(void *state); /* frees what the state holds outside the arena. May be NULL */
};

/* ---- target (target.c) ---- */
/* Bucket and key of a request: path-style, or BUCKET.domain. False: the path is not well-formed (bad escape, not UTF-8, zero
 * byte). */
bool skr_s3_target_parse(struct skr_arena *arena, const struct skr_s3_options *options, const struct skr_request *request,
                         struct skr_target *out);
bool skr_s3_bucket_name_is_valid(struct skr_bytes name); /* for creating: 3 to 63 of a-z 0-9 . -, not an address */

/* ---- operations (operations.c) ---- */
extern const struct skr_operation skr_s3_rows[];
extern const size_t skr_s3_row_count;

/* Is every sub-resource that the query names what the call's row is about? False: answered. (sub_resources.c) */
bool skr_s3_sub_resource_served(struct skr_s3_call *call);

/* ---- who may (access.c) ---- */
/* Finds the account that owns the bucket: the caller's, else the first that has it; fills call->container. */
void skr_s3_find_owner(struct skr_s3_call *call);
/* Default deny. False: the call was answered. */
bool skr_s3_authorized(struct skr_s3_call *call);
/* Does the bucket belong to whom the header names, where it is there? False: answered. */
bool skr_s3_owner_is(struct skr_s3_call *call, const char *header, struct skr_bytes account);
/* May the caller read this object (the source of a copy)? Its bucket may be another one. Fills the source's account. */
bool skr_s3_may_read(struct skr_s3_call *call, struct skr_object_name *source);

/* ---- response headers (headers.c) ---- */
void skr_s3_common_headers(struct skr_s3_call *call);
void skr_s3_etag_header(struct skr_s3_call *call, struct skr_bytes etag);
void skr_s3_date_header(struct skr_s3_call *call, const char *name, int64_t unix_ns);
/* x-amz-version-id, where the bucket keeps versions or did. */
void skr_s3_version_header(struct skr_s3_call *call, const char *name, const struct skr_object *object);
void skr_s3_metadata_headers(struct skr_s3_call *call, const struct skr_object *object); /* metadata.c */
/* x-amz-checksum-KIND and x-amz-checksum-type. Nothing when the object has none. */
void skr_s3_checksum_headers(struct skr_s3_call *call, const struct skr_object *object);
/* Replies without a body. */
void skr_s3_reply(struct skr_s3_call *call, int http_status);
/* Replies with the document and closes its writer. */
void skr_s3_send_xml(struct skr_s3_call *call, int http_status, struct skr_xml *xml);
/* Begins a document whose root has S3's namespace. */
void skr_s3_xml_open(struct skr_xml *xml, const char *root);
void skr_s3_xml_date(struct skr_xml *xml, const char *name, int64_t unix_ns); /* with milliseconds */
void skr_s3_xml_etag(struct skr_xml *xml, struct skr_bytes etag);             /* in quotes */

/* ---- texts (parameters.c) ---- */
/* A header by which the client says something of the object or of the request; or what stands for it in the URL or in a form.
 */
struct skr_bytes skr_s3_header(const struct skr_s3_call *call, const char *name);
/* All headers, or the fields of the form: false after the last one. */
bool skr_s3_next_header(const struct skr_s3_call *call, size_t index, struct skr_name_value *out);
struct skr_bytes skr_s3_query(const struct skr_s3_call *call, const char *name); /* decoded; `data` NULL: not there */
/* "null", or 32 hexadecimal digits. False: no version could have that id. */
bool skr_s3_version_parse(struct skr_bytes text, struct skr_version *out);
struct skr_bytes skr_s3_version_text(struct skr_arena *arena, int64_t version_ns);
bool skr_s3_upload_id_parse(struct skr_bytes text, uint64_t *out);
struct skr_bytes skr_s3_upload_id_text(struct skr_arena *arena, uint64_t upload_id);
/* "CRC32" and so on, as in x-amz-checksum-algorithm; NONE when unknown. */
enum skr_checksum_kind skr_s3_checksum_kind(struct skr_bytes algorithm);
const char *skr_s3_checksum_name(enum skr_checksum_kind kind);   /* "CRC32" */
const char *skr_s3_checksum_header(enum skr_checksum_kind kind); /* "x-amz-checksum-crc32" */
/* Base64 of the right size. */
bool skr_s3_checksum_parse(enum skr_checksum_kind kind, struct skr_bytes text, struct skr_checksum *out);
/* Base64; with the number of parts ("-3") where it is a composite. */
struct skr_bytes skr_s3_checksum_text(struct skr_arena *arena, const struct skr_checksum *checksum, enum skr_checksum_form form,
                                      size_t part_count);
/* If-Match, If-None-Match, If-Modified-Since, If-Unmodified-Since by the names that they have here. `reads`: a date that is
 * none is ignored, as RFC 9110 asks; where it guards a write it is refused. False: answered. */
bool skr_s3_conditions_of(struct skr_s3_call *call, const char *const names[4], bool reads, struct skr_conditions *out);
/* False: the call was answered with an error. */
bool skr_s3_conditions(struct skr_s3_call *call);
bool skr_s3_metadata(struct skr_s3_call *call, const struct skr_name_value **metadata, size_t *count); /* metadata.c */
/* Content-*, Cache-Control, Expires, storage class, website redirect, canned ACL. */
bool skr_s3_properties(struct skr_s3_call *call, struct skr_bytes properties[SKR_PROPERTY_COUNT]);
/* Headers that ask for what is not there (encryption with customer keys, object lock, grants). True: answered. */
bool skr_s3_unsupported(struct skr_s3_call *call);

/* ---- receiving (receive.c) ---- */
/* Content-MD5, x-amz-checksum-*, x-amz-trailer of the request, into call->incoming. False: answered. */
bool skr_s3_expected_digests(struct skr_s3_call *call);
/* The length of the decoded body; SKR_SIZE_ANY when it is not announced. */
uint64_t skr_s3_body_length(const struct skr_s3_call *call);
/* Receives the body into call->incoming.ingest, then calls `received`. With an upload's id: as a part of it. */
void skr_s3_receive_object(struct skr_s3_call *call, enum skr_checksum_kind checksum, uint64_t upload_id,
                           void (*received)(struct skr_s3_call *call));
/* The same for the file of a form, whose body is being received already. False: answered. */
bool skr_s3_receive_file(struct skr_s3_call *call, enum skr_checksum_kind checksum, void (*received)(struct skr_s3_call *call));
/* Bytes of the object; returns how many were taken. */
size_t skr_s3_receive_bytes(struct skr_s3_call *call, const void *data, size_t size);
/* No more of them: compares, waits for flash, then calls what is to be called. */
void skr_s3_received_all(struct skr_s3_call *call);
/* Receives a body whose decoded bytes go to `write`; `end` follows when it is whole and what was announced of it. */
void skr_s3_receive_form(struct skr_s3_call *call, size_t (*write)(void *call, const void *data, size_t size),
                         void (*end)(struct skr_s3_call *call));
/* Receives a small document, verified like an object's bytes, then calls `received`. */
void skr_s3_receive_document(struct skr_s3_call *call, void (*received)(struct skr_s3_call *call, struct skr_bytes document));
/* Likewise, where the request's checksum headers are not about this document: call->incoming.expected is what the caller set.
 */
void skr_s3_receive_document_as(struct skr_s3_call *call,
                                void (*received)(struct skr_s3_call *call, struct skr_bytes document));

/* ---- shared by handlers (face.c) ---- */
/* The only way to a row's handler: whose bucket, who may, and then the handler. The call's principal is verified. */
void skr_s3_admit(struct skr_s3_call *call);
/* Authenticates the form's fields: its principal becomes that of the call. False: answered. */
bool skr_s3_authenticate_form(struct skr_s3_call *call, const struct skr_s3_form_fields *fields,
                              struct skr_s3_form_range *range);
/* Ends the call with core's outcome when it failed: false. */
bool skr_s3_settled(struct skr_s3_call *call, const struct skr_result *result);
/* Remembers what is under way; a NULL pending is answered. */
void skr_s3_wait(struct skr_s3_call *call, struct skr_pending *pending);
/* Answers where the bucket is not there: false. */
bool skr_s3_bucket_exists(struct skr_s3_call *call);

/* Handlers, one a row. */
#define SKR_S3_HANDLER(name) void skr_s3_##name(void *context)
/* objects and uploads */
SKR_S3_HANDLER(abort_multipart_upload);
SKR_S3_HANDLER(complete_multipart_upload);
SKR_S3_HANDLER(copy_object);
SKR_S3_HANDLER(create_multipart_upload);
SKR_S3_HANDLER(delete_object);
SKR_S3_HANDLER(delete_object_tagging);
SKR_S3_HANDLER(get_object);
SKR_S3_HANDLER(get_object_acl);
SKR_S3_HANDLER(get_object_attributes);
SKR_S3_HANDLER(get_object_tagging);
SKR_S3_HANDLER(list_parts);
SKR_S3_HANDLER(post_object);
SKR_S3_HANDLER(put_object);
SKR_S3_HANDLER(put_object_acl);
SKR_S3_HANDLER(put_object_tagging);
SKR_S3_HANDLER(rename_object);
SKR_S3_HANDLER(upload_part);
SKR_S3_HANDLER(upload_part_copy);
SKR_S3_HANDLER(not_implemented);
/* buckets, listings, what is not configured */
SKR_S3_HANDLER(create_bucket);
SKR_S3_HANDLER(delete_bucket);
SKR_S3_HANDLER(delete_bucket_cors);
SKR_S3_HANDLER(delete_objects);
SKR_S3_HANDLER(delete_ownership_controls);
SKR_S3_HANDLER(delete_public_access_block);
SKR_S3_HANDLER(get_bucket_accelerate);
SKR_S3_HANDLER(get_bucket_acl);
SKR_S3_HANDLER(get_bucket_cors);
SKR_S3_HANDLER(get_bucket_encryption);
SKR_S3_HANDLER(get_bucket_lifecycle);
SKR_S3_HANDLER(get_bucket_location);
SKR_S3_HANDLER(get_bucket_logging);
SKR_S3_HANDLER(get_bucket_notification);
SKR_S3_HANDLER(get_bucket_policy);
SKR_S3_HANDLER(get_bucket_replication);
SKR_S3_HANDLER(get_bucket_request_payment);
SKR_S3_HANDLER(get_bucket_tagging);
SKR_S3_HANDLER(put_bucket_tagging);
SKR_S3_HANDLER(delete_bucket_tagging);
SKR_S3_HANDLER(get_bucket_versioning);
SKR_S3_HANDLER(get_bucket_website);
SKR_S3_HANDLER(get_object_lock);
SKR_S3_HANDLER(get_object_retention);
SKR_S3_HANDLER(get_ownership_controls);
SKR_S3_HANDLER(get_public_access_block);
SKR_S3_HANDLER(head_bucket);
SKR_S3_HANDLER(list_buckets);
SKR_S3_HANDLER(list_multipart_uploads);
SKR_S3_HANDLER(list_object_versions);
SKR_S3_HANDLER(list_objects);
SKR_S3_HANDLER(list_objects_v2);
SKR_S3_HANDLER(preflight);
SKR_S3_HANDLER(put_bucket_acl);
SKR_S3_HANDLER(put_bucket_cors);
SKR_S3_HANDLER(put_bucket_versioning);
SKR_S3_HANDLER(put_ownership_controls);
SKR_S3_HANDLER(put_public_access_block);
SKR_S3_HANDLER(remove_unconfigured);

#endif
