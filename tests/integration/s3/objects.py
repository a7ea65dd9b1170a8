"""PutObject: digests, metadata and other headers, tags, bodies."""
from s3client import CHUNKS, CHUNKS_TRAILER, CHUNKS_UNSIGNED_TRAILER
from table import ANONYMOUS, CHUNKED, Row, broken, bucket, checksum, md5, noise, put, quoted, tags

BEFORE = (bucket("objects"),)
BODY = b"some data"


def upload(name, headers=None, body=BODY, key="key", **more):
    return Row(name, f"PUT /objects/{key}", headers or {}, body, **more)


def look(name, key="key", query=""):
    return Row(name, f"HEAD /objects/{key}{query}")


KINDS = ("crc32", "crc32c", "sha1", "sha256", "crc64nvme")
FULL = {"Content-Type": "text/x-test", "Content-Language": "de", "Content-Disposition": 'attachment; filename="a"', "Cache-Control": "max-age=7",
        "Expires": "Thu, 01 Dec 2033 16:00:00 GMT", "Content-Encoding": "gzip", "x-amz-meta-a": "1", "x-amz-meta-Big": "two words", "x-amz-meta-empty": ""}

ROWS = [
    upload("put"), look("head it"), Row("get it", "GET /objects/key"), upload("put nothing", body=b"", key="empty"), look("head nothing", "empty"),
    upload("put 100 KiB", body=noise(100 << 10), key="large"), Row("get 100 KiB", "GET /objects/large"),
    upload("content md5", {"Content-MD5": md5(BODY)}), upload("wrong content md5", {"Content-MD5": md5(b"other")}),
    upload("content md5 that is none", {"Content-MD5": "nonsense"}), upload("content md5, empty", {"Content-MD5": ""}),
    upload("content md5, too short", {"Content-MD5": "AAAA"}),
    *(upload(f"{kind}", {f"x-amz-checksum-{kind}": checksum(kind, BODY)}) for kind in KINDS),
    *(upload(f"wrong {kind}", {f"x-amz-checksum-{kind}": checksum(kind, b"other")}) for kind in KINDS),
    *(upload(f"{kind} that is none", {f"x-amz-checksum-{kind}": "AAA"}) for kind in KINDS),
    upload("two checksums", {"x-amz-checksum-crc32": checksum("crc32", BODY), "x-amz-checksum-sha1": checksum("sha1", BODY)}),
    upload("unknown checksum algorithm", {"x-amz-sdk-checksum-algorithm": "CRC16"}),
    upload("all headers", FULL), look("all headers come back"), upload("none of them any more"), look("they are gone"),
    upload("default type of a body", {}), upload("raw utf-8 metadata", {"x-amz-meta-u": "Grüße".encode()}, key="raw"), look("raw utf-8 metadata comes back", "raw"),
    upload("encoded metadata", {"x-amz-meta-u": "=?UTF-8?B?R3LDvMOfZQ==?="}, key="word"), look("encoded metadata comes back", "word"),
    upload("metadata of 2 KiB", {"x-amz-meta-a": "v" * 2047}), upload("metadata above 2 KiB", {"x-amz-meta-a": "v" * 2048}),
    upload("metadata in many", {f"x-amz-meta-{i}": "v" * 10 for i in range(60)}), upload("name of metadata with odd signs", {"x-amz-meta-a.b_c": "1"}, key="odd"),
    look("name with odd signs comes back", "odd"), upload("metadata with spaces inside", {"x-amz-meta-s": "a  b"}, key="odd"), look("spaces inside come back", "odd"),
    upload("storage class", {"x-amz-storage-class": "STANDARD"}), upload("unknown storage class", {"x-amz-storage-class": "PAPER"}),
    *(upload(f"acl {acl}", {"x-amz-acl": acl}, key="acl") for acl in ("private", "public-read", "bucket-owner-full-control", "everybody")),
    upload("redirect", {"x-amz-website-redirect-location": "/elsewhere"}, key="redirect"), look("redirect comes back", "redirect"),
    upload("redirect that is none", {"x-amz-website-redirect-location": "ftp://x"}),
    upload("tags", {"x-amz-tagging": "a=1&b=two%20words"}, key="tagged"), look("tags are counted", "tagged"), Row("tags come back", "GET /objects/tagged?tagging"),
    *(upload(f"tags: {what}", {"x-amz-tagging": text}, key="tagging") for what, text in (
        ("ten", "&".join(f"k{i}=v" for i in range(10))), ("eleven", "&".join(f"k{i}=v" for i in range(11))), ("twice", "a=1&a=2"), ("no key", "=1"),
        ("no value", "a"), ("long key", "k" * 129 + "=v"), ("long value", "k=" + "v" * 257), ("bad escape", "a=%zz"), ("system", "aws:a=1"),
        ("utf-8", quoted("ü") + "=" + quoted("ö")), ("plus", "a=b+c"), ("odd sign", "a%23=1"))),
    Row("tags with a plus", "GET /objects/tagging?tagging"),
    Row("set tags", "PUT /objects/tagged?tagging", body=tags(("x", "1"), ("y", ""))), Row("get tags", "GET /objects/tagged?tagging"),
    Row("set ten tags", "PUT /objects/tagged?tagging", body=tags(*((f"k{i}", "v") for i in range(10)))),
    *(Row(f"set tags: {what}", "PUT /objects/tagged?tagging", body=body) for what, body in (
        ("eleven", tags(*((f"k{i}", "v") for i in range(11)))), ("twice", tags(("a", "1"), ("a", "2"))), ("long key", tags(("k" * 129, "v"))),
        ("long value", tags(("k", "v" * 257))), ("empty key", tags(("", "v"))), ("system", tags(("aws:x", "1"))), ("odd sign", tags(("a#", "1"))),
        ("no value", b"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>"), ("two sets", b"<Tagging><TagSet/><TagSet/></Tagging>"))),
    *broken("set tags", "PUT /objects/tagged?tagging", "Tagging"),
    Row("delete tags", "DELETE /objects/tagged?tagging"), Row("get no tags", "GET /objects/tagged?tagging"), look("tags are not counted", "tagged"),
    Row("tags of no key", "GET /objects/none?tagging"), Row("set tags of no key", "PUT /objects/none?tagging", body=tags()),
    Row("delete tags of no key", "DELETE /objects/none?tagging"),
    Row("half of a part", "PUT /objects/key?partNumber=1", body=b"x"), Row("the other half of a part", "PUT /objects/key?uploadId=1", body=b"x"),
    upload("anonymous", sign=ANONYMOUS), upload("unknown access key", who="unknown"), upload("wrong secret", who="wrong"),
    upload("unsigned payload", how={"payload": "UNSIGNED-PAYLOAD"}), upload("payload hash that is none", how={"payload": "nonsense"}),
    upload("hash of another payload", how={"payload": "0" * 64}),
    Row("chunks", "PUT /objects/chunks", sign=CHUNKED, chunks=[noise(65536), noise(100)]), Row("chunks come back", "GET /objects/chunks"),
    Row("chunks and a signed trailer", "PUT /objects/chunks", sign=CHUNKED, chunks=[BODY], how={
        "payload": CHUNKS_TRAILER, "trailer": ("x-amz-checksum-crc32c", checksum("crc32c", BODY))}),
    Row("chunks and an unsigned trailer", "PUT /objects/chunks", sign=CHUNKED, chunks=[BODY], how={
        "payload": CHUNKS_UNSIGNED_TRAILER, "trailer": ("x-amz-checksum-crc32", checksum("crc32", BODY))}),
    Row("chunks and a wrong trailer", "PUT /objects/chunks", sign=CHUNKED, chunks=[BODY], how={
        "payload": CHUNKS_UNSIGNED_TRAILER, "trailer": ("x-amz-checksum-crc32", checksum("crc32", b"other"))}),
    Row("altered chunk", "PUT /objects/chunks", sign=CHUNKED, chunks=[noise(65536), b"the last one"],
        how={"payload": CHUNKS, "spoil": lambda body: body.replace(b"the last", b"the lost")}),
    Row("chunks of another length", "PUT /objects/chunks", sign=CHUNKED, chunks=[BODY], how={"length": 5}),
    Row("chunks with another encoding", "PUT /objects/gz", {"Content-Encoding": "aws-chunked,gzip"}, sign=CHUNKED, chunks=[BODY]),
    look("the other encoding is kept", "gz"),
    Row("attributes", "GET /objects/key?attributes", {"x-amz-object-attributes": "ETag,ObjectSize"}, before=(put("/objects/key", BODY),)),
    Row("post to a key", "POST /objects/key"), Row("patch a key", "PATCH /objects/key"), Row("options without an origin", "OPTIONS /objects/key"),
]
