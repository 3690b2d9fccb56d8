import { Bus, type Consumer } from "@nova/events/bus";
import { FencedError } from "@nova/events";
import { MemoryStore } from "@nova/events/store";
import { createTestEnv } from "@nova/events/testing";
import { assertEquals, assertRejects } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../../support/env.ts";
import { assertLaws, n, type Numbers } from "../kit.ts";
import { Disk } from "./kit.ts";

describe("an acknowledgement on a durable topic", () => {
  const env = useTestEnv();
  const soon = async <Value>(promise: Promise<Value>): Promise<Value> => {
    promise.catch(() => {});
    await env.settle();
    return promise;
  };

  it("resolves after its commit", async () => {
    const disk = new Disk(env);
    const store = disk.open();
    const bus = new Bus({ env, store });
    const topic = bus.topic<Numbers>("orders");
    const jobs = topic.consume({ group: "g", prefetch: 3 });
    await env.settle();
    for (const i of [1, 2, 3]) await soon(topic.publish(n(i)));
    for (const i of [1, 2, 3]) {
      const { value } = await soon(jobs.next());
      assertEquals(value!.event.data, i);
      await soon(value!.ack());
      // No time has passed in which a checkpoint would be due.
      const [last] = await soon(store.read("topic/orders", { reverse: true, limit: 1 }));
      assertEquals(disk.mark("topic/orders/g")?.low, last!.position - 3 + i);
    }

    assertLaws(topic);
    assertEquals(topic.stats().subscriptions[0]?.succeeded, 3);
    await soon(jobs.return!());
    await soon(bus.close());
    await soon(store.close());
  });

  it("rejects for who has lost its place, and the event is another's", async () => {
    const store = new MemoryStore({ env });
    const frozen = createTestEnv();
    const consume = async (bus: Bus): Promise<Consumer> => {
      const jobs = bus.topic<Numbers>("orders").consume({ group: "g" });
      await (bus === one ? frozen : env).settle();
      return jobs;
    };
    const one = new Bus({ env: frozen, store });
    const two = new Bus({ env, store });
    const first = await consume(one);
    await one.topic<Numbers>("orders").publish(n(1));
    const { value } = await first.next();
    const second = await consume(two);
    await env.advance(7000);
    const other = (await second.next()).value;

    await assertRejects(() => value!.ack(), FencedError);
    assertEquals(other!.event.data, 1);
    await other!.ack();
    await first.return!();
    await second.return!();
    await one.close();
    await two.close();
    await store.close();
  });
});
