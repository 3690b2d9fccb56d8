// deno-lint-ignore-file no-console -- a command prints
/** Runs the cases of this runtime and prints one line of JSON for each. */

import process from "node:process";
import { cases } from "./cases.ts";

/** No case takes a tenth of it. */
const LIMIT_MS = 20_000;

for (const { name, run } of cases) {
  let limit: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    limit = setTimeout(() => reject(new Error(`not done after ${LIMIT_MS} ms`)), LIMIT_MS);
  });
  const failure = await Promise.race([run(), late]).then(
    () => undefined,
    (error: Error) => String(error.stack ?? error),
  );
  clearTimeout(limit);
  console.log(`case: ${JSON.stringify({ name, failure })}`);
}
// A pool that kept the process alive would show here: nothing ends it but itself.
console.log("case: " + JSON.stringify({ name: "all threads are gone at the end" }));
process.on("exit", () => console.log("ended by itself"));
