#!/usr/bin/env python3
"""Files written on a mount by several processes, SIGKILL of the server at random moments, started again on the same data and the same mount
point: what was synced, closed or changed without an error is there with its bytes, what was under way is there or is not, S3 shows the
same as the mount, and fsck finds nothing wrong."""
import argparse
import collections
import multiprocessing
import os
import random
import signal
import sys
import tempfile
import threading
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from file_writer import FileWriter, State, difference, read_tree  # noqa: E402
from mounted import Mounted  # noqa: E402
from s3client import S3  # noqa: E402

BOX = "crash"
END_SECONDS = 60


def write(connection, root, name, state, seed):
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.umask(0o022)
    writer = FileWriter(root, name, state, seed)
    try:
        problem = writer.run()
    except BaseException as error:  # noqa: BLE001  told to whoever counts
        problem = f"{name}: {type(error).__name__}: {error}"
    connection.send((problem, writer.state, writer.done))
    connection.close()
    os._exit(0)


class Loop:
    def __init__(self, options, server):
        self.options, self.server, self.chance = options, server, random.Random(options.seed)
        self.states = {f"w{number}": State() for number in range(options.writers)}
        self.problems, self.done = [], collections.Counter()

    def root(self, name):
        return os.path.join(self.server.folder(BOX), name)

    def prepare(self):
        S3(self.server.s3).create_bucket(BOX)
        for name in self.states:
            os.makedirs(self.root(name))

    def write_and_kill(self):
        running = {}
        for name, state in self.states.items():
            receive, send = multiprocessing.Pipe(False)
            process = multiprocessing.Process(target=write, args=(send, self.root(name), name, state, self.chance.random()))
            process.start()
            send.close()
            running[name] = process, receive
        # The moment of the kill is the point, not a wait for something
        threading.Event().wait(self.chance.uniform(0.05, self.options.longest_s))
        if self.server.process.poll() is not None:
            self.problems.append(f"the server ended by itself with {self.server.process.returncode}")
        self.server.kill()
        for name, (process, receive) in running.items():
            if not receive.poll(END_SECONDS):
                self.problems.append(f"{name}: still waits for a server that is gone")
                self.server.unmount()
                process.kill()
            else:
                problem, self.states[name], done = receive.recv()
                self.done.update(done)
                self.problems += [problem] if problem else []
            process.join(END_SECONDS)

    def check(self):
        s3 = S3(self.server.s3)
        for name, state in self.states.items():
            found = read_tree(self.root(name))
            wrong = difference(found, state)
            if wrong:
                self.problems.append(f"{name}: {wrong}")
            self.compare_objects(s3, name, found)
            state.there, state.may_be = found, []
        s3.close()

    def compare_objects(self, s3, name, found):
        """The same through S3."""
        want = {f"{name}/": b""}
        for path, value in found.items():
            want[f"{name}/{path}" + ("/" if value[0] == "folder" else "")] = {"file": lambda: value[1], "link": lambda: os.fsencode(value[1]), "folder": bytes}[value[0]]()
        listed = s3.request("GET", f"/{BOX}", f"list-type=2&encoding-type=url&prefix={name}%2F")
        sizes = {urllib.parse.unquote(key): int(size) for key, size in zip(listed.all("Contents/Key"), listed.all("Contents/Size"))}
        if sizes != {key: len(content) for key, content in want.items()}:
            self.problems.append(f"{name}: S3 lists {sorted(set(sizes.items()) ^ {(key, len(content)) for key, content in want.items()})[:6]} otherwise than the mount")
        for key in self.chance.sample(sorted(want), min(5, len(want))):
            if s3.get(BOX, key).body != want[key]:
                self.problems.append(f"{key}: other bytes through S3")

    def round(self, number):
        self.write_and_kill()
        if number % self.options.fsck_every == self.options.fsck_every - 1 and self.server.fsck("--verify") != 0:
            self.problems.append(f"round {number}: fsck found problems")
        if number % 5 == 4:  # killed as soon as it has started, too
            self.server.start().kill()
        self.server.start()  # on the mount point that the killed one has left
        self.check()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--rounds", type=int, default=8)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--writers", type=int, default=5)
    arguments.add_argument("--fsck-every", type=int, default=4)
    arguments.add_argument("--longest-s", type=float, default=1.5)
    arguments.add_argument("--options", default="", help="of the mount")
    options = arguments.parse_args()
    done = 0
    with tempfile.TemporaryDirectory(prefix="skerry-mount-crash-") as folder:
        server = Mounted(os.path.join(folder, "data"), os.path.join(folder, "mount"), options=options.options)
        with open(os.path.join(folder, "log"), "wb") as server.log:
            try:
                loop = Loop(options, server.start())
                loop.prepare()
                while done < options.rounds and not loop.problems:
                    loop.round(done)
                    done += 1
                server.stop()
                if server.fsck("--verify") != 0:
                    loop.problems.append("at the end: fsck found problems")
            finally:
                if server.process and server.process.poll() is None:
                    server.kill()
                server.unmount()
        if loop.problems:
            with open(os.path.join(folder, "log"), errors="replace") as log:
                print("--- end of the server's log\n" + log.read()[-3000:])
    print("\n".join(loop.problems[:20]))
    for kind, count in sorted(loop.done.items()):
        print(f"{count:7} {kind}")
    print(f"{done} kills, {sum(loop.done.values())} changes that returned, seed {options.seed}")
    print(f"mount_crash: {done - bool(loop.problems)} passed, {len(loop.problems)} failed", flush=True)
    return 1 if loop.problems else 0


if __name__ == "__main__":
    sys.exit(main())
