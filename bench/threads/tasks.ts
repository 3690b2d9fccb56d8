/** What the threads of the pool bench run. */

import { expose } from "../../src/pool/mod.ts";

/** A small event, as in the reference measurements. */
export interface Placed {
  readonly type: string;
  readonly id: string;
  readonly data: { readonly order: string; readonly total: number };
}

const tasks = {
  total: ({ data }: Placed): number => data.total,

  /** Keeps the thread busy for so many microseconds of its own time, by counting. */
  work(turns: number): number {
    let sum = 0;
    for (let i = 0; i < turns; i++) sum = (sum * 31 + i) | 0;
    return sum;
  },
};

/** Their type. */
export type Tasks = typeof tasks;

expose(tasks);
