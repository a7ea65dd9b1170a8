#!/usr/bin/env python3
"""HTTPS on every face: who is let in, certificates that change under way, large bodies, slow and wrong clients, ending."""
import hashlib
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
import warnings

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import ACCOUNT, BINARY, Client, Server, account_sas  # noqa: E402
from certificates import Authority, openssl  # noqa: E402

passed = failed = 0
PORTS = ["--blob", "127.0.0.1:0", "--s3", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
GET = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n"
V = ssl.TLSVersion


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {what} {detail}", flush=True)


def until(what, condition, seconds=10):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    check(what, condition())


def plain(address):
    host, port = address.rsplit(":", 1)
    return socket.create_connection((host, int(port)), timeout=20)


def connect(address, context):
    return context.wrap_socket(plain(address), server_hostname="localhost")


def response(stream, count=1):
    """The next responses on a connection, as (status, body)."""
    answers = []
    file = stream.makefile("rb")
    for _ in range(count):
        status = int(file.readline().split()[1])
        length = 0
        while (line := file.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        answers.append((status, file.read(length)))
    return answers


def serial(address, context):
    with connect(address, context) as stream:
        return int(stream.getpeercert()["serialNumber"], 16)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        return sum(map(int, file.read().rsplit(")", 1)[1].split()[11:13])) / os.sysconf("SC_CLK_TCK")


def refused(what, flags, *words):
    result = subprocess.run([BINARY, "serve", *PORTS, *flags], capture_output=True, text=True, timeout=30)
    check(f"{what}: exit code", result.returncode == 1, result.returncode)
    check(f"{what}: says {words}", all(word in result.stderr for word in words), result.stderr)


def starting(folder, authority):
    flags = ["--data", os.path.join(folder, "never")]
    other, junk = os.path.join(folder, "other.key"), os.path.join(folder, "junk")
    openssl("genrsa", "-out", other, "2048")
    with open(junk, "w") as file:
        file.write("this is not PEM\n")
    secret = os.path.join(folder, "secret.key")
    openssl("pkey", "-in", authority.key, "-aes256", "-passout", "pass:x", "-out", secret)
    both = lambda certificate, key: [*flags, "--tls-cert", certificate, "--tls-key", key]
    refused("a certificate without key", [*flags, "--tls-cert", authority.certificate], "--tls-key")
    refused("a key without certificate", [*flags, "--tls-key", authority.key], "--tls-cert")
    refused("no certificate file", both(junk + "-absent", authority.key), "junk-absent", "No such file", "--tls-cert")
    refused("no key file", both(authority.certificate, junk + "-absent"), "junk-absent", "No such file", "--tls-key")
    refused("a folder for a key", both(authority.certificate, folder), folder, "--tls-key")
    refused("a certificate that is none", both(junk, authority.key), "junk", "--tls-cert", "PEM")
    refused("a key that is none", both(authority.certificate, junk), "junk", "--tls-key", "PEM")
    refused("a key with a password", both(authority.certificate, secret), "secret.key", "without a password")
    refused("a key of another certificate", both(authority.certificate, other), "other.key", "does not belong", authority.certificate)
    refused("files in the wrong order", both(authority.key, authority.certificate), "--tls-cert")


def faces(server, authority):
    context = authority.context()
    for name, address, path, status in (("blob", server.blob, "/", 400), ("s3", server.s3, "/", 501), ("admin", server.admin, "/readyz", 200)):
        connection = http.client.HTTPSConnection(address, timeout=10, context=context)
        connection.request("GET", path)
        answer = connection.getresponse()
        check(f"{name} over https", answer.status == status or (name != "admin" and answer.status >= 400), answer.status)
        answer.read()
        connection.close()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old = authority.context(V.TLSv1, V.TLSv1_1)
        old.set_ciphers("ALL:@SECLEVEL=0")
        try:
            connect(address, old).close()
            check(f"{name} refuses TLS 1.1", False)
        except (ssl.SSLError, ConnectionResetError):
            check(f"{name} refuses TLS 1.1", True)
        for version, wanted in ((V.TLSv1_2, "TLSv1.2"), (V.TLSv1_3, "TLSv1.3")):
            with connect(address, authority.context(version, version)) as stream:
                stream.sendall(GET * 2)
                check(f"{name} speaks {wanted}", stream.version() == wanted and len(response(stream, 2)) == 2)
    with connect(server.admin, context) as stream:
        check("forward secrecy and authenticated encryption", "GCM" in stream.cipher()[0] or "CHACHA" in stream.cipher()[0], stream.cipher())
    stranger = ssl.create_default_context()
    try:
        connect(server.admin, stranger).close()
        check("who does not know the authority refuses", False)
    except ssl.SSLCertVerificationError:
        check("who does not know the authority refuses", True)
    health = subprocess.run([BINARY, "health", "--admin", server.admin], capture_output=True, text=True)
    check("health over https", health.returncode == 0 and health.stdout == "ready\n", health)
    unknown = Client(server.blob, context=context)
    unknown.create_container("box")
    listing = unknown.list_blobs("box").body
    check("the listing names an https endpoint", b'ServiceEndpoint="https://' in listing, listing[:200])
    check("a copy inside the server", unknown.put_blob("box", "source", b"x" * 50000).status == 201 and
          unknown.copy_blob("box", "copy", "source").status == 202 and unknown.get_blob("box", "copy").body == b"x" * 50000)


def sas(server, authority):
    target = f"/{ACCOUNT}/box/source?" + account_sas(protocol="https")
    check("spr=https over TLS", Client(server.blob, context=authority.context()).send("GET", target, {}).status == 200)
    source = f"https://{server.blob}{target}"
    copied = Client(server.blob, context=authority.context()).request("PUT", "/box/signed", headers={"x-ms-copy-source": source})
    check("spr=https as the source of a copy", copied.status == 202, copied)


def sas_in_the_clear(folder):
    with Server(os.path.join(folder, "clear")) as server:
        client = Client(server.blob)
        client.create_container("box")
        client.put_blob("box", "source", b"x")
        check("spr=https is refused in the clear", client.send("GET", f"/{ACCOUNT}/box/source?" + account_sas(protocol="https"), {}).status == 403)
        check("spr=https,http is not", client.send("GET", f"/{ACCOUNT}/box/source?" + account_sas(protocol="https,http"), {}).status == 200)


def reloading(folder, authority, server, log):
    def logged(word, times=1):
        with open(log) as file:
            return file.read().count(word) >= times
    context = authority.context()
    old, old_serial = connect(server.admin, context), int(authority.serial, 16)
    check("the certificate that was given", serial(server.blob, context) == old_serial)
    waiting = plain(server.admin)  # connected, and in no hurry to shake hands
    authority.issue()
    server.process.send_signal(signal.SIGHUP)
    until("the log names the new serial number", lambda: logged(authority.serial))
    for address in (server.blob, server.s3, server.admin):
        check("the new certificate for new connections", serial(address, context) == int(authority.serial, 16))
    old.sendall(GET)
    check("an old connection lives on", response(old) == [(200, b"ready\n")])
    stream = context.wrap_socket(waiting, server_hostname="localhost")
    stream.sendall(GET)
    check("a connection from before its handshake", response(stream) == [(200, b"ready\n")])
    stream.close()
    good = authority.serial
    for times, (what, spoil) in enumerate((("a key that does not belong", lambda: openssl("genrsa", "-out", authority.key, "2048")),
                                           ("a certificate that is none", lambda: open(authority.certificate, "w").close()),
                                           ("a file that is gone", lambda: os.unlink(authority.certificate))), 1):
        spoil()
        server.process.send_signal(signal.SIGHUP)
        until(f"{what}: the log says so", lambda: logged("the certificate stays as it was", times))
        check(f"{what}: the old one is served", serial(server.admin, context) == int(good, 16))
    old.sendall(GET)
    check("the old connection still lives", response(old) == [(200, b"ready\n")])
    old.close()
    authority.issue()
    stop = threading.Event()
    trouble = []

    def visit():
        while not stop.is_set():
            try:
                with connect(server.admin, context) as one:
                    one.sendall(GET)
                    if response(one) != [(200, b"ready\n")]:
                        trouble.append("answer")
            except OSError as error:
                trouble.append(repr(error))
    threads = [threading.Thread(target=visit) for _ in range(4)]
    for thread in threads:
        thread.start()
    for _ in range(20):
        server.process.send_signal(signal.SIGHUP)
        time.sleep(0.05)
    stop.set()
    for thread in threads:
        thread.join()
    check("reloads under load trouble nobody", not trouble, trouble[:3])


def large(server, authority):
    context = authority.context()
    client = Client(server.blob, context=context)
    body = os.urandom(1 << 20) * 64
    check("64 MiB go up", client.put_blob("box", "large", body).status == 201)
    check("64 MiB come down", hashlib.md5(client.get_blob("box", "large").body).digest() == hashlib.md5(body).digest())
    with connect(server.blob, context) as stream:  # a reader that stops, so that everything in between fills up
        stream.sendall(f"GET /{ACCOUNT}/box/large?{account_sas()} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        time.sleep(1.5)
        check("64 MiB come down to a slow reader", response(stream) == [(200, body)])
    with connect(server.blob, context) as stream:  # a writer that stops
        stream.sendall(f"PUT /{ACCOUNT}/box/slow?{account_sas()} HTTP/1.1\r\nHost: localhost\r\nx-ms-version: 2021-12-02\r\n"
                       f"x-ms-blob-type: BlockBlob\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n".encode())
        first = stream.recv(100)
        check("100 Continue comes first", first.startswith(b"HTTP/1.1 100"), first)
        for at in range(0, len(body), 8 << 20):
            stream.sendall(body[at:at + (8 << 20)])
            time.sleep(0.05)
        check("64 MiB from a slow writer", response(stream)[0][0] == 201)
    check("and they are what was sent", client.get_blob("box", "slow").body == body)


def pipelined(server, authority):
    query = account_sas()
    with connect(server.blob, authority.context()) as stream:
        heads = "".join(f"PUT /{ACCOUNT}/box/p{i}?{query} HTTP/1.1\r\nHost: localhost\r\nx-ms-version: 2021-12-02\r\n"
                        f"x-ms-blob-type: BlockBlob\r\nContent-Length: 5\r\n\r\nbody{i}" for i in range(10))
        gets = "".join(f"GET /{ACCOUNT}/box/p{i}?{query} HTTP/1.1\r\nHost: localhost\r\n\r\n" for i in range(10))
        stream.sendall((heads + gets).encode())
        answers = response(stream, 20)
        check("pipelined writes and reads", [a[0] for a in answers[:10]] == [201] * 10 and
              [a[1] for a in answers[10:]] == [f"body{i}".encode() for i in range(10)], answers)


def crowd(server, authority):
    context = authority.context()
    sockets = [plain(server.admin) for _ in range(200)]  # all are there before the first shakes hands
    done, trouble = [], []

    def greet(mine):
        for one in mine:
            try:
                one.settimeout(60)
                stream = context.wrap_socket(one, server_hostname="localhost")
                stream.sendall(GET)
                done.append(response(stream) == [(200, b"ready\n")])
                stream.close()
            except OSError as error:
                trouble.append(repr(error))
    threads = [threading.Thread(target=greet, args=(sockets[i::20],)) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check("200 handshakes at a time", len(done) == 200 and all(done), trouble[:3])


def key_update(server, authority):
    """A change of keys that comes in one packet with the rest of the request."""
    listener = socket.create_server(("127.0.0.1", 0))
    client = subprocess.Popen(["openssl", "s_client", "-quiet", "-no_ign_eof", "-tls1_3", "-CAfile", authority.root, "-connect", "127.0.0.1:%d" % listener.getsockname()[1]],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    near, _ = listener.accept()
    far = plain(server.admin)
    held, holding = [], threading.Event()

    def forward(source, target, may_hold):
        try:
            while data := source.recv(65536):
                if may_hold and holding.is_set():
                    held.append(data)
                else:
                    target.sendall(data)
        except OSError:
            pass
    threads = [threading.Thread(target=forward, args=a) for a in ((near, far, True), (far, near, False))]
    for thread in threads:
        thread.start()

    def write(data):
        client.stdin.write(data)
        client.stdin.flush()
        time.sleep(0.3)
    write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
    time.sleep(0.5)
    holding.set()
    write(b"k\n")  # s_client's command to change keys
    write(b"X: y\r\n\r\n")
    until("a change of keys was held back", lambda: len(b"".join(held)) > 30)
    holding.clear()
    far.sendall(b"".join(held))
    begin = time.monotonic()
    late = threading.Timer(10, client.kill)
    late.start()
    first = client.stdout.readline()
    late.cancel()
    check("a request after a change of keys", first.startswith(b"HTTP/1.1 200") and time.monotonic() - begin < 5, first)
    client.kill()
    client.wait()
    client.stdout.close()
    client.stdin.close()
    for one in (near, far):
        try:
            one.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # has ended already
    for thread in threads:
        thread.join()
    for one in (near, far, listener):
        one.close()


def wrong(folder, authority):
    """Clients that are slow, silent, or speak something else; meanwhile others are served."""
    with Server(os.path.join(folder, "wrong"), "--header-timeout", "2s", "--body-timeout", "2s", "--idle-timeout", "2s",
                authority=authority) as server:
        context = authority.context()
        client = Client(server.blob, context=context)
        client.create_container("box")
        client.put_blob("box", "large", os.urandom(1 << 20) * 64)
        begin = time.monotonic()
        silent, half = plain(server.blob), plain(server.blob)
        half.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")  # the beginning of a ClientHello
        spoken = []
        for text in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x00" * 100, b"SSH-2.0-x\r\n", b"\x16\x03\x01\xff\xff" + b"A" * 70000,
                     b"\x15\x03\x03\x00\x02\x02\x28", b"\x17\x03\x03\x00\x10" + b"B" * 16):
            spoken.append(plain(server.blob))
            try:
                spoken[-1].sendall(text)
            except OSError:
                pass
        idle, reader, writer = (connect(server.blob, context) for _ in range(3))
        reader.sendall(f"GET /{ACCOUNT}/box/large?{account_sas()} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        writer.sendall(f"PUT /{ACCOUNT}/box/part?{account_sas()} HTTP/1.1\r\nHost: localhost\r\nx-ms-version: 2021-12-02\r\n"
                       "x-ms-blob-type: BlockBlob\r\nContent-Length: 1000\r\n\r\nsome".encode())
        cpu = cpu_seconds(server.pid)
        time.sleep(1)
        cpu = cpu_seconds(server.pid) - cpu
        check("a handshake that does not go on costs nothing", cpu < 0.15, cpu)
        with connect(server.admin, context) as stream:
            stream.sendall(GET)
            check("others are served meanwhile", response(stream) == [(200, b"ready\n")])

        def ends(one):
            one.settimeout(15)
            try:
                while one.recv(65536):
                    pass
            except TimeoutError:
                return False
            except OSError:
                pass
            return True
        for name, one in (("silent", silent), ("half a hello", half), ("idle", idle), ("a body that stops", writer)):
            check(f"{name}: cut", ends(one))
        check("cut within their time", time.monotonic() - begin < 12, time.monotonic() - begin)
        for one in spoken:
            check("what is not TLS is cut", ends(one))
        time.sleep(6)  # what its buffers took counted as progress once
        received = 0
        try:
            while data := reader.recv(1 << 20):
                received += len(data)
        except OSError:
            pass
        check("a reader that does not read is cut", received < 64 << 20, received)
        for one in (silent, half, idle, reader, writer, *spoken):
            one.close()
        client.close()
        check("and it still serves", client.get_blob("box", "large").status == 200)
        metrics = http.client.HTTPSConnection(server.admin, timeout=10, context=context)

        def opened():
            metrics.request("GET", "/metrics")
            text = metrics.getresponse().read().decode()
            return next(float(line.split()[1]) for line in text.splitlines() if line.startswith("skerry_connections_open "))
        until("no connection is left over", lambda: opened() <= 2)
        metrics.close()


def draining(folder, authority):
    server = Server(os.path.join(folder, "drain"), authority=authority).start()
    context = authority.context()
    client = Client(server.blob, context=context)
    client.create_container("box")
    body = os.urandom(1 << 20) * 64
    client.put_blob("box", "large", body)
    idle, reader, shaking = connect(server.blob, context), connect(server.blob, context), plain(server.blob)
    shaking.sendall(b"\x16\x03\x01\x02\x00")
    reader.sendall(f"GET /{ACCOUNT}/box/large?{account_sas()} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    time.sleep(0.5)
    server.process.send_signal(signal.SIGHUP)
    server.process.send_signal(signal.SIGTERM)
    check("idle connections end", idle.recv(10) == b"" and shaking.recv(10) == b"")
    check("a download under way finishes", response(reader) == [(200, body)])
    for one in (idle, reader, shaking):
        one.close()
    check("it ends with 0", server.process.wait(60) == 0)
    server.process.stdout.close()
    client.close()
    with Server(server.data, authority=authority) as again:
        check("and starts again", Client(again.blob, context=context).get_blob("box", "large").body == body)


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-tls-") as folder:
        authority = Authority(folder, intermediate=True)
        starting(folder, authority)
        log = os.path.join(folder, "log")
        with open(log, "w") as out, Server(os.path.join(folder, "data"), log=out, authority=authority) as server:
            faces(server, authority)
            sas(server, authority)
            large(server, authority)
            pipelined(server, authority)
            crowd(server, authority)
            key_update(server, authority)
            reloading(folder, authority, server, log)
        sas_in_the_clear(folder)
        wrong(folder, authority)
        draining(folder, authority)
    print(f"tls: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    assert shutil.which("openssl"), "the openssl command is missing"
    sys.exit(main())
