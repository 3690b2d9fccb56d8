import { TerminalError, UnsupportedError, ValidationError } from "@nova/events";
import { Bus, type DeadLetter, type Effect } from "@nova/events/bus";
import { MemoryStore, type MemoryTx } from "@nova/events/store";
import { SqliteStore } from "@nova/events/sqlite";
import { createTestEnv } from "@nova/events/testing";
import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { openDatabase, sqliteMissing } from "../../adapters/sqlite_kit.ts";
import { useTestEnv } from "../../support/env.ts";
import { assertLaws, byKey, type Keyed, n, type Numbers, step } from "../kit.ts";
import { Disk } from "./kit.ts";

/** Writes a number into a stream, with the checkpoint. */
function note(data: number, fails = false): Effect {
  return (tx: MemoryTx) => {
    const draft = { id: `note-${data}`, type: "note", timestamp: 0, metadata: {}, data };
    tx.append("notes", [draft]);
    if (fails) throw new TerminalError("the effect failed");
  };
}

const EXACTLY_ONCE = { delivery: "exactly-once", key: byKey } as const;

describe("what a handler of a durable topic stages", () => {
  const env = useTestEnv();

  it("happens in one unit with the checkpoint, for handlers of both kinds", async () => {
    const disk = new Disk(env);
    const store = disk.open();
    const bus = new Bus({ env, store });
    const topic = bus.topic<Keyed>("steps", EXACTLY_ONCE);
    topic.subscribe(({ data }, { effect }) => {
      effect(note(data.n));
      return data.n % 2 === 0 ? Promise.resolve() : undefined;
    }, { id: "reader" });
    await env.settle();
    for (let i = 1; i <= 4; i++) {
      void topic.publish({ ...step("a", i), id: `e-${i}` });
      await env.settle();
      // No time has passed in which a checkpoint would be due.
      const [last] = await store.read("notes", { reverse: true, limit: 1 });
      assertEquals(last?.data, i);
      assertEquals(disk.mark("topic/steps/reader")?.low, last!.position - 1);
    }

    assertLaws(topic);
    assertEquals(topic.stats().subscriptions[0]?.succeeded, 4);
    void bus.close();
    await env.settle();
    await store.close();
  });

  it("does not happen when the handler fails, nor when another effect of it does", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders", { retry: { attempts: 2, delayMs: 5 } });
    topic.subscribe(({ data }, { effect, attempt }) => {
      effect(note(data));
      if (data === 1 && attempt === 1) throw new Error("not yet");
      if (data === 2) effect(note(20, true));
      return data === 3 ? Promise.reject(new TerminalError("no")) : undefined;
    }, { id: "reader" });
    for (const i of [1, 2, 3, 4]) await topic.publish(n(i));
    await env.advance(100);

    assertEquals((await store.read("notes")).map(({ data }) => data), [4, 1]);
    const letters = (await store.read("topic/orders.dlq")).map(({ data }) => data as DeadLetter);
    assertEquals(letters.map(({ event, error }) => [event.data, error.message]), [
      [2, "the effect failed"],
      [3, "no"],
    ]);
    await bus.close();
    await store.close();
  });

  it("does not drag others down that are written together with it", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders", { maxConcurrency: 10 });
    topic.subscribe(async ({ data }, { effect }) => {
      await undefined;
      effect(note(data, data === 2));
    }, { id: "reader" });
    await Promise.all([1, 2, 3].map((i) => topic.publish(n(i))));
    await env.advance(100);

    assertEquals((await store.read("notes")).map(({ data }) => data), [1, 3]);
    assertEquals(topic.stats().subscriptions[0]?.deadLettered, 1);
    await bus.close();
    await store.close();
  });

  it("enters other topics with it, once", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    const orders = bus.topic<Numbers>("orders", { retry: { attempts: 2, delayMs: 5 } });
    const mails = bus.topic<Numbers>("mails");
    const seen: number[] = [];
    mails.subscribe(({ data }) => void seen.push(data), { id: "mailer" });
    orders.subscribe((event, { publish, attempt }) => {
      publish(mails, n(event.data * 10));
      publish("mails", n(event.data * 10 + 1));
      if (attempt === 1) throw new Error("not yet");
    }, { id: "reader" });
    await orders.publish(n(1));
    await env.advance(100);

    assertEquals(seen, [10, 11]);
    assertEquals(mails.stats().accepted, 2);
    assertLaws(mails);
    await bus.close();
    await store.close();
  });

  it("enters its own topic past bufferSize, so that it does not wait for itself", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders", { bufferSize: 2 });
    const seen: number[] = [];
    const subscription = topic.subscribe((event, { publish }) => {
      seen.push(event.data);
      if (event.data < 3) publish(topic, n(event.data + 10));
    }, { id: "reader" });
    await subscription.ready;
    await Promise.all([1, 2, 3].map((i) => topic.publish(n(i))));
    await env.advance(100);

    assertEquals(seen.sort(), [1, 11, 12, 2, 3]);
    await bus.close();
    await store.close();
  });

  it("is refused as a whole for who has lost its place", async () => {
    const store = new MemoryStore({ env });
    const frozen = createTestEnv();
    const one = new Bus({ env: frozen, store });
    let finish: () => void = () => {};
    await one.topic<Numbers>("orders").subscribe(({ data }, { effect }) => {
      effect(note(data));
      return new Promise((resolve) => finish = resolve);
    }, { id: "a" }).ready;
    await one.topic<Numbers>("orders").publish(n(1));
    await frozen.settle();
    const two = new Bus({ env, store });
    two.topic<Numbers>("orders").subscribe(({ data }, { effect }) => effect(note(data)), {
      id: "a",
    });
    await env.advance(7000);
    assertEquals((await store.read("notes")).length, 1);

    finish();
    await frozen.advance(100);
    assertEquals((await store.read("notes")).length, 1, "I12: once");
    await one.close();
    await two.close();
    await store.close();
  });

  it("happens once, whenever the process dies", async () => {
    for (const half of [false, true]) {
      for (let call = 8;; call += 1) {
        const world = createTestEnv();
        const disk = new Disk(world);
        const mortal = disk.open(call, half);
        for (const store of [mortal, disk.open()]) {
          const bus = new Bus({ env: world, store });
          const topic = bus.topic<Numbers>("orders", { delivery: "exactly-once" });
          topic.subscribe(async ({ data }, { effect }) => {
            effect(note(data));
            if (data % 2 === 0) await undefined;
          }, { id: "reader", from: "earliest" });
          for (let i = 1; i <= 6; i++) void topic.publish({ ...n(i), id: `e-${i}` });
          await world.advance(6000);
          void bus.close();
          await world.settle();
        }
        const notes = (await disk.open().read("notes")).map(({ data }) => data as number);
        assertEquals(notes.sort(), [1, 2, 3, 4, 5, 6], `I12: in call ${call}, ${half}`);
        if (!mortal.isDead) break;
      }
    }
  });

  it("is written by SQLite in its transaction", { skip: sqliteMissing }, async () => {
    const db = openDatabase();
    db.exec("CREATE TABLE totals(name TEXT PRIMARY KEY, total INTEGER)");
    const store = new SqliteStore(db);
    const bus = new Bus({ store });
    const topic = bus.topic<Numbers>("orders", { delivery: "exactly-once", maxConcurrency: 100 });
    const reader = topic.subscribe(async ({ data }, { effect }) => {
      effect((tx: typeof db) => {
        tx.prepare(
          "INSERT INTO totals VALUES('t', ?1) ON CONFLICT DO UPDATE SET total = total + ?1",
        )
          .run(data);
        if (data === 50) throw new TerminalError("not this one");
      });
      await undefined;
    }, { id: "reader" });
    await reader.ready;
    await Promise.all(
      Array.from({ length: 100 }, (_, i) => topic.publish({ ...n(i), id: `e-${i}` })),
    );
    await bus.close();

    assertEquals(db.prepare("SELECT total FROM totals").get(), { total: 4950 - 50 });
    assertEquals(reader.stats().deadLettered, 1);
    await store.close();
    db.close();
  });
});

describe("a durable topic", () => {
  const env = useTestEnv();

  it("needs the publisher's id to deliver exactly once", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders", { delivery: "exactly-once" });

    await assertRejects(() => topic.publish(n(1)), ValidationError, "id of your own");
    await topic.publish({ ...n(1), id: "e" });
    await bus.close();
    await store.close();
  });

  it("begins at a sequence or a time, if it is told to", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders");
    for (let i = 1; i <= 5; i++) {
      await topic.publish(n(i));
      await env.advance(1000);
    }
    const time = new Date((await store.read("topic/orders"))[3]!.recordedAt);
    const starts = { one: 1, three: 3, six: 6, time, late: new Date(time.getTime() + 9000) };
    const seen: Record<string, number[]> = {};
    for (const [id, from] of Object.entries(starts)) {
      seen[id] = [];
      await topic.subscribe(({ data }) => void seen[id]!.push(data), { id, from }).ready;
    }
    await topic.publish(n(6));
    await env.advance(100);

    const all = [1, 2, 3, 4, 5, 6];
    assertEquals(seen, {
      one: all,
      three: all.slice(2),
      six: [6],
      time: all.slice(3),
      late: [6],
    });
    const early = topic.subscribe(() => {}, { id: "early", from: 8 });
    await assertRejects(() => early.ready, RangeError, "from");
    assertEquals(env.reported.length, 1);
    await bus.close();
    await store.close();
  });

  it("lets a subscription that spills hold nobody back", async () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders", { bufferSize: 2, overflow: "reject" });
    const seen: number[] = [];
    let go: () => void = () => {};
    const gate = new Promise<void>((resolve) => go = resolve);
    const subscription = topic.subscribe(async ({ data }) => {
      await gate;
      seen.push(data);
    }, { id: "slow", onLag: "spill" });
    await subscription.ready;
    for (let i = 0; i < 2000; i++) await topic.publish(n(i));
    go();
    await env.advance(1000);

    assertEquals(seen, Array.from({ length: 2000 }, (_, i) => i));
    await bus.close();
    await store.close();
  });

  it("refuses what it cannot do", () => {
    const store = new MemoryStore({ env });
    const bus = new Bus({ env, store });

    for (
      const options of [
        { delivery: "at-most-once" },
        { dedupe: { key: () => "same" } },
        { retention: { maxEvents: 10 } },
        { retention: { maxAgeMs: 10 } },
      ] as const
    ) {
      assertThrows(() => bus.topic("orders", options), UnsupportedError, "durable");
    }
    const topic = bus.topic("orders");
    assertThrows(() => topic.producer("p"), UnsupportedError);
    assertThrows(
      () => topic.subscribe(() => {}, { id: "a", onLag: "close" }),
      UnsupportedError,
      "onLag",
    );
  });

  it("says what it promises", async () => {
    const store = new MemoryStore({ env, name: "ledger" });
    const bus = new Bus({ env, store });
    bus.topic("orders", { delivery: "exactly-once" });
    const guarantees = bus.guarantees();

    assertEquals(guarantees.survives, "nothing");
    assertEquals(guarantees.because, store.capabilities.because);
    assertEquals(guarantees.topics[0]?.recognises, "ids");
    assertStringIncludes(`${guarantees}`, 'store "ledger"');
    await bus.close();
    await store.close();
  });
});
