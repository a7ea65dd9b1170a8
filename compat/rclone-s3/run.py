#!/usr/bin/env python3
"""rclone's S3 backend against Skerry: what compat/rclone does, and multipart uploads, versions, and listings of old versions."""
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "lib"), str(HERE.parent / "rclone")]
import s3  # noqa: E402
import server as servers  # noqa: E402
import suite  # noqa: E402
from cases import Cases  # noqa: E402


class Test(Cases):
    list_chunk = ("--s3-list-chunk", "100")
    chunks = ("--s3-upload-cutoff", "16Mi", "--s3-chunk-size", "16Mi", "--s3-upload-concurrency", "8")

    def __init__(self, checks, server, folder, inputs):
        self.server = server

        def settings(_prefix):
            return {"s3": {"TYPE": "s3", "PROVIDER": "Other", "ENDPOINT": server.s3.url, "REGION": servers.REGION, "FORCE_PATH_STYLE": "true",
                           "ACCESS_KEY_ID": server.s3.access, "SECRET_ACCESS_KEY": server.s3.secret}}

        super().__init__(checks, folder, settings, inputs.tree, inputs.want, "s3")
        if server.ca:
            self.rclone.environment["RCLONE_CA_CERT"] = str(server.ca)

    def multipart(self):
        """Parts of 5 MiB of a stream whose length rclone is not told, and a copy of them in parts."""
        content = (self.source / "awkward/sizes/8388609.bin").read_bytes() * 2
        small = ("--s3-chunk-size", "5Mi", "--s3-upload-cutoff", "5Mi", "--streaming-upload-cutoff", "1Mi", "--s3-copy-cutoff", "5Mi")
        self.rclone.good("rcat", "rcat", self.path("parts/dir/streamed +%ü"), *small, data=content)
        self.good("copyto in parts", "copyto", self.path("parts/dir/streamed +%ü"), self.path("parts/copied"), *small)
        got = self.good("cat of the copy", "cat", self.path("parts/copied"))
        self.checks.true("a stream in parts and its copy: the bytes", got.encode("utf-8", "surrogateescape") == content)
        self.good("cleanup of uploads", "cleanup", self.path("parts"))
        self.good("link", "link", self.path("parts/copied"))

    def versions(self):
        bucket, key, contents = self.server.s3.bucket("rclone-versions"), "dir/key +ü.txt", [b"first", b"second, longer"]
        at = f"s3:{bucket}"
        self.good("backend versioning", "backend", "versioning", at, "Enabled")
        for content in contents:
            self.rclone.good("rcat onto a version", "rcat", f"{at}/{key}", data=content)
        listed = self.good("lsf --s3-versions", "lsf", "-R", "--files-only", "--s3-versions", at).splitlines()
        self.checks.equal("lsf --s3-versions: the current and an old one", (len(listed), key in listed, all(name.startswith("dir/key +ü") for name in listed)), (2, True, True))
        old = next((name for name in listed if name != key), "")
        self.checks.equal("cat of the old version", self.good("cat of the old version", "cat", "--s3-versions", f"{at}/{old}").encode(), contents[0])
        self.good("deletefile", "deletefile", f"{at}/{key}")
        self.checks.equal("after deletefile: nothing", self.good("lsf", "lsf", "-R", "--files-only", at), "")
        s3.check_versions(self.checks, self.server.s3, bucket, key, contents)
        self.good("backend cleanup-hidden", "backend", "cleanup-hidden", at)
        self.checks.equal("after cleanup-hidden: no version is left", self.server.s3.versions(bucket), [])

    def clean_up(self):
        for name in ("tree", "sync", "moved", "copied", "parts", "large", "large-copied"):
            self.run("purge", self.path(name))


def body(checks, server, folder, inputs):
    test = Test(checks, server, folder, inputs)
    large = inputs.large
    try:
        checks.section("copy up and down", test.copy_up_and_down)
        checks.section("listings", test.listings)
        checks.section("sync", test.sync)
        checks.section("server-side copies and moves", test.server_side)
        checks.section("copy between buckets", test.copy_between_containers)
        checks.section("multipart", test.multipart)
        checks.section("versions", test.versions)
        checks.section("large file", lambda: test.large(large))
        checks.section("large file, server-side copy", lambda: test.large_copy(large))
    finally:
        if not server.process:
            test.clean_up()


if __name__ == "__main__":
    suite.run_s3("rclone-s3", body)
