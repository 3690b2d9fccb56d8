import { type HealthOptions, supervise, type SuperviseOptions } from "@nova/events/listener";
import { assertEquals } from "@std/assert";
import { describe, it } from "node:test";
import { useTestEnv } from "../support/env.ts";
import { contextOf, deferred, EVENT, outcomeOf } from "./support.ts";

describe("health of a listener", () => {
  const env = useTestEnv();

  /** A listener that fails on 0, and hangs on -1. */
  const make = (options: SuperviseOptions<typeof EVENT> = {}) => {
    const gate = deferred();
    const listener = supervise<typeof EVENT>(({ data }) => {
      if (data === 0) throw new Error("no");
      if (data === -1) return gate.promise;
    }, { env, retry: false, breaker: false, ...options });
    const offer = (data: number, times = 1): void => {
      for (let i = 0; i < times; i++) {
        outcomeOf(() => listener({ ...EVENT, data }, contextOf()));
      }
    };
    return { listener, offer, gate };
  };
  const summary = (listener: ReturnType<typeof make>["listener"]) => {
    const { status, reasons } = listener.health();
    return [status, ...reasons.map(({ code }) => code)];
  };

  it("is good at first, and while all goes well", () => {
    const { listener, offer } = make();
    assertEquals(summary(listener), ["healthy"]);
    offer(1, 100);
    assertEquals(listener.health(), {
      status: "healthy",
      reasons: [],
      errorRate: 0,
      lag: 0,
      stalledMs: 0,
      zombies: 0,
      deadLetters: 0,
    });
  });

  it("degrades at a tenth of failures and is bad at half, within a minute", async () => {
    const { listener, offer } = make();
    offer(1, 91);
    offer(0, 9);
    assertEquals(summary(listener), ["healthy"]);
    offer(0, 2);
    assertEquals(summary(listener), ["degraded", "error-rate"]);
    offer(0, 80);
    assertEquals(summary(listener), ["unhealthy", "error-rate"]);
    assertEquals(
      listener.health().reasons[0]?.message,
      "91 of 182 attempts failed in the last 60000 ms",
    );
    await env.advance(60_000);
    assertEquals(summary(listener), ["healthy"]);
  });

  it("says nothing about a handful of attempts", () => {
    const { listener, offer } = make();
    offer(0, 4);
    assertEquals(summary(listener), ["healthy"]);
    offer(0);
    assertEquals(summary(listener), ["unhealthy", "error-rate"]);
  });

  it("obeys its options", async () => {
    const cases: readonly (readonly [HealthOptions, string])[] = [
      [{}, "degraded"],
      [{ degradedRate: 0.4 }, "healthy"],
      [{ unhealthyRate: 0.2 }, "unhealthy"],
      [{ minimum: 20 }, "healthy"],
    ];
    for (const [health, status] of cases) {
      const { listener, offer } = make({ health });
      offer(1, 7);
      offer(0, 3);
      assertEquals(listener.health().status, status, JSON.stringify(health));
    }
    const { listener, offer } = make({ health: { windowMs: 1000 } });
    offer(0, 10);
    await env.advance(1000);
    assertEquals(summary(listener), ["healthy"]);
  });

  it("tells an open circuit, a half-open one and an isolated one", async () => {
    const { listener, offer, gate } = make({ breaker: { failures: 3, cooldownMs: 1000 } });
    offer(0, 3);
    assertEquals(summary(listener), ["circuit-open", "circuit"]);
    assertEquals(
      listener.health().reasons[0]?.message,
      "its circuit is open: no attempt passes for 1000 ms",
    );
    await env.advance(1000);
    assertEquals(
      listener.health().reasons[0]?.message,
      "its circuit is open: the next attempt is a probe",
    );
    offer(-1);
    assertEquals(summary(listener), ["degraded", "circuit"]);
    gate.resolve();
    await env.settle();
    assertEquals(summary(listener), ["healthy"]);
    listener.circuit!.isolate();
    assertEquals(summary(listener), ["circuit-open", "circuit"]);
  });

  it("tells calls that outlived their timeout, and when they hold every slot", async () => {
    const { listener, offer, gate } = make({ timeoutMs: 100, concurrency: 2 });
    offer(-1);
    await env.advance(100);
    assertEquals(summary(listener), ["degraded", "zombies"]);
    offer(-1);
    await env.advance(100);
    assertEquals(summary(listener), ["unhealthy", "zombies"]);
    assertEquals(
      listener.health().reasons[0]?.message,
      "2 of 2 slots are held by calls that outlived their timeout",
    );
    gate.resolve();
    await env.settle();
    assertEquals(listener.health().zombies, 0);
  });

  it("tells the lag, and for how long none was done with", async () => {
    const { listener, offer, gate } = make({ timeoutMs: Infinity, concurrency: 1, waitMs: 1e9 });
    await env.advance(5000);
    offer(-1, 3);
    await env.advance(59_999);
    const { status, lag, stalledMs } = listener.health();
    assertEquals({ status, lag, stalledMs }, { status: "healthy", lag: 3, stalledMs: 59_999 });
    await env.advance(1);
    assertEquals(summary(listener), ["unhealthy", "lag"]);
    gate.resolve();
    await env.settle();
    assertEquals(summary(listener), ["healthy"]);

    const impatient = make({ timeoutMs: Infinity, health: { stallMs: 10 } });
    impatient.offer(-1);
    await env.advance(10);
    assertEquals(summary(impatient.listener), ["unhealthy", "lag"]);
    impatient.gate.resolve();
    await env.settle();
  });

  it("tells dead letters of late", async () => {
    const { listener, offer } = make({ deadLetter: () => {} });
    offer(1, 50);
    offer(0);
    assertEquals(summary(listener), ["degraded", "dead-letters"]);
    assertEquals(listener.health().deadLetters, 1);
    await env.advance(60_000);
    assertEquals(summary(listener), ["healthy"]);
  });
});
