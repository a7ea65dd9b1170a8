#!/usr/bin/env python3
"""Writes from several clients, SIGKILL at random moments, restart: every acknowledged write is whole and the latest, every other one
is wholly there or wholly absent, listings agree with reads, and fsck finds nothing wrong."""
import argparse
import hashlib
import http.client
import os
import random
import re
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))
from blobclient import Client, Server  # noqa: E402

SIZES = [1, 700, 4096, 16384, 100_000, 3_000_000]
GONE = None


def content(seed, size):
    """Bytes that say what they are: a wrong mixture of two writes cannot look like either."""
    block = hashlib.sha256(str(seed).encode()).digest() * 64
    return (block * (size // len(block) + 1))[:size]


class Writer(threading.Thread):
    """Owns its names, so that what each should hold is known exactly. `state`: acknowledged; `pending`: sent, not acknowledged."""

    def __init__(self, number, endpoint, states, seed, stop):
        super().__init__()
        self.number, self.client, self.random, self.stop = number, Client(endpoint, timeout=30), random.Random(seed), stop
        self.states, self.pending, self.acknowledged, self.errors = states, None, 0, []

    def run(self):
        step = 0
        while not self.stop.is_set():
            step += 1
            name = f"w{self.number}/{'deep/' * self.random.randrange(3)}n{self.random.randrange(8)}"
            size = self.random.choice(SIZES)
            body = content((self.number, self.random.random(), step), size)
            kind = self.random.choice(["put", "put", "put", "blocks", "delete", "copy"])
            old = self.states.get(name, GONE)
            try:
                if kind == "put":
                    self.change(name, body, lambda: self.client.put_blob("box", name, body), 201)
                elif kind == "blocks":
                    cuts = sorted(self.random.sample(range(len(body) + 1), min(len(body), self.random.randrange(1, 6))))
                    parts = [body[a:b] for a, b in zip([0] + cuts, cuts + [len(body)]) if b > a]
                    names = [b"%04d" % i for i in range(len(parts))]
                    for block, part in zip(names, parts):
                        self.expect(self.client.put_block("box", name, block, part), 201)
                    self.change(name, b"".join(parts), lambda: self.client.put_block_list("box", name, names), 201)
                elif kind == "delete" and old is not GONE:
                    self.change(name, GONE, lambda: self.client.delete_blob("box", name), 202)
                elif kind == "copy" and old is not GONE:
                    other = name + "-copy"
                    self.change(other, old, lambda: self.client.copy_blob("box", other, name), 202)
            except (OSError, http.client.HTTPException):
                return  # killed

    def expect(self, answer, status):
        if answer.status != status:
            self.errors.append(f"writer {self.number}: {answer} instead of {status}")

    def change(self, name, becomes, call, status):
        self.pending = (name, becomes)
        self.expect(call(), status)
        self.states[name] = becomes
        self.pending = None
        self.acknowledged += 1


def verify(endpoint, states, pending, problems):
    """Compares with what must be there; a pending change may or may not have happened, and is settled by what is found."""
    client = Client(endpoint)
    listed = {}
    marker = ""
    while True:
        answer = client.list_blobs("box", "maxresults=100" + ("&marker=" + marker if marker else ""))
        text = answer.body.decode()
        for name, etag, size in re.findall(r"<Name>([^<]*)</Name>.*?<Etag>([^<]*)</Etag><Content-Length>(\d+)<", text):
            listed[name] = (etag, int(size))
        marker = (re.findall(r"<NextMarker>([^<]*)</NextMarker>", text) or [""])[0].replace("+", "%2B").replace("/", "%2F")
        if not marker:
            break
    undecided = dict(pending)
    for name in set(states) | set(undecided) | set(listed):
        answer = client.get_blob("box", name)
        found = answer.body if answer.status == 200 else GONE
        allowed = [states.get(name, GONE)] + ([undecided[name]] if name in undecided else [])
        if found not in allowed:
            what = "nothing" if found is GONE else f"{len(found)} bytes of {hashlib.sha256(found).hexdigest()[:8]}"
            problems.append(f"{name}: found {what} ({answer}), acknowledged was another state")
        if (found is not GONE) != (name in listed):
            problems.append(f"{name}: listing and reading disagree")
        elif found is not GONE and listed[name] != (answer.headers["ETag"].strip('"'), len(found)):
            problems.append(f"{name}: the listing says {listed[name]}")
        states[name] = found
    client.close()


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--rounds", type=int, default=8)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--writers", type=int, default=4)
    arguments.add_argument("--fsck-every", type=int, default=4)
    options = arguments.parse_args()
    chance = random.Random(options.seed)
    problems, acknowledged, states = [], 0, [{} for _ in range(options.writers)]
    with tempfile.TemporaryDirectory(prefix="skerry-crash-") as data:
        server = Server(data).start()
        Client(server.blob).create_container("box")
        for number in range(options.rounds):
            stop = threading.Event()
            writers = [Writer(i, server.blob, states[i], chance.random(), stop) for i in range(options.writers)]
            for writer in writers:
                writer.start()
            stop.wait(chance.uniform(0.02, 0.4))  # the moment of the kill is the point, not a wait for something
            server.kill()
            stop.set()
            for writer in writers:
                writer.join()
                acknowledged += writer.acknowledged
                problems += writer.errors
            if number % options.fsck_every == options.fsck_every - 1 and server.fsck("--verify") != 0:
                problems.append(f"round {number}: fsck found problems")
            if number % 5 == 4:  # killed while it starts, too
                server.start().kill()
            server.start()
            merged, pending = {}, {}
            for writer in writers:
                merged.update(writer.states)
                if writer.pending:
                    pending[writer.pending[0]] = writer.pending[1]
            verify(server.blob, merged, pending, problems)
            for i, writer in enumerate(writers):
                states[i] = {name: merged[name] for name in merged if name.startswith(f"w{i}/")}
            if problems:
                print("\n".join(problems[:20]), flush=True)
                break
        server.stop()
        if server.fsck("--verify") != 0:
            problems.append("at the end: fsck found problems")
    print(f"{options.rounds} kills, {acknowledged} acknowledged changes, seed {options.seed}")
    print(f"sigkill_loop: {options.rounds - bool(problems)} passed, {len(problems)} failed")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
