import { createTestEnv } from "@nova/events/testing";
import { assert, assertEquals, assertFalse } from "@std/assert";
import { describe, it } from "node:test";
import { powerOfTwo, Ring } from "../../src/queue/ring.ts";

describe("powerOfTwo()", () => {
  it("is the smallest one that is at least the size", () => {
    for (
      const [size, power] of [[1, 1], [2, 2], [3, 4], [16, 16], [17, 32], [1000, 1024]] as const
    ) {
      assertEquals(powerOfTwo(size), power);
    }
  });
});

describe("Ring", () => {
  for (const capacity of [1, 2, 3, 15, 16, 17, 100, 1000]) {
    it(`holds exactly ${capacity}, also where the array is larger (I4)`, () => {
      const ring = new Ring<number>(capacity);
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < capacity; i++) assert(ring.push(i));
        assertFalse(ring.push(-1));
        assertEquals(ring.length, capacity);
        for (let i = 0; i < capacity; i++) assertEquals(ring.shift(), i);
        assertEquals([ring.shift(), ring.length], [undefined, 0]);
      }
    });
  }

  it("holds anything but undefined", () => {
    const ring = new Ring<unknown>(5);
    for (const item of [null, 0, "", false, NaN]) ring.push(item);

    assertEquals(Array.from({ length: 5 }, () => ring.shift()), [null, 0, "", false, NaN]);
  });

  it("takes a capacity that no array has: slots come as they are needed", () => {
    const ring = new Ring<number>(Number.MAX_SAFE_INTEGER);
    for (let i = 0; i < 5000; i++) ring.push(i);

    assertEquals([ring.length, ring.shift(), ring.capacity], [5000, 0, Number.MAX_SAFE_INTEGER]);
  });

  for (const seed of [1, 2, 3]) {
    it(`does what a plain array does, in any order of calls (seed ${seed})`, () => {
      const { random } = createTestEnv({ seed });
      for (let round = 0; round < 20; round++) {
        const capacity = 1 + Math.floor(random() * 70);
        const ring = new Ring<number>(capacity);
        const model: number[] = [];
        for (let step = 0; step < 500; step++) {
          // Phases that fill and phases that empty.
          const fill = Math.floor(step / 60) % 2 === 0 ? 0.7 : 0.3;
          if (random() < fill) {
            const fits = model.length < capacity;
            if (fits) model.push(step);
            assertEquals(ring.push(step), fits);
          } else assertEquals(ring.shift(), model.shift());
          assertEquals(ring.length, model.length);
        }
      }
    });
  }
});
