"""Drives upstream_probe, the client of an upstream for tests: one command at a time, answers as dictionaries."""
import os
import subprocess
import urllib.parse

PROBE = os.environ.get("SKERRY_UPSTREAM_PROBE") or os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "tests",
                                                                 "integration", "upstream_probe")


class Refused(RuntimeError):
    """The settings are not valid; says what the probe says."""


class Answer(dict):
    """What a call ended with: names and values as texts. `meta` and `tags` are dictionaries, `entries` answers of a listing, `end` the
    counters. Of several calls at once: the first, with all of them in `all`."""

    def __init__(self, words):
        super().__init__()
        self.meta, self.tags, self.entries, self.end, self.all = {}, {}, [], {}, []
        for index, (name, value) in enumerate(words):
            if name in ("meta", "tag"):
                (self.meta if name == "meta" else self.tags)[value] = words[index + 1][1]
            elif name != "value":
                self[name] = value

    def number(self, name):
        return int(self[name])


def _words(line):
    return [(name, urllib.parse.unquote(value)) for name, _, value in (word.partition("=") for word in line.split()[1:])]


def _text(pairs):
    return " ".join(f"{name}={urllib.parse.quote(value if isinstance(value, bytes) else str(value), safe='')}" for name, value in pairs)


class Probe:
    """As a context manager it is ended, and has to end well."""

    def __init__(self, **settings):
        self.process = subprocess.Popen([PROBE], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._send("settings " + _text(settings.items()))
        line = self.process.stdout.readline()
        if not line.startswith("ready"):
            raise Refused(self.process.communicate()[1].strip())
        self.name = dict(_words(line))["name"]

    def _send(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def call(self, what, *, meta=None, tags=None, parts=(), **words):
        pairs = list(words.items()) + [("part", part) for part in parts]
        for kind, values in (("meta", meta), ("tag", tags)):
            for name, value in (values or {}).items():
                pairs += [(kind, name), ("value", value)]
        self._send(what + " " + _text(pairs))
        results, entries, refused = [], [], 0
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError(f"the probe ended with {self.process.wait(10)}: {self.process.stderr.read()[-4000:]}")
            if line.startswith("entry"):
                entries.append(Answer(_words(line)))
            elif line.startswith("result"):
                results.append(Answer(_words(line)))
            elif line.startswith("refused"):
                refused += 1
            elif line.startswith("end"):
                answer = results[0]
                answer.end = {name: int(value) for name, value in _words(line)}
                answer.entries, answer.all, answer.refused = entries, results, refused
                return answer

    def close(self):
        output, errors = self.process.communicate()
        if self.process.returncode != 0:
            raise RuntimeError(f"the probe ended with {self.process.returncode}: {output}{errors[-4000:]}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
