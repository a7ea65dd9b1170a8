"""Writes over S3: objects, tags, copies, renames, deletions of many, uploads in parts, and versions in a bucket of its own."""
import http.client
from xml.sax.saxutils import escape

import s3client
from model import BOX, ENTITY_SIZES, GONE, MARKER, NEW, Object, Upload, Version, Writer, bucket_of, content, digest
from s3client import S3, md5_base64, md5_hex, quote

LEAST_PART = 5 << 20
MOST_UPLOADS = 3
MOST_VERSIONS = 6


class S3Writer(Writer):
    def __init__(self, name, server, random, states, stop, data_of_parts):
        super().__init__(name, random, states, stop)
        self.s3, self.bucket = S3(server.s3, timeout=30), bucket_of(name)
        self.data_of_parts = data_of_parts  # {ETag: bytes}, of the open uploads
        self.made = set()                   # (key, id) of the versions that were acknowledged

    def run(self):
        operations = [self.put, self.put, self.put, self.tag, self.copy, self.rename, self.delete, self.delete_many, self.upload,
                      self.upload, self.put_version, self.put_version, self.mark, self.remove_version, self.remove_version,
                      self.remove_versions, self.tag_version, self.set_status]
        try:
            while not self.stop.is_set():
                self.random.choice(operations)()
        except (OSError, http.client.HTTPException):
            pass  # killed
        self.s3.close()

    # ---- what to write ----

    def key(self):
        return f"{self.name}/{'deep/' * self.random.randrange(3)}n{self.random.randrange(6)}"

    def key_with(self, kind):
        """A key whose slot of this kind holds something; None when there is none."""
        return self.random.choice([slot[1] for slot, value in self.states.items() if slot[0] == kind and value] or [None])

    def data(self, size=None):
        return content((self.name, self.random.random()), size or self.random.choice(ENTITY_SIZES))

    def tags(self):
        return {f"t{i}": str(self.random.randrange(100)) for i in range(self.random.choice([0, 0, 1, 3]))}

    def send(self, bucket, key, data, query="", headers=None):
        """In one of the forms that a body has."""
        form = self.random.randrange(3)
        if form == 0:
            return self.s3.request("PUT", S3.path(bucket, key), query, data, headers)
        if form == 1:
            return self.s3.request("PUT", S3.path(bucket, key), query, data, headers, payload=s3client.UNSIGNED)
        chunks = [data[i:i + 65536] for i in range(0, len(data), 65536)]
        return self.s3.chunked(S3.path(bucket, key), chunks, query, headers)

    # ---- objects ----

    def put(self):
        key, data, tags = self.key(), self.data(), self.tags()
        self.change("put", [{("object", key): Object(digest(data), tags)}],
                    lambda: self.send(BOX, key, data, headers=tag_header(tags)))

    def tag(self):
        key, tags = self.key_with("object"), self.tags()
        if key:
            self.change("tags", [{("object", key): self.get(("object", key))._replace(tags=tags)}],
                        lambda: self.s3.put(BOX, key, tag_document(tags), "tagging="))

    def copy(self):
        key = self.key_with("object")
        if key:
            self.change("copy", [{("object", key + "-copy"): self.get(("object", key))}],
                        lambda: self.s3.copy(BOX, key + "-copy", f"/{BOX}/{quote(key)}"))

    def rename(self):
        key, other = self.key_with("object"), self.key()
        if key and key != other:
            self.change("rename", [{("object", other): self.get(("object", key)), ("object", key): GONE}],
                        lambda: self.s3.put(BOX, other, b"", "renameObject=", x_amz_rename_source=quote(key)))

    def delete(self):
        key = self.key_with("object")
        if key:
            self.change("delete", [{("object", key): GONE}], lambda: self.s3.delete(BOX, key), 204)

    def delete_many(self):
        keys = sorted({self.key() for _ in range(4)})
        self.many("multi-delete", BOX, [{("object", key): GONE} for key in keys], [(key, None) for key in keys])

    def many(self, kind, bucket, groups, removals):
        objects = "".join(f"<Object><Key>{escape(key)}</Key>{'' if version is None else f'<VersionId>{version}</VersionId>'}</Object>"
                          for key, version in removals)
        document = f"<Delete>{objects}</Delete>".encode()
        answer = self.change(kind, groups, lambda: self.s3.request(
            "POST", S3.path(bucket), "delete=", document, {"Content-MD5": md5_base64(document)}))
        if len(answer.all("Deleted")) != len(removals):
            self.errors.append(f"{self.name}: deleting many: {answer.body}")

    # ---- uploads in parts ----

    def upload(self):
        """One step of an upload: begins one, adds a part or replaces one, completes, gives up."""
        slots = [slot for slot in self.states if slot[0] == "upload"]
        if not slots or (len(slots) < MOST_UPLOADS and self.random.random() < 0.3):
            self.create_upload()
            return
        slot = self.random.choice(slots)
        step = self.random.random()
        if step < 0.1:
            self.change("abort", [{slot: GONE}], lambda: self.s3.delete(BOX, slot[1], f"uploadId={slot[2]}"), 204)
            del self.states[slot]
        elif step < 0.4 and self.get(slot).parts:
            self.complete(slot)
        else:
            self.add_part(slot)

    def create_upload(self):
        key = self.key()
        slot = ("upload", key, NEW)
        answer = self.change("create upload", [{slot: Upload({})}], lambda: self.s3.post(BOX, key, "uploads="))
        self.states[("upload", key, answer.find("UploadId"))] = self.states.pop(slot)

    def add_part(self, slot):
        parts = self.get(slot).parts
        number = self.random.choice([len(parts) + 1, len(parts) + 1, self.random.randrange(1, 4)])
        size = LEAST_PART if number < 3 and self.random.random() < 0.4 else self.random.choice(ENTITY_SIZES)
        data = self.data(size)
        etag = md5_hex(data)
        self.data_of_parts[etag] = data
        self.change("part", [{slot: Upload({**parts, number: (etag, size)})}],
                    lambda: self.send(BOX, slot[1], data, f"partNumber={number}&uploadId={slot[2]}"))

    def complete(self, slot):
        """Of the parts those that may be put together: all but the last have the least size."""
        parts = sorted((number, *part) for number, part in self.get(slot).parts.items())
        chosen = [part for part in parts[:-1] if part[2] >= LEAST_PART] + parts[-1:]
        data = b"".join(self.data_of_parts[etag] for _, etag, _ in chosen)
        self.change("complete", [{slot: GONE, ("object", slot[1]): Object(digest(data), {})}],
                    lambda: self.s3.complete(BOX, slot[1], slot[2], [(number, f'"{etag}"') for number, etag, _ in chosen]))
        self.states.pop(slot, None)

    def forget_parts(self):
        """The bytes of parts that no open upload has."""
        kept = {etag for slot, value in self.states.items() if slot[0] == "upload" for etag, _ in value.parts.values()}
        for etag in set(self.data_of_parts) - kept:
            del self.data_of_parts[etag]

    # ---- versions ----

    def on_top(self, key, version):
        """What a new version makes of those that are there."""
        there = self.get(("versions", key))
        if self.states[("status", self.name + "/")] == "Enabled":
            return (version, *there)
        return (version._replace(id="null"), *(one for one in there if one.id != "null"))

    def new_version(self, kind, key, version, call, status):
        slot = ("versions", key)
        answer = self.change(kind, [{slot: self.on_top(key, version)}], call, status)
        made = answer["x-amz-version-id"]
        if not made or self.states[slot][0].id not in (NEW, made):
            self.errors.append(f"{self.name}: {kind} says version {made}")
        self.states[slot] = (self.states[slot][0]._replace(id=made), *self.states[slot][1:])
        self.made.add((key, made))

    def put_version(self):
        key, data, tags = self.key(), self.data(), self.tags()
        if len(self.get(("versions", key))) < MOST_VERSIONS:
            self.new_version("put version", key, Version(NEW, digest(data), tags),
                             lambda: self.send(self.bucket, key, data, headers=tag_header(tags)), 200)

    def mark(self):
        key = self.key_with("versions")
        if key and len(self.get(("versions", key))) < MOST_VERSIONS:
            self.new_version("delete marker", key, Version(NEW, MARKER, {}), lambda: self.s3.delete(self.bucket, key), 204)

    def one_version(self):
        key = self.key_with("versions")
        if key is None:
            return None, None, None
        versions = self.get(("versions", key))
        index = self.random.randrange(len(versions))
        return key, versions, index

    def remove_version(self):
        key, versions, index = self.one_version()
        if key:
            self.change("delete version", [{("versions", key): versions[:index] + versions[index + 1:]}],
                        lambda: self.s3.delete(self.bucket, key, f"versionId={versions[index].id}"), 204)

    def remove_versions(self):
        chosen = {key: (versions, index) for key, versions, index in (self.one_version() for _ in range(3)) if key}
        if chosen:
            self.many("multi-delete of versions", self.bucket,
                      [{("versions", key): versions[:index] + versions[index + 1:]} for key, (versions, index) in chosen.items()],
                      [(key, versions[index].id) for key, (versions, index) in chosen.items()])

    def tag_version(self):
        key, versions, index = self.one_version()
        tags = self.tags()
        if key and versions[index].body != MARKER:
            after = (*versions[:index], versions[index]._replace(tags=tags), *versions[index + 1:])
            self.change("tags of a version", [{("versions", key): after}],
                        lambda: self.s3.put(self.bucket, key, tag_document(tags), f"tagging=&versionId={versions[index].id}"))

    def set_status(self):
        status = self.random.choice(["Enabled", "Enabled", "Suspended"])
        self.change("versioning", [{("status", self.name + "/"): status}], lambda: self.s3.set_versioning(self.bucket, status))


def tag_header(tags):
    return {"x-amz-tagging": "&".join(f"{name}={value}" for name, value in tags.items())} if tags else {}


def tag_document(tags):
    pairs = "".join(f"<Tag><Key>{name}</Key><Value>{value}</Value></Tag>" for name, value in tags.items())
    return f"<Tagging><TagSet>{pairs}</TagSet></Tagging>".encode()
