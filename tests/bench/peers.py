"""What stands beside Skerry: one class a program, running when made. A peer with S3 has an endpoint, keys, its processes, and says what is durable
when it answers a write."""
import os
import shutil
import socket
import subprocess

import install
import radosgw
from azurite import Unavailable, wait_for_port
from blobclient import ACCOUNT, KEY, Server


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Nginx:
    """Serves `root`; over TLS when it is given an authority's certificate."""

    def __init__(self, folder, authority=None):
        self.root = os.path.join(folder, "www")
        os.makedirs(self.root)
        self.port = _free_port()
        config = os.path.join(folder, "nginx.conf")
        tls = f"ssl_certificate {authority.certificate}; ssl_certificate_key {authority.key};" if authority else ""
        with open(config, "w") as file:
            file.write(f"worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.log; daemon off; events {{ worker_connections 4096; }}\n"
                       f"http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=1000;\n"
                       f"server {{ listen 127.0.0.1:{self.port}{' ssl' if authority else ''}; {tls} root {self.root}; }} }}\n")
        os.chmod(folder, 0o755)
        self.process = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder, "-c", config], stderr=subprocess.DEVNULL)
        wait_for_port(self.port)

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class Skerry:
    name = "Skerry"
    durability = "the defaults: bytes, directory entry and record are on the disk before the answer; MD5 and CRC32C of all bytes"
    access, secret = ACCOUNT, KEY

    def __init__(self, folder):
        self.server = Server(os.path.join(folder, "skerry")).start()
        self.endpoint = self.server.s3

    def pids(self):
        return [self.server.pid]

    def stop(self):
        self.server.stop()


class Radosgw(radosgw.Radosgw):
    """The one of the tests keeps objects in memory and is small; this one keeps them on the disk, and may use what Ceph uses by default."""
    name = "radosgw"
    durability = "BlueStore on a file of the same disk, one copy: data and its write-ahead log are on the disk before the answer"
    access, secret = radosgw.ACCESS, radosgw.SECRET
    SETTINGS = {"osd_objectstore = memstore": "osd_objectstore = bluestore\nbluestore_block_create = true\nbluestore_block_size = 42949672960",
                "osd_memory_target = 939524096": "osd_memory_target = 4294967296", "memstore_device_bytes = 2147483648\n": "",
                "rgw_thread_pool_size = 16": "rgw_thread_pool_size = 512\nrgw_gc_obj_min_wait = 1\nrgw_gc_processor_period = 60"}
    POOLS = {".rgw.root": 8, "default.rgw.log": 8, "default.rgw.control": 8, "default.rgw.meta": 8, "default.rgw.buckets.index": 16,
             "default.rgw.buckets.data": 32, "default.rgw.buckets.non-ec": 8}

    def _start_monitor(self):
        with open(self.configuration) as file:
            text = file.read()
        for old, new in self.SETTINGS.items():
            if old not in text:
                raise Unavailable(f"tests/lib/radosgw.py no longer says {old!r}")
            text = text.replace(old, new)
        with open(self.configuration, "w") as file:
            file.write(text)
        super()._start_monitor()

    def _start_store(self):
        small, radosgw.POOLS = radosgw.POOLS, self.POOLS
        try:
            super()._start_store()
        finally:
            radosgw.POOLS = small

    def pids(self):
        return [process.pid for process in self.processes if process.poll() is None]


class _Program:
    """A single process with its data in a folder."""
    access, secret = "peeraccess", "peersecretpeersecret"

    def __init__(self, folder):
        program = self.install()
        self.folder = os.path.join(folder, self.name)
        self.data = os.path.join(self.folder, "data")
        os.makedirs(self.data)
        self.port = _free_port()
        self.endpoint = f"127.0.0.1:{self.port}"
        arguments, environment = self.command()
        self.log = os.path.join(self.folder, "log")
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([program, *arguments], env={**os.environ, **environment}, cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        try:
            wait_for_port(self.port, 60, self.process)
        except Unavailable as error:
            self.stop()
            with open(self.log, errors="replace") as log:
                raise Unavailable(f"{self.name}: {error}: {log.read()[-300:]}") from None

    def pids(self):
        return [self.process.pid]

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.data, ignore_errors=True)


class Minio(_Program):
    name = "minio"
    durability = "one drive: fdatasync of data, O_DSYNC for records; renames and directories are not synced"

    @staticmethod
    def install():
        return install.go("github.com/minio/minio", "v0.0.0-20260212201848-7aac2a2c5b7c")

    def command(self):
        return (["server", self.data, "--quiet", "--address", self.endpoint, "--console-address", f"127.0.0.1:{_free_port()}"],
                {"MINIO_ROOT_USER": self.access, "MINIO_ROOT_PASSWORD": self.secret, "MINIO_UPDATE": "off", "MINIO_BROWSER": "off"})


class Versitygw(_Program):
    name = "versitygw"
    durability = "POSIX files on the same disk: never syncs, so its writes are in memory when it answers"

    @staticmethod
    def install():
        return install.go("github.com/versity/versitygw/cmd/versitygw", "v1.8.0")

    def command(self):
        return ["--access", self.access, "--secret", self.secret, "--port", self.endpoint, "--quiet", "posix", self.data], {}


class S3sFs(_Program):
    name = "s3s-fs"
    durability = "files on the same disk: never syncs, so its writes are in memory when it answers"

    @staticmethod
    def install():
        return install.cargo("s3s-fs", "0.14.1", "--features", "binary")

    def command(self):
        return ["--access-key", self.access, "--secret-key", self.secret, "--host", "127.0.0.1", "--port", str(self.port), self.data], {}


S3_PEERS = {peer.name: peer for peer in (Radosgw, Minio, Versitygw, S3sFs)}
