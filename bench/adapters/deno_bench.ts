/** Hands cases to `deno bench`. */

import { type Case, Trial } from "../case.ts";

/** One iteration: enough that starting and stopping the clock does not show. */
const OPS = 1000;

/**
 * Registers every case. `deno bench` prints the time of one iteration, which is 1000 operations: read
 * microseconds as nanoseconds per operation. Every iteration is checked.
 */
export function registerDenoBenches(cases: readonly Case[]): void {
  for (const definition of cases) {
    let trial: Trial | undefined;
    const grows = definition.limit !== undefined;
    Deno.bench(`${definition.name} ×${OPS}`, async (bench) => {
      trial ??= await Trial.start(definition);
      if (trial.room < OPS) await trial.renew();
      // A new state is off the clock. Where there is none, Deno advises against a clock of our own.
      if (grows) bench.start();
      const running = trial.run(OPS);
      if (running !== undefined) await running;
      if (grows) bench.end();
      await trial.check();
    });
  }
}
