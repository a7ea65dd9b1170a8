"""An HTTP/1.1 proxy before one server that spoils answers on demand: one fault a request, in the order in which they were asked for, and
transparent when there is none left. Requests are forwarded as they came, Host included, so signatures stay good.

Faults, as keywords of `fault()`, or of `always()` for every request until `clear()`; several may stand together:
  match=TEXT        only for requests whose first line has this in it; the others go by
  status=N, retry_after=TEXT, code=TEXT   an answer of the proxy's own, with headers, and the request is not forwarded
  reset=True        the connection is reset when the request was read; it is not forwarded
  lose=True         the request is forwarded, and the connection reset instead of the answer
  cut=N, reset_after=N   the body ends after N bytes, by FIN or by RST, and the connection with it
  stall=N           after N bytes of the body nothing more comes, until the client goes away; N=-1: not even a head
  headers={name: value or None}           set or removed; values replace, a list stands for several headers
  status_line=TEXT  instead of the first line
  body=BYTES        instead of the body; its length is announced unless headers say otherwise
  delay=SECONDS     before the answer's head
  hang_up=True      the connection is closed after the answer, without announcing it
  chunked=True      the body in one chunk, without a length; with `cut`, the last chunk is missing

The network, as attributes that hold for every answer: `latency` in seconds before it, `rate` and `total_rate` in bytes a second of one
connection and of all. `down()`: nobody listens and connections are reset, until `up()`;
`hole()`: and whoever connects hears nothing. `watch`, when set, is called with the first line of each
request before it is forwarded. What went by is counted: `requests`, and bytes of bodies of successes by path in `bodies`.
"""
import socket
import struct
import threading
import time


def _reset(connection):
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
    connection.close()


def _read_head(stream):
    """The first line and the headers, as a list of pairs; None at the end of the connection."""
    line = stream.readline(65536)
    if not line:
        return None
    headers = []
    while True:
        header = stream.readline(65536)
        if header in (b"\r\n", b""):
            return line.rstrip(b"\r\n").decode("latin-1"), headers
        name, _, value = header.decode("latin-1").partition(":")
        headers.append((name, value.strip()))


class _Pace:
    """Lets bytes by at a rate, whoever sends them."""

    def __init__(self):
        self.lock, self.free_at = threading.Lock(), 0.0

    def wait(self, size, rate):
        with self.lock:
            self.free_at = max(self.free_at, time.monotonic()) + size / rate
            until = self.free_at
        time.sleep(max(0, until - time.monotonic()))


def _value(headers, name):
    return next((value for key, value in headers if key.lower() == name), None)


class FaultProxy:
    """Threads: one accepts, one a connection. `faults`, `requests` and `bodies` are guarded by `lock`. As a context manager it is ended."""

    def __init__(self, target):
        host, port = target.rsplit(":", 1)
        self.target = (host, int(port))
        self.lock, self.faults, self.standing, self.requests, self.bodies, self.connections = threading.Lock(), [], [], [], {}, 0
        self.latency, self.rate, self.total_rate, self.watch = 0, None, None, None
        self.all, self.open, self.fillers = _Pace(), set(), []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def fault(self, times=1, **what):
        with self.lock:
            self.faults += [what] * times

    def always(self, **what):
        with self.lock:
            self.standing.append(what)

    def clear(self):
        """Forgets faults, and what was counted."""
        with self.lock:
            self.faults, self.standing, self.requests, self.bodies = [], [], [], {}

    def sent(self, part=""):
        """Bytes of bodies whose path has `part` in it."""
        with self.lock:
            return sum(size for path, size in self.bodies.items() if part in path)

    def count(self, *parts):
        """Requests whose first line has all of these in it."""
        with self.lock:
            return sum(all(part in line for part in parts) for _, line, _ in self.requests)

    def received(self, *parts):
        """Bytes of bodies of requests whose first line has all of these in it, whatever became of them."""
        with self.lock:
            return sum(int(_value(headers.items(), "content-length") or 0) for _, line, headers in self.requests if all(part in line for part in parts))

    def down(self):
        self._close()
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", int(self.address.rsplit(":", 1)[1])))  # and does not listen: nobody else may either
        with self.lock:
            connections = list(self.open)
        for connection in connections:
            try:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def hole(self):
        """As after `down()`, but packets that open a connection get lost: whoever connects waits for nothing. Until `up()`."""
        self.down()
        self.listener.listen(0)
        for _ in range(4):  # more than its queue holds, and the kernel drops what comes then
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self.listener.getsockname())
            self.fillers.append(filler)

    def up(self):
        for filler in self.fillers:
            filler.close()
        self.fillers = []
        self.listener.listen(128)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def _close(self):
        try:
            self.listener.shutdown(socket.SHUT_RDWR)  # wakes whoever accepts
        except OSError:
            pass
        self.listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._close()

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            with self.lock:
                self.connections += 1
                self.open.add(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _fault(self, line):
        """Under the lock: what befalls this request."""
        fault = next((each for each in self.standing if each.get("match", "") in line), {})
        for at, each in enumerate(self.faults):
            if each.get("match", "") in line:
                return {**fault, **self.faults.pop(at)}
        return fault

    def _serve(self, client):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = client.makefile("rb")
        try:
            while True:
                head = _read_head(stream)
                if head is None:
                    break
                length = int(_value(head[1], "content-length") or 0)
                body = stream.read(length)
                if len(body) < length: # the client is gone in the middle
                    break
                with self.lock:
                    fault = self._fault(head[0])
                    self.requests.append((time.monotonic(), head[0], dict(head[1])))
                if self.watch is not None:
                    self.watch(head[0])
                if not self._answer(client, head, body, fault):
                    break
        except (OSError, ValueError):
            pass
        with self.lock:
            self.open.discard(client)
        stream.close()
        client.close()

    def _forward(self, head, body):
        """The server's answer: first line, headers, body."""
        with socket.create_connection(self.target, timeout=60) as server:
            lines = [head[0]] + [f"{name}: {value}" for name, value in head[1] if name.lower() != "connection"] + ["Connection: close"]
            server.sendall(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)
            stream = server.makefile("rb")
            answer = _read_head(stream)
            if answer is None:
                raise OSError("the server hung up")
            line, headers = answer
            length = _value(headers, "content-length")
            bodiless = head[0].startswith("HEAD") or line.split()[1] in ("204", "304")
            if _value(headers, "transfer-encoding") is not None:
                content, headers = b"", [pair for pair in headers if pair[0].lower() != "transfer-encoding"]
                while (size := int(stream.readline().split(b";")[0], 16)) > 0:
                    content += stream.read(size)
                    stream.readline()
                headers.append(("Content-Length", str(len(content))))
            else:
                content = b"" if bodiless else stream.read(int(length)) if length is not None else stream.read()
            return line, [pair for pair in headers if pair[0].lower() != "connection"], content

    def _answer(self, client, head, body, fault):
        """False: the connection is over."""
        if fault.get("reset"):
            _reset(client)
            return False
        if "status" in fault:
            line, headers, content = f"HTTP/1.1 {fault['status']} Fault", [("Content-Length", "0")], b""
            if "retry_after" in fault:
                headers.append(("Retry-After", fault["retry_after"]))
            if "code" in fault:
                headers.append(("x-ms-error-code", fault["code"]))
        else:
            line, headers, content = self._forward(head, body)
        pace, path = _Pace(), head[0].split()[1].split("?")[0]
        if fault.get("lose"):
            _reset(client)
            return False
        time.sleep(self.latency + fault.get("delay", 0))
        if fault.get("stall") == -1:
            return self._hold(client)
        if "body" in fault:
            content = fault["body"]
            headers = [pair for pair in headers if pair[0].lower() != "content-length"] + [("Content-Length", str(len(content)))]
        if fault.get("chunked"):
            headers = [pair for pair in headers if pair[0].lower() != "content-length"] + [("Transfer-Encoding", "chunked")]
            content = b"%x\r\n%s\r\n" % (len(content), content) + (b"" if "cut" in fault else b"0\r\n\r\n")
        counted = path if line.split()[1].startswith("2") else None
        return self._send(client, fault, fault.get("status_line", line), headers, content, lambda data: self._body(client, data, pace, counted))

    def _body(self, client, data, pace, path):
        """Sends it as fast as the network is. `path`: counts it."""
        data = memoryview(data)
        while len(data) > 0:
            piece = data[:65536] if self.rate or self.total_rate else data[:1 << 20]
            if self.rate:
                pace.wait(len(piece), self.rate)
            if self.total_rate:
                self.all.wait(len(piece), self.total_rate)
            if path is not None:  # before: whoever has the bytes may ask at once how many were sent
                with self.lock:
                    self.bodies[path] = self.bodies.get(path, 0) + len(piece)
            client.sendall(piece)
            data = data[len(piece):]

    def _send(self, client, fault, line, headers, content, send):
        for name, value in fault.get("headers", {}).items():
            headers = [pair for pair in headers if pair[0].lower() != name.lower()]
            headers += [(name, each) for each in ([] if value is None else value if isinstance(value, list) else [value])]
        client.sendall(("\r\n".join([line] + [f"{name}: {value}" for name, value in headers]) + "\r\n\r\n").encode("latin-1"))
        for how in ("cut", "reset_after", "stall"):
            if how in fault:
                send(content[:fault[how]])
                if how == "stall":
                    return self._hold(client)
                if how == "reset_after":
                    time.sleep(0.1)  # so that what was sent is read before the reset
                    _reset(client)
                return False
        send(content)
        if fault.get("hang_up"):
            return False
        return _value(headers, "content-length") is not None or bool(fault.get("chunked")) or line.split()[1] in ("204", "304")

    @staticmethod
    def _hold(client):
        while client.recv(65536):
            pass
        return False
