/**
 * One function for each runtime: runs files of the suite and reports every case.
 *
 * @module
 */

import { SEPARATOR, TROUBLE_FILE } from "./deno_preload.ts";
import { parseBunJunit, parseDenoJunit, parseNodeJunit } from "./junit.ts";
import type { Case, Outcome } from "./outcome.ts";
import { bun, installPackages, node, run } from "./tools.ts";

/** The stand-ins of `@std/*`: JSR cannot be reached from every machine. */
const OFFLINE = "--import-map=tests/std/offline.json";

/** Messages without colours: they end up in files and are compared. */
const PLAIN = { NO_COLOR: "1" };

/** Deno, with the stand-ins or with the real `@std/*`. */
export function runOnDeno(files: readonly string[], std: "stand-ins" | "real"): Promise<Outcome> {
  return withReport((report) =>
    withReport(async (troubleFile) => {
      const { code, output } = await run([
        Deno.execPath(),
        "test",
        "--allow-all",
        ...(std === "real" ? [] : [OFFLINE]),
        "--preload=tests/runtimes/deno_preload.ts",
        "--reporter=dot",
        `--junit-path=${report}`,
        ...files,
      ], { ...PLAIN, [TROUBLE_FILE]: troubleFile });
      const cases = parseDenoJunit(await Deno.readTextFile(report));
      const uncaught = new Set(output.match(/^\S+_test\.ts \(uncaught error\)$/gm));
      // What Deno shows, it has counted.
      const unseen = (await Deno.readTextFile(troubleFile)).split(SEPARATOR)
        .filter((error) => error !== "" && !output.includes(headline(error)));
      const trouble = [...uncaught, ...unseen];
      return outcome({ cases, code, output: output.replaceAll(/^[.,!]\n/gm, ""), trouble });
    })
  );
}

/** Bun. */
export async function runOnBun(files: readonly string[]): Promise<Outcome> {
  await installPackages();
  return await withReport(async (report) => {
    // With "./" it is a path, without it would be a pattern.
    const paths = files.map((file) => `./${file}`);
    const reporter = ["--only-failures", "--reporter=junit", `--reporter-outfile=${report}`];
    const { code, output } = await run([...await bun(), "test", ...reporter, ...paths], PLAIN);
    const errors = /^\s*(\d+) errors?$/m.exec(output)?.[1];
    const trouble = errors === undefined ? [] : [`${errors} error(s) outside of any case`];
    return outcome({
      cases: parseBunJunit(await Deno.readTextFile(report)),
      code,
      output,
      trouble,
    });
  });
}

/** Node: one process for each file. */
export async function runOnNode(files: readonly string[]): Promise<Outcome> {
  await installPackages();
  return await withReport(async (report) => {
    const reporters = [
      ["--test-reporter=spec", "--test-reporter-destination=stdout"],
      ["--test-reporter=junit", `--test-reporter-destination=${report}`],
    ].flat();
    const { code, output } = await run([...await node(), "--test", ...reporters, ...files], PLAIN);
    const { cases, files: whole } = parseNodeJunit(await Deno.readTextFile(report));
    const trouble = whole.filter(({ ending }) => ending === "failed")
      .map(({ file }) => `${file} failed outside of its cases`);
    // What passed is in the numbers.
    return outcome({ cases, code, output: output.replaceAll(/^\s*[✔▶] .*\n/gm, ""), trouble });
  });
}

interface Raw {
  readonly cases: Case[];
  readonly code: number;
  readonly output: string;
  readonly trouble?: string[];
}

/** A runner that says no although no case failed: a file does not load, or a hook has thrown. */
function outcome({ cases, code, output, trouble = [] }: Raw): Outcome {
  const failed = trouble.length > 0 || cases.some(({ ending }) => ending === "failed");
  if (code !== 0 && !failed) trouble.push(`exit code ${code}, and no case failed`);
  return { cases, trouble, output };
}

/** Gives a file that a runner may write to. */
async function withReport(use: (path: string) => Promise<Outcome>): Promise<Outcome> {
  const path = await Deno.makeTempFile({ prefix: "nova-tests-", suffix: ".xml" });
  try {
    return await use(path);
  } finally {
    await Deno.remove(path);
  }
}

function headline(error: string): string {
  return error.split("\n", 1)[0] as string;
}
