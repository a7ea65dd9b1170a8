// Shared access signatures made by the SDK, stored access policies, public access, wrong credentials.
import { anonymous, check, collect, container, credential, endpoint, equal, refused, sdk } from "./harness.mjs";

const soon = (hours = 1) => new Date(Math.floor(Date.now() / 1000) * 1000 + hours * 3600_000);
const text = async (blob) => (await blob.downloadToBuffer()).toString();
const MISMATCH = "AuthorizationPermissionMismatch";

async function accountSas() {
  const client = await container("account-sas");
  await client.getBlockBlobClient("blob").upload("data", 4);
  const service = (permissions = "rwdlac", resourceTypes = "sco", expiry = 1, services = "b") => {
    const query = sdk.generateAccountSASQueryParameters({ permissions: sdk.AccountSASPermissions.parse(permissions), services, resourceTypes, expiresOn: soon(expiry) },
      credential);
    return anonymous(sdk.BlobServiceClient, `${endpoint}?${query}`);
  };
  const blob = (...parameters) => service(...parameters).getContainerClient(client.containerName).getBlockBlobClient("blob");
  equal("download", await text(blob("r", "o")), "data");
  check("listing of containers", (await collect(service("l", "s").listContainers({ prefix: client.containerName }))).length === 1);
  await blob().upload("changed", 7);
  equal("upload", await text(client.getBlockBlobClient("blob")), "changed");
  await refused("write with read permission", 403, MISMATCH, () => blob("r").upload("x", 1));
  await refused("read with list permission", 403, MISMATCH, () => blob("l").download());
  await refused("a blob with container type", 403, "AuthorizationResourceTypeMismatch", () => blob("r", "c").download());
  await refused("a signature for queues", 403, "AuthorizationServiceMismatch", () => blob("r", "o", 1, "q").download());
  await refused("expired", 403, "AuthenticationFailed", () => blob("r", "o", -1).download());
}

async function serviceSas() {
  const client = await container("service-sas");
  const name = "dir/a b+c%20#?&='(;@:~ü日.txt";
  await client.getBlockBlobClient(name).upload("data", 4);
  await client.getBlockBlobClient("other").upload("other", 5);
  const forContainer = async (permissions, expiry = 1) => anonymous(sdk.ContainerClient,
    await client.generateSasUrl({ permissions: sdk.ContainerSASPermissions.parse(permissions), expiresOn: soon(expiry) }));
  const forBlob = async (permissions, expiry = 1, more = {}) => anonymous(sdk.BlockBlobClient,
    await client.getBlockBlobClient(name).generateSasUrl({ permissions: sdk.BlobSASPermissions.parse(permissions), expiresOn: soon(expiry), ...more }));
  equal("container: list", (await collect((await forContainer("l")).listBlobsFlat())).map((each) => each.name), [name, "other"]);
  equal("container: download", await text((await forContainer("r")).getBlockBlobClient(name)), "data");
  await refused("container: write with read permission", 403, MISMATCH, async () => (await forContainer("rl")).getBlockBlobClient("x").upload("x", 1));
  await refused("container: list with read permission", 403, MISMATCH, async () => collect((await forContainer("r")).listBlobsFlat()));
  await refused("container: expired", 403, "AuthenticationFailed", async () => (await forContainer("r", -1)).getBlockBlobClient(name).download());
  equal("blob: download of an awkward name", await text(await forBlob("r")), "data");
  await refused("blob: write with read permission", 403, MISMATCH, async () => (await forBlob("r")).upload("x", 1));
  await refused("blob: expired", 403, "AuthenticationFailed", async () => (await forBlob("r", -1)).download());
  const other = (await forBlob("r")).url.replace(/^[^?]*/, client.getBlockBlobClient("other").url);
  await refused("blob: another blob", 403, "AuthenticationFailed", () => anonymous(sdk.BlockBlobClient, other).download());
  await refused("blob: another address", 403, "AuthorizationSourceIPMismatch", async () => (await forBlob("r", 1, { ipRange: { start: "203.0.113.7" } })).download(),
    "it does not check addresses");
  const got = await (await forBlob("r", 1, { contentType: "text/x-override" })).getProperties();
  equal("blob: response header of the signature", got.contentType, "text/x-override");
  await (await forBlob("d")).delete();
  equal("blob: delete", await client.getBlockBlobClient(name).exists(), false);
}

async function storedPolicy() {
  const client = await container("policy");
  await client.getBlockBlobClient("blob").upload("data", 4);
  await client.setAccessPolicy(undefined, [{ id: "readers", accessPolicy: { permissions: "rl", startsOn: soon(-1), expiresOn: soon() } }]);
  const policy = await client.getAccessPolicy();
  equal("the policy", policy.signedIdentifiers.map((each) => [each.id, each.accessPolicy.permissions, each.accessPolicy.expiresOn.getTime()]),
    [["readers", "rl", policy.signedIdentifiers[0]?.accessPolicy.expiresOn.getTime()]]);
  const reader = anonymous(sdk.ContainerClient, await client.generateSasUrl({ identifier: "readers" }));
  equal("read by policy", await text(reader.getBlockBlobClient("blob")), "data");
  await refused("write by a read policy", 403, MISMATCH, () => reader.getBlockBlobClient("x").upload("x", 1));
  await client.setAccessPolicy(undefined, []);
  await refused("the policy is gone", 403, "AuthenticationFailed", () => reader.getBlockBlobClient("blob").download());
  await client.setAccessPolicy("container", []);
  const open = anonymous(sdk.ContainerClient, client.url);
  equal("public: anonymous listing", (await collect(open.listBlobsFlat())).map((each) => each.name), ["blob"]);
  equal("public: anonymous read", await text(open.getBlockBlobClient("blob")), "data");
  equal("public: reported", (await client.getAccessPolicy()).blobPublicAccess, "container");
}

async function wrongKey() {
  const wrong = new sdk.StorageSharedKeyCredential(credential.accountName, "A".repeat(86) + "==");
  await refused("a wrong key", 403, "AuthenticationFailed", () => new sdk.BlobServiceClient(endpoint, wrong, { retryOptions: { maxTries: 1 } }).getProperties());
}

export const sections = [["account SAS", accountSas], ["container and blob SAS", serviceSas], ["stored access policy and public access", storedPolicy],
  ["wrong credentials", wrongKey]];
