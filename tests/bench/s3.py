"""S3 beside other S3 servers, each on the same disk with what it does for durability, and beside the disk and OpenSSL's MD5. Every side gets the
same requests, signed ahead: presigned, path-style, with unsigned payloads."""
import http.client
import os
import statistics
import time
import urllib.parse

import radosgw
import streams
from azurite import Unavailable
from load import SignedRequests
from measure import client_cpu_seconds, cpu_seconds, disk_write_rate, md5_rate
from peers import S3_PEERS, Skerry
from s3client import S3, md5_base64, quote

KIB, MIB, GIB = 1 << 10, 1 << 20, 1 << 30
FAILURES = (OSError, RuntimeError, ValueError, AssertionError, http.client.HTTPException)
EXPIRES = 86400
SIGNED_A_SECOND = 20_000  # keys that are signed for a second of PUT


class Done:
    """What one round did: how many units, in how many seconds. `value` where the result is something else than units a second; `keys` of `bucket`
    are removed before the next round."""

    def __init__(self, units, seconds, value=None, bucket=None, keys=()):
        self.units, self.bucket, self.keys = units, bucket, list(keys)
        self.value = units / seconds if value is None else value


class Side:
    """Skerry or a peer, with clients."""

    def __init__(self, server):
        self.server, self.name = server, server.name
        self.endpoint, self.access, self.secret = server.endpoint, server.access, server.secret
        self.client = S3(self.endpoint, self.access, self.secret, timeout=600)
        self.plain = http.client.HTTPConnection(self.endpoint, timeout=600)
        self.buckets = set()

    def reconnect(self):
        """At next use: servers close connections that were idle for long, as they are while others have their turn."""
        self.client.close()
        self.plain.close()

    def bucket(self, name):
        if name not in self.buckets:
            answer, end = self.client.create_bucket(name), time.monotonic() + 60
            while answer.status == 503 and time.monotonic() < end:  # it listens before it is ready
                time.sleep(0.2)
                answer = self.client.create_bucket(name)
            assert answer.status == 200, f"no bucket: {answer}"
            self.buckets.add(name)

    def presign(self, method, bucket, key, query=""):
        return self.client.presign(method, S3.path(bucket, key), query, EXPIRES)

    def streams(self, connections, method, bucket, keys, size=0, query=""):
        return streams.run(self.endpoint, connections, [(method, self.presign(method, bucket, key, query)) for key in keys], size)

    def list_page(self, bucket, token=""):
        """A page of 1,000 keys: how many came, the next token, and in how many seconds. Hardly parsed, so that the client does not count."""
        query = "list-type=2&max-keys=1000" + (f"&continuation-token={urllib.parse.quote(token, safe='')}" if token else "")
        target = self.presign("GET", bucket, None, query)
        begin = time.perf_counter()
        self.plain.request("GET", target)
        answer = self.plain.getresponse()
        body = answer.read()
        spent = time.perf_counter() - begin
        assert answer.status == 200, f"{answer.status}: {body[:200]}"
        _, _, rest = body.partition(b"<NextContinuationToken>")
        token = rest[:rest.find(b"<")].decode().replace("&amp;", "&").replace("&#34;", '"').replace("&quot;", '"') if rest else ""
        return body.count(b"<Key>"), token, spent

    def remove(self, bucket, keys):
        for begin in range(0, len(keys), 1000):
            self.multi_delete(bucket, keys[begin:begin + 1000])

    def multi_delete(self, bucket, keys):
        body = ("<Delete><Quiet>true</Quiet>" + "".join(f"<Object><Key>{key}</Key></Object>" for key in keys) + "</Delete>").encode()
        answer = self.client.post(bucket, None, "delete=", body, content_md5=md5_base64(body))
        assert answer.status == 200 and answer.find("Error") is None, f"multi-delete: {answer} {answer.find('Error/Message')}"


class Comparison:
    """Runs rows: every side in turn, each with nothing left to write by those before."""

    def __init__(self, options, table, sides):
        self.options, self.table, self.sides = options, table, sides
        self.seconds, self.rounds = (2, 1) if options.quick else (6, 3)

    def wanted(self, name):
        return not self.options.rows or any(word.lower() in name.lower() for word in self.options.rows)

    def each(self, name, do):
        """Preparation: sides where it fails are out of this row."""
        ready = []
        for side in self.sides:
            try:
                side.reconnect()
                do(side)
                ready.append(side)
            except FAILURES as error:
                self.table.missing(name, f"{side.name}: {error}")
        return ready

    def beside(self, name, values, what, rates, unit, goal):
        """The hardware's own rates, measured in the same rounds."""
        for side, value in values.items():
            if side.name == Skerry.name and rates:
                self.table.row(name, value, what, statistics.median(rates), unit, goal)

    def limit(self, name, values, unit, limit, larger_is_better=False):
        for side, value in values.items():
            if side.name == Skerry.name:
                self.table.absolute(name, value, unit, limit, larger_is_better)

    def measure(self, name, sides, once, rounds):
        results, cpu, client = {side: [] for side in sides}, dict.fromkeys(sides, 0), dict.fromkeys(sides, 0)
        for at in range(rounds):
            for side in list(results):
                try:
                    os.sync()
                    side.reconnect()
                    own, before = client_cpu_seconds(), cpu_seconds(side.server.pids())
                    done = once(side, at)
                    cpu[side] += cpu_seconds(side.server.pids()) - before
                    client[side] += client_cpu_seconds() - own
                    results[side].append(done)
                    side.remove(done.bucket, done.keys)
                except FAILURES as error:
                    self.table.missing(name, f"{side.name}: {error or type(error).__name__}")
                    del results[side]
        amount = {side: sum(done.units for done in results[side]) for side in results}
        return ({side: statistics.median(done.value for done in results[side]) for side in results},
                {side: (cpu[side] / amount[side], client[side] / amount[side]) for side in results if amount[side]})

    def row(self, name, prepare, once, unit, cpu=None, larger_is_better=True, best=None, rounds=None):
        """`prepare`: (side). `once`: (side, round) -> Done. `cpu`: the unit of processor time, and how many of it are a second. `best`: a goal
        beside the best peer. Returns the value of every side that has one."""
        if not self.wanted(name):
            return {}
        values, costs = self.measure(name, self.each(name, prepare), once, rounds or self.rounds)
        self.show(name, values, costs, unit, cpu, larger_is_better, best)
        return values

    def show(self, name, values, costs, unit, cpu=None, larger_is_better=True, best=None):
        ours = next((side for side in values if side.name == Skerry.name), None)
        if ours is None:
            return
        tell = lambda side, which: f"{costs[side][which] * cpu[1]:.3g}" if side in costs else "?"
        others = [side for side in values if side is not ours]
        for side in others:
            text = f"{tell(ours, 0)} to {tell(side, 0)} {cpu[0]}, client {tell(ours, 1)}" if cpu else ""
            self.table.row(name, values[ours], side.name, values[side], unit, 1, larger_is_better, text)
        if best and others:
            side = (max if larger_is_better else min)(others, key=lambda side: values[side])
            self.table.row(name, values[ours], f"the best peer, {side.name}", values[side], unit, best, larger_is_better)
        if not others:
            self.table.missing(name, f"nobody to compare with; Skerry {values[ours]:,.2f} {unit}" + (f", {tell(ours, 0)} {cpu[0]}" if cpu else ""))


US, S_GB, MS = ("CPU us", 1e6), ("CPU s/GB", 1), ("CPU ms", 1e3)


def small(run, folder):
    """4 KiB over 64 connections, by wrk."""
    signed = {}

    def rate(side, at):
        rate = signed[side, at].rate(64, run.seconds)
        return Done(rate * run.seconds, run.seconds)

    def prepare_get(side):
        keys = [f"get/{i:05d}" for i in range(1000)]
        side.bucket("small")
        side.streams(8, "PUT", "small", keys, 4 * KIB)
        signed[side, "get"] = SignedRequests(folder, side, "GET", "small", keys)

    run.row("GET 4 KiB, 64 connections", prepare_get, lambda side, _: rate(side, "get"), "req/s", US, best=3)

    def prepare_put(side):
        side.bucket("small")
        for at in range(run.rounds):
            keys = (f"put{at}/{i // 1000:04d}/{i:07d}" for i in range(SIGNED_A_SECOND * run.seconds))
            signed[side, at] = SignedRequests(folder, side, "PUT", "small", keys, 4 * KIB)

    run.row("PUT 4 KiB durable, 64 connections", prepare_put, rate, "req/s", US, best=3)
    for (side, at), requests in signed.items():
        if at != "get" and requests.used_up():
            run.table.note(f"PUT 4 KiB, {side.name}, round {at + 1}: its signed keys were used up and written again")
        requests.remove()


def bulk(run, label, size, connections, hot, amount):
    """GET of `hot` objects over and over, and PUT of new ones, `amount` bytes a round."""
    bucket, count = f"bulk{size}", max(amount // size, connections)
    keys = [f"hot/{i:04d}" for i in range(hot)]

    def prepare(side):
        side.bucket(bucket)
        side.streams(connections, "PUT", bucket, keys, size)
        side.streams(connections, "GET", bucket, keys)  # some write past the page cache, some do not: hot is what was read before

    def get(side, _):
        seconds, answers = side.streams(connections, "GET", bucket, [keys[i % hot] for i in range(2 * count)])
        assert all(came == size for _, came in answers), "a body of another size came"
        return Done(2 * count * size / 1e9, seconds)

    def put(side, at):
        names = [f"put{at}/{i:05d}" for i in range(count)]
        seconds, _ = side.streams(connections, "PUT", bucket, names, size)
        return Done(count * size / 1e9, seconds, bucket=bucket, keys=names)

    run.row(f"GET {label} hot, {connections} connections", prepare, get, "GB/s", S_GB)
    run.row(f"PUT {label} durable, {connections} connections", lambda side: side.bucket(bucket), put, "GB/s", S_GB)
    run.each(f"removing {label}", lambda side: side.remove(bucket, keys) if bucket in side.buckets else None)


def multipart(run, size):
    part, label = 16 * MIB, f"{size / GIB:g} GiB"

    def upload(side, at):
        key = f"multipart{at}"
        begin = time.monotonic()
        upload = side.client.create_upload("large", key)
        assert isinstance(upload, str), f"no upload: {upload}"
        jobs = [("PUT", side.presign("PUT", "large", key, f"partNumber={number}&uploadId={quote(upload, '')}")) for number in range(1, size // part + 1)]
        _, answers = streams.run(side.endpoint, 8, jobs, part)
        answer = side.client.complete("large", key, quote(upload, ""), [(number, etag) for number, (etag, _) in enumerate(answers, 1)])
        assert answer.status == 200 and b"<ETag>" in answer.body, f"not completed: {answer} {answer.body[:200]}"
        seconds = time.monotonic() - begin
        return Done(size / 1e9, seconds, bucket="large", keys=[key])

    run.row(f"multipart upload of {label}, 8 connections", lambda side: side.bucket("large"), upload, "GB/s", S_GB)


def large(run, folder, size):
    """One stream, beside OpenSSL's MD5, which the ETag asks for; eight, beside the smaller of the disk and of MD5 on all cores; a copy."""
    label = f"{size / GIB:g} GiB"

    def stream(side, at):
        seconds, _ = side.streams(1, "PUT", "large", [f"stream{at}"], size)
        return Done(size / 1e9, seconds, bucket="large", keys=[f"stream{at}"])

    one, prepare = f"one PUT stream of {label}", lambda side: side.bucket("large")
    rates = []
    values = run.row(one, prepare, lambda side, at: (rates.append(md5_rate()) if side is run.sides[0] else None, stream(side, at))[1], "GB/s", S_GB)
    run.beside(one, values, "OpenSSL's MD5, one core", rates, "GB/s", 0.9)

    eight, each = f"8 PUT streams of {size // 8 >> 20} MiB", size // 8
    disk, md5 = [], []

    def streams8(side, at):
        if side is run.sides[0]:
            disk.append(disk_write_rate(folder, 16 * each))
            md5.append(md5_rate(os.cpu_count()))
        keys = [f"eight{at}/{i}" for i in range(16)]
        seconds, _ = side.streams(8, "PUT", "large", keys, each)
        return Done(len(keys) * each / 1e9, seconds, bucket="large", keys=keys)

    values = run.row(eight, prepare, streams8, "GB/s", S_GB)
    if disk and md5:
        slow = ("fio O_DIRECT, same disk", disk) if statistics.median(disk) < statistics.median(md5) else (f"OpenSSL's MD5, {os.cpu_count()} cores", md5)
        run.beside(eight, values, *slow, "GB/s", 0.85)

    def prepare_copy(side):
        side.bucket("large")
        side.streams(1, "PUT", "large", ["source"], size)

    def copy(side, at):
        begin = time.monotonic()
        answer = side.client.copy("large", f"copy{at}", "/large/source")
        spent = time.monotonic() - begin
        assert answer.status == 200 and answer.find("ETag"), f"not copied: {answer}"
        return Done(1, spent, spent * 1e3, bucket="large", keys=[f"copy{at}"])

    run.row(f"copy of {label} inside the server", prepare_copy, copy, "ms", MS, larger_is_better=False)


def listing(run, folder, count, limit_seconds):
    """A bucket of many keys, a thousand a prefix: listed whole, page by page; then some of them are removed, a thousand at a time."""
    whole, page, delete = f"LIST of {count:,} keys", "LIST page of 1,000 keys, p50", "multi-delete of 1,000 keys"
    if not any(run.wanted(name) for name in (whole, page, delete)):
        return
    key = lambda i: f"{i // 1000:05d}/{i:08d}"

    def load(side):
        side.bucket("many")
        requests = SignedRequests(folder, side, "PUT", "many", (key(i) for i in range(count)), 1)
        try:
            requests.send_all(64, limit_seconds)
        finally:
            requests.remove()

    pages = {}

    def list_all(side, _):
        keys, token, times, begin = 0, "", [], time.monotonic()
        while token or not times:
            came, token, spent = side.list_page("many", token)
            keys += came
            times.append(spent)
            if time.monotonic() - begin > limit_seconds:
                run.table.note(f"{whole}, {side.name}: {keys:,} keys were listed when time was up")
                break
        else:
            if keys < 0.99 * count:
                run.table.note(f"{whole}, {side.name}: only {keys:,} keys could be written in {limit_seconds} s")
        pages[side] = statistics.median(times) * 1e3
        return Done(keys, time.monotonic() - begin)

    ready = run.each(whole, load)
    values, costs = run.measure(whole, ready, list_all, 1)
    run.show(whole, values, costs, "keys/s", ("CPU us/key", 1e6))
    run.limit(whole, values, "keys/s", 200_000, larger_is_better=True)
    run.show(page, pages, {}, "ms", larger_is_better=False)
    run.limit(page, pages, "ms", 3)

    def delete_some(side, at):
        begin = time.monotonic()
        side.multi_delete("many", [key(at * 1000 + i) for i in range(1000)])
        spent = time.monotonic() - begin
        return Done(1, spent, spent * 1e3)

    values, costs = run.measure(delete, ready, delete_some, 5)
    run.show(delete, values, costs, "ms", MS, larger_is_better=False)


def start(options, folder, table):
    """Skerry and the peers that can be had; the others are named as missing."""
    servers = []
    try:
        servers.append(Skerry(folder))
        for name in options.peers:
            try:
                servers.append(S3_PEERS[name](folder))
            except (Unavailable, radosgw.Unavailable, OSError) as error:
                table.missing(f"S3 beside {name}", error)
    except BaseException:
        stop(servers)
        raise
    return servers


def stop(servers):
    for server in servers:
        server.stop()


def s3(folder, options, table):
    servers = start(options, folder, table)
    try:
        for server in servers:
            table.note(f"{server.name}: {server.durability}")
        run = Comparison(options, table, [Side(server) for server in servers])
        amount = 256 * MIB if options.quick else 2 * GIB
        small(run, folder)
        bulk(run, "1 MiB", MIB, 16, 256, amount)
        bulk(run, "64 MiB", 64 * MIB, 8, 8, amount)
        multipart(run, 256 * MIB if options.quick else GIB)
        large(run, folder, 256 * MIB if options.quick else GIB)
        listing(run, folder, *((20_000, 60) if options.quick else (1_000_000, 1800)))
    finally:
        stop(servers)
