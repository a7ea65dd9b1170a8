#!/usr/bin/env python3
"""The AWS CLI against Skerry: today's release, which adds checksums of its own to all it sends, and Debian's, which is years older."""
import json
import re
import shutil
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
import clients  # noqa: E402
import s3  # noqa: E402
import server as servers  # noqa: E402
import suite  # noqa: E402
import tree  # noqa: E402
from tool import Tool  # noqa: E402

LIST_LINE = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d +(\d+) (.*)$")
QUIET = "--only-show-errors"
MIB = 1 << 20


class Test:
    def __init__(self, checks, server, folder, inputs, program, today):
        self.checks, self.server, self.inputs, self.today = checks, server, inputs, today
        self.folder = folder / ("today" if today else "debian")
        self.folder.mkdir()
        settings = self.folder / "settings"
        # With an endpoint of its own, today's signs URLs with Version 2 unless told otherwise
        settings.write_text("[default]\ns3 =\n  max_concurrent_requests = 8\n  multipart_chunksize = 16MB\n  signature_version = s3v4\n")
        self.aws = Tool(checks, program, {**server.s3_environment(), "AWS_CONFIG_FILE": str(settings), "AWS_PAGER": ""}, self.folder,
                        ["--endpoint-url", server.s3.url])  # by option: Debian's does not know AWS_ENDPOINT_URL
        self.good = self.aws.good
        reader = {"AWS_ACCESS_KEY_ID": servers.S3_READER_KEY, "AWS_SECRET_ACCESS_KEY": servers.S3_READER_SECRET}
        self.reader = Tool(checks, program, {**self.aws.environment, **reader}, self.folder, self.aws.command[1:])
        checks.say(f"{self.aws.run('--version')[1].split()[0]}; the tree has {len(inputs.want)} files")

    def bucket(self, name, versioned=False):
        return self.server.s3.bucket("aws-cli-" + name, versioned)

    def api(self, command, *arguments):
        """An operation that must succeed. Returns its answer, {} when it has none."""
        output = self.good(f"s3api {command}", "s3api", command, "--output", "json", *arguments)
        return json.loads(output) if output.strip() else {}

    def same_tree(self, what, folder, want):
        self.checks.equal(f"{what}: every byte of every file", tree.difference(tree.manifest(folder), want), "")

    def listed(self, url):
        output = self.good(f"ls {url}", "s3", "ls", "--recursive", url)
        return {match.group(2): int(match.group(1)) for match in map(LIST_LINE.match, output.splitlines()) if match}

    # ---- sections ----
    def tree_up_and_down(self):
        self.main = f"aws-cli-{'today' if self.today else 'debian'}-{time.time_ns()}"
        self.good("mb", "s3", "mb", f"s3://{self.main}")
        self.server.s3.made.append(self.main)
        self.checks.true("ls names the bucket", self.main in self.good("ls", "s3", "ls"))
        want = self.inputs.want
        self.good("cp up", "s3", "cp", QUIET, "--recursive", self.inputs.tree, f"s3://{self.main}/a tree/")
        found = self.listed(f"s3://{self.main}/a tree/")
        self.checks.equal("ls --recursive: names and sizes", sorted(set(found.items()) ^ {("a tree/" + name, size) for name, (size, _) in want.items()})[:5], [])
        down = self.folder / "down"
        self.good("cp down", "s3", "cp", QUIET, "--recursive", f"s3://{self.main}/a tree/", down)
        self.same_tree("cp up and down", down, want)
        shutil.rmtree(down, ignore_errors=True)
        top = self.good("ls of one level", "s3", "ls", f"s3://{self.main}/a tree/awkward/")
        local = [each.name + ("/" if each.is_dir() else "") for each in (self.inputs.tree / "awkward").iterdir()]
        got = [line.lstrip().removeprefix("PRE ") if line.lstrip().startswith("PRE ") else LIST_LINE.match(line).group(2) for line in top.splitlines()]
        self.checks.equal("ls of one level", sorted(got), sorted(local))

    def sync(self):
        bucket = self.bucket("sync")
        work, mirror = self.folder / "work", self.folder / "mirror"
        shutil.copytree(self.inputs.tree / "awkward", work)
        self.good("first sync up", "s3", "sync", QUIET, "--delete", work, f"s3://{bucket}")
        tree.write_random(work / "a+b", 70000, "changed")
        tree.write_random(work / "sizes" / "0.bin", 10, "no longer empty")
        tree.write_random(work / "new directory" / "new #1 50%.bin", 100000, "added")
        (work / "hash#mark").unlink()
        shutil.rmtree(work / "level 1")
        lines = self.good("second sync up", "s3", "sync", "--no-progress", "--delete", work, f"s3://{bucket}").splitlines()
        self.checks.equal("second sync up: what it does", sorted(line.split(":")[0] for line in lines), ["delete"] * 2 + ["upload"] * 3)
        self.good("sync down", "s3", "sync", QUIET, "--delete", f"s3://{bucket}", mirror)
        self.same_tree("sync down", mirror, tree.manifest(work))
        self.good("rm", "s3", "rm", QUIET, f"s3://{bucket}/caret^")
        tree.write_random(mirror / "only here", 5, "to be deleted")
        self.good("second sync down", "s3", "sync", QUIET, "--delete", f"s3://{bucket}", mirror)
        want = tree.manifest(work)
        del want["caret^"]
        self.same_tree("second sync down", mirror, want)
        copied = self.bucket("copied")
        self.good("sync between buckets", "s3", "sync", QUIET, f"s3://{bucket}", f"s3://{copied}/below")
        self.checks.equal("sync between buckets: names and sizes", self.listed(f"s3://{copied}"), {"below/" + name: size for name, (size, _) in want.items()})
        self.good("rm --recursive", "s3", "rm", QUIET, "--recursive", f"s3://{copied}", "--exclude", "*", "--include", "below/sizes/*")
        self.checks.equal("rm --recursive with filters: what remains", set(self.listed(f"s3://{copied}")), {"below/" + name for name in want if not name.startswith("sizes/")})
        self.aws.refused("rb of a bucket that is not empty", "BucketNotEmpty", "s3", "rb", f"s3://{copied}")
        self.good("rb --force", "s3", "rb", "--force", f"s3://{copied}")
        self.server.s3.made.remove(copied)

    def single_files(self):
        file, content = "a+b c%2Bd #1 ü", tree.random.Random(1).randbytes(100_000)
        url = f"s3://{self.main}/moved/{file}"
        self.good("cp from standard input", "s3", "cp", QUIET, "-", url, data=content)
        self.checks.true("cp to standard output", self.good("cp -", "s3", "cp", QUIET, url, "-").encode("utf-8", "surrogateescape") == content)
        self.good("mv between keys", "s3", "mv", QUIET, url, url + ".moved")
        self.good("mv down", "s3", "mv", QUIET, url + ".moved", self.folder / "moved")
        self.checks.true("mv: the bytes", (self.folder / "moved").read_bytes() == content)
        self.good("mv up", "s3", "mv", QUIET, self.folder / "moved", url, "--content-type", "text/x-moved", "--metadata", "a=1")
        self.checks.true("mv up: the file is gone", not (self.folder / "moved").exists())
        with urllib.request.urlopen(self.good("presign", "s3", "presign", url).strip(), context=self.context()) as answer:
            self.checks.true("presign: the bytes", answer.read() == content)
            self.checks.equal("presign: type and metadata", (answer.headers["Content-Type"], answer.headers["x-amz-meta-a"]), ("text/x-moved", "1"))
        short = self.good("presign for a second", "s3", "presign", "--expires-in", "1", url).strip()
        time.sleep(2.1)
        try:
            urllib.request.urlopen(short, context=self.context())
            self.checks.true("an expired URL is refused", False)
        except urllib.error.HTTPError as error:
            self.checks.equal("an expired URL is refused", error.code, 403)
        self.aws.refused("cp of a missing key", "404", "s3", "cp", f"s3://{self.main}/nothing", self.folder / "nothing")
        self.aws.refused("ls of a missing bucket", "NoSuchBucket", "s3", "ls", f"s3://{self.main}-not")

    def context(self):
        import ssl
        return ssl.create_default_context(cafile=self.server.ca) if self.server.ca else None

    def objects(self):
        bucket, body, out = self.bucket("objects"), self.folder / "body", self.folder / "out"
        content = tree.random.Random(2).randbytes(70_001)
        body.write_bytes(content)
        at = ("--bucket", bucket, "--key", "prefix/key +%ü")
        put = self.api("put-object", *at, "--body", body, "--metadata", "one=1,Two=second value", "--content-type", "application/x-test", "--cache-control",
                       "max-age=60", "--content-disposition", "attachment", "--content-language", "fi", "--tagging", "a=1&b=%C3%BC", "--content-md5", md5_text(content))
        head = self.api("head-object", *at)
        self.checks.equal("head-object", {name: head.get(name) for name in ("ContentLength", "ContentType", "CacheControl", "ContentDisposition", "ContentLanguage", "ETag", "Metadata")},
                          {"ContentLength": len(content), "ContentType": "application/x-test", "CacheControl": "max-age=60", "ContentDisposition": "attachment",
                           "ContentLanguage": "fi", "ETag": put["ETag"], "Metadata": {"one": "1", "two": "second value"}})
        got = self.api("get-object", *at, "--range", "bytes=65000-70010", out)
        self.checks.true("get-object of a range: the bytes", out.read_bytes() == content[65000:])
        self.checks.equal("get-object of a range", got["ContentRange"], "bytes 65000-70000/70001")
        self.aws.refused("get-object of a range beyond the end", "InvalidRange", "s3api", "get-object", *at, "--range", "bytes=80000-", out)
        self.aws.refused("get-object --if-match of another entity tag", "PreconditionFailed", "s3api", "get-object", *at, "--if-match", '"00000000000000000000000000000000"', out)
        copy = ("--bucket", bucket, "--copy-source", f"{bucket}/prefix/key +%ü")  # the client encodes it
        self.api("copy-object", *copy, "--key", "prefix/copy")
        kept = self.api("head-object", "--bucket", bucket, "--key", "prefix/copy")
        self.checks.equal("copy-object keeps", (kept["ETag"], kept["ContentType"], kept["Metadata"]), (put["ETag"], "application/x-test", head["Metadata"]))
        self.api("copy-object", *copy, "--key", "prefix/replaced", "--metadata-directive", "REPLACE", "--metadata", "three=3", "--content-type", "text/plain")
        replaced = self.api("head-object", "--bucket", bucket, "--key", "prefix/replaced")
        self.checks.equal("copy-object replaces", (replaced["ContentType"], replaced["Metadata"]), ("text/plain", {"three": "3"}))
        tags = self.api("get-object-tagging", *at)["TagSet"]
        self.checks.equal("tags of put-object", sorted((each["Key"], each["Value"]) for each in tags), [("a", "1"), ("b", "ü")])
        self.api("put-object-tagging", *at, "--tagging", "TagSet=[{Key=c,Value=3}]")
        self.checks.equal("get-object-tagging", self.api("get-object-tagging", *at)["TagSet"], [{"Key": "c", "Value": "3"}])
        self.api("delete-object-tagging", *at)
        self.checks.equal("delete-object-tagging", self.api("get-object-tagging", *at)["TagSet"], [])
        if self.today:
            self.aws.refused("put-object --if-none-match '*' onto something", "PreconditionFailed", "s3api", "put-object", *at, "--body", body, "--if-none-match", "*")
            self.api("put-object", "--bucket", bucket, "--key", "new", "--body", body, "--if-none-match", "*")
        algorithms = ["CRC32", "CRC32C", "SHA1", "SHA256"]
        for algorithm in ["CRC32", "SHA256"] if self.today else ["SHA1", "SHA256"]:  # CRC32C and CRC64NVME need the CRT library
            name = "Checksum" + algorithm
            put = self.api("put-object", "--bucket", bucket, "--key", algorithm, "--body", body, "--checksum-algorithm", algorithm)
            got = self.api("get-object", "--bucket", bucket, "--key", algorithm, "--checksum-mode", "ENABLED", out)
            self.checks.true(f"{algorithm}: sent and given back", put.get(name) and got.get(name) == put[name], (put.get(name), got.get(name)))
        asked = self.api("get-object-attributes", "--bucket", bucket, "--key", "SHA256", "--object-attributes", "ETag", "Checksum", "ObjectSize", "StorageClass")
        self.checks.equal("get-object-attributes", (asked.get("ObjectSize"), list(set(asked.get("Checksum", {})) & {"Checksum" + each for each in algorithms})), (len(content), ["ChecksumSHA256"]))
        self.api("delete-objects", "--bucket", bucket, "--delete", json.dumps({"Objects": [{"Key": "CRC32"}, {"Key": "SHA256"}, {"Key": "not there"}], "Quiet": True}))

    def listings(self):
        bucket = self.bucket("list")
        names = [f"{folder}/{number:02}" for folder in ("a", "b+c", "ü ") for number in range(7)] + ["top"]
        for name in names:
            self.server.s3.put(bucket, name, name.encode())
        at = ("--bucket", bucket)
        for command in ("list-objects-v2", "list-objects"):
            paged = self.api(command, *at, "--page-size", "4")["Contents"]
            self.checks.equal(f"{command}: in pages of 4", [each["Key"] for each in paged], sorted(names))
            levels = self.api(command, *at, "--delimiter", "/", "--page-size", "2")
            self.checks.equal(f"{command}: by delimiter", ([each["Prefix"] for each in levels["CommonPrefixes"]], [each["Key"] for each in levels["Contents"]]), (["a/", "b+c/", "ü /"], ["top"]))
        self.checks.equal("list-objects-v2 --prefix --start-after", [each["Key"] for each in self.api("list-objects-v2", *at, "--prefix", "b+c/", "--start-after", "b+c/04")["Contents"]], ["b+c/05", "b+c/06"])

    def multipart(self):
        bucket, at = self.bucket("parts"), None
        at = ("--bucket", bucket, "--key", "in parts")
        upload = self.api("create-multipart-upload", *at, "--content-type", "application/x-parts", "--metadata", "a=1")["UploadId"]
        contents = [tree.random.Random(number).randbytes(5 * MIB if number < 3 else 1000) for number in (1, 2, 3)]
        parts = []
        for number, content in enumerate(contents, 1):
            (self.folder / "part").write_bytes(content)
            answer = self.api("upload-part", *at, "--upload-id", upload, "--part-number", str(number), "--body", self.folder / "part")
            parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        listed = self.api("list-parts", *at, "--upload-id", upload, "--page-size", "2")["Parts"]
        self.checks.equal("list-parts", [(each["PartNumber"], each["ETag"], each["Size"]) for each in listed], [(part["PartNumber"], part["ETag"], len(content)) for part, content in zip(parts, contents)])
        self.checks.equal("list-multipart-uploads", [(each["Key"], each["UploadId"]) for each in self.api("list-multipart-uploads", "--bucket", bucket)["Uploads"]], [("in parts", upload)])
        done = self.api("complete-multipart-upload", *at, "--upload-id", upload, "--multipart-upload", json.dumps({"Parts": parts}))
        self.checks.true("complete-multipart-upload: an entity tag of three parts", done["ETag"].endswith('-3"'), done)
        self.api("get-object", *at, self.folder / "out")
        self.checks.true("the object of three parts: the bytes", (self.folder / "out").read_bytes() == b"".join(contents))
        second = self.api("create-multipart-upload", *at)["UploadId"]
        self.api("abort-multipart-upload", *at, "--upload-id", second)
        self.aws.refused("list-parts of an aborted upload", "NoSuchUpload", "s3api", "list-parts", *at, "--upload-id", second)

    def versions(self):
        bucket, url = self.bucket("versions"), None
        self.api("put-bucket-versioning", "--bucket", bucket, "--versioning-configuration", "Status=Enabled")
        self.checks.equal("get-bucket-versioning", self.api("get-bucket-versioning", "--bucket", bucket).get("Status"), "Enabled")
        url, contents = f"s3://{bucket}/dir/key", [b"first", b"second, longer"]
        for content in contents:
            self.good("cp onto a version", "s3", "cp", QUIET, "-", url, data=content)
        listed = self.api("list-object-versions", "--bucket", bucket)["Versions"]
        self.checks.equal("list-object-versions", [(each["IsLatest"], each["Size"]) for each in listed], [(True, 14), (False, 5)])
        self.api("get-object", "--bucket", bucket, "--key", "dir/key", "--version-id", listed[1]["VersionId"], self.folder / "old")
        self.checks.equal("the old version: the bytes", (self.folder / "old").read_bytes(), contents[0])
        self.good("rm of the current version", "s3", "rm", QUIET, url)
        s3.check_versions(self.checks, self.server.s3, bucket, "dir/key", contents)
        marker = self.api("list-object-versions", "--bucket", bucket)["DeleteMarkers"][0]["VersionId"]
        self.api("delete-object", "--bucket", bucket, "--key", "dir/key", "--version-id", marker)
        self.checks.equal("without its marker the key is back", self.good("cp -", "s3", "cp", QUIET, url, "-").encode(), contents[1])
        self.api("delete-object", "--bucket", bucket, "--key", "dir/key", "--version-id", listed[0]["VersionId"])
        self.checks.equal("without its second version the first is current", self.good("cp -", "s3", "cp", QUIET, url, "-").encode(), contents[0])

    def read_only_key(self):
        """A key that only reads: what reads works, what writes is refused and leaves no trace."""
        bucket, work, content = self.bucket("reader", versioned=True), self.folder / "reader", b"what is there"
        self.server.s3.put(bucket, "dir/key", content)
        self.server.s3.put(bucket, "dir/ü +%", content * 2)
        self.server.s3.create_upload(bucket, "upload")

        def state():
            return [self.server.s3.versions(bucket), *(self.server.s3.request("GET", path, query).body for path, query in
                    ((self.server.s3.path(bucket), "uploads="), (self.server.s3.path(bucket), "versioning="), (self.server.s3.path(bucket, "dir/key"), "tagging="), ("/", "")))]

        before, url, at = state(), f"s3://{bucket}/dir/key", ("--bucket", bucket, "--key", "dir/key")
        good, refused = self.reader.good, lambda what, *arguments: self.reader.refused(f"a key that only reads: {what}", "AccessDenied", *arguments)
        self.checks.true("ls names the bucket", bucket in good("ls", "s3", "ls"))
        self.checks.equal("ls", [LIST_LINE.match(line).group(2) for line in good("ls of a bucket", "s3", "ls", "--recursive", f"s3://{bucket}").splitlines()], ["dir/key", "dir/ü +%"])
        good("sync down", "s3", "sync", QUIET, f"s3://{bucket}", work)
        self.same_tree("sync down", work, {"dir/key": digest(content), "dir/ü +%": digest(content * 2)})
        with urllib.request.urlopen(good("presign", "s3", "presign", url).strip(), context=self.context()) as answer:
            self.checks.true("presign: the bytes", answer.read() == content)
        good("get-object-tagging", "s3api", "get-object-tagging", *at)
        new = work / "new"
        with open(new, "wb") as file:
            file.truncate(20 * MIB)
        refused("cp up", "s3", "cp", QUIET, work / "dir/key", url)
        refused("cp up in parts", "s3", "cp", QUIET, new, f"s3://{bucket}/new")
        refused("sync up", "s3", "sync", "--delete", work, f"s3://{bucket}")
        refused("cp inside the server", "s3", "cp", QUIET, url, f"s3://{bucket}/copy")
        refused("mv", "s3", "mv", QUIET, url, f"s3://{bucket}/moved")
        refused("rm", "s3", "rm", url)
        refused("rm --recursive", "s3", "rm", "--recursive", f"s3://{bucket}")
        refused("mb", "s3", "mb", f"s3://{bucket}-new")
        refused("rb", "s3", "rb", f"s3://{bucket}")
        refused("put-object-tagging", "s3api", "put-object-tagging", *at, "--tagging", "TagSet=[{Key=a,Value=1}]")
        refused("delete-objects", "s3api", "delete-objects", "--bucket", bucket, "--delete", "Objects=[{Key=dir/key}]")
        refused("put-bucket-versioning", "s3api", "put-bucket-versioning", "--bucket", bucket, "--versioning-configuration", "Status=Suspended")
        self.checks.equal("what was refused left no trace", state(), before)

    def large(self):
        source, down = self.inputs.large, self.folder / "down"
        bucket, start = self.bucket("large"), time.monotonic()
        self.good("cp of the large file up", "s3", "cp", QUIET, source, f"s3://{bucket}/large")
        middle = time.monotonic()
        self.good("cp of the large file down", "s3", "cp", QUIET, f"s3://{bucket}/large", down)
        end = time.monotonic()
        self.checks.equal("large file: every byte", tree.same_bytes(source, down), "")
        down.unlink(missing_ok=True)
        copied = time.monotonic()
        self.good("copy of the large file inside the server", "s3", "cp", QUIET, f"s3://{bucket}/large", f"s3://{bucket}/copy")
        self.checks.say(f"large file of {source.stat().st_size} bytes: up {middle - start:.1f} s, down {end - middle:.1f} s, copy {time.monotonic() - copied:.1f} s")
        tail = self.folder / "tail"
        self.api("get-object", "--bucket", bucket, "--key", "copy", "--range", f"bytes=-{MIB}", tail)
        with open(source, "rb") as file:
            file.seek(-MIB, 2)
            self.checks.true("copy of the large file: its end", tail.read_bytes() == file.read())
        self.checks.equal("sizes of the large file and its copy", self.listed(f"s3://{bucket}/"), {"large": source.stat().st_size, "copy": source.stat().st_size})


def md5_text(content):
    import base64
    import hashlib
    return base64.b64encode(hashlib.md5(content).digest()).decode()


def digest(content):
    """The entry of tree.manifest()."""
    import hashlib
    return len(content), hashlib.sha256(content).hexdigest()


def body(checks, server, folder, inputs):
    today = Path(clients.python_with(HERE / "requirements.txt")).parent / "aws"
    debian = clients.debian("awscli", "/usr/bin/aws")
    for name, program in (("today's", str(today)), ("Debian's", debian)):
        test = Test(checks, server, folder, inputs, program, program == str(today))
        checks.section(f"{name}: tree up and down", test.tree_up_and_down)
        checks.section(f"{name}: single files", test.single_files)
        if test.today or server.scheme == "https":  # today's sends checksums in headers over http, in trailers over https
            checks.section(f"{name}: objects", test.objects)
            checks.section(f"{name}: multipart", test.multipart)
            checks.section(f"{name}: large file", test.large)
        if test.today == (server.scheme == "http"):  # once each: a command takes more than half a second to begin
            checks.section(f"{name}: sync", test.sync)
            checks.section(f"{name}: listings", test.listings)
            checks.section(f"{name}: versions", test.versions)
        if test.today and server.has_reader:
            checks.section(f"{name}: a key that only reads", test.read_only_key)


if __name__ == "__main__":
    suite.run_s3("aws-cli", body)
