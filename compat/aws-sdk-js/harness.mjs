// Clients, buckets and refusals of the suite of the AWS SDK for JavaScript.
import { createRequire } from "node:module";
import { randomUUID } from "node:crypto";
import { check, writeCounts } from "../lib/checks.mjs";

export * from "../lib/checks.mjs";

// The SDK lives in the cache folder of the tests, not beside this file.
const require = createRequire(process.env.COMPAT_NODE_FOLDER + "/");
export const sdk = require("@aws-sdk/client-s3");
export const { Upload } = require("@aws-sdk/lib-storage");
export const { getSignedUrl } = require("@aws-sdk/s3-request-presigner");

const made = [];

export function clientAt(endpoint, options = {}) {
  return new sdk.S3Client({ endpoint, forcePathStyle: true, maxAttempts: 3, ...options });
}

export const client = clientAt(process.env.AWS_ENDPOINT_URL);

/** Send a command by its name: call("PutObject", { ... }). */
export function call(name, input, through = client) {
  return through.send(new sdk[name + "Command"](input));
}

/** The name of a new bucket, emptied and deleted at the end. */
export async function bucket(name, through = client) {
  const Bucket = `js-${name}-${randomUUID().slice(0, 13)}`;
  await call("CreateBucket", { Bucket }, through);
  made.push(Bucket);
  return Bucket;
}

export async function read(Bucket, Key, options = {}, through = client) {
  const { Body } = await call("GetObject", { Bucket, Key, ...options }, through);
  return Buffer.from(await Body.transformToByteArray());
}

/** Check that a promise fails with exactly this status and error name; for an answer without body no name is asked for. */
export async function refused(what, status, name, promise) {
  try {
    await promise;
  } catch (error) {
    const got = error.$metadata?.httpStatusCode;
    check(what, got === status && (!name || error.name === name || error.Code === name), `got ${got} ${error.name}: ${error.message}, want ${status} ${name}`);
    return;
  }
  check(what, false, `succeeded, want ${status} ${name}`);
}

/** Every version and delete marker of a bucket, in pages: the SDK has no paginator for them. */
export async function* versionsOf(Bucket, MaxKeys) {
  for (let from = {}; from; ) {
    const page = await call("ListObjectVersions", { Bucket, MaxKeys, ...from });
    yield* [...(page.Versions ?? []), ...(page.DeleteMarkers ?? [])];
    from = page.IsTruncated && { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker };
  }
}

export async function finish() {
  for (const Bucket of made) {
    try {
      const Objects = [];
      for await (const { Key, VersionId } of versionsOf(Bucket)) Objects.push({ Key, VersionId });
      while (Objects.length) await call("DeleteObjects", { Bucket, Delete: { Objects: Objects.splice(0, 1000), Quiet: true } });
      await call("DeleteBucket", { Bucket });
    } catch {
      // the bucket goes with its server
    }
  }
  client.destroy();
  writeCounts();
}
