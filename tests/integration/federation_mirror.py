"""A mirror: names of upstream's imported, over a SIGKILL in the middle, kept in step, and listed while upstream is away; through an
Azure upstream, which lists all there is to know, and an S3 one, which does not. The upstream is a second Skerry."""
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import ACCOUNT, BINARY, KEY, Client, Server  # noqa: E402

OBJECTS, WRITERS, PATIENCE_S = 6000, 4, 120
passed = failed = 0


def check(what, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED: {what} {str(shown)[:400]}", flush=True)


def until(what, condition):
    end = time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > end:
            check(what, False, "not in time")
            return False
        time.sleep(0.02)
    check(what, True)
    return True


def command(gateway, *arguments):
    return subprocess.run([BINARY, *arguments, "--data", gateway.data], capture_output=True, text=True)


def binding(gateway):
    answer = json.loads(command(gateway, "bindings", "--json").stdout)
    return (answer if isinstance(answer, list) else answer["bindings"])[0]


def names(client, query=""):
    """Name and ETag of all there is, or the status that is not 200."""
    found, marker = [], ""
    while True:
        answer = client.list_blobs("src", "&".join(filter(None, [query, marker and "marker=" + urllib.parse.quote(marker, safe="")])))
        if answer.status != 200:
            return answer.status
        root = ElementTree.fromstring(answer.body)
        found += [(entry.findtext("Name"), entry.findtext("Properties/Etag")) for entry in root.find("Blobs")]
        marker = root.findtext("NextMarker") or ""
        if not marker:
            return found


def fill(upstream):
    def write(first):
        client = Client(upstream.blob)
        for i in range(first, OBJECTS, WRITERS):
            client.put_blob("src", f"d{i % 50:02}/o{i:05}", b"x" * (i % 40), **{"x-ms-meta-n": str(i)})
    Client(upstream.blob).create_container("src")
    writers = [threading.Thread(target=write, args=(first,)) for first in range(WRITERS)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()


def mirrored(kind, folder, upstream, arguments):
    there = Client(upstream.blob)
    gateway = Server(os.path.join(folder, "gateway-" + kind)).start()
    done = command(gateway, "attach", "src", *arguments, "--mode", "read-only", "--listing", "mirror", "--ttl", "1")
    check(f"{kind}: attach", done.returncode == 0, done.stderr)
    check(f"{kind}: listed before the names are here", len(names(Client(gateway.blob))) == OBJECTS)
    if until(f"{kind}: it begins", lambda: binding(gateway)["mirrored_objects"] > 0):
        gateway.kill()
        gateway.start()
    until(f"{kind}: the names are here", lambda: binding(gateway)["mirror_rounds"] > 0)
    until(f"{kind}: all of them, once", lambda: binding(gateway)["mirrored_objects"] == OBJECTS)
    client = Client(gateway.blob)
    check(f"{kind}: as upstream lists them", names(client) == names(there))
    head = client.head_blob("src", "d07/o00007")
    check(f"{kind}: metadata, too", head.headers.get("x-ms-meta-n") == "7", head.headers)
    check(f"{kind}: bytes", client.get_blob("src", "d39/o00039").body == b"x" * 39)
    there.delete_blob("src", "d01/o00001")
    there.put_blob("src", "d02/o00002", b"changed")
    there.put_blob("src", "zz", b"new")
    until(f"{kind}: in step", lambda: names(client) == names(there))
    check(f"{kind}: what changed", client.get_blob("src", "d02/o00002").body == b"changed")
    return gateway


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-mirror-") as folder:
        for name, secret in (("key", KEY), ("s3", f"{ACCOUNT}:{KEY}")):
            with open(os.path.join(folder, name), "w") as file:
                file.write(secret)
        upstream = Server(os.path.join(folder, "upstream")).start()
        fill(upstream)
        by_azure = mirrored("azure", folder, upstream, ["--upstream", f"http://{upstream.blob}/{ACCOUNT}/src", "--key-file",
                                                         os.path.join(folder, "key")])
        Client(upstream.blob).delete_blob("src", "zz")
        Client(upstream.blob).put_blob("src", "d01/o00001", b"x", **{"x-ms-meta-n": "1"})
        by_s3 = mirrored("s3", folder, upstream, ["--upstream", f"http://{upstream.s3}/src", "--kind", "s3", "--s3-key-file",
                                                   os.path.join(folder, "s3")])
        upstream.stop()
        for gateway in (by_azure, by_s3):
            found = names(Client(gateway.blob))
            check("listed without upstream", isinstance(found, list) and len(found) >= OBJECTS, found if isinstance(found, int) else len(found))
            gateway.stop()
            check("fsck", gateway.fsck() == 0)
    print(f"federation_mirror: {passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
