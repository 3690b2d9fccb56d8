/**
 * A shop with some trouble, and its dashboard at http://127.0.0.1:6060/debug/nova/
 *
 *     deno serve --host=127.0.0.1 --port=6060 examples/dashboard.ts
 *     bun run examples/dashboard.ts
 *     node examples/dashboard.ts
 */

import process from "node:process";
import { Bus, ListenerManager, MemoryStore } from "@nova/events";
import { anyone, type Inspector, inspector } from "@nova/events/http";
import { engineProfiler } from "@nova/events/profiler";

const bus = new Bus({ name: "shop", timing: "sampled" });
const orders = bus.topic<{ "order.placed": number }>("orders", {
  partitions: 8,
  key: ({ data }) => data % 3 === 0 ? "the-big-customer" : `customer-${data % 100}`,
  bufferSize: 200,
  overflow: "drop-newest",
  maxConcurrency: 4,
  retry: { attempts: 2, delayMs: 20 },
});
const audit = bus.topic<{ "page.seen": string }>("audit", { partitions: 2 });
const store = new MemoryStore({ name: "ledger" });
const mails = new ListenerManager({ name: "mails" });

orders.subscribe(async ({ data }) => {
  await sleep(6);
  if (data % 50 === 0) throw new TypeError("the price is no number");
}, { id: "billing" });
orders.subscribe(async (event) => void await store.append("ledger", [event]), { id: "ledger" });
const send = mails.register("confirm-order", async () => {
  await sleep(4);
  if (Math.random() < 0.1) throw new Error("the mail server is busy");
}, { concurrency: 100, retry: { attempts: 3, delayMs: 10 } });
orders.on("order.placed", send, { id: "confirm-order" });
audit.subscribe(() => {}, { id: "count" });
mails.start();

// Orders come in waves.
let order = 0;
setInterval(() => {
  const wave = 1 + Math.sin(Date.now() / 6_000);
  for (let i = 0; i < 9 * wave; i++) orders.tryPublish({ type: "order.placed", data: order++ });
  for (let i = 0; i < 12; i++) audit.tryPublish({ type: "page.seen", data: "/" });
}, 20);

function sleep(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms));
}

// Everyone may look, and redrive dead letters: it listens on a loopback address, by that name only.
const server: {
  readonly hostname: string;
  readonly port: number;
  readonly idleTimeout: number;
  readonly fetch: Inspector;
} = {
  hostname: "127.0.0.1",
  port: Number(process.env["PORT"] ?? 6060),
  idleTimeout: 60, // Bun ends what is silent for 10 s, and a profile is
  fetch: inspector({ bus, listeners: mails, store }, {
    authorize: anyone(),
    redrive: anyone(),
    hosts: ["127.0.0.1", "localhost"],
    profiler: engineProfiler(),
  }),
};

export default server;

if (!("Deno" in globalThis) && !("Bun" in globalThis)) {
  const { serve } = await import("@hono/node-server");
  serve(server);
}
