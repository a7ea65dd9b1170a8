"""A key that only reads: everything that reads works, everything that writes is refused and leaves no trace."""
import os

MIB = 1 << 20
KEY = os.environ.get("COMPAT_READER", "")


def read_only_key(h):
    bucket = h.versioned_bucket("read-only")
    access, secret = KEY.split(":", 1)
    reader = h.client_at(os.environ["AWS_ENDPOINT_URL"], aws_access_key_id=access, aws_secret_access_key=secret)
    old = fill(h, bucket)
    before = state(h, bucket)
    reads(h, reader, bucket, old)
    h.counts.equal("the key that only reads sees what the other sees", state(h, bucket, reader), before)
    writes(h, reader, bucket, old)
    presigned(h, reader, bucket)
    h.counts.equal("what was refused left no trace", state(h, bucket), before)


def fill(h, bucket):
    """Two versions of a key, tags, rules, and an upload that is not complete. Returns the ids of the old version and of the upload."""
    at = {"Bucket": bucket, "Key": "dir/key ü"}
    old = h.client.put_object(**at, Body=b"old")["VersionId"]
    h.client.put_object(**at, Body=h.bytes(70_000), Metadata={"one": "1"}, Tagging="tag=1")
    h.client.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "bucket", "Value": "1"}]})
    h.client.put_bucket_cors(Bucket=bucket, CORSConfiguration={"CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["GET"]}]})
    upload = h.client.create_multipart_upload(Bucket=bucket, Key="upload")["UploadId"]
    h.client.upload_part(Bucket=bucket, Key="upload", UploadId=upload, PartNumber=1, Body=h.bytes(5 * MIB))
    return old, upload


def state(h, bucket, through=None):
    """All that a write could change."""
    s3 = through or h.client
    at = {"Bucket": bucket, "Key": "dir/key ü"}

    def answer(call, **options):
        return {name: value for name, value in call(**options).items() if name != "ResponseMetadata"}

    uploads = answer(s3.list_multipart_uploads, Bucket=bucket)["Uploads"]
    return {"buckets": sorted(each["Name"] for each in s3.list_buckets()["Buckets"]), "versions": answer(s3.list_object_versions, Bucket=bucket),
            "uploads": uploads, "parts": [answer(s3.list_parts, Bucket=bucket, Key=each["Key"], UploadId=each["UploadId"])["Parts"] for each in uploads],
            "head": answer(s3.head_object, **at), "bytes": s3.get_object(**at)["Body"].read(), "tags": answer(s3.get_object_tagging, **at), "acl": answer(s3.get_object_acl, **at),
            "bucket": [answer(call, Bucket=bucket) for call in (s3.get_bucket_versioning, s3.get_bucket_tagging, s3.get_bucket_cors, s3.get_bucket_acl)]}


def reads(h, reader, bucket, old):
    """What state() does not ask."""
    c, at = h.counts, {"Bucket": bucket, "Key": "dir/key ü"}
    c.equal("head_bucket", reader.head_bucket(Bucket=bucket)["ResponseMetadata"]["HTTPStatusCode"], 200)
    c.equal("get_bucket_location", reader.get_bucket_location(Bucket=bucket)["LocationConstraint"], None)
    for operation in (reader.list_objects, reader.list_objects_v2):
        c.equal(operation.__name__, [each["Key"] for each in operation(Bucket=bucket)["Contents"]], ["dir/key ü"])
    c.equal("get_object of an old version", reader.get_object(**at, VersionId=old[0])["Body"].read(), b"old")
    c.true("get_object of a range", reader.get_object(**at, Range="bytes=9-")["Body"].read() == h.bytes(70_000)[9:])
    c.equal("get_object_attributes", reader.get_object_attributes(**at, ObjectAttributes=["ObjectSize"])["ObjectSize"], 70_000)
    reader.download_file(bucket, "dir/key ü", "reader.down")
    with open("reader.down", "rb") as file:
        c.true("download_file", file.read() == h.bytes(70_000))


def writes(h, reader, bucket, old):
    at, new, part = {"Bucket": bucket, "Key": "dir/key ü"}, {"Bucket": bucket, "Key": "new"}, {"Bucket": bucket, "Key": "upload", "UploadId": old[1]}
    source, tags, rules = {**at}, {"TagSet": [{"Key": "x", "Value": "1"}]}, {"CORSRules": [{"AllowedOrigins": ["*"], "AllowedMethods": ["PUT"]}]}
    for call, options in ((reader.put_object, {**new, "Body": b"1"}), (reader.put_object, {**at, "Body": b""}), (reader.put_object, {**at, "Body": h.bytes(3 * MIB)}),
                          (reader.put_object, {**new, "Body": b"1", "IfNoneMatch": "*"}), (reader.delete_object, at), (reader.delete_object, {**at, "VersionId": old[0]}), (reader.delete_object, new),
                          (reader.delete_objects, {"Bucket": bucket, "Delete": {"Objects": [{"Key": "dir/key ü"}]}}), (reader.copy_object, {**new, "CopySource": source}),
                          (reader.copy_object, {**at, "CopySource": source, "MetadataDirective": "REPLACE"}), (reader.rename_object, {**new, "RenameSource": "dir/key%20%C3%BC"}),
                          (reader.create_multipart_upload, new), (reader.upload_part, {**part, "PartNumber": 2, "Body": b"2"}), (reader.upload_part, {**part, "PartNumber": 1, "Body": h.bytes(5 * MIB, 2)}),
                          (reader.upload_part_copy, {**part, "PartNumber": 2, "CopySource": source}),
                          (reader.complete_multipart_upload, {**part, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": '"0"'}]}}), (reader.abort_multipart_upload, part),
                          (reader.put_object_tagging, {**at, "Tagging": tags}), (reader.delete_object_tagging, at), (reader.put_object_acl, {**at, "ACL": "public-read"}),
                          (reader.put_bucket_acl, {"Bucket": bucket, "ACL": "public-read-write"}), (reader.put_bucket_tagging, {"Bucket": bucket, "Tagging": tags}),
                          (reader.delete_bucket_tagging, {"Bucket": bucket}), (reader.put_bucket_cors, {"Bucket": bucket, "CORSConfiguration": rules}), (reader.delete_bucket_cors, {"Bucket": bucket}),
                          (reader.put_bucket_versioning, {"Bucket": bucket, "VersioningConfiguration": {"Status": "Suspended"}}), (reader.create_bucket, {"Bucket": bucket + "-new"}),
                          (reader.create_bucket, {"Bucket": bucket}), (reader.delete_bucket, {"Bucket": bucket})):
        h.refused(f"{call.__name__} of {' '.join(name for name in options if name != 'Bucket')}", 403, "AccessDenied", call, **options)


def presigned(h, reader, bucket):
    c, at = h.counts, {"Bucket": bucket, "Key": "dir/key ü"}
    status, _, got = h.fetch(reader.generate_presigned_url("get_object", at))
    c.equal("presigned GET", (status, got == h.bytes(70_000)), (200, True))
    for operation, method in (("put_object", "PUT"), ("delete_object", "DELETE"), ("create_multipart_upload", "POST")):
        c.equal(f"presigned {method}", h.fetch(reader.generate_presigned_url(operation, at), method, b"1" if method == "PUT" else None)[0], 403)


SECTIONS = [("a key that only reads", read_only_key)] if KEY else []
