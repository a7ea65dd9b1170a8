#!/usr/bin/env python3
"""Rules of the Blob protocol that a comparison with Azurite does not settle, because it lacks them or goes its own way."""
import email.utils
import os
import re
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import Client, Server, account_sas, service_sas  # noqa: E402

passed = failed = 0
BLOCK = "comp=block&blockid=YWFhYQ%3D%3D"
BLOCK_LIST = b"<BlockList><Latest>YWFhYQ==</Latest></BlockList>"


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {what} {detail}", flush=True)


def expect(what, answer, outcome):
    check(what, str(answer) == outcome, f"{answer}, not {outcome}")
    return answer


def under(client, sas, method, path, query="", body=b"", **headers):
    """Without a key, by a signature in the query."""
    headers = {"x-ms-version": "2021-12-02", **{name.replace("_", "-"): value for name, value in headers.items()}}
    if method == "PUT":
        headers["Content-Length"] = str(len(body))
    return client.send(method, f"/{client.account}{path}?" + "&".join(part for part in (query, sas) if part), headers, body or None)


def create_is_no_write(client):
    """Blocks are put by who may write. To create covers Put Blob and Copy Blob of what is not there yet."""
    client.create_container("create")
    client.put_blob("create", "source", b"source")
    source = f"http://{client.endpoint}/{client.account}/create/source?{account_sas('r')}"
    for kind, sas in (("account", account_sas("c")), ("container", service_sas("create", "c")), ("blob", service_sas("create/new", "c"))):
        refused = "403 AuthorizationPermissionMismatch"
        expect(f"{kind}: put block", under(client, sas, "PUT", "/create/new", BLOCK, b"x"), refused)
        expect(f"{kind}: put block from url", under(client, sas, "PUT", "/create/new", BLOCK, x_ms_copy_source=source), refused)
        expect(f"{kind}: put block list", under(client, sas, "PUT", "/create/new", "comp=blocklist", BLOCK_LIST), refused)
        expect(f"{kind}: nothing was staged", client.request("GET", "/create/new", "comp=blocklist&blocklisttype=all"), "404 BlobNotFound")
        expect(f"{kind}: put blob", under(client, sas, "PUT", "/create/new", "", b"x", x_ms_blob_type="BlockBlob"), "201")
        expect(f"{kind}: put blob over it", under(client, sas, "PUT", "/create/new", "", b"x", x_ms_blob_type="BlockBlob"),
               "403 UnauthorizedBlobOverwrite")
        client.delete_blob("create", "new")
        expect(f"{kind}: copy blob", under(client, sas, "PUT", "/create/new", x_ms_copy_source=source), "202")
        expect(f"{kind}: copy blob over it", under(client, sas, "PUT", "/create/new", x_ms_copy_source=source), "403 UnauthorizedBlobOverwrite")
        client.delete_blob("create", "new")
    expect("to write covers blocks", under(client, account_sas("w"), "PUT", "/create/new", BLOCK, b"x"), "201")
    expect("and their list", under(client, account_sas("w"), "PUT", "/create/new", "comp=blocklist", BLOCK_LIST), "201")


def not_modified(client):
    """A 304 tells the length of the 200, or none (RFC 9110 section 8.6); where the 200 is a document, it is a 412."""
    client.create_container("unmodified")
    etag = client.put_blob("unmodified", "b", b"12345").headers["ETag"]
    for method, query, length in (("GET", "", "5"), ("HEAD", "", "5"), ("GET", "comp=metadata", "0")):
        whole = client.request(method, "/unmodified/b", query)
        answer = expect(f"{method} {query}", client.request(method, "/unmodified/b", query, headers={"If-None-Match": etag}), "304 ConditionNotMet")
        check(f"{method} {query}: length", answer.headers["Content-Length"] == whole.headers["Content-Length"] == length, answer.headers)
        check(f"{method} {query}: its tag and nothing else", answer.headers["ETag"] == etag and answer.body == b"")
    for query in ("comp=tags", "comp=blocklist"):
        expect(query, client.request("GET", "/unmodified/b", query, headers={"If-None-Match": etag}), "412 ConditionNotMet")
    check("the connection lives on", client.get_blob("unmodified", "b").body == b"12345")


def sources_elsewhere(server, client):
    """A copy is of the blob that the URL names: one on another host is not the one of that name here."""
    client.create_container("sources")
    client.put_blob("sources", "a", b"here")
    port, path = server.blob.rsplit(":", 1)[1], f"/{client.account}/sources/a?{account_sas('r')}"
    operations = {"copy blob": ("", {}, "202"), "put blob from url": ("", {"x-ms-blob-type": "BlockBlob"}, "201"),
                  "put block from url": (BLOCK, {}, "201")}
    for name, (query, headers, fine) in operations.items():
        for host in (server.blob, f"localhost:{port}", f"{client.account}.localhost:{port}", f"[::1]:{port}"):
            source = f"http://{host}{path if not host.startswith(client.account) else path.removeprefix('/' + client.account)}"
            expect(f"{name} of {host}", client.request("PUT", "/sources/b", query, headers={"x-ms-copy-source": source, **headers}), fine)
        client.delete_blob("sources", "b")
        for host in ("example.net", f"example.net:{port}", "127.0.0.1", "127.0.0.1:1", "192.0.2.1:" + port, f"{client.account}.example.net:{port}"):
            source = f"http://{host}{path if not host.startswith(client.account) else path.removeprefix('/' + client.account)}"
            expect(f"{name} of {host}", client.request("PUT", "/sources/b", query, headers={"x-ms-copy-source": source, **headers}),
                   "404 CannotVerifyCopySource")
        expect(f"{name}: nothing was made", client.head_blob("sources", "b"), "404 BlobNotFound")
        for host in ("", "user@" + server.blob, f"127.0.0.1:{port}x", f"[::1:{port}"):
            expect(f"{name} of '{host}'", client.request("PUT", "/sources/b", query, headers={"x-ms-copy-source": f"http://{host}{path}", **headers}),
                   "400 InvalidHeaderValue")


def tier_times(client):
    """The time of a tier: from when it was set, on a blob or with it, and not from any other change."""
    def times():
        listed = re.findall(r"<AccessTierChangeTime>([^<]*)</AccessTierChangeTime>", client.list_blobs("tiers").body.decode())
        head = client.head_blob("tiers", "b").headers["x-ms-access-tier-change-time"]
        check("the listing and the blob say the same", listed == ([head] if head else []), f"{listed} {head}")
        return head

    def set_tier(tier):
        expect(f"set tier {tier}", client.request("PUT", "/tiers/b", "comp=tier", headers={"x-ms-access-tier": tier}), "200")

    def stamp(text):
        return email.utils.parsedate_to_datetime(text).timestamp()

    client.create_container("tiers")
    client.put_blob("tiers", "b", b"x")
    check("no time of a tier that is inferred", times() is None)
    before = int(time.time())
    set_tier("Cool")
    first = times()
    check("a time of a tier that was set", before <= stamp(first) <= time.time() + 1, first)
    time.sleep(1.1)
    set_tier("Cool")
    client.set_metadata("tiers", "b", a="1")
    client.request("PUT", "/tiers/b", "comp=properties", headers={"x-ms-blob-content-type": "a/b"})
    check("the same tier again is no change, nor is anything else", times() == first)
    set_tier("Hot")
    second = times()
    check("another tier has another time", stamp(second) > stamp(first), second)
    check("the blob keeps its time of change", client.head_blob("tiers", "b").headers["x-ms-access-tier"] == "Hot")
    client.put_blob("tiers", "b", b"y")
    check("a new blob has a tier of its own", times() is None)
    client.put_blob("tiers", "b", b"y", **{"x-ms-access-tier": "Cold"})
    third = times()
    check("a blob put with a tier has a time", stamp(third) >= stamp(second), third)
    time.sleep(1.1)
    client.copy_blob("tiers", "b", "b")
    check("so has a copy, that of the copying", stamp(times()) > stamp(third), times())
    client.put_block("tiers", "b", b"aaaa", b"x")
    client.request("PUT", "/tiers/b", "comp=blocklist", BLOCK_LIST, {"x-ms-access-tier": "Cool"})
    check("so has one of blocks", times() is not None)


def main():
    with tempfile.TemporaryDirectory() as folder, Server(os.path.join(folder, "data")) as server:
        client = Client(server.blob)
        create_is_no_write(client)
        not_modified(client)
        tier_times(client)
        sources_elsewhere(server, client)
    print(f"integration.blob_rules: {passed} passed, {failed} failed")
    sys.exit(failed != 0 or passed == 0)


if __name__ == "__main__":
    main()
