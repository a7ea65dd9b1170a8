"""webdataset on a mount: `write FOLDER` makes shards of samples, `read FOLDER` reads them in several processes and looks at every byte."""
import hashlib
import multiprocessing
import sys

import webdataset

SHARDS, SAMPLES, READERS = 4, 150, 4


def content(number):
    return hashlib.shake_256(b"%d" % number).digest(20_000 + number * 37)


def write(folder):
    with webdataset.ShardWriter(f"{folder}/shard-%04d.tar", maxcount=SAMPLES, verbose=0) as sink:
        for number in range(SHARDS * SAMPLES):
            sink.write({"__key__": f"sample{number:06d}", "bin": content(number), "json": {"number": number, "label": number % 10}})


def read_one(arguments):
    folder, reader = arguments
    found = []
    for epoch in range(2):
        for shard in range(reader, SHARDS, READERS):
            data = webdataset.WebDataset(f"{folder}/shard-{shard:04d}.tar", shardshuffle=False).shuffle(50).decode().to_tuple("bin", "json")
            for body, facts in data:
                if body != content(facts["number"]):
                    raise AssertionError(f"sample {facts['number']} has other bytes")
                found.append((epoch, facts["number"]))
    return found


def read(folder):
    with multiprocessing.Pool(READERS) as pool:
        found = [one for part in pool.map(read_one, [(folder, reader) for reader in range(READERS)]) for one in part]
    want = sorted((epoch, number) for epoch in range(2) for number in range(SHARDS * SAMPLES))
    print(f"{len(found)} samples of {len(want)}")
    return 0 if sorted(found) == want else 1


if __name__ == "__main__":
    sys.exit({"write": write, "read": read}[sys.argv[1]](sys.argv[2]))
