import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { type Limited, TimeLimit, TimeLimits } from "../../src/queue/time_limits.ts";
import { useTestEnv } from "../support/env.ts";

class Thing implements Limited<Thing> {
  order = -1;
  before: Thing | undefined;
  after: Thing | undefined;
  readonly #expired: () => void;

  constructor(expired: () => void) {
    this.#expired = expired;
  }

  expire(): void {
    this.#expired();
  }
}

describe("TimeLimit", () => {
  const env = useTestEnv();

  it("calls each at its time, at most an eighth later, the first exactly, in order", async () => {
    const limit = new TimeLimit<Thing>(env, 800);
    const late: (readonly [number, number])[] = [];
    for (const start of [0, 10, 50, 99, 100, 101, 399, 790]) {
      await env.advance(start - env.monotonic());
      limit.add(new Thing(() => late.push([start, env.monotonic() - start - 800])));
    }
    await env.advance(3000);

    assertEquals(late.map(([start]) => start), [0, 10, 50, 99, 100, 101, 399, 790]);
    assertEquals(late[0], [0, 0]);
    for (const [start, by] of late) assert(by >= 0 && by <= 100, `${start} is ${by} ms late`);
    assertEquals(env.pending.timers, 0);
  });

  it("holds one timer for any number, and none when nothing is left", async () => {
    const limit = new TimeLimit<Thing>(env, 100);
    const things = Array.from({ length: 1000 }, () => new Thing(() => assert(false)));
    for (const thing of things) limit.add(thing);
    assertEquals(env.pending.timers, 1);
    for (const thing of things) {
      limit.delete(thing);
      limit.delete(thing);
    }
    assertEquals(env.pending.timers, 1);
    await env.settle();

    assertEquals(env.pending.timers, 0);
    await env.advance(1000);
  });

  it("starts anew what is added again", async () => {
    const limit = new TimeLimit<Thing>(env, 100);
    const at: number[] = [];
    const thing = new Thing(() => at.push(env.monotonic()));
    for (let i = 0; i < 5; i++) {
      limit.add(thing);
      await env.advance(60);
    }
    await env.advance(1000);

    assertEquals(at.length, 1);
    assert(at[0]! >= 340 && at[0]! <= 353, `${at[0]}`);
  });

  it("takes out of the middle", async () => {
    const limit = new TimeLimit<Thing>(env, 100);
    const seen: number[] = [];
    const things = [0, 1, 2, 3, 4].map((i) => new Thing(() => seen.push(i)));
    for (const thing of things) limit.add(thing);
    for (const i of [2, 0, 4]) limit.delete(things[i]!);
    await env.advance(200);

    assertEquals(seen, [1, 3]);
  });

  it("forgets everything when told to", async () => {
    const limits = new TimeLimits<Thing>(env);
    const things = [1, 2].map(() => new Thing(() => assert(false)));
    limits.of(100)!.add(things[0]!);
    limits.of(200)!.add(things[1]!);

    assertEquals(limits.of(Infinity), undefined);
    assertEquals(limits.of(100), limits.of(100));
    assertEquals(limits.clear(), things);
    assertEquals(env.pending.timers, 0);
    await env.advance(1000);
  });

  it("is not called off by one that throws, or begins another", async () => {
    const limit = new TimeLimit<Thing>(env, 100);
    const seen: string[] = [];
    const again = new Thing(() => seen.push("again"));
    limit.add(
      new Thing(() => {
        limit.add(again);
        throw undefined;
      }),
    );
    limit.add(new Thing(() => seen.push("second")));
    const failure = await env.advance(101).catch(() => "failed");
    await env.advance(300);

    assertEquals([failure, seen], ["failed", ["second", "again"]]);
  });

  it("gives the time back that a machine slept", async () => {
    // The clock of this world jumps while the timer waits.
    let slept = 0;
    const sleepy = Object.create(env, {
      monotonic: { value: () => env.monotonic() + slept },
    }) as typeof env;
    const limit = new TimeLimit<Thing>(sleepy, 800);
    let at = 0;
    limit.add(new Thing(() => at = env.monotonic()));
    await env.advance(50);
    slept = 3_600_000;
    await env.advance(600);
    assertEquals(at, 0);
    await env.advance(400);

    assert(at >= 800 && at <= 950, `${at}`);
  });
});
