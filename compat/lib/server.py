"""The server under test: a skerry of our own on free ports, or the endpoint in COMPAT_BLOB_ENDPOINT or COMPAT_S3_ENDPOINT.

The program is asked for what its contract says: one ready line with the addresses, exit code 0 after SIGTERM, and a data
folder that `skerry fsck` finds sound afterwards.
"""
import contextlib
import ctypes
import fcntl
import os
import re
import select
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import clients
import proxy
import s3
import tls

REPOSITORY = Path(__file__).resolve().parents[2]
ACCOUNT = "devstoreaccount1"
# The published key of the development account. Not a secret: every emulator and SDK carries it.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
READY = re.compile(r"^skerry ready blob=(\S+) s3=(\S+) admin=(\S+)(?: mount=.*)?$")
REGION = "us-east-1"
# Besides the default S3 key, which is the account's name and key: one given by --s3-key, in the runs over https.
S3_ACCESS_KEY, S3_SECRET_KEY = "COMPATACCESSKEY", "compat/secret+key=with.all~signs"
# There too, since any given key replaces the default one: a key that may only read.
S3_READER_KEY, S3_READER_SECRET = "COMPATREADER", "another/secret+key=that~only.reads"
# Where buckets are hosts. Names below localhost are loopback by definition; what does not know that is told by a hook of the client.
S3_DOMAIN = "s3.localhost"
START_SECONDS, STOP_SECONDS, FSCK_SECONDS = 30, 60, 120
DEVELOPMENT_PORT = 10000
_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent():
    """In a child before exec: end with the test, even when the test itself is killed."""
    _libc.prctl(1, signal.SIGTERM)


def work_folder(name):
    """A temporary folder for one test script, removed on exit unless COMPAT_KEEP is set."""
    return Path(tempfile.mkdtemp(prefix=f"skerry-compat-{name}-"))


def remove_folder(folder):
    if os.environ.get("COMPAT_KEEP"):
        print(f"kept: {folder}", flush=True)
    else:
        shutil.rmtree(folder, ignore_errors=True)


def server_header(address):
    try:
        with urllib.request.urlopen(f"http://{address}/{ACCOUNT}?comp=list", timeout=10) as answer:
            return answer.headers.get("Server", "")
    except urllib.error.HTTPError as error:
        return error.headers.get("Server", "")


class Server:
    """One running server. `kind` is "skerry", "azurite" or "another", `endpoint` the path-style URL of the account.

    `s3` is a small client of its S3 face; None where it has no such face. `ca` is the authority to trust, None over http.
    `virtual_url` is where its buckets are hosts, None where they are not known to be.
    """

    def __init__(self, kind, address, process=None, data=None, log=None, s3_client=None, ca=None):
        self.kind = kind
        self.address = address
        self.scheme = "https" if ca else "http"
        self.endpoint = f"{self.scheme}://{address}/{ACCOUNT}"
        self.process, self.data, self.log = process, data, log
        self.s3, self.ca = s3_client, ca
        self.virtual_url = f"{self.scheme}://{S3_DOMAIN}:{s3_client.url.rsplit(':', 1)[1]}" if s3_client and kind == "skerry" else None
        self.has_reader = kind == "skerry" and ca is not None

    def s3_environment(self):
        """What AWS clients read of their environment, and no settings of whoever runs the test."""
        return {"AWS_ACCESS_KEY_ID": self.s3.access, "AWS_SECRET_ACCESS_KEY": self.s3.secret, "AWS_DEFAULT_REGION": REGION,
                "AWS_REGION": REGION, "AWS_ENDPOINT_URL": self.s3.url, "AWS_CONFIG_FILE": "/dev/null",
                "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true", **(tls.trust(self.ca) if self.ca else {})}

    def stop(self, checks):
        """SIGTERM, then the checks on what the program leaves behind."""
        if not self.process:
            if self.s3:
                self.s3.clean_up()
            return
        alive = checks.true("the server is still running at the end", self.process.poll() is None,
                            f"exit code {self.process.returncode}")
        if alive:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = f"none: still running {STOP_SECONDS} s after SIGTERM"
            self.process.wait()
        self.process.stdout.close()
        if not checks.equal("the server's exit code after SIGTERM", code, 0):
            print(tail(self.log), flush=True)
        result = subprocess.run([binary(), "fsck", str(self.data)], capture_output=True, text=True, timeout=FSCK_SECONDS)
        checks.true("skerry fsck finds the data folder sound", result.returncode == 0,
                    f"exit code {result.returncode}: {result.stdout[-2000:]}{result.stderr[-2000:]}")


def binary():
    return os.environ.get("SKERRY_BIN") or str(REPOSITORY / "build" / "skerry")


def tail(path, size=4000):
    text = Path(path).read_text(errors="replace") if path and Path(path).exists() else ""
    return f"--- end of the server's log\n{text[-size:]}\n---"


def start_skerry(folder, blob_address="127.0.0.1:0", authority=None, mount=None):
    """With an authority, over https and with an S3 key of our own; else over http and with the default S3 key. `mount`: the folder on which the
    account's containers are mounted."""
    program = binary()
    if not os.access(program, os.X_OK):
        raise SystemExit(f"compat: no server: {program} is not an executable file. Build it, set SKERRY_BIN, "
                         "or set COMPAT_BLOB_ENDPOINT=http://ADDRESS:PORT")
    data, log = folder / "server-data", folder / "server.log"
    command = [program, "serve", "--data", str(data), "--blob", blob_address, "--s3", "127.0.0.1:0", "--s3-domain", S3_DOMAIN, "--admin", "127.0.0.1:0"]
    access_key, secret_key = ACCOUNT, KEY
    if mount:
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            raise SystemExit("compat: FAILED: a mount needs /dev/fuse, which this machine has not or we may not use: run it as root, or load the module fuse")
        command += ["--mount", str(mount)]
    if authority:
        access_key, secret_key = S3_ACCESS_KEY, S3_SECRET_KEY
        command += ["--tls-cert", str(authority.certificate), "--tls-key", str(authority.key), "--s3-key", f"{access_key}:{secret_key}:{ACCOUNT}",
                    "--s3-read-only-key", f"{S3_READER_KEY}:{S3_READER_SECRET}:{ACCOUNT}"]
    with open(log, "wb") as log_file:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log_file, cwd=folder, preexec_fn=die_with_parent)
    line, deadline = b"", time.monotonic() + START_SECONDS
    while not line.endswith(b"\n"):
        readable, _, _ = select.select([process.stdout], [], [], max(0, deadline - time.monotonic()))
        piece = os.read(process.stdout.fileno(), 4096) if readable else b""
        if not piece:
            process.kill()
            process.wait()
            raise SystemExit(f"compat: no ready line from {program}; it wrote {line!r}\n{tail(log)}")
        line += piece
    match = READY.match(line.decode(errors="replace").splitlines()[0])
    if not match:
        process.kill()
        process.wait()
        raise SystemExit(f"compat: not a ready line: {line!r}\n{tail(log)}")
    ca = authority.root if authority else None
    s3_client = s3.Client(f"{'https' if ca else 'http'}://{match.group(2)}", access_key, secret_key, REGION, ca)
    return Server("skerry", match.group(1), process, data, log, s3_client, ca)


def start(folder):
    """The server for one test script."""
    address = os.environ.get("COMPAT_BLOB_ENDPOINT")
    if not address:
        return start_skerry(folder)
    address = address.removeprefix("http://").split("/")[0]
    return Server("azurite" if server_header(address).startswith("Azurite") else "skerry", address)


def start_s3(folder, authority):
    """The server for one half of a test of S3."""
    endpoint = os.environ.get("COMPAT_S3_ENDPOINT")
    if not endpoint:
        return start_skerry(folder, authority=authority)
    access_key, secret_key = os.environ["COMPAT_S3_KEY"].split(":", 1)
    ca = os.environ.get("COMPAT_S3_CA")
    return Server("another", endpoint.split("://")[1], s3_client=s3.Client(endpoint.rstrip("/"), access_key, secret_key, REGION, ca), ca=ca)


@contextlib.contextmanager
def development_storage(server, folder, checks):
    """A server on 127.0.0.1:10000, where UseDevelopmentStorage=true of the SDKs points.

    The port is fixed, so tests that want it take turns by a lock. Something else on the port is a failure that says so.
    With COMPAT_BLOB_ENDPOINT the port is forwarded to that endpoint.
    """
    lock_path = clients.cache_folder() / "port-10000.lock"
    with open(lock_path, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if server.address == f"127.0.0.1:{DEVELOPMENT_PORT}":
            yield
            return
        if not proxy.port_is_free(DEVELOPMENT_PORT):
            raise RuntimeError("127.0.0.1:10000 is taken by another program (an Azurite, another skerry?). UseDevelopmentStorage=true "
                               "always means this port: end that program and run the test again")
        if server.process:
            own = folder / "development-storage"
            own.mkdir()
            second = start_skerry(own, f"127.0.0.1:{DEVELOPMENT_PORT}")
            try:
                yield
            finally:
                second.stop(checks)
        else:
            forwarder = proxy.Proxy(server.address, port=DEVELOPMENT_PORT)
            try:
                yield
            finally:
                forwarder.close()
