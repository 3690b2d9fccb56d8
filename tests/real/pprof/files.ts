// deno-lint-ignore-file no-console -- a command prints
/** Profiles into files, with threads at work: `files.ts <cpu file> <heap file>`. */

import process from "node:process";
import { ThreadPool, type WorkerLike } from "@nova/events/pool";
import {
  startCpuProfile,
  startHeapProfile,
  stopCpuProfile,
  writeHeapProfile,
} from "@nova/events/profiler";
import { nodeWorker } from "@nova/events/node";
import type { Tasks } from "./tasks.ts";

const [cpu = "", heap = ""] = process.argv.slice(2);
const tasks = new URL("./tasks.ts", import.meta.url);
const onNode = !("Deno" in globalThis) && !("Bun" in globalThis);
const makeWorker = (): WorkerLike =>
  onNode ? nodeWorker(tasks) : new Worker(tasks, { type: "module" });

const pool = new ThreadPool<Tasks>(makeWorker, { workers: 2, name: "cpu" });
// The threads are there before the profile begins.
await Promise.all([pool.run("spin", 20), pool.run("spin", 20)]);

const canHeap = await startHeapProfile().then(() => true, (error: { code: string }) => {
  console.log(`heap: ${error.code}`);
  return false;
});
await startCpuProfile(cpu, { intervalUs: 1_000 });
console.log(`second: ${await startCpuProfile(cpu).catch((error) => error.message)}`);
const kept: string[][] = [];
for (let round = 0; round < 8; round++) {
  await Promise.all([pool.run("spin", 50), pool.run("spin", 50)]);
  kept.push(Array.from({ length: 20_000 }, (_, i) => `kept ${round} ${i}`));
}
await stopCpuProfile();
console.log(`none: ${await stopCpuProfile().catch((error) => error.message)}`);
if (canHeap) await writeHeapProfile(heap, { gc: true });
await pool.close();
console.log(`done ${kept.length}`);
