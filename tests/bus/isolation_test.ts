import { Bus, createEvent, type DeadLetter } from "@nova/events/bus";
import { ValidationError } from "@nova/events";
import {
  assertEquals,
  assertNotStrictEquals,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { fails } from "./kit.ts";

type Boxes = { box: { items: number[] } };

describe("isolation", () => {
  const env = useTestEnv();

  for (const isolation of [undefined, "shared"] as const) {
    it(`${isolation} hands the same event to all`, async () => {
      const topic = new Bus({ env }).topic<Boxes>(
        "a",
        isolation === undefined ? {} : { isolation },
      );
      const event = createEvent("box", { items: [1] });
      const seen: unknown[] = [];
      for (let i = 0; i < 2; i++) topic.subscribe((event) => void seen.push(event));
      await topic.publish(event);
      await env.settle();

      assertStrictEquals(seen[0], event);
      assertStrictEquals(seen[1], event);
    });
  }

  it('"freeze" freezes the data all the way down when it enters', async () => {
    const topic = new Bus({ env }).topic<Boxes>("a", { isolation: "freeze" });
    const data = { items: [1] };
    const seen: boolean[] = [];
    topic.subscribe(({ data }) => void seen.push(Object.isFrozen(data.items)));
    topic.tryPublish({ type: "box", data });
    await topic.publish(createEvent("box", { items: [2] }));
    await topic.producer("p").publish({ type: "box", data: { items: [3] } });
    await env.settle();

    assertEquals(seen, [true, true, true]);
    assertThrows(() => data.items.push(2), TypeError);
  });

  it('"clone" gives each delivery its own, also each attempt and each pulled one', async () => {
    const bus = new Bus({ env, defaults: { isolation: "clone" } });
    const topic = bus.topic<Boxes>("a", { retry: { attempts: 2, delayMs: 1, jitter: "none" } });
    const data = { items: [1] };
    const seen: number[][] = [];
    const spoil = (event: { readonly data: { items: number[] } }): void => {
      seen.push([...event.data.items]);
      event.data.items.push(9);
      if (seen.length < 3) fails();
    };
    topic.subscribe(spoil, { id: "one" });
    topic.subscribe(spoil, { id: "two", group: "g" });
    const consumer = topic.consume();
    await topic.publish({ type: "box", data, id: "e" });
    data.items.push(5);
    const { value: delivery } = await consumer.next();
    assertNotStrictEquals(delivery?.event.data, data);
    assertEquals([delivery?.event.data, delivery?.event.id], [{ items: [1] }, "e"]);
    await delivery?.ack();
    await env.advance(10);

    assertEquals(seen, [[1], [1], [1], [1]]);
    topic.subscribe(({ data }) => {
      data.items.length = 0;
      fails();
    }, { id: "three", retry: { attempts: 1 } });
    await topic.publish({ type: "box", data: { items: [7] } });
    await env.settle();
    const letters: DeadLetter[] = [];
    bus.subscribe("a.dlq", ({ data }) => void letters.push(data as DeadLetter), {
      from: "earliest",
    });
    await env.settle();
    assertEquals(letters.map(({ event }) => event.data), [{ items: [7] }]);
    await consumer.return!();
    await env.advance(60_000);
  });

  it("refuses data that cannot be frozen or cloned, and counts no attempt", async () => {
    const hostile = new Proxy({}, { ownKeys: () => fails() });
    for (const [isolation, data] of [["clone", () => {}], ["freeze", hostile]] as const) {
      const topic = new Bus({ env }).topic("a", { isolation });

      const error = await assertRejects(
        () => topic.publish({ type: "x", data }),
        ValidationError,
      );
      assertEquals(error.field, "data");
      assertThrows(() => topic.tryPublish({ type: "x", data }), ValidationError);
      assertEquals(topic.stats().attempts, 0);
    }
  });
});
