import { TerminalError } from "@nova/events";
import { Bus, type Effect, type TopicSubscription } from "@nova/events/bus";
import type { MemoryTx } from "@nova/events/store";
import { createTestEnv, type TestEnv } from "@nova/events/testing";
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { byKey, type Keyed, step } from "../kit.ts";
import { Disk, type MortalStore } from "./kit.ts";

const OPTIONS = { delivery: "exactly-once", key: byKey, partitions: 2 } as const;

/** Notes the event, with the checkpoint. */
function note(name: string): Effect {
  return (tx: MemoryTx) => {
    tx.append("notes", [{ id: name, type: "note", timestamp: 0, metadata: {}, data: name }]);
  };
}

/** One life. */
function live(env: TestEnv, store: MortalStore, isBroken: (name: string) => boolean): {
  readonly bus: Bus;
  readonly reader: TopicSubscription;
} {
  const bus = new Bus({ env, store });
  const reader = bus.topic<Keyed>("steps", OPTIONS).subscribe(async ({ data }, { effect }) => {
    const name = `${data.key}${data.n}`;
    if (isBroken(name)) throw new TerminalError("not now");
    effect(note(name));
    if (data.n % 2 === 0) await undefined;
  }, { id: "reader", from: "earliest", onFailure: "park-key" });
  return { bus, reader };
}

/** Dies in a call that follows a redrive. Answers whether it did. */
async function dieRedriving(call: number, half: boolean, failsAgain: boolean): Promise<boolean> {
  const env = createTestEnv();
  const disk = new Disk(env);
  const before = live(env, disk.open(), (name) => name === "a2" || name === "b1");
  const topic = before.bus.topic<Keyed>("steps");
  for (const n of [1, 2, 3, 4]) {
    for (const key of ["a", "b"]) void topic.publish({ ...step(key, n), id: `${key}${n}` });
  }
  await env.advance(100);
  void before.bus.close();
  await env.settle();

  const mortal = disk.open(call, half);
  const dying = live(env, mortal, (name) => failsAgain && name === "b1");
  await env.advance(100);
  dying.reader.redrive();
  await env.advance(200);
  void dying.bus.close();
  await env.settle();

  const store = disk.open();
  const { bus, reader } = live(env, store, () => false);
  await env.advance(6000);
  reader.redrive();
  await env.advance(100);
  const notes = (await store.read("notes")).map(({ data }) => data as string);
  for (const key of ["a", "b"]) {
    assertEquals(
      notes.filter((name) => name[0] === key),
      [1, 2, 3, 4].map((n) => `${key}${n}`),
      `I12: once and in order, in call ${call}, ${half}, ${failsAgain}`,
    );
  }
  assertEquals(reader.redrive(), { redriven: 0, left: 0 });
  assertEquals(reader.parked(), []);
  let isClosed = false;
  void bus.close().then(() => isClosed = true);
  await env.settle();
  assert(isClosed);
  return mortal.isDead;
}

describe("a dead letter that is redriven", () => {
  for (const failsAgain of [false, true]) {
    it(`is handled once and in order, whenever the process dies; fails again: ${failsAgain}`, async () => {
      for (const half of [false, true]) {
        let call = 1;
        while (await dieRedriving(call, half, failsAgain)) call += 1;
        assert(call > 10, `died in ${call} calls`);
      }
    });
  }
});
