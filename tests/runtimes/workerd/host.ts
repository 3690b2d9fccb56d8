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

const HERE = new URL("./", import.meta.url).pathname;
const SOURCES = `${ROOT}tests/support/sources.ts`;

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
    onLoad({ filter: /tests\/support\/sources\.ts$/ }, ({ path }) => {
      if (path !== SOURCES) return undefined;
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
  const child = new Deno.Command(await workerdBinary(), {
    // With the control descriptor on standard output, its first line names the port it got.
    args: ["serve", `${folder}/config.capnp`, "--control-fd=1"],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = collect(child.stdout);
  const errors = collect(child.stderr);
  let stopped = false;
  try {
    const listening = await output.firstLine;
    const port = /"port":(\d+)/.exec(listening)?.[1];
    if (port === undefined) {
      stopped = true;
      await Promise.all([child.status, errors.done]);
      throw new Error(`workerd did not start: ${listening}\n${errors.text()}`);
    }
    const outcome: Outcome = { cases: [], trouble: [], output: "" };
    for (const file of files) await ask(file, port, outcome);
    return { ...outcome, output: output.text().slice(listening.length + 1) + errors.text() };
  } finally {
    if (!stopped) child.kill("SIGTERM");
    await Promise.all([child.status, output.done, errors.done]);
  }
}

async function ask(file: string, port: string, outcome: Outcome): Promise<void> {
  const url = `http://127.0.0.1:${port}/?file=${encodeURIComponent(file)}`;
  const response = await fetch(url);
  if (!response.ok) {
    outcome.trouble.push(`${file}: status ${response.status}: ${await response.text()}`);
    return;
  }
  const { results, failed } = await response.json() as Report;
  if (failed !== undefined) outcome.trouble.push(`${file} does not load: ${failed}`);
  for (const { path, outcome: ending, detail } of results) {
    const name = path.join(" > ");
    outcome.cases.push(detail === undefined ? { name, ending } : { name, ending, detail, file });
  }
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
