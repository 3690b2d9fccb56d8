// deno-lint-ignore-file no-console -- an example prints
/**
 * Computing in threads, so that the event loop stays free:
 *
 *     deno run -A examples/cpu_pool.ts
 *     bun examples/cpu_pool.ts
 *     node examples/cpu_pool.ts
 */

import { Emitter } from "@nova/events/emitter";
import { nodeWorker } from "@nova/events/node";
import { threadListener, ThreadPool } from "@nova/events/pool";
import { optimalWorkers } from "@nova/events/tuning";
import type { Tasks } from "./cpu_tasks.ts";

const url = new URL("./cpu_tasks.ts", import.meta.url);
const workers = optimalWorkers("cpu");
console.log(`${workers.value} threads. ${workers.reasoning}`);

const pool = new ThreadPool<Tasks>(
  // Node has no Worker of the web: the adapter makes one.
  () => typeof Worker === "function" ? new Worker(url, { type: "module" }) : nodeWorker(url),
  { name: "primes", workers: workers.value },
);

// How late the event loop is, while the threads compute.
let latest = 0;
let due = performance.now() + 10;
const clock = setInterval(() => {
  latest = Math.max(latest, performance.now() - due);
  due = performance.now() + 10;
}, 10);

// Called by hand …
const limits = Array.from({ length: 40 }, (_, n) => 50_000 + n);
const start = performance.now();
const counts = await Promise.all(limits.map((limit) => pool.run("primes", limit)));
const took = performance.now() - start;
clearInterval(clock);
console.log(
  `${counts.length} counts in ${took.toFixed(0)} ms, timers at most ${latest.toFixed(0)} ms late`,
);
console.log(`primes below ${limits[0]}: ${counts[0]}`);

// … or as the listener of an event, which succeeds and fails as the task does.
const emitter = new Emitter<{ asked: number }>();
emitter.on("asked", threadListener(pool, "primes"));
await emitter.emit("asked", 1_000);

const { completed, threads } = pool.stats();
console.log(`${completed} tasks in ${threads} threads`);
await emitter.close();
await pool.close();
