#!/usr/bin/env python3
"""Rules of the Blob protocol that a comparison with Azurite does not settle, because it lacks them or goes its own way."""
import base64
import email.utils
import hashlib
import os
import re
import sys
import tempfile
import time
import urllib.parse

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


def not_offered(client):
    """Refused, with nothing changed: never accepted and ignored."""
    client.create_container("asked")
    client.put_blob("asked", "b", b"old")
    source = f"http://{client.endpoint}/{client.account}/asked/b?{account_sas('r')}"
    asks = {"x-ms-encryption-scope": "s", "x-ms-encryption-key": "a2V5", "x-ms-encryption-key-sha256": "a2V5", "x-ms-encryption-context": "c",
            "x-ms-immutability-policy-until-date": "Fri, 01 Jan 2100 00:00:00 GMT", "x-ms-immutability-policy-mode": "unlocked",
            "x-ms-legal-hold": "true", "x-ms-expiry-option": "RelativeToNow", "x-ms-expiry-time": "1000", "x-ms-if-tags": "\"a\" = '1'",
            "x-ms-structured-body": "XSM/1.0; properties=crc64", "x-ms-structured-content-length": "3"}
    of_copies = {"x-ms-source-if-tags": "\"a\" = '1'", "x-ms-copy-source-authorization": "Bearer token", "x-ms-seal-blob": "true",
                 "x-ms-source-encryption-key": "a2V5"}
    for name, value in asks.items():
        expect(f"put with {name}", client.put_blob("asked", "b", b"new", **{name: value}), "501 UnsupportedHeader")
    for name, value in {**asks, **of_copies}.items():
        expect(f"copy with {name}", client.request("PUT", "/asked/c", headers={"x-ms-copy-source": source, name: value}), "501 UnsupportedHeader")
    expect("a lease of the source", client.request("PUT", "/asked/c", headers={
        "x-ms-copy-source": source, "x-ms-source-lease-id": "11111111-1111-1111-1111-111111111111"}), "412 LeaseNotPresentWithBlobOperation")
    expect("read in another form", client.request("GET", "/asked/b", headers={
        "x-ms-structured-body": "XSM/1.0; properties=crc64"}), "501 UnsupportedHeader")
    for name in ("modified", "unmodified"):
        expect(f"deleted if its tier was {name} since", client.request("DELETE", "/asked/b", headers={
            f"x-ms-access-tier-if-{name}-since": "Mon, 01 Jan 2001 00:00:00 GMT"}), "501 UnsupportedHeader")
    expect("what was deleted softly", client.request("DELETE", "/asked/b", "deletetype=permanent"), "400 InvalidQueryParameterValue")
    expect("a container with a scope", client.create_container("asked-too", **{"x-ms-default-encryption-scope": "s"}), "501 UnsupportedHeader")
    expect("a snapshot that cannot be", client.request("GET", "/asked/b", "snapshot=banana"), "400 InvalidQueryParameterValue")
    expect("only directories", client.list_blobs("asked", "showonly=directories"), "400 InvalidQueryParameterValue")
    expect("a rehydration that is none", client.put_blob("asked", "b", b"new", **{"x-ms-rehydrate-priority": "banana"}), "400 InvalidHeaderValue")
    check("nothing of it was done", client.get_blob("asked", "b").body == b"old" and client.head_blob("asked", "c").status == 404)
    so_anyway = {"x-ms-legal-hold": "false", "x-ms-expiry-option": "NeverExpire", "x-ms-encryption-algorithm": "AES256", "x-ms-rehydrate-priority": "High"}
    expect("what is so anyway", client.put_blob("asked", "b", b"new", **so_anyway), "201")
    expect("and of a container", client.create_container("asked-too", **{
        "x-ms-default-encryption-scope": "$account-encryption-key", "x-ms-deny-encryption-scope-override": "false"}), "201")


def copies_at_once(client):
    """Copy Blob From URL: the source's digest is compared, and the answer has the copy's."""
    client.create_container("at-once")
    client.put_blob("at-once", "a", b"hello")
    source = f"http://{client.endpoint}/{client.account}/at-once/a"
    good, bad = (base64.b64encode(hashlib.md5(body).digest()).decode() for body in (b"hello", b"other"))

    def copy(**headers):
        return client.request("PUT", "/at-once/b", headers={"x-ms-copy-source": source, **{name.replace("_", "-"): value for name, value in headers.items()}})
    answer = expect("with the digest of the source", copy(x_ms_requires_sync="true", x_ms_source_content_md5=good), "202")
    check("it is done, and has a digest", (answer.headers["x-ms-copy-status"], answer.headers["Content-MD5"]) == ("success", good), answer.headers)
    client.delete_blob("at-once", "b")
    expect("with another digest", copy(x_ms_requires_sync="true", x_ms_source_content_md5=bad), "400 Md5Mismatch")
    expect("with a digest that is none", copy(x_ms_requires_sync="true", x_ms_source_content_md5="banana"), "400 InvalidMd5")
    expect("at once or not", copy(x_ms_requires_sync="banana"), "400 InvalidHeaderValue")
    expect("nothing was copied", client.head_blob("at-once", "b"), "404 BlobNotFound")
    check("a copy that is not asked for at once has no digest", copy().headers["Content-MD5"] is None)


def listing_from(client):
    """startFrom: the first name that is listed, whether it is there or not."""
    client.create_container("from")
    for name in ("a", "b/1", "b/2", "c", "d"):
        client.put_blob("from", name, b"x")

    def names(query):
        return re.findall(r"<Name>([^<]*)</Name>", client.list_blobs("from", query).body.decode())
    check("inclusive", names("startFrom=c") == ["c", "d"], names("startFrom=c"))
    check("a name between", names("startFrom=b/15") == ["b/2", "c", "d"], names("startFrom=b/15"))
    check("with a prefix", names("startFrom=b/2&prefix=b/") == ["b/2"])
    check("by hierarchy", names("startFrom=b/&delimiter=/") == ["b/", "c", "d"], names("startFrom=b/&delimiter=/"))
    page = client.list_blobs("from", "startFrom=b/2&maxresults=1").body.decode()
    marker = urllib.parse.quote(re.search(r"<NextMarker>([^<]+)<", page).group(1), safe="")
    check("a marker goes on behind it", names(f"startFrom=b/2&marker={marker}") == ["c", "d"])


def main():
    with tempfile.TemporaryDirectory() as folder, Server(os.path.join(folder, "data")) as server:
        client = Client(server.blob)
        create_is_no_write(client)
        not_modified(client)
        not_offered(client)
        copies_at_once(client)
        listing_from(client)
        tier_times(client)
        sources_elsewhere(server, client)
    print(f"integration.blob_rules: {passed} passed, {failed} failed")
    sys.exit(failed != 0 or passed == 0)


if __name__ == "__main__":
    main()
