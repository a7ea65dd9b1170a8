#!/usr/bin/env python3
"""s3cmd of Debian against Skerry: put, get, sync both ways, parts, copies, moves, listings, deletion."""
import re
import shutil
import ssl
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
import clients  # noqa: E402
import s3  # noqa: E402
import suite  # noqa: E402
import tree  # noqa: E402
from tool import Tool  # noqa: E402

LIST_LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d +(\d+) +s3://[^/]+/(.*)$")


class Test:
    def __init__(self, checks, server, folder, inputs):
        self.checks, self.server, self.folder, self.inputs = checks, server, folder, inputs
        settings = folder / "settings"
        address = server.s3.url.split("://")[1]
        # A host for buckets without %(bucket)s is path-style
        settings.write_text("\n".join(["[default]", f"access_key = {server.s3.access}", f"secret_key = {server.s3.secret}", f"host_base = {address}",
                                       f"host_bucket = {address}", f"use_https = {server.scheme == 'https'}", f"signurl_use_https = {server.scheme == 'https'}",
                                       f"ca_certs_file = {server.ca or ''}",
                                       "check_ssl_certificate = True", "progress_meter = False", "multipart_chunk_size_mb = 5", "max_retries = 2", ""]))
        self.s3cmd = Tool(checks, clients.debian("s3cmd", "/usr/bin/s3cmd"), {}, folder, ["-c", settings])
        self.good = self.s3cmd.good
        checks.say(f"{self.s3cmd.run('--version')[1].strip()}; the tree has {len(inputs.want)} files")

    def bucket(self, name, versioned=False):
        return self.server.s3.bucket("s3cmd-" + name, versioned)

    def listed(self, url):
        output = self.good(f"ls -r {url}", "ls", "-r", url)
        return {match.group(2): int(match.group(1)) for match in map(LIST_LINE.match, output.splitlines()) if match}

    def same_tree(self, what, folder, want):
        self.checks.equal(f"{what}: every byte of every file", tree.difference(tree.manifest(folder), want), "")

    # ---- sections ----
    def tree_up_and_down(self):
        self.main = self.bucket("tree")
        want, url = self.inputs.want, f"s3://{self.main}/a tree/"
        self.good("put -r", "put", "--recursive", str(self.inputs.tree) + "/", url)
        self.checks.equal("ls -r: names and sizes", sorted(set(self.listed(url).items()) ^ {("a tree/" + name, size) for name, (size, _) in want.items()})[:5], [])
        down = self.folder / "down"
        down.mkdir()
        self.good("get -r", "get", "--recursive", url, str(down) + "/")
        self.same_tree("put and get", down, want)
        shutil.rmtree(down)
        total = self.good("du", "du", url).split()
        self.checks.equal("du: bytes and objects", total[:2], [str(sum(size for size, _ in want.values())), str(len(want))])
        self.checks.true("ls names the bucket", f"s3://{self.main}" in self.good("ls", "ls"))

    def sync(self):
        bucket, work, mirror = self.bucket("sync"), self.folder / "work", self.folder / "mirror"
        shutil.copytree(self.inputs.tree / "awkward", work)
        mirror.mkdir()
        self.good("first sync up", "sync", "--delete-removed", f"{work}/", f"s3://{bucket}/")
        tree.write_random(work / "a+b", 70000, "changed")
        tree.write_random(work / "sizes" / "0.bin", 10, "no longer empty")
        tree.write_random(work / "new directory" / "new #1 50%.bin", 100000, "added")
        (work / "hash#mark").unlink()
        shutil.rmtree(work / "level 1")
        lines = self.good("second sync up", "sync", "--delete-removed", f"{work}/", f"s3://{bucket}/").splitlines()
        self.checks.equal("second sync up: what it does", sorted(line.split(":")[0] for line in lines if line.split(":")[0] in ("upload", "delete")), ["delete"] * 2 + ["upload"] * 3)
        self.good("sync down", "sync", "--delete-removed", f"s3://{bucket}/", f"{mirror}/")
        self.same_tree("sync down", mirror, tree.manifest(work))
        self.good("del", "del", f"s3://{bucket}/caret^")
        tree.write_random(mirror / "only here", 5, "to be deleted")
        self.good("second sync down", "sync", "--delete-removed", f"s3://{bucket}/", f"{mirror}/")
        want = tree.manifest(work)
        del want["caret^"]
        self.same_tree("second sync down", mirror, want)
        self.good("del -r", "del", "--recursive", "--force", f"s3://{bucket}/sizes/")
        self.checks.equal("del -r: what remains", set(self.listed(f"s3://{bucket}/")), {name for name in want if not name.startswith("sizes/")})

    def buckets(self):
        name = f"s3cmd-own-{self.main[-10:]}"
        self.good("mb", "mb", f"s3://{name}")
        self.server.s3.made.append(name)
        self.good("put", "put", self.inputs.tree / "awkward" / "sizes" / "512.bin", f"s3://{name}/file")
        self.s3cmd.refused("rb of a bucket that is not empty", "BucketNotEmpty", "rb", f"s3://{name}")
        self.good("rb --recursive", "rb", "--recursive", "--force", f"s3://{name}")
        self.server.s3.made.remove(name)
        self.s3cmd.refused("ls of a missing bucket", "NoSuchBucket", "ls", f"s3://{name}")

    def single_objects(self):
        bucket, file = self.bucket("single"), self.inputs.tree / "awkward" / "sizes" / "65537.bin"
        url = f"s3://{bucket}/dir/a+b c%2Bd #1 ü"
        self.good("put", "put", "--add-header", "x-amz-meta-one:1", "--mime-type", "text/x-test", file, url)
        said = self.good("info", "info", url)
        for word in ("File size: 65537", "MIME type: text/x-test", f"MD5 sum:   {md5_of(file)}", "x-amz-meta-one: 1"):
            self.checks.true(f"info says {word}", word in said, said)
        self.good("cp", "cp", url, url + " copy")
        self.good("mv", "mv", url + " copy", f"s3://{bucket}/moved 50%")
        self.good("modify", "modify", "--add-header", "cache-control:max-age=9", f"s3://{bucket}/moved 50%")
        self.checks.equal("cp and mv: what is there", set(self.listed(f"s3://{bucket}")), {"dir/a+b c%2Bd #1 ü", "moved 50%"})
        said = self.good("info of the copy", "info", f"s3://{bucket}/moved 50%")
        self.checks.true("the copy keeps metadata and type", "x-amz-meta-one: 1" in said and "MIME type: text/x-test" in said, said)
        self.good("get", "get", f"s3://{bucket}/moved 50%", self.folder / "got")
        self.checks.equal("the bytes of the copy", tree.same_bytes(file, self.folder / "got"), "")
        (self.folder / "part").write_bytes(file.read_bytes()[:1000])
        self.good("get --continue", "get", "--continue", url, self.folder / "part")
        self.checks.equal("get --continue: the bytes", tree.same_bytes(file, self.folder / "part"), "")
        code, output, messages = self.s3cmd.run("setacl", "--acl-public", url)
        sensible = code == 0 or any(word in output + messages for word in ("NotImplemented", "AccessControlListNotSupported", "501"))
        self.checks.true("setacl works or is refused with a reason", sensible, f"{code}: {output}{messages}")
        self.signed_url(self.good("signurl", "signurl", url, "+3600").strip(), file)

    def signed_url(self, url, file):
        context = ssl.create_default_context(cafile=self.server.ca) if self.server.ca else None
        with urllib.request.urlopen(url, context=context) as answer:
            self.checks.true("signurl: the bytes", answer.read() == file.read_bytes())
        try:
            urllib.request.urlopen(url.replace("Expires=1", "Expires=2"), context=context).close()
            self.checks.true("signurl: a later expiry is refused", False)
        except urllib.error.HTTPError as error:
            self.checks.equal("signurl: a later expiry is refused", error.code, 403)

    def parts(self):
        """A file in parts, larger than what s3cmd copies at once: its copy is one in parts too."""
        bucket, source, start = self.bucket("parts"), self.inputs.large, time.monotonic()
        self.good("put in parts of 5 MB", "put", source, f"s3://{bucket}/large.bin")
        up = time.monotonic()
        said = self.good("info", "info", f"s3://{bucket}/large.bin")
        self.checks.true("info: its size", f"File size: {source.stat().st_size}" in said, said)
        down = time.monotonic()
        self.get_and_compare(f"s3://{bucket}/large.bin", source)
        self.checks.say(f"large file of {source.stat().st_size} bytes: up {up - start:.1f} s, down and compared {time.monotonic() - down:.1f} s")
        self.good("cp of an object in parts", "cp", f"s3://{bucket}/large.bin", f"s3://{bucket}/copy.bin")
        self.get_and_compare(f"s3://{bucket}/copy.bin", source)
        self.checks.equal("multipart: nothing is left", [line for line in self.good("multipart", "multipart", f"s3://{bucket}").splitlines() if ".bin" in line], [])

    def get_and_compare(self, url, source):
        got = self.folder / "large.down"
        self.good(f"get of {url[-8:]}", "get", url, got)
        self.checks.equal(f"{url[-8:]}: every byte", tree.same_bytes(source, got), "")
        got.unlink(missing_ok=True)

    def versions(self):
        bucket, contents = self.bucket("versions", versioned=True), [b"first", b"second, longer"]
        for content in contents:
            (self.folder / "version").write_bytes(content)
            self.good("put onto a version", "put", self.folder / "version", f"s3://{bucket}/dir/key")
        self.good("get of the current version", "get", f"s3://{bucket}/dir/key", self.folder / "current")
        self.checks.equal("the current version", (self.folder / "current").read_bytes(), contents[-1])
        self.good("del", "del", f"s3://{bucket}/dir/key")
        self.checks.equal("after del: nothing is listed", self.listed(f"s3://{bucket}"), {})
        s3.check_versions(self.checks, self.server.s3, bucket, "dir/key", contents)


def md5_of(file):
    import hashlib
    return hashlib.md5(file.read_bytes()).hexdigest()


def body(checks, server, folder, inputs):
    test = Test(checks, server, folder, inputs)
    checks.section("tree up and down", test.tree_up_and_down)
    checks.section("sync", test.sync)
    checks.section("buckets", test.buckets)
    checks.section("single objects", test.single_objects)
    checks.section("large file in parts", test.parts)
    checks.section("versions", test.versions)


if __name__ == "__main__":
    suite.run_s3("s3cmd", body)
