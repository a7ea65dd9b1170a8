"""The suite of fsspec's s3fs and pyarrow, run by run.py."""
import concurrent.futures
import hashlib
import io
import multiprocessing
import os
import random
import sys
import sysconfig
import tarfile
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
import checks  # noqa: E402
import pyarrow  # noqa: E402
import pyarrow.compute  # noqa: E402
import pyarrow.dataset  # noqa: E402
import pyarrow.fs  # noqa: E402
import pyarrow.parquet  # noqa: E402
import s3fs  # noqa: E402
import tree  # noqa: E402

MIB = 1 << 20
ENDPOINT, VIRTUAL_ENDPOINT, CA = os.environ["AWS_ENDPOINT_URL"], os.environ.get("COMPAT_VIRTUAL_ENDPOINT"), os.environ.get("AWS_CA_BUNDLE")
SHARDS, SHARD_BYTES, WORKERS, BATCH = 6, 8 * MIB, 4, 16


def filesystem(endpoint=ENDPOINT, **options):
    return s3fs.S3FileSystem(endpoint_url=endpoint, skip_instance_cache=True, **options)


def arrow_filesystem(endpoint=ENDPOINT, **options):
    scheme, address = endpoint.split("://")
    return pyarrow.fs.S3FileSystem(endpoint_override=address, scheme=scheme, region=os.environ["AWS_REGION"], access_key=os.environ["AWS_ACCESS_KEY_ID"],
                                   secret_key=os.environ["AWS_SECRET_ACCESS_KEY"], tls_ca_file_path=CA, **options)


class Suite:
    def __init__(self, counts):
        self.counts, self.fs, self.made = counts, filesystem(), []
        self.source = Path(os.environ["COMPAT_TREE"])

    def bucket(self, name, versioned=False):
        name = f"fsspec-{name}-{os.getpid()}-{time.time_ns() % 10**9:x}"
        self.fs.mkdir(name)
        if versioned:
            self.fs.make_bucket_versioned(name, True)
        self.made.append(name)
        return name

    # ---- sections ----
    def tree_up_and_down(self):
        c, bucket, want = self.counts, self.bucket("tree"), tree.manifest(self.source)
        # A list of names: with a folder, fsspec takes the brackets and stars inside names for patterns
        names = sorted(want)
        self.fs.put([str(self.source / name) for name in names], [f"{bucket}/a tree/{name}" for name in names])
        c.equal("find: names and sizes", {path.removeprefix(f"{bucket}/a tree/"): info["size"] for path, info in self.fs.find(f"{bucket}/a tree", detail=True).items()},
                {name: size for name, (size, _) in want.items()})
        with tempfile.TemporaryDirectory() as folder:
            self.fs.get([f"{bucket}/a tree/{name}" for name in names], [os.path.join(folder, name) for name in names])
            c.equal("put and get: every byte of every file", tree.difference(tree.manifest(folder), want), "")
        c.equal("du", self.fs.du(f"{bucket}/a tree"), sum(size for size, _ in want.values()))
        self.fs.invalidate_cache()  # find() leaves half a folder in it
        c.equal("ls of one level", sorted(path.rsplit("/", 1)[1] for path in self.fs.ls(f"{bucket}/a tree/awkward", detail=False)), sorted(os.listdir(self.source / "awkward")))
        c.equal("glob", len(self.fs.glob(f"{bucket}/a tree/awkward/sizes/*.bin")), len(tree.awkward_sizes()))
        self.fs.copy(f"{bucket}/a tree/awkward/sizes", f"{bucket}/copied", recursive=True)
        c.equal("copy of a folder: the bytes", {path.rsplit("/", 1)[1]: hashlib.sha256(content).hexdigest() for path, content in self.fs.cat(self.fs.find(f"{bucket}/copied")).items()},
                {name.rsplit("/", 1)[1]: digest for name, (_, digest) in want.items() if name.startswith("awkward/sizes/")})
        self.fs.mv(f"{bucket}/copied/512.bin", f"{bucket}/moved ü")
        c.equal("mv", (self.fs.exists(f"{bucket}/copied/512.bin"), self.fs.info(f"{bucket}/moved ü")["size"]), (False, 512))
        self.fs.rm(f"{bucket}/a tree", recursive=True)
        c.true("rm of a tree", not self.fs.exists(f"{bucket}/a tree"))

    def files(self):
        c, bucket, content = self.counts, self.bucket("files"), random.Random(5).randbytes(27 * MIB + 5)
        path = f"{bucket}/dir/file"
        with self.fs.open(path, "wb", block_size=5 * MIB, Metadata={"one": "1"}, ContentType="application/x-test") as file:
            for start in range(0, len(content), MIB):
                file.write(content[start:start + MIB])
        c.equal("a stream in parts: size, type, metadata", (self.fs.info(path)["size"], self.fs.info(path)["ContentType"], self.fs.metadata(path)), (len(content), "application/x-test", {"one": "1"}))
        with self.fs.open(path, "rb", block_size=MIB) as file:
            for position, size in ((20 * MIB - 3, 10), (0, 5), (-7, 7)):
                file.seek(position, io.SEEK_END if position < 0 else io.SEEK_SET)
                c.true(f"read of {size} at {position}", file.read(size) == content[position:][:size])
        ranges = [(random.Random(n).randrange(len(content) - 1000), 1000) for n in range(100)]
        got = self.fs.cat_ranges([path] * len(ranges), [start for start, _ in ranges], [start + size for start, size in ranges])
        c.true("100 ranges at once", got == [content[start:start + size] for start, size in ranges])
        with self.fs.open(path, "ab") as file:
            file.write(b"appended")
        c.true("append", self.fs.cat_file(path, start=-100) == (content + b"appended")[-100:] and self.fs.info(path)["size"] == len(content) + 8)
        self.fs.touch(f"{bucket}/empty")
        self.fs.pipe({f"{bucket}/one": b"1", f"{bucket}/two": b"22"})
        c.equal("cat of several", self.fs.cat([f"{bucket}/empty", f"{bucket}/one", f"{bucket}/two"]), {f"{bucket}/empty": b"", f"{bucket}/one": b"1", f"{bucket}/two": b"22"})
        self.fs.setxattr(f"{bucket}/one", attribute="set")
        c.equal("metadata set later", self.fs.metadata(f"{bucket}/one"), {"attribute": "set"})
        for what, call, wanted in (("a missing file", lambda: self.fs.open(f"{bucket}/nothing", "rb").read(), FileNotFoundError), ("a missing bucket", lambda: self.fs.ls(bucket + "-not"), FileNotFoundError),
                                   ("exclusive creation", lambda: self.fs.pipe_file(f"{bucket}/one", b"2", mode="create"), OSError)):
            try:
                call()
                c.true(f"{what}: {wanted.__name__}", False)
            except wanted:
                c.true(f"{what}: {wanted.__name__}", True)
        self.fs.put_tags(f"{bucket}/one", {"tag": "ü 1"})
        c.equal("tags", self.fs.get_tags(f"{bucket}/one"), {"tag": "ü 1"})

    def versions(self):
        c, bucket = self.counts, self.bucket("versions", versioned=True)
        aware = filesystem(version_aware=True)
        path, contents = f"{bucket}/key", [b"first", b"second, longer"]
        for content in contents:
            aware.pipe_file(path, content)
        listed = aware.object_version_info(path)
        c.equal("versions, newest first", [(each["IsLatest"], each["Size"]) for each in listed], [(True, 14), (False, 5)])
        c.equal("the bytes of each", [aware.cat_file(path, version_id=each["VersionId"]) for each in listed], list(reversed(contents)))
        with aware.open(path, "rb") as file:
            aware.pipe_file(path, b"a third, while the second is open")
            c.equal("an open file stays at its version", file.read(), contents[1])
        aware.rm(path)
        aware.invalidate_cache()
        c.true("after rm it is gone", not aware.exists(path))
        c.equal("and the old version is there", aware.cat_file(f"{path}?versionId={listed[1]['VersionId']}"), contents[0])
        every = aware.call_s3("list_object_versions", Bucket=bucket)  # fsspec has no word for the removal of versions
        for version in (every["DeleteMarkers"][0]["VersionId"], every["Versions"][0]["VersionId"]):
            aware.call_s3("delete_object", Bucket=bucket, Key="key", VersionId=version)
        aware.invalidate_cache()
        c.equal("without the marker and the third version the second is current", aware.cat_file(path), contents[1])

    def table(self):
        numbers = random.Random(6)
        count = 200_000
        return pyarrow.table({"id": range(count), "part": [f"p {n % 5} ü" for n in range(count)], "value": [numbers.random() for _ in range(count)],
                              "text": [f"row {n} " + "x" * (n % 50) for n in range(count)]})

    def parquet(self):
        c, bucket, table, arrow = self.counts, self.bucket("parquet"), self.table(), arrow_filesystem()
        sort = [("id", "ascending")]
        for name, writer in (("fsspec", self.fs), ("pyarrow", arrow)):
            root = f"{bucket}/{name}"
            pyarrow.parquet.write_to_dataset(table, root, partition_cols=["part"], filesystem=writer)
            for reader_name, reader in (("fsspec", self.fs), ("pyarrow", arrow)):
                self.fs.invalidate_cache()
                # By name: fsspec takes the empty objects "folder/" that pyarrow makes for files it cannot open
                source = [path for path in reader.find(root) if path.endswith(".parquet")] if reader is self.fs else root
                data = pyarrow.dataset.dataset(source, filesystem=reader, format="parquet", partitioning="hive", partition_base_dir=root)
                c.equal(f"written through {name}, read through {reader_name}: files", len(data.files), 5)
                got = data.to_table(columns=["id", "value", "text", "part"]).sort_by(sort)
                c.true("every row", got.select(["id", "value", "text"]).equals(table.select(["id", "value", "text"])) and got["part"].to_pylist() == table["part"].to_pylist())
                some = data.to_table(filter=(pyarrow.dataset.field("part") == "p 3 ü") & (pyarrow.dataset.field("id") < 1000), columns=["id"])
                c.equal("rows by filter", sorted(some["id"].to_pylist()), [n for n in range(1000) if n % 5 == 3])
        with arrow.open_output_stream(f"{bucket}/stream") as stream:
            for number in range(12):
                stream.write(bytes([number]) * MIB)
        with arrow.open_input_file(f"{bucket}/stream") as file:
            c.true("pyarrow's random access", file.size() == 12 * MIB and file.read_at(10, 5 * MIB - 5) == b"\x04" * 5 + b"\x05" * 5)
        arrow.copy_file(f"{bucket}/stream", f"{bucket}/copy ü")
        arrow.move(f"{bucket}/copy ü", f"{bucket}/moved")
        infos = arrow.get_file_info(pyarrow.fs.FileSelector(bucket, recursive=False))
        c.equal("pyarrow's listing", sorted((info.base_name, info.type.name) for info in infos), [("fsspec", "Directory"), ("moved", "File"), ("pyarrow", "Directory"), ("stream", "File")])
        arrow.create_dir(f"{bucket}/made/inner")
        arrow.delete_dir(f"{bucket}/pyarrow")
        arrow.delete_file(f"{bucket}/stream")
        self.fs.invalidate_cache()
        c.equal("after deletion", sorted(path.rsplit("/", 1)[1] for path in self.fs.ls(bucket, detail=False)), ["fsspec", "made", "moved"])

    def bucket_as_host(self):
        """pyarrow's curl knows that names below localhost are loopback; botocore has no hook to tell it so."""
        c, bucket, content = self.counts, self.bucket("host"), random.Random(9).randbytes(12 * MIB + 7)
        arrow = arrow_filesystem(VIRTUAL_ENDPOINT, force_virtual_addressing=True)
        with arrow.open_output_stream(f"{bucket}/dir/a+b ü") as stream:
            stream.write(content)
        c.true("written by host, read by path", self.fs.cat_file(f"{bucket}/dir/a+b ü") == content)
        self.fs.pipe_file(f"{bucket}/dir/other", content[:100])
        with arrow.open_input_file(f"{bucket}/dir/a+b ü") as file:
            c.true("a range, read by host", file.read_at(100, 6 * MIB) == content[6 * MIB:][:100] and file.size() == len(content))
        found = arrow.get_file_info(pyarrow.fs.FileSelector(bucket, recursive=True))
        c.equal("listed by host", sorted(each.path for each in found if each.is_file), [f"{bucket}/dir/a+b ü", f"{bucket}/dir/other"])
        arrow.copy_file(f"{bucket}/dir/a+b ü", f"{bucket}/copy")
        c.true("copied by host", self.fs.cat_file(f"{bucket}/copy") == content)
        arrow.delete_file(f"{bucket}/copy")
        self.fs.invalidate_cache()
        c.true("deleted by host", not self.fs.exists(f"{bucket}/copy"))

    def data_loader(self):
        """Tar shards of the standard library, read in shuffled order by a pool of processes: each sample is one ranged GET."""
        c, bucket = self.counts, self.bucket("shards")
        samples, want = [], {}
        library = Path(sysconfig.get_path("stdlib"))
        files = [path for path in sorted(library.rglob("*.py")) if path.is_file() and "site-packages" not in path.parts]
        number = 0
        while number < SHARDS and files:
            buffer = io.BytesIO()
            with tarfile.open(fileobj=buffer, mode="w") as shard:
                while files and buffer.tell() < SHARD_BYTES:
                    path = files.pop()
                    shard.add(path, str(path.relative_to(library)))
                    want[str(path.relative_to(library))] = hashlib.sha256(path.read_bytes()).hexdigest()
            url = f"{bucket}/shards/train-{number:05}.tar"
            with self.fs.open(url, "wb", block_size=5 * MIB) as file:
                file.write(buffer.getbuffer())
            buffer.seek(0)
            with tarfile.open(fileobj=buffer) as shard:
                samples += [(url, member.name, member.offset_data, member.size) for member in shard]
            number += 1
        random.Random(7).shuffle(samples)
        batches = [samples[start:start + BATCH] for start in range(0, len(samples), BATCH)]
        start, got = time.monotonic(), {}
        with concurrent.futures.ProcessPoolExecutor(WORKERS, mp_context=multiprocessing.get_context("spawn")) as pool:
            for batch in pool.map(load_batch, batches):
                got.update(batch)
        seconds = time.monotonic() - start
        c.equal("samples: every byte", (len(got), [name for name in want if got.get(name) != want[name]][:5]), (len(want), []))
        with tarfile.open(fileobj=self.fs.open(samples[0][0], "rb"), mode="r|") as shard:
            names = [member.name for member in shard]
        c.equal("a shard as a stream", sorted(names), sorted(name for url, name, _, _ in samples if url == samples[0][0]))
        c.say(f"{len(samples)} samples from {number} shards by {WORKERS} processes: {seconds:.1f} s")

    def connection_cuts(self):
        c, bucket, content = self.counts, self.bucket("cuts"), random.Random(8).randbytes(6 * MIB)
        filesystem(os.environ["COMPAT_UPLOAD_CUT_ENDPOINT"]).pipe_file(f"{bucket}/key", content)
        c.true("an upload that was cut: the bytes", self.fs.cat_file(f"{bucket}/key") == content)
        c.true("a download that was cut: the bytes", filesystem(os.environ["COMPAT_DOWNLOAD_CUT_ENDPOINT"]).cat_file(f"{bucket}/key") == content)

    def clean_up(self):
        for bucket in self.made:
            self.fs.invalidate_cache()
            try:
                self.fs.rm(bucket, recursive=True)
            except OSError:
                pass  # a versioned bucket keeps its versions: run.py removes them with the server


_worker_filesystem = None


def load_batch(batch):
    """In a worker: {name: SHA-256} of the samples."""
    global _worker_filesystem
    if _worker_filesystem is None:
        _worker_filesystem = filesystem()
    full = [each for each in batch if each[3]]  # a range of no bytes is no range
    contents = _worker_filesystem.cat_ranges([url for url, _, _, _ in full], [offset for _, _, offset, _ in full], [offset + size for _, _, offset, size in full])
    digests = {name: hashlib.sha256(b"").hexdigest() for _, name, _, size in batch if not size}
    return digests | {name: hashlib.sha256(content).hexdigest() for (_, name, _, _), content in zip(full, contents)}


def main():
    counts = checks.from_environment()
    suite = Suite(counts)
    try:
        for title, body in (("tree up and down", suite.tree_up_and_down), ("files", suite.files), ("versions", suite.versions), ("parquet data sets", suite.parquet),
                            ("data loader", suite.data_loader), ("connection cuts", suite.connection_cuts)):
            counts.section(title, body)
        if VIRTUAL_ENDPOINT:
            counts.section("bucket as host", suite.bucket_as_host)
    finally:
        suite.clean_up()
        counts.write_result_file(os.environ["COMPAT_RESULT"])


if __name__ == "__main__":
    main()
