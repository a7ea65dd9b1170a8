/* The protocol's errors. */
#ifndef SKERRY_S3_ERRORS_H
#define SKERRY_S3_ERRORS_H

#include "skerry/auth.h"
#include "skerry/status.h"

struct skr_s3_call;

/* Errors that core's statuses do not name. */
enum skr_s3_error {
    SKR_S3_ACCESS_DENIED,
    SKR_S3_ACL_NOT_SUPPORTED,
    SKR_S3_BAD_DIGEST,
    SKR_S3_BAD_REQUEST,
    SKR_S3_BUCKET_ALREADY_EXISTS,
    SKR_S3_BUCKET_ALREADY_OWNED,
    SKR_S3_ENTITY_TOO_LARGE,
    SKR_S3_ENTITY_TOO_SMALL,
    SKR_S3_ILLEGAL_LOCATION,
    SKR_S3_ILLEGAL_VERSIONING,
    SKR_S3_INCOMPLETE_BODY,
    SKR_S3_INCORRECT_NUMBER_OF_FILES,
    SKR_S3_INVALID_ACL,
    SKR_S3_INVALID_ACL_WITH_OWNERSHIP,
    SKR_S3_INVALID_ARGUMENT,
    SKR_S3_INVALID_BUCKET_NAME,
    SKR_S3_INVALID_BUCKET_STATE,
    SKR_S3_INVALID_DIGEST,
    SKR_S3_INVALID_PART,
    SKR_S3_INVALID_PART_NUMBER,
    SKR_S3_INVALID_PART_ORDER,
    SKR_S3_INVALID_RANGE,
    SKR_S3_INVALID_REQUEST,
    SKR_S3_INVALID_STORAGE_CLASS,
    SKR_S3_INVALID_TAG,
    SKR_S3_INVALID_URI,
    SKR_S3_KEY_TOO_LONG,
    SKR_S3_MALFORMED_ACL,
    SKR_S3_MALFORMED_POST,
    SKR_S3_MALFORMED_TRAILER,
    SKR_S3_MALFORMED_XML,
    SKR_S3_MAX_POST_PRE_DATA_LENGTH,
    SKR_S3_METADATA_TOO_LARGE,
    SKR_S3_METHOD_NOT_ALLOWED,
    SKR_S3_MISSING_CONTENT_LENGTH,
    SKR_S3_MISSING_REQUEST_BODY,
    SKR_S3_MISSING_CONTENT_MD5,
    SKR_S3_MISSING_SECURITY_HEADER,
    SKR_S3_NO_OBJECT_LOCK,
    SKR_S3_NO_SUCH_BUCKET,
    SKR_S3_NO_SUCH_CORS,
    SKR_S3_NO_SUCH_ENCRYPTION,
    SKR_S3_NO_SUCH_KEY,
    SKR_S3_NO_SUCH_LIFECYCLE,
    SKR_S3_NO_SUCH_OBJECT_LOCK,
    SKR_S3_NO_SUCH_OWNERSHIP,
    SKR_S3_NO_SUCH_POLICY,
    SKR_S3_NO_SUCH_PUBLIC_ACCESS_BLOCK,
    SKR_S3_NO_SUCH_REPLICATION,
    SKR_S3_NO_SUCH_TAG_SET,
    SKR_S3_NO_SUCH_UPLOAD,
    SKR_S3_NO_SUCH_VERSION,
    SKR_S3_NO_SUCH_WEBSITE,
    SKR_S3_NOT_IMPLEMENTED,
    SKR_S3_PRECONDITION_FAILED,
    SKR_S3_SHA256_MISMATCH,
    SKR_S3_SIGNATURE_MISMATCH,
    SKR_S3_TOO_MANY_TAGS,
    SKR_S3_USER_KEY_MISSING,
    SKR_S3_CORS_FORBIDDEN,
    SKR_S3_ERROR_COUNT
};

/* One more element of the error document: <NAME>VALUE</NAME>. */
struct skr_s3_detail {
    const char *name;
    struct skr_bytes value;
};
#define SKR_S3_NO_DETAIL ((struct skr_s3_detail){.name = NULL})

void skr_s3_refuse(struct skr_s3_call *call, enum skr_s3_error error);
/* Of a body that should have been a document: MalformedXML, or that there is none. */
void skr_s3_refuse_document(struct skr_s3_call *call, struct skr_bytes document);
/* With a message of its own (NULL: the table's) and up to two details (name NULL: none). */
void skr_s3_fail(struct skr_s3_call *call, enum skr_s3_error error, const char *message, struct skr_s3_detail first,
                 struct skr_s3_detail second);
/* An argument that is not valid: InvalidArgument with ArgumentName and ArgumentValue. */
void skr_s3_fail_argument(struct skr_s3_call *call, const char *message, const char *argument, struct skr_bytes value);
void skr_s3_fail_status(struct skr_s3_call *call, enum skr_status status);
void skr_s3_fail_auth(struct skr_s3_call *call, enum skr_auth_refusal refusal, const struct skr_error *err);
void skr_s3_fail_body(struct skr_s3_call *call, enum skr_s3_body_problem problem);
/* The code and message that a status has inside a document (multi-delete). */
const char *skr_s3_status_code(enum skr_status status, const char **message);
bool skr_s3_error_known(enum skr_status status); /* for tests: every status has an entry */
/* A request that never became a call. */
void skr_s3_refuse_exchange(void *context, struct skr_exchange *exchange, int http_status, enum skr_status status);

#endif
