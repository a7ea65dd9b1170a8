"""HAProxy with docker/haproxy.cfg as it is but for its addresses: Debian's package (.ci/install-dependencies installs it), before gateways that
blobclient.Server started. The listening sockets are ours, so that ports are free ones and stay over a reload."""
import os
import re
import shutil
import socket
import subprocess
import time
import urllib.request

CONFIGURATION = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docker", "haproxy.cfg")
PROGRAM = shutil.which("haproxy", path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
START_SECONDS = 30


class Unavailable(RuntimeError):
    """HAProxy is not installed or does not start; says why."""


def _port(address):
    return address.rsplit(":", 1)[1]


class Balancer:
    """Running when made. `nodes`: servers that run or ran, so that their addresses are known. As a context manager it is ended, and what it said is
    in `log`."""

    def __init__(self, folder, nodes):
        if PROGRAM is None:
            raise Unavailable("HAProxy is not installed: .ci/install-dependencies test")
        self.folder, self.process, self.old = folder, None, []
        self.sockets = {name: socket.create_server(("127.0.0.1", 0), backlog=512) for name in ("blob", "s3", "state")}
        self.blob, self.s3, self.state = ("127.0.0.1:%d" % self.sockets[name].getsockname()[1] for name in ("blob", "s3", "state"))
        self.log = open(os.path.join(folder, "haproxy.log"), "ab")
        self.load(nodes)

    def configuration(self, nodes):
        """The one that is shipped, with these gateways instead of its own."""
        with open(CONFIGURATION) as file:
            text = file.read()
        text = re.sub(r"(?m)^frontend (blob|s3|state)\n    bind :\d+$",
                      lambda found: f"frontend {found[1]}\n    bind fd@{self.sockets[found[1]].fileno()}", text)
        if text.count("bind fd@") != len(self.sockets):
            raise Unavailable("docker/haproxy.cfg has other frontends than this test knows")
        for kind in ("blob", "s3"):
            head, backend, rest = text.partition(f"\nbackend {kind}\n")
            lines = "".join(f"    server gateway-{at} {getattr(node, kind)} check port {_port(node.admin)}\n"
                            for at, node in enumerate(nodes, 1))
            rest, replaced = re.subn(r"(?:    server gateway-\S+ .*\n)+", lambda _, lines=lines: lines, rest, count=1)
            if replaced != 1:
                raise Unavailable(f"docker/haproxy.cfg has no gateways in its backend {kind}")
            text = head + backend + rest
        return text

    def load(self, nodes):
        """Begins, or goes on with these gateways: a new process takes over, and the old one ends with its last connection."""
        path = os.path.join(self.folder, "haproxy.cfg")
        with open(path, "w") as file:
            file.write(self.configuration(nodes))
        command = [PROGRAM, "-db", "-f", path]
        if self.process is not None:
            self.old.append(self.process)
            command += ["-sf", str(self.process.pid)]
        descriptors = [one.fileno() for one in self.sockets.values()]
        self.process = subprocess.Popen(command, pass_fds=descriptors, stdout=self.log, stderr=subprocess.STDOUT)
        self.await_up(len(nodes))

    def servers(self):
        """{(backend, name): status} as its statistics have it."""
        with urllib.request.urlopen(f"http://{self.state}/;csv", timeout=10) as answer:
            lines = answer.read().decode().lstrip("# ").splitlines()
        names = lines[0].split(",")
        rows = [dict(zip(names, line.split(","))) for line in lines[1:] if line]
        return {(row["pxname"], row["svname"]): row["status"] for row in rows if row["svname"].startswith("gateway-")}

    def await_up(self, count, seconds=START_SECONDS):
        """Until as many gateways, and no others, are taken for ready by both backends."""
        end, states = time.monotonic() + seconds, {}
        while time.monotonic() < end:
            if self.process.poll() is not None:
                raise Unavailable(f"HAProxy ended with {self.process.returncode}: {self.said()}")
            try:
                states = self.servers()
                if sum(state == "UP" for state in states.values()) == 2 * count:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise Unavailable(f"HAProxy does not see {count} gateways: {states}")

    def said(self, size=2000):
        with open(self.log.name, errors="replace") as file:
            return file.read()[-size:]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in [self.process, *self.old]:
            process.terminate()
            process.wait(60)
        self.log.close()
        for one in self.sockets.values():
            one.close()
