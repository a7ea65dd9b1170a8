#!/usr/bin/env python3
"""Signed requests for the unit tests of authentication, computed from the service's documentation with Python's own hmac.

Usage: vectors.py > vectors.h. The output is checked in; it changes only when this script does. Shares no code with the server.
"""
import base64, hashlib, hmac, json
from urllib.parse import quote

ACCOUNT = "skerrytest"
KEYS = [bytes(range(64)), bytes(range(200, 232))]  # primary, secondary
DATE = "Mon, 15 Jun 2026 12:00:00 GMT"
START, EXPIRY = "2026-06-15T00:00:00Z", "2026-06-16T00:00:00Z"
rows = []


def sign(text, key=0):
    return base64.b64encode(hmac.new(KEYS[key], text.encode(), hashlib.sha256).digest()).decode()


def row(name, method, target, headers, container, blob, secondary=False, tls=False, host=False, scheme="SKR_AUTH_SHARED_KEY"):
    rows.append((name, method, target, "".join(f"{k}: {v}\n" for k, v in headers), container, blob, secondary, tls, host, scheme))


def shared(name, method, path, query, headers, container="", blob="", lite=False, key=0, secondary=False, host=False,
           words=None, collapse=False, version="2021-12-02", date=("x-ms-date", DATE)):
    """query: list of (name, value or None), decoded. words: the order of x-ms- names where it is not that of bytes."""
    headers = [date] + ([("x-ms-version", version)] if version else []) + headers
    plain = {k.lower(): v for k, v in reversed(headers)}
    length = plain.get("content-length", "")
    if length == "0" and not (version and version < "2015-02-21"):
        length = ""
    when = "" if "x-ms-date" in plain else plain.get("date", "")
    g = lambda k: plain.get(k, "")
    lines = [method]
    if not lite:
        lines += [g("content-encoding"), g("content-language"), length]
    lines += [g("content-md5"), g("content-type"), when]
    if not lite:
        lines += [g("if-modified-since"), g("if-match"), g("if-none-match"), g("if-unmodified-since"), g("range")]
    joined = {}
    for k, v in headers:
        if k.lower().startswith("x-ms-"):
            v = v.strip()
            joined.setdefault(k.lower(), []).append(" ".join(v.split()) if collapse else v)
    for k in (words or sorted(joined)):
        lines.append(k + ":" + ",".join(joined[k]))
    assert words is None or sorted(words) == sorted(joined)
    resource = "/" + ACCOUNT + path
    if lite:
        comp = [v for k, v in query if k == "comp"]
        resource += "?comp=" + comp[0] if comp else ""
    else:
        values = {}
        for k, v in query:
            values.setdefault(k.lower(), []).append(v or "")
        for k in sorted(values):
            resource += "\n" + k + ":" + ",".join(sorted(values[k]))
    text = "\n".join(lines + [resource])
    scheme = "SharedKeyLite" if lite else "SharedKey"
    headers = headers + [("Authorization", f"{scheme} {ACCOUNT}:{sign(text, key)}")]
    sent = "&".join(quote(k, safe="") + ("" if v is None else "=" + quote(v, safe="")) for k, v in query)
    row(name, method, path + ("?" + sent if sent else ""), headers, container, blob, secondary, False, host)


def sas(name, path, signed, fields, container, blob, scheme, key=0, tls=False, secondary=False, extra=(), method="GET"):
    sent = list(extra) + [(k, v) for k, v in fields] + [("sig", sign(signed, key))]
    query = "&".join(k + "=" + quote(v, safe="") for k, v in sent)
    row(name, method, path + "?" + query, [], container, blob, secondary, tls, False, scheme)


def account_sas(name, path, container, blob, sv, sp="rwdlac", ss="b", srt="sco", st=START, se=EXPIRY, sip="", spr="", ses="", **more):
    signed = "\n".join([ACCOUNT, sp, ss, srt, st, se, sip, spr, sv] + ([ses] if sv >= "2020-12-06" else [])) + "\n"
    fields = [(k, v) for k, v in (("sv", sv), ("ss", ss), ("srt", srt), ("sp", sp), ("st", st), ("se", se), ("sip", sip),
                                  ("spr", spr), ("ses", ses)) if v]
    sas(name, path, signed, fields, container, blob, "SKR_AUTH_ACCOUNT_SAS", **more)


def service_sas(name, path, container, blob, sv, sr, sp="rl", st=START, se=EXPIRY, si="", sip="", spr="", ses="", rs=("",) * 5, **more):
    resource = ("/blob/" if sv >= "2015-02-21" else "/") + ACCOUNT + "/" + container + ("/" + blob if sr == "b" else "")
    lines = [sp, st, se, resource, si]
    if sv >= "2015-04-05":
        lines += [sip, spr]
    lines += [sv]
    if sv >= "2018-11-09":
        lines += [sr, ""]
    if sv >= "2020-12-06":
        lines += [ses]
    if sv >= "2013-08-15":
        lines += list(rs)
    pairs = [("sv", sv), ("sr", sr), ("sp", sp), ("st", st), ("se", se), ("si", si), ("sip", sip), ("spr", spr), ("ses", ses)]
    pairs += zip(("rscc", "rscd", "rsce", "rscl", "rsct"), rs)
    sas(name, path, "\n".join(lines), [(k, v) for k, v in pairs if v], container, blob, "SKR_AUTH_SERVICE_SAS", **more)


P = "/" + ACCOUNT
shared("list containers", "GET", P, [("comp", "list")], [])
shared("list containers, slash", "GET", P + "/", [("comp", "list")], [])
shared("host style", "GET", "/c/b", [], [], "c", "b", host=True)
shared("second key", "GET", P + "/c/b", [], [], "c", "b", key=1)
shared("secondary", "GET", P + "-secondary/c/b", [], [], "c", "b", secondary=True)
shared("container", "PUT", P + "/c", [("restype", "container")], [("Content-Length", "0")], "c")
shared("length 0 of old", "PUT", P + "/c", [("restype", "container")], [("Content-Length", "0")], "c", version="2014-02-14")
shared("no version", "PUT", P + "/c", [("restype", "container")], [("Content-Length", "0")], "c", version=None)
shared("put blob", "PUT", P + "/c/b", [], [("Content-Length", "11"), ("Content-MD5", "sQqNsWTgdUEFt6mb5y4/5Q=="),
       ("Content-Type", "text/plain; charset=UTF-8"), ("Content-Encoding", "gzip"), ("Content-Language", "de"),
       ("x-ms-blob-type", "BlockBlob"), ("X-Ms-Meta-Colour", "red"), ("If-None-Match", "*")], "c", "b")
shared("all conditions", "GET", P + "/c/b", [("timeout", "20")], [("If-Modified-Since", DATE), ("If-Match", '"0x1"'),
       ("If-None-Match", '"0x2"'), ("If-Unmodified-Since", DATE), ("Range", "bytes=0-9"), ("x-ms-range", "bytes=0-9")], "c", "b")
shared("date alone", "GET", P + "/c/b", [], [], "c", "b", date=("Date", DATE))
shared("both dates", "GET", P + "/c/b", [], [("Date", "Sun, 14 Jun 2026 12:00:00 GMT")], "c", "b")
shared("escaped path", "GET", P + "/c/a%2Fb%20c/%C3%A4+%25", [], [], "c", "a/b c/\xe4+%")
shared("odd path", "GET", P + "/c/..//./x", [], [], "c", "..//./x")
shared("query", "GET", P + "/c", [("restype", "container"), ("comp", "list"), ("prefix", "a/ b+c&d=e"), ("Include", "snapshots"),
       ("include", "metadata"), ("delimiter", "/"), ("empty", ""), ("bare", None), ("marker", "\xe4")], [], "c")
shared("block", "PUT", P + "/c/b", [("comp", "block"), ("blockid", "AA+/AA==")], [("Content-Length", "1")], "c", "b")
shared("repeated header", "GET", P + "/c/b", [], [("x-ms-meta-a", "2"), ("X-MS-meta-A", "1"), ("x-ms-meta-a", "3")], "c", "b")
base = ["x-ms-date", "x-ms-version"]
names = [("x-ms-meta-i0", "1"), ("x-ms-meta-i_", "2"), ("x-ms-meta-test-a", "3"), ("x-ms-meta-test_z", "4"), ("x-ms-meta-testa", "5")]
shared("order of bytes", "PUT", P + "/c/b", [], names, "c", "b")
shared("order of words", "PUT", P + "/c/b", [], names, "c", "b", words=["x-ms-date", "x-ms-meta-i_", "x-ms-meta-i0",
       "x-ms-meta-test_z", "x-ms-meta-testa", "x-ms-meta-test-a", "x-ms-version"])
dashes = ["test", "test-", "test--", "test_-", "test-_", "test__", "test_a", "test_a-", "test-_a", "test_a_", "test_a-_", "test_z", "test-a"]
shared("order of words, dashes", "PUT", P + "/c/b", [], [("x-ms-meta-" + d, "v") for d in dashes], "c", "b",
       words=["x-ms-date"] + ["x-ms-meta-" + d for d in dashes] + ["x-ms-version"])
spaces = [("x-ms-meta-a", "two  spaces\tand a tab"), ("x-ms-meta-b", "one space")]
shared("white space as sent", "PUT", P + "/c/b", [], spaces, "c", "b")
shared("white space as one", "PUT", P + "/c/b", [], spaces, "c", "b", collapse=True)
shared("white space as one, words", "PUT", P + "/c/b", [], spaces + names[:2], "c", "b", collapse=True,
       words=["x-ms-date", "x-ms-meta-a", "x-ms-meta-b", "x-ms-meta-i_", "x-ms-meta-i0", "x-ms-version"])
shared("lite", "GET", P + "/c/b", [], [], "c", "b", lite=True)
shared("lite comp", "PUT", P + "/c/b", [("comp", "metadata")], [("Content-Type", "text/plain"), ("Content-MD5", "AAAA"),
       ("x-ms-meta-a", "b")], "c", "b", lite=True)
shared("lite date", "PUT", P + "/c/b", [], [], "c", "b", lite=True, date=("Date", DATE))
shared("lite secondary", "GET", P + "-secondary/c/b", [], [], "c", "b", lite=True, secondary=True)

for sv in ("2015-04-05", "2018-11-09", "2020-10-02", "2020-12-06", "2026-02-06"):
    account_sas(f"account {sv}", P + "/c/b", "c", "b", sv)
    account_sas(f"account {sv}, all", P + "/c", "c", "", sv, sp="rwdxylacuptfi", ss="btqf", srt="sco", sip="10.0.0.1-10.0.0.9",
                spr="https", ses="scope" if sv >= "2020-12-06" else "", tls=True, extra=[("restype", "container"), ("comp", "list")])
account_sas("account, second key", P, "", "", "2021-12-02", key=1, extra=[("comp", "list")])
account_sas("account, secondary", P + "-secondary/c/b", "c", "b", "2021-12-02", secondary=True)
account_sas("account, no start", P + "/c/b", "c", "b", "2021-12-02", st="", se="2026-06-16")
for sv in ("2012-02-12", "2013-08-15", "2014-02-14", "2015-02-21", "2015-04-05", "2018-03-28", "2018-11-09", "2020-10-02", "2020-12-06", "2026-02-06"):
    rs = ("no-cache", 'attachment; filename="a b.txt"', "gzip", "de", "text/plain; charset=UTF-8") if sv >= "2013-08-15" else ("",) * 5
    more = {"sip": "10.0.0.5", "spr": "https,http"} if sv >= "2015-04-05" else {}
    more |= {"ses": "scope"} if sv >= "2020-12-06" else {}
    for sr in "cb":
        service_sas(f"service {sv} {sr}", P + "/c/b", "c", "b", sv, sr)
        service_sas(f"service {sv} {sr}, all", P + "/c/d/e", "c", "d/e", sv, sr, rs=rs, **more)
service_sas("service, names", P + "/%24root/a%2Fb%20c/%C3%A4+%25", "$root", "a/b c/\xe4+%", "2021-12-02", "b")
service_sas("service, list", P + "/c", "c", "", "2021-12-02", "c", extra=[("restype", "container"), ("comp", "list")])
service_sas("service, policy", P + "/c/b", "c", "b", "2021-12-02", "c", sp="", st="", se="", si="all")
service_sas("service, policy of times", P + "/c/b", "c", "b", "2021-12-02", "b", st="", se="", si="times")
service_sas("service, second key", P + "/c/b", "c", "b", "2021-12-02", "b", key=1)
service_sas("service, secondary", P + "-secondary/c/b", "c", "b", "2021-12-02", "b", secondary=True)


def c(text):  # a C string; bytes above ASCII in octal
    return '"' + "".join(f"\\{b:03o}" if b < 32 or b > 126 else "\\" + chr(b) if b in (34, 92) else chr(b) for b in text.encode()) + '"'


print("/* Written by vectors.py. Do not edit. */")
print(f'#define VECTOR_ACCOUNT "{ACCOUNT}"')
for i, k in enumerate(KEYS):
    print(f'#define VECTOR_KEY_{i} "{base64.b64encode(k).decode()}"')
print("static const struct vector vectors[] = {")
for name, method, target, headers, container, blob, secondary, tls, host, scheme in rows:
    flags = ", ".join(json.dumps(x) for x in (secondary, tls, host))
    print(f"    {{{c(name)}, {c(method)}, {c(target)},\n     {c(headers)},\n     {c(container)}, {c(blob)}, {flags}, {scheme}}},")
print("};")
