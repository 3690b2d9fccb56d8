/**
 * Consumers that share a group, in every order in which they may come, take, settle and leave.
 *
 * @module
 */

import { Bus, type Consumer, type Delivery, type NovaEvent, StaleAckError } from "@nova/events/bus";
import { assertEquals, assertInstanceOf } from "@std/assert";
import fc from "fast-check";
import { describe, it } from "node:test";
import { assertLaws, byKey, type Keyed, step } from "../bus/kit.ts";
import { useTestEnv } from "../support/env.ts";
import { runs } from "./runs.ts";

const LEASE = 40;

type Verb = "ack" | "nack" | "release" | "term" | "none";

const verb = fc.constantFrom<Verb>("ack", "nack", "release", "term", "none");

const scenario = fc.record({
  partitions: fc.integer({ min: 1, max: 3 }),
  prefetch: fc.integer({ min: 1, max: 3 }),
  events: fc.array(
    fc.record({
      key: fc.constantFrom("a", "b"),
      // What consumers say in turn; at last they say that it is handled.
      verbs: fc.array(verb, { maxLength: 2 }),
    }),
    { minLength: 1, maxLength: 8 },
  ),
  /** After how many deliveries each consumer leaves; those who are left have the rest. */
  leaving: fc.array(fc.integer({ min: 0, max: 3 }), { maxLength: 2 }),
  advances: fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 3 }),
});

describe("a group of consumers in any order of things", () => {
  const env = useTestEnv();

  it("is done with every event once, one at a time and in order per key (I3, I11, I13)", () =>
    fc.assert(
      fc.asyncProperty(fc.scheduler(), scenario, async (scheduler, all) => {
        const { partitions, prefetch, events } = all;
        const bus = new Bus({ env });
        const topic = bus.topic<Keyed>("steps", {
          key: byKey,
          partitions,
          maxHeld: 100,
          retry: { attempts: 5, delayMs: 10, jitter: "none" },
        });
        const wrong: string[] = [];
        /** By key: who has an event of it on a lease, and since when. */
        const holders = new Map<string, { readonly n: number; readonly since: number }>();
        const last = new Map<string, number>();
        const said: number[] = events.map(() => 0);

        const settle = async (delivery: Delivery, label: string): Promise<void> => {
          const { key, n } = delivery.event.data as Keyed["step"];
          const own = { n, since: env.monotonic() };
          const before = holders.get(key);
          // A lease never ends early, but for what a timer may be early by.
          if (before !== undefined && own.since - before.since < LEASE - 1) {
            wrong.push(`I3: ${key}/${before.n} and ${key}/${n} at once`);
          }
          if (n < last.get(key)!) wrong.push(`${key}: ${n} after ${last.get(key)}`);
          last.set(key, n);
          holders.set(key, own);
          const next = events[n]!.verbs[said[n]!++] ?? "ack";
          await scheduler.schedule(Promise.resolve(), `${label} says ${next} to ${key}/${n}`);
          if (next === "none") return;
          if (holders.get(key) === own) holders.delete(key);
          await delivery[next]().catch((error) => void assertInstanceOf(error, StaleAckError));
        };
        const work = async (consumer: Consumer<NovaEvent>, most: number): Promise<void> => {
          for (let left = most; left > 0; left--) {
            const { value } = await consumer.next();
            if (value === undefined) return;
            void settle(value, consumer.id);
          }
          await scheduler.schedule(Promise.resolve(), `${consumer.id} leaves`);
          await consumer.return!();
        };
        const consumers: Consumer<NovaEvent>[] = [];
        const join = (id: string, most: number): Consumer<NovaEvent> => {
          const consumer = topic.consume({ id, group: "g", prefetch, ackWaitMs: LEASE });
          consumers.push(consumer);
          void work(consumer, most);
          return consumer;
        };
        const stays = join("stays", Infinity);
        all.leaving.forEach((most, index) => {
          void scheduler.schedule(Promise.resolve(), `c${index} comes`).then(() => {
            join(`c${index}`, most);
          });
        });
        for (const ms of all.advances) {
          void scheduler.schedule(Promise.resolve(), `${ms} ms pass`).then(() => env.advance(ms));
        }
        events.forEach(({ key }, n) => topic.tryPublish(step(key, n)));
        do {
          await scheduler.waitIdle();
          await env.settle();
          if (scheduler.count() === 0 && env.pending.timers > 0) await env.advance(10);
        } while (scheduler.count() > 0 || env.pending.timers > 0);

        assertEquals(wrong, []);
        const { offered, succeeded, deadLettered, queued, held, inFlight, slots } = stays.stats();
        assertEquals(
          [offered, succeeded + deadLettered, queued + held + inFlight],
          [events.length, events.length, 0],
          "I11",
        );
        const { length } = consumers.filter(({ active }) => active);
        assertEquals(slots, length * prefetch * partitions, "those who left have no slots");
        assertLaws(topic);
        await bus.close();
      }),
      runs(100),
    ));
});
