"""What a row of the table is.

In a query, a header or a body `<...>` stands for what differs between two servers: `<etag>` the entity tag that this row's own path had last,
`<etag /b/k>` that of another path, `<etag /b/k 2>` that of its second part; `<version /b/k 2>` the id of its second version; `<upload /b/k>` the
id of the upload that was begun there last; `<next NextMarker>` what a listing gave last; `<now>` a date, `<past>` and `<future>` dates a day away.
"""
import base64
import dataclasses
import hashlib
import urllib.parse

from s3client import checksum  # noqa: F401

KEY, URL, CHUNKED, ANONYMOUS = "key", "url", "chunked", "anonymous"  # how a row is signed


@dataclasses.dataclass
class Row:
    name: str
    request: str                                   # "METHOD /path?query" as it is sent
    headers: dict = dataclasses.field(default_factory=dict)
    body: bytes = b""
    sign: str = KEY
    before: tuple = ()                             # rows that make what this one needs: performed, must succeed, not compared
    chunks: list = ()                              # of a CHUNKED one
    how: dict = dataclasses.field(default_factory=dict)  # for the client: payload, trailer, spoil, at (seconds from now)...
    who: str = None                                # "unknown": another access key; "wrong": another secret


def named(headers):
    return {name.replace("_", "-"): value for name, value in headers.items()}


def need(request, headers=None, body=b""):
    return Row("", request, headers or {}, body)


def bucket(name, **headers):
    return need(f"PUT /{name}", named(headers))


def put(path, body=b"hello world", **headers):
    return need(f"PUT {path}", named(headers), body)


def versioned(name, status="Enabled"):
    return need(f"PUT /{name}?versioning", {}, versioning(status))


def versioning(status):
    return f"<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>".encode()


def begin(path, **headers):
    return need(f"POST {path}?uploads", named(headers))


def part(path, number, body=b"a part", **headers):
    return need(f"PUT {path}?partNumber={number}&uploadId=<upload>", named(headers), body)


def parts(path, *numbers):
    """The document that completes an upload. A number, or (number, etag)."""
    pairs = [entry if isinstance(entry, tuple) else (entry, f"<etag {path} {entry}>") for entry in numbers]
    inner = "".join(f"<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>" for number, etag in pairs)
    return f"<CompleteMultipartUpload>{inner}</CompleteMultipartUpload>".encode()


def complete(path, *numbers):
    return need(f"POST {path}?uploadId=<upload>", {}, parts(path, *numbers))


def tags(*pairs):
    inner = "".join(f"<Tag><Key>{name}</Key><Value>{value}</Value></Tag>" for name, value in pairs)
    return f"<Tagging><TagSet>{inner}</TagSet></Tagging>".encode()


def deletions(*keys, quiet=False):
    """A key, or (key, version)."""
    pairs = [key if isinstance(key, tuple) else (key, None) for key in keys]
    inner = "".join(f"<Object><Key>{key}</Key>" + (f"<VersionId>{version}</VersionId>" if version else "") + "</Object>" for key, version in pairs)
    return f"<Delete>{'<Quiet>true</Quiet>' if quiet else ''}{inner}</Delete>".encode()


def quoted(text, safe=""):
    return urllib.parse.quote(text, safe=safe + "-_.~")


def md5(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def noise(size, seed=1):
    block = hashlib.sha256(str(seed).encode()).digest()
    return (block * (size // 32 + 1))[:size]


PART = 5 << 20
BROKEN = {"not XML": b"not XML", "cut": b"<{root}><", "another root": b"<Other/>", "empty root": b"<{root}/>", "nothing": b"",
          "an entity": b"<!DOCTYPE x [<!ENTITY e 'v'>]><{root}>&e;</{root}>", "unknown element": b"<{root}><Smell>1</Smell></{root}>"}


def broken(name, request, root, **more):
    """A row for each way in which a document can be none."""
    return [Row(f"{name}, {what}", request, body=body.replace(b"{root}", root.encode()), **more) for what, body in BROKEN.items()]
