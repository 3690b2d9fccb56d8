import { createEvent } from "@nova/events";
import { createTestEnv } from "@nova/events/testing";
import {
  assert,
  assertEquals,
  assertGreater,
  assertLess,
  assertNotEquals,
  assertRejects,
  assertThrows,
} from "@std/assert";
import { describe, it } from "node:test";

describe("createTestEnv() time", () => {
  it("stands still until it is moved", async () => {
    const env = createTestEnv({ now: 5000 });
    await env.settle();
    assertEquals([env.now(), env.coarse(), env.monotonic()], [5000, 5000, 0]);

    await env.advance(250);
    assertEquals([env.now(), env.coarse(), env.monotonic()], [5250, 5250, 250]);
  });

  it("begins in November 2023 unless told otherwise", () => {
    assertEquals(createTestEnv().now(), 1_700_000_000_000);
  });

  it("fires timers in the order of their time, and those of one time as they were set", async () => {
    const env = createTestEnv({ now: 0 });
    const calls: string[] = [];
    for (const [name, ms] of [["c", 30], ["a", 10], ["b1", 20], ["b2", 20]] as const) {
      env.setTimer(() => calls.push(`${name} at ${env.now()}`), ms);
    }
    await env.advance(25);
    assertEquals(calls, ["a at 10", "b1 at 20", "b2 at 20"]);
    assertEquals(env.now(), 25);

    await env.advance(4);
    assertEquals(calls.length, 3);
    await env.advance(1);
    assertEquals(calls.at(-1), "c at 30");
  });

  it("fires a timer that a timer set, if its time comes too", async () => {
    const env = createTestEnv({ now: 0 });
    const calls: number[] = [];
    env.setTimer(() => {
      env.setTimer(() => calls.push(env.now()), 10);
      env.setTimer(() => calls.push(env.now()), 100);
    }, 10);
    await env.advance(50);

    assertEquals(calls, [20]);
    assertEquals(env.pending.timers, 1);
  });

  it("lets everything settle between two timers", async () => {
    const env = createTestEnv();
    const calls: string[] = [];
    env.setTimer(async () => {
      await undefined;
      await undefined;
      calls.push("first settled");
    }, 10);
    env.setTimer(() => calls.push("second"), 10);
    await env.advance(10);

    assertEquals(calls, ["first settled", "second"]);
  });

  it("fires what is due now, also with a delay below 0 or none", async () => {
    const env = createTestEnv();
    let calls = 0;
    for (const ms of [0, -5, NaN]) env.setTimer(() => calls++, ms);
    assertEquals(calls, 0);
    await env.advance(0);

    assertEquals([calls, env.pending.timers], [3, 0]);
  });

  it("holds a timer of any length, and one that never comes", async () => {
    const env = createTestEnv({ now: 0 });
    const calls: number[] = [];
    env.setTimer(() => calls.push(env.now()), 2 ** 40);
    env.setTimer(() => calls.push(-1), Infinity)[Symbol.dispose]();
    await env.advance(2 ** 40);

    assertEquals(calls, [2 ** 40]);
  });

  it("does not fire what was disposed, also by an earlier timer", async () => {
    const env = createTestEnv();
    const calls: string[] = [];
    env.setTimer(() => calls.push("never"), 1)[Symbol.dispose]();
    env.setTimer(() => later[Symbol.dispose](), 1);
    const later = env.setTimer(() => calls.push("never"), 1);
    await env.advance(1);

    assertEquals(calls, []);
  });

  it("never goes back, also when two advances overlap", async () => {
    const env = createTestEnv({ now: 0 });
    await Promise.all([env.advance(30), env.advance(10), env.advance(20)]);

    assertEquals(env.now(), 30);
  });

  for (const bad of [-1, NaN, Infinity, "5"]) {
    it(`refuses to advance by ${bad}`, async () => {
      const env = createTestEnv({ now: 0 });
      await assertRejects(() => env.advance(bad as number), RangeError, `${bad}`);
      assertEquals(env.now(), 0);
    });
  }
});

describe("createTestEnv() settle", () => {
  it("runs what was deferred, and what that defers", async () => {
    const env = createTestEnv();
    const calls: string[] = [];
    env.defer(() => {
      calls.push("first");
      env.defer(() => calls.push("second"));
    });
    assertEquals(calls, []);
    await env.settle();

    assertEquals(calls, ["first", "second"]);
  });

  it("runs long chains of microtasks to their end, and what these defer", async () => {
    const env = createTestEnv();
    let turns = 0;
    (async () => {
      for (; turns < 1000; turns++) await undefined;
      env.defer(() => turns++);
    })();
    await env.settle();

    assertEquals(turns, 1001);
  });

  it("does not run what was cancelled, also by an earlier one", async () => {
    const env = createTestEnv();
    const calls: string[] = [];
    env.defer(() => calls.push("never"))[Symbol.dispose]();
    env.defer(() => later[Symbol.dispose]());
    const later = env.defer(() => calls.push("never"));
    await env.settle();

    assertEquals(calls, []);
  });

  it("does not move time", async () => {
    const env = createTestEnv({ now: 0 });
    env.setTimer(() => {}, 0)[Symbol.dispose]();
    await env.settle();

    assertEquals(env.now(), 0);
  });
});

describe("createTestEnv() pending", () => {
  it("counts timers that are set", async () => {
    const env = createTestEnv();
    const timer = env.setTimer(() => {}, 10);
    env.setTimer(() => {}, 20);
    assertEquals(env.pending.timers, 2);
    timer[Symbol.dispose]();
    assertEquals(env.pending.timers, 1);
    await env.advance(20);

    assertEquals(env.pending.timers, 0);
  });

  it("counts abort listeners that are attached", () => {
    const env = createTestEnv();
    const controller = new AbortController();
    const calls: number[] = [];
    const first = env.onAbort(controller.signal, () => calls.push(1));
    env.onAbort(controller.signal, () => calls.push(2));
    assertEquals(env.pending.abortListeners, 2);
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    assertEquals(env.pending.abortListeners, 1);
    controller.abort();

    assertEquals(calls, [2]);
    assertEquals(env.pending.abortListeners, 0);
  });

  it("calls at once for an aborted signal, and counts nothing", () => {
    const env = createTestEnv();
    let calls = 0;
    env.onAbort(AbortSignal.abort(), () => calls++)[Symbol.dispose]();

    assertEquals([calls, env.pending.abortListeners], [1, 0]);
  });
});

describe("createTestEnv() randomness", () => {
  const draw = (seed?: number): number[] => {
    const env = createTestEnv(seed === undefined ? {} : { seed });
    return Array.from({ length: 50 }, () => env.random());
  };

  it("repeats for a seed, and differs between seeds", () => {
    assertEquals(draw(7), draw(7));
    assertEquals(draw(), draw(1));
    assertNotEquals(draw(7), draw(8));
  });

  it("is spread over [0, 1)", () => {
    const env = createTestEnv({ seed: 3 });
    const values = Array.from({ length: 4000 }, () => env.random());
    const mean = values.reduce((sum, value) => sum + value) / values.length;

    assert(values.every((value) => value >= 0 && value < 1));
    assertGreater(mean, 0.48);
    assertLess(mean, 0.52);
  });

  it("makes unique ids that repeat for a seed, also while time moves in parts of a millisecond", async () => {
    const ids = async (): Promise<string[]> => {
      const env = createTestEnv({ seed: 7, now: 0 });
      const made: string[] = [];
      for (let i = 0; i < 10; i++) {
        made.push(env.id(), createEvent("x", 1, { env }).id);
        await env.advance(0.3);
      }
      return made;
    };
    const [first, second] = [await ids(), await ids()];

    assertEquals(first, second);
    assertEquals(new Set(first).size, 20);
    assertEquals(first, first.toSorted());
  });
});

describe("createTestEnv() reported", () => {
  it("keeps what was reported, oldest first", () => {
    const env = createTestEnv();
    const error = new Error("x");
    env.report(error);
    env.report(undefined);

    assertEquals(env.reported, [error, undefined]);
  });
});

describe("createTestEnv() options", () => {
  for (const [name, bad] of [["seed", NaN], ["now", NaN], ["seed", "x"], ["now", null]] as const) {
    it(`refuses ${name}: ${bad}`, () => {
      assertThrows(() => createTestEnv({ [name]: bad as number }), RangeError, `"${name}"`);
    });
  }
});
