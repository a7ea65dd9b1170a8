#!/usr/bin/env python3
"""Running out of room and coming back: a small file system fills up, writes get a clear answer, reads go on, and writes
resume by themselves when there is room. Needs root for a small tmpfs of its own."""
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import Client, Server  # noqa: E402

passed = failed = 0


def check(what, truth, detail=""):
    global passed, failed
    if truth:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what} {detail}", flush=True)


def fill(client, container, prefix, size, limit):
    """Puts until the first refusal; returns the names that were acknowledged and the refusal."""
    names = []
    for i in range(limit):
        name = f"{prefix}{i:05d}"
        answer = client.put_blob(container, name, bytes([i % 251]) * size)
        if answer.status != 201:
            return names, answer
        names.append(name)
    return names, None


def expect_readable(client, container, names, size, what):
    for name in names:
        answer = client.get_blob(container, name)
        i = int(name[-5:])
        if answer.status != 200 or answer.body != bytes([i % 251]) * size:
            check(f"{what}: {name} reads back whole", False, f"{answer.status}")
            return
    check(f"{what}: all {len(names)} acknowledged blobs read back whole", True)


def disk_full(size, what):
    """The file system itself is full."""
    with tempfile.TemporaryDirectory(prefix="skerry-space-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", folder], check=True)
        try:
            data = os.path.join(folder, "data")
            with Server(data, "--reserve", "0") as server:
                client = Client(server.blob)
                check(f"{what}: container", client.create_container("box").status == 201)
                names, refusal = fill(client, "box", "n", size, 40000)
                check(f"{what}: the disk filled up", refusal is not None)
                if refusal is not None:
                    check(f"{what}: refused with a 5xx of its own", refusal.status in (500, 503, 507) and refusal.error_code,
                          f"{refusal.status} {refusal.error_code}")
                expect_readable(client, "box", names, size, what)
                check(f"{what}: listing goes on", client.list_blobs("box").status == 200)
                check(f"{what}: a second refusal is as clear", client.put_blob("box", "again", b"x" * size).status >= 500)
                # room comes back from outside: the file system grows
                subprocess.run(["mount", "-o", "remount,size=96m", folder], check=True)
                check(f"{what}: writes resume without a restart", client.put_blob("box", "after", b"y" * size).status == 201)
                check(f"{what}: and read back", client.get_blob("box", "after").body == b"y" * size)
            check(f"{what}: fsck is clean", server.fsck() == 0)
        finally:
            subprocess.run(["umount", folder], check=False)


def map_full():
    """The metadata map is at its configured limit; deleting makes room again."""
    with tempfile.TemporaryDirectory(prefix="skerry-space-") as folder:
        data = os.path.join(folder, "data")
        with Server(data, "--meta-map-initial", "1MiB", "--meta-map-max", "4MiB") as server:
            client = Client(server.blob)
            check("map: container", client.create_container("box").status == 201)
            names, refusal = fill(client, "box", "n", 8000, 4000)
            check("map: the map filled up", refusal is not None)
            if refusal is not None:
                check("map: refused with a 5xx of its own", refusal.status in (500, 503, 507) and refusal.error_code,
                      f"{refusal.status} {refusal.error_code}")
            expect_readable(client, "box", names, 8000, "map")
            for name in names[: len(names) // 2]:
                check("map: deleting works when full", client.delete_blob("box", name).status == 202)
            check("map: writes resume", client.put_blob("box", "after", b"z" * 8000).status == 201)
        check("map: fsck is clean", server.fsck() == 0)


def map_grows():
    """Without a limit the map grows by itself from a small beginning."""
    with tempfile.TemporaryDirectory(prefix="skerry-space-") as folder:
        data = os.path.join(folder, "data")
        with Server(data, "--meta-map-initial", "1MiB") as server:
            client = Client(server.blob)
            client.create_container("box")
            names, refusal = fill(client, "box", "n", 12000, 500)
            check("growth: nothing was refused", refusal is None, str(refusal))
            expect_readable(client, "box", names, 12000, "growth")
        check("growth: fsck is clean", server.fsck() == 0)


def main():
    disk_full(4000, "small blobs")
    disk_full(300000, "large blobs")
    map_full()
    map_grows()
    print(f"space: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
