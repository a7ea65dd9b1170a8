"""Names of blobs that need care, in every place where a name stands."""
from table import BLOCK_BLOB, Row, blob, container

BEFORE = [container("/names"), container("/names-odd")]
NAMES = {
    "unicode": "%C3%A4%C3%B6%C3%BC-%E6%97%A5%E6%9C%AC-%F0%9F%98%80", "combining accent": "e%CC%81", "percent": "100%25", "encoded percent": "%2525",
    "plus": "a+b", "encoded plus": "a%2Bb", "space": "a%20b", "hash": "a%23b", "question mark": "a%3Fb", "ampersand": "a&b", "equals": "a=b",
    "quote": "a%22b", "apostrophe": "a'b", "less than": "a%3Cb", "colon": "a:b", "semicolon": "a;b", "comma": "a,b", "tilde": "~a", "star": "a*b",
    "brackets": "%5Ba%5D", "pipe": "a%7Cb", "deep": "/".join("abcdefgh"), "encoded slash": "a%2Fb", "double slash": "a//b",
    "slash first": "/a", "slash last": "a/", "dot last": "a.", "dots": "a..b", "dollar": "$a", "at": "a@b", "small hex": "a%c3%bc",
    "254 characters": "x" * 254, "1024 characters": "/".join(["x" * 127] * 8),
}
ODD = {"1025 characters": "/".join(["x" * 127] * 8) + "xx", "backslash": "a%5Cb",
       "tab": "a%09b", "control character": "a%01b", "bad percent": "a%zzb", "bad UTF-8": "a%FFb", "zero byte": "a%00b"}
ROWS = [
    *(Row(f"{verb.lower()}, {name}", f"{verb} /names/{text}", BLOCK_BLOB if verb == "PUT" else {}, name.encode() if verb == "PUT" else b"")
      for name, text in NAMES.items() for verb in ("PUT", "GET")),
    *(Row(f"{verb.lower()}, {name}", f"{verb} /names-odd/{text}", BLOCK_BLOB if verb == "PUT" else {}, name.encode() if verb == "PUT" else b"")
      for name, text in ODD.items() for verb in ("PUT", "GET")),
    Row("list a backslash", "GET /names-backslash?restype=container&comp=list",
        before=(container("/names-backslash"), blob("/names-backslash/a%5Cb"))),
    Row("list a control character", "GET /names-tab?restype=container&comp=list",
        before=(container("/names-tab"), blob("/names-tab/a%01b"))),
    Row("list them", "GET /names?restype=container&comp=list"),
    Row("list them by hierarchy", "GET /names?restype=container&comp=list&delimiter=/"),
    Row("list by a prefix with a plus", "GET /names?restype=container&comp=list&prefix=a%2B"),
    Row("list by a prefix with a space", "GET /names?restype=container&comp=list&prefix=a%20b"),
    Row("list by a prefix of unicode", "GET /names?restype=container&comp=list&prefix=%C3%A4"),
    Row("list by a prefix with a percent", "GET /names?restype=container&comp=list&prefix=100%25"),
    Row("list by a prefix with an ampersand", "GET /names?restype=container&comp=list&prefix=a%26"),
    *(Row(f"copy, {name}", "PUT /names/copy-target", {"x-ms-copy-source": f"<url /names/{NAMES[name]}>"})
      for name in ("unicode", "percent", "plus", "space", "hash", "question mark", "double slash", "encoded slash")),
    *(Row(f"delete, {name}", f"DELETE /names/{NAMES[name]}") for name in ("unicode", "percent", "plus", "space", "deep", "double slash", "slash last")),
    Row("two slashes before the container", "GET //names/a"),
]
