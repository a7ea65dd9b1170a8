#!/usr/bin/env python3
"""The same requests to Skerry and to Azurite. Answers may differ only as azurite/known_differences.py lists, with its reasons, and what is
listed there must occur. `--topic WORD` runs some of it; `--show` prints every difference, listed or not."""
import argparse
import email.utils
import http.client
import importlib
import os
import re
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "azurite")]
from azurite import Azurite, Unavailable  # noqa: E402
from blobclient import VERSION, Client, Server  # noqa: E402
import known_differences  # noqa: E402
from compare import differences  # noqa: E402
from table import ANONYMOUS, KEY, LITE  # noqa: E402

TOPICS = ["service", "containers", "blobs", "blocks", "reading", "listing", "copies", "conditions", "access", "names", "protocol"]


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


def replay(topic, sides):
    """Yields (name of the row, what differs). What a row needs must succeed on both sides."""
    module = importlib.import_module(topic)
    for row in module.ROWS:
        for needed in (*getattr(module, "BEFORE", ()), *row.before) if row is module.ROWS[0] else row.before:
            answers = [side.send(needed) for side in sides]
            for side, answer in zip(sides, answers):
                if isinstance(answer, str) or answer.status >= 300:
                    raise RuntimeError(f"{topic}: {row.name}: {needed.request} on {side.endpoint}: {answer!r} {getattr(answer, 'body', '')}")
        yield f"{topic}: {row.name}", differences(*(side.send(row) for side in sides))


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--topic", action="append", choices=TOPICS)
    arguments.add_argument("--show", action="store_true")
    options = arguments.parse_args()
    rows, unexpected, names = 0, 0, set()
    book = known_differences.Book()
    with tempfile.TemporaryDirectory(prefix="skerry-azurite-") as folder:
        try:
            azurite = Azurite(folder)
        except Unavailable as error:
            sys.exit(f"FAILED: Azurite cannot be had: {error}")
        with azurite, Server(os.path.join(folder, "skerry")) as server:
            sides = Side(server.blob), Side(azurite.endpoint)
            for topic in options.topic or TOPICS:
                for name, found in replay(topic, sides):
                    rows += 1
                    if name in names:
                        raise RuntimeError(f"two rows are called {name}")
                    names.add(name)
                    for text in found:
                        listed = book.lists(name, text)
                        unexpected += not listed
                        if options.show or not listed:
                            print(f"{'listed' if listed else 'DIFFERS'}: {name}: {text}", flush=True)
    stale = [] if options.topic else book.unused()
    for text in stale:
        print(f"LISTED BUT GONE: {text}")
    print(f"{rows} rows; {book.summary()}; {unexpected} differences that are not listed, {len(stale)} listed that did not occur")
    return 1 if unexpected or stale else 0


if __name__ == "__main__":
    sys.exit(main())
