/**
 * The bars as data: what must hold, on which runtimes, and what the run says. A bar
 * that is missed stays in the table.
 */

import { type Report, rowOf, spread } from "../runner/result.ts";
import { short, textTable } from "../runner/table.ts";
import { type Bar, type Finding, leastRatio, type Look, plain, type RuntimeName } from "./bar.ts";
import { cellName, type Setting, settings } from "./emitter_grid.ts";
import { type Rival, rivals, type Shape } from "./emitters.ts";
import { busBars } from "./bus_bars.ts";
import { listenerBars } from "./listener_bars.ts";
import { metricsBars } from "./metrics_bars.ts";
import { storeBars } from "./store_bars.ts";
import { poolBars } from "./pool_bars.ts";
import { BUNDLE_SIZE, TIMER_LATENESS } from "./probes.ts";
import { burstName } from "./queues.ts";

const V8: readonly RuntimeName[] = ["deno", "node"];
const BUN: readonly RuntimeName[] = ["bun"];
const ALL: readonly RuntimeName[] = ["deno", "bun", "node"];

const evalFree = named("eval-free", "heavy");
const heavy = named("heavy");
const tseep = ["tseep"];
const emittery = ["emittery"];

function named(...kinds: readonly Rival["kind"][]): string[] {
  return rivals.filter(({ kind }) => kinds.includes(kind)).map(({ name }) => name);
}

/** How much faster Nova is than the fastest of some rivals, over several shapes: the least of all. */
function faster(setting: Setting, shapes: readonly Shape[], than: readonly string[]): Bar["find"] {
  return leastRatio(shapes.flatMap((shape) =>
    than.map((rival) => ({
      mine: cellName("nova", setting, shape),
      theirs: cellName(rival, setting, shape),
      by: `${rival} at ${shape}`,
    }))
  ));
}

function against(
  runtimes: readonly RuntimeName[],
  setting: Setting,
  shapes: readonly Shape[],
  than: readonly string[],
  atLeast: number,
  who: string,
): Bar {
  const many = Number(shapes.at(-1)) > 1
    ? " listeners"
    : Number(shapes.at(-1)) > 0
    ? " listener"
    : "";
  const where = `${shapes.join(", ")}${many}`;
  const text = `${setting}, ${where}: ≥ ${atLeast} × ${who}`;
  return { text, runtimes, atLeast, find: faster(setting, shapes, than) };
}

/** How much faster `enqueue` is than another way to hand over, in bursts of a hundred and more. */
function enqueueFaster(than: string): Bar["find"] {
  return leastRatio(["100", "1000"].map((size) => ({
    mine: burstName("nova enqueue", size),
    theirs: burstName(than, size),
    by: `bursts of ${size}`,
  })));
}

/** Nova's time over the best rival's, where less is better. */
function slower(setting: Setting, shape: Shape, than: readonly string[]): Bar["find"] {
  return (look) => {
    const found = faster(setting, [shape], than)(look);
    return found && { ...found, figure: 1 / found.figure };
  };
}

/** The most that any of the cells allocates. */
function allocation(look: Look): Finding | undefined {
  let most: Finding | undefined;
  for (const setting of settings) {
    for (const shape of ["1", "3", "10"]) {
      const figure = look(cellName("nova", setting, shape), "bytes");
      if (figure === undefined) return undefined;
      if (most === undefined || figure > most.figure) {
        most = { figure, unit: "B", by: `${shape}, ${setting}` };
      }
    }
  }
  return most;
}

const others = "after others";
const hot = "one hot type";

const emitterBars: readonly Bar[] = [
  against(V8, others, ["1"], evalFree, 1.2, "every eval-free rival"),
  against(V8, others, ["3"], evalFree, 2.3, "every eval-free rival"),
  against(V8, others, ["10"], evalFree, 4, "every eval-free rival"),
  against(V8, others, ["1", "3"], tseep, 1, "tseep's eval"),
  against(V8, hot, ["3"], evalFree, 1.5, "every eval-free rival"),
  against(V8, hot, ["10"], evalFree, 2, "every eval-free rival"),
  against(BUN, others, ["3"], evalFree, 1.1, "every eval-free rival"),
  against(BUN, others, ["10"], evalFree, 2.4, "every eval-free rival"),
  against(BUN, hot, ["3"], evalFree, 0.75, "every eval-free rival"),
  against(BUN, hot, ["10"], evalFree, 3, "every eval-free rival"),
  against(ALL, hot, ["1", "3"], heavy, 5, "mitt, rxjs, EventTarget"),
  against(ALL, hot, ["10"], heavy, 3.5, "mitt, rxjs, EventTarget"),
  against(ALL, hot, ["100 types"], heavy, 1.9, "mitt, rxjs, EventTarget"),
  against(ALL, hot, ["1", "3", "10"], emittery, 75, "emittery"),
  against(ALL, hot, ["100 types"], emittery, 40, "emittery"),
  {
    text: `${hot}, 100 types: ≤ 1.5 × the time of the best eval-free rival`,
    runtimes: ALL,
    atMost: 1.5,
    find: slower(hot, "100 types", evalFree),
  },
  {
    text: "once, subscribed and emitted: ≤ 60 ns",
    runtimes: ALL,
    atMost: 60,
    find: plain(cellName("nova", hot, "once"), "ns"),
  },
  {
    text: "emit with synchronous listeners allocates nothing",
    runtimes: ALL,
    // What the counting itself leaves, over up to ten million emits.
    atMost: 0.1,
    find: allocation,
  },
  {
    text: "enqueue, bursts ≥ 100: ≤ 2 × a bare ring and one promise turn",
    runtimes: ALL,
    atLeast: 0.5,
    find: enqueueFaster("floor: ring + a promise turn"),
  },
  {
    text: "enqueue, bursts ≥ 100: ≥ 1.3 × fastq (callback)",
    runtimes: ["bun", "node"],
    atLeast: 1.3,
    find: enqueueFaster("fastq (callback)"),
  },
  {
    text: "enqueue, bursts ≥ 100: ≥ 2 × fastq (callback)",
    runtimes: ["deno"],
    atLeast: 2,
    find: enqueueFaster("fastq (callback)"),
  },
  {
    text: "1 ms timers beside a flood of a million events: ≤ 2 ms late",
    runtimes: ALL,
    atMost: 2,
    find: plain(TIMER_LATENESS, "ms"),
  },
  {
    text: "three middlewares on the sync path: ≤ 40 ns",
    runtimes: ALL,
    atMost: 40,
    find: plain("emitter sync, 3 middlewares", "ns"),
  },
  {
    text: "a listener that throws: ≤ 10 µs",
    runtimes: ALL,
    atMost: 10,
    find: plain("emitter, listener throws", "µs", 1000),
  },
  {
    text: "./emitter bundled and gzipped: ≤ 6 kB",
    runtimes: ["node"],
    atMost: 6,
    find: plain(`${BUNDLE_SIZE}, gzipped`, "kB"),
  },
  {
    text: "./emitter bundled and minified: ≤ 40 kB",
    runtimes: ["node"],
    atMost: 40,
    find: plain(`${BUNDLE_SIZE}, minified`, "kB"),
  },
];

/** By the name of the module. */
const barsOf: Readonly<Record<string, readonly Bar[]>> = {
  emitter: emitterBars,
  bus: busBars,
  listener: listenerBars,
  metrics: metricsBars,
  pool: poolBars,
  store: storeBars,
};

/**
 * Each bar of the modules, what each runtime says to it, and how many are met; `filtered`: only what
 * was measured.
 */
export function bars(report: Report, filtered: boolean, modules: readonly string[]): string {
  const measured = ALL.filter((runtime) => runtime in report.runtimes);
  let met = 0;
  let missed = 0;
  let unmeasured = 0;
  const asked = modules.flatMap((module) => barsOf[module] ?? []);
  const rows = asked.map((bar) => [
    bar.text,
    ...measured.map((runtime) => {
      if (!bar.runtimes.includes(runtime)) return "";
      const found = bar.find((name, what) => figureOf(report, runtime, name, what));
      if (found === undefined) {
        unmeasured += 1;
        return "not measured";
      }
      const holds = found.figure >= (bar.atLeast ?? -Infinity) &&
        found.figure <= (bar.atMost ?? Infinity);
      if (holds) met += 1;
      else missed += 1;
      return told(found, holds);
    }),
  ]);
  const shown = rows.filter((row) => !filtered || row.some((cell) => /^(met|MISSED)/.test(cell)));
  if (shown.length === 0) return "No bar can be told from these cases";
  return `${textTable(["bar", ...measured], shown)}\n\n` +
    `${met} met, ${missed} missed, ${unmeasured} not measured`;
}

function told({ figure, unit, by }: Finding, holds: boolean): string {
  const figures = unit === "×" ? `${short(figure)} ×` : `${short(figure)} ${unit}`;
  return `${holds ? "met" : "MISSED"} ${figures}${by === undefined ? "" : ` (${by})`}`;
}

function figureOf(
  report: Report,
  runtime: string,
  name: string,
  what: "bytes" | undefined,
): number | undefined {
  const row = rowOf(report, runtime, name);
  if (row === undefined) return undefined;
  return what === "bytes" ? row.bytes : spread(row)?.median;
}
