"""A tiny TCP proxy that cuts one connection in mid-body, once, and is transparent before and after.

It resets the first connection on which more than `cut_after_bytes` went in the direction asked for, so a client sees what a
failing network shows: part of a body, then a reset. A client that retries must come out with the right bytes.
"""
import errno
import socket
import struct
import threading

BUFFER_BYTES = 64 * 1024


def port_is_free(port):
    """Whether a server could listen on 127.0.0.1:port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
    return True


class Proxy:
    """Threads: one accepts, two a connection pump. `cuts` is guarded by `lock`."""

    def __init__(self, address, direction=None, cut_after_bytes=0, port=0):
        host, target_port = address.rsplit(":", 1)
        self.target = (host, int(target_port))
        self.direction, self.cut_after_bytes = direction, cut_after_bytes
        self.lock, self.cuts, self.open_sockets = threading.Lock(), 0, set()
        self.listener = socket.create_server(("127.0.0.1", port))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()
        with self.lock:
            remaining = list(self.open_sockets)
        for each in remaining:
            _reset(each)

    def _accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection(self.target, timeout=10)
            except OSError:
                client.close()
                continue
            for each in (client, server):
                each.settimeout(None)
                each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                self.open_sockets |= {client, server}
            for source, target, direction in ((client, server, "upload"), (server, client, "download")):
                threading.Thread(target=self._pump, args=(source, target, direction), daemon=True).start()

    def _pump(self, source, target, direction):
        passed_bytes = 0
        try:
            while True:
                piece = source.recv(BUFFER_BYTES)
                if not piece:
                    target.shutdown(socket.SHUT_WR)
                    break
                passed_bytes += len(piece)
                if direction == self.direction and passed_bytes > self.cut_after_bytes and self._take_the_cut():
                    _reset(source)
                    _reset(target)
                    break
                target.sendall(piece)
        except OSError:
            _reset(source)
            _reset(target)
        with self.lock:
            self.open_sockets.discard(source)

    def _take_the_cut(self):
        with self.lock:
            if self.cuts:
                return False
            self.cuts = 1
            return True


def _reset(connection):
    """End a connection with RST, also when another thread is inside recv()."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    connection.close()
