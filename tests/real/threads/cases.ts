/**
 * What real threads must do, the same on every runtime that has them. `run.ts` runs the cases in a
 * process of their own; `threads_test.ts` starts that on each runtime.
 */

import { TerminalError, VersionConflictError, WorkerLostError } from "../../../src/errors.ts";
import { nodeWorker, type NodeWorkerOptions } from "../../../src/adapters/node.ts";
import { ThreadPool, type ThreadPoolOptions, type WorkerLike } from "../../../src/pool/mod.ts";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertStringIncludes,
} from "@std/assert";
import type { Tasks } from "./tasks.ts";

/** One case. */
export interface ThreadCase {
  readonly name: string;
  readonly run: () => Promise<void>;
}

type RuntimeName = "deno" | "bun" | "node";

const scope = globalThis as unknown as { readonly Deno?: unknown; readonly Bun?: unknown };
const runtime: RuntimeName = scope.Deno ? "deno" : scope.Bun ? "bun" : "node";

const TASKS = new URL("./tasks.ts", import.meta.url);

function makeWorker(url = TASKS, options?: NodeWorkerOptions): WorkerLike {
  return typeof Worker === "function"
    ? new Worker(url, { type: "module" })
    : nodeWorker(url, options);
}

async function withPool(
  options: ThreadPoolOptions,
  use: (pool: ThreadPool<Tasks>) => Promise<void>,
  make: () => WorkerLike = makeWorker,
): Promise<void> {
  const pool = new ThreadPool<Tasks>(make, options);
  try {
    await use(pool);
    const s = pool.stats();
    assertEquals(s.submitted, s.completed + s.failed + s.cancelled + s.queued + s.running);
  } finally {
    await pool.close({ signal: AbortSignal.timeout(1_000) });
  }
}

/** What a promise comes to, success or failure. */
function ending(promise: Promise<unknown>): Promise<unknown> {
  return promise.catch((error: unknown) => error);
}

function crashing(how: Parameters<Tasks["crash"]>[0], words: string): ThreadCase {
  return {
    name: `a thread that ends by ${how} fails its task and no other, and is replaced`,
    run: () =>
      withPool({ workers: 1 }, async (pool) => {
        await pool.run("square", 1);
        const before = [2, 3].map((n) => pool.run("square", n));
        const lost = ending(pool.run("crash", how));
        const after = [4, 5, 6].map((n) => pool.run("square", n));

        const error = await lost;

        assertInstanceOf(error, WorkerLostError);
        assertEquals([error.task, error.started], ["crash", true]);
        assertStringIncludes(error.message, words);
        assertEquals(await Promise.all([...before, ...after]), [4, 9, 16, 25, 36]);
        assertEquals(pool.stats().lost, 1);
      }),
  };
}

const everywhere: readonly ThreadCase[] = [
  {
    name: "many small tasks come back, each with its own answer",
    run: () =>
      withPool({ workers: 2, queueSize: 5_000 }, async (pool) => {
        const numbers = Array.from({ length: 5_000 }, (_, n) => n);
        const squares = await Promise.all(numbers.map((n) => pool.run("square", n)));
        assertEquals(squares, numbers.map((n) => n * n));
        const { threads, completed } = pool.stats();
        assert(threads >= 1 && threads <= 2);
        assertEquals(completed, 5_000);
      }),
  },
  {
    name: "errors keep class, code, fields and cause (I9)",
    run: () =>
      withPool({ workers: 1 }, async (pool) => {
        const terminal = await ending(pool.run("fail", "terminal"));
        assertInstanceOf(terminal, TerminalError);
        assertEquals((terminal.cause as Error).message, "404");
        const conflict = await ending(pool.run("fail", "conflict"));
        assertInstanceOf(conflict, VersionConflictError);
        assertEquals([conflict.code, conflict.actual], ["version-conflict", 5]);
        assertEquals(conflict.events, [{ id: "a" }]);
        assertInstanceOf(await ending(pool.run("fail", "range")), RangeError);
        assertEquals(await ending(pool.run("fail", "undefined")), undefined);
        assertEquals(pool.stats().lost, 0);
      }),
  },
  {
    name: "buffers move there and back",
    run: () =>
      withPool({ workers: 1 }, async (pool) => {
        const buffer = new ArrayBuffer(1024);
        const back = await pool.run("bytes", buffer, { transfer: [buffer] });
        assertEquals(buffer.byteLength, 0);
        assertEquals([back.byteLength, new Uint8Array(back)[0]], [1024, 7]);
      }),
  },
  {
    name: "what cannot be cloned is a DataCloneError that names the task",
    run: () =>
      withPool({ workers: 1 }, async (pool) => {
        await pool.run("square", 1);
        const fine = [2, 3].map((n) => pool.run("square", n));
        const input = ending(pool.run("square", (() => 1) as never));
        const output = ending(pool.run("answer", undefined as never));
        for (const error of await Promise.all([input, output])) {
          assertEquals((error as Error).name, "DataCloneError");
        }
        assertStringIncludes(String(await input), 'task "square"');
        assertStringIncludes(String(await output), 'task "answer"');
        assertEquals(await Promise.all(fine), [4, 9]);
      }),
  },
  crashing("throw", "boom"),
  crashing("reject", "boom"),
  crashing("exit", "its thread"),
  crashing("garbage", "which is no answer"),
  {
    name: "a task whose thread was lost runs again if retry says so",
    run: () =>
      withPool({ workers: 1, retry: { attempts: 3 } }, async (pool) => {
        const error = await ending(pool.run("crash", "throw"));
        assertInstanceOf(error, WorkerLostError);
        assertEquals(pool.stats().lost, 3);
        assertEquals(await pool.run("square", 5), 25);
      }),
  },
  {
    name: "a cancelled task sees its signal and keeps its thread",
    run: () =>
      withPool({ workers: 1 }, async (pool) => {
        const controller = new AbortController();
        const reason = new Error("no longer wanted");
        const { signal } = controller;
        const gone = ending(pool.run("untilAborted", undefined, { signal }));
        await pause(100);
        controller.abort(reason);
        assertStrictEquals(await gone, reason);
        assertEquals(await pool.run("square", 3), 9);
        const { ended, lost, cancelled } = pool.stats();
        assertEquals([ended, lost, cancelled], [0, 0, 1]);
      }),
  },
  {
    name: "a thread that ignores its signal past graceMs is ended, and others go on",
    run: () =>
      withPool({ workers: 1, graceMs: 100 }, async (pool) => {
        await pool.run("square", 1);
        const controller = new AbortController();
        const gone = ending(pool.run("spin", 5_000, { signal: controller.signal }));
        const others = [2, 3].map((n) => pool.run("square", n));
        await pause(100);
        controller.abort("enough");
        assertEquals(await gone, "enough");
        const start = performance.now();
        assertEquals(await Promise.all(others), [4, 9]);
        assert(performance.now() - start < 4_000);
        assertEquals(pool.stats().ended, 1);
      }),
  },
  {
    name: "a worker whose file does not exist fails what waits, and says so",
    run: () =>
      withPool({ workers: 2 }, async (pool) => {
        const all = [1, 2, 3].map((n) => ending(pool.run("square", n)));
        for (const error of await Promise.all(all)) {
          assertInstanceOf(error, WorkerLostError);
          assertStringIncludes(error.message, "could not start");
          assertEquals(error.started, false);
        }
      }, () => makeWorker(new URL("./no_such_file.ts", import.meta.url))),
  },
  {
    name: "a worker that never calls expose() is given up after startMs",
    run: () =>
      withPool({ workers: 1, startMs: 500 }, async (pool) => {
        const error = await ending(pool.run("square", 1));
        assertInstanceOf(error, WorkerLostError);
        assertStringIncludes(error.message, "was not ready after 500 ms");
      }, () => makeWorker(new URL("./silent.ts", import.meta.url))),
  },
  {
    name: "an idle thread ends after idleMs, and comes back",
    run: () =>
      withPool({ workers: 1, idleMs: 100 }, async (pool) => {
        await pool.run("square", 1);
        await pause(300);
        assertEquals(pool.stats().threads, 0);
        assertEquals(await pool.run("square", 2), 4);
      }),
  },
  {
    name: "close() gives up when its signal says so, and answers what was left",
    run: async () => {
      const pool = new ThreadPool<Tasks>(makeWorker, { workers: 1 });
      await pool.run("square", 1);
      const spinning = ending(pool.run("spin", 5_000));
      const waiting = ending(pool.run("square", 2));
      await pause(100);
      const { left } = await pool.close({ signal: AbortSignal.timeout(100) });
      assertEquals(left.map(({ name, started }) => [name, started]).sort(), [
        ["spin", true],
        ["square", false],
      ]);
      for (const error of await Promise.all([spinning, waiting])) {
        assertEquals((error as { code?: string }).code, "closed");
      }
    },
  },
  {
    name: "thousands of crashes and cancels lose nothing (I13)",
    run: () =>
      withPool(
        { workers: 2, queueSize: 3_000, retry: { attempts: 50 }, graceMs: 50 },
        async (pool) => {
          const all: Promise<unknown>[] = [];
          for (let n = 0; n < 2_000; n++) {
            if (n % 400 === 200) {
              const { signal } = new AbortController();
              all.push(
                ending(
                  pool.run("crash", "throw", {
                    signal: AbortSignal.any([signal, AbortSignal.timeout(50)]),
                  }),
                ),
              );
            }
            all.push(pool.run("square", n));
          }
          const answers = await Promise.all(all);
          assertEquals(answers.filter((each) => typeof each === "number").length, 2_000);
          const { completed, queued, running } = pool.stats();
          assertEquals([completed, queued, running], [2_000, 0, 0]);
        },
      ),
  },
];

const some: Readonly<Record<RuntimeName, readonly ThreadCase[]>> = {
  // Bun has no close() in a worker; there it is process.exit(), as above.
  bun: [],
  deno: [crashing("close", "its thread closed itself")],
  node: [
    crashing("close", "its thread"),
    {
      name: "a thread that runs out of its memory fails its task and no other",
      run: () =>
        withPool({ workers: 1 }, async (pool) => {
          await pool.run("square", 1);
          const error = await ending(pool.run("crash", "memory"));
          assertInstanceOf(error, WorkerLostError);
          assertStringIncludes(error.message, "memory");
          assertEquals(await pool.run("square", 4), 16);
        }, () => makeWorker(TASKS, { resourceLimits: { maxOldGenerationSizeMb: 32 } })),
    },
  ],
};

/** The cases of this runtime. */
export const cases: readonly ThreadCase[] = [...everywhere, ...some[runtime]];

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
