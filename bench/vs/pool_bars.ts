/** The bars of the pools. */

import { type Bar, leastRatio, plain, type RuntimeName } from "./bar.ts";
import { BESIDE_MAIN, TWO_PROCESSES, TWO_THREADS } from "./pool_probes.ts";
import { groups, poolCell } from "./pools.ts";

const ALL: readonly RuntimeName[] = ["deno", "bun", "node"];

function against(
  mine: string,
  theirs: string,
  atLeast: number,
  runtimes: readonly RuntimeName[] = ALL,
  sizes: readonly string[] = groups,
): Bar {
  return {
    text: `${mine}, ${sizes.join(", ")} at a time: ≥ ${atLeast} × ${theirs}`,
    runtimes,
    atLeast,
    find: leastRatio(sizes.map((size) => ({
      mine: poolCell(mine, size),
      theirs: poolCell(theirs, size),
      by: `${size} at a time`,
    }))),
  };
}

export const poolBars: readonly Bar[] = [
  against("nova submit", "p-queue", 8),
  against("nova submit", "fastq.promise", 1),
  {
    text: "threads, hand-over of a small event, 1000 at a time: ≤ 3.5 µs",
    runtimes: ALL,
    atMost: 3.5,
    find: plain(poolCell("nova threads", "1000"), "µs", 1000),
  },
  against("nova threads", "piscina", 8, ["node", "bun"], ["1000"]),
  against("nova threads", "poolifier-web-worker", 8, ["deno", "bun"], ["1000"]),
  against("nova threads", "comlink", 8, ALL, ["1000"]),
  {
    // How much two threads can give is the machine's to say: the control is what it gave just now.
    text: "100 µs tasks, 2 threads against 1: ≥ 0.9 × what 2 processes gain",
    runtimes: ALL,
    atLeast: 0.9,
    find: leastRatio([{ mine: TWO_PROCESSES, theirs: TWO_THREADS, by: "the control" }]),
  },
  {
    text: "100 µs tasks, CPU time here against in a thread: ≥ 0.9 ×",
    runtimes: ALL,
    atLeast: 0.9,
    find: plain(BESIDE_MAIN, "×"),
  },
];
