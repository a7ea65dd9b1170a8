"""A container bound to one elsewhere, over a link with a round trip and a rate (link.c), beside reading there directly, beside objects that are
local, and beside rclone's cache. Elsewhere is another Skerry, which is faster than the link."""
import os
import shutil
import socket
import statistics
import subprocess
import sys
import threading
import time

import streams
from azurite import Unavailable, wait_for_port
from blobclient import ACCOUNT, KEY, Client, Server, account_sas
from federation import attach
from load import blob_script, wrk
from measure import alternate, cpu_seconds
from s3client import S3

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "..", "compat", "lib"))  # behind ours, which has files of the same names
import clients  # noqa: E402

MIB = 1 << 20


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Link:
    """link.c, compiled and running."""

    def __init__(self, folder, endpoint, round_trip_ms=0, connection_rate=0, total_rate=0):
        program = os.path.join(folder, "link")
        if not os.path.exists(program):
            subprocess.run([os.environ.get("CC", "cc"), "-std=c17", "-D_GNU_SOURCE", "-O2", "-pthread", os.path.join(HERE, "link.c"), "-o", program],
                           check=True)
        self.process = subprocess.Popen([program, endpoint.rsplit(":", 1)[1], str(round_trip_ms * 1000), str(connection_rate), str(total_rate)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.endpoint = f"127.0.0.1:{int(self.process.stdout.readline())}"

    def brought(self):
        """Bytes from the server so far."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline().split()[0])

    def stop(self):
        self.process.stdin.close()
        self.process.wait(20)
        self.process.stdout.close()


class Rclone:
    """`rclone serve http` of the container elsewhere, with its cache of whole files."""

    def __init__(self, folder, endpoint, container):
        program = clients.rclone()
        self.cache = os.path.join(folder, f"rclone-{time.monotonic_ns()}")
        self.endpoint = f"127.0.0.1:{_free_port()}"
        remote = f':azureblob,account={ACCOUNT},key="{KEY}",endpoint="http://{endpoint}/{ACCOUNT}":{container}'
        self.process = subprocess.Popen([program, "serve", "http", remote, "--addr", self.endpoint, "--vfs-cache-mode", "full", "--cache-dir", self.cache,
                                         "--config", "/dev/null", "--read-only"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for_port(int(self.endpoint.rsplit(":", 1)[1]), 60, self.process)

    def stop(self):
        self.process.terminate()
        self.process.wait(30)
        shutil.rmtree(self.cache, ignore_errors=True)


class Bench:
    def __init__(self, folder, options, table):
        self.folder, self.quick, self.table, self.sas = folder, options.quick, table, account_sas()
        self.upstream = Server(os.path.join(folder, "elsewhere")).start()
        self.round_trip, total = options.round_trip, options.link_rate * 1e6
        self.rate = options.connection_rate * 1e6
        self.link = Link(folder, self.upstream.blob, self.round_trip, self.rate, total)
        self.gateway = Server(os.path.join(folder, "gateway")).start()
        self.key = os.path.join(folder, "key")
        with open(self.key, "w") as file:
            file.write(KEY)
        os.chmod(self.key, 0o600)
        self.block = os.urandom(MIB)
        self.names = iter(range(1 << 30))
        table.note(f"federation: a round trip of {self.round_trip:g} ms, {options.connection_rate:g} MB/s a connection, {options.link_rate:g} MB/s in all")

    def bind(self, container, mode="read-only"):
        """There and here."""
        Client(self.upstream.blob).create_container(container)
        code, said = attach(self.gateway.data, container, f"http://{self.link.endpoint}/{ACCOUNT}/{container}", ["--key-file", self.key, "--allow-http"],
                            "1h", mode)
        if code != 0:
            raise Unavailable(said)

    def upload(self, container, count, size, server=None):
        """New objects, there or on `server`; their names. Those there are read once, so that whoever is the first to want one over the link does not
        wait for the disk there as well, which the second one does not."""
        names = [f"o{next(self.names):08d}" for _ in range(count)]
        if size >= MIB:
            self.put(server or self.upstream, container, names, size)
        else:
            self._put_small(server or self.upstream, container, names, size)
        if server is None:
            self.read(self.upstream.blob, container, names, min(count, 8))
        return names

    @staticmethod
    def put(server, container, names, size):
        """By S3, whose signed URLs need no header. Returns the seconds."""
        client = S3(server.s3)
        return streams.run(server.s3, 8, [("PUT", client.presign("PUT", f"/{container}/{name}")) for name in names], size)[0]

    def _put_small(self, server, container, names, size):
        def work(part):
            client = Client(server.blob)
            for i in range(part, len(names), 16):
                at = i * 7919 % (MIB - size)
                client.put_blob(container, names[i], self.block[at:at + size])
        threads = [threading.Thread(target=work, args=(part,)) for part in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def target(self, container, name):
        return f"/{ACCOUNT}/{container}/{name}?{self.sas}"

    def read(self, endpoint, container, names, connections):
        """GB a second."""
        seconds, answers = streams.run(endpoint, connections, [("GET", self.target(container, name)) for name in names])
        return sum(came for _, came in answers) / seconds / 1e9

    def stop(self):
        self.gateway.stop()
        self.link.stop()
        self.upstream.stop()


def _link_itself(bench):
    """Is it what is measured? Without limits it has to carry much more than with them."""
    link = Link(bench.folder, bench.upstream.blob)
    Client(bench.upstream.blob).create_container("link")
    names = bench.upload("link", 8, 64 * MIB)
    ours, direct = alternate(3, lambda: bench.read(link.endpoint, "link", names, 8), lambda: bench.read(bench.upstream.blob, "link", names, 8))
    link.stop()
    bench.table.row("the link without limits, 8 connections", ours, "without it", direct, "GB/s", 0.2)


def _cold(bench):
    bench.bind("cold")
    size, count, rounds = 64 * MIB, 4 if bench.quick else 16, 3
    there = bench.upload("cold", count, size)
    fresh = iter([bench.upload("cold", count, size) for _ in range(rounds)])
    cpu = cpu_seconds([bench.gateway.pid])
    ours, direct = alternate(rounds, lambda: bench.read(bench.gateway.blob, "cold", next(fresh), 8), lambda: bench.read(bench.link.endpoint, "cold", there, 8))
    cpu = (cpu_seconds([bench.gateway.pid]) - cpu) / (rounds * count * size / 1e9)
    bench.table.row(f"cold GET {size // MIB} MiB, 8 streams", ours, "there, directly", direct, "GB/s", 0.95, cpu=f"{cpu:.3f} CPU s/GB")
    size = 10_000_000
    there = bench.upload("cold", count * 4, size)
    fresh = iter([bench.upload("cold", count * 4, size) for _ in range(rounds)])
    ours, direct = alternate(rounds, lambda: bench.read(bench.gateway.blob, "cold", next(fresh), 16), lambda: bench.read(bench.link.endpoint, "cold", there, 16))
    bench.table.row("cold GET 10 MB, 16 streams", ours, "there, directly", direct, "GB/s", 0.95)
    size = (128 if bench.quick else 512) * MIB
    there = bench.upload("cold", 1, size)
    fresh = iter([bench.upload("cold", 1, size) for _ in range(rounds)])
    ours, direct = alternate(rounds, lambda: bench.read(bench.gateway.blob, "cold", next(fresh), 1), lambda: bench.read(bench.link.endpoint, "cold", there, 1))
    bench.table.row(f"cold GET {size // MIB} MiB, one stream", ours, "there, directly", direct, "GB/s", 3)
    return ours, size


def _first_byte(bench):
    """Milliseconds until the first byte of the object, on connections that are there. Not of the head: the gateway sends none before it has bytes,
    and the link hands them on by as much as 64 KiB."""
    count = 32
    names = bench.upload("cold", count + 1, 200_000)
    client = {}

    def first(endpoint, name):
        if endpoint not in client:
            host, port = endpoint.rsplit(":", 1)
            client[endpoint] = socket.create_connection((host, int(port)))
            client[endpoint].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = client[endpoint]
        begin = time.perf_counter()
        connection.sendall(f"GET {bench.target('cold', name)} HTTP/1.1\r\nHost: {endpoint}\r\n\r\n".encode())
        got = connection.recv(65536)
        if b" 200 " not in got[:20]:
            raise streams.Refused(got[:100])
        while b"\r\n\r\n" not in got or got.endswith(b"\r\n\r\n"):
            got += connection.recv(65536)
        spent = (time.perf_counter() - begin) * 1e3
        left = 200_000 - (len(got) - got.index(b"\r\n\r\n") - 4)
        while left > 0:
            left -= len(connection.recv(min(left, 65536)))
        return spent

    for endpoint in (bench.gateway.blob, bench.link.endpoint):
        first(endpoint, names[0])
    ours, direct = zip(*((first(bench.gateway.blob, name), first(bench.link.endpoint, name)) for name in names[1:]))
    ours, direct = statistics.median(ours), statistics.median(direct)
    for connection in client.values():
        connection.close()
    bench.table.absolute("first byte of a cold GET, beyond a direct one", ours - direct, "ms", 1)


def _turns(bench):
    """Rounds and their seconds where two rates are nearly the same: many short ones, since the machine's speed differs by a quarter from one to the next."""
    return (5, 1) if bench.quick else (15, 2)


def _warm(bench):
    """What is here by now, beside what was always here."""
    Client(bench.gateway.blob).create_container("local")
    size, count = 64 * MIB, 4 if bench.quick else 16
    cached, local = bench.upload("cold", count, size), bench.upload("local", count, size, bench.gateway)
    for _ in range(2):  # the first readers have them out of memory, not out of the store; hot is what was read from there
        bench.read(bench.gateway.blob, "cold", cached, 8)
        bench.read(bench.gateway.blob, "local", local, 8)
    rounds, seconds = _turns(bench)
    ours, peer = alternate(rounds, lambda: bench.read(bench.gateway.blob, "cold", cached * 2, 8), lambda: bench.read(bench.gateway.blob, "local", local * 2, 8))
    bench.table.row(f"warm GET {size // MIB} MiB, 8 streams", ours, "local objects", peer, "GB/s", 0.95)
    [small], [own] = bench.upload("cold", 1, 4096), bench.upload("local", 1, 4096, bench.gateway)
    Client(bench.gateway.blob).get_blob("cold", small)
    ours, peer = alternate(rounds, lambda: wrk(f"http://{bench.gateway.blob}{bench.target('cold', small)}", 64, seconds),
                           lambda: wrk(f"http://{bench.gateway.blob}{bench.target('local', own)}", 64, seconds))
    bench.table.row("warm GET 4 KiB, 64 connections", ours, "a local object", peer, "req/s", 0.95)


def _together(bench):
    """Many who want the same, of which nothing is here."""
    size = (64 if bench.quick else 256) * MIB
    for readers in (8, 32):
        [name] = bench.upload("cold", 1, size)
        before = bench.link.brought()
        bench.read(bench.gateway.blob, "cold", [name] * readers, readers)
        bench.table.absolute(f"bytes fetched for {readers} readers of {size // MIB} MiB", (bench.link.brought() - before) / size, "x", 1.01)


def _epochs(bench):
    bench.bind("set")
    count, size = (1000 if bench.quick else 10_000), 100_000
    names, own = bench.upload("set", count, size), bench.upload("local", count, size, bench.gateway)
    first = bench.read(bench.gateway.blob, "set", names, 16)
    ours, peer = alternate(_turns(bench)[0], lambda: bench.read(bench.gateway.blob, "set", names, 16), lambda: bench.read(bench.gateway.blob, "local", own, 16))
    bench.table.row(f"epoch 2 over {count:,} files of 100 kB", ours, "local objects", peer, "GB/s", 0.95)
    bench.table.row(f"epoch 2 over {count:,} files of 100 kB", ours, "epoch 1", first, "GB/s", 1)


def _beside_rclone(bench, size):
    """Its cache serves files over HTTP without signatures; the goal is to be ahead all the same."""
    rounds = 1 if bench.quick else 3
    shapes = [(f"cold GET {size // MIB} MiB, one stream", 1, size, 1, 1), ("cold GET 64 MiB, 8 streams", 8, 64 * MIB, 8, 0.95)]  # these have the link's rate
    all_sets = [[(bench.upload("cold", count, each), bench.upload("cold", count, each)) for _ in range(rounds)] for _, count, each, _, _ in shapes]
    try:
        peer = Rclone(bench.folder, bench.link.endpoint, "cold")  # when all is there: it keeps listings for minutes
    except (Unavailable, OSError, SystemExit) as error:
        bench.table.missing("cold and warm GET beside rclone", error)
        return
    rate = lambda names, connections: _plain(peer.endpoint, names, connections)
    for (what, _, _, connections, goal), sets in zip(shapes, all_sets):
        ours, theirs = iter([mine for mine, _ in sets]), iter([other for _, other in sets])
        mine, other = alternate(rounds, lambda: bench.read(bench.gateway.blob, "cold", next(ours), connections), lambda: rate(next(theirs), connections))
        bench.table.row(what, mine, "rclone serve, cache full", other, "GB/s", goal)
    mine, other = alternate(3, lambda: bench.read(bench.gateway.blob, "cold", sets[0][0] * 4, 8), lambda: rate(sets[0][1] * 4, 8))
    bench.table.row("warm GET 64 MiB, 8 streams", mine, "rclone serve, cache full", other, "GB/s", 1)
    peer.stop()


def _plain(endpoint, names, connections):
    seconds, answers = streams.run(endpoint, connections, [("GET", f"/{name}") for name in names])
    return sum(came for _, came in answers) / seconds / 1e9


def _beside_azcopy(bench):
    """The same azcopy from there and from here, cold and warm."""
    try:
        program, extra = clients.azcopy()
    except SystemExit as error:
        bench.table.missing("azcopy from here beside from there", error)
        return
    bench.bind("copied")
    count, size = (4 if bench.quick else 16), 64 * MIB
    bench.upload("copied", count, size)

    def copy(endpoint):
        home = os.path.join(bench.folder, f"azcopy-{time.monotonic_ns()}")
        os.makedirs(home)
        begin = time.monotonic()
        done = subprocess.run([program, "copy", f"http://{endpoint}/{ACCOUNT}/copied/*?{bench.sas}", os.path.join(home, "down"), "--from-to", "BlobLocal",
                               "--recursive", "--skip-version-check"], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                              env={**os.environ, **extra, "HOME": home, "AZCOPY_LOG_LOCATION": home, "AZCOPY_JOB_PLAN_LOCATION": home})
        spent = time.monotonic() - begin
        files = len(os.listdir(os.path.join(home, "down"))) if os.path.isdir(os.path.join(home, "down")) else 0
        shutil.rmtree(home)
        if done.returncode or files != count:
            raise streams.Refused(done.stdout[-300:])
        return count * size / spent / 1e9

    try:
        cold = copy(bench.gateway.blob)
        direct, warm = alternate(2, lambda: copy(bench.link.endpoint), lambda: copy(bench.gateway.blob))
        bench.table.row(f"azcopy of {count} times 64 MiB, cold", cold, "there, directly", direct, "GB/s", 0.9)
        bench.table.row(f"azcopy of {count} times 64 MiB, warm", warm, "there, directly", direct, "GB/s", 1)
    except streams.Refused as error:
        bench.table.missing("azcopy from here beside from there", error)


def _write_back(bench):
    """A put that is brought upstream later, beside one that stays here."""
    try:
        bench.bind("back", "write-back")
    except Unavailable as error:
        bench.table.missing("write-back put beside a local put", error)
        return
    rounds, seconds = _turns(bench)
    put = lambda container: wrk(f"http://{bench.gateway.blob}/", 64, seconds, blob_script(bench.folder, bench.sas, 4096, container))
    try:
        ours, peer = alternate(rounds, lambda: put("back"), lambda: put("local"))
        bench.table.row("write-back put 4 KiB, 64 connections", ours, "a local put", peer, "/s", 0.909)
        count = 16 if bench.quick else 64
        large = lambda container: count * 16 * MIB / bench.put(bench.gateway, container, [f"w{next(bench.names)}" for _ in range(count)], 16 * MIB) / 1e9
        ours, peer = alternate(3, lambda: large("back"), lambda: large("local"))
        bench.table.row("write-back put 16 MiB, 8 streams", ours, "a local put", peer, "GB/s", 0.909)
    except (RuntimeError, OSError) as error:
        bench.table.missing("write-back put beside a local put", error)


def federation(folder, options, table):
    bench = Bench(folder, options, table)
    try:
        _link_itself(bench)
        _, size = _cold(bench)
        _first_byte(bench)
        _warm(bench)
        _together(bench)
        _epochs(bench)
        _beside_rclone(bench, size)
        _beside_azcopy(bench)
        _write_back(bench)
    finally:
        bench.stop()
