/** Bars of the bus that are no time per operation. */

import process from "node:process";
import { Bus, createEvent, type Topic } from "../../src/bus/mod.ts";
import { Meter } from "../cases/bursts.ts";
import { expectCount, type Probe } from "../case.ts";
import { collect, heapBytes } from "../runner/heap.ts";
import { median } from "../runner/measure.ts";

/** How much of its rate a topic keeps beside an event that fails again and again. */
export const POISONED = "rate beside a poisoned event, of the rate without";
/** What a topic costs that nothing happens in. */
export const IDLE_TOPICS = "memory of an idle topic, of 100,000";

const ROUNDS = 9;
const EVENTS = 200_000;
const BURST = 256;

/** A topic with a healthy subscription, and one that fails on a single event for as long as it lives. */
function topicOf(poisoned: boolean): { bus: Bus; topic: Topic<{ n: number }>; meter: Meter } {
  const bus = new Bus();
  const topic = bus.topic<{ n: number }>("numbers", {
    retry: { attempts: 1_000_000, delayMs: 1, backoff: "fixed", jitter: "none" },
  });
  const meter = new Meter();
  topic.subscribe(() => meter.hit(), { id: "healthy" });
  topic.subscribe(({ data }) => {
    if (poisoned && data === -1) throw POISON;
  }, { id: "other" });
  return { bus, topic, meter };
}

const POISON = new Error("poisoned");

/** CPU time of publishing and handling them all, in milliseconds. */
async function flow({ topic, meter }: ReturnType<typeof topicOf>): Promise<number> {
  const event = createEvent("n", 1);
  const { user, system } = process.cpuUsage();
  for (let left = EVENTS; left > 0; left -= BURST) {
    const target = meter.hits + BURST;
    for (let i = 0; i < BURST; i++) {
      if (!topic.tryPublish(event)) throw new Error("the topic is full");
    }
    await meter.until(target);
  }
  const after = process.cpuUsage({ user, system });
  return (after.user + after.system) / 1000;
}

async function rateBesidePoison(): Promise<number> {
  const healthy = topicOf(false);
  const poisoned = topicOf(true);
  await poisoned.topic.publish({ type: "n", data: -1 });
  const ratios: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const without = await flow(healthy);
    ratios.push(without / await flow(poisoned));
  }
  const [, other] = poisoned.topic.stats().subscriptions;
  expectCount("poisoned events held", other!.held, 1);
  const ended = AbortSignal.abort();
  await healthy.bus.close({ signal: ended });
  await poisoned.bus.close({ signal: ended });
  // The first rounds meet code that nobody has compiled.
  return median(ratios.slice(2));
}

function idleTopics(): number {
  const TOPICS = 100_000;
  const bus = new Bus({ maxTopics: TOPICS });
  collect?.();
  const before = heapBytes();
  for (let i = 0; i < TOPICS; i++) bus.topic(`topic-${i}`);
  collect?.();
  const bytes = heapBytes() - before;
  expectCount("topics", bus.stats().topics.length, TOPICS);
  return bytes / TOPICS;
}

export const probes: readonly Probe[] = [
  { name: POISONED, unit: "×", measure: rateBesidePoison },
  { name: IDLE_TOPICS, unit: "B", measure: idleTopics },
];
