import { ListenerManager, supervise, type SuperviseOptions } from "@nova/events/listener";
import { assertEquals, assertThrows } from "@std/assert";
import { describe, it } from "node:test";
import { totalSupervision } from "../../src/listener/options.ts";

describe("supervision options", () => {
  it("are total, whatever is given", () => {
    for (const given of [undefined, {}, { concurrency: 100 }, { timeoutMs: 5 }, { breaker: {} }]) {
      const total = totalSupervision(() => {}, given);
      assertEquals(
        {
          concurrency: total.concurrency,
          bufferSize: total.bufferSize,
          waitMs: total.waitMs,
          timeoutMs: total.timeoutMs,
          attempts: total.retry?.attempts,
          budget: total.budget,
          breaker: total.breaker !== undefined,
          health: total.health,
        },
        {
          concurrency: given?.concurrency ?? 10,
          bufferSize: 1000,
          waitMs: 30_000,
          timeoutMs: given?.timeoutMs ?? 30_000,
          attempts: 3,
          budget: undefined,
          breaker: true,
          health: {
            windowMs: 60_000,
            degradedRate: 0.1,
            unhealthyRate: 0.5,
            minimum: 5,
            stallMs: 60_000,
          },
        },
      );
    }
  });

  for (
    const [bad, name] of [
      [{ concurrency: 0 }, "concurrency"],
      [{ concurrency: NaN }, "concurrency"],
      [{ bufferSize: 0 }, "bufferSize"],
      [{ bufferSize: Infinity }, "bufferSize"],
      [{ waitMs: -1 }, "waitMs"],
      [{ timeoutMs: 0 }, "timeoutMs"],
      [{ timeoutMs: -1 }, "timeoutMs"],
      [{ retry: { attempts: 0 } }, "retry.attempts"],
      [{ retry: { budget: { ratio: -1 } } }, "retry.budget.ratio"],
      [{ retry: { budget: { ratio: Infinity } } }, "retry.budget.ratio"],
      [{ retry: { budget: { floor: -1 } } }, "retry.budget.floor"],
      [{ retry: { budget: { windowMs: 0 } } }, "retry.budget.windowMs"],
      [{ breaker: { failures: 0 } }, "breaker.failures"],
      [{ health: { windowMs: 0 } }, "health.windowMs"],
      [{ health: { degradedRate: 0 } }, "health.degradedRate"],
      [{ health: { unhealthyRate: 2 } }, "health.unhealthyRate"],
      [{ health: { minimum: 0 } }, "health.minimum"],
      [{ health: { stallMs: -1 } }, "health.stallMs"],
    ] as const
  ) {
    it(`refuse ${JSON.stringify(bad)}, also as defaults of a manager`, () => {
      assertThrows(() => supervise(() => {}, bad as SuperviseOptions), RangeError, name);
      assertThrows(() => new ListenerManager({ defaults: bad }), RangeError, name);
      const manager = new ListenerManager();
      assertThrows(() => manager.register("one", () => {}, bad), RangeError, name);
      assertEquals(manager.stats().registered, 0);
    });
  }

  for (
    const bad of [
      7,
      "fast",
      { deadLetter: "dlq" },
      { onError: true },
      { retry: 3 },
      { retry: { budget: 0.1 } },
      { breaker: 5 },
      { health: 1 },
    ]
  ) {
    it(`refuse ${JSON.stringify(bad)}`, () => {
      assertThrows(() => supervise(() => {}, bad as SuperviseOptions), TypeError);
    });
  }

  it("refuse a listener that is no function", () => {
    for (const bad of [undefined, null, {}, "listener"]) {
      assertThrows(() => supervise(bad as never), TypeError, "a listener");
    }
  });
});
