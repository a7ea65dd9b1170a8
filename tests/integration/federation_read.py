#!/usr/bin/env python3
"""Reading through a binding: the same bytes and facts as upstream has, cold, warm, after a restart and without upstream; as fresh as asked for;
from one version each; fetched once, however many read; and through every trouble that upstream may have. By Blob and by S3.

    federation_read.py azurite|skerry|skerry-s3|radosgw [SECTION...]"""
import hashlib
import base64
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from azurite import Azurite  # noqa: E402
from blobclient import ACCOUNT, BINARY, KEY, Client, account_sas, date  # noqa: E402
from certificates import Authority  # noqa: E402
from fault_proxy import FaultProxy  # noqa: E402
from federation import Rig, attach, pattern, until  # noqa: E402
from s3client import S3  # noqa: E402

MIB, CHUNK = 1 << 20, 4 << 20
SIZES = [0, 1, 4095, 4096, 4097, 16383, 16384, 16385, 65535, 65536, 65537, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1,
         40 * MIB]
PROTOCOLS = ("blob", "s3")
passed = failed = 0
where = ""


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {where}: {what} {detail}", flush=True)
    return bool(truth)


def same(what, answer, body, status=200):
    """Status and bytes."""
    if answer.status != status:
        return check(what, False, f"{answer.status} {answer.body[:300]!r}")
    got = answer.body
    if got == body:
        return check(what, True)
    at = next((i for i, (a, b) in enumerate(zip(got, body)) if a != b), min(len(got), len(body)))
    return check(what, False, f"{len(got)} bytes of {len(body)}, another from {at} on: {got[at:at + 16]!r} for {body[at:at + 16]!r}")


def whole_or_part(rig, protocol, container, key):
    """(status, ETag, what came of the body, whether it is whole)."""
    client = rig.blob() if protocol == "blob" else rig.s3()
    try:
        answer = rig.get(protocol, container, key, client)
        return answer.status, answer.headers.get("etag"), answer.body, True
    except http.client.IncompleteRead as broken:
        return 200, None, broken.partial, False
    except (http.client.HTTPException, OSError) as error:
        return None, None, b"", error
    finally:
        client.close()


def together(count, work):
    """Calls work(i) in threads; what they returned, or raised."""
    results = [None] * count

    def run(i):
        try:
            results[i] = work(i)
        except Exception as error:  # noqa: BLE001  looked at by the caller
            results[i] = error

    threads = [threading.Thread(target=run, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# ---- the same as upstream ----

def equality(rig):
    rig.bind("same", ttl="1h")
    bodies = {size: pattern(size % 97, size) for size in SIZES}
    for size, body in bodies.items():
        for protocol in PROTOCOLS:
            answer = rig.upstream.put("same", f"{protocol}/{size}", body)
            check(f"upload of {size}", answer.status in (200, 201), answer)
    clients = {"blob": rig.blob(), "s3": rig.s3()}

    def read_all(what, first):
        for size, body in bodies.items():
            for protocol in PROTOCOLS:
                for by in (protocol,) if first else PROTOCOLS:
                    same(f"{what}: {size} bytes by {by}", rig.get(by, "same", f"{protocol}/{size}", clients[by]), body)

    rig.proxy.clear()
    read_all("cold", True)
    check("every byte was fetched once", rig.proxy.sent() == 2 * sum(SIZES), f"{rig.proxy.sent()} for {2 * sum(SIZES)}")
    rig.proxy.clear()
    read_all("warm", False)
    check("nobody asked upstream", rig.proxy.count("/same/") == 0, rig.proxy.requests[:5])
    rig.restart()
    clients = {"blob": rig.blob(), "s3": rig.s3()}
    read_all("after a restart", False)
    check("no byte was fetched again", rig.proxy.sent() == 0, rig.proxy.bodies)
    check("each was asked about once", rig.proxy.count("/same/") == 2 * len(SIZES), rig.proxy.count("/same/"))
    rig.proxy.down()
    read_all("without upstream, which was asked lately", False)
    rig.restart()
    clients = {"blob": rig.blob(), "s3": rig.s3()}
    begin = time.monotonic()
    read_all("without upstream, after a restart", False)
    check("nobody waits long for upstream that is gone", time.monotonic() - begin < 20, time.monotonic() - begin)
    rig.proxy.up()


def ranges(rig):
    size = 2 * CHUNK + 70000
    body = pattern(3, size)
    spans = [("first bytes", "bytes=0-99", 0, 100), ("one byte", "bytes=0-0", 0, 1), ("in the middle", "bytes=5000000-5099999", 5000000, 100000),
             ("over chunks", f"bytes={CHUNK - 10}-{CHUNK + 9}", CHUNK - 10, 20), ("over all chunks", f"bytes={CHUNK - 1}-{2 * CHUNK}", CHUNK - 1, CHUNK + 2),
             ("to the end", f"bytes={2 * CHUNK}-", 2 * CHUNK, 70000), ("the last byte", f"bytes={size - 1}-", size - 1, 1),
             ("more than there is", f"bytes={size - 5}-{size + 100}", size - 5, 5), ("a suffix", "bytes=-100", size - 100, 100),
             ("a suffix over a chunk", "bytes=-70001", size - 70001, 70001), ("a long suffix", f"bytes=-{size + 10}", 0, size)]
    rig.bind("ranges", ttl="1h")
    for turn in ("cold", "warm"):
        for protocol in PROTOCOLS:
            for at, (what, text, offset, length) in enumerate(spans):
                if protocol == "blob" and text.startswith("bytes=-"):
                    continue  # which Blob does not have
                key = f"{protocol}{at}"
                if turn == "cold":
                    rig.upstream.put("ranges", key, body)
                rig.proxy.clear()
                answer = rig.get(protocol, "ranges", key, **{"x_ms_range" if protocol == "blob" and at % 2 else "range": text})
                same(f"{what}, {turn}, by {protocol}", answer, body[offset:offset + length], 206)
                check(f"{what}, {turn}, by {protocol}: which", answer.headers.get("content-range") == f"bytes {offset}-{offset + length - 1}/{size}",
                      answer.headers.get("content-range"))
                first, last = offset // CHUNK, (offset + length - 1) // CHUNK
                most = sum(min(CHUNK, size - chunk * CHUNK) for chunk in range(first, last + 1)) if turn == "cold" else 0
                until(lambda: rig.proxy.sent(key) >= most, 5)
                got = rig.proxy.sent(key)
                check(f"{what}, {turn}, by {protocol}: the chunks it touches, and no others", got == most, f"{got} for {most}: "
                      f"{[line for _, line, _ in rig.proxy.requests]}")
            for text in (f"bytes={size}-", f"bytes={size + 1000}-{size + 2000}", f"bytes={3 * CHUNK}-"):
                key = f"{protocol}-416-{turn}-{text[6:]}"
                rig.upstream.put("ranges", key, body)
                answer = rig.get(protocol, "ranges", key, range=text)
                check(f"behind the end, {turn}, by {protocol}", answer.status == 416, f"{text}: {answer}")
                same(f"and then the whole, by {protocol}", rig.get(protocol, "ranges", key), body)
    rig.upstream.put("ranges", "digest", body)
    answer = rig.get("blob", "ranges", "digest", x_ms_range=f"bytes={CHUNK - 1000}-{CHUNK + 999}", x_ms_range_get_content_md5="true")
    same("a range with its MD5", answer, body[CHUNK - 1000:CHUNK + 1000], 206)
    check("the MD5 of the range", answer.headers.get("content-md5") == base64.b64encode(hashlib.md5(body[CHUNK - 1000:CHUNK + 1000]).digest()).decode())
    rig.upstream.put("ranges", "parts", body)
    answer = rig.s3().get("ranges", "parts", "partNumber=1")
    same("the first part, of one", answer, body, 206)
    answer = rig.s3().get("ranges", "parts", "partNumber=2")
    check("the second, of one", answer.status == 416, answer)
    for protocol in PROTOCOLS:
        rig.upstream.put("ranges", f"empty-{protocol}", b"")
        check(f"nothing of nothing, by {protocol}", rig.get(protocol, "ranges", f"empty-{protocol}", range="bytes=0-10").status == 416)
        same(f"an empty object, by {protocol}", rig.get(protocol, "ranges", f"empty-{protocol}"), b"")
        answer = rig.get(protocol, "ranges", "nothing-here", range="bytes=0-10")
        check(f"a range of what is not there, by {protocol}", answer.status == 404, answer)


AZURE_FACTS = {"x-ms-blob-content-type": "text/x-test", "x-ms-blob-content-encoding": "identity", "x-ms-blob-content-language": "de, en",
               "x-ms-blob-content-disposition": 'attachment; filename="a b"', "x-ms-blob-cache-control": "max-age=77", "x-ms-meta-color": "blue",
               "x-ms-meta-Upper": "Value with  spaces", "x-ms-tags": "one=1&two=zwei%20drei"}
S3_FACTS = {"content_type": "text/x-test", "content_language": "de, en", "content_disposition": 'attachment; filename="a b"',
            "cache_control": "max-age=77", "x_amz_meta_color": "blue", "x_amz_meta_upper": "Value with spaces", "x_amz_tagging": "one=1&two=zwei%20drei"}
FACTS = ("content-length", "content-type", "content-encoding", "content-language", "content-disposition", "cache-control", "etag", "last-modified")


def facts(rig):
    rig.bind("facts", ttl="1h")
    s3 = rig.upstream.is_s3
    meta = "x-amz-meta-" if s3 else "x-ms-meta-"
    for size in (0, 10, 100_000, CHUNK + 5):
        body = pattern(4, size)
        for protocol in PROTOCOLS:
            for first in ("head", "get"):
                key = f"{protocol}-{first}-{size}"
                put = rig.upstream.put("facts", key, body, S3_FACTS if s3 else AZURE_FACTS)
                check(f"{key}: upload", put.status in (200, 201), put)
                want = rig.upstream.head("facts", key).headers
                got = (rig.head if first == "head" else rig.get)(protocol, "facts", key).headers
                again = (rig.get if first == "head" else rig.head)(protocol, "facts", key).headers
                for what, headers in ((first, got), ("then", again)):
                    for name in FACTS:
                        check(f"{key}, {what}: {name}", headers.get(name) == want.get(name), f"{headers.get(name)!r} for {want.get(name)!r}")
                    ours = "x-ms-meta-" if protocol == "blob" else "x-amz-meta-"
                    metadata = {name.lower()[len(ours):]: value for name, value in headers.items() if name.lower().startswith(ours)}
                    theirs = {name.lower()[len(meta):]: value for name, value in want.items() if name.lower().startswith(meta)}
                    check(f"{key}, {what}: metadata", metadata == theirs and len(metadata) == 2, f"{metadata} for {theirs}")
                    if protocol == "blob" and not s3:
                        check(f"{key}, {what}: MD5", headers.get("content-md5") == base64.b64encode(hashlib.md5(body).digest()).decode(),
                              headers.get("content-md5"))
                        check(f"{key}, {what}: created", headers.get("x-ms-creation-time") == want.get("x-ms-creation-time"))
                count = got.get("x-ms-tag-count" if protocol == "blob" else "x-amz-tagging-count")
                check(f"{key}: how many tags", count == "2", count)
        tags = rig.blob().request("GET", f"/facts/blob-head-{size}", "comp=tags")
        check(f"tags by Blob, {size}", b"<Key>one</Key><Value>1</Value>" in tags.body and b"<Value>zwei drei</Value>" in tags.body, tags.body)
        tags = rig.s3().get("facts", f"blob-head-{size}", "tagging=")
        check(f"tags by S3, {size}", b"<Key>one</Key><Value>1</Value>" in tags.body and b"<Value>zwei drei</Value>" in tags.body, tags.body)
    rig.upstream.put("facts", "tags first", b"1", S3_FACTS if s3 else AZURE_FACTS)
    tags = rig.blob().request("GET", "/facts/tags%20first", "comp=tags")
    check("tags, asked for before anything else", b"<Key>one</Key>" in tags.body, tags.body)
    names = ["with space", "ü/ß/日本", "a+b&c=d?e#f", "%41", "quote'\"<>", "~-._", "a/b/c/", "x" * 700]
    for at, name in enumerate(names):
        rig.upstream.put("facts", name, name.encode())
        same(f"a name: {name[:20]!r}", rig.get(PROTOCOLS[at % 2], "facts", name), name.encode())
        same(f"the same otherwise: {name[:20]!r}", rig.get(PROTOCOLS[1 - at % 2], "facts", name), name.encode())


def conditions(rig):
    rig.bind("conditions", ttl="1h")
    body = pattern(5, 100_000)
    past, future = date(-7200), date(7200)
    for turn in ("cold", "warm"):
        for protocol in PROTOCOLS:
            for at, (headers, status) in enumerate([({"if_none_match": True}, 304), ({"if_match": True}, 200), ({"if_match": '"other"'}, 412),
                                                    ({"if_none_match": '"other"'}, 200), ({"if_modified_since": future}, 304),
                                                    ({"if_modified_since": past}, 200), ({"if_unmodified_since": past}, 412),
                                                    ({"if_unmodified_since": future}, 200)]):
                key = f"{protocol}-{at}"
                if turn == "cold":
                    rig.upstream.put("conditions", key, body)
                etag = rig.upstream.head("conditions", key).headers["etag"]
                headers = {name: etag if value is True else value for name, value in headers.items()}
                answer = rig.get(protocol, "conditions", key, **headers)
                check(f"{turn}, by {protocol}: {headers}", answer.status == status and (status != 200 or answer.body == body), answer)


def absence(rig):
    rig.bind("absent", ttl="1h")
    for protocol in PROTOCOLS:
        for size in (5, CHUNK + 5):
            key = f"later-{protocol}-{size}"
            rig.proxy.clear()
            begin = time.monotonic()
            check("not there yet", rig.get(protocol, "absent", key).status == 404)
            asked = rig.proxy.count(key)
            answers = [rig.get(protocol, "absent", key).status for _ in range(5)] + [rig.head(protocol, "absent", key).status]
            check("still not", set(answers) == {404}, answers)
            check("upstream was asked once", rig.proxy.count(key) == asked == 1 or time.monotonic() - begin > 1.9, rig.proxy.requests)
            rig.upstream.put("absent", key, pattern(6, size))
            found = until(lambda: rig.get(protocol, "absent", key).status == 200, 10, 0.1)
            check("and found soon", found and time.monotonic() - begin < 6, time.monotonic() - begin)
            same("its bytes", rig.get(protocol, "absent", key), pattern(6, size))
    check("a missing one by HEAD", rig.head("blob", "absent", "no").status == rig.head("s3", "absent", "no").status == 404)


# ---- freshness ----

def freshness(rig):
    rig.bind("zero", ttl="0s")
    for size in (0, 20, 16385, CHUNK + 1):
        for version in range(1, 9):
            body = pattern(version, size) if size > 0 else b""
            etag = rig.upstream.put("zero", f"o{size}", body).headers["etag"]
            for protocol in PROTOCOLS[::1 if version % 2 else -1]:
                answer = rig.get(protocol, "zero", f"o{size}")
                same(f"TTL 0: version {version} of {size} at once, by {protocol}", answer, body)
                check("its ETag", answer.headers["etag"] == etag, f"{answer.headers['etag']} for {etag}")
        rig.upstream.delete("zero", f"o{size}")
        check(f"TTL 0: {size}, deleted", rig.get("blob", "zero", f"o{size}").status == rig.get("s3", "zero", f"o{size}").status == 404)
        rig.upstream.put("zero", f"o{size}", b"again")
        same(f"TTL 0: {size}, and made again", until(lambda: (answer := rig.get("blob", "zero", f"o{size}")).status == 200 and answer, 5), b"again")
    # with the same bytes nothing is fetched anew but what changed
    rig.proxy.clear()
    for _ in range(3):
        same("TTL 0: unchanged", rig.get("blob", "zero", "o0"), b"again")
    check("TTL 0: asked each time, and nothing fetched", rig.proxy.count("/o0") == 3 and rig.proxy.sent("/o0") == 0,
          (rig.proxy.requests, rig.proxy.bodies))
    rig.bind("two", ttl="2s")
    for protocol in PROTOCOLS:
        for size in (20, CHUNK + 1):
            key = f"{protocol}{size}"
            rig.upstream.put("two", key, pattern(1, size))
            begin = time.monotonic()
            same("TTL 2: first", rig.get(protocol, "two", key), pattern(1, size))
            rig.upstream.put("two", key, pattern(2, size))
            answer = rig.get(protocol, "two", key)
            if time.monotonic() - begin < 1.9:
                same("TTL 2: believed meanwhile", answer, pattern(1, size))
            seen = until(lambda: rig.get(protocol, "two", key).body == pattern(2, size), 10, 0.1)
            check("TTL 2: seen after it", seen and time.monotonic() - begin < 5, time.monotonic() - begin)
            rig.upstream.delete("two", key)
            gone = until(lambda: rig.get(protocol, "two", key).status == 404, 10, 0.1)
            check("TTL 2: deletion seen after it", gone)


def changes(rig):
    """Changed upstream while somebody reads: what comes is of one version, if it is whole or not."""
    rig.bind("changes", ttl="0s")
    size, rounds = 6 * CHUNK + 777, 24
    etags = {}
    versions = iter(range(1, 1000))

    def renew(lock=threading.Lock()):
        with lock:
            version = next(versions) % 100
            etags[version] = rig.upstream.put("changes", "big", pattern(version, size)).headers["etag"]
            return version

    latest = [renew()]
    wholes, parts = 0, 0
    for turn in range(rounds):
        protocol = PROTOCOLS[turn % 2]
        seen, after = [0], turn // 2 % 8
        latest[0] = renew()

        def watch(line):
            if line.startswith("GET") and "/big" in line:
                seen[0] += 1
                if seen[0] == after + 1:
                    latest[0] = renew()

        rig.proxy.watch = watch
        answers = together(3, lambda i: whole_or_part(rig, protocol, "changes", "big"))
        rig.proxy.watch = None
        for status, etag, body, is_whole in answers if not any(isinstance(each, Exception) for each in answers) else []:
            version = int(body[:2]) if len(body) >= 2 else None
            wholes, parts = wholes + (is_whole is True), parts + (is_whole is not True)
            check(f"round {turn}: one version", body == pattern(version, size)[:len(body)] if version is not None else status in (None, 200, 503),
                  f"{status} {len(body)} bytes of {version} {is_whole}")
            if status == 200 and is_whole is True and version is not None:
                check(f"round {turn}: the ETag is that of its bytes", etag == etags[version], f"{etag} for {etags[version]}")
                check(f"round {turn}: whole", len(body) == size, len(body))
        check(f"round {turn}: nothing else", not any(isinstance(each, Exception) for each in answers), answers)
        same(f"round {turn}: afterwards the latest, whole", rig.get(protocol, "changes", "big"), pattern(latest[0], size))
    print(f"changes: {wholes} whole, {parts} broken off", flush=True)
    check("some of both", wholes > 0 and parts > 0)


# ---- many ----

def crowds(rig):
    rig.bind("crowd", ttl="1h")
    rig.proxy.latency = 0.02
    for size in (10, 100_000, 40 * MIB):
        for turn in range(3):
            key = f"cold-{size}-{turn}"
            body = pattern(turn, size)
            rig.upstream.put("crowd", key, body)
            rig.proxy.clear()
            answers = together(12, lambda i: rig.get(PROTOCOLS[i % 2], "crowd", key))
            for i, answer in enumerate(answers):
                if isinstance(answer, Exception):
                    check(f"{key}: reader {i}", False, repr(answer))
                else:
                    same(f"{key}: reader {i}", answer, body)
            check(f"{key}: fetched once by all", rig.proxy.sent(key) == size, f"{rig.proxy.sent(key)} for {size}")
            chunks = max(1, (size + CHUNK - 1) // CHUNK)
            check(f"{key}: a request for each chunk", rig.proxy.count("GET", key) == chunks, f"{rig.proxy.count('GET', key)} for {chunks}")
    # each at another place
    body = pattern(8, 40 * MIB)
    rig.upstream.put("crowd", "places", body)
    rig.proxy.clear()
    answers = together(12, lambda i: rig.get(PROTOCOLS[i % 2], "crowd", "places", range=f"bytes={i * 3 * MIB}-{i * 3 * MIB + 4 * MIB - 1}"))
    for i, answer in enumerate(answers):
        same(f"place {i}", answer, body[i * 3 * MIB:i * 3 * MIB + 4 * MIB], 206)
    check("places: each chunk once", rig.proxy.sent("places") <= 40 * MIB, rig.proxy.sent("places"))
    rig.proxy.latency = 0


def leaving(rig):
    """A client that goes away in the middle is nobody else's business."""
    rig.bind("leaving", ttl="1h")
    sas = account_sas()
    for turn in range(4):
        key, body = f"big{turn}", pattern(turn, 24 * MIB)
        rig.upstream.put("leaving", key, body)
        rig.proxy.rate = 20e6
        rig.proxy.clear()

        def leave(_, key=key):
            host, port = rig.gateway.blob.split(":")
            with socket.create_connection((host, int(port)), timeout=30) as leaver:
                leaver.sendall(f"GET /{ACCOUNT}/leaving/{key}?{sas} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
                got = 0
                while got < turn * MIB + 1:
                    got += len(leaver.recv(65536)) or 1 << 40
                if turn % 2:
                    leaver.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

        answers = together(9, lambda i: leave(i) if i % 3 == 0 else rig.get(PROTOCOLS[i % 2], "leaving", key))
        for i, answer in enumerate(answers):
            if i % 3 == 0:
                check(f"round {turn}: the leaver", answer is None, repr(answer))
            else:
                same(f"round {turn}: reader {i} beside it", answer, body)
        check(f"round {turn}: fetched once", rig.proxy.sent(key) == 24 * MIB, rig.proxy.sent(key))
        rig.proxy.rate = None
        # the only reader leaves
        alone = f"alone{turn}"
        rig.upstream.put("leaving", alone, body)
        leave(None, alone)
        same(f"round {turn}: what was left alone", rig.get("s3", "leaving", alone), body)
        check(f"round {turn}: and nothing twice", rig.proxy.sent(alone) == 24 * MIB, rig.proxy.sent(alone))


# ---- troubles ----

def troubles(rig):
    rig.bind("trouble", ttl="0s")
    sizes = (2000, 3 * MIB, 2 * CHUNK + 12345)
    for size in sizes:
        rig.upstream.put("trouble", f"resident{size}", pattern(1, size))
        same("resident", rig.get("blob", "trouble", f"resident{size}"), pattern(1, size))
    cases = [
        ("reset at once", 2, {"reset": True}),
        ("an answer that is lost", 2, {"lose": True}),
        ("reset in the middle", 3, {"reset_after": 1_000_000}),
        ("cut at the beginning", 2, {"cut": 0}),
        ("cut in the middle", 3, {"cut": 1_000_000}),
        ("cut before the end", 2, {"cut": 1999}),
        ("a length that is too large", 1, {"headers": {"Content-Length": str(CHUNK + 5)}, "cut": 1000}),
        ("no length", 2, {"headers": {"Content-Length": None}}),
        ("a length that is no number", 2, {"headers": {"Content-Length": "many"}}),
        ("two lengths", 1, {"headers": {"Content-Length": ["2000", "2001"]}}),
        ("another part", 2, {"headers": {"Content-Range": "bytes 1-2000/5000000"}}),
        ("a part without saying which", 2, {"headers": {"Content-Range": None}}),
        ("chunked", 1, {"chunked": True}),
        ("no HTTP", 2, {"status_line": "NONSENSE"}),
        ("a page of a proxy", 2, {"status_line": "HTTP/1.1 502 Bad Gateway", "body": b"<html><body>Bad gateway</body></html>"}),
        ("an error inside", 2, {"status": 500}),
        ("throttling", 2, {"status": 503, "retry_after": "1", "code": "ServerBusy"}),
        ("too many requests", 1, {"status": 429, "retry_after": "1"}),
        ("a redirection", 2, {"status_line": "HTTP/1.1 302 Found", "headers": {"Location": "http://127.0.0.1:1/"}}),
    ]
    for at, (what, times, fault) in enumerate(cases):
        for size in sizes:
            key, body, protocol = f"{at}-{size}", pattern(at, size), PROTOCOLS[(at + size) % 2]
            rig.upstream.put("trouble", key, body)
            rig.proxy.clear()
            rig.proxy.fault(times=times, match=f"/{key}", **fault)
            status, _, got, is_whole = whole_or_part(rig, protocol, "trouble", key)
            # what cannot be had is told, what can is right; never wrong bytes
            check(f"{what}, {size} by {protocol}: read all the same", status == 200 and is_whole is True and got == body,
                  f"{status} {is_whole} {len(got)} {got[:200] if status != 200 else got == body[:len(got)]}")
            rig.proxy.clear()
            answer = rig.get(protocol, "trouble", key)
            same(f"{what}, {size} by {protocol}: and afterwards", answer, body)
    # and for as long as it lasts
    for what, fault in (("reset at once", {"reset": True}), ("errors", {"status": 500}), ("throttling", {"status": 503, "retry_after": "60"}),
                        ("no HTTP", {"status_line": "NONSENSE"}), ("cut at the beginning", {"cut": 0})):
        for protocol in PROTOCOLS:
            key = f"lasting-{what[:5].strip()}-{protocol}"
            rig.upstream.put("trouble", key, pattern(9, 3 * MIB))
            rig.proxy.clear()
            rig.proxy.always(**fault)
            begin = time.monotonic()
            answer = rig.get(protocol, "trouble", key)
            check(f"{what}, lasting: unknown by {protocol} is 503", answer.status == 503, f"{answer} {answer.body[:200]!r}")
            check(f"{what}, lasting: told in time", time.monotonic() - begin < 15, time.monotonic() - begin)
            for size in sizes:
                begin = time.monotonic()
                same(f"{what}, lasting: what is here is served by {protocol}", rig.get(protocol, "trouble", f"resident{size}"), pattern(1, size))
                check(f"{what}, lasting: soon", time.monotonic() - begin < 3, time.monotonic() - begin)
            rig.proxy.clear()
            answer = until(lambda: (answer := rig.get(protocol, "trouble", key)).status == 200 and answer, 10)
            check(f"{what}: recovers by itself, {protocol}", answer)
            same(f"{what}: with the right bytes", answer, pattern(9, 3 * MIB))
    rig.proxy.clear()
    rig.proxy.latency, rig.proxy.rate = 0.5, 3e6
    for protocol in PROTOCOLS:
        rig.upstream.put("trouble", f"slow-{protocol}", pattern(7, 2 * CHUNK + 1))
        same(f"slow upstream, by {protocol}", rig.get(protocol, "trouble", f"slow-{protocol}"), pattern(7, 2 * CHUNK + 1))
    rig.proxy.latency, rig.proxy.rate = 0, None
    state = rig.bindings()["bindings"]
    mine = next(each for each in state if each["container"] == "trouble")
    check("failures are counted", mine["failures"] > 0 and mine["last_failure"], mine)


def gone(rig):
    """Upstream is not there at all."""
    rig.bind("gone", ttl="0s")
    bodies = {size: pattern(2, size) for size in (0, 100, 100_000, 2 * CHUNK + 9)}
    for size, body in bodies.items():
        rig.upstream.put("gone", f"o{size}", body)
        same("before", rig.get("blob", "gone", f"o{size}"), body)
    rig.upstream.put("gone", "part", pattern(3, 3 * CHUNK))
    same("a part", rig.get("blob", "gone", "part", range=f"bytes={CHUNK}-{CHUNK + 99}"), pattern(3, 3 * CHUNK)[CHUNK:CHUNK + 100], 206)
    rig.upstream.put("gone", "unknown", b"unknown")
    etag = rig.upstream.head("gone", "o100").headers["etag"]
    rig.proxy.down()
    for protocol in PROTOCOLS:
        for size, body in bodies.items():
            same(f"{size} bytes that are here, by {protocol}", rig.get(protocol, "gone", f"o{size}"), body)
            check(f"its head, by {protocol}", rig.head(protocol, "gone", f"o{size}").status == 200)
        check(f"a condition, by {protocol}", rig.get(protocol, "gone", "o100", if_none_match=etag).status == 304)
        same(f"a part that is here, by {protocol}", rig.get(protocol, "gone", "part", range=f"bytes={CHUNK + 10}-{CHUNK + 99}"),
             pattern(3, 3 * CHUNK)[CHUNK + 10:CHUNK + 100], 206)
        for what, key, span in (("a part that is not", "part", "bytes=0-99"), ("what is not known", "unknown", None), ("nor this", "no-such", None)):
            begin = time.monotonic()
            answer = rig.get(protocol, "gone", key, **({"range": span} if span else {}))
            code = answer.error_code if protocol == "blob" else answer.find("Code")
            check(f"{what}, by {protocol}: 503", answer.status == 503 and code, f"{answer} {answer.body[:200]!r}")
            check(f"{what}, by {protocol}: told in time", time.monotonic() - begin < 15, time.monotonic() - begin)
        check(f"a head of what is not known, by {protocol}: 503", rig.head(protocol, "gone", "unknown").status == 503)
    mine = next(each for each in rig.bindings()["bindings"] if each["container"] == "gone")
    check("the state says so", mine["state"] != "ready" and mine["stale_answers"] > 0, mine)
    rig.proxy.up()
    for protocol in PROTOCOLS:
        answer = until(lambda: (answer := rig.get(protocol, "gone", "unknown")).status == 200 and answer, 10)
        check(f"back by itself, by {protocol}", answer and answer.body == b"unknown", answer)
        same(f"and the rest of what was here in part, by {protocol}", rig.get(protocol, "gone", "part"), pattern(3, 3 * CHUNK))
    rig.upstream.put("gone", "o100", b"new")
    check("changes are seen again", until(lambda: rig.get("blob", "gone", "o100").body == b"new", 10, 0.1))
    check("the state says so again", next(each for each in rig.bindings()["bindings"] if each["container"] == "gone")["state"] == "ready")
    # it goes while somebody reads
    for protocol in PROTOCOLS:
        key, body = f"middle-{protocol}", pattern(5, 40 * MIB)
        rig.upstream.put("gone", key, body)
        rig.proxy.rate = 10e6
        timer = threading.Timer(0.3, rig.proxy.down)
        timer.start()
        status, _, got, is_whole = whole_or_part(rig, protocol, "gone", key)
        timer.join()
        check(f"gone in the middle, by {protocol}: what came is right, and not taken for the whole",
              got == body[:len(got)] and (len(got) < len(body) or is_whole is True) and not (is_whole is True and len(got) < len(body) and status == 200),
              f"{status} {len(got)} {is_whole}")
        rig.proxy.rate = None
        rig.proxy.up()
        answer = until(lambda: (answer := rig.get(protocol, "gone", key)).status == 200 and answer, 10)
        check("and whole again", answer and answer.body == body)


def container_gone(rig):
    rig.bind("vanishing", ttl="0s")
    rig.upstream.put("vanishing", "here", pattern(1, CHUNK + 1))
    rig.upstream.put("vanishing", "part", pattern(2, 2 * CHUNK))
    same("before", rig.get("blob", "vanishing", "here"), pattern(1, CHUNK + 1))
    same("a part", rig.get("s3", "vanishing", "part", range="bytes=0-9"), pattern(2, 2 * CHUNK)[:10], 206)
    for key in ("here", "part"):
        rig.upstream.delete("vanishing", key)
    answer = rig.upstream.remove("vanishing")
    check("the container is deleted upstream", answer.status in (200, 202, 204), answer)
    for protocol in PROTOCOLS:
        same(f"what is here stays, by {protocol}", rig.get(protocol, "vanishing", "here"), pattern(1, CHUNK + 1))
        answer = rig.get(protocol, "vanishing", "never")
        check(f"what is not: no success, by {protocol}", answer.status in (404, 503), answer)
        answer = rig.get(protocol, "vanishing", "part", range=f"bytes={CHUNK}-")
        check(f"nor what is here in part, by {protocol}", answer.status in (404, 503), answer)
    mine = next(each for each in rig.bindings()["bindings"] if each["container"] == "vanishing")
    check("the state says so", mine["state"] != "ready", mine)


def credentials(rig):
    """Refused, expired, not trusted."""
    folder, data = rig.folder, rig.gateway.data
    rig.upstream.make("locked")
    rig.upstream.put("locked", "a", pattern(1, CHUNK + 1))
    rig.upstream.put("locked", "b", b"b")
    wrong = os.path.join(folder, "wrong.key")
    with open(wrong, "w") as file:
        file.write(f"{rig.upstream.access}:wrongwrongwrong" if rig.upstream.is_s3 else base64.b64encode(b"x" * 64).decode())
    os.chmod(wrong, 0o600)
    url = rig.upstream.url(rig.proxy.address, "locked")
    bad = ["--allow-http", *(["--kind", "s3", "--region", "us-east-1", "--s3-key-file", wrong] if rig.upstream.is_s3 else ["--key-file", wrong])]

    def refused(what, keys):
        for protocol in PROTOCOLS:
            for key in keys:
                answer = rig.get(protocol, "locked", key)
                check(f"{what}, by {protocol}: no success and no 404", answer.status in (403, 502, 503), f"{answer} {answer.body[:200]!r}")
                check(f"{what}: no secret in it", b"sig=" not in answer.body and KEY.encode() not in answer.body, answer.body)

    code, said = attach(data, "locked", url, bad, ttl="0s")
    check("attached with a wrong key", code == 0, said)
    refused("a wrong key", ("a", "b"))
    rig.bind("locked", ttl="0s", make=False)
    for protocol in PROTOCOLS:
        same(f"the right key, by {protocol}", rig.get(protocol, "locked", "a"), pattern(1, CHUNK + 1))
    code, said = attach(data, "locked", url, bad, ttl="0s")
    check("the wrong key again", code == 0, said)
    for protocol in PROTOCOLS:
        same(f"what is here is served, by {protocol}", rig.get(protocol, "locked", "a"), pattern(1, CHUNK + 1))
    refused("a wrong key, again", ("b",))
    if rig.kind == "azurite":
        sas = os.path.join(folder, "sas")
        for what, text, good in (("a SAS", account_sas("rl"), True), ("an expired SAS", account_sas("rl", expiry="2020-01-01T00:00:00Z"), False),
                                 ("a SAS that may only write", account_sas("w"), False)):
            with open(sas, "w") as file:
                file.write(text)
            os.chmod(sas, 0o600)
            rig.upstream.put("locked", f"for {what}", b"there")
            code, said = attach(data, "locked", url, ["--allow-http", "--sas-file", sas], ttl="0s")
            check(f"{what}: attached", code == 0, said)
            if good:
                same(what, rig.get("blob", "locked", f"for {what}"), b"there")
            else:
                refused(what, (f"for {what}",))
        # expires while it is in use: what is here stays
        same("after it expired", rig.get("s3", "locked", "a"), pattern(1, CHUNK + 1))
        certificates(rig)


def certificates(rig):
    """HTTPS with an authority that is not known, and with the right one."""
    folder = os.path.join(rig.folder, "https")
    os.makedirs(os.path.join(folder, "other"))
    authority, other = Authority(folder), Authority(os.path.join(folder, "other"))
    with Azurite(folder, "--cert", authority.certificate, "--key", authority.key) as azurite:
        client = Client(azurite.endpoint, context=authority.context())
        check("a container over TLS", client.create_container("tls").status == 201)
        client.put_blob("tls", "a", b"over TLS")
        url = f"https://{azurite.endpoint}/{ACCOUNT}/tls"
        key = rig.upstream.credential(rig.folder)
        for what, flags, good in (("no authority of ours", [], False), ("another authority", ["--ca-file", other.root], False),
                                  ("the right authority", ["--ca-file", authority.root], True), ("no authority again", [], False)):
            code, said = attach(rig.gateway.data, "tls", url, [*key, *flags], ttl="0s")
            check(f"{what}: attached", code == 0, said)
            for protocol in PROTOCOLS:
                if good:
                    same(f"{what}, by {protocol}", rig.get(protocol, "tls", "a"), b"over TLS")
                elif what.endswith("again"):
                    same(f"{what}: what is here is served, by {protocol}", rig.get(protocol, "tls", "a"), b"over TLS")
                else:
                    answer = rig.get(protocol, "tls", "a")
                    check(f"{what}, by {protocol}: nothing", answer.status in (502, 503), f"{answer} {answer.body[:200]!r}")


class BlackHole:
    """Takes requests and answers none. Waiting takes long, so it is done beside everything else."""

    def __init__(self, rig):
        self.rig, self.results = rig, {}
        self.proxy = FaultProxy(rig.upstream.address)
        rig.bind("hole", ttl="0s", address=self.proxy.address)
        rig.upstream.put("hole", "here", pattern(1, CHUNK + 1))
        rig.upstream.put("hole", "unknown", b"1")
        self.before = rig.get("blob", "hole", "here")
        self.proxy.always(stall=-1)
        self.threads = [threading.Thread(target=self._read, args=("here",)), threading.Thread(target=self._read, args=("unknown",))]
        for thread in self.threads:
            thread.start()

    def _read(self, key):
        begin = time.monotonic()
        client = self.rig.blob(timeout=200)
        try:
            answer = client.get_blob("hole", key)
            self.results[key] = (answer.status, answer.body, time.monotonic() - begin)
        except OSError as error:
            self.results[key] = (None, repr(error).encode(), time.monotonic() - begin)

    def finish(self):
        for thread in self.threads:
            thread.join(200)
        same("a black hole: before", self.before, pattern(1, CHUNK + 1))
        status, body, seconds = self.results.get("here", (None, b"", 0))
        check("a black hole: what is here is served", status == 200 and body == pattern(1, CHUNK + 1), f"{status} {seconds}")
        print(f"a black hole: what is here after {seconds:.1f} s", end="", flush=True)
        status, body, seconds = self.results.get("unknown", (None, b"", 0))
        check("a black hole: what is not is 503", status == 503, f"{status} {body[:200]} {seconds}")
        print(f", what is not is told after {seconds:.1f} s", flush=True)
        wrong, longest, end = 0, 0, time.monotonic() + 7  # longer than upstream is left alone once it did not answer
        while time.monotonic() < end:
            begin = time.monotonic()
            wrong += self.rig.get("s3", "hole", "here", range="bytes=0-9").body != pattern(1, 10)
            longest = max(longest, time.monotonic() - begin)
        check("a black hole: nobody waits again", longest < 3 and wrong == 0, (longest, wrong))
        self.proxy.clear()
        self.proxy.down()  # what hangs in it ends
        self.proxy.up()
        answer = until(lambda: (answer := self.rig.get("s3", "hole", "unknown")).status == 200 and answer, 10)
        check("a black hole: recovers by itself", answer and answer.body == b"1", answer)
        self.proxy.__exit__()


# ---- writing ----

def refusals(rig):
    """Nothing that writes may get through, and upstream hears of none of it."""
    rig.bind("shown", ttl="1h")
    rig.upstream.put("shown", "here", b"here")
    rig.upstream.put("shown", "cold", b"cold")
    rig.upstream.put("shown", "cold2", b"cold")
    blob, s3 = rig.blob(), rig.s3()
    same("before", rig.get("blob", "shown", "here"), b"here")
    blob.create_container("own")
    blob.put_blob("own", "source", b"source")
    source = f"http://{rig.gateway.blob}/{ACCOUNT}/own/source"
    rig.proxy.clear()
    block_list = b"<BlockList></BlockList>"
    tags = b"<Tags><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tags>"
    by_blob = {
        "Put Blob": lambda key: blob.put_blob("shown", key, b"x"),
        "Put Blob From URL": lambda key: blob.put_blob("shown", key, b"", **{"x-ms-copy-source": source}),
        "Copy Blob": lambda key: blob.request("PUT", f"/shown/{key}", headers={"x-ms-copy-source": source}),
        "Put Block": lambda key: blob.put_block("shown", key, b"AAAA", b"x"),
        "Put Block From URL": lambda key: blob.request("PUT", f"/shown/{key}", "comp=block&blockid=QUFB", headers={"x-ms-copy-source": source}),
        "Put Block List": lambda key: blob.request("PUT", f"/shown/{key}", "comp=blocklist", block_list),
        "Set Blob Properties": lambda key: blob.request("PUT", f"/shown/{key}", "comp=properties", headers={"x-ms-blob-content-type": "a/b"}),
        "Set Blob Metadata": lambda key: blob.set_metadata("shown", key, a="b"),
        "Set Blob Tier": lambda key: blob.request("PUT", f"/shown/{key}", "comp=tier", headers={"x-ms-access-tier": "Cool"}),
        "Set Blob Tags": lambda key: blob.request("PUT", f"/shown/{key}", "comp=tags", tags),
        "Delete Blob": lambda key: blob.delete_blob("shown", key),
    }
    upload = "AAAA"
    s3_tags = b"<Tagging><TagSet><Tag><Key>a</Key><Value>b</Value></Tag></TagSet></Tagging>"
    by_s3 = {
        "PutObject": lambda key: s3.put("shown", key, b"x"),
        "CopyObject": lambda key: s3.copy("shown", key, "own/source"),
        "RenameObject": lambda key: s3.put("shown", "new-" + key, b"", "renameObject=", x_amz_rename_source=f"/shown/{key}"),
        "DeleteObject": lambda key: s3.delete("shown", key),
        "PutObjectTagging": lambda key: s3.put("shown", key, s3_tags, "tagging="),
        "DeleteObjectTagging": lambda key: s3.delete("shown", key, "tagging="),
        "PutObjectAcl": lambda key: s3.put("shown", key, b"", "acl=", x_amz_acl="private"),
        "CreateMultipartUpload": lambda key: s3.post("shown", key, "uploads="),
    }
    passes = {"Abort Copy Blob": "there is never one", "Delete Blob Version": "bound containers keep none",
              "UploadPart": "needs an upload", "UploadPartCopy": "needs an upload", "CompleteMultipartUpload": "needs an upload",
              "AbortMultipartUpload": "needs an upload"}
    for protocol, table in (("blob", by_blob), ("s3", by_s3)):
        rows = subprocess.run([BINARY, "operations", "--protocol", protocol], capture_output=True, text=True).stdout.splitlines()
        for row in rows:
            fields = row.split("\t")
            if fields[3] == "object" and fields[2] in ("PUT", "POST", "DELETE") and "not offered" not in row:
                check(f"{fields[1]} has a request here", fields[1] in table or fields[1] in passes)
        for name, send in table.items():
            for key in ("here", "cold", "not-there"):
                answer = send(key)
                code = answer.error_code if protocol == "blob" else answer.find("Code")
                check(f"{name} of {key}: 403", answer.status == 403 and code, f"{answer} {answer.body[:200]!r}")
    many = s3.request("POST", "/shown", "delete=", b"<Delete><Object><Key>here</Key></Object><Object><Key>cold2</Key></Object></Delete>",
                      headers={"Content-MD5": base64.b64encode(hashlib.md5(
                          b"<Delete><Object><Key>here</Key></Object><Object><Key>cold2</Key></Object></Delete>").digest()).decode()})
    check("DeleteObjects: each is refused", many.status == 403 or (many.status == 200 and many.body.count(b"<Code>AccessDenied</Code>") == 2),
          f"{many} {many.body[:400]!r}")
    fields = s3.form("shown", [("key", "form")])
    form = s3.post_form("shown", fields, b"x")
    check("PostObject: 403", form.status == 403, f"{form} {form.body[:300]!r}")
    lines = [line for _, line, _ in rig.proxy.requests if not line.startswith(("GET", "HEAD"))]
    check("upstream heard of none of it", not lines, lines)
    for key, body in (("here", b"here"), ("cold", b"cold"), ("cold2", b"cold")):
        check(f"{key} is upstream as it was", rig.upstream.head("shown", key).headers["content-length"] == str(len(body)))
        for protocol in PROTOCOLS:
            same(f"{key} reads as before, by {protocol}", rig.get(protocol, "shown", key), body)
    check("nothing new", rig.get("blob", "shown", "not-there").status == 404 and rig.get("s3", "shown", "form").status == 404)
    # out of a bound container into one of ours: a read of the source
    copied = blob.request("PUT", "/own/copied", headers={"x-ms-copy-source": f"http://{rig.gateway.blob}/{ACCOUNT}/shown/here"})
    check("a copy into a container of ours", copied.status in (202, 409, 503, 501), copied)
    if copied.status == 202:
        same("and its bytes", rig.get("s3", "own", "copied"), b"here")
    check("versions cannot be switched on in a bound container", s3.set_versioning("shown", "Enabled").status >= 400)


# ---- damage, room ----

def content_files(data):
    """Of the gateway: files that hold bytes of objects, large ones first."""
    found = []
    for folder, _, names in os.walk(data):
        for name in names:
            path = os.path.join(folder, name)
            if not name.startswith(("data.mdb", "lock.mdb")) and os.path.getsize(path) > 65536:
                found.append((os.path.getsize(path), path))
    return [path for _, path in sorted(found, reverse=True)]


def damage(rig):
    rig.bind("damaged", ttl="1h")
    bodies = {f"o{size}": pattern(7, size) for size in (200_000, CHUNK, 2 * CHUNK + 100_001, 16 * MIB)}
    before = set(content_files(rig.gateway.data))
    for key, body in bodies.items():
        rig.upstream.put("damaged", key, body)
        same("before", rig.get("blob", "damaged", key), body)
    same("kept", rig.get("s3", "damaged", "o200000"), bodies["o200000"])
    new = until(lambda: len(found := set(content_files(rig.gateway.data)) - before) >= 9 and found, 10) or set(content_files(rig.gateway.data)) - before
    check("there are files of chunks", len(new) >= 9, len(new))
    rig.gateway.stop()
    for path in new:
        with open(path, "r+b") as file:
            size = os.path.getsize(path)
            for at in (0, size // 2, size - 4096 if size > 4096 else 0):
                file.seek(at)
                byte = file.read(1)
                file.seek(at)
                file.write(bytes([byte[0] ^ 0x55]))
    rig.gateway.start()
    rig.proxy.clear()
    for key, body in bodies.items():
        status, _, got, is_whole = whole_or_part(rig, "blob", "damaged", key)
        check(f"{key}: repaired while it is read", status == 200 and is_whole is True and got == body, f"{status} {is_whole} {len(got)} {got == body[:len(got)]}")
        same(f"{key}: and afterwards", rig.get("s3", "damaged", key), body)
    fetched = rig.proxy.sent("/damaged/")
    check("fetched anew, once", fetched == sum(map(len, bodies.values())), f"{fetched} for {sum(map(len, bodies.values()))}")
    rig.proxy.clear()
    rig.restart()
    for key, body in bodies.items():
        same(f"{key}: after a restart", rig.get("blob", "damaged", key), body)
    check("nothing was fetched again", rig.proxy.sent("/damaged/") == 0, rig.proxy.bodies)
    # damaged while it runs, many readers, and upstream gone: an error, never wrong bytes
    body = bodies["o16777216"]
    path = content_files(rig.gateway.data)[0]
    with open(path, "r+b") as file:
        file.seek(100_000)
        file.write(b"damage")
    rig.proxy.down()
    for protocol in PROTOCOLS:
        for key, body in bodies.items():
            status, _, got, is_whole = whole_or_part(rig, protocol, "damaged", key)
            check(f"damaged and without upstream: right, or told, by {protocol}", got == body[:len(got)] if status == 200 else status in (500, 503, None),
                  f"{key} {status} {len(got)}")
    rig.proxy.up()
    for key, body in bodies.items():
        answer = until(lambda: (found := whole_or_part(rig, "blob", "damaged", key))[0] == 200 and found[3] is True and found, 10)
        check(f"{key}: and whole again", answer and answer[2] == body)


def full(kind, folder):
    """No room to keep what is fetched: it is served all the same. Needs root for a small file system of its own."""
    place = os.path.join(folder, "small")
    os.makedirs(place)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", place], check=True)
    try:
        # a reserve that is metadata's: a commit that finds the disk full ends all writes until a restart
        with Rig(folder, kind, "--reserve", "2MiB", "--meta-map-initial", "16MiB", data=os.path.join(place, "data")) as rig:
            rig.bind("full", ttl="1h")
            large, small = pattern(1, 100 * MIB), pattern(2, 3000)
            rig.upstream.put("full", "large", large)
            for i in range(30):
                rig.upstream.put("full", f"small{i}", small)
            for turn in range(2):
                for protocol in PROTOCOLS:
                    same(f"more than there is room for, {turn}, by {protocol}", rig.get(protocol, "full", "large"), large)
            for i in range(30):
                for protocol in PROTOCOLS:
                    same(f"small ones, by {protocol}", rig.get(protocol, "full", f"small{i}"), small)
            answers = together(6, lambda i: rig.get(PROTOCOLS[i % 2], "full", "large"))
            for answer in answers:
                same("many at once", answer, large)
            subprocess.run(["mount", "-o", "remount,size=300m", place], check=True)
            same("with room again", rig.get("blob", "full", "large"), large)
            same("and once more", until(lambda: rig.get("s3", "full", "large"), 1), large)
            rig.proxy.clear()
            same("by now it is kept", rig.get("blob", "full", "large"), large)
            check("nothing fetched", rig.proxy.sent() == 0, rig.proxy.bodies)
        check("fsck is clean", rig.problems == 0, rig.problems)
        if failed:
            print(rig.said(1500))
    finally:
        subprocess.run(["umount", place], check=False)


def unnoted(kind, folder):
    """Metadata takes no more: what is not known here is read all the same, as what upstream says of it is in memory."""
    with Rig(folder, kind, "--meta-map-initial", "1MiB", "--meta-map-max", "4MiB") as rig:
        rig.bind("unnoted", ttl="1h")
        bodies = {f"{protocol}{size}": pattern(size % 90, size) for protocol in PROTOCOLS for size in (20, 16385, 3 * CHUNK + 5)}
        tags = {"x-ms-meta-colour": "grey"} if kind == "azurite" else {"x-amz-meta-colour": "grey"}
        etags = {key: rig.upstream.put("unnoted", key, body, tags).headers["etag"] for key, body in bodies.items()}
        s3 = rig.s3()
        s3.create_bucket("own")
        for size in (8000, 1):
            check(f"it filled up with {size}", any(s3.put("own", f"n{size}-{i}", bytes(size)).status != 200 for i in range(40000)))
        for turn in range(2):
            for key, body in bodies.items():
                protocol = "blob" if key.startswith("blob") else "s3"
                answer = rig.get(protocol, "unnoted", key)
                same(f"{key}, {turn}", answer, body)
                check(f"{key}, {turn}: its ETag and metadata", answer.headers.get("etag") == etags[key] and
                      answer.headers.get("x-ms-meta-colour" if protocol == "blob" else "x-amz-meta-colour") == "grey", answer.headers)
                same(f"{key}, {turn}: its end", rig.get(protocol, "unnoted", key, range=f"bytes={len(body) - 5}-"), body[-5:], 206)
                refused = rig.get(protocol, "unnoted", key, if_match='"another"')
                check(f"{key}, {turn}: conditions are looked at", refused.status == 412, refused)
        check("it is full still", s3.put("own", "more", b"x").status != 200)
        rig.proxy.always(reset=True)
        refused = [rig.get(protocol, "unnoted", f"{protocol}20") for protocol in PROTOCOLS]
        check("what breaks off before the first byte is 503", all(answer.status == 503 for answer in refused), refused)
        rig.proxy.clear()
    check("fsck is clean", rig.problems == 0, rig.problems)


SECTIONS = [equality, ranges, facts, conditions, absence, freshness, changes, crowds, leaving, troubles, gone, container_gone, credentials, refusals,
            damage]
APART = [full, unnoted]  # each with a gateway of its own
# where the server upstream is only another one for the same driver: what is of the server
SHORT = {"radosgw": {"equality", "ranges", "facts", "conditions", "absence", "freshness", "changes", "container_gone"}}


def main():
    global where
    kind, wanted = sys.argv[1], sys.argv[2:]
    for name in wanted:
        if name not in [each.__name__ for each in SECTIONS + APART]:
            sys.exit(f"no such section: {name}")
    with tempfile.TemporaryDirectory(prefix="skerry-federation-") as folder:
        with Rig(folder, kind) as rig:
            hole = None
            for section in SECTIONS:
                if section.__name__ not in (wanted or SHORT.get(kind, {section.__name__})):
                    continue
                where, begin, before = section.__name__, time.monotonic(), failed
                if section is ranges and not wanted and kind not in SHORT:  # between two that restart the gateway
                    hole = BlackHole(rig)
                if section is damage and hole is not None:
                    hole.finish()
                try:
                    section(rig)
                except Exception:  # noqa: BLE001  reported and counted
                    check("ran to its end", False, traceback.format_exc())
                finally:
                    rig.proxy.clear()
                    rig.proxy.latency, rig.proxy.rate, rig.proxy.total_rate, rig.proxy.watch = 0, None, None, None
                print(f"{section.__name__}: {time.monotonic() - begin:.1f} s", flush=True)
                if failed > before:
                    print(rig.said(1500), flush=True)
        where = "the end"
        check("fsck is clean", rig.problems == 0, rig.problems)
    for section in APART if kind in ("azurite", "skerry-s3") else []:
        if wanted and section.__name__ not in wanted:
            continue
        where, begin = section.__name__, time.monotonic()
        with tempfile.TemporaryDirectory(prefix="skerry-federation-") as folder:
            section(kind, folder)
        print(f"{where}: {time.monotonic() - begin:.1f} s", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
