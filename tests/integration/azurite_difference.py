#!/usr/bin/env python3
"""The same requests to Skerry and to Azurite. Answers may differ only as azurite/known_differences.py lists, with its reasons, and what is
listed there must occur. `--topic WORD` runs some of it; `--show` prints every difference, listed or not."""
import contextlib
import email.utils
import http.client
import os
import re
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "azurite")]
from azurite import Azurite, Unavailable  # noqa: E402
from blobclient import VERSION, Client, Server  # noqa: E402
import difference  # noqa: E402
import known_differences  # noqa: E402
from compare import RULES  # noqa: E402
from table import ANONYMOUS, KEY, LITE  # noqa: E402

TOPICS = ["service", "containers", "blobs", "blocks", "reading", "listing", "copies", "conditions", "tags", "access", "names", "protocol"]


class Side:
    """One of the two servers, and what it answered so far."""

    def __init__(self, endpoint):
        self.client = Client(endpoint)
        self.endpoint = endpoint
        self.etags, self.marker, self.copy_id = {}, "none", "none"

    def fill(self, text, path):
        def value(match):
            word, _, argument = match.group(1).partition(" ")
            if word == "etag":
                return self.etags.get(argument or path, '"none"')
            if word == "url":
                return f"http://{self.endpoint}/{self.client.account}{argument}"
            return {"marker": self.marker, "id": self.copy_id, "now": date(0), "past": date(-86400), "future": date(86400)}[word]
        return re.sub(r"<((?:etag|url)(?: [^>]*)?|marker|id|now|past|future)>", value, text)

    def send(self, row):
        method, _, target = row.request.partition(" ")
        path, _, query = self.fill(target, "").partition("?")
        headers = {name: value if value is None else self.fill(value, path) for name, value in row.headers.items()}
        body = row.body
        if b"<url " in body:
            body = self.fill(body.decode(), path).encode()
        try:
            answer = self.perform(row.sign, method, path, query, headers, body)
        except (http.client.HTTPException, OSError) as error:
            return f"no answer ({type(error).__name__})"
        finally:
            self.client.close()
        answer.endpoint = self.endpoint
        if answer.status < 300:
            self.etags[path] = answer.headers.get("ETag", self.etags.get(path))
            self.copy_id = answer.headers.get("x-ms-copy-id", self.copy_id)
        marker = re.search(rb"<NextMarker>([^<]+)</NextMarker>", answer.body)
        if marker:
            self.marker = marker.group(1).decode()
        return answer

    def perform(self, sign, method, path, query, headers, body):
        if sign in (KEY, LITE):
            return self.client.request(method, path, query, body, headers, lite=sign == LITE)
        if sign != ANONYMOUS:
            query = "&".join(part for part in (query, sign) if part)
        if body or method in ("PUT", "POST"):
            headers = {"Content-Length": str(len(body)), **headers}
        headers = {name: value for name, value in {"x-ms-version": VERSION, **headers}.items() if value is not None}
        return self.client.send(method, f"/{self.client.account}{path}" + ("?" + query if query else ""), headers, body or None)


def date(offset_s):
    return email.utils.formatdate(time.time() + offset_s, usegmt=True)


@contextlib.contextmanager
def start(folder):
    try:
        azurite = Azurite(folder)
    except Unavailable as error:
        sys.exit(f"FAILED: Azurite cannot be had: {error}")
    with azurite, Server(os.path.join(folder, "skerry")) as server:
        yield Side(server.blob), Side(azurite.endpoint)


if __name__ == "__main__":
    sys.exit(difference.main(TOPICS, known_differences.KNOWN, RULES, start))
