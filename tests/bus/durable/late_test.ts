import { Bus, type Effect } from "@nova/events/bus";
import { MemoryStore, type MemoryTx } from "@nova/events/store";
import { createTestEnv } from "@nova/events/testing";
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../../support/env.ts";
import { n, type Numbers } from "../kit.ts";

/** Writes a number into a stream, with the checkpoint. */
function note(data: number): Effect {
  return (tx: MemoryTx) => {
    const draft = { id: `note-${data}`, type: "note", timestamp: 0, metadata: {}, data };
    tx.append("notes", [draft]);
  };
}

describe("a handler that outlives its subscription", () => {
  const env = useTestEnv();

  it("commits nothing once another has the place", async () => {
    const store = new MemoryStore({ env });
    const one = new Bus({ env, store });
    let finish: () => void = () => {};
    const first = one.topic<Numbers>("orders").subscribe(({ data }, { effect }) => {
      effect(note(data));
      return new Promise((resolve) => finish = resolve);
    }, { id: "a" });
    await first.ready;
    await one.topic<Numbers>("orders").publish(n(1));
    await env.settle();
    first.unsubscribe();
    await env.settle();

    const two = new Bus({ env, store });
    const second = two.topic<Numbers>("orders").subscribe(
      ({ data }, { effect }) => effect(note(data)),
      { id: "a" },
    );
    await second.ready;
    await env.advance(100);
    for (const i of [2, 3]) await two.topic<Numbers>("orders").publish(n(i));
    await env.advance(100);
    assertEquals((await store.read("notes")).map(({ data }) => data), [1, 2, 3]);
    const mark = await store.checkpoint("topic/orders/a");

    finish();
    await env.advance(100);
    assertEquals((await store.read("notes")).map(({ data }) => data), [1, 2, 3], "I12: once");
    assertEquals(await store.checkpoint("topic/orders/a"), mark);
    await one.close();
    await two.close();
    await store.close();
  });

  it("commits nothing when its bus has lost the place and got it again", async () => {
    const store = new MemoryStore({ env });
    const frozen = createTestEnv();
    const one = new Bus({ env: frozen, store });
    const ends: (() => void)[] = [];
    let calls = 0;
    const reader = one.topic<Numbers>("orders", { retry: { attempts: 1 } }).subscribe(
      ({ data }, { effect }) => {
        effect(note(data));
        calls += 1;
        return new Promise((resolve) => void ends.push(resolve));
      },
      { id: "a" },
    );
    await reader.ready;
    await one.topic<Numbers>("orders").publish(n(1));
    await frozen.settle();

    // Another has the place for a while, and does nothing.
    await env.advance(6000);
    const lease = await store.lease("topic/orders/a", { ttlMs: 1 });
    await frozen.advance(1300);
    assertEquals(frozen.reported.length, 1);
    await lease!.release();
    await frozen.advance(1300);
    assertEquals(calls, 2);
    ends[0]!();
    await frozen.advance(100);
    assertEquals((await store.read("notes")).length, 0);
    assertEquals((await store.read("topic/orders.dlq")).length, 0);
    ends[1]!();
    await frozen.advance(100);

    assertEquals((await store.read("notes")).map(({ data }) => data), [1], "I12: once");
    assertEquals((await store.read("topic/orders.dlq")).length, 0);
    await one.close();
    await store.close();
  });
});
