import { assert, assertEquals, assertFalse } from "@std/assert";
import { describe, it } from "node:test";
import { SeenWindow } from "../../src/queue/seen_window.ts";

/** Where the n-th thing is. */
function at(n: number) {
  return { partition: n % 3, place: n * 2, sequence: n };
}

function add(window: SeenWindow, id: string, now: number, n: number): void {
  window.add(window.hash(id), id, now, at(n));
}

function find(window: SeenWindow, id: string) {
  return window.find(window.hash(id), id);
}

describe("SeenWindow", () => {
  it("answers what was remembered, and nothing else", () => {
    const window = new SeenWindow({ windowMs: 10, maxIds: 5, seed: 1 });
    for (const [n, id] of ["", "a", "ab", "abcd", "abcde"].entries()) add(window, id, 0, n);

    for (const [n, id] of ["", "a", "ab", "abcd", "abcde"].entries()) {
      assertEquals(find(window, id), at(n), id);
    }
    for (const id of ["b", "ba", "abce", "abcdf", "\0", "é"]) {
      assertEquals(find(window, id), undefined);
    }
  });

  it("lets ids go when their time is over, and not a moment earlier", () => {
    const window = new SeenWindow({ windowMs: 10, maxIds: 5, seed: 1 });
    add(window, "a", 0, 1);
    add(window, "b", 4, 2);

    window.expire(9.9);
    assertEquals(find(window, "a"), at(1));
    assertEquals(window.expiresIn(9), 1);
    window.expire(10);
    assertEquals([find(window, "a"), find(window, "b")], [undefined, at(2)]);
    assertEquals(window.expiresIn(10), 4);
    window.expire(14);
    assertEquals([window.length, window.expiresIn(20)], [0, 0]);
  });

  for (const maxIds of [1, 2, 3, 1000, 1024, 1025, 3000]) {
    it(`remembers exactly ${maxIds} ids, over several rounds`, () => {
      const window = new SeenWindow({ windowMs: 10, maxIds, seed: 7 });
      for (let round = 0; round < 3; round++) {
        const now = round * 10;
        window.expire(now);
        assertEquals(window.length, 0);
        for (let n = 0; n < maxIds; n++) {
          assertFalse(window.full);
          add(window, `${round}-${n}`, now, n);
        }
        assert(window.full);
        for (let n = 0; n < maxIds; n++) assertEquals(find(window, `${round}-${n}`), at(n));
        assertEquals(find(window, `${round - 1}-0`), undefined);
      }
    });
  }

  it("finds everything of a sliding window, also while it grows (model)", () => {
    const window = new SeenWindow({ windowMs: 1500, maxIds: 5000, seed: 3 });
    const model = new Map<string, number>();
    for (let now = 0; now < 6000; now++) {
      window.expire(now);
      for (const [id, n] of model) {
        if (now - n < 1500) break;
        model.delete(id);
      }
      add(window, `id-${now}`, now, now);
      model.set(`id-${now}`, now);
      if (now % 97 > 0) continue;
      assertEquals(window.length, model.size);
      for (const [id, n] of model) assertEquals(find(window, id), at(n), id);
      assertEquals(find(window, `id-${now - 1500}`), undefined);
    }
  });

  it("finds ids whose hashes are the same", () => {
    const window = new SeenWindow({ windowMs: 10, maxIds: 5000, seed: 1 });
    for (let n = 0; n < 3000; n++) window.add(5, `${n}`, n < 1500 ? 0 : 5, at(n));
    window.expire(10);

    for (let n = 0; n < 3000; n++) {
      assertEquals(window.find(5, `${n}`), n < 1500 ? undefined : at(n));
    }
  });

  it("is told where something is by now", () => {
    const window = new SeenWindow({ windowMs: 10, maxIds: 5, seed: 1 });
    add(window, "a", 0, 1);
    window.update(window.hash("a"), "a", at(4));
    window.update(window.hash("b"), "b", at(5));

    assertEquals([find(window, "a"), find(window, "b")], [at(4), undefined]);
    window.expire(10);
    assertEquals(window.length, 0);
  });
});
