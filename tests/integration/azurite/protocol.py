"""Versions, request ids, verbs, and requests that are none."""
from blobclient import account_sas
from table import ANONYMOUS, BLOCK_BLOB, Row, blob, container

BEFORE = [container("/protocol"), blob("/protocol/blob")]
GET = "GET /protocol/blob"
CHUNKED = b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"

ROWS = [
    *(Row(f"version {version or 'empty'}", GET, {"x-ms-version": version}) for version in (
        "2009-09-19", "2011-08-18", "2015-02-21", "2017-04-17", "2019-12-12", "2020-10-02", "2021-12-02", "2022-11-02", "2023-11-03", "2024-11-04",
        "2099-01-01", "2021-13-45", "2021-12-03", "banana", "", "2021-12-2", "1999-01-01")),
    Row("no version", GET, {"x-ms-version": None}),
    Row("bad version, HEAD", "HEAD /protocol/blob", {"x-ms-version": "banana"}),
    Row("bad version, PUT", "PUT /protocol/new", {"x-ms-version": "banana", **BLOCK_BLOB}, b"x"),
    Row("request id", GET, {"x-ms-client-request-id": "my-id-1"}),
    Row("request id on an error", "GET /protocol/none", {"x-ms-client-request-id": "my-id-2"}),
    Row("request id on a put", "PUT /protocol/new", {"x-ms-client-request-id": "my-id-3", **BLOCK_BLOB}, b"x"),
    Row("request id, HEAD of a missing blob", "HEAD /protocol/none", {"x-ms-client-request-id": "my-id-4"}),
    Row("request id of 1024", GET, {"x-ms-client-request-id": "i" * 1024}),
    Row("request id of 1025", GET, {"x-ms-client-request-id": "i" * 1025}),
    Row("request id with spaces", GET, {"x-ms-client-request-id": "a b c"}),
    Row("x-ms-return-client-request-id", GET, {"x-ms-client-request-id": "my-id", "x-ms-return-client-request-id": "true"}),
    *(Row(f"{verb} of {what}", f"{verb} {target}") for verb in ("PATCH", "TRACE", "BANANA", "MERGE") for what, target in (
        ("a blob", "/protocol/blob"), ("a container", "/protocol?restype=container"))),
    Row("POST of a blob with unknown comp", "POST /protocol/blob?comp=banana"),
    Row("POST of the account", "POST /"),
    Row("POST of a container", "POST /protocol"),
    Row("OPTIONS without rules", "OPTIONS /protocol/blob", {"Origin": "http://a.example", "Access-Control-Request-Method": "GET"}, sign=ANONYMOUS),
    Row("an origin without rules", GET, {"Origin": "http://a.example"}),
    Row("unknown header", GET, {"x-ms-banana": "1"}),
    Row("unknown parameter", "GET /protocol/blob?banana=1"),
    Row("parameter twice", "GET /protocol/blob?timeout=1&timeout=2"),
    Row("timeout of zero", "GET /protocol/blob?timeout=0"),
    Row("Expect: 100-continue", "PUT /protocol/new", {"Expect": "100-continue", **BLOCK_BLOB}, b"hello"),
    *(Row(f"{what} without a length", f"PUT {target}", {**BLOCK_BLOB, "Content-Length": None}, sign=account_sas()) for what, target in (
        ("a blob", "/protocol/lengthless"), ("a block", "/protocol/lengthless?comp=block&blockid=YWFhYQ%3D%3D"),
        ("a block list", "/protocol/lengthless?comp=blocklist"), ("metadata", "/protocol/blob?comp=metadata"))),
    *(Row(f"{what} in chunks", f"PUT {target}", {**BLOCK_BLOB, "Content-Length": None, "Transfer-Encoding": "chunked"}, CHUNKED, account_sas())
      for what, target in (("a blob", "/protocol/chunked"), ("a block", "/protocol/chunked?comp=block&blockid=YWFhYQ%3D%3D"))),
    Row("get what came in chunks", "GET /protocol/chunked"),
    Row("Accept", GET, {"Accept": "application/json"}),
    Row("Accept-Encoding", GET, {"Accept-Encoding": "gzip"}),
    Row("query with a body", "POST /protocol/blob?comp=query", {}, b"<QueryRequest />"),
    Row("batch without parts", "POST /?comp=batch", {"Content-Type": "multipart/mixed; boundary=b"}, b""),
    Row("snapshot", "PUT /protocol/blob?comp=snapshot"),
    Row("lease", "PUT /protocol/new?comp=lease", {"x-ms-lease-action": "acquire", "x-ms-lease-duration": "15"}),
    Row("put an append blob", "PUT /protocol/append", {"x-ms-blob-type": "AppendBlob"}),
    Row("put a page blob", "PUT /protocol/page", {"x-ms-blob-type": "PageBlob", "x-ms-blob-content-length": "512"}),
    Row("put with a customer's key", "PUT /protocol/secret", {
        "x-ms-encryption-key": "MDEyMzQ1NjcwMTIzNDU2NzAxMjM0NTY3MDEyMzQ1Njc=", "x-ms-encryption-algorithm": "AES256",
        "x-ms-encryption-key-sha256": "3QFFFpRA5+XANHqwwbT4yXDmrT/2JaLt/FKHjzhOdoE=", **BLOCK_BLOB}, b"x"),
    Row("put with an encryption scope", "PUT /protocol/scoped", {"x-ms-encryption-scope": "one", **BLOCK_BLOB}, b"x"),
    Row("legal hold", "PUT /protocol/blob?comp=legalhold", {"x-ms-legal-hold": "true"}),
    Row("immutability policy", "PUT /protocol/blob?comp=immutabilityPolicies", {"x-ms-immutability-policy-until-date": "<future>"}),
    Row("expiry", "PUT /protocol/blob?comp=expiry", {"x-ms-expiry-option": "NeverExpire"}),
]
