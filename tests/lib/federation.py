"""A gateway in front of an upstream, with a proxy in between that counts and spoils: upstream is Azurite or another Skerry as Azure Blob, or a
Skerry or radosgw as S3. Each container of the gateway is bound to one of the same name upstream."""
import hashlib
import json
import os
import subprocess
import time

from azurite import Azurite
from blobclient import ACCOUNT, BINARY, KEY, Client, Server
from fault_proxy import FaultProxy
from radosgw import ACCESS, SECRET, Radosgw
from s3client import S3

KINDS = ("azurite", "skerry", "skerry-s3", "radosgw")


class Azure:
    """An Azure Blob upstream, as whoever owns it uses it: not through the proxy."""
    is_s3 = False

    def __init__(self, server, address):
        self.server, self.address = server, address

    def client(self):
        return Client(self.address)

    def url(self, address, container):
        return f"http://{address}/{ACCOUNT}/{container}"

    def credential(self, folder):
        path = os.path.join(folder, "upstream.key")
        with open(path, "w") as file:
            file.write(KEY)
        os.chmod(path, 0o600)
        return ["--key-file", path]

    def make(self, container):
        return self.client().create_container(container)

    def remove(self, container):
        return self.client().request("DELETE", f"/{container}", "restype=container")

    def put(self, container, key, body, headers=None):
        return self.client().put_blob(container, key, body, **(headers or {}))

    def head(self, container, key):
        return self.client().head_blob(container, key)

    def delete(self, container, key):
        return self.client().delete_blob(container, key)


class Bucket:
    """The same for S3."""
    is_s3 = True

    def __init__(self, server, address, access, secret):
        self.server, self.address, self.access, self.secret = server, address, access, secret

    def client(self):
        return S3(self.address, self.access, self.secret)

    def url(self, address, container):
        return f"http://{address}/{container}"

    def credential(self, folder):
        path = os.path.join(folder, "upstream.key")
        with open(path, "w") as file:
            file.write(f"{self.access}:{self.secret}")
        os.chmod(path, 0o600)
        return ["--kind", "s3", "--region", "us-east-1", "--s3-key-file", path]

    def make(self, container):
        return self.client().create_bucket(container)

    def remove(self, container):
        return self.client().delete(container, "")

    def put(self, container, key, body, headers=None):
        return self.client().put(container, key, body, **(headers or {}))

    def head(self, container, key):
        return self.client().head(container, key)

    def delete(self, container, key):
        return self.client().delete(container, key)


def start_upstream(kind, folder):
    """Running; `server.stop()` ends it."""
    if kind == "azurite":
        server = Azurite(folder)
        return Azure(server, server.endpoint)
    if kind == "radosgw":
        server = Radosgw(folder)
        return Bucket(server, server.endpoint, ACCESS, SECRET)
    server = Server(os.path.join(folder, "upstream")).start()
    return Azure(server, server.blob) if kind == "skerry" else Bucket(server, server.s3, ACCOUNT, KEY)


def pattern(version, size):
    """Bytes of which every eight tell their version and their place: what is mixed or shifted shows where."""
    block = b"".join(b"%02d%06x" % (version % 100, at & 0xFFFFFF) for at in range(min(size // 8 + 1, 1 << 17)))
    parts, left, turn = [], size, 0
    while left > 0:
        piece = (b"%02d%06x" % (version % 100, turn & 0xFFFFFF) + block[8:])[:left]
        parts.append(piece)
        left, turn = left - len(piece), turn + 1
    return b"".join(parts)


def attach(data, container, url, flags, ttl="60s", mode="read-only"):
    """Returns (exit code, what was said)."""
    done = subprocess.run([BINARY, "attach", container, "--upstream", url, "--mode", mode, "--ttl", ttl, "--data", data, *flags],
                          capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


def detach(data, container):
    done = subprocess.run([BINARY, "detach", container, "--data", data], capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout + done.stderr


class Rig:
    """Upstream, proxy and gateway, running. As a context manager it ends them, and asks for a sound data folder."""

    def __init__(self, folder, kind, *flags, data=None):
        self.folder, self.kind = folder, kind
        self.upstream = start_upstream(kind, folder)
        self.proxy = FaultProxy(self.upstream.address)
        self.log = open(os.path.join(folder, "gateway.log"), "ab")
        self.gateway = Server(data or os.path.join(folder, "gateway"), *flags, log=self.log)
        self.gateway.start()
        self.problems = None  # of fsck, once it has ended

    def bind(self, container, ttl="60s", mode="read-only", make=True, address=None, flags=()):
        """A container, made upstream, bound through the proxy."""
        if make:
            self.upstream.make(container)
        code, said = attach(self.gateway.data, container, self.upstream.url(address or self.proxy.address, container),
                            [*self.upstream.credential(self.folder), "--allow-http", *flags], ttl, mode)
        if code != 0:
            raise RuntimeError(f"skerry attach: {said}")

    def blob(self, timeout=60):
        return Client(self.gateway.blob, timeout=timeout)

    def s3(self, timeout=60):
        return S3(self.gateway.s3, timeout=timeout)

    def get(self, protocol, container, key, client=None, **headers):
        """By "blob" or "s3", of the gateway; `range` and the like as keywords."""
        if protocol == "blob":
            return (client or self.blob()).get_blob(container, key, **{name.replace("_", "-"): value for name, value in headers.items()})
        return (client or self.s3()).get(container, key, **headers)

    def head(self, protocol, container, key):
        return self.blob().head_blob(container, key) if protocol == "blob" else self.s3().head(container, key)

    def restart(self):
        self.gateway.stop()
        self.gateway.start()

    def bindings(self):
        """What `skerry bindings --json` says."""
        done = subprocess.run([BINARY, "bindings", "--json", "--data", self.gateway.data], capture_output=True, text=True, timeout=60)
        return json.loads(done.stdout)

    def stop(self):
        try:
            if self.gateway.process.poll() is None:
                self.gateway.stop()
            self.problems = self.gateway.fsck("--verify")
        finally:
            self.log.close()
            self.proxy.__exit__()
            self.upstream.server.stop()

    def said(self, size=4000):
        with open(self.log.name, errors="replace") as file:
            return file.read()[-size:]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def digest(data):
    return hashlib.sha256(data).hexdigest()


def until(truth, seconds=10, every=0.02):
    """Asks until it is true; the last answer."""
    end = time.monotonic() + seconds
    while not (answer := truth()) and time.monotonic() < end:
        time.sleep(every)
    return answer
