"""numpy's memmap on a mount: several processes write parts of one array, others read it."""
import multiprocessing
import sys

import numpy

ROWS, COLUMNS, PARTS = 4096, 1031, 4


def expected(begin, end):
    return (numpy.arange(begin * COLUMNS, end * COLUMNS, dtype=numpy.int64) * 2654435761 % 1000003).astype(numpy.float32).reshape(-1, COLUMNS)


def write(path, part):
    array = numpy.memmap(path, dtype=numpy.float32, mode="r+", shape=(ROWS, COLUMNS))
    begin, end = part * ROWS // PARTS, (part + 1) * ROWS // PARTS
    array[begin:end] = expected(begin, end)
    array.flush()


def total(path, part):
    array = numpy.load(path, mmap_mode="r") if path.endswith(".npy") else numpy.memmap(path, dtype=numpy.float32, mode="r", shape=(ROWS, COLUMNS))
    begin, end = part * ROWS // PARTS, (part + 1) * ROWS // PARTS
    return bool((array[begin:end] == expected(begin, end)).all())


def main(folder):
    path, saved = f"{folder}/array.raw", f"{folder}/array.npy"
    numpy.memmap(path, dtype=numpy.float32, mode="w+", shape=(ROWS, COLUMNS)).flush()
    with multiprocessing.get_context("spawn").Pool(PARTS) as pool:
        pool.starmap(write, [(path, part) for part in range(PARTS)])
        same = pool.starmap(total, [(path, part) for part in range(PARTS)])
        numpy.save(saved, expected(0, ROWS))
        same += pool.starmap(total, [(saved, part) for part in range(PARTS)])
    copy = numpy.memmap(path, dtype=numpy.float32, mode="c", shape=(ROWS, COLUMNS))
    copy[:] = 0  # of this process only
    same.append(total(path, 0))
    print(f"{sum(same)} of {len(same)}")
    return 0 if all(same) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
