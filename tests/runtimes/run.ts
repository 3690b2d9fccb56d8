/**
 * Runs the one test suite on the runtimes that are named:
 *
 *     deno run -A tests/runtimes/run.ts deno docs bun node workerd
 *
 * | word      | what runs                                                                        |
 * | --------- | -------------------------------------------------------------------------------- |
 * | `deno`    | the suite on Deno, with the stand-ins for `@std/*` in `tests/std/`                |
 * | `bun`     | the suite on Bun                                                                 |
 * | `node`    | the suite on Node 22.18 or later                                                 |
 * | `workerd` | the suite inside workerd, bundled                                                |
 * | `jsr`     | the suite on Deno with the real `@std/*` from JSR                                |
 * | `docs`    | every code block of the documentation                                            |
 * | `real`    | `tests/real/`: what needs a server, a browser, root, or more than two seconds    |
 * | `race`    | `tests/race/` in 2,000 orders of things for each property, or `NOVA_RACE_RUNS`   |
 *
 * The suite is `tests/**\/*_test.ts` without `tests/real/` and `tests/docs/`. A runtime that is not
 * on the PATH is fetched by `npx`. For every word there is one line `word: N passed, N failed`;
 * the numbers count `it` cases. Failures are shown in full. It exits non-zero if anything failed,
 * if no case ran, or if the runtimes do not agree on the cases.
 *
 * More words pick files by a part of their path: `deno task test -- emitter ring`.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a command line program

import { count, disagreements, type Outcome, summary } from "./outcome.ts";
import { runOnBun, runOnDeno, runOnNode } from "./runners.ts";
import { realFiles, ROOT, suiteFiles } from "./suite.ts";

/** The words that run the suite, and how. */
const SUITE: Readonly<Record<string, (files: readonly string[]) => Promise<Outcome>>> = {
  deno: (files) => runOnDeno(files, "stand-ins"),
  bun: runOnBun,
  node: runOnNode,
  workerd: async (files) => {
    const { runOnWorkerd } = await import("./workerd/host.ts");
    return await runOnWorkerd(files);
  },
  jsr: (files) => runOnDeno(files, "real"),
};

/** Words with runners of their own. */
const APART: readonly string[] = ["docs", "real", "race"];

async function main(args: readonly string[]): Promise<boolean> {
  const { words, filters } = parse(args);
  const files = await suiteFiles(filters);
  const outcomes = new Map<string, Outcome>();
  let good = true;
  for (const word of words) {
    if (word === "docs") good = await runDocs(filters) && good;
    else if (word === "real") good = await runReal(filters) && good;
    else if (word === "race") good = await runRace() && good;
    else {
      // Without a file a runner would take all that it finds.
      const outcome = files.length === 0
        ? { cases: [], trouble: [], output: "" }
        : await attempt(() => (SUITE[word] as typeof runOnBun)(files));
      outcomes.set(word, outcome);
      good = report(word, outcome) && good;
    }
  }
  // A run that failed has said so; which cases it lost thereby would only hide that.
  const different = good ? disagreements(outcomes) : [];
  if (different.length > 0) console.log(`not the same on all:\n  ${different.join("\n  ")}`);
  return good && different.length === 0;
}

/** Words come first; what is no word, or stands behind `--`, picks files. */
function parse(args: readonly string[]): { words: string[]; filters: string[] } {
  const known = (arg: string): boolean => arg in SUITE || APART.includes(arg);
  const end = args.findIndex((arg) => !known(arg));
  const words = end < 0 ? args : args.slice(0, end);
  const filters = end < 0 ? [] : args.slice(end).filter((arg) => arg !== "--");
  if (words.length === 0) {
    console.error(`say what to run: ${[...Object.keys(SUITE), ...APART].join(", ")}`);
    Deno.exit(2);
  }
  return { words: [...words], filters };
}

/** A runtime that cannot be started is a failed run, not a crash of this program. */
async function attempt(run: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await run();
  } catch (error) {
    return {
      cases: [],
      trouble: [error instanceof Error ? error.message : `${error}`],
      output: "",
    };
  }
}

/** Prints the summary line, and all there is to know if something failed. */
function report(word: string, outcome: Outcome): boolean {
  const counts = count(outcome);
  const nothingRan = outcome.cases.length === 0 && outcome.trouble.length === 0;
  if (nothingRan) outcome.trouble.push("no case ran");
  const failed = counts.failed > 0 || nothingRan;
  if (failed) {
    console.log(outcome.output.trimEnd());
    for (const { name, file, detail } of outcome.cases.filter((c) => c.ending === "failed")) {
      console.log(`\n${word} FAILED: ${name}`);
      if (detail !== undefined) console.log(`${file}\n${detail}`);
    }
    for (const line of outcome.trouble) console.log(`\n${word} FAILED: ${line}`);
  }
  for (const { name, detail } of outcome.cases.filter((c) => c.ending === "skipped")) {
    console.log(`${word} skipped: ${name}${detail === undefined ? "" : ` (${detail})`}`);
  }
  console.log(summary(word, count(outcome)));
  return !failed;
}

async function runDocs(filters: readonly string[]): Promise<boolean> {
  if (filters.length > 0) {
    console.log("docs: not run, since files of the suite are picked");
    return true;
  }
  return await passThrough(["run", "--allow-all", "tests/docs/run.ts"]) === 0;
}

async function runReal(filters: readonly string[]): Promise<boolean> {
  const files = await realFiles(filters);
  if (files.length === 0) {
    console.log("tests/real/ has no such file: nothing to run\nreal: 0 passed, 0 failed");
    return true;
  }
  const outcome = await attempt(() => runOnDeno(files, "stand-ins"));
  // A test that cannot run on this machine says why.
  if (count(outcome).failed === 0) console.log(outcome.output.trim());
  return report("real", outcome);
}

/** The properties that the suite tries in a hundred orders, in many more. */
async function runRace(): Promise<boolean> {
  if (Deno.env.get("NOVA_RACE_RUNS") === undefined) Deno.env.set("NOVA_RACE_RUNS", "2000");
  const files = await suiteFiles(["tests/race/"]);
  return report("race", await attempt(() => runOnDeno(files, "stand-ins")));
}

/** Runs Deno with everything it prints going straight through. */
async function passThrough(args: string[]): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdin: "null",
    stdout: "inherit",
    stderr: "inherit",
  }).spawn();
  return (await child.status).code;
}

if (import.meta.main) Deno.exit(await main(Deno.args) ? 0 : 1);
