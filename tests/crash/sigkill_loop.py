#!/usr/bin/env python3
"""Writes from several clients of Blob and S3, SIGKILL at random moments, restart: every acknowledged write is whole and the latest, every
other one is wholly there or wholly absent, uploads go on where they were, listings agree with reads, Blob and S3 see the same, and fsck
finds nothing wrong."""
import argparse
import collections
import os
import random
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import Server  # noqa: E402
from blob_writer import BlobWriter  # noqa: E402
from checks import Finder, check_removed  # noqa: E402
from model import BOX, bucket_of, digest, settle  # noqa: E402
from s3_writer import S3Writer  # noqa: E402
from s3client import S3  # noqa: E402


class Loop:
    def __init__(self, options, server):
        self.options, self.server, self.chance = options, server, random.Random(options.seed)
        self.blob_names = [f"w{i}" for i in range(options.blob_writers)]
        self.s3_names = [f"s{i}" for i in range(options.s3_writers)]
        self.states = {name: {} for name in self.blob_names + self.s3_names}
        self.data_of_parts = {name: {} for name in self.s3_names}
        self.problems, self.acknowledged, self.completed_after = [], collections.Counter(), 0

    def prepare(self):
        s3 = S3(self.server.s3)
        s3.create_bucket(BOX)
        for name in self.s3_names:
            s3.create_bucket(bucket_of(name))
            s3.set_versioning(bucket_of(name), "Enabled")
            self.states[name][("status", name + "/")] = "Enabled"
        s3.close()

    def writers(self, stop):
        for name in self.blob_names:
            yield BlobWriter(name, self.server, random.Random(self.chance.random()), self.states[name], stop)
        for name in self.s3_names:
            yield S3Writer(name, self.server, random.Random(self.chance.random()), self.states[name], stop, self.data_of_parts[name])

    def write_and_kill(self):
        stop = threading.Event()
        writers = list(self.writers(stop))
        for writer in writers:
            writer.start()
        stop.wait(self.chance.uniform(0.02, self.options.longest_s))  # the moment of the kill is the point, not a wait for something
        self.server.kill()
        stop.set()
        for writer in writers:
            writer.join()
            self.problems += writer.errors
            self.acknowledged.update({f"{type(writer).__name__[:-6]} {kind}": n for kind, n in writer.acknowledged.items()})
        return writers

    def versions(self, name):
        return {(slot[1], version.id) for slot, versions in self.states[name].items() if slot[0] == "versions" for version in versions}

    def check(self, writers, before):
        found = Finder(self.server, self.problems).find(self.s3_names)
        for writer in writers:
            own = {slot: value for slot, value in found.items() if slot[1].split("/")[0] == writer.name}
            settle(writer, own, self.problems)
            if writer.name in self.s3_names:
                gone = (before[writer.name] | writer.made) - self.versions(writer.name)
                check_removed(self.server, writer.name, [one for one in gone if one[1] != "null"], self.problems)

    def go_on_with_uploads(self):
        """Completes one upload of each writer that the kill left open, now and then."""
        for writer in self.writers(threading.Event()):
            slots = [slot for slot, value in writer.states.items() if slot[0] == "upload" and value.parts]
            if slots and self.chance.random() < 0.3:
                slot = self.chance.choice(slots)
                writer.complete(slot)
                body = writer.s3.get(BOX, slot[1]).body
                if digest(body) != writer.get(("object", slot[1])).body:
                    self.problems.append(f"{slot}: completed after a restart, then {len(body)} bytes")
                self.problems += writer.errors
                self.completed_after += 1
            if writer.name in self.s3_names:
                writer.forget_parts()

    def round(self, number):
        before = {name: self.versions(name) for name in self.s3_names}
        writers = self.write_and_kill()
        if number % self.options.fsck_every == self.options.fsck_every - 1 and self.server.fsck("--verify") != 0:
            self.problems.append(f"round {number}: fsck found problems")
        if number % 5 == 4:  # killed while it starts, too
            self.server.start().kill()
        self.server.start()
        self.check(writers, before)
        self.go_on_with_uploads()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=8)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--blob-writers", type=int, default=3)
    arguments.add_argument("--s3-writers", type=int, default=4)
    arguments.add_argument("--fsck-every", type=int, default=4)
    arguments.add_argument("--longest-s", type=float, default=0.8)
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="skerry-crash-") as data:
        loop = Loop(options, Server(data).start())
        loop.prepare()
        done = 0
        while done < options.rounds and not loop.problems:
            loop.round(done)
            done += 1
        print("\n".join(loop.problems[:20]), flush=True)
        loop.server.stop()
        if loop.server.fsck("--verify") != 0:
            loop.problems.append("at the end: fsck found problems")
    for kind, count in sorted(loop.acknowledged.items()):
        print(f"{count:7} {kind}")
    print(f"{done} kills, {sum(loop.acknowledged.values())} acknowledged changes, {loop.completed_after} uploads completed after a restart, "
          f"seed {options.seed}")
    print(f"sigkill_loop: {done - bool(loop.problems)} passed, {len(loop.problems)} failed")
    return 1 if loop.problems else 0


if __name__ == "__main__":
    sys.exit(main())
