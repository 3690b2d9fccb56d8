import { assert, assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { FailurePlan, InjectedFailure } from "../../../examples/flights/failures.ts";

/** Delivers `count` events as a topic with three attempts would; the attempts each one took. */
function deliver(plan: FailurePlan, count: number): number[] {
  const attempts: number[] = [];
  for (let i = 0; i < count; i++) {
    for (let attempt = 1;; attempt++) {
      try {
        plan.strike(attempt);
        attempts.push(attempt);
        break;
      } catch (error) {
        assert(error instanceof InjectedFailure, String(error));
      }
    }
  }
  return attempts;
}

describe("flights: injected failures", () => {
  it("never strikes at rate 0", () => {
    const plan = new FailurePlan(0, 1);
    assertEquals(new Set(deliver(plan, 10_000)), new Set([1]));
    assertEquals(plan.injected, 0);
  });

  it("strikes every first attempt at rate 1, yet leaves the third attempt alone", () => {
    const plan = new FailurePlan(1, 1);
    const attempts = deliver(plan, 1_000);
    assertEquals(new Set(attempts), new Set([2, 3]));
    assertEquals(plan.injected, attempts.reduce((sum, one) => sum + one - 1, 0));
    plan.strike(3);
  });

  it("strikes about as often as it was told", () => {
    const failed = deliver(new FailurePlan(0.01, 7), 100_000).filter((one) => one > 1);
    assert(failed.length > 800 && failed.length < 1_200, `${failed.length} of 100,000`);
    const twice = failed.filter((one) => one === 3).length;
    assert(twice > failed.length / 8 && twice < failed.length / 2.5, `${twice} twice`);
  });

  it("does the same for the same seed and something else for another", () => {
    const run = (seed: number): string => deliver(new FailurePlan(0.05, seed), 1_000).join("");
    assertEquals(run(1), run(1));
    assert(run(1) !== run(2));
  });

  it("injects the same number whenever the retries happen", () => {
    const atOnce = new FailurePlan(0.05, 3);
    deliver(atOnce, 1_000);
    const atTheEnd = new FailurePlan(0.05, 3);
    const again: number[] = [];
    for (let i = 0; i < 1_000; i++) {
      try {
        atTheEnd.strike(1);
      } catch {
        again.push(i);
      }
    }
    for (const _ of again) {
      try {
        atTheEnd.strike(2);
      } catch {
        atTheEnd.strike(3);
      }
    }
    assertEquals(atTheEnd.injected, atOnce.injected);
  });

  it("says which attempt it strikes", () => {
    const plan = new FailurePlan(1, 1);
    const error = assertThrows(() => plan.strike(1), InjectedFailure);
    assertEquals(error.message, "injected failure 1, attempt 1");
  });
});
