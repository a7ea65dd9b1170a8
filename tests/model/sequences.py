"""Random sequences of the operations in worlds.py, and the smallest part of one that still shows a difference."""
import os
import random

from worlds import RENAME_EXCHANGE, RENAME_NOREPLACE

# Few names, so that operations meet. Some are files in one sequence and directories in another.
TOP = ["a", "b", "c", "d", "e"]
NAMES = TOP + [f"{folder}/{name}" for folder in ("d", "e") for name in ("a", "b", "f")] + [f"{folder}/a" for folder in ("d/f", "e/b")] + ["d/f/g/h"]
ODD = ["with space", "100%41", "ü", ".hidden", "a+b#c?d&e", "l" * 255, "l" * 256, "...", "d/" + "ü" * 120, "back\\slash", "-", "new\nline", "a//b", "d/./a", "d/../a", "a/", "d/"]
LINKS = ["a", "b", "d", "d/../a", "e/b", "nowhere", "link", ".", "d/a", "x" * 300, "d/f/.."]
SIZES = [0, 1, 2, 100, 511, 512, 4095, 4096, 4097, 10_000, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 131_072, 200_001, 1_048_579]
ATTRIBUTES = ["color", "a", "long_name_of_an_attribute", "s3"]
SLOTS, MAPPINGS = 5, 2
ACCESS = [os.O_RDONLY, os.O_RDWR, os.O_RDWR, os.O_RDWR, os.O_WRONLY]
FLAGS = [os.O_CREAT, os.O_CREAT, os.O_CREAT, os.O_EXCL, os.O_TRUNC, os.O_APPEND, os.O_DIRECTORY, os.O_NOFOLLOW, os.O_NONBLOCK, os.O_SYNC, os.O_DSYNC]


class Generator:
    """`objects`: operations of S3 and Blob among them. `maps`: mappings that stay."""

    def __init__(self, seed, objects):
        self.random = random.Random(seed)
        self.objects = objects
        self.maps = self.random.random() < 0.25
        self.serial = 0

    def seed(self):
        self.serial += 1
        return self.serial * 0x9E3779B1 & 0xFFFFFFFF

    def path(self):
        chance = self.random.random()
        return self.random.choice(TOP if chance < 0.45 else NAMES if chance < 0.95 else ODD)

    def size(self):
        return self.random.choice(SIZES) if self.random.random() < 0.8 else self.random.randrange(300_000)

    def slot(self):
        return self.random.randrange(SLOTS)

    def mode(self):
        return self.random.choice([0o644, 0o600, 0o755, 0o777, 0o640, 0o000, 0o4755, 0o1777, 0o2770])

    def time(self):
        return self.random.choice([0, 1, 10**9, 1_234_567_890 * 10**9 + 123_456_789, 1_500_000_000 * 10**9, -10**9 - 5, self.random.randrange(1_500_000_000 * 10**9)])

    def sequence(self):
        length = self.random.choice([6, 12, 25, 50])
        # Something to begin with, in most sequences
        operations = [("mkdir", name, 0o755) for name in ("d", "e", "d/f", "e/b") if self.random.random() < 0.6]
        weights = OPERATIONS + (OBJECTS if self.objects else []) + (MAPS if self.maps else [])
        makers = self.random.choices([maker for maker, _ in weights], [weight for _, weight in weights], k=length)
        return operations + [maker(self) for maker in makers]

    def flags(self):
        flags = self.random.choice(ACCESS)
        for flag in self.random.sample(FLAGS, self.random.choice([0, 1, 1, 2, 3])):
            flags |= flag
        if flags & os.O_EXCL and not flags & os.O_CREAT:
            flags &= ~os.O_EXCL  # undefined
        if flags & os.O_DIRECTORY and flags & os.O_CREAT:
            flags &= ~os.O_CREAT  # refused by newer kernels whatever the file system
        return flags


def _offset(g):
    return g.size() if g.random.random() < 0.97 else g.random.choice([10 << 20, 40 << 20, (16 << 20) - 1])


OPERATIONS = [
    (lambda g: ("open", g.slot(), g.path(), g.flags(), g.mode()), 16),
    (lambda g: ("duplicate", g.slot(), g.slot()), 2),
    (lambda g: ("close", g.slot()), 5),
    (lambda g: ("read", g.slot(), g.size()), 3),
    (lambda g: ("pread", g.slot(), g.size(), g.size()), 3),
    (lambda g: ("write", g.slot(), g.seed(), g.size()), 8),
    (lambda g: ("pwrite", g.slot(), g.seed(), g.size(), _offset(g)), 8),
    (lambda g: ("writev", g.slot(), g.seed(), [g.size() for _ in range(3)]), 1),
    (lambda g: ("ftruncate", g.slot(), _offset(g)), 3),
    (lambda g: ("lseek", g.slot(), g.size(), g.random.choice([os.SEEK_SET, os.SEEK_CUR, os.SEEK_END])), 2),
    (lambda g: ("holes", g.slot()), 2),
    (lambda g: ("punch", g.slot(), g.size(), g.size()), 2),
    (lambda g: ("allocate", g.slot(), g.size(), g.size()), 1),
    (lambda g: ("fsync", g.slot(), g.random.random() < 0.5), 3),
    (lambda g: ("fstat", g.slot()), 4),
    (lambda g: ("fchmod", g.slot(), g.mode()), 1),
    (lambda g: ("futimens", g.slot(), g.time(), g.time()), 2),
    (lambda g: ("flist", g.slot()), 1),
    (lambda g: ("copy_range", g.slot(), g.slot(), g.size(), g.size(), g.size()), 1),
    (lambda g: ("mapped", g.slot(), g.random.random() < 0.5, g.seed(), g.size(), g.size()), 3),
    (lambda g: ("stat", g.path()), 4),
    (lambda g: ("lstat", g.path()), 3),
    (lambda g: ("access", g.path(), g.random.choice([os.F_OK, os.R_OK, os.W_OK, os.X_OK])), 1),
    (lambda g: ("list", g.random.choice([".", "d", "e", "d/f", g.path()])), 5),
    (lambda g: ("rename", g.path(), g.path(), g.random.choice([0, 0, 0, RENAME_NOREPLACE, RENAME_EXCHANGE])), 10),
    (lambda g: ("unlink", g.path()), 6),
    (lambda g: ("mkdir", g.path(), g.mode()), 4),
    (lambda g: ("rmdir", g.path()), 4),
    (lambda g: ("symlink", g.random.choice(LINKS), g.path()), 2),
    (lambda g: ("readlink", g.path()), 2),
    (lambda g: ("truncate", g.path(), _offset(g)), 3),
    (lambda g: ("chmod", g.path(), g.mode()), 2),
    (lambda g: ("chown", g.path(), g.random.choice([0, 1, 1000, 65_534]), g.random.choice([0, 1, 1000])), 1),
    (lambda g: ("utimens", g.path(), g.time(), g.time(), g.random.random() < 0.8), 2),
    (lambda g: ("setxattr", g.path(), "user." + g.random.choice(ATTRIBUTES), g.random.choice([b"", b"red", b"two words", b"v" * 200]), g.random.choice([0, 0, os.XATTR_CREATE, os.XATTR_REPLACE])), 2),
    (lambda g: ("getxattr", g.path(), "user." + g.random.choice(ATTRIBUTES)), 2),
    (lambda g: ("listxattr", g.path()), 1),
    (lambda g: ("removexattr", g.path(), "user." + g.random.choice(ATTRIBUTES)), 1),
    (lambda g: ("content", g.path()), 4),
]
MAPS = [
    (lambda g: ("map", g.slot(), g.random.randrange(MAPPINGS)), 4),
    (lambda g: ("unmap", g.random.randrange(MAPPINGS)), 1),
    (lambda g: ("map_read", g.random.randrange(MAPPINGS), g.size(), g.size()), 3),
    (lambda g: ("map_write", g.random.randrange(MAPPINGS), g.seed(), g.size(), g.size()), 5),
    (lambda g: ("map_sync", g.random.randrange(MAPPINGS)), 2),
]
KEYS = NAMES + ["new", "i/j/k", "i/l", "d/n/o"]
OBJECTS = [
    (lambda g: ("object_put", g.random.choice(["s3", "blob"]), g.random.choice(KEYS), g.seed(), g.size(), g.random.choice([{}, {"color": "blue"}])), 12),
    (lambda g: ("object_delete", g.random.choice(["s3", "blob"]), g.random.choice(KEYS)), 6),
    (lambda g: ("object_get", g.random.choice(["s3", "blob"]), g.random.choice(KEYS)), 6),
    (lambda g: ("object_list", g.random.choice(["s3", "blob"])), 4),
]


def shrink(operations, fails):
    """The shortest part, in order, for which `fails` still holds, as far as leaving out runs of operations leads there."""
    size = max(1, len(operations) // 2)
    while True:
        begin, left_out = 0, False
        while begin < len(operations):
            part = operations[:begin] + operations[begin + size:]
            if part and fails(part):
                operations, left_out = part, True
            else:
                begin += size
        if size > 1:
            size //= 2
        elif not left_out:
            return operations
