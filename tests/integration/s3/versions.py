"""Versions, delete markers, and the null version."""
from table import Row, bucket, deletions, md5, need, put, tags, versioned

BEFORE = (bucket("kept"), put("/kept/old", b"before versioning"), versioned("kept"), put("/kept/key", b"one"), put("/kept/key", b"two"), put("/kept/other", b"x"),
          put("/kept/gone", b"gone"), need("DELETE /kept/gone"), put("/kept/dir/a"), put("/kept/dir/b"))
KEY = "/kept/key"


def listing(query):
    return Row(f"list versions: {query or 'all'}", "GET /kept?versions" + ("&" + query if query else ""))


ROWS = [
    Row("put", "PUT /kept/new", body=b"new"), Row("put again", "PUT /kept/new", body=b"newer"), Row("get the current one", f"GET {KEY}"), Row("head the current one", f"HEAD {KEY}"),
    Row("get the first one", f"GET {KEY}?versionId=<version {KEY} 1>"), Row("head the first one", f"HEAD {KEY}?versionId=<version {KEY} 1>"),
    Row("get what was there before", "GET /kept/old"), Row("get the null version", "GET /kept/old?versionId=null"), Row("get a null version that is not there", f"GET {KEY}?versionId=null"),
    Row("get an unknown version", f"GET {KEY}?versionId=<version /kept/other>"), Row("get a version that is none", f"GET {KEY}?versionId=banana"),
    Row("get an empty version", f"GET {KEY}?versionId="), Row("head a version that is none", f"HEAD {KEY}?versionId=banana"),
    Row("delete", "DELETE /kept/new"), Row("get a deleted one", "GET /kept/new"), Row("head a deleted one", "HEAD /kept/new"), Row("delete it again", "DELETE /kept/new"),
    Row("get a marker", "GET /kept/new?versionId=<version /kept/new 3>"), Row("head a marker", "HEAD /kept/new?versionId=<version /kept/new 3>"),
    Row("tags of a marker", "GET /kept/new?tagging&versionId=<version /kept/new 3>"), Row("acl of a marker", "GET /kept/new?acl&versionId=<version /kept/new 3>"),
    Row("copy a marker", "PUT /kept/copy", {"x-amz-copy-source": "kept/new?versionId=<version /kept/new 3>"}),
    Row("copy a deleted one", "PUT /kept/copy", {"x-amz-copy-source": "kept/new"}),
    Row("delete a marker", "DELETE /kept/new?versionId=<version /kept/new 4>"), Row("delete the other marker", "DELETE /kept/new?versionId=<version /kept/new 3>"),
    Row("it is back", "GET /kept/new"), Row("delete a version", "DELETE /kept/new?versionId=<version /kept/new 2>"), Row("the one before", "GET /kept/new"),
    Row("delete the version again", "DELETE /kept/new?versionId=<version /kept/new 2>"), Row("get the deleted version", "GET /kept/new?versionId=<version /kept/new 2>"),
    Row("delete a version that is none", "DELETE /kept/new?versionId=banana"), Row("delete what is not there", "DELETE /kept/never"),
    Row("copy a version", "PUT /kept/copy", {"x-amz-copy-source": f"kept/key?versionId=<version {KEY} 1>"}), Row("read the copy", "GET /kept/copy"),
    Row("copy a version onto its key", f"PUT {KEY}", {"x-amz-copy-source": f"kept/key?versionId=<version {KEY} 1>"}), Row("it is the current one", f"GET {KEY}"),
    Row("set tags of a version", f"PUT {KEY}?tagging&versionId=<version {KEY} 1>", body=tags(("a", "1"))), Row("tags of the version", f"GET {KEY}?tagging&versionId=<version {KEY} 1>"),
    Row("tags of the current one", f"GET {KEY}?tagging"), Row("delete tags of a version", f"DELETE {KEY}?tagging&versionId=<version {KEY} 1>"),
    Row("acl of a version", f"GET {KEY}?acl&versionId=<version {KEY} 1>"), Row("tags of an unknown version", f"GET {KEY}?tagging&versionId=<version /kept/other>"),
    *(listing(query) for query in ("", "prefix=k", "delimiter=/", "prefix=dir/", "max-keys=3", "max-keys=0", "max-keys=-1", "max-keys=abc", "key-marker=gone", "key-marker=zz",
                                   "key-marker=dir/&delimiter=/", "key-marker=key&version-id-marker=banana", "version-id-marker=banana", "encoding-type=url", "encoding-type=x", "prefix=x")),
    listing(f"key-marker=key&version-id-marker=<version {KEY} 2>"), Row("list versions: first page", "GET /kept?versions&max-keys=2&prefix=key"),
    Row("list versions: next page", "GET /kept?versions&max-keys=2&prefix=key&key-marker=<next NextKeyMarker>&version-id-marker=<next NextVersionIdMarker>"),
    Row("list versions of none", "GET /nowhere?versions"), Row("list versions of what keeps none", "GET /flat?versions", before=(bucket("flat"), put("/flat/key"))),
    Row("list objects", "GET /kept"),
    Row("delete many", "POST /kept?delete", {"Content-MD5": md5(deletions("other", "never2"))}, deletions("other", "never2")),
    Row("delete a bucket that keeps versions", "DELETE /kept"),
    Row("suspended", "PUT /kept?versioning", body=b"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"),
    Row("suspended: put", "PUT /kept/s", body=b"null"), Row("suspended: put again", "PUT /kept/s", body=b"null again"), Row("suspended: get", "GET /kept/s"),
    Row("suspended: get the null version", "GET /kept/s?versionId=null"), Row("suspended: put over a version", f"PUT {KEY}", body=b"null"),
    Row("suspended: the version is there", f"GET {KEY}?versionId=<version {KEY} 2>"), Row("suspended: list", "GET /kept?versions&prefix=key"),
    Row("suspended: delete", "DELETE /kept/s"), Row("suspended: get the marker", "GET /kept/s?versionId=null"), Row("suspended: list the marker", "GET /kept?versions&prefix=s"),
    Row("suspended: delete the marker", "DELETE /kept/s?versionId=null"), Row("suspended: nothing is left", "GET /kept?versions&prefix=s"),
    Row("suspended: delete a null version", "DELETE /kept/old?versionId=null"), Row("suspended: delete it again", "DELETE /kept/old?versionId=null"),
]
