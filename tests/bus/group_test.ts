import { Bus, type DeadLetter, type TopicSubscription } from "@nova/events/bus";
import { ConfigMismatchError } from "@nova/events";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import {
  assertFigures,
  assertLaws,
  byKey,
  fails,
  type Keyed,
  n,
  type Numbers,
  sleep,
  step,
} from "./kit.ts";

describe("group", () => {
  const env = useTestEnv();

  it("gives each event to one member, in turn, and all to everybody else", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { partitions: 3 });
    const seen: Record<string, number[]> = { one: [], two: [], other: [], alone: [] };
    const [one] = ["one", "two"].map((id) =>
      topic.subscribe(({ data }) => void seen[id]!.push(data), { id, group: "g" })
    );
    topic.subscribe(({ data }) => void seen.other!.push(data), { group: "h" });
    topic.subscribe(({ data }) => void seen.alone!.push(data));
    for (let i = 0; i < 90; i++) topic.tryPublish(n(i));
    await env.settle();

    assertEquals(seen.one!.length, 45);
    assertEquals([...seen.one!, ...seen.two!].sort((a, b) => a - b), range(90));
    assertEquals([seen.other!.length, seen.alone!.length], [90, 90]);
    assertFigures(one!, { offered: 90, succeeded: 90 }, "g");
    assertEquals(topic.stats().subscriptions.slice(0, 2).map(({ id }) => id), ["g", "h"]);
    assertLaws(topic);
  });

  it("keeps order per key across members, failures and retries", async () => {
    const topic = new Bus({ env }).topic<Keyed>("a", {
      key: byKey,
      partitions: 2,
      maxConcurrency: 2,
      retry: { attempts: 3, delayMs: 3, jitter: "none" },
    });
    const log = new Map<string, number[]>();
    const running = new Set<string>();
    for (const id of ["one", "two", "three"]) {
      topic.subscribe(async ({ data: { key, n } }, { attempt }) => {
        assert(!running.has(key), `I3: two at once for ${key}`);
        running.add(key);
        await sleep(env, (n * 7) % 5);
        running.delete(key);
        if (n % 4 === 0 && attempt < 3) throw new Error("no");
        log.set(key, [...log.get(key) ?? [], n]);
      }, { id, group: "g" });
    }
    for (let i = 0; i < 100; i++) topic.tryPublish(step(`k${i % 5}`, Math.floor(i / 5)));
    await env.advance(2000);

    assertEquals([...log.values()], Array.from({ length: 5 }, () => range(20)));
    assertLaws(topic);
  });

  it("adds up what its members can handle at once, each within its own limit", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { partitions: 2 });
    const running: Record<string, number> = {};
    const member = (id: string, maxConcurrency: number): TopicSubscription =>
      topic.subscribe(async (_, { subscription }) => {
        assertEquals(subscription.id, id);
        running[id] = (running[id] ?? 0) + 1;
        await sleep(env, 10);
        running[id]! -= 1;
      }, { id, group: "g", maxConcurrency });
    const narrow = member("narrow", 1);
    for (let i = 0; i < 60; i++) topic.tryPublish(n(i));
    await env.settle();
    assertEquals(running, { narrow: 2 });
    member("wide", 4);
    await env.settle();
    assertEquals(running, { narrow: 2, wide: 8 });
    assertEquals(narrow.stats().slots, 10);
    narrow.unsubscribe();
    await env.advance(10);
    assertEquals(running, { narrow: 0, wide: 8 });
    await env.advance(1000);

    assertEquals(topic.stats().subscriptions[0]?.succeeded, 60);
  });

  it("tries again with another member what a leaving one did not handle", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", { retry: { delayMs: 5, jitter: "none" } });
    const seen: string[] = [];
    const one = topic.subscribe(async (_, { subscription, attempt }) => {
      seen.push(`one/${attempt}`);
      assertStrictEquals(subscription, one);
      subscription.unsubscribe();
      await sleep(env, 5);
      fails();
    }, { id: "one", group: "g" });
    const two = topic.subscribe((_, { attempt }) => void seen.push(`two/${attempt}`), {
      id: "two",
      group: "g",
    });
    topic.tryPublish(n(1));
    topic.tryPublish(n(2));
    await env.advance(100);

    assertEquals([one.active, two.active], [false, true]);
    assertEquals(seen, ["one/1", "two/1", "two/2"]);
    assertFigures(two, { offered: 2, succeeded: 2, retries: 1 }, "g");
  });

  it("goes on at full speed while a member that left still handles an event", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    let most = 0;
    let running = 0;
    const stuck = topic.subscribe(() => new Promise(() => {}), { group: "g" });
    topic.subscribe(async () => {
      most = Math.max(most, ++running);
      await sleep(env, 1);
      running -= 1;
    }, { group: "g", maxConcurrency: 1 });
    for (let i = 0; i < 10; i++) topic.tryPublish(n(i));
    await env.settle();
    stuck.unsubscribe();
    await env.advance(20);

    const { succeeded, inFlight } = stuck.stats();
    assertEquals([succeeded, inFlight, most], [9, 1, 1]);
    await env.advance(100_000);
    assertEquals(stuck.stats().slots, 1);
    assertLaws(topic);
  });

  it("ends with its last member, and releases what is left; the next one begins anew", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    const members = [1, 2].map(() => topic.subscribe(() => {}, { group: "g" }));
    topic.tryPublish(n(1));
    for (const member of members) {
      member.unsubscribe();
      member.unsubscribe();
    }
    topic.tryPublish(n(2));
    await env.settle();

    assertFigures(members[0]!, { offered: 1, released: 1 }, "g");
    assertEquals(topic.stats().subscriptions, []);
    const again = topic.subscribe(() => {}, { group: "g" });
    topic.tryPublish(n(3));
    await env.settle();
    assertFigures(again, { offered: 1, succeeded: 1 }, "g");
  });

  it("gives up a member that hangs, and not its group", async () => {
    const topic = new Bus({ env }).topic<Numbers>("a", {
      deadlineMs: 10,
      abandonMs: 10,
      retry: { attempts: 2, delayMs: 1, jitter: "none" },
    });
    const seen: number[] = [];
    topic.subscribe(() => new Promise(() => {}), { id: "hangs", group: "g" });
    const two = topic.subscribe(({ data }) => void seen.push(data), { id: "works", group: "g" });
    for (let i = 0; i < 4; i++) topic.tryPublish(n(i));
    await env.advance(500);

    const { succeeded, deadLettered, zombies, timedOut } = two.stats();
    assertEquals(succeeded + deadLettered, 4);
    assertEquals(zombies, timedOut);
    assertLaws(topic);
  });

  it("has its own dead letters, under its name, for whoever asks", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a", { retry: { attempts: 1 } });
    let broken = true;
    const [one, two] = ["one", "two"].map((id) =>
      topic.subscribe(() => broken ? fails() : undefined, { id, group: "g" })
    );
    topic.tryPublish(n(1));
    topic.tryPublish(n(2));
    await env.settle();
    const letters: DeadLetter[] = [];
    bus.subscribe("a.dlq", ({ data }) => void letters.push(data as DeadLetter), {
      from: "earliest",
    });
    await env.settle();
    assertEquals(letters.map(({ subscription }) => subscription), ["g", "g"]);
    broken = false;

    assertEquals(two!.redrive({ limit: 1 }), { redriven: 1, left: 1 });
    assertEquals(one!.redrive(), { redriven: 1, left: 0 });
    await env.settle();
    assertFigures(one!, { offered: 4, succeeded: 2, deadLettered: 2 }, "g");
  });

  it("refuses a member that wants it otherwise, and says what", () => {
    const topic = new Bus({ env }).topic<Numbers>("a");
    topic.subscribe(() => {}, { group: "g", retry: { attempts: 2 } });

    for (
      const [option, options] of [
        ["retry", {}],
        ["onFailure", { retry: { attempts: 2 }, onFailure: "hold" }],
        ["deadlineMs", { retry: { attempts: 2 }, deadlineMs: 5 }],
      ] as const
    ) {
      const error = assertThrows(
        () => topic.subscribe(() => {}, { group: "g", ...options }),
        ConfigMismatchError,
        'group "g"',
      );
      assertEquals(error.option, option);
    }
    const same = { group: "g", retry: { attempts: 2 } };
    // One that takes only some types would let the others pass for all.
    assertEquals(
      assertThrows(() => topic.on("n", () => {}, same), ConfigMismatchError).option,
      "type",
    );
    assertEquals(assertThrows(() => topic.consume(same), ConfigMismatchError).option, "consume");
    topic.subscribe(() => {}, {
      group: "g",
      retry: { attempts: 2 },
      id: "x",
      maxConcurrency: 5,
      from: "earliest",
    });
    for (const group of [5, null, {}] as never[]) {
      assertThrows(() => topic.subscribe(() => {}, { group }), TypeError, "group");
    }
    assertEquals(topic.stats().subscriptions.length, 1);
  });

  it("ends with the signal of each member, and with the bus", async () => {
    const bus = new Bus({ env });
    const topic = bus.topic<Numbers>("a");
    const controllers = [1, 2].map(() => new AbortController());
    const members = controllers.map(({ signal }) =>
      topic.subscribe(() => {}, { group: "g", signal })
    );
    controllers[0]!.abort();
    assertEquals(members.map(({ active }) => active), [false, true]);
    await bus.close();

    assertEquals(members[1]!.active, false);
    assertEquals(env.pending, { timers: 0, abortListeners: 0 });
  });

  it("stays with a topic that is deleted and declared again, also by pattern", async () => {
    const bus = new Bus({ env });
    bus.topic("a.b");
    const seen: unknown[] = [];
    const member = bus.subscribe("a.*", ({ data }) => void seen.push(data), { group: "g" });
    await bus.deleteTopic("a.b");
    const topic = bus.topic<Numbers>("a.b");
    topic.tryPublish(n(1));
    const second = topic.subscribe(({ data }) => void seen.push(-data), { group: "g" });
    topic.tryPublish(n(2));
    await env.settle();

    assertEquals(seen, [1, -2]);
    assertEquals(topic.stats().subscriptions.length, 1);
    member.unsubscribe();
    assert(second.active);
  });
});

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
