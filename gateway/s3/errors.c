/* The protocol's errors: one table for core's statuses, one for refusals of authentication, one for what only this protocol
 * knows. Source: "Amazon S3 API Reference", Error responses. */
#include "errors.h"

#include <stdio.h>

#include "call.h"

struct skr_s3_error_entry {
    int http_status;
    const char *code, *message;
};

static const struct skr_s3_error_entry skr_s3_status_errors[SKR_STATUS_COUNT] = {
    [SKR_INVALID_ARGUMENT] = {400, "InvalidRequest", "The request is not valid."},
    [SKR_INVALID_NAME] = {400, "InvalidArgument", "The key contains characters that are not allowed."},
    [SKR_NAME_TOO_LONG] = {400, "KeyTooLongError", "Your key is too long"},
    [SKR_INVALID_RANGE] = {416, "InvalidRange", "The requested range is not satisfiable"},
    [SKR_INVALID_BLOCK_ID] = {400, "InvalidPart", "One or more of the specified parts could not be found."},
    [SKR_INVALID_BLOCK_LIST] = {400, "InvalidPart", "One or more of the specified parts could not be found."},
    [SKR_TOO_MANY_BLOCKS] = {400, "InvalidArgument", "There are too many parts."},
    [SKR_TOO_LARGE] = {400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"},
    [SKR_CHECKSUM_MISMATCH_MD5] = {400, "BadDigest", "The Content-MD5 you specified did not match what we received."},
    [SKR_CHECKSUM_MISMATCH_CRC64] = {400, "BadDigest", "The checksum you specified did not match what we received."},
    [SKR_CHECKSUM_MISMATCH] = {400, "BadDigest", "The checksum you specified did not match what we received."},
    [SKR_INVALID_PART] = {400, "InvalidPart",
                          "One or more of the specified parts could not be found. The part may not have been uploaded, or the "
                          "specified entity tag may not match the part's entity tag."},
    [SKR_PART_TOO_SMALL] = {400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size"},
    [SKR_ACCOUNT_NOT_FOUND] = {403, "AccessDenied", "Access Denied"},
    [SKR_CONTAINER_NOT_FOUND] = {404, "NoSuchBucket", "The specified bucket does not exist"},
    [SKR_CONTAINER_EXISTS] = {409, "BucketAlreadyOwnedByYou",
                              "Your previous request to create the named bucket succeeded and you already own it."},
    [SKR_CONTAINER_NOT_EMPTY] = {409, "BucketNotEmpty", "The bucket you tried to delete is not empty"},
    [SKR_OBJECT_NOT_FOUND] = {404, "NoSuchKey", "The specified key does not exist."},
    [SKR_OBJECT_EXISTS] = {412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"},
    [SKR_VERSION_NOT_FOUND] = {404, "NoSuchVersion", "The specified version does not exist."},
    [SKR_IS_DELETE_MARKER] = {405, "MethodNotAllowed", "The specified method is not allowed against this resource."},
    [SKR_UPLOAD_NOT_FOUND] = {404, "NoSuchUpload",
                              "The specified multipart upload does not exist. The upload ID may be invalid, or the upload may "
                              "have been aborted or completed."},
    [SKR_SOURCE_NOT_FOUND] = {404, "NoSuchKey", "The specified key does not exist."},
    [SKR_NOT_FOUND] = {404, "NoSuchKey", "The specified key does not exist."},
    [SKR_IS_A_DIRECTORY] = {409, "InvalidRequest", "The specified key is a directory."},
    [SKR_NOT_A_DIRECTORY] = {409, "InvalidRequest", "The specified key is not a directory."},
    [SKR_DIRECTORY_NOT_EMPTY] = {409, "InvalidRequest", "The specified directory is not empty."},
    [SKR_OTHER_CONTAINER] = {400, "InvalidRequest", "The specified key cannot be moved there."},
    [SKR_CONDITION_FAILED] = {412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"},
    [SKR_NOT_MODIFIED] = {412, "PreconditionFailed", /* a 304 is skr_s3_open_object's */
                          "At least one of the pre-conditions you specified did not hold"},
    [SKR_SOURCE_CONDITION_FAILED] = {412, "PreconditionFailed",
                                     "At least one of the pre-conditions you specified did not hold"},
    [SKR_UNAUTHENTICATED] = {403, "AccessDenied", "Access Denied"},
    [SKR_FORBIDDEN] = {403, "AccessDenied", "Access Denied"},
    [SKR_NO_SPACE] = {507, "InsufficientStorage",
                      "There is no room left on this server: delete something, or make its disk larger. Reading goes on."},
    [SKR_READ_ONLY] = {503, "ServiceUnavailable",
                       "The server could not make data durable and takes no more writes until its operator has restarted it. "
                       "Reading goes on."},
    [SKR_IO] = {500, "InternalError", "We encountered an internal error. Please try again."},
    [SKR_CORRUPT] = {500, "InternalError", "The stored data does not match its checksum and is not served."},
    [SKR_NO_MEMORY] = {503, "SlowDown", "Please reduce your request rate."},
    [SKR_NO_DESCRIPTORS] = {503, "SlowDown", "Please reduce your request rate."},
    [SKR_UPSTREAM_FAILED] = {503, "ServiceUnavailable", "The storage behind this bucket does not answer. Please try again."},
    [SKR_CONTAINER_BOUND] = {409, "InvalidBucketState", "This bucket is bound to storage elsewhere: detach it first."},
    [SKR_CONTAINER_DIRTY] = {409, "InvalidBucketState",
                             "Changes of this bucket wait to be sent to storage elsewhere: flush it first."},
    [SKR_BOUND_READ_ONLY] = {403, "AccessDenied", "This bucket shows storage elsewhere, and is bound to it for reading only."},
    [SKR_BUSY] = {503, "SlowDown", "Please reduce your request rate."},
    [SKR_DIRTY_FULL] = {503, "SlowDown", "Too much waits to be uploaded to the storage behind this bucket. Please try again."},
    [SKR_CANCELLED] = {503, "ServiceUnavailable", "The server is shutting down."},
    [SKR_UNSUPPORTED] = {501, "NotImplemented",
                         "A header or operation you provided implies functionality that is not implemented"},
    [SKR_FORMAT_TOO_NEW] = {500, "InternalError", "We encountered an internal error. Please try again."},
    [SKR_INTERNAL] = {500, "InternalError", "We encountered an internal error. Please try again."},
};

static const struct skr_s3_error_entry skr_s3_auth_errors[SKR_AUTH_REFUSAL_COUNT] = {
    [SKR_AUTH_FAILED] = {403, "AccessDenied", "Access Denied"},
    [SKR_AUTH_MISSING] = {403, "AccessDenied", "Access Denied"},
    [SKR_AUTH_ACCOUNT_UNKNOWN] = {403, "AccessDenied", "Access Denied"},
    [SKR_AUTH_PERMISSION_MISMATCH] = {403, "AccessDenied", "Access Denied"},
    [SKR_AUTH_PUBLIC_ACCESS_DENIED] = {403, "AccessDenied", "Access Denied"},
    [SKR_AUTH_ACCESS_KEY_UNKNOWN] = {403, "InvalidAccessKeyId",
                                     "The AWS Access Key Id you provided does not exist in our records."},
    [SKR_AUTH_SIGNATURE_MISMATCH] =
        {403, "SignatureDoesNotMatch",
         "The request signature we calculated does not match the signature you provided. Check your key and signing method."},
    [SKR_AUTH_TIME_SKEWED] = {403, "RequestTimeTooSkewed",
                              "The difference between the request time and the current time is too large."},
    [SKR_AUTH_EXPIRED] = {403, "AccessDenied", "Request has expired"},
    [SKR_AUTH_NOT_YET_VALID] = {403, "AccessDenied", "Request is not valid yet"},
    [SKR_AUTH_DATE_MISSING] = {403, "AccessDenied", "AWS authentication requires a valid Date or x-amz-date header"},
    /* Amazon answers 400 here; a wrong region is a wrong signature, and clients look for the code and the Region. */
    [SKR_AUTH_SCOPE_WRONG] = {403, "AuthorizationHeaderMalformed",
                              "The authorization header is malformed; the credential's scope is wrong."},
    [SKR_AUTH_QUERY_SCOPE_WRONG] = {403, "AuthorizationQueryParametersError",
                                    "Error parsing the X-Amz-Credential parameter; the credential's scope is wrong."},
    [SKR_AUTH_HEADER_MALFORMED] = {400, "AuthorizationHeaderMalformed",
                                   "The authorization header that you provided is not valid."},
    [SKR_AUTH_QUERY_MALFORMED] = {400, "AuthorizationQueryParametersError",
                                  "The authorization query parameters that you provided are not valid."},
    [SKR_AUTH_SIGNATURE_VERSION] =
        {400, "InvalidRequest", "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."},
    [SKR_AUTH_PAYLOAD_HASH_MISSING] = {400, "InvalidRequest", "Missing required header for this request: x-amz-content-sha256"},
    [SKR_AUTH_PAYLOAD_HASH_MALFORMED] =
        {400, "InvalidArgument",
         "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
         "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER, STREAMING-UNSIGNED-PAYLOAD-TRAILER, or a valid sha256 value."},
    [SKR_AUTH_UNSIGNED_HEADER] = {403, "AccessDenied", "There were headers present in the request which were not signed"},
    [SKR_AUTH_TOKEN_INVALID] = {400, "InvalidToken", "The provided token is malformed or otherwise invalid."},
    [SKR_AUTH_FORM_FIELD] = {400, "InvalidArgument", "A field of the form is missing or not valid."},
    [SKR_AUTH_POLICY_MALFORMED] = {400, "InvalidPolicyDocument",
                                   "The content of the form does not meet the conditions specified in the policy document."},
    [SKR_AUTH_POLICY_FAILED] = {403, "AccessDenied", "Invalid according to Policy"},
    [SKR_AUTH_DECODED_LENGTH_MISSING] = {411, "MissingContentLength", "You must provide the Content-Length HTTP header."},
};

static const struct skr_s3_error_entry skr_s3_errors[SKR_S3_ERROR_COUNT] = {
    [SKR_S3_ACCESS_DENIED] = {403, "AccessDenied", "Access Denied"},
    [SKR_S3_ACL_NOT_SUPPORTED] = {400, "AccessControlListNotSupported", "The bucket does not allow ACLs"},
    [SKR_S3_BAD_DIGEST] = {400, "BadDigest", "The Content-MD5 you specified did not match what we received."},
    [SKR_S3_BAD_REQUEST] = {400, "BadRequest", "The request is not valid."},
    [SKR_S3_BUCKET_ALREADY_EXISTS] = {409, "BucketAlreadyExists",
                                      "The requested bucket name is not available. The bucket namespace is shared by all users "
                                      "of the system. Please select a different name and try again."},
    [SKR_S3_BUCKET_ALREADY_OWNED] = {409, "BucketAlreadyOwnedByYou",
                                     "Your previous request to create the named bucket succeeded and you already own it."},
    [SKR_S3_ENTITY_TOO_LARGE] = {400, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"},
    [SKR_S3_ENTITY_TOO_SMALL] = {400, "EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size"},
    [SKR_S3_ILLEGAL_LOCATION] = {400, "IllegalLocationConstraintException", "The specified location-constraint is not valid"},
    [SKR_S3_ILLEGAL_VERSIONING] = {400, "IllegalVersioningConfigurationException",
                                   "The versioning configuration specified in the request is invalid."},
    [SKR_S3_INCOMPLETE_BODY] = {400, "IncompleteBody",
                                "You did not provide the number of bytes specified by the Content-Length HTTP header"},
    [SKR_S3_INCORRECT_NUMBER_OF_FILES] = {400, "IncorrectNumberOfFilesInPostRequest",
                                          "POST requires exactly one file upload per request."},
    [SKR_S3_INVALID_ACL] = {400, "InvalidArgument", "The canned ACL is not valid."},
    [SKR_S3_INVALID_ACL_WITH_OWNERSHIP] = {400, "InvalidBucketAclWithObjectOwnership",
                                           "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"},
    [SKR_S3_INVALID_ARGUMENT] = {400, "InvalidArgument", "Invalid Argument"},
    [SKR_S3_INVALID_BUCKET_NAME] = {400, "InvalidBucketName", "The specified bucket is not valid."},
    [SKR_S3_INVALID_BUCKET_STATE] = {409, "InvalidBucketState",
                                     "The request is not valid for the current state of the bucket."},
    [SKR_S3_INVALID_DIGEST] = {400, "InvalidDigest", "The Content-MD5 you specified was invalid."},
    [SKR_S3_INVALID_PART] = {400, "InvalidPart",
                             "One or more of the specified parts could not be found. The part may not have been uploaded, or "
                             "the specified entity tag may not match the part's entity tag."},
    [SKR_S3_INVALID_PART_NUMBER] = {416, "InvalidPartNumber", "The requested partnumber is not satisfiable"},
    [SKR_S3_INVALID_PART_ORDER] = {400, "InvalidPartOrder",
                                   "The list of parts was not in ascending order. Parts must be ordered by part number."},
    [SKR_S3_INVALID_RANGE] = {416, "InvalidRange", "The requested range is not satisfiable"},
    [SKR_S3_INVALID_REQUEST] = {400, "InvalidRequest", "The request is not valid."},
    [SKR_S3_INVALID_STORAGE_CLASS] = {400, "InvalidStorageClass", "The storage class you specified is not valid"},
    [SKR_S3_INVALID_TAG] = {400, "InvalidTag", "The tag provided was not a valid tag."},
    [SKR_S3_INVALID_URI] = {400, "InvalidURI", "Couldn't parse the specified URI."},
    [SKR_S3_KEY_TOO_LONG] = {400, "KeyTooLongError", "Your key is too long"},
    [SKR_S3_MALFORMED_ACL] = {400, "MalformedACLError",
                              "The XML you provided was not well-formed or did not validate against our published schema"},
    [SKR_S3_MALFORMED_POST] = {400, "MalformedPOSTRequest",
                               "The body of your POST request is not well-formed multipart/form-data."},
    [SKR_S3_MALFORMED_TRAILER] =
        {400, "MalformedTrailerError",
         "The request contained trailing data that was not well-formed or did not conform to our published schema."},
    [SKR_S3_MALFORMED_XML] = {400, "MalformedXML",
                              "The XML you provided was not well-formed or did not validate against our published schema"},
    [SKR_S3_MAX_POST_PRE_DATA_LENGTH] = {400, "MaxPostPreDataLengthExceededError",
                                         "Your POST request fields preceding the upload file were too large."},
    [SKR_S3_METADATA_TOO_LARGE] = {400, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size"},
    [SKR_S3_METHOD_NOT_ALLOWED] = {405, "MethodNotAllowed", "The specified method is not allowed against this resource."},
    [SKR_S3_MISSING_CONTENT_LENGTH] = {411, "MissingContentLength", "You must provide the Content-Length HTTP header."},
    [SKR_S3_MISSING_REQUEST_BODY] = {400, "MissingRequestBodyError", "Request body is empty."},
    [SKR_S3_MISSING_CONTENT_MD5] = {400, "InvalidRequest",
                                    "Missing required header for this request: Content-MD5 OR x-amz-checksum-*"},
    [SKR_S3_MISSING_SECURITY_HEADER] = {400, "MissingSecurityHeader", "Your request was missing a required header"},
    [SKR_S3_NO_SUCH_BUCKET] = {404, "NoSuchBucket", "The specified bucket does not exist"},
    [SKR_S3_NO_SUCH_CORS] = {404, "NoSuchCORSConfiguration", "The CORS configuration does not exist"},
    [SKR_S3_NO_SUCH_ENCRYPTION] = {404, "ServerSideEncryptionConfigurationNotFoundError",
                                   "The server side encryption configuration was not found"},
    [SKR_S3_NO_SUCH_KEY] = {404, "NoSuchKey", "The specified key does not exist."},
    [SKR_S3_NO_SUCH_LIFECYCLE] = {404, "NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist"},
    [SKR_S3_NO_SUCH_OBJECT_LOCK] = {404, "ObjectLockConfigurationNotFoundError",
                                    "Object Lock configuration does not exist for this bucket"},
    [SKR_S3_NO_OBJECT_LOCK] = {400, "InvalidRequest", "Bucket is missing Object Lock Configuration"},
    [SKR_S3_NO_SUCH_OWNERSHIP] = {404, "OwnershipControlsNotFoundError", "The bucket ownership controls were not found"},
    [SKR_S3_NO_SUCH_POLICY] = {404, "NoSuchBucketPolicy", "The bucket policy does not exist"},
    [SKR_S3_NO_SUCH_PUBLIC_ACCESS_BLOCK] = {404, "NoSuchPublicAccessBlockConfiguration",
                                            "The public access block configuration was not found"},
    [SKR_S3_NO_SUCH_REPLICATION] = {404, "ReplicationConfigurationNotFoundError",
                                    "The replication configuration was not found"},
    [SKR_S3_NO_SUCH_TAG_SET] = {404, "NoSuchTagSet", "The TagSet does not exist"},
    [SKR_S3_NO_SUCH_UPLOAD] = {404, "NoSuchUpload",
                               "The specified multipart upload does not exist. The upload ID may be invalid, or the upload may "
                               "have been aborted or completed."},
    [SKR_S3_NO_SUCH_VERSION] = {404, "NoSuchVersion", "The specified version does not exist."},
    [SKR_S3_NO_SUCH_WEBSITE] = {404, "NoSuchWebsiteConfiguration",
                                "The specified bucket does not have a website configuration"},
    [SKR_S3_NOT_IMPLEMENTED] = {501, "NotImplemented",
                                "A header or operation you provided implies functionality that is not implemented"},
    [SKR_S3_PRECONDITION_FAILED] = {412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold"},
    [SKR_S3_SHA256_MISMATCH] = {400, "XAmzContentSHA256Mismatch",
                                "The provided 'x-amz-content-sha256' header does not match what was computed."},
    [SKR_S3_SIGNATURE_MISMATCH] =
        {403, "SignatureDoesNotMatch",
         "The request signature we calculated does not match the signature you provided. Check your key and signing method."},
    [SKR_S3_TOO_MANY_TAGS] = {400, "BadRequest", "There are too many tags."},
    [SKR_S3_USER_KEY_MISSING] =
        {400, "UserKeyMustBeSpecified",
         "The bucket POST must contain the specified field name. If it is specified, check the order of "
         "the fields."},
    [SKR_S3_CORS_FORBIDDEN] =
        {403, "AccessForbidden",
         "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / "
         "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec."},
};

bool skr_s3_error_known(enum skr_status status)
{
    return status == SKR_OK || status == SKR_PENDING || skr_s3_status_errors[status].http_status != 0;
}

const char *skr_s3_status_code(enum skr_status status, const char **message)
{
    const struct skr_s3_error_entry *entry =
        &skr_s3_status_errors[skr_s3_error_known(status) && status > SKR_PENDING ? status : SKR_INTERNAL];
    *message = entry->message;
    return entry->code;
}

/* ---- rendering ---- */

static void skr_s3_send_error(struct skr_exchange *exchange, const struct skr_s3_error_entry *entry, const char *message,
                              const struct skr_s3_detail *details, size_t detail_count)
{
    struct skr_xml xml;
    const struct skr_request *request = skr_exchange_request(exchange);
    skr_xml_open(&xml);
    skr_xml_begin(&xml, "Error");
    skr_xml_element(&xml, "Code", skr_text(entry->code));
    skr_xml_element(&xml, "Message", skr_text(message != NULL ? message : entry->message));
    for (size_t i = 0; i < detail_count; i++)
        if (details[i].name != NULL)
            skr_xml_element(&xml, details[i].name, details[i].value);
    if (request != NULL)
        skr_xml_element(&xml, "Resource", request->uri.raw_path);
    skr_xml_element(&xml, "RequestId", skr_exchange_id(exchange));
    skr_xml_element(&xml, "HostId", skr_exchange_id(exchange));
    skr_xml_end(&xml, "Error");
    skr_exchange_header(exchange, "Content-Type", SKR_BYTES("application/xml"));
    skr_exchange_send(exchange, entry->http_status, skr_xml_bytes(&xml), false);
    skr_xml_close(&xml);
}

void skr_s3_fail(struct skr_s3_call *call, enum skr_s3_error error, const char *message, struct skr_s3_detail first,
                 struct skr_s3_detail second)
{
    struct skr_s3_detail details[2] = {first, second};
    skr_s3_common_headers(call);
    skr_s3_send_error(call->exchange, &skr_s3_errors[error], message, details, 2);
}

void skr_s3_refuse(struct skr_s3_call *call, enum skr_s3_error error)
{
    struct skr_s3_detail none = SKR_S3_NO_DETAIL;
    skr_s3_fail(call, error, NULL, none, none);
}

void skr_s3_refuse_document(struct skr_s3_call *call, struct skr_bytes document)
{
    skr_s3_refuse(call, document.size == 0 ? SKR_S3_MISSING_REQUEST_BODY : SKR_S3_MALFORMED_XML);
}

void skr_s3_fail_argument(struct skr_s3_call *call, const char *message, const char *argument, struct skr_bytes value)
{
    skr_s3_fail(call, SKR_S3_INVALID_ARGUMENT, message, (struct skr_s3_detail){"ArgumentName", skr_text(argument)},
                (struct skr_s3_detail){"ArgumentValue", value});
}

void skr_s3_fail_status(struct skr_s3_call *call, enum skr_status status)
{
    const struct skr_s3_error_entry *entry = &skr_s3_status_errors[skr_s3_error_known(status) ? status : SKR_INTERNAL];
    struct skr_s3_detail detail = SKR_S3_NO_DETAIL;
    if (status == SKR_CONTAINER_NOT_FOUND || status == SKR_CONTAINER_NOT_EMPTY || status == SKR_CONTAINER_EXISTS)
        detail = (struct skr_s3_detail){"BucketName", call->target.container};
    else if (status == SKR_OBJECT_NOT_FOUND || status == SKR_VERSION_NOT_FOUND)
        detail = (struct skr_s3_detail){"Key", call->target.object};
    skr_s3_common_headers(call);
    if (status == SKR_UPSTREAM_FAILED)
        skr_exchange_header(call->exchange, "Retry-After", SKR_BYTES(SKR_UPSTREAM_RETRY_AFTER_S));
    skr_s3_send_error(call->exchange, entry, NULL, &detail, 1);
}

void skr_s3_fail_auth(struct skr_s3_call *call, enum skr_auth_refusal refusal, const struct skr_error *err)
{
    const struct skr_s3_error_entry *entry = &skr_s3_auth_errors[refusal];
    static const struct skr_s3_error_entry denied = {403, "AccessDenied", "Access Denied"};
    struct skr_s3_detail detail = SKR_S3_NO_DETAIL;
    bool scope = refusal == SKR_AUTH_SCOPE_WRONG || refusal == SKR_AUTH_QUERY_SCOPE_WRONG;
    if (scope && !skr_bytes_equal(call->s3->options.region, SKR_BYTES("*"))) /* clients sign anew with what stands there */
        detail = (struct skr_s3_detail){"Region", call->s3->options.region};
    skr_s3_common_headers(call);
    skr_s3_send_error(call->exchange, entry->http_status != 0 ? entry : &denied, err->message[0] != '\0' ? err->message : NULL,
                      &detail, 1);
}

void skr_s3_fail_body(struct skr_s3_call *call, enum skr_s3_body_problem problem)
{
    static const enum skr_s3_error errors[] = {
        [SKR_S3_BODY_MALFORMED] = SKR_S3_INCOMPLETE_BODY,
        [SKR_S3_BODY_INCOMPLETE] = SKR_S3_INCOMPLETE_BODY,
        [SKR_S3_BODY_SIGNATURE_MISMATCH] = SKR_S3_SIGNATURE_MISMATCH,
        [SKR_S3_BODY_HASH_MISMATCH] = SKR_S3_SHA256_MISMATCH,
        [SKR_S3_BODY_TRAILER_MALFORMED] = SKR_S3_MALFORMED_TRAILER,
    };
    if (problem == SKR_S3_BODY_NO_MEMORY)
        skr_s3_fail_status(call, SKR_NO_MEMORY);
    else
        skr_s3_refuse(call, errors[problem]);
}

void skr_s3_refuse_exchange(void *context, struct skr_exchange *exchange, int http_status, enum skr_status status)
{
    static const struct skr_s3_error_entry entries[] = {
        {400, "BadRequest", "An error occurred when parsing the HTTP request."},
        {408, "RequestTimeout",
         "Your socket connection to the server was not read from or written to within the timeout period."},
        {413, "EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"},
        {414, "InvalidURI", "The URI is too long."},
        {431, "RequestHeaderSectionTooLarge", "Your request header section exceeds the maximum allowed size."},
        {503, "SlowDown", "Please reduce your request rate."},
        {505, "BadRequest", "The version of HTTP is not supported."},
    };
    struct skr_s3_error_entry entry = {http_status, "BadRequest", "The request cannot be served."};
    (void)context, (void)status;
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (entries[i].http_status == http_status)
            entry = entries[i];
    skr_exchange_header(exchange, "x-amz-request-id", skr_exchange_id(exchange));
    skr_s3_send_error(exchange, &entry, NULL, NULL, 0);
}
