"""Blob beside nginx, the disk and Azurite: reading, reading over HTTPS, writing."""
import os

import streams
from azurite import Azurite
from blobclient import Client, Server, account_sas
from certificates import Authority
from load import blob_script, wrk
from measure import alternate, cpu_seconds, disk_write_rate, serial_sync_rate
from peers import Nginx


def moved(endpoint, connections, jobs, size=0):
    """GB a second of bodies, by plain sockets: wrk would build each anew and read in pieces of 8 KiB."""
    seconds, answers = streams.run(endpoint, connections, jobs, size)
    return sum(size or came for _, came in answers) / seconds / 1e9


def reads(folder, options, table):
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
        count = 16 if options.quick else 48
        ours, peer = alternate(3, lambda: moved(server.blob, 8, [("GET", f"/devstoreaccount1/bench/large?{sas}")] * count),
                               lambda: moved(f"127.0.0.1:{nginx.port}", 8, [("GET", "/large")] * count))
        cpu = (cpu_seconds([server.pid]) - cpu) / (3 * count * size / 1e9)
        table.row(f"GET {size >> 20} MiB hot, 8 connections", ours, "nginx sendfile", peer, "GB/s", 0.95, cpu=f"{cpu:.3f} CPU s/GB")
        cpu = cpu_seconds([server.pid])
        ours, peer = alternate(3, lambda: wrk(f"{url}small?{sas}", 64, seconds), lambda: wrk(f"http://127.0.0.1:{nginx.port}/small", 64, seconds))
        cpu = (cpu_seconds([server.pid]) - cpu) / (ours * 3 * seconds) * 1e6
        table.row("GET 4 KiB with SAS, 64 connections", ours, "nginx without auth", peer, "req/s", 0.6, cpu=f"{cpu:.1f} CPU us/request")
        nginx.stop()
        try:
            azurite = Azurite(folder, "--skipApiVersionCheck")
            other = Client(azurite.endpoint)
            other.create_container("bench")
            other.put_blob("bench", "small", small)
            peer = wrk(f"http://{azurite.endpoint}/devstoreaccount1/bench/small?{sas}", 64, seconds)
            table.row("GET 4 KiB with SAS, 64 connections", ours, "Azurite", peer, "req/s", 10)
            azurite.stop()
        except (OSError, RuntimeError) as error:
            table.missing("GET 4 KiB beside Azurite", f"Azurite cannot be had: {error}")


def encrypted(folder, options, table):
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
        table.row(f"HTTPS GET {size >> 20} MiB hot, 8 connections", ours, "nginx with TLS", peer, "GB/s", 0.8, cpu=f"{cpu:.3f} CPU s/GB")
        cpu = cpu_seconds([server.pid])
        ours, peer = alternate(3, lambda: wrk(f"{url}small?{sas}", 64, seconds), lambda: wrk(f"{other}small", 64, seconds))
        cpu = (cpu_seconds([server.pid]) - cpu) / (ours * 3 * seconds) * 1e6
        table.row("HTTPS GET 4 KiB with SAS, 64 connections", ours, "nginx with TLS, no auth", peer, "req/s", 0.6, cpu=f"{cpu:.1f} CPU us/request")
        nginx.stop()


def writes(folder, options, table):
    sas = account_sas()
    seconds = 3 if options.quick else 6
    with Server(os.path.join(folder, "writes")) as server:
        client = Client(server.blob)
        client.create_container("bench")
        put = lambda: wrk(f"http://{server.blob}/", 64, seconds, blob_script(folder, sas, 4096, "bench"))
        fresh, again = lambda: serial_sync_rate(folder, seconds, "1g"), lambda: serial_sync_rate(folder, seconds, "4m")
        cpu = cpu_seconds([server.pid])
        ours, new, old = alternate(3, put, fresh, again)
        cpu = (cpu_seconds([server.pid]) - cpu) / (ours * 3 * seconds) * 1e6
        name = "Put Blob 4 KiB durable, 64 connections"
        table.row(name, ours, "serial fdatasync of new blocks", new, "/s", 5, cpu=f"{cpu:.1f} CPU us/request")
        table.row(name, ours, "serial fdatasync over old blocks", old, "/s", 5)
        try:
            azurite = Azurite(folder, "--skipApiVersionCheck")
            Client(azurite.endpoint).create_container("bench")
            peer = wrk(f"http://{azurite.endpoint}/", 64, seconds, blob_script(folder, sas, 4096, "bench"))
            azurite.stop()
            table.row("Put Blob 4 KiB durable, 64 connections", ours, "Azurite (not durable)", peer, "/s", 10)
        except (OSError, RuntimeError) as error:
            table.missing("Put Blob 4 KiB beside Azurite", f"Azurite cannot be had: {error}")
        count, turns = 128 if options.quick else 512, iter(range(100))

        def blocks():
            turn = next(turns)  # 64 blocks of a blob, as a client would
            return moved(server.blob, 16, [("PUT", f"/devstoreaccount1/bench/t{turn}-{i // 64}?comp=block&blockid=QUFB{i % 64:04d}&{sas}")
                                           for i in range(count)], 8 << 20)
        cpu = cpu_seconds([server.pid])
        ours, disk = alternate(3, blocks, lambda: disk_write_rate(folder, count * (8 << 20)))
        cpu = (cpu_seconds([server.pid]) - cpu) / (3 * count * (8 << 20) / 1e9)
        table.row("Put Block 8 MiB durable, 16 streams", ours, "fio O_DIRECT, same disk", disk, "GB/s", 0.85, cpu=f"{cpu:.3f} CPU s/GB")
