import { BufferFullError, ClosedError, TopicNotFoundError, ValidationError } from "@nova/events";
import {
  Bus,
  type DeadLetter,
  type NovaEvent,
  TerminalError,
  type TopicContext,
} from "@nova/events/bus";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { assertFigures, assertLaws, fails, n, type Numbers, sleep } from "./kit.ts";

const onceMore = { retry: { attempts: 2, delayMs: 1, jitter: "none" } } as const;

describe("context.effect()", () => {
  const env = useTestEnv();

  it("runs in order once the handler has succeeded", async () => {
    for (const isAsync of [false, true]) {
      const topic = new Bus({ env }).topic<Numbers>("a");
      const log: string[] = [];
      const subscription = topic.subscribe(({ data }, context) => {
        context.effect(() => void log.push(`${data} first`));
        context.effect(() => void log.push(`${data} second`));
        log.push(`${data} handled`);
        return isAsync ? sleep(env, 5) : undefined;
      });
      topic.tryPublish(n(1));
      topic.tryPublish(n(2));
      await env.advance(20);

      assertEquals(log, [1, 2].flatMap((i) => [`${i} handled`, `${i} first`, `${i} second`]));
      assertFigures(subscription, { offered: 2, succeeded: 2 });
    }
  });

  it("does not run when the handler fails, and once when a later attempt succeeds", async () => {
    for (const isAsync of [false, true]) {
      const topic = new Bus({ env }).topic<Numbers>("a", onceMore);
      const log: number[] = [];
      topic.subscribe((_, context) => {
        context.effect(() => void log.push(context.attempt));
        const end = () => {
          if (context.attempt === 1) fails();
        };
        return isAsync ? sleep(env, 1).then(end) : end();
      });
      topic.tryPublish(n(1));
      await env.advance(100);
      assertEquals(log, [2]);
    }
  });

  it("belongs to its own event, however handlers are interleaved", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { maxConcurrency: 10, ...onceMore });
    const log: number[] = [];
    const subscription = topic.subscribe(async ({ data }, { effect, attempt }) => {
      await sleep(env, 10 - data);
      effect(() => void log.push(data));
      await sleep(env, data);
      if (data % 2 === 0 && attempt === 1) fails();
    });
    for (let i = 0; i < 6; i++) topic.tryPublish(n(i));
    await env.advance(200);

    assertEquals(log.toSorted(), [0, 1, 2, 3, 4, 5]);
    assertFigures(subscription, { offered: 6, succeeded: 6, retries: 3 });
  });

  it("that fails as the first one fails the attempt, which is tried again", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", onceMore);
    const log: number[] = [];
    const subscription = topic.subscribe((_, context) => {
      context.effect(() => {
        if (context.attempt === 1) throw undefined;
        log.push(1);
      });
      context.effect(() => void log.push(2));
    });
    topic.tryPublish(n(1));
    await env.advance(10);
    assertEquals(log, [1, 2]);
    assertFigures(subscription, { offered: 1, succeeded: 1, retries: 1 });
  });

  it("that fails behind others ends the event: nothing runs twice (I12)", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", onceMore);
    const log: number[] = [];
    const cause = new Error("the disk is full");
    const subscription = topic.subscribe((_, context) => {
      context.effect(() => void log.push(1));
      context.effect(() => {
        throw cause;
      });
      context.publish("a", n(2));
    });
    topic.tryPublish(n(1));
    await env.advance(100);

    assertEquals(log, [1]);
    assertFigures(subscription, { offered: 1, deadLettered: 1 });
    let letter: DeadLetter | undefined;
    bus.subscribe("a.dlq", ({ data }) => void (letter = data as DeadLetter), { from: "earliest" });
    await env.settle();
    assertEquals([letter?.error.code, letter?.attempts], ["terminal", 1]);
    assert(letter?.error.message.includes("Cannot undo 1 of 3"));
  });

  it("may not be asynchronous without a store: the event ends, whatever the promise does", async () => {
    for (const promise of [() => Promise.resolve(), () => Promise.reject(new Error("no"))]) {
      const topic = new Bus({ env }).topic<Numbers>("a", onceMore);
      const subscription = topic.subscribe((_, { effect }) => effect(promise));
      topic.tryPublish(n(1));
      await env.advance(100);
      assertFigures(subscription, { offered: 1, deadLettered: 1 });
    }
  });

  it("is refused when it is no function, or comes too late", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const contexts: TopicContext[] = [];
    const subscription = topic.subscribe((event, context) => {
      contexts.push(context);
      for (const bad of [undefined, null, 5, {}] as never[]) {
        assertThrows(() => context.effect(bad), TypeError, "an effect");
      }
      if (event.data === 1) context.effect(() => context.effect(() => fails()));
      return event.data === 3 ? sleep(env, 1) : undefined;
    }, onceMore);
    for (const i of [1, 2, 3]) topic.tryPublish(n(i));
    await env.advance(10);

    // An effect of an effect is too late, and fails the attempt.
    assertFigures(subscription, { offered: 3, succeeded: 2, deadLettered: 1, retries: 1 });
    for (const context of contexts) {
      assertThrows(() => context.effect(() => {}), TypeError, "over");
      assertThrows(() => context.publish("a", n(1)), TypeError, "over");
    }
    assertEquals(contexts.length, 4);
  });

  it("of a handler that was given up does not run", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      deadlineMs: 5,
      abandonMs: 5,
      ...onceMore,
    });
    const log: number[] = [];
    topic.subscribe(async (_, context) => {
      context.effect(() => void log.push(context.attempt));
      if (context.attempt === 1) await sleep(env, 50);
    });
    topic.tryPublish(n(1));
    await env.advance(100);
    assertEquals(log, [2]);
  });

  it("of a handler that was late does not run", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { deadlineMs: 5, ...onceMore });
    const log: number[] = [];
    topic.subscribe(async (_, context) => {
      context.effect(() => void log.push(context.attempt));
      if (context.attempt === 1) await sleep(env, 7);
    });
    topic.tryPublish(n(1));
    await env.advance(100);
    assertEquals(log, [2]);
  });

  it("runs for a subscription that ended meanwhile, and not for a bus that gave up", async () => {
    for (const closes of [false, true]) {
      const bus = new Bus({ env });
      const topic = bus.topic<Numbers>("a");
      const log: number[] = [];
      const subscription = topic.subscribe(async (_, context) => {
        context.effect(() => void log.push(1));
        context.publish("a", n(2));
        await sleep(env, 10);
      });
      topic.tryPublish(n(1));
      await env.settle();
      if (closes) await bus.close({ signal: AbortSignal.abort() });
      else subscription.unsubscribe();
      await env.advance(20);
      assertEquals(log, closes ? [] : [1]);
      assertEquals(topic.stats().accepted, closes ? 1 : 2);
    }
  });

  it("works with one handler at a time, with keys, groups, patterns and redriven events", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { key: () => "k" });
    const log: string[] = [];
    const add = (name: string) => (event: NovaEvent, context: TopicContext) => {
      context.effect(() => void log.push(`${name} ${event.data}`));
    };
    topic.subscribe(add("group"), { group: "g" });
    bus.subscribe("*", add("pattern"));
    topic.on("n", add("on"));
    let broken = true;
    const subscription = topic.subscribe(async (event, context) => {
      add("redriven")(event, context);
      await undefined;
      if (broken) throw new TerminalError("no");
    });
    topic.tryPublish(n(1));
    topic.tryPublish(n(2));
    await env.settle();
    assertEquals(log.toSorted(), ["group 1", "group 2", "on 1", "on 2", "pattern 1", "pattern 2"]);
    broken = false;
    subscription.redrive();
    await env.settle();
    assertEquals(log.slice(6), ["redriven 1", "redriven 2"]);
  });
});

describe("context.publish()", () => {
  const env = useTestEnv();

  it("lets events in with the acknowledgement, to a handle or a name", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const other = bus.topic<Numbers>("b");
    const seen: number[] = [];
    other.subscribe(({ data }) => void seen.push(data));
    topic.subscribe(async ({ data }, context) => {
      context.publish(other, n(data * 10));
      context.publish("b", n(data * 10 + 1));
      await sleep(env, 5);
    });
    topic.tryPublish(n(1));
    await env.advance(4);
    assertEquals(seen, []);
    await env.advance(1);
    assertEquals(seen, [10, 11]);
    assertLaws(other);
  });

  it("sends nothing when the handler fails", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", onceMore);
    const other = bus.topic<Numbers>("b");
    topic.subscribe((_, context) => {
      context.publish(other, n(context.attempt));
      if (context.attempt === 1) fails();
    });
    topic.tryPublish(n(1));
    await env.advance(10);
    assertEquals(other.stats().accepted, 1);
  });

  it("stamps an id that is the same at every attempt, and another for every event", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const ids: string[][] = [];
    const other = bus.topic<Numbers>("b");
    for (const id of ["one", "two"]) {
      topic.subscribe((_, context) => {
        context.publish(other, n(1));
        context.publish(other, n(2));
        context.publish(other, { id: "mine", ...n(3) });
      }, { id });
    }
    other.subscribe(({ id, data }) => void (ids[data] ??= []).push(id));
    for (const id of ["x", "x", "y"]) topic.tryPublish({ id, ...n(1) });
    await env.settle();

    const [, first, second, third] = ids;
    for (const list of [first!, second!]) assertEquals([list.length, new Set(list).size], [6, 4]);
    assertEquals(new Set([...first!, ...second!]).size, 8);
    assertEquals(new Set(third), new Set(["mine"]));
  });

  it("feeds an exactly-once topic without ids of its own", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const other = bus.topic<Numbers>("b", { delivery: "exactly-once" });
    const seen: number[] = [];
    other.subscribe(({ data }) => void seen.push(data));
    topic.subscribe(({ data }, context) => context.publish(other, n(data)), { id: "s" });
    for (let i = 0; i < 2; i++) topic.tryPublish({ id: "x", ...n(5) });
    await env.settle();
    assertEquals(seen, [5]);
    assertEquals(other.stats().duplicates, 1);
    assertLaws(other);
  });

  it("refuses an id that would be too long, where one is needed", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const strict = bus.topic<Numbers>("b", { delivery: "exactly-once" });
    const plain = bus.topic<Numbers>("c");
    topic.subscribe((_, context) => {
      context.publish(plain, n(1));
      assertThrows(() => context.publish(strict, n(1)), ValidationError);
    });
    topic.tryPublish({ id: "x".repeat(256), ...n(1) });
    await env.settle();
    assertEquals(plain.stats().accepted, 1);
  });

  it("into its own full topic does not wait for itself", async () => {
    for (const isAsync of [false, true]) {
      const topic = new Bus({ env }).topic<Numbers>("a", { bufferSize: 4, waitMs: 1000 });
      const seen: number[] = [];
      const subscription = topic.subscribe(({ data }, context) => {
        seen.push(data);
        if (data < 20) context.publish(topic, n(data + 10));
        return isAsync ? sleep(env, 1) : undefined;
      });
      const published = topic.publishBatch([0, 1, 2, 3, 4, 5, 6].map(n));
      await env.advance(100);
      assert((await published).every(({ status }) => status === "fulfilled"));
      assertEquals(seen.toSorted((a, b) => a - b), [
        ...[0, 1, 2, 3, 4, 5, 6],
        ...[10, 11, 12, 13, 14, 15, 16],
        ...[20, 21, 22, 23, 24, 25, 26],
      ]);
      assertEquals(subscription.stats().succeeded, 21);
      assertLaws(topic);
    }
  });

  it("has a bound: past twice bufferSize the attempt fails, and is tried again", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", onceMore);
    const other = bus.topic<Numbers>("b", { bufferSize: 2 });
    const slow = other.subscribe(() => sleep(env, 5), { maxConcurrency: 1 });
    const effects: number[] = [];
    const subscription = topic.subscribe((event, context) => {
      context.effect(() => void effects.push(event.data));
      for (let i = 0; i < 2; i++) context.publish(other, n(i));
    });
    for (let i = 0; i < 3; i++) topic.tryPublish(n(i));
    await env.settle();
    // Two units of two fit past the two of the buffer; the third does not.
    assertEquals([effects, subscription.stats().held], [[0, 1], 1]);
    assertEquals(other.tryPublish(n(9)), false);
    await env.advance(1);
    assertEquals(subscription.stats().deadLettered, 1);
    assertEquals(effects, [0, 1]);
    assertLaws(other);
    await env.advance(50);
    assertFigures(slow, { offered: 4, succeeded: 4 });
  });

  it("lets all events of a unit in, or none", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", onceMore);
    const roomy = bus.topic<Numbers>("b");
    const tight = bus.topic<Numbers>("c", { bufferSize: 1 });
    tight.subscribe(() => new Promise(() => {}));
    const subscription = topic.subscribe((_, context) => {
      context.publish(roomy, n(1));
      for (let i = 0; i < 3; i++) context.publish(tight, n(i));
      context.effect(() => fails());
    });
    topic.tryPublish(n(1));
    await env.advance(10);
    assertFigures(subscription, { offered: 1, deadLettered: 1, retries: 1 });
    assertEquals([roomy.stats().accepted, tight.stats().accepted], [0, 0]);
    await bus.close({ signal: AbortSignal.abort() });
  });

  it("goes past the memory of a topic, within the same bound", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: { attempts: 1 } });
    const other = bus.topic<Numbers>("b", { dedupe: { maxIds: 2 } });
    const subscription = topic.subscribe((_, context) => {
      context.publish(other, n(1));
      context.publish(other, n(2));
    });
    for (let i = 0; i < 3; i++) topic.tryPublish(n(i));
    await env.settle();
    assertFigures(subscription, { offered: 3, succeeded: 2, deadLettered: 1 });
    assertEquals([other.stats().accepted, other.tryPublish({ id: "x", ...n(1) })], [4, false]);
    assertLaws(other);
  });

  it("fails the handler for what is no event or no topic", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const gone = bus.topic<Numbers>("gone");
    await bus.deleteTopic("gone");
    const errors: unknown[] = [];
    const caught = (fn: () => void) => {
      try {
        fn();
      } catch (error) {
        errors.push(error);
      }
    };
    topic.subscribe((_, context) => {
      caught(() => context.publish("b", n(1)));
      caught(() => context.publish(gone, n(1)));
      caught(() => context.publish("a", { type: "" } as never));
      caught(() => context.publish("a", null as never));
      caught(() => context.publish(undefined as never, n(1)));
      caught(() => context.publish("not a name", n(1)));
    });
    topic.tryPublish(n(1));
    await env.settle();
    const classes = [
      TopicNotFoundError,
      TopicNotFoundError,
      ValidationError,
      TypeError,
      TypeError,
      SyntaxError,
    ];
    for (const [i, type] of classes.entries()) assertInstanceOf(errors[i], type);
    assertEquals(topic.stats().accepted, 1);
  });

  it("cannot write dead letters, nor ask their topic", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const letters = bus.topic("a.dlq");
    let refused = 0;
    topic.subscribe((_, context) => {
      for (const to of [letters, "a.dlq"] as const) {
        assertThrows(() => context.publish(to, n(1)), RangeError, "dead letters");
        refused += 1;
      }
    });
    topic.tryPublish(n(1));
    await env.settle();
    assertEquals(refused, 2);
    await assertRejects(() => bus.request("a.dlq", n(1)), RangeError, "dead letters");
    assertEquals(env.pending.timers, 0);
  });

  it("fails the attempt when the topic goes meanwhile", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: { attempts: 1 } });
    const other = bus.topic<Numbers>("b");
    const subscription = topic.subscribe((_, context) => {
      context.publish(other, n(1));
      return sleep(env, 5);
    });
    topic.tryPublish(n(1));
    await env.settle();
    await bus.deleteTopic("b");
    await env.advance(10);
    assertFigures(subscription, { offered: 1, deadLettered: 1 });
    assertEquals(other.stats().accepted, 0);
    assertLaws(other);
  });

  it("still enters while the bus closes, and is handled", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const other = bus.topic<Numbers>("b");
    const seen: number[] = [];
    other.subscribe(({ data }) => void seen.push(data));
    topic.subscribe(async ({ data }, context) => {
      await sleep(env, 5);
      context.publish(other, n(data));
      assertThrows(() => other.tryPublish(n(9)), ClosedError);
    });
    topic.tryPublish(n(1));
    await env.settle();
    const closed = bus.close();
    await env.advance(10);
    assertEquals(await closed, { completed: 2, left: 0 });
    assertEquals(seen, [1]);
  });

  it("BufferFullError says how much there may be", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { bufferSize: 1, retry: { attempts: 1 } });
    const errors: unknown[] = [];
    topic.subscribe((_, context) => {
      for (let i = 0; i < 3; i++) context.publish(topic, n(i));
    }, { retry: { attempts: 2, retryIf: (error) => (errors.push(error), false) } });
    topic.tryPublish(n(1));
    await env.settle();
    assertInstanceOf(errors[0], BufferFullError);
    assertEquals((errors[0] as BufferFullError).capacity, 2);
  });
});

describe("context.idempotencyKey", () => {
  const env = useTestEnv();

  it("is the same at every attempt, and another for every topic, subscription and event", async () => {
    const bus = new Bus({ env });
    const keys = new Map<string, Set<string>>();
    for (const name of ["a", "a.b"]) {
      const topic = bus.topic<Numbers>(name, onceMore);
      for (const id of ["s", "s/t", "s%2Ft"]) {
        topic.subscribe(async (event, context) => {
          const who = JSON.stringify([name, id, event.id]);
          await sleep(env, 1);
          const known = keys.get(who) ?? new Set();
          keys.set(who, known.add(context.idempotencyKey));
          if (context.attempt === 1) fails();
        }, { id });
      }
      for (const id of ["x", "t/x"]) topic.tryPublish({ id, ...n(1) });
    }
    await env.advance(100);

    assertEquals(keys.size, 12);
    const all = [...keys.values()].flatMap((set) => [...set]);
    assertEquals([all.length, new Set(all).size], [12, 12]);
    assertNotEquals(all[0], "");
  });

  it("is readable after the attempt by one that kept its context", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    let kept: TopicContext | undefined;
    topic.subscribe(async (_, context) => {
      kept = context;
      await undefined;
    }, { id: "s" });
    topic.tryPublish({ id: "x", ...n(1) });
    await env.settle();
    assertEquals(kept?.idempotencyKey, "a/s/x");
  });
});
