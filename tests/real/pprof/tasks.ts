/** A thread that takes part in profiles. */

import { expose } from "@nova/events/pool";
import { profileThread } from "@nova/events/profiler";

function spinFor(ms: number): number {
  const end = performance.now() + ms;
  let turns = 0;
  while (performance.now() < end) {
    for (let i = 0; i < 1_000; i++) turns += Math.sqrt(i) > 5 ? 1 : 0;
  }
  return turns;
}

const tasks = { spin: (ms: number): number => spinFor(ms) };
/** What the thread can do. */
export type Tasks = typeof tasks;

profileThread();
expose(tasks);
