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
    let x = 1;
    for (let i = 0; i < turns; i++) {
      x ^= x << 13;
      x ^= x >>> 17;
      x ^= x << 5;
    }
    return x;
  },
};

/** Their type. */
export type Tasks = typeof tasks;

expose(tasks);
