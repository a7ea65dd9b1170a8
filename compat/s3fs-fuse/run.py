#!/usr/bin/env python3
"""s3fs of Debian (the FUSE file system) against Skerry: a bucket as a folder, with the tools that know only folders."""
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
import clients  # noqa: E402
import server as servers  # noqa: E402
import suite  # noqa: E402
import tree  # noqa: E402

MOUNT_SECONDS = 30
MIB = 1 << 20


class Mount:
    """A bucket mounted on a folder while the `with` lasts; each mount has a cache of its own, so that a second one reads from the server.
    `by_host`: the bucket is a host, which is loopback for libcurl as all names below localhost are."""

    def __init__(self, checks, server, folder, bucket, by_host=False):
        self.checks, self.server, self.folder, self.bucket = checks, server, folder, bucket
        self.style = ["-o", f"url={server.virtual_url}"] if by_host else ["-o", f"url={server.s3.url}", "-o", "use_path_request_style"]
        self.point = folder / f"mount-{time.time_ns()}"

    def __enter__(self):
        program = clients.debian("s3fs", "/usr/bin/s3fs")
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            raise SystemExit("compat: FAILED: s3fs needs /dev/fuse, which this machine has not or we may not use: run it as root, or load the module fuse")
        self.point.mkdir()
        password = self.folder / "password"
        password.write_text(f"{self.server.s3.access}:{self.server.s3.secret}\n")
        password.chmod(0o600)
        settings = ["-o", f"passwd_file={password}", *self.style, "-o", "multipart_size=10", "-o", "retries=2"]
        self.log = open(self.folder / "s3fs.log", "ab")
        self.process = subprocess.Popen([program, self.bucket, self.point, "-f", *settings], env={**os.environ, **self.server.s3_environment()}, stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log, preexec_fn=servers.die_with_parent)
        deadline = time.monotonic() + MOUNT_SECONDS
        while not os.path.ismount(self.point):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                self.process.wait()
                raise RuntimeError(f"not mounted, exit code {self.process.returncode}: {servers.tail(self.folder / 's3fs.log')}")
            time.sleep(0.05)
        return self.point

    def __exit__(self, *_error):
        result = subprocess.run(["umount", self.point], capture_output=True, text=True, timeout=60)
        self.checks.true("unmount", result.returncode == 0, result.stderr)
        if result.returncode:
            subprocess.run(["umount", "--lazy", self.point], timeout=60)
        try:
            self.checks.equal("s3fs: exit code", self.process.wait(timeout=60), 0)
        except subprocess.TimeoutExpired:
            self.checks.true("s3fs ends after the unmount", False)
            self.process.kill()
            self.process.wait()
        self.log.close()


class Test:
    def __init__(self, checks, server, folder, inputs):
        self.checks, self.server, self.folder, self.inputs = checks, server, folder, inputs
        self.bucket = server.s3.bucket("s3fs")

    def mount(self, bucket=None, by_host=False):
        return Mount(self.checks, self.server, self.folder, bucket or self.bucket, by_host)

    def tree_in_and_out(self):
        with self.mount() as point:
            shutil.copytree(self.inputs.tree, point / "tree")
            # s3fs 1.90 may forget a time that is set before it has closed the file on its side, which it does after close() returns
            for name in self.other_times(point / "tree"):
                shutil.copystat(self.inputs.tree / name, point / "tree" / name)
        with self.mount() as point:
            out = self.folder / "out"
            shutil.copytree(point / "tree", out)
            self.checks.equal("copy in and out: every byte of every file", tree.difference(tree.manifest(out), self.inputs.want), "")
            self.checks.equal("modification times", self.other_times(out)[:5], [])
            shutil.rmtree(out)

    def other_times(self, folder):
        """Names of the files with another modification time than that of their source."""
        return [name for name in self.inputs.want if abs((folder / name).stat().st_mtime - (self.inputs.tree / name).stat().st_mtime) > 1.001]

    def changes(self):
        content = bytearray(tree.random.Random(3).randbytes(25 * MIB + 17))
        with self.mount() as point:
            folder = point / "changes"
            folder.mkdir()
            (folder / "file").write_bytes(content)
            with open(folder / "file", "r+b") as file:
                file.seek(12 * MIB)
                file.write(b"in the middle")
                file.seek(0, os.SEEK_END)
                file.write(b"at the end")
            with open(folder / "file", "r+b") as file:
                file.truncate(24 * MIB)  # of an open file: s3fs 1.90 fills a file that is cut by its name with zeros, whatever the server
            content[12 * MIB:12 * MIB + 13] = b"in the middle"
            content += b"at the end"
            del content[24 * MIB:]
            (folder / "file").chmod(0o640)
            (folder / "file").rename(folder / "renamed 50% ü")
            (folder / "link").symlink_to("renamed 50% ü")
            (folder / "inner").mkdir()
            (folder / "inner" / "one").write_bytes(b"1")
            (folder / "inner").rename(folder / "moved")
            (folder / "gone").write_bytes(b"gone")
            (folder / "gone").unlink()
        with self.mount() as point:
            folder = point / "changes"
            self.checks.equal("what is there", sorted(os.listdir(folder)), ["link", "moved", "renamed 50% ü"])
            self.checks.true("a file changed in the middle, at its end and cut: the bytes", (folder / "renamed 50% ü").read_bytes() == content)
            self.checks.equal("its mode", (folder / "renamed 50% ü").stat().st_mode & 0o777, 0o640)
            self.checks.equal("a link", os.readlink(folder / "link"), "renamed 50% ü")
            self.checks.equal("a folder that was renamed", (folder / "moved" / "one").read_bytes(), b"1")
            with open(folder / "renamed 50% ü", "rb") as file:
                file.seek(20 * MIB - 3)
                self.checks.true("reading from the middle", file.read(MIB) == content[20 * MIB - 3:][:MIB])
            shutil.rmtree(folder)
            self.checks.true("a tree is removed", not folder.exists())
        self.checks.equal("nothing of it is left in the bucket", [each for each in self.server.s3.versions(self.bucket, "changes")], [])

    def tools(self):
        """Programs of every day on the mount."""
        with self.mount() as point:
            (point / "tools").mkdir()
            for command in (["tar", "-C", self.inputs.tree, "-cf", point / "tools" / "awkward.tar", "awkward"], ["tar", "-tf", point / "tools" / "awkward.tar"],
                            ["cp", point / "tools" / "awkward.tar", point / "tools" / "copy.tar"], ["cmp", point / "tools" / "awkward.tar", point / "tools" / "copy.tar"],
                            ["du", "-sb", point / "tools"], ["df", point]):
                result = subprocess.run(command, capture_output=True, text=True, timeout=120)
                self.checks.true(f"{command[0]} on the mount", result.returncode == 0, result.stderr)

    def versions(self):
        bucket, contents = self.server.s3.bucket("s3fs-versions", versioned=True), [b"first", b"second, longer"]
        with self.mount(bucket) as point:
            for content in contents:
                (point / "key").write_bytes(content)
            self.checks.equal("the current version", (point / "key").read_bytes(), contents[-1])
            (point / "key").unlink()
            self.checks.equal("nothing is there", os.listdir(point), [])
        listed = self.server.s3.versions(bucket, "key")
        self.checks.equal("the newest of its versions is a delete marker", listed[0][2:], (True, True))
        # s3fs makes an empty file first, and may write metadata by a copy onto itself: what counts is that each content is kept
        old = [self.server.s3.read(bucket, "key", version) for _, version, _, marker in listed if not marker]
        self.checks.equal("versions, newest first", [each for number, each in enumerate(old) if each and each != (old[number - 1] if number else None)], list(reversed(contents)))


    def bucket_as_host(self):
        content = tree.random.Random(4).randbytes(25 * MIB + 17)
        with self.mount(by_host=True) as point:
            shutil.copytree(self.inputs.tree / "awkward", point / "by host")
            (point / "in parts").write_bytes(content)
            (point / "in parts").rename(point / "renamed 50% ü")
        with self.mount() as point:
            self.checks.equal("written by host, read by path", tree.difference(tree.manifest(point / "by host"), tree.manifest(self.inputs.tree / "awkward")), "")
            self.checks.true("a file in parts, renamed: the bytes", (point / "renamed 50% ü").read_bytes() == content)
        with self.mount(by_host=True) as point:
            self.checks.equal("read by host", tree.difference(tree.manifest(point / "by host"), tree.manifest(self.inputs.tree / "awkward")), "")
            shutil.rmtree(point / "by host")
            self.checks.true("a tree is removed", not (point / "by host").exists())


def body(checks, server, folder, inputs):
    test = Test(checks, server, folder, inputs)
    checks.section("tree in and out", test.tree_in_and_out)
    checks.section("changes", test.changes)
    checks.section("tools", test.tools)
    checks.section("versions", test.versions)
    if server.virtual_url:
        checks.section("bucket as host", test.bucket_as_host)


if __name__ == "__main__":
    suite.run_s3("s3fs-fuse", body)
