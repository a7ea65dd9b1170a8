// Checks and their counts, for the suites in JavaScript. Counts go to the file named by COMPAT_RESULT.
import { createCipheriv, createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";

export const MIB = 1024 * 1024;
export const azurite = process.env.COMPAT_SERVER_KIND === "azurite";

const counts = { passed: 0, failed: 0, not_run: [] };

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

/** The same bytes for the same size and seed, unlike those of another. */
export function bytes(size, seed = 1) {
  const key = createHash("sha256").update(`${size}:${seed}`).digest();
  return createCipheriv("aes-256-ctr", key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

export function md5(data) {
  return createHash("md5").update(data).digest();
}

export async function collect(iterator) {
  const found = [];
  for await (const each of iterator) found.push(each);
  return found;
}

export function writeCounts() {
  writeFileSync(process.env.COMPAT_RESULT, JSON.stringify(counts));
}
