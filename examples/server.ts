// deno-lint-ignore-file no-console -- an example prints
/**
 * One Hono app for three runtimes, with everything to see inside.
 *
 *     NOVA_TOKEN=secret deno serve -A --port 8000 examples/server.ts
 *     NOVA_TOKEN=secret PORT=8000 bun run examples/server.ts
 *     NOVA_TOKEN=secret PORT=8000 node examples/server.ts
 *
 *     curl -X POST localhost:8000/orders -d '{"order":"A-17","total":42}'
 *     curl -H "Authorization: Bearer secret" localhost:8000/internal/metrics
 */

import process from "node:process";
import { Bus } from "@nova/events/bus";
import { Emitter } from "@nova/events/emitter";
import { bearer, nova, type NovaEnv, novaRoutes } from "@nova/events/hono";
import { shutdown } from "@nova/events";
import { Hono } from "hono";

type Orders = { "order.placed": { order: string; total: number } };

const emitter = new Emitter<Orders>({ name: "shop", timing: "sampled" });
const bus = new Bus({ name: "shop", timing: "sampled" });
const orders = bus.topic<Orders>("orders", { partitions: 4, key: (event) => event.data.order });

emitter.on("order.placed", ({ data }) => console.log("placed", data.order), { id: "log" });
orders.on("order.placed", async ({ data }) => {
  await new Promise((resolve) => setTimeout(resolve, 5)); // somebody else's API
  if (data.total < 0) throw new RangeError(`an order of ${data.total}`);
}, { id: "bill" });

const services = { emitter, bus };
const app = new Hono<NovaEnv<typeof services>>();
app.use(nova(services));

app.post("/orders", async (c) => {
  const data = await c.req.json<Orders["order.placed"]>();
  await c.var.nova.emit("order.placed", data);
  const receipt = await c.var.nova.publish("orders", { type: "order.placed", data });
  return c.json(receipt, 202);
});

const token = process.env["NOVA_TOKEN"] ?? crypto.randomUUID();
if (process.env["NOVA_TOKEN"] === undefined) console.log(`token for /internal: ${token}`);
let ready = true;
const inside = new Hono();
const pages = novaRoutes(inside, services, { authorize: bearer(token), ready: () => ready });
app.route("/internal", inside);

for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, async () => {
    ready = false; // load balancers send no more
    pages[Symbol.dispose](); // live streams would keep the server open
    const { bus: [left] } = await shutdown({ emitter, bus });
    console.log("closed", left);
    process.exit(0);
  });
}

// Deno and Bun serve the default export; on Bun `fetch` gets the server, which novaRoutes asks for
// more time where an answer takes long.
const port = Number(process.env["PORT"] ?? 8000);
const server: {
  readonly port: number;
  fetch(request: Request, platform?: object): Response | Promise<Response>;
} = { port, fetch: (request, platform) => app.fetch(request, platform) };
export default server;

if (!("Deno" in globalThis) && !("Bun" in globalThis)) {
  const { serve } = await import("@hono/node-server");
  serve(server, () => console.log(`listening on ${port}`));
}
