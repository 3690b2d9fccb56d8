/** The tasks that the thread tests run. The file runs in a worker of Deno, Bun and Node. */

import { expose, type TaskContext, transferring } from "../../../src/pool/mod.ts";
import { TerminalError, VersionConflictError } from "../../../src/errors.ts";

const tasks = {
  square: (n: number): number => n * n,

  /** Keeps the thread busy: nothing else runs in it. */
  spin(ms: number): number {
    const end = performance.now() + ms;
    let turns = 0;
    while (performance.now() < end) turns += 1;
    return turns;
  },

  wait: (ms: number): Promise<string> =>
    new Promise((resolve) => setTimeout(() => resolve("waited"), ms)),

  untilAborted: (_input: unknown, { signal }: TaskContext): Promise<string> =>
    new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve("stopped"), { once: true });
    }),

  bytes(buffer: ArrayBuffer): ArrayBuffer {
    new Uint8Array(buffer)[0] = 7;
    return transferring(buffer, [buffer]);
  },

  fail(kind: string): never {
    if (kind === "terminal") {
      throw new TerminalError("no such customer", { cause: new Error("404") });
    }
    if (kind === "conflict") throw new VersionConflictError("order-1", 3, 5, [{ id: "a" }]);
    if (kind === "range") throw new RangeError("too far");
    if (kind === "undefined") throw undefined;
    throw new Error(kind);
  },

  answer: (): unknown => () => "a function cannot be cloned",

  /** Ends the thread, in one way or another. */
  async crash(how: "throw" | "reject" | "close" | "exit" | "garbage" | "memory"): Promise<never> {
    if (how === "throw") setTimeout(() => raise(new Error("boom")), 0);
    if (how === "reject") void Promise.reject(new Error("boom"));
    if (how === "close") (globalThis as { close?: () => void }).close?.();
    if (how === "exit") exit();
    if (how === "garbage") sayHello();
    if (how === "memory") grow();
    return await new Promise<never>(() => {});
  },
};

function raise(error: Error): never {
  throw error;
}

function sayHello(): void {
  (globalThis as unknown as { postMessage(message: unknown): void }).postMessage("hello");
}

function exit(): void {
  const runtime = globalThis as { Deno?: { exit(code: number): never } };
  if (runtime.Deno !== undefined) runtime.Deno.exit(3);
  (globalThis as unknown as { process: { exit(code: number): never } }).process.exit(3);
}

/** Many small things: one that is too large at once ends the whole process, on Node as well. */
function grow(): void {
  let chain: unknown;
  for (let n = 0;; n++) chain = { n, chain };
}

export type Tasks = typeof tasks;

expose(tasks);
