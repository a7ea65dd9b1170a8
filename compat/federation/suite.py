"""The Python SDK's part, run by run.py: every file of the manifest by its name, and the large file in a stream and in parallel ranges."""
import hashlib
import json
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
import checks  # noqa: E402
from azure.storage.blob import BlobServiceClient  # noqa: E402


class Comparing:
    """A file that is written to and compares with another one."""

    def __init__(self, path):
        self.file, self.different, self.size = open(path, "rb"), None, 0

    def write(self, data):
        if self.different is None and self.file.read(len(data)) != data:
            self.different = self.size
        self.size += len(data)
        return len(data)


def main():
    counts, when, part = checks.from_environment(), sys.argv[1], sys.argv[2]
    service = BlobServiceClient(os.environ["COMPAT_ENDPOINT"], credential={"account_name": os.environ["COMPAT_ACCOUNT"], "account_key": os.environ["COMPAT_KEY"]},
                                max_single_get_size=32 << 20, max_chunk_get_size=8 << 20)
    if part == "tree":
        _tree(counts, when, service.get_container_client("tree-sdk"))
    else:
        path = os.environ["COMPAT_LARGE_FILE"]
        blob, target = service.get_blob_client("large", "large.bin"), Comparing(path)
        if part == "stream":
            blob.download_blob().readinto(target)
        else:
            _in_parallel(blob, target, 4)
        counts.equal(f"{when}: the large file", (target.size, target.different), (os.path.getsize(path), None))
    counts.write_result_file(os.environ["COMPAT_RESULT"])


def _tree(counts, when, container):
    with open(os.environ["COMPAT_MANIFEST"], encoding="utf-8") as file:
        want = json.load(file)

    def read(name):
        try:
            data = container.download_blob("tree/" + name, max_concurrency=2).readall()
            return (len(data), hashlib.sha256(data).hexdigest())
        except Exception as error:  # noqa: BLE001  told below
            return repr(error)[:300]

    with ThreadPoolExecutor(8) as pool:
        got = dict(zip(want, pool.map(read, want)))
    wrong = [(name, got[name]) for name in want if got[name] != tuple(want[name])]
    counts.equal(f"{when}: files that are not as they should be", wrong[:5], [])


def _in_parallel(blob, target, concurrency):
    """Pieces of 16 MiB, several under way, taken in order."""
    size, piece = blob.get_blob_properties().size, 16 << 20
    with ThreadPoolExecutor(concurrency) as pool:
        for first in range(0, size, piece * concurrency):
            offsets = range(first, min(size, first + piece * concurrency), piece)
            for data in pool.map(lambda at: blob.download_blob(at, min(piece, size - at)).readall(), offsets):
                target.write(data)


if __name__ == "__main__":
    main()
