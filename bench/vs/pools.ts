/**
 * The pools against others. Promises: `submit` of an asynchronous task, 16 at once, every answer
 * awaited. Threads: one small event handed to one thread, its answer awaited; "pipelined" is a
 * thousand at a time. Each library is used as its own documentation does.
 */

import { type Case, defineCase } from "../case.ts";
import { allAnswered, type Answers, inGroups } from "../cases/pool.ts";
import { makeWorker, nextPlaced } from "../threads/make.ts";
import type { Tasks } from "../threads/tasks.ts";
import { load, loadDefault } from "./load.ts";

/** The names of the tables. */
export const PROMISES = "async tasks, 16 at once";
export const THREADS = "small events to one thread";
/** How many are asked for before the answers are awaited, as the columns name it. */
export const groups = ["1", "100", "1000"] as const;

type RuntimeName = "deno" | "bun" | "node";

interface Rival {
  readonly name: string;
  /** Where it works; by default everywhere. */
  readonly runtimes?: readonly RuntimeName[];
  /** Answers what asks once. */
  make(): Promise<() => Promise<number>>;
}

const CONCURRENCY = 16;
const task = async (): Promise<number> => {
  await undefined;
  return 1;
};

const promises: readonly Rival[] = [
  {
    name: "nova submit",
    async make() {
      const { WorkerPool } = await import("../../src/pool/mod.ts");
      const pool = new WorkerPool({ workers: CONCURRENCY, queueSize: 1000 });
      return () => pool.submit(task);
    },
  },
  {
    name: "fastq.promise",
    make() {
      type Queue = { push(item: () => Promise<number>): Promise<number> };
      type Make = (
        worker: (item: () => Promise<number>) => Promise<number>,
        concurrency: number,
      ) => Queue;
      const queue = load<{ promise: Make }>("fastq").promise((item) => item(), CONCURRENCY);
      return Promise.resolve(() => queue.push(task));
    },
  },
  {
    name: "floor: the task alone",
    make: () => Promise.resolve(task),
  },
  {
    name: "p-queue",
    make() {
      type Adding = { add(task: () => Promise<number>): Promise<number> };
      const PQueue = loadDefault<new (options: { concurrency: number }) => Adding>("p-queue");
      const queue = new PQueue({ concurrency: CONCURRENCY });
      return Promise.resolve(() => queue.add(task));
    },
  },
];

const threads: readonly Rival[] = [
  {
    name: "nova threads",
    async make() {
      const { ThreadPool } = await import("../../src/pool/mod.ts");
      const pool = new ThreadPool<Tasks>(makeWorker, { workers: 1 });
      return () => pool.run("total", nextPlaced());
    },
  },
  {
    name: "piscina",
    // It knows Node's threads only, which Deno has in part.
    runtimes: ["node", "bun"],
    make() {
      type Pool = { run(item: unknown): Promise<number> };
      const { Piscina } = load<{ Piscina: new (options: object) => Pool }>("piscina");
      const filename = new URL("./threads/piscina.mjs", import.meta.url).href;
      const pool = new Piscina({ filename, minThreads: 1, maxThreads: 1 });
      return Promise.resolve(() => pool.run(nextPlaced()));
    },
  },
  {
    name: "poolifier-web-worker",
    runtimes: ["deno", "bun"],
    async make() {
      type Pool = { execute(item: unknown): Promise<number> };
      const file = new URL("./node_modules/poolifier-web-worker/esm/mod.js", import.meta.url);
      const { FixedThreadPool } = await import(file.href) as {
        FixedThreadPool: new (size: number, url: URL) => Pool;
      };
      const pool = new FixedThreadPool(1, new URL("./threads/poolifier.mjs", import.meta.url));
      return () => pool.execute(nextPlaced());
    },
  },
  {
    name: "comlink",
    async make() {
      const folder = new URL("./node_modules/comlink/dist/esm/", import.meta.url);
      const { wrap } = await import(new URL("comlink.mjs", folder).href) as {
        wrap(endpoint: unknown): { total(item: unknown): Promise<number> };
      };
      const url = new URL("./threads/comlink.mjs", import.meta.url);
      if (typeof Worker === "function") {
        const remote = wrap(new Worker(url, { type: "module" }));
        return () => remote.total(nextPlaced());
      }
      const { Worker: NodeWorker } = await import("node:worker_threads");
      const adapter = await import(new URL("node-adapter.mjs", folder).href) as {
        default(worker: unknown): unknown;
      };
      const remote = wrap(adapter.default(new NodeWorker(url)));
      return () => remote.total(nextPlaced());
    },
  },
];

/** The name of a case in a table. */
export function poolCell(row: string, group: string): string {
  return `${row} | ${group} at a time`;
}

function table(name: string, rivals: readonly Rival[]): Case[] {
  return groups.flatMap((group) =>
    rivals.map(({ name: row, runtimes, make }) =>
      defineCase<Answers>({
        name: poolCell(row, group),
        cell: { table: name, row, column: group },
        bytes: false,
        ...(runtimes === undefined ? {} : { runtimes }),
        setup: async () => ({ sum: 0, ask: await make() }),
        run: inGroups(Number(group)),
        check: allAnswered,
      })
    )
  );
}

export const poolGrid: readonly Case[] = [...table(PROMISES, promises), ...table(THREADS, threads)];
