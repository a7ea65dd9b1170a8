#!/usr/bin/env python3
"""rclone's azureblob backend against Skerry: copy, sync, check, listings, server-side copies and moves, large files in chunks."""
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
import clients  # noqa: E402
import sas  # noqa: E402
import server as servers  # noqa: E402
import suite  # noqa: E402
import tree  # noqa: E402

COMMAND_SECONDS = 300


class Test:
    def __init__(self, checks, server, folder):
        self.checks, self.server, self.folder = checks, server, folder
        self.program = clients.rclone()
        self.prefix = f"rclone-{os.getpid()}-{int(time.time())}-"
        self.account_sas = sas.account(servers.ACCOUNT, servers.KEY)
        name = self.prefix + "scoped"
        scoped = sas.container(servers.ACCOUNT, servers.KEY, name)
        # Remotes by environment, so that the key is in no process list and no file: "key:", "sas:", "scoped:"
        self.environment = {**os.environ, "RCLONE_CONFIG": "/dev/null", "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache"),
                            "RCLONE_RETRIES": "1", "RCLONE_STATS": "0", "RCLONE_MODIFY_WINDOW": "1ms"}
        for remote, settings in {"key": {"ACCOUNT": servers.ACCOUNT, "KEY": servers.KEY, "ENDPOINT": server.endpoint},
                                 "sas": {"SAS_URL": f"{server.endpoint}?{self.account_sas}"},
                                 "scoped": {"SAS_URL": f"{server.endpoint}/{name}?{scoped}"}}.items():
            for setting, value in {"TYPE": "azureblob", **settings}.items():
                self.environment[f"RCLONE_CONFIG_{remote.upper()}_{setting}"] = value
        self.source = folder / "tree"
        self.want = tree.make(self.source)
        # A temporary name would be too long for a file of 240 bytes; rclone before 1.63 knows no other way than this
        self.inplace = ["--inplace"] if "--inplace" in self.run("help", "flags")[1] else []
        version = self.run("version")[1].splitlines()[0]
        checks.say(f"{version}; the tree has {len(self.want)} files, {sum(size for size, _ in self.want.values()) >> 20} MiB")

    def run(self, *arguments):
        result = subprocess.run([self.program, *map(str, arguments)], env=self.environment, cwd=self.folder, capture_output=True,
                                encoding="utf-8", errors="surrogateescape", timeout=COMMAND_SECONDS, stdin=subprocess.DEVNULL, preexec_fn=servers.die_with_parent)
        return result.returncode, result.stdout, result.stderr

    def good(self, what, *arguments):
        """Run a command that must succeed. Returns its standard output."""
        code, output, messages = self.run(*arguments)
        self.checks.true(f"{what}: exit code 0", code == 0, f"{code}: {messages[-1500:]}")
        return output

    def transfer(self, what, command, source, target, *options):
        # The tree has the same name in two Unicode forms, which rclone otherwise takes for one
        return self.good(what, command, source, target, "--transfers", "16", "--checkers", "16", "--no-unicode-normalization", *options)

    def path(self, name, remote="key"):
        return f"{remote}:{self.prefix}{name}"

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
        import hashlib
        sums = {each["Name"]: each.get("Hashes", {}).get("md5") for each in entries}
        self.checks.equal("lsjson: MD5", sums, {name: hashlib.md5((self.source / "awkward/sizes" / name).read_bytes()).hexdigest() for name in sums})
        paged = self.good("lsf in pages of 100", "lsf", "-R", "--files-only", "--azureblob-list-chunk", "100", self.path("tree")).splitlines()
        self.checks.equal("lsf in pages of 100: names", sorted(paged), sorted(self.want))
        code, _, _ = self.run("lsf", self.path("no-such-container"))
        self.checks.true("lsf of a missing container fails", code != 0)
        self.checks.true("lsd names the container", self.prefix + "tree" in self.good("lsd", "lsd", "key:"))

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
        self.checks.equal("touch makes an empty blob", self.good("size", "lsf", "--format", "s", self.path("moved/touched")).strip(), "0")

    def copy_between_containers(self):
        self.transfer("copy between containers", "copy", self.path("tree/awkward"), self.path("copied"))
        self.transfer("check of the copy", "check", self.source / "awkward", self.path("copied"), "--download")
        self.good("copy onto itself is nothing to do", "copy", self.path("copied"), self.path("copied"), "--no-unicode-normalization")
        self.good("purge", "purge", self.path("copied"))
        self.checks.true("the container is gone", self.prefix + "copied" not in self.good("lsd", "lsd", "key:"))

    def by_sas(self):
        awkward = self.source / "awkward"
        self.transfer("copy up with an account SAS", "copy", awkward, self.path("by-sas", "sas"))
        self.transfer("check with an account SAS", "check", awkward, self.path("by-sas", "sas"), "--download")
        self.good("mkdir", "mkdir", self.path("scoped"))
        # A SAS URL of a container: the remote's root may name that container only
        self.transfer("copy up with a container SAS", "copy", awkward / "sizes", self.path("scoped/dir", "scoped"), "--azureblob-no-check-container")
        self.transfer("check with a container SAS", "check", awkward / "sizes", self.path("scoped/dir", "scoped"), "--download")
        self.checks.equal("listing with a container SAS", len(self.good("lsf", "lsf", "-R", "--files-only", self.path("scoped", "scoped")).splitlines()),
                          len(tree.awkward_sizes()))
        self.good("delete with a container SAS", "delete", self.path("scoped/dir", "scoped"))
        self.checks.equal("after the delete", self.good("lsf", "lsf", "-R", self.path("scoped")), "")

    def large(self):
        source = tree.make_large(self.folder / "large.bin")
        target = self.path("large/large.bin")
        chunks = ["--azureblob-chunk-size", "16Mi", "--azureblob-upload-concurrency", "8", "--multi-thread-streams", "4"]
        start = time.monotonic()
        self.good("upload of the large file", "copyto", source, target, *chunks)
        middle = time.monotonic()
        down = self.folder / "large.down"
        self.good("download of the large file", "copyto", target, down, *chunks)
        self.checks.say(f"large file of {tree.LARGE_BYTES} bytes: up {middle - start:.1f} s, down {time.monotonic() - middle:.1f} s")
        self.checks.equal("large file: every byte", tree.same_bytes(source, down), "")
        down.unlink(missing_ok=True)
        self.checks.equal("listed size", self.good("lsf", "lsf", "--format", "sp", self.path("large")).split(), [f"{tree.LARGE_BYTES};large.bin"])

    def large_copy(self):
        code, _, messages = self.run("copyto", self.path("large/large.bin"), self.path("large-copied/copy.bin"), "-v")
        self.checks.true("server-side copy of the large file", code == 0 and "server-side" in messages, f"{code}: {messages[-1500:]}")
        down = self.folder / "large.down"
        self.good("download of the copy", "copyto", self.path("large-copied/copy.bin"), down)
        self.checks.equal("copy of the large file: every byte", tree.same_bytes(self.folder / "large.bin", down), "")
        down.unlink(missing_ok=True)

    def clean_up(self):
        for name in ("tree", "sync", "moved", "copied", "by-sas", "scoped", "large", "large-copied"):
            self.run("purge", self.path(name))


def body(checks, server, folder):
    test = Test(checks, server, folder)
    from_url = "it does not implement Put Block From URL, which rclone uses above 8 MiB"
    try:
        checks.section("copy up and down", test.copy_up_and_down)
        checks.section("listings", test.listings)
        checks.section("sync", test.sync)
        checks.section("server-side copies and moves", test.server_side)
        checks.section("copy between containers", test.copy_between_containers, azurite_lacks=from_url)
        checks.section("SAS URLs", test.by_sas)
        checks.section("large file", test.large)
        checks.section("large file, server-side copy", test.large_copy, azurite_lacks=from_url)
    finally:
        test.clean_up()


if __name__ == "__main__":
    suite.run("rclone", body)
