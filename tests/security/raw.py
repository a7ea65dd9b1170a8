"""A client that writes exact bytes, and the server it writes to. Python's standard library only. With `--tls` after the program, all of
it goes through TLS."""
import atexit
import json
import os
import resource
import select
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from certificates import Authority  # noqa: E402

TLS = []  # options of the server
CONTEXT = None
if "--tls" in sys.argv[2:]:
    folder = tempfile.mkdtemp(prefix="skerry-tls-")
    atexit.register(shutil.rmtree, folder)
    authority = Authority(folder)
    CONTEXT = authority.context()
    TLS = ["--tls-cert", authority.certificate, "--tls-key", authority.key]


class Server:
    def __init__(self, program, *options, descriptors=None):
        def limit():
            resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
        self.process = subprocess.Popen([program, *TLS, *map(str, options)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        preexec_fn=limit if descriptors else None)
        line = self.process.stdout.readline().decode().strip()
        if not line:
            raise RuntimeError("the server did not start")
        host, port = line.rsplit(":", 1)
        self.address = (host, int(port))

    def connect(self):
        return Client(self.address)

    def begin_close(self):
        self.process.stdin.close()

    def close(self):
        if not self.process.stdin.closed:
            self.process.stdin.close()
        out = self.process.stdout.read().decode()
        code = self.process.wait(timeout=60)
        if code != 0:
            raise AssertionError(f"the server ended with {code}: {out}")

    def stats(self):
        with self.connect() as client:
            client.send(b"GET /stats HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            return json.loads(client.response().body)

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is None:
            self.close()
        else:
            self.process.kill()
            self.process.wait()


class Response:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def header(self, name):
        return next((v for n, v in self.headers if n.lower() == name.lower()), None)


class OneAtATime:
    """A TLS socket for a test that sends in one thread and receives in another. OpenSSL allows one call at a time on a connection, and not every
    Python sees to that: what arrives is lost now and then, and looks like an end. So neither waits inside OpenSSL, and each has its turn."""

    def __init__(self, tls):
        self.tls, self.turn, self.seconds = tls, threading.Lock(), tls.gettimeout()
        tls.setblocking(False)
        self.close, self.setsockopt, self.fileno = tls.close, tls.setsockopt, tls.fileno

    def settimeout(self, seconds):
        self.seconds = seconds

    def _call(self, call, argument):
        deadline = time.monotonic() + self.seconds
        while True:
            with self.turn:
                try:
                    return call(argument)
                except ssl.SSLWantReadError:
                    waiting = ([self.tls], [])
                except ssl.SSLWantWriteError:
                    waiting = ([], [self.tls])
            if not any(select.select(*waiting, [], max(0, deadline - time.monotonic()))):
                raise TimeoutError

    def sendall(self, data):
        rest = memoryview(data)
        while rest:
            rest = rest[self._call(self.tls.send, rest[:1 << 14]):]

    def recv(self, size):
        return self._call(self.tls.recv, size)


class Client:
    def __init__(self, address):
        self.socket = socket.create_connection(address, timeout=5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if CONTEXT is not None:
            try:
                self.socket = OneAtATime(CONTEXT.wrap_socket(self.socket, server_hostname="localhost"))
            except (ssl.SSLEOFError, ConnectionResetError):
                self.socket, other = socket.socketpair()  # refused before the handshake: a connection that has ended
                other.close()
        self.buffer = bytearray()  # TLS hands out 16 KiB at a time

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
            pass

    def _more(self):
        try:
            data = self.socket.recv(1 << 20)
        except ConnectionResetError:
            return False
        self.buffer += data
        return bool(data)

    def response(self, method="GET"):
        """The next response, or None when the connection ended before one began."""
        while b"\r\n\r\n" not in self.buffer:
            if not self._more():
                if self.buffer:
                    raise AssertionError(f"half a response: {self.buffer[:200]!r}")
                return None
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.split(b"\r\n")
        status = int(lines[0].split()[1])
        headers = [tuple(p.decode("latin-1") for p in line.split(b": ", 1)) for line in lines[1:]]
        length = next((int(v) for n, v in headers if n.lower() == "content-length"), 0)
        if method == "HEAD" or status in (100, 204, 304):
            length = 0
        while len(self.buffer) < length:
            if not self._more():
                raise EOFError(f"{len(self.buffer)} of {length} bytes")
        body, self.buffer = bytes(self.buffer[:length]), self.buffer[length:]
        return Response(status, headers, body)

    def ended(self):
        """True when the server closed and sent nothing more."""
        while self._more():
            pass
        return self.buffer == b""

    def over(self):
        """True when the server closed and answered nothing more with success."""
        try:
            while self._more():
                pass
        except TimeoutError:
            return False
        return b"HTTP/1.1 2" not in self.buffer

    def quiet(self, seconds):
        """True when nothing arrives for so long."""
        self.socket.settimeout(seconds)
        try:
            return not self.buffer and not self._more() and False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(5)

    def close(self):
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *ignored):
        self.close()


failures = []


def check(condition, what):
    if not condition:
        failures.append(what)
        print("FAILED:", what, file=sys.stderr)


def finish():
    print(f"{len(failures)} failures")
    sys.exit(1 if failures else 0)
