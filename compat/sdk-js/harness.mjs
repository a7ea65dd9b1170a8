// Clients, containers and refusals of the JavaScript suite.
import { createRequire } from "node:module";
import { randomUUID } from "node:crypto";
import { azurite, check, writeCounts } from "../lib/checks.mjs";

export * from "../lib/checks.mjs";

// The SDK lives in the cache folder of the tests, not beside this file.
const require = createRequire(process.env.COMPAT_NODE_FOLDER + "/");
export const sdk = require("@azure/storage-blob");

export const endpoint = process.env.COMPAT_ENDPOINT;
export const credential = new sdk.StorageSharedKeyCredential(process.env.COMPAT_ACCOUNT, process.env.COMPAT_KEY);
// Where Azurite answers another code than the documented one.
const AZURITE_SAYS = { AuthenticationFailed: "AuthorizationFailure", Md5Mismatch: "InvalidOperation", SourceConditionNotMet: "ConditionNotMet" };
const FAST_RETRIES = { retryOptions: { maxTries: 4, retryDelayInMs: 20, maxRetryDelayInMs: 100 } };
const NO_RETRIES = { retryOptions: { maxTries: 1 } };

const made = [];

export const service = serviceAt(endpoint);

export function serviceAt(url, what = credential) {
  return new sdk.BlobServiceClient(url, what, FAST_RETRIES);
}

/** A client without credential other than the signature in its URL, which does not retry. */
export function anonymous(Client, url) {
  return new Client(url, new sdk.AnonymousCredential(), NO_RETRIES);
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

export async function finish() {
  for (const client of made) await client.deleteIfExists().catch(() => undefined);
  writeCounts();
}
