"""An S3 client without a library in between: Signature Version 4 in the header, in the query and in chunks, trailers, and requests
that no library would send. Servers are started by blobclient.Server."""
import base64
import binascii
import hashlib
import hmac
import http.client
import json
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree

from blobclient import ACCOUNT, KEY

REGION = "us-east-1"
UNSIGNED = "UNSIGNED-PAYLOAD"
CHUNKS = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
CHUNKS_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
CHUNKS_UNSIGNED_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
EMPTY_SHA256 = hashlib.sha256(b"").hexdigest()


def quote(text, safe="/"):
    return urllib.parse.quote(text, safe=safe + "-_.~")


def md5_hex(body):
    return hashlib.md5(body).hexdigest()


def md5_base64(body):
    return base64.b64encode(hashlib.md5(body).digest()).decode()


# ---- checksums, slowly but independently of the server ----

def _table(polynomial):
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (polynomial if value & 1 else 0)
        table.append(value)
    return table


_CRC32C, _CRC64 = _table(0x82F63B78), _table(0x9A6C9329AC4BC9B5)


def _crc(table, bits, body):
    value = ones = (1 << bits) - 1
    for byte in body:
        value = (value >> 8) ^ table[(value ^ byte) & 0xFF]
    return (value ^ ones).to_bytes(bits // 8, "big")


def checksum_bytes(kind, body):
    return {"crc32": lambda: binascii.crc32(body).to_bytes(4, "big"), "crc32c": lambda: _crc(_CRC32C, 32, body),
            "crc64nvme": lambda: _crc(_CRC64, 64, body), "sha1": lambda: hashlib.sha1(body).digest(),
            "sha256": lambda: hashlib.sha256(body).digest()}[kind.lower()]()


def checksum(kind, body):
    return base64.b64encode(checksum_bytes(kind, body)).decode()


# ---- answers ----

class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body
        self.xml = None
        if body[:5] == b"<?xml":
            self.xml = ElementTree.fromstring(body)
            for element in self.xml.iter():
                element.tag = element.tag.split("}")[-1]
        self.code = self.find("Code") if self.xml is not None and self.xml.tag == "Error" else None

    def find(self, path):
        """The text of the first such element; None when there is none."""
        found = None if self.xml is None else self.xml.find(path)
        return None if found is None else found.text or ""

    def all(self, path):
        return [] if self.xml is None else [element.text or "" for element in self.xml.findall(path)]

    def __getitem__(self, header):
        return self.headers.get(header)

    def __repr__(self):
        return f"{self.status} {self.code or ''} {self.find('Message') or ''}".strip()


# ---- signing ----

# Parameters that Version 2 signs, as far as requests here have them.
SUB_RESOURCES = {"acl", "cors", "delete", "lifecycle", "location", "logging", "notification", "partNumber", "policy", "requestPayment", "restore",
                 "tagging", "torrent", "uploadId", "uploads", "versionId", "versioning", "versions", "website", "accelerate",
                 "response-content-type"}


def signature_v2(secret, method, when, headers, resource):
    """`when`: the time at which a URL expires, or the date of a request."""
    lower = {name.lower(): value for name, value in (headers or {}).items()}
    own = "".join(f"{name}:{lower[name]}\n" for name in sorted(lower) if name.startswith("x-amz-"))
    text = "\n".join([method, lower.get("content-md5", ""), lower.get("content-type", ""), str(when)]) + "\n" + own + resource
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Signer:
    """`service` and `date`: of the scope, where a test wants others than the right ones."""

    def __init__(self, access, secret, region=REGION, at=None, service="s3", date=None):
        self.access, self.secret, self.region = access, secret, region
        self.time = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at if at is not None else time.time()))
        date = date or self.time[:8]
        self.scope = f"{date}/{region}/{service}/aws4_request"
        key = _hmac(("AWS4" + secret).encode(), date)
        for part in (region, service, "aws4_request"):
            key = _hmac(key, part)
        self.key = key
        self.signature = None

    def sign(self, text):
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()

    @staticmethod
    def canonical_query(query):
        pairs = []
        for part in query.split("&") if query else []:
            name, _, value = part.partition("=")
            pairs.append((quote(urllib.parse.unquote(name), ""), quote(urllib.parse.unquote(value), "")))
        return "&".join(f"{name}={value}" for name, value in sorted(pairs))

    def request(self, method, path, query, headers, payload):
        """`headers`: what is signed. Returns their names and the signature."""
        lower = {name.lower(): " ".join(str(value).split()) for name, value in headers.items()}
        names = ";".join(sorted(lower))
        text = "\n".join([method, path, self.canonical_query(query)] + [f"{name}:{lower[name]}" for name in sorted(lower)] +
                         ["", names, payload])
        self.signature = self.sign("\n".join(["AWS4-HMAC-SHA256", self.time, self.scope, hashlib.sha256(text.encode()).hexdigest()]))
        return names, self.signature

    def chunk(self, data):
        self.signature = self.sign("\n".join(["AWS4-HMAC-SHA256-PAYLOAD", self.time, self.scope, self.signature, EMPTY_SHA256,
                                              hashlib.sha256(data).hexdigest()]))
        return self.signature

    def trailer(self, text):
        self.signature = self.sign("\n".join(["AWS4-HMAC-SHA256-TRAILER", self.time, self.scope, self.signature,
                                              hashlib.sha256(text.encode()).hexdigest()]))
        return self.signature


# ---- forms ----

BOUNDARY = "----SkerryTestBoundary7MA4YWxkTrZu0gW"


def multipart(fields, file=b"", filename="file.txt", after=(), boundary=BOUNDARY):
    """The body of a form. `fields`: pairs. `file` None: there is none. `after`: fields behind the file."""
    def text(value):
        return value if isinstance(value, bytes) else str(value).encode()
    parts = [b'Content-Disposition: form-data; name="' + text(name) + b'"\r\n\r\n' + text(value) for name, value in fields]
    if file is not None:
        parts.append(b'Content-Disposition: form-data; name="file"; filename="' + text(filename) + b'"\r\nContent-Type: text/plain\r\n\r\n' + file)
    parts += [b'Content-Disposition: form-data; name="' + text(name) + b'"\r\n\r\n' + text(value) for name, value in after]
    line = b"--" + boundary.encode()
    return b"".join(line + b"\r\n" + part + b"\r\n" for part in parts) + line + b"--\r\n"


class S3:
    """One keep-alive connection. Not shared by threads. `access` None: anonymous. `tls`: a context, for HTTPS."""

    def __init__(self, endpoint, access=ACCOUNT, secret=KEY, region=REGION, timeout=60, tls=None):
        self.endpoint, self.access, self.secret, self.region, self.timeout, self.tls = endpoint, access, secret, region, timeout, tls
        self.connection = None

    def close(self):
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def send(self, method, target, headers, body=None):
        """Exactly this, without signing. `headers`: pairs or a dictionary."""
        if self.connection is None:
            self.connection = (http.client.HTTPConnection(self.endpoint, timeout=self.timeout) if self.tls is None else
                               http.client.HTTPSConnection(self.endpoint, timeout=self.timeout, context=self.tls))
        pairs = list(headers.items() if isinstance(headers, dict) else headers)
        try:
            self.connection.putrequest(method, target, skip_host=any(name.lower() == "host" for name, _ in pairs),
                                       skip_accept_encoding=True)
            for name, value in pairs:
                self.connection.putheader(name, value if isinstance(value, bytes) else str(value).encode())
            self.connection.endheaders(body)
            response = self.connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        except BaseException:
            self.close()
            raise
        if response.will_close:
            self.close()
        return answer

    def signer(self, at=None, **scope):
        return Signer(self.access, self.secret, scope.pop("region", self.region), at, **scope)

    def request(self, method, path, query="", body=b"", headers=None, payload=None, signed=None, at=None, scope=None, alter=None):
        """`path` and `query` as they are sent. `signed`: further headers are signed only when named here (default: all). `alter`: changes
        (method, target, headers, body) between signing and sending."""
        headers = {"Host": self.endpoint, **(headers or {})}
        if (body or method in ("PUT", "POST")) and not any(name.lower() == "content-length" for name in headers):
            headers["Content-Length"] = str(len(body))
        target = path + ("?" + query if query else "")
        if self.access is None:
            return self.send(method, target, headers, body or None)
        signer = self.signer(at, **(scope or {}))
        payload = payload or hashlib.sha256(body).hexdigest()
        headers.update({"x-amz-date": signer.time, "x-amz-content-sha256": payload})
        covered = {name: value for name, value in headers.items()
                   if name.lower() not in ("content-length", "transfer-encoding", "expect") and
                   (signed is None or name.lower() in signed or name.lower().startswith("x-amz-") or name == "Host")}
        covered = {name: value.decode("utf-8") if isinstance(value, bytes) else value for name, value in covered.items()}
        names, signature = signer.request(method, path, query, covered, payload)
        headers["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.access}/{signer.scope}, SignedHeaders={names}, "
                                    f"Signature={signature}")
        if alter is not None:
            method, target, headers, body = alter(method, target, headers, body)
        return self.send(method, target, headers, body or None)

    def presign(self, method, path, query="", expires=300, headers=None, at=None, scope=None):
        """The target of a signed URL."""
        signer = self.signer(at, **(scope or {}))
        headers = {"Host": self.endpoint, **(headers or {})}
        names = ";".join(sorted(name.lower() for name in headers))
        full = "&".join(filter(None, [query, "X-Amz-Algorithm=AWS4-HMAC-SHA256",
                                      f"X-Amz-Credential={quote(self.access + '/' + signer.scope, '')}", f"X-Amz-Date={signer.time}",
                                      f"X-Amz-Expires={expires}", f"X-Amz-SignedHeaders={quote(names, '')}"]))
        _, signature = signer.request(method, path, full, headers, UNSIGNED)
        return f"{path}?{full}&X-Amz-Signature={signature}"

    def presign_v2(self, method, path, query="", expires=300, headers=None, at=None):
        """The same by Version 2 of the signature, which older clients use in URLs."""
        until = int(at if at is not None else time.time()) + expires
        signed = sorted(part for part in (query.split("&") if query else []) if part.partition("=")[0] in SUB_RESOURCES)
        pairs = [(name, urllib.parse.unquote(value)) for name, _, value in (part.partition("=") for part in signed)]
        resource = path + ("?" + "&".join(name + ("=" + value if value else "") for name, value in pairs) if pairs else "")
        signature = quote(signature_v2(self.secret, method, until, headers, resource), "")
        return f"{path}?" + "&".join(filter(None, [query, f"AWSAccessKeyId={quote(self.access, '')}", f"Expires={until}", f"Signature={signature}"]))

    def chunked(self, path, chunks, query="", headers=None, payload=CHUNKS, trailer=None, spoil=None, length=None, method="PUT"):
        """In aws-chunked form. `trailer`: (name, value) after the last chunk. `spoil`: changes the body before it is sent. `length`: what is
        announced; "" for nothing."""
        size = sum(len(chunk) for chunk in chunks)
        headers = {"Host": self.endpoint, "Content-Encoding": "aws-chunked", **(headers or {}),
                   "x-amz-decoded-content-length": str(size if length is None else length)}
        if length == "":
            del headers["x-amz-decoded-content-length"]
        if trailer is not None:
            headers["x-amz-trailer"] = trailer[0]
        signer = Signer(self.access, self.secret, self.region)
        headers.update({"x-amz-date": signer.time, "x-amz-content-sha256": payload})
        names, signature = signer.request(method, path, query, headers, payload)
        headers["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={self.access}/{signer.scope}, SignedHeaders={names}, "
                                    f"Signature={signature}")
        signs = payload != CHUNKS_UNSIGNED_TRAILER
        body = b""
        for chunk in [chunk for chunk in chunks if chunk] + [b""]:
            extension = f";chunk-signature={signer.chunk(chunk)}" if signs else ""
            body += f"{len(chunk):x}{extension}\r\n".encode() + chunk + (b"\r\n" if chunk else b"")
        if trailer is not None:
            body += f"{trailer[0]}:{trailer[1]}\r\n".encode()
            if signs:
                body += f"x-amz-trailer-signature:{signer.trailer(f'{trailer[0]}:{trailer[1]}' + chr(10))}\r\n".encode()
        body += b"\r\n"
        if spoil is not None:
            body = spoil(body)
        headers["Content-Length"] = str(len(body))
        return self.send(method, path + ("?" + query if query else ""), headers, body)

    def form(self, bucket, fields, conditions=None, policy=None, expires=300, at=None, scope=None, version=4):
        """The fields of a signed form. `fields`: pairs; `conditions` None: just these, exactly. `policy`: the text of another one."""
        signer = self.signer(at, **(scope or {}))
        own = [] if version == 2 else [("x-amz-algorithm", "AWS4-HMAC-SHA256"), ("x-amz-credential", f"{self.access}/{signer.scope}"),
                                       ("x-amz-date", signer.time)]
        if policy is None:
            until = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime((at if at is not None else time.time()) + expires))
            wanted = [{name: value} for name, value in fields] if conditions is None else list(conditions)
            policy = json.dumps({"expiration": until, "conditions": wanted + [{"bucket": bucket}] + [{name: value} for name, value in own]})
        encoded = base64.b64encode(policy if isinstance(policy, bytes) else policy.encode()).decode()
        if version == 2:
            signature = base64.b64encode(hmac.new(self.secret.encode(), encoded.encode(), hashlib.sha1).digest()).decode()
            return list(fields) + [("AWSAccessKeyId", self.access), ("policy", encoded), ("signature", signature)]
        return list(fields) + own + [("policy", encoded), ("x-amz-signature", signer.sign(encoded))]

    def post_form(self, bucket, fields, file=b"", headers=None, path=None, body=None, **how):
        """Posts the form as it is given, without any signature of the request. `body`: these bytes instead."""
        body = multipart(fields, file, **how) if body is None else body
        return self.send("POST", path or self.path(bucket), {"Host": self.endpoint, "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
                                                             "Content-Length": str(len(body)), **(headers or {})}, body)

    # ---- operations, with keys as they are meant ----

    @staticmethod
    def path(bucket, key=None):
        return f"/{quote(bucket)}" + ("" if key is None else "/" + quote(key))

    def create_bucket(self, bucket, body=b"", **headers):
        return self.request("PUT", self.path(bucket), body=body, headers=_named(headers))

    def set_versioning(self, bucket, status):
        return self.request("PUT", self.path(bucket), "versioning=",
                            f"<VersioningConfiguration><Status>{status}</Status></VersioningConfiguration>".encode())

    def put(self, bucket, key, body=b"", query="", **headers):
        return self.request("PUT", self.path(bucket, key), query, body, _named(headers))

    def get(self, bucket, key, query="", **headers):
        return self.request("GET", self.path(bucket, key), query, headers=_named(headers))

    def head(self, bucket, key, query="", **headers):
        return self.request("HEAD", self.path(bucket, key), query, headers=_named(headers))

    def delete(self, bucket, key, query="", **headers):
        return self.request("DELETE", self.path(bucket, key), query, headers=_named(headers))

    def post(self, bucket, key, query, body=b"", **headers):
        return self.request("POST", self.path(bucket, key), query, body, _named(headers))

    def copy(self, bucket, key, source, query="", **headers):
        """`source` as it goes into the header."""
        return self.put(bucket, key, b"", query, x_amz_copy_source=source, **headers)

    def create_upload(self, bucket, key, **headers):
        answer = self.post(bucket, key, "uploads=", b"", **headers)
        return answer.find("UploadId") if answer.status == 200 else answer

    def upload_part(self, bucket, key, upload, number, body, **headers):
        return self.put(bucket, key, body, f"partNumber={number}&uploadId={upload}", **headers)

    def complete(self, bucket, key, upload, parts, **headers):
        """`parts`: (number, etag) or (number, etag, checksum element, its value)."""
        body = "".join(f"<Part><PartNumber>{part[0]}</PartNumber><ETag>{part[1].replace(chr(34), '&quot;')}</ETag>" +
                       (f"<{part[2]}>{part[3]}</{part[2]}>" if len(part) > 2 else "") + "</Part>" for part in parts)
        document = f"<CompleteMultipartUpload>{body}</CompleteMultipartUpload>".encode()
        return self.post(bucket, key, f"uploadId={upload}", document, **headers)


def _named(headers):
    """x_amz_meta_color="red" is a header, if_match likewise."""
    return {name.replace("_", "-"): value for name, value in headers.items()}
