"""A process that changes files on a mount, and knows what must be there when the server is killed: everything that returned without an error,
wholly, and of what did not return the one or the other."""
import errno
import mmap
import os
import random
import signal

GONE = None
# What calls give when the server behind the mount is gone.
SERVER_GONE = {errno.ENOTCONN, errno.ECONNABORTED, errno.EIO, errno.ESHUTDOWN, errno.ENODEV, errno.EINTR}
SIZES = [0, 1, 100, 4096, 16_384, 16_385, 65_536, 65_537, 150_000, 300_000]
LARGE = [1 << 20, (4 << 20) + 1]
NAMES = 12


def bytes_of(seed, size):
    return random.Random(seed).randbytes(size)


class State:
    """{path: ("file", bytes, mode) or ("link", target) or ("folder",)}, and what may have come of the call that was under way."""

    def __init__(self):
        self.there, self.may_be = {}, []

    def outcomes(self):
        """Every state that is right."""
        found = [self.there]
        for change in self.may_be:
            after = {**self.there, **change}
            found.append({path: value for path, value in after.items() if value is not GONE})
        return found

    def apply(self, change):
        for path, value in change.items():
            if value is GONE:
                self.there.pop(path, None)
            else:
                self.there[path] = value
        self.may_be = []


class FileWriter:
    def __init__(self, root, name, state, seed):
        self.root, self.name, self.state = root, name, state
        self.random = random.Random(seed)
        self.done = {}

    def at(self, path):
        return os.path.join(self.root, path)

    def run(self):
        """Until the server is gone. Returns a problem, or None."""
        kinds = [self.create] * 4 + [self.edit] * 4 + [self.append] * 3 + [self.replace] * 4 + [self.unlink, self.move, self.map, self.link, self.change_mode, self.cut,
                                                                                                  self.make_folder, self.remove_folder, self.move_folder]
        try:
            while True:
                kind = self.random.choice(kinds)
                if kind():
                    self.done[kind.__name__] = self.done.get(kind.__name__, 0) + 1
        except OSError as error:
            if error.errno in SERVER_GONE:
                return None
            return f"{self.name}: {kind.__name__}: {error}"

    # ---- what is there ----

    def _paths(self, kind):
        return sorted(path for path, value in self.state.there.items() if value[0] == kind)

    def _some(self, kind):
        found = self._paths(kind)
        return self.random.choice(found) if found else None

    def _folder(self):
        return self.random.choice(["", *(folder + "/" for folder in self._paths("folder"))])

    def _name(self):
        return f"{self._folder()}f{self.random.randrange(NAMES)}"

    def _content(self):
        size = self.random.choice(LARGE if self.random.random() < 0.05 else SIZES)
        return bytes_of(self.random.random(), size)

    def _other_kind(self, path):
        return path in self.state.there and self.state.there[path][0] != "file"

    # ---- files ----

    def _mode(self, path):
        return self.state.there[path][2] if path in self.state.there else 0o644

    def create(self):
        """Written whole and closed, without a sync: close says whether it is durable."""
        path, content = self._name(), self._content()
        if self._other_kind(path):
            return False
        mode = self._mode(path)
        self.state.may_be = [{path: ("file", b"", mode)}, {path: ("file", content, mode)}]
        descriptor = os.open(self.at(path), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.write(descriptor, content[:len(content) // 2])
        os.write(descriptor, content[len(content) // 2:])
        os.close(descriptor)
        self.state.apply({path: ("file", content, mode)})
        return True

    def edit(self):
        """Changes in the middle, some of them synced."""
        path = self._some("file")
        if not path:
            return False
        _, content, mode = self.state.there[path]
        descriptor = os.open(self.at(path), os.O_RDWR)
        for _ in range(self.random.randrange(1, 4)):
            after = bytearray(content)
            changes = []
            for _ in range(self.random.randrange(1, 4)):
                at, piece = self.random.randrange(len(content) + 5000), bytes_of(self.random.random(), self.random.choice([1, 100, 5000, 70_000]))
                changes.append((at, piece))
                after[len(after):] = bytes(max(0, at - len(after)))
                after[at:at + len(piece)] = piece
            self.state.may_be = [{path: ("file", bytes(after), mode)}]
            for at, piece in changes:
                os.pwrite(descriptor, piece, at)
            os.fsync(descriptor) if self.random.random() < 0.5 else os.fdatasync(descriptor)
            content = bytes(after)
            self.state.apply({path: ("file", content, mode)})
        os.close(descriptor)
        return True

    def append(self):
        path = self._name()
        if self._other_kind(path):
            return False
        content, mode = self.state.there[path][1] if path in self.state.there else b"", self._mode(path)
        if len(content) > 500_000:
            return False
        self.state.may_be = [{path: ("file", content, mode)}]
        descriptor = os.open(self.at(path), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        self.state.apply({path: ("file", content, mode)})
        for _ in range(4):
            line = bytes_of(self.random.random(), self.random.choice([50, 3000]))
            self.state.may_be = [{path: ("file", content + line, mode)}]
            os.write(descriptor, line)
            os.fdatasync(descriptor)
            content += line
            self.state.apply({path: ("file", content, mode)})
        os.close(descriptor)
        return True

    def replace(self):
        """As editors and databases do it: a new file beside, synced, renamed over."""
        path, content = self._name(), self._content()
        if self._other_kind(path):
            return False
        beside = path + ".new"
        mode = self.state.there[beside][2] if beside in self.state.there else 0o600
        self.state.may_be = [{beside: ("file", b"", mode)}, {beside: ("file", content, mode)}]
        descriptor = os.open(self.at(beside), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.write(descriptor, content)
        os.fsync(descriptor)
        os.close(descriptor)
        self.state.apply({beside: ("file", content, mode)})
        change = {beside: GONE, path: ("file", content, mode)}
        self.state.may_be = [change]
        os.rename(self.at(beside), self.at(path))
        self.state.apply(change)
        return True

    def map(self):
        path = self._some("file")
        if not path or not self.state.there[path][1]:
            return False
        _, content, mode = self.state.there[path]
        at, piece = self.random.randrange(len(content)), bytes_of(self.random.random(), 5000)
        after = bytearray(content)
        after[at:at + len(piece)] = piece
        after = bytes(after[:len(content)])
        descriptor = os.open(self.at(path), os.O_RDWR)
        self.state.may_be = [{path: ("file", after, mode)}]
        self._apart(lambda: self._write_mapped(descriptor, after, at, len(piece)))
        self.state.apply({path: ("file", after, mode)})
        os.close(descriptor)
        return True

    @staticmethod
    def _write_mapped(descriptor, content, at, size):
        with mmap.mmap(descriptor, len(content)) as mapping:
            mapping[at:at + size] = content[at:at + size]
            mapping.flush()
            os.fsync(descriptor)

    def _apart(self, do):
        """In a process of its own: memory of a file whose server is gone is SIGBUS, which ends a process without a word."""
        process = os.fork()
        if process == 0:
            try:
                do()
            except OSError as error:
                os._exit(error.errno)
            os._exit(0)
        code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        if code == -signal.SIGBUS:
            os.statvfs(self.root)  # nothing caches it: raises, where that is the reason
            raise OSError(errno.EFAULT, "SIGBUS while the server is there")
        if code != 0:
            raise OSError(abs(code), "in a mapping")

    def cut(self):
        path = self._some("file")
        if not path:
            return False
        _, content, mode = self.state.there[path]
        size = self.random.choice([0, len(content) // 2, len(content) + 1000])
        change = {path: ("file", content[:size] + bytes(max(0, size - len(content))), mode)}
        self.state.may_be = [change]
        os.truncate(self.at(path), size)
        self.state.apply(change)
        return True

    def change_mode(self):
        path = self._some("file")
        if not path:
            return False
        mode = self.random.choice([0o644, 0o600, 0o755])
        change = {path: (*self.state.there[path][:2], mode)}
        self.state.may_be = [change]
        os.chmod(self.at(path), mode)
        self.state.apply(change)
        return True

    # ---- names ----

    def unlink(self):
        path = self._some("file") if self.random.random() < 0.7 else self._some("link")
        if not path:
            return False
        self.state.may_be = [{path: GONE}]
        os.unlink(self.at(path))
        self.state.apply({path: GONE})
        return True

    def move(self):
        path, to = self._some("file"), self._name()
        if not path or path == to or self._other_kind(to):
            return False
        change = {path: GONE, to: self.state.there[path]}
        self.state.may_be = [change]
        os.rename(self.at(path), self.at(to))
        self.state.apply(change)
        return True

    def link(self):
        path, target = f"{self._folder()}l{self.random.randrange(4)}", self.random.choice(["f1", "../x", "nowhere"])
        if path in self.state.there:
            return False
        self.state.may_be = [{path: ("link", target)}]
        os.symlink(target, self.at(path))
        self.state.apply({path: ("link", target)})
        return True

    def make_folder(self):
        path = f"d{self.random.randrange(4)}"
        if path in self.state.there:
            return False
        self.state.may_be = [{path: ("folder",)}]
        os.mkdir(self.at(path))
        self.state.apply({path: ("folder",)})
        return True

    def _below(self, folder):
        return [path for path in self.state.there if path.startswith(folder + "/")]

    def remove_folder(self):
        path = self._some("folder")
        if not path or self._below(path):
            return False
        self.state.may_be = [{path: GONE}]
        os.rmdir(self.at(path))
        self.state.apply({path: GONE})
        return True

    def move_folder(self):
        path, to = self._some("folder"), f"d{self.random.randrange(4)}"
        if not path or to in self.state.there:
            return False
        change = {path: GONE, to: ("folder",)}
        for each in self._below(path):
            change[each], change[to + each[len(path):]] = GONE, self.state.there[each]
        self.state.may_be = [change]
        os.rename(self.at(path), self.at(to))
        self.state.apply(change)
        return True


def read_tree(root):
    """What is there, as a state has it."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = os.path.join(folder, name)
            key = os.path.relpath(path, root)
            if os.path.islink(path):
                found[key] = ("link", os.readlink(path))
            elif os.path.isdir(path):
                found[key] = ("folder",)
            else:
                with open(path, "rb") as file:
                    found[key] = ("file", file.read(), os.stat(path).st_mode & 0o7777)
    return found


def told(value):
    if value is None:
        return "nothing"
    return f"a file of {len(value[1])} bytes, mode {value[2]:o}" if value[0] == "file" else " ".join(value)


def difference(found, state):
    """"" when it is one of the outcomes, else what is wrong with it beside the nearest."""
    outcomes = state.outcomes()
    if found in outcomes:
        return ""
    def wrong(outcome):
        return [path for path in sorted(found.keys() | outcome.keys()) if found.get(path) != outcome.get(path)]
    nearest = min(outcomes, key=lambda outcome: len(wrong(outcome)))
    parts = []
    for path in wrong(nearest)[:4]:
        have, want = found.get(path), nearest.get(path)
        text = f"{path} is {told(have)}, should be {told(want)}"
        if have and want and have[0] == want[0] == "file" and have[1] != want[1]:
            at = next((i for i, (one, other) in enumerate(zip(have[1], want[1])) if one != other), min(len(have[1]), len(want[1])))
            text += f", differs from byte {at}"
        parts.append(text)
    return f"{'; '.join(parts)} ({len(outcomes)} outcomes are right)"
