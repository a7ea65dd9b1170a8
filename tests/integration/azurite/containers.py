"""Containers: made, described, changed, deleted; access policies."""
from table import ANONYMOUS, Row, container

BEFORE = [container("/box", x_ms_meta_colour="blue")]


def policies(*entries):
    inner = "".join(f"<SignedIdentifier>{entry}</SignedIdentifier>" for entry in entries)
    return f'<?xml version="1.0" encoding="utf-8"?><SignedIdentifiers>{inner}</SignedIdentifiers>'.encode()


def policy(id_="one", start="2021-01-01T00:00:00Z", expiry="2031-01-01T00:00:00Z", permission="rwl"):
    parts = [f"<{name}>{value}</{name}>" for name, value in (("Start", start), ("Expiry", expiry), ("Permission", permission)) if value]
    return f"<Id>{id_}</Id><AccessPolicy>{''.join(parts)}</AccessPolicy>"


def create(name, path, **headers):
    return Row(f"create {name}", f"PUT {path}?restype=container", {key.replace("_", "-"): value for key, value in headers.items()})


def acl(name, body=b"", **headers):
    return Row(f"set acl, {name}", "PUT /box?restype=container&comp=acl",
               {key.replace("_", "-"): value for key, value in headers.items()}, body)


GET_ACL = "GET /box?restype=container&comp=acl"
GET = "GET /box?restype=container"

ROWS = [
    create("plain", "/new"),
    create("again", "/new"),
    create("with metadata", "/new-meta", x_ms_meta_a="1", x_ms_meta_b="two words"),
    create("public", "/new-public", x_ms_blob_public_access="container"),
    create("with public blobs", "/new-blobs", x_ms_blob_public_access="blob"),
    create("with unknown access", "/new-bad", x_ms_blob_public_access="banana"),
    create("with access in capitals", "/new-bad2", x_ms_blob_public_access="Container"),
    create("with a name of 3", "/abc"),
    create("with a name of 2", "/ab"),
    create("with a name of 63", "/" + "a" * 63),
    create("with a name of 64", "/" + "a" * 64),
    create("with capitals", "/Box"),
    create("with an underscore", "/my_box"),
    create("with two dashes", "/my--box"),
    create("with a dash first", "/-box"),
    create("with a dash last", "/box-"),
    create("with a dot", "/my.box"),
    create("with a space", "/my%20box"),
    create("with an umlaut", "/b%C3%B6x"),
    create("with digits", "/123"),
    create("$root", "/$root"),
    create("$web", "/$web"),
    create("$other", "/$other"),
    create("with a slash at the end", "/slash/"),
    create("with bad metadata name", "/new-bad3", x_ms_meta_1a="1"),
    Row("create with a dash in a metadata name", "PUT /new-bad4?restype=container", {"x-ms-meta-a-b": "1"}),
    Row("create with empty metadata name", "PUT /new-bad5?restype=container", {"x-ms-meta-": "1"}),
    Row("create with metadata of 9 KiB", "PUT /new-bad6?restype=container", {"x-ms-meta-a": "x" * 9000}),
    Row("create with metadata twice in two cases", "PUT /new-case?restype=container", {"x-ms-meta-Abc": "1"}),
    Row("its metadata", "GET /new-case?restype=container"),
    Row("create without restype", "PUT /new-none"),
    Row("create with unknown restype", "PUT /new-none?restype=banana"),
    Row("create with a body", "PUT /new-body?restype=container", body=b"hello"),
    Row("create, anonymous", "PUT /new-anonymous?restype=container", sign=ANONYMOUS),
    Row("create with encryption scope", "PUT /new-scope?restype=container",
        {"x-ms-default-encryption-scope": "one", "x-ms-deny-encryption-scope-override": "true"}),
    Row("properties", GET),
    Row("properties, HEAD", "HEAD /box?restype=container"),
    Row("properties of a public one", "GET /new-public?restype=container"),
    Row("properties of one with public blobs", "HEAD /new-blobs?restype=container"),
    Row("properties of a missing one", "GET /none?restype=container"),
    Row("properties of a missing one, HEAD", "HEAD /none?restype=container"),
    Row("properties of a bad name", "GET /NO?restype=container"),
    Row("properties with a slash at the end", "GET /box/?restype=container"),
    Row("properties with a lease id", GET, {"x-ms-lease-id": "11111111-1111-1111-1111-111111111111"}),
    Row("metadata", "GET /box?restype=container&comp=metadata"),
    Row("metadata, HEAD", "HEAD /box?restype=container&comp=metadata"),
    Row("metadata of a missing one", "GET /none?restype=container&comp=metadata"),
    Row("set metadata", "PUT /box?restype=container&comp=metadata", {"x-ms-meta-a": "1", "x-ms-meta-b": "with space"}),
    Row("metadata after set", GET),
    Row("set metadata with odd values", "PUT /box?restype=container&comp=metadata", {"x-ms-meta-a": "!#$%&'()*+,-./:;<=>?@[]^_`{|}~"}),
    Row("metadata with odd values", GET),
    Row("set metadata to nothing", "PUT /box?restype=container&comp=metadata"),
    Row("metadata after nothing", GET),
    Row("set metadata with a bad name", "PUT /box?restype=container&comp=metadata", {"x-ms-meta-1a": "1"}),
    Row("set metadata with a dash in the name", "PUT /box?restype=container&comp=metadata", {"x-ms-meta-a-b": "1"}),
    Row("set metadata of a missing one", "PUT /none?restype=container&comp=metadata", {"x-ms-meta-a": "1"}),
    Row("set metadata without restype", "PUT /box?comp=metadata", {"x-ms-meta-a": "1"}),
    Row("get acl, none", GET_ACL),
    Row("get acl, HEAD", "HEAD /box?restype=container&comp=acl"),
    acl("public", x_ms_blob_public_access="container"),
    Row("get acl, public", GET_ACL),
    acl("public blobs", x_ms_blob_public_access="blob"),
    Row("get acl, public blobs", GET_ACL),
    acl("private again"),
    Row("get acl, private again", GET_ACL),
    Row("set acl, unknown access", "PUT /spoilt?restype=container&comp=acl", {"x-ms-blob-public-access": "banana"}, before=(container("/spoilt"),)),
    acl("one policy", policies(policy())),
    Row("get acl, one policy", GET_ACL),
    acl("five policies", policies(*(policy(str(i)) for i in range(5)))),
    Row("get acl, five policies", GET_ACL),
    acl("six policies", policies(*(policy(str(i)) for i in range(6)))),
    acl("policy with dates of days", policies(policy(start="2021-01-01", expiry="2031-01-01"))),
    Row("get acl, dates of days", GET_ACL),
    acl("policy with fractions", policies(policy(start="2021-01-01T00:00:00.1234567Z"))),
    Row("get acl, fractions", GET_ACL),
    acl("policy with permission only", policies(policy(start="", expiry="", permission="r"))),
    Row("get acl, permission only", GET_ACL),
    acl("policy of nothing", policies(policy(start="", expiry="", permission=""))),
    Row("get acl, policy of nothing", GET_ACL),
    acl("policy without AccessPolicy", policies("<Id>bare</Id>")),
    acl("policy without id", policies("<AccessPolicy><Permission>r</Permission></AccessPolicy>")),
    acl("policy with empty id", policies(policy(""))),
    acl("policy with an id of 64", policies(policy("i" * 64))),
    acl("policy with an id of 65", policies(policy("i" * 65))),
    acl("two policies of one id", policies(policy("same"), policy("same"))),
    acl("policy with unknown permission", policies(policy(permission="q"))),
    acl("policy with permissions in another order", policies(policy(permission="lwr"))),
    acl("policy with a bad date", policies(policy(start="yesterday"))),
    acl("policy that ends before it starts", policies(policy(start="2031-01-01", expiry="2021-01-01"))),
    acl("no XML", b"hello"),
    acl("cut XML", b"<SignedIdentifiers><SignedIdentifier>"),
    acl("other root", b"<Other />"),
    acl("empty root", policies()),
    acl("a DTD", b'<!DOCTYPE a [<!ENTITY b "c">]><SignedIdentifiers />'),
    Row("set acl of a missing one", "PUT /none?restype=container&comp=acl"),
    Row("get acl of a missing one", "GET /none?restype=container&comp=acl"),
    Row("get acl, anonymous, of a public one", "GET /new-public?restype=container&comp=acl", sign=ANONYMOUS),
    Row("unknown comp", "GET /box?restype=container&comp=banana"),
    Row("unknown comp, PUT", "PUT /box?restype=container&comp=banana"),
    Row("unknown restype", "GET /box?restype=banana"),
    Row("POST", "POST /box?restype=container"),
    Row("lease of an unleased container, break", "PUT /box?restype=container&comp=lease", {"x-ms-lease-action": "break"}),
    Row("delete without restype", "DELETE /box"),
    Row("delete with a lease id", "DELETE /new-blobs?restype=container", {"x-ms-lease-id": "11111111-1111-1111-1111-111111111111"}),
    Row("delete", "DELETE /new-blobs?restype=container"),
    Row("delete again", "DELETE /new-blobs?restype=container"),
    Row("delete a missing one", "DELETE /none?restype=container"),
    Row("delete a bad name", "DELETE /NO?restype=container"),
    Row("delete, anonymous", "DELETE /new-public?restype=container", sign=ANONYMOUS),
]
