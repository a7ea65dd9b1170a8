#!/usr/bin/env python3
"""Objects and multipart uploads over S3, good and bad, against the real program: the documented service is the oracle."""
import base64
import hashlib
import os
import socket
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import Client, Server  # noqa: E402
import s3client  # noqa: E402
from s3client import S3, checksum, checksum_bytes, md5_base64, md5_hex  # noqa: E402

PART = 5 << 20
KINDS = ("CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256")
passed = failed = 0


def check(what, truth, detail=""):
    global passed, failed
    if truth:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what} {detail!r}", flush=True)


def expect(what, answer, status, code=None):
    """The status, the error's code, and that an error has what error documents have."""
    fine = answer.status == status and (code is None or answer.code == code)
    if code is not None and fine:
        fine = bool(answer.find("Message")) and bool(answer.find("RequestId"))
    check(what, fine, answer)
    return answer


def date(offset_s=0):
    return time.strftime("%a, %d %b %Y %H:%M:%S GMT", time.gmtime(time.time() + offset_s))


def noise(size, seed=1):
    block = hashlib.sha256(str(seed).encode()).digest()
    return (block * (size // 32 + 1))[:size]


# ---- PutObject ----

def puts(s3):
    answer = expect("put", s3.put("box", "plain", b"hello"), 200)
    check("put: ETag is the MD5", answer["ETag"] == f'"{md5_hex(b"hello")}"', answer["ETag"])
    check("put: CRC64NVME is there unasked", answer["x-amz-checksum-crc64nvme"] == checksum("crc64nvme", b"hello"))
    check("put: of the full object", answer["x-amz-checksum-type"] == "FULL_OBJECT")
    check("put: no version without versioning", answer["x-amz-version-id"] is None)
    for size in (0, 1, 4095, 65536, 65537, 300000, 1 << 20):
        body = noise(size, size)
        expect(f"put {size} bytes", s3.put("box", "sized", body), 200)
        check(f"get {size} bytes", s3.get("box", "sized").body == body)
    for key in ("a/", "a//b", "../up", "sp ace+plus%25", "ünï/☃/🦆", "a?b&c=d", "x" * 1024, "dot/./dot", "tab\tand\x01control"):
        expect(f"put key {key[:20]!r}", s3.put("box", key, key.encode()[:50]), 200)
        check(f"get key {key[:20]!r}", s3.get("box", key).body == key.encode()[:50])
    expect("key of 1025 bytes", s3.put("box", "x" * 1025, b""), 400, "KeyTooLongError")
    expect("no bucket", s3.put("nobox", "a", b"x"), 404, "NoSuchBucket")
    expect("half of a part", s3.put("box", "plain", b"x", "partNumber=1"), 400, "InvalidArgument")
    expect("the other half", s3.put("box", "plain", b"x", "uploadId=1"), 400, "InvalidArgument")
    expect("no length", s3.request("PUT", "/box/plain", headers={"Content-Length": ""}), 400)
    check("refused puts changed nothing", s3.get("box", "plain").body == b"hello")


def digests(s3):
    expect("Content-MD5", s3.put("box", "d", b"data", content_md5=md5_base64(b"data")), 200)
    expect("Content-MD5 of something else", s3.put("box", "d", b"data", content_md5=md5_base64(b"other")), 400, "BadDigest")
    expect("Content-MD5 that is none", s3.put("box", "d", b"data", content_md5="nonsense"), 400, "InvalidDigest")
    for kind in KINDS:
        header = f"x-amz-checksum-{kind.lower()}"
        answer = expect(f"{kind}", s3.put("box", "d", b"data", **{header: checksum(kind, b"data")}), 200)
        check(f"{kind} in the answer", answer[header] == checksum(kind, b"data"), answer[header])
        expect(f"{kind} of something else", s3.put("box", "d", b"data", **{header: checksum(kind, b"other")}), 400, "BadDigest")
        expect(f"{kind} that is none", s3.put("box", "d", b"data", **{header: "AAA"}), 400, "InvalidRequest")
        answer = s3.get("box", "d", x_amz_checksum_mode="ENABLED")
        check(f"{kind} asked for", answer[header] == checksum(kind, b"data"), answer[header])
        check(f"{kind} not asked for", s3.get("box", "d")[header] is None)
        check(f"{kind} not for a range", s3.get("box", "d", x_amz_checksum_mode="ENABLED", range="bytes=0-1")[header] is None)
        answer = s3.chunked("/box/t", [b"a" * 9000, b"b" * 70000], trailer=(header, checksum(kind, b"a" * 9000 + b"b" * 70000)),
                            payload=s3client.CHUNKS_UNSIGNED_TRAILER)
        expect(f"{kind} in a trailer", answer, 200)
        answer = s3.chunked("/box/t", [b"a" * 9000], trailer=(header, checksum(kind, b"b")), payload=s3client.CHUNKS_UNSIGNED_TRAILER)
        expect(f"{kind} in a trailer, of something else", answer, 400, "BadDigest")
    both = {"x-amz-checksum-crc32": checksum("crc32", b"data"), "x-amz-checksum-sha1": checksum("sha1", b"data")}
    expect("two kinds", s3.put("box", "d", b"data", **both), 400, "InvalidRequest")
    expect("unknown kind", s3.put("box", "d", b"data", x_amz_checksum_sha512="AAAA"), 501, "NotImplemented")
    expect("unknown algorithm", s3.put("box", "d", b"data", x_amz_sdk_checksum_algorithm="CRC16"), 400, "InvalidRequest")
    alone, other = s3.put("box", "d", b"data", x_amz_sdk_checksum_algorithm="SHA256"), {"x-amz-checksum-crc32": checksum("crc32", b"data")}
    expect("algorithm without a checksum", alone, 400, "InvalidRequest")
    expect("algorithm and a checksum of another", s3.put("box", "d", b"data", x_amz_sdk_checksum_algorithm="SHA256", **other), 400, "InvalidRequest")
    expect("algorithm and its checksum", s3.put("box", "d", b"data", x_amz_sdk_checksum_algorithm="crc32", **other), 200)
    trailer = {"trailer": ("x-amz-checksum-sha1", checksum("sha1", b"data")), "payload": s3client.CHUNKS_UNSIGNED_TRAILER}
    expect("algorithm and its trailer", s3.chunked("/box/d", [b"data"], headers={"x-amz-sdk-checksum-algorithm": "SHA1"}, **trailer), 200)
    expect("algorithm and a trailer of another", s3.chunked("/box/d", [b"data"], headers={"x-amz-sdk-checksum-algorithm": "SHA256"}, **trailer), 400,
           "InvalidRequest")
    expect("a checksum in a header and one in a trailer", s3.chunked("/box/d", [b"data"], headers=other, **trailer), 400, "InvalidRequest")
    expect("algorithm in a URL", s3.send("PUT", s3.presign("PUT", "/box/d", "x-amz-sdk-checksum-algorithm=CRC32"), {"Content-Length": "4"}, b"data"), 200)
    expect("unknown trailer", s3.chunked("/box/t", [b"x"], trailer=("x-amz-meta-a", "b"), payload=s3client.CHUNKS_UNSIGNED_TRAILER), 400)
    wrong = s3.request("PUT", "/box/d", body=b"data", payload=hashlib.sha256(b"other").hexdigest())
    expect("another SHA-256 was signed", wrong, 400, "XAmzContentSHA256Mismatch")
    check("refused bodies changed nothing", s3.get("box", "t").body == b"a" * 9000 + b"b" * 70000)


def chunks(s3):
    parts = [noise(65536, 1), noise(65536, 2), noise(777, 3)]
    expect("signed chunks", s3.chunked("/box/chunks", parts), 200)
    answer = s3.get("box", "chunks")
    check("signed chunks read back", answer.body == b"".join(parts))
    check("aws-chunked is not kept", answer["Content-Encoding"] is None, answer["Content-Encoding"])
    expect("with another encoding", s3.chunked("/box/gz", parts, headers={"Content-Encoding": "aws-chunked,gzip"}), 200)
    check("the other encoding is kept", s3.head("box", "gz")["Content-Encoding"] == "gzip")
    expect("signed chunks and trailer", s3.chunked("/box/chunks2", parts, payload=s3client.CHUNKS_TRAILER,
                                                   trailer=("x-amz-checksum-crc32c", checksum("crc32c", b"".join(parts)))), 200)
    spoiled = s3.chunked("/box/chunks", parts, spoil=lambda body: body.replace(parts[2][:16], b"0" * 16))
    expect("an altered chunk", spoiled, 403, "SignatureDoesNotMatch")
    expect("another length", s3.chunked("/box/chunks", parts, length=5), 400, "IncompleteBody")
    check("altered chunks changed nothing", s3.get("box", "chunks").body == b"".join(parts))


def headers(s3):
    sent = {"content_type": "text/x-test", "content_language": "de", "content_disposition": 'attachment; filename="a"',
            "cache_control": "max-age=7", "expires": "Thu, 01 Dec 2033 16:00:00 GMT", "content_encoding": "gzip",
            "x_amz_storage_class": "STANDARD_IA", "x_amz_website_redirect_location": "/elsewhere", "x_amz_meta_Color": "red",
            "x_amz_meta_empty": "", "x_amz_tagging": "a=1&b=two%20words"}
    expect("headers", s3.put("box", "h", b"body", **sent), 200)
    for answer in (s3.get("box", "h"), s3.head("box", "h")):
        for name in ("content_type", "content_language", "content_disposition", "cache_control", "expires", "content_encoding",
                     "x_amz_storage_class", "x_amz_website_redirect_location"):
            header = name.replace("_", "-")
            check(f"header {header}", answer[header] == sent[name], answer[header])
        check("metadata", answer["x-amz-meta-color"] == "red" and answer["x-amz-meta-empty"] == "")
        check("tagging count", answer["x-amz-tagging-count"] == "2", answer["x-amz-tagging-count"])
        check("accept ranges", answer["Accept-Ranges"] == "bytes")
        check("length", answer["Content-Length"] == "4")
    check("HEAD has no body", s3.head("box", "h").body == b"")
    expect("replaced", s3.put("box", "h", b"body"), 200)
    answer = s3.get("box", "h")
    check("nothing of it stays", answer["x-amz-meta-color"] is None and answer["Cache-Control"] is None and
          answer["x-amz-storage-class"] is None and answer["x-amz-tagging-count"] is None)
    check("default type", answer["Content-Type"] == "binary/octet-stream")
    word = "=?UTF-8?B?" + base64.b64encode("Grüße ☃".encode()).decode() + "?="
    for what, value in (("raw UTF-8", "Grüße ☃".encode()), ("RFC 2047, B", word), ("RFC 2047, Q", "=?utf-8?q?Gr=C3=BC=C3=9Fe_=E2=98=83?=")):
        expect(what, s3.request("PUT", "/box/u", headers={"x-amz-meta-u": value}), 200)
        check(f"{what} comes back", s3.head("box", "u")["x-amz-meta-u"] == word, s3.head("box", "u")["x-amz-meta-u"])
    for value in ("=?UTF-8?Q?=01?=", "=?UTF-8?B?74+/?=", "=?UTF-8?B?" + base64.b64encode("\uffff".encode()).decode() + "?=", "=?UTF-8?X?a?=", "=?UTF-8?B?a?=", "=?", "=?x"):
        expect(f"metadata {value}", s3.put("box", "u", b"", x_amz_meta_u=value), 200)
        check(f"metadata {value} comes back", s3.head("box", "u")["x-amz-meta-u"] == value, s3.head("box", "u")["x-amz-meta-u"])
    expect("metadata twice", s3.send("PUT", s3.presign("PUT", "/box/u"), [("x-amz-meta-a", "1"), ("X-Amz-Meta-A", "2"), ("Content-Length", "0")]), 403)
    expect("metadata of 2 KiB", s3.put("box", "m", b"", x_amz_meta_a="v" * 2047), 200)
    expect("metadata above 2 KiB", s3.put("box", "m", b"", x_amz_meta_a="v" * 2048), 400, "MetadataTooLarge")
    expect("storage class that is none", s3.put("box", "m", b"", x_amz_storage_class="PAPER"), 400, "InvalidStorageClass")
    expect("ACL that is none", s3.put("box", "m", b"", x_amz_acl="everybody"), 400, "InvalidArgument")
    expect("redirect that is none", s3.put("box", "m", b"", x_amz_website_redirect_location="ftp://x"), 400, "InvalidArgument")
    expect("customer's encryption", s3.put("box", "m", b"", x_amz_server_side_encryption_customer_algorithm="AES256"), 501, "NotImplemented")
    expect("grants", s3.put("box", "m", b"", x_amz_grant_read="id=1"), 501, "NotImplemented")


def write_conditions(s3):
    s3.delete("box", "c")
    expect("If-Match, nothing there", s3.put("box", "c", b"1", if_match='"x"'), 404, "NoSuchKey")
    expect("If-Match *, nothing there", s3.put("box", "c", b"1", if_match="*"), 404, "NoSuchKey")
    etag = expect("If-None-Match *, nothing there", s3.put("box", "c", b"1", if_none_match="*"), 200)["ETag"]
    answer = expect("If-None-Match *", s3.put("box", "c", b"2", if_none_match="*"), 412, "PreconditionFailed")
    check("the condition is named", answer.find("Condition") == "If-None-Match", answer.find("Condition"))
    answer = expect("If-Match of another", s3.put("box", "c", b"2", if_match='"other"'), 412, "PreconditionFailed")
    check("the condition is named", answer.find("Condition") == "If-Match", answer.find("Condition"))
    check("it is as it was", s3.get("box", "c").body == b"1")
    expect("If-Match", s3.put("box", "c", b"2", if_match=etag), 200)
    expect("large, If-None-Match *", s3.put("box", "c", b"2" * 5000000, if_none_match="*"), 412, "PreconditionFailed")
    expect("delete, If-Match of another", s3.delete("box", "c", if_match=etag), 412, "PreconditionFailed")
    expect("delete, If-Match", s3.delete("box", "c", if_match=f'"{md5_hex(b"2")}"'), 204)
    expect("delete, size", s3.delete("box", "plain", x_amz_if_match_size="1"), 501, "NotImplemented")
    expect("delete, If-Match, nothing there", s3.delete("box", "c", if_match=etag), 404, "NoSuchKey")
    expect("delete, nothing there", s3.delete("box", "c"), 204)
    expect("delete, If-None-Match, nothing there", s3.delete("box", "c", if_none_match=etag), 204)


# ---- GetObject ----

def ranges(s3):
    for name, body in (("small", noise(1000)), ("large", noise(3 << 20, 9))):
        size = len(body)
        s3.put("box", name, body)
        for text, first, last in (("bytes=0-0", 0, 0), ("bytes=10-19", 10, 19), ("bytes=990-", 990, size - 1), ("bytes=-5", size - 5, size - 1),
                                  (f"bytes=0-{size + 100}", 0, size - 1), (f"bytes=-{size + 1}", 0, size - 1)):
            for answer in (s3.get("box", name, range=text), s3.head("box", name, range=text)):
                check(f"{name} {text}", answer.status == 206 and answer["Content-Range"] == f"bytes {first}-{last}/{size}", answer)
                check(f"{name} {text} length", answer["Content-Length"] == str(last - first + 1), answer["Content-Length"])
            check(f"{name} {text} bytes", s3.get("box", name, range=text).body == body[first:last + 1])
        for text in ("bytes=0-1,5-6", "bytes=5-2", "bytes=x-y", "items=0-1", "bytes=", "0-5"):
            answer = s3.get("box", name, range=text)
            check(f"{name} {text} is ignored", answer.status == 200 and answer.body == body, answer)
        for text in (f"bytes={size}-", f"bytes={size}-{size + 5}", "bytes=-0"):
            answer = expect(f"{name} {text}", s3.get("box", name, range=text), 416, "InvalidRange")
            check(f"{name} {text} details", answer.find("ActualObjectSize") == str(size) and answer.find("RangeRequested") == text, answer.body)
            expect(f"{name} {text} HEAD", s3.head("box", name, range=text), 416)
    s3.put("box", "empty", b"")
    expect("range of nothing", s3.get("box", "empty", range="bytes=0-5"), 416, "InvalidRange")
    etag = s3.head("box", "small")["ETag"]
    check("If-Range", s3.get("box", "small", range="bytes=0-1", if_range=etag).status == 206)
    check("If-Range of another", s3.get("box", "small", range="bytes=0-1", if_range='"other"').status == 200)


def read_conditions(s3):
    etag = s3.put("box", "r", b"read")["ETag"]
    for verb in (s3.get, s3.head):
        expect("If-Match", verb("box", "r", if_match=etag), 200)
        expect("If-Match of another", verb("box", "r", if_match='"x"'), 412)
        answer = expect("If-None-Match", verb("box", "r", if_none_match=etag), 304)
        check("304 has the ETag and no body", answer["ETag"] == etag and answer["Last-Modified"] and answer.body == b"")
        check("its length is that of the 200", answer["Content-Length"] in (None, "4"), answer["Content-Length"])
        expect("If-None-Match of another", verb("box", "r", if_none_match='"x"'), 200)
        expect("If-Modified-Since before", verb("box", "r", if_modified_since=date(-3600)), 200)
        expect("If-Modified-Since after", verb("box", "r", if_modified_since=date(60)), 304)
        expect("If-Unmodified-Since before", verb("box", "r", if_unmodified_since=date(-3600)), 412)
        expect("If-Unmodified-Since after", verb("box", "r", if_unmodified_since=date(60)), 200)
        for name in ("if_modified_since", "if_unmodified_since"):
            expect(f"{name} that is no date", verb("box", "r", **{name: "yesterday"}), 200)
        expect("a date, and one that is none", verb("box", "r", if_modified_since=date(60), if_unmodified_since="2015-01-01"), 304)
        expect("If-Match wins", verb("box", "r", if_match=etag, if_unmodified_since=date(-3600)), 200)
        expect("If-None-Match wins", verb("box", "r", if_none_match=etag, if_modified_since=date(-3600)), 304)
    for name in ("modified", "unmodified"):
        expect(f"a source {name} since what is no date", s3.copy("box", "r-copy", "box/r", **{f"x_amz_copy_source_if_{name}_since": "yesterday"}), 200)
        expect(f"a write, {name} since what is no date", s3.put("box", "r-copy", b"x", **{f"if_{name}_since": "yesterday"}), 400, "InvalidArgument")
    check("412 names it", s3.get("box", "r", if_match='"x"').find("Condition") == "If-Match")
    expect("no key", s3.get("box", "none"), 404, "NoSuchKey")
    answer = expect("no key, HEAD", s3.head("box", "none"), 404)
    check("HEAD's errors have no body", answer.body == b"")
    expect("no bucket", s3.get("nobox", "none"), 404, "NoSuchBucket")


def overrides(s3, endpoint):
    s3.put("box", "o", b"body", content_type="text/plain", x_amz_acl="public-read")
    query = ("response-content-type=a%2Fb&response-content-language=fr&response-expires=soon&response-cache-control=no-store&"
             "response-content-disposition=inline&response-content-encoding=zip")
    for verb in (s3.get, s3.head):
        answer = expect("overrides", verb("box", "o", query), 200)
        check("overrides are there", [answer[name] for name in ("Content-Type", "Content-Language", "Expires", "Cache-Control",
                                                                "Content-Disposition", "Content-Encoding")] ==
              ["a/b", "fr", "soon", "no-store", "inline", "zip"], answer.headers.items())
    anonymous = S3(endpoint, access=None)
    expect("anonymous", anonymous.get("box", "o"), 200)
    expect("anonymous overrides", anonymous.get("box", "o", query), 400, "InvalidRequest")
    answer = s3.send("GET", s3.presign("GET", "/box/o", query), {})
    check("presigned overrides", answer.status == 200 and answer["Content-Type"] == "a/b", answer)
    expect("split header", s3.get("box", "o", "response-content-type=a%0D%0Ax%3Ay"), 200)
    check("no header is split", s3.get("box", "o", "response-content-type=a%0D%0Ax%3Ay")["x"] is None)
    anonymous.close()


# ---- versions ----

def versions(s3):
    s3.create_bucket("kept")
    expect("versioning", s3.set_versioning("kept", "Enabled"), 200)
    first = expect("first version", s3.put("kept", "v", b"one"), 200)["x-amz-version-id"]
    second = s3.put("kept", "v", b"two", x_amz_tagging="n=2")["x-amz-version-id"]
    check("ids", first and second and first != second)
    answer = s3.get("kept", "v")
    check("current", answer.body == b"two" and answer["x-amz-version-id"] == second)
    answer = s3.get("kept", "v", f"versionId={first}")
    check("older", answer.body == b"one" and answer["x-amz-version-id"] == first)
    answer = expect("delete", s3.delete("kept", "v"), 204)
    marker = answer["x-amz-version-id"]
    check("leaves a marker", answer["x-amz-delete-marker"] == "true" and marker)
    for verb in (s3.get, s3.head):
        answer = expect("deleted", verb("kept", "v"), 404)
        check("the marker shows", answer["x-amz-delete-marker"] == "true" and answer["x-amz-version-id"] == marker, answer.headers.items())
        answer = expect("the marker by its id", verb("kept", "v", f"versionId={marker}"), 405)
        check("a marker is not an object", answer["x-amz-delete-marker"] == "true" and answer["Allow"] and answer["Last-Modified"])
    check("NoSuchKey", s3.get("kept", "v").code == "NoSuchKey" and s3.get("kept", "v", f"versionId={marker}").code == "MethodNotAllowed")
    check("older versions are there", s3.get("kept", "v", f"versionId={second}").body == b"two")
    expect("tags of a marker", s3.get("kept", "v", f"tagging=&versionId={marker}"), 405, "MethodNotAllowed")
    expect("tags of a version", s3.put("kept", "v", b"<Tagging><TagSet/></Tagging>", f"tagging=&versionId={second}"), 200)
    answer = expect("delete the marker", s3.delete("kept", "v", f"versionId={marker}"), 204)
    check("it was one", answer["x-amz-delete-marker"] == "true" and answer["x-amz-version-id"] == marker)
    check("back again", s3.get("kept", "v").body == b"two")
    answer = expect("delete a version", s3.delete("kept", "v", f"versionId={second}"), 204)
    check("it was none", answer["x-amz-delete-marker"] is None and answer["x-amz-version-id"] == second)
    check("the one before", s3.get("kept", "v").body == b"one")
    expect("a version that is gone", s3.get("kept", "v", f"versionId={second}"), 404, "NoSuchVersion")
    expect("delete it again", s3.delete("kept", "v", f"versionId={second}"), 204)
    expect("not an id", s3.get("kept", "v", "versionId=nonsense"), 400, "InvalidArgument")
    expect("empty id", s3.get("kept", "v", "versionId="), 400, "InvalidArgument")
    expect("put a version by its id", s3.put("kept", "v", b"x", f"versionId={first}"), 400, "InvalidArgument")
    expect("put the null version", s3.put("kept", "v", b"x", "versionId=null"), 400, "InvalidArgument")
    expect("copy to a version", s3.copy("kept", "v", "kept/v", f"versionId={first}"), 400, "InvalidArgument")
    expect("begin an upload of a version", s3.post("kept", "v", f"uploads=&versionId={first}"), 400, "InvalidArgument")
    expect("a part of a version", s3.put("kept", "v", b"x", f"partNumber=1&uploadId=x&versionId={first}"), 400, "InvalidArgument")
    check("no version was made", s3.get("kept", "v")["x-amz-version-id"] == first)
    answer = expect("delete what is not there", s3.delete("kept", "nothing"), 204)
    check("leaves a marker too", answer["x-amz-delete-marker"] == "true")
    answer = expect("copy of a version", s3.copy("kept", "copy", f"kept/v?versionId={first}"), 200)
    check("source's id", answer["x-amz-copy-source-version-id"] == first and answer["x-amz-version-id"] not in (None, first))
    expect("copy of a marker", s3.copy("kept", "copy", "kept/nothing"), 404, "NoSuchKey")
    marker = s3.delete("kept", "v")["x-amz-version-id"]
    expect("copy of a marker by its id", s3.copy("kept", "copy", f"kept/v?versionId={marker}"), 400, "InvalidRequest")
    expect("copy of a version that is gone", s3.copy("kept", "copy", f"kept/v?versionId={second}"), 404, "NoSuchVersion")
    expect("an old version onto itself", s3.copy("kept", "v", f"kept/v?versionId={first}"), 200)
    check("is the current one now", s3.get("kept", "v").body == b"one")
    expect("rename where versions are kept", s3.put("kept", "w", b"", "renameObject=", x_amz_rename_source="v"), 501, "NotImplemented")
    expect("suspended", s3.set_versioning("kept", "Suspended"), 200)
    check("null version", s3.put("kept", "s", b"null")["x-amz-version-id"] == "null")
    check("null version by its id", s3.get("kept", "s", "versionId=null").body == b"null")
    check("null marker", s3.delete("kept", "s")["x-amz-version-id"] == "null")
    expect("the null version is gone", s3.get("kept", "s", "versionId=null"), 405)


# ---- CopyObject, RenameObject ----

def copies(s3):
    s3.create_bucket("other")
    s3.put("box", "src", b"source", content_type="text/a", x_amz_meta_a="1", x_amz_tagging="t=1", x_amz_acl="public-read",
           x_amz_storage_class="STANDARD_IA", x_amz_website_redirect_location="/x", cache_control="no-cache")
    etag = s3.head("box", "src")["ETag"]
    answer = expect("copy", s3.copy("other", "dst", "/box/src"), 200)
    check("copy's answer", answer.find("ETag") == etag and answer.find("LastModified").endswith("Z") and "." in answer.find("LastModified"))
    check("copy's checksum", answer.find("ChecksumCRC64NVME") == checksum("crc64nvme", b"source"))
    answer = s3.get("other", "dst")
    check("copied", answer.body == b"source" and answer["Content-Type"] == "text/a" and answer["x-amz-meta-a"] == "1" and
          answer["Cache-Control"] == "no-cache" and answer["x-amz-tagging-count"] == "1" and answer["ETag"] == etag)
    check("not copied", answer["x-amz-storage-class"] is None and answer["x-amz-website-redirect-location"] is None)
    check("the ACL is not copied", "AllUsers" not in s3.get("other", "dst", "acl=").body.decode())
    expect("replace", s3.copy("other", "dst", "box/src", x_amz_metadata_directive="REPLACE", content_type="text/b", x_amz_meta_b="2",
                              x_amz_tagging_directive="REPLACE", x_amz_tagging="u=1&v=2", x_amz_storage_class="ONEZONE_IA"), 200)
    answer = s3.get("other", "dst")
    check("replaced", answer["Content-Type"] == "text/b" and answer["x-amz-meta-a"] is None and answer["x-amz-meta-b"] == "2" and
          answer["x-amz-tagging-count"] == "2" and answer["x-amz-storage-class"] == "ONEZONE_IA" and answer["Cache-Control"] is None)
    expect("COPY ignores metadata", s3.copy("other", "dst", "box/src", x_amz_meta_b="2", content_type="text/b"), 200)
    check("it did", s3.head("other", "dst")["x-amz-meta-b"] is None and s3.head("other", "dst")["Content-Type"] == "text/a")
    expect("onto itself", s3.copy("box", "src", "box/src"), 400, "InvalidRequest")
    expect("onto itself, new metadata", s3.copy("box", "src", "box/src", x_amz_metadata_directive="REPLACE", x_amz_meta_n="1"), 200)
    check("new metadata", s3.head("box", "src")["x-amz-meta-n"] == "1")
    expect("onto itself, storage class", s3.copy("box", "src", "box/src", x_amz_storage_class="STANDARD_IA"), 200)
    for text in ("", "box", "/box/", "box/%zz", "//x", "box/a?versionId=zz"):
        expect(f"source {text!r}", s3.copy("box", "dst", text), 400, "InvalidArgument")
    expect("source key is not there", s3.copy("box", "dst", "box/none"), 404, "NoSuchKey")
    expect("source bucket is not there", s3.copy("box", "dst", "nobox/none"), 404, "NoSuchBucket")
    expect("bucket is not there", s3.copy("nobox", "dst", "box/src"), 404, "NoSuchBucket")
    expect("directive", s3.copy("box", "dst", "box/src", x_amz_metadata_directive="MERGE"), 400, "InvalidArgument")
    expect("tagging directive", s3.copy("box", "dst", "box/src", x_amz_tagging_directive="MERGE"), 400, "InvalidArgument")
    s3.put("box", "ünï +&?", b"odd")
    expect("encoded source", s3.copy("box", "odd", "box/" + s3client.quote("ünï +&?")), 200)
    expect("all of it encoded", s3.copy("box", "odd", s3client.quote("/box/ünï +&?", "")), 200)
    check("odd", s3.get("box", "odd").body == b"odd")
    for names, status in (({"if_match": etag}, 200), ({"if_match": '"x"'}, 412), ({"if_none_match": etag}, 412), ({"if_none_match": '"x"'}, 200),
                          ({"if_modified_since": date(-60)}, 200), ({"if_modified_since": date(60)}, 412),
                          ({"if_unmodified_since": date(60)}, 200), ({"if_unmodified_since": date(-60)}, 412),
                          ({"if_match": etag, "if_unmodified_since": date(-60)}, 200),
                          ({"if_none_match": etag, "if_modified_since": date(-60)}, 412)):
        named = {f"x_amz_copy_source_{name}": value for name, value in names.items()}
        expect(f"copy source {list(names)}", s3.copy("box", "dst", "box/src", **named), status)
    expect("destination If-None-Match", s3.copy("box", "dst", "box/src", if_none_match="*"), 412, "PreconditionFailed")
    expect("destination If-Match", s3.copy("box", "dst", "box/src", if_match=etag), 200)
    expect("destination If-Match, nothing there", s3.copy("box", "dst9", "box/src", if_match=etag), 404, "NoSuchKey")
    for kind in KINDS:
        answer = expect(f"copy with {kind}", s3.copy("box", "dst", "box/src", x_amz_checksum_algorithm=kind), 200)
        check(f"copy's {kind}", answer.find(f"Checksum{kind}") == checksum(kind, b"source"), answer.body)
        check(f"copy keeps the ETag with {kind}", answer.find("ETag") == etag)
    big = noise(2500000, 4)
    s3.put("box", "big", big)
    answer = expect("large copy with SHA256", s3.copy("box", "dst", "box/big", x_amz_checksum_algorithm="SHA256"), 200)
    check("large copy's SHA256", answer.find("ChecksumSHA256") == checksum("sha256", big) and s3.get("box", "dst").body == big)
    expect("copy with an unknown algorithm", s3.copy("box", "dst", "box/src", x_amz_checksum_algorithm="CRC16"), 400, "InvalidRequest")


def renames(s3):
    s3.put("box", "old", b"moved", x_amz_meta_a="1", x_amz_tagging="t=1")
    before = s3.head("box", "old")
    expect("rename", s3.put("box", "new name", b"", "renameObject=", x_amz_rename_source="old", x_amz_client_token="token-1"), 200)
    after = s3.get("box", "new name")
    check("renamed", after.body == b"moved" and [after[name] for name in ("ETag", "Last-Modified", "x-amz-meta-a", "x-amz-tagging-count")] ==
          [before[name] for name in ("ETag", "Last-Modified", "x-amz-meta-a", "x-amz-tagging-count")])
    expect("the old name is gone", s3.get("box", "old"), 404, "NoSuchKey")
    expect("no source", s3.put("box", "x", b"", "renameObject=", x_amz_rename_source="old"), 404, "NoSuchKey")
    expect("with bucket, encoded", s3.put("box", "back", b"", "renameObject=", x_amz_rename_source="/box/new%20name"), 200)
    for text in ("", "/other/back", "%zz"):
        expect(f"rename of {text!r}", s3.put("box", "x", b"", "renameObject=", x_amz_rename_source=text), 400, "InvalidArgument")
    expect("onto itself", s3.put("box", "back", b"", "renameObject=", x_amz_rename_source="back"), 400, "InvalidRequest")
    rename = lambda **headers: s3.put("box", "b2", b"", "renameObject=", x_amz_rename_source="back", **headers)  # noqa: E731
    expect("source's If-Match", rename(x_amz_rename_source_if_match='"x"'), 412, "PreconditionFailed")
    s3.put("box", "b2", b"there")
    expect("If-None-Match", rename(if_none_match="*"), 412, "PreconditionFailed")
    expect("token", rename(x_amz_client_token="x" * 65), 400, "InvalidArgument")
    expect("both fine", rename(x_amz_rename_source_if_match=before["ETag"], if_match=f'"{md5_hex(b"there")}"'), 200)
    check("replaced", s3.get("box", "b2").body == b"moved")


# ---- attributes, tags, ACLs ----

def attributes(s3):
    s3.put("box", "at", b"attributes")
    answer = expect("attributes", s3.get("box", "at", "attributes=", x_amz_object_attributes="ETag,Checksum,ObjectParts,StorageClass,ObjectSize"), 200)
    check("attributes' values", answer.find("ETag") == md5_hex(b"attributes") and answer.find("ObjectSize") == "10" and
          answer.find("StorageClass") == "STANDARD" and answer.find("Checksum/ChecksumCRC64NVME") == checksum("crc64nvme", b"attributes") and
          answer.find("Checksum/ChecksumType") == "FULL_OBJECT" and answer.find("ObjectParts") is None, answer.body)
    check("attributes' time", answer["Last-Modified"])
    check("only what was asked", [child.tag for child in s3.get("box", "at", "attributes=", x_amz_object_attributes="ObjectSize").xml] == ["ObjectSize"])
    expect("none", s3.get("box", "at", "attributes="), 400, "InvalidRequest")
    expect("unknown", s3.get("box", "at", "attributes=", x_amz_object_attributes="ETag,Smell"), 400, "InvalidArgument")
    expect("no key", s3.get("box", "none", "attributes=", x_amz_object_attributes="ETag"), 404, "NoSuchKey")


def tagging(box, s3):
    def document(pairs):
        tags = "".join(f"<Tag><Key>{name}</Key><Value>{value}</Value></Tag>" for name, value in pairs)
        return f"<Tagging><TagSet>{tags}</TagSet></Tagging>".encode()

    def put(pairs):
        return s3.put(box, "tag", document(pairs), "tagging=")
    before = s3.put(box, "tag", b"tagged", x_amz_tagging="a=1&b=%C3%BC+%2B")
    answer = expect("tags", s3.get(box, "tag", "tagging="), 200)
    check("tags of the header", list(zip(answer.all("TagSet/Tag/Key"), answer.all("TagSet/Tag/Value"))) == [("a", "1"), ("b", "ü +")], answer.body)
    expect("put tags", put([("x", "1"), ("ü/:", ""), ("k" * 128, "v" * 256)]), 200)
    answer = s3.get(box, "tag", "tagging=")
    check("tags", answer.all("TagSet/Tag/Key") == ["x", "ü/:", "k" * 128] and answer.all("TagSet/Tag/Value") == ["1", "", "v" * 256])
    after = s3.head(box, "tag")
    check("neither ETag nor version changes", after["ETag"] == before["ETag"] and after["x-amz-version-id"] == before["x-amz-version-id"])
    expect("ten", put([(f"k{i}", "v") for i in range(10)]), 200)
    expect("eleven", put([(f"k{i}", "v") for i in range(11)]), 400, "BadRequest")
    for pairs in ([("k" * 129, "v")], [("k", "v" * 257)], [("", "v")], [("a", "1"), ("a", "2")], [("aws:x", "1")], [("a#", "1")], [("a", "$")]):
        expect(f"tag {pairs[0][0][:9]}={pairs[0][1][:9]}", put(pairs), 400, "InvalidTag")
    for body in (b"<Tagging/>", b"<Tagging><TagSet><Tag><Key>a</Key></Tag></TagSet></Tagging>", b"<Tags/>", b"not XML", b"<Tagging><TagSet>"):
        expect(f"document {body[:20]}", s3.put(box, "tag", body, "tagging="), 400, "MalformedXML")
    expect("too large", s3.put(box, "tag", b" " * 70000, "tagging="), 400, "MalformedXML")
    check("refused documents changed nothing", len(s3.get(box, "tag", "tagging=").all("TagSet/Tag")) == 10)
    for text, code in (("a=1&a=2", "InvalidArgument"), ("a=%zz", "InvalidArgument"), ("=1", "InvalidTag"),
                       ("&".join(f"k{i}=1" for i in range(11)), "BadRequest"), ("a=" + "v" * 257, "InvalidTag")):
        expect(f"header {text[:12]}", s3.put(box, "tag", b"", x_amz_tagging=text), 400, code)
    expect("delete tags", s3.delete(box, "tag", "tagging="), 204)
    check("no tags", s3.get(box, "tag", "tagging=").all("TagSet/Tag") == [])
    expect("tags of nothing", s3.get(box, "none", "tagging="), 404, "NoSuchKey")
    expect("put tags of nothing", s3.put(box, "none", document([]), "tagging="), 404, "NoSuchKey")
    check("tags make no objects", s3.head(box, "none").status == 404)


def acls(s3, endpoint):
    anonymous = S3(endpoint, access=None)
    groups = "http://acs.amazonaws.com/groups/global/"
    s3.put("box", "acl", b"acl")
    answer = expect("ACL", s3.get("box", "acl", "acl="), 200)
    owner = answer.find("Owner/ID")
    check("private", answer.all("AccessControlList/Grant/Permission") == ["FULL_CONTROL"] and owner and
          answer.find("AccessControlList/Grant/Grantee/ID") == owner)
    expect("private object", anonymous.get("box", "acl"), 403, "AccessDenied")
    for canned, grants in (("public-read", ["FULL_CONTROL", "READ"]), ("public-read-write", ["FULL_CONTROL", "READ", "WRITE"]),
                           ("authenticated-read", ["FULL_CONTROL", "READ"]), ("bucket-owner-full-control", ["FULL_CONTROL"])):
        expect(f"put {canned}", s3.put("box", "acl", b"", "acl=", x_amz_acl=canned), 200)
        answer = s3.get("box", "acl", "acl=")
        check(f"{canned}", answer.all("AccessControlList/Grant/Permission") == grants, answer.body)
        expect(f"{canned}, anonymous", anonymous.get("box", "acl"), 200 if canned.startswith("public") else 403)
        body = answer.body
        expect(f"{canned} back as a document", s3.put("box", "acl", body, "acl="), 200)
        check(f"{canned} is the same", s3.get("box", "acl", "acl=").all("AccessControlList/Grant/Permission") == grants)

    def document(grants, who=owner):
        return ("<AccessControlPolicy xmlns='http://s3.amazonaws.com/doc/2006-03-01/'><Owner><ID>" + who + "</ID></Owner><AccessControlList>" +
                "".join("<Grant><Grantee xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:type='x'>" + grantee +
                        f"</Grantee><Permission>{permission}</Permission></Grant>" for grantee, permission in grants) +
                "</AccessControlList></AccessControlPolicy>").encode()
    me, everybody = f"<ID>{owner}</ID>", f"<URI>{groups}AllUsers</URI>"
    expect("document", s3.put("box", "acl", document([(everybody, "READ"), (me, "FULL_CONTROL")]), "acl="), 200)
    expect("as it says", anonymous.get("box", "acl"), 200)
    for what, body, status, code in (
            ("somebody else", document([(me, "FULL_CONTROL"), ("<ID>abc</ID>", "READ")]), 501, "NotImplemented"),
            ("by mail", document([("<EmailAddress>a@b</EmailAddress>", "READ"), (me, "FULL_CONTROL")]), 501, "NotImplemented"),
            ("no owner's grant", document([(everybody, "READ")]), 501, "NotImplemented"),
            ("another owner", document([(me, "FULL_CONTROL")], "abc"), 403, "AccessDenied"),
            ("no such permission", document([(me, "SMELL")]), 400, "MalformedACLError"),
            ("no grantee", document([("", "READ")]), 400, "MalformedACLError"),
            ("not XML", b"acl", 400, "MalformedACLError"), ("nothing", b"", 400, "MissingSecurityHeader")):
        expect(f"ACL: {what}", s3.put("box", "acl", body, "acl="), status, code)
    expect("ACL: both", s3.put("box", "acl", document([(me, "FULL_CONTROL")]), "acl=", x_amz_acl="private"), 400, "InvalidRequest")
    expect("ACL: unknown", s3.put("box", "acl", b"", "acl=", x_amz_acl="mine"), 400, "InvalidArgument")
    expect("ACL of nothing", s3.get("box", "none", "acl="), 404, "NoSuchKey")
    expect("still as it was", anonymous.get("box", "acl"), 200)
    expect("anonymous may not change it", anonymous.put("box", "acl", b"", "acl=", x_amz_acl="private"), 403, "AccessDenied")
    anonymous.close()


def public_buckets(s3, endpoint):
    """Whoever may list a bucket is told that an object is not there; others are not."""
    anonymous = S3(endpoint, access=None)
    expect("a public bucket", s3.create_bucket("public", x_amz_acl="public-read"), 200)
    s3.set_versioning("public", "Enabled")
    s3.put("public", "gone", b"x", x_amz_acl="public-read")
    version = s3.put("public", "private", b"x")["x-amz-version-id"]
    marker = s3.delete("public", "gone")["x-amz-version-id"]
    expect("no such key", anonymous.get("public", "none"), 404, "NoSuchKey")
    expect("no such key, HEAD", anonymous.head("public", "none"), 404)
    expect("a deleted one", anonymous.get("public", "gone"), 404, "NoSuchKey")
    expect("no such version", anonymous.get("public", "none", f"versionId={version}"), 404, "NoSuchVersion")
    expect("a marker", anonymous.get("public", "gone", f"versionId={marker}"), 405, "MethodNotAllowed")
    expect("a private object", anonymous.get("public", "private"), 403, "AccessDenied")
    expect("none in a private bucket", anonymous.get("box", "none"), 403, "AccessDenied")
    expect("none to delete", anonymous.delete("public", "none"), 403, "AccessDenied")
    anonymous.close()


def sub_resources(s3):
    """A word of the query that names something else is never passed over: what would be left is another operation."""
    s3.create_bucket("whole")
    s3.put("box", "whole", b"whole", x_amz_tagging="a=1")
    for method, query in (("DELETE", "acl"), ("DELETE", "location"), ("DELETE", "versioning"), ("DELETE", "versions"), ("DELETE", "uploads"), ("DELETE", "delete"),
                          ("PUT", "location"), ("PUT", "versions"), ("PUT", "uploads"), ("PUT", "policyStatus"), ("POST", "acl"), ("POST", "versions"),
                          ("GET", "delete")):
        answer = expect(f"{method} bucket?{query}", s3.request(method, "/whole", query), 405, "MethodNotAllowed")
        check(f"{method} bucket?{query}: says which it has", answer["Allow"] and method not in answer["Allow"].split(", "), answer["Allow"])
        check(f"{method} bucket?{query}: names it", answer.find("Method") == method and answer.find("ResourceType") == query, answer.body)
    for method, query in (("DELETE", "acl"), ("DELETE", "uploads"), ("DELETE", "attributes"), ("DELETE", "torrent"), ("DELETE", "retention"), ("PUT", "uploads"),
                          ("PUT", "restore"), ("PUT", "torrent"), ("PUT", "partNumber=1&uploadId=x&attributes"), ("POST", "acl"), ("GET", "uploads"), ("GET", "restore")):
        expect(f"{method} key?{query}", s3.request(method, "/box/whole", query, b"other" if method == "PUT" else b""), 405, "MethodNotAllowed")
    for path, query, allowed in (("/box/whole", "uploads", "POST"), ("/box/whole", "tagging", "GET, PUT, DELETE"), ("/whole", "location", "GET"),
                                 ("/whole", "acl", "GET, PUT"), ("/whole", "versions", "GET")):
        answer = expect(f"HEAD {path}?{query}", s3.request("HEAD", path, query), 405)
        check(f"HEAD {path}?{query}: says which it has", answer["Allow"] == allowed, answer["Allow"])
    answer = expect("PATCH", s3.request("PATCH", "/box/whole"), 405, "MethodNotAllowed")
    check("PATCH: of what", answer.find("Method") == "PATCH" and answer.find("ResourceType") == "OBJECT", answer.body)
    for method, path, query in (("DELETE", "/box/whole", "policy"), ("DELETE", "/box/whole", "publicAccessBlock"), ("PUT", "/box/whole", "versioning"), ("GET", "/box/whole", "versions"),
                                ("DELETE", "/whole", "legal-hold"), ("GET", "/whole", "attributes")):
        expect(f"{method} {path}?{query}", s3.request(method, path, query), 400, "InvalidRequest")
    for method, path, query in (("DELETE", "/box/whole", "tagging&acl"), ("GET", "/box/whole", "acl&tagging"), ("DELETE", "/whole", "tagging&cors"),
                                ("GET", "/whole", "uploads&versions")):
        expect(f"{method} {path}?{query}", s3.request(method, path, query), 400, "InvalidArgument")
    check("nothing of it was done", s3.get("box", "whole").body == b"whole" and s3.get("box", "whole", "tagging").all("TagSet/Tag/Key") == ["a"])
    for query in ("banana", "partNumber=1", "x-id=GetObject", "response-content-type=a%2Fb", "list-type=2", "publicAccessBlock", "session", "Acl"):
        check(f"GET key?{query}: no sub-resource", s3.get("box", "whole", query).body == b"whole")
    expect("the bucket stands, and goes", s3.request("DELETE", "/whole"), 204)


def refusals(s3, endpoint):
    """Elements of errors that clients and people look at."""
    answer = expect("delete a bucket with objects", s3.request("DELETE", "/box"), 409, "BucketNotEmpty")
    check("its name", answer.find("BucketName") == "box", answer.body)
    answer = expect("another region", s3.request("GET", "/box/plain", scope={"region": "eu-west-9"}), 403, "AuthorizationHeaderMalformed")
    check("the region to sign for", answer.find("Region") == "us-east-1", answer.body)
    answer = expect("another region in a URL", s3.send("GET", s3.presign("GET", "/box/plain", scope={"region": "eu-west-9"}), {}), 403,
                    "AuthorizationQueryParametersError")
    check("the region to sign for, in a URL", answer.find("Region") == "us-east-1", answer.body)

    def without_date(method, target, headers, body):
        return method, target, {name: value for name, value in headers.items() if name != "x-amz-date"}, body

    def of_old(method, target, headers, body):
        return method, target, {**headers, "x-amz-date": "20200101T000000Z"}, body
    expect("no date", s3.request("GET", "/box/plain", alter=without_date), 403, "AccessDenied")
    expect("a date of old, and a scope of today", s3.request("GET", "/box/plain", alter=of_old), 403, "RequestTimeTooSkewed")
    for query in ("retention", "legal-hold"):
        expect(f"{query} where no bucket has locks", s3.get("box", "plain", query), 400, "InvalidRequest")
    anonymous = S3(endpoint, access=None)
    expect("preflight without an origin", anonymous.request("OPTIONS", "/box/plain", headers={"Access-Control-Request-Method": "GET"}), 400, "BadRequest")
    expect("preflight without a method", anonymous.request("OPTIONS", "/box/plain", headers={"Origin": "http://a"}), 400, "BadRequest")
    answer = anonymous.request("OPTIONS", "/box/plain", headers={"Origin": "http://a", "Access-Control-Request-Method": "PUT"})
    expect("preflight that nothing allows", answer, 403, "AccessForbidden")
    check("what was asked", answer.find("Method") == "PUT" and answer.find("ResourceType") == "OBJECT", answer.body)
    anonymous.close()


def bucket_lists(s3):
    for name in ("list-a", "list-b", "list-c"):
        s3.create_bucket(name)
    names = lambda query: s3.request("GET", "/", query).all("Buckets/Bucket/Name")  # noqa: E731
    check("buckets of a prefix", names("prefix=list-") == ["list-a", "list-b", "list-c"])
    check("of this region", names("prefix=list-&bucket-region=us-east-1") == ["list-a", "list-b", "list-c"])
    check("of another region", names("prefix=list-&bucket-region=eu-west-1") == [])
    answer = s3.request("GET", "/", "prefix=list-&max-buckets=2")
    check("a page", answer.all("Buckets/Bucket/Name") == ["list-a", "list-b"] and answer.find("ContinuationToken"), answer.body)
    check("the next page", names(f"prefix=list-&max-buckets=2&continuation-token={answer.find('ContinuationToken')}") == ["list-c"])
    for most in ("0", "10001", "-1", "x"):
        expect(f"max-buckets={most}", s3.request("GET", "/", f"max-buckets={most}"), 400, "InvalidArgument")
    for name in ("list-a", "list-b", "list-c"):
        s3.request("DELETE", f"/{name}")


# ---- multipart ----

def upload(s3, key, bodies, kind=None, create=None, numbers=None, **completion):
    """A whole upload; returns the answer to its completion."""
    upload_id = s3.create_upload("box", key, **({"x_amz_checksum_algorithm": kind} if kind else {}), **(create or {}))
    parts = []
    for number, body in zip(numbers or range(1, len(bodies) + 1), bodies):
        named = {f"x_amz_checksum_{kind.lower()}": checksum(kind, body)} if kind else {}
        answer = s3.upload_part("box", key, upload_id, number, body, **named)
        check(f"part {number} of {key}", answer.status == 200 and answer["ETag"] == f'"{md5_hex(body)}"', answer)
        if kind:
            check(f"part {number}'s {kind}", answer[f"x-amz-checksum-{kind.lower()}"] == checksum(kind, body))
        parts.append((number, answer["ETag"]) + ((f"Checksum{kind}", checksum(kind, body)) if kind else ()))
    return s3.complete("box", key, upload_id, parts, **completion)


def multipart_etag(bodies):
    return f'"{md5_hex(b"".join(hashlib.md5(body).digest() for body in bodies))}-{len(bodies)}"'


def multipart(s3):
    bodies = [noise(PART, 1), noise(PART + 1, 2), b"end"]
    whole = b"".join(bodies)
    answer = expect("complete", upload(s3, "mp/a b", bodies, numbers=[1, 5, 9],
                                       create={"content_type": "a/b", "x_amz_meta_m": "1", "x_amz_tagging": "t=1", "x_amz_acl": "public-read",
                                               "x_amz_storage_class": "STANDARD_IA"}), 200)
    check("complete's answer", answer.find("ETag") == multipart_etag(bodies) and answer.find("Bucket") == "box" and answer.find("Key") == "mp/a b" and
          answer.find("Location") == f"http://{s3.endpoint}/box/mp/a%20b", answer.body)
    check("complete's checksum", answer.find("ChecksumCRC64NVME") == checksum("crc64nvme", whole) and answer.find("ChecksumType") == "FULL_OBJECT")
    answer = s3.get("box", "mp/a b")
    check("whole", answer.body == whole and answer["ETag"] == multipart_etag(bodies))
    check("with what was said at the beginning", answer["Content-Type"] == "a/b" and answer["x-amz-meta-m"] == "1" and
          answer["x-amz-tagging-count"] == "1" and answer["x-amz-storage-class"] == "STANDARD_IA")
    check("range over parts", s3.get("box", "mp/a b", range=f"bytes={PART - 5}-{PART + 4}").body == whole[PART - 5:PART + 5])
    offset = 0
    for number, body in enumerate(bodies, 1):
        for answer in (s3.get("box", "mp/a b", f"partNumber={number}", x_amz_checksum_mode="ENABLED"), s3.head("box", "mp/a b", f"partNumber={number}")):
            check(f"part {number}", answer.status == 206 and answer["x-amz-mp-parts-count"] == "3" and
                  answer["Content-Range"] == f"bytes {offset}-{offset + len(body) - 1}/{len(whole)}", answer.headers.items())
        check(f"part {number}'s bytes", s3.get("box", "mp/a b", f"partNumber={number}").body == body)
        offset += len(body)
    answer = expect("part 4", s3.get("box", "mp/a b", "partNumber=4"), 416, "InvalidPartNumber")
    check("part 4's details", answer.find("ActualPartCount") == "3" and answer.find("PartNumberRequested") == "4")
    for text in ("0", "10001", "x", "-1", ""):
        expect(f"partNumber={text}", s3.get("box", "mp/a b", f"partNumber={text}"), 400, "InvalidArgument")
    expect("part and range", s3.get("box", "mp/a b", "partNumber=1", range="bytes=0-1"), 400, "InvalidRequest")
    s3.put("box", "one", b"whole")
    answer = s3.get("box", "one", "partNumber=1", x_amz_checksum_mode="ENABLED")
    check("what was put whole is its own part", answer.status == 206 and answer.body == b"whole" and answer["x-amz-mp-parts-count"] is None and
          answer["x-amz-checksum-crc64nvme"] == checksum("crc64nvme", b"whole"), answer)
    expect("and has no other", s3.get("box", "one", "partNumber=2"), 416, "InvalidPartNumber")


def composites(s3):
    bodies = [noise(PART, 3), b"last"]
    for kind in KINDS:
        answer = expect(f"{kind} upload", upload(s3, "ck", bodies, kind), 200)
        if kind == "CRC64NVME":
            value, form = checksum(kind, b"".join(bodies)), "FULL_OBJECT"
        else:
            joined = b"".join(checksum_bytes(kind, body) for body in bodies)
            value, form = checksum(kind, joined) + "-2", "COMPOSITE"
        check(f"{kind} of the whole", answer.find(f"Checksum{kind}") == value and answer.find("ChecksumType") == form, answer.body)
        answer = s3.head("box", "ck", x_amz_checksum_mode="ENABLED")
        check(f"{kind} asked for", answer[f"x-amz-checksum-{kind.lower()}"] == value and answer["x-amz-checksum-type"] == form)
        answer = s3.get("box", "ck", "partNumber=2", x_amz_checksum_mode="ENABLED")
        check(f"{kind} of a part", answer[f"x-amz-checksum-{kind.lower()}"] == checksum(kind, b"last"), answer.headers.items())
        answer = s3.get("box", "ck", "attributes=", x_amz_object_attributes="ObjectParts,Checksum")
        check(f"{kind} of parts", answer.find("ObjectParts/PartsCount") == "2" and answer.all(f"ObjectParts/Part/Checksum{kind}") ==
              [checksum(kind, body) for body in bodies] and answer.all("ObjectParts/Part/Size") == [str(PART), "4"], answer.body)
        check(f"{kind} of attributes", answer.find(f"Checksum/Checksum{kind}") == value.split("-")[0])
        answer = s3.get("box", "ck", "attributes=", x_amz_object_attributes="ObjectParts", x_amz_max_parts="1")
        check("a page of parts", answer.find("ObjectParts/IsTruncated") == "true" and answer.find("ObjectParts/NextPartNumberMarker") == "1" and
              answer.all("ObjectParts/Part/PartNumber") == ["1"])
        answer = s3.get("box", "ck", "attributes=", x_amz_object_attributes="ObjectParts", x_amz_max_parts="1", x_amz_part_number_marker="1")
        check("the next", answer.find("ObjectParts/IsTruncated") == "false" and answer.all("ObjectParts/Part/PartNumber") == ["2"])
    for kind in ("CRC32", "CRC32C"):
        answer = expect(f"{kind}, full object", upload(s3, "ck", bodies, kind, create={"x_amz_checksum_type": "FULL_OBJECT"}), 200)
        check(f"{kind} combined", answer.find(f"Checksum{kind}") == checksum(kind, b"".join(bodies)) and
              answer.find("ChecksumType") == "FULL_OBJECT", answer.body)
    joined = b"".join(checksum_bytes("sha256", body) for body in bodies)
    right = checksum("sha256", joined) + "-2"
    expect("announced", upload(s3, "ck", bodies, "SHA256", x_amz_checksum_sha256=right, x_amz_mp_object_size=str(PART + 4)), 200)
    expect("announced, another", upload(s3, "ck", bodies, "SHA256", x_amz_checksum_sha256=checksum("sha256", b"x")), 400, "BadDigest")
    expect("announced, another kind", upload(s3, "ck", bodies, "SHA256", x_amz_checksum_crc32=checksum("crc32", b"x")), 400, "InvalidRequest")
    expect("announced, another type", upload(s3, "ck", bodies, "SHA256", x_amz_checksum_type="FULL_OBJECT"), 400, "InvalidRequest")
    expect("another size", upload(s3, "ck", bodies, x_amz_mp_object_size="5"), 400, "InvalidRequest")
    expect("a size that is none", upload(s3, "ck", bodies, x_amz_mp_object_size="five"), 400, "InvalidArgument")
    for named, code in (({"x_amz_checksum_algorithm": "CRC16"}, "InvalidRequest"), ({"x_amz_checksum_type": "COMPOSITE"}, "InvalidRequest"),
                        ({"x_amz_checksum_algorithm": "CRC64NVME", "x_amz_checksum_type": "COMPOSITE"}, "InvalidRequest"),
                        ({"x_amz_checksum_algorithm": "SHA1", "x_amz_checksum_type": "FULL_OBJECT"}, "InvalidRequest"),
                        ({"x_amz_checksum_algorithm": "SHA1", "x_amz_checksum_type": "HALF"}, "InvalidRequest")):
        expect(f"create {named}", s3.post("box", "ck", "uploads=", b"", **named), 400, code)
    upload_id = s3.create_upload("box", "ck")
    answer = expect("part of an upload without a kind", s3.upload_part("box", "ck", upload_id, 1, b"x", x_amz_checksum_crc32=checksum("crc32", b"x")), 200)
    check("is compared", answer["x-amz-checksum-crc32"] == checksum("crc32", b"x"))
    expect("with another", s3.upload_part("box", "ck", upload_id, 1, b"x", x_amz_checksum_crc32=checksum("crc32", b"y")), 400, "BadDigest")
    answer = expect("completed", s3.complete("box", "ck", upload_id, [(1, answer["ETag"], "ChecksumCRC32", checksum("crc32", b"x"))]), 200)
    check("another is kept", answer.find("ChecksumCRC64NVME") == checksum("crc64nvme", b"x"))
    upload_id = s3.create_upload("box", "ck", x_amz_checksum_algorithm="SHA1")
    expect("part of another kind", s3.upload_part("box", "ck", upload_id, 1, b"x", x_amz_checksum_crc32=checksum("crc32", b"x")), 400, "InvalidRequest")
    answer = expect("part without", s3.upload_part("box", "ck", upload_id, 1, b"x"), 200)
    check("is computed", answer["x-amz-checksum-sha1"] == checksum("sha1", b"x"))
    expect("complete without", s3.complete("box", "ck", upload_id, [(1, answer["ETag"])]), 400, "InvalidRequest")
    expect("complete with another", s3.complete("box", "ck", upload_id, [(1, answer["ETag"], "ChecksumSHA1", checksum("sha1", b"y"))]), 400, "InvalidPart")
    expect("complete with", s3.complete("box", "ck", upload_id, [(1, answer["ETag"], "ChecksumSHA1", checksum("sha1", b"x"))]), 200)


def uploads(s3):
    upload_id = s3.create_upload("box", "up")
    part = lambda number, body=b"x", **headers: s3.upload_part("box", "up", upload_id, number, body, **headers)  # noqa: E731
    for text in ("0", "10001", "x", "", "-1", "1.5"):
        expect(f"part {text!r}", part(text), 400, "InvalidArgument")
    expect("part of no upload", s3.upload_part("box", "up", "0" * 32, 1, b"x"), 404, "NoSuchUpload")
    expect("part of nonsense", s3.upload_part("box", "up", "nonsense", 1, b"x"), 404, "NoSuchUpload")
    expect("part of another key", s3.upload_part("box", "up2", upload_id, 1, b"x"), 404, "NoSuchUpload")
    expect("part of no bucket", s3.upload_part("nobox", "up", upload_id, 1, b"x"), 404, "NoSuchBucket")
    expect("part, MD5 of something else", part(1, b"x", content_md5=md5_base64(b"y")), 400, "BadDigest")
    one, two = noise(PART, 5), noise(PART, 6)
    first = expect("part 1", part(1, two), 200)["ETag"]
    first = expect("part 1 again", part(1, one), 200)["ETag"]
    second = expect("part 10000", part(10000, b"tail"), 200)["ETag"]
    chunk = s3.chunked("/box/up", [two], f"partNumber=7&uploadId={upload_id}", trailer=("x-amz-checksum-crc64nvme", checksum("crc64nvme", two)),
                       payload=s3client.CHUNKS_UNSIGNED_TRAILER)
    expect("part in chunks", chunk, 200)
    answer = expect("list parts", s3.get("box", "up", f"uploadId={upload_id}"), 200)
    check("parts", answer.all("Part/PartNumber") == ["1", "7", "10000"] and answer.all("Part/Size") == [str(PART), str(PART), "4"] and
          answer.all("Part/ETag") == [first, chunk["ETag"], second] and answer.find("IsTruncated") == "false" and answer.find("Owner/ID") and
          answer.find("Initiator/ID") and answer.find("StorageClass") == "STANDARD" and answer.find("UploadId") == upload_id, answer.body)
    answer = s3.get("box", "up", f"uploadId={upload_id}&max-parts=2")
    check("first page", answer.all("Part/PartNumber") == ["1", "7"] and answer.find("IsTruncated") == "true" and
          answer.find("NextPartNumberMarker") == "7" and answer.find("MaxParts") == "2")
    answer = s3.get("box", "up", f"uploadId={upload_id}&max-parts=2&part-number-marker=7")
    check("second page", answer.all("Part/PartNumber") == ["10000"] and answer.find("IsTruncated") == "false" and
          answer.find("PartNumberMarker") == "7")
    expect("max-parts", s3.get("box", "up", f"uploadId={upload_id}&max-parts=x"), 400, "InvalidArgument")
    expect("marker", s3.get("box", "up", f"uploadId={upload_id}&part-number-marker=-1"), 400, "InvalidArgument")
    expect("parts of no upload", s3.get("box", "up", f"uploadId={'1' * 32}"), 404, "NoSuchUpload")
    complete = lambda parts, **headers: s3.complete("box", "up", upload_id, parts, **headers)  # noqa: E731
    post = lambda body: s3.post("box", "up", f"uploadId={upload_id}", body)  # noqa: E731
    expect("wrong order", complete([(10000, second), (1, first)]), 400, "InvalidPartOrder")
    expect("twice the same", complete([(1, first), (1, first)]), 400, "InvalidPartOrder")
    expect("a part that is not there", complete([(1, first), (2, first)]), 400, "InvalidPart")
    expect("another ETag", complete([(1, second)]), 400, "InvalidPart")
    expect("an ETag that is none", complete([(1, "nonsense")]), 400, "InvalidPart")
    expect("part 0", complete([(0, first)]), 400, "InvalidArgument")
    for body in (b"<CompleteMultipartUpload/>", b"<CompleteMultipartUpload></CompleteMultipartUpload>", b"nonsense", b"<A/>",
                 b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>",
                 b"<CompleteMultipartUpload><Part><ETag>x</ETag></Part></CompleteMultipartUpload>",
                 b"<CompleteMultipartUpload><Part/></CompleteMultipartUpload>",
                 b"<CompleteMultipartUpload><Part><PartNumber>one</PartNumber><ETag>x</ETag></Part></CompleteMultipartUpload>",
                 b"<!DOCTYPE a [<!ENTITY b 'c'>]><CompleteMultipartUpload>&b;</CompleteMultipartUpload>"):
        expect(f"document {body[:60]}", post(body), 400, "MalformedXML")
    expect("no document", post(b""), 400)
    third = part(2, b"small")["ETag"]
    expect("too small", complete([(1, first), (2, third), (10000, second)]), 400, "EntityTooSmall")
    s3.put("box", "up", b"before")
    expect("If-None-Match *", complete([(1, first), (10000, second)], if_none_match="*"), 412, "PreconditionFailed")
    expect("If-Match of another", complete([(1, first), (10000, second)], if_match='"x"'), 412, "PreconditionFailed")
    check("still as before", s3.get("box", "up").body == b"before")
    answer = expect("complete", complete([(1, first.strip('"')), (10000, second)], if_match=f'"{md5_hex(b"before")}"'), 200)
    check("some of the parts", s3.get("box", "up").body == one + b"tail")
    again = expect("complete again", complete([(1, first), (10000, second)]), 200)
    check("the same again", again.find("ETag") == answer.find("ETag"))
    expect("abort what is complete", s3.delete("box", "up", f"uploadId={upload_id}"), 404, "NoSuchUpload")
    check("is still there", s3.head("box", "up").status == 200)
    expect("part of what is complete", part(3), 404, "NoSuchUpload")
    upload_id = s3.create_upload("box", "up")
    etag = part(1)["ETag"]
    expect("abort", s3.delete("box", "up", f"uploadId={upload_id}"), 204)
    expect("abort again", s3.delete("box", "up", f"uploadId={upload_id}"), 404, "NoSuchUpload")
    expect("complete what is aborted", complete([(1, etag)]), 404, "NoSuchUpload")
    expect("create in no bucket", s3.post("nobox", "up", "uploads=", b""), 404, "NoSuchBucket")
    upload_id = s3.create_upload("kept", "mpv")
    s3.set_versioning("kept", "Enabled")
    etag = s3.upload_part("kept", "mpv", upload_id, 1, b"v")["ETag"]
    answer = expect("complete a version", s3.complete("kept", "mpv", upload_id, [(1, etag)]), 200)
    check("has an id", answer["x-amz-version-id"] not in (None, "null"), answer["x-amz-version-id"])


def part_copies(s3):
    source = noise(PART + 100, 8)
    s3.put("box", "pc-source", source)
    etag = s3.head("box", "pc-source")["ETag"]
    upload_id = s3.create_upload("box", "pc", x_amz_checksum_algorithm="SHA256")

    def copy(number, **headers):
        return s3.copy("box", "pc", headers.pop("source", "box/pc-source"), f"partNumber={number}&uploadId={upload_id}", **headers)
    answer = expect("part copied", copy(1, x_amz_copy_source_range=f"bytes=0-{PART - 1}"), 200)
    check("its digests", answer.find("ETag") == f'"{md5_hex(source[:PART])}"' and answer.find("ChecksumSHA256") == checksum("sha256", source[:PART]) and
          answer.find("LastModified").endswith("Z"), answer.body)
    second = expect("another range", copy(2, x_amz_copy_source_range=f"bytes=50-{PART + 99}"), 200)
    third = expect("all of it", copy(3), 200)
    check("all of it", third.find("ETag") == etag)
    for text in ("bytes=0-", "bytes=-5", "0-5", "bytes=5-1", "bytes=0-1,2-3", "nonsense", "bytes=0-18446744073709551615"):
        expect(f"range {text}", copy(4, x_amz_copy_source_range=text), 400, "InvalidArgument")
    expect("range outside", copy(4, x_amz_copy_source_range=f"bytes=0-{PART + 100}"), 400, "InvalidArgument")
    expect("no source", copy(4, source="box/none"), 404, "NoSuchKey")
    expect("no bucket", copy(4, source="nobox/none"), 404, "NoSuchBucket")
    expect("bad source", copy(4, source="box"), 400, "InvalidArgument")
    expect("source's If-Match", copy(4, x_amz_copy_source_if_match='"x"'), 412, "PreconditionFailed")
    expect("source's If-None-Match", copy(4, x_amz_copy_source_if_none_match=etag), 412, "PreconditionFailed")
    expect("source's If-Match is met", copy(4, x_amz_copy_source_if_match=etag, x_amz_copy_source_range="bytes=0-9"), 200)
    expect("part number", copy(0), 400, "InvalidArgument")
    parts = [(1, answer.find("ETag"), "ChecksumSHA256", answer.find("ChecksumSHA256"))] + \
            [(n, a.find("ETag"), "ChecksumSHA256", a.find("ChecksumSHA256")) for n, a in ((2, second), (3, third))]
    expect("complete copies", s3.complete("box", "pc", upload_id, parts), 200)
    check("copies", s3.get("box", "pc").body == source[:PART] + source[50:] + source)
    # a source that is kept in the metadata
    s3.put("box", "tiny", b"tiny body")
    upload_id = s3.create_upload("box", "pc")
    answer = expect("tiny", copy(1, source="box/tiny", x_amz_copy_source_range="bytes=1-3"), 200)
    expect("complete tiny", s3.complete("box", "pc", upload_id, [(1, answer.find("ETag"))]), 200)
    check("tiny", s3.get("box", "pc").body == b"iny")
    # a multipart source, copied whole and in part
    expect("copy of copies", s3.copy("box", "cc", "box/up"), 200)
    check("keeps its ETag", s3.head("box", "cc")["ETag"] == s3.head("box", "up")["ETag"])


# ---- headers that ask for what is not offered, and headers in URLs ----

def not_offered(s3):
    """Refused, with nothing changed, in a header and in a URL alike: never accepted and ignored."""
    s3.put("box", "asked", b"old")
    asks = {"x-amz-server-side-encryption": "AES256", "x-amz-server-side-encryption-aws-kms-key-id": "key",
            "x-amz-server-side-encryption-context": "e30=", "x-amz-server-side-encryption-bucket-key-enabled": "true",
            "x-amz-server-side-encryption-customer-algorithm": "AES256", "x-amz-server-side-encryption-customer-key-md5": "x",
            "x-amz-object-lock-mode": "GOVERNANCE", "x-amz-object-lock-retain-until-date": "2099-01-01T00:00:00Z",
            "x-amz-object-lock-legal-hold": "ON", "x-amz-grant-read": "id=somebody", "x-amz-grant-write-acp": "id=somebody",
            "x-amz-write-offset-bytes": "3"}
    for name, value in asks.items():
        expect(name, s3.put("box", "asked", b"new", **{name.replace("-", "_"): value}), 501, "NotImplemented")
        answer = s3.send("PUT", s3.presign("PUT", "/box/asked", f"{name}={s3client.quote(value, '')}"), {"Content-Length": "3"}, b"new")
        expect(f"{name} in a URL", answer, 501, "NotImplemented")
    for name in ("size", "last-modified-time"):
        expect(f"delete with a condition on {name}", s3.request("DELETE", "/box/asked", headers={f"x-amz-if-match-{name}": "3"}), 501, "NotImplemented")
    expect("a copy in a URL", s3.send("PUT", s3.presign("PUT", "/box/asked", "x-amz-copy-source=%2Fbox%2Fplain"), {"Content-Length": "0"}), 501,
           "NotImplemented")
    check("nothing of it was done", s3.get("box", "asked").body == b"old")
    expect("no key of a bucket", s3.put("box", "asked", b"old", x_amz_server_side_encryption_bucket_key_enabled="false"), 200)
    for value in ("Nobody", "ObjectWriter"):
        expect(f"a bucket with {value}", s3.request("PUT", "/owned", headers={"x-amz-object-ownership": value}), 501, "NotImplemented")
    expect("a bucket with locks", s3.request("PUT", "/owned", headers={"x-amz-bucket-object-lock-enabled": "true"}), 501, "NotImplemented")
    expect("no such bucket was made", s3.request("HEAD", "/owned"), 404)
    expect("a bucket whose owner has its objects", s3.request("PUT", "/owned", headers={
        "x-amz-object-ownership": "BucketOwnerPreferred", "x-amz-bucket-object-lock-enabled": "false"}), 200)
    expect("it is gone again", s3.request("DELETE", "/owned"), 204)


def headers_in_urls(s3):
    """What presigners move from the headers into the URL, which is signed as a whole."""
    query = "x-amz-acl=public-read&x-amz-meta-one=1%20and%20%C3%A4&X-Amz-Meta-Two=2&x-amz-storage-class=GLACIER_IR&x-amz-tagging=a%3D1"
    expect("put", s3.send("PUT", s3.presign("PUT", "/box/moved", query), {"Content-Length": "1"}, b"x"), 200)
    got = s3.head("box", "moved")
    check("metadata", (got["x-amz-meta-one"], got["x-amz-meta-two"]) == ("=?UTF-8?B?MSBhbmQgw6Q=?=", "2"), dict(got.headers))
    check("storage class, tags", (got["x-amz-storage-class"], got["x-amz-tagging-count"]) == ("GLACIER_IR", "1"), dict(got.headers))
    check("the list", s3.send("GET", "/box/moved", {}).body == b"x")
    headers = {"x-amz-meta-one": "header", "x-amz-acl": "private"}
    expect("a header goes before", s3.send("PUT", s3.presign("PUT", "/box/moved", "x-amz-acl=public-read", headers=headers),
                                           {**headers, "Content-Length": "1"}, b"x"), 200)
    expect("it is private then", s3.send("GET", "/box/moved", {}), 403, "AccessDenied")
    expect("an acl that is none", s3.send("PUT", s3.presign("PUT", "/box/moved", "x-amz-acl=banana"), {"Content-Length": "1"}, b"x"), 400, "InvalidArgument")
    expect("another owner", s3.send("GET", s3.presign("GET", "/box/moved", "x-amz-expected-bucket-owner=somebody"), {}), 403, "AccessDenied")
    # what JavaScript's SDK signs is the checksum of the empty body that it has at that time
    expect("a checksum in a URL is none", s3.send("PUT", s3.presign("PUT", "/box/moved", "x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32&x-amz-trailer=x-amz-checksum-crc32"),
                                                  {"Content-Length": "5"}, b"hello"), 200)
    signed = s3.request("PUT", "/box/plain-query", "x-amz-meta-one=1", b"x")
    expect("in the query of a request that is signed in its header", signed, 200)
    check("it is none", s3.head("box", "plain-query")["x-amz-meta-one"] is None)


# ---- clients that go away ----

def interrupted(server, s3):
    def leave(method, path, headers=None, body=b"", length=None, query="", read=0):
        """Sends the request, or its beginning, reads a little and is gone."""
        host, port = s3.endpoint.rsplit(":", 1)
        headers = headers or {}
        target = s3.presign(method, path, query, headers=headers)
        head = [f"{method} {target} HTTP/1.1", f"Host: {s3.endpoint}", f"Content-Length: {len(body) if length is None else length}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        with socket.create_connection((host, int(port)), 30) as connection:
            connection.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
            if read:
                connection.recv(read)
    big = noise(8 << 20, 11)
    s3.put("box", "gone-source", big)
    upload_id = s3.create_upload("box", "gone", x_amz_checksum_algorithm="SHA256")
    part = f"partNumber=1&uploadId={upload_id}"
    for round_number in range(8):
        leave("PUT", "/box/gone", body=big[:100000 * (round_number + 1)], length=len(big))
        leave("PUT", "/box/gone", body=big[:100000 * (round_number + 1)], length=len(big), query=part)
        leave("GET", "/box/gone-source", read=1000 * round_number + 1)
        leave("PUT", "/box/gone", {"x-amz-copy-source": "box/gone-source"}, query=part, length=0)
        leave("PUT", "/box/gone-copy", {"x-amz-copy-source": "box/gone-source", "x-amz-checksum-algorithm": "SHA1"}, length=0)
    expect("half a body makes no object", s3.get("box", "gone"), 404, "NoSuchKey")
    answer = expect("part of a copy, patiently", s3.copy("box", "gone", "box/gone-source", part), 200)
    check("its ETag", answer.find("ETag") == f'"{md5_hex(big)}"')
    expect("abort", s3.delete("box", "gone", f"uploadId={upload_id}"), 204)
    check("the server is there", server.process.poll() is None)


# ---- beside Blob ----

def blob(server, s3):
    client = Client(server.blob)
    s3.put("box", "both", b"from s3", content_type="text/s", x_amz_meta_word="=?UTF-8?Q?=C3=BC?=", **{"x_amz_meta_1-odd&name": "odd"})
    answer = client.get_blob("box", "both")
    check("Blob reads S3's", answer.body == b"from s3" and answer.headers["Content-Type"] == "text/s")
    listing = client.list_blobs("box", "include=metadata&prefix=both")
    check("Blob lists S3's metadata as XML", listing.status == 200 and b"<word>" in listing.body and b"odd" not in listing.body, listing.body)
    client.put_blob("box", "blob", b"from blob", **{"x-ms-meta-Color": "red", "Content-Type": "text/z"})
    answer = s3.get("box", "blob")
    check("S3 reads Blob's", answer.body == b"from blob" and answer["x-amz-meta-color"] == "red" and answer["Content-Type"] == "text/z")
    check("the checksum that both know", s3.get("box", "blob", x_amz_checksum_mode="ENABLED")["x-amz-checksum-crc64nvme"] ==
          checksum("CRC64NVME", b"from blob"))
    expect("S3 copies Blob's", s3.copy("box", "blob2", "box/blob"), 200)
    check("copied", s3.get("box", "blob2").body == b"from blob")


# ---- accounts ----

def accounts():
    keys = {name: base64.b64encode(name.encode() * 8).decode() for name in ("anna", "bert")}
    with tempfile.TemporaryDirectory(prefix="skerry-s3-") as folder:
        flags = [item for name, key in keys.items() for item in ("--account", f"{name}:{key}")]
        with Server(os.path.join(folder, "data"), *flags, "--s3-key", "A:sa:anna", "--s3-key", "B:sb:bert", "--s3-read-only-key", "R:sr:anna") as server:
            anna, bert, reader, anonymous = S3(server.s3, "A", "sa"), S3(server.s3, "B", "sb"), S3(server.s3, "R", "sr"), S3(server.s3, None)
            anna.create_bucket("annas")
            bert.create_bucket("berts")
            anna.put("annas", "private", b"private")
            anna.put("annas", "public", b"public", x_amz_acl="public-read", x_amz_tagging="a=1")
            expect("another's private source", bert.copy("berts", "c", "annas/private"), 403, "AccessDenied")
            expect("another's public source", bert.copy("berts", "c", "annas/public"), 200)
            check("copied", bert.get("berts", "c").body == b"public")
            expect("the copy is private", anonymous.get("berts", "c"), 403, "AccessDenied")
            upload_id = bert.create_upload("berts", "m")
            query = f"partNumber=1&uploadId={upload_id}"
            expect("part of another's private source", bert.copy("berts", "m", "annas/private", query), 403, "AccessDenied")
            expect("part of another's public source", bert.copy("berts", "m", "annas/public", query), 200)
            expect("into another's bucket", bert.copy("annas", "c", "berts/c"), 403, "AccessDenied")
            expect("read only: read", reader.get("annas", "private"), 200)
            expect("read only: tags", reader.get("annas", "public", "tagging="), 200)
            for what, answer in (("put", reader.put("annas", "x", b"x")), ("copy", reader.copy("annas", "x", "annas/public")),
                                 ("delete", reader.delete("annas", "public")), ("upload", reader.post("annas", "x", "uploads=")),
                                 ("tags", reader.put("annas", "public", b"", "tagging=")), ("ACL", reader.put("annas", "public", b"", "acl=")),
                                 ("rename", reader.put("annas", "x", b"", "renameObject=", x_amz_rename_source="public"))):
                expect(f"read only: {what}", answer, 403, "AccessDenied")
            check("anonymous sees no count of tags", anonymous.get("annas", "public")["x-amz-tagging-count"] is None)
            for what, answer in (("tags", anonymous.get("annas", "public", "tagging=")), ("ACL", anonymous.get("annas", "public", "acl=")),
                                 ("attributes", anonymous.get("annas", "public", "attributes=", x_amz_object_attributes="ETag")),
                                 ("put", anonymous.put("annas", "public", b"")), ("delete", anonymous.delete("annas", "public"))):
                expect(f"anonymous: {what}", answer, 403, "AccessDenied")
            expect("expected owner", anna.get("annas", "private", x_amz_expected_bucket_owner="anna"), 200)
            expect("another owner is expected", anna.get("annas", "private", x_amz_expected_bucket_owner="bert"), 403, "AccessDenied")
            expect("another owner of the source", bert.copy("berts", "c", "annas/public", x_amz_source_expected_bucket_owner="bert"), 403, "AccessDenied")
            for client in (anna, bert, reader, anonymous):
                client.close()


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-s3-") as folder, Server(os.path.join(folder, "data"), log=sys.stderr) as server:
        s3 = S3(server.s3)
        expect("bucket", s3.create_bucket("box"), 200)
        puts(s3)
        digests(s3)
        chunks(s3)
        headers(s3)
        write_conditions(s3)
        ranges(s3)
        read_conditions(s3)
        overrides(s3, server.s3)
        versions(s3)
        copies(s3)
        renames(s3)
        attributes(s3)
        tagging("box", s3)
        s3.set_versioning("kept", "Enabled")
        tagging("kept", s3)
        acls(s3, server.s3)
        public_buckets(s3, server.s3)
        sub_resources(s3)
        refusals(s3, server.s3)
        bucket_lists(s3)
        multipart(s3)
        composites(s3)
        uploads(s3)
        part_copies(s3)
        not_offered(s3)
        headers_in_urls(s3)
        interrupted(server, s3)
        blob(server, s3)
        s3.close()
        server.stop()
        check("fsck is clean", server.fsck() == 0)
        server.start()
    accounts()
    print(f"s3 objects: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
