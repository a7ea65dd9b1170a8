// Buckets: life, listings by paginator, versions.
import { bucket, call, client, collect, equal, read, refused, sdk, versionsOf } from "./harness.mjs";

async function life() {
  const Bucket = await bucket("life");
  const names = (await call("ListBuckets", {})).Buckets.map((each) => each.Name);
  equal("ListBuckets names it", names.includes(Bucket), true);
  await sdk.waitUntilBucketExists({ client, maxWaitTime: 10 }, { Bucket });
  await call("PutObject", { Bucket, Key: "key", Body: "1" });
  await refused("DeleteBucket that is not empty", 409, "BucketNotEmpty", call("DeleteBucket", { Bucket }));
  await call("DeleteObject", { Bucket, Key: "key" });
  await call("DeleteBucket", { Bucket });
  await refused("HeadBucket after its deletion", 404, "NotFound", call("HeadBucket", { Bucket }));
  await refused("GetObject from a missing bucket", 404, "NoSuchBucket", call("GetObject", { Bucket, Key: "key" }));
}

async function listings() {
  const Bucket = await bucket("list");
  const names = ["a/1", "a/2", "a b/1", "a+b/1", "top", "ü%/1", "z"];
  for (const Key of names) await call("PutObject", { Bucket, Key, Body: Key });
  const sorted = [...names].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)));
  const pages = await collect(sdk.paginateListObjectsV2({ client, pageSize: 2 }, { Bucket }));
  equal("paginateListObjectsV2 in pages of 2", pages.flatMap((page) => page.Contents.map((each) => each.Key)), sorted);
  equal("paginateListObjectsV2: pages", pages.length, 4);
  const levels = await collect(sdk.paginateListObjectsV2({ client, pageSize: 2 }, { Bucket, Delimiter: "/", EncodingType: "url" }));
  equal("by delimiter, names encoded", levels.flatMap((page) => (page.CommonPrefixes ?? []).map((each) => decodeURIComponent(each.Prefix.replaceAll("+", " ")))), ["a b/", "a+b/", "a/", "ü%/"]);
  const first = await call("ListObjects", { Bucket, Delimiter: "/", MaxKeys: 3 });
  equal("ListObjects, version 1", [first.CommonPrefixes.map((each) => each.Prefix), first.IsTruncated, first.NextMarker], [["a b/", "a+b/", "a/"], true, "a/"]);
}

async function versions() {
  const Bucket = await bucket("versions");
  const Key = "dir/a+b ü";
  await call("PutBucketVersioning", { Bucket, VersioningConfiguration: { Status: "Enabled" } });
  const { VersionId: first } = await call("PutObject", { Bucket, Key, Body: "first" });
  const { VersionId: second } = await call("PutObject", { Bucket, Key, Body: "second" });
  const { VersionId: marker, DeleteMarker } = await call("DeleteObject", { Bucket, Key });
  equal("DeleteObject makes a marker", DeleteMarker, true);
  await refused("GetObject under a marker", 404, "NoSuchKey", call("GetObject", { Bucket, Key }));
  equal("the old versions", [await read(Bucket, Key, { VersionId: first }), await read(Bucket, Key, { VersionId: second })].map(String), ["first", "second"]);
  equal("ListObjectVersions in pages of 2", (await collect(versionsOf(Bucket, 2))).map((each) => each.VersionId).sort(), [first, second, marker].sort());
  await call("DeleteObject", { Bucket, Key, VersionId: marker });
  equal("without the marker", String(await read(Bucket, Key)), "second");
  await call("DeleteObject", { Bucket, Key, VersionId: second });
  equal("without the second version", String(await read(Bucket, Key)), "first");
}

export const sections = [["life of a bucket", life], ["listings", listings], ["versions", versions]];
