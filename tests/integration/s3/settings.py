"""Settings of buckets: versioning, tags, CORS and preflights, access control lists, and what is not configured."""
from table import ANONYMOUS, Row, broken, bucket, md5, need, put, tags, versioned, versioning

BEFORE = (bucket("plain"), bucket("set"), put("/set/key"), bucket("shared"))


def cors(*rules):
    inner = "".join("<CORSRule>" + "".join(f"<{name}>{value}</{name}>" for name, value in rule) + "</CORSRule>" for rule in rules)
    return f"<CORSConfiguration>{inner}</CORSConfiguration>".encode()


ORIGIN, METHOD = "AllowedOrigin", "AllowedMethod"
RULES = cors([("ID", "one"), (ORIGIN, "http://a.example"), (METHOD, "GET"), (METHOD, "PUT"), ("AllowedHeader", "x-amz-*"), ("AllowedHeader", "range"),
              ("ExposeHeader", "ETag"), ("ExposeHeader", "x-amz-meta-a"), ("MaxAgeSeconds", "30")],
             [(ORIGIN, "*"), (METHOD, "GET")], [(ORIGIN, "http://*.b.example"), (METHOD, "DELETE"), ("AllowedHeader", "*")])
RULED = need("PUT /shared?cors", {"Content-MD5": md5(RULES)}, RULES)


def set_cors(name, *rules):
    body = cors(*rules)
    return Row(f"cors: {name}", "PUT /set?cors", {"Content-MD5": md5(body)}, body)


def preflight(name, origin=None, method=None, headers=None, path="/shared/key", **more):
    sent = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return Row(f"preflight: {name}", f"OPTIONS {path}", {key: value for key, value in sent.items() if value}, sign=ANONYMOUS, **more)


def acl(grants, owner=True, root="AccessControlPolicy"):
    return (f"<{root}>" + ("<Owner><ID>somebody</ID></Owner>" if owner else "") + f"<AccessControlList>{grants}</AccessControlList></{root}>").encode()


EVERYBODY = ('<Grant><Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="Group"><URI>http://acs.amazonaws.com/groups/global/'
             'AllUsers</URI></Grantee><Permission>{}</Permission></Grant>')
UNCONFIGURED = ["policy", "policyStatus", "lifecycle", "encryption", "object-lock", "notification", "replication", "logging", "website",
                "publicAccessBlock", "ownershipControls", "accelerate", "requestPayment", "analytics", "inventory", "metrics", "intelligent-tiering"]

ROWS = [
    Row("versioning of a new one", "GET /plain?versioning"), Row("versioning of none", "GET /nowhere?versioning"),
    Row("enable versioning", "PUT /set?versioning", body=versioning("Enabled")), Row("versioning, enabled", "GET /set?versioning"),
    Row("suspend versioning", "PUT /set?versioning", body=versioning("Suspended")), Row("versioning, suspended", "GET /set?versioning"),
    Row("versioning: unknown status", "PUT /set?versioning", body=versioning("Off")),
    Row("versioning: lower case", "PUT /set?versioning", body=versioning("enabled")),
    Row("versioning: empty status", "PUT /set?versioning", body=versioning("")),
    Row("versioning of none, set", "PUT /nowhere?versioning", body=versioning("Enabled")),
    Row("versioning, delete", "DELETE /set?versioning", before=(versioned("set"),)),
    Row("versioning, anonymous", "PUT /set?versioning", body=versioning("Enabled"), sign=ANONYMOUS),
    *broken("versioning", "PUT /set?versioning", "VersioningConfiguration"),

    Row("tags of a new one", "GET /plain?tagging"), Row("set tags", "PUT /set?tagging", body=tags(("a", "1"), ("ü", "ö x"))), Row("tags", "GET /set?tagging"),
    Row("set no tags", "PUT /set?tagging", body=tags()), Row("tags, none", "GET /set?tagging"),
    Row("set 50 tags", "PUT /set?tagging", body=tags(*((f"k{i}", "v") for i in range(50)))),
    Row("set 51 tags", "PUT /set?tagging", body=tags(*((f"k{i}", "v") for i in range(51)))),
    Row("set a tag twice", "PUT /set?tagging", body=tags(("a", "1"), ("a", "2"))), Row("set a long key", "PUT /set?tagging", body=tags(("k" * 129, "v"))),
    Row("set a long value", "PUT /set?tagging", body=tags(("k", "v" * 257))), Row("set an empty key", "PUT /set?tagging", body=tags(("", "v"))),
    Row("set a system tag", "PUT /set?tagging", body=tags(("aws:a", "v"))),
    *broken("tags", "PUT /set?tagging", "Tagging"),
    Row("delete tags", "DELETE /set?tagging"), Row("delete tags again", "DELETE /set?tagging"), Row("tags of none", "GET /nowhere?tagging"),

    Row("cors of a new one", "GET /plain?cors"), set_cors("one rule", [(ORIGIN, "*"), (METHOD, "GET")]), Row("cors", "GET /set?cors"),
    Row("cors: all that there is", "GET /shared?cors", before=(RULED,)),
    set_cors("no rule"), set_cors("no origin", [(METHOD, "GET")]), set_cors("no method", [(ORIGIN, "*")]),
    set_cors("unknown method", [(ORIGIN, "*"), (METHOD, "PATCH")]), set_cors("lower case method", [(ORIGIN, "*"), (METHOD, "get")]),
    set_cors("two stars", [(ORIGIN, "http://*.*"), (METHOD, "GET")]), set_cors("two stars in a header", [(ORIGIN, "*"), (METHOD, "GET"), ("AllowedHeader", "*-*")]),
    set_cors("age that is none", [(ORIGIN, "*"), (METHOD, "GET"), ("MaxAgeSeconds", "x")]),
    set_cors("100 rules", *([[(ORIGIN, f"http://h{i}"), (METHOD, "GET")] for i in range(100)])),
    set_cors("101 rules", *([[(ORIGIN, f"http://h{i}"), (METHOD, "GET")] for i in range(101)])),
    *broken("cors", "PUT /set?cors", "CORSConfiguration"),
    Row("delete cors", "DELETE /set?cors"), Row("delete cors again", "DELETE /set?cors"), Row("cors of none", "GET /nowhere?cors"),
    preflight("allowed", "http://a.example", "PUT"), preflight("with headers", "http://a.example", "PUT", "x-amz-date, Range"),
    preflight("header that is not allowed", "http://a.example", "PUT", "x-custom"), preflight("any origin", "http://other.example", "GET"),
    preflight("another method", "http://other.example", "PUT"), preflight("star in the middle", "http://x.b.example", "DELETE", "anything, at-all"),
    preflight("not that origin", "http://b.example", "DELETE"), preflight("no origin", None, "GET"), preflight("no method", "http://a.example"),
    preflight("unknown method", "http://a.example", "PATCH"), preflight("of a bucket", "http://a.example", "GET", path="/shared"),
    preflight("no rules", "http://a.example", "GET", path="/plain/key"), preflight("no bucket", "http://a.example", "GET", path="/nowhere/key"),
    Row("cors on a get", "GET /shared/key", {"Origin": "http://a.example"}, before=(put("/shared/key"),)),
    Row("cors on a get, other origin", "GET /shared/key", {"Origin": "http://c.example"}),
    Row("cors on a put", "PUT /shared/key2", {"Origin": "http://a.example"}, b"x"),
    Row("cors on a delete that no rule names", "DELETE /shared/key2", {"Origin": "http://a.example"}),
    Row("cors on an error", "GET /shared/none", {"Origin": "http://a.example"}), Row("cors without an origin", "GET /shared/key"),

    Row("acl of a bucket", "GET /plain?acl"), Row("acl of a key", "GET /set/key?acl"), Row("acl of no key", "GET /set/none?acl"),
    Row("acl of no bucket", "GET /nowhere?acl"), Row("acl, anonymous", "GET /plain?acl", sign=ANONYMOUS),
    *(row for canned in ("private", "public-read", "public-read-write", "authenticated-read") for where, path in (("bucket", "/set"), ("key", "/set/key"))
      for row in (Row(f"acl {canned} of a {where}", f"PUT {path}?acl", {"x-amz-acl": canned}), Row(f"acl of a {where}, {canned}", f"GET {path}?acl"),
                  Row(f"acl {canned} of a {where}, who may read", f"GET {path}", sign=ANONYMOUS))),
    Row("acl, unknown name", "PUT /set?acl", {"x-amz-acl": "everybody"}), Row("acl, neither name nor document", "PUT /set/key?acl"),
    Row("acl, another owner", "PUT /set?acl", body=acl(EVERYBODY.format("READ"))), Row("acl, no owner", "PUT /set?acl", body=acl(EVERYBODY.format("READ"), False)),
    Row("acl, unknown permission", "PUT /set?acl", body=acl(EVERYBODY.format("SMELL"))),
    Row("acl of none, set", "PUT /nowhere?acl", {"x-amz-acl": "private"}), Row("acl of no key, set", "PUT /set/none?acl", {"x-amz-acl": "private"}),
    *broken("acl", "PUT /set?acl", "AccessControlPolicy"),
    *(Row(f"get {name}", f"GET /plain?{name}") for name in UNCONFIGURED),
    *(Row(f"put {name}", f"PUT /plain?{name}", body=b"<Any/>") for name in UNCONFIGURED),
    *(Row(f"delete {name}", f"DELETE /plain?{name}") for name in ("policy", "lifecycle", "encryption", "replication", "website", "publicAccessBlock", "ownershipControls")),
    *(Row(f"get {name} of none", f"GET /nowhere?{name}") for name in ("policy", "lifecycle", "website")),
]

ROWS += [row for name in ("analytics&id=x", "inventory&id=x", "metrics&id=x", "intelligent-tiering&id=x", "metadataConfiguration", "metadataTable")
         for row in (Row(f"delete {name}", f"DELETE /standing?{name}", before=(bucket("standing"),)), Row(f"after delete {name}", "HEAD /standing"))]
ROWS += [Row(f"{verb} {name}", f"{verb.upper()} /standing?{name}", before=(bucket("standing"),)) for verb, name in (
    ("get", "abac"), ("put", "abac"), ("get", "session"), ("post", "metadataConfiguration"), ("get", "metadataConfiguration"), ("put", "metadataInventoryTable"))]
ROWS += [row for verb, query in (("put", "annotation&annotationName=a"), ("delete", "annotation&annotationName=a"), ("get", "annotation&annotationName=a"),
                                 ("get", "annotation"), ("put", "encryption"))
         for row in (Row(f"{verb} {query} of a key", f"{verb.upper()} /set/annotated?{query}", body=b"a note" if verb == "put" else b"",
                         before=(put("/set/annotated", b"annotated"),)), Row(f"after {verb} {query}", "GET /set/annotated"))]
