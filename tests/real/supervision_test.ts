// A million supervised events on a real clock: takes seconds, and wants a heap to itself.
import { supervise } from "@nova/events/listener";
import { createTestEnv } from "@nova/events/testing";
import { assert, assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { SlidingWindow } from "../../src/listener/window.ts";
import { assertConserved, contextOf, EVENT } from "../listener/support.ts";

const EVENTS = 1_000_000;
const BURST = 1000;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Bytes in use after a collection. */
async function heap(): Promise<number> {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    collect();
  }
  return Deno.memoryUsage().heapUsed;
}

describe("a million supervised events, one in twenty failing", () => {
  for (const how of ["synchronous", "asynchronous"] as const) {
    it(`are all accounted for, ${how}`, async () => {
      const env = createTestEnv();
      let calls = 0;
      let failures = 0;
      let letters = 0;
      const listener = supervise<typeof EVENT>(({ data }) => {
        calls += 1;
        // Some fail once, some for good.
        if (data % 20 === 0 && (data % 100 === 0 || env.random() < 0.5)) {
          failures += 1;
          if (how === "synchronous") throw NO;
          return Promise.reject(NO);
        }
        if (how === "asynchronous") return DONE;
      }, {
        env,
        concurrency: 50,
        bufferSize: BURST,
        retry: { delayMs: 1 },
        breaker: { kind: "rate", threshold: 0.9 },
        deadLetter: () => void (letters += 1),
      });
      const context = contextOf();

      const burst = async (from: number): Promise<void> => {
        const open: unknown[] = [];
        for (let data = from; data < from + BURST; data++) {
          const result = listener({ ...EVENT, data }, context);
          if (result !== undefined) open.push(result);
        }
        await env.advance(10);
        await Promise.all(open);
      };
      await burst(0);
      const before = await heap();
      for (let from = BURST; from < EVENTS; from += BURST) await burst(from);
      const grown = await heap() - before;

      const stats = listener.stats();
      assertConserved(stats);
      assertEquals(stats.offered, EVENTS);
      assertEquals(stats.succeeded + stats.deadLettered, EVENTS);
      assertEquals([stats.deadLettered, stats.attemptFailures], [letters, failures]);
      assertEquals(calls, EVENTS + stats.retries);
      assert(letters >= EVENTS / 100, `${letters} dead letters`);
      assertEquals(env.pending, { timers: 0, abortListeners: 0 });
      assert(grown < 4_000_000, `the heap has grown by ${grown} bytes`);
    });
  }

  it("a sliding window holds constant memory at any rate", async () => {
    const windows = Array.from({ length: 1000 }, () => new SlidingWindow(60_000));
    let now = 1_700_000_000_000;
    const fill = (rounds: number): void => {
      for (let i = 0; i < rounds; i++) {
        now += 7;
        for (const window of windows) i % 20 === 0 ? window.fail(now) : window.succeed(now);
      }
    };
    fill(100);
    const before = await heap();
    fill(20_000);
    const grown = await heap() - before;

    assert(grown < 1_000_000, `20 million outcomes in 1000 windows: ${grown} bytes more`);
    const { successes, failures } = windows[0]!.read(now);
    assert(successes + failures > 7000, "and the windows are full");
  });
});

const NO = new Error("no");
const DONE = Promise.resolve();
