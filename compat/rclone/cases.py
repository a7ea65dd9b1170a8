"""What rclone does on any remote: copies, listings, syncs, server-side copies and moves, a large file in chunks."""
import hashlib
import json
import os
import shutil
import time

import clients
import tree
from tool import Tool


class Cases:
    """`remote` is the remote's name, `prefix` begins the names of all containers. Subclasses say how the backend is called."""

    list_chunk = chunks = ()

    def __init__(self, checks, folder, settings, source, want, remote):
        self.checks, self.folder, self.source, self.want, self.remote = checks, folder, source, want, remote
        self.prefix = f"rclone-{os.getpid()}-{int(time.time())}-"
        # Remotes by environment, so that the key is in no process list and no file
        environment = {"RCLONE_CONFIG": "/dev/null", "XDG_CACHE_HOME": str(folder / "cache"), "RCLONE_RETRIES": "1", "RCLONE_STATS": "0",
                       "RCLONE_MODIFY_WINDOW": "1ms"}
        for name, values in settings(self.prefix).items():
            for setting, value in values.items():
                environment[f"RCLONE_CONFIG_{name.upper()}_{setting}"] = value
        self.rclone = Tool(checks, clients.rclone(), environment, folder)
        self.run, self.good = self.rclone.run, self.rclone.good
        # A temporary name would be too long for a file of 240 bytes; rclone before 1.63 knows no other way than this
        self.inplace = ["--inplace"] if "--inplace" in self.run("help", "flags")[1] else []
        version = self.run("version")[1].splitlines()[0]
        checks.say(f"{version}; the tree has {len(self.want)} files, {sum(size for size, _ in self.want.values()) >> 20} MiB")

    def transfer(self, what, command, source, target, *options):
        # The tree has the same name in two Unicode forms, which rclone otherwise takes for one
        return self.good(what, command, source, target, "--transfers", "16", "--checkers", "16", "--no-unicode-normalization", *options)

    def path(self, name, remote=None):
        return f"{remote or self.remote}:{self.prefix}{name}"

    def same_tree(self, what, folder, want=None):
        self.checks.equal(f"{what}: every byte of every file", tree.difference(tree.manifest(folder), self.want if want is None else want), "")

    # ---- sections ----
    def copy_up_and_down(self):
        self.good("mkdir", "mkdir", self.path("tree"))
        self.transfer("copy up", "copy", self.source, self.path("tree"))
        self.transfer("check by hash", "check", self.source, self.path("tree"), "--one-way")
        self.transfer("check by download", "check", self.source, self.path("tree"), "--download")
        down = self.folder / "down"
        self.transfer("copy down", "copy", self.path("tree"), down, *self.inplace)
        self.same_tree("copy up and down", down)
        times = [(name, abs((down / name).stat().st_mtime - (self.source / name).stat().st_mtime)) for name in self.want]
        self.checks.equal("modification times", [name for name, seconds in times if seconds > 0.001][:5], [])
        shutil.rmtree(down, ignore_errors=True)

    def listings(self):
        lines = self.good("lsf", "lsf", "-R", "--files-only", "--format", "ps", "--separator", "\t", self.path("tree")).splitlines()
        found = {name: int(size) for name, size in (line.split("\t") for line in lines)}
        self.checks.equal("lsf: names and sizes", sorted(set(found.items()) ^ {(name, size) for name, (size, _) in self.want.items()})[:5], [])
        top = self.good("lsf of one level", "lsf", self.path("tree/awkward")).splitlines()
        local = sorted(each.name + ("/" if each.is_dir() else "") for each in (self.source / "awkward").iterdir())
        self.checks.equal("lsf of one level", sorted(top), local)
        entries = json.loads(self.good("lsjson", "lsjson", "-R", "--files-only", "--hash", self.path("tree/awkward/sizes")))
        sizes = {each["Name"]: each["Size"] for each in entries}
        self.checks.equal("lsjson: sizes", sizes, {f"{size}.bin": size for size in tree.awkward_sizes()})
        sums = {each["Name"]: each.get("Hashes", {}).get("md5") for each in entries}
        self.checks.equal("lsjson: MD5", sums, {name: hashlib.md5((self.source / "awkward/sizes" / name).read_bytes()).hexdigest() for name in sums})
        paged = self.good("lsf in pages of 100", "lsf", "-R", "--files-only", *self.list_chunk, self.path("tree")).splitlines()
        self.checks.equal("lsf in pages of 100: names", sorted(paged), sorted(self.want))
        code, _, _ = self.run("lsf", self.path("no-such-container"))
        self.checks.true("lsf of a missing container fails", code != 0)
        self.checks.true("lsd names the container", self.prefix + "tree" in self.good("lsd", "lsd", f"{self.remote}:"))

    def sync(self):
        work = self.folder / "work"
        shutil.copytree(self.source / "awkward", work)
        target = self.path("sync")
        self.transfer("first sync", "sync", work, target)
        tree.write_random(work / "a+b", 70000, "changed")
        tree.write_random(work / "sizes/0.bin", 10, "no longer empty")
        tree.write_random(work / "new directory/new #1 50%.bin", 100000, "added")
        (work / "hash#mark").unlink()
        shutil.rmtree(work / "level 1")
        self.transfer("second sync", "sync", work, target)
        self.transfer("check after sync", "check", work, target, "--download")
        back = self.folder / "back"
        self.transfer("sync down", "sync", target, back, *self.inplace)
        self.same_tree("sync", back, tree.manifest(work))
        self.good("deletefile", "deletefile", target + "/caret^")
        tree.write_random(back / "only here", 5, "to be deleted")
        self.transfer("sync down again", "sync", target, back, *self.inplace)
        want = tree.manifest(work)
        del want["caret^"]
        self.same_tree("sync after remote deletion", back, want)

    def server_side(self):
        self.good("copyto", "copyto", self.path("tree/awkward/sizes/65537.bin"), self.path("tree/side/copied ü #1.bin"))
        self.good("moveto", "moveto", self.path("tree/side/copied ü #1.bin"), self.path("moved/moved 50%.bin"))
        self.checks.equal("the moved file is gone", self.good("lsf", "lsf", "-R", self.path("tree"), "--include", "side/**").split(), [])
        target = self.folder / "moved"
        self.good("copy of the moved file", "copyto", self.path("moved/moved 50%.bin"), target)
        self.checks.equal("the bytes of the moved file", tree.same_bytes(target, self.source / "awkward/sizes/65537.bin"), "")
        got = self.good("cat of a range", "cat", self.path("tree/awkward/sizes/65537.bin"), "--offset", "65530", "--count", "7")
        want = (self.source / "awkward/sizes/65537.bin").read_bytes()[65530:]
        self.checks.equal("cat of a range: the bytes", got.encode("utf-8", "surrogateescape"), want)
        self.good("touch", "touch", self.path("moved/touched"))
        self.checks.equal("touch makes an empty object", self.good("size", "lsf", "--format", "s", self.path("moved/touched")).strip(), "0")

    def copy_between_containers(self):
        self.transfer("copy between containers", "copy", self.path("tree/awkward"), self.path("copied"))
        self.transfer("check of the copy", "check", self.source / "awkward", self.path("copied"), "--download")
        self.good("copy onto itself is nothing to do", "copy", self.path("copied"), self.path("copied"), "--no-unicode-normalization")
        self.good("purge", "purge", self.path("copied"))
        self.checks.true("the container is gone", self.prefix + "copied" not in self.good("lsd", "lsd", f"{self.remote}:"))

    def large(self, source):
        target = self.path("large/large.bin")
        chunks = [*self.chunks, "--multi-thread-streams", "4"]
        start = time.monotonic()
        self.good("upload of the large file", "copyto", source, target, *chunks)
        middle = time.monotonic()
        down = self.folder / "large.down"
        self.good("download of the large file", "copyto", target, down, *chunks)
        self.checks.say(f"large file of {source.stat().st_size} bytes: up {middle - start:.1f} s, down {time.monotonic() - middle:.1f} s")
        self.checks.equal("large file: every byte", tree.same_bytes(source, down), "")
        down.unlink(missing_ok=True)
        self.checks.equal("listed size", self.good("lsf", "lsf", "--format", "sp", self.path("large")).split(), [f"{source.stat().st_size};large.bin"])

    def large_copy(self, source):
        code, _, messages = self.run("copyto", self.path("large/large.bin"), self.path("large-copied/copy.bin"), "-v")
        self.checks.true("server-side copy of the large file", code == 0 and "server-side" in messages, f"{code}: {messages[-1500:]}")
        down = self.folder / "large.down"
        self.good("download of the copy", "copyto", self.path("large-copied/copy.bin"), down)
        self.checks.equal("copy of the large file: every byte", tree.same_bytes(source, down), "")
        down.unlink(missing_ok=True)
