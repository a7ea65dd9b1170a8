"""What of two answers is compared (../../lib/difference.py)."""
from difference import Rules

RULES = Rules(
    code=lambda answer: answer.code,
    # Connections, the programs' names, and radosgw's own count of objects in a bucket.
    ignored_headers={"server", "date", "connection", "keep-alive", "transfer-encoding", "x-amz-id-2", "x-rgw-object-count", "x-rgw-bytes-used",
                     "x-rgw-object-type", "x-rgw-quota-user-size", "x-rgw-quota-user-objects", "x-rgw-quota-max-buckets",
                     "x-rgw-quota-bucket-size", "x-rgw-quota-bucket-objects"},
    volatile_headers={"last-modified", "x-amz-request-id"},
    volatile_elements={"LastModified", "CreationDate", "UploadId", "RequestId", "HostId", "Message", "ID", "DisplayName", "Location", "Initiated"},
    volatile_when_set={"VersionId", "DeleteMarkerVersionId", "NextContinuationToken", "ContinuationToken", "NextUploadIdMarker", "UploadIdMarker",
                       "NextVersionIdMarker", "VersionIdMarker", "x-amz-version-id", "x-amz-copy-source-version-id"},
)
