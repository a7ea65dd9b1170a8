"""Keys: what they may be, and that each is a thing of its own."""
from table import Row, bucket, put, quoted

BEFORE = (bucket("names"), put("/names/a", b"a"), put("/names/a/b", b"a/b"), put("/names/a//b", b"a//b"), put("/names/a/", b"a/"))

KEYS = {"a slash at the end": "dir/", "two slashes": "x//y", "a slash at the beginning": "/x", "only a slash": "/", "dot": "./x", "dot inside": "x/./y",
        "dots": "../x", "dots inside": "x/../y", "only dots": "..", "unicode": "ünï/☃/🦆", "a plus": "a+b", "a space": "a b", "a percent": "a%b",
        "an encoded percent": "a%25b", "a question mark": "a?b", "an ampersand": "a&b=c", "a hash": "a#b", "a colon": "a:b", "quotes": "a\"b'c",
        "angle brackets": "a<b>c", "a backslash": "a\\b", "a pipe": "a|b", "braces": "a{b}^`~", "a control character": "a\x01b", "a tab": "a\tb",
        "a line feed": "a\nb", "a carriage return": "a\rb", "delete": "a\x7fb", "a star": "a*b", "a comma": "a,b;c=d@e", "1024 bytes": "x" * 1024,
        "1024 bytes of umlauts": "ü" * 512, "U+FFFF": "a\uffffb", "decomposed": "u\u0308", "soap": "soap"}

ROWS = [
    *(Row(f"get {path}", f"GET /names/{path}") for path in ("a", "a/", "a/b", "a//b", "A", "a///b", "a/./b", "./a", "a%2Fb", "%61")),
    *(row for what, key in KEYS.items() for row in (
        Row(f"put {what}", f"PUT /names/{quoted(key, '/')}", body=what.encode()), Row(f"get {what}", f"GET /names/{quoted(key, '/')}"))),
    Row("put 1025 bytes", f"PUT /names/{'x' * 1025}"), Row("get 1025 bytes", f"GET /names/{'x' * 1025}"),
    Row("delete 1025 bytes", f"DELETE /names/{'x' * 1025}"),
    Row("put a zero byte", "PUT /names/a%00b"), Row("put bad utf-8", "PUT /names/%FF%FE"), Row("put a bad escape", "PUT /names/%zz"),
    Row("put half an escape", "PUT /names/a%2"), Row("put a plus, not encoded", "PUT /names/p+q", body=b"p"), Row("get a plus, encoded", "GET /names/p%2Bq"),
    Row("list all names", "GET /names"), Row("list all names, encoded", "GET /names?encoding-type=url"),
    Row("list all names, by slash", "GET /names?encoding-type=url&delimiter=/"),
]
