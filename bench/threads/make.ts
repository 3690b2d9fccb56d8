/** Starts a worker on Deno, Bun and Node. */

import { nodeWorker } from "../../src/adapters/node.ts";
import type { WorkerLike } from "../../src/pool/mod.ts";
import type { Placed } from "./tasks.ts";

/** The file of the bench's own tasks. */
export const TASKS: URL = new URL("./tasks.ts", import.meta.url);

/** An event like those that are handed over. */
export const PLACED: Placed = {
  type: "order.placed",
  id: "order-1017",
  data: { order: "A-17", total: 1 },
};

/** A worker of the web, or Node's as one. */
export function makeWorker(url: URL = TASKS): WorkerLike {
  return typeof Worker === "function" ? new Worker(url, { type: "module" }) : nodeWorker(url);
}
