/** `enqueue` against other ways to hand work over in one process: bursts, handled by one function. */

import { type Case, defineCase } from "../case.ts";
import { type Burst, burstsDone, inBursts, Meter } from "../cases/bursts.ts";
import { load, loadDefault } from "./load.ts";

/** The name of the table. */
const HAND_OVER = "hand-over in bursts";
/** The sizes of the bursts, as the columns name them. */
const burstSizes = ["1", "100", "1000"] as const;

/** The name of a case. */
export function burstName(queue: string, size: string): string {
  return `${queue} | bursts of ${size}`;
}

const EVENT = { type: "hot", data: { total: 1 } };

interface Queue {
  readonly name: string;
  make(meter: Meter): Promise<Burst>;
}

const queues: readonly Queue[] = [
  { name: "nova enqueue", make: (meter) => novaQueue(meter, "enqueue") },
  { name: "nova tryEnqueue", make: (meter) => novaQueue(meter, "tryEnqueue") },
  {
    name: "fastq (callback)",
    make(meter) {
      type Push = { push(item: unknown, done: () => void): void };
      type Make = (worker: (item: unknown, done: () => void) => void, concurrency: number) => Push;
      const queue = loadDefault<Make>("fastq")((_item, done) => {
        meter.hit();
        done();
      }, 10);
      const done = (): void => {};
      return Promise.resolve({ meter, push: () => queue.push(EVENT, done) });
    },
  },
  {
    name: "fastq.promise",
    make(meter) {
      type Push = { push(item: unknown): Promise<void> };
      type Make = (worker: (item: unknown) => Promise<void>, concurrency: number) => Push;
      const queue = load<{ promise: Make }>("fastq").promise((_item) => {
        meter.hit();
        return Promise.resolve();
      }, 10);
      return Promise.resolve({ meter, push: () => queue.push(EVENT) });
    },
  },
  {
    name: "p-queue",
    make(meter) {
      type Adding = { add(task: () => void): Promise<void> };
      const PQueue = loadDefault<new (options: { concurrency: number }) => Adding>("p-queue");
      const queue = new PQueue({ concurrency: 10 });
      return Promise.resolve({ meter, push: () => queue.add(() => meter.hit()) });
    },
  },
  {
    name: "floor: ring + a promise turn",
    make: (meter) => Promise.resolve({ meter, push: bareRing(() => meter.hit()) }),
  },
];

async function novaQueue(meter: Meter, method: "enqueue" | "tryEnqueue"): Promise<Burst> {
  const { createEvent, Emitter } = await import("../../src/emitter/mod.ts");
  const emitter = new Emitter<Record<string, unknown>>({ bufferSize: 1024 });
  emitter.on("hot", () => meter.hit());
  const event = createEvent("hot", { total: 1 });
  return {
    meter,
    push: method === "enqueue" ? () => emitter.enqueue(event) : () => emitter.tryEnqueue(event),
  };
}

/** The least that hands over: a power-of-two ring, drained in one promise turn. No bound, no error. */
export function bareRing(handle: (event: unknown) => void): () => void {
  const mask = 1023;
  const ring = new Array<unknown>(mask + 1).fill(undefined);
  const turn = Promise.resolve();
  let head = 0;
  let tail = 0;
  const drain = (): void => {
    while (head !== tail) {
      const event = ring[head & mask];
      ring[head & mask] = undefined;
      head += 1;
      handle(event);
    }
  };
  return () => {
    if (head === tail) void turn.then(drain);
    ring[tail & mask] = EVENT;
    tail += 1;
  };
}

/** One case per queue and size. */
export const handOver: readonly Case[] = burstSizes.flatMap((size) =>
  queues.map(({ name, make }) =>
    defineCase<Burst>({
      name: burstName(name, size),
      cell: { table: HAND_OVER, row: name, column: size },
      bytes: name.startsWith("nova"),
      setup: () => make(new Meter()),
      run: inBursts(Number(size)),
      check: burstsDone,
    })
  )
);
