/**
 * The store beside @event-driven-io/emmett in memory, and on disk beside a file of lines. Figures of
 * the disk are wall time: another job of the machine is in them.
 */

import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { createEvent, MemoryStore } from "../../mod.ts";
import {
  type SqliteDatabase,
  SqliteStore,
  SqliteThreadStore,
} from "../../src/adapters/sqlite/mod.ts";
import { Log } from "../../src/store/log.ts";
import { type Case, defineCase, expectCount, type Probe } from "../case.ts";
import { makeWorker } from "../threads/make.ts";
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

async function inFolder<Answer>(use: (folder: string) => Promise<Answer>): Promise<Answer> {
  const folder = mkdtempSync(join(tmpdir(), "nova-bench-"));
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A store in a new file, for as long as it is used. */
function onDisk<Answer>(
  use: (store: SqliteStore<Orders>, db: SqliteDatabase) => Promise<Answer>,
): Promise<Answer> {
  return inFolder((folder) => inFile(folder, use));
}

async function inFile<Answer>(
  folder: string,
  use: (store: SqliteStore<Orders>, db: SqliteDatabase) => Promise<Answer>,
): Promise<Answer> {
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
  }
}

/** The same in a thread. */
function inThread<Answer>(use: (store: Disk) => Promise<Answer>): Promise<Answer> {
  return inFolder(async (folder) => {
    const url = new URL(`../threads/store.ts?path=${join(folder, "store.db")}`, import.meta.url);
    const store = new SqliteThreadStore<Orders>(() => makeWorker(url));
    try {
      await store.open();
      return await use(store);
    } finally {
      await store.close();
    }
  });
}

type Disk = SqliteStore<Orders> | SqliteThreadStore<Orders>;

async function concurrently(store: Disk): Promise<number> {
  const before = store.stats();
  const { commits } = store;
  const start = performance.now();
  await Promise.all(STREAMS.map(async (stream) => {
    for (let i = 0; i < ROUNDS; i++) await store.append(stream, [createEvent("placed", DATA)]);
  }));
  const seconds = (performance.now() - start) / 1000;
  expectCount("events", store.stats().events - before.events, EVENTS);
  expectCount("commits", store.commits - commits, ROUNDS);
  return seconds;
}

/**
 * By how much a timer of a millisecond is late while others append, once the code is warm.
 */
async function lateness(store: Disk): Promise<number> {
  await concurrently(store);
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
}

const SMALL = 10_000;
const LARGE = 10_000_000;

/** CPU nanoseconds per event of logs that grow to a size, until so many were appended. */
function growing(size: number, total: number): number {
  const event = createEvent("placed", DATA);
  const before = process.cpuUsage();
  let kept = 0;
  for (let done = 0; done < total; done += size) {
    const log = new Log();
    for (let i = 0; i < size; i++) log.append(log.streamFor("order-7"), event, 1);
    kept += log.head;
  }
  const { user, system } = process.cpuUsage(before);
  expectCount("events", kept, total);
  return (user + system) * 1000 / total;
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
    name: "raw log append, 10⁷ in one stream against 10⁴",
    unit: "×",
    measure: () => {
      growing(SMALL, LARGE / 10);
      const small = growing(SMALL, LARGE);
      return growing(LARGE, LARGE) / small;
    },
  },
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
    measure: () => onDisk(lateness),
  },
  {
    name: "sqlite FULL in a thread, 100 appenders",
    unit: "events/s",
    measure: () => inThread(async (store) => EVENTS / await concurrently(store)),
  },
  {
    name: "sqlite FULL in a thread, 100 appenders, event loop blocked, p99",
    unit: "ms",
    measure: () => inThread(lateness),
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
