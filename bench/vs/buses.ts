/**
 * The bus against others: an event is published and handled by one subscription, in bursts of 256.
 * None of the rivals retries, dead-letters or bounds its memory; what each of them does of that is in
 * its row's name. All handlers do `meter.hit()`.
 */

import { type Case, defineCase } from "../case.ts";
import { type Burst, burstsDone, inBursts, Meter } from "../cases/bursts.ts";
import { load, loadDefault } from "./load.ts";
import { bareRing } from "./queues.ts";

/** The tables, as their headings. */
export const tables = {
  plain: "publish and handle",
  keyed: "in order per key, asynchronous handlers, 16 at once",
} as const;

/** The name of a case. */
export function busCell(row: string, table: keyof typeof tables): string {
  return `${row} | ${tables[table]}`;
}

const BURST = 256;
const DATA = { id: "order-1000", total: 1 };
const EVENT = { type: "hot", data: DATA };
/** Different keys for what is in order per key. */
const KEYED = Array.from({ length: 64 }, (_, index) => ({
  type: "hot",
  data: { id: `order-${1000 + index}`, total: 1 },
}));

type Run = (burst: Burst, n: number) => Promise<void>;

interface Rival {
  readonly name: string;
  readonly table: keyof typeof tables;
  make(meter: Meter): Promise<Burst & { readonly run?: Run }>;
}

/** A handler that takes a turn. */
function asyncHit(meter: Meter): () => Promise<void> {
  return async () => {
    await undefined;
    meter.hit();
  };
}

function inTurn<Item>(items: readonly Item[], push: (item: Item) => unknown): () => unknown {
  let turn = 0;
  return () => push(items[turn++ % items.length]!);
}

async function nova(meter: Meter): Promise<Burst> {
  const { Bus, createEvent } = await import("../../src/bus/mod.ts");
  const topic = new Bus().topic<Record<string, unknown>>("orders");
  topic.subscribe(() => meter.hit());
  const event = createEvent("hot", DATA);
  return { meter, push: () => topic.tryPublish(event) };
}

async function novaKeyed(meter: Meter): Promise<Burst> {
  const { Bus, createEvent } = await import("../../src/bus/mod.ts");
  const topic = new Bus().topic<{ hot: typeof DATA }>("orders", {
    key: ({ data }) => data.id,
    maxConcurrency: 16,
  });
  topic.subscribe(asyncHit(meter));
  const events = KEYED.map(({ data }) => createEvent("hot", data));
  return { meter, push: inTurn(events, (event) => topic.tryPublish(event)) };
}

/** rxjs, as its documents group: one inner stream per key, each in order. */
function grouped(meter: Meter): Promise<Burst> {
  type Stream = { pipe(...operators: unknown[]): Stream; subscribe(): unknown };
  type Operators = Record<"groupBy" | "mergeMap" | "concatMap", (fn: unknown) => unknown>;
  const rxjs = load<Operators & { Subject: new () => Stream & { next(item: unknown): void } }>(
    "rxjs",
  );
  const handle = asyncHit(meter);
  const subject = new rxjs.Subject();
  subject.pipe(
    rxjs.groupBy((event: typeof EVENT) => event.data.id),
    rxjs.mergeMap((group: Stream) => group.pipe(rxjs.concatMap(handle))),
  ).subscribe();
  return Promise.resolve({ meter, push: inTurn(KEYED, (event) => subject.next(event)) });
}

type Effect = unknown;

interface EffectLibrary {
  readonly Effect: {
    gen(program: () => Generator<Effect, unknown, unknown>): Effect;
    runPromise(effect: Effect): Promise<unknown>;
    runFork(effect: Effect): unknown;
    scoped(effect: Effect): Effect;
  };
  readonly PubSub: {
    bounded(capacity: number): Effect;
    publish(pubsub: unknown, item: unknown): Effect;
    subscribe(pubsub: unknown): Effect;
  };
  readonly Queue: {
    take(subscription: unknown): Effect;
    takeBetween(subscription: unknown, least: number, most: number): Effect;
  };
}

/** effect's PubSub: a fiber publishes a burst, another takes one at a time, or all there is. */
function effectPubSub(how: "take" | "takeBetween") {
  return async (meter: Meter): Promise<Burst & { readonly run: Run }> => {
    const { Effect, PubSub, Queue } = load<EffectLibrary>("effect");
    const pubsub = await Effect.runPromise(PubSub.bounded(1024));
    const step = function* (effect: Effect): Generator<Effect, unknown, unknown> {
      return yield* (effect as Generator<Effect, unknown, unknown>);
    };
    const ready = new Promise<void>((resolve) => {
      Effect.runFork(Effect.scoped(Effect.gen(function* () {
        const subscription = yield* step(PubSub.subscribe(pubsub));
        resolve();
        while (true) {
          if (how === "take") {
            yield* step(Queue.take(subscription));
            meter.hit();
          } else {
            const taken = yield* step(Queue.takeBetween(subscription, 1, BURST));
            for (let i = (taken as { length: number }).length; i > 0; i--) meter.hit();
          }
        }
      })));
    });
    await ready;
    const run: Run = async (_burst, n) => {
      for (let left = n; left > 0; left -= BURST) {
        const count = Math.min(BURST, left);
        const target = meter.hits + count;
        await Effect.runPromise(Effect.gen(function* () {
          for (let i = 0; i < count; i++) yield* step(PubSub.publish(pubsub, EVENT));
        }));
        await meter.until(target);
      }
    };
    return { meter, push: () => {}, run };
  };
}

const rivals: readonly Rival[] = [
  { name: "nova tryPublish", table: "plain", make: nova },
  {
    name: "floor: direct call",
    table: "plain",
    make: (meter) => Promise.resolve({ meter, push: () => meter.hit() }),
  },
  {
    name: "floor: ring + a promise turn",
    table: "plain",
    make: (meter) => Promise.resolve({ meter, push: bareRing(() => meter.hit()) }),
  },
  {
    name: "rxjs Subject (no queue)",
    table: "plain",
    make(meter) {
      type Stream = { subscribe(handler: () => void): unknown; next(item: unknown): void };
      const { Subject } = load<{ Subject: new () => Stream }>("rxjs");
      const subject = new Subject();
      subject.subscribe(() => meter.hit());
      return Promise.resolve({ meter, push: () => subject.next(EVENT) });
    },
  },
  {
    name: "mqemitter (no bound)",
    table: "plain",
    make(meter) {
      type Emitter = {
        on(topic: string, handler: (message: unknown, done: () => void) => void): void;
        emit(message: unknown): void;
      };
      const emitter = loadDefault<(options: object) => Emitter>("mqemitter")({ concurrency: 0 });
      emitter.on("hot", (_message, done) => {
        meter.hit();
        done();
      });
      const message = { topic: "hot", data: DATA };
      return Promise.resolve({ meter, push: () => emitter.emit(message) });
    },
  },
  { name: "effect PubSub, take", table: "plain", make: effectPubSub("take") },
  { name: "effect PubSub, batched", table: "plain", make: effectPubSub("takeBetween") },
  {
    name: "p-queue",
    table: "plain",
    make(meter) {
      type Adding = { add(task: () => void): Promise<void> };
      const PQueue = loadDefault<new (options: { concurrency: number }) => Adding>("p-queue");
      const queue = new PQueue({ concurrency: 1 });
      return Promise.resolve({ meter, push: () => queue.add(() => meter.hit()) });
    },
  },
  {
    name: "emittery (no queue)",
    table: "plain",
    make(meter) {
      type Emitter = {
        on(type: string, handler: () => void): void;
        emit(type: string, data: unknown): Promise<void>;
      };
      const emitter = new (loadDefault<new () => Emitter>("emittery"))();
      emitter.on("hot", () => meter.hit());
      return Promise.resolve({ meter, push: () => emitter.emit("hot", DATA) });
    },
  },
  {
    name: "better-queue (memory)",
    table: "plain",
    make(meter) {
      type Queue = { push(item: unknown): void };
      type Handler = (item: unknown, done: (error: null) => void) => void;
      const BetterQueue = loadDefault<new (handler: Handler, options: object) => Queue>(
        "better-queue",
      );
      const queue = new BetterQueue((_item, done) => {
        meter.hit();
        done(null);
      }, { afterProcessDelay: 0 });
      return Promise.resolve({ meter, push: () => queue.push(EVENT) });
    },
  },
  { name: "nova tryPublish, by key", table: "keyed", make: novaKeyed },
  {
    name: "floor: async call + then (no order)",
    table: "keyed",
    make(meter) {
      const handle = asyncHit(meter);
      const done = (): void => {};
      return Promise.resolve({ meter, push: () => handle().then(done) });
    },
  },
  {
    name: "fastq.promise (no order)",
    table: "keyed",
    make(meter) {
      type Push = { push(item: unknown): Promise<void> };
      type Make = (worker: (item: unknown) => Promise<void>, concurrency: number) => Push;
      const queue = load<{ promise: Make }>("fastq").promise(asyncHit(meter), 16);
      return Promise.resolve({ meter, push: inTurn(KEYED, (event) => queue.push(event)) });
    },
  },
  { name: "rxjs groupBy + concatMap (no limit)", table: "keyed", make: grouped },
];

/** One case per row. */
export const busGrid: readonly Case[] = rivals.map(({ name, table, make }) =>
  defineCase<Burst & { readonly run?: Run }>({
    name: busCell(name, table),
    cell: { table: `${tables[table]}, bursts of ${BURST}`, row: name, column: "ns" },
    bytes: name.startsWith("nova"),
    setup: () => make(new Meter()),
    run: (state, n) => (state.run ?? inBursts(BURST))(state, n),
    check: burstsDone,
  })
);
