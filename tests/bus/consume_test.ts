import {
  Bus,
  type ConsumeOptions,
  type Consumer,
  type DeadLetter,
  type Delivery,
  StaleAckError,
} from "@nova/events/bus";
import { ClosedError, ConfigMismatchError } from "@nova/events";
import { CursorExpiredError } from "@nova/events/store";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertLaw, assertLaws, byKey, type Keyed, n, type Numbers, step } from "./kit.ts";

const SOON = { attempts: 3, delayMs: 10, jitter: "none" } as const;

/** The next delivery; there must be one. */
async function pull<Event extends Delivery["event"]>(
  consumer: Consumer<Event>,
): Promise<Delivery<Event>> {
  const { value } = await consumer.next();
  assert(value !== undefined, "there is a delivery");
  return value;
}

describe("Topic.consume()", () => {
  const env = useTestEnv();

  it("hands out each event once it is asked for, and waits for its verb", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const consumer = topic.consume({ id: "c" });
    const first = pull(consumer);
    for (const i of [1, 2]) topic.tryPublish(n(i));
    const delivery = await first;

    assertEquals([delivery.event.data, delivery.attempt], [1, 1]);
    assertEquals([consumer.id, consumer.active, consumer.stats().inFlight], ["c", true, 2]);
    await delivery.ack();
    assertEquals(consumer.stats().succeeded, 1);
    await (await pull(consumer)).ack();
    const { offered, succeeded } = consumer.stats();
    assertEquals([offered, succeeded], [2, 2]);
    assertEquals(topic.stats().subscriptions.map(({ id }) => id), ["c"]);
    assertLaws(topic);
    await consumer.return!();
  });

  it("the verbs of a delivery that is settled do not reach the one after it", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const consumer = topic.consume({ prefetch: 1 });
    for (const i of [1, 2]) topic.tryPublish(n(i));
    const first = await pull(consumer);
    await first.ack();
    const second = await pull(consumer);

    await assertRejects(() => first.nack({ delayMs: 1000 }), StaleAckError);
    await assertRejects(() => first.progress(), StaleAckError);
    await second.ack();
    assertEquals(consumer.stats().succeeded, 2);
    await consumer.return!();
  });

  it("iterates, until it is left, or the bus closes", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const consumer = topic.consume();
    const seen: number[] = [];
    const loop = (async () => {
      for await (const { event, ack } of consumer) {
        seen.push(event.data);
        await ack();
      }
    })();
    for (let i = 0; i < 50; i++) topic.tryPublish(n(i));
    const closed = await bus.close();
    await loop;

    assertEquals(seen.length, 50);
    assertEquals(closed, { completed: 50, left: 0 });
    assertEquals(await consumer.next(), { done: true, value: undefined });
    assertThrows(() => topic.consume(), ClosedError);
  });

  it("has at most prefetch deliveries at once, over all partitions", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { partitions: 3 });
    const consumer = topic.consume({ prefetch: 4 });
    const plain = topic.consume();
    for (let i = 0; i < 60; i++) topic.tryPublish(n(i));
    await env.settle();
    assertEquals([consumer.stats().inFlight, plain.stats().inFlight], [4, 10]);
    const seen: number[] = [];
    for (let i = 0; i < 60; i++) {
      const delivery = await pull(consumer);
      seen.push(delivery.event.data);
      await delivery.ack();
      assert(consumer.stats().inFlight <= 4);
    }

    assertEquals(seen.sort((a, b) => a - b), Array.from({ length: 60 }, (_, i) => i));
    assertLaws(topic);
  });

  it("keeps order per key: the next one waits for the verb", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", { key: byKey, retry: SOON });
    const consumer = topic.consume();
    for (const [key, i] of [["a", 1], ["a", 2], ["b", 1]] as const) {
      topic.tryPublish(step(key, i));
    }
    const [a1, b1] = [await pull(consumer), await pull(consumer)];
    assertEquals([a1.event.data, b1.event.data], [{ key: "a", n: 1 }, { key: "b", n: 1 }]);
    await a1.nack();
    await env.advance(10);
    const again = await pull(consumer);
    assertEquals([again.event.data.n, again.attempt], [1, 2]);
    await again.ack();

    assertEquals((await pull(consumer)).event.data, { key: "a", n: 2 });
    assertLaw(consumer.stats());
    await consumer.return!();
    await env.advance(60_000);
  });

  it("nack waits as retry says, or as it is told, and tells the dead letter why", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: SOON });
    const consumer = topic.consume({ id: "c" });
    topic.tryPublish(n(1));
    await (await pull(consumer)).nack();
    const second = pull(consumer);
    await env.advance(10);
    assertEquals((await second).attempt, 2);
    await (await second).nack({ delayMs: 500, error: "busy" });
    const third = pull(consumer);
    let came = false;
    third.then(() => came = true);
    await env.advance(499);
    assertEquals(came, false);
    await env.advance(1);
    await (await third).nack({ error: undefined });
    await env.settle();

    const letters: DeadLetter[] = [];
    bus.subscribe("a.dlq", ({ data }) => void letters.push(data as DeadLetter), {
      from: "earliest",
    });
    await env.settle();
    assertEquals(
      letters.map(({ error, attempts, subscription }) => [error.message, attempts, subscription]),
      [
        ["undefined", 3, "c"],
      ],
    );
  });

  it("release gives it back at once, and counts no attempt", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { retry: { attempts: 1 } });
    const consumer = topic.consume({ prefetch: 1 });
    topic.tryPublish(n(1));
    for (let i = 0; i < 20; i++) {
      const delivery = await pull(consumer);
      assertEquals([delivery.event.data, delivery.attempt], [1, 1]);
      await delivery.release();
    }
    await (await pull(consumer)).ack();

    const { offered, succeeded, retries } = consumer.stats();
    assertEquals([offered, succeeded, retries], [1, 1, 0]);
  });

  it("term makes a dead letter at once", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: SOON });
    const consumer = topic.consume();
    topic.tryPublish(n(1));
    await (await pull(consumer)).term("nobody wants it");

    assertEquals(consumer.stats().deadLettered, 1);
    const letters = bus.topic<{ "dead-letter": DeadLetter }>("a.dlq").consume({ from: "earliest" });
    const { event, ack } = await pull(letters);
    assertEquals([event.data.error.code, event.data.error.message], [
      "terminal",
      "nobody wants it",
    ]);
    await ack();
  });

  it("ends a lease after ackWaitMs: the attempt failed, and its verbs are refused", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { retry: { ...SOON, attempts: 2 } });
    const consumer = topic.consume({ ackWaitMs: 100, id: "c" });
    topic.tryPublish(n(1));
    const first = await pull(consumer);
    const second = pull(consumer);
    await env.advance(100);
    assertEquals([consumer.stats().timedOut, consumer.stats().zombies], [1, 0]);
    for (const verb of ["ack", "nack", "release", "progress", "term"] as const) {
      const error = await assertRejects(() => first[verb](), StaleAckError);
      assertEquals([error.verb, error.event], [verb, first.event.id]);
    }
    await env.advance(10);
    assertEquals((await second).attempt, 2);
    await (await second).ack();
    await assertRejects(() => first.ack(), StaleAckError);
    await assertRejects(async () => (await second).ack(), StaleAckError);

    const { succeeded, retries, inFlight } = consumer.stats();
    assertEquals([succeeded, retries, inFlight], [1, 1, 0]);
  });

  it("begins a lease when the delivery is handed out, and anew at its progress", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const consumer = topic.consume({ ackWaitMs: 100 });
    topic.tryPublish(n(1));
    await env.advance(10_000);
    const delivery = await pull(consumer);
    for (let i = 0; i < 10; i++) {
      await env.advance(80);
      await delivery.progress();
    }
    await delivery.ack();

    assertEquals([consumer.stats().succeeded, consumer.stats().timedOut], [1, 0]);
    await env.settle();
    assertEquals(env.pending.timers, 0);
  });

  it("shares events among the members of a group, and hands over what a leaving one has", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { partitions: 2 });
    const one = topic.consume({ group: "g", prefetch: 3 });
    const two = topic.consume({ group: "g", prefetch: 3 });
    for (let i = 0; i < 6; i++) topic.tryPublish(n(i));
    const held = await pull(one);
    const seen: number[] = [held.event.data];
    await one.return!();
    await held.ack();
    for (let i = 0; i < 5; i++) {
      const delivery = await pull(two);
      assertEquals(delivery.attempt, 1);
      seen.push(delivery.event.data);
      await delivery.ack();
    }

    assertEquals(seen.sort(), [0, 1, 2, 3, 4, 5]);
    assertEquals([one.active, two.active, two.stats().id], [false, true, "g"]);
    assertLaws(topic);
    await two.return!();
    assertEquals(topic.stats().subscriptions, []);
  });

  it("left with deliveries in hand takes no room from the others of its group", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { partitions: 2 });
    const consume = () => topic.consume({ group: "g", prefetch: 2 });
    const [leaves, stays] = [consume(), consume()];
    for (let i = 0; i < 10; i++) topic.tryPublish(n(i));
    const taken = [await pull(leaves), await pull(leaves)];
    await leaves.return!();
    let handled = 0;
    while (handled < 8) {
      await (await pull(stays)).ack();
      handled += 1;
      assert(stays.stats().inFlight <= 4, "prefetch holds");
    }
    for (const delivery of taken) await delivery.ack();
    assertEquals(stays.stats().succeeded, 10);
    assertEquals(stays.stats().slots, 2 * 2);
    assertLaws(topic);
    await stays.return!();
  });

  it("left with deliveries in hand: what was handed out may be settled, the rest is released", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const consumer = topic.consume({ ackWaitMs: 100 });
    for (let i = 0; i < 5; i++) topic.tryPublish(n(i));
    const [first, second] = [await pull(consumer), await pull(consumer)];
    await consumer[Symbol.asyncDispose]();
    await first.ack();
    await env.advance(113);
    await assertRejects(() => second.ack(), StaleAckError);

    const { offered, succeeded, released, inFlight } = consumer.stats();
    assertEquals([offered, succeeded, released, inFlight], [5, 1, 4, 0]);
  });

  it("ends with the reason of its signal, once, also one that was aborted before", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const controller = new AbortController();
    const consumer = topic.consume({ signal: controller.signal });
    const [first, second] = [consumer.next(), consumer.next()];
    const reason = { enough: true };
    controller.abort(reason);

    assertStrictEquals(await first.catch((error) => error), reason);
    assertEquals(await second, { done: true, value: undefined });
    const late = topic.consume({ signal: AbortSignal.abort(reason) });
    assertStrictEquals(await late.next().catch((error) => error), reason);
    assertEquals(await late.next(), { done: true, value: undefined });
    assertEquals(topic.stats().subscriptions, []);
    assertEquals(env.pending.abortListeners, 0);
  });

  it("ends with an error where events would come, when it misses some", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      bufferSize: 2,
      retention: { maxEvents: 5 },
    });
    for (let i = 0; i < 5; i++) topic.tryPublish(n(i));
    const consumer = topic.consume({ from: "earliest", prefetch: 1 });
    await env.settle();
    for (let i = 0; i < 9; i++) topic.tryPublish(n(i));
    await env.settle();

    assertInstanceOf(await consumer.next().catch((error) => error), CursorExpiredError);
    assertEquals(env.reported, []);
  });

  it("holds publishers back while nobody asks", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 4 });
    const consumer = topic.consume({ prefetch: 2 });
    for (let i = 0; i < 2; i++) topic.tryPublish(n(i));
    await env.settle();
    for (let i = 0; i < 4; i++) assert(topic.tryPublish(n(i)));
    assertEquals(topic.tryPublish(n(9)), false);
    await (await pull(consumer)).ack();
    assert(topic.tryPublish(n(9)));
    await consumer.return!();
  });

  it("refuses nonsense", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    for (const prefetch of [0, -1, 1.5, NaN, Infinity, "2", null] as never[]) {
      assertThrows(() => topic.consume({ prefetch }), RangeError, "prefetch");
    }
    for (const ackWaitMs of [0, -1, NaN, "2", null] as never[]) {
      assertThrows(() => topic.consume({ ackWaitMs }), RangeError, "ackWaitMs");
    }
    for (const options of [5, null, "x"] as never[]) {
      assertThrows(() => topic.consume(options), TypeError);
    }
    assertEquals(topic.stats().subscriptions, []);
    topic.subscribe(() => {}, { group: "push" });
    assertThrows(() => topic.consume({ group: "push" }), ConfigMismatchError);
    const consumer = topic.consume({ group: "pull" });
    assertThrows(() => topic.subscribe(() => {}, { group: "pull" }), ConfigMismatchError);
    assertEquals(
      assertThrows(() => topic.consume({ group: "pull", ackWaitMs: 5 }), ConfigMismatchError)
        .option,
      "ackWaitMs",
    );
    topic.tryPublish(n(1));
    const delivery = await pull(consumer);
    for (const delayMs of [-1, NaN, Infinity, "1"] as never[]) {
      await assertRejects(() => delivery.nack({ delayMs }), RangeError, "delayMs");
    }
    await assertRejects(() => delivery.nack(null as never), TypeError);
    await assertRejects(() => delivery.term(5 as never), TypeError, "reason");
    await delivery.ack();
  });

  it("takes Infinity for a lease without an end, and verbs after closing", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const options: ConsumeOptions = { ackWaitMs: Infinity };
    const consumers = [topic.consume(options), topic.consume()];
    topic.tryPublish(n(1));
    const deliveries = await Promise.all(consumers.map(pull));
    await bus.close({ signal: AbortSignal.abort() });
    for (const delivery of deliveries) await delivery.progress();
    assertEquals(env.pending.timers, 0);
    for (const delivery of deliveries) await delivery.ack();

    assertEquals(consumers.map((consumer) => consumer.stats().succeeded), [1, 1]);
  });
});
