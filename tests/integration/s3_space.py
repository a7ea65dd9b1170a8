#!/usr/bin/env python3
"""Running out of room over S3, and coming back: writes are refused as InsufficientStorage, reads go on, whatever removes works, and writes
resume by themselves when there is room. Needs root for a small tmpfs of its own."""
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import BINARY, Server  # noqa: E402
from s3client import S3, md5_base64  # noqa: E402

PART = 5 << 20
passed = failed = 0


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {what} {detail}", flush=True)


def full(what, answer):
    fine = answer.status == 507 and answer.code == "InsufficientStorage" and answer.find("Message") and answer.find("RequestId")
    check(f"{what}: refused as InsufficientStorage", fine, answer)


def filling(i, size):
    return bytes([i % 251]) * size


def until_full(what, attempt, limit):
    """Repeats until the first refusal, which says that there is no room. How often it went well."""
    for i in range(limit):
        answer = attempt(i)
        if answer.status != 200:
            full(what, answer)
            return i
    check(f"{what}: it filled up", False)
    return limit


def fill(s3, bucket, size, start=0):
    """The keys of what was acknowledged."""
    count = until_full(f"{bucket}: put", lambda i: s3.put(bucket, f"n{start + i:05d}", filling(start + i, size)), 40000)
    return [f"n{start + i:05d}" for i in range(count)]


def readable(what, s3, bucket, made, size):
    wrong = [key for key in made if s3.get(bucket, key).body != filling(int(key[1:]), size)]
    check(f"{what}: all {len(made)} read back whole", not wrong, wrong[:3])
    listed, more = 0, ""
    while more is not None:
        page = s3.request("GET", S3.path(bucket), f"list-type=2{more}")
        listed += len(page.all("Contents/Key"))
        token = page.find("NextContinuationToken")
        more = None if token is None else f"&continuation-token={token}"
    check(f"{what}: all are listed", listed == len(made), (listed, len(made)))


def delete_many(what, s3, bucket, removals):
    """`removals`: keys, or (key, version)."""
    for i in range(0, len(removals), 1000):
        objects = "".join("<Object>" + (f"<Key>{one}</Key>" if isinstance(one, str) else f"<Key>{one[0]}</Key><VersionId>{one[1]}</VersionId>") +
                          "</Object>" for one in removals[i:i + 1000])
        document = f"<Delete><Quiet>true</Quiet>{objects}</Delete>".encode()
        answer = s3.request("POST", S3.path(bucket), "delete=", document, {"Content-MD5": md5_base64(document)})
        check(f"{what}: deleting many works", answer.status == 200 and not answer.all("Error"), answer.body[:300])


def soon(what, attempt, seconds=15):
    """What was removed is given back a moment later."""
    until = time.monotonic() + seconds
    while (answer := attempt()).status != 200 and time.monotonic() < until:
        time.sleep(0.1)
    check(f"{what} without a restart", answer.status == 200, answer)


def nothing_wrong(what, server):
    """The collector may not have come to all that was deleted when the server ended; it goes on at the next start."""
    for _ in range(10):
        result = subprocess.run([BINARY, "fsck", server.data, "--verify", "--json"], capture_output=True, text=True)
        summary = json.loads(result.stdout.splitlines()[-1])
        if summary["garbage_files"] == 0:
            break
        with server:
            time.sleep(1)
    check(f"{what}: fsck is clean", result.returncode == 0, result.stdout)
    check(f"{what}: no garbage is left", summary["garbage_files"] == 0, summary)


@contextlib.contextmanager
def small_disk(size):
    with tempfile.TemporaryDirectory(prefix="skerry-space-") as folder:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
        try:
            yield os.path.join(folder, "data")
        finally:
            subprocess.run(["umount", folder], check=False)


def uploads_when_full(what, s3, upload, other):
    """Parts are refused, and leave nothing behind."""
    full(f"{what}: a part", s3.upload_part("box", "open", upload, 2, b"p" * PART))
    full(f"{what}: a part in chunks", s3.chunked("/box/open", [b"p" * 65536] * 80, f"partNumber=3&uploadId={upload}"))
    parts = s3.get("box", "open", f"uploadId={upload}")
    check(f"{what}: refused parts are not listed", parts.all("Part/PartNumber") == ["1"], parts.body)
    aborted = s3.delete("box", "other", f"uploadId={other}")
    check(f"{what}: giving up an upload works", aborted.status == 204, aborted)


def disk_full(size, what):
    """The disk is full down to the reserve that writes leave alone, or to its last byte: then only what comes from outside helps."""
    with small_disk("64m") as data:
        with Server(data, "--reserve", "16MiB") as server:
            s3 = S3(server.s3)
            s3.create_bucket("box")
            upload, other = s3.create_upload("box", "open"), s3.create_upload("box", "other")
            part = s3.upload_part("box", "open", upload, 1, b"o" * PART)
            s3.upload_part("box", "other", other, 1, b"o" * PART)
            made = fill(s3, "box", size)
            full(f"{what}: another put", s3.put("box", "again", b"x" * size))
            full(f"{what}: in chunks", s3.chunked("/box/again", [b"x" * 65536] * 8))
            check(f"{what}: what was refused is not there", s3.get("box", "again").status == 404)
            readable(what, s3, "box", made, size)
            uploads_when_full(what, s3, upload, other)
            soon(f"{what}: writes resume after an upload was given up", lambda: s3.put("box", "after-abort", b"y" * size))
            made += fill(s3, "box", size, len(made))
            delete_many(what, s3, "box", made[:len(made) // 3])
            for key in made[len(made) // 3:len(made) // 2]:
                answer = s3.delete("box", key)
                check(f"{what}: deleting works", answer.status == 204, answer)
            soon(f"{what}: writes resume", lambda: s3.put("box", "after", b"y" * size))
            if size > 65536:  # small objects gave room back inside the metadata file, where no part goes
                soon(f"{what}: parts, too", lambda: s3.upload_part("box", "open", upload, 2, b"p" * size))
            soon(f"{what}: the upload completes", lambda: s3.complete("box", "open", upload, [(1, part["ETag"])]))
            check(f"{what}: and is whole", s3.get("box", "open").body == b"o" * PART)
        nothing_wrong(what, server)


def last_byte(size, what):
    """Without a reserve: every byte of the disk is taken, and the disk grows."""
    with small_disk("48m") as data:
        with Server(data, "--reserve", "0") as server:
            s3 = S3(server.s3)
            s3.create_bucket("box")
            upload, other = s3.create_upload("box", "open"), s3.create_upload("box", "other")
            s3.upload_part("box", "open", upload, 1, b"o" * PART)
            made = fill(s3, "box", size)
            readable(what, s3, "box", made, size)
            full(f"{what}: a part", s3.upload_part("box", "open", upload, 2, b"p" * PART))
            for key in made[:50]:
                check(f"{what}: deleting is answered", s3.delete("box", key).status in (204, 507))
            subprocess.run(["mount", "-o", "remount,size=96m", os.path.dirname(data)], check=True)
            soon(f"{what}: writes resume", lambda: s3.put("box", "after", b"y" * size))
            check(f"{what}: and read back", s3.get("box", "after").body == b"y" * size)
            check(f"{what}: the upload can be given up", s3.delete("box", "open", f"uploadId={upload}").status == 204 and
                  s3.delete("box", "other", f"uploadId={other}").status == 204)
        nothing_wrong(what, server)


def map_full():
    """The metadata map is at its configured limit; whatever removes makes room again."""
    with tempfile.TemporaryDirectory(prefix="skerry-space-") as folder:
        with Server(os.path.join(folder, "data"), "--meta-map-initial", "1MiB", "--meta-map-max", "4MiB") as server:
            s3 = S3(server.s3)
            s3.create_bucket("box")
            s3.create_bucket("versions")
            s3.set_versioning("versions", "Enabled")
            upload, other = s3.create_upload("box", "open"), s3.create_upload("box", "other")
            part = s3.upload_part("box", "open", upload, 1, b"o" * PART)
            versions = [s3.put("versions", "v", bytes([i]) * 8000)["x-amz-version-id"] for i in range(100)]
            made = fill(s3, "box", 8000)
            full("map: a version", s3.put("versions", "v", b"x" * 8000))
            readable("map", s3, "box", made, 8000)
            copies = until_full("map: a copy", lambda i: s3.copy("box", f"copy{i}", f"/box/{made[0]}"), 4000)
            tags = "".join(f"<Tag><Key>{i}</Key><Value>{'v' * 256}</Value></Tag>" for i in range(10))
            until_full("map: tags", lambda i: s3.put("box", made[i], f"<Tagging><TagSet>{tags}</TagSet></Tagging>".encode(), "tagging="), 100)
            until_full("map: an upload", lambda i: s3.post("box", f"upload{i}", "uploads="), 100)
            until_full("map: a bucket", lambda i: s3.create_bucket(f"bucket{i}"), 100)
            check("map: versions go on reading", s3.get("versions", "v", f"versionId={versions[0]}").body == bytes(8000))
            check("map: giving up an upload works", s3.delete("box", "other", f"uploadId={other}").status == 204)
            for version in versions[:50]:
                answer = s3.delete("versions", "v", f"versionId={version}")
                check("map: deleting by version works", answer.status == 204, answer)
            delete_many("map: versions", s3, "versions", [("v", version) for version in versions[50:]])
            check("map: the versions are gone", s3.get("versions", "v").status == 404)
            soon("map: writes resume", lambda: s3.put("box", "after", b"z" * 8000))
            made += fill(s3, "box", 8000, len(made))
            delete_many("map", s3, "box", made + [f"copy{i}" for i in range(copies)])
            soon("map: writes resume after that", lambda: s3.put("box", "after", b"z" * 8000))
            soon("map: the upload completes", lambda: s3.complete("box", "open", upload, [(1, part["ETag"])]))
            check("map: and is whole", s3.get("box", "open").body == b"o" * PART)
        nothing_wrong("map", server)


def main():
    disk_full(4000, "disk, small objects")
    disk_full(300000, "disk, large objects")
    last_byte(4000, "last byte, small objects")
    last_byte(300000, "last byte, large objects")
    map_full()
    print(f"s3_space: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
