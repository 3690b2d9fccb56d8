/** Bars of the emitter that are no time per operation. */

import process from "node:process";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { createEvent, Emitter } from "../../src/emitter/mod.ts";
import { expectCount, type Probe } from "../case.ts";
import { median } from "../runner/measure.ts";
import { load } from "./load.ts";

/** How late timers are beside a flood. */
export const TIMER_LATENESS = "1 ms timers beside a flood of a million events";
/** The bundle of the `./emitter` entry. */
export const BUNDLE_SIZE = "./emitter bundled";

/** The same timers beside nothing: what the machine and the runtime are late by on their own. */
export const IDLE_LATENESS = "1 ms timers beside nothing";

const FLOOD = 1_000_000;
/** The first flood meets code that nobody has compiled yet, so the median of several tells. */
const FLOODS = 9;

/** The worst lateness of a timer in a flood: the median of several floods, each handled before the next. */
async function timerLateness(clock?: () => number): Promise<number> {
  const worst: number[] = [];
  for (let flood = 0; flood < FLOODS; flood++) {
    worst.push(await oneFlood(clock));
  }
  return median(worst);
}

/** The latest of the timers that run one after the other until the flood is handled. */
async function oneFlood(clock?: () => number): Promise<number> {
  const emitter = new Emitter<{ drop: number }>({ bufferSize: FLOOD });
  let handled = 0;
  emitter.on("drop", () => {
    handled += 1;
  });
  const event = createEvent("drop", 1);
  // Filling takes longer than a millisecond, and belongs to whoever fills: timers start afterwards.
  for (let i = 0; i < FLOOD; i++) emitter.tryEnqueue(event);
  let latest = 0;
  let amidst = 0;
  while (handled < FLOOD) {
    latest = Math.max(latest, await lateness(clock));
    if (handled < FLOOD) amidst += 1;
  }
  expectCount("events handled", handled, FLOOD);
  if (amidst === 0) {
    throw new Error("The flood was over before the first timer: it proves nothing");
  }
  await emitter.close();
  return latest;
}

/** As many timers as a flood takes, and the same median of the worst. */
async function idleLateness(): Promise<number> {
  const worst: number[] = [];
  for (let round = 0; round < FLOODS; round++) {
    let latest = 0;
    for (let i = 0; i < 5; i++) {
      latest = Math.max(latest, await lateness(wallTime));
    }
    worst.push(latest);
  }
  return median(worst);
}

/**
 * How late a timer of a millisecond is. It is late by the clock; but time in which the process was busy
 * with nothing and did not run either, because the machine had other jobs, is not the emitter's. So it
 * is the lesser of wall and CPU time, and beside nothing, where there is no CPU time, wall time alone.
 */
function lateness(clock: () => number = busyTime): Promise<number> {
  const started = performance.now();
  const before = clock();
  return new Promise((resolve) => {
    setTimeout(() => {
      const passed = Math.min(performance.now() - started, clock() - before);
      resolve(Math.max(0, passed - 1));
    }, 1);
  });
}

function wallTime(): number {
  return performance.now();
}

/** CPU time of the process in milliseconds. */
function busyTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

interface Esbuild {
  buildSync(
    options: Record<string, unknown>,
  ): { outputFiles: { contents: Uint8Array }[] };
}

function bundle(): Uint8Array {
  const entry = fileURLToPath(
    new URL("../../src/emitter/mod.ts", import.meta.url),
  );
  const { outputFiles } = load<Esbuild>("esbuild").buildSync({
    entryPoints: [entry],
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    write: false,
  });
  const contents = outputFiles[0]?.contents;
  if (contents === undefined) throw new Error("esbuild wrote nothing");
  return contents;
}

/** All of them. */
export const probes: readonly Probe[] = [
  { name: TIMER_LATENESS, unit: "ms", measure: () => timerLateness() },
  {
    name: `${TIMER_LATENESS}, by the clock`,
    unit: "ms",
    measure: () => timerLateness(wallTime),
  },
  { name: IDLE_LATENESS, unit: "ms", measure: idleLateness },
  {
    name: `${BUNDLE_SIZE}, minified`,
    unit: "kB",
    measure: () => bundle().length / 1000,
  },
  {
    name: `${BUNDLE_SIZE}, gzipped`,
    unit: "kB",
    measure: () => gzipSync(bundle(), { level: 9 }).length / 1000,
  },
];
