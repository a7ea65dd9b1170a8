"""The input of the copy tools: thousands of real files, names that break naive escaping, and one large file.

Real files come from packages installed on the machine, as regular files (links are followed). Comparison is always of every
byte of every file, and of the set of names, which are compared as bytes: no Unicode normalization.
"""
import hashlib
import os
import random
import shutil
import sys
import sysconfig
import unicodedata
from pathlib import Path

MINIMUM_REAL_FILES = 3000
REAL_FILES, LARGEST_REAL_FILE_BYTES, REAL_BYTES = 3200, 2 << 20, 96 << 20
TLS_REAL_FILES = 300  # and smaller files, in a test that did the whole over http: what is to be seen is that the tree is the same
LARGE_BYTES = int(os.environ.get("COMPAT_LARGE_BYTES", (2 << 30) + 12345))
LARGE_TLS_BYTES = int(os.environ.get("COMPAT_LARGE_TLS_BYTES", min(LARGE_BYTES, (256 << 20) + 12345)))
LARGE_BLOCK_BYTES = 16 << 20

AWKWARD_NAMES = [
    "empty", "empty directory sibling/empty", "one byte", "with space", " leading and trailing ", "two  spaces/a  b",
    "100%.txt", "%41", "literal%2Fslash", "literal%20space", "double%2525", "a+b", "a+b c%2Bd", "hash#mark", "#", "question?mark",
    "?comp=list&restype=container", "and&and", "equals=sign", "a=b&c=d", "tilde~", "~", "quote'quote", "(parentheses)", "semi;colon",
    "a;b;Content Length: 3", "at@sign", "colon:colon", "c:", "comma,comma", "dollar$sign", "$root", "star!", "[brackets]", "{braces}",
    "caret^", "back`tick", "pipe|pipe", "double\"quote", "<less>", "dash-", "-leading dash", "--recursive", "_under", ".hidden",
    ".hidden directory/.hidden", "...", "name.with.dots.tar.gz", "UPPER/Case", "upper/case",
    unicodedata.normalize("NFC", "café über"), unicodedata.normalize("NFD", "café über"), "日本語/ファイル", "кириллица", "עברית", "العربية",
    "emoji \U0001f9ed", "family \U0001f468\u200d\U0001f469\u200d\U0001f467", "hangul 각/" + unicodedata.normalize("NFD", "각"),
    "a/b", "a-b", "a.b", "a0", "order/a/x", "order/a-b", "order/a.b",
    "/".join(f"level {n}" for n in range(1, 21)) + "/deep",
    "l" * 240, "ü" * 120, "long directory " + "d" * 200 + "/" + "f" * 220,
]


def awkward_sizes():
    """Sizes on either side of the limits of buffers, pages and inlining."""
    return [0, 1, 511, 512, 4095, 4096, 4097, 65535, 65536, 65537, (1 << 20) - 1, 1 << 20, (4 << 20) + 1, (8 << 20) + 1]


def write_random(path, size, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(random.Random(seed).randbytes(size))


def _candidates():
    from clients import cache_folder
    named = [sysconfig.get_path("stdlib"), "/usr/lib/python3", "/usr/share/doc", "/usr/share/perl", "/usr/include", "/usr/share/zoneinfo",
             "/usr/share/man", "/usr/share", sys.prefix, cache_folder()]
    return [Path(each) for each in dict.fromkeys(named) if Path(each).is_dir()]


def make_real(target, wanted=REAL_FILES):
    """Copy real files below target until there are `wanted`. Returns how many."""
    count, total_bytes, seen = 0, 0, set()
    for number, root in enumerate(_candidates()):
        for folder, folders, names in os.walk(root):
            folders[:] = sorted(each for each in folders if each != "__pycache__")
            for name in sorted(names):
                source = Path(folder) / name
                try:
                    info = source.stat()
                    if (not source.is_file() or info.st_size > LARGEST_REAL_FILE_BYTES or (info.st_dev, info.st_ino) in seen
                            or total_bytes + info.st_size > REAL_BYTES):
                        continue
                    name.encode("utf-8")
                    copy = target / f"{number}-{root.name}" / source.relative_to(root)
                    copy.parent.mkdir(parents=True, exist_ok=True)
                    shutil.copyfile(source, copy)
                except (OSError, UnicodeEncodeError):
                    continue
                seen.add((info.st_dev, info.st_ino))
                count, total_bytes = count + 1, total_bytes + info.st_size
                if count >= wanted:
                    return count
    if count < min(wanted, MINIMUM_REAL_FILES):
        raise SystemExit(f"compat: only {count} real files on this machine; install a package with many (for instance python3-doc)")
    return count


def make_awkward(target):
    for number, name in enumerate(AWKWARD_NAMES):
        size = 0 if name.endswith("empty") else 1 if name == "one byte" else 37 + number * 13
        write_random(target / name, size, number)
    for size in awkward_sizes():
        write_random(target / "sizes" / f"{size}.bin", size, size)


def make(target, real_files=REAL_FILES):
    """The whole tree: real/ and awkward/. Returns its manifest."""
    make_real(target / "real", real_files)
    make_awkward(target / "awkward")
    return manifest(target)


def make_large(path, size=None):
    """A large incompressible file, cheap to make: each block is the same noise rotated by another amount, so that no two blocks
    and no two pages are equal, and one that lands in the wrong place is noticed."""
    size = LARGE_BYTES if size is None else size
    noise = memoryview(random.Random(20).randbytes(LARGE_BLOCK_BYTES))
    with open(path, "wb") as file:
        for number in range((size + LARGE_BLOCK_BYTES - 1) // LARGE_BLOCK_BYTES):
            turn = (number * 104729 + 1) % LARGE_BLOCK_BYTES
            remaining = size - number * LARGE_BLOCK_BYTES
            file.write(noise[turn:][:remaining])
            file.write(noise[:turn][:max(0, remaining - (LARGE_BLOCK_BYTES - turn))])
    return path


def manifest(root):
    """{relative name: (size in bytes, SHA-256)} of every file below root."""
    found = {}
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                found[os.path.relpath(path, root)] = (os.path.getsize(path), hashlib.file_digest(file, "sha256").hexdigest()
                                                      if sys.version_info >= (3, 11) else hashlib.sha256(file.read()).hexdigest())
    return found


def difference(got, want):
    """What differs between two manifests, as text; empty when they are equal."""
    lost, added = sorted(set(want) - set(got)), sorted(set(got) - set(want))
    changed = sorted(name for name in set(want) & set(got) if want[name] != got[name])
    parts = [f"{len(names)} {word}: {names[:5]}" for word, names in (("missing", lost), ("too many", added), ("different", changed)) if names]
    return "; ".join(parts)


def same_bytes(first, second):
    """Compare two files byte by byte. Returns "" or where they differ."""
    with open(first, "rb") as one, open(second, "rb") as other:
        position = 0
        while True:
            left, right = one.read(4 << 20), other.read(4 << 20)
            if left != right:
                at = next((i for i, (a, b) in enumerate(zip(left, right)) if a != b), min(len(left), len(right)))
                return f"differ at byte {position + at}"
            if not left:
                return ""
            position += len(left)
