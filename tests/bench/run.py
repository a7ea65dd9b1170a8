#!/usr/bin/env python3
"""Side by side, in one run on this machine: Skerry and what somebody would otherwise use, or the hardware. Ratios, not absolute
numbers, are the result; rounds alternate between the two sides and the median counts. `--only WORD`, `--quick`, `--strict`."""
import argparse
import json
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from azurite import Azurite, wait_for_port  # noqa: E402
from blobclient import Client, Server, account_sas  # noqa: E402
from certificates import Authority  # noqa: E402

TICKS = os.sysconf("SC_CLK_TCK")
ROWS = []


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICKS


def row(name, ours, peer_name, peer, unit, goal, larger_is_better=True, cpu=""):
    ratio = (ours / peer) if larger_is_better else (ours / peer)
    met = ratio >= goal if larger_is_better else ratio <= goal
    ROWS.append(met)
    sign = ">=" if larger_is_better else "<="
    print(f"{name:44} {ours:12,.2f} {peer_name:28} {peer:12,.2f} {unit:9} {ratio:7.2f}x  goal {sign} {goal}x {'met' if met else 'MISSED'}  {cpu}", flush=True)


def absolute(name, ours, unit, limit):
    met = ours <= limit
    ROWS.append(met)
    print(f"{name:44} {ours:12,.2f} {'':28} {'':12} {unit:9} {'':8}  goal <= {limit} {'met' if met else 'MISSED'}", flush=True)


def missing(name, what):
    ROWS.append(False)
    print(f"{name:44} not measured: {what}", flush=True)


def wrk(url, connections, seconds, script="", transfer=False):
    """Requests a second; or GB a second, which also counts what was under way at the end."""
    command = ["wrk", "-t2", f"-c{connections}", f"-d{seconds}", "--timeout", "30s", url]
    if script:
        command += ["-s", script]
    text = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 90).stdout
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
    bad = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if bad:
        raise RuntimeError(f"{bad.group(1)} responses were refused")
    if transfer:
        amount, unit = re.search(r"Transfer/sec:\s+([\d.]+)([KMG]?)B", text).groups()
        return float(amount) * 1024 ** " KMG".index(unit or " ") / 1e9
    return rate


def lua_put(folder, query, size, kind, container):
    """Unique names per thread and request; the SAS is in the URL, so that nothing is signed while measuring."""
    path = os.path.join(folder, f"{kind}.lua")
    target = ("/devstoreaccount1/%s/t\" .. id .. \"-\" .. n .. \"?%s" % (container, query) if kind == "put" else
              "/devstoreaccount1/%s/t\" .. id .. \"-\" .. math.floor(n / 64) .. \"?comp=block&blockid=\" .. string.format(\"QUFB%%04d\", n %% 64) .. \"&%s"
              % (container, query))
    with open(path, "w") as file:
        file.write("local threads = 0\nfunction setup(thread) thread:set('id', tostring(threads) .. '%s'); threads = threads + 1 end\n"
                   % os.urandom(3).hex() +
                   f"function init(args) n = 0; body = string.rep('x', {size}) end\n"
                   "function request() n = n + 1\n"
                   f"  return wrk.format('PUT', \"{target}\", {{['x-ms-version']='2021-12-02', ['x-ms-blob-type']='BlockBlob'}}, body)\nend\n")
    return path


class Nginx:
    """Serves `root`; over TLS when it is given an authority's certificate."""

    def __init__(self, folder, authority=None):
        self.root = os.path.join(folder, "www")
        os.makedirs(self.root)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        config = os.path.join(folder, "nginx.conf")
        tls = f"ssl_certificate {authority.certificate}; ssl_certificate_key {authority.key};" if authority else ""
        with open(config, "w") as file:
            file.write(f"worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/nginx.log; daemon off; events {{ worker_connections 4096; }}\n"
                       f"http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=1000;\n"
                       f"server {{ listen 127.0.0.1:{self.port}{' ssl' if authority else ''}; {tls} root {self.root}; }} }}\n")
        os.chmod(folder, 0o755)
        self.process = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder, "-c", config], stderr=subprocess.DEVNULL)
        wait_for_port(self.port)

    def pids(self):
        out = subprocess.run(["pgrep", "-P", str(self.process.pid)], capture_output=True, text=True).stdout
        return [int(pid) for pid in out.split()]

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def alternate(rounds, *measures):
    """Runs the measures in turn; returns the median of each."""
    results = [[] for _ in measures]
    for _ in range(rounds):
        for i, measure in enumerate(measures):
            results[i].append(measure())
    return [statistics.median(result) for result in results]


def fio(folder, *arguments):
    out = subprocess.run(["fio", "--name=x", f"--filename={folder}/fio.dat", "--output-format=json", *arguments], capture_output=True,
                         text=True, check=True).stdout
    os.unlink(f"{folder}/fio.dat")
    return json.loads(out[out.index("{"):])["jobs"][0]


def reads(folder, options):
    sas = account_sas()
    with Server(os.path.join(folder, "reads")) as server:
        client = Client(server.blob)
        client.create_container("bench")
        size = (64 if options.quick else 256) << 20
        large, small = os.urandom(1 << 20) * (size >> 20), os.urandom(4096)
        client.put_blob("bench", "large", large)
        client.put_blob("bench", "small", small)
        nginx = Nginx(folder)
        for name, body in (("large", large), ("small", small)):
            with open(os.path.join(nginx.root, name), "wb") as file:
                file.write(body)
        url = f"http://{server.blob}/devstoreaccount1/bench/"
        seconds = 3 if options.quick else 6
        cpu = cpu_seconds([server.pid])
        ours, peer = alternate(3, lambda: wrk(f"{url}large?{sas}", 8, seconds), lambda: wrk(f"http://127.0.0.1:{nginx.port}/large", 8, seconds))
        cpu = (cpu_seconds([server.pid]) - cpu) / (ours * 3 * seconds * size / 1e9)
        row(f"GET {size >> 20} MiB hot, 8 connections", ours * size / 1e9, "nginx sendfile", peer * size / 1e9, "GB/s", 0.95, cpu=f"{cpu:.3f} CPU s/GB")
        cpu = cpu_seconds([server.pid])
        ours, peer = alternate(3, lambda: wrk(f"{url}small?{sas}", 64, seconds), lambda: wrk(f"http://127.0.0.1:{nginx.port}/small", 64, seconds))
        cpu = (cpu_seconds([server.pid]) - cpu) / (ours * 3 * seconds) * 1e6
        row("GET 4 KiB with SAS, 64 connections", ours, "nginx without auth", peer, "req/s", 0.6, cpu=f"{cpu:.1f} CPU us/request")
        nginx.stop()
        try:
            azurite = Azurite(folder, "--skipApiVersionCheck")
            other = Client(azurite.endpoint)
            other.create_container("bench")
            other.put_blob("bench", "small", small)
            peer = wrk(f"http://{azurite.endpoint}/devstoreaccount1/bench/small?{sas}", 64, seconds)
            row("GET 4 KiB with SAS, 64 connections", ours, "Azurite", peer, "req/s", 10)
            azurite.stop()
        except (OSError, RuntimeError) as error:
            missing("GET 4 KiB beside Azurite", f"Azurite cannot be had: {error}")


def encrypted(folder, options):
    """HTTPS on both sides, with the same certificate; each side's own choice of ciphers."""
    sas = account_sas()
    authority = Authority(folder)
    seconds = 3 if options.quick else 6
    with Server(os.path.join(folder, "encrypted"), authority=authority) as server:
        client = Client(server.blob, context=authority.context())
        client.create_container("bench")
        nginx = Nginx(folder, authority)
        size = (64 if options.quick else 256) << 20
        for name, body in (("large", os.urandom(1 << 20) * (size >> 20)), ("small", os.urandom(4096))):
            client.put_blob("bench", name, body)
            with open(os.path.join(nginx.root, name), "wb") as file:
                file.write(body)
        url, other = f"https://{server.blob}/devstoreaccount1/bench/", f"https://127.0.0.1:{nginx.port}/"
        cpu = cpu_seconds([server.pid])
        ours, peer = alternate(3, lambda: wrk(f"{url}large?{sas}", 8, seconds, transfer=True),
                               lambda: wrk(f"{other}large", 8, seconds, transfer=True))
        cpu = (cpu_seconds([server.pid]) - cpu) / (ours * 3 * seconds)
        row(f"HTTPS GET {size >> 20} MiB hot, 8 connections", ours, "nginx with TLS", peer, "GB/s", 0.8, cpu=f"{cpu:.3f} CPU s/GB")
        cpu = cpu_seconds([server.pid])
        ours, peer = alternate(3, lambda: wrk(f"{url}small?{sas}", 64, seconds), lambda: wrk(f"{other}small", 64, seconds))
        cpu = (cpu_seconds([server.pid]) - cpu) / (ours * 3 * seconds) * 1e6
        row("HTTPS GET 4 KiB with SAS, 64 connections", ours, "nginx with TLS, no auth", peer, "req/s", 0.6, cpu=f"{cpu:.1f} CPU us/request")
        nginx.stop()


def writes(folder, options):
    sas = account_sas()
    seconds = 3 if options.quick else 6
    with Server(os.path.join(folder, "writes")) as server:
        client = Client(server.blob)
        client.create_container("bench")
        put = lambda: wrk(f"http://{server.blob}/", 64, seconds, lua_put(folder, sas, 4096, "put", "bench"))
        serial = lambda: fio(folder, "--size=64m", "--bs=4k", "--rw=write", "--fdatasync=1", "--ioengine=psync", f"--runtime={seconds}", "--time_based")["write"]["iops"]
        cpu = cpu_seconds([server.pid])
        ours, disk = alternate(3, put, serial)
        cpu = (cpu_seconds([server.pid]) - cpu) / (ours * 3 * seconds) * 1e6
        row("Put Blob 4 KiB durable, 64 connections", ours, "serial fdatasync of the disk", disk, "/s", 5, cpu=f"{cpu:.1f} CPU us/request")
        try:
            azurite = Azurite(folder, "--skipApiVersionCheck")
            Client(azurite.endpoint).create_container("bench")
            peer = wrk(f"http://{azurite.endpoint}/", 64, seconds, lua_put(folder, sas, 4096, "put", "bench"))
            azurite.stop()
            row("Put Blob 4 KiB durable, 64 connections", ours, "Azurite (not durable)", peer, "/s", 10)
        except (OSError, RuntimeError) as error:
            missing("Put Blob 4 KiB beside Azurite", f"Azurite cannot be had: {error}")
        block = lambda: wrk(f"http://{server.blob}/", 16, seconds, lua_put(folder, sas, 8 << 20, "block", "bench")) * (8 << 20) / 1e9
        direct = lambda: fio(folder, "--size=4g", "--bs=1m", "--rw=write", "--direct=1", "--ioengine=io_uring", "--iodepth=16", f"--runtime={seconds}", "--time_based")["write"]["bw_bytes"] / 1e9
        cpu = cpu_seconds([server.pid])
        ours, disk = alternate(3, block, direct)
        cpu = (cpu_seconds([server.pid]) - cpu) / (ours * 3 * seconds)
        row("Put Block 8 MiB durable, 16 streams", ours, "fio O_DIRECT, same disk", disk, "GB/s", 0.85, cpu=f"{cpu:.3f} CPU s/GB")


def list_page(client, container):
    begin = time.perf_counter()
    answer = client.list_blobs(container, "maxresults=1000")
    spent = (time.perf_counter() - begin) * 1e3
    assert answer.body.count(b"<Blob>") == 1000
    return spent


def rss_beside_map(pid):
    total = 0
    mapped = False
    with open(f"/proc/{pid}/smaps") as file:
        for line in file:
            if re.match(r"[0-9a-f]+-[0-9a-f]+ ", line):
                mapped = "data.mdb" in line
            elif line.startswith("Rss:") and not mapped:
                total += int(line.split()[1])
    return total / 1024


def load_blobs(endpoint, container, count):
    def work(part):
        client = Client(endpoint)
        for i in range(part, count, 8):
            client.put_blob(container, f"dir{i // 1000:04d}/blob{i:07d}", b"x")
    threads = [threading.Thread(target=work, args=(part,)) for part in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def scale(folder, options):
    """A million names: listed, killed, started again."""
    data = os.path.join(folder, "scale")
    sas = account_sas()
    server = Server(data).start()
    client = Client(server.blob)
    client.create_container("small")
    client.create_container("many")
    load_blobs(server.blob, "small", 10_000)
    total, wanted = 0, 50_000 if options.quick else 1_000_000
    while total < wanted:
        total += wrk(f"http://{server.blob}/", 64, 5, lua_put(folder, sas, 1, "put", "many")) * 5
    alternate(3, lambda: list_page(client, "small"), lambda: list_page(client, "many"))
    few, many = alternate(31, lambda: list_page(client, "small"), lambda: list_page(client, "many"))
    row(f"listing page of 1,000 at {total:,.0f} blobs", many, "at 10,000 blobs", few, "ms", 1.2, larger_is_better=False)
    server.kill()
    begin = time.perf_counter()
    server.start()
    absolute(f"ready with {total:,.0f} blobs after SIGKILL", time.perf_counter() - begin, "s", 1.0)
    server.stop()


def constants(folder, options):
    with Server(os.path.join(folder, "constants")) as server:
        time.sleep(1)
        absolute("idle RSS beside the metadata map", rss_beside_map(server.pid), "MiB", 64)
        client = Client(server.blob)
        client.create_container("box")
        part, count = os.urandom(1 << 20) * 100, 10 if options.quick else 103
        client.put_block("box", "large", b"000", part)
        client.put_block_list("box", "large", [b"000"] * count)  # the same block many times: a large object of few bytes
        times = []
        for i in range(21):
            begin = time.perf_counter()
            assert client.copy_blob("box", f"copy{i}", "large").status == 202
            times.append((time.perf_counter() - begin) * 1e3)
        absolute(f"copy of a {count * len(part) / 2 ** 30:.1f} GiB blob", statistics.median(times), "ms", 5)
        count = 2000 if options.quick else 10_000
        host, port = server.blob.split(":")
        sockets = []
        import resource
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        for _ in range(count):
            one = socket.create_connection((host, int(port)))
            one.sendall(b"GET /devstoreaccount1/box/large HTTP/1.1\r\nHost: x\r\nRange: bytes=0-0\r\n\r\n")
            sockets.append(one)
        for one in sockets:
            assert one.recv(4096).startswith(b"HTTP/1.1 ")
        absolute(f"RSS with {count:,} idle connections", rss_beside_map(server.pid), "MiB", 1024)
        for one in sockets:
            one.close()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--quick", action="store_true")
    arguments.add_argument("--strict", action="store_true")
    arguments.add_argument("--only", choices=["reads", "encrypted", "writes", "scale", "constants"])
    arguments.add_argument("--folder", default=None, help="where to write; the disk that is measured")
    options = arguments.parse_args()
    for program in ("wrk", "fio", "nginx"):
        if not (shutil.which(program) or os.path.exists(f"/usr/sbin/{program}")):
            sys.exit(f"{program} is missing: .ci/install-dependencies bench")
    for part in (reads, encrypted, writes, constants, scale):
        if options.only in (None, part.__name__):
            with tempfile.TemporaryDirectory(prefix="skerry-bench-", dir=options.folder) as folder:
                part(folder, options)
    print(f"{sum(ROWS)} goals met, {len(ROWS) - sum(ROWS)} missed")
    return 1 if options.strict and not all(ROWS) else 0


if __name__ == "__main__":
    sys.exit(main())
