"""Versions: enabled and suspended, delete markers, the null version."""


def listed(h, bucket, **options):
    """[(key, version id, is latest, is delete marker)], newest first within a key."""
    answer = h.client.list_object_versions(Bucket=bucket, **options)
    every = [(each["Key"], each["VersionId"], each["IsLatest"], False, each["LastModified"]) for each in answer.get("Versions", [])]
    every += [(each["Key"], each["VersionId"], each["IsLatest"], True, each["LastModified"]) for each in answer.get("DeleteMarkers", [])]
    return [each[:4] for each in sorted(every, key=lambda each: (each[0], not each[2], -each[4].timestamp()))]


def enabled(h):
    c, s3, bucket = h.counts, h.client, h.versioned_bucket("versions")
    at = {"Bucket": bucket, "Key": "dir/a+b ü"}
    c.equal("get_bucket_versioning", s3.get_bucket_versioning(Bucket=bucket)["Status"], "Enabled")
    contents = [h.bytes(10), h.bytes(100_000), h.bytes(20)]
    puts = [s3.put_object(**at, Body=content, Metadata={"n": str(number)}, Tagging=f"n={number}") for number, content in enumerate(contents)]
    ids = [put["VersionId"] for put in puts]
    c.equal("every put has a version of its own", len(set(ids)), 3)
    for number, (content, version) in enumerate(zip(contents, ids)):
        got = s3.get_object(**at, VersionId=version)
        c.equal(f"version {number}", (got["Body"].read() == content, got["Metadata"], got["VersionId"], got["ETag"]), (True, {"n": str(number)}, version, puts[number]["ETag"]))
        c.equal(f"tags of version {number}", s3.get_object_tagging(**at, VersionId=version)["TagSet"], [{"Key": "n", "Value": str(number)}])
    c.equal("head_object: the current version", s3.head_object(**at)["VersionId"], ids[2])
    c.true("a range of an old version", h.read(bucket, at["Key"], VersionId=ids[1], Range="bytes=99990-") == contents[1][99990:])
    gone = s3.delete_object(**at)
    c.equal("delete_object makes a marker", (gone.get("DeleteMarker"), gone["VersionId"] in ids), (True, False))
    answer = h.refused("get_object under a marker", 404, "NoSuchKey", s3.get_object, **at)
    c.equal("get_object under a marker: it is named", answer["ResponseMetadata"]["HTTPHeaders"].get("x-amz-delete-marker"), "true")
    h.refused("get_object of a marker", 405, "MethodNotAllowed", s3.get_object, **at, VersionId=gone["VersionId"])
    h.refused("head_object of a marker", 405, "405", s3.head_object, **at, VersionId=gone["VersionId"])
    c.equal("list_objects_v2: nothing", s3.list_objects_v2(Bucket=bucket)["KeyCount"], 0)
    c.equal("list_object_versions", listed(h, bucket), [(at["Key"], gone["VersionId"], True, True)] + [(at["Key"], version, number == 3, False) for number, version in reversed(list(enumerate(ids)))])
    h.refused("delete_bucket that holds versions", 409, "BucketNotEmpty", s3.delete_bucket, Bucket=bucket)
    back = s3.delete_object(**at, VersionId=gone["VersionId"])
    c.equal("delete of the marker", (back.get("DeleteMarker"), back["VersionId"]), (True, gone["VersionId"]))
    c.true("the last version is back", h.read(bucket, at["Key"]) == contents[2])
    s3.delete_object(**at, VersionId=ids[2])
    c.true("delete of the current version: the one before is current", h.read(bucket, at["Key"]) == contents[1])
    copied = s3.copy_object(Bucket=bucket, Key="restored", CopySource={**at, "VersionId": ids[0]})
    c.equal("copy of an old version", (copied["CopySourceVersionId"], h.read(bucket, "restored") == contents[0]), (ids[0], True))
    s3.put_object_tagging(**at, VersionId=ids[0], Tagging={"TagSet": [{"Key": "set", "Value": "later"}]})
    c.equal("tags set on an old version", (s3.get_object_tagging(**at, VersionId=ids[0])["TagSet"], s3.get_object_tagging(**at)["TagSet"]), ([{"Key": "set", "Value": "later"}], [{"Key": "n", "Value": "1"}]))
    h.refused("a version that is not there", 404, "NoSuchVersion", s3.get_object, **at, VersionId=ids[2])
    h.refused("a version id that is none", 400, ("InvalidArgument", "NoSuchVersion"), s3.get_object, **at, VersionId="wrong version")
    marked = s3.delete_object(Bucket=bucket, Key="was never there")
    c.equal("delete of what was never there makes a marker", marked.get("DeleteMarker"), True)


def pages(h):
    c, s3, bucket = h.counts, h.client, h.versioned_bucket("version-pages")
    for key in ("a/x", "a/y", "b", "ü#"):
        for number in range(4):
            s3.put_object(Bucket=bucket, Key=key, Body=f"{number}".encode())
    s3.delete_object(Bucket=bucket, Key="b")
    paged = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket, PaginationConfig={"PageSize": 3}):
        paged += [(each["Key"], each["VersionId"]) for each in page.get("Versions", []) + page.get("DeleteMarkers", [])]
    c.equal("list_object_versions in pages of 3", (len(paged), sorted(paged)), (17, sorted((key, version) for key, version, _, _ in listed(h, bucket))))
    c.equal("by delimiter", [each["Prefix"] for each in s3.list_object_versions(Bucket=bucket, Delimiter="/")["CommonPrefixes"]], ["a/"])
    c.equal("by prefix", len(listed(h, bucket, Prefix="b")), 5)
    doomed = [{"Key": key, "VersionId": version} for key, version in paged if key != "b"]
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": doomed})
    c.equal("delete_objects of versions", (len(answer["Deleted"]), answer.get("Errors")), (12, None))
    marked = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}]})["Deleted"][0]
    c.equal("delete_objects makes a marker", (marked["DeleteMarker"], bool(marked["DeleteMarkerVersionId"])), (True, True))
    c.equal("what is left", len(listed(h, bucket)), 6)


def suspended(h):
    c, s3, bucket = h.counts, h.client, h.bucket("suspended")
    at = {"Bucket": bucket, "Key": "key"}
    s3.put_object(**at, Body=b"before")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    c.equal("what was there is the null version", [each[1] for each in listed(h, bucket)], ["null"])
    version = s3.put_object(**at, Body=b"enabled")["VersionId"]
    c.equal("the null version stays", h.read(bucket, "key", VersionId="null"), b"before")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    c.equal("get_bucket_versioning", s3.get_bucket_versioning(Bucket=bucket)["Status"], "Suspended")
    s3.put_object(**at, Body=b"suspended")
    c.equal("a put replaces the null version", (h.read(bucket, "key"), h.read(bucket, "key", VersionId="null"), h.read(bucket, "key", VersionId=version)), (b"suspended", b"suspended", b"enabled"))
    c.equal("list_object_versions", [each[1:] for each in listed(h, bucket)], [("null", True, False), (version, False, False)])
    gone = s3.delete_object(**at)
    c.equal("a delete leaves a null marker", (gone.get("DeleteMarker"), gone.get("VersionId")), (True, "null"))
    c.equal("list_object_versions under it", [each[1:] for each in listed(h, bucket)], [("null", True, True), (version, False, False)])
    s3.delete_object(**at, VersionId="null")
    c.equal("delete of the null marker: the version before is current", h.read(bucket, "key"), b"enabled")
    upload = s3.create_multipart_upload(**at)["UploadId"]
    part = s3.upload_part(**at, UploadId=upload, PartNumber=1, Body=b"part")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    done = s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
    c.equal("a multipart upload makes a version", (done["VersionId"] not in (version, "null"), h.read(bucket, "key", VersionId=done["VersionId"])), (True, b"part"))


SECTIONS = [("versions", enabled), ("listing of versions", pages), ("suspended versions", suspended)]
