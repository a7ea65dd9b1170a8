"""Every condition on every operation that takes conditions."""
from table import BLOCK_BLOB, Row, blob, block, block_list, container

BEFORE = [container("/conditions"), container("/conditions-source"), blob("/conditions-source/blob")]
PATH = "/conditions/blob"
THERE = (blob(PATH),)
CASES = {
    "if-match holds": {"If-Match": "<etag>"},
    "if-match fails": {"If-Match": '"0x8D0000000000000"'},
    "if-match any": {"If-Match": "*"},
    "if-none-match holds": {"If-None-Match": '"0x8D0000000000000"'},
    "if-none-match fails": {"If-None-Match": "<etag>"},
    "if-none-match any": {"If-None-Match": "*"},
    "if-modified-since holds": {"If-Modified-Since": "<past>"},
    "if-modified-since fails": {"If-Modified-Since": "<future>"},
    "if-unmodified-since holds": {"If-Unmodified-Since": "<future>"},
    "if-unmodified-since fails": {"If-Unmodified-Since": "<past>"},
}
OPERATIONS = {
    "get blob": ("GET " + PATH, {}, b"", THERE),
    "head blob": ("HEAD " + PATH, {}, b"", THERE),
    "get metadata": (f"GET {PATH}?comp=metadata", {}, b"", THERE),
    "put blob": ("PUT " + PATH, BLOCK_BLOB, b"new", THERE),
    "set properties": (f"PUT {PATH}?comp=properties", {"x-ms-blob-content-type": "a/b"}, b"", THERE),
    "set metadata": (f"PUT {PATH}?comp=metadata", {"x-ms-meta-a": "1"}, b"", THERE),
    "delete blob": ("DELETE " + PATH, {}, b"", THERE),
    "put block list": (f"PUT {PATH}?comp=blocklist", {}, block_list("aaaa"), (*THERE, block(PATH, "aaaa", b"x"))),
    "copy blob": ("PUT " + PATH, {"x-ms-copy-source": "<url /conditions-source/blob>"}, b"", THERE),
}
CONTAINERS = {
    "delete container": ("DELETE /conditions-{0}?restype=container", {}, b""),
    "set container metadata": ("PUT /conditions-{0}?restype=container&comp=metadata", {"x-ms-meta-a": "1"}, b""),
    "set container acl": ("PUT /conditions-{0}?restype=container&comp=acl", {}, b""),
    "get container": ("GET /conditions-{0}?restype=container", {}, b""),
}


def of_containers():
    for number, (operation, (request, headers, body)) in enumerate(CONTAINERS.items()):
        for case, (name, condition) in enumerate(CASES.items()):
            path = f"/conditions-c{number}{case}"
            yield Row(f"{operation}, {name}", request.format(f"c{number}{case}"), {**headers, **condition}, body, before=(container(path),))


ROWS = [
    *(Row(f"{operation}, {name}", request, {**headers, **condition}, body, before=before)
      for operation, (request, headers, body, before) in OPERATIONS.items() for name, condition in CASES.items()),
    *of_containers(),
    *(Row(f"put a missing blob, {name}", f"PUT /conditions/missing-{i}", {**BLOCK_BLOB, **condition}, b"new")
      for i, (name, condition) in enumerate(CASES.items()) if "<etag>" not in condition.values()),
    *(Row(f"{verb} a missing blob, {name}", f"{verb} /conditions/none", condition)
      for verb in ("GET", "DELETE") for name, condition in CASES.items() if "any" in name or name == "if-match fails"),
    *(Row(f"get blob, {name}", "GET " + PATH, headers, before=THERE) for name, headers in {
        "etag without quotes": {"If-Match": "0x8D0000000000000"},
        "weak etag": {"If-None-Match": "W/<etag>"},
        "list of etags that holds one": {"If-Match": '"0x8D0000000000000", <etag>'},
        "list of etags that holds none": {"If-Match": '"0x8D0000000000000", "0x8D0000000000001"'},
        "list not to match that holds it": {"If-None-Match": '"0x8D0000000000000",<etag>'},
        "empty if-match": {"If-Match": ""},
        "date that is none": {"If-Modified-Since": "banana"},
        "until a date that is none": {"If-Unmodified-Since": "banana"},
        "date of ISO 8601": {"If-Modified-Since": "2020-01-01T00:00:00Z"},
        "both hold": {"If-Match": "<etag>", "If-Unmodified-Since": "<future>"},
        "match holds, unmodified fails": {"If-Match": "<etag>", "If-Unmodified-Since": "<past>"},
        "match fails, unmodified holds": {"If-Match": '"other"', "If-Unmodified-Since": "<future>"},
        "none-match holds, modified fails": {"If-None-Match": '"other"', "If-Modified-Since": "<future>"},
        "none-match fails, modified holds": {"If-None-Match": "<etag>", "If-Modified-Since": "<past>"},
        "none-match and modified fail": {"If-None-Match": "<etag>", "If-Modified-Since": "<future>"},
        "match and none-match hold": {"If-Match": "<etag>", "If-None-Match": '"other"'},
        "match holds, none-match fails": {"If-Match": "<etag>", "If-None-Match": "<etag>"},
        "match and none-match fail": {"If-Match": '"other"', "If-None-Match": "<etag>"}}.items()),
    *(Row(f"set metadata, {name}", f"PUT {PATH}?comp=metadata", headers, before=THERE) for name, headers in {
        "both hold": {"If-Match": "<etag>", "If-Unmodified-Since": "<future>"},
        "match holds, unmodified fails": {"If-Match": "<etag>", "If-Unmodified-Since": "<past>"},
        "none-match holds, modified fails": {"If-None-Match": '"other"', "If-Modified-Since": "<future>"},
        "none-match fails, modified holds": {"If-None-Match": "<etag>", "If-Modified-Since": "<past>"},
        "match and none-match hold": {"If-Match": "<etag>", "If-None-Match": '"other"'},
        "match holds, modified holds": {"If-Match": "<etag>", "If-Modified-Since": "<past>"},
        "modified and unmodified hold": {"If-Modified-Since": "<past>", "If-Unmodified-Since": "<future>"},
        "date that is none": {"If-Modified-Since": "banana"}}.items()),
    Row("commit an empty list, if-match fails", f"PUT {PATH}?comp=blocklist", {"If-Match": '"other"'}, b"<BlockList />"),
    Row("block list, if-match fails", f"GET {PATH}?comp=blocklist", {"If-Match": '"other"'}),
    Row("put block, if-match fails", f"PUT {PATH}?comp=block&blockid=YWFhYQ%3D%3D", {"If-Match": '"other"'}, b"x"),
    Row("set tier, if-match fails", f"PUT {PATH}?comp=tier", {"If-Match": '"other"', "x-ms-access-tier": "Cool"}),
    Row("create container, if-none-match any", "PUT /conditions?restype=container", {"If-None-Match": "*"}),
    Row("list blobs, if-match fails", "GET /conditions-source?restype=container&comp=list", {"If-Match": '"other"'}),
]
