/**
 * A whole system under seeded chaos: publishers, a topic, a writer into a store, other subscribers,
 * followers, a clock that jumps, and a close at any moment.
 *
 * @module
 */

import { BufferFullError, ClosedError, TerminalError, VersionConflictError } from "@nova/events";
import {
  Bus,
  type CloseResult,
  type DeadLetter,
  type NovaEvent,
  type Topic,
  type TopicSubscription,
} from "@nova/events/bus";
import { MemoryStore } from "@nova/events/store";
import { assert, assertEquals, assertGreaterOrEqual, assertNotEquals } from "@std/assert";
import { describe, it } from "node:test";
import { assertLaw, assertLaws, byKey, type Keyed, step } from "../bus/kit.ts";
import { forSeeds, World } from "./world.ts";

/** What an event is called: its key and its number within the key. */
type Name = string;

function nameOf({ data }: { readonly data: Keyed["step"] }): Name {
  return `${data.key}/${data.n}`;
}

/** One run of the system, and what it saw itself. */
class System {
  readonly world: World;
  readonly bus: Bus;
  readonly topic: Topic<Keyed>;
  readonly store: MemoryStore<Keyed>;
  /** Every attempt to publish has one outcome here. */
  readonly outcomes = { accepted: [] as Name[], rejected: 0, dropped: 0 };
  /** By subscription: events that its handler finished, in that order. */
  readonly finished = new Map<string, Name[]>();
  readonly trace: string[] = [];
  /** What was wrong; an error inside a handler would only be one more failure to the bus. */
  readonly wrong: string[] = [];
  readonly followed: number[][] = [];
  closed: CloseResult | undefined;
  letters: DeadLetter[] = [];
  readonly #running = new Set<string>();

  constructor(world: World) {
    this.world = world;
    this.bus = new Bus({ env: world });
    this.store = new MemoryStore({ env: world });
    this.topic = this.bus.topic<Keyed>("steps", {
      key: byKey,
      partitions: 1 + world.below(4),
      bufferSize: 1 + world.below(30),
      maxConcurrency: 1 + world.below(8),
      maxHeld: 1 + world.below(30),
      overflow: world.pick(["wait", "reject", "drop-newest"]),
      waitMs: world.pick([0, 5, 500, Infinity]),
      retry: {
        attempts: 1 + world.below(4),
        delayMs: world.below(100),
        backoff: world.pick(["exponential", "linear", "fixed"]),
      },
      deadLetter: { maxEvents: world.pick([3, 1000]) },
    });
  }

  /** A handler that does its work, at once or later, and fails as the dice say. */
  subscribe(
    id: string,
    work: (event: NovaEvent<"step", Keyed["step"]>) => unknown,
    from: "latest" | "earliest" = "latest",
  ): TopicSubscription {
    const finished: Name[] = [];
    this.finished.set(id, finished);
    const { world } = this;
    const failing = world.pick([0, 0.05, 0.3]);
    const run = async (event: NovaEvent<"step", Keyed["step"]>, fails: boolean): Promise<void> => {
      await world.sleep(world.below(30));
      await work(event);
      if (fails) throw world.happens(0.1) ? new TerminalError("useless") : new Error("no");
    };
    return this.topic.subscribe((event, { subscription }) => {
      const lane = `${id} ${event.data.key}`;
      if (this.closed !== undefined) this.wrong.push("I6: a delivery after close");
      if (this.#running.has(lane)) this.wrong.push(`I3: two deliveries for ${lane}`);
      if (!subscription.active) this.wrong.push(`${id} is given an event after its end`);
      this.trace.push(`${world.monotonic()} ${id} ${nameOf(event)}`);
      const fails = world.happens(failing);
      if (fails && world.happens(0.5)) throw new Error("at once");
      this.#running.add(lane);
      return run(event, fails)
        .then(() => void finished.push(nameOf(event)))
        .finally(() => this.#running.delete(lane));
    }, { id, from });
  }

  async publish(name: string, count: number): Promise<void> {
    const { world, outcomes } = this;
    for (let i = 1; i <= count; i++) {
      const event = step(`${name}${world.below(4)}`, i);
      const controller = new AbortController();
      const published = this.topic.publish(event, { signal: controller.signal }).then(
        (receipt) => {
          if (receipt.dropped) outcomes.dropped += 1;
          else outcomes.accepted.push(nameOf(event));
        },
        (error) => {
          const isExpected = error instanceof BufferFullError || error instanceof ClosedError;
          if (!isExpected && error !== "enough") this.wrong.push(`${error}`);
          outcomes.rejected += 1;
        },
      );
      if (world.happens(0.1)) world.setTimer(() => controller.abort("enough"), world.below(20));
      if (world.happens(0.7)) await published;
      if (world.happens(0.5)) await world.sleep(world.below(25));
    }
  }

  async follow(after: number): Promise<void> {
    const positions: number[] = [];
    this.followed.push(positions);
    for await (const { position } of this.store.follow({ after })) {
      const expected = (positions.at(-1) ?? after) + 1;
      if (position !== expected) this.wrong.push(`followed to ${position}, not to ${expected}`);
      positions.push(position);
      if (this.world.happens(0.1)) await this.world.sleep(this.world.below(10));
    }
  }

  async deadLetters(): Promise<DeadLetter[]> {
    const name = `${this.topic.name}.dlq`;
    if (!this.bus.stats().topics.some((topic) => topic.name === name)) return [];
    const letters: DeadLetter[] = [];
    const subscription = this.bus.topic<{ "dead-letter": DeadLetter }>(name).subscribe(
      ({ data }) => void letters.push(data),
      { from: "earliest" },
    );
    await this.world.run();
    subscription.unsubscribe();
    return letters;
  }
}

/** Everything at once, up to the end of the publishers; the bus may close before. */
async function run(world: World, closesEarly: boolean): Promise<{
  readonly system: System;
  readonly subscriptions: readonly TopicSubscription[];
}> {
  const system = new System(world);
  const { store, bus } = system;
  const writer = system.subscribe("writer", async (event) => {
    const stream = event.data.key;
    const events = await store.read(stream, { reverse: true, limit: 1 });
    await store.append(stream, [event], { expect: events[0]?.version ?? "absent" });
  });
  const others = ["audit", "mail"].map((id) => system.subscribe(id, () => {}));
  const publishing = ["x", "y", "z"].map((name) => system.publish(name, 20));
  for (let i = 0; i < 3; i++) {
    world.setTimer(() => system.follow(world.below(store.stats().events + 1)), world.below(300));
    world.setTimer(() => (world.skew = -world.below(1_000_000)), world.below(300));
    world.setTimer(() => assertLaws(system.topic), world.below(500));
  }
  if (closesEarly) {
    let closing = false;
    // One leaves at any moment, and one comes.
    world.setTimer(() => others[1]!.unsubscribe(), world.below(400));
    world.setTimer(() => {
      if (!closing) others.push(system.subscribe("late", () => {}, "earliest"));
    }, world.below(200));
    const at = world.below(400);
    world.setTimer(() => {
      closing = true;
      const controller = new AbortController();
      world.setTimer(() => controller.abort(), world.below(100));
      bus.close({ signal: controller.signal }).then((result) => system.closed = result);
    }, at);
  }
  await world.run();
  if (!closesEarly) system.letters = await system.deadLetters();
  // Publishers may wait for ever behind a full dead-letter topic: closing sends them away.
  if (system.topic.stats().waiting > 0) {
    const closed = bus.close();
    await world.run();
    system.closed = await closed;
  }
  await Promise.all(publishing);
  return { system, subscriptions: [writer, ...others] };
}

/** What must be true however it went. */
function checkCounts({ outcomes, topic, wrong }: System): void {
  assertEquals(wrong, []);
  const { accepted, rejected, dropped, attempts, waiting } = topic.stats();
  assertEquals([accepted, rejected, dropped, waiting], [
    outcomes.accepted.length,
    outcomes.rejected,
    outcomes.dropped,
    0,
  ]);
  assertEquals(attempts, 60, "I13");
  assertLaws(topic);
}

/** The store: dense versions, rising positions, times that never go back; followers saw it all. */
async function checkStore({ store, world, followed, wrong }: System): Promise<void> {
  const log = await store.readAll({ limit: 10_000 });
  const versions = new Map<string, number>();
  const numbers = new Map<string, number>();
  for (const [i, { stream, version, position, recordedAt, data }] of log.entries()) {
    assertEquals(position, i + 1, "I2");
    assertEquals(version, (versions.get(stream) ?? 0) + 1, "I1");
    assertGreaterOrEqual(recordedAt, log[i - 1]?.recordedAt ?? 0);
    assertGreaterOrEqual(data.n, numbers.get(stream) ?? 0, "order per key");
    versions.set(stream, version);
    numbers.set(stream, data.n);
  }
  await world.run();
  for (const positions of followed) assertEquals(positions.at(-1) ?? log.length, log.length);
  await store.close();
  await world.run();
  assertEquals(wrong, []);
}

describe("a bus and a store under chaos", () => {
  it("keep every accepted event: handled, a dead letter, or held (I3, I11, I13)", () =>
    forSeeds(60, async (world) => {
      const { system, subscriptions } = await run(world, false);
      const { letters } = system;
      const stored = new Set((await system.store.readAll({ limit: 10_000 })).map(nameOf));
      const ended = system.closed !== undefined;

      checkCounts(system);
      for (const subscription of subscriptions) {
        const { id } = subscription;
        const stats = subscription.stats();
        const finished = system.finished.get(id)!;
        const buried = letters.filter((letter) => letter.subscription === id)
          .map(({ event }) => nameOf(event as { data: Keyed["step"] }));
        assertEquals(stats.offered, system.outcomes.accepted.length);
        assertEquals([stats.succeeded, stats.deadLettered], [finished.length, buried.length]);
        assertEquals(new Set([...finished, ...buried]).size, finished.length + buried.length);
        const kept = stats.held + stats.queued + stats.released;
        assertEquals(finished.length + buried.length + kept, stats.offered, "I11");
        if (!ended && letters.length < 3) assertEquals(kept, 0);
        if (id === "writer") { for (const name of finished) assert(stored.has(name), name); }
        assertLaw(stats);
      }
      await checkStore(system);
      assertEquals(world.reported, []);
      const closed = system.bus.close();
      await world.run();
      await closed;
      assertEquals(world.pending, { timers: 0, abortListeners: 0 }, "I7");
    }));

  it("lose nothing silently when the bus closes at any moment (I6, I7, I13)", () =>
    forSeeds(60, async (world) => {
      const { system, subscriptions } = await run(world, true);

      assert(system.closed !== undefined);
      checkCounts(system);
      for (const subscription of subscriptions) {
        const stats = subscription.stats();
        assertEquals(stats.inFlight + stats.queued + stats.held, 0);
        const everything = subscription.id === "writer" || subscription.id === "audit";
        if (everything) assertEquals(stats.offered, system.outcomes.accepted.length);
        assertEquals(stats.succeeded, system.finished.get(subscription.id)!.length);
        assertLaw(stats);
      }
      await checkStore(system);
      assertEquals(world.reported, []);
      assertEquals(world.pending, { timers: 0, abortListeners: 0 }, "I7");
    }));

  it("do the same for the same seed, and something else for another", async () => {
    const traces = await Promise.all([7, 7, 8].map(async (seed) => {
      const { system } = await run(new World(seed), false);
      await system.store.close();
      return system.trace;
    }));

    assert(traces[0]!.length > 50);
    assertEquals(traces[1], traces[0]);
    assertNotEquals(traces[2], traces[0]);
  });

  it("would notice a second writer", async () => {
    const store = new MemoryStore<Keyed>({ env: new World(1) });
    await store.append("k", [step("k", 1)], { expect: "absent" });
    const second = await store.append("k", [step("k", 1)], { expect: "absent" }).catch((e) => e);

    assert(second instanceof VersionConflictError);
  });
});
