"""Objects: put, get, head, delete, conditions, ranges, tags, presigned URLs, renaming."""
import datetime
import os
import time

KEYS = ["plain", "dir/sub/key", " space at both ends ", "a+b", "100%", "%41", "literal%2F", "#?&=;", "quote'\"", "ü/日本語/\U0001f9ed", "trailing/", "a//b", "dots../..x", "*()!~", "\\back\\",
        "c" * 1024, "tab\tin it", "<&>"]
HOUR = datetime.timedelta(hours=1)


def properties(h):
    c, s3, bucket = h.counts, h.client, h.bucket("properties")
    given = {"ContentType": "application/x-test", "CacheControl": "max-age=60", "ContentDisposition": 'attachment; filename="a b"', "ContentEncoding": "x-test", "ContentLanguage": "fi, sv",
             "Metadata": {"one": "1", "two-words": "a value, with = and ; in it", "encoded": "=?UTF-8?B?w7w=?="}}
    expires = datetime.datetime(2031, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    content = h.bytes(100_001)
    put = s3.put_object(Bucket=bucket, Key="key", Body=content, Expires=expires, **given)
    for what, got in (("head_object", s3.head_object(Bucket=bucket, Key="key")), ("get_object", s3.get_object(Bucket=bucket, Key="key"))):
        c.equal(what, {name: got.get(name) for name in given}, given)
        c.equal(f"{what}: size, entity tag, ranges", (got["ContentLength"], got["ETag"], got["AcceptRanges"]), (len(content), put["ETag"], "bytes"))
        c.equal(f"{what}: expiry", got.get("ExpiresString"), "Thu, 02 Jan 2031 03:04:05 GMT")
        c.true(f"{what}: time of last change", abs((datetime.datetime.now(datetime.timezone.utc) - got["LastModified"]).total_seconds()) < 60)
        if "Body" in got:
            c.true("get_object: the bytes", got["Body"].read() == content)
    c.equal("a type that was not given", s3.head_object(Bucket=bucket, Key=put_key(h, bucket))["ContentType"], "binary/octet-stream")
    override = s3.get_object(Bucket=bucket, Key="key", ResponseContentType="text/other", ResponseCacheControl="no-store", ResponseContentDisposition="inline", ResponseContentEncoding="identity",
                             ResponseContentLanguage="en", ResponseExpires=expires + HOUR)
    c.equal("get_object with response-* overrides", [override[name] for name in ("ContentType", "CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ExpiresString")],
            ["text/other", "no-store", "inline", "identity", "en", "Thu, 02 Jan 2031 04:04:05 GMT"])
    for size in (0, 1, 4095, 65536, 65537, (5 << 20) + 3):
        content = h.bytes(size)
        s3.put_object(Bucket=bucket, Key=f"{size}", Body=content)
        c.true(f"{size} bytes", h.read(bucket, f"{size}") == content)
    h.refused("get_object of a missing key", 404, "NoSuchKey", s3.get_object, Bucket=bucket, Key="nothing")
    h.refused("head_object of a missing key", 404, "404", s3.head_object, Bucket=bucket, Key="nothing")
    h.refused("too much metadata", 400, "MetadataTooLarge", s3.put_object, Bucket=bucket, Key="key", Body=b"1", Metadata={"long": "x" * 2100})
    h.refused("a key of 1025 bytes", 400, "KeyTooLongError", s3.put_object, Bucket=bucket, Key="c" * 1025, Body=b"1")
    unknown = s3.put_object(Bucket=bucket, Key="class", Body=b"1", StorageClass="STANDARD")
    c.equal("storage class STANDARD", unknown["ResponseMetadata"]["HTTPStatusCode"], 200)


def put_key(h, bucket):
    h.client.put_object(Bucket=bucket, Key="untyped", Body=b"1")
    return "untyped"


def keys(h):
    c, s3, bucket = h.counts, h.client, h.bucket("keys")
    for number, key in enumerate(KEYS):
        s3.put_object(Bucket=bucket, Key=key, Body=f"{number}".encode(), Metadata={"n": str(number)})
    for number, key in enumerate(KEYS):
        got = s3.get_object(Bucket=bucket, Key=key)
        c.equal(f"key {key[:30]!r}", (got["Body"].read(), got["Metadata"]), (f"{number}".encode(), {"n": str(number)}))
    c.equal("keys as listed", [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]], sorted(KEYS, key=lambda key: key.encode()))
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": key} for key in KEYS]})
    c.equal("delete_objects of all of them", (sorted(each["Key"] for each in answer["Deleted"]), answer.get("Errors")), (sorted(KEYS), None))
    c.equal("nothing is left", s3.list_objects_v2(Bucket=bucket)["KeyCount"], 0)


def deletion(h):
    c, s3, bucket = h.counts, h.client, h.bucket("deletion")
    s3.put_object(Bucket=bucket, Key="one", Body=b"1")
    c.equal("delete_object", s3.delete_object(Bucket=bucket, Key="one")["ResponseMetadata"]["HTTPStatusCode"], 204)
    c.equal("delete_object of nothing", s3.delete_object(Bucket=bucket, Key="one")["ResponseMetadata"]["HTTPStatusCode"], 204)
    from concurrent.futures import ThreadPoolExecutor
    names = [f"many/{n:04} ü" for n in range(1000)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda name: s3.put_object(Bucket=bucket, Key=name, Body=b"1"), names))
    c.equal("a listing of 1000", s3.list_objects_v2(Bucket=bucket)["KeyCount"], 1000)
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": name} for name in names]})
    c.equal("delete_objects of 1000 keys, verbose", (sorted(each["Key"] for each in answer["Deleted"]), answer.get("Errors")), (names, None))
    for name in ("a", "b"):
        s3.put_object(Bucket=bucket, Key=name, Body=b"1")
    quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "a"}, {"Key": "b"}, {"Key": "not there"}], "Quiet": True})
    c.equal("delete_objects, quiet", (quiet.get("Deleted"), quiet.get("Errors")), (None, None))
    c.equal("nothing is left", s3.list_objects_v2(Bucket=bucket)["KeyCount"], 0)
    h.refused("delete_objects of 1001 keys", 400, "MalformedXML", s3.delete_objects, Bucket=bucket, Delete={"Objects": [{"Key": f"{n}"} for n in range(1001)]})


def conditions(h):
    c, s3, bucket = h.counts, h.client, h.bucket("conditions")
    at = {"Bucket": bucket, "Key": "key"}
    tag = s3.put_object(**at, Body=b"first")["ETag"]
    changed = s3.head_object(**at)["LastModified"]
    for operation in (s3.get_object, s3.head_object):
        name = operation.__name__
        code = "PreconditionFailed" if operation == s3.get_object else "412"
        c.equal(f"{name} IfMatch", operation(**at, IfMatch=tag)["ETag"], tag)
        h.refused(f"{name} IfMatch of another", 412, code, operation, **at, IfMatch='"00000000000000000000000000000000"')
        h.refused(f"{name} IfNoneMatch", 304, "304", operation, **at, IfNoneMatch=tag)
        c.equal(f"{name} IfNoneMatch of another", operation(**at, IfNoneMatch='"0"')["ETag"], tag)
        h.refused(f"{name} IfModifiedSince", 304, "304", operation, **at, IfModifiedSince=changed)
        c.equal(f"{name} IfModifiedSince long ago", operation(**at, IfModifiedSince=changed - HOUR)["ETag"], tag)
        h.refused(f"{name} IfUnmodifiedSince long ago", 412, code, operation, **at, IfUnmodifiedSince=changed - HOUR)
        c.equal(f"{name} IfMatch wins over IfUnmodifiedSince", operation(**at, IfMatch=tag, IfUnmodifiedSince=changed - HOUR)["ETag"], tag)
    h.refused("put_object IfNoneMatch '*' onto something", 412, "PreconditionFailed", s3.put_object, **at, Body=b"2", IfNoneMatch="*")
    h.refused("put_object IfMatch of another", 412, "PreconditionFailed", s3.put_object, **at, Body=b"2", IfMatch='"00000000000000000000000000000000"')
    h.refused("put_object IfMatch onto nothing", 404, "NoSuchKey", s3.put_object, Bucket=bucket, Key="new", Body=b"2", IfMatch=tag)
    c.equal("refused: nothing has changed", h.read(bucket, "key"), b"first")
    s3.put_object(Bucket=bucket, Key="new", Body=b"new", IfNoneMatch="*")
    second = s3.put_object(**at, Body=b"second", IfMatch=tag)["ETag"]
    c.equal("put_object IfMatch", h.read(bucket, "key"), b"second")
    h.refused("delete_object IfMatch of another", 412, "PreconditionFailed", s3.delete_object, **at, IfMatch=tag)
    s3.delete_object(**at, IfMatch=second)
    h.refused("delete_object IfMatch", 404, "404", s3.head_object, **at)


def ranges(h):
    c, s3, bucket, content = h.counts, h.client, h.bucket("ranges"), h.bytes(3_000_001)
    at = {"Bucket": bucket, "Key": "key"}
    s3.put_object(**at, Body=content)
    size = len(content)
    for text, start, end in (("0-0", 0, 1), ("0-65535", 0, 65536), ("65535-65536", 65535, 65537), ("1000000-2999999", 1_000_000, 3_000_000), ("3000000-", 3_000_000, size), ("-7", size - 7, size),
                             ("2999990-9999999", 2_999_990, size), ("-9999999", 0, size)):
        got = s3.get_object(**at, Range=f"bytes={text}")
        c.equal(f"bytes={text}", (got["ResponseMetadata"]["HTTPStatusCode"], got["ContentRange"], got["Body"].read() == content[start:end]), (206, f"bytes {start}-{end - 1}/{size}", True))
    c.equal("head_object of a range", s3.head_object(**at, Range="bytes=5-9")["ContentLength"], 5)
    h.refused("a range beyond the end", 416, "InvalidRange", s3.get_object, **at, Range=f"bytes={size}-")
    c.equal("a range that is none: the whole", s3.get_object(**at, Range="lines=1-2")["ContentLength"], size)
    c.equal("two ranges: the whole", s3.get_object(**at, Range="bytes=0-1,5-6")["ContentLength"], size)


def tags(h):
    c, s3, bucket = h.counts, h.client, h.bucket("tags")
    at = {"Bucket": bucket, "Key": "key ü"}
    s3.put_object(**at, Body=b"1", Tagging="one=1&two%20words=a%2Bb")
    tagged = lambda: {each["Key"]: each["Value"] for each in s3.get_object_tagging(**at)["TagSet"]}
    c.equal("tags of put_object", tagged(), {"one": "1", "two words": "a+b"})
    c.equal("get_object: their count", s3.get_object(**at).get("TagCount"), 2)
    before = s3.head_object(**at)
    s3.put_object_tagging(**at, Tagging={"TagSet": [{"Key": "three", "Value": ""}, {"Key": "_.:/=+-@", "Value": "_.:/=+-@ 9"}]})
    c.equal("put_object_tagging", tagged(), {"three": "", "_.:/=+-@": "_.:/=+-@ 9"})
    after = s3.head_object(**at)
    c.equal("tagging changes neither entity tag nor time", (after["ETag"], after["LastModified"]), (before["ETag"], before["LastModified"]))
    s3.delete_object_tagging(**at)
    c.equal("delete_object_tagging", (tagged(), s3.get_object(**at).get("TagCount")), ({}, None))
    set_of = lambda *pairs: {"TagSet": [{"Key": key, "Value": value} for key, value in pairs]}
    h.refused("11 tags", 400, ("BadRequest", "InvalidTag"), s3.put_object_tagging, **at, Tagging=set_of(*((f"{n}", "1") for n in range(11))))
    h.refused("a tag twice", 400, "InvalidTag", s3.put_object_tagging, **at, Tagging=set_of(("a", "1"), ("a", "2")))
    h.refused("a tag key of 129 characters", 400, "InvalidTag", s3.put_object_tagging, **at, Tagging=set_of(("a" * 129, "1")))
    h.refused("a tag value of 257 characters", 400, "InvalidTag", s3.put_object_tagging, **at, Tagging=set_of(("a", "1" * 257)))
    h.refused("tags of a missing key", 404, "NoSuchKey", s3.get_object_tagging, Bucket=bucket, Key="nothing")
    s3.put_object_tagging(**at, Tagging=set_of(("ключ", "ü 日本")))
    c.equal("letters of other scripts", tagged(), {"ключ": "ü 日本"})


def presigned(h):
    c, s3, bucket = h.counts, h.client, h.bucket("presigned")
    at, content = {"Bucket": bucket, "Key": "dir/a+b %ü#"}, h.bytes(70_000)
    url = s3.generate_presigned_url("put_object", {**at, "ContentType": "text/x-signed", "Metadata": {"one": "1"}}, 600)
    status, _, _ = h.fetch(url, "PUT", content, {"Content-Type": "text/x-signed", "x-amz-meta-one": "1"})
    c.equal("presigned PUT", status, 200)
    head = s3.head_object(**at)
    c.equal("presigned PUT: type and metadata", (head["ContentType"], head["Metadata"]), ("text/x-signed", {"one": "1"}))
    status, headers, body = h.fetch(s3.generate_presigned_url("get_object", at))
    c.equal("presigned GET", (status, body == content), (200, True))
    status, headers, body = h.fetch(s3.generate_presigned_url("get_object", {**at, "ResponseContentType": "text/other", "ResponseContentDisposition": 'attachment; filename="ü"'}), headers={"Range": "bytes=10-19"})
    c.equal("presigned GET with overrides, of a range", (status, headers["Content-Type"], body == content[10:20]), (206, "text/other", True))
    c.equal("presigned HEAD", h.fetch(s3.generate_presigned_url("head_object", at), "HEAD")[0], 200)
    c.equal("presigned for another method", h.fetch(s3.generate_presigned_url("get_object", at), "DELETE")[:1], (403,))
    c.equal("presigned for another key", h.fetch(s3.generate_presigned_url("get_object", at).replace("dir/", "other/"))[0], 403)
    c.equal("presigned with another type", h.fetch(url, "PUT", b"1", {"Content-Type": "text/other", "x-amz-meta-one": "1"})[0], 403)
    short = s3.generate_presigned_url("get_object", at, 1)
    time.sleep(2.1)
    c.equal("an expired URL", h.fetch(short)[0], 403)
    c.equal("presigned DELETE", (h.fetch(s3.generate_presigned_url("delete_object", at), "DELETE")[0]), 204)
    listed = h.fetch(s3.generate_presigned_url("list_objects_v2", {"Bucket": bucket}))
    c.true("presigned listing", listed[0] == 200 and b"<KeyCount>0</KeyCount>" in listed[2], listed)
    old = h.client_at(os.environ["AWS_ENDPOINT_URL"], config={"signature_version": "s3"}).generate_presigned_url("get_object", at)
    s3.put_object(Body=b"old ways", **at)
    status, _, got = h.fetch(old)
    c.equal("a URL of Version 2, which clients make unless told otherwise", (status, got), (200, b"old ways"))
    c.equal("a URL of Version 2 for another key", h.fetch(old.replace("dir/", "other/"))[0], 403)
    c.equal("a URL of Version 2 with another operation", h.fetch(old + "&attributes")[0], 400)


def renaming(h):
    c, s3, bucket, content = h.counts, h.client, h.bucket("renaming"), h.bytes(100_000)
    put = s3.put_object(Bucket=bucket, Key="dir/old ü", Body=content, Metadata={"one": "1"}, ContentType="text/x-test")
    s3.rename_object(Bucket=bucket, Key="dir/new +%", RenameSource="dir/old%20%C3%BC")
    head = s3.head_object(Bucket=bucket, Key="dir/new +%")
    c.equal("rename_object keeps", (head["ETag"], head["ContentType"], head["Metadata"]), (put["ETag"], "text/x-test", {"one": "1"}))
    c.true("rename_object: the bytes", h.read(bucket, "dir/new +%") == content)
    h.refused("rename_object: the old name is gone", 404, "404", s3.head_object, Bucket=bucket, Key="dir/old ü")
    h.refused("rename_object of a missing key", 404, "NoSuchKey", s3.rename_object, Bucket=bucket, Key="x", RenameSource="nothing")
    s3.put_object(Bucket=bucket, Key="there", Body=b"there")
    h.refused("rename_object onto something with DestinationIfNoneMatch", 412, "PreconditionFailed", s3.rename_object, Bucket=bucket, Key="there", RenameSource=f"/{bucket}/dir/new%20%2B%25", DestinationIfNoneMatch="*")
    c.equal("refused: nothing has changed", h.read(bucket, "there"), b"there")


SECTIONS = [("properties and metadata", properties), ("keys", keys), ("deletion", deletion), ("conditions", conditions), ("ranges", ranges), ("tags", tags), ("presigned URLs", presigned), ("renaming", renaming)]
