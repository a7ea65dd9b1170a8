#!/usr/bin/env python3
"""Uses both compose files from outside: compose-smoke-test.py ENGINE IMAGE BASE, called by build-and-smoke-test.sh when the image is built.

With docker, `docker compose` fetches the images of Azurite and HAProxy. With podman, podman-compose gets stand-ins of the same programs, made from
BASE, Debian's packages and the tests' own Azurite, so that no image registry is needed. All that it makes is removed again."""
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "lib"))
import azurite  # noqa: E402
from blobclient import Client  # noqa: E402
from s3client import S3  # noqa: E402

ENGINE, IMAGE, BASE = sys.argv[1:4]
PORTS = ("AZURITE_PORT", "SKERRY_BLOB_PORT", "SKERRY_S3_PORT", "SKERRY_ADMIN_PORT", "SKERRY_STATE_PORT")
HAPROXY = """FROM {base}
LABEL skerry.stage=build
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends haproxy
USER haproxy
"""
AZURITE = """FROM {base}
LABEL skerry.stage=build
RUN apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends nodejs
COPY node_modules /opt/azurite/node_modules
ENV PATH=/opt/azurite/node_modules/.bin:/usr/sbin:/usr/bin:/sbin:/bin
VOLUME /data
"""


def run(*command, **how):
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, timeout=how.pop("timeout", 300), **how)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.returncode}\n{(done.stdout + done.stderr)[-3000:]}")
    return done.stdout


def stand_in(folder, name, text, context):
    path = os.path.join(folder, name)
    with open(path, "w") as file:
        file.write(text.format(base=BASE))
    tag = f"localhost/skerry-smoke-{name}-{os.getpid()}"
    run("podman", "build", "--format", "docker", "--layers=false", "--network", "host", "-f", path, "-t", tag, context)
    return tag


class Project:
    """One of the files, up. As a context manager it is taken down, with its volumes."""

    def __init__(self, file):
        tool = ["docker", "compose"] if ENGINE == "docker" else ["podman-compose"]
        self.name = f"skerry-smoke-{os.getpid()}"
        self.command = [*tool, "-p", self.name, "-f", file]
        self.separator = "-" if ENGINE == "docker" else "_"
        os.environ.update({name: str(port) for name, port in zip(PORTS, free_ports(len(PORTS)))}, SKERRY_IMAGE=IMAGE, SKERRY_MODE="write-through")
        self.address = {name: f"127.0.0.1:{os.environ[name]}" for name in PORTS}

    def container(self, service):
        return self.separator.join([self.name, service, "1"])

    def execute(self, service, *command):
        return run(ENGINE, "exec", self.container(service), *command).strip()

    def await_healthy(self, *services):
        for service in services:
            self.until(f"{service} is healthy", lambda service=service: healthy(self.container(service)))

    def until(self, what, truth, seconds=90):
        end = time.monotonic() + seconds
        while not truth():
            if time.monotonic() > end:
                raise RuntimeError(f"not within {seconds} s: {what}\n{self.logs()}")
            time.sleep(0.5)

    def logs(self):
        names = run(ENGINE, "ps", "-a", "--filter", f"name={self.name}", "--format", "{{.Names}} {{.Status}}")
        return names + "".join(f"== {name}\n" + subprocess.run([ENGINE, "logs", "--tail", "15", name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                                               text=True).stdout for name in names.split() if name.startswith(self.name))

    def __enter__(self):
        try:
            run(*self.command, "up", "-d", "--no-build")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        subprocess.run([*self.command, "down", "-v"], cwd=HERE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=300)
        if ENGINE == "podman":  # which podman-compose 1.0 leaves behind
            subprocess.run(["podman", "network", "rm", f"{self.name}_default"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def healthy(container):
    if ENGINE == "docker":
        return run("docker", "inspect", "-f", "{{.State.Health.Status}}", container).strip() == "healthy"
    return subprocess.run(["podman", "healthcheck", "run", container], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def uses(project, key):
    """What upstream has is here in both protocols, and what is written here is upstream."""
    upstream, blob = Client(project.address["AZURITE_PORT"]), Client(project.address["SKERRY_BLOB_PORT"], "training", key)
    s3 = S3(project.address["SKERRY_S3_PORT"], "training", key)
    for number in range(12):
        name, body = f"name {number}", os.urandom(100_000)
        assert upstream.put_blob("data", name, body).status == 201
        answer = blob.get_blob("data", name)
        assert (answer.status, answer.body) == (200, body), answer
        assert s3.get("data", name).body == body, name
        assert s3.put("data", f"written {number}", body).status == 200
        assert blob.get_blob("data", f"written {number}").body == upstream.get_blob("data", f"written {number}").body == body
    assert blob.list_blobs("data").body.count(b"<Blob>") == 24


def one_gateway():
    with Project("compose.yaml") as project:
        project.await_healthy("azurite", "skerry")
        key = project.execute("skerry", "cat", "/data/account-training.key")
        uses(project, key)
        with urllib.request.urlopen(f"http://{project.address['SKERRY_ADMIN_PORT']}/readyz", timeout=10) as answer:
            assert answer.status == 200


def balancer():
    with Project("compose.balancer.yaml") as project:
        def ups():
            with urllib.request.urlopen(f"http://{project.address['SKERRY_STATE_PORT']}/;csv", timeout=10) as answer:
                rows = [line.split(",") for line in answer.read().decode().splitlines()]
            return sum(row[1].startswith("gateway-") and row[17] == "UP" for row in rows if len(row) > 17)

        project.await_healthy("azurite", "gateway-1", "gateway-2", "balancer")
        project.until("the balancer sees both gateways", lambda: ups() == 4)
        key = project.execute("gateway-1", "cat", "/key/training.key")
        uses(project, key)
        # One gateway is gone, and comes back with another address.
        blob = Client(project.address["SKERRY_BLOB_PORT"], "training", key)
        run(ENGINE, "stop", "-t", "40", project.container("gateway-1"))
        for number in range(12):
            assert blob.get_blob("data", f"name {number}").status == 200, "a read with one gateway"
        project.until("the balancer misses one", lambda: ups() == 2)
        run(ENGINE, "start", project.container("gateway-1"))
        project.until("the balancer sees both again", lambda: ups() == 4)
        for number in range(12):
            assert blob.get_blob("data", f"name {number}").status == 200, "a read with both gateways"
            assert blob.put_blob("data", f"later {number}", b"x").status == 201, "a write with both gateways"


def parts():
    for part in (one_gateway, balancer):
        part()
        print(f"compose-smoke-test: {part.__name__} works", flush=True)


def main():
    if ENGINE == "docker":
        if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode != 0:
            raise RuntimeError("docker has no compose: install docker-compose-plugin")
        parts()
        return
    made = []
    try:
        with tempfile.TemporaryDirectory(prefix="skerry-compose-", dir="/var/tmp") as folder:
            for name, text in (("haproxy", HAPROXY), ("azurite", AZURITE)):
                context = folder if name == "haproxy" else os.path.dirname(os.path.dirname(os.path.dirname(azurite.install())))
                made.append(stand_in(folder, name, text, context))
                os.environ[f"{name.upper()}_IMAGE"] = made[-1]
        parts()
    finally:
        for tag in made:
            subprocess.run(["podman", "rmi", "-f", tag], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
