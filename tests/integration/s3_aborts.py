#!/usr/bin/env python3
"""Bodies over S3 that never become whole: clients that go away, lie about the length, or stop sending. Nothing of them is ever visible, and
nothing of them stays: no file, no descriptor, no memory."""
import json
import os
import random
import select
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import BINARY, Client, Server  # noqa: E402
import s3client  # noqa: E402
from s3client import S3  # noqa: E402

MIB = 1 << 20
BIG = 64 * MIB
MADE_AHEAD = 64  # files, open, that the server has ready for those to come: now more, now fewer
PIECE = b"piece" * 13107 + b"!"  # 64 KiB
passed = failed = 0


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {what} {detail!r}", flush=True)


class Signed(S3):
    """Gives what it would send: (head, body)."""

    def send(self, method, target, headers, body=None):
        lines = [f"{method} {target} HTTP/1.1"] + [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines + ["", ""]).encode(), body or b""


def connect(endpoint):
    host, port = endpoint.rsplit(":", 1)
    connection = socket.create_connection((host, int(port)), timeout=30)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def send_all(connection, data):
    """False: the server hung up first, as it may."""
    try:
        connection.sendall(data)
        return True
    except OSError:
        return False


def answer_of(connection):
    """The status of the answer; None when there is none."""
    try:
        data = b""
        while b"\r\n" not in data and (more := connection.recv(65536)):
            data += more
        return int(data.split()[1]) if data else None
    except OSError:
        return None


def big_head(server, key, query="", size=BIG):
    return Signed(server.s3).request("PUT", S3.path("box", key), query, headers={"Content-Length": str(size)}, payload=s3client.UNSIGNED)[0]


def abandon(server, key, size, query="", reset=False):
    """Announces 64 MiB, sends so much, and goes away."""
    with connect(server.s3) as connection:
        send_all(connection, big_head(server, key, query))
        for _ in range(size // len(PIECE)):
            if not send_all(connection, PIECE):
                break
        if reset:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")


# ---- what is there and what is left ----

def files(server):
    return sum(len(names) for _, _, names in os.walk(os.path.join(server.data, "contents")))


def begun_files(server):
    """Those that have bytes, or room for them."""
    paths = (os.path.join(folder, name) for folder, _, names in os.walk(os.path.join(server.data, "contents")) for name in names)
    return sum(os.path.getsize(path) > 0 for path in paths)


def descriptors(server):
    return len(os.listdir(f"/proc/{server.pid}/fd"))


def resident(server):
    with open(f"/proc/{server.pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def comes_to(what, number, limit, seconds=20):
    """Given back a moment later."""
    until = time.monotonic() + seconds
    while (found := number()) > limit and time.monotonic() < until:
        time.sleep(0.1)
    check(what, found <= limit, f"{found} where {limit} were")


def absent(what, server, s3, key):
    check(f"{what}: not there over S3", s3.get("box", key).status == 404)
    check(f"{what}: not there over Blob", Client(server.blob).get_blob("box", key).status == 404)
    check(f"{what}: not listed", key not in s3.request("GET", "/box", "list-type=2").all("Contents/Key"))


def garbage(server):
    result = subprocess.run([BINARY, "fsck", server.data, "--verify", "--json"], capture_output=True, text=True)
    return result.returncode, json.loads(result.stdout.splitlines()[-1])["garbage_files"]


# ---- ways to fail ----

def disconnects(server, s3, upload):
    for size in (0, 1 * MIB, 9 * MIB):
        for reset in (False, True):
            what = f"gone after {size} bytes{', with a reset' if reset else ''}"
            abandon(server, "gone", size, reset=reset)
            absent(what, server, s3, "gone")
            abandon(server, "open", size, f"partNumber=2&uploadId={upload}", reset)
            check(f"{what}: no part", s3.get("box", "open", f"uploadId={upload}").all("Part/PartNumber") == ["1"])


def in_a_chunk(server, s3, upload):
    for query, key in (("", "gone"), (f"partNumber=2&uploadId={upload}", "open")):
        head, body = Signed(server.s3).chunked(S3.path("box", key), [PIECE] * 40, query)
        for cut in (10, 30_000, len(body) // 2, len(body) - 90, len(body) - 3):  # in a header, a chunk, the last chunk's header, the end
            for ending in ("close", "half"):
                with connect(server.s3) as connection:
                    send_all(connection, head + body[:cut])
                    if ending == "half":
                        connection.shutdown(socket.SHUT_WR)
                        check(f"{key}: cut at {cut} and half closed", answer_of(connection) in (None, 400))
    absent("cut in a chunk", server, s3, "gone")
    check("cut in a chunk: no part", s3.get("box", "open", f"uploadId={upload}").all("Part/PartNumber") == ["1"])


def in_a_form(server, s3):
    """A browser that goes away: in the fields, in the file, in the last boundary."""
    body = s3client.multipart(s3.form("box", [("key", "gone")]), PIECE * 100)
    head = (f"POST /box HTTP/1.1\r\nHost: {server.s3}\r\nContent-Type: multipart/form-data; boundary={s3client.BOUNDARY}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode()
    for cut in (100, 1500, 30_000, len(body) // 2, len(body) - 30, len(body) - 5, len(body) - 1):
        for ending in ("close", "half", "reset"):
            with connect(server.s3) as connection:
                send_all(connection, head + body[:cut])
                if ending == "half":
                    connection.shutdown(socket.SHUT_WR)
                    check(f"a form cut at {cut} and half closed", answer_of(connection) in (None, 400))
                elif ending == "reset":
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    for cut in (len(body) // 2, len(body) - 5):  # of the announced length, but no whole form
        check(f"a form that ends at {cut}", s3.post_form("box", None, body=body[:cut]).code == "MalformedPOSTRequest")
    absent("cut in a form", server, s3, "gone")


def wrong_lengths(server, s3):
    """What is announced of the decoded body is not what comes."""
    for announced in (0, len(PIECE) - 1, len(PIECE) * 40 - 1, len(PIECE) * 40 + 1, BIG):
        for payload in (s3client.CHUNKS, s3client.CHUNKS_UNSIGNED_TRAILER):
            answer = s3.chunked("/box/gone", [PIECE] * 40, length=announced, payload=payload)
            check(f"{announced} bytes announced, {payload}", answer.status == 400 and answer.code == "IncompleteBody", answer)
    head, body = Signed(server.s3).chunked("/box/gone", [PIECE] * 40)
    with connect(server.s3) as connection:  # the wire's own length is short by the last chunk
        short = head.replace(f"Content-Length: {len(body)}".encode(), f"Content-Length: {len(body) - 88}".encode())
        send_all(connection, short + body[:-88])
        check("a body without its last chunk", answer_of(connection) == 400)
    absent("wrong lengths", server, s3, "gone")


def slow(server, s3, upload):
    """Ten clients that stop in the middle; the server's patience is one second (see main)."""
    connections = []
    for i in range(10):
        connection = connect(server.s3)
        send_all(connection, big_head(server, "gone", f"partNumber=2&uploadId={upload}" if i % 2 else "") if i < 6
                 else Signed(server.s3).chunked("/box/gone", [PIECE] * 4)[0])
        send_all(connection, PIECE[:1000 * i] if i < 6 else b"10000;chunk-signature=")
        connections.append(connection)
    until = time.monotonic() + 15
    waiting = set(connections)
    while waiting and time.monotonic() < until:
        for connection in select.select(list(waiting), [], [], 0.5)[0]:
            try:
                ended = connection.recv(65536) == b""
            except OSError:
                ended = True
            if ended:
                waiting.discard(connection)
    check("slow clients are cut", not waiting, len(waiting))
    for connection in connections:
        connection.close()
    absent("slow clients", server, s3, "gone")


def many(server, s3, count=200):
    """Descriptors, files and memory after many abandoned uploads are what they were after a few."""
    chance = random.Random(1)
    for i in range(30):
        abandon(server, "gone", chance.randrange(6 * MIB))
    time.sleep(1)
    before_fds, before_files, before_bytes = descriptors(server), files(server), resident(server)
    for i in range(count):
        abandon(server, "gone", chance.randrange(8 * MIB), reset=i % 2 == 0)
    comes_to(f"descriptors after {count} abandoned uploads", lambda: descriptors(server), before_fds + MADE_AHEAD)
    comes_to(f"files after {count} abandoned uploads", lambda: files(server), before_files + MADE_AHEAD)
    comes_to(f"memory after {count} abandoned uploads", lambda: resident(server) // MIB, before_bytes // MIB + 32)
    print(f"{count} abandoned uploads of 64 MiB: {before_fds} -> {descriptors(server)} descriptors, {before_files} -> {files(server)} files, "
          f"{before_bytes // MIB} -> {resident(server) // MIB} MiB resident", flush=True)
    absent("many abandoned uploads", server, s3, "gone")


def killed(server, s3):
    """Bodies that are under way when the server is killed: their files are garbage, and are found when it starts again."""
    connections = [connect(server.s3) for _ in range(20)]
    upload = s3.create_upload("box", "killed")
    for i, connection in enumerate(connections):
        send_all(connection, big_head(server, f"killed{i}") if i % 2 else big_head(server, "killed", f"partNumber={i + 1}&uploadId={upload}"))
        for _ in range(32):
            send_all(connection, PIECE)
    comes_to("bodies are on their way to files", lambda: 10 - begun_files(server), 0)
    server.kill()
    for connection in connections:
        connection.close()
    code, left = garbage(server)
    check("killed with bodies under way: fsck is clean", code == 0)
    check("killed with bodies under way: there was garbage to remove", left > 0, left)
    server.start()
    s3 = S3(server.s3)
    for i in range(1, 20, 2):
        check(f"killed{i} is not there", s3.get("box", f"killed{i}").status == 404)
    check("no part of the upload is there", s3.get("box", "killed", f"uploadId={upload}").all("Part/PartNumber") == [])
    check("the upload goes on", s3.upload_part("box", "killed", upload, 1, PIECE).status == 200)
    time.sleep(1)
    server.stop()
    code, left = garbage(server)
    check("started again: fsck is clean", code == 0)
    check("started again: no garbage is left", left == 0, left)


def main():
    os.environ.setdefault("ASAN_OPTIONS", "quarantine_size_mb=8")  # what is freed shall not look like a leak
    with tempfile.TemporaryDirectory(prefix="skerry-aborts-") as folder:
        server = Server(os.path.join(folder, "data"), "--body-timeout", "1s").start()
        s3 = S3(server.s3)
        s3.create_bucket("box")
        upload = s3.create_upload("box", "open")
        part = s3.upload_part("box", "open", upload, 1, PIECE)
        disconnects(server, s3, upload)
        in_a_chunk(server, s3, upload)
        in_a_form(server, s3)
        wrong_lengths(server, s3)
        slow(server, s3, upload)
        check("the upload completes after all that", s3.complete("box", "open", upload, [(1, part["ETag"])]).status == 200)
        check("and is whole", s3.get("box", "open").body == PIECE)
        many(server, s3)
        server.stop()
        code, left = garbage(server)
        check("fsck is clean", code == 0)
        check("no garbage is left", left == 0, left)
        server.start()
        killed(server, S3(server.s3))
    print(f"s3_aborts: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
