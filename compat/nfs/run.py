#!/usr/bin/env python3
"""NFS-Ganesha of Debian exports a mount of Skerry's; libnfs, a client in user space, uses it. The kernel's own server and client are not needed.

`nfs.conf` below is the recipe: the VFS back end on the mounted folder, NFS 4 alone, on one port, without rpcbind."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "lib"))
sys.path.insert(0, str(HERE.parent / "mount"))
import clients  # noqa: E402
import server as servers  # noqa: E402
import suite  # noqa: E402
import tree  # noqa: E402
from faces import Faces  # noqa: E402
from tool import Tool  # noqa: E402

START_SECONDS, SEEN_SECONDS = 60, 20
CLIENT_SECONDS = 300
LARGEST = (1 << 20) + 1  # which goes in pieces of 2 KiB, see client.c
CONTAINER = "exported"

CONFIGURATION = """
NFS_CORE_PARAM {{ NFS_Port = {port}; Bind_addr = 127.0.0.1; Protocols = 4; Enable_NLM = false; Enable_RQUOTA = false; }}
NFSV4 {{ Graceless = true; RecoveryBackend = fs; RecoveryRoot = "{folder}/recovery"; Only_Numeric_Owners = true; }}
EXPORT {{ Export_Id = 1; Path = "{path}"; Pseudo = "/{container}"; Access_Type = RW; Squash = None; SecType = sys; Protocols = 4; Transports = TCP;
          Attr_Expiration_Time = 1; FSAL {{ Name = VFS; }} }}
LOG {{ Default_Log_Level = EVENT; }}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Ganesha:
    """Exports `path` while the `with` lasts."""

    def __init__(self, checks, folder, path):
        self.checks, self.folder, self.path, self.port = checks, folder / "ganesha", path, free_port()
        self.log = self.folder / "log"

    def __enter__(self):
        clients.debian("nfs-ganesha-vfs", "/usr/bin/ganesha.nfsd")
        if not any(Path("/usr/lib").glob("*/ganesha/libfsalvfs.so")):
            raise clients.CannotInstall("nfs-ganesha-vfs", "apt-get install nfs-ganesha-vfs")
        (self.folder / "recovery").mkdir(parents=True)
        configuration = self.folder / "nfs.conf"
        configuration.write_text(CONFIGURATION.format(port=self.port, folder=self.folder, path=self.path, container=CONTAINER))
        self.process = subprocess.Popen(["/usr/bin/ganesha.nfsd", "-F", "-f", configuration, "-L", self.log, "-p", self.folder / "pid"], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=servers.die_with_parent)
        deadline = time.monotonic() + START_SECONDS
        while "NFS SERVER INITIALIZED" not in (self.log.read_text(errors="replace") if self.log.exists() else ""):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                self.process.wait()
                raise RuntimeError(f"nfs-ganesha does not start: {servers.tail(self.log)}")
            time.sleep(0.05)
        return self

    def url(self, path=""):
        return f"nfs://127.0.0.1/{CONTAINER}{'/' + path if path else ''}?version=4&nfsport={self.port}"

    def __exit__(self, kind, *_error):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.checks.equal("nfs-ganesha: exit code", self.process.wait(timeout=60), 0)
        except subprocess.TimeoutExpired:
            self.checks.true("nfs-ganesha ends", False)
            self.process.kill()
            self.process.wait()
        if kind or self.checks.failed:
            print(servers.tail(self.log), flush=True)


class Test:
    def __init__(self, checks, server, folder, mount):
        self.checks, self.server, self.folder, self.mount = checks, server, folder, mount
        self.point = mount / CONTAINER
        self.point.mkdir()
        self.faces = Faces(server, CONTAINER, self.point)
        self.program = self.client()

    def copies(self, ganesha):
        """Files in by the client here, and out by libnfs's tools."""
        copy = Tool(self.checks, clients.debian("libnfs-utils", "/usr/bin/nfs-cp"), {}, self.folder)
        listing = Tool(self.checks, "/usr/bin/nfs-ls", {}, self.folder)
        show = Tool(self.checks, "/usr/bin/nfs-cat", {}, self.folder)
        sizes = [size for size in tree.awkward_sizes() if size <= LARGEST]
        for size in sizes:
            tree.write_random(self.folder / "in" / f"{size}.bin", size, size)
        answers = self.ask(ganesha, [("put", self.folder / "in" / f"{size}.bin", f"/{size}.bin") for size in sizes])
        self.checks.equal("libnfs: every file in", answers, ["ok"] * len(sizes))
        self.checks.equal("what came in, as objects", self.faces.differences(), [])
        self.checks.equal("every byte of what came in", tree.difference(tree.manifest(self.point), tree.manifest(self.folder / "in")), "")
        (self.folder / "out").mkdir()
        for size in sizes:
            copy.good(f"{size} bytes out", ganesha.url(f"{size}.bin"), self.folder / "out" / f"{size}.bin")
        self.checks.equal("every byte of what went out", tree.difference(tree.manifest(self.folder / "out"), tree.manifest(self.folder / "in")), "")
        self.server.s3.put(CONTAINER, "folder/by s3", b"put as an object")
        self.checks.equal("an object that S3 put", show.good("cat", ganesha.url("folder/by s3")), "put as an object")
        listed = listing.good("ls", "-R", ganesha.url())
        self.checks.true("everything is listed", all(f"{size}.bin" in listed for size in sizes) and "by s3" in listed, listed)

    def ask(self, ganesha, commands):
        """An answer to each."""
        text = "".join("\t".join(map(str, each)) + "\n" for each in commands)
        process = subprocess.run([self.program, ganesha.url()], input=text, capture_output=True, text=True, timeout=CLIENT_SECONDS)
        self.checks.equal("libnfs: no complaint", process.stderr, "")
        return process.stdout.splitlines()

    def client(self):
        if not Path("/usr/include/nfsc/libnfs.h").exists():
            clients.debian("libnfs-dev", "/usr/include/nfsc/libnfs.h")
        program = self.folder / "client"
        subprocess.run(["cc", "-O1", "-D_GNU_SOURCE", "-Wall", "-Werror", HERE / "client.c", "-o", program, "-lnfs"], check=True)
        return program

    def changes(self, ganesha):
        """Names and bytes changed over NFS, seen on the mount and as objects; changes made there, seen over NFS."""
        commands = [("mkdir", "/made"), ("mkdir", "/made/inner"), ("rename", "/4097.bin", "/made/moved"), ("write", "/made/moved", "4000", "written over NFS"),
                    ("truncate", "/made/moved", "5000"), ("chmod", "/made/moved", "640"), ("symlink", "moved", "/made/link"), ("unlink", "/1.bin"), ("rmdir", "/made/inner"),
                    ("rename", "/made", "/renamed"), ("mkdir", "/full"), ("rename", "/renamed/moved", "/full/file")]
        refused = [("rmdir", "/full"), ("unlink", "/not there"), ("mkdir", "/full")]
        answers = self.ask(ganesha, commands + refused)
        self.checks.equal("libnfs: every change", [(command, answer) for command, answer in zip(commands, answers) if answer != "ok"], [])
        self.checks.equal("libnfs: as many answers", len(answers), len(commands + refused))
        self.checks.true("libnfs: what cannot be is refused", "ok" not in answers[len(commands):], answers[len(commands):])
        content = bytearray((self.folder / "in" / "4097.bin").read_bytes())
        content[4000:4016] = b"written over NFS"
        content += bytes(5000 - len(content))
        self.checks.true("the bytes of what was changed", (self.point / "full" / "file").read_bytes() == content)
        self.checks.equal("its mode", (self.point / "full" / "file").stat().st_mode & 0o7777, 0o640)
        self.checks.equal("a link", os.readlink(self.point / "renamed" / "link"), "moved")
        self.checks.true("what was removed", not (self.point / "1.bin").exists())
        self.checks.equal("the same as objects", self.faces.differences(), [])
        show = Tool(self.checks, "/usr/bin/nfs-cat", {}, self.folder)
        (self.point / "full" / "file").write_bytes(b"changed on the mount")
        self.checks.equal("what the mount changed", self.until(lambda: show.run(ganesha.url("full/file"))[1], "changed on the mount"), "changed on the mount")
        self.server.s3.put(CONTAINER, "full/file", b"changed as an object")
        self.checks.equal("what S3 changed", self.until(lambda: show.run(ganesha.url("full/file"))[1], "changed as an object"), "changed as an object")

    @staticmethod
    def until(look, wanted):
        """The server looks again when what it knows is old: it keeps attributes for a while."""
        deadline = time.monotonic() + SEEN_SECONDS
        while (seen := look()) != wanted and time.monotonic() < deadline:
            time.sleep(0.2)
        return seen


def body(checks, folder):
    mount = folder / "mount"
    mount.mkdir()
    server = servers.start_skerry(folder, mount=mount)
    try:
        test = Test(checks, server, folder, mount)
        with Ganesha(checks, folder, test.point) as ganesha:
            checks.section("copies", lambda: test.copies(ganesha))
            checks.section("changes", lambda: test.changes(ganesha))
    except (RuntimeError, OSError) as error:
        checks.true("the test ran to its end", False, error)
    finally:
        server.stop(checks)
        checks.true("nothing is mounted any more", not os.path.ismount(mount))
        while os.path.ismount(mount) and subprocess.run(["umount", "--lazy", mount]).returncode == 0:
            pass


if __name__ == "__main__":
    if not shutil.which("cc"):
        raise SystemExit("compat: FAILED: a C compiler is missing (apt-get install gcc libc6-dev)")
    suite.run_own("nfs", body)
