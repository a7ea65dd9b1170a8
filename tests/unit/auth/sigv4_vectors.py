#!/usr/bin/env python3
"""S3 requests signed with Signature Version 4, computed from Amazon's documentation with Python's own hmac, and aws-chunked bodies.

Usage: sigv4_vectors.py > sigv4_vectors.h. The output is checked in; it changes only when this script does. Shares no code with the server.
"""
import hashlib, hmac, json
from urllib.parse import quote, unquote

ACCESS, SECRET = "AKIDSKERRY", "not/a+real/secret"
STAMP, HTTP_DATE = "20260615T120000Z", "Mon, 15 Jun 2026 12:00:00 GMT"
EMPTY = hashlib.sha256(b"").hexdigest()
HOST = "bucket.s3.example.org:9000"
rows, bodies = [], []


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def signing_key(region, date=STAMP[:8]):
    return mac(mac(mac(mac(("AWS4" + SECRET).encode(), date), region), "s3"), "aws4_request")


def encode(text):
    return quote(text, safe="-_.~")


def canonical_query(sent):
    pairs = [part.partition("=") for part in sent.split("&") if part]
    pairs = [(encode(unquote(k.replace("+", " "))), encode(unquote(v.replace("+", " ")))) for k, _, v in pairs]
    return "&".join(k + "=" + v for k, v in sorted(pairs))


def signature(method, path, query, headers, names, payload, region, scope, raw):
    values = {}
    for k, v in headers:
        values.setdefault(k.lower(), []).append(" ".join(v.split()))
    lines = [method, path if raw else quote(unquote(path, errors="surrogateescape"), safe="-_.~/", errors="surrogateescape"),
             canonical_query(query)]
    lines += [k + ":" + ",".join(values[k]) for k in names] + ["", ";".join(names), payload]
    text = "\n".join(["AWS4-HMAC-SHA256", STAMP, scope, hashlib.sha256("\n".join(lines).encode()).hexdigest()])
    return mac(signing_key(region), text).hex()


def header(name, method, target, headers=(), payload=EMPTY, kind="SKR_PAYLOAD_SIGNED", region="us-east-1", dates=(("X-Amz-Date", STAMP),),
           unsigned=(), comma=", ", raw=False, host=HOST):
    path, _, query = target.partition("?")
    signed = [("Host", host), *dates, ("x-amz-content-sha256", payload), *headers]
    names = sorted({k.lower() for k, _ in signed} - {u.lower() for u in unsigned})
    scope = f"{STAMP[:8]}/{region}/s3/aws4_request"
    sig = signature(method, path, query, signed, names, payload, region, scope, raw)
    parts = comma.join([f"Credential={ACCESS}/{scope}", "SignedHeaders=" + ";".join(names), "Signature=" + sig])
    rows.append((name, method, target, "".join(f"{k}: {v}\n" for k, v in signed + [("Authorization", "AWS4-HMAC-SHA256 " + parts)]), kind))


def presigned(name, method, target, headers=(), payload="UNSIGNED-PAYLOAD", kind="SKR_PAYLOAD_UNSIGNED", unsigned=(), more="", expires=3600):
    path, _, query = target.partition("?")
    signed = [("Host", HOST), *headers]
    names = sorted({k.lower() for k, _ in signed} - {u.lower() for u in unsigned})
    scope = f"{STAMP[:8]}/us-east-1/s3/aws4_request"
    query += ("&" if query else "") + f"X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={encode(ACCESS + '/' + scope)}&X-Amz-Date={STAMP}"
    query += f"&X-Amz-Expires={expires}&X-Amz-SignedHeaders={encode(';'.join(names))}" + more
    sig = signature(method, path, query, signed, names, payload, "us-east-1", scope, False)
    rows.append((name, method, path + "?" + query + "&X-Amz-Signature=" + sig, "".join(f"{k}: {v}\n" for k, v in signed), kind))


def body(name, kind, chunks, trailers=(), ending="aws", announced=None):
    """A body of these chunks. The seed signature is 64 zeros, so that it depends on nothing else."""
    scope = f"{STAMP[:8]}/us-east-1/s3/aws4_request"
    key, previous, out = signing_key("us-east-1"), "0" * 64, b""
    signed = kind != "SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER"
    for chunk in [*chunks, b""]:
        out += b"%x" % len(chunk)
        if signed:
            text = ["AWS4-HMAC-SHA256-PAYLOAD", STAMP, scope, previous, EMPTY, hashlib.sha256(chunk).hexdigest()]
            previous = mac(key, "\n".join(text)).hex()
            out += b";chunk-signature=" + previous.encode()
        out += b"\r\n" + chunk + (b"\r\n" if chunk else b"")
    lines = [f"{k}:{v}" for k, v in trailers]
    plain = "".join(line + "\n" for line in sorted(lines))
    text = ["AWS4-HMAC-SHA256-TRAILER", STAMP, scope, previous, hashlib.sha256(plain.encode()).hexdigest()]
    last = "x-amz-trailer-signature:" + mac(key, "\n".join(text)).hex()
    if kind == "SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER":
        lines.append(last)
    if ending == "aws":          # every line and the end with CR LF
        out += "".join(line + "\r\n" for line in lines).encode() + b"\r\n"
    elif ending == "line feeds":  # lines with LF, an empty line before the signature, one too many at the end
        first = [line for line in lines if line != last]
        out += "".join(line + "\n" for line in first).encode() + b"\r\n"
        out += (last + "\r\n").encode() if last in lines else b""
        out += b"\r\n"
    elif ending == "short":       # no empty line at the end
        out += "".join(line + "\r\n" for line in lines).encode()
    elif ending == "spaces":
        out += "".join(line.replace(":", ": \t", 1) + " \r\n" for line in lines).encode() + b"\r\n"
    bodies.append((name, kind, out, b"".join(chunks), ", ".join(k for k, _ in trailers) if announced is None else announced,
                   trailers[0][1] if trailers else ""))


header("get", "GET", "/key")
header("get, no spaces", "GET", "/key", comma=",")
header("get, path style", "GET", "/bucket/key", host="127.0.0.1:9000")
header("service", "GET", "/")
header("flag", "POST", "/key?uploads")
header("flag with an empty value", "POST", "/key?uploads=")
header("list", "GET", "/?list-type=2&prefix=a%2F%20b%2Bc&delimiter=%2F&encoding-type=url&max-keys=5")
header("query, plus is a space", "GET", "/?prefix=a+b&marker=%c3%a4~*")
header("query, order of names", "GET", "/?a-b=1&a=2&a=1&A=3&a%2Fb=4&=5&aa")
header("path, all that is escaped", "GET", "/a%20b%2Bc%26d%3De%21%24%27%28%29%2A%2C%3B%3A%40%5B%5D~-_.%C3%A4%25")
header("path, not escaped", "GET", "/a+b&c=d!$'()*,;:@~-_.")
header("path, not escaped and signed so", "GET", "/a+b&c=d!$'()*,;:@~-_.", raw=True)
header("path, escaped too much", "GET", "/%6b%65%79%7e")
header("path, escaped too much and signed so", "GET", "/%6b%65%79%7e", raw=True)
header("path, lower case digits and signed so", "GET", "/%c3%a4", raw=True)
header("path, not UTF-8", "GET", "/%ff%FE")
header("path is not tidied", "GET", "/a//./../b/")
header("path, escaped slash", "GET", "/a%2Fb")
header("white space", "PUT", "/key", [("x-amz-meta-a", "two  spaces   here"), ("Content-Type", "text/plain;  charset=utf-8")])
header("repeated header", "PUT", "/key", [("x-amz-meta-a", "2"), ("X-AMZ-meta-A", "1"), ("x-amz-meta-a", "3")])
header("empty header", "PUT", "/key", [("x-amz-meta-a", "")])
header("unsigned plain header", "PUT", "/key", [("Content-Type", "text/plain"), ("User-Agent", "test/1")], unsigned=("Content-Type", "User-Agent"))
header("hash not in the list", "GET", "/key", unsigned=("x-amz-content-sha256",))
header("date, HTTP", "GET", "/key", dates=(("Date", HTTP_DATE),))
header("date, ISO", "GET", "/key", dates=(("Date", STAMP),))
header("date, both", "GET", "/key", dates=(("Date", "Sun, 14 Jun 2026 12:00:00 GMT"), ("x-amz-date", STAMP)))
header("region US", "GET", "/key", region="US")
header("region of no name", "GET", "/key", region="")
header("unsigned payload", "PUT", "/key", payload="UNSIGNED-PAYLOAD", kind="SKR_PAYLOAD_UNSIGNED")
for value, kind in (("AWS4-HMAC-SHA256-PAYLOAD", "SIGNED"), ("AWS4-HMAC-SHA256-PAYLOAD-TRAILER", "SIGNED_TRAILER"),
                    ("UNSIGNED-PAYLOAD-TRAILER", "UNSIGNED_TRAILER")):
    header("streaming " + kind, "PUT", "/key", [("x-amz-decoded-content-length", "5"), ("x-amz-trailer", "x-amz-checksum-crc32"),
           ("Content-Encoding", "aws-chunked")], payload="STREAMING-" + value, kind="SKR_PAYLOAD_CHUNKS_" + kind)
presigned("presigned get", "GET", "/key")
presigned("presigned get with more", "GET", "/key?response-content-type=text%2Fplain&versionId=null&x-id=GetObject")
presigned("presigned put", "PUT", "/key", [("Content-Type", "text/plain"), ("x-amz-acl", "private")])
presigned("presigned put, hash in the query", "PUT", "/key", more="&X-Amz-Content-Sha256=UNSIGNED-PAYLOAD")
presigned("presigned put, hash of the body in the query", "PUT", "/key", more="&X-Amz-Content-SHA256=" + EMPTY, payload=EMPTY, kind="SKR_PAYLOAD_SIGNED")
presigned("presigned put, hash signed", "PUT", "/key", [("x-amz-content-sha256", EMPTY)], payload=EMPTY, kind="SKR_PAYLOAD_SIGNED")
presigned("presigned put, hash not signed", "PUT", "/key", [("x-amz-content-sha256", EMPTY)], unsigned=("x-amz-content-sha256",), kind="SKR_PAYLOAD_SIGNED")
presigned("presigned put, streaming", "PUT", "/key", [("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
          ("x-amz-decoded-content-length", "5")], payload="STREAMING-UNSIGNED-PAYLOAD-TRAILER", kind="SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER")
presigned("presigned for a week", "GET", "/key", expires=604800)

CRC = [("x-amz-checksum-crc32", "NSRBwg==")]
TWO = [("x-amz-checksum-sha256", "AAAA"), ("x-amz-checksum-crc32", "BBBB==")]
for ending in ("aws", "line feeds", "short", "spaces"):
    body("signed, trailer, " + ending, "SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER", [b"abc\r\n0", b"defgh"], CRC, ending)
    body("unsigned, trailer, " + ending, "SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER", [b"abc\r\n0", b"defgh"], CRC, ending)
body("signed", "SKR_PAYLOAD_CHUNKS_SIGNED", [b"abc\r\n0", b"defghijklmnopqrstuvwxyz", b"!"])
body("signed, short", "SKR_PAYLOAD_CHUNKS_SIGNED", [b"abc", b"d"], ending="short")
body("signed, empty", "SKR_PAYLOAD_CHUNKS_SIGNED", [])
body("signed, two trailers", "SKR_PAYLOAD_CHUNKS_SIGNED_TRAILER", [b"abc"], TWO, announced="x-amz-checksum-sha256,X-Amz-Checksum-CRC32")
body("unsigned, one chunk", "SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER", [b"0123456789abcdef0"], CRC)
body("unsigned, no trailer", "SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER", [b"0123456789"])
body("unsigned, empty", "SKR_PAYLOAD_CHUNKS_UNSIGNED_TRAILER", [], CRC)


def text(data):
    """A C literal, octal where JSON would not be C."""
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\?' else "\\%03o" % b for b in data) + '"'


print("/* Made by sigv4_vectors.py: do not edit. */\n#include \"s3_harness.h\"\n")
print(f"#define SIGV4_ACCESS {json.dumps(ACCESS)}\n#define SIGV4_SECRET {json.dumps(SECRET)}\n#define SIGV4_STAMP {json.dumps(STAMP)}")
print("static const unsigned char sigv4_signing_key[] = {" + ", ".join(map(str, signing_key("us-east-1"))) + "};\n")
print("static const struct sigv4_vector sigv4_vectors[] = {")
for name, method, target, headers, kind in rows:
    print(f"    {{{json.dumps(name)}, {json.dumps(method)},\n     {json.dumps(target)},\n     {json.dumps(headers)}, {kind}}},")
print("};\n\nstatic const struct body_vector body_vectors[] = {")
for name, kind, wire, data, announced, value in bodies:
    print(f"    {{{json.dumps(name)}, {kind}, {text(wire)}, {len(wire)},\n     {text(data)}, {len(data)}, {json.dumps(announced)}, {json.dumps(value)}}},")
print("};")
