#!/usr/bin/env python3
"""Containers as folders: what a mount shows, what it takes, what others see of it and when, and how it begins and ends."""
import ctypes
import errno
import mmap
import os
import stat
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import ACCOUNT, BINARY, Client, Server  # noqa: E402
from bound import Gateway  # noqa: E402

passed = failed = 0
LIBC = ctypes.CDLL(None, use_errno=True)
PORTS = ["--blob", "127.0.0.1:0", "--s3", "127.0.0.1:0", "--admin", "127.0.0.1:0"]


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {what} {detail}", flush=True)


def error_of(call, *arguments):
    try:
        call(*arguments)
        return 0
    except OSError as failure:
        return failure.errno


def soon(look, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if look():
                return True
        except OSError:
            pass
        time.sleep(0.01)
    return False


def write(path, data, mode="wb"):
    with open(path, mode) as file:
        file.write(data)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def rename2(source, target, flags):
    failed = LIBC.renameat2(-100, source.encode(), -100, target.encode(), flags)
    return ctypes.get_errno() if failed else 0


def mounted(directory):
    with open("/proc/self/mounts") as file:
        return any(line.split()[1] == directory and line.split()[2] == "fuse.skerry" for line in file)


def metric(server, name):
    import urllib.request
    with urllib.request.urlopen(f"http://{server.admin}/metrics", timeout=10) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(f"skerry_mount_{name}{{"):
                return float(line.rsplit(" ", 1)[1])
    return None


class Mounted(Server):
    """A server with a mount, which it takes away when something goes wrong."""

    def __init__(self, data, directory, fields="", *flags, **more):
        os.makedirs(directory, exist_ok=True)
        self.directory = directory
        super().__init__(data, "--mount", directory + fields, *flags, **more)

    def __exit__(self, *problem):
        try:
            super().__exit__(*problem)
        finally:
            if mounted(self.directory):
                subprocess.run(["umount", "-l", self.directory])


# ---- what it shows, and what it takes ----

def names(client, top):
    box = f"{top}/box"
    os.mkdir(box)
    check("a directory at the top is a container", client.list_blobs("box").status == 200)
    check("a name that no container has", error_of(os.mkdir, f"{top}/Not_This") == errno.EINVAL)
    check("a file beside containers", error_of(write, f"{top}/file", b"") == errno.EPERM)
    write(f"{box}/file", b"hello")
    check("blob sees a file", client.get_blob("box", "file").body == b"hello")
    os.makedirs(f"{box}/a/b/c")
    write(f"{box}/a/b/c/d", b"deep")
    os.rename(f"{box}/a/b", f"{box}/b")
    check("a directory is renamed", client.get_blob("box", "b/c/d").body == b"deep" and os.listdir(f"{box}/a") == [])
    check("directory not empty", error_of(os.rmdir, f"{box}/b") == errno.ENOTEMPTY)
    check("container not empty", error_of(os.rmdir, box) == errno.ENOTEMPTY)
    os.chmod(box, 0o750)
    os.utime(box, ns=(10**18, 10**18 + 7))
    about = os.stat(box)
    check("a container's directory has a mode and times", stat.S_IMODE(about.st_mode) == 0o750 and about.st_mtime_ns == 10**18 + 7)
    check("the directory of containers has neither", error_of(os.chmod, top, 0o700) == errno.EPERM)
    check("a container keeps its name", error_of(os.rename, box, f"{top}/other") == errno.EPERM)
    os.rmdir(f"{box}/a")
    write(f"{box}/one", b"1")
    write(f"{box}/two", b"2")
    check("no replace", rename2(f"{box}/one", f"{box}/two", 1) == errno.EEXIST)
    check("exchange", rename2(f"{box}/one", f"{box}/two", 2) == 0 and (read(f"{box}/one"), read(f"{box}/two")) == (b"2", b"1"))
    os.symlink("b/c/d", f"{box}/link")
    check("symbolic link", os.readlink(f"{box}/link") == "b/c/d" and read(f"{box}/link") == b"deep")
    check("no hard links", error_of(os.link, f"{box}/file", f"{box}/hard") == errno.EPERM)
    check("no pipes", error_of(os.mkfifo, f"{box}/pipe") == errno.EPERM)
    check("a long name", error_of(write, f"{box}/{'x' * 256}", b"") == errno.ENAMETOOLONG)
    os.mkdir(f"{top}/second")
    check("not between containers", error_of(os.rename, f"{box}/one", f"{top}/second/one") == errno.EXDEV)
    os.rmdir(f"{top}/second")
    check("a container goes", client.list_blobs("second").status == 404)


def listings(server, client, top):
    for name in ("l/top", "l/top-1", "l/top/under", "l/bad//name", "l/z/./q", f"l/{'y' * 300}"):
        client.put_blob("box", name, b"u")
    found = sorted(os.listdir(f"{top}/box/l"))
    check("a directory hides a file; what no path says is hidden", found == ["bad", "top", "top-1", "z"], found)
    check("and counted", metric(server, "hidden_names") >= 2)
    check("below", os.listdir(f"{top}/box/l/top") == ["under"] and os.listdir(f"{top}/box/l/bad") == [])
    for i in range(2345):
        client.put_blob("box", f"many/{i:05}", b"1")
    entries = list(os.scandir(f"{top}/box/many"))
    check("many names", len({entry.name for entry in entries}) == 2345 and all(entry.stat().st_size == 1 for entry in entries))
    check("numbers are the same in listings", all(entry.inode() == os.stat(entry.path).st_ino for entry in entries[:20]))
    with os.scandir(f"{top}/box/many") as listing:
        seen = [next(listing).name]
        for name in os.listdir(f"{top}/box/many")[5:]:
            os.unlink(f"{top}/box/many/{name}")
        seen += [entry.name for entry in listing]
    check("a listing goes on while files go", len(seen) == len(set(seen)) and os.listdir(f"{top}/box/many") != [])


def contents(client, top):
    path = f"{top}/box/content"
    big = os.urandom(3_000_000)
    write(path, big)
    check("blob sees all of it", client.get_blob("box", "content").body == big)
    with open(path, "r+b", buffering=0) as file:
        file.seek(1_000_000)
        file.write(b"patched")
        check("seen by others at once, through the mount", read(path)[1_000_000:1_000_007] == b"patched")
        check("not yet by Blob", client.get_blob("box", "content").body == big)
        os.fsync(file.fileno())
        check("by Blob when it is synced", client.get_blob("box", "content").body[1_000_000:1_000_007] == b"patched")
    with open(path, "ab") as file:
        file.write(b"end")
    check("appended", client.get_blob("box", "content").body[3_000_000:] == b"end")
    os.truncate(path, 5)
    check("cut", read(path) == big[:5] and client.get_blob("box", "content").body == big[:5])
    os.truncate(path, 100_000)
    check("made longer", read(path) == big[:5] + bytes(99_995))
    with open(path, "r+b") as file, mmap.mmap(file.fileno(), 100_000) as pages:
        pages[70_000:70_003] = b"map"
    check("written by pages", client.get_blob("box", "content").body[70_000:70_003] == b"map")
    with open(path, "wb") as file:
        os.posix_fallocate(file.fileno(), 0, 1_000_000)
        LIBC.fallocate64(file.fileno(), 3, ctypes.c_int64(0), ctypes.c_int64(4096))
        check("size is set", os.fstat(file.fileno()).st_size == 1_000_000)
    write(f"{top}/box/source", big)
    with open(f"{top}/box/source", "rb") as source, open(f"{top}/box/copy", "wb") as copy:
        check("copied at once", os.copy_file_range(source.fileno(), copy.fileno(), 4_000_000) == len(big))
    check("copy", client.get_blob("box", "copy").body == big)


def open_files(client, top):
    path = f"{top}/box/open"
    with open(path, "w+b", buffering=0) as file:
        file.write(b"kept")
        os.unlink(path)
        file.write(b" on")
        check("an unlinked file", os.pread(file.fileno(), 10, 0) == b"kept on" and os.fstat(file.fileno()).st_nlink == 0)
    check("is gone", client.get_blob("box", "open").status == 404)
    write(path, b"old")
    write(path + "2", b"new")
    with open(path, "rb", buffering=0) as file:
        os.rename(path + "2", path)
        check("a replaced file", file.read() == b"old" and read(path) == b"new")
    with open(path, "wb", buffering=0) as file:
        file.write(b"first ")
        os.rename(path, path + "3")
        file.write(b"second")
    check("renamed while it is written", client.get_blob("box", "open3").body == b"first second")
    check("and only there", client.get_blob("box", "open").status == 404)
    file = open(path, "wb", buffering=0)
    file.write(b"never closed")
    check("published after some seconds", soon(lambda: client.get_blob("box", "open").body == b"never closed", 15))
    file.close()


def passthrough(server, client, top):
    path = f"{top}/box/large"
    first = os.urandom(2_000_000)
    client.put_blob("box", "large", first)
    before = metric(server, "passthrough_opens_total")
    reader = open(path, "rb", buffering=0)
    if os.geteuid() == 0 and tuple(map(int, os.uname().release.split("-")[0].split(".")[:2])) >= (6, 9):
        check("the kernel reads it", metric(server, "passthrough_opens_total") == before + 1)
    check("all of it", reader.read() == first)
    with mmap.mmap(reader.fileno(), len(first), prot=mmap.PROT_READ) as pages:
        check("by pages", pages[:] == first)
    with open(path, "r+b", buffering=0) as writer:
        writer.write(b"changed")
        check("a reader that has it open", os.pread(reader.fileno(), 7, 0) == first[:7])
        check("one that comes now", read(path)[:7] == b"changed")
    check("afterwards", read(path) == b"changed" + first[7:])
    reader.close()
    with open(path, "rb", buffering=0) as reader:
        write(path, b"short")
        check("written anew beside a reader", read(path) == b"short")


def attributes(client, top):
    path = f"{top}/box/attributes"
    write(path, b"x")
    os.chmod(path, 0o750)
    os.utime(path, ns=(10**18, 10**18 + 5))
    etag = client.head_blob("box", "attributes").headers.get("etag")
    about = os.stat(path)
    check("mode and times", (stat.S_IMODE(about.st_mode), about.st_atime_ns, about.st_mtime_ns) == (0o750, 10**18, 10**18 + 5), about)
    if os.geteuid() == 0:
        os.chown(path, 1234, 4321)
        check("owner", (os.stat(path).st_uid, os.stat(path).st_gid) == (1234, 4321))
    check("the entity tag stays", client.head_blob("box", "attributes").headers.get("etag") == etag)
    write(path, b"y", "ab")
    check("writing is a time", os.stat(path).st_mtime_ns > 10**18 + 5)
    os.setxattr(path, "user.color", b"blue")
    check("metadata", client.head_blob("box", "attributes").headers.get("x-ms-meta-color") == "blue")
    os.setxattr(path, "user.raw", b"\0\xff")
    check("any bytes", os.getxattr(path, "user.raw") == b"\0\xff" and sorted(os.listxattr(path)) == ["user.color", "user.raw"])
    os.removexattr(path, "user.color")
    check("removed", error_of(os.getxattr, path, "user.color") == errno.ENODATA)
    check("another name space", error_of(os.setxattr, path, "security.x", b"1") == errno.EOPNOTSUPP)
    about = os.statvfs(top)
    check("room", about.f_blocks > 0 and about.f_namemax == 255)


def told(client, top):
    """What changes elsewhere is seen at once, though the kernel keeps what it knows for an hour."""
    check("no such container", not os.path.exists(f"{top}/later"))
    client.create_container("later")
    check("a container comes", soon(lambda: os.path.isdir(f"{top}/later")))
    path = f"{top}/later/x"
    check("no such file", not os.path.exists(path))
    client.put_blob("later", "x", b"1")
    check("a file comes", soon(lambda: read(path) == b"1"))
    with open(path, "rb", buffering=0) as file:
        client.put_blob("later", "x", b"another")
        check("another one", soon(lambda: read(path) == b"another"))
        check("who has it open", file.read() == b"1" and soon(lambda: os.fstat(file.fileno()).st_nlink == 0))
    check("no such directory", not os.path.exists(f"{top}/later/p/q/r"))
    client.put_blob("later", "p/q/r", b"deep")
    check("directories come", soon(lambda: read(f"{top}/later/p/q/r") == b"deep"))
    client.delete_blob("later", "p/q/r")
    check("and go", soon(lambda: not os.path.exists(f"{top}/later/p")))
    client.put_blob("later", "x/y", b"under")
    check("a directory hides a file", soon(lambda: os.path.isdir(path)))
    client.delete_blob("later", "x/y")
    check("and no more", soon(lambda: os.path.isfile(path)))
    client.set_metadata("later", "x", color="red")
    check("metadata", soon(lambda: os.getxattr(path, "user.color") == b"red"))


def together(top):
    problems = []

    def work(number):
        try:
            for i in range(20):
                path = f"{top}/box/together-{number}-{i}"
                write(path, str(i).encode())
                if read(path) != str(i).encode():
                    problems.append(path)
                os.rename(path, path + "r")
                os.unlink(path + "r")
        except OSError as problem:
            problems.append(problem)
    threads = [threading.Thread(target=work, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check("many at a time", problems == [], problems)


# ---- how it begins and ends ----

def refused(what, arguments, *words):
    result = subprocess.run([BINARY, "serve", *PORTS, *arguments], capture_output=True, text=True, timeout=30)
    check(f"{what}: exit code", result.returncode == 1, result.returncode)
    check(f"{what}: says {words}", all(word in result.stderr for word in words), result.stderr)


def beginnings(folder):
    data, top = os.path.join(folder, "begin"), os.path.join(folder, "begin-mount")
    os.mkdir(top)
    refused("a directory that is not there", ["--data", data, "--mount", f"{top}/absent"], "mkdir")
    refused("a field that is not known", ["--data", data, "--mount", f"{top},color=red"], "color", "container=")
    refused("a container that is not there", ["--data", data, "--mount", f"{top},container=absent"], "absent")
    refused("in the data folder", ["--data", data, "--mount", data], "data folder")
    refused("around the data folder", ["--data", os.path.join(top, "data"), "--mount", top], "data folder")
    check("nothing stays mounted", not mounted(top))


def endings(folder):
    data, top = os.path.join(folder, "end"), os.path.join(folder, "end-mount")
    with Mounted(data, top) as server:
        os.mkdir(f"{top}/box")
        write(f"{top}/box/before", b"durable")
        server.kill()
        check("a server that died leaves its mount", error_of(os.listdir, top) == errno.ENOTCONN)
        server.start()
        check("the next one takes its place", read(f"{top}/box/before") == b"durable")
        file = open(f"{top}/box/open", "wb", buffering=0)
        file.write(b"written, not closed")
    check("ended though a file was open", not mounted(top))
    error_of(file.close)
    with Mounted(data, top) as server:
        check("what was written was published", read(f"{top}/box/open") == b"written, not closed")
        subprocess.run(["umount", top], check=True)
        check("unmounted from outside the server goes on", Client(server.blob).get_blob("box", "open").status == 200)
        check("and says so", soon(lambda: metric(server, "up") == 0))
    with Mounted(data, top, ",container=box,ro,uid=12,gid=34,umask=077") as server:
        about = os.stat(f"{top}/before")
        check("one container, and whose", (about.st_uid, about.st_gid, stat.S_IMODE(about.st_mode)) == (12, 34, 0o600), about)
        check("read-only", error_of(write, f"{top}/before", b"") == errno.EROFS)
        check("container in the API", server.fsck() == 2)
    check("fsck", server.fsck("--verify") == 0)


# ---- before an upstream ----

def federation(folder):
    top = os.path.join(folder, "bound-mount")
    os.mkdir(top)
    with Server(os.path.join(folder, "upstream")) as upstream:
        there = Client(upstream.blob)
        there.create_container("data")
        big = os.urandom(5_000_000)
        there.put_blob("data", "dir/big", big)
        there.put_blob("data", "small", b"small")
        gateway = Gateway(os.path.join(folder, "gateway"), "--mount", top)
        with gateway:
            gateway.attach("data", f"http://{upstream.blob}/{ACCOUNT}/data", "write-through", account_key=there.key, allow_http=True)
            box = f"{top}/data"
            check("upstream's names", soon(lambda: sorted(os.listdir(box)) == ["dir", "small"]))
            check("upstream's bytes", read(f"{box}/dir/big") == big and read(f"{box}/small") == b"small")
            check("a directory that nobody listed", os.path.isdir(f"{box}/dir"))
            write(f"{box}/dir/back", b"from here")
            check("written through", there.get_blob("data", "dir/back").body == b"from here")
            with open(f"{box}/dir/big", "r+b") as file:
                file.write(b"patched")
            check("patched through", there.get_blob("data", "dir/big").body == b"patched" + big[7:])
            os.unlink(f"{box}/small")
            check("removed through", there.get_blob("data", "small").status == 404)
            there.put_blob("data", "new", b"came")
            check("what comes upstream", soon(lambda: read(f"{box}/new") == b"came"))
            gateway.attach("data", f"http://{upstream.blob}/{ACCOUNT}/data", "read-only", account_key=there.key, allow_http=True)
            check("not to be changed", soon(lambda: error_of(write, f"{box}/no", b"") == errno.EROFS))


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-mount-") as folder:
        top = os.path.join(folder, "mount")
        with Mounted(os.path.join(folder, "data"), top) as server:
            client = Client(server.blob)
            names(client, top)
            listings(server, client, top)
            contents(client, top)
            open_files(client, top)
            passthrough(server, client, top)
            attributes(client, top)
            told(client, top)
            together(top)
        check("not mounted any more", not mounted(top))
        check("fsck", server.fsck("--verify") == 0)
        beginnings(folder)
        endings(folder)
        federation(folder)
    print(f"{passed} checks passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
