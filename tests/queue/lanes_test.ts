import { createTestEnv } from "@nova/events/testing";
import { assert, assertAlmostEquals, assertEquals, assertFalse } from "@std/assert";
import { describe, it } from "node:test";
import { hashString } from "../../src/internal/hash.ts";
import { Lanes } from "../../src/queue/lanes.ts";

/** What lanes are, without any cleverness. */
class Model {
  readonly busy = new Set<number>();
  readonly queues = new Map<number, number[]>();
  parked = 0;

  park(lane: number, item: number, capacity: number): boolean {
    if (this.parked >= capacity) return false;
    this.parked += 1;
    this.queues.set(lane, [...this.queues.get(lane) ?? [], item]);
    return true;
  }

  release(lane: number): number | undefined {
    const next = this.queues.get(lane)?.shift();
    if (next === undefined) this.busy.delete(lane);
    else this.parked -= 1;
    return next;
  }
}

describe("Lanes", () => {
  it("hands a lane from item to item in order, and frees it behind the last", () => {
    const lanes = new Lanes<string>(4, 10);
    assertFalse(lanes.isBusy(2));
    lanes.claim(2);
    assert(lanes.isBusy(2));
    assert(lanes.park(2, "a"));
    assert(lanes.park(2, "b"));

    assertEquals([lanes.release(2), lanes.isBusy(2), lanes.parked], ["a", true, 1]);
    assertEquals([lanes.release(2), lanes.isBusy(2), lanes.parked], ["b", true, 0]);
    assertEquals([lanes.release(2), lanes.isBusy(2)], [undefined, false]);
  });

  it("keeps lanes apart", () => {
    const lanes = new Lanes<string>(4, 10);
    lanes.claim(1);
    lanes.park(1, "a");

    assertEquals([lanes.isBusy(0), lanes.isBusy(2), lanes.release(3)], [false, false, undefined]);
    assertEquals(lanes.release(1), "a");
  });

  it("parks exactly as many as its capacity, over all lanes (I4)", () => {
    for (const capacity of [0, 1, 15, 16, 17, 40]) {
      const lanes = new Lanes<number>(8, capacity);
      for (let i = 0; i < capacity; i++) assert(lanes.park(i % 8, i));
      assertFalse(lanes.park(0, -1));
      assertEquals(lanes.parked, capacity);
      if (capacity === 0) continue;
      assertEquals(lanes.release(0), 0);
      assert(lanes.park(0, 7));
      assertFalse(lanes.park(0, 8));
    }
  });

  it("puts one hash into one lane, and spreads the hashes of one partition over all of them", () => {
    const PARTITIONS = 8;
    const lanes = new Lanes<number>(256, 1);
    const counts = new Float64Array(256);
    let keys = 0;
    for (let i = 0; keys < 40_000; i++) {
      const hash = hashString(`order-${i}`);
      if (hash % PARTITIONS !== 3) continue;
      keys += 1;
      const lane = lanes.of(hash);
      assert(Number.isInteger(lane) && lane >= 0 && lane < 256, `lane ${lane}`);
      assertEquals(lanes.of(hash), lane);
      counts[lane]! += 1;
    }

    for (const count of counts) assertAlmostEquals(count / (keys / 256), 1, 0.5);
  });

  it("takes a hash as signed or unsigned 32 bits alike", () => {
    const lanes = new Lanes<number>(64, 1);
    for (const hash of [0x80000000, 0xffffffff, 0xdeadbeef]) {
      assertEquals(lanes.of(hash | 0), lanes.of(hash));
    }
  });

  for (const seed of [4, 5, 6]) {
    it(`does what a map of queues does, in any order of calls (seed ${seed})`, () => {
      const { random } = createTestEnv({ seed });
      for (let round = 0; round < 10; round++) {
        const count = 2 ** (1 + Math.floor(random() * 5));
        const capacity = Math.floor(random() * 80);
        const lanes = new Lanes<number>(count, capacity);
        const model = new Model();
        for (let item = 0; item < 800; item++) {
          const lane = Math.floor(random() * count);
          assertEquals(lanes.isBusy(lane), model.busy.has(lane));
          if (!model.busy.has(lane)) {
            model.busy.add(lane);
            lanes.claim(lane);
          } else if (random() < (Math.floor(item / 100) % 2 === 0 ? 0.8 : 0.3)) {
            assertEquals(lanes.park(lane, item), model.park(lane, item, capacity));
          } else assertEquals(lanes.release(lane), model.release(lane));
          assertEquals(lanes.parked, model.parked);
        }
      }
    });
  }
});
