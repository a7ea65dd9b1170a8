"""Signatures, clocks, and requests that are none."""
from table import ANONYMOUS, URL, Row, bucket, put

BEFORE = (bucket("protocol"), put("/protocol/key", b"key"))


def get(name, headers=None, path="/protocol/key", **more):
    return Row(name, f"GET {path}", headers or {}, **more)


def altered(name, **changes):
    """A signed request, some of whose headers are changed before it goes out; None: left away."""
    changed = {header.replace("_", "-"): value for header, value in changes.items()}

    def alter(method, target, headers, body):
        headers = {key: value for key, value in headers.items() if key.lower() not in changed}
        return method, target, {**headers, **{key: value for key, value in changed.items() if value is not None}}, body
    return get(name, how={"alter": alter})


ROWS = [
    get("unknown access key", who="unknown"), get("wrong secret", who="wrong"), get("clock behind", how={"at": -1200}), get("clock ahead", how={"at": 1200}),
    get("clock a little behind", how={"at": -600}), get("clock a little ahead", how={"at": 600}), get("URL", sign=URL), get("URL of a wrong secret", sign=URL, who="wrong"),
    get("URL of an unknown access key", sign=URL, who="unknown"), get("expired URL", sign=URL, how={"at": 1500000000}), get("URL for 0 seconds", sign=URL, how={"expires": 0}),
    get("URL for more than a week", sign=URL, how={"expires": 604801}), get("URL for a time that is none", sign=URL, how={"expires": "x"}),
    get("URL with a negative time", sign=URL, how={"expires": -5}),
    get("parts of a URL", path="/protocol/key?X-Amz-Algorithm=AWS4-HMAC-SHA256", sign=ANONYMOUS), get("URL of version 2", path="/protocol/key?AWSAccessKeyId=x&Signature=y&Expires=9999999999", sign=ANONYMOUS),
    altered("no date", x_amz_date=None), altered("date that is none", x_amz_date="yesterday"), altered("another date", x_amz_date="20200101T000000Z"),
    altered("no payload hash", x_amz_content_sha256=None), altered("another payload hash", x_amz_content_sha256="UNSIGNED-PAYLOAD"),
    altered("empty authorization", authorization=""), altered("unknown scheme", authorization="Basic abc"), altered("only the scheme", authorization="AWS4-HMAC-SHA256"),
    altered("no signature", authorization="AWS4-HMAC-SHA256 Credential=a/20200101/us-east-1/s3/aws4_request, SignedHeaders=host"),
    altered("bad credential", authorization="AWS4-HMAC-SHA256 Credential=a, SignedHeaders=host, Signature=x"), altered("version 2", authorization="AWS a:b"),
    altered("a header that is not signed", x_amz_meta_a="b"), altered("another range", range="bytes=0-1"), altered("another host", host="elsewhere"),
    get("session token", {"x-amz-security-token": "token"}), get("signed range", {"Range": "bytes=0-1"}), get("spaces in a signed header", {"x-amz-meta-a": "a   b"}),
    Row("no length", "PUT /protocol/key", {"Content-Length": ""}), Row("length that is none", "PUT /protocol/key", {"Content-Length": "x"}),
    Row("a length and chunks", "PUT /protocol/key", {"Transfer-Encoding": "chunked", "Content-Length": None}),
    get("unknown query", path="/protocol/key?banana=1"), get("unknown x-amz header", {"x-amz-banana": "1"}), get("two slashes at the beginning", path="//protocol/key"),
    Row("delete, unknown selector", "DELETE /protocol/key?banana"), Row("put, unknown subresource", "PUT /protocol?banana", body=b"<x/>"),
    Row("patch an object", "PATCH /protocol/key"), Row("unknown verb", "BANANA /protocol/key"), get("expected bucket owner is another", {"x-amz-expected-bucket-owner": "123456789012"}, before=(put("/protocol/key", b"key"),)),
    Row("expected bucket owner is another, put", "PUT /protocol/other", {"x-amz-expected-bucket-owner": "123456789012"}, b"x"), get("nothing was put", path="/protocol/other"),
    Row("expected source's owner is another", "PUT /protocol/copy", {"x-amz-copy-source": "protocol/key", "x-amz-source-expected-bucket-owner": "123456789012"}),
    get("customer's key", {"x-amz-server-side-encryption-customer-algorithm": "AES256"}), Row("encrypted by the service", "PUT /protocol/enc", {"x-amz-server-side-encryption": "AES256"}, b"x"),
    Row("unknown encryption", "PUT /protocol/enc", {"x-amz-server-side-encryption": "ROT13"}, b"x"), Row("object lock", "PUT /protocol/lock", {"x-amz-object-lock-mode": "GOVERNANCE"}, b"x"),
]
