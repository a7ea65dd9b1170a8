#!/usr/bin/env python3
"""Write-back and write-through to an upstream: what is written here gets there, in whatever way it was written; nothing that was acknowledged
is lost when either side goes away or is killed; nothing newer upstream is overwritten."""
import argparse
import hashlib
import http.client
import os
import random
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from azurite import Azurite  # noqa: E402
from blobclient import ACCOUNT, BINARY, KEY, Client, Server  # noqa: E402
from bound import Gateway  # noqa: E402
from fault_proxy import FaultProxy  # noqa: E402
from s3client import S3 as S3Client  # noqa: E402

PARTS = ["ways", "away", "conflicts", "unknown", "copies", "copies_upstream", "early", "write_through", "limit", "early_killed", "killed"]
passed = failed = 0
SMALL, MIDDLE, LARGE = os.urandom(700), os.urandom(300_000), os.urandom(21_000_000)


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {what} {detail}", flush=True)


class Side:
    """One upstream, its client as Blob for looking at it, and a proxy before it."""

    def __init__(self, kind, endpoint, proxy):
        self.kind, self.endpoint, self.proxy = kind, endpoint, proxy

    @property
    def client(self):
        """A new one each time: upstreams close connections that idle."""
        return Client(self.endpoint)

    def attach(self, gateway, container, mode):
        if self.kind == "s3":
            gateway.attach(container, f"http://{self.proxy.address}/{container}", mode, kind="s3", access_key=ACCOUNT, secret_key=KEY)
        else:
            gateway.attach(container, f"http://{self.proxy.address}/{ACCOUNT}/{container}", mode)

    def make(self, gateway, container, mode="write-back"):
        self.client.create_container(container)
        self.attach(gateway, container, mode)


def metadata(answer):
    return {name.lower()[10:]: value for name, value in answer.headers.items() if name.lower().startswith("x-ms-meta-")}


def kind_of(answer):
    """The two protocols call what nobody named differently."""
    return answer.headers["Content-Type"].replace("binary/octet-stream", "application/octet-stream")


def same(what, side, here, container, *names):
    for name in names:
        ours, theirs = here.get_blob(container, name), side.client.get_blob(container, name)
        check(f"{what}: {name} is the same on both sides", ours.status == theirs.status and (ours.status != 200 or ours.body == theirs.body),
              (ours.status, len(ours.body), theirs.status, len(theirs.body)))
        check(f"{what}: metadata of {name}", metadata(ours) == metadata(theirs), (metadata(ours), metadata(theirs)))
        if ours.status == 200:
            check(f"{what}: type of {name}", kind_of(ours) == kind_of(theirs), (kind_of(ours), kind_of(theirs)))


def ways(gateway, side):
    """Every way to write."""
    here, s3 = Client(gateway.blob), S3Client(gateway.s3)
    side.make(gateway, "ways")
    check("put", here.put_blob("ways", "small", SMALL, **{"x-ms-meta-color": "red", "Content-Type": "text/plain"}).status == 201)
    here.put_blob("ways", "empty", b"")
    here.put_blob("ways", "a/b/c d+é", MIDDLE)
    here.put_blob("ways", "large", LARGE, **{"x-ms-meta-size": "large"})
    for number in range(3):
        here.put_block("ways", "blocks", b"block-%d" % number, LARGE[number * 5_000_000:(number + 1) * 5_000_000])
    check("block list", here.put_block_list("ways", "blocks", [b"block-%d" % number for number in range(3)]).status == 201)
    s3.put("ways", "by-s3", MIDDLE, x_amz_meta_shape="round", Content_Type="image/png")
    upload = s3.create_upload("ways", "parts")
    etags = [s3.upload_part("ways", "parts", upload, number, LARGE[:6_000_000])["ETag"] for number in (1, 2)]
    check("multipart", s3.complete("ways", "parts", upload, list(zip((1, 2), etags))).status == 200)
    here.put_blob("ways", "gone", SMALL)
    check("copy", here.copy_blob("ways", "copied", "small").status == 202)
    check("all of it is uploaded", gateway.drained(60), gateway.numbers())
    names = ["small", "empty", "a/b/c d+é", "large", "blocks", "by-s3", "parts", "copied", "gone"]
    same("written", side, here, "ways", *names)
    check("metadata", here.set_metadata("ways", "small", color="blue", more="yes").status == 200)
    check("metadata of a large one", here.set_metadata("ways", "large", size="huge").status == 200)
    check("properties", here.request("PUT", "/ways/by-s3", "comp=properties", headers={
        "x-ms-blob-content-type": "text/html", "x-ms-blob-cache-control": "no-store"}).status == 200)
    check("delete", here.delete_blob("ways", "gone").status == 202)
    check("overwrite", here.put_blob("ways", "blocks", SMALL).status == 201)
    before = here.head_blob("ways", "copied").headers["ETag"]
    check("changes are uploaded", gateway.drained(60), gateway.numbers())
    same("changed", side, here, "ways", *names)
    check("deleted upstream", side.client.head_blob("ways", "gone").status == 404)
    check("uploading changes no entity tag", here.head_blob("ways", "copied").headers["ETag"] == before)
    here.put_blob("ways", "short-lived", MIDDLE)
    here.delete_blob("ways", "short-lived")
    check("created and deleted", gateway.drained(60), gateway.numbers())
    check("it is not there", side.client.head_blob("ways", "short-lived").status == 404)
    for round_ in range(20):
        here.put_blob("ways", "hot", b"round %d" % round_)
    check("often changed", gateway.drained(60), gateway.numbers())
    same("often changed", side, here, "ways", "hot")
    check("nothing is in conflict", gateway.numbers()["conflicts"] == 0, gateway.numbers())


def away(gateway, side):
    """Upstream is not there, and comes back; answers are lost."""
    here = Client(gateway.blob)
    side.make(gateway, "away")
    here.put_blob("away", "known", SMALL)
    gateway.drained()
    side.proxy.clear()
    side.proxy.fault(times=1_000_000, reset=True)
    for number in range(20):
        check("acknowledged while upstream is away", here.put_blob("away", f"x{number}", MIDDLE).status == 201)
    here.put_blob("away", "known", MIDDLE)
    here.delete_blob("away", "x0")
    time.sleep(2)
    asked = len(side.proxy.requests)
    check("upstream that is away is not stormed", asked < 60, asked)
    numbers = gateway.numbers()
    check("what it lacks is counted", numbers["objects"] == 21 and numbers["bytes"] == 20 * len(MIDDLE), numbers)
    side.proxy.clear()
    check("it comes back", gateway.drained(60), gateway.numbers())
    same("back", side, here, "away", "known", *(f"x{number}" for number in range(20)))
    for number in range(6): # the answer is lost, the write is not
        side.proxy.fault(lose=True)
        here.put_blob("away", "lost", b"%d" % number * 1000, **{"x-ms-meta-n": str(number)})
        check("after a lost answer", gateway.drained(30), gateway.numbers())
        side.proxy.clear()
        same("lost", side, here, "away", "lost")
    for asked in range(1, 7): # any request of an upload in parts
        side.proxy.fault(times=asked)
        side.proxy.fault(lose=True)
        here.put_blob("away", "lost-part", os.urandom(10_000_000), **{"x-ms-meta-n": str(asked)})
        check(f"after a lost answer to request {asked} of a large upload", gateway.drained(30), gateway.numbers())
        side.proxy.clear()
        same("lost", side, here, "away", "lost-part")
    for fault in ({"status": 503, "retry_after": "1"}, {"status": 500}, {"status": 403}):
        side.proxy.fault(times=1, **fault)
        here.put_blob("away", "thrown", os.urandom(100))
        if fault["status"] == 403:
            check("a refusal is told", gateway.waits_for("failed", 1), gateway.numbers())
        else:
            check(f"after {fault}", gateway.drained(30), gateway.numbers())
        side.proxy.clear()
    here.put_blob("away", "thrown", b"again")
    check("and a new change tries at once", gateway.drained(20), gateway.numbers())
    check("nothing is in conflict", gateway.numbers()["conflicts"] == 0, gateway.numbers())


def disagree(gateway, side, container):
    """Five names that both sides have changed."""
    here = Client(gateway.blob)
    side.make(gateway, container)
    for name in ("changed", "deleted", "ours-deleted", "attributes"):
        here.put_blob(container, name, SMALL)
    gateway.drained()
    before = gateway.numbers()["conflicts"]
    side.proxy.fault(times=1_000_000, reset=True)
    here.put_blob(container, "changed", b"ours")
    here.put_blob(container, "new", b"ours")
    here.put_blob(container, "deleted", b"ours")
    here.delete_blob(container, "ours-deleted")
    here.set_metadata(container, "attributes", whose="ours")
    for name in ("changed", "new", "ours-deleted", "attributes"):
        side.client.put_blob(container, name, b"theirs")
    side.client.delete_blob(container, "deleted")
    side.proxy.clear()
    check("conflicts are found", gateway.waits_for("conflicts", before + 5), gateway.numbers())


def conflicts(gateway, side):
    """Both sides were changed: nothing happens until somebody decides, and then what was decided."""
    here, names = Client(gateway.blob), ("changed", "new", "deleted", "ours-deleted", "attributes")

    def resolve(container, choice):
        for name in names:
            done = subprocess.run([BINARY, "resolve", container, name, f"--{choice}", "--data", gateway.data], capture_output=True, text=True, timeout=60)
            check(f"{choice} {name}", done.returncode == 0, done)

    disagree(gateway, side, "both")
    for name in ("changed", "new", "ours-deleted", "attributes"):
        check(f"nothing newer is overwritten: {name}", side.client.get_blob("both", name).body == b"theirs")
    check("nor made again", side.client.head_blob("both", "deleted").status == 404)
    check("ours stays, too", here.get_blob("both", "changed").body == b"ours")
    here.put_blob("both", "other", b"others go on")
    check("others go on", gateway.drained(20))
    same("beside conflicts", side, here, "both", "other")

    side.client.delete_blob("both", "new")  # what it was in conflict with
    resolve("both", "retry")
    check("retry: one is none any more", gateway.waits_for("conflicts", 4), gateway.numbers())
    check("and the others are again", gateway.drained(20), gateway.numbers())
    check("it goes upstream", side.client.get_blob("both", "new").body == b"ours")
    for name in ("changed", "ours-deleted", "attributes"):
        check(f"retry overwrites nothing: {name}", side.client.get_blob("both", name).body == b"theirs")
    here.put_blob("both", "changed", b"ours again")
    here.put_blob("both", "ours-deleted", b"here again")
    names = tuple(name for name in names if name != "new")
    resolve("both", "keep-local")
    check("keep-local: uploaded", gateway.waits_for("objects", 0), gateway.numbers())
    same("keep-local", side, here, "both", *names)
    check("keep-local: ours", [side.client.get_blob("both", name).body for name in names] == [b"ours again", b"ours", b"here again", SMALL])
    check("with its metadata", metadata(side.client.head_blob("both", "attributes")) == {"whose": "ours"})

    names += ("new",)
    disagree(gateway, side, "ours")
    resolve("ours", "keep-local")
    check("keep-local: all is uploaded", gateway.waits_for("objects", 0), gateway.numbers())
    check("a deletion of ours, too", side.client.head_blob("ours", "ours-deleted").status == 404 == here.head_blob("ours", "ours-deleted").status)
    same("kept local", side, here, "ours", *names)

    disagree(gateway, side, "theirs")
    resolve("theirs", "keep-remote")
    check("keep-remote: nothing is left to do", gateway.waits_for("objects", 0), gateway.numbers())
    for name in names:
        theirs, ours = side.client.get_blob("theirs", name), here.get_blob("theirs", name)
        check(f"keep-remote: {name}", (ours.status, ours.body) == (theirs.status, theirs.body) if name != "deleted" else ours.status == theirs.status == 404,
              (ours, theirs))
        check(f"keep-remote: what upstream has stays: {name}", name == "deleted" or theirs.body == b"theirs")
    for name in names:
        here.put_blob("theirs", name, b"after that")
    check("keep-remote: it goes on from there", gateway.waits_for("objects", 0), gateway.numbers())
    same("after a decision", side, here, "theirs", *names)


def unknown(gateway, side):
    """What was here, or there, before they were bound."""
    here = Client(gateway.blob)
    here.create_container("before")
    here.put_blob("before", "ours", SMALL)
    side.client.create_container("before")
    side.client.put_blob("before", "theirs", b"old")
    time.sleep(6) # what is older than a clock's error is older
    side.attach(gateway, "before", "write-back")
    here.put_blob("before", "theirs", b"new")
    here.set_metadata("before", "ours", now="dirty")
    check("uploaded", gateway.drained(), gateway.numbers())
    same("before", side, here, "before", "theirs", "ours")


def copies(gateway, side):
    """Of what only upstream has, whose source then changes: upstream keeps the source until the copy is there."""
    here, names = Client(gateway.blob), ("one", "two", "three", "four")
    side.client.create_container("copies")
    for name in names:
        side.client.put_blob("copies", name, LARGE, **{"x-ms-meta-n": name})
    side.attach(gateway, "copies", "write-back")
    for name in names:
        check("copy", here.copy_blob("copies", name + "-copy", name).status == 202)
    here.put_blob("copies", "one", b"new")
    here.delete_blob("copies", "two")
    here.set_metadata("copies", "three", other="yes")
    check("uploaded", gateway.drained(60), gateway.numbers())
    same("copied", side, here, "copies", *names[:3], *(name + "-copy" for name in names))
    check("the copy is the old one", side.client.get_blob("copies", "one-copy").body == LARGE)
    here.delete_blob("copies", "four-copy")
    here.put_blob("copies", "four", b"new")
    check("nothing waits for ever", gateway.drained(30), gateway.numbers())


def copies_upstream(gateway, side):
    """What upstream has under another name it copies itself: no bytes of it travel. What it refuses to copy is sent."""
    here, s3 = Client(gateway.blob), S3Client(gateway.s3)
    side.client.create_container("twins")
    conflicts_before = gateway.numbers()["conflicts"]
    side.client.put_blob("twins", "theirs", LARGE, **{"x-ms-meta-n": "theirs", "Content-Type": "text/plain"})
    side.attach(gateway, "twins", "write-back")
    here.put_blob("twins", "ours", LARGE[:9_000_000], **{"x-ms-meta-n": "ours", "Content-Type": "text/plain"})
    check("uploaded", gateway.drained(30), gateway.numbers())
    side.proxy.clear()
    for name in ("theirs", "ours"):
        check("copy", here.copy_blob("twins", name + "-copy", name).status == 202)
        check("copy with metadata of its own", here.copy_blob("twins", name + "-other", name, **{"x-ms-meta-other": "yes"}).status == 202)
    check("copy by S3", s3.request("PUT", "/twins/by-s3", headers={
        "x-amz-copy-source": "/twins/ours", "x-amz-metadata-directive": "REPLACE", "x-amz-meta-by": "s3", "content-type": "image/png"}).status == 200)
    check("copied", gateway.drained(60), gateway.numbers())
    check("no bytes were sent", side.proxy.received() < 20_000, side.proxy.received())
    check("nor fetched", side.proxy.sent() < 20_000, side.proxy.sent())
    same("copied upstream", side, here, "twins", "theirs-copy", "theirs-other", "ours-copy", "ours-other", "by-s3")
    side.proxy.clear()
    for number in range(1, 6): # the answer to any request of it is lost
        side.proxy.fault(times=number)
        side.proxy.fault(lose=True)
        here.copy_blob("twins", f"lost-{number}", "ours", **{"x-ms-meta-lost": str(number)})
        check(f"after a lost answer to request {number} of a copy", gateway.drained(30), gateway.numbers())
        side.proxy.clear()
        same("lost", side, here, "twins", f"lost-{number}")
    side.proxy.fault(status=403, match="PUT")
    here.copy_blob("twins", "refused", "ours")
    check("what upstream does not copy is sent", gateway.drained(30), gateway.numbers())
    check("as bytes", side.proxy.received() > 9_000_000, side.proxy.received())
    same("sent", side, here, "twins", "refused")
    here.put_blob("twins", "hasty", LARGE[:9_000_000])
    here.copy_blob("twins", "hasty-copy", "hasty")
    side.client.put_blob("twins", "ours", b"changed upstream")
    here.copy_blob("twins", "of-changed", "ours")
    here.copy_blob("twins", "ours-copy", "theirs")
    here.delete_blob("twins", "theirs")
    check("copied over", gateway.drained(60), gateway.numbers())
    same("copied over", side, here, "twins", "hasty-copy", "ours-copy", "of-changed")
    check("nothing is in conflict", gateway.numbers()["conflicts"] == conflicts_before, gateway.numbers())


def until(truth, seconds=20):
    end = time.monotonic() + seconds
    while not (answer := truth()) and time.monotonic() < end:
        time.sleep(0.02)
    return answer


class Series:
    """A large object that arrives in pieces: blocks of Blob, or parts of S3 where upstream is one, which takes them in order only."""

    def __init__(self, gateway, side, container, name):
        self.side, self.container, self.name, self.pieces, self.etags = side, container, name, {}, {}
        self.here, self.s3 = Client(gateway.blob), S3Client(gateway.s3)
        self.upload = self.s3.create_upload(container, name) if side.kind == "s3" else None

    def send(self, number, body):
        if self.upload:
            self.etags[number] = self.s3.upload_part(self.container, self.name, self.upload, number, body)["ETag"]
        else:
            check("a block", self.here.put_block(self.container, self.name, b"%06d" % number, body).status == 201)
        self.pieces[number] = body

    def commit(self, *order):
        order = list(order or sorted(self.pieces))
        if self.upload:
            check("complete", self.s3.complete(self.container, self.name, self.upload, [(number, self.etags[number]) for number in order]).status == 200)
        else:
            check("commit", self.here.put_block_list(self.container, self.name, [b"%06d" % number for number in order]).status == 201)
        return b"".join(self.pieces[number] for number in order)


def early(gateway, side):
    """Blocks and parts are upstream before their object is committed, where upstream is there."""
    here, size = Client(gateway.blob), 6_000_000
    conflicts_before = gateway.numbers()["conflicts"]
    pieces = [os.urandom(size) for _ in range(6)]
    side.make(gateway, "early")
    side.proxy.latency = 0.02

    def arrived(name, wanted):
        check(f"{name} is sent before it is committed", until(lambda: side.proxy.received(f"/{name}") >= wanted), side.proxy.received(f"/{name}"))

    def committed(what, series, most, *order, least=0):
        side.proxy.clear()
        body = series.commit(*order)
        check(f"{what}: uploaded", gateway.drained(60), gateway.numbers())
        check(f"{what}: what travels after the commit", least <= side.proxy.received(f"/{series.name}") <= most, side.proxy.received(f"/{series.name}"))
        check(f"{what}: upstream has it", side.client.get_blob("early", series.name).body == body)

    series = Series(gateway, side, "early", "all")
    for number, piece in enumerate(pieces, 1):
        series.send(number, piece)
    arrived("all", 6 * size)
    committed("all of it", series, 10_000, *((3, 1, 2, 6, 5, 4) if side.kind != "s3" else ()))

    series = Series(gateway, side, "early", "rest")
    for number in (1, 2, 4):
        series.send(number, pieces[number])
    arrived("rest", 3 * size)
    series.send(2, pieces[0])  # replaces one that is upstream
    series.send(5, SMALL)  # too small to go by itself
    arrived("rest", 4 * size)
    committed("all but the last", series, 20_000, least=len(SMALL))

    series = Series(gateway, side, "early", "away")
    series.send(1, pieces[0])
    arrived("away", size)
    side.proxy.always(reset=True)
    for number in (2, 3, 4):
        series.send(number, pieces[number])
    time.sleep(1)
    asked = len(side.proxy.requests)
    check("upstream that is away is left alone", asked < 30, asked)
    committed("upstream was away", series, 5 * size, least=3 * size)

    series = Series(gateway, side, "early", "lost")
    for number in (1, 2):
        series.send(number, pieces[number])
    arrived("lost", 2 * size)
    side.proxy.fault(status=400, match="comp=blocklist" if side.kind != "s3" else "POST")
    side.proxy.clear, clear = (lambda: None), side.proxy.clear  # keeps the fault
    body = series.commit()
    check("parts that upstream has lost are sent again", gateway.drained(60), gateway.numbers())
    side.proxy.clear = clear
    check("and the object is right", side.client.get_blob("early", "lost").body == body)

    series = Series(gateway, side, "early", "overwritten")
    series.send(1, pieces[1])
    arrived("overwritten", size)
    here.put_blob("early", "overwritten", SMALL)
    check("a name that is written while its blocks are there", gateway.drained(30), gateway.numbers())
    same("overwritten", side, here, "early", "overwritten")
    if side.kind == "s3":
        committed("and completed then", series, 10_000)
        series = Series(gateway, side, "early", "aborted")
        series.send(1, pieces[1])
        arrived("aborted", size)
        series.s3.delete("early", "aborted", f"uploadId={series.upload}")
        check("given up upstream, too", until(lambda: side.proxy.count("DELETE", "/aborted")))
        series = Series(gateway, side, "early", "gone")
        series.send(1, pieces[1])
        arrived("gone", size)
        series.send(1, pieces[2])
        series.send(2, pieces[3])
        series.commit(2)
        check("parts that are not used", gateway.drained(30), gateway.numbers())
        same("some parts", side, here, "early", "gone")
    side.proxy.latency = 0
    check("nothing is in conflict", gateway.numbers()["conflicts"] == conflicts_before, gateway.numbers())


def early_killed(folder, side):
    """What was sent early is forgotten with the server; nothing else is."""
    with Gateway(os.path.join(folder, "early-killed")) as gateway:
        side.make(gateway, "forgotten", "write-through")
        series = Series(gateway, side, "forgotten", "object")
        for number in range(1, 4):
            series.send(number, os.urandom(6_000_000))
        until(lambda: side.proxy.received("/object") >= 12_000_000)
        gateway.kill()
        gateway.start()
        after = Series.__new__(Series)
        after.__dict__.update(series.__dict__, here=Client(gateway.blob), s3=S3Client(gateway.s3))
        after.send(4, os.urandom(6_000_000))
        until(lambda: side.proxy.received("/object") >= 24_000_000)
        side.proxy.clear()
        body = after.commit()
        check("after a restart all of it that was sent before is sent again", side.proxy.received("/object") >= 18_000_000, side.proxy.received("/object"))
        check("but not what was sent since", side.proxy.received("/object") < 20_000_000, side.proxy.received("/object"))
        check("write-through: it is there when it is committed", side.client.get_blob("forgotten", "object").body == body)
    check("the folder is whole", gateway.fsck("--verify") == 0)


def limit(folder, side):
    with Gateway(os.path.join(folder, "limited"), "--dirty-limit", "1MiB") as gateway:
        here = Client(gateway.blob)
        side.make(gateway, "limit")
        side.proxy.fault(times=1_000_000, reset=True)
        for number in range(4):
            check("room", here.put_blob("limit", f"x{number}", MIDDLE).status == 201)
        began = time.monotonic()
        answer = here.put_blob("limit", "too-much", SMALL)
        check("no room: it waits, then is refused", answer.status == 503 and 5 < time.monotonic() - began < 20, (answer.status, began))
        check("deleting needs no room", here.delete_blob("limit", "x0").status == 202)
        check("and makes some", here.put_blob("limit", "x0", SMALL).status == 201)
        here.put_blob("limit", "x0", MIDDLE)
        timer = threading.Timer(2, side.proxy.clear)
        timer.start()
        check("one that waits goes on when there is room", here.put_blob("limit", "after", SMALL).status == 201)
        check("all is uploaded", gateway.drained())
        same("limit", side, here, "limit", "x0", "x1", "x3", "after")
        check("what was refused is nowhere", here.head_blob("limit", "too-much").status == 404)


def write_through(gateway, side):
    here, s3 = Client(gateway.blob), S3Client(gateway.s3)
    side.make(gateway, "through", "write-through")
    for number in range(10):
        check("put", here.put_blob("through", f"x{number}", SMALL).status == 201)
        check("it is there at once", side.client.get_blob("through", f"x{number}").body == SMALL)
    check("large", here.put_blob("through", "large", LARGE).status == 201)
    check("metadata", here.set_metadata("through", "x0", a="b").status == 200 and metadata(side.client.head_blob("through", "x0")) == {"a": "b"})
    check("delete", here.delete_blob("through", "x1").status == 202 and side.client.head_blob("through", "x1").status == 404)
    check("S3", s3.put("through", "s3", MIDDLE).status == 200 and side.client.get_blob("through", "s3").body == MIDDLE)
    same("through", side, here, "through", "x0", "x1", "x2", "large", "s3")
    threads = [threading.Thread(target=lambda n=n: Client(gateway.blob).put_blob("through", "one", b"%d" % n * 100)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    same("side by side", side, here, "through", "one")
    seen = here.head_blob("through", "x2").headers["ETag"]
    side.client.put_blob("through", "x2", b"theirs")
    answer = here.put_blob("through", "x2", b"ours", **{"If-Match": seen})
    check("a race that is lost", answer.status == 412, answer)
    check("theirs stays", side.client.get_blob("through", "x2").body == b"theirs")
    check("ours is gone", here.get_blob("through", "x2").body != b"ours")
    side.client.put_blob("through", "x2", b"theirs again")
    check("without a condition the last one wins", here.put_blob("through", "x2", b"ours").status == 201)
    check("on both sides", side.client.get_blob("through", "x2").body == b"ours" == here.get_blob("through", "x2").body)
    side.proxy.fault(times=10, status=403)
    check("a refusal", here.put_blob("through", "refused", SMALL).status == 503)
    side.proxy.clear()
    check("leaves nothing", here.head_blob("through", "refused").status == 404 and side.client.head_blob("through", "refused").status == 404)
    side.proxy.fault(times=1_000_000, reset=True)
    began = time.monotonic()
    check("upstream that is away", here.put_blob("through", "nobody", SMALL).status == 503)
    check("in bounded time", 20 < time.monotonic() - began < 45, time.monotonic() - began)
    side.proxy.clear()
    check("leaves nothing either", here.head_blob("through", "nobody").status == 404)
    check("and it goes on", here.put_blob("through", "on", SMALL).status == 201 and side.client.get_blob("through", "on").body == SMALL)
    check("nothing is left over", gateway.drained(10), gateway.numbers())


class Writer:
    """Writes what comes to mind until the server dies, and knows what has to be there afterwards: of each name its digest and metadata, or
    None; where the answer to the last change did not come, either of two."""
    NAMES = [f"x{number}" for number in range(40)]

    def __init__(self, seed):
        self.random, self.there, self.perhaps, self.kinds, self.history = random.Random(seed), {}, {}, {}, {}

    def state(self, answer):
        return (hashlib.sha256(answer.body).hexdigest(), metadata(answer)) if answer.status == 200 else None

    def body(self):
        return self.random.randbytes(self.random.choice((500, 20_000, 300_000, 700_000) * 3 + (9_000_000,)))

    def change(self, here, name, what):
        """What the name is to become, and the call that does it: sent when it is called."""
        digest, named = self.there.get(name) or (None, {})
        source = self.random.choice([each for each in self.NAMES if self.there.get(each)] or [None])
        fresh = {"n": str(self.random.randrange(1 << 30))}
        headers = {"x-ms-meta-n": fresh["n"]}
        if what == "delete" and digest:
            return None, lambda: here.delete_blob("killed", name)
        if what == "metadata" and digest:
            return (digest, fresh), lambda: here.set_metadata("killed", name, **fresh)
        if what == "copy" and source and source != name:
            return self.there[source], lambda: here.copy_blob("killed", name, source)
        if what == "copy with metadata" and source and source != name:
            return (self.there[source][0], fresh), lambda: here.copy_blob("killed", name, source, **headers)
        if what == "blocks":
            pieces = [self.random.randbytes(1_500_000) for _ in range(4)]
            for number, piece in enumerate(pieces):
                here.put_block("killed", name, b"%06d" % number, piece)
            return ((hashlib.sha256(b"".join(pieces)).hexdigest(), {}),
                    lambda: here.put_block_list("killed", name, [b"%06d" % number for number in range(4)]))
        body = self.body()
        return (hashlib.sha256(body).hexdigest(), fresh), lambda: here.put_blob("killed", name, body, **headers)

    def write(self, here, changes):
        for _ in range(changes):
            name = self.random.choice(self.NAMES)
            what = self.random.choice(("put",) * 5 + ("delete", "metadata", "metadata", "copy", "copy with metadata", "blocks"))
            try:
                wanted, call = self.change(here, name, what)
            except (OSError, http.client.HTTPException):
                return
            self.history.setdefault(name, []).append((what, wanted))
            try:
                answer = call()
            except (OSError, http.client.HTTPException):
                self.perhaps[name] = wanted
                return
            check(f"{what} is acknowledged", answer.status in (200, 201, 202), answer)
            if answer.status < 300:
                self.there[name] = wanted
                self.kinds[what] = self.kinds.get(what, 0) + 1

    def settle(self, here, round_):
        """After a start: which of two it is."""
        for name, wanted in self.perhaps.items():
            state = self.state(here.get_blob("killed", name))
            check(f"round {round_}: {name} is one of the two", state in (wanted, self.there.get(name)), state)
            self.there[name] = state
        self.perhaps = {}

    def verify(self, gateway, side, round_):
        check(f"round {round_}: everything gets there", gateway.drained(120), gateway.numbers())
        numbers = gateway.numbers()
        check(f"round {round_}: nothing is taken for a conflict", numbers["conflicts"] == 0, numbers)
        here = Client(gateway.blob)
        for name in self.NAMES:
            ours, theirs = here.get_blob("killed", name), side.client.get_blob("killed", name)
            check(f"round {round_}: {name} is what was acknowledged", self.state(ours) == self.there.get(name), (self.state(ours), self.there.get(name)))
            check(f"round {round_}: {name} is upstream", self.state(theirs) == self.there.get(name), (self.state(theirs), self.there.get(name), self.history.get(name)))


def killed(folder, side, rounds, log):
    """SIGKILL in the middle of writing and uploading; upstream is cut off in the middle of each round, or loses its answers."""
    gateway, writer = Gateway(os.path.join(folder, "killed"), log=log), Writer(rounds)
    cuts = 0

    def cut(seconds):
        nonlocal cuts
        cuts += 1
        side.proxy.down()
        time.sleep(seconds)
        side.proxy.up()

    for round_ in range(rounds):
        gateway.start()
        here = Client(gateway.blob)
        if round_ == 0:
            side.make(gateway, "killed")
        writer.settle(here, round_)
        if round_ % 3 == 1:
            side.proxy.fault(times=15, lose=True)
        timers = [threading.Timer(writer.random.uniform(0.1, 1.5), gateway.kill),
                  threading.Timer(writer.random.uniform(0.05, 1), cut, (writer.random.uniform(0.02, 0.3),))]
        for timer in timers:
            timer.start()
        writer.write(here, 200)
        for timer in timers:
            timer.join()
        here.close()
        side.proxy.clear()
        if round_ % 20 == 19 or round_ == rounds - 1:
            check(f"round {round_}: the folder is whole after SIGKILL", gateway.fsck() == 0)
            gateway.start()
            writer.settle(Client(gateway.blob), round_)
            writer.verify(gateway, side, round_)
            gateway.kill()
            if failed:
                break
    print(f"{round_ + 1} kills, {cuts} cuts, {writer.kinds}", flush=True)
    check("the folder is whole", gateway.fsck("--verify") == 0)


def everything(options, folder, endpoint, proxied):
    with FaultProxy(proxied) as proxy:
        side = Side(options.upstream, endpoint, proxy)
        log = open(os.path.join(folder, "gateway.log"), "w")
        gateway = Gateway(os.path.join(folder, "gateway"), log=log)
        parts = options.parts or PARTS
        with gateway:
            for part in (ways, away, conflicts, unknown, copies, copies_upstream, early, write_through):
                if part.__name__ in parts:
                    began = time.monotonic()
                    part(gateway, side)
                    proxy.clear()
                    print(f"{part.__name__}: {time.monotonic() - began:.1f} s", flush=True)
        check("the folder is whole", gateway.fsck() == 0)
        if "limit" in parts:
            limit(folder, side)
        if "early_killed" in parts:
            early_killed(folder, side)
        if "killed" in parts:
            killed(folder, side, options.rounds, log)
        log.close()
        if failed:
            with open(log.name) as file:
                print(file.read()[-6000:])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("upstream", choices=("azurite", "skerry", "s3"))
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=6, help="how often the server is killed")
    options = parser.parse_args()
    kind = options.upstream
    with tempfile.TemporaryDirectory(prefix="skerry-write-back-") as folder:
        if kind == "azurite":
            with Azurite(folder) as upstream:
                everything(options, folder, upstream.endpoint, upstream.endpoint)
        else:
            with Server(os.path.join(folder, "upstream")) as upstream:
                everything(options, folder, upstream.blob, upstream.s3 if kind == "s3" else upstream.blob)
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
