// Runs against the stand-ins and against the real @std/testing (`deno task test:jsr`).
import {
  assert,
  assertEquals,
  assertFalse,
  AssertionError,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  assertSpyCall,
  assertSpyCallArg,
  assertSpyCallArgs,
  assertSpyCallAsync,
  assertSpyCalls,
  MockError,
  mockSession,
  mockSessionAsync,
  resolvesNext,
  restore,
  returnsArg,
  returnsArgs,
  returnsNext,
  returnsThis,
  spy,
  stub,
} from "@std/testing/mock";
import { describe, it } from "node:test";

class Counter {
  count = 0;
  add(by: number): number {
    return this.count += by;
  }
}

describe("spy()", () => {
  it("records calls of a function that does nothing", () => {
    const func = spy();

    assertEquals(func(1, "two"), undefined);
    func();
    assertEquals(func.calls.map((call) => call.args), [[1, "two"], []]);
    assertSpyCalls(func, 2);
  });

  it("passes calls on and records results, errors and the receiver", () => {
    const error = new RangeError("negative");
    const root = spy((value: number): number => {
      if (value < 0) throw error;
      return Math.sqrt(value);
    });
    const holder = { root };

    assertEquals(holder.root(9), 3);
    assertStrictEquals(assertThrows(() => root(-1)), error);
    assertSpyCall(root, 0, { args: [9], returned: 3, self: holder });
    assertSpyCall(root, 1, { args: [-1], error: { Class: RangeError, msgIncludes: "neg" } });
    assertFalse("returned" in (root.calls[1] ?? {}));
  });

  it("has nothing to restore for a function", () => {
    const func = spy(() => 1);

    assertFalse(func.restored);
    assertThrows(() => func.restore(), MockError);
    assertEquals(func.original.call(undefined), 1);
  });

  it("watches a method in its place until it is restored", () => {
    const counter = new Counter();
    const method = spy(counter, "add");

    assertEquals(counter.add(2), 2);
    assertEquals(counter.count, 2);
    assertSpyCall(method, 0, { args: [2], returned: 2, self: counter });
    method.restore();
    assert(method.restored);
    assertStrictEquals(counter.add, Counter.prototype.add);
    assertFalse(Object.hasOwn(counter, "add"));
    counter.add(1);
    assertSpyCalls(method, 1);
    assertThrows(() => method.restore(), MockError);
  });

  it("can be disposed of", () => {
    const counter = new Counter();
    const method = spy(counter, "add");
    method[Symbol.dispose]();

    assertStrictEquals(counter.add, Counter.prototype.add);
  });

  it("records how a class is constructed", () => {
    class Point {
      readonly at: number;
      constructor(at: number) {
        this.at = at;
      }
    }
    const Spied = spy(Point);
    const point = new Spied(7);

    assert(point instanceof Point);
    assertEquals(point.at, 7);
    assertSpyCall(Spied, 0, { args: [7] });
    assertSpyCalls(Spied, 1);
  });

  it("refuses what is no method, and a second spy on one", () => {
    const counter = new Counter();
    assertThrows(() => spy(counter, "count"), MockError);
    const first = spy(counter, "add");
    assertThrows(() => spy(counter, "add"), MockError);
    assertThrows(() => stub(counter, "add"), MockError);
    first.restore();
    const fixed = Object.defineProperty({}, "f", { value: () => 1 }) as { f(): number };
    assertThrows(() => spy(fixed, "f"), MockError);
  });
});

describe("stub()", () => {
  it("replaces a method by nothing, or by a fake", () => {
    const counter = new Counter();
    const silent = stub(counter, "add");
    assertEquals(counter.add(5) as unknown, undefined);
    assertEquals(counter.count, 0);
    silent.restore();

    const faked = stub(counter, "add", (by) => by * 10);
    assertEquals(counter.add(5), 50);
    assertEquals(counter.count, 0);
    assertSpyCall(faked, 0, { args: [5], returned: 50, self: counter });
    faked.restore();
    assertEquals(counter.add(5), 5);
  });

  it("restores a property with what it was", () => {
    const object = { method: (): string => "own" };
    const before = Object.getOwnPropertyDescriptor(object, "method");
    const replaced = stub(object, "method", () => "fake");
    assertEquals(object.method(), "fake");
    replaced[Symbol.dispose]();

    assertEquals(Object.getOwnPropertyDescriptor(object, "method"), before);
  });

  it("can stand in for a global function", () => {
    const random = stub(Math, "random", returnsNext([0.25, 0.75]));
    try {
      assertEquals([Math.random(), Math.random()], [0.25, 0.75]);
    } finally {
      random.restore();
    }
    assertSpyCalls(random, 2);
  });
});

describe("returnsNext() and its kin", () => {
  it("returnsNext() returns in order, throws errors, and then refuses", () => {
    const next = returnsNext([1, new RangeError("second"), 3]);

    assertEquals(next(), 1);
    assertThrows(() => next(), RangeError, "second");
    assertEquals(next(), 3);
    assertThrows(() => next(), MockError, "3 time");
    assertThrows(() => next(), MockError, "3 time");
  });

  it("resolvesNext() resolves in order, rejects with errors, and then refuses", async () => {
    const next = resolvesNext<number>([1, new RangeError("second"), Promise.resolve(3)]);

    assertEquals(await next(), 1);
    await assertRejects(() => next(), RangeError, "second");
    assertEquals(await next(), 3);
    await assertRejects(() => next(), MockError, "3 time");

    const later = resolvesNext((async function* () {
      yield "a";
      yield await Promise.resolve("b");
    })());
    assertEquals([await later(), await later()], ["a", "b"]);
  });

  it("returnsThis(), returnsArg() and returnsArgs() give back what they get", () => {
    const object = { self: returnsThis() };

    assertStrictEquals(object.self(), object);
    assertEquals(returnsArg<number>(1)(7, 8, 9), 8);
    assertEquals(returnsArg<number>(5)(7), undefined);
    assertEquals(returnsArgs()(1, 2, 3), [1, 2, 3]);
    assertEquals(returnsArgs(1)(1, 2, 3), [2, 3]);
    assertEquals(returnsArgs(1, 2)(1, 2, 3), [2]);
  });
});

describe("assertSpyCalls() and assertSpyCall()", () => {
  it("fail for another number of calls", () => {
    const func = spy();
    func();

    assertThrows(() => assertSpyCalls(func, 0), AssertionError, "more than expected");
    assertThrows(() => assertSpyCalls(func, 2), AssertionError, "not called as much as expected");
    assertThrows(() => assertSpyCall(func, 1), AssertionError, "not called as much as expected");
    assertSpyCall(func, 0);
  });

  it("fail for other arguments, receivers, results and errors", () => {
    const func = spy((value: number): number => {
      if (value < 0) throw new RangeError("negative");
      return value;
    });
    func(1);
    assertThrows(() => func(-1));

    assertThrows(() => assertSpyCall(func, 0, { args: [2] }), AssertionError, "expected args");
    assertThrows(() => assertSpyCall(func, 0, { self: {} }), AssertionError, "expected self");
    assertThrows(() => assertSpyCall(func, 0, { returned: 2 }), AssertionError, "expected value");
    assertThrows(() => assertSpyCall(func, 0, { error: {} }), AssertionError, "a value was");
    assertThrows(() => assertSpyCall(func, 1, { returned: 1 }), AssertionError, "an error was");
    assertThrows(
      () => assertSpyCall(func, 1, { error: { Class: TypeError } }),
      AssertionError,
      "TypeError",
    );
    assertThrows(() => assertSpyCall(func, 0, { returned: 1, error: {} }), TypeError);
  });

  it("look at single arguments and ranges of them", () => {
    const func = spy((..._args: number[]): void => {});
    func(0, 1, 2, 3);

    assertEquals(assertSpyCallArg(func, 0, 2, 2), 2);
    assertEquals(assertSpyCallArgs(func, 0, [0, 1, 2, 3]), [0, 1, 2, 3]);
    assertEquals(assertSpyCallArgs(func, 0, 2, [2, 3]), [2, 3]);
    assertEquals(assertSpyCallArgs(func, 0, 1, 3, [1, 2]), [1, 2]);
    assertThrows(() => assertSpyCallArg(func, 0, 0, 9), AssertionError);
    assertThrows(() => assertSpyCallArgs(func, 0, 1, [1, 2]), AssertionError);
    assertThrows(() => assertSpyCallArg(func, 1, 0, 9), AssertionError);
  });
});

describe("assertSpyCallAsync()", () => {
  it("looks at what the promise settled to", async () => {
    const func = spy((value: number): Promise<number> =>
      value < 0 ? Promise.reject(new RangeError("negative")) : Promise.resolve(value)
    );
    await func(1);
    await assertRejects(() => func(-1));

    await assertSpyCallAsync(func, 0, { args: [1], returned: 1 });
    await assertSpyCallAsync(func, 0, { returned: Promise.resolve(1) });
    await assertSpyCallAsync(func, 1, { error: { Class: RangeError, msgIncludes: "neg" } });
    await assertRejects(() => assertSpyCallAsync(func, 0, { returned: 2 }), AssertionError);
    await assertRejects(() => assertSpyCallAsync(func, 1, { returned: 1 }), AssertionError);
    await assertRejects(() => assertSpyCallAsync(func, 0, { error: {} }), AssertionError);
    await assertRejects(() => assertSpyCallAsync(func, 2), AssertionError);
  });

  it("fails when no promise was returned", async () => {
    const func = spy(() => 5 as unknown as Promise<number>);
    func();

    await assertRejects(() => assertSpyCallAsync(func, 0), AssertionError, "promise");
  });
});

describe("sessions", () => {
  it("restore() restores all that was mocked in the session", () => {
    const counter = new Counter();
    const id = mockSession();
    stub(counter, "add");
    const watched = spy(Math, "abs");

    restore(id);
    assertStrictEquals(counter.add, Counter.prototype.add);
    assert(watched.restored);
  });

  it("a wrapped function restores when it returns, throws or settles", async () => {
    const counter = new Counter();
    const stubbed = mockSession((result: number) => {
      stub(counter, "add", () => result);
      return counter.add(1);
    });
    const throwing = mockSession(() => {
      stub(counter, "add");
      throw new RangeError("inside");
    });
    const later = mockSessionAsync(async () => {
      stub(counter, "add", () => 8);
      await Promise.resolve();
      return counter.add(1);
    });

    assertEquals(stubbed(7), 7);
    assertStrictEquals(counter.add, Counter.prototype.add);
    assertThrows(throwing, RangeError, "inside");
    assertStrictEquals(counter.add, Counter.prototype.add);
    assertEquals(await later(), 8);
    assertStrictEquals(counter.add, Counter.prototype.add);
  });
});
