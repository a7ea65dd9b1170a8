"""Azurite, the emulator of the Blob service, as a peer: installed at a pinned version into the cache that the tests with real clients
share, started on a free port with its data in a given folder."""
import fcntl
import os
import shutil
import socket
import subprocess
import time

VERSION = "3.35.0"
CACHE = os.environ.get("SKERRY_COMPAT_CACHE") or os.path.expanduser("~/.cache/skerry-compat")
INSTALL_SECONDS, START_SECONDS = 600, 120


class Unavailable(RuntimeError):
    """Azurite cannot be installed or does not start; says why."""


def wait_for_port(port, seconds=30, process=None):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process is not None and process.poll() is not None:
            raise Unavailable(f"it ended with {process.returncode} before it listened")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise Unavailable(f"nobody listens on {port}")


def install():
    """The program's path. Under a lock; a marker says that an installation was completed."""
    folder = os.path.join(CACHE, f"azurite-{VERSION}")
    marker = os.path.join(folder, ".complete")
    os.makedirs(CACHE, exist_ok=True)
    with open(folder + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(marker):
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
            try:
                subprocess.run(["npm", "install", "--silent", "--no-fund", "--no-audit", "--ignore-scripts", "--prefix", folder,
                                f"azurite@{VERSION}"], check=True, stdout=subprocess.DEVNULL, timeout=INSTALL_SECONDS)
            except (OSError, subprocess.SubprocessError) as error:
                raise Unavailable(f"azurite@{VERSION} cannot be installed (it needs node and npm): {error}") from None
            open(marker, "w").close()
    return os.path.join(folder, "node_modules", ".bin", "azurite-blob")


class Azurite:
    """Running when made. As a context manager it is ended."""

    def __init__(self, folder, *flags):
        program = install()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.endpoint = f"127.0.0.1:{self.port}"
        self.process = subprocess.Popen([program, "--disableTelemetry", "--silent", "--blobHost", "127.0.0.1", "--blobPort", str(self.port),
                                         "--location", os.path.join(folder, "azurite"), *flags],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_for_port(self.port, START_SECONDS, self.process)
        except Unavailable:
            self.stop()
            raise

    def stop(self):
        self.process.terminate()
        self.process.wait(60)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
