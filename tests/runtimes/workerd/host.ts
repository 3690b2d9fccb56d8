/**
 * Runs the suite inside workerd: bundles the test files, serves the bundle on loopback, and asks
 * for one file after the other.
 *
 * @module
 */

import { build, type Plugin, stop } from "esbuild";
import { sources } from "../../support/sources.ts";
import type { Outcome } from "../outcome.ts";
import { ROOT } from "../suite.ts";
import { workerdBinary } from "../tools.ts";
import type { Report } from "./worker.ts";

/** Old enough for every workerd that may be installed; nothing in the suite needs `nodejs_compat`. */
const COMPATIBILITY_DATE = "2026-01-01";

/** A file that takes longer is stuck. */
const FILE_LIMIT_MS = 30_000;

const HERE = `${ROOT}tests/runtimes/workerd/`;

/** Runs the files and reports every case. */
export async function runOnWorkerd(files: readonly string[]): Promise<Outcome> {
  const folder = await Deno.makeTempDir({ prefix: "nova-workerd-" });
  try {
    const { good, bad } = await bundle(files, folder);
    if (good.length === 0) return { cases: [], trouble: bad, output: "" };
    const outcome = await serveAndAsk(good, folder);
    return { ...outcome, trouble: [...bad, ...outcome.trouble] };
  } finally {
    await stop();
    await Deno.remove(folder, { recursive: true });
  }
}

/** Bundles what can be bundled, and says of the rest why it cannot. */
async function bundle(
  files: readonly string[],
  folder: string,
): Promise<{ good: readonly string[]; bad: string[] }> {
  try {
    await write(files, folder);
    return { good: files, bad: [] };
  } catch {
    // One file that does not build must not hide the others: find it.
    const good: string[] = [];
    const bad: string[] = [];
    for (const file of files) {
      try {
        await write([file], folder);
        good.push(file);
      } catch (error) {
        bad.push(`${file} does not build: ${error instanceof Error ? error.message : error}`);
      }
    }
    if (good.length > 0) await write(good, folder);
    return { good, bad };
  }
}

/** One module for each test file and shared ones for what they import, as on the other runtimes. */
async function write(files: readonly string[], folder: string): Promise<void> {
  const loaders = files.map((file) =>
    `${JSON.stringify(file)}: () => import(${JSON.stringify(ROOT + file)}),`
  );
  const { metafile } = await build({
    stdin: {
      contents: `import { serve } from "./worker.ts";\n` +
        `export default serve({\n${loaders.join("\n")}\n});\n`,
      resolveDir: HERE,
      sourcefile: "entry.ts",
      loader: "ts",
    },
    outdir: folder,
    entryNames: "entry",
    bundle: true,
    splitting: true,
    format: "esm",
    target: "esnext",
    platform: "neutral",
    keepNames: true,
    conditions: ["workerd", "worker"],
    mainFields: ["module", "main"],
    absWorkingDir: ROOT,
    alias: { "node:test": `${HERE}registrar.ts` },
    plugins: [embedSources],
    logLevel: "silent",
    metafile: true,
  });
  const modules = Object.keys(metafile.outputs).map((path) =>
    path.slice(path.lastIndexOf("/") + 1)
  );
  await Deno.writeTextFile(`${folder}/config.capnp`, configuration(modules));
}

/** There is no file system on workerd: the texts go into the bundle. */
const embedSources: Plugin = {
  name: "embed-sources",
  setup({ onLoad }): void {
    onLoad({ filter: /[/\\]tests[/\\]support[/\\]sources\.ts$/ }, () => {
      const texts = JSON.stringify([...sources()]);
      return { contents: `const texts = ${texts};\nexport const sources = () => new Map(texts);` };
    });
  },
};

function configuration(modules: readonly string[]): string {
  // The first module is the one that has the handler.
  const ordered = ["entry.js", ...modules.filter((name) => name !== "entry.js")];
  const list = ordered.map((name) => `    (name = "${name}", esModule = embed "${name}"),`);
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .tests)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const tests :Workerd.Worker = (
  modules = [
${list.join("\n")}
  ],
  compatibilityDate = "${COMPATIBILITY_DATE}",
);
`;
}

async function serveAndAsk(files: readonly string[], folder: string): Promise<Outcome> {
  const outcome: Outcome = { cases: [], trouble: [], output: "" };
  let output = "";
  let worker = await start(folder);
  try {
    for (const file of files) {
      if (await ask(file, worker.port, outcome)) continue;
      // It may never answer again: the next file gets a new one.
      output += await worker.stop();
      worker = await start(folder);
    }
  } finally {
    output += await worker.stop();
  }
  return { ...outcome, output };
}

interface Worker {
  readonly port: string;
  /** Ends the process and returns what it printed. */
  stop(): Promise<string>;
}

async function start(folder: string): Promise<Worker> {
  const child = new Deno.Command(await workerdBinary(), {
    // With the control descriptor on standard output, its first line names the port it got.
    args: ["serve", `${folder}/config.capnp`, "--control-fd=1"],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  // A program that is ended takes the process it has started with it.
  const end = (): void => {
    child.kill("SIGKILL");
    Deno.exit(143);
  };
  if (Deno.build.os !== "windows") Deno.addSignalListener("SIGTERM", end);
  const output = collect(child.stdout);
  const errors = collect(child.stderr);
  const gone = async (): Promise<string> => {
    await Promise.all([child.status, output.done, errors.done]);
    if (Deno.build.os !== "windows") Deno.removeSignalListener("SIGTERM", end);
    return output.text().replace(/^\{"event":.*\n/, "") + errors.text();
  };
  const listening = await output.firstLine;
  const port = /"port":(\d+)/.exec(listening)?.[1];
  if (port === undefined) throw new Error(`workerd did not start: ${await gone()}`);
  return {
    port,
    stop(): Promise<string> {
      child.kill("SIGKILL");
      return gone();
    },
  };
}

/** Runs one file. False: it did not answer in time, as with a loop that never ends. */
async function ask(file: string, port: string, outcome: Outcome): Promise<boolean> {
  const url = `http://127.0.0.1:${port}/?file=${encodeURIComponent(file)}`;
  let report: Report;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FILE_LIMIT_MS) });
    if (!response.ok) throw new Error(`status ${response.status}: ${await response.text()}`);
    report = await response.json();
  } catch (error) {
    outcome.trouble.push(`${file} gives no results: ${error}`);
    return false;
  }
  if (report.failed !== undefined) outcome.trouble.push(`${file} does not load: ${report.failed}`);
  for (const { path, outcome: ending, detail } of report.results) {
    const name = path.join(" > ");
    outcome.cases.push(detail === undefined ? { name, ending } : { name, ending, detail, file });
  }
  return true;
}

interface Collected {
  readonly firstLine: Promise<string>;
  readonly done: Promise<void>;
  text(): string;
}

/** Reads a stream to its end; its first line is known as soon as it is there. */
function collect(stream: ReadableStream<Uint8Array>): Collected {
  const { promise: firstLine, resolve } = Promise.withResolvers<string>();
  let text = "";
  const done = (async (): Promise<void> => {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    }
    resolve(text);
  })();
  return { firstLine, done, text: (): string => text };
}
