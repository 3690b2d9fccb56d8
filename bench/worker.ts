/**
 * One fresh process for one measurement: `worker.ts <time|bytes|probe|cpu|mem> <module> <name>`
 * prints one line of JSON; profiles of `cpu` and `mem` go into a file that is named behind. The runner starts it on Deno, Bun and Node.
 */

import { writeFileSync } from "node:fs";
import process from "node:process";
import { suiteOf } from "./cases/mod.ts";
import { measureBytes, measureTime } from "./runner/measure.ts";
import { profileCase } from "./runner/profile.ts";

const [kind = "", module = "", name = "", file = ""] = process.argv.slice(2);

async function measure(): Promise<number | undefined> {
  const suite = await suiteOf(module);
  if (kind === "probe") {
    return await find(suite.probes ?? [], name).measure();
  }
  const found = find(suite.cases, name);
  if (kind === "cpu" || kind === "mem") {
    writeFileSync(file, JSON.stringify(await profileCase(kind, found)));
    return undefined;
  }
  return kind === "bytes" ? await measureBytes(found) : await measureTime(found);
}

function find<Item extends { readonly name: string }>(items: readonly Item[], name: string): Item {
  const found = items.find((item) => item.name === name);
  if (found === undefined) throw new Error(`Module "${module}" has nothing named "${name}"`);
  return found;
}

let answer: { figure?: number | undefined; error?: string };
try {
  answer = { figure: await measure() };
} catch (error) {
  answer = { error: String(error) };
}
// Written in full before the process ends; an emitter or a timer of the case may still hold it.
process.stdout.write(`\n${JSON.stringify(answer)}\n`, () => process.exit(0));
