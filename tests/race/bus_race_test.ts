/**
 * Every order in which handlers may settle, publishers publish, clocks move and buses close. A
 * scheduler decides it, draws it at random, and, when something is wrong, gives the shortest order that
 * shows it. `deno task test:race` draws many more than the suite does.
 *
 * @module
 */

import { Bus, type TopicSubscription } from "@nova/events/bus";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { describe, it } from "node:test";
import { assertLaws, byKey, type Keyed, step } from "../bus/kit.ts";
import { useTestEnv } from "../support/env.ts";
import { runs } from "./runs.ts";

/** What an attempt does: return, throw, or take its time and then do so. */
type Ending = "ok" | "throws" | "resolves" | "rejects";

interface Scenario {
  readonly partitions: number;
  readonly maxConcurrency: number;
  readonly bufferSize: number;
  readonly attempts: number;
  readonly subscriptions: number;
  /** The key and the endings of the attempts of each event; the last one is for all that follow. */
  readonly events: readonly { readonly key: string; readonly endings: readonly Ending[] }[];
  /** Milliseconds by which the clock moves, at some moment each. */
  readonly advances: readonly number[];
}

const ending = fc.constantFrom<Ending>("ok", "throws", "resolves", "rejects");

const scenario: fc.Arbitrary<Scenario> = fc.record({
  partitions: fc.integer({ min: 1, max: 3 }),
  maxConcurrency: fc.integer({ min: 1, max: 4 }),
  bufferSize: fc.integer({ min: 1, max: 8 }),
  attempts: fc.integer({ min: 1, max: 3 }),
  subscriptions: fc.integer({ min: 1, max: 2 }),
  events: fc.array(
    fc.record({
      key: fc.constantFrom("a", "b", "c"),
      endings: fc.array(ending, { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 1, maxLength: 10 },
  ),
  advances: fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 4 }),
});

describe("a bus in any order of things", () => {
  const env = useTestEnv();

  /** One scenario under one scheduler, and what its handlers saw. */
  class Race {
    readonly bus = new Bus({ env });
    readonly topic;
    readonly subscriptions: TopicSubscription[];
    readonly wrong: string[] = [];
    /** By subscription and key: events that were done with, in that order. */
    readonly finished = new Map<string, number[]>();
    accepted = 0;
    refused = 0;
    closed = false;
    readonly #scheduler: fc.Scheduler;
    readonly #scenario: Scenario;
    readonly #running = new Map<string, number>();
    #atOnce = 0;

    constructor(scheduler: fc.Scheduler, { events: _, ...options }: Scenario, all: Scenario) {
      const { partitions, maxConcurrency, bufferSize, attempts } = options;
      this.#scheduler = scheduler;
      this.#scenario = all;
      this.topic = this.bus.topic<Keyed>("steps", {
        key: byKey,
        partitions,
        maxConcurrency,
        bufferSize,
        maxHeld: 100,
        retry: { attempts, delayMs: 10, jitter: "none" },
      });
      this.subscriptions = Array.from(
        { length: options.subscriptions },
        (_each, index) => this.#subscribe(`s${index}`),
      );
    }

    #subscribe(id: string): TopicSubscription {
      const { events, maxConcurrency, partitions, attempts } = this.#scenario;
      return this.topic.subscribe(({ data: { key, n } }, { attempt }) => {
        const lane = `${id} ${key}`;
        const { endings } = events[n]!;
        const ending = endings[Math.min(attempt, endings.length) - 1]!;
        if (this.closed) this.wrong.push("I6: a delivery after close");
        if (this.#running.has(lane)) this.wrong.push(`I3: two at once for ${lane}`);
        if (attempt > attempts) this.wrong.push(`attempt ${attempt} of ${attempts}`);
        const fails = ending === "throws" || ending === "rejects";
        if (!fails || attempt === attempts) this.#finish(lane, n);
        if (ending === "ok") return;
        if (ending === "throws") throw new Error("at once");
        this.#running.set(lane, n);
        this.#atOnce += 1;
        if (this.#atOnce > maxConcurrency * partitions * this.#scenario.subscriptions) {
          this.wrong.push(`${this.#atOnce} handlers at once`);
        }
        return this.#scheduler.schedule(Promise.resolve(), `${lane}/${n} settles`).then(() => {
          this.#running.delete(lane);
          this.#atOnce -= 1;
          if (fails) throw new Error("later");
        });
      }, { id });
    }

    /** Noted when the last attempt starts: nothing of the key may start before it settled (I3). */
    #finish(lane: string, n: number): void {
      const finished = this.finished.get(lane) ?? [];
      if (finished.length > 0 && finished.at(-1)! >= n) {
        this.wrong.push(`${lane}: ${n} after ${finished.join()}`);
      }
      this.finished.set(lane, [...finished, n]);
    }

    publish(n: number, key: string): Promise<void> {
      return this.topic.publish(step(key, n)).then(
        () => void (this.accepted += 1),
        () => void (this.refused += 1),
      );
    }

    /** Lets everything that is possible happen in the order of the scheduler. */
    async run(further: readonly (() => void)[] = []): Promise<void> {
      const { events, advances } = this.#scenario;
      const s = this.#scheduler;
      // Publishing keeps its order, as one publisher has it; all else comes at any moment.
      const publishing = s.scheduleSequence(events.map(({ key }, n) => ({
        label: `publish ${key}/${n}`,
        // A publisher does not wait: what it published may still wait for room.
        builder: () => (void this.publish(n, key), Promise.resolve()),
      })));
      for (const ms of advances) {
        void s.schedule(Promise.resolve(), `${ms} ms pass`).then(() => env.advance(ms));
      }
      for (const act of further) void s.schedule(Promise.resolve(), act.name).then(act);
      await this.settle();
      await publishing.task;
    }

    async settle(): Promise<void> {
      do {
        await this.#scheduler.waitIdle();
        await env.settle();
        if (this.#scheduler.count() === 0 && env.pending.timers > 0) await env.advance(10);
      } while (this.#scheduler.count() > 0 || env.pending.timers > 0);
    }
  }

  function race(scheduler: fc.Scheduler, all: Scenario): Race {
    return new Race(scheduler, all, all);
  }

  it("handles every accepted event once, in order per key, or buries it (I3, I11, I13)", () =>
    fc.assert(
      fc.asyncProperty(fc.scheduler(), scenario, async (scheduler, all) => {
        const it = race(scheduler, all);
        await it.run();

        assertEquals(it.wrong, []);
        assertEquals([it.accepted, it.refused], [all.events.length, 0]);
        for (const subscription of it.subscriptions) {
          const { offered, succeeded, deadLettered, held, queued, inFlight } = subscription.stats();
          assertEquals([offered, held, queued, inFlight], [all.events.length, 0, 0, 0], "I11");
          assertEquals(succeeded + deadLettered, offered);
          const done = ["a", "b", "c"].flatMap((key) =>
            it.finished.get(`${subscription.id} ${key}`) ?? []
          );
          assertEquals(done.sort((a, b) => a - b), all.events.map((_, n) => n));
        }
        assertLaws(it.topic);
        await it.bus.close();
      }),
      runs(100),
    ));

  it("counts everything when it closes at any moment (I6, I7, I13)", () =>
    fc.assert(
      fc.asyncProperty(fc.scheduler(), scenario, fc.boolean(), async (scheduler, all, givesUp) => {
        const it = race(scheduler, all);
        let closing: Promise<void> = Promise.resolve();
        const giveUp = new AbortController();
        const acts = [function close() {
          closing = it.bus.close({ signal: giveUp.signal }).then(() => void (it.closed = true));
        }];
        if (givesUp) acts.push(() => giveUp.abort());
        await it.run(acts);
        await closing;

        assertEquals(it.wrong, []);
        assertEquals(it.accepted + it.refused, all.events.length);
        for (const subscription of it.subscriptions) {
          const { offered, succeeded, deadLettered, released, inFlight } = subscription.stats();
          assertEquals(offered, it.accepted);
          assertEquals(succeeded + deadLettered + released, offered);
          assertEquals(inFlight, 0);
          assertEquals(subscription.active, false);
        }
        assertLaws(it.topic);
      }),
      runs(100),
    ));

  it("goes on when a subscription ends and another comes at any moment (I14)", () =>
    fc.assert(
      fc.asyncProperty(fc.scheduler(), scenario, async (scheduler, all) => {
        const it = race(scheduler, { ...all, subscriptions: 2 });
        const [stays, leaves] = it.subscriptions;
        let late: TopicSubscription | undefined;
        await it.run([
          function leave() {
            leaves!.unsubscribe();
          },
          function come() {
            late = it.topic.subscribe(() => {}, { id: "late", from: "earliest" });
          },
        ]);

        assertEquals(it.wrong, []);
        const { offered, succeeded, deadLettered } = stays!.stats();
        assertEquals([offered, succeeded + deadLettered], [all.events.length, all.events.length]);
        const figures = late!.stats();
        assertEquals(figures.succeeded, figures.offered);
        assertEquals(leaves!.stats().inFlight, 0);
        assertLaws(it.topic);
        await it.bus.close();
      }),
      runs(100),
    ));
});
