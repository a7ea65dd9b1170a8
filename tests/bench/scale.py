"""Blob beside itself when it holds little, and beside fixed limits: a million names, large copies, many connections, memory."""
import os
import resource
import socket
import statistics
import threading
import time

from blobclient import Client, Server, account_sas
from load import blob_script, wrk
from measure import alternate, rss_beside_map


def list_page(client, container):
    begin = time.perf_counter()
    answer = client.list_blobs(container, "maxresults=1000")
    spent = (time.perf_counter() - begin) * 1e3
    assert answer.body.count(b"<Blob>") == 1000
    return spent


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


def scale(folder, options, table):
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
        total += wrk(f"http://{server.blob}/", 64, 5, blob_script(folder, sas, 1, "many")) * 5
    alternate(3, lambda: list_page(client, "small"), lambda: list_page(client, "many"))
    few, many = alternate(31, lambda: list_page(client, "small"), lambda: list_page(client, "many"))
    table.row(f"listing page of 1,000 at {total:,.0f} blobs", many, "at 10,000 blobs", few, "ms", 1.2, larger_is_better=False)
    server.kill()
    begin = time.perf_counter()
    server.start()
    table.absolute(f"ready with {total:,.0f} blobs after SIGKILL", time.perf_counter() - begin, "s", 1.0)
    server.stop()


def constants(folder, options, table):
    with Server(os.path.join(folder, "constants")) as server:
        time.sleep(1)
        table.absolute("idle RSS beside the metadata map", rss_beside_map(server.pid), "MiB", 64)
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
        table.absolute(f"copy of a {count * len(part) / 2 ** 30:.1f} GiB blob", statistics.median(times), "ms", 5)
        count = 2000 if options.quick else 10_000
        host, port = server.blob.split(":")
        sockets = []
        resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
        for _ in range(count):
            one = socket.create_connection((host, int(port)))
            one.sendall(b"GET /devstoreaccount1/box/large HTTP/1.1\r\nHost: x\r\nRange: bytes=0-0\r\n\r\n")
            sockets.append(one)
        for one in sockets:
            assert one.recv(4096).startswith(b"HTTP/1.1 ")
        table.absolute(f"RSS with {count:,} idle connections", rss_beside_map(server.pid), "MiB", 1024)
        for one in sockets:
            one.close()
