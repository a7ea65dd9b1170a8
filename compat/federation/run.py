#!/usr/bin/env python3
"""A data set in an Azure Blob container elsewhere, read through Skerry by azcopy, s3cmd and the Python SDK: cold, warm, after a restart, after an eviction,
and with the container gone. Elsewhere is an Azurite, which azcopy fills: a tree of thousands of files, and one large file. For the tree each client has a
container of Skerry's of its own, bound to the same one upstream, so that each reads cold; the large file is read by another client each time."""
import json
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parents[1] / "tests" / "lib")]
import azurite  # noqa: E402
import clients  # noqa: E402
import sas  # noqa: E402
import server as servers  # noqa: E402
import suite  # noqa: E402
import tree  # noqa: E402
from azcopy_tool import Azcopy, summary  # noqa: E402
from tool import Tool  # noqa: E402

LARGE_BYTES = int(os.environ.get("COMPAT_FEDERATION_BYTES", (1 << 30) + 12345))
NAMES = ("tree-azcopy", "tree-s3cmd", "tree-sdk", "large")
MIRROR_SECONDS = 120
TTL = "1s"  # each client asks anew how things are


class Test:
    def __init__(self, checks, folder):
        self.checks, self.folder = checks, folder
        self.source, self.large = folder / "tree", folder / "large.bin"
        self.want = tree.make(self.source)
        tree.make_large(self.large, LARGE_BYTES)
        self.manifest = folder / "manifest.json"
        self.manifest.write_text(json.dumps(self.want))
        self.upstream = azurite.Azurite(str(folder))
        self.sas = sas.account(servers.ACCOUNT, servers.KEY)
        self.key = folder / "upstream.key"
        self.key.write_text(servers.KEY)
        self.key.chmod(0o600)
        self.server = None
        checks.say(f"the tree has {len(self.want)} files, {sum(size for size, _ in self.want.values()) >> 20} MiB; the large file {LARGE_BYTES >> 20} MiB")

    # ---- upstream ----
    def fill_upstream(self):
        there = Azcopy(self.folder / "up", f"http://{self.upstream.endpoint}/{servers.ACCOUNT}")
        for what, name, source, count in (("tree", "tree", self.source, len(self.want)), ("large file", "large", self.large, 1)):
            sas.create_container(there.endpoint, name, self.sas)
            begin = time.monotonic()
            target = there.url(name + ("/" if count > 1 else "/large.bin"), self.sas)
            code, messages, output = there.run("copy", source, target, "--from-to", "LocalBlob", "--recursive", "--put-md5")
            counts = summary(messages)
            self.checks.true(f"azcopy fills upstream: {what}", code == 0 and int(counts.get("TransfersCompleted", 0)) == count, output[-1500:])
            self.checks.say(f"{what} upstream in {time.monotonic() - begin:.1f} s")

    # ---- Skerry ----
    def start(self):
        self.server = servers.start_skerry(self.folder)
        home = self.folder / f"at-{time.monotonic_ns()}"
        home.mkdir()
        self.azcopy = Azcopy(home, self.server.endpoint)
        settings = self.folder / "s3cmd"
        address = self.server.s3.url.split("://")[1]
        settings.write_text("\n".join(["[default]", f"access_key = {self.server.s3.access}", f"secret_key = {self.server.s3.secret}",
                                       f"host_base = {address}", f"host_bucket = {address}", "use_https = False", "progress_meter = False",
                                       "max_retries = 2", ""]))
        self.s3cmd = Tool(self.checks, clients.debian("s3cmd", "/usr/bin/s3cmd"), {}, self.folder, ["-c", settings])

    def attach(self, listing="upstream"):
        for name in NAMES:
            done = subprocess.run([servers.binary(), "attach", name, "--upstream",
                                   f"http://{self.upstream.endpoint}/{servers.ACCOUNT}/{name.split('-')[0]}", "--mode", "read-only", "--ttl", TTL,
                                   "--listing", listing, "--key-file", str(self.key), "--allow-http", "--data", str(self.server.data)],
                                  capture_output=True, text=True)
            self.checks.true(f"attach {name}", done.returncode == 0, done.stdout + done.stderr)

    def restart(self):
        self.server.stop(self.checks)
        self.start()

    def evict(self):
        """Nothing of upstream's is here any more."""
        for name in NAMES:
            done = subprocess.run([servers.binary(), "evict", name, "--json", "--data", str(self.server.data)], capture_output=True, text=True)
            self.checks.true(f"evict {name}", done.returncode == 0 and json.loads(done.stdout)["spared_bytes"] == 0, done.stdout + done.stderr)
            done = subprocess.run([servers.binary(), "residency", name, "--json", "--data", str(self.server.data)], capture_output=True, text=True)
            self.checks.true(f"residency of {name}", done.returncode == 0, done.stdout + done.stderr)
            self.checks.equal(f"what is here of {name}", sum(row["local_bytes"] for row in json.loads(done.stdout)["rows"][:1]), 0)

    # ---- clients ----
    def same_tree(self, what, folder):
        self.checks.equal(f"{what}: every byte of every file", tree.difference(tree.manifest(folder), self.want), "")
        servers.remove_folder(folder)

    def by_azcopy(self, when):
        down = self.folder / "down"
        # a star: else it asks first whether there is a blob of the folder's name, which nobody can say without upstream
        code, messages, output = self.azcopy.run("copy", self.azcopy.url("tree-azcopy/*", self.sas), down, "--from-to", "BlobLocal", "--recursive",
                                                 "--check-md5", "FailIfDifferentOrMissing")
        counts = summary(messages)
        self.checks.true(f"azcopy, {when}: exit code 0", code == 0, f"{code}: {output[-1500:]}")
        self.checks.equal(f"azcopy, {when}: completed", int(counts.get("TransfersCompleted", -1)), len(self.want))
        self.same_tree(f"azcopy, {when}", down / "tree")

    def large_by_azcopy(self, when):
        large = self.folder / "large.down"
        code, _, output = self.azcopy.run("copy", self.azcopy.url("large/large.bin", self.sas), large, "--from-to", "BlobLocal", "--check-md5",
                                          "FailIfDifferentOrMissing")
        self.checks.true(f"azcopy, {when}, large: exit code 0", code == 0, f"{code}: {output[-1500:]}")
        self.checks.equal(f"azcopy, {when}, large: every byte", tree.same_bytes(self.large, large), "")
        large.unlink(missing_ok=True)

    def by_s3cmd(self, when):
        down = self.folder / "down-s3cmd"
        down.mkdir()
        self.s3cmd.good(f"s3cmd, {when}: get -r", "get", "--recursive", "s3://tree-s3cmd/tree/", str(down) + "/")
        self.same_tree(f"s3cmd, {when}", down)

    def large_by_s3cmd(self, when):
        large = self.folder / "large.s3cmd"
        self.s3cmd.good(f"s3cmd, {when}: get large", "get", "s3://large/large.bin", str(large))
        self.checks.equal(f"s3cmd, {when}, large: every byte", tree.same_bytes(self.large, large), "")
        large.unlink(missing_ok=True)

    def by_sdk(self, when, part="tree"):
        """By names out of the manifest, several at once; or the large file in one stream or in parallel ranges."""
        interpreter = clients.python_with(HERE / "requirements.txt")
        suite.run_process(self.checks, self.folder, [interpreter, str(HERE / "suite.py"), when, part],
                          {"COMPAT_ENDPOINT": self.server.endpoint, "COMPAT_ACCOUNT": servers.ACCOUNT, "COMPAT_KEY": servers.KEY,
                           "COMPAT_MANIFEST": str(self.manifest), "COMPAT_LARGE_FILE": str(self.large), "PYTHONDONTWRITEBYTECODE": "1"}, f"the SDK, {when}")

    def all(self, when):
        large = {"cold": lambda: self.by_sdk(when, "stream"), "warm": lambda: self.large_by_azcopy(when),
                 "after a restart": lambda: self.large_by_s3cmd(when), "evicted": lambda: self.large_by_azcopy(when), "without upstream": lambda: self.by_sdk(when, "ranges")}[when]
        for client in (self.by_azcopy, self.by_s3cmd, self.by_sdk):
            self.checks.section(f"{client.__name__[3:]}, {when}", lambda client=client: client(when))
        self.checks.section(f"the large file, {when}", large)

    def bindings(self):
        done = subprocess.run([servers.binary(), "bindings", "--json", "--data", str(self.server.data)], capture_output=True, text=True)
        return json.loads(done.stdout)["bindings"]

    def fetched(self):
        """Bytes that came from upstream so far."""
        return sum(each["fetched_bytes"] for each in self.bindings())

    def mirror(self):
        """From now on what is known here is listed; that includes empty files, which azcopy never asks for."""
        self.attach("mirror")
        end = time.monotonic() + MIRROR_SECONDS
        while not all(each["mirror_rounds"] > 0 for each in self.bindings()) and time.monotonic() < end:
            time.sleep(0.1)
        self.checks.true("the mirrors know all names", all(each["mirror_rounds"] > 0 for each in self.bindings()), self.bindings())

    def stop(self):
        if self.upstream is not None:
            self.upstream.stop()
            self.upstream = None


def body(checks, folder):
    (folder / "up").mkdir()
    test = Test(checks, folder)
    try:
        checks.section("filling upstream", test.fill_upstream)
        test.start()
        checks.section("attach", test.attach)
        test.all("cold")
        total = 3 * sum(size for size, _ in test.want.values()) + LARGE_BYTES
        checks.equal("each byte was fetched once for each container", test.fetched(), total)
        test.all("warm")
        checks.equal("nothing was fetched again", test.fetched(), total)
        checks.section("restart", test.restart)
        test.all("after a restart")
        checks.equal("nothing was fetched after a restart", test.fetched(), 0)
        checks.section("evict", test.evict)
        test.all("evicted")
        checks.equal("each byte was fetched once more after the eviction", test.fetched(), total)
        checks.section("mirrors", test.mirror)
        test.stop()
        test.all("without upstream")
        checks.section("restart without upstream", test.restart)
        checks.section("sdk, restarted without upstream", lambda: test.by_sdk("restarted without upstream"))
    finally:
        test.stop()
        if test.server:
            test.server.stop(checks)


if __name__ == "__main__":
    suite.run_own("federation", body)
