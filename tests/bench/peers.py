"""What stands beside Skerry: one class a program, running when made. A peer with S3 has an endpoint, keys, its processes, and says what is durable
when it answers a write."""
import json
import os
import secrets
import shutil
import socket
import subprocess
import time

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
            self.prepare(program)
        except Unavailable as error:
            self.stop()
            with open(self.log, errors="replace") as log:
                raise Unavailable(f"{self.name}: {error}: {log.read()[-300:]}") from None

    def prepare(self, program):
        """What is left to do when it listens."""

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


class SeaweedFS(_Program):
    """Master, volume server, filer and gateway in one process. Every bucket is a collection, which grows several volumes, so the default limit of eight
    would be used up by the first."""
    name = "seaweedfs"
    durability = "fsync for all buckets, which is not its default: a volume's data and index and the filer's LevelDB are synced before the answer"
    RULE, START_SECONDS = "fs.configure -locationPrefix=/buckets/ -fsync -apply", 60

    @staticmethod
    def install():
        return install.go_tree("github.com/seaweedfs/seaweedfs", "v0.0.0-20261109003541-7506e5f91cd6", "weed")

    def command(self):
        identities = os.path.join(self.folder, "s3.json")
        with open(identities, "w") as file:
            json.dump({"identities": [{"name": "peer", "credentials": [{"accessKey": self.access, "secretKey": self.secret}], "actions": ["Admin"]}]}, file)
        ports = {f"{part}.{kind}": self.port if (part, kind) == ("s3", "port") else _free_port()
                 for part in ("master", "volume", "filer", "s3") for kind in ("port", "port.grpc")}
        self.sockets = [f"/tmp/seaweedfs-{part}-grpc-{ports[f'{part}.port.grpc']}.sock" for part in ("master", "volume", "filer", "s3")]
        self.master, self.filer = (f"127.0.0.1:{ports[f'{part}.port']}.{ports[f'{part}.port.grpc']}" for part in ("master", "filer"))
        flags = {**ports, "ip": "127.0.0.1", "ip.bind": "127.0.0.1", "dir": self.data, "master.telemetry": "false", "volume.max": 100,
                 "volume.preStopSeconds": 0, "s3.config": identities, "s3.port.iceberg": 0, "s3.port.lance": 0,
                 "s3.localSocket": os.path.join(self.folder, "s3.sock"), "filer.localSocket": os.path.join(self.folder, "filer.sock")}
        return ["-logtostderr", "server", "-s3", *(f"-{name}={value}" for name, value in flags.items())], {}

    def prepare(self, program):
        """Its shell waits for the filer to be known to the master, but not for ever."""
        end = time.monotonic() + self.START_SECONDS
        while True:
            try:
                done = subprocess.run([program, "shell", f"-master={self.master}", f"-filer={self.filer}"], input=f"{self.RULE}\nfs.configure\n", text=True,
                                      cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=self.START_SECONDS)
            except subprocess.TimeoutExpired:
                raise Unavailable("its shell does not answer") from None
            if '"fsync":true' in "".join(done.stdout.split()):
                return
            if time.monotonic() > end:
                raise Unavailable(f"fsync cannot be configured: {done.stdout[-200:]}")
            time.sleep(0.5)

    def stop(self):
        """It ends slowly, and when it has to be killed its sockets stay."""
        super().stop()
        for path in self.sockets:
            if os.path.exists(path):
                os.unlink(path)


class Garage(_Program):
    """A cluster of one node, without replication. Nothing is compressed: load is random bytes."""
    name = "garage"
    durability = ("metadata_fsync and data_fsync, which are not its defaults: data, its folder and LMDB's pages are synced before the answer, but not "
                  "LMDB's meta page, so that a power failure may undo the last transaction")

    @staticmethod
    def install():
        return install.cargo("garage", "2.5.0", "--no-default-features", "--features", "bundled-libs,lmdb")

    def command(self):
        configuration, rpc = os.path.join(self.folder, "garage.toml"), f"127.0.0.1:{_free_port()}"
        with open(configuration, "w") as file:
            file.write(f"""metadata_dir = "{self.data}/meta"
data_dir = "{self.data}/data"
db_engine = "lmdb"
metadata_fsync = true
data_fsync = true
compression_level = "none"
replication_factor = 1
rpc_bind_addr = "{rpc}"
rpc_public_addr = "{rpc}"
rpc_secret = "{secrets.token_hex(32)}"
[s3_api]
api_bind_addr = "{self.endpoint}"
s3_region = "us-east-1"
""")
        return (["--config", configuration, "server", "--single-node", "--default-access-key"],
                {"GARAGE_DEFAULT_ACCESS_KEY": self.access, "GARAGE_DEFAULT_SECRET_KEY": self.secret, "RUST_LOG": "garage=warn"})


S3_PEERS = {peer.name: peer for peer in (Radosgw, Minio, Versitygw, S3sFs, SeaweedFS, Garage)}
