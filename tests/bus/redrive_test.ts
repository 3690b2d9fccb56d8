import { MemoryStore, TopicNotFoundError } from "@nova/events";
import { Bus } from "@nova/events/bus";
import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { fails, n, type Numbers } from "./kit.ts";

describe("Bus.deadLetters() and Bus.redrive()", () => {
  const env = useTestEnv();

  /** Two subscriptions that failed with 0, 1 and 2, and are well now. */
  async function failed() {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: { attempts: 1 } });
    const received: Record<string, unknown[]> = { one: [], two: [] };
    let well = false;
    for (const id of ["one", "two"]) {
      topic.subscribe(({ data }) => {
        if (!well) throw new Error("no");
        received[id]!.push(data);
      }, { id });
    }
    for (let i = 0; i < 3; i++) topic.tryPublish(n(i));
    await env.settle();
    well = true;
    return { bus, received };
  }

  it("answer the letters that are kept, oldest first", async () => {
    const { bus } = await failed();

    assertEquals(bus.deadLetters("a").map(({ subscription }) => subscription).toSorted(), [
      "one",
      "one",
      "one",
      "two",
      "two",
      "two",
    ]);
    assertEquals(
      bus.deadLetters("a").filter(({ subscription }) => subscription === "one")
        .map(({ event }) => event.data),
      [0, 1, 2],
    );
    assertEquals(bus.deadLetters("a", { limit: 2 }), bus.deadLetters("a").slice(-2));
    bus.redrive("a");
    assertEquals(bus.deadLetters("a"), []);
  });

  it("deliver each letter to the subscription that gave it up", async () => {
    const { bus, received } = await failed();

    assertEquals(bus.redrive("a"), { redriven: 6, left: 0 });
    await env.settle();
    assertEquals(received, { one: [0, 1, 2], two: [0, 1, 2] });
  });

  it("deliver those of one subscription", async () => {
    const { bus, received } = await failed();

    assertEquals(bus.redrive("a", { subscription: "two" }), { redriven: 3, left: 0 });
    await env.settle();
    assertEquals(received, { one: [], two: [0, 1, 2] });
    assertEquals(bus.redrive("a", { subscription: "three" }), { redriven: 0, left: 0 });
  });

  it("take a limit over all, a filter, and a dry run", async () => {
    const { bus } = await failed();

    assertEquals(bus.redrive("a", { limit: 4, dryRun: true }), { redriven: 4, left: 2 });
    assertEquals(bus.redrive("a", { filter: ({ event }) => event.data === 1 }), {
      redriven: 2,
      left: 4,
    });
    assertEquals(bus.redrive("a", { limit: 3 }), { redriven: 3, left: 1 });
    assertEquals(bus.deadLetters("a").length, 1);
  });

  it("work on a bus with a store, which counts its letters, too", async () => {
    const bus = new Bus({ store: new MemoryStore({ env }), env });
    const topic = bus.topic<Numbers>("a", { retry: { attempts: 1 } });
    let well = false;
    topic.subscribe(() => {
      if (!well) throw new Error("no");
    }, { id: "one" });
    for (let i = 0; i < 2; i++) await topic.publish(n(i));
    await env.settle();
    const letters = () => bus.stats().topics.find(({ name }) => name === "a.dlq")!.queued;
    assertEquals([letters(), bus.deadLetters("a").length], [2, 2]);
    well = true;
    assertEquals(bus.redrive("a"), { redriven: 2, left: 0 });
    await env.settle();
    assertEquals([letters(), bus.deadLetters("a").length], [0, 0]);
    await bus.close();
  });

  it("have nothing to do where nothing failed, and refuse what is not there", () => {
    const bus = new Bus({ env });
    bus.topic("a").subscribe(fails);

    assertEquals(bus.deadLetters("a"), []);
    assertEquals(bus.redrive("a"), { redriven: 0, left: 0 });
    assertThrows(() => bus.deadLetters("b"), TopicNotFoundError);
    assertThrows(() => bus.redrive("b"), TopicNotFoundError);
    assertThrows(() => bus.deadLetters("a", { limit: 0 }), RangeError, "limit");
    assertThrows(() => bus.deadLetters("a", 5 as never), TypeError, "dead letters");
    assertThrows(() => bus.redrive("a", { limit: -1 }), RangeError, "limit");
    assertThrows(() => bus.redrive("a", { filter: 5 as never }), TypeError, "filter");
    assertThrows(() => bus.redrive("a", 5 as never), TypeError, "redrive");
  });
});
