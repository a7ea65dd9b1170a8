#!/usr/bin/env python3
"""azcopy against Skerry: what people type to move a data set in, keep it in step, move it between containers and out again."""
import json
import os
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
import sas  # noqa: E402
import server as servers  # noqa: E402
import suite  # noqa: E402
import tree  # noqa: E402
from azcopy_tool import Azcopy, summary  # noqa: E402


class Test:
    def __init__(self, checks, server, folder):
        self.checks, self.server, self.folder = checks, server, folder
        self.azcopy = Azcopy(folder, server.endpoint)
        self.sas = sas.account(servers.ACCOUNT, servers.KEY)
        self.source = folder / "tree"
        self.want = tree.make(self.source)
        # An endpoint that lives on is used by many runs: each has containers of its own.
        self.prefix = f"azcopy-{os.getpid()}-{int(time.time())}-"
        checks.say(f"the tree has {len(self.want)} files, {sum(size for size, _ in self.want.values()) >> 20} MiB")

    def container(self, name):
        sas.create_container(self.server.endpoint, self.prefix + name, self.sas)
        return self.prefix + name

    def job(self, what, *arguments, transfers=None):
        """Run a transfer; check exit code, that no file failed or was skipped, and how many were transferred."""
        code, messages, output = self.azcopy.run(*arguments)
        counts = summary(messages)
        good = self.checks.true(f"{what}: exit code 0", code == 0, f"{code}: {output[-1500:]}")
        self.checks.equal(f"{what}: failed transfers", int(counts.get("TransfersFailed", -1)), 0)
        self.checks.equal(f"{what}: skipped transfers", int(counts.get("TransfersSkipped", -1)), 0)
        if transfers is not None:
            self.checks.equal(f"{what}: completed transfers", int(counts.get("TransfersCompleted", -1)), transfers)
        return good

    def same_tree(self, what, folder, want=None):
        self.checks.equal(f"{what}: every byte of every file", tree.difference(tree.manifest(folder), self.want if want is None else want), "")

    def list(self, path, query=None):
        """{name: size in bytes} by `azcopy list`."""
        code, messages, output = self.azcopy.run("list", self.azcopy.url(path, query or self.sas), "--location", "Blob", "--machine-readable")
        self.checks.true(f"list {path}: exit code 0", code == 0, output[-1500:])
        found = {}
        for message in messages:
            if message.get("MessageType") == "ListObject":
                entry = json.loads(message["MessageContent"])
                found[entry["Path"]] = int(entry["ContentLength"])
        return found

    # ---- sections ----
    def tree_up_and_down(self):
        self.main = self.container("tree")
        self.job("upload of the tree", "copy", self.source, self.azcopy.url(self.main + "/", self.sas), "--from-to", "LocalBlob",
                 "--recursive", "--put-md5", transfers=len(self.want))
        down = self.folder / "down"
        self.job("download of the tree", "copy", self.azcopy.url(self.main + "/tree", self.sas), down, "--from-to", "BlobLocal",
                 "--recursive", "--check-md5", "FailIfDifferentOrMissing", transfers=len(self.want))
        self.same_tree("upload and download", down / "tree")
        shutil.rmtree(down, ignore_errors=True)

    def make(self):
        """azcopy takes no container in a URL that has its account in the path, and only names with ".blob" in them for Blob. Whether such
        a name leads to this machine is the resolver's affair: here the server is the proxy that requests for it are sent to."""
        address = self.server.endpoint.split("://", 1)[1].split("/", 1)[0]
        name = self.prefix + "made"
        url = f"http://{servers.ACCOUNT}.blob.localhost:{address.rsplit(':', 1)[1]}/{name}?{self.sas}"
        code, _, output = self.azcopy.run("make", url, environment={"HTTP_PROXY": f"http://{address}"})
        self.checks.true("make: exit code 0", code == 0, output[-1500:])
        self.checks.equal("make: the container is there, and empty", self.list(name), {})
        code, _, output = self.azcopy.run("make", url, environment={"HTTP_PROXY": f"http://{address}"})
        self.checks.true("make: not twice", code != 0 and "already exists" in output, output[-1500:])

    def listing(self):
        found = self.list(self.main)
        want = {"tree/" + name: size for name, (size, _) in self.want.items()}
        self.checks.equal("list: names and sizes missing", sorted(set(want.items()) - set(found.items()))[:5], [])
        self.checks.equal("list: names and sizes too many", sorted(set(found.items()) - set(want.items()))[:5], [])

    def sync_up(self):
        self.synced, self.work = self.container("sync"), self.folder / "work"
        shutil.copytree(self.source / "awkward", self.work)
        arguments = ["sync", self.work, self.azcopy.url(self.synced, self.sas), "--from-to", "LocalBlob", "--recursive",
                     "--delete-destination", "true"]
        count = len(tree.manifest(self.work))
        self.job("first sync up", *arguments, transfers=count)
        tree.write_random(self.work / "a+b", 70000, "changed")
        tree.write_random(self.work / "sizes" / "0.bin", 10, "no longer empty")
        tree.write_random(self.work / "new directory" / "new #1 50%.bin", 100000, "added")
        (self.work / "hash#mark").unlink()
        shutil.rmtree(self.work / "level 1")
        self.job("second sync up", *arguments, transfers=3)
        self.checks.equal("sync up: the container is what the folder is", self.list(self.synced),
                          {name: size for name, (size, _) in tree.manifest(self.work).items()})

    def sync_down(self):
        mirror = self.folder / "mirror"
        mirror.mkdir()
        arguments = ["sync", self.azcopy.url(self.synced, self.sas), mirror, "--from-to", "BlobLocal", "--recursive",
                     "--delete-destination", "true"]
        want = tree.manifest(self.work)
        self.job("first sync down", *arguments, transfers=len(want))
        self.same_tree("first sync down", mirror, want)
        # sync compares whole seconds of last-modified: the local copies are made an hour old instead of waiting
        changed, added, removed = "caret^", "added/remote ü.bin", "with space"
        os.utime(mirror / changed, (time.time() - 3600,) * 2)
        for name, seed in ((changed, "changed remotely"), (added, "added remotely")):
            tree.write_random(self.work / name, 12345, seed)
            self.job(f"upload of {name}", "copy", self.work / name, self.azcopy.url(f"{self.synced}/{quote(name)}", self.sas), "--from-to", "LocalBlob")
        (self.work / removed).unlink()
        self.job(f"remove of {removed}", "remove", self.azcopy.url(f"{self.synced}/{quote(removed)}", self.sas), "--from-to", "BlobTrash")
        tree.write_random(mirror / "only here", 5, "to be deleted")
        self.job("second sync down", *arguments, transfers=2)
        self.same_tree("second sync down", mirror, tree.manifest(self.work))

    def copy_between_containers(self):
        target = self.container("copied")
        self.job("copy between containers", "copy", self.azcopy.url(self.main + "/tree", self.sas), self.azcopy.url(target + "/", self.sas),
                 "--from-to", "BlobBlob", "--recursive", transfers=len(self.want))
        down = self.folder / "copied"
        self.job("download of the copy", "copy", self.azcopy.url(target + "/tree", self.sas), down, "--from-to", "BlobLocal", "--recursive",
                 transfers=len(self.want))
        self.same_tree("copy between containers", down / "tree")
        shutil.rmtree(down, ignore_errors=True)

    def remove(self):
        doomed = {name for name in self.want if name.startswith("awkward/")}
        self.job("remove of a prefix", "remove", self.azcopy.url(self.main + "/tree/awkward", self.sas), "--from-to", "BlobTrash", "--recursive",
                 transfers=len(doomed))
        self.checks.equal("remove of a prefix: what remains", set(self.list(self.main)), {"tree/" + name for name in self.want if name not in doomed})

    def large(self):
        source, name = tree.make_large(self.folder / "large.bin"), "large/large.bin"
        self.large_container = self.container("large")
        url = self.azcopy.url(f"{self.large_container}/{name}", self.sas)
        start = time.monotonic()
        self.job("upload of the large file", "copy", source, url, "--from-to", "LocalBlob", "--put-md5", transfers=1)
        middle = time.monotonic()
        down = self.folder / "large.down"
        self.job("download of the large file", "copy", url, down, "--from-to", "BlobLocal", "--check-md5", "FailIfDifferentOrMissing", transfers=1)
        self.checks.say(f"large file of {tree.LARGE_BYTES} bytes: up {middle - start:.1f} s, down {time.monotonic() - middle:.1f} s")
        self.checks.equal("large file: every byte", tree.same_bytes(source, down), "")
        self.checks.equal("large file: listed size", self.list(f"{self.large_container}/large"), {"large.bin": tree.LARGE_BYTES})
        down.unlink(missing_ok=True)

    def large_copy(self):
        name = "large/large.bin"
        target = self.container("large-copied")
        self.job("server-side copy of the large file", "copy", self.azcopy.url(f"{self.large_container}/{name}", self.sas),
                 self.azcopy.url(f"{target}/copy.bin", self.sas), "--from-to", "BlobBlob", transfers=1)
        down = self.folder / "large.copied"
        self.job("download of its copy", "copy", self.azcopy.url(f"{target}/copy.bin", self.sas), down, "--from-to", "BlobLocal", transfers=1)
        self.checks.equal("server-side copy of the large file: every byte", tree.same_bytes(self.folder / "large.bin", down), "")
        down.unlink(missing_ok=True)

    def container_sas(self):
        name, other = self.container("service-sas"), self.container("other")
        full = sas.container(servers.ACCOUNT, servers.KEY, name)
        source = self.source / "awkward" / "sizes"
        want = tree.manifest(source)
        self.job("upload with a container SAS", "copy", source, self.azcopy.url(name + "/", full), "--from-to", "LocalBlob", "--recursive", transfers=len(want))
        read = sas.container(servers.ACCOUNT, servers.KEY, name, permissions="rl")
        down = self.folder / "service-sas"
        self.job("download with a read SAS", "copy", self.azcopy.url(name + "/sizes", read), down, "--from-to", "BlobLocal", "--recursive", transfers=len(want))
        self.same_tree("container SAS", down / "sizes", want)
        file = source / "4096.bin"
        late = sas.container(servers.ACCOUNT, servers.KEY, name, valid_seconds=-3600)
        for what, url in (("a read SAS", self.azcopy.url(name + "/denied", read)), ("an expired SAS", self.azcopy.url(name + "/denied", late)),
                          ("another container's SAS", self.azcopy.url(other + "/denied", full))):
            code, _, output = self.azcopy.run("copy", file, url, "--from-to", "LocalBlob")
            self.checks.true(f"upload with {what} is refused", code != 0 and "403" in output, f"exit code {code}: {output[-800:]}")
        self.checks.equal("after refused uploads: nothing new", set(self.list(name)), {"sizes/" + each for each in want})
        self.checks.equal("after refused uploads: the other container is empty", self.list(other), {})


def quote(name):
    import urllib.parse
    return urllib.parse.quote(name)


def body(checks, server, folder):
    test = Test(checks, server, folder)
    from_url = "it does not implement Put Blob From URL and Put Block From URL"
    checks.section("tree up and down", test.tree_up_and_down)
    checks.section("make", test.make)
    checks.section("list", test.listing)
    checks.section("sync up", test.sync_up)
    checks.section("sync down", test.sync_down)
    checks.section("copy between containers", test.copy_between_containers, azurite_lacks=from_url)
    checks.section("remove", test.remove)
    checks.section("container SAS", test.container_sas)
    checks.section("large file", test.large)
    checks.section("large file, server-side copy", test.large_copy, azurite_lacks=from_url)


if __name__ == "__main__":
    suite.run("azcopy", body)
