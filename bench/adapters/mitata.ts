/** Hands cases to mitata, which runs on Deno, Bun and Node. */

import { bench, run } from "mitata";
import process from "node:process";
import { type Case, Trial } from "../case.ts";

const OPS = 1000;

/**
 * Runs every case in this process, prints mitata's table (an iteration is 1000 operations, as with
 * `deno bench`) and the median in nanoseconds per operation. What every case did is checked at the
 * end.
 */
export async function runWithMitata(cases: readonly Case[]): Promise<void> {
  const trials: Trial[] = [];
  for (const definition of cases) {
    const trial = await Trial.start(definition);
    trials.push(trial);
    bench(`${definition.name} ×${OPS}`, async () => {
      if (trial.room < OPS) await trial.renew();
      await trial.run(OPS);
    });
  }
  const { benchmarks } = await run();
  for (const trial of trials) await trial.check();
  benchmarks.forEach(({ runs: [measured] }, index) => {
    const { name } = cases[index]!;
    if (measured?.stats === undefined) {
      throw new Error(`${name} failed`, { cause: measured?.error });
    }
    process.stdout.write(`${name}: ${(measured.stats.p50 / OPS).toFixed(1)} ns/op\n`);
  });
}
