#!/usr/bin/env python3
"""The program from outside: starting, refusing to start, secrets, settings, ending, checking."""
import os
import signal
import subprocess
import sys
import tempfile
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import BINARY, KEY, Client, Server  # noqa: E402

passed = failed = 0
PORTS = ["--blob", "127.0.0.1:0", "--s3", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
SECRET = "c2VjcmV0LW9mLXRoaXMtdGVzdA=="


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {what} {detail}", flush=True)


def refused(what, arguments, *words, environment=None):
    result = subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=30, env={**os.environ, **(environment or {})})
    check(f"{what}: exit code", result.returncode == 1, result.returncode)
    check(f"{what}: says {words}", all(word in result.stderr for word in words), result.stderr)


def get(address, path):
    try:
        with urllib.request.urlopen(f"http://{address}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def starting(folder):
    with Server(os.path.join(folder, "one")) as server:
        check("the blob port answers", Client(server.blob).create_container("first").status == 201)
        refused("a second server on the folder", ["serve", "--data", server.data, *PORTS], "in use")
        refused("a port that is taken", ["serve", "--data", os.path.join(folder, "two"), "--blob", server.blob, "--s3", "127.0.0.1:0",
                                         "--admin", "127.0.0.1:0"], server.blob, "--blob")
        check("fsck of a folder in use cannot check", server.fsck() == 2)
        status, answer = get(server.s3, "/")
        check("s3 asks who is there", status == 403 and "<Code>AccessDenied</Code>" in answer)
        check("healthz", get(server.admin, "/healthz") == (200, "ok\n"))
        check("readyz", get(server.admin, "/readyz") == (200, "ready\n"))
        status, metrics = get(server.admin, "/metrics")
        check("metrics count by operation", 'operation="Create Container",status="2xx"} 1' in metrics)
        check("status is JSON", '"state":"ready"' in get(server.admin, "/status")[1])
        check("console", "<title>Skerry</title>" in get(server.admin, "/")[1])
        check("health", subprocess.run([BINARY, "health", "--admin", server.admin], capture_output=True).returncode == 0)
    check("fsck of a folder that is not in use", server.fsck("--verify", "--json") == 0)
    check("health when nobody answers", subprocess.run([BINARY, "health", "--admin", server.admin], capture_output=True).returncode == 1)


def secrets(folder):
    key_file = os.path.join(folder, "key")
    with open(key_file, "w") as file:
        file.write(SECRET + "\n")
    with Server(os.path.join(folder, "secrets"), "--account", "first:" + SECRET, "--account", f"second:@{key_file}") as server:
        with open(f"/proc/{server.pid}/cmdline", "rb") as file:
            check("no key in the list of processes", SECRET.encode() not in file.read())
        for account in ("first", "second"):
            check(f"account {account}", Client(server.blob, account, SECRET).create_container("box").status == 201)
        check("the development account is not there", Client(server.blob).create_container("box").status in (403, 404))
    os.environ["SKERRY_ACCOUNTS"] = "third:" + SECRET
    try:
        with Server(os.path.join(folder, "environment")) as server:
            check("account from the environment", Client(server.blob, "third", SECRET).create_container("box").status == 201)
    finally:
        del os.environ["SKERRY_ACCOUNTS"]
    with Server(os.path.join(folder, "generated"), "--generate-account", "made") as server:
        with open(os.path.join(server.data, "account-made.key")) as file:
            key = file.read().strip()
        check("a generated account", Client(server.blob, "made", key).create_container("box").status == 201)
        check("its key is for the owner only", os.stat(os.path.join(server.data, "account-made.key")).st_mode & 0o777 == 0o600)


def s3_keys(folder):
    data = os.path.join(folder, "s3-never")
    key_file = os.path.join(folder, "s3-key")
    with open(key_file, "w") as file:
        file.write("secret-in-a-file\n")
    serve = ["serve", "--data", data, *PORTS]
    one = ["--account", "one:" + SECRET]
    refused("an S3 key without a secret", [*serve, "--s3-key", "access"], "ACCESS:SECRET")
    refused("an S3 key with an empty secret", [*serve, "--s3-key", "access:"], "secret")
    refused("an S3 key of an unknown account", [*serve, *one, "--s3-key", "access:secret:two"], "access", "two")
    refused("an S3 access key with a slash", [*serve, "--s3-key", "acc/ess:secret"], "slash")
    refused("an S3 access key with two secrets", [*serve, "--s3-key", "access:secret", "--s3-read-only-key", "access:other"], "twice")
    refused("an S3 access key with two sets of rights", [*serve, "--s3-key", "access:secret", "--s3-read-only-key", "access:secret"], "twice")
    refused("an S3 key in a missing file", [*serve, "--s3-key", f"access:@{data}/absent"], "absent")
    refused("a bad region", [*serve, "--s3-region", "EU West"], "--s3-region", "EU West")
    refused("a bad domain", [*serve, "--s3-domain", "s3.example.org:9000"], "--s3-domain")
    elsewhere = ["serve", "--data", data, "--blob", "127.0.0.1:0", "--s3", "0.0.0.0:0", "--admin", "127.0.0.1:0"]
    refused("the well-known secret for everybody", [*elsewhere, *one, "--s3-key", "access:" + KEY], "well-known")
    refused("S3 keys for everybody without an account", [*elsewhere, "--s3-key", "access:secret"], "--account")
    with Server(os.path.join(folder, "s3"), *one, "--s3-key", "first:inline-secret", "--s3-key", f"second:@{key_file}:one",
                "--s3-read-only-key", "third:inline-secret:one", "--s3-region", "eu-west-1", "--s3-domain", "s3.example.org",
                "--s3-domain", "s3.test") as server:
        with open(f"/proc/{server.pid}/cmdline", "rb") as file:
            check("no S3 secret in the list of processes", b"inline-secret" not in file.read())
    with Server(os.path.join(folder, "long"), "--account", "long:" + "A" * 340) as server:
        check("a key that is too long for S3", Client(server.blob, "long", "A" * 340).create_container("box").status == 201)


def settings(folder):
    file = os.path.join(folder, "skerry.yaml")
    with open(file, "w") as out:
        out.write(f"# settings\naccount:\n  - filed:{SECRET}\nlog-level: error\nidle-timeout: 5s\n")
    with Server(os.path.join(folder, "file"), "--config", file) as server:
        check("account from the file", Client(server.blob, "filed", SECRET).create_container("box").status == 201)
    data = os.path.join(folder, "never")
    refused("an unknown flag", ["serve", "--dta", data], "dta", "Did you mean data")
    refused("a bad size", ["serve", "--data", data, "--reserve", "lots"], "--reserve", "64MiB")
    refused("a bad environment", ["serve", "--data", data], "SKERRY_REACTORS", environment={"SKERRY_REACTORS": "many"})
    refused("a bad key", ["serve", "--data", data, "--account", "name:%%%", *PORTS], "base64")
    refused("a missing file", ["serve", "--config", os.path.join(folder, "absent")], "absent")
    refused("the well-known key for everybody", ["serve", "--data", data, "--blob", "0.0.0.0:0", "--s3", "127.0.0.1:0", "--admin",
                                                 "127.0.0.1:0"], "well-known")
    refused("an unknown command", ["sreve"], "sreve")
    with open(file, "w") as out:
        out.write("max-conections: 5\n")
    refused("an unknown setting", ["serve", "--config", file], "max-conections", "max-connections")
    newer = os.path.join(folder, "newer")
    os.mkdir(newer)
    with open(os.path.join(newer, "format"), "w") as out:
        out.write("99\n")
    refused("a newer data folder", ["serve", "--data", newer, *PORTS], "99")
    for arguments in (["--help"], ["serve", "--help"], ["--version"], ["settings", "--markdown"], ["settings", "--man"],
                      ["operations"], ["operations", "--protocol", "s3"]):
        result = subprocess.run([BINARY, *arguments], capture_output=True, text=True)
        check(f"{arguments} prints", result.returncode == 0 and len(result.stdout) > 5)


def ending(folder):
    server = Server(os.path.join(folder, "ending")).start()
    client = Client(server.blob)
    client.create_container("box")
    client.put_blob("box", "a", b"x")
    server.process.send_signal(signal.SIGINT)
    check("SIGINT ends it with 0", server.process.wait(30) == 0)
    server.process.stdout.close()
    with server:
        check("the data is there", Client(server.blob).get_blob("box", "a").body == b"x")
    with Server(os.path.join(folder, "fault"), "--io-fault", "sync:1+:EIO") as faulty:
        client = Client(faulty.blob)
        client.create_container("box")
        check("a sync that fails is no success", client.put_blob("box", "large", b"y" * 100000).status == 503)
        check("no more writes of files", client.put_blob("box", "large", b"y" * 100000).status == 503)
        check("readyz tells", get(faulty.admin, "/readyz")[0] == 503)
        check("reads go on", client.list_blobs("box").status == 200)


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-serve-") as folder:
        for part in (starting, secrets, s3_keys, settings, ending):
            part(folder)
    print(f"serve: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    assert KEY
    sys.exit(main())
