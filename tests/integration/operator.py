#!/usr/bin/env python3
"""The operator's way to what upstreams lack and to what is here of them: rows of the API and commands, with and without --json, their
errors and their exit codes. Another Skerry is upstream, behind a proxy that takes it away."""
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import ACCOUNT, BINARY, Client, Server  # noqa: E402
from bound import Gateway  # noqa: E402
from fault_proxy import FaultProxy  # noqa: E402

passed = failed = 0
BODY = os.urandom(100_000)


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {what} {detail}", flush=True)


class Place:
    """A gateway, what is upstream of it, and commands that find the gateway by its folder."""

    def __init__(self, gateway, upstream, proxy):
        self.gateway, self.upstream, self.proxy = gateway, upstream, proxy

    @property
    def here(self):
        return Client(self.gateway.blob)

    @property
    def there(self):
        return Client(self.upstream.blob)

    def bind(self, container, mode="write-back"):
        self.there.create_container(container)
        self.gateway.attach(container, f"http://{self.proxy.address}/{ACCOUNT}/{container}", mode)

    def run(self, *arguments):
        known = {name: value for name, value in os.environ.items() if not name.startswith("SKERRY_")}
        return subprocess.run([BINARY, *arguments, "--data", self.gateway.data], capture_output=True, text=True, timeout=120, env=known)

    def does(self, what, *arguments, says=()):
        result = self.run(*arguments)
        check(f"{what}: exit code", result.returncode == 0, (result.returncode, result.stdout, result.stderr))
        check(f"{what}: says {says}", all(word in result.stdout for word in says), result.stdout)
        return result

    def json(self, what, *arguments, code=0):
        result = self.run(*arguments, "--json")
        check(f"{what}: exit code", result.returncode == code, (result.returncode, result.stdout, result.stderr))
        check(f"{what}: no progress beside JSON", result.stderr == "", result.stderr)
        try:
            return json.loads(result.stdout)
        except ValueError:
            check(f"{what}: is JSON", False, result.stdout)
            return {}

    def refuses(self, what, *arguments, says=()):
        result = self.run(*arguments)
        check(f"{what}: exit code", result.returncode == 1, result.stdout)
        check(f"{what}: says {says}", all(word in result.stderr for word in says), result.stderr)

    def ask(self, method, path, body=None):
        status, text = self.gateway.api(method, path, body)
        return status, json.loads(text)

    def strict(self, path, good, *wrong, large=1 << 20):
        """`wrong`: what, changes of the good body, a word of the message."""
        for what, changes, word in (*wrong, ("an unknown field", {"containr": "x"}, "'containr'"), ("an account as number", {"account": 1}, "text")):
            body = {name: value for name, value in {**good, **changes}.items() if value is not None}
            status, answer = self.ask("POST", path, body)
            check(f"{path}, {what}: 400", status == 400 and word in answer["error"]["message"], (status, answer))
        for what, body in (("no body", None), ("a list", []), ("a text", "x")):
            check(f"{path}, {what}", self.ask("POST", path, body)[0] == 400)
        check(f"{path}, an unknown account", self.ask("POST", path, {**good, "account": "nobody"})[0] == 404)
        status, answer = self.ask("POST", path, {**good, "container": "absent"})
        check(f"{path}, an unknown container", status == 404 and "absent" in answer["error"]["message"], (status, answer))
        check(f"{path}, a body that is too large", self.ask("POST", path, {**good, "prefix": "x" * large})[0] == 413)


def journal(place):
    here, there, proxy = place.here, place.there, place.proxy
    place.bind("box")
    place.bind("other")
    place.does("nothing yet", "journal", says=["upstream has everything"])
    check("nothing in JSON", place.json("nothing in JSON", "journal") == {"entries": []})
    place.does("nothing to wait for", "flush", says=["upstream has everything"])
    proxy.fault(times=1_000_000, reset=True)
    for number in range(25):
        here.put_blob("box", f"dir/x{number:02}", BODY)
    here.put_blob("box", "größe\x1b", b"1")
    here.put_blob("other", "y", b"22")
    entries = place.json("all", "journal")["entries"]
    check("all are listed", len(entries) == 27 and entries[0]["container"] == "box" and entries[0]["key"] == "dir/x00", entries[:1])
    one = entries[0]
    check("with all there is to know", (one["account"], one["what"], one["state"], one["size_bytes"]) ==
          (ACCOUNT, "put", "pending", len(BODY)) and one["since"] <= one["changed"] and int(one["sequence"]) > 0, one)
    check("of one container", [one["key"] for one in place.json("of one container", "journal", "other")["entries"]] == ["y"])
    check("with a prefix", len(place.json("with a prefix", "journal", "box", "--prefix", "dir/x1")["entries"]) == 10)
    check("with a prefix of two bytes", len(place.json("with a prefix", "journal", "box", "--prefix", "grö")["entries"]) == 1)
    check("in a state", place.json("in a state", "journal", "--state", "conflict")["entries"] == [])
    result = place.does("as lines", "journal", "box", says=[f"{ACCOUNT}/box/dir/x07\tput\tpending\t97.7 KiB\tsince ", "größe\\x1b\t"])
    check("no name commands the terminal", "\x1b" not in result.stdout)
    seen, after = [], ""
    while after is not None:
        status, page = place.ask("GET", f"/api/v1/journal?container=box&max=10{after}")
        seen, after = seen + [one["key"] for one in page["entries"]], f"&after={page['next']}" if page["next"] else None
    check("page by page", len(seen) == 26 and len(set(seen)) == 26 and seen[:2] == ["dir/x00", "dir/x01"], seen)
    for query, code, word in (("max=0", 400, "'max'"), ("max=1001", 400, "'max'"), ("max=x", 400, "'max'"), ("after=-1", 400, "'after'"), ("after=x", 400, "'after'"),
                              ("state=dirty", 400, "pending, failed, conflict"), ("state=", 400, "'state'"), ("color=red", 400, "'color'"),
                              ("max=1&max=2", 400, "twice"), ("prefix=x", 400, "'container'"), ("account=nobody", 404, "nobody"),
                              ("container=absent", 404, "absent"), ("container=box&prefix=%ff", 400, "UTF-8"), ("container=", 400, "'container'"),
                              ("container=box&prefix=" + "x" * 5000, 400, "'prefix'")):
        status, answer = place.ask("GET", f"/api/v1/journal?{query}")
        check(f"journal?{query[:40]}", status == code and word in answer["error"]["message"], (status, answer))
    place.refuses("an unknown container", "journal", "absent", says=["absent"])
    place.refuses("an unknown state", "journal", "--state", "dirty", says=["'state'"])
    place.refuses("a prefix of nothing", "journal", "--prefix", "x", says=["'container'"])
    place.refuses("too much", "journal", "box", "x", says=["'x'"])
    dirty = json.loads(place.gateway.api("GET", "/status")[1])["dirty"]
    check("status", (dirty["objects"], dirty["bytes"], dirty["failed"], dirty["conflicts"]) == (27, 25 * len(BODY) + 3, 0, 0) and
          dirty["oldest_seconds"] >= 0, dirty)
    place.does("status as lines", "status", says=["27 objects, 2.4 MiB", "0 refused"])
    check("metrics", place.gateway.numbers()["objects"] == 27 and place.gateway.numbers()["oldest_seconds"] > 1e9, place.gateway.numbers())
    check("the console", "To be uploaded" in place.gateway.api("GET", "/")[1])
    flush(place)


def flush(place):
    here, there, proxy = place.here, place.there, place.proxy
    began = time.monotonic()
    result = place.run("flush", "--timeout", "1")
    check("flush while upstream is away", result.returncode == 1 and 1 <= time.monotonic() - began < 20, (result, time.monotonic() - began))
    check("says what is left", "27 objects that wait" in result.stdout and "skerry journal lists" in result.stdout, result.stdout)
    check("and how far it is, in lines", "uploading: 0 B of 2.4 MiB, 0 of 27 objects" in result.stderr and "\r" not in result.stderr, result.stderr)
    left = place.json("flush in JSON", "flush", "box", "--prefix", "dir/x0", "--timeout", "100ms", code=1)
    check("what is left in JSON", (left["ended"], left["is_upstream"], left["pending_objects"], left["pending_bytes"]) ==
          (False, False, 10, 10 * len(BODY)), left)
    check("nothing with the prefix", place.json("nothing", "flush", "box", "--prefix", "nothing")["is_upstream"])
    threading.Timer(1.5, proxy.clear).start()
    result = place.does("flush when it comes back", "flush", "box", "--timeout", "60s", says=["upstream has everything"])
    check("it is there", there.get_blob("box", "dir/x24").body == BODY)
    place.does("all", "flush", "--timeout=1m")
    status, answer = place.ask("POST", "/api/v1/flush", {"wait_ms": 0})
    check("the API", status == 200 and answer["ended"] and answer["is_upstream"], answer)
    proxy.fault(times=1_000_000, reset=True)
    here.put_blob("box", "before", b"x")
    mark = place.ask("POST", "/api/v1/flush", {"wait_ms": 0})[1]["mark"]
    here.put_blob("box", "after", b"x")
    left = place.ask("POST", "/api/v1/flush", {"container": "box", "wait_ms": 10, "mark": mark})[1]
    check("with a mark later changes are not waited for", left["pending_objects"] == 1 and left["mark"] == mark, left)
    check("without one they are", place.ask("POST", "/api/v1/flush", {"container": "box", "wait_ms": 10})[1]["pending_objects"] == 2)
    place.strict("/api/v1/flush", {"container": "box", "wait_ms": 0}, ("a long wait", {"wait_ms": 10001}, "'wait_ms'"),
                 ("a broken wait", {"wait_ms": 1.5}, "'wait_ms'"), ("a mark as number", {"mark": 5}, "'mark'"), ("no mark", {"mark": "x"}, "'mark'"), ("a mark of nothing", {"mark": "0"}, "'mark'"),
                 ("a prefix without its container", {"container": None, "prefix": "x"}, "'container'"))
    place.refuses("flush of an unknown container", "flush", "absent", says=["absent"])
    place.refuses("a bad time", "flush", "--timeout", "soon", says=["60s"])
    bar(place)


def bar(place):
    """On a terminal."""
    main, other = pty.openpty()
    known = {**os.environ, "TERM": "xterm"}
    process = subprocess.Popen([BINARY, "flush", "box", "--data", place.gateway.data], stdout=subprocess.PIPE, stderr=other, env=known)
    os.close(other)
    threading.Timer(2, place.proxy.clear).start()
    shown = b""
    while True:
        try:
            piece = os.read(main, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
    os.close(main)
    said = process.stdout.read()
    process.stdout.close()
    check("with a bar: exit code", process.wait(60) == 0 and said == b"upstream has everything\n", said)
    check("a bar is drawn over itself", shown.count(b"\ruploading [") >= 3 and b"0 of 2 objects" in shown, shown)
    check("and is full in the end", b"[########################] 100%" in shown, shown[-300:])


def resolve(place):
    here, there, proxy = place.here, place.there, place.proxy
    place.bind("both")
    names = ["one", "two", "a/three", "a/four", "b/five"]
    for name in names:
        here.put_blob("both", name, b"first")
    check("uploaded", place.gateway.drained())
    proxy.fault(times=1_000_000, reset=True)
    for name in names:
        here.put_blob("both", name, b"ours")
        there.put_blob("both", name, b"theirs")
    proxy.clear()
    check("conflicts", place.gateway.waits_for("conflicts", 5), place.gateway.numbers())
    result = place.run("flush", "both", "--timeout", "60")
    check("flush ends with conflicts", result.returncode == 1 and "5 in conflict" in result.stdout and "skerry journal both" in result.stdout, result)
    entries = place.json("conflicts", "journal", "both", "--state", "conflict")["entries"]
    check("and why", len(entries) == 5 and all(one["state"] == "conflict" and one["reason"] for one in entries), entries)
    place.does("status", "status", says=["5 in conflict"])
    place.does("keep ours", "resolve", "both", "one", "--keep-local", says=["resolved 1"])
    check("in JSON", place.json("keep theirs", "resolve", "both", "two", "--keep-remote") == {"resolved": 1, "passed_over": 0})
    check("ours is upstream", place.gateway.waits_for("objects", 3) and there.get_blob("both", "one").body == b"ours", place.gateway.numbers())
    check("theirs is here", here.get_blob("both", "two").body == b"theirs")
    place.refuses("what is not dirty", "resolve", "both", "one", "--retry", says=["upstream has this name"])
    sequence = next(one["sequence"] for one in entries if one["key"] == "a/three")
    here.put_blob("both", "a/three", b"newer")
    status, answer = place.ask("POST", "/api/v1/journal/resolve", {"container": "both", "key": "a/three", "sequence": sequence, "choice": "keep-remote"})
    check("what was changed meanwhile is not lost", status == 409 and here.get_blob("both", "a/three").body == b"newer", (status, answer))
    place.does("those with a prefix", "resolve", "both", "--prefix", "a/", "--state", "conflict", "--keep-local", says=["resolved 2"])
    check("ours again", place.gateway.waits_for("objects", 1) and there.get_blob("both", "a/three").body == b"newer", place.gateway.numbers())
    place.does("all that are left", "resolve", "both", "--state", "conflict", "--keep-remote", says=["resolved 1"])
    check("none is left", place.gateway.waits_for("objects", 0) and here.get_blob("both", "b/five").body == b"theirs", place.gateway.numbers())
    place.does("flush again", "flush", "both")
    proxy.fault(times=1_000_000, status=403)
    for number in range(600):
        here.put_blob("both", f"many/{number}", b"x")
    check("refused", place.gateway.waits_for("failed", 600, 60), place.gateway.numbers())
    result = place.run("flush", "both")
    check("flush ends with refusals", result.returncode == 1 and "600 that it refuses" in result.stdout, result)
    check("why", "403" in place.json("refusals", "journal", "--state", "failed")["entries"][0]["reason"])
    proxy.clear()
    check("many", place.json("many", "resolve", "both", "--state", "failed", "--retry") == {"resolved": 600, "passed_over": 0})
    place.does("and they are upstream", "flush", "both", "--timeout", "60", says=["upstream has everything"])
    for what, arguments, word in (("no choice", ("both", "x"), "--keep-local"), ("two", ("both", "x", "--retry", "--keep-local"), "--keep-local"),
                                  ("nothing named", ("both", "--retry"), "--state"), ("both named", ("both", "x", "--state", "failed", "--retry"), "--state"),
                                  ("a prefix alone", ("both", "--prefix", "x", "--retry"), "--state"), ("no container", ("--retry",), "name a container"),
                                  ("an unknown container", ("absent", "x", "--retry"), "absent")):
        place.refuses(f"resolve with {what}", "resolve", *arguments, says=[word])
    place.strict("/api/v1/journal/resolve", {"container": "both", "key": "x", "choice": "retry"}, ("no choice", {"choice": None}, "'choice'"),
                 ("another choice", {"choice": "mine"}, "keep-local"), ("no container", {"container": None}, "'container'"),
                 ("no key", {"key": None}, "'key'"), ("an empty key", {"key": ""}, "'key'"), ("key and prefix", {"prefix": ""}, "'key'"),
                 ("a prefix without a state", {"key": None, "prefix": ""}, "'state'"),
                 ("a state without a prefix", {"key": None, "state": "failed"}, "'prefix'"))


def residency(place):
    here, there = place.here, place.there
    place.bind("data", "read-only")
    for number in range(4):
        there.put_blob("data", f"a/{number}", BODY)
        there.put_blob("data", f"b/c/{number}", BODY)
    there.put_blob("data", "top", b"123")
    for number in range(2):
        here.get_blob("data", f"a/{number}")
    here.get_blob("data", "b/c/0")
    here.head_blob("data", "top")
    result = place.json("residency", "residency", "data")
    rows = {one["prefix"]: one for one in result["rows"]}
    check("the sum comes first", result["rows"][0]["prefix"] == "" and result["rows"][0]["local_bytes"] == 3 * len(BODY), result)
    check("a row a folder", rows["a/"]["local_bytes"] == 2 * len(BODY) and rows["b/"]["local_objects"] == 1, rows)
    check("deeper", "b/c/" in [one["prefix"] for one in place.json("deeper", "residency", "data", "--depth", "2")["rows"]])
    check("only the sum", len(place.json("the sum", "residency", "data", "--depth=0", "--prefix", "a/")["rows"]) == 1)
    place.does("residency as lines", "residency", "data", says=["all\t", "a/\t100%\t195.3 KiB of 195.3 KiB\t2 of 2 objects"])
    cache = json.loads(place.gateway.api("GET", "/status")[1])["cache"]
    check("status tells of the cache", cache["bytes"] >= 3 * len(BODY) and cache["capacity_bytes"] > 0, cache)
    place.does("as a line, too", "status", says=["cached ", "from upstreams"])
    place.does("nothing is pinned", "pins", says=["nothing is pinned"])
    place.does("pin", "pin", "data", "--prefix", "a/", says=[f"pinned {ACCOUNT}/data/a/*"])
    check("pins", place.json("pins", "pins") == {"pins": [{"account": ACCOUNT, "container": "data", "prefix": "a/"}]})
    check("what is pinned shows", place.json("pinned", "residency", "data")["rows"][0]["pinned_bytes"] == 2 * len(BODY))
    evicted = place.json("evict", "evict", "data")
    check("what is pinned stays", (evicted["evicted_bytes"], evicted["spared_bytes"]) == (len(BODY), 2 * len(BODY)), evicted)
    place.does("unpin", "unpin", "data", "--prefix", "a/", says=["unpinned"])
    place.refuses("unpin again", "unpin", "data", "--prefix", "a/")
    place.does("evict", "evict", "data", "--prefix", "a/", says=["evicted 195.3 KiB; 0 B stay"])
    check("nothing is left", place.json("nothing", "residency", "data")["rows"][0]["local_bytes"] == 0)
    check("and can be fetched again", here.get_blob("data", "a/0").body == BODY)
    check("pin in JSON", place.json("pin in JSON", "pin", "data")["prefix"] == "")
    check("unpin in JSON", place.json("unpin in JSON", "unpin", "data")["container"] == "data")
    here.create_container("unbound")
    for command in ("pin", "unpin", "evict", "residency"):
        place.refuses(f"{command} of an unknown container", command, "absent", says=["absent"])
        place.refuses(f"{command} of none", command, says=["name a container"])
    for command in ("pin", "evict"):
        place.refuses(f"{command} where nothing is bound", command, "unbound", says=["not attached"])
        place.strict(f"/api/v1/{command}", {"container": "data"}, ("no container", {"container": None}, "'container'"),
                     ("a long prefix", {"prefix": "x" * 4097}, "'prefix'"))
    place.refuses("a bad depth", "residency", "data", "--depth", "17", says=["'depth'"])
    for query in ("container=data&depth=x", "container=data&delimiter=", "container=data&dept=1", ""):
        check(f"residency?{query}", place.ask("GET", f"/api/v1/residency?{query}")[0] == 400)


def prefetch(place):
    here, there, proxy = place.here, place.there, place.proxy
    place.bind("set", "read-only")
    names = [f"dir/x{number:02}" for number in range(20)] + ["größe"]
    for name in names:
        there.put_blob("set", name, BODY)
    place.does("no jobs", "jobs", says=["there are no jobs"])
    result = place.does("prefetch and wait", "prefetch", "set", "--prefix", "dir/", "--wait", says=["done: 1.9 MiB, 20 of 20 objects, 0 failed"])
    check("how far it is, in lines", "fetching: " in result.stderr and "\r" not in result.stderr, result.stderr)
    check("it is here", place.json("it is here", "residency", "set", "--depth", "0")["rows"][0]["local_bytes"] == 20 * len(BODY))
    job = place.json("jobs", "jobs")["jobs"][0]
    check("a job", (job["phase"], job["container"], job["prefix"], job["objects_done"], job["bytes_done"], job["fetched_bytes"], job["is_counted"],
                    job["is_manifest"]) == ("done", "set", "dir/", 20, 20 * len(BODY), 20 * len(BODY), True, False) and job["created"] <= job["ended"], job)
    check("by its number", place.ask("GET", f"/api/v1/jobs/{job['id']}") == (200, job))
    place.does("jobs as lines", "jobs", says=[f"{job['id']}\t{ACCOUNT}/set/dir/*\tdone\t1.9 MiB of 1.9 MiB\t20 of 20 objects"])
    place.does("forget", "jobs", "--cancel", job["id"], says=[f"ended job {job['id']}"])
    place.refuses("forget again", "jobs", "--cancel", job["id"], says=["no such job"])
    place.refuses("no number", "jobs", "--cancel", "x", says=["number of a job"])
    for path in (job["id"], "0", "x", "99999999999999999999999"):
        check(f"no job {path}", place.ask("GET", f"/api/v1/jobs/{path}")[0] == 404 and place.ask("DELETE", f"/api/v1/jobs/{path}")[0] == 404)
    place.does("evict", "evict", "set")
    manifest = os.path.join(os.path.dirname(place.gateway.data), "manifest")
    with open(manifest, "w") as file:
        file.write("dir/x03\n\ngröße\r\ndir/x05")
    ended = place.json("a manifest", "prefetch", "set", "--manifest", manifest, "--wait", "--concurrency", "2")["jobs"][0]
    check("what it names", (ended["objects_done"], ended["is_manifest"], ended["bytes_done"]) == (3, True, 3 * len(BODY)), ended)
    check("and nothing else", place.json("residency", "residency", "set", "--depth", "0")["rows"][0]["local_objects"] == 3)
    with open(manifest, "w") as file:
        file.write("dir/x03\nabsent\n")
    result = place.run("prefetch", "set", "--manifest", manifest, "--wait")
    check("what is not there fails", result.returncode == 1 and "1 failed: skerry jobs says why" in result.stdout, result)
    with open(manifest, "w") as file:
        file.writelines(f"many/{number}\n" for number in range(100_001))
    ids = place.json("a long manifest", "prefetch", "set", "--manifest", manifest, "--rate", "1MiB")["ids"]
    check("is several jobs", len(ids) == 2, ids)
    for one in ids:
        place.does("end it", "jobs", "--cancel", one)
    slow(place)
    with open(manifest, "w") as file:
        file.write("x" * 4097 + "\n")
    place.refuses("a name that is too long", "prefetch", "set", "--manifest", manifest, says=["line 1"])
    with open(manifest, "wb") as file:
        file.write(b"a\n\xff\n")
    place.refuses("a name that is none", "prefetch", "set", "--manifest", manifest, says=["line 2", "UTF-8"])
    with open(manifest, "w") as file:
        file.write("\n\n")
    place.refuses("an empty manifest", "prefetch", "set", "--manifest", manifest, says=["names nothing"])
    place.refuses("no manifest", "prefetch", "set", "--manifest", manifest + "-absent", says=["manifest-absent"])
    place.refuses("both", "prefetch", "set", "--manifest", manifest, "--prefix", "x", says=["not both"])
    place.refuses("a bad rate", "prefetch", "set", "--rate", "fast", says=["100MiB"])
    place.refuses("too many at a time", "prefetch", "set", "--concurrency", "65", says=["'concurrency'"])
    place.refuses("an unknown container", "prefetch", "absent", says=["absent"])
    here.create_container("free")
    place.refuses("what is not bound", "prefetch", "free", says=["not attached"])
    place.strict("/api/v1/prefetch", {"container": "set", "keys": ["a"]}, ("no container", {"container": None}, "'container'"),
                 ("keys and prefix", {"prefix": "a"}, "not both"), ("no list", {"keys": "a"}, "'keys'"), ("an empty list", {"keys": []}, "'keys'"),
                 ("an empty name", {"keys": [""]}, "line 1"), ("numbers", {"keys": [1]}, "'keys'"), ("a zero", {"keys": ["a\0b"]}, "line 1"),
                 ("too many", {"keys": ["a"] * 100_001}, "'keys'"), ("a rate as text", {"rate_bytes_s": "1"}, "'rate_bytes_s'"),
                 ("none at a time", {"concurrency": 0}, "'concurrency'"), large=32 << 20)
    for method, path in (("GET", "/api/v1/jobs?x=1"), ("GET", "/api/v1/pins?x=1")):
        check(f"{path}", place.ask(method, path)[0] == 400)


def slow(place):
    """Ctrl-C ends the watching and not the job."""
    place.does("evict", "evict", "set")
    command = [BINARY, "prefetch", "set", "--prefix", "dir/", "--rate", "200KiB", "--wait", "--data", place.gateway.data]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    check("an interrupt", process.returncode == 130 and "goes on: skerry jobs" in out, (process.returncode, out, err))
    job = place.json("it goes on", "jobs")["jobs"][-1]
    check("and runs", job["phase"] == "running" and 0 < job["objects_done"] < 20, job)
    place.does("a running one as a line", "jobs", says=["\trunning\t", "/s, "])
    place.does("end it", "jobs", "--cancel", job["id"])
    check("it is cancelled", place.ask("GET", f"/api/v1/jobs/{job['id']}")[1]["phase"] == "cancelled")


def gone(place):
    """Clients that go away in the middle of a request leave nothing behind."""
    place.bind("left")
    place.proxy.fault(times=1_000_000, reset=True)
    for number in range(50):
        place.here.put_blob("left", f"x{number}", BODY)
    with open(os.path.join(place.gateway.data, "admin-token")) as file:
        token = file.read().strip()
    host, port = place.gateway.admin.rsplit(":", 1)
    for turn in range(60):
        method, path, body = [("POST", "/api/v1/flush", {"container": "left", "wait_ms": 3000}),
                              ("POST", "/api/v1/journal/resolve", {"container": "left", "prefix": "", "state": "pending", "choice": "retry"}),
                              ("GET", "/api/v1/residency?container=left&depth=1", None), ("POST", "/api/v1/evict", {"container": "left"}),
                              ("POST", "/api/v1/prefetch", {"container": "left", "keys": ["x1"]}), ("POST", "/api/v1/pin", {"container": "left"})][turn % 6]
        text = "" if body is None else json.dumps(body)
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: {len(text)}\r\n\r\n{text}".encode())
            time.sleep(0.0005 * (turn % 7))
    check("they leave it well", place.gateway.api("GET", "/readyz")[0] == 200)
    for job in place.json("jobs of those who left", "jobs")["jobs"]:
        place.ask("DELETE", f"/api/v1/jobs/{job['id']}")
    place.proxy.clear()
    place.does("and all gets there", "flush", "left", "--timeout", "60")


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-operator-") as folder:
        with Server(os.path.join(folder, "upstream")) as upstream, FaultProxy(upstream.blob) as proxy:
            gateway = Gateway(os.path.join(folder, "gateway"))
            with gateway:
                place = Place(gateway, upstream, proxy)
                for part in (journal, resolve, residency, prefetch, gone):
                    if not sys.argv[1:] or part.__name__ in sys.argv[1:]:
                        began = time.monotonic()
                        part(place)
                        proxy.clear()
                        print(f"{part.__name__}: {time.monotonic() - began:.1f} s", flush=True)
                for command in ("journal", "flush", "resolve", "pin", "unpin", "evict", "residency", "prefetch"):
                    place.does(f"{command} --help", command, "--help", says=["--account NAME", "--json"])
            check("the folder is whole", gateway.fsck() == 0)
    print(f"operator: {passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
