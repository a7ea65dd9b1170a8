// Checks, clients and containers of the JavaScript suite. Counts go to the file named by COMPAT_RESULT.
import { createRequire } from "node:module";
import { createHash, randomUUID } from "node:crypto";
import { writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

// The SDK lives in the cache folder of the tests, not beside this file.
const require = createRequire(process.env.COMPAT_NODE_FOLDER + "/");
export const sdk = require("@azure/storage-blob");

export const MIB = 1024 * 1024;
export const endpoint = process.env.COMPAT_ENDPOINT;
export const credential = new sdk.StorageSharedKeyCredential(process.env.COMPAT_ACCOUNT, process.env.COMPAT_KEY);
const azurite = process.env.COMPAT_SERVER_KIND === "azurite";
// Where Azurite answers another code than the documented one.
const AZURITE_SAYS = { AuthenticationFailed: "AuthorizationFailure", Md5Mismatch: "InvalidOperation", SourceConditionNotMet: "ConditionNotMet" };
const FAST_RETRIES = { retryOptions: { maxTries: 4, retryDelayInMs: 20, maxRetryDelayInMs: 100 } };
const NO_RETRIES = { retryOptions: { maxTries: 1 } };

const counts = { passed: 0, failed: 0, not_run: [] };
const made = [];

export const service = serviceAt(endpoint);

export function serviceAt(url, what = credential) {
  return new sdk.BlobServiceClient(url, what, FAST_RETRIES);
}

/** A client without credential other than the signature in its URL, which does not retry. */
export function anonymous(Client, url) {
  return new Client(url, new sdk.AnonymousCredential(), NO_RETRIES);
}

export function shorten(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
  return text.length > 400 ? text.slice(0, 400) + "..." : text;
}

export function check(what, condition, detail = "", azuriteLacks = "") {
  if (condition) counts.passed++;
  else if (azuriteLacks && azurite) counts.not_run.push(`${what}: ${azuriteLacks}`);
  else {
    counts.failed++;
    console.log(`  FAILED ${what}: ${detail}`);
  }
}

export function equal(what, got, want, azuriteLacks = "") {
  check(what, isDeepStrictEqual(got, want), `got ${shorten(got)}, want ${shorten(want)}`, azuriteLacks);
}

export function sameBytes(what, got, want) {
  check(what, Buffer.compare(got, want) === 0, `${got.length} bytes, want ${want.length}`);
}

/** Check that call() fails with exactly this status and one of these error codes; no codes for an answer without body. */
export async function refused(what, status, codes, call, azuriteLacks = "") {
  try {
    await call();
  } catch (error) {
    const wanted = [codes ?? []].flat().flatMap((code) => (azurite && AZURITE_SAYS[code] ? [code, AZURITE_SAYS[code]] : [code]));
    const code = error.code === "RestError" ? error.details?.errorCode : error.code ?? error.details?.errorCode;
    check(what, error.statusCode === status && (!wanted.length || wanted.includes(code) || wanted.includes(error.details?.errorCode)),
      `got ${error.statusCode} ${code} ${error.statusCode ? "" : error.message}, want ${status} ${wanted}`, azuriteLacks);
    return;
  }
  check(what, false, `succeeded, want ${status} ${codes}`, azuriteLacks);
}

export async function section(title, body, azuriteLacks = "") {
  if (azuriteLacks && azurite) {
    counts.not_run.push(`${title}: ${azuriteLacks}`);
    console.log(`- ${title}: not run against Azurite: ${azuriteLacks}`);
    return;
  }
  const before = { ...counts };
  const start = Date.now();
  try {
    await body();
  } catch (error) {
    counts.failed++;
    console.log(`  FAILED ${title}: ${error.stack?.slice(0, 800) ?? error}`);
  }
  console.log(`- ${title}: ${counts.passed - before.passed} passed, ${counts.failed - before.failed} failed (${((Date.now() - start) / 1000).toFixed(1)} s)`);
}

export function containerName(name) {
  return `js-${name}-${randomUUID().slice(0, 13)}`;
}

/** A new container, deleted at the end. */
export async function container(name, options = {}) {
  const client = service.getContainerClient(containerName(name));
  await client.create(options);
  made.push(client);
  return client;
}

/** The same bytes for the same size and seed, unlike those of another. */
export function bytes(size, seed = 1) {
  const out = Buffer.alloc(size);
  let digest = createHash("sha256").update(`${size}:${seed}`).digest();
  for (let at = 0; at < size; at += 32) {
    digest = createHash("sha256").update(digest).digest();
    digest.copy(out, at);
  }
  return out;
}

export function md5(data) {
  return createHash("md5").update(data).digest();
}

export async function collect(iterator) {
  const found = [];
  for await (const each of iterator) found.push(each);
  return found;
}

export async function finish() {
  for (const client of made) await client.deleteIfExists().catch(() => undefined);
  writeFileSync(process.env.COMPAT_RESULT, JSON.stringify(counts));
}
