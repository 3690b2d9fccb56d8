/**
 * The rules of the house, as a function of its source texts: what imports what, which names are
 * used where, how long a file is, and what is exported.
 *
 * @module
 */

import { scan, type SourceText } from "./source_text.ts";

/** The floors, lowest first. A room imports from lower floors only, never from its own. */
const FLOORS: readonly (readonly string[])[] = [
  ["errors", "internal"],
  ["event"],
  ["queue", "metrics"],
  ["emitter", "listener", "store", "pool"],
  ["bus", "tuning", "profile"],
  ["http", "testing"],
  ["adapters"],
  ["mod"],
];

/** Past this a file is no longer one idea. */
const MOST_LINES = 400;

/** Names that exist on one runtime only. Behind a dot or inside a longer name they are something else. */
const RUNTIME_NAMES: readonly RegExp[] = [
  /(?<![\w$.#])(?:Deno|Bun)\s*(?:\?\.|[.[])/,
  /(?<![\w$.#])process\s*(?:\?\.|[.[])/,
  /(?<![\w$.#])Buffer\b/,
  /(?<![\w$.#])(?:require|__dirname|__filename)\b/,
  /\bglobalThis\s*(?:\?\.)?\s*(?:\.\s*|\[\s*")(?:Deno|Bun|process|Buffer)\b/,
];

const EVALUATION: readonly RegExp[] = [
  /(?<![\w$.#])eval\s*\(/,
  /(?<![\w$.#])(?:new\s+)?Function\s*\(/,
];

/** What is read of a manifest. */
interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly exports?: Readonly<Record<string, string>>;
}

/** Every breach of the rules in the given files, by path from the root of the project. */
export function checkArchitecture(files: ReadonlyMap<string, string>): string[] {
  const problems: string[] = [];
  for (const [path, text] of files) {
    if (!path.endsWith(".ts")) continue;
    problems.push(...checkFile(path, text).map((problem) => `${path}: ${problem}`));
  }
  problems.push(...checkManifests(files));
  return problems;
}

function checkFile(path: string, text: string): string[] {
  const source = scan(text);
  const problems = checkImports(path, source);
  if (!path.startsWith("src/adapters/")) problems.push(...checkNames(source.code));
  for (const pattern of EVALUATION) {
    const hit = pattern.exec(source.code);
    if (hit) problems.push(`evaluates text as code: ${hit[0]}`);
  }
  if (/(?<![\w$.#])(?:await\s+)?using\s+[\w$]+\s*=/.test(source.code)) {
    problems.push("`using` syntax: Node 22 cannot parse it");
  }
  const lines = text.replace(/\n$/, "").split("\n").length;
  if (lines > MOST_LINES) problems.push(`${lines} lines, at most ${MOST_LINES}`);
  return problems;
}

function checkImports(path: string, { imports }: SourceText): string[] {
  const room = roomOf(path);
  const floor = floorOf(room);
  if (floor < 0) return [`"${room}" is no room of the house`];
  return imports.flatMap((specifier) => {
    if (!/^\.\.?\//.test(specifier)) {
      return room === "adapters" ? [] : [`imports "${specifier}", which is no file of the project`];
    }
    const target = new URL(specifier, `file:///${path}`).pathname.slice(1);
    const other = roomOf(target);
    if (!target.endsWith(".ts")) return [`imports "${specifier}" without its .ts`];
    if (other === room) return [];
    const distance = floorOf(other) - floor;
    if (floorOf(other) < 0) return [`imports "${specifier}", which is outside of the house`];
    if (distance > 0) return [`imports up, from ${room} to ${other} ("${specifier}")`];
    if (distance === 0) return [`imports sideways, from ${room} to ${other} ("${specifier}")`];
    return [];
  });
}

function checkNames(code: string): string[] {
  return RUNTIME_NAMES.flatMap((pattern) => {
    const hit = pattern.exec(code);
    return hit ? [`names a runtime: ${hit[0]}`] : [];
  });
}

/** Entries are the same for JSR and for Bun and Node, exist, say what they are, and name names. */
function checkManifests(files: ReadonlyMap<string, string>): string[] {
  const deno = JSON.parse(files.get("deno.json") ?? "{}") as Manifest;
  const npm = JSON.parse(files.get("package.json") ?? "{}") as Manifest;
  const problems: string[] = [];
  const entries = Object.keys({ ...deno.exports, ...npm.exports }).sort();
  if (entries.length === 0) problems.push("deno.json: no exports");
  for (const entry of entries) {
    const [ours, theirs] = [deno.exports?.[entry], npm.exports?.[entry]];
    if (ours !== theirs) {
      problems.push(`export "${entry}": ${ours} in deno.json, ${theirs} in package.json`);
    }
  }
  for (const key of ["name", "version"] as const) {
    if (deno[key] !== npm[key]) {
      problems.push(`${key}: ${deno[key]} in deno.json, ${npm[key]} in package.json`);
    }
  }
  for (const [entry, target] of Object.entries(deno.exports ?? {})) {
    const path = target.replace(/^\.\//, "");
    const text = files.get(path);
    if (text === undefined) problems.push(`export "${entry}": there is no ${path}`);
    else problems.push(...checkEntry(scan(text)).map((problem) => `${path}: ${problem}`));
  }
  return problems;
}

function checkEntry({ code, docs }: SourceText): string[] {
  const problems: string[] = [];
  if (!docs.some((doc) => /^\s*@module\b/m.test(doc))) problems.push("an entry without @module");
  if (/\bexport\s*\*\s*from\b/.test(code)) problems.push("an entry that exports *, not names");
  return problems;
}

/** The folder under `src/`, or the file itself if it is in none. */
function roomOf(path: string): string {
  const inside = path.replace(/^src\//, "");
  const slash = inside.indexOf("/");
  return slash < 0 ? inside.replace(/\.ts$/, "") : inside.slice(0, slash);
}

function floorOf(room: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(room));
}
