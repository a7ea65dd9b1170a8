"""DeleteObject and DeleteObjects."""
from table import ANONYMOUS, BROKEN, Row, bucket, checksum, deletions, md5, put

BEFORE = (bucket("deleting"),)


def many(name, body, headers=None, **more):
    return Row(name, "POST /deleting?delete", {"Content-MD5": md5(body), **(headers or {})}, body, **more)


def there(*keys):
    return tuple(put(f"/deleting/{key}") for key in keys)


ROWS = [
    Row("delete", "DELETE /deleting/a", before=there("a")), Row("delete again", "DELETE /deleting/a"), Row("get it", "GET /deleting/a"),
    Row("delete, unknown version", "DELETE /deleting/a?versionId=none"), Row("delete, null version", "DELETE /deleting/a?versionId=null", before=there("a")),
    Row("delete, anonymous", "DELETE /deleting/a", sign=ANONYMOUS, before=there("a")),
    many("many", deletions("a", "b", "none"), before=there("a", "b")), many("many, quiet", deletions("a", "none", quiet=True), before=there("a")),
    many("many, quiet is false", b"<Delete><Quiet>false</Quiet><Object><Key>a</Key></Object></Delete>", before=there("a")),
    many("one twice", deletions("a", "a"), before=there("a")), many("with a null version", deletions(("a", "null")), before=there("a")),
    many("with an unknown version", deletions(("a", "banana")), before=there("a")), many("with the namespace", deletions("a").replace(
        b"<Delete>", b'<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'), before=there("a")),
    many("1000", deletions(*(f"k{i}" for i in range(1000)))), many("1001", deletions(*(f"k{i}" for i in range(1001)))), many("no object", deletions()),
    many("object without a key", b"<Delete><Object></Object></Delete>"), many("empty key", b"<Delete><Object><Key></Key></Object></Delete>"),
    many("long key", deletions("x" * 1025)), many("odd key", deletions("a&amp;b&lt;&#228;")),
    *(many(f"document: {what}", body.replace(b"{root}", b"Delete")) for what, body in BROKEN.items()),
    Row("without a digest", "POST /deleting?delete", body=deletions("a")), many("wrong md5", deletions("a"), {"Content-MD5": md5(b"other")}),
    many("md5 that is none", deletions("a"), {"Content-MD5": "x"}),
    Row("with a checksum", "POST /deleting?delete", {"x-amz-checksum-crc32": checksum("crc32", deletions("a"))}, deletions("a")),
    Row("with a wrong checksum", "POST /deleting?delete", {"x-amz-checksum-crc32": checksum("crc32", b"other")}, deletions("a")),
    many("anonymous", deletions("a"), sign=ANONYMOUS), Row("in no bucket", "POST /nowhere?delete", {"Content-MD5": md5(deletions("a"))}, deletions("a")),
    Row("if it has a size", "DELETE /deleting/guarded", {"x-amz-if-match-size": "1"}, before=there("guarded")), Row("it stayed", "GET /deleting/guarded"),
    many("if they have a size", b"<Delete><Object><Key>guarded</Key><Size>1</Size></Object></Delete>", before=there("guarded")), Row("they stayed", "GET /deleting/guarded"),
    Row("without a guard", "DELETE /deleting/guarded"),
    Row("get delete", "GET /deleting?delete"), Row("delete a bucket's key with a slash", "DELETE /deleting/"),
]
