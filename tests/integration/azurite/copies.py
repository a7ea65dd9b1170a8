"""Copy Blob, Put Blob From URL, Put Block From URL, all from this server."""
from table import ANONYMOUS, BLOCK_BLOB, Row, blob, block, block_id, block_list, container, md5, need
from blobclient import account_sas, service_sas

BODY = b"hello world, this is the source"
BEFORE = [container("/copies"), container("/copies-public", x_ms_blob_public_access="blob"),
          blob("/copies/source", BODY, {"x-ms-meta-colour": "blue", "x-ms-blob-content-type": "text/plain", "x-ms-blob-cache-control": "no-cache"}),
          blob("/copies-public/source", BODY), blob("/copies/a%20b", BODY), blob("/copies/old", b"old")]
SOURCE, READABLE = "<url /copies/source>", "<url /copies/source>?" + service_sas("copies/source")
WRITER = account_sas("wc")


def copy(name, source=SOURCE, headers=None, path="/copies/target", sign="key", before=()):
    return Row(f"copy, {name}", f"PUT {path}", {"x-ms-copy-source": source, **(headers or {})}, sign=sign, before=before)


def from_url(name, source=READABLE, headers=None, path="/copies/fetched", sign="key"):
    return Row(f"put from url, {name}", f"PUT {path}", {"x-ms-copy-source": source, **BLOCK_BLOB, **(headers or {})}, sign=sign)


def block_from_url(name, source=READABLE, headers=None, path="/copies/joined", id_="aaaa"):
    return Row(f"block from url, {name}", f"PUT {path}?comp=block&blockid={block_id(id_)}", {"x-ms-copy-source": source, **(headers or {})})


ROWS = [
    copy("plain"),
    Row("head the copy", "HEAD /copies/target"),
    Row("get the copy", "GET /copies/target"),
    Row("list the copy", "GET /copies?restype=container&comp=list&prefix=target&include=copy,metadata"),
    Row("list the copy without include", "GET /copies?restype=container&comp=list&prefix=target"),
    Row("block list of the copy", "GET /copies/target?comp=blocklist&blocklisttype=all"),
    copy("again"),
    copy("over another blob", path="/copies/old"),
    copy("onto itself", path="/copies/source"),
    copy("of an encoded name", "<url /copies/a%20b>"),
    copy("to another container", path="/copies-public/target"),
    copy("from a public container", "<url /copies-public/source>"),
    copy("with metadata", headers={"x-ms-meta-a": "1"}),
    Row("head the copy with metadata", "HEAD /copies/target"),
    copy("with a tier", headers={"x-ms-access-tier": "Cool"}),
    copy("with an unknown tier", headers={"x-ms-access-tier": "Warm"}),
    copy("with bad metadata", headers={"x-ms-meta-1": "1"}),
    copy("with a content type", headers={"x-ms-blob-content-type": "text/html"}),
    copy("with x-ms-requires-sync", headers={"x-ms-requires-sync": "true"}),
    copy("of a missing blob", "<url /copies/none>"),
    copy("of a missing container", "<url /none/none>"),
    copy("into a missing container", path="/none/target"),
    copy("of a container", "<url /copies>"),
    copy("of something that is no url", "banana"),
    copy("of an empty url", ""),
    copy("of a relative url", "/devstoreaccount1/copies/source"),
    copy("of another scheme", "ftp://example.invalid/a/b"),
    copy("with a lease id", headers={"x-ms-lease-id": "11111111-1111-1111-1111-111111111111"}),
    copy("with a source lease id", headers={"x-ms-source-lease-id": "11111111-1111-1111-1111-111111111111"}),
    copy("of a snapshot that is not there", SOURCE + "?snapshot=2020-01-01T00:00:00.0000000Z"),
    copy("under a signature, source with one", READABLE, sign=WRITER),
    copy("under a signature, private source", sign=WRITER),
    copy("under a signature, public source", "<url /copies-public/source>", sign=WRITER),
    copy("source with a signature that does not match", SOURCE + "?" + service_sas("copies/other"), sign=WRITER),
    copy("source with an expired signature", SOURCE + "?" + service_sas("copies/source", expiry="2020-01-01T00:00:00Z"), sign=WRITER),
    copy("source with a signature to write", SOURCE + "?" + service_sas("copies/source", "w"), sign=WRITER),
    copy("anonymous", sign=ANONYMOUS),
    *(copy(f"source {name} {label}", headers={f"x-ms-source-{name}": value}) for name, values in (
        ("if-match", {"holds": "<etag /copies/source>", "fails": '"other"', "any": "*"}),
        ("if-none-match", {"holds": '"other"', "fails": "<etag /copies/source>", "any": "*"}),
        ("if-modified-since", {"holds": "<past>", "fails": "<future>", "is no date": "banana"}),
        ("if-unmodified-since", {"holds": "<future>", "fails": "<past>"})) for label, value in values.items()),
    Row("abort a copy that is done", "PUT /copies/target?comp=copy&copyid=<id>", {"x-ms-copy-action": "abort"}),
    Row("abort an unknown copy", "PUT /copies/target?comp=copy&copyid=11111111-1111-1111-1111-111111111111", {"x-ms-copy-action": "abort"}),
    Row("abort without action", "PUT /copies/target?comp=copy&copyid=11111111-1111-1111-1111-111111111111"),
    Row("abort without id", "PUT /copies/target?comp=copy", {"x-ms-copy-action": "abort"}),
    Row("abort on a missing blob", "PUT /copies/none?comp=copy&copyid=11111111-1111-1111-1111-111111111111", {"x-ms-copy-action": "abort"}),
    Row("a copy that was written over", "HEAD /copies/target", before=(blob("/copies/target", b"new"),)),
    from_url("plain"),
    Row("head what was put from url", "HEAD /copies/fetched"),
    from_url("of a public source", "<url /copies-public/source>"),
    from_url("of a private source", SOURCE),
    from_url("of a missing blob", "<url /copies/none>?" + service_sas("copies/none")),
    from_url("into a missing container", path="/none/fetched"),
    from_url("with md5", headers={"x-ms-source-content-md5": md5(BODY)}),
    from_url("with another md5", headers={"x-ms-source-content-md5": md5(b"other")}),
    from_url("with headers and metadata", headers={"x-ms-blob-content-type": "text/html", "x-ms-meta-a": "1"}),
    Row("head what was put from url with headers", "HEAD /copies/fetched"),
    from_url("without properties", headers={"x-ms-copy-source-blob-properties": "false"}),
    Row("head what was put without properties", "HEAD /copies/fetched"),
    from_url("of an unknown type", headers={"x-ms-blob-type": "BananaBlob"}),
    from_url("with source if-match that fails", headers={"x-ms-source-if-match": '"other"'}),
    Row("put from url with a body", "PUT /copies/fetched", {"x-ms-copy-source": READABLE, **BLOCK_BLOB}, b"hello"),
    block_from_url("whole"),
    block_from_url("range", headers={"x-ms-source-range": "bytes=0-4"}, id_="bbbb"),
    block_from_url("open range", headers={"x-ms-source-range": "bytes=6-"}, id_="bbbb"),
    block_from_url("range beyond", headers={"x-ms-source-range": "bytes=100-200"}),
    block_from_url("range of all and more", headers={"x-ms-source-range": "bytes=0-18446744073709551615"}),
    block_from_url("range that is none", headers={"x-ms-source-range": "banana"}),
    block_from_url("md5", headers={"x-ms-source-content-md5": md5(BODY)}),
    block_from_url("another md5", headers={"x-ms-source-content-md5": md5(b"other")}),
    block_from_url("missing source", "<url /copies/none>?" + service_sas("copies/none")),
    block_from_url("private source", SOURCE),
    block_from_url("bad url", "banana"),
    Row("block from url, bad id", "PUT /copies/joined?comp=block&blockid=!!", {"x-ms-copy-source": READABLE}),
    Row("block from url, list", "GET /copies/joined2?comp=blocklist&blocklisttype=all", before=(block("/copies/joined2", "aaaa", b"x"),)),
]
