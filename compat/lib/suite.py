"""What the run.py of an SDK does around its suite: server, cutting proxies, the suite's process, counts, orderly end.

The suite itself is a program in the SDK's language. It finds its endpoints in the environment and leaves its counts in the
file named by COMPAT_RESULT.
"""
import functools
import os
import signal
import subprocess
import sys
import time
import traceback

import proxy
import server as servers
import tls
import tree
from checks import Checks

SUITE_SECONDS = 600
CUT_AFTER_BYTES = 1 << 20


def stop_on_sigterm(_number, _frame):
    raise SystemExit("compat: ended by SIGTERM")


def run(name, body):
    """body(checks, server, folder) between the start and the end of a server; prints the summary and exits."""
    _run(name, lambda checks, folder: _with_server(checks, folder, servers.start, body))


def run_own(name, body):
    """body(checks, folder) starts its servers itself."""
    _run(name, body)


def run_s3(name, body, real_files=tree.REAL_FILES):
    """body(checks, server, folder, inputs) with a server over http, then with another one over https, where the input is smaller: see Inputs."""

    def halves(checks, folder):
        endpoint = os.environ.get("COMPAT_S3_ENDPOINT")
        for scheme in [endpoint.split(":")[0]] if endpoint else ["http", "https"]:
            authority = tls.authority(folder / "certificates") if scheme == "https" and not endpoint else None
            half = folder / scheme
            half.mkdir()
            inputs = Inputs(half / "inputs", real_files, tree.LARGE_BYTES)
            if scheme == "https":
                inputs = Inputs(half / "inputs", min(real_files, tree.TLS_REAL_FILES), tree.LARGE_TLS_BYTES)
            checks.where = scheme
            start = time.monotonic()
            try:
                _with_server(checks, half, lambda where: servers.start_s3(where, authority), lambda *arguments, inputs=inputs: body(*arguments, inputs))
            finally:
                servers.remove_folder(half)
            checks.say(f"compat.{name} over {scheme}: {time.monotonic() - start:.0f} s")

    _run(name, halves)


class Inputs:
    """What is copied in and out, made when it is first asked for and gone with its server: `tree` with its manifest `want`, and `large`, a file."""

    def __init__(self, folder, real_files, large_bytes):
        self.folder, self.real_files, self.large_bytes = folder, real_files, large_bytes

    @functools.cached_property
    def want(self):
        return tree.make(self.folder / "tree", self.real_files)

    @property
    def tree(self):
        assert self.want
        return self.folder / "tree"

    @functools.cached_property
    def large(self):
        self.folder.mkdir(exist_ok=True)
        return tree.make_large(self.folder / "large.bin", self.large_bytes)


def _with_server(checks, folder, start, body):
    server = None
    before = checks.failed
    try:
        server = start(folder)
        checks.server_kind = server.kind
        checks.say(f"compat.{checks.name} against {server.kind} at {server.s3.url if server.s3 else server.endpoint}")
        body(checks, server, folder)
    except Exception as error:  # noqa: BLE001  reported and counted, the server is stopped below
        checks.true("the test ran to its end", False, error)
        traceback.print_exc()
    finally:
        if server:
            server.stop(checks)
            if checks.failed > before and server.log:
                print(servers.tail(server.log), flush=True)


def _run(name, body):
    signal.signal(signal.SIGTERM, stop_on_sigterm)
    folder = servers.work_folder(name)
    checks = Checks(name)
    try:
        body(checks, folder)
    except SystemExit as error:
        checks.true("the test ran to its end", False, error.code)
    finally:
        servers.remove_folder(folder)
    checks.finish()


def run_process(checks, folder, command, environment, what):
    result = folder / "result.json"
    result.unlink(missing_ok=True)
    process = subprocess.Popen(command, cwd=folder, env={**os.environ, **environment, "COMPAT_RESULT": str(result)},
                               preexec_fn=servers.die_with_parent, stdin=subprocess.DEVNULL)
    try:
        process.wait(timeout=SUITE_SECONDS)
    except subprocess.TimeoutExpired:
        checks.true(f"{what} ended within {SUITE_SECONDS} s", False)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    checks.add_result_file(result)


def run_sdk(name, command, development_storage=True, environment=None):
    """Run an SDK's suite: `COMMAND all`, then, where asked for, `COMMAND development-storage`."""

    def body(checks, server, folder):
        upload = proxy.Proxy(server.address, "upload", CUT_AFTER_BYTES)
        download = proxy.Proxy(server.address, "download", CUT_AFTER_BYTES)
        variables = {**(environment or {}), "COMPAT_SERVER_KIND": server.kind, "COMPAT_ENDPOINT": server.endpoint,
                     "COMPAT_ACCOUNT": servers.ACCOUNT, "COMPAT_KEY": servers.KEY,
                     "COMPAT_UPLOAD_CUT_ENDPOINT": f"http://{upload.address}/{servers.ACCOUNT}",
                     "COMPAT_DOWNLOAD_CUT_ENDPOINT": f"http://{download.address}/{servers.ACCOUNT}"}
        try:
            run_process(checks, folder, [*command, "all"], variables, "the suite")
            checks.equal("connections cut in mid-upload", upload.cuts, 1)
            checks.equal("connections cut in mid-download", download.cuts, 1)
        finally:
            upload.close()
            download.close()
        if development_storage:
            try:
                with servers.development_storage(server, folder, checks):
                    run_process(checks, folder, [*command, "development-storage"], variables, "the suite on port 10000")
            except RuntimeError as error:
                checks.true("UseDevelopmentStorage=true", False, error)

    run(name, body)


def run_s3_sdk(name, command, environment=None, real_files=tree.REAL_FILES, large=True, cuts=True):
    """Run an SDK's suite over http and over https. It finds the server in the variables of AWS clients (AWS_ENDPOINT_URL, ...), a tree in
    COMPAT_TREE, with `large` a large file in COMPAT_LARGE_FILE, and room for files of its own in its working folder; where the server speaks
    Blob too, that face in the variables of run_sdk. COMPAT_VIRTUAL_ENDPOINT is there where buckets are hosts, COMPAT_READER where the server
    has a key that only reads. With `cuts` it must use both endpoints that cut a connection."""

    def body(checks, server, folder, inputs):
        address = server.s3.url.split("://")[1]
        upload, download = (proxy.Proxy(address, direction, CUT_AFTER_BYTES) for direction in ("upload", "download"))
        variables = {**server.s3_environment(), **(environment or {}), "COMPAT_SERVER_KIND": server.kind, "COMPAT_ENDPOINT": server.endpoint,
                     "COMPAT_ACCOUNT": servers.ACCOUNT, "COMPAT_KEY": servers.KEY, "COMPAT_TREE": str(inputs.tree),
                     "COMPAT_UPLOAD_CUT_ENDPOINT": f"{server.scheme}://{upload.address}",
                     "COMPAT_DOWNLOAD_CUT_ENDPOINT": f"{server.scheme}://{download.address}"}
        if large:
            variables["COMPAT_LARGE_FILE"] = str(inputs.large)
        if server.virtual_url:
            variables["COMPAT_VIRTUAL_ENDPOINT"] = server.virtual_url
        if server.has_reader:
            variables["COMPAT_READER"] = f"{servers.S3_READER_KEY}:{servers.S3_READER_SECRET}"
        try:
            run_process(checks, folder, command, variables, "the suite")
            if cuts:
                checks.equal("connections cut in mid-upload", upload.cuts, 1)
                checks.equal("connections cut in mid-download", download.cuts, 1)
        finally:
            upload.close()
            download.close()

    run_s3(name, body, real_files)


def library_path():
    return os.path.dirname(os.path.abspath(__file__))


if __name__ == "__main__":
    sys.exit("a module of the compatibility tests, not a program")
