/**
 * The grid of the emitter: every rival in two settings and six shapes.
 *
 * - `one hot type`: a fresh process, one emitter, nothing else ever ran. The compiler's best case.
 * - `after others`: four other emitters of the same rival have run first, each with types of 1, 2, 3,
 *   5 and 12 listeners, some of which return values. What a real program looks like.
 */

import { type Case, defineCase, expectCount } from "../case.ts";
import { counter, mixedListeners, quietListeners } from "./listeners.ts";
import { type Plain, type Rival, rivals, type Shape, shapes, type Subject } from "./emitters.ts";

/** The two settings, as the tables name them. */
export const settings = ["one hot type", "after others"] as const;
/** One of the two. */
export type Setting = typeof settings[number];

interface Grid {
  readonly subject: Subject;
  readonly events: readonly Plain[];
  readonly listenersPerEvent: number;
  readonly hitsBefore: number;
}

const OTHERS = 4;
const OTHERS_LISTENERS = [1, 2, 3, 5, 12];
/** Enough that every type of the other emitters has been compiled and has its share of feedback. */
const OTHERS_EMITS = 20_000;

/** The name of a cell's case. */
export function cellName(rival: string, setting: Setting, shape: string): string {
  return `${rival} | ${setting} | ${shape}`;
}

function gridCase(rival: Rival, setting: Setting, shape: Shape): Case {
  const { name, awaited } = rival;
  const run = shape === "once" ? onceLoop : awaited === true ? awaitedLoop : emitLoop;
  return defineCase<Grid>({
    name: cellName(name, setting, shape),
    cell: { table: setting, row: name, column: shape },
    bytes: name === "nova",
    setup: () => setup(rival, setting, shape),
    run,
    check: ({ listenersPerEvent, hitsBefore }, done) =>
      expectCount("listener calls", counter.hits - hitsBefore, done * listenersPerEvent),
  });
}

async function setup(rival: Rival, setting: Setting, shape: Shape): Promise<Grid> {
  const make = await rival.load();
  if (setting === "after others") await runOthers(rival, make);
  const subject = make();
  const types = shape === "100 types" ? names("type", 100) : ["hot"];
  const perType = shape === "once" ? 0 : shape === "100 types" ? 1 : Number(shape);
  for (const type of types) {
    for (const listener of quietListeners(perType)) subject.on(type, listener);
  }
  return {
    subject,
    events: await Promise.all(types.map((type) => eventOf(rival, type))),
    listenersPerEvent: Math.max(1, perType),
    hitsBefore: counter.hits,
  };
}

async function runOthers(rival: Rival, make: () => Subject): Promise<void> {
  for (let other = 0; other < OTHERS; other++) {
    const subject = make();
    const events: Plain[] = [];
    for (const count of OTHERS_LISTENERS) {
      const event = await eventOf(rival, `other.${other}.${count}`);
      events.push(event);
      for (const listener of mixedListeners(count)) subject.on(event.type, listener);
    }
    const before = counter.hits;
    const emits = rival.awaited === true ? OTHERS_EMITS / 20 : OTHERS_EMITS;
    await (rival.awaited === true ? awaitedLoop : emitLoop)({ subject, events }, emits);
    const perRound = OTHERS_LISTENERS.reduce((sum, count) => sum + count);
    expectCount("warm-up calls", counter.hits - before, emits / events.length * perRound);
  }
}

function emitLoop({ subject, events }: Pick<Grid, "subject" | "events">, n: number): void {
  const count = events.length;
  let next = 0;
  for (let i = 0; i < n; i++) {
    subject.emit(events[next]!);
    if (++next === count) next = 0;
  }
}

async function awaitedLoop(
  { subject, events }: Pick<Grid, "subject" | "events">,
  n: number,
): Promise<void> {
  const count = events.length;
  let next = 0;
  for (let i = 0; i < n; i++) {
    await subject.emit(events[next]!);
    if (++next === count) next = 0;
  }
}

function onceLoop({ subject, events }: Grid, n: number): void {
  const event = events[0]!;
  const { type } = event;
  const listener = quietListeners(1)[0]!;
  for (let i = 0; i < n; i++) {
    subject.once!(type, listener);
    subject.emit(event);
  }
}

function eventOf(rival: Rival, type: string): Promise<Plain> {
  return rival.event?.(type) ?? Promise.resolve({ type, data: { total: 1 } });
}

function names(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}.${index}`);
}

/** Whether the cell makes sense. */
function has(rival: Rival, setting: Setting, shape: Shape): boolean {
  if (rival.shapes !== undefined && !rival.shapes.includes(shape)) return false;
  // A floor has no state that other types could spoil; `once` is told from the fresh process.
  return setting === "one hot type" || (rival.kind !== "floor" && shape !== "once");
}

/** Every cell there is. */
export const grid: readonly Case[] = settings.flatMap((setting) =>
  shapes.flatMap((shape) =>
    rivals.filter((rival) => has(rival, setting, shape))
      .map((rival) => gridCase(rival, setting, shape))
  )
);
