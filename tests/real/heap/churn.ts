/**
 * A million subscriptions that come and go, run by `../heap_test.ts` on each runtime with a collector
 * that can be called. Prints the growth of the heap for each way, in kB.
 */

import { Emitter } from "@nova/events/emitter";
import { Bus } from "@nova/events/bus";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";

const CYCLES = 1_000_000;

declare const Bun: { gc(force: boolean): void } | undefined;
declare const gc: (() => void) | undefined;

/** Bytes in use once nothing is left to collect. Engines let go of abort signals in several rounds. */
async function heap(): Promise<number> {
  let least = Infinity;
  for (let i = 0; i < 10; i++) {
    await sleep(10);
    if (typeof Bun === "object") Bun.gc(true);
    else if (typeof gc === "function") gc();
    else throw new Error("The collector cannot be called here");
    least = Math.min(least, process.memoryUsage().heapUsed);
  }
  return least;
}

const emitter = new Emitter();
const topic = new Bus().topic("orders");
const long = new AbortController();
const listener = (): void => {};

const ways: Readonly<Record<string, (i: number) => void>> = {
  // What the runtime itself keeps of signals that aborted; Node keeps some MB for a while.
  "control: a signal that aborts": () => {
    const controller = new AbortController();
    controller.signal.addEventListener("abort", listener, { once: true });
    controller.abort();
  },
  "emitter: subscribe, unsubscribe": () => emitter.on("a", listener).unsubscribe(),
  "emitter: to ever new types": (i) => emitter.on(`a${i}`, listener).unsubscribe(),
  "emitter: subscribe, abort": () => {
    const controller = new AbortController();
    emitter.on("a", listener, { signal: controller.signal });
    controller.abort();
  },
  "emitter: under one signal that lives long": () =>
    emitter.on("a", listener, { signal: long.signal }).unsubscribe(),
  "topic: subscribe, unsubscribe": () => topic.subscribe(listener).unsubscribe(),
  "topic: subscribe, abort": () => {
    const controller = new AbortController();
    topic.subscribe(listener, { signal: controller.signal });
    controller.abort();
  },
};

for (const [name, cycle] of Object.entries(ways)) {
  for (let i = 0; i < 10_000; i++) cycle(i);
  const before = await heap();
  for (let i = 0; i < CYCLES; i++) cycle(i);
  const growth = Math.round((await heap() - before) / 1024);
  // deno-lint-ignore no-console
  console.log(JSON.stringify({ name, growth }));
}
