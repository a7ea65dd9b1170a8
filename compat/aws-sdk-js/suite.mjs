// The suite of the AWS SDK for JavaScript, run by run.py.
import { finish, section } from "./harness.mjs";
import * as buckets from "./cases-buckets.mjs";
import * as objects from "./cases-objects.mjs";
import * as transfer from "./cases-transfer.mjs";
import * as virtual from "./cases-virtual.mjs";

try {
  for (const module of [buckets, objects, virtual, transfer]) {
    for (const [title, body] of module.sections) await section(title, body);
  }
} finally {
  await finish();
}
