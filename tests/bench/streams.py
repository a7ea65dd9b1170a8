"""Load for large bodies and few connections: plain sockets, a thread a connection in two processes, every byte handed to the kernel from one
buffer and read into one, nothing parsed but the answer's head. wrk would build each body anew and read 8 KiB at a time."""
import multiprocessing
import os
import re
import socket
import threading
import time

PROCESSES = 2
BUFFER = 1 << 20
EXTRA, STEP = 4099, 7919  # primes: see Connection.request


class Refused(RuntimeError):
    pass


class Connection:
    def __init__(self, endpoint, buffer):
        self.endpoint, self.buffer, self.socket = endpoint, buffer, None

    def open(self):
        host, port = self.endpoint.rsplit(":", 1)
        self.socket = socket.create_connection((host, int(port)), timeout=300)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def request(self, method, target, size, block, at=0):
        """`size` bytes of `block` over and over, from its byte `at` on: since its length is no power of two, no two bodies and no two blocks of one
        are the same; there are servers that keep equal blocks once. Returns the answer's ETag, and how many bytes came."""
        if self.socket is None:
            self.open()
        length = f"Content-Length: {size}\r\n" if method != "GET" else ""
        self.socket.sendall(f"{method} {target} HTTP/1.1\r\nHost: {self.endpoint}\r\n{length}\r\n".encode())
        while size:
            piece = block[at:at + size]
            self.socket.sendall(piece)
            size, at = size - len(piece), 0
        return self._answer(target)

    def _answer(self, target):
        head = b""
        while (end := head.find(b"\r\n\r\n")) < 0:
            more = self.socket.recv(65536)
            if not more:
                raise OSError(f"the connection was closed before the answer to {target.split('?')[0]}")
            head += more
        status, headers, body = int(head[9:12]), head[:end + 2], head[end + 4:]
        if status // 100 != 2:
            raise Refused(f"{status} for {target.split('?')[0]}: {body[:200]!r}")
        field = lambda name: (match := re.search(rb"\r\n" + name + rb":[ \t]*([^\r]*)\r\n", headers, re.IGNORECASE)) and match.group(1)
        came = len(body)
        if (length := field(b"content-length")) is not None:
            view = memoryview(self.buffer)
            while came < int(length):
                got = self.socket.recv_into(view[:min(len(view), int(length) - came)])
                if got == 0:
                    raise OSError("the connection was closed within a body")
                came += got
        elif b"chunked" in (field(b"transfer-encoding") or b"").lower():
            while not body.endswith(b"0\r\n\r\n"):
                more = self.socket.recv(65536)
                if not more:
                    raise OSError("the connection was closed within a body")
                body += more
        if (field(b"connection") or b"").lower() == b"close":
            self.socket.close()
            self.socket = None
        return (field(b"etag") or b"").decode(), came


def _work(endpoint, connections, jobs, size, start, pipe):
    """The whole life of a process. Jobs are taken from the front by whichever connection is free."""
    block = memoryview(os.urandom(min(size, BUFFER) + EXTRA))
    answers, errors, lock, rest = [None] * len(jobs), [], threading.Lock(), iter(range(len(jobs)))
    opened = [Connection(endpoint, bytearray(BUFFER)) for _ in range(connections)]

    def run(connection):
        try:
            while not errors:
                with lock:
                    at = next(rest, None)
                if at is None:
                    return
                answers[at] = connection.request(*jobs[at], size, block, at * STEP % len(block))
        except (OSError, Refused, ValueError) as error:
            errors.append(str(error))

    threads = [threading.Thread(target=run, args=(connection,)) for connection in opened]
    try:
        for connection in opened:
            connection.open()
    except OSError:
        start.abort()
    start.wait(60)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pipe.send((time.monotonic(), answers, errors))


def run(endpoint, connections, jobs, size=0):
    """`jobs`: (method, signed target), each with a body of `size` bytes. Returns the seconds that all of it took, and each one's (ETag, bytes)."""
    processes = min(PROCESSES, connections)
    context = multiprocessing.get_context("fork")
    start = context.Barrier(processes + 1)
    workers = []
    for i in range(processes):
        receiver, sender = context.Pipe(False)
        process = context.Process(target=_work, args=(endpoint, connections // processes, jobs[i::processes], size, start, sender), daemon=True)
        process.start()
        sender.close()
        workers.append((process, receiver))
    try:
        start.wait(60)
        begin = time.monotonic()
        results = [receiver.recv() for _, receiver in workers]
    except (EOFError, threading.BrokenBarrierError):
        raise Refused("the load generator could not connect") from None
    finally:
        for process, _ in workers:
            process.join(5)
            if process.is_alive():
                process.kill()
                process.join()
    for _, _, errors in results:
        if errors:
            raise Refused(errors[0])
    answers = [None] * len(jobs)
    for i, (_, part, _) in enumerate(results):
        answers[i::processes] = part
    return max(end for end, _, _ in results) - begin, answers
