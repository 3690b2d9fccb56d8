/**
 * The consuming side of a topic under random circumstances, against what a plain array says.
 *
 * @module
 */

import {
  Bus,
  type Consumer,
  type Delivery,
  StaleAckError,
  type Topic,
  type TopicSubscription,
} from "@nova/events/bus";
import { CursorExpiredError } from "@nova/events/store";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { describe, it } from "node:test";
import { forSeeds, type World } from "../sim/world.ts";
import { assertLaws, byKey, type Keyed, n, type Numbers, step } from "./kit.ts";

describe("from, at any moment", () => {
  it("gives what is kept from there on, or says that some of it is gone", () =>
    forSeeds(40, async (world) => {
      const partitions = 1 + world.below(3);
      const bufferSize = 1 + world.below(20);
      const maxEvents = world.happens(0.7) ? 1 + world.below(50) : 0;
      const topic = new Bus({ env: world }).topic<Numbers>("a", {
        partitions,
        bufferSize,
        ...(maxEvents > 0 ? { retention: { maxEvents } } : {}),
      });
      const written: number[][] = Array.from({ length: partitions }, () => []);
      for (let action = 0; action < 25; action++) {
        for (let i = world.below(15); i > 0; i--) {
          const { partition, sequence } = await topic.publish(n(i));
          written[partition]!.push(sequence);
        }
        const accepted = written.flat().length;
        const from = world.happens(0.2) ? "earliest" : 1 + world.below(accepted + 1);
        const first = from === "earliest" ? 0 : from;
        const kept = written.map((all) => all.slice(-(maxEvents || bufferSize)));
        const isGone = from !== "earliest" &&
          written.some((all, i) =>
            all.slice(0, all.length - kept[i]!.length).some((s) => s >= first)
          );
        let count = 0;
        try {
          const subscription = topic.subscribe(() => void (count += 1), { from });
          assert(!isGone, `from ${from} is gone`);
          const { ready } = subscription;
          await world.run();
          await ready;
          subscription.unsubscribe();
          assertEquals(count, kept.flat().filter((sequence) => sequence >= first).length);
        } catch (error) {
          if (!isGone) throw error;
          assertInstanceOf(error, CursorExpiredError);
        }
      }
    }));
});

const DEADLINE = 20;
const ABANDON = 10;

describe("groups, in any weather", () => {
  /** Notes if two have an event of one key at once, unless the first one is fenced off. */
  class Watch {
    /** What a handler throws would only be tried again. */
    readonly wrong: string[] = [];
    readonly #world: World;
    readonly #patience: number;
    readonly #since = new Map<string, number>();
    readonly #first = new Map<string, number>();

    constructor(world: World, patience: number) {
      this.#world = world;
      this.#patience = patience;
    }

    start(key: string, n: number, attempt: number): () => void {
      const now = this.#world.monotonic();
      const since = this.#since.get(key);
      if (since !== undefined && now - since < this.#patience) {
        this.wrong.push(`I3: two at once for ${key}`);
      }
      this.#since.set(key, now);
      const before = this.#first.get(key) ?? -1;
      if (n < before) this.wrong.push(`${key}: ${n} after ${before}`);
      if (attempt === 1) this.#first.set(key, n);
      return () => {
        if (this.#since.get(key) === now) this.#since.delete(key);
      };
    }
  }

  const newTopic = (world: World): Topic<Keyed> =>
    new Bus({ env: world }).topic<Keyed>("a", {
      key: byKey,
      partitions: 1 + world.below(3),
      bufferSize: 1 + world.below(20),
      maxHeld: 5 + world.below(20),
      waitMs: 1e9,
      deadlineMs: DEADLINE,
      abandonMs: ABANDON,
      retry: { attempts: 3, delayMs: 5 },
    });

  const publishAll = async (world: World, topic: Topic<Keyed>, count: number): Promise<void> => {
    const next = new Map<string, number>();
    for (let i = 0; i < count; i++) {
      const key = `k${world.below(6)}`;
      const n = next.get(key) ?? 0;
      next.set(key, n + 1);
      await topic.publish(step(key, n));
      if (world.happens(0.1)) await world.sleep(world.below(20));
    }
  };

  it("each event is done with, one at a time per key, whoever joins, leaves, fails or hangs", () =>
    forSeeds(60, async (world) => {
      const topic = newTopic(world);
      const watch = new Watch(world, DEADLINE + ABANDON - 1);
      let members: TopicSubscription[] = [];
      const join = (): void => {
        members.push(
          topic.subscribe(({ data: { key, n } }, { attempt }) => {
            const done = watch.start(key, n, attempt);
            const dice = world.below(20);
            if (dice < 2) {
              done();
              throw undefined;
            }
            if (dice < 6) return done();
            if (dice === 6) return new Promise(() => {});
            return world.sleep(world.below(40)).then(() => {
              done();
              if (dice < 9) throw new Error("no");
            });
          }, { group: "g", maxConcurrency: 1 + world.below(3) }),
        );
      };
      join();
      const [survivor] = members as [TopicSubscription];
      const publishing = publishAll(world, topic, 150);
      const changing = (async () => {
        for (let i = 0; i < 30; i++) {
          await world.sleep(world.below(50));
          if (world.happens(0.6)) join();
          else if (members.length > 1) {
            const leaving = members[1 + world.below(members.length - 1)]!;
            members = members.filter((member) => member !== leaving);
            leaving.unsubscribe();
          }
        }
      })();
      await world.run();
      await Promise.all([publishing, changing]);

      assertEquals(watch.wrong, []);
      const { offered, succeeded, deadLettered, inFlight } = survivor.stats();
      assertEquals([offered, succeeded + deadLettered, inFlight], [150, 150, 0]);
      assertLaws(topic);
      assertEquals(world.pending, { timers: 0, abortListeners: 0 });
    }));

  it("each event is done with, whatever consumers say, and when", () =>
    forSeeds(60, async (world) => {
      const topic = newTopic(world);
      const watch = new Watch(world, DEADLINE - 1);
      const settle = async (
        { event, attempt, ...verbs }: Delivery<{ data: Keyed["step"] } & Delivery["event"]>,
      ): Promise<void> => {
        const done = watch.start(event.data.key, event.data.n, attempt);
        try {
          if (world.happens(0.5)) await world.sleep(world.below(15));
          if (world.happens(0.2)) await verbs.progress();
          if (world.happens(0.3)) await world.sleep(world.below(30));
          done();
          const verb = world.pick(
            ["ack", "ack", "ack", "nack", "release", "term", "none"] as const,
          );
          if (verb !== "none") await verbs[verb]();
        } catch (error) {
          assertInstanceOf(error, StaleAckError);
          done();
        }
      };
      const consume = async (consumer: Consumer<never>, most: number): Promise<void> => {
        let left = most;
        for await (const delivery of consumer) {
          if (world.happens(0.5)) await settle(delivery as never);
          else void settle(delivery as never);
          if (--left === 0) break;
        }
      };
      const open = (most: number): void => {
        void consume(
          topic.consume({ group: "g", prefetch: 1 + world.below(5), ackWaitMs: DEADLINE }) as never,
          most,
        );
      };
      const stays = topic.consume({ group: "g", ackWaitMs: DEADLINE });
      void consume(stays as never, Infinity);
      const publishing = publishAll(world, topic, 120);
      const changing = (async () => {
        for (let i = 0; i < 10; i++) {
          await world.sleep(world.below(100));
          open(1 + world.below(10));
        }
      })();
      await world.run();
      await Promise.all([publishing, changing]);

      assertEquals(watch.wrong, []);
      const { offered, succeeded, deadLettered, inFlight } = stays.stats();
      assertEquals([offered, succeeded + deadLettered, inFlight], [120, 120, 0]);
      assertLaws(topic);
      assertEquals(world.pending, { timers: 0, abortListeners: 0 });
      await stays.return!();
    }));
});
