/**
 * What the tests share that end writers in the middle of their work.
 *
 * @module
 */

import { assertEquals, assertGreaterOrEqual } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { SqliteStore } from "@nova/events/sqlite";
import { bun } from "../../runtimes/tools.ts";

/** The file of the writer. */
export const WRITER: string = new URL("./writer.ts", import.meta.url).pathname;
/** Where commands run. */
export const ROOT: string = new URL("../../../", import.meta.url).pathname;
const MAP = "--import-map=tests/std/offline.json";

/** How a file is run. */
export const RUNTIMES: Readonly<Record<string, () => Promise<readonly string[]>>> = {
  deno: () => Promise.resolve([Deno.execPath(), "run", "-A", "--no-check", MAP]),
  bun,
};

/** By stream, the last version that was acknowledged. */
export interface Acked {
  readonly [stream: string]: number;
}

/** What a writer said it was told. */
export function ackedIn(text: string): Acked {
  const acked: Record<string, number> = {};
  // What has no newline was cut by the end.
  for (const line of text.split("\n").slice(0, -1)) {
    const [stream = "", version = "0"] = line.split(" ");
    acked[stream] = Number(version);
  }
  return acked;
}

/** Rejects when it takes too long. */
export async function within<Value>(ms: number, promise: Promise<Value>): Promise<Value> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done within ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Fails unless the store is whole and has all that was acknowledged; answers its events. */
export async function check(path: string, acked: Acked): Promise<number> {
  const db = new DatabaseSync(path);
  const store = new SqliteStore<Record<string, number>>(db);
  try {
    assertEquals(await store.checkIntegrity(), []);
    const infos = await store.streams();
    let events = 0;
    for (const { name, version } of infos) {
      const stream = await store.read(name, { limit: 1_000_000 });
      assertEquals(
        stream.map(({ data }) => data),
        Array.from({ length: version }, (_, i) => i + 1),
      );
      assertEquals(stream.map((event) => event.version), stream.map(({ data }) => data), "I1");
      assertEquals(version % 3, 0, `a torn unit in ${name}`);
      const row = db.prepare("SELECT total FROM totals WHERE name = ?").get(name);
      assertEquals(row?.total, version, `effects of ${name}`);
      const view = db.prepare("SELECT last, seen FROM views WHERE name = ?").get(name);
      assertEquals([view?.last, view?.seen], [version, version], `the inline view of ${name}`);
      events += version;
    }
    for (const [name, version] of Object.entries(acked)) {
      const there = infos.find((info) => info.name === name)?.version ?? 0;
      assertGreaterOrEqual(there, version, `acknowledged in ${name} and lost`);
    }
    assertEquals(await store.checkpoint("projection/views") ?? 0, events, "the view's checkpoint");
    const { head, events: counted } = store.stats();
    assertEquals([head, counted], [events, events]);
    return events;
  } finally {
    await store.close();
    db.close();
  }
}

/** How many acknowledged events of a store are not there. */
export async function lostOf(path: string, acked: Acked): Promise<number> {
  const db = new DatabaseSync(path);
  const store = new SqliteStore(db);
  try {
    let lost = 0;
    for (const [name, version] of Object.entries(acked)) {
      lost += Math.max(0, version - ((await store.stream(name))?.version ?? 0));
    }
    return lost;
  } finally {
    await store.close();
    db.close();
  }
}
