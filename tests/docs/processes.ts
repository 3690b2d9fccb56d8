/** The two processes of the runner: one that type-checks every module, one that runs them. */
import type { Chain, Problem } from "./extract.ts";
import type { Outcome } from "./execute.ts";
import { ROOT, WORK } from "./place.ts";

/** A process that says nothing for this long is blocked by the block it runs. */
const SILENCE_MS = 20_000;

/** One chain of blocks with the module made of it. */
export interface Unit {
  readonly chain: Chain;
  readonly url: URL;
}

/** The import map of the suite, made absolute: blocks import the same packages as the tests. */
export async function writeImportMap(): Promise<string> {
  const source = new URL("tests/std/offline.json", ROOT);
  const { imports } = JSON.parse(await Deno.readTextFile(source)) as {
    imports: Record<string, string>;
  };
  const absolute = Object.fromEntries(
    Object.entries(imports).map(([name, target]) => [
      name,
      /^\.{0,2}\//.test(target) ? new URL(target, source).href : target,
    ]),
  );
  const file = new URL("import_map.json", WORK);
  await Deno.writeTextFile(file, JSON.stringify({ imports: absolute }));
  return file.href;
}

/** Type-checks all modules at once; answers the problems by module, and what belongs to none. */
export async function check(
  units: readonly Unit[],
  map: string,
): Promise<{ byUrl: Map<string, Problem[]>; elsewhere: Problem[] }> {
  const byUrl = new Map<string, Problem[]>();
  if (units.length === 0) return { byUrl, elsewhere: [] };
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", `--import-map=${map}`, ...units.map((unit) => unit.url.href)],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  if (success) return { byUrl, elsewhere: [] };
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  const pages = new Map(units.map((unit) => [unit.url.href, unit.chain[0]?.page ?? ""]));
  const elsewhere: Problem[] = [];
  for (const part of text.split(/\n(?=TS\d+ |error: )/)) {
    const place = /at (file:\S+?):(\d+):\d+/.exec(part);
    if (place === null && /^error: Type checking failed/.test(part)) continue;
    const [, url = "", line = "1"] = place ?? [];
    const message = part.replace(/\s*at file:[^]*$/, "").trim();
    const page = pages.get(url);
    const problem = { page: page ?? (url.replace(ROOT.href, "") || "(types)"), line: Number(line) };
    if (page === undefined) elsewhere.push({ ...problem, message });
    else byUrl.set(url, [...byUrl.get(url) ?? [], { ...problem, message }]);
  }
  return { byUrl, elsewhere };
}

/** Runs the modules, and starts again behind one that ended or blocked the process. */
export async function execute(units: readonly Unit[], map: string): Promise<Outcome[]> {
  const list = new URL("list.json", WORK);
  await Deno.writeTextFile(list, JSON.stringify(units.map((unit) => ({ url: unit.url.href }))));
  const outcomes: Outcome[] = [];
  while (outcomes.length < units.length) {
    const program = new URL("execute.ts", import.meta.url).href;
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "--no-check",
        "--no-prompt",
        "--allow-read",
        `--import-map=${map}`,
        program,
        decodeURIComponent(list.pathname).replace(/^\/(?=[A-Za-z]:)/, ""),
        String(outcomes.length),
      ],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const stderr = new Response(child.stderr).text();
    let silent = false;
    const watch = (): ReturnType<typeof setTimeout> =>
      setTimeout(() => {
        silent = true;
        child.kill("SIGKILL");
      }, SILENCE_MS);
    let timer = watch();
    let rest = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      clearTimeout(timer);
      timer = watch();
      const rows = (rest + chunk).split("\n");
      rest = rows.pop() ?? "";
      outcomes.push(...rows.map((row) => JSON.parse(row) as Outcome));
    }
    const { code } = await child.status;
    clearTimeout(timer);
    if (outcomes.length < units.length) {
      const why = silent
        ? `it blocked its process for ${SILENCE_MS} ms`
        : `it ended its process (exit code ${code}) ${(await stderr).trim()}`;
      outcomes.push({ done: 0, printed: [], error: { text: why } });
    }
  }
  return outcomes;
}
