/** Writes what is generated: `deno task generate`. */

import { writeFile } from "node:fs/promises";
import { generateDispatchers } from "./dispatchers.ts";

const target = new URL("../../src/emitter/dispatchers.ts", import.meta.url);
await writeFile(target, generateDispatchers());
