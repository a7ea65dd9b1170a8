"""Multipart uploads by hand."""
import base64
import hashlib

from cases_integrity import ALGORITHMS, text

MIB = 1 << 20


def upload_parts(h, at, contents, upload, **options):
    parts = []
    for number, content in contents.items():
        answer = h.client.upload_part(**at, UploadId=upload, PartNumber=number, Body=content, **options)
        parts.append({"PartNumber": number, **{name: value for name, value in answer.items() if name == "ETag" or name.startswith("Checksum")}})
    return parts


def whole(h):
    c, s3, bucket = h.counts, h.client, h.bucket("parts")
    at = {"Bucket": bucket, "Key": "dir/a+b ü"}
    upload = s3.create_multipart_upload(**at, ContentType="text/x-parts", Metadata={"one": "1"}, Tagging="tag=1", CacheControl="max-age=3")["UploadId"]
    contents = {number: h.bytes(5 * MIB + number if number < 4 else 77, number) for number in (1, 2, 3, 4)}
    parts = upload_parts(h, at, contents, upload)
    contents[2] = h.bytes(5 * MIB, "again")
    parts[1] = upload_parts(h, at, {2: contents[2]}, upload)[0]
    listed = s3.list_parts(**at, UploadId=upload, MaxParts=3)
    c.equal("list_parts", ([(each["PartNumber"], each["Size"], each["ETag"]) for each in listed["Parts"]], listed["IsTruncated"], listed["NextPartNumberMarker"]),
            ([(number, len(contents[number]), parts[index]["ETag"]) for index, number in enumerate((1, 2, 3))], True, 3))
    c.equal("list_parts after a marker", [each["PartNumber"] for each in s3.list_parts(**at, UploadId=upload, PartNumberMarker=3)["Parts"]], [4])
    h.refused("before completion there is nothing", 404, "404", s3.head_object, **at)
    done = s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload={"Parts": parts})
    digest = hashlib.md5(b"".join(hashlib.md5(content).digest() for content in contents.values())).hexdigest()
    c.equal("the entity tag", done["ETag"], f'"{digest}-4"')
    got = s3.get_object(**at)
    c.true("the bytes", got["Body"].read() == b"".join(contents.values()))
    c.equal("type, metadata, tags", (got["ContentType"], got["Metadata"], got["CacheControl"], s3.get_object_tagging(**at)["TagSet"]), ("text/x-parts", {"one": "1"}, "max-age=3", [{"Key": "tag", "Value": "1"}]))
    second = s3.get_object(**at, PartNumber=2)
    c.equal("get_object of a part", (second["PartsCount"], second["ContentRange"].split("/")[0], second["Body"].read() == contents[2]),
            (4, f"bytes {len(contents[1])}-{len(contents[1]) + len(contents[2]) - 1}", True))
    c.equal("head_object of a part", s3.head_object(**at, PartNumber=4)["ContentLength"], 77)
    h.refused("get_object of a part that is not there", 416, ("InvalidPartNumber", "InvalidRange"), s3.get_object, **at, PartNumber=5)
    c.true("a range over two parts", h.read(bucket, at["Key"], Range=f"bytes={5 * MIB}-{5 * MIB + 99}") == b"".join(contents.values())[5 * MIB:5 * MIB + 100])
    c.equal("completed again", s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload={"Parts": parts})["ETag"], done["ETag"])


def refusals(h):
    c, s3, bucket = h.counts, h.client, h.bucket("parts-refused")
    at = {"Bucket": bucket, "Key": "key"}
    upload = s3.create_multipart_upload(**at)["UploadId"]
    parts = upload_parts(h, at, {1: h.bytes(5 * MIB), 2: h.bytes(1000), 3: h.bytes(1000, 3)}, upload)
    complete = lambda chosen, **options: s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload={"Parts": chosen}, **options)
    h.refused("a part that is too small", 400, "EntityTooSmall", complete, chosen=parts)
    h.refused("parts out of order", 400, "InvalidPartOrder", complete, chosen=[parts[1], parts[0]])
    h.refused("a part with another entity tag", 400, "InvalidPart", complete, chosen=[{**parts[0], "ETag": '"00000000000000000000000000000000"'}])
    h.refused("a part that was not uploaded", 400, "InvalidPart", complete, chosen=[parts[0], {**parts[1], "PartNumber": 5}])
    h.refused("no parts", 400, ("MalformedXML", "InvalidRequest"), complete, chosen=[])
    h.refused("part number 0", 400, "InvalidArgument", s3.upload_part, **at, UploadId=upload, PartNumber=0, Body=b"1")
    h.refused("part number 10001", 400, "InvalidArgument", s3.upload_part, **at, UploadId=upload, PartNumber=10001, Body=b"1")
    for what, call, options in (("upload_part", s3.upload_part, {"PartNumber": 1, "Body": b"1"}), ("list_parts", s3.list_parts, {}), ("abort", s3.abort_multipart_upload, {}),
                                ("complete", s3.complete_multipart_upload, {"MultipartUpload": {"Parts": parts[:1]}})):
        h.refused(f"{what} of an unknown upload", 404, "NoSuchUpload", call, **at, UploadId="nothing", **options)
    tag = s3.put_object(**at, Body=b"there")["ETag"]
    h.refused("complete with IfNoneMatch '*' onto something", 412, "PreconditionFailed", complete, chosen=parts[:2], IfNoneMatch="*")
    complete(parts[:2], IfMatch=tag)
    c.equal("complete with IfMatch; a part left out", s3.head_object(**at)["ContentLength"], 5 * MIB + 1000)


def uploads(h):
    c, s3, bucket = h.counts, h.client, h.bucket("uploads")
    made = [(key, s3.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]) for key in ("a/1", "a/1", "a/2", "b ü", "c/x")]
    listed = [(each["Key"], each["UploadId"]) for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2}) for each in page.get("Uploads", [])]
    c.equal("list_multipart_uploads in pages of 2: keys", [key for key, _ in listed], [key for key, _ in made])
    c.equal("list_multipart_uploads: uploads", sorted(listed), sorted(made))
    levels = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
    c.equal("by delimiter", ([each["Prefix"] for each in levels["CommonPrefixes"]], [each["Key"] for each in levels["Uploads"]]), (["a/", "c/"], ["b ü"]))
    c.equal("by prefix", len(s3.list_multipart_uploads(Bucket=bucket, Prefix="a/")["Uploads"]), 3)
    for key, upload in made:
        c.equal("abort_multipart_upload", s3.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload)["ResponseMetadata"]["HTTPStatusCode"], 204)
    c.equal("nothing is left", s3.list_multipart_uploads(Bucket=bucket).get("Uploads"), None)


def copied_parts(h):
    c, s3, bucket, content = h.counts, h.client, h.bucket("parts-copied"), h.bytes(12 * MIB + 5)
    source, at = {"Bucket": bucket, "Key": "source +%ü"}, {"Bucket": bucket, "Key": "target"}
    tag = s3.put_object(**source, Body=content)["ETag"]
    upload = s3.create_multipart_upload(**at)["UploadId"]
    parts = []
    for number, start, size in ((2, 7 * MIB - 3, 5 * MIB), (5, 1, 5 * MIB + 1)):  # numbers may have gaps
        answer = s3.upload_part_copy(**at, UploadId=upload, PartNumber=number, CopySource=source, CopySourceRange=f"bytes={start}-{start + size - 1}", CopySourceIfMatch=tag)
        parts.append({"PartNumber": number, "ETag": answer["CopyPartResult"]["ETag"]})
    c.equal("upload_part_copy: the MD5 of the range", parts[0]["ETag"], f'"{hashlib.md5(content[7 * MIB - 3:][:5 * MIB]).hexdigest()}"')
    answer = s3.upload_part_copy(**at, UploadId=upload, PartNumber=9, CopySource=source)
    parts.append({"PartNumber": 9, "ETag": answer["CopyPartResult"]["ETag"]})
    h.refused("a range beyond the end", 400, ("InvalidArgument", "InvalidRange"), s3.upload_part_copy, **at, UploadId=upload, PartNumber=4, CopySource=source, CopySourceRange=f"bytes=0-{len(content)}")
    h.refused("a condition that does not hold", 412, "PreconditionFailed", s3.upload_part_copy, **at, UploadId=upload, PartNumber=4, CopySource=source, CopySourceIfNoneMatch=tag)
    h.refused("a missing source", 404, "NoSuchKey", s3.upload_part_copy, **at, UploadId=upload, PartNumber=4, CopySource={"Bucket": bucket, "Key": "nothing"})
    s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload={"Parts": parts})
    c.true("the bytes", h.read(bucket, "target") == content[7 * MIB - 3:][:5 * MIB] + content[1:][:5 * MIB + 1] + content)


def checksums(h):
    c, s3, bucket = h.counts, h.client, h.bucket("parts-checksums")
    contents = {1: h.bytes(5 * MIB, 1), 2: h.bytes(70_001, 2)}
    everything = b"".join(contents.values())
    for algorithm in ALGORITHMS:
        for kind in {"CRC64NVME": ["FULL_OBJECT"], "SHA1": ["COMPOSITE"], "SHA256": ["COMPOSITE"]}.get(algorithm, ["COMPOSITE", "FULL_OBJECT"]):
            at, name = {"Bucket": bucket, "Key": f"{algorithm} {kind}"}, "Checksum" + algorithm
            created = s3.create_multipart_upload(**at, ChecksumAlgorithm=algorithm, ChecksumType=kind)
            upload = created["UploadId"]
            c.equal(f"{algorithm} {kind}: create_multipart_upload", (created.get("ChecksumAlgorithm"), created.get("ChecksumType")), (algorithm, kind))
            parts = upload_parts(h, at, contents, upload, ChecksumAlgorithm=algorithm)
            c.equal(f"{algorithm} {kind}: of the parts", [part.get(name) for part in parts], [text(algorithm, content) for content in contents.values()])
            done = s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload={"Parts": parts}, ChecksumType=kind)
            composite = base64.b64encode(ALGORITHMS[algorithm](b"".join(ALGORITHMS[algorithm](content) for content in contents.values()))).decode() + "-2"
            want = text(algorithm, everything) if kind == "FULL_OBJECT" else composite
            c.equal(f"{algorithm} {kind}: of the object", (done.get(name), done.get("ChecksumType")), (want, kind))
            got = s3.get_object(**at, ChecksumMode="ENABLED")
            c.equal(f"{algorithm} {kind}: given back", (got.get(name), got.get("ChecksumType"), got["Body"].read() == everything), (want, kind, True))
    at = {"Bucket": bucket, "Key": "wrong"}
    upload = s3.create_multipart_upload(**at, ChecksumAlgorithm="CRC64NVME")["UploadId"]
    parts = upload_parts(h, at, contents, upload, ChecksumAlgorithm="CRC64NVME")
    h.refused("a wrong checksum of a part", 400, "BadDigest", s3.upload_part, **at, UploadId=upload, PartNumber=1, Body=contents[1], ChecksumCRC64NVME=text("CRC64NVME", b"other"))
    h.refused("a wrong checksum of the whole", 400, "BadDigest", s3.complete_multipart_upload, **at, UploadId=upload, MultipartUpload={"Parts": parts}, ChecksumCRC64NVME=text("CRC64NVME", b"other"))
    s3.complete_multipart_upload(**at, UploadId=upload, MultipartUpload={"Parts": parts}, ChecksumCRC64NVME=text("CRC64NVME", everything))
    c.true("the right one", h.read(bucket, "wrong") == everything)


SECTIONS = [("multipart upload", whole), ("multipart uploads that are refused", refusals), ("list and abort of uploads", uploads), ("parts copied from objects", copied_parts), ("checksums of parts", checksums)]
