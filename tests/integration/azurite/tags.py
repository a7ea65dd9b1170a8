"""Tags of blobs."""
from blobclient import account_sas, service_sas
from table import ANONYMOUS, BLOCK_BLOB, Row, blob, block, block_list, container, md5

BEFORE = [container("/tags"), blob("/tags/plain"), blob("/tags/tagged", headers={"x-ms-tags": "colour=blue&size=7"}),
          container("/tags-public", x_ms_blob_public_access="container"), blob("/tags-public/tagged", headers={"x-ms-tags": "colour=blue"})]
SET = "PUT /tags/set?comp=tags"


def document(*pairs):
    inner = "".join(f"<Tag><Key>{key}</Key><Value>{value}</Value></Tag>" for key, value in pairs)
    return f'<?xml version="1.0" encoding="utf-8"?><Tags><TagSet>{inner}</TagSet></Tags>'.encode()


def put(name, tags, headers=None):
    path = "/tags/put-" + "".join(c for c in name if c.isalnum())
    return (Row(f"put, {name}", f"PUT {path}", {"x-ms-tags": tags, **BLOCK_BLOB, **(headers or {})}, b"x"),
            Row(f"what was put, {name}", f"GET {path}?comp=tags"))


ROWS = [
    Row("get", "GET /tags/tagged?comp=tags"),
    Row("get, none", "GET /tags/plain?comp=tags"),
    Row("get, HEAD", "HEAD /tags/tagged?comp=tags"),
    Row("get, missing blob", "GET /tags/none?comp=tags"),
    Row("get, missing container", "GET /tags-none/none?comp=tags"),
    Row("get, if-match that fails", "GET /tags/tagged?comp=tags", {"If-Match": '"other"'}),
    Row("head", "HEAD /tags/tagged"),
    Row("head, none", "HEAD /tags/plain"),
    Row("get blob", "GET /tags/tagged"),
    Row("list", "GET /tags?restype=container&comp=list&prefix=tagged"),
    Row("list with tags", "GET /tags?restype=container&comp=list&include=tags"),
    Row("list with tags and metadata", "GET /tags?restype=container&comp=list&include=tags,metadata"),
    Row("set", SET, body=document(("a", "1"), ("b", "")), before=(blob("/tags/set"),)),
    Row("get what was set", "GET /tags/set?comp=tags"),
    Row("head what was set", "HEAD /tags/set"),
    Row("set, md5", SET, {"Content-MD5": md5(document(("a", "2")))}, document(("a", "2"))),
    Row("set, another md5", SET, {"Content-MD5": md5(b"other")}, document(("a", "3"))),
    Row("set, all signs", SET, body=document(("aZ09 +-./:=_", "aZ09 +-./:=_"))),
    Row("get all signs", "GET /tags/set?comp=tags"),
    Row("set, ten", SET, body=document(*((f"k{i}", str(i)) for i in range(10)))),
    Row("set, eleven", SET, body=document(*((f"k{i}", str(i)) for i in range(11)))),
    Row("set, key of 128", SET, body=document(("k" * 128, "v" * 256))),
    Row("set, key of 129", SET, body=document(("k" * 129, "v"))),
    Row("set, value of 257", SET, body=document(("k", "v" * 257))),
    Row("set, empty key", SET, body=document(("", "v"))),
    Row("set, key with a sign that tags do not have", SET, body=document(("a@b", "v"))),
    Row("set, value with a sign that tags do not have", SET, body=document(("a", "b?"))),
    Row("set, value beyond ASCII", SET, body=document(("a", "ü"))),
    Row("set, the same key twice", SET, body=document(("a", "1"), ("a", "2"))),
    Row("set, keys that differ by case", SET, body=document(("a", "1"), ("A", "2"))),
    Row("set, no XML", SET, body=b"hello"),
    Row("set, no body", SET),
    Row("set, another root", SET, body=b"<Tagging><TagSet /></Tagging>"),
    Row("get after what was refused", "GET /tags/set?comp=tags"),
    Row("set to none", SET, body=document()),
    Row("get none", "GET /tags/set?comp=tags"),
    Row("set, missing blob", "PUT /tags/none?comp=tags", body=document(("a", "1"))),
    *put("two", "a=1&b=2"), *put("encoded", "a%20b=c%3Dd%2Be"), *put("plus for a space", "a+b=c+d"), *put("empty value", "a="),
    Row("put, eleven", "PUT /tags/put-eleven", {"x-ms-tags": "&".join(f"k{i}=1" for i in range(11)), **BLOCK_BLOB}, b"x"),
    Row("put, empty key", "PUT /tags/put-empty", {"x-ms-tags": "=1", **BLOCK_BLOB}, b"x"),
    Row("put, a sign that tags do not have", "PUT /tags/put-sign", {"x-ms-tags": "a=b%40c", **BLOCK_BLOB}, b"x"),
    Row("put, the same key twice", "PUT /tags/put-twice", {"x-ms-tags": "a=1&a=2", **BLOCK_BLOB}, b"x"),
    Row("put over what has tags", "PUT /tags/over", BLOCK_BLOB, b"x", before=(blob("/tags/over", headers={"x-ms-tags": "a=1"}),)),
    Row("tags of what was put over", "GET /tags/over?comp=tags"),
    Row("commit", "PUT /tags/committed?comp=blocklist", {"x-ms-tags": "a=1"}, block_list("aaaa"), before=(block("/tags/committed", "aaaa", b"x"),)),
    Row("tags of what was committed", "GET /tags/committed?comp=tags"),
    Row("set metadata with tags", "PUT /tags/tagged?comp=metadata", {"x-ms-tags": "a=1"}),
    Row("tags stay when metadata is set", "GET /tags/tagged?comp=tags"),
    Row("copy", "PUT /tags/copy", {"x-ms-copy-source": "<url /tags/tagged>"}),
    Row("tags of the copy", "GET /tags/copy?comp=tags"),
    Row("copy with tags", "PUT /tags/copy2", {"x-ms-copy-source": "<url /tags/tagged>", "x-ms-tags": "b=2"}),
    Row("tags of the copy with tags", "GET /tags/copy2?comp=tags"),
    Row("copy from url, tags too", "PUT /tags/copy3", {"x-ms-copy-source": "<url /tags/tagged>", "x-ms-requires-sync": "true",
                                                       "x-ms-copy-source-tag-option": "COPY"}),
    Row("tags of the copy from url", "GET /tags/copy3?comp=tags"),
    Row("copy from url, tags too and others", "PUT /tags/copy4", {
        "x-ms-copy-source": "<url /tags/tagged>", "x-ms-requires-sync": "true", "x-ms-copy-source-tag-option": "COPY", "x-ms-tags": "a=1"}),
    Row("copy from url, bad option", "PUT /tags/copy5", {"x-ms-copy-source": "<url /tags/tagged>", "x-ms-requires-sync": "true",
                                                         "x-ms-copy-source-tag-option": "copy"}),
    Row("get, signature with t", "GET /tags/tagged?comp=tags", sign=service_sas("tags/tagged", "t")),
    Row("get, signature without t", "GET /tags/tagged?comp=tags", sign=service_sas("tags/tagged", "rw")),
    Row("set, signature with t", "PUT /tags/tagged?comp=tags", body=document(("a", "1")), sign=service_sas("tags/tagged", "t")),
    Row("set, signature without t", "PUT /tags/tagged?comp=tags", body=document(("a", "1")), sign=service_sas("tags/tagged", "rw")),
    Row("put with tags, signature with t", "PUT /tags/signed", {"x-ms-tags": "a=1", **BLOCK_BLOB}, b"x", account_sas("rwt")),
    Row("put with tags, signature without t", "PUT /tags/signed", {"x-ms-tags": "a=1", **BLOCK_BLOB}, b"x", account_sas("rw")),
    Row("list with tags, signature with t", "GET /tags?restype=container&comp=list&prefix=tagged&include=tags", sign=account_sas("rlt")),
    Row("list with tags, signature without t", "GET /tags?restype=container&comp=list&prefix=tagged&include=tags", sign=account_sas("rl")),
    Row("get, of a public one", "GET /tags-public/tagged?comp=tags", sign=ANONYMOUS),
    Row("set metadata twice the same", "PUT /tags/plain?comp=metadata", {"x-ms-meta-a": "1", "x-ms-meta-A": "2"}, sign=account_sas()),
    Row("set metadata beyond ASCII", "PUT /tags/plain?comp=metadata", {"x-ms-meta-a": "gr\u00fcn"}, sign=account_sas()),
]
