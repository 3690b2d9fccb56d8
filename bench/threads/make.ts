/** Starts a worker on Deno, Bun and Node. */

import { nodeWorker } from "../../src/adapters/node.ts";
import type { WorkerLike } from "../../src/pool/mod.ts";
import type { Placed } from "./tasks.ts";

/** The file of the bench's own tasks. */
export const TASKS: URL = new URL("./tasks.ts", import.meta.url);

/** Different ones: a clone of many copies of one object would be cheaper than it is in life. */
const PLACED: readonly Placed[] = Array.from({ length: 1024 }, (_, n) => ({
  type: "order.placed",
  id: `order-${1000 + n}`,
  data: { order: `A-${n}`, total: 1 },
}));
let turn = 0;

/** An event like those that are handed over. */
export function nextPlaced(): Placed {
  return PLACED[turn++ & 1023]!;
}

/** A worker of the web, or Node's as one. */
export function makeWorker(url: URL = TASKS): WorkerLike {
  return typeof Worker === "function" ? new Worker(url, { type: "module" }) : nodeWorker(url);
}
