// deno-lint-ignore-file no-console -- a command prints
/**
 * The house rules, in one command: `deno task ok`.
 *
 * Runs every step even if one fails, prints `ok <step>` or `FAILED <step>` with what the step said,
 * and ends with `ok: N passed, N failed`. Nothing here needs the network once packages are cached.
 */
import { checkTables } from "../docs/tables.ts";

const ROOT = new URL("../../", import.meta.url);
const WORK = new URL(`.cache/ok-${Deno.pid}/`, ROOT);
const MAP = "--import-map=tests/std/offline.json";

/** What a step answers: nothing to say, or what is wrong. */
type Verdict = string | undefined;

interface Step {
  readonly name: string;
  readonly run: () => Promise<Verdict>;
}

interface Config {
  readonly exports: Readonly<Record<string, string>>;
  readonly compilerOptions: Readonly<Record<string, unknown>>;
}

const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT))) as Config;

async function deno(...args: string[]): Promise<{ success: boolean; text: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { success, text: (decoder.decode(stdout) + decoder.decode(stderr)).trim() };
}

/** A step that is one command: it fails as the command does. */
function command(name: string, ...args: string[]): Step {
  return {
    name,
    run: async () => {
      const { success, text } = await deno(...args);
      return success ? undefined : text;
    },
  };
}

async function sources(folder: string, skip: readonly string[] = []): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(new URL(`${folder}/`, ROOT))) {
    const path = `${folder}/${entry.name}`;
    if (entry.name === "node_modules" || skip.includes(path)) continue;
    if (entry.isDirectory) found.push(...await sources(path, skip));
    else if (path.endsWith(".ts")) found.push(path);
  }
  return found.sort();
}

/** Rivals are packages of their own folder, installed by the bench tasks only. */
async function rivals(): Promise<string[]> {
  const installed = await Deno.stat(new URL("bench/vs/node_modules", ROOT)).then(
    () => true,
    () => false,
  );
  if (!installed) console.log("   types leaves out bench/vs: its packages are not installed");
  return installed ? [] : ["bench/vs"];
}

async function types(): Promise<Verdict> {
  const skip = await rivals();
  const files = ["mod.ts"];
  for (const folder of ["src", "tests", "examples", "bench"]) {
    files.push(...await sources(folder, skip));
  }
  const { success, text } = await deno("check", "--quiet", MAP, ...files);
  return success ? undefined : text;
}

/** The same compiler options with the web's types and no runtime's. */
async function webTypes(): Promise<Verdict> {
  await Deno.mkdir(WORK, { recursive: true });
  const lib = ["esnext", "dom", "dom.iterable", "dom.asynciterable"];
  const compilerOptions = { ...config.compilerOptions, lib, types: [] };
  const file = new URL("dom.json", WORK);
  await Deno.writeTextFile(file, JSON.stringify({ compilerOptions }));
  const probe = new URL("probe.ts", WORK);
  await Deno.writeTextFile(probe, "export const folder: string = Deno.cwd();\n");
  const check = ["check", "--quiet", "--config", path(file)];

  const stray = await deno(...check, path(probe));
  if (stray.success || !stray.text.includes("Cannot find name 'Deno'")) {
    return `the check is blind: it accepts a stray Deno.\n${stray.text}`;
  }
  const { success, text } = await deno(
    ...check,
    "mod.ts",
    ...await sources("src", ["src/adapters"]),
  );
  return success ? undefined : text;
}

function path(url: URL): string {
  return decodeURIComponent(url.pathname).replace(/^\/(?=[A-Za-z]:)/, "");
}

async function tables(): Promise<Verdict> {
  const problems = checkTables("README.md", await Deno.readTextFile(new URL("README.md", ROOT)));
  if (problems.length === 0) return undefined;
  return problems.map(({ page, line, message }) => `${page}:${line} ${message}`).join("\n");
}

/** `package.json` serves Bun and Node the entries that `deno.json` names. */
async function manifests(): Promise<Verdict> {
  const other = JSON.parse(await Deno.readTextFile(new URL("package.json", ROOT))) as Config;
  const [mine, theirs] = [config.exports, other.exports].map((map) => JSON.stringify(map));
  return mine === theirs ? undefined : `deno.json exports ${mine}\npackage.json exports ${theirs}`;
}

const entries = Object.values(config.exports);
const steps: readonly Step[] = [
  command("fmt", "fmt", "--check"),
  command("lint", "lint"),
  { name: "manifests", run: manifests },
  { name: "types", run: types },
  { name: "web types (a stray Deno. is refused)", run: webTypes },
  command("types of the dashboard", "check", "--quiet", "dashboard/main.ts"),
  command("doc lint", "doc", "--lint", ...entries),
  command("layers", "test", "-A", "--quiet", MAP, "tests/architecture_test.ts"),
  command("docs", "run", "-A", "--quiet", "tests/docs/run.ts"),
  { name: "generated tables", run: tables },
  command("publish dry run", "publish", "--dry-run", "--allow-dirty"),
];

let failed = 0;
for (const { name, run } of steps) {
  const start = performance.now();
  const verdict = await run().catch((error: unknown) => String(error));
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  console.log(`${verdict === undefined ? "ok" : "FAILED"} ${name} (${seconds} s)`);
  if (verdict === undefined) continue;
  failed += 1;
  console.log(verdict.replace(/^/gm, "    "));
}
await Deno.remove(WORK, { recursive: true }).catch(() => {});
console.log(`ok: ${steps.length - failed} passed, ${failed} failed`);
Deno.exitCode = failed === 0 ? 0 : 1;
