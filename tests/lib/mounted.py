"""A server whose namespace is mounted on a folder: `skerry serve --mount`."""
import os
import subprocess

from blobclient import ACCOUNT, Server


def is_mounted(folder):
    """From the table of mounts, which answers even when whoever serves the mount does not."""
    wanted = os.path.realpath(os.path.dirname(folder)) + "/" + os.path.basename(folder)
    with open("/proc/self/mountinfo", "rb") as table:
        return any(line.split()[4].decode("unicode_escape") == wanted for line in table)


class Mounted(Server):
    """The mount is there when it has started, and gone when it has stopped. `options`: of the mount, with commas between."""

    def __init__(self, data, point, *flags, options="", **how):
        if not os.access("/dev/fuse", os.R_OK | os.W_OK):
            raise SystemExit("FAILED: a mount needs /dev/fuse, which this machine has not or we may not use: run it as root, or load the module fuse")
        super().__init__(data, *flags, "--mount", point + ("," + options if options else ""), **how)
        self.point = point
        os.makedirs(point, exist_ok=True)

    def start(self):
        super().start()
        if not is_mounted(self.point):
            self.kill()
            raise RuntimeError(f"{self.point} is not mounted, and the server says that it is ready")
        return self

    def stop(self):
        super().stop()
        if is_mounted(self.point):
            self.unmount()
            raise RuntimeError(f"{self.point} is still mounted after the server's end")

    def unmount(self):
        """Whatever is left, after a kill."""
        while is_mounted(self.point):
            if subprocess.run(["umount", "--lazy", self.point], stderr=subprocess.DEVNULL, timeout=60).returncode:
                raise RuntimeError(f"{self.point} cannot be unmounted")

    def folder(self, container, account=ACCOUNT):
        """Where a container of the first account is."""
        return os.path.join(self.point, container)
