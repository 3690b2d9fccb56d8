import { retry, type RetryOptions, TerminalError } from "@nova/events/listener";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { delayAfter, mayRetry, retryDelay, totalRetry } from "../../src/listener/backoff.ts";
import { useTestEnv } from "../support/env.ts";
import { contextOf, EVENT, outcomeOf } from "./support.ts";

const half = () => 0.5;

/** The delays after the first five attempts. */
function delays(options: RetryOptions, random: () => number = half): number[] {
  const total = totalRetry(options);
  return [1, 2, 3, 4, 5].map((attempt) => retryDelay(total, attempt, random));
}

describe("retryDelay()", () => {
  it("grows exponentially, linearly or not at all", () => {
    const none = { jitter: "none", delayMs: 100 } as const;
    assertEquals(delays({ ...none }), [100, 200, 400, 800, 1600]);
    assertEquals(delays({ ...none, factor: 3 }), [100, 300, 900, 2700, 8100]);
    assertEquals(delays({ ...none, backoff: "linear" }), [100, 200, 300, 400, 500]);
    assertEquals(delays({ ...none, backoff: "fixed" }), [100, 100, 100, 100, 100]);
  });

  it("is capped at 30 s, or where it is told", () => {
    const total = totalRetry({ jitter: "none" });
    assertEquals(retryDelay(total, 20, half), 30_000);
    assertEquals(retryDelay(total, 5000, half), 30_000);
    assertEquals(delays({ jitter: "none", maxDelayMs: 300 }), [100, 200, 300, 300, 300]);
  });

  it("stays 0 when it begins at 0", () => {
    assertEquals(retryDelay(totalRetry({ delayMs: 0, jitter: "none" }), 5000, half), 0);
    assertEquals(retryDelay(totalRetry({ delayMs: 0, jitter: "full" }), 5000, half), 0);
  });

  it("draws between 0 and the delay with full jitter, the default", () => {
    assertEquals(delays({}), [50, 100, 200, 400, 800]);
    assertEquals(delays({}, () => 0), [0, 0, 0, 0, 0]);
  });

  it("draws between the first delay and three times the last one, decorrelated", () => {
    const options = { jitter: "decorrelated", delayMs: 100, maxDelayMs: 5000 } as const;
    assertEquals(delays(options, () => 0), [100, 100, 100, 100, 100]);
    assertEquals(delays(options, () => 0.999999).map(Math.round), [300, 900, 2700, 5000, 5000]);
    assertEquals(delays(options), [200, 350, 575, 912.5, 1418.75]);
    // However many attempts there were, it draws a bounded number of times.
    let draws = 0;
    retryDelay(totalRetry(options), 1e9, () => {
      draws += 1;
      return 0.5;
    });
    assert(draws < 100, `${draws} draws`);
  });
});

describe("delayAfter()", () => {
  const total = totalRetry({ jitter: "none", delayMs: 100, maxDelayMs: 5000 });
  const asking = (retryAfterMs: unknown) => Object.assign(new Error("busy"), { retryAfterMs });

  it("waits at least as long as the error asks, up to the cap", () => {
    assertEquals(delayAfter(total, 1, asking(700), half), 700);
    assertEquals(delayAfter(total, 1, asking(7), half), 100);
    assertEquals(delayAfter(total, 1, asking(1e12), half), 5000);
    assertEquals(delayAfter(total, 1, new Error("outer", { cause: asking(700) }), half), 700);
  });

  it("does not listen to nonsense, and survives what cannot be looked at", () => {
    for (const nonsense of [NaN, -1, "700", null, {}, undefined]) {
      assertEquals(delayAfter(total, 1, asking(nonsense), half), 100);
    }
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const hostile = Object.defineProperty(new Error("no"), "cause", {
      get() {
        throw new Error("do not look");
      },
    });
    for (const thrown of [undefined, null, 7, "no", proxy, hostile]) {
      assertEquals(delayAfter(total, 1, thrown, half), 100);
    }
  });
});

describe("mayRetry()", () => {
  class NetworkError extends Error {}
  const network = totalRetry({ retryIf: (error) => error instanceof NetworkError });

  it("asks about what was thrown and its causes", () => {
    assert(mayRetry(network, new NetworkError("reset")));
    assert(mayRetry(network, new Error("outer", { cause: new NetworkError("reset") })));
    assert(!mayRetry(network, new Error("no")));
    assert(!mayRetry(network, undefined));
  });

  it("never tries a terminal failure again", () => {
    const yes = totalRetry({ retryIf: () => true });
    assert(!mayRetry(yes, new TerminalError("gone")));
    assert(!mayRetry(yes, new Error("outer", { cause: new TerminalError("gone") })));
  });

  it("comes to an end when causes go round in a circle", () => {
    const error = new Error("round");
    error.cause = error;
    assert(!mayRetry(network, error));
  });

  it("tries again when asking fails, and reports it", () => {
    const reported: unknown[] = [];
    const total = totalRetry({
      retryIf: () => {
        throw "hm";
      },
    });
    assert(mayRetry(total, new Error("no"), (thrown) => reported.push(thrown)));
    assertEquals(reported, ["hm"]);
  });
});

describe("totalRetry()", () => {
  it("merges a partial literal over the defaults", () => {
    const { retryIf: _, ...rest } = totalRetry({});
    assertEquals(rest, {
      attempts: 3,
      backoff: "exponential",
      delayMs: 100,
      factor: 2,
      maxDelayMs: 30_000,
      jitter: "full",
    });
    assertEquals(totalRetry({ attempts: 7 }).delayMs, 100);
  });

  for (
    const [bad, name] of [
      [{ attempts: 0 }, "retry.attempts"],
      [{ attempts: 1.5 }, "retry.attempts"],
      [{ backoff: "quadratic" }, "retry.backoff"],
      [{ delayMs: -1 }, "retry.delayMs"],
      [{ delayMs: Infinity }, "retry.delayMs"],
      [{ factor: 0.5 }, "retry.factor"],
      [{ factor: NaN }, "retry.factor"],
      [{ maxDelayMs: NaN }, "retry.maxDelayMs"],
      [{ jitter: "some" }, "retry.jitter"],
    ] as const
  ) {
    it(`refuses ${JSON.stringify(bad)}`, () => {
      assertThrows(() => totalRetry(bad as RetryOptions), RangeError, name);
    });
  }

  it("refuses a retryIf that is no function", () => {
    assertThrows(() => totalRetry({ retryIf: true as never }), TypeError, "retryIf");
  });
});

describe("retry()", () => {
  const env = useTestEnv();

  it("tries again, and does nothing else", async () => {
    let calls = 0;
    const listener = retry(() => {
      calls += 1;
      throw new Error("no");
    }, { env, name: "mail", attempts: 4, delayMs: 10 });

    const outcomes = Array.from(
      { length: 20 },
      () => outcomeOf(() => listener(EVENT, contextOf())),
    );
    await env.advance(10_000);

    assertEquals(calls, 80, "no breaker, no bulkhead");
    assertEquals(outcomes.every(({ state }) => state === "failed"), true);
    assertEquals(listener.name, "mail");
  });

  it("bounds how many events wait for their next attempt", async () => {
    const listener = retry(() => {
      throw new Error("no");
    }, { env, bufferSize: 3 });

    const outcomes = Array.from({ length: 5 }, () => outcomeOf(() => listener(EVENT, contextOf())));
    assertEquals(outcomes.filter(({ state }) => state === "failed").length, 2);
    await env.advance(10_000);
  });
});
