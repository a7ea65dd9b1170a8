// Containers, listings, the service's properties and account, development storage.
import { bytes, check, collect, container, containerName, equal, refused, sameBytes, sdk, service } from "./harness.mjs";

const NAMES = ["a", "a-b", "a/1", "a/2", "a/b/c", "a/b/d", "a0", "b/%41", "b/+", "b/?#&=", "b/~'(;@:", "c/Ünicode", "c/日本", "c/\u{1f9ed}", "d", "d/e/f/g/h",
  "e e", "f.txt", "g<&>\"'"];
const inByteOrder = (names) => [...names].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));

async function containers() {
  const client = await container("properties", { metadata: { purpose: "Test" } });
  await refused("creating it twice", 409, "ContainerAlreadyExists", () => client.create());
  const first = await client.getProperties();
  equal("metadata at creation", first.metadata, { purpose: "Test" });
  await client.setMetadata({ changed: "1" });
  const second = await client.getProperties();
  equal("metadata is replaced", second.metadata, { changed: "1" });
  check("a new etag after Set Metadata", first.etag !== second.etag);
  const missing = service.getContainerClient(containerName("missing"));
  equal("exists, of a missing one", await missing.exists(), false);
  await refused("properties of a missing container", 404, "ContainerNotFound", () => missing.getProperties());
  await refused("upload to a missing container", 404, "ContainerNotFound", () => missing.getBlockBlobClient("x").upload("x", 1));
  await refused("listing of a missing container", 404, "ContainerNotFound", () => collect(missing.listBlobsFlat()));
  await client.getBlockBlobClient("inside").upload("data", 4);
  await client.delete();
  await refused("download after deletion", 404, ["ContainerNotFound", "ContainerBeingDeleted"], () => client.getBlockBlobClient("inside").download());
}

async function manyContainers() {
  const prefix = containerName("many");
  const names = Array.from({ length: 12 }, (_, n) => `${prefix}-${String(n).padStart(2, "0")}`);
  await Promise.all(names.map((name) => service.createContainer(name, { metadata: { name } })));
  const found = [];
  const sizes = [];
  let continuationToken;
  do {
    const pages = service.listContainers({ prefix, includeMetadata: true }).byPage({ maxPageSize: 5, continuationToken });
    const page = (await pages.next()).value;
    sizes.push(page.containerItems.length);
    found.push(...page.containerItems);
    continuationToken = page.continuationToken;
  } while (continuationToken);
  equal("pages of five", sizes, [5, 5, 2]);
  equal("names in order", found.map((each) => each.name), names);
  equal("metadata in the listing", found.map((each) => each.metadata?.name), names);
  await Promise.all(names.map((name) => service.deleteContainer(name)));
  equal("none after deletion", await collect(service.listContainers({ prefix })), []);
}

async function fill(client) {
  await Promise.all(NAMES.map((name) => client.getBlockBlobClient(name).upload(name, Buffer.byteLength(name), { metadata: { size: String(name.length) } })));
}

async function listingByPage() {
  const client = await container("pages");
  await fill(client);
  const found = [];
  const sizes = [];
  let continuationToken;
  do {
    const page = (await client.listBlobsFlat({ includeMetadata: true }).byPage({ maxPageSize: 7, continuationToken }).next()).value;
    sizes.push(page.segment.blobItems.length);
    found.push(...page.segment.blobItems);
    continuationToken = page.continuationToken;
  } while (continuationToken);
  equal("names in byte order", found.map((each) => each.name), inByteOrder(NAMES));
  equal("pages of seven", sizes, [7, 7, 5]);
  equal("metadata", found.map((each) => each.metadata?.size), inByteOrder(NAMES).map((name) => String(name.length)));
  equal("prefix", (await collect(client.listBlobsFlat({ prefix: "b/" }))).map((each) => each.name), ["b/%41", "b/+", "b/?#&=", "b/~'(;@:"]);
  const read = await Promise.all(NAMES.map(async (name) => (await client.getBlockBlobClient(name).downloadToBuffer()).toString()));
  equal("each name can be read back", read, NAMES);
  await client.getBlockBlobClient("staged").stageBlock("AAAA", "x", 1);
  equal("uncommitted blobs", (await collect(client.listBlobsFlat({ prefix: "staged", includeUncommitedBlobs: true }))).map((each) => each.name), ["staged"]);
  equal("without them", await collect(client.listBlobsFlat({ prefix: "staged" })), []);
}

async function listingByHierarchy() {
  const client = await container("hierarchy");
  await fill(client);
  const level = async (prefix, maxPageSize = 5000) => {
    const found = [];
    for await (const page of client.listBlobsByHierarchy("/", { prefix }).byPage({ maxPageSize })) {
      found.push(...(page.segment.blobPrefixes ?? []).map((each) => "P " + each.name), ...page.segment.blobItems.map((each) => "B " + each.name));
    }
    return found.sort();
  };
  const root = ["B a", "B a-b", "B a0", "B d", "B e e", "B f.txt", "B g<&>\"'", "P a/", "P b/", "P c/", "P d/"].sort();
  equal("the root", await level(""), root);
  equal("the root in pages of two", await level("", 2), root);
  equal("a/", await level("a/"), ["B a/1", "B a/2", "P a/b/"]);
  equal("d/", await level("d/"), ["P d/e/"]);
  equal("a part of a name", await level("d/e/f"), ["P d/e/f/"]);
}

async function serviceProperties() {
  const before = await service.getProperties();
  const rule = { allowedOrigins: "https://example.org", allowedMethods: "GET,PUT", allowedHeaders: "x-ms-meta-*", exposedHeaders: "x-ms-*", maxAgeInSeconds: 300 };
  await service.setProperties({ cors: [rule] });
  equal("CORS rules", (await service.getProperties()).cors, [rule]);
  await service.setProperties({ cors: before.cors ?? [] });
  equal("back to what it was", (await service.getProperties()).cors?.length ?? 0, before.cors?.length ?? 0);
  const account = await service.getAccountInfo();
  check("account information", account.accountKind && account.skuName, JSON.stringify(account));
}

export async function developmentStorage() {
  const client = sdk.BlobServiceClient.fromConnectionString("UseDevelopmentStorage=true");
  equal("the URL", client.url.replace(/\/$/, ""), "http://127.0.0.1:10000/devstoreaccount1");
  const { containerClient } = await client.createContainer(containerName("development"));
  try {
    const data = bytes(3 << 20);
    await containerClient.getBlockBlobClient("blob").uploadData(data);
    sameBytes("the bytes", await containerClient.getBlockBlobClient("blob").downloadToBuffer(), data);
  } finally {
    await containerClient.delete();
  }
}

export const sections = [["containers", containers], ["twelve containers, listed by page", manyContainers], ["listing by page", listingByPage],
  ["listing by hierarchy", listingByHierarchy], ["service properties and account", serviceProperties]];
