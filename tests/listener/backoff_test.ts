import { createTestEnv } from "@nova/events/testing";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { show } from "../../src/internal/check.ts";
import {
  DEFAULT_RETRY,
  retryDelay,
  type RetryOptions,
  totalRetry,
} from "../../src/listener/backoff.ts";

describe("totalRetry()", () => {
  const DEFAULTS = {
    attempts: 3,
    backoff: "exponential",
    delayMs: 100,
    factor: 2,
    maxDelayMs: 30_000,
    jitter: "full",
    retryIf: DEFAULT_RETRY.retryIf,
  } as const;

  it("has the documented defaults, and they cannot be changed", () => {
    assertEquals<unknown>({ ...DEFAULT_RETRY }, DEFAULTS);
    assertEquals<unknown>({ ...totalRetry() }, DEFAULTS);
    assertEquals<unknown>({ ...totalRetry({}) }, DEFAULTS);
    assert(Object.isFrozen(DEFAULT_RETRY));
  });

  const OTHERS: Required<RetryOptions> = {
    attempts: 7,
    backoff: "linear",
    delayMs: 5,
    factor: 3,
    maxDelayMs: 50,
    jitter: "none",
    retryIf: () => false,
  };
  for (const [name, value] of Object.entries(OTHERS)) {
    it(`merges a literal of ${name} alone over the defaults, and over another base`, () => {
      assertEquals<unknown>({ ...totalRetry({ [name]: value }) }, { ...DEFAULTS, [name]: value });
      // Whatever else the base holds stays.
      const base = totalRetry(name === "attempts" ? { delayMs: 1 } : { attempts: 9 });
      assertEquals<unknown>({ ...totalRetry({ [name]: value }, base) }, {
        ...base,
        [name]: value,
      });
      assertEquals(totalRetry({ [name]: undefined } as RetryOptions, base), base);
    });
  }

  const BAD: readonly (readonly [string, unknown])[] = [
    ["attempts", 0],
    ["attempts", -1],
    ["attempts", 1.5],
    ["attempts", Infinity],
    ["attempts", NaN],
    ["attempts", "3"],
    ["backoff", "quadratic"],
    ["backoff", null],
    ["delayMs", -1],
    ["delayMs", NaN],
    ["delayMs", Infinity],
    ["factor", 0.99],
    ["factor", 0],
    ["factor", NaN],
    ["factor", Infinity],
    ["factor", null],
    ["factor", "2"],
    ["factor", Symbol("s")],
    ["maxDelayMs", -1],
    ["maxDelayMs", Infinity],
    ["jitter", "some"],
    ["jitter", true],
  ];
  for (const [name, value] of BAD) {
    it(`refuses ${name}: ${show(value)}`, () => {
      assertThrows(
        () => totalRetry({ [name]: value } as RetryOptions),
        RangeError,
        `Cannot use ${show(value)} as "retry.${name}"`,
      );
    });
  }

  for (const bad of [null, 3, "exponential"]) {
    it(`refuses ${bad} as options`, () => {
      assertThrows(
        () => totalRetry(bad as never),
        TypeError,
        "as the options of retry: they must be an object",
      );
    });
  }
});

describe("retryDelay()", () => {
  const never = (): number => {
    throw new Error("no randomness is asked for without jitter");
  };
  const delays = (options: RetryOptions, count = 6): number[] => {
    const retry = totalRetry({ jitter: "none", ...options });
    return Array.from({ length: count }, (_, index) => retryDelay(retry, index + 1, never));
  };

  it("grows by the factor, up to the cap", () => {
    assertEquals(delays({}), [100, 200, 400, 800, 1600, 3200]);
    assertEquals(delays({ delayMs: 10, factor: 3 }, 4), [10, 30, 90, 270]);
    assertEquals(delays({ factor: 1 }, 3), [100, 100, 100]);
    assertEquals(delays({ maxDelayMs: 500 }), [100, 200, 400, 500, 500, 500]);
  });

  it("grows by the delay, up to the cap", () => {
    assertEquals(delays({ backoff: "linear" }, 4), [100, 200, 300, 400]);
    assertEquals(delays({ backoff: "linear", maxDelayMs: 250 }, 4), [100, 200, 250, 250]);
  });

  it("stays as it is, and under the cap", () => {
    assertEquals(delays({ backoff: "fixed" }, 3), [100, 100, 100]);
    assertEquals(delays({ backoff: "fixed", maxDelayMs: 50 }, 2), [50, 50]);
  });

  it("is a number after any number of attempts", () => {
    for (const backoff of ["exponential", "linear", "fixed"] as const) {
      for (const delayMs of [0, 1e-300, 100]) {
        const retry = totalRetry({ backoff, delayMs, factor: 1e300, jitter: "none" });
        for (const attempt of [1, 2, 3, 1100, Number.MAX_SAFE_INTEGER]) {
          const delay = retryDelay(retry, attempt, never);
          assert(delay >= 0 && delay <= 30_000, `${backoff} ${delayMs} ${attempt}: ${delay}`);
          if (delayMs === 0) assertEquals(delay, 0);
        }
      }
    }
  });

  it("does not delay at all with a cap or a delay of 0", () => {
    assertEquals(delays({ maxDelayMs: 0 }, 2), [0, 0]);
    assertEquals(delays({ delayMs: 0 }, 2), [0, 0]);
  });

  it("draws between 0 and the capped delay with full jitter", () => {
    const retry = totalRetry({ maxDelayMs: 500 });
    assertEquals(retryDelay(retry, 3, () => 0), 0);
    assertEquals(retryDelay(retry, 3, () => 0.5), 200);
    assertEquals(retryDelay(retry, 9, () => 0.5), 250);

    const { random } = createTestEnv({ seed: 31 });
    const drawn = Array.from({ length: 2000 }, () => retryDelay(retry, 2, random));
    assert(drawn.every((delay) => delay >= 0 && delay < 200));
    assertAlmostEquals(drawn.reduce((sum, delay) => sum + delay) / drawn.length, 100, 5);
  });
});
