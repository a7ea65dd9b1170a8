"""What a mount, S3 and Blob show of one container, compared."""
import hashlib
import os
import sys
import urllib.parse
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "tests" / "lib"))
from blobclient import Client  # noqa: E402
from s3client import Answer  # noqa: E402


class Faces:
    """`point`: where the container is mounted."""

    def __init__(self, server, container, point):
        self.s3, self.blob, self.container, self.point = server.s3, Client(server.address), container, point

    def mounted(self):
        """{key: (size, SHA-256)} as walking the mount gives it; a symbolic link is its target, a directory is left out."""
        found = {}
        for folder, folders, files in os.walk(self.point):
            for name in files + [each for each in folders if os.path.islink(os.path.join(folder, each))]:
                path = os.path.join(folder, name)
                key = os.path.relpath(path, self.point)
                if os.path.islink(path):
                    found[key] = self._fact(os.fsencode(os.readlink(path)))
                elif os.path.isfile(path):
                    with open(path, "rb") as file:
                        found[key] = os.path.getsize(path), hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else hashlib.sha256(file.read()).hexdigest()
        return found

    @staticmethod
    def _fact(body):
        return len(body), hashlib.sha256(body).hexdigest()

    def _s3_keys(self):
        token = ""
        while True:
            answer = self.s3.request("GET", self.s3.path(self.container), "list-type=2&encoding-type=url" + (f"&continuation-token={urllib.parse.quote(token, safe='')}" if token else ""))
            yield from ((urllib.parse.unquote_plus(key), int(size)) for key, size in zip(answer.all("Contents/Key"), answer.all("Contents/Size")))
            token = answer.find("NextContinuationToken")
            if not token:
                return

    def _blob_keys(self):
        marker = ""
        while True:
            answer = self.blob.list_blobs(self.container, f"marker={urllib.parse.quote(marker, safe='')}" if marker else "")
            body = answer.body.removeprefix(b"\xef\xbb\xbf")
            answer = Answer(answer.status, answer.headers, b"<?xml " + body.split(b"<?xml ", 1)[1])
            for each in answer.xml.iter("Blob"):
                yield each.findtext("Name"), int(each.findtext("Properties/Content-Length"))
            marker = answer.find("NextMarker")
            if not marker:
                return

    def differences(self):
        """What S3 or Blob shows otherwise than the mount: every byte of every object by both. Empty when all agree."""
        wrong, want = [], self.mounted()
        for name, keys, read in (("S3", self._s3_keys(), lambda key: self.s3.read(self.container, key)), ("Blob", self._blob_keys(), lambda key: self.blob.get_blob(self.container, key).body)):
            listed = {key: size for key, size in keys if not key.endswith("/")}
            sizes = {key: size for key, (size, _) in want.items()}
            if listed != sizes:
                wrong.append(f"{name} lists otherwise: {sorted(set(listed.items()) ^ set(sizes.items()))[:5]}")
            wrong += [f"{name} reads other bytes of {key!r}" for key in sorted(want.keys() & listed.keys()) if self._fact(read(key)) != want[key]]
        self.blob.close()
        return wrong[:10]
