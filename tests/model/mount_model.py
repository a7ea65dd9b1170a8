#!/usr/bin/env python3
"""Random sequences of POSIX operations on a mount and on a tmpfs directory: the same results, the same errors, the same bytes, also after a
restart; in some of them objects are put, read, deleted and listed over S3 and Blob at the same time.

A difference is shown with the shortest sequence that has it. `--seed` and `--first` lead to it again."""
import argparse
import fcntl
import mmap
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
from blobclient import Client  # noqa: E402
from mounted import Mounted  # noqa: E402
from s3client import S3, Answer  # noqa: E402
from sequences import Generator, shrink  # noqa: E402
from worlds import Reference, World, pattern  # noqa: E402

STUCK_SECONDS, SEEN_SECONDS = 60, 5
CONTAINER = "model"
SHRINK_SECONDS = 120


def short(value):
    text = repr(value)
    return text if len(text) < 160 else f"{text[:100]}...{text[-40:]} ({len(value) if hasattr(value, '__len__') else ''})"


class Objects:
    """The same names over S3 and Blob. Keys are below `prefix`."""

    def __init__(self, server):
        self.s3, self.blob = S3(server.s3), Client(server.blob)
        self.prefix = ""

    def put(self, protocol, key, content, attributes):
        if protocol == "s3":
            answer = self.s3.request("PUT", S3.path(CONTAINER, self.prefix + key), "", content, {f"x-amz-meta-{name}": value for name, value in attributes.items()})
        else:
            answer = self.blob.put_blob(CONTAINER, self.prefix + key, content, **{f"x-ms-meta-{name}": value for name, value in attributes.items()})
        return None if answer.status in (200, 201) else repr(answer)

    def get(self, protocol, key):
        answer = self.s3.get(CONTAINER, self.prefix + key) if protocol == "s3" else self.blob.get_blob(CONTAINER, self.prefix + key)
        return answer.body if answer.status == 200 else "absent" if answer.status == 404 else repr(answer)

    def delete(self, protocol, key):
        answer = self.s3.delete(CONTAINER, self.prefix + key) if protocol == "s3" else self.blob.delete_blob(CONTAINER, self.prefix + key)
        return None if answer.status in (202, 204, 404) else repr(answer)

    def list(self, protocol):
        prefix = urllib.parse.quote(self.prefix, safe="")
        if protocol == "s3":
            answer = self.s3.request("GET", f"/{CONTAINER}", f"list-type=2&encoding-type=url&prefix={prefix}")
            keys = [urllib.parse.unquote(key) for key in answer.all("Contents/Key")]
        else:
            answer = self.blob.list_blobs(CONTAINER, f"prefix={prefix}")
            body = answer.body.removeprefix(b"\xef\xbb\xbf").replace(b'<?xml version="1.0" encoding="utf-8"?>', b"<?xml version='1.0'?>")
            keys = Answer(200, {}, body).all("Blobs/Blob/Name")
        return sorted(key.removeprefix(self.prefix) for key in keys if key != self.prefix)


class Pair:
    """One sequence on both sides."""

    def __init__(self, reference, subject, objects, operations, defaults):
        os.mkdir(reference)
        os.mkdir(subject)
        # A page that a mapping writes to is not noticed by every file system each time, so times are not told then
        times = not any(operation[0] == "map_write" for operation in operations)
        self.reference, self.subject = Reference(reference, times), World(subject, times)
        self.reference.defaults = defaults
        self.objects, self.dirty = objects, set()
        self.late = 0

    def run(self, operations, progress=None):
        """None, or (number of the operation, what it gave on tmpfs, and on the mount)."""
        for number, operation in enumerate(operations):
            if progress:
                progress(number, operation)
            want, got = self.one(operation)
            if want != got:
                return number, want, got
        if progress:
            progress(len(operations), ("end",))
        for world in (self.reference, self.subject):
            world.close_all()
        return self.compare_trees(len(operations))

    def compare_trees(self, number):
        want, got = self.reference.tree(), self.subject.tree()
        for path in sorted(want.keys() | got.keys()):
            if want.get(path) != got.get(path):
                return number, (path, want.get(path)), (path, got.get(path))
        if self.objects:
            for key, content in sorted(self.reference.objects().items()):
                got = self.objects.get("s3", key)
                if got != content:
                    return number, ("object", key, content), ("object", key, got)
        return None

    def one(self, operation):
        name, *arguments = operation
        if name.startswith("object_"):
            return getattr(self, name)(*arguments)
        self.follow(operation, before=True)
        want, got = self.reference.do(operation), self.subject.do(operation)
        self.follow(operation, before=False)
        if name in ("fstat", "stat", "lstat") and not self.reference.mapped_times and isinstance(want, tuple) and isinstance(got, tuple):
            want, got = want[:5], got[:5]
        return want, got

    # ---- which files have bytes that were not published yet ----

    WRITES = {"write", "pwrite", "writev", "ftruncate", "punch", "allocate", "mapped", "copy_range", "fchmod", "futimens"}

    def _node(self, slot):
        descriptor = self.reference.descriptors.get(slot)
        return None if descriptor is None else os.fstat(descriptor).st_ino

    def follow(self, operation, before):
        name, *arguments = operation
        if not self.objects:
            return
        if name in self.WRITES:
            self.dirty.add(self._node(arguments[1] if name == "copy_range" else arguments[0]))
        elif name in ("fsync", "close") and before and self._writable(arguments[0]):
            self.clean(self._node(arguments[0]))
        elif name == "open" and before and arguments[0] in self.reference.descriptors:
            if self._writable(arguments[0]):
                self.clean(self._node(arguments[0]))
        elif name == "open" and not before and arguments[2] & os.O_TRUNC:
            self.dirty.add(self._node(arguments[0]))
        elif name == "truncate" and not before:
            try:
                node = os.stat(self.reference.at(arguments[0])).st_ino
            except OSError:
                return
            if node in map(self._node, self.reference.descriptors):
                self.dirty.add(node)
        elif name == "map" and not before:
            self.dirty.add(("always", self._node(arguments[0])))

    def _writable(self, slot):
        descriptor = self.reference.descriptors.get(slot)
        if descriptor is None:
            return False
        return fcntl.fcntl(descriptor, fcntl.F_GETFL) & os.O_ACCMODE != os.O_RDONLY

    def clean(self, node):
        self.dirty.discard(node)

    # ---- objects ----

    def seen(self, key):
        """What the mount shows of a key that an object has just changed. It is told of it, which takes a moment."""
        def look():
            looks = [("lstat", key), ("list", os.path.dirname(key) or "."), ("content", key)]
            return [self.reference.do(each) for each in looks], [self.subject.do(each) for each in looks]
        deadline, first = time.monotonic() + SEEN_SECONDS, True
        while True:
            want, got = look()
            if want == got or time.monotonic() > deadline:
                return want, got
            self.late += first
            first = False

    def object_put(self, protocol, key, seed, size, attributes):
        if not self.reference.fits(key):
            return None, None
        content = pattern(seed, size)
        self.reference.put(key, content, attributes)
        refused = self.objects.put(protocol, key, content, attributes)
        return (None, refused) if refused else self.seen(key)

    def object_delete(self, protocol, key):
        self.reference.delete(key)
        refused = self.objects.delete(protocol, key)
        return (None, refused) if refused else self.seen(key)

    def object_get(self, protocol, key):
        path, got = self.reference.at(key), self.objects.get(protocol, key)
        if any(os.path.islink(self.reference.at("/".join(key.split("/")[:i]))) for i in range(1, key.count("/") + 1)):
            return "absent", got
        if os.path.islink(path):
            return os.fsencode(os.readlink(path)), got
        if not os.path.isfile(path):
            return "absent", got
        node = os.stat(path).st_ino
        if node in self.dirty or ("always", node) in self.dirty:
            return None, None
        return self.reference.op_content(key), got

    def object_list(self, protocol):
        return sorted(self.reference.objects()), self.objects.list(protocol)

    def remove(self):
        for world in (self.reference, self.subject):
            world.close_all()
            shutil.rmtree(world.root)


class Worker:
    """Sequences one after the other, in a process of its own."""

    def __init__(self, options, server, references, number, board):
        self.options, self.references, self.number, self.board = options, references, number, board
        self.subjects = server.folder(CONTAINER)
        self.objects = Objects(server)
        self.failures, self.done, self.operations, self.late, self.kept = [], 0, 0, 0, []
        self.serial = 0

    def progress(self, index):
        def write(number, operation):
            text = f"{time.monotonic()} sequence {index}, operation {number}: {operation!r}".encode()[:1000]
            self.board[self.number * 1024:self.number * 1024 + 1024] = text.ljust(1024, b"\0")
            self.operations += 1
        return write

    def pair(self, operations, with_objects, defaults):
        self.serial += 1
        name = f"w{self.number}-{os.getpid()}-{self.serial}"
        self.objects.prefix = name + "/"
        return Pair(os.path.join(self.references, name), os.path.join(self.subjects, name), self.objects if with_objects else None, operations, defaults)

    def run(self, indexes, defaults, keep):
        """`keep`: the last so many trees stay for a look after the restart."""
        os.umask(0o022)
        for position, index in enumerate(indexes):
            with_objects = random.Random(f"{self.options.seed} {index} objects").random() < self.options.objects
            operations = Generator(f"{self.options.seed} {index}", with_objects).sequence()
            pair = self.pair(operations, with_objects, defaults)
            difference = pair.run(operations, self.progress(index))
            self.done += 1
            self.late += pair.late
            if difference:
                pair.remove()
                self.failures.append(self.explain(index, operations, with_objects, defaults, difference))
                if len(self.failures) >= self.options.failures:
                    return
            elif position >= len(indexes) - keep:
                self.kept.append((index, os.path.basename(pair.subject.root), pair.reference.mapped_times))
            else:
                pair.remove()
                if with_objects and self.objects.list("s3"):
                    self.failures.append(f"sequence {index}: the directory was removed, and objects are listed: {self.objects.list('s3')[:5]}")

    def explain(self, index, operations, with_objects, defaults, difference):
        first = difference
        deadline = time.monotonic() + SHRINK_SECONDS

        def again(part):
            if time.monotonic() > deadline:
                return None
            pair = self.pair(part, with_objects, defaults)
            try:
                return pair.run(part, self.progress(index))
            finally:
                pair.remove()

        number, want, got = first
        operations = operations[:number + 1]
        lines = [f"sequence {index} (--seed {self.options.seed} --first {index} --sequences 1):"]
        if self.options.shrink:
            if again(operations):
                operations = shrink(operations, again)
                number, want, got = again(operations) or first
            else:
                lines.append("  not seen when it was run again; the whole of it:")
        lines += [f"  {each!r}" for each in operations]
        return "\n".join([*lines, f"  operation {number}, on tmpfs: {short(want)}", f"  operation {number}, mounted:  {short(got)}"])


def check_kept(server, references, kept):
    """After a restart: all is as it was."""
    failures = []
    for index, name, times in kept:
        want = Reference(os.path.join(references, name), times).tree()
        got = World(os.path.join(server.folder(CONTAINER), name), times).tree()
        for path in sorted(want.keys() | got.keys()):
            if want.get(path) != got.get(path):
                failures.append(f"sequence {index}, after a restart: {path}\n  on tmpfs: {short(want.get(path))}\n  mounted:  {short(got.get(path))}")
                break
        shutil.rmtree(os.path.join(references, name))
        shutil.rmtree(os.path.join(server.folder(CONTAINER), name))
    return failures


def work(connection, options, server, references, number, board, indexes, defaults, keep):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker = Worker(options, server, references, number, board)
    try:
        worker.run(indexes, defaults, keep)
    except BaseException:  # noqa: BLE001  told to whoever counts
        place = board[number * 1024:number * 1024 + 1024].rstrip(b"\0").decode(errors="replace")
        worker.failures.append(f"{place}: {traceback.format_exc(limit=6)}")
    connection.send((worker.failures, worker.done, worker.operations, worker.late, worker.kept))
    connection.close()
    os._exit(0)  # no clean-up of what the parent owns


def run_round(options, server, references, defaults, indexes, board):
    """Workers side by side. Returns failures, counts, and the trees that were kept."""
    running, failures, done, operations, late, kept = [], [], 0, 0, 0, []
    for number in range(options.workers):
        receive, send = multiprocessing.Pipe(False)
        process = multiprocessing.Process(target=work, args=(send, options, server, references, number, board, indexes[number::options.workers], defaults, options.keep))
        process.start()
        send.close()
        running.append((number, process, receive))
    for number, process, receive in running:
        while not receive.poll(1):
            place = board[number * 1024:number * 1024 + 1024].rstrip(b"\0").decode(errors="replace")
            if server.process.poll() is not None:
                failures.append(f"the server ended with {server.process.returncode}; {place}")
                break
            if place and time.monotonic() - float(place.split()[0]) > STUCK_SECONDS:
                failures.append(f"stuck for {STUCK_SECONDS} s: {place}")
                break
        else:
            try:
                result = receive.recv()
                failures += result[0]
                done, operations, late, kept = done + result[1], operations + result[2], late + result[3], kept + result[4]
            except EOFError:
                failures.append(f"a worker ended without a result, code {process.exitcode}")
            process.join(30)
            continue
        server.process.kill()  # whoever waits for the mount waits no more
        server.process.wait()
        server.unmount()
        process.join(30)
        if process.is_alive():
            process.kill()
    return failures, done, operations, late, kept


def learn_defaults(server):
    """Mode and owner of what objects are on the mount."""
    client = S3(server.s3)
    client.put(CONTAINER, "probe/file", b"x")
    deadline = time.monotonic() + SEEN_SECONDS
    path = os.path.join(server.folder(CONTAINER), "probe")
    while not os.path.exists(os.path.join(path, "file")) and time.monotonic() < deadline:
        pass
    file, folder = os.stat(os.path.join(path, "file")), os.stat(path)
    client.delete(CONTAINER, "probe/file")
    return {"file": (file.st_mode & 0o7777, file.st_uid, file.st_gid), "folder": (folder.st_mode & 0o7777, folder.st_uid, folder.st_gid)}


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--first", type=int, default=0, help="number of the first sequence")
    arguments.add_argument("--sequences", type=int, default=2000)
    arguments.add_argument("--shrink", action=argparse.BooleanOptionalAction, default=True)
    arguments.add_argument("--objects", type=float, default=0.3, help="share of sequences with requests of S3 and Blob in them: %(default)s")
    arguments.add_argument("--workers", type=int, default=2)
    arguments.add_argument("--round", type=int, default=500, help="sequences between restarts of the server: %(default)s")
    arguments.add_argument("--keep", type=int, default=20, help="trees a worker keeps over a restart: %(default)s")
    arguments.add_argument("--failures", type=int, default=1, help="so many are shown by each worker: %(default)s")
    arguments.add_argument("--options", default="", help="of the mount")
    arguments.add_argument("--plain", metavar="DIR", help="instead of a mount this directory, without objects: does the test itself hold?")
    options = arguments.parse_args()
    memory = "/dev/shm"  # where the reference is, and the server's data: what is asked is whether, not how fast, the disk has it
    failures, done, operations, late, rounds = [], 0, 0, 0, 0
    with tempfile.TemporaryDirectory(prefix="skerry-model-", dir=memory) as folder:
        references = os.path.join(folder, "reference")
        os.mkdir(references)
        board = mmap.mmap(-1, 1024 * options.workers)
        if options.plain:
            server = Plain(options.plain)
            options.objects, options.keep = 0, 0
        else:
            server = Mounted(os.path.join(folder, "data"), os.path.join(folder, "mount"), options=options.options)
        with open(os.path.join(folder, "log"), "wb") as log:
            server.log = log
            server.start()
            try:
                defaults = {} if options.plain else prepare(server)
                for begin in range(options.first, options.first + options.sequences, options.round):
                    indexes = list(range(begin, min(begin + options.round, options.first + options.sequences)))
                    board[:] = b"\0" * len(board)
                    result = run_round(options, server, references, defaults, indexes, board)
                    failures, done, operations, late = failures + result[0], done + result[1], operations + result[2], late + result[3]
                    if server.process.poll() is not None:
                        break
                    if rounds % 2:  # what was closed is durable: a kill is as good as an orderly end
                        server.kill()
                    else:
                        server.stop()
                    if not options.plain and server.fsck() != 0:
                        failures.append(f"fsck finds the data folder unsound after sequence {indexes[-1]}")
                    server.start()
                    failures += check_kept(server, references, result[4])
                    rounds += 1
                    if failures:
                        break
            finally:
                if server.process.poll() is None:
                    server.stop()
                server.unmount()
        if failures and os.path.getsize(os.path.join(folder, "log")):
            with open(os.path.join(folder, "log"), errors="replace") as log:
                print("--- end of the server's log\n" + log.read()[-3000:])
    print("\n".join(failures))
    print(f"{done} sequences, {operations} operations, {rounds} restarts, seed {options.seed}; {late} changes by objects were not seen at once")
    print(f"mount_model: {max(0, done - len(failures))} passed, {len(failures)} failed", flush=True)
    return 1 if failures or not done else 0


def prepare(server):
    S3(server.s3).create_bucket(CONTAINER)
    deadline = time.monotonic() + SEEN_SECONDS
    while not os.path.isdir(server.folder(CONTAINER)):
        if time.monotonic() > deadline:
            raise SystemExit(f"FAILED: the container is not seen on the mount: {os.listdir(server.point)}")
    return learn_defaults(server)


class Plain:
    """A directory of the machine in the place of a mount."""

    class process:  # noqa: N801  as subprocess has it
        poll = staticmethod(lambda: None)
        kill = wait = staticmethod(lambda *_: None)

    def __init__(self, point):
        self.point, self.s3, self.blob = point, "127.0.0.1:1", "127.0.0.1:1"

    def start(self):
        os.makedirs(self.folder(CONTAINER), exist_ok=True)

    def stop(self):
        pass

    kill = unmount = stop

    def folder(self, container):
        return os.path.join(self.point, container)


if __name__ == "__main__":
    sys.exit(main())
