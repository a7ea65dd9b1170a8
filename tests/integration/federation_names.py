"""What is listed of a bound container, by pages and by hierarchy; copies out of it; attaching anew, detaching, all containers of an
account. The upstream is a second Skerry."""
import base64
import hashlib
import os
import subprocess
import sys
import tempfile
import urllib.parse
import xml.etree.ElementTree as ElementTree

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import ACCOUNT, BINARY, KEY, Client, Server  # noqa: E402
from s3client import S3  # noqa: E402

passed = failed = 0
NAMES = sorted([f"d{i % 7}/e{i % 3}/f{i:03}" for i in range(60)] + ["a", "a-b", "a/x", "z"])
SIZES = {"small": 3000, "middle": 500_000, "large": 9 * 1024 * 1024 + 123}


def check(what, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED: {what} {str(shown)[:400]}", flush=True)


def command(gateway, *arguments):
    return subprocess.run([BINARY, *arguments, "--data", gateway.data], capture_output=True, text=True)


def attach(gateway, name, url, key, *flags):
    done = command(gateway, "attach", name, "--upstream", url, "--key-file", key, "--mode", "read-only", *flags)
    check(f"attach {name}", done.returncode == 0, done.stderr)


def blob_pages(client, query, most):
    """All entries of a listing, and how many pages it took."""
    entries, marker, pages = [], "", 0
    while True:
        more = f"&marker={urllib.parse.quote(marker, safe='')}" if marker else ""
        answer = client.list_blobs("src", f"maxresults={most}{query}{more}")
        if answer.status != 200:
            return answer.status, pages
        root = ElementTree.fromstring(answer.body)
        pages += 1
        for entry in root.find("Blobs"):
            entries.append((entry.tag, entry.findtext("Name"), entry.findtext("Properties/Content-Length"),
                            entry.findtext("Properties/Etag")))
        marker = root.findtext("NextMarker") or ""
        if not marker:
            return entries, pages


def s3_pages(client, query, most, version):
    """The keys and common prefixes of a listing, in the order of names."""
    names, more = [], ""
    for _ in range(200):
        answer = client.request("GET", "/src", f"{query}max-keys={most}" + ("&list-type=2" if version == 2 else "") + more)
        if answer.status != 200:
            return answer.status
        root = ElementTree.fromstring(answer.body)
        space = root.tag[:root.tag.index("}") + 1]
        page = [(entry.findtext(space + "Key"), entry.findtext(space + "ETag")) for entry in root.iter(space + "Contents")]
        page += [(entry.findtext(space + "Prefix"), None) for entry in root.iter(space + "CommonPrefixes")]
        names += sorted(page)
        if root.findtext(space + "IsTruncated") != "true":
            return names
        token = root.findtext(space + "NextContinuationToken") if version == 2 else root.findtext(space + "NextMarker") or page[-1][0]
        more = ("&continuation-token=" if version == 2 else "&marker=") + urllib.parse.quote(token, safe="")
    return "no end"


def listings(gateway, upstream):
    here, there = Client(gateway.blob), Client(upstream.blob)
    for query in ("", "&delimiter=%2F", "&prefix=d1%2F", "&prefix=d1%2F&delimiter=%2F", "&prefix=nope", "&prefix=a&delimiter=-"):
        wanted, _ = blob_pages(there, query, 5000)
        for most in (1, 3, 7, 5000):
            found, pages = blob_pages(here, query, most)
            check(f"listing {query} by {most}", found == wanted and pages == max(1, -(-len(wanted) // most)), (pages, found))
    here, there = S3(gateway.s3), S3(upstream.s3)
    for query in ("", "delimiter=%2F&", "prefix=d1%2F&", "prefix=d1%2F&delimiter=%2F&"):
        wanted = s3_pages(there, query, 1000, 2)
        for version in (1, 2):
            for most in (1, 7, 1000):
                found = s3_pages(here, query, most, version)
                check(f"S3 listing {query} by {most}, version {version}", sorted(found) == sorted(wanted), found)


def changes(gateway, upstream):
    """Upstream's listing counts, whatever was read before."""
    here, there = Client(gateway.blob), Client(upstream.blob)
    check("read", here.get_blob("src", "a").body == b"a" and here.get_blob("src", "z").body == b"z")
    there.put_blob("src", "a", b"changed")
    there.delete_blob("src", "z")
    there.put_blob("src", "new/q", b"1")
    for query in ("", "&delimiter=%2F"):
        check(f"after changes {query}", blob_pages(here, query, 5000)[0] == blob_pages(there, query, 5000)[0])


def stage(client, name, source, source_range):
    block = urllib.parse.quote(base64.b64encode(b"0001").decode(), safe="")
    staged = client.request("PUT", client.name("own", name), f"comp=block&blockid={block}", b"",
                            {"x-ms-copy-source": source, "x-ms-source-range": f"bytes={source_range}"})
    return staged.status == 201 and client.put_block_list("own", name, [b"0001"]).status == 201


def copies(gateway, upstream, bodies):
    """What was copied out of upstream's is ours: it is there when upstream is not."""
    client = Client(gateway.blob)
    client.create_container("own")
    for name in bodies:
        url = f"http://{gateway.blob}/{ACCOUNT}/src/{name}"
        answer = client.request("PUT", client.name("own", name), headers={"x-ms-copy-source": url})
        check(f"copy {name}", answer.status == 202, answer)
        check(f"stage from {name}", stage(client, "part-" + name, url, "100-2099"))
    client = S3(gateway.s3)
    answer = client.request("PUT", "/own/by-s3", "", b"", {"x-amz-copy-source": "/src/large"})
    check("copy by S3", answer.status == 200, answer)
    answer = client.request("PUT", "/own/unseen-by-s3", "", b"", {"x-amz-copy-source": "/src/d3%2Fe0%2Ff003"})
    check("copy by S3 of what nobody has asked for yet", answer.status == 200, answer)
    url = f"http://{gateway.blob}/{ACCOUNT}/src/d4/e1/f004"
    answer = Client(gateway.blob).request("PUT", "/own/unseen", headers={
        "x-ms-copy-source": url, "x-ms-blob-type": "BlockBlob",
        "x-ms-source-content-md5": base64.b64encode(hashlib.md5(b"d4/e1/f004").digest()).decode()})
    check("Put Blob From URL of what nobody has asked for yet", answer.status == 201, answer)
    upstream.stop()
    client = Client(gateway.blob)
    for name, body in [*bodies.items(), ("by-s3", bodies["large"])]:
        check(f"the copy of {name}", client.get_blob("own", name).body == body)
    for name, body in bodies.items():
        check(f"the part of {name}", client.get_blob("own", "part-" + name).body == body[100:2100])
    check("half a listing is none", client.list_blobs("src").status == 503)


def bindings(gateway, folder, key, bodies):
    """Attached anew, what was fetched is still good; detached, it stays, and the rest goes. `*` leads to all containers."""
    client = Client(gateway.blob)
    with Server(os.path.join(folder, "second")) as upstream:
        there = Client(upstream.blob)
        there.create_container("src")
        there.create_container("other")
        for name, body in bodies.items():
            there.put_blob("src", name, body)
        there.put_blob("other", "deep/name", b"found")
        url = f"http://{upstream.blob}/{ACCOUNT}"
        check("bound containers stay", client.request("DELETE", "/src", "restype=container").status == 409)
        attach(gateway, "src", url + "/src", key, "--ttl", "600")
        check("another upstream is asked", client.get_blob("src", "middle").body == bodies["middle"])
        attach(gateway, "src", url + "/src", key, "--ttl", "601")
        attach(gateway, "*", url, key)
        check("a container of all is listed before it is known", b"deep/name" in client.list_blobs("other").body)
        check("and read", client.get_blob("other", "deep/name").body == b"found")
        check("what upstream lacks is not there", client.list_blobs("nowhere").status == 404)
        check("detach all", command(gateway, "detach", "*").returncode == 0)
        head = client.head_blob("src", "large")
        check("the large one is known", head.status == 200, head)
    check("read while upstream is away", client.get_blob("src", "middle").body == bodies["middle"])
    check("detach", command(gateway, "detach", "src").returncode == 0)
    names = [entry[1] for entry in blob_pages(client, "", 5000)[0]]
    check("what is here stays", names == ["middle"], names)
    check("it is ours", client.put_blob("src", "middle", b"new").status == 201 and client.get_blob("src", "middle").body == b"new")


def main():
    bodies = {name: os.urandom(size) for name, size in SIZES.items()}
    with tempfile.TemporaryDirectory(prefix="skerry-names-") as folder:
        key = os.path.join(folder, "key")
        with open(key, "w") as file:
            file.write(KEY)
        with Server(os.path.join(folder, "gateway")) as gateway:
            upstream = Server(os.path.join(folder, "first")).start()
            client = Client(upstream.blob)
            client.create_container("src")
            for name in NAMES:
                client.put_blob("src", name, name.encode())
            attach(gateway, "src", f"http://{upstream.blob}/{ACCOUNT}/src", key, "--ttl", "60")
            listings(gateway, upstream)
            changes(gateway, upstream)
            for name, body in bodies.items():
                client.put_blob("src", name, body)
            copies(gateway, upstream, bodies)
            bindings(gateway, folder, key, bodies)
        check("fsck", gateway.fsck("--verify") == 0)
    print(f"federation_names: {passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
