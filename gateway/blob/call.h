/* One Blob request on its way through parse, core, render. */
#ifndef SKERRY_BLOB_CALL_H
#define SKERRY_BLOB_CALL_H

#include "skerry/blob.h"
#include "skerry/core.h"
#include "skerry/encoding.h"
#include "skerry/hash.h"

struct skr_blob {
    struct skr_blob_options options;
    struct skr_face face;
};

/* The protocol's errors that core's statuses do not name. */
enum skr_blob_error {
    SKR_BLOB_INVALID_HEADER,
    SKR_BLOB_INVALID_QUERY,
    SKR_BLOB_OUT_OF_RANGE_QUERY,
    SKR_BLOB_MISSING_HEADER,
    SKR_BLOB_MISSING_QUERY,
    SKR_BLOB_INVALID_XML,
    SKR_BLOB_INVALID_XML_VALUE,
    SKR_BLOB_INVALID_URI,
    SKR_BLOB_INVALID_RESOURCE_NAME,
    SKR_BLOB_OUT_OF_RANGE_INPUT,
    SKR_BLOB_LENGTH_REQUIRED,
    SKR_BLOB_INVALID_MD5,
    SKR_BLOB_INVALID_CRC64,
    SKR_BLOB_BOTH_DIGESTS,
    SKR_BLOB_METADATA_INVALID,
    SKR_BLOB_METADATA_TOO_LARGE,
    SKR_BLOB_EMPTY_METADATA_NAME,
    SKR_BLOB_METHOD_NOT_ALLOWED,
    SKR_BLOB_NOT_IMPLEMENTED,
    SKR_BLOB_UNSUPPORTED_HEADER,
    SKR_BLOB_CANNOT_VERIFY_SOURCE,
    SKR_BLOB_SOURCE_FORBIDDEN,
    SKR_BLOB_NO_PENDING_COPY,
    SKR_BLOB_LEASE_NOT_PRESENT,
    SKR_BLOB_LEASE_NOT_PRESENT_CONTAINER,
    SKR_BLOB_RANGE_TOO_LARGE,
    SKR_BLOB_BLOCK_LIST_TOO_LONG,
    SKR_BLOB_RESOURCE_NOT_FOUND,
    SKR_BLOB_CORS_FAILED,
    SKR_BLOB_INVALID_OPERATION,
    SKR_BLOB_MULTIPLE_CONDITIONS,
    SKR_BLOB_TAG_EMPTY,
    SKR_BLOB_TAG_TWICE,
    SKR_BLOB_TAG_INVALID,
    SKR_BLOB_TAGS_TOO_LARGE,
    SKR_BLOB_TAGS_AND_SOURCE_TAGS,
    SKR_BLOB_ROOT_BLOB,
    SKR_BLOB_ERROR_COUNT
};

/* Lives in its exchange's arena. */
struct skr_call {
    const struct skr_blob *blob;
    struct skr_exchange *exchange;
    const struct skr_request *request;
    struct skr_arena *arena;
    struct skr_worker *worker;
    struct skr_target target;
    struct skr_principal principal;
    const struct skr_operation *operation;
    struct skr_object_name name; /* of the blob, with the version that was asked for */
    struct skr_conditions conditions;
    struct skr_bytes version; /* x-ms-version to answer with */
    /* what is under way; given up when the exchange closes */
    struct skr_preparation *preparation;
    struct skr_remote_listing *remote;
    struct skr_account_listing *containers;
    bool looked; /* upstream was asked for the container, or for all of them */
    struct skr_pending *pending;
    struct skr_ingest *ingest;
    struct skr_reader *reader;
    /* a body on its way in */
    struct skr_digests expected;
    struct skr_bytes block_name;
    struct skr_put put;
    /* a range on its way out */
    uint64_t offset, length;
    struct skr_object object;
    char *range_bytes; /* digested before it is sent */
    size_t range_filled;
    bool range_md5, range_crc64;
    int http_status;
    /* copies */
    struct skr_copy_source source;
    struct skr_conditions source_conditions;
    unsigned take;
    bool source_tags_allowed; /* the caller may see the source's tags */
};

/* ---- errors (errors.c) ---- */
void skr_call_fail(struct skr_call *call, enum skr_blob_error error, const char *detail_name, struct skr_bytes detail_value,
                   const char *reason);
void skr_call_refuse(struct skr_call *call, enum skr_blob_error error);
void skr_call_fail_status(struct skr_call *call, enum skr_status status);
/* 304 for call->object, whose 200 would have a body of that length: no other may be told (RFC 9110 section 8.6). */
void skr_call_not_modified(struct skr_call *call, uint64_t length);
void skr_call_fail_auth(struct skr_call *call, enum skr_auth_refusal refusal, const struct skr_error *err);
void skr_call_fail_header(struct skr_call *call, const char *header);
void skr_call_fail_query(struct skr_call *call, const char *parameter, const char *reason);
bool skr_blob_error_known(enum skr_status status); /* for tests: every status has an entry */
/* A request that never became a call. */
void skr_blob_refuse(void *context, struct skr_exchange *exchange, int http_status, enum skr_status status);

/* ---- response headers (headers.c) ---- */
void skr_call_common_headers(struct skr_call *call);
void skr_call_etag_headers(struct skr_call *call, struct skr_bytes etag, int64_t modified_ns);
void skr_call_date_header(struct skr_call *call, const char *name, int64_t unix_ns);
void skr_call_metadata_headers(struct skr_call *call, const struct skr_name_value *metadata, size_t count);
void skr_call_md5_header(struct skr_call *call, const char *name, const uint8_t md5[16]);
void skr_call_crc64_header(struct skr_call *call, uint64_t crc64);
/* All that GET and HEAD of a blob say of it. `ranged`: its MD5 goes into x-ms-blob-content-md5. */
void skr_call_object_headers(struct skr_call *call, const struct skr_object *object, bool ranged);
/* When the tier was set. False: never. */
bool skr_tier_time(const struct skr_object *object, int64_t *unix_ns);
/* Replies without a body. */
void skr_call_reply(struct skr_call *call, int http_status);
/* Replies with XML that lies in malloc'd memory of a writer: see skerry/xml.h. */

/* ---- parameters (parameters.c): false: the call was answered with an error ---- */
bool skr_call_conditions(struct skr_call *call);
bool skr_call_metadata(struct skr_call *call, const struct skr_name_value **metadata, size_t *count);
/* x-ms-blob-content-* and, for Put Blob, the plain Content-* of the request. */
bool skr_call_content_properties(struct skr_call *call, bool plain_too, struct skr_bytes properties[SKR_PROPERTY_COUNT]);
/* Digests that the request announces for its body. */
bool skr_call_digests(struct skr_call *call, const char *md5_header, const char *crc64_header, struct skr_digests *out);
bool skr_call_timeout(struct skr_call *call);     /* the parameter's form; no operation waits so long that it would matter */
bool skr_call_unsupported(struct skr_call *call); /* true: it asks for what is not there, and was answered */
struct skr_bytes skr_call_header(const struct skr_call *call, const char *name);
struct skr_bytes skr_call_query(const struct skr_call *call, const char *name);
uint64_t skr_call_body_length(const struct skr_call *call); /* SKR_SIZE_ANY when chunked */

/* ---- target (target.c) ---- */
enum skr_target_problem { SKR_TARGET_OK, SKR_TARGET_BAD_URI, SKR_TARGET_BAD_NAME, SKR_TARGET_TOO_LONG };
enum skr_target_problem skr_target_parse(struct skr_arena *arena, const struct skr_accounts *accounts,
                                         struct skr_bytes raw_path, struct skr_bytes host, struct skr_target *out);
/* "account.blob.example.net" without a known account in front. */
struct skr_bytes skr_host_without_account(const struct skr_accounts *accounts, struct skr_bytes host);
bool skr_container_name_is_valid(struct skr_bytes name);
bool skr_container_name_length_is_valid(struct skr_bytes name);

/* ---- operations (operations.c) ---- */
extern const struct skr_operation skr_blob_rows[];
extern const size_t skr_blob_row_count;

/* ---- versions (versions.c) ---- */
struct skr_bytes skr_version_id(struct skr_arena *arena, int64_t version_ns);
bool skr_version_id_parse(struct skr_bytes text, struct skr_version *out);
/* versionid of the query, into call->name. False: answered. */
bool skr_call_version_parameter(struct skr_call *call);
/* x-ms-version-id where the container keeps versions or did; of what is read also whether it is the current one. */
void skr_call_version_headers(struct skr_call *call, const struct skr_object *object, bool reading);

/* ---- cross-origin requests (cors.c) ---- */
/* What the answer tells a browser, by the account's rules. */
void skr_call_cors(struct skr_call *call);

/* ---- who asks (face.c) ---- */
/* For the request itself, and for the source of a copy, which is a request of its own. */
enum skr_auth_refusal skr_call_authenticate(struct skr_call *call, const struct skr_request *request,
                                            const struct skr_target *target, struct skr_principal *out, struct skr_error *err);
int skr_call_public_access(struct skr_call *call, const struct skr_target *target);

/* ---- shared by handlers ---- */
/* The account's service properties as they were set, or what holds as long as they never were. In the arena (service.c). */
enum skr_status skr_call_service_properties(struct skr_call *call, struct skr_bytes *document);
/* Ends the call with core's outcome when it failed: false. */
bool skr_call_settled(struct skr_call *call, const struct skr_result *result);
/* Remembers what is under way; a NULL pending is answered. */
void skr_call_wait(struct skr_call *call, struct skr_pending *pending);
/* Receives the body into call->ingest, then calls `done` with its outcome. */
void skr_call_ingest(struct skr_call *call, const struct skr_object_name *block_of, bool md5, uint64_t limit,
                     void (*done)(struct skr_call *call));
/* A document that was received: has it the digests in call->expected? False: answered. Then call->expected.crc64 is the
 * document's (blocks.c). */
bool skr_call_document_matches(struct skr_call *call, struct skr_bytes body);
bool skr_source_parse(struct skr_call *call); /* copy_source.c: x-ms-copy-source and its conditions */
/* Is that host this server, as the request lets one see? */
bool skr_host_is_here(const struct skr_accounts *accounts, const struct skr_request *request, bool https, struct skr_bytes host,
                      struct skr_bytes port);

/* Handlers, one a row. */
#define SKR_HANDLER(name) void skr_blob_##name(void *context)
SKR_HANDLER(list_containers);
SKR_HANDLER(get_service_properties);
SKR_HANDLER(set_service_properties);
SKR_HANDLER(get_service_stats);
SKR_HANDLER(get_account_information);
SKR_HANDLER(preflight);
SKR_HANDLER(create_container);
SKR_HANDLER(get_container);
SKR_HANDLER(delete_container);
SKR_HANDLER(set_container_metadata);
SKR_HANDLER(get_container_acl);
SKR_HANDLER(set_container_acl);
SKR_HANDLER(list_blobs);
SKR_HANDLER(put_blob);
SKR_HANDLER(put_block);
SKR_HANDLER(put_block_list);
SKR_HANDLER(get_block_list);
SKR_HANDLER(get_blob);
SKR_HANDLER(get_blob_properties);
SKR_HANDLER(get_blob_metadata);
SKR_HANDLER(set_blob_properties);
SKR_HANDLER(set_blob_metadata);
SKR_HANDLER(set_blob_tier);
SKR_HANDLER(delete_blob);
SKR_HANDLER(delete_version);
SKR_HANDLER(get_blob_tags);
SKR_HANDLER(set_blob_tags);
SKR_HANDLER(copy_blob);
SKR_HANDLER(abort_copy);
SKR_HANDLER(put_blob_from_url);
SKR_HANDLER(put_block_from_url);
SKR_HANDLER(not_implemented);

#endif
