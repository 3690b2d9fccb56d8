/**
 * The store beside @event-driven-io/emmett in memory, and on disk beside a file of lines. Figures of
 * the disk are wall time: another job of the machine is in them.
 */

import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEvent, MemoryStore } from "../../mod.ts";
import { type SqliteDatabase, SqliteStore } from "../../src/adapters/sqlite/mod.ts";
import { type Case, defineCase, expectCount, type Probe } from "../case.ts";
import { load } from "./load.ts";

type Orders = { placed: { order: string; total: number; items: readonly string[] } };

const DATA = { order: "A-17", total: 12.5, items: ["x", "y"] };
const STREAMS = Array.from({ length: 100 }, (_, i) => `order-${i}`);
/** emmett copies its stream for each append, so what it costs grows; here it may hold so many. */
const LIMIT = 20_000;

/** What is used of emmett. */
interface Emmett {
  getInMemoryEventStore(): {
    appendToStream(stream: string, events: readonly unknown[]): Promise<unknown>;
    readStream(stream: string): Promise<{ events: readonly unknown[] }>;
  };
}

/** Single appends to one stream, each awaited. */
export const cases: readonly Case[] = [
  defineCase<{ store: MemoryStore<Orders> }>({
    name: "nova append | one stream, awaited",
    limit: LIMIT,
    bytes: false,
    setup: () => ({ store: new MemoryStore<Orders>() }),
    async run({ store }, n) {
      for (let i = 0; i < n; i++) {
        await store.append("order-7", [createEvent("placed", DATA)]);
      }
    },
    check: ({ store }, done) => expectCount("events", store.stats().events, done),
  }),
  defineCase<{ store: ReturnType<Emmett["getInMemoryEventStore"]> }>({
    name: "emmett append | one stream, awaited",
    limit: LIMIT,
    bytes: false,
    setup: () => ({ store: load<Emmett>("@event-driven-io/emmett").getInMemoryEventStore() }),
    async run({ store }, n) {
      for (let i = 0; i < n; i++) {
        await store.appendToStream("order-7", [{ type: "placed", data: DATA }]);
      }
    },
    check: async ({ store }, done) => {
      expectCount("events", (await store.readStream("order-7")).events.length, done);
    },
  }),
];

const APPENDERS = 100;
const ROUNDS = 100;
const EVENTS = APPENDERS * ROUNDS;

/** A store in a new file, for as long as it is used. */
async function onDisk<Answer>(
  use: (store: SqliteStore<Orders>, db: SqliteDatabase) => Promise<Answer>,
): Promise<Answer> {
  const folder = mkdtempSync(join(tmpdir(), "nova-bench-"));
  const { DatabaseSync } = createRequire(import.meta.url)("node:sqlite") as {
    DatabaseSync: new (path: string) => SqliteDatabase & { close(): void };
  };
  const db = new DatabaseSync(join(folder, "store.db"));
  const store = new SqliteStore<Orders>(db);
  try {
    await store.open();
    return await use(store, db);
  } finally {
    await store.close();
    db.close();
    rmSync(folder, { recursive: true });
  }
}

async function concurrently(store: SqliteStore<Orders>): Promise<number> {
  const start = performance.now();
  await Promise.all(STREAMS.map(async (stream) => {
    for (let i = 0; i < ROUNDS; i++) await store.append(stream, [createEvent("placed", DATA)]);
  }));
  const seconds = (performance.now() - start) / 1000;
  expectCount("events", store.stats().events, EVENTS);
  expectCount("commits", store.commits, ROUNDS);
  return seconds;
}

/** One fdatasync for each group of a hundred lines. */
function lines(): number {
  const folder = mkdtempSync(join(tmpdir(), "nova-bench-"));
  const file = openSync(join(folder, "lines"), "w");
  const start = performance.now();
  for (let round = 0; round < ROUNDS; round++) {
    let text = "";
    for (let i = 0; i < APPENDERS; i++) {
      text += `${
        JSON.stringify({ stream: STREAMS[i], version: round, ...createEvent("placed", DATA) })
      }\n`;
    }
    writeSync(file, text);
    fdatasyncSync(file);
  }
  const seconds = (performance.now() - start) / 1000;
  closeSync(file);
  rmSync(folder, { recursive: true });
  return seconds;
}

/** What the disk gives. */
export const probes: readonly Probe[] = [
  {
    name: "sqlite FULL, 100 appenders",
    unit: "events/s",
    measure: () => onDisk(async (store) => EVENTS / await concurrently(store)),
  },
  {
    name: "sqlite FULL, 100 appenders, against lines with one fdatasync per group",
    unit: "%",
    measure: () => onDisk(async (store) => 100 * lines() / await concurrently(store)),
  },
  {
    name: "sqlite FULL, 100 appenders, event loop blocked, p99",
    unit: "ms",
    measure: () =>
      onDisk(async (store) => {
        const late: number[] = [];
        let last = performance.now();
        const timer = setInterval(() => {
          const now = performance.now();
          late.push(now - last - 1);
          last = now;
        }, 1);
        await concurrently(store);
        clearInterval(timer);
        return late.toSorted((a, b) => a - b)[Math.floor(late.length * 0.99)]!;
      }),
  },
  {
    name: "sqlite readAll, decoded",
    unit: "events/s",
    measure: () =>
      onDisk(async (store) => {
        for (let i = 0; i < 100; i++) {
          const events = Array.from({ length: 500 }, () => createEvent("placed", DATA));
          await store.append(STREAMS[i]!, events);
        }
        const start = performance.now();
        let total = 0;
        for await (const page of store.pages()) for (const { data } of page) total += data.total;
        const seconds = (performance.now() - start) / 1000;
        expectCount("the total", total, 50_000 * 12.5);
        return 50_000 / seconds;
      }),
  },
  {
    name: "sqlite FULL, exactly-once effects, 64 per commit",
    unit: "effects/s",
    measure: () =>
      onDisk(async (store, db) => {
        db.exec(
          "CREATE TABLE totals(one INTEGER PRIMARY KEY, total INTEGER); INSERT INTO totals VALUES(1, 0)",
        );
        const add = db.prepare("UPDATE totals SET total = total + 1");
        const start = performance.now();
        for (let round = 0; round < 300; round++) {
          const effects = Array.from({ length: 64 }, () => () => void add.run());
          await store.commit({ checkpoints: [{ name: "c", position: round }], effects });
        }
        const seconds = (performance.now() - start) / 1000;
        const { total } = db.prepare("SELECT total FROM totals").get() as { total: number };
        expectCount("effects", total, 300 * 64);
        return 300 * 64 / seconds;
      }),
  },
];
