"""What the store must hold: slots, and changes that were sent and not acknowledged.

A slot is one thing that one writer alone changes, so that what it should hold is known exactly. Its key begins with the writer's name:
  ("object", key)      an Object or GONE, in BOX, the container that all writers share
  ("versions", key)    a tuple of Versions, the newest first, in the writer's own bucket, which keeps versions
  ("status", key)      whether that bucket keeps them: "Enabled" or "Suspended"
  ("upload", key, id)  an open upload in BOX: an Upload or GONE; the id is NEW while nobody knows it
"""
import collections
import hashlib
import threading

BOX = "box"
GONE = None
NEW = "?"  # the id of a version or an upload whose making was not acknowledged
MARKER = "delete marker"
ENTITY_SIZES = [1, 700, 4096, 16384, 100_000, 3_000_000]

Object = collections.namedtuple("Object", "body tags")
Version = collections.namedtuple("Version", "id body tags")  # body: a digest or MARKER
Upload = collections.namedtuple("Upload", "parts")           # {number: (ETag, size)}


def digest(data):
    return f"{len(data)} bytes {hashlib.sha256(data).hexdigest()[:16]}"


def content(seed, size):
    """Bytes that say what they are: a wrong mixture of two writes cannot look like either."""
    block = hashlib.sha256(str(seed).encode()).digest() * 64
    return (block * (size // len(block) + 1))[:size]


def bucket_of(owner):
    return f"versions-{owner}"


def nothing(slot):
    """What a slot holds that nobody wrote to."""
    return () if slot[0] == "versions" else GONE


def matches(slot, expected, found):
    """What is found gives a version the id that nobody knew."""
    if slot[0] != "versions":
        return expected == found
    return len(expected) == len(found) and all(a.id in (b.id, NEW) and a[1:] == b[1:] for a, b in zip(expected, found))


class Writer(threading.Thread):
    """`states`: acknowledged. `pending`: groups of changes that were sent and not acknowledged; each group happens as a whole or not at all,
    independently of the others."""

    def __init__(self, name, random, states, stop):
        super().__init__(name=name)
        self.random, self.states, self.stop = random, states, stop
        self.pending, self.errors, self.acknowledged = [], [], collections.Counter()

    def get(self, slot):
        return self.states.get(slot, nothing(slot))

    def expect(self, answer, status):
        if answer.status != status:
            self.errors.append(f"{self.name}: {answer} instead of {status}")
        return answer

    def change(self, kind, groups, call, status=200):
        """`groups`: dictionaries of slots and what they become. Returns the answer."""
        self.pending = groups
        answer = self.expect(call(), status)
        for group in groups:
            self.states.update(group)
        self.pending = []
        self.acknowledged[kind] += 1
        return answer


def settle(writer, found, problems):
    """Compares what is found of a writer's slots with what must be there; pending groups have happened or not."""
    states = writer.states
    for group in writer.pending:
        after = {_listed_slot(slot, states, found): value for slot, value in group.items()}
        if all(matches(slot, value, found.get(slot, nothing(slot))) for slot, value in after.items()):
            states.update(after)
    for slot in set(states) | set(found):
        expected, actual = states.get(slot, nothing(slot)), found.get(slot, nothing(slot))
        if not matches(slot, expected, actual):
            problems.append(f"{slot}: found {actual}, acknowledged was {expected}, pending {writer.pending}")
        states[slot] = actual
        if actual == nothing(slot):
            del states[slot]


def _listed_slot(slot, states, found):
    """A new upload has the id under which the server lists it."""
    if slot[-1] != NEW:
        return slot
    return next((other for other in found if other[:2] == slot[:2] and other not in states), slot)
