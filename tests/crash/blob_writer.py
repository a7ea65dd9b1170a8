"""Writes over Blob: blobs in one go and out of blocks, copies, deletions."""
from blobclient import Client
from model import BOX, ENTITY_SIZES, GONE, Object, Writer, content, digest
import http.client


class BlobWriter(Writer):
    def __init__(self, name, server, random, states, stop):
        super().__init__(name, random, states, stop)
        self.client = Client(server.blob, timeout=30)

    def run(self):
        try:
            while not self.stop.is_set():
                key = f"{self.name}/{'deep/' * self.random.randrange(3)}n{self.random.randrange(8)}"
                self.random.choice([self.put, self.put, self.put, self.blocks, self.delete, self.copy])(key)
        except (OSError, http.client.HTTPException):
            pass  # killed
        self.client.close()

    def data(self):
        return content((self.name, self.random.random()), self.random.choice(ENTITY_SIZES))

    def put(self, key):
        data = self.data()
        self.change("put", [{("object", key): Object(digest(data), {})}], lambda: self.client.put_blob(BOX, key, data), 201)

    def blocks(self, key):
        data = self.data()
        cuts = sorted(self.random.sample(range(len(data) + 1), min(len(data), self.random.randrange(1, 6))))
        parts = [data[a:b] for a, b in zip([0] + cuts, cuts + [len(data)]) if b > a]
        names = [b"%04d" % i for i in range(len(parts))]
        for block, part in zip(names, parts):
            self.expect(self.client.put_block(BOX, key, block, part), 201)
        self.change("put of blocks", [{("object", key): Object(digest(data), {})}],
                    lambda: self.client.put_block_list(BOX, key, names), 201)

    def delete(self, key):
        if self.get(("object", key)) is not GONE:
            self.change("delete", [{("object", key): GONE}], lambda: self.client.delete_blob(BOX, key), 202)

    def copy(self, key):
        source, other = self.get(("object", key)), key + "-copy"
        if source is not GONE:
            self.change("copy", [{("object", other): source}], lambda: self.client.copy_blob(BOX, other, key), 202)
