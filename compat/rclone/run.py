#!/usr/bin/env python3
"""rclone's azureblob backend against Skerry: copy, sync, check, listings, server-side copies and moves, large files in chunks."""
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib"))
import sas  # noqa: E402
import server as servers  # noqa: E402
import suite  # noqa: E402
import tree  # noqa: E402
from cases import Cases  # noqa: E402


class Test(Cases):
    list_chunk = ("--azureblob-list-chunk", "100")
    chunks = ("--azureblob-chunk-size", "16Mi", "--azureblob-upload-concurrency", "8")

    def __init__(self, checks, server, folder):
        def settings(prefix):
            account_sas = sas.account(servers.ACCOUNT, servers.KEY)
            scoped = sas.container(servers.ACCOUNT, servers.KEY, prefix + "scoped")
            remotes = {"key": {"ACCOUNT": servers.ACCOUNT, "KEY": servers.KEY, "ENDPOINT": server.endpoint}, "sas": {"SAS_URL": f"{server.endpoint}?{account_sas}"},
                       "scoped": {"SAS_URL": f"{server.endpoint}/{prefix}scoped?{scoped}"}}
            return {name: {"TYPE": "azureblob", **values} for name, values in remotes.items()}

        super().__init__(checks, folder, settings, folder / "tree", tree.make(folder / "tree"), "key")

    def by_sas(self):
        awkward = self.source / "awkward"
        self.transfer("copy up with an account SAS", "copy", awkward, self.path("by-sas", "sas"))
        self.transfer("check with an account SAS", "check", awkward, self.path("by-sas", "sas"), "--download")
        self.good("mkdir", "mkdir", self.path("scoped"))
        # A SAS URL of a container: the remote's root may name that container only
        self.transfer("copy up with a container SAS", "copy", awkward / "sizes", self.path("scoped/dir", "scoped"), "--azureblob-no-check-container")
        self.transfer("check with a container SAS", "check", awkward / "sizes", self.path("scoped/dir", "scoped"), "--download")
        self.checks.equal("listing with a container SAS", len(self.good("lsf", "lsf", "-R", "--files-only", self.path("scoped", "scoped")).splitlines()),
                          len(tree.awkward_sizes()))
        self.good("delete with a container SAS", "delete", self.path("scoped/dir", "scoped"))
        self.checks.equal("after the delete", self.good("lsf", "lsf", "-R", self.path("scoped")), "")

    def clean_up(self):
        for name in ("tree", "sync", "moved", "copied", "by-sas", "scoped", "large", "large-copied"):
            self.run("purge", self.path(name))


def body(checks, server, folder):
    test = Test(checks, server, folder)
    from_url = "it does not implement Put Block From URL, which rclone uses above 8 MiB"
    large = tree.make_large(folder / "large.bin")
    try:
        checks.section("copy up and down", test.copy_up_and_down)
        checks.section("listings", test.listings)
        checks.section("sync", test.sync)
        checks.section("server-side copies and moves", test.server_side)
        checks.section("copy between containers", test.copy_between_containers, azurite_lacks=from_url)
        checks.section("SAS URLs", test.by_sas)
        checks.section("large file", lambda: test.large(large))
        checks.section("large file, server-side copy", lambda: test.large_copy(large), azurite_lacks=from_url)
    finally:
        test.clean_up()


if __name__ == "__main__":
    suite.run("rclone", body)
