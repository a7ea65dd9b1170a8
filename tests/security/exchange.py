"""One request as an exchange: bodies with back-pressure, early replies, 100-continue, streams, deadlines, limits, draining."""
import hashlib
import select
import socket
import struct
import subprocess
import sys
import threading
import time

from raw import TLS, Server, check, finish

PROGRAM = sys.argv[1]
BODY = bytes(range(256)) * 1024  # 256 KiB
MD5 = hashlib.md5(BODY).hexdigest()


def request(method, target, headers=b"", body=b""):
    return b"%s %s HTTP/1.1\r\nHost: t\r\n%s\r\n%s" % (method, target, headers, body)


def put(target, body, headers=b""):
    return request(b"PUT", target, headers + b"Content-Length: %d\r\n" % len(body), body)


def chunked(body, size):
    parts = [body[i:i + size] for i in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in parts) + b"0\r\n\r\n"


def until(condition, what, seconds=5):
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            check(False, what)
            return
        select.select([], [], [], 0.01)


def alive(client, name):
    client.send(request(b"GET", b"/echo-next"))
    response = client.response()
    check(response is not None and response.status == 200 and response.json()["target"] == "/echo-next", f"{name}: next request")


def bodies(server):
    for path in (b"/echo", b"/paused", b"/collect"):
        for size in (1, 1000, 1001, 65536, len(BODY)):
            expected = hashlib.md5(BODY[:size]).hexdigest()
            with server.connect() as client:
                for raw in (put(path, BODY[:size]),
                            request(b"PUT", path, b"Transfer-Encoding: chunked\r\n", chunked(BODY[:size], 777)),
                            request(b"PUT", path, b"Transfer-Encoding: chunked\r\n", chunked(BODY[:size], 100000))):
                    client.send(raw)
                    response = client.response()
                    check(response and response.status == 200 and response.json()["md5"] == expected and
                          response.json()["body"] == size, f"{path} of {size}: {response and response.body[-150:]}")
    with server.connect() as client:  # pipelined, with a paused body in the middle
        client.send(put(b"/paused", BODY[:30000]) + request(b"GET", b"/echo-next") + put(b"/echo", b"x") * 20)
        check(client.response().json()["body"] == 30000, "pipelined: first")
        check(client.response().json()["target"] == "/echo-next", "pipelined: second")
        for _ in range(20):
            check(client.response().json()["body"] == 1, "pipelined: later")


def limits(server):
    with server.connect() as client:
        client.send(put(b"/limit/10", b"0123456789"))
        check(client.response().status == 200, "limit: exactly")
        client.send(put(b"/limit/10", b"0123456789a"))
        check(client.response().status == 413, "limit: one more")
        alive(client, "limit")
        client.send(request(b"PUT", b"/limit/10", b"Content-Length: 11\r\nExpect: 100-continue\r\n"))
        check(client.response().status == 413, "limit: answered without 100")
        check(client.ended(), "limit: the body that was not sent makes the connection end")
    before = server.stats()
    with server.connect() as client:
        client.send(request(b"PUT", b"/limit/10", b"Transfer-Encoding: chunked\r\n", chunked(BODY[:5000], 8)))
        check(client.response().status == 413, "limit: chunked")
        alive(client, "limit: chunked")
        client.send(put(b"/collect", b"x" * (1 << 20) + b"y"))
        check(client.response().status == 413, "limit: collected")
    after = server.stats()
    check(after["aborted"] == before["aborted"] + 1, "limit: the sink of the chunked body is told")


def early(server):
    for size, kept in ((10, True), (60000, True), (1 << 20, False), (32 << 20, False)):
        with server.connect() as client:
            if kept:  # small enough for the kernel's buffers: no thread, which OpenSSL does not like beside another on one connection
                client.send(put(b"/early/403", b"x" * size))
                response = client.response()
            else:
                sender = threading.Thread(target=client.send, args=(put(b"/early/403", b"x" * size),))
                sender.start()
                response = client.response()
                sender.join()
            check(response is not None and response.status == 403, f"early reply to {size} bytes arrives")
            if kept:
                alive(client, f"early reply to {size} bytes")
            else:
                check(response.header("Connection") == "close" and client.ended(), f"early reply to {size} bytes closes")
    with server.connect() as client:  # too long to drain
        client.send(request(b"PUT", b"/early/403", b"Content-Length: 1000000000000\r\n"))
        response = client.response()
        check(response.status == 403 and response.header("Connection") == "close" and client.ended(), "early reply to 1 TB")


def expect(server):
    for path in (b"/echo", b"/paused", b"/collect"):
        with server.connect() as client:
            for _ in range(3):
                client.send(request(b"PUT", path, b"Content-Length: 5\r\nExpect: 100-continue\r\n"))
                check(client.response().status == 100, f"{path}: 100 comes first")
                client.send(b"hello")
                response = client.response()
                check(response.status == 200 and response.json()["body"] == 5, f"{path}: the reply after 100")
    with server.connect() as client:  # a client that does not wait
        client.send(put(b"/echo", b"hello", b"Expect: 100-continue\r\n"))
        response = client.response()
        if response.status == 100:
            response = client.response()
        check(response.status == 200 and response.json()["body"] == 5, "a client that does not wait for 100")
        alive(client, "a client that does not wait for 100")
    with server.connect() as client:
        client.send(request(b"PUT", b"/early/403", b"Content-Length: 5\r\nExpect: 100-continue\r\n"))
        response = client.response()
        check(response.status == 403 and response.header("Connection") == "close", "early reply instead of 100")
        check(client.ended(), "early reply instead of 100 closes")
    with server.connect() as client:  # botocore asks with an empty body too
        client.send(request(b"PUT", b"/echo", b"Content-Length: 0\r\nExpect: 100-continue\r\n"))
        response = client.response()
        if response.status == 100:
            response = client.response()
        check(response.status == 200, "expect with an empty body")
        alive(client, "expect with an empty body")
    for headers in (b"Content-Length: 5\r\nExpect: 100-continue\r\n", b"Content-Length: 5\r\n", b""):  # decides later
        with server.connect() as client, server.connect() as other:
            client.send(request(b"PUT", b"/hold", headers))
            check(client.quiet(0.2), f"a handler that decides later sends nothing: {headers}")
            other.send(request(b"GET", b"/release"))
            check(other.response().body == b"released", "released")
            if headers == b"Content-Length: 5\r\n":
                client.send(b"hello")
            response = client.response()
            check(response.status == 403 and response.body == b"held", f"a handler that decides later: {headers}")
            if b"Expect" in headers:
                check(client.ended(), "a handler that decided against the body closes")
            else:
                alive(client, f"a handler that decides later: {headers}")


def responses(server):
    for path in (b"/bytes/", b"/memory/", b"/stalling/"):
        for size in (0, 1, 4096, 1048575, 1048577, 5000000):
            with server.connect() as client:
                for method in (b"GET", b"HEAD", b"GET"):
                    client.send(request(method, path + b"%d" % size))
                    response = client.response(method.decode())
                    check(response.status == 200 and response.header("Content-Length") == str(size), f"{path}{size} {method}")
                    pattern = bytes(ord("a") + i % 4096 % 26 for i in range(4096))
                    if method == b"GET":
                        check(response.body == (pattern * (size // 4096 + 1))[:size], f"{path}{size}: content")
    with server.connect() as client:
        client.send(request(b"HEAD", b"/head"))
        check(client.response("HEAD").header("Content-Length") == str(1 << 40), "HEAD of a large object")
        for status in (204, 304, 404, 500):
            client.send(request(b"GET", b"/status/%d" % status))
            response = client.response()
            check(response.status == status and response.body == (b"" if status < 400 else b"body"), f"status {status}")
            check(status != 204 or response.header("Content-Length") is None, "204 has no length")
        client.send(request(b"GET", b"/named"))
        response = client.response()
        check(response.header("x-ms-meta-a") == "one??Evil: yes" and response.header("Evil") is None, "control bytes in a value")
        check(response.header("x-number") == str(2**64 - 1) and response.header("bad name") is None, "header names")
        names = [n.lower() for n, _ in response.headers]
        check(len(set(names)) == len(names), f"each header once: {names}")
        date = time.strftime("%a, %d %b %Y", time.gmtime())
        check((response.header("Date") or "").startswith(date), f"date {response.header('Date')}")
        alive(client, "responses")
    with server.connect() as client:
        client.send(b"GET /memory/5 HTTP/1.0\r\n\r\n")
        check(client.response().status == 200 and client.ended(), "HTTP/1.0 closes")
    with server.connect() as client:
        client.send(request(b"GET", b"/broken"))
        try:
            client.response()
            check(False, "a broken stream looks whole")
        except EOFError:
            pass


def gone(server):
    before = server.stats()
    for target, sent in ((b"/echo", BODY[:100]), (b"/paused", BODY[:5000])):
        client = server.connect()
        client.send(request(b"PUT", target, b"Content-Length: 100000\r\n", sent))
        client.close()
    for _ in range(3):
        client = server.connect()
        client.send(request(b"GET", b"/bytes/1000000000000"))
        client.socket.recv(1000)
        client.close()
    client = server.connect()  # a reset while the handler thinks: the connection is suspended
    client.send(request(b"GET", b"/hold"))
    until(lambda: server.stats()["handled"] == before["handled"] + 6, "all were handled")
    client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    until(lambda: server.stats()["closed"] == before["closed"] + 6, "every exchange is closed after its client has gone")
    after = server.stats()
    check(after["aborted"] == before["aborted"] + 2 and after["ended"] == before["ended"], f"sinks were told: {before} {after}")


def deadlines():
    with Server(PROGRAM, "--header-ms", 600, "--body-ms", 600, "--idle-ms", 600) as server:
        silent, trickle, body, idle, reader = (server.connect() for _ in range(5))
        body.send(request(b"PUT", b"/echo", b"Content-Length: 100\r\n", b"some"))
        reader.send(request(b"GET", b"/bytes/1000000000"))
        idle.send(request(b"GET", b"/echo"))
        check(idle.response().status == 200, "the idle one was served")
        trickle.send(b"GET /echo HTTP/1.1\r\n")
        started = time.monotonic()
        while time.monotonic() - started < 10 and not select.select([trickle.socket], [], [], 0.1)[0]:
            trickle.send(b"X: y\r\n")
        check(time.monotonic() - started < 4, "headers that trickle in are cut")
        for name, client in (("silent", silent), ("body", body), ("idle", idle)):
            check(client.ended(), f"{name}: cut")
        until(lambda: server.stats()["open"] <= 1, "a client that does not read is cut")
        check(server.stats()["timeouts"] == 5 and server.stats()["aborted"] == 1, f"counted: {server.stats()}")
        steady = server.connect()  # slow, but it moves
        steady.send(request(b"PUT", b"/echo", b"Content-Length: 20\r\n"))
        for _ in range(20):
            steady.send(b"x")
            select.select([], [], [], 0.15)
        check(steady.response().json()["body"] == 20, "a slow body arrives")


def shedding():
    with Server(PROGRAM, "--max-connections", 3) as server:
        clients = [server.connect() for _ in range(3)]
        for client in clients:
            alive(client, "below the limit")
        with server.connect() as shed:
            response = shed.response()
            if TLS:
                check(response is None, "above the limit, without a word")
            else:
                check(response.status == 503 and response.header("Connection") == "close" and shed.ended(), "above the limit")
        clients.pop().close()

        def served():
            with server.connect() as client:
                client.send(request(b"GET", b"/echo"))
                response = client.response()
                return response is not None and response.status == 200
        until(served, "serves again below the limit")


def out_of_descriptors():
    with Server(PROGRAM, descriptors=40) as server:
        clients = [server.connect() for _ in range(60)]
        shed = kept = 0
        for client in clients:
            client.send(request(b"GET", b"/memory/5"))
            try:
                response = client.response()
            except AssertionError:
                response = None
            shed += response is None or response.status == 503
            kept += response is not None and response.status == 200
        check(kept >= 10 and shed >= 10 and kept + shed == 60, f"out of descriptors: {kept} kept, {shed} shed")
        with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as stat:
            before = sum(map(int, stat.read().split()[13:15]))
        select.select([], [], [], 0.5)
        with open(f"/proc/{server.process.pid}/stat", encoding="ascii") as stat:
            check(sum(map(int, stat.read().split()[13:15])) - before < 20, "out of descriptors: it spins")
        for client in clients:
            client.close()

        def served():
            with server.connect() as client:
                client.send(request(b"GET", b"/echo"))
                response = client.response()
                return response is not None and response.status == 200
        until(served, "serves again once there are descriptors")


def failing_start():
    for worker in (1, 2):
        process = subprocess.run([PROGRAM, "--reactors", "2", "--fail-worker", str(worker)], stdin=subprocess.DEVNULL,
                                 capture_output=True, timeout=20, check=False)
        check(process.returncode == 1 and process.stderr == b"this worker was asked to fail\n",
              f"worker {worker} cannot start: {process}")


def draining():
    with Server(PROGRAM, "--reactors", 2) as server:
        idle, receiving, fetching = server.connect(), server.connect(), server.connect()
        alive(idle, "before draining")
        receiving.send(request(b"PUT", b"/echo", b"Content-Length: 10\r\n", b"hello"))
        fetching.send(request(b"GET", b"/bytes/30000000"))
        until(lambda: server.stats()["handled"] == 3, "under way")
        server.begin_close()
        check(idle.ended(), "draining: idle connections are closed at once")

        def refused():
            try:
                with server.connect():
                    return False
            except ConnectionRefusedError:
                return True
        until(refused, "draining: no new connections")
        receiving.send(b"world")
        response = receiving.response()
        check(response.status == 200 and response.json()["body"] == 10, "draining: a request under way finishes")
        check(response.header("Connection") == "close" and receiving.ended(), "draining: and its connection ends")
        check(len(fetching.response().body) == 30000000, "draining: a response under way finishes")
    with Server(PROGRAM, "--drain-ms", 300) as server:
        stuck, waiting = server.connect(), server.connect()
        stuck.send(request(b"PUT", b"/echo", b"Content-Length: 10\r\n", b"hello"))
        waiting.send(request(b"GET", b"/hold"))
        until(lambda: server.stats()["handled"] == 2, "stuck")
        started = time.monotonic()
        server.begin_close()
        check(stuck.ended() and waiting.ended(), "draining: cut in the end")
        check(time.monotonic() - started < 3, "draining: within its time")


with Server(PROGRAM) as exchange_server:
    for part in (bodies, limits, early, expect, responses, gone):
        part(exchange_server)
deadlines()
shedding()
out_of_descriptors()
failing_start()
draining()
finish()
