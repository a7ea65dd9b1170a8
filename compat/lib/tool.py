"""A command line client: run it, check that it succeeds, and take what it says."""
import os
import subprocess

import server as servers

COMMAND_SECONDS = 300


class Tool:
    """One program with an environment of its own; works in `folder`."""

    def __init__(self, checks, program, environment, folder, options=()):
        self.checks, self.folder = checks, folder
        self.command = [program, *options]
        self.environment = {**os.environ, "HOME": str(folder), "LC_ALL": "C.UTF-8", **environment}

    def run(self, *arguments, data=None):
        """Returns (exit code, output, messages); texts keep bytes that are not UTF-8."""
        given = {"input": data} if data is not None else {"stdin": subprocess.DEVNULL}
        result = subprocess.run([*self.command, *map(str, arguments)], env=self.environment, cwd=self.folder, capture_output=True,
                                timeout=COMMAND_SECONDS, preexec_fn=servers.die_with_parent, **given)
        return result.returncode, result.stdout.decode("utf-8", "surrogateescape"), result.stderr.decode("utf-8", "surrogateescape")

    def good(self, what, *arguments, data=None):
        """Run a command that must succeed. Returns its output."""
        code, output, messages = self.run(*arguments, data=data)
        self.checks.true(f"{what}: exit code 0", code == 0, f"{code}: {messages[-1500:]}{output[-500:]}")
        return output

    def refused(self, what, word, *arguments):
        """Run a command that must fail and say why."""
        code, output, messages = self.run(*arguments)
        self.checks.true(what, code != 0 and word in messages + output, f"exit code {code}, want a message with {word}: {messages[-800:]}{output[-300:]}")
