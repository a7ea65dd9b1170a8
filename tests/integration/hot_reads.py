#!/usr/bin/env python3
"""Bytes that are sent from where they lie in memory, against the real program: the right ones to whoever reads them in whatever way, never a
wrong one where a file is damaged under way, and the server goes on whatever the client does."""
import glob
import os
import random
import socket
import sys
import tempfile
import threading
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import Client, Server  # noqa: E402
from certificates import Authority  # noqa: E402
from s3client import S3  # noqa: E402

MIB = 1 << 20
SIZE = 12 * MIB + 4321
passed = failed = 0


def check(what, truth, detail=""):
    global passed, failed
    if truth:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what} {detail!r}", flush=True)


class Stage:
    """A server with objects, each of other bytes, all of them read once, so that they are in memory and mapped."""

    def __init__(self, folder, authority=None):
        self.server = Server(os.path.join(folder, "data"), authority=authority).start()
        self.tls = authority and authority.context()
        self.s3 = S3(self.server.s3, tls=self.tls)
        self.bodies = {}
        assert self.s3.create_bucket("hot").status == 200

    def file_of(self, key):
        """The content file that has exactly its bytes."""
        for path in glob.glob(os.path.join(self.server.data, "contents", "*", "*", "*")):
            if os.path.getsize(path) == len(self.bodies[key]):
                with open(path, "rb") as file:
                    if file.read() == self.bodies[key]:
                        return path
        raise KeyError(key)

    def put(self, key, size):
        self.bodies[key] = random.Random(key).randbytes(size)
        assert self.s3.put("hot", key, self.bodies[key]).status == 200
        self.warm(key)

    def put_parts(self, key, sizes):
        self.bodies[key] = random.Random(key).randbytes(sum(sizes))
        upload, at, parts = self.s3.create_upload("hot", key), 0, []
        for number, size in enumerate(sizes, 1):
            answer = self.s3.upload_part("hot", key, upload, number, self.bodies[key][at:at + size])
            parts.append((number, answer["ETag"]))
            at += size
        assert self.s3.complete("hot", key, upload, parts).status == 200
        self.warm(key)

    def warm(self, key):
        for _ in range(2):
            assert self.s3.get("hot", key).body == self.bodies[key], f"{key} is not what was put"

    def metric(self, name):
        scheme = "https" if self.tls else "http"
        with urllib.request.urlopen(f"{scheme}://{self.server.admin}/metrics", timeout=30, context=self.tls) as answer:
            for line in answer.read().decode().splitlines():
                if line.startswith(f"skerry_{name} "):
                    return float(line.split()[1])
        raise KeyError(name)

    def lent(self):
        return self.metric("store_lent_bytes_total")

    def connect(self, receive_bytes=0):
        host, port = self.server.s3.rsplit(":", 1)
        raw = socket.socket()
        if receive_bytes:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        raw.settimeout(60)
        raw.connect((host, int(port)))
        return raw

    def head_of(self, key, extra="", method="GET", version="1.1"):
        target = self.s3.presign(method, S3.path("hot", key))
        return f"{method} {target} HTTP/{version}\r\nHost: {self.server.s3}\r\n{extra}\r\n".encode()


def read_head(stream):
    """Status and Content-Length of an answer in a file of bytes."""
    status, length = int(stream.readline().split()[1]), None
    while (line := stream.readline()) not in (b"\r\n", b""):
        if line.lower().startswith(b"content-length:"):
            length = int(line.split(b":")[1])
    return status, length


def ranges(stage, key):
    """Over S3 and, of the same object, over Blob."""
    blob, body, chance = Client(stage.server.blob), stage.bodies[key], random.Random(1)
    before = stage.lent()
    for _ in range(60):
        first = chance.randrange(len(body) - 600000)
        last = first + chance.randrange(400000, 600000)
        check(f"S3 range {first}-{last}", stage.s3.get("hot", key, Range=f"bytes={first}-{last}").body == body[first:last + 1])
        check(f"Blob range {first}-{last}", blob.get_blob("hot", key, Range=f"bytes={first}-{last}").body == body[first:last + 1])
    check("whole over Blob", blob.get_blob("hot", key).body == body)
    check("ranges of what is in memory were lent", stage.lent() - before > 60 * 2 * 400000, stage.lent() - before)
    blob.close()


def pipelined(stage):
    """Answers on one connection follow each other exactly."""
    keys = ["whole", "small", "parts", "whole", "small", "odd"]
    with stage.connect() as raw, raw.makefile("rb") as stream:
        raw.sendall(b"".join(stage.head_of(key) for key in keys))
        for key in keys:
            status, length = read_head(stream)
            check(f"pipelined {key}", (status, stream.read(length)) == (200, stage.bodies[key]))
        raw.sendall(stage.head_of("whole", method="HEAD") + stage.head_of("odd"))
        check("HEAD in between", read_head(stream) == (200, len(stage.bodies["whole"])))
        check("and its next", stream.read(read_head(stream)[1]) == stage.bodies["odd"])
    with stage.connect() as raw, raw.makefile("rb") as stream:
        raw.sendall(stage.head_of("whole", version="1.0"))
        status, _ = read_head(stream)
        check("HTTP/1.0", (status, stream.read()) == (200, stage.bodies["whole"]))


def slow(stage):
    """Who reads so slowly that bytes lie about, and are looked at again before they are sent."""
    body, before = stage.bodies["whole"], stage.lent()
    for receive_bytes in (4096, 65536, 0):
        with stage.connect(receive_bytes) as raw, raw.makefile("rb", buffering=0) as stream:
            raw.sendall(stage.head_of("whole"))
            _, length = read_head(stream)
            got, pauses = bytearray(), 0
            while len(got) < length:
                piece = stream.read(min(200000, length - len(got)))
                if not piece:
                    break
                got += piece
                if len(got) > (pauses + 1) * MIB:
                    pauses += 1
                    time.sleep(0.08)  # it is what the client does
            check(f"a slow client with {receive_bytes or 'the usual'} bytes to receive into", got == body)
    check("slow clients are lent to for a while", 0 < stage.lent() - before < 3 * len(body) - 6 * MIB, stage.lent() - before)


def small_windows(stage):
    """Senders and receivers that would wait for each other's acknowledgements take seconds, or minutes."""
    for receive_bytes in (2304, 8192, 32768, 131072, 1 << 20):
        begin = time.monotonic()
        with stage.connect(receive_bytes) as raw, raw.makefile("rb") as stream:
            raw.sendall(stage.head_of("odd"))
            _, length = read_head(stream)
            check(f"a window of {receive_bytes}", stream.read(length) == stage.bodies["odd"])
        print(f"window of {receive_bytes}: {len(stage.bodies['odd']) / (time.monotonic() - begin) / 1e6:.0f} MB/s", flush=True)


def leaving(stage):
    """Clients that go away in the middle of a body."""
    for i in range(30):
        raw = stage.connect()
        raw.sendall(stage.head_of("whole"))
        if i % 3:
            raw.recv(i * 30000)
        if i % 2:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")  # a reset
        raw.close()
    before = stage.lent()
    check("others are served", stage.s3.get("hot", "whole").body == stage.bodies["whole"])
    check("and lent to", stage.lent() - before > SIZE - 2 * MIB)


def together(stage):
    """Many at once, each on a connection of its own."""
    errors = []

    def run(number):
        s3, chance = S3(stage.server.s3), random.Random(number)
        for _ in range(6):
            key = chance.choice(["whole", "parts", "odd", "small"])
            if s3.get("hot", key).body != stage.bodies[key]:
                errors.append(key)
        s3.close()

    threads = [threading.Thread(target=run, args=(number,)) for number in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check("all right bytes", not errors, errors)


def damaged(stage, what, harm):
    """A file that is harmed while it is sent: what comes is right as far as it goes, and it does not go on."""
    key = f"harmed-{what}"
    stage.put(key, SIZE)
    body, path = stage.bodies[key], stage.file_of(key)
    failures = stage.metric("store_checksum_failures_total")
    with stage.connect(65536) as raw, raw.makefile("rb", buffering=0) as stream:
        raw.sendall(stage.head_of(key))
        _, length = read_head(stream)
        got = bytearray()
        while len(got) < MIB:
            got += stream.read(MIB - len(got))
        harm(path, body)
        time.sleep(0.08)  # longer than bytes may lie about
        try:
            while len(got) < length and (piece := stream.read(MIB)):
                got += piece
        except ConnectionError:
            pass
    check(f"{what}: no wrong byte", got == body[:len(got)])
    check(f"{what}: the body is short", len(got) < length, len(got))
    answer = stage.s3.get("hot", "odd")
    check(f"{what}: the server goes on", answer.status == 200 and answer.body == stage.bodies["odd"])
    return stage.metric("store_checksum_failures_total") - failures


def change_ahead(path, body):
    with open(path, "r+b") as file:
        file.seek(9 * MIB)
        file.write(bytes([body[9 * MIB] ^ 1]))


def change_all(path, body):
    """Also what is lent at this moment."""
    with open(path, "r+b") as file:
        file.write(bytes(byte ^ 255 for byte in body))


def cut(path, body):
    os.truncate(path, MIB)


def encrypted(folder):
    """Over TLS everything is copied, since it is encrypted on the way."""
    os.mkdir(os.path.join(folder, "tls"))
    stage = Stage(os.path.join(folder, "tls"), Authority(folder))
    stage.put("whole", SIZE)
    check("over TLS nothing is lent", stage.lent() == 0, stage.lent())
    stage.s3.close()
    stage.server.stop()


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-hot-") as folder:
        stage = Stage(folder)
        stage.put("whole", SIZE)
        stage.put("odd", 3 * MIB + 65537)
        stage.put("small", 700)
        stage.put_parts("parts", [5 * MIB + 17, 5 * MIB, 6 * MIB + 99, 1])
        check("what is in memory is lent", stage.lent() > SIZE, stage.lent())
        ranges(stage, "whole")
        ranges(stage, "parts")
        pipelined(stage)
        slow(stage)
        small_windows(stage)
        leaving(stage)
        together(stage)
        check("a change ahead is counted", damaged(stage, "changed ahead", change_ahead) > 0)
        damaged(stage, "all changed", change_all)
        damaged(stage, "cut", cut)
        check("at the end it is lent as before", (before := stage.lent()) and stage.s3.get("hot", "whole").body == stage.bodies["whole"]
              and stage.lent() - before > SIZE - MIB)
        stage.s3.close()
        stage.server.stop()
        encrypted(folder)
    print(f"hot reads: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
