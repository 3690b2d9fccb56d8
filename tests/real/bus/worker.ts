// A process with a durable bus that lives until it is killed, or, told to drain, until all is handled.
import { writeSync } from "node:fs";
import process from "node:process";
import { DatabaseSync } from "node:sqlite";
import { setTimeout } from "node:timers/promises";
import { Bus, TerminalError } from "@nova/events";
import { SqliteStore } from "@nova/events/sqlite";

const [path = "", mode = "run"] = process.argv.slice(2);
const CLIENTS = 6;

const db = new DatabaseSync(path);
const store = new SqliteStore(db);
await store.open();
// Written beside the bus, as any handler may: what is done twice is counted.
db.exec(`CREATE TABLE IF NOT EXISTS seen(
  client TEXT PRIMARY KEY, last INTEGER NOT NULL, repeats INTEGER NOT NULL, wrong INTEGER NOT NULL)`);
const see = db.prepare(
  `INSERT INTO seen VALUES(?1, ?2, 0, ?2 <> 1) ON CONFLICT(client) DO UPDATE SET
  last = max(last, ?2), repeats = repeats + (?2 <= last), wrong = wrong + (?2 > last + 1)`,
);

type Steps = { step: { client: string; n: number } };
const bus = new Bus({ store, leaseMs: 300 });
const topic = bus.topic<Steps>("steps", {
  partitions: 3,
  key: ({ data }) => data.client,
  maxConcurrency: 4,
  retry: { attempts: 2, delayMs: 1 },
});
const reader = topic.subscribe(async ({ data }, { attempt }) => {
  if (data.n % 3 === 0) await undefined;
  if (data.n % 7 === 0 && attempt === 1) throw new Error("another time");
  see.run(data.client, data.n);
  // Handled as far as its order goes, and yet a dead letter.
  if (data.n % 11 === 0) throw new TerminalError("useless");
}, { id: "reader", from: "earliest" });

/** Each goes on where its events end, and says what was acknowledged. */
async function client(name: string): Promise<void> {
  const events = await store.read("topic/steps", { limit: 1_000_000 });
  let n = events.filter(({ data }) => (data as Steps["step"]).client === name).length;
  for (;;) {
    n += 1;
    await topic.publish({ type: "step", data: { client: name, n }, id: `${name}/${n}` });
    writeSync(1, `${name} ${n}\n`);
  }
}

if (mode === "run") {
  await Promise.all(Array.from({ length: CLIENTS }, (_, i) => client(`client-${i}`)));
}
await reader.ready;
const head = (await store.stream("topic/steps"))?.version ?? 0;
const last = (await store.read("topic/steps", { after: head - 1 }))[0]?.position ?? 0;
while ((await store.checkpoint("topic/steps/reader") ?? 0) < last) await setTimeout(20);
await bus.close();
await store.close();
db.close();
