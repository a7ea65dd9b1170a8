// Makes a container in Azurite: node make-container.js http://HOST:PORT/devstoreaccount1 NAME. Waits until there is an answer; one that is there
// is left alone. Needs nothing but node, which Azurite's image has.
const crypto = require("crypto");

const [endpoint, name] = process.argv.slice(2);
const account = "devstoreaccount1";
const key = Buffer.from("Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==", "base64");

async function make() {
  const date = new Date().toUTCString();
  const text = `PUT\n${"\n".repeat(11)}x-ms-date:${date}\nx-ms-version:2021-12-02\n/${account}/${account}/${name}\nrestype:container`;
  const signature = crypto.createHmac("sha256", key).update(text).digest("base64");
  const answer = await fetch(`${endpoint}/${name}?restype=container`, {
    method: "PUT",
    headers: { "x-ms-date": date, "x-ms-version": "2021-12-02", Authorization: `SharedKey ${account}:${signature}` },
  });
  if (answer.status !== 201 && answer.status !== 409) throw new Error(`${answer.status} ${await answer.text()}`);
  console.log(answer.status === 201 ? `made ${name}` : `${name} is there`);
}

async function main() {
  for (let left = 60; ; left--) {
    try {
      return await make();
    } catch (error) {
      if (left === 0) throw error;
      await new Promise((wake) => setTimeout(wake, 1000));
    }
  }
}

main();
