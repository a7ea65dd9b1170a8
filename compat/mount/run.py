#!/usr/bin/env python3
"""Programs of every day on a mount of Skerry's; what each leaves is read over S3 and Blob while it is mounted, every byte."""
import fcntl
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import clients  # noqa: E402
import server as servers  # noqa: E402
import suite  # noqa: E402
import tree  # noqa: E402
from faces import Faces  # noqa: E402

COMMAND_SECONDS = 300
REAL_FILES = 600
LINES, APPENDERS = 400, 6

SOURCE = """#include <stdio.h>
#include "part.h"
int main(void) { printf("%d\\n", part_0() + part_1() + part_2() + part_3()); return 0; }
"""
MAKEFILE = """OBJECTS = main.o part_0.o part_1.o part_2.o part_3.o
program: $(OBJECTS)
\t$(CC) -o $@ $(OBJECTS)
%.o: %.c part.h
\t$(CC) -O1 -c -o $@ $<
"""


class Test:
    """Each section works in a container of its own, `point` is where that is."""

    def __init__(self, checks, server, folder, mount):
        self.checks, self.server, self.folder, self.mount = checks, server, folder, mount
        self.inputs = suite.Inputs(folder / "inputs", REAL_FILES, 64 << 20)
        self.environment = {**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8", "GIT_CONFIG_NOSYSTEM": "1", "GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@b",
                            "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@b", "PYTHONDONTWRITEBYTECODE": "1"}
        self.python = None

    def section(self, body):
        """In a new container: then the three faces are compared, and all is removed through the mount."""
        name = body.__name__.replace("_", "-")

        def run():
            point = self.mount / name
            point.mkdir()
            body(point)
            faces = Faces(self.server, name, point)
            self.checks.equal(f"{name}: S3 and Blob show what the mount shows", faces.differences(), [])
            self.checks.true(f"{name}: there was something to compare", faces.mounted())
            for each in point.iterdir():
                shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()
            self.checks.equal(f"{name}: nothing is left", [key for key, _ in faces._s3_keys()], [])
            point.rmdir()

        self.checks.section(name, run)

    def good(self, *command, cwd=None, data=None, codes=(0,)):
        """Runs a program that must succeed. Returns its output."""
        try:
            result = subprocess.run(list(map(str, command)), cwd=cwd or self.folder, env=self.environment, capture_output=True, timeout=COMMAND_SECONDS,
                                    preexec_fn=servers.die_with_parent, **({"input": data} if data is not None else {"stdin": subprocess.DEVNULL}))
        except subprocess.TimeoutExpired:
            self.checks.true(f"{command[0]} {command[1]}: ends within {COMMAND_SECONDS} s", False)
            return ""
        output = result.stdout.decode(errors="replace")
        self.checks.true(" ".join(map(str, command))[:120], result.returncode in codes, f"exit code {result.returncode}: {output[-600:]}{result.stderr.decode(errors='replace')[-1200:]}")
        return output

    # ---- trees ----

    def git(self, point):
        origin = self.folder / "origin"
        self.good("git", "init", "-q", "-b", "main", origin)
        shutil.copytree(self.inputs.tree, origin / "tree", symlinks=True)
        (origin / "tree" / "link").symlink_to("awkward")
        self.good("git", "add", ".", cwd=origin)
        self.good("git", "commit", "-q", "-m", "one", cwd=origin)
        clone = point / "clone"
        self.good("git", "clone", "-q", "--no-hardlinks", origin, clone)
        self.good("git", "fsck", "--full", "--strict", cwd=clone)
        self.checks.equal("git: a clone is clean", self.good("git", "status", "--porcelain", cwd=clone), "")
        self.good("git", "checkout", "-q", "-b", "other", cwd=clone)
        shutil.rmtree(clone / "tree" / "awkward")
        (clone / "tree" / "new").write_bytes(b"new")
        self.good("git", "add", "-A", cwd=clone)
        self.good("git", "commit", "-q", "-m", "two", cwd=clone)
        self.good("git", "checkout", "-q", "main", cwd=clone)
        self.good("git", "gc", "-q", "--prune=now", cwd=clone)
        self.good("git", "fsck", "--full", cwd=clone)
        self.checks.equal("git: what was checked out again", tree.difference(tree.manifest(clone / "tree" / "awkward"), tree.manifest(self.inputs.tree / "awkward")), "")
        self.good("git", "clone", "-q", clone, self.folder / "back")
        self.good("git", "fsck", "--full", cwd=self.folder / "back")
        bare = point / "bare.git"
        self.good("git", "init", "-q", "--bare", bare)
        self.good("git", "push", "-q", bare, "main", cwd=origin)
        self.good("git", "fsck", "--full", cwd=bare)

    def tar(self, point):
        archive = self.folder / "tree.tar"
        self.good("tar", "-C", self.inputs.tree, "-cf", archive, ".")
        to = point / "tree"  # a container's own directory has no mode and owner to be set
        to.mkdir()
        self.good("tar", "-C", to, "-xpf", archive)
        self.good("tar", "-C", to, "--compare", "-f", archive)
        self.checks.equal("tar: every byte", tree.difference(tree.manifest(to), self.inputs.want), "")
        self.good("tar", "-C", to, "-czf", self.folder / "out.tar.gz", ".")
        self.good("tar", "-C", self.inputs.tree, "--compare", "-f", self.folder / "out.tar.gz")
        self.good("sh", "-c", f"tar -C '{to}' -cf '{point}/of itself.tar' awkward && tar -tf '{point}/of itself.tar'")

    def rsync(self, point):
        rsync = clients.debian("rsync", "/usr/bin/rsync")
        source = self.folder / "rsync-source"
        shutil.copytree(self.inputs.tree, source)
        (source / "link").symlink_to("awkward/empty")
        (source / "awkward" / "one byte").chmod(0o400)
        self.good(rsync, "-a", "--checksum", f"{source}/", point / "to")
        self.checks.equal("rsync: nothing is left to bring", self.good(rsync, "-ai", "--checksum", "--delete", f"{source}/", point / "to"), "")
        self.checks.equal("rsync: nothing is left by times and sizes", self.good(rsync, "-ai", f"{source}/", point / "to"), "")
        self.good(rsync, "-a", "--checksum", f"{point}/to/", self.folder / "rsync-back")
        self.checks.equal("rsync: back again", self.good(rsync, "-ain", "--checksum", "--delete", f"{source}/", f"{self.folder}/rsync-back/"), "")
        shutil.rmtree(source / "real")
        (source / "awkward" / "empty").write_bytes(b"not any more")
        self.good(rsync, "-a", "--inplace", "--delete", f"{source}/", point / "to")
        self.checks.equal("rsync: what was removed and changed", tree.difference(tree.manifest(point / "to"), tree.manifest(source)), "")

    def files(self, point):
        """cp, mv, find, du, diff and what else belongs to every machine."""
        shutil.copytree(self.inputs.tree, point / "tree")
        before = self.good("cp", "-a", "--reflink=auto", point / "tree", point / "copy")
        self.checks.equal("cp: no words", before, "")
        self.good("diff", "-r", point / "tree", point / "copy")
        count = sum(len(files) for _, _, files in os.walk(self.inputs.tree))
        self.checks.equal("find: files", len(self.good("find", point / "copy", "-type", "f", "-print0").split("\0")) - 1, count)
        self.checks.equal("find: newer than itself", self.good("find", point / "copy" / "awkward" / "empty", "-newer", point / "copy" / "awkward" / "empty"), "")
        size = sum(size for size, _ in self.inputs.want.values())
        # Directories have the size that the file system gives them
        apparent = int(self.good("du", "-sb", "--apparent-size", point / "copy").split()[0])
        self.checks.true("du: apparent size", size <= apparent <= size + 4096 * 4000, f"{apparent} for {size}")
        on_disk = int(self.good("du", "-sk", point / "copy").split()[0]) * 1024
        self.checks.true("du: room on the disk", size / 2 <= on_disk <= 2 * size + (8192 * 4000), f"{on_disk} for {size}")
        self.good("df", point)
        self.good("stat", "-f", point)
        self.good("ls", "-lR", point / "copy")
        self.good("mv", point / "copy", point / "moved")
        self.checks.true("mv: a directory", not (point / "copy").exists() and (point / "moved" / "awkward").is_dir())
        self.good("mv", point / "moved" / "real", self.folder / "moved-out")
        self.good("mv", self.folder / "moved-out", point / "moved-in")
        self.checks.equal("mv: out and in again", tree.difference(tree.manifest(point / "moved-in"), tree.manifest(self.inputs.tree / "real")), "")
        sums = self.good("sh", "-c", "find tree -type f -print0 | sort -z | xargs -0 sha256sum --zero", cwd=point)
        self.checks.equal("sha256sum: as many lines", sums.count("\0"), count)
        (point / "text").write_text("one\ntwo\nthree\n")
        self.good("sed", "-i", "s/two/2/", point / "text")
        self.checks.equal("sed -i", (point / "text").read_text(), "one\n2\nthree\n")
        self.good("sort", "-o", point / "text", point / "text")
        self.checks.equal("sort onto itself", (point / "text").read_text(), "2\none\nthree\n")
        self.good("truncate", "-s", "3000000", point / "sparse")
        self.good("cp", "--sparse=always", point / "sparse", point / "sparse copy")
        self.good("cmp", point / "sparse", point / "sparse copy")
        self.good("dd", f"if={self.inputs.large}", f"of={point}/large", "bs=1M", "conv=fsync")
        self.good("cmp", self.inputs.large, point / "large")
        self.good("install", "-m", "0751", point / "text", point / "installed")
        self.checks.equal("install: the mode", (point / "installed").stat().st_mode & 0o7777, 0o751)
        self.good("flock", point / "lock", "true")
        self.good("sh", "-c", "echo a >> log; echo b >> log; cat log; test \"$(wc -l < log)\" = 2", cwd=point)

    def between_containers(self, point):
        other = self.mount / "other-container"
        other.mkdir()
        shutil.copytree(self.inputs.tree / "awkward", point / "here")
        self.good("mv", point / "here", other / "there")
        self.checks.equal("mv to another container", tree.difference(tree.manifest(other / "there"), tree.manifest(self.inputs.tree / "awkward")), "")
        self.good("mv", other / "there", point / "back")
        self.checks.equal("nothing stays behind", os.listdir(other), [])
        other.rmdir()

    # ---- building and data ----

    def make(self, point):
        source = point / "source"
        source.mkdir()
        (source / "main.c").write_text(SOURCE)
        (source / "part.h").write_text("".join(f"int part_{number}(void);\n" for number in range(4)))
        for number in range(4):
            (source / f"part_{number}.c").write_text(f'#include "part.h"\nint part_{number}(void) {{ return {number + 1}; }}\n')
        (source / "Makefile").write_text(MAKEFILE)
        self.good("make", "-s", "-j2", cwd=source)
        self.checks.equal("the program runs from the mount", self.good(source / "program", ""), "10\n")
        self.checks.true("make again: nothing to do", "up to date" in self.good("make", cwd=source))
        (source / "part_2.c").write_text('#include "part.h"\nint part_2(void) { return 300; }\n')
        built = self.good("make", cwd=source)
        self.checks.true("only what changed is built again", "part_2.c" in built and "part_1.c" not in built, built)
        self.checks.equal("the new program", self.good(source / "program", ""), "307\n")
        self.good("strip", source / "program")
        self.good("ar", "rcs", source / "parts.a", *(source / f"part_{number}.o" for number in range(4)))
        self.good("cc", "-o", source / "second", source / "main.o", source / "parts.a")
        self.checks.equal("from an archive of objects", self.good(source / "second", ""), "307\n")

    def sqlite(self, point):
        for journal in ("delete", "truncate", "persist", "wal"):
            path = point / f"{journal}.db"
            self.good(sys.executable, HERE / "programs" / "rows.py", path, journal, 3, 60)
            # The database as an object is one that another machine can open
            copy = self.folder / f"{journal}-copy.db"
            copy.write_bytes(self.server.s3.read("sqlite", f"{journal}.db"))
            self.checks.equal(f"sqlite, {journal}: the object", self.good(clients.debian("sqlite3", "/usr/bin/sqlite3"), copy, "pragma integrity_check; select count(*) from entry;"), "ok\n180\n")

    def arrays(self, point):
        self.good(self.python, HERE / "programs" / "arrays.py", point)

    def shards(self, point):
        self.good(self.python, HERE / "programs" / "shards.py", "write", point)
        self.good(self.python, HERE / "programs" / "shards.py", "read", point)
        made = self.folder / "shards"
        made.mkdir()
        self.good(self.python, HERE / "programs" / "shards.py", "write", made)
        (point / "uploaded").mkdir()
        for shard in made.iterdir():
            self.server.s3.put("shards", f"uploaded/{shard.name}", shard.read_bytes())
        self.good(self.python, HERE / "programs" / "shards.py", "read", point / "uploaded")

    # ---- load ----

    def fio(self, point):
        fio = clients.debian("fio", "/usr/bin/fio")
        for name, engine, more in (("psync", "psync", []), ("mmap", "mmap", []), ("direct", "psync", ["--direct=1"]), ("threads", "io_uring", ["--iodepth=8"]), ("sync", "psync", ["--fsync=16"])):
            job = ["--name", name, f"--filename={point}/{name}", f"--ioengine={engine}", "--size=24m", "--bsrange=4k-128k", "--rw=randwrite", "--verify=crc32c", "--verify_fatal=1", *more]
            self.good(fio, *job, "--do_verify=1", "--verify_state_save=0")
        self.good(fio, "--name=many", f"--directory={point}", "--numjobs=4", "--size=6m", "--bs=4k", "--rw=randrw", "--verify=crc32c", "--verify_fatal=1", "--verify_state_save=0", "--group_reporting")
        self.good(fio, "--name=again", f"--directory={point}", "--nrfiles=50", "--size=10m", "--bs=8k", "--rw=randwrite", "--verify=md5", "--do_verify=1", "--verify_fatal=1", "--verify_state_save=0")

    def dbench(self, point):
        program = clients.debian("dbench", "/usr/bin/dbench")
        self.good(program, "-c", "/usr/share/dbench/client.txt", "-D", point, "-t", "15", "4")
        (point / "so that something is there").write_bytes(b"x")

    def bonnie(self, point):
        program = clients.debian("bonnie++", "/usr/sbin/bonnie++")
        self.good(program, "-d", point, "-u", "root", "-s", "64M", "-r", "32M", "-n", "1:20000:10:4", "-f", "-q")
        (point / "so that something is there").write_bytes(b"x")

    def writers_together(self, point):
        """Lines that several processes append to one file, and ranges of one file that several write."""
        log, whole = point / "log", point / "whole"
        log.touch()
        whole.touch()
        workers = [multiprocessing.Process(target=append_lines, args=(log, whole, number)) for number in range(APPENDERS)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        self.checks.equal("every writer came to its end", [worker.exitcode for worker in workers], [0] * APPENDERS)
        lines = log.read_text().splitlines()
        self.checks.equal("lines", len(lines), APPENDERS * LINES)
        self.checks.equal("every line is there, whole and once", sorted(lines), sorted(line(number, each) for number in range(APPENDERS) for each in range(LINES)))
        for number in range(APPENDERS):
            own = [each for each in lines if each.startswith(f"{number} ")]
            self.checks.true("the lines of one writer are in order", own == sorted(own, key=lambda each: int(each.split()[1])))
        self.checks.true("ranges of one file", whole.read_bytes() == b"".join(piece(number, each) for each in range(LINES // 4) for number in range(APPENDERS)))
        self.checks.equal("a counter below a lock", int((point / "counter").read_text()), APPENDERS * 20)


def line(number, each):
    return f"{number} {each} " + "x" * (each % 300)


def piece(number, each):
    return random.Random(number * 1000 + each).randbytes(5003)


def append_lines(log, whole, number):
    appended, ranges = os.open(log, os.O_WRONLY | os.O_APPEND), os.open(whole, os.O_WRONLY)
    for each in range(LINES):
        os.write(appended, (line(number, each) + "\n").encode())
        if each < LINES // 4:
            os.pwrite(ranges, piece(number, each), (each * APPENDERS + number) * 5003)
    os.close(appended)
    os.close(ranges)
    for _ in range(20):
        with open(log.parent / "lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            counter = log.parent / "counter"
            value = int(counter.read_text()) if counter.exists() else 0
            counter.write_text(str(value + 1))


def body(checks, folder):
    mount = folder / "mount"
    mount.mkdir()
    server = servers.start_skerry(folder, mount=mount)
    try:
        test = Test(checks, server, folder, mount)
        test.python = clients.python_with(HERE / "requirements.txt")
        wanted = sys.argv[1:]
        for each in (test.git, test.tar, test.rsync, test.files, test.between_containers, test.make, test.sqlite, test.arrays, test.shards, test.fio, test.dbench, test.bonnie,
                     test.writers_together):
            if not wanted or each.__name__ in wanted:
                test.section(each)
    finally:
        server.stop(checks)
        checks.true("nothing is mounted any more", not os.path.ismount(mount))
        if checks.failed:
            print(servers.tail(server.log), flush=True)
            if server.process.poll() is None:
                server.process.send_signal(signal.SIGKILL)
        while os.path.ismount(mount) and subprocess.run(["umount", "--lazy", mount]).returncode == 0:
            pass


if __name__ == "__main__":
    suite.run_own("mount", body)
