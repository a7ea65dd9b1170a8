#!/usr/bin/env python3
"""Several gateways before one upstream, behind HAProxy with docker/haproxy.cfg: which gateway a name goes to, in both protocols and however it is
encoded; blocks and parts; what a balancer must not change; a gateway that is killed, comes back, or is new; and what is written through while that
happens. docker/README.md, "Several gateways", says what is looked for here."""
import hashlib
import http.client
import json
import os
import random
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
import s3client  # noqa: E402
from azurite import Azurite  # noqa: E402
from balancer import Balancer  # noqa: E402
from blobclient import ACCOUNT, BINARY, KEY, Client, Server, date, sign, string_to_sign  # noqa: E402
from fault_proxy import FaultProxy  # noqa: E402
from s3client import S3  # noqa: E402

NAMES = 90
TTL_S = 3  # of the container that changes beside the balancer
CLOCKS_S = 5  # what was changed upstream so shortly before may have been changed after (upload_state.c)
TRIES = 4  # what clients do by themselves: azcopy, rclone and the SDKs try three times or more
passed = failed = 0


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {what} {detail}", flush=True)
    return truth


def body_of(name, version=0):
    """Bytes of which anybody can tell whose they are: several reads long, and other lengths for other versions."""
    seed = f"{name}/{version}/".encode()
    return (seed * (20_000 // len(seed) + 1))[:20_000 + version % 100]


class Site:
    """Upstream, gateways and balancer. Each container is made upstream and bound on every gateway."""

    def __init__(self, folder, kind, count, containers):
        self.folder, self.binds = folder, []
        key = os.path.join(folder, "upstream.key")
        with open(key, "w") as file:
            file.write(KEY)
        self.server = Azurite(folder) if kind == "azurite" else Server(os.path.join(folder, "upstream")).start()
        self.upstream = self.server.endpoint if kind == "azurite" else self.server.blob
        self.proxy = FaultProxy(self.upstream)  # on the way to the container "slow"
        for container, (mode, ttl) in containers.items():
            assert Client(self.upstream).create_container(container).status == 201
            address = self.proxy.address if container == "slow" else self.upstream
            self.binds += ["--bind", f"{container}=http://{address}/{ACCOUNT}/{container};mode={mode};ttl={ttl};key=@{key};allow_http=true"]
        self.log = open(os.path.join(folder, "gateways.log"), "ab")
        self.nodes = [self.node(at) for at in range(count)]
        self.balancer = Balancer(folder, self.nodes)

    def node(self, at):
        return Server(os.path.join(self.folder, f"gateway-{at}"), "--s3-domain", "s3.localhost", *self.binds, log=self.log).start()

    def again(self, node):
        """Starts one that was killed, at the addresses that the balancer knows."""
        if "--admin" not in node.flags:
            node.flags = (*node.flags, "--blob", node.blob, "--s3", node.s3, "--admin", node.admin)
        node.start()

    def put(self, container, name, body):
        """Beside the balancer and all gateways."""
        assert Client(self.upstream).put_blob(container, name, body).status == 201

    def fetches(self, container, node=None):
        """How often each gateway fetched something from the container."""
        counts = []
        for one in [node] if node else self.nodes:
            said = subprocess.run([BINARY, "bindings", "--json", "--data", one.data], capture_output=True, text=True, timeout=60, check=True)
            counts += [bound["fetches"] for bound in json.loads(said.stdout)["bindings"] if bound["container"] == container]
        return counts

    def stop(self):
        self.balancer.__exit__()
        for node in self.nodes:
            node.stop()
            check("a gateway's folder is sound", node.fsck("--verify") == 0, node.data)
        self.proxy.__exit__()
        self.server.stop()
        self.log.close()

    def said(self):
        with open(self.log.name, errors="replace") as file:
            return self.balancer.said() + file.read()[-3000:]


# ---- load ----

class Failed(Exception):
    """What was asked for was not had, though it was tried as often as clients do."""


def insist(client, ask, counts):
    """An answer, trying again where clients do: after a cut connection, and after 5xx."""
    seen = []
    for _ in range(TRIES):
        try:
            answer = ask(client)
            if answer.status < 500:
                return answer
            seen.append(str(answer.status))
        except (OSError, http.client.HTTPException) as error:
            client.close()
            seen.append(type(error).__name__)
        counts["again"] += 1
        time.sleep(0.1)
    raise Failed(seen)


class Load:
    """Threads that do something to the balancer, over and over, until they are told to stop. As a context manager."""

    def __init__(self, site, work, threads=4):
        self.site, self.work, self.ending = site, work, threading.Event()
        self.counts = [{"done": 0, "again": 0, "refused": 0} for _ in range(threads)]
        self.problems = []
        self.threads = [threading.Thread(target=self._run, args=(at,)) for at in range(threads)]

    def _run(self, at):
        clients = Client(self.site.balancer.blob), S3(self.site.balancer.s3)
        picks = random.Random(at)
        try:
            while not self.ending.is_set() and len(self.problems) < 5:
                try:
                    problem = self.work(at, picks, clients, self.counts[at])
                except Failed as error:
                    problem = f"gave up after {error}"
                if problem:
                    self.problems.append(problem)
                self.counts[at]["done"] += 1
        except Exception as error:  # a thread that ends without a word would look like one that found nothing
            self.problems.append(repr(error))
        for client in clients:
            client.close()

    def total(self, what):
        return sum(counts[what] for counts in self.counts)

    def await_more(self, count=200):
        """Until so much more was done."""
        until, end = self.total("done") + count, time.monotonic() + 60
        while self.total("done") < until and time.monotonic() < end and not self.problems:
            time.sleep(0.01)

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        for thread in self.threads:
            thread.join()


def reading(container, names):
    """By both protocols in turn; says what was wrong."""
    def work(_, picks, clients, counts):
        name = picks.choice(names)
        blob, s3 = clients
        if picks.random() < 0.5:
            answer = insist(blob, lambda client: client.get_blob(container, name), counts)
        else:
            answer = insist(s3, lambda client: client.get(container, name), counts)
        return None if (answer.status, answer.body) == (200, body_of(name)) else f"{name}: {answer!r}, {len(answer.body)} bytes"
    return work


# ---- parts ----

def names_of(container):
    return [f"{container}/{at:03d} (a+b) ü~" for at in range(NAMES)]


def spread(site):
    """A name has one gateway, whoever asks for it and however it is written."""
    names = names_of("shared")
    for name in names:
        site.put("shared", name, body_of(name))
    blob, s3 = Client(site.balancer.blob), S3(site.balancer.s3)
    for name in names:
        answer = blob.get_blob("shared", name)
        check("read through the balancer", (answer.status, answer.body) == (200, body_of(name)), (name, answer))
    first = site.fetches("shared")
    check("each name was fetched once", sum(first) == NAMES, first)
    check("every gateway has its share", min(first) >= NAMES // len(first) // 3, first)

    def also(what, ask):
        answers = [ask(name) for name in names]
        check(f"{what}: all are read", all((one.status, one.body) == (200, body_of(name)) for name, one in zip(names, answers)),
              [one for one in answers if one.status != 200][:1])
        check(f"{what}: on the same gateways", site.fetches("shared") == first, site.fetches("shared"))

    def lower(name):  # other characters encoded, and with digits that are written otherwise
        return "".join(f"%{byte:02x}" if not chr(byte).isalnum() or byte > 127 else chr(byte) for byte in name.encode()).replace("%2f", "/")

    account_host = Client(site.balancer.blob)

    def host_style(name):
        path, stamp = f"/shared/{urllib.parse.quote(name)}", {"x-ms-date": date(), "x-ms-version": "2021-12-02"}
        text = string_to_sign("GET", path, "", stamp)
        connection = http.client.HTTPConnection(site.balancer.blob, timeout=60)
        connection.putrequest("GET", path, skip_host=True, skip_accept_encoding=True)
        for header, value in {"Host": f"{ACCOUNT}.blob.localhost", **stamp, "Authorization": f"SharedKey {ACCOUNT}:{sign(KEY, text)}"}.items():
            connection.putheader(header, value)
        connection.endheaders()
        response = connection.getresponse()
        answer = s3client.Answer(response.status, response.headers, response.read())
        connection.close()
        return answer

    also("once more", lambda name: blob.get_blob("shared", name))
    also("encoded otherwise", lambda name: blob.request("GET", "/shared/" + lower(name)))
    also("with a query", lambda name: blob.request("GET", blob.name("shared", name), "timeout=30"))
    also("ranges", lambda name: (lambda answer: s3client.Answer(200 if answer.status == 206 else answer.status, {}, body_of(name)[:1] + answer.body))(
        blob.get_blob("shared", name, **{"x-ms-range": "bytes=1-"})))
    also("the account as a host", host_style)
    also("by S3", lambda name: s3.get("shared", name))
    also("the bucket as a host", lambda name: s3.request("GET", s3client.quote(f"/{name}"), headers={"Host": "shared.s3.localhost"}))
    account_host.close()
    listed = blob.list_blobs("shared")
    check("a listing has all names", all(name.encode() in listed.body for name in names) and listed.status == 200, listed)
    check("so has that of S3", s3.get("shared", "", "list-type=2").all("Contents/Key") == sorted(names))


def pieces(site):
    """Blocks and parts meet on one gateway, though the requests differ in all but the path; what was written is read at once."""
    for node in site.nodes:
        assert Client(node.blob).create_container("plain").status == 201  # of no upstream: what is written stays on its gateway
    wrong = []

    def work(at):
        blob, s3 = Client(site.balancer.blob), S3(site.balancer.s3)
        for turn in range(8):
            name, parts = f"pieces/{at}-{turn} (x)", [os.urandom(5 << 20 if turn == 0 else 1000) for _ in range(3)]
            staged = [blob.put_block("plain", name, b"%04d" % number, part).status for number, part in enumerate(parts)]
            if (staged, blob.put_block_list("plain", name, [b"%04d" % number for number in range(3)]).status,
                    blob.get_blob("plain", name).body) != ([201] * 3, 201, b"".join(parts)):
                wrong.append(f"blocks of {name}")
            key, parts = f"parts/{at}-{turn} (x)", [os.urandom(5 << 20), os.urandom(10)] if turn < 2 else [os.urandom(10)]
            upload = s3.create_upload("plain", key)
            tags = [(number, s3.upload_part("plain", key, upload, number, part)["ETag"]) for number, part in enumerate(parts, 1)]
            if s3.complete("plain", key, upload, tags).status != 200 or s3.get("plain", key).body != b"".join(parts):
                wrong.append(f"parts of {key}")
            answer = blob.get_blob("plain", key)
            if (answer.status, answer.body) != (200, b"".join(parts)):
                wrong.append(f"{key} as a blob: {answer!r}")
            if s3.delete("plain", key).status != 204 or blob.get_blob("plain", key).status != 404:
                wrong.append(f"{key} after deletion")

    threads = [threading.Thread(target=work, args=(at,)) for at in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check("blocks, parts, and what was written is read by both", not wrong, wrong[:3])
    counts = [Client(node.blob).list_blobs("plain").body.count(b"<Blob>") for node in site.nodes]
    check("they are on all gateways", min(counts) >= 3, counts)


def unchanged(site):
    """What a balancer must pass on as it is."""
    s3, blob = S3(site.balancer.s3), Client(site.balancer.blob)
    chunks = [os.urandom(70_000), os.urandom(70_000), b""]
    check("signed chunks", s3.chunked("/plain/chunks", chunks).status == 200 and s3.get("plain", "chunks").body == b"".join(chunks))
    target = s3.presign("GET", "/plain/chunks", "response-content-type=text%2Fplain")
    check("a presigned URL", s3.send("GET", target, {"Host": s3.endpoint}).status == 200)
    check("dots and slashes in a name", blob.put_blob("plain", "a//b/./../c%2F", b"odd").status == 201 and
          blob.get_blob("plain", "a//b/./../c%2F").body == b"odd")
    large = hashlib.shake_256(b"large").digest(64 << 20)
    check("64 MiB", blob.put_blob("plain", "large", large).status == 201 and blob.get_blob("plain", "large").body == large)
    check("metadata, in lower case", blob.put_blob("plain", "m", b"", **{"x-ms-meta-Colour": "Red"}).status == 201 and
          [pair for pair in blob.head_blob("plain", "m").headers.items() if "meta" in pair[0].lower()] == [("x-ms-meta-colour", "Red")],
          blob.head_blob("plain", "m").headers.items())
    long = {f"x-ms-meta-n{at}": "v" * 1000 for at in range(8)}
    check("8 KB of metadata", blob.put_blob("plain", "m", b"", **long).status == 201)
    for what, key, wanted in (("a request that may", KEY, [b"100", b"201"]), ("one that may not", "AAAA", [b"403"])):
        check(f"Expect: 100-continue, {what}", expecting(site.balancer.blob, key) == wanted, expecting(site.balancer.blob, key))


def expecting(address, key):
    """Statuses of an upload that sends its body, after a pause, only when it was told to go on."""
    body, path, statuses = b"b" * 100_000, f"/{ACCOUNT}/plain/expect", []
    headers = {"x-ms-date": date(), "x-ms-version": "2021-12-02", "x-ms-blob-type": "BlockBlob", "Content-Length": str(len(body))}
    signature = sign(key, string_to_sign("PUT", path, "", headers))
    lines = [f"PUT {path} HTTP/1.1", f"Host: {address}", "Expect: 100-continue", *(f"{name}: {value}" for name, value in headers.items()),
             f"Authorization: SharedKey {ACCOUNT}:{signature}"]
    with socket.create_connection(tuple(address.rsplit(":", 1)), timeout=20) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        stream = connection.makefile("rb")
        while True:
            statuses.append(stream.readline().split()[1])
            while stream.readline() != b"\r\n":
                pass
            if statuses[-1] != b"100":
                return statuses
            connection.sendall(body[:50_000])
            time.sleep(1)
            connection.sendall(body[50_000:])


def freshness(site):
    """What is changed beside the balancer is seen after the binding's time at the latest; what was not there, after two seconds."""
    names = [f"beside-{at}" for at in range(6)]
    blob = Client(site.balancer.blob)
    for name in names:
        site.put("changing", name, body_of(name, 1))
    check("as it was", all(blob.get_blob("changing", name).body == body_of(name, 1) for name in names))
    check("and what is not there", blob.get_blob("changing", "late").status == 404)
    for name in names:
        site.put("changing", name, body_of(name, 2))
    site.put("changing", "late", body_of("late"))
    changed = time.monotonic()
    old = [blob.get_blob("changing", name).body for name in names]
    check("the old or the new", all(one in (body_of(name, 1), body_of(name, 2)) for name, one in zip(names, old)))
    time.sleep(max(0.0, changed + TTL_S + 0.1 - time.monotonic()))
    check("the new one after the binding's time", all(blob.get_blob("changing", name).body == body_of(name, 2) for name in names))
    check("what was made meanwhile too", blob.get_blob("changing", "late").body == body_of("late"))


def kill(site):
    """SIGKILL under load, and back: every read is answered, and the others' names stay where they are."""
    names = names_of("shared")
    dying, others = site.nodes[1], [site.nodes[0], *site.nodes[2:]]
    share, before = site.fetches("shared", dying)[0], sum(sum(site.fetches("shared", node)) for node in others)
    with Load(site, reading("shared", names)) as load:
        load.await_more()
        dying.kill()
        load.await_more(600)
        for name in names:
            check("read while a gateway is gone", Client(site.balancer.blob).get_blob("shared", name).body == body_of(name), name)
        moved = sum(sum(site.fetches("shared", node)) for node in others) - before
        site.again(dying)
        site.balancer.await_up(len(site.nodes))
        load.await_more()
    check("no read failed", not load.problems, load.problems)
    check("few had to be tried again", load.total("again") <= 8, load.total("again"))
    # Until its death is noticed, a name may go to another gateway than afterwards.
    check("only the names of the one that died were fetched anew", share <= moved <= 2 * share, (moved, share))
    blob = Client(site.balancer.blob)
    others_now = sum(sum(site.fetches("shared", node)) for node in others)
    check("all are read when it is back", all(blob.get_blob("shared", name).body == body_of(name) for name in names))
    check("by the gateways that had them", site.fetches("shared", dying) == [0] and
          sum(sum(site.fetches("shared", node)) for node in others) == others_now, site.fetches("shared"))
    print(f"many_gateways: killed under {load.total('done')} reads, {load.total('again')} of them tried again", flush=True)


def join(site):
    """One more gateway: it gets its share, and nobody fails or waits for that."""
    names = names_of("shared")
    before = sum(site.fetches("shared"))
    with Load(site, reading("shared", names)) as load:
        load.await_more()
        site.nodes.append(site.node(len(site.nodes)))
        site.balancer.load(site.nodes)
        load.await_more(600)
        for name in names:
            check("read with one more", Client(site.balancer.blob).get_blob("shared", name).body == body_of(name), name)
    check("no read failed", not load.problems and load.total("again") == 0, (load.problems, load.total("again")))
    moved = site.fetches("shared", site.nodes[-1])[0]
    check("the new one has a share", NAMES // len(site.nodes) // 3 <= moved <= NAMES // 2, moved)
    check("and nothing else moved", sum(site.fetches("shared")) - before == moved, (site.fetches("shared"), before, moved))


def write_through(site):
    """Written and read under load while gateways are killed and come back: what was acknowledged is upstream."""
    acknowledged, tried = {}, {}  # by name, each of one thread only

    def work(at, picks, clients, counts):
        name = f"written/{at}/{picks.randrange(12)}"
        version = tried[name] = tried.get(name, 0) + 1
        blob, s3 = clients
        body = body_of(name, version)
        answer = insist(blob, lambda client: client.put_blob("written", name, body), counts) if picks.random() < 0.5 else \
            insist(s3, lambda client: client.put("written", name, body), counts)
        if answer.status not in (200, 201):
            return f"{name}: {answer!r}"
        acknowledged[name] = version
        at_upstream = Client(site.upstream).get_blob("written", name)
        if at_upstream.body != body:
            return f"{name} {version} was acknowledged, and upstream has {at_upstream!r} {at_upstream.body[:30]}"
        return None

    def written_is_read(what):
        blob, s3 = Client(site.balancer.blob), S3(site.balancer.s3)
        for turn in range(2):
            for at in range(10):
                name, body = f"own/{what}/{at}", body_of(f"own {what} {at}", turn)
                put = blob.put_blob("written", name, body)
                check(f"{what}: write", put.status == 201, put)
                got = blob.get_blob("written", name)
                check(f"{what}: read after write", (got.status, got.body) == (200, body), (name, got, got.body[:30]))
                check(f"{what}: with its entity tag", got.headers["ETag"] == put.headers["ETag"], (got.headers["ETag"], put.headers["ETag"]))
                check(f"{what}: by S3", s3.get("written", name).body == body, name)
        listed = blob.list_blobs("written", "prefix=own/" + what)
        check(f"{what}: listed", listed.body.count(b"<Blob>") == 10, listed)

    written_is_read("before")
    with Load(site, work) as load:
        for node in (site.nodes[0], site.nodes[2], site.nodes[1], site.nodes[0]):
            load.await_more(150)
            node.kill()
            load.await_more(300)
            site.again(node)
            site.balancer.await_up(len(site.nodes))
        load.await_more(100)
    check("every write was acknowledged or tried again", not load.problems, load.problems)
    for name, version in acknowledged.items():
        there = Client(site.upstream).get_blob("written", name)
        check("nothing acknowledged is lost", there.body in [body_of(name, at) for at in range(version, tried[name] + 1)], (name, version, there))
    time.sleep(max(TTL_S, CLOCKS_S) + 0.5)
    for node in site.nodes:
        client = Client(node.blob)
        for name in acknowledged:
            there, here = Client(site.upstream).get_blob("written", name), client.get_blob("written", name)
            check("each gateway has what upstream has", here.body == there.body, (name, here))
    for name in acknowledged:
        again = Client(site.balancer.blob).put_blob("written", name, b"once more")
        check("each name can be written again", again.status == 201, (name, again, again.body[:200]))
        check("and is upstream", Client(site.upstream).get_blob("written", name).body == b"once more", name)
    written_is_read("after")
    print(f"many_gateways: gateways killed under {load.total('done')} writes, {load.total('again')} of them tried again", flush=True)


def overtaken(site):
    """A gateway is killed before upstream had what it was told, and comes back after somebody else has written the name."""
    node, name = site.nodes[0], "name"
    site.proxy.fault(times=100, stall=-1)

    def write():
        try:
            check("nobody was told that it is written", Client(node.blob).put_blob("slow", name, b"never acknowledged").status >= 500)
        except (OSError, http.client.HTTPException):
            pass

    writer = threading.Thread(target=write)
    writer.start()
    end = time.monotonic() + 20
    while not site.proxy.requests and time.monotonic() < end:
        time.sleep(0.02)
    node.kill()
    writer.join()
    site.proxy.clear()
    site.put("slow", name, b"what came after")
    site.again(node)
    client, end = Client(node.blob), time.monotonic() + 20
    while client.get_blob("slow", name).body != b"what came after" and time.monotonic() < end:
        time.sleep(0.05)
    check("it does not hide what came after", client.get_blob("slow", name).body == b"what came after", client.get_blob("slow", name).body)
    time.sleep(CLOCKS_S + 0.5)
    check("and the name can be written", client.put_blob("slow", name, b"at last").status == 201)
    check("as upstream has it", Client(site.upstream).get_blob("slow", name).body == b"at last")
    site.balancer.await_up(len(site.nodes))


def main():
    kind = sys.argv[1] if len(sys.argv) > 1 else "skerry"
    with tempfile.TemporaryDirectory(prefix="skerry-many-") as folder:
        site = Site(folder, kind, 3, {"shared": ("read-only", "1h"), "changing": ("read-only", f"{TTL_S}s"),
                                      "written": ("write-through", f"{TTL_S}s"), "slow": ("write-through", f"{TTL_S}s")})
        try:
            for part in (spread, pieces, unchanged, freshness, kill, join, write_through, overtaken):
                began = time.monotonic()
                part(site)
                print(f"many_gateways: {part.__name__} {time.monotonic() - began:.1f} s", flush=True)
            if failed:
                print(site.said())
        finally:
            site.stop()
    print(f"many_gateways: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
