/**
 * The bars of supervision.
 */

import type { Bar, Look } from "./bar.ts";
import { COCKATIEL, kinds, NOVA } from "./listener_suite.ts";

const ALL = ["deno", "bun", "node"] as const;

/** What one case costs more than another, in nanoseconds. */
function over(name: string, floor: string): Bar["find"] {
  return (look) => {
    const [mine, theirs] = [look(name), look(floor)];
    return mine === undefined || theirs === undefined
      ? undefined
      : { figure: mine - theirs, unit: "ns" };
  };
}

/** The slowest way to count. */
function slowestDecision(look: Look): ReturnType<Bar["find"]> {
  let worst: ReturnType<Bar["find"]>;
  for (const kind of ["consecutive", "count", "rate"]) {
    const figure = look(`breaker decision, ${kind}`);
    if (figure === undefined) return undefined;
    if (worst === undefined || figure > worst.figure) worst = { figure, unit: "ns", by: kind };
  }
  return worst;
}

/** Cockatiel's overhead over ours, each over the bare listener. */
function lessOverhead(kind: typeof kinds[number]): Bar["find"] {
  return (look) => {
    const [mine, theirs, bare] = [NOVA, COCKATIEL, "floor: bare"].map((row) =>
      look(`${row} | ${kind}`) ?? NaN
    ) as [number, number, number];
    const figure = (theirs - bare) / (mine - bare);
    return Number.isNaN(figure) ? undefined : { figure, unit: "×" };
  };
}

export const listenerBars: readonly Bar[] = [
  {
    text: "everything on, nothing failing, sync handler: ≤ 60 ns over the bare listener",
    runtimes: ALL,
    atMost: 60,
    find: over("listener supervised, everything on", "listener bare"),
  },
  {
    text: "breaker decision: ≤ 10 ns",
    runtimes: ALL,
    atMost: 10,
    find: slowestDecision,
  },
  ...kinds.map((kind): Bar => ({
    text: `${kind}: ≥ 5 × less overhead than cockatiel with the same policies`,
    runtimes: ALL,
    atLeast: 5,
    find: lessOverhead(kind),
  })),
  {
    text: "a failing attempt that ends here (dead letter): ≤ 300 ns over try/catch",
    runtimes: ALL,
    atMost: 300,
    find: over("failing listener, supervised, dead letter", "failing listener, try/catch"),
  },
  {
    text: "a failing attempt that is thrown on: ≤ 300 ns over try/catch and throwing on",
    runtimes: ALL,
    atMost: 300,
    find: over("failing listener, supervised, no retry", "failing listener, try/catch, thrown on"),
  },
];
