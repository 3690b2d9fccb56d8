/**
 * The bench runner: `deno task bench`, `deno task bench:emitter -- --count=5 --runtime=node`.
 * `bench/README.md` says how the figures are made.
 */

import { writeFileSync } from "node:fs";
import process from "node:process";
import { chosenModules, isRivalry } from "./cases/mod.ts";
import { readOptions, usage } from "./runner/options.ts";
import { printed } from "./runner/report.ts";
import { writeReadme } from "./runner/readme.ts";
import { describe, type Report, type Row } from "./runner/result.ts";
import { fingerprint } from "./runner/revision.ts";
import { findRuntime, type Runtime } from "./runner/runtimes.ts";
import { measureAll } from "./runner/schedule.ts";
import { bars } from "./vs/bars.ts";
import { installRivals } from "./vs/install.ts";

async function main(): Promise<boolean> {
  const options = readOptions(process.argv.slice(2));
  const modules = chosenModules(options.modules);
  if (modules.some(isRivalry)) installRivals();
  const runtimes: Runtime[] = [];
  for (const name of options.runtimes) {
    const found = findRuntime(name);
    if (typeof found === "string") say(`Without ${name}: ${found}\n`);
    else runtimes.push(found);
  }
  if (runtimes.length === 0) throw new Error("There is no runtime to measure on");

  const before = fingerprint();
  const head = describe(runtimes, options.count);
  // After every round, so that a long run that is stopped has not been for nothing.
  const save = (rows: readonly Row[]): void => {
    if (options.json === undefined) return;
    writeFileSync(options.json, `${JSON.stringify({ ...head, rows }, null, 2)}\n`);
  };
  const rows = await measureAll(modules, runtimes, options, {
    progress,
    round: save,
    skipped: (reasons) => {
      for (const reason of reasons) say(`Without a profile of ${reason}\n`);
    },
  });
  if (rows.length === 0) throw new Error(`No case of ${modules.join(", ")} matches --filter`);
  const report: Report = { ...head, rows };
  progress("");
  const changed = fingerprint() !== before;
  process.stdout.write(`${printed(report, options.baseline)}\n`);
  if (modules.some(isRivalry)) {
    process.stdout.write(`\n${bars(report, options.filtered, modules)}\n`);
  }
  save(rows);
  if (changed) {
    say("The library's files changed during the run: its rows compare different versions\n");
    return false;
  }
  if (options.readme) writeReadme(report);
  return rows.every((row) => row.error === undefined);
}

/** One line that replaces itself on a terminal; nothing in a log. */
function progress(line: string): void {
  if (process.stderr.isTTY) say(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 80) - 1)}`);
}

function say(text: string): void {
  process.stderr.write(text);
}

try {
  process.exitCode = await main() ? 0 : 1;
} catch (error) {
  say(`${(error as Error).message}\n\n${usage}`);
  process.exitCode = 2;
}
