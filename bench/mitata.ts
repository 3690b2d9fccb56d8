/** The cases of some modules under mitata: `node bench/mitata.ts emitter`, or with deno run -A, bun. */

import process from "node:process";
import { runWithMitata } from "./adapters/mitata.ts";
import { chosenModules, isRivalry, suiteOf } from "./cases/mod.ts";

// Rivals are left out: they spoil each other's type feedback in one process.
const modules = chosenModules(process.argv.slice(2)).filter((name) => !isRivalry(name));
const suites = await Promise.all(modules.map(suiteOf));
await runWithMitata(suites.flatMap(({ cases }) => cases));
