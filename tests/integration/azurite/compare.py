"""Two answers to one request, and what differs: a list of short texts, Skerry's side first."""
import re
import xml.etree.ElementTree as ElementTree

# Not a matter of the protocol: connections, the program's name, and what the program's HTTP library adds.
IGNORED_HEADERS = {"server", "date", "connection", "keep-alive", "transfer-encoding", "x-powered-by"}
# Present on both, different each time.
VOLATILE_HEADERS = {"etag", "last-modified", "x-ms-request-id", "x-ms-creation-time", "x-ms-copy-id", "x-ms-copy-completion-time",
                    "x-ms-snapshot", "access-control-max-age"}
VOLATILE_ELEMENTS = {"Etag", "Last-Modified", "Creation-Time", "CopyId", "CopyCompletionTime", "LastSyncTime", "Marker", "Message",
                     "AuthenticationErrorDetail"}


def _headers(answer):
    return {name.lower(): value for name, value in answer.headers.items() if name.lower() not in IGNORED_HEADERS}


def _compare_headers(ours, theirs, is_xml):
    mine, other = _headers(ours), _headers(theirs)
    if is_xml:  # two writers of XML, two lengths
        mine.pop("content-length", None)
        other.pop("content-length", None)
    for name in sorted(set(mine) - set(other)):
        yield f"header +{name}"
    for name in sorted(set(other) - set(mine)):
        yield f"header -{name}"
    for name in sorted(set(mine) & set(other) - VOLATILE_HEADERS - {"x-ms-error-code"}):
        left, right = (_without_host(answer, headers[name]) for answer, headers in ((ours, mine), (theirs, other)))
        if left != right:
            yield f"header {name}: {left!r} != {right!r}"


def _without_host(answer, text):
    return text.replace(answer.endpoint, "HOST")


def _tree(answer):
    """{path of an element or attribute: list of its texts}; None: not XML."""
    if b"<" not in answer.body[:4]:
        return None
    try:
        root = ElementTree.fromstring(answer.body)
    except ElementTree.ParseError:
        return None
    found = {}

    def visit(element, path):
        path = f"{path}/{element.tag}"
        text = _without_host(answer, (element.text or "").strip())
        if element.tag in VOLATILE_ELEMENTS or (element.tag == "NextMarker" and text):
            text = "..."
        found.setdefault(path, []).append(text)
        for name, value in element.attrib.items():
            found.setdefault(f"{path}@{name}", []).append(_without_host(answer, value))
        for child in element:
            visit(child, path)

    visit(root, "")
    return found


def _compare_bodies(ours, theirs, mine, other):
    if mine is None or other is None:
        if ours.body != theirs.body:
            yield f"body: {_short(ours.body)} != {_short(theirs.body)}"
        return
    if "/Error" in mine or "/Error" in other:
        code = lambda tree: tree.get("/Error/Code")
        if code(mine) != code(other) and ours.error_code == theirs.error_code:
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


def _short(body):
    return f"{len(body)} bytes" if len(body) > 60 else repr(body)


def differences(ours, theirs):
    if isinstance(ours, str) or isinstance(theirs, str):
        return [] if ours == theirs else [f"answer: {ours} != {theirs}"]
    found = []
    if (ours.status, ours.error_code) != (theirs.status, theirs.error_code):
        found.append(f"{ours!r} != {theirs!r}")
    if (ours.status < 400) != (theirs.status < 400) or (ours.status >= 400 and found):
        return found  # one did it and the other did not, or they refuse it for two reasons: nothing else is comparable
    mine, other = _tree(ours), _tree(theirs)
    found += _compare_headers(ours, theirs, mine is not None or other is not None or ours.status >= 400)
    found += _compare_bodies(ours, theirs, mine, other)
    return [re.sub(r"\s+", " ", text) for text in found]
