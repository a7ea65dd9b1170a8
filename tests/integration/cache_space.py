#!/usr/bin/env python3
"""Room for what upstreams have: a small cache before a data set that is larger, scans, pins, restarts, a disk that is nearly full, and what
an operator asks for. A second Skerry is the upstream. Needs root for a small tmpfs of its own."""
import hashlib
import os
import random
import subprocess
import sys
import tempfile
import time
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import ACCOUNT, BINARY, KEY, Client, Server  # noqa: E402

PROBE = os.environ.get("SKERRY_SPACE_PROBE") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "tests",
                                                              "integration", "space_probe")
MIB = 1 << 20
RUNS, DONE, CANCELLED, FAILED = 1, 2, 3, 4
passed = failed = 0


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {what} {detail}", flush=True)


class Answer:
    def __init__(self, lines, status):
        self.lines, self.status = lines, status

    def all(self, word):
        return [line[len(word) + 1:] for line in self.lines if line.startswith(word + " ")]

    def numbers(self, word):
        return [int(number) for number in self.all(word)[0].split()]


class Probe:
    """A core of its own on a data folder."""

    def __init__(self, folder, capacity=0, high=95, low=90, reserve=0):
        self.arguments = [PROBE, folder, str(capacity), str(high), str(low), str(reserve)]

    def __enter__(self):
        self.process = subprocess.Popen(self.arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("ready ok"):
            raise RuntimeError(line)
        return self

    def __exit__(self, kind, *_):
        self.process.stdin.close()
        code = self.process.wait(60)
        self.process.stdout.close()
        if kind is None and code != 0:
            raise RuntimeError(f"the probe ended with {code}")

    def call(self, *words):
        self.process.stdin.write(" ".join(str(word) if word != "" else "-" for word in words) + "\n")
        self.process.stdin.flush()
        lines = []
        while True:
            line = self.process.stdout.readline().rstrip("\n")
            if line.startswith("end "):
                return Answer(lines, line.split()[1])
            if line == "" and self.process.poll() is not None:
                raise RuntimeError(f"the probe died with {self.process.returncode} at {words}")
            lines.append(line)

    def attach(self, upstream, container="data", capacity=0):
        answer = self.call("attach", container, f"http://{upstream.blob}/{ACCOUNT}/{container}", KEY, capacity)
        check(f"{container} is attached", answer.status == "ok", answer.status)

    def read(self, key, container="data", offset=0, length=0):
        answer = self.call("read", container, key, offset, length)
        return answer.all("read")[0].split()[1] if answer.status == "ok" else answer.status

    def space(self):
        names = ["cached", "items", "held", "capacity", "evicted", "evicted_items", "hit", "miss", "counted"]
        return dict(zip(names, self.call("numbers").numbers("numbers")))

    def sum(self, prefix="", container="data"):
        return self.rows(prefix, 0, container)[0][1:]

    def rows(self, prefix, depth, container="data"):
        """(prefix, objects, bytes, local objects, local bytes, pinned, own)"""
        answer = self.call("residency", container, prefix, depth)
        return [(row.split("| ")[0], *(int(number) for number in row.split("| ")[1].split())) for row in answer.all("row")]

    def job(self, number):
        names = ["job", "phase", "counted", "done", "total", "failed", "bytes", "total_bytes", "fetched", "rate", "left"]
        jobs = [dict(zip(names, (int(word) for word in line.split()))) for line in self.call("jobs").all("job")]
        return next((job for job in jobs if job["job"] == number), None)

    def ended(self, number, timeout=60):
        until = time.monotonic() + timeout
        while time.monotonic() < until:
            job = self.job(number)
            if job is not None and job["phase"] != RUNS:
                return job
            time.sleep(0.05)
        return self.job(number)

    def counted(self):
        until = time.monotonic() + 20
        while not self.space()["counted"] and time.monotonic() < until:
            time.sleep(0.05)
        return self.space()


class Upstream:
    """Objects of random bytes, by name."""

    def __init__(self, folder):
        self.server, self.md5, self.size = Server(os.path.join(folder, "upstream")), {}, {}

    def __enter__(self):
        self.server.start()
        self.blob = self.server.blob
        self.client = Client(self.blob)
        self.container("data")
        return self

    def __exit__(self, *_):
        if self.server.process.poll() is None:
            self.server.stop()

    def container(self, name):
        check(f"upstream: {name}", self.client.create_container(name).status == 201)

    def put(self, name, size, container="data"):
        body = random.Random(name).randbytes(size)
        check(f"upstream: {name}", self.client.put_blob(container, name, body).status == 201)
        self.md5[name], self.size[name] = hashlib.md5(body).hexdigest(), size


def fsck(folder, what):
    result = subprocess.run([BINARY, "fsck", folder, "--verify"], stdout=subprocess.PIPE, text=True)
    check(f"{what}: fsck is clean", result.returncode == 0, result.stdout)


def on_disk(folder):
    return sum(os.path.getsize(os.path.join(path, name)) for path, _, names in os.walk(os.path.join(folder, "contents")) for name in names)


def reads_right(probe, upstream, names, what):
    wrong = [name for name in names if probe.read(name) != upstream.md5[name]]
    check(f"{what}: all {len(names)} read right", not wrong, str(wrong[:5]))


def small_cache(folder):
    """A data set of four times the capacity, read twice; nothing else than a part of it is here."""
    data, capacity = os.path.join(folder, "small"), 48 * MIB
    with Upstream(folder) as upstream:
        names = [f"large{i:02d}" for i in range(24)] + [f"small{i:03d}" for i in range(300)]
        for name in names:
            upstream.put(name, 8 * MIB + 12345 if name.startswith("large") else 9000)
        with Probe(data, capacity) as probe:
            probe.attach(upstream)
            most = 0
            for _ in range(2):
                for name in names:
                    check("small: read", probe.read(name) == upstream.md5[name], name)
                    most = max(most, probe.space()["cached"])
            space = probe.space()
            check("small: never more than the capacity", most <= capacity, f"{most}")
            check("small: it was used", space["cached"] > capacity // 2, str(space))
            check("small: something was evicted", space["evicted"] > 2 * 100 * MIB, str(space))
            time.sleep(1.5)
            check("small: and is gone from the disk", on_disk(data) <= capacity + 4 * MIB, str(on_disk(data)))
            total = probe.sum()
            check("small: residency is the account", total[3] == probe.space()["cached"], f"{total} {probe.space()}")
            check("small: and knows all names", total[0] == len(names) and total[1] == sum(upstream.size.values()), str(total))
            before = probe.space()
        with Probe(data, capacity) as probe:
            after = probe.counted()
            check("small: a restart keeps the account", (after["cached"], after["items"]) == (before["cached"], before["items"]),
                  f"{before} {after}")
            reads_right(probe, upstream, names, "small: after a restart")
            check("small: and the limit", probe.space()["cached"] <= capacity, str(probe.space()))
        fsck(data, "small")


def scan(folder):
    """A set that is read again and again stays here while a data set of ten times the cache goes by once."""
    data, capacity = os.path.join(folder, "scan"), 64 * MIB
    with Upstream(folder) as upstream:
        hot = [f"hot{i}" for i in range(6)]
        cold = [f"cold{i:02d}" for i in range(60)]
        for name in hot:
            upstream.put(name, 4 * MIB)
        for name in cold:
            upstream.put(name, 8 * MIB)
        with Probe(data, capacity) as probe:
            probe.attach(upstream)
            reads_right(probe, upstream, hot, "scan: first")
            time.sleep(1.3)
            reads_right(probe, upstream, hot, "scan: again")
            time.sleep(0.3)
            for name in cold:
                for at in range(0, 8 * MIB, 2 * MIB): # in ranges, as clients do
                    check("scan: range", probe.call("read", "data", name, at, 2 * MIB).status == "ok")
            check("scan: the cache was full", probe.space()["evicted"] > 300 * MIB, str(probe.space()))
            local = probe.sum("hot")
            check("scan: the hot set is still here", local[2] == len(hot), str(local))
        fsck(data, "scan")


def operator(folder):
    """Pins, eviction on demand, numbers by prefix; and a limit of one container."""
    data, capacity = os.path.join(folder, "operator"), 64 * MIB
    with Upstream(folder) as upstream:
        upstream.container("other")
        names = [f"{top}/{sub}/{i}" for top in ("a", "b") for sub in ("x", "y") for i in range(3)] + ["a/file", "file"]
        for name in names:
            upstream.put(name, MIB)
        for i in range(30):
            upstream.put(f"z{i}", 4 * MIB)
            upstream.put(f"limited{i}", 4 * MIB, "other")
        with Probe(data, capacity) as probe:
            probe.attach(upstream)
            probe.attach(upstream, "other", 20 * MIB)
            reads_right(probe, upstream, names, "operator")
            check("operator: pin", probe.call("pin", "data", "a/").status == "ok")
            check("operator: twice is once", probe.call("pin", "data", "a/").status == "ok")
            check("operator: pins", probe.call("pins").all("pin") == ["data a/"])
            check("operator: no pin without an upstream", probe.call("pin", "nowhere", "a/").status == "not_found")
            check("operator: sums", probe.sum() == (14, 14 * MIB, 14, 14 * MIB, 7 * MIB, 0), str(probe.sum()))
            rows = {row[0]: row[1:] for row in probe.rows("", 1)[1:]}
            check("operator: rows", {name: row[0] for name, row in rows.items()} == {"a/": 7, "b/": 6, "": 1}, str(rows))
            rows = {row[0]: row[1:] for row in probe.rows("", 2)[1:]}
            check("operator: rows in two steps", {name: row[0] for name, row in rows.items()} ==
                  {"a/": 1, "a/x/": 3, "a/y/": 3, "b/x/": 3, "b/y/": 3, "": 1}, str(rows))
            answer = probe.call("evict", "data", "")
            check("operator: all but what is pinned is evicted", answer.numbers("evicted") == [7 * MIB, 7, 7 * MIB], str(answer.lines))
            check("operator: as its numbers say", probe.sum() == (14, 14 * MIB, 7, 7 * MIB, 7 * MIB, 0), str(probe.sum()))
            check("operator: and the account", probe.space()["cached"] == 7 * MIB, str(probe.space()))
            reads_right(probe, upstream, names, "operator: fetched again")
            for i in range(30):
                check("operator: limited", probe.read(f"limited{i}", "other") == upstream.md5[f"limited{i}"])
            limited = [line.split() for line in probe.call("numbers").all("container") if line.startswith("other ")][0]
            check("operator: a container keeps to its limit", 8 * MIB < int(limited[1]) <= 20 * MIB, str(limited))
            check("operator: at nobody else's expense", probe.sum()[2] == 14, str(probe.sum()))
            reads_right(probe, upstream, [f"z{i}" for i in range(30)], "operator: pressure")
            check("operator: what is pinned stays", probe.sum("a/")[2] == 7, str(probe.sum("a/")))
        with Probe(data, capacity) as probe:
            probe.counted()
            check("operator: pins survive a restart", probe.call("pins").all("pin") == ["data a/"])
            reads_right(probe, upstream, [f"z{i}" for i in range(30)], "operator: pressure again")
            check("operator: and hold", probe.sum("a/")[2] == 7, str(probe.sum("a/")))
            check("operator: unpin", probe.call("unpin", "data", "a/").status == "ok")
            check("operator: nothing to unpin", probe.call("unpin", "data", "a/").status == "not_found")
            reads_right(probe, upstream, [f"z{i}" for i in range(30)], "operator: once more")
            reads_right(probe, upstream, [f"z{i}" for i in range(30)], "operator: and again")
            check("operator: then it goes as any other", probe.sum("a/")[2] < 7, str(probe.sum("a/")))
            time.sleep(0.5)
            here = probe.sum()
            check("operator: detach", probe.call("detach", "data").status == "ok")
            time.sleep(1.5)
            after = probe.sum()
            check("operator: what is detached is none of the cache's", probe.space()["cached"] <= 20 * MIB, str(probe.space()))
            check("operator: what was here stays, as its own", after[0] == here[2] and after[5] == after[1] == after[3], f"{here} {after}")
            check("operator: and is not evicted", probe.call("evict", "data", "").status == "not_found")
        fsck(data, "operator")


def prefetch(folder):
    """Jobs that fetch ahead: by prefix, by manifest, slowly, over a restart, cancelled; then upstream is away and all can be read."""
    data = os.path.join(folder, "prefetch")
    with Upstream(folder) as upstream:
        names = [f"set/{i:04d}" for i in range(200)] + [f"set/large{i}" for i in range(3)]
        for name in names:
            upstream.put(name, 18 * MIB + 5 if "large" in name else 5000 if int(name[-1]) % 2 else 30000)
        upstream.put("set/empty", 0)
        upstream.put("elsewhere", 1000)
        whole = sum(size for name, size in upstream.size.items() if name.startswith("set/"))
        with Probe(data) as probe:
            check("prefetch: nothing to attach to", probe.call("prefetch", "nowhere", "", 0, 0).status == "not_found")
            probe.attach(upstream)
            number = int(probe.call("prefetch", "data", "set/", 0, 4).all("job")[0])
            job = probe.ended(number)
            check("prefetch: done", job["phase"] == DONE and job["done"] == job["total"] == 204 and job["failed"] == 0, str(job))
            check("prefetch: all bytes", job["bytes"] == job["total_bytes"] == whole and job["fetched"] == whole, f"{job} {whole}")
            total = probe.sum("set/")
            check("prefetch: all of it is here", total[0] == total[2] == 204 and total[3] == whole, str(total))
            check("prefetch: and nothing else", probe.sum("elsewhere")[2] == 0, str(probe.sum("elsewhere")))
            again = probe.ended(int(probe.call("prefetch", "data", "set/", 0, 4).all("job")[0]))
            check("prefetch: again is nothing", again["phase"] == DONE and again["fetched"] == 0, str(again))
            check("prefetch: evict", probe.call("evict", "data", "").status == "ok")
            keys = ["set/0007", "set/large1", "set/none", "elsewhere"]
            job = probe.ended(int(probe.call("manifest", "data", ",".join(keys)).all("job")[0]))
            check("prefetch: a manifest", job["phase"] == DONE and job["done"] == 4 and job["failed"] == 1, str(job))
            check("prefetch: what it names", probe.sum("")[3] == sum(upstream.size[name] for name in keys if name != "set/none"),
                  str(probe.sum("")))
            check("prefetch: forget", probe.call("cancel", number).status == "ok" and probe.call("cancel", number).status == "not_found")
            check("prefetch: evict again", probe.call("evict", "data", "").status == "ok")
            slow = int(probe.call("prefetch", "data", "set/large", 10 * MIB, 2).all("job")[0])
            began = time.monotonic()
            time.sleep(1.5)
            check("prefetch: slowly", probe.job(slow)["phase"] == RUNS, str(probe.job(slow)))
            job = probe.ended(slow)
            check("prefetch: as slowly as asked for", 3 < time.monotonic() - began < 12 and job["phase"] == DONE, f"{job} {time.monotonic() - began}")
            check("prefetch: evict once more", probe.call("evict", "data", "").status == "ok")
            slow = int(probe.call("prefetch", "data", "set/", 8 * MIB, 2).all("job")[0])
            cancelled = int(probe.call("prefetch", "data", "set/", 1 * MIB, 2).all("job")[0])
            time.sleep(1)
            check("prefetch: cancel", probe.call("cancel", cancelled).status == "ok" and probe.ended(cancelled, 5)["phase"] == CANCELLED)
            time.sleep(2.5)
            before = probe.job(slow)
            check("prefetch: it was under way", before["phase"] == RUNS and before["done"] > 0, str(before))
        with Probe(data) as probe:
            time.sleep(0.3)
            after = probe.job(slow)
            check("prefetch: goes on where it was", after is not None and after["done"] >= before["done"], f"{before} {after}")
            check("prefetch: what was cancelled stays so", probe.job(cancelled)["phase"] == CANCELLED)
            job = probe.ended(slow)
            check("prefetch: to its end", job["phase"] == DONE and job["done"] == job["total"] == 204 and job["failed"] == 0, str(job))
            upstream.server.stop()
            reads_right(probe, upstream, names, "prefetch: without an upstream")
            check("prefetch: hits", probe.space()["miss"] == 0, str(probe.space()))
            away = int(probe.call("manifest", "data", "elsewhere").all("job")[0])
            time.sleep(1.5)
            check("prefetch: waits for its upstream", probe.job(away)["phase"] == RUNS, str(probe.job(away)))
        fsck(data, "prefetch")


def full_disk(folder):
    """Without a capacity the disk is the limit: reading goes on, and so does writing here."""
    mounted = os.path.join(folder, "disk")
    os.mkdir(mounted)
    with Upstream(folder) as upstream:
        for i in range(40):
            upstream.put(f"n{i:02d}", 6 * MIB)
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=120m", "tmpfs", mounted], check=True)
        try:
            data = os.path.join(mounted, "data")
            with Server(data, "--reserve", "16MiB", "--meta-map-initial", "4MiB") as server:
                attach(server, upstream, folder)
                client = Client(server.blob)
                client.create_container("here")
                wrong = refused = 0
                least = 1 << 60
                for turn in range(2):
                    for i in range(40):
                        answer = client.get_blob("data", f"n{i:02d}")
                        wrong += answer.status != 200 or hashlib.md5(answer.body).hexdigest() != upstream.md5[f"n{i:02d}"]
                        if turn == 1:
                            refused += client.put_blob("here", f"w{i:02d}", b"w" * 500000).status != 201
                            least = min(least, os.statvfs(mounted).f_bavail * os.statvfs(mounted).f_frsize)
                check("disk: all reads right", wrong == 0, str(wrong))
                check("disk: no write was refused", refused == 0, str(refused))
                check("disk: the reserve was left alone", least >= 15 * MIB, str(least))
            check("disk: fsck is clean", server.fsck() == 0)
        finally:
            subprocess.run(["umount", mounted], check=False)


def attach(server, upstream, folder):
    attached = subprocess.run([BINARY, "attach", "data", "--upstream", f"http://{upstream.blob}/{ACCOUNT}/data", "--key-file", key_file(folder),
                               "--mode", "write-back", "--listing", "upstream", "--data", server.data],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    check("attached by command", attached.returncode == 0, attached.stdout)


def metric(server, name):
    with urllib.request.urlopen(f"http://{server.admin}/metrics", timeout=30) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith(f"skerry_{name} "):
                return float(line.split()[1])
    return None


def settled(server, truth, timeout=30):
    until = time.monotonic() + timeout
    while not truth(server) and time.monotonic() < until:
        time.sleep(0.1)
    return truth(server)


def uploaded(folder):
    """What is written here stays until upstream has it; then it is a part of the cache like any other."""
    data, capacity = os.path.join(folder, "uploaded"), 32 * MIB
    bodies = {f"large{i:02d}": random.Random(i).randbytes(5 * MIB) for i in range(16)}
    bodies.update({f"small{i:03d}": random.Random(i).randbytes(6000) for i in range(100)})
    with Upstream(folder) as upstream:
        with Server(data, "--cache-capacity", "32MiB") as server:
            attach(server, upstream, folder)
            client = Client(server.blob)
            for name, body in bodies.items():
                check("uploaded: put", client.put_blob("data", name, body, **{"x-ms-meta-of": name}).status == 201, name)
            check("uploaded: what is ours alone is no part of the cache", metric(server, "cached_bytes") <= sum(map(len, bodies.values())))
            check("uploaded: upstream has all", settled(server, lambda server: metric(server, "dirty_objects") == 0),
                  f"{metric(server, 'dirty_objects')}")
            check("uploaded: then the limit holds", settled(server, lambda server: metric(server, "cached_bytes") <= capacity),
                  f"{metric(server, 'cached_bytes')}")
            check("uploaded: by evicting", metric(server, "evicted_bytes_total") >= 48 * MIB, f"{metric(server, 'evicted_bytes_total')}")
            check("uploaded: in use", metric(server, "cached_bytes") >= capacity // 2, f"{metric(server, 'cached_bytes')}")
            before = metric(server, "cached_bytes")
        with Server(data, "--cache-capacity", "32MiB") as server:
            check("uploaded: a restart keeps the account", settled(server, lambda server: metric(server, "cached_bytes") == before),
                  f"{before} {metric(server, 'cached_bytes')}")
            client = Client(server.blob)
            wrong = []
            for name, body in bodies.items():
                answer = client.get_blob("data", name)
                if answer.status != 200 or answer.body != body or answer.headers["x-ms-meta-of"] != name:
                    wrong.append(f"{name} {answer}")
            check("uploaded: all of it reads right", not wrong, str(wrong[:5]))
            check("uploaded: hits and misses", metric(server, "cache_miss_bytes_total") > 32 * MIB, f"{metric(server, 'cache_miss_bytes_total')}")
        fsck(data, "uploaded")


def key_file(folder):
    path = os.path.join(folder, "key")
    with open(path, "w") as file:
        file.write(KEY + "\n")
    return path


def main():
    for test in (small_cache, scan, operator, prefetch, uploaded, full_disk):
        if len(sys.argv) > 1 and test.__name__ not in sys.argv[1:]:
            continue
        with tempfile.TemporaryDirectory(prefix="skerry-cache-") as folder:
            began = time.monotonic()
            test(folder)
            print(f"cache_space: {test.__name__} in {time.monotonic() - began:.1f} s", flush=True)
    print(f"cache_space: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
