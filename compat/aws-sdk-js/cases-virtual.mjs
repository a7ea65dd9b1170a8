// Buckets as hosts, BUCKET.s3.localhost: the style that the SDK takes unless told otherwise.
import http from "node:http";
import https from "node:https";
import { buffer } from "node:stream/consumers";
import { MIB, Upload, bucket, bytes, call, check, clientAt, equal, getSignedUrl, read, refused, sameBytes, sdk } from "./harness.mjs";

const endpoint = process.env.COMPAT_VIRTUAL_ENDPOINT;

/** Not every system's resolver knows that names below localhost are loopback: the agents' own hook says so. */
function lookup(name, options, done) {
  if (options.all) done(null, [{ address: "127.0.0.1", family: 4 }]);
  else done(null, "127.0.0.1", 4);
}

const agents = { http: new http.Agent({ keepAlive: true, lookup }), https: new https.Agent({ keepAlive: true, lookup }) };

function fetchByHost(url, method, body) {
  return new Promise((resolve, reject) => {
    const secure = url.startsWith("https:");
    const request = (secure ? https : http).request(url, { method, agent: secure ? agents.https : agents.http }, async (answer) => {
      resolve({ status: answer.statusCode, body: await buffer(answer).catch(reject) });
    });
    request.on("error", reject);
    request.end(body);
  });
}

async function bucketsAsHosts() {
  const client = clientAt(endpoint, { forcePathStyle: false, requestHandler: { httpAgent: agents.http, httpsAgent: agents.https } });
  const hosts = new Set();
  client.middlewareStack.add((next) => (given) => {
    hosts.add(given.request.hostname);
    return next(given);
  }, { step: "finalizeRequest", priority: "low" });
  const Bucket = await bucket("host", client);
  const host = `${Bucket}.${new URL(endpoint).hostname}`;
  equal("the bucket is the host", [...hosts], [host]);
  equal("ListBuckets, of the domain itself", (await call("ListBuckets", {}, client)).Buckets.some((each) => each.Name === Bucket), true);
  const content = bytes(70_001);
  const names = [`${Bucket}/key`, "a+b %41 #ü?", "two//slashes", "dir/key"];
  for (const Key of names) {
    await call("PutObject", { Bucket, Key, Body: content, Metadata: { one: "1" } }, client);
    sameBytes(`${Key}: written by host, read by path`, await read(Bucket, Key), content);
    sameBytes(`${Key}: written and read by host`, await read(Bucket, Key, {}, client), content);
  }
  equal("ListObjectsV2", (await call("ListObjectsV2", { Bucket }, client)).Contents.map((each) => each.Key), [...names].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))));
  equal("ListObjectsV2 by delimiter", (await call("ListObjectsV2", { Bucket, Delimiter: "/" }, client)).CommonPrefixes.map((each) => each.Prefix).sort(), ["dir/", `${Bucket}/`, "two/"].sort());
  await call("CopyObject", { Bucket, Key: "copy", CopySource: `${Bucket}/dir/key` }, client);
  sameBytes("CopyObject: the bytes", await read(Bucket, "copy"), content);
  const parts = bytes(17 * MIB + 3);
  await new Upload({ client, params: { Bucket, Key: "in parts ü", Body: parts }, queueSize: 3, partSize: 5 * MIB }).done();
  sameBytes("an upload in parts: the bytes", await read(Bucket, "in parts ü", {}, client), parts);
  check("an upload in parts: its entity tag", (await call("HeadObject", { Bucket, Key: "in parts ü" }, client)).ETag.endsWith('-4"'), "not of four parts");
  const at = { Bucket, Key: "dir/signed a+b %ü#?" };
  const put = await getSignedUrl(client, new sdk.PutObjectCommand(at));
  equal("a signed URL: the bucket is the host", new URL(put).hostname, host);
  equal("signed PUT", (await fetchByHost(put, "PUT", content)).status, 200);
  const got = await getSignedUrl(client, new sdk.GetObjectCommand(at));
  sameBytes("signed GET: the bytes", (await fetchByHost(got, "GET")).body, content);
  equal("signed for another bucket", (await fetchByHost(got.replace(Bucket, `${Bucket}-not`), "GET")).status, 403);
  await call("DeleteObjects", { Bucket, Delete: { Objects: names.map((Key) => ({ Key })) } }, client);
  await refused("a key that is gone", 404, "NoSuchKey", call("GetObject", { Bucket, Key: names[0] }, client));
  await refused("a bucket that is not there", 404, "NoSuchBucket", call("ListObjectsV2", { Bucket: `${Bucket}-not` }, client));
  client.destroy();
}

export const sections = endpoint ? [["buckets as hosts", bucketsAsHosts]] : [];
