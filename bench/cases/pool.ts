/** What pools cost, from handing a task over until its answer is there. */

import { inline, type PoolTask, ThreadPool, WorkerPool } from "../../src/pool/mod.ts";
import { type Case, defineCase, expectCount } from "../case.ts";
import { makeWorker, nextPlaced } from "../threads/make.ts";
import type { Placed, Tasks } from "../threads/tasks.ts";

/** Answers of a sum of ones. */
export interface Answers {
  sum: number;
  readonly ask: () => Promise<number>;
}

/** A `run` that asks `size` at a time and awaits every answer. */
export function inGroups(size: number): (state: Answers, n: number) => Promise<void> {
  return async (state, n) => {
    for (let left = n; left > 0; left -= size) {
      const asked: Promise<number>[] = [];
      for (let i = Math.min(size, left); i > 0; i--) asked.push(state.ask());
      for (const answer of asked) state.sum += await answer;
    }
  };
}

/** The `check` that goes with it. */
export function allAnswered({ sum }: Answers, done: number): void {
  expectCount("answers", sum, done);
}

const one = async (): Promise<number> => {
  await undefined;
  return 1;
};

function submitting(
  name: string,
  group: number,
  ask: (pool: WorkerPool) => () => Promise<number>,
): Case {
  return defineCase<Answers>({
    name,
    setup: () => ({ sum: 0, ask: ask(new WorkerPool({ workers: 16, queueSize: 1000 })) }),
    run: inGroups(group),
    check: allAnswered,
  });
}

function handing(name: string, group: number, make: () => ThreadPool<Pick<Tasks, "total">>): Case {
  return defineCase<Answers>({
    name,
    bytes: false,
    setup() {
      const pool = make();
      return { sum: 0, ask: () => pool.run("total", nextPlaced()) };
    },
    run: inGroups(group),
    check: allAnswered,
  });
}

const threads = (): ThreadPool<Tasks> => new ThreadPool<Tasks>(makeWorker, { workers: 1 });
const total = ({ data }: Placed): number => data.total;
const { signal } = new AbortController();

export const cases: readonly Case[] = [
  submitting("pool submit, async task, each awaited", 1, (pool) => () => pool.submit(one)),
  submitting("pool submit, async tasks, 16 of 100 at once", 100, (pool) => () => pool.submit(one)),
  submitting("pool submit, one live signal", 100, (pool) => () => pool.submit(one, { signal })),
  defineCase<{ readonly pool: WorkerPool; hits: number }>({
    name: "pool trySubmit, 100 at a time",
    setup: () => ({ pool: new WorkerPool({ workers: 16 }), hits: 0 }),
    async run(state, n) {
      const task: PoolTask = () => {
        state.hits += 1;
      };
      for (let left = n; left > 0; left -= 100) {
        for (let i = Math.min(100, left); i > 0; i--) state.pool.trySubmit(task);
        await state.pool.drain();
      }
    },
    check: ({ hits }, done) => expectCount("tasks", hits, done),
  }),
  handing("threads, one thread, 1000 events at a time", 1000, threads),
  handing("threads, one thread, each event awaited", 1, threads),
  handing("inline, 1000 events at a time", 1000, () => inline({ total })),
];
