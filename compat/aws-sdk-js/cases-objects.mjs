// Objects: bodies of all kinds, checksums, conditions, ranges, copies, signed URLs.
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { MIB, bucket, bytes, call, check, client, equal, getSignedUrl, read, refused, sameBytes, sdk } from "./harness.mjs";

async function bodies() {
  const Bucket = await bucket("bodies");
  const content = bytes(3 * MIB + 7);
  const given = { ContentType: "application/x-test", CacheControl: "max-age=60", ContentDisposition: "attachment", ContentLanguage: "fi", Metadata: { one: "1", "two-words": "a value; with = in it" } };
  const kinds = {
    "a buffer": [content],
    "a stream of known length": [Readable.from([content.subarray(0, MIB), content.subarray(MIB)], { objectMode: false }), { ContentLength: content.length }],
  };
  for (const [kind, [Body, more]] of Object.entries(kinds)) {
    await call("PutObject", { Bucket, Key: kind, Body, ...given, ...more });
    const got = await call("GetObject", { Bucket, Key: kind });
    sameBytes(`${kind}: the bytes`, Buffer.from(await got.Body.transformToByteArray()), content);
    equal(`${kind}: properties`, Object.fromEntries(Object.keys(given).map((name) => [name, got[name]])), given);
  }
  await call("PutObject", { Bucket, Key: "text ü", Body: "text ü" });
  equal("a string", await (await call("GetObject", { Bucket, Key: "text ü" })).Body.transformToString(), "text ü");
  await call("PutObject", { Bucket, Key: "empty", Body: "" });
  equal("nothing", (await read(Bucket, "empty")).length, 0);
  const hash = createHash("sha256");
  for await (const piece of (await call("GetObject", { Bucket, Key: "a buffer" })).Body) hash.update(piece);
  equal("GetObject as a stream", hash.digest("hex"), createHash("sha256").update(content).digest("hex"));
  equal("a range", (await read(Bucket, "a buffer", { Range: "bytes=65530-65545" })).equals(content.subarray(65530, 65546)), true);
  await refused("a missing key", 404, "NoSuchKey", call("GetObject", { Bucket, Key: "nothing" }));
  await refused("HeadObject of a missing key", 404, "NotFound", call("HeadObject", { Bucket, Key: "nothing" }));
  const { Deleted, Errors } = await call("DeleteObjects", { Bucket, Delete: { Objects: [...Object.keys(kinds), "text ü", "not there"].map((Key) => ({ Key })) } });
  equal("DeleteObjects", [Deleted.length, Errors], [4, undefined]);
}

async function checksums() {
  const Bucket = await bucket("checksums");
  const content = bytes(MIB + 1);
  for (const ChecksumAlgorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]) {
    const name = "Checksum" + ChecksumAlgorithm;
    const buffer = await call("PutObject", { Bucket, Key: ChecksumAlgorithm, Body: content, ChecksumAlgorithm });
    check(`${ChecksumAlgorithm} of a buffer`, buffer[name], JSON.stringify(buffer));
    const stream = await call("PutObject", { Bucket, Key: ChecksumAlgorithm, Body: Readable.from([content], { objectMode: false }), ContentLength: content.length, ChecksumAlgorithm });
    equal(`${ChecksumAlgorithm} of a stream, in a trailer`, stream[name], buffer[name]);
    const got = await call("GetObject", { Bucket, Key: ChecksumAlgorithm, ChecksumMode: "ENABLED" });
    equal(`${ChecksumAlgorithm} given back`, [got[name], got.ChecksumType], [buffer[name], "FULL_OBJECT"]);
    sameBytes(`${ChecksumAlgorithm}: the bytes, compared by the client`, Buffer.from(await got.Body.transformToByteArray()), content);
    await refused(`${ChecksumAlgorithm} that is wrong`, 400, "BadDigest", call("PutObject", { Bucket, Key: ChecksumAlgorithm, Body: "other", [name]: buffer[name] }));
  }
  const attributes = await call("GetObjectAttributes", { Bucket, Key: "SHA256", ObjectAttributes: ["Checksum", "ObjectSize", "ETag"] });
  equal("GetObjectAttributes", [attributes.ObjectSize, attributes.Checksum.ChecksumSHA256, attributes.ETag], [content.length, createHash("sha256").update(content).digest("base64"), createHash("md5").update(content).digest("hex")]);
}

async function conditions() {
  const Bucket = await bucket("conditions");
  const Key = "key";
  const { ETag } = await call("PutObject", { Bucket, Key, Body: "first" });
  await refused("PutObject IfNoneMatch '*' onto something", 412, "PreconditionFailed", call("PutObject", { Bucket, Key, Body: "second", IfNoneMatch: "*" }));
  await refused("GetObject IfMatch of another", 412, "PreconditionFailed", call("GetObject", { Bucket, Key, IfMatch: '"0"' }));
  await refused("GetObject IfNoneMatch", 304, "", call("GetObject", { Bucket, Key, IfNoneMatch: ETag }));
  await call("PutObject", { Bucket, Key, Body: "second", IfMatch: ETag });
  equal("PutObject IfMatch", String(await read(Bucket, Key)), "second");
  await call("CopyObject", { Bucket, Key: "copy ü", CopySource: `${Bucket}/${Key}`, MetadataDirective: "REPLACE", Metadata: { two: "2" } });
  equal("CopyObject with REPLACE", (await call("HeadObject", { Bucket, Key: "copy ü" })).Metadata, { two: "2" });
  await refused("CopyObject with a condition that does not hold", 412, "PreconditionFailed", call("CopyObject", { Bucket, Key: "x", CopySource: `${Bucket}/${Key}`, CopySourceIfMatch: '"0"' }));
  await call("PutObjectTagging", { Bucket, Key, Tagging: { TagSet: [{ Key: "one", Value: "1 + 1" }] } });
  equal("GetObjectTagging", (await call("GetObjectTagging", { Bucket, Key })).TagSet, [{ Key: "one", Value: "1 + 1" }]);
}

async function signed() {
  const Bucket = await bucket("signed");
  const Key = "dir/a+b %ü#?";
  const content = bytes(70_000);
  const put = await getSignedUrl(client, new sdk.PutObjectCommand({ Bucket, Key, ContentType: "text/x-signed" }), { expiresIn: 60, signableHeaders: new Set(["content-type"]) });
  equal("signed PUT", (await fetch(put, { method: "PUT", body: content, headers: { "Content-Type": "text/x-signed" } })).status, 200);
  // what it moves into the URL counts: metadata, list, storage class; and not the checksum of the body that was not there when it signed
  const moved = await getSignedUrl(client, new sdk.PutObjectCommand({ Bucket, Key: "moved", Metadata: { one: "1" }, StorageClass: "STANDARD_IA" }), { expiresIn: 60 });
  equal("signed PUT with metadata", (await fetch(moved, { method: "PUT", body: content })).status, 200);
  const kept = await client.send(new sdk.HeadObjectCommand({ Bucket, Key: "moved" }));
  equal("signed PUT with metadata: it is kept", [kept.Metadata, kept.StorageClass], [{ one: "1" }, "STANDARD_IA"]);
  const got = await fetch(await getSignedUrl(client, new sdk.GetObjectCommand({ Bucket, Key, ResponseContentType: "text/other" }), { expiresIn: 60 }));
  equal("signed GET", [got.status, got.headers.get("content-type")], [200, "text/other"]);
  sameBytes("signed GET: the bytes", Buffer.from(await got.arrayBuffer()), content);
  equal("signed for another method", (await fetch(await getSignedUrl(client, new sdk.GetObjectCommand({ Bucket, Key })), { method: "DELETE" })).status, 403);
  const altered = (await getSignedUrl(client, new sdk.GetObjectCommand({ Bucket, Key }))).replace("X-Amz-Expires=900", "X-Amz-Expires=901");
  equal("an altered URL", (await fetch(altered)).status, 403);
}

export const sections = [["bodies", bodies], ["checksums", checksums], ["conditions, copies, tags", conditions], ["signed URLs", signed]];
