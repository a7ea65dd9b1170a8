"""radosgw, Ceph's S3 server, as a peer: Debian's packages (.ci/install-dependencies installs them), one monitor and one object store in memory,
on free ports of 127.0.0.1, with their data in a given folder. Not secured, not durable, not fast: for comparing answers only."""
import ctypes
import os
import shutil
import signal
import socket
import subprocess
import time
import uuid

ACCESS, SECRET = "peeraccess", "peersecretpeersecret"
START_SECONDS, TRY_SECONDS = 240, 30
PROGRAMS = ("ceph", "ceph-mon", "ceph-osd", "monmaptool", "radosgw", "radosgw-admin")
POOLS = {".rgw.root": 1, "default.rgw.log": 1, "default.rgw.control": 1, "default.rgw.meta": 1, "default.rgw.buckets.index": 1,
         "default.rgw.buckets.data": 2, "default.rgw.buckets.non-ec": 1}
CONFIGURATION = """[global]
fsid = {fsid}
mon_host = [v1:127.0.0.1:{mon_port}]
mon_initial_members = a
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr2 = false
ms_bind_msgr1 = true
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
mon_data = {folder}/mon
osd_data = {folder}/osd
run_dir = {folder}
log_file = {folder}/$name.log
admin_socket =
crash_dir = {folder}
pid_file =
keyring = {folder}/keyring
debug_rgw = 0/0
debug_ms = 0/0
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
osd_objectstore = memstore
osd_memory_target = 939524096
memstore_device_bytes = 2147483648
[client.rgw.a]
rgw_data = {folder}/rgw
rgw_frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw_thread_pool_size = 16
rgw_crypt_require_ssl = false
"""


_LIBC, _PR_SET_PDEATHSIG = ctypes.CDLL(None), 1


class Unavailable(RuntimeError):
    """radosgw is not installed or does not start; says why."""


def _free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _end_with_parent():
    """A test that is killed leaves no daemon behind."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Radosgw:
    """Running when made. As a context manager it is ended, and its files are removed."""

    def __init__(self, folder):
        missing = [program for program in PROGRAMS if shutil.which(program) is None]
        if missing:
            raise Unavailable(f"{', '.join(missing)}: not installed (.ci/install-dependencies test)")
        self.folder, self.processes, self.gateway, self.store = os.path.join(folder, "radosgw"), [], None, None
        self.end = time.monotonic() + START_SECONDS
        self.fsid, self.port, self.mon_port = str(uuid.uuid4()), _free_port(), _free_port()
        self.endpoint = f"127.0.0.1:{self.port}"
        for name in ("mon", "osd", "rgw"):
            os.makedirs(os.path.join(self.folder, name))
        self.configuration = os.path.join(self.folder, "ceph.conf")
        with open(self.configuration, "w") as file:
            file.write(CONFIGURATION.format(fsid=self.fsid, port=self.port, mon_port=self.mon_port, folder=self.folder))
        try:
            self._start_monitor()
            self._start_store()
            self._run("radosgw-admin", "user", "create", "--uid", "peer", "--display-name", "peer", "--access-key", ACCESS, "--secret", SECRET,
                      done="exists")
            self._start_gateway()
        except BaseException:
            self.stop()
            raise

    def _start_monitor(self):
        monmap = os.path.join(self.folder, "monmap")
        self._run("monmaptool", "--create", "--fsid", self.fsid, "--addv", "a", f"[v1:127.0.0.1:{self.mon_port}]", monmap, configured=False)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap)
        self._spawn("ceph-mon", "-f", "-i", "a", "--public-addr", "127.0.0.1")

    def _start_store(self):
        """The pools are made here, each of one or two placement groups: left to radosgw, they come one by one while requests wait."""
        osd = str(uuid.uuid4())
        self._ceph(f"osd new {osd} 0")
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
        self._watch_store()
        while '"num_up_osds":1' not in self._run("ceph", "--connect-timeout", "20", "osd", "stat", "-f", "json").replace(" ", ""):
            self._watch_store()
            time.sleep(0.2)
        self._ceph(*(f"osd pool create {name} {groups}" for name, groups in POOLS.items()),
                   *(f"osd pool application enable {name} rgw" for name in POOLS))

    def _watch_store(self):
        """Without authentication the monitor may refuse a daemon that comes too early, which then ends: it is started again."""
        if self.store is None or self.store.poll() is not None:
            self.store = self._spawn("ceph-osd", "-f", "-i", "0")

    def _start_gateway(self):
        self.gateway = self._spawn("radosgw", "-f", "-n", "client.rgw.a")
        self._wait_for_port()

    def _wait_for_port(self):
        while True:
            if self.gateway.poll() is not None:
                raise Unavailable(f"radosgw ended with {self.gateway.returncode}: {self._log('radosgw')}")
            if time.monotonic() > self.end:
                raise Unavailable(f"radosgw does not listen: {self._log('radosgw')}")
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)

    def revive(self):
        """Some requests make it abort: whoever asks for what it did not answer starts it again. True: it had to."""
        if self.gateway.poll() is None:
            return False
        self.end = time.monotonic() + START_SECONDS
        self.processes.remove(self.gateway)
        self._start_gateway()
        return True

    def _spawn(self, program, *arguments):
        with open(os.path.join(self.folder, program + ".out"), "ab") as log:
            process = subprocess.Popen([program, "-c", self.configuration, *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       preexec_fn=_end_with_parent)
        self.processes.append(process)
        return process

    def _log(self, program):
        with open(os.path.join(self.folder, program + ".out"), errors="replace") as log:
            return log.read()[-500:]

    def _run(self, program, *arguments, text=None, configured=True, done=None):
        """A client may come before the monitor has made up its mind: tried again until it is too late. `done`: said of what an earlier try did."""
        command = [program, *(["-c", self.configuration] if configured else []), *arguments]
        while True:
            try:
                ended = subprocess.run(command, input=text, stdin=None if text is not None else subprocess.DEVNULL, text=True, timeout=TRY_SECONDS,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env={**os.environ, "CEPH_ARGS": ""})
                said = ended.stdout
                if ended.returncode == 0 or (done is not None and done in said):
                    return said
            except subprocess.TimeoutExpired:
                said = "no answer"
            if time.monotonic() > self.end:
                raise Unavailable(f"{program} {' '.join(arguments[:2])}: {said[-500:]}")
            if self.store is not None:
                self._watch_store()
            time.sleep(0.2)

    def _ceph(self, *commands):
        """Several commands to one client: it takes long to start."""
        for _ in range(3):
            said = self._run("ceph", "--connect-timeout", "20", text="".join(f"{command}\n" for command in commands))
            if "Error" not in said:
                return
        raise Unavailable(f"{commands}: {said[-500:]}")

    def stop(self):
        for process in reversed(self.processes):  # nothing of it is kept, so nothing need end in good order
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
