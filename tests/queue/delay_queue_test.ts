import { createTestEnv } from "@nova/events/testing";
import { assert, assertEquals, assertFalse, assertLess } from "@std/assert";
import { describe, it } from "node:test";
import { type Delayed, DelayQueue } from "../../src/queue/delay_queue.ts";
import { useTestEnv } from "../support/env.ts";

describe("DelayQueue", () => {
  const env = useTestEnv({ now: 0 });

  /** A queue that writes down what came due and when. */
  function logged(): { readonly queue: DelayQueue<string>; readonly log: string[] } {
    const log: string[] = [];
    const queue = new DelayQueue<string>(env, (item) => log.push(`${item} at ${env.now()}`));
    return { queue, log };
  }

  it("calls in the order of due time, and those of one time as they came", async () => {
    const { queue, log } = logged();
    for (const [item, ms] of [["c", 30], ["a", 10], ["b1", 20], ["b2", 20], ["b3", 20]] as const) {
      queue.add(item, ms);
    }
    await env.advance(9);
    assertEquals([log, queue.length], [[], 5]);
    await env.advance(100);

    assertEquals(log, ["a at 10", "b1 at 20", "b2 at 20", "b3 at 20", "c at 30"]);
    assertEquals(queue.length, 0);
  });

  it("runs one timer, and only while something waits (I7)", async () => {
    const { queue } = logged();
    assertEquals(env.pending.timers, 0);
    const later = queue.add("later", 50);
    const sooner = queue.add("sooner", 10);
    queue.add("last", 90);
    assertEquals(env.pending.timers, 1);
    queue.delete(sooner);
    assertEquals(env.pending.timers, 1);
    await env.advance(49);
    queue.delete(later);
    assertEquals(env.pending.timers, 1);
    await env.advance(41);
    assertEquals(env.pending.timers, 0);
  });

  it("calls sooner for what is added with a shorter delay", async () => {
    const { queue, log } = logged();
    queue.add("far", 1000);
    await env.advance(10);
    queue.add("near", 5);
    await env.advance(5);

    assertEquals(log, ["near at 15"]);
    assertEquals(queue.clear(), ["far"]);
  });

  it("deletes an item once, and not after it came due or was cleared", async () => {
    const { queue, log } = logged();
    const [first, second, third] = ["a", "b", "c"].map((item) => queue.add(item, 10));
    assert(queue.delete(second!));
    assertFalse(queue.delete(second!));
    await env.advance(10);
    assertEquals(log, ["a at 10", "c at 10"]);
    assertFalse(queue.delete(first!));

    const fourth = queue.add("d", 10);
    queue.clear();
    queue.add("e", 10);
    assertFalse(queue.delete(fourth));
    assertFalse(queue.delete(third!));
    assertEquals(queue.clear(), ["e"]);
  });

  it("clears everything, the next due first, and stops its timer", () => {
    const { queue } = logged();
    for (const [item, ms] of [["c", 30], ["a", 10], ["b1", 20], ["b2", 20]] as const) {
      queue.add(item, ms);
    }

    assertEquals(queue.clear(), ["a", "b1", "b2", "c"]);
    assertEquals([queue.length, env.pending.timers], [0, 0]);
    assertEquals(queue.clear(), []);
  });

  it("lets due() delete what is due at the same time", async () => {
    const log: string[] = [];
    const entries = new Map<string, Delayed<string>>();
    const queue = new DelayQueue<string>(env, (item) => {
      log.push(item);
      assertFalse(queue.delete(entries.get(item)!), "it is out already");
      if (item === "a") assert(queue.delete(entries.get("b")!));
    });
    for (const item of ["a", "b", "c"]) entries.set(item, queue.add(item, 10));
    await env.advance(10);

    assertEquals([log, queue.length], [["a", "c"], 0]);
  });

  it("lets due() clear, and add for later", async () => {
    const log: string[] = [];
    const queue: DelayQueue<string> = new DelayQueue<string>(env, (item) => {
      log.push(`${item} at ${env.now()}`);
      if (item === "a") {
        assertEquals(queue.clear(), ["b"]);
        queue.add("c", 7);
      }
    });
    queue.add("a", 10);
    queue.add("b", 10);
    await env.advance(20);

    assertEquals(log, ["a at 10", "c at 17"]);
  });

  it("gives others a turn when due() adds without a delay, for ever", async () => {
    let calls = 0;
    let others = 0;
    const queue: DelayQueue<string> = new DelayQueue<string>(env, (item) => {
      calls += 1;
      if (calls < 100) queue.add(item, 0);
    });
    queue.add("again", 0);
    env.setTimer(() => (others = calls), 0);
    await env.advance(0);

    assertEquals(calls, 100);
    assertLess(others, 10);
  });

  it("calls the rest when due() throws", async () => {
    const log: string[] = [];
    const queue = new DelayQueue<string>(env, (item) => {
      if (item === "bad") throw new Error("no");
      log.push(item);
    });
    queue.add("bad", 10);
    queue.add("same time", 10);
    queue.add("later", 20);
    const failed = await env.advance(10).then(() => false, () => true);
    await env.advance(10);

    assert(failed);
    assertEquals([log, queue.length], [["same time", "later"], 0]);
  });

  it("keeps delays of years, and those that never come", async () => {
    const { queue, log } = logged();
    const never = queue.add("never", Infinity);
    assertEquals(env.pending.timers, 0);
    queue.add("in ten years", 315_360_000_000);
    await env.advance(315_359_999_999);
    assertEquals(log, []);
    await env.advance(1);
    assertEquals(log, ["in ten years at 315360000000"]);
    assertEquals([queue.length, env.pending.timers], [1, 0]);
    assert(queue.delete(never));
  });

  it("takes a delay below 0 as none", async () => {
    const { queue, log } = logged();
    queue.add("a", -50);
    queue.add("b", 0);
    await env.advance(0);

    assertEquals(log, ["a at 0", "b at 0"]);
  });

  it("does not mind a wall clock that goes back", async () => {
    let wall = 1000;
    const crooked = {
      monotonic: env.monotonic,
      setTimer: env.setTimer,
      now: () => wall -= 500,
    };
    const log: string[] = [];
    const queue = new DelayQueue<string>({ ...env, ...crooked }, (item) => log.push(item));
    queue.add("a", 10);
    await env.advance(10);

    assertEquals(log, ["a"]);
  });

  it("calls again for what is not due when a timer fires early", async () => {
    const early = {
      monotonic: env.monotonic,
      setTimer: (fn: () => void, ms: number) => env.setTimer(fn, ms / 2),
    };
    const log: number[] = [];
    const queue = new DelayQueue<string>({ ...env, ...early }, () => log.push(env.now()));
    queue.add("a", 64);
    await env.advance(64);

    assertEquals(log.length, 1);
    // Timers of runtimes may be up to a millisecond early, and so may this.
    assert(log[0]! > 63 && log[0]! <= 64, `${log}`);
    assertEquals(env.pending.timers, 0);
  });

  for (const seed of [14, 15, 16]) {
    it(`does what a sorted list does, in any order of calls (seed ${seed})`, async () => {
      const { random } = createTestEnv({ seed });
      const log: number[] = [];
      const queue = new DelayQueue<number>(env, (item) => log.push(item));
      let model: { item: number; due: number; entry: Delayed<number> }[] = [];
      const expected: number[] = [];
      const byDue = (a: { due: number }, b: { due: number }): number => a.due - b.due;
      for (let item = 0; item < 350; item++) {
        const dice = random();
        if (dice < 0.6) {
          const delay = Math.floor(random() * 40);
          model.push({ item, due: env.monotonic() + delay, entry: queue.add(item, delay) });
        } else if (dice < 0.85 && model.length > 0) {
          const [gone] = model.splice(Math.floor(random() * model.length), 1);
          assert(queue.delete(gone!.entry));
          assertFalse(queue.delete(gone!.entry));
        } else if (dice < 0.995) {
          await env.advance(Math.floor(random() * 8));
          const now = env.monotonic();
          const due = model.filter((one) => one.due <= now).toSorted(byDue);
          expected.push(...due.map((one) => one.item));
          model = model.filter((one) => one.due > now);
        } else {
          assertEquals(queue.clear(), model.toSorted(byDue).map((one) => one.item));
          model = [];
        }
        assertEquals(queue.length, model.length);
        assertEquals(env.pending.timers, model.length > 0 ? 1 : 0);
        assertEquals(log, expected);
      }
      queue.clear();
    });
  }
});
