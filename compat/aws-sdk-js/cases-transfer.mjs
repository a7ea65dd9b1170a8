// lib-storage's Upload of streams, a tree of files, a large file, and connections that are cut.
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream, readFileSync, readdirSync, statSync, unlinkSync } from "node:fs";
import { join, relative } from "node:path";
import { PassThrough } from "node:stream";
import { pipeline } from "node:stream/promises";
import { MIB, Upload, bucket, bytes, call, client, clientAt, collect, equal, read, sameBytes, sdk } from "./harness.mjs";

async function streams() {
  const Bucket = await bucket("streams");
  for (const size of [0, 5 * MIB - 1, 5 * MIB, 17 * MIB + 3]) {
    const content = bytes(size);
    const Body = new PassThrough();
    for (let at = 0; at < size; at += MIB) Body.write(content.subarray(at, at + MIB));
    Body.end();
    const upload = new Upload({ client, params: { Bucket, Key: `${size}`, Body, Metadata: { one: "1" }, ContentType: "text/x-test" }, queueSize: 3, partSize: 5 * MIB });
    await upload.done();
    const got = await call("HeadObject", { Bucket, Key: `${size}` });
    equal(`a stream of ${size} bytes: size, metadata, type`, [got.ContentLength, got.Metadata, got.ContentType], [size, { one: "1" }, "text/x-test"]);
    sameBytes(`a stream of ${size} bytes: the bytes`, await read(Bucket, `${size}`), content);
  }
  const tags = new Upload({ client, params: { Bucket, Key: "tagged", Body: bytes(6 * MIB), ChecksumAlgorithm: "CRC64NVME" }, tags: [{ Key: "a", Value: "b" }], partSize: 5 * MIB });
  await tags.done();
  equal("Upload with tags", (await call("GetObjectTagging", { Bucket, Key: "tagged" })).TagSet, [{ Key: "a", Value: "b" }]);
  const endless = new PassThrough();
  const aborted = new Upload({ client, params: { Bucket, Key: "aborted", Body: endless }, partSize: 5 * MIB });
  const done = aborted.done().then(() => "done", (error) => error.name);
  endless.write(bytes(11 * MIB));
  await new Promise((resolve) => aborted.once("httpUploadProgress", resolve));
  await aborted.abort();
  equal("Upload.abort", await done, "AbortError");
  endless.destroy();
  equal("after abort: no object", (await collect(sdk.paginateListObjectsV2({ client }, { Bucket, Prefix: "aborted" }))).flatMap((page) => page.Contents ?? []), []);
}

async function tree() {
  const root = process.env.COMPAT_TREE;
  const names = readdirSync(root, { recursive: true, withFileTypes: true }).filter((each) => each.isFile()).map((each) => relative(root, join(each.parentPath ?? each.path, each.name)));
  const Bucket = await bucket("tree");
  await inParallel(names, (Key) => call("PutObject", { Bucket, Key, Body: createReadStream(join(root, Key)), ContentLength: statSync(join(root, Key)).size }));
  const pages = await collect(sdk.paginateListObjectsV2({ client, pageSize: 100 }, { Bucket }));
  const listed = pages.flatMap((page) => page.Contents.map((each) => [each.Key, each.Size]));
  equal("names and sizes", listed.map(String).sort(), names.map((name) => String([name, statSync(join(root, name)).size])).sort());
  const wrong = [];
  await inParallel(names, async (Key) => {
    if (!(await read(Bucket, Key)).equals(readFileSync(join(root, Key)))) wrong.push(Key);
  });
  equal(`every byte of ${names.length} files`, wrong, []);
}

async function inParallel(items, each) {
  const left = [...items];
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (left.length) await each(left.pop());
  }));
}

async function digest(path) {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: MIB })) hash.update(piece);
  return hash.digest("hex");
}

async function large() {
  const Bucket = await bucket("large");
  const source = process.env.COMPAT_LARGE_FILE;
  const start = Date.now();
  await new Upload({ client, params: { Bucket, Key: "large", Body: createReadStream(source, { highWaterMark: MIB }) }, queueSize: 4, partSize: 16 * MIB }).done();
  const middle = Date.now();
  await pipeline((await call("GetObject", { Bucket, Key: "large" })).Body, createWriteStream("large.down"));
  console.log(`large file of ${statSync(source).size} bytes: up ${(middle - start) / 1000} s, down ${(Date.now() - middle) / 1000} s`);
  equal("large file: every byte", await digest("large.down"), await digest(source));
  unlinkSync("large.down");
}

async function cuts() {
  const Bucket = await bucket("cuts");
  const content = bytes(6 * MIB);
  await call("PutObject", { Bucket, Key: "key", Body: content }, clientAt(process.env.COMPAT_UPLOAD_CUT_ENDPOINT));
  sameBytes("an upload that was cut: the bytes", await read(Bucket, "key"), content);
  // The SDK retries requests, not the reading of an answer's body: whoever reads asks again
  const through = clientAt(process.env.COMPAT_DOWNLOAD_CUT_ENDPOINT);
  let failures = 0;
  for (;;) {
    try {
      const { Body } = await call("GetObject", { Bucket, Key: "key" }, through);
      sameBytes("a download that was cut, asked for again: the bytes", Buffer.from(await Body.transformToByteArray()), content);
      break;
    } catch (error) {
      if (++failures > 2) throw error;
    }
  }
  equal("the cut is an error, never short bytes", failures, 1);
}

export const sections = [["streams", streams], ["tree up and down", tree], ["large file", large], ["connection cuts", cuts]];
