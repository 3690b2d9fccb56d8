import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { adopt, isThenable } from "../../src/internal/thenable.ts";

type Then = (done: (value?: unknown) => void, failed: (reason: unknown) => void) => void;

const thenable = (then: Then): PromiseLike<unknown> =>
  ({ then }) as unknown as PromiseLike<unknown>;

describe("isThenable()", () => {
  const fn = Object.assign(() => {}, { then: () => {} });
  for (const value of [Promise.resolve(), thenable(() => {}), fn]) {
    it(`is true for a ${typeof value} with a then`, () => assert(isThenable(value)));
  }

  for (const value of [undefined, null, 1, "then", { then: true }, {}, [], () => {}]) {
    it(`is false for ${JSON.stringify(value) ?? typeof value}`, () =>
      assertFalse(isThenable(value)));
  }

  it("lets the getter of a then throw", () => {
    const value = Object.defineProperty({}, "then", {
      get: () => {
        throw new RangeError("no");
      },
    });

    assertThrows(() => isThenable(value), RangeError, "no");
  });
});

/** What came of it, in order; a microtask later than anything that settles at once. */
async function outcome(value: PromiseLike<unknown>): Promise<unknown[]> {
  const calls: unknown[] = [];
  let turn = "same turn";
  adopt(value).then(
    (result) => calls.push("done", result, turn),
    (error) => calls.push("failed", error, turn),
  );
  turn = "later";
  for (let i = 0; i < 5; i++) await undefined;
  return calls;
}

describe("adopt()", () => {
  it("answers a plain promise itself: nothing to pay", () => {
    const promise = Promise.resolve(1);

    assertStrictEquals(adopt(promise), promise);
  });

  it("settles as the thenable does, in a later turn", async () => {
    assertEquals(await outcome(thenable((done) => done(7))), ["done", 7, "later"]);
    assertEquals(await outcome(thenable((_, failed) => failed(7))), ["failed", 7, "later"]);
  });

  it("settles once for one that settles twice", async () => {
    const twice: Then = (done, failed) => {
      done(1);
      done(2);
      failed(3);
    };

    assertEquals(await outcome(thenable(twice)), ["done", 1, "later"]);
  });

  it("fails for one that throws, unless it had settled", async () => {
    const throwing: Then = () => {
      throw "no";
    };
    const late: Then = (done) => {
      done(1);
      throw "no";
    };

    assertEquals(await outcome(thenable(throwing)), ["failed", "no", "later"]);
    assertEquals(await outcome(thenable(late)), ["done", 1, "later"]);
  });

  it("never settles for one that never does", async () => {
    assertEquals(await outcome(thenable(() => {})), []);
  });

  it("does not trust a promise with a then of its own", async () => {
    const own = (then: Then): Promise<unknown> => Object.assign(Promise.resolve(), { then });

    const twice: Then = (done) => {
      done(1);
      done(2);
    };
    assertEquals(await outcome(own(twice)), ["done", 1, "later"]);
    assertEquals(
      await outcome(own(() => {
        throw "no";
      })),
      ["failed", "no", "later"],
    );
  });

  it("does not trust a subclass", async () => {
    class Odd<T> extends Promise<T> {
      override then<A, B>(
        done?: ((value: T) => A | PromiseLike<A>) | null,
      ): Promise<A | B> {
        done?.(1 as T);
        done?.(2 as T);
        return new Promise(() => {});
      }
    }

    assertEquals(await outcome(new Odd(() => {})), ["done", 1, "later"]);
  });

  it("throws at once when even the constructor of a promise throws", () => {
    const promise = Object.defineProperty(Promise.resolve(), "constructor", {
      get: () => {
        throw new RangeError("no");
      },
    });

    assertThrows(() => adopt(promise), RangeError, "no");
  });

  it("answers the value of a then that is another one the second time", async () => {
    let reads = 0;
    const value = Object.defineProperty({}, "then", {
      get: () => reads++ === 0 ? () => {} : undefined,
    }) as PromiseLike<unknown>;

    assertEquals(await outcome(value), ["done", value, "later"]);
  });
});
