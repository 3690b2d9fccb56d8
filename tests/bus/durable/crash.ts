/**
 * A process that dies at any call of its store: the next one loses nothing that was acknowledged.
 *
 * @module
 */

import { TerminalError } from "@nova/events";
import { Bus, type DeadLetter, type TopicSubscription } from "@nova/events/bus";
import { createTestEnv, type TestEnv } from "@nova/events/testing";
import { assert, assertEquals } from "@std/assert";
import { byKey, type Keyed, step } from "../kit.ts";
import { Disk, type MortalStore } from "./kit.ts";

const EVENTS = 24;
const KEYS = ["a", "b", "c"];
const OPTIONS = {
  key: byKey,
  partitions: 2,
  maxConcurrency: 4,
  bufferSize: 8,
  retry: { attempts: 2, delayMs: 5, jitter: "none" },
} as const;

/** What is seen from outside of the processes. */
interface Record {
  readonly acked: string[];
  /** By life, what a handler finished. */
  readonly handled: string[][];
}

function nameOf({ key, n }: Keyed["step"]): string {
  return `${key}${n}`;
}

/** One life of the process: it publishes, handles, fails now and then, until its store is dead. */
function live(env: TestEnv, store: MortalStore, record: Record, broken: boolean): {
  readonly bus: Bus;
  readonly subscription: TopicSubscription;
} {
  const bus = new Bus({ env, store });
  const topic = bus.topic<Keyed>("steps", OPTIONS);
  const handled: string[] = [];
  record.handled.push(handled);
  const subscription = topic.subscribe(({ data }) => {
    // What happens in a process that is dead is not seen by anybody.
    const done = (): void => void (store.isDead || handled.push(nameOf(data)));
    if (broken && data.key === "b" && data.n === 2) throw new TerminalError("useless");
    if (data.key !== "c") return done();
    return new Promise<void>((resolve) => void env.setTimer(resolve, 3)).then(done);
  }, { id: "reader", from: "earliest", onFailure: "park-key" });
  return { bus, subscription };
}

async function publish(env: TestEnv, bus: Bus, record: Record): Promise<void> {
  const topic = bus.topic<Keyed>("steps");
  for (let i = 0; i < EVENTS; i++) {
    const event = step(KEYS[i % KEYS.length]!, Math.floor(i / KEYS.length) + 1);
    const published = topic.publish({ ...event, id: nameOf(event.data) }).then(
      () => void record.acked.push(nameOf(event.data)),
      () => {},
    );
    // Alone, together with the next, and with pauses in which checkpoints are written.
    if (i % 3 !== 0) await published;
    if (i % 4 === 3) await new Promise<void>((resolve) => void env.setTimer(resolve, 60));
  }
}

/** Runs a life that ends with the given call, and the one after it. Answers whether the first died. */
export async function dieAt(call: number, half: boolean): Promise<boolean> {
  const env = createTestEnv();
  const disk = new Disk(env);
  const record: Record = { acked: [], handled: [] };
  const mortal = disk.open(call, half);
  const first = live(env, mortal, record, true);
  void publish(env, first.bus, record);
  await env.advance(500);
  // It may die in its last checkpoint, too.
  void first.bus.close();
  await env.settle();

  const store = disk.open();
  const { bus, subscription } = live(env, store, record, false);
  let isReady = false;
  subscription.ready.then(() => isReady = true);
  // The lease of the dead one runs out.
  await env.advance(6000);
  assert(isReady, "the next one has its place");
  const letters = (await store.read("topic/steps.dlq")).map(({ data }) => data as DeadLetter);
  const wasParked = subscription.parked();
  // Whether the letter, or the event again, the key goes on in order.
  subscription.redrive();
  await env.advance(100);

  const [before, after] = record.handled as [string[], string[]];
  const all = new Set([...before, ...after]);
  const missing = record.acked.filter((name) => !all.has(name));
  assertEquals(missing, [], `acknowledged and lost; parked: ${JSON.stringify(wasParked)}`);
  for (const key of KEYS) {
    // Repetitions begin again where the checkpoint was, and nothing is left out or overtaken.
    let seen = 0;
    for (const name of [...before, ...after]) {
      if (name[0] !== key) continue;
      const number = Number(name.slice(1));
      assert(number <= seen + 1, `${name} came after ${key}${seen}`);
      seen = Math.max(seen, number);
    }
  }
  for (const handled of record.handled) {
    assertEquals(new Set(handled).size, handled.length, "twice in one life");
  }
  assert(letters.length <= 1, `${letters.length} letters of one event`);
  const stats = bus.stats();
  let isClosed = false;
  bus.close().then(() => isClosed = true);
  await env.settle();
  assert(isClosed, `closing has something to wait for: ${JSON.stringify(stats)}`);
  await store.close();
  return mortal.isDead;
}

/** Dies in every call from the first one on, with that many between; answers how often it died. */
export async function dieInEach(first: number, stride: number, half: boolean): Promise<number> {
  let deaths = 0;
  for (let call = first;; call += stride) {
    try {
      if (!await dieAt(call, half)) return deaths;
      deaths += 1;
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`in call ${call}: ${why}`, { cause });
    }
  }
}
