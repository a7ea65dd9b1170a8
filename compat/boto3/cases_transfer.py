"""The transfer manager: a tree, a large file, streams, and connections that are cut."""
import io
import os
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tree
from boto3.s3.transfer import TransferConfig

MIB = 1 << 20


def tree_up_and_down(h):
    c, s3, bucket, source = h.counts, h.client, h.bucket("tree"), Path(os.environ["COMPAT_TREE"])
    want = tree.manifest(source)
    with ThreadPoolExecutor(8) as pool, tempfile.TemporaryDirectory() as folder:
        list(pool.map(lambda name: s3.upload_file(str(source / name), bucket, name), want))
        found = {each["Key"]: each["Size"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket) for each in page["Contents"]}
        c.equal("names and sizes", sorted(set(found.items()) ^ {(name, size) for name, (size, _) in want.items()})[:5], [])

        def download(name):
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            s3.download_file(bucket, name, str(path))

        list(pool.map(download, want))
        c.equal("every byte of every file", tree.difference(tree.manifest(folder), want), "")


def streams(h):
    c, s3, bucket = h.counts, h.client, h.bucket("streams")
    settings = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB, max_concurrency=4)
    for size in (0, 5 * MIB - 1, 5 * MIB, 17 * MIB + 3):
        content, into = h.bytes(size), io.BytesIO()
        s3.upload_fileobj(io.BytesIO(content), bucket, f"{size}", Config=settings, ExtraArgs={"Metadata": {"one": "1"}, "ContentType": "text/x-test", "ChecksumAlgorithm": "CRC64NVME"})
        s3.download_fileobj(bucket, f"{size}", into, Config=settings)
        head = s3.head_object(Bucket=bucket, Key=f"{size}")
        c.equal(f"a stream of {size} bytes", (into.getvalue() == content, head["Metadata"], head["ContentType"]), (True, {"one": "1"}, "text/x-test"))
        s3.copy({"Bucket": bucket, "Key": f"{size}"}, bucket, f"copy of {size}", Config=settings)
        c.true(f"its copy in parts of {size} bytes", h.read(bucket, f"copy of {size}") == content)


def large(h):
    c, s3, bucket, source = h.counts, h.client, h.bucket("large"), os.environ["COMPAT_LARGE_FILE"]
    settings, size = TransferConfig(multipart_chunksize=16 * MIB, max_concurrency=8), os.path.getsize(source)
    start = time.monotonic()
    s3.upload_file(source, bucket, "large", Config=settings)
    middle = time.monotonic()
    down = "large.down"
    s3.download_file(bucket, "large", down, Config=settings)
    c.say(f"large file of {size} bytes: up {middle - start:.1f} s, down {time.monotonic() - middle:.1f} s")
    c.equal("large file: every byte", tree.same_bytes(source, down), "")
    os.unlink(down)
    s3.copy({"Bucket": bucket, "Key": "large"}, bucket, "copy", Config=TransferConfig(multipart_threshold=64 * MIB, multipart_chunksize=64 * MIB))
    with open(source, "rb") as file:
        for position in (64 * MIB - 5, size // 2, size - 10):
            file.seek(position)
            c.true(f"its copy at {position}", h.read(bucket, "copy", Range=f"bytes={position}-{position + 9}") == file.read(10))


def connection_cuts(h):
    c, bucket, content = h.counts, h.bucket("cuts"), h.bytes(6 * MIB)
    answer = h.client_at(os.environ["COMPAT_UPLOAD_CUT_ENDPOINT"]).put_object(Bucket=bucket, Key="key", Body=content)
    c.equal("an upload that was cut is sent again", answer["ResponseMetadata"]["RetryAttempts"], 1)
    c.true("an upload that was cut: the bytes", h.read(bucket, "key") == content)
    into = io.BytesIO()
    h.client_at(os.environ["COMPAT_DOWNLOAD_CUT_ENDPOINT"]).download_fileobj(bucket, "key", into, Config=TransferConfig(use_threads=False))
    c.true("a download that was cut: the bytes", into.getvalue() == content)


SECTIONS = [("tree up and down", tree_up_and_down), ("streams", streams), ("large file", large), ("connection cuts", connection_cuts)]
