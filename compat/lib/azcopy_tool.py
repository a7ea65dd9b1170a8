"""azcopy as a tool: run it, and take the messages that it prints."""
import json
import os
import subprocess

import clients
import server as servers

COMMAND_SECONDS = 300


class Azcopy:
    """One azcopy with logs, plans and home folder of its own."""

    def __init__(self, folder, endpoint):
        self.endpoint = endpoint
        self.program, extra = clients.azcopy()
        self.home = folder / "azcopy-home"
        self.home.mkdir()
        self.environment = {**os.environ, **extra, "HOME": str(self.home), "AZCOPY_LOG_LOCATION": str(self.home / "logs"),
                            "AZCOPY_JOB_PLAN_LOCATION": str(self.home / "plans"), "AZCOPY_DISABLE_SYSLOG": "true",
                            "AZCOPY_CONCURRENCY_VALUE": "16", "AZCOPY_BUFFER_GB": "1",
                            # else it downloads to a temporary name 49 bytes longer, too long for a file of 240 bytes
                            "AZCOPY_DOWNLOAD_TO_TEMP_PATH": "false"}

    def run(self, *arguments, environment=None):
        """Returns (exit code, messages, all output). Messages are azcopy's JSON lines."""
        result = subprocess.run([self.program, *map(str, arguments), "--output-type", "json", "--skip-version-check"],
                                env={**self.environment, **(environment or {})}, cwd=self.home, capture_output=True, text=True, timeout=COMMAND_SECONDS,
                                stdin=subprocess.DEVNULL, preexec_fn=servers.die_with_parent)
        messages = []
        for line in result.stdout.splitlines():
            try:
                messages.append(json.loads(line))
            except ValueError:
                continue
        return result.returncode, messages, result.stdout + result.stderr

    def url(self, path, query):
        return f"{self.endpoint}/{path}?{query}"


def summary(messages):
    """The counts of the finished job."""
    for message in reversed(messages):
        if message.get("MessageType") == "EndOfJob":
            return json.loads(message["MessageContent"])
    return {}
