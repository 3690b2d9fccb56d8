import { Histogram, Sampler } from "@nova/events/metrics";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";

describe("Sampler", () => {
  const env = useTestEnv();

  it("times every call when every is 1", async () => {
    const histogram = new Histogram();
    const sampler = new Sampler(histogram, { every: 1, env });
    for (const ms of [5, 7]) {
      const begun = sampler.begin();
      await env.advance(ms);
      sampler.end(begun);
    }

    assertEquals([histogram.count, histogram.sum, histogram.max], [2, 12, 7]);
  });

  it("times about one in so many, and records it that many times", () => {
    const histogram = new Histogram();
    let readings = 0;
    const clock = Object.create(env, {
      monotonic: { value: () => (readings += 1) },
    }) as typeof env;
    const sampler = new Sampler(histogram, { every: 10, env: clock });
    for (let i = 0; i < 10_000; i++) sampler.end(sampler.begin());

    assertAlmostEquals(histogram.count, 10_000, 600);
    assertEquals(readings, histogram.count / 10 * 2);
    assertEquals(histogram.mean, 1);
  });

  it("never falls into step: no call of a cycle is always or never timed", () => {
    const sampler = new Sampler(new Histogram(), { every: 8, env });
    const timed = new Array<number>(8).fill(0);
    for (let i = 0; i < 8000; i++) if (!Number.isNaN(sampler.begin())) timed[i % 8]! += 1;

    for (const count of timed) assert(count > 60 && count < 200, timed.join(" "));
  });

  it("is 1 in 64 unless told otherwise, and refuses nonsense", () => {
    const sampler = new Sampler(new Histogram(), { env });
    let timed = 0;
    for (let i = 0; i < 64_000; i++) if (!Number.isNaN(sampler.begin())) timed += 1;

    assertAlmostEquals(timed, 1000, 60);
    for (const every of [0, -1, 1.5, NaN, Infinity, "4" as never]) {
      assertThrows(() => new Sampler(new Histogram(), { every }), RangeError);
    }
  });
});
