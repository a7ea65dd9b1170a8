"""What a row of the table is.

In a target, a header or a body `<...>` stands for what differs between two servers: `<etag>` the entity tag that this row's own path had
last, `<etag /c/b>` that of another path, `<url /c/b>` an address on the server itself, `<marker>` the last NextMarker, `<id>` the last
x-ms-copy-id, `<now>` a date, `<past>` and `<future>` dates a day away.
"""
import base64
import dataclasses
import hashlib
import urllib.parse

KEY, LITE, ANONYMOUS = "key", "lite", "anonymous"  # how a row is signed; anything else is the query of a signature


@dataclasses.dataclass
class Row:
    name: str
    request: str                                   # "METHOD /path?query" as it is sent, below the account
    headers: dict = dataclasses.field(default_factory=dict)
    body: bytes = b""
    sign: str = KEY
    before: tuple = ()                             # rows that make what this one needs: performed, must succeed, not compared


def need(request, headers=None, body=b""):
    return Row("", request, headers or {}, body)


BLOCK_BLOB = {"x-ms-blob-type": "BlockBlob"}


def container(path, **headers):
    return need(f"PUT {path}?restype=container", {name.replace("_", "-"): value for name, value in headers.items()})


def blob(path, body=b"hello world", headers=None):
    return need(f"PUT {path}", {**BLOCK_BLOB, **(headers or {})}, body)


def block_id(text):
    return urllib.parse.quote(base64.b64encode(text.encode()).decode(), safe="")


def block(path, name, body):
    return need(f"PUT {path}?comp=block&blockid={block_id(name)}", {}, body)


def block_list(*entries):
    """("Latest", "name") or the bare name."""
    pairs = [entry if isinstance(entry, tuple) else ("Latest", entry) for entry in entries]
    inner = "".join(f"<{kind}>{base64.b64encode(name.encode()).decode()}</{kind}>" for kind, name in pairs)
    return f'<?xml version="1.0" encoding="utf-8"?><BlockList>{inner}</BlockList>'.encode()


def md5(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


def crc64(body):
    """The NVMe polynomial that the service uses, lowest byte first."""
    value = 0xFFFFFFFFFFFFFFFF
    for byte in body:
        value ^= byte
        for _ in range(8):
            value = (value >> 1) ^ (0x9A6C9329AC4BC9B5 if value & 1 else 0)
    return base64.b64encode((value ^ 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little")).decode()
