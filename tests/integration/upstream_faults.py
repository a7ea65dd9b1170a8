#!/usr/bin/env python3
"""The client of upstreams when upstream fails: resets, truncated and stalled answers, wrong lengths and ranges, another version, throttling,
lost answers, nobody there. Each fault has to be noticed, named, and tried again only where that cannot do harm."""
import hashlib
import os
import socket
import ssl
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import ACCOUNT, KEY, Client, Server, account_sas  # noqa: E402
from certificates import Authority  # noqa: E402
from fault_proxy import FaultProxy  # noqa: E402
from upstream import Probe  # noqa: E402

passed = failed = 0
DATA = os.urandom(1_000_000)
RETRY = {"attempts": 4, "first_ms": 20, "most_ms": 100}
RANGE = {"offset": 1000, "length": 50_000}


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {what} {detail}", flush=True)


def ends(what, answer, outcome, **facts):
    check(f"{what}: {outcome}", answer["outcome"] == outcome, dict(answer))
    for name, value in facts.items():
        check(f"{what}: {name}", answer.get(name) == str(value), dict(answer))
    return answer


def digest(data):
    return hashlib.sha256(data).hexdigest()


def bodies(probe, proxy):
    """A body that is not what was announced or asked for. Nothing that is wrong may come out as OK."""
    cases = [
        ("cut in the middle", {}, {"cut": 400_000}, "truncated"),
        ("cut at the beginning", {}, {"cut": 0}, "truncated"),
        ("cut one byte before the end", {}, {"cut": len(DATA) - 1}, "truncated"),
        ("reset in the middle", {}, {"reset_after": 400_000}, "truncated"),
        ("a length that is too large", {}, {"headers": {"Content-Length": str(len(DATA) + 5)}, "cut": len(DATA)}, "truncated"),
        ("no length", {}, {"headers": {"Content-Length": None}}, "protocol"),
        ("chunked, without a length", {}, {"chunked": True}, "protocol"),
        ("two lengths", {}, {"headers": {"Content-Length": [str(len(DATA)), str(len(DATA) - 1)]}}, "protocol"),
        ("a length that is no number", {}, {"headers": {"Content-Length": "many"}}, "protocol"),
        ("the whole instead of a part", RANGE, {"status_line": "HTTP/1.1 200 OK", "body": DATA, "headers": {"Content-Range": None}}, "protocol"),
        ("the whole instead of the first bytes", {"offset": 0, "length": 10}, {"status_line": "HTTP/1.1 200 OK", "body": DATA}, "protocol"),
        ("a part without saying which", RANGE, {"headers": {"Content-Range": None}}, "protocol"),
        ("another part", RANGE, {"headers": {"Content-Range": f"bytes 1001-51000/{len(DATA)}"}}, "protocol"),
        ("a shorter part", RANGE, {"headers": {"Content-Range": f"bytes 1000-40999/{len(DATA)}"}, "body": DATA[1000:41000]}, "protocol"),
        ("a longer part", RANGE, {"headers": {"Content-Range": f"bytes 1000-60999/{len(DATA)}"}, "body": DATA[1000:61000]}, "protocol"),
        ("a part instead of the whole", {}, {"status_line": "HTTP/1.1 206 Partial Content"}, "protocol"),
        ("no HTTP", {}, {"status_line": "NONSENSE"}, "protocol"),
        ("a redirection", {}, {"status_line": "HTTP/1.1 302 Found", "headers": {"Location": "http://127.0.0.1:1/"}}, "protocol"),
        ("too many headers", {}, {"headers": {"x-many": ["y"] * 300}}, "protocol"),
        ("headers that are too long", {}, {"headers": {"x-long": ["y" * 30_000] * 3}}, "protocol"),
        ("a page of a proxy", {}, {"status_line": "HTTP/1.1 502 Bad Gateway", "body": b"<html><body>Bad gateway</body></html>"}, "unavailable"),
    ]
    for what, words, fault, outcome in cases:
        proxy.fault(**fault)
        answer = ends(what, probe.call("get", key="big", **words), outcome)
        check(f"{what}: not taken for more than it was", answer.number("taken") <= len(DATA), dict(answer))
        if outcome == "protocol":
            check(f"{what}: nothing was delivered", answer["taken"] == "0" and answer["heads"] == "0", dict(answer))
        proxy.fault(**fault)
        again = probe.call("get", key="big", no_head=1, **words, **RETRY)
        if outcome == "protocol" or outcome == "unavailable":
            ends(f"{what}, and tried again", again, "ok", attempts=2)
        want = DATA[words["offset"]:words["offset"] + words["length"]] if words else DATA
        check(f"{what}: bytes", again["outcome"] != "ok" or again["sha256"] == digest(want), dict(again))
        proxy.clear()
    # what was delivered is never delivered again
    proxy.fault(cut=400_000)
    cut = ends("cut, with a retry", probe.call("get", key="big", **RETRY), "truncated", attempts=1, may_retry=1)
    check("a beginning was delivered", 0 < cut.number("taken") < len(DATA), dict(cut))
    proxy.fault(chunked=True, cut=0)
    ends("a listing without its end", probe.call("list"), "truncated")
    proxy.fault(body=b"<EnumerationResults><Blobs><Blob><Name>big</Name>")
    ends("a document without its end", probe.call("list"), "protocol")
    proxy.fault(headers={"Content-Length": None}, body=b"<EnumerationResults><Blobs/></EnumerationResults>")
    ends("a document until the connection's end", probe.call("list"), "ok")
    proxy.fault(headers={"Content-Length": None})
    ends("a head without a length", probe.call("head", key="big"), "protocol")


def versions(probe, proxy):
    etag = probe.call("head", key="big")["etag"]
    ends("the right version", probe.call("get", key="big", if_match=etag, **RANGE), "ok")
    proxy.fault(headers={"ETag": '"0x999"'})
    changed = ends("another version than if_match", probe.call("get", key="big", if_match=etag, **RANGE), "changed", taken=0, heads=0)
    check("not tried again", changed["may_retry"] == "0", dict(changed))
    proxy.fault(headers={"ETag": ['"0x999"', f'"{etag}"']})
    ends("two versions", probe.call("get", key="big", if_match=etag, **RANGE), "protocol")


def throttling(probe, proxy):
    proxy.clear()
    proxy.fault(status=503, retry_after="1", code="ServerBusy")
    begin = time.monotonic()
    ends("503 with Retry-After", probe.call("get", key="big", **RANGE, **RETRY), "ok", attempts=2)
    times = [when for when, _, _ in proxy.requests]
    check("not asked again before the time", times[1] - times[0] >= 1.0, times)
    check("but soon after", time.monotonic() - begin < 3)
    proxy.fault(status=429, retry_after="7")
    ends("429", probe.call("head", key="big"), "throttled", may_retry=1, retry_after_ms=7000, attempts=1)
    proxy.fault(status=503, retry_after="100")
    answer = ends("a Retry-After beyond patience", probe.call("head", key="big", **RETRY, patience_ms=5000), "throttled", attempts=1)
    check("is told at once", answer["retry_after_ms"] == "100000")
    proxy.clear()
    proxy.fault(times=4, status=500)
    ends("500 until it gives up", probe.call("head", key="big", **RETRY), "unavailable", attempts=4, may_retry=1)
    check("four requests", len(proxy.requests) == 4)
    proxy.clear()
    proxy.fault(times=10, status=503)
    begin = time.monotonic()
    many = probe.call("head", key="big", count=10, **{**RETRY, "attempts": 12})
    check("10 calls come through", [one["outcome"] for one in many.all] == ["ok"] * 10, [dict(one) for one in many.all])
    check("without busy waiting", many.end["turns"] < 400, many.end)
    proxy.fault(status=404, code="ContainerNotFound")
    ends("404 is not tried again", probe.call("head", key="big", **RETRY), "container_not_found", attempts=1)
    proxy.fault(status=409, code="ContainerBeingDeleted")
    ends("a container that goes", probe.call("put", key="x", data="x", **RETRY), "container_not_found", attempts=1)
    proxy.fault(status=409, code="LeaseIdMissing")
    ends("a lease", probe.call("put", key="x", data="x", **RETRY), "conflict", attempts=1)


def lost_answers(settings, proxy):
    """On a connection that was kept libcurl would send again what was carried out already."""
    for kept in (False, True):
        with Probe(**settings) as probe:
            if kept:
                ends("a first call", probe.call("head", key="big"), "ok")
            proxy.fault(lose=True)
            lost = ends(f"a put whose answer is lost, kept: {kept}", probe.call("put", key=f"lost{kept}", data="1", if_none_match_any=1, **RETRY),
                        "unavailable", attempts=1, may_have_happened=1)
            check("tells that it may be tried by hand", lost["may_retry"] == "1")
            ends("it had happened", probe.call("head", key=f"lost{kept}"), "ok")
            proxy.fault(lose=True)
            ends(f"a deletion whose answer is lost, kept: {kept}", probe.call("delete", key=f"lost{kept}"), "unavailable", may_have_happened=1)
            proxy.fault(lose=True)
            ends("a source that cannot begin again", probe.call("put", key="once", data="x" * 100_000, slice=50_000, once=1, **RETRY),
                 "unavailable", attempts=1)
            proxy.fault(hang_up=True)
            ends("a last answer", probe.call("head", key="big"), "ok")
            time.sleep(0.1)
            ends("a fresh connection instead of a dead one", probe.call("put", key=f"after{kept}", data="z", if_none_match_any=1), "ok")
    with Probe(**settings) as probe:
        proxy.fault(reset=True)
        ends("a reset", probe.call("head", key="big"), "unavailable", may_retry=1, status=0)


def resets(probe, proxy):
    proxy.clear()
    proxy.fault(times=2, reset=True)
    ends("two resets and a retry", probe.call("get", key="big", **RETRY), "ok", sha256=digest(DATA))
    proxy.clear()
    proxy.fault(lose=True)
    again = ends("without conditions it is repeated", probe.call("put", key="lost", data="2", **RETRY), "ok", may_have_happened=0)
    check("by us or by libcurl", again.number("attempts") <= 2)
    proxy.fault(status=503)
    ends("a refusal with a condition is repeated", probe.call("put", key="lost", data="3", if_match=again["etag"], **RETRY), "ok", attempts=2)
    proxy.fault(status=503)
    ends("a source that can", probe.call("put", key="twice", data="y" * 100_000, slice=30_000, **RETRY), "ok", attempts=2)
    check("its bytes", probe.call("get", key="twice")["sha256"] == digest(b"y" * 100_000))


def stalls(settings, proxy):
    proxy.clear()
    with Probe(stall_timeout_ms=500, **settings) as probe:
        for what, stall in (("no answer", -1), ("no body", 0), ("half a body", 500_000)):
            proxy.fault(stall=stall)
            begin = time.monotonic()
            answer = ends(what, probe.call("get", key="big"), "timeout", may_retry=1)
            check(f"{what}: in time", 0.4 < time.monotonic() - begin < 2, time.monotonic() - begin)
            check(f"{what}: no busy waiting", answer.end["turns"] < 60, answer.end)
        proxy.fault(stall=-1)
        ends("a stall and a retry", probe.call("get", key="big", **RETRY), "ok", attempts=2)
        patient = probe.call("get", key="big", pause_every=600_000, pause_ms=1500)
        ends("a pause of ours is no stall", patient, "ok", sha256=digest(DATA))
        check("nor does anybody ask all the time", patient.end["turns"] < 60, patient.end)
        slow = probe.call("put", key="slow", data="x" * 2000, slice=1000, pause_ms=900)
        ends("nor is a slow source", slow, "ok")
        proxy.fault(delay=0.3)
        ends("a slow answer", probe.call("head", key="big"), "ok")
        proxy.fault(stall=-1)
        begin = time.monotonic()
        ends("cancelled while it waits", probe.call("get", key="big", cancel_ms=100), "gave_up")
        check("at once", time.monotonic() - begin < 0.4)
        proxy.fault(status=503, retry_after="30")
        ends("cancelled between attempts", probe.call("get", key="big", cancel_ms=100, attempts=3, patience_ms=100_000), "gave_up")
        left = probe.call("head", key="big").end
        check("nothing is left of them", left["under_way"] == 0, left)
    proxy.clear()
    proxy.fault(stall=-1, times=3)
    with Probe(max_connections=1, stall_timeout_ms=300, **settings) as probe:
        queued = probe.call("get", key="big", count=4, offset=0, length=10)
        check("queued calls have their own time", sorted(one["outcome"] for one in queued.all) == ["ok", "timeout", "timeout", "timeout"],
              [one["outcome"] for one in queued.all])


def nobody(settings):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        with Probe(**{**settings, "url": f"http://127.0.0.1:{taken.getsockname()[1]}/{ACCOUNT}/cont"}) as probe:
            begin = time.monotonic()
            ends("nobody there", probe.call("put", key="x", data="x", if_none_match_any=1, **RETRY), "unavailable", attempts=4, may_have_happened=0)
            check("soon told", time.monotonic() - begin < 3)
    with Probe(**{**settings, "url": "https://nowhere.invalid/acc/cont", "account": "acc"}) as probe:
        ends("no such host", probe.call("head", key="x"), "unavailable", may_have_happened=0)
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        address = full.getsockname()
        crowd = [socket.socket() for _ in range(8)]
        for each in crowd:
            each.setblocking(False)
            each.connect_ex(address)
        with Probe(connect_timeout_ms=300, **{**settings, "url": f"http://127.0.0.1:{address[1]}/{ACCOUNT}/cont"}) as probe:
            begin = time.monotonic()
            ends("nobody accepts", probe.call("head", key="x"), "timeout")
            check("connecting has its time", time.monotonic() - begin < 2)
        for each in crowd:
            each.close()


def secrets(proxy):
    """What is sent, and what is not said."""
    url = f"http://{proxy.address}/{ACCOUNT}/cont"
    sas = account_sas()
    signature = sas.rsplit("sig=", 1)[1]
    with Probe(url=url, sas=sas) as probe:
        for fault in ({"reset": True}, {"cut": 10}, {"status": 500}, {"status_line": "NONSENSE"}, {"headers": {"Content-Length": "x"}}):
            proxy.fault(**fault)
            answer = probe.call("get", key="big")
            check("no signature in a message", signature not in answer["message"] and "?" not in answer["message"], answer["message"])
            check("but where it happened", f"{proxy.address}/{ACCOUNT}/cont" in answer["message"], answer["message"])
    proxy.clear()
    with Probe(url=url, token=1) as probe:
        proxy.fault(status=401, code="InvalidAuthenticationInfo")
        refused = ends("a token that is refused", probe.call("head", key="big"), "forbidden", may_retry=1)
        check("its provider is told", refused.refused == 1)
        proxy.fault(status=401)
        proxy.fault(status=200)
        ends("and the call tried again", probe.call("head", key="big", **RETRY), "ok", attempts=2)
        check("the token was sent", all(headers.get("Authorization", headers.get("authorization")) == "Bearer probe-token"
                                        for _, _, headers in proxy.requests), proxy.requests)
    proxy.clear()
    with Probe(url=url, account_key=KEY) as probe:
        probe.call("head", key="big")
        probe.call("get", key="big", **RANGE)
        probe.call("put", key="x", data="x")
        requests = [{name.lower(): value for name, value in headers.items()} for _, _, headers in proxy.requests]
        check("a name for each request", len({headers["x-ms-client-request-id"] for headers in requests}) == 3, requests)
        check("one version", {headers["x-ms-version"] for headers in requests} == {"2021-12-02"})
        check("who asks", all(headers["user-agent"].startswith("skerry/") for headers in requests))
        check("nothing that was not meant", all("expect" not in headers and "accept-encoding" not in headers and "content-type" not in headers
                                                for headers in requests), requests)


def proxies(settings, server):
    """A proxy of the settings, and none of the environment."""
    os.environ["http_proxy"] = os.environ["HTTP_PROXY"] = "http://127.0.0.1:1"
    with Probe(**{**settings, "url": f"http://{server.blob}/{ACCOUNT}/cont"}) as probe:
        ends("the environment's proxy is not asked", probe.call("head", key="big"), "ok")
        check("nor its exceptions", True)
    with Probe(**{**settings, "url": f"http://{server.blob}/{ACCOUNT}/cont"}, proxy="http://user:hushhush@127.0.0.1:1") as probe:
        answer = ends("the settings' proxy is", probe.call("head", key="big"), "unavailable")
        check("its password is not told", "hushhush" not in answer["message"], answer["message"])
    del os.environ["http_proxy"], os.environ["HTTP_PROXY"]


def sessions(folder):
    """Each answer ends its connection: the next one resumes the TLS session."""
    authority = Authority(folder)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(authority.certificate, authority.key)
        context.minimum_version = context.maximum_version = version
        reused, listener = [], socket.create_server(("127.0.0.1", 0))

        def serve():
            for _ in range(4):
                with context.wrap_socket(listener.accept()[0], server_side=True) as connection:
                    reused.append(connection.session_reused)
                    connection.recv(65536)
                    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nETag: \"a\"\r\nConnection: close\r\n\r\n")
                    try:
                        connection.unwrap()  # an end without "close notify" spoils a session of TLS 1.2
                    except OSError:
                        pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with Probe(url=f"https://127.0.0.1:{listener.getsockname()[1]}/{ACCOUNT}/cont", account_key=KEY, ca_file=authority.root) as probe:
            for _ in range(4):
                ends(f"{version.name}: a call", probe.call("head", key="big"), "ok")
        thread.join(10)
        listener.close()
        check(f"{version.name}: sessions are resumed", reused == [False, True, True, True], reused)


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-upstream-") as folder, Server(os.path.join(folder, "data")) as server:
        client = Client(server.blob)
        if (client.create_container("cont").status, client.put_blob("cont", "big", DATA).status) != (201, 201):
            raise RuntimeError("no blob to read")
        with FaultProxy(server.blob) as proxy:
            settings = {"url": f"http://{proxy.address}/{ACCOUNT}/cont", "account_key": KEY}
            with Probe(**settings) as probe:
                for part in (bodies, versions, throttling, resets):
                    part(probe, proxy)
            lost_answers(settings, proxy)
            stalls(settings, proxy)
            secrets(proxy)
            nobody(settings)
            proxies(settings, server)
        sessions(folder)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


sys.exit(main())
