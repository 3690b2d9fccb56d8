/** Bars of the emitter that are no time per operation. */

import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { createEvent, Emitter } from "../../src/emitter/mod.ts";
import { expectCount, type Probe } from "../case.ts";
import { load } from "./load.ts";

/** How late timers are beside a flood; wall time, because a late timer is about nothing else. */
export const TIMER_LATENESS = "1 ms timers beside a flood of 200,000 events";
/** The bundle of the `./emitter` entry. */
export const BUNDLE_SIZE = "./emitter bundled";

const FLOOD = 200_000;

/** The latest of the timers that run one after the other until the flood is handled. */
async function timerLateness(): Promise<number> {
  const emitter = new Emitter<{ drop: number }>({ bufferSize: FLOOD });
  let handled = 0;
  emitter.on("drop", () => {
    handled += 1;
  });
  const event = createEvent("drop", 1);
  for (let i = 0; i < FLOOD; i++) emitter.tryEnqueue(event);
  let latest = 0;
  let timers = 0;
  while (handled < FLOOD) {
    latest = Math.max(latest, await oneMillisecond() - 1);
    timers += 1;
  }
  expectCount("events handled", handled, FLOOD);
  if (timers < 2) throw new Error("The flood was over before a second timer: it proves nothing");
  return latest;
}

function oneMillisecond(): Promise<number> {
  const started = performance.now();
  return new Promise((resolve) => {
    setTimeout(() => resolve(performance.now() - started), 1);
  });
}

interface Esbuild {
  buildSync(options: Record<string, unknown>): { outputFiles: { contents: Uint8Array }[] };
}

function bundle(): Uint8Array {
  const entry = fileURLToPath(new URL("../../src/emitter/mod.ts", import.meta.url));
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
  { name: TIMER_LATENESS, unit: "ms", measure: timerLateness },
  { name: `${BUNDLE_SIZE}, minified`, unit: "kB", measure: () => bundle().length / 1000 },
  {
    name: `${BUNDLE_SIZE}, gzipped`,
    unit: "kB",
    measure: () => gzipSync(bundle(), { level: 9 }).length / 1000,
  },
];
