"""Files on a mount beside the file system that the bytes are on, and beside rclone mount and s3fs, which mount Skerry's own S3."""
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

from azurite import Unavailable
from blobclient import ACCOUNT, KEY, Client, Server, account_sas
from elsewhere import Link
from federation import attach
from load import blob_script, wrk
from measure import alternate, cpu_seconds
from mounted import Mounted, is_mounted
from s3client import S3

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.append(os.path.join(HERE, "..", "..", "compat", "lib"))  # behind ours, which has files of the same names
import clients  # noqa: E402

MIB = 1 << 20
MOUNT_SECONDS = 60
THREADS = 8


def fio(path, *arguments):
    """Leaves the file, and the page cache as it is."""
    out = subprocess.run(["fio", "--name=x", f"--filename={path}", "--output-format=json", "--invalidate=0", *arguments], capture_output=True, text=True, check=True).stdout
    return json.loads(out[out.index("{"):])["jobs"][0]


def forget_pages():
    """Nothing of any file is in memory any more."""
    os.sync()
    with open("/proc/sys/vm/drop_caches", "w") as file:
        file.write("3")


class Peer:
    """A mount of another program's, of a bucket of Skerry's."""

    def __init__(self, folder, command, environment=None):
        self.point = os.path.join(folder, f"{self.name.replace(' ', '-')}-{time.monotonic_ns()}")
        os.makedirs(self.point)
        self.log = open(self.point + ".log", "wb")
        self.process = subprocess.Popen([*command, self.point, *self.settings(folder)], env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + MOUNT_SECONDS
        while not is_mounted(self.point):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                with open(self.point + ".log", errors="replace") as log:
                    raise Unavailable(f"{self.name} does not mount: {log.read()[-300:]}")
            time.sleep(0.05)

    def stop(self):
        if is_mounted(self.point):
            subprocess.run(["umount", "--lazy", self.point], check=True)
        else:
            self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.log.close()


class RcloneMount(Peer):
    """With its cache of whole files, which it needs for writing, and brings them at once. Close does not wait for that."""
    name = "rclone mount"

    def __init__(self, folder, endpoint, container, protocol="s3"):
        remote = (f':s3,provider=Other,access_key_id={ACCOUNT},secret_access_key="{KEY}",endpoint="http://{endpoint}",region=us-east-1:{container}' if protocol == "s3" else
                  f':azureblob,account={ACCOUNT},key="{KEY}",endpoint="http://{endpoint}/{ACCOUNT}":{container}')
        super().__init__(folder, [clients.rclone(), "mount", remote])

    def settings(self, folder):
        return ["--vfs-cache-mode", "full", "--vfs-write-back", "0s", "--cache-dir", self.point + "-cache", "--config", "/dev/null"]


class S3fs(Peer):
    name = "s3fs"

    def __init__(self, folder, endpoint, container):
        self.endpoint, self.password = endpoint, os.path.join(folder, "s3fs-password")
        with open(self.password, "w") as file:
            file.write(f"{ACCOUNT}:{KEY}\n")
        os.chmod(self.password, 0o600)
        super().__init__(folder, [clients.debian("s3fs", "/usr/bin/s3fs"), container])

    def settings(self, folder):
        return ["-f", "-o", f"passwd_file={self.password}", "-o", f"url=http://{self.endpoint}", "-o", "use_path_request_style"]


class Bench:
    def __init__(self, folder, options, table):
        self.folder, self.quick, self.table = folder, options.quick, table
        self.server = Mounted(os.path.join(folder, "data"), os.path.join(folder, "mount"), log=open(os.path.join(folder, "log"), "wb")).start()
        self.native = os.path.join(folder, "native")
        os.mkdir(self.native)
        Client(self.server.blob).create_container("bench")
        self.ours = self.server.folder("bench")
        self.names = iter(range(1 << 30))
        self.rounds = 3

    def stop(self):
        try:
            self.server.stop()
        finally:
            self.server.unmount()
            self.server.log.close()

    def new(self, root):
        return os.path.join(root, f"n{next(self.names):06d}")

    def cpu(self, body):
        begin = cpu_seconds([self.server.pid])
        result = body()
        return result, cpu_seconds([self.server.pid]) - begin


def _read(bench):
    """The same bytes in one file of each. Cold: from the disk, with nothing of them in memory; hot: read before."""
    size = (256 if bench.quick else 1024) * MIB
    ours, native = os.path.join(bench.ours, "read"), os.path.join(bench.native, "read")
    body = os.urandom(MIB) * (size // MIB)
    for path, write in ((native, lambda: Path(native).write_bytes(body)), (ours, lambda: S3(bench.server.s3).put("bench", "read", body))):
        write()
        if os.path.getsize(path) != size:
            raise RuntimeError(f"{path} is not there whole")
    sequential = lambda path: fio(path, f"--size={size}", "--bs=1m", "--rw=read", "--ioengine=psync")["read"]["bw_bytes"] / 1e9

    def cold(path):
        forget_pages()
        return sequential(path)
    cold(ours), cold(native)  # a disk that was just written to has its own work to do: the first one to read would pay for it
    mine, other = alternate(bench.rounds, lambda: cold(ours), lambda: cold(native))
    bench.table.row(f"mount: sequential read of {size // MIB} MiB, cold", mine, "the file system itself", other, "GB/s", 0.95)
    sequential(ours), sequential(native)
    (mine, other), spent = bench.cpu(lambda: alternate(bench.rounds, lambda: sequential(ours), lambda: sequential(native)))
    bench.table.row(f"mount: sequential read of {size // MIB} MiB, hot", mine, "the file system itself", other, "GB/s", 0.95, cpu=f"{spent / (bench.rounds * size / 1e9):.3f} CPU s/GB")
    seconds = 3 if bench.quick else 8
    scattered = lambda path, *more: fio(path, f"--size={size}", "--bs=4k", "--rw=randread", "--norandommap", "--ioengine=psync", "--time_based", f"--runtime={seconds}", *more)["read"]["iops"]

    def cold_scattered(path, *more):
        forget_pages()
        return scattered(path, *more)
    mine, other = alternate(bench.rounds, lambda: scattered(ours), lambda: scattered(native))
    bench.table.row("mount: 4 KiB random read, hot", mine, "the file system itself", other, "/s", 0.85)
    for jobs in (1, 8):
        more = ["--thread", f"--numjobs={jobs}", "--group_reporting", "--fadvise_hint=random"]
        mine, other = alternate(bench.rounds, lambda: cold_scattered(ours, *more), lambda: cold_scattered(native, *more))
        bench.table.row(f"mount: 4 KiB random read, cold, {jobs} thread{'s' if jobs > 1 else ''}", mine, "the file system itself", other, "/s", 0.85)
    return ours, size


def _write(bench):
    size, body = (256 if bench.quick else 1024) * MIB, os.urandom(MIB)

    def write(root):
        path = bench.new(root)
        os.sync()
        begin = time.perf_counter()
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        for _ in range(size // MIB):
            os.write(descriptor, body)
        os.fsync(descriptor)
        os.close(descriptor)
        rate = size / (time.perf_counter() - begin) / 1e9
        os.unlink(path)
        return rate
    mine, other = alternate(bench.rounds, lambda: write(bench.ours), lambda: write(bench.native))
    bench.table.row(f"mount: {size // MIB} MiB written and synced", mine, "the file system itself", other, "GB/s", 0.8)


def create_files(folder, count, sync, threads):
    """Files of 4 KiB a second."""
    body = os.urandom(4096)

    def work(part):
        for number in range(part, count, threads):
            descriptor = os.open(f"{folder}/f{number:07d}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            os.write(descriptor, body)
            if sync:
                os.fsync(descriptor)
            os.close(descriptor)
    workers = [threading.Thread(target=work, args=(part,)) for part in range(threads)]
    begin = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return count / (time.perf_counter() - begin)


def _create(bench, peers):
    count = 2000 if bench.quick else 10_000

    def create(root, sync, threads=THREADS):
        folder = bench.new(root)
        os.mkdir(folder)
        return create_files(folder, count, sync, threads)
    for threads in (1, THREADS):
        what = f"mount: create, write 4 KiB, close; {threads} thread{'s' if threads > 1 else ''}"
        mine, other = alternate(bench.rounds, lambda: create(bench.ours, False, threads), lambda: create(bench.native, True, threads))
        bench.table.row(what, mine, "the file system, with fsync", other, "/s", 1)
        bench.table.row(what, mine, "the file system, not durable", alternate(bench.rounds, lambda: create(bench.native, False, threads))[0], "/s", 0.02)
    count = 300 if bench.quick else 1000
    for peer in peers:
        mine, other = alternate(1 if bench.quick else bench.rounds, lambda: create(bench.ours, False), lambda: create(peer.point, False))
        bench.table.row(f"mount: create, write 4 KiB, close; {THREADS} threads", mine, peer.name, other, "/s", 1)


def list_entries(folder, with_facts):
    """Entries a second."""
    begin = time.perf_counter()
    with os.scandir(folder) as entries:
        names = [entry.name for entry in entries]
    if with_facts:
        for name in names:
            os.lstat(f"{folder}/{name}")
    return len(names) / (time.perf_counter() - begin), len(names)


def _list(bench):
    """The files are objects. Peers are mounted when those are there: they keep listings."""
    count = 20_000 if bench.quick else 100_000
    native = os.path.join(bench.native, "many")
    os.mkdir(native)
    create_files(native, count, False, THREADS)
    put = [threading.Thread(target=_put, args=(bench, part, count)) for part in range(THREADS)]
    for each in put:
        each.start()
    for each in put:
        each.join()
    ours = os.path.join(bench.ours, "many")

    def entries(folder, with_facts, cold=False):
        if cold:
            forget_pages()
        rate, found = list_entries(folder, with_facts)
        if found != count:
            raise RuntimeError(f"{found} entries of {count} in {folder}")
        return rate
    for what, with_facts, goal in (("readdir", False, 0.2), ("readdir and stat", True, 0.2)):
        mine, other = alternate(bench.rounds, lambda: entries(ours, with_facts), lambda: entries(native, with_facts))
        bench.table.row(f"mount: {what} of {count:,} entries, known", mine, "the file system itself", other, "entries/s", goal)
        mine, other = alternate(bench.rounds, lambda: entries(ours, with_facts, True), lambda: entries(native, with_facts, True))
        bench.table.row(f"mount: {what} of {count:,} entries, first time", mine, "the file system itself", other, "entries/s", goal / 2)
    cold = alternate(bench.rounds, lambda: entries(ours, True, True))[0]
    for kind in (RcloneMount, S3fs):
        peer = None
        try:
            peer = kind(bench.folder, bench.server.s3, "bench")
            bench.table.row(f"mount: readdir and stat of {count:,} entries, first time", cold, peer.name, entries(os.path.join(peer.point, "many"), True), "entries/s", 1)
        except (Unavailable, OSError, RuntimeError, SystemExit) as error:
            bench.table.missing(f"mount: readdir and stat beside {kind.name}", error)
        finally:
            if peer:
                peer.stop()


def _put(bench, part, count):
    client = Client(bench.server.blob)
    for number in range(part, count, THREADS):
        client.put_blob("bench", f"many/f{number:07d}", b"x" * 4096)


def _peers_read(bench, peers, path, size):
    """Read through other mounts of the same object: what they have not read yet."""
    for peer in peers:
        begin = time.perf_counter()
        with open(os.path.join(peer.point, os.path.basename(path)), "rb", buffering=0) as file:
            while file.read(MIB):
                pass
        theirs = size / (time.perf_counter() - begin) / 1e9
        forget_pages()
        begin = time.perf_counter()
        with open(path, "rb", buffering=0) as file:
            while file.read(MIB):
                pass
        bench.table.row(f"mount: sequential read of {size // MIB} MiB, cold", size / (time.perf_counter() - begin) / 1e9, peer.name, theirs, "GB/s", 1)


def _rename(bench):
    wanted, total, sas = (50_000 if bench.quick else 1_000_000), 0, account_sas()
    while total < wanted:
        total += wrk(f"http://{bench.server.blob}/", 64, 5, blob_script(bench.folder, sas, 1, "bench/large")) * 5
    one, other = os.path.join(bench.ours, "large"), os.path.join(bench.ours, "renamed")
    times = []
    for _ in range(11):
        begin = time.perf_counter()
        os.rename(one, other)
        times.append((time.perf_counter() - begin) * 1e3)
        one, other = other, one
    bench.table.absolute(f"mount: rename of a directory of {total:,.0f} entries", statistics.median(times), "ms", 5)


def _upstream(bench, options):
    """A container elsewhere, behind a link, read for the first time."""
    size, rounds = (64 if bench.quick else 256) * MIB, 1 if bench.quick else 3
    upstream = Server(os.path.join(bench.folder, "elsewhere")).start()
    link = Link(bench.folder, upstream.blob, options.round_trip, options.connection_rate * 1e6, options.link_rate * 1e6)
    key = os.path.join(bench.folder, "key")
    with open(key, "w") as file:
        file.write(KEY)
    os.chmod(key, 0o600)
    client, body = Client(upstream.blob), os.urandom(MIB)
    client.create_container("cold")
    for number in range(2 * rounds):
        blocks = [b"%06d" % each for each in range(size // (8 * MIB))]
        for block in blocks:
            client.put_block("cold", f"o{number}", block, block + body * 8)
        client.put_block_list("cold", f"o{number}", blocks)
    code, said = attach(bench.server.data, "cold", f"http://{link.endpoint}/{ACCOUNT}/cold", ["--key-file", key, "--allow-http"], "1h", "read-only")
    peer = None
    try:
        if code != 0:
            raise Unavailable(said)
        peer = RcloneMount(bench.folder, link.endpoint, "cold", "azureblob")
        names = {bench.server.folder("cold"): iter(range(rounds)), peer.point: iter(range(rounds, 2 * rounds))}

        def read(point):
            begin, got = time.perf_counter(), 0
            with open(os.path.join(point, f"o{next(names[point])}"), "rb", buffering=0) as file:
                while piece := file.read(MIB):
                    got += len(piece)
            return got / (time.perf_counter() - begin) / 1e9
        mine, other = alternate(rounds, lambda: read(bench.server.folder("cold")), lambda: read(peer.point))
        bench.table.row(f"mount: {size // MIB} MiB from upstream, one reader, cold", mine, "rclone mount", other, "GB/s", 1)
    except (Unavailable, OSError, SystemExit) as error:
        bench.table.missing("mount: cold read from upstream beside rclone mount", error)
    finally:
        if peer:
            peer.stop()
        link.stop()
        upstream.stop()


def mount(folder, options, table):
    bench, peers = Bench(folder, options, table), []
    try:
        for peer in (RcloneMount, S3fs):
            try:
                peers.append(peer(folder, bench.server.s3, "bench"))
            except (Unavailable, OSError, SystemExit) as error:
                table.missing(f"mount: beside {peer.name}", error)
        path, size = _read(bench)
        _peers_read(bench, peers, path, size)
        _write(bench)
        _create(bench, peers)
        for peer in peers:
            peer.stop()
        peers = []
        _list(bench)
        _upstream(bench, options)
        _rename(bench)
    finally:
        for peer in peers:
            peer.stop()
        bench.stop()
