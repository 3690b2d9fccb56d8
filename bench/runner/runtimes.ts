/** Finds the runtimes: on PATH, else by way of npx, which fetches them. */

import { execFileSync } from "node:child_process";
import process from "node:process";

/** The runtimes that can be measured. */
export const runtimeNames = ["deno", "bun", "node"] as const;
/** One of them. */
export type RuntimeName = typeof runtimeNames[number];

/** A runtime that is there. */
export interface Runtime {
  readonly name: RuntimeName;
  readonly version: string;
  readonly engine: "V8" | "JSC";
  readonly executable: string;
  /** Arguments before the script; with `heap` those that make allocation countable. */
  arguments(heap: boolean): readonly string[];
}

/** Lets the runner collect between two states of a case, off the clock. */
const GC_FLAG = "--expose-gc";
/** V8 collects the young generation when it is full; at this size it does not get full. */
const HEAP_FLAGS = ["--min-semi-space-size=128", "--max-semi-space-size=256"];

const WHERE = "process.stdout.write(process.execPath + ' ' + process.version)";

interface Kind {
  readonly engine: "V8" | "JSC";
  /** Prints where it is and its version. */
  readonly where: readonly string[];
  /** What npx fetches. */
  readonly npm: string;
  /** Oldest major and minor version that runs TypeScript as it is. */
  readonly oldest: readonly [number, number];
  arguments(heap: boolean): readonly string[];
}

const kinds: Readonly<Record<RuntimeName, Kind>> = {
  deno: {
    engine: "V8",
    where: ["eval", `console.log(Deno.execPath() + " " + Deno.version.deno)`],
    npm: "deno",
    oldest: [2, 0],
    arguments: (heap) => [
      "run",
      "-A",
      "--no-check",
      `--v8-flags=${[GC_FLAG, ...heap ? HEAP_FLAGS : []].join(",")}`,
    ],
  },
  bun: {
    engine: "JSC",
    where: ["-e", `process.stdout.write(process.execPath + " " + Bun.version)`],
    npm: "bun",
    oldest: [1, 2],
    arguments: () => [],
  },
  node: {
    engine: "V8",
    where: ["-e", WHERE],
    npm: "node@24",
    oldest: [22, 18],
    arguments: (heap) => ["--no-warnings", GC_FLAG, ...heap ? HEAP_FLAGS : []],
  },
};

/** The runtime, or the reason why it cannot be had. */
export function findRuntime(name: RuntimeName): Runtime | string {
  const { engine, where, npm, oldest, arguments: toRun } = kinds[name];
  // The Deno that runs the task comes first: it may be nowhere on PATH.
  const here = name === "deno" && process.versions.deno !== undefined ? process.execPath : name;
  const reasons: string[] = [];
  for (const [command, before] of [[here, []], ["npx", ["-y", npm]]] as const) {
    try {
      const answer = execFileSync(command, [...before, ...where], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
        timeout: 120_000,
      }).trim();
      const [, executable = "", version = ""] = /^(.*) v?(\S+)$/.exec(answer) ?? [];
      const [major = 0, minor = 0] = version.split(".").map(Number);
      if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) {
        return { name, version, engine, executable, arguments: toRun };
      }
      reasons.push(
        `${command} is version ${version}, ${oldest.join(".")} is the oldest that works`,
      );
    } catch (error) {
      reasons.push(`${command}: ${(error as Error).message.split("\n")[0]}`);
    }
  }
  return reasons.join("; ");
}
