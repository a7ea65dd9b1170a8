#!/usr/bin/env python3
"""The client of upstreams against the servers it is for: Azurite and another Skerry as Azure Blob, Skerry and radosgw as S3, in the clear and
over TLS, with keys, a SAS and a token. Every call, and what the server then has."""
import hashlib
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import s3client  # noqa: E402
from azurite import Azurite  # noqa: E402
from blobclient import ACCOUNT, KEY, Client, Server, account_sas  # noqa: E402
from certificates import Authority  # noqa: E402
from radosgw import ACCESS, SECRET, Radosgw  # noqa: E402
from upstream import Probe, Refused  # noqa: E402

passed = failed = 0
where = ""
NAMES = ["plain", "with space", "ü/ß/日本", "a+b&c=d?e#f", "%41", "a//b", "./x/../y", "~-._", "quote'\"<>"]
BIG = os.urandom(9_000_000)


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {where}: {what} {detail}", flush=True)


def ok(what, answer):
    check(what, answer["outcome"] == "ok", dict(answer))
    return answer


def ends(what, answer, outcome):
    check(f"{what}: {outcome}", answer["outcome"] == outcome, dict(answer))
    return answer


def digest(data):
    return hashlib.sha256(data).hexdigest()


def names(probe, s3):
    """Keys as they are, in and out."""
    for name in NAMES:
        if s3 == "radosgw" and name.startswith("./"):
            continue  # its front end takes dots for folders
        ok(f"put {name}", probe.call("put", key="n/" + name, data=name))
        got = ok(f"get {name}", probe.call("get", key="n/" + name))
        check(f"the bytes of {name}", got.get("sha256") == digest(name.encode()), got)
    listed = ok("list the names", probe.call("list", start="n/"))
    want = sorted(("n/" + name for name in NAMES if not (s3 == "radosgw" and name.startswith("./"))), key=lambda text: text.encode())
    check("all names in order", [entry["key"] for entry in listed.entries] == want, [entry["key"] for entry in listed.entries])


def reading(probe, folder):
    path = os.path.join(folder, "big")
    with open(path, "wb") as file:
        file.write(BIG)
    put = ok("put 9 MB", probe.call("put", key="big", file=path, md5=1, type="application/x-test", meta={"name": "value", "other": "two words"}))
    head = ok("head", probe.call("head", key="big"))
    check("head tells size, type, metadata, etag", (head["size"], head["type"], head.meta, head["etag"]) ==
          (str(len(BIG)), "application/x-test", {"name": "value", "other": "two words"}, put["etag"]), (dict(head), head.meta))
    whole = ok("get whole", probe.call("get", key="big"))
    check("whole bytes", whole["sha256"] == digest(BIG) and whole["heads"] == "1" and whole.meta == head.meta, dict(whole))
    check("no turn of the loop delivers more than its share", whole.end["turns"] >= len(BIG) >> 20, whole.end)
    for offset, length in ((0, 1), (1, 4096), (8_999_999, 1), (8_999_990, 1000), (4_194_304, 4_194_304)):
        part = ok(f"range {offset}", probe.call("get", key="big", offset=offset, length=length))
        check(f"bytes of range {offset}", part["sha256"] == digest(BIG[offset:offset + length]) and part["size"] == str(len(BIG)), dict(part))
    check("range to the end", ok("open range", probe.call("get", key="big", offset=123))["sha256"] == digest(BIG[123:]))
    behind = ends("range behind the end", probe.call("get", key="big", offset=len(BIG), length=10), "invalid_range")
    check("nothing was delivered of it", behind["heads"] == "0" and behind["taken"] == "0", dict(behind))
    for every, pause in ((100_000, 0), (1_000_000, 5), (3_000_000, 100)):
        paused = ok(f"paused every {every}", probe.call("get", key="big", pause_every=every, pause_ms=pause))
        check(f"bytes with pauses every {every}", paused["sha256"] == digest(BIG) and paused.number("pauses") >= 2, dict(paused))
    before = probe.call("head", key="big").end["connections"]
    for after in (1, 100_000, 5_000_000):
        ends(f"cancel after {after}", probe.call("get", key="big", cancel_after=after), "gave_up")
    after = probe.call("head", key="big").end
    check("cancelled transfers are gone, with their connections", after["under_way"] == 0 and after["connections"] >= before + 3, after)
    many = probe.call("get", key="big", offset=100, length=1_000_000, count=100)
    check("100 at once are right", len(many.all) == 100 and all(one["sha256"] == digest(BIG[100:1_000_100]) for one in many.all))
    check("100 at once with 4 connections", many.end["connections"] <= after["connections"] + 4, (many.end, after))
    again = probe.call("get", key="big", offset=100, length=1000, count=50)
    check("connections are used again", again.end["connections"] == many.end["connections"], (again.end, many.end))
    return put


def conditions(probe, put, azure, peer):
    etag = put["etag"]
    ok("if_match", probe.call("get", key="big", if_match=etag, offset=0, length=10))
    ends("another if_match", probe.call("get", key="big", if_match="0x123"), "condition_failed")
    ends("if_none_match", probe.call("get", key="big", if_none_match=etag), "not_modified")
    ends("head if_none_match", probe.call("head", key="big", if_none_match=etag), "not_modified")
    ends("no such object", probe.call("get", key="none"), "not_found")
    ends("head of no such object", probe.call("head", key="none"), "not_found")
    ends("put if there is none", probe.call("put", key="big", data="x", if_none_match_any=1), "condition_failed")
    ok("put of a new one if there is none", probe.call("put", key="fresh", data="x", if_none_match_any=1))
    ends("put if_match another", probe.call("put", key="fresh", data="y", if_match="0x123"), "condition_failed")
    if peer == "radosgw":
        return  # its PUT compares an If-Match with nothing that it tells
    new = ok("put if_match", probe.call("put", key="fresh", data="z", if_match=probe.call("head", key="fresh")["etag"]))
    check("put tells the etag", new["etag"] == probe.call("head", key="fresh")["etag"])
    if azure:
        ends("delete if_match another", probe.call("delete", key="fresh", if_match="0x123"), "condition_failed")
        ends("delete of none", probe.call("delete", key="none"), "not_found")
    else:
        ok("delete of none", probe.call("delete", key="none"))
    ok("delete", probe.call("delete", key="fresh"))
    ends("after the deletion", probe.call("head", key="fresh"), "not_found")


def listing(probe):
    keys = sorted(f"l/{a}/{b:03}" for a in "abc" for b in range(40)) + ["l/solo"]
    for key in keys:
        ok(key, probe.call("put", key=key, data=key))
    for page in (7, 1000):
        seen, marker, pages = [], None, 0
        while marker != "" and pages < 50:
            answer = ok("page", probe.call("list", start="l/", max=page, **({"marker": marker} if marker else {})))
            seen += [entry["key"] for entry in answer.entries]
            marker, pages = answer.get("next_marker", ""), pages + 1
        check(f"pages of {page}", seen == keys and pages >= len(keys) // page, (len(seen), pages))
    folders = ok("with a delimiter", probe.call("list", start="l/", delimiter="/"))
    check("prefixes and objects, in order", [(entry["key"], entry["prefix"]) for entry in folders.entries] ==
          [("l/a/", "1"), ("l/b/", "1"), ("l/c/", "1"), ("l/solo", "0")], [dict(entry) for entry in folders.entries])
    solo, head = folders.entries[-1], probe.call("head", key="l/solo")
    check("an entry tells what head tells", all(solo[name] == head[name] for name in ("etag", "size")) and
          abs(solo.number("modified") - head.number("modified")) <= 1, (dict(solo), dict(head)))
    check("nothing there", ok("empty", probe.call("list", start="nowhere/")).entries == [])


def uploads(probe, folder, azure):
    part_size = 5 << 20
    parts = [BIG[:part_size], BIG[part_size:]]
    begun = ok("begin", probe.call("begin", key="up", type="text/x-up", meta={"kept": "yes"}))
    tags = []
    for number in (2, 1):
        path = os.path.join(folder, f"part{number}")
        with open(path, "wb") as file:
            file.write(parts[number - 1])
        tags.insert(0, ok(f"part {number}", probe.call("part", key="up", upload=begun["upload"], number=number, file=path, md5=1))["part"])
    ends("nothing before the end", probe.call("head", key="up"), "not_found")
    done = ok("complete", probe.call("complete", key="up", upload=begun["upload"], parts=tags, type="text/x-up", meta={"kept": "yes"}))
    got = ok("get what was uploaded", probe.call("get", key="up"))
    check("bytes, type, metadata of it", got["sha256"] == digest(BIG) and got["type"] == "text/x-up" and got.meta == {"kept": "yes"} and
          done["etag"] in (got["etag"], ""), (dict(got), got.meta, dict(done)))
    other = ok("begin another", probe.call("begin", key="never"))
    ok("a part of it", probe.call("part", key="never", upload=other["upload"], number=1, data="x"))
    ok("abort", probe.call("abort", key="never", upload=other["upload"]))
    ends("nothing after the abort", probe.call("head", key="never"), "not_found")
    if azure:
        ends("complete with a part that is not there",
             probe.call("complete", key="never", upload=other["upload"], parts=["bm90IHRoZXJl"]), "invalid")
        ends("complete if there is none", probe.call("complete", key="up", upload=begun["upload"], parts=tags, if_none_match_any=1),
             "condition_failed")


def sources(probe):
    text = "0123456789" * 5000
    slices = ok("put from a source in slices", probe.call("put", key="s", data=text, slice=777))
    check("it was paused for want of bytes", slices.number("pauses") > 50, dict(slices))
    check("bytes from a source", probe.call("get", key="s")["sha256"] == digest(text.encode()))
    ends("a source that fails", probe.call("put", key="s2", data=text, slice=777, fail_at=20000), "cancelled")
    ends("nothing came of it", probe.call("head", key="s2"), "not_found")
    wrong = probe.call("put", key="s2", data="text", md5=1, wrong_md5=1)
    check("an MD5 of other bytes", wrong["outcome"] == "checksum_mismatch" or wrong["code"] == "InvalidOperation", dict(wrong))  # Azurite's code
    ends("nothing came of that either", probe.call("head", key="s2"), "not_found")
    ok("an empty object", probe.call("put", key="empty", data=""))
    empty = ok("get of an empty object", probe.call("get", key="empty"))
    check("a head and no bytes", empty["heads"] == "1" and empty["taken"] == "0" and empty["size"] == "0", dict(empty))


def attributes(probe, azure, peer):
    ok("put with all", probe.call("put", key="p", data="hello", type="text/a", cache="no-cache", disposition='attachment; filename="a"',
                                  language="de", encoding="identity", meta={"one": "1"}, keep_md5=1))
    check("a put tells nothing of its own answer's type", "type" not in probe.call("put", key="p0", data="x"))
    head = probe.call("head", key="p")
    check("all properties", (head["type"], head["cache"], head["disposition"], head["language"], head["encoding"]) ==
          ("text/a", "no-cache", 'attachment; filename="a"', "de", "identity"), dict(head))
    if azure:
        check("the MD5 that was kept", head.get("md5") == hashlib.md5(b"hello").hexdigest(), dict(head))
    if peer != "radosgw":  # which ignores conditions of a copy's source
        ends("metadata if_match another", probe.call("set_metadata", key="p", meta={"two": "2"}, if_match="0x1", type="text/a"), "condition_failed")
    ok("set metadata", probe.call("set_metadata", key="p", meta={"two": "2", "three": ""} if azure else {"two": "2"}, type="text/a",
                                  if_match=head["etag"]))
    head = probe.call("head", key="p")
    check("other metadata, same type", head.meta.get("two") == "2" and "one" not in head.meta and head["type"] == "text/a", (head.meta, dict(head)))
    ok("set properties", probe.call("set_properties", key="p", meta={"two": "2"}, type="text/b"))
    head = probe.call("head", key="p")
    check("another type, same metadata", head.meta.get("two") == "2" and head["type"] == "text/b" and "cache" not in head, dict(head))
    check("the bytes are the same", probe.call("get", key="p")["sha256"] == digest(b"hello"))
    if azure:
        ends("metadata that no header can have", probe.call("set_metadata", key="p", meta={"two": "ü"}), "invalid")
        listed = ok("list with metadata", probe.call("list", start="p", metadata=1))
        check("metadata in a listing", listed.entries[0].meta == head.meta, listed.entries[0].meta)
    else:
        ok("metadata beyond ASCII", probe.call("put", key="p2", data="x", meta={"two": "üß"}))
        check("comes back", probe.call("head", key="p2").meta.get("two") == "üß", probe.call("head", key="p2").meta)
    copied = ok("copy", probe.call("copy", source="p", key="copies/ü p"))
    check("the copy's bytes and type", (probe.call("get", key="copies/ü p")["sha256"], probe.call("head", key="copies/ü p")["type"]) ==
          (digest(b"hello"), "text/b"), dict(copied))
    ends("copy of none", probe.call("copy", source="none", key="copies/none"), "not_found")
    if peer != "radosgw":
        ends("copy of another version", probe.call("copy", source="p", key="copies/none", source_if_match="0x1"), "condition_failed")
    ok("set tags", probe.call("set_tags", key="p", tags={"a": "1", "b c": "2/3"}))
    check("tags", ok("get tags", probe.call("get_tags", key="p")).tags == {"a": "1", "b c": "2/3"})
    check("a count of tags", probe.call("head", key="p")["tag_count"] == "2" or not azure)
    if azure:
        check("tags in a listing", probe.call("list", start="p", with_tags=1).entries[0].tags == {"a": "1", "b c": "2/3"})
    ok("no tags", probe.call("set_tags", key="p"))
    check("they are gone", ok("get no tags", probe.call("get_tags", key="p")).tags == {})
    ok("put with tags", probe.call("put", key="t", data="x", tags={"k e": "v+w"}))
    check("tags of a put", probe.call("get_tags", key="t").tags == {"k e": "v+w"})


def everything(what, settings, folder, azure=True, s3=None):
    global where
    where = what
    with Probe(max_connections=4, **settings) as probe:
        names(probe, s3)
        conditions(probe, reading(probe, folder), azure, s3)
        listing(probe)
        uploads(probe, folder, azure)
        sources(probe)
        attributes(probe, azure, s3)
    if azure:
        with Probe(**{**settings, "url": settings["url"] + "/l/a"}) as probe:
            inside = ok("list below a prefix", probe.call("list", max=2))
            check("keys without the prefix", [entry["key"] for entry in inside.entries] == ["000", "001"])
            ok("head below a prefix", probe.call("head", key="001"))
            ends("no way out of the prefix", probe.call("head", key="../solo"), "not_found")


def credentials(blob, url):
    """Who may not, and who may otherwise."""
    global where
    where = "credentials"
    with Probe(url=url, account_key="d3Jvbmc=") as probe:
        wrong = ends("a wrong key", probe.call("head", key="big"), "forbidden")
        check("nothing to try again", wrong["may_retry"] == "0" and wrong["attempts"] == "1", dict(wrong))
    with Probe(url=url) as probe:
        check("nobody", probe.call("get", key="big")["outcome"] in ("forbidden", "not_found", "container_not_found"))
    with Probe(url=url.rsplit("/", 1)[0] + "/nowhere", account_key=KEY) as probe:
        ends("no container", probe.call("get", key="big"), "container_not_found")
        ends("no container to list", probe.call("list"), "container_not_found")
    sas = account_sas("rl")
    with Probe(url=url, sas="?" + sas) as probe:
        check("get with a SAS", ok("a SAS", probe.call("get", key="big"))["sha256"] == digest(BIG))
        refused = ends("a SAS that may not write", probe.call("put", key="x", data="x"), "forbidden")
        check("no SAS in the message or the name", "sig" not in refused["message"] and "sig" not in probe.name, refused["message"])
    with Probe(url=url, sas=account_sas()) as probe:
        ok("copy with a SAS", probe.call("copy", source="p", key="copies/sas"))
    with Probe(url=url, token=1) as probe:
        refused = probe.call("head", key="big")
        check("a token is refused here", refused["outcome"] in ("forbidden", "invalid"), dict(refused))
    try:
        Probe(url=url + "?" + sas)
        check("a SAS in the URL is refused", False)
    except Refused as error:
        check("a SAS in the URL is refused without being shown", "sig=" not in str(error), error)


def trust(url, authority):
    global where
    where = "TLS"
    with Probe(url=url, account_key=KEY) as probe:
        unknown = ends("an authority that nobody knows", probe.call("head", key="big"), "tls")
        check("not tried again", unknown["may_retry"] == "0", dict(unknown))
    with Probe(url=url.replace("127.0.0.1", "127.0.0.2"), account_key=KEY, ca_file=authority.root) as probe:
        check("a certificate of another name", probe.call("head", key="big")["outcome"] in ("tls", "unavailable"))
    with Probe(url=url, account_key=KEY, ca_file=authority.root, max_connections=4) as probe:
        ok("a known one", probe.call("head", key="big"))


def container(blob, context=None, name="cont"):
    client = Client(blob, context=context)
    status = client.create_container(name).status
    client.close()
    if status != 201:
        raise RuntimeError(f"no container: {status}")


def with_azurite(folder):
    authority = Authority(folder)
    os.makedirs(os.path.join(folder, "plain"))
    with Azurite(os.path.join(folder, "plain")) as server:
        container(server.endpoint)
        url = f"http://{server.endpoint}/{ACCOUNT}/cont"
        everything("Azurite", {"url": url, "account_key": KEY}, folder)
        credentials(server.endpoint, url)
    os.makedirs(os.path.join(folder, "secure"))
    with Azurite(os.path.join(folder, "secure"), "--cert", authority.certificate, "--key", authority.key) as server:
        container(server.endpoint, authority.context())
        url = f"https://{server.endpoint}/{ACCOUNT}/cont"
        everything("Azurite over TLS", {"url": url, "account_key": KEY, "ca_file": authority.root}, folder)
        trust(url, authority)


def with_skerry(folder):
    authority = Authority(folder)
    with Server(os.path.join(folder, "plain")) as server:
        container(server.blob)
        url = f"http://{server.blob}/{ACCOUNT}/cont"
        everything("Skerry", {"url": url, "account_key": KEY}, folder)
        credentials(server.blob, url)
        client = s3client.S3(server.s3)
        check("a bucket", client.request("PUT", "/bucket").status == 200)
        everything("Skerry as S3", {"s3": 1, "url": f"http://{server.s3}/bucket", "access_key": ACCOUNT, "secret_key": KEY}, folder, False,
                   "skerry")
    with Server(os.path.join(folder, "secure"), authority=authority) as server:
        container(server.blob, authority.context())
        url = f"https://{server.blob}/{ACCOUNT}/cont"
        everything("Skerry over TLS", {"url": url, "account_key": KEY, "ca_file": authority.root}, folder)
        trust(url, authority)
        container(server.blob, authority.context(), "bucket")
        everything("Skerry as S3 over TLS", {"s3": 1, "url": f"https://{server.s3}/bucket", "access_key": ACCOUNT, "secret_key": KEY,
                                             "ca_file": authority.root}, folder, False, "skerry")


def with_radosgw(folder):
    with Radosgw(folder) as server:
        client = s3client.S3(server.endpoint, ACCESS, SECRET)
        check("a bucket of radosgw", client.request("PUT", "/bucket").status == 200)
        everything("radosgw", {"s3": 1, "url": f"http://{server.endpoint}/bucket", "access_key": ACCESS, "secret_key": SECRET}, folder, False,
                   "radosgw")


def main():
    parts = {"azurite": with_azurite, "skerry": with_skerry, "radosgw": with_radosgw}
    for name in sys.argv[1:] or parts:
        with tempfile.TemporaryDirectory(prefix="skerry-upstream-") as folder:
            parts[name](folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
