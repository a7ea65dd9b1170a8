"""Peers that are built from their source packages: once, at a pinned version, under a lock, into the cache that the tests with real clients share."""
import fcntl
import os
import shutil
import subprocess

from azurite import CACHE, Unavailable

BUILD_SECONDS = 2400


def _built(name, program, command, environment, tool=None):
    folder = os.path.join(CACHE, name)
    marker = os.path.join(folder, ".complete")
    os.makedirs(CACHE, exist_ok=True)
    with open(folder + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.exists(marker):
            if shutil.which(tool or command[0]) is None:
                raise Unavailable(f"{name} has to be built, and there is no {tool or command[0]}")
            shutil.rmtree(folder, ignore_errors=True)
            os.makedirs(folder)
            print(f"building {name}, which may take some minutes", flush=True)
            try:
                done = subprocess.run(command, env={**os.environ, **environment(folder)}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                      timeout=BUILD_SECONDS)
            except (OSError, subprocess.SubprocessError) as error:
                raise Unavailable(f"{name} cannot be built: {error}") from None
            if done.returncode:
                raise Unavailable(f"{name} cannot be built: {' '.join(done.stdout.split())[-250:]}")
            open(marker, "w").close()
    return os.path.join(folder, program)


def _go_environment(folder):
    """Two compilers at a time."""
    return {"GOBIN": folder, "GOFLAGS": "-p=2", "CGO_ENABLED": "0", "GOTOOLCHAIN": "auto"}


def go(package, version):
    """The path of the program that a Go module's package makes."""
    program = package.rsplit("/", 1)[-1]
    return _built(f"{program}-{version}", program, ["go", "install", "-trimpath", f"{package}@{version}"], _go_environment)


def go_tree(module, version, package):
    """The same for a module whose go.mod replaces others, which `go install` refuses: built where it was downloaded to, as in a checkout."""
    program = package.rsplit("/", 1)[-1]
    script = 'go mod download "$0" && exec go build -C "$(go env GOMODCACHE)/$0" -trimpath -o "$GOBIN/" "./$1"'
    return _built(f"{program}-{version}", program, ["sh", "-c", script, f"{module}@{version}", package], _go_environment, "go")


def cargo(crate, version, *flags):
    return _built(f"{crate}-{version}", f"bin/{crate}", ["cargo", "install", "--locked", "--jobs", "2", f"{crate}@{version}", *flags],
                  lambda folder: {"CARGO_INSTALL_ROOT": folder})
