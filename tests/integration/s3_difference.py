#!/usr/bin/env python3
"""The same requests over S3 to Skerry and to radosgw. Answers may differ only as s3/known_differences.py lists, with its reasons, and what is
listed there must occur. `--topic WORD` runs some of it; `--show` prints every difference, listed or not."""
import contextlib
import email.utils
import http.client
import os
import re
import sys
import time
import xml.etree.ElementTree as ElementTree

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "s3")]
from blobclient import ACCOUNT, KEY as SECRET, Server  # noqa: E402
import difference  # noqa: E402
import known_differences  # noqa: E402
import radosgw  # noqa: E402
from compare import RULES  # noqa: E402
from s3client import S3, quote  # noqa: E402
from table import ANONYMOUS, CHUNKED, KEY, URL  # noqa: E402

TOPICS = ["buckets", "settings", "objects", "names", "reading", "conditions", "deleting", "copies", "multipart", "listing", "versions", "protocol"]
MARKERS = ("NextContinuationToken", "NextMarker", "NextKeyMarker", "NextVersionIdMarker", "NextUploadIdMarker", "NextPartNumberMarker")


class Side:
    """One of the two servers, and what it answered so far."""

    def __init__(self, endpoint, access, secret, revive=lambda: None):
        self.endpoint, self.revive = endpoint, revive
        self.clients = {None: S3(endpoint, access, secret), "nobody": S3(endpoint, None), "unknown": S3(endpoint, "nobody", secret),
                        "wrong": S3(endpoint, access, "wrong")}
        self.etags, self.versions, self.uploads, self.markers = {}, {}, {}, {}

    def fill(self, text, path, quoted=False):
        def value(match):
            word, _, argument = match.group(1).partition(" ")
            name, _, number = argument.partition(" ")
            if word == "version":
                return (self.versions.get(name or path, []) + ["none"] * 9)[int(number or 1) - 1]
            if word == "next":
                return quote(self.markers.get(argument, "none"), "") if quoted else self.markers.get(argument, "none")
            known = {"etag": self.etags, "upload": self.uploads}.get(word)
            if known is not None:
                return known.get(argument or path, '"none"' if word == "etag" else "none")
            return email.utils.formatdate(time.time() + {"now": 0, "past": -86400, "future": 86400}[word], usegmt=True)
        return re.sub(r"<((?:etag|version|upload|next)(?: [^<>]*)?|now|past|future)>", value, text)

    def send(self, row):
        method, _, target = row.request.partition(" ")
        path, _, query = target.partition("?")
        query = self.fill(query, path, quoted=True)
        headers = {name: self.fill(value, path) if isinstance(value, str) else value for name, value in row.headers.items() if value is not None}
        body = self.fill(row.body.decode(), path).encode() if b"<etag" in row.body or b"<version" in row.body else row.body
        try:
            answer = self.perform(row, method, path, query, headers, body)
        except (http.client.HTTPException, OSError) as error:
            self.revive()
            return f"no answer ({type(error).__name__})"
        except ElementTree.ParseError:
            return "a document that is not XML"
        finally:
            for client in self.clients.values():
                client.close()
        answer.endpoint = self.endpoint
        self.remember(answer, path, query)
        return answer

    def perform(self, row, method, path, query, headers, body):
        client = self.clients[row.who]
        if row.sign == ANONYMOUS:
            return self.clients["nobody"].request(method, path, query, body, headers)
        if row.sign == CHUNKED:
            return client.chunked(path, row.chunks, query, headers, method=method, **row.how)
        if row.sign == URL:
            target = client.presign(method, path, query, **row.how)
            return client.send(method, target, {"Content-Length": str(len(body)), **headers} if body or method in ("PUT", "POST") else headers, body or None)
        assert row.sign == KEY
        how = dict(row.how)
        if "at" in how:
            how["at"] += time.time()
        return client.request(method, path, query, body, headers, **how)

    def remember(self, answer, path, query):
        if answer.status >= 300:
            return
        part = re.match(r"partNumber=(\d+)&", query)
        if answer["ETag"] or answer.find("ETag"):
            self.etags[f"{path} {part.group(1)}" if part else path] = answer["ETag"] or answer.find("ETag")
        version = answer["x-amz-version-id"]
        if version and version not in self.versions.setdefault(path, []):
            self.versions[path].append(version)
        if answer.find("UploadId") and answer.xml.tag == "InitiateMultipartUploadResult":
            self.uploads[path] = answer.find("UploadId")
        for name in MARKERS:
            if answer.find(name):
                self.markers[name] = answer.find(name)


@contextlib.contextmanager
def start(folder):
    try:
        peer = radosgw.Radosgw(folder)
    except radosgw.Unavailable as error:
        sys.exit(f"FAILED: radosgw cannot be had: {error}")
    with peer, Server(os.path.join(folder, "skerry")) as server:
        yield Side(server.s3, ACCOUNT, SECRET), Side(peer.endpoint, radosgw.ACCESS, radosgw.SECRET, peer.revive)


if __name__ == "__main__":
    sys.exit(difference.main(TOPICS, known_differences.KNOWN, RULES, start))
