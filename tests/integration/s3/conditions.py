"""Conditional requests: reads, writes, copies, deletions."""
from table import Row, begin, bucket, need, part, parts, put

BEFORE = (bucket("conditions"), put("/conditions/source", b"source"), put("/conditions/key", b"key"), begin("/conditions/upload"), part("/conditions/upload", 1))

TIMES = {"if-modified-since, past": {"If-Modified-Since": "<past>"}, "if-modified-since, now": {"If-Modified-Since": "<now>"},
         "if-unmodified-since, past": {"If-Unmodified-Since": "<past>"},
         "if-unmodified-since, future": {"If-Unmodified-Since": "<future>"}}
TAGS = {"if-match": {"If-Match": "<etag>"}, "if-match, another": {"If-Match": '"other"'}, "if-match, any": {"If-Match": "*"},
        "if-match, no quotes": {"If-Match": "3c6e0b8a9c15224a8228b9a98ca1531d"}, "if-match, one of two": {"If-Match": '"other", <etag>'},
        "if-none-match": {"If-None-Match": "<etag>"}, "if-none-match, another": {"If-None-Match": '"other"'}, "if-none-match, any": {"If-None-Match": "*"}}
BOTH = {"if-match holds, if-unmodified-since not": {**TAGS["if-match"], **TIMES["if-unmodified-since, past"]},
        "if-match not, if-unmodified-since holds": {**TAGS["if-match, another"], **TIMES["if-unmodified-since, future"]},
        "if-none-match not, if-modified-since holds": {**TAGS["if-none-match"], **TIMES["if-modified-since, past"]},
        "if-none-match holds, if-modified-since not": {**TAGS["if-none-match, another"], **TIMES["if-modified-since, now"]},
        "if-match and if-none-match": {**TAGS["if-match"], **TAGS["if-none-match"]}}
BAD = {"if-modified-since that is no date": {"If-Modified-Since": "yesterday"}, "if-unmodified-since that is no date": {"If-Unmodified-Since": "tomorrow"}}


def source(headers):
    return {"x-amz-copy-source": "conditions/source",
            **{f"x-amz-copy-source-{name.lower()}": value.replace("<etag>", "<etag /conditions/source>") for name, value in headers.items()}}


def again(key):
    return (put(f"/conditions/{key}", b"key"),)


ROWS = [
    *(Row(f"{verb.lower()}, {what}", f"{verb} /conditions/key", headers) for verb in ("GET", "HEAD")
      for what, headers in {**TAGS, **TIMES, **BOTH, **BAD}.items()),
    *(Row(f"get nothing, {what}", "GET /conditions/none", headers) for what, headers in TAGS.items()),
    *(Row(f"put, {what}", "PUT /conditions/key", headers, b"key") for what, headers in TAGS.items()),
    *(Row(f"put anew, {what}", f"PUT /conditions/new-{number}", headers, b"key") for number, (what, headers) in enumerate(TAGS.items())),
    *(Row(f"copy, {what}", "PUT /conditions/copy", source(headers)) for what, headers in {**TAGS, **TIMES, **BOTH, **BAD}.items()),
    *(Row(f"copy onto, {what}", "PUT /conditions/key", {"x-amz-copy-source": "conditions/source", **headers}, before=again("key"))
      for what, headers in TAGS.items()),
    *(Row(f"delete, {what}", "DELETE /conditions/key", headers, before=again("key")) for what, headers in TAGS.items()),
    *(Row(f"delete nothing, {what}", "DELETE /conditions/none", headers) for what, headers in TAGS.items()),
    *(Row(f"complete, {what}", "POST /conditions/upload?uploadId=<upload>", headers, parts("/conditions/upload", 1),
          before=(begin("/conditions/upload"), part("/conditions/upload", 1)))
      for what, headers in TAGS.items()),
    Row("complete over it, if-none-match, any", "POST /conditions/key?uploadId=<upload>", {"If-None-Match": "*"}, parts("/conditions/key", 1),
        before=(*again("key"), begin("/conditions/key"), part("/conditions/key", 1))),
    Row("copy a part, if-match of another", "PUT /conditions/upload?partNumber=2&uploadId=<upload>", source(TAGS["if-match, another"]),
        before=(begin("/conditions/upload"), need("PUT /conditions/upload?partNumber=1&uploadId=<upload>", {}, b"x"))),
]
