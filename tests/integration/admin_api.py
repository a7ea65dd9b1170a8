#!/usr/bin/env python3
"""The administration: its token, what asks for it, bindings over the API, by command and by setting; and that no secret comes out. Attaching
talks to no upstream, so none is here but in the last part, where another Skerry is one."""
import http.client
import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import ACCOUNT, BINARY, KEY as DEVELOPMENT_KEY, Client, Server  # noqa: E402
from certificates import Authority  # noqa: E402

passed = failed = 0
PORTS = ["--blob", "127.0.0.1:0", "--s3", "127.0.0.1:0", "--admin", "127.0.0.1:0"]
KEY = "c2VjcmV0LWtleS1vZi10aGlzLXRlc3Q="
OTHER_KEY = "c2VjcmV0LW90aGVyLWtleS1vZi10ZXN0"
SIGNATURE = "c2VjcmV0LXNpZ25hdHVyZQ"
SAS = f"sv=2021-12-02&sr=c&sp=rl&se=2099-01-01T00:00:00Z&sig={SIGNATURE}%3D"
S3_SECRET = "secret/of+s3/in+this+test"
SESSION = "secret-session-of-this-test"
SECRETS = [KEY, OTHER_KEY, SIGNATURE, S3_SECRET, SESSION, "secret-of-the-proxy"]
AZURE = "https://upstream.blob.core.windows.net/data"
S3 = "https://s3.upstream.test/data"


def check(what, truth, detail=""):
    global passed, failed
    passed, failed = passed + bool(truth), failed + (not truth)
    if not truth:
        print(f"FAILED: {what} {detail}", flush=True)


def write(path, text):
    with open(path, "w") as file:
        file.write(text)
    return path


def read(path):
    with open(path) as file:
        return file.read()


class Api:
    """One connection a request. `token` None: none is sent."""

    def __init__(self, server):
        self.address, self.token = server.admin, read(os.path.join(server.data, "admin-token")).strip()

    def ask(self, method, path, body=None, headers=None, token=True):
        connection = http.client.HTTPConnection(self.address, timeout=30)
        sent = {**({"Authorization": f"Bearer {self.token}"} if token else {}), **(headers or {})}
        connection.request(method, path, body=json.dumps(body) if isinstance(body, dict) else body, headers=sent)
        answer = connection.getresponse()
        self.headers, text = answer.headers, answer.read().decode()
        connection.close()
        return answer.status, text

    def put(self, container, body, account="-"):
        status, text = self.ask("PUT", f"/api/v1/bindings/{account}/{container}", body)
        return status, json.loads(text)

    def bindings(self):
        return {f"{one['account']}/{one['container']}": one for one in json.loads(self.ask("GET", "/api/v1/bindings")[1])["bindings"]}


def run(*arguments, **environment):
    known = {name: value for name, value in os.environ.items() if not name.startswith("SKERRY_")}
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60, env={**known, **environment})


def does(what, result, *words):
    check(f"{what}: exit code", result.returncode == 0, result.stderr)
    check(f"{what}: says {words}", all(word in result.stdout for word in words), result.stdout)


def refuses(what, result, *words):
    check(f"{what}: exit code", result.returncode == 1, result.stdout)
    check(f"{what}: says {words}", all(word in result.stderr for word in words), result.stderr)
    check(f"{what}: shows no secret", not any(secret in result.stderr + result.stdout for secret in SECRETS), result.stderr)


def token(folder):
    data = os.path.join(folder, "token")
    path = os.path.join(data, "admin-token")
    with Server(data):
        made = read(path)
        check("a token is made", len(made) == 65 and int(made, 16) > 0, made)
        check("it is for its owner only", stat.S_IMODE(os.stat(path).st_mode) == 0o600)
        address = read(os.path.join(data, "admin-address")).splitlines()
        check("the address is told", address[0].startswith("http://127.0.0.1:"), address)
    check("a server that ends takes its address along", not os.path.exists(os.path.join(data, "admin-address")))
    with Server(data):
        check("the token stays", read(path) == made)
    write(path, "chosen-by-the-operator-in-this-test\n")
    with Server(data) as server:
        check("one of one's own", Api(server).ask("GET", "/api/v1/bindings")[0] == 200)
    write(path, "short\n")
    refuses("a token that is too short", run("serve", "--data", data, *PORTS), "admin-token", "remove the file")
    os.remove(path)
    write(path + ".new", "what a crash left")
    with Server(data) as server:
        check("a removed one is made anew", read(path) != made and Api(server).ask("GET", "/api/v1/bindings")[0] == 200)


def doors(folder):
    with Server(os.path.join(folder, "doors")) as server:
        api = Api(server)
        rows = [line.split("\t") for line in run("operations", "--protocol", "admin").stdout.splitlines()]
        check("rows are printed", len(rows) >= 8, rows)
        wrong = [{}, {"Authorization": "Bearer"}, {"Authorization": "Bearer "}, {"Authorization": "Bearer " + "0" * 64},
                 {"Authorization": "Bearer " + api.token[:-1]}, {"Authorization": "Bearer " + api.token + "0"},
                 {"Authorization": "Bearer " + api.token.upper()}, {"Authorization": "Basic " + api.token}, {"Authorization": api.token}]
        for _, name, method, path, _, who, _ in rows:
            path = path.replace("{account}", ACCOUNT).replace("{container}", "box")
            check(f"{name}: below /api there is no open door", (who == "token") == path.startswith("/api/"))
            for headers in wrong:
                status, text = api.ask(method, path, headers=headers, token=False)
                if who == "token":
                    check(f"{name} with {headers}", (status, text, api.headers["WWW-Authenticate"]) == (401, "", "Bearer"), (status, text))
                else:
                    check(f"{name} asks nobody", status == 200, status)
        for method, path in (("GET", "/api/v1/nothing"), ("POST", "/api/v1/bindings"), ("GET", "/api"), ("GET", "/api/v1/bindings/"),
                             ("GET", "/api/v2/bindings"), ("PATCH", f"/api/v1/bindings/{ACCOUNT}/box")):
            check(f"{method} {path} asks for the token first", api.ask(method, path, token=False) == (401, ""))
            status, text = api.ask(method, path)
            check(f"{method} {path} is an error in JSON", status in (404, 405) and json.loads(text)["error"]["message"], (status, text))
        api.ask("POST", f"/api/v1/bindings/{ACCOUNT}/box")
        check("what is allowed is said", api.headers["Allow"] == "PUT, DELETE", api.headers["Allow"])
        for path in ("//api/v1/bindings", "/%61pi/v1/bindings", "/x/../api/v1/bindings"):
            check(f"{path} is nothing", api.ask("GET", path, token=False)[0] == 404)
        check("the scheme in any case", api.ask("GET", "/api/v1/bindings", headers={"Authorization": f"bEARER {api.token}"}, token=False)[0] == 200)
        check("HEAD", api.ask("HEAD", "/api/v1/bindings") == (200, "") and api.ask("HEAD", "/api/v1/bindings", token=False)[0] == 401)
        check("POST to a page", api.ask("POST", "/healthz")[0] == 405)


def bindings(folder):
    log = open(os.path.join(folder, "bindings.log"), "w+")
    server = Server(os.path.join(folder, "bindings"), "--account", f"first:{KEY}", "--account", f"second:{OTHER_KEY}", log=log)
    with server:
        api = Api(server)
        check("none at first", api.bindings() == {})
        status, answer = api.put("box", {"upstream": AZURE, "mode": "read-only", "account_key": KEY, "ttl_s": 5, "capacity_bytes": 1 << 40})
        check("attach", status == 200 and answer["account"] == "first" and answer["upstream"] == AZURE, answer)
        check("a container is there", Client(server.blob, "first", KEY).request("GET", "/box", "restype=container").status == 200)
        api.put("of-s3", {"upstream": S3, "mode": "write-back", "kind": "s3", "listing": "mirror", "access_key": "ACCESS",
                          "secret_key": S3_SECRET, "session_token": SESSION, "region": "eu-west-1"}, "second")
        api.put("*", {"upstream": "https://upstream.blob.core.windows.net/", "mode": "write-through", "sas": SAS,
                      "proxy": "http://me:secret-of-the-proxy@127.0.0.1:1"})
        api.put("%2A", {"upstream": "http://192.0.2.1:10000/acct", "mode": "read-only", "allow_http": True}, "second")
        listed = api.bindings()
        check("all are listed", sorted(listed) == ["first/*", "first/box", "second/*", "second/of-s3"], listed)
        one = listed["first/box"]
        check("as they were given", (one["mode"], one["listing"], one["kind"], one["credential"], one["ttl_s"], one["capacity_bytes"],
                                     one["state"]) == ("read-only", "upstream", "azure", "account_key", 5, 1 << 40, "ready"), one)
        one = listed["second/of-s3"]
        check("S3 too", (one["mode"], one["listing"], one["kind"], one["credential"], one["ttl_s"]) ==
              ("write-back", "mirror", "s3", "s3_keys", 60), one)
        check("all containers", listed["first/*"]["mode"] == "write-through" and listed["second/*"]["allow_http"])
        again = api.put("box", {"upstream": AZURE, "mode": "read-only", "account_key": KEY, "ttl_s": 5, "capacity_bytes": 1 << 40})
        check("the same again", again[0] == 200 and read(log.name).count("first/box was attached") == 1, again)
        check("another key", api.put("box", {"upstream": AZURE, "mode": "read-only", "account_key": OTHER_KEY})[0] == 200)
        check("is another attachment", read(log.name).count("first/box was attached") == 2)
        metrics = api.ask("GET", "/metrics", token=False)[1]
        for name in ("fetched_bytes_total", "fetches_total", "failures_total", "refreshes_total", "stale_answers_total"):
            check(f"metric {name}", f'skerry_upstream_{name}{{account="first",container="box"}} 0\n' in metrics)
        check("metric up", 'skerry_upstream_up{account="second",container="of-s3"} 1\n' in metrics and 'container="*"' not in metrics)
        told = json.loads(api.ask("GET", "/status", token=False)[1])
        check("status tells of them", len(told["bindings"]) == 4 and told["state"] == "ready", told)
        shown = metrics + json.dumps(told) + json.dumps(api.bindings()) + api.ask("GET", "/")[1]
        check("no secret is shown", not any(secret in shown for secret in SECRETS))
        check("detach", api.ask("DELETE", "/api/v1/bindings/second/of-s3")[0] == 200)
        status, text = api.ask("DELETE", "/api/v1/bindings/second/of-s3")
        check("detach what is not attached", status == 404 and "no binding" in text, text)
        strict(api)
    server.start()
    check("a restart keeps them", sorted(Api(server).bindings()) == ["first/*", "first/box", "second/*"])
    server.kill()
    with server:
        check("so does a crash", sorted(Api(server).bindings()) == ["first/*", "first/box", "second/*"])
    check("no secret in the log", not any(secret in read(log.name) for secret in SECRETS))
    check("the folder is whole", server.fsck() == 0)
    log.close()


def strict(api):
    before = api.bindings()
    good = {"upstream": AZURE, "mode": "read-only"}
    workload = {"tenant": "t", "client_id": "c", "token_file": "/f"}
    for what, body, word in (
            ("no body", None, "object"), ("no JSON", "{", "object"), ("a list", "[]", "object"), ("a text", '"x"', "object"),
            ("what follows", '{"mode":"read-only"} x', "object"),
            ("not UTF-8", b'{"upstream":"\xff"}', "object"),
            ("a field twice", '{"mode":"read-only","mode":"read-only"}', "twice"),
            ("no upstream", {"mode": "read-only"}, "'upstream'"), ("no mode", {"upstream": AZURE}, "'mode'"),
            ("an unknown field", {**good, "tll_s": 5}, "'tll_s'"), ("a short name", {**good, "key": KEY}, "'key'"),
            ("a name with a dot", {**good, "client_secret.secret": KEY}, "dot"),
            ("an unknown name with a sign of two bytes cut", {**good, "ü" * 60 + "x": 5}, "not a field"),
            ("an unknown mode", {**good, "mode": "readonly"}, "'mode'"), ("a mode as number", {**good, "mode": 1}, "'mode'"),
            ("an unknown listing", {**good, "listing": "both"}, "'listing'"), ("an unknown kind", {**good, "kind": "gcs"}, "'kind'"),
            ("a time as text", {**good, "ttl_s": "60"}, "'ttl_s'"), ("a negative time", {**good, "ttl_s": -1}, "'ttl_s'"),
            ("a broken time", {**good, "ttl_s": 1.5}, "'ttl_s'"), ("a long time", {**good, "ttl_s": 10**10}, "'ttl_s'"),
            ("a huge number", '{"upstream":"x","mode":"read-only","capacity_bytes":99999999999999999999}', "object"),
            ("null", {**good, "sas": None}, "'sas'"), ("an empty text", {**good, "sas": ""}, "'sas'"),
            ("a long text", {**good, "sas": "s" * 9000}, "'sas'"), ("a boolean as text", {**good, "allow_http": "true"}, "'allow_http'"),
            ("an object as text", {**good, "sas": {"x": KEY}}, "'sas.x'"), ("an empty object", {**good, "client_secret": {}}, "empty"),
            ("two credentials", {**good, "account_key": KEY, "sas": SAS}, "more than one credential"),
            ("three", {**good, "account_key": KEY, "managed_identity": True, "workload_identity": workload}, "more than one credential"),
            ("half of S3 keys", {**good, "kind": "s3", "access_key": "A"}, "'secret_key'"),
            ("a client without an identity", {**good, "client_id": "c"}, "'managed_identity'"),
            ("no identity after all", {**good, "managed_identity": False, "client_id": "c"}, "'managed_identity'"),
            ("half of a workload", {**good, "workload_identity": {"tenant": "t"}}, "'workload_identity.client_id'"),
            ("an unknown part of it", {**good, "workload_identity": {**workload, "secret": KEY}}, "'workload_identity.secret'"),
            ("half of an application", {**good, "client_secret": {"tenant": "t", "client_id": "c"}}, "'client_secret.secret'"),
            ("an Azure key for S3", {**good, "upstream": S3, "kind": "s3", "account_key": KEY}, "credential"),
            ("no URL", {**good, "upstream": "data"}, "URL"), ("a URL with a query", {**good, "upstream": AZURE + "?" + SAS}, "upstream"),
            ("a key that is none", {**good, "account_key": "%%%" + SIGNATURE}, "key"),
            ("plain HTTP to somewhere", {**good, "upstream": "http://upstream.blob.core.windows.net/data"}, "http"),
    ):
        status, text = api.ask("PUT", "/api/v1/bindings/first/strict", body)
        error = json.loads(text)["error"]
        check(f"{what}: 400", status == 400 and error["code"] == "invalid_argument", (status, text))
        check(f"{what}: says {word}", word in error["message"], error)
        check(f"{what}: shows no value", not any(secret in text for secret in SECRETS), text)
    for name in ("ab", "a" * 64, "Upper", "-dash", "dot.", "a%2Fb", "sp%20ace", "**", "$root"):
        status, answer = api.put(name, good)
        check(f"the name {name}", status == 400 and answer["error"]["code"] == "invalid_name", answer)
    check("an unknown account", api.put("box", good, "third")[0] == 404)
    for name in ("b%zz", "%00%00%00"):
        check(f"{name} is no path", api.ask("PUT", f"/api/v1/bindings/-/{name}", good)[0] == 400)
    status, text = api.ask("PUT", "/api/v1/bindings/first/strict", b" " * ((1 << 20) + 1))
    check("a body that is too large", status == 413 and json.loads(text)["error"]["code"] == "too_large", (status, text))
    pieces = json.dumps({**good, "sas": SAS}).encode()
    status, text = api.ask("PUT", "/api/v1/bindings/first/in-pieces", iter([pieces[i:i + 7] for i in range(0, len(pieces), 7)]))
    check("a body in chunks", status == 200, text)
    api.ask("DELETE", "/api/v1/bindings/first/in-pieces")
    check("nothing came of the rest", api.bindings() == before)


def commands(folder):
    key_file = write(os.path.join(folder, "key"), KEY + "\n")
    sas_file = write(os.path.join(folder, "sas"), SAS + "\n")
    s3_file = write(os.path.join(folder, "s3"), f"ACCESS:{S3_SECRET}:{SESSION}\n")
    bad_file = write(os.path.join(folder, "bad"), S3_SECRET + "\n")
    data = os.path.join(folder, "commands")
    here, azure = ["--data", data], ["--upstream", AZURE, "--mode", "read-only"]
    refuses("no server yet", run("bindings", *here), "no server runs", "skerry serve --data")
    server = Server(data).start()
    api = Api(server)
    does("none", run("bindings", *here), "no container is bound")
    does("attach", run("attach", "box", *azure, "--key-file", key_file, "--ttl", "5m", "--capacity", "1GiB", *here),
         f"attached {ACCOUNT}/box to {AZURE}, read-only")
    does("attach to S3", run("attach", "of-s3", "--upstream=" + S3, "--kind", "s3", "--mode", "write-back", "--listing", "mirror",
                             "--s3-key-file", s3_file, "--account", ACCOUNT, *here, "--json"), '"s3_keys"')
    does("attach all", run("attach", "*", "--upstream", "https://upstream.blob.core.windows.net/", "--mode", "write-through", *here,
                           SKERRY_UPSTREAM_SAS=SAS), f"{ACCOUNT}/*")
    does("with a key of the environment", run("attach", "by-env", *azure, *here, SKERRY_UPSTREAM_KEY=KEY), "by-env")
    does("with S3 keys of the environment", run("attach", "s3-env", "--upstream", S3, "--kind", "s3", "--mode", "read-only", *here,
                                                SKERRY_UPSTREAM_ACCESS_KEY="A", SKERRY_UPSTREAM_SECRET_KEY=S3_SECRET), "s3-env")
    listed = {name.split("/")[1]: one["credential"] for name, one in api.bindings().items()}
    check("credentials", listed == {"box": "account_key", "of-s3": "s3_keys", "*": "sas", "by-env": "account_key", "s3-env": "s3_keys"}, listed)
    check("time and size", (api.bindings()[f"{ACCOUNT}/box"]["ttl_s"], api.bindings()[f"{ACCOUNT}/box"]["capacity_bytes"]) == (300, 1 << 30))
    does("bindings", run("bindings", *here), f"{ACCOUNT}/box\t{AZURE}\tread-only\tupstream\taccount_key\tready")
    does("bindings in JSON", run("bindings", "--json", *here), '"fetched_bytes": 0')
    does("status", run("status", *here), "ready", f"{ACCOUNT}/box\t")
    does("status of SKERRY_DATA", run("status", "--json", SKERRY_DATA=data), '"state": "ready"')
    does("no proxy is asked", run("bindings", *here, http_proxy="http://127.0.0.1:1", all_proxy="http://127.0.0.1:1"), "box")
    does("by address", run("bindings", "--admin", server.admin, SKERRY_ADMIN_TOKEN=api.token), "box")
    refuses("by address without a token", run("bindings", "--admin", server.admin), "SKERRY_ADMIN_TOKEN")
    refuses("with a wrong token", run("bindings", "--admin", server.admin, SKERRY_ADMIN_TOKEN="0" * 64), "does not take this token")
    refuses("somebody else's address", run("bindings", "--admin", server.blob, SKERRY_ADMIN_TOKEN=api.token), "does not answer as")
    refuses("nobody's address", run("bindings", "--admin", "127.0.0.1:1", SKERRY_ADMIN_TOKEN=api.token), "no server answers")
    refuses("no address", run("bindings", "--admin", "nowhere", SKERRY_ADMIN_TOKEN=api.token), "ADDR:PORT")
    refuses("both", run("bindings", "--admin", server.admin, *here), "not both")
    refuses("no upstream", run("attach", "box", *here), "--upstream")
    refuses("no name", run("attach", *azure, *here), "name a container")
    refuses("two names", run("attach", "box", "cox", *azure, *here), "'cox'")
    refuses("an unknown flag", run("attach", "box", *azure, "--account-key=" + KEY, *here), "'--account-key'", "--help")
    refuses("a flag of another command", run("detach", "box", "--mode", "read-only", *here), "'--mode'")
    refuses("a bad time", run("attach", "box", *azure, "--ttl", "soon", *here), "'ttl_s'", "60s")
    refuses("a key file that is not there", run("attach", "box", *azure, "--key-file", data + "/absent", *here), "absent")
    refuses("S3 keys that are none", run("attach", "box", *azure, "--s3-key-file", bad_file, *here), "ACCESS:SECRET")
    refuses("two credentials", run("attach", "box", *azure, "--key-file", key_file, "--sas-file", sas_file, *here), "more than one credential")
    refuses("an identity without its tenant", run("attach", "box", *azure, "--workload-identity", *here), "tenant")
    refuses("a secret without its tenant", run("attach", "box", *azure, "--client-secret-file", key_file, *here), "--tenant")
    refuses("a client of nobody", run("attach", "box", *azure, "--client-id", "c", *here), "--managed-identity")
    refuses("a tenant of nobody", run("attach", "box", *azure, "--tenant", "t", *here), "--workload-identity")
    refuses("a token of nobody", run("attach", "box", *azure, "--token-file", key_file, *here), "--workload-identity")
    refuses("a proxy's password", run("attach", "box", *azure, "--proxy", "http://me:secret-of-the-proxy@h:1", *here), "--proxy-file")
    refuses("an unknown account", run("attach", "box", *azure, "--account", "nobody", *here), "nobody")
    does("the machine's identity", run("attach", "managed", *azure, "--managed-identity", "--client-id", "c", *here, "--json"), '"managed_identity"')
    does("a workload", run("attach", "workload", *azure, "--workload-identity", "--tenant", "t", "--client-id", "c", "--token-file", key_file,
                           *here, "--json"), '"workload_identity"')
    does("an application", run("attach", "application", *azure, "--client-secret-file", key_file, "--tenant", "t", "--client-id", "c", *here,
                               "--json"), '"client_secret"')
    does("one of the environment", run("attach", "application", *azure, "--tenant", "t", "--client-id", "other", *here,
                                       SKERRY_UPSTREAM_CLIENT_SECRET=KEY), "attached")
    shown = run("bindings", "--json", *here).stdout + read(os.path.join(data, "admin-address"))
    check("no secret is listed", not any(secret in shown for secret in SECRETS))
    does("detach", run("detach", "box", *here), f"detached {ACCOUNT}/box")
    refuses("detach again", run("detach", "box", *here), "no binding")
    does("detach all", run("detach", "*", *here), f"detached {ACCOUNT}/*")
    for command in ("attach", "detach", "bindings", "status"):
        does(f"{command} --help", run(command, "--help"), "--data DIR")
        check(f"{command} is in the man page", f".B {command}" in run("settings", "--man").stdout)
    os.rename(os.path.join(data, "admin-token"), os.path.join(data, "kept"))
    refuses("a token file that is gone", run("bindings", *here), "admin-token")
    os.rename(os.path.join(data, "kept"), os.path.join(data, "admin-token"))
    server.kill()
    check("a killed server leaves its address", os.path.exists(os.path.join(data, "admin-address")))
    refuses("and is known to be gone", run("bindings", *here), "ended without saying so")
    with server:
        does("until it is there again", run("bindings", *here), "of-s3")


def settings(folder):
    key_file = write(os.path.join(folder, "bound-key"), KEY + "\n")
    log = open(os.path.join(folder, "settings.log"), "w+")
    data = os.path.join(folder, "settings")
    bind = ["--bind", f"box={AZURE};mode=read-only;key=@{key_file};ttl=5m;capacity=2GiB",
            "--bind", f"{ACCOUNT}/of-s3={S3};kind=s3;mode=write-back;access_key=ACCESS;secret_key={S3_SECRET}",
            "--bind", f"*=https://upstream.blob.core.windows.net/;mode=read-only;sas={SAS};listing=mirror"]

    def attached():
        return read(log.name).count("was attached, as a setting says")

    with Server(data, *bind, log=log) as server:
        listed = Api(server).bindings()
        check("bindings of flags", sorted(listed) == [f"{ACCOUNT}/*", f"{ACCOUNT}/box", f"{ACCOUNT}/of-s3"], listed)
        check("with their fields", (listed[f"{ACCOUNT}/box"]["ttl_s"], listed[f"{ACCOUNT}/box"]["capacity_bytes"],
                                    listed[f"{ACCOUNT}/*"]["listing"]) == (300, 2 << 30, "mirror"), listed)
        with open(f"/proc/{server.pid}/cmdline", "rb") as file:
            line = file.read()
        check("no secret in the list of processes", not any(secret.encode() in line for secret in SECRETS), line)
    check("each was attached", attached() == 3, attached())
    with Server(data, *bind, log=log):
        check("the same is left alone", attached() == 3, attached())
    write(key_file, OTHER_KEY + "\n")
    with Server(data, *bind, log=log):
        check("another secret is another attachment", attached() == 4, attached())
    with Server(data, log=log) as server:
        check("without the setting they stay", len(Api(server).bindings()) == 3)
    file = write(os.path.join(folder, "bind.yaml"), f"bind:\n  - filed={AZURE};mode=read-only\n")
    with Server(data, "--config", file, log=log) as server:
        check("bindings of a file", f"{ACCOUNT}/filed" in Api(server).bindings())
    os.environ["SKERRY_BINDS"] = f"one={AZURE};mode=read-only two={AZURE};mode=read-only;managed_identity=false"
    try:
        with Server(data, log=log) as server:
            check("bindings of the environment", {f"{ACCOUNT}/one", f"{ACCOUNT}/two"} <= set(Api(server).bindings()))
    finally:
        del os.environ["SKERRY_BINDS"]
    check("no secret in the log", not any(secret in read(log.name) for secret in SECRETS))
    log.close()
    for what, text, *words in (
            ("no URL", "box", "CONTAINER=URL"), ("no mode", f"box={AZURE}", "bind box", "'mode'"),
            ("an unknown field", f"box={AZURE};mode=read-only;tll=5", "'tll'"), ("no field", f"box={AZURE};mode=read-only;{KEY}", "FIELD=VALUE"),
            ("an unknown account", f"nobody/box={AZURE};mode=read-only", "nobody"), ("a bad name", f"B={AZURE};mode=read-only", "lower-case"),
            ("a missing file", f"box={AZURE};mode=read-only;key=@{folder}/absent", "absent"), ("a bad time", f"box={AZURE};mode=read-only;ttl=soon", "60s"),
            ("two credentials", f"box={AZURE};mode=read-only;key={KEY};sas={SAS}", "more than one credential"),
            ("a field twice", f"box={AZURE};mode=read-only;key={KEY};account_key={KEY}", "'account_key' is there twice"),
            ("a key that is none", f"box={AZURE};mode=read-only;key=%{SIGNATURE}", "key")):
        refuses(f"bind with {what}", run("serve", "--data", data, *PORTS, "--bind", text), *words)


def unusable(folder):
    place = os.path.join(folder, "unusable-authority")
    os.mkdir(place)
    authority = Authority(place)
    data, away = os.path.join(folder, "unusable"), authority.root + ".away"
    body = {"upstream": AZURE, "mode": "read-only", "ca_file": authority.root}
    with Server(data) as server:
        check("attach with authorities", Api(server).put("box", body)[0] == 200)
    os.rename(authority.root, away)
    with Server(data) as server:
        api = Api(server)
        check("without their file it is unusable", api.bindings()[f"{ACCOUNT}/box"]["state"] == "unusable", api.bindings())
        check("and down", f'skerry_upstream_up{{account="{ACCOUNT}",container="box"}} 0\n' in api.ask("GET", "/metrics")[1])
        check("the same again tells why", "root.crt" in api.put("box", body)[1]["error"]["message"])
        os.rename(away, authority.root)
        check("and works when the file is back", api.put("box", body)[1]["state"] == "ready")


def crowd(folder):
    """Many at once: every answer is one of those that may be, and what is listed at the end is what was attached last."""
    with Server(os.path.join(folder, "crowd"), "--reactors", "4") as server:
        wrong = []

        def work(number):
            api = Api(server)
            for turn in range(25):
                name = f"box-{(number + turn) % 3}"
                put = api.put(name, {"upstream": f"{AZURE}-{number}-{turn}", "mode": "read-only", "account_key": KEY})
                listed = api.ask("GET", "/api/v1/bindings")[0], api.ask("GET", "/metrics")[0], api.ask("GET", "/status")[0]
                gone = api.ask("DELETE", f"/api/v1/bindings/-/{name}")[0] if turn % 3 == 0 else 200
                if put[0] != 200 or listed != (200, 200, 200) or gone not in (200, 404):
                    wrong.append((put, listed, gone))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        check("a crowd", not wrong, wrong[:3])
        api = Api(server)
        for number in range(3):
            api.put(f"box-{number}", {"upstream": AZURE, "mode": "read-only"})
        check("and what is left", all(one["upstream"] == AZURE for one in api.bindings().values()) and len(api.bindings()) == 3)
    check("the folder is whole after it", server.fsck() == 0)


def through(folder):
    key_file = write(os.path.join(folder, "development-key"), DEVELOPMENT_KEY + "\n")
    upstream, data = Server(os.path.join(folder, "upstream")).start(), os.path.join(folder, "through")
    Client(upstream.blob).create_container("data")
    Client(upstream.blob).put_blob("data", "a", b"x" * 5000)
    with Server(data, "--account", f"first:{KEY}") as server:
        api, client = Api(server), Client(server.blob, "first", KEY)
        does("attach to another Skerry", run("attach", "box", "--upstream", f"http://{upstream.blob}/{ACCOUNT}/data", "--mode", "read-only",
                                             "--ttl", "0", "--key-file", key_file, "--data", data), "attached first/box")
        check("what it has is here", client.get_blob("box", "a").body == b"x" * 5000)
        one = api.bindings()["first/box"]
        check("and counts", one["fetched_bytes"] == 5000 and one["fetches"] >= 1 and one["state"] == "ready", one)
        upstream.stop()
        client.get_blob("box", "b")
        does("a failure shows", run("bindings", "--data", data), "failing", "unavailable")
        check("in metrics too", 'skerry_upstream_up{account="first",container="box"} 0\n' in api.ask("GET", "/metrics")[1])


def certificates(folder):
    place = os.path.join(folder, "authority")
    os.mkdir(place)
    authority = Authority(place)
    data = os.path.join(folder, "certificates")
    with Server(data, authority=authority) as server:
        token = read(os.path.join(data, "admin-token")).strip()
        does("over TLS by the folder", run("bindings", "--data", data), "no container")
        address = f"https://{server.admin}"
        does("over TLS by address", run("bindings", "--admin", address, "--admin-ca", authority.root, SKERRY_ADMIN_TOKEN=token), "no container")
        refuses("whom nobody signed", run("bindings", "--admin", address, SKERRY_ADMIN_TOKEN=token), "--admin-ca")
        refuses("plain", run("bindings", "--admin", server.admin, SKERRY_ADMIN_TOKEN=token), "https://")
        before = read(os.path.join(data, "admin-address"))
        authority.issue()
        server.process.send_signal(signal.SIGHUP)
        end = time.monotonic() + 20
        while read(os.path.join(data, "admin-address")) == before and time.monotonic() < end:
            time.sleep(0.05)
        does("with a new key", run("bindings", "--data", data), "no container")
        write(os.path.join(data, "admin-address"), before)
        refuses("who has another key", run("bindings", "--data", data), "is not the server")


def main():
    with tempfile.TemporaryDirectory(prefix="skerry-admin-") as folder:
        for part in (token, doors, bindings, commands, settings, unusable, crowd, certificates, through):
            part(folder)
    print(f"admin_api: {passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
