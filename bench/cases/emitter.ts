/** What the emitter costs, by way of emitting. */

import { createEvent, createEventPool, Emitter, type EventPool } from "../../src/emitter/mod.ts";
import { type Case, defineCase, expectCount } from "../case.ts";
import { type Burst, burstsDone, inBursts, Meter } from "./bursts.ts";

type Orders = { "order.placed": { total: number } };

interface Direct {
  readonly emitter: Emitter<Orders>;
  readonly meter: Meter;
  /** How often something is called for one event. */
  readonly calls: number;
}

interface Pooled extends Direct {
  readonly pool: EventPool<Orders>;
}

const DATA = { total: 1 };
/** Several, so that the compiler cannot treat the one event there is as a constant. */
const EVENTS = Array.from({ length: 8 }, () => createEvent("order.placed", DATA));
const EVENT = EVENTS[0]!;

function direct(listeners: 1 | 3): Direct {
  const emitter = new Emitter<Orders>();
  const meter = new Meter();
  // Written out: closures of one literal would be one function to the compiler.
  emitter.on("order.placed", () => {
    meter.hits += 1;
  });
  if (listeners === 3) {
    emitter.on("order.placed", () => {
      meter.hits += 1;
    });
    emitter.on("order.placed", () => {
      meter.hits += 1;
    });
  }
  return { emitter, meter, calls: listeners };
}

function allHeard({ meter, calls }: Direct, done: number): void {
  expectCount("calls", meter.hits, done * calls);
}

/** A case that emits to one synchronous listener, in the way that `emit` says. */
function emitting(
  name: string,
  run: (state: Direct, n: number) => void | Promise<void>,
  listeners: 1 | 3 = 1,
): Case {
  return defineCase<Direct>({ name, setup: () => direct(listeners), run, check: allHeard });
}

function emitMade({ emitter }: Direct, n: number): void {
  for (let i = 0; i < n; i++) emitter.emit(EVENTS[i & 7]!);
}

/** Layers count too, so that the check sees them. */
function layered(): Direct {
  const meter = new Meter();
  const emitter = new Emitter<Orders>({
    middleware: [
      (_event, next) => {
        meter.hits += 1;
        return next();
      },
      (_event, next) => {
        meter.hits += 1;
        return next();
      },
      (_event, next) => {
        meter.hits += 1;
        return next();
      },
    ],
  });
  emitter.on("order.placed", () => {
    meter.hits += 1;
  });
  return { emitter, meter, calls: 4 };
}

const METADATA = { metadata: { tenant: "a" } };

export const cases: readonly Case[] = [
  emitting("emitter sync", emitMade),
  emitting("emitter sync, 3 listeners", emitMade, 3),
  emitting("emitter sync, awaited", async ({ emitter }, n) => {
    for (let i = 0; i < n; i++) await emitter.emit(EVENTS[i & 7]!);
  }),
  emitting("emitter sync, type and data", ({ emitter }, n) => {
    for (let i = 0; i < n; i++) emitter.emit("order.placed", DATA);
  }),
  emitting("emitter sync, foreign literal", ({ emitter }, n) => {
    for (let i = 0; i < n; i++) emitter.emit({ type: "order.placed", data: DATA });
  }),
  emitting("emitter sync, metadata", ({ emitter }, n) => {
    for (let i = 0; i < n; i++) emitter.emit("order.placed", DATA, METADATA);
  }),
  emitting("emitter sync, live signal", ({ emitter }, n) => {
    const options = { signal: new AbortController().signal };
    for (let i = 0; i < n; i++) emitter.emit(EVENTS[i & 7]!, options);
  }),
  emitting("emitter sync, creating the event", ({ emitter }, n) => {
    for (let i = 0; i < n; i++) emitter.emit(createEvent("order.placed", DATA));
  }),
  defineCase<Pooled>({
    name: "emitter sync, pooled event",
    setup: () => ({ ...direct(1), pool: createEventPool<Orders>() }),
    run({ emitter, pool }, n) {
      for (let i = 0; i < n; i++) {
        const event = pool.acquire("order.placed", DATA);
        emitter.emit(event);
        pool.release(event);
      }
    },
    check: allHeard,
  }),
  defineCase<Direct>({
    name: "emitter sync, 3 middlewares",
    setup: layered,
    run: emitMade,
    check: allHeard,
  }),
  defineCase<Burst>({
    name: "emitter async (enqueue)",
    setup() {
      const { emitter, meter } = { emitter: new Emitter<Orders>(), meter: new Meter() };
      emitter.on("order.placed", () => meter.hit());
      return { meter, push: () => emitter.enqueue(EVENT) };
    },
    run: inBursts(256),
    check: burstsDone,
  }),
  defineCase<Direct>({
    name: "emitter, listener throws",
    setup() {
      const meter = new Meter();
      const emitter = new Emitter<Orders>({
        onError: () => {
          meter.hits += 1;
          return "handled";
        },
      });
      const cause = new Error("out of stock");
      emitter.on("order.placed", () => {
        throw cause;
      });
      return { emitter, meter, calls: 1 };
    },
    run: emitMade,
    check: allHeard,
  }),
];
