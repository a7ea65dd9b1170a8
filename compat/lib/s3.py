"""What a test of S3 needs besides the client that it is about: buckets made and removed, versioning turned on, old versions read where a
client has no word for them. Without a library in between: on the S3 client of the integration tests.
"""
import http.client
import os
import ssl
import sys
import time
import urllib.parse
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests" / "lib"))
import s3client  # noqa: E402


class Refused(Exception):
    def __init__(self, answer):
        super().__init__(repr(answer))
        self.status = answer.status


class Client(s3client.S3):
    """Owned by one thread at a time. `url` begins with the scheme, `made` are the buckets made here."""

    def __init__(self, url, access, secret, region, ca=None):
        super().__init__(url.split("://")[1], access, secret, region)
        self.url, self.ca, self.made = url, ca, []

    def send(self, method, target, headers, body=None):
        """One connection a request: a test may think long in between. Raises Refused above 299."""
        if self.url.startswith("https:"):
            self.connection = http.client.HTTPSConnection(self.endpoint, timeout=self.timeout, context=ssl.create_default_context(cafile=self.ca))
        try:
            answer = super().send(method, target, headers, body)
        finally:
            self.close()
        if answer.status > 299:
            raise Refused(answer)
        return answer

    def bucket(self, name, versioned=False):
        """A new bucket with a name of its own."""
        name = f"{name}-{os.getpid()}-{time.time_ns() % 10**10:x}"
        self.create_bucket(name)
        self.made.append(name)
        if versioned:
            self.set_versioning(name, "Enabled")
        return name

    def versions(self, bucket, prefix=""):
        """[(key, version id, is latest, is delete marker)] as listed: keys in order, the newest version of a key first."""
        found, marker = [], {}
        while True:
            text = urllib.parse.urlencode({"versions": "", "prefix": prefix, **marker}, quote_via=urllib.parse.quote)
            answer = self.request("GET", self.path(bucket), text)
            for each in answer.xml:
                if each.tag in ("Version", "DeleteMarker"):
                    found.append((each.findtext("Key"), each.findtext("VersionId"), each.findtext("IsLatest") == "true", each.tag == "DeleteMarker"))
            if answer.find("IsTruncated") != "true":
                return found
            marker = {"key-marker": answer.find("NextKeyMarker"), "version-id-marker": answer.find("NextVersionIdMarker") or ""}

    def read(self, bucket, key, version=None):
        return self.get(bucket, key, f"versionId={version}" if version else "").body

    def clean_up(self):
        """Remove the buckets made here with all they hold."""
        for bucket in self.made:
            try:
                for key, version, _, _ in self.versions(bucket):
                    self.delete(bucket, key, f"versionId={version}")
                self.request("DELETE", self.path(bucket))
            except (Refused, OSError) as error:
                print(f"bucket {bucket} stays: {error}", flush=True)
        self.made = []


def check_versions(checks, client, bucket, key, contents):
    """The key was written with `contents` one after the other and then deleted: all are there, newest first, below a delete marker."""
    listed = [each for each in client.versions(bucket, key) if each[0] == key]
    checks.equal("versioned bucket: a delete marker above each version, newest first", [(latest, marker) for _, _, latest, marker in listed],
                 [(True, True)] + [(False, False)] * len(contents))
    old = [client.read(bucket, key, version) for _, version, _, marker in listed if not marker]
    checks.true("versioned bucket: the bytes of every version", old == list(reversed(contents)), f"sizes {[len(each) for each in old]}")
    try:
        client.read(bucket, key)
        checks.true("versioned bucket: the key is gone", False)
    except Refused as error:
        checks.equal("versioned bucket: the key is gone", error.status, 404)
