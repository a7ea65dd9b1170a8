// The suite of the JavaScript SDK: `suite.mjs all` or `suite.mjs development-storage`, run by run.py.
import { finish, section } from "./harness.mjs";
import * as containers from "./cases-containers.mjs";
import * as objects from "./cases-objects.mjs";
import * as access from "./cases-access.mjs";

try {
  if (process.argv[2] === "development-storage") {
    await section("UseDevelopmentStorage=true", containers.developmentStorage);
  } else {
    for (const module of [containers, objects, access]) {
      for (const [title, body, azuriteLacks] of module.sections) await section(title, body, azuriteLacks);
    }
  }
} finally {
  await finish();
}
