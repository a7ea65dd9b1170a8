#!/usr/bin/env python3
"""All containers of an account before an upstream: they are listed, made and deleted through either protocol as they are upstream, within the
time that upstream is believed; an operator names one that nobody has used yet."""
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
from blobclient import ACCOUNT, BINARY, Client  # noqa: E402
from federation import KINDS, Rig, attach, detach  # noqa: E402
from s3client import S3  # noqa: E402

passed = failed = 0


def check(what, good, shown=""):
    global passed, failed
    passed, failed = passed + bool(good), failed + (not good)
    if not good:
        print(f"FAILED: {what} {str(shown)[:400]}", flush=True)


def account_url(rig):
    return f"http://{rig.proxy.address}" + ("" if rig.upstream.is_s3 else f"/{ACCOUNT}")


def bind(rig, mode, ttl="0s"):
    code, text = attach(rig.gateway.data, "*", account_url(rig), rig.upstream.credential(rig.folder), ttl, mode)
    check(f"attach all, {mode}", code == 0, text)


def command(rig, *arguments):
    done = subprocess.run([BINARY, *arguments, "--data", rig.gateway.data], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stdout + done.stderr


def by_blob(rig, most=5000):
    """Names, page by page; or a status."""
    client, names, marker = Client(rig.gateway.blob), [], ""
    while True:
        more = f"&marker={urllib.parse.quote(marker, safe='')}" if marker else ""
        answer = client.request("GET", "/", f"comp=list&maxresults={most}{more}")
        if answer.status != 200:
            return answer.status
        root = ElementTree.fromstring(answer.body)
        names += [each.findtext("Name") for each in root.iter("Container")]
        marker = root.findtext("NextMarker") or ""
        if not marker:
            return names


def by_s3(rig, most=1000):
    client, names, token = S3(rig.gateway.s3), [], ""
    while True:
        more = f"&continuation-token={urllib.parse.quote(token, safe='')}" if token else ""
        answer = client.request("GET", "/", f"max-buckets={most}{more}")
        if answer.status != 200:
            return answer.status
        root = ElementTree.fromstring(answer.body)
        space = root.tag[:root.tag.index("}") + 1]
        names += [each.findtext(space + "Name") for each in root.iter(space + "Bucket")]
        token = root.findtext(space + "ContinuationToken") or ""
        if not token:
            return names


def both(rig):
    return by_blob(rig), by_s3(rig)


def made_upstream(rig, name):
    return rig.upstream.put(name, "probe", b"1").status in (200, 201)


def listed(rig):
    names = [f"up-{i:02}" for i in range(7)]
    for name in names:
        rig.upstream.make(name)
    Client(rig.gateway.blob).create_container("ours")
    bind(rig, "read-only", "600s")
    wanted = sorted(names + ["ours"])
    check("List Containers", by_blob(rig) == wanted, by_blob(rig))
    check("ListBuckets", by_s3(rig) == wanted, by_s3(rig))
    check("by pages", by_blob(rig, 2) == wanted and by_s3(rig, 3) == wanted, (by_blob(rig, 2), by_s3(rig, 3)))
    rig.upstream.make("up-late")
    check("within its time upstream is not asked again", both(rig) == (wanted, wanted), both(rig))
    bind(rig, "read-only", "0s")
    wanted.append("up-late")
    check("what came upstream shows", both(rig) == (wanted, wanted), both(rig))
    rig.upstream.remove("up-late")
    wanted.remove("up-late")
    check("what went upstream does not", both(rig) == (wanted, wanted), both(rig))
    rig.upstream.put("up-03", "kept", b"kept")
    check("read", Client(rig.gateway.blob).get_blob("up-03", "kept").body == b"kept")
    threads = [threading.Thread(target=lambda: check("at once", by_blob(rig) == wanted)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wanted


def away(rig, wanted):
    rig.proxy.down()
    check("stale while upstream is away", both(rig) == (wanted, wanted), both(rig))
    rig.restart()
    check("stale after a restart", both(rig) == (wanted, wanted), both(rig))
    rig.proxy.up()
    until = time.monotonic() + 20
    rig.upstream.make("up-new")
    while "up-new" not in by_blob(rig) and time.monotonic() < until:
        time.sleep(0.2)
    check("it is asked again when it is back", "up-new" in by_blob(rig), by_blob(rig))


def read_only(rig):
    blob, s3 = Client(rig.gateway.blob), S3(rig.gateway.s3)
    check("Create Container is refused", blob.create_container("up-refused").status == 403)
    check("CreateBucket is refused", s3.create_bucket("up-refused").status == 403)
    check("Delete Container is refused", blob.request("DELETE", "/up-00", "restype=container").status == 403)
    check("DeleteBucket is refused", s3.delete("up-00", "").status == 403)
    check("nothing was made", "up-refused" not in by_blob(rig))


def changed(rig, mode):
    bind(rig, mode)
    blob, s3, name = Client(rig.gateway.blob), S3(rig.gateway.s3), mode.replace("write-", "new-")
    answer = blob.create_container(name + "-blob", **{"x-ms-meta-who": "me"})
    check(f"{mode}: Create Container", answer.status == 201, answer)
    check(f"{mode}: it is upstream", made_upstream(rig, name + "-blob"))
    answer = s3.create_bucket(name + "-s3")
    check(f"{mode}: CreateBucket", answer.status == 200, answer)
    check(f"{mode}: that is upstream", made_upstream(rig, name + "-s3"))
    answer = blob.create_container(name + "-blob")
    check(f"{mode}: what is there is not made again", answer.status == 409 and answer.error_code == "ContainerAlreadyExists", answer)
    rig.upstream.make(name + "-there")
    answer = blob.create_container(name + "-there")
    check(f"{mode}: nor what only upstream has", answer.status == 409 and answer.error_code == "ContainerAlreadyExists", answer)
    rig.upstream.make(name + "-put")
    answer = blob.put_blob(name + "-put", "first", b"first")
    check(f"{mode}: writing is the first use of a container", answer.status == 201, answer)
    rig.upstream.make(name + "-expect")
    answer = blob.put_blob(name + "-expect", "first", b"first" * 100_000, Expect="100-continue")
    check(f"{mode}: also of a body that waits to be asked for", answer.status == 201, answer)
    answer = blob.put_blob(name + "-nowhere", "first", b"first" * 100_000, Expect="100-continue")
    check(f"{mode}: or is not asked for", answer.status == 404, answer)
    rig.upstream.make(name + "-bucket")
    answer = s3.put(name + "-bucket", "first", b"first" * 100_000)
    check(f"{mode}: by S3, too", answer.status == 200, answer)
    check(f"{mode}: flush", command(rig, "flush", name + "-put")[0] == 0 and command(rig, "flush", name + "-bucket")[0] == 0)
    check(f"{mode}: what was written is upstream", rig.upstream.head(name + "-put", "first").status == 200)
    answer = s3.delete(name + "-bucket", "")
    check(f"{mode}: a bucket with objects upstream stays", answer.status == 409 and b"BucketNotEmpty" in answer.body, answer)
    answer = s3.delete(name + "-s3", "")
    check(f"{mode}: also when only upstream knows of them", answer.status == 409, answer)
    rig.upstream.delete(name + "-s3", "probe")
    answer = s3.delete(name + "-s3", "")
    check(f"{mode}: DeleteBucket", answer.status == 204, answer)
    check(f"{mode}: it is gone upstream", not made_upstream(rig, name + "-s3"))
    answer = blob.request("DELETE", f"/{name}-blob", "restype=container")
    if rig.upstream.is_s3:
        check(f"{mode}: Delete Container of a bucket that is not empty", answer.status == 409 and answer.error_code == "ContainerNotEmpty", answer)
        rig.upstream.delete(name + "-blob", "probe")
        answer = blob.request("DELETE", f"/{name}-blob", "restype=container")
    check(f"{mode}: Delete Container", answer.status == 202, answer)
    check(f"{mode}: that is gone upstream", not made_upstream(rig, name + "-blob"))
    check(f"{mode}: and here", name + "-blob" not in by_blob(rig) and blob.list_blobs(name + "-blob").status == 404)
    answer = blob.request("DELETE", f"/{name}-blob", "restype=container")
    check(f"{mode}: nothing is deleted twice", answer.status == 404, answer)
    answer = blob.create_container(name + "-blob")
    check(f"{mode}: it is made again", answer.status == 201 and made_upstream(rig, name + "-blob"), answer)
    rig.upstream.delete(name + "-blob", "probe")
    rig.upstream.remove(name + "-blob")
    answer = blob.create_container(name + "-blob")
    check(f"{mode}: what went upstream is made again", answer.status == 201 and made_upstream(rig, name + "-blob"), answer)
    rig.proxy.down()
    began = time.monotonic()
    check(f"{mode}: nothing is made while upstream is away", blob.create_container(name + "-away").status == 503)
    check(f"{mode}: nor deleted", blob.request("DELETE", f"/{name}-put", "restype=container").status == 503)
    check(f"{mode}: and that is told soon", time.monotonic() - began < 15, time.monotonic() - began)
    rig.proxy.up()
    check(f"{mode}: it was not made", name + "-away" not in by_blob(rig))


def dirty(rig):
    """What upstream lacks is not deleted with its container."""
    blob, s3 = Client(rig.gateway.blob), S3(rig.gateway.s3)
    check("a container to be dirty", blob.create_container("dirty").status == 201)
    rig.proxy.down()
    check("written while upstream is away", blob.put_blob("dirty", "waits", b"waits").status == 201)
    rig.proxy.up()
    rig.proxy.always(match="PUT /", status=503)
    check("it is not deleted", blob.request("DELETE", "/dirty", "restype=container").status == 409)
    check("nor by S3", s3.delete("dirty", "").status == 409)
    rig.proxy.clear()
    check("it gets there", command(rig, "flush", "dirty", "--timeout", "60s")[0] == 0)
    check("it is there", rig.upstream.head("dirty", "waits").status == 200)
    rig.upstream.delete("dirty", "waits")
    answer = blob.request("DELETE", "/dirty", "restype=container")
    check("then it is deleted", answer.status == 202, answer)


def written_meanwhile(rig):
    """Between the last look and the deletion upstream nothing is taken that would be lost."""
    blob = Client(rig.gateway.blob)
    check("a container to be deleted slowly", blob.create_container("slow").status == 201)
    check("something in it", blob.put_blob("slow", "here", b"here").status == 201 and command(rig, "flush", "slow")[0] == 0)
    rig.upstream.delete("slow", "here")
    answers = []
    rig.proxy.always(match="DELETE /", delay=1.5)
    thread = threading.Thread(target=lambda: answers.append(Client(rig.gateway.blob).request("DELETE", "/slow", "restype=container")))
    thread.start()
    time.sleep(0.7)
    answer = blob.put_blob("slow", "late", b"late")
    check("a write while it is deleted is refused", answer.status == 404, answer)
    thread.join()
    rig.proxy.clear()
    check("it is deleted", answers[0].status == 202, answers)
    check("and nothing of it waits", '"entries":[]' in command(rig, "journal", "--json")[1].replace(" ", ""), command(rig, "journal", "--json"))


def operated(rig):
    """A container that nobody has used yet."""
    for name in ("op-pin", "op-fetch", "op-look"):
        rig.upstream.make(name)
        rig.upstream.put(name, "a/b", b"x" * 5000)
    code, text = command(rig, "pin", "op-pin", "--prefix", "a/")
    check("pin", code == 0, text)
    code, text = command(rig, "prefetch", "op-fetch", "--wait")
    check("prefetch", code == 0, text)
    code, text = command(rig, "residency", "op-fetch", "--json")
    check("it is here", code == 0 and json.loads(text)["rows"][0]["local_bytes"] == 5000, text)
    code, text = command(rig, "residency", "op-look")
    check("residency", code == 0, text)
    code, text = command(rig, "residency", "op-nowhere")
    check("what nobody has is told so", code != 0 and "no container" in text, text)
    rig.proxy.down()
    code, text = command(rig, "pin", "op-unknown")
    check("what nobody can tell, too", code != 0 and "does not say" in text, text)
    rig.proxy.up()


def detached(rig):
    rig.upstream.make("up-unused")
    check("listed once more", "up-unused" in by_blob(rig))
    code, text = detach(rig.gateway.data, "*")
    check("detach", code == 0, text)
    names = by_blob(rig)
    check("what was only listed goes", "up-unused" not in names and "up-01" not in names, names)
    check("what is here stays", "ours" in names and "up-03" in names, names)


def main():
    kinds = sys.argv[1:] or KINDS
    for kind in kinds:
        with tempfile.TemporaryDirectory(prefix="skerry-account-") as folder, Rig(folder, kind) as rig:
            wanted = listed(rig)
            away(rig, wanted)
            read_only(rig)
            changed(rig, "write-through")
            changed(rig, "write-back")
            dirty(rig)
            written_meanwhile(rig)
            operated(rig)
            detached(rig)
        check(f"{kind}: the folder is whole", rig.problems == 0)
    print(f"federation_account {' '.join(kinds)}: {passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
