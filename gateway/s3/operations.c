/* The table of operations. Routing, authorization, metrics labels and the feature list derive from it. What the service
 * documents and this server does not have is in the table too, so that it is refused by name and never taken for something
 * else.
 *
 * READ, WRITE, DELETE and LIST are also what canned ACLs give to others (access.c). So only what an ACL's READ or WRITE is
 * documented to allow asks for them; everything else asks for the owner.
 */
#include "call.h"

/* clang-format off */ /* a row a line */
#define QUERY(n) {SKR_SELECT_QUERY, n, NULL}
#define QUERY_IS(n, v) {SKR_SELECT_QUERY, n, v}
#define HEADER(n) {SKR_SELECT_HEADER, n, NULL}

#define READ SKR_PERMISSION_READ
#define WRITE SKR_PERMISSION_WRITE
#define DELETE SKR_PERMISSION_DELETE
#define BY_FORM SKR_PERMISSION_BY_FORM /* the credentials are in the body: face.c lets only the form's verifier name the caller */
#define LIST SKR_PERMISSION_LIST
#define OWNER_READ SKR_PERMISSION_POLICY     /* the bucket's account only, also with a key that may only read */
#define OWNER_WRITE SKR_PERMISSION_OWNERSHIP /* likewise, with a key that may write */
#define SERVICE SKR_RESOURCE_SERVICE
#define BUCKET SKR_RESOURCE_CONTAINER
#define OBJECT SKR_RESOURCE_OBJECT

#define KIB UINT64_C(1024)
#define MIB (KIB * 1024)
#define GIB (MIB * 1024)

const struct skr_operation skr_s3_rows[] = {
    /* the service */
    {"ListBuckets", SKR_GET, SERVICE, {{0}}, LIST, 0, skr_s3_list_buckets, NULL},

    /* buckets */
    {"CreateBucket", SKR_PUT, BUCKET, {{0}}, OWNER_WRITE, 64 * KIB, skr_s3_create_bucket, NULL},
    {"DeleteBucket", SKR_DELETE, BUCKET, {{0}}, OWNER_WRITE, 0, skr_s3_delete_bucket, NULL},
    {"HeadBucket", SKR_HEAD, BUCKET, {{0}}, LIST, 0, skr_s3_head_bucket, NULL},
    {"GetBucketLocation", SKR_GET, BUCKET, {QUERY("location")}, OWNER_READ, 0, skr_s3_get_bucket_location, NULL},
    {"GetBucketVersioning", SKR_GET, BUCKET, {QUERY("versioning")}, OWNER_READ, 0, skr_s3_get_bucket_versioning, NULL},
    {"PutBucketVersioning", SKR_PUT, BUCKET, {QUERY("versioning")}, OWNER_WRITE, 64 * KIB, skr_s3_put_bucket_versioning, NULL},
    {"GetBucketTagging", SKR_GET, BUCKET, {QUERY("tagging")}, OWNER_READ, 0, skr_s3_get_bucket_tagging, NULL},
    {"PutBucketTagging", SKR_PUT, BUCKET, {QUERY("tagging")}, OWNER_WRITE, 64 * KIB, skr_s3_put_bucket_tagging, NULL},
    {"DeleteBucketTagging", SKR_DELETE, BUCKET, {QUERY("tagging")}, OWNER_WRITE, 0, skr_s3_delete_bucket_tagging, NULL},
    {"GetBucketCors", SKR_GET, BUCKET, {QUERY("cors")}, OWNER_READ, 0, skr_s3_get_bucket_cors, NULL},
    {"PutBucketCors", SKR_PUT, BUCKET, {QUERY("cors")}, OWNER_WRITE, 64 * KIB, skr_s3_put_bucket_cors, NULL},
    {"DeleteBucketCors", SKR_DELETE, BUCKET, {QUERY("cors")}, OWNER_WRITE, 0, skr_s3_delete_bucket_cors, NULL},
    {"GetBucketAcl", SKR_GET, BUCKET, {QUERY("acl")}, OWNER_READ, 0, skr_s3_get_bucket_acl, NULL},
    {"PutBucketAcl", SKR_PUT, BUCKET, {QUERY("acl")}, OWNER_WRITE, 64 * KIB, skr_s3_put_bucket_acl, "canned ACLs"},
    {"GetPublicAccessBlock", SKR_GET, BUCKET, {QUERY("publicAccessBlock")}, OWNER_READ, 0, skr_s3_get_public_access_block, NULL},
    {"PutPublicAccessBlock", SKR_PUT, BUCKET, {QUERY("publicAccessBlock")}, OWNER_WRITE, 64 * KIB, skr_s3_put_public_access_block, NULL},
    {"DeletePublicAccessBlock", SKR_DELETE, BUCKET, {QUERY("publicAccessBlock")}, OWNER_WRITE, 0, skr_s3_delete_public_access_block, NULL},
    {"GetBucketOwnershipControls", SKR_GET, BUCKET, {QUERY("ownershipControls")}, OWNER_READ, 0, skr_s3_get_ownership_controls, NULL},
    {"PutBucketOwnershipControls", SKR_PUT, BUCKET, {QUERY("ownershipControls")}, OWNER_WRITE, 64 * KIB, skr_s3_put_ownership_controls, "not ObjectWriter"},
    {"DeleteBucketOwnershipControls", SKR_DELETE, BUCKET, {QUERY("ownershipControls")}, OWNER_WRITE, 0, skr_s3_delete_ownership_controls, NULL},
    {"ListObjects", SKR_GET, BUCKET, {{0}}, LIST, 0, skr_s3_list_objects, NULL},
    {"ListObjectsV2", SKR_GET, BUCKET, {QUERY_IS("list-type", "2")}, LIST, 0, skr_s3_list_objects_v2, NULL},
    {"ListObjectVersions", SKR_GET, BUCKET, {QUERY("versions")}, LIST, 0, skr_s3_list_object_versions, NULL},
    {"ListMultipartUploads", SKR_GET, BUCKET, {QUERY("uploads")}, LIST, 0, skr_s3_list_multipart_uploads, NULL},
    {"DeleteObjects", SKR_POST, BUCKET, {QUERY("delete")}, DELETE, 2 * MIB, skr_s3_delete_objects, NULL},
    {"CORS preflight", SKR_OPTIONS, BUCKET, {{0}}, 0, 0, skr_s3_preflight, NULL},

    /* buckets: not offered. Reads answer that nothing is configured, writes are refused */
    {"GetBucketPolicy", SKR_GET, BUCKET, {QUERY("policy")}, OWNER_READ, 0, skr_s3_get_bucket_policy, NULL},
    {"GetBucketPolicyStatus", SKR_GET, BUCKET, {QUERY("policyStatus")}, OWNER_READ, 0, skr_s3_get_bucket_policy, NULL},
    {"PutBucketPolicy", SKR_PUT, BUCKET, {QUERY("policy")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"DeleteBucketPolicy", SKR_DELETE, BUCKET, {QUERY("policy")}, OWNER_WRITE, 0, skr_s3_remove_unconfigured, NULL},
    {"GetBucketLifecycleConfiguration", SKR_GET, BUCKET, {QUERY("lifecycle")}, OWNER_READ, 0, skr_s3_get_bucket_lifecycle, NULL},
    {"PutBucketLifecycleConfiguration", SKR_PUT, BUCKET, {QUERY("lifecycle")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"DeleteBucketLifecycle", SKR_DELETE, BUCKET, {QUERY("lifecycle")}, OWNER_WRITE, 0, skr_s3_remove_unconfigured, NULL},
    {"GetBucketEncryption", SKR_GET, BUCKET, {QUERY("encryption")}, OWNER_READ, 0, skr_s3_get_bucket_encryption, NULL},
    {"PutBucketEncryption", SKR_PUT, BUCKET, {QUERY("encryption")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"DeleteBucketEncryption", SKR_DELETE, BUCKET, {QUERY("encryption")}, OWNER_WRITE, 0, skr_s3_remove_unconfigured, NULL},
    {"GetObjectLockConfiguration", SKR_GET, BUCKET, {QUERY("object-lock")}, OWNER_READ, 0, skr_s3_get_object_lock, NULL},
    {"PutObjectLockConfiguration", SKR_PUT, BUCKET, {QUERY("object-lock")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"GetBucketNotificationConfiguration", SKR_GET, BUCKET, {QUERY("notification")}, OWNER_READ, 0, skr_s3_get_bucket_notification, NULL},
    {"PutBucketNotificationConfiguration", SKR_PUT, BUCKET, {QUERY("notification")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"GetBucketReplication", SKR_GET, BUCKET, {QUERY("replication")}, OWNER_READ, 0, skr_s3_get_bucket_replication, NULL},
    {"PutBucketReplication", SKR_PUT, BUCKET, {QUERY("replication")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"DeleteBucketReplication", SKR_DELETE, BUCKET, {QUERY("replication")}, OWNER_WRITE, 0, skr_s3_remove_unconfigured, NULL},
    {"GetBucketLogging", SKR_GET, BUCKET, {QUERY("logging")}, OWNER_READ, 0, skr_s3_get_bucket_logging, NULL},
    {"PutBucketLogging", SKR_PUT, BUCKET, {QUERY("logging")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"GetBucketWebsite", SKR_GET, BUCKET, {QUERY("website")}, OWNER_READ, 0, skr_s3_get_bucket_website, NULL},
    {"PutBucketWebsite", SKR_PUT, BUCKET, {QUERY("website")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"DeleteBucketWebsite", SKR_DELETE, BUCKET, {QUERY("website")}, OWNER_WRITE, 0, skr_s3_remove_unconfigured, NULL},
    {"GetBucketAccelerateConfiguration", SKR_GET, BUCKET, {QUERY("accelerate")}, OWNER_READ, 0, skr_s3_get_bucket_accelerate, NULL},
    {"PutBucketAccelerateConfiguration", SKR_PUT, BUCKET, {QUERY("accelerate")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"GetBucketRequestPayment", SKR_GET, BUCKET, {QUERY("requestPayment")}, OWNER_READ, 0, skr_s3_get_bucket_request_payment, NULL},
    {"PutBucketRequestPayment", SKR_PUT, BUCKET, {QUERY("requestPayment")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"GetBucketAnalyticsConfiguration", SKR_GET, BUCKET, {QUERY("analytics")}, OWNER_READ, 0, skr_s3_not_implemented, "not offered"},
    {"GetBucketInventoryConfiguration", SKR_GET, BUCKET, {QUERY("inventory")}, OWNER_READ, 0, skr_s3_not_implemented, "not offered"},
    {"GetBucketMetricsConfiguration", SKR_GET, BUCKET, {QUERY("metrics")}, OWNER_READ, 0, skr_s3_not_implemented, "not offered"},
    {"GetBucketIntelligentTieringConfiguration", SKR_GET, BUCKET, {QUERY("intelligent-tiering")}, OWNER_READ, 0, skr_s3_not_implemented, "not offered"},
    {"PutBucketAnalyticsConfiguration", SKR_PUT, BUCKET, {QUERY("analytics")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"PutBucketInventoryConfiguration", SKR_PUT, BUCKET, {QUERY("inventory")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"PutBucketMetricsConfiguration", SKR_PUT, BUCKET, {QUERY("metrics")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"PutBucketIntelligentTieringConfiguration", SKR_PUT, BUCKET, {QUERY("intelligent-tiering")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"DeleteBucketAnalyticsConfiguration", SKR_DELETE, BUCKET, {QUERY("analytics")}, OWNER_WRITE, 0, skr_s3_not_implemented, "not offered"},
    {"DeleteBucketInventoryConfiguration", SKR_DELETE, BUCKET, {QUERY("inventory")}, OWNER_WRITE, 0, skr_s3_not_implemented, "not offered"},
    {"DeleteBucketMetricsConfiguration", SKR_DELETE, BUCKET, {QUERY("metrics")}, OWNER_WRITE, 0, skr_s3_not_implemented, "not offered"},
    {"DeleteBucketIntelligentTieringConfiguration", SKR_DELETE, BUCKET, {QUERY("intelligent-tiering")}, OWNER_WRITE, 0, skr_s3_not_implemented, "not offered"},
    {"CreateBucketMetadataConfiguration", SKR_POST, BUCKET, {QUERY("metadataConfiguration")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"GetBucketMetadataConfiguration", SKR_GET, BUCKET, {QUERY("metadataConfiguration")}, OWNER_READ, 0, skr_s3_not_implemented, "not offered"},
    {"DeleteBucketMetadataConfiguration", SKR_DELETE, BUCKET, {QUERY("metadataConfiguration")}, OWNER_WRITE, 0, skr_s3_not_implemented, "not offered"},
    {"CreateBucketMetadataTableConfiguration", SKR_POST, BUCKET, {QUERY("metadataTable")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"GetBucketMetadataTableConfiguration", SKR_GET, BUCKET, {QUERY("metadataTable")}, OWNER_READ, 0, skr_s3_not_implemented, "not offered"},
    {"DeleteBucketMetadataTableConfiguration", SKR_DELETE, BUCKET, {QUERY("metadataTable")}, OWNER_WRITE, 0, skr_s3_not_implemented, "not offered"},
    {"UpdateBucketMetadataInventoryTableConfiguration", SKR_PUT, BUCKET, {QUERY("metadataInventoryTable")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"UpdateBucketMetadataJournalTableConfiguration", SKR_PUT, BUCKET, {QUERY("metadataJournalTable")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"UpdateBucketMetadataAnnotationTableConfiguration", SKR_PUT, BUCKET, {QUERY("metadataAnnotationTable")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"GetBucketAbac", SKR_GET, BUCKET, {QUERY("abac")}, OWNER_READ, 0, skr_s3_not_implemented, "not offered"},
    {"PutBucketAbac", SKR_PUT, BUCKET, {QUERY("abac")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"CreateSession", SKR_GET, BUCKET, {QUERY("session")}, OWNER_READ, 0, skr_s3_not_implemented, "not offered"},

    /* objects */
    {"PostObject", SKR_POST, BUCKET, {{0}}, WRITE | BY_FORM, 5 * GIB, skr_s3_post_object, "forms of browsers"},
    {"PutObject", SKR_PUT, OBJECT, {{0}}, WRITE, 5 * GIB, skr_s3_put_object, NULL},
    {"CopyObject", SKR_PUT, OBJECT, {HEADER("x-amz-copy-source")}, WRITE, 0, skr_s3_copy_object, "by reference, in constant time"},
    {"RenameObject", SKR_PUT, OBJECT, {QUERY("renameObject")}, OWNER_WRITE, 0, skr_s3_rename_object, "in constant time"},
    {"GetObject", SKR_GET, OBJECT, {{0}}, READ, 0, skr_s3_get_object, NULL},
    {"HeadObject", SKR_HEAD, OBJECT, {{0}}, READ, 0, skr_s3_get_object, NULL},
    {"GetObjectAttributes", SKR_GET, OBJECT, {QUERY("attributes")}, OWNER_READ, 0, skr_s3_get_object_attributes, NULL},
    {"DeleteObject", SKR_DELETE, OBJECT, {{0}}, DELETE, 0, skr_s3_delete_object, NULL},
    {"GetObjectTagging", SKR_GET, OBJECT, {QUERY("tagging")}, OWNER_READ, 0, skr_s3_get_object_tagging, NULL},
    {"PutObjectTagging", SKR_PUT, OBJECT, {QUERY("tagging")}, OWNER_WRITE, 64 * KIB, skr_s3_put_object_tagging, NULL},
    {"DeleteObjectTagging", SKR_DELETE, OBJECT, {QUERY("tagging")}, OWNER_WRITE, 0, skr_s3_delete_object_tagging, NULL},
    {"GetObjectAcl", SKR_GET, OBJECT, {QUERY("acl")}, OWNER_READ, 0, skr_s3_get_object_acl, NULL},
    {"PutObjectAcl", SKR_PUT, OBJECT, {QUERY("acl")}, OWNER_WRITE, 64 * KIB, skr_s3_put_object_acl, "canned ACLs"},
    {"CORS preflight", SKR_OPTIONS, OBJECT, {{0}}, 0, 0, skr_s3_preflight, NULL},

    /* multipart uploads */
    {"CreateMultipartUpload", SKR_POST, OBJECT, {QUERY("uploads")}, WRITE, 0, skr_s3_create_multipart_upload, NULL},
    {"UploadPart", SKR_PUT, OBJECT, {QUERY("partNumber"), QUERY("uploadId")}, WRITE, 5 * GIB, skr_s3_upload_part, NULL},
    {"UploadPartCopy", SKR_PUT, OBJECT, {QUERY("partNumber"), QUERY("uploadId"), HEADER("x-amz-copy-source")}, WRITE, 0,
     skr_s3_upload_part_copy, "by reference"},
    {"ListParts", SKR_GET, OBJECT, {QUERY("uploadId")}, OWNER_READ, 0, skr_s3_list_parts, NULL},
    {"CompleteMultipartUpload", SKR_POST, OBJECT, {QUERY("uploadId")}, WRITE, 2 * MIB, skr_s3_complete_multipart_upload, "no byte is copied"},
    {"AbortMultipartUpload", SKR_DELETE, OBJECT, {QUERY("uploadId")}, OWNER_WRITE, 0, skr_s3_abort_multipart_upload, NULL},

    /* objects: not offered */
    {"GetObjectRetention", SKR_GET, OBJECT, {QUERY("retention")}, OWNER_READ, 0, skr_s3_get_object_retention, NULL},
    {"PutObjectRetention", SKR_PUT, OBJECT, {QUERY("retention")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"GetObjectLegalHold", SKR_GET, OBJECT, {QUERY("legal-hold")}, OWNER_READ, 0, skr_s3_get_object_retention, NULL},
    {"PutObjectLegalHold", SKR_PUT, OBJECT, {QUERY("legal-hold")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"PutObjectAnnotation", SKR_PUT, OBJECT, {QUERY("annotation")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"GetObjectAnnotation", SKR_GET, OBJECT, {QUERY("annotation"), QUERY("annotationName")}, OWNER_READ, 0, skr_s3_not_implemented, "not offered"},
    {"DeleteObjectAnnotation", SKR_DELETE, OBJECT, {QUERY("annotation")}, OWNER_WRITE, 0, skr_s3_not_implemented, "not offered"},
    {"ListObjectAnnotations", SKR_GET, OBJECT, {QUERY("annotation")}, OWNER_READ, 0, skr_s3_not_implemented, "not offered"},
    {"UpdateObjectEncryption", SKR_PUT, OBJECT, {QUERY("encryption")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"GetObjectTorrent", SKR_GET, OBJECT, {QUERY("torrent")}, READ, 0, skr_s3_not_implemented, "not offered"},
    {"RestoreObject", SKR_POST, OBJECT, {QUERY("restore")}, OWNER_WRITE, 64 * KIB, skr_s3_not_implemented, "not offered"},
    {"SelectObjectContent", SKR_POST, OBJECT, {QUERY("select")}, READ, 64 * KIB, skr_s3_not_implemented, "not offered"},
};
/* clang-format on */
const size_t skr_s3_row_count = sizeof skr_s3_rows / sizeof *skr_s3_rows;

const struct skr_operation *skr_s3_operations(size_t *count)
{
    *count = skr_s3_row_count;
    return skr_s3_rows;
}
