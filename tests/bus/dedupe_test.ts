import { BufferFullError, IdConflictError, NovaError, ValidationError } from "@nova/events";
import { Bus, createEvent } from "@nova/events/bus";
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertLaws, byKey, type Keyed, n, type Numbers, sleep, step } from "./kit.ts";

/** A number with an id. */
function m(id: string, data = 1): { id: string; type: "n"; data: number } {
  return { id, ...n(data) };
}

describe("dedupe", () => {
  const env = useTestEnv();

  it("lets an event in once, and answers the original receipt", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { dedupe: {}, partitions: 2 });
    const seen: number[] = [];
    topic.subscribe(({ data }) => void seen.push(data));

    const first = await topic.publish(m("x", 7));
    await topic.publish(m("y", 8));
    assertEquals(await topic.publish(m("x", 7)), { ...first, duplicate: true });
    assertEquals(topic.tryPublish(m("y", 8)), true);
    await env.settle();
    assertEquals(seen, [7, 8]);
    const { attempts, accepted, duplicates } = topic.stats();
    assertEquals([attempts, accepted, duplicates], [4, 2, 2]);
    assertLaws(topic);
  });

  it("is off unless it is asked for", async () => {
    for (const options of [{}, { dedupe: false } as const]) {
      const topic = new Bus({ env }).topic<Numbers>("a", options);
      await topic.publish(m("x"));
      assertEquals((await topic.publish(m("x"))).duplicate, false);
    }
    const bus = new Bus({ env, defaults: { dedupe: {} } });
    const on = bus.topic<Numbers>("on");
    await on.publish(m("x"));
    assertEquals((await on.publish(m("x"))).duplicate, true);
    const off = bus.topic<Numbers>("off", { dedupe: false });
    await off.publish(m("x"));
    assertEquals((await off.publish(m("x"))).duplicate, false);
  });

  it("knows a made event, and never an id that was stamped here", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { dedupe: { maxIds: 1 } });
    const made = createEvent("n", 1);

    for (let i = 0; i < 5; i++) assertEquals((await topic.publish(n(i))).duplicate, false);
    await topic.publish(made);
    assertEquals((await topic.publish(made)).duplicate, true);
  });

  it("belongs to a topic: the next one of that name knows nothing", async () => {
    const bus = new Bus({ env });
    await bus.topic<Numbers>("a", { dedupe: {} }).publish(m("x"));
    await bus.deleteTopic("a");

    const next = bus.topic<Numbers>("a", { dedupe: {} });
    assertEquals((await next.publish(m("x"))).duplicate, false);
  });

  it("lets each event of one batch in once", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { dedupe: {} });
    const results = await topic.publishBatch([m("x"), m("x"), m("y"), m("x")]);
    const receipts = results.map((r) => r.status === "fulfilled" ? r.value : undefined);
    assertEquals(receipts.map((r) => r?.sequence), [1, 1, 2, 1]);
    assertEquals(receipts.map((r) => r?.duplicate), [false, true, false, true]);
  });

  it("dedupe.key: recognises by what the topic says", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      dedupe: { key: ({ data }) => `${data.key}/${data.n}` },
    });
    const first = await topic.publish({ id: "one", ...step("k", 1) });

    assertEquals(await topic.publish({ id: "two", ...step("k", 1) }), {
      ...first,
      duplicate: true,
    });
    assertEquals(await topic.publish(step("k", 1)), { ...first, duplicate: true });
    assertEquals((await topic.publish(step("k", 2))).duplicate, false);
  });

  it("dedupe.key: refuses what is no key, with the publisher as witness", async () => {
    const bad: unknown[] = [undefined, null, 5, "", "\ud800", "x".repeat(257), {}, NaN];
    for (const value of bad) {
      const topic = new Bus({ env }).topic<Numbers>("a", {
        dedupe: { key: () => value as string },
      });
      const error = await assertRejects(() => topic.publish(m("x")), ValidationError);
      assertEquals(error.field, "dedupe.key");
      assertThrows(() => topic.tryPublish(m("x")), ValidationError);
      assertLaws(topic);
    }
    const thrown = new Error("no");
    const topic = new Bus({ env }).topic<Numbers>("a", {
      dedupe: {
        key() {
          throw thrown;
        },
      },
    });
    const error = await assertRejects(() => topic.publish(m("x")), ValidationError);
    assertEquals(error.cause, thrown);
  });

  it("dedupe.windowMs: forgets an event after that time, and not earlier", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { dedupe: { windowMs: 1000 } });
    await topic.publish(m("x"));
    await env.advance(999);
    assertEquals((await topic.publish(m("x"))).duplicate, true);
    await env.advance(1);
    assertEquals((await topic.publish(m("x"))).duplicate, false);
  });

  it("remembers for 10 minutes, and 100,000 ids, unless told otherwise", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { dedupe: {} });
    for (let i = 0; i < 100_000; i++) assert(topic.tryPublish(m(`e-${i}`)));
    assertEquals(topic.tryPublish(m("one more")), false);
    await env.advance(10 * 60_000 - 1);
    assertEquals([topic.tryPublish(m("one more")), topic.tryPublish(m("e-0"))], [false, true]);
    assertEquals(topic.stats().duplicates, 1);
    await env.advance(1);
    assert(topic.tryPublish(m("e-0")));
    assertEquals(topic.stats().accepted, 100_001);
  });

  it("tells an id that comes again with another type, key or data", async () => {
    const topic = new Bus({ env }).topic<Record<string, { key: string; n: number }>>("a", {
      dedupe: {},
      key: (event) => event.metadata.key ?? byKey(event),
    });
    const first = { id: "x", type: "n", data: { key: "k", n: 1 } };
    await topic.publish(first);

    assertEquals((await topic.publish({ ...first, data: { key: "k", n: 1 } })).duplicate, true);
    const others = [
      { ...first, type: "m" },
      { ...first, data: { key: "k", n: 2 } },
      { ...first, metadata: { key: "other" } },
    ];
    for (const other of others) {
      const error = await assertRejects(() => topic.publish(other), IdConflictError, '"x" to "a"');
      assertEquals([error.stream, error.id], ["a", "x"]);
      assertThrows(() => topic.tryPublish(other), IdConflictError);
    }
    assertEquals(topic.stats().rejected, 6);
    assertLaws(topic);
  });

  it("cannot compare with an event that is no longer held, and still lets none in twice", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { dedupe: {}, bufferSize: 2 });
    for (const id of ["x", "y", "z"]) await topic.publish(m(id));

    assertEquals((await topic.publish(m("x", 5))).duplicate, true);
    await assertRejects(() => topic.publish(m("z", 5)), IdConflictError);
  });

  it("forgets a refused publish", async () => {
    const options = { dedupe: {}, bufferSize: 1, overflow: "reject" } as const;
    const topic = new Bus({ env }).topic<Numbers>("a", options);
    const seen: number[] = [];
    topic.subscribe(({ data }) => void seen.push(data));
    topic.tryPublish(m("x", 1));

    assertEquals(topic.tryPublish(m("y", 2)), false);
    const refused = topic.publish(m("y", 2)).catch((error) => error);
    assertInstanceOf(await refused, BufferFullError);
    await env.settle();
    assertEquals((await topic.publish(m("y", 2))).duplicate, false);
    await env.settle();
    assertEquals(seen, [1, 2]);
    assertLaws(topic);
  });

  it("answers a duplicate at once though the topic is full", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { dedupe: {}, bufferSize: 1 });
    topic.subscribe(() => sleep(env, 10));
    await topic.publish(m("x"));
    await env.settle();
    await topic.publish(m("y"));
    const third = topic.publish(m("z"));

    assertEquals((await topic.publish(m("y"))).sequence, 2);
    assertEquals(topic.stats().waiting, 1);
    await env.advance(40);
    assertEquals((await third).sequence, 3);
  });

  it("lets one of two in that wait with the same id", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { dedupe: {}, bufferSize: 1 });
    const seen: number[] = [];
    topic.subscribe(async ({ data }) => {
      await sleep(env, 10);
      seen.push(data);
    });
    await topic.publish(m("x", 1));
    await env.settle();
    await topic.publish(m("y", 2));
    const waiting = Promise.all([topic.publish(m("z", 3)), topic.publish(m("z", 3))]);
    const conflict = assertRejects(() => topic.publish(m("z", 4)), IdConflictError);

    await env.advance(100);
    assertEquals((await waiting).map(({ duplicate }) => duplicate), [false, true]);
    await conflict;
    assertEquals(seen, [1, 2, 3]);
    assertLaws(topic);
  });

  it("a publisher that gave up waiting is forgotten", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { dedupe: {}, bufferSize: 1, waitMs: 5 });
    topic.subscribe(() => sleep(env, 100));
    await topic.publish(m("x"));
    await env.settle();
    await topic.publish(m("y"));
    const refused = assertRejects(() => topic.publish(m("z")), BufferFullError);
    await env.advance(5);
    await refused;

    await env.advance(200);
    assertEquals((await topic.publish(m("z"))).duplicate, false);
    await env.advance(100);
    assertLaws(topic);
  });
});

describe("a full memory", () => {
  const env = useTestEnv();
  const dedupe = { maxIds: 2, windowMs: 1000 };

  it("overflow wait: lets publishers in as events are forgotten", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { dedupe });
    await topic.publish(m("a"));
    await env.advance(400);
    await topic.publish(m("b"));
    const entered: string[] = [];
    for (const id of ["c", "d", "e"]) void topic.publish(m(id)).then(() => entered.push(id));
    assertEquals(topic.stats().waiting, 3);

    await env.advance(599);
    assertEquals(entered, []);
    await env.advance(1);
    assertEquals(entered, ["c"]);
    await env.advance(400);
    assertEquals(entered, ["c", "d"]);
    await env.advance(600);
    assertEquals(entered, ["c", "d", "e"]);
    assertLaws(topic);
    assertEquals(env.pending.timers, 0);
  });

  it("overflow wait: gives up after waitMs, without a timer left", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { dedupe, waitMs: 10 });
    topic.tryPublish(m("a"));
    topic.tryPublish(m("b"));
    const refused = assertRejects(() => topic.publish(m("c")), BufferFullError);
    await env.advance(10);
    await refused;
    assertEquals(env.pending.timers, 0);
  });

  it("overflow reject and drop-newest: says so", async () => {
    const reject = new Bus({ env }).topic<Numbers>("a", { dedupe, overflow: "reject" });
    reject.tryPublish(m("a"));
    reject.tryPublish(m("b"));
    const error = await assertRejects(() => reject.publish(m("c")), BufferFullError, "memory");
    assertEquals(error.capacity, 2);
    assertEquals(reject.tryPublish(m("c")), false);
    assertEquals((await reject.publish(m("a"))).duplicate, true);
    assertLaws(reject);

    const drop = new Bus({ env }).topic<Numbers>("a", { dedupe, overflow: "drop-newest" });
    drop.tryPublish(m("a"));
    drop.tryPublish(m("b"));
    assertEquals((await drop.publish(m("c"))).dropped, true);
    assertLaws(drop);
  });

  it("closing sends those away who wait for it, and stops the clock", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { dedupe });
    topic.tryPublish(m("a"));
    topic.tryPublish(m("b"));
    const refused = topic.publish(m("c")).catch((error) => error);
    await bus.close();

    assertInstanceOf(await refused, NovaError);
    assertEquals(env.pending.timers, 0);
  });
});
