/**
 * Continuous profiling: a program at work, and the address at which `go tool pprof` looks into it.
 *
 *     deno serve -A --host 127.0.0.1 --port 6060 examples/pprof_server.ts
 *     bun run examples/pprof_server.ts
 *     node examples/pprof_server.ts
 *
 *     go tool pprof http://127.0.0.1:6060/debug/pprof/profile?seconds=5    CPU
 *     go tool pprof http://127.0.0.1:6060/debug/pprof/heap                 memory
 *     go tool pprof http://127.0.0.1:6060/debug/pprof/goroutine            handlers at work
 */

import process from "node:process";
import { Emitter } from "@nova/events/emitter";
import { anyone, inspector } from "@nova/events/http";
import { engineProfiler } from "@nova/events/profiler";

type Orders = { "order.placed": { id: number } };

const emitter = new Emitter<Orders>({ name: "shop", timing: "sampled", maxConcurrency: 4 });
const recent: { hash: number; lines: number[] }[] = [];

emitter.on("order.placed", ({ data }) => {
  let hash = data.id;
  for (let line = 0; line < 300_000; line++) {
    hash = (hash * 31 + line) | 0;
  }
  recent.push({ hash, lines: Array.from({ length: 5_000 }, (_, line) => line * hash) });
  if (recent.length > 200) recent.shift();
}, { id: "hash" });

emitter.on("order.placed", async () => {
  await new Promise((resolve) => setTimeout(resolve, 50)); // somebody else's API
}, { id: "bill" });

let placed = 0;
setInterval(() => {
  for (let i = 0; i < 10; i++) emitter.tryEnqueue("order.placed", { id: ++placed });
}, 100);

const inspect = inspector({ emitter }, {
  // Nobody but this machine reaches the address, and no web page can borrow it.
  authorize: anyone(),
  hosts: ["127.0.0.1", "localhost"],
  profiler: engineProfiler(),
  heapSampling: true,
  heapSnapshots: true,
});

// Deno and Bun serve the default export. Bun ends what is silent for 10 s unless it is told otherwise.
const server: {
  readonly hostname: string;
  readonly port: number;
  readonly idleTimeout: number;
  fetch(request: Request): Promise<Response>;
} = {
  hostname: "127.0.0.1",
  port: Number(process.env["PORT"] ?? 6060),
  idleTimeout: 60,
  fetch: (request) => inspect(request),
};
export default server;

if (!("Deno" in globalThis) && !("Bun" in globalThis)) {
  // It tells the host that was asked for, without which `hosts` protects from nobody.
  const { serve } = await import("@hono/node-server");
  serve(server);
}
