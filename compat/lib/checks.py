"""Counting of checks: a test script is a list of sections, a section a list of checks.

A failed check is printed and counted and the script goes on; an exception ends its section only. So one broken operation
does not hide the state of the others, and the last line always gives honest counts.
"""
import json
import os
import sys
import time
import traceback


class Checks:
    """The counts of one test script. Owned by its main thread."""

    def __init__(self, name, server_kind="skerry"):
        self.name = name
        self.server_kind = server_kind
        self.passed = 0
        self.failed = 0
        self.not_run = []
        self.where = ""  # "http" or "https", in tests that run over both

    def say(self, text):
        print(text, flush=True)

    def true(self, what, condition, detail="", azurite_lacks=""):
        """Count one check. Returns the condition, for a check that others depend on.

        azurite_lacks says why Azurite fails what the documented service does; against Azurite such a failure is not counted.
        """
        if condition:
            self.passed += 1
        elif azurite_lacks and self.server_kind == "azurite":
            self.not_run.append(f"{what}: {azurite_lacks}")
        else:
            self.failed += 1
            self.say(f"  FAILED {self.where + ': ' if self.where else ''}{what}" + (f": {detail}" if detail else ""))
        return bool(condition)

    def equal(self, what, got, want, azurite_lacks=""):
        return self.true(what, got == want, f"got {shorten(got)}, want {shorten(want)}", azurite_lacks)

    def section(self, title, body, azurite_lacks=""):
        """Run body(). azurite_lacks says why a documented behaviour is not asked of Azurite, the stand-in for development."""
        if azurite_lacks and self.server_kind == "azurite":
            self.not_run.append(f"{title}: {azurite_lacks}")
            self.say(f"- {title}: not run against Azurite: {azurite_lacks}")
            return
        before, start = (self.passed, self.failed), time.monotonic()
        try:
            body()
        except Exception as error:  # noqa: BLE001  a section must not take the others with it
            self.failed += 1
            self.say(f"  FAILED {title}: {type(error).__name__}: {shorten(error)}")
            traceback.print_exc(limit=4)
        seconds = time.monotonic() - start
        self.say(f"- {title}: {self.passed - before[0]} passed, {self.failed - before[1]} failed ({seconds:.1f} s)")

    def add_result_file(self, path):
        """Take in the counts of a suite that ran in another process."""
        try:
            with open(path, encoding="utf-8") as file:
                result = json.load(file)
        except (OSError, ValueError) as error:
            self.true("the suite wrote its counts", False, error)
            return
        self.passed += result["passed"]
        self.failed += result["failed"]
        self.not_run += result.get("not_run") or []

    def write_result_file(self, path):
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"passed": self.passed, "failed": self.failed, "not_run": self.not_run}, file)

    def finish(self):
        """Print the summary and leave: 0 only when something was checked and nothing failed."""
        if self.not_run:
            self.say(f"{len(self.not_run)} sections or checks were not asked of {self.server_kind}")
        self.say(f"compat.{self.name}: {self.passed} passed, {self.failed} failed")
        sys.exit(0 if self.passed and not self.failed else 1)


def shorten(value, limit=600):
    text = value if isinstance(value, str) else repr(value) if not isinstance(value, Exception) else str(value)
    return text if len(text) <= limit else text[:limit] + f"... ({len(text)} characters)"


def from_environment():
    """The Checks of a suite that a run.py started."""
    return Checks("suite", os.environ.get("COMPAT_SERVER_KIND", "skerry"))
