/** What the threads of `cpu_pool.ts` run. A worker's file belongs to you: its URL stands in your code. */

import { expose } from "@nova/events/pool";

const tasks = {
  /** Counts the primes below a limit: pure computing. */
  primes(limit: number): number {
    let found = 0;
    for (let n = 2; n < limit; n++) {
      let prime = true;
      for (let d = 2; d * d <= n && prime; d++) prime = n % d !== 0;
      if (prime) found += 1;
    }
    return found;
  },
};

/** The type is all that the other side needs of this file. */
export type Tasks = typeof tasks;

expose(tasks);
