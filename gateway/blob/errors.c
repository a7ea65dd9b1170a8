/* The protocol's errors: one table for core's statuses, one for refusals of authentication, one for what only this protocol
 * knows. Source: "Common REST API error codes", "Blob service error codes". */
#include <stdio.h>
#include <time.h>

#include "call.h"
#include "skerry/xml.h"

struct skr_error_entry {
    int http_status;
    const char *code, *message;
};

static const struct skr_error_entry skr_status_errors[SKR_STATUS_COUNT] = {
    [SKR_INVALID_ARGUMENT] = {400, "InvalidInput", "One of the request inputs is not valid."},
    [SKR_INVALID_NAME] = {400, "InvalidResourceName", "The specified resource name contains invalid characters."},
    [SKR_NAME_TOO_LONG] = {400, "OutOfRangeInput", "The specified resource name length is not within the permissible limits."},
    [SKR_INVALID_RANGE] = {416, "InvalidRange", "The range specified is invalid for the current size of the resource."},
    [SKR_INVALID_BLOCK_ID] = {400, "InvalidBlobOrBlock", "The specified blob or block content is invalid."},
    [SKR_INVALID_BLOCK_LIST] = {400, "InvalidBlockList", "The specified block list is invalid."},
    [SKR_TOO_MANY_BLOCKS] = {409, "BlockCountExceedsLimit",
                             "The committed or uncommitted block count cannot exceed the maximum limit."},
    [SKR_TOO_LARGE] = {413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit."},
    [SKR_CHECKSUM_MISMATCH_MD5] =
        {400, "Md5Mismatch",
         "The MD5 value specified in the request did not match with the MD5 value calculated by the server."},
    [SKR_CHECKSUM_MISMATCH_CRC64] =
        {400, "Crc64Mismatch",
         "The CRC64 value specified in the request did not match with the CRC64 value calculated by the server."},
    [SKR_CHECKSUM_MISMATCH] = {400, "InvalidInput",
                               "The checksum specified in the request did not match with the one calculated by the server."},
    [SKR_INVALID_PART] = {400, "InvalidBlockList", "The specified block list is invalid."},
    [SKR_PART_TOO_SMALL] = {400, "InvalidBlockList", "The specified block list is invalid."},
    [SKR_ACCOUNT_NOT_FOUND] = {404, "ResourceNotFound", "The specified resource does not exist."},
    [SKR_CONTAINER_NOT_FOUND] = {404, "ContainerNotFound", "The specified container does not exist."},
    [SKR_CONTAINER_EXISTS] = {409, "ContainerAlreadyExists", "The specified container already exists."},
    [SKR_CONTAINER_NOT_EMPTY] = {409, "ContainerNotEmpty", "The specified container is not empty."},
    [SKR_VERSION_NOT_FOUND] = {404, "BlobNotFound", "The specified blob does not exist."},
    [SKR_IS_DELETE_MARKER] = {404, "BlobNotFound", "The specified blob does not exist."},
    [SKR_OBJECT_NOT_FOUND] = {404, "BlobNotFound", "The specified blob does not exist."},
    [SKR_OBJECT_EXISTS] = {409, "BlobAlreadyExists", "The specified blob already exists."},
    [SKR_UPLOAD_NOT_FOUND] = {404, "BlobNotFound", "The specified blob does not exist."},
    [SKR_SOURCE_NOT_FOUND] = {404, "CannotVerifyCopySource", "The specified blob does not exist."},
    [SKR_NOT_FOUND] = {404, "ResourceNotFound", "The specified resource does not exist."},
    [SKR_IS_A_DIRECTORY] = {409, "ResourceTypeMismatch", "The specified resource is a directory."},
    [SKR_NOT_A_DIRECTORY] = {409, "ResourceTypeMismatch", "The specified resource is not a directory."},
    [SKR_DIRECTORY_NOT_EMPTY] = {409, "DirectoryNotEmpty", "The specified directory is not empty."},
    [SKR_OTHER_CONTAINER] = {400, "InvalidInput", "The specified resource cannot be moved there."},
    [SKR_CONDITION_FAILED] = {412, "ConditionNotMet", "The condition specified using HTTP conditional header(s) is not met."},
    [SKR_NOT_MODIFIED] = {412, "ConditionNotMet", /* of a document; of a blob: skr_call_not_modified */
                          "The condition specified using HTTP conditional header(s) is not met."},
    [SKR_SOURCE_CONDITION_FAILED] = {412, "SourceConditionNotMet",
                                     "The source condition specified using HTTP conditional header(s) is not met."},
    [SKR_UNAUTHENTICATED] = {403, "AuthenticationFailed",
                             "Server failed to authenticate the request. Make sure the value of Authorization header is formed "
                             "correctly including the signature."},
    [SKR_FORBIDDEN] = {403, "UnauthorizedBlobOverwrite", "This request is not authorized to perform blob overwrites."},
    [SKR_NO_SPACE] = {507, "InsufficientStorage",
                      "There is no room left on this server: delete something, or make its disk larger. Reading goes on."},
    [SKR_READ_ONLY] = {503, "ServerReadOnly",
                       "The server could not make data durable and takes no more writes until its operator has restarted it. "
                       "Reading goes on."},
    [SKR_IO] = {500, "InternalError", "The server encountered an internal error. Please retry the request."},
    [SKR_CORRUPT] = {500, "InternalError", "The stored data does not match its checksum and is not served."},
    [SKR_NO_MEMORY] = {503, "ServerBusy", "The server is currently unable to receive requests. Please retry your request."},
    [SKR_NO_DESCRIPTORS] = {503, "ServerBusy",
                            "The server is currently unable to receive requests. Please retry your request."},
    [SKR_UPSTREAM_FAILED] = {503, "ServerBusy",
                             "The storage behind this container does not answer. Please retry your request."},
    [SKR_CONTAINER_BOUND] = {409, "InvalidOperation", "This container is bound to storage elsewhere: detach it first."},
    [SKR_CONTAINER_DIRTY] = {409, "InvalidOperation",
                             "Changes of this container wait to be sent to storage elsewhere: flush it first."},
    [SKR_BOUND_READ_ONLY] = {403, "AuthorizationPermissionMismatch",
                             "This container shows storage elsewhere, and is bound to it for reading only."},
    [SKR_BUSY] = {503, "ServerBusy", "The server is currently unable to receive requests. Please retry your request."},
    [SKR_DIRTY_FULL] = {503, "ServerBusy",
                        "Too much waits to be uploaded to the storage behind this container. Please retry your request."},
    [SKR_CANCELLED] = {503, "ServerBusy", "The server is shutting down."},
    [SKR_UNSUPPORTED] = {501, "NotImplemented", "The requested operation is not implemented on the specified resource."},
    [SKR_FORMAT_TOO_NEW] = {500, "InternalError", "The server encountered an internal error."},
    [SKR_INTERNAL] = {500, "InternalError", "The server encountered an internal error. Please retry the request."},
};

static const struct skr_error_entry skr_auth_errors[SKR_AUTH_REFUSAL_COUNT] = {
    [SKR_AUTH_FAILED] = {403, "AuthenticationFailed",
                         "Server failed to authenticate the request. Make sure the value of Authorization header is formed "
                         "correctly including the signature."},
    [SKR_AUTH_MALFORMED] =
        {400, "InvalidAuthenticationInfo",
         "Authentication information is not given in the correct format. Check the value of Authorization header."},
    [SKR_AUTH_MISSING] =
        {401, "NoAuthenticationInformation",
         "Server failed to authenticate the request. Please refer to the information in the www-authenticate header."},
    [SKR_AUTH_ACCOUNT_UNKNOWN] = {404, "ResourceNotFound", "The specified resource does not exist."},
    [SKR_AUTH_PERMISSION_MISMATCH] = {403, "AuthorizationPermissionMismatch",
                                      "This request is not authorized to perform this operation using this permission."},
    [SKR_AUTH_RESOURCE_TYPE_MISMATCH] = {403, "AuthorizationResourceTypeMismatch",
                                         "This request is not authorized to perform this operation using this resource type."},
    [SKR_AUTH_SERVICE_MISMATCH] = {403, "AuthorizationServiceMismatch",
                                   "This request is not authorized to perform this operation using this service."},
    [SKR_AUTH_SOURCE_IP_MISMATCH] = {403, "AuthorizationSourceIPMismatch",
                                     "This request is not authorized to perform this operation using this source IP."},
    [SKR_AUTH_PROTOCOL_MISMATCH] = {403, "AuthorizationProtocolMismatch",
                                    "This request is not authorized to perform this operation using this protocol."},
    [SKR_AUTH_PUBLIC_ACCESS_DENIED] = {404, "ResourceNotFound", "The specified resource does not exist."},
    [SKR_AUTH_QUERY_INVALID] = {400, "InvalidQueryParameterValue",
                                "Value for one of the query parameters specified in the request URI is invalid."},
};

static const struct skr_error_entry skr_blob_errors[SKR_BLOB_ERROR_COUNT] = {
    [SKR_BLOB_INVALID_HEADER] = {400, "InvalidHeaderValue",
                                 "The value for one of the HTTP headers is not in the correct format."},
    [SKR_BLOB_INVALID_QUERY] = {400, "InvalidQueryParameterValue",
                                "Value for one of the query parameters specified in the request URI is invalid."},
    [SKR_BLOB_OUT_OF_RANGE_QUERY] =
        {400, "OutOfRangeQueryParameterValue",
         "One of the query parameters specified in the request URI is outside the permissible range."},
    [SKR_BLOB_MISSING_HEADER] = {400, "MissingRequiredHeader",
                                 "An HTTP header that's mandatory for this request is not specified."},
    [SKR_BLOB_MISSING_QUERY] = {400, "MissingRequiredQueryParameter",
                                "A query parameter that's mandatory for this request is not specified."},
    [SKR_BLOB_INVALID_XML] = {400, "InvalidXmlDocument", "XML specified is not syntactically valid."},
    [SKR_BLOB_INVALID_XML_VALUE] = {400, "InvalidXmlNodeValue",
                                    "The value for one of the XML nodes is not in the correct format."},
    [SKR_BLOB_INVALID_URI] = {400, "InvalidUri", "The requested URI does not represent any resource on the server."},
    [SKR_BLOB_INVALID_RESOURCE_NAME] = {400, "InvalidResourceName", "The specified resource name contains invalid characters."},
    [SKR_BLOB_OUT_OF_RANGE_INPUT] = {400, "OutOfRangeInput", "One of the request inputs is out of range."},
    [SKR_BLOB_LENGTH_REQUIRED] = {411, "MissingContentLengthHeader", "Content-Length HTTP header is not specified."},
    [SKR_BLOB_INVALID_MD5] =
        {400, "InvalidMd5",
         "The MD5 value specified in the request is invalid. MD5 value must be 128 bits and base64 encoded."},
    [SKR_BLOB_INVALID_CRC64] =
        {400, "InvalidCrc64",
         "The CRC64 value specified in the request is invalid. CRC64 value must be 64 bits and base64 encoded."},
    [SKR_BLOB_BOTH_DIGESTS] = {400, "BothCrc64AndMd5HeaderPresent",
                               "Both x-ms-content-crc64 header and Content-MD5 header are present."},
    [SKR_BLOB_METADATA_INVALID] = {400, "InvalidMetadata",
                                   "The metadata specified is invalid. It has characters that are not permitted."},
    [SKR_BLOB_METADATA_TOO_LARGE] = {400, "MetadataTooLarge",
                                     "The metadata specified exceeds the maximum permissible limit (8KB)."},
    [SKR_BLOB_EMPTY_METADATA_NAME] = {400, "EmptyMetadataKey", "The key for one of the metadata key-value pairs is empty."},
    [SKR_BLOB_METHOD_NOT_ALLOWED] = {405, "UnsupportedHttpVerb", "The resource doesn't support the specified HTTP verb."},
    [SKR_BLOB_NOT_IMPLEMENTED] = {501, "NotImplemented",
                                  "The requested operation is not implemented on the specified resource."},
    [SKR_BLOB_UNSUPPORTED_HEADER] = {501, "UnsupportedHeader",
                                     "One of the HTTP headers specified in the request is not supported."},
    [SKR_BLOB_CANNOT_VERIFY_SOURCE] =
        {404, "CannotVerifyCopySource",
         "Could not verify the copy source: it is not a blob on this server that the request may read."},
    [SKR_BLOB_SOURCE_FORBIDDEN] = {403, "CannotVerifyCopySource",
                                   "This request is not authorized to read the source of the copy."},
    [SKR_BLOB_NO_PENDING_COPY] = {409, "NoPendingCopyOperation", "There is currently no pending copy operation."},
    [SKR_BLOB_LEASE_NOT_PRESENT] = {412, "LeaseNotPresentWithBlobOperation", "There is currently no lease on the blob."},
    [SKR_BLOB_LEASE_NOT_PRESENT_CONTAINER] = {412, "LeaseNotPresentWithContainerOperation",
                                              "There is currently no lease on the container."},
    [SKR_BLOB_RANGE_TOO_LARGE] = {400, "OutOfRangeInput", "A digest of a range is given for ranges of up to 4 MiB."},
    [SKR_BLOB_BLOCK_LIST_TOO_LONG] = {400, "BlockListTooLong", "The block list may not contain more than 50,000 blocks."},
    [SKR_BLOB_RESOURCE_NOT_FOUND] = {404, "ResourceNotFound", "The specified resource does not exist."},
    [SKR_BLOB_INVALID_OPERATION] = {400, "InvalidOperation", "The operation is not one of a block blob."},
    [SKR_BLOB_MULTIPLE_CONDITIONS] = {400, "MultipleConditionHeadersNotSupported",
                                      "Multiple condition headers are not supported."},
    [SKR_BLOB_TAG_EMPTY] = {400, "EmptyTagName", "The name of one of the tag key-value pairs is empty."},
    [SKR_BLOB_TAG_TWICE] = {400, "DuplicateTagNames", "The tags specified contain duplicate names."},
    [SKR_BLOB_TAG_INVALID] = {400, "InvalidTag",
                              "The tags specified are invalid. They contain characters that are not permitted."},
    [SKR_BLOB_TAGS_TOO_LARGE] = {400, "TagsTooLarge", "The tags specified exceed the maximum permissible limit."},
    [SKR_BLOB_TAGS_AND_SOURCE_TAGS] = {409, "BothUserTagsAndSourceTagsCopyPresentException",
                                       "x-ms-tags must not be present with x-ms-copy-source-tag-option COPY."},
    [SKR_BLOB_ROOT_BLOB] = {403, "OperationNotAllowedOnRootBlob", "The version is the current one: delete the blob."},
    [SKR_BLOB_CORS_FAILED] = {403, "CorsPreflightFailure", "CORS not enabled or no matching rule found for this request."},
};

bool skr_blob_error_known(enum skr_status status)
{
    return status == SKR_OK || status == SKR_PENDING || skr_status_errors[status].http_status != 0;
}

/* ---- rendering ---- */

static void skr_send_error(struct skr_exchange *exchange, const struct skr_error_entry *entry, const char *detail_name,
                           struct skr_bytes detail_value, const char *reason)
{
    struct skr_xml xml;
    struct timespec now;
    char time_text[40], message[600];
    clock_gettime(CLOCK_REALTIME, &now);
    size_t time_size = skr_iso8601_format(time_text, (int64_t)now.tv_sec * 1000000000 + now.tv_nsec, 7);
    skr_exchange_header(exchange, "x-ms-error-code", skr_text(entry->code));
    int size = snprintf(message, sizeof message, "%s\nRequestId:%.*s\nTime:%.*s", entry->message, 36,
                        skr_exchange_id(exchange).data, (int)time_size, time_text);
    skr_xml_open(&xml);
    skr_xml_begin(&xml, "Error");
    skr_xml_element(&xml, "Code", skr_text(entry->code));
    skr_xml_element(&xml, "Message", (struct skr_bytes){message, (size_t)size});
    if (detail_name != NULL && reason == NULL && detail_value.size > 0 && strncmp(entry->code, "Authentication", 14) == 0) {
        skr_xml_element(&xml, "AuthenticationErrorDetail", detail_value);
    } else if (detail_name != NULL && strstr(entry->code, "Header") != NULL) {
        skr_xml_element(&xml, "HeaderName", skr_text(detail_name));
        if (detail_value.data != NULL)
            skr_xml_element(&xml, "HeaderValue", detail_value);
    } else if (detail_name != NULL) {
        skr_xml_element(&xml, "QueryParameterName", skr_text(detail_name));
        skr_xml_element(&xml, "QueryParameterValue", detail_value);
        if (reason != NULL)
            skr_xml_element(&xml, "Reason", skr_text(reason));
    }
    skr_xml_end(&xml, "Error");
    skr_exchange_header(exchange, "Content-Type", SKR_BYTES("application/xml"));
    skr_exchange_send(exchange, entry->http_status, skr_xml_bytes(&xml), false);
    skr_xml_close(&xml);
}

void skr_call_fail(struct skr_call *call, enum skr_blob_error error, const char *detail_name, struct skr_bytes detail_value,
                   const char *reason)
{
    skr_call_common_headers(call);
    skr_send_error(call->exchange, &skr_blob_errors[error], detail_name, detail_value, reason);
}

void skr_call_refuse(struct skr_call *call, enum skr_blob_error error)
{
    skr_call_fail(call, error, NULL, SKR_NO_BYTES, NULL);
}

void skr_call_fail_status(struct skr_call *call, enum skr_status status)
{
    const struct skr_error_entry *entry = &skr_status_errors[status];
    skr_call_common_headers(call);
    if (status == SKR_UPSTREAM_FAILED)
        skr_exchange_header(call->exchange, "Retry-After", SKR_BYTES(SKR_UPSTREAM_RETRY_AFTER_S));
    skr_send_error(call->exchange, entry->http_status != 0 ? entry : &skr_status_errors[SKR_INTERNAL], NULL, SKR_NO_BYTES,
                   NULL);
}

void skr_call_not_modified(struct skr_call *call, uint64_t length)
{
    skr_call_common_headers(call);
    skr_call_etag_headers(call, call->object.etag, call->object.modified_ns);
    skr_exchange_header(call->exchange, "x-ms-error-code", skr_text(skr_status_errors[SKR_NOT_MODIFIED].code));
    skr_exchange_send_head(call->exchange, 304, length);
}

void skr_call_fail_auth(struct skr_call *call, enum skr_auth_refusal refusal, const struct skr_error *err)
{
    const struct skr_error_entry *entry = &skr_auth_errors[refusal]; /* those of other protocols do not occur here */
    skr_call_common_headers(call);
    if (refusal == SKR_AUTH_MISSING)
        skr_exchange_header(call->exchange, "WWW-Authenticate", SKR_BYTES("SharedKey"));
    skr_send_error(call->exchange, entry->http_status != 0 ? entry : &skr_auth_errors[SKR_AUTH_FAILED], "Authorization",
                   refusal == SKR_AUTH_FAILED ? skr_text(err->message) : SKR_NO_BYTES, NULL);
}

void skr_call_fail_header(struct skr_call *call, const char *header)
{
    struct skr_bytes value = skr_call_header(call, header);
    skr_call_fail(call, value.data == NULL ? SKR_BLOB_MISSING_HEADER : SKR_BLOB_INVALID_HEADER, header, value, NULL);
}

void skr_call_fail_query(struct skr_call *call, const char *parameter, const char *reason)
{
    struct skr_bytes value = skr_call_query(call, parameter);
    skr_call_fail(call, value.data == NULL ? SKR_BLOB_MISSING_QUERY : SKR_BLOB_INVALID_QUERY, parameter, value, reason);
}

void skr_blob_refuse(void *context, struct skr_exchange *exchange, int http_status, enum skr_status status)
{
    static const struct skr_error_entry entries[] = {
        {400, "InvalidInput", "The request is not well-formed HTTP."},
        {413, "RequestBodyTooLarge", "The request body is too large and exceeds the maximum permissible limit."},
        {414, "InvalidUri", "The requested URI is too long."},
        {431, "InvalidInput", "The request has too many or too large headers."},
        {503, "ServerBusy", "The server is currently unable to receive requests. Please retry your request."},
        {505, "InvalidInput", "The version of HTTP is not supported."},
    };
    struct skr_error_entry entry = {http_status, "InvalidInput", "The request cannot be served."};
    (void)context, (void)status;
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++)
        if (entries[i].http_status == http_status)
            entry = entries[i];
    skr_exchange_header(exchange, "x-ms-request-id", skr_exchange_id(exchange));
    skr_send_error(exchange, &entry, NULL, SKR_NO_BYTES, NULL);
}
