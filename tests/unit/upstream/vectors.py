#!/usr/bin/env python3
"""Signatures that the client of upstreams must make, computed from the services' documentation with Python's own hmac.

Usage: vectors.py > vectors.h. The output is checked in; it changes only when this script does. Shares no code with the client.
"""
import base64
import hashlib
import hmac
from urllib.parse import quote

NOW, DATE, STAMP = 1781524800, "Mon, 15 Jun 2026 12:00:00 GMT", "20260615T120000Z"
ACCOUNT, KEY = "skerrytest", bytes(range(64))
ACCESS, SECRET, REGION, HOST = "AKIDSKERRY", "not/a+real/secret", "eu-north-1", "127.0.0.1:9000"


def shared_key(method, path, query, own, length="", md5="", kind="", match="", none_match="", byte_range=""):
    """`own`: lines of x-ms- headers in the order in which the service sorts them."""
    lines = [method, "", "", length, md5, kind, "", "", match, none_match, "", byte_range, *own, f"/{ACCOUNT}{path}"]
    lines += [f"{name}:{value}" for name, value in sorted(query)]
    return base64.b64encode(hmac.new(KEY, "\n".join(lines).encode(), hashlib.sha256).digest()).decode()


def sigv4(method, path, query, headers, payload):
    headers = {**headers, "host": HOST, "x-amz-date": STAMP, "x-amz-content-sha256": payload}
    names = ";".join(sorted(headers))
    canonical = "\n".join([method, path, "&".join(sorted(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in query)),
                           *(f"{name}:{headers[name]}" for name in sorted(headers)), "", names, payload])
    scope = f"{STAMP[:8]}/{REGION}/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", STAMP, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4" + SECRET.encode()
    for part in (STAMP[:8], REGION, "s3", "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    signature = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    return f"AWS4-HMAC-SHA256 Credential={ACCESS}/{scope},SignedHeaders={names},Signature={signature}"


def main():
    base = [f"x-ms-date:{DATE}", "x-ms-version:2021-12-02"]
    own = {
        "GET": shared_key("GET", "/skerrytest/cont/a%20b/%C3%BC", [], base, byte_range="bytes=5-14", match='"0x1"'),
        "LIST": shared_key("GET", "/skerrytest/cont", [("restype", "container"), ("comp", "list"), ("prefix", "a/ü"), ("delimiter", "/"),
                                                       ("maxresults", "5000"), ("include", "metadata")], base),
        # x-ms-meta-a_b before x-ms-meta-a1: the service sorts words
        "PUT": shared_key("PUT", "/skerrytest/cont/k", [],
                          ["x-ms-blob-content-type:text/plain", "x-ms-blob-type:BlockBlob", base[0], "x-ms-meta-a_b:two  spaces",
                           "x-ms-meta-a1:one", base[1]], length="11", md5="XrY7u+Ae7tCTyyK7j1rNww==", none_match="*"),
        "EMPTY": shared_key("PUT", "/skerrytest/cont/k", [("comp", "metadata")], base),
    }
    hello = hashlib.sha256(b"hello world").hexdigest()
    empty = hashlib.sha256(b"").hexdigest()
    aws = {
        "GET": sigv4("GET", "/bucket/a%20b/%C3%BC%2B", [], {"range": "bytes=5-14", "if-match": '"0x1"'}, empty),
        "LIST": sigv4("GET", "/bucket", [("list-type", "2"), ("encoding-type", "url"), ("max-keys", "1000"), ("prefix", "a+b/ü"),
                                         ("delimiter", "/")], {}, empty),
        "PUT": sigv4("PUT", "/bucket/k", [], {"content-type": "text/plain", "x-amz-meta-a": "two spaces", "if-none-match": "*",
                                              "content-md5": "XrY7u+Ae7tCTyyK7j1rNww=="}, hello),
        "BEGIN": sigv4("POST", "/bucket/k", [("uploads", "")], {}, "UNSIGNED-PAYLOAD"),
    }
    print("/* Written by vectors.py. Do not edit. */")
    print(f"#define VECTOR_NOW_S INT64_C({NOW})")
    for name, value in own.items():
        print(f'#define SHARED_KEY_{name} "SharedKey {ACCOUNT}:{value}"')
    for name, value in aws.items():
        print(f"#define SIGV4_{name} \\\n" + " \\\n".join(f'    "{value[i:i + 100]}"' for i in range(0, len(value), 100)))


main()
