import { createTestEnv } from "@nova/events/testing";
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { describe, it } from "node:test";
import { IdSource } from "../../src/internal/id.ts";

/** A source whose clock is set by hand. */
class World {
  now: number;
  reads = 0;
  readonly source = new IdSource({
    coarse: () => (this.reads += 1, this.now),
    random: () => (this.reads += 1, 0.5),
  });

  constructor(now: number) {
    this.now = now;
  }
}

/** Fails unless every id is above the one before it, as a string. */
function assertRising(ids: readonly string[]): void {
  for (let i = 1; i < ids.length; i++) {
    assert(ids[i - 1]! < ids[i]!, `${ids[i - 1]} stands before ${ids[i]}`);
  }
}

describe("IdSource", () => {
  it("reads neither clock nor randomness before the first id", () => {
    const world = new World(1000);

    assertEquals(world.reads, 0);
    world.source.next();
    assertEquals(world.reads, 3);
  });

  it("makes ids of 22 characters that begin with the time", () => {
    const { source } = new World(1_700_000_000_000);
    const id = source.next();

    assertMatch(id, /^[0-9a-z]{22}$/);
    assertEquals(Number.parseInt(id.slice(0, 9), 36), 1_700_000_000_000);
  });

  it("takes the time of the millisecond it is in, and no other", () => {
    const world = new World(1_700_000_000_000);
    for (let i = 0; i < 5; i++) {
      for (const part of [0, 0.5, 0.999]) {
        world.now = 1_700_000_000_000 + i + part;
        assertEquals(Number.parseInt(world.source.next().slice(0, 9), 36), 1_700_000_000_000 + i);
      }
    }
  });

  it("makes unique, rising ids within a millisecond", () => {
    const { source } = new World(1_700_000_000_000);
    const ids = Array.from({ length: 50_000 }, () => source.next());

    assertRising(ids);
    assertEquals(new Set(ids.map((id) => id.length)), new Set([22]));
  });

  it("makes unique, rising ids when the clock goes back, stands still and jumps", () => {
    const { random } = createTestEnv({ seed: 21 });
    const world = new World(1_700_000_000_000);
    const ids: string[] = [];
    for (let i = 0; i < 20_000; i++) {
      const move = random();
      if (move < 0.1) world.now -= Math.floor(random() * 100_000);
      else if (move < 0.2) world.now += Math.floor(random() * 100_000);
      ids.push(world.source.next());
    }

    assertRising(ids);
  });

  it("makes unique, rising ids under a clock that counts in parts of a millisecond", () => {
    const world = new World(1_700_000_000_000);
    const ids: string[] = [];
    for (let i = 0; i < 5000; i++) {
      world.now += 0.3;
      ids.push(world.source.next());
    }

    assertRising(ids);
  });

  // An edge worker reads 0 outside of a request; a test may begin anywhere.
  for (const start of [0, -1, -5000.5, 0.25, NaN]) {
    it(`makes whole ids when the clock begins at ${start}`, () => {
      const world = new World(start);
      const ids = [world.source.next(), world.source.next()];
      world.now = 1_700_000_000_000;
      ids.push(world.source.next());

      for (const id of ids) assertMatch(id, /^[0-9a-z]{22}$/);
      assertRising(ids);
    });
  }

  it("differs from other sources within the same millisecond", () => {
    const env = createTestEnv({ seed: 22 });
    const ids = Array.from({ length: 200 }, () => new IdSource(env).next());

    assertEquals(new Set(ids).size, 200);
    assertEquals(new Set(ids.map((id) => id.slice(0, 14))).size, 1);
  });

  it("keeps its random part", () => {
    const env = createTestEnv({ seed: 23 });
    const source = new IdSource(env);
    const [first, second] = [source.next(), source.next()];

    assertEquals(first.slice(14), second.slice(14));
    assertNotEquals(first.slice(14), new IdSource(env).next().slice(14));
  });
});
