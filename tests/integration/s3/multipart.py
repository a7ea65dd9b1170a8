"""Uploads in parts."""
from table import ANONYMOUS, BROKEN, PART, Row, begin, bucket, checksum, md5, need, noise, part, parts, put

BEFORE = (bucket("multipart"), put("/multipart/source", noise(PART + 100, 2)), put("/multipart/small", b"small"),
          begin("/multipart/list"), *(part("/multipart/list", number, b"part") for number in (1, 2, 5, 10000)))
UPLOAD = "?uploadId=<upload>"


def key(name):
    return f"/multipart/{name}"


def ready(name, *numbers, size=6):
    return (begin(key(name)), *(part(key(name), number, noise(size, number)) for number in numbers))


def completion(what, name, body, before=(), **headers):
    return Row(f"complete: {what}", f"POST {key(name)}{UPLOAD}", headers, body, before=before)


def number(text):
    return parts(key("c"), 1).replace(b"<PartNumber>1<", f"<PartNumber>{text}<".encode())


def copy_part(what, number_=1, source="multipart/source", range_=None, name="pc", **headers):
    sent = {"x-amz-copy-source": source, **{header.replace("_", "-"): value for header, value in headers.items()}}
    if range_ is not None:
        sent["x-amz-copy-source-range"] = range_
    return Row(f"copy part: {what}", f"PUT {key(name)}?partNumber={number_}&uploadId=<upload>", sent)


def listing(query):
    return Row(f"list parts: {query or 'all'}", f"GET {key('list')}{UPLOAD}" + ("&" + query if query else ""))


ROWS = [
    Row("begin", f"POST {key('a')}?uploads"), Row("begin in no bucket", "POST /nowhere/a?uploads"), Row("begin, long key", f"POST {key('x' * 1025)}?uploads"),
    Row("begin, anonymous", f"POST {key('a')}?uploads", sign=ANONYMOUS), Row("begin, unknown acl", f"POST {key('a')}?uploads", {"x-amz-acl": "everybody"}),
    Row("begin, unknown storage class", f"POST {key('a')}?uploads", {"x-amz-storage-class": "PAPER"}),
    Row("begin, metadata too large", f"POST {key('a')}?uploads", {"x-amz-meta-a": "v" * 2048}),
    Row("begin, too many tags", f"POST {key('a')}?uploads", {"x-amz-tagging": "&".join(f"k{i}=1" for i in range(11))}),
    Row("put a part", f"PUT {key('a')}?partNumber=1&uploadId=<upload>", body=b"part"), Row("put it again", f"PUT {key('a')}?partNumber=1&uploadId=<upload>", body=b"new part"),
    *(Row(f"put part {text or 'without a number'}", f"PUT {key('a')}?partNumber={text}&uploadId=<upload>", body=b"part") for text in ("10000", "10001", "0", "-1", "x", "")),
    Row("put an empty part", f"PUT {key('a')}?partNumber=2&uploadId=<upload>"), Row("put a part of no upload", f"PUT {key('a')}?partNumber=1&uploadId=none", body=b"part"),
    Row("put a part of another key", f"PUT {key('b')}?partNumber=1&uploadId=<upload {key('a')}>", body=b"part"),
    Row("put a part, md5", f"PUT {key('a')}?partNumber=3&uploadId=<upload>", {"Content-MD5": md5(b"part")}, b"part"),
    Row("put a part, wrong md5", f"PUT {key('a')}?partNumber=3&uploadId=<upload>", {"Content-MD5": md5(b"x")}, b"part"),
    Row("put a part, wrong checksum", f"PUT {key('a')}?partNumber=3&uploadId=<upload>", {"x-amz-checksum-crc64nvme": checksum("crc64nvme", b"x")}, b"part"),
    Row("put a part, anonymous", f"PUT {key('a')}?partNumber=3&uploadId=<upload>", body=b"part", sign=ANONYMOUS),
    completion("one part", "c", parts(key("c"), 1), ready("c", 1)), Row("what came of it", f"HEAD {key('c')}"), Row("its bytes", f"GET {key('c')}"),
    completion("again", "c", parts(key("c"), 1)),
    completion("again after another write", "c", parts(key("c"), 1), (put(key("c"), b"other"),)),
    completion("two parts", "c", parts(key("c"), 1, 2), (begin(key("c")), part(key("c"), 1, noise(PART)), part(key("c"), 2, b"end"))),
    completion("not from one on", "c", parts(key("c"), 5, 9), (begin(key("c")), part(key("c"), 5, noise(PART)), part(key("c"), 9, b"end"))),
    completion("not all of them", "c", parts(key("c"), 2), ready("c", 1, 2)), Row("the one that was chosen", f"GET {key('c')}"),
    completion("small parts", "c", parts(key("c"), 1, 2), ready("c", 1, 2)), completion("in disorder", "c", parts(key("c"), 2, 1)),
    completion("one twice", "c", parts(key("c"), 1, 1)), completion("one that is not there", "c", parts(key("c"), 1, 7)),
    completion("wrong etag", "c", parts(key("c"), (1, "0" * 32))), completion("etag that is none", "c", parts(key("c"), (1, "banana"))),
    completion("no etag", "c", b"<CompleteMultipartUpload><Part><PartNumber>1</PartNumber></Part></CompleteMultipartUpload>"),
    completion("no number", "c", b"<CompleteMultipartUpload><Part><ETag>x</ETag></Part></CompleteMultipartUpload>"),
    *(completion(f"number {text or 'empty'}", "c", number(text)) for text in ("0", "-1", "10001", "x", "")),
    completion("no parts", "c", parts(key("c"))), *(completion(f"document, {what}", "c", body.replace(b"{root}", b"CompleteMultipartUpload")) for what, body in BROKEN.items()),
    completion("too many parts", "c", parts(key("c"), *((1, "x") for _ in range(10001)))),
    Row("complete: no upload", f"POST {key('c')}?uploadId=none", body=parts(key("c"), (1, "x"))), Row("complete: no bucket", "POST /nowhere/c?uploadId=none", body=parts("c", (1, "x"))),
    Row("complete: another key", f"POST {key('d')}?uploadId=<upload {key('c')}>", body=parts(key("c"), 1)),
    completion("still possible", "c", parts(key("c"), 1)),
    completion("with metadata", "m", parts(key("m"), 1), (begin(key("m"), x_amz_meta_a="1", Content_Type="text/a", x_amz_tagging="a=1", Cache_Control="no-cache"), part(key("m"), 1))),
    Row("its headers", f"HEAD {key('m')}"), Row("its tags", f"GET {key('m')}?tagging"),
    listing(""), listing("max-parts=2"), listing("max-parts=2&part-number-marker=2"), listing("part-number-marker=10000"), listing("part-number-marker=3"),
    listing("max-parts=0"), listing("max-parts=-1"), listing("max-parts=x"), listing("max-parts=5000"), listing("part-number-marker=-1"), listing("part-number-marker=x"),
    listing("encoding-type=url"), Row("list parts of no upload", f"GET {key('list')}?uploadId=none"), Row("list parts of another key", f"GET {key('a')}?uploadId=<upload {key('list')}>"),
    Row("list parts, anonymous", f"GET {key('list')}{UPLOAD}", sign=ANONYMOUS),
    Row("abort", f"DELETE {key('ab')}{UPLOAD}", before=ready("ab", 1)), Row("abort again", f"DELETE {key('ab')}{UPLOAD}"),
    Row("put a part after that", f"PUT {key('ab')}?partNumber=1&uploadId=<upload>", body=b"x"), Row("list parts after that", f"GET {key('ab')}{UPLOAD}"),
    Row("abort no upload", f"DELETE {key('ab')}?uploadId=none"), Row("abort, anonymous", f"DELETE {key('list')}{UPLOAD}", sign=ANONYMOUS),
    Row("copy part: begun", f"POST {key('pc')}?uploads"), copy_part("all of it"), copy_part("a range", 2, range_="bytes=0-9"), copy_part("to its end", 2, range_=f"bytes=50-{PART + 99}"),
    *(copy_part(f"range {text or 'empty'}", 3, range_=text) for text in ("bytes=0-", "bytes=-5", "0-5", "bytes=5-1", "bytes=0-1,2-3", "nonsense", "")),
    copy_part("range beyond the end", 3, range_=f"bytes=0-{PART + 100}"), copy_part("range from beyond the end", 3, range_=f"bytes={PART + 100}-{PART + 200}"),
    copy_part("range of a small one", 3, "multipart/small", "bytes=0-2"), copy_part("no key", 3, "multipart/none"), copy_part("no bucket", 3, "nowhere/none"),
    copy_part("bad source", 3, "multipart"), copy_part("number 0", 0), copy_part("number 10001", 10001), copy_part("range without a source's bytes", 3, "multipart/small", "bytes=9-12"),
    Row("copy part: no upload", f"PUT {key('pc')}?partNumber=1&uploadId=none", {"x-amz-copy-source": "multipart/source"}),
    completion("copied parts", "pc", parts(key("pc"), 1, 2)), Row("copied parts, head", f"HEAD {key('pc')}"),
    Row("list uploads", "GET /multipart?uploads"), Row("delete a bucket with uploads only", "DELETE /pending", before=(bucket("pending"), need("POST /pending/key?uploads"))),
]
