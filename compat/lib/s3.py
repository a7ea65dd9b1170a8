"""A small S3 client with the standard library only: what a test needs besides the client it is about.

It makes buckets, turns versioning on, reads old versions where a client has no word for them, and removes buckets from a server
that lives on. Signature Version 4 is made here rather than by an SDK, as a second reading of the documentation.
Source: Amazon S3 API Reference, "Authenticating Requests: Using the Authorization Header".
"""
import datetime
import hashlib
import hmac
import http.client
import os
import ssl
import time
import urllib.parse
import xml.etree.ElementTree

REQUEST_SECONDS = 60
NAMESPACE = "{http://s3.amazonaws.com/doc/2006-03-01/}"


class Refused(Exception):
    def __init__(self, status, body):
        super().__init__(f"{status}: {body[:500]!r}")
        self.status = status


def _escape(text, safe=""):
    return urllib.parse.quote(text, safe=safe + "-_.~")


def _hmac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


class Client:
    """Owned by one thread at a time. `made` are the buckets made here."""

    def __init__(self, endpoint, access_key, secret_key, region="us-east-1", ca=None):
        self.endpoint, self.access_key, self.secret_key, self.region, self.ca = endpoint, access_key, secret_key, region, ca
        self.made = []

    def _signed(self, method, path, query, headers, body):
        now = datetime.datetime.now(datetime.timezone.utc).strftime("%Y%m%dT%H%M%SZ")
        digest = hashlib.sha256(body).hexdigest()
        host = urllib.parse.urlsplit(self.endpoint).netloc
        headers = {**{name.lower(): value for name, value in headers.items()}, "host": host, "x-amz-date": now, "x-amz-content-sha256": digest}
        names = ";".join(sorted(headers))
        canonical = "\n".join([method, path, query, *(f"{name}:{headers[name].strip()}" for name in sorted(headers)), "", names, digest])
        scope = f"{now[:8]}/{self.region}/s3/aws4_request"
        text = "\n".join(["AWS4-HMAC-SHA256", now, scope, hashlib.sha256(canonical.encode()).hexdigest()])
        key = ("AWS4" + self.secret_key).encode()
        for part in scope.split("/"):
            key = _hmac(key, part)
        signature = _hmac(key, text).hex()
        headers["authorization"] = f"AWS4-HMAC-SHA256 Credential={self.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
        return headers

    def request(self, method, bucket="", key="", query=None, headers=None, body=b""):
        """Returns (status, headers, body). Raises Refused above 299."""
        path = "/" + _escape(bucket) + ("/" + _escape(key, "/") if key else "")
        text = "&".join(f"{_escape(name)}={_escape(str(value))}" for name, value in sorted((query or {}).items()))
        parts = urllib.parse.urlsplit(self.endpoint)
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(parts.netloc, timeout=REQUEST_SECONDS, context=ssl.create_default_context(cafile=self.ca))
        else:
            connection = http.client.HTTPConnection(parts.netloc, timeout=REQUEST_SECONDS)
        try:
            connection.request(method, path + ("?" + text if text else ""), body, self._signed(method, path, text, headers or {}, body))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status > 299:
            raise Refused(answer.status, content)
        return answer.status, answer.headers, content

    def bucket(self, name, versioned=False):
        """A new bucket with a name of its own."""
        name = f"{name}-{os.getpid()}-{time.time_ns() % 10**10:x}"
        self.request("PUT", name)
        self.made.append(name)
        if versioned:
            self.version(name)
        return name

    def version(self, bucket, status="Enabled"):
        body = f'<VersioningConfiguration xmlns="{NAMESPACE[1:-1]}"><Status>{status}</Status></VersioningConfiguration>'
        self.request("PUT", bucket, query={"versioning": ""}, body=body.encode())

    def versions(self, bucket, prefix=""):
        """[(key, version id, is latest, is delete marker)] as listed: keys in order, the newest version of a key first."""
        found, marker = [], {}
        while True:
            _, _, body = self.request("GET", bucket, query={"versions": "", "prefix": prefix, **marker})
            root = xml.etree.ElementTree.fromstring(body)
            for each in root:
                kind = each.tag.removeprefix(NAMESPACE)
                if kind in ("Version", "DeleteMarker"):
                    found.append((each.findtext(NAMESPACE + "Key"), each.findtext(NAMESPACE + "VersionId"),
                                  each.findtext(NAMESPACE + "IsLatest") == "true", kind == "DeleteMarker"))
            if root.findtext(NAMESPACE + "IsTruncated") != "true":
                return found
            marker = {"key-marker": root.findtext(NAMESPACE + "NextKeyMarker"), "version-id-marker": root.findtext(NAMESPACE + "NextVersionIdMarker") or ""}

    def get(self, bucket, key, version=None):
        return self.request("GET", bucket, key, {"versionId": version} if version else None)[2]

    def put(self, bucket, key, body, headers=None):
        return self.request("PUT", bucket, key, None, headers, body)[1]

    def clean_up(self):
        """Remove the buckets made here with all they hold."""
        for bucket in self.made:
            try:
                for key, version, _, _ in self.versions(bucket):
                    self.request("DELETE", bucket, key, {"versionId": version})
                self.request("DELETE", bucket)
            except (Refused, OSError) as error:
                print(f"bucket {bucket} stays: {error}", flush=True)
        self.made = []


def check_versions(checks, client, bucket, key, contents):
    """The key was written with `contents` one after the other and then deleted: all are there, newest first, below a delete marker."""
    listed = [each for each in client.versions(bucket, key) if each[0] == key]
    checks.equal("versioned bucket: a delete marker above each version, newest first", [(latest, marker) for _, _, latest, marker in listed],
                 [(True, True)] + [(False, False)] * len(contents))
    old = [client.get(bucket, key, version) for _, version, _, marker in listed if not marker]
    checks.true("versioned bucket: the bytes of every version", old == list(reversed(contents)), f"sizes {[len(each) for each in old]}")
    try:
        client.get(bucket, key)
        checks.true("versioned bucket: the key is gone", False)
    except Refused as error:
        checks.equal("versioned bucket: the key is gone", error.status, 404)
