// A figure means little without its limit: the parts tell both.
import { Bus, Emitter, MemoryStore, supervise, WorkerPool } from "@nova/events";
import { inline } from "@nova/events/pool";
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";

describe("stats()", () => {
  it("of an emitter tell its limits", () => {
    const { bufferSize, maxConcurrency } = new Emitter({ bufferSize: 7, maxConcurrency: 3 })
      .stats();

    assertEquals([bufferSize, maxConcurrency], [7, 3]);
  });

  it("of a topic tell the size of each partition, and whether there are keys", () => {
    const bus = new Bus();
    const plain = bus.topic("plain", { partitions: 2, bufferSize: 7 });
    const keyed = bus.topic("keyed", { key: (event) => event.type });
    for (let i = 0; i < 3; i++) plain.tryPublish({ type: "a", data: i });

    assertEquals(plain.stats().bufferSize, 7);
    assertEquals(plain.stats().keyed, false);
    assertEquals(keyed.stats().keyed, true);
    assertEquals(plain.stats().partitions.map(({ accepted }) => accepted), [2, 1]);
  });

  it("of a topic that recognises ids tell how many it may remember", () => {
    const topic = new Bus().topic("a", { dedupe: { maxIds: 7 } });
    topic.tryPublish({ id: "1", type: "a", data: 1 });

    assertEquals(topic.stats().dedupe, { remembered: 1, maxIds: 7 });
    assertEquals(new Bus().topic("a").stats().dedupe, undefined);
  });

  it("of a subscription tell how many handlers may run at once", () => {
    const bus = new Bus();
    const topic = bus.topic("a", { partitions: 4, maxConcurrency: 2 });
    bus.topic("b", { partitions: 3 });

    assertEquals(topic.subscribe(() => {}).stats().slots, 8);
    assertEquals(topic.subscribe(() => {}, { maxConcurrency: 5 }).stats().slots, 20);
    assertEquals(bus.subscribe("*", () => {}).stats().slots, 11);
  });

  it("of a supervised listener tell its limits", () => {
    const { concurrency, bufferSize } = supervise(() => {}, { concurrency: 3, bufferSize: 7 })
      .stats();

    assertEquals([concurrency, bufferSize], [3, 7]);
  });

  it("of a pool tell the size of its queue", () => {
    assertEquals(new WorkerPool({ queueSize: 7 }).stats().queueSize, 7);
    assertEquals(inline({}, { queueSize: 7 }).stats().queueSize, 7);
  });

  it("of a store tell whether old events go", () => {
    assertEquals(new MemoryStore().stats().retained, false);
    assertEquals(new MemoryStore({ retention: { maxEvents: 10 } }).stats().retained, true);
  });
});
