/** What the memory store costs, per event. */

import { createEvent, MemoryStore, type NovaEvent } from "../../mod.ts";
import { Log } from "../../src/store/log.ts";
import { type Case, defineCase, expectCount } from "../case.ts";
import { type Burst, burstsDone, inBursts, Meter } from "./bursts.ts";

type Orders = { "order.placed": { total: number } };

/** A store only grows: after so many events the next one starts empty. */
const LIMIT = 1_000_000;
/** How many events there are to read. */
const READABLE = 1_000_000;
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

/** The same events again and again need a store that looks no ids up; new ones get the default. */
function appending(
  name: string,
  run: (state: Appending, n: number) => Promise<void>,
  idWindow = 0,
): Case {
  return defineCase<Appending>({
    name,
    limit: LIMIT,
    setup: () => ({ store: new MemoryStore<Orders>({ idWindow }) }),
    run,
    check: allThere,
  });
}

/** The log underneath, without any check. */
function rawLog(name: string, streams: readonly string[]): Case {
  return defineCase<{ log: Log }>({
    name,
    limit: LIMIT,
    setup: () => ({ log: new Log() }),
    run({ log }, n) {
      for (let i = 0; i < n; i++) {
        log.append(log.streamFor(streams[i % streams.length]!), EVENTS[i & 63]!, 1);
      }
    },
    check: ({ log }, done) => expectCount("events in the log", log.head, done),
  });
}

/** A store of a million events, a millisecond apart, to read from. */
async function readable(): Promise<Reading> {
  let now = 0;
  const env = { ...clock, coarse: () => now, id: () => "id" };
  const store = new MemoryStore<Orders>({ env, idWindow: 0 });
  const batch = new Array(10).fill(LITERAL);
  for (; now < READABLE / 10; now++) await store.append(STREAMS[now % 100]!, batch);
  return { store, read: 0 };
}

const none: Disposable = { [Symbol.dispose]: () => {} };
const clock = {
  now: () => 0,
  monotonic: () => 0,
  setTimer: () => none,
  defer: () => none,
  onAbort: () => none,
  random: () => 0.5,
  report: (error: unknown): void => {
    throw error;
  },
};

/** Reads `read` events by each operation, from one end to the other. */
function reads(
  name: string,
  size: number,
  page: (
    store: MemoryStore<Orders>,
    i: number,
  ) => Promise<readonly { readonly data: { total: number } }[]>,
): Case {
  return defineCase<Reading>({
    name,
    bytes: false,
    setup: readable,
    async run(state, n) {
      for (let i = 0; i < n; i++) {
        const events = await page(state.store, state.read);
        if (events.length !== size) throw new Error(`Read ${events.length} events`);
        state.read += 1;
      }
    },
    check: ({ read }, done) => expectCount("pages read", read, done),
  });
}

interface Followed extends Appending {
  seen: number;
}

/** Subscribers that wait at the end while others append: what their number adds to an append. */
function followed(followers: number, how: string, count: (state: Followed) => Promise<void>): Case {
  return defineCase<Followed>({
    name: `store append in bursts of 256, ${followers} followers${how}`,
    limit: LIMIT / 10,
    bytes: false,
    setup() {
      const state = { store: new MemoryStore<Orders>({ idWindow: 0 }), seen: 0 };
      for (let i = 0; i < followers; i++) void count(state);
      return state;
    },
    async run(state, n) {
      for (let left = n; left > 0; left -= 256) {
        const size = Math.min(left, 256);
        for (let i = 0; i < size; i++) void state.store.append("order-7", [EVENTS[i & 63]!]);
        while (state.seen < state.store.stats().events * followers) await undefined;
      }
    },
    check: ({ seen }, done) => expectCount("events seen", seen, done * followers),
  });
}

async function byPage(state: Followed): Promise<void> {
  for await (const page of state.store.followPages()) {
    for (const { position } of page) if (position > 0) state.seen += 1;
  }
}

async function oneByOne(state: Followed): Promise<void> {
  for await (const { position } of state.store.follow()) if (position > 0) state.seen += 1;
}

interface Reading extends Appending {
  read: number;
}

export const cases: readonly Case[] = [
  rawLog("store raw log append", ["order-7"]),
  rawLog("store raw log append, 1000 streams", STREAMS),
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
  appending("store append, creating the event, ids looked up", async ({ store }, n) => {
    for (let i = 0; i < n; i++) await store.append("order-7", [placed()]);
  }, 100_000),
  appending(
    "store append, creating the event, bursts of 64, records made",
    async ({ store }, n) => {
      for (let left = n; left > 0; left -= 64) {
        const size = Math.min(left, 64);
        let last: unknown;
        for (let i = 0; i < size; i++) last = store.append("order-7", [placed()]);
        await last;
        const page = await store.read("order-7", { reverse: true, limit: size });
        if (page.length !== size) throw new Error(`Read ${page.length} records`);
      }
    },
    100_000,
  ),
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
      const store = new MemoryStore<Orders>({ idWindow: 0 });
      const meter = new Meter();
      void follow(store, meter);
      return { store, meter, push: () => store.append("order-7", [placed()]) };
    },
    run: inBursts(256),
    check: burstsDone,
  }),
  defineCase<Reading & { total: number }>({
    name: `store read, pages of ${PAGE}, all fields`,
    bytes: false,
    setup: async () => ({ ...await readable(), total: 0 }),
    async run(state, n) {
      const { store } = state;
      for (let left = n; left > 0;) {
        const after = state.read % READABLE;
        const limit = Math.min(PAGE, left, READABLE - after);
        const page = await store.readAll({ after, limit });
        for (
          const { id, type, data, metadata, timestamp, stream, version, position, recordedAt }
            of page
        ) {
          state.total += id.length + type.length + data.total + timestamp + stream.length +
            version +
            position + recordedAt + (metadata === undefined ? NaN : 0);
        }
        if (page[0]?.position !== after + 1 || Number.isNaN(state.total)) {
          throw new Error(`Read the wrong page after ${after}`);
        }
        state.read += page.length;
        left -= page.length;
      }
    },
    check: ({ read }, done) => expectCount("events read", read, done),
  }),
  reads(
    "store read, the last 100 of 1,000,000",
    100,
    (store) => store.readAll({ reverse: true, limit: 100 }),
  ),
  reads("store read, 1000 by time of 1,000,000", 1000, (store, i) => {
    const from = (i * 7919) % (READABLE / 10 - 100);
    return store.readAll({ from, until: from + 100 });
  }),
  followed(1, ", by the page", byPage),
  followed(100, ", by the page", byPage),
  followed(1, ", one by one", oneByOne),
  followed(100, ", one by one", oneByOne),
  // What the runtime takes for an iteration that finds everything ready.
  defineCase<{ seen: number }>({
    name: "store floor: for await over what is there",
    bytes: false,
    setup: () => ({ seen: 0 }),
    async run(state, n) {
      let left = n;
      const ready = {
        next: () => Promise.resolve({ done: left-- === 0, value: state }),
        [Symbol.asyncIterator]: () => ready,
      };
      for await (const each of ready) each.seen += 1;
    },
    check: ({ seen }, done) => expectCount("iterations", seen, done),
  }),
];

async function follow(store: MemoryStore<Orders>, meter: Meter): Promise<void> {
  for await (const _event of store.follow()) meter.hit();
}
