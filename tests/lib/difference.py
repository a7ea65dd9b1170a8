"""The same requests to two servers, and what differs. A table of rows a topic (a module with ROWS and perhaps BEFORE), a list of what is known
to differ and why, and the comparison itself: a list of short texts, Skerry's side first. What a protocol compares is in its Rules."""
import argparse
import collections
import dataclasses
import fnmatch
import importlib
import re
import tempfile
import xml.etree.ElementTree as ElementTree

DOCUMENTED = "the service documents what Skerry does"
NOT_YET = "Skerry does not offer it yet, and says so"
CHOICE = "the documentation leaves it open, and Skerry has reasons"


@dataclasses.dataclass
class Rules:
    code: object                                   # of an answer that is an error: its code, or None
    ignored_headers: set                           # not a matter of the protocol
    volatile_headers: set                          # present on both, different each time
    volatile_elements: set                         # likewise, in documents
    volatile_when_set: set = frozenset()           # likewise, unless they are empty
    fixed: set = frozenset({"null"})               # values that count in whatever is volatile when set


# ---- two answers ----

def _without_host(answer, text):
    return text.replace(answer.endpoint, "HOST")


def _compare_headers(rules, ours, theirs, is_xml):
    mine, other = ({name.lower(): value for name, value in answer.headers.items() if name.lower() not in rules.ignored_headers}
                   for answer in (ours, theirs))
    if is_xml:  # two writers of XML, two lengths
        mine.pop("content-length", None)
        other.pop("content-length", None)
    for name in sorted(set(mine) - set(other)):
        yield f"header +{name}"
    for name in sorted(set(other) - set(mine)):
        yield f"header -{name}"
    for name in sorted(set(mine) & set(other) - rules.volatile_headers):
        left, right = (_without_host(answer, headers[name]) for answer, headers in ((ours, mine), (theirs, other)))
        if name in rules.volatile_when_set and left not in rules.fixed and right not in rules.fixed:
            continue
        if left != right:
            yield f"header {name}: {left!r} != {right!r}"


def _tree(rules, answer):
    """{path of an element or attribute: list of its texts}; None: not XML."""
    if b"<" not in answer.body[:4]:
        return None
    try:
        root = ElementTree.fromstring(answer.body)
    except ElementTree.ParseError:
        return None
    found = {}

    def visit(element, path):
        tag = element.tag.rpartition("}")[2]
        path = f"{path}/{tag}"
        text = _without_host(answer, (element.text or "").strip() if len(element) else element.text or "")
        if tag in rules.volatile_elements or (tag in rules.volatile_when_set and text and text not in rules.fixed):
            text = "..."
        found.setdefault(path, []).append(text)
        for name, value in element.attrib.items():
            found.setdefault(f"{path}@{name.rpartition('}')[2]}", []).append(_without_host(answer, value))
        for child in element:
            visit(child, path)

    visit(root, "")
    if root.tag.startswith("{"):
        found[f"/{root.tag.rpartition('}')[2]}@xmlns"] = [root.tag[1:].partition("}")[0]]
    return found


def _short(body):
    return f"{len(body)} bytes" if len(body) > 60 else repr(body)


def _compare_bodies(rules, ours, theirs, mine, other):
    if mine is None or other is None:
        if ours.body != theirs.body:
            yield f"body: {_short(ours.body)} != {_short(theirs.body)}"
        return
    if "/Error" in mine or "/Error" in other:
        code = lambda tree: tree.get("/Error/Code")  # noqa: E731
        if code(mine) != code(other) and rules.code(ours) == rules.code(theirs):
            yield f"body code: {code(mine)} != {code(other)}"
        return
    for path in sorted(set(mine) | set(other)):
        left, right = mine.get(path), other.get(path)
        if left is None or right is None:
            yield f"body {'-' if left is None else '+'}{path}"
        elif len(left) != len(right):
            yield f"body {path}: {len(left)} of them != {len(right)}"
        elif left != right:
            first = next(pair for pair in zip(left, right) if pair[0] != pair[1])
            yield f"body {path}: {first[0]!r} != {first[1]!r}"


def differences(rules, ours, theirs):
    said = [answer if isinstance(answer, str) else f"{answer.status} {rules.code(answer) or ''}".strip() for answer in (ours, theirs)]
    found = [f"{said[0]} != {said[1]}"] if said[0] != said[1] else []
    if isinstance(ours, str) or isinstance(theirs, str):
        return found
    if (ours.status < 400) != (theirs.status < 400) or (ours.status >= 400 and found):
        return found  # one did it and the other did not, or they refuse it for two reasons: nothing else is comparable
    mine, other = _tree(rules, ours), _tree(rules, theirs)
    found += _compare_headers(rules, ours, theirs, mine is not None or other is not None or ours.status >= 400)
    found += _compare_bodies(rules, ours, theirs, mine, other)
    return [re.sub(r"\s+", " ", text) for text in found]


# ---- what is known ----

class Book:
    """Which lines of the list were needed. A line: (category, reason, patterns over "topic: row: difference")."""

    def __init__(self, known):
        self.known = known
        self.used = collections.Counter()
        self.differences = collections.Counter()

    def lists(self, row, difference):
        text, found = f"{row}: {difference}", False
        for category, reason, patterns in self.known:
            for pattern in patterns:
                if fnmatch.fnmatchcase(text, pattern):
                    self.differences[category] += not found
                    self.used[category, reason, pattern] += 1
                    found = True
        return found

    def unused(self):
        return [f"{pattern} ({reason})" for category, reason, patterns in self.known for pattern in patterns
                if not self.used[category, reason, pattern]]

    def summary(self):
        return "listed: " + ", ".join(f"{count} because {category}" for category, count in self.differences.most_common())


# ---- replaying ----

def _replay(topic, sides, rules):
    """Yields (name of the row, what differs). What a row needs must succeed on both sides."""
    module = importlib.import_module(topic)
    for row in module.ROWS:
        for needed in (*getattr(module, "BEFORE", ()), *row.before) if row is module.ROWS[0] else row.before:
            for side in sides:
                answer = side.send(needed)
                if isinstance(answer, str) or answer.status >= 300:
                    raise RuntimeError(f"{topic}: {row.name}: {needed.request} on {side.endpoint}: {answer!r} {getattr(answer, 'body', '')}")
        yield f"{topic}: {row.name}", differences(rules, *(side.send(row) for side in sides))


def main(topics, known, rules, start):
    """`start(folder)`: a context manager with the two sides. Returns an exit code."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--topic", action="append", choices=topics)
    arguments.add_argument("--show", action="store_true", help="print every difference, listed or not")
    options = arguments.parse_args()
    rows, unexpected, names, book = 0, 0, set(), Book(known)
    with tempfile.TemporaryDirectory(prefix="skerry-difference-") as folder, start(folder) as sides:
        for topic in options.topic or topics:
            for name, found in _replay(topic, sides, rules):
                rows += 1
                if name in names:
                    raise RuntimeError(f"two rows are called {name}")
                names.add(name)
                for text in found:
                    listed = book.lists(name, text)
                    unexpected += not listed
                    if options.show or not listed:
                        print(f"{'listed' if listed else 'DIFFERS'}: {name}: {text}", flush=True)
    stale = [] if options.topic else book.unused()
    for text in stale:
        print(f"LISTED BUT GONE: {text}")
    print(f"{rows} rows; {book.summary()}; {unexpected} differences that are not listed, {len(stale)} listed that did not occur")
    return 1 if unexpected or stale else 0

