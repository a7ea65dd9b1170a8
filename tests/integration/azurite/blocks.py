"""Put Block, Put Block List, Get Block List."""
from table import BLOCK_BLOB, Row, block, block_id, block_list, blob, container, crc64, md5, need

A, B, C, LONG = block_id("aaaa"), block_id("bbbb"), block_id("cccc"), block_id("longer")
BEFORE = [container("/blocks")]


def put(name, id_=A, headers=None, body=b"block", path="/blocks/one"):
    return Row(f"put block, {name}", f"PUT {path}?comp=block&blockid={id_}", headers or {}, body)


def commit(name, body, headers=None, path="/blocks/one", before=()):
    return Row(f"commit, {name}", f"PUT {path}?comp=blocklist", headers or {}, body, before=before)


def staged(path):
    return (block(path, "aaaa", b"first"), block(path, "bbbb", b"second"))


def listed(name, kind, path="/blocks/one"):
    return Row(f"block list {name}", f"GET {path}?comp=blocklist" + (f"&blocklisttype={kind}" if kind is not None else ""))


ROWS = [
    listed("of a blob that never was", "all"),
    put("first"),
    put("the same again", body=b"again"),
    put("second", B, body=b"second"),
    put("id of another length", LONG),
    put("id that is no base64", "!!!"),
    put("id without padding", "QUFB_"),
    put("id empty", ""),
    Row("put block, no id", "PUT /blocks/one?comp=block", {}, b"block"),
    put("id of 64 bytes", block_id("x" * 64), path="/blocks/id64"),
    put("id of 65 bytes", block_id("x" * 65), path="/blocks/id65"),
    put("empty body", C, body=b"", path="/blocks/none"),
    put("md5", C, {"Content-MD5": md5(b"block")}),
    put("md5 of another body", C, {"Content-MD5": md5(b"other")}),
    put("md5 that is none", C, {"Content-MD5": "!!"}),
    put("crc64", C, {"x-ms-content-crc64": crc64(b"block")}),
    put("crc64 of another body", C, {"x-ms-content-crc64": crc64(b"other")}),
    put("crc64 and md5", C, {"x-ms-content-crc64": crc64(b"block"), "Content-MD5": md5(b"block")}),
    put("in a missing container", path="/none/one"),
    put("with a lease id", C, {"x-ms-lease-id": "11111111-1111-1111-1111-111111111111"}),
    put("over a blob that was put", path="/blocks/put"),
    Row("get a blob that has uncommitted blocks only", "GET /blocks/one"),
    Row("head a blob that has uncommitted blocks only", "HEAD /blocks/one"),
    Row("delete a blob that has uncommitted blocks only", "DELETE /blocks/staged", before=(block("/blocks/staged", "aaaa", b"x"),)),
    listed("by default, uncommitted only", None),
    listed("committed, uncommitted only", "committed"),
    listed("uncommitted, uncommitted only", "uncommitted"),
    listed("all, uncommitted only", "all"),
    commit("two of them", block_list("aaaa", "bbbb")),
    listed("by default", None),
    listed("committed", "committed"),
    listed("uncommitted", "uncommitted"),
    listed("all", "all"),
    listed("in capitals", "ALL"),
    listed("of an unknown type", "banana"),
    listed("of an empty type", ""),
    Row("block list, HEAD", "HEAD /blocks/one?comp=blocklist"),
    Row("block list in a missing container", "GET /none/one?comp=blocklist"),
    Row("get the blob", "GET /blocks/one"),
    Row("head the blob", "HEAD /blocks/one"),
    commit("again by Latest", block_list("bbbb", "aaaa")),
    commit("again by Committed", block_list(("Committed", "aaaa"))),
    commit("by Uncommitted of a committed one", block_list(("Uncommitted", "aaaa"))),
    commit("a block that never was", block_list("zzzz")),
    commit("a mix", block_list(("Committed", "aaaa"), ("Uncommitted", "cccc")), before=(block("/blocks/one", "cccc", b"third"),)),
    Row("get the mix", "GET /blocks/one"),
    commit("the same block twice", block_list("aaaa", "aaaa"), path="/blocks/twice", before=staged("/blocks/twice")),
    Row("get the blob of one block twice", "GET /blocks/twice"),
    commit("the newest of two", block_list("aaaa"), path="/blocks/newest",
           before=(block("/blocks/newest", "aaaa", b"old"), block("/blocks/newest", "aaaa", b"newer"))),
    Row("get the newest", "GET /blocks/newest"),
    commit("with all headers", block_list("aaaa"),
           {"x-ms-blob-content-type": "text/html", "x-ms-blob-content-encoding": "gzip", "x-ms-blob-content-language": "de",
            "x-ms-blob-content-disposition": "inline", "x-ms-blob-cache-control": "no-cache", "x-ms-blob-content-md5": md5(b"whatever"),
            "x-ms-meta-a": "1", "x-ms-access-tier": "Cool", "Content-Type": "application/xml"},
           "/blocks/headers", staged("/blocks/headers")),
    Row("head the one with all headers", "HEAD /blocks/headers"),
    commit("without headers", block_list("aaaa"), {"Content-Type": "application/xml"}, "/blocks/bare", staged("/blocks/bare")),
    Row("head the one without headers", "HEAD /blocks/bare"),
    commit("an empty list", block_list(), path="/blocks/empty"),
    Row("get the one of an empty list", "GET /blocks/empty"),
    commit("an empty list over blocks", block_list(), path="/blocks/dropped", before=staged("/blocks/dropped")),
    listed("after an empty list", "all", "/blocks/dropped"),
    commit("a root that is empty", b"<BlockList />", path="/blocks/empty2"),
    commit("no body", b"", path="/blocks/bad"),
    commit("no XML", b"hello", path="/blocks/bad"),
    commit("cut XML", b"<BlockList><Latest>", path="/blocks/bad"),
    commit("another root", b"<Other><Latest>YWFhYQ==</Latest></Other>", path="/blocks/bad"),
    commit("an unknown kind", b"<BlockList><Banana>YWFhYQ==</Banana></BlockList>", path="/blocks/bad"),
    commit("an id that is no base64", b"<BlockList><Latest>!!</Latest></BlockList>", path="/blocks/bad"),
    commit("an empty id", b"<BlockList><Latest></Latest></BlockList>", path="/blocks/bad"),
    commit("with white space", b"<BlockList>\n  <Latest>YWFhYQ==</Latest>\n</BlockList>", path="/blocks/spaces", before=staged("/blocks/spaces")),
    commit("md5 of the list", block_list("aaaa"), {"Content-MD5": md5(block_list("aaaa"))}, "/blocks/md5", staged("/blocks/md5")),
    commit("md5 of another list", block_list("aaaa"), {"Content-MD5": md5(b"other")}, "/blocks/md5", staged("/blocks/md5")),
    commit("md5 that is none", block_list("aaaa"), {"Content-MD5": "!!"}, "/blocks/md5"),
    commit("crc64 of another list", block_list("aaaa"), {"x-ms-content-crc64": crc64(b"other")}, "/blocks/md5", staged("/blocks/md5")),
    commit("bad metadata", block_list("aaaa"), {"x-ms-meta-1": "1"}, "/blocks/md5", staged("/blocks/md5")),
    commit("unknown tier", block_list("aaaa"), {"x-ms-access-tier": "Warm"}, "/blocks/md5", staged("/blocks/md5")),
    commit("in a missing container", block_list("aaaa"), path="/none/one"),
    commit("over a blob that was put", block_list("aaaa"), path="/blocks/put2", before=(blob("/blocks/put2"), *staged("/blocks/put2"))),
    listed("of a put blob with staged blocks", "all", "/blocks/put3"),
    Row("put blob drops staged blocks", "PUT /blocks/put4", BLOCK_BLOB, b"whole", before=staged("/blocks/put4")),
    listed("after put blob", "all", "/blocks/put4"),
    Row("delete drops the blob", "DELETE /blocks/put5", before=(blob("/blocks/put5"), *staged("/blocks/put5"))),
    listed("after delete", "all", "/blocks/put5"),
    Row("put block, GET", f"GET /blocks/one?comp=block&blockid={A}"),
    Row("put block, POST", f"POST /blocks/one?comp=block&blockid={A}", {}, b"x"),
    Row("commit, POST", "POST /blocks/one?comp=blocklist", {}, block_list("aaaa")),
    Row("append a block to a block blob", "PUT /blocks/one?comp=appendblock", {}, b"x"),
    Row("write a page of a block blob", "PUT /blocks/one?comp=page", {"x-ms-page-write": "update", "x-ms-range": "bytes=0-511"}, b"x" * 512),
    Row("page ranges of a block blob", "GET /blocks/one?comp=pagelist"),
]
ROWS[[row.name for row in ROWS].index("block list of a put blob with staged blocks")].before = (blob("/blocks/put3"), *staged("/blocks/put3"))
