/** What the memory store costs, per event. */

import { createEvent, MemoryStore, type NovaEvent } from "../../mod.ts";
import { type Case, defineCase, expectCount } from "../case.ts";
import { type Burst, burstsDone, inBursts, Meter } from "./bursts.ts";

type Orders = { "order.placed": { total: number } };

/** A store only grows: after so many events the next one starts empty. */
const LIMIT = 1_000_000;
/** How many events there are to read. */
const READABLE = 200_000;
/** Events per page of a read. */
const PAGE = 1000;

interface Appending {
  readonly store: MemoryStore<Orders>;
}

type Placed = NovaEvent<"order.placed", { total: number }>;

const DATA = { total: 1 };

function placed(): Placed {
  return createEvent("order.placed", DATA);
}

/** Few enough to stay in the processor's cache, so that the store is what is measured. */
const EVENTS = Array.from({ length: 64 }, placed);

/** What a caller's own object is: the store checks it, stamps it and keeps a copy. */
const LITERAL = { type: "order.placed", data: DATA } as const;

const STREAMS = Array.from({ length: 1000 }, (_, index) => `order-${index}`);

async function allThere({ store }: Appending, done: number): Promise<void> {
  expectCount("events in the store", store.stats().events, done);
  const [last] = await store.readAll({ reverse: true, limit: 1 });
  expectCount("the last position", last?.position ?? 0, done);
}

function appending(name: string, run: (state: Appending, n: number) => Promise<void>): Case {
  return defineCase<Appending>({
    name,
    limit: LIMIT,
    setup: () => ({ store: new MemoryStore<Orders>() }),
    run,
    check: allThere,
  });
}

interface Reading extends Appending {
  read: number;
}

export const cases: readonly Case[] = [
  appending("store append", async ({ store }, n) => {
    for (let i = 0; i < n; i++) await store.append("order-7", [EVENTS[i & 63]!]);
  }),
  appending("store append, 1000 streams", async ({ store }, n) => {
    for (let i = 0; i < n; i++) await store.append(STREAMS[i % 1000]!, [EVENTS[i & 63]!]);
  }),
  appending("store append, expected version", async ({ store }, n) => {
    let { events: version } = store.stats();
    for (let i = 0; i < n; i++) {
      const expect = version;
      ({ version } = await store.append("order-7", [EVENTS[i & 63]!], { expect }));
    }
  }),
  appending(`store append, batches of ${EVENTS.length}`, async ({ store }, n) => {
    for (let left = n; left > 0; left -= EVENTS.length) {
      await store.append("order-7", left < EVENTS.length ? EVENTS.slice(0, left) : EVENTS);
    }
  }),
  // From here on every event is a new one, and stays.
  appending("store append, creating the event", async ({ store }, n) => {
    for (let i = 0; i < n; i++) await store.append("order-7", [placed()]);
  }),
  appending("store append, foreign literal", async ({ store }, n) => {
    for (let i = 0; i < n; i++) await store.append("order-7", [LITERAL]);
  }),
  // What it costs to keep a new object at all: mostly the garbage collector's moving it.
  defineCase<{ kept: Placed[] }>({
    name: "store floor: a new event pushed to an array",
    limit: LIMIT,
    setup: () => ({ kept: [] }),
    run({ kept }, n) {
      for (let i = 0; i < n; i++) kept.push(placed());
    },
    check: ({ kept }, done) => expectCount("events kept", kept.length, done),
  }),
  defineCase<Burst & Appending>({
    name: "store append, followed",
    limit: LIMIT,
    setup() {
      const store = new MemoryStore<Orders>();
      const meter = new Meter();
      void follow(store, meter);
      return { store, meter, push: () => store.append("order-7", [placed()]) };
    },
    run: inBursts(256),
    check: burstsDone,
  }),
  defineCase<Reading>({
    name: `store read, pages of ${PAGE}`,
    async setup() {
      const store = new MemoryStore<Orders>();
      for (let i = 0; i < READABLE / PAGE; i++) {
        await store.append("order-7", new Array(PAGE).fill(LITERAL));
      }
      return { store, read: 0 };
    },
    async run(state, n) {
      const { store } = state;
      for (let left = n; left > 0;) {
        const after = state.read % READABLE;
        const limit = Math.min(PAGE, left, READABLE - after);
        const page = await store.read("order-7", { after, limit });
        if (page[0]?.version !== after + 1) throw new Error(`Read the wrong page after ${after}`);
        state.read += page.length;
        left -= page.length;
      }
    },
    check: ({ read }, done) => expectCount("events read", read, done),
  }),
];

async function follow(store: MemoryStore<Orders>, meter: Meter): Promise<void> {
  for await (const _event of store.follow()) meter.hit();
}
