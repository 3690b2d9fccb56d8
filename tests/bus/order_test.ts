import { TerminalError } from "@nova/events";
import { Bus, type Receipt } from "@nova/events/bus";
import { assertEquals, assertLessOrEqual } from "@std/assert";
import { describe, it } from "node:test";
import { forSeeds, type World } from "../sim/world.ts";
import { assertFigures, assertLaws, byKey, type Keyed, step } from "./kit.ts";

/** Checks what one subscription is given: one event per key at a time, each key in order. */
class Witness {
  /** By key: the number of the event that is being handled, over all of its attempts. */
  readonly #current = new Map<string, number>();
  readonly #running = new Set<string>();
  readonly #world: World;
  readonly handled = new Map<string, number[]>();
  readonly given = new Map<string, number[]>();
  /** What was wrong; an error inside a handler would only be one more failure to the bus. */
  readonly wrong: string[] = [];
  most = 0;
  attempts = 0;

  constructor(world: World) {
    this.#world = world;
  }

  begin(key: string, number: number, attempt: number): void {
    if (this.#running.has(key)) this.wrong.push(`I3: two deliveries of ${key} at once`);
    this.#running.add(key);
    this.most = Math.max(this.most, this.#running.size);
    this.attempts += 1;
    if (attempt === 1) this.#list(this.given, key).push(number);
    else if (this.#current.get(key) !== number) this.wrong.push(`${key}: a retry was overtaken`);
    this.#current.set(key, number);
  }

  end(key: string, number: number, succeeded: boolean): void {
    this.#running.delete(key);
    if (succeeded) this.#list(this.handled, key).push(number);
  }

  /** A handler that behaves as the dice say: at once or later, well or badly. */
  handler(failing: number): (
    event: { readonly data: Keyed["step"] },
    context: { readonly attempt: number },
  ) => void | Promise<void> {
    return ({ data: { key, n } }, { attempt }) => {
      this.begin(key, n, attempt);
      const fails = this.#world.happens(failing);
      const error = this.#world.happens(0.1) ? new TerminalError("useless") : new Error("no");
      if (this.#world.happens(0.4)) {
        this.end(key, n, !fails);
        if (fails) throw error;
        return;
      }
      return this.#world.sleep(this.#world.below(20)).then(() => {
        this.end(key, n, !fails);
        if (fails) throw error;
      });
    };
  }

  #list(lists: Map<string, number[]>, key: string): number[] {
    let list = lists.get(key);
    if (list === undefined) lists.set(key, list = []);
    return list;
  }
}

describe("order per key", () => {
  for (const maxConcurrency of [1, 4, 16]) {
    it(`holds across latencies, failures and retries, ${maxConcurrency} at once (I3, I11, I13)`, () =>
      forSeeds(12, async (world) => {
        const bus = new Bus({ env: world });
        const bufferSize = 1 + world.below(60);
        const partitions = 1 + world.below(4);
        const topic = bus.topic<Keyed>("a", {
          key: byKey,
          partitions,
          bufferSize,
          maxConcurrency,
          maxHeld: 1 + world.below(60),
          waitMs: Infinity,
          retry: { attempts: 1 + world.below(4), delayMs: world.below(200) },
        });
        const parts = [0, 0.1, 0.5].map((failing) => {
          const witness = new Witness(world);
          return { witness, subscription: topic.subscribe(witness.handler(failing)) };
        });

        // Several publishers, each with keys of its own: its calls are the order of its keys.
        const published = new Map<string, number[]>();
        const receipts: Promise<Receipt>[] = [];
        const publishers = ["x", "y", "z"].map(async (name) => {
          for (let i = 1; i <= 70; i++) {
            const key = `${name}${world.below(5)}`;
            if (!published.has(key)) published.set(key, []);
            published.get(key)!.push(i);
            const receipt = topic.publish(step(key, i));
            receipts.push(receipt);
            if (world.happens(0.5)) await receipt;
            if (world.happens(0.3)) await world.sleep(world.below(10));
          }
        });
        await world.run();
        await Promise.all(publishers);
        const sequences = (await Promise.all(receipts)).map(({ sequence }) => sequence);

        assertEquals(sequences.toSorted((a, b) => a - b), sequences.map((_, i) => i + 1));
        let letters = 0;
        for (const { witness, subscription } of parts) {
          assertEquals(witness.wrong, []);
          assertEquals(byName(witness.given), byName(published), "given in order, each once");
          assertLessOrEqual(witness.most, maxConcurrency * partitions);
          const { succeeded, deadLettered, retries } = subscription.stats();
          const handled = [...witness.handled.values()].flat().length;
          assertEquals([succeeded, deadLettered], [handled, 210 - handled], "I11");
          assertFigures(subscription, { offered: 210, succeeded, deadLettered, retries });
          assertEquals(retries, witness.attempts - 210);
          letters += deadLettered;
        }
        assertEquals(letters === 0 ? 0 : bus.topic("a.dlq").stats().accepted, letters);
        assertLaws(topic);
        assertEquals(world.pending, { timers: 0, abortListeners: 0 });
      }));
  }

  it("holds with any number of keys on the lanes there are", () =>
    forSeeds(2, async (world) => {
      const topic = new Bus({ env: world }).topic<Keyed>("a", {
        key: byKey,
        maxConcurrency: 16,
        bufferSize: 5000,
      });
      const witness = new Witness(world);
      const subscription = topic.subscribe(witness.handler(0.05));
      for (let i = 1; i <= 3; i++) {
        for (let key = 0; key < 700; key++) topic.tryPublish(step(`key-${key}`, i));
      }
      await world.run();

      assertEquals(witness.wrong, []);
      for (const [key, numbers] of witness.given) assertEquals(numbers, [1, 2, 3], key);
      const { succeeded, deadLettered } = subscription.stats();
      assertEquals(succeeded + deadLettered, 2100);
    }));
});

function byName(lists: ReadonlyMap<string, number[]>): [string, number[]][] {
  return [...lists].sort(([a], [b]) => a < b ? -1 : 1);
}
