#!/usr/bin/env python3
"""An upstream that does not answer at all: packets get lost, or connections stand still. Who finds that out waits for a time-out; all others are
answered at once, with what is here or with 503 and Retry-After, until upstream was asked behind their back and has answered."""
import os
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import ACCOUNT, Client  # noqa: E402
from federation import Rig, attach, until  # noqa: E402
from s3client import S3  # noqa: E402

AT_ONCE = 0.5
passed = failed = 0


def check(what, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED: {what} {str(shown)[:400]}", flush=True)


def timed(ask):
    began = time.monotonic()
    answer = ask()
    return answer, time.monotonic() - began


def bind(rig, name, url, mode="write-back"):
    code, text = attach(rig.gateway.data, name, url, rig.upstream.credential(rig.folder), "0s", mode)
    check(f"attach {name}", code == 0, text)


def refused(what, answer, seconds, most=AT_ONCE):
    check(f"{what}: 503", answer.status == 503, answer)
    check(f"{what}: when to come back", (answer.headers.get("Retry-After") or "").isdigit(), dict(answer.headers))
    check(f"{what}: soon", seconds < most, seconds)


def found_out(rig, first_s, container):
    """The first one waits, whatever it asks for, and so do those that ask at the same time; then nobody does."""
    blob, s3 = Client(rig.gateway.blob), S3(rig.gateway.s3)
    answer, seconds = timed(lambda: Client(rig.gateway.blob).get_blob(container, "unknown-1"))
    refused("the first", answer, seconds, first_s)
    for turn in range(3):
        answer, seconds = timed(lambda: blob.get_blob(container, f"other-{turn}"))
        refused("unknown", answer, seconds)
        answer, seconds = timed(lambda: blob.get_blob(container, "here"))
        check("what is here is served", answer.status == 200 and answer.body == b"here", answer)
        check("at once", seconds < AT_ONCE, seconds)
        answer, seconds = timed(lambda: blob.get_blob(container, "large", **{"x-ms-range": "bytes=9000000-9000099"}))
        refused("known, and its bytes are not here", answer, seconds)
        answer, seconds = timed(lambda: s3.get(container, f"other-{turn}"))
        refused("unknown by S3", answer, seconds)
        answer, seconds = timed(lambda: blob.list_blobs(container))
        refused("a listing", answer, seconds)
        answer, seconds = timed(lambda: blob.put_blob(container, "written", b"%d" % turn))
        check("writing", answer.status == 201 and seconds < AT_ONCE, (answer, seconds))
    answer, seconds = timed(lambda: blob.head_blob("of-all", "here"))
    check("of another container of the same upstream", answer.status == 200, answer)


def back(rig, container, seconds):
    """Nobody has to ask for it to be noticed."""
    time.sleep(seconds)
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(timed(lambda: Client(rig.gateway.blob).get_blob(container, "fresh")))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check("it is back for all", all(answer.status == 200 and answer.body == b"fresh" for answer, _ in answers), answers)


def prepared(rig):
    for name in ("one", "of-all", "of-all-2"):
        rig.upstream.make(name)
        rig.upstream.put(name, "here", b"here")
        rig.upstream.put(name, "fresh", b"fresh")
        rig.upstream.put(name, "large", os.urandom(12 << 20))
    bind(rig, "one", rig.upstream.url(rig.proxy.address, "one"))
    bind(rig, "*", f"http://{rig.proxy.address}/{ACCOUNT}")
    rig.upstream.make("through")
    bind(rig, "through", rig.upstream.url(rig.proxy.address, "through"), "write-through")
    client = Client(rig.gateway.blob)
    check("written through", client.put_blob("through", "here", b"here").status == 201)
    for name in ("one", "of-all", "of-all-2"):
        check("here", client.get_blob(name, "here").body == b"here")
        check("known", client.get_blob(name, "large", **{"x-ms-range": "bytes=0-99"}).status == 206)
    check("listed", client.request("GET", "/", "comp=list").status == 200)


def together(rig):
    """What comes out of one binding of all containers is away together."""
    answer, seconds = timed(lambda: Client(rig.gateway.blob).get_blob("of-all-2", "unknown"))
    refused("another container", answer, seconds)
    answer, seconds = timed(lambda: Client(rig.gateway.blob).request("GET", "/", "comp=list"))
    check("the list of containers is there all the same", answer.status == 200 and b"of-all-2" in answer.body and seconds < AT_ONCE, (answer, seconds))
    answer, seconds = timed(lambda: Client(rig.gateway.blob).create_container("none"))
    refused("a new container", answer, seconds)


def through(rig):
    """Who has to wait for upstream is refused, too."""
    client = Client(rig.gateway.blob)
    refused("the first", *timed(lambda: client.get_blob("through", "unknown")), 1.5)
    answer, seconds = timed(lambda: client.put_blob("through", "refused", b"refused"))
    refused("writing through", answer, seconds)
    answer, seconds = timed(lambda: S3(rig.gateway.s3).put("through", "refused", b"refused" * 100_000))
    refused("by S3", answer, seconds)
    answer, seconds = timed(lambda: client.delete_blob("through", "here"))
    refused("deleting", answer, seconds)
    rig.proxy.up()
    check("then it is written", until(lambda: client.put_blob("through", "later", b"later").status == 201, 10))
    check("and what was refused is not there", client.get_blob("through", "refused").status == 404 and client.get_blob("through", "here").status == 200)


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-away-") as folder, Rig(folder, "skerry", "--upstream-connect-timeout", "1s") as rig:
        prepared(rig)
        for container in ("one", "of-all"):
            rig.proxy.hole()
            found_out(rig, 1.5, container)
            if container == "of-all":
                together(rig)
            rig.proxy.up()
            back(rig, container, 6.5)
        rig.proxy.hole()
        through(rig)
        rig.proxy.always(stall=-1)
        found_out(rig, 6, "one")
        rig.proxy.clear()
        back(rig, "one", 11)
        rig.proxy.fault(times=1, stall=-1)
        answer, seconds = timed(lambda: Client(rig.gateway.blob).get_blob("of-all", "unknown-2"))
        check("one question that stood still", answer.status == 503 and seconds < 6, (answer, seconds))
        check("is no reason to refuse others for long", until(lambda: Client(rig.gateway.blob).get_blob("of-all", "fresh").status == 200, 1))
        check("what was written gets there", until(lambda: rig.upstream.head("one", "written").status == 200, 60))
    check("the folder is whole", rig.problems == 0)
    print(f"federation_away: {passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
