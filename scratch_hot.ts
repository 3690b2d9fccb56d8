import { SqliteStore } from "@nova/events/sqlite";
import { Bus } from "@nova/events/bus";
import { DatabaseSync } from "node:sqlite";
let reports = 0;
const t0 = performance.now();
globalThis.reportError = (e: unknown) => { if (reports++ < 3) console.log(String(e)); if (reports > 5000) { console.log("hot", reports, Math.round(performance.now() - t0)); Deno.exit(1); } };
const db = new DatabaseSync("/tmp/atk_hot.db");
const store = new SqliteStore(db, {});
const mode = Deno.args[0];
if (mode === "bus") {
  const bus = new Bus({ store });
  const sub = bus.topic("t").subscribe(() => {}, { id: "a" });
  await sub.ready;
} else { (async () => { try { for await (const _ of store.follow()) { /**/ } } catch (e) { console.log("follow ended", String(e)); } })(); }
await new Promise((r) => setTimeout(r, 50));
db.close();
await new Promise((r) => setTimeout(r, 1000));
console.log("alive", reports);
Deno.exit();
