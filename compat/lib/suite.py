"""What the run.py of an SDK does around its suite: server, cutting proxies, the suite's process, counts, orderly end.

The suite itself is a program in the SDK's language. It finds its endpoints in the environment and leaves its counts in the
file named by COMPAT_RESULT.
"""
import os
import signal
import subprocess
import sys
import traceback

import proxy
import server as servers
from checks import Checks

SUITE_SECONDS = 400
CUT_AFTER_BYTES = 1 << 20


def stop_on_sigterm(_number, _frame):
    raise SystemExit("compat: ended by SIGTERM")


def run(name, body):
    """body(checks, server, folder) between the start and the end of a server; prints the summary and exits."""
    signal.signal(signal.SIGTERM, stop_on_sigterm)
    folder = servers.work_folder(name)
    checks, server = Checks(name), None
    try:
        server = servers.start(folder)
        checks.server_kind = server.kind
        checks.say(f"compat.{name} against {server.kind} at {server.endpoint}")
        body(checks, server, folder)
    except SystemExit as error:
        checks.true("the test ran to its end", False, error.code)
    except Exception as error:  # noqa: BLE001  reported and counted, the server is stopped below
        checks.true("the test ran to its end", False, error)
        traceback.print_exc()
    finally:
        if server:
            server.stop(checks)
            if checks.failed and server.log:
                print(servers.tail(server.log), flush=True)
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


def library_path():
    return os.path.dirname(os.path.abspath(__file__))


if __name__ == "__main__":
    sys.exit("a module of the compatibility tests, not a program")
