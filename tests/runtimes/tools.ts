/**
 * Finds the runtimes: on the PATH, else by `npx`, which fetches them. Nothing else has to be
 * installed on a machine with Node and npm.
 *
 * @module
 */

import { ROOT } from "./suite.ts";

/** A command line, to which more arguments are added. */
export type Command = readonly [string, ...string[]];

/** What a finished process left. */
export interface Finished {
  readonly code: number;
  readonly output: string;
}

/** The oldest Node that runs `.ts` files as they are. */
const OLDEST_NODE = [22, 18] as const;

const WINDOWS = Deno.build.os === "windows";
const NPX = WINDOWS ? "npx.cmd" : "npx";

/** No run takes this long: what does is stuck. */
const LIMIT_MS = 15 * 60_000;

/** Bun. */
export async function bun(): Promise<Command> {
  return await works(["bun", "--version"]) ? ["bun"] : [NPX, "-y", "bun"];
}

/** A Node that is new enough. */
export async function node(): Promise<Command> {
  const { code, output } = await run(["node", "--version"]).catch(() => ({ code: 1, output: "" }));
  const [major = 0, minor = 0] = output.trim().replace(/^v/, "").split(".").map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  const newEnough = major > oldestMajor || (major === oldestMajor && minor >= oldestMinor);
  return code === 0 && newEnough ? ["node"] : [NPX, "-y", "node@24"];
}

/**
 * The binary itself: what npm puts on the PATH may be a script around it, and only the process
 * that serves must get the signal that ends it.
 */
export async function workerdBinary(): Promise<string> {
  for (const folder of searchPath(Deno.env.get("PATH") ?? "")) {
    const binary = await binaryBeside(folder);
    if (binary !== undefined) return binary;
  }
  const { output } = await run([NPX, "-y", "-p", "workerd", "-c", "node -p process.env.PATH"]);
  for (const folder of searchPath(output.trim())) {
    const binary = await binaryBeside(folder);
    if (binary !== undefined) return binary;
  }
  throw new Error(`workerd is neither on the PATH nor to be had by npx: ${output}`);
}

/** Installs the packages of package.json, the stand-ins of the workspace too, where one is missing. */
export async function installPackages(): Promise<void> {
  const { devDependencies } = JSON.parse(await Deno.readTextFile(`${ROOT}package.json`)) as {
    devDependencies: Record<string, string>;
  };
  const missing: string[] = [];
  for (const name of Object.keys(devDependencies)) {
    if (!await exists(`${ROOT}node_modules/${name}/package.json`)) missing.push(name);
  }
  if (missing.length === 0) return;
  const { code, output } = await run([Deno.execPath(), "install"]);
  if (code !== 0) throw new Error(`cannot install ${missing.join(", ")}:\n${output}`);
}

/** Runs a process to its end, in the root of the project. */
export async function run(
  [program, ...args]: Command,
  env: Record<string, string> = {},
): Promise<Finished> {
  const child = new Deno.Command(program, {
    args,
    cwd: ROOT,
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stuck = setTimeout(() => child.kill(), LIMIT_MS);
  // Both into one text, in the order in which they come.
  let output = "";
  const read = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) output += chunk;
  };
  const [{ code, signal }] = await Promise.all([
    child.status,
    read(child.stdout),
    read(child.stderr),
  ]);
  clearTimeout(stuck);
  if (signal !== null) output += `\nended by ${signal}\n`;
  return { code, output };
}

async function works(command: Command): Promise<boolean> {
  try {
    return (await run(command)).code === 0;
  } catch {
    return false;
  }
}

function searchPath(path: string): string[] {
  return path.split(WINDOWS ? ";" : ":").filter((folder) => folder !== "");
}

/** The binary of workerd for a folder of the PATH: in the package that npm put there, or itself. */
async function binaryBeside(folder: string): Promise<string | undefined> {
  const suffix = WINDOWS ? ".exe" : "";
  const packages = `${folder}/../@cloudflare`;
  if (/[/\\]node_modules[/\\]\.bin$/.test(folder) && await exists(packages)) {
    for await (const { name } of Deno.readDir(packages)) {
      const binary = `${packages}/${name}/bin/workerd${suffix}`;
      if (name.startsWith("workerd-") && await exists(binary)) return binary;
    }
  }
  const own = `${folder}/workerd${suffix}`;
  return await exists(own) ? own : undefined;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch {
    return false;
  }
}
