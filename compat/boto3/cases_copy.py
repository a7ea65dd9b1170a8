"""Copies inside the server: directives, conditions, sources."""
import datetime

HOUR = datetime.timedelta(hours=1)


def copies(h):
    c, s3, bucket, other, content = h.counts, h.client, h.bucket("copy"), h.bucket("copy-target"), h.bytes(200_003)
    source_key = "dir/a+b %41 #ü"
    source = {"Bucket": bucket, "Key": source_key}
    put = s3.put_object(**source, Body=content, ContentType="text/x-source", CacheControl="max-age=1", Metadata={"one": "1"}, Tagging="tag=1")
    answer = s3.copy_object(Bucket=other, Key="kept", CopySource=source)
    c.equal("copy_object answers with the entity tag", answer["CopyObjectResult"]["ETag"], put["ETag"])
    got = s3.get_object(Bucket=other, Key="kept")
    c.equal("by default properties and metadata are kept", (got["ContentType"], got["CacheControl"], got["Metadata"], got["ETag"]), ("text/x-source", "max-age=1", {"one": "1"}, put["ETag"]))
    c.true("the bytes", got["Body"].read() == content)
    c.equal("by default tags are kept", s3.get_object_tagging(Bucket=other, Key="kept")["TagSet"], [{"Key": "tag", "Value": "1"}])
    s3.copy_object(Bucket=other, Key="replaced", CopySource=source, MetadataDirective="REPLACE", ContentType="text/x-new", Metadata={"two": "2"}, TaggingDirective="REPLACE", Tagging="new=2")
    got = s3.head_object(Bucket=other, Key="replaced")
    c.equal("MetadataDirective REPLACE", (got["ContentType"], got.get("CacheControl"), got["Metadata"]), ("text/x-new", None, {"two": "2"}))
    c.equal("TaggingDirective REPLACE", s3.get_object_tagging(Bucket=other, Key="replaced")["TagSet"], [{"Key": "new", "Value": "2"}])
    h.refused("onto itself without a change", 400, "InvalidRequest", s3.copy_object, **source, CopySource=source)
    s3.copy_object(**source, CopySource=source, MetadataDirective="REPLACE", Metadata={"three": "3"})
    c.equal("onto itself with REPLACE", s3.head_object(**source)["Metadata"], {"three": "3"})
    c.true("onto itself: the bytes", h.read(bucket, source_key) == content)
    h.refused("of a missing key", 404, "NoSuchKey", s3.copy_object, Bucket=other, Key="x", CopySource={"Bucket": bucket, "Key": "nothing"})
    h.refused("of a missing bucket", 404, "NoSuchBucket", s3.copy_object, Bucket=other, Key="x", CopySource={"Bucket": bucket + "-not", "Key": "nothing"})
    h.refused("into a missing bucket", 404, "NoSuchBucket", s3.copy_object, Bucket=bucket + "-not", Key="x", CopySource=source)


def conditions(h):
    c, s3, bucket = h.counts, h.client, h.bucket("copy-conditions")
    source, target = {"Bucket": bucket, "Key": "source"}, {"Bucket": bucket, "Key": "target"}
    tag = s3.put_object(**source, Body=b"source")["ETag"]
    changed = s3.head_object(**source)["LastModified"]
    wrong = '"00000000000000000000000000000000"'
    for name, good, bad in (("CopySourceIfMatch", tag, wrong), ("CopySourceIfNoneMatch", wrong, tag), ("CopySourceIfModifiedSince", changed - HOUR, changed), ("CopySourceIfUnmodifiedSince", changed + HOUR, changed - HOUR)):
        c.equal(f"{name} that holds", s3.copy_object(**target, CopySource=source, **{name: good})["CopyObjectResult"]["ETag"], tag)
        h.refused(f"{name} that does not", 412, "PreconditionFailed", s3.copy_object, **target, CopySource=source, **{name: bad})
    h.refused("IfNoneMatch '*' onto something", 412, "PreconditionFailed", s3.copy_object, **target, CopySource=source, IfNoneMatch="*")
    s3.copy_object(Bucket=bucket, Key="new", CopySource=source, IfNoneMatch="*")
    c.equal("IfNoneMatch '*' onto nothing", h.read(bucket, "new"), b"source")


SECTIONS = [("copies", copies), ("copies with conditions", conditions)]
