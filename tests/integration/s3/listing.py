"""Listings: ListObjects in both versions, and uploads."""
from table import Row, begin, bucket, put, quoted

KEYS = ["a", "a/1", "a/2", "a/b/3", "b", "b+c d", "c/", "c/1", "d//e", "e", "ü/x", "z&<"]
BEFORE = (bucket("listing"), bucket("none"), *(put(f"/listing/{quoted(key, '/')}", key.encode()) for key in KEYS), bucket("uploads"),
          *(begin(f"/uploads/{key}") for key in ("a", "a/1", "a/2", "b", "c/1")))
PLAIN = ["", "prefix=a", "prefix=a/", "prefix=x", "prefix=", "delimiter=/", "delimiter=", "prefix=a/&delimiter=/", "prefix=a&delimiter=/", "delimiter=b", "delimiter=//",
         "delimiter=/1", "prefix=%C3%BC", "encoding-type=url", "encoding-type=URL", "encoding-type=", "encoding-type=url&delimiter=/", "encoding-type=url&prefix=b%2Bc",
         "encoding-type=url&prefix=%C3%BC&delimiter=/", "max-keys=3", "max-keys=1", "max-keys=0", "max-keys=", "max-keys=-1", "max-keys=abc", "max-keys=1001",
         "max-keys=2147483647", "max-keys=2147483648", "max-keys=99999999999999999999", "max-keys=2&delimiter=/", "max-keys=1&prefix=a/&delimiter=/"]


def rows(version, queries):
    name = "v2: " if version else "v1: "
    return [Row(f"{name}{query or 'all'}", "GET /listing?" + "&".join(filter(None, [version, query]))) for query in queries]


V1 = [*PLAIN, "marker=b", "marker=a/1", "marker=a/", "marker=x", "marker=zz", "marker=", "marker=a/&delimiter=/", "marker=a/1&delimiter=/", "marker=a0&delimiter=/",
      "marker=b&max-keys=1", "prefix=a/&marker=a/1", "prefix=a/&marker=b", "marker=%C3%BC&encoding-type=url", "start-after=b"]
V2 = [*PLAIN, "start-after=b", "start-after=a/&delimiter=/", "start-after=", "start-after=zz", "fetch-owner=true", "fetch-owner=false", "fetch-owner=banana", "marker=b",
      "continuation-token=", "continuation-token=banana!", "start-after=%C3%BC&encoding-type=url", "prefix=a/&start-after=a/1"]

ROWS = [
    *rows("", V1), *rows("list-type=2", V2), Row("list type 1", "GET /listing?list-type=1"), Row("list type 3", "GET /listing?list-type=3"), Row("list type empty", "GET /listing?list-type="),
    Row("v1: first page", "GET /listing?max-keys=5"), Row("v1: page by slash", "GET /listing?max-keys=2&delimiter=/"),
    Row("v1: next page by slash", "GET /listing?max-keys=2&delimiter=/&marker=<next NextMarker>"),
    Row("v2: first page", "GET /listing?list-type=2&max-keys=5"), Row("v2: second page", "GET /listing?list-type=2&max-keys=5&continuation-token=<next NextContinuationToken>"),
    Row("v2: last page", "GET /listing?list-type=2&max-keys=5&continuation-token=<next NextContinuationToken>"),
    Row("v2: page by slash", "GET /listing?list-type=2&max-keys=2&delimiter=/"),
    Row("v2: next page by slash", "GET /listing?list-type=2&max-keys=2&delimiter=/&continuation-token=<next NextContinuationToken>"),
    Row("v2: token and start-after", "GET /listing?list-type=2&max-keys=2&continuation-token=<next NextContinuationToken>&start-after=a"),
    Row("v1: empty bucket", "GET /none"), Row("v2: empty bucket", "GET /none?list-type=2"), Row("head with a query", "HEAD /listing?list-type=2"),
    *(Row(f"uploads: {query or 'all'}", "GET /uploads?uploads" + ("&" + query if query else "")) for query in (
        "", "prefix=a", "prefix=a/", "delimiter=/", "prefix=a&delimiter=/", "max-uploads=2", "max-uploads=0", "max-uploads=-1", "max-uploads=x", "max-uploads=5000", "key-marker=a/1",
        "key-marker=zz", "key-marker=a&delimiter=/", "encoding-type=url", "encoding-type=x", "upload-id-marker=x", "key-marker=a&upload-id-marker=x")),
    Row("uploads: first page", "GET /uploads?uploads&max-uploads=2"),
    Row("uploads: next page", "GET /uploads?uploads&max-uploads=2&key-marker=<next NextKeyMarker>&upload-id-marker=<next NextUploadIdMarker>"),
    Row("uploads of none", "GET /nowhere?uploads"), Row("uploads of an empty bucket", "GET /none?uploads"), Row("v1 of none, with a query", "GET /nowhere?prefix=a"),
]
