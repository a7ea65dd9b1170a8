"""List Blobs, flat and by hierarchy."""
from table import ANONYMOUS, Row, blob, block, container

NAMES = ["a", "a/1", "a/2", "a/b/1", "a/b/2", "b", "c/1", "c/d/1", "d//1", "e-1", "e.1", "z/"]
BEFORE = [container("/listing"), container("/listing-empty"), container("/listing-odd"), *(blob(f"/listing/{name}", name.encode()) for name in NAMES),
          blob("/listing/meta", b"m", {"x-ms-meta-colour": "blue", "x-ms-meta-a": "1", "x-ms-blob-content-type": "text/css"}),
          block("/listing/staged", "aaaa", b"x"),
          blob("/listing-odd/tier", b"m", {"x-ms-access-tier": "Cool"}), blob("/listing-odd/a%20b%26c"), blob("/listing-odd/%C3%BC"),
          blob("/listing-odd/%25"), blob("/listing-odd/%3Ca%3E"), blob("/listing-odd/A"), blob("/listing-odd/_"), blob("/listing-odd/%F0%9F%98%80")]


def lists(query="", name=None, path="/listing"):
    return Row(name or (query or "plain") + ("" if path == "/listing" else f" of {path[1:]}"),
               f"GET {path}?restype=container&comp=list" + ("&" + query if query else ""))


ROWS = [
    lists(),
    lists(path="/listing-empty"),
    lists(path="/listing-odd"),
    lists("include=metadata", path="/listing-odd"),
    lists(path="/listing-none"),
    *(lists(query) for query in (
        "prefix=a", "prefix=a/", "prefix=a/b", "prefix=zzz", "prefix=", "prefix=A", "prefix=meta", "prefix=/",
        "delimiter=/", "delimiter=/&prefix=a", "delimiter=/&prefix=a/", "delimiter=/&prefix=a/b/", "delimiter=/&prefix=d/", "delimiter=/&prefix=d//",
        "delimiter=/&prefix=z/", "delimiter=/&prefix=zzz", "delimiter=", "delimiter=-", "delimiter=1", "delimiter=/1", "delimiter=/&include=metadata",
        "include=metadata", "include=copy", "include=uncommittedblobs", "include=snapshots", "include=deleted", "include=tags", "include=versions",
        "include=deletedwithversions", "include=immutabilitypolicy", "include=legalhold", "include=permissions", "include=metadata,copy,uncommittedblobs",
        "include=metadata%2Ccopy", "include=snapshots,metadata&delimiter=/", "include=banana", "include=metadata,banana", "include=", "include=Metadata",
        "delimiter=/&include=uncommittedblobs", "delimiter=/&include=snapshots",
        "maxresults=0", "maxresults=-1", "maxresults=abc", "maxresults=5001", "maxresults=5000&prefix=b", "maxresults=100000&prefix=b",
        "maxresults=9999999999999&prefix=b", "marker=", "marker=banana", "showonly=deleted&prefix=b", "timeout=10&prefix=b")),
    lists("maxresults=1", "first page of 1"),
    lists("maxresults=1&marker=<marker>", "second page of 1"),
    lists("maxresults=13", "page of all that is there"),
    lists("maxresults=12", "page of all but one"),
    lists("maxresults=12&marker=<marker>", "the one that is left"),
    lists("maxresults=2&delimiter=/", "first page by hierarchy"),
    lists("maxresults=2&delimiter=/&marker=<marker>", "second page by hierarchy"),
    lists("maxresults=2&delimiter=/&marker=<marker>", "third page by hierarchy"),
    lists("maxresults=2&delimiter=/&prefix=a/", "first page by hierarchy with prefix"),
    lists("maxresults=2&delimiter=/&prefix=a/&marker=<marker>", "second page by hierarchy with prefix"),
    Row("anonymous, private", "GET /listing?restype=container&comp=list", sign=ANONYMOUS),
    Row("without restype", "GET /listing?comp=list"),
    Row("HEAD", "HEAD /listing?restype=container&comp=list"),
    Row("PUT", "PUT /listing?restype=container&comp=list"),
    Row("bad container name", "GET /LISTING?restype=container&comp=list"),
    Row("old version", "GET /listing?restype=container&comp=list&prefix=b", {"x-ms-version": "2015-02-21"}),
    Row("version of 2019", "GET /listing?restype=container&comp=list&prefix=b", {"x-ms-version": "2019-02-02"}),
]
