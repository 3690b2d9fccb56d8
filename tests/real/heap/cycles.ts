/**
 * Does the same small thing over and over and prints how much memory is held before and after, as
 * JSON: `{ name: { cycles, bytes } }`. Runs on Deno, Node and Bun, with the collector exposed.
 *
 * @module
 */
// deno-lint-ignore-file no-console -- a command line program

import process from "node:process";
import { Bus, createEvent, Emitter, MemoryStore } from "../../../mod.ts";
import { systemEnv } from "../../../src/internal/env.ts";
import { DelayQueue } from "../../../src/queue/delay_queue.ts";
import { Lanes } from "../../../src/queue/lanes.ts";
import { Ring } from "../../../src/queue/ring.ts";
import { WaitingLine } from "../../../src/queue/waiting_line.ts";

const MILLION = 1_000_000;
const CONTROL = "control: a signal that aborts";

/** A thing to do many times; it may need to let go of the turn. */
interface Case {
  readonly cycles: number;
  /** Does it `cycles` times. */
  readonly run: (cycles: number) => void | Promise<void>;
}

type Any = Record<string, unknown>;
const nothing = (): void => {};

/** Kept to the end, and empty: what they held must be gone. */
const emptied: unknown[] = [];

/** Some kilobytes. */
function large(): number[] {
  return Array.from({ length: 1000 }, () => Math.random());
}

/** A turn of the event loop. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Calls it `cycles` times, with a turn of the event loop now and then. */
async function inTurns(cycles: number, cycle: (index: number) => void): Promise<void> {
  for (let i = 0; i < cycles; i++) {
    cycle(i);
    if (i % 10_000 === 0) await turn();
  }
  await turn();
}

function cases(): Record<string, Case> {
  const emitter = new Emitter<Any>();
  emitter.on("kept", nothing);
  const kept = new AbortController();
  const made = createEvent("kept", 1);
  const topic = new Bus().topic<Any>("orders");
  const line = new WaitingLine<object, true>(systemEnv, Infinity, () => new Error("late"));
  line.join({}).catch(nothing);
  const delays = new DelayQueue<object>(systemEnv, nothing);
  const store = new MemoryStore<Any>();

  const subscribe = (cycles: number): void => {
    for (let i = 0; i < cycles; i++) emitter.on("kept", nothing).unsubscribe();
  };
  return {
    // What runtimes themselves keep of signals that aborted: Node some MB, for a while.
    [CONTROL]: {
      cycles: MILLION,
      run: (cycles) =>
        inTurns(cycles, () => {
          const controller = new AbortController();
          controller.signal.addEventListener("abort", nothing, { once: true });
          controller.abort();
        }),
    },
    "emitter: subscribe, unsubscribe": { cycles: MILLION, run: subscribe },
    "emitter: subscribe, abort": {
      cycles: MILLION,
      run: (cycles) =>
        inTurns(cycles, () => {
          const controller = new AbortController();
          emitter.on("kept", nothing, { signal: controller.signal });
          controller.abort();
        }),
    },
    "emitter: subscribe with one signal, unsubscribe": {
      cycles: MILLION,
      run: (cycles) =>
        inTurns(cycles, () => {
          emitter.on("kept", nothing, { signal: kept.signal }).unsubscribe();
        }),
    },
    "emitter: subscribe to ever new types, unsubscribe": {
      cycles: MILLION,
      run: (cycles) =>
        inTurns(cycles, (i) => emitter.on(`type-${cycles}-${i}`, nothing).unsubscribe()),
    },
    "emitter: subscribe once, emit": {
      cycles: MILLION,
      run: (cycles) =>
        inTurns(cycles, () => {
          emitter.on("once", nothing, { once: true });
          emitter.emit("once", 1);
        }),
    },
    "emitter: once() with one signal, emit": {
      cycles: MILLION / 5,
      run: (cycles) =>
        inTurns(cycles, () => {
          emitter.once("once", { signal: kept.signal });
          emitter.emit("once", 1);
        }),
    },
    "emitter: emit a made event": {
      cycles: MILLION,
      run: (cycles) => inTurns(cycles, () => void emitter.emit(made)),
    },
    "emitter: enqueue": {
      cycles: MILLION,
      run: async (cycles) => {
        for (let i = 0; i < cycles; i++) {
          if (!emitter.tryEnqueue(made)) await emitter.enqueue(made);
        }
        await turn();
      },
    },
    "emitter: make, close": {
      cycles: MILLION / 10,
      run: async (cycles) => {
        for (let i = 0; i < cycles; i++) {
          const one = new Emitter<Any>();
          one.on("a", nothing, { signal: kept.signal });
          await one.close();
        }
      },
    },
    "topic: subscribe, unsubscribe": {
      cycles: MILLION,
      run: (cycles) => inTurns(cycles, () => topic.subscribe(nothing).unsubscribe()),
    },
    "topic: subscribe, abort": {
      cycles: MILLION,
      run: (cycles) =>
        inTurns(cycles, () => {
          const controller = new AbortController();
          topic.subscribe(nothing, { signal: controller.signal });
          controller.abort();
        }),
    },
    "store: follow, abort": {
      cycles: MILLION / 50,
      run: async (cycles) => {
        for (let i = 0; i < cycles; i++) {
          const controller = new AbortController();
          const following = store.follow({ signal: controller.signal });
          const next = following[Symbol.asyncIterator]().next().catch(nothing);
          controller.abort();
          await next;
        }
      },
    },
    "waiting line: join, abort, behind one who waits for ever": {
      cycles: MILLION / 5,
      run: (cycles) =>
        inTurns(cycles, () => {
          const controller = new AbortController();
          line.join({}, controller.signal).catch(nothing);
          controller.abort();
        }),
    },
    "ring: large items that were shifted": {
      cycles: 1000,
      run: (cycles) => {
        const ring = new Ring<number[]>(cycles);
        for (let i = 0; i < cycles; i++) ring.push(large());
        for (let i = 0; i < cycles; i++) ring.shift();
        emptied.push(ring);
      },
    },
    "lanes: large items that were released": {
      cycles: 1000,
      run: (cycles) => {
        const lanes = new Lanes<number[]>(2, cycles);
        for (let i = 0; i < cycles; i++) lanes.park(0, large());
        for (let i = 0; i < cycles; i++) lanes.release(0);
        emptied.push(lanes);
      },
    },
    "lanes: park, release": {
      cycles: MILLION,
      run: (cycles) => {
        const lanes = new Lanes<object>(2, 10);
        for (let i = 0; i < cycles; i++) {
          lanes.park(0, nothing);
          lanes.release(0);
        }
        emptied.push(lanes);
      },
    },
    "delay queue: add, delete": {
      cycles: MILLION,
      run: (cycles) => inTurns(cycles, () => delays.delete(delays.add({}, 1000))),
    },
  };
}

interface Collecting {
  gc?: () => void;
  Bun?: { gc(wait: boolean): void };
}

/** The bytes that are held once nothing is left to collect, which takes several rounds. */
async function held(): Promise<number> {
  const { gc, Bun: bun } = globalThis as Collecting;
  let least = Infinity;
  for (let i = 0; i < 8; i++) {
    await new Promise((resolve) => setTimeout(resolve, 10));
    if (bun !== undefined) bun.gc(true);
    else if (gc !== undefined) gc();
    else throw new Error("the collector is not exposed");
    least = Math.min(least, process.memoryUsage().heapUsed);
  }
  return least;
}

const results: Record<string, { cycles: number; bytes: number }> = {};
for (const [name, { cycles, run }] of Object.entries(cases())) {
  // What grows once, like tables and compiled code, has grown then.
  await run(cycles / 10);
  const before = await held();
  await run(cycles);
  results[name] = { cycles, bytes: await held() - before };
}
console.log(JSON.stringify(results));
process.exit(0);
