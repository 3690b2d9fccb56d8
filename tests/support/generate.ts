/** Writes what is generated: `deno task generate`. */

import { writeFile } from "node:fs/promises";
import { generateDashboard } from "./dashboard.ts";
import { generateDispatchers } from "./dispatchers.ts";

const SRC = new URL("../../src/", import.meta.url);
await writeFile(new URL("emitter/dispatchers.ts", SRC), generateDispatchers());
await writeFile(new URL("http/dashboard/page.ts", SRC), await generateDashboard());
