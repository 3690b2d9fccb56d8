import { Bus, type TopicSubscription } from "@nova/events/bus";
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { forSeeds, type World } from "../sim/world.ts";
import { assertLaws, n, type Numbers } from "./kit.ts";

/** A subscription, and what a plain array says it must have received. */
interface Reader {
  readonly subscription: TopicSubscription;
  readonly received: number[][];
  /** For each partition: where it began, and the place of the next event. */
  readonly from: number[];
  readonly places: number[];
  /** A reader that is stuck takes one event of each partition, until it is released. */
  readonly release: (() => void) | undefined;
}

/** Lets everything that can run without time passing do so. */
async function settle(world: World): Promise<void> {
  for (let turn = 0; turn < 400; turn++) await undefined;
  if (world.pending.timers > 0) await world.run();
}

describe("a partition", () => {
  it("is a window on a plain array, for any buffer, while it wraps and grows", () =>
    forSeeds(100, async (world) => {
      const partitions = 1 + world.below(3);
      const bufferSize = 1 + world.below(40);
      const topic = new Bus({ env: world }).topic<Numbers>("a", { partitions, bufferSize });
      const written: number[][] = Array.from({ length: partitions }, () => []);
      let readers: Reader[] = [];
      let turn = 0;

      const publish = (): void => {
        const partition = turn % partitions;
        const events = written[partition]!;
        const slowest = Math.min(
          events.length,
          ...readers.map(({ places }) => places[partition]!),
        );
        const accepted = topic.tryPublish(n(turn * 10 + partition));
        assertEquals(accepted, events.length - slowest < bufferSize, "room");
        if (accepted) events.push(turn * 10 + partition);
        turn += 1;
      };

      const subscribe = (isStuck: boolean): void => {
        const from = world.pick(["latest", "earliest"] as const);
        const places = written.map(({ length }) =>
          from === "latest" ? length : Math.max(0, length - bufferSize)
        );
        const received: number[][] = written.map(() => []);
        const gate = isStuck ? Promise.withResolvers<void>() : undefined;
        const subscription = topic.subscribe(({ data }) => {
          received[data % 10]!.push(data);
          return gate?.promise;
        }, { from, deadlineMs: Infinity });
        readers.push({
          subscription,
          received,
          from: [...places],
          places,
          release: gate?.resolve,
        });
      };

      const check = async (): Promise<void> => {
        await settle(world);
        for (const { places, from, received, release, subscription } of readers) {
          written.forEach(({ length }, p) => {
            places[p] = release === undefined ? length : Math.min(length, from[p]! + 1);
          });
          assertEquals(received, written.map((all, p) => all.slice(from[p], places[p])));
          assertEquals(
            subscription.stats().offered,
            sum(written.map((all, p) => all.length - from[p]!)),
          );
        }
        assertLaws(topic);
      };

      for (let action = 0; action < 120; action++) {
        const dice = world.below(20);
        if (dice < 12) { for (let i = world.below(12); i >= 0; i--) publish(); }
        else if (dice < 15) subscribe(dice === 14);
        else if (dice < 17 && readers.length > 0) {
          const leaving = world.pick(readers);
          readers = readers.filter((reader) => reader !== leaving);
          leaving.subscription.unsubscribe();
        } else if (dice < 18) topic.stats();
        else if (dice < 19) {
          for (const reader of readers) reader.release?.();
          readers = readers.map((reader) => ({ ...reader, release: undefined }));
          await check();
        } else await check();
      }
      for (const reader of readers) reader.release?.();
      readers = readers.map((reader) => ({ ...reader, release: undefined }));
      await check();
    }));
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
