"""Checksums: computed by the client, announced in a header (over http) or in a trailer (over https), kept, given back, compared."""
import base64
import hashlib
import io
import zlib

from awscrt import checksums as crt
from botocore.exceptions import ClientError

ALGORITHMS = {
    "CRC32": lambda data: zlib.crc32(data).to_bytes(4, "big"),
    "CRC32C": lambda data: crt.crc32c(data).to_bytes(4, "big"),
    "CRC64NVME": lambda data: crt.crc64nvme(data).to_bytes(8, "big"),
    "SHA1": lambda data: hashlib.sha1(data).digest(),
    "SHA256": lambda data: hashlib.sha256(data).digest(),
}


def text(algorithm, data):
    return base64.b64encode(ALGORITHMS[algorithm](data)).decode()


def of_objects(h):
    c, s3, bucket = h.counts, h.client, h.bucket("checksums")
    for algorithm in ALGORITHMS:
        name = "Checksum" + algorithm
        for size in (0, 1, 65_537, 3_000_000):
            content, at = h.bytes(size), {"Bucket": bucket, "Key": f"{algorithm}-{size}"}
            put = s3.put_object(**at, Body=content, ChecksumAlgorithm=algorithm)
            c.equal(f"{algorithm} of {size} bytes, computed by the client", put.get(name), text(algorithm, content))
            got = s3.get_object(**at, ChecksumMode="ENABLED")
            c.equal(f"{algorithm} of {size} bytes, given back", (got.get(name), got.get("ChecksumType"), got["Body"].read() == content), (text(algorithm, content), "FULL_OBJECT", True))
        c.equal(f"{algorithm}, given back by head_object", s3.head_object(**at, ChecksumMode="ENABLED").get(name), text(algorithm, content))
        c.equal(f"{algorithm}, not asked for", s3.head_object(**at).get(name), None)
        stream = s3.put_object(**at, Body=io.BytesIO(content), ChecksumAlgorithm=algorithm)
        c.equal(f"{algorithm} of a stream", stream.get(name), text(algorithm, content))
        s3.put_object(**at, Body=content, **{name: text(algorithm, content)})
        h.refused(f"{algorithm} that is wrong", 400, "BadDigest", s3.put_object, **at, Body=content, **{name: text(algorithm, b"other")})
        h.refused(f"{algorithm} that is none", 400, ("InvalidRequest", "InvalidArgument"), s3.put_object, **at, Body=content, **{name: "AAAA"})
        copied = s3.copy_object(Bucket=bucket, Key="copy", CopySource=at, ChecksumAlgorithm=algorithm)["CopyObjectResult"]
        c.equal(f"{algorithm} of a copy", copied.get(name), text(algorithm, content))
    default = s3.put_object(Bucket=bucket, Key="default", Body=b"default")
    c.true("the client's own choice, without being asked", default.get("ChecksumCRC32") or default.get("ChecksumCRC64NVME"), default)
    for algorithm in ("SHA512", "XXHASH64"):  # kept or refused, but not taken and forgotten
        try:
            put = s3.put_object(Bucket=bucket, Key=algorithm, Body=b"new", ChecksumAlgorithm=algorithm)
            c.true(f"{algorithm} is kept, when it is not refused", put.get("Checksum" + algorithm), put)
        except ClientError as error:
            c.true(f"{algorithm} is refused", error.response["ResponseMetadata"]["HTTPStatusCode"] in (400, 501), error)


def content_md5(h):
    c, s3, bucket = h.counts, h.client, h.bucket("md5")
    at, content = {"Bucket": bucket, "Key": "key"}, h.bytes(70_000)
    put = s3.put_object(**at, Body=content, ContentMD5=base64.b64encode(hashlib.md5(content).digest()).decode())
    c.equal("the entity tag is the MD5", put["ETag"], f'"{hashlib.md5(content).hexdigest()}"')
    h.refused("a wrong Content-MD5", 400, "BadDigest", s3.put_object, **at, Body=content, ContentMD5=base64.b64encode(hashlib.md5(b"other").digest()).decode())
    h.refused("a Content-MD5 that is none", 400, "InvalidDigest", s3.put_object, **at, Body=content, ContentMD5="bm90IGFuIE1ENQ==")
    c.true("refused: nothing has changed", h.read(bucket, "key") == content)


def attributes(h):
    c, s3, bucket, content = h.counts, h.client, h.bucket("attributes"), h.bytes(10 << 20)
    s3.put_object(Bucket=bucket, Key="whole", Body=content, ChecksumAlgorithm="SHA256")
    every = ["ETag", "Checksum", "ObjectParts", "StorageClass", "ObjectSize"]
    got = s3.get_object_attributes(Bucket=bucket, Key="whole", ObjectAttributes=every)
    c.equal("get_object_attributes", (got["ETag"], got["Checksum"].get("ChecksumSHA256"), got["StorageClass"], got["ObjectSize"], got.get("ObjectParts")),
            (hashlib.md5(content).hexdigest(), text("SHA256", content), "STANDARD", len(content), None))
    few = s3.get_object_attributes(Bucket=bucket, Key="whole", ObjectAttributes=["ObjectSize"])
    c.equal("get_object_attributes of one", (few.get("ObjectSize"), few.get("ETag"), few.get("Checksum")), (len(content), None, None))
    upload = s3.create_multipart_upload(Bucket=bucket, Key="parts", ChecksumAlgorithm="SHA256")["UploadId"]
    parts = []
    for number, part in enumerate((content[:5 << 20], content[5 << 20:]), 1):
        answer = s3.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=number, Body=part, ChecksumAlgorithm="SHA256")
        parts.append({"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": answer["ChecksumSHA256"]})
    s3.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload={"Parts": parts})
    got = s3.get_object_attributes(Bucket=bucket, Key="parts", ObjectAttributes=every, MaxParts=1)
    held = got["ObjectParts"]
    c.equal("get_object_attributes: parts", (held["TotalPartsCount"], held["IsTruncated"], [(each["PartNumber"], each["Size"], each["ChecksumSHA256"]) for each in held["Parts"]]),
            (2, True, [(1, 5 << 20, parts[0]["ChecksumSHA256"])]))
    rest = s3.get_object_attributes(Bucket=bucket, Key="parts", ObjectAttributes=["ObjectParts"], PartNumberMarker=held["NextPartNumberMarker"])["ObjectParts"]
    c.equal("get_object_attributes: the rest of the parts", (rest["IsTruncated"], [each["PartNumber"] for each in rest["Parts"]]), (False, [2]))
    h.refused("get_object_attributes of a missing key", 404, "NoSuchKey", s3.get_object_attributes, Bucket=bucket, Key="nothing", ObjectAttributes=every)


SECTIONS = [("checksums of objects", of_objects), ("Content-MD5", content_md5), ("attributes", attributes)]
